package database

import (
	"strings"
	"sync"
	"sync/atomic"

	"tongxing/core"
)

// unreadable counts sealed values that could not be decrypted.
type unreadable struct {
	count atomic.Int64
	said  sync.Map // column and key: logged once
}

// Reveal decrypts a value for people to read. If that fails it returns core.Unreadable: one bad row
// must not fail a whole list. It is counted, and logged the first time for each column and key.
func (db *DB) Reveal(column, sealed string) string {
	plain, err := db.keys.Open(column, sealed)
	if err == nil {
		return plain
	}
	db.unreadable.count.Add(1)
	key := "none"
	if parts := strings.SplitN(sealed, ".", 3); len(parts) == 3 && keyID.MatchString(parts[1]) {
		key = parts[1]
	}
	if _, said := db.unreadable.said.LoadOrStore(column+" "+key, true); !said {
		db.log.Error("a sealed value does not decrypt", "column", column, "key", key, "err", err)
	}
	return core.Unreadable
}

// Reveal is DB.Reveal within a transaction.
func (t *Tx) Reveal(column, sealed string) string { return t.db.Reveal(column, sealed) }

// Unreadable returns how many sealed values could not be decrypted since the start.
func (db *DB) Unreadable() int64 { return db.unreadable.count.Load() }
