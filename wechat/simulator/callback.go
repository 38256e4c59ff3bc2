package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Callback is where and how an app receives its events.
type Callback struct {
	URL, Token, AESKey string
}

// SetCallback saves an app's callback as WeChat's admin site does: only if the address passes the
// GET check.
func (s *Simulator) SetCallback(ctx context.Context, appID string, c Callback) error {
	if c.AESKey != "" {
		if _, err := newEnvelope(c.AESKey); err != nil {
			return errors.New("EncodingAESKey 应为 43 位字母和数字")
		}
	}
	known, is := s.App(appID)
	if !is {
		return errNobody
	}
	if known.Type == Work && c.AESKey == "" {
		return errors.New("EncodingAESKey 必填")
	}
	if err := s.checkCallback(ctx, known, c); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[appID]
	if a == nil {
		return errNobody
	}
	a.CallbackURL, a.Token, a.AESKey = c.URL, c.Token, c.AESKey
	return nil
}

// CheckCallback repeats the GET check of an app's callback.
func (s *Simulator) CheckCallback(ctx context.Context, appID string) error {
	a, known := s.App(appID)
	if !known {
		return errNobody
	}
	return s.checkCallback(ctx, a, Callback{URL: a.CallbackURL, Token: a.Token, AESKey: a.AESKey})
}

func (s *Simulator) checkCallback(ctx context.Context, a App, c Callback) error {
	s.mu.Lock()
	at, nonce := strconv.FormatInt(s.opt.Now().Unix(), 10), strconv.Itoa(1e8+s.random.IntN(9e8))
	echo := strconv.FormatInt(1e18+s.random.Int64N(8e18), 10)
	query := url.Values{"timestamp": {at}, "nonce": {nonce}, "echostr": {echo}, "signature": {signature(c.Token, at, nonce)}}
	if a.Type == Work {
		a.AESKey = c.AESKey
		sealed := s.seal(a, echo)
		query = url.Values{"timestamp": {at}, "nonce": {nonce}, "echostr": {sealed},
			"msg_signature": {signature(c.Token, at, nonce, sealed)}}
	}
	s.mu.Unlock()
	got, err := s.exchange(ctx, http.MethodGet, c.URL, query, "")
	switch {
	case err != nil:
	case got.status != http.StatusOK:
		err = fmt.Errorf("回调校验得到 HTTP %d", got.status)
	case got.body != echo:
		err = errors.New("回调校验没有原样返回 echostr")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(Call{Kind: CallPush, Method: "GET", Path: pathOf(c.URL), Query: query.Encode(), Status: got.status,
		Reply: got.body, Attempt: 1, Note: "回调校验", Failed: err != nil})
	return err
}

// Hostile is a way in which a callback can be invalid.
type Hostile string

// The hostile callbacks, and the genuine one for comparison.
const (
	Genuine         Hostile = "genuine"
	BadSignature    Hostile = "bad signature"     // of the query; msg_signature is right
	BadMsgSignature Hostile = "bad msg_signature" // of the encrypted body
	PlainBody       Hostile = "plain body"        // to an app with an AES key
	OldTimestamp    Hostile = "old timestamp"     // an hour old, correctly signed
	Replay          Hostile = "replay"            // the same bytes twice; the second answer counts
	WrongReceiver   Hostile = "wrong receiver"    // another account's id inside
	TruncatedBase64 Hostile = "truncated base64"  // correctly signed
	HugeBody        Hostile = "huge body"         // one MiB
	Duplicate       Hostile = "duplicate"         // same message, new nonce, twice
)

// HostileKinds lists every Hostile but Genuine.
var HostileKinds = []Hostile{BadSignature, BadMsgSignature, PlainBody, OldTimestamp, Replay, WrongReceiver,
	TruncatedBase64, HugeBody, Duplicate}

// PushReply is the product's answer to a callback; Accepted reports whether WeChat would accept it.
type PushReply struct {
	Status   int
	Body     string
	Accepted bool
}

// PushHostile sends one invalid event immediately and without retries, and returns the last answer.
// Chats do not show it.
func (s *Simulator) PushHostile(ctx context.Context, person, appID string, kind Hostile, e Event) (PushReply, error) {
	s.mu.Lock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		s.mu.Unlock()
		return PushReply{}, err
	}
	par := s.parcel(a, p, e)
	s.mu.Unlock()
	return s.pushSpoiled(ctx, par, kind)
}

func (s *Simulator) pushSpoiled(ctx context.Context, par parcel, kind Hostile) (PushReply, error) {
	query, body := s.spoil(par, kind)
	if kind == Replay || kind == Duplicate {
		if _, err := s.post(ctx, par.app.CallbackURL, query, body); err != nil {
			return PushReply{}, err
		}
		if kind == Duplicate {
			query, body = s.wrap(par)
		}
	}
	got, err := s.post(ctx, par.app.CallbackURL, query, body)
	s.mu.Lock()
	s.log(Call{Kind: CallPush, AppID: par.app.AppID, Method: "POST", Path: pathOf(par.app.CallbackURL), Query: query.Encode(),
		Request: par.xml, Status: got.status, Reply: got.body, Attempt: 1, Note: string(kind)})
	s.mu.Unlock()
	if err != nil {
		return PushReply{}, err
	}
	_, bad := readReply(par.app, got.body)
	return PushReply{Status: got.status, Body: got.body, Accepted: got.status == http.StatusOK && bad == nil}, nil
}

// sealedText finds the encrypted message in a body.
var sealedText = regexp.MustCompile(`[A-Za-z0-9+/=]{64,}`)

// spoil wraps a parcel incorrectly.
func (s *Simulator) spoil(p parcel, kind Hostile) (url.Values, string) {
	genuine := p.app
	switch kind {
	case PlainBody:
		p.app.AESKey = ""
	case WrongReceiver:
		p.app.AppID, p.app.corpID = "wx0000000000000000", ""
	case HugeBody:
		pad := strings.Repeat("A", 1<<20)
		if p.app.JSON {
			p.xml = strings.TrimSuffix(p.xml, "}") + `,"Pad":"` + pad + `"}`
		} else {
			p.xml = strings.Replace(p.xml, "</xml>", cdata("Pad", pad)+"</xml>", 1)
		}
	case OldTimestamp:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.wrapAt(p, strconv.FormatInt(s.opt.Now().Add(-time.Hour).Unix(), 10), s.text(10))
	}
	query, body := s.wrap(p)
	switch kind {
	case BadSignature:
		if p.app.Type == Work { // it has one signature
			query.Set("msg_signature", signature(query.Get("msg_signature")))
			break
		}
		query.Set("signature", signature(query.Get("signature")))
	case BadMsgSignature:
		query.Set("msg_signature", signature(query.Get("msg_signature")))
	case TruncatedBase64:
		sealed := sealedText.FindString(body)
		sealed = sealed[:len(sealed)/2+1]
		query.Set("msg_signature", signature(genuine.Token, query.Get("timestamp"), query.Get("nonce"), sealed))
		body = genuine.wrapped(sealed)
	}
	return query, body
}
