package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// exportOffice is an account that may export, with its community and residents.
type exportOffice struct {
	*Store
	t         *testing.T
	clock     *testClock
	community core.ID
	by        core.Account
}

func newExportOffice(t *testing.T, s *Store, clock *testClock) *exportOffice {
	t.Helper()
	o := &exportOffice{Store: s, t: t, clock: clock}
	o.community, _ = newTied(t, s, 3)
	a := testAccount("exporter")
	a.Scope, a.Permissions = core.ScopeOf(o.community), []core.Permission{core.PermResidentExport, core.PermResidentReveal}
	o.by = mustAccount(t, s, a)
	return o
}

func (o *exportOffice) actor() core.Actor {
	return core.Actor{Kind: core.ActorAccount, ID: o.by.ID, Name: o.by.Name}
}

// asked queues an export of the residents found by a keyword.
func (o *exportOffice) asked(keyword string) core.ID {
	o.t.Helper()
	id, err := o.CreateExport(o.t.Context(), o.actor(), o.by.Scope, NewExport{
		Kind: core.ExportResidents, Community: o.community, Whole: true, Purpose: "社区核对", File: "住户.xlsx",
		Filter: ResidentFilter{Community: o.community, Keyword: keyword},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// claimed returns the next job, as a server gets it.
func (o *exportOffice) claimed(server string) core.Job {
	o.t.Helper()
	job, err := o.ClaimJob(o.t.Context(), server)
	if err != nil {
		o.t.Fatal(err)
	}
	return job
}

// made makes an export's file by the names of the residents and ends its job.
func (o *exportOffice) made(id core.ID) string {
	o.t.Helper()
	job := o.claimed("a")
	if job.ID != id {
		o.t.Fatalf("the job of another export runs: %v, not %v", job.ID, id)
	}
	words, err := o.MakeExport(o.t.Context(), job, writeNames(o.Store, ""), anyStep)
	if err == nil {
		job.State, job.Words = core.JobDone, words
		err = o.EndJob(o.t.Context(), "a", job)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return words
}

func (o *exportOffice) downloaded(by core.Account, id core.ID) (string, error) {
	var got bytes.Buffer
	_, write, err := o.DownloadExport(o.t.Context(), by, id)
	if err == nil {
		err = write(&got)
	}
	return got.String(), err
}

// pieces counts what is kept of all files.
func (o *exportOffice) pieces() (n int) {
	o.t.Helper()
	if err := o.db.Get(o.t.Context(), &n, "SELECT COUNT(*) FROM export_content"); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// writeNames writes the residents' names and phones, and something after them.
func writeNames(s *Store, after string) ExportWriter {
	return func(ctx context.Context, e Export, to io.Writer, step func(rows int) error) (rows int, err error) {
		var f ResidentFilter
		if err := e.Read(&f); err != nil {
			return 0, err
		}
		err = s.EachResident(ctx, e.Scope, f, e.Whole, func(r ResidentRow) error {
			rows++
			_, err := fmt.Fprintln(to, r.Name, r.Phone)
			return errors.Join(err, step(rows))
		})
		_, failed := io.WriteString(to, after)
		return rows, errors.Join(err, failed)
	}
}

func TestAnExportIsItsStartersForADay(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		id := o.asked("张B")
		if again := o.asked("张B"); again != id {
			t.Error("the same list, asked for twice, is made twice")
		}
		if _, err := o.downloaded(o.by, id); !core.IsNotFound(err) {
			t.Errorf("before it is made: %v", err)
		}
		if words := o.made(id); !strings.Contains(words, "共 1 人") {
			t.Errorf("the job says %q", words)
		}
		if got, err := o.downloaded(o.by, id); err != nil || got != "张B 13800138001\n" {
			t.Errorf("downloaded %q, %v", got, err)
		}
		other := testAccount("other")
		other.Scope, other.Permissions = o.by.Scope, o.by.Permissions
		if _, err := o.downloaded(mustAccount(t, s, other), id); !core.IsNotFound(err) {
			t.Errorf("by another account: %v", err)
		}
		for what, change := range map[string]func(*core.Account){
			"without the permission":               func(a *core.Account) { a.Permissions = []core.Permission{core.PermResidentReveal} },
			"without the permission of whole ones": func(a *core.Account) { a.Permissions = []core.Permission{core.PermResidentExport} },
			"without the community":                func(a *core.Account) { a.Scope = core.ScopeOf(o.community + 1) },
			"disabled":                             func(a *core.Account) { a.Disabled = clock.Now() },
		} {
			less := o.by
			change(&less)
			if _, err := o.downloaded(less, id); core.CodeOf(err) != core.CodeForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}
		clock.Add(core.ExportLife - time.Minute)
		if n, err := s.PurgeExports(t.Context()); err != nil || n != 0 {
			t.Fatalf("purged %d too early, %v", n, err)
		}
		clock.Add(2 * time.Minute)
		if _, err := o.downloaded(o.by, id); !core.IsNotFound(err) {
			t.Errorf("after a day: %v", err)
		}
		if n, err := s.PurgeExports(t.Context()); err != nil || n != 1 || o.pieces() != 0 {
			t.Errorf("purged %d, %v; %d pieces remain", n, err, o.pieces())
		}
		if _, err := s.Export(t.Context(), o.by.ID, id); !core.IsNotFound(err) {
			t.Errorf("after the purge: %v", err)
		}
	})
}

func TestAnExportIsInTheLogAndItsFilterIsSealed(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		id := o.asked("13800138001")
		o.made(id)
		if _, err := o.downloaded(o.by, id); err != nil {
			t.Fatal(err)
		}
		for action, want := range map[string]string{
			"resident.export": `"whole":true,"purpose":"社区核对"`, "job.download": `"rows":1,"whole":true`,
		} {
			lines, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Action: action}, Page{Limit: 9})
			if err != nil || len(lines) != 1 || !strings.Contains(lines[0].After, want) || strings.Contains(lines[0].After, "13800138001") {
				t.Errorf("%s: %+v, %v", action, lines, err)
			}
		}
		var asked, kept string
		if err := s.db.Get(t.Context(), &asked, "SELECT asked FROM export"); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Get(t.Context(), &kept, "SELECT content FROM export_content"); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(asked, "1380013") || strings.Contains(kept, "张B") {
			t.Error("what was searched for, or the file, is kept in the clear")
		}
	})
}

