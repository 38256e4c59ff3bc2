package wechat_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	corpID     = "ww0000000000000001"
	corpAES    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	appSecret1 = "secret-of-the-first-app"
	appSecret2 = "secret-of-the-other-app"
	syncSecret = "secret-of-the-contact-sync"
)

// company is a company on WeWork, and what it pushed.
type company struct {
	*world
	first, other, sync *wechat.CorpApp
	inbox              *wechat.CorpInbox

	mu      sync.Mutex
	changes []wechat.CorpEvent
	refused []error
	failing bool
}

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{world: newWorld(t)}
	home := httptest.NewServer(http.HandlerFunc(c.hearChange))
	t.Cleanup(home.Close)
	c.sim.AddCorp(simulator.Corp{
		CorpID: corpID, Name: "翠湖物业", Crowd: 5,
		Sync: simulator.Agent{Secret: syncSecret, Token: "tok", AESKey: corpAES, CallbackURL: home.URL},
		Agents: []simulator.Agent{
			{ID: 1000002, Name: "门岗", Secret: appSecret1, RedirectDomains: []string{"pass.example.com"}},
			{ID: 1000003, Name: "工程", Secret: appSecret2, Visible: []int{3}},
		},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "翠湖物业"}, {ID: 2, Parent: 1, Name: "秩序部"}, {ID: 3,
			Parent: 1, Name: "工程部"},
			{ID: 4, Parent: 3, Name: "水电组"}},
		Members: []simulator.CorpMember{
			{UserID: "Zhang", Name: "张伟", Departments: []int{2, 4}, Mobile: "13800138000",
				Email: "z@example.com", Person: "zhang"},
			{UserID: "li", Name: "李娜", Departments: []int{2}}, {UserID: "gone", Name: "王五",
				Departments: []int{2}, Disabled: true, Person: "lone"},
		},
	})
	client := wechat.New(wechat.Options{APIBase: c.base, BrowserBase: c.base, LoopbackOnly: true, Now: c.clock,
		Tokens: wechat.NewRedisTokens(c.redis)})
	app := func(secret string, agent int) *wechat.CorpApp {
		return client.CorpApp(wechat.CorpOptions{CorpID: corpID, Secret: secret, Agent: agent})
	}
	c.first, c.other, c.sync = app(appSecret1, 1000002), app(appSecret2, 1000003), app(syncSecret, 0)
	var err error
	c.inbox, err = c.sync.Inbox(wechat.InboxOptions{Token: "tok", AESKey: corpAES, Replays: wechat.NewRedisReplays(c.redis)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.idle)
	return c
}

// hearChange answers WeWork's pushes as a server does.
func (c *company) hearChange(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		echo, err := c.inbox.CheckEcho(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, echo)
		return
	}
	event, done, err := c.inbox.Read(r.Context(), r)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, wechat.ErrReplayed):
	case err != nil:
		c.refused = append(c.refused, err)
		w.WriteHeader(http.StatusForbidden)
	case c.failing:
		c.failing = false
		done(false)
		w.WriteHeader(http.StatusInternalServerError)
	default:
		c.changes = append(c.changes, event)
		done(true)
	}
}

// heardChanges returns what was pushed since the last call.
func (c *company) heardChanges() []wechat.CorpEvent {
	c.t.Helper()
	c.idle()
	c.mu.Lock()
	defer c.mu.Unlock()
	changes := c.changes
	c.changes = nil
	return changes
}

