package store

import (
	"encoding/json"
	"strings"
	"testing"

	"tongxing/core"
)

// An owner who adds a number under one name after the other sees the same no matter who has the number in WeChat: the right name is
// certified by its bearer alone, who is told of it. The ten additions of a day count those who were removed.
func TestAnOwnerProbesAndLearnsNothing(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, clock *testClock) {
		ctx := t.Context()
		elsewhere := newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		newPerson(t, w.Store, core.Resident{
			Community: houseOf(t, w.Store, elsewhere).Community, House: elsewhere, Name: "王小明", Identity: core.Owner, Phone: applicantPhone,
		})
		if n, err := w.ConfirmName(ctx, w.user.ID, "王小明"); n != 1 || err != nil {
			t.Fatalf("%d homes, %v", n, err)
		}
		sees := func(name string) (text string, id core.ID) {
			t.Helper()
			id, err := w.adds(w.member(name, applicantPhone))
			if err != nil {
				t.Fatal(err)
			}
			houses, err := w.Households(ctx, w.owner.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range houses[0].People {
				if p.ID != id {
					continue
				}
				p.ID, p.Person, p.Updated = 0, 0, testNow
				what, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				text += strings.ReplaceAll(string(what), name, "…")
			}
			return text, id
		}
		remove := func(id core.ID) {
			t.Helper()
			if _, err := w.RemoveHouseholdMember(ctx, wechatActor(w.owner.ID), w.owner.ID, id); err != nil {
				t.Fatal(err)
			}
		}
		want, wrong := sees("周别名")
		remove(wrong)
		got, right := sees("王小明")
		if got != want {
			t.Errorf("the right name:\n got %s\nwant %s", got, want)
		}
		told := "SELECT COUNT(*) FROM message WHERE user_id = " + w.user.ID.String() + " AND title LIKE '%请确认'"
		if w.count(told) != 1 {
			t.Error("the bearer of the name is not asked")
		}
		wantCode(t, w.AcceptHome(ctx, wechatActor(w.owner.ID), w.owner.ID, right), core.CodeNotFound)
		if err := w.AcceptHome(ctx, wechatActor(w.user.ID), w.user.ID, right); err != nil {
			t.Fatal(err)
		}
		said := "SELECT COUNT(*) FROM audit_log WHERE action = 'wechatuser.confirm'"
		once := w.count(said)
		if err := w.AcceptHome(ctx, wechatActor(w.user.ID), w.user.ID, right); err != nil || w.count(said) != once {
			t.Errorf("said twice: %v, %d lines of the log, not %d", err, w.count(said), once)
		}
		passes, err := w.PassesOfUser(ctx, userOf(t, w.Store, w.user.ID))
		if err != nil || len(passes) != 2 {
			t.Errorf("passes after saying yes: %+v, %v", passes, err)
		}
		remove(right)
		for range core.MaxDailyHousehold - 2 {
			_, id := sees("王小明")
			remove(id)
		}
		_, err = w.adds(w.member("王小明", applicantPhone))
		if wantCode(t, err, core.CodeConflict); !strings.Contains(core.MessageOf(err), "今天已添加 10 人") {
			t.Error(core.MessageOf(err))
		}
		clock.Add(aDay)
		if _, id := sees("王小明"); id != right {
			t.Error("who comes back is another")
		}
	})
}
