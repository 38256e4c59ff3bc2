package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// noWechatApp is the message for an app that is not there.
const noWechatApp = "微信接入不存在"

// MaxWechatApps bounds the apps of a deployment.
const MaxWechatApps = 100

// KeyedWechatApp is an app with its keys: of the configuration file, or as the program uses it.
type KeyedWechatApp struct {
	App  core.WechatApp
	Keys core.WechatKeys
}

type wechatAppRow struct {
	ID       core.ID            `db:"id"`
	Kind     core.WechatAppKind `db:"kind"`
	Name     string             `db:"name"`
	AppID    string             `db:"app_id"`
	Agent    int                `db:"agent_id"`
	Secret   string             `db:"secret_cipher"`
	Contact  string             `db:"contact_cipher"`
	Token    string             `db:"token_cipher"`
	AESKey   string             `db:"aes_key_cipher"`
	Whole    int                `db:"all_communities"`
	Called   database.Millis    `db:"called_at"`
	Refused  database.Millis    `db:"refused_at"`
	Refusal  core.WechatRefusal `db:"refusal"`
	Checked  database.Millis    `db:"checked_at"`
	Problem  string             `db:"problem"`
	Updated  database.Millis    `db:"updated_at"`
	Disabled database.Millis    `db:"disabled_at"`
}

const wechatAppColumns = `SELECT id, kind, name, app_id, agent_id, secret_cipher, contact_cipher, token_cipher, aes_key_cipher,
	all_communities, called_at, refused_at, refusal, checked_at, problem, updated_at, disabled_at FROM wechat_app`

func (r wechatAppRow) app() core.WechatApp {
	a := core.WechatApp{
		ID: r.ID, Kind: r.Kind, Name: r.Name, AppID: r.AppID, Agent: r.Agent, Sealed: r.AESKey != "", Called: r.Called.Time,
		Refused: r.Refused.Time, Refusal: r.Refusal,
		Checked: core.WechatCheck{At: r.Checked.Time, Problem: r.Problem}, Disabled: r.Disabled.Time, Updated: r.Updated.Time,
	}
	if r.Whole != 0 {
		a.Scope = core.Everywhere
	}
	return a
}

func (r wechatAppRow) keys(tx interface {
	Reveal(column, sealed string) string
}) core.WechatKeys {
	return core.WechatKeys{
		Secret: tx.Reveal("wechat_app.secret", r.Secret), Contact: tx.Reveal("wechat_app.contact", r.Contact),
		Token: tx.Reveal("wechat_app.token", r.Token), AESKey: tx.Reveal("wechat_app.aes_key", r.AESKey),
	}
}

// sealedKeys are the keys as the table has them.
type sealedKeys struct{ secret, contact, token, aesKey string }

func (s *Store) sealWechatKeys(k core.WechatKeys) (sealed sealedKeys, err error) {
	for _, key := range []struct {
		column, text string
		to           *string
	}{
		{"wechat_app.secret", k.Secret, &sealed.secret}, {"wechat_app.contact", k.Contact, &sealed.contact},
		{"wechat_app.token", k.Token, &sealed.token}, {"wechat_app.aes_key", k.AESKey, &sealed.aesKey},
	} {
		if key.text == "" {
			continue
		}
		if *key.to, err = s.db.Keys().Seal(key.column, key.text); err != nil {
			return sealed, database.Wrap("seal the keys of a WeChat app", err)
		}
	}
	return sealed, nil
}

// set adds the keys that are not empty to the columns and arguments of an UPDATE.
func (k sealedKeys) set(columns string, args []any) (string, []any) {
	for column, text := range map[string]string{
		"secret_cipher": k.secret, "contact_cipher": k.contact, "token_cipher": k.token, "aes_key_cipher": k.aesKey,
	} {
		if text != "" {
			columns, args = columns+", "+column+" = ?", append(args, text)
		}
	}
	return columns, args
}