// TestCorpContacts: the contact sync lists ids, an app sees names within its range and neither numbers nor
// addresses.
func TestCorpContacts(t *testing.T) {
	c := newCompany(t)
	ctx := t.Context()
	var ids []string
	cursor, pages := "", 0
	for {
		page, next, err := c.sync.MemberIDs(ctx, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range page {
			ids = append(ids, fmt.Sprint(place.UserID, " ", place.Department))
		}
		if pages++; next == "" {
			break
		}
		cursor = next
	}
	want := []string{"Zhang 2", "Zhang 4", "li 2", "gone 2", "crowd000000 1", "crowd000001 2", "crowd000002 3",
		"crowd000003 4", "crowd000004 1"}
	if !slices.Equal(ids, want) || pages != 1 {
		t.Errorf("%d pages: %q", pages, ids)
	}
	all, err := c.first.Departments(ctx)
	if err != nil || len(all) != 4 || all[0] != (wechat.Department{ID: 1, Order: 99, Name: "翠湖物业"}) {
		t.Errorf("%+v, %v", all, err)
	}
	part, err := c.other.Departments(ctx)
	if err != nil || len(part) != 2 || part[1].Name != "水电组" {
		t.Errorf("%+v, %v", part, err)
	}
	below, err := c.sync.DepartmentIDs(ctx, 3)
	if err != nil || len(below) != 2 || below[0] != (wechat.Department{ID: 3, Parent: 1, Order: 97}) {
		t.Errorf("%+v, %v", below, err)
	}
	zhang := wechat.Member{UserID: "Zhang", Name: "张伟", Departments: []int{4}, Main: 4, Status: wechat.MemberActive}
	if got, err := c.other.Member(ctx, "zhang"); err != nil || !reflect.DeepEqual(got, zhang) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.first.Member(ctx, "gone"); err != nil || got.Status != wechat.MemberDisabled {
		t.Errorf("%+v, %v", got, err)
	}
	for name, check := range map[string]struct {
		err  error
		code int
	}{
		"ids for an app":                {discardPage(c.first.MemberIDs(ctx, "")), 48002},
		"names for the contact sync":    {discard(c.sync.Departments(ctx)), 48002},
		"a member for the contact sync": {discard(c.sync.Member(ctx, "li")), 48002},
		"an unknown member":             {discard(c.first.Member(ctx, "x&y=1")), 60111},
		"a member out of range":         {discard(c.other.Member(ctx, "li")), 60011},
		"an unknown department":         {discard(c.sync.DepartmentIDs(ctx, 99)), 60123},
	} {
		if wechat.CodeOf(check.err) != check.code {
			t.Errorf("%s: %v, want %d", name, check.err, check.code)
		}
	}
	for _, call := range c.sim.Calls() {
		if strings.Contains(call.Reply, "13800138000") || strings.Contains(call.Query, syncSecret) {
			t.Errorf("the log has %+v", call)
		}
	}
}

// TestCorpMemberPages: 20,000 members are listed in three calls, which cost neither side memory.
func TestCorpMemberPages(t *testing.T) {
	c := newCompany(t)
	c.sim.AddCorp(simulator.Corp{CorpID: "ww0000000000000002", Crowd: 20_000, Sync: simulator.Agent{Secret: syncSecret},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "大公司"}}})
	sync := wechat.New(wechat.Options{APIBase: c.base, LoopbackOnly: true, Now: c.clock, Tokens: wechat.NewRedisTokens(c.redis)}).
		CorpApp(wechat.CorpOptions{CorpID: "ww0000000000000002", Secret: syncSecret})
	before, cursor := heap(), ""
	seen := map[string]bool{}
	for calls := 1; ; calls++ {
		page, next, err := sync.MemberIDs(t.Context(), cursor)
		if err != nil || calls > 3 {
			t.Fatal(calls, err)
		}
		for _, place := range page {
			seen[place.UserID] = true
		}
		if cursor = next; next == "" {
			break
		}
	}
	if grown := heap() - before; len(seen) != 20_000 || grown > 8<<20 {
		t.Errorf("%d members, %d MiB", len(seen), grown>>20)
	}
}

func discardPage[T any](_ T, _ string, err error) error { return err }

