package access

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// samplePlans are rows of hostile scheduled changes.
var samplePlans = rulePlans{
	Open: rulePlanTable{Name: "plans-title", Title: "已安排的修改", Acts: true, Rows: []rulePlanRow{
		{Term: "2026-12-05 起", Words: desk.Hostile, By: desk.Hostile, Act: &templates.Submit{Label: "取消", URL: "/x", Icon: "x"}},
		{Term: "2026-12-05 当天", Words: "不限", Why: desk.Hostile},
	}},
	Over: rulePlanTable{Name: "planned-title", Title: "定时修改记录", Rows: []rulePlanRow{
		{Term: "2026-12-05 起", Words: desk.Hostile, URL: "/b", Why: desk.Hostile, Community: desk.Hostile},
	}},
}

// dayFrom returns a day as a form sends it, from today on.
func dayFrom(d *desk.Desk, n int) string {
	return (core.DayOf(d.Store.Now(), d.Store.Zone()) + core.Day(n)).String()
}

// answered posts a form, and again with what its question keeps.
func answered(t *testing.T, b *desk.Clerk, path string, form url.Values) (question string) {
	t.Helper()
	page, _ := b.Post(t, path, form, http.StatusOK)
	ask := page.Find("form.tx-confirm")
	ask.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		form.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	b.Post(t, path, form, http.StatusSeeOther)
	return ask.Text()
}

// Each form of settings schedules them for its days: the question says when, nothing changes yet, the page lists it with a button to
// cancel, and a change at once is asked with it.
func TestRulesAreScheduled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	from, until := dayFrom(d, 3), dayFrom(d, 5)
	for path, change := range map[string][2]string{
		frame.PassRulePath: {"exits", "7"}, frame.VisitorRulePath: {"per_day", "7"}, frame.ExitRulePath: {"hours", "7"},
	} {
		form := desk.FilledIn(b.Get(t, path, http.StatusOK))
		form.Set(change[0], change[1])
		for _, wrong := range []struct{ field, value, until string }{
			{"from_day", dayFrom(d, 0), ""}, {"from_day", "明天", ""}, {"until_day", "", dayFrom(d, -1)}, {"until_day", from, dayFrom(d, 2)},
		} {
			form.Set("from_day", wrong.value)
			form.Set("until_day", wrong.until)
			page, _ := b.Post(t, path, form, http.StatusUnprocessableEntity)
			desk.WrongField(t, page, wrong.field)
			if desk.InputValue(page, "from_day") != wrong.value || desk.InputValue(page, "until_day") != wrong.until {
				t.Errorf("%s: what was typed is lost", path)
			}
		}
		form.Set("from_day", from)
		form.Set("until_day", until)
		if q := answered(t, b, path, form); !strings.Contains(q, from+" 至 "+until) || strings.Contains(q, "立即生效") {
			t.Errorf("%s asks %q", path, q)
		}
		page := b.Get(t, path, http.StatusOK)
		if text := page.Find(".tx-flash").Text(); !strings.Contains(text, "已安排，"+from) {
			t.Errorf("%s says %q", path, text)
		}
		now := desk.FilledIn(page)
		if now.Get(change[0]) == change[1] || now.Get("from_day") != "" {
			t.Errorf("%s: changed at once", path)
		}
		row := page.Find("section[aria-labelledby=plans-title] tbody tr")
		if row.Length() != 1 || !strings.Contains(row.Text(), from+" 至 "+until) || !strings.Contains(row.Text(), "7") {
			t.Errorf("%s lists %q", path, row.Text())
		}
		if views := d.OnlyViews(t).Get(t, path, http.StatusOK); views.Find("section[aria-labelledby=plans-title] tbody tr").Length() != 1 ||
			views.Find("section[aria-labelledby=plans-title] form").Length() != 0 {
			t.Errorf("%s: who may only look is offered to cancel, or does not see it", path)
		}
		form.Del("confirmed")
		page, _ = b.Post(t, path, form, http.StatusUnprocessableEntity)
		if text := page.Find(".tx-error").Text(); !strings.Contains(text, "重叠") {
			t.Errorf("%s: the same days once more: %q", path, text)
		}
		now.Set(change[0], "6")
		page, _ = b.Post(t, path, now, http.StatusOK)
		if text := page.Find("form.tx-confirm").Text(); !strings.Contains(text, "已安排 "+from) {
			t.Errorf("%s asks of a change at once %q", path, text)
		}
		cancel := row.Find("form").AttrOr("action", "")
		d.OnlyViews(t).Post(t, cancel, url.Values{}, http.StatusForbidden)
		page, _ = b.Post(t, cancel, url.Values{}, http.StatusOK)
		if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "名住户，到时不再生效") || !strings.Contains(ask, from+" 至 "+until) ||
			!strings.Contains(ask, "取消安排") {
			t.Errorf("%s asks before it is cancelled: %q", path, ask)
		}
		if b.Get(t, path, http.StatusOK).Find("section[aria-labelledby=plans-title] tbody tr").Length() != 1 {
			t.Fatalf("%s: cancelled unasked", path)
		}
		b.Post(t, cancel, desk.ConfirmedForm(), http.StatusSeeOther)
		page = b.Get(t, path, http.StatusOK)
		if text := page.Find(".tx-flash").Text(); !strings.Contains(text, "已取消") ||
			page.Find("section[aria-labelledby=plans-title]").Length() != 0 {
			t.Errorf("%s after cancelling: %q", path, text)
		}
		if text := page.Find("section[aria-labelledby=planned-title] tbody").Text(); !strings.Contains(text, "已取消") {
			t.Errorf("%s: the record says %q", path, text)
		}
		b.Post(t, cancel, desk.ConfirmedForm(), http.StatusSeeOther)
		if text := b.Get(t, path, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "不能再取消") {
			t.Errorf("%s: cancelled twice: %q", path, text)
		}
	}
}

