package store

import (
	"context"
	"slices"
	"time"

	"tongxing/store/database"
)

// mendWechat notes that an account of the configuration file works again, so that all servers call it: others have a row that
// says so.
func (s *Store) mendWechat(tx *database.Tx, appID string) error {
	if !slices.ContainsFunc(s.wechat.configured, func(c KeyedWechatApp) bool { return c.App.AppID == appID }) {
		return nil
	}
	if err := database.InsertRows(tx, tx.Dialect().InsertIgnore(), "wechat_mended", "app_id, mended_at", [][]any{{appID, 0}}); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE wechat_mended SET mended_at = ? WHERE app_id = ?", tx.NowMS(), appID)
	return err
}

// mendedWechat returns when the accounts of the configuration file were last found to work again.
func (s *Store) mendedWechat(ctx context.Context) (map[string]time.Time, error) {
	mended := map[string]time.Time{}
	if len(s.wechat.configured) == 0 {
		return mended, nil
	}
	var rows []struct {
		App string          `db:"app_id"`
		At  database.Millis `db:"mended_at"`
	}
	err := s.db.All(ctx, &rows, "SELECT app_id, mended_at FROM wechat_mended")
	for _, row := range rows {
		mended[row.App] = row.At.Time
	}
	return mended, err
}
