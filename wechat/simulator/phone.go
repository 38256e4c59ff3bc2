package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// phoneView is a person's phone: a chat, the mini-programs, or the scanner, covered by a page of
// the product if View is set.
type phoneView struct {
	base
	Person   Person
	Tab      string // "chat", "mini" or "scan"
	Accounts []App
	App      App // the account whose chat is open
	Follows  bool
	Chat     []Message
	Minis    []miniCard
	Scenes   []sceneCard
	View     string // the page over the phone
	Flash    string
	Now      string
	Version  string
	Others   []indexPerson
	Prompts  []promptCard // the open account's templates
	Buttons  []Button     // the open account's menu, as this person sees it
}

type miniCard struct {
	App
	Messages []Message
	OpenID   string
	Code     string // a phone code made just now
	Prompts  []promptCard
}

// promptCard is what a person decides about a template.
type promptCard struct {
	Template
	Grants int
	Off    bool // turned off in the settings
}

// prompts returns the templates of an account with the person's decisions; the caller holds mu.
func (s *Simulator) prompts(person string, a *App) []promptCard {
	var cards []promptCard
	for _, t := range a.Templates {
		cards = append(cards, promptCard{Template: t, Grants: s.grants[grantKey{identity{a.AppID, person}, t.ID}],
			Off: s.refuses(person, a.AppID, t.ID)})
	}
	return cards
}

type sceneCard struct {
	Account, Scene, Text string
	At                   string
	Expired              bool
}

// views are the phone's own addresses that may be shown over it.
var views = []string{"open?", "tap?", "launch?"}

func (s *Simulator) phonePage(w http.ResponseWriter, r *http.Request) {
	view, found := s.phoneView(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Get("part") == "chat" {
		s.renderPart(w, http.StatusOK, "phone", "chat", view)
		return
	}
	s.render(w, http.StatusOK, "phone", view)
}

func (s *Simulator) phoneView(r *http.Request) (phoneView, bool) {
	key, query := r.PathValue("person"), r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[key]
	if p == nil {
		return phoneView{}, false
	}
	view := phoneView{base: s.base(p.Name + "的手机"), Person: *p, Tab: first(query.Get("tab"), "chat"),
		Flash: query.Get("flash"), Now: s.opt.Now().In(s.opt.Zone).Format("15:04"), Version: s.version(key)}
	for _, a := range s.appsOf(OfficialAccount) {
		view.Accounts = append(view.Accounts, *a)
		if view.App.AppID == "" || a.AppID == query.Get("app") {
			view.App = *a
		}
	}
	for _, a := range s.appsOf(Work) {
		if !s.hasChat(key, a) {
			continue
		}
		view.Accounts = append(view.Accounts, *a)
		if a.AppID == query.Get("app") {
			view.App = *a
		}
	}
	view.Follows = s.hasChat(key, &view.App)
	view.Chat, view.Prompts, view.Buttons = s.chat(key, view.App.AppID), s.prompts(key, &view.App), s.menuOf(key, &view.App)
	for _, a := range s.appsOf(MiniProgram) {
		card := miniCard{App: *a, Messages: s.chat(key, a.AppID), OpenID: s.openID(key, a.AppID),
			Prompts: s.prompts(key, a)}
		if query.Get("app") == a.AppID {
			card.Code = query.Get("phone_code")
		}
		view.Minis = append(view.Minis, card)
	}
	view.Scenes = s.sceneCards()
	for _, other := range s.phones() {
		view.Others = append(view.Others, indexPerson{Person: *s.people[other], URL: s.PhoneURL(r.Host, other)})
	}
	for _, allowed := range views {
		if strings.HasPrefix(query.Get("view"), allowed) {
			view.View = s.opt.Prefix + "/phone/" + key + "/" + query.Get("view")
		}
	}
	return view, true
}

// Target returns the view that a tap on the message opens, or "".
func (m Message) Target() string {
	switch {
	case m.MiniAppID != "":
		return "launch?" + url.Values{"app": {m.MiniAppID}, "path": {m.MiniPath}}.Encode()
	case m.URL != "":
		return "open?" + url.Values{"url": {m.URL}}.Encode()
	}
	if link := textLink.FindStringSubmatch(m.Text); link != nil {
		return "open?" + url.Values{"url": {link[1]}}.Encode()
	}
	return ""
}

// textLink matches a link in a text message, which WeChat shows as one.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
var textLink = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

// Plain returns the text as the phone shows it; a tap on it opens its link.
func (m Message) Plain() string { return textLink.ReplaceAllString(m.Text, "$2") }

// Leads reports whether pressing the button leaves the chat.
func (b Button) Leads() bool { return b.Type == "view" || b.Type == "miniprogram" }

// menuItem is a button with its place in the menu, such as "0.1".
type menuItem struct {
	Button
	At     string
	Target string
	Items  []menuItem
}

// Menu returns the open account's menu.
func (v phoneView) Menu() []menuItem { return menuItems(v.App.AppID, "", v.Buttons) }

func menuItems(appID, above string, buttons []Button) []menuItem {
	var out []menuItem
	for i, b := range buttons {
		at := above + strconv.Itoa(i)
		out = append(out, menuItem{Button: b, At: at, Items: menuItems(appID, at+".", b.SubButtons),
			Target: "tap?" + url.Values{"app": {appID}, "at": {at}}.Encode()})
	}
	return out
}

// Closed returns the address of the phone without the page over it.
func (v phoneView) Closed() string {
	return v.Prefix + "/phone/" + v.Person.Key + "?" + url.Values{"tab": {v.Tab}, "app": {v.App.AppID}}.Encode()
}

// Over returns the address of the phone with a view over it; an empty target is the phone alone.
func (v phoneView) Over(target string) string {
	if target == "" {
		return v.Closed()
	}
	return v.Closed() + "&" + url.Values{"view": {target}}.Encode()
}

// Launch returns the view that opens a mini-program.
func (c miniCard) Launch() string { return "launch?" + url.Values{"app": {c.AppID}}.Encode() }

// sceneCards returns the newest codes, newest first.
func (s *Simulator) sceneCards() []sceneCard {
	var cards []sceneCard
	now := s.opt.Now()
	for _, sc := range slices.Backward(s.scenes) {
		if len(cards) == 8 {
			break
		}
		name := sc.appID
		if a := s.apps[sc.appID]; a != nil {
			name = a.Name
		}
		cards = append(cards, sceneCard{Account: name, Scene: sc.scene, Text: sc.url,
			At: sc.created.In(s.opt.Zone).Format("15:04"), Expired: !sc.expires.IsZero() && !now.Before(sc.expires)})
	}
	return cards
}

// version changes whenever the person's phone would look different.
func (s *Simulator) version(person string) string {
	n, last := 0, int64(0)
	for _, m := range s.messages {
		if m.Person == person {
			n, last = n+1, m.ID
		}
	}
	return fmt.Sprintf("%d-%d", n, last)
}

func (s *Simulator) phoneVersion(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	v := s.version(r.PathValue("person"))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(v))
}

