package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// asksNothing are the acts that no question precedes, by the end of their address, with why. Forms that create or change one thing, at
// the address of a list or of a thing, are not among them: what was filled in is the question.
var asksNothing = map[string]string{
	"enable": "taken back by its opposite", "on": "taken back by its opposite", "star": "taken back by the same button",
	"approve": "one application, which the page shows", "reject": "one application, with a reason",
	"account": "linking a staff member, by a form", "arrears": "one house, by a form", "bulk": "a form that shows what it generates",
	"columns": "a form", "import": "a form", "photo": "a form", "poster": "a form", "message": "one's own channel, by a form",
	"write": "the preview is the question", "preview": "changes nothing", "suggest": "changes nothing",
	"check": "tries something out", "test": "tries something out", "verify": "tries something out",
	"again": "begins something again", "continue": "begins something again", "sync": "reads something anew",
	"stop":    "stops what reads something anew",
	"certify": "one resident, who was seen, and withdrawn again", "withdraw": "one resident, certified again by the same page",
	"confirm": "what was done elsewhere, by a switch", "tagging": "a choice of tags, taken back as a batch",
	"change": "a draft, before it is published", "qr": "makes a code of ten minutes", "secret": "shows it, and is noted",
	"reveal": "shows it, and is noted", "notice": "one's own notices are read", "filter": "goes to a list", "search": "goes to a list",
	"scope": "one's own choice", "guide": "one's own choice", "setup": "the first account", "session": "signing in", "code": "signing in",
	"wechat": "signing in, or tying one's own", "totp": "one's own second step", "end": "one session of one's own",
}

// harmless are further acts that ask nothing, of ends that others of that name must not have.
var harmless = []string{
	"POST /console/me/totp/off", "POST /console/password", // forms of their own
	"POST /console/session/undo/:key",
	"POST /console/job/:id/cancel", "POST /console/passrule/rehearsal/:id/cancel", // the same button begins it again
	"POST /console/reminder/:id/disable",   // a switch, which the same button turns on again
	"POST /console/accessalert/:id/handle", // one alert, which the message opens again
	"POST /console/wechatapp/:id/replace",  // a form that says whom it concerns and has the name typed
}

// mayAskNothing reports whether a POST of no level is one that was looked at.
func mayAskNothing(r web.Route, routes []web.Route) bool {
	end := r.Path[strings.LastIndex(r.Path, "/")+1:]
	return end == ":id" || asksNothing[end] != "" || slices.Contains(harmless, r.Method+" "+r.Path) ||
		slices.ContainsFunc(routes, func(list web.Route) bool { return list.Method == http.MethodGet && list.Path == r.Path })
}

// questionBody returns what a form must hold for its act to be asked about; nil for an act that needs no body.
func questionBody(
	path string, e *estate.Estate, versions map[string]core.ID, alert, review, member, unreached, visit, slip core.ID,
) url.Values {
	community, house := e.Community.String(), e.Houses[0].String()
	ticked := url.Values{"id": {e.Residents[0].ID.String()}}
	return map[string]url.Values{
		"/console/restriction":      {"community": {community}, "houses": {house}, "exits": {"-1"}, "reason": {"居家"}},
		"/console/restriction/lift": {"id": {house}},
		"/console/resident/moveout": ticked, "/console/resident/delete": ticked,
		"/console/institution/member/renew": {"id": {member.String()}},
		"/console/institution/:id":          {"name": {"顺丰速运"}, "communities": {"77"}}, // other communities are asked about
		"/console/reader/qr":                {"id": {e.Doors[0].ID.String(), e.Doors[1].ID.String()}, "allowed": {"0"}},
		"/console/reader/permission":        permissionRows(e),
		"/console/reader/secrets.xlsx":      {"id": {e.Doors[0].ID.String(), e.Doors[1].ID.String()}},
		"/console/account/:id/password":     {"password": {"another-Password-2"}},
		"/console/accessalert/handle":       {"id": {alert.String()}},
		"/console/exitslip/revoke":          {"id": {slip.String()}},
		"/console/setting": {
			"record_days": {"30"}, "console_idle_minutes": {"120"}, "review_days": {"2"}, "review_photo_days": {"30"},
			"quiet_from": {"22"}, "quiet_to": {"7"},
		},
		"/console/message/unreached/call": {"id": {unreached.String()}},
		"/console/visitorpass/leave":      {"id": {visit.String()}},
		"/console/review/approve":         {"id": {review.String() + "-1"}},
		"/console/review/reject":          {"id": {review.String() + "-1"}},
		"/console/house/node/:id/move":    {"act": {"rename"}, "name": {"西"}},
		"/console/house/owners":           {"community": {community}, "allowed": {"yes"}},
		"/console/house/:id/merge":        {"house": {"1栋1单元102"}},
		"/console/house/:id/transfer": {
			"name": {"新业主"}, "phone": {"13900000007"}, "day": {core.DayOf(e.Store.Now(), e.Store.Zone()).String()},
			"family": {"leave"}, "tenants": {"stay"},
		},
		"/console/passrule/rehearsal/:id/again": {"days": {"3"}},
		"/console/passrule/restore":             {"id": {versions["passrule"].String()}, "community": {community}},
		"/console/visitorrule/restore":          {"id": {versions["visitorrule"].String()}, "community": {community}},
		"/console/exitrule/restore":             {"id": {versions["exitrule"].String()}, "community": {community}},
		"/console/visitorrule": {
			"community": {community}, "per_day": {"5"}, "stay": {"12"}, "member": {"12"}, "use_name": {"required"},
		},
		"/console/visitorblock": {"community": {community}, "values": {"13800138000"}, "reason": {"滋扰"}},
		"/console/exitrule": {
			"community": {community}, "who": {"owners"}, "arrears": {"allow"}, "reviewer": {"office"}, "hours": {"5"},
			"use_name": {"required"},
		},
		"/console/passrule": {
			"community": {community}, "counting": {"person"}, "period_days": {"1"}, "exits": {"2"}, "fever_tenths": {"37.3"},
		},
	}[path]
}

