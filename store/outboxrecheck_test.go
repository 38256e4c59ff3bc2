package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tongxing/core"
)

// What waits for the morning is not sent to somebody who has left, or who may not know of it any more.
func TestMessagesOfThoseWhoLeftEnd(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  core.MessageReason
	}{
		"disabled":          {"UPDATE account SET disabled_at = 1", core.WhyDisabled},
		"without the right": {"UPDATE account SET permissions = 'house.edit'", core.WhyNotTheirs},
		"elsewhere":         {"UPDATE account SET all_communities = 0", core.WhyNotTheirs},
		"switched off": {
			"INSERT INTO preference (community_id, starred, guide_away, muted, digest, channel, updated_at, account_id)" +
				" SELECT 0, '', 0, 'job,review', '', '', 0, id FROM account", core.WhyMuted,
		},
		"still in service": {"UPDATE account SET must_change = 0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachPost(t, func(t *testing.T, p post) {
				p.clock.Add(11 * time.Hour) // 23:00
				p.put(t, core.MessageReview, 1)
				p.s.mustRun(t, "UPDATE message SET community_id = 7")
				p.clock.Add(2 * time.Minute)
				p.claim(t)
				p.wantLast(t, core.MessageWaiting, "", core.WhyQuiet)
				p.s.mustRun(t, c.query+" WHERE id = ?", int64(p.account.ID))
				p.clock.Add(9 * time.Hour)
				if c.want == "" {
					p.claimOne(t, core.ChannelTemplate)
					return
				}
				if list := p.claim(t); len(list) != 0 {
					t.Errorf("sent %+v", list)
				}
				state := core.MessageUnreached
				if c.want == core.WhyMuted {
					state = core.MessageRefused
				}
				p.wantLast(t, state, "", c.want)
				if list, _, err := p.s.Unreached(t.Context(), everywhere, Page{}); err != nil || len(list) != 0 {
					t.Errorf("unreached: %+v, %v", list, err)
				}
			})
		})
	}
}

// Nobody is told who cannot sign in any more.
func TestNobodyOutOfServiceIsTold(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.s.mustRun(t, "UPDATE account SET disabled_at = 1 WHERE id = ?", int64(p.account.ID))
		p.put(t, core.MessageSignIn, 1)
		if list := p.ledger(t); len(list) != 0 {
			t.Errorf("told %+v", list)
		}
	})
}

// What was decided in the night is not told of in the morning: the rest is, with the oldest that still waits.
func TestMessagesOfDecidedReviewsEnd(t *testing.T) {
	for _, c := range []struct {
		decided []string
		events  int
		title   string
	}{
		{nil, 3, "申请 1"}, {[]string{"1"}, 2, "申请 2"}, {[]string{"1", "2", "3"}, 0, ""},
	} {
		eachPost(t, func(t *testing.T, p post) {
			p.clock.Add(11 * time.Hour) // 23:00
			p.put(t, core.MessageReview, 3)
			for i, m := range p.ledger(t) {
				p.s.mustRun(t, "UPDATE message SET title = ?, link = ? WHERE id = ?",
					"申请 "+string(rune('1'+i)), "certification/"+string(rune('1'+i)), int64(m.ID))
			}
			for _, id := range []string{"1", "2", "3"} {
				state := "waiting"
				if slices.Contains(c.decided, id) {
					state = "approved"
				}
				p.s.mustRun(t, `
					INSERT INTO review (id, community_id, kind, applicant_id, name, subject, state, version, due_at, decided_by, decider,
						owners_asked, owner_id, reason, note, internal, photos, created_at, updated_at)
					VALUES (?, 7, 'certification', 1, '', '', ?, 1, 0, 0, '', 0, 0, '', '', '', 0, 0, 0)`, id, state)
			}
			p.clock.Add(10 * time.Hour)
			list := p.claim(t)
			if c.events == 0 {
				if first := p.ledger(t)[0]; len(list) != 0 || first.State != core.MessageExpired || first.Reason != core.WhyDecided {
					t.Errorf("sent %+v; %+v", list, first)
				}
				return
			}
			if len(list) != 1 || list[0].Events != c.events || list[0].Title != c.title {
				t.Errorf("decided %v: sent %+v", c.decided, list)
			}
		})
	}
}

