package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// An order to a door lives for seconds. That it was sent is committed before its first byte: who dies in between leaves one that is
// never sent again, and nothing here sends twice. The time is given by the caller, who reads the clock that all servers share.

type doorCommandRow struct {
	ID        core.ID           `db:"id"`
	Community core.ID           `db:"community_id"`
	Reader    core.ID           `db:"reader_id"`
	Gate      string            `db:"gate"`
	Number    int               `db:"number"`
	By        string            `db:"actor_name"`
	Reason    string            `db:"reason"`
	State     core.CommandState `db:"state"`
	Created   database.Millis   `db:"created_at"`
	Ends      database.Millis   `db:"ends_at"`
	Sent      database.Millis   `db:"sent_at"`
	Ended     database.Millis   `db:"ended_at"`
	Late      database.Millis   `db:"late_at"`
}

const doorCommandColumns = `id, community_id, reader_id, gate, number, actor_name, reason, state, created_at, ends_at, sent_at,
	ended_at, late_at`

func (r doorCommandRow) command() core.DoorCommand {
	return core.DoorCommand{
		ID: r.ID, Community: r.Community, Reader: r.Reader, Gate: r.Gate, Number: r.Number, By: r.By, Reason: r.Reason, State: r.State,
		Created: r.Created.Time, Ends: r.Ends.Time, Sent: r.Sent.Time, Ended: r.Ended.Time, Late: r.Late.Time,
	}
}

// doorCommandAudit is what the audit log records of an order.
type doorCommandAudit struct {
	Gate   string `json:"gate"`
	Reason string `json:"reason"`
}

// NewDoorCommand is an order that somebody gives.
type NewDoorCommand struct {
	Reader core.ID
	Reason string
	Key    string    // of the request: the same order sent twice is one
	Online bool      // the door holds a connection, or asks, at this moment
	Now    time.Time // by the clock that all servers share
}

// CreateDoorCommand orders a door to open. It is refused at once if that cannot happen within its life, and while an earlier order to
// the door has not ended.
func (s *Store) CreateDoorCommand(
	ctx context.Context, by core.Actor, scope core.Scope, n NewDoorCommand,
) (c core.DoorCommand, err error) {
	n.Reason = core.Clean(n.Reason)
	if err := core.CheckCommandReason(n.Reason); err != nil {
		return c, err
	}
	err = s.db.Write(ctx, "order a door to open", func(tx *database.Tx) error {
		r, err := lockReader(tx, scope, n.Reader)
		if err != nil {
			return err
		}
		first, found, err := commandOf(tx, "request_key = ? AND reader_id = ?", n.Key, int64(n.Reader))
		if err != nil || found {
			c = first
			return err
		}
		if err := core.MayCommand(r, n.Online); err != nil {
			return err
		}
		last, _, err := commandOf(tx, "reader_id = ? ORDER BY id DESC LIMIT 1", int64(n.Reader))
		if err != nil {
			return err
		}
		if err := mayFollow(last.At(n.Now), n.Now); err != nil {
			return err
		}
		c = core.DoorCommand{
			ID: tx.NewID(), Community: r.Community, Reader: r.ID, Gate: r.Name, Number: last.Number%core.MaxCommandNumber + 1,
			By: by.Name, Reason: n.Reason, State: core.CommandWaiting, Created: n.Now, Ends: n.Now.Add(core.CommandLife),
		}
		return insertCommand(tx, by, c, n.Key)
	})
	return c, err
}

// mayFollow refuses an order right behind another.
func mayFollow(last core.DoorCommand, now time.Time) error {
	switch {
	case last.ID != 0 && !last.State.Final():
		return core.Conflict("上一条开门指令还没有结束，请稍候")
	case last.ID != 0 && now.Sub(last.Created) < core.CommandPause:
		return core.Conflict("这扇门刚刚收到过开门指令，请过几秒再试")
	}
	return nil
}

