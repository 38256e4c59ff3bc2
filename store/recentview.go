package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// RecentView is something that an account opened: the page of one thing.
type RecentView struct {
	Stem    string  `db:"stem"`
	Subject core.ID `db:"subject_id"`
}

// maxRecentViews bounds what is kept of an account.
const maxRecentViews = 10

const recentViews = "SELECT stem, subject_id FROM recent_view WHERE account_id = ? ORDER BY visit_id DESC"

// RecentViews returns what an account opened last, the latest first. Whether it still exists, and
// whether the account may still see it, is for the caller to ask.
func (s *Store) RecentViews(ctx context.Context, account core.ID) ([]RecentView, error) {
	var views []RecentView
	err := s.db.All(ctx, &views, recentViews+" LIMIT ?", int64(account), maxRecentViews)
	return views, database.Wrap("recent views", err)
}

// Opened keeps that an account opened something now. It is an account's own convenience and leaves no
// line in the audit log. Opening the same thing again costs a query.
func (s *Store) Opened(ctx context.Context, account core.ID, v RecentView) error {
	views, err := s.RecentViews(ctx, account)
	if err != nil || len(views) > 0 && views[0] == v {
		return err
	}
	return s.db.Write(ctx, "opened", func(tx *database.Tx) error {
		visit := tx.NewID()
		n, err := tx.Exec("UPDATE recent_view SET visit_id = ? WHERE account_id = ? AND stem = ? AND subject_id = ?",
			int64(visit), int64(account), v.Stem, int64(v.Subject))
		if err == nil && n == 0 {
			_, err = tx.Exec("INSERT INTO recent_view (account_id, stem, subject_id, visit_id) VALUES (?, ?, ?, ?)",
				int64(account), v.Stem, int64(v.Subject), int64(visit))
		}
		if database.IsDuplicate(err) {
			return database.ErrRace // opened twice at once
		}
		if err != nil {
			return err
		}
		var all []RecentView
		if err := tx.All(&all, recentViews, int64(account)); err != nil {
			return err
		}
		for _, old := range all[min(len(all), maxRecentViews):] {
			if _, err := tx.Exec("DELETE FROM recent_view WHERE account_id = ? AND stem = ? AND subject_id = ?",
				int64(account), old.Stem, int64(old.Subject)); err != nil {
				return err
			}
		}
		return nil
	})
}
