package wechat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/officialaccount/message"
)

// Event is a message or an event that the platform pushes when a person does something, or when
// something that the account began is done.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html
type Event struct {
	ToUser   string
	FromUser string // open id
	Created  int64  // Unix seconds
	Type     string // text, event, …
	Name     string // subscribe, unsubscribe, SCAN, CLICK, VIEW, view_miniprogram, TEMPLATESENDJOBFINISH, …
	Key      string // of CLICK the button's key, of VIEW its address, of view_miniprogram its page
	Ticket   string
	Content  string
	ID       string // "" = an event; up to 20 digits, and not unique across people
	MenuID   string // the conditional menu that was tapped
	JobID    string // of TEMPLATESENDJOBFINISH
	Status   string // of TEMPLATESENDJOBFINISH; see Job
	// Subscriptions are what a person answered, or what became of a message: of
	// subscribe_msg_popup_event, subscribe_msg_change_event and subscribe_msg_sent_event.
	Subscriptions []Subscription
	// Check is the finding about a picture or a sound, of wxa_media_check; nil otherwise.
	Check *MediaFinding
}

// Subscription is one line of a subscription event.
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/subscribe-message.html
type Subscription struct {
	Template string
	Accepted bool   // of popup and change: one more message may be sent (popup), or the switch is on (change)
	MsgID    string // of sent
	Code     int    // of sent: 0 = delivered
}

// Job is what became of a template message.
type Job int

// The ends of a template message. JobNone: the event is about something else.
const (
	JobNone    Job = iota
	JobDone        // it was delivered
	JobBlocked     // the person has blocked the account
	JobFailed      // the platform failed
)

// Job returns what became of the template message with the id JobID.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (e Event) Job() Job {
	if e.Name != eventJob {
		return JobNone
	}
	switch status := strings.ToLower(strings.Join(strings.Fields(e.Status), "")); status {
	case "success":
		return JobDone
	case "failed:userblock":
		return JobBlocked
	}
	return JobFailed
}

// Names of events that carry more than a key.
const (
	eventJob     = "TEMPLATESENDJOBFINISH"
	eventChecked = "wxa_media_check"
)

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

// Digest identifies an event of an account, to detect repeats: a message by its sender, second and
// id, an event by its sender, second and content, since two can share a second.
func (e Event) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %q %q %q %q %q", e.FromUser, e.Created, e.Type, e.ID, e.Name, e.Key, e.JobID)
	for _, s := range e.Subscriptions {
		fmt.Fprintf(h, " %q %t %q", s.Template, s.Accepted, s.MsgID)
	}
	if e.Check != nil {
		fmt.Fprintf(h, " %q", e.Check.TraceID)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// key returns the key under which an event is remembered.
func (e Event) key(appID string) string { return "wechat:seen:" + appID + ":" + e.Digest() }

// unixSeconds parses CreateTime; 0 if it is not a number, which affects only the detection of
// repeats.
func unixSeconds(text string) int64 {
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return seconds
}

// readEvent parses a message, XML or (of a mini-program that is set so) JSON; one without sender or
// type is ErrMalformed.
func readEvent(text []byte) (Event, error) {
	event, err := Event{}, error(nil)
	if isJSON(text) {
		event, err = readJSONEvent(text)
	} else {
		event, err = readXMLEvent(text)
	}
	if err != nil || event.FromUser == "" || event.Type == "" {
		return Event{}, ErrMalformed
	}
	return event, nil
}

func isJSON(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) }

// subscriptionLine is a Subscription as the platform writes it, in both formats.
type subscriptionLine struct {
	Template string `xml:"TemplateId" json:"TemplateId"`
	Status   string `xml:"SubscribeStatusString" json:"SubscribeStatusString"`
	MsgID    loose  `xml:"MsgID" json:"MsgID"`
	Code     loose  `xml:"ErrorCode" json:"ErrorCode"`
}

func subscriptions(lines []subscriptionLine) []Subscription {
	var out []Subscription
	for _, l := range lines {
		out = append(out, Subscription{
			Template: l.Template, Accepted: l.Status == "accept", MsgID: string(l.MsgID), Code: l.Code.number(),
		})
	}
	return out
}

// subscriptionList is the list in an XML event.
type subscriptionList struct {
	List []subscriptionLine `xml:"List"`
}

func readXMLEvent(text []byte) (Event, error) {
	var read struct {
		message.MixMessage
		// Numbers that the platform does not keep to the SDK's int64.
		Created string `xml:"CreateTime"`
		ID      string `xml:"MsgId"`
		JobID   string `xml:"MsgID"`
		// Lists of which the SDK reads one, and one entry of it.
		Popup  []subscriptionList `xml:"SubscribeMsgPopupEvent"`
		Change []subscriptionList `xml:"SubscribeMsgChangeEvent"`
		Sent   []subscriptionList `xml:"SubscribeMsgSentEvent"`
		Result finding            `xml:"result"`
		Code   loose              `xml:"errcode"`
	}
	if err := readXML(text, &read); err != nil {
		return Event{}, err
	}
	event := Event{
		ToUser: string(read.ToUserName), FromUser: string(read.FromUserName), Type: string(read.MsgType),
		Name: string(read.Event), Key: read.EventKey, Ticket: read.Ticket, Content: read.Content,
		ID: read.ID, JobID: read.JobID, Status: read.Status, MenuID: read.MenuID, Created: unixSeconds(read.Created),
	}
	for _, list := range append(append(read.Popup, read.Change...), read.Sent...) {
		event.Subscriptions = append(event.Subscriptions, subscriptions(list.List)...)
	}
	if event.Name == eventChecked {
		event.Check = read.Result.of(read.TraceID, read.Code)
	}
	return event, nil
}

func readJSONEvent(text []byte) (Event, error) {
	var read struct {
		ToUserName, FromUserName, MsgType, Event, EventKey, Content string
		CreateTime                                                  loose
		ID                                                          loose           `json:"MsgId"`
		List                                                        json.RawMessage // an object if it is one, else an array
		TraceID                                                     string          `json:"trace_id"`
		Result                                                      finding         `json:"result"`
		Code                                                        loose           `json:"errcode"`
	}
	if err := json.Unmarshal(legalJSON(text), &read); err != nil {
		return Event{}, err
	}
	event := Event{
		ToUser: read.ToUserName, FromUser: read.FromUserName, Type: read.MsgType, Name: read.Event, Key: read.EventKey,
		Content: read.Content, ID: string(read.ID), Created: unixSeconds(string(read.CreateTime)),
	}
	lines, err := oneOrMany(read.List)
	if err != nil {
		return Event{}, err
	}
	event.Subscriptions = subscriptions(lines)
	if event.Name == eventChecked {
		event.Check = read.Result.of(read.TraceID, read.Code)
	}
	return event, nil
}

func oneOrMany(list json.RawMessage) ([]subscriptionLine, error) {
	switch {
	case len(list) == 0:
		return nil, nil
	case list[0] == '{':
		var one subscriptionLine
		err := json.Unmarshal(list, &one)
		return []subscriptionLine{one}, err
	}
	var many []subscriptionLine
	err := json.Unmarshal(list, &many)
	return many, err
}

// loose is a value that the platform writes as a text or as a number.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, (*string)(l))
	}
	*l = loose(text)
	return nil
}

// number returns the value of a number: 0 if there is none, -1 if it is not one.
func (l loose) number() int {
	if l == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(l)))
	if err != nil {
		return codeBusy
	}
	return n
}
