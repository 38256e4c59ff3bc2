package web

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"tongxing/captcha"
	"tongxing/core"
	"tongxing/store"
)

// Captchas creates sign-in captchas and checks the answers. A captcha's id is visible in the page:
// an expiry, a random text and a signature. The letters and the drawing are derived from the id
// with a key that only this program has, so nothing is stored until an answer comes, and sign-in
// still works while the cache is down.
//
// An answer, right or wrong, uses a captcha up. Used ids are remembered in the cache, for all
// servers, and in memory. Without the cache each server knows only its own.
type Captchas struct {
	signer core.Signer
	cache  Cache
	now    func() time.Time
	used   usedOnce
}

const captchaLife = 5 * time.Minute

// NewCaptchas returns captchas derived from the store's keys. A server needs only one.
func NewCaptchas(s *store.Store, cache Cache) *Captchas {
	return &Captchas{signer: s.Signer("captcha"), cache: cache, now: s.Now}
}

// New returns the id of a new captcha.
func (k *Captchas) New() (id string) {
	end, text := strconv.FormatInt(k.now().Add(captchaLife).Unix(), 36), newSecret()
	return end + "." + text + "." + k.signer.Sum(end, text)
}

// live reports whether id was made by New and has not expired.
func (k *Captchas) live(id string) bool {
	parts := strings.Split(id, ".")
	if len(parts) != 3 || !k.signer.Valid(parts[2], parts[0], parts[1]) {
		return false
	}
	end, err := strconv.ParseInt(parts[0], 36, 64)
	return err == nil && k.now().Unix() < end
}

// Letters returns the letters in the picture of a captcha. They must never be sent to a client.
func (k *Captchas) Letters(id string) string {
	return captcha.Letters(k.signer.Seed("letters", id))
}

// Picture returns the PNG of a captcha; NotFound if it has expired.
func (k *Captchas) Picture(id string) ([]byte, error) {
	if !k.live(id) {
		return nil, core.NotFound("验证码已过期，请刷新页面")
	}
	return captcha.Draw(k.Letters(id), k.signer.Seed("picture", id))
}

var errCaptcha = core.InvalidFields(map[string]string{"captcha": "验证码不正确或已过期，请输入新的验证码"})

// Check uses a captcha up and compares the answer, ignoring case. A wrong or second answer is an
// error of the field "captcha".
func (k *Captchas) Check(ctx context.Context, id, answer string) error {
	if !k.live(id) || !k.use(ctx, id) || !captcha.Same(k.Letters(id), answer) {
		return errCaptcha
	}
	return nil
}

// use reports whether this is the first answer to id. If the cache does not reply, memory alone
// decides.
func (k *Captchas) use(ctx context.Context, id string) bool {
	if !k.used.add(id, k.now()) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, captchaWait)
	defer cancel()
	first, err := k.cache.Add(ctx, "captcha:"+id, "used", captchaLife)
	return first || err != nil
}

// captchaWait is how long a sign-in waits for a cache that does not reply.
const captchaWait = time.Second

// CacheDown reports whether the cache does not reply, for pages that warn about it.
func (k *Captchas) CacheDown(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, captchaWait)
	defer cancel()
	_, _, err := k.cache.Get(ctx, "captcha:")
	return err != nil
}

// usedOnce remembers ids for at least captchaLife, in two generations, of which the older is
// dropped as a whole. If more than maxUsed arrive, they are dropped sooner: that many come from an
// attack by many addresses, in which a captcha answered twice hardly matters.
type usedOnce struct {
	mu         sync.Mutex
	young, old map[string]struct{}
	since      time.Time // when the young generation began
}

const maxUsed = 20_000

// add adds id and reports whether it was new.
func (u *usedOnce) add(id string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.since) >= captchaLife || len(u.young) >= maxUsed {
		u.old, u.young, u.since = u.young, map[string]struct{}{}, now
	}
	_, young := u.young[id]
	_, old := u.old[id]
	u.young[id] = struct{}{}
	return !young && !old
}
