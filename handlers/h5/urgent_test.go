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

func (s *site) allowUrgent(t *testing.T, allow bool) {
	t.Helper()
	post, err := s.store.GuardPost(t.Context(), core.Everywhere, s.Post)
	if err != nil {
		t.Fatal(err)
	}
	post.Urgent = allow
	if _, err := s.store.UpdateGuardPost(t.Context(), core.System, core.Everywhere, post); err != nil {
		t.Fatal(err)
	}
}

// 紧急放行 is offered where the post allows it and only the pass's own rules refuse; it needs a reason, and
// what it did is said as such.
func TestGuardReleasesUrgently(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373}})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	page := p.get(post, http.StatusOK)
	const offer = `[name="act"][value="urgent"]`
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	code := url.Values{"text": {issued.Text}}
	if p.post(page, post+"/look", code, http.StatusOK).Find(offer).Length() != 0 {
		t.Error("a post without the tick offers it")
	}
	w.allowUrgent(t, true)
	if p.post(page, post+"/look", url.Values{"text": {"6901234567892"}}, http.StatusOK).Find(offer).Length() != 0 {
		t.Error("it is offered for what is no code")
	}
	seen := p.post(page, post+"/look", code, http.StatusOK)
	buttons := seen.Find(`[name="act"]`)
	if seen.Find(offer).Length() != 1 || buttons.First().AttrOr("value", "") != "record" ||
		seen.Find(".p-chips button").Length() != len(urgencies) {
		t.Fatalf("it is not offered, or Enter would do it: %s", seen.Find("main").Text())
	}
	form := func(reason string) url.Values {
		return url.Values{
			"text": code["text"], "key": {seen.Find(`[name="key"]`).AttrOr("value", "")}, "direction": {"out"},
			"act": {"urgent"}, "reason": {reason},
		}
	}
	for _, none := range []string{"", "   "} {
		if again := p.post(seen, post+"/release", form(none), http.StatusUnprocessableEntity); !strings.Contains(
			again.Text(), "请写明紧急放行的原因",
		) {
			t.Errorf("without a reason: %s", again.Find("main").Text())
		}
	}
	for range 2 { // pressed twice
		done := p.post(seen, post+"/release", form("就医急诊"), http.StatusOK)
		if verdict := done.Find(".p-verdict").Text(); !strings.Contains(verdict, "已紧急放行") || !strings.Contains(verdict, "就医急诊") {
			t.Fatalf("the guard reads %q", verdict)
		}
	}
	rows := p.get(post, http.StatusOK).Find("#records li")
	if rows.Length() != 1 || !strings.Contains(rows.Text(), "紧急放行：就医急诊（小区禁止出入）") {
		t.Errorf("the records read %q", rows.Text())
	}
	// The code is used up: never twice.
	if p.post(page, post+"/look", code, http.StatusOK).Find(offer).Length() != 0 {
		t.Error("a used code can be released urgently")
	}
}

// What changed since the guard looked counts: the tick that was removed, and rules that allow by now.
func TestUrgentReleaseOfAnOldPage(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373}})
	w.allowUrgent(t, true)
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	page := p.get(post, http.StatusOK)
	form := url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k1"}, "direction": {"out"}, "act": {"urgent"}, "reason": {"消防疏散"}}
	w.allowUrgent(t, false)
	if done := p.post(page, post+"/release", form, http.StatusOK); !strings.Contains(done.Text(), "未放行") ||
		!strings.Contains(done.Text(), "本岗不允许紧急放行") {
		t.Errorf("without the tick: %s", done.Find("main").Text())
	}
	w.SetRule(estate.Open)
	form.Set("key", "k2")
	if done := p.post(page, post+"/release", form, http.StatusOK); !strings.Contains(done.Text(), "已放行") {
		t.Errorf("the rules allow it: %s", done.Find("main").Text())
	}
}

// A fever is measured after the first look; the way to an urgent release starts on the result.
func TestFeverLeadsToAnUrgentRelease(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, RecordTemp: true, FeverTenths: 373}})
	w.allowUrgent(t, true)
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	form := url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k1"}, "direction": {"out"}, "act": {"release"}, "temp": {"39.0"}}
	done := p.post(p.get(post, http.StatusOK), post+"/release", form, http.StatusOK)
	way := url.Values{}
	for _, name := range []string{"pass", "direction", "temp"} {
		way.Set(name, done.Find(`form [name="`+name+`"]`).AttrOr("value", ""))
	}
	if !strings.Contains(done.Text(), "未放行") || way.Get("temp") != "39.0" {
		t.Fatalf("no way on: %s", done.Find("main").Text())
	}
	if seen := p.post(done, post+"/look", way, http.StatusOK); seen.Find(`[value="urgent"]`).Length() != 1 ||
		seen.Find(`[name="temp"]`).AttrOr("value", "") != "39.0" {
		t.Errorf("it is not offered: %s", seen.Find("main").Text())
	}
}

// The guard is not sent to the guard: what a rule says to the person at the door is said of them to the
// guard.
func TestGuardReadsWordsOfTheGuard(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, RecordTemp: true, FeverTenths: 373}})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	page := p.get(post, http.StatusOK)
	form := url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k1"}, "direction": {"out"}, "act": {"release"}, "temp": {"39.0"}}
	if words := p.post(page, post+"/release", form, http.StatusOK).Find(".p-verdict > p").Text(); words != "体温异常" {
		t.Errorf("about a fever: %q", words)
	}
	if _, err := w.store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: w.Community, Houses: []core.ID{w.Residents[0].House}, Restriction: core.Restriction{Exits: -1, Reason: "隔离观察"},
	}); err != nil {
		t.Fatal(err)
	}
	seen := p.post(page, post+"/look", url.Values{"pass": form["pass"]}, http.StatusOK)
	if words := seen.Find(".p-verdict > p").Text(); words != "房屋已被限制出入" || seen.Find(".p-look .p-block").Length() != 1 {
		t.Errorf("about a restriction, and nothing to fill in: %q", seen.Find("main").Text())
	}
}
