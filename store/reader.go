package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/database"
)

// A reader's secret is the last part of the URL an installer types into it: 26
// characters of 5 random bits each, without the letters that look like digits.
const (
	secretAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	secretLength   = 26
)

func newReaderSecret() string { return secret.Letters(secretAlphabet, secretLength) }

// readerSecretDigest returns the digest that a secret is found by. The secret is random, so its
// plain digest reveals nothing, and the time of a lookup by it leaks no part of it. Lower case and
// look-alike letters, as typed by hand, are accepted.
func readerSecretDigest(secret string) string {
	fixed := strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(secret))
	sum := sha256.Sum256([]byte(fixed))
	return hex.EncodeToString(sum[:])
}

const readerColumns = `id, community_id, group_id, name, gate, protocol, serial, direction, in_no, scope_nodes, kinds, thermometer,
	qr_allowed, deny_code, heartbeat_text, heartbeat_seconds, firmware, skew_ms, last_seen_at, disabled_at, updated_at`

type readerRow struct {
	ID               core.ID         `db:"id"`
	Community        core.ID         `db:"community_id"`
	Group            core.ID         `db:"group_id"`
	Name             string          `db:"name"`
	Gate             string          `db:"gate"`
	Protocol         string          `db:"protocol"`
	Serial           string          `db:"serial"`
	Direction        core.Direction  `db:"direction"`
	InNo             int             `db:"in_no"`
	ScopeNodes       string          `db:"scope_nodes"`
	Kinds            string          `db:"kinds"`
	Thermometer      int             `db:"thermometer"`
	QRAllowed        int             `db:"qr_allowed"`
	DenyCode         string          `db:"deny_code"`
	HeartbeatText    string          `db:"heartbeat_text"`
	HeartbeatSeconds int             `db:"heartbeat_seconds"`
	Firmware         string          `db:"firmware"`
	SkewMS           int64           `db:"skew_ms"`
	LastSeen         database.Millis `db:"last_seen_at"`
	Disabled         database.Millis `db:"disabled_at"`
	Updated          database.Millis `db:"updated_at"`
}

func (r readerRow) reader() core.Reader {
	return core.Reader{
		ID: r.ID, Community: r.Community, Group: r.Group, Name: r.Name, Gate: r.Gate, Protocol: r.Protocol, Serial: r.Serial,
		Direction: r.Direction, InNo: r.InNo, ScopeNodes: database.SplitIDs(r.ScopeNodes), Kinds: splitKinds(r.Kinds),
		Thermometer: r.Thermometer != 0, QRAllowed: r.QRAllowed != 0, DenyCode: r.DenyCode,
		HeartbeatText: r.HeartbeatText, HeartbeatSeconds: r.HeartbeatSeconds, Firmware: r.Firmware,
		Skew: time.Duration(r.SkewMS) * time.Millisecond, LastSeen: r.LastSeen.Time, Disabled: r.Disabled.Time, Updated: r.Updated.Time,
	}
}

func splitKinds(list string) []core.PassKind {
	var kinds []core.PassKind
	for item := range strings.SplitSeq(list, ",") {
		if item != "" {
			kinds = append(kinds, core.PassKind(item))
		}
	}
	return kinds
}

func joinKinds(kinds []core.PassKind) string {
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		parts[i] = string(kind)
	}
	return strings.Join(parts, ",")
}

// Reader returns one reader of the scope.
func (s *Store) Reader(ctx context.Context, scope core.Scope, id core.ID) (core.Reader, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row readerRow
	err := s.db.Get(ctx, &row, "SELECT "+readerColumns+" FROM reader WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.Reader{}, database.Wrap("reader", database.NotFoundIfNoRows(err, noReader))
	}
	return row.reader(), nil
}

