package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// A resident sees who looked at their passages: the office once an hour, a guard who looked them up; not who is of another community,
// and nothing of others.
func TestResidentsSeeWhoLooked(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newScanSite(t, s, 2)
		user := newWechatUserWithPhone(t, s, "o13900000000", "13900000000")
		other := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		clerk := core.Actor{Kind: core.ActorAccount, ID: 7, Name: "张小明"}
		for range 2 {
			mustDo(t, s.LookAtPerson(t.Context(), clerk, everywhere, user.Person))
		}
		mustDo(t, s.LookAtPerson(t.Context(), clerk, core.ScopeOf(1), user.Person))
		post, err := s.GuardPost(t.Context(), everywhere, p.post)
		mustDo(t, err)
		guard := core.Actor{Kind: core.ActorWechat, ID: 8, Name: "李师傅"}
		mustDo(t, s.LookAtPass(t.Context(), guard, post, p.passes[0]))
		clock.Add(2 * time.Hour)
		mustDo(t, s.LookAtPerson(t.Context(), clerk, everywhere, user.Person))
		list, more, err := s.OwnLooks(t.Context(), user, Page{Limit: 9})
		if err != nil || more || len(list) != 3 {
			t.Fatalf("%d looks, %v", len(list), err)
		}
		for i, want := range []string{"物业 张**", "门岗 李**", "物业 张**"} {
			if who := core.LookerText(list[i].Actor); who != want || core.LookText(list[i].Action) != "出入记录" {
				t.Errorf("look %d: %s, %s", i, who, list[i].Action)
			}
		}
		if list, _, err := s.OwnLooks(t.Context(), other, Page{Limit: 9}); err != nil || len(list) != 0 {
			t.Errorf("another sees %d looks, %v", len(list), err)
		}
	})
}
