package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Preview is what a guard or a resident sees of a pass before anything happens: whose it is and
// what the rules say. Nobody is named if the token is not live or the pass belongs to another
// community.
type Preview struct {
	Pass, Community, Resident, House core.ID
	Name, HouseLabel                 string
	HasIDNumber                      bool
	Kind                             core.PassKind
	Way                              core.Direction    // in which a pass for once is used next; "" = in either
	Visit                            *core.VisitorPass // of a visitor's pass that a guard looks at, the plate whole
	Barred                           string            // why the visitor is on the blacklist, for the guard; "" = is not
	Vouched                          string            // who of the house lets the holder out now
	UrgentFor                        string            // for which the household says that the exit is an emergency
	Terms                            string            // what its holder reads of it
	Photo                            core.ID           // of the holder, for the guard: a member's face, or what a visitor sent; 0 = none
	Rule                             core.PassRule     // the community's
	Restriction                      *core.Restriction
	Decision                         core.Decision
}

// PreviewScan decides an attempt without claiming, counting or recording anything: the
// same function on the same facts as Scan.
func (s *Store) PreviewScan(ctx context.Context, a ScanAttempt) (Preview, error) {
	previews, rows, err := s.previewScans(ctx, []ScanAttempt{a})
	if err != nil {
		return Preview{}, database.Wrap("look at a pass", err)
	}
	if compare := passKindOf(previews[0].Kind).compare; compare != nil {
		err = compare(ctx, s, &rows[0], &previews[0])
	}
	return previews[0], database.Wrap("look at a pass", err)
}

// previewScans decides several attempts at one instant, each as if it were alone, by one
// query, whose rows it returns too.
func (s *Store) previewScans(ctx context.Context, attempts []ScanAttempt) ([]Preview, []scanRow, error) {
	now := s.Now()
	rows, err := s.scanFacts(s.db.Reads(ctx), attempts)
	if err != nil {
		return nil, nil, err
	}
	p := &scanPlan{
		s: s, now: now, outcomes: make([]ScanOutcome, len(attempts)), tallies: map[tallyKey]*tallyState{},
		idnos: map[core.ID]string{},
	}
	previews := make([]Preview, len(attempts))
	for i, a := range attempts {
		facts, err := p.factsOf(a, &rows[i])
		if err != nil {
			return nil, nil, err
		}
		previews[i] = rows[i].preview(a, facts, now)
		if previews[i].Decision = core.Decide(facts, now); facts.Emergency {
			previews[i].Decision = core.DecideUrgent(facts, now)
		}
		if previews[i].Pass != 0 {
			previews[i].Vouched, previews[i].UrgentFor = rows[i].vouchedAt(now.UnixMilli()), rows[i].urgentAt(now.UnixMilli())
		}
	}
	return previews, rows, nil
}

// preview returns what the asker may see of a pass.
func (r *scanRow) preview(a ScanAttempt, facts core.Facts, now time.Time) Preview {
	stranger := a.Via != core.ViaPreview && !r.here(r.PostCommunity)
	if r.PassID == 0 || stranger || (a.Via == core.ViaGuard && a.Token != core.TokenLive) {
		return Preview{}
	}
	return Preview{
		Pass: r.PassID, Community: r.PassCommunity, Resident: r.ResidentID, House: r.HouseID,
		Name: r.Name, HouseLabel: r.House, HasIDNumber: r.HasID != 0, Kind: r.Kind, Way: facts.Way(), Terms: facts.Terms(now),
		Rule: facts.Rule, Restriction: facts.Restriction,
	}
}

// lookAtVisit adds what a guard compares of a visitor.
func lookAtVisit(ctx context.Context, s *Store, _ *scanRow, p *Preview) error {
	var row visitorPassRow
	if err := s.db.Get(ctx, &row, visitorPassColumns+"p.id = ?", int64(p.Pass)); err != nil {
		return err
	}
	visit := row.masked(s.db.Reveal)
	visit.Plate = s.db.Reveal("visitor_pass.plate", row.Plate)
	p.Visit = &visit
	photos, err := photosOf(s.db.Reads(ctx), "visitorpass", []core.ID{visit.ID})
	if err != nil {
		return err
	}
	if sent := photos[visit.ID]; len(sent) > 0 {
		p.Photo = sent[0]
	}
	reason, barred, err := barredFor(s.db.Reads(ctx), s.db.Keys(), row.visit(s.db.Reveal), core.DayOf(s.Now(), s.zone))
	if barred {
		p.Barred = cmp.Or(reason, "没有写明原因")
	}
	return err
}

// Preview decides whether a pass could go out now, and why. The restriction of its house has its reason, which a door does not ask.
func (s *Store) Preview(ctx context.Context, pass core.ID) (Preview, error) {
	previews, err := s.Previews(ctx, core.Out, []core.ID{pass})
	if err != nil || previews[0].Restriction == nil {
		return append(previews, Preview{})[0], err
	}
	found, err := s.restrictionsOf(ctx, []core.ID{previews[0].House})
	if x, ok := found[previews[0].House]; ok { // else it was lifted a moment ago
		previews[0].Restriction.Reason = x.Reason
	}
	return previews[0], database.Wrap("preview a pass", err)
}

// previewPart is how many passes one query previews.
const previewPart = 100

// Previews decides the same for several passes in a direction, in their order. If one does not
// exist, the result is NotFound.
func (s *Store) Previews(ctx context.Context, direction core.Direction, passes []core.ID) ([]Preview, error) {
	all := make([]Preview, 0, len(passes))
	for part := range slices.Chunk(passes, previewPart) {
		attempts := make([]ScanAttempt, len(part))
		for i, pass := range part {
			attempts[i] = ScanAttempt{Via: core.ViaPreview, Direction: direction, Pass: pass}
		}
		previews, _, err := s.previewScans(ctx, attempts)
		if err != nil {
			return nil, database.Wrap("preview passes", err)
		}
		all = append(all, previews...)
	}
	if slices.ContainsFunc(all, func(preview Preview) bool { return preview.Pass == 0 }) {
		return nil, core.NotFound("通行证不存在")
	}
	return all, nil
}
