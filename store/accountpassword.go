package store

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"tongxing/core"
	"tongxing/secret"
)

const (
	argonLanes = 1
	argonKey   = 32
	argonSalt  = 16
)

// PasswordCost is the cost of the Argon2id digest of new passwords. The zero value is OWASP's first
// recommendation: 19 MiB, two passes, one lane; about 25 ms. Only tests, which sign in all the
// time, use less.
type PasswordCost struct {
	Memory uint32 // KiB
	Passes uint32
}

func (c PasswordCost) params() argonParams {
	if c == (PasswordCost{}) {
		c = PasswordCost{Memory: 19 * 1024, Passes: 2}
	}
	return argonParams{c.Memory, c.Passes, argonLanes}
}

// passwords computes and compares digests, few at a time.
type passwords struct {
	cost  PasswordCost
	turns *turns
}

// hash returns a password's digest in PHC form. Only somebody who has signed in, or has an
// administrator's link, sets a password: the digest is computed before those of strangers.
func (c passwords) hash(ctx context.Context, password string) (string, error) {
	salt, p := secret.Bytes(argonSalt), c.cost.params()
	key, err := c.digest(ctx, digesting{password, salt, p, true})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

type argonParams struct {
	memory, passes uint32
	lanes          uint8
}

// digesting is one digest to compute; known ones go first.
type digesting struct {
	password string
	salt     []byte
	argonParams
	known bool
}

func (c passwords) digest(ctx context.Context, d digesting) ([]byte, error) {
	if err := c.turns.enter(ctx, d.known); err != nil {
		return nil, err
	}
	defer c.turns.leave()
	return argon2.IDKey([]byte(d.password), d.salt, d.passes, d.memory, d.lanes, argonKey), nil
}

// match reports whether phc is a digest of password. An empty or unreadable phc, as of an account
// that does not exist, matches nothing and takes as long as a new one, so that the time of an
// answer does not reveal whether the account exists. If it returns an error, the password was not
// checked.
func (c passwords) match(ctx context.Context, phc, password string, known bool) (bool, error) {
	params, salt, want, ok := parsePHC(phc)
	if !ok {
		params, salt, want = c.cost.params(), make([]byte, argonSalt), nil
	}
	if len(password) > 4*core.MaxPassword {
		password, ok = "", false
	}
	key, err := c.digest(ctx, digesting{password, salt, params, known})
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && ok, nil
}

func parsePHC(phc string) (p argonParams, salt, key []byte, ok bool) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return p, nil, nil, false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	ok = saltErr == nil && keyErr == nil && len(key) == argonKey && p.passes > 0 && p.lanes > 0 && p.memory <= 1<<20
	return p, salt, key, ok
}
