package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// overtaker lets another server act in the middle of a store's transaction: right before the store runs a statement with some words,
// which it has already decided on what it read, the other's act is carried out from beginning to end.
type overtaker struct {
	mu    sync.Mutex
	words []string // any of them
	by    func()   // nil = nobody overtakes
}

func (o *overtaker) query(query string) {
	o.mu.Lock()
	by := o.by
	line := strings.Join(strings.Fields(query), " ")
	if by == nil || !slices.ContainsFunc(o.words, func(words string) bool { return strings.Contains(line, words) }) {
		o.mu.Unlock()
		return
	}
	o.by = nil
	o.mu.Unlock()
	by()
}

// at sets who acts next, and before which statement.
func (o *overtaker) at(by func(), words ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.words, o.by = words, by
}

// came reports whether the other has acted.
func (o *overtaker) came() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.by == nil
}

// passRaces is a community on two servers, the first of which can be overtaken.
type passRaces struct {
	*testing.T
	one, two *Store
	over     *overtaker
	visits   memberSite
	exits    *exitOffice // of the same community
	forms    int
}

func newPassRaces(t *testing.T, one, two *Store, over *overtaker) *passRaces {
	t.Helper()
	w := &passRaces{T: t, one: one, two: two, over: over, visits: newMemberSite(t, one)}
	w.exits = &exitOffice{scanSite: w.visits.scanSite, Store: one, t: t, zhang: core.System, li: core.System}
	w.exits.mover = w.visits.host
	return w
}

// form returns the number of a code or a guard's form of its own.
func (w *passRaces) form() int {
	w.forms++
	return w.forms
}

// party invites so many.
func (w *passRaces) party(people int) OwnVisitor {
	w.Helper()
	return w.visits.invite(w.T, w.one, func(v *core.VisitorPass) { v.People = people })
}

// inside invites so many, who have come in.
func (w *passRaces) inside(people int) OwnVisitor {
	w.Helper()
	own := w.party(people)
	if d := mustScan(w.T, w.one, w.visits.atReader(w.visits.in, own.Pass, w.form())); !d.Allowed {
		w.Fatal(d)
	}
	return own
}

// slip issues a slip of three items.
func (w *passRaces) slip() core.ExitSlip {
	w.Helper()
	e := w.exits.slip()
	e.Name = "张三"
	id, err := w.one.CreateExitSlip(w.Context(), core.System, everywhere, e)
	if err != nil {
		w.Fatal(err)
	}
	return w.exits.read(id)
}

// limit lets a resident go out so many times in a day, counted in a way.
func (w *passRaces) limit(counting core.Counting, exits int) {
	w.Helper()
	rule, err := w.one.PassRule(w.Context(), everywhere, w.visits.community)
	if err != nil {
		w.Fatal(err)
	}
	rule.Counting, rule.PeriodDays, rule.Exits = counting, 1, exits
	if err := w.one.UpdatePassRule(w.Context(), core.System, everywhere, rule); err != nil {
		w.Fatal(err)
	}
}

// scanned returns an attempt on a server, which tells its reason.
func (w *passRaces) scanned(a ScanAttempt) func(s *Store) string {
	return func(s *Store) string {
		out, err := s.Scan(w.Context(), a)
		if err != nil {
			return err.Error()
		}
		return string(out.Decision.Reason)
	}
}

// outcome tells an act's error, or "done".
func outcome(err error) string {
	if err != nil {
		return core.MessageOf(err)
	}
	return "done"
}

// overtaken is an act of the first server that the second overtakes.
type overtaken struct {
	name string
	// begin prepares the two acts.
	begin func(w *passRaces) (held, by func(s *Store) string)
	words string // before which statement the second comes
	// second is what becomes of the one that overtakes, first of the one that is overtaken.
	second, first string
}

const (
	entering  = "UPDATE visitor_pass SET entered_at"
	departing = "UPDATE visitor_pass SET inside_since"
	revoking  = "UPDATE visitor_pass SET revoked_at"
	releasing = "UPDATE exit_slip SET left_mask"
)

// scanWrites are how a scan begins to write.
var scanWrites = []string{
	entering, departing, releasing, "UPDATE exit_tally", "INSERT INTO exit_tally", "INSERT INTO access_record",
}

