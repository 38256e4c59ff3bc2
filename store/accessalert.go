package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Alerts are found by a job that examines committed records, not by the scan itself: a door never
// waits for them, and the next run makes up for one that failed. Two servers that run it at once
// find the same alerts.

type accessAlertRow struct {
	ID        core.ID              `db:"id"`
	Community core.ID              `db:"community_id"`
	Kind      core.AccessAlertKind `db:"kind"`
	Subject   core.ID              `db:"subject_id"`
	Reader    core.ID              `db:"reader_id"`
	Post      core.ID              `db:"post_id"`
	Record    core.ID              `db:"record_id"`
	Gate      string               `db:"gate"`
	Name      string               `db:"name"`
	House     string               `db:"house"`
	Count     int                  `db:"n"`
	Mark      int64                `db:"mark"`
	First     database.Millis      `db:"first_at"`
	Last      database.Millis      `db:"last_at"`
	Handled   database.Millis      `db:"handled_at"`
	HandledBy string               `db:"handled_by"`
	Remark    string               `db:"remark"`
}

const (
	accessAlertFields = `id, community_id, kind, subject_id, reader_id, post_id, record_id, gate, name, house, n, mark,
		first_at, last_at, handled_at, handled_by, remark`
	accessAlertColumns = "SELECT " + accessAlertFields + " FROM access_alert WHERE "
)

func (r accessAlertRow) alert() core.AccessAlert {
	return core.AccessAlert{
		ID: r.ID, Community: r.Community, Kind: r.Kind, Subject: r.Subject, Reader: r.Reader, Post: r.Post, Record: r.Record, Gate: r.Gate,
		Name: r.Name, House: r.House, Count: r.Count, Mark: r.Mark, First: r.First.Time, Last: r.Last.Time, Handled: r.Handled.Time,
		HandledBy: r.HandledBy, Remark: r.Remark,
	}
}

// accessAlertRecords bounds the refusals of one run.
const accessAlertRecords = 20_000

// RaiseAccessAlerts examines the refusals and urgent releases of the last minutes and the readers, raises alerts for
// them, and ends what is over. A job calls it; concurrent calls do no harm.
func (s *Store) RaiseAccessAlerts(ctx context.Context) error {
	now := s.Now()
	scope, err := s.listed(ctx, core.Everywhere)
	if err != nil {
		return database.Wrap("look for alerts", err)
	}
	records, err := s.alarming(ctx, scope, now)
	if err != nil {
		return database.Wrap("look for alerts", err)
	}
	found := core.AccessAlertsOf(records)
	silent, err := s.silentReaders(ctx, now)
	if err != nil {
		return database.Wrap("look for silent readers", err)
	}
	wrong, err := s.wrongClocks(ctx)
	if err != nil {
		return database.Wrap("look for wrong clocks", err)
	}
	for _, a := range slices.Concat(found, silent, wrong) {
		if err := s.db.Write(ctx, "raise an alert", func(tx *database.Tx) error { return raiseAccessAlert(tx, a) }); err != nil {
			return err
		}
	}
	if err := s.endAlertsOfReaders(ctx, core.AccessAlertSilent, silentFor, now.UnixMilli()); err != nil {
		return err
	}
	return s.endAlertsOfReaders(ctx, core.AccessAlertClock, clockWrong)
}

