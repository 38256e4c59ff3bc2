package gate_test

import (
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
	"tongxing/testkit/estate"
)

func TestScanOpensOnceAndSaysWhyNot(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{Doors: 3, DoorsOut: true})
		who := e.Residents[0]
		token := r.issue(t, who.Pass)
		first := r.Scan(t.Context(), e.Doors[0].ID, token)
		if !first.Decision.Allowed {
			t.Fatalf("first scan refused: %+v", first.Decision)
		}
		if first.Record.Name != who.Name || first.Record.Direction != core.Out || !first.Record.Counted {
			t.Errorf("record %+v", first.Record)
		}
		if other := r.Scan(t.Context(), e.Doors[1].ID, token); other.Decision.Reason != core.ReasonTokenUsed {
			t.Errorf("at another door: %+v, want used", other.Decision)
		}
		repeat := r.Scan(t.Context(), e.Doors[0].ID, token)
		if !repeat.Decision.Allowed || !repeat.Repeat || repeat.Record.ID != first.Record.ID {
			t.Errorf("repeat at the first door: %+v, want the first answer", repeat)
		}
		if records := r.records(t, e.Community); len(records) != 2 || allowed(records) != 1 {
			t.Errorf("%d records, %d released; want 2 and 1", len(records), allowed(records))
		}
	})
}

func TestScanRefusalKeepsTheToken(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{
			Rule:  core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373, ReaderQR: true},
			Doors: 3, DoorsOut: true,
		})
		token := r.issue(t, e.Residents[0].Pass)
		if got := r.Scan(t.Context(), e.Doors[0].ID, token); got.Decision.Reason != core.ReasonBlocked {
			t.Fatalf("got %+v, want blocked", got.Decision)
		}
		e.SetRule(estate.Open)
		if got := r.Scan(t.Context(), e.Doors[1].ID, token); !got.Decision.Allowed {
			t.Errorf("after the rule was lifted: %+v", got.Decision)
		}
	})
}

func TestScanOfStrangeText(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{})
		for _, text := range []string{
			"", "hello", "https://example.com/?a=1&&devicenumber=2", "'; DROP TABLE pass; --",
			string(make([]byte, 4000)),
		} {
			if got := r.Scan(t.Context(), e.Doors[0].ID, text); got.Decision.Allowed || got.Decision.Reason != core.ReasonTokenForeign {
				t.Errorf("%.20q: %+v", text, got.Decision)
			}
			preview, err := r.Preview(t.Context(), gate.Passage{Post: e.Post, Text: text + "?"})
			if err != nil || preview.Decision.Reason != core.ReasonTokenForeign {
				t.Errorf("looking at %.20q: %+v, %v", text, preview.Decision, err)
			}
		}
		if got := r.Scan(t.Context(), e.Doors[0].ID, gate.NewToken(1).String()); got.Decision.Reason != core.ReasonTokenAbsent {
			t.Errorf("a token that is not there: %+v", got.Decision)
		}
		token := r.issue(t, e.Residents[0].Pass)
		for _, repeat := range []bool{false, true} {
			if got := r.Scan(t.Context(), 12345, token); got.Decision.Reason != core.ReasonReaderUnknown || got.Record.ID != 0 ||
				got.Repeat != repeat {
				t.Errorf("unknown reader, repeat %t: %+v", repeat, got)
			}
		}
	})
}

func TestNewTokenEndsTheOld(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{})
		old := r.issue(t, e.Residents[0].Pass)
		fresh := r.issue(t, e.Residents[0].Pass)
		other := r.issue(t, e.Residents[1].Pass)
		if got := r.Scan(t.Context(), e.Doors[0].ID, old); got.Decision.Reason != core.ReasonTokenAbsent {
			t.Errorf("old token: %+v", got.Decision)
		}
		for _, token := range []string{fresh, other} {
			if got := r.Scan(t.Context(), e.Doors[0].ID, token); !got.Decision.Allowed {
				t.Errorf("live token: %+v", got.Decision)
			}
		}
		// Immediately: settling after the answer must not be overtaken.
		for range 20 {
			used := r.issue(t, e.Residents[0].Pass)
			if got := r.Scan(t.Context(), e.Doors[0].ID, used); !got.Decision.Allowed {
				t.Fatalf("live token: %+v", got.Decision)
			}
			r.issue(t, e.Residents[0].Pass)
			if got := r.Scan(t.Context(), e.Doors[1].ID, used); got.Decision.Reason != core.ReasonTokenUsed {
				t.Fatalf("a used token after a new one was issued: %+v, want used", got.Decision)
			}
		}
	})
}

