package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// goOut has somebody of the desk's own community go out twice, as recorded.
func goOut(t *testing.T, d *desk.Desk) core.Resident {
	t.Helper()
	who, err := d.Store.Resident(t.Context(), core.Everywhere, d.Mine.Residents[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	var records []core.AccessRecord
	for i := range 2 {
		records = append(records, core.AccessRecord{
			Community: d.Mine.Community, At: d.Store.Now().Add(time.Duration(i-3) * time.Minute), Via: core.ViaGuard, Gate: "东门",
			Direction: core.Out, Kind: core.PassResident, Person: who.Person, Resident: who.ID, House: who.House, Name: who.Name,
			HouseLabel: who.HouseLabel, Allowed: true, Counted: true, Reason: core.ReasonAllowed,
		})
	}
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return who.Resident
}

// rehearsedAt runs the rehearsal that a form led to.
func rehearsedAt(t *testing.T, d *desk.Desk, to string) {
	t.Helper()
	id, err := core.ParseID(to[strings.LastIndex(to, "/")+1:])
	if err == nil {
		_, err = d.Store.RunRehearsal(t.Context(), id, func(int64, int64) error { return nil })
	}
	if err != nil {
		t.Fatalf("%s: %v", to, err)
	}
}

func TestRuleIsRehearsedAndKept(t *testing.T) {
	d := newDesk(t)
	who := goOut(t, d)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	before, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"community": {d.Mine.Community.String()}, "counting": {"person"}, "period_days": {"1"}, "exits": {"1"}, "fever_tenths": {"37.3"},
		"act": {rehearsalAct},
	}
	wrong := url.Values{"community": form["community"], "act": form["act"]}
	b.Post(t, frame.PassRulePath, wrong, http.StatusUnprocessableEntity)
	_, to := b.Post(t, frame.PassRulePath, form, http.StatusSeeOther)
	if waiting := b.Get(t, to, http.StatusOK); waiting.Find("#job").Length() != 1 {
		t.Error("the page does not say that it waits")
	}
	rehearsedAt(t, d, to)
	page := b.Get(t, to, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "1 次，1 人，1 户") || !strings.Contains(text, "出门次数已用完") {
		t.Errorf("the page says %q", text)
	}
	if text := page.Find("main").Text(); !strings.Contains(text, "用这套设置重放") ||
		page.Find("table.tx-cards.tx-whole-rows td.tx-told").Length() != 2 {
		t.Errorf("the page says %q", text)
	}
	if row := page.Find("#list-body tbody tr"); row.Length() != 1 || !strings.Contains(row.Text(), who.Name) {
		t.Errorf("%d rows: %s", row.Length(), row.Text())
	}
	if after, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community); err != nil || after.Exits != before.Exits {
		t.Errorf("a rehearsal has changed the rule: %+v, %v", after, err)
	}
	if n := b.Get(t, frame.RehearsalPath, http.StatusOK).Find("#list-body tbody tr").Length(); n != 1 {
		t.Errorf("%d listed", n)
	}
	kept := url.Values{}
	page.Find(`form[action="` + frame.PassRulePath + `"] input`).Each(func(_ int, input *goquery.Selection) {
		if name, _ := input.Attr("name"); name != "csrf" {
			value, _ := input.Attr("value")
			kept.Add(name, value)
		}
	})
	if question, _ := b.Post(t, frame.PassRulePath, kept, http.StatusOK); question.Find(".tx-confirm").Length() != 1 {
		t.Fatal("keeping the settings does not ask")
	}
	kept.Set("confirmed", "1")
	b.Post(t, frame.PassRulePath, kept, http.StatusSeeOther)
	if after, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community); err != nil || after.Exits != 1 {
		t.Errorf("kept: %+v, %v", after, err)
	}
	stale := b.Get(t, to, http.StatusOK)
	if stale.Find(`form[action="`+frame.PassRulePath+`"]`).Length() != 0 || !strings.Contains(stale.Find("main").Text(), "请再预演一次") {
		t.Error("settings are offered by a comparison with those of before")
	}
	b.Post(t, frame.PassRulePath, kept, http.StatusConflict) // from a page that was open meanwhile
	_, to = b.Post(t, to+"/again", url.Values{"days": {"1"}}, http.StatusSeeOther)
	rehearsedAt(t, d, to)
	if text := b.Get(t, to, http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有变化") || strings.Contains(text, "0 次") {
		t.Errorf("the settings of now again: %q", text)
	}
	b.Post(t, to+"/again", url.Values{"days": {"91"}}, http.StatusSeeOther) // says so on the page
	reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermPassRuleView)
	if reader.Get(t, to, http.StatusOK).Find("#list-body").Length() != 0 {
		t.Error("names without the permission to see records")
	}
	reader.Post(t, to+"/again", url.Values{"days": {"1"}}, http.StatusForbidden)
	d.SignIn(t, core.ScopeOf(d.Others.Community), core.Permissions()...).Get(t, to, http.StatusNotFound)
}