// alarming returns the refusals and the urgent releases of the last minutes, oldest first. Each kind is
// read by its index: a busy minute has a hundred times as many passages.
func (s *Store) alarming(ctx context.Context, scope core.Scope, now time.Time) ([]core.AccessRecord, error) {
	within, args := database.ScopeWhere(scope, "community_id")
	since := int64(database.FirstID(now.Add(-core.AccessAlertLookback)))
	var records []core.AccessRecord
	for _, kind := range []struct{ index, condition string }{
		{"access_record_result", "allowed = 0"},
		{"access_record_reason", "reason = '" + string(core.ReasonUrgent) + "'"},
	} {
		var rows []recordRow
		if err := s.db.All(ctx, &rows, `
			SELECT `+recordColumns+`
			FROM access_record`+s.db.Dialect().UseIndex(kind.index)+`
			WHERE `+within+`
				AND `+kind.condition+`
				AND id >= ?
			ORDER BY id DESC
			LIMIT ?`, append(slices.Clone(args), since, accessAlertRecords)...); err != nil {
			return nil, err
		}
		for _, row := range rows {
			records = append(records, row.record())
		}
	}
	slices.SortFunc(records, func(a, b core.AccessRecord) int { return cmp.Compare(a.ID, b.ID) })
	return records, nil
}

// raiseAccessAlert updates the open alert of its kind and subject, or opens one, unless the same
// cause has raised one before.
func raiseAccessAlert(tx *database.Tx, a core.AccessAlert) error {
	key := accessAlertKey(a)
	more := "n + ?" // times shown again add up
	if a.Kind != core.AccessAlertReuse {
		more = "CASE WHEN n < ? THEN " + fmt.Sprint(a.Count) + " ELSE n END"
	}
	var open []accessAlertRow
	if err := tx.All(&open, accessAlertColumns+"open_key = ?", key); err != nil {
		return err
	}
	if len(open) > 0 {
		if a.Kind == core.AccessAlertReuse {
			// only those since the last run: earlier ones are counted
			counted, err := reuseSince(tx, a, open[0].Mark)
			if err != nil {
				return err
			}
			a.Count = counted
		}
		_, err := tx.Exec(`
			UPDATE access_alert
			SET n = `+more+`, mark = ?, record_id = ?, last_at = ?, gate = ?
			WHERE open_key = ? AND mark < ?`,
			a.Count, a.Mark, int64(a.Record), a.Last.UnixMilli(), a.Gate, key, a.Mark)
		return err
	}
	var known int64
	if err := tx.Get(
		&known, "SELECT COALESCE(MAX(mark), 0) FROM access_alert WHERE kind = ? AND subject_id = ?", string(a.Kind),
		int64(a.Subject),
	); err != nil || known >= a.Mark {
		return err
	}
	if a.Kind == core.AccessAlertReuse && known > 0 {
		counted, err := reuseSince(tx, a, known)
		if err != nil {
			return err
		}
		a.Count = counted
	}
	id := tx.NewID()
	_, err := tx.Exec(
		`INSERT INTO access_alert (id, community_id, kind, subject_id, reader_id, post_id, record_id, gate, name, house, n,
			mark, open_key, first_at, last_at, handled_by, remark)
		VALUES (`+database.Placeholders(15)+`, '', '')`,
		int64(id), int64(a.Community), string(a.Kind), int64(a.Subject), int64(a.Reader), int64(a.Post),
		int64(a.Record), a.Gate, a.Name, a.House, a.Count, a.Mark, key, a.First.UnixMilli(), a.Last.UnixMilli(),
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another server raised it at the same moment: try again
	}
	if err != nil {
		return err
	}
	return notifyAll(tx, core.NoticeAudience{Community: a.Community, Needs: core.PermAccessAlertView}, core.Notice{
		Stem: "accessalert", Title: "告警：" + a.Kind.Label() + "，" + a.Gate, Link: "accessalert/" + id.String(),
	}, core.MessageAccessAlert)
}

// reuseSince counts the showings of a pass's used codes after a record.
func reuseSince(tx *database.Tx, a core.AccessAlert, mark int64) (n int, err error) {
	err = tx.Get(&n, "SELECT COUNT(*) FROM access_record WHERE community_id = ? AND reason = ? AND id > ? AND id <= ? AND pass_id = ?",
		int64(a.Community), string(core.ReasonTokenUsed), mark, a.Mark, int64(a.Subject))
	return n, err
}