// permissionRows are two readers in the matrix of 权限管理, with all their boxes cleared but those of residents.
func permissionRows(e *estate.Estate) url.Values {
	form := url.Values{"community": {e.Community.String()}}
	for _, door := range e.Doors[:2] {
		r, err := e.Store.Reader(context.Background(), core.Everywhere, door.ID)
		if err != nil {
			return nil
		}
		form.Add("row", fmt.Sprintf("%d:%d:1%s", r.ID, r.Updated.UnixMilli(), strings.Repeat("1", len(core.ReaderKinds()))))
		form.Add("on", r.ID.String()+":"+string(core.PassResident))
	}
	return form
}

// ruleVersions returns a version of each rule of the estate, by stem. That of visitors let nobody invite.
func (w *town) ruleVersions(t *testing.T) map[string]core.ID {
	t.Helper()
	ctx, all, here := t.Context(), core.Everywhere, w.mine.Community
	visitors, err := w.store.VisitorRule(ctx, all, here)
	for range 2 {
		if visitors.Invite = !visitors.Invite; err == nil {
			visitors.Updated, err = w.store.UpdateVisitorRule(ctx, core.System, all, visitors)
		}
	}
	var exits store.ExitRule
	if err == nil {
		exits, err = w.store.ExitRule(ctx, all, here)
	}
	if exits.Hours++; err == nil {
		err = w.store.UpdateExitRule(ctx, core.System, all, exits)
	}
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]core.ID{}
	passes, err := w.store.PassRuleVersions(ctx, all, here, 1)
	if err == nil && len(passes) == 1 {
		ids["passrule"] = passes[0].ID
	}
	visits, err := w.store.VisitorRuleVersions(ctx, all, here, 1)
	if err == nil && len(visits) == 1 {
		ids["visitorrule"] = visits[0].ID
	}
	slips, err := w.store.ExitRuleVersions(ctx, all, here, 1)
	if err == nil && len(slips) == 1 {
		ids["exitrule"] = slips[0].ID
	}
	if err != nil || len(ids) != 3 {
		t.Fatalf("versions of rules: %v, %v", ids, err)
	}
	return ids
}

// planTransfer plans that the estate's first house gets another owner, which can be cancelled; until it is, the house is neither
// merged nor transferred.
func (w *town) planTransfer(t *testing.T) (cancel func()) {
	t.Helper()
	transfer := core.HouseTransfer{
		House: w.mine.Houses[0], Day: core.DayOf(w.store.Now(), w.store.Zone()) + 10,
		Owner: core.Resident{Name: "新业主", Phone: "13900000008"}, Family: core.TransferLeave, Tenants: core.TransferStay,
	}
	plan, err := w.store.PlanTransfer(t.Context(), core.Everywhere, transfer)
	if err == nil {
		_, err = w.store.TransferHouse(t.Context(), core.System, core.Everywhere, transfer, plan.Seen)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := w.store.CancelTransfer(t.Context(), core.System, core.Everywhere, transfer.House); err != nil {
			t.Fatal(err)
		}
	}
}

