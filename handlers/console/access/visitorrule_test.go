package access

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// The office arranges the form, is asked before it is saved, and sees at its line what is wrong; what others saved
// meanwhile is not overwritten.
func TestVisitorRuleIsArranged(t *testing.T) {
	d := desk.New(t, func(f *frame.Frame, cache web.Cache) []web.Route { return append(area(f, cache), web.UndoRoute()) })
	b := d.Registrar(t)
	page := b.Get(t, frame.VisitorRulePath, http.StatusOK)
	form := desk.FilledIn(page)
	was, err := d.Store.VisitorRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	b.Post(t, frame.VisitorRulePath, form, http.StatusSeeOther) // as it is shown
	if got := b.Get(t, frame.VisitorRulePath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(got, "没有改动") {
		t.Errorf("unchanged: %q", got)
	}
	form.Set("per_day", "7")
	if asked, _ := b.Post(t, frame.VisitorRulePath, form, http.StatusOK); strings.Contains(asked.Find("main").Text(), "表单原来") {
		t.Error("a form that stays is compared")
	}
	form.Set("per_day", strconv.Itoa(was.PerDay))
	form.Set("use_plate", string(core.FormRequired))
	form.Set("order_plate", "1")
	form.Set("label_new1", "来意")
	form.Set("kind_new1", string(core.FormChoice))
	again, _ := b.Post(t, frame.VisitorRulePath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-choices_new1-error").Length() != 1 || desk.InputValue(again, "label_new1") != "来意" {
		t.Errorf("a choice without choices: %s", again.Find(".tx-error").Text())
	}
	form.Set("choices_new1", "送货、做客")
	asked, _ := b.Post(t, frame.VisitorRulePath, form, http.StatusOK)
	if got := asked.Find("main").Text(); !strings.Contains(got, "车牌号（必填）、来访房屋（必填）、访客姓名") || !strings.Contains(got, "来意（选填）") ||
		!strings.Contains(got, "原来："+was.VisitorRule.Text()) {
		t.Errorf("the question: %s", got)
	}
	form.Set("confirmed", "1")
	b.Post(t, frame.VisitorRulePath, form, http.StatusSeeOther)
	rule, err := d.Store.VisitorRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil || !strings.HasPrefix(rule.Form.Text(), "车牌号（必填）、来访房屋（必填）、访客姓名") || rule.Form.Use("x1") != core.FormOptional {
		t.Errorf("saved %s, %v", rule.Form.Text(), err)
	}
	undo := b.Get(t, frame.VisitorRulePath, http.StatusOK).Find(".tx-flash form").AttrOr("action", "")
	b.Post(t, undo, nil, http.StatusSeeOther)
	back, err := d.Store.VisitorRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil || back.Form.Text() != was.Form.Text() {
		t.Errorf("taken back: %s, %v", back.Form.Text(), err)
	}
	if wrong, _ := b.Post(t, frame.VisitorRulePath, without(desk.FilledIn(b.Get(t, frame.VisitorRulePath, http.StatusOK)), "stay"),
		http.StatusUnprocessableEntity); wrong.Find("#f-stay-error").Length() != 1 {
		t.Error("an emptied number of hours turns the mark off")
	}
	form.Set("per_day", "4")
	b.Post(t, frame.VisitorRulePath, form, http.StatusConflict) // of the page before
}

// without returns a form without a field.
func without(form url.Values, name string) url.Values {
	form.Del(name)
	return form
}

func TestVisitorRulePages(t *testing.T) {
	shell := templates.Shell{Title: "通行证设置", CSRF: "x"}
	at := frame.CommunityChoice{Community: core.Community{ID: 1, Name: "翠湖花园"}}
	form := core.NewForm(core.VisitorBases).Add(core.FormField{
		Label: desk.Hostile, Kind: core.FormChoice, Choices: []string{desk.Hostile, "乙"}, Use: core.FormOptional,
	})
	rule := store.VisitorRule{VisitorRule: core.VisitorRule{Invite: true, PerDay: 3, Form: form}}
	templates.CheckAll(t, "console/visitorrule/", map[string]any{
		"console/visitorrule/show": visitorRulePage{
			Shell: shell, Tabs: passTabs(everything, "visitorrule", at), Asked: &templates.Asked{Path: "/p", Field: at.Field("")},
			Edit: true, Words: rule.Text(), Asks: rule.Form.Text(), Versions: sampleVersions, Plans: samplePlans,
			Form: templates.Form{Sections: frame.DesignSections("访客表单", "", rule.Form, core.VisitorBases)},
		},
		"console/visitorrule/show#read": visitorRulePage{Shell: shell, Words: desk.Hostile, Asks: desk.Hostile},
		"console/visitorrule/show#none": visitorRulePage{Shell: shell, Empty: &templates.Empty{Title: "还没有小区"}},
	})
}
