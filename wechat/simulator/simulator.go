// Package simulator is a stand-in for the WeChat platform: the HTTP endpoints the product calls,
// the browser pages a resident passes through, the callbacks WeChat pushes, and a phone for every
// invented person, all in memory and on loopback.
//
// Requests are routed by their original host as the first part of the path, so that
// https://api.weixin.qq.com/cgi-bin/token becomes PREFIX/api.weixin.qq.com/cgi-bin/token. Its
// cryptography is written independently of the product's, so that one mistake cannot hide on both
// sides.
package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	crand "crypto/rand"
)

// Options configures a Simulator. The zero value works: mounted at the root, real
// clock, no people, random identifiers.
type Options struct {
	// Prefix is the path under which the handler is mounted, such as "/sim";
	// empty for the root. No trailing slash.
	Prefix string
	// Seed is the content at the start and after Reset.
	Seed Seed
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Zone is the zone in which pages show times; nil means UTC+8.
	Zone *time.Location
	// RandomSeed other than 0 makes tokens, codes and tickets repeatable.
	RandomSeed uint64
	// Transport carries the callbacks; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// MessagesKept is how many messages of all chats are kept; 0 means 2,000.
	MessagesKept int
	// PushTimeout is how long one callback attempt may take; 0 means 5 seconds.
	PushTimeout time.Duration
	// StrictBrowser makes the authorize page refuse browsers other than WeChat's.
	StrictBrowser bool
	// PersonaHosts returns each person's phone its own host, PERSON.localhost, so that several
	// phones in one browser keep their cookies apart. It needs a product whose redirects to the
	// simulator are relative; redirects back then stay on the phone's host.
	PersonaHosts bool
}

// Seed is the initial content of a simulator, also readable from JSON.
type Seed struct {
	Apps   []App    `json:"apps"`
	People []Person `json:"people"`
	Corps  []Corp   `json:"corps,omitempty"`
}

// ReadSeed reads a Seed from JSON; unknown fields are an error.
func ReadSeed(r io.Reader) (Seed, error) {
	var seed Seed
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&seed); err != nil {
		return Seed{}, fmt.Errorf("simulator: read seed: %w", err)
	}
	return seed, nil
}

// Simulator is an http.Handler and the Go interface to everything behind it. All
// methods may be called from several goroutines.
type Simulator struct {
	opt     Options
	mux     *http.ServeMux
	pending tracker

	mu sync.Mutex // guards everything below
	state
	random *rand.Rand
}

// state is what Reset discards.
type state struct {
	apps     map[string]*App
	appOrder []string
	people   map[string]*Person
	order    []string
	follows  map[identity]time.Time
	grants   map[grantKey]int
	refused  map[grantKey]bool   // templates that people have turned off
	openIDs  map[identity]string // of person, computed once
	byOpen   map[identity]string // the person with an open id
	remarks  map[identity]string
	cameBy   map[identity]string // the scene by which somebody followed
	tags     map[string][]*tag   // by app

	conditional map[string][]conditionalMenu // by app
	materials   map[string][]material        // by app
	quotas      map[quotaKey]*quota

	corps    map[string]*Corp
	tickets  map[string]ticketMark // user_ticket
	once     map[string]onceMark   // messages of WeWork that are not to be repeated
	rates    map[string]int        // messages of WeWork by app, member and minute
	tokens   map[string]*token
	forced   map[string]*forcedRefresh
	codes    map[string]*code
	lastCode map[string]string // the newest OAuth code of an app, for replays
	scenes   []*scene
	messages []Message
	sent     map[string]sentMark // template messages by openid and client_msg_id
	faults   []*Fault
	calls    []Call
	serial   int64
}

// identity is one person as one app sees them.
type identity struct{ appID, person string }

type grantKey struct {
	identity
	template string
}

// New returns a simulator filled from its seed. It panics on an invalid seed, which is a
// programming error.
func New(opt Options) *Simulator {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Zone == nil {
		opt.Zone = time.FixedZone("UTC+8", 8*3600)
	}
	if opt.MessagesKept == 0 {
		opt.MessagesKept = messagesKept
	}
	if opt.Transport == nil {
		opt.Transport = http.DefaultTransport
	}
	if opt.PushTimeout == 0 {
		opt.PushTimeout = 5 * time.Second
	}
	opt.Prefix = strings.TrimRight(opt.Prefix, "/")
	s := &Simulator{opt: opt}
	s.Reset()
	s.mux = s.routes()
	return s
}

