package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type wechatTemplateRow struct {
	ID       core.ID          `db:"id"`
	AppID    string           `db:"app_id"`
	Kind     core.MessageKind `db:"kind"`
	Template string           `db:"template_id"`
	Title    string           `db:"title"`
	Fields   string           `db:"fields"`
	Updated  database.Millis  `db:"updated_at"`
}

const wechatTemplateColumns = "SELECT id, app_id, kind, template_id, title, fields, updated_at FROM wechat_template WHERE "

func (r wechatTemplateRow) template() (core.WechatTemplate, error) {
	t := core.WechatTemplate{
		ID: r.ID, AppID: r.AppID, Kind: r.Kind, Template: r.Template, Title: r.Title, Updated: r.Updated.Time,
	}
	return t, json.Unmarshal([]byte(r.Fields), &t.Fields)
}

// readWechatTemplates reads the choices of a condition: there are few.
func readWechatTemplates(
	where string, args []any, all readAll,
) ([]core.WechatTemplate, error) {
	var rows []wechatTemplateRow
	if err := all(&rows, wechatTemplateColumns+where+" ORDER BY id", args...); err != nil {
		return nil, database.Wrap("read the message templates", err)
	}
	list := make([]core.WechatTemplate, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.template(); err != nil {
			return nil, database.Wrap("read the message templates", err)
		}
	}
	return list, nil
}

// WechatOfficial returns an official account that serves a community of the scope, by WeChat's id of it: of the
// configuration file or of the console, in use.
func (s *Store) WechatOfficial(ctx context.Context, scope core.Scope, appID string) (core.WechatApp, error) {
	apps, err := s.WechatOfficials(ctx, scope)
	for _, a := range apps {
		if a.AppID == appID {
			return a, nil
		}
	}
	if err == nil {
		err = core.NotFound(noWechatApp)
	}
	return core.WechatApp{}, err
}

// WechatOfficials lists the official accounts in use that serve a community of the scope.
func (s *Store) WechatOfficials(ctx context.Context, scope core.Scope) ([]core.WechatApp, error) {
	apps, err := s.WechatApps(ctx, scope)
	var official []core.WechatApp
	for _, a := range apps {
		if a.Kind == core.WechatOfficial && a.Disabled.IsZero() {
			official = append(official, a)
		}
	}
	return official, err
}

// WechatSenders lists the accounts in use that send by templates and serve a community of the scope: the official
// accounts, then the mini-programs.
func (s *Store) WechatSenders(ctx context.Context, scope core.Scope) ([]core.WechatApp, error) {
	apps, err := s.WechatApps(ctx, scope)
	var official, minis []core.WechatApp
	for _, a := range apps {
		switch {
		case !a.Disabled.IsZero():
		case a.Kind == core.WechatOfficial:
			official = append(official, a)
		case a.Kind == core.WechatMini:
			minis = append(minis, a)
		}
	}
	return append(official, minis...), err
}

// changeableOfficial returns an official account whose contents may be changed: it serves no community out of the
// scope.
func (s *Store) changeableOfficial(tx *database.Tx, scope core.Scope, appID string) (core.WechatApp, error) {
	return s.changeableApp(tx, scope, appID, core.WechatOfficial)
}

// changeableSender is changeableOfficial for what sends by templates.
func (s *Store) changeableSender(tx *database.Tx, scope core.Scope, appID string) (core.WechatApp, error) {
	return s.changeableApp(tx, scope, appID, core.WechatOfficial, core.WechatMini)
}

func (s *Store) changeableApp(
	tx *database.Tx, scope core.Scope, appID string, kinds ...core.WechatAppKind,
) (core.WechatApp, error) {
	within, args := wechatAppsWithin(scope)
	_, apps, err := readWechatApps(within+" AND app_id = ?", append(args, appID), tx.All)
	if err != nil {
		return core.WechatApp{}, err
	}
	for _, a := range append(s.wechat.apps(), apps...) {
		switch {
		case a.AppID != appID || !slices.Contains(kinds, a.Kind):
		case !a.Disabled.IsZero():
			return a, core.Conflict(a.Kind.Label() + "已停用")
		case !scope.Covers(a.Scope):
			return a, core.Forbidden("它还负责您管理范围以外的小区，请由上级管理员操作")
		default:
			return a, nil
		}
	}
	return core.WechatApp{}, core.NotFound(noWechatApp)
}

// WechatTemplates lists the message templates chosen for an official account, or a mini-program, of the scope.
func (s *Store) WechatTemplates(ctx context.Context, scope core.Scope, appID string) ([]core.WechatTemplate, error) {
	apps, err := s.WechatSenders(ctx, scope)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(apps, func(a core.WechatApp) bool { return a.AppID == appID }) {
		return nil, core.NotFound(noWechatApp)
	}
	return readWechatTemplates("app_id = ?", []any{appID}, s.allOf(ctx))
}

// wechatTemplateAudit is what the audit log records of a choice.
type wechatTemplateAudit struct {
	AppID    string   `json:"app_id"`
	Kind     string   `json:"kind"`
	Title    string   `json:"title"`
	Template string   `json:"template"`
	Fields   []string `json:"fields"`
}

func auditOfWechatTemplate(t core.WechatTemplate) any {
	if t.ID == 0 {
		return nil
	}
	a := wechatTemplateAudit{AppID: t.AppID, Kind: string(t.Kind), Title: t.Title, Template: t.Template}
	for _, f := range t.Fields {
		a.Fields = append(a.Fields, strings.Join([]string{f.Label, core.MessagePartLabel(f.Part)}, "="))
	}
	return a
}

