package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const corpHost = "/qyapi.weixin.qq.com"

// corpEndpoint is one call of qyapi.weixin.qq.com; sync says who may call.
type corpEndpoint struct {
	method string
	who    caller
	run    func(*request) (any, int)
}

// caller is which secrets open a call.
type caller int

const (
	anySecret caller = iota
	noToken
	appOnly
	syncOnly
)

var corpEndpoints = map[string]corpEndpoint{
	"/cgi-bin/gettoken":              {"GET", noToken, corpToken},
	"/cgi-bin/agent/get":             {"GET", appOnly, agentGet},
	"/cgi-bin/tag/get":               {"GET", appOnly, tagGet},
	"/cgi-bin/department/list":       {"GET", appOnly, departmentList},
	"/cgi-bin/department/simplelist": {"GET", anySecret, departmentIDs},
	"/cgi-bin/user/list_id":          {"POST", syncOnly, memberIDs},
	"/cgi-bin/user/get":              {"GET", appOnly, memberGet},
	"/cgi-bin/auth/getuserinfo":      {"GET", appOnly, memberIdentity},
	"/cgi-bin/auth/getuserdetail":    {"POST", appOnly, memberDetail},
	"/cgi-bin/message/send":          {"POST", appOnly, corpSend},
	"/cgi-bin/get_jsapi_ticket":      {"GET", appOnly, corpTicket("corp")},
	"/cgi-bin/ticket/get":            {"GET", appOnly, corpTicket("agent")},
}

