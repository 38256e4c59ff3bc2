package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// CreateAccount adds an account with a first password, which must be changed at the first sign-in.
// by cannot grant permissions or communities that they do not have.
func (s *Store) CreateAccount(ctx context.Context, by core.Granter, a core.Account, password string) (id core.ID, err error) {
	a = a.Trimmed()
	a.MustChange = true
	if err := checkNewAccount(by, a, password); err != nil {
		return 0, err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return 0, database.Wrap("create an account", err)
	}
	err = s.db.Write(ctx, "create an account", func(tx *database.Tx) error {
		id, err = insertAccount(tx, by.Actor, a, hash)
		return err
	})
	return id, err
}

func checkNewAccount(by core.Granter, a core.Account, password string) error {
	if err := a.Check(); err != nil {
		return err
	}
	if err := core.CheckPassword(a.Login, password); err != nil {
		return err
	}
	return by.CheckGrant(a)
}

func insertAccount(tx *database.Tx, by core.Actor, a core.Account, hash string) (core.ID, error) {
	a.ID = tx.NewID()
	_, err := tx.Exec(
		`INSERT INTO account (id, login, name, name_fold, name_initials, password, role, permissions, all_communities,
			may_operate, must_change, generation, user_id, created_at, updated_at)
		VALUES (`+database.Placeholders(15)+`)`,
		int64(a.ID), a.Login, a.Name, core.FoldName(a.Name), nameInitials(a.Name), hash, string(a.Role),
		joinPermissions(a.Permissions), database.BoolInt(a.Scope.Whole()), database.BoolInt(a.Operator),
		database.BoolInt(a.MustChange), 1, 0, tx.NowMS(), tx.NowMS(),
	)
	if database.IsDuplicate(err) {
		return 0, core.InvalidFields(map[string]string{"login": "账号已被使用"})
	}
	if err != nil {
		return 0, err
	}
	if err := saveAccountScope(tx, a); err != nil {
		return 0, err
	}
	return a.ID, auditAccount(tx, by, "account.create", nil, &a)
}

// saveAccountScope replaces the account's communities. It refuses one that does not exist.
func saveAccountScope(tx *database.Tx, a core.Account) error {
	if _, err := tx.Exec("DELETE FROM account_scope WHERE account_id = ?", int64(a.ID)); err != nil || a.Scope.Whole() {
		return err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(a.Scope.Communities())))
	var known int
	if err := tx.Get(
		&known, "SELECT COUNT(*) FROM community WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	); err != nil {
		return err
	}
	if known != len(ids) {
		return core.InvalidFields(map[string]string{"communities": noCommunity})
	}
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{int64(a.ID), int64(id)}
	}
	return database.InsertRows(tx, database.InsertInto, "account_scope", "account_id, community_id", rows)
}

// scopeWithArchived is withArchived for a scope that somebody chose in place of a former one.
func scopeWithArchived(tx *database.Tx, chosen, former core.Scope) (core.Scope, error) {
	if chosen.Whole() {
		return chosen, nil
	}
	ids, err := withArchived(tx, core.Everywhere, chosen.Communities(), former.Communities())
	return core.ScopeOf(ids...), err
}

// UpdateAccount changes an account's name, role, permissions and communities. The change applies to
// its sessions at once. Accounts cannot change themselves. It returns the new Updated.
func (s *Store) UpdateAccount(ctx context.Context, by core.Granter, a core.Account) (updated time.Time, err error) {
	a = a.Trimmed()
	if a.ID == by.Holds.ID {
		return updated, core.Conflict("不能修改自己的权限，请由其他管理员操作")
	}
	err = s.changeAccount(ctx, by, a.ID, "account.update", func(tx *database.Tx, after *core.Account) error {
		if err := database.CheckUnchanged(a.Updated, after.Updated); err != nil {
			return err
		}
		scope, err := scopeWithArchived(tx, a.Scope, after.Scope)
		if err != nil {
			return err
		}
		after.Name, after.Role, after.Permissions, after.Scope = a.Name, a.Role, a.Permissions, scope
		after.Operator = a.Operator
		updated = time.UnixMilli(tx.NextUpdated(after.Updated))
		after.Updated = updated
		if err := after.Check(); err != nil {
			return err
		}
		if err := by.CheckGrant(*after); err != nil {
			return err
		}
		return saveAccountScope(tx, *after)
	})
	return updated, err
}

