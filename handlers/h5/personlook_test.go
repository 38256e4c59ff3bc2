package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// An observer's search and a guard's look at a pass are what the resident reads of, each by what they are.
func TestResidentsReadWhoLooked(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.Residents[0]
	resident := w.resident(t, one)
	if text := resident.get(lookPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有人看过") {
		t.Errorf("nobody has looked: %s", text)
	}
	if _, err := w.store.Scan(t.Context(), store.ScanAttempt{
		Via: core.ViaManual, Post: w.Post, Direction: core.Out, Pass: one.Pass, TokenDigest: "out",
	}); err != nil {
		t.Fatal(err)
	}
	w.staff(t, core.BindObserver, w.Observer, "observer").get("/h5/observer?q="+url.QueryEscape(one.Name), http.StatusOK)
	guard, post := w.staff(t, core.BindGuard, w.Guard, "guard"), "/h5/guard/"+w.Post.String()
	look := url.Values{"pass": {one.Pass.String()}, "direction": {"out"}}
	guard.post(guard.get(post, http.StatusOK), post+"/look", look, http.StatusOK)

	observer, err := w.store.Observer(t.Context(), core.Everywhere, w.Observer)
	if err != nil {
		t.Fatal(err)
	}
	who, err := w.store.Guard(t.Context(), core.Everywhere, w.Guard)
	if err != nil {
		t.Fatal(err)
	}
	rows := resident.get(lookPath, http.StatusOK).Find("main li")
	for _, want := range []string{
		"观察员（" + observer.Capacity + "） " + core.MaskName(observer.Name), "门岗 " + core.MaskName(who.Name),
	} {
		has := func(_ int, row *goquery.Selection) bool { return strings.Contains(row.Text(), want) }
		if n := rows.FilterFunction(has).Length(); n != 1 {
			t.Errorf("%d rows of %s: %s", n, want, rows.Text())
		}
	}
	other := w.resident(t, w.Residents[len(w.Residents)-1])
	if text := other.get(lookPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有人看过") {
		t.Errorf("another resident reads %s", text)
	}
}