// A server that is killed leaves pieces; the next begins again, and its file has nothing of them.
func TestAnExportIsMadeAnewAfterAKill(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		id := o.asked("张")
		killed := errors.New("killed")
		big := strings.Repeat("0123456789abcdef", importPiece/8) // two pieces
		dies := func(ctx context.Context, e Export, to io.Writer, step func(int) error) (int, error) {
			_, err := writeNames(s, big)(ctx, e, to, step)
			return 0, errors.Join(err, killed)
		}
		first := o.claimed("a")
		if _, err := s.MakeExport(t.Context(), first, dies, anyStep); !errors.Is(err, killed) || o.pieces() != 2 {
			t.Fatalf("%v, %d pieces", err, o.pieces())
		}
		clock.Add(jobStale + time.Second)
		second := o.claimed("b")
		words, err := s.MakeExport(t.Context(), second, writeNames(s, big+"end"), anyStep)
		if err != nil || !strings.Contains(words, "共 3 人") {
			t.Fatal(words, err)
		}
		// The first wakes up: what it makes is not kept.
		if _, err := s.MakeExport(t.Context(), first, writeNames(s, "late"), anyStep); err != nil {
			t.Errorf("an export that is made: %v", err)
		}
		got, err := o.downloaded(o.by, id)
		if want := "张C 13800138002\n张B 13800138001\n张A 13800138000\n" + big + "end"; err != nil || got != want {
			t.Errorf("the file has %d bytes, want %d; %v", len(got), len(want), err)
		}
		if n := o.pieces(); n != 3 {
			t.Errorf("%d pieces are kept", n)
		}
	})
}