// wechatAppsWithin returns the condition that an app serves all communities, or one of the scope.
func wechatAppsWithin(scope core.Scope) (string, []any) {
	within, args := database.ScopeWhere(scope, "community_id")
	return "(all_communities <> 0 OR id IN (SELECT wechat_app_id FROM wechat_app_community WHERE " + within + "))", args
}

// readWechatApps reads the apps of a condition, with all their communities: there are few.
func readWechatApps(
	where string, args []any, all readAll,
) ([]wechatAppRow, []core.WechatApp, error) {
	var rows []wechatAppRow
	if err := all(&rows, wechatAppColumns+" WHERE "+where, args...); err != nil {
		return nil, nil, database.Wrap("read the WeChat apps", err)
	}
	var links []struct {
		App       core.ID `db:"wechat_app_id"`
		Community core.ID `db:"community_id"`
	}
	if err := all(&links, `
		SELECT wechat_app_id, community_id
		FROM wechat_app_community
		ORDER BY community_id`); err != nil {
		return nil, nil, database.Wrap("read the WeChat apps", err)
	}
	apps := make([]core.WechatApp, len(rows))
	for i, row := range rows {
		apps[i] = row.app()
		for _, link := range links {
			if link.App == row.ID {
				apps[i].Scope = apps[i].Scope.With(link.Community)
			}
		}
	}
	return rows, apps, nil
}

// WechatApps lists the apps that serve a community of the scope: first those of the configuration file, which
// have no id, then the console's.
func (s *Store) WechatApps(ctx context.Context, scope core.Scope) ([]core.WechatApp, error) {
	within, args := wechatAppsWithin(scope)
	_, apps, err := readWechatApps(within+" ORDER BY id", args, s.allOf(ctx))
	return append(s.wechat.apps(), apps...), err
}

// WechatApp returns one app of the console that serves a community of the scope.
func (s *Store) WechatApp(ctx context.Context, scope core.Scope, id core.ID) (core.WechatApp, error) {
	within, args := wechatAppsWithin(scope)
	_, apps, err := readWechatApps(within+" AND id = ?", append(args, int64(id)), s.allOf(ctx))
	if err == nil && len(apps) == 0 {
		err = core.NotFound(noWechatApp)
	}
	if err != nil {
		return core.WechatApp{}, err
	}
	return apps[0], nil
}

// wechatAppAudit is what the audit log records of an app. Of its keys only that they are new.
type wechatAppAudit struct {
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	AppID       string `json:"app_id"`
	Communities string `json:"communities"`
	Agent       int    `json:"agent,omitempty"`
	Secret      string `json:"secret,omitempty"`
	Contact     string `json:"contact,omitempty"`
	Token       string `json:"token,omitempty"`
	AESKey      string `json:"aes_key,omitempty"`
	Disabled    bool   `json:"disabled"`
	Staff       string `json:"staff,omitempty"` // what became of those of a company that is no longer tied
}

// auditedKeys returns what the audit log says of the keys that replace those of a row.
func auditedKeys(row wechatAppRow, replaced core.WechatKeys) (before, after core.WechatKeys) {
	for _, k := range []struct {
		had, key  string
		was, next *string
	}{
		{row.Secret, replaced.Secret, &before.Secret, &after.Secret},
		{row.Contact, replaced.Contact, &before.Contact, &after.Contact},
		{row.Token, replaced.Token, &before.Token, &after.Token},
		{row.AESKey, replaced.AESKey, &before.AESKey, &after.AESKey},
	} {
		switch {
		case k.key == "":
		case k.had == "":
			*k.next = "已填写"
		default:
			*k.was, *k.next = "原来的", "已更换"
		}
	}
	return before, after
}

// auditOfWechatApp has words in place of the keys.
func auditOfWechatApp(a core.WechatApp, words core.WechatKeys) wechatAppAudit {
	communities := "全部小区"
	if !a.Scope.Whole() {
		communities = database.JoinIDs(a.Scope.Communities())
	}
	return wechatAppAudit{
		Kind: string(a.Kind), Name: a.Name, AppID: a.AppID, Communities: communities, Agent: a.Agent,
		Secret: words.Secret, Contact: words.Contact, Token: words.Token, AESKey: words.AESKey,
		Disabled: !a.Disabled.IsZero(),
	}
}