// Reset discards everything that happened and starts again from the seed. Callbacks in progress are
// still delivered.
func (s *Simulator) Reset() {
	s.mu.Lock()
	s.state = state{
		apps: map[string]*App{}, people: map[string]*Person{},
		follows: map[identity]time.Time{}, grants: map[grantKey]int{}, refused: map[grantKey]bool{},
		openIDs: map[identity]string{}, byOpen: map[identity]string{}, remarks: map[identity]string{}, cameBy: map[identity]string{},
		tags: map[string][]*tag{}, conditional: map[string][]conditionalMenu{}, materials: map[string][]material{},
		quotas: map[quotaKey]*quota{},
		corps:  map[string]*Corp{}, tickets: map[string]ticketMark{}, once: map[string]onceMark{}, rates: map[string]int{},
		tokens: map[string]*token{}, forced: map[string]*forcedRefresh{},
		codes: map[string]*code{}, lastCode: map[string]string{}, sent: map[string]sentMark{},
		serial: 24_000_000_000_000_000,
	}
	s.random = newRandom(s.opt.RandomSeed)
	s.mu.Unlock()
	for _, a := range s.opt.Seed.Apps {
		s.AddApp(a)
	}
	for _, c := range s.opt.Seed.Corps {
		s.AddCorp(c)
	}
	for _, p := range s.opt.Seed.People {
		s.AddPerson(p)
	}
}

func newRandom(seed uint64) *rand.Rand {
	var key [32]byte
	if seed == 0 {
		copy(key[:], crand.Text()+crand.Text())
	} else {
		for i := range 8 {
			key[i] = byte(seed >> (8 * i))
		}
	}
	return rand.New(rand.NewChaCha8(key))
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// text returns n random characters; the caller holds mu.
func (s *Simulator) text(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base62[s.random.IntN(len(base62))]
	}
	return string(b)
}

// nextSerial returns the next message number; the caller holds mu.
func (s *Simulator) nextSerial() int64 {
	s.serial++
	return s.serial
}

// ServeHTTP answers loopback callers only: a simulator reachable from outside would hand out
// sign-ins to anyone.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isLoopback(r.RemoteAddr) {
		http.Error(w, "the simulator answers loopback only", http.StatusForbidden)
		return
	}
	if r.URL.Path == s.opt.Prefix {
		http.Redirect(w, r, s.opt.Prefix+"/", http.StatusSeeOther)
		return
	}
	http.StripPrefix(s.opt.Prefix, s.mux).ServeHTTP(w, r)
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc(apiHost+"/", s.serve(apiHost, s.answerAPI))
	mux.HandleFunc(corpHost+"/", s.serve(corpHost, s.answerCorp))
	mux.HandleFunc("GET /login.work.weixin.qq.com/wwlogin/sso/login", s.authorize)
	mux.HandleFunc("GET /open.weixin.qq.com/connect/oauth2/authorize", s.authorize)
	mux.HandleFunc("GET /mp.weixin.qq.com/cgi-bin/showqrcode", s.showQRCode)

	mux.HandleFunc("GET /res.wx.qq.com/open/js/jweixin-1.6.0.js", jsSDK)
	mux.HandleFunc("GET /res.wx.qq.com/open/js/jweixin-1.2.0.js", jsSDK) // WeWork's
	mux.HandleFunc("GET /res.wx.qq.com/config", s.jsConfig)
	mux.HandleFunc("POST /res.wx.qq.com/camera", jsCamera)

	mux.HandleFunc("GET /{$}", s.indexPage)
	mux.HandleFunc("GET /log", s.logPage)
	mux.HandleFunc("GET /faults", s.faultsPage)
	mux.HandleFunc("POST /faults", s.postFault)
	mux.HandleFunc("POST /reset", s.postReset)
	mux.HandleFunc("POST /callback-check", s.postCallbackCheck)
	mux.HandleFunc("GET /platform/{app...}", s.platformPage)
	mux.HandleFunc("POST /platform/{app...}", s.postServer)
	mux.HandleFunc("GET /scan", s.scanPage)

	mux.HandleFunc("GET /phone/{person}", s.phonePage)
	mux.HandleFunc("GET /phone/{person}/version", s.phoneVersion)
	mux.HandleFunc("GET /phone/{person}/open", s.phoneOpen)
	mux.HandleFunc("GET /phone/{person}/tap", s.phoneTap)
	mux.HandleFunc("GET /phone/{person}/launch", s.phoneLaunch)
	mux.HandleFunc("POST /phone/{person}/click", s.phoneClick)
	mux.HandleFunc("POST /phone/{person}/follow", s.phoneFollow)
	mux.HandleFunc("POST /phone/{person}/unfollow", s.phoneUnfollow)
	mux.HandleFunc("POST /phone/{person}/text", s.phoneText)
	mux.HandleFunc("POST /phone/{person}/scan", s.phoneScan)
	mux.HandleFunc("POST /phone/{person}/grant", s.phoneGrant)
	mux.HandleFunc("POST /phone/{person}/switch", s.phoneSwitch)
	mux.HandleFunc("POST /phone/{person}/phone-code", s.phoneMintPhoneCode)

	mux.Handle("GET /assets/", assets())
	return mux
}
