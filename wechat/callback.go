package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxCallback    = 64 << 10        // bytes of a callback's body
	callbackWindow = 5 * time.Minute // how far its timestamp may be from our clock
)

// What is wrong with a callback. Its sender gets no details. Only ErrMalformed comes with a valid
// signature: it is from the platform, which would show the follower an error message about the
// account if it were refused.
var (
	ErrSignature = errors.New("wechat: a callback's signature is wrong")
	ErrStale     = errors.New("wechat: a callback is too old or from the future")
	ErrPlain     = errors.New("wechat: a callback in the clear, to an account with an AES key")
	ErrReplayed  = errors.New("wechat: a callback was sent again")
	ErrMalformed = errors.New("wechat: a callback that is rightly signed cannot be read")
)

// Event is a message or an event that the platform pushes when a follower does something.
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
	ID       string `xml:"MsgId"`  // "" = an event; up to 20 digits, and not unique across people
	JobID    string `xml:"MsgID"`  // of TEMPLATESENDJOBFINISH
	Status   string `xml:"Status"` // of TEMPLATESENDJOBFINISH
}

// Scene returns the scene of the parametric QR code that was scanned; "" = none.
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

// readCreated parses CreateTime; 0 if it is not a number, which affects only the detection of
// repeats.
func (e *Event) readCreated(text string) {
	e.Created, _ = strconv.ParseInt(strings.TrimSpace(text), 10, 64)
}

// Digest identifies an event of an account, to detect repeats: a message by its sender, second and
// id, an event by its sender, second and content, since two can share a second.
func (e Event) Digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q %q %q %q", e.FromUser, e.Created, e.Type, e.ID, e.Name, e.Key, e.JobID))
	return hex.EncodeToString(sum[:])
}

// key returns the key under which an event is remembered.
func (e Event) key(appID string) string { return "wechat:seen:" + appID + ":" + e.Digest() }

// CheckEcho answers the platform's check of the callback address: it returns the text to send back.
// Only the account's own server can sign it.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html
func (a *OfficialAccount) CheckEcho(r *http.Request) (string, error) {
	q := r.URL.Query()
	if !sameSign(q.Get("signature"), a.token, q.Get("timestamp"), q.Get("nonce")) {
		return "", ErrSignature
	}
	return q.Get("echostr"), nil
}

// ReadCallback verifies, decrypts and parses one callback. An event that was read before is
// ErrReplayed, to be answered like the first: the platform repeats what was not answered within
// five seconds. done must be called with whether the event was handled; one that was not is
// accepted again.
func (a *OfficialAccount) ReadCallback(ctx context.Context, r *http.Request) (event Event, done func(handled bool), err error) {
	q := r.URL.Query()
	timestamp, nonce := q.Get("timestamp"), q.Get("nonce")
	if !sameSign(q.Get("signature"), a.token, timestamp, nonce) {
		return Event{}, nil, ErrSignature
	}
	if err := a.checkTime(timestamp); err != nil {
		return Event{}, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallback+1))
	if err != nil || len(body) > maxCallback {
		return Event{}, nil, ErrMalformed
	}
	message, err := a.unseal(body, q.Get("msg_signature"), timestamp, nonce)
	if err != nil {
		return Event{}, nil, err
	}
	if event, err = readEvent(message); err != nil {
		return Event{}, nil, err
	}
	keys := []string{event.key(a.app.id)}
	if a.aes == nil {
		keys = append(keys, "wechat:nonce:"+a.app.id+":"+timestamp+":"+nonce)
	}
	return a.once(ctx, event, keys)
}

// checkTime rejects old signatures, which somebody may have intercepted.
func (a *OfficialAccount) checkTime(timestamp string) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrStale
	}
	skew := a.app.client.o.Now().Sub(time.Unix(seconds, 0))
	if skew > callbackWindow || skew < -callbackWindow {
		return ErrStale
	}
	return nil
}

// readEvent parses a message; one without sender or type is ErrMalformed.
func readEvent(message []byte) (Event, error) {
	var read struct {
		Event
		Created string `xml:"CreateTime"`
	}
	if err := readXML(message, &read); err != nil || read.FromUser == "" || read.Type == "" {
		return Event{}, ErrMalformed
	}
	read.readCreated(read.Created)
	return read.Event, nil
}

// unseal returns the message in a body. If the account has an AES key, only a signed, encrypted
// message counts, whatever the plain text next to it contains.
func (a *OfficialAccount) unseal(body []byte, msgSignature, timestamp, nonce string) ([]byte, error) {
	if a.aes == nil {
		return body, nil
	}
	sealed := sealedPart(body)
	if sealed == "" {
		return nil, ErrPlain
	}
	if !sameSign(msgSignature, a.token, timestamp, nonce, sealed) {
		return nil, ErrSignature
	}
	message, err := a.aes.open(sealed)
	return []byte(message), err
}

// encryptElement finds the encrypted message in a body that is not XML as a whole.
var encryptElement = regexp.MustCompile(`<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?</Encrypt>`)

// sealedPart returns the encrypted message in a body, or "". The compatible mode also sends the
// message in plain text, which may not be valid XML.
func sealedPart(body []byte) string {
	var sealed struct {
		Encrypt string `xml:"Encrypt"`
	}
	if err := readXML(body, &sealed); err == nil {
		return sealed.Encrypt
	}
	if found := encryptElement.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// cdata is text that XML does not interpret.
type cdata struct {
	Text string `xml:",cdata"`
}

// Reply builds the passive reply to an event: a text, encrypted if the account has an AES key. An
// empty text yields "success": nothing to say.
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