// answerCorp makes the checks that every call of WeWork must pass, and then the call.
func (s *Simulator) answerCorp(path string, r *http.Request, body []byte) answer {
	ep, known := corpEndpoints[path]
	if !known {
		return answer{status: http.StatusNotFound, contentType: "text/plain", body: []byte("404 page not found")}
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	q := &request{sim: s, now: s.opt.Now(), ip: ip, query: r.URL.Query(), body: body}
	value, code := q.runCorp(ep, r.Method)
	if code != 0 {
		value = map[string]any{"errcode": code, "errmsg": fmt.Sprintf(
			"%s, hint: [%d], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
			first(errmsgs[code], "error"), q.now.Unix(), ip, code)}
	}
	return answer{status: http.StatusOK, contentType: "application/json; charset=UTF-8", body: encode(value), errcode: code}
}

func (q *request) runCorp(ep corpEndpoint, method string) (any, int) {
	if ep.who != noToken {
		if code := q.authorizeCorp(ep.who); code != 0 {
			return nil, code
		}
	}
	switch {
	case ep.method == "GET" && method != "GET":
		return nil, 43001
	case ep.method == "POST" && method != "POST":
		return nil, 43002
	case ep.method == "POST" && !json.Valid(q.body):
		return nil, 47001
	}
	return ep.run(q)
}

func (q *request) authorizeCorp(who caller) int {
	value := q.query.Get("access_token")
	t := q.sim.tokens[value]
	switch {
	case value == "":
		return 41001
	case t == nil || t.revoked || q.sim.apps[t.appID] == nil || q.sim.apps[t.appID].Type != Work:
		return 40014
	case !q.now.Before(t.expires):
		return 42001
	}
	q.app = q.sim.apps[t.appID]
	switch {
	case !q.app.allows(q.ip):
		return 60020
	case who == syncOnly && q.app.agent != 0, who == appOnly && q.app.agent == 0:
		return 48002
	}
	return 0
}

func (q *request) corp() *Corp { return q.sim.corps[q.app.corpID] }

// corpToken is GET /cgi-bin/gettoken: the same token of a secret until it ends.
// https://developer.work.weixin.qq.com/document/path/91039
func corpToken(q *request) (any, int) {
	corpID, secret := q.query.Get("corpid"), q.query.Get("corpsecret")
	if q.sim.corps[corpID] == nil {
		return nil, 40013
	}
	for _, id := range q.sim.appOrder {
		if a := q.sim.apps[id]; a.Type == Work && a.corpID == corpID && a.Secret == secret {
			q.app = a
		}
	}
	switch {
	case q.app == nil:
		return nil, 40001
	case !q.app.allows(q.ip):
		return nil, 60020
	}
	for _, t := range q.sim.tokens {
		if t.appID == q.app.AppID && t.scope == "" && !t.revoked && q.now.Before(t.expires) {
			return ok(map[string]any{"access_token": t.value, "expires_in": int(t.expires.Sub(q.now) / time.Second)}), 0
		}
	}
	t := q.sim.newToken(token{appID: q.app.AppID, expires: q.now.Add(tokenLife)})
	return ok(map[string]any{"access_token": t.value, "expires_in": 7200}), 0
}

// agentGet is GET /cgi-bin/agent/get.
// https://developer.work.weixin.qq.com/document/path/90227
func agentGet(q *request) (any, int) {
	if q.query.Get("agentid") != strconv.Itoa(q.app.agent) {
		return nil, 301002
	}
	users, parties := []any{}, q.app.allowed.Visible
	for _, id := range q.app.allowed.VisibleMembers {
		users = append(users, map[string]any{"userid": id})
	}
	if q.app.visible == nil {
		parties = []int{1} // the root
	}
	return ok(map[string]any{
		"agentid": q.app.agent, "name": q.app.Name, "close": 0, "allow_userinfos": map[string]any{"user": users},
		"allow_partys": map[string]any{"partyid": parties}, "allow_tags": map[string]any{"tagid": q.app.allowed.VisibleTags},
	}), 0
}

// tagGet is GET /cgi-bin/tag/get.
// https://developer.work.weixin.qq.com/document/path/90213
func tagGet(q *request) (any, int) {
	for _, tag := range q.corp().Tags {
		if q.query.Get("tagid") != strconv.Itoa(tag.ID) || q.app.visible != nil && !slices.Contains(q.app.allowed.VisibleTags, tag.ID) {
			continue
		}
		users := []any{}
		for _, id := range tag.Members {
			users = append(users, map[string]any{"userid": id, "name": ""})
		}
		return ok(map[string]any{"tagname": tag.Name, "userlist": users, "partylist": tag.Departments}), 0
	}
	return nil, 40068
}

// departmentList is GET /cgi-bin/department/list.
// https://developer.work.weixin.qq.com/document/path/90208
func departmentList(q *request) (any, int) {
	list := []any{}
	for _, d := range q.corp().Departments {
		if q.corp().within(d.ID, q.app.visible) {
			list = append(list, map[string]any{"id": d.ID, "parentid": d.Parent, "order": 100 - d.ID, "name": d.Name})
		}
	}
	if len(list) == 0 {
		return nil, 60011
	}
	return ok(map[string]any{"department": list}), 0
}

// departmentIDs is GET /cgi-bin/department/simplelist.
// https://developer.work.weixin.qq.com/document/path/95350
func departmentIDs(q *request) (any, int) {
	tops := q.app.visible
	if text := q.query.Get("id"); text != "" {
		id, err := strconv.Atoi(text)
		if err != nil || !slices.ContainsFunc(q.corp().Departments, func(d CorpDepartment) bool { return d.ID == id }) {
			return nil, 60123
		}
		tops = []int{id}
	}
	list := []any{}
	for _, d := range q.corp().Departments {
		if q.corp().within(d.ID, tops) && q.corp().within(d.ID, q.app.visible) {
			list = append(list, map[string]any{"id": d.ID, "parentid": d.Parent, "order": 100 - d.ID})
		}
	}
	return ok(map[string]any{"department_id": list}), 0
}

// memberIDs is POST /cgi-bin/user/list_id.
// https://developer.work.weixin.qq.com/document/path/96067
func memberIDs(q *request) (any, int) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	c := q.corp()
	var own [][2]any
	for _, m := range c.Members {
		for _, d := range m.Departments {
			own = append(own, [2]any{m.UserID, d})
		}
	}
	from := 0
	if in.Cursor != "" {
		var err error
		if from, err = strconv.Atoi(strings.TrimPrefix(in.Cursor, "cursor-")); err != nil || from < 0 {
			return nil, 40097
		}
	}
	if in.Limit < 1 || in.Limit > 10_000 {
		in.Limit = 10_000
	}
	page := []any{}
	i := from
	for ; i < len(own)+c.Crowd && len(page) < in.Limit; i++ {
		if i < len(own) {
			page = append(page, map[string]any{"userid": own[i][0], "department": own[i][1]})
		} else {
			page = append(page, map[string]any{"userid": crowdMember(i - len(own)), "department": c.crowdDepartment(i - len(own))})
		}
	}
	out := map[string]any{"dept_user": page}
	if i < len(own)+c.Crowd {
		out["next_cursor"] = fmt.Sprintf("cursor-%d", i)
	}
	return ok(out), 0
}

