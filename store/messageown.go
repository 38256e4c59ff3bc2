package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// OwnMessages lists what a WeChat user was told, or is to be told, newest first, by whatever channel.
func (s *Store) OwnMessages(ctx context.Context, user core.ID, page Page) (list []core.Message, more bool, err error) {
	var own database.Where
	own.And("to_kind = ?", core.ToWechat)
	own.And("to_id = ?", int64(user))
	own.And("state <> ?", string(core.MessageMerged))
	rows, more, err := readPage[outbox.Row](ctx, s, listQuery{
		columns: outbox.Columns, table: "message", scope: own, order: database.NewestFirst,
	}, page)
	for _, row := range rows {
		list = append(list, row.Message())
	}
	return list, more, database.Wrap("list own messages", err)
}

// ReadOwnMessages records that a WeChat user has seen their list of messages up to last.
func (s *Store) ReadOwnMessages(ctx context.Context, user, last core.ID) error {
	return s.db.Write(ctx, "read own messages", func(tx *database.Tx) error { return outbox.ReadOwn(tx, user, last) })
}
