package store

import (
	"fmt"
	"slices"
	"testing"

	"tongxing/core"
)

// previewed is a community with a certified resident a house, each with a pass, and
// a guard's post.
type previewed struct {
	s         *Store
	community core.ID
	houses    []core.ID
	residents []core.ID
	passes    []core.ID
	post      core.ID
}

func newPreviewed(t *testing.T, s *Store, name string, n int) previewed {
	t.Helper()
	w := previewed{s: s, community: newCommunity(t, s, name)}
	w.houses = newHouses(t, s, w.community, n)
	people := make([]core.Resident, n)
	for i := range people {
		people[i] = core.Resident{House: w.houses[i], Name: fmt.Sprintf("住户%d", i), Identity: core.Owner,
			Phone: fmt.Sprintf("138%04d%04d", w.community%9999, i), Certified: testNow}
	}
	var err error
	if w.residents, err = s.CreateResidents(t.Context(), core.System, everywhere, w.community, people); err != nil {
		t.Fatal(err)
	}
	for _, id := range w.residents {
		w.passes = append(w.passes, residentOf(t, s, id).Pass)
	}
	w.post, err = s.CreateGuardPost(t.Context(), core.System, everywhere, core.GuardPost{
		Community: w.community, Name: "东门岗", Direction: core.Out,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w previewed) rule(t *testing.T, change func(r *core.PassRule)) {
	t.Helper()
	old, err := w.s.PassRule(t.Context(), everywhere, w.community)
	if err != nil {
		t.Fatal(err)
	}
	change(&old.PassRule)
	if err := w.s.UpdatePassRule(t.Context(), core.System, everywhere, old); err != nil {
		t.Fatal(err)
	}
}

// seen is what the guard of the post sees of a pass.
func (w previewed) seen(t *testing.T, pass core.ID, token core.TokenState) Preview {
	t.Helper()
	preview, err := w.s.PreviewScan(t.Context(), ScanAttempt{
		Via: core.ViaGuard, Post: w.post, Direction: core.Out, Pass: pass, Token: token,
	})
	if err != nil {
		t.Fatal(err)
	}
	return preview
}

// out is a passage through the guard.
func (w previewed) out(t *testing.T, pass core.ID, digest string) core.Decision {
	t.Helper()
	outcome, err := w.s.Scan(t.Context(), ScanAttempt{
		Via: core.ViaGuard, Post: w.post, Direction: core.Out, Pass: pass, Token: core.TokenLive,
		TokenDigest: digest,
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Decision
}

// TestPreview: a guard sees whose pass it is and what the rules will say, and nothing
// has happened yet.
func TestPreview(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newPreviewed(t, s, "翠湖花园", 2)
		w.rule(t, func(r *core.PassRule) { r.Exits, r.PeriodDays, r.Counting = 1, 1, core.CountPerson })
		first := w.seen(t, w.passes[0], core.TokenLive)
		if first.Pass != w.passes[0] || first.Community != w.community || first.Resident != w.residents[0] || first.House != w.houses[0] ||
			first.Name != "住户0" || first.HouseLabel != "1栋1单元101" || first.HasIDNumber || first.Rule.Exits != 1 ||
			first.Restriction != nil ||
			!first.Decision.Allowed || first.Decision.Left != 1 {
			t.Errorf("preview %+v", first)
		}
		for range 5 {
			if again := w.seen(t, w.passes[0], core.TokenLive); again.Decision != first.Decision {
				t.Errorf("looking changes what is seen: %+v", again.Decision)
			}
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM access_record") + countRows(t, s, "SELECT COUNT(*) FROM exit_tally"); rows != 0 {
			t.Errorf("looking leaves %d rows", rows)
		}
		if d := w.out(t, w.passes[0], "d1"); d != first.Decision {
			t.Errorf("the scan decides %+v, seen was %+v", d, first.Decision)
		}
		after := w.seen(t, w.passes[0], core.TokenLive)
		if d := w.out(t, w.passes[0], "d2"); after.Decision.Allowed || after.Decision.Reason != core.ReasonCount || d != after.Decision {
			t.Errorf("the scan decides %+v, seen was %+v", d, after.Decision)
		}
		if other := w.seen(t, w.passes[1], core.TokenLive); !other.Decision.Allowed {
			t.Errorf("another's exit is counted: %+v", other.Decision)
		}
	})
}

// TestPreviewOfStrangers: nobody is named to a guard of another community, nor to
// one who holds a token that is not live.
func TestPreviewOfStrangers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newPreviewed(t, s, "翠湖花园", 1), newPreviewed(t, s, "海棠苑", 1)
		nobody := func(what string, got Preview) {
			t.Helper()
			d := got.Decision
			got.Decision, got.Rule.Hours = core.Decision{}, nil
			if got.Pass != 0 || got.Community != 0 || got.Resident != 0 || got.House != 0 || got.Name != "" || got.HouseLabel != "" ||
				got.Restriction != nil || d.Allowed {
				t.Errorf("%s: %+v, %+v", what, got, d)
			}
		}
		nobody("of another community", ours.seen(t, theirs.passes[0], core.TokenLive))
		nobody("of no pass", ours.seen(t, 12345, core.TokenLive))
		nobody("of no token", ours.seen(t, 0, core.TokenAbsent))
		for _, state := range []core.TokenState{core.TokenUsed, core.TokenAbsent, core.TokenForeign, core.TokenBusy, core.TokenMissing} {
			nobody(string(state), ours.seen(t, ours.passes[0], state))
		}
		nowhere, err := s.PreviewScan(t.Context(), ScanAttempt{
			Via: core.ViaGuard, Direction: core.Out, Pass: ours.passes[0], Token: core.TokenLive,
		})
		if err != nil {
			t.Fatal(err)
		}
		nobody("at no post", nowhere)
		reader, err := s.PreviewScan(t.Context(), ScanAttempt{
			Via: core.ViaReader, Direction: core.Out, Pass: ours.passes[0], Token: core.TokenLive,
		})
		if err != nil {
			t.Fatal(err)
		}
		nobody("at no reader", reader)
		manual, err := s.PreviewScan(t.Context(), ScanAttempt{
			Via: core.ViaManual, Post: ours.post, Direction: core.Out, Pass: theirs.passes[0],
		})
		if err != nil {
			t.Fatal(err)
		}
		nobody("by hand, of another community", manual)
		if got, err := s.PreviewScan(t.Context(), ScanAttempt{
			Via: core.ViaManual, Post: ours.post, Direction: core.Out, Pass: ours.passes[0],
		}); err != nil || got.Name != "住户0" || !got.Decision.Allowed {
			t.Errorf("by hand: %+v, %v", got, err)
		}
	})
}