func accessAlertKey(a core.AccessAlert) string { return string(a.Kind) + ":" + a.Subject.String() }

// silentReaders returns the enabled readers whose last heartbeats are missing, except those that
// never called: they are being installed.
func (s *Store) silentReaders(ctx context.Context, now time.Time) ([]core.AccessAlert, error) {
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
	alerts := make([]core.AccessAlert, len(rows))
	for i, r := range rows {
		alerts[i] = core.AccessAlert{
			Community: r.Community, Kind: core.AccessAlertSilent, Subject: r.ID, Reader: r.ID, Gate: r.Name, Count: 1,
			First: r.Seen.Time, Last: r.Seen.Time, Mark: r.Seen.UnixMilli(),
		}
	}
	return alerts, err
}

// silentFor is the condition on a reader that missed core.AccessAlertHeartbeats; its parameter is
// the current time.
var silentFor = fmt.Sprintf(
	"last_seen_at < ? - %d * CASE WHEN heartbeat_seconds < 30 THEN 30 ELSE heartbeat_seconds END * 1000",
	core.AccessAlertHeartbeats,
)

// wrongClocks returns the readers in use whose clock has been wrong for some time. The mark is since when: one that was handled is
// raised again only after the clock has been right.
func (s *Store) wrongClocks(ctx context.Context) ([]core.AccessAlert, error) {
	var rows []struct {
		ID        core.ID         `db:"id"`
		Community core.ID         `db:"community_id"`
		Name      string          `db:"name"`
		Skew      int64           `db:"skew_ms"`
		Since     database.Millis `db:"skewed_at"`
		Seen      database.Millis `db:"last_seen_at"`
	}
	err := s.db.All(ctx, &rows, `
		SELECT id, community_id, name, skew_ms, skewed_at, last_seen_at
		FROM reader
		WHERE disabled_at IS NULL
			AND `+clockWrong+`
			AND last_seen_at >= skewed_at + ?
		ORDER BY id
		LIMIT 1000`, core.AccessAlertClockFor.Milliseconds())
	alerts := make([]core.AccessAlert, len(rows))
	for i, r := range rows {
		alerts[i] = core.AccessAlert{
			Community: r.Community, Kind: core.AccessAlertClock, Subject: r.ID, Reader: r.ID, Gate: r.Name,
			Count: int(r.Skew / time.Minute.Milliseconds()), First: r.Since.Time, Last: r.Seen.Time, Mark: r.Since.UnixMilli(),
		}
	}
	return alerts, err
}

// clockWrong is the condition on a reader whose clock is wrong, of a protocol that tells it.
var clockWrong = "skewed_at IS NOT NULL AND protocol IN ('" + strings.Join(tellingClocks(), "', '") + "')"

func tellingClocks() (names []string) {
	for _, p := range core.ReaderProtocols() {
		if p.TellsItsClock {
			names = append(names, p.Name)
		}
	}
	return names
}

