package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type guardShiftRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Post      core.ID         `db:"post_id"`
	PostName  string          `db:"post_name"`
	Guard     core.ID         `db:"guard_id"`
	GuardName string          `db:"guard_name"`
	Before    core.ID         `db:"before_id"`
	State     core.ShiftState `db:"state"`
	Note      string          `db:"note"`
	Began     database.Millis `db:"began_at"`
	Ended     database.Millis `db:"ended_at"`
}

func (r guardShiftRow) shift() core.GuardShift {
	return core.GuardShift{
		ID: r.ID, Community: r.Community, Post: r.Post, PostName: r.PostName, Guard: r.Guard, GuardName: r.GuardName,
		Before: r.Before, State: r.State, Note: r.Note, Began: r.Began.Time, Ended: r.Ended.Time,
	}
}

const (
	guardShiftFields = `id, community_id, post_id, post_name, guard_id, guard_name, before_id, state, note, began_at,
		ended_at`
	guardShiftColumns = "SELECT " + guardShiftFields + " FROM guard_shift WHERE "

	noShift = "值班记录不存在"
)

// guardShiftAudit is what the audit log records of a shift.
type guardShiftAudit struct {
	Post   string          `json:"post"`
	Guard  string          `json:"guard"`
	Former string          `json:"former,omitempty"` // who had not handed over
	Note   string          `json:"note,omitempty"`
	State  core.ShiftState `json:"state"`
}

func auditOfShift(s core.GuardShift) guardShiftAudit {
	return guardShiftAudit{Post: s.PostName, Guard: s.GuardName, Note: s.Note, State: s.State}
}

// NewGuardShift is what a guard who takes a post over sends.
type NewGuardShift struct {
	Post  core.ID
	Guard core.ID
	Seen  string // Mark of the latest shift, as it was shown
}

// CreateGuardShift lets a guard take a post over from what was shown: if another was faster, or the guard before has left a note
// meanwhile, it is a Conflict, and the page has more to read. Who forgot to hand over is relieved. Taking over again changes nothing.
func (s *Store) CreateGuardShift(
	ctx context.Context, by core.Actor, scope core.Scope, n NewGuardShift,
) (shift core.GuardShift, err error) {
	err = s.db.Write(ctx, "take a post over", func(tx *database.Tx) error {
		post, guard, err := guardAt(tx, scope, n)
		if err != nil {
			return err
		}
		last, err := lastShift(tx.Get, post.ID)
		if err != nil {
			return err
		}
		if last.State == core.ShiftOn && last.Guard == n.Guard {
			shift = last
			return nil
		}
		if last.Mark() != n.Seen {
			return core.Conflict("值班情况刚刚有变化，请看过后再接班")
		}
		shift = core.GuardShift{
			ID: tx.NewID(), Community: post.Community, Post: post.ID, PostName: post.Name, Guard: n.Guard, GuardName: guard,
			Before: last.ID, State: core.ShiftOn, Began: tx.Now(),
		}
		line := auditOfShift(shift)
		if last.State == core.ShiftOn {
			line.Former = last.GuardName
			if err := endShift(tx, last, core.ShiftTaken, ""); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT INTO guard_shift ("+guardShiftFields+", open_key) VALUES ("+database.Placeholders(12)+")",
			int64(shift.ID), int64(shift.Community), int64(shift.Post), shift.PostName, int64(shift.Guard), shift.GuardName,
			int64(shift.Before), string(shift.State), "", tx.NowMS(), nil, post.ID.String()); err != nil {
			if database.IsDuplicate(err) {
				return database.ErrRace // another server was faster: look again
			}
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: shift.Community, Action: "guardshift.create", Subject: audit.Target("guardshift", shift.ID), After: line,
		})
	})
	return shift, err
}

// guardAt returns the post, locked, and the name of the guard, who must be assigned to it; both are in service.
func guardAt(tx *database.Tx, scope core.Scope, n NewGuardShift) (post core.GuardPost, guard string, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row guardPostRow
	if err := tx.Get(&row, guardPostColumns+where+" AND id = ? AND disabled_at IS NULL"+tx.Dialect().ForUpdate(),
		append(args, int64(n.Post))...); err != nil {
		return post, "", database.NotFoundIfNoRows(err, noGuardPost)
	}
	err = tx.Get(&guard, `
		SELECT g.name
		FROM guard g
		JOIN guard_assignment a ON a.guard_id = g.id
		WHERE g.id = ?
			AND a.post_id = ?
			AND g.disabled_at IS NULL`, int64(n.Guard), int64(n.Post))
	return row.post(), guard, database.NotFoundIfNoRows(err, noGuard)
}

