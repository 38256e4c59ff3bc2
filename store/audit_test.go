package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// verifyPart is more lines than a check reads at once, less one.
const verifyPart = 1000

// tamper changes the database as somebody with a client would.
func tamper(t *testing.T, s *Store, query string, args ...any) {
	t.Helper()
	err := s.db.Write(t.Context(), "tamper", func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func verify(t *testing.T, s *Store, anchor audit.Anchor) core.AuditVerdict {
	t.Helper()
	verdict, err := s.VerifyAudit(t.Context(), anchor)
	if err != nil {
		t.Fatalf("VerifyAudit: %v", err)
	}
	return verdict
}

func TestAuditChainVerifies(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		if _, err := s.LastAuditVerdict(t.Context()); !core.IsNotFound(err) {
			t.Errorf("a check before any: %v", err)
		}
		if v := verify(t, s, audit.Anchor{}); !v.Good() || v.Rows != 0 {
			t.Errorf("an empty log: %+v", v)
		}
		for i := range 5 {
			newCommunity(t, s, fmt.Sprint("小区", i))
		}
		v := verify(t, s, audit.Anchor{})
		if !v.Good() || v.Rows != 5 || v.Seq != 5 || len(v.Hash) != 64 {
			t.Fatalf("five lines: %+v", v)
		}
		last, err := s.LastAuditVerdict(t.Context())
		if err != nil || last.Hash != v.Hash || last.Rows != 5 || !last.At.Equal(testNow) {
			t.Errorf("kept %+v, %v", last, err)
		}
		newCommunity(t, s, "后来")
		if v := verify(t, s, audit.Anchor{Seq: v.Seq, Hash: v.Hash}); !v.Good() || v.Rows != 6 {
			t.Errorf("with an anchor: %+v", v)
		}
	})
}

// TestTheAuditLogsEndIsGuessed: who wrote the last line appends the next without reading the end; a guess that another server, or an
// act that came to nothing, has made wrong costs a look-up, and the chain is whole.
func TestTheAuditLogsEndIsGuessed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		reads, fails := 0, false
		other := o
		o.onQuery = func(query string) {
			if strings.HasPrefix(query, "SELECT value FROM setting WHERE name = ?") {
				reads++
			}
		}
		o.beforeCommit = func(string) error {
			if fails {
				return errors.New("a fault")
			}
			return nil
		}
		one := openStore(t, o)
		two := openStore(t, other)
		for n, step := range []struct {
			on    *Store
			fails bool
			reads int
		}{{one, false, 1}, {one, false, 0}, {two, false, 0}, {one, false, 1}, {one, true, 0}, {one, false, 1}, {one, false, 0}} {
			reads, fails = 0, step.fails
			_, err := step.on.CreateCommunity(t.Context(), core.System, core.Community{
				Name: fmt.Sprint("小区", n), Levels: core.DefaultLevels(),
			})
			if (err != nil) != step.fails || reads != step.reads {
				t.Errorf("step %d: %d reads, %v", n, reads, err)
			}
		}
		if v := verify(t, one, audit.Anchor{}); !v.Good() || v.Rows != 6 {
			t.Errorf("the audit log: %+v", v)
		}
	})
}

