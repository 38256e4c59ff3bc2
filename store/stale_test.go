package store

import (
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// staleEdit saves an edit, and returns when.
type staleEdit func() (time.Time, error)

// Two edits that were made on the same state: one of them is refused, also where
// both come at the same moment. What no form shows makes none of them stale.
func TestOneOfTwoEditsOnTheSameStateIsStale(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		resident := newResident(t, s, community, house, "张三", "13900001111")
		post := newPost(t, s, community)
		guard := newGuard(t, s, community, "李师傅")
		observer, err := s.CreateObserver(ctx, by, everywhere, core.Observer{
			Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{community},
		})
		if err != nil {
			t.Fatal(err)
		}
		reader, _ := makeReader(t, s, aReader(community, "HZ2C3BAE"))
		account, err := s.CreateAccount(
			ctx, core.SystemGranter,
			core.Account{
				Login: "lisi", Name: "李四", Role: core.RoleClerk,
				Permissions: []core.Permission{core.PermAccessRecordView}, Scope: core.ScopeOf(community),
			},
			"correct-horse-7",
		)
		if err != nil {
			t.Fatal(err)
		}
		// Each reads what a form shows, and returns when that was changed last, and the edit that the form
		// would send.
		edits := map[string]func() (time.Time, staleEdit, error){
			"community": func() (time.Time, staleEdit, error) {
				c, err := s.Community(ctx, everywhere, community)
				return c.Updated, func() (time.Time, error) { return s.UpdateCommunity(ctx, by, everywhere, c) }, err
			},
			"house": func() (time.Time, staleEdit, error) {
				h, err := s.House(ctx, everywhere, house)
				return h.Updated, func() (time.Time, error) {
					return s.UpdateHouse(ctx, by, everywhere, house, HouseChange{
						Names: []string{"1", "1", "101"}, ArrearsFen: h.ArrearsFen + 100, Updated: h.Updated,
					})
				}, err
			},
			"resident": func() (time.Time, staleEdit, error) {
				r, err := s.Resident(ctx, everywhere, resident)
				return r.Updated, func() (time.Time, error) {
					return s.UpdateResident(
						ctx, by, everywhere, resident,
						ResidentChange{Name: r.Name, Identity: r.Identity, Updated: r.Updated},
					)
				}, err
			},
			"reader": func() (time.Time, staleEdit, error) {
				r, err := s.Reader(ctx, everywhere, reader)
				return r.Updated, func() (time.Time, error) { return s.UpdateReader(ctx, by, everywhere, r) }, err
			},
			"guard post": func() (time.Time, staleEdit, error) {
				p, err := s.GuardPost(ctx, everywhere, post)
				return p.Updated, func() (time.Time, error) { return s.UpdateGuardPost(ctx, by, everywhere, p) }, err
			},
			"guard": func() (time.Time, staleEdit, error) {
				g, err := s.Guard(ctx, everywhere, guard)
				g.Phone = ""
				return g.Updated, func() (time.Time, error) { return s.UpdateGuard(ctx, by, everywhere, g) }, err
			},
			"observer": func() (time.Time, staleEdit, error) {
				o, err := s.Observer(ctx, everywhere, observer)
				o.Phone = ""
				return o.Updated, func() (time.Time, error) { return s.UpdateObserver(ctx, by, everywhere, o) }, err
			},
			"account": func() (time.Time, staleEdit, error) {
				a, err := s.Account(ctx, everywhere, account)
				return a.Updated, func() (time.Time, error) { return s.UpdateAccount(ctx, core.SystemGranter, a) }, err
			},
			"settings": func() (time.Time, staleEdit, error) {
				settings, err := s.Settings(ctx)
				return settings.Updated, func() (time.Time, error) {
					return s.UpdateSettings(ctx, by, settings)
				}, err
			},
		}
		for name, read := range edits {
			before, edit, err := read()
			if err != nil {
				t.Fatal(name, err)
			}
			errs, stamps := make([]error, 8), make([]time.Time, 8)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { stamps[i], errs[i] = edit() })
			}
			all.Wait()
			saved, stamp := 0, time.Time{}
			for i, err := range errs {
				if err == nil {
					saved, stamp = saved+1, stamps[i]
				} else if !core.IsStale(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if saved != 1 {
				t.Errorf("%s: %d of %d edits on one state were saved", name, saved, len(errs))
			}
			after, edit, err := read()
			if err != nil || !after.Equal(stamp) || !after.After(before) {
				t.Errorf("%s: left at %v, and the edit returned %v: %v", name, after, stamp, err)
			}
			if stamp, err = edit(); err != nil || !stamp.After(after) {
				t.Errorf("%s: an edit on the new state: at %v after %v: %v", name, stamp, after, err)
			}
		}

		_, edit, err := edits["reader"]()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.touchReaders(ctx, map[core.ID]readerTouch{reader: {at: s.Now().Add(time.Minute)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := edit(); err != nil {
			t.Errorf("after a heartbeat: %v", err)
		}
	})
}

// What another act changes of what a form shows makes the form stale, in the same
// millisecond too; what it does not show leaves the form as good as it was.
func TestWhatMakesAFormStale(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		ctx, by := t.Context(), core.System
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		resident := newResident(t, s, community, newHouses(t, s, community, 1)[0], "张三", "13900001111")
		guard, user := newGuard(t, s, community, "李师傅"), core.ID(77)
		observer, err := s.CreateObserver(ctx, by, everywhere, core.Observer{
			Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{community, other},
		})
		if err != nil {
			t.Fatal(err)
		}
		reader, _ := makeReader(t, s, aReader(community, "HZ2C3BAE"))
		account, err := s.CreateAccount(
			ctx, core.SystemGranter,
			core.Account{
				Login: "lisi", Name: "李四", Role: core.RoleClerk,
				Permissions: []core.Permission{core.PermAccessRecordView}, Scope: core.ScopeOf(community),
			},
			"correct-horse-7",
		)
		if err != nil {
			t.Fatal(err)
		}
		write := func(act func(tx *database.Tx) error) func() error {
			return func() error { return s.db.Write(ctx, "test", act) }
		}
		for _, c := range []struct {
			name, table string
			id          core.ID
			act         func() error
			stale       bool
		}{
			{"an ID number filed by a guard", "resident", resident, write(func(tx *database.Tx) error {
				return registerIDNumber(tx, resident, "110101199003074610")
			}), true},
			{"certified in WeChat", "resident", resident, write(func(tx *database.Tx) error {
				r, err := readResident(tx, resident)
				if err != nil {
					return err
				}
				return certifyHomes(tx, r.Person, core.FoldName(r.Name))
			}), false},
			{"allowed codes with other readers", "reader", reader, func() error {
				r, err := s.Reader(ctx, everywhere, reader)
				if err != nil {
					return err
				}
				_, err = s.SwitchReadersQR(ctx, by, everywhere, ReaderQR{Readers: []core.ID{reader}, Allowed: !r.QRAllowed})
				return err
			}, true},
			{"a new secret", "reader", reader, func() error {
				_, err := s.RotateReaderSecret(ctx, by, everywhere, reader)
				return err
			}, false},
			{"a reader disabled", "reader", reader, func() error { return s.DisableReader(ctx, by, everywhere, reader) }, false},
			{"an observer's community taken away", "observer", observer, func() error {
				return s.RemoveObserver(ctx, by, core.ScopeOf(other), observer)
			}, true},
			{"an observer's WeChat", "observer", observer, write(func(tx *database.Tx) error {
				return bind(tx, bindTicketRow{Kind: core.BindObserver, Target: observer}, user)
			}), false},
			{"a guard's WeChat", "guard", guard, write(func(tx *database.Tx) error {
				return bind(tx, bindTicketRow{Kind: core.BindGuard, Target: guard}, user)
			}), false},
			{"a guard disabled, which an edit would undo", "guard", guard, func() error {
				return s.DisableGuard(ctx, by, everywhere, guard)
			}, true},
			{"a new first password", "account", account, func() error {
				return s.ResetPassword(ctx, core.SystemGranter, account, "correct-horse-8")
			}, false},
			{"an account disabled", "account", account, func() error { return s.DisableAccount(ctx, core.SystemGranter, account) }, false},
			{"a community archived", "community", other, func() error { return s.ArchiveCommunity(ctx, by, everywhere, other) }, false},
		} {
			updated := "SELECT updated_at FROM " + c.table + " WHERE id = " + c.id.String()
			before := countRows(t, s, updated)
			if !c.stale {
				clock.Add(time.Minute)
			}
			if err := c.act(); err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if stale := countRows(t, s, updated) != before; stale != c.stale {
				t.Errorf("%s: the form is stale: %v, want %v", c.name, stale, c.stale)
			}
		}
	})
}
