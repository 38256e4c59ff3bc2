package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type wechatMenuRow struct {
	ID        core.ID         `db:"id"`
	AppID     string          `db:"app_id"`
	Tag       int             `db:"tag_id"`
	Draft     string          `db:"draft"`
	Live      string          `db:"live"`
	Published database.Millis `db:"published_at"`
	Busy      database.Millis `db:"busy_until"`
	Updated   database.Millis `db:"updated_at"`
}

const wechatMenuColumns = `
	SELECT id, app_id, tag_id, draft, live, published_at, busy_until, updated_at
	FROM wechat_menu
	WHERE app_id = ?`

const ofMenuTag = " AND tag_id = ?"

func (r wechatMenuRow) menu() (core.WechatMenu, error) {
	m := core.WechatMenu{ID: r.ID, MenuFor: core.MenuFor{AppID: r.AppID, Tag: r.Tag}, Published: r.Published.Time, Updated: r.Updated.Time}
	if err := json.Unmarshal([]byte(r.Draft), &m.Draft); err != nil {
		return m, err
	}
	if r.Live == "" {
		return m, nil
	}
	return m, json.Unmarshal([]byte(r.Live), &m.Live)
}

// WechatMenu returns a menu of an official account of the scope; with ID 0 if there is no draft yet.
func (s *Store) WechatMenu(ctx context.Context, scope core.Scope, of core.MenuFor) (core.WechatMenu, error) {
	if _, err := s.WechatOfficial(ctx, scope, of.AppID); err != nil {
		return core.WechatMenu{}, err
	}
	return s.wechatMenu(ctx, of)
}

func (s *Store) wechatMenu(ctx context.Context, of core.MenuFor) (core.WechatMenu, error) {
	var rows []wechatMenuRow
	if err := s.db.All(ctx, &rows, wechatMenuColumns+ofMenuTag, of.AppID, of.Tag); err != nil {
		return core.WechatMenu{}, database.Wrap("read a WeChat menu", err)
	}
	if len(rows) == 0 {
		return core.WechatMenu{MenuFor: of}, nil
	}
	m, err := rows[0].menu()
	return m, database.Wrap("read a WeChat menu", err)
}

// WechatMenus returns all menus of an official account of the scope, as somebody's is looked for: that of the tag
// that was published last comes first, then those that were not, then the menu of all.
func (s *Store) WechatMenus(ctx context.Context, scope core.Scope, appID string) ([]core.WechatMenu, error) {
	if _, err := s.WechatOfficial(ctx, scope, appID); err != nil {
		return nil, err
	}
	var rows []wechatMenuRow
	if err := s.db.All(ctx, &rows, wechatMenuColumns+" ORDER BY CASE WHEN tag_id = 0 THEN 1 ELSE 0 END, "+
		"COALESCE(published_at, 0) DESC, tag_id", appID); err != nil {
		return nil, database.Wrap("read WeChat menus", err)
	}
	menus := make([]core.WechatMenu, len(rows))
	for i, row := range rows {
		var err error
		if menus[i], err = row.menu(); err != nil {
			return nil, database.Wrap("read WeChat menus", err)
		}
	}
	return menus, nil
}

// WechatMenuReply returns the text that answers a press of a published button; "" = none. Phones may still have the menu
// before.
func (s *Store) WechatMenuReply(ctx context.Context, appID, key string) (string, error) {
	m, err := s.wechatMenu(ctx, core.MenuForKey(appID, key))
	text := m.Reply(key)
	if err != nil || text != "" || m.ID == 0 {
		return text, err
	}
	var before []string
	if err := s.db.All(ctx, &before, `
		SELECT buttons
		FROM wechat_menu_version
		WHERE app_id = ?
		AND tag_id = ?
		ORDER BY id DESC
		LIMIT 1`, m.AppID, m.Tag); err != nil || len(before) == 0 {
		return "", database.Wrap("read the menu before", err)
	}
	if err := json.Unmarshal([]byte(before[0]), &m.Live); err != nil {
		return "", database.Wrap("read the menu before", err)
	}
	return m.Reply(key), nil
}

// wechatMenuAudit is what the audit log records of a menu.
type wechatMenuAudit struct {
	AppID   string   `json:"app_id"`
	Tag     string   `json:"tag"` // its name; "" = of all
	Buttons []string `json:"buttons"`
}

// auditWechatMenu records an act on a menu.
func auditWechatMenu(tx *database.Tx, by core.Actor, change wechatMenuChange) error {
	tag := ""
	if change.of.Tag != 0 {
		tags, err := readFollowerTags(change.of.AppID, tx.All)
		if err != nil {
			return err
		}
		tag = strconv.Itoa(change.of.Tag) // WeChat has removed it
		if i := slices.IndexFunc(tags, func(t core.FollowerTag) bool { return t.Number == change.of.Tag }); i >= 0 {
			tag = tags[i].Name
		}
	}
	state := func(buttons []core.MenuButton) any {
		if buttons == nil {
			return nil
		}
		return wechatMenuAudit{change.of.AppID, tag, core.MenuWords(buttons)}
	}
	return audit.Write(tx, by, audit.Entry{
		Action: change.action, Subject: audit.Target("wechatmenu", change.id),
		Before: state(change.before), After: state(change.after),
	})
}

// wechatMenuChange is what an act makes of a menu.
type wechatMenuChange struct {
	action        string
	id            core.ID
	of            core.MenuFor
	before, after []core.MenuButton // nil = there is none
}