// TestCorpTokens: secrets of one company have tokens of their own, two servers share them, a dead one is
// replaced once, and a server whose address is not listed stops asking.
func TestCorpTokens(t *testing.T) {
	c := newCompany(t)
	ctx := t.Context()
	for range 3 {
		for _, app := range []*wechat.CorpApp{c.first, c.other, c.sync} {
			if _, err := app.DepartmentIDs(ctx, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	second := wechat.New(wechat.Options{APIBase: c.base, LoopbackOnly: true, Now: c.clock,
		Tokens: wechat.NewRedisTokens(c.redis)}).
		CorpApp(wechat.CorpOptions{CorpID: corpID, Secret: appSecret1, Agent: 1000002})
	if _, err := second.Departments(ctx); err != nil || c.calls("/cgi-bin/gettoken") != 3 {
		t.Errorf("%d tokens, %v", c.calls("/cgi-bin/gettoken"), err)
	}
	if list, err := c.other.Departments(ctx); err != nil || len(list) != 2 {
		t.Errorf("the other app sees %d departments, %v", len(list), err)
	}
	c.sim.RevokeTokens(simulator.WorkID(corpID, 1000002))
	if _, err := c.first.Departments(ctx); err != nil || c.calls("/cgi-bin/gettoken") != 4 {
		t.Errorf("after a revocation: %v", err)
	}
	wrong := wechat.New(wechat.Options{APIBase: c.base,
		LoopbackOnly: true}).CorpApp(wechat.CorpOptions{CorpID: corpID, Secret: "x", Agent: 1})
	if err := wrong.Check(ctx); wechat.CodeOf(err) != 40001 || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong secret: %v", err)
	}
	c.sim.SetWhitelist(simulator.WorkID(corpID, 1000002), "192.0.2.1")
	for range 3 {
		if _, err := c.first.Departments(ctx); wechat.CodeOf(err) != 60020 {
			t.Errorf("from elsewhere: %v", err)
		}
	}
	if _, err := c.other.Departments(ctx); err != nil {
		t.Errorf("the other app: %v", err)
	}
}

// TestCorpIdentity: a member is identified by a code that works once; outsiders, the disabled and people of
// another company are refused; a number is told by consent.
func TestCorpIdentity(t *testing.T) {
	c := newCompany(t)
	ctx := t.Context()
	id := simulator.WorkID(corpID, 1000002)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := func(address, persona string) url.Values {
		address, _, _ = strings.Cut(address, "#")
		response, err := browser.Get(address + "&persona=" + persona)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		to, err := response.Location()
		if err != nil || to.Host != "pass.example.com" {
			return nil
		}
		return to.Query()
	}
	const redirect = "https://pass.example.com/h5/work?a=1&b=2"
	for _, scope := range []wechat.Scope{wechat.ScopeMember, wechat.ScopePrivate} {
		back := open(c.first.AuthorizeURL(redirect, "st4te", scope), "zhang")
		if back.Get("state") != "st4te" || back.Get("b") != "2" {
			t.Fatalf("came back with %v", back)
		}
		who, err := c.first.Identity(ctx, back.Get("code"))
		if err != nil || who.UserID != "Zhang" || (who.Ticket != "") != (scope == wechat.ScopePrivate) {
			t.Fatalf("%+v, %v", who, err)
		}
		if _, err := c.first.Identity(ctx, back.Get("code")); !wechat.IsBadCode(err) {
			t.Errorf("the code again: %v", err)
		}
		if who.Ticket == "" {
			continue
		}
		want := wechat.Detail{UserID: "Zhang", Mobile: "13800138000", Email: "z@example.com"}
		if got, err := c.first.Detail(ctx, who.Ticket); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := c.other.Detail(ctx, who.Ticket); wechat.CodeOf(err) != 40094 || strings.Contains(err.Error(), who.Ticket) {
			t.Errorf("another app's ticket: %v", err)
		}
		c.pass(31 * time.Minute)
		if _, err := c.first.Detail(ctx, who.Ticket); wechat.CodeOf(err) != 84014 {
			t.Errorf("an old ticket: %v", err)
		}
	}
	if back := open(c.first.QRLoginURL(redirect, "qr"), "zhang"); back.Get("state") != "qr" || back.Get("code") == "" {
		t.Errorf("the page with a QR code came back with %v", back)
	}
	for name, person := range map[string]string{"an outsider": "snapshot", "a disabled member": "lone"} {
		if who, err := c.first.Identity(ctx, c.sim.MintOAuthCode(person, id, "snsapi_base")); !errors.Is(err,
			wechat.ErrOutsider) {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	old := c.sim.MintOAuthCode("zhang", id, "snsapi_base")
	for name, code := range map[string]string{
		"another app's": c.sim.MintOAuthCode("zhang", simulator.WorkID(corpID, 1000003),
			"snsapi_base"), "invented": "x&userid=li",
		"an official account's": c.sim.MintOAuthCode("zhang", officialApp, "snsapi_base"),
	} {
		if _, err := c.first.Identity(ctx, code); !wechat.IsBadCode(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.pass(5 * time.Minute)
	if _, err := c.first.Identity(ctx, old); !wechat.IsBadCode(err) {
		t.Errorf("an old one: %v", err)
	}
	if back := open(c.first.AuthorizeURL("https://evil.example.com/", "x", wechat.ScopeMember), "zhang"); back != nil {
		t.Errorf("sent to another host: %v", back)
	}
}

func TestCorpMessages(t *testing.T) {
	c := newCompany(t)
	ctx := t.Context()
	card := &wechat.TextCard{Title: "待审核", Text: strings.Repeat("字", 400), URL: "https://pass.example.com/r?a=1&b=2"}
	notice := &wechat.NoticeCard{Title: "告警", Sub: "东门", URL: "https://pass.example.com/a", ID: "a-1",
		Lines: []wechat.NoticeLine{{Label: "时间", Text: "12:00"}, {Label: "读头", Text: strings.Repeat("长", 40)}}}
	for _, m := range []wechat.CorpMessage{
		{To: []string{"Zhang"}, Text: "您好 & <b>"}, {To: []string{"zhang", "nobody"},
			Card: card}, {To: []string{"Zhang"}, Notice: notice},
	} {
		sent, err := c.first.Send(ctx, m)
		if err != nil || sent.ID == "" || slices.Contains(m.To, "nobody") != slices.Equal(sent.Invalid, []string{"nobody"}) {
			t.Fatalf("%+v, %v", sent, err)
		}
	}
	got := c.sim.SentMessages("zhang")
	if len(got) != 3 || got[0].Text != "您好 & <b>" || got[1].URL != card.URL || len(got[1].Text) > 512 || len(got[2].Lines) != 2 {
		t.Fatalf("arrived: %+v", got)
	}
	once := wechat.CorpMessage{To: []string{"Zhang"}, Text: "一次", Once: time.Hour}
	for _, want := range []int{4, 4, 5} {
		if _, err := c.first.Send(ctx, once); err != nil || len(c.sim.SentMessages("zhang")) != want {
			t.Errorf("%d arrived, want %d, %v", len(c.sim.SentMessages("zhang")), want, err)
		}
		if want == 4 && len(c.sim.SentMessages("zhang")) == 4 {
			c.pass(30*time.Minute + time.Second)
		}
	}
	hi := func(to ...string) wechat.CorpMessage { return wechat.CorpMessage{To: to, Text: "x"} }
	if _, err := c.other.Send(ctx, hi("li", "gone")); wechat.CodeOf(err) != 81013 {
		t.Errorf("nobody in range: %v", err)
	}
	elsewhere := wechat.New(wechat.Options{APIBase: c.base, LoopbackOnly: true, Now: c.clock,
		Tokens: wechat.NewRedisTokens(c.redis)}).
		CorpApp(wechat.CorpOptions{CorpID: corpID, Secret: appSecret1, Agent: 1000003})
	if _, err := elsewhere.Send(ctx, hi("Zhang")); wechat.CodeOf(err) != 301002 {
		t.Errorf("another app's agent id: %v", err)
	}
	calls := c.calls("/cgi-bin/message/send")
	for name, m := range map[string]wechat.CorpMessage{
		"nobody": hi(), "everybody": hi("@all"), "a list in one": hi("a|b"), "1001": hi(slices.Repeat([]string{"a"}, 1001)...),
		"nothing": {To: []string{"a"}}, "two things": {To: []string{"a"}, Text: "x",
			Card: card}, "for too long": {To: []string{"a"}, Text: "x", Once: 5 * time.Hour},
		"a card without a page":  {To: []string{"a"}, Card: &wechat.TextCard{Title: "x", Text: "y"}},
		"a notice without title": {To: []string{"a"}, Notice: &wechat.NoticeCard{URL: card.URL}},
		"seven lines": {To: []string{"a"}, Notice: &wechat.NoticeCard{Title: "x", URL: card.URL,
			Lines: make([]wechat.NoticeLine, 7)}},
	} {
		if _, err := c.first.Send(ctx, m); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.sync.Send(ctx, hi("Zhang")); !errors.Is(err, wechat.ErrInvalid) {
		t.Errorf("from the contact sync: %v", err)
	}
	if again := c.calls("/cgi-bin/message/send"); again != calls {
		t.Errorf("%d were sent", again-calls)
	}
}

// TestCorpPages: pages are signed with the ticket of the company, or of the app, each fetched once.
func TestCorpPages(t *testing.T) {
	c := newCompany(t)
	ctx := t.Context()
	const page = "https://pass.example.com/h5/work?a=1"
	for _, agent := range []bool{false, true, false, true} {
		sign, path := c.first.PageConfig, "/cgi-bin/get_jsapi_ticket"
		if agent {
			sign, path = c.first.AgentConfig, "/cgi-bin/ticket/get"
		}
		got, err := sign(ctx, page+"#top")
		if err != nil || got.CorpID != corpID || (got.Agent == 1000002) != agent || got.Timestamp != c.clock().Unix() {
			t.Fatalf("%+v, %v", got, err)
		}
		want := simulator.SignPage(simulator.CorpTicket(simulator.WorkID(corpID, 1000002), agent), got.Nonce, got.Timestamp, page)
		if got.Signature != want || c.calls(path) != 1 {
			t.Errorf("agent %t: %s, want %s; %d tickets", agent, got.Signature, want, c.calls(path))
		}
	}
	if got, err := c.other.AgentConfig(ctx, page); err != nil || c.calls("/cgi-bin/ticket/get") != 2 {
		t.Errorf("the other app: %+v, %v", got, err)
	}
}

// TestCorpChanges: members and departments that change are heard, in the short form of today.
func TestCorpChanges(t *testing.T) {
	c := newCompany(t)
	if err := c.sim.CheckCallback(t.Context(), simulator.WorkID(corpID, 0)); err != nil {
		t.Errorf("the check of the address: %v", err)
	}
	for _, err := range []error{
		c.sim.PutMember(corpID, simulator.CorpMember{UserID: "new", Name: "新人", Departments: []int{2, 3}, Mobile: "13900139000"}),
		c.sim.PutMember(corpID, simulator.CorpMember{UserID: "new", Name: "新人", Departments: []int{3}}),
		c.sim.RemoveMember(corpID, "new"),
		c.sim.PutDepartment(corpID, simulator.CorpDepartment{ID: 9, Parent: 1, Name: "保洁部"}),
		c.sim.PutDepartment(corpID, simulator.CorpDepartment{ID: 9, Parent: 1, Name: "保洁组"}),
		c.sim.RemoveDepartment(corpID, 9),
		c.sim.PushChange(corpID, "update_tag", [][2]string{{"TagId", "7"}, {"AddUserItems", "a,b"},
			{"DelUserItems", "c"}, {"AddPartyItems", "1,2"}}),
		c.sim.PushChange(corpID, "update_user", [][2]string{{"UserID", "li"}, {"NewUserID", "li2"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []wechat.ContactChange{
		{Kind: wechat.MemberCreated, UserID: "new", Departments: []int{2, 3}}, {Kind: wechat.MemberUpdated,
			UserID: "new", Departments: []int{3}},
		{Kind: wechat.MemberDeleted, UserID: "new"}, {Kind: wechat.DepartmentCreated, Department: 9},
		{Kind: wechat.DepartmentUpdated, Department: 9}, {Kind: wechat.DepartmentDeleted, Department: 9},
		{Kind: wechat.TagUpdated, Tag: 7, AddUsers: []string{"a", "b"}, DelUsers: []string{"c"}, AddParties: []int{1, 2}},
		{Kind: wechat.MemberUpdated, UserID: "li", NewUserID: "li2"},
	}
	heard := c.heardChanges()
	for _, change := range want {
		if !slices.ContainsFunc(heard, func(e wechat.CorpEvent) bool {
			return e.Name == "change_contact" && e.From == "sys" && e.Created == c.clock().Unix() &&
				reflect.DeepEqual(*e.Change, change)
		}) {
			t.Errorf("not heard: %+v", change)
		}
	}
	if len(heard) != len(want) {
		t.Errorf("heard %d of %d", len(heard), len(want))
	}
	c.mu.Lock()
	c.failing = true
	c.mu.Unlock()
	c.pass(time.Second)
	if err := c.sim.RemoveMember(corpID, "li"); err != nil {
		t.Fatal(err)
	}
	if heard := c.heardChanges(); len(heard) != 1 || heard[0].Change.Kind != wechat.MemberDeleted {
		t.Errorf("after a failure: %+v", heard)
	}
}

// TestHostileCorpPushes: nothing invalid gets through, and each genuine change is handled once.
func TestHostileCorpPushes(t *testing.T) {
	c := newCompany(t)
	for i, kind := range append([]simulator.Hostile{simulator.Genuine}, simulator.HostileKinds...) {
		reply, err := c.sim.PushHostileChange(t.Context(), corpID, fmt.Sprintf("u%d", i), kind)
		if err != nil {
			t.Fatal(kind, err)
		}
		heard := c.heardChanges()
		once := kind == simulator.Genuine || kind == simulator.Replay || kind == simulator.Duplicate
		if reply.Accepted != once || (len(heard) == 1) != once || len(heard) > 1 {
			t.Errorf("%s: answered %d, heard %d", kind, reply.Status, len(heard))
		}
	}
	for name, r := range map[string]*http.Request{
		"nothing":            httptest.NewRequest(http.MethodGet, "/?echostr=x", nil),
		"a signature of one": httptest.NewRequest(http.MethodGet, "/?msg_signature=x&timestamp=1&nonce=n&echostr=x", nil),
	} {
		if echo, err := c.inbox.CheckEcho(r); !errors.Is(err, wechat.ErrSignature) || echo != "" {
			t.Errorf("%s: %q, %v", name, echo, err)
		}
	}
	if _, err := c.sync.Inbox(wechat.InboxOptions{Token: "tok"}); err == nil {
		t.Error("an inbox without a key")
	}
}
