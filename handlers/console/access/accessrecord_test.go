package access

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestRecordListPagesAndFilters(t *testing.T) {
	d := newDesk(t)
	records := d.Passages(t, d.Mine, 120)
	d.Passages(t, d.Others, 5)
	b := d.Registrar(t)

	var seen []string
	page := b.Get(t, frame.AccessRecordPath, http.StatusOK)
	for pages := 0; ; pages++ {
		page.Find("tbody tr td:first-child a").Each(func(_ int, a *goquery.Selection) { seen = append(seen, a.AttrOr("href", "")) })
		next := desk.PagerLink(page, "next")
		if next == "" || pages > 5 {
			break
		}
		page = b.Get(t, next, http.StatusOK)
	}
	if len(seen) != len(records) {
		t.Fatalf("%d records on all pages, want %d", len(seen), len(records))
	}
	for i, path := range seen {
		if want := frame.AccessRecordURL(records[len(records)-1-i].ID); path != want {
			t.Fatalf("record %d is %s, want %s", i, path, want)
		}
	}
	if back := b.Get(t, desk.PagerLink(page, "prev"), http.StatusOK); desk.Rows(back) != accessRecordsAPage {
		t.Errorf("%d records on the page before the last", desk.Rows(back))
	}
	desk.Literally(t, page, desk.HostileCell)

	today := core.DayOf(d.Store.Now(), d.Store.Zone()).String()
	for query, want := range map[string]int{
		"direction=in":                                   50,
		"result=refused":                                 40,
		"result=allowed&via=guard":                       40,
		"reason=count":                                   40,
		"kind=resident&via=manual":                       0,
		"from=" + today + "&to=" + today:                 -1,
		"from=2020-01-01&to=2020-01-02":                  0,
		"gate=r" + d.Mine.Doors[0].ID.String():           50,
		"gate=r" + d.Mine.Doors[1].ID.String():           0,
		"gate=p" + d.Mine.Post.String():                  50,
		"q=" + url.QueryEscape(d.Mine.Residents[0].Name): 30,
		"q=" + d.Mine.Residents[0].Phone[7:]:             -1,
		"q=" + url.QueryEscape("没有这个人"):                  0,
		"q=%25": 0,
		"person=" + d.Mine.Residents[1].Person.String():   30,
		"person=" + d.Others.Residents[0].Person.String(): 0,
		"house=" + d.Mine.Houses[0].String():              50,
		"community=" + d.Mine.Community.String():          50,
	} {
		got := desk.Rows(b.Get(t, frame.AccessRecordPath+"?"+query, http.StatusOK))
		if want < 0 && got == 0 || want >= 0 && got != min(want, accessRecordsAPage) {
			t.Errorf("%s: %d records, want %d", query, got, want)
		}
	}
}

func TestRecordFiltersRefuse(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 3)
	b := d.Registrar(t)
	for field, query := range map[string]string{
		"from": "from=yesterday", "to": "from=2026-02-02&to=2026-02-01", "direction": "direction=up",
		"kind": "kind=x", "via": "via=x", "result": "result=x", "reason": "reason=x",
	} {
		page := b.Get(t, frame.AccessRecordPath+"?"+query, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
		if desk.Rows(page) != 0 {
			t.Errorf("%s: %d records all the same", query, desk.Rows(page))
		}
		b.Get(t, frame.AccessRecordPath+"/export.xlsx?"+query, http.StatusUnprocessableEntity)
	}
	b.Get(t, frame.AccessRecordPath+"?before=x&after=-1", http.StatusUnprocessableEntity)
	b.Get(t, frame.AccessRecordPath+"?q="+strings.Repeat("长", 41), http.StatusUnprocessableEntity)
}

