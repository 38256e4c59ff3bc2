package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/wechat"
)

// weworkOnce is within which time WeWork drops a message that it has sent: more than core.MessageChannel.Dedup
// states, so that nothing is repeated which it has forgotten.
const weworkOnce = 30 * time.Minute

// weworkPace is how many messages a member gets a minute from all servers: any sixty seconds have twice as many at most.
// WeWork drops more than 30 a minute, or 1,000 an hour, without a word.
// https://developer.work.weixin.qq.com/document/path/90236
const weworkPace = 15

// weworkAlone is how many a server sends while it cannot know what the others do: two together stay within weworkPace.
const weworkAlone = 7

const paceTime = time.Second // a slow Redis counts as down

// memberPace counts what members got in the present minute: in Redis for all servers, and beside it for this one, which
// alone counts when Redis is gone.
type memberPace struct {
	redis redis.UniversalClient

	mu     sync.Mutex
	minute int64
	sent   map[string]int
}

// take reports whether a member may get one more now.
func (p *memberPace) take(ctx context.Context, member string, now time.Time) bool {
	minute := now.Unix() / 60
	own := p.count(member, minute)
	all, err := p.countAll(ctx, member, minute)
	if err != nil {
		return own <= weworkAlone
	}
	return all <= weworkPace
}

// count counts one more of this server.
func (p *memberPace) count(member string, minute int64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if minute != p.minute || p.sent == nil {
		p.minute, p.sent = minute, map[string]int{}
	}
	p.sent[member]++
	return p.sent[member]
}

// countAll counts one more of all servers. The key has no name of a person, and outlives its minute by the difference
// of the servers' clocks.
func (p *memberPace) countAll(ctx context.Context, member string, minute int64) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, paceTime)
	defer cancel()
	sum := sha256.Sum256([]byte(member))
	key := "wework:pace:" + hex.EncodeToString(sum[:12]) + ":" + strconv.FormatInt(minute, 10)
	var n *redis.IntCmd
	_, err := p.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		n = tx.Incr(ctx, key)
		tx.Expire(ctx, key, 2*time.Minute)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(n.Val()), nil
}

// weworkSender sends cards by the companies' apps on WeWork.
type weworkSender struct {
	corp      func(corpID string) (*wechat.CorpApp, core.ID) // nil = not in use any more
	publicURL string
	zone      *time.Location
	pace      *memberPace
	now       func() time.Time
}

// send implements sender. WeWork recognises a repeat by what a message says and to whom, not by a key: two messages
// of the same words are told apart by their link.
func (s weworkSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	corp, app := s.corp(d.AppID)
	if corp == nil { // disabled or replaced since the message was claimed
		return core.AnswerUnsent, "", ""
	}
	if !s.pace.take(ctx, d.AppID+" "+strings.ToLower(d.Address), s.now()) {
		return core.AnswerHeld, "", ""
	}
	sent, err := corp.Send(ctx, wechat.CorpMessage{
		To: []string{d.Address}, Once: weworkOnce,
		Card: &wechat.TextCard{
			Title: d.Kind.Label(), Text: s.text(d), URL: s.link(d, app), Button: "查看",
		},
	})
	answer, code := wechatAnswer(d.Channel, err)
	key := strings.ToLower(d.Address)
	switch {
	case answer != core.AnswerAccepted:
	case slices.Contains(sent.Unlicensed, key):
		answer = core.AnswerNoLicence
	case slices.Contains(sent.Invalid, key):
		answer = core.AnswerGone
	}
	return answer, code, sent.ID
}

// text returns what a card says: what happened, in which community, and when.
func (s weworkSender) text(d core.Dispatch) string {
	when := d.Created.In(s.zone).Format("1 月 2 日 15:04")
	if d.Place != "" {
		when = d.Place + " · " + when
	}
	return d.Text() + "\n" + when
}

// link returns the address that signs the recipient in within WeWork, and leads on to the message's page.
func (s weworkSender) link(d core.Dispatch, app core.ID) string {
	query := url.Values{"next": {"/" + d.Path()}, "message": {d.Key}}
	return s.publicURL + core.StaffEntry(app) + "?" + query.Encode()
}

// corpApp returns the app of a company in use, with the id of its binding; nil if there is none.
func (w *weChat) corpApp(corpID string) (*wechat.CorpApp, core.ID) {
	b := w.named(context.Background(), corpID)
	return b.corp, b.App.ID
}

// messageCorps returns the companies in use.
func (w *weChat) messageCorps(ctx context.Context) map[core.ID]string {
	corps := map[core.ID]string{}
	for _, b := range w.apps(ctx) {
		if b.corp != nil {
			corps[b.App.ID] = b.App.AppID
		}
	}
	return corps
}