// mayChangeWechat refuses acts of those who do not run the deployment, and acts upon an app that also serves
// communities out of scope.
func mayChangeWechat(by core.Actor, scope core.Scope, a core.WechatApp) error {
	switch {
	case !by.MayOperate():
		return core.Forbidden("只有运维人可以修改微信接入")
	case !scope.Covers(a.Scope):
		return core.Forbidden("它还负责您管理范围以外的小区，请由上级管理员操作")
	}
	return nil
}

// proposedID returns the id that a new app was promised, by NewID, so that its addresses were known before it was
// saved; without one another id.
func proposedID(tx *database.Tx, proposed core.ID) (core.ID, error) {
	now := tx.NewID()
	if proposed == 0 {
		return now, nil
	}
	var n int
	if err := tx.Get(&n, "SELECT COUNT(*) FROM wechat_app WHERE id = ?", int64(proposed)); err != nil {
		return 0, err
	}
	if n > 0 || proposed > now {
		return 0, core.Conflict("这一页已经用过，请重新打开再添加")
	}
	return proposed, nil
}

// CreateWechatApp adds an app with its keys, which nobody sees again. ID may be one of NewID.
func (s *Store) CreateWechatApp(
	ctx context.Context, by core.Actor, scope core.Scope, a KeyedWechatApp,
) (id core.ID, err error) {
	app, keys := a.App.Trimmed(), a.Keys
	if err := mayChangeWechat(by, scope, app); err != nil {
		return 0, err
	}
	if err := app.Check(keys, false); err != nil {
		return 0, err
	}
	sealed, err := s.sealWechatKeys(keys)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "create a WeChat app", func(tx *database.Tx) error {
		var err error
		if id, err = proposedID(tx, app.ID); err != nil {
			return err
		}
		a := app
		a.ID, a.Disabled = id, time.Time{}
		// The audit row comes before the comparison with the others: its lock makes such acts run one after
		// another.
		if err := audit.Write(tx, by, audit.Entry{
			Action: "wechatapp.create", Subject: audit.Target("wechatapp", id), After: auditOfWechatApp(a, core.WechatKeys{}),
		}); err != nil {
			return err
		}
		if err := s.wechatAppFits(tx, a); err != nil {
			return err
		}
		_, err = tx.Exec(`
			INSERT INTO wechat_app
				(id, kind, name, app_id, agent_id, secret_cipher, contact_cipher, token_cipher, aes_key_cipher, all_communities,
				refusal, problem, created_at, updated_at)
			VALUES (`+database.Placeholders(14)+`)`,
			int64(id), string(a.Kind), a.Name, a.AppID, a.Agent, sealed.secret, sealed.contact, sealed.token, sealed.aesKey,
			database.BoolInt(a.Scope.Whole()), "", "", tx.NowMS(), tx.NowMS())
		if database.IsDuplicate(err) {
			return database.ErrRace
		}
		if err != nil {
			return err
		}
		return saveWechatAppScope(tx, a)
	})
	if err != nil {
		return 0, err
	}
	s.wechat.forget()
	return id, nil
}

// wechatAppFits refuses an app beside which another serves the same community.
func (s *Store) wechatAppFits(tx *database.Tx, a core.WechatApp) error {
	_, others, err := readWechatApps("1 = 1 ORDER BY id", nil, tx.All)
	if err != nil {
		return err
	}
	if len(others) >= MaxWechatApps && !slices.ContainsFunc(others, func(o core.WechatApp) bool { return o.ID == a.ID }) {
		return core.Conflict("微信接入已达上限，请先删除不用的")
	}
	names := map[core.ID]string{}
	for _, community := range a.Scope.Communities() {
		var name []string
		if err := tx.All(&name, "SELECT name FROM community WHERE id = ?", int64(community)); err != nil {
			return err
		}
		if len(name) == 0 {
			return core.InvalidFields(map[string]string{"communities": noCommunity})
		}
		names[community] = name[0]
	}
	return core.WechatAppClash(a, append(s.wechat.apps(), others...), func(id core.ID) string { return names[id] })
}

