package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"

	"github.com/jmoiron/sqlx"
)

// asks is an invitation of the host to the first house, of a visitor with a number of their own.
func (p visitSite) asks(s *Store, n int, change func(i *invitation)) *invitation {
	i := &invitation{by: core.System, host: p.host.ID, asked: core.VisitorPass{
		House: p.houses[0], Name: "来客", Phone: fmt.Sprintf("1370001%04d", n), Until: s.Now().Add(time.Hour),
	}}
	if change != nil {
		change(i)
	}
	return i
}

// inOneBatch decides invitations that wait at the same moment, and returns what became of them and how many the batch has left
// undecided.
func inOneBatch(t *testing.T, s *Store, batch []*invitation) (errs []error, alone int) {
	t.Helper()
	for _, i := range batch {
		i.queue(t.Context())
	}
	s.invites.run(batch)
	errs = make([]error, len(batch))
	for n, i := range batch {
		if i.alone {
			alone++
		}
		errs[n] = s.settle(t.Context(), i)
	}
	return errs, alone
}

// wantVisits wants so many visits, each with one pass and one line of an intact audit log.
func wantVisits(t *testing.T, s *Store, want int) {
	t.Helper()
	for _, query := range []string{
		"SELECT COUNT(*) FROM visitor_pass", "SELECT COUNT(*) FROM pass p JOIN visitor_pass v ON v.id = p.holder_id",
		"SELECT COUNT(*) FROM audit_log WHERE action = 'visitorpass.create'",
		"SELECT COUNT(DISTINCT target) FROM audit_log WHERE action = 'visitorpass.create'",
		"SELECT COUNT(DISTINCT subject_id) FROM name_gram WHERE kind = 6",
	} {
		if n := countRows(t, s, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	if v := verify(t, s, audit.Anchor{}); !v.Good() {
		t.Errorf("the audit log: %+v", v)
	}
}

// Of sixty-four invitations of one house in one batch as many are granted as the house may have, the first of them, and the rest are
// told why. Those that are granted are told what they would read.
func TestABatchOfInvitationsCountsItself(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		const perDay = 20
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.PerDay = perDay })
		batch := make([]*invitation, 64)
		for n := range batch {
			batch[n] = p.asks(s, n, nil)
		}
		errs, alone := inOneBatch(t, s, batch)
		for n, err := range errs {
			switch {
			case n < perDay && err != nil:
				t.Errorf("invitation %d: %v", n, err)
			case n < perDay:
				read, err := s.OwnVisitor(t.Context(), p.host.ID, batch[n].own.ID)
				if err != nil || !reflect.DeepEqual(batch[n].own, read) {
					t.Errorf("told %+v, reads %+v, %v", batch[n].own, read, err)
				}
			default:
				wantCode(t, err, core.CodeConflict)
			}
		}
		if alone != 0 {
			t.Errorf("%d were decided alone", alone)
		}
		wantVisits(t, s, perDay)
	})
}

// What is told of an invitation with everything that a form may have is what is read afterwards.
func TestAnInvitationIsToldWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		changeVisitorRule(t, s, p.community, askForMore)
		s1 := p.asks(s, 1, func(i *invitation) {
			i.asked.IDNumber, i.asked.People, i.asked.Remark, i.asked.Reason = "11010519491231002x", 3, " 带行李", "做客 "
			i.asked.Given = map[string]string{"x1": "做客", "x2": " 某公司 "}
			i.asked.Until = s.Now().Add(time.Hour + 1234*time.Microsecond).In(time.FixedZone("elsewhere", 3600))
		})
		own, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, s1.asked, RequestKey{})
		if err != nil {
			t.Fatal(err)
		}
		if read, err := s.OwnVisitor(t.Context(), p.host.ID, own.ID); err != nil || !reflect.DeepEqual(own, read) {
			t.Errorf("told %+v, reads %+v, %v", own, read, err)
		}
	})
}

