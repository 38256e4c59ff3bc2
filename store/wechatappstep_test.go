package store

import (
	"strings"
	"testing"

	"tongxing/core"
)

// A step is proven by a request through it, or confirmed and taken back by an operator, and forgotten with the account.
func TestWechatAppSteps(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		id, err := s.CreateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{
			App:  core.WechatApp{Kind: core.WechatOfficial, Name: "物业", AppID: "wx00000000000000d1", Scope: core.Everywhere},
			Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
		})
		if err != nil {
			t.Fatal(err)
		}
		state := func(step core.WechatAppStep) core.WechatStepState {
			t.Helper()
			steps, err := s.WechatAppSteps(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return steps[step]
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		if state(core.WechatStepPages).Done() {
			t.Error("proven by nothing")
		}
		must(s.NoteWechatStep(ctx, id, core.WechatStepPages))
		first := state(core.WechatStepPages).Proven
		must(s.NoteWechatStep(ctx, id, core.WechatStepPages))
		if first.IsZero() || !state(core.WechatStepPages).Proven.Equal(first) || state(core.WechatStepScript).Done() {
			t.Errorf("proven at %v, then at %v", first, state(core.WechatStepPages).Proven)
		}
		must(s.NoteWechatStep(ctx, 0, core.WechatStepPages))
		must(s.ConfirmWechatStep(ctx, core.System, everywhere, id, core.WechatStepScript))
		if got := state(core.WechatStepScript); got.Confirmed.IsZero() || !got.Proven.IsZero() {
			t.Errorf("confirmed: %+v", got)
		}
		must(s.UnconfirmWechatStep(ctx, core.System, everywhere, id, core.WechatStepScript))
		if state(core.WechatStepScript).Done() {
			t.Error("it is not taken back")
		}
		wantCode(t, s.ConfirmWechatStep(ctx, core.System, everywhere, id, core.WechatStepHome), core.CodeInvalid)
		wantCode(t, s.ConfirmWechatStep(ctx, core.System, everywhere, 7, core.WechatStepScript), core.CodeNotFound)
		wantCode(t, s.ConfirmWechatStep(ctx, core.System, core.ScopeOf(987654321), id, core.WechatStepScript), core.CodeForbidden)
		must(s.DisableWechatApp(ctx, core.System, everywhere, id))
		must(s.RemoveWechatApp(ctx, core.System, everywhere, id, true))
		if state(core.WechatStepPages).Done() {
			t.Error("what is removed is remembered")
		}
	})
}