func saveWechatAppScope(tx *database.Tx, a core.WechatApp) error {
	if _, err := tx.Exec("DELETE FROM wechat_app_community WHERE wechat_app_id = ?", int64(a.ID)); err != nil {
		return err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(a.Scope.Communities())))
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{int64(a.ID), int64(id)}
	}
	return database.InsertRows(tx, database.InsertInto, "wechat_app_community", "wechat_app_id, community_id", rows)
}

// changeWechat changes an app that is locked, and returns the keys that it replaces.
type changeWechat func(tx *database.Tx, after *core.WechatApp) (replaced core.WechatKeys, err error)

// changeWechatApp locks an app, changes it and writes the audit row.
func (s *Store) changeWechatApp(
	ctx context.Context, by core.Actor, scope core.Scope, act service,
	change changeWechat,
) error {
	id, action := act.id, act.action
	err := s.db.Write(ctx, action, func(tx *database.Tx) error {
		within, args := wechatAppsWithin(scope)
		rows, apps, err := readWechatApps(within+" AND id = ?"+tx.Dialect().ForUpdate(), append(args, int64(id)), tx.All)
		if err != nil {
			return err
		}
		if len(apps) == 0 {
			return core.NotFound(noWechatApp)
		}
		before, after := apps[0], apps[0]
		if err := mayChangeWechat(by, scope, before); err != nil {
			return err
		}
		replaced, err := change(tx, &after)
		if err != nil {
			return err
		}
		if err := mayChangeWechat(by, scope, after); err != nil {
			return err
		}
		was, next := auditedKeys(rows[0], replaced)
		audited := auditOfWechatApp(after, next)
		if act.staff != nil {
			audited.Staff = *act.staff
		}
		return audit.Write(tx, by, audit.Entry{
			Action: action, Subject: audit.Target("wechatapp", id), Before: auditOfWechatApp(before, was), After: audited,
		})
	})
	if err == nil {
		s.wechat.forget()
	}
	return err
}

// UpdateWechatApp changes an app's name, its communities and those keys that are not empty. Kind and app id
// cannot change: another account is another app. It returns the new Updated.
func (s *Store) UpdateWechatApp(
	ctx context.Context, by core.Actor, scope core.Scope, changed KeyedWechatApp,
) (updated time.Time, err error) {
	a, keys := changed.App.Trimmed(), changed.Keys
	sealed, err := s.sealWechatKeys(keys)
	if err != nil {
		return updated, err
	}
	err = s.changeWechatApp(ctx, by, scope, service{id: a.ID, action: "wechatapp.update"}, func(
		tx *database.Tx, after *core.WechatApp,
	) (core.WechatKeys, error) {
		if err := database.CheckUnchanged(a.Updated, after.Updated); err != nil {
			return keys, err
		}
		updated = time.UnixMilli(tx.NextUpdated(after.Updated))
		after.Name, after.Scope, after.Updated = a.Name, a.Scope, updated
		if after.Kind == core.WechatWork {
			after.Agent = a.Agent
		}
		if err := after.Check(keys, true); err != nil {
			return keys, err
		}
		if err := s.wechatAppFits(tx, *after); err != nil {
			return keys, err
		}
		set, args := sealed.set("name = ?, agent_id = ?, all_communities = ?, updated_at = ?", []any{
			a.Name, after.Agent, database.BoolInt(a.Scope.Whole()), updated.UnixMilli(),
		})
		if err := tx.ExecOne(
			core.NotFound(noWechatApp), "UPDATE wechat_app SET "+set+" WHERE id = ?", append(args, int64(a.ID))...,
		); err != nil {
			return keys, err
		}
		if after.Kind == core.WechatWork && keys != (core.WechatKeys{}) { // what failed for the keys before is tried at once
			if err := askStaffSync(tx, a.ID); err != nil {
				return keys, err
			}
		}
		return keys, saveWechatAppScope(tx, *after)
	})
	return updated, err
}

