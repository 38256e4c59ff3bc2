package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	rehearsalColumns = `id, community_id, account_id, account_name, days, draft, job_id, first_day, figures, change_lines,
		created_at, done_at`

	// rehearsalLife is how long a rehearsal is kept: by then the records behind it may be gone.
	rehearsalLife = 30 * 24 * time.Hour

	// rehearsalPart is how many records are read at a time.
	rehearsalPart = 2000
)

type rehearsalRow struct {
	ID          core.ID         `db:"id"`
	Community   core.ID         `db:"community_id"`
	Account     core.ID         `db:"account_id"`
	AccountName string          `db:"account_name"`
	Days        int             `db:"days"`
	Draft       string          `db:"draft"`
	Job         core.ID         `db:"job_id"`
	First       core.Day        `db:"first_day"`
	Figures     string          `db:"figures"`
	Lines       string          `db:"change_lines"`
	Created     database.Millis `db:"created_at"`
	Done        database.Millis `db:"done_at"`
}

func (r rehearsalRow) run() (core.RehearsalRun, error) {
	run := core.RehearsalRun{
		ID: r.ID, Community: r.Community, By: core.Actor{Kind: core.ActorAccount, ID: r.Account, Name: r.AccountName}, Days: r.Days,
		Job: r.Job, First: r.First, Created: r.Created.Time, Done: r.Done.Time,
	}
	err := json.Unmarshal([]byte(r.Draft), &run.Draft)
	if err == nil && !run.Done.IsZero() {
		if err = json.Unmarshal([]byte(r.Figures), &run.Figures); err == nil {
			err = json.Unmarshal([]byte(r.Lines), &run.Lines)
		}
	}
	return run, err
}

var errNoRehearsal = core.NotFound("预演不存在，可能已经清理，请重新预演")

type rehearsalAudit struct {
	Days  int    `json:"days"`
	Words string `json:"words"`
}

// CreateRehearsal queues a rehearsal of a draft in a community of the scope, over the last so many days; those of an account run
// one after another. One that is not over is not begun twice.
func (s *Store) CreateRehearsal(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, days int, draft core.RehearsalDraft,
) (id core.ID, err error) {
	if err := core.CheckRehearsalDays(days); err != nil {
		return 0, err
	}
	if err := draft.Check(); err != nil {
		return 0, err
	}
	houses, err := s.HousesByID(ctx, scope, draft.Houses)
	if err != nil {
		return 0, err
	}
	for _, h := range houses {
		if h.Community != community {
			return 0, core.NotFound(noHouse)
		}
	}
	rule, err := s.PassRule(ctx, scope, community)
	if err != nil {
		return 0, err
	}
	draft.Seen = rule.Updated.UnixMilli()
	text, err := json.Marshal(draft)
	if err != nil {
		return 0, err
	}
	live := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", community, days, text))
	err = s.db.Write(ctx, "create rehearsal", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, community)
		if err != nil {
			return err
		}
		id = tx.NewID()
		job, begun, err := queueJob(tx, by, newJob{
			kind: core.JobRehearse, subject: id, live: "rehearsal:" + hex.EncodeToString(live[:16]), queue: "rehearsal:" + by.ID.String(),
		})
		if err != nil {
			return err
		}
		if !begun { // the same is being tried
			return tx.Get(&id, "SELECT id FROM rehearsal WHERE job_id = ?", int64(job))
		}
		_, err = tx.Exec(
			`INSERT INTO rehearsal (id, community_id, account_id, account_name, days, draft, job_id, first_day, figures, change_lines,
				created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '', ?)`,
			int64(id), int64(c.ID), int64(by.ID), by.Name, days, string(text), int64(job), tx.NowMS(),
		)
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "rehearsal.create", Subject: audit.Target("rehearsal", id),
			After: rehearsalAudit{Days: days, Words: draft.Words()},
		})
	})
	return id, err
}

// Rehearsal returns a rehearsal of the scope.
func (s *Store) Rehearsal(ctx context.Context, scope core.Scope, id core.ID) (core.RehearsalRun, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row rehearsalRow
	err := s.db.Get(ctx, &row, "SELECT "+rehearsalColumns+" FROM rehearsal WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.RehearsalRun{}, database.Wrap("read rehearsal", database.NotFoundIfNoRows(err, errNoRehearsal.Message))
	}
	run, err := row.run()
	return run, database.Wrap("read rehearsal", err)
}