// wechatTemplateOf returns the choice for a kind, locked; zero = there is none.
func wechatTemplateOf(tx *database.Tx, appID string, kind core.MessageKind) (core.WechatTemplate, error) {
	var row wechatTemplateRow
	err := tx.Get(&row, wechatTemplateColumns+"app_id = ? AND kind = ?"+tx.Dialect().ForUpdate(), appID, string(kind))
	if errors.Is(err, sql.ErrNoRows) {
		return core.WechatTemplate{}, nil
	}
	if err != nil {
		return core.WechatTemplate{}, err
	}
	return row.template()
}

// UpdateWechatTemplate chooses by which template of an account a kind of message is sent. Updated is that of the
// choice before, zero if there was none.
func (s *Store) UpdateWechatTemplate(
	ctx context.Context, by core.Actor, scope core.Scope, t core.WechatTemplate,
) (updated time.Time, err error) {
	fields, err := json.Marshal(t.Fields)
	if err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "choose a message template", func(tx *database.Tx) error {
		app, err := s.changeableSender(tx, scope, t.AppID)
		if err != nil {
			return err
		}
		if err := t.Check(app.Kind); err != nil {
			return err
		}
		before, err := wechatTemplateOf(tx, t.AppID, t.Kind)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(seenOrNever(t.Updated), before.Updated); before.ID != 0 && err != nil {
			return err
		}
		after := t
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		if after.ID = before.ID; after.ID == 0 {
			after.ID = tx.NewID()
			_, err = tx.Exec(`
				INSERT INTO wechat_template (id, app_id, kind, template_id, title, fields, updated_at)
				VALUES (?, ?, ?, ?, ?, ?, ?)`,
				int64(after.ID), t.AppID, string(t.Kind), t.Template, t.Title, string(fields), updated.UnixMilli())
			if database.IsDuplicate(err) {
				return database.ErrRace
			}
		} else {
			err = tx.ExecOne(database.ErrRace, `
				UPDATE wechat_template
				SET template_id = ?, title = ?, fields = ?, updated_at = ?
				WHERE id = ?`, t.Template, t.Title, string(fields), updated.UnixMilli(), int64(after.ID))
		}
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechattemplate.update", Subject: audit.Target("wechattemplate", after.ID),
			Before: auditOfWechatTemplate(before), After: auditOfWechatTemplate(after),
		})
	})
	if err == nil {
		s.wechat.forget()
	}
	return updated, err
}

// seenOrNever returns a time for database.CheckUnchanged: one that saw nothing has not seen what is there now.
func seenOrNever(seen time.Time) time.Time {
	if seen.IsZero() {
		return time.UnixMilli(1)
	}
	return seen
}

// RemoveWechatTemplate takes back the choice for a kind: it is sent by the configuration file's template again, or
// by none.
func (s *Store) RemoveWechatTemplate(
	ctx context.Context, by core.Actor, scope core.Scope, appID string, kind core.MessageKind,
) error {
	err := s.db.Write(ctx, "take a message template back", func(tx *database.Tx) error {
		if _, err := s.changeableSender(tx, scope, appID); err != nil {
			return err
		}
		before, err := wechatTemplateOf(tx, appID, kind)
		if err != nil {
			return err
		}
		if err := tx.ExecOne(core.Conflict("没有设置过模板"), "DELETE FROM wechat_template WHERE id = ?", int64(before.ID)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechattemplate.remove", Subject: audit.Target("wechattemplate", before.ID),
			Before: auditOfWechatTemplate(before),
		})
	})
	if err == nil {
		s.wechat.forget()
	}
	return err
}

// RecentWechatTemplates returns how each account sends which kinds of messages, by WeChat's id of the account, as
// recent as RecentWechatApps. The maps must not be changed.
func (s *Store) RecentWechatTemplates(ctx context.Context) map[string]map[core.MessageKind]core.MessageTemplate {
	s.RecentWechatApps(ctx)
	s.wechat.mu.Lock()
	defer s.wechat.mu.Unlock()
	return s.wechat.templates
}

// FollowerOpenID returns the open id by which an official account reaches the WeChat user bound to an account; a
// conflict says what is missing.
func (s *Store) FollowerOpenID(ctx context.Context, account core.ID, appID string) (string, error) {
	var rows []struct {
		User     core.ID         `db:"user_id"`
		Open     sql.NullString  `db:"open_id"`
		Followed database.Millis `db:"followed_at"`
	}
	if err := s.db.All(ctx, &rows, `
		SELECT a.user_id, i.open_id, i.followed_at
		FROM account a
		LEFT JOIN wechat_identity i ON i.user_id = a.user_id
			AND i.app_id = ?
		WHERE a.id = ?`, appID, int64(account)); err != nil {
		return "", database.Wrap("find an account's open id", err)
	}
	for _, row := range rows {
		if row.User != 0 && row.Open.String != "" && !row.Followed.IsZero() {
			return row.Open.String, nil
		}
	}
	if len(rows) == 0 || rows[0].User == 0 {
		return "", core.Conflict("您的账号还没有绑定微信，请先在“我的账号”绑定")
	}
	return "", core.Conflict("您的微信还没有关注这个公众号，请先扫码关注")
}
