package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

var readerAdmin = core.Actor{Kind: "account", ID: 9, Name: "管理员", Addr: "192.0.2.9"}

// readerCommunity adds a bare community with one building node of it.
func readerCommunity(t *testing.T, s *Store, id core.ID) (node core.ID) {
	t.Helper()
	node = id + 1000
	err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
		if _, err := tx.Exec(
			"INSERT INTO community (id, name, address, phone, levels, created_at, updated_at) VALUES (?, ?, '', '', '', 1, 1)",
			int64(id), fmt.Sprintf("小区%d", id),
		); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO building_node (id, community_id, parent_id, level, name, path) VALUES (?, ?, 0, 0, '1栋', ?)",
			int64(node), int64(id), fmt.Sprintf("/%d/", node))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func aReader(community core.ID, serial string) core.Reader {
	r := core.NewReader()
	r.Community, r.Name, r.Gate, r.Serial = community, "东门出口", "东门", serial
	return r
}

func makeReader(t *testing.T, s *Store, r core.Reader) (core.ID, string) {
	t.Helper()
	id, secret, err := s.CreateReader(t.Context(), readerAdmin, core.Everywhere, r)
	if err != nil {
		t.Fatalf("CreateReader: %v", err)
	}
	return id, secret
}

func readerOf(t *testing.T, s *Store, id core.ID) core.Reader {
	t.Helper()
	r, err := s.Reader(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatalf("Reader: %v", err)
	}
	return r
}

func countRows(t *testing.T, s *Store, query string, args ...any) int {
	t.Helper()
	var n int
	if err := s.db.Get(t.Context(), &n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func readerAudits(t *testing.T, s *Store, action string) int {
	t.Helper()
	return countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = ?", action)
}

func TestReaderKeepsItsSettings(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		node := readerCommunity(t, s, 1)
		want := aReader(1, "HZ2C3BAE")
		want.Name, want.ScopeNodes, want.Thermometer, want.QRAllowed, want.Firmware = " 东门出口 ", []core.ID{node}, true, false, "V2.0"
		id, _ := makeReader(t, s, want)
		want.ID, want.Name, want.Updated = id, "东门出口", s.Now().UTC().Truncate(time.Millisecond)
		want.HeartbeatSeconds = 60 // nothing was said of it
		if got := readerOf(t, s, id); !reflect.DeepEqual(got, want) {
			t.Errorf("after create:\n%+v, want\n%+v", got, want)
		}
		want.Name, want.Protocol, want.Serial, want.Direction, want.ScopeNodes = "西门入口", core.ProtocolMcardsea, "X1", core.In, nil
		want.Thermometer, want.QRAllowed, want.HeartbeatSeconds, want.Firmware = false, true, 3600, ""
		if _, err := s.UpdateReader(t.Context(), readerAdmin, core.Everywhere, want); err != nil {
			t.Fatal(err)
		}
		want.HeartbeatText = "" // of vguang alone
		want.Updated = want.Updated.Add(time.Millisecond)
		if got := readerOf(t, s, id); !reflect.DeepEqual(got, want) {
			t.Errorf("after update:\n%+v, want\n%+v", got, want)
		}
		if readerAudits(t, s, "reader.create") != 1 || readerAudits(t, s, "reader.update") != 1 {
			t.Error("an act without its audit row")
		}
	})
}