func TestStrangerToTheCommunityIsNotNamed(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		here, there := estate.New(t, r.store, estate.Plan{}), estate.New(t, r.store, estate.Plan{})
		got := r.Scan(t.Context(), here.Doors[0].ID, r.issue(t, there.Residents[0].Pass))
		if got.Decision.Reason != core.ReasonScope {
			t.Fatalf("got %+v", got.Decision)
		}
		if rec := r.records(t, here.Community)[0]; rec.Name != "" || rec.Pass != 0 || rec.Person != 0 || rec.HouseLabel != "" {
			t.Errorf("the record names a stranger: %+v", rec)
		}
	})
}

func TestTokenEndsAfterTenMinutes(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{})
		issued, err := r.Issue(t.Context(), e.Residents[0].Pass)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(issued.Expires); left > gate.TokenLife || left < gate.TokenLife-time.Minute {
			t.Errorf("lives %v", left)
		}
		// The expiry is in the value: a Redis that is late to delete the key opens nothing.
		token, _ := gate.ParseToken(issued.Text)
		key := "qr:{" + token.Shard() + "}:t:" + token.Digest()
		if err := r.redis.HSet(t.Context(), key, "exp", time.Now().Add(-time.Second).UnixMilli()).Err(); err != nil {
			t.Fatal(err)
		}
		if got := r.Scan(t.Context(), e.Doors[0].ID, issued.Text); got.Decision.Reason != core.ReasonTokenAbsent {
			t.Errorf("past its end: %+v", got.Decision)
		}
	})
}

func TestDisabledReaderAndMovedOutResident(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{Doors: 3, DoorsOut: true})
		token := r.issue(t, e.Residents[0].Pass)
		if err := r.store.DisableReader(t.Context(), core.System, core.Everywhere, e.Doors[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := r.Scan(t.Context(), e.Doors[0].ID, token); got.Decision.Reason != core.ReasonReaderUnknown {
			t.Errorf("disabled reader: %+v", got.Decision)
		}
		if err := r.store.MoveOut(t.Context(), core.System, core.Everywhere, e.Residents[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := r.Scan(t.Context(), e.Doors[1].ID, token); got.Decision.Reason != core.ReasonPassDisabled {
			t.Errorf("moved out: %+v", got.Decision)
		}
	})
}

// A server that dies between its commit and the settling of its claim leaves a claimed token
// behind; so does a Redis that went back to an older state. SQL knows better.
func TestSQLHasTheLastWord(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{Doors: 3, DoorsOut: true})
		text := r.issue(t, e.Residents[0].Pass)
		token, _ := gate.ParseToken(text)
		key := "qr:{" + token.Shard() + "}:t:" + token.Digest()
		before, err := r.redis.HGetAll(t.Context(), key).Result()
		if err != nil || len(before) == 0 {
			t.Fatal(err, before)
		}
		first := r.Scan(t.Context(), e.Doors[0].ID, text)
		if !first.Decision.Allowed {
			t.Fatal(first.Decision)
		}
		restore := func() {
			t.Helper()
			r.Settled()
			if err := r.redis.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			if err := r.redis.HSet(t.Context(), key, before).Err(); err != nil {
				t.Fatal(err)
			}
		}
		restore()
		if got := r.Scan(t.Context(), e.Doors[1].ID, text); got.Decision.Reason != core.ReasonTokenUsed {
			t.Errorf("another door: %+v, want used", got.Decision)
		}
		restore()
		if got := r.Scan(t.Context(), e.Doors[0].ID, text); !got.Decision.Allowed || !got.Repeat || got.Record.ID != first.Record.ID {
			t.Errorf("the same door within its window: %+v, want the first answer", got)
		}
		restore()
		if got := r.Scan(t.Context(), e.Doors[0].ID, text); got.Decision.Reason != core.ReasonTokenUsed {
			t.Errorf("the same door a third time: %+v, want used", got.Decision)
		}
		restore()
		r.clock.move(store.RepeatWindow + time.Second)
		if got := r.Scan(t.Context(), e.Doors[0].ID, text); got.Decision.Reason != core.ReasonTokenUsed {
			t.Errorf("the same door after its window: %+v, want used", got.Decision)
		}
		if n := allowed(r.records(t, e.Community)); n != 1 {
			t.Errorf("%d releases", n)
		}
	})
}

