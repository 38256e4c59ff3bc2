package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// wantOne checks that all messages of the ledger but one are part of that one, the oldest, which tells of all.
func (p post) wantOne(t *testing.T, events int) core.Message {
	t.Helper()
	list := p.ledger(t)
	if len(list) != events || list[0].Events != events {
		t.Errorf("%d messages, the first of %d events; want %d", len(list), list[0].Events, events)
	}
	for _, m := range list[1:] {
		if m.State != core.MessageMerged || m.Merged != list[0].ID || !m.Next.IsZero() || m.Ended.IsZero() || m.Reason != "" {
			t.Errorf("not part of the first: %+v", m)
		}
	}
	return list[0]
}

// Reviews of a night, hours apart, are one message in the morning.
func TestMessagesOfANightAreOne(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.clock.Add(11 * time.Hour) // 23:00
		for range 6 {
			p.put(t, core.MessageReview, 1)
			p.clock.Add(2 * time.Minute)
			if list := p.claim(t); len(list) != 0 {
				t.Fatalf("sent at night: %+v", list)
			}
			p.clock.Add(time.Hour)
		}
		if m := p.wantOne(t, 6); m.State != core.MessageWaiting || m.Reason != core.WhyQuiet {
			t.Errorf("at night it is %s, %q", m.State, m.Reason)
		}
		p.clock.Add(3 * time.Hour)
		d := p.claimOne(t, core.ChannelTemplate)
		if d.Events != 6 || d.Text() != "6 条待审核，最早一条：提醒 0" || d.Expires.Before(p.s.Now().Add(12*time.Hour)) {
			t.Errorf("in the morning %q, until %s", d.Text(), d.Expires)
		}
		p.record(t, d, core.AnswerAccepted, "1")
		p.put(t, core.MessageReview, 1) // of the day
		p.clock.Add(time.Minute)
		if d := p.claimOne(t, core.ChannelTemplate); d.Events != 1 {
			t.Errorf("the next one tells of %d", d.Events)
		}
	})
}

// The quiet hours are switched off in the night: what comes next takes what waits with it, and does not wait for the
// morning.
func TestMessageOfAChangedNightGoesWithTheNext(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.clock.Add(11 * time.Hour) // 23:00
		p.put(t, core.MessageReview, 1)
		p.clock.Add(2 * time.Minute)
		if list := p.claim(t); len(list) != 0 {
			t.Fatalf("sent at night: %+v", list)
		}
		p.put(t, core.MessageReview, 1)
		p.clock.Add(time.Minute)
		ask := p.ask(500)
		ask.Quiet = core.QuietHours{}
		list, _, err := p.s.Outbox().Claim(t.Context(), ask)
		if err != nil || len(list) != 1 || list[0].Events != 2 {
			t.Errorf("claimed %+v, %v; want both as one", list, err)
		}
	})
}

// What waits for a stopped channel, and what came while another was on its way, is one message when it goes.
func TestMessagesOfAStoppedChannelAreOne(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageAccessAlert, 1)
		p.clock.Add(time.Minute)
		first := p.claimOne(t, core.ChannelTemplate)
		p.put(t, core.MessageAccessAlert, 2) // while it is on its way
		p.record(t, first, core.AnswerBadIP, "")
		p.put(t, core.MessageAccessAlert, 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent by a stopped channel: %+v", list)
		}
		p.put(t, core.MessageAccessAlert, 1)
		p.wantOne(t, 5)
		p.clock.Add(6 * time.Minute)
		d := p.claimOne(t, core.ChannelTemplate)
		if d.Events != 5 || d.Message.ID != first.Message.ID {
			t.Errorf("it tells of %d", d.Events)
		}
		// In doubt it is repeated as it was: what is new is a message of its own.
		p.record(t, d, core.AnswerUnsure, "")
		p.put(t, core.MessageAccessAlert, 1)
		p.clock.Add(time.Minute + time.Second)
		if list := p.claim(t); len(list) != 2 || list[0].Events+list[1].Events != 6 {
			t.Errorf("in doubt: %+v", list)
		}
	})
}

// A server that is killed before a text message goes out leaves what has come since as part of it.
func TestMessagesOfAKilledServerAreOne(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		if _, err := p.s.BindPhone(t.Context(), p.owner.ID, "13800138009", ""); err != nil {
			t.Fatal(err)
		}
		p.follow(t, false)
		p.s.mustRun(t, "DELETE FROM message")
		p.put(t, core.MessageReview, 1)
		p.clock.Add(time.Minute)
		p.claimOne(t, core.ChannelSMS)
		p.put(t, core.MessageReview, 1)
		p.clock.Add(testLease + time.Second)
		if d := p.claimOne(t, core.ChannelSMS); d.Events != 2 {
			t.Errorf("it tells of %d", d.Events)
		}
		p.wantOne(t, 2)
	})
}