// ReplaceWechatCorp makes an account of WeWork another company's, with all new keys. stay says what happens to the
// staff of the company before: they stay as if entered by hand, or they leave.
func (s *Store) ReplaceWechatCorp(
	ctx context.Context, by core.Actor, scope core.Scope, changed KeyedWechatApp, stay bool,
) error {
	var staff string
	a, keys := changed.App.Trimmed(), changed.Keys
	sealed, err := s.sealWechatKeys(keys)
	if err != nil {
		return err
	}
	return s.changeWechatApp(ctx, by, scope, service{id: a.ID, action: "wechatapp.replace", staff: &staff}, func(
		tx *database.Tx, after *core.WechatApp,
	) (core.WechatKeys, error) {
		if err := database.CheckUnchanged(a.Updated, after.Updated); err != nil {
			return keys, err
		}
		if after.Kind != core.WechatWork {
			return keys, core.Conflict("只有企业微信可以更换关联企业")
		}
		if a.AppID == after.AppID {
			return keys, core.InvalidFields(map[string]string{"app_id": "这就是现在关联的企业"})
		}
		former, updated := *after, tx.NextUpdated(after.Updated)
		after.Name, after.AppID, after.Agent, after.Updated = a.Name, a.AppID, a.Agent, time.UnixMilli(updated)
		if err := after.Check(keys, false); err != nil {
			return keys, err
		}
		if err := s.wechatAppFits(tx, *after); err != nil {
			return keys, err
		}
		set, args := sealed.set(`name = ?, app_id = ?, agent_id = ?, updated_at = ?, called_at = NULL, refused_at = NULL,
			checked_at = NULL, problem = ''`, []any{after.Name, after.AppID, after.Agent, updated})
		err := tx.ExecOne(core.NotFound(noWechatApp), "UPDATE wechat_app SET "+set+" WHERE id = ?", append(args, int64(a.ID))...)
		if database.IsDuplicate(err) {
			return keys, database.ErrRace
		}
		if err != nil {
			return keys, err
		}
		if err := forgetWechatSteps(tx, a.ID); err != nil {
			return keys, err
		}
		if stay {
			if err := releaseDepartments(tx, former); err != nil {
				return keys, err
			}
		}
		staff, err = replaceStaff(tx, former, stay)
		return keys, err
	})
}

// DisableWechatApp takes an app out of use: its callbacks are refused and nothing is sent with it.
func (s *Store) DisableWechatApp(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.changeWechatApp(ctx, by, scope, service{id: id, action: "wechatapp.disable"}, func(
		tx *database.Tx, after *core.WechatApp,
	) (core.WechatKeys, error) {
		if !after.Disabled.IsZero() {
			return core.WechatKeys{}, core.Conflict("已停用")
		}
		after.Disabled = time.UnixMilli(tx.NowMS())
		return core.WechatKeys{}, tx.ExecOne(
			database.ErrRace, "UPDATE wechat_app SET disabled_at = ?, updated_at = ? WHERE id = ? AND disabled_at IS NULL",
			tx.NowMS(), tx.NextUpdated(after.Updated), int64(id),
		)
	})
}

// EnableWechatApp takes an app back into use, if no other serves its communities by now.
func (s *Store) EnableWechatApp(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.changeWechatApp(ctx, by, scope, service{id: id, action: "wechatapp.enable"}, func(
		tx *database.Tx, after *core.WechatApp,
	) (core.WechatKeys, error) {
		if after.Disabled.IsZero() {
			return core.WechatKeys{}, core.Conflict("已在使用")
		}
		after.Disabled = time.Time{}
		if err := s.wechatAppFits(tx, *after); err != nil {
			return core.WechatKeys{}, err
		}
		return core.WechatKeys{}, tx.ExecOne(
			database.ErrRace, "UPDATE wechat_app SET disabled_at = NULL, updated_at = ? WHERE id = ? AND disabled_at IS NOT NULL",
			tx.NextUpdated(after.Updated), int64(id),
		)
	})
}