// Rehearsals returns the rehearsals of the communities in scope, newest first.
func (s *Store) Rehearsals(
	ctx context.Context, scope core.Scope, community core.ID, page Page,
) (list []core.RehearsalRun, more bool, err error) {
	var where database.Where
	if community != 0 {
		where.And("community_id = ?", int64(community))
	}
	rows, more, err := readPage[rehearsalRow](ctx, s, listQuery{
		columns: rehearsalColumns, table: "rehearsal", scope: database.Within(scope, "community_id"), filter: where,
		order: database.NewestFirst,
	}, page)
	for _, row := range rows {
		var run core.RehearsalRun
		if run, err = row.run(); err != nil {
			break
		}
		list = append(list, run)
	}
	return list, more, database.Wrap("list rehearsals", err)
}

// RehearsalJob returns the job of a rehearsal that the caller has read.
func (s *Store) RehearsalJob(ctx context.Context, run core.RehearsalRun) (core.Job, error) {
	return s.jobBehind(ctx, run.Job)
}

// RehearsalJobs returns the jobs of rehearsals that the caller has read, by rehearsal.
func (s *Store) RehearsalJobs(ctx context.Context, runs []core.RehearsalRun) (map[core.ID]core.Job, error) {
	ids := make([]core.ID, len(runs))
	for i, run := range runs {
		ids[i] = run.Job
	}
	jobs := map[core.ID]core.Job{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []jobRow
		err := s.db.All(ctx, &rows, jobColumns+"id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		for _, row := range rows {
			jobs[row.Subject] = row.job()
		}
		return err
	})
	return jobs, database.Wrap("read the jobs of rehearsals", err)
}

// CancelRehearsal ends a rehearsal of the scope that is not over; of one that is, it is a conflict.
func (s *Store) CancelRehearsal(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	run, err := s.Rehearsal(ctx, scope, id)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "cancel rehearsal", func(tx *database.Tx) error {
		var row jobRow
		if err := tx.Get(&row, jobColumns+"id = ?"+tx.Dialect().ForUpdate(), int64(run.Job)); err != nil {
			return database.NotFoundIfNoRows(err, errNoJob.Message)
		}
		if row.State.Over() {
			return core.Conflict("预演" + row.State.Label() + "，不能取消")
		}
		if err := cancelJobOf(tx, id); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: run.Community, Action: "rehearsal.cancel", Subject: audit.Target("rehearsal", id),
			Before: rehearsalAudit{Days: run.Days, Words: run.Draft.Words()},
		})
	})
}

// RunRehearsal replays the records and keeps what was found; it may be run again. step is told how far it is, and ends
// it with an error.
func (s *Store) RunRehearsal(ctx context.Context, id core.ID, step func(done, total int64) error) (core.RehearsalRun, error) {
	run, err := s.Rehearsal(ctx, core.Everywhere, id)
	if err != nil {
		return run, err
	}
	r, first, err := s.newRehearsal(ctx, run)
	if err != nil {
		return run, err
	}
	run.First, run.Lines = first, nil
	err = s.replay(ctx, run.Community, (first - core.Day(r.Before())).Start(s.zone), step, func(rec core.AccessRecord) {
		if change, ok := r.Add(rec); ok && len(run.Lines) < core.RehearsalRows {
			run.Lines = append(run.Lines, core.RehearsalLine{Record: rec.ID, Was: change.Was, Would: change.Would})
		}
	})
	if err != nil {
		return run, err
	}
	run.Figures = r.Figures()
	figures, err := json.Marshal(run.Figures)
	if err != nil {
		return run, err
	}
	lines, err := json.Marshal(run.Lines)
	if err != nil {
		return run, err
	}
	err = s.db.Write(ctx, "end rehearsal", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE rehearsal SET first_day = ?, figures = ?, change_lines = ?, done_at = ? WHERE id = ?",
			int32(run.First), string(figures), string(lines), tx.NowMS(), int64(id))
		return err
	})
	return run, err
}