// One who is refused is refused alone, and for their own reason; a number that comes twice is one person's.
func TestARefusedInvitationRefusesNobodyElse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		blocks, err := core.ReadBlocks("京A99999", "多次滋扰", 0, today(s))
		if err == nil {
			_, err = s.CreateVisitorBlocks(t.Context(), core.System, everywhere, p.community, blocks)
		}
		if err != nil {
			t.Fatal(err)
		}
		errs, alone := inOneBatch(t, s, []*invitation{
			p.asks(s, 1, nil),
			p.asks(s, 2, func(i *invitation) { i.asked.House = p.houses[1] }),
			p.asks(s, 3, func(i *invitation) { i.asked.Phone = "123" }),
			p.asks(s, 4, func(i *invitation) { i.asked.Plate = "京a·99999" }),
			p.asks(s, 1, nil),
			p.asks(s, 5, func(i *invitation) { i.asked.Photo = 77 }),
			p.asks(s, 6, func(i *invitation) { i.asked.Phone = "" }),
		})
		wantCode(t, errs[1], core.CodeNotFound)
		wantField(t, errs[2], "phone")
		wantCode(t, errs[3], core.CodeConflict)
		wantField(t, errs[5], "photo")
		for _, n := range []int{0, 4, 6} {
			if errs[n] != nil {
				t.Errorf("invitation %d: %v", n, errs[n])
			}
		}
		if alone != 0 {
			t.Errorf("%d were decided alone", alone)
		}
		wantVisits(t, s, 3)
		if n := countRows(t, s, "SELECT COUNT(DISTINCT p.person_id) FROM pass p JOIN visitor_pass v ON v.id = p.holder_id"); n != 2 {
			t.Errorf("%d persons of one number and none", n)
		}
	})
}

// The same request invites once, however often it comes in one batch; another with its key is refused, and the key of one that was
// refused is free.
func TestOneRequestManyTimesInABatch(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		key := func(key, body string) func(i *invitation) {
			return func(i *invitation) { i.request = RequestKey{Key: key, Body: body} }
		}
		var batch []*invitation
		for range 16 {
			batch = append(batch, p.asks(s, 1, key("a", "1")))
		}
		refused := p.asks(s, 1, key("b", "1"))
		refused.asked.Name = " "
		batch = append(batch, p.asks(s, 1, key("a", "2")), refused, p.asks(s, 2, key("b", "2")))
		errs, _ := inOneBatch(t, s, batch)
		for n := range 16 {
			if errs[n] != nil || batch[n].own.ID != batch[0].own.ID || batch[n].own.Code == "" || batch[n].own.Code != batch[0].own.Code {
				t.Errorf("sent again: %d, %v; want %d", batch[n].own.ID, errs[n], batch[0].own.ID)
			}
		}
		wantCode(t, errs[16], core.CodeInvalid)
		wantField(t, errs[17], "name")
		if errs[18] != nil {
			t.Error(errs[18])
		}
		wantVisits(t, s, 2)
	})
}

// Two servers grant together what a house may have, and one request sent sixteen times is one visit.
func TestTwoServersInviteAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, _ *testClock) {
		p := newVisitSite(t, one)
		changeVisitorRule(t, one, p.community, func(r *VisitorRule) { r.PerDay = 20 })
		var mu sync.Mutex
		var all sync.WaitGroup
		ids := map[core.ID]int{}
		invite := func(s *Store, i *invitation) {
			all.Go(func() {
				own, err := s.CreateVisitorPass(t.Context(), core.System, i.host, i.asked, i.request)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					wantCode(t, err, core.CodeConflict)
				} else {
					ids[own.ID]++
				}
			})
		}
		for n := range 16 {
			invite([]*Store{one, two}[n%2], p.asks(one, 0, func(i *invitation) { i.request = RequestKey{Key: "same", Body: "1"} }))
		}
		all.Wait()
		if len(ids) != 1 {
			t.Errorf("one request made %d visits", len(ids))
		}
		for n := range 64 {
			invite([]*Store{one, two}[n%2], p.asks(one, n, nil))
		}
		all.Wait()
		if len(ids) != 20 {
			t.Errorf("%d were invited", len(ids))
		}
		wantVisits(t, one, 20)
	})
}

