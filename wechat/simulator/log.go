package simulator

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CallKind is who called whom.
type CallKind string

// The kinds of Call.
const (
	CallAPI  CallKind = "api"  // the product called the platform
	CallPush CallKind = "push" // the platform called the product
	CallPage CallKind = "page" // a browser passed the authorize page
)

// Call is one line of the log. Secrets, tokens, codes and phone numbers in Query,
// Request and Reply are masked.
type Call struct {
	At      time.Time
	Kind    CallKind
	AppID   string
	Method  string
	Path    string
	Query   string
	Request string
	Status  int // HTTP status; 0 when none came
	Errcode int
	Reply   string
	Attempt int    // of a push: 1 to 3
	Note    string // anything unusual
	Failed  bool
}

const callsKept = 500

// Calls returns the newest calls and pushes, oldest first.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// log records a call, masked; the caller holds mu.
func (s *Simulator) log(c Call) {
	c.At = s.opt.Now()
	c.Query, c.Request, c.Reply = maskQuery(c.Query), maskBody(c.Request), maskBody(c.Reply)
	c.Failed = c.Failed || c.Errcode != 0 || c.Status >= 400 || c.Status == 0
	s.calls = append(s.calls, c)
	if len(s.calls) > callsKept {
		s.calls = s.calls[len(s.calls)-callsKept:]
	}
}

var secretKeys = []string{"access_token", "refresh_token", "secret", "code", "js_code", "ticket", "session_key",
	"signature", "msg_signature", "corpsecret", "user_ticket", "Encrypt", "Content", "content"}

func mask(value string) string {
	if len(value) <= 4 {
		return "***"
	}
	return value[:3] + "***"
}

func maskQuery(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "***"
	}
	for key, list := range values {
		if !slices.Contains(secretKeys, key) {
			continue
		}
		for i := range list {
			list[i] = mask(list[i])
		}
	}
	text, err := url.QueryUnescape(values.Encode())
	if err != nil {
		return "***"
	}
	return text
}

var (
	secretField = regexp.MustCompile(`"(` + strings.Join(secretKeys, "|") + `)"\s*:\s*"([^"]*)"?`)
	secretTag   = regexp.MustCompile(`<(Ticket|Encrypt|Content)><!\[CDATA\[(.*?)\]\]></`)
	mobile      = regexp.MustCompile(`\b(1\d{2})\d{4}(\d{4})\b`)
)

// readable is how much of a body is looked at, in bytes: more than is shown, and less than a list of
// thousands of people.
const readable = 16 << 10

func maskBody(body string) string {
	if len(body) > readable {
		body = strings.ToValidUTF8(body[:readable], "")
	}
	body = secretField.ReplaceAllStringFunc(body, func(m string) string {
		parts := secretField.FindStringSubmatch(m)
		return `"` + parts[1] + `":"` + mask(parts[2]) + `"`
	})
	body = secretTag.ReplaceAllStringFunc(body, func(m string) string {
		parts := secretTag.FindStringSubmatch(m)
		return "<" + parts[1] + "><![CDATA[" + mask(parts[2]) + "]]></"
	})
	body = mobile.ReplaceAllString(body, "$1****$2")
	if runes := []rune(body); len(runes) > 2000 {
		body = string(runes[:2000]) + "…"
	}
	return body
}
