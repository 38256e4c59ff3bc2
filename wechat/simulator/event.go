package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Event is a callback message composed by a test.
type Event struct {
	Name  string // Event, such as "SCAN"; empty for a text message
	Key   string // EventKey
	Text  string // Content of a text message
	Extra [][2]string
	Lines []SubscriptionLine // of a subscription event
	Check *MediaResult       // of wxa_media_check
}

var errNobody = errors.New("simulator: no such person or app")

// Follow makes the person follow the account, with the subscribe event.
func (s *Simulator) Follow(person, appID string) error { return s.follow(person, appID, nil) }

func (s *Simulator) follow(person, appID string, by *scene) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	key := identity{appID, person}
	if _, already := s.follows[key]; already {
		return nil
	}
	s.follows[key] = s.opt.Now()
	e := Event{Name: "subscribe"}
	if by != nil {
		s.cameBy[key] = by.scene
		e.Key, e.Extra = "qrscene_"+by.scene, [][2]string{{"Ticket", by.ticket}}
	}
	s.say(Message{Kind: NoticeMessage, AppID: appID, Person: person, Text: "你已关注「" + a.Name + "」"})
	s.push(s.parcel(a, p, e))
	return nil
}

// Unfollow makes the person unfollow the account, with the unsubscribe event.
func (s *Simulator) Unfollow(person, appID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	key := identity{appID, person}
	if _, there := s.follows[key]; !there {
		return nil
	}
	delete(s.follows, key)
	s.push(s.parcel(a, p, Event{Name: "unsubscribe"}))
	return nil
}

// SendText types text into the account's chat.
func (s *Simulator) SendText(person, appID, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	s.say(Message{Kind: PersonMessage, AppID: appID, Person: person, Text: text})
	s.push(s.parcel(a, p, Event{Text: text}))
	return nil
}

// Push sends a test's own event from the person to the app.
func (s *Simulator) Push(person, appID string, e Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	s.push(s.parcel(a, p, e))
	return nil
}

// Tap presses a menu button, given by its index in the menu and then in the submenu. It returns the
// button, whose URL is what the person sees next.
func (s *Simulator) Tap(person, appID string, place ...int) (Button, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return Button{}, err
	}
	if !s.hasChat(person, a) {
		return Button{}, errors.New("simulator: the person does not follow the account")
	}
	list, b := s.menuOf(person, a), Button{}
	for _, i := range place {
		if i < 0 || i >= len(list) {
			return Button{}, errors.New("simulator: no such menu button")
		}
		b, list = list[i], list[i].SubButtons
	}
	named := func(name string) string {
		if a.Type == Work {
			return strings.ToLower(name) // https://developer.work.weixin.qq.com/document/path/90240
		}
		return name
	}
	switch b.Type {
	case "view":
		s.push(s.parcel(a, p, Event{Name: named("VIEW"), Key: b.URL}))
	case "click":
		s.push(s.parcel(a, p, Event{Name: named("CLICK"), Key: b.Key}))
	case "miniprogram":
		s.push(s.parcel(a, p, Event{Name: "view_miniprogram", Key: b.PagePath}))
	default:
		return Button{}, errors.New("simulator: this button cannot be pressed")
	}
	return b, nil
}

// hasChat reports whether a person sees an account's menu: a follower, or a member of the company whose app it is;
// the caller holds mu.
func (s *Simulator) hasChat(person string, a *App) bool {
	if a.Type == Work {
		return a.agent != 0 && s.corps[a.corpID].memberOf(person) != nil
	}
	_, follows := s.follows[identity{a.AppID, person}]
	return follows
}

// ScanResult describes what scanning a code opened.
type ScanResult struct {
	Kind  string // "official", "miniprogram", "link" or "text"
	AppID string
	Scene string
	Page  string // of a mini-program
	Text  string // the content of the code
}

// Scan holds the person's phone to a code: the text of a QR, a ticket, or just the scene of an
// existing code (the newest wins). An official account's code makes the person follow it, or sends
// SCAN if they already do.
func (s *Simulator) Scan(person, text string) (ScanResult, error) {
	text = strings.TrimSpace(text)
	s.mu.Lock()
	sc := s.findScene(func(sc *scene) bool { return sc.url == text || (sc.ticket != "" && sc.ticket == text) })
	if sc == nil {
		sc = s.findScene(func(sc *scene) bool { return sc.scene == text })
	}
	now := s.opt.Now()
	s.mu.Unlock()
	switch {
	case sc == nil:
		u, err := url.Parse(text)
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			return ScanResult{Kind: "link", Text: text}, nil
		}
		return ScanResult{Kind: "text", Text: text}, nil
	case sc.mini:
		return ScanResult{Kind: "miniprogram", AppID: sc.appID, Scene: sc.scene, Page: sc.page, Text: sc.url}, nil
	case !sc.expires.IsZero() && !now.Before(sc.expires):
		return ScanResult{}, errors.New("二维码已过期")
	}
	result := ScanResult{Kind: "official", AppID: sc.appID, Scene: sc.scene, Text: sc.url}
	if !s.Following(person, sc.appID) {
		return result, s.follow(person, sc.appID, sc)
	}
	return result, s.Push(person, sc.appID, Event{Name: "SCAN", Key: sc.scene, Extra: [][2]string{{"Ticket", sc.ticket}}})
}

