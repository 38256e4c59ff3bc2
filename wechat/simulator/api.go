package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const apiHost = "/api.weixin.qq.com"

// maxUpload is the maximum size of a call's body, of a picture too.
const maxUpload = 12 << 20

// endpoint is one call of api.weixin.qq.com. run returns the success value or an
// errcode; it runs with mu held.
type endpoint struct {
	method string
	token  bool    // needs access_token
	app    AppType // the only account kind that may call; "" for any
	form   bool    // the body is a multipart form, not JSON
	run    func(*request) (any, int)
}

var endpoints = map[string]endpoint{
	"/cgi-bin/token":        {method: "GET", run: plainToken},
	"/cgi-bin/stable_token": {method: "POST", run: stableToken},

	"/sns/jscode2session":              {method: "GET", run: codeToSession},
	"/wxa/business/getuserphonenumber": {method: "POST", token: true, app: MiniProgram, run: phoneNumber},
	"/wxa/getwxacodeunlimit":           {method: "POST", token: true, app: MiniProgram, run: wxaCode},
	"/cgi-bin/message/subscribe/send":  {method: "POST", token: true, app: MiniProgram, run: sendSubscribe},
	"/wxaapi/newtmpl/gettemplate":      {method: "GET", token: true, app: MiniProgram, run: subscribeTemplates},
	"/wxaapi/newtmpl/addtemplate":      {method: "POST", token: true, app: MiniProgram, run: addSubscribeTemplate},
	"/wxaapi/newtmpl/deltemplate":      {method: "POST", token: true, app: MiniProgram, run: deleteSubscribeTemplate},
	"/cgi-bin/message/wxopen/template/uniform_send": {
		method: "POST", token: true, app: MiniProgram,
		run: func(*request) (any, int) { return nil, 45109 },
	},

	"/sns/oauth2/access_token":  {method: "GET", run: oauthToken},
	"/sns/oauth2/refresh_token": {method: "GET", run: oauthRefresh},
	"/sns/userinfo":             {method: "GET", run: oauthUserInfo},
	"/sns/auth":                 {method: "GET", run: oauthCheck},

	"/cgi-bin/message/template/send":             {method: "POST", token: true, app: OfficialAccount, run: sendTemplate},
	"/cgi-bin/template/get_all_private_template": {method: "GET", token: true, app: OfficialAccount, run: privateTemplates},
	"/cgi-bin/template/api_add_template":         {method: "POST", token: true, app: OfficialAccount, run: addPrivateTemplate},
	"/cgi-bin/template/del_private_template":     {method: "POST", token: true, app: OfficialAccount, run: deletePrivateTemplate},
	"/cgi-bin/qrcode/create":                     {method: "POST", token: true, app: OfficialAccount, run: createQRCode},
	"/cgi-bin/user/info":                         {method: "GET", token: true, app: OfficialAccount, run: userInfo},
	"/cgi-bin/user/get":                          {method: "GET", token: true, app: OfficialAccount, run: userList},
	"/cgi-bin/user/info/batchget":                {method: "POST", token: true, app: OfficialAccount, run: userBatch},
	"/cgi-bin/user/info/updateremark":            {method: "POST", token: true, app: OfficialAccount, run: setRemark},
	"/cgi-bin/tags/create":                       {method: "POST", token: true, app: OfficialAccount, run: createTag},
	"/cgi-bin/tags/get":                          {method: "GET", token: true, app: OfficialAccount, run: listTags},
	"/cgi-bin/tags/update":                       {method: "POST", token: true, app: OfficialAccount, run: updateTag},
	"/cgi-bin/tags/delete":                       {method: "POST", token: true, app: OfficialAccount, run: deleteTag},
	"/cgi-bin/tags/members/batchtagging":         {method: "POST", token: true, app: OfficialAccount, run: tagPeople(true)},
	"/cgi-bin/tags/members/batchuntagging":       {method: "POST", token: true, app: OfficialAccount, run: tagPeople(false)},
	"/cgi-bin/tags/getidlist":                    {method: "POST", token: true, app: OfficialAccount, run: tagsOfPerson},
	"/cgi-bin/user/tag/get":                      {method: "POST", token: true, app: OfficialAccount, run: tagged},
	"/cgi-bin/menu/create":                       {method: "POST", token: true, app: OfficialAccount, run: menuCreate},
	"/cgi-bin/menu/get":                          {method: "GET", token: true, app: OfficialAccount, run: menuGet},
	"/cgi-bin/menu/delete":                       {method: "GET", token: true, app: OfficialAccount, run: menuDelete},
	"/cgi-bin/get_current_selfmenu_info":         {method: "GET", token: true, app: OfficialAccount, run: selfMenu},
	"/cgi-bin/menu/addconditional":               {method: "POST", token: true, app: OfficialAccount, run: menuAddConditional},
	"/cgi-bin/menu/delconditional":               {method: "POST", token: true, app: OfficialAccount, run: menuDeleteConditional},
	"/cgi-bin/menu/trymatch":                     {method: "POST", token: true, app: OfficialAccount, run: menuTryMatch},
	"/cgi-bin/ticket/getticket":                  {method: "GET", token: true, app: OfficialAccount, run: jsTicket},
	"/wxa/msg_sec_check":                         {method: "POST", token: true, app: MiniProgram, run: checkText},
	"/wxa/media_check_async":                     {method: "POST", token: true, app: MiniProgram, run: checkMedia},
	"/wxa/generate_urllink":                      {method: "POST", token: true, app: MiniProgram, run: urlLink},
	"/wxa/generatescheme":                        {method: "POST", token: true, app: MiniProgram, run: scheme},
	"/cgi-bin/media/upload":                      {method: "POST", token: true, app: OfficialAccount, form: true, run: uploadMedia},
	"/cgi-bin/material/add_material":             {method: "POST", token: true, app: OfficialAccount, form: true, run: addMaterial},
	"/cgi-bin/material/batchget_material":        {method: "POST", token: true, app: OfficialAccount, run: listMaterials},
	"/cgi-bin/material/del_material":             {method: "POST", token: true, app: OfficialAccount, run: deleteMaterial},
	"/cgi-bin/openapi/quota/get":                 {method: "POST", token: true, run: quotaGet},
	"/cgi-bin/clear_quota":                       {method: "POST", token: true, run: clearQuota},
	"/cgi-bin/getcallbackip": {
		method: "GET", token: true,
		run: func(*request) (any, int) { return map[string]any{"ip_list": []string{"127.0.0.1"}}, 0 },
	},
}

