package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// elderOf is somebody without a phone of their own.
func elderOf(community, house core.ID, name string) core.Resident {
	return core.Resident{Community: community, House: house, Name: name, Identity: core.Family}
}

// newPerson registers one resident of any kind.
func newPerson(t *testing.T, s *Store, r core.Resident) ResidentRow {
	t.Helper()
	id, err := s.CreateResident(t.Context(), core.System, everywhere, r)
	if err != nil {
		t.Fatalf("CreateResident(%s): %v", r.Name, err)
	}
	return residentOf(t, s, id)
}

var clerk = core.Actor{Kind: core.ActorAccount, ID: 5, Name: "王文员"}

// certifiedAtDesk certifies a resident by their identity card.
func certifiedAtDesk(t *testing.T, s *Store, id core.ID) {
	t.Helper()
	_, err := s.CertifyResident(
		t.Context(), clerk, everywhere, id, residentOf(t, s, id).Updated, core.Certification{How: core.CertifiedByIDCard},
	)
	if err != nil {
		t.Fatal(err)
	}
}

func passNames(t *testing.T, s *Store, person core.ID) []string {
	t.Helper()
	passes, err := s.PassesOfUser(t.Context(), core.WechatUser{Person: person})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range passes {
		names = append(names, p.Name)
		if _, err := s.PassOfUser(t.Context(), p.ID, core.WechatUser{Person: person}); err != nil {
			t.Errorf("the pass of %s: %v", p.Name, err)
		}
	}
	return names
}

func TestPeopleWithoutAPhoneAreThemselves(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 2)
		a := newPerson(t, s, elderOf(community, houses[0], "张桂兰"))
		b := newPerson(t, s, elderOf(community, houses[0], "李小宝"))
		landline := elderOf(community, houses[0], "王守义")
		landline.Phone = "0755 26888888转801"
		c := newPerson(t, s, landline)
		d := newPerson(t, s, elderOf(community, houses[1], "张桂兰"))
		if people := []core.ID{a.Person, b.Person, c.Person, d.Person}; slices.Contains(people, 0) ||
			len(slices.Compact(slices.Sorted(slices.Values(people)))) != 4 {
			t.Errorf("persons %v", people)
		}
		if a.PhoneText() != "无手机" || c.PhoneText() != "0755-****8888-***" {
			t.Errorf("%s, %s", a.PhoneText(), c.PhoneText())
		}
		again := elderOf(community, houses[0], "张 桂兰")
		if _, err := s.CreateResident(t.Context(), core.System, everywhere, again); !core.IsNamesake(err) {
			t.Errorf("the same name once more: %v", err)
		}
		_, err := s.CreateResidents(t.Context(), core.System, everywhere, community, []core.Resident{
			elderOf(community, houses[0], "钱多"), elderOf(community, houses[0], "钱多"),
		})
		wantField(t, err, "name")
		for _, keyword := range []string{"0755-26888888", "8888", "075526888888转2"} {
			found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: keyword, Page: Page{Limit: 9}})
			if err != nil || len(found) != 1 || found[0].ID != c.ID {
				t.Errorf("%s finds %+v, %v", keyword, found, err)
			}
		}
		// One who moved out comes back as the same person.
		if err := s.MoveOut(t.Context(), core.System, everywhere, a.ID); err != nil {
			t.Fatal(err)
		}
		if back := newPerson(t, s, elderOf(community, houses[0], "张桂兰")); back.ID != a.ID || back.Person != a.Person {
			t.Errorf("came back as %+v", back)
		}
	})
}

func TestSameNameWithAnotherIDNumberIsAnotherPerson(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		first, second := elderOf(community, house, "张伟"), elderOf(community, house, "张伟")
		first.IDNumber, second.IDNumber = "11010519491231002X", "E12345678"
		if a, b := newPerson(t, s, first), newPerson(t, s, second); a.Person == b.Person {
			t.Error("two ID numbers are one person")
		}
		second.Name = "张玮"
		_, err := s.CreateResident(t.Context(), core.System, everywhere, second)
		wantField(t, err, "name")
	})
}

func TestClerksRegisterOnePersonWithoutAPhoneAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.CreateResident(t.Context(), core.System, everywhere, elderOf(community, house, "张桂兰"))
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !core.IsNamesake(err) {
				t.Error(err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); done != 1 || n != 1 {
			t.Errorf("%d were told yes, %d rows", done, n)
		}
	})
}

func TestSharedNumberIsItsOwnersOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 2)
		newResident(t, s, community, houses[0], "张三", "13800138000")
		shared := elderOf(community, houses[0], "张小宝")
		shared.Phone = "138 0013 8000"
		_, err := s.CreateResident(t.Context(), core.System, everywhere, shared)
		wantField(t, err, "phone")
		shared.PhoneShared = true
		child := newPerson(t, s, shared)
		if child.PhoneText() != "共用 138****8000" {
			t.Error(child.PhoneText())
		}
		away := shared
		away.House, away.Name = houses[1], "张老汉"
		elsewhere := newPerson(t, s, away)

		owner := newWechatUserWithPhone(t, s, "open-1", "13800138000")
		if names := passNames(t, s, owner.Person); !slices.Equal(names, []string{"张三"}) {
			t.Errorf("WeChat verifies %v", names)
		}
		if r := residentOf(t, s, child.ID); !r.Certified.IsZero() {
			t.Error("a shared number certified the child")
		}
		certifiedAtDesk(t, s, child.ID)
		certifiedAtDesk(t, s, elsewhere.ID)
		if names := passNames(t, s, owner.Person); !slices.Equal(names, []string{"张三", "张小宝"}) {
			t.Errorf("the owner sees %v", names)
		}
		stranger := newWechatUserWithPhone(t, s, "open-2", "13900139000")
		if names := passNames(t, s, stranger.Person); len(names) != 0 {
			t.Errorf("a stranger sees %v", names)
		}
		pass := residentOf(t, s, elsewhere.ID).Pass
		for _, person := range []core.ID{owner.Person, stranger.Person} {
			if _, err := s.PassOfUser(t.Context(), pass, core.WechatUser{Person: person}); !core.IsNotFound(err) {
				t.Errorf("the pass of another house: %v", err)
			}
		}
		passes, _ := s.PassesOfUser(t.Context(), core.WechatUser{Person: owner.Person})
		if err := s.MoveOut(t.Context(), core.System, everywhere, passes[0].Holder); err != nil {
			t.Fatal(err)
		}
		if names := passNames(t, s, owner.Person); len(names) != 0 {
			t.Errorf("the owner who moved out sees %v", names)
		}
	})
}

func TestNumberOfTheirOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		elder := newPerson(t, s, elderOf(community, house, "张桂兰"))
		certifiedAtDesk(t, s, elder.ID)
		change := func(c ResidentChange) ResidentRow {
			t.Helper()
			c.Name, c.Identity, c.Updated = "张桂兰", core.Family, residentOf(t, s, elder.ID).Updated
			if _, err := s.UpdateResident(t.Context(), clerk, everywhere, elder.ID, c); err != nil {
				t.Fatal(err)
			}
			return residentOf(t, s, elder.ID)
		}
		if r := change(ResidentChange{Phone: "0755-26888888"}); r.Certified.IsZero() || r.Person != elder.Person {
			t.Errorf("a landline: %+v", r)
		}
		r := change(ResidentChange{Phone: "+852 9123 4567"})
		if !r.Certified.IsZero() || r.Desk.How != "" || r.Person != elder.Person {
			t.Errorf("an own number: %+v", r)
		}
		if user := newWechatUserWithPhone(t, s, "open-1", "+85291234567"); user.Person != elder.Person {
			t.Errorf("the number is that of %d", user.Person)
		}
		if r = residentOf(t, s, elder.ID); r.Certified.IsZero() || len(passNames(t, s, elder.Person)) != 1 {
			t.Errorf("verified: %+v", r)
		}
		r = change(ResidentChange{ClearPhone: true})
		if r.Phone != "" || r.Person == elder.Person || !r.Certified.IsZero() || len(passNames(t, s, elder.Person)) != 0 {
			t.Errorf("without a phone again: %+v", r)
		}
		newResident(t, s, community, house, "张三", "13800138000")
		_, err := s.UpdateResident(t.Context(), clerk, everywhere, elder.ID, ResidentChange{
			Name: "张桂兰", Identity: core.Family, Phone: "13800138000", Updated: r.Updated,
		})
		wantField(t, err, "phone")
		if r = change(ResidentChange{Phone: "13800138000", PhoneShared: true}); r.PhoneText() != "共用 138****8000" {
			t.Error(r.PhoneText())
		}
	})
}

