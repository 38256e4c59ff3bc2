package h5

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// elderAt registers somebody without a phone in the first house.
func (w *site) elderAt(t *testing.T, name string) store.ResidentRow {
	t.Helper()
	id, err := w.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Houses[0], Name: name, Identity: core.Family,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w.elder(t, id)
}

func (w *site) elder(t *testing.T, id core.ID) store.ResidentRow {
	t.Helper()
	r, err := w.store.Resident(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A guard finds an elder without a phone by name and by house, and lets them out as often as the rule
// allows: the exits are the elder's own, and kept like those of a scan.
func TestGuardReleasesAnElderWithoutAPhone(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 1, FeverTenths: 373}})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	r := w.elderAt(t, "欧阳桂兰")
	find := func(text string) *goquery.Selection {
		t.Helper()
		page := p.get(post+"/search?q="+url.QueryEscape(text), http.StatusOK)
		return page.Find("li.p-found").FilterFunction(func(_ int, s *goquery.Selection) bool {
			return s.Find("b").Text() == "欧阳桂兰"
		})
	}
	if row := find("欧阳桂兰"); row.Length() != 1 || row.Find(`[name="pass"]`).Length() != 0 ||
		!strings.Contains(row.Text(), "未认证") || !strings.Contains(row.Text(), "无手机") {
		t.Fatalf("before the certification the guard finds %q", row.Text())
	}
	how := core.Certification{How: core.CertifiedByIDCard}
	if _, err := w.store.CertifyResident(t.Context(), core.System, core.Everywhere, r.ID, r.Updated, how); err != nil {
		t.Fatal(err)
	}
	r = w.elder(t, r.ID)
	for _, text := range []string{"欧阳桂兰", "桂兰", r.HouseLabel} {
		if got := find(text).Find(`[name="pass"]`).AttrOr("value", ""); got != r.Pass.String() {
			t.Fatalf("%s finds the pass %q, not %s", text, got, r.Pass)
		}
	}
	page := p.get(post, http.StatusOK)
	pass := func(direction, verdict string) {
		t.Helper()
		look := p.post(page, post+"/look", url.Values{"pass": {r.Pass.String()}, "direction": {direction}}, http.StatusOK)
		if !strings.Contains(look.Text(), "欧阳桂兰") || !strings.Contains(look.Text(), r.HouseLabel) {
			t.Errorf("the guard does not see whose pass it is: %s", look.Find("main").Text())
		}
		form := url.Values{
			"pass": {r.Pass.String()}, "key": {look.Find(`[name="key"]`).AttrOr("value", "")},
			"direction": {direction}, "act": {"release"},
		}
		if done := p.post(page, post+"/release", form, http.StatusOK); !strings.Contains(done.Text(), verdict) {
			t.Errorf("%s: %s", direction, done.Find("main").Text())
		}
	}
	pass("out", "已放行")
	pass("in", "已放行")
	pass("out", "未放行")
	records, _, err := w.store.AccessRecords(
		t.Context(), core.ScopeOf(w.Community), core.RecordFilter{Person: r.Person}, store.Page{Limit: 9},
	)
	if err != nil || len(records) != 3 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	slices.Reverse(records)
	for i, want := range []struct {
		allowed, counted bool
		reason           core.Reason
	}{{true, true, core.ReasonAllowed}, {true, false, core.ReasonAllowed}, {false, false, core.ReasonCount}} {
		rec := records[i]
		if rec.Via != core.ViaManual || rec.Allowed != want.allowed || rec.Counted != want.counted || rec.Reason != want.reason {
			t.Errorf("record %d: %+v", i, rec)
		}
	}
	// The others of the house have their own exits.
	for _, other := range w.Residents {
		if preview, err := w.store.Preview(t.Context(), other.Pass); err != nil || preview.Decision.Left != 1 {
			t.Errorf("%s has %d exits left, %v", other.Name, preview.Decision.Left, err)
		}
	}
	withdrawal := store.Withdrawal{Resident: r.ID, Reason: "证件有误"}
	if _, err := w.store.WithdrawCertification(t.Context(), core.System, core.Everywhere, withdrawal); err != nil {
		t.Fatal(err)
	}
	pass("in", "未放行")
}
