package simulator

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// parcel is one message on its way to the product: the identifiers in xml stay the
// same at every attempt.
type parcel struct {
	app    App
	person string
	openID string
	what   string // event or message type, for the log
	xml    string
	chat   bool // answers and faults show in the chat
}

// attempts is how often WeChat sends a message that is not answered.
const attempts = 3

// faultNotice is what the chat shows if the account's answer is invalid.
const faultNotice = "该公众号提供的服务出现故障，请稍后再试"

// push sends a parcel in the background; the caller holds mu. An app without a
// callback address gets none.
func (s *Simulator) push(p parcel) {
	if p.app.CallbackURL == "" {
		return
	}
	s.pending.add()
	go func() {
		defer s.pending.done()
		s.deliver(p)
	}()
}

// deliver tries up to three times. Silence, a broken connection or an HTTP error are retried; an
// invalid answer is not.
func (s *Simulator) deliver(p parcel) {
	for n := 1; n <= attempts; n++ {
		query, body := s.wrap(p)
		got, err := s.post(context.Background(), p.app.CallbackURL, query, body)
		var reply passiveReply
		answered := err == nil && got.status == http.StatusOK
		if answered {
			reply, err = readReply(p.app, got.body)
		} else if err == nil {
			err = fmt.Errorf("HTTP %d", got.status)
		}
		s.settle(p, n, query, got, reply, err, answered || n == attempts)
		if answered {
			return
		}
	}
}

// settle logs an attempt and, if it was the last, shows its outcome.
func (s *Simulator) settle(p parcel, n int, query url.Values, got pushed, reply passiveReply, err error, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Call{Kind: CallPush, AppID: p.app.AppID, Method: "POST", Path: pathOf(p.app.CallbackURL), Query: query.Encode(),
		Request: p.xml, Status: got.status, Reply: got.body, Attempt: n, Note: p.what}
	if err != nil {
		c.Failed, c.Note = true, p.what+"："+err.Error()
	}
	s.log(c)
	switch {
	case !last || !p.chat || s.people[p.person] == nil:
	case err != nil:
		s.say(Message{Kind: NoticeMessage, AppID: p.app.AppID, Person: p.person, Text: faultNotice})
	case reply.shown():
		s.say(reply.message(p))
	}
}

// wrap signs and encrypts a parcel with a new nonce; query and body are what is sent.
func (s *Simulator) wrap(p parcel) (url.Values, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := strconv.FormatInt(s.opt.Now().Unix(), 10)
	return s.wrapAt(p, at, strconv.FormatInt(1e9+s.random.Int64N(9e8), 10))
}

func (s *Simulator) wrapAt(p parcel, at, nonce string) (url.Values, string) {
	if p.app.Type == Work {
		return s.wrapWork(p, at, nonce)
	}
	query := url.Values{"timestamp": {at}, "nonce": {nonce}, "openid": {p.openID},
		"signature": {signature(p.app.Token, at, nonce)}}
	if p.app.AESKey == "" {
		return query, p.xml
	}
	sealed := s.seal(p.app, p.xml)
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", signature(p.app.Token, at, nonce, sealed))
	return query, p.app.wrapped(sealed)
}

// wrapWork wraps a push of WeWork, which is always encrypted and has one signature; the caller holds mu.
func (s *Simulator) wrapWork(p parcel, at, nonce string) (url.Values, string) {
	query := url.Values{"timestamp": {at}, "nonce": {nonce}}
	if p.app.AESKey == "" {
		return query, p.xml
	}
	sealed := s.seal(p.app, p.xml)
	query.Set("msg_signature", signature(p.app.Token, at, nonce, sealed))
	return query, "<xml>" + cdata("ToUserName", p.app.OriginalID) + cdata("AgentID", strconv.Itoa(p.app.agent)) +
		cdata("Encrypt", sealed) + "</xml>"
}

// seal encrypts a text for an app; the caller holds mu.
func (s *Simulator) seal(a App, text string) string {
	env, err := newEnvelope(a.AESKey)
	if err != nil {
		panic(err) // AddApp has checked it
	}
	var salt [16]byte
	copy(salt[:], s.text(16))
	return env.seal(salt, text, a.receiver())
}

