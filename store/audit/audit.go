// Package audit is the log of what people did: a chain of entries, each bound to the previous one
// by a keyed hash, so that changing, removing or adding one is detectable.
//
// A feature writes its entry with Write, within the transaction of the act.
package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

// Entry is one entry for the audit log. Before and After are structs that encode as JSON, whose
// fields are declared by the act's stem in core.Features; the caller has masked personal data. nil
// means nothing.
type Entry struct {
	Community     core.ID
	Action        string // stem.verb, of core.Acts
	Subject       Subject
	Before, After any
}

// Subject is what an act was done to. Only Target creates one, so that no two writers spell the
// same thing differently.
type Subject struct{ text string }

// Target returns the subject of an act: a thing of a stem of core.Features or, if id is 0, the
// feature itself.
func Target(stem string, id core.ID) Subject {
	if id == 0 {
		return Subject{stem}
	}
	return Subject{stem + ":" + id.String()}
}

// String returns the subject as core.AuditRecord.Target holds it.
func (s Subject) String() string { return s.text }

// headSetting is the setting that holds the chain's end: the newest line's number and
// hash, joined by a space.
const headSetting = "audit_head"

// chainEnd is the newest entry of the chain; zero if there is none.
type chainEnd struct {
	seq  int64
	hash string
}

func (e chainEnd) String() string { return strconv.FormatInt(e.seq, 10) + " " + e.hash }

func parseChainEnd(text string) (chainEnd, error) {
	if text == "" {
		return chainEnd{}, nil
	}
	number, hash, _ := strings.Cut(text, " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || hash == "" {
		return chainEnd{}, fmt.Errorf("store: the audit log's end reads %q", text)
	}
	return chainEnd{seq, hash}, nil
}

// Columns are those of Row.
const Columns = `id, seq, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, target,
	before_text, after_text, prev_hash, hash`

// Row is a line as its columns hold it.
type Row struct {
	ID        core.ID        `db:"id"`
	Seq       int64          `db:"seq"`
	At        int64          `db:"at"`
	Community core.ID        `db:"community_id"`
	ActorKind core.ActorKind `db:"actor_kind"`
	ActorID   core.ID        `db:"actor_id"`
	ActorName string         `db:"actor_name"`
	Addr      string         `db:"addr"`
	RequestID string         `db:"request_id"`
	Action    string         `db:"action"`
	Target    string         `db:"target"`
	Before    string         `db:"before_text"`
	After     string         `db:"after_text"`
	PrevHash  string         `db:"prev_hash"`
	Hash      string         `db:"hash"`
}

