package store

import (
	"cmp"
	"context"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

type noticeBellRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Stem      string          `db:"stem"`
	Title     string          `db:"title"`
	Link      string          `db:"link"`
	At        database.Millis `db:"created_at"`
	Read      database.Millis `db:"read_at"`
}

func (r noticeBellRow) notice() core.Notice {
	return core.Notice{
		ID: r.ID, Community: r.Community, Stem: r.Stem, Title: r.Title, Link: r.Link, Created: r.At.Time, Read: r.Read.Time,
	}
}

const noticeFields = "id, community_id, stem, title, link, created_at, read_at"

// told is a notice for one account, and how the outbox tells it too.
type told struct {
	account core.ID
	notice  core.Notice
	note    core.MessageNote // its Kind, Community and User, and its Title if that is not the notice's
}

// notify adds notices for accounts and their messages, in the act's own transaction.
func notify(tx *database.Tx, all ...told) error {
	var rows [][]any
	var notes []core.MessageNote
	for _, t := range all {
		id, title := tx.NewID(), cutText(t.notice.Title, maxNoticeTitle)
		rows = append(rows, []any{
			int64(id), int64(t.account), int64(t.note.Community), t.notice.Stem, title, t.notice.Link, tx.NowMS(),
		})
		note := t.note
		note.Account, note.Notice, note.Title, note.Link = t.account, id, cmp.Or(note.Title, title), t.notice.Link
		notes = append(notes, note)
	}
	const columns = "id, account_id, community_id, stem, title, link, created_at"
	if err := database.InsertRows(tx, database.InsertInto, "notice", columns, rows); err != nil {
		return err
	}
	return outbox.Put(tx, notes...)
}

const maxNoticeTitle = 200

// notifyAll adds a notice for every account of an audience, in the act's own transaction.
func notifyAll(tx *database.Tx, to core.NoticeAudience, n core.Notice, kind core.MessageKind) error {
	var accounts []struct {
		ID          core.ID `db:"id"`
		Permissions string  `db:"permissions"`
		User        core.ID `db:"user_id"`
	}
	err := tx.All(&accounts, `
		SELECT a.id, a.permissions, a.user_id
		FROM account a
		WHERE a.disabled_at IS NULL
		AND `+accountIn+`
		ORDER BY a.id`, int64(to.Community))
	if err != nil {
		return err
	}
	var all []told
	for _, a := range accounts {
		if joinedHold(a.Permissions, to.Needs) && (to.Not == 0 || a.User != to.Not) {
			all = append(all, told{a.ID, n, core.MessageNote{Kind: kind, Community: to.Community}})
		}
	}
	return notify(tx, all...)
}

// tellStop tells those who may see every message that a channel needs somebody's attention.
func tellStop(tx *database.Tx, stop core.ChannelStop) error {
	return notifyAll(tx, core.NoticeAudience{Needs: core.PermMessageView}, core.Notice{
		Stem: "message", Title: stop.Title(), Link: "message/channel",
	}, core.MessageAlarm)
}

// Notices returns the newest notices of an account, newest first, and how many of these are unread.
func (s *Store) Notices(ctx context.Context, account core.ID) (list []core.Notice, unread int, err error) {
	var rows []noticeBellRow
	if err := s.db.All(ctx, &rows, `
		SELECT `+noticeFields+`
		FROM notice
		WHERE account_id = ?
		ORDER BY id DESC
		LIMIT ?`, int64(account), core.MaxNotices); err != nil {
		return nil, 0, database.Wrap("notices", err)
	}
	for _, r := range rows {
		n := r.notice()
		if n.Read.IsZero() {
			unread++
		}
		list = append(list, n)
	}
	return list, unread, nil
}

// OwnNotices lists what an account was told in the console, newest first: all of it, or what is not newer than from.
func (s *Store) OwnNotices(ctx context.Context, account, from core.ID, page Page) (list []core.Notice, more bool, err error) {
	var own, until database.Where
	own.And("account_id = ?", int64(account))
	if from != 0 {
		until.And("id <= ?", int64(from))
	}
	rows, more, err := readPage[noticeBellRow](ctx, s, listQuery{
		columns: noticeFields, table: "notice", scope: own, filter: until, order: database.NewestFirst,
	}, page)
	for _, r := range rows {
		list = append(list, r.notice())
	}
	return list, more, database.Wrap("list own notices", err)
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
		if err != nil {
			return err
		}
		return outbox.Read(tx, account, last)
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
	if err != nil {
		return err
	}
	return outbox.ReadPage(tx, account, link, until)
}
