package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func TestRecordChart(t *testing.T) {
	d := newDesk(t)
	day := core.DayOf(d.Store.Now(), d.Store.Zone())
	at := func(daysAgo core.Day, direction core.Direction, reason core.Reason) core.AccessRecord {
		return core.AccessRecord{
			Community: d.Mine.Community, At: (day - daysAgo).Start(d.Store.Zone()).Add(7 * time.Hour),
			Via: core.ViaReader, Reader: d.Mine.Doors[0].ID, Gate: desk.Hostile, Direction: direction,
			Kind: core.PassResident, Allowed: reason == core.ReasonAllowed, Reason: reason,
		}
	}
	foreign := at(1, core.Out, core.ReasonAllowed)
	foreign.Community = d.Others.Community
	err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{
		at(1, core.Out, core.ReasonAllowed), at(1, core.In, core.ReasonAllowed),
		at(1, core.Out, core.ReasonCount), at(2, core.Out, core.ReasonFever), at(40, core.Out, core.ReasonAllowed), foreign,
	})
	if err != nil {
		t.Fatal(err)
	}
	b := d.Registrar(t)
	later := b.Get(t, frame.AccessRecordChartPath+"?direction=", http.StatusOK).Find("#list-body [hx-get]").AttrOr("hx-get", "")
	if later == "" {
		t.Fatal("the page waits for its charts")
	}
	page := b.Get(t, later, http.StatusOK)
	desk.Literally(t, page, desk.Hostile)
	words := func(selector string) string { return strings.Join(strings.Fields(page.Find(selector).Text()), "") }
	if n := page.Find("#by-day tbody tr").Length(); n != chartDays {
		t.Errorf("%d days, want %d", n, chartDays)
	}
	if got := words("#by-day tbody tr:nth-child(6)"); !strings.HasSuffix(got, "111") {
		t.Errorf("yesterday is %q", got)
	}
	if got := words("#by-gate tbody tr td"); got != "112" {
		t.Errorf("the gate's are %q", got)
	}
	if n := page.Find("#by-reason tbody tr").Length(); n != 2 {
		t.Errorf("%d reasons", n)
	}
	// Every bar links to the records that it counts.
	links := page.Find("#by-gate td a, #by-reason th a, #by-day tbody tr:nth-child(6) td a")
	if links.Length() != 3+2+3 {
		t.Errorf("%d links", links.Length())
	}
	for i := range links.Length() {
		link := links.Eq(i)
		want := link.Text()
		if link.ParentFiltered("th").Length() == 1 {
			want = "1"
		}
		if n := b.Get(t, link.AttrOr("href", ""), http.StatusOK).Find("#list-body tbody tr").Length(); want != string(rune('0'+n)) {
			t.Errorf("%s lists %d records, the chart counts %s", link.AttrOr("href", ""), n, want)
		}
	}
	if tab := page.Find(`.tx-tabs a[href^="` + frame.AccessRecordPath + `"]`).Length(); tab != 2 {
		t.Errorf("%d tabs", tab)
	}
}

func TestRecordChartRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for _, query := range []string{"?from=2026-01-01&to=2026-02-01", "?from=2026-01-02&to=2026-01-01"} {
		page := b.Get(t, frame.AccessRecordChartPath+query, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, "to")
		if page.Find("[data-chart]").Length() != 0 {
			t.Errorf("%s is drawn", query)
		}
	}
	b.Get(t, frame.AccessRecordChartPath+"?from=2026-01-01&to=2026-01-31", http.StatusOK)
	b.Get(t, frame.AccessRecordChartPath+"?community="+d.Others.Community.String(), http.StatusNotFound)
	b.Get(t, frame.AccessRecordChartPath+"?gate=r"+d.Others.Doors[0].ID.String(), http.StatusNotFound)
}