// RemoveWechatApp deletes an app that is out of use, with its keys. What people did with it stays. staffStay is about the staff
// of a company on WeWork, as for ReplaceWechatCorp.
func (s *Store) RemoveWechatApp(ctx context.Context, by core.Actor, scope core.Scope, id core.ID, staffStay bool) error {
	var staff string
	return s.changeWechatApp(ctx, by, scope, service{id: id, action: "wechatapp.remove", staff: &staff}, func(
		tx *database.Tx, after *core.WechatApp,
	) (core.WechatKeys, error) {
		if after.Disabled.IsZero() {
			return core.WechatKeys{}, core.Conflict("请先停用再删除")
		}
		if after.Kind == core.WechatWork {
			if err := releaseDepartments(tx, *after); err != nil {
				return core.WechatKeys{}, err
			}
			var err error
			if staff, err = replaceStaff(tx, *after, staffStay); err != nil {
				return core.WechatKeys{}, err
			}
		}
		if _, err := tx.Exec("DELETE FROM wechat_app_community WHERE wechat_app_id = ?", int64(id)); err != nil {
			return core.WechatKeys{}, err
		}
		if err := forgetWechatSteps(tx, id); err != nil {
			return core.WechatKeys{}, err
		}
		if err := forgetFollowerSync(tx, after.AppID); err != nil {
			return core.WechatKeys{}, err
		}
		return core.WechatKeys{}, tx.ExecOne(core.NotFound(noWechatApp), "DELETE FROM wechat_app WHERE id = ?", int64(id))
	})
}

// NoteWechatCheck records the result of a call with an app's keys; after a good one what failed for them goes on: the sync
// of followers, and the messages that wait for the account.
// NoteWechatCall records that WeChat's servers reached us. Neither is an act of a person, and neither makes a form stale.
func (s *Store) NoteWechatCheck(ctx context.Context, id core.ID, problem string) (lift core.ChannelLift, err error) {
	err = s.db.Write(ctx, "note a check of a WeChat app", func(tx *database.Tx) error {
		lift = core.ChannelLift{}
		if _, err := tx.Exec(
			"UPDATE wechat_app SET checked_at = ?, problem = ? WHERE id = ?", tx.NowMS(), cutText(problem, maxWechatProblem), int64(id),
		); err != nil || problem != "" {
			return err
		}
		if err := mendFollowerSync(tx, id); err != nil {
			return err
		}
		var apps []string
		if err := tx.All(&apps, "SELECT app_id FROM wechat_app WHERE id = ?", int64(id)); err != nil || len(apps) == 0 {
			return err
		}
		lift, err = outbox.LiftApp(tx, apps[0])
		return err
	})
	if err == nil && problem == "" {
		s.wechat.forget()
	}
	return lift, err
}

// maxWechatProblem is the width of wechat_app.problem.
const maxWechatProblem = 200

// NoteWechatCall records that a callback with a right signature has come; within a minute of the last it writes
// nothing.
func (s *Store) NoteWechatCall(ctx context.Context, id core.ID) error {
	return s.db.Write(ctx, "note a callback of a WeChat app", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"UPDATE wechat_app SET called_at = ? WHERE id = ? AND (called_at IS NULL OR called_at < ?)",
			tx.NowMS(), int64(id), tx.NowMS()-time.Minute.Milliseconds(),
		)
		return err
	})
}

// NoteWechatRefusal records that a callback has come that was not acted on; within a minute of the last for the same
// reason it writes nothing.
func (s *Store) NoteWechatRefusal(ctx context.Context, id core.ID, why core.WechatRefusal) error {
	return s.db.Write(ctx, "note a refused callback of a WeChat app", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"UPDATE wechat_app SET refused_at = ?, refusal = ? WHERE id = ? AND (refused_at IS NULL OR refused_at < ? OR refusal <> ?)",
			tx.NowMS(), string(why), int64(id), tx.NowMS()-time.Minute.Milliseconds(), string(why),
		)
		return err
	})
}