// Who has given up while waiting invites nobody, and does not keep the others from it.
func TestAnInvitationThatIsGivenUp(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		gone, giveUp := context.WithCancel(t.Context())
		giveUp()
		first, last := p.asks(s, 1, nil), p.asks(s, 2, nil)
		first.queue(gone)
		last.queue(t.Context())
		s.invites.run([]*invitation{first, last})
		if err := s.settle(gone, first); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		if err := s.settle(t.Context(), last); err != nil {
			t.Error(err)
		}
		if _, err := s.CreateVisitorPass(gone, core.System, p.host.ID, first.asked, RequestKey{}); !errors.Is(err, context.Canceled) {
			t.Errorf("given up before: %v", err)
		}
		wantVisits(t, s, 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, first.asked, RequestKey{})
		if !errors.Is(err, database.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A batch that loses a race, or panics, has written nothing: each of its invitations is decided by itself.
func TestABatchOfInvitationsThatFails(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		var fail func() error
		o.beforeCommit = func(op string) error {
			if op != inviteOp || fail == nil {
				return nil
			}
			now := fail
			fail = nil
			return now()
		}
		s := openStore(t, o)
		p := newVisitSite(t, s)
		for n, how := range []func() error{
			func() error { return database.ErrRace }, func() error { return errors.New("a fault") }, func() error { panic("once") },
		} {
			batch := []*invitation{p.asks(s, 0, nil), p.asks(s, 1, nil), p.asks(s, 2, nil)}
			fail = how
			errs, alone := inOneBatch(t, s, batch)
			if err := errors.Join(errs...); err != nil || alone != 3 {
				t.Errorf("fault %d: %v, %d alone", n, err, alone)
			}
			wantVisits(t, s, 3*(n+1))
		}
	})
}

// Whether a batch whose connection ended has been written is unknown: nobody decides its invitations again, and all are told.
func TestABatchWithoutTheDatabaseInvitesNobodyTwice(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		gone := false
		o.beforeCommit = func(op string) error {
			if op != inviteOp || !gone {
				return nil
			}
			gone = false
			return driver.ErrBadConn
		}
		s := openStore(t, o)
		p := newVisitSite(t, s)
		gone = true
		errs, alone := inOneBatch(t, s, []*invitation{p.asks(s, 0, nil), p.asks(s, 1, nil), p.asks(s, 2, nil)})
		for n, err := range errs {
			if !errors.Is(err, driver.ErrBadConn) {
				t.Errorf("invitation %d: %v", n, err)
			}
		}
		if gone || alone != 0 {
			t.Errorf("%d were decided again", alone)
		}
		wantVisits(t, s, 0)
		if errs, _ := inOneBatch(t, s, []*invitation{p.asks(s, 3, nil)}); errs[0] != nil {
			t.Errorf("the next one: %v", errs[0])
		}
		wantVisits(t, s, 1)
	})
}

