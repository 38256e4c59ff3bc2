package store

import (
	"context"
	"encoding/json"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// A resident whom a list adds is a row, a thing of the batch and some rows of the index of names; a house is a row and a thing of
// its batch. On MySQL and MariaDB things and names follow in an act of their own, on another connection, while the residents of the
// next parts are written.

// addedResident is a resident whom an import adds.
type addedResident struct {
	of    named
	grams []core.NameGram // of the name
}

// nameAdded makes residents findable by name.
func nameAdded(tx *database.Tx, people []addedResident) error {
	var entries []gramEntry
	for _, p := range people {
		entries = appendGrams(entries, p.of, p.grams)
	}
	return insertGrams(tx, entries)
}

// pendingPart is the residents and houses of a part of whom only the rows are written.
type pendingPart struct {
	part       int
	batch      core.ID // of the residents
	houseBatch core.ID
	added      int64 // their updated_at when they were added
	people     []addedResident
	houses     []addedHouse
}

// addedHouse is a house that an import adds.
type addedHouse struct {
	ID    core.ID `json:"id"`
	Label string  `json:"label"`
}

func (p pendingPart) ids() []core.ID {
	return database.IDsOf(p.people, func(r addedResident) core.ID { return r.of.id })
}

// note keeps what is left to do, within the act that writes the residents.
func (p pendingPart) note(tx *database.Tx, imp core.ID) error {
	people, err := json.Marshal(p.ids())
	if err != nil {
		return err
	}
	houses, err := json.Marshal(p.houses)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO import_pending (import_id, part, added_at, residents, houses) VALUES (?, ?, ?, ?, ?)",
		int64(imp), p.part, p.added, string(people), houses)
	return err
}

// things returns the residents as things of their batch.
func (p pendingPart) things() []batchThing {
	things := make([]batchThing, len(p.people))
	for i, r := range p.people {
		things[i] = batchThing{ID: r.of.id, After: residentItem{Updated: p.added}}
	}
	return things
}

// houseThings returns the houses as things of theirs.
func (p pendingPart) houseThings() []batchThing {
	things := make([]batchThing, len(p.houses))
	for i, h := range p.houses {
		things[i] = batchThing{ID: h.ID, After: houseItem{Label: h.Label, Updated: p.added}}
	}
	return things
}

// complete does what is left to do. The names are those that people have by now: somebody may have renamed, moved out or
// deleted some of them. If another server was faster, there is nothing left.
func (p pendingPart) complete(tx *database.Tx, imp core.Import) error {
	n, err := tx.Exec("DELETE FROM import_pending WHERE import_id = ? AND part = ?", int64(imp.ID), p.part)
	if err != nil || n == 0 {
		return err
	}
	if len(p.people) > 0 {
		if err := p.completePeople(tx, imp); err != nil {
			return err
		}
	}
	if len(p.houses) > 0 {
		_, err = writeBatch(tx, imp.By, core.Batch{
			ID: p.houseBatch, Community: imp.Community, Kind: core.BatchImportHouses,
		}, p.houseThings())
	}
	return err
}

func (p pendingPart) completePeople(tx *database.Tx, imp core.Import) error {
	now := p.people
	same, err := p.shareUnchanged(tx)
	if err != nil {
		return err
	}
	if !same {
		if now, err = p.peopleNow(tx, imp.Community); err != nil {
			return err
		}
	}
	if err := nameAdded(tx, now); err != nil {
		return err
	}
	batch := core.Batch{ID: p.batch, Community: imp.Community, Kind: core.BatchImportResidents}
	if same {
		return p.keepUnchanged(tx, imp.By, batch)
	}
	_, err = writeBatch(tx, imp.By, batch, p.things())
	return err
}

