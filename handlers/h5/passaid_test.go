package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A resident leaves in an emergency by one tap, though nobody may leave; the reason is asked for, another's pass is not there. A family
// member is let out by a code on this phone.
func TestResidentLeavesInAnEmergencyAndHelpsFamily(t *testing.T) {
	w := newSite(t, estate.Plan{Members: 2, Rule: core.PassRule{
		Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373, ReaderQR: true,
	}})
	one, two := w.Residents[0], w.Residents[1]
	if one.House != two.House {
		t.Fatalf("%s and %s live in two houses", one.Name, two.Name)
	}
	p, at := w.resident(t, one), "/h5/pass/"+one.Pass.String()
	if seen := p.get(at, http.StatusOK); seen.Find(`a[href="`+at+`/urgent"]`).Length() != 1 || !strings.Contains(seen.Text(), "不能") {
		t.Fatalf("before: %s", seen.Find("main").Text())
	}
	page := p.get(at+"/urgent", http.StatusOK)
	p.post(page, at+"/urgent", url.Values{}, http.StatusUnprocessableEntity)
	p.post(page, at+"/urgent", url.Values{"preset": {"就医急诊"}}, http.StatusSeeOther)
	if text := p.get(at, http.StatusOK).Find("main").Text(); !strings.Contains(text, "紧急出门") || !strings.Contains(text, "就医急诊") {
		t.Errorf("said: %s", text)
	}
	issued, err := w.gate.Issue(t.Context(), one.Pass)
	p.must(err)
	if d := w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text).Decision; d.Reason != core.ReasonUrgent || !d.Allowed {
		t.Errorf("at the door: %+v", d)
	}
	p.get("/h5/pass/"+two.Pass.String()+"/urgent", http.StatusNotFound)
	records, _, err := w.store.AccessRecords(t.Context(), core.Everywhere, core.RecordFilter{Person: one.Person}, store.Page{Limit: 1})
	if err != nil || len(records) != 1 || !records[0].Urgent() {
		t.Errorf("%+v, %v", records, err)
	}

	p.post(page, at+"/urgent", url.Values{"preset": {"照看老人小孩"}}, http.StatusSeeOther)
	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	release := url.Values{"pass": {one.Pass.String()}, "key": {"k1"}, "direction": {"out"}, "act": {"release"}}
	for range 2 { // sent twice, the same is told again
		done := guard.post(guard.get(post, http.StatusOK), post+"/release", release, http.StatusOK)
		if words := done.Find(".p-verdict").Text(); !strings.Contains(words, "已记录原因：照看老人小孩（小区禁止出入）") {
			t.Errorf("the guard reads %q", words)
		}
	}

	family := p.get(at+"/vouch", http.StatusOK)
	if !strings.Contains(family.Find(".p-found").Text(), two.Name) {
		t.Fatalf("family: %s", family.Find("main").Text())
	}
	shown := p.post(family, at+"/vouch", url.Values{"member": {two.Pass.String()}}, http.StatusOK)
	if shown.Find(`img[alt="`+two.Name+`的通行二维码"]`).Length() != 1 {
		t.Errorf("no code: %s", shown.Find("main").Text())
	}
	p.post(family, at+"/vouch", url.Values{"member": {"77"}}, http.StatusNotFound)
}
