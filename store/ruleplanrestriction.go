package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// rulePlanRestriction is a restriction that is scheduled: its own last day ends it.
type rulePlanRestriction struct{}

// restrictionDraft is what rule_plan keeps of one; its houses are in rule_plan_house.
type restrictionDraft struct {
	core.Restriction
	Whole  bool `json:"whole,omitempty"`
	Houses int  `json:"houses"` // when it was scheduled
}

func (rulePlanRestriction) stays() bool { return true }

// drastic is never true: a restriction puts nothing back.
func (rulePlanRestriction) drastic(string, string) (bool, error) { return false, nil }

// now is never called: a restriction that has started is done.
func (rulePlanRestriction) now(context.Context, *Store, core.ID, string) (string, error) {
	return "", nil
}

func (rulePlanRestriction) words(draft string) (string, error) {
	var d restrictionDraft
	err := json.Unmarshal([]byte(draft), &d)
	return d.words(), err
}

func (d restrictionDraft) words() string {
	which := core.Grouped(d.Houses) + " 套房屋"
	if d.Whole {
		which = "全部房屋"
	}
	return which + "，" + d.Text()
}

// ScheduleRestrictions has CreateRestrictions done on a day: whose restrictions it replaces then are those that it would replace now.
func (s *Store) ScheduleRestrictions(
	ctx context.Context, by core.Actor, scope core.Scope, change RestrictionChange, from core.Day,
) (id core.ID, err error) {
	change, err = s.cleanRestriction(scope, change)
	if err != nil {
		return 0, err
	}
	if err := s.checkRestrictionFrom(change, from); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "schedule restrictions", func(tx *database.Tx) error {
		change := change // a run that lost a race has no effect on the next
		if err := lockForRulePlan(tx, scope, change.Community); err != nil {
			return err
		}
		houses, err := lockRestricted(tx, &change)
		if err != nil {
			return err
		}
		if err := change.checkAnnounced(houses.held); err != nil {
			return err
		}
		if err := checkRestrictionPlans(tx.All, change, from); err != nil {
			return err
		}
		draft, err := json.Marshal(restrictionDraft{Restriction: change.Restriction, Whole: change.Whole, Houses: len(houses.ids)})
		if err != nil {
			return err
		}
		chosen := houses.ids
		if change.Whole { // those of that day
			chosen = nil
		}
		p, err := insertRulePlan(tx, by, rulePlanRow{
			Community: change.Community, Stem: "restriction", Starts: from, Ends: change.LastDay, Draft: string(draft),
		}, chosen, houses.labels)
		id = p.ID
		return err
	})
	return id, err
}

// CheckRestrictionPlan returns why a change of the scope cannot be scheduled for a day, as its scheduling would.
func (s *Store) CheckRestrictionPlan(ctx context.Context, scope core.Scope, change RestrictionChange, from core.Day) error {
	change, err := s.cleanRestriction(scope, change)
	if err != nil {
		return err
	}
	if err := s.checkRestrictionFrom(change, from); err != nil {
		return err
	}
	return checkRestrictionPlans(s.allOf(ctx), change, from)
}

func (s *Store) checkRestrictionFrom(change RestrictionChange, from core.Day) error {
	fields := fieldsOf(core.RulePlanTerm{From: from}.Check(core.DayOf(s.Now(), s.zone)))
	if change.LastDay != 0 && change.LastDay < from {
		fields["last_day"] = "截止日期不能早于生效那天"
	}
	return core.InvalidFields(fields)
}

// checkRestrictionPlans refuses a restriction of houses of which another is to start at the same time.
func checkRestrictionPlans(all readAll, change RestrictionChange, from core.Day) error {
	var open []rulePlanRow
	if err := all(&open, openRulePlans, int64(change.Community), "restriction"); err != nil {
		return err
	}
	for _, other := range open {
		ended := other.Ends != 0 && other.Ends < from
		if ended || change.LastDay != 0 && change.LastDay < other.Starts {
			continue
		}
		if shared, err := sharesHouses(all, change, other); shared || err != nil {
			if err != nil {
				return err
			}
			return overlapsRulePlan("from_day", other)
		}
	}
	return checkRulePlanCount(len(open))
}

func sharesHouses(all readAll, change RestrictionChange, other rulePlanRow) (shared bool, err error) {
	var d restrictionDraft
	if err := json.Unmarshal([]byte(other.Draft), &d); err != nil || d.Whole || change.Whole {
		return err == nil, err
	}
	err = database.EachPart(change.Houses, func(part []core.ID) error {
		var found []core.ID
		err := all(&found, "SELECT house_id FROM rule_plan_house WHERE plan_id = ? AND house_id IN ("+database.Placeholders(len(part))+
			")", database.AppendIDs([]any{int64(other.ID)}, part)...)
		shared = shared || len(found) > 0
		return err
	})
	return shared, err
}