func TestRecordsStayInScope(t *testing.T) {
	d := newDesk(t)
	mine, theirs := d.Passages(t, d.Mine, 2), d.Passages(t, d.Others, 2)
	b := d.Registrar(t)
	for _, query := range []string{
		"community=" + d.Others.Community.String(), "house=" + d.Others.Houses[0].String(),
		"gate=r" + d.Others.Doors[0].ID.String(), "gate=p" + d.Others.Post.String(),
	} {
		for _, path := range []string{frame.AccessRecordPath, frame.AccessRecordPath + "/export.xlsx"} {
			b.Get(t, path+"?"+query, http.StatusNotFound)
		}
	}
	for _, gate := range []string{"x1", "r", "r0%27", "门"} {
		for _, path := range []string{frame.AccessRecordPath, frame.AccessRecordPath + "/export.xlsx"} {
			b.Get(t, path+"?gate="+gate, http.StatusUnprocessableEntity)
		}
	}
	for _, id := range []string{theirs[0].ID.String(), "1", "x", "99999999999999999999"} {
		b.Get(t, frame.AccessRecordPath+"/"+id, http.StatusNotFound)
	}
	show := b.Get(t, frame.AccessRecordURL(mine[1].ID), http.StatusOK)
	for fact, want := range map[string]string{"姓名": mine[1].Name, "门或门岗": "东门岗", "方向": "进门", "方式": "门岗扫码", "体温": "36.5 ℃", "结果": "放行"} {
		if got := desk.Fact(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	for permission, paths := range map[core.Permission][]string{
		core.PermReaderView: {
			frame.AccessRecordPath, frame.AccessRecordURL(mine[0].ID), frame.AccessRecordPath + "/news?since=1",
			frame.AccessRecordPath + "/export.xlsx",
		},
		core.PermAccessRecordView: {frame.AccessRecordPath + "/export.xlsx"},
	} {
		who := d.SignIn(t, core.ScopeOf(d.Mine.Community), permission, core.PermReaderView)
		for _, path := range paths {
			who.Get(t, path, http.StatusForbidden)
		}
		if permission == core.PermAccessRecordView && who.Get(t, frame.AccessRecordPath, http.StatusOK).Find(`a.tx-export`).Length() != 0 {
			t.Error("an export is offered to who may not")
		}
	}
}

func TestRecordExport(t *testing.T) {
	d := newDesk(t)
	records := d.Passages(t, d.Mine, 7)
	d.Passages(t, d.Others, 4)
	b := d.Registrar(t)
	rows := b.Export(t, "")
	if len(rows) != 1+len(records) || strings.Join(rows[0], " ") != strings.Join(core.RecordColumns, " ") {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	oldest, newest := rows[len(records)], rows[1]
	if oldest[6] != desk.HostileCell || oldest[8] != "36.5" || oldest[10] != "放行" || oldest[3] != "出门" {
		t.Errorf("the oldest is %q", oldest)
	}
	if want := records[6].At.In(d.Store.Zone()).Format("2006-01-02 15:04:05"); newest[0] != want {
		t.Errorf("the newest is of %s, want %s", newest[0], want)
	}
	if refused := rows[1+6-5]; refused[10] != "拒绝" || refused[11] != core.ReasonCount.Sentence() {
		t.Errorf("a refusal is %q", refused)
	}
	if n := len(b.Export(t, "result=refused")); n != 1+2 {
		t.Errorf("%d rows with a filter", n)
	}
}

// If a door opened again for a repeated code, that is shown wherever the record is.
func TestRecordsTellOfRepeats(t *testing.T) {
	d := newDesk(t)
	once, twice := d.Passages(t, d.Mine, 4)[3], d.Passages(t, d.Mine, 1)[0]
	for range 2 {
		if again, err := d.Store.Reopen(t.Context(), twice.ID, 0, 3); err != nil || !again {
			t.Fatal(again, err)
		}
	}
	b := d.Registrar(t)
	list := b.Get(t, frame.AccessRecordPath, http.StatusOK)
	for id, want := range map[core.ID]bool{once.ID: false, twice.ID: true} {
		row := list.Find(`#list-body tr:has(a[href="` + frame.AccessRecordURL(id) + `"])`)
		if row.Length() != 1 || strings.Contains(row.Text(), "重复 2 次") != want {
			t.Errorf("a row reads %q", row.Text())
		}
	}
	if got := desk.Fact(b.Get(t, frame.AccessRecordURL(twice.ID), http.StatusOK), "重复开门"); got != "重复 2 次" {
		t.Errorf("the record reads %q", got)
	}
	if b.Get(t, frame.AccessRecordURL(once.ID), http.StatusOK).Find("dt:contains(重复开门)").Length() != 0 {
		t.Error("a record without repeats tells of them")
	}
	rows := b.Export(t, "")
	last := slices.Index(core.RecordColumns, "重复次数")
	if rows[0][last] != "重复次数" || rows[1][last] != "2" || rows[2][last] != "0" {
		t.Errorf("exported as %q", rows)
	}
}

func TestRecordNews(t *testing.T) {
	d := newDesk(t)
	records := d.Passages(t, d.Mine, 10)
	b := d.Registrar(t)
	page := b.Get(t, frame.AccessRecordPath, http.StatusOK)
	if got := page.Find("#record-news").AttrOr("hx-get", ""); !strings.Contains(got, "since="+records[9].ID.String()) {
		t.Errorf("the page asks for %q", got)
	}
	news := func(query string) string {
		request, err := http.NewRequestWithContext(
			t.Context(), http.MethodGet, d.Address+frame.AccessRecordPath+"/news?"+query, http.NoBody,
		)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("HX-Request", "true")
		part, _ := b.Do(t, request, http.StatusOK)
		return strings.TrimSpace(part.Text())
	}
	for query, want := range map[string]string{
		"since=" + records[9].ID.String():              "",
		"since=" + records[5].ID.String():              "有 4 条新记录，点此刷新",
		"direction=in&since=" + records[5].ID.String(): "有 2 条新记录，点此刷新",
	} {
		if got := news(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if got := news("turn=" + fmt.Sprint(newsTurns) + "&since=" + records[9].ID.String()); !strings.Contains(got, "打开较久") {
		t.Errorf("a page left open for long says %q", got)
	}
	d.Passages(t, d.Others, 3)
	if got := news("since=" + records[9].ID.String()); got != "" {
		t.Errorf("another community's passages are news: %q", got)
	}
}

func TestRecordPages(t *testing.T) {
	shell := templates.Shell{Title: "出入记录", CSRF: "x"}
	list := templates.List{Path: frame.AccessRecordPath, Query: url.Values{}, Filters: accessRecordFields()}
	var hours core.HourTotals
	hours[7] = core.RecordTotals{In: 1, Out: 2, Refused: 3}
	templates.CheckAll(t, "console/accessrecord/", map[string]any{
		"console/accessrecord/list": accessRecordListPage{
			Shell: shell, List: list, Day: "今天", Totals: []templates.Fact{{Label: "进门", Value: "1"}},
			News: accessRecordNewsOf(url.Values{}, 1, 300),
			Rows: []accessRecordRow{{
				URL: "/r", Name: desk.Hostile, At: time.Unix(1, 0), Temp: "36.5 ℃", Why: "x",
				Result: accessRecordBadge(core.AccessRecord{}),
			}},
		},
		"console/accessrecord/list#empty": accessRecordListPage{Shell: shell, List: list},
		"console/accessrecord/chart": accessRecordChartPage{
			Shell: shell, Tabs: accessRecordTabs("chart", url.Values{}), List: list, Range: "x",
			Charts: chartRangeOf(url.Values{"q": {"1"}}, 1, 2).charts(core.RecordCharts{
				Days: make([]core.RecordTotals, 2), Hours: hours,
				Gates:   []core.GateTotals{{Gate: desk.Hostile, RecordTotals: core.RecordTotals{Out: 2, Urgent: 1}}},
				Reasons: []core.RefusalCount{{Reason: core.ReasonCount, N: 1}}}, frame.CommunityChoice{}),
		},
		"console/accessrecord/chart#later": accessRecordChartPage{Shell: shell, List: list, Later: "/x"},
		"console/accessrecord/chart#empty": accessRecordChartPage{Shell: shell, List: list, Empty: templates.Empty{Title: "x"}},
		"console/accessrecord/show": accessRecordShowPage{
			Shell: shell, Facts: accessRecordFacts(core.AccessRecord{}, "x", time.UTC),
			Links: []templates.Action{{Label: "住户资料", URL: "/r", Icon: "user"}},
		},
	})
}

// A record of a visitor leads to the visit, one of a member to the member, and both to the picture, which is recorded; who may not see
// these gets no link.
func TestARecordLeadsToWhoPassed(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	rule, err := d.Store.VisitorRule(ctx, core.Everywhere, d.Mine.Community)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	for i := range rule.Form {
		if rule.Form[i].Key == "photo" {
			rule.Form[i].Use = core.FormOptional
		}
	}
	_, err = d.Store.UpdateVisitorRule(ctx, core.System, core.Everywhere, rule)
	must(err)
	picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("w"), Thumb: []byte("t"), Width: 1, Height: 1}
	id, err := d.Store.RegisterVisit(ctx, core.System, core.Everywhere, core.VisitorPass{
		House: d.Mine.Houses[0], Name: "来<客>", Until: d.Store.Now().Add(time.Hour), Picture: &picture,
	})
	must(err)
	visit, err := d.Store.VisitorPass(ctx, core.Everywhere, id)
	must(err)
	institution, err := d.Store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Mine.Community},
	})
	must(err)
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	member, err := d.Store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
		Institution: institution, Name: "骑手甲", Phone: "13700008888", From: today, Until: today + 2,
	})
	must(err)
	must(d.Store.UpdateMemberPhoto(ctx, core.System, core.Everywhere, member, core.MemberFace, &picture))
	m, err := d.Store.Member(ctx, core.Everywhere, member)
	must(err)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView, core.PermVisitorPassView, core.PermInstitutionView,
		core.PermInstitutionEdit)
	plain := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView)
	for i, c := range []struct {
		pass core.ID
		to   string
	}{{visit.Pass, frame.VisitorPassURL(id)}, {m.Pass, frame.MemberURL(member)}} {
		out, err := d.Store.Scan(ctx, store.ScanAttempt{
			Via: core.ViaManual, Post: d.Mine.Post, Direction: core.In, Pass: c.pass, TokenDigest: "in " + c.pass.String(),
		})
		must(err)
		if list := b.Get(t, frame.AccessRecordPath, http.StatusOK); list.Find(`tbody a[href="`+c.to+`"]`).Length() != 1 {
			t.Errorf("the list does not lead to %s", c.to)
		}
		page := b.Get(t, frame.AccessRecordURL(out.Record.ID), http.StatusOK)
		if page.Find(`main a[href="`+c.to+`"]`).Length() != 1 {
			t.Errorf("the record does not lead to %s", c.to)
		}
		b.Get(t, page.Find(`main a[href*="/photo/"]`).AttrOr("href", ""), http.StatusOK)
		lines, _, err := d.Store.AuditRecords(ctx, core.Everywhere, core.AuditFilter{Action: "photo.view"}, core.Page{Limit: 9})
		if err != nil || len(lines) != i+1 {
			t.Errorf("%d looks are noted, %v", len(lines), err)
		}
		if bare := plain.Get(t, frame.AccessRecordURL(out.Record.ID), http.StatusOK); bare.Find(`main a[href="`+c.to+`"],
			main a[href*="/photo/"]`).Length() != 0 {
			t.Errorf("who may not see it gets a link: %s", bare.Find("main").Text())
		}
	}
}