// pushFinish sends TEMPLATESENDJOBFINISH; the caller holds mu.
func (s *Simulator) pushFinish(a *App, p *Person, id int64, status string) {
	s.push(s.parcel(a, p, Event{Name: "TEMPLATESENDJOBFINISH",
		Extra: [][2]string{{"MsgID", strconv.FormatInt(id, 10)}, {"Status", status}}}))
}

func (s *Simulator) pair(person, appID string) (*Person, *App, error) {
	p, a := s.people[person], s.apps[appID]
	if p == nil || a == nil {
		return nil, nil, fmt.Errorf("%w: %s, %s", errNobody, person, appID)
	}
	return p, a, nil
}

// field is one part of a pushed message; a nested one has parts instead of a value.
type field struct {
	name   string
	value  string
	number bool // written without quotes
	parts  []field
}

// fields returns the event as the platform names its parts; the caller holds mu.
func (s *Simulator) fields(a *App, openID string, e Event) []field {
	all := []field{{name: "ToUserName", value: a.OriginalID}, {name: "FromUserName", value: openID},
		{name: "CreateTime", value: strconv.FormatInt(s.opt.Now().Unix(), 10), number: true}}
	if e.Name == "" {
		return append(all, field{name: "MsgType", value: "text"}, field{name: "Content", value: e.Text},
			field{name: "MsgId", value: strconv.FormatInt(s.nextSerial(), 10), number: true})
	}
	all = append(all, field{name: "MsgType", value: "event"}, field{name: "Event", value: e.Name})
	if e.Name != "TEMPLATESENDJOBFINISH" && e.Lines == nil && e.Check == nil {
		all = append(all, field{name: "EventKey", value: e.Key})
	}
	for _, extra := range e.Extra {
		all = append(all, field{name: extra[0], value: extra[1]})
	}
	if e.Check != nil {
		all = append(all, e.Check.fields(a.AppID)...)
	}
	return all
}

// parcel encodes the event as the platform does, XML or JSON; the caller holds mu.
func (s *Simulator) parcel(a *App, p *Person, e Event) parcel {
	openID := s.openID(p.Key, a.AppID)
	what := first(e.Name, "text")
	if a.Type == Work {
		e.Extra = append(e.Extra, [2]string{"AgentID", strconv.Itoa(a.agent)})
	}
	chat := a.Type == OfficialAccount && e.Name != "TEMPLATESENDJOBFINISH" && e.Name != "unsubscribe" && e.Name != "VIEW"
	text := ""
	if a.JSON {
		text = jsonMessage(s.fields(a, openID, e), e.Lines)
	} else {
		text = xmlMessage(s.fields(a, openID, e), e.Name, e.Lines)
	}
	return parcel{app: *a, person: p.Key, openID: openID, what: what, xml: text, chat: chat}
}

func xmlMessage(fields []field, name string, lines []SubscriptionLine) string {
	var b strings.Builder
	b.WriteString("<xml>")
	for _, f := range fields {
		b.WriteString(f.xml())
	}
	if len(lines) > 0 {
		outer := map[string]string{"subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
			"subscribe_msg_change_event": "SubscribeMsgChangeEvent", "subscribe_msg_sent_event": "SubscribeMsgSentEvent"}[name]
		b.WriteString("<" + outer + ">")
		for _, l := range lines {
			b.WriteString("<List>")
			for _, f := range l.fields() {
				b.WriteString(cdata(f[0], f[1]))
			}
			b.WriteString("</List>")
		}
		b.WriteString("</" + outer + ">")
	}
	return b.String() + "</xml>"
}

func (f field) xml() string {
	switch {
	case f.parts != nil:
		var b strings.Builder
		for _, part := range f.parts {
			b.WriteString(part.xml())
		}
		return "<" + f.name + ">" + b.String() + "</" + f.name + ">"
	case f.number:
		return "<" + f.name + ">" + f.value + "</" + f.name + ">"
	}
	return cdata(f.name, f.value)
}

// jsonMessage writes a list of one as an object.
func jsonMessage(fields []field, lines []SubscriptionLine) string {
	out := jsonFields(fields)
	var list []map[string]string
	for _, l := range lines {
		one := map[string]string{}
		for _, f := range l.fields() {
			one[f[0]] = f[1]
		}
		list = append(list, one)
	}
	switch len(list) {
	case 0:
	case 1:
		out["List"] = list[0]
	default:
		out["List"] = list
	}
	return string(encode(out))
}

func jsonFields(fields []field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		switch {
		case f.parts != nil:
			out[f.name] = jsonFields(f.parts)
		case f.number:
			out[f.name] = json.Number(f.value)
		default:
			out[f.name] = f.value
		}
	}
	return out
}

func cdata(name, value string) string {
	return "<" + name + "><![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]></" + name + ">"
}