// sum returns the hash that the line must have. It is keyed: somebody who can write to the
// database, but does not have the program's keys, cannot forge a chain. Each field is preceded by
// its length, so that no two different lines are hashed alike.
func (r Row) sum(keys database.Keyring) string {
	h := hmac.New(sha256.New, keys.MAC)
	for _, field := range []string{
		"audit", r.PrevHash, r.ID.String(), strconv.FormatInt(r.Seq, 10), strconv.FormatInt(r.At, 10),
		r.Community.String(), string(r.ActorKind), r.ActorID.String(),
		r.ActorName, r.Addr, r.RequestID, r.Action, r.Target, r.Before, r.After,
	} {
		_, _ = io.WriteString(h, strconv.Itoa(len(field))+":"+field) // a hash does not fail
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Act is an entry and who did it.
type Act struct {
	By core.Actor
	Entry
}

// Write appends a line within the act's own transaction, chained to the line
// before it by its hash. The chain's end is a row that the transaction locks, so
// acts with an audit row commit one after another.
func Write(tx *database.Tx, by core.Actor, e Entry) error { return WriteAll(tx, []Act{{by, e}}) }

// WriteAll is Write of several acts in one transaction, in their order.
func WriteAll(tx *database.Tx, acts []Act) error {
	if len(acts) == 0 {
		return nil
	}
	// If nobody else has written since this process did, the end need not be read.
	if end, ok := tx.Hints().Take(headSetting).(chainEnd); ok {
		if moved, err := appendAfter(tx, end, acts, true); moved || err != nil {
			return err
		}
	}
	end, err := lockChainEnd(tx)
	if err != nil {
		return err
	}
	moved, err := appendAfter(tx, end, acts, false)
	if err == nil && !moved {
		err = database.ErrRace
	}
	return err
}

// appendAfter appends lines of acts after the chain's end, which it moves; moved is false if the chain does not end there. A guess is
// compared with the note itself, which is locked by that.
func appendAfter(tx *database.Tx, end chainEnd, acts []Act, guess bool) (moved bool, err error) {
	query, was := "UPDATE setting SET value = ?, updated_at = ? WHERE name = ?", end.String()
	rows := make([][]any, len(acts))
	for i, act := range acts {
		row, err := act.after(tx, end)
		if err != nil {
			return false, err
		}
		rows[i], end = row.values(), chainEnd{row.Seq, row.Hash}
	}
	args := []any{end.String(), tx.NowMS(), headSetting}
	if guess {
		query, args = query+" AND value = ?", append(args, was)
	}
	if n, err := tx.Exec(query, args...); err != nil || n != 1 {
		return false, err
	}
	if err := database.InsertRows(tx, database.InsertInto, "audit_log", Columns, rows); err != nil {
		return false, err
	}
	tx.Hints().Leave(headSetting, end)
	return true, nil
}

// after returns the row of an act that follows the chain's end.
func (a Act) after(tx *database.Tx, end chainEnd) (row Row, err error) {
	row = Row{
		ID: tx.NewID(), Seq: end.seq + 1, At: tx.NowMS(), Community: a.Community, ActorKind: a.By.Kind, ActorID: a.By.ID,
		ActorName: a.By.Name, Addr: a.By.Addr, RequestID: a.By.RequestID, Action: a.Action, Target: a.Subject.text, PrevHash: end.hash,
	}
	if row.Before, err = text(a.Before); err != nil {
		return row, err
	}
	if row.After, err = text(a.After); err != nil {
		return row, err
	}
	row.Hash = row.sum(tx.Keys())
	return row, nil
}

// values returns the row's Columns.
func (r Row) values() []any {
	return []any{
		int64(r.ID), r.Seq, r.At, int64(r.Community), string(r.ActorKind), int64(r.ActorID), r.ActorName, r.Addr, r.RequestID,
		r.Action, r.Target, r.Before, r.After, r.PrevHash, r.Hash,
	}
}

// errNoChainEnd is returned if somebody removed the chain's end. Acts that need an entry then fail
// until somebody has investigated.
var errNoChainEnd = errors.New("store: the audit log has lines, but the note of its end is gone")

// lockChainEnd reads the chain's end, creating its row at the first act.
func lockChainEnd(tx *database.Tx) (chainEnd, error) {
	var head string
	err := tx.Get(&head, "SELECT value FROM setting WHERE name = ?"+tx.Dialect().ForUpdate(), headSetting)
	if err == nil {
		return parseChainEnd(head)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return chainEnd{}, err
	}
	_, err = tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES (?, '', ?)", headSetting, tx.NowMS())
	if database.IsDuplicate(err) {
		return chainEnd{}, database.ErrRace
	}
	if err != nil {
		return chainEnd{}, err
	}
	// The row is ours now: entries written by others had one before.
	var lines int64
	if err := tx.Get(&lines, "SELECT COUNT(*) FROM (SELECT seq FROM audit_log LIMIT 1) l"); err != nil {
		return chainEnd{}, err
	}
	if lines > 0 {
		return chainEnd{}, errNoChainEnd
	}
	return chainEnd{}, nil
}

// maxText bounds a text of the log, in bytes.
const maxText = 3900

// text encodes what an entry keeps. Only structs are accepted: a sentence can neither be compared
// field by field nor be worded differently.
func text(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	if reflect.TypeOf(v).Kind() != reflect.Struct {
		return "", fmt.Errorf("store: the audit log keeps structs, not a %T", v)
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	text := string(encoded)
	if len(text) > maxText {
		text = text[:maxText]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	return text, nil
}

// Record returns the line as shown to people.
func (r Row) Record() core.AuditRecord {
	return core.AuditRecord{
		ID: r.ID, Seq: r.Seq, At: time.UnixMilli(r.At), Community: r.Community,
		Actor:  core.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, Addr: r.Addr, RequestID: r.RequestID},
		Action: r.Action, Target: r.Target, Before: r.Before, After: r.After, Hash: r.Hash,
	}
}
