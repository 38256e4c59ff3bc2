package h5

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// closed is a rule that lets nobody out.
var closed = core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373}

// closedPost returns a site that lets nobody out, and the guard of its post, which may release urgently.
func closedPost(t *testing.T) (w *site, p *phone, post string) {
	t.Helper()
	w = newSite(t, estate.Plan{Rule: closed})
	w.allowUrgent(t, true)
	return w, w.staff(t, core.BindGuard, w.Guard, "guard"), "/h5/guard/" + w.Post.String()
}

// urgent returns the form of an urgent release of somebody found by name.
func (s *site) urgent(key string) url.Values {
	return url.Values{
		"pass": {s.Residents[0].Pass.String()}, "key": {key}, "direction": {"out"}, "act": {"urgent"}, "reason": {"就医急诊"},
	}
}

// released checks how many urgent releases there are: each with its record, which counts, and its line in
// the audit log.
func (s *site) released(t *testing.T, want int) {
	t.Helper()
	records, _, err := s.store.AccessRecords(
		t.Context(), core.ScopeOf(s.Community), core.RecordFilter{Reason: core.ReasonUrgent}, store.Page{Limit: 99},
	)
	if err != nil {
		t.Fatal(err)
	}
	lines, _, err := s.store.AuditRecords(
		t.Context(), core.Everywhere, core.AuditFilter{Action: "accessrecord.urgent"}, store.Page{Limit: 99},
	)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != want || len(lines) != want {
		t.Errorf("%d urgent releases with %d lines of the audit log, want %d", len(records), len(lines), want)
	}
}

// Two guards, or one who presses twice: the same form is one release on both servers of the site; another
// form is another release, on record as such.
func TestUrgentReleaseTwiceAtOnce(t *testing.T) {
	w, p, post := closedPost(t)
	page := p.get(post, http.StatusOK)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			other := &phone{t: t, client: p.client, address: w.address[i%2]}
			if done := other.post(page, post+"/release", w.urgent("k1"), http.StatusOK); !strings.Contains(done.Text(), "已紧急放行") {
				t.Errorf("the guard reads %q", done.Find("main").Text())
			}
		})
	}
	wg.Wait()
	w.released(t, 1)
	p.post(page, post+"/release", w.urgent("k2"), http.StatusOK)
	w.released(t, 2)
}

// A session that ended between the look and the press releases nobody, and the guard signs in again.
func TestUrgentReleaseAfterTheSessionEnded(t *testing.T) {
	w, p, post := closedPost(t)
	page := p.get(post, http.StatusOK)
	p.post(page, "/h5/guard/session/end", url.Values{}, http.StatusSeeOther)
	over := p.post(page, post+"/release", w.urgent("k1"), http.StatusUnauthorized)
	if over.Find(`a[href="/h5/session/guard"]`).Length() != 1 || strings.Contains(over.Text(), "放行") {
		t.Errorf("the guard reads %q", over.Find("main").Text())
	}
	w.released(t, 0)
	p.signIn("guard", "o-"+core.BindGuard+"/2")
	if done := p.post(p.get(post, http.StatusOK), post+"/release", w.urgent("k1"), http.StatusOK); !strings.Contains(done.Text(), "已紧急放行") {
		t.Errorf("signed in again: %q", done.Find("main").Text())
	}
	w.released(t, 1)
}

// Without Redis no code can be read. The page says that before and after the press, and leads to the way that
// needs none; there, an urgent release works.
func TestUrgentReleaseWithoutRedis(t *testing.T) {
	w, p, post := closedPost(t)
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	page := p.get(post, http.StatusOK)
	w.redis.Close()
	byHand := func(what string, words string, form url.Values) {
		t.Helper()
		said := p.post(page, post+what, form, http.StatusOK)
		if said.Find(`a[href="`+post+`/search"]`).Length() != 1 || !strings.Contains(said.Find(".p-verdict").Text(), words) ||
			said.Find(`[name="act"], [data-scan-next]`).Length() != 0 {
			t.Errorf("%s: the guard reads %q", what, said.Find("main").Text())
		}
	}
	byHand("/look", "暂时不能核对", url.Values{"text": {issued.Text}})
	scanned := w.urgent("k1")
	scanned.Del("pass")
	scanned.Set("text", issued.Text)
	byHand("/release", "未放行", scanned)
	w.released(t, 0)

	found := p.get(post+"/search?q="+url.QueryEscape(w.Residents[0].Name), http.StatusOK)
	pass := url.Values{"pass": {found.Find(`[name="pass"]`).AttrOr("value", "")}}
	seen := p.post(found, post+"/look", pass, http.StatusOK)
	if seen.Find(`[value="urgent"]`).Length() != 1 {
		t.Fatalf("it is not offered: %s", seen.Find("main").Text())
	}
	for range 2 {
		if done := p.post(seen, post+"/release", w.urgent("k2"), http.StatusOK); !strings.Contains(done.Text(), "已紧急放行") {
			t.Errorf("the guard reads %q", done.Find("main").Text())
		}
	}
	w.released(t, 1)
}