// overtakings are a row for each condition in SQL that a pass is used once by.
var overtakings = []overtaken{
	{
		name: "a visitor enters, another door lets them in", words: entering, second: "allowed", first: "pass_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form())),
				w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form()))
		},
	},
	{
		name: "a visitor enters, the host revokes", words: entering, second: "done", first: "pass_disabled",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form())), func(s *Store) string {
				return outcome(s.RevokeOwnVisitor(w.Context(), core.System, w.visits.host.ID, own.ID))
			}
		},
	},
	{
		name: "a visitor enters, a guard lets them out", words: entering, second: "allowed", first: "pass_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form())), w.scanned(w.visits.scan(own.Pass, core.Out, w.form()))
		},
	},
	{
		name: "the last of a party leaves, and leaves by another door", words: departing, second: "allowed", first: "pass_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.inside(1)
			return w.scanned(w.visits.atReader(w.visits.out, own.Pass, w.form())),
				w.scanned(w.visits.atReader(w.visits.out, own.Pass, w.form()))
		},
	},
	{
		name: "one of a party leaves, the office notes all as left", words: departing, second: "done", first: "pass_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.inside(2)
			return w.scanned(w.visits.atReader(w.visits.out, own.Pass, w.form())), func(s *Store) string {
				return outcome(discard(s.LeaveVisits(w.Context(), core.System, everywhere, []core.ID{own.ID}, "")))
			}
		},
	},
	{
		name: "a guard lets out whom no door has let in, and one does", words: departing, second: "allowed", first: "请通行，慢走",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return func(s *Store) string {
				out, err := s.Scan(w.Context(), w.visits.scan(own.Pass, core.Out, w.form()))
				return out.Decision.Sentence + outcome(err)[len("done"):]
			}, w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form()))
		},
	},
	{
		name: "a host revokes, the visitor enters", words: revoking, second: "allowed", first: "访客已经到访，不能撤销",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return func(s *Store) string {
				return outcome(s.RevokeOwnVisitor(w.Context(), core.System, w.visits.host.ID, own.ID))
			}, w.scanned(w.visits.atReader(w.visits.in, own.Pass, w.form()))
		},
	},
	{
		name: "the office revokes, a guard lets the visitor out", words: revoking, second: "allowed", first: "访客已经到访，不能撤销",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return func(s *Store) string {
				return outcome(s.RevokeVisitorPass(w.Context(), core.System, everywhere, own.ID))
			}, w.scanned(w.visits.scan(own.Pass, core.Out, w.form()))
		},
	},
	{
		name: "the office revokes, the host revokes", words: revoking, second: "done", first: "已经撤销过了",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			own := w.party(2)
			return func(s *Store) string {
					return outcome(s.RevokeVisitorPass(w.Context(), core.System, everywhere, own.ID))
				}, func(s *Store) string {
					return outcome(s.RevokeOwnVisitor(w.Context(), core.System, w.visits.host.ID, own.ID))
				}
		},
	},
	{
		name: "a thing leaves, and leaves at another post", words: releasing, second: "allowed", first: "pass_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			e := w.slip()
			return w.scanned(w.exits.out(e.Pass, w.form(), 1, 2)), w.scanned(w.exits.out(e.Pass, w.form(), 2, 3))
		},
	},
	{
		name: "a thing leaves, and another of the slip", words: releasing, second: "allowed", first: "left 11",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			e := w.slip()
			return func(s *Store) string {
				w.scanned(w.exits.out(e.Pass, w.form(), 1))(s)
				return fmt.Sprintf("left %b", w.exits.read(e.ID).LeftMask)
			}, w.scanned(w.exits.out(e.Pass, w.form(), 2))
		},
	},
	{
		name: "a thing leaves, the office revokes the slip", words: releasing, second: "done", first: "pass_disabled",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			e := w.slip()
			return w.scanned(w.exits.out(e.Pass, w.form(), 1)), func(s *Store) string {
				return outcome(discard(s.RevokeExitSlips(w.Context(), core.System, everywhere, []core.ID{e.ID})))
			}
		},
	},
	{
		name: "a code of a pass that has no limit is shown at two doors", words: "INSERT INTO access_record", second: "allowed",
		first: "token_used",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			m := w.visits.member(w.T, w.one, func(m *core.Member) { m.Phone = fmt.Sprintf("1350000%04d", w.form()) })
			code := w.form()
			return w.scanned(w.visits.atReader(w.visits.in, m.Pass, code)), w.scanned(w.visits.atReader(w.visits.out, m.Pass, code))
		},
	},
	{
		name: "a resident leaves for the first time, and has by another door", words: "INSERT INTO exit_tally", second: "allowed",
		first: "count",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			w.limit(core.CountPerson, 1)
			return w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form())),
				w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form()))
		},
	},
	{
		name: "a resident leaves for the last time, and has by another door", words: "UPDATE exit_tally", second: "allowed",
		first: "count",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			w.limit(core.CountHousehold, 2) // one of the row before
			return w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form())),
				w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form()))
		},
	},
	{
		name: "an emergency lets out once", words: "UPDATE exit_tally", second: "urgent", first: "blocked",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			w.limit(core.CountPerson, -1)
			if err := w.one.DeclareUrgent(w.Context(), core.System, w.visits.host, w.visits.passes[0], "就医急诊"); err != nil {
				w.Fatal(err)
			}
			return w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form())),
				w.scanned(w.visits.scan(w.visits.passes[0], core.Out, w.form()))
		},
	},
	{
		name: "an invitation is sent twice", words: "resident t ON t.house_id = h.id AND t.id IN", second: "invited 1",
		first: "invited 1",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			return sameRequest(func(s *Store) (core.ID, error) {
				v := core.VisitorPass{House: w.visits.houses[0], Name: "来客", Until: s.Now().Add(time.Hour)}
				own, err := s.CreateVisitorPass(w.Context(), core.System, w.visits.host.ID, v, RequestKey{Key: "k", Body: "b"})
				return own.ID, err
			})
		},
	},
	{
		name: "one key invites to two houses", words: "INSERT INTO visitor_pass", second: "done",
		first: "这个 Idempotency-Key 已用于另一份邀请",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			houses, err := w.one.CreateHouses(w.Context(), core.System, everywhere, w.visits.community, [][]string{{"9", "1", "101"}})
			if err != nil {
				w.Fatal(err)
			}
			newTenant(w.T, w.one, w.visits.community, houses[0], "张三", "13900000000")
			to := func(house core.ID) func(s *Store) string {
				return func(s *Store) string {
					return outcome(discard(s.CreateVisitorPass(w.Context(), core.System, w.visits.host.ID, core.VisitorPass{
						House: house, Name: "来客", Until: s.Now().Add(time.Hour),
					}, RequestKey{Key: "two", Body: house.String()})))
				}
			}
			return to(w.visits.houses[0]), to(houses[0])
		},
	},
	{
		name: "an application is sent twice", words: "SELECT label FROM house WHERE id = ?", second: "invited 1", first: "invited 1",
		begin: func(w *passRaces) (held, by func(s *Store) string) {
			return sameRequest(func(s *Store) (string, error) {
				v := VisitApplication{VisitorPass: core.VisitorPass{
					Way: core.VisitApplied, Community: w.visits.community, House: w.visits.houses[0], Name: "来客",
					Phone: "13600000001", Until: s.Now().Add(time.Hour),
				}}
				return s.ApplyVisit(w.Context(), core.System, 0, v, RequestKey{Key: "k", Body: "b"})
			})
		},
	},
}

