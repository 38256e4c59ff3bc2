package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// RecordOfDevice records once that a terminal opened without asking. It has happened, so that no rule is asked, and nobody is known, so
// that nothing is counted. A terminal that did not hear that we have it sends it again; and what it opened by a code of ours is known
// already, or uses up that code.
func (s *Store) RecordOfDevice(ctx context.Context, reader core.ID, d core.DeviceRecord) (core.AccessRecord, error) {
	key := deviceRecordKey(reader, d)
	if first, found, err := s.released(ctx, key); err != nil || found {
		return first, database.Wrap("record of a device", err)
	}
	now := s.Now().Truncate(time.Millisecond)
	at, exact := d.At(now)
	var made core.AccessRecord
	err := s.db.Write(ctx, "record of a device", func(tx *database.Tx) error {
		var r struct {
			Community core.ID        `db:"community_id"`
			Name      string         `db:"name"`
			Direction core.Direction `db:"direction"`
			InNo      int            `db:"in_no"`
		}
		if err := tx.Get(&r, "SELECT community_id, name, direction, in_no FROM reader WHERE id = ?", int64(reader)); err != nil {
			return database.NotFoundIfNoRows(err, noReader)
		}
		made = core.AccessRecord{
			ID: s.db.NewIDAt(at), Community: r.Community, At: at, Via: core.ViaReader, Reader: reader, Gate: r.Name, ReleasedBy: r.Name,
			Direction: core.WayAt(r.Direction, r.InNo, d.Head), Name: cutText(core.Clean(d.Name), maxLateName), TempTenths: d.TempTenths,
			Allowed: true, Reason: core.ReasonDevice, Note: d.Note(exact), TokenDigest: key,
		}
		return insertAccessRecords(tx, []core.AccessRecord{made})
	})
	if database.IsDuplicate(err) { // it was sent twice at once
		if first, found, again := s.released(ctx, key); again == nil && found {
			return first, nil
		}
	}
	return made, err
}

// deviceRecordKey identifies what a terminal decided: by the code that opens once, or by its number and time, since numbers start again.
func deviceRecordKey(reader core.ID, d core.DeviceRecord) string {
	if d.Code != "" {
		return d.Code
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "device %d %d %d %d", reader, d.Number, d.Clock, d.Type))
	return hex.EncodeToString(sum[:])
}
