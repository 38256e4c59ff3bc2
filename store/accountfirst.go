package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// FirstAdminLinkLife is how long the link of a first start is valid.
const FirstAdminLinkLife = 24 * time.Hour

const (
	firstAdmin     = "first_admin"
	firstAdminGone = "链接已失效，请重新启动程序获取新的链接"
	firstAdminMade = "管理员已添加。" // read by people who are signed in by now, too
)

// CreateFirstAdminToken creates the token of the one-time link that creates the first admin, and
// invalidates earlier ones. needed is false if there are accounts.
func (s *Store) CreateFirstAdminToken(ctx context.Context) (token string, needed bool, err error) {
	err = s.db.Write(ctx, "make the first admin's link", func(tx *database.Tx) error {
		token, needed = "", false
		if exists, err := anyAccount(tx); err != nil || exists {
			return err
		}
		token, needed = newToken(), true
		if _, err := tx.Exec("DELETE FROM one_time_link WHERE purpose = ?", firstAdmin); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO one_time_link (digest, purpose, expires_at) VALUES (?, ?, ?)",
			digestToken(token), firstAdmin, tx.Now().Add(FirstAdminLinkLife).UnixMilli())
		return err
	})
	return token, needed, err
}

func anyAccount(tx *database.Tx) (bool, error) {
	var n int
	err := tx.Get(&n, "SELECT COUNT(*) FROM account")
	return n > 0, err
}

// CheckFirstAdminToken returns Conflict if there is an account, so that all one can do is sign in,
// and NotFound if the link is not valid.
func (s *Store) CheckFirstAdminToken(ctx context.Context, token string) error {
	var found struct{ Accounts, Links int }
	err := s.db.Get(ctx, &found, `
		SELECT
			(SELECT COUNT(*) FROM account) AS accounts,
			(SELECT COUNT(*)
				FROM one_time_link
				WHERE digest = ?
					AND purpose = ?
					AND used_at IS NULL
					AND expires_at > ?) AS links`,
		digestToken(token), firstAdmin, s.Now().UnixMilli())
	switch {
	case err != nil:
		return database.Wrap("check the first admin's link", err)
	case found.Accounts > 0:
		return core.Conflict(firstAdminMade)
	case found.Links == 0:
		return core.NotFound(firstAdminGone)
	}
	return nil
}

// ConsumeFirstAdminToken creates the first admin, who need not change the password. If the link is
// used twice at once, one account is created.
func (s *Store) ConsumeFirstAdminToken(ctx context.Context, by core.Actor, token string, first FirstAdmin) (id core.ID, err error) {
	a := core.Account{
		Login: first.Login, Name: first.Name, Role: core.RoleAdmin, Permissions: core.Permissions(),
		Scope: core.Everywhere, Operator: true,
	}.Trimmed()
	if err := checkNewAccount(core.SystemGranter, a, first.Password); err != nil {
		return 0, err
	}
	if err := s.CheckFirstAdminToken(ctx, token); err != nil {
		return 0, err
	}
	hash, err := s.passwords.hash(ctx, first.Password)
	if err != nil {
		return 0, database.Wrap("make the first admin", err)
	}
	err = s.db.Write(ctx, "make the first admin", func(tx *database.Tx) error {
		exists, err := anyAccount(tx)
		if err != nil {
			return err
		}
		if exists {
			return core.Conflict(firstAdminMade)
		}
		if err := tx.ExecOne(
			core.NotFound(firstAdminGone),
			"UPDATE one_time_link SET used_at = ? WHERE digest = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?",
			tx.NowMS(), digestToken(token), firstAdmin, tx.NowMS(),
		); err != nil {
			return err
		}
		id, err = insertAccount(tx, by, a, hash)
		return err
	})
	return id, err
}

// FirstAdmin is what the first admin chose.
type FirstAdmin struct {
	Login    string
	Name     string
	Password string
}
