package store

import (
	"context"
)

// Setting gives the value kept under a name; an absent one is not found.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.get(ctx, &value, "SELECT value FROM setting WHERE name = ?", name)
	return value, wrap("read setting", absent(err, "没有这项设置"))
}

// SetSetting keeps a value, at most 4,000 characters, under a name.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return s.write(ctx, "keep setting", func(tx *Tx) error {
		n, err := tx.exec("UPDATE setting SET value = ?, updated_at = ? WHERE name = ?", value, tx.nowMS(), name)
		if err != nil || n > 0 {
			return err
		}
		_, err = tx.exec("INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)", name, value, tx.nowMS())
		if isDuplicate(err) {
			return errRace
		}
		return err
	})
}