func TestRestrictionIsRehearsed(t *testing.T) {
	d := newDesk(t)
	who := goOut(t, d)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	_, to := b.Post(t, frame.RestrictionPath, url.Values{
		"community": {d.Mine.Community.String()}, "houses": {who.House.String()}, "exits": {"-1"}, "reason": {"装修"}, "act": {rehearsalAct},
	}, http.StatusSeeOther)
	rehearsedAt(t, d, to)
	page := b.Get(t, to, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "2 次，1 人，1 户") || !strings.Contains(text, "房屋已被限制出入") ||
		!strings.Contains(text, "用这项限制重放") {
		t.Errorf("the page says %q", text)
	}
	if page.Find(`form[action="`+frame.PassRulePath+`"]`).Length() != 0 {
		t.Error("a restriction is offered as the community's rule")
	}
	at, err := d.Store.House(t.Context(), core.Everywhere, who.House)
	if err != nil {
		t.Fatal(err)
	}
	if text := page.Find("main").Text(); !strings.Contains(text, at.Label) || !strings.Contains(text, "装修") ||
		!strings.Contains(text, "长期") {
		t.Errorf("the page names no house, reason or end: %q", text)
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermPassRuleView, core.PermRestrictionEdit)
	form := url.Values{}
	clerk.Get(t, to, http.StatusOK).Find(`form[action="` + restrictionPreviewPath + `"] input`).Each(func(_ int, input *goquery.Selection) {
		if name := input.AttrOr("name", ""); name != "csrf" {
			form.Add(name, input.AttrOr("value", ""))
		}
	})
	again, _ := clerk.Post(t, restrictionPreviewPath, form, http.StatusOK)
	if ticked := desk.FilledIn(again); ticked.Get("houses") != who.House.String() || ticked.Get("reason") != "装修" {
		t.Errorf("the form again has %v", ticked)
	}
	_, next := clerk.Post(t, to+"/again", url.Values{"days": {"3"}}, http.StatusSeeOther)
	if _, same := clerk.Post(t, to+"/again", url.Values{"days": {"3"}}, http.StatusSeeOther); same != next {
		t.Errorf("the same is begun twice: %s, %s", next, same)
	}
	waiting := clerk.Get(t, next, http.StatusOK)
	if waiting.Find(`form[action="`+next+`/cancel"]`).Length() != 1 || waiting.Find(`form[action="`+next+`/again"]`).Length() != 0 {
		t.Error("one that waits is not cancelled from its page")
	}
	editor := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermPassRuleView, core.PermPassRuleEdit)
	editor.Post(t, next+"/cancel", nil, http.StatusForbidden)
	clerk.Post(t, next+"/cancel", nil, http.StatusSeeOther)
	over := clerk.Get(t, next, http.StatusOK)
	if over.Find(`form[action="`+next+`/again"]`).Length() != 1 || over.Find(`form[action="`+restrictionPreviewPath+`"]`).Length() != 1 {
		t.Error("one that failed or was cancelled is a dead end")
	}
	if list := clerk.Get(t, frame.RehearsalPath, http.StatusOK).Find("tbody").Text(); !strings.Contains(list, "已取消") ||
		strings.Contains(list, "还没有完成") {
		t.Errorf("the list says %q", list)
	}
	house := core.House{ID: who.House, Community: d.Mine.Community}
	if _, err := d.Store.HouseRestriction(t.Context(), core.Everywhere, house); !core.IsNotFound(err) {
		t.Errorf("the house is restricted: %v", err)
	}
}

func TestRehearsalLinesArePaged(t *testing.T) {
	lines := make([]core.RehearsalLine, 7)
	for i := range lines {
		lines[i].Record = core.ID(10 * (i + 1))
	}
	for _, c := range []struct {
		page       core.Page
		first, len int
		more       bool
	}{
		{core.Page{Limit: 3}, 10, 3, true},
		{core.Page{Limit: 3, Next: 30}, 40, 3, true},
		{core.Page{Limit: 3, Next: 60}, 70, 1, false},
		{core.Page{Limit: 3, Next: 70}, 0, 0, false},
		{core.Page{Limit: 3, Prev: 70}, 40, 3, true},
		{core.Page{Limit: 3, Prev: 40}, 10, 3, false},
		{core.Page{Limit: 3, Prev: 25}, 10, 2, false},
	} {
		part, more := rehearsalPart(lines, c.page)
		if len(part) != c.len || more != c.more || c.len > 0 && part[0].Record != core.ID(c.first) {
			t.Errorf("%+v: %v, %v", c.page, part, more)
		}
	}
}

func TestRehearsalPages(t *testing.T) {
	shell := templates.Shell{Title: "预演", CSRF: "x"}
	templates.CheckAll(t, "console/rehearsal/", map[string]any{
		"console/rehearsal/list": rehearsalListPage{
			Shell: shell, List: templates.List{Path: frame.RehearsalPath},
			Rows: []rehearsalRow{{URL: "/r", Words: desk.Hostile, Community: "翠湖花园", Days: "14", By: desk.Hostile, Found: "没有变化"}},
		},
		"console/rehearsal/show": rehearsalShowPage{
			Shell: shell, Draft: "每人每天最多出门 1 次", Facts: []templates.Fact{{Label: "出入", Value: "9 次"}},
			Reasons: []templates.Fact{{Label: "出门次数已用完", Value: "1 次"}}, Days: []rehearsalDay{{"2026-03-15", "1", "0"}},
			List: templates.List{Path: "/r"},
			Rows: []rehearsalLine{{
				URL: "/a", Name: desk.Hostile, House: desk.Hostile, Gate: desk.Hostile, Direction: "出", Was: "放行", Would: "出门次数已用完",
				Stopped: true, PassageURLs: frame.PassageURLs{NameURL: "/n", HouseURL: "/h", GateURL: "/g"},
			}},
			Again: templates.Field{Kind: templates.Number, Name: "days", Label: "天数", Value: "14"}, AgainTo: "/r/again",
			Keep: []templates.Field{{Kind: templates.Hidden, Name: "exits", Value: "1"}}, KeepTo: "/p", KeepAs: "采用", Stale: "已修改",
			Limits: "只列出最早的 1,000 次，合计仍是全部。",
		},
	})
}