// A restriction is scheduled by its form, and who may restrict but not change rules cancels it; a scheduled rule is not theirs.
func TestRestrictionsAreScheduled(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermRestrictionEdit, core.PermPassRuleView, core.PermHouseView)
	from := dayFrom(d, 2)
	form := url.Values{
		"community": {d.Mine.Community.String()}, "houses": {d.Mine.Houses[0].String()}, "exits": {"1"}, "reason": {"居家"},
		"from_day": {from}, "last_day": {dayFrom(d, 1)},
	}
	page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "last_day")
	if desk.InputValue(page, "from_day") != from || page.Find(`input[name="houses"][checked]`).Length() != 1 {
		t.Error("what was typed is lost")
	}
	form.Set("last_day", dayFrom(d, 9))
	if q := answered(t, b, frame.RestrictionPath, form); !strings.Contains(q, from+" 0 点生效") || strings.Contains(q, "立即") ||
		strings.Contains(q, "两分钟") || !strings.Contains(q, "名住户，现在有") {
		t.Errorf("asks %q", q)
	}
	if n := len(d.Restrictions(t)); n != 0 {
		t.Errorf("%d houses are restricted at once", n)
	}
	page = b.Get(t, frame.RestrictionPath, http.StatusOK)
	row := page.Find("section[aria-labelledby=plans-title] tbody tr")
	if row.Length() != 1 || !strings.Contains(row.Text(), "居家") || !strings.Contains(row.Text(), from) {
		t.Errorf("lists %q", row.Text())
	}
	if to := row.Find("a").AttrOr("href", ""); !strings.HasPrefix(to, frame.HousePath+"?community="+d.Mine.Community.String()+"&plan=") {
		t.Errorf("its houses are at %q", to)
	}
	now := url.Values{"community": form["community"], "houses": form["houses"], "exits": {"-1"}, "reason": {"居家"}}
	page, _ = b.Post(t, frame.RestrictionPath, now, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "其中 1 套已安排 "+from+" 至 "+dayFrom(d, 9)+" 限 1 次，到时仍按这次的限制") {
		t.Errorf("asks before a house is restricted of which more is planned: %q", ask)
	}
	now.Set("last_day", dayFrom(d, 1))
	page, _ = b.Post(t, frame.RestrictionPath, now, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "限 1 次，到时照常生效") {
		t.Errorf("asks of one that is over by then: %q", ask)
	}
	now.Del("last_day")
	b.Post(t, frame.RestrictionPath, desk.WithConfirmed(now), http.StatusSeeOther)
	if text := b.Get(t, frame.RestrictionPath, http.StatusOK).Find("section[aria-labelledby=plans-title] tbody").Text(); !strings.Contains(
		text, "0 套房屋") || !strings.Contains(text, "已删除的 1 套，到时不限制") {
		t.Errorf("then it lists %q", text)
	}
	page, _ = b.Post(t, row.Find("form").AttrOr("action", ""), url.Values{}, http.StatusOK)
	if ask := page.Find("form.tx-confirm"); !strings.Contains(ask.Text(), "到时没有可限制的房屋") || strings.Contains(ask.Text(), "房屋：") ||
		strings.Contains(page.Find("main").Text(), "查看全部") {
		t.Errorf("cancelling what would restrict nothing asks %q", ask.Text())
	}
	for _, c := range []struct{ exits, until, says string }{
		{"2", dayFrom(d, 1), "其中 1 套已安排 " + from + " 至 " + dayFrom(d, 9) + " 限 1 次，到时照常生效"}, // nothing keeps it out any more
		{"2", "", ""}, // it was left out, and still is
	} {
		again := url.Values{"community": form["community"], "houses": form["houses"], "exits": {c.exits}, "reason": {"居家"}}
		again.Set("last_day", c.until)
		page, _ = b.Post(t, frame.RestrictionPath, again, http.StatusOK)
		if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, c.says) || c.says == "" && strings.Contains(ask, "已安排") {
			t.Errorf("restricted again until %q it asks %q", c.until, ask)
		}
	}
	lift := frame.RestrictionPath + "/" + d.Mine.Houses[0].String() + "/lift"
	page, _ = b.Post(t, lift, url.Values{}, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "其中 1 套已安排 "+from) {
		t.Errorf("lifting asks %q", ask)
	}
	b.Post(t, lift, desk.ConfirmedForm(), http.StatusSeeOther)
	page, _ = b.Post(t, frame.RestrictionPath, url.Values{
		"community": {d.Mine.Community.String()}, "whole": {"1"}, "exits": {"1"}, "reason": {"居家"}, "from_day": {dayFrom(d, 20)},
	}, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "之后另外限制的除外") {
		t.Errorf("of all houses it asks %q", ask)
	}
	rule, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	term := core.RulePlanTerm{From: today + 1, Until: today + 2}
	id, err := d.Store.SchedulePassRule(t.Context(), core.System, core.Everywhere, rule, term)
	if err != nil {
		t.Fatal(err)
	}
	for _, act := range []string{"cancel", "end"} {
		b.Post(t, fmt.Sprintf("%s/%s/%s", frame.RulePlanPath, id, act), url.Values{}, http.StatusForbidden)
	}
	cancel := row.Find("form").AttrOr("action", "")
	page, _ = b.Post(t, cancel, url.Values{}, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "涉及 1 套房屋、") ||
		!strings.Contains(ask, "房屋："+desk.HouseLabel(t, d, d.Mine.Houses[0])) {
		t.Errorf("asks before it is cancelled: %q", ask)
	}
	b.Post(t, cancel, desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, frame.RestrictionPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "已取消") {
		t.Errorf("it says %q", text)
	}
	end := fmt.Sprintf("%s/%s/end", frame.RulePlanPath, id)
	b = d.Registrar(t)
	b.Post(t, end, url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if text := b.Get(t, frame.PassRulePath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "不能提前结束") {
		t.Errorf("it says %q", text)
	}
}