// become makes this browser the person's, for the authorize page.
func (s *Simulator) become(w http.ResponseWriter, person string) {
	http.SetCookie(w, &http.Cookie{Name: personaCookie, Value: person, Path: s.opt.Prefix + "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// phoneOpen opens an address as the person.
func (s *Simulator) phoneOpen(w http.ResponseWriter, r *http.Request) {
	to, err := url.Parse(r.URL.Query().Get("url"))
	if err != nil || (to.Scheme != "http" && to.Scheme != "https" &&
		!(to.Scheme == "" && to.Host == "" && strings.HasPrefix(to.Path, "/"))) {
		http.Error(w, "打不开这个地址", http.StatusBadRequest)
		return
	}
	s.leave(w, r, to)
}

// leave sends the browser to one of the product's pages as the person.
func (s *Simulator) leave(w http.ResponseWriter, r *http.Request, to *url.URL) {
	s.become(w, r.PathValue("person"))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.sameHost(r, to).String(), http.StatusSeeOther)
}

// phoneTap presses a menu button that leaves the chat.
func (s *Simulator) phoneTap(w http.ResponseWriter, r *http.Request) {
	person := r.PathValue("person")
	b, err := s.Tap(person, r.URL.Query().Get("app"), place(r.URL.Query().Get("at"))...)
	if err != nil {
		http.Error(w, "这个菜单打不开", http.StatusNotFound)
		return
	}
	if b.Type == "miniprogram" {
		s.launch(w, r, b.AppID, b.PagePath)
		return
	}
	to, err := url.Parse(b.URL)
	if err != nil {
		http.Error(w, "打不开这个地址", http.StatusBadRequest)
		return
	}
	s.leave(w, r, to)
}

// phoneLaunch opens a mini-program.
func (s *Simulator) phoneLaunch(w http.ResponseWriter, r *http.Request) {
	s.launch(w, r, r.URL.Query().Get("app"), r.URL.Query().Get("path"))
}

// launch opens the mini-program's page with a fresh login code, passing on the query of path (such
// as "pages/scan?scene=A1").
func (s *Simulator) launch(w http.ResponseWriter, r *http.Request, appID, path string) {
	a, known := s.App(appID)
	person, err := s.knows(r)
	to, bad := url.Parse(a.H5URL)
	if !known || err != nil || bad != nil || a.H5URL == "" {
		http.Error(w, "小程序没有配置页面", http.StatusNotFound)
		return
	}
	page, rest, _ := strings.Cut(path, "?")
	var pairs []string
	extra, err := url.ParseQuery(rest)
	if err == nil {
		for key := range extra {
			pairs = append(pairs, key, extra.Get(key))
		}
	}
	if page != "" {
		pairs = append(pairs, "page", page)
	}
	if a.APIURL != "" {
		if err := s.verifyPhone(r.Context(), a, person); err != nil {
			http.Error(w, "小程序没能验证手机号："+err.Error(), http.StatusBadGateway)
			return
		}
	}
	pairs = append(pairs, "code", s.MintLoginCode(person, appID))
	moved, err := url.Parse(withQuery(to, pairs...))
	if err != nil {
		http.Error(w, "打不开这个地址", http.StatusBadRequest)
		return
	}
	s.leave(w, r, moved)
}

// knows returns whose phone the request is about.
func (s *Simulator) knows(r *http.Request) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[r.PathValue("person")]
	if p == nil {
		return "", errNobody
	}
	return p.Key, nil
}

// place parses "0.1" as the second button below the first.
func place(text string) []int {
	var out []int
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			n = -1
		}
		out = append(out, n)
	}
	return out
}

