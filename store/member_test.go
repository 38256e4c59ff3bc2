package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// memberSite is a visit site's gates, with an institution that may enter its community.
type memberSite struct {
	visitSite
	in, out     core.ID // readers
	institution core.ID
}

func newMemberSite(t *testing.T, s *Store) memberSite {
	t.Helper()
	p := memberSite{visitSite: newVisitSite(t, s)}
	p.in, p.out = p.readers(t, s)
	id, err := s.CreateInstitution(t.Context(), core.System, everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{p.community},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.institution = id
	return p
}

func today(s *Store) core.Day { return core.DayOf(s.Now(), s.zone) }

// member adds a member whose pass is valid today and for a month.
func (p memberSite) member(t *testing.T, s *Store, change func(*core.Member)) core.Member {
	t.Helper()
	m := core.Member{
		Institution: p.institution, Name: "骑手甲", Phone: "13700008888", From: today(s), Until: today(s) + 30,
	}
	if change != nil {
		change(&m)
	}
	id, err := s.CreateMember(t.Context(), core.System, everywhere, m)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = s.Member(t.Context(), everywhere, id); err != nil {
		t.Fatal(err)
	}
	return m
}

// A member's pass opens both ways any number of times to the last day inclusive, in the institution's communities alone.
func TestMemberPassesUntilTheLastDay(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		m := p.member(t, s, nil)
		n := 0
		scan := func(reader core.ID, want core.Reason) core.Decision {
			t.Helper()
			n++
			d := mustScan(t, s, p.atReader(reader, m.Pass, n))
			if d.Reason != want || d.Allowed != (want == core.ReasonAllowed) || d.Counts {
				t.Errorf("scan %d: %+v, want %s", n, d, want)
			}
			return d
		}
		for range 3 {
			scan(p.in, core.ReasonAllowed)
			scan(p.out, core.ReasonAllowed)
		}
		mustDo(t, s.DisableMember(t.Context(), core.System, everywhere, m.ID))
		scan(p.in, core.ReasonPassDisabled)
		mustDo(t, s.EnableMember(t.Context(), core.System, everywhere, m.ID))
		mustDo(t, s.DisableInstitution(t.Context(), core.System, everywhere, p.institution))
		if d := scan(p.in, core.ReasonPassDisabled); d.Sentence != "所属机构已停用" {
			t.Errorf("the door says %q", d.Sentence)
		}
		mustDo(t, s.EnableInstitution(t.Context(), core.System, everywhere, p.institution))
		clock.Add((m.Until + 1).Start(s.zone).Add(-time.Minute).Sub(s.Now()))
		scan(p.in, core.ReasonAllowed)
		clock.Add(2 * time.Minute)
		scan(p.out, core.ReasonExpired)
		records, _, err := s.AccessRecords(t.Context(), everywhere, core.RecordFilter{Kind: core.PassDedicated}, Page{Limit: 20})
		if err != nil || len(records) != 10 || records[9].Name != "骑手甲" || records[9].HouseLabel != "顺丰速运" ||
			records[9].House != 0 || records[9].Community != p.community {
			t.Errorf("%d records, %+v, %v", len(records), records, err)
		}
	})
}