// ReadersByID returns readers of the scope, oldest first. One that is not there, or not in the scope, makes
// it NotFound.
func (s *Store) ReadersByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.Reader, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > MaxReaderQR {
		return nil, core.Invalid(fmt.Sprintf("请选择 1 至 %d 台读头", MaxReaderQR))
	}
	where, args := database.ScopeWhere(scope, "community_id")
	var rows []readerRow
	err := s.db.All(
		ctx, &rows, "SELECT "+readerColumns+" FROM reader WHERE "+where+" AND id IN ("+database.Placeholders(len(ids))+") ORDER BY id",
		database.AppendIDs(args, ids)...,
	)
	if err == nil && len(rows) != len(ids) {
		err = core.NotFound(noReader)
	}
	readers := make([]core.Reader, len(rows))
	for i, row := range rows {
		readers[i] = row.reader()
	}
	return readers, database.Wrap("readers by id", err)
}

// ReaderBySecret returns the reader with a protocol and a secret, disabled or not.
func (s *Store) ReaderBySecret(ctx context.Context, protocol, secret string) (core.Reader, error) {
	key, ok := ReaderKeyOf(protocol, secret)
	if !ok {
		return core.Reader{}, core.NotFound(noReader)
	}
	return s.ReaderByKey(ctx, key)
}

const noReader = "门禁读头不存在"

// ReaderFilter narrows the list of readers. Zero fields do not filter.
type ReaderFilter struct {
	Community core.ID
	Group     core.ID
	Keyword   string           // part of the name, the gate or the serial
	State     core.ReaderState // at the current time of the store's clock
	Disabled  string           // "yes", "no", "" = both
	Page      Page             // by id, oldest first; a Limit of 0 is 50
}

// Readers returns the readers of the scope, oldest first. more reports whether there are further
// rows in the direction of paging.
func (s *Store) Readers(ctx context.Context, scope core.Scope, f ReaderFilter) (readers []core.Reader, more bool, err error) {
	rows, more, err := readPage[readerRow](ctx, s, listQuery{
		columns: readerColumns, table: "reader",
		scope:  database.Within(scope, "community_id"),
		filter: readerWhere(f, s.Now()),
		order:  database.OldestFirst,
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("readers", err)
	}
	readers = make([]core.Reader, len(rows))
	for i, row := range rows {
		readers[i] = row.reader()
	}
	return readers, more, nil
}

func readerWhere(f ReaderFilter, now time.Time) database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.Group != 0 {
		where.And("group_id = ?", int64(f.Group))
	}
	if f.Keyword != "" {
		where.Like(f.Keyword, "name", "gate", "serial")
	}
	where.Either(f.Disabled, "disabled_at IS NOT NULL", "disabled_at IS NULL")
	// the bounds of core.Reader.State in SQL; a test compares the two
	silent := "(? - last_seen_at) * 2 "
	const beat = "(CASE WHEN heartbeat_seconds < 30 THEN 30 ELSE heartbeat_seconds END) * 1000"
	switch f.State {
	case core.ReaderNever:
		where.And("last_seen_at IS NULL")
	case core.ReaderOnline:
		where.And(silent+"<= 5 * "+beat, now.UnixMilli())
	case core.ReaderStale:
		where.And(silent+"> 5 * "+beat+" AND "+silent+"<= 20 * "+beat, now.UnixMilli(), now.UnixMilli())
	case core.ReaderOffline:
		where.And(silent+"> 20 * "+beat, now.UnixMilli())
	}
	return where
}

// ReaderStates counts the readers in use in the scope, by their state at the current time of the
// store's clock.
func (s *Store) ReaderStates(ctx context.Context, scope core.Scope) (map[core.ReaderState]int, error) {
	counts := map[core.ReaderState]int{}
	for _, state := range []core.ReaderState{core.ReaderOnline, core.ReaderStale, core.ReaderOffline, core.ReaderNever} {
		where := database.Within(scope, "community_id").With(readerWhere(ReaderFilter{State: state, Disabled: "no"}, s.Now()))
		var n int
		if err := s.db.Get(ctx, &n, "SELECT COUNT(*) FROM reader WHERE "+where.Text(), where.Args()...); err != nil {
			return nil, database.Wrap("count readers", err)
		}
		counts[state] = n
	}
	return counts, nil
}
