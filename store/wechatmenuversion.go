package store

import (
	"context"
	"encoding/json"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

type wechatMenuVersionRow struct {
	ID      core.ID         `db:"id"`
	Buttons string          `db:"buttons"`
	At      database.Millis `db:"replaced_at"`
	By      string          `db:"replaced_by"`
}

const wechatMenuVersionColumns = "SELECT id, buttons, replaced_at, replaced_by FROM wechat_menu_version WHERE app_id = ? AND tag_id = ?"

func (r wechatMenuVersionRow) version() (core.WechatMenuVersion, error) {
	v := core.WechatMenuVersion{ID: r.ID, At: r.At.Time, By: r.By}
	return v, json.Unmarshal([]byte(r.Buttons), &v.Buttons)
}

// keepWechatMenu keeps the menu that a publication replaced; one that changed nothing is no version.
func keepWechatMenu(tx *database.Tx, by core.Actor, m core.WechatMenu) error {
	if len(m.Live) == 0 || slices.EqualFunc(m.Live, m.Draft, core.MenuButton.Equal) {
		return nil
	}
	buttons, err := json.Marshal(m.Live)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`
		INSERT INTO wechat_menu_version (id, app_id, tag_id, buttons, replaced_at, replaced_by)
		VALUES (?, ?, ?, ?, ?, ?)`, int64(tx.NewID()), m.AppID, m.Tag, string(buttons), tx.NowMS(), by.Name); err != nil {
		return err
	}
	return dropOldMenus(tx, m.AppID)
}

// menuVersions is how many replaced menus of an account are kept, of all its tags.
const menuVersions = 50

// dropOldMenus removes the oldest versions of an account's menus beyond those that are kept.
func dropOldMenus(tx *database.Tx, appID string) error {
	var last []core.ID
	if err := tx.All(&last, "SELECT id FROM wechat_menu_version WHERE app_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
		appID, menuVersions); err != nil || len(last) == 0 {
		return err
	}
	_, err := tx.Exec("DELETE FROM wechat_menu_version WHERE app_id = ? AND id <= ?", appID, int64(last[0]))
	return err
}

// WechatMenuVersions returns what a menu of an official account of the scope was before, newest first.
func (s *Store) WechatMenuVersions(
	ctx context.Context, scope core.Scope, of core.MenuFor, most int,
) ([]core.WechatMenuVersion, error) {
	if _, err := s.WechatOfficial(ctx, scope, of.AppID); err != nil {
		return nil, err
	}
	var rows []wechatMenuVersionRow
	if err := s.db.All(ctx, &rows, wechatMenuVersionColumns+" ORDER BY id DESC LIMIT ?", of.AppID, of.Tag, most); err != nil {
		return nil, database.Wrap("list earlier menus", err)
	}
	list := make([]core.WechatMenuVersion, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.version(); err != nil {
			return nil, database.Wrap("list earlier menus", err)
		}
	}
	return list, nil
}

// WechatMenuVersion returns what a menu of an official account of the scope once was.
func (s *Store) WechatMenuVersion(
	ctx context.Context, scope core.Scope, of core.MenuFor, id core.ID,
) (v core.WechatMenuVersion, err error) {
	if _, err := s.WechatOfficial(ctx, scope, of.AppID); err != nil {
		return v, err
	}
	var row wechatMenuVersionRow
	if err := s.db.Get(ctx, &row, wechatMenuVersionColumns+" AND id = ?", of.AppID, of.Tag, int64(id)); err != nil {
		return v, database.Wrap("read an earlier menu", database.NotFoundIfNoRows(err, "没有这一版菜单"))
	}
	v, err = row.version()
	return v, database.Wrap("read an earlier menu", err)
}