// A door of a community that the institution may not enter refuses, and tells it no name; each of its communities is
// entered by the community's own rule.
func TestMemberInTwoCommunities(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		m := p.member(t, s, nil)
		other := p.visitSite
		other.community = newCommunity(t, s, "海棠苑")
		other.post = newPost(t, s, other.community)
		scan := func(n int) ScanOutcome {
			t.Helper()
			out, err := s.Scan(t.Context(), other.scan(m.Pass, core.In, n))
			mustDo(t, err)
			return out
		}
		if out := scan(1); out.Decision.Reason != core.ReasonScope || out.Record.Name != "" || out.Record.Person != 0 {
			t.Errorf("another community: %+v", out)
		}
		i, err := s.Institution(t.Context(), everywhere, p.institution)
		mustDo(t, err)
		i.Communities = append(i.Communities, other.community)
		mustDo(t, discard(s.UpdateInstitution(t.Context(), core.System, everywhere, i)))
		if out := scan(2); !out.Decision.Allowed || out.Record.Community != other.community || out.Record.Name != m.Name {
			t.Errorf("the second community: %+v", out)
		}
		rule, err := s.PassRule(t.Context(), everywhere, other.community)
		mustDo(t, err)
		rule.RecordTemp, rule.Exits = true, 1
		mustDo(t, s.UpdatePassRule(t.Context(), core.System, everywhere, rule))
		if out := scan(3); out.Decision.Reason != core.ReasonNeedTemp {
			t.Errorf("without a temperature: %+v", out.Decision)
		}
		for n := range 3 { // exits are not counted
			a := other.scan(m.Pass, core.Out, 4+n)
			a.TempTenths = 365
			if d := mustScan(t, s, a); !d.Allowed || d.Counts {
				t.Errorf("exit %d: %+v", n, d)
			}
		}
		if d := mustScan(t, s, p.atReader(p.in, m.Pass, 9)); !d.Allowed {
			t.Errorf("the first community has the second's rule: %+v", d)
		}
		// An admin of one of the two may take that one away, and nothing else.
		here := core.ScopeOf(p.community)
		wantCode(t, s.DisableMember(t.Context(), core.System, here, m.ID), core.CodeForbidden)
		wantCode(t, s.DisableInstitution(t.Context(), core.System, here, p.institution), core.CodeForbidden)
		wantCode(t, discard(s.RenewMembers(t.Context(), core.System, here, []core.ID{m.ID}, 1, "")), core.CodeForbidden)
		wantCode(t, discard(s.Member(t.Context(), core.ScopeOf(newCommunity(t, s, "别处")), m.ID)), core.CodeNotFound)
	})
}

// Twenty codes of one member at once open twenty times, and disabling meanwhile ends it: nothing is released after it.
func TestMemberAtManyDoorsAtOnceAndDisabledMeanwhile(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		m := p.member(t, s, nil)
		const doors = 20
		errs := make([]error, doors)
		opened := make([]bool, doors)
		var wait sync.WaitGroup
		for i := range doors {
			wait.Go(func() {
				out, err := s.Scan(t.Context(), p.scan(m.Pass, core.In, i))
				errs[i], opened[i] = err, out.Decision.Allowed
			})
		}
		wait.Wait()
		mustDo(t, errors.Join(errs...))
		for i, open := range opened {
			if !open {
				t.Errorf("door %d stayed shut", i)
			}
		}
		for i := range doors {
			wait.Go(func() { _, errs[i] = s.Scan(t.Context(), p.scan(m.Pass, core.In, doors+i)) })
		}
		mustDo(t, s.DisableMember(t.Context(), core.System, everywhere, m.ID))
		wait.Wait()
		mustDo(t, errors.Join(errs...))
		if d := mustScan(t, s, p.scan(m.Pass, core.In, 3*doors)); d.Reason != core.ReasonPassDisabled {
			t.Errorf("after disabling: %+v", d)
		}
	})
}

// A member who signs in with the number and states the name finds the pass, beside that of a home; who got the number
// and has another name does not.
func TestMemberFindsThePass(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		m := p.member(t, s, nil)
		user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "o-rider"})
		mustDo(t, err)
		find := func() []Pass {
			t.Helper()
			u, err := s.WechatUser(t.Context(), user.ID)
			mustDo(t, err)
			passes, err := s.PassesOfUser(t.Context(), u)
			mustDo(t, err)
			return passes
		}
		state := func(name string, want int) {
			t.Helper()
			if n, err := s.BindPhone(t.Context(), user.ID, "13700008888", name); err != nil || n != want {
				t.Errorf("%q: %d ties, %v", name, n, err)
			}
		}
		state("别人", 0)
		if passes := find(); len(passes) != 0 {
			t.Errorf("a stranger with the number finds %+v", passes)
		}
		state("骑手甲", 1)
		passes := find()
		if len(passes) != 1 || passes[0].ID != m.Pass || passes[0].Kind != core.PassDedicated || passes[0].HouseLabel != "顺丰速运" ||
			passes[0].CommunityName == "" || passes[0].LeaseDay != m.Until {
			t.Fatalf("found %+v", passes)
		}
		if _, err := s.PassOfUser(t.Context(), m.Pass, core.WechatUser{Person: passes[0].Person}); err != nil {
			t.Error(err)
		}
		if scope, err := s.PassScope(t.Context(), passes[0]); err != nil || !scope.Has(p.community) || scope.Whole() {
			t.Errorf("scope %+v, %v", scope, err)
		}
		previews, err := s.Previews(t.Context(), core.Out, []core.ID{m.Pass})
		if err != nil || !previews[0].Decision.Allowed {
			t.Errorf("preview %+v, %v", previews, err)
		}
		newResident(t, s, p.community, p.houses[0], "骑手甲", "13700008888")
		state("骑手甲", 2)
		if passes := find(); len(passes) != 2 {
			t.Errorf("resident and member: %+v", passes)
		}
		m.Name, m.Phone, m.IDNumber = "骑手乙", "", ""
		mustDo(t, discard(s.UpdateMember(t.Context(), core.System, everywhere, m)))
		if passes := find(); len(passes) != 1 || passes[0].Kind != core.PassResident {
			t.Errorf("another member with the number: %+v", passes)
		}
	})
}