// restrict restricts the estate's first house until it is lifted.
func (w *town) restrict(t *testing.T) (lift func()) {
	t.Helper()
	house := w.mine.Houses[0]
	if _, err := w.store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: w.mine.Community, Houses: []core.ID{house}, Restriction: core.Restriction{Exits: 1, Reason: "居家"},
	}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := w.store.LiftRestriction(t.Context(), core.System, core.Everywhere, house); err != nil {
			t.Fatal(err)
		}
	}
}

// TestActsAskByTheirLevel posts every form of the console without an answer: an act of level 1 or 2
// asks, with a question as its heading, what it affects, and the verb and object on its button; any
// other does not ask.
func TestActsAskByTheirLevel(t *testing.T) {
	w := newTown(t)
	boss, target := w.account(t, "boss", w.mine, core.RoleAdmin), w.account(t, "target", w.mine, core.RoleViewer)
	operator := w.operator(t, "operator", w.mine)
	for _, door := range w.mine.Doors { // a community with readers in use is not archived
		if err := w.store.DisableReader(t.Context(), core.System, core.Everywhere, door.ID); err != nil {
			t.Fatal(err)
		}
	}
	versions := w.ruleVersions(t)
	slip, err := w.store.CreateExitSlip(t.Context(), core.System, core.Everywhere, core.ExitSlip{
		House: w.mine.Houses[0], Name: "搬运工", Planned: w.store.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	asked, resume, unreached := 0, w.stopped(t), w.mine.Unreached(1)
	for _, r := range w.app.Routes() {
		if unsigned(r) || r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/console/") || r.Reads {
			continue
		}
		name := r.Method + " " + r.Path
		if r.Level == web.Harmless && !mayAskNothing(r, w.app.Routes()) {
			t.Errorf("%s declares no level: does it take something from anybody? If not, say why in asksNothing", name)
		}
		by := boss
		if r.Access.Operator() {
			by = operator
		}
		whose := target.subject
		if strings.HasPrefix(r.Path, "/console/savedview/") {
			whose = by.subject
		}
		path, _ := w.address(t, r, w.mine, whose)
		path += map[string]string{
			"/console/restriction/lift":      "?community=" + w.mine.Community.String(),
			"/console/wechattemplate/remove": "?kind=sign_in",

			"/console/institution/member/renew":            "?months=3",
			"/console/institution/member/:id/photo/remove": "?which=face",

			"/console/message/channel/resume": resume,
			"/console/wechatmenu/publish":     "?app=" + w.officialOf(t, w.mine),
			"/console/wechatmenu/remove":      fmt.Sprintf("?app=%s&tag=%d", w.officialOf(t, w.mine), menuTag),
		}[r.Path]
		body := questionBody(
			r.Path, w.mine, versions, w.alerts[w.mine.Community], w.reviews[w.mine.Community], w.members[w.mine.Community],
			unreached[0], w.inside[w.mine.Community], slip,
		)
		unplan := func() {}
		if r.Path == "/console/house/:id/transfer/cancel" {
			unplan = w.planTransfer(t)
		}
		if r.Path == "/console/restriction/lift" {
			unplan = w.restrict(t)
		}
		answer := w.callWith(t, r, by, path, body.Encode())
		unplan()
		doc, err := goquery.NewDocumentFromReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		q := doc.Find("main form.tx-confirm")
		if r.Level == web.Harmless {
			if q.Length() > 0 {
				t.Errorf("%s asks, and declares no level", name)
			}
			continue
		}
		if r.Path == "/console/house/node/:id/delete" && doc.Find("#held-title").Length() == 1 {
			continue // the estate's node has residents: what prevents it is listed (registry tests the question)
		}
		if r.Path == "/console/review/approve" && answer.Code == http.StatusSeeOther {
			continue // the register has nothing of the town's applicant: not offered (console tests the question)
		}
		if r.Path == "/console/batch/:id/undo" && q.Length() == 1 && q.Find("button:not([disabled])").Length() == 0 {
			continue // the walk has changed all of it: nothing is left to answer (account tests the question)
		}
		if r.Path == "/console/accessalert/handle" && answer.Code == http.StatusSeeOther {
			continue // the walk has handled it (console tests the question)
		}
		if r.Path == "/console/reader/:id/open" && answer.Code == http.StatusSeeOther {
			continue // the town's doors are away: refused at once (access tests the question)
		}
		if q.Length() != 1 {
			t.Errorf("%s declares a level, and does not ask: %d %s", name, answer.Code, answer.Header().Get("Location"))
			continue
		}
		asked++
		wellAsked(t, name, r.Level, q)
	}
	for end := range asksNothing {
		if !slices.ContainsFunc(w.app.Routes(), func(r web.Route) bool {
			return r.Method == http.MethodPost && r.Level == web.Harmless && strings.HasSuffix(r.Path, "/"+end)
		}) {
			t.Errorf("asksNothing has %q, which no address ends in", end)
		}
	}
	if asked < 15 {
		t.Errorf("only %d questions: not looking in the right place", asked)
	}
}

// figures match a number of things, which a question has: those in names have no unit.
var figures = regexp.MustCompile(`[0-9][0-9,]* ?(名|套|台|条|处|个|人|份|项|张|位)`)

// plainEffect has the questions about one thing that has nothing to count, with what they must say instead.
var plainEffect = map[string]string{
	"POST /console/me/wechat/off":        "仍可用密码登录",
	"POST /console/me/session/end":       "除这台设备外，全部退出登录",
	"POST /console/savedview/:id/delete": "列表里的内容不受影响",
	"POST /console/reader/:id/rotate":    "旧地址立即失效",
	"POST /console/reader/:id/disable":   "每次扫码都会立即被拒绝",
	"POST /console/resident/:id/signout": "在所有手机上退出登录",
	"POST /console/observer/:id/remove":  "的出入记录",
	"POST /console/setting":              "永久删除，现在没有", // the town has nothing that old

	"POST /console/institution/member/:id/photo/remove": "不能恢复",

	"POST /console/resident/export": "由您负责保管",
}

func wellAsked(t *testing.T, name string, level web.Level, q *goquery.Selection) {
	t.Helper()
	title, text := strings.TrimSpace(q.Find("h2").Text()), q.Find("p, li").Text()
	if !strings.HasSuffix(title, "？") {
		t.Errorf("%s asks by %q, which is no question", name, title)
	}
	if strings.TrimSpace(text) == "" {
		t.Errorf("%s does not say what happens", name)
	}
	button := q.Find("button:not([disabled]):not([name=edit_again])") // 返回修改 is no answer
	if plain, one := plainEffect[name]; one && !strings.Contains(text, plain) || !one && !figures.MatchString(title+text+button.Text()) {
		t.Errorf("%s asks without numbers: %q %q", name, title, text)
	}
	if words := []rune(strings.TrimSpace(button.Text())); button.Length() != 1 || len(words) < 3 {
		t.Errorf("%s has the button %q, want a verb and its object", name, string(words))
	}
	if first := q.Find("button").First(); !first.Is("[disabled]") {
		t.Errorf("%s: Enter presses %q", name, first.Text())
	}
	if q.Find("a[data-cancel]").Length() != 1 {
		t.Errorf("%s has no 取消", name)
	}
	if level == web.Types && strings.Contains(name, "export") && q.Find("input[name=purpose]").Length() != 1 {
		t.Errorf("%s asks for no purpose", name)
	}
}

// TestRowsHoldNoRedButtons reads every page: nothing is red in the body of a table, and a page has one
// primary button at most.
func TestRowsHoldNoRedButtons(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	tables := 0
	for _, page := range w.pages(t, w.account(t, "admin", w.mine, core.RoleAdmin), target.subject) {
		tables += page.doc.Find("tbody").Length()
		if red := page.doc.Find("tbody .btn-danger, tbody .btn-outline-danger"); red.Length() > 0 {
			t.Errorf("%s has a red button in a row: %s", page.path, red.Text())
		}
		if n := page.doc.Find("main .btn-primary").Length(); n > 1 {
			t.Errorf("%s has %d primary buttons: %q", page.path, n, page.doc.Find("main .btn-primary").Text())
		}
		page.doc.Find(".tx-row-menu").Each(func(_ int, menu *goquery.Selection) {
			words := strings.Fields(menu.Find(".tx-menu-item").Text())
			if at := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "删除") }); at >= 0 && at != len(words)-1 {
				t.Errorf("%s: deleting is not the last of %v", page.path, words)
			}
			if menu.Find("summary[aria-label]").Length() != 1 {
				t.Errorf("%s: a row's menu has no name", page.path)
			}
		})
	}
	if tables < 10 {
		t.Errorf("only %d tables: not looking in the right place", tables)
	}
}
