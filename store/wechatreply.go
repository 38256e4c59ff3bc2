package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const noWechatReply = "自动回复不存在"

type wechatReplyRow struct {
	ID      core.ID              `db:"id"`
	AppID   string               `db:"app_id"`
	Kind    core.WechatReplyKind `db:"kind"`
	Word    string               `db:"word"`
	Text    string               `db:"text"`
	Updated database.Millis      `db:"updated_at"`
}

const wechatReplyColumns = "SELECT id, app_id, kind, word, text, updated_at FROM wechat_reply WHERE "

func (r wechatReplyRow) reply() core.WechatReply {
	return core.WechatReply{ID: r.ID, AppID: r.AppID, Kind: r.Kind, Word: r.Word, Text: r.Text, Updated: r.Updated.Time}
}

// WechatReplies lists what an official account answers, oldest first: at most core.MaxWechatReplies.
func (s *Store) WechatReplies(ctx context.Context, appID string) ([]core.WechatReply, error) {
	var rows []wechatReplyRow
	if err := s.db.All(ctx, &rows, wechatReplyColumns+"app_id = ? ORDER BY id", appID); err != nil {
		return nil, database.Wrap("read the replies", err)
	}
	list := make([]core.WechatReply, len(rows))
	for i, row := range rows {
		list[i] = row.reply()
	}
	return list, nil
}

// WechatReply returns one reply of an official account that serves a community of the scope.
func (s *Store) WechatReply(ctx context.Context, scope core.Scope, id core.ID) (core.WechatReply, error) {
	var row wechatReplyRow
	if err := s.db.Get(ctx, &row, wechatReplyColumns+"id = ?", int64(id)); err != nil {
		return core.WechatReply{}, database.Wrap("read a reply", database.NotFoundIfNoRows(err, noWechatReply))
	}
	if _, err := s.WechatOfficial(ctx, scope, row.AppID); err != nil {
		if core.IsNotFound(err) {
			err = core.NotFound(noWechatReply)
		}
		return core.WechatReply{}, err
	}
	return row.reply(), nil
}

// wechatReplyAudit is what the audit log records of a reply.
type wechatReplyAudit struct {
	AppID string `json:"app_id"`
	Kind  string `json:"kind"`
	Word  string `json:"word"`
	Text  string `json:"text"`
}

func auditOfWechatReply(r core.WechatReply) wechatReplyAudit {
	return wechatReplyAudit{r.AppID, string(r.Kind), r.Word, r.Text}
}

// errReplyTaken is returned for a second reply of the same occasion.
func errReplyTaken(r core.WechatReply) error {
	if r.Kind.Keyword() {
		return core.InvalidFields(map[string]string{"word": "这个关键词已有回复"})
	}
	return core.InvalidFields(map[string]string{"kind": "“" + r.Kind.Label() + "”已有回复，请修改它"})
}

// CreateWechatReply adds what an account answers.
func (s *Store) CreateWechatReply(
	ctx context.Context, by core.Actor, scope core.Scope, r core.WechatReply,
) (id core.ID, err error) {
	r = r.Trimmed()
	if err := r.Check(); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "add a reply", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, r.AppID); err != nil {
			return err
		}
		var n int
		if err := tx.Get(&n, "SELECT COUNT(*) FROM wechat_reply WHERE app_id = ?", r.AppID); err != nil {
			return err
		}
		if n >= core.MaxWechatReplies {
			return core.Conflict("自动回复已达上限，请先删除不用的")
		}
		id = tx.NewID()
		_, err := tx.Exec("INSERT INTO wechat_reply (id, app_id, kind, word, text, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
			int64(id), r.AppID, string(r.Kind), r.Word, r.Text, tx.NowMS())
		if database.IsDuplicate(err) {
			return errReplyTaken(r)
		}
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatreply.create", Subject: audit.Target("wechatreply", id), After: auditOfWechatReply(r),
		})
	})
	return id, err
}

// lockWechatReply returns a reply whose account may be changed, locked.
func (s *Store) lockWechatReply(tx *database.Tx, scope core.Scope, id core.ID) (core.WechatReply, error) {
	var row wechatReplyRow
	if err := tx.Get(&row, wechatReplyColumns+"id = ?"+tx.Dialect().ForUpdate(), int64(id)); err != nil {
		return core.WechatReply{}, database.NotFoundIfNoRows(err, noWechatReply)
	}
	_, err := s.changeableOfficial(tx, scope, row.AppID)
	if core.IsNotFound(err) {
		err = core.NotFound(noWechatReply)
	}
	return row.reply(), err
}

// UpdateWechatReply changes a reply's keyword, way and text; its account cannot change. It returns the new Updated.
func (s *Store) UpdateWechatReply(
	ctx context.Context, by core.Actor, scope core.Scope, r core.WechatReply,
) (updated time.Time, err error) {
	err = s.db.Write(ctx, "change a reply", func(tx *database.Tx) error {
		before, err := s.lockWechatReply(tx, scope, r.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(r.Updated, before.Updated); err != nil {
			return err
		}
		after := r.Trimmed()
		after.AppID = before.AppID
		if err := after.Check(); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		err = tx.ExecOne(core.NotFound(noWechatReply), "UPDATE wechat_reply SET kind = ?, word = ?, text = ?, updated_at = ? WHERE id = ?",
			string(after.Kind), after.Word, after.Text, updated.UnixMilli(), int64(after.ID))
		if database.IsDuplicate(err) {
			return errReplyTaken(after)
		}
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatreply.update", Subject: audit.Target("wechatreply", r.ID),
			Before: auditOfWechatReply(before), After: auditOfWechatReply(after),
		})
	})
	return updated, err
}

// RemoveWechatReply deletes a reply.
func (s *Store) RemoveWechatReply(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove a reply", func(tx *database.Tx) error {
		before, err := s.lockWechatReply(tx, scope, id)
		if err != nil {
			return err
		}
		if err := tx.ExecOne(core.NotFound(noWechatReply), "DELETE FROM wechat_reply WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatreply.remove", Subject: audit.Target("wechatreply", id), Before: auditOfWechatReply(before),
		})
	})
}
