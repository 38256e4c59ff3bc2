package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"tongxing/core"
)

// auditEntry is one line for the audit log. Before and After are anything that
// encodes as JSON, with personal data masked by the caller; nil is nothing.
type auditEntry struct {
	Community     core.ID
	Action        string // stem.verb
	Target        string // kind:id, see target
	Before, After any
}

// target names what an act was done to.
func target(kind string, id core.ID) string { return kind + ":" + id.String() }

// auditHead is the setting that holds the newest line's hash.
const auditHead = "audit_head"

// audit appends a line within the act's own transaction, chained to the line
// before it by its hash. The chain's head is a row that the transaction locks, so
// acts with an audit row commit one after another.
func audit(tx *Tx, by core.Actor, e auditEntry) error {
	head, err := lockAuditHead(tx)
	if err != nil {
		return err
	}
	before, err := auditText(e.Before)
	if err != nil {
		return err
	}
	after, err := auditText(e.After)
	if err != nil {
		return err
	}
	id := tx.newID()
	fields := []string{head, id.String(), strconv.FormatInt(tx.nowMS(), 10), e.Community.String(), string(by.Kind), by.ID.String(), by.Name, by.Addr, by.RequestID, e.Action, e.Target, before, after}
	sum := sha256.Sum256([]byte(strings.Join(fields, "\x00")))
	hash := hex.EncodeToString(sum[:])
	if _, err := tx.exec(`INSERT INTO audit_log (id, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, target,
		before_text, after_text, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(id), tx.nowMS(), int64(e.Community), string(by.Kind), int64(by.ID), by.Name, by.Addr, by.RequestID, e.Action, e.Target,
		before, after, head, hash); err != nil {
		return err
	}
	return tx.one(errRace, "UPDATE setting SET value = ?, updated_at = ? WHERE name = ?", hash, tx.nowMS(), auditHead)
}

// lockAuditHead reads the head's hash, making the row at the first act.
func lockAuditHead(tx *Tx) (string, error) {
	var head string
	err := tx.get(&head, "SELECT value FROM setting WHERE name = ?"+tx.s.dialect.forUpdate(), auditHead)
	if !errors.Is(err, sql.ErrNoRows) {
		return head, err
	}
	_, err = tx.exec("INSERT INTO setting (name, value, updated_at) VALUES (?, '', ?)", auditHead, tx.nowMS())
	if isDuplicate(err) {
		return "", errRace
	}
	return "", err
}

// auditMost bounds a text of the log, in bytes.
const auditMost = 3900

func auditText(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, ok := v.(string)
	if !ok {
		encoded, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		text = string(encoded)
	}
	if len(text) > auditMost {
		text = text[:auditMost]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	return text, nil
}