// Every way of tampering is found, and where it begins is said.
func TestAuditTamperingIsFound(t *testing.T) {
	const copied = "id, seq, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, target, " +
		"before_text, after_text, prev_hash, hash"
	cases := []struct {
		name  string
		at    string // in the verdict
		steps []string
	}{
		{"a changed text", "第 3 条", []string{"UPDATE audit_log SET after_text = '{}' WHERE seq = 3"}},
		{"a changed actor", "第 3 条", []string{"UPDATE audit_log SET actor_name = '别人' WHERE seq = 3"}},
		{"a changed moment", "第 1 条", []string{"UPDATE audit_log SET at = at - 1 WHERE seq = 1"}},
		{"a changed hash", "第 5 条", []string{"UPDATE audit_log SET hash = prev_hash WHERE seq = 5"}},
		{"text moved to the next column", "第 2 条", []string{"UPDATE audit_log SET action = CONCAT(action, target), " +
			"target = '' WHERE seq = 2"}},
		{"a deleted line", "第 3 条不见了", []string{"DELETE FROM audit_log WHERE seq = 3"}},
		{"the first line deleted", "第 1 条不见了", []string{"DELETE FROM audit_log WHERE seq = 1"}},
		{"a deleted line, the others moved up", "第 3 条", []string{
			"DELETE FROM audit_log WHERE seq = 3", "UPDATE audit_log SET seq = 3 WHERE seq = 4",
			"UPDATE audit_log SET seq = 4 WHERE seq = 5",
			"UPDATE setting SET value = CONCAT('4 ', SUBSTR(value, 3)) WHERE name = 'audit_head'",
		}},
		{"an inserted line", "第 4 条", []string{"UPDATE audit_log SET seq = 6 WHERE seq = 5", "UPDATE audit_log SET seq = 5 WHERE seq = 4",
			"INSERT INTO audit_log (" + copied +
				") SELECT id + 1, 4, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, " +
				"target, before_text, after_text, prev_hash, hash FROM audit_log WHERE seq = 3"}},
		{"a line before the first", "第 0 条", []string{
			"INSERT INTO audit_log (" + copied +
				") SELECT id - 1, 0, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, " +
				"target, before_text, after_text, prev_hash, hash FROM audit_log WHERE seq = 1",
		}},
		{"a line behind the last", "第 6 条", []string{
			"INSERT INTO audit_log (" + copied +
				") SELECT id + 1, 6, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, " +
				"target, before_text, after_text, hash, hash FROM audit_log WHERE seq = 5",
		}},
		{"two lines in the other order", "第 2 条", []string{
			"UPDATE audit_log SET seq = 99 WHERE seq = 2", "UPDATE audit_log SET seq = 2 WHERE seq = 3",
			"UPDATE audit_log SET seq = 3 WHERE seq = 99",
		}},
		{"the end cut off", "第 4 条起不见了", []string{"DELETE FROM audit_log WHERE seq >= 4"}},
		{"all cut off", "第 1 条起不见了", []string{"DELETE FROM audit_log"}},
		{"the end cut off, and its note put back", "锚点第 5 条不见了", []string{"DELETE FROM audit_log WHERE seq >= 4",
			"UPDATE setting SET value = (SELECT CONCAT('3 ', hash) FROM audit_log WHERE seq = 3) WHERE name = 'audit_head'", "anchor"}},
		{"the note deleted", "标记不见了", []string{"DELETE FROM setting WHERE name = 'audit_head'"}},
		{"the note spoilt", "标记不见了", []string{"UPDATE setting SET value = 'x' WHERE name = 'audit_head'"}},
		{"the note pointing back", "第 4 条在末尾标记之后", []string{`UPDATE setting SET value = (SELECT CONCAT('3 ', hash)
			FROM audit_log WHERE seq = 3) WHERE name = 'audit_head'`}},
		{"the note with another hash", "第 5 条与末尾标记不符", []string{"UPDATE setting SET value = CONCAT(value, 'f') WHERE name = 'audit_head'"}},
	}
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		for i := range 5 {
			newCommunity(t, s, fmt.Sprint("小区", i))
		}
		good := verify(t, s, audit.Anchor{})
		var lines []audit.Row
		if err := s.db.All(t.Context(), &lines, "SELECT "+audit.Columns+" FROM audit_log ORDER BY seq"); err != nil || len(lines) != 5 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		for _, c := range cases {
			var anchor audit.Anchor
			for _, step := range c.steps {
				if step == "anchor" {
					anchor = audit.Anchor{Seq: good.Seq, Hash: good.Hash}
					continue
				}
				tamper(t, s, step)
			}
			v := verify(t, s, anchor)
			if v.Good() || !strings.Contains(v.Broken, c.at) {
				t.Errorf("%s: %q, want %s", c.name, v.Broken, c.at)
			}
			if last, err := s.LastAuditVerdict(t.Context()); err != nil || last.Broken != v.Broken {
				t.Errorf("%s: kept %+v, %v", c.name, last, err)
			}
			mend(t, s, lines)
			if v := verify(t, s, audit.Anchor{Seq: good.Seq, Hash: good.Hash}); !v.Good() {
				t.Fatalf("mended after %s: %s", c.name, v.Broken)
			}
		}
	})
}

