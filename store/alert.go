package store

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// Alerts are found by looking at what is committed already, now and then, and not
// by the scan itself: a door never waits for them, and a look that is lost is made
// up by the next. Two servers that look at once find the same.

type alertRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Kind      core.AlertKind  `db:"kind"`
	Subject   core.ID         `db:"subject_id"`
	Reader    core.ID         `db:"reader_id"`
	Post      core.ID         `db:"post_id"`
	Record    core.ID         `db:"record_id"`
	Gate      string          `db:"gate"`
	Name      string          `db:"name"`
	House     string          `db:"house"`
	Count     int             `db:"n"`
	Mark      int64           `db:"mark"`
	First     database.Millis `db:"first_at"`
	Last      database.Millis `db:"last_at"`
	Handled   database.Millis `db:"handled_at"`
	HandledBy string          `db:"handled_by"`
	Remark    string          `db:"remark"`
}

const alertColumns = `SELECT id, community_id, kind, subject_id, reader_id, post_id, record_id, gate, name, house, n,
	mark, first_at, last_at,
	handled_at, handled_by, remark FROM alert WHERE `

func (r alertRow) alert() core.Alert {
	return core.Alert{
		ID: r.ID, Community: r.Community, Kind: r.Kind, Subject: r.Subject, Reader: r.Reader, Post: r.Post, Record: r.Record, Gate: r.Gate,
		Name: r.Name, House: r.House, Count: r.Count, Mark: r.Mark, First: r.First.Time, Last: r.Last.Time, Handled: r.Handled.Time,
		HandledBy: r.HandledBy, Remark: r.Remark,
	}
}

// alertRecords bounds the refusals of one look.
const alertRecords = 20_000

// RaiseAlerts looks at the refusals of the last minutes and at the readers, and
// raises what they give reason for, or ends what is over. A job calls it; twice at
// once is no harm.
func (s *Store) RaiseAlerts(ctx context.Context) error {
	now := s.Now()
	scope, err := s.listed(ctx, core.Everywhere)
	if err != nil {
		return database.Wrap("look for alerts", err)
	}
	// By the index of refusals: a busy minute has a hundred times as many passages.
	within, args := database.ScopeWhere(scope, "community_id")
	var rows []recordRow
	err = s.db.All(
		ctx, &rows,
		"SELECT "+recordColumns+" FROM access_record"+s.db.Dialect().UseIndex("access_record_result")+" WHERE "+within+
			" AND allowed = 0 AND id >= ? ORDER BY id DESC LIMIT ?",
		append(args, int64(database.FirstID(now.Add(-core.AlertLookback))), alertRecords)...,
	)
	if err != nil {
		return database.Wrap("look for alerts", err)
	}
	slices.Reverse(rows)
	records := make([]core.AccessRecord, len(rows))
	for i, row := range rows {
		records[i] = row.record()
	}
	found := core.AlertsOf(records)
	silent, err := s.silentReaders(ctx, now)
	if err != nil {
		return database.Wrap("look for silent readers", err)
	}
	for _, a := range append(found, silent...) {
		if err := s.db.Write(ctx, "raise an alert", func(tx *database.Tx) error { return raiseAlert(tx, a) }); err != nil {
			return err
		}
	}
	return s.endSilence(ctx, now)
}