// receiver is whom an encrypted message names: the company of an app of WeWork.
func (a App) receiver() string { return first(a.corpID, a.AppID) }

// wrapped returns the body of an encrypted push.
func (a App) wrapped(sealed string) string {
	if a.JSON {
		return string(encode(map[string]string{"ToUserName": a.OriginalID, "Encrypt": sealed}))
	}
	return wrapped(a.OriginalID, sealed)
}

func wrapped(to, sealed string) string {
	return "<xml><ToUserName><![CDATA[" + to + "]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"
}

// pushed is what the product answered.
type pushed struct {
	status int
	body   string
}

func (s *Simulator) client() *http.Client {
	return &http.Client{Transport: s.opt.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func (s *Simulator) post(ctx context.Context, to string, query url.Values, body string) (pushed, error) {
	return s.exchange(ctx, http.MethodPost, to, query, body)
}

func (s *Simulator) exchange(ctx context.Context, method, to string, query url.Values, body string) (pushed, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.PushTimeout)
	defer cancel()
	target, err := url.Parse(to)
	if err != nil {
		return pushed{}, errors.New("回调地址不是网址")
	}
	all := target.Query()
	for key, values := range query {
		all[key] = values
	}
	target.RawQuery = all.Encode()
	req, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return pushed{}, err
	}
	kind := "text/xml"
	if strings.HasPrefix(body, "{") {
		kind = "application/json"
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := s.client().Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return pushed{}, fmt.Errorf("%v 内没有应答", s.opt.PushTimeout)
		}
		return pushed{}, errors.New("连接不上回调地址")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return pushed{}, errors.New("应答没有收完")
	}
	return pushed{status: res.StatusCode, body: string(text)}, nil
}

// passiveReply is a valid XML answer to a message.
type passiveReply struct {
	ToUserName string
	MsgType    string
	Content    string
	Articles   struct {
		Item []struct{ Title, Description, Url string } `xml:"item"`
	}
}

func (r passiveReply) shown() bool { return r.MsgType != "" }

func (r passiveReply) message(p parcel) Message {
	m := Message{Kind: ReplyMessage, AppID: p.app.AppID, Person: p.person, Text: r.Content}
	if r.MsgType == "news" && len(r.Articles.Item) > 0 {
		item := r.Articles.Item[0]
		m.Title, m.Text, m.URL = item.Title, item.Description, item.Url
	} else if r.MsgType != "text" {
		m.Text = "[" + r.MsgType + "]"
	}
	return m
}

// readReply accepts "success", nothing, or reply XML, which an app with an AES key
// has to encrypt and sign.
func readReply(app App, body string) (passiveReply, error) {
	text := strings.TrimSpace(body)
	if text == "" || text == "success" {
		return passiveReply{}, nil
	}
	if app.AESKey != "" {
		var outer struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
		if xml.Unmarshal([]byte(text), &outer) != nil || outer.Encrypt == "" {
			return passiveReply{}, errors.New("应答不是加密的 XML")
		}
		if signature(app.Token, outer.TimeStamp, outer.Nonce, outer.Encrypt) != outer.MsgSignature {
			return passiveReply{}, errors.New("应答的签名不对")
		}
		env, err := newEnvelope(app.AESKey)
		if err != nil {
			return passiveReply{}, err
		}
		plain, receiver, err := env.open(outer.Encrypt)
		if err != nil || receiver != app.AppID {
			return passiveReply{}, errors.New("应答解不开")
		}
		text = plain
	}
	var reply passiveReply
	if xml.Unmarshal([]byte(text), &reply) != nil || reply.MsgType == "" || reply.ToUserName == "" {
		return passiveReply{}, errors.New("应答不是回复消息")
	}
	return reply, nil
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Path
}

// tracker counts the pushes in progress.
type tracker struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to 0; nil when nobody waits
}

func (t *tracker) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tracker) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// WaitIdle waits until no push is in progress.
func (s *Simulator) WaitIdle(ctx context.Context) error {
	t := &s.pending
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