// endAlertsOfReaders ends the open alerts of a kind whose condition no reader in use meets any more.
func (s *Store) endAlertsOfReaders(ctx context.Context, kind core.AccessAlertKind, condition string, args ...any) error {
	return s.db.Write(ctx, "end alerts of readers that are as they should be", func(tx *database.Tx) error {
		var open []accessAlertRow
		if err := tx.All(
			&open,
			accessAlertColumns+"kind = ? AND handled_at IS NULL AND NOT EXISTS (SELECT 1 FROM reader WHERE reader.id = "+
				"access_alert.subject_id AND disabled_at IS NULL AND "+condition+")",
			append([]any{string(kind)}, args...)...,
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

// handleAlert ends an open alert. One that has been handled is NotFound.
func handleAlert(tx *database.Tx, id core.ID, by, remark string) error {
	return tx.ExecOne(
		core.NotFound(noAlert),
		"UPDATE access_alert SET handled_at = ?, handled_by = ?, remark = ?, open_key = ? WHERE id = ? AND handled_at IS NULL",
		tx.NowMS(), by, remark, "handled:"+id.String(), int64(id),
	)
}

const noAlert = "告警不存在，或已处理"

func accessAlertIn(get getOne, scope core.Scope, id core.ID) (core.AccessAlert, error) {
	within, args := database.ScopeWhere(scope, "community_id")
	var row accessAlertRow
	err := get(&row, accessAlertColumns+"id = ? AND "+within, append([]any{int64(id)}, args...)...)
	return row.alert(), database.NotFoundIfNoRows(err, noAlert)
}

// AccessAlert returns one alert of the scope.
func (s *Store) AccessAlert(ctx context.Context, scope core.Scope, id core.ID) (core.AccessAlert, error) {
	a, err := accessAlertIn(func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }, scope, id)
	return a, database.Wrap("read an alert", err)
}

// AccessAlerts lists alerts of the scope, newest first.
func (s *Store) AccessAlerts(
	ctx context.Context, scope core.Scope, f core.AccessAlertFilter, page Page,
) (list []core.AccessAlert, more bool, err error) {
	if f.Community != 0 {
		if !scope.Has(f.Community) {
			return nil, false, core.NotFound(noCommunity)
		}
		scope = core.ScopeOf(f.Community)
	}
	var filter database.Where
	filter.Either(yesNo(f.Handled), "handled_at IS NOT NULL", "handled_at IS NULL")
	if f.Kind != "" {
		filter.And("kind = ?", string(f.Kind))
	}
	if f.AtGates {
		filter.And(atGates)
	}
	rows, more, err := readPage[accessAlertRow](ctx, s, listQuery{
		columns: accessAlertFields, table: "access_alert",
		scope:  database.Within(scope, "community_id"),
		filter: filter,
		order:  database.NewestFirst,
	}, page)
	if err != nil {
		return nil, false, database.Wrap("list alerts", err)
	}
	for _, row := range rows {
		list = append(list, row.alert())
	}
	return list, more, nil
}

// atGates is the condition on alerts of what happens at gates: a device's clock, and who applies, are the office's.
const atGates = "kind NOT IN ('" + string(core.AccessAlertGuessing) + "', '" + string(core.AccessAlertClock) + "')"

// GateAlerts counts the open alerts of the scope that concern guards. mark changes with them.
func (s *Store) GateAlerts(ctx context.Context, scope core.Scope) (n int, mark string, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Count int   `db:"n"`
		Last  int64 `db:"last_id"`
		Mark  int64 `db:"last_mark"`
	}
	err = s.db.Get(ctx, &row, `
		SELECT COUNT(*) AS n, COALESCE(MAX(id), 0) AS last_id, COALESCE(MAX(last_at), 0) AS last_mark
		FROM access_alert
		WHERE handled_at IS NULL
			AND `+atGates+`
			AND `+where, args...)
	return row.Count, fmt.Sprint(row.Count, row.Last, row.Mark), database.Wrap("count alerts", err)
}

// OpenAlerts counts the open alerts of the scope.
func (s *Store) OpenAlerts(ctx context.Context, scope core.Scope) (n int, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM access_alert WHERE handled_at IS NULL AND "+where, args...)
	return n, database.Wrap("count alerts", err)
}

// PurgeAccessAlerts removes alerts handled before a moment, with the records they are about, a few
// hundred at a time so that no scan waits long.
func (s *Store) PurgeAccessAlerts(ctx context.Context, before time.Time) error {
	const part = 500
	for {
		var n int64
		err := s.db.Write(ctx, "purge alerts", func(tx *database.Tx) (err error) {
			n, err = tx.Exec(
				"DELETE FROM access_alert WHERE id IN (SELECT id FROM (SELECT id FROM access_alert WHERE "+oldAlert+" LIMIT ?) old)",
				before.UnixMilli(), part,
			)
			return err
		})
		if err != nil || n < part {
			return err
		}
	}
}
