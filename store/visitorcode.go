package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/database"
)

// errVisitorCode is the answer to a code that is wrong, over or was entered too often.
var errVisitorCode = core.InvalidFields(map[string]string{"code": "短信验证码不正确或已过期，请重新获取"})

type visitorCodeRow struct {
	ID      core.ID         `db:"id"`
	Digest  string          `db:"digest"`
	Proven  database.Millis `db:"proven_at"`
	Expires database.Millis `db:"expires_at"`
}

// CreateVisitorCode makes a code for a visitor's number, which ends the one before; the caller sends it there. A number gets few: one
// who asks too often is a Conflict.
func (s *Store) CreateVisitorCode(ctx context.Context, phone string) (number, code string, err error) {
	number, err = core.NormalizeMobile(phone)
	if err != nil || number == "" {
		return "", "", core.InvalidFields(map[string]string{"phone": "请填写 11 位手机号"})
	}
	err = s.db.Write(ctx, "make a visitor's code", func(tx *database.Tx) error {
		mac := tx.Keys().Digest("phone", number)
		persons, err := findOrMakePersons(tx, []string{mac})
		if err != nil {
			return err
		}
		var locked core.ID // of one number they are made one after another
		if err := tx.Get(&locked, "SELECT id FROM person WHERE id = ?"+tx.Dialect().ForUpdate(), int64(persons[mac])); err != nil {
			return err
		}
		var ids []core.ID
		if err := tx.All(&ids, "SELECT id FROM visitor_code WHERE phone_mac = ? AND id >= ? ORDER BY id DESC", mac,
			int64(database.FirstID(tx.Now().Add(-aDay)))); err != nil {
			return err
		}
		switch {
		case len(ids) >= core.MaxVisitorCodes:
			return core.Conflict("这个手机号今天获取的验证码太多，请明天再试，或联系物业")
		case len(ids) > 0 && ids[0] >= database.FirstID(tx.Now().Add(-core.VisitorCodePause)):
			return core.Conflict("刚发过验证码，请一分钟后再获取")
		}
		code = visitorCode()
		_, err = tx.Exec("INSERT INTO visitor_code (id, phone_mac, digest, tries, expires_at) VALUES (?, ?, ?, 0, ?)",
			int64(tx.NewID()), mac, visitorCodeDigest(tx.Keys(), number, code), tx.Now().Add(core.VisitorCodeLife).UnixMilli())
		return err
	})
	return number, code, err
}

// visitorCode returns a random code.
func visitorCode() string {
	return fmt.Sprintf("%0*d", core.VisitorCodeDigits, binary.BigEndian.Uint64(secret.Bytes(8))%1_000_000)
}

func visitorCodeDigest(keys database.Keyring, number, code string) string {
	return keys.Digest("visitor code", number+" "+code)
}

// EnterVisitorCode reports by nil that a code is the last that was sent to a number, and may be used to apply. Each time counts, so that
// it cannot be guessed.
func (s *Store) EnterVisitorCode(ctx context.Context, phone, code string) error {
	number, err := core.NormalizeMobile(phone)
	if err != nil || number == "" {
		return core.InvalidFields(map[string]string{"phone": "请填写 11 位手机号"})
	}
	right := false
	err = s.db.Write(ctx, "enter a visitor's code", func(tx *database.Tx) error {
		right = false
		row, found, err := lastVisitorCode(tx, number)
		if err != nil || !found || !tx.Now().Before(row.Expires.Time) {
			return err
		}
		n, err := tx.Exec("UPDATE visitor_code SET tries = tries + 1 WHERE id = ? AND tries < ?", int64(row.ID), core.MaxVisitorCodeTurn)
		if err != nil || n == 0 {
			return err
		}
		if right = row.Digest == visitorCodeDigest(tx.Keys(), number, core.Clean(code)); !right {
			return nil
		}
		_, err = tx.Exec("UPDATE visitor_code SET proven_at = ? WHERE id = ?", tx.NowMS(), int64(row.ID))
		return err
	})
	if err == nil && !right {
		err = errVisitorCode
	}
	return err
}

// lastVisitorCode returns the last code that was made for a number.
func lastVisitorCode(tx *database.Tx, number string) (row visitorCodeRow, found bool, err error) {
	err = tx.Get(&row, "SELECT id, digest, proven_at, expires_at FROM visitor_code WHERE phone_mac = ? ORDER BY id DESC LIMIT 1",
		tx.Keys().Digest("phone", number))
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// proveByCode notes that the number is the visitor's, if the code was entered, and uses it up.
func (a *visiting) proveByCode(code string) error {
	number, wrong := core.NormalizeMobile(a.visit.Phone)
	if code == "" || wrong != nil || number == "" {
		return nil
	}
	row, found, err := lastVisitorCode(a.tx, number)
	if err != nil || !found {
		return err
	}
	if row.Proven.IsZero() || !a.tx.Now().Before(row.Expires.Time) ||
		row.Digest != visitorCodeDigest(a.tx.Keys(), number, core.Clean(code)) {
		return nil
	}
	a.visit.Proven = true
	return a.tx.ExecOne(database.ErrRace, "UPDATE visitor_code SET expires_at = ? WHERE id = ? AND expires_at > ?",
		a.tx.NowMS(), int64(row.ID), a.tx.NowMS())
}

// PurgeVisitorCodes deletes codes that are over, once they count for no limit.
func (s *Store) PurgeVisitorCodes(ctx context.Context) error {
	return s.db.Write(ctx, "purge visitors' codes", func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM visitor_code WHERE expires_at < ?", tx.Now().Add(-aDay-time.Hour).UnixMilli())
		return err
	})
}