func (s *Simulator) phoneClick(w http.ResponseWriter, r *http.Request) {
	app := r.PostFormValue("app")
	_, err := s.Tap(r.PathValue("person"), app, place(r.PostFormValue("at"))...)
	s.back(w, r, "chat", app, err)
}

func (s *Simulator) phoneFollow(w http.ResponseWriter, r *http.Request) {
	app := r.PostFormValue("app")
	s.back(w, r, "chat", app, s.Follow(r.PathValue("person"), app))
}

func (s *Simulator) phoneUnfollow(w http.ResponseWriter, r *http.Request) {
	app := r.PostFormValue("app")
	s.back(w, r, "chat", app, s.Unfollow(r.PathValue("person"), app))
}

func (s *Simulator) phoneText(w http.ResponseWriter, r *http.Request) {
	app, text := r.PostFormValue("app"), strings.TrimSpace(r.PostFormValue("text"))
	if text == "" {
		s.back(w, r, "chat", app, nil)
		return
	}
	s.back(w, r, "chat", app, s.SendText(r.PathValue("person"), app, text))
}

// phoneGrant answers a prompt for one template: no=1 rejects it.
func (s *Simulator) phoneGrant(w http.ResponseWriter, r *http.Request) {
	app, accepted := r.PostFormValue("app"), r.PostFormValue("no") == ""
	err := s.AnswerPrompt(r.PathValue("person"), app, map[string]bool{r.PostFormValue("template"): accepted})
	flash := "已允许接收一条消息"
	switch {
	case err != nil:
		flash = "没有成功，请再试一次"
	case !accepted:
		flash = "已拒绝"
	}
	s.phoneAt(w, r, url.Values{"tab": {"mini"}, "app": {app}, "flash": {flash}})
}

// phoneSwitch turns a template off (off=1) or on.
func (s *Simulator) phoneSwitch(w http.ResponseWriter, r *http.Request) {
	app, off := r.PostFormValue("app"), r.PostFormValue("off") != ""
	err := s.SwitchTemplate(r.PathValue("person"), app, r.PostFormValue("template"), !off)
	s.back(w, r, first(r.PostFormValue("tab"), "mini"), app, err)
}

func (s *Simulator) phoneMintPhoneCode(w http.ResponseWriter, r *http.Request) {
	app := r.PostFormValue("app")
	person, err := s.knows(r)
	if _, known := s.App(app); err != nil || !known {
		http.NotFound(w, r)
		return
	}
	s.phoneAt(w, r, url.Values{"tab": {"mini"}, "app": {app}, "phone_code": {s.MintPhoneCode(person, app)}})
}

// phoneScan holds the phone to a code and shows what it opens.
func (s *Simulator) phoneScan(w http.ResponseWriter, r *http.Request) {
	got, err := s.Scan(r.PathValue("person"), r.PostFormValue("text"))
	to := url.Values{"tab": {"scan"}}
	switch {
	case err != nil:
		to.Set("flash", err.Error())
	case got.Kind == "official":
		to = url.Values{"tab": {"chat"}, "app": {got.AppID}}
	case got.Kind == "miniprogram":
		path := got.Page + "?" + url.Values{"scene": {got.Scene}}.Encode()
		to.Set("view", "launch?"+url.Values{"app": {got.AppID}, "path": {path}}.Encode())
	case got.Kind == "link":
		to.Set("view", "open?"+url.Values{"url": {got.Text}}.Encode())
	default:
		to.Set("flash", "扫到文字："+got.Text)
	}
	s.phoneAt(w, r, to)
}

func (s *Simulator) back(w http.ResponseWriter, r *http.Request, tab, app string, err error) {
	to := url.Values{"tab": {tab}, "app": {app}}
	if err != nil {
		to.Set("flash", "没有成功，请再试一次")
	}
	s.phoneAt(w, r, to)
}

func (s *Simulator) phoneAt(w http.ResponseWriter, r *http.Request, query url.Values) {
	s.redirect(w, r, "/phone/"+url.PathEscape(r.PathValue("person"))+"?"+query.Encode())
}
