package store

import (
	"context"
	"testing"
	"time"

	"tongxing/core"
)

// A WeChat user has at most ten live sessions; those longest unused end.
func TestSessionsOfOneUserAreFew(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		user := signIn(t, s, inMini)
		life := core.SessionLife{Idle: 24 * time.Hour, MaxLife: 48 * time.Hour}
		begin := func() core.Session {
			t.Helper()
			clock.Add(time.Second)
			_, session, err := s.StartSession(t.Context(), NewSession{Kind: core.SessionWechat, Subject: user.ID, Life: life})
			if err != nil {
				t.Fatal(err)
			}
			return session
		}
		first, second := begin(), begin()
		for range maxSessions - 2 {
			begin()
		}
		clock.Add(time.Second)
		first.Seen, first.Expires = clock.Now(), clock.Now().Add(time.Hour)
		if err := s.TouchSession(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		told := 0
		s.OnSubjectChange(func(context.Context, core.SessionKind, core.ID) { told++ })
		newest := begin()
		live, err := s.Sessions(t.Context(), core.SessionWechat, user.ID)
		if err != nil || len(live) != maxSessions || told != 1 {
			t.Fatalf("%d live, told %d times, %v", len(live), told, err)
		}
		for _, session := range live {
			if session.ID == second.ID {
				t.Error("the session longest unused goes on")
			}
		}
		if live[0].ID != newest.ID || live[len(live)-1].ID != first.ID {
			t.Error("the newest, or one in use, has ended")
		}
	})
}

// A resident whose phone was lost is signed out everywhere, by who may.
func TestEndResidentSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "云栖花园")
		resident := newResident(t, s, community, newHouses(t, s, community, 1)[0], "张三", "13800138000")
		user := newWechatUserWithPhone(t, s, "o-zhang", "13800138000")
		for range 2 {
			if _, _, err := s.StartSession(t.Context(), NewSession{
				Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
			}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.EndResidentSessions(t.Context(), core.System, core.ScopeOf(other), resident)
		wantCode(t, err, core.CodeNotFound)
		for _, want := range []int{2, 0} {
			ended, err := s.EndResidentSessions(t.Context(), core.System, core.ScopeOf(community), resident)
			if err != nil || ended != want {
				t.Errorf("ended %d, %v, want %d", ended, err, want)
			}
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'resident.sign_out'"); rows != 2 {
			t.Errorf("%d lines in the audit log", rows)
		}
	})
}
