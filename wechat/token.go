package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/silenceper/wechat/v2/credential"
)

// TokenStore keeps access tokens and tickets for all servers, and lets one of them at a time
// fetch a new one.
type TokenStore interface {
	// Get returns a value; ok reports whether there is one.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set stores a value for life.
	Set(ctx context.Context, key, value string, life time.Duration) error
	// Lock takes a lock for life; ok is false if another caller has it.
	Lock(ctx context.Context, key string, life time.Duration) (unlock func(), ok bool, err error)
}

const (
	tokenEarly = 5 * time.Minute // a token is replaced this long before it expires
	flightTime = 15 * time.Second
	lockLife   = 8 * time.Second // longer than a call takes
	lockPoll   = 50 * time.Millisecond
	storeTime  = time.Second // a slow token store is treated as down
)

// shared is a value of the platform that all servers use until it expires: an access token, or a
// ticket.
type shared struct {
	key   string
	fetch func(ctx context.Context) (value string, seconds int, err error) // also returns its lifetime
}

// flight is a fetch in progress in this process; others wait for it.
type flight struct {
	bad   string // the value it is to replace; "" = none
	done  chan struct{}
	value string
	err   error
}

// token returns the account's access token: the shared one, or a new one. bad is a token that the
// platform has rejected; it is not returned again.
func (a app) token(ctx context.Context, bad string) (string, error) {
	return a.client.shared(ctx, a.accessToken(), bad)
}

func (a app) accessToken() shared { return shared{a.sharedKey("token"), a.fetchToken} }

// sharedKey keeps accounts, and an account's old and new secret, apart.
func (a app) sharedKey(kind string) string {
	sum := sha256.Sum256([]byte(a.secret))
	return "wechat:" + kind + ":" + a.id + ":" + hex.EncodeToString(sum[:6])
}

// fetchToken requests an access token.
//
// POST /cgi-bin/stable_token, never with force_refresh:
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
// Of WeWork, GET /cgi-bin/gettoken: https://developer.work.weixin.qq.com/document/path/91039
func (a app) fetchToken(ctx context.Context) (string, int, error) {
	api := "/cgi-bin/stable_token"
	var answer credential.ResAccessToken
	err := a.do(ctx, func(t *trip) (err error) {
		if a.corp {
			api = "/cgi-bin/gettoken"
			query := url.Values{"corpid": {a.id}, "corpsecret": {a.secret}}
			answer, err = credential.GetTokenFromServerContext(t.ctx, corpHost+api+"?"+query.Encode())
			return err
		}
		stable := credential.NewStableAccessToken(a.id, a.secret, "", nothing{}).(*credential.StableAccessToken)
		answer, err = stable.GetAccessTokenDirectly(t.ctx, false)
		return err
	})
	a.client.noteBreaker(a.circuit(), err)
	if err != nil {
		return "", 0, err
	}
	if answer.AccessToken == "" || answer.ExpiresIn <= 0 {
		return "", 0, &errLocal{api, errors.New("no token in the answer")}
	}
	return answer.AccessToken, int(answer.ExpiresIn), nil
}

// shared returns the stored value, or fetches it. bad is a value that must not be returned again.
func (c *Client) shared(ctx context.Context, s shared, bad string) (string, error) {
	for {
		if value, ok := c.kept(ctx, s.key, bad); ok {
			return value, nil
		}
		f := c.join(ctx, s, bad)
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		// A flight started to replace another value may have returned our bad one.
		if f.err != nil || f.value != bad || f.bad == bad {
			return f.value, f.err
		}
	}
}

// kept returns the stored value, unless it is bad.
func (c *Client) kept(ctx context.Context, key, bad string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	value, ok, err := c.o.Tokens.Get(ctx, key)
	return value, err == nil && ok && value != bad
}