// sameRequest returns an act twice, each of which tells how many different answers there have been.
func sameRequest[T comparable](act func(s *Store) (T, error)) (held, by func(s *Store) string) {
	var mu sync.Mutex
	answers := map[T]bool{}
	send := func(s *Store) string {
		answer, err := act(s)
		if err != nil {
			return err.Error()
		}
		mu.Lock()
		defer mu.Unlock()
		answers[answer] = true
		return fmt.Sprint("invited ", len(answers))
	}
	return send, send
}

// What one server has decided on what it read, it writes only if another has not changed that since: it then decides again. On SQLite
// nobody can come between, for facts are read under the one lock of those who write.
func TestWhoIsOvertakenDecidesAgain(t *testing.T) {
	o := mariaOptions(t)
	over := &overtaker{}
	clock := newTestClock()
	o.Now = clock.Now
	two := openStore(t, o)
	o.onQuery = over.query
	w := newPassRaces(t, openStore(t, o), two, over)
	for _, c := range overtakings {
		t.Run(c.name, func(t *testing.T) {
			w.T = t
			w.exits.t = t
			clock.Add(time.Minute)
			held, by := c.begin(w)
			second := "nobody came"
			over.at(func() { second = by(two) }, c.words)
			first := held(w.one)
			if !over.came() {
				t.Fatalf("the first did not come to %q: %s", c.words, first)
			}
			if first != c.first || second != c.second {
				t.Errorf("the one overtaken: %s, the other: %s; want %s and %s", first, second, c.first, c.second)
			}
		})
	}
}

// atOnce are two acts that two servers carry out at the same moment, and what must hold whichever comes first.
type atOnce struct {
	name  string
	begin func(w *passRaces) (one, two func(s *Store) error, holds func(one, two error) string)
}