// lockWechatMenu returns a menu's row, locked; ok is false if there is none.
func lockWechatMenu(tx *database.Tx, of core.MenuFor) (row wechatMenuRow, ok bool, err error) {
	err = tx.Get(&row, wechatMenuColumns+ofMenuTag+tx.Dialect().ForUpdate(), of.AppID, of.Tag)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// UpdateWechatMenu saves the draft of a menu, which nobody else sees. Updated is that of the draft before,
// zero if there was none.
func (s *Store) UpdateWechatMenu(
	ctx context.Context, by core.Actor, scope core.Scope, m core.WechatMenu,
) (updated time.Time, err error) {
	draft, err := json.Marshal(m.Draft)
	if err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "save the draft of a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, m.AppID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, m.MenuFor)
		if err != nil {
			return err
		}
		before, after := core.WechatMenu{}, row.ID
		if found {
			if before, err = row.menu(); err != nil {
				return err
			}
			if err := database.CheckUnchanged(seenOrNever(m.Updated), before.Updated); err != nil {
				return err
			}
		}
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		if found {
			err = tx.ExecOne(database.ErrRace, "UPDATE wechat_menu SET draft = ?, updated_at = ? WHERE id = ?",
				string(draft), updated.UnixMilli(), int64(row.ID))
		} else {
			after = tx.NewID()
			_, err = tx.Exec(`
				INSERT INTO wechat_menu (id, app_id, tag_id, draft, live, busy_until, updated_at)
				VALUES (?, ?, ?, ?, '', 0, ?)`, int64(after), m.AppID, m.Tag, string(draft), updated.UnixMilli())
			if database.IsDuplicate(err) {
				return database.ErrRace
			}
		}
		if err != nil {
			return err
		}
		return auditWechatMenu(tx, by, wechatMenuChange{
			action: "wechatmenu.update", id: after, of: m.MenuFor, before: before.Draft, after: m.Draft,
		})
	})
	return updated, err
}

// wechatMenuBusy is how long publishing may take: the calls of it, and a margin.
const wechatMenuBusy = 30 * time.Second

// BeginWechatMenu reserves a menu for publishing, or for removing, and returns it: of two who do so at once, one is
// refused. seen is the draft's Updated that who publishes has seen; zero = whatever it is. PublishWechatMenu,
// RemoveWechatMenu or ReleaseWechatMenu ends that; after half a minute it ends by itself.
func (s *Store) BeginWechatMenu(
	ctx context.Context, scope core.Scope, of core.MenuFor, seen time.Time,
) (m core.WechatMenu, err error) {
	err = s.db.Write(ctx, "begin to publish a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, of.AppID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, of)
		if err != nil {
			return err
		}
		if !found {
			return core.Conflict("菜单还没有保存过")
		}
		if m, err = row.menu(); err != nil {
			return err
		}
		if !seen.IsZero() && !seen.Equal(m.Updated) {
			return core.Conflict("草稿刚被他人修改，请看过再发布")
		}
		return tx.ExecOne(core.Conflict("正在发布，请稍后再看"), "UPDATE wechat_menu SET busy_until = ? WHERE id = ? AND busy_until < ?",
			tx.Now().Add(wechatMenuBusy).UnixMilli(), int64(row.ID), tx.NowMS())
	})
	return m, err
}

// PublishWechatMenu records that WeChat has taken the draft of m, which BeginWechatMenu returned. The Live of m, what
// followers saw until then, is kept as a version.
func (s *Store) PublishWechatMenu(ctx context.Context, by core.Actor, scope core.Scope, m core.WechatMenu) error {
	live, err := json.Marshal(m.Draft)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "publish a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, m.AppID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, m.MenuFor)
		if err != nil {
			return err
		}
		if !found {
			return core.Conflict(noWechatMenu)
		}
		before, err := row.menu()
		if err != nil {
			return err
		}
		if err := tx.ExecOne(database.ErrRace, "UPDATE wechat_menu SET live = ?, published_at = ?, busy_until = 0 WHERE id = ?",
			string(live), tx.NowMS(), int64(row.ID)); err != nil {
			return err
		}
		if err := keepWechatMenu(tx, by, m); err != nil {
			return err
		}
		return auditWechatMenu(tx, by, wechatMenuChange{
			action: "wechatmenu.publish", id: row.ID, of: m.MenuFor, before: before.Live, after: m.Draft,
		})
	})
}

const noWechatMenu = "菜单已被删除，请重新打开"

// RemoveWechatMenu records that WeChat has removed the menu of a tag, which BeginWechatMenu reserved, and drops its
// draft and its versions.
func (s *Store) RemoveWechatMenu(ctx context.Context, by core.Actor, scope core.Scope, of core.MenuFor) error {
	if of.Tag == 0 {
		return core.Conflict("所有人的菜单不能删除")
	}
	return s.db.Write(ctx, "remove a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, of.AppID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, of)
		if err != nil {
			return err
		}
		if !found {
			return core.Conflict(noWechatMenu)
		}
		before, err := row.menu()
		if err != nil {
			return err
		}
		if err := tx.ExecOne(database.ErrRace, "DELETE FROM wechat_menu WHERE id = ?", int64(row.ID)); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM wechat_menu_version WHERE app_id = ? AND tag_id = ?", of.AppID, of.Tag); err != nil {
			return err
		}
		was := before.Live
		if was == nil {
			was = before.Draft
		}
		return auditWechatMenu(tx, by, wechatMenuChange{action: "wechatmenu.remove", id: row.ID, of: of, before: was})
	})
}

// ReleaseWechatMenu ends what BeginWechatMenu began, if WeChat refused.
func (s *Store) ReleaseWechatMenu(ctx context.Context, of core.MenuFor) error {
	return s.db.Write(ctx, "release a WeChat menu", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE wechat_menu SET busy_until = 0 WHERE app_id = ? AND tag_id = ?", of.AppID, of.Tag)
		return err
	})
}
