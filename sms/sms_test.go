package sms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"tongxing/sms"
	"tongxing/sms/simulator"
)

const (
	keyID   = "AKID-of-the-test"
	secret  = "the-secret-of-the-key"
	sign    = "翠湖物业"
	appID   = "1400006666"
	phone   = "13800138000"
	surname = "欧阳 & 张=三"
)

// providers are those that send.
var providers = []sms.Provider{sms.Tencent, sms.Alibaba}

// site is both providers on loopback.
type site struct {
	sim *simulator.Simulator
	url string
	now time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{now: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)}
	s.sim = simulator.New(simulator.Options{Now: func() time.Time { return s.now }, PerDay: 3,
		Account: simulator.Account{KeyID: keyID, Secret: secret, Sign: sign, AppID: appID, Templates: []string{"T1"}}})
	server := httptest.NewServer(s.sim)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// options are those of the simulator's account.
func (s *site) options(p sms.Provider) sms.Options {
	clock := func() time.Time { return s.now }
	return sms.Options{Provider: p, KeyID: keyID, Secret: secret, Sign: sign, AppID: appID, Base: s.url, Now: clock}
}

func sender(t *testing.T, o sms.Options) sms.Sender {
	t.Helper()
	c, err := sms.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func message() sms.Message {
	return sms.Message{Phone: phone, Template: "T1", Values: []sms.Value{
		{Name: "a", Text: surname}, {Name: "b", Text: "3 栋\n501 " + strings.Repeat("长", 30)},
	}}
}

// each runs a test for each provider.
func each(t *testing.T, run func(t *testing.T, s *site, p sms.Provider)) {
	for _, p := range providers {
		t.Run(string(p), func(t *testing.T) { run(t, newSite(t), p) })
	}
}

func TestSend(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		c := sender(t, s.options(p))
		id, err := c.Send(t.Context(), message())
		if err != nil {
			t.Fatal(err)
		}
		want := []simulator.Sent{{Provider: string(p), Phone: "+86" + phone, Template: "T1", ID: id, At: s.now,
			Values: []string{surname, "3 栋 501 " + strings.Repeat("长", 11) + "…"}}}
		if got := s.sim.Sent(""); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
		plain := sms.Message{Phone: "+85261234567", Template: "T1"}
		if _, err := c.Send(t.Context(), plain); err != nil || len(s.sim.Sent("+85261234567")) != 1 {
			t.Errorf("abroad, and without values: %v", err)
		}
	})
}

// TestRefusals: each refusal is typed and leads to its action.
func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		for name, c := range map[string]struct {
			set    func(o *sms.Options, m *sms.Message)
			action sms.Action
		}{
			"another key":       {func(o *sms.Options, _ *sms.Message) { o.KeyID = "x" }, sms.ActionKeys},
			"another secret":    {func(o *sms.Options, _ *sms.Message) { o.Secret = "x" }, sms.ActionKeys},
			"another signature": {func(o *sms.Options, _ *sms.Message) { o.Sign = "别家" }, sms.ActionTemplate},
			"another template":  {func(_ *sms.Options, m *sms.Message) { m.Template = "T9" }, sms.ActionTemplate},
			"a wrong clock": {func(o *sms.Options, _ *sms.Message) { o.Now = func() time.Time { return s.now.Add(time.Hour) } },
				sms.ActionKeys},
			"no such number": {func(_ *sms.Options, m *sms.Message) { m.Phone = "+8612345678901" }, sms.ActionUnknown},
			"unsubscribed":   {func(_ *sms.Options, m *sms.Message) { m.Phone = "13900139000" }, sms.ActionOptOut},
		} {
			s.sim.Reset()
			s.sim.Block("+8613900139000")
			o, m := s.options(p), message()
			c.set(&o, &m)
			_, err := sender(t, o).Send(t.Context(), m)
			var e *sms.Error
			if sms.MayHaveHappened(err) || !errors.As(err, &e) || e.Provider != p || e.Code == "" || sms.ActionOf(err) != c.action ||
				sms.IsRetryable(err) {
				t.Errorf("%s: %v, action %d", name, err, sms.ActionOf(err))
			}
			if len(s.sim.Sent("")) != 0 {
				t.Errorf("%s: it was sent", name)
			}
		}
	})
}

// TestLimits: a phone's limit of the day ends with the day, an empty account is an alarm.
func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		c := sender(t, s.options(p))
		for range 3 {
			if _, err := c.Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := c.Send(t.Context(), message())
		if sms.ActionOf(err) != sms.ActionFull || sms.IsRetryable(err) {
			t.Errorf("the fourth of the day: %v, action %d", err, sms.ActionOf(err))
		}
		s.now = s.now.Add(24 * time.Hour)
		if _, err := c.Send(t.Context(), message()); err != nil {
			t.Errorf("the next day: %v", err)
		}
		s.sim.SetBroke(true)
		if _, err := c.Send(t.Context(), message()); sms.ActionOf(err) != sms.ActionAlarm {
			t.Errorf("without money: %v", err)
		}
	})
}

