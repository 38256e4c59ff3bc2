package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"

	"github.com/PuerkitoBio/goquery"
)

func textOf(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// restrict restricts the first house of the desk.
func restrict(t *testing.T, d *desk.Desk, x core.Restriction) {
	t.Helper()
	if _, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: d.Mine.Community, Houses: d.Mine.Houses[:1], Restriction: x,
	}); err != nil {
		t.Fatal(err)
	}
}

// The page of a house answers the counter: who lives there, whether they can go out now and why, what is
// left, and the restriction with the way to lift it.
func TestHouseDeskAnswersTheCounter(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	at := frame.HouseURL(d.Mine.Houses[0])
	rule := d.Rule(t)
	rule.Exits, rule.PeriodDays, rule.Counting = 2, 3, core.CountHousehold
	if err := d.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	waiting, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "未核验", Identity: core.Family,
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := func(page *goquery.Document) map[string]string {
		said := map[string]string{}
		page.Find(`section[aria-labelledby="people-title"] li`).Each(func(_ int, row *goquery.Selection) {
			said[textOf(row.Find("p > a").First())] = textOf(row)
		})
		return said
	}
	page := b.Get(t, at, http.StatusOK)
	said := rows(page)
	if got := said[d.Mine.Residents[0].Name]; !strings.Contains(got, "可以出门") || !strings.Contains(got, "全户 3 天内还能出门 2 次（共 2 次）") {
		t.Errorf("who may go out: %q", got)
	}
	if got := said["未核验"]; !strings.Contains(got, "不能进出门") || !strings.Contains(got, "未认证") {
		t.Errorf("who is not certified: %q", got)
	}
	if got := page.Find(`a[href="` + frame.ResidentURL(waiting) + `/certify"]`).Length(); got != 1 {
		t.Errorf("%d ways to certify at the desk", got)
	}
	if got := textOf(page.Find(".tx-detail-head")); !strings.Contains(got, "3 人，1 人未认证") || !strings.Contains(got, "每户每 3 天最多出门 2 次") {
		t.Errorf("the head says %q", got)
	}

	restrict(t, d, core.Restriction{Exits: -1, Reason: "装修扰民"})
	page = b.Get(t, at, http.StatusOK)
	if got := rows(page)[d.Mine.Residents[0].Name]; !strings.Contains(got, "不能进出门本户已限制出入") || strings.Contains(got, "还能") {
		t.Errorf("restricted: %q", got)
	}
	bar := page.Find(".tx-standing").First()
	if got := textOf(bar); !strings.Contains(got, "禁止出入") || !strings.Contains(got, "装修扰民，长期") {
		t.Errorf("the restriction: %q", got)
	}
	if got := bar.Find("button").AttrOr("formaction", ""); got != frame.RestrictionPath+"/"+d.Mine.Houses[0].String()+"/lift?from=house" {
		t.Errorf("lifted at %q", got)
	}
	if d.OnlyViews(t).Get(t, at, http.StatusOK).Find(".tx-standing button, #acts-title, .tx-call button").Length() != 0 {
		t.Error("acts for an account that may only look")
	}
}

// Calling is viewing a whole number: it is audited, and shown with a link that dials.
func TestCallingFromTheDeskIsAudited(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	who := d.Mine.Residents[0]
	call := b.Get(t, frame.HouseURL(who.House), http.StatusOK).
		Find(`form.tx-call[action="` + frame.ResidentURL(who.ID) + `/reveal"]`)
	if call.Length() != 1 {
		t.Fatalf("%d ways to call", call.Length())
	}
	page, _ := b.Post(t, call.AttrOr("action", ""), url.Values{}, http.StatusOK)
	if href := page.Find(`a[href^="tel:"]`).AttrOr("href", ""); href != "tel:"+who.Phone {
		t.Errorf("dials %q, want %s", href, who.Phone)
	}
	if lines := d.Exported(t, "resident.reveal"); len(lines) != 1 || lines[0].Target != "resident:"+who.ID.String() {
		t.Errorf("the log has %d views", len(lines))
	}
}

