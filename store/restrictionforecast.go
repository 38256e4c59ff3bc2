package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// RestrictionForecast is who of the residents of some houses would be told of an act on their restrictions, and when. Each of the
// certified ones counts once.
type RestrictionForecast struct {
	Residents int // who live there
	Certified int // of them
	Soon      int // of these, who are told as soon as anybody is
	Morning   int // who are told when the quiet hours end, at Quiet
	Held      int // who wait for a channel that sends nothing for now
	Quiet     time.Time
	Unreached map[core.MessageReason]int // who are not told, by why
}

// Missed returns how many are not told.
func (f RestrictionForecast) Missed() (n int) {
	for _, some := range f.Unreached {
		n += some
	}
	return n
}

// ForecastRestriction counts whom an act on restrictions would reach, as the outbox would decide. It concerns some houses of a
// community, or all if there are none, and takes effect on a day; 0 = at once.
func (s *Store) ForecastRestriction(
	ctx context.Context, scope core.Scope, setup core.MessageSetup, community core.ID, houses []core.ID, day core.Day,
) (RestrictionForecast, error) {
	f := RestrictionForecast{Unreached: map[core.MessageReason]int{}}
	var people []toldThere
	var err error
	if houses == nil {
		if !scope.Has(community) {
			return f, core.NotFound(noCommunity)
		}
		f.Residents, f.Certified, err = s.ResidentCounts(ctx, core.ScopeOf(community))
		if err == nil {
			people, err = certifiedThere(s.db.Reads(ctx), "t.community_id = ?", []any{int64(community)})
		}
	} else if f.Residents, f.Certified, err = s.ResidentsOfHouses(ctx, scope, community, houses); err == nil {
		err = database.EachPart(houses, func(part []core.ID) error {
			some, err := certifiedThere(s.db.Reads(ctx), "t.community_id = ? AND t.house_id IN ("+database.Placeholders(len(part))+")",
				database.AppendIDs([]any{int64(community)}, part))
			people = append(people, some...)
			return err
		})
	}
	if err != nil {
		return f, database.Wrap("forecast who is told of restrictions", err)
	}
	at := s.Now()
	if day != 0 {
		at = day.Start(s.zone)
	}
	err = s.forecastTold(ctx, setup, at.Add(RestrictionNoteDelay), people, &f)
	return f, err
}

// forecastTold counts whom messages would reach that are due at a moment. Who has several accounts is told by the first that
// reaches them.
func (s *Store) forecastTold(
	ctx context.Context, setup core.MessageSetup, at time.Time, people []toldThere, f *RestrictionForecast,
) error {
	ask := core.MessageClaim{Setup: setup, Quiet: s.RecentSettings(ctx).Quiet, Zone: s.zone}
	f.Quiet = ask.Quiet.Until(at.In(s.zone))
	var notes []core.MessageNote
	for _, p := range people {
		if n, ok := p.note(); ok {
			notes = append(notes, n)
		}
	}
	steps, err := s.outbox.Forecast(ctx, ask, at, notes)
	if err != nil {
		return err
	}
	for len(people) > 0 {
		best := core.MessageStep{State: core.MessageUnreached, Reason: core.WhyNoPhone}
		for who := people[0].Resident; len(people) > 0 && people[0].Resident == who; people = people[1:] {
			if _, ok := people[0].note(); !ok {
				continue
			}
			if best.Reason == core.WhyNoPhone || toldRank(steps[0]) < toldRank(best) {
				best = steps[0]
			}
			steps = steps[1:]
		}
		switch toldRank(best) {
		case toldSoon:
			f.Soon++
		case toldMorning:
			f.Morning++
		case toldHeld:
			f.Held++
		default:
			f.Unreached[best.Reason]++
		}
	}
	return nil
}

// How soon a message reaches somebody, the soonest first.
const (
	toldSoon = iota
	toldMorning
	toldHeld
	toldNever
)

func toldRank(step core.MessageStep) int {
	switch {
	case step.Send != "":
		return toldSoon
	case step.State == core.MessageWaiting && step.Reason == core.WhyQuiet:
		return toldMorning
	case step.State == core.MessageWaiting:
		return toldHeld
	}
	return toldNever
}
