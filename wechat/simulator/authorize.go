package simulator

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// personaCookie identifies whose phone this browser is, so that the authorize page need not ask.
const personaCookie = "sim_persona"

// personaCard is one choice of 「你是谁」.
type personaCard struct {
	Person
	Follows bool
}

// authorizeView is the page that asks, or (with Chosen) the consent page.
type authorizeView struct {
	base
	App    App
	Hidden [][2]string // the authorize parameters, repeated by the form
	Cards  []personaCard
	Chosen *personaCard
	Refuse string // where declining leads
	CanOld bool   // a code exists that can be replayed
}

type authorizeError struct {
	base
	Message string
	Code    int
}

// authorize is open.weixin.qq.com/connect/oauth2/authorize: it identifies the visitor and sends the
// browser back with a code.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (s *Simulator) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	app, back, problem := s.checkAuthorize(r)
	if problem != nil {
		s.logPageCall(r, app.AppID, problem.Message, true)
		s.render(w, http.StatusOK, "refused", problem)
		return
	}
	who, silent := s.visitor(r, app)
	switch {
	case query.Get("choose") != "" && s.card(query.Get("choose"), app.AppID) != nil:
		card := s.card(query.Get("choose"), app.AppID)
		if query.Get("scope") == scopeBase || query.Get("scope") == "" {
			s.sendBack(w, r, app, back, card.Key)
			return
		}
		s.render(w, http.StatusOK, "authorize", s.authorizeView(r, app, back, card))
	case who == "":
		s.render(w, http.StatusOK, "authorize", s.authorizeView(r, app, back, nil))
	case silent:
		s.sendBack(w, r, app, back, who)
	default:
		s.render(w, http.StatusOK, "authorize", s.authorizeView(r, app, back, s.card(who, app.AppID)))
	}
}

// checkAuthorize checks the request against the account's settings.
func (s *Simulator) checkAuthorize(r *http.Request) (App, *url.URL, *authorizeError) {
	refuse := func(code int, text string) *authorizeError {
		return &authorizeError{base: s.base("网页授权"), Message: text, Code: code}
	}
	query := r.URL.Query()
	app, known := s.authorizedApp(query)
	if !known {
		return App{}, nil, refuse(10013, "AppID 参数错误")
	}
	if app.Type == Work {
		return s.checkWorkAuthorize(r, app, refuse)
	}
	if s.opt.StrictBrowser && !strings.Contains(r.UserAgent(), "MicroMessenger") {
		return App{}, nil, refuse(0, "请在微信客户端打开链接")
	}
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || !(app.mayRedirect(back) || s.ownHost(r, back)) {
		return app, nil, refuse(10003, "redirect_uri 域名与后台配置不一致")
	}
	scope := query.Get("scope")
	if scope != scopeBase && (scope != scopeUserInfo || app.NoUserInfo) {
		return app, nil, refuse(10005, "Scope 参数错误或没有 Scope 权限")
	}
	if query.Get("response_type") != "code" {
		return app, nil, refuse(10004, "response_type 参数错误")
	}
	return app, back, nil
}

// authorizedApp returns the account, or the app of a company, whose page is asked for.
func (s *Simulator) authorizedApp(query url.Values) (App, bool) {
	if app, known := s.App(query.Get("appid")); known {
		return app, app.Type == OfficialAccount
	}
	agent := query.Get("agentid")
	if agent == "" || agent == "0" {
		return App{}, false
	}
	return s.App(query.Get("appid") + "/" + agent)
}

// checkWorkAuthorize checks a request for a member's identity; the page that scans a QR code has no scope.
// https://developer.work.weixin.qq.com/document/path/91022
func (s *Simulator) checkWorkAuthorize(r *http.Request, app App, refuse func(int, string) *authorizeError) (App,
	*url.URL, *authorizeError) {
	query := r.URL.Query()
	if s.opt.StrictBrowser && query.Get("login_type") == "" && !strings.Contains(r.UserAgent(), "wxwork") {
		return App{}, nil, refuse(0, "请在企业微信客户端打开链接")
	}
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || !(app.mayRedirect(back) || s.ownHost(r, back)) {
		return app, nil, refuse(50001, "redirect_uri 与应用的可信域名不一致")
	}
	scope := query.Get("scope")
	if query.Get("login_type") == "" && (scope != scopeBase && scope != scopePrivate || query.Get("response_type") != "code") {
		return app, nil, refuse(10005, "Scope 参数错误或没有 Scope 权限")
	}
	return app, back, nil
}