func TestReaderSecret(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		id, secret := makeReader(t, s, aReader(1, "A1"))
		other, second := makeReader(t, s, aReader(1, "A2"))
		if len(secret) != 26 || strings.Trim(secret, secretAlphabet) != "" || secret == second {
			t.Fatalf("secrets of %d and %d characters", len(secret), len(second))
		}
		for _, typed := range []string{
			secret, strings.ToLower(secret), strings.ReplaceAll(secret, "0", "O"),
			strings.ReplaceAll(secret, "1", "l"),
		} {
			if r, err := s.ReaderBySecret(t.Context(), core.ProtocolVguang, typed); err != nil || r.ID != id {
				t.Errorf("typed as %d characters: %v, %v", len(typed), r.ID, err)
			}
		}
		for _, wrong := range []string{"", "x", secret[1:], secret + "0", "%", strings.Repeat("0", 26), strings.Repeat("'", 26)} {
			if _, err := s.ReaderBySecret(t.Context(), core.ProtocolVguang, wrong); !core.IsNotFound(err) {
				t.Errorf("a wrong secret: %v", err)
			}
		}
		if _, err := s.ReaderBySecret(t.Context(), core.ProtocolMcardsea, secret); !core.IsNotFound(err) {
			t.Errorf("of another protocol: %v", err)
		}

		shown, err := s.RevealReaderSecret(t.Context(), readerAdmin, core.Everywhere, id)
		if err != nil || shown != secret || readerAudits(t, s, "reader.reveal_secret") != 1 {
			t.Errorf("shown: %v, equal %v", err, shown == secret)
		}
		fresh, err := s.RotateReaderSecret(t.Context(), readerAdmin, core.Everywhere, id)
		if err != nil || fresh == secret || readerAudits(t, s, "reader.rotate_secret") != 1 {
			t.Fatalf("rotated: %v", err)
		}
		if _, err := s.ReaderBySecret(t.Context(), core.ProtocolVguang, secret); !core.IsNotFound(err) {
			t.Errorf("the old secret: %v", err)
		}
		if r, err := s.ReaderBySecret(t.Context(), core.ProtocolVguang, fresh); err != nil || r.ID != id {
			t.Errorf("the new secret: %v", err)
		}
		if r, err := s.ReaderBySecret(t.Context(), core.ProtocolVguang, second); err != nil || r.ID != other {
			t.Errorf("another's secret: %v", err)
		}
		for _, plain := range []string{secret, fresh} {
			like := "%" + plain + "%"
			n := countRows(
				t, s,
				"SELECT COUNT(*) FROM reader WHERE secret_cipher LIKE ? OR secret_digest LIKE ? OR name LIKE ?",
				like, like, like,
			)
			n += countRows(
				t, s,
				"SELECT COUNT(*) FROM audit_log WHERE before_text LIKE ? OR after_text LIKE ? OR target LIKE ?",
				like, like, like,
			)
			if n != 0 {
				t.Errorf("the secret is in %d rows as it is", n)
			}
		}
	})
}

func TestReaderRefusesBadCommunities(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		foreign := readerCommunity(t, s, 2)
		makeReader(t, s, aReader(1, "A1"))
		scoped := aReader(1, "A9")
		scoped.ScopeNodes = []core.ID{foreign}
		for name, c := range map[string]struct {
			r     core.Reader
			field string
		}{
			"another's building": {scoped, "scope_nodes"},
			"serial in use":      {aReader(1, "A1"), "serial"},
			"bad settings":       {core.Reader{Community: 1}, "name"},
		} {
			var e *core.Error
			if _, _, err := s.CreateReader(t.Context(), readerAdmin, core.Everywhere, c.r); !errors.As(err, &e) || e.Fields[c.field] == "" {
				t.Errorf("%s: %v, want %s", name, err, c.field)
			}
		}
		if _, _, err := s.CreateReader(t.Context(), readerAdmin, core.Everywhere, aReader(3, "A1")); !core.IsNotFound(err) {
			t.Errorf("no such community: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM reader"); n != 1 || readerAudits(t, s, "reader.create") != 1 {
			t.Errorf("%d readers after refusals", n)
		}
		makeReader(t, s, aReader(2, "A1")) // another community's device may have the same number
	})
}

