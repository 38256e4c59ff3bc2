// Package sms sends text messages of approved templates, by Tencent Cloud or Alibaba Cloud.
//
// Each provider has a thin client: one signed request a message, bounded in time and size, never
// redirected. What a provider refuses is an *Error with its code; no error and no log line contains a
// key, a whole number or the text of a message.
package sms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Message is one text message to one phone.
type Message struct {
	Phone    string  // +8613800138000, or a mainland mobile number without the country code
	Template string  // the provider's id of an approved template
	Values   []Value // of the template's variables, in the template's order
}

// Value is what a template's variable is to be.
type Value struct {
	Name string // Alibaba Cloud's variables have names, Tencent Cloud's have only their order
	Text string // one line; cut to 20 characters
}

// Sender sends messages. Its methods may be called from several goroutines.
type Sender interface {
	// Send hands a message to the provider and returns its id there. That is not yet a delivery. See
	// ActionOf for what to do about an error.
	Send(ctx context.Context, m Message) (id string, err error)
}

// ErrInvalid is wrapped by the error of a message that was not sent, since no provider would take it.
var ErrInvalid = errors.New("not what a provider takes")

// Error is what a provider answered instead of a message's id.
type Error struct {
	Provider Provider
	Code     string // such as LimitExceeded.PhoneNumberDailyLimit or isv.OUT_OF_SERVICE
	Status   int    // of HTTP
	action   Action
}

func (e *Error) Error() string {
	return fmt.Sprintf("sms: %s refused: %s (HTTP %d)", e.Provider, e.Code, e.Status)
}

// errLocal is an error of the connection, or an answer that is not the provider's. The address, which
// holds the number, is left out.
type errLocal struct {
	provider Provider
	err      error
}

func (e *errLocal) Error() string { return "sms: " + string(e.provider) + ": " + e.err.Error() }
func (e *errLocal) Unwrap() error { return e.err }

// Action is what the sender of a message does about an error.
type Action int

// The actions.
const (
	// ActionNone: there is no error.
	ActionNone Action = iota
	// ActionRetry: the provider was busy or could not be reached; again after seconds, with jitter. The
	// message may have been sent: providers do not recognise repeats.
	ActionRetry
	// ActionSlow: too many to this phone, or at once; again after minutes.
	ActionSlow
	// ActionFull: the limit of this phone for today; another channel.
	ActionFull
	// ActionTomorrow: the account's limit of the day; again after midnight in China.
	ActionTomorrow
	// ActionOptOut: the person has unsubscribed, or the network blocks the number; another channel.
	ActionOptOut
	// ActionUnknown: not a number that can be reached; another channel.
	ActionUnknown
	// ActionKeys: the key or its secret is wrong, or this machine's clock or address; an alarm.
	ActionKeys
	// ActionTemplate: the template or the signature is not approved; an alarm.
	ActionTemplate
	// ActionAlarm: the account may not send, such as for want of money; no retry.
	ActionAlarm
	// ActionOther: a code that is not listed, which may be of this message alone; another channel.
	ActionOther
	// ActionFault: the message is wrong; no retry.
	ActionFault
)

// ActionOf returns what to do about an error of Send.
func ActionOf(err error) Action {
	var e *Error
	switch {
	case err == nil:
		return ActionNone
	case errors.As(err, &e):
		return e.action
	case errors.Is(err, ErrInvalid):
		return ActionFault
	}
	return ActionRetry
}

// IsRetryable reports whether the same message may be sent later.
func IsRetryable(err error) bool {
	switch ActionOf(err) {
	case ActionRetry, ActionSlow, ActionTomorrow:
		return true
	}
	return false
}

// MayHaveHappened reports whether the message of a failed call may have been sent: no answer came, or none that
// is the provider's. A refusal, and a call that reached no server, sent nothing.
func MayHaveHappened(err error) bool {
	var local *errLocal
	if !errors.As(err, &local) {
		return false
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

// CodeOf returns the provider's code of an error, "" for any other error.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

const (
	maxValue  = 20 // characters of a variable that every provider takes
	maxValues = 20
)

var (
	mainland = regexp.MustCompile(`^1[3-9]\d{9}$`)
	e164     = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)
)

// ready returns the message as it is sent: the number in E.164, the values fitted.
func (m Message) ready() (Message, error) {
	if mainland.MatchString(m.Phone) {
		m.Phone = "+86" + m.Phone
	}
	switch {
	case !e164.MatchString(m.Phone):
		return m, fmt.Errorf("sms: %w: the number is not one of a phone", ErrInvalid)
	case m.Template == "":
		return m, fmt.Errorf("sms: %w: which template is not said", ErrInvalid)
	case len(m.Values) > maxValues:
		return m, fmt.Errorf("sms: %w: too many variables", ErrInvalid)
	}
	values := make([]Value, len(m.Values))
	for i, v := range m.Values {
		values[i] = Value{Name: v.Name, Text: fit(v.Text)}
		if values[i].Text == "" {
			return m, fmt.Errorf("sms: %w: variable %d is empty", ErrInvalid, i+1)
		}
	}
	m.Values = values
	return m, nil
}

// fit returns a text as one line of at most 20 characters.
func fit(text string) string {
	line := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)), " ")
	if runes := []rune(line); len(runes) > maxValue {
		return string(runes[:maxValue-1]) + "…"
	}
	return line
}

// Masked returns a number as logs and pages may show it: +86138****8000.
func Masked(phone string) string {
	if len(phone) < 8 {
		return "****"
	}
	return phone[:len(phone)-8] + "****" + phone[len(phone)-4:]
}

// Provider is who sends the messages.
type Provider string

// The providers. Log sends nothing: for the demo and for development.
const (
	Tencent Provider = "tencent"
	Alibaba Provider = "alibaba"
	Log     Provider = "log"
)

// now is the clock of options without one.
func now(given func() time.Time) func() time.Time {
	if given == nil {
		return time.Now
	}
	return given
}