// Ended early, a change whose former settings take something from everybody has the community's name typed.
func TestEndingAPlanThatTakesSomethingAway(t *testing.T) {
	at := frame.CommunityChoice{Community: core.Community{Name: "翠湖花园"}}
	for _, drastic := range []bool{false, true} {
		q := rulePlanEndQuestion(at, core.RulePlan{Stem: "passrule", Drastic: drastic}, 1200)
		if (q.Typed == "翠湖花园") != drastic || q.Danger != drastic || q.Effects[0] != "影响 1,200 名住户，立即生效" {
			t.Errorf("drastic %v: %+v", drastic, q)
		}
	}
}

// If somebody has changed the settings meanwhile, the row, the card and the question of 提前结束 say that nothing is put back.
func TestEndingAPlanThatWasOverridden(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	form.Set("exits", "7")
	form.Set("until_day", dayFrom(d, 2))
	answered(t, b, frame.PassRulePath, form)
	form = desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	form.Set("exits", "5")
	answered(t, b, frame.PassRulePath, form)
	row := b.Get(t, frame.PassRulePath, http.StatusOK).Find("section[aria-labelledby=plans-title] tbody tr")
	if text := row.Text(); !strings.Contains(text, "到期不恢复") || strings.Contains(text, "之后恢复") {
		t.Errorf("lists %q", text)
	}
	end := row.Find("button").AttrOr("formaction", row.Find("form").AttrOr("action", ""))
	page, _ := b.Post(t, end, nil, http.StatusOK)
	if q := page.Find("form.tx-confirm").Text(); !strings.Contains(q, "只结束这次安排") || !strings.Contains(q, "出门 5 次") ||
		strings.Contains(q, "7 次") || strings.Contains(q, "立即恢复") {
		t.Errorf("asks %q", q)
	}
	b.Post(t, end, desk.ConfirmedForm(), http.StatusSeeOther)
	if now := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK)).Get("exits"); now != "5" {
		t.Errorf("%s exits afterwards", now)
	}
}

