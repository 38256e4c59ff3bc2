package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const (
	// RepeatWindow is how long a device that repeats a request gets a refusal again, and
	// a guard's page what came of its form, with no second record.
	RepeatWindow = 5 * time.Second
	// ReopenWindow is how long a reader that was told to open may be told so again: it
	// hears nothing for two seconds, gives up and repeats. Later it is another showing.
	ReopenWindow = 2500 * time.Millisecond
	// burstWindow is how long a reader goes on sending one reading by itself. Nobody
	// passes and shows a code again within it: the door stands open for longer.
	burstWindow = time.Second
)

// reopenings returns how often a reader may be told to open again at a given age of the first
// answer: as often as its protocol repeats a reading at once, later once.
func reopenings(age time.Duration, burst int) int {
	switch {
	case age <= burstWindow:
		return max(burst, 1)
	case age <= ReopenWindow:
		return 1
	}
	return 0
}

// Reopen reports whether a reader that was told to open that long ago is told so again, and counts
// it in the record. burst is how often its protocol repeats a reading by itself. Of several
// concurrent calls, no more than allowed return true.
func (s *Store) Reopen(ctx context.Context, record core.ID, age time.Duration, burst int) (again bool, err error) {
	allowed := reopenings(age, burst)
	if record == 0 || allowed == 0 {
		return false, nil
	}
	err = s.db.Write(ctx, "open again", func(tx *database.Tx) error {
		n, err := tx.Exec(`
			UPDATE access_record
			SET repeats = repeats + 1
			WHERE id = ?
				AND allowed = 1
				AND repeats < ?`, int64(record), allowed)
		again = n > 0
		return err
	})
	return again && err == nil, err
}

// isRepeat reports whether a released token is shown again by what released it, as the same act: a
// guard's manual form for ever, a guard's scan within the window, a reader's as often as Reopen
// allows.
func (s *Store) isRepeat(ctx context.Context, first core.AccessRecord, a ScanAttempt) (bool, error) {
	age := s.Now().Sub(first.At)
	switch {
	case first.Via != a.Via || first.Reader != a.Reader || first.Post != a.Post:
		return false, nil
	case a.Via == core.ViaManual:
		return true, nil
	case a.Via == core.ViaGuard:
		return age <= RepeatWindow, nil
	}
	return s.Reopen(ctx, first.ID, age, a.Burst)
}
