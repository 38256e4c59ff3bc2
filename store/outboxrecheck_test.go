package store

import (
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
		"still in service":  {"UPDATE account SET must_change = 0", ""},
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
				p.wantLast(t, core.MessageUnreached, "", c.want)
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
