package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"

	"github.com/jmoiron/sqlx"
)

// scanSite is a community with a guard post and people who have passes.
type scanSite struct {
	community, post core.ID
	houses, passes  []core.ID
}

func newScanSite(t *testing.T, s *Store, people int) scanSite {
	t.Helper()
	p := scanSite{community: newCommunity(t, s, "翠湖花园")}
	p.houses = newHouses(t, s, p.community, people)
	for i, house := range p.houses {
		phone := fmt.Sprintf("139%08d", i)
		newResident(t, s, p.community, house, "张三", phone)
		user := newWechatUserWithPhone(t, s, "o"+phone, phone)
		passes, err := s.PassesOfUser(t.Context(), user)
		if err != nil || len(passes) != 1 {
			t.Fatal(len(passes), err)
		}
		p.passes = append(p.passes, passes[0].ID)
	}
	var err error
	p.post, err = s.CreateGuardPost(t.Context(), core.System, everywhere, core.GuardPost{
		Community: p.community, Name: "东门岗", Direction: core.Out,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// exit is a passage by hand.
func (p scanSite) exit(i int) ScanAttempt {
	return ScanAttempt{
		Via: core.ViaManual, Post: p.post, GuardName: "李师傅", Direction: core.Out, Pass: p.passes[i], TokenDigest: fmt.Sprintf("%064d", i+1),
	}
}

// together decides one batch and wants all but bad released, once each.
func (p scanSite) together(t *testing.T, s *Store, batch []ScanAttempt, bad int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scanTime)
	defer cancel()
	outcomes, errs := s.scanBatch(ctx, batch)
	for i := range batch {
		if i == bad {
			if errs[i] == nil || outcomes[i].Decision.Allowed {
				t.Errorf("the bad one: %+v, %v; want an error", outcomes[i].Decision, errs[i])
			}
			continue
		}
		if errs[i] != nil || !outcomes[i].Decision.Allowed {
			t.Errorf("attempt %d: %+v, %v; want it released", i, outcomes[i].Decision, errs[i])
		}
	}
	want := len(batch)
	if bad >= 0 {
		want--
	}
	if n := countRows(t, s, "SELECT COUNT(*) FROM access_record WHERE allowed = 1"); n != want {
		t.Errorf("%d releases on record, want %d", n, want)
	}
}

// Attempts by one pass take turns if each may release it; repeats of a code that has been used do not keep the doors waiting.
func TestOfOnePassOneAtATime(t *testing.T) {
	live := func(pass core.ID) ScanAttempt { return ScanAttempt{Pass: pass, Token: core.TokenLive} }
	form, used := ScanAttempt{Pass: 1}, ScanAttempt{Pass: 1, Token: core.TokenUsed}
	for what, c := range map[string]struct {
		batch  []ScanAttempt
		rounds [][]int
	}{
		"different passes": {[]ScanAttempt{live(1), live(2), live(3)}, [][]int{{0, 1, 2}}},
		"no pass":          {[]ScanAttempt{live(0), {}, live(0)}, [][]int{{0, 1, 2}}},
		"one code again":   {[]ScanAttempt{live(1), used, used, live(2), used}, [][]int{{0, 1, 2, 3, 4}}},
		"forms of a slip":  {[]ScanAttempt{form, live(2), form, form, live(2)}, [][]int{{0, 1}, {2, 4}, {3}}},
	} {
		var rounds [][]int
		for rest := batchOf(c.batch); len(rest) > 0; {
			var now []placed
			now, rest = eachPassOnce(rest)
			var places []int
			for _, a := range now {
				places = append(places, a.at)
			}
			rounds = append(rounds, places)
		}
		if fmt.Sprint(rounds) != fmt.Sprint(c.rounds) {
			t.Errorf("%s: %v, want %v", what, rounds, c.rounds)
		}
	}
}

// A tally that no program of ours wrote stops its own household and nobody else.
func TestOneBrokenTallyRefusesNobodyElse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newScanSite(t, s, 4)
		if err := s.db.Write(t.Context(), "break", func(tx *database.Tx) error {
			_, err := tx.Exec(
				"INSERT INTO exit_tally (community_id, subject_id, days, version) VALUES (?, ?, 'broken', 1)",
				int64(p.community), int64(p.houses[1]),
			)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p.together(t, s, []ScanAttempt{p.exit(0), p.exit(1), p.exit(2), p.exit(3)}, 1)
	})
}

// What one attempt cannot write down, the others of its batch still can.
func TestOneUnwritableAttemptRefusesNobodyElse(t *testing.T) {
	// SQLite keeps texts of any length.
	onMariaDB(t, func(t *testing.T, s *Store, _ *sqlx.DB) {
		p := newScanSite(t, s, 3)
		long := p.exit(2)
		long.GuardName = strings.Repeat("李", 100)
		p.together(t, s, []ScanAttempt{p.exit(0), p.exit(1), long}, 2)
	})
}

// A panic in a batch answers nobody: each attempt is decided by itself.
func TestPanicInABatch(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		panics := false
		o.Now = func() time.Time {
			if panics {
				panics = false
				panic("once")
			}
			return testNow
		}
		s := openStore(t, o)
		p := newScanSite(t, s, 3)
		panics = true
		p.together(t, s, []ScanAttempt{p.exit(0), p.exit(1), p.exit(2)}, -1)
		if panics {
			t.Error("no panic happened")
		}
	})
}

