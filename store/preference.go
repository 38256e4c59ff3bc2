package store

import (
	"context"
	"database/sql"
	"errors"

	"tongxing/core"
	"tongxing/store/database"
)

// Preference is what an account set for itself in the console. The zero value is an account that set
// nothing.
type Preference struct {
	Community core.ID `db:"community_id"` // in which it works, of several; 0 = all. It may be outside its scope by now
}

// Preference returns what an account set for itself.
func (s *Store) Preference(ctx context.Context, account core.ID) (Preference, error) {
	var p Preference
	err := s.db.Get(ctx, &p, "SELECT community_id FROM preference WHERE account_id = ?", int64(account))
	if errors.Is(err, sql.ErrNoRows) {
		return Preference{}, nil
	}
	return p, database.Wrap("preference", err)
}

// UpdateWorkingCommunity sets the community in which an account works; 0 = all. It is the account's own
// convenience and leaves no line in the audit log.
func (s *Store) UpdateWorkingCommunity(ctx context.Context, account, community core.ID) error {
	return s.db.Write(ctx, "preference", func(tx *database.Tx) error {
		n, err := tx.Exec("UPDATE preference SET community_id = ?, updated_at = ? WHERE account_id = ?",
			int64(community), tx.NowMS(), int64(account))
		if err != nil || n > 0 {
			return err
		}
		_, err = tx.Exec("INSERT INTO preference (account_id, community_id, updated_at) VALUES (?, ?, ?)",
			int64(account), int64(community), tx.NowMS())
		if database.IsDuplicate(err) {
			return database.ErrRace // set twice at once
		}
		return err
	})
}