// memberGet is GET /cgi-bin/user/get. Since 2022 without numbers, addresses and pictures.
// https://developer.work.weixin.qq.com/document/path/90196
func memberGet(q *request) (any, int) {
	m := q.corp().member(q.query.Get("userid"))
	switch {
	case m == nil:
		return nil, 60111
	case !q.corp().sees(q.app, m):
		return nil, 60011
	}
	status := 1
	if m.Disabled {
		status = 2
	}
	visible := slices.DeleteFunc(slices.Clone(m.Departments), func(id int) bool { return !q.corp().within(id, q.app.visible) })
	out := map[string]any{"userid": m.UserID, "name": m.Name, "position": m.Position, "department": visible, "status": status}
	if len(visible) > 0 {
		out["main_department"] = visible[0]
	}
	return ok(out), 0
}

// memberIdentity is GET /cgi-bin/auth/getuserinfo.
// https://developer.work.weixin.qq.com/document/path/91023
func memberIdentity(q *request) (any, int) {
	c, fail := q.redeem(oauthCode, q.query.Get("code"))
	if fail != 0 {
		return nil, 40029
	}
	m := q.corp().memberOf(c.person)
	if m == nil || m.Disabled {
		return ok(map[string]any{"openid": "o" + digest("outsider", q.app.corpID, c.person)[:27],
			"external_userid": "wm" + digest("external", q.app.corpID, c.person)[:30]}), 0
	}
	out := map[string]any{"userid": m.UserID}
	if c.scope == scopePrivate && q.corp().sees(q.app, m) {
		ticket := q.sim.text(128)
		q.sim.tickets[ticket] = ticketMark{q.app.AppID, m.UserID, q.now.Add(1800 * time.Second)}
		out["user_ticket"], out["expires_in"] = ticket, 1800
	}
	return ok(out), 0
}

