package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"tongxing/core"
)

const recordColumns = `id, community_id, at, via, reader_id, post_id, guard_id, gate, released_by, direction, kind, pass_id, person_id,
	resident_id, house_id, name, house, temp_tenths, allowed, counted, reason, note, token_digest`

type recordRow struct {
	ID          core.ID        `db:"id"`
	Community   core.ID        `db:"community_id"`
	At          millis         `db:"at"`
	Via         core.Via       `db:"via"`
	Reader      core.ID        `db:"reader_id"`
	Post        core.ID        `db:"post_id"`
	Guard       core.ID        `db:"guard_id"`
	Gate        string         `db:"gate"`
	ReleasedBy  string         `db:"released_by"`
	Direction   core.Direction `db:"direction"`
	Kind        core.PassKind  `db:"kind"`
	Pass        core.ID        `db:"pass_id"`
	Person      core.ID        `db:"person_id"`
	Resident    core.ID        `db:"resident_id"`
	House       core.ID        `db:"house_id"`
	Name        string         `db:"name"`
	HouseLabel  string         `db:"house"`
	TempTenths  int            `db:"temp_tenths"`
	Allowed     int            `db:"allowed"`
	Counted     int            `db:"counted"`
	Reason      core.Reason    `db:"reason"`
	Note        string         `db:"note"`
	TokenDigest string         `db:"token_digest"`
}

func (r recordRow) record() core.AccessRecord {
	return core.AccessRecord{
		ID: r.ID, Community: r.Community, At: r.At.Time, Via: r.Via, Reader: r.Reader, Post: r.Post, Guard: r.Guard,
		Gate: r.Gate, ReleasedBy: r.ReleasedBy, Direction: r.Direction, Kind: r.Kind, Pass: r.Pass, Person: r.Person,
		Resident: r.Resident, House: r.House, Name: r.Name, HouseLabel: r.HouseLabel, TempTenths: r.TempTenths,
		Allowed: r.Allowed != 0, Counted: r.Counted != 0, Reason: r.Reason, Note: r.Note, TokenDigest: r.TokenDigest,
	}
}

// insertAccessRecords appends records in one statement. The digest of a released
// token goes into a unique column: a second release of it is a duplicate error,
// whatever the cache believes.
func insertAccessRecords(ctx context.Context, db runner, records []core.AccessRecord) error {
	if len(records) == 0 {
		return nil
	}
	const columns = 24
	args := make([]any, 0, columns*len(records))
	for _, r := range records {
		var release any
		if r.Allowed && r.TokenDigest != "" {
			release = r.TokenDigest
		}
		args = append(args, int64(r.ID), int64(r.Community), r.At.UnixMilli(), string(r.Via), int64(r.Reader), int64(r.Post), int64(r.Guard),
			r.Gate, r.ReleasedBy, string(r.Direction), string(r.Kind), int64(r.Pass), int64(r.Person), int64(r.Resident), int64(r.House),
			r.Name, r.HouseLabel, r.TempTenths, flag(r.Allowed), flag(r.Counted), string(r.Reason), r.Note, r.TokenDigest, release)
	}
	row := "(" + marks(columns) + ")"
	_, err := db.ExecContext(ctx, "INSERT INTO access_record ("+recordColumns+", release_key) VALUES "+
		row+strings.Repeat(", "+row, len(records)-1), args...)
	return err
}

// released gives the record of the release of a token, if there was one.
func (s *Store) released(ctx context.Context, digest string) (core.AccessRecord, bool, error) {
	var row recordRow
	err := s.get(ctx, &row, "SELECT "+recordColumns+" FROM access_record WHERE release_key = ?", digest)
	if errors.Is(err, sql.ErrNoRows) {
		return core.AccessRecord{}, false, nil
	}
	return row.record(), err == nil, err
}