// Each page of somebody's passages, and a file of them, is a look that they read of; the list of everybody is not.
func TestPagesOfPassagesAreLooks(t *testing.T) {
	d := newDesk(t)
	one := d.Mine.Residents[0]
	out, err := d.Store.Scan(t.Context(), store.ScanAttempt{
		Via: core.ViaManual, Post: d.Mine.Post, Direction: core.Out, Pass: one.Pass, TokenDigest: "out",
	})
	if err != nil {
		t.Fatal(err)
	}
	house := "?house=" + d.Mine.Houses[0].String()
	for path, want := range map[string]bool{
		frame.AccessRecordPath: false, frame.AccessRecordPath + house: true, frame.AccessRecordURL(out.Record.ID): true,
		frame.AccessRecordChartPath + house + "&draw=1": true, frame.AccessRecordPath + "/export.xlsx" + house: true,
		frame.AccessRecordPath + "?q=" + url.QueryEscape(one.Name): true, frame.AccessRecordChartPath + "?draw=1": false,
	} {
		looks := func() int {
			f := core.AuditFilter{Action: "accessrecord.look"}
			lines, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, f, core.Page{Limit: 99})
			if err != nil {
				t.Fatal(err)
			}
			return len(lines)
		}
		before := looks()
		d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView, core.PermAccessRecordExport).Get(t, path, http.StatusOK)
		if noted := looks() > before; noted != want {
			t.Errorf("%s: noted %t, want %t", path, noted, want)
		}
	}
}

