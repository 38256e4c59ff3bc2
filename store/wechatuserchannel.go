package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// ToldUser returns by which channel a WeChat user wants to be told first, of kinds that have it; "" = as usual.
func (s *Store) ToldUser(ctx context.Context, user core.ID) (first core.MessageChannel, err error) {
	err = s.db.Get(ctx, &first, "SELECT channel FROM wechat_user WHERE id = ?", int64(user))
	return first, database.Wrap("read the first channel", database.NotFoundIfNoRows(err, "用户不存在"))
}

// UpdateToldUser sets by which channel a WeChat user wants to be told first. What already waits is told by it, too.
func (s *Store) UpdateToldUser(ctx context.Context, user core.ID, first core.MessageChannel) error {
	if !slices.Contains(core.FirstChannels(core.ToWechat), first) {
		return core.InvalidFields(map[string]string{"first": "请选择先用哪个渠道"})
	}
	return s.db.Write(ctx, "set the first channel", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE wechat_user SET channel = ?, updated_at = ? WHERE id = ?", string(first), tx.NowMS(), int64(user))
		return err
	})
}

// moveChannel hands a WeChat user the choice of the one that turned out to be the same, if they have none.
func moveChannel(tx *database.Tx, from, to core.ID) error {
	var first core.MessageChannel
	if err := tx.Get(&first, "SELECT channel FROM wechat_user WHERE id = ?", int64(from)); err != nil || first == "" {
		return err
	}
	_, err := tx.Exec("UPDATE wechat_user SET channel = ? WHERE id = ? AND channel = ''", string(first), int64(to))
	return err
}
