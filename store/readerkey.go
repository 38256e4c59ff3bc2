package store

import (
	"context"
	"slices"
	"sync"

	"tongxing/core"
	"tongxing/store/database"
)

// ReaderKey identifies a reader: its protocol, and the digest of the secret in its address.
type ReaderKey struct{ Protocol, Digest string }

// ReaderKeyOf returns the key of a secret; ok is false for a text that cannot be a secret.
func ReaderKeyOf(protocol, secret string) (key ReaderKey, ok bool) {
	if len(secret) != secretLength {
		return ReaderKey{}, false
	}
	return ReaderKey{protocol, readerSecretDigest(secret)}, true
}

type keyedReaderRow struct {
	readerRow
	Digest string `db:"secret_digest"`
}

// KeyedReaders returns every reader by its key, including disabled ones. A door caches them, so
// that no call of a reader waits for the database.
func (s *Store) KeyedReaders(ctx context.Context) (map[ReaderKey]core.Reader, error) {
	var rows []keyedReaderRow
	if err := s.db.All(ctx, &rows, "SELECT "+readerColumns+", secret_digest FROM reader"); err != nil {
		return nil, database.Wrap("readers by their keys", err)
	}
	readers := make(map[ReaderKey]core.Reader, len(rows))
	for _, row := range rows {
		readers[ReaderKey{row.Protocol, row.Digest}] = row.reader()
	}
	return readers, nil
}

// ReaderByKey returns the reader of a key, disabled or not. A secret is found by its digest, so the
// time it takes does not reveal how much of a guess was right.
func (s *Store) ReaderByKey(ctx context.Context, key ReaderKey) (core.Reader, error) {
	var row readerRow
	err := s.db.Get(ctx, &row, "SELECT "+readerColumns+" FROM reader WHERE secret_digest = ? AND protocol = ?", key.Digest, key.Protocol)
	if err != nil {
		return core.Reader{}, database.Wrap("reader by its secret", database.NotFoundIfNoRows(err, noReader))
	}
	return row.reader(), nil
}

// readerWatch holds the functions to call when readers change.
type readerWatch struct {
	mu    sync.Mutex
	calls []func(reader core.ID)
}

// OnReaderChange registers a function that is called after every act that changed a reader's row in anything but its signs
// of life, before the act returns.
func (s *Store) OnReaderChange(call func(reader core.ID)) {
	s.readers.mu.Lock()
	defer s.readers.mu.Unlock()
	s.readers.calls = append(s.readers.calls, call)
}

// readersChanged calls what is registered with OnReaderChange.
func (s *Store) readersChanged(_ context.Context, readers []core.ID) {
	s.readers.mu.Lock()
	calls := s.readers.calls
	s.readers.mu.Unlock()
	for _, reader := range slices.Compact(slices.Sorted(slices.Values(readers))) {
		for _, call := range calls {
			call(reader)
		}
	}
}

// setReader writes columns of a reader's row, and has everybody told that the reader is another; missing is the error if there
// is no such row.
func setReader(tx *database.Tx, id core.ID, missing error, set string, args ...any) error {
	tx.Changed(changedReaders, id)
	return tx.ExecOne(missing, "UPDATE reader SET "+set+" WHERE id = ?", append(args, int64(id))...)
}