// lastShift returns the latest shift of a post; without one, the zero shift.
func lastShift(get getOne, post core.ID) (core.GuardShift, error) {
	var row guardShiftRow
	err := get(&row, guardShiftColumns+"post_id = ? ORDER BY id DESC LIMIT 1", int64(post))
	if errors.Is(err, sql.ErrNoRows) {
		return core.GuardShift{}, nil
	}
	return row.shift(), err
}

// endShift ends a shift that was read.
func endShift(tx *database.Tx, was core.GuardShift, state core.ShiftState, note string) error {
	return tx.ExecOne(
		database.ErrRace, "UPDATE guard_shift SET state = ?, note = ?, ended_at = ?, open_key = ? WHERE id = ? AND state = ?",
		string(state), note, tx.NowMS(), "ended:"+was.ID.String(), int64(was.ID), string(was.State),
	)
}

// HandOverGuardShift ends a guard's own shift with a note for the next one. If the next guard has taken over meanwhile, the note is
// kept all the same, once: State then says so. The same again changes nothing.
func (s *Store) HandOverGuardShift(
	ctx context.Context, by core.Actor, scope core.Scope, guard, id core.ID, note string,
) (shift core.GuardShift, err error) {
	if note = core.Clean(note); utf8.RuneCountInString(note) > core.MaxShiftNote {
		return shift, core.InvalidFields(map[string]string{"note": fmt.Sprintf("交班留言最多 %d 个字", core.MaxShiftNote)})
	}
	err = s.db.Write(ctx, "hand a post over", func(tx *database.Tx) error {
		where, args := database.ScopeWhere(scope, "community_id")
		var row guardShiftRow
		if err := tx.Get(&row, guardShiftColumns+where+" AND id = ? AND guard_id = ?"+tx.Dialect().ForUpdate(),
			append(args, int64(id), int64(guard))...); err != nil {
			return database.NotFoundIfNoRows(err, noShift)
		}
		was := row.shift()
		shift = was
		switch {
		case was.State == core.ShiftOn:
			shift.State, shift.Ended = core.ShiftHanded, tx.Now()
			if err := endShift(tx, was, core.ShiftHanded, note); err != nil {
				return err
			}
		case note == "" || note == was.Note: // sent again, or nothing to add
			return nil
		case was.State != core.ShiftTaken || was.Note != "":
			return core.Conflict("这一班已经交过，留言不能再改")
		default:
			if err := tx.ExecOne(database.ErrRace, "UPDATE guard_shift SET note = ? WHERE id = ? AND state = ? AND note = ''",
				note, int64(id), string(was.State)); err != nil {
				return err
			}
		}
		shift.Note = note
		return audit.Write(tx, by, audit.Entry{
			Community: shift.Community, Action: "guardshift.hand_over", Subject: audit.Target("guardshift", shift.ID),
			Before: auditOfShift(was), After: auditOfShift(shift),
		})
	})
	return shift, err
}

// LastGuardShift returns the latest shift of a post in scope; without one, the zero shift.
func (s *Store) LastGuardShift(ctx context.Context, scope core.Scope, post core.ID) (core.GuardShift, error) {
	if _, err := s.GuardPost(ctx, scope, post); err != nil {
		return core.GuardShift{}, err
	}
	shift, err := lastShift(func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }, post)
	return shift, database.Wrap("read the latest shift", err)
}

// LastGuardShifts returns the latest shift of each of some posts that the caller has read, by post.
func (s *Store) LastGuardShifts(ctx context.Context, posts []core.GuardPost) (map[core.ID]core.GuardShift, error) {
	last := map[core.ID]core.GuardShift{}
	if len(posts) == 0 {
		return last, nil
	}
	ids := database.IDsOf(posts, func(p core.GuardPost) core.ID { return p.ID })
	var rows []guardShiftRow
	err := s.db.All(ctx, &rows, guardShiftColumns+"id IN (SELECT MAX(id) FROM guard_shift WHERE post_id IN ("+
		database.Placeholders(len(ids))+") GROUP BY post_id)", database.IDArgs(ids)...)
	for _, row := range rows {
		last[row.Post] = row.shift()
	}
	return last, database.Wrap("latest shifts of guard posts", err)
}

