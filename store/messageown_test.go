package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// A resident is told first by the channel that they chose: by text message only if they chose it and there is a template, and
// in their list alone if they want no push, where it has arrived once they opened it.
func TestResidentsChooseTheirChannel(t *testing.T) {
	for first, c := range map[core.MessageChannel]struct {
		want core.MessageChannel
		next core.MessageChannel // after that one's refusal
	}{
		"":                    {want: core.ChannelSubscribe, next: core.ChannelTemplate},
		core.ChannelSubscribe: {want: core.ChannelSubscribe, next: core.ChannelTemplate},
		core.ChannelTemplate:  {want: core.ChannelTemplate, next: core.ChannelSubscribe},
		core.ChannelSMS:       {want: core.ChannelSMS, next: core.ChannelSubscribe},
	} {
		t.Run("first "+string(first), func(t *testing.T) {
			eachPost(t, func(t *testing.T, p post) {
				p.residentReached(t)
				if err := p.s.UpdateToldUser(t.Context(), p.owner.ID, first); err != nil {
					t.Fatal(err)
				}
				p.tellOutcome(t)
				p.record(t, p.claimOne(t, c.want), core.AnswerOptedOut, "")
				p.claimOne(t, c.next)
			})
		})
	}
	eachPost(t, func(t *testing.T, p post) {
		p.residentReached(t)
		delete(p.setup.Templates, core.ChannelSMS)
		if err := p.s.UpdateToldUser(t.Context(), p.owner.ID, core.ChannelSMS); err != nil {
			t.Fatal(err)
		}
		p.tellOutcome(t)
		p.claimOne(t, core.ChannelSubscribe)
		wantField(t, p.s.UpdateToldUser(t.Context(), p.owner.ID, core.ChannelWeWork), "first")
	})
}

// residentReached lets the owner be reached by every channel of residents.
func (p post) residentReached(t *testing.T) {
	t.Helper()
	p.byTheMiniProgram(t)
	p.setup.Templates[core.ChannelSMS] = map[core.MessageKind]core.MessageTemplate{core.MessageCertification: {ID: "sms"}}
	if _, err := p.s.BindPhone(t.Context(), p.owner.ID, "13800138001", ""); err != nil {
		t.Fatal(err)
	}
}

// Who wants no push finds what they were told in their list, also at night; what they do not open is not reached, and the
// choice of a WeChat that turns out to be the same is kept.
func TestListOfAResident(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.residentReached(t)
		p.clock.Add(11 * time.Hour) // 23:00
		if err := p.s.UpdateToldUser(t.Context(), p.owner.ID, core.ChannelInApp); err != nil {
			t.Fatal(err)
		}
		p.tellOutcome(t)
		if list := p.claim(t); len(list) != 0 {
			t.Fatalf("sent %+v", list)
		}
		m := p.wantLast(t, core.MessageSent, core.ChannelInApp, "")
		own, more, err := p.s.OwnMessages(t.Context(), p.owner.ID, Page{})
		if err != nil || more || len(own) != 1 || own[0].ID != m.ID {
			t.Fatalf("the list: %+v, %v", own, err)
		}
		if err := p.s.ReadOwnMessages(t.Context(), p.owner.ID+1, m.ID); err != nil {
			t.Fatal(err)
		}
		p.wantLast(t, core.MessageSent, core.ChannelInApp, "")
		if err := p.s.ReadOwnMessages(t.Context(), p.owner.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		p.wantLast(t, core.MessageDelivered, core.ChannelInApp, "")
		p.tellOutcome(t)
		p.claim(t)
		p.clock.Add(73 * time.Hour)
		p.claim(t)
		p.wantLast(t, core.MessageUnreached, core.ChannelInApp, core.WhyUnread)
		if others, _, err := p.s.OwnMessages(t.Context(), p.owner.ID+1, Page{}); err != nil || len(others) != 0 {
			t.Errorf("another's list: %+v, %v", others, err)
		}
	})
	eachStore(t, func(t *testing.T, s *Store) {
		one, two := wechatOf(t, s, "wx1", "o-1", ""), wechatOf(t, s, "wx2", "o-2", "u")
		if err := s.UpdateToldUser(t.Context(), one.ID, core.ChannelSMS); err != nil {
			t.Fatal(err)
		}
		merged := wechatOf(t, s, "wx1", "o-1", "u")
		first, err := s.ToldUser(t.Context(), merged.ID)
		if err != nil || first != core.ChannelSMS {
			t.Errorf("%d and %d are %d, told first by %q: %v", one.ID, two.ID, merged.ID, first, err)
		}
	})
}

func wechatOf(t *testing.T, s *Store, app, open, union string) core.WechatUser {
	t.Helper()
	user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: app, OpenID: open, UnionID: union})
	if err != nil {
		t.Fatal(err)
	}
	return user
}
