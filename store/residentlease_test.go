package store

import (
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// lodging makes a certified fixed-term tenant whose lease ends some days from now.
func lodging(t *testing.T, s *Store, community, house core.ID, phone string, days int) core.ID {
	t.Helper()
	id, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
		Community: community, House: house, Name: "租客" + phone[9:], Identity: core.Lodger, Phone: phone,
		LeaseDay: core.DayOf(s.Now(), s.Zone()) + core.Day(days),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A lease that is over ends once, with the pass, and can be taken back; one that lasts is left alone.
func TestLeasesEnd(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		over, lasts := lodging(t, s, community, house, "13700000021", 0), lodging(t, s, community, house, "13700000022", 30)
		newWechatUserWithPhone(t, s, "o-tenant", "13700000021") // certified, with a pass
		if err := s.EndLeases(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Resident(t.Context(), everywhere, over); err != nil || !r.MovedOut.IsZero() {
			t.Errorf("on the last day: %+v, %v", r, err)
		}
		clock.Add(24 * time.Hour)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := s.EndLeases(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if r, err := s.Resident(t.Context(), everywhere, over); err != nil || r.MovedOut.IsZero() {
			t.Errorf("the day after: %+v, %v", r, err)
		}
		if r, err := s.Resident(t.Context(), everywhere, lasts); err != nil || !r.MovedOut.IsZero() {
			t.Errorf("the other lease: %+v, %v", r, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass WHERE disabled_at IS NULL"); n != 0 {
			t.Errorf("%d passes are usable", n)
		}
		const lines = "SELECT COUNT(*) FROM audit_log WHERE action = 'resident.move_out' AND actor_kind = 'system'"
		if n := countRows(t, s, lines); n != 1 {
			t.Errorf("%d lines of the log, want 1", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'lease'"); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		list, _, err := s.Batches(t.Context(), everywhere, BatchFilter{
			Communities: core.Everywhere, Kinds: []core.BatchKind{core.BatchMoveOut}, Page: Page{Limit: 9},
		})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d batches, %v", len(list), err)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := s.EndLeases(t.Context()); err != nil { // who was restored is not moved out again
			t.Fatal(err)
		}
		if r, err := s.Resident(t.Context(), everywhere, over); err != nil || !r.MovedOut.IsZero() {
			t.Errorf("restored: %+v, %v", r, err)
		}
	})
}

// Whom no WeChat is known to be is told by the number of the register, where the office sends text messages of the kind, and
// is listed as not reached otherwise.
func TestPeopleOfTheRegisterAreTold(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		community := newCommunity(t, p.s, "翠湖花园")
		houses := newHouses(t, p.s, community, 2)
		told := func(house int, phone string) (sent []core.Dispatch) {
			t.Helper()
			lodging(t, p.s, community, houses[house], phone, 5)
			if err := p.s.WarnLeases(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.clock.Add(2 * time.Minute)
			for _, d := range p.claim(t) {
				if d.Kind == core.MessageLease {
					sent = append(sent, d)
				}
			}
			return sent
		}
		if sent := told(0, "13700000021"); len(sent) != 0 {
			t.Errorf("sent %+v", sent)
		}
		people, _, err := p.s.Unreached(t.Context(), core.ScopeOf(community), Page{})
		if err != nil || len(people) != 1 || people[0].Recipient.Kind != core.ToResident || people[0].Phone != "137****0021" ||
			people[0].Name == "" || people[0].Link != people[0].ID || people[0].Reason != core.WhyNoWechat {
			t.Errorf("not reached: %+v, %v", people, err)
		}
		p.setup.Templates[core.ChannelSMS] = map[core.MessageKind]core.MessageTemplate{core.MessageLease: {ID: "sms"}}
		if sent := told(1, "13700000022"); len(sent) != 1 || sent[0].Channel != core.ChannelSMS || sent[0].Address != "13700000022" {
			t.Errorf("by the number: %+v", sent)
		}
	})
}

// The tenant, the owner and the office are told once, seven days before; of another last day they are told again.
func TestLeasesAreWarnedOfOnce(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		newResident(t, s, community, house, "业主", "13700000001")
		lodging(t, s, community, house, "13700000021", 8)
		newWechatUserWithPhone(t, s, "o-tenant", "13700000021")
		newWechatUserWithPhone(t, s, "o-owner", "13700000001")
		told := func(want int) {
			t.Helper()
			for range 2 {
				if err := s.WarnLeases(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'lease'"); n != want {
				t.Errorf("%d messages, want %d", n, want)
			}
		}
		told(0)
		clock.Add(24 * time.Hour)
		told(2)
		for _, page := range []string{"pass", "household"} { // the tenant's own, the owner's of the house
			if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'lease' AND link = '"+page+"'"); n != 1 {
				t.Errorf("%d lead to %s", n, page)
			}
		}
		clock.Add(24 * time.Hour)
		told(2)
	})
}
