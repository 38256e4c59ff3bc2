package store

import (
	"context"

	"tongxing/core"
)

// Sight is what a guard or a resident sees of a pass before anything happens:
// whose it is and what the rules say. Nobody is named where the token is not
// live or the pass is of another community.
type Sight struct {
	Pass, Community, Resident, House core.ID
	Name, HouseLabel                 string
	HasIDNumber                      bool
	Rule                             core.PassRule // the community's
	Restriction                      *core.Restriction
	Decision                         core.Decision
}

// Sight decides an attempt without claiming, counting or recording anything: the
// same function on the same facts as Scan.
func (s *Store) Sight(ctx context.Context, a ScanAttempt) (Sight, error) {
	now := s.now()
	rows, err := s.scanFacts(ctx, s.reads, []ScanAttempt{a})
	if err != nil {
		return Sight{}, wrap("look at a pass", err)
	}
	p := &scanPlan{s: s, now: now, outcomes: make([]ScanOutcome, 1), tallies: map[tallyKey]*tallyState{}, idnos: map[core.ID]string{}}
	row := &rows[0]
	facts, err := p.factsOf(a, row)
	if err != nil {
		return Sight{}, wrap("look at a pass", err)
	}
	sight := Sight{Decision: core.Decide(facts, now)}
	stranger := a.Via != core.ViaPreview && row.PostCommunity != row.PassCommunity
	if row.PassID == 0 || stranger || (a.Via == core.ViaGuard && a.Token != core.TokenLive) {
		return sight, nil
	}
	sight.Pass, sight.Community, sight.Resident, sight.House = row.PassID, row.PassCommunity, row.ResidentID, row.HouseID
	sight.Name, sight.HouseLabel, sight.HasIDNumber = row.Name, row.House, row.HasID != 0
	sight.Rule, sight.Restriction = facts.Rule, facts.Restriction
	return sight, nil
}

// Preview answers "can I go out now, and why" for a pass.
func (s *Store) Preview(ctx context.Context, pass core.ID) (Sight, error) {
	sight, err := s.Sight(ctx, ScanAttempt{Via: core.ViaPreview, Direction: core.Out, Pass: pass})
	if err == nil && sight.Pass == 0 {
		err = core.NotFound("通行证不存在")
	}
	return sight, err
}