// visitor returns the person named by the parameter or the cookie. silent reports whether no
// consent is needed: base scope, a test's own parameter, or a follower who comes from the account's
// chat.
func (s *Simulator) visitor(r *http.Request, app App) (who string, silent bool) {
	if who := r.URL.Query().Get("persona"); s.card(who, app.AppID) != nil {
		return who, true
	}
	card := s.card(s.personaOf(r), app.AppID)
	if card == nil {
		return "", false
	}
	return card.Key, card.Follows || r.URL.Query().Get("scope") == scopeBase
}

func (s *Simulator) card(person, appID string) *personaCard {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[person]
	if p == nil {
		return nil
	}
	_, follows := s.follows[identity{appID, person}]
	return &personaCard{Person: *p, Follows: follows}
}

func (s *Simulator) cards(appID string) []personaCard {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []personaCard
	for _, key := range s.phones() {
		_, follows := s.follows[identity{appID, key}]
		out = append(out, personaCard{Person: *s.people[key], Follows: follows})
	}
	return out
}

func (s *Simulator) authorizeView(r *http.Request, app App, back *url.URL, chosen *personaCard) authorizeView {
	query := r.URL.Query()
	view := authorizeView{base: s.base("网页授权"), App: app, Chosen: chosen}
	for _, key := range []string{"appid", "redirect_uri", "response_type", "scope", "state", "agentid", "login_type"} {
		view.Hidden = append(view.Hidden, [2]string{key, query.Get(key)})
	}
	if chosen == nil {
		view.Cards = s.cards(app.AppID)
	} else {
		for _, key := range []string{"replay", "wrong_state"} {
			view.Hidden = append(view.Hidden, [2]string{key, query.Get(key)})
		}
	}
	view.Refuse = withQuery(s.sameHost(r, back), "state", query.Get("state"))
	s.mu.Lock()
	view.CanOld = s.lastCode[app.AppID] != ""
	s.mu.Unlock()
	return view
}

// personaOf returns whose browser this is: with PersonaHosts by its host, else by the cookie that
// the person's phone left.
func (s *Simulator) personaOf(r *http.Request) string {
	if s.opt.PersonaHosts && isPersonaHost(r.Host) {
		who, _, _ := strings.Cut(r.Host, ".")
		return who
	}
	cookie, err := r.Cookie(personaCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// sendBack redirects with code and state; replay=1 sends the previous code again, and
// wrong_state=1 a state nobody asked for.
func (s *Simulator) sendBack(w http.ResponseWriter, r *http.Request, app App, back *url.URL, who string) {
	query := r.URL.Query()
	state, note := query.Get("state"), ""
	var value string
	if query.Get("replay") == "1" {
		s.mu.Lock()
		value = s.lastCode[app.AppID]
		s.mu.Unlock()
		note = "重放上一个授权码"
	}
	if value == "" {
		value = s.MintOAuthCode(who, app.AppID, query.Get("scope"))
	}
	if query.Get("wrong_state") == "1" {
		state, note = "forged", "返回错误的 state"
	}
	s.logPageCall(r, app.AppID, note, false)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, withQuery(s.sameHost(r, back), "code", value, "state", state), http.StatusFound)
}

func (s *Simulator) logPageCall(r *http.Request, appID, note string, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(Call{Kind: CallPage, AppID: appID, Method: r.Method, Path: "/connect/oauth2/authorize",
		Query: r.URL.RawQuery, Status: http.StatusFound, Note: note, Failed: failed})
}

// ownHost reports whether a redirect leads to the person's own host, with PersonaHosts on.
func (s *Simulator) ownHost(r *http.Request, back *url.URL) bool {
	return s.opt.PersonaHosts && back.Host == r.Host && isPersonaHost(r.Host)
}

// sameHost keeps the browser on the person's own host, with PersonaHosts on.
func (s *Simulator) sameHost(r *http.Request, back *url.URL) *url.URL {
	if !s.opt.PersonaHosts || !isPersonaHost(r.Host) || !isLocalName(back.Hostname()) {
		return back
	}
	moved := *back
	moved.Host = r.Host
	return &moved
}

func isPersonaHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return strings.HasSuffix(name, ".localhost")
}

func isLocalName(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || (ip != nil && ip.IsLoopback())
}

// withQuery adds parameters, given as name, value, …, to an address.
func withQuery(u *url.URL, pairs ...string) string {
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	c := *u
	c.RawQuery = q.Encode()
	return c.String()
}
