package simulator

import (
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"
)

// MessageKind is the kind of a chat line.
type MessageKind string

// The kinds of Message.
const (
	TemplateMessage  MessageKind = "template"  // from the account, by template/send
	SubscribeMessage MessageKind = "subscribe" // from a mini-program, by subscribe/send
	ReplyMessage     MessageKind = "reply"     // from the account, in answer to a callback
	PersonMessage    MessageKind = "person"    // typed by the person
	NoticeMessage    MessageKind = "notice"    // from WeChat itself
	WorkMessage      MessageKind = "work"      // from an app of a company
)

// Message is one entry of a person's chat with an account.
type Message struct {
	ID         int64
	Kind       MessageKind
	AppID      string
	Person     string
	TemplateID string
	Title      string
	Lines      []Line
	Text       string
	URL        string // opened by a tap
	MiniAppID  string // opened by a tap instead of URL
	MiniPath   string
	At         time.Time
}

// Line is one labelled value of a card.
type Line struct{ Label, Value string }

const messagesKept = 2000

// sentMark remembers a client_msg_id for ten minutes.
type sentMark struct {
	id int64
	at time.Time
}

// markLife is how long a client_msg_id counts.
const markLife = 10 * time.Minute

// marksKept bounds the marks between two sweeps.
const marksKept = 20_000

// markSent remembers a message that must not be sent again; the caller holds mu.
func (s *Simulator) markSent(mark string, id int64, now time.Time) {
	if len(s.sent) >= marksKept {
		maps.DeleteFunc(s.sent, func(_ string, m sentMark) bool { return now.Sub(m.at) >= markLife })
	}
	s.sent[mark] = sentMark{id: id, at: now}
}

// SentMessages returns what the product sent the person, oldest first: template and subscription
// messages, and those of WeWork. A member whose phone nobody has is "member-" and the user id.
func (s *Simulator) SentMessages(person string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if m.Person == person && (m.Kind == TemplateMessage || m.Kind == SubscribeMessage || m.Kind == WorkMessage) {
			out = append(out, m)
		}
	}
	return out
}

// Chat returns everything a person sees in the chat with an account, oldest first.
func (s *Simulator) Chat(person, appID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chat(person, appID)
}

func (s *Simulator) chat(person, appID string) []Message {
	var out []Message
	for _, m := range s.messages {
		if m.Person == person && m.AppID == appID {
			out = append(out, m)
		}
	}
	return out
}

// Grant records n accepted subscription prompts of the person for a template: each pays for one
// message. A negative n removes them.
func (s *Simulator) Grant(person, appID, templateID string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := grantKey{identity{appID, person}, templateID}
	s.grants[key] = max(0, s.grants[key]+n)
}

// say adds a message to a chat; the caller holds mu.
func (s *Simulator) say(m Message) Message {
	m.ID, m.At = s.nextSerial(), s.opt.Now()
	s.messages = append(s.messages, m)
	if len(s.messages) > s.opt.MessagesKept {
		s.messages = s.messages[len(s.messages)-s.opt.MessagesKept:]
	}
	return m
}

// sendBody is the part that template/send and subscribe/send share.
type sendBody struct {
	ToUser      string               `json:"touser"`
	TemplateID  string               `json:"template_id"`
	URL         string               `json:"url"`
	Page        string               `json:"page"`
	ClientMsgID string               `json:"client_msg_id"`
	Data        map[string]sendField `json:"data"`
	Mini        *miniTarget          `json:"miniprogram"`
}

type miniTarget struct {
	AppID    string `json:"appid"`
	PagePath string `json:"pagepath"`
}

type sendField struct {
	Value string `json:"value"`
}

// addressee checks receiver and template.
func (q *request) addressee(in *sendBody) (*Person, Template, int) {
	p := q.sim.byOpenID(q.app.AppID, in.ToUser)
	if p == nil {
		return nil, Template{}, 40003
	}
	t, known := q.app.template(in.TemplateID)
	if !known {
		return nil, Template{}, 40037
	}
	return p, t, 0
}

