package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// WechatProofLife is how long a proof is valid.
const WechatProofLife = 10 * time.Minute

// WechatProof identifies a proof: the secret of the browser in which the WeChat user proved who
// they are, and the purpose. It is valid for no other browser and no other purpose.
type WechatProof struct {
	Browser string
	Purpose string
}

func (p WechatProof) digest() string { return digestToken(p.Browser + " " + p.Purpose) }

// CreateWechatProof stores which user WeChat has just identified in a browser. WeChat's codes work
// once: the proof replaces them when the same address is opened again.
func (s *Store) CreateWechatProof(ctx context.Context, p WechatProof, user core.ID) error {
	return s.db.Write(ctx, "keep a WeChat proof", func(tx *database.Tx) error {
		if _, err := tx.Exec("DELETE FROM wechat_proof WHERE token_digest = ?", p.digest()); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO wechat_proof (token_digest, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
			p.digest(), int64(user), tx.NowMS(), tx.Now().Add(WechatProofLife).UnixMilli())
		if database.IsDuplicate(err) {
			return database.ErrRace // the same page was opened in another tab
		}
		return err
	})
}

// WechatProven returns the user of a proof, or the user they were merged into; Unauthenticated if
// there is no proof or it has expired.
func (s *Store) WechatProven(ctx context.Context, p WechatProof) (core.ID, error) {
	var user core.ID
	err := s.db.Get(ctx, &user, `SELECT COALESCE(NULLIF(u.merged_into, 0), u.id)
		FROM wechat_proof p
		JOIN wechat_user u ON u.id = p.user_id
		WHERE p.token_digest = ?
		AND p.expires_at > ?`, p.digest(), s.Now().UnixMilli())
	if core.IsNotFound(database.NotFoundIfNoRows(err, noSession)) {
		return 0, core.Unauthenticated(noSession)
	}
	return user, database.Wrap("find a WeChat proof", err)
}

// WechatPhone returns the verified phone number of a user, masked; "" if there is none.
func (s *Store) WechatPhone(ctx context.Context, user core.ID) (string, error) {
	phones, err := s.wechatPhones(ctx, []core.ID{user})
	return phones[user], err
}

// wechatPhones returns the verified numbers of users, masked, in one query.
func (s *Store) wechatPhones(ctx context.Context, users []core.ID) (map[core.ID]string, error) {
	var rows []struct {
		ID    core.ID `db:"id"`
		Phone string  `db:"phone_cipher"`
	}
	if len(users) == 0 {
		return nil, nil
	}
	err := s.db.All(
		ctx, &rows,
		"SELECT id, phone_cipher FROM wechat_user WHERE phone_cipher <> '' AND id IN ("+database.Placeholders(len(users))+")",
		database.IDArgs(users)...,
	)
	phones := make(map[core.ID]string, len(rows))
	for _, row := range rows {
		phone, openErr := s.db.Keys().Open("wechat_user.phone", row.Phone)
		if openErr != nil {
			return nil, database.Wrap("read verified phones", openErr)
		}
		phones[row.ID] = core.MaskPhone(phone)
	}
	return phones, database.Wrap("read verified phones", err)
}
