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

// Captchas makes the pictures of the sign-in and judges their answers. A captcha's id is
// in the page for everybody to see: its end, a random text, and a signature. Letters and
// strokes follow from the id under a key that only the program has, so that nothing needs
// to be kept until somebody answers, and a cache that is down shuts nobody out.
//
// An answer, right or wrong, uses a captcha up: in the cache, for all servers, and in
// memory. Without the cache each server counts by itself.
type Captchas struct {
	signer core.Signer
	cache  Cache
	now    func() time.Time
	used   usedOnce
}

const captchaLife = 5 * time.Minute

// NewCaptchas returns the captchas of a store's keys. One is enough for a server.
func NewCaptchas(s *store.Store, cache Cache) *Captchas {
	return &Captchas{signer: s.Signer("captcha"), cache: cache, now: s.Now}
}

// New returns the id of a fresh captcha.
func (k *Captchas) New() (id string) {
	end, text := strconv.FormatInt(k.now().Add(captchaLife).Unix(), 36), newSecret()
	return end + "." + text + "." + k.signer.Sum(end, text)
}

// live reports whether id is one of New's and its time is not over.
func (k *Captchas) live(id string) bool {
	parts := strings.Split(id, ".")
	if len(parts) != 3 || !k.signer.Valid(parts[2], parts[0], parts[1]) {
		return false
	}
	end, err := strconv.ParseInt(parts[0], 36, 64)
	return err == nil && k.now().Unix() < end
}

// Letters returns what the picture of a captcha shows. It must never leave the program.
func (k *Captchas) Letters(id string) string {
	return captcha.Letters(k.signer.Seed("letters", id))
}

// Picture returns the PNG of a captcha; not found once its time is over.
func (k *Captchas) Picture(id string) ([]byte, error) {
	if !k.live(id) {
		return nil, core.NotFound("验证码已过期，请刷新页面")
	}
	return captcha.Draw(k.Letters(id), k.signer.Seed("picture", id))
}

var errCaptcha = core.InvalidFields(map[string]string{"captcha": "验证码不正确或已过期，请输入新的验证码"})

// Check uses a captcha up and compares the answer, whatever its case. A wrong answer, and
// one that is not the first, is a message of the field "captcha".
func (k *Captchas) Check(ctx context.Context, id, answer string) error {
	if !k.live(id) || !k.use(ctx, id) || !captcha.Same(k.Letters(id), answer) {
		return errCaptcha
	}
	return nil
}

// use reports whether nobody has answered id before. What the cache cannot say is
// decided by memory alone.
func (k *Captchas) use(ctx context.Context, id string) bool {
	if !k.used.add(id, k.now()) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, captchaWait)
	defer cancel()
	first, err := k.cache.Add(ctx, "captcha:"+id, "used", captchaLife)
	return first || err != nil
}

// captchaWait is how long a sign-in waits for a cache that does not answer.
const captchaWait = time.Second

// CacheDown reports whether the cache does not answer, for a page that says so.
func (k *Captchas) CacheDown(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, captchaWait)
	defer cancel()
	_, _, err := k.cache.Get(ctx, "captcha:")
	return err != nil
}

// usedOnce remembers ids for at least captchaLife, in two generations, of which the older
// one is forgotten as a whole. More than maxUsed at once are forgotten sooner: they came
// from many addresses, and one captcha answered twice is the least of it.
type usedOnce struct {
	mu         sync.Mutex
	young, old map[string]struct{}
	since      time.Time // of young
}

const maxUsed = 20_000

// add reports whether id was not there.
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
