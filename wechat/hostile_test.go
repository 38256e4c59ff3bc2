package wechat_test

import (
	"fmt"
	"testing"

	"tongxing/wechat/simulator"
)

// TestHostileMiniCallbacks: nothing invalid gets through to a mini-program's inbox, in either format, and a
// genuine event is handled once.
func TestHostileMiniCallbacks(t *testing.T) {
	for _, json := range []bool{false, true} {
		t.Run(fmt.Sprintf("JSON %t", json), func(t *testing.T) {
			w := newWorldWith(t, json)
			for i, kind := range append([]simulator.Hostile{simulator.Genuine}, simulator.HostileKinds...) {
				event := simulator.Event{Name: "subscribe_msg_popup_event", Lines: []simulator.SubscriptionLine{
					{Template: fmt.Sprintf("t%d", i), Status: "accept"}}}
				reply, err := w.sim.PushHostile(t.Context(), "zhang", miniApp, kind, event)
				if err != nil {
					t.Fatal(kind, err)
				}
				once := kind == simulator.Genuine || kind == simulator.Replay || kind == simulator.Duplicate
				if heard := w.heard(); reply.Accepted != once || (len(heard) == 1) != once {
					t.Errorf("%s: answered %d, heard %+v", kind, reply.Status, heard)
				}
			}
		})
	}
}