// What was done to a house and to those who live there is on its page, acts upon many as well; the tabs
// are addresses; the head keeps its limits.
func TestDetailPagesHaveTabsAndTimeline(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	who := d.Mine.Residents[0]
	restrict(t, d, core.Restriction{Exits: 1, Reason: "一批"})
	b.Post(t, frame.ResidentURL(who.ID), url.Values{"name": {"改过名"}, "identity": {"owner"}}, http.StatusSeeOther)
	for path, want := range map[string][]string{
		frame.HouseURL(who.House):                   {"限制出入", "修改住户", "改过名"},
		frame.HouseURL(who.House) + "?tab=acts":     {"限制出入", "改过名"},
		frame.ResidentURL(who.ID):                   {"修改住户", "改过名"},
		frame.ResidentURL(who.ID) + "?tab=acts":     {"修改住户"},
		frame.HouseURL(who.House) + "?tab=passages": nil,
	} {
		page := b.Get(t, path, http.StatusOK)
		acts := textOf(page.Find(".tx-timeline"))
		for _, words := range want {
			if !strings.Contains(acts, words) {
				t.Errorf("%s: the timeline has no %q: %q", path, words, acts)
			}
		}
		if page.Find(".tx-timeline").Length() > 1 {
			t.Errorf("%s: the timeline twice", path)
		}
		if page.Find(`.tx-detail-tabs a[aria-current="page"]`).Length() != 1 {
			t.Errorf("%s: no tab is marked", path)
		}
		if facts := page.Find(".tx-detail-head dt").Length(); facts > templates.MaxKeyFacts {
			t.Errorf("%s: %d key facts", path, facts)
		}
		if buttons := page.Find(".tx-actions > .btn, .tx-actions > form > .btn").Length(); buttons > templates.MaxHeadButtons {
			t.Errorf("%s: %d buttons", path, buttons)
		}
		page.Find(".tx-detail-tabs a").Each(func(_ int, tab *goquery.Selection) { b.Get(t, tab.AttrOr("href", ""), http.StatusOK) })
	}
	b.Get(t, frame.HouseURL(who.House)+"?tab=nowhere", http.StatusUnprocessableEntity)
}

// A house with more residents than its page shows leads to all of them, and says how many they are.
func TestHouseWithManyResidents(t *testing.T) {
	d := newDesk(t)
	for i := range residentsAPage + 1 {
		_, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
			Community: d.Mine.Community, House: d.Mine.Houses[1], Name: "住户" + string(rune('一'+i)), Identity: core.Family,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := d.Registrar(t)
	people := b.Get(t, frame.HouseURL(d.Mine.Houses[1]), http.StatusOK).Find(`section[aria-labelledby="people-title"]`)
	all := people.Find(`a[href^="` + frame.ResidentPath + `?"]`)
	total := b.Get(t, all.AttrOr("href", ""), http.StatusOK).Find("#list-total").Text()
	if want := strings.Trim(textOf(all), "查看全部人 "); all.Length() != 1 || total != "共 "+want+" 人" {
		t.Errorf("%d links, %q, of %q", all.Length(), textOf(all), total)
	}
}

// The pages of a house and of who lives there say what is scheduled for it, as long as it will come about; the list of a scheduled
// restriction has exactly its houses.
func TestHouseSaysWhatIsPlanned(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	change := store.RestrictionChange{
		Community: d.Mine.Community, Houses: d.Mine.Houses[:1],
		Restriction: core.Restriction{Exits: 1, Reason: "居家", LastDay: today + 9},
	}
	plan, err := d.Store.ScheduleRestrictions(t.Context(), core.System, core.Everywhere, change, today+2)
	if err != nil {
		t.Fatal(err)
	}
	list := frame.HousePath + "?community=" + d.Mine.Community.String() + "&plan=" + plan.String()
	page := b.Get(t, list, http.StatusOK)
	if rows, said := page.Find("main tbody tr"), page.Find(".tx-flash").Text(); rows.Length() != 1 ||
		!strings.Contains(rows.Text(), desk.HouseLabel(t, d, d.Mine.Houses[0])) || !strings.Contains(said, "安排了“限制出入：限 1 次”") {
		t.Errorf("its houses: %q %q", rows.Text(), said)
	}
	d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermHouseView).Get(t, frame.HousePath+"?plan="+plan.String(), http.StatusNotFound)
	says := func() (texts []string) {
		for _, path := range []string{frame.HouseURL(d.Mine.Houses[0]), frame.ResidentURL(d.Mine.Residents[0].ID)} {
			texts = append(texts, b.Get(t, path, http.StatusOK).Find("main .tx-standing.tx-info").Text())
		}
		return texts
	}
	for _, text := range says() {
		if !strings.Contains(text, "已安排限制出入：限 1 次") || !strings.Contains(text, (today+2).String()+" 至 "+(today+9).String()+"，居家") {
			t.Errorf("says %q", text)
		}
	}
	change.Exits = 5
	if _, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, change); err != nil {
		t.Fatal(err)
	}
	for _, text := range says() {
		if strings.Contains(text, "已安排") {
			t.Errorf("of what will not be it says %q", text)
		}
	}
	if n := b.Get(t, list, http.StatusOK).Find("main tbody tr").Length(); n != 0 {
		t.Errorf("%d houses are listed of a restriction that will restrict none", n)
	}
}
