package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type wechatMenuRow struct {
	ID        core.ID         `db:"id"`
	AppID     string          `db:"app_id"`
	Draft     string          `db:"draft"`
	Live      string          `db:"live"`
	Published database.Millis `db:"published_at"`
	Busy      database.Millis `db:"busy_until"`
	Updated   database.Millis `db:"updated_at"`
}

const wechatMenuColumns = "SELECT id, app_id, draft, live, published_at, busy_until, updated_at FROM wechat_menu WHERE app_id = ?"

func (r wechatMenuRow) menu() (core.WechatMenu, error) {
	m := core.WechatMenu{ID: r.ID, AppID: r.AppID, Published: r.Published.Time, Updated: r.Updated.Time}
	if err := json.Unmarshal([]byte(r.Draft), &m.Draft); err != nil {
		return m, err
	}
	if r.Live == "" {
		return m, nil
	}
	return m, json.Unmarshal([]byte(r.Live), &m.Live)
}

// WechatMenu returns the menu of an official account of the scope; with ID 0 if there is no draft yet.
func (s *Store) WechatMenu(ctx context.Context, scope core.Scope, appID string) (core.WechatMenu, error) {
	if _, err := s.WechatOfficial(ctx, scope, appID); err != nil {
		return core.WechatMenu{}, err
	}
	return s.wechatMenu(ctx, appID)
}

func (s *Store) wechatMenu(ctx context.Context, appID string) (core.WechatMenu, error) {
	var rows []wechatMenuRow
	if err := s.db.All(ctx, &rows, wechatMenuColumns, appID); err != nil {
		return core.WechatMenu{}, database.Wrap("read a WeChat menu", err)
	}
	if len(rows) == 0 {
		return core.WechatMenu{AppID: appID}, nil
	}
	m, err := rows[0].menu()
	return m, database.Wrap("read a WeChat menu", err)
}

// WechatMenuReply returns the text that answers a press of a published button; "" = none.
func (s *Store) WechatMenuReply(ctx context.Context, appID, key string) (string, error) {
	m, err := s.wechatMenu(ctx, appID)
	return core.MenuReplyOf(m.Live, key), err
}

// wechatMenuAudit is what the audit log records of a menu.
type wechatMenuAudit struct {
	AppID   string   `json:"app_id"`
	Buttons []string `json:"buttons"`
}

func auditOfWechatMenu(appID string, buttons []core.MenuButton) any {
	if buttons == nil {
		return nil
	}
	return wechatMenuAudit{appID, core.MenuWords(buttons)}
}

// lockWechatMenu returns an account's menu row, locked; ok is false if there is none.
func lockWechatMenu(tx *database.Tx, appID string) (row wechatMenuRow, ok bool, err error) {
	err = tx.Get(&row, wechatMenuColumns+tx.Dialect().ForUpdate(), appID)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// UpdateWechatMenu saves the draft of an account's menu, which nobody else sees. Updated is that of the draft before,
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
		row, found, err := lockWechatMenu(tx, m.AppID)
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
			_, err = tx.Exec("INSERT INTO wechat_menu (id, app_id, draft, live, busy_until, updated_at) VALUES (?, ?, ?, '', 0, ?)",
				int64(after), m.AppID, string(draft), updated.UnixMilli())
			if database.IsDuplicate(err) {
				return database.ErrRace
			}
		}
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatmenu.update", Subject: audit.Target("wechatmenu", after),
			Before: auditOfWechatMenu(m.AppID, before.Draft), After: auditOfWechatMenu(m.AppID, m.Draft),
		})
	})
	return updated, err
}

// wechatMenuBusy is how long publishing may take: the calls of it, and a margin.
const wechatMenuBusy = 30 * time.Second

// BeginWechatMenu reserves an account's menu for publishing and returns it: of two who publish at once, one is
// refused. PublishWechatMenu or ReleaseWechatMenu ends that; after half a minute it ends by itself.
func (s *Store) BeginWechatMenu(ctx context.Context, scope core.Scope, appID string) (m core.WechatMenu, err error) {
	err = s.db.Write(ctx, "begin to publish a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, appID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, appID)
		if err != nil {
			return err
		}
		if !found {
			return core.Conflict("菜单还没有保存过")
		}
		if m, err = row.menu(); err != nil {
			return err
		}
		if err := core.CheckMenu(m.Draft); err != nil {
			return err
		}
		return tx.ExecOne(core.Conflict("正在发布，请稍后再看"), "UPDATE wechat_menu SET busy_until = ? WHERE id = ? AND busy_until < ?",
			tx.Now().Add(wechatMenuBusy).UnixMilli(), int64(row.ID), tx.NowMS())
	})
	return m, err
}

// PublishWechatMenu records that WeChat has taken the draft of m, which BeginWechatMenu returned.
func (s *Store) PublishWechatMenu(ctx context.Context, by core.Actor, scope core.Scope, m core.WechatMenu) error {
	live, err := json.Marshal(m.Draft)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "publish a WeChat menu", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, m.AppID); err != nil {
			return err
		}
		row, found, err := lockWechatMenu(tx, m.AppID)
		if err != nil {
			return err
		}
		if !found {
			return database.ErrRace
		}
		before, err := row.menu()
		if err != nil {
			return err
		}
		if err := tx.ExecOne(database.ErrRace, "UPDATE wechat_menu SET live = ?, published_at = ?, busy_until = 0 WHERE id = ?",
			string(live), tx.NowMS(), int64(row.ID)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatmenu.publish", Subject: audit.Target("wechatmenu", row.ID),
			Before: auditOfWechatMenu(m.AppID, before.Live), After: auditOfWechatMenu(m.AppID, m.Draft),
		})
	})
}

// ReleaseWechatMenu ends what BeginWechatMenu began, if WeChat refused the menu.
func (s *Store) ReleaseWechatMenu(ctx context.Context, appID string) error {
	return s.db.Write(ctx, "release a WeChat menu", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE wechat_menu SET busy_until = 0 WHERE app_id = ?", appID)
		return err
	})
}
