package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// TestOthersPasses: another person's pass is NotFound on every route, and never changes.
func TestOthersPasses(t *testing.T) {
	s := newSite(t)
	mine, theirs := s.enter("one"), s.enter("two")
	path := "/passes/" + s.Residents[1].Pass.String()
	live := read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: theirs}))
	for _, below := range []string{"", "/preview", "/records"} {
		s.fails(404, "not_found", call{method: "GET", path: path + below, token: mine})
	}
	s.fails(404, "not_found", call{method: "POST", path: path + "/token", token: mine})
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, live.Text); !result.Decision.Allowed {
		t.Errorf("the neighbour's token died of it: %+v", result.Decision)
	}
	for _, id := range []string{"0", "-1", "x", "1", "99999999999999999999", "1%20OR%201=1", "%3Cb%3E", s.Residents[0].ID.String()} {
		s.fails(404, "not_found", call{method: "GET", path: "/passes/" + id, token: mine})
		s.fails(404, "not_found", call{method: "POST", path: "/passes/" + id + "/token", token: mine})
	}
}

// TestPreviewSaysWhy: the preview agrees with the door.
func TestPreviewSaysWhy(t *testing.T) {
	s := newSite(t)
	rule := core.PassRule{Counting: core.CountHousehold, PeriodDays: 2, Exits: 1, FeverTenths: 373, ReaderQR: true}
	s.SetRule(rule)
	token := s.enter("one")
	path := "/passes/" + s.Residents[0].Pass.String()
	before := read[previewBody](s.ok(call{method: "GET", path: path + "/preview", token: token}))
	if !before.Allowed || before.Limit == nil || *before.Limit != 1 || *before.Left != 1 || before.Direction != core.Out {
		t.Errorf("%+v", before)
	}
	issued := read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: token}))
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, issued.Text); !result.Decision.Allowed {
		t.Fatalf("%+v", result.Decision)
	}
	after := read[previewBody](s.ok(call{method: "GET", path: path + "/preview?direction=out", token: token}))
	if after.Allowed || after.Reason != core.ReasonCount || *after.Left != 0 || after.Next == nil {
		t.Fatalf("%+v", after)
	}
	next, err := time.Parse(time.RFC3339, *after.Next)
	if err != nil || !next.After(s.clock.now()) || next.Sub(s.clock.now()) > 48*time.Hour {
		t.Errorf("next %s: %v", *after.Next, err)
	}
	issued = read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: token}))
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, issued.Text); result.Decision.Allowed ||
		result.Decision.Sentence != after.Sentence {
		t.Errorf("the door says %+v, the preview %+v", result.Decision, after)
	}
	if in := read[previewBody](s.ok(call{method: "GET", path: path + "/preview?direction=in", token: token})); !in.Allowed ||
		in.Direction != core.In {
		t.Errorf("%+v", in)
	}
	rule.Exits = -1
	s.SetRule(rule)
	pass := read[passBody](s.ok(call{method: "GET", path: path, token: token}))
	if pass.Preview.Allowed || pass.Preview.Reason != core.ReasonBlocked || pass.Preview.Next != nil || *pass.Preview.Left != 0 ||
		!strings.Contains(pass.Rule, "禁止出入") {
		t.Errorf("%+v", pass)
	}
	for _, direction := range []string{"up", "OUT", "out'--", "<b>", strings.Repeat("o", 3000)} {
		s.fails(422, "invalid", call{
			method: "GET", path: path + "/preview?direction=" + strings.ReplaceAll(direction, "<b>", "%3Cb%3E"),
			token: token,
		})
	}
}

// TestHTMLInNames: a text from the register is returned unchanged, as JSON that no browser takes
// for a page.
func TestHTMLInNames(t *testing.T) {
	s := newSite(t)
	const name = `<script>alert("1")</script>'); DROP--`
	house := s.Houses[1]
	_, err := s.Store.CreateResidents(context.Background(), core.System, core.Everywhere, s.Community, []core.Resident{
		{
			House: house, Name: name, Identity: core.Lodger, LeaseDay: core.DayOf(s.clock.now(), time.UTC) + 30,
			Phone: "19900000000", Certified: s.clock.now(),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := s.enter("stranger")
	stated, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	s.ok(call{method: "POST", path: "/name", token: token, body: string(stated)})
	a := s.ok(call{method: "GET", path: "/passes", token: token})
	passes := read[struct{ Passes []passBody }](a).Passes
	if len(passes) != 1 || passes[0].Name != name || passes[0].House.ID != house || passes[0].LeaseLast == nil {
		t.Fatalf("%+v", passes)
	}
	if strings.Contains(a.Body, "<script>") || a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(
		a.Header.Get("Content-Type"), "application/json",
	) {
		t.Errorf("%v %s", a.Header, a.Body)
	}
}

// Who looked is told to the resident alone, in the words of the page.
func TestLooksAreOfTheResidentAlone(t *testing.T) {
	s := newSite(t)
	one, two := s.enter("one"), s.enter("two")
	guard := core.Actor{Kind: core.ActorWechat, ID: 7, Name: "李师傅"}
	post := core.GuardPost{Community: s.Community, Name: "南门岗"}
	if err := s.Store.LookAtPass(t.Context(), guard, post, s.Residents[0].Pass); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{one: `"门岗 李*`, two: `"looks":[]`} {
		if a := s.ok(call{method: "GET", path: "/looks", token: token}); !strings.Contains(a.Body, want) {
			t.Errorf("%s, want %s", a.Body, want)
		}
	}
}
