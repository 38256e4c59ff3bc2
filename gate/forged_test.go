package gate_test

import (
	"fmt"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/testkit/estate"
)

// TestForgedCache: an attacker who can write to Redis cannot create a token, move one to another
// pass, extend one, or plant an answer that opens.
func TestForgedCache(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{})
		reader := e.Doors[0].ID
		later := time.Now().Add(time.Hour).UnixMilli()
		set := func(text string, values ...any) string {
			t.Helper()
			token, _ := gate.ParseToken(text)
			if err := r.redis.HSet(t.Context(), "qr:{"+token.Shard()+"}:t:"+token.Digest(), values...).Err(); err != nil {
				t.Fatal(err)
			}
			return text
		}
		made := gate.NewToken(gate.ShardOf(e.Residents[0].Pass)).String()
		for name, text := range map[string]string{
			"made up":       set(made, "pass", int64(e.Residents[0].Pass), "exp", later, "sum", "x"),
			"unsigned":      set(gate.NewToken(1).String(), "pass", int64(e.Residents[0].Pass), "exp", later),
			"another pass":  set(r.issue(t, e.Residents[1].Pass), "pass", int64(e.Residents[0].Pass)),
			"a longer life": set(r.issue(t, e.Residents[2].Pass), "exp", later),
		} {
			if got := r.Scan(t.Context(), reader, text); got.Decision.Reason != core.ReasonTokenAbsent {
				t.Errorf("%s: %+v", name, got.Decision)
			}
			shown := gate.Passage{Post: e.Post, Text: text, Direction: core.Out}
			if look, err := r.Preview(t.Context(), shown); err != nil || look.Decision.Allowed {
				t.Errorf("%s, looked at by a guard: %+v, %v", name, look.Decision, err)
			}
		}
		used := r.issue(t, e.Residents[3].Pass)
		token, _ := gate.ParseToken(used)
		answer := "qr:{" + token.Shard() + "}:a:" + token.Digest() + ":r" + reader.String()
		first := r.Scan(t.Context(), e.Doors[1].ID, used)
		r.Settled()
		text := fmt.Sprintf(`{"Decision":{"Allowed":true,"Reason":"allowed"},"At":%d,"Record":"%s"}`,
			time.Now().UnixMilli(), first.Record.ID)
		for _, forged := range []string{text, "x " + text} {
			if err := r.redis.Set(t.Context(), answer, forged, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			if got := r.Scan(t.Context(), reader, used); got.Decision.Allowed {
				t.Errorf("an answer that was left there opens: %+v", got)
			}
		}
	})
}
