package access

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func passRuleFormOf(d *desk.Desk, seen string) url.Values {
	return url.Values{
		"community": {d.Mine.Community.String()}, templates.SeenField: {seen},
		"counting": {"household"}, "period_days": {"2"}, "exits": {"1"},
		"hours": {"06:00-22:00\r\n23:00-01:00"}, "record_id": {"1"}, "fever_tenths": {"37.5"}, "reader_qr": {"1"},
		"confirmed": {"1"}, // what is asked before is another test's
	}
}

func TestPassRuleIsShownAndSaved(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.PassRulePath, http.StatusOK)
	if got := page.Find(".tx-impact aside li").Text(); !strings.Contains(got, fmt.Sprintf("影响 %d 名住户", len(d.Mine.Residents))) {
		t.Errorf("beside the form: %q", got)
	}
	before := d.Rule(t)
	if got := strings.TrimSpace(page.Find("#rule-preview").Text()); got != before.Text() {
		t.Errorf("in words %q, want %q", got, before.Text())
	}
	seen := desk.InputValue(page, templates.SeenField)
	plain := passRuleFormOf(d, seen) // the button for browsers without scripts
	if !strings.Contains(page.Find("noscript").Text(), `value="preview"`) {
		t.Error("without scripts there is no preview")
	}
	plain.Set("act", "preview")
	page, _ = b.Post(t, frame.PassRulePath, plain, http.StatusOK)
	if got := page.Find("#rule-preview").Text(); !strings.Contains(got, "2 天") || !d.Rule(t).Updated.Equal(before.Updated) ||
		desk.InputValue(page, "fever_tenths") != "37.5" {
		t.Errorf("previewed as %q; the rule of %s", got, d.Rule(t).Updated)
	}
	b.Post(t, frame.PassRulePath, passRuleFormOf(d, seen), http.StatusSeeOther)
	want := core.PassRule{
		Counting: core.CountHousehold, PeriodDays: 2, Exits: 1, Hours: []core.HourRange{{From: 360, To: 1320}, {From: 1380, To: 60}},
		RecordID: true, FeverTenths: 375, ReaderQR: true,
	}
	after := d.Rule(t)
	if !reflect.DeepEqual(after.PassRule, want) {
		t.Errorf("saved %+v, want %+v", after.PassRule, want)
	}
	page = b.Get(t, frame.PassRulePath, http.StatusOK)
	if got := page.Find("#f-hours").Text(); got != "06:00-22:00\n23:00-01:00" {
		t.Errorf("hours shown as %q", got)
	}
	if desk.InputValue(page, "fever_tenths") != "37.5" || page.Find("#f-record_id[checked]").Length() != 1 ||
		page.Find("#f-record_temp[checked]").Length() != 0 {
		t.Error("the form does not show what was saved")
	}
	if !strings.Contains(page.Find(".tx-flash").Text(), "已保存") {
		t.Error("nothing says that it was saved")
	}
}

// The tabs are those of the product that offices know, in its order.
func TestPassTabsAreThoseOfficesKnow(t *testing.T) {
	var labels []string
	for _, tab := range passTabs(everything, "passrule", frame.CommunityChoice{}).Items {
		labels = append(labels, tab.Label)
	}
	want := []string{"住户通行证", "专用通行证", "访客通行证", "出门条", "限制出入", "观察员"}
	if !slices.Equal(labels, want) {
		t.Errorf("the tabs are %q, want %q", labels, want)
	}
}

func TestPassRuleRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	before := d.Rule(t)
	seen := templates.Seen(before.Updated)
	for field, values := range map[string][]string{
		"period_days":  {"", "0", "31", "x"},
		"exits":        {"", "-2", "100", "一"},
		"hours":        {"25:00-26:00", "morning", "08:00-08:00", desk.Hostile},
		"fever_tenths": {"", "30", "hot", "NaN", "999"},
	} {
		for _, value := range values {
			form := passRuleFormOf(d, seen)
			form.Set(field, value)
			page, _ := b.Post(t, frame.PassRulePath, form, http.StatusUnprocessableEntity)
			desk.WrongField(t, page, field)
			got, _ := page.Find("#f-" + field).Attr("value")
			if field == "exits" { // what is not offered cannot be shown
				got = value
			}
			if field == "hours" {
				got = page.Find("#f-hours").Text()
			}
			if got != value {
				t.Errorf("%s %q comes back as %q", field, value, got)
			}
			if page.Find(`#f-record_id[checked]`).Length() != 1 {
				t.Error("the form lost a switch")
			}
		}
	}
	form := passRuleFormOf(d, seen)
	form.Set("counting", "street")
	if page, _ := b.Post(t, frame.PassRulePath, form, http.StatusUnprocessableEntity); page.Find("fieldset.tx-wrong").Length() != 1 {
		t.Error("no message at counting")
	}
	if after := d.Rule(t); !reflect.DeepEqual(after, before) {
		t.Errorf("wrong forms changed the rule to %+v", after)
	}
}

// Two admins edit at once: the second is told, keeps their input, and may decide to overwrite.
func TestPassRuleConflict(t *testing.T) {
	d := newDesk(t)
	first, second := d.Registrar(t), d.Registrar(t)
	seen := desk.InputValue(first.Get(t, frame.PassRulePath, http.StatusOK), templates.SeenField)
	first.Post(t, frame.PassRulePath, passRuleFormOf(d, seen), http.StatusSeeOther)
	form := passRuleFormOf(d, seen)
	form.Set("exits", "7")
	page, _ := second.Post(t, frame.PassRulePath, form, http.StatusConflict)
	if d.Rule(t).Exits != 1 || desk.InputValue(page, "exits") != "7" {
		t.Errorf("rule %+v; the form holds %q", d.Rule(t), desk.InputValue(page, "exits"))
	}
	if !strings.Contains(page.Find("#rule-preview").Text(), d.Rule(t).Text()) || !strings.Contains(
		page.Find("main .tx-flash").Text(), "刚刚有人修改过这里",
	) {
		t.Errorf("the page says %q", page.Find("main").Text())
	}
	form.Set(templates.SeenField, desk.InputValue(page, templates.SeenField))
	second.Post(t, frame.PassRulePath, form, http.StatusSeeOther)
	if d.Rule(t).Exits != 7 {
		t.Errorf("after deciding: %+v", d.Rule(t))
	}
}

func TestPassRulePreview(t *testing.T) {
	d := newDesk(t)
	b := d.OnlyViews(t)
	form := passRuleFormOf(d, "1")
	page := b.Get(t, frame.PassRulePath+"/preview?"+form.Encode(), http.StatusOK)
	want := core.PassRule{
		Counting: core.CountHousehold, PeriodDays: 2, Exits: 1,
		Hours: []core.HourRange{{From: 360, To: 1320}, {From: 1380, To: 60}}, RecordID: true, FeverTenths: 375,
		ReaderQR: true,
	}
	if got := strings.TrimSpace(page.Text()); got != want.Text() {
		t.Errorf("preview %q, want %q", got, want.Text())
	}
	for field, c := range map[string]struct{ value, wrong string }{
		"period_days": {"0", "出门间隔周期应为 1 至 30 天"}, "hours": {"08:00-08:00", "可出门时间段的起止时间不能相同；全天可出门请留空"},
	} {
		wrong := passRuleFormOf(d, "1")
		wrong.Set(field, c.value)
		page = b.Get(t, frame.PassRulePath+"/preview?"+wrong.Encode(), http.StatusOK)
		if got := strings.TrimSpace(page.Find(".tx-error").Text()); got != c.wrong {
			t.Errorf("%s %s: told %q, want %q", field, c.value, got, c.wrong)
		}
	}
	form.Set("hours", desk.Hostile)
	page = b.Get(t, frame.PassRulePath+"/preview?"+form.Encode(), http.StatusOK)
	if page.Find(".tx-error").Length() != 1 || page.Find("img").Length() != 0 {
		t.Errorf("a wrong rule: %q", page.Text())
	}
}