func TestACancelledExportKeepsNothing(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		id := o.asked("张")
		job := o.claimed("a")
		cancels := func(ctx context.Context, e Export, to io.Writer, step func(int) error) (int, error) {
			if err := s.CancelJob(ctx, o.actor(), id); err != nil {
				t.Error(err)
			}
			return writeNames(s, "")(ctx, e, to, step)
		}
		if _, err := s.MakeExport(t.Context(), job, cancels, anyStep); !core.IsConflict(err) {
			t.Errorf("went on: %v", err)
		}
		if _, err := o.downloaded(o.by, id); !core.IsNotFound(err) || o.pieces() != 0 {
			t.Errorf("%v, %d pieces", err, o.pieces())
		}
		again, err := s.RepeatExport(t.Context(), o.by, id)
		if err != nil || again == id {
			t.Fatal(again, err)
		}
		o.made(again)
		clock.Add(core.ExportLife + time.Minute)
		if n, err := s.PurgeExports(t.Context()); err != nil || n != 2 {
			t.Errorf("purged %d, %v", n, err)
		}
	})
}

// Who lost the permission between the button and the job gets no file, and is told why.
func TestAnExportIsNotMadeForWhoMayNotAnyMore(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		o.asked("张")
		less := o.by
		less.Permissions = []core.Permission{core.PermResidentView}
		if _, err := s.UpdateAccount(t.Context(), core.SystemGranter, less); err != nil {
			t.Fatal(err)
		}
		_, err := s.MakeExport(t.Context(), o.claimed("a"), writeNames(s, ""), anyStep)
		if !core.IsInvalid(err) || !strings.Contains(core.MessageOf(err), "权限") || o.pieces() != 0 {
			t.Errorf("%v, %d pieces", err, o.pieces())
		}
	})
}

func TestExportsOfADayAreFew(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		o := newExportOffice(t, s, clock)
		for i := range core.ExportsKept {
			id := o.asked(fmt.Sprint("李", i)) // cancelled: it counts for nothing
			if err := s.CancelJob(t.Context(), o.actor(), id); err != nil {
				t.Fatal(err)
			}
		}
		for i := range core.ExportsKept {
			o.asked(fmt.Sprint("张", i))
		}
		_, err := s.CreateExport(t.Context(), o.actor(), o.by.Scope, NewExport{
			Kind: core.ExportResidents, Community: o.community, Filter: ResidentFilter{Community: o.community},
		})
		wantCode(t, err, core.CodeConflict)
		_, err = s.CreateExport(t.Context(), o.actor(), o.by.Scope, NewExport{
			Kind: core.ExportResidents, Community: o.community + 1, Filter: ResidentFilter{Community: o.community + 1},
		})
		wantCode(t, err, core.CodeNotFound)
	})
}

func TestListsThatAreTooLongToWaitFor(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 3)
		recordOf(t, s, residentOf(t, s, ids[0]))
		recordOf(t, s, residentOf(t, s, ids[1]))
		for name, list := range map[string]struct {
			rows   int
			beyond func(n int) (bool, error)
		}{
			"residents": {3, func(n int) (bool, error) {
				return s.ResidentsBeyond(t.Context(), everywhere, ResidentFilter{Community: community}, n)
			}},
			"residents found": {1, func(n int) (bool, error) {
				return s.ResidentsBeyond(t.Context(), everywhere, ResidentFilter{Community: community, Keyword: "张B"}, n)
			}},
			"houses": {1, func(n int) (bool, error) {
				return s.HousesBeyond(t.Context(), everywhere, HouseFilter{Community: community}, n)
			}},
			"records": {2, func(n int) (bool, error) {
				return s.AccessRecordsBeyond(t.Context(), everywhere, core.RecordFilter{Result: "allowed"}, n)
			}},
		} {
			for n := list.rows - 1; n <= list.rows; n++ {
				if more, err := list.beyond(n); err != nil || more != (n < list.rows) {
					t.Errorf("%s: beyond %d: %v, %v", name, n, more, err)
				}
			}
		}
	})
}
