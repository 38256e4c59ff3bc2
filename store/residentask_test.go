package store

import (
	"strings"
	"testing"

	"tongxing/core"
)

// A lease that is over is refused by hand as in a list: for somebody new, and where an edit changes it. One that ran out stays
// as it is in other edits.
func TestALeaseThatIsOverIsRefused(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		house, today := newHouses(t, s, community, 1)[0], core.DayOf(s.Now(), s.Zone())
		lodger := core.Resident{
			Community: community, House: house, Name: "租客", Identity: core.Lodger, Phone: "13700000021", LeaseDay: today - 1,
		}
		_, err := s.CreateResident(t.Context(), core.System, everywhere, lodger)
		wantField(t, err, "lease_day")
		lodger.LeaseDay = today + 1
		id, err := s.CreateResident(t.Context(), core.System, everywhere, lodger)
		if err != nil {
			t.Fatal(err)
		}
		change := ResidentChange{
			Name: "租客", Identity: core.Lodger, LeaseDay: today - 1, Updated: residentOf(t, s, id).Updated,
		}
		_, err = s.UpdateResident(t.Context(), core.System, everywhere, id, change)
		wantField(t, err, "lease_day")
		clock.Add(4 * aDay)
		change.LeaseDay, change.Sex = today+1, "male"
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, change); err != nil {
			t.Errorf("another edit after the lease: %v", err)
		}
	})
}

// Who adds or changes somebody is asked before a number becomes that of another name of the community, and told neither whole
// name nor number; in another community, by the same name, or once the answer is given, not.
func TestANumberOfAnotherNameIsAskedFor(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses := newHouses(t, s, community, 3)
		const number = "13700000021"
		newResident(t, s, community, houses[0], "徐国栋", number)
		add := func(community, house core.ID, name, phone string, ask bool) (core.ID, error) {
			return s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
				Community: community, House: house, Name: name, Identity: core.Family, Phone: phone, AskNumber: ask,
			})
		}
		_, err := add(community, houses[1], "王小明", number, true)
		if said := core.MessageOf(err); !core.IsNumberHeld(err) || !strings.Contains(said, "“徐**”") || strings.Contains(said, number) {
			t.Errorf("asked %q, %v", said, err)
		}
		if _, err := add(community, houses[1], "徐国栋", number, true); err != nil {
			t.Errorf("the same name: %v", err)
		}
		if _, err := add(other, newHouses(t, s, other, 1)[0], "王小明", number, true); err != nil {
			t.Errorf("another community: %v", err)
		}
		id, err := add(community, houses[2], "王小明", "13700000022", true)
		if err != nil {
			t.Fatal(err)
		}
		change := ResidentChange{
			Name: "王小明", Identity: core.Family, Phone: number, Updated: residentOf(t, s, id).Updated, AskNumber: true,
		}
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, change); !core.IsNumberHeld(err) {
			t.Errorf("changed to it: %v", err)
		}
		change.AskNumber = false
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, change); err != nil {
			t.Errorf("all the same: %v", err)
		}
		if _, err := add(community, houses[2], "李四", number, false); err == nil {
			t.Error("the number was added twice to a house")
		}
	})
}

// Nor does an ID number become that of another name of the community without a question, or that of a second person of a house.
func TestAnIDNumberOfAnotherNameIsAskedFor(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses := newHouses(t, s, community, 2)
		const number = "E12345678"
		add := func(community, house core.ID, name, phone, idNumber string, ask bool) (core.ID, error) {
			return s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
				Community: community, House: house, Name: name, Identity: core.Family, Phone: phone, IDNumber: idNumber, AskNumber: ask,
			})
		}
		if _, err := add(community, houses[0], "徐国栋", "13700000021", number, true); err != nil {
			t.Fatal(err)
		}
		_, err := add(community, houses[1], "王小明", "13700000022", number, true)
		if said := core.MessageOf(err); !core.IsNumberHeld(err) || !strings.Contains(said, "证件号已登记给“徐**”") {
			t.Errorf("asked %q, %v", said, err)
		}
		_, err = add(community, houses[1], "王小明", "13700000021", number, true)
		if said := core.MessageOf(err); strings.Count(said, "徐**") != 2 || strings.Count(said, "还没有保存") != 1 {
			t.Errorf("asked of both %q, %v", said, err)
		}
		if _, err := add(community, houses[0], "徐国栋", "13700000023", number, true); !core.IsNumberHeld(err) {
			t.Errorf("the same twice in a house: %v", err)
		}
		if _, err := add(other, newHouses(t, s, other, 1)[0], "王小明", "13700000022", number, true); err != nil {
			t.Errorf("another community: %v", err)
		}
		id, err := add(community, houses[1], "王小明", "13700000022", "", true)
		if err != nil {
			t.Fatal(err)
		}
		change := ResidentChange{
			Name: "王小明", Identity: core.Family, IDNumber: number, Updated: residentOf(t, s, id).Updated, AskNumber: true,
		}
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, change); !core.IsNumberHeld(err) {
			t.Errorf("changed to it: %v", err)
		}
		change.AskNumber = false
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, change); err != nil {
			t.Errorf("all the same: %v", err)
		}
	})
}