// start restricts the houses that are still there, except those that somebody has restricted otherwise since it was scheduled.
func (rulePlanRestriction) start(tx *database.Tx, by core.Actor, p rulePlanRow, today core.Day) (done rulePlanStart, err error) {
	var d restrictionDraft
	if err := json.Unmarshal([]byte(p.Draft), &d); err != nil {
		return done, err
	}
	if err := d.Check(); err != nil {
		return done, err
	}
	change := RestrictionChange{Community: p.Community, Whole: d.Whole, Restriction: d.Restriction}
	var gone []string
	if !d.Whole {
		if change.Houses, gone, err = plannedHouses(tx, p); err != nil {
			return done, err
		}
	}
	houses, err := lockRestricted(tx, &change)
	if err != nil {
		return done, err
	}
	var keep []core.ID
	var taken []string
	for _, id := range houses.ids {
		held, restricted := houses.held[id]
		if restricted && yields(d.Restriction, held, today) && houses.since[id].After(p.Created.Time) {
			taken = append(taken, houses.labels[id])
			continue
		}
		keep = append(keep, id)
	}
	var why []string
	for _, left := range []struct {
		words  string
		houses []string
	}{{"已删除", gone}, {"已另外限制", taken}} {
		if n := len(left.houses); n > 0 {
			named := strings.Join(left.houses[:min(n, maxNamed)], "、")
			if n > maxNamed {
				named += " 等"
			}
			why = append(why, fmt.Sprintf("%s 套房屋%s，没有限制：%s", core.Grouped(n), left.words, named))
		}
	}
	done.why = strings.Join(why, "；")
	if len(keep) == 0 {
		return done, core.Conflict(done.why)
	}
	d.Houses = len(keep)
	draft, err := json.Marshal(d)
	if err != nil {
		return done, err
	}
	done.draft = string(draft)
	change.Houses, houses = keep, houses.only(keep)
	batch, err := writeRestrictionBatch(tx, by, houses, core.BatchRestrict, &change.Restriction)
	if err != nil {
		return done, err
	}
	if err := replaceRestrictions(tx, change, houses); err != nil {
		return done, err
	}
	done.batch = batch.ID
	return done, auditRestrictions(tx, by, change, restrictionGroups(houses, change.Whole), batch)
}

// yields reports whether a scheduled restriction leaves one that somebody has set since as it is on a day.
func yields(planned, held core.Restriction, day core.Day) bool {
	return held != planned && held.Holds(day)
}

// takenHouses returns the houses that a scheduled restriction would leave out, as somebody has restricted them otherwise since.
func takenHouses(all readAll, p core.RulePlan) (taken []core.ID, err error) {
	query, args := "SELECT x.house_id, x.exits, x.reason, x.last_day FROM house_restriction x", []any(nil)
	if !p.Whole {
		query, args = query+" JOIN rule_plan_house p ON p.house_id = x.house_id AND p.plan_id = ?", []any{int64(p.ID)}
	}
	var rows []restrictionRow
	err = all(&rows, query+" WHERE x.community_id = ? AND x.created_at > ?", append(args, int64(p.Community), p.Created.UnixMilli())...)
	for _, row := range rows {
		if yields(p.Restriction, row.restriction(), p.From) {
			taken = append(taken, row.House)
		}
	}
	return taken, err
}

// restrictionNow sets what a restriction that waits would do if its day were today.
func (s *Store) restrictionNow(ctx context.Context, p *core.RulePlan) error {
	there, taken, err := s.plannedThere(ctx, *p)
	if err != nil {
		return err
	}
	if p.Left = len(taken); !p.Whole {
		p.Left += p.Houses - len(there)
	}
	if p.Houses = len(there) - len(taken); p.Whole {
		p.Houses, err = s.countHouses(ctx, p.Community)
		p.Houses -= len(taken)
	}
	p.Words = restrictionDraft{Restriction: p.Restriction, Whole: p.Whole, Houses: p.Houses}.words()
	return err
}

// plannedThere returns the houses of a scheduled restriction that are there, none for one of the whole community, and those that it
// would leave out.
func (s *Store) plannedThere(ctx context.Context, p core.RulePlan) (there, taken []core.ID, err error) {
	if !p.Whole {
		err = s.db.All(ctx, &there, "SELECT p.house_id FROM rule_plan_house p JOIN house h ON h.id = p.house_id WHERE p.plan_id = ?",
			int64(p.ID))
	}
	if err == nil {
		taken, err = takenHouses(s.allOf(ctx), p)
	}
	return there, taken, err
}

func (s *Store) countHouses(ctx context.Context, community core.ID) (n int, err error) {
	return n, s.db.Get(ctx, &n, "SELECT COUNT(*) FROM house WHERE community_id = ?", int64(community))
}