// DisableAccount disables an account and ends its sessions on every server at once.
func (s *Store) DisableAccount(ctx context.Context, by core.Granter, id core.ID) error {
	if id == by.Holds.ID {
		return core.Conflict("不能停用自己的账号")
	}
	return s.changeAccount(ctx, by, id, "account.disable", func(tx *database.Tx, after *core.Account) error {
		if after.Disabled.IsZero() {
			after.Disabled = tx.Now()
		}
		after.Generation++
		return endSessions(tx, core.SessionAccount, id)
	})
}

// EnableAccount lets a disabled account sign in again.
func (s *Store) EnableAccount(ctx context.Context, by core.Granter, id core.ID) error {
	return s.changeAccount(ctx, by, id, "account.enable", func(_ *database.Tx, after *core.Account) error {
		after.Disabled = time.Time{}
		return nil
	})
}

// ResetPassword sets a new first password, ends the account's sessions and unbinds its WeChat,
// since somebody who knew the old password may have bound theirs.
func (s *Store) ResetPassword(ctx context.Context, by core.Granter, id core.ID, password string) error {
	account, err := s.Account(ctx, by.Holds.Scope, id)
	if err != nil {
		return err
	}
	if err := core.CheckPassword(account.Login, password); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return database.Wrap("reset a password", err)
	}
	return s.changeAccount(ctx, by, id, "account.reset_password", func(tx *database.Tx, after *core.Account) error {
		after.MustChange = true
		after.Generation++
		if err := savePassword(tx, id, hash); err != nil {
			return err
		}
		if err := dropWechat(tx, by.Actor, id); err != nil {
			return err
		}
		return endSessions(tx, core.SessionAccount, id)
	})
}

func savePassword(tx *database.Tx, id core.ID, hash string) error {
	return tx.ExecOne(core.NotFound(noAccount), "UPDATE account SET password = ? WHERE id = ?", hash, int64(id))
}

// changeAccount is the part that all changes to another account have in common.
func (s *Store) changeAccount(
	ctx context.Context, by core.Granter, id core.ID, action string,
	change func(tx *database.Tx, after *core.Account) error,
) error {
	err := s.db.Write(ctx, action, func(tx *database.Tx) error {
		before, err := lockAccount(tx, by.Holds, id)
		if err != nil {
			return err
		}
		after := before
		if err := change(tx, &after); err != nil {
			return err
		}
		if err := saveAccount(tx, after); err != nil {
			return err
		}
		// who shows a code for it may no longer hold all that it now holds
		if err := endAccountTickets(tx, id); err != nil {
			return err
		}
		// The audit row is written before the check for a last admin: its lock makes acts that
		// could leave none run one after another.
		if err := auditAccount(tx, by.Actor, action, &before, &after); err != nil {
			return err
		}
		return keepAdmin(tx, before, after)
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionAccount, id)
	}
	return err
}

func saveAccount(tx *database.Tx, a core.Account) error {
	return tx.ExecOne(
		core.NotFound(noAccount),
		`UPDATE account SET name = ?, name_fold = ?, name_initials = ?, role = ?, permissions = ?, all_communities = ?,
		may_operate = ?, must_change = ?, generation = ?, updated_at = ?, disabled_at = ? WHERE id = ?`,
		a.Name, core.FoldName(a.Name), nameInitials(a.Name), string(a.Role), joinPermissions(a.Permissions),
		database.BoolInt(a.Scope.Whole()), database.BoolInt(a.Operator), database.BoolInt(a.MustChange), a.Generation,
		a.Updated.UnixMilli(), database.NullMillis(a.Disabled),
		int64(a.ID),
	)
}

// isAdmin reports whether an account can edit all accounts, operators too, and so repair everything.
func isAdmin(a core.Account) bool {
	return a.Operator && a.Scope.Whole() && a.Has(core.PermAccountEdit)
}