// TestBroken: what is not the provider's answer may be tried again, and the caller's time ends a call.
func TestBroken(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		c := sender(t, s.options(p))
		for name, fault := range map[string]simulator.Fault{
			"502": {Status: 502}, "a redirect": {Status: 302}, "half an answer": {Half: true}, "busy": {Code: busy[p]},
		} {
			s.sim.InjectFault(&fault)
			_, err := c.Send(t.Context(), message())
			if err == nil || sms.ActionOf(err) != sms.ActionRetry || !sms.IsRetryable(err) || sms.MayHaveHappened(err) != (name != "busy") {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.sim.InjectFault(&simulator.Fault{Hang: true, Times: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := c.Send(ctx, message()); !errors.Is(err, context.DeadlineExceeded) || !sms.MayHaveHappened(err) {
			t.Errorf("no answer: %v", err)
		}
		o := s.options(p)
		o.Base = "http://127.0.0.1:1"
		if _, err := sender(t, o).Send(t.Context(), message()); err == nil || sms.MayHaveHappened(err) {
			t.Errorf("no server: %v", err)
		}
		s.sim.Reset()
		if _, err := c.Send(t.Context(), message()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

var busy = map[sms.Provider]string{sms.Tencent: "InternalError.Timeout", sms.Alibaba: "isp.SYSTEM_ERROR"}

// TestNotSent: what no provider takes is not sent.
func TestNotSent(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		asked := 0
		o := s.options(p)
		o.HTTP = &http.Client{Transport: counting(func() { asked++ })}
		c := sender(t, o)
		for name, m := range map[string]sms.Message{
			"no phone": {Template: "T1"}, "a landline": {Phone: "010-12345678", Template: "T1"},
			"a list":      {Phone: phone + "," + phone, Template: "T1"},
			"no template": {Phone: phone}, "an empty value": {Phone: phone, Template: "T1", Values: []sms.Value{{Name: "a", Text: " \n"}}},
			"too many values": {Phone: phone, Template: "T1", Values: make([]sms.Value, 21)},
		} {
			if _, err := c.Send(t.Context(), m); !errors.Is(err, sms.ErrInvalid) || sms.ActionOf(err) != sms.ActionFault {
				t.Errorf("%s: %v", name, err)
			}
		}
		if asked != 0 {
			t.Errorf("asked %d times", asked)
		}
	})
}

type counting func()

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c()
	return http.DefaultTransport.RoundTrip(r)
}

// TestNoRepeats: a request that is overheard and sent again is refused by Alibaba Cloud; a changed one by
// both.
func TestNoRepeats(t *testing.T) {
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		var taken *http.Request
		var body []byte
		o := s.options(p)
		o.HTTP = &http.Client{Transport: taking{&taken, &body}}
		if _, err := sender(t, o).Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
		again := func(change func(query, text string) (string, string)) int {
			query, text := change(taken.URL.RawQuery, string(body))
			r := taken.Clone(t.Context())
			r.URL.RawQuery, r.Body, r.ContentLength = query, readCloser(text), int64(len(text))
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			return len(s.sim.Sent(""))
		}
		same := again(func(q, b string) (string, string) { return q, b })
		if want := map[sms.Provider]int{sms.Tencent: 2, sms.Alibaba: 1}[p]; same != want {
			t.Errorf("sent again: %d", same)
		}
		other := again(func(q, b string) (string, string) {
			return strings.Replace(q, phone, "13900139000", 1), strings.Replace(b, phone, "13900139000", 1)
		})
		if other != same {
			t.Errorf("a changed request was taken: %d", other)
		}
	})
}

// TestNoSecrets: neither errors nor the log of the log-only sender contain a key, a whole number or a
// value.
func TestNoSecrets(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	id, err := sms.NewLog(log).Send(t.Context(), message())
	if err != nil || !strings.HasPrefix(id, "log-") || !strings.Contains(text.String(), "+86138****8000") {
		t.Errorf("%q, %v: %s", id, err, text.String())
	}
	each(t, func(t *testing.T, s *site, p sms.Provider) {
		closed := s.options(p)
		closed.Base = "http://127.0.0.1:1"
		for _, o := range []sms.Options{s.options(p), closed} {
			for _, fault := range []simulator.Fault{{Status: 500}, {Half: true}, {Code: "isv.X"}, {Status: 302}} {
				s.sim.InjectFault(&fault)
				_, err := sender(t, o).Send(t.Context(), message())
				fmt.Fprintf(&text, "%v %+v\n", err, err)
			}
		}
	})
	for _, secret := range []string{keyID, secret, phone, "8613800138000", "欧阳", "Signature", "PhoneNumbers"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("%q is in %s", secret, text.String())
		}
	}
}

func TestOptions(t *testing.T) {
	whole := sms.Options{Provider: sms.Tencent, KeyID: "k", Secret: "s", Sign: "x", AppID: "1"}
	for name, change := range map[string]func(*sms.Options){
		"no key": func(o *sms.Options) { o.KeyID = "" }, "no secret": func(o *sms.Options) { o.Secret = "" },
		"no signature": func(o *sms.Options) { o.Sign = "" }, "no application": func(o *sms.Options) { o.AppID = "" },
		"another provider": func(o *sms.Options) { o.Provider = "x" },
		"a base elsewhere": func(o *sms.Options) { o.Base = "http://192.0.2.1" },
	} {
		o := whole
		change(&o)
		if _, err := sms.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := sms.New(whole); err != nil {
		t.Error(err)
	}
	masked := map[string]string{"+8613800138000": "+86138****8000", "13800138000": "138****8000", "": "****", "123": "****"}
	for number, want := range masked {
		if got := sms.Masked(number); got != want {
			t.Errorf("Masked(%q) = %q", number, got)
		}
	}
}
