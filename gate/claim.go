package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
)

// claimLease is how long a token stays claimed by a scan that never settles it because its server
// died. It is longer than a scan may take (its transaction is bounded) and shorter than a person's
// patience.
const claimLease = 5 * time.Second

// Redis keys. The shard in braces puts a token, its pass, its claim and its stored
// answers into one hash slot, so that every script and transaction touches one.
func tokenKey(shard, digest string) string { return "qr:{" + shard + "}:t:" + digest }
func passKey(shard string, pass core.ID) string {
	return "qr:{" + shard + "}:p:" + pass.String()
}
func claimKey(shard, digest string) string { return "qr:{" + shard + "}:c:" + digest }
func answerKey(shard, digest, asker string) string {
	return "qr:{" + shard + "}:a:" + digest + ":" + asker
}

// issueScript makes the new token the pass's only live one. A used one stays until it expires, so
// that showing it again is answered with "used". KEYS: the pass, the new token. ARGV: digest, pass
// id, life in ms, prefix of token keys, expiry time, the signature over these.
var issueScript = redis.NewScript(`
local old = redis.call('GET', KEYS[1])
if old and redis.call('HEXISTS', ARGV[4] .. old, 'used') == 0 then redis.call('DEL', ARGV[4] .. old) end
redis.call('HSET', KEYS[2], 'pass', ARGV[2], 'exp', ARGV[5], 'sum', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
`)

// Issued is a new token; its text goes into the QR code and nowhere else.
type Issued struct {
	Text    string
	Expires time.Time // by Redis's clock
}

// Issue makes a new token for a pass and invalidates the pass's earlier one. The caller must have
// checked that the token may be issued. The error is a core error if the cache cannot be reached.
func (g *Gate) Issue(ctx context.Context, pass core.ID) (Issued, error) {
	token := NewToken(ShardOf(pass))
	shard, digest := token.Shard(), token.Digest()
	g.settling.pass(ctx, pass)
	now, err := g.redis.Time(ctx).Result()
	if err != nil {
		return Issued{}, fmt.Errorf("gate: issue a token: %w", err)
	}
	expires := now.Add(TokenLife).Truncate(time.Millisecond)
	ends := strconv.FormatInt(expires.UnixMilli(), 10)
	err = issueScript.Run(
		ctx, g.redis, []string{passKey(shard, pass), tokenKey(shard, digest)},
		digest, int64(pass), TokenLife.Milliseconds(), tokenKey(shard, ""), ends, g.tokenSum(digest, pass.String(), ends),
	).Err()
	if err != nil {
		return Issued{}, fmt.Errorf("gate: issue a token: %w", err)
	}
	return Issued{Text: token.String(), Expires: expires.UTC()}, nil
}

// tokenSum signs which pass a token is for, and until when.
func (g *Gate) tokenSum(digest, pass, ends string) string {
	return g.signer.Sum("token", digest, pass, ends)
}

// answerSum signs what was shown and who asked, with the answer.
func (g *Gate) answerSum(c *claim, text string) string {
	return g.signer.Sum("answer", c.shard, c.digest, c.asker, text)
}

// claim is one scan's hold on a token.
type claim struct {
	shard, digest string
	foreign       bool   // what was shown is no token at all
	asker         string // the device, or the guard's form: who gets the same answer again
	name          string // of this very claim: the asker, a slash, a number
	state         core.TokenState
	pass          core.ID
	ends          time.Time // of the token; zero if it is absent
	held          bool      // the claim key is ours
	asked         time.Time // before the command was sent to Redis
	at            time.Time // when it was first asked, by Redis's clock
	stored        *answer   // the answer this asker was given, within its window
}

// answer is stored for repeats. It holds no personal data.
type answer struct {
	Decision  core.Decision
	At        int64   // when the scan was claimed, in milliseconds by Redis's clock
	Record    core.ID `json:",omitempty"` // 0 = nothing recorded; omitted, since it is not a valid id in JSON
	Community core.ID `json:",omitempty"`
}

// errInFlight is returned while this asker's first request is still being decided.
var errInFlight = errors.New("gate: the first request is still being decided")

// claim claims a live token for one scan, in one transaction of plain commands: a script would cost
// the embedded Redis more than the rest of the scan. It always takes the claim key if that is free,
// and derives the state from the replies. Sending the same claim again is harmless: the client
// retries if it did not receive the first reply.
func (g *Gate) claim(ctx context.Context, c *claim) error {
	c.name, c.asked = c.asker+"/"+g.store.NewID().String(), time.Now()
	var replies claimed
	_, err := g.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		replies.ask(ctx, p, c)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("gate: claim a token: %w", err)
	}
	return g.read(c, &replies)
}

// claimed holds Redis's replies to a claim.
type claimed struct {
	answer *redis.StringCmd
	token  *redis.SliceCmd
	holder *redis.StringCmd
	clock  *redis.TimeCmd
}

func (t *claimed) ask(ctx context.Context, p redis.Pipeliner, c *claim) {
	t.answer = p.Get(ctx, answerKey(c.shard, c.digest, c.asker))
	t.token = p.HMGet(ctx, tokenKey(c.shard, c.digest), "pass", "exp", "used", "sum")
	p.SetNX(ctx, claimKey(c.shard, c.digest), c.name, claimLease)
	t.holder = p.Get(ctx, claimKey(c.shard, c.digest))
	t.clock = p.Time(ctx)
}

