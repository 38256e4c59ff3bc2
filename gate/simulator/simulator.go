// Package simulator plays the devices at the doors: what their firmware sends, and what it makes of an answer. It knows nothing of
// this program, only what makers publish of their devices, so that tests, the demonstration and who sets up an estate
// without devices see what a door would do.
package simulator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// patience is how long a device waits for an answer.
const patience = 2 * time.Second

// maxAnswer bounds what a device reads of an answer.
const maxAnswer = 4 << 10

// Device is a door reader as its installer set it up.
type Device struct {
	Family    string // one of Families
	Address   string // the URL that was typed into it
	Serial    string
	Out       bool   // it leads out, as far as the device tells
	Tenths    int    // of a degree that its thermometer measures; 0 = it has none
	Heartbeat string // the text of its heartbeat, in families that have one of their own; "" = the maker's

	Skew   time.Duration    // of its clock
	Client *http.Client     // nil = http.DefaultClient
	Now    func() time.Time // nil = time.Now
}

// Answer is what a device was told, and what it did.
type Answer struct {
	Opened  bool
	Request string // its first line, and its body
	Text    string // of the answer; "" = none came in time
	Took    time.Duration
}

// firmware is the device's side of a family.
type firmware struct {
	request   func(d Device, text string, now time.Time) message
	heartbeat func(d Device, now time.Time) message // nil = it has none
	opens     func(answer []byte) bool
	repeats   int // how often it sends one reading again by itself
}

// message is one request of a device: a query is sent by GET.
type message struct{ path, query, body, contentType string }

var firmwares = map[string]firmware{"vguang": vguang, "mcardsea": mcardsea, "turnstile": turnstile, "vbar": vbar, "httpv2": httpv2}

// firmware returns the device's family.
func (d Device) firmware() (firmware, error) {
	f, ok := firmwares[d.Family]
	if !ok {
		return firmware{}, fmt.Errorf("simulator: no device of the family %q", d.Family)
	}
	return f, nil
}

func (d Device) now() time.Time {
	if d.Now != nil {
		return d.Now().Add(d.Skew)
	}
	return time.Now().Add(d.Skew)
}

// Show holds a QR code in front of the device: it asks, and obeys the answer. Without an answer in time it stays shut, which is no
// error.
func (d Device) Show(ctx context.Context, text string) (Answer, error) {
	f, err := d.firmware()
	if err != nil {
		return Answer{}, err
	}
	return d.send(ctx, f, f.request(d, text, d.now()))
}

// ShowRepeated is Show by a device that sends a reading as often as its family does by itself. It returns every answer.
func (d Device) ShowRepeated(ctx context.Context, text string) ([]Answer, error) {
	f, err := d.firmware()
	if err != nil {
		return nil, err
	}
	var answers []Answer
	for range 1 + f.repeats {
		answer, err := d.send(ctx, f, f.request(d, text, d.now()))
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// Beat sends a heartbeat; ok is false if the device's family has none.
func (d Device) Beat(ctx context.Context) (answer Answer, ok bool, err error) {
	f, err := d.firmware()
	if err != nil || f.heartbeat == nil {
		return Answer{}, false, err
	}
	answer, err = d.send(ctx, f, f.heartbeat(d, d.now()))
	return answer, true, err
}

// Request is what a device sends: a query or a body, and what its family appends to the address.
type Request struct{ Path, Query, Body, ContentType string }

// Request returns the request by which the device asks.
func (d Device) Request(text string) Request {
	f, err := d.firmware()
	if err != nil {
		return Request{}
	}
	m := f.request(d, text, d.now())
	return Request{m.path, m.query, m.body, m.contentType}
}

// HeartbeatRequest returns the device's heartbeat; it is zero if it has none.
func (d Device) HeartbeatRequest() Request {
	f, err := d.firmware()
	if err != nil || f.heartbeat == nil {
		return Request{}
	}
	m := f.heartbeat(d, d.now())
	return Request{m.path, m.query, m.body, m.contentType}
}

// Opens reports whether a device of a family opens on an answer. An unknown family stays shut.
func Opens(family string, answer []byte) bool {
	f, ok := firmwares[family]
	return ok && f.opens(answer)
}

// send sends a message and obeys the answer.
func (d Device) send(ctx context.Context, f firmware, m message) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := d.httpRequest(ctx, m)
	if err != nil {
		return Answer{}, fmt.Errorf("simulator: %w", err)
	}
	answer := Answer{Request: request.Method + " " + request.URL.RequestURI()}
	if m.body != "" {
		answer.Request += "\n\n" + m.body
	}
	client, began := d.Client, time.Now()
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return answer, nil // nobody answers: the door stays shut
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	answer.Took = time.Since(began)
	if err != nil {
		return answer, nil
	}
	answer.Text, answer.Opened = string(text), response.StatusCode == http.StatusOK && f.opens(text)
	return answer, nil
}

func (d Device) httpRequest(ctx context.Context, m message) (*http.Request, error) {
	method, address := http.MethodPost, d.Address+m.path
	if m.query != "" {
		method, address = http.MethodGet, address+"?"+m.query
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	if m.contentType != "" {
		request.Header.Set("Content-Type", m.contentType)
	}
	return request, nil
}

// escape is what a device does that escapes what was shown to it.
func escape(text string) string { return url.QueryEscape(text) }
