package store

import (
	"strings"
	"testing"

	"tongxing/core"
)

func communitiesNow(t *testing.T, s *Store) int {
	t.Helper()
	all, err := s.Communities(t.Context(), everywhere)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestCommunityIsArchivedAndRestored(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		scope := core.ScopeOf(id)
		reader, _, err := s.CreateReader(t.Context(), core.System, everywhere, aReader(id, "A1"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ArchiveCommunity(t.Context(), core.System, scope, id); core.CodeOf(err) != core.CodeConflict ||
			!strings.Contains(core.MessageOf(err), "1 台启用的门禁") {
			t.Errorf("with a door: %v", err)
		}
		if err := s.DisableReader(t.Context(), core.System, everywhere, reader); err != nil {
			t.Fatal(err)
		}
		if err := s.ArchiveCommunity(t.Context(), core.System, core.ScopeOf(id+1), id); !core.IsNotFound(err) {
			t.Errorf("another's: %v", err)
		}
		if err := s.ArchiveCommunity(t.Context(), core.System, scope, id); err != nil || communitiesNow(t, s) != 0 {
			t.Errorf("archived: %v, %d in use", err, communitiesNow(t, s))
		}
		if err := s.ArchiveCommunity(t.Context(), core.System, scope, id); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("twice: %v", err)
		}
		if err := s.RestoreCommunity(t.Context(), core.System, scope, id); err != nil || communitiesNow(t, s) != 1 {
			t.Errorf("restored: %v, %d in use", err, communitiesNow(t, s))
		}
		if err := s.RestoreCommunity(t.Context(), core.System, scope, id); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("restored twice: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action IN ('community.archive', 'community.restore')"); n != 2 {
			t.Errorf("%d lines of the audit log", n)
		}
	})
}

func TestCommunityIsDeletedWhenNothingHangsOnIt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, id, 2)[0]
		recordOf(t, s, residentOf(t, s, newResident(t, s, id, house, "张三", "13800138000")))
		hangs, err := s.CommunityObstacles(t.Context(), everywhere, id)
		if err != nil || strings.Join(core.ObstacleTexts(hangs), " ") != "2 套房屋 1 名住户 1 条出入记录" {
			t.Errorf("hangs %q, %v", core.ObstacleTexts(hangs), err)
		}
		if err := s.RemoveCommunity(t.Context(), core.System, everywhere, id); core.CodeOf(err) != core.CodeConflict ||
			!strings.Contains(core.MessageOf(err), "2 套房屋") {
			t.Errorf("with houses: %v", err)
		}
		if _, err := s.CommunityObstacles(t.Context(), core.ScopeOf(id+1), id); !core.IsNotFound(err) {
			t.Errorf("what hangs on another's: %v", err)
		}
		empty := newCommunity(t, s, "空苑")
		if err := s.RemoveCommunity(
			t.Context(), core.Actor{Kind: core.ActorAccount, ID: 7}, core.ScopeOf(empty), empty,
		); core.CodeOf(err) != core.CodeForbidden {
			t.Errorf("by who does not see all: %v", err)
		}
		if err := s.RemoveCommunity(
			t.Context(), core.Actor{Kind: core.ActorAccount, ID: 7}, core.ScopeOf(id), empty,
		); !core.IsNotFound(err) {
			t.Errorf("another's: %v", err)
		}
		if err := s.RemoveCommunity(t.Context(), core.System, everywhere, empty); err != nil || communitiesNow(t, s) != 1 {
			t.Errorf("deleted: %v, %d left", err, communitiesNow(t, s))
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass_rule"); n != 1 {
			t.Errorf("%d rules left", n)
		}
	})
}

// What is tied to an archived community still is when somebody has saved its form, which does not offer that community.
func TestSavingAFormKeepsArchivedCommunities(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		operator := core.Actor{Kind: core.ActorAccount, ID: 1, Operator: true}
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		ctx, both := t.Context(), []core.ID{here, there}
		granter := granterOf(mustAccount(t, s, admin("root")))
		institution, err := s.CreateInstitution(ctx, core.System, everywhere, core.Institution{Name: "顺丰速运", Communities: both})
		mustDo(t, err)
		observer, err := s.CreateObserver(ctx, core.System, everywhere, core.Observer{
			Name: "王书记", Capacity: "居委会", Phone: "13900139001", Communities: both,
		})
		mustDo(t, err)
		limited := testAccount("limited")
		limited.Scope = core.ScopeOf(both...)
		account := mustAccount(t, s, limited).ID
		client, _, err := s.CreateOpenClient(ctx, operator, core.OpenClient{
			Name: "甲", Calls: []core.OpenCall{core.CallCommunityList}, Scope: core.ScopeOf(both...), Rate: 5,
		})
		mustDo(t, err)
		staff := newStaff(t, s, "李娜", "13700000001", both...)
		saves := []struct {
			table string
			save  func(ticked ...core.ID) error
		}{
			{"institution_community WHERE institution_id = " + institution.String(), func(ticked ...core.ID) error {
				i, err := s.Institution(ctx, everywhere, institution)
				mustDo(t, err)
				i.Communities = ticked
				return discard(s.UpdateInstitution(ctx, core.System, everywhere, i))
			}},
			{"observer_community WHERE observer_id = " + observer.String(), func(ticked ...core.ID) error {
				o, err := s.Observer(ctx, everywhere, observer)
				mustDo(t, err)
				o.Communities, o.Phone = ticked, ""
				return discard(s.UpdateObserver(ctx, core.System, everywhere, o))
			}},
			{"account_scope WHERE account_id = " + account.String(), func(ticked ...core.ID) error {
				a, err := s.Account(ctx, everywhere, account)
				mustDo(t, err)
				a.Scope = core.ScopeOf(ticked...)
				return discard(s.UpdateAccount(ctx, granter, a))
			}},
			{"open_client_scope WHERE client_id = " + client.String(), func(ticked ...core.ID) error {
				c, err := s.OpenClient(ctx, everywhere, client)
				mustDo(t, err)
				c.Scope = core.ScopeOf(ticked...)
				return discard(s.UpdateOpenClient(ctx, operator, c))
			}},
			{"staff_community WHERE staff_id = " + staff.String(), func(ticked ...core.ID) error {
				m, err := s.Staff(ctx, everywhere, staff)
				mustDo(t, err)
				m.Communities, m.Phone, m.Wechat, m.Address = ticked, "", "", ""
				return discard(s.UpdateStaff(ctx, core.System, everywhere, m, nil))
			}},
		}
		mustDo(t, s.ArchiveCommunity(ctx, core.System, everywhere, there))
		for _, k := range saves {
			if err := k.save(here); err != nil || countRows(t, s, "SELECT COUNT(*) FROM "+k.table) != 2 {
				t.Errorf("%s, saved: %v", k.table, err)
			}
		}
		mustDo(t, s.ArchiveCommunity(ctx, core.System, everywhere, here))
		for _, k := range saves { // nothing can be ticked any more, and nothing is missing
			if err := k.save(); err != nil || countRows(t, s, "SELECT COUNT(*) FROM "+k.table) != 2 {
				t.Errorf("%s, saved while all are archived: %v", k.table, err)
			}
		}
		mustDo(t, s.RestoreCommunity(ctx, core.System, everywhere, there))
		for _, k := range saves {
			if err := k.save(there); err != nil || countRows(t, s, "SELECT COUNT(*) FROM "+k.table) != 2 {
				t.Errorf("%s, saved once one is back: %v", k.table, err)
			}
		}
	})
}
