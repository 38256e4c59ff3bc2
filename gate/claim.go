package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
)

// claimLease is how long a token stays claimed by a scan that never settles it,
// since its server died. Longer than a scan may take (its transaction is bounded),
// shorter than a person's patience.
const claimLease = 5 * time.Second

// Redis keys. The shard in braces puts a token, its pass and its stored answers
// into one hash slot, so that every script touches one.
func tokenKey(shard, digest string) string { return "qr:{" + shard + "}:t:" + digest }
func passKey(shard string, pass core.ID) string {
	return "qr:{" + shard + "}:p:" + pass.String()
}
func answerKey(shard, digest, asker string) string {
	return "qr:{" + shard + "}:a:" + digest + ":" + asker
}

// issueScript makes the new token the pass's only live one. A used one stays until
// its end, so that whoever shows it again hears that it was used.
// KEYS: the pass, the new token. ARGV: digest, pass id, life in ms, prefix of token keys.
var issueScript = redis.NewScript(`
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local old = redis.call('GET', KEYS[1])
if old and redis.call('HEXISTS', ARGV[4] .. old, 'used') == 0 then redis.call('DEL', ARGV[4] .. old) end
redis.call('HSET', KEYS[2], 'pass', ARGV[2], 'exp', ms + ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return ms + ARGV[3]
`)

// claimScript takes a live token for one scan. A token past its time is absent
// even where Redis has not yet dropped it: its end is part of its value. The same
// claim again is the client's, who did not hear the first answer.
// KEYS: the token, the asker's stored answer. ARGV: claim name, asker, lease in ms.
var claimScript = redis.NewScript(`
local answer = redis.call('GET', KEYS[2])
if answer then return {'repeat', answer} end
local t = redis.call('HMGET', KEYS[1], 'pass', 'exp', 'used', 'asker', 'until', 'claim')
if not t[1] then return {'absent', ''} end
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
if tonumber(t[2]) <= ms then return {'absent', t[1]} end
if t[3] then return {'used', t[1]} end
if t[4] and tonumber(t[5]) > ms and t[6] ~= ARGV[1] then
  if t[4] == ARGV[2] then return {'wait', t[1]} end
  return {'busy', t[1]}
end
redis.call('HSET', KEYS[1], 'claim', ARGV[1], 'asker', ARGV[2], 'until', ms + ARGV[3])
return {'live', t[1]}
`)

// settleScript ends a claim: the token is used up, or put back. The answer is
// kept for repeats, but one that only says that somebody else is deciding does not
// take a decision's place. A claim whose lease ran out and went to another is left
// alone.
// KEYS: the token, the asker's stored answer.
// ARGV: claim name, 1 if used up, the answer, its life in ms.
var settleScript = redis.NewScript(`
local own = redis.call('HGET', KEYS[1], 'claim') == ARGV[1]
if own or ARGV[2] == '1' then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
else
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4], 'NX')
end
if own then
  if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'used', '1') end
  redis.call('HDEL', KEYS[1], 'claim', 'asker', 'until')
elseif ARGV[2] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'used', '1')
end
return 1
`)

// Issued is a new token: its text goes into the QR and nowhere else.
type Issued struct {
	Text    string
	Expires time.Time // by Redis's clock
}

// Issue makes a new token for a pass; the pass's earlier token dies. Whether the
// caller may have one is for the caller to know. An error is core's when the
// cache cannot be reached.
func (g *Gate) Issue(ctx context.Context, pass core.ID) (Issued, error) {
	token := NewToken(ShardOf(pass))
	shard, digest := token.Shard(), token.Digest()
	expires, err := issueScript.Run(ctx, g.redis, []string{passKey(shard, pass), tokenKey(shard, digest)},
		digest, int64(pass), TokenLife.Milliseconds(), tokenKey(shard, "")).Int64()
	if err != nil {
		return Issued{}, fmt.Errorf("gate: issue a token: %w", err)
	}
	return Issued{Text: token.String(), Expires: time.UnixMilli(expires).UTC()}, nil
}

// claim is one scan's hold on a token.
type claim struct {
	shard, digest string
	asker         string // the device, or the guard's form: who gets the same answer again
	name          string // of this very claim
	state         core.TokenState
	pass          core.ID
	stored        *answer // the answer this asker had, within its window
}

// answer is what a repeat gets again. It names nobody.
type answer struct {
	Decision  core.Decision
	Record    core.ID `json:",omitempty"` // 0 = nothing recorded, which is no id in JSON
	Community core.ID `json:",omitempty"`
}

// errInFlight says that this asker's first request is still being decided.
var errInFlight = errors.New("gate: the first request is still being decided")

func (g *Gate) claim(ctx context.Context, c *claim) error {
	c.name = c.asker + "/" + g.store.NewID().String()
	reply, err := claimScript.Run(ctx, g.redis, []string{tokenKey(c.shard, c.digest), answerKey(c.shard, c.digest, c.asker)},
		c.name, c.asker, claimLease.Milliseconds()).StringSlice()
	if err != nil {
		return fmt.Errorf("gate: claim a token: %w", err)
	}
	if len(reply) != 2 {
		return fmt.Errorf("gate: claim a token: %d values", len(reply))
	}
	return c.read(reply[0], reply[1])
}

func (c *claim) read(state, value string) error {
	if state == "repeat" {
		c.stored = &answer{}
		return json.Unmarshal([]byte(value), c.stored)
	}
	if value != "" {
		pass, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("gate: claim a token: %w", err)
		}
		c.pass = core.ID(pass)
	}
	if state == "wait" {
		return errInFlight
	}
	c.state = core.TokenState(state)
	return nil
}

// settle ends the claim and keeps the answer. It runs on its own time: the
// decision is committed, and a caller that hung up must not leave the token open.
func (g *Gate) settle(ctx context.Context, c *claim, a answer) {
	text, err := json.Marshal(a)
	if err != nil {
		g.log.Error("encode a scan's answer", "err", err)
		return
	}
	used := "0"
	if a.Decision.Allowed {
		used = "1"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err = settleScript.Run(ctx, g.redis, []string{tokenKey(c.shard, c.digest), answerKey(c.shard, c.digest, c.asker)},
		c.name, used, text, store.RepeatWindow.Milliseconds()).Err()
	if err != nil {
		// The claim runs out by itself; SQL refuses a second release.
		g.log.Warn("settle a claim", "err", err)
	}
}

// unclaim puts a token back after an error that decided nothing.
func (g *Gate) unclaim(ctx context.Context, c *claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = unclaimScript.Run(ctx, g.redis, []string{tokenKey(c.shard, c.digest)}, c.name).Err() // it runs out by itself
}

// unclaimScript gives up a claim that is still ours. KEYS: the token. ARGV: claim name.
var unclaimScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'claim') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'claim', 'asker', 'until')
end
return 1
`)

// peek tells what a token is without claiming it.
func (g *Gate) peek(ctx context.Context, shard, digest string) (core.ID, core.TokenState, error) {
	v, err := g.redis.HMGet(ctx, tokenKey(shard, digest), "pass", "used").Result()
	if err != nil {
		return 0, core.TokenAbsent, fmt.Errorf("gate: look at a token: %w", err)
	}
	text, _ := v[0].(string)
	pass, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, core.TokenAbsent, nil
	}
	if v[1] != nil {
		return core.ID(pass), core.TokenUsed, nil
	}
	return core.ID(pass), core.TokenLive, nil
}
