package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The floor of an invitation writes the rows that the product writes, in one transaction: the visit, the entries by which the name is
// found, the person of the number, the pass, the line of the audit log and the note of the log's end. It reads, checks and seals
// nothing. The lower floor also omits the note, which has acts with an audit line commit one after another.

const floorCipher = "g1.bench.bm9uY2Vub25jZW5vbmNlY2lwaGVyY2lwaGVyY2lwaGVyY2lwaGVyY2lwaGVy"

var floorInvite = []string{
	`INSERT INTO visitor_pass (id, community_id, way, answer, refusal, applicant_id, proven, gate, resident_id, house_id,
		name, phone_cipher, phone_mac, id_cipher, id_mac, plate_cipher, plate_mac, people, reason, more_cipher, link_cipher, link_digest,
		request_key, request_body, from_at, until_at, left_n, created_at, updated_at)
	VALUES (?, ?, 'invite', 'granted', '', 0, 0, '', ?, ?,
		'` + inviteName + `', '` + floorCipher + `', ?, '', '', '` + floorCipher + `', ?, 2, '做客', '', '` + floorCipher + `', ?,
		?, ?, ?, ?, 0, ?, ?)`,
	`INSERT INTO name_gram (kind, gram, community_id, subject_id) VALUES ` +
		strings.TrimSuffix(strings.Repeat("(6, ?, ?, ?), ", inviteGrams), ", "),
	`INSERT INTO person (id, phone_mac, created_at) VALUES (?, ?, ?)`,
	`INSERT INTO pass (id, community_id, kind, holder_id, person_id, created_at) VALUES (?, ?, 'visitor', ?, ?, ?)`,
	`INSERT INTO audit_log (id, seq, at, community_id, actor_kind, actor_id, actor_name, addr, request_id, action, target,
		before_text, after_text, prev_hash, hash)
	VALUES (?, ?, ?, ?, 'wechat', ?, '住户', '192.0.2.1', 'f00dfacef00dface', 'visitorpass.create', ?,
		'', '{"way":"invite","name":"王**","phone":"137****0001","plate":"京A**345","people":2,"house":"1栋1单元101",` +
		`"until":"2026-11-30 18:00","answer":"granted"}', ?, ?)`,
	`UPDATE setting SET value = ?, updated_at = ? WHERE name = 'audit_head'`,
}

// prepareInvite has SQLite parse the statements once.
func (f *floor) prepareInvite() error {
	for _, query := range floorInvite {
		statement, err := f.db.Prepare(query)
		if err != nil {
			return err
		}
		f.invites = append(f.invites, statement)
	}
	return nil
}

func (f *floor) invite(chained bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
		var o whose
		if err == nil {
			_, err = fmt.Sscan(string(body), &o.community, &o.reader, &o.pass, &o.person, &o.resident, &o.house)
		}
		if err == nil {
			err = f.insertInvite(r.Context(), o, chained)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"id":"1"}`)
	}
}

func (f *floor) insertInvite(ctx context.Context, o whose, chained bool) error {
	now := time.Now().UnixMilli()
	serial := f.serial.Add(4)
	mac := func(n int64) string {
		sum := sha256.Sum256(fmt.Append(nil, serial, n))
		return hex.EncodeToString(sum[:])
	}
	args := [][]any{
		{serial, o.community, o.resident, o.house, mac(1), mac(2), mac(3), mac(4), mac(5), now, now + 14_400_000, now, now},
		nil,
		{serial + 1, mac(1), now},
		{serial + 2, o.community, serial, serial + 1, now},
		{serial + 3, serial, now, o.community, o.resident, fmt.Sprint("visitorpass:", serial), mac(6), mac(7)},
		{fmt.Sprint(serial, mac(7)), now},
	}
	for i := range inviteGrams {
		args[1] = append(args[1], 1000+i, o.community, serial)
	}
	if !chained {
		args = args[:len(args)-1]
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for i := range args {
		var prepared *sql.Stmt
		if f.invites != nil {
			prepared = f.invites[i]
		}
		if _, err := f.exec(ctx, tx, prepared, floorInvite[i], args[i]...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
