package console

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/templates"
	"tongxing/testkit/estate"
)

// hostileCell is a name that spreadsheets must not compute.
const hostileCell = `=HYPERLINK("http://x","点我")`

// passages are n records of an estate, one a minute, the newest now: out through
// the first door, in at the post, and every third refused.
func (d *readerDesk) passages(t *testing.T, e *estate.Estate, n int) []core.AccessRecord {
	t.Helper()
	now := d.store.Now()
	records := make([]core.AccessRecord, n)
	for i := range records {
		who := e.Residents[i%len(e.Residents)]
		r := core.AccessRecord{
			Community: e.Community, At: now.Add(-time.Duration(n-i) * time.Minute), Via: core.ViaReader, Reader: e.Doors[0].ID, Gate: "东门", ReleasedBy: e.Doors[0].Name,
			Direction: core.Out, Kind: core.PassResident, Pass: who.Pass, Person: who.Person, Resident: who.ID, House: who.House, Name: who.Name, HouseLabel: "1栋1单元101",
			Allowed: true, Reason: core.ReasonAllowed, TempTenths: 365,
		}
		if i%2 == 1 {
			r.Via, r.Reader, r.Post, r.Guard, r.Gate, r.ReleasedBy, r.Direction = core.ViaGuard, 0, e.Post, e.Guard, "东门岗", "李师傅", core.In
		}
		if i%3 == 2 {
			r.Allowed, r.Reason = false, core.ReasonCount
		}
		records[i] = r
	}
	records[0].Name, records[0].HouseLabel = hostileCell, `<b>1栋</b>`
	if err := d.store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return records
}

func rowsOf(page *goquery.Document) int { return page.Find("tbody tr").Length() }

// pagerLink is where the pager leads; "" at the end.
func pagerLink(page *goquery.Document, rel string) string {
	return page.Find(`.tx-pager a[rel="`+rel+`"]`).AttrOr("href", "")
}

func TestRecordListPagesAndFilters(t *testing.T) {
	d := newReaderDesk(t)
	records := d.passages(t, d.mine, 120)
	d.passages(t, d.others, 5)
	b := d.registrar(t)

	var seen []string
	page := b.get(t, recordPath, http.StatusOK)
	for pages := 0; ; pages++ {
		page.Find("tbody tr td:first-child a").Each(func(_ int, a *goquery.Selection) { seen = append(seen, a.AttrOr("href", "")) })
		next := pagerLink(page, "next")
		if next == "" || pages > 5 {
			break
		}
		page = b.get(t, next, http.StatusOK)
	}
	if len(seen) != len(records) {
		t.Fatalf("%d records on all pages, want %d", len(seen), len(records))
	}
	for i, path := range seen {
		if want := recordURL(records[len(records)-1-i].ID); path != want {
			t.Fatalf("record %d is %s, want %s", i, path, want)
		}
	}
	if back := b.get(t, pagerLink(page, "prev"), http.StatusOK); rowsOf(back) != recordsAPage {
		t.Errorf("%d records on the page before the last", rowsOf(back))
	}
	literally(t, page, hostileCell)

	today := core.DayOf(d.store.Now(), d.store.Zone()).String()
	for query, want := range map[string]int{
		"direction=in":                                   50,
		"result=refused":                                 40,
		"result=allowed&via=guard":                       40,
		"reason=count":                                   40,
		"kind=resident&via=manual":                       0,
		"from=" + today + "&to=" + today:                 -1,
		"from=2020-01-01&to=2020-01-02":                  0,
		"gate=r" + d.mine.Doors[0].ID.String():           50,
		"gate=r" + d.mine.Doors[1].ID.String():           0,
		"gate=p" + d.mine.Post.String():                  50,
		"q=" + url.QueryEscape(d.mine.Residents[0].Name): 30,
		"q=" + d.mine.Residents[0].Phone[7:]:             -1,
		"q=" + url.QueryEscape("没有这个人"):                  0,
		"q=%25": 0,
		"person=" + d.mine.Residents[1].Person.String():   30,
		"person=" + d.others.Residents[0].Person.String(): 0,
		"house=" + d.mine.Houses[0].String():              50,
		"community=" + d.mine.Community.String():          50,
	} {
		got := rowsOf(b.get(t, recordPath+"?"+query, http.StatusOK))
		if want < 0 && got == 0 || want >= 0 && got != min(want, recordsAPage) {
			t.Errorf("%s: %d records, want %d", query, got, want)
		}
	}
}

