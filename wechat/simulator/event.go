package simulator

import (
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
	if _, follows := s.follows[identity{appID, person}]; !follows {
		return Button{}, errors.New("simulator: the person does not follow the account")
	}
	list, b := a.Menu, Button{}
	for _, i := range place {
		if i < 0 || i >= len(list) {
			return Button{}, errors.New("simulator: no such menu button")
		}
		b, list = list[i], list[i].SubButtons
	}
	switch b.Type {
	case "view":
		s.push(s.parcel(a, p, Event{Name: "VIEW", Key: b.URL}))
	case "click":
		s.push(s.parcel(a, p, Event{Name: "CLICK", Key: b.Key}))
	case "miniprogram":
		s.push(s.parcel(a, p, Event{Name: "view_miniprogram", Key: b.PagePath}))
	default:
		return Button{}, errors.New("simulator: this button cannot be pressed")
	}
	return b, nil
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

// parcel encodes the event as WeChat's XML; the caller holds mu.
func (s *Simulator) parcel(a *App, p *Person, e Event) parcel {
	openID := s.openID(p.Key, a.AppID)
	var b strings.Builder
	b.WriteString("<xml>" + cdata("ToUserName", a.OriginalID) + cdata("FromUserName", openID))
	fmt.Fprintf(&b, "<CreateTime>%d</CreateTime>", s.opt.Now().Unix())
	what := e.Name
	if e.Name == "" {
		what = "text"
		b.WriteString(cdata("MsgType", "text") + cdata("Content", e.Text))
		fmt.Fprintf(&b, "<MsgId>%d</MsgId>", s.nextSerial())
	} else {
		b.WriteString(cdata("MsgType", "event") + cdata("Event", e.Name))
		if e.Name != "TEMPLATESENDJOBFINISH" {
			b.WriteString(cdata("EventKey", e.Key))
		}
	}
	for _, field := range e.Extra {
		b.WriteString(cdata(field[0], field[1]))
	}
	b.WriteString("</xml>")
	chat := e.Name != "TEMPLATESENDJOBFINISH" && e.Name != "unsubscribe" && e.Name != "VIEW"
	return parcel{app: *a, person: p.Key, openID: openID, what: what, xml: b.String(), chat: chat}
}

func cdata(name, value string) string {
	return "<" + name + "><![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]></" + name + ">"
}
