package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// restrictionNotes returns the titles of the messages about restrictions, by who they are for, in the order in which they came.
func restrictionNotes(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	var rows []struct {
		To    string  `db:"to_kind"`
		ID    core.ID `db:"to_id"`
		Title string  `db:"title"`
	}
	if err := s.db.All(t.Context(), &rows,
		"SELECT to_kind, to_id, title FROM message WHERE kind = ? ORDER BY id", string(core.MessageRestriction)); err != nil {
		t.Fatal(err)
	}
	notes := map[string][]string{}
	for _, r := range rows {
		key := fmt.Sprint(r.To, " ", r.ID)
		notes[key] = append(notes[key], r.Title)
	}
	return notes
}

// The certified residents of a house are told when it is restricted and when that is lifted, by WeChat or by their number; not
// of what was taken back before they were told, and once of what two acts did.
func TestResidentsAreToldOfRestrictions(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 3)
		newResident(t, s, community, houses[0], "王小明", "13800000001")
		who, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "open-1"})
		if err != nil {
			t.Fatal(err)
		}
		user := who.ID
		if _, err := s.BindPhone(t.Context(), user, "13800000001", "王小明"); err != nil {
			t.Fatal(err)
		}
		desk, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
			Community: community, House: houses[1], Name: "李桂英", Identity: core.Owner, Phone: "13800000002",
			Certified: clock.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		newResident(t, s, community, houses[2], "赵未认证", "13800000003")
		restrict := func(exits int, reason string) core.Batch {
			t.Helper()
			b, err := s.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
				Community: community, Houses: houses, Restriction: core.Restriction{Exits: exits, Reason: reason}, Announced: houses,
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		undo := func(b core.Batch) {
			t.Helper()
			if _, err := s.UndoBatch(t.Context(), core.System, everywhere, b.ID); err != nil {
				t.Fatal(err)
			}
		}
		later := func() {
			t.Helper()
			clock.Add(RestrictionNoteDelay)
			for range 2 { // the second finds nothing to do
				if err := s.TellOfRestrictions(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		resident, numbered := fmt.Sprint(core.ToWechat, " ", user), fmt.Sprint(core.ToResident, " ", desk)
		var want []string
		check := func(what string, titles ...string) {
			t.Helper()
			want = append(want, titles...)
			got := restrictionNotes(t, s)
			for who, label := range map[string]string{resident: "1栋1单元101", numbered: "1栋1单元102"} {
				var all []string
				for _, title := range want {
					all = append(all, label+title)
				}
				if !slices.Equal(got[who], all) {
					t.Errorf("%s: %s was told %q, want %q", what, who, got[who], all)
				}
			}
			if len(got) > 2 {
				t.Errorf("%s: others were told: %v", what, got)
			}
		}
		if err := s.TellOfRestrictions(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("nothing was done")
		first := restrict(-1, "装修超时")
		if err := s.TellOfRestrictions(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("a moment after")
		later()
		check("restricted", " 限制出入：禁止出入，原因：装修超时")
		undo(first)
		later()
		check("taken back", " 的限制出入已解除，恢复小区的规则")
		undo(restrict(2, "试一试"))
		later()
		check("taken back before anybody was told")
		restrict(3, "封闭管理")
		second := restrict(1, "欠费")
		later()
		check("replaced before anybody was told", " 限制出入：限 1 次，原因：欠费")
		lifted, err := s.LiftRestrictions(t.Context(), core.System, everywhere, community, houses)
		if err != nil {
			t.Fatal(err)
		}
		later()
		check("lifted", " 的限制出入已解除，恢复小区的规则")
		undo(lifted)
		later()
		check("the lifting was taken back", " 限制出入：限 1 次，原因：欠费")
		undo(second)
		later()
		check("so was the restriction: the one before it holds", " 限制出入：限 3 次，原因：封闭管理")
	})
}

// Many houses are told in parts; a server that ends between two of them leaves the rest to another, and two at once tell
// each house once.
func TestManyHousesAreToldOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		community := newCommunity(t, one, "翠湖花园")
		houses := newHouses(t, one, community, 2*toldAtOnce+7)
		people := make([]core.Resident, len(houses))
		for i, house := range houses {
			people[i] = core.Resident{
				House: house, Name: "住户", Identity: core.Owner, Phone: fmt.Sprint(13_900_000_000 + i), Certified: clock.Now(),
			}
		}
		if _, err := one.CreateResidents(t.Context(), core.System, everywhere, community, people); err != nil {
			t.Fatal(err)
		}
		if _, err := one.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
			Community: community, Houses: houses, Restriction: core.Restriction{Exits: -1, Reason: "检修"},
		}); err != nil {
			t.Fatal(err)
		}
		clock.Add(RestrictionNoteDelay)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		done := make(chan error, 2)
		for _, s := range []*Store{one, two} {
			go func() { done <- s.TellOfRestrictions(ctx) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		got := restrictionNotes(t, one)
		if len(got) != len(houses) {
			t.Errorf("%d people were told, want %d", len(got), len(houses))
		}
		for who, titles := range got {
			if len(titles) != 1 {
				t.Errorf("%s was told %q", who, titles)
			}
		}
	})
}

// The residents are told once that the last day of a restriction has passed, however many servers do so: not again if it is lifted
// then, nor if that is taken back.
func TestResidentsAreToldThatARestrictionIsOver(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		community := newCommunity(t, one, "翠湖花园")
		houses := newHouses(t, one, community, toldAtOnce+3)
		people := make([]core.Resident, len(houses))
		for i, house := range houses {
			people[i] = core.Resident{
				House: house, Name: "住户", Identity: core.Owner, Phone: fmt.Sprint(13_900_000_000 + i), Certified: clock.Now(),
			}
		}
		if _, err := one.CreateResidents(t.Context(), core.System, everywhere, community, people); err != nil {
			t.Fatal(err)
		}
		if _, err := one.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
			Community: community, Houses: houses[1:],
			Restriction: core.Restriction{Exits: -1, Reason: "检修", LastDay: core.DayOf(clock.Now(), one.Zone())},
		}); err != nil {
			t.Fatal(err)
		}
		later := func(d time.Duration) {
			t.Helper()
			clock.Add(d)
			var both sync.WaitGroup
			for _, s := range []*Store{one, two} {
				both.Go(func() {
					if err := errors.Join(s.TellOfRestrictions(t.Context()), s.TellOfRestrictionsOver(t.Context())); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		check := func(what string, n int, last string) {
			t.Helper()
			got := restrictionNotes(t, one)
			if len(got) != len(houses)-1 {
				t.Errorf("%s: %d people were told, want %d", what, len(got), len(houses)-1)
			}
			for who, titles := range got {
				if len(titles) != n || !strings.HasSuffix(titles[len(titles)-1], last) {
					t.Errorf("%s: %s was told %q", what, who, titles)
				}
			}
		}
		later(RestrictionNoteDelay)
		check("on the last day", 1, "原因：检修")
		later(24 * time.Hour)
		check("the day after", 2, " 的限制出入已到期，恢复小区的规则")
		lifted, err := one.LiftRestrictions(t.Context(), core.System, everywhere, community, houses[1:])
		if err != nil {
			t.Fatal(err)
		}
		later(RestrictionNoteDelay)
		check("lifted", 2, " 的限制出入已到期，恢复小区的规则")
		if _, err := two.UndoBatch(t.Context(), core.System, everywhere, lifted.ID); err != nil {
			t.Fatal(err)
		}
		later(24 * time.Hour)
		check("taken back", 2, " 的限制出入已到期，恢复小区的规则")
	})
}
