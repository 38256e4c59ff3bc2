package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

const noAccount = "账号不存在"

type accountRow struct {
	ID          core.ID         `db:"id"`
	Login       string          `db:"login"`
	Name        string          `db:"name"`
	Role        core.Role       `db:"role"`
	Permissions string          `db:"permissions"`
	All         int             `db:"all_communities"`
	Operator    int             `db:"may_operate"`
	MustChange  int             `db:"must_change"`
	Generation  int64           `db:"generation"`
	User        core.ID         `db:"user_id"`
	Created     database.Millis `db:"created_at"`
	Disabled    database.Millis `db:"disabled_at"`
	Updated     database.Millis `db:"updated_at"`
}

const accountColumns = `SELECT id, login, name, role, permissions, all_communities, may_operate, must_change, generation, user_id,
	created_at, disabled_at, updated_at
	FROM account WHERE `

// accountIn is the condition that an account a may see the community of its parameter.
const accountIn = `(a.all_communities = 1 OR EXISTS (
		SELECT 1
		FROM account_scope m
		WHERE m.account_id = a.id
		AND m.community_id = ?
	))`

func (r accountRow) account() core.Account {
	a := core.Account{
		ID: r.ID, Login: r.Login, Name: r.Name, Role: r.Role, Operator: r.Operator != 0, MustChange: r.MustChange != 0,
		Generation: r.Generation, User: r.User, Created: r.Created.Time, Disabled: r.Disabled.Time, Updated: r.Updated.Time,
	}
	if r.All != 0 {
		a.Scope = core.Everywhere
	}
	for p := range strings.SplitSeq(r.Permissions, ",") {
		// A permission that a later version removed from the table has no effect.
		if permission := core.Permission(p); permission.Valid() {
			a.Permissions = append(a.Permissions, permission)
		}
	}
	return a
}

func joinPermissions(permissions []core.Permission) string {
	texts := make([]string, len(permissions))
	for i, p := range permissions {
		texts[i] = string(p)
	}
	return strings.Join(texts, ",")
}

// joinedHold reports whether permissions joined by joinPermissions have one of them.
func joinedHold(joined string, p core.Permission) bool {
	return slices.Contains(strings.Split(joined, ","), string(p))
}

// AccountOfUser returns the account in service to which a WeChat user is bound.
func (s *Store) AccountOfUser(ctx context.Context, user core.ID) (core.Account, error) {
	list, err := s.accounts(ctx, "user_id = ? AND disabled_at IS NULL", int64(user))
	if err == nil && (len(list) == 0 || user == 0) {
		err = core.NotFound(noAccount)
	}
	if err != nil {
		return core.Account{}, err
	}
	return list[0], nil
}

// Account returns one account whose communities all lie in scope.
func (s *Store) Account(ctx context.Context, scope core.Scope, id core.ID) (core.Account, error) {
	list, err := s.accounts(ctx, "id = ?", int64(id))
	if err == nil && (len(list) == 0 || !accountInScope(scope, list[0])) {
		err = core.NotFound(noAccount)
	}
	if err != nil {
		return core.Account{}, err
	}
	return list[0], nil
}

// accountInScope reports whether the caller's scope includes every community of the account.
func accountInScope(scope core.Scope, a core.Account) bool {
	return core.Account{Scope: scope}.Covers(core.Account{Scope: a.Scope})
}

// AccountFilter narrows the list of accounts.
type AccountFilter struct {
	Keyword  string // begins the login name, or is a part of the name or of its pinyin initials
	Disabled bool   // those disabled instead of those in use
	Role     core.Role
	At       core.ID // those who work in the community; 0 = all
	Page     Page    // oldest first

	Reviewers bool // those who may review something
}

// Accounts lists accounts whose communities all lie in scope. It costs two queries. The scope is
// part of the query: an account with a community outside it is not listed.
func (s *Store) Accounts(ctx context.Context, scope core.Scope, f AccountFilter) (list []core.Account, more bool, err error) {
	where, args := accountWhere(scope, f)
	query, args := database.OldestFirst.Query(f.Page, where, args)
	if list, err = s.accounts(ctx, query, args...); err != nil {
		return nil, false, err
	}
	list, more = core.CutPage(f.Page, list)
	where, args = accountWhere(scope, f)
	err = s.countList(ctx, f.Page, listEnd{len(list), more}, "FROM account WHERE "+where, args)
	return list, more, database.Wrap("list accounts", err)
}