// memberDetail is POST /cgi-bin/auth/getuserdetail.
// https://developer.work.weixin.qq.com/document/path/95833
func memberDetail(q *request) (any, int) {
	var in struct {
		Ticket string `json:"user_ticket"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	mark, known := q.sim.tickets[in.Ticket]
	switch {
	case !known || mark.appID != q.app.AppID:
		return nil, 40094
	case !q.now.Before(mark.expires):
		return nil, 84014
	}
	m := q.corp().member(mark.userID)
	if m == nil {
		return nil, 60111
	}
	return ok(map[string]any{"userid": m.UserID, "gender": "0", "avatar": "", "mobile": m.Mobile, "email": m.Email}), 0
}

// corpTicket is GET /cgi-bin/get_jsapi_ticket and GET /cgi-bin/ticket/get.
// https://developer.work.weixin.qq.com/document/path/90506
func corpTicket(kind string) func(*request) (any, int) {
	return func(q *request) (any, int) {
		if kind == "agent" && q.query.Get("type") != "agent_config" {
			return nil, 40097
		}
		return ok(map[string]any{"ticket": CorpTicket(q.app.AppID, kind == "agent"), "expires_in": 7200}), 0
	}
}

// CorpTicket returns what pages of a company, or of an app, are signed with; appID is WorkID's.
func CorpTicket(appID string, agent bool) string {
	corpID, _, _ := strings.Cut(appID, "/")
	if agent {
		corpID = appID
	}
	return "HoagFKDcsGMVCIY2vOjf9" + digest("corp ticket", corpID)[:60]
}

// corpMessage is the body of message/send.
type corpMessage struct {
	To     string          `json:"touser"`
	Kind   string          `json:"msgtype"`
	Agent  json.RawMessage `json:"agentid"` // a number or a text
	Once   int             `json:"enable_duplicate_check"`
	Within int             `json:"duplicate_check_interval"`
	Text   struct {
		Content string `json:"content"`
	} `json:"text"`
	Card struct {
		Title, Description, URL string
	} `json:"textcard"`
	Notice struct {
		Kind  string `json:"card_type"`
		Title struct {
			Title, Desc string
		} `json:"main_title"`
		Lines []struct {
			Label string `json:"keyname"`
			Text  string `json:"value"`
		} `json:"horizontal_content_list"`
		Action struct {
			Type int
			URL  string
		} `json:"card_action"`
		Text string `json:"sub_title_text"`
	} `json:"template_card"`
}

// shown returns the message as a phone shows it; false = it is not complete.
func (m corpMessage) shown() (Message, bool) {
	out := Message{Kind: WorkMessage}
	switch m.Kind {
	case "text":
		out.Text = m.Text.Content
		return out, out.Text != "" && len(out.Text) <= 2048
	case "textcard":
		out.Title, out.Text, out.URL = m.Card.Title, m.Card.Description, m.Card.URL
		return out, out.Title != "" && len(out.Title) <= 128 && out.Text != "" && len(out.Text) <= 512 && isWeb(out.URL)
	case "template_card":
		out.Title, out.Text, out.URL = m.Notice.Title.Title, strings.TrimSpace(m.Notice.Title.Desc+"\n"+m.Notice.Text), m.Notice.Action.URL
		for _, l := range m.Notice.Lines {
			out.Lines = append(out.Lines, Line{l.Label, l.Text})
		}
		return out, m.Notice.Kind == "text_notice" && out.Title != "" && m.Notice.Action.Type == 1 &&
			isWeb(out.URL) && len(out.Lines) <= 6
	}
	return out, false
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// perMinute is how many messages of an app one member gets a minute; more are dropped without a word.
const perMinute = 30

// corpSend is POST /cgi-bin/message/send. The agent id is a number or a text.
// https://developer.work.weixin.qq.com/document/path/90236
func corpSend(q *request) (any, int) {
	var in corpMessage
	if !q.bind(&in) {
		return nil, 47001
	}
	m, complete := in.shown()
	switch {
	case strings.Trim(string(in.Agent), `"`) != strconv.Itoa(q.app.agent):
		return nil, 301002
	case !complete || in.To == "":
		return nil, 40058
	}
	var reached []*CorpMember
	invalid, unlicensed := []string{}, []string{}
	for _, id := range strings.Split(in.To, "|") {
		switch member := q.corp().member(id); {
		case member == nil || member.Disabled || !q.corp().sees(q.app, member):
			invalid = append(invalid, strings.ToLower(id))
		case member.Unlicensed:
			unlicensed = append(unlicensed, strings.ToLower(id))
		default:
			reached = append(reached, member)
		}
	}
	if len(reached)+len(unlicensed) == 0 {
		return nil, 81013
	}
	id := "msg" + q.sim.text(60)
	for _, member := range reached {
		q.deliverWork(in, m, member, id)
	}
	return ok(map[string]any{"msgid": id, "invaliduser": strings.Join(invalid, "|"),
		"unlicenseduser": strings.Join(unlicensed, "|")}), 0
}

// deliverWork shows a message to a member, unless it is a repeat or too many.
func (q *request) deliverWork(in corpMessage, m Message, member *CorpMember, id string) {
	if in.Once == 1 {
		within := time.Duration(in.Within) * time.Second
		if within == 0 {
			within = 1800 * time.Second
		}
		key := digest(q.app.AppID, member.UserID, string(encode(m)))
		if q.now.Before(q.sim.once[key].until) {
			return
		}
		q.sim.once[key] = onceMark{id, q.now.Add(within)}
	}
	if len(q.sim.rates) > marksKept {
		clear(q.sim.rates)
	}
	if len(q.sim.once) > marksKept {
		maps.DeleteFunc(q.sim.once, func(_ string, m onceMark) bool { return !q.now.Before(m.until) })
	}
	minute := q.app.AppID + member.UserID + q.now.Format("200601021504")
	if q.sim.rates[minute]++; q.sim.rates[minute] > perMinute {
		return
	}
	m.AppID, m.Person = q.app.AppID, first(member.Person, "member-"+strings.ToLower(member.UserID))
	q.sim.say(m)
}