// mend puts the log back as it was.
func mend(t *testing.T, s *Store, lines []audit.Row) {
	t.Helper()
	tamper(t, s, "DELETE FROM audit_log")
	for _, r := range lines {
		tamper(
			t, s, "INSERT INTO audit_log ("+audit.Columns+") VALUES ("+database.Placeholders(15)+")",
			int64(r.ID), r.Seq, r.At, int64(r.Community), string(r.ActorKind), int64(r.ActorID), r.ActorName,
			r.Addr, r.RequestID, r.Action, r.Target, r.Before, r.After, r.PrevHash, r.Hash,
		)
	}
	last := lines[len(lines)-1]
	tamper(t, s, "DELETE FROM setting WHERE name = 'audit_head'")
	tamper(t, s, "INSERT INTO setting (name, value, updated_at) VALUES ('audit_head', ?, 0)", fmt.Sprint(last.Seq, " ", last.Hash))
}

// Somebody who has the database but not the keys cannot write a chain of their own.
func TestAuditChainIsKeyed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		newCommunity(t, s, "小区")
		tamper(t, s, "DELETE FROM setting WHERE name LIKE 'key.%'") // which would refuse other keys
		o.Keys.MAC = []byte(strings.Repeat("x", 32))
		if v := verify(t, openStore(t, o), audit.Anchor{}); v.Good() {
			t.Error("a chain under one key is good under another")
		}
	})
}