// keepUnchanged is writeBatch of things, of residents whom shareUnchanged has found: their ids are in the database already, and what
// is kept of each is the same.
func (p pendingPart) keepUnchanged(tx *database.Tx, by core.Actor, batch core.Batch) error {
	if _, err := growBatch(tx, by, batch, len(p.people)); err != nil {
		return err
	}
	texts := batchTexts{kind: batch.Kind}
	after, err := texts.of(tx, residentItem{Updated: p.added})
	if err != nil {
		return err
	}
	kept := int64(0)
	for _, some := range p.inOrder() {
		n, err := tx.Exec(
			database.InsertInto+"batch_item ("+newItemColumns+") SELECT ?, id, '', ?, ?, '', '' FROM resident"+tx.Dialect().ByKey()+
				" WHERE "+some.where,
			append([]any{int64(batch.ID), after, string(core.BatchItemDone)}, some.args...)...,
		)
		if err != nil {
			return err
		}
		kept += n
	}
	if kept != int64(len(p.people)) {
		return database.ErrRace // shareUnchanged keeps others out
	}
	return nil
}

// idRange is a condition on ids.
type idRange struct {
	where string
	args  []any
}

// inOrder returns the range of the residents' ids. Others may be in it whom another act was adding meanwhile.
func (p pendingPart) inOrder() []idRange {
	ids := slices.Sorted(slices.Values(p.ids()))
	last := len(ids) - 1
	return []idRange{
		{"id >= ? AND id < ?", []any{int64(ids[0]), int64(ids[last])}},
		{"id = ?", []any{int64(ids[last])}}, // a range that ends here would wait for the next resident, whom the next part is adding
	}
}

// shareUnchanged reports whether the residents are as they were when they were added, as nearly always, and keeps others from
// changing them. Read one by one they would take as long as half their names. What they were is unknown after a stop.
func (p pendingPart) shareUnchanged(tx *database.Tx) (bool, error) {
	if p.people[0].of.name == "" {
		return false, nil
	}
	first, away, there := int64(p.people[0].of.id), int64(0), 0
	for _, some := range p.inOrder() {
		var found struct {
			All     int   `db:"n"`
			Changed int   `db:"changed"`
			Away    int64 `db:"away"`
		}
		err := tx.Get(&found, `SELECT COUNT(*) AS n,
			COALESCE(SUM(CASE WHEN updated_at = ? AND moved_out_at IS NULL THEN 0 ELSE 1 END), 0) AS changed,
			COALESCE(SUM(id - ?), 0) AS away
			FROM resident`+tx.Dialect().ByKey()+" WHERE "+some.where+tx.Dialect().ForShare(),
			append([]any{p.added, first}, some.args...)...)
		if err != nil || found.Changed > 0 {
			return false, err
		}
		there, away = there+found.All, away+found.Away
	}
	for _, id := range p.ids() {
		away -= int64(id) - first
	}
	return there == len(p.people) && away == 0, nil // others among them have made it more, or have taken the place of some
}

// peopleNow returns those residents who are still there, by the names that they have.
func (p pendingPart) peopleNow(tx *database.Tx, community core.ID) (now []addedResident, err error) {
	there, err := shareNames(tx, community, p.ids())
	for _, was := range p.people {
		is, found := there[was.of.id]
		switch {
		case !found:
		case is == was.of:
			now = append(now, was)
		default:
			now = append(now, addedResident{is, is.grams()})
		}
	}
	return now, err
}