// request is one API call as its endpoint sees it.
type request struct {
	sim    *Simulator
	now    time.Time
	app    *App // of the access token, or of the appid parameter
	ip     string
	query  url.Values
	body   []byte
	kind   string // content type of the body
	detail string // more text for errmsg
}

// raw is a success that is not JSON.
type raw struct {
	contentType string
	body        []byte
}

// answer is the HTTP response.
type answer struct {
	status      int
	contentType string
	body        []byte
	errcode     int
}

func ok(fields map[string]any) map[string]any {
	if fields == nil {
		fields = map[string]any{}
	}
	fields["errcode"], fields["errmsg"] = 0, "ok"
	return fields
}

// bind reads the JSON body; false means 47001.
func (q *request) bind(v any) bool { return json.Unmarshal(q.body, v) == nil }

// serve returns the handler of a host's calls: the faults and the log around what answers them.
func (s *Simulator) serve(host string, answerCall func(path string, r *http.Request, body []byte) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.serveCall(w, r, host, answerCall) }
}

func (s *Simulator) serveCall(w http.ResponseWriter, r *http.Request, host string, answerCall func(string,
	*http.Request, []byte) answer) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, host)

	s.mu.Lock()
	appID, openID := s.subjectOf(r.URL.Query(), body)
	fault := s.takeFault(path, appID, openID)
	var a answer
	switch {
	case fault != nil && fault.Kind == FaultHang:
		s.log(Call{Kind: CallAPI, AppID: appID, Method: r.Method, Path: path, Query: r.URL.RawQuery,
			Request: string(body), Note: "故障：不应答"})
		s.mu.Unlock()
		<-r.Context().Done()
		return
	case fault != nil && fault.Kind != FaultTruncate:
		a = s.faultAnswer(fault)
	default:
		a = answerCall(path, r, body)
	}
	if fault != nil && fault.Kind == FaultTruncate {
		a.body = a.body[:len(a.body)/2]
	}
	note := ""
	if fault != nil {
		note = "故障面板"
	}
	s.log(Call{Kind: CallAPI, AppID: appID, Method: r.Method, Path: path, Query: r.URL.RawQuery,
		Request: string(body), Status: a.status, Errcode: a.errcode, Reply: a.logged(), Note: note})
	s.mu.Unlock()

	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (a answer) logged() string {
	if strings.HasPrefix(a.contentType, "image/") {
		return "(" + a.contentType + ")"
	}
	return string(a.body)
}