// newRehearsal returns the replay of a rehearsal by the rules of now, and its first day.
func (s *Store) newRehearsal(ctx context.Context, run core.RehearsalRun) (*core.Rehearsal, core.Day, error) {
	rule, err := s.PassRule(ctx, core.Everywhere, run.Community)
	if err != nil {
		return nil, 0, err
	}
	now := core.RehearsalRules{Rule: rule.PassRule, Restrictions: map[core.ID]core.Restriction{}}
	draft := core.RehearsalRules{Rule: run.Draft.Rule, Restrictions: map[core.ID]core.Restriction{}}
	if run.Draft.Restricts() {
		draft.Rule = rule.PassRule // of now, whatever it was when the draft was made
	}
	var held []struct {
		House core.ID  `db:"house_id"`
		Exits int      `db:"exits"`
		Last  core.Day `db:"last_day"`
	}
	if err := s.db.All(ctx, &held, "SELECT house_id, exits, last_day FROM house_restriction WHERE community_id = ?",
		int64(run.Community)); err != nil {
		return nil, 0, database.Wrap("read the restrictions of a community", err)
	}
	for _, x := range held {
		now.Restrictions[x.House] = core.Restriction{Exits: x.Exits, LastDay: x.Last}
		draft.Restrictions[x.House] = now.Restrictions[x.House]
	}
	houses := run.Draft.Houses
	if run.Draft.Whole {
		if err := s.db.All(ctx, &houses, "SELECT id FROM house WHERE community_id = ?", int64(run.Community)); err != nil {
			return nil, 0, database.Wrap("read the houses of a community", err)
		}
	}
	for _, house := range houses {
		draft.Restrictions[house] = run.Draft.Restriction
	}
	var unknown []core.ID
	err = s.db.All(ctx, &unknown, "SELECT id FROM resident WHERE community_id = ? AND idno_mac = ''", int64(run.Community))
	if err != nil {
		return nil, 0, database.Wrap("read who has no ID number on file", err)
	}
	noID := make(map[core.ID]struct{}, len(unknown))
	for _, id := range unknown {
		noID[id] = struct{}{}
	}
	first := core.DayOf(s.Now(), s.zone) - core.Day(run.Days-1)
	lacks := func(resident core.ID) bool {
		_, is := noID[resident]
		return is
	}
	return core.NewRehearsal(s.zone, first, now, draft, lacks), first, nil
}

// replayRow is what a rehearsal needs of an access record.
type replayRow struct {
	ID         core.ID         `db:"id"`
	At         database.Millis `db:"at"`
	Via        core.Via        `db:"via"`
	Direction  core.Direction  `db:"direction"`
	Kind       core.PassKind   `db:"kind"`
	Person     core.ID         `db:"person_id"`
	Resident   core.ID         `db:"resident_id"`
	House      core.ID         `db:"house_id"`
	TempTenths int             `db:"temp_tenths"`
	Counted    int             `db:"counted"`
	Reason     core.Reason     `db:"reason"`
}

// replay reads the records of a community from a moment on, in their order.
func (s *Store) replay(
	ctx context.Context, community core.ID, from time.Time, step func(done, total int64) error, each func(core.AccessRecord),
) error {
	last, done, total := database.FirstID(from)-1, int64(0), int64(0)
	err := s.db.Get(ctx, &total, "SELECT COUNT(*) FROM access_record WHERE community_id = ? AND id > ?", int64(community), int64(last))
	if err != nil {
		return database.Wrap("count the records to replay", err)
	}
	for {
		var rows []replayRow
		err := s.db.All(ctx, &rows, `
			SELECT id, at, via, direction, kind, person_id, resident_id, house_id, temp_tenths, counted, reason
			FROM access_record WHERE community_id = ? AND id > ? ORDER BY id LIMIT ?`,
			int64(community), int64(last), rehearsalPart)
		if err != nil {
			return database.Wrap("read the records to replay", err)
		}
		for _, r := range rows {
			each(core.AccessRecord{
				ID: r.ID, Community: community, At: r.At.Time, Via: r.Via, Direction: r.Direction, Kind: r.Kind, Person: r.Person,
				Resident: r.Resident, House: r.House, TempTenths: r.TempTenths, Counted: r.Counted != 0, Reason: r.Reason,
			})
			last = r.ID
		}
		done += int64(len(rows))
		if err := step(done, max(total, done)); err != nil || len(rows) < rehearsalPart {
			return err
		}
	}
}

// RehearsedRecords returns those of records that are in scope, by id.
func (s *Store) RehearsedRecords(ctx context.Context, scope core.Scope, ids []core.ID) (map[core.ID]core.AccessRecord, error) {
	found := make(map[core.ID]core.AccessRecord, len(ids))
	err := database.EachPart(ids, func(part []core.ID) error {
		where := database.Within(scope, "community_id")
		where.And("id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		var rows []recordRow
		err := s.db.All(ctx, &rows, "SELECT "+recordColumns+" FROM access_record WHERE "+where.Text(), where.Args()...)
		for _, row := range rows {
			found[row.ID] = row.record()
		}
		return err
	})
	return found, database.Wrap("read the records of a rehearsal", err)
}

// PurgeRehearsals deletes rehearsals of a month ago and returns their number.
func (s *Store) PurgeRehearsals(ctx context.Context) (n int64, err error) {
	err = s.db.Write(ctx, "purge rehearsals", func(tx *database.Tx) error {
		n, err = tx.Exec("DELETE FROM rehearsal WHERE created_at < ?", tx.Now().Add(-rehearsalLife).UnixMilli())
		return err
	})
	return n, err
}

// deleteRehearsals deletes those of a community that is deleted.
func deleteRehearsals(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM rehearsal WHERE community_id = ?", int64(community))
	return err
}
