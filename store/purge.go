package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const (
	// purgeQuiet is how old the newest record may be while old ones are purged: by a
	// clock that jumped ahead all of them are old.
	purgeQuiet = 24 * time.Hour
	// purgeFew is how many records may be purged at once, however few there are.
	purgeFew = 100
	// purgeShare limits how many records are purged at once: one in that many.
	purgeShare = 10
	// purgedUnder is the setting that holds when the settings in force at the last purge were
	// saved.
	purgedUnder = "purge.settings"
)

// ClockDoubt returns why nothing that is old by this clock should be deleted now, in words for
// people; "" = it may be. If there are records, the newest must be from the last day.
func (s *Store) ClockDoubt(ctx context.Context) (string, error) {
	var newest core.ID
	if err := s.db.Get(ctx, &newest, "SELECT COALESCE(MAX(id), 0) FROM access_record"); err != nil {
		return "", database.Wrap("look at the newest record", err)
	}
	if newest == 0 || newest >= database.FirstID(s.Now().Add(-purgeQuiet)) {
		return "", nil
	}
	return "最新的出入记录也是一天以前的，可能是服务器时钟不对，已暂停清理过期记录；请核对时钟，有新的记录后自动恢复", nil
}

// PurgeDoubt returns why the access records before a moment should not be deleted now, in words for
// people; "" = they may be. The clock must not be in doubt, and at most a tenth of all records is
// purged at once, unless the settings were saved since the last purge: then somebody has just
// decided how long records are kept.
func (s *Store) PurgeDoubt(ctx context.Context, before time.Time) (string, error) {
	if doubt, err := s.ClockDoubt(ctx); err != nil || doubt != "" {
		return doubt, err
	}
	var all, old int64
	err := s.db.Get(ctx, &old, "SELECT COUNT(*) FROM access_record WHERE id < ?", int64(database.FirstID(before)))
	if err == nil && old > purgeFew {
		err = s.db.Get(ctx, &all, "SELECT COUNT(*) FROM access_record")
	}
	if err != nil {
		return "", database.Wrap("count old records", err)
	}
	large := old > purgeFew && old*purgeShare > all
	decided, err := s.decidedSincePurge(ctx, large)
	if err != nil || !large || decided {
		return "", err
	}
	return fmt.Sprintf("有 %d 条出入记录要一次清理，超过全部 %d 条的十分之一，可能是服务器时钟不对，已暂停清理；"+
		"请核对时钟，确要清理请到“设置”重新保存一次", old, all), nil
}

// What is old at a moment, which is the first argument.
const (
	oldVisit    = "until_at < ? AND (inside_since IS NULL OR inside_since < ?)"
	oldSlip     = "until_at < ?"
	oldTransfer = "updated_at < ? AND open_house IS NULL"
	oldAlert    = "handled_at < ?"
	oldReview   = "photos > 0 AND decided_at < ? AND NOT " + passStillShows
)

// Purged counts what a purge deletes.
type Purged struct {
	Records, Visits, Slips, Transfers, Alerts, Shifts int

	Reviews int // whose pictures are deleted
}

// CountOld counts what purges delete that were to run now: what is kept as long as access records since a moment, and reviews whose
// pictures are kept since another; a zero one deletes nothing.
func (s *Store) CountOld(ctx context.Context, records, photos time.Time) (n Purged, err error) {
	count := func(to *int, from, where string, args ...any) {
		if err == nil {
			err = s.db.Get(ctx, to, "SELECT COUNT(*) FROM "+from+" WHERE "+where, args...)
		}
	}
	if !records.IsZero() {
		ms, first := records.UnixMilli(), int64(database.FirstID(records))
		count(&n.Records, "access_record", "id < ?", first)
		count(&n.Visits, "visitor_pass", oldVisit, ms, s.Now().Add(-longestVisit).UnixMilli())
		count(&n.Slips, "exit_slip", oldSlip, ms)
		count(&n.Transfers, "house_transfer", oldTransfer, ms)
		count(&n.Alerts, "access_alert", oldAlert, ms)
		count(&n.Shifts, "guard_shift", "id < ?", first)
	}
	if !photos.IsZero() {
		ms := photos.UnixMilli()
		count(&n.Reviews, "review", oldReview, ms, ms, ms)
	}
	return n, database.Wrap("count what is old", err)
}

// decidedSincePurge reports whether the settings were saved since the last purge, and records the
// current ones. In doubt it only records them the first time, so that a later change counts as a
// decision.
func (s *Store) decidedSincePurge(ctx context.Context, doubt bool) (decided bool, err error) {
	settings, err := s.Settings(ctx)
	if err != nil {
		return false, err
	}
	now := strconv.FormatInt(settings.Updated.UnixMilli(), 10)
	last, err := s.Setting(ctx, purgedUnder)
	switch {
	case err != nil && !core.IsNotFound(err):
		return false, err
	case err == nil && last == now:
		return false, nil
	case err == nil && doubt:
		decided = true
	}
	return decided, s.SetSetting(ctx, purgedUnder, now)
}
