package simulator

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// AppType is a kind of WeChat account.
type AppType string

// The account kinds the simulator knows.
const (
	MiniProgram     AppType = "miniprogram"
	OfficialAccount AppType = "official"
)

// App is one registered account.
type App struct {
	AppID  string  `json:"appid"`
	Secret string  `json:"secret"`
	Type   AppType `json:"type"`
	Name   string  `json:"name"`
	// OriginalID is the account's gh_ name in callbacks; derived from AppID if empty.
	OriginalID string `json:"original_id,omitempty"`

	// Token, AESKey and CallbackURL are where and how events are pushed. An empty
	// AESKey means plain mode; an empty CallbackURL, no pushes.
	Token       string `json:"token,omitempty"`
	AESKey      string `json:"aes_key,omitempty"`
	CallbackURL string `json:"callback_url,omitempty"`

	// JSON makes pushes JSON instead of XML, as a mini-program can be set.
	JSON bool `json:"json,omitempty"`

	// RedirectDomains are the hosts (without port) OAuth may return to.
	RedirectDomains []string `json:"redirect_domains,omitempty"`
	// NoUserInfo forbids the scope snsapi_userinfo (an unverified account).
	NoUserInfo bool `json:"no_user_info,omitempty"`
	// Whitelist are the addresses that may call; nil means any. Official accounts
	// only: mini-programs are exempt.
	Whitelist []string   `json:"whitelist,omitempty"`
	Templates []Template `json:"templates,omitempty"`
	// Library are the templates that the account can take; nil means the simulator's own.
	Library []LibraryTemplate `json:"library,omitempty"`
	Menu    []Button          `json:"menu,omitempty"`

	// Crowd is how many more people follow an official account: they exist only as open ids, and answer
	// calls, but have no phones.
	Crowd int `json:"crowd,omitempty"`

	// H5URL is what opening a mini-program shows: the simulator has no native shell, so it opens
	// this page with a fresh login code as ?code=.
	H5URL string `json:"h5_url,omitempty"`
	// APIURL is the API that the mini-program calls. If set, opening the mini-program signs in
	// there and submits a phone code, as for a resident who has just tapped the button that shares
	// the phone number.
	APIURL string `json:"api_url,omitempty"`
	// Pages are the published pages of a mini-program; nil means any.
	Pages []string `json:"pages,omitempty"`
	// Unpublished is a mini-program without a release: links to it cannot be made.
	Unpublished bool `json:"unpublished,omitempty"`
	// NotBound leaves the app outside the open-platform account: no union ids.
	NotBound bool `json:"not_bound,omitempty"`

	// Of WeWork; see Corp.
	corpID  string
	agent   int
	visible []int
	single  []string // user ids that it sees besides
	allowed Agent    // as it is set
}

// Template is a template message (or a subscription message) the account owns.
// Content holds the lines of the card, each "label：{{thing1.DATA}}".
type Template struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Content string `json:"content"`
}

// Button is a menu button as WeChat writes it; one with SubButtons only opens them.
type Button struct {
	Type       string   `json:"type,omitempty"`
	Name       string   `json:"name"`
	Key        string   `json:"key,omitempty"`
	URL        string   `json:"url,omitempty"`
	AppID      string   `json:"appid,omitempty"`
	PagePath   string   `json:"pagepath,omitempty"`
	SubButtons []Button `json:"sub_button,omitempty"`
}

// AddApp registers an account, or replaces the one with the same id. It panics on an unusable app:
// no id, no secret, a wrong type or AES key.
func (s *Simulator) AddApp(a App) {
	if a.AppID == "" || a.Secret == "" || (a.Type != MiniProgram && a.Type != OfficialAccount && a.Type != Work) {
		panic(fmt.Sprintf("simulator: app %q needs an id, a secret and a type", a.AppID))
	}
	if a.AESKey != "" {
		if _, err := newEnvelope(a.AESKey); err != nil {
			panic(fmt.Sprintf("simulator: app %q: %v", a.AppID, err))
		}
	}
	if a.OriginalID == "" {
		a.OriginalID = "gh_" + digest("original", a.AppID)[:12]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.apps[a.AppID]; !known {
		s.appOrder = append(s.appOrder, a.AppID)
	}
	s.apps[a.AppID] = &a
}

// App returns a copy of a registered account, with its current menu.
func (s *Simulator) App(appID string) (App, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.apps[appID]
	if !ok {
		return App{}, false
	}
	return *a, true
}

// SetWhitelist replaces the addresses that may call for an official account; with no addresses,
// nobody may.
func (s *Simulator) SetWhitelist(appID string, addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.apps[appID]; a != nil {
		a.Whitelist = append([]string{}, addresses...)
	}
}

// appsOf returns the accounts of a type in the order they were added; the caller holds mu.
func (s *Simulator) appsOf(t AppType) []*App {
	var found []*App
	for _, id := range s.appOrder {
		if a := s.apps[id]; a.Type == t {
			found = append(found, a)
		}
	}
	return found
}

func (a *App) allows(ip string) bool {
	return a.Type == MiniProgram || a.Whitelist == nil || slices.Contains(a.Whitelist, ip)
}

func (a *App) mayRedirect(to *url.URL) bool {
	return (to.Scheme == "http" || to.Scheme == "https") && slices.Contains(a.RedirectDomains, to.Hostname())
}

func (a *App) template(id string) (Template, bool) {
	for _, t := range a.Templates {
		if t.ID == id {
			return t, true
		}
	}
	return Template{}, false
}

var templateLine = regexp.MustCompile(`(?m)^\s*([^{\n]*?)[：:]?\s*\{\{\s*(\w+)\.DATA\s*\}\}\s*$`)

// lines inserts values into a template's content; keys that the content does not name are dropped,
// as WeChat does.
func (t Template) lines(values map[string]string) []Line {
	var out []Line
	for _, m := range templateLine.FindAllStringSubmatch(t.Content, -1) {
		if m[2] != "first" && m[2] != "remark" {
			out = append(out, Line{Label: m[1], Value: values[m[2]]})
		}
	}
	return out
}

// has reports whether the content names a key; a template without content accepts any.
func (t Template) has(key string) bool {
	if t.Content == "" || key == "first" || key == "remark" {
		return true
	}
	for _, m := range templateLine.FindAllStringSubmatch(t.Content, -1) {
		if m[2] == key {
			return true
		}
	}
	return false
}
