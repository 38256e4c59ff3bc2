package demo

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
)

// historyDays is how far back the demonstration's records go.
const historyDays = 30

// exitHours are the hours of the day at which people leave; workers come back in the evening.
var exitHours = []int{6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20}

// history records thirty days of comings and goings, up to a while ago.
func (s *seeder) history(ctx context.Context, e *estate, doors []core.Reader) error {
	zone := s.store.Zone()
	today := core.DayOf(s.now, zone)
	var records []core.AccessRecord
	for day := today - historyDays; day <= today; day++ {
		for _, r := range e.residents {
			if r.Certified.IsZero() || s.rand.IntN(10) < 4 {
				continue
			}
			records = append(records, s.outing(e, r, doors, day.Start(zone))...)
		}
	}
	records = slices.DeleteFunc(records, func(r core.AccessRecord) bool { return r.At.After(s.now.Add(-3 * time.Minute)) })
	slices.SortFunc(records, func(a, b core.AccessRecord) int { return a.At.Compare(b.At) })
	return s.store.ImportAccessRecords(ctx, records)
}

// outing returns a person's exit and, usually, return. Now and then a code is shown after it
// expired.
func (s *seeder) outing(e *estate, r core.Resident, doors []core.Reader, midnight time.Time) []core.AccessRecord {
	left := midnight.Add(
		time.Duration(exitHours[s.rand.IntN(len(exitHours))])*time.Hour + time.Duration(s.rand.IntN(3600_000))*time.Millisecond,
	)
	base := core.AccessRecord{
		Community: e.id, Via: core.ViaReader, Kind: core.PassResident, Resident: r.ID, Person: r.Person, House: r.House,
		Name: r.Name, HouseLabel: e.labels[slices.Index(e.houses, r.House)], Allowed: true, Reason: core.ReasonAllowed,
	}
	out := passed(base, doors[0], left)
	out.Counted = true
	records := []core.AccessRecord{out}
	if s.rand.IntN(40) == 0 {
		late := passed(base, doors[0], left.Add(-20*time.Second))
		late.Allowed, late.Reason = false, core.ReasonTokenAbsent
		records = append(records, late)
	}
	if s.rand.IntN(10) < 9 {
		records = append(records, passed(base, doors[1], left.Add(time.Duration(40+s.rand.IntN(500))*time.Minute)))
	}
	return records
}

func passed(r core.AccessRecord, door core.Reader, at time.Time) core.AccessRecord {
	r.At, r.Reader, r.Gate, r.ReleasedBy, r.Direction = at.UTC().Truncate(time.Millisecond), door.ID, door.Name, door.Name, door.Direction
	return r
}
