package store

import (
	"context"
	"encoding/json"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// A resident whom a list adds is a row, a thing of the batch and some rows of the index of names. On MySQL and MariaDB the last
// two follow in an act of their own, on another connection, while the residents of the next parts are written.

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

// pendingPart is the residents of a part of whom only the rows are written.
type pendingPart struct {
	part   int
	batch  core.ID
	added  int64 // their updated_at when they were added
	people []addedResident
}

func (p pendingPart) ids() []core.ID {
	return database.IDsOf(p.people, func(r addedResident) core.ID { return r.of.id })
}

// note keeps what is left to do, within the act that writes the residents.
func (p pendingPart) note(tx *database.Tx, imp core.ID) error {
	if len(p.people) == 0 {
		return nil
	}
	text, err := json.Marshal(p.ids())
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO import_pending (import_id, part, added_at, residents) VALUES (?, ?, ?, ?)",
		int64(imp), p.part, p.added, string(text))
	return err
}

// things returns the residents as things of a batch.
func (p pendingPart) things() []batchThing {
	things := make([]batchThing, len(p.people))
	for i, r := range p.people {
		things[i] = batchThing{ID: r.of.id, After: residentItem{Updated: p.added}}
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
	there, err := shareNames(tx, imp.Community, p.ids())
	if err != nil {
		return err
	}
	var now []addedResident
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
	if err := nameAdded(tx, now); err != nil {
		return err
	}
	_, err = writeBatch(tx, imp.By, core.Batch{
		ID: p.batch, Community: imp.Community, Kind: core.BatchImportResidents,
	}, p.things())
	return err
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
	}
	err = s.db.All(ctx, &rows, "SELECT part, added_at, residents FROM import_pending WHERE import_id = ? ORDER BY part", int64(imp.ID))
	for _, row := range rows {
		var ids []core.ID
		if err := json.Unmarshal([]byte(row.Residents), &ids); err != nil {
			return nil, err
		}
		part := pendingPart{part: row.Part, batch: imp.Batch, added: row.Added}
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
