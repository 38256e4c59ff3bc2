package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
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
	ToUser   string
	FromUser string // open id
	Created  int64  // Unix seconds
	Type     string // text, event, …
	Name     string // subscribe, unsubscribe, SCAN, CLICK, VIEW, TEMPLATESENDJOBFINISH
	Key      string
	Ticket   string
	Content  string
	ID       string // "" = an event; up to 20 digits, and not unique across people
	JobID    string // of TEMPLATESENDJOBFINISH
	Status   string // of TEMPLATESENDJOBFINISH
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
	text, err := a.unseal(body, q.Get("msg_signature"), timestamp, nonce)
	if err != nil {
		return Event{}, nil, err
	}
	if event, err = readEvent(text); err != nil {
		return Event{}, nil, err
	}
	keys := []string{event.key(a.app.id)}
	if a.aesKey == "" {
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
func readEvent(text []byte) (Event, error) {
	var read struct {
		message.MixMessage
		// Numbers that the platform does not keep to the SDK's int64.
		Created string `xml:"CreateTime"`
		ID      string `xml:"MsgId"`
		JobID   string `xml:"MsgID"`
	}
	if err := readXML(text, &read); err != nil || read.FromUserName == "" || read.MsgType == "" {
		return Event{}, ErrMalformed
	}
	event := Event{
		ToUser: string(read.ToUserName), FromUser: string(read.FromUserName), Type: string(read.MsgType),
		Name: string(read.Event), Key: read.EventKey, Ticket: read.Ticket, Content: read.Content,
		ID: read.ID, JobID: read.JobID, Status: read.Status,
	}
	event.readCreated(read.Created)
	return event, nil
}

// unseal returns the message in a body. If the account has an AES key, only a signed, encrypted
// message counts, whatever the plain text next to it contains.
func (a *OfficialAccount) unseal(body []byte, msgSignature, timestamp, nonce string) ([]byte, error) {
	if a.aesKey == "" {
		return body, nil
	}
	sealed := sealedPart(body)
	if sealed == "" {
		return nil, ErrPlain
	}
	if !sameSign(msgSignature, a.token, timestamp, nonce, sealed) {
		return nil, ErrSignature
	}
	return a.open(sealed)
}

// open decrypts a signed message. One that does not decrypt, or is for another account, is
// ErrMalformed.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
func (a *OfficialAccount) open(sealed string) ([]byte, error) {
	_, text, err := util.DecryptMsg(a.app.id, sealed, a.aesKey)
	if err != nil {
		return nil, ErrMalformed // the SDK's words quote what it read
	}
	return text, nil
}

// sign returns the platform's signature: SHA-1 of the parts, sorted and joined.
func sign(parts ...string) string {
	return util.Signature(slices.Clone(parts)...) // it sorts what it is given
}

func sameSign(given string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(sign(parts...))) == 1
}

// checkAESKey returns an error unless the key is an EncodingAESKey.
func checkAESKey(key string) error {
	raw, err := base64.StdEncoding.DecodeString(key + "=")
	if err != nil || len(raw) != 32 || len(key) != 43 {
		return errors.New("wechat: an EncodingAESKey has 43 characters of base64")
	}
	return nil
}

// encryptElement finds the encrypted message in a body that is not XML as a whole.
var encryptElement = regexp.MustCompile(`<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?</Encrypt>`)

// sealedPart returns the encrypted message in a body, or "". The compatible mode also sends the
// message in plain text, which may not be valid XML.
func sealedPart(body []byte) string {
	var sealed message.EncryptedXMLMsg
	if err := readXML(body, &sealed); err == nil {
		return sealed.EncryptedMsg
	}
	if found := encryptElement.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// Reply builds the passive reply to an event: a text, encrypted if the account has an AES key. An
// empty text yields "success": nothing to say.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
func (a *OfficialAccount) Reply(event Event, text string) (string, error) {
	if text == "" {
		return "success", nil
	}
	now := a.app.client.o.Now().Unix()
	reply := message.NewText(text)
	reply.SetToUserName(message.CDATA(event.FromUser))
	reply.SetFromUserName(message.CDATA(event.ToUser))
	reply.SetCreateTime(now)
	reply.SetMsgType(message.MsgTypeText)
	packed, err := xml.Marshal(reply)
	if err != nil || a.aesKey == "" {
		return string(packed), err
	}
	sealed, err := util.EncryptMsg([]byte(rand.Text()[:16]), packed, a.app.id, a.aesKey)
	if err != nil {
		return "", errors.New("wechat: a reply cannot be encrypted")
	}
	nonce := rand.Text()
	packed, err = xml.Marshal(message.ResponseEncryptedXMLMsg{
		EncryptedMsg: string(sealed), Timestamp: now, Nonce: nonce,
		MsgSignature: sign(a.token, strconv.FormatInt(now, 10), nonce, string(sealed)),
	})
	return string(packed), err
}