// join returns the flight in progress, or starts one. It outlives the call that started it: others
// wait for it too.
func (c *Client) join(ctx context.Context, s shared, bad string) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[s.key]; f != nil {
		return f
	}
	f := &flight{bad: bad, done: make(chan struct{})}
	c.flights[s.key] = f
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightTime)
		defer cancel()
		f.value, f.err = c.fetchShared(ctx, s, bad)
		c.mu.Lock()
		delete(c.flights, s.key)
		c.mu.Unlock()
		close(f.done)
	}()
	return f
}

// fetchShared fetches under a lock across servers, or takes what the lock's holder fetched. If the
// token store is down, that costs a fetch, but does not fail the call.
func (c *Client) fetchShared(ctx context.Context, s shared, bad string) (string, error) {
	for {
		unlock, ok, err := c.lock(ctx, s.key+":lock")
		if err != nil {
			return c.fetch(ctx, s)
		}
		if ok {
			defer unlock()
		}
		if value, found := c.kept(ctx, s.key, bad); found {
			return value, nil
		}
		if ok {
			return c.fetch(ctx, s)
		}
		wait := time.NewTimer(lockPoll)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return "", errors.New("wechat: another server does not finish fetching the token")
		}
	}
}

func (c *Client) lock(ctx context.Context, key string) (unlock func(), ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return c.o.Tokens.Lock(ctx, key, lockLife)
}

func (c *Client) fetch(ctx context.Context, s shared) (string, error) {
	value, seconds, err := s.fetch(ctx)
	if err != nil {
		return "", err
	}
	// Without the store every call fetches; the platform returns the same value.
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	_ = c.o.Tokens.Set(ctx, s.key, value, tokenLife(seconds))
	return value, nil
}

// tokenLife returns how long a token that expires in that many seconds is used. The platform issues
// a new one in the old one's last five minutes; both then work.
func tokenLife(seconds int) time.Duration {
	life := time.Duration(seconds) * time.Second
	if life > tokenEarly {
		return life - tokenEarly
	}
	return life / 2
}

// errNoStore is what a client without a TokenStore, or an inbox without a ReplayStore, works with.
var errNoStore = errors.New("wechat: there is no store")

// noTokens is a TokenStore that is always down: each call fetches a token.
type noTokens struct{}

func (noTokens) Get(context.Context, string) (string, bool, error)        { return "", false, errNoStore }
func (noTokens) Set(context.Context, string, string, time.Duration) error { return errNoStore }
func (noTokens) Lock(context.Context, string, time.Duration) (func(), bool, error) {
	return nil, false, errNoStore
}

// redisTokens is a TokenStore for all servers of one Redis.
type redisTokens struct{ redis redis.UniversalClient }

// NewRedisTokens returns a TokenStore shared by all servers of one Redis.
func NewRedisTokens(r redis.UniversalClient) TokenStore { return redisTokens{r} }

func (t redisTokens) Get(ctx context.Context, key string) (string, bool, error) {
	value, err := t.redis.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}

func (t redisTokens) Set(ctx context.Context, key, value string, life time.Duration) error {
	return t.redis.Set(ctx, key, value, life).Err()
}

// unlockScript releases a lock that is still ours.
var unlockScript = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

func (t redisTokens) Lock(ctx context.Context, key string, life time.Duration) (func(), bool, error) {
	name := rand.Text()
	ok, err := t.redis.SetNX(ctx, key, name, life).Result()
	if err != nil || !ok {
		return nil, false, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = unlockScript.Run(ctx, t.redis, []string{key}, name).Err() // it expires by itself
	}, true, nil
}

// Check returns an error unless the platform grants this program an access token for the account:
// it uses the stored one, or requests one.
func (o *OfficialAccount) Check(ctx context.Context) error {
	_, err := o.app.token(ctx, "")
	return err
}

// Check is OfficialAccount.Check for a mini-program.
func (m *MiniProgram) Check(ctx context.Context) error {
	_, err := m.app.token(ctx, "")
	return err
}