// A part boundary, and lines written while the check reads, break nothing.
func TestAuditVerifiesBesideWriters(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, stop := context.WithCancel(t.Context())
		write := func(ctx context.Context, n int) error {
			return s.db.Write(ctx, "many acts", func(tx *database.Tx) error {
				for range n {
					entry := audit.Entry{Action: "setting.update", Subject: audit.Target("setting", 0)}
					if err := audit.Write(tx, core.System, entry); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := write(ctx, verifyPart+1); err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for range 2 {
			writers.Go(func() {
				for ctx.Err() == nil {
					if err := write(ctx, 3); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			})
		}
		for range 10 {
			if v := verify(t, s, audit.Anchor{}); !v.Good() || v.Rows <= verifyPart {
				t.Errorf("%d lines: %s", v.Rows, v.Broken)
			}
		}
		stop()
		writers.Wait()
	})
}

func TestAuditAnchorIsRead(t *testing.T) {
	hash := strings.Repeat("a", 64)
	if a, err := audit.ParseAnchor("12:" + hash); err != nil || a != (audit.Anchor{Seq: 12, Hash: hash}) {
		t.Errorf("%+v, %v", a, err)
	}
	for _, wrong := range []string{"", "12", "0:" + hash, "x:" + hash, "12:abc"} {
		if _, err := audit.ParseAnchor(wrong); err == nil {
			t.Errorf("%q is an anchor", wrong)
		}
	}
}

// auditNames lists the lines of a filter by what was done, oldest last.
func auditNames(t *testing.T, s *Store, scope core.Scope, f core.AuditFilter) string {
	t.Helper()
	list, more, err := s.AuditRecords(t.Context(), scope, f, Page{Limit: 100})
	if err != nil || more {
		t.Fatalf("AuditRecords: %v, more %v", err, more)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Action)
	}
	return strings.Join(names, " ")
}

func TestAuditIsFilteredWithinTheScope(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		mine, other := newCommunity(t, s, "我的"), newCommunity(t, s, "别人的")
		begin := clock.Now()
		clock.Add(time.Hour)
		houses := newHouses(t, s, mine, 1)
		boss := core.Actor{Kind: core.ActorAccount, ID: 77, Name: "周敏", Addr: "192.0.2.1", RequestID: "r1"}
		resident, err := s.CreateResident(t.Context(), boss, everywhere, core.Resident{
			Community: mine, House: houses[0], Name: "张三", Identity: core.Owner, Phone: "13800138000",
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.EndSessions(t.Context(), boss, 5); err != nil {
			t.Fatal(err)
		}
		own := core.ScopeOf(mine)
		for _, c := range []struct {
			name  string
			scope core.Scope
			f     core.AuditFilter
			want  string
		}{
			{"all", everywhere, core.AuditFilter{}, "session.end resident.create house.create community.create community.create"},
			{"one community's", own, core.AuditFilter{}, "resident.create house.create community.create"},
			{
				"two communities'", core.ScopeOf(mine, other), core.AuditFilter{},
				"resident.create house.create community.create community.create",
			},
			{
				"two communities' by act", core.ScopeOf(mine, other),
				core.AuditFilter{Action: "community.create"}, "community.create community.create",
			},
			{"none's", core.Scope{}, core.AuditFilter{}, ""},
			{"another's", own, core.AuditFilter{Community: other}, ""},
			{"a community of all", everywhere, core.AuditFilter{Community: other}, "community.create"},
			{"by act", everywhere, core.AuditFilter{Action: "house.create"}, "house.create"},
			{"by act, in one community", own, core.AuditFilter{Action: "community.create"}, "community.create"},
			{"by actor", everywhere, core.AuditFilter{Kind: core.ActorAccount, Actor: 77}, "session.end resident.create"},
			{"by actor, in one community", own, core.AuditFilter{Kind: core.ActorAccount, Actor: 77}, "resident.create"},
			{"by actor, in two", core.ScopeOf(mine, other), core.AuditFilter{Kind: core.ActorAccount, Actor: 77}, "resident.create"},
			{"by kind of actor", own, core.AuditFilter{Kind: core.ActorSystem}, "house.create community.create"},
			{"by subject", own, core.AuditFilter{Target: audit.Target("resident", resident).String()}, "resident.create"},
			{"by subject, elsewhere", core.ScopeOf(other), core.AuditFilter{Target: audit.Target("resident", resident).String()}, ""},
			{"up to a moment", own, core.AuditFilter{To: begin.Add(time.Minute)}, "community.create"},
			{"from a moment", own, core.AuditFilter{From: begin.Add(time.Minute)}, "resident.create house.create"},
		} {
			if got := auditNames(t, s, c.scope, c.f); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		list, _, err := s.AuditRecords(t.Context(), own, core.AuditFilter{Action: "resident.create"}, Page{Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatal(err)
		}
		if r := list[0]; r.Actor != boss || !r.At.Equal(clock.Now()) || strings.Contains(r.After, "13800138000") ||
			!strings.Contains(r.After, "138****8000") {
			t.Errorf("the line reads %+v", r)
		}
		if r, err := s.AuditRecord(t.Context(), own, list[0].ID); err != nil || r.ID != list[0].ID {
			t.Errorf("read %+v, %v", r, err)
		}
		_, err = s.AuditRecord(t.Context(), core.ScopeOf(other), list[0].ID)
		wantCode(t, err, core.CodeNotFound)
		names, err := s.AuditSubjects(t.Context(), list)
		if err != nil || names[list[0].Target] != "张三" {
			t.Errorf("subjects %v, %v", names, err)
		}
	})
}

func TestAuditPagesByKey(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		var ids []core.ID
		for i := range 7 {
			ids = append(ids, newCommunity(t, s, fmt.Sprint("小区", i)))
		}
		for _, scope := range []core.Scope{everywhere, core.ScopeOf(ids...)} {
			first, more, err := s.AuditRecords(t.Context(), scope, core.AuditFilter{}, Page{Limit: 3})
			if err != nil || !more || len(first) != 3 || first[0].Seq != 7 {
				t.Fatalf("first page %d, %v, %v", len(first), more, err)
			}
			second, more, err := s.AuditRecords(t.Context(), scope, core.AuditFilter{}, Page{Next: first[2].ID, Limit: 3})
			if err != nil || !more || len(second) != 3 || second[0].Seq != 4 {
				t.Fatalf("second page %+v, %v, %v", second, more, err)
			}
			back, more, err := s.AuditRecords(t.Context(), scope, core.AuditFilter{}, Page{Prev: second[0].ID, Limit: 3})
			if err != nil || more || len(back) != 3 || back[0].ID != first[0].ID {
				t.Fatalf("back to %+v, %v, %v", back, more, err)
			}
		}
	})
}

func TestAuditExportIsAudited(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "我的"), newCommunity(t, s, "别人的")
		var seen []core.AuditRecord
		take := func(r core.AuditRecord) error { seen = append(seen, r); return nil }
		if err := s.ExportAudit(t.Context(), core.System, core.ScopeOf(mine), core.AuditFilter{}, take); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 2 || seen[0].Action != "audit.export" || seen[0].Community != mine || seen[1].Community != mine {
			t.Errorf("exported %+v", seen)
		}
		if got := auditNames(t, s, core.ScopeOf(other), core.AuditFilter{}); got != "community.create" {
			t.Errorf("the other community's lines: %s", got)
		}
	})
}
