package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

const (
	// RestrictionNoteDelay is how long after an act on restrictions its residents are told: what is taken back at once need not
	// be told.
	RestrictionNoteDelay = 2 * time.Minute
	// toldAtOnce is how many houses one transaction tells.
	toldAtOnce = 100
)

// restrictionNote is how far the residents of a batch's houses have been told, in the order of the houses.
type restrictionNote struct {
	Batch     core.ID `db:"batch_id"`
	Community core.ID `db:"community_id"`
	Told      core.ID `db:"told_id"`   // houses up to this one know what the batch did
	Undone    core.ID `db:"undone_id"` // of these, those up to this one know that it was taken back
	Back      bool    `db:"undone"`    // it was taken back, or is being
}

// noteRestrictions has the residents of a batch's houses told.
func noteRestrictions(tx *database.Tx, b core.Batch) error {
	_, err := tx.Exec(
		"INSERT INTO restriction_note (batch_id, community_id, told_id, undone_id, undone, next_at) VALUES (?, ?, 0, 0, 0, ?)",
		int64(b.ID), int64(b.Community), tx.Now().Add(RestrictionNoteDelay).UnixMilli(),
	)
	return err
}

// noteRestrictionsUndone ends the telling of a batch that is taken back. Who was told already is told of that, too.
func noteRestrictionsUndone(tx *database.Tx, batch core.ID) error {
	_, err := tx.Exec(
		"UPDATE restriction_note SET undone = 1, next_at = CASE WHEN told_id = 0 THEN NULL ELSE ? END WHERE batch_id = ?",
		tx.Now().Add(RestrictionNoteDelay).UnixMilli(), int64(batch),
	)
	return err
}

