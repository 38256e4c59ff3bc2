package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

type noticeBellRow struct {
	ID    core.ID         `db:"id"`
	Stem  string          `db:"stem"`
	Title string          `db:"title"`
	Link  string          `db:"link"`
	At    database.Millis `db:"created_at"`
	Read  database.Millis `db:"read_at"`
}

const noticeColumns = "id, account_id, stem, title, link, created_at"

func noticeArgs(tx *database.Tx, account core.ID, n core.Notice) []any {
	return []any{int64(tx.NewID()), int64(account), n.Stem, cutText(n.Title, maxNoticeTitle), n.Link, tx.NowMS()}
}

// notify adds a notice for an account, in the act's own transaction.
func notify(tx *database.Tx, account core.ID, n core.Notice) error {
	return database.InsertRows(tx, database.InsertInto, "notice", noticeColumns, [][]any{noticeArgs(tx, account, n)})
}

const (
	maxNoticeTitle = 200
	// maxAudience bounds the accounts that are told of one thing.
	maxAudience = 500
)

// notifyAll adds a notice for every account of an audience, in the act's own transaction.
func notifyAll(tx *database.Tx, to core.NoticeAudience, n core.Notice) error {
	var accounts []struct {
		ID          core.ID `db:"id"`
		Permissions string  `db:"permissions"`
	}
	err := tx.All(&accounts, `
		SELECT a.id, a.permissions
		FROM account a
		WHERE a.disabled_at IS NULL
		AND `+accountIn+`
		ORDER BY a.id`, int64(to.Community))
	if err != nil {
		return err
	}
	var rows [][]any
	for _, a := range accounts {
		if len(rows) < maxAudience && joinedHold(a.Permissions, to.Needs) {
			rows = append(rows, noticeArgs(tx, a.ID, n))
		}
	}
	return database.InsertRows(tx, database.InsertInto, "notice", noticeColumns, rows)
}

// Notices returns the newest notices of an account, newest first, and how many of these are unread.
func (s *Store) Notices(ctx context.Context, account core.ID) (list []core.Notice, unread int, err error) {
	var rows []noticeBellRow
	if err := s.db.All(ctx, &rows, `
		SELECT id, stem, title, link, created_at, read_at
		FROM notice
		WHERE account_id = ?
		ORDER BY id DESC
		LIMIT ?`, int64(account), core.MaxNotices); err != nil {
		return nil, 0, database.Wrap("notices", err)
	}
	for _, r := range rows {
		n := core.Notice{ID: r.ID, Stem: r.Stem, Title: r.Title, Link: r.Link, Created: r.At.Time, Read: r.Read.Time}
		if n.Read.IsZero() {
			unread++
		}
		list = append(list, n)
	}
	return list, unread, nil
}

// ReadNotices records that an account has seen its notices up to last.
func (s *Store) ReadNotices(ctx context.Context, account, last core.ID) error {
	return s.db.Write(ctx, "read notices", func(tx *database.Tx) error {
		_, err := tx.Exec(`
			UPDATE notice
			SET read_at = ?
			WHERE account_id = ?
			AND id <= ?
			AND read_at IS NULL`, tx.NowMS(), int64(account), int64(last))
		return err
	})
}

// readNoticesOf records that an account has seen the notices that lead to one page, which shows the
// same, up to a time in milliseconds.
func readNoticesOf(tx *database.Tx, account core.ID, link string, until int64) error {
	_, err := tx.Exec(`
		UPDATE notice
		SET read_at = ?
		WHERE account_id = ?
		AND link = ?
		AND created_at <= ?
		AND read_at IS NULL`, tx.NowMS(), int64(account), link, until)
	return err
}