func TestCertificationAtTheDesk(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		elder := newPerson(t, s, elderOf(community, house, "张桂兰"))
		how := core.Certification{How: core.CertifiedByOther}
		_, err := s.CertifyResident(t.Context(), clerk, everywhere, elder.ID, elder.Updated, how)
		wantField(t, err, "note")
		how.Note = " 社区证明 "
		_, err = s.CertifyResident(t.Context(), clerk, core.ScopeOf(community+1), elder.ID, elder.Updated, how)
		if !core.IsNotFound(err) {
			t.Errorf("another community: %v", err)
		}
		if _, err := s.CertifyResident(t.Context(), clerk, everywhere, elder.ID, elder.Updated.Add(-time.Second), how); err == nil {
			t.Error("certified what was not shown")
		}
		if _, err := s.CertifyResident(t.Context(), clerk, everywhere, elder.ID, elder.Updated, how); err != nil {
			t.Fatal(err)
		}
		r := residentOf(t, s, elder.ID)
		if r.Certified.IsZero() || r.Desk != (core.Certification{How: core.CertifiedByOther, By: "王文员", Note: "社区证明"}) {
			t.Errorf("%+v", r)
		}
		if names := passNames(t, s, elder.Person); len(names) != 1 {
			t.Errorf("passes %v", names)
		}
		if _, err := s.CertifyResident(t.Context(), clerk, everywhere, elder.ID, r.Updated, how); !core.IsConflict(err) {
			t.Errorf("twice: %v", err)
		}
		_, err = s.WithdrawCertification(t.Context(), clerk, everywhere, Withdrawal{Resident: elder.ID, Reason: " "})
		wantField(t, err, "reason")
		stale := Withdrawal{Resident: elder.ID, Shown: elder.Updated, Reason: "证明是假的"}
		if _, err := s.WithdrawCertification(t.Context(), clerk, everywhere, stale); !core.IsStale(err) {
			t.Errorf("of a form shown before the certification: %v", err)
		}
		forged := Withdrawal{Resident: elder.ID, Shown: r.Updated, Reason: "证明是假的"}
		if kept, err := s.WithdrawCertification(t.Context(), clerk, everywhere, forged); err != nil || kept {
			t.Errorf("withdrawn: %v, %v", kept, err)
		}
		if r = residentOf(t, s, elder.ID); !r.Certified.IsZero() || r.Desk.How != "" || len(passNames(t, s, elder.Person)) != 0 {
			t.Errorf("%+v", r)
		}
		again := Withdrawal{Resident: elder.ID, Reason: "再来"}
		if _, err := s.WithdrawCertification(t.Context(), clerk, everywhere, again); !core.IsConflict(err) {
			t.Errorf("twice: %v", err)
		}
		n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action IN ('resident.certify', 'resident.withdraw')")
		if n != 2 {
			t.Errorf("%d audit lines", n)
		}
	})
}

func TestWechatOutlivesAWithdrawal(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		id := newResident(t, s, community, house, "张三", "13800138000")
		certifiedAtDesk(t, s, id)
		newWechatUserWithPhone(t, s, "open-1", "13800138000")
		kept, err := s.WithdrawCertification(t.Context(), clerk, everywhere, Withdrawal{Resident: id, Reason: "登记有误"})
		if r := residentOf(t, s, id); err != nil || !kept || r.Certified.IsZero() || r.Desk.How != "" {
			t.Errorf("%v, %v: %+v", kept, err, r)
		}
		wrong := Withdrawal{Resident: id, Reason: "登记有误"}
		if _, err := s.WithdrawCertification(t.Context(), clerk, everywhere, wrong); !core.IsConflict(err) {
			t.Errorf("of WeChat alone: %v", err)
		}
	})
}

func TestClerksCertifyAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		elder := newPerson(t, s, elderOf(community, newHouses(t, s, community, 1)[0], "张桂兰"))
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				how := core.Certification{How: core.CertifiedByOther, Note: fmt.Sprint("第", i)}
				_, errs[i] = s.CertifyResident(t.Context(), clerk, everywhere, elder.ID, elder.Updated, how)
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !core.IsConflict(err) {
				t.Error(err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass"); done != 1 || n != 1 {
			t.Errorf("%d were told yes, %d passes", done, n)
		}
	})
}

// Adding somebody whose name a resident of the house has asks once whether they are one; told that they are
// not, it adds the other, with a phone or without. ID numbers tell by themselves.
func TestNamesakesOfOneHouse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		with := func(phone, idNumber string, namesake bool) core.Resident {
			r := elderOf(community, house, "张伟")
			r.Phone, r.IDNumber, r.Namesake = phone, idNumber, namesake
			return r
		}
		add := func(r core.Resident) (core.ID, error) {
			return s.CreateResident(t.Context(), core.System, everywhere, r)
		}
		if _, err := add(with("13800138000", "", false)); err != nil {
			t.Fatal(err)
		}
		people := 1
		for _, second := range []core.Resident{with("13800138001", "", false), with("", "", false), with("", "E12345678", false)} {
			if _, err := add(second); !core.IsNamesake(err) || !core.IsConflict(err) {
				t.Fatalf("%s %s is not asked about: %v", second.Phone, second.IDNumber, err)
			}
			second.Namesake = true
			if _, err := add(second); err != nil {
				t.Fatal(err)
			}
			people++
		}
		if _, err := add(with("13800138000", "", true)); core.IsNamesake(err) || err == nil {
			t.Errorf("the same number again: %v", err)
		}
		if _, err := add(with("", "E12345678", true)); core.IsNamesake(err) || err == nil {
			t.Errorf("the same ID number again: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != people {
			t.Errorf("%d residents, want %d", n, people)
		}
		if n := countRows(t, s, "SELECT COUNT(DISTINCT person_id) FROM resident"); n != people {
			t.Errorf("%d persons, want %d", n, people)
		}
	})
}
