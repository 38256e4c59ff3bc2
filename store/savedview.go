package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tongxing/core"
	"tongxing/store/database"
)

const viewColumns = "SELECT id, account_id, stem, name, query FROM saved_view WHERE "

// errNoView is also the answer for a view of another account.
var errNoView = core.NotFound("视图不存在，可能已被删除")

type viewRow struct {
	ID      core.ID `db:"id"`
	Account core.ID `db:"account_id"`
	Stem    string  `db:"stem"`
	Name    string  `db:"name"`
	Query   string  `db:"query"`
}

// SavedViews returns an account's views of a list, oldest first; of all lists for stem "".
func (s *Store) SavedViews(ctx context.Context, account core.ID, stem string) ([]core.SavedView, error) {
	var rows []viewRow
	where, args := "account_id = ?", []any{int64(account)}
	if stem != "" {
		where, args = where+" AND stem = ?", append(args, stem)
	}
	err := s.db.All(ctx, &rows, viewColumns+where+" ORDER BY stem, id", args...)
	views := make([]core.SavedView, len(rows))
	for i, row := range rows {
		views[i] = core.SavedView(row)
	}
	return views, database.Wrap("list saved views", err)
}

// SavedView returns a view of an account.
func (s *Store) SavedView(ctx context.Context, account, id core.ID) (core.SavedView, error) {
	var row viewRow
	err := s.db.Get(ctx, &row, viewColumns+"id = ? AND account_id = ?", int64(id), int64(account))
	return core.SavedView(row), database.Wrap("read saved view", database.NotFoundIfNoRows(err, errNoView.Message))
}

// CreateSavedView stores a view and returns its id. It overwrites one of the same name, so that a
// form sent twice does no harm. Views are private to an account and are not audited.
func (s *Store) CreateSavedView(ctx context.Context, v core.SavedView) (id core.ID, err error) {
	if err := v.Check(); err != nil {
		return 0, err
	}
	if v.Query, err = core.ViewQuery(v.Query); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "save view", func(tx *database.Tx) error {
		err := tx.Get(&id, "SELECT id FROM saved_view WHERE account_id = ? AND stem = ? AND name = ?", int64(v.Account), v.Stem, v.Name)
		if err == nil {
			return tx.ExecOne(database.ErrRace, "UPDATE saved_view SET query = ? WHERE id = ?", v.Query, int64(id))
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// the account is locked, so that concurrent views count each other
		var owner []core.ID
		if err := tx.All(&owner, "SELECT id FROM account WHERE id = ?"+tx.Dialect().ForUpdate(), int64(v.Account)); err != nil {
			return err
		}
		var n int
		if err := tx.Get(&n, "SELECT COUNT(*) FROM saved_view WHERE account_id = ? AND stem = ?", int64(v.Account), v.Stem); err != nil {
			return err
		}
		if n >= core.MaxSavedView {
			return core.Conflict(fmt.Sprintf("每个列表最多保存 %d 个视图，请先删除不用的", core.MaxSavedView))
		}
		id = tx.NewID()
		_, err = tx.Exec("INSERT INTO saved_view (id, account_id, stem, name, query, created_at) VALUES (?, ?, ?, ?, ?, ?)",
			int64(id), int64(v.Account), v.Stem, v.Name, v.Query, tx.NowMS())
		if database.IsDuplicate(err) {
			return database.ErrRace
		}
		return err
	})
	return id, err
}

// UpdateSavedView renames an account's view.
func (s *Store) UpdateSavedView(ctx context.Context, v core.SavedView) error {
	if err := v.Check(); err != nil {
		return err
	}
	return s.db.Write(ctx, "rename view", func(tx *database.Tx) error {
		err := tx.ExecOne(
			errNoView, "UPDATE saved_view SET name = ? WHERE id = ? AND account_id = ?", v.Name, int64(v.ID),
			int64(v.Account),
		)
		if database.IsDuplicate(err) {
			return core.InvalidFields(map[string]string{"name": "已有同名的视图"})
		}
		return err
	})
}

// RemoveSavedView deletes an account's view.
func (s *Store) RemoveSavedView(ctx context.Context, account, id core.ID) error {
	return s.db.Write(ctx, "delete view", func(tx *database.Tx) error {
		return tx.ExecOne(errNoView, "DELETE FROM saved_view WHERE id = ? AND account_id = ?", int64(id), int64(account))
	})
}