// What is wrong with a member or an institution is said at its field; a second of the same number or name is refused.
func TestMembersAreChecked(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		ctx := t.Context()
		for field, change := range map[string]func(*core.Member){
			"name": func(m *core.Member) { m.Name = " " }, "phone": func(m *core.Member) { m.Phone = "" },
			"id_number": func(m *core.Member) { m.IDNumber = "123456789012345678" },
			"until":     func(m *core.Member) { m.Until = today(s) - 1 },
			"from":      func(m *core.Member) { m.From = 0 }, "institution": func(m *core.Member) { m.Institution = 7 },
		} {
			m := core.Member{Institution: p.institution, Name: "骑手", Phone: "13700008888", From: today(s), Until: today(s) + 9}
			change(&m)
			if field == "until" {
				m.From = m.Until
			}
			_, err := s.CreateMember(ctx, core.System, everywhere, m)
			wantField(t, err, field)
		}
		first := p.member(t, s, nil)
		_, err := s.CreateMember(ctx, core.System, everywhere, core.Member{
			Institution: p.institution, Name: "骑手乙", Phone: "137 0000 8888", From: today(s), Until: today(s),
		})
		wantField(t, err, "phone")
		mustDo(t, s.DisableMember(ctx, core.System, everywhere, first.ID))
		p.member(t, s, func(m *core.Member) { m.Name = "骑手乙" })
		wantCode(t, s.EnableMember(ctx, core.System, everywhere, first.ID), core.CodeConflict)
		_, err = s.CreateInstitution(ctx, core.System, everywhere, core.Institution{Name: "顺丰速运", Communities: []core.ID{p.community}})
		wantField(t, err, "name")
		_, err = s.CreateInstitution(ctx, core.System, everywhere, core.Institution{Name: "别家", Communities: []core.ID{7}})
		wantCode(t, err, core.CodeNotFound)
		empty := newCommunity(t, s, "海棠苑")
		mustDo(t, discard(s.CreateInstitution(ctx, core.System, everywhere, core.Institution{Name: "别家", Communities: []core.ID{empty}})))
		wantCode(t, s.RemoveCommunity(ctx, core.System, everywhere, empty), core.CodeConflict)
		_, err = s.CreateInstitution(ctx, core.System, core.ScopeOf(1), core.Institution{Name: "别家", Communities: []core.ID{p.community}})
		wantCode(t, err, core.CodeNotFound)
	})
}

// The member and the office are told once of each end, seven days before; an institution's members are one message.
func TestMembersAreWarnedOfOnce(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		ends := today(s) + core.MemberDueDays
		m := p.member(t, s, func(m *core.Member) { m.Until = ends })
		other := p.member(t, s, func(m *core.Member) { m.Name, m.Phone, m.Until = "骑手乙", "13700009999", ends+1 })
		user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "o-rider"})
		mustDo(t, err)
		mustDo(t, discard(s.BindPhone(t.Context(), user.ID, "13700008888", m.Name)))
		mustDo(t, discard(s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: "office", Name: "客服", Role: core.RoleClerk, Scope: core.ScopeOf(p.community),
			Permissions: []core.Permission{core.PermInstitutionView, core.PermInstitutionEdit},
		}, "correct-horse-7")))
		told := func(members, office int) {
			t.Helper()
			for range 2 {
				mustDo(t, s.WarnMembers(t.Context()))
			}
			for kind, want := range map[core.MessageKind]int{core.MessageMember: members, core.MessageMemberOffice: office} {
				if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = ?", string(kind)); n != want {
					t.Errorf("%d messages %s, want %d", n, kind, want)
				}
			}
		}
		told(0, 0)
		clock.Add(24 * time.Hour)
		told(1, 1)
		clock.Add(24 * time.Hour)
		told(2, 2) // of the other, who has no WeChat, by the number
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE to_kind = 'member' AND to_id = ?", int64(other.ID)); n != 1 {
			t.Errorf("%d messages to who has no WeChat", n)
		}
		mustDo(t, discard(s.RenewMembers(t.Context(), core.System, everywhere, []core.ID{m.ID}, 1, "")))
		mustDo(t, s.DisableMember(t.Context(), core.System, everywhere, other.ID))
		told(2, 2)
		clock.Add((today(s) + 30).Start(s.zone).Sub(s.Now()))
		told(3, 3)
	})
}

