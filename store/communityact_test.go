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
