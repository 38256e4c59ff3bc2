package store

import (
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// restrictedHouses are houses of one community, locked, with their restrictions.
type restrictedHouses struct {
	community core.ID
	ids       []core.ID
	labels    map[core.ID]string
	held      map[core.ID]core.Restriction
	since     map[core.ID]time.Time // of those that are restricted
	over      map[core.ID]bool      // the residents have been told that the restriction is over
	latest    map[core.ID]core.ID   // the batch that set or lifted each last; 0 = none
}

// restricted returns those that have a restriction.
func (h restrictedHouses) restricted() []core.ID {
	var ids []core.ID
	for _, id := range h.ids {
		if _, held := h.held[id]; held {
			ids = append(ids, id)
		}
	}
	return ids
}

// only returns h with some of its houses.
func (h restrictedHouses) only(ids []core.ID) restrictedHouses {
	h.ids = ids
	return h
}

// lockHouseRestrictions locks houses, all of which must be the community's, and reads their
// restrictions.
func lockHouseRestrictions(tx *database.Tx, community core.ID, ids []core.ID) (restrictedHouses, error) {
	h := restrictedHouses{community: community, ids: ids, labels: map[core.ID]string{}}
	labels, err := houseLabels(tx, community, ids)
	if err != nil {
		return h, err
	}
	for i, id := range ids {
		h.labels[id] = labels[i]
	}
	return h, h.read(tx)
}

// read reads the restrictions of the locked houses.
func (h *restrictedHouses) read(tx *database.Tx) error { return h.readBy(tx.All) }

func (h *restrictedHouses) readBy(all readAll) error {
	h.held, h.since, h.latest = map[core.ID]core.Restriction{}, map[core.ID]time.Time{}, map[core.ID]core.ID{}
	h.over = map[core.ID]bool{}
	return database.EachPart(h.ids, func(part []core.ID) error {
		in := " WHERE house_id IN (" + database.Placeholders(len(part)) + ")"
		var rows []restrictionRow
		err := all(
			&rows, "SELECT house_id, exits, reason, last_day, created_at, CASE WHEN last_day <> 0 AND due_day IS NULL THEN 1 ELSE 0 END"+
				" AS told_over FROM house_restriction"+in, database.IDArgs(part)...,
		)
		if err != nil {
			return err
		}
		for _, row := range rows {
			h.held[row.House], h.since[row.House], h.over[row.House] = row.restriction(), row.Created.Time, row.Over
		}
		var latest []struct {
			House core.ID `db:"house_id"`
			Batch core.ID `db:"batch_id"`
		}
		err = all(&latest, "SELECT house_id, batch_id FROM restriction_latest"+in, database.IDArgs(part)...)
		for _, row := range latest {
			h.latest[row.House] = row.Batch
		}
		return err
	})
}

// restrictionItem is what a house's restriction was or became, as a batch keeps it.
type restrictionItem struct {
	Exits   *int    `json:"exits,omitempty"` // nil = not restricted
	Reason  string  `json:"reason,omitempty"`
	LastDay string  `json:"last_day,omitempty"`
	Since   int64   `json:"since,omitempty"`  // created_at
	Over    bool    `json:"over,omitempty"`   // the residents have been told that it is over
	Latest  core.ID `json:"latest,omitempty"` // the batch that set or lifted it last
}

func restrictionItemOf(r core.Restriction, since time.Time, latest core.ID) restrictionItem {
	item := restrictionItem{Exits: &r.Exits, Reason: r.Reason, Since: since.UnixMilli(), Latest: latest}
	if r.LastDay != 0 {
		item.LastDay = r.LastDay.String()
	}
	return item
}

// item returns what the restriction of one of the houses is.
func (h restrictedHouses) item(id core.ID) restrictionItem {
	r, held := h.held[id]
	if !held {
		return restrictionItem{Latest: h.latest[id]}
	}
	item := restrictionItemOf(r, h.since[id], h.latest[id])
	item.Over = h.over[id]
	return item
}

// writeRestrictionBatch keeps what an act on restrictions changes, and notes it as the last on its
// houses. after is what they get; nil = no restriction.
func writeRestrictionBatch(
	tx *database.Tx, by core.Actor, h restrictedHouses, kind core.BatchKind, after *core.Restriction,
) (core.Batch, error) {
	things := make([]batchThing, len(h.ids))
	for i, id := range h.ids {
		things[i] = batchThing{ID: id, Before: h.item(id)}
		if after != nil {
			things[i].After = restrictionItemOf(*after, tx.Now(), 0)
		}
	}
	b, err := writeBatch(tx, by, core.Batch{Community: h.community, Kind: kind}, things)
	if err != nil {
		return b, err
	}
	if err := noteRestrictions(tx, b); err != nil {
		return b, err
	}
	latest := make(map[core.ID]core.ID, len(h.ids))
	for _, id := range h.ids {
		latest[id] = b.ID
	}
	return b, setLatest(tx, h.ids, latest)
}

// setLatest notes the last batch of each house; 0 = none.
func setLatest(tx *database.Tx, houses []core.ID, latest map[core.ID]core.ID) error {
	if err := forgetLatest(tx, houses); err != nil {
		return err
	}
	var rows [][]any
	for _, id := range houses {
		if latest[id] != 0 {
			rows = append(rows, []any{int64(id), int64(latest[id])})
		}
	}
	return database.InsertRows(tx, database.InsertInto, "restriction_latest", "house_id, batch_id", rows)
}

// forgetLatest goes with houses that are deleted.
func forgetLatest(tx *database.Tx, houses []core.ID) error {
	return database.EachPart(houses, func(part []core.ID) error {
		_, err := tx.Exec(
			"DELETE FROM restriction_latest WHERE house_id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...,
		)
		return err
	})
}

// undoRestrictions puts back what restrictions houses had before they were set or lifted, unless
// that was done again since.
func undoRestrictions(u *undoing) error {
	h := restrictedHouses{community: u.batch.Community, ids: u.things()}
	found, err := lockHousesByID(u.tx, h.community, h.ids)
	if err != nil {
		return err
	}
	if err := h.read(u.tx); err != nil {
		return err
	}
	for _, id := range h.ids {
		if _, there := found[id]; !there {
			u.keep(id, core.BatchGone)
		} else if h.latest[id] != u.batch.ID {
			if err := u.keepChangedBy(id, h.latest[id]); err != nil {
				return err
			}
		}
	}
	if err := noteRestrictionsUndone(u.tx, u.batch.ID); err != nil {
		return err
	}
	if err := deleteRestrictions(u.tx, u.things()); err != nil {
		return err
	}
	var rows []restrictionRow
	latest := map[core.ID]core.ID{}
	err = u.each(func(item batchItemRow) error {
		var before restrictionItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		latest[item.Thing] = before.Latest
		if before.Exits == nil {
			return nil
		}
		row, err := before.row(item.Thing, h.community)
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return err
	}
	if err := insertRestrictions(u.tx, rows); err != nil {
		return err
	}
	return setLatest(u.tx, u.things(), latest)
}

// row returns a house's restriction as it was; there must have been one.
func (i restrictionItem) row(house, community core.ID) (restrictionRow, error) {
	row := restrictionRow{
		House: house, Community: community, Exits: *i.Exits, Reason: i.Reason, Over: i.Over,
		Created: database.Millis{Time: time.UnixMilli(i.Since)},
	}
	var err error
	row.LastDay, err = lastDayOf(i.LastDay)
	return row, err
}

func lastDayOf(text string) (core.Day, error) {
	if text == "" {
		return 0, nil
	}
	return core.ParseDay(text)
}

// restrictionAudit is what the audit log records of a restriction of some houses.
type restrictionAudit struct {
	Houses  []string `json:"houses"`
	Count   int      `json:"count,omitempty"` // if more houses than are named
	Exits   int      `json:"exits"`
	Reason  string   `json:"reason"`
	LastDay string   `json:"last_day,omitempty"`
	Batch   core.ID  `json:"batch,omitempty"`
}

// restrictionGroup is the houses of one entry in the audit log, which had the same restriction
// before, or none.
type restrictionGroup struct {
	before *core.Restriction
	labels []string // at most maxNamed
	count  int
}

func (g restrictionGroup) audit(r core.Restriction, batch core.ID) restrictionAudit {
	a := restrictionAudit{Houses: g.labels, Exits: r.Exits, Reason: r.Reason, Batch: batch}
	if g.count > len(g.labels) {
		a.Count = g.count
	}
	if r.LastDay != 0 {
		a.LastDay = r.LastDay.String()
	}
	return a
}

// restrictionGroups puts houses into groups by the restrictions that they had: at most maxNamed in
// each, or few however large, whose batch has their names.
func restrictionGroups(h restrictedHouses, few bool) []*restrictionGroup {
	var groups []*restrictionGroup
	open := map[core.Restriction]*restrictionGroup{} // by the previous restriction; one without a reason means there was none
	for _, house := range h.ids {
		had, restricted := h.held[house]
		g := open[had]
		if g == nil || len(g.labels) == maxNamed && !few {
			g = &restrictionGroup{}
			if restricted {
				g.before = &had
			}
			groups, open[had] = append(groups, g), g
		}
		if g.count++; len(g.labels) < maxNamed {
			g.labels = append(g.labels, h.labels[house])
		}
	}
	return groups
}

// moveRestriction lets a restriction be that of another house, which has none.
func moveRestriction(tx *database.Tx, from, to core.ID) error {
	return tx.ExecOne(
		database.ErrRace, "UPDATE house_restriction SET house_id = ? WHERE house_id = ?", int64(to), int64(from),
	)
}

// dropRestriction deletes the restriction of a house if it is a certain one.
func dropRestriction(tx *database.Tx, house core.ID, r restrictionItem) error {
	_, err := tx.Exec("DELETE FROM house_restriction WHERE house_id = ? AND created_at = ? AND exits = ? AND reason = ?",
		int64(house), r.Since, *r.Exits, r.Reason)
	return err
}
