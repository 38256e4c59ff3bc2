package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// plan is one community of the demonstration.
type plan struct {
	name, address, phone string
	levels               []string
	rule                 core.PassRule
	places               [][]string
	residents            int
}

// plans returns about 1,500 houses and 3,000 residents: two estates of flats and one of villas,
// each with its own rule. The first, where the tour takes place, has no exit hours, so that the
// tour works at night too.
func plans() []plan {
	return []plan{
		{
			name: "翠湖花园", address: "深圳市南山区翠湖路 18 号", phone: "0755-26001818", levels: []string{"栋", "单元", "房间"},
			rule:   core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 3, FeverTenths: 373, ReaderQR: true},
			places: flats(6, 2, 15, 4), residents: 1500,
		},
		{
			name: "江南名邸", address: "深圳市南山区江南大道 66 号", phone: "0755-26006600", levels: []string{"栋", "单元", "房间"},
			rule: core.PassRule{Counting: core.CountHousehold, PeriodDays: 2, Exits: 2, FeverTenths: 373, ReaderQR: true,
				Hours: []core.HourRange{{From: 6 * 60, To: 22 * 60}}},
			places: flats(4, 2, 16, 5), residents: 1180,
		},
		{
			name: "云栖别墅", address: "深圳市南山区云栖路 9 号", phone: "0755-26009900", levels: []string{"区", "号"},
			rule:   core.PassRule{Counting: core.CountPerson, PeriodDays: 1, RecordTemp: true, FeverTenths: 373},
			places: villas("东区", "西区", "湖畔区"), residents: 320,
		},
	}
}

func flats(buildings, units, floors, doors int) [][]string {
	var places [][]string
	for b := range buildings {
		for u := range units {
			for f := range floors {
				for d := range doors {
					places = append(places, []string{fmt.Sprintf("%d栋", b+1), fmt.Sprintf("%d单元", u+1), fmt.Sprintf("%d%02d", f+1, d+1)})
				}
			}
		}
	}
	return places
}

func villas(areas ...string) [][]string {
	var places [][]string
	for _, area := range areas {
		for n := range 46 {
			places = append(places, []string{area, fmt.Sprintf("%d号", n+1)})
		}
	}
	return places
}

// estate is a community after it was built.
type estate struct {
	plan
	id        core.ID
	houses    []core.ID
	labels    []string
	residents []core.Resident // with their ids
}

func (s *seeder) build(ctx context.Context, p plan) (*estate, error) {
	id, err := s.store.CreateCommunity(ctx, core.System, core.Community{Name: p.name, Address: p.address, Phone: p.phone, Levels: p.levels})
	if err != nil {
		return nil, err
	}
	rule := store.PassRule{PassRule: p.rule, Community: id}
	if err := s.store.UpdatePassRule(ctx, core.System, core.Everywhere, rule); err != nil {
		return nil, err
	}
	e := &estate{plan: p, id: id}
	if e.houses, err = s.store.CreateHouses(ctx, core.System, core.Everywhere, id, p.places); err != nil {
		return nil, err
	}
	for _, place := range p.places {
		label := ""
		for _, part := range place {
			label += part
		}
		e.labels = append(e.labels, label)
	}
	return e, s.populate(ctx, e)
}

// populate assigns families to houses until the estate is full. The first house of the first estate
// is kept for the cast.
func (s *seeder) populate(ctx context.Context, e *estate) error {
	var people []core.Resident
	first := 0
	if s.cast.Family == nil {
		people, first = s.family(e), 1
	}
	for i := first; len(people) < e.plan.residents && i < 3*len(e.houses); i++ {
		people = append(people, s.household(e.houses[i%len(e.houses)], i >= len(e.houses))...)
	}
	const part = 500
	for start := 0; start < len(people); start += part {
		some := people[start:min(start+part, len(people))]
		ids, err := s.store.CreateResidents(ctx, core.System, core.Everywhere, e.id, some)
		if err != nil {
			return err
		}
		for i, id := range ids {
			some[i].ID = id
			e.residents = append(e.residents, some[i])
		}
	}
	return s.persons(ctx, e)
}

// persons loads which person of the register each resident is.
func (s *seeder) persons(ctx context.Context, e *estate) error {
	person := map[core.ID]core.ID{}
	for before := core.ID(0); ; {
		rows, more, err := s.store.Residents(ctx, core.Everywhere, store.ResidentFilter{
			Community: e.id, Page: core.Page{Next: before, Limit: 500},
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			person[row.ID], before = row.Person, row.ID
		}
		if !more {
			break
		}
	}
	for i := range e.residents {
		e.residents[i].Person = person[e.residents[i].ID]
	}
	return nil
}

// household returns the people of a house; later ones are tenants or family members who joined it.
func (s *seeder) household(house core.ID, later bool) []core.Resident {
	if later {
		return []core.Resident{s.resident(house, "", core.Tenant)}
	}
	switch n := s.rand.IntN(10); {
	case n == 0: // nobody lives here yet
		return nil
	case n == 1:
		r := s.resident(house, "", core.Lodger)
		r.LeaseDay = core.DayOf(s.now, s.store.Zone()) + core.Day(20+s.rand.IntN(300))
		return []core.Resident{r}
	}
	owner := s.resident(house, "", core.Owner)
	people := []core.Resident{owner}
	for range s.rand.IntN(4) {
		people = append(people, s.resident(house, string([]rune(owner.Name)[:1]), core.Family))
	}
	return people
}

func (s *seeder) resident(house core.ID, surname string, identity core.Identity) core.Resident {
	name, sex := person(s.rand, surname)
	s.phones++
	r := core.Resident{House: house, Name: name, Sex: sex, Identity: identity, Phone: phone(s.phones)}
	if s.rand.IntN(10) < 7 {
		r.Certified = s.now.AddDate(0, 0, -30-s.rand.IntN(300))
	}
	if s.rand.IntN(2) == 0 {
		r.IDNumber = idNumber(s.rand, sex)
	}
	return r
}

// seeder fills an empty store.
type seeder struct {
	store  *store.Store
	rand   *rand.Rand
	now    time.Time
	phones int
	cast   Cast
	post   core.ID // of the guard in the cast
	clerk  core.ID // the account of the clerk in the cast
}