// either wants one of two to have been done, and the other to be a conflict.
func either(one, two error) string {
	if (one == nil) == (two == nil) || one != nil && !core.IsConflict(one) || two != nil && !core.IsConflict(two) {
		return "both, or neither"
	}
	return ""
}

// let is an attempt that fails if it is refused.
func (w *passRaces) let(a ScanAttempt) func(s *Store) error {
	return func(s *Store) error {
		out, err := s.Scan(w.Context(), a)
		if err == nil && !out.Decision.Allowed {
			err = core.Conflict(string(out.Decision.Reason))
		}
		return err
	}
}

// asked is an appointment with the host that waits, and the code of its page.
func (w *passRaces) asked() (OwnVisit, string) {
	w.Helper()
	v := VisitApplication{VisitorPass: core.VisitorPass{
		Way: core.VisitBooked, Community: w.visits.community, Name: "来客", Phone: fmt.Sprintf("1360000%04d", w.form()),
		Until: w.one.Now().Add(2 * time.Hour),
	}, Host: "13900000000"}
	code, err := w.one.ApplyVisit(w.Context(), core.System, 0, v, RequestKey{})
	if err != nil {
		w.Fatal(err)
	}
	own, err := w.one.VisitByCode(w.Context(), code)
	if err != nil {
		w.Fatal(err)
	}
	return own, code
}

// answers is the host's answer to an appointment.
func (w *passRaces) answers(id core.ID, approve bool) func(s *Store) error {
	return func(s *Store) error {
		d := core.ReviewDecision{ID: id, Approve: approve, Reason: "不认识"}
		return s.AnswerVisit(w.Context(), core.System, w.visits.host.ID, d)
	}
}

// granted returns what is wrong unless a visit has a pass exactly if it should, once.
func (w *passRaces) granted(id core.ID, should bool) string {
	n := countRows(w.T, w.one, "SELECT COUNT(*) FROM pass WHERE kind = 'visitor' AND holder_id = ?", int64(id))
	if n > 1 || (n == 1) != should {
		return fmt.Sprintf("%d passes", n)
	}
	return ""
}

