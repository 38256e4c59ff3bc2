package wechat

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
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

// Inbox verifies and opens what the platform pushes to one account.
type Inbox struct {
	id      string // whom an encrypted message must be for
	token   string
	aesKey  string // "" = plain mode
	replays ReplayStore
	now     func() time.Time
}

// InboxOptions describe where an account's messages are pushed to.
type InboxOptions struct {
	Token  string // of the message server settings
	AESKey string // EncodingAESKey, 43 characters; "" = plain mode
	// Replays remembers callbacks; without it none is read.
	Replays ReplayStore
}

// inbox returns the inbox of an account.
func (c *Client) inbox(id string, o InboxOptions) (*Inbox, error) {
	if o.AESKey != "" {
		if err := checkAESKey(o.AESKey); err != nil {
			return nil, err
		}
	}
	if o.Replays == nil {
		o.Replays = noReplays{}
	}
	return &Inbox{id: id, token: o.Token, aesKey: o.AESKey, replays: o.Replays, now: c.o.Now}, nil
}

// CheckEcho answers the platform's check of the callback address: it returns the text to send back.
// Only the account's own server can sign it; a signature that was overheard is good for minutes.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html
func (b *Inbox) CheckEcho(r *http.Request) (string, error) {
	q := r.URL.Query()
	if !sameSign(q.Get("signature"), b.token, q.Get("timestamp"), q.Get("nonce")) {
		return "", ErrSignature
	}
	if err := b.checkTime(q.Get("timestamp")); err != nil {
		return "", err
	}
	return q.Get("echostr"), nil
}

// ReadCallback verifies, decrypts and parses one callback. An event that was read before is
// ErrReplayed, to be answered like the first: the platform repeats what was not answered within
// five seconds. done must be called with whether the event was handled; one that was not is
// accepted again.
func (b *Inbox) ReadCallback(ctx context.Context, r *http.Request) (event Event, done func(handled bool), err error) {
	q := r.URL.Query()
	timestamp, nonce := q.Get("timestamp"), q.Get("nonce")
	if !sameSign(q.Get("signature"), b.token, timestamp, nonce) {
		return Event{}, nil, ErrSignature
	}
	if err := b.checkTime(timestamp); err != nil {
		return Event{}, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallback+1))
	if err != nil || len(body) > maxCallback {
		return Event{}, nil, ErrMalformed
	}
	text, err := b.unseal(body, q.Get("msg_signature"), timestamp, nonce)
	if err != nil {
		return Event{}, nil, err
	}
	if event, err = readEvent(text); err != nil {
		return Event{}, nil, err
	}
	keys := []string{event.key(b.id)}
	if b.aesKey == "" {
		keys = append(keys, "wechat:nonce:"+b.id+":"+timestamp+":"+nonce)
	}
	done, err = b.once(ctx, keys)
	if err != nil && !errors.Is(err, ErrReplayed) {
		return Event{}, nil, err
	}
	return event, done, err
}

// checkTime rejects old signatures, which somebody may have intercepted.
func (b *Inbox) checkTime(timestamp string) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrStale
	}
	skew := b.now().Sub(time.Unix(seconds, 0))
	if skew > callbackWindow || skew < -callbackWindow {
		return ErrStale
	}
	return nil
}

// unseal returns the message in a body. If the account has an AES key, only a signed, encrypted
// message counts, whatever the plain text next to it contains.
func (b *Inbox) unseal(body []byte, msgSignature, timestamp, nonce string) ([]byte, error) {
	if b.aesKey == "" {
		return body, nil
	}
	sealed := sealedPart(body)
	if sealed == "" {
		return nil, ErrPlain
	}
	if !sameSign(msgSignature, b.token, timestamp, nonce, sealed) {
		return nil, ErrSignature
	}
	return b.open(sealed)
}

// open decrypts a signed message. One that does not decrypt, or is for another account, is
// ErrMalformed.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
func (b *Inbox) open(sealed string) ([]byte, error) {
	_, text, err := util.DecryptMsg(b.id, sealed, b.aesKey)
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
	if isJSON(body) {
		if err := json.Unmarshal(legalJSON(body), &sealed); err == nil {
			return sealed.EncryptedMsg
		}
		return ""
	}
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
func (b *Inbox) Reply(event Event, text string) (string, error) {
	if text == "" {
		return "success", nil
	}
	now := b.now().Unix()
	reply := message.NewText(text)
	reply.SetToUserName(message.CDATA(event.FromUser))
	reply.SetFromUserName(message.CDATA(event.ToUser))
	reply.SetCreateTime(now)
	reply.SetMsgType(message.MsgTypeText)
	packed, err := xml.Marshal(reply)
	if err != nil || b.aesKey == "" {
		return string(packed), err
	}
	sealed, err := util.EncryptMsg([]byte(rand.Text()[:16]), packed, b.id, b.aesKey)
	if err != nil {
		return "", errors.New("wechat: a reply cannot be encrypted")
	}
	nonce := rand.Text()
	packed, err = xml.Marshal(message.ResponseEncryptedXMLMsg{
		EncryptedMsg: string(sealed), Timestamp: now, Nonce: nonce,
		MsgSignature: sign(b.token, strconv.FormatInt(now, 10), nonce, string(sealed)),
	})
	return string(packed), err
}
