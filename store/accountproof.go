package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// Proof is an account's password, entered again by somebody who is signed in before an act that a
// person who took over the session must not be able to do. Wrong passwords count as failed sign-ins
// from the same network.
type Proof struct {
	Account  core.ID
	Password string
	Field    string // of the form, for its message; "" = password
	code     bool   // a code of the second step is checked after it
	Visit
}

// proved is a proof whose password was right. Its attempt counts as failed until the act succeeds
// (takeBack).
type proved struct {
	login, hash string
	attempt     core.ID
}

func (p proved) takeBack(tx *database.Tx) error {
	_, err := tx.Exec("DELETE FROM sign_in_attempt WHERE id = ?", int64(p.attempt))
	return err
}

// Prove checks a proof by itself, for an act that is completed elsewhere. A wrong password, and too
// many of them, are invalid at the proof's field.
func (s *Store) Prove(ctx context.Context, p Proof) error {
	done, err := s.prove(ctx, p)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "prove a password", done.takeBack)
}

func (s *Store) prove(ctx context.Context, p Proof) (proved, error) {
	wrong := func(message string) error {
		if p.Field == "" {
			p.Field = "password"
		}
		return core.InvalidFields(map[string]string{p.Field: message})
	}
	var row struct {
		Login    string `db:"login"`
		Password string `db:"password"`
	}
	if err := s.db.Get(ctx, &row, "SELECT login, password FROM account WHERE id = ?", int64(p.Account)); err != nil {
		return proved{}, database.Wrap("prove a password", database.NotFoundIfNoRows(err, noAccount))
	}
	a, err := s.beginAttempt(ctx, attempt{Visit: p.Visit, login: row.Login, way: core.WayProof, code: p.code})
	if core.CodeOf(err) == core.CodeForbidden {
		return proved{}, wrong(core.MessageOf(err))
	}
	if err != nil {
		return proved{}, err
	}
	ok, err := s.passwords.match(ctx, row.Password, p.Password, true) // the caller is signed in
	if err != nil {
		s.withdraw(ctx, a)
		return proved{}, database.Wrap("prove a password", err)
	}
	if !ok {
		return proved{}, wrong("密码不正确")
	}
	return proved{login: row.Login, hash: row.Password, attempt: a.id}, nil
}