// raiseAlert makes the open alert of its kind and subject newer, or opens one,
// unless what is behind it has raised one before.
func raiseAlert(tx *database.Tx, a core.Alert) error {
	key := alertKey(a)
	more := "n + ?" // times shown again add up
	if a.Kind != core.AlertReuse {
		more = "CASE WHEN n < ? THEN " + fmt.Sprint(a.Count) + " ELSE n END"
	}
	var open []alertRow
	if err := tx.All(&open, alertColumns+"open_key = ?", key); err != nil {
		return err
	}
	if len(open) > 0 {
		if a.Kind == core.AlertReuse {
			// Those since the last look; the ones before are counted.
			counted, err := reuseSince(tx, a, open[0].Mark)
			if err != nil {
				return err
			}
			a.Count = counted
		}
		_, err := tx.Exec("UPDATE alert SET n = "+more+", mark = ?, record_id = ?, last_at = ?, gate = ? WHERE open_key = ? AND mark < ?",
			a.Count, a.Mark, int64(a.Record), a.Last.UnixMilli(), a.Gate, key, a.Mark)
		return err
	}
	var known int64
	if err := tx.Get(
		&known, "SELECT COALESCE(MAX(mark), 0) FROM alert WHERE kind = ? AND subject_id = ?", string(a.Kind),
		int64(a.Subject),
	); err != nil || known >= a.Mark {
		return err
	}
	if a.Kind == core.AlertReuse && known > 0 {
		counted, err := reuseSince(tx, a, known)
		if err != nil {
			return err
		}
		a.Count = counted
	}
	_, err := tx.Exec(
		`INSERT INTO alert (id, community_id, kind, subject_id, reader_id, post_id, record_id, gate, name, house, n,
			mark, open_key, first_at, last_at, handled_by, remark)
		VALUES (`+database.Placeholders(15)+`, '', '')`,
		int64(tx.NewID()), int64(a.Community), string(a.Kind), int64(a.Subject), int64(a.Reader), int64(a.Post),
		int64(a.Record), a.Gate, a.Name, a.House, a.Count, a.Mark, key, a.First.UnixMilli(), a.Last.UnixMilli(),
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another server at this moment: look again
	}
	return err
}

// reuseSince counts the showings of a pass's used codes after a record.
func reuseSince(tx *database.Tx, a core.Alert, mark int64) (n int, err error) {
	err = tx.Get(&n, "SELECT COUNT(*) FROM access_record WHERE community_id = ? AND reason = ? AND id > ? AND id <= ? AND pass_id = ?",
		int64(a.Community), string(core.ReasonTokenUsed), mark, a.Mark, int64(a.Subject))
	return n, err
}

func alertKey(a core.Alert) string { return string(a.Kind) + ":" + a.Subject.String() }

// silentReaders are those in use whose last heartbeats did not come. One that
// never called is being installed.
func (s *Store) silentReaders(ctx context.Context, now time.Time) ([]core.Alert, error) {
	var rows []struct {
		ID        core.ID         `db:"id"`
		Community core.ID         `db:"community_id"`
		Name      string          `db:"name"`
		Seen      database.Millis `db:"last_seen_at"`
	}
	err := s.db.All(
		ctx, &rows,
		"SELECT id, community_id, name, last_seen_at FROM reader WHERE disabled_at IS NULL AND "+silentFor+" ORDER BY id LIMIT 1000",
		now.UnixMilli(),
	)
	alerts := make([]core.Alert, len(rows))
	for i, r := range rows {
		alerts[i] = core.Alert{
			Community: r.Community, Kind: core.AlertSilent, Subject: r.ID, Reader: r.ID, Gate: r.Name, Count: 1,
			First: r.Seen.Time, Last: r.Seen.Time, Mark: r.Seen.UnixMilli(),
		}
	}
	return alerts, err
}

// silentFor tells a reader that missed core.AlertHeartbeats; it takes the present.
var silentFor = fmt.Sprintf(
	"last_seen_at < ? - %d * CASE WHEN heartbeat_seconds < 30 THEN 30 ELSE heartbeat_seconds END * 1000",
	core.AlertHeartbeats,
)

// endSilence ends the open alerts of readers that are back, or not in use any more.
func (s *Store) endSilence(ctx context.Context, now time.Time) error {
	return s.db.Write(ctx, "end alerts of readers that are back", func(tx *database.Tx) error {
		var open []alertRow
		if err := tx.All(
			&open,
			alertColumns+"kind = ? AND handled_at IS NULL AND NOT EXISTS (SELECT 1 FROM reader r WHERE r.id = "+
				"alert.subject_id AND r.disabled_at IS NULL AND r."+silentFor+")",
			string(core.AlertSilent), now.UnixMilli(),
		); err != nil {
			return err
		}
		for _, row := range open {
			if err := handleAlert(tx, row.ID, "系统", "已恢复"); err != nil && !core.IsNotFound(err) {
				return err
			}
		}
		return nil
	})
}

// handleAlert ends an open alert; one that is handled is not found.
func handleAlert(tx *database.Tx, id core.ID, by, remark string) error {
	return tx.ExecOne(
		core.NotFound(noAlert),
		"UPDATE alert SET handled_at = ?, handled_by = ?, remark = ?, open_key = ? WHERE id = ? AND handled_at IS NULL",
		tx.NowMS(), by, remark, "handled:"+id.String(), int64(id),
	)
}