// What was decided is left out once, however often a night's message is looked at.
func TestDecidedReviewsAreLeftOutOnce(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.clock.Add(11 * time.Hour) // 23:00
		n := 0
		come := func() {
			t.Helper()
			p.put(t, core.MessageReview, 1)
			n++
			list := p.ledger(t)
			p.s.mustRun(t, "UPDATE message SET link = ? WHERE id = ?", fmt.Sprintf("certification/%d", n), int64(list[len(list)-1].ID))
			p.s.mustRun(t, `
				INSERT INTO review (id, community_id, kind, applicant_id, name, subject, state, version, due_at, decided_by, decider,
					owners_asked, owner_id, reason, note, internal, photos, created_at, updated_at)
				VALUES (?, 7, 'certification', 1, '', '', 'waiting', 1, 0, 0, '', 0, 0, '', '', '', 0, 0, 0)`, n)
		}
		look := func(want int) {
			t.Helper()
			p.clock.Add(2 * time.Minute)
			if list := p.claim(t); len(list) != 0 {
				t.Fatalf("sent at night: %+v", list)
			}
			if got := p.ledger(t)[0].Events; got != want {
				t.Errorf("tells of %d, want %d", got, want)
			}
		}
		for range 3 {
			come()
		}
		look(3)
		p.s.mustRun(t, "UPDATE review SET state = 'approved' WHERE id = 2")
		for want := 3; want < 6; want++ {
			come()
			look(want)
		}
		p.s.mustRun(t, "UPDATE review SET state = 'approved' WHERE id = 1") // the first, whose place another takes
		for want := 5; want < 7; want++ {
			come()
			look(want)
		}
		p.clock.Add(9 * time.Hour)
		if d := p.claimOne(t, core.ChannelTemplate); d.Events != 6 || d.Path() != "h5/review" {
			t.Errorf("in the morning %+v", d)
		}
	})
}

// Who has communities of their own is told of their own account by the official account of one of these.
func TestOwnMattersGoByTheCommunitysAccount(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.setup.Officials[0].App.Scope = core.ScopeOf(7, 8)
		p.s.mustRun(t, "UPDATE account SET all_communities = 0 WHERE id = ?", int64(p.account.ID))
		p.s.mustRun(t, "DELETE FROM account_scope")
		p.put(t, core.MessageSignIn, 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("by an account of other communities: %+v", list)
		}
		p.s.mustRun(t, "INSERT INTO account_scope (account_id, community_id) VALUES (?, 8)", int64(p.account.ID))
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "1")
		p.s.mustRun(t, "UPDATE account SET all_communities = 1 WHERE id = ?", int64(p.account.ID))
		p.put(t, core.MessageJob, 1)
		p.clock.Add(time.Minute)
		p.claimOne(t, core.ChannelTemplate)
	})
}

// Who switched a kind off is asked again after a month: by one message, whose answer decides for the next month.
func TestOptOutsAreTriedAgain(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		send := func(answer core.SendAnswer) {
			t.Helper()
			p.put(t, core.MessageSignIn, 1)
			p.record(t, p.claimOne(t, core.ChannelTemplate), answer, "")
			p.claim(t)
		}
		silent := func() {
			t.Helper()
			p.put(t, core.MessageSignIn, 1)
			if list := p.claim(t); len(list) != 0 {
				t.Errorf("sent %+v", list)
			}
		}
		send(core.AnswerOptedOut)
		silent()
		p.clock.Add(core.OptOutLife + time.Hour)
		send(core.AnswerOptedOut)
		silent()
		p.clock.Add(core.OptOutLife + time.Hour)
		send(core.AnswerAccepted)
		send(core.AnswerAccepted)
		if n := countRows(t, p.s, "SELECT COUNT(*) FROM message_optout"); n != 0 {
			t.Errorf("%d refusals are kept", n)
		}
	})
}

// Who is reached later needs no call; who left needs none at all.
func TestOnlyThoseNotReachedSinceAreUnreached(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		people := func() int {
			t.Helper()
			list, _, err := p.s.Unreached(t.Context(), everywhere, Page{})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		unread := func() {
			t.Helper()
			p.follow(t, false)
			p.put(t, core.MessageSignIn, 1)
			p.claim(t)
			p.clock.Add(25 * time.Hour)
			p.claim(t)
		}
		unread()
		if people() != 1 {
			t.Fatal("who does not read the bell is not listed")
		}
		p.follow(t, true)
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "1")
		if people() != 0 {
			t.Error("who was reached since is listed")
		}
		unread()
		if people() != 1 {
			t.Error("who is not reached any more is not listed")
		}
		p.s.mustRun(t, "UPDATE message SET reason = 'disabled'")
		if people() != 0 {
			t.Error("who left is listed")
		}
	})
}

// An account is told first by the channel that it prefers.
func TestPreferredChannelIsFirst(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.setup.Templates[core.ChannelSMS] = map[core.MessageKind]core.MessageTemplate{core.MessageReview: {ID: "sms"}}
		p.s.mustRun(t, "UPDATE account SET user_id = ? WHERE id = ?", int64(newWechatUserWithPhone(t, p.s, "o-phone", "13800138001").ID),
			int64(p.account.ID))
		if err := p.s.UpdateToldOf(t.Context(), p.account.ID, Told{First: core.ChannelSMS}); err != nil {
			t.Fatal(err)
		}
		p.put(t, core.MessageReview, 1)
		p.clock.Add(2 * time.Minute)
		p.claimOne(t, core.ChannelSMS)
		wantField(t, p.s.UpdateToldOf(t.Context(), p.account.ID, Told{First: core.ChannelSubscribe}), "first")
	})
}
