package store

import (
	"crypto/cipher"

	"tongxing/core"
)

// Signer returns the signer of one purpose, under a key derived from the key ring's MAC key. What
// it signed may be stored where others can write, such as in the cache.
func (s *Store) Signer(purpose string) core.Signer {
	return core.NewSigner(s.db.Keys().MAC, purpose)
}

// Box returns the cipher for texts of one purpose, under a key derived like a Signer's.
func (s *Store) Box(purpose string) cipher.AEAD { return core.NewBox(s.db.Keys().MAC, purpose) }