// Of a batch of two communities each invitation goes by its own community's blacklist, number a day and form.
func TestABatchOfTwoCommunities(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		there := p
		there.community = newCommunity(t, s, "江南名邸")
		there.houses = newHouses(t, s, there.community, 1)
		certifiedAtDesk(t, s, newResident(t, s, there.community, there.houses[0], "李四", "13900000077"))
		there.host = newWechatUserWithPhone(t, s, "o13900000077", "13900000077")
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.PerDay = 3 })
		changeVisitorRule(t, s, there.community, func(r *VisitorRule) { r.PerDay = 1; askForMore(r) })
		blocks, err := core.ReadBlocks("13700010001", "多次滋扰", 0, today(s))
		if err == nil {
			_, err = s.CreateVisitorBlocks(t.Context(), core.System, everywhere, p.community, blocks)
		}
		if err != nil {
			t.Fatal(err)
		}
		more := func(i *invitation) {
			i.asked.IDNumber, i.asked.Given = "11010519491231002x", map[string]string{"x1": "做客"}
		}
		errs, alone := inOneBatch(t, s, []*invitation{
			p.asks(s, 1, nil), there.asks(s, 1, more), p.asks(s, 2, nil), there.asks(s, 3, nil),
			p.asks(s, 4, nil), there.asks(s, 5, more), p.asks(s, 6, nil), p.asks(s, 7, nil),
		})
		if alone != 0 {
			t.Errorf("%d were decided alone", alone)
		}
		wantCode(t, errs[0], core.CodeConflict) // barred here
		wantField(t, errs[3], "id_number")      // asked for there
		wantCode(t, errs[5], core.CodeConflict) // one a day there
		wantCode(t, errs[7], core.CodeConflict) // three a day here
		for _, n := range []int{1, 2, 4, 6} {
			if errs[n] != nil {
				t.Errorf("invitation %d: %v", n, errs[n])
			}
		}
		wantVisits(t, s, 4)
	})
}

// Who is invited to a house that another transaction has locked waits for it alone; a connection that ended between two batches is
// replaced.
func TestOneLockedHouseDelaysNobodyElse(t *testing.T) {
	// On SQLite nobody else holds a lock: it has one writer.
	onMariaDB(t, func(t *testing.T, s *Store, other *sqlx.DB) {
		p := newVisitSite(t, s)
		neighbour := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		dead, err := other.BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer dead.Rollback()
		if _, err := dead.Exec("UPDATE house SET label = label WHERE id = ?", int64(p.houses[0])); err != nil {
			t.Fatal(err)
		}
		held := p.asks(s, 1, nil)
		free := p.asks(s, 2, func(i *invitation) { i.host, i.asked.House = neighbour.ID, p.houses[1] })
		held.queue(t.Context())
		free.queue(t.Context())
		s.invites.run([]*invitation{held, free})
		if err := s.settle(t.Context(), free); err != nil || free.alone || !held.alone {
			t.Errorf("the free one: %v, alone %v; the held one alone %v", err, free.alone, held.alone)
		}
		if err := dead.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := s.settle(t.Context(), held); err != nil {
			t.Error(err)
		}
		wantVisits(t, s, 2)
		killConnections(t, other)
		if _, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, held.asked, RequestKey{}); err != nil {
			t.Errorf("after the kill: %v", err)
		}
	})
}

// What the look-up of a host found is asked again of the locked rows: a tie that ends in between invites nobody, and a house that is
// renamed has its new name.
func TestAHostWhoChangesBeforeTheLock(t *testing.T) {
	o := mariaOptions(t) // on SQLite nobody writes in between
	var between func()
	o.onQuery = func(query string) {
		if now := between; now != nil && strings.Contains(query, "SELECT t.id, h.label") {
			between = nil
			now()
		}
	}
	s := openStore(t, o)
	p := newVisitSite(t, s)
	invite := func(n int) (OwnVisitor, error) {
		return s.CreateVisitorPass(t.Context(), core.System, p.host.ID, p.asks(s, n, nil).asked, RequestKey{})
	}
	between = func() { tamper(t, s, "UPDATE house SET label = '新名' WHERE id = ?", int64(p.houses[0])) }
	if own, err := invite(1); err != nil || own.HouseLabel != "新名" {
		t.Errorf("renamed: %q, %v", own.HouseLabel, err)
	}
	between = func() { tamper(t, s, "UPDATE resident SET certified_at = NULL WHERE house_id = ?", int64(p.houses[0])) }
	_, err := invite(2)
	wantCode(t, err, core.CodeNotFound)
	if between != nil {
		t.Error("nothing was locked")
	}
	wantVisits(t, s, 1)
}
