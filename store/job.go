package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	// jobStale is how long a running job may be silent before another server takes it.
	jobStale = 30 * time.Second
	// jobTries is how many servers may start a job, none of which gets further than those before, until it counts as broken.
	jobTries = 3
	// jobLife is how long a finished job is listed.
	jobLife = 30 * 24 * time.Hour
	// jobsListed is how many jobs an account's list shows.
	jobsListed = 50
)

const jobColumns = `SELECT id, account_id, kind, subject_id, state, done, total, words, result, tries, created_at, begun_at,
	ended_at, beat_at FROM job WHERE `

// errNoJob is also the answer for a job of another account.
var errNoJob = core.NotFound("任务不存在")

// errJobGone is returned for a job that is no longer the runner's: it was cancelled, or another
// server has taken it over.
var errJobGone = core.Conflict("任务已取消或已由其他服务器接管")

type jobRow struct {
	ID      core.ID         `db:"id"`
	Account core.ID         `db:"account_id"`
	Kind    core.JobKind    `db:"kind"`
	Subject core.ID         `db:"subject_id"`
	State   core.JobState   `db:"state"`
	Done    int64           `db:"done"`
	Total   int64           `db:"total"`
	Words   string          `db:"words"`
	Result  string          `db:"result"`
	Tries   int             `db:"tries"`
	Created database.Millis `db:"created_at"`
	Begun   database.Millis `db:"begun_at"`
	Ended   database.Millis `db:"ended_at"`
	Beat    database.Millis `db:"beat_at"`
}

func (r jobRow) job() core.Job {
	return core.Job{
		ID: r.ID, Account: r.Account, Kind: r.Kind, Subject: r.Subject, State: r.State,
		Done: r.Done, Total: r.Total, Words: r.Words, Result: r.Result,
		Tries: r.Tries, Created: r.Created.Time, Begun: r.Begun.Time, Ended: r.Ended.Time,
		Beat: r.Beat.Time,
	}
}

// StartJob queues a job of a kind for an account and returns its id. If the account's last job of
// the kind is unfinished, it returns that one: a form sent twice starts one job.
func (s *Store) StartJob(ctx context.Context, by core.Actor, kind core.JobKind) (id core.ID, err error) {
	err = s.db.Write(ctx, "start job", func(tx *database.Tx) error {
		var begun bool
		id, begun, err = queueJob(tx, by, newJob{kind: kind, live: by.ID.String() + ":" + string(kind)})
		if err != nil || !begun {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "job.start", Subject: audit.Target("job", id), After: jobAudit{Name: kind.Title()}})
	})
	return id, err
}

// newJob is a job to be queued.
type newJob struct {
	kind    core.JobKind
	subject core.ID
	live    string // job.live_key
	queue   string // those of a queue run one after another; "" = of none
}

// queueJob queues a job within another act, unless one of its key is unfinished, whose id it returns then.
func queueJob(tx *database.Tx, by core.Actor, job newJob) (id core.ID, begun bool, err error) {
	err = tx.Get(&id, "SELECT id FROM job WHERE live_key = ?", job.live)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return id, false, err
	}
	id = tx.NewID()
	_, err = tx.Exec(
		`INSERT INTO job (id, account_id, kind, subject_id, state, live_key, queue_key, runner, done, total, words, result,
			tries, beat_at, created_at)
		VALUES (?, ?, ?, ?, 'waiting', ?, ?, '', 0, 0, '', '', 0, 0, ?)`,
		int64(id), int64(by.ID), string(job.kind), int64(job.subject), job.live, job.queue, tx.NowMS(),
	)
	if database.IsDuplicate(err) {
		err = database.ErrRace
	}
	return id, true, err
}

// Job returns a job of an account.
func (s *Store) Job(ctx context.Context, account, id core.ID) (core.Job, error) {
	var row jobRow
	err := s.db.Get(ctx, &row, jobColumns+"id = ? AND account_id = ?", int64(id), int64(account))
	return row.job(), database.Wrap("read job", database.NotFoundIfNoRows(err, errNoJob.Message))
}