func TestPassRulePages(t *testing.T) {
	shell := templates.Shell{Title: "通行证设置", CSRF: "x"}
	at := frame.CommunityChoice{Community: core.Community{ID: 1, Name: "翠湖花园"}}
	templates.CheckAll(t, "console/passrule/", map[string]any{
		"console/passrule/show": passRulePage{
			Shell: shell, Tabs: passTabs(everything, "passrule", at), Edit: true,
			Asked: &templates.Asked{Path: "/p", Field: at.Field("")}, Preview: passRulePreview{Words: "不限"},
			Versions: sampleVersions, Plans: samplePlans,
			Form: templates.Form{Sections: passRuleSections(at, store.PassRule{PassRule: core.DefaultPassRule()})},
		},
		"console/passrule/show#wrong": passRulePage{
			Shell: shell, Tabs: passTabs(everything, "passrule", at), Preview: passRulePreview{Wrong: desk.Hostile},
		},
		"console/passrule/show#none": passRulePage{Shell: shell, Empty: &templates.Empty{Title: "还没有小区"}},
	})
}

// everything allows every permission.
func everything(core.Permission) bool { return true }

// A rule that was changed is restored as it was before: the question has the numbers, and the
// restoring is a change of its own.
func TestPassRuleIsRestored(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	before := d.Rule(t)
	b.Post(t, frame.PassRulePath, passRuleFormOf(d, templates.Seen(before.Updated)), http.StatusSeeOther)
	page := b.Get(t, frame.PassRulePath, http.StatusOK)
	row := page.Find("#main tbody tr").First()
	if text := row.Text(); !strings.Contains(text, "恢复上一版") || !strings.Contains(text, "一户一次") || !strings.Contains(text, before.Text()) {
		t.Errorf("the version says %q", text)
	}
	form := url.Values{}
	row.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		form.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	page, _ = b.Post(t, passRuleRestorePath, form, http.StatusOK)
	ask := page.Find("form.tx-confirm")
	affected := fmt.Sprintf("影响 %d 名住户", len(d.Mine.Residents))
	if text := ask.Text(); !strings.Contains(text, affected) || !strings.Contains(text, before.Text()) {
		t.Errorf("asks %q", text)
	}
	ask.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		form.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	b.Post(t, passRuleRestorePath, form, http.StatusSeeOther)
	if now := d.Rule(t); now.Text() != before.Text() {
		t.Errorf("restored as %s, want %s", now.Text(), before.Text())
	}
	if n := b.Get(t, frame.PassRulePath, http.StatusOK).Find("#main tbody tr").Length(); n < 2 {
		t.Errorf("%d versions after restoring", n)
	}
	d.OnlyViews(t).Post(t, passRuleRestorePath, form, http.StatusForbidden)
}

// Saving what is in force already asks nothing and says so.
func TestTheSameRuleIsNoChange(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	before := d.Rule(t)
	form := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	b.Post(t, frame.PassRulePath, form, http.StatusSeeOther)
	if text := b.Get(t, frame.PassRulePath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "没有改动") {
		t.Errorf("it says %q", text)
	}
	if after := d.Rule(t); !after.Updated.Equal(before.Updated) {
		t.Error("it was saved again")
	}
	form.Set("exits", "1")
	if page, _ := b.Post(t, frame.PassRulePath, form, http.StatusOK); page.Find("form.tx-confirm").Length() != 1 {
		t.Error("a change does not ask")
	}
}

// A rule that is changed while it bars everybody, and goes on to, is asked about with what changes once it no longer does.
func TestABarredRuleIsChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	rule := d.Rule(t)
	rule.Exits = -1
	if err := d.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	form := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	form.Set("hours", "06:00-22:00")
	page, _ := b.Post(t, frame.PassRulePath, form, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "放开后原来：") || !strings.Contains(ask, "放开后改为：") ||
		!strings.Contains(ask, "06:00–22:00") {
		t.Errorf("asks %q", ask)
	}
}
