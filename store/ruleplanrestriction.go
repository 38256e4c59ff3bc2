package store

import (
	"context"
	"encoding/json"
	"fmt"
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
	which := fmt.Sprintf("%s 套房屋", core.Grouped(d.Houses))
	if d.Whole {
		which = "全部房屋"
	}
	return which + "，" + d.Text(), err
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
		p, err := insertRulePlan(tx, by, rulePlanRow{
			Community: change.Community, Stem: "restriction", Starts: from, Ends: change.LastDay, Draft: string(draft),
		})
		if id = p.ID; err != nil || change.Whole {
			return err
		}
		var rows [][]any
		for _, house := range houses.ids {
			rows = append(rows, []any{int64(id), int64(house), houses.labels[house]})
		}
		return database.InsertRows(tx, database.InsertInto, "rule_plan_house", "plan_id, house_id, label", rows)
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
		if restricted && held != d.Restriction && held.Holds(today) && houses.since[id].After(p.Created.Time) {
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
	done.draft, done.why = p.Draft, strings.Join(why, "；")
	if len(keep) == 0 {
		return done, core.Conflict(done.why)
	}
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
