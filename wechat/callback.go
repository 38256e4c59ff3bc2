package wechat

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	callbackMost   = 64 << 10        // bytes of a callback's body
	callbackWindow = 5 * time.Minute // how far its timestamp may be from our clock
)

// What is wrong with a callback. Its sender is answered with nothing in particular.
var (
	ErrSignature = errors.New("wechat: a callback's signature is wrong")
	ErrStale     = errors.New("wechat: a callback is too old or from the future")
	ErrPlain     = errors.New("wechat: a callback in the clear, to an account with an AES key")
	ErrReplayed  = errors.New("wechat: a callback was sent again")
	ErrMalformed = errors.New("wechat: a callback cannot be read")
)

// Event is a message or an event that a follower's doing pushed to us.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html
type Event struct {
	ToUser   string `xml:"ToUserName"`
	FromUser string `xml:"FromUserName"` // open id
	Created  int64  `xml:"CreateTime"`   // Unix seconds
	Type     string `xml:"MsgType"`      // text, event, …
	Name     string `xml:"Event"`        // subscribe, unsubscribe, SCAN, CLICK, VIEW, TEMPLATESENDJOBFINISH
	Key      string `xml:"EventKey"`
	Ticket   string `xml:"Ticket"`
	Content  string `xml:"Content"`
	ID       int64  `xml:"MsgId"`
	JobID    int64  `xml:"MsgID"`  // of TEMPLATESENDJOBFINISH
	Status   string `xml:"Status"` // likewise
}

// Scene is the scene of the parametric QR code that was scanned; "" = none.
func (e Event) Scene() string {
	switch e.Name {
	case "subscribe":
		scene, found := strings.CutPrefix(e.Key, "qrscene_")
		if found {
			return scene
		}
	case "SCAN":
		return e.Key
	}
	return ""
}

// key names an event for de-duplication: messages by their id, events by sender
// and second, with what happened, since two can share a second.
func (e Event) key(appID string) string {
	if e.ID != 0 {
		return "wechat:seen:" + appID + ":m" + strconv.FormatInt(e.ID, 10)
	}
	return fmt.Sprintf("wechat:seen:%s:e%s:%d:%s:%s:%d", appID, e.FromUser, e.Created, e.Name, e.Key, e.JobID)
}

// CheckEcho answers the platform's check of the callback address: it gives the
// text to send back. Only an account's own server knows how to sign it.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html
func (a *OfficialAccount) CheckEcho(r *http.Request) (string, error) {
	q := r.URL.Query()
	if !sameSign(q.Get("signature"), a.token, q.Get("timestamp"), q.Get("nonce")) {
		return "", ErrSignature
	}
	return q.Get("echostr"), nil
}

// ReadCallback verifies, decrypts and reads one callback. An event that was read
// before is ErrReplayed, to be answered like the first: the platform repeats what
// was not answered in five seconds. done must be called with whether the event
// was handled; one that was not may come again.
func (a *OfficialAccount) ReadCallback(ctx context.Context, r *http.Request) (event Event, done func(handled bool), err error) {
	q := r.URL.Query()
	timestamp, nonce := q.Get("timestamp"), q.Get("nonce")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return Event{}, nil, ErrMalformed
	}
	if skew := a.app.client.o.Now().Sub(time.Unix(seconds, 0)); skew > callbackWindow || skew < -callbackWindow {
		return Event{}, nil, ErrStale
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, callbackMost+1))
	if err != nil || len(body) > callbackMost {
		return Event{}, nil, ErrMalformed
	}
	message, err := a.verify(body, q.Get("signature"), q.Get("msg_signature"), timestamp, nonce)
	if err != nil {
		return Event{}, nil, err
	}
	if err := xml.Unmarshal([]byte(message), &event); err != nil || event.FromUser == "" || event.Type == "" {
		return Event{}, nil, ErrMalformed
	}
	keys := []string{event.key(a.app.id)}
	if a.aes == nil {
		keys = append(keys, "wechat:nonce:"+a.app.id+":"+timestamp+":"+nonce)
	}
	return a.once(ctx, event, keys)
}

// verify checks a body's signature and gives the message in it.
func (a *OfficialAccount) verify(body []byte, signature, msgSignature, timestamp, nonce string) (string, error) {
	if !sameSign(signature, a.token, timestamp, nonce) {
		return "", ErrSignature
	}
	if a.aes == nil {
		return string(body), nil
	}
	var sealed struct {
		Encrypt string `xml:"Encrypt"`
	}
	if err := xml.Unmarshal(body, &sealed); err != nil {
		return "", ErrMalformed
	}
	if sealed.Encrypt == "" {
		return "", ErrPlain
	}
	if !sameSign(msgSignature, a.token, timestamp, nonce, sealed.Encrypt) {
		return "", ErrSignature
	}
	return a.aes.open(sealed.Encrypt)
}

// cdata is text that XML leaves alone.
type cdata struct {
	Text string `xml:",cdata"`
}

// Reply makes the passive reply to an event: a text, sealed where the account has
// an AES key. An empty text is "success": nothing to say.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
func (a *OfficialAccount) Reply(event Event, text string) (string, error) {
	if text == "" {
		return "success", nil
	}
	now := a.app.client.o.Now().Unix()
	message, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"xml"`
		To      cdata    `xml:"ToUserName"`
		From    cdata    `xml:"FromUserName"`
		Created int64    `xml:"CreateTime"`
		Type    cdata    `xml:"MsgType"`
		Content cdata    `xml:"Content"`
	}{To: cdata{event.FromUser}, From: cdata{event.ToUser}, Created: now, Type: cdata{"text"}, Content: cdata{text}})
	if err != nil || a.aes == nil {
		return string(message), err
	}
	sealed, err := a.aes.seal(string(message))
	if err != nil {
		return "", err
	}
	timestamp, nonce := strconv.FormatInt(now, 10), strconv.FormatInt(now%1_000_000_007, 36)
	packed, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"xml"`
		Encrypt   cdata    `xml:"Encrypt"`
		Signature cdata    `xml:"MsgSignature"`
		Timestamp string   `xml:"TimeStamp"`
		Nonce     cdata    `xml:"Nonce"`
	}{Encrypt: cdata{sealed}, Signature: cdata{sign(a.token, timestamp, nonce, sealed)}, Timestamp: timestamp, Nonce: cdata{nonce}})
	return string(packed), err
}
