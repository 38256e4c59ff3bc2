package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

// gramKind is whose names a row of name_gram is about.
type gramKind int

const (
	gramResident gramKind = iota + 1 // who lives there
	gramMovedOut
	gramHouse    // the own words of a house's label
	gramStaff    // of no community
	gramFollower // what an official account calls somebody; of no community
	gramVisit    // the visitor
)

// named is something with a name that is searched by grams.
type named struct {
	kind      gramKind
	community core.ID
	id        core.ID
	name      string
}

// grams returns the grams of a name. Of a house only neighbouring characters count.
func (n named) grams() []core.NameGram {
	if n.kind == gramHouse {
		pairs := core.PairGrams(core.LabelWords(n.name))
		slices.Sort(pairs)
		return slices.Compact(pairs)
	}
	return core.NameGrams(n.name, Initials(n.name))
}

// addGrams makes things findable by their names. It is part of the act that gives them the names.
func addGrams(tx *database.Tx, things ...named) error {
	var entries []gramEntry
	for _, n := range things {
		entries = appendGrams(entries, n, n.grams())
	}
	return insertGrams(tx, entries)
}

// gramEntry is a row of name_gram.
type gramEntry struct {
	kind          gramKind
	gram          core.NameGram
	community, id core.ID
}

func appendGrams(entries []gramEntry, of named, grams []core.NameGram) []gramEntry {
	for _, gram := range grams {
		entries = append(entries, gramEntry{of.kind, gram, of.community, of.id})
	}
	return entries
}

func insertGrams(tx *database.Tx, entries []gramEntry) error {
	return eachGrams(entries, func(rows [][]any) error {
		return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "name_gram", gramColumns, rows)
	})
}

const gramColumns = "kind, gram, community_id, subject_id"

// eachGrams calls do with the rows of many entries.
func eachGrams(entries []gramEntry, do func(rows [][]any) error) error {
	// In the order of the key, so that neighbours in it are written together, and two acts do not wait for
	// each other.
	slices.SortFunc(entries, func(a, b gramEntry) int {
		if a.gram != b.gram && a.kind == b.kind { // most are
			return cmp.Compare(a.gram, b.gram)
		}
		return cmp.Or(
			cmp.Compare(a.kind, b.kind), cmp.Compare(a.gram, b.gram), cmp.Compare(a.community, b.community), cmp.Compare(a.id, b.id),
		)
	})
	for some := range slices.Chunk(entries, gramsAtOnce) {
		rows := make([][]any, len(some))
		for i, e := range some {
			rows[i] = []any{int(e.kind), int64(e.gram), int64(e.community), int64(e.id)}
		}
		if err := do(rows); err != nil {
			return err
		}
	}
	return nil
}

// gramsAtOnce bounds the rows that are in memory: an import has a hundred thousand to insert at once.
const gramsAtOnce = 4096

// removeGrams takes a thing out of the search by the name it had.
func removeGrams(tx *database.Tx, n named) error {
	return database.EachPart(n.grams(), func(part []core.NameGram) error {
		args := []any{int(n.kind), int64(n.community), int64(n.id)}
		for _, gram := range part {
			args = append(args, int64(gram))
		}
		_, err := tx.Exec(`
			DELETE FROM name_gram
			WHERE kind = ?
			AND community_id = ?
			AND subject_id = ?
			AND gram IN (`+database.Placeholders(len(part))+")", args...)
		return err
	})
}

// removeAllGrams is removeGrams of many things.
func removeAllGrams(tx *database.Tx, things []named) error {
	var entries []gramEntry
	for _, n := range things {
		entries = appendGrams(entries, n, n.grams())
	}
	return eachGrams(entries, func(rows [][]any) error { return database.DeleteRows(tx, "name_gram", gramColumns, rows) })
}

// renameGrams replaces the grams of the name that a thing had by those of the one it has.
func renameGrams(tx *database.Tx, was, is named) error {
	if was == is {
		return nil
	}
	if err := removeGrams(tx, was); err != nil {
		return err
	}
	return addGrams(tx, is)
}

// residentNamed returns how a resident is found by name.
func residentNamed(r core.Resident) named {
	kind := gramResident
	if !r.MovedOut.IsZero() {
		kind = gramMovedOut
	}
	return named{kind, r.Community, r.ID, r.Name}
}

// byGram is one gram that a search asks for.
type byGram struct {
	gram core.NameGram
	part string // of the folded name, to compare as well; "" = the gram tells all
}

// gramsAsked returns the grams by which a text finds names; each finds others.
func gramsAsked(text core.NameText) []byGram {
	var asked []byGram
	name, initials := text.Grams()
	if name != 0 {
		asked = append(asked, byGram{gram: name})
		if part := text.Part(); utf8.RuneCountInString(part) > 2 {
			asked[0].part = part
		}
	}
	if initials != 0 {
		asked = append(asked, byGram{gram: initials})
	}
	return asked
}

// where returns the condition on name_gram g that it is of a gram, of some kinds, in the scope.
func (g byGram) where(scope core.Scope, kinds ...gramKind) database.Where {
	var where database.Where
	args := make([]any, len(kinds))
	for i, kind := range kinds {
		args[i] = int(kind)
	}
	where.And("g.kind IN ("+database.Placeholders(len(kinds))+")", args...)
	where.And("g.gram = ?", int64(g.gram))
	return where.With(database.Within(scope, "g.community_id"))
}

// residentsByGram returns a way to find residents by one gram of their name. It is a walk of a part of
// name_gram's key; the residents themselves are read only to compare a longer text, and by what else
// the list asks of them.
func (s *Store) residentsByGram(scope core.Scope, g byGram, kinds ...gramKind) residentMatch {
	where := g.where(scope, kinds...)
	m := residentMatch{
		from: "name_gram g" + s.db.Dialect().ThenJoin() + "resident t ON t.id = g.subject_id WHERE " + where.Text(),
		args: where.Args(),
	}
	if g.part == "" {
		m.bare = "SELECT g.subject_id AS id FROM name_gram g WHERE " + where.Text()
		return m
	}
	m.from += " AND t.name_fold LIKE ? ESCAPE '!'"
	m.args = append(m.args, database.LikeContains(g.part))
	return m
}

// residentsNamedLike returns the ways in which a text finds residents by name.
func (s *Store) residentsNamedLike(scope core.Scope, text string, kinds ...gramKind) []residentMatch {
	var ways []residentMatch
	for _, g := range gramsAsked(core.ReadName(text)) {
		ways = append(ways, s.residentsByGram(scope, g, kinds...))
	}
	return ways
}

// housesNamed returns houses of the scope whose labels contain a text of their own words, 东区, at most
// as many as asked for, oldest first.
func (s *Store) housesNamed(ctx context.Context, scope core.Scope, words string, max int) ([]houseRow, error) {
	pairs := core.PairGrams(words)
	if len(pairs) == 0 {
		return nil, nil
	}
	where := byGram{gram: pairs[len(pairs)-1]}.where(scope, gramHouse)
	var rows []houseRow
	err := s.db.All(ctx, &rows, `
		SELECT h.id, h.community_id, h.label
		FROM name_gram g`+s.db.Dialect().ThenJoin()+`house h ON h.id = g.subject_id
		WHERE `+where.Text()+`
		ORDER BY g.subject_id
		LIMIT ?`, where.Args(maxHousesByText)...)
	rows = slices.DeleteFunc(rows, func(r houseRow) bool { return !strings.Contains(core.LabelWords(r.Label), words) })
	return rows[:min(len(rows), max)], err
}