// lookAt opens the page on which the guard decides about the first resident, and returns its browser.
func (s *site) lookAt(p *phone) context.Context {
	p.t.Helper()
	ctx, address := p.screen(browser.Phone)
	search := fmt.Sprintf("%s/h5/guard/%s/search?q=%s", address, s.Post, url.QueryEscape(s.Residents[0].Name))
	p.must(chromedp.Do(ctx, chromedp.Navigate(search)))
	p.run(ctx, `document.querySelector('[name="pass"]').form.requestSubmit()`)
	p.await(ctx, `document.querySelector(".p-look") !== null && document.querySelector('[value="urgent"]') !== null`)
	return ctx
}

// run runs a script on the page.
func (p *phone) run(ctx context.Context, script string) {
	p.t.Helper()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("("+script+", true)"))
	p.must(err)
}

const (
	chooseReason = `document.querySelector("[data-fill]").click()`
	pressUrgent  = `document.querySelector('[name="act"][value="urgent"]').click()`
)

// Without a connection the press sends nothing, says so, and keeps what was filled in; with one again, the
// same press releases.
func TestUrgentReleaseWithoutAConnection(t *testing.T) {
	w, p, _ := closedPost(t)
	ctx := w.lookAt(p)
	connected := func(on bool) {
		t.Helper()
		p.line.cut(!on)
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
			Offline: !on, DownloadThroughput: -1, UploadThroughput: -1,
		})
		p.must(err)
		p.await(ctx, fmt.Sprintf("navigator.onLine === %t", on))
	}
	p.run(ctx, chooseReason)
	connected(false)
	p.run(ctx, pressUrgent)
	p.await(ctx, `document.querySelector(".tx-toast")?.innerText.includes("还没有提交") &&
		document.querySelector("[name=reason]").value !== "" && document.querySelector("[aria-busy]") === null`)
	p.picture(ctx, "urgent-offline")
	w.released(t, 0)
	connected(true)
	p.run(ctx, pressUrgent)
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("已紧急放行")`)
	w.released(t, 1)
}

// The release arrived and its answer was lost: sent again, it is the same release.
func TestUrgentReleaseWhoseAnswerIsLost(t *testing.T) {
	w, p, _ := closedPost(t)
	ctx := w.lookAt(p)
	p.run(ctx, chooseReason)
	p.line.deaf.Store(true)
	p.run(ctx, pressUrgent)
	p.await(ctx, `document.querySelector('[name="act"]') === null && document.readyState === "complete"`) // the browser's own page
	w.released(t, 1)
	p.line.deaf.Store(false)
	p.must(chromedp.Do(ctx, chromedp.Reload()))
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("已紧急放行")`)
	w.released(t, 1)
}

// The three acts about a refused pass are in one row at the thumb of the narrowest phone, and the field
// that is wrong is not behind them.
func TestUrgentReleaseFitsASmallPhone(t *testing.T) {
	w, p, _ := closedPost(t)
	ctx := w.lookAt(p)
	for _, size := range []browser.Size{small, {Width: 320, Height: 560}, browser.Phone} {
		p.must(chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.Width), int64(size.Height))))
		p.await(ctx, `(() => {
			const acts = [...document.querySelectorAll(".p-decide > *")].map((e) => e.getBoundingClientRect());
			return acts.length === 3 && acts.every((at) => at.height >= 56 && at.height < 70 && at.top === acts[0].top &&
				at.bottom <= innerHeight && at.bottom > innerHeight - 40) && document.documentElement.scrollWidth <= innerWidth;
		})()`)
	}
	p.must(chromedp.Do(ctx, chromedp.EmulateViewport(int64(small.Width), int64(small.Height))))
	p.run(ctx, pressUrgent)
	p.await(ctx, `(() => {
		const field = document.querySelector(".tx-wrong input");
		if (!field || document.activeElement !== field) return false;
		const bar = document.querySelector(".p-decide").getBoundingClientRect();
		return field.getBoundingClientRect().top >= 0 &&
			document.querySelector(".tx-wrong .tx-error").getBoundingClientRect().bottom <= bar.top;
	})()`)
	p.picture(ctx, "urgent-no-reason")
}
