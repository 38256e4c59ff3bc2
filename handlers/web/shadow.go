package web

import (
	"crypto/sha256"
	"sync"
	"time"

	"tongxing/core"
)

// shadow is a session with its subject as this process read them from SQL. It is shared by
// concurrent requests: nobody may change what it refers to.
type shadow struct {
	Stamp   string
	Session core.Session
	Account core.Account    // for a session of an account
	User    core.WechatUser // for a session of a WeChat user
	made    time.Time
}

// maxShadows is the number of shadows of one generation: some twenty megabytes at most.
const maxShadows = 10_000

// shadowKey identifies a token without containing it.
type shadowKey [sha256.Size]byte

func shadowKeyOf(token string) shadowKey { return sha256.Sum256([]byte(token)) }

// shadows keeps sessions for shadowLife, in two generations: what is over is dropped with its
// generation, without a search for it.
type shadows struct {
	mu         sync.Mutex
	young, old map[shadowKey]shadow
	began      time.Time // of the young
}

// find returns the shadow of a key that is not over at the given time.
func (s *shadows) find(key shadowKey, now time.Time) (shadow, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.young[key]
	if !ok {
		found, ok = s.old[key]
	}
	// A clock that was set back makes no shadow last longer.
	return found, ok && !now.Before(found.made) && now.Before(found.made.Add(shadowLife))
}

// keep stores a shadow as made now.
func (s *shadows) keep(key shadowKey, found shadow, now time.Time) {
	found.made = now
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.began); s.young == nil || age < 0 || age >= shadowLife || len(s.young) >= maxShadows {
		s.old, s.young, s.began = s.young, map[shadowKey]shadow{}, now
	}
	s.young[key] = found
}
