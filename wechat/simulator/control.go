package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type indexView struct {
	base
	Apps   []App
	People []indexPerson
	Calls  int
	Failed int
	Faults int
	Flash  string
	Bad    bool
}

type indexPerson struct {
	Person
	URL     string
	Follows bool
}

func (s *Simulator) indexPage(w http.ResponseWriter, r *http.Request) {
	view := indexView{base: s.base("微信模拟器"), Flash: r.URL.Query().Get("ok")}
	if bad := r.URL.Query().Get("bad"); bad != "" {
		view.Flash, view.Bad = bad, true
	}
	s.mu.Lock()
	for _, id := range s.appOrder {
		view.Apps = append(view.Apps, *s.apps[id])
	}
	officials := s.appsOf(OfficialAccount)
	for _, key := range s.phones() {
		p := indexPerson{Person: *s.people[key], URL: s.PhoneURL(r.Host, key)}
		for _, a := range officials {
			_, follows := s.follows[identity{a.AppID, key}]
			p.Follows = p.Follows || follows
		}
		view.People = append(view.People, p)
	}
	view.Calls, view.Faults = len(s.calls), len(s.faults)
	for _, c := range s.calls {
		if c.Failed {
			view.Failed++
		}
	}
	s.mu.Unlock()
	s.render(w, http.StatusOK, "index", view)
}

// PhoneURL returns the address of a person's phone for a browser that came to host
// ("127.0.0.1:8080"): a path, or with PersonaHosts a full address on the person's own host.
func (s *Simulator) PhoneURL(host, person string) string {
	path := s.opt.Prefix + "/phone/" + person
	if !s.opt.PersonaHosts {
		return path
	}
	u := url.URL{Scheme: "http", Host: host, Path: path}
	port := u.Port()
	u.Host = person + ".localhost"
	if port != "" {
		u.Host += ":" + port
	}
	return u.String()
}

type logView struct {
	base
	Calls  []Call
	Query  string
	Failed bool
}

// logPage shows calls, newest first; q filters by a word, failed=1 by failure.
func (s *Simulator) logPage(w http.ResponseWriter, r *http.Request) {
	view := logView{base: s.base("调用记录"), Query: r.URL.Query().Get("q"), Failed: r.URL.Query().Get("failed") == "1"}
	for _, c := range s.Calls() {
		text := strings.Join([]string{c.Path, c.Query, c.Request, c.Reply, c.Note, c.AppID}, "\n")
		if strings.Contains(text, view.Query) && (c.Failed || !view.Failed) {
			view.Calls = append(view.Calls, c)
		}
	}
	slices.Reverse(view.Calls)
	view.Calls = view.Calls[:min(len(view.Calls), 100)]
	s.render(w, http.StatusOK, "log", view)
}

type faultsView struct {
	base
	Paths  []string
	Apps   []App
	People []personaCard
	Faults []Fault
	Flash  string
}

// Left returns how many calls a fault still hits; 0 means until cleared.
func (f Fault) Left() int { return f.left }

func (s *Simulator) faultsPage(w http.ResponseWriter, r *http.Request) {
	view := faultsView{base: s.base("故障面板"), Flash: r.URL.Query().Get("ok"), People: s.cards("")}
	for path := range endpoints {
		view.Paths = append(view.Paths, path)
	}
	for path := range corpEndpoints {
		view.Paths = append(view.Paths, path)
	}
	slices.Sort(view.Paths)
	view.Paths = slices.Compact(view.Paths)
	s.mu.Lock()
	for _, id := range s.appOrder {
		view.Apps = append(view.Apps, *s.apps[id])
	}
	for _, f := range s.faults {
		view.Faults = append(view.Faults, *f)
	}
	s.mu.Unlock()
	s.render(w, http.StatusOK, "faults", view)
}

func (s *Simulator) postFault(w http.ResponseWriter, r *http.Request) {
	done := ""
	switch r.PostFormValue("act") {
	case "expire":
		s.ExpireTokens("")
		done = "全部令牌已过期"
	case "revoke":
		s.RevokeTokens("")
		done = "全部令牌已失效"
	case "clear":
		s.ClearFaults()
		done = "故障已清除"
	case "person":
		s.personFault(r.PostFormValue("person"), number(r.PostFormValue("code")))
		done = "已按人设置"
	case "call":
		s.InjectFault(Fault{Kind: FaultKind(r.PostFormValue("kind")), Path: r.PostFormValue("path"),
			Code: number(r.PostFormValue("code")), Times: max(1, number(r.PostFormValue("times")))})
		done = "故障已设置"
	}
	s.redirect(w, r, "/faults?ok="+url.QueryEscape(done))
}

// personFault refuses every message to a person, from any account.
func (s *Simulator) personFault(person string, code int) {
	for _, send := range []string{"/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/send", "/cgi-bin/message/send"} {
		s.mu.Lock()
		apps := slices.Clone(s.appOrder)
		s.mu.Unlock()
		for _, appID := range apps {
			s.InjectFault(Fault{Kind: FaultErrcode, Path: send, AppID: appID, OpenID: s.OpenID(person, appID), Code: code})
		}
	}
}

func (s *Simulator) postReset(w http.ResponseWriter, r *http.Request) {
	s.Reset()
	s.redirect(w, r, "/?ok="+url.QueryEscape("已恢复到初始状态"))
}

func (s *Simulator) postCallbackCheck(w http.ResponseWriter, r *http.Request) {
	if err := s.CheckCallback(r.Context(), r.PostFormValue("app")); err != nil {
		s.redirect(w, r, "/?bad="+url.QueryEscape("回调校验没有通过："+err.Error()))
		return
	}
	s.redirect(w, r, "/?ok="+url.QueryEscape("回调校验通过"))
}

type scanView struct {
	base
	Text   string
	People []personaCard
}

// scanPage asks whose phone scans a code, for codes clicked instead of scanned.
func (s *Simulator) scanPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, http.StatusOK, "scan", scanView{base: s.base("谁来扫码"), Text: r.URL.Query().Get("text"), People: s.cards("")})
}

// redirect redirects to one of the simulator's own pages.
func (s *Simulator) redirect(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, s.opt.Prefix+path, http.StatusSeeOther)
}

func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return n
}
