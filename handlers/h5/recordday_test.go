package h5

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// past writes records of so many days ago, the odd ones refused.
func (s *site) past(t *testing.T, days ...int) {
	t.Helper()
	noon := core.DayOf(s.store.Now(), s.store.Zone()).Start(s.store.Zone())
	var records []core.AccessRecord
	for i, ago := range days {
		records = append(records, core.AccessRecord{
			Community: s.Community, At: noon.AddDate(0, 0, -ago).Add(time.Millisecond), Via: core.ViaReader, Reader: s.Doors[0].ID,
			Gate: "南门出口", Direction: core.Out, Kind: core.PassResident, Name: s.Residents[0].Name, HouseLabel: "1栋1单元101",
			Allowed: i%2 == 0, Reason: core.ReasonHours,
		})
	}
	if err := s.store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

// An observer reads records under the days they are of, narrows them by one tap, and reads nothing that is
// the same in every row.
func TestObserverReadsByDays(t *testing.T) {
	w := newSite(t, estate.Plan{})
	w.past(t, 0, 0, 1, 3, 10)
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	page := p.get("/h5/observer", http.StatusOK)
	today := core.DayOf(w.store.Now(), w.store.Zone())
	heads := page.Find("#records .p-date").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	want := []string{"今天", "昨天", (today - 3).Words(today), (today - 10).Words(today)}
	if !slices.Equal(heads, want) {
		t.Errorf("headings %q, want %q", heads, want)
	}
	row := page.Find("#records li").First().Text()
	kind := len(core.PassKinds()) == 1 && strings.Contains(row, core.PassResident.Label())
	if kind || strings.Contains(row, w.Residents[0].Name) {
		t.Errorf("a row reads %q", row)
	}
	if community, err := w.store.Community(t.Context(), core.Everywhere, w.Community); err != nil || strings.Contains(row, community.Name) {
		t.Errorf("the only community is in the row %q, %v", row, err)
	}
	tap := func(from *goquery.Document, label string) *goquery.Document {
		t.Helper()
		link := from.Find(".p-chips a").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == label })
		return p.get(link.AttrOr("href", "/none"), http.StatusOK)
	}
	for label, want := range map[string]int{"今天": 2, "昨天": 1, "近7天": 4, "只看拒绝": 2} {
		chosen := tap(page, label)
		if n := chosen.Find("#records li").Length(); n != want {
			t.Errorf("%s: %d records, want %d", label, n, want)
		}
		if on := chosen.Find(`.p-chips [aria-current]`).Text(); on != label || chosen.Find("details.p-filters[open]").Length() != 0 {
			t.Errorf("%s: chosen is %q, or the filters are open", label, on)
		}
		if n := tap(chosen, label).Find("#records li").Length(); n != 5 {
			t.Errorf("%s tapped again: %d records, want all", label, n)
		}
	}
	if n := tap(tap(page, "近7天"), "只看拒绝").Find("#records li").Length(); n != 2 {
		t.Errorf("the refusals of seven days: %d, want 2", n)
	}
	p.get("/h5/observer?days=30", http.StatusUnprocessableEntity)
}

// The filters stay folded, so that the records are on the first screen, and say how many are set; without
// records the page says whether there are none at all.
func TestObserverFiltersStayFolded(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	none := p.get("/h5/observer", http.StatusOK)
	if text := none.Find(".tx-empty").Text(); !strings.Contains(text, "还没有出入记录") || strings.Contains(text, "换个") ||
		none.Find(".tx-empty a").Length() != 0 {
		t.Errorf("without records: %q", text)
	}
	w.past(t, 0)
	for query, want := range map[string]string{
		"": "筛选", "?days=7&result=refused": "筛选", "?direction=in&result=allowed": "筛选（2 项）", "?q=zzz": "筛选（1 项）",
	} {
		page := p.get("/h5/observer"+query, http.StatusOK)
		if page.Find("details.p-filters[open]").Length() != 0 || page.Find(".p-filters summary").Text() != want {
			t.Errorf("%s: the filters read %q", query, page.Find(".p-filters summary").Text())
		}
	}
	found := p.get("/h5/observer?q=zzz", http.StatusOK)
	if found.Find(`.tx-empty a[href="/h5/observer"]`).Length() != 1 || found.Find("[data-live-state]").Length() != 0 {
		t.Errorf("a search without a hit, which is not live: %q", found.Find("main").Text())
	}
}

// The day headings fit a phone, in both themes.
func TestObserverDaysOnAPhone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	w.past(t, 0, 0, 1, 3, 10)
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	p.get("/h5/observer", http.StatusOK)
	ctx, address := p.screen(browser.Phone)
	for _, theme := range []string{"light", "dark"} {
		p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/observer")))
		p.await(ctx, `(document.documentElement.dataset.bsTheme = "`+theme+`", document.documentElement.scrollWidth <= innerWidth)`)
		p.picture(ctx, "observer-"+theme)
	}
}
