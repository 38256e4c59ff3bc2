package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// Accounts that may see every message are told, by the bell, what is wrong with a channel: once a day for each reason, and of
// what stops nothing too. The channels' page has it for a day.
func TestOperatorsAreToldOfAChannel(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		operator := testAccount("operator")
		operator.Permissions = []core.Permission{core.PermMessageView}
		all := mustAccount(t, p.s, operator)
		operator.Login, operator.Scope = "ofone", core.ScopeOf(newCommunity(t, p.s, "海棠苑"))
		one := mustAccount(t, p.s, operator)
		told := func(account core.ID) int {
			return countRows(t, p.s, "SELECT COUNT(*) FROM notice WHERE stem = 'message' AND account_id = "+account.String())
		}
		stops := func() []core.ChannelStop {
			days, err := p.s.Outbox().Today(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return days[0].Stops
		}
		fail := func(answer core.SendAnswer) {
			t.Helper()
			p.put(t, core.MessageSignIn, 1)
			for _, d := range p.claim(t) {
				p.record(t, d, answer, "")
			}
		}
		for i, answer := range []core.SendAnswer{core.AnswerBadBody, core.AnswerOther, core.AnswerNoLicence, core.AnswerBadIP} {
			for range 3 {
				fail(answer)
			}
			if n := told(all.ID); n != i+1 {
				t.Errorf("answer %d: told %d times, want %d", answer, n, i+1)
			}
		}
		if list := stops(); len(list) != 2 || list[0].Reason != core.WhyBadIP || !list[0].Until.After(p.s.Now()) ||
			list[1].Reason != core.WhyNoLicence || list[1].Until.After(p.s.Now()) || list[1].Code != "1" {
			t.Errorf("stops %+v", list)
		}
		p.clock.Add(time.Minute)
		p.claim(t)
		if n := countRows(t, p.s, "SELECT COUNT(*) FROM message WHERE kind = 'alarm' AND channel = 'inapp' AND state = 'sent' AND to_id = "+
			all.ID.String()); n != 4 {
			t.Errorf("%d alarms are in the ledger", n)
		}
		if n := told(one.ID); n != 0 {
			t.Errorf("an account of one community is told %d times", n)
		}
		p.clock.Add(25 * time.Hour)
		if list := stops(); len(list) != 0 {
			t.Errorf("a day later %+v", list)
		}
		fail(core.AnswerBadIP)
		if n := told(all.ID); n != 5 {
			t.Errorf("told %d times", n)
		}
	})
}
