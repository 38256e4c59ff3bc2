package store

import (
	"context"
	"encoding/json"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// unnamed is a resident whom an import has just written, and who is not yet found by name.
type unnamed struct {
	of    named
	grams []core.NameGram // of the name
}

// nameWritten makes residents findable by name within the act that writes them.
func nameWritten(tx *database.Tx, people []unnamed) error {
	var entries []gramEntry
	for _, p := range people {
		entries = appendGrams(entries, p.of, p.grams)
	}
	return insertGrams(tx, entries)
}

// noteUnnamed leaves that to a later act: it is part of the act that writes the residents, so that none is forgotten.
func noteUnnamed(tx *database.Tx, imp core.ID, part int, people []unnamed) error {
	if len(people) == 0 {
		return nil
	}
	text, err := json.Marshal(database.IDsOf(people, func(p unnamed) core.ID { return p.of.id }))
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO import_unnamed (import_id, part, residents) VALUES (?, ?, ?)", int64(imp), part, string(text))
	return err
}

// unnamedPart is the residents of a part of an import.
type unnamedPart struct {
	part   int
	people []unnamed
}

// nameLater makes the residents of a part findable by name, by the names that they have by now: somebody may have renamed,
// moved out or deleted some of them. It does nothing if another server was faster.
func nameLater(tx *database.Tx, imp core.Import, p unnamedPart) error {
	n, err := tx.Exec("DELETE FROM import_unnamed WHERE import_id = ? AND part = ?", int64(imp.ID), p.part)
	if err != nil || n == 0 {
		return err
	}
	there, err := shareNames(tx, imp.Community, database.IDsOf(p.people, func(p unnamed) core.ID { return p.of.id }))
	if err != nil {
		return err
	}
	var now []unnamed
	for _, was := range p.people {
		is, found := there[was.of.id]
		switch {
		case !found:
		case is == was.of:
			now = append(now, was)
		default:
			now = append(now, unnamed{is, is.grams()})
		}
	}
	return nameWritten(tx, now)
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

// unnamedParts returns what servers that were stopped have left.
func (s *Store) unnamedParts(ctx context.Context, imp core.ID) (parts []unnamedPart, err error) {
	var rows []struct {
		Part      int    `db:"part"`
		Residents string `db:"residents"`
	}
	err = s.db.All(ctx, &rows, "SELECT part, residents FROM import_unnamed WHERE import_id = ? ORDER BY part", int64(imp))
	for _, row := range rows {
		var ids []core.ID
		if err := json.Unmarshal([]byte(row.Residents), &ids); err != nil {
			return nil, err
		}
		part := unnamedPart{part: row.Part}
		for _, id := range ids {
			part.people = append(part.people, unnamed{of: named{id: id}})
		}
		parts = append(parts, part)
	}
	return parts, err
}

// nameLeft makes residents findable by name whom an import has written that is being taken back, and who stay.
func (s *Store) nameLeft(ctx context.Context, imp core.Import) error {
	parts, err := s.unnamedParts(ctx, imp.ID)
	for _, part := range parts {
		if err == nil {
			err = s.db.Write(ctx, nameOp, func(tx *database.Tx) error { return nameLater(tx, imp, part) })
		}
	}
	return err
}

const nameOp = "name the residents of an import"

// namesAhead bounds the parts whose names wait to be written: those who wait for them are not found.
const namesAhead = 4

// importNamer writes the names of an import on a connection of its own, beside what writes the residents: a fifth of the work.
type importNamer struct {
	parts chan unnamedPart
	ended chan struct{} // closed when it has ended; then err is set
	err   error
}

// openNamer begins with what servers that were stopped have left. finish ends it.
func (s *Store) openNamer(ctx context.Context, imp core.Import) (*importNamer, error) {
	left, err := s.unnamedParts(ctx, imp.ID)
	if err != nil {
		return nil, err
	}
	n := &importNamer{parts: make(chan unnamedPart, namesAhead), ended: make(chan struct{})}
	go func() {
		defer close(n.ended)
		n.err = calm(func() error { return n.run(ctx, s.db.NewWorker(), imp, left) })
	}()
	return n, nil
}

func (n *importNamer) run(ctx context.Context, worker *database.Worker, imp core.Import, left []unnamedPart) error {
	defer worker.Close()
	name := func(part unnamedPart) error {
		return worker.Act(ctx, nameOp, func(tx *database.Tx) error { return nameLater(tx, imp, part) })
	}
	for _, part := range left {
		if err := name(part); err != nil {
			return err
		}
	}
	for part := range n.parts {
		if err := name(part); err != nil {
			return err
		}
	}
	return nil
}

// send hands over a part whose residents are written.
func (n *importNamer) send(part unnamedPart) error {
	select {
	case n.parts <- part:
		return nil
	case <-n.ended:
		return n.err
	}
}

// finish waits until all that was sent is done. Nothing may be sent afterwards.
func (n *importNamer) finish() error {
	close(n.parts)
	<-n.ended
	return n.err
}
