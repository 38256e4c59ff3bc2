package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const (
	// RepeatWindow is how long a device that repeats a request gets the same refusal, and a guard's
	// page that repeats its form the same result, without a second record.
	RepeatWindow = 5 * time.Second
	// ReopenWindow is how long an answer that opened may be repeated to its reader: a reader that
	// receives nothing for two seconds gives up and asks again. Later, the code is being shown
	// again.
	ReopenWindow = 2500 * time.Millisecond
	// burstWindow is how long a reader goes on sending one reading by itself. Nobody can pass and
	// show a code again within it: the door stays open for longer.
	burstWindow = time.Second
)

// reopenings returns how often an answer that opened may be repeated, by its age: within
// burstWindow as often as the protocol repeats a reading, later once.
func reopenings(age time.Duration, burst int) int {
	switch {
	case age <= burstWindow:
		return max(burst, 1)
	case age <= ReopenWindow:
		return 1
	}
	return 0
}

// Reopen reports whether an answer of that age, which opened, may be repeated to its reader, and
// counts the repeat in the record. burst is how often its protocol repeats a reading by itself. Of
// several concurrent calls, no more than allowed return true.
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

// isRepeat reports whether an attempt repeats the one that released its token: a guard's manual
// form at any time, a guard's scan within RepeatWindow, a reader's scan as often as Reopen allows.
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
