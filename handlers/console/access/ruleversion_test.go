package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// sampleVersions are rows of hostile versions.
var sampleVersions = []ruleVersion{{
	By: desk.Hostile, Rule: desk.Hostile, Changes: []core.AuditChange{{Label: "表单", Before: desk.Hostile, After: "新"}},
}}

// The rules of visitors and of exit slips are restored as they were, with their forms: the question says what changes, one that was
// changed meanwhile is not overwritten, and no rule has the versions of another.
func TestFormRulesAreRestored(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	ctx, here := t.Context(), d.Mine.Community
	visits, err := d.Store.VisitorRule(ctx, core.Everywhere, here)
	if err != nil {
		t.Fatal(err)
	}
	exits, err := d.Store.ExitRule(ctx, core.Everywhere, here)
	if err != nil {
		t.Fatal(err)
	}
	now := map[string]func() string{
		frame.VisitorRulePath: func() string {
			r, _ := d.Store.VisitorRule(ctx, core.Everywhere, here)
			return r.VisitorRule.Text() + r.Form.Text()
		},
		frame.ExitRulePath: func() string {
			r, _ := d.Store.ExitRule(ctx, core.Everywhere, here)
			return r.ExitRule.Text() + r.Form.Text()
		},
	}
	before := map[string]string{frame.VisitorRulePath: now[frame.VisitorRulePath](), frame.ExitRulePath: now[frame.ExitRulePath]()}
	visits.Invite, exits.Hours = !visits.Invite, exits.Hours+1
	visits.Form = visits.Form.Add(core.FormField{Label: "来访<单位>", Kind: core.FormText, Use: core.FormOptional})
	exits.Form = exits.Form.Add(core.FormField{Label: "搬家公司", Kind: core.FormText, Use: core.FormOptional})
	if _, err = d.Store.UpdateVisitorRule(ctx, core.System, core.Everywhere, visits); err == nil {
		err = d.Store.UpdateExitRule(ctx, core.System, core.Everywhere, exits)
	}
	if err != nil {
		t.Fatal(err)
	}
	hidden := func(s *goquery.Selection, form url.Values) {
		s.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
			form.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
		})
	}
	for path, text := range now {
		row := b.Get(t, path, http.StatusOK).Find("#main tbody tr")
		if row.Length() != 1 || !strings.Contains(row.Text(), "恢复上一版") || !strings.Contains(row.Text(), " → ") {
			t.Errorf("%s: the version says %q", path, row.Text())
		}
		form := url.Values{}
		hidden(row, form)
		page, _ := b.Post(t, path+"/restore", form, http.StatusOK)
		ask := page.Find("form.tx-confirm")
		if !strings.Contains(ask.Text(), "表单改为：") || !strings.Contains(ask.Text(), "恢复设置") {
			t.Errorf("%s asks %q", path, ask.Text())
		}
		hidden(ask, form)
		for other := range now {
			if other != path {
				b.Post(t, other+"/restore", form, http.StatusNotFound)
			}
		}
		b.Post(t, path+"/restore", form, http.StatusSeeOther)
		if got := text(); got != before[path] {
			t.Errorf("%s: restored as %s, want %s", path, got, before[path])
		}
		form.Set("again", "1") // of a page from before the restoring
		b.Post(t, path+"/restore", form, http.StatusSeeOther)
		if flash := b.Get(t, path, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(flash, "没有恢复") {
			t.Errorf("%s: a stale restoring says %q", path, flash)
		}
		if n := b.Get(t, path, http.StatusOK).Find("#main tbody tr").Length(); n != 2 {
			t.Errorf("%s: %d versions after restoring", path, n)
		}
		d.OnlyViews(t).Post(t, path+"/restore", form, http.StatusForbidden)
	}
}

// A setting that takes something from all residents of a community has its name typed, when it is saved and when it is restored; one
// that leaves them the same has not.
func TestADrasticRuleHasTheNameTyped(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for _, c := range []struct {
		path, field, value string
		typed              bool
	}{
		{frame.ExitRulePath, "who", "owners", false}, {frame.ExitRulePath, "who", "nobody", true},
		{frame.PassRulePath, "exits", "3", false}, {frame.PassRulePath, "exits", "-1", true},
	} {
		form := desk.FilledIn(b.Get(t, c.path, http.StatusOK))
		form.Set(c.field, c.value)
		page, _ := b.Post(t, c.path, form, http.StatusOK)
		if ask := page.Find("form.tx-confirm"); ask.Length() != 1 || (ask.Find("input[name=typed]").Length() == 1) != c.typed {
			t.Errorf("%s, %s = %s: %s", c.path, c.field, c.value, ask.Text())
		}
	}
}