// jobBehind returns the job that works on a thing which the caller has read, whosever it is.
func (s *Store) jobBehind(ctx context.Context, id core.ID) (core.Job, error) {
	var row jobRow
	err := s.db.Get(ctx, &row, jobColumns+"id = ?", int64(id))
	return row.job(), database.Wrap("read the job behind a thing", database.NotFoundIfNoRows(err, errNoJob.Message))
}

// Jobs returns an account's last jobs, newest first.
func (s *Store) Jobs(ctx context.Context, account core.ID) ([]core.Job, error) {
	var rows []jobRow
	err := s.db.All(ctx, &rows, jobColumns+"account_id = ? ORDER BY id DESC LIMIT ?", int64(account), jobsListed)
	jobs := make([]core.Job, len(rows))
	for i, row := range rows {
		jobs[i] = row.job()
	}
	return jobs, database.Wrap("list jobs", err)
}

// CancelJob ends an account's unfinished job; for a finished one it is a conflict whose message
// says how it ended. The runner stops at its next step.
func (s *Store) CancelJob(ctx context.Context, by core.Actor, id core.ID) error {
	return s.db.Write(ctx, "cancel job", func(tx *database.Tx) error {
		var row jobRow
		if err := tx.Get(&row, jobColumns+"id = ? AND account_id = ?", int64(id), int64(by.ID)); err != nil {
			return database.NotFoundIfNoRows(err, errNoJob.Message)
		}
		over := core.Conflict("任务" + row.State.Label() + "，不能取消")
		if row.State.Over() {
			return over
		}
		if row.Subject != 0 {
			return core.Conflict("请在“" + row.Kind.Title() + "”的页面取消")
		}
		if err := tx.ExecOne(database.ErrRace, `UPDATE job SET state = 'cancelled', words = '', live_key = NULL, run_key = NULL,
			ended_at = ? WHERE id = ? AND state IN ('waiting', 'running')`, tx.NowMS(), int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "job.cancel", Subject: audit.Target("job", id), After: jobAudit{Name: row.Kind.Title()},
		})
	})
}

// cancelJobOf ends the unfinished job of a thing within the act that does away with its work. Its runner stops at
// the next step.
func cancelJobOf(tx *database.Tx, subject core.ID) error {
	_, err := tx.Exec(`UPDATE job SET state = 'cancelled', words = '', live_key = NULL, run_key = NULL, ended_at = ?
		WHERE subject_id = ? AND state IN ('waiting', 'running')`, tx.NowMS(), int64(subject))
	return err
}

// ClaimJob assigns to a runner the oldest job that waits, or whose server has been silent for half
// a minute, and returns it; of a queue only if none of it runs. Of several servers that ask at once, one gets it. A job that was
// started three times without getting further becomes broken instead. NotFound means that no job waits.
func (s *Store) ClaimJob(ctx context.Context, runner string) (job core.Job, err error) {
	free := "(state = 'waiting' OR state = 'running' AND beat_at < ?)"
	stale := s.Now().Add(-jobStale).UnixMilli()
	var waiting []core.ID // most calls find nothing and need no transaction
	if err := s.db.All(
		ctx, &waiting,
		`SELECT j.id FROM job j WHERE j.state IN ('waiting', 'running') AND `+free+`
		AND NOT EXISTS (SELECT 1 FROM job o WHERE o.run_key = j.queue_key AND o.id <> j.id) ORDER BY j.id LIMIT 1`, stale,
	); err != nil {
		return job, database.Wrap("look for jobs", err)
	}
	if len(waiting) == 0 {
		return job, errNoJob
	}
	err = s.db.Write(ctx, "claim job", func(tx *database.Tx) error {
		id := int64(waiting[0])
		broken, err := tx.Exec(
			`UPDATE job SET state = 'broken', words = '服务器多次中断，可以再次执行', live_key = NULL, run_key = NULL, ended_at = ?
			WHERE id = ? AND tries >= ? AND `+free,
			tx.NowMS(), id, jobTries, stale,
		)
		if err != nil {
			return err
		}
		if broken > 0 {
			job = core.Job{}
			return noteJobEnd(tx, id)
		}
		err = tx.ExecOne(errNoJob, `UPDATE job SET state = 'running', runner = ?, tries = tries + 1, beat_at = ?, done = 0, total = 0,
			run_key = NULLIF(queue_key, ''), begun_at = COALESCE(begun_at, ?) WHERE id = ? AND `+free,
			runner, tx.NowMS(), tx.NowMS(), id, stale)
		if database.IsDuplicate(err) {
			return errNoJob // another of its queue has just begun
		}
		if err != nil {
			return err
		}
		var row jobRow
		if err := tx.Get(&row, jobColumns+"id = ?", id); err != nil {
			return err
		}
		job = row.job()
		return nil
	})
	if err == nil && job.ID == 0 {
		return s.ClaimJob(ctx, runner) // the broken one is out of the way
	}
	return job, err
}