// answerAPI makes the checks that every call must pass, in WeChat's order, and then the call.
func (s *Simulator) answerAPI(path string, r *http.Request, body []byte) answer {
	ep, known := endpoints[path]
	if !known {
		return answer{status: http.StatusNotFound, contentType: "text/plain", body: []byte("404 page not found")}
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	q := &request{sim: s, now: s.opt.Now(), ip: ip, query: r.URL.Query(), body: body, kind: r.Header.Get("Content-Type")}
	if code := q.check(ep, r.Method); code != 0 {
		return s.failure(code, q.detail)
	}
	if code := q.count(ep, path); code != 0 {
		return s.failure(code, "")
	}
	value, code := ep.run(q)
	if code != 0 {
		return s.failure(code, q.detail)
	}
	a := answer{status: http.StatusOK, contentType: "application/json; encoding=utf-8"}
	if strings.HasPrefix(path, "/sns/") {
		a.contentType = "text/plain"
	}
	if image, is := value.(raw); is {
		a.contentType, a.body = image.contentType, image.body
		return a
	}
	a.body = encode(value)
	return a
}

func (q *request) check(ep endpoint, method string) int {
	if ep.token {
		if code := q.authorize(ep); code != 0 {
			return code
		}
	}
	switch {
	case ep.method == "GET" && method != "GET":
		return 43001
	case ep.method == "POST" && method != "POST":
		return 43002
	case ep.method == "POST" && len(bytes.TrimSpace(q.body)) == 0:
		return 44002
	case ep.method == "POST" && !ep.form && !json.Valid(q.body):
		return 47001
	}
	return 0
}

// authorize resolves the access token to its app.
func (q *request) authorize(ep endpoint) int {
	value := q.query.Get("access_token")
	if value == "" {
		return 41001
	}
	t := q.sim.tokens[value]
	if t == nil || t.revoked || t.scope != "" || q.sim.apps[t.appID] == nil {
		q.detail = "access_token is invalid or not latest"
		return 40001
	}
	if !q.now.Before(t.expires) {
		return 42001
	}
	q.app = q.sim.apps[t.appID]
	if code := q.checkIP(); code != 0 {
		return code
	}
	if ep.app != "" && q.app.Type != ep.app {
		return 48001
	}
	return 0
}

func (q *request) checkIP() int {
	if q.app.allows(q.ip) {
		return 0
	}
	q.detail = q.ip + ", not in whitelist"
	return 40164
}

// credentials checks appid and secret, for calls without a token.
func (q *request) credentials(appID, secret string) int {
	switch a := q.sim.apps[appID]; {
	case appID == "":
		return 41002
	case a == nil:
		return 40013
	case secret == "":
		return 41004
	case a.Secret != secret:
		return 40125
	default:
		q.app = a
		return 0
	}
}

// subjectOf guesses whom a call is about, for faults and the log.
func (s *Simulator) subjectOf(query url.Values, body []byte) (appID, openID string) {
	var in struct {
		AppID  string `json:"appid"`
		ToUser string `json:"touser"`
		OpenID string `json:"openid"`
	}
	_ = json.Unmarshal(body, &in) // a body that is not JSON names nobody
	if t := s.tokens[query.Get("access_token")]; t != nil {
		appID = t.appID
	}
	return first(appID, query.Get("appid"), in.AppID), first(in.ToUser, in.OpenID, query.Get("openid"))
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// encode writes JSON the way WeChat does: characters as they are, no newline.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only our own values come here
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