// A server that lost its power half way through leaves rows locked until the
// database notices. Their owners are refused; the others of the batch
// are not.
func TestOneLockedTallyRefusesNobodyElse(t *testing.T) {
	// On SQLite nobody else holds a lock: it has one writer.
	onMariaDB(t, func(t *testing.T, s *Store, other *sqlx.DB) {
		p := newScanSite(t, s, 3)
		if _, err := s.Scan(t.Context(), p.exit(0)); err != nil {
			t.Fatal(err)
		}
		dead, err := other.BeginTxx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			t.Fatal(err)
		}
		defer dead.Rollback()
		if _, err := dead.Exec("UPDATE exit_tally SET version = version + 1"); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Write(t.Context(), "forget the first exit", func(tx *database.Tx) error {
			_, err := tx.Exec("DELETE FROM access_record")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p.together(t, s, []ScanAttempt{p.exit(0), p.exit(1), p.exit(2)}, 0)
	})
}

// A database that restarts, or ends idle connections, must not refuse the next person who
// comes to the door.
func TestScanAfterItsConnectionWasKilled(t *testing.T) {
	onMariaDB(t, func(t *testing.T, s *Store, other *sqlx.DB) {
		p := newScanSite(t, s, 2)
		if outcome, err := s.Scan(t.Context(), p.exit(0)); err != nil || !outcome.Decision.Allowed {
			t.Fatalf("%+v, %v", outcome.Decision, err)
		}
		killConnections(t, other)
		if outcome, err := s.Scan(t.Context(), p.exit(1)); err != nil || !outcome.Decision.Allowed {
			t.Errorf("after the kill: %+v, %v; want it released", outcome.Decision, err)
		}
	})
}

// killConnections ends every connection to the other's database but the one that
// asks.
func killConnections(t *testing.T, other *sqlx.DB) {
	t.Helper()
	conn, err := other.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var ids []int64
	if err := conn.SelectContext(
		t.Context(), &ids,
		"SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
	); err != nil {
		t.Fatal(err)
	}
	if len(ids) == 0 {
		t.Fatal("nothing to kill")
	}
	for _, id := range ids {
		if _, err := conn.ExecContext(t.Context(), fmt.Sprintf("KILL %d", id)); err != nil {
			t.Fatal(err)
		}
	}
}

// Somebody is scanned: what can wait lets the doors go first.
func TestDoorsAsk(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		if s.DoorsAsk() {
			t.Error("doors ask before anybody was scanned")
		}
		if s.scans.note(); s.scans.asked.Load() == 0 {
			t.Error("an attempt is not noted")
		}
		s.scans.asked.Store(int64(time.Since(s.scans.begun) + time.Hour)) // whatever this test takes
		if !s.DoorsAsk() {
			t.Error("nobody asks after a scan")
		}
		s.scans.begun = s.scans.begun.Add(-2 * time.Hour)
		if s.DoorsAsk() {
			t.Error("doors ask for ever after one scan")
		}
	})
}

// TestDoorsAreBusyForAWhile: long work rests for two seconds after somebody stood at a door.
func TestDoorsAreBusyForAWhile(t *testing.T) {
	q := &scanQueue{begun: time.Now().Add(-time.Hour)}
	if q.busy() {
		t.Error("busy before the first attempt")
	}
	q.asked.Store(int64(time.Hour))
	if !q.busy() {
		t.Error("not busy right after an attempt")
	}
	q.asked.Store(int64(time.Hour - 2*doorsBusy))
	if q.busy() {
		t.Error("busy long after the last attempt")
	}
}
