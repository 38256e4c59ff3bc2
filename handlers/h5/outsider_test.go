package h5

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// An observer's search reveals nothing that the page hides: a given name or the digits of a phone
// number find no more than any other text, and each search is audited.
func TestObserverSearchIsNoOracle(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.Residents[0]
	issued, err := w.gate.Issue(t.Context(), one.Pass)
	if err != nil {
		t.Fatal(err)
	}
	w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	found := func(q string) int {
		t.Helper()
		return p.get("/h5/observer?q="+url.QueryEscape(q), http.StatusOK).Find("#records li").Length()
	}
	family := string([]rune(one.Name)[:1])
	if right, wrong, short := found(one.Name), found(family+"不是"), found(family); right != 1 || wrong != 1 || short != 1 {
		t.Errorf("found %d by the whole name, %d by another given name, %d by the family name", right, wrong, short)
	}
	for _, q := range []string{one.Phone[7:], one.Phone, "不"} {
		if n := found(q); n != 0 {
			t.Errorf("%d found by %s", n, q)
		}
	}
	searches := core.AuditFilter{Action: "accessrecord.search"}
	lines, _, err := w.store.AuditRecords(t.Context(), core.ScopeOf(w.Community), searches, store.Page{Limit: 50})
	if err != nil || len(lines) != 6 {
		t.Errorf("%d searches in the audit log, %v", len(lines), err)
	}
	last := 0
	for range searchesPerMinute {
		response, _ := p.do(http.MethodGet, "/h5/observer?q=x", nil)
		last = response.StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("searches without end: %d", last)
	}
	p.get("/h5/observer", http.StatusOK) // viewing still works
}

// A name that is searched for is posted, and no URL on the resulting pages contains it.
func TestPhoneSearchesLeaveNoNameInAnAddress(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.Residents[0]
	for range maxObserver + 1 {
		issued, err := w.gate.Issue(t.Context(), one.Pass)
		if err != nil {
			t.Fatal(err)
		}
		w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	}
	observer := w.staff(t, core.BindObserver, w.Observer, "observer")
	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	search := "/h5/guard/" + w.Post.String() + "/search"
	for _, c := range []struct {
		by         *phone
		path, text string
		rows       string
		want       int
	}{
		{observer, "/h5/observer", string([]rune(one.Name)[:1]), "#records li", maxObserver},
		{guard, search, one.Name, ".p-found", 1}, {guard, search, one.Phone, ".p-found", 1},
	} {
		page := c.by.get(c.path, http.StatusOK)
		form := page.Find(`form[action="` + c.path + `"]`)
		if form.AttrOr("method", "") != "post" || form.Find(`[name="q"]`).Length() != 1 {
			t.Errorf("%s: the search is sent by %q", c.path, form.AttrOr("method", ""))
		}
		values := url.Values{"q": {c.text}, "csrf": {form.Find(`[name="csrf"]`).AttrOr("value", "")}}
		response, _ := c.by.do(http.MethodPost, c.path, values)
		to := response.Header.Get("Location")
		plain := func(address string) bool {
			text, err := url.QueryUnescape(address)
			return err != nil || strings.Contains(text, c.text) || strings.Contains(text, "q=") || strings.Contains(text, "csrf")
		}
		if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, c.path+"?q_=") || plain(to) {
			t.Fatalf("%s: %d to %s", c.path, response.StatusCode, to)
		}
		page = c.by.get(to, http.StatusOK)
		if n := page.Find(c.rows).Length(); n != c.want {
			t.Errorf("%s: %d found by %s, want %d", c.path, n, c.text, c.want)
		}
		if got := page.Find(`[name="q"]`).AttrOr("value", ""); got != c.text {
			t.Errorf("%s: the box reads %q", c.path, got)
		}
		page.Find("a[href]").Each(func(_ int, link *goquery.Selection) {
			if plain(link.AttrOr("href", "")) {
				t.Errorf("%s: %q leads to %s", c.path, link.Text(), link.AttrOr("href", ""))
			}
		})
		c.by.get(strings.Replace(to, "q_=", "q_=A", 1), http.StatusUnprocessableEntity)
	}
}

// A stream ends soon after its caller loses access, and contains no ids.
func TestStreamEndsWithItsCaller(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/h5/observer/events?since=0", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Scan()
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	for lines.Scan() && lines.Text() != "event: record" {
		if strings.HasPrefix(lines.Text(), "id:") {
			t.Errorf("the stream tells %q", lines.Text())
		}
	}
	if err := w.store.RemoveObserver(t.Context(), core.System, core.Everywhere, w.Observer); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if ctx.Err() != nil {
		t.Error("the stream outlives its observer")
	}
}

// Pages that follow the same records share a read, which stops with the last of them.
func TestPagesShareOneLook(t *testing.T) {
	w := newSite(t, estate.Plan{})
	l := web.NewLookouts(w.gate, hygiene.Logger(t), newestOf(w.store))
	same := web.LookoutOf{Scope: core.ScopeOf(w.Community)}
	other := web.LookoutOf{Scope: core.ScopeOf(w.Community), Filter: core.RecordFilter{Person: w.Residents[0].Person}}
	var leaves []func()
	for i := range 30 {
		of := same
		if i%3 == 0 {
			of = other
		}
		looks, leave := l.Join(of)
		<-looks // each page is notified, however many there are
		leaves = append(leaves, leave)
	}
	if l.Watched() != 2 {
		t.Errorf("%d looks for 30 pages of two kinds", l.Watched())
	}
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	looks, leave := l.Join(other)
	w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	for newest := range looks {
		if len(newest) == 1 {
			break
		}
	}
	for _, leave := range append(leaves, leave) {
		leave()
	}
	if l.Watched() != 0 {
		t.Errorf("%d looks for nobody", l.Watched())
	}
}
