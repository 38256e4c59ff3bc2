package store

import (
	"strings"
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
		p.clock.Add(3*time.Hour + spreadTime)
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

// An account that wants a digest gets one message at its time, with the number of events; quiet hours win; another choice
// counts at once for what waits. Other kinds do not wait.
func TestDigest(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		choose := func(digest core.MessageDigest) {
			t.Helper()
			if err := p.s.UpdateToldOf(t.Context(), p.account.ID, Told{Digest: digest}); err != nil {
				t.Fatal(err)
			}
		}
		toHour := func(hour int) { // of the next day that has it
			now := p.s.Now().In(testZone)
			at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, testZone)
			if !at.After(now) {
				at = at.AddDate(0, 0, 1)
			}
			p.clock.Add(at.Sub(now))
		}
		toHour(10)
		choose(core.DigestHour)
		for range 3 {
			p.put(t, core.MessageAccessAlert, 2)
			p.clock.Add(10 * time.Minute)
			if list := p.claim(t); len(list) != 0 {
				t.Fatalf("before its time: %+v", list)
			}
		}
		p.wantLast(t, core.MessageMerged, "", "")
		if m := p.ledger(t)[0]; m.State != core.MessageWaiting || m.Reason != core.WhyDigest {
			t.Errorf("it waits: %+v", m)
		}
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "")
		toHour(11)
		p.clock.Add(spreadTime)
		d := p.claimOne(t, core.ChannelTemplate)
		if d.Events != 6 || d.Path() != "h5/notice" || !strings.Contains(d.Text(), "6 条告警") {
			t.Errorf("the digest: %d events, %q, opens %s", d.Events, d.Text(), d.Path())
		}
		p.record(t, d, core.AnswerAccepted, "")

		toHour(23) // the hour's end is in quiet hours, though alerts are urgent
		p.put(t, core.MessageAccessAlert, 1)
		toHour(0)
		p.clock.Add(spreadTime)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("at night: %+v", list)
		}
		p.wantLast(t, core.MessageWaiting, "", core.WhyQuiet)
		toHour(7)
		p.clock.Add(spreadTime)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "")

		choose(core.DigestDaily)
		toHour(10)
		p.put(t, core.MessageReview, 1)
		p.clock.Add(time.Minute)
		p.claim(t)
		toHour(9)
		p.clock.Add(-time.Minute)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("before nine: %+v", list)
		}
		p.clock.Add(time.Minute + spreadTime)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "")

		p.put(t, core.MessageReview, 2)
		p.clock.Add(time.Minute)
		p.claim(t)
		choose(core.DigestNone)
		if d := p.claimOne(t, core.ChannelTemplate); d.Events != 2 {
			t.Errorf("after another choice: %+v", d)
		}

		choose(core.DigestHour)
		toHour(11)
		p.put(t, core.MessageAccessAlert, 1)
		p.clock.Add(time.Minute)
		p.claim(t)
		choose(core.DigestDaily)
		toHour(9) // longer than an hour's digest lives
		p.clock.Add(spreadTime)
		if d := p.claimOne(t, core.ChannelTemplate); d.Events != 1 {
			t.Errorf("after a longer digest was chosen: %+v", d)
		}
	})
}

// Other quiet hours count for what waits for the end of the old ones.
func TestQuietHoursAreChanged(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		now := p.s.Now().In(testZone)
		p.clock.Add(time.Date(now.Year(), now.Month(), now.Day()+1, 23, 0, 0, 0, testZone).Sub(now))
		p.put(t, core.MessageJob, 1)
		p.claim(t)
		p.wantLast(t, core.MessageWaiting, "", core.WhyQuiet)
		settings, err := p.s.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Quiet = core.QuietHours{}
		if _, err := p.s.UpdateSettings(t.Context(), core.System, settings); err != nil {
			t.Fatal(err)
		}
		p.clock.Add(10 * time.Second)
		ask := p.ask(10)
		ask.Quiet = settings.Quiet
		if list, _, err := p.s.Outbox().Claim(t.Context(), ask); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
