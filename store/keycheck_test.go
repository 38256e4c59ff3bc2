package store

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

// reopen opens a database with other keys, and closes it.
func reopen(t *testing.T, o Options, ring Keyring) error {
	t.Helper()
	o.Keys = ring
	s, err := Open(t.Context(), o)
	if err != nil {
		return err
	}
	return s.Close()
}

// A start with keys that are not the data's ends, and harms nothing: with the right
// ones everything is as it was.
func TestKeysThatAreNotTheDatasAreRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		resident := newResident(t, s, community, house, "张三", "13812345678")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same := testKeys("k1")
		sameName := testKeys("k1")
		sameName.Keys[0].Secret = bytes.Repeat([]byte{9}, 32)
		otherMAC := testKeys("k1")
		otherMAC.MAC = bytes.Repeat([]byte{8}, 32)
		for name, c := range map[string]struct {
			ring Keyring
			says string
		}{
			"a new ring of the same name": {sameName, "密钥 k1 与数据库里的数据不符"},
			"without the key":             {testKeys("k2"), "没有 k1"},
			"another MAC key":             {otherMAC, "keys.mac"},
		} {
			if err := reopen(t, o, c.ring); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "没有启动") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := reopen(t, o, same); err != nil {
			t.Fatal(err)
		}
		// A new first key joins; from then on a ring needs both.
		if err := reopen(t, o, testKeys("k2", "k1")); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, o, same); err == nil || !strings.Contains(err.Error(), "没有 k2") {
			t.Errorf("the ring from before the rotation: %v", err)
		}
		o.Keys = testKeys("k2", "k1")
		s = openStore(t, o)
		whole, err := s.RevealResident(t.Context(), core.System, everywhere, resident)
		if err != nil || whole.Phone != "13812345678" {
			t.Errorf("%+v %v", whole, err)
		}
	})
}

// Data from before the database knew its keys must fit them too.
func TestOldDataMustFitTheKeys(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		community := newCommunity(t, s, "翠湖花园")
		newResident(t, s, community, newHouses(t, s, community, 1)[0], "张三", "13812345678")
		forget := func(tx *database.Tx) error {
			_, err := tx.Exec("DELETE FROM setting WHERE name LIKE 'key.%'")
			return err
		}
		if err := s.db.Write(t.Context(), "test", forget); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, o, testKeys("k2")); err == nil || !strings.Contains(err.Error(), "没有启动") {
			t.Errorf("other keys: %v", err)
		}
		if err := reopen(t, o, testKeys("k1")); err != nil {
			t.Errorf("the right keys: %v", err)
		}
	})
}

// Of servers that start at once on an empty database, those with the same keys all
// start, and those with one other ring all do not, or the other way round.
func TestServersThatStartAtOnceAgreeOnKeys(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		other := testKeys("k1")
		other.Keys[0].Secret = bytes.Repeat([]byte{9}, 32)
		rings := []Keyring{testKeys("k1"), other}
		errs := make([]error, 6)
		var starting sync.WaitGroup
		for i := range errs {
			starting.Go(func() { errs[i] = reopen(t, o, rings[i%2]) })
		}
		starting.Wait()
		for i, err := range errs {
			if (err == nil) != (errs[i%2] == nil) || err != nil && !strings.Contains(err.Error(), "没有启动") {
				t.Errorf("server %d: %v", i, err)
			}
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("two rings: %v, %v", errs[0], errs[1])
		}
	})
}

// One value that does not decrypt is shown as such, and the lists go on.
func TestAValueThatDoesNotDecrypt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 2)
		good := newResident(t, s, community, houses[0], "张三", "13812345678")
		bad := newResident(t, s, community, houses[1], "李四", "13912345678")
		guard, err := s.CreateGuard(t.Context(), core.System, everywhere, core.Guard{
			Community: community, Name: "王五", Phone: "13712345678",
		})
		if err != nil {
			t.Fatal(err)
		}
		observer, err := s.CreateObserver(t.Context(), core.System, everywhere, core.Observer{
			Name: "赵六", Capacity: "民警", Phone: "13612345678", Communities: []core.ID{community},
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
			for table, id := range map[string]core.ID{"resident": bad, "guard": guard, "observer": observer} {
				const spoilt = "g1.k1.bm90IHNlYWxlZCBieSB1cyBhdCBhbGwuLi4"
				if _, err := tx.Exec("UPDATE "+table+" SET phone_cipher = ? WHERE id = ?", spoilt, int64(id)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Community: community, Page: Page{Limit: 10}})
		if err != nil || len(list) != 2 {
			t.Fatalf("the list: %+v %v", list, err)
		}
		phones := map[core.ID]string{}
		for _, r := range list {
			phones[r.ID] = r.Phone
		}
		if phones[good] != "138****5678" || phones[bad] != core.Unreadable {
			t.Errorf("phones %v", phones)
		}
		if g, err := s.Guard(t.Context(), everywhere, guard); err != nil || g.Phone != core.Unreadable {
			t.Errorf("guard %+v %v", g, err)
		}
		if o, err := s.Observer(t.Context(), everywhere, observer); err != nil || o.Phone != core.Unreadable {
			t.Errorf("observer %+v %v", o, err)
		}
		if n := s.Unreadable(); n < 3 {
			t.Errorf("%d values counted", n)
		}
		change := ResidentChange{Name: "李四四", Identity: core.Owner}
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, bad, change); err == nil {
			t.Error("an unreadable phone was sealed anew")
		}
		change.Phone = "13512345678"
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, bad, change); err != nil {
			t.Error(err)
		}
		if err := s.MoveOut(t.Context(), core.System, everywhere, bad); err != nil {
			t.Error(err)
		}
	})
}