func insertCommand(tx *database.Tx, by core.Actor, c core.DoorCommand, key string) error {
	_, err := tx.Exec(
		"INSERT INTO door_command ("+doorCommandColumns+", actor_id, request_key) VALUES ("+database.Placeholders(15)+")",
		int64(c.ID), int64(c.Community), int64(c.Reader), c.Gate, c.Number, c.By, c.Reason, string(c.State),
		c.Created.UnixMilli(), c.Ends.UnixMilli(), nil, nil, nil, int64(by.ID), key,
	)
	if err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Community: c.Community, Action: "doorcommand.create", Subject: audit.Target("doorcommand", c.ID),
		After: doorCommandAudit{Gate: c.Gate, Reason: c.Reason},
	})
}

// commandOf reads an order by a condition; found is false if there is none.
func commandOf(tx *database.Tx, where string, args ...any) (c core.DoorCommand, found bool, err error) {
	var row doorCommandRow
	err = tx.Get(&row, "SELECT "+doorCommandColumns+" FROM door_command WHERE "+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return row.command(), err == nil, err
}

// TakeDoorCommands takes the orders to doors that this server holds: from now on they count as sent, whatever happens, and no server
// takes them again.
func (s *Store) TakeDoorCommands(ctx context.Context, holds func(reader core.ID) bool, now time.Time) ([]core.DoorCommand, error) {
	var rows []doorCommandRow
	err := s.db.All(ctx, &rows, "SELECT "+doorCommandColumns+" FROM door_command WHERE state = ? AND ends_at >= ? ORDER BY id",
		string(core.CommandWaiting), now.Add(core.CommandMargin).UnixMilli())
	if err != nil {
		return nil, database.Wrap("look for orders to doors", err)
	}
	var mine []core.DoorCommand
	for _, row := range rows {
		if c := row.command(); holds(c.Reader) && c.MaySend(now) {
			mine = append(mine, c)
		}
	}
	if len(mine) == 0 {
		return nil, nil
	}
	var taken []core.DoorCommand
	err = s.db.Write(ctx, "take orders to doors", func(tx *database.Tx) error {
		taken = nil
		for _, c := range mine {
			n, err := tx.Exec(`
				UPDATE door_command SET state = ?, sent_at = ?
				WHERE id = ? AND state = ? AND ends_at >= ?
				AND EXISTS (SELECT 1 FROM reader WHERE reader.id = door_command.reader_id AND reader.disabled_at IS NULL)`,
				string(core.CommandSent), now.UnixMilli(), int64(c.ID), string(core.CommandWaiting),
				now.Add(core.CommandMargin).UnixMilli())
			if err != nil {
				return err
			}
			if n == 1 {
				taken = append(taken, c.Taken(now))
			}
		}
		return nil
	})
	return taken, err
}

// AnswerDoorCommand notes a device's answer to an order, by its number. A door that opened for an order that was sent has a record of
// it, once, however often the device says so. It reports whether that was so.
func (s *Store) AnswerDoorCommand(
	ctx context.Context, reader core.ID, number int, opened bool, now time.Time,
) (record core.AccessRecord, err error) {
	err = s.db.Write(ctx, "answer an order to a door", func(tx *database.Tx) error {
		record = core.AccessRecord{}
		r, err := lockReader(tx, core.Everywhere, reader)
		if err != nil {
			return err
		}
		was, found, err := commandOf(tx, "reader_id = ? AND number = ? ORDER BY id DESC LIMIT 1", int64(reader), number)
		if err != nil || !found {
			return err
		}
		is := was.Answered(opened, now)
		if is == was {
			return nil
		}
		if err := endCommand(tx, was, is); err != nil || is.State != core.CommandOpened {
			return err
		}
		record = recordOfCommand(tx, r, is)
		return insertAccessRecords(tx, []core.AccessRecord{record})
	})
	return record, err
}

// endCommand writes what has become of an order that was read.
func endCommand(tx *database.Tx, was, is core.DoorCommand) error {
	return tx.ExecOne(
		database.ErrRace, "UPDATE door_command SET state = ?, ended_at = ?, late_at = ? WHERE id = ? AND state = ?",
		string(is.State), database.NullMillis(is.Ended), database.NullMillis(is.Late), int64(is.ID), string(was.State),
	)
}

// recordOfCommand returns the record of a door that opened for an order: nobody was looked at, so nothing is counted.
func recordOfCommand(tx *database.Tx, r core.Reader, c core.DoorCommand) core.AccessRecord {
	sum := sha256.Sum256([]byte("order " + c.ID.String()))
	return core.AccessRecord{
		ID: tx.NewID(), Community: c.Community, At: tx.Now(), Via: core.ViaRemote, Reader: c.Reader, Gate: c.Gate,
		ReleasedBy: c.By, Direction: r.Direction, Allowed: true, Reason: core.ReasonAllowed, Note: c.Reason,
		TokenDigest: hex.EncodeToString(sum[:]),
	}
}

// EndDoorCommands ends what is over: what was not sent in time never will be, and what was not answered opened nothing that is known.
func (s *Store) EndDoorCommands(ctx context.Context, now time.Time) error {
	const due = "(state = ? AND ends_at <= ?) OR (state = ? AND ends_at <= ?)"
	args := []any{
		string(core.CommandWaiting), now.UnixMilli(), string(core.CommandSent), now.Add(-core.CommandGrace).UnixMilli(),
	}
	var n int
	if err := s.db.Get(ctx, &n, "SELECT COUNT(*) FROM door_command WHERE "+due, args...); err != nil || n == 0 {
		return database.Wrap("look for orders that are over", err)
	}
	return s.db.Write(ctx, "end orders to doors", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"UPDATE door_command SET state = CASE WHEN state = ? THEN ? ELSE ? END, ended_at = ? WHERE "+due,
			append([]any{
				string(core.CommandWaiting), string(core.CommandExpired), string(core.CommandSilent), now.UnixMilli(),
			}, args...)...,
		)
		return err
	})
}