const noAlert = "告警不存在，或已处理"

// AlertsAtOnce bounds the alerts handled by one act.
const AlertsAtOnce = 200

// HandleAlerts notes that somebody looked at open alerts of the scope, and gives
// how many were still open. One of another community makes the whole not found.
func (s *Store) HandleAlerts(ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID, remark string) (handled int, err error) {
	remark = core.Clean(remark)
	switch {
	case len(ids) == 0 || len(ids) > AlertsAtOnce:
		return 0, core.Invalid(fmt.Sprintf("请选择 1 至 %d 条告警", AlertsAtOnce))
	case utf8.RuneCountInString(remark) > core.AlertRemarkMost:
		return 0, core.InvalidFields(map[string]string{"remark": fmt.Sprintf("备注最多 %d 个字", core.AlertRemarkMost)})
	}
	err = s.db.Write(ctx, "handle alerts", func(tx *database.Tx) error {
		handled = 0
		for _, id := range ids {
			a, err := alertIn(tx.Get, scope, id)
			if err != nil {
				return err
			}
			switch err := handleAlert(tx, id, by.Name, remark); {
			case core.IsNotFound(err):
				continue // somebody else was first
			case err != nil:
				return err
			}
			handled++
			if err := audit.Write(tx, by, audit.Entry{
				Community: a.Community, Action: "alert.handle", Subject: audit.Target("alert", id),
				After: alertAudit{Kind: a.Kind, Gate: a.Gate, Remark: remark},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return handled, err
}

// alertAudit is what the audit log keeps of a handled alert.
type alertAudit struct {
	Kind   core.AlertKind `json:"kind"`
	Gate   string         `json:"gate"`
	Remark string         `json:"remark"`
}

func alertIn(get func(dest any, query string, args ...any) error, scope core.Scope, id core.ID) (core.Alert, error) {
	within, args := database.ScopeWhere(scope, "community_id")
	var row alertRow
	err := get(&row, alertColumns+"id = ? AND "+within, append([]any{int64(id)}, args...)...)
	return row.alert(), database.NotFoundIfNoRows(err, noAlert)
}

// Alert gives one alert of the scope.
func (s *Store) Alert(ctx context.Context, scope core.Scope, id core.ID) (core.Alert, error) {
	a, err := alertIn(func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }, scope, id)
	return a, database.Wrap("read an alert", err)
}

// Alerts lists alerts of the scope, newest first.
func (s *Store) Alerts(ctx context.Context, scope core.Scope, f core.AlertFilter, page Page) (list []core.Alert, more bool, err error) {
	if f.Community != 0 {
		if !scope.Has(f.Community) {
			return nil, false, core.NotFound(noCommunity)
		}
		scope = core.ScopeOf(f.Community)
	}
	where, args := database.ScopeWhere(scope, "community_id")
	if f.Handled {
		where += " AND handled_at IS NOT NULL"
	} else {
		where += " AND handled_at IS NULL"
	}
	if f.Kind != "" {
		where, args = where+" AND kind = ?", append(args, string(f.Kind))
	}
	query, args := newestFirst.Query(page, alertColumns+where, args)
	var rows []alertRow
	if err := s.db.All(ctx, &rows, query, args...); err != nil {
		return nil, false, database.Wrap("list alerts", err)
	}
	rows, more = core.CutPage(page, rows)
	for _, row := range rows {
		list = append(list, row.alert())
	}
	return list, more, nil
}

// OpenAlerts counts the open alerts of the scope.
func (s *Store) OpenAlerts(ctx context.Context, scope core.Scope) (n int, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM alert WHERE handled_at IS NULL AND "+where, args...)
	return n, database.Wrap("count alerts", err)
}

// PurgeAlerts removes alerts handled before a moment, with the records they are
// about, some hundred at a time so that no scan waits long for it.
func (s *Store) PurgeAlerts(ctx context.Context, before time.Time) error {
	const part = 500
	for {
		var n int64
		err := s.db.Write(ctx, "purge alerts", func(tx *database.Tx) (err error) {
			n, err = tx.Exec(
				"DELETE FROM alert WHERE id IN (SELECT id FROM (SELECT id FROM alert WHERE handled_at < ? LIMIT ?) old)",
				before.UnixMilli(), part,
			)
			return err
		})
		if err != nil || n < part {
			return err
		}
	}
}