// Whatever is tried on another community's reader says that it is not there, and
// changes nothing.
func TestReaderActsStayInScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		readerCommunity(t, s, 2)
		mine, _ := makeReader(t, s, aReader(1, "A1"))
		id, secret := makeReader(t, s, aReader(2, "B1"))
		before, audits := readerOf(t, s, id), countRows(t, s, "SELECT COUNT(*) FROM audit_log")
		ctx := t.Context()
		changed := before
		changed.Name = "我的了"
		for scopeName, scope := range map[string]core.Scope{"another's": core.ScopeOf(1), "none": {}} {
			for name, act := range map[string]func() error{
				"read":    func() error { _, err := s.Reader(ctx, scope, id); return err },
				"create":  func() error { _, _, err := s.CreateReader(ctx, readerAdmin, scope, aReader(2, "B2")); return err },
				"update":  func() error { return discard(s.UpdateReader(ctx, readerAdmin, scope, changed)) },
				"rotate":  func() error { _, err := s.RotateReaderSecret(ctx, readerAdmin, scope, id); return err },
				"show":    func() error { _, err := s.RevealReaderSecret(ctx, readerAdmin, scope, id); return err },
				"disable": func() error { return s.DisableReader(ctx, readerAdmin, scope, id) },
				"enable":  func() error { return s.EnableReader(ctx, readerAdmin, scope, id) },
				"qr": func() error {
					_, err := s.SwitchReadersQR(ctx, readerAdmin, scope, ReaderQR{Readers: []core.ID{mine, id}})
					return err
				},
			} {
				if err := act(); !core.IsNotFound(err) {
					t.Errorf("%s with scope %s: %v", name, scopeName, err)
				}
			}
			list, _, err := s.Readers(ctx, scope, ReaderFilter{Community: 2})
			if err != nil || len(list) != 0 {
				t.Errorf("list with scope %s: %d, %v", scopeName, len(list), err)
			}
		}
		if got := readerOf(t, s, id); !reflect.DeepEqual(got, before) {
			t.Errorf("changed to %+v", got)
		}
		if r, err := s.ReaderBySecret(ctx, core.ProtocolVguang, secret); err != nil || r.ID != id {
			t.Errorf("its secret: %v", err)
		}
		if !readerOf(t, s, mine).QRAllowed {
			t.Error("a refused bulk act changed a part")
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log"); n != audits {
			t.Errorf("%d audit rows for nothing", n-audits)
		}
	})
}

func TestDisableAndEnableReader(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		id, secret := makeReader(t, s, aReader(1, "A1"))
		ctx := t.Context()
		for range 2 { // a second time changes nothing
			if err := s.DisableReader(ctx, readerAdmin, core.ScopeOf(1), id); err != nil {
				t.Fatal(err)
			}
		}
		if readerOf(t, s, id).Disabled.IsZero() || readerAudits(t, s, "reader.disable") != 1 {
			t.Error("not disabled once")
		}
		// The door still knows it: the scan is what refuses, and records it.
		if r, err := s.ReaderBySecret(ctx, core.ProtocolVguang, secret); err != nil || r.Disabled.IsZero() {
			t.Errorf("by secret: %v", err)
		}
		out, err := s.Scan(ctx, ScanAttempt{Via: core.ViaReader, Reader: id, Token: core.TokenAbsent})
		if err != nil || out.Decision.Allowed || out.Decision.Reason != core.ReasonReaderUnknown {
			t.Errorf("a scan at it: %+v, %v", out.Decision, err)
		}
		successor, _ := makeReader(t, s, aReader(1, "A1"))
		if err := s.EnableReader(ctx, readerAdmin, core.ScopeOf(1), id); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("enable beside its successor: %v", err)
		}
		if err := s.DisableReader(ctx, readerAdmin, core.ScopeOf(1), successor); err != nil {
			t.Fatal(err)
		}
		if err := s.EnableReader(ctx, readerAdmin, core.ScopeOf(1), id); err != nil {
			t.Fatal(err)
		}
		if !readerOf(t, s, id).Disabled.IsZero() || readerAudits(t, s, "reader.enable") != 1 {
			t.Error("not enabled once")
		}
	})
}

func TestSetReadersQR(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		var ids []core.ID
		for i := range 3 {
			id, _ := makeReader(t, s, aReader(1, fmt.Sprint("A", i)))
			ids = append(ids, id)
		}
		for _, want := range []int{2, 0} {
			b, err := s.SwitchReadersQR(t.Context(), readerAdmin, core.ScopeOf(1), ReaderQR{Readers: []core.ID{ids[0], ids[2], ids[0]}})
			n := b.Size
			if err != nil || n != want {
				t.Errorf("changed %d, %v; want %d", n, err, want)
			}
		}
		for i, id := range ids {
			if got, want := readerOf(t, s, id).QRAllowed, i == 1; got != want {
				t.Errorf("reader %d: %v", i, got)
			}
		}
		if n := readerAudits(t, s, "reader.switch_qr"); n != 2 {
			t.Errorf("%d audit rows", n)
		}
		for _, bad := range [][]core.ID{nil, make([]core.ID, 0), {ids[0], 404}} {
			if _, err := s.SwitchReadersQR(t.Context(), readerAdmin, core.ScopeOf(1), ReaderQR{Readers: bad, Allowed: true}); err == nil {
				t.Errorf("%v passes", bad)
			}
		}
		if readerOf(t, s, ids[0]).QRAllowed {
			t.Error("a refused bulk act changed a part")
		}
	})
}

