package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// residentCardAudit is what the audit log records of a card.
type residentCardAudit struct {
	Name    string `json:"name"`
	House   string `json:"house"`
	Revoked bool   `json:"revoked,omitempty"`
}

// noCard is the message for a resident who has no card.
const noCard = "还没有发放卡码，或已作废"

// ResidentCard returns the card of a resident of the scope; one without is NotFound.
func (s *Store) ResidentCard(ctx context.Context, scope core.Scope, resident core.ID) (core.ResidentCard, error) {
	var row struct {
		ID      core.ID         `db:"id"`
		Cipher  string          `db:"cipher"`
		By      string          `db:"created_by"`
		Created database.Millis `db:"created_at"`
	}
	where, args := database.ScopeWhere(scope, "community_id")
	err := s.db.Get(ctx, &row, "SELECT id, cipher, created_by, created_at FROM resident_card WHERE live_id = ? AND "+where,
		append([]any{int64(resident)}, args...)...)
	if err != nil {
		return core.ResidentCard{}, database.Wrap("read a card", database.NotFoundIfNoRows(err, noCard))
	}
	code, err := s.db.Keys().Open("resident_card.code", row.Cipher)
	return core.ResidentCard{ID: row.ID, Code: code, By: row.By, Created: row.Created.Time}, database.Wrap("read a card", err)
}

// CreateResidentCard issues a card to a certified resident of the scope; code is random text that the caller has made. The card before
// it is good no more.
func (s *Store) CreateResidentCard(ctx context.Context, by core.Actor, scope core.Scope, resident core.ID, code string) error {
	return s.db.Write(ctx, "issue a card", func(tx *database.Tx) error {
		row, r, err := lockResident(tx, scope, resident)
		if err != nil {
			return err
		}
		usable, err := passUsable(tx, resident)
		switch {
		case err != nil:
			return err
		case !usable:
			return core.Conflict("该住户还没有认证，没有通行证；请先现场核验")
		}
		if err := endCards(tx, resident); err != nil {
			return err
		}
		sealed, err := tx.Keys().Seal("resident_card.code", code)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`
			INSERT INTO resident_card (id, community_id, resident_id, live_id, digest, cipher, created_by, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, int64(tx.NewID()), int64(r.Community), int64(resident), int64(resident),
			cardDigest(code), sealed, by.Name, tx.NowMS()); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "resident.card", Subject: audit.Target("resident", resident),
			After: residentCardAudit{Name: r.Name, House: row.Label},
		})
	})
}

// RevokeResidentCard ends the card of a resident of the scope at once.
func (s *Store) RevokeResidentCard(ctx context.Context, by core.Actor, scope core.Scope, resident core.ID) error {
	return s.db.Write(ctx, "revoke a card", func(tx *database.Tx) error {
		row, r, err := lockResident(tx, scope, resident)
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE resident_card SET live_id = NULL, revoked_at = ? WHERE live_id = ?", tx.NowMS(), int64(resident))
		switch {
		case err != nil:
			return err
		case n == 0:
			return core.Conflict(noCard)
		}
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "resident.revoke_card", Subject: audit.Target("resident", resident),
			Before: residentCardAudit{Name: r.Name, House: row.Label}, After: residentCardAudit{r.Name, row.Label, true},
		})
	})
}

// endCards ends the card of a resident.
func endCards(tx *database.Tx, resident core.ID) error {
	_, err := tx.Exec("UPDATE resident_card SET live_id = NULL, revoked_at = ? WHERE live_id = ?", tx.NowMS(), int64(resident))
	return err
}

// deleteCards deletes the cards of residents who are deleted.
func deleteCards(tx *database.Tx, residents []core.ID) error {
	_, err := tx.Exec("DELETE FROM resident_card WHERE resident_id IN ("+database.Placeholders(len(residents))+")",
		database.IDArgs(residents)...)
	return err
}

func cardDigest(code string) string {
	sum := sha256.Sum256([]byte("card " + code))
	return hex.EncodeToString(sum[:])
}

// CardPass returns the pass of the resident to whom a card was issued; 0 = there is no such card, or it was revoked.
func (s *Store) CardPass(ctx context.Context, code string) (pass core.ID, err error) {
	err = s.db.Get(ctx, &pass, `
		SELECT p.id
		FROM resident_card k
		JOIN pass p ON p.kind = 'resident' AND p.holder_id = k.resident_id
		WHERE k.digest = ?
		AND k.live_id IS NOT NULL`, cardDigest(code))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return pass, database.Wrap("find a card", err)
}

// ScanCard is Scan of an attempt in which a card was shown. A card opens again and again: what is released once is the card,
// for each reader or form, within RepeatWindow, so that a reader that sends a reading again counts nobody twice. asker is the
// reader or the guard's form.
func (s *Store) ScanCard(ctx context.Context, a ScanAttempt, code, asker string) (ScanOutcome, error) {
	pass, err := s.CardPass(ctx, code)
	if err != nil {
		return ScanOutcome{}, err
	}
	a.Pass, a.Token, a.Means = pass, core.TokenLive, core.MeansCard
	if pass == 0 {
		a.Token = core.TokenForeign
	}
	window := int64(0)
	if a.Via == core.ViaReader {
		window = s.Now().UnixMilli() / RepeatWindow.Milliseconds()
		first, found, err := s.released(ctx, cardTurn(code, asker, window-1))
		if err != nil {
			return ScanOutcome{}, database.Wrap("scan", err)
		}
		if found {
			if again, err := s.Reopen(ctx, first.ID, s.Now().Sub(first.At), a.Burst); err != nil || again {
				return repeatOf(first), database.Wrap("scan", err)
			}
		}
	}
	a.TokenDigest = cardTurn(code, asker, window)
	return s.scans.do(ctx, a)
}

// cardTurn is what a card releases once.
func cardTurn(code, asker string, window int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "card %q %q %d", code, asker, window))
	return hex.EncodeToString(sum[:])
}