// StepJob records the progress of a runner's job, and that its server is alive. Servers that were stopped before one got further
// than they did count no more: it is not the job that stops them. It is a conflict if
// the job is no longer the runner's, which must then stop.
func (s *Store) StepJob(ctx context.Context, runner string, id core.ID, done, total int64) error {
	return s.db.Write(ctx, "step job", func(tx *database.Tx) error {
		return tx.ExecOne(errJobGone, `UPDATE job SET tries = CASE WHEN ? > reached THEN 1 ELSE tries END,
			reached = CASE WHEN ? > reached THEN ? ELSE reached END, done = ?, total = ?, beat_at = ?
			WHERE id = ? AND runner = ? AND state = 'running'`,
			done, done, done, done, total, tx.NowMS(), int64(id), runner)
	})
}

// EndJob ends a runner's job with its State, Words for people and the path of a page with the
// result. It is a conflict if the job is no longer the runner's.
func (s *Store) EndJob(ctx context.Context, runner string, job core.Job) error {
	return s.db.Write(ctx, "end job", func(tx *database.Tx) error {
		err := tx.ExecOne(errJobGone, `UPDATE job SET state = ?, words = ?, result = ?, live_key = NULL, run_key = NULL, ended_at = ?
			WHERE id = ? AND runner = ? AND state = 'running'`, string(job.State), job.Words, job.Result, tx.NowMS(), int64(job.ID), runner)
		if err != nil {
			return err
		}
		return noteJobEnd(tx, int64(job.ID))
	})
}

// noteJobEnd tells the account that started a job how it ended.
func noteJobEnd(tx *database.Tx, id int64) error {
	var row jobRow
	if err := tx.Get(&row, jobColumns+"id = ?", id); err != nil {
		return err
	}
	job := row.job()
	link := job.Page()
	if link == "" {
		link = "job/" + job.ID.String()
	}
	var files []string // of an import
	if err := tx.All(&files, "SELECT file FROM import WHERE id = ?", int64(job.Subject)); err != nil {
		return err
	}
	bell, message := job.EndTitles(strings.Join(files, ""))
	return notify(tx, told{
		job.Account, core.Notice{Stem: "job", Title: bell, Link: link}, core.MessageNote{Kind: core.MessageJob, Title: message},
	})
}

// ReleaseJob lets a runner's job wait for another server, and does not count the try. It is for a
// server that is shutting down.
func (s *Store) ReleaseJob(ctx context.Context, runner string, id core.ID) error {
	return s.db.Write(ctx, "release job", func(tx *database.Tx) error {
		_, err := tx.Exec(
			`UPDATE job SET state = 'waiting', run_key = NULL, runner = '', tries = tries - 1
			WHERE id = ? AND runner = ? AND state = 'running'`,
			int64(id), runner,
		)
		return err
	})
}

// PurgeJobs deletes jobs that ended a month ago and returns their number.
func (s *Store) PurgeJobs(ctx context.Context) (n int64, err error) {
	err = s.db.Write(ctx, "purge jobs", func(tx *database.Tx) error {
		n, err = tx.Exec("DELETE FROM job WHERE ended_at < ?", tx.Now().Add(-jobLife).UnixMilli())
		return err
	})
	return n, err
}

// jobAudit is what the audit log records of a job.
type jobAudit struct {
	Name  string `json:"name"`
	File  string `json:"file,omitempty"`
	Rows  int    `json:"rows,omitempty"`
	Whole bool   `json:"whole,omitempty"`
}