func accountWhere(scope core.Scope, f AccountFilter) (string, []any) {
	where, args := "disabled_at IS NULL", []any{}
	if f.Disabled {
		where = "disabled_at IS NOT NULL"
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		column, name := "name_fold", core.FoldName(keyword)
		if name == "" { // only dots: not a name
			column, name = "name", keyword
		}
		where += " AND (login LIKE ? ESCAPE '!' OR " + column + " LIKE ? ESCAPE '!'"
		args = append(args, database.LikePrefix(core.NormalLogin(keyword)), database.LikeContains(name))
		if initials := core.ReadName(keyword).Initials(); initials != "" {
			where, args = where+" OR name_initials LIKE ? ESCAPE '!'", append(args, database.LikeContains(initials))
		}
		where += ")"
	}
	if f.Role != "" {
		where, args = where+" AND role = ?", append(args, string(f.Role))
	}
	if f.Reviewers {
		var may []string
		for _, kind := range core.ReviewTypes {
			may, args = append(may, "permissions LIKE ? ESCAPE '!'"), append(args, database.LikeContains(string(kind.Needs)))
		}
		where += " AND (" + strings.Join(may, " OR ") + ")"
	}
	if f.At != 0 {
		where += ` AND (all_communities = 1 OR EXISTS (
			SELECT 1
			FROM account_scope y
			WHERE y.account_id = account.id
				AND y.community_id = ?))`
		args = append(args, int64(f.At))
	}
	if scope.Whole() {
		return where, args
	}
	inside, ids := database.ScopeWhere(scope, "x.community_id")
	where += " AND all_communities = 0 AND NOT EXISTS (SELECT 1 FROM account_scope x WHERE x.account_id = account.id AND NOT (" +
		inside + "))"
	return where, append(args, ids...)
}

// AccountRoles counts the accounts in use by role, of those whose communities all lie in scope.
func (s *Store) AccountRoles(ctx context.Context, scope core.Scope) (map[core.Role]int, error) {
	where, args := accountWhere(scope, AccountFilter{})
	var rows []struct {
		Role core.Role `db:"role"`
		N    int       `db:"n"`
	}
	err := s.db.All(ctx, &rows, "SELECT role, COUNT(*) AS n FROM account WHERE "+where+" GROUP BY role", args...)
	counts := map[core.Role]int{}
	for _, row := range rows {
		counts[row.Role] = row.N
	}
	return counts, database.Wrap("count accounts by role", err)
}

// accounts reads accounts with their communities, in two queries.
func (s *Store) accounts(ctx context.Context, where string, args ...any) ([]core.Account, error) {
	return readAccounts(where, args,
		s.allOf(ctx))
}

func readAccounts(where string, args []any, all readAll) ([]core.Account, error) {
	var rows []accountRow
	if err := all(&rows, accountColumns+where, args...); err != nil || len(rows) == 0 {
		return nil, database.Wrap("read accounts", err)
	}
	var links []struct {
		Account   core.ID `db:"account_id"`
		Community core.ID `db:"community_id"`
	}
	ids := database.IDsOf(rows, func(r accountRow) core.ID { return r.ID })
	err := all(
		&links,
		"SELECT account_id, community_id FROM account_scope WHERE account_id IN ("+database.Placeholders(len(ids))+
			") ORDER BY community_id",
		database.IDArgs(ids)...,
	)
	list, at := make([]core.Account, len(rows)), map[core.ID]int{}
	for i, row := range rows {
		list[i], at[row.ID] = row.account(), i
	}
	for _, link := range links {
		a := &list[at[link.Account]]
		a.Scope = a.Scope.With(link.Community)
	}
	return list, database.Wrap("read accounts", err)
}

// lockAccount reads and locks an account that by is about to change. by must have all of its
// permissions and communities.
func lockAccount(tx *database.Tx, by core.Account, id core.ID) (core.Account, error) {
	list, err := readAccounts("id = ?"+tx.Dialect().ForUpdate(), []any{int64(id)}, tx.All)
	switch {
	case err != nil:
		return core.Account{}, err
	case len(list) == 0 || !accountInScope(by.Scope, list[0]):
		return core.Account{}, core.NotFound(noAccount)
	case !by.Covers(list[0]):
		return core.Account{}, core.Forbidden("该账号的权限高于您，不能由您修改")
	}
	return list[0], nil
}

// moveAccounts moves the account bound to one WeChat user to another, which WeChat reported to be
// the same person. If both have one, the other's stays bound and the first is unbound: a WeChat
// user has at most one account.
func moveAccounts(tx *database.Tx, from, to core.ID) error {
	// the rows that a binding locks, in the same order
	var users, accounts []core.ID
	if err := tx.All(
		&users, "SELECT id FROM wechat_user WHERE id IN (?, ?) ORDER BY id"+tx.Dialect().ForUpdate(),
		int64(from), int64(to),
	); err != nil {
		return err
	}
	if err := tx.All(&accounts, "SELECT id FROM account WHERE user_id = ?", int64(to)); err != nil {
		return err
	}
	if len(accounts) == 0 {
		_, err := tx.Exec("UPDATE account SET user_id = ? WHERE user_id = ?", int64(to), int64(from))
		return err
	}
	if err := tx.All(&accounts, "SELECT id FROM account WHERE user_id = ?", int64(from)); err != nil {
		return err
	}
	for _, account := range accounts {
		if err := dropWechat(tx, core.System, account); err != nil {
			return err
		}
	}
	return nil
}
