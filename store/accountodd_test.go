package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// oddWorld notes attempts to sign in as they were made.
type oddWorld struct {
	*Store
	t     *testing.T
	clock *testClock
}

func (w oddWorld) account(login string, scope core.Scope) core.ID {
	w.t.Helper()
	id, err := w.CreateAccount(w.t.Context(), core.SystemGranter, core.Account{
		Login: login, Name: login, Role: core.RoleClerk, Permissions: []core.Permission{core.PermStaffView}, Scope: scope,
	}, testPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// tries notes n attempts of a name from an address and a browser, a minute apart.
func (w oddWorld) tries(n int, account core.ID, login, addr, agent string, succeeds bool) {
	w.t.Helper()
	for range n {
		w.clock.Add(time.Minute)
		err := w.db.Write(w.t.Context(), "note an attempt", func(tx *database.Tx) error {
			id := tx.NewID()
			err := noteAttempt(tx, attempt{
				Visit: Visit{Addr: addr, Network: addr, Agent: agent}, id: id, account: account, login: login, way: core.WayPassword,
			})
			if err == nil && succeeds {
				_, err = tx.Exec("UPDATE sign_in_attempt SET succeeded = 1 WHERE id = ?", int64(id))
			}
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// odd returns what is unusual for a scope, in short.
func (w oddWorld) odd(scope core.Scope) (said []string) {
	w.t.Helper()
	odd, err := w.OddSignIns(w.t.Context(), scope)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range odd.Accounts {
		said = append(said, fmt.Sprintf("%s failed %d", f.Name, f.N))
	}
	for _, f := range odd.Addresses {
		said = append(said, fmt.Sprintf("from %s %d at %d", f.Name, f.N, f.Logins))
	}
	for _, d := range odd.Devices {
		said = append(said, fmt.Sprintf("%s by %s at %s", d.Name, d.Agent, d.Addr))
	}
	return said
}

// Many failures at one account or from an address, and a sign-in from a new device, are told to who may see the account, for some days.
func TestOddSignIns(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := oddWorld{s, t, clock}
		mine, others := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		li, wang := w.account("lina", core.ScopeOf(mine)), w.account("wang", core.ScopeOf(others))
		w.tries(1, li, "lina", "10.0.0.1", "office", true) // the first is no new device
		w.tries(1, li, "lina", "10.0.0.1", "office", true)
		w.tries(1, wang, "wang", "10.0.0.2", "office", true)
		w.tries(core.OddSignInFailures-1, li, "lina", "10.0.0.1", "office", false) // who mistypes where people work
		if said := w.odd(everywhere); len(said) != 0 {
			t.Errorf("usual: %q", said)
		}
		w.tries(core.OddSignInFailures, wang, "wang", "10.0.0.2", "office", false)
		for i := range core.OddSignInFailures {
			w.tries(1, 0, fmt.Sprint("guess", i), "203.0.113.9", "script", false)
		}
		w.tries(1, li, "lina", "203.0.113.7", "office", true)
		all := []string{"wang failed 10", "from 203.0.113.9 10 at 10", "lina by office at 203.0.113.7"}
		for scope, want := range map[*core.Scope][]string{
			new(everywhere): all, new(core.ScopeOf(mine)): all[2:], new(core.ScopeOf(others)): all[:1],
		} {
			if said := w.odd(*scope); !slices.Equal(said, want) {
				t.Errorf("%+v: %q, want %q", *scope, said, want)
			}
		}
		w.tries(1, li, "lina", "203.0.113.7", "office", true) // by now known
		w.clock.Add(core.OddSignInDays * 24 * time.Hour)
		if said := w.odd(everywhere); len(said) != 0 {
			t.Errorf("a week later: %q", said)
		}
	})
}
