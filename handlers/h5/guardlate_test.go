package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// lateRecords returns the records, latest first: all are of what was written down without a connection.
func (w *site) lateRecords(t *testing.T) []core.AccessRecord {
	t.Helper()
	records, _, err := w.store.AccessRecords(
		t.Context(), core.ScopeOf(w.Community), core.RecordFilter{}, store.Page{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// What the phone sends later is recorded once, and answered with what has become of it.
func TestPassagesAreSentLater(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 1, FeverTenths: 373}})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	at := "/h5/guard/" + w.Post.String()
	house, err := w.store.House(t.Context(), core.Everywhere, w.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	page := p.get(at, http.StatusOK)
	for _, c := range []struct{ key, name, house, want string }{
		{"a", w.Residents[0].Name, house.Label, `"good":true`}, {"a", w.Residents[0].Name, house.Label, `"good":true`},
		{"b", w.Residents[0].Name, house.Label, "规则不允许：出门次数已用完）。物业会核对。"}, {"c", "送水工", "", "没有找到这位住户"},
	} {
		form := url.Values{"key": {c.key}, "name": {c.name}, "house": {c.house}, "direction": {"out"}, "reason": {"没电"}, "ago": {"90"}}
		if got := p.post(page, at+"/late", form, http.StatusOK).Text(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.key, got, c.want)
		}
	}
	if n := len(w.lateRecords(t)); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	for name, form := range map[string]url.Values{
		"no key": {"name": {"x"}, "direction": {"out"}}, "nobody": {"key": {"k"}, "direction": {"out"}},
		"no direction": {"key": {"k"}, "name": {"x"}}, "another": {"key": {"k"}, "name": {"x"}, "direction": {"up"}},
		"a long name": {"key": {"k"}, "name": {strings.Repeat("长", 70)}, "direction": {"in"}}, "no reason": {},
	} {
		if form.Set("reason", "没电"); name == "no reason" {
			form = url.Values{"key": {"k"}, "name": {"x"}, "direction": {"out"}}
		}
		if p.post(page, at+"/late", form, http.StatusUnprocessableEntity); len(w.lateRecords(t)) != 3 {
			t.Errorf("%s is recorded", name)
		}
	}
	other := url.Values{"key": {"k"}, "name": {"x"}, "direction": {"in"}, "reason": {"没电"}}
	p.post(page, "/h5/guard/"+w.Community.String()+"/late", other, http.StatusNotFound)
}

// The network goes, the guard writes two people down; it comes back, and the answers are lost first: each is recorded once,
// and nothing stays on the phone.
func TestAGuardWritesPassagesDownOffline(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	const shown = `(selector => document.querySelector(selector)?.checkVisibility())`
	p.await(ctx, shown+`("[data-scan]") && !`+shown+`("[data-late]")`)
	p.await(ctx, `document.querySelector("[data-scan-open]").dataset.scanOpen === "ready"`)
	offline := func(off bool) {
		t.Helper()
		p.line.cut(off)
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
			Offline: off, DownloadThroughput: -1, UploadThroughput: -1,
		})
		p.must(err)
	}
	offline(true)
	const lamp = `document.querySelector("[data-live-state]").dataset.liveState`
	p.await(ctx, shown+`("[data-late]") && !`+shown+`("[data-scan]") && `+lamp+` === "off"`)
	p.picture(ctx, "guard-offline")
	p.run(ctx, `document.querySelector('a[href$="/inside"]').click()`) // stays here
	write := func(name string) {
		t.Helper()
		p.run(ctx, `(() => { const form = document.querySelector("[data-late]");
			form.elements.name.value = "`+name+`"; form.elements.house.value = "`+w.houseLabel(t)+`"; form.requestSubmit();
			form.elements.reason.value = "没电"; form.requestSubmit() })()`)
	}
	write(w.Residents[0].Name)
	write("送水工")
	p.await(ctx, `document.querySelector("[data-late-count]")?.innerText.startsWith("2 条") && localStorage.length >= 2`)
	if n := len(w.lateRecords(t)); n != 0 {
		t.Errorf("%d records already", n)
	}
	p.line.deaf.Store(true) // the server hears, and its answers are lost
	offline(false)
	for len(w.lateRecords(t)) == 0 {
		p.await(ctx, `document.querySelector("[data-late-count]")?.innerText.startsWith("2 条")`)
	}
	p.line.deaf.Store(false)
	p.run(ctx, `window.dispatchEvent(new Event("online"))`)
	p.await(ctx, `document.querySelectorAll("[data-late-list] li").length === 2 && document.querySelector("[data-late-count]").hidden &&
		Object.keys(localStorage).every(name => !name.startsWith("tongxing-late-"))`)
	p.await(ctx, shown+`("[data-scan]") && !`+shown+`("[data-late]") && `+lamp+` === "on"`)
	p.picture(ctx, "guard-sent")
	if records := w.lateRecords(t); len(records) != 2 {
		t.Errorf("%d records: %+v", len(records), records)
	}
}

// A server that does not answer is as good as none.
func TestAGuardIsToldThatTheServerIsAway(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	p.await(ctx, `document.querySelector("[data-live-state]")?.dataset.liveState === "on"`)
	p.line.cut(true)
	p.await(ctx, `document.querySelector("[data-late]")?.checkVisibility()`)
	p.line.cut(false)
	p.await(ctx, `document.querySelector("[data-late]")?.checkVisibility() === false`)
}

// A proxy that answers for a server which is down is as good as no connection: the guard writes down, and it is sent once the server
// is back.
func TestAGuardWritesPassagesDownWhileAProxyAnswers(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	p.await(ctx, `document.querySelector("[data-live-state]")?.dataset.liveState === "on"`)
	p.line.away.Store(true)
	p.line.hangUp()
	p.await(ctx, `document.querySelector("[data-late]")?.checkVisibility()`)
	p.run(ctx, `(() => { const form = document.querySelector("[data-late]");
		form.elements.name.value = "送水工"; form.elements.reason.value = "送货"; form.requestSubmit();
		window.dispatchEvent(new Event("online")) })()`) // the phone believes that there is a connection, and sends
	p.await(ctx, `document.querySelector("[data-late-count]")?.innerText.startsWith("1 条") &&
		document.querySelector("[data-late]").checkVisibility()`)
	p.line.away.Store(false)
	p.await(ctx, `document.querySelector("[data-late-count]").hidden && document.querySelector("[data-late]").checkVisibility() === false`)
	if records := w.lateRecords(t); len(records) != 1 {
		t.Errorf("%d records: %+v", len(records), records)
	}
}

// houseLabel returns the first house as it is written.
func (w *site) houseLabel(t *testing.T) string {
	t.Helper()
	house, err := w.store.House(t.Context(), core.Everywhere, w.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	return house.Label
}