// GuardShift returns one shift in scope.
func (s *Store) GuardShift(ctx context.Context, scope core.Scope, id core.ID) (core.GuardShift, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row guardShiftRow
	err := s.db.Get(ctx, &row, guardShiftColumns+where+" AND id = ?", append(args, int64(id))...)
	return row.shift(), database.Wrap("read a shift", database.NotFoundIfNoRows(err, noShift))
}

// GuardShiftFilter narrows the list of shifts. Zero fields do not filter.
type GuardShiftFilter struct {
	Community core.ID
	Post      core.ID
	Keyword   string   // part of the guard's name or of the note
	Day       core.Day // some of the shift was on it
	State     core.ShiftState
	Page      Page
}

// GuardShifts returns the shifts of the scope, newest first.
func (s *Store) GuardShifts(
	ctx context.Context, scope core.Scope, f GuardShiftFilter,
) (list []core.GuardShift, more bool, err error) {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.Post != 0 {
		where.And("post_id = ?", int64(f.Post))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		where.Like(keyword, "guard_name", "note")
	}
	if f.Day != 0 {
		where.And("began_at < ? AND (ended_at IS NULL OR ended_at >= ?)",
			(f.Day + 1).Start(s.zone).UnixMilli(), f.Day.Start(s.zone).UnixMilli())
	}
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	rows, more, err := readPage[guardShiftRow](ctx, s, listQuery{
		columns: guardShiftFields, table: "guard_shift", scope: database.Within(scope, "community_id"), filter: where,
		order: database.NewestFirst,
	}, f.Page)
	list = make([]core.GuardShift, len(rows))
	for i, row := range rows {
		list[i] = row.shift()
	}
	return list, more, database.Wrap("list shifts", err)
}

// CountGuardShift counts the passages at the post of a shift while it lasted, by whomever.
func (s *Store) CountGuardShift(ctx context.Context, shift core.GuardShift) (core.ShiftCounts, error) {
	until := shift.Ended
	if until.IsZero() {
		until = s.Now().Add(time.Millisecond)
	}
	var n struct {
		In      int `db:"n_in"`
		Out     int `db:"n_out"`
		Refused int `db:"n_refused"`
		Urgent  int `db:"n_urgent"`
	}
	err := s.db.Get(ctx, &n, `
		SELECT
			COALESCE(SUM(CASE WHEN allowed = 1 AND direction = ? THEN 1 ELSE 0 END), 0) AS n_in,
			COALESCE(SUM(CASE WHEN allowed = 1 AND direction <> ? THEN 1 ELSE 0 END), 0) AS n_out,
			COALESCE(SUM(CASE WHEN allowed = 0 THEN 1 ELSE 0 END), 0) AS n_refused,
			COALESCE(SUM(CASE WHEN allowed = 1 AND reason = ? THEN 1 ELSE 0 END), 0) AS n_urgent
		FROM access_record
		WHERE post_id = ?
			AND id >= ?
			AND id < ?`,
		string(core.In), string(core.In), string(core.ReasonUrgent), int64(shift.Post), int64(database.FirstID(shift.Began)),
		int64(database.FirstID(until)))
	return core.ShiftCounts{In: n.In, Out: n.Out, Refused: n.Refused, Urgent: n.Urgent}, database.Wrap("count the passages of a shift", err)
}

// PurgeGuardShifts removes shifts that began before a moment, with the records that they would count.
func (s *Store) PurgeGuardShifts(ctx context.Context, before time.Time) error {
	const part = 500
	for {
		var n int64
		err := s.db.Write(ctx, "purge shifts", func(tx *database.Tx) (err error) {
			n, err = tx.Exec(
				"DELETE FROM guard_shift WHERE id IN (SELECT id FROM (SELECT id FROM guard_shift WHERE id < ? LIMIT ?) old)",
				int64(database.FirstID(before)), part,
			)
			return err
		})
		if err != nil || n < part {
			return err
		}
	}
}