var actsAtOnce = []atOnce{
	{"a visitor enters while the host revokes", func(w *passRaces) (one, two func(s *Store) error, holds func(one, two error) string) {
		own := w.party(2)
		return w.let(w.visits.atReader(w.visits.in, own.Pass, w.form())), func(s *Store) error {
			return s.RevokeOwnVisitor(w.Context(), core.System, w.visits.host.ID, own.ID)
		}, either
	}},
	{"a host accepts on one phone and declines on another", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		own, _ := w.asked()
		return w.answers(own.ID, true), w.answers(own.ID, false), func(one, two error) string {
			return either(one, two) + w.granted(own.ID, one == nil)
		}
	}},
	{"a host accepts while the visitor withdraws", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		own, code := w.asked()
		return w.answers(own.ID, true), func(s *Store) error { return s.WithdrawVisit(w.Context(), core.System, code) },
			func(one, two error) string { return either(one, two) + w.granted(own.ID, one == nil) }
	}},
	{"a visitor is blacklisted while a door lets them in", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		plate := fmt.Sprintf("京B%05d", w.form())
		own := w.visits.invite(w.T, w.one, func(v *core.VisitorPass) { v.Plate = plate })
		return w.let(w.visits.atReader(w.visits.in, own.Pass, w.form())), w.barring(plate), func(one, two error) string {
			if two != nil || one != nil && core.MessageOf(one) != "barred" {
				return "neither let in nor barred"
			}
			return ""
		}
	}},
	{"a visitor is blacklisted while the host accepts", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		own, _ := w.asked()
		phone := fmt.Sprintf("1360000%04d", w.forms)
		return w.answers(own.ID, true), w.barring(phone), func(one, two error) string {
			v, err := w.one.VisitorPass(w.Context(), everywhere, own.ID)
			if err != nil || two != nil {
				return "not read, or not barred"
			}
			if one == nil && mustScan(w.T, w.one, w.visits.scan(v.Pass, core.In, w.form())).Allowed {
				return "let in from the blacklist"
			}
			return w.granted(own.ID, one == nil)
		}
	}},
	{"the office notes a party as left while one of it leaves", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		own := w.inside(2)
		return w.let(w.visits.atReader(w.visits.out, own.Pass, w.form())), func(s *Store) error {
				return discard(s.LeaveVisits(w.Context(), core.System, everywhere, []core.ID{own.ID}, ""))
			}, func(_, two error) string {
				v, err := w.one.VisitorPass(w.Context(), everywhere, own.ID)
				if err != nil || two != nil || v.Gone != 2 || v.Inside() {
					return fmt.Sprintf("%d gone, inside %v", v.Gone, v.Inside())
				}
				return ""
			}
	}},
	{"a member is disabled while another renews", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		m := w.visits.member(w.T, w.one, func(m *core.Member) { m.Phone = fmt.Sprintf("1350000%04d", w.form()) })
		return func(s *Store) error { return s.DisableMember(w.Context(), core.System, everywhere, m.ID) }, func(s *Store) error {
				return discard(s.RenewMembers(w.Context(), core.System, everywhere, []core.ID{m.ID}, core.MemberRenewals[0], ""))
			}, func(one, two error) string {
				after, err := w.one.Member(w.Context(), everywhere, m.ID)
				if err != nil || one != nil || two != nil || after.Disabled.IsZero() || after.Until <= m.Until {
					return fmt.Sprintf("disabled %v, until %v", !after.Disabled.IsZero(), after.Until)
				}
				return ""
			}
	}},
	{"a slip is made good again while a guard releases", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		e := w.slip()
		batch, err := w.one.RevokeExitSlips(w.Context(), core.System, everywhere, []core.ID{e.ID})
		if err != nil {
			w.Fatal(err)
		}
		return w.let(w.exits.out(e.Pass, w.form(), 1)), func(s *Store) error {
				return discard(s.UndoBatch(w.Context(), core.System, everywhere, batch.ID))
			}, func(one, two error) string {
				after := w.exits.read(e.ID)
				if two != nil || !after.Revoked.IsZero() || (after.LeftMask == 1) != (one == nil) ||
					after.Items[0].Left.IsZero() != (one != nil) {
					return fmt.Sprintf("released %v, of %+v", one == nil, after)
				}
				return ""
			}
	}},
	{"a slip is revoked while a guard releases", func(w *passRaces) (
		one, two func(s *Store) error, holds func(one, two error) string,
	) {
		e := w.slip()
		return w.let(w.exits.out(e.Pass, w.form(), 1)), func(s *Store) error {
				return discard(s.RevokeExitSlips(w.Context(), core.System, everywhere, []core.ID{e.ID}))
			}, func(one, two error) string {
				after := w.exits.read(e.ID)
				if two != nil || after.Revoked.IsZero() || (after.LeftMask == 1) != (one == nil) {
					return fmt.Sprintf("released %v, of %+v", one == nil, after)
				}
				return ""
			}
	}},
	{"one request is sent to two servers", func(w *passRaces) (one, two func(s *Store) error, holds func(one, two error) string) {
		key := RequestKey{Key: fmt.Sprint(w.form()), Body: "b"}
		v := core.VisitorPass{House: w.visits.houses[0], Name: "来客", Until: w.one.Now().Add(time.Hour)}
		var mu sync.Mutex
		ids := map[core.ID]bool{}
		send := func(s *Store) error {
			own, err := s.CreateVisitorPass(w.Context(), core.System, w.visits.host.ID, v, key)
			mu.Lock()
			defer mu.Unlock()
			ids[own.ID] = true
			return err
		}
		return send, send, func(one, two error) string {
			if one != nil || two != nil || len(ids) != 1 {
				return fmt.Sprintf("%d visits", len(ids))
			}
			return ""
		}
	}},
}

// barring puts a number on the blacklist.
func (w *passRaces) barring(line string) func(s *Store) error {
	return func(s *Store) error {
		blocks, err := core.ReadBlocks(line, "多次滋扰", 0, today(s))
		if err != nil {
			return err
		}
		return discard(s.CreateVisitorBlocks(w.Context(), core.System, everywhere, w.visits.community, blocks))
	}
}

// Two acts on one pass at the same moment, on two servers, come to what one after the other would.
func TestActsOnOnePassAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		w := newPassRaces(t, one, two, nil)
		for _, c := range actsAtOnce {
			t.Run(c.name, func(t *testing.T) {
				w.T = t
				w.exits.t = t
				for round := range 4 {
					clock.Add(61 * time.Minute)
					first, second, holds := c.begin(w)
					stores := []*Store{one, two}
					var errs [2]error
					var both sync.WaitGroup
					both.Go(func() { errs[0] = first(stores[round%2]) })
					both.Go(func() { errs[1] = second(stores[1-round%2]) })
					both.Wait()
					if wrong := holds(errs[0], errs[1]); wrong != "" {
						t.Fatalf("round %d: %s (%v; %v)", round, wrong, errs[0], errs[1])
					}
				}
			})
		}
	})
}