// shareNames reads how residents are found by name, and keeps others from changing that meanwhile. One who has moved out of a
// house that has become part of another is not found at all.
func shareNames(tx *database.Tx, community core.ID, ids []core.ID) (map[core.ID]named, error) {
	there := make(map[core.ID]named, len(ids))
	left := map[core.ID]core.ID{} // the houses of those who have moved out
	err := database.EachPart(slices.Sorted(slices.Values(ids)), func(part []core.ID) error {
		var rows []residentRow
		err := tx.All(&rows, "SELECT id, house_id, name, moved_out_at FROM resident WHERE id IN ("+database.Placeholders(len(part))+
			") ORDER BY id"+tx.Dialect().ForShare(), database.IDArgs(part)...)
		for _, row := range rows {
			there[row.ID] = residentNamed(core.Resident{ID: row.ID, Community: community, Name: row.Name, MovedOut: row.MovedOut.Time})
			if !row.MovedOut.IsZero() {
				left[row.ID] = row.House
			}
		}
		return err
	})
	for id, house := range left {
		var houses []core.ID
		if err == nil {
			err = tx.All(&houses, "SELECT id FROM house WHERE id = ?"+tx.Dialect().ForShare(), int64(house))
		}
		if len(houses) == 0 {
			delete(there, id)
		}
	}
	return there, err
}

// pendingParts returns what servers that were stopped have left.
func (s *Store) pendingParts(ctx context.Context, imp core.Import) (parts []pendingPart, err error) {
	var rows []struct {
		Part      int    `db:"part"`
		Added     int64  `db:"added_at"`
		Residents string `db:"residents"`
		Houses    []byte `db:"houses"`
	}
	err = s.db.All(ctx, &rows, "SELECT part, added_at, residents, houses FROM import_pending WHERE import_id = ? ORDER BY part",
		int64(imp.ID))
	for _, row := range rows {
		var ids []core.ID
		if err := json.Unmarshal([]byte(row.Residents), &ids); err != nil {
			return nil, err
		}
		part := pendingPart{part: row.Part, batch: imp.Batch, houseBatch: imp.Houses, added: row.Added}
		if err := json.Unmarshal(row.Houses, &part.houses); err != nil {
			return nil, err
		}
		for _, id := range ids {
			part.people = append(part.people, addedResident{of: named{id: id}})
		}
		parts = append(parts, part)
	}
	return parts, err
}

// completePending completes what servers that were stopped have left, before the import is taken back.
func (s *Store) completePending(ctx context.Context, imp core.Import) error {
	parts, err := s.pendingParts(ctx, imp)
	for _, part := range parts {
		if err == nil {
			err = s.db.Write(ctx, completeOp, func(tx *database.Tx) error { return part.complete(tx, imp) })
		}
	}
	return err
}

const completeOp = "complete a part of an import"

// pendingAhead bounds the parts that wait to be completed: their residents are not found by name.
const pendingAhead = 4

// importCompleter completes parts beside what writes them.
type importCompleter struct {
	parts chan pendingPart
	ended chan struct{} // closed when it has ended; then err is set
	err   error
}

// openCompleter begins with what servers that were stopped have left. finish ends it.
func (s *Store) openCompleter(ctx context.Context, imp core.Import) (*importCompleter, error) {
	left, err := s.pendingParts(ctx, imp)
	if err != nil {
		return nil, err
	}
	c := &importCompleter{parts: make(chan pendingPart, pendingAhead), ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		c.err = calm(func() error { return c.run(ctx, s.db.NewWorker(), imp, left) })
	}()
	return c, nil
}

func (c *importCompleter) run(ctx context.Context, worker *database.Worker, imp core.Import, left []pendingPart) error {
	defer worker.Close()
	complete := func(part pendingPart) error {
		return worker.Act(ctx, completeOp, func(tx *database.Tx) error { return part.complete(tx, imp) })
	}
	for _, part := range left {
		if err := complete(part); err != nil {
			return err
		}
	}
	for part := range c.parts {
		if err := complete(part); err != nil {
			return err
		}
	}
	return nil
}

// send hands over a part whose residents are written.
func (c *importCompleter) send(part pendingPart) error {
	select {
	case c.parts <- part:
		return nil
	case <-c.ended:
		return c.err
	}
}

// finish waits until all that was sent is done. Nothing may be sent afterwards.
func (c *importCompleter) finish() error {
	close(c.parts)
	<-c.ended
	return c.err
}