func (g *Gate) read(c *claim, t *claimed) error {
	for _, err := range []error{t.token.Err(), t.holder.Err(), t.clock.Err()} {
		if err != nil {
			return fmt.Errorf("gate: claim a token: %w", err)
		}
	}
	holder := t.holder.Val()
	c.held = holder == c.name
	if c.at.IsZero() {
		c.at = t.clock.Val()
	}
	used, err := g.readToken(c, t.token.Val())
	if err != nil {
		return err
	}
	if text, err := t.answer.Result(); err == nil {
		if sum, text, _ := strings.Cut(text, " "); g.signer.Valid(sum, "answer", c.shard, c.digest, c.asker, text) {
			c.stored = &answer{}
			return json.Unmarshal([]byte(text), c.stored)
		}
		g.log.Warn("an answer in the cache is not of this program")
	} else if !errors.Is(err, redis.Nil) {
		return fmt.Errorf("gate: claim a token: %w", err)
	}
	switch {
	// The expiry is part of the value, because Redis may be late to delete the key.
	case !c.ends.After(t.clock.Val()):
		c.state = c.absent()
	case used:
		c.state = core.TokenUsed
	case c.held:
		c.state = core.TokenLive
	case holder[:max(strings.LastIndexByte(holder, '/'), 0)] == c.asker:
		return errInFlight
	default:
		c.state = core.TokenBusy
	}
	return nil
}

// absent is the state of what there is no token of.
func (c *claim) absent() core.TokenState {
	if c.foreign {
		return core.TokenForeign
	}
	return core.TokenAbsent
}

// readToken reads pass, exp, used and sum of a token; of one that is absent, or that
// this program did not make, nothing.
func (g *Gate) readToken(c *claim, fields []any) (used bool, err error) {
	c.pass, c.ends = 0, time.Time{}
	pass, _ := fields[0].(string)
	ends, _ := fields[1].(string)
	sum, _ := fields[3].(string)
	if pass == "" || ends == "" {
		return false, nil
	}
	if !g.signer.Valid(sum, "token", c.digest, pass, ends) {
		g.log.Warn("a token in the cache is not of this program")
		return false, nil
	}
	id, err := strconv.ParseInt(pass, 10, 64)
	if err != nil {
		return false, fmt.Errorf("gate: claim a token: %w", err)
	}
	ms, err := strconv.ParseInt(ends, 10, 64)
	if err != nil {
		return false, fmt.Errorf("gate: claim a token: %w", err)
	}
	c.pass, c.ends = core.ID(id), time.UnixMilli(ms)
	return fields[2] != nil, nil
}

// own reports whether the claim is still ours, as far as can be known: a Redis that lost it may
// have granted it to another scan, and SQL decides between the two.
func (c *claim) own() bool { return c.held && time.Since(c.asked) < claimLease }

// settle ends a claim: the token is marked used, or released. The answer is stored for repeats, but
// "busy" never replaces a decision. It runs with its own timeout: the decision is committed, and a
// caller that hung up must not leave the token live.
func (g *Gate) settle(ctx context.Context, c *claim, a answer) {
	text, err := json.Marshal(a)
	if err != nil {
		g.log.Error("encode a scan's answer", "err", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, err = g.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		c.settle(ctx, p, a.Decision.Allowed, g.answerSum(c, string(text))+" "+string(text))
		return nil
	})
	if err != nil {
		// The claim expires by itself; SQL refuses a second release.
		g.log.Warn("settle a claim", "err", err)
	}
}

func (c *claim) settle(ctx context.Context, p redis.Pipeliner, used bool, text string) {
	key, own := answerKey(c.shard, c.digest, c.asker), c.own()
	if own || used {
		p.Set(ctx, key, text, store.RepeatWindow)
	} else {
		p.SetNX(ctx, key, text, store.RepeatWindow)
	}
	if used && !c.ends.IsZero() {
		// If the token has expired by now, this creates a key without a pass, which expires too.
		p.HSet(ctx, tokenKey(c.shard, c.digest), "used", "1")
		p.PExpireAt(ctx, tokenKey(c.shard, c.digest), c.ends)
	}
	if own {
		p.Del(ctx, claimKey(c.shard, c.digest))
	}
}

// unclaim releases a token when nothing was decided.
func (g *Gate) unclaim(ctx context.Context, c *claim) {
	if !c.own() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = g.redis.Del(ctx, claimKey(c.shard, c.digest)).Err() // it expires by itself
}

// peek returns the state of a token, and its pass, without claiming it.
func (g *Gate) peek(ctx context.Context, c *claim) (core.ID, core.TokenState, error) {
	if c.foreign {
		return 0, core.TokenForeign, nil
	}
	g.settling.token(ctx, c.digest)
	fields, err := g.redis.HMGet(ctx, tokenKey(c.shard, c.digest), "pass", "exp", "used", "sum").Result()
	if err != nil {
		return 0, core.TokenAbsent, fmt.Errorf("gate: look at a token: %w", err)
	}
	used, err := g.readToken(c, fields)
	switch {
	case err != nil || c.pass == 0:
		return 0, core.TokenAbsent, nil
	case used:
		return c.pass, core.TokenUsed, nil
	}
	return c.pass, core.TokenLive, nil
}