func TestReadersList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		readerCommunity(t, s, 2)
		for i := range 5 {
			r := aReader(core.ID(1+i%2), fmt.Sprint("A", i))
			r.Name, r.Gate = fmt.Sprint("读头", i), []string{"100%", "1000", "a_b", "aXb", "c!"}[i]
			makeReader(t, s, r)
		}
		names := func(f ReaderFilter) string {
			list, _, err := s.Readers(t.Context(), core.Everywhere, f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range list {
				got = append(got, strings.TrimPrefix(r.Name, "读头"))
			}
			return strings.Join(got, "")
		}
		for _, c := range []struct {
			f    ReaderFilter
			want string
		}{
			{ReaderFilter{}, "01234"}, {ReaderFilter{Community: 2}, "13"}, {ReaderFilter{Keyword: "读头3"}, "3"},
			{ReaderFilter{Keyword: "A4"}, "4"},
			{ReaderFilter{Keyword: "0%"}, "0"}, {ReaderFilter{Keyword: "a_"}, "2"},
			{ReaderFilter{Keyword: "!"}, "4"}, {ReaderFilter{Keyword: "' OR 1=1 --"}, ""},
			{ReaderFilter{Disabled: "no"}, "01234"}, {ReaderFilter{Disabled: "yes"}, ""}, {ReaderFilter{State: core.ReaderNever}, "01234"},
		} {
			if got := names(c.f); got != c.want {
				t.Errorf("%+v: %s, want %s", c.f, got, c.want)
			}
		}
		first, more, err := s.Readers(t.Context(), core.Everywhere, ReaderFilter{Page: Page{Limit: 3}})
		if err != nil || len(first) != 3 || !more {
			t.Fatalf("first page: %d, %v, %v", len(first), more, err)
		}
		rest, more, err := s.Readers(t.Context(), core.Everywhere, ReaderFilter{Page: Page{Limit: 3, Next: first[2].ID}})
		if err != nil || len(rest) != 2 || more {
			t.Errorf("second page: %d, %v, %v", len(rest), more, err)
		}
		back, more, err := s.Readers(t.Context(), core.Everywhere, ReaderFilter{Page: Page{Limit: 3, Prev: rest[0].ID}})
		if err != nil || more || !reflect.DeepEqual(back, first) {
			t.Errorf("back to the first page: %d, %v, %v", len(back), more, err)
		}
	})
}

// The list's filter says the same of every reader as core.Reader.State.
func TestReadersListByState(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		random := rand.New(rand.NewPCG(1, 2))
		touches := map[core.ID]readerTouch{}
		for i := range 60 {
			r := aReader(1, fmt.Sprint("A", i))
			r.HeartbeatSeconds = 30 + random.IntN(3)*15
			id, _ := makeReader(t, s, r)
			if i%10 == 0 {
				continue // never seen
			}
			silent := []time.Duration{
				0, 74999, 75000, 75001, 150000, 150001, 300000, 300001, time.Duration(random.IntN(700000)),
			}[i%9] * time.Millisecond
			touches[id] = readerTouch{at: s.Now().Add(-silent)}
		}
		if err := s.touchReaders(t.Context(), touches); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, state := range []core.ReaderState{core.ReaderNever, core.ReaderOnline, core.ReaderStale, core.ReaderOffline} {
			list, _, err := s.Readers(t.Context(), core.Everywhere, ReaderFilter{State: state, Page: Page{Limit: 100}})
			if err != nil || len(list) == 0 {
				t.Fatalf("%s: %d, %v", state, len(list), err)
			}
			total += len(list)
			for _, r := range list {
				if got := r.State(s.Now()); got != state {
					t.Errorf("listed as %s, is %s (silent %s of %d s)", state, got, s.Now().Sub(r.LastSeen), r.HeartbeatSeconds)
				}
			}
		}
		if total != 60 {
			t.Errorf("%d of 60 readers in some state", total)
		}
	})
}