func TestGuardReleasesAndRecordsByHand(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{
			Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 2, RecordID: true, RecordTemp: true, FeverTenths: 373},
		})
		who := e.Residents[0]
		token := r.issue(t, who.Pass)
		p := gate.Passage{Post: e.Post, Guard: e.Guard, GuardName: "李师傅", FormKey: "f1", Text: token, Direction: core.Out}
		preview, err := r.Preview(t.Context(), p)
		if err != nil || preview.Name != who.Name || !preview.Decision.NeedTemp || !preview.Decision.NeedID {
			t.Fatalf("look: %+v, %v", preview, err)
		}
		if got := r.Release(t.Context(), p); got.Decision.Reason != core.ReasonNeedID {
			t.Errorf("without records: %+v", got.Decision)
		}
		p.FormKey, p.TempTenths, p.IDNumber = "f2", 365, "11010519491231002X"
		if got := r.Release(t.Context(), p); !got.Decision.Allowed || got.Record.TempTenths != 365 {
			t.Errorf("with records: %+v", got)
		}
		if got := r.Release(t.Context(), p); !got.Repeat {
			t.Errorf("the same form again: %+v, want a repeat", got)
		}
		// The ID number is on file now.
		manual := gate.Passage{
			Post: e.Post, Guard: e.Guard, GuardName: "李师傅", FormKey: "f3", Pass: who.Pass, Direction: core.Out,
			TempTenths: 366,
		}
		first := r.Release(t.Context(), manual)
		if !first.Decision.Allowed || first.Record.Via != core.ViaManual {
			t.Errorf("by hand: %+v", first)
		}
		r.clock.move(time.Minute)
		if again := r.Release(t.Context(), manual); !again.Repeat || again.Record.ID != first.Record.ID {
			t.Errorf("the same form a minute later: %+v, want a repeat", again)
		}
		manual.FormKey = "f4"
		if got := r.Release(t.Context(), manual); got.Decision.Reason != core.ReasonCount {
			t.Errorf("third exit of two: %+v", got.Decision)
		}
		manual.FormKey, manual.TempTenths = "f5", 380
		manual.Direction = core.In
		if got := r.Release(t.Context(), manual); got.Decision.Reason != core.ReasonFever {
			t.Errorf("fever: %+v", got.Decision)
		}
	})
}

func TestPreviewSaysWhatTheScanWillDo(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{
			Rule: core.PassRule{Counting: core.CountHousehold, PeriodDays: 2, Exits: 1, FeverTenths: 373, ReaderQR: true},
		})
		for i, who := range e.Residents[:2] { // one household
			preview, err := r.store.Preview(t.Context(), who.Pass)
			if err != nil {
				t.Fatal(err)
			}
			got := r.Scan(t.Context(), e.Doors[0].ID, r.issue(t, who.Pass))
			if preview.Decision.Allowed != got.Decision.Allowed || got.Decision.Allowed != (i == 0) {
				t.Errorf("member %d: preview %+v, scan %+v", i, preview.Decision, got.Decision)
			}
		}
	})
}

// A page that the browser kept is sent again for somebody else, or in the other direction: that is
// another act, with its own decision and record.
func TestAGuardsFormSentAgainWithOtherContent(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 1, FeverTenths: 373}})
		form := gate.Passage{Post: e.Post, Guard: e.Guard, GuardName: "李师傅", FormKey: "f1", Pass: e.Residents[0].Pass, Direction: core.In}
		if got := r.Release(t.Context(), form); !got.Decision.Allowed || got.Repeat {
			t.Fatalf("in: %+v", got)
		}
		form.Direction = core.Out
		if got := r.Release(t.Context(), form); !got.Decision.Allowed || got.Repeat || !got.Record.Counted {
			t.Errorf("then out: %+v; want an exit that counts", got)
		}
		form.Pass = e.Residents[1].Pass
		if got := r.Release(t.Context(), form); !got.Decision.Allowed || got.Record.Name != e.Residents[1].Name {
			t.Errorf("then somebody else: %+v; want that person's own record", got)
		}
		shown := gate.Passage{
			Post: e.Post, Guard: e.Guard, FormKey: "f2", Text: r.issue(t, e.Residents[2].Pass),
			Direction: core.Out, RefusedFor: "携带违禁品",
		}
		if got := r.Release(t.Context(), shown); got.Decision.Reason != core.ReasonGuard {
			t.Fatalf("refused by the guard: %+v", got.Decision)
		}
		shown.RefusedFor = ""
		if got := r.Release(t.Context(), shown); !got.Decision.Allowed || got.Repeat {
			t.Errorf("the guard thought better of it: %+v", got)
		}
		if records := r.records(t, e.Community); len(records) != 5 || allowed(records) != 4 {
			t.Errorf("%d records, %d released; want 5 and 4", len(records), allowed(records))
		}
	})
}
