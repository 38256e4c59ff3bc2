package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// CorpInbox verifies and opens what WeWork pushes to an app, or to the contact sync. It is always encrypted.
type CorpInbox struct{ in *Inbox }

// Inbox returns what reads the pushes to the app. They are encrypted, so an AES key is needed.
func (c *CorpApp) Inbox(o InboxOptions) (*CorpInbox, error) {
	if o.AESKey == "" {
		return nil, errors.New("wechat: WeWork encrypts: an AES key is needed")
	}
	in, err := c.app.client.inbox(c.app.id, o)
	if err != nil {
		return nil, err
	}
	return &CorpInbox{in}, nil
}

// CheckEcho answers WeWork's check of the callback address: it returns the text to send back, decrypted.
// https://developer.work.weixin.qq.com/document/path/90930
func (b *CorpInbox) CheckEcho(r *http.Request) (string, error) {
	q := r.URL.Query()
	text, err := b.unseal(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr"))
	return string(text), err
}

// unseal verifies and decrypts a text.
func (b *CorpInbox) unseal(signature, timestamp, nonce, sealed string) ([]byte, error) {
	if !sameSign(signature, b.in.token, timestamp, nonce, sealed) {
		return nil, ErrSignature
	}
	if err := b.in.checkTime(timestamp); err != nil {
		return nil, err
	}
	return b.in.open(sealed)
}

// CorpEvent is what happened in the company, or what a member did in an app.
type CorpEvent struct {
	From    string // user id; "sys" = the company's administration
	Created int64  // Unix seconds
	Agent   int    // the app that was used; 0 = none
	Type    string // event, text, …
	Name    string // change_contact, subscribe, unsubscribe, enter_agent, click, view, …
	Key     string
	Content string
	Change  *ContactChange // of change_contact; nil otherwise
}

// ContactChange is a change of members or departments. Since 2022 it may say no more than who or which:
// what is not set is to be asked for, and a reconciliation finds what was missed.
type ContactChange struct {
	Kind        ContactKind
	UserID      string // of a member
	NewUserID   string // of update_user, if the user id changed
	Departments []int  // of a member, if told
	Department  int    // of create_party, update_party, delete_party
	Tag         int    // of update_tag
	AddUsers    []string
	DelUsers    []string
	AddParties  []int
	DelParties  []int
}

// ContactKind is a kind of change.
type ContactKind string

// The kinds of changes. Another one is to be treated like "something changed".
const (
	MemberCreated     ContactKind = "create_user"
	MemberUpdated     ContactKind = "update_user"
	MemberDeleted     ContactKind = "delete_user"
	DepartmentCreated ContactKind = "create_party"
	DepartmentUpdated ContactKind = "update_party"
	DepartmentDeleted ContactKind = "delete_party"
	TagUpdated        ContactKind = "update_tag"
)

// Read verifies, decrypts and parses one push. See Inbox.ReadCallback for done and for the errors. The answer
// is an empty 200, or "success".
// https://developer.work.weixin.qq.com/document/path/90970
func (b *CorpInbox) Read(ctx context.Context, r *http.Request) (event CorpEvent, done func(handled bool), err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallback+1))
	if err != nil || len(body) > maxCallback {
		return CorpEvent{}, nil, ErrSignature // its signature is not known yet
	}
	sealed := sealedPart(body)
	if sealed == "" {
		return CorpEvent{}, nil, ErrPlain
	}
	q := r.URL.Query()
	text, err := b.unseal(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), sealed)
	if err != nil {
		return CorpEvent{}, nil, err
	}
	if event, err = readCorpEvent(text, b.in.id); err != nil {
		return CorpEvent{}, nil, err
	}
	sum := sha256.Sum256(text) // a repeat has the same text, under another nonce
	done, err = b.in.once(ctx, []string{"wechat:seen:" + b.in.id + ":" + hex.EncodeToString(sum[:])})
	if err != nil && !errors.Is(err, ErrReplayed) {
		return CorpEvent{}, nil, err
	}
	return event, done, err
}

// readCorpEvent parses a push to a company. The SDK has no types for it.
func readCorpEvent(text []byte, corpID string) (CorpEvent, error) {
	var read struct {
		To         string `xml:"ToUserName"`
		From       string `xml:"FromUserName"`
		Created    string `xml:"CreateTime"`
		Type       string `xml:"MsgType"`
		Name       string `xml:"Event"`
		Key        string `xml:"EventKey"`
		Content    string `xml:"Content"`
		Agent      loose  `xml:"AgentID"`
		Kind       string `xml:"ChangeType"`
		UserID     string `xml:"UserID"`
		NewUserID  string `xml:"NewUserID"`
		Department string `xml:"Department"` // of a member: 1,2,3
		ID         loose  `xml:"Id"`
		Tag        loose  `xml:"TagId"`
		AddUsers   string `xml:"AddUserItems"`
		DelUsers   string `xml:"DelUserItems"`
		AddParties string `xml:"AddPartyItems"`
		DelParties string `xml:"DelPartyItems"`
	}
	if err := readXML(text, &read); err != nil || read.Type == "" || read.To != "" && read.To != corpID {
		return CorpEvent{}, ErrMalformed
	}
	event := CorpEvent{
		From: read.From, Created: unixSeconds(read.Created), Agent: read.Agent.number(), Type: read.Type, Name: read.Name,
		Key: read.Key, Content: read.Content,
	}
	if read.Name == "change_contact" {
		event.Change = &ContactChange{
			Kind: ContactKind(read.Kind), UserID: read.UserID, NewUserID: read.NewUserID, Departments: splitNumbers(read.Department),
			Department: read.ID.number(), Tag: read.Tag.number(), AddUsers: splitList(read.AddUsers), DelUsers: splitList(read.DelUsers),
			AddParties: splitNumbers(read.AddParties), DelParties: splitNumbers(read.DelParties),
		}
	}
	return event, nil
}

// splitList returns the parts of a list with commas.
func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// splitNumbers is splitList of numbers; what is not one is left out.
func splitNumbers(text string) []int {
	var out []int
	for _, part := range splitList(text) {
		if n, err := strconv.Atoi(part); err == nil {
			out = append(out, n)
		}
	}
	return out
}