// A rehearsal of a scheduled draft keeps its days for the button that saves it.
func TestRehearsalKeepsTheTerm(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	form.Set("exits", "1")
	form.Set("from_day", dayFrom(d, 3))
	form.Set("until_day", dayFrom(d, 4))
	form.Set("act", rehearsalAct)
	_, to := b.Post(t, frame.PassRulePath, form, http.StatusSeeOther)
	runs, _, err := d.Store.Rehearsals(t.Context(), core.Everywhere, d.Mine.Community, core.Page{Limit: 1})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%v %+v, %v", to, runs, err)
	}
	kept := url.Values{}
	for _, field := range passRuleKept(runs[0]) {
		kept.Set(field.Name, field.Value)
	}
	if kept.Get("from_day") != dayFrom(d, 3) || kept.Get("until_day") != dayFrom(d, 4) {
		t.Errorf("kept %v", kept)
	}
}

// Each form of settings changes them at once until a day: the question and the page say when they are put back, and ending it early
// puts them back.
func TestRulesHoldAtOnceUntilADay(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	until := dayFrom(d, 2)
	for path, change := range map[string][2]string{
		frame.PassRulePath: {"exits", "7"}, frame.VisitorRulePath: {"per_day", "7"}, frame.ExitRulePath: {"hours", "7"},
	} {
		form := desk.FilledIn(b.Get(t, path, http.StatusOK))
		before := form.Get(change[0])
		form.Set(change[0], change[1])
		form.Set("until_day", until)
		if q := answered(t, b, path, form); !strings.Contains(q, "立即生效，到 "+until+" 为止") || !strings.Contains(q, "到期恢复") {
			t.Errorf("%s asks %q", path, q)
		}
		page := b.Get(t, path, http.StatusOK)
		if text := page.Find(".tx-flash").Text(); !strings.Contains(text, until+" 之后恢复") {
			t.Errorf("%s says %q", path, text)
		}
		if now := desk.FilledIn(page).Get(change[0]); now != change[1] {
			t.Errorf("%s: %s is not changed", path, now)
		}
		row := page.Find("section[aria-labelledby=plans-title] tbody tr")
		if row.Length() != 1 || !strings.Contains(row.Text(), "生效中") || !strings.Contains(row.Text(), "之后恢复") {
			t.Errorf("%s lists %q", path, row.Text())
		}
		b.Post(t, row.Find("button").AttrOr("formaction", row.Find("form").AttrOr("action", "")), desk.ConfirmedForm(), http.StatusSeeOther)
		if now := desk.FilledIn(b.Get(t, path, http.StatusOK)).Get(change[0]); now != before {
			t.Errorf("%s: %s is not put back", path, now)
		}
	}
}