// TellOfRestrictions tells residents that their house's restriction was set, lifted or taken back, part by part. Whose house
// was restricted or lifted again since is told of that alone.
func (s *Store) TellOfRestrictions(ctx context.Context) error {
	for more := true; more; {
		err := s.db.Write(ctx, "tell of restrictions", func(tx *database.Tx) error {
			var note restrictionNote
			err := tx.Get(&note, `
				SELECT batch_id, community_id, told_id, undone_id, undone
				FROM restriction_note
				WHERE next_at <= ?
				ORDER BY next_at, batch_id
				LIMIT 1`+tx.Dialect().ForUpdate(), tx.NowMS())
			if more = err == nil; errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			return tellPart(tx, note, core.DayOf(tx.Now(), s.zone))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellPart tells the next houses of a note, and moves it on.
func tellPart(tx *database.Tx, note restrictionNote, today core.Day) error {
	query, args := " AND thing_id > ? AND state = ?", []any{int64(note.Told), string(core.BatchItemDone)}
	if note.Back {
		query, args = " AND thing_id > ? AND thing_id <= ? AND state = ?",
			[]any{int64(note.Undone), int64(note.Told), string(core.BatchItemUndone)}
	}
	var items []batchItemRow
	err := tx.All(&items, "SELECT "+batchItemColumns+" FROM batch_item WHERE batch_id = ?"+query+" ORDER BY thing_id LIMIT ?",
		append(append([]any{int64(note.Batch)}, args...), toldAtOnce)...)
	if err != nil {
		return err
	}
	if len(items) > 0 {
		if err := tellHouses(tx, note, items, today); err != nil {
			return err
		}
		last := items[len(items)-1].Thing
		if note.Back {
			note.Undone = last
		} else {
			note.Told = last
		}
	}
	next := any(tx.NowMS())
	if len(items) < toldAtOnce {
		next = nil
	}
	_, err = tx.Exec("UPDATE restriction_note SET told_id = ?, undone_id = ?, next_at = ? WHERE batch_id = ?",
		int64(note.Told), int64(note.Undone), next, int64(note.Batch))
	return err
}

// tellHouses tells the certified residents of houses what holds for their house now, unless another act has changed it since.
func tellHouses(tx *database.Tx, note restrictionNote, items []batchItemRow, today core.Day) error {
	h := restrictedHouses{community: note.Community}
	want := map[core.ID]core.ID{} // the batch that must be the last of a house
	over := map[core.ID]bool{}    // what the batch replaced or lifted was known to be over
	for _, item := range items {
		var before restrictionItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		h.ids, want[item.Thing], over[item.Thing] = append(h.ids, item.Thing), note.Batch, before.Over
		if note.Back {
			want[item.Thing] = before.Latest
		}
	}
	if err := h.read(tx); err != nil {
		return err
	}
	words := map[core.ID]string{}
	for _, id := range h.ids {
		r, held := h.held[id]
		switch {
		case h.latest[id] != want[id]:
		case held && !r.Holds(today), !held && !note.Back && over[id]: // TellOfRestrictionsOver tells of it, or has
		case held:
			words[id] = r.Text()
		default:
			words[id] = "的限制出入已解除，恢复小区的规则"
		}
	}
	return tellWhoLivesThere(tx, words)
}

// tellWhoLivesThere tells the certified residents of houses something about each house, after its label.
func tellWhoLivesThere(tx *database.Tx, words map[core.ID]string) error {
	var notes []core.MessageNote
	err := database.EachPart(slices.Sorted(maps.Keys(words)), func(part []core.ID) error {
		people, err := certifiedThere(tx.All, "t.house_id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part))
		for _, p := range people {
			if n, ok := p.note(); ok {
				n.Title = p.Label + " " + words[p.House]
				notes = append(notes, n)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return outbox.Put(tx, notes...)
}

// toldThere is a certified resident who is told of their house; one who has several WeChat accounts is there as often.
type toldThere struct {
	Community core.ID `db:"community_id"`
	House     core.ID `db:"house_id"`
	Label     string  `db:"label"`
	Resident  core.ID `db:"id"`
	Numbered  bool    `db:"numbered"`
	User      core.ID `db:"user_id"` // 0 = none of WeChat is known to be theirs
}

// certifiedThere returns the certified residents who live in houses of a condition, in the order of the houses.
func certifiedThere(
	all func(dest any, query string, args ...any) error, where string, args []any,
) (people []toldThere, err error) {
	err = all(&people, `
		SELECT t.community_id, t.house_id, h.label, t.id, CASE WHEN t.phone_mac = '' THEN 0 ELSE 1 END AS numbered,
			COALESCE(u.id, 0) AS user_id
		FROM resident t
		JOIN house h ON h.id = t.house_id
		LEFT JOIN wechat_user u ON u.person_id = t.person_id AND u.name_fold = t.name_fold AND u.merged_into = 0
		WHERE `+where+`
		AND t.moved_out_at IS NULL
		AND t.certified_at IS NOT NULL
		ORDER BY t.house_id, t.id, u.id`, args...)
	return people, err
}

// note returns the message for them; false = nobody could be told: a child in the register may have no number at all.
func (p toldThere) note() (core.MessageNote, bool) {
	n := core.MessageNote{Kind: core.MessageRestriction, Community: p.Community, User: p.User, Link: "pass"}
	if p.User == 0 {
		n.Resident = p.Resident
	}
	return n, p.User != 0 || p.Numbered
}

// TellOfRestrictionsOver tells residents that the last day of their house's restriction has passed, part by part: each restriction
// once, however many servers do so.
func (s *Store) TellOfRestrictionsOver(ctx context.Context) error {
	for n := toldAtOnce; n == toldAtOnce; {
		err := s.db.Write(ctx, "tell of restrictions that are over", func(tx *database.Tx) error {
			houses, err := noteRestrictionsOver(tx, core.DayOf(tx.Now(), s.zone), toldAtOnce)
			n = len(houses)
			words := map[core.ID]string{}
			for _, id := range houses {
				words[id] = "的限制出入已到期，恢复小区的规则"
			}
			if err != nil || n == 0 {
				return err
			}
			return tellWhoLivesThere(tx, words)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