// restrictionReach is RulePlanReach of a restriction.
func (s *Store) restrictionReach(ctx context.Context, scope core.Scope, p core.RulePlan) (houses, residents int, err error) {
	there, taken, err := s.plannedThere(ctx, p)
	if err != nil {
		return 0, 0, database.Wrap("houses of a scheduled restriction", err)
	}
	if !p.Whole {
		there = leaveOut(there, taken)
		residents, _, err = s.ResidentsOfHouses(ctx, scope, p.Community, there)
		return len(there), residents, err
	}
	if houses, err = s.countHouses(ctx, p.Community); err != nil {
		return 0, 0, database.Wrap("houses of a community", err)
	}
	if residents, _, err = s.ResidentCounts(ctx, scope.In(p.Community)); err != nil {
		return 0, 0, err
	}
	out, _, err := s.ResidentsOfHouses(ctx, scope, p.Community, taken)
	return houses - len(taken), residents - out, err
}

// leaveOut returns those of ids that are not among others.
func leaveOut(ids, others []core.ID) []core.ID {
	return slices.DeleteFunc(slices.Clone(ids), func(id core.ID) bool { return slices.Contains(others, id) })
}

// PlannedRestriction is a restriction that waits, as far as it is for houses that were asked about.
type PlannedRestriction struct {
	core.RulePlan
	Of   int // how many of them it is for
	Left int // how many of those it would leave out now
}

// PlannedRestrictions returns the restrictions that wait and are for any of some houses of a community of the scope, the earliest first;
// nil = all of its houses.
func (s *Store) PlannedRestrictions(
	ctx context.Context, scope core.Scope, community core.ID, houses []core.ID,
) (list []PlannedRestriction, err error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	var open []rulePlanRow
	err = s.db.All(ctx, &open, openRulePlans, int64(community), "restriction")
	if err == nil && len(open) > 0 {
		list, err = s.plannedOf(ctx, community, houses, open)
	}
	return list, database.Wrap("scheduled restrictions of houses", err)
}

func (s *Store) plannedOf(
	ctx context.Context, community core.ID, houses []core.ID, open []rulePlanRow,
) (list []PlannedRestriction, err error) {
	if houses == nil {
		if err := s.db.All(ctx, &houses, "SELECT id FROM house WHERE community_id = ?", int64(community)); err != nil {
			return nil, err
		}
	}
	asked := restrictedHouses{community: community, ids: houses}
	if err := asked.readBy(s.allOf(ctx)); err != nil {
		return nil, err
	}
	chosen, err := s.housesOfPlans(ctx, open, houses)
	if err != nil {
		return nil, err
	}
	for _, row := range open {
		p, err := row.plan()
		if err != nil {
			return nil, err
		}
		of := chosen[p.ID]
		if p.Whole {
			of = houses
		}
		planned := PlannedRestriction{RulePlan: p, Of: len(of)}
		for _, house := range of {
			held, restricted := asked.held[house]
			if restricted && asked.since[house].After(p.Created) && yields(p.Restriction, held, p.From) {
				planned.Left++
			}
		}
		if planned.Of > 0 {
			list = append(list, planned)
		}
	}
	return list, nil
}

// housesOfPlans returns which of some houses each scheduled restriction of some is for.
func (s *Store) housesOfPlans(ctx context.Context, plans []rulePlanRow, houses []core.ID) (map[core.ID][]core.ID, error) {
	ids := make([]core.ID, len(plans))
	for i, p := range plans {
		ids[i] = p.ID
	}
	found := map[core.ID][]core.ID{}
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []struct {
			Plan  core.ID `db:"plan_id"`
			House core.ID `db:"house_id"`
		}
		err := s.db.All(ctx, &rows, "SELECT plan_id, house_id FROM rule_plan_house WHERE plan_id IN ("+database.Placeholders(len(ids))+
			") AND house_id IN ("+database.Placeholders(len(part))+")", database.AppendIDs(database.IDArgs(ids), part)...)
		for _, row := range rows {
			found[row.Plan] = append(found[row.Plan], row.House)
		}
		return err
	})
	return found, err
}

// plannedHouses returns which of the houses of a plan are there, and the names of those that are gone.
func plannedHouses(tx *database.Tx, p rulePlanRow) (there []core.ID, gone []string, err error) {
	var planned []struct {
		House core.ID `db:"house_id"`
		Label string  `db:"label"`
	}
	err = tx.All(&planned, "SELECT house_id, label FROM rule_plan_house WHERE plan_id = ? ORDER BY house_id", int64(p.ID))
	if err != nil {
		return nil, nil, err
	}
	var ids []core.ID
	for _, h := range planned {
		ids = append(ids, h.House)
	}
	found, err := lockHousesByID(tx, p.Community, ids)
	for _, h := range planned {
		if _, ok := found[h.House]; ok {
			there = append(there, h.House)
		} else {
			gone = append(gone, h.Label)
		}
	}
	return there, gone, err
}

// end is never called: a restriction ends by its last day.
func (rulePlanRestriction) end(*database.Tx, core.Actor, rulePlanRow) (bool, error) { return true, nil }