// checkFields checks values for "at most 20 characters, no line breaks" and the template's own
// keys; 47003 names the field.
func (q *request) checkFields(t Template, data map[string]sendField) (map[string]string, int) {
	values := map[string]string{}
	if len(data) == 0 {
		q.detail = "data is empty"
		return nil, 47003
	}
	for key, field := range data {
		bad := field.Value == "" || utf8.RuneCountInString(field.Value) > longest(key) ||
			strings.ContainsAny(field.Value, "\r\n") || !t.has(key)
		if bad && key != "first" && key != "remark" {
			q.detail = fmt.Sprintf("data.%s.value is invalid", key)
			return nil, 47003
		}
		values[key] = field.Value
	}
	return values, 0
}

// longest returns the most characters that a field takes, by the letters of its key.
func longest(key string) int {
	switch strings.TrimRight(key, "0123456789") {
	case "phrase", "symbol":
		return 5
	case "car_number":
		return 8
	case "name":
		return 10
	case "phone_number":
		return 17
	}
	return 20
}

// sendTemplate is POST /cgi-bin/message/template/send; the finish event follows.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func sendTemplate(q *request) (any, int) {
	var in sendBody
	if !q.bind(&in) {
		return nil, 47001
	}
	p, t, fail := q.addressee(&in)
	if fail != 0 {
		return nil, fail
	}
	if _, follows := q.sim.followedSince(p.Key, q.app.AppID); !follows {
		return nil, 43004
	}
	if q.sim.refuses(p.Key, q.app.AppID, t.ID) {
		return nil, 43101
	}
	values, fail := q.checkFields(t, in.Data)
	if fail != 0 {
		return nil, fail
	}
	mark := in.ToUser + "\x00" + in.ClientMsgID
	if old, again := q.sim.sent[mark]; again && in.ClientMsgID != "" && q.now.Sub(old.at) < markLife {
		return ok(map[string]any{"msgid": old.id}), 0
	}
	m := Message{Kind: TemplateMessage, AppID: q.app.AppID, Person: p.Key, TemplateID: t.ID,
		Title: t.Title, Lines: t.lines(values), URL: in.URL}
	if in.Mini != nil {
		m.MiniAppID, m.MiniPath = in.Mini.AppID, in.Mini.PagePath
	}
	status, id := "success", int64(0)
	switch {
	case p.Blocked:
		status, id = "failed:user block", q.sim.nextSerial()
	case p.Failing:
		status, id = "failed: system failed", q.sim.nextSerial()
	default:
		id = q.sim.say(m).ID
	}
	q.sim.markSent(mark, id, q.now)
	q.sim.pushFinish(q.app, p, id, status)
	return ok(map[string]any{"msgid": id}), 0
}

// sendSubscribe is POST /cgi-bin/message/subscribe/send: one message per grant.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
func sendSubscribe(q *request) (any, int) {
	var in sendBody
	if !q.bind(&in) {
		return nil, 47001
	}
	p, t, fail := q.addressee(&in)
	if fail != 0 {
		return nil, fail
	}
	if strings.HasPrefix(in.Page, "/") {
		return nil, 41030
	}
	key := grantKey{identity{q.app.AppID, p.Key}, t.ID}
	if q.sim.grants[key] < 1 || q.sim.refuses(p.Key, q.app.AppID, t.ID) {
		return nil, 43101
	}
	values, fail := q.checkFields(t, in.Data)
	if fail != 0 {
		return nil, fail
	}
	q.sim.grants[key]--
	m := q.sim.say(Message{Kind: SubscribeMessage, AppID: q.app.AppID, Person: p.Key, TemplateID: t.ID,
		Title: t.Title, Lines: t.lines(values), MiniAppID: q.app.AppID, MiniPath: in.Page})
	q.sim.pushSent(q.app, p, t.ID, m.ID)
	return ok(map[string]any{"msgid": m.ID}), 0
}