func TestRecordFiltersRefuse(t *testing.T) {
	d := newReaderDesk(t)
	d.passages(t, d.mine, 3)
	b := d.registrar(t)
	for field, query := range map[string]string{
		"from": "from=yesterday", "to": "from=2026-02-02&to=2026-02-01", "direction": "direction=up", "kind": "kind=x", "via": "via=x", "result": "result=x", "reason": "reason=x",
	} {
		page := b.get(t, recordPath+"?"+query, http.StatusUnprocessableEntity)
		wrongField(t, page, field)
		if rowsOf(page) != 0 {
			t.Errorf("%s: %d records all the same", query, rowsOf(page))
		}
		b.get(t, recordPath+"/export.xlsx?"+query, http.StatusUnprocessableEntity)
	}
	b.get(t, recordPath+"?before=x&after=-1", http.StatusOK)
	b.get(t, recordPath+"?q="+strings.Repeat("长", 41), http.StatusUnprocessableEntity)
}

func TestRecordsStayInScope(t *testing.T) {
	d := newReaderDesk(t)
	mine, theirs := d.passages(t, d.mine, 2), d.passages(t, d.others, 2)
	b := d.registrar(t)
	for _, query := range []string{
		"community=" + d.others.Community.String(), "house=" + d.others.Houses[0].String(), "gate=r" + d.others.Doors[0].ID.String(), "gate=p" + d.others.Post.String(),
		"gate=x1", "gate=r", "gate=r0%27",
	} {
		for _, path := range []string{recordPath, recordPath + "/export.xlsx"} {
			b.get(t, path+"?"+query, http.StatusNotFound)
		}
	}
	for _, id := range []string{theirs[0].ID.String(), "1", "x", "99999999999999999999"} {
		b.get(t, recordPath+"/"+id, http.StatusNotFound)
	}
	show := b.get(t, recordURL(mine[1].ID), http.StatusOK)
	for fact, want := range map[string]string{"姓名": mine[1].Name, "门或门岗": "东门岗", "方向": "进", "方式": "门岗扫码", "体温": "36.5 ℃", "结果": "放行"} {
		if got := factOf(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	for permission, paths := range map[core.Permission][]string{
		core.PermReaderView: {recordPath, recordURL(mine[0].ID), recordPath + "/news?since=1", recordPath + "/export.xlsx"},
		core.PermRecordView: {recordPath + "/export.xlsx"},
	} {
		who := d.signIn(t, core.ScopeOf(d.mine.Community), permission, core.PermReaderView)
		for _, path := range paths {
			who.get(t, path, http.StatusForbidden)
		}
		if permission == core.PermRecordView && who.get(t, recordPath, http.StatusOK).Find(`a[download]`).Length() != 0 {
			t.Error("an export is offered to who may not")
		}
	}
}

// export fetches the spreadsheet as its rows.
func (b *readerClerk) export(t *testing.T, query string) [][]string {
	t.Helper()
	return b.sheet(t, recordPath+"/export.xlsx?"+query)
}

// sheet downloads a spreadsheet and gives its rows.
func (b *readerClerk) sheet(t *testing.T, path string) [][]string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return b.download(t, request)
}

// download gives the rows of the spreadsheet that answers a request.
func (b *readerClerk) download(t *testing.T, request *http.Request) [][]string {
	t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("export: %d, %v", response.StatusCode, err)
	}
	if name := response.Header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment") || !strings.Contains(name, ".xlsx") {
		t.Errorf("named %q", name)
	}
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRecordExport(t *testing.T) {
	d := newReaderDesk(t)
	records := d.passages(t, d.mine, 7)
	d.passages(t, d.others, 4)
	b := d.registrar(t)
	rows := b.export(t, "")
	if len(rows) != 1+len(records) || strings.Join(rows[0], " ") != strings.Join(core.RecordColumns, " ") {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	oldest, newest := rows[len(records)], rows[1]
	if oldest[6] != hostileCell || oldest[8] != "36.5" || oldest[10] != "放行" || oldest[3] != "出" {
		t.Errorf("the oldest is %q", oldest)
	}
	if want := records[6].At.In(d.store.Zone()).Format("2006-01-02 15:04:05"); newest[0] != want {
		t.Errorf("the newest is of %s, want %s", newest[0], want)
	}
	if refused := rows[1+6-5]; refused[10] != "拒绝" || refused[11] != core.ReasonCount.Sentence() {
		t.Errorf("a refusal is %q", refused)
	}
	if n := len(b.export(t, "result=refused")); n != 1+2 {
		t.Errorf("%d rows with a filter", n)
	}
}

func TestRecordNews(t *testing.T) {
	d := newReaderDesk(t)
	records := d.passages(t, d.mine, 10)
	b := d.registrar(t)
	page := b.get(t, recordPath, http.StatusOK)
	if got := page.Find("#record-news").AttrOr("hx-get", ""); !strings.Contains(got, "since="+records[9].ID.String()) {
		t.Errorf("the page asks for %q", got)
	}
	news := func(query string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+recordPath+"/news?"+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("HX-Request", "true")
		part, _ := b.do(t, request, http.StatusOK)
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
	d.passages(t, d.others, 3)
	if got := news("since=" + records[9].ID.String()); got != "" {
		t.Errorf("another community's passages are news: %q", got)
	}
}

func TestRecordPages(t *testing.T) {
	shell := templates.Shell{Title: "出入记录", CSRF: "x"}
	list := templates.List{Path: recordPath, Query: url.Values{}, Filters: recordFields()}
	var hours core.HourTotals
	hours[7] = core.RecordTotals{In: 1, Out: 2, Refused: 3}
	templates.CheckAll(t, "console/accessrecord/", map[string]any{
		"console/accessrecord/list": recordListPage{Shell: shell, List: list, Day: "今天", Totals: []templates.Fact{{Label: "进", Value: "1"}}, News: recordNewsOf(url.Values{}, 1, 300),
			Rows: []recordRow{{URL: "/r", Name: hostileText, At: time.Unix(1, 0), Temp: "36.5 ℃", Why: "x", Result: recordBadge(core.AccessRecord{})}}},
		"console/accessrecord/list#empty": recordListPage{Shell: shell, List: list},
		"console/accessrecord/chart": recordChartPage{Shell: shell, Tabs: recordTabs("chart", url.Values{}), List: list, Range: "x", Charts: chartRangeOf(url.Values{"q": {"1"}}, 1, 2).charts(core.RecordCharts{
			Days: make([]core.RecordTotals, 2), Hours: hours, Gates: []core.GateTotals{{Gate: hostileText}}, Reasons: []core.RefusalCount{{Reason: core.ReasonCount, N: 1}}}, place{})},
		"console/accessrecord/chart#later": recordChartPage{Shell: shell, List: list, Later: "/x"},
		"console/accessrecord/chart#empty": recordChartPage{Shell: shell, List: list, Empty: templates.Empty{Title: "x"}},
		"console/accessrecord/show":        recordShowPage{Shell: shell, Facts: recordFacts(core.AccessRecord{}, "x", time.UTC), Links: []templates.Action{{Label: "住户资料", URL: "/r", Icon: "user"}}},
	})
}