// TestPreviews: many passes at once, in their order, each as if it were alone; one
// that is not there leaves no answer.
func TestPreviews(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		const n = previewPart + 3
		w := newPreviewed(t, s, "翠湖花园", n)
		other := newPreviewed(t, s, "海棠苑", 1)
		w.rule(t, func(r *core.PassRule) { r.Exits, r.PeriodDays, r.Counting = 2, 1, core.CountHousehold })
		today := core.DayOf(testNow, testZone)
		if _, err := s.CreateRestrictions(
			t.Context(), core.System, everywhere,
			RestrictionChange{
				Community: w.community, Houses: w.houses[1:2],
				Restriction: core.Restriction{Exits: -1, Reason: "隔离", LastDay: today},
			},
		); err != nil {
			t.Fatal(err)
		}
		if d := w.out(t, w.passes[2], "d1"); !d.Allowed {
			t.Fatalf("%+v", d)
		}
		passes := slices.Clone(w.passes)
		slices.Reverse(passes)
		passes = append(passes, other.passes[0], w.passes[2])
		all, err := s.Previews(t.Context(), core.Out, passes)
		if err != nil || len(all) != len(passes) {
			t.Fatalf("%d previews, %v", len(all), err)
		}
		for i, preview := range all {
			if preview.Pass != passes[i] {
				t.Fatalf("preview %d is of %s, want %s", i, preview.Pass, passes[i])
			}
			alone, err := s.Preview(t.Context(), passes[i])
			if i%20 == 0 && (err != nil || alone.Decision != preview.Decision || alone.Name != preview.Name) {
				t.Errorf("alone %+v, %v; together %+v", alone.Decision, err, preview.Decision)
			}
		}
		of := func(pass core.ID) Preview { return all[slices.Index(passes, pass)] }
		if d := of(w.passes[0]).Decision; !d.Allowed || d.Left != 2 || d.Limit != 2 || d.Counts {
			t.Errorf("an ordinary one: %+v", d)
		}
		if preview := of(w.passes[1]); preview.Decision.Reason != core.ReasonRestricted || preview.Restriction == nil ||
			preview.Restriction.LastDay != today {
			t.Errorf("a restricted house: %+v", preview)
		}
		if d := of(w.passes[2]).Decision; !d.Allowed || d.Left != 1 {
			t.Errorf("who was out: %+v", d)
		}
		if d := of(other.passes[0]).Decision; !d.Allowed || !d.Unlimited {
			t.Errorf("of a community without limits: %+v", d)
		}
		if in, err := s.Previews(t.Context(), core.In, w.passes[1:3]); err != nil || in[0].Decision.Allowed || !in[1].Decision.Allowed {
			t.Errorf("going in: %+v, %v", in, err)
		}

		for _, passes := range [][]core.ID{{12345}, {w.passes[0], 0}, append(slices.Clone(w.passes), 12345)} {
			previews, err := s.Previews(t.Context(), core.Out, passes)
			wantCode(t, err, core.CodeNotFound)
			if previews != nil {
				t.Errorf("%d previews with an error", len(previews))
			}
		}
		_, err = s.Preview(t.Context(), 12345)
		wantCode(t, err, core.CodeNotFound)
		if none, err := s.Previews(t.Context(), core.Out, nil); err != nil || len(none) != 0 {
			t.Errorf("of none: %v, %v", none, err)
		}
	})
}

// TestPreviewOfEnded: a pass that has ended is refused with its reason, and may
// be viewed by its former holder.
func TestPreviewOfEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newPreviewed(t, s, "翠湖花园", 1)
		if err := s.MoveOut(t.Context(), core.System, everywhere, w.residents[0]); err != nil {
			t.Fatal(err)
		}
		preview, err := s.Preview(t.Context(), w.passes[0])
		if err != nil || preview.Decision.Allowed || preview.Decision.Reason != core.ReasonPassDisabled || !preview.Decision.Next.IsZero() {
			t.Errorf("%+v, %v", preview.Decision, err)
		}
		if d := w.out(t, w.passes[0], "d1"); d.Allowed || d.Reason != preview.Decision.Reason {
			t.Errorf("the scan decides %+v", d)
		}
	})
}