// DoorCommand returns an order of the scope.
func (s *Store) DoorCommand(ctx context.Context, scope core.Scope, id core.ID) (core.DoorCommand, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row doorCommandRow
	query := "SELECT " + doorCommandColumns + " FROM door_command WHERE id = ? AND " + where
	err := s.db.Get(ctx, &row, query, append([]any{int64(id)}, args...)...)
	return row.command(), database.Wrap("order to a door", database.NotFoundIfNoRows(err, "开门指令不存在"))
}

// CountDoorCommands counts the orders of the scope since a moment by their state.
func (s *Store) CountDoorCommands(ctx context.Context, scope core.Scope, since time.Time) (map[core.CommandState]int, error) {
	where := database.Within(scope, "community_id")
	if !since.IsZero() {
		where.And("id >= ?", int64(database.FirstID(since)))
	}
	var rows []struct {
		State core.CommandState `db:"state"`
		N     int               `db:"n"`
	}
	err := s.db.All(ctx, &rows, "SELECT state, COUNT(*) AS n FROM door_command WHERE "+where.Text()+" GROUP BY state", where.Args()...)
	counts := map[core.CommandState]int{}
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, database.Wrap("count orders to doors", err)
}

// DoorCommandFilter narrows the list of orders. Zero fields do not filter.
type DoorCommandFilter struct {
	Community core.ID
	Reader    core.ID
	Keyword   string // part of the reader's name, of the reason or of who gave it
	State     core.CommandState
	Page      Page
}

// DoorCommands returns the orders of the scope, newest first.
func (s *Store) DoorCommands(
	ctx context.Context, scope core.Scope, f DoorCommandFilter,
) (list []core.DoorCommand, more bool, err error) {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.Reader != 0 {
		where.And("reader_id = ?", int64(f.Reader))
	}
	if f.Keyword != "" {
		where.Like(f.Keyword, "gate", "reason", "actor_name")
	}
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	rows, more, err := readPage[doorCommandRow](ctx, s, listQuery{
		columns: doorCommandColumns, table: "door_command", scope: database.Within(scope, "community_id"), filter: where,
		order: database.PageOrder{ID: "id", Desc: true},
	}, f.Page)
	list = make([]core.DoorCommand, len(rows))
	for i, row := range rows {
		list[i] = row.command()
	}
	return list, more, database.Wrap("list orders to doors", err)
}
