// Package simulator is a stand-in for the SMS providers, on loopback: it checks the signature of each
// request with code of its own, applies the providers' rules, and keeps what would have been sent.
//
// Requests are routed by their original host as the first part of the path, as in wechat/simulator.
package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Account is what a customer has at a provider.
type Account struct {
	KeyID     string
	Secret    string
	Sign      string
	AppID     string   // Tencent Cloud alone
	Templates []string // approved ones; nil means any
}

// Options configure a Simulator.
type Options struct {
	Account Account
	Now     func() time.Time // nil means time.Now
	// PerDay is how many messages one phone gets a day; 0 means 20.
	PerDay int
}

// Sent is a message that would have reached a phone.
type Sent struct {
	Provider string // tencent or alibaba
	Phone    string // +86…
	Template string
	Values   []string
	ID       string
	At       time.Time
}

// Fault makes the next calls go wrong.
type Fault struct {
	Code   string // a refusal
	Status int    // or an HTTP status without one
	Hang   bool   // or no answer until the caller gives up
	Half   bool   // or half of the answer; the message is sent
	Times  int    // how many calls it hits; 0 means until it is cleared
}

// Simulator is an http.Handler. All methods may be called from several goroutines.
type Simulator struct {
	opt Options
	mux *http.ServeMux

	mu      sync.Mutex
	sent    []Sent
	blocked map[string]bool
	counts  map[string]int // by phone and day
	nonces  map[string]time.Time
	fault   *Fault
	serial  int
	broke   bool
}

// kept is how many messages are kept.
const kept = 2000

// New returns a simulator.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PerDay == 0 {
		o.PerDay = 20
	}
	s := &Simulator{opt: o, mux: http.NewServeMux()}
	s.Reset()
	s.mux.HandleFunc("POST /sms.tencentcloudapi.com/{$}", s.tencent)
	s.mux.HandleFunc("POST /dysmsapi.aliyuncs.com/{$}", s.alibaba)
	return s
}

// Reset discards everything that happened.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.fault, s.broke = nil, nil, false
	s.blocked, s.counts, s.nonces = map[string]bool{}, map[string]int{}, map[string]time.Time{}
}

// Sent returns what a phone got, oldest first; "" means every phone.
func (s *Simulator) Sent(phone string) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.sent), func(m Sent) bool { return phone != "" && m.Phone != phone })
}

// Block makes a phone refuse messages, as after an unsubscription.
func (s *Simulator) Block(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked[phone] = true
}

// SetBroke takes the account's money away, or gives it back.
func (s *Simulator) SetBroke(broke bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broke = broke
}

// InjectFault replaces the fault; nil clears it.
func (s *Simulator) InjectFault(f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// ServeHTTP answers loopback callers only.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		http.Error(w, "the simulator answers loopback only", http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// takeFault returns the fault that hits this call, or nil.
func (s *Simulator) takeFault() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		return nil
	}
	hit := *s.fault
	if hit.Times > 0 {
		if s.fault.Times--; s.fault.Times == 0 {
			s.fault = nil
		}
	}
	return &hit
}

// serve runs a provider's call with the faults around it. answer returns the refusal for a code, act the
// answer to the request.
func (s *Simulator) serve(w http.ResponseWriter, r *http.Request, refusal func(code string) any, act func(body []byte) (int, any)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
		return
	}
	fault := s.takeFault()
	switch {
	case fault != nil && fault.Hang:
		<-r.Context().Done()
		return
	case fault != nil && fault.Status != 0:
		http.Error(w, "<h1>"+http.StatusText(fault.Status)+"</h1>", fault.Status)
		return
	case fault != nil && fault.Code != "":
		write(w, http.StatusOK, encode(refusal(fault.Code)))
		return
	}
	status, value := act(body)
	text := encode(value)
	if fault != nil && fault.Half {
		text = text[:len(text)/2]
	}
	write(w, status, text)
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // only our own values come here
	}
	return text
}

func write(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// verdict is why a message is refused.
type verdict int

const (
	fine verdict = iota
	badNumber
	badTemplate
	badSign
	noMoney
	unsubscribed
	tooMany
)

var mobile = regexp.MustCompile(`^\+861[3-9]\d{9}$|^\+(?:[2-7]|8[1-57-9]|9)\d{6,13}$`)

// deliver applies the rules that both providers have, and keeps the message.
func (s *Simulator) deliver(m Sent, sign string) (string, verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.opt.Now()
	day := m.Phone + at.Format(time.DateOnly)
	switch a := s.opt.Account; {
	case !mobile.MatchString(m.Phone):
		return "", badNumber
	case sign != a.Sign:
		return "", badSign
	case a.Templates != nil && !slices.Contains(a.Templates, m.Template):
		return "", badTemplate
	case s.broke:
		return "", noMoney
	case s.blocked[m.Phone]:
		return "", unsubscribed
	case s.counts[day] >= s.opt.PerDay:
		return "", tooMany
	}
	s.counts[day]++
	s.serial++
	m.ID, m.At = fmt.Sprintf("%d^%d", at.Unix(), s.serial), at
	s.sent = append(s.sent, m)
	if len(s.sent) > kept {
		s.sent = slices.Clone(s.sent[len(s.sent)-kept:])
	}
	return m.ID, fine
}

// requestID numbers the answers.
func (s *Simulator) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.serial)
}

// authorization splits an Authorization header into its algorithm and its parts.
func authorization(header string) (algorithm string, parts map[string]string) {
	algorithm, rest, _ := strings.Cut(header, " ")
	parts = map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	return algorithm, parts
}

// headerLines returns the signed headers of a request as its signature covers them; false = one of those
// that must be signed is not.
func headerLines(r *http.Request, names string, must ...string) (string, bool) {
	list := strings.Split(names, ";")
	if !slices.IsSorted(list) {
		return "", false
	}
	for _, name := range must {
		if !slices.Contains(list, name) {
			return "", false
		}
	}
	lines := ""
	for _, name := range list {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines += name + ":" + strings.TrimSpace(value) + "\n"
	}
	return lines, true
}