// Renewing many is one batch, which can be taken back but for what was changed since; states follow the days.
func TestMembersAreRenewedAndTakenBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		ctx := t.Context()
		var ids []core.ID
		for i := range 3 {
			ids = append(ids, p.member(t, s, func(m *core.Member) {
				m.Name, m.Phone = fmt.Sprint("骑手", i), fmt.Sprintf("1370000777%d", i)
				m.Until = today(s) + core.Day(i)*core.MemberDueDays
			}).ID)
		}
		count := func(state core.MemberState) int {
			t.Helper()
			n, err := s.CountMembers(ctx, everywhere, MemberFilter{State: state, Today: today(s)})
			mustDo(t, err)
			list, _, err := s.Members(ctx, everywhere, MemberFilter{State: state, Today: today(s)})
			mustDo(t, err)
			for _, m := range list {
				if m.State(today(s)) != state {
					t.Errorf("%s is listed as %s", m.State(today(s)), state)
				}
			}
			if len(list) != n {
				t.Errorf("%d of %d %s", len(list), n, state)
			}
			return n
		}
		if due, valid := count(core.MemberDue), count(core.MemberValid); due != 1 || valid != 2 {
			t.Errorf("%d due, %d valid", due, valid)
		}
		batch, err := s.RenewMembers(ctx, core.System, everywhere, append(ids, ids[0]), 12, "")
		if err != nil || batch.Size != 3 || batch.ID == 0 {
			t.Fatalf("%+v, %v", batch, err)
		}
		if count(core.MemberValid) != 3 {
			t.Error("not all are renewed")
		}
		mustDo(t, s.DisableMember(ctx, core.System, everywhere, ids[2]))
		undone, err := s.UndoBatch(ctx, core.System, everywhere, batch.ID)
		if err != nil || undone.Undone != 2 || undone.Kept != 1 {
			t.Errorf("undone %+v, %v", undone, err)
		}
		if count(core.MemberDue) != 1 || count(core.MemberDisabled) != 1 {
			t.Error("the days of before are not back")
		}
		_, err = s.RenewMembers(ctx, core.System, everywhere, ids, 7, "")
		wantField(t, err, "months")
	})
}

// Who has a part of an institution's communities cannot take back a renewal, which counts in the others too.
func TestARenewalOfAllIsNotTakenBackByOne(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		other, err := s.CreateCommunity(t.Context(), core.System, core.Community{Name: "另一小区", Levels: []string{"栋", "房间"}})
		mustDo(t, err)
		wide, err := s.CreateInstitution(t.Context(), core.System, everywhere, core.Institution{
			Name: "圆通速递", Communities: []core.ID{p.community, other},
		})
		mustDo(t, err)
		m := p.member(t, s, func(m *core.Member) { m.Institution = wide })
		batch, err := s.RenewMembers(t.Context(), core.System, everywhere, []core.ID{m.ID}, 12, "")
		mustDo(t, err)
		for _, community := range []core.ID{p.community, other} {
			undone, err := s.UndoBatch(t.Context(), core.System, core.ScopeOf(community), batch.ID)
			if !core.IsNotFound(err) && (err != nil || undone.Undone != 0 || undone.Kept != 1) {
				t.Errorf("undone %+v, %v", undone, err)
			}
		}
		if now, err := s.Member(t.Context(), everywhere, m.ID); err != nil || now.Until <= m.Until {
			t.Errorf("valid until %v, %v", now.Until, err)
		}
	})
}