// Of every kind of pass it is said whether a record has a picture of who passed.
func TestRecordsKnowEveryKindOfPass(t *testing.T) {
	for _, kind := range core.PassKinds() {
		if _, known := holderFaces[kind]; !known {
			t.Errorf("%s: does its holder have a picture?", kind)
		}
	}
}

// A list that is not counted says how to get a total; one of a day, or of an hour of it, has one, and the line of totals is of the same.
func TestAccessRecordTotalsAreOfTheFilter(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	records := make([]core.AccessRecord, accessRecordsAPage+3)
	for i := range records {
		records[i] = core.AccessRecord{
			Community: d.Mine.Community, At: today.Start(d.Store.Zone()).Add(-time.Duration(i+1) * time.Second), Via: core.ViaReader,
			Direction: core.Out, Kind: core.PassResident, Allowed: true, Reason: core.ReasonAllowed,
		}
	}
	records[0].At = records[0].At.Add(-2 * time.Hour)
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	day := "&from=" + (today - 1).String() + "&to=" + (today - 1).String()
	for query, want := range map[string]string{
		"direction=out": "50 条以上，选定一天可看总数", "reason=allowed": "共 53 条", "direction=out" + day: "共 53 条",
		"direction=out&hour=21" + day: "共 1 条",
	} {
		page := b.Get(t, frame.AccessRecordPath+"?"+query, http.StatusOK)
		if got := page.Find("#list-total").Text(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	line := b.Get(t, frame.AccessRecordPath+"?hour=21"+day, http.StatusOK).Find(".tx-totals").Text()
	words := strings.Join(strings.Fields(line), " ")
	if !strings.Contains(words, (today-1).String()+" 21 时") || !strings.Contains(words, "出门 1 ") {
		t.Errorf("the line of the hour says %q", words)
	}
}