// keepAdmin refuses a change that leaves nobody who can edit all accounts.
func keepAdmin(tx *database.Tx, before, after core.Account) error {
	if !isAdmin(before) || isAdmin(after) {
		return nil
	}
	var others []string
	if err := tx.All(
		&others,
		"SELECT permissions FROM account WHERE disabled_at IS NULL AND all_communities = 1 AND may_operate = 1 AND id <> ?",
		int64(after.ID),
	); err != nil {
		return err
	}
	for _, permissions := range others {
		if joinedHold(permissions, core.PermAccountEdit) {
			return nil
		}
	}
	return core.Conflict("至少要保留一个能管理账号的系统管理员")
}

// PasswordChange is a change of one's own password.
type PasswordChange struct {
	Session core.Session // the caller's; it stays, all others end
	Old     string
	New     string
	Visit
}

// ChangePassword changes the password of the session's account. A wrong old password is invalid at
// the field "old", an unacceptable new one at "password".
func (s *Store) ChangePassword(ctx context.Context, by core.Actor, c PasswordChange) error {
	id := c.Session.Subject
	var login string
	if err := s.db.Get(ctx, &login, "SELECT login FROM account WHERE id = ?", int64(id)); err != nil {
		return database.Wrap("change a password", database.NotFoundIfNoRows(err, noAccount))
	}
	if err := core.CheckPassword(login, c.New); err != nil {
		return err
	}
	if c.New == c.Old {
		return core.InvalidFields(map[string]string{"password": "新密码不能与原密码相同"})
	}
	old, err := s.prove(ctx, Proof{Account: id, Password: c.Old, Field: "old", Visit: c.Visit})
	if err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, c.New)
	if err != nil {
		return database.Wrap("change a password", err)
	}
	err = s.db.Write(ctx, "change a password", func(tx *database.Tx) error {
		n, err := tx.Exec(
			`UPDATE account SET password = ?, must_change = 0, generation = generation + 1 WHERE id = ?
				AND password = ? AND disabled_at IS NULL`,
			hash, int64(id), old.hash,
		)
		if err != nil {
			return err
		}
		if n != 1 {
			return core.Conflict("密码刚刚已被修改，请重新登录")
		}
		if err := keepOneSession(tx, c.Session); err != nil {
			return err
		}
		if err := old.takeBack(tx); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "account.change_password", Subject: audit.Target("account", id)})
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionAccount, id)
	}
	return err
}

// keepOneSession ends an account's other sessions and moves this one to the account's new
// generation.
func keepOneSession(tx *database.Tx, session core.Session) error {
	if _, err := tx.Exec("UPDATE session SET ended_at = ? WHERE kind = ? AND subject_id = ? AND id <> ? AND ended_at IS NULL",
		tx.NowMS(), string(core.SessionAccount), int64(session.Subject), int64(session.ID)); err != nil {
		return err
	}
	if err := endBindings(tx, session.Subject); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE session SET generation = generation + 1 WHERE id = ?", int64(session.ID))
	return err
}

// accountAudit is what the audit log records of an account.
type accountAudit struct {
	Login       string `json:"login"`
	Name        string `json:"name"`
	Role        string `json:"role"`
	Permissions string `json:"permissions"`
	Communities string `json:"communities"`
	Operator    bool   `json:"operator"`
	Disabled    bool   `json:"disabled"`
}

func auditAccount(tx *database.Tx, by core.Actor, action string, before, after *core.Account) error {
	entry := audit.Entry{Action: action, Subject: audit.Target("account", after.ID), After: auditOfAccount(*after)}
	if before != nil {
		entry.Before = auditOfAccount(*before)
	}
	return audit.Write(tx, by, entry)
}

func auditOfAccount(a core.Account) any {
	communities := "全部"
	if !a.Scope.Whole() {
		communities = database.JoinIDs(a.Scope.Communities())
	}
	return accountAudit{
		Login: a.Login, Name: a.Name, Role: string(a.Role), Permissions: joinPermissions(a.Permissions),
		Communities: communities, Operator: a.Operator, Disabled: !a.Disabled.IsZero(),
	}
}
