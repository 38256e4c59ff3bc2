package wechat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/util"
	"github.com/silenceper/wechat/v2/work/addresslist"
	"github.com/silenceper/wechat/v2/work/config"
	workcontext "github.com/silenceper/wechat/v2/work/context"
	"github.com/silenceper/wechat/v2/work/oauth"
)

// corpHost is where WeWork's API is served.
const corpHost = "https://qyapi.weixin.qq.com"

// CorpApp is one secret of a company on WeWork: that of an app, or that of the contact sync. Each has access
// tokens and rights of its own.
type CorpApp struct {
	app   app
	agent int
}

// CorpOptions describe a secret of a company.
type CorpOptions struct {
	CorpID string
	Secret string
	Agent  int // the app's agent id; 0 = the contact sync, which has none
}

// CorpApp returns the API that a secret opens.
func (c *Client) CorpApp(o CorpOptions) *CorpApp {
	return &CorpApp{app: app{client: c, id: o.CorpID, secret: o.Secret, corp: true}, agent: o.Agent}
}

// sdk returns the SDK's view of the secret. It puts the company's id into addresses as it is.
func (c *CorpApp) sdk(t *trip) *workcontext.Context {
	return &workcontext.Context{
		Config:            &config.Config{CorpID: url.QueryEscape(c.app.id), AgentID: strconv.Itoa(c.agent)},
		AccessTokenHandle: t,
	}
}

// CorpID returns the company's public id.
func (c *CorpApp) CorpID() string { return c.app.id }

// Agent returns the app's agent id; 0 = the contact sync.
func (c *CorpApp) Agent() int { return c.agent }

// Check is OfficialAccount.Check for a secret of a company. Codes: 40013 the company's id, 40001 the
// secret, 60020 this machine's address is not on the app's list.
func (c *CorpApp) Check(ctx context.Context) error {
	_, err := c.app.token(ctx, "")
	return err
}

// Department is a department of the company.
type Department struct {
	ID     int
	Parent int // 0 = it is the root
	Order  int // the greater come first
	Name   string
}

// Departments returns the departments that an app may see, with their names. Codes: 60011 it may see none,
// 48002 the secret is the contact sync's.
// https://developer.work.weixin.qq.com/document/path/90208
func (c *CorpApp) Departments(ctx context.Context) ([]Department, error) {
	var list []*addresslist.Department
	err := c.app.do(ctx, func(t *trip) (err error) {
		list, err = addresslist.NewClient(c.sdk(t)).DepartmentList()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Department, 0, len(list))
	for _, d := range list {
		if d != nil {
			out = append(out, Department{ID: d.ID, Parent: d.ParentID, Order: d.Order, Name: d.Name})
		}
	}
	return out, nil
}

// DepartmentIDs returns a department and all below it, without names; 0 = of the whole company. The contact
// sync may call it, too.
// https://developer.work.weixin.qq.com/document/path/95350
func (c *CorpApp) DepartmentIDs(ctx context.Context, below int) ([]Department, error) {
	var list []*addresslist.DepartmentID
	err := c.app.do(ctx, func(t *trip) (err error) {
		if below > 0 {
			list, err = addresslist.NewClient(c.sdk(t)).DepartmentSimpleList(below)
			return err
		}
		list, err = allDepartmentIDs(t)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Department, 0, len(list))
	for _, d := range list {
		if d != nil {
			out = append(out, Department{ID: d.ID, Parent: d.ParentID, Order: d.Order})
		}
	}
	return out, nil
}

// allDepartmentIDs asks without a department; the SDK always names one.
func allDepartmentIDs(t *trip) ([]*addresslist.DepartmentID, error) {
	body, err := util.HTTPGetContext(t.ctx, corpHost+"/cgi-bin/department/simplelist?access_token="+t.id)
	if err != nil {
		return nil, err
	}
	var answer addresslist.DepartmentSimpleListResponse
	err = util.DecodeWithError(body, &answer, "DepartmentSimpleList")
	return answer.DepartmentID, err
}

// MemberPlace is that a member is in a department; a member of two departments has two.
type MemberPlace struct {
	UserID     string
	Department int
}

// maxListed is how many places one call returns.
const maxListed = 10_000

// MemberIDs returns up to 10,000 places of members, after the cursor of a page before; "" begins. next is
// "" after the last page; the same cursor again would never end. Only the contact sync may call it: 48002 otherwise.
// https://developer.work.weixin.qq.com/document/path/96067
func (c *CorpApp) MemberIDs(ctx context.Context, cursor string) (page []MemberPlace, next string, err error) {
	var answer *addresslist.UserListIDResponse
	err = c.app.do(ctx, func(t *trip) (err error) {
		answer, err = addresslist.NewClient(c.sdk(t)).UserListID(&addresslist.UserListIDRequest{Cursor: cursor, Limit: maxListed})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	for _, place := range answer.DeptUser {
		if place != nil {
			page = append(page, MemberPlace{UserID: place.UserID, Department: place.Department})
		}
	}
	return page, answer.NextCursor, nil
}

// MemberStatus is whether a member uses WeWork.
type MemberStatus int

// The states of a member.
const (
	MemberActive   MemberStatus = 1
	MemberDisabled MemberStatus = 2
	MemberInactive MemberStatus = 4 // not activated yet
	MemberLeft     MemberStatus = 5
)

// Member is what an app may know of a member. Since 2022 it is not told numbers, addresses, pictures.
type Member struct {
	UserID      string // at most 64 bytes; not case-sensitive
	Name        string
	Position    string
	Departments []int // those that the app may see
	Main        int   // 0 = not told
	Status      MemberStatus
}

// Member returns a member by user id. Codes: 60111 there is none, 60011 the app may not see them, 48002 the
// secret is the contact sync's.
// https://developer.work.weixin.qq.com/document/path/90196
func (c *CorpApp) Member(ctx context.Context, userID string) (Member, error) {
	const api = "/cgi-bin/user/get"
	if userID == "" {
		return Member{}, invalid(api, "which member is not said")
	}
	var answer *addresslist.UserGetResponse
	err := c.app.do(ctx, func(t *trip) (err error) {
		answer, err = addresslist.NewClient(c.sdk(t)).UserGet(url.QueryEscape(userID))
		return err
	})
	if err != nil {
		return Member{}, err
	}
	if !strings.EqualFold(answer.UserID, userID) {
		return Member{}, &errLocal{api, errOther}
	}
	return Member{
		UserID: answer.UserID, Name: answer.Name, Position: answer.Position, Departments: answer.Department,
		Main: answer.MainDepartment, Status: MemberStatus(answer.Status),
	}, nil
}

// The scopes of WeWork: who opens the page, silently; or also a ticket for the number, with consent.
const (
	ScopeMember  = ScopeBase
	ScopePrivate = Scope("snsapi_privateinfo")
)

// AuthorizeURL returns the address to which a browser inside WeWork is sent for identification. It comes
// back to redirect with code and state. The SDK's own cannot have a state.
// https://developer.work.weixin.qq.com/document/path/91022
func (c *CorpApp) AuthorizeURL(redirect, state string, scope Scope) string {
	query := "appid=" + url.QueryEscape(c.app.id) + "&redirect_uri=" + url.QueryEscape(redirect) +
		"&response_type=code&scope=" + url.QueryEscape(string(scope)) + "&state=" + url.QueryEscape(state) +
		"&agentid=" + strconv.Itoa(c.agent) + "#wechat_redirect"
	return rewrite(c.app.client.o.BrowserBase, "https://open.weixin.qq.com/connect/oauth2/authorize?"+query)
}

// QRLoginURL returns the address of the page on which a member signs in by scanning a QR code, for browsers
// outside of WeWork.
// https://developer.work.weixin.qq.com/document/path/98152
func (c *CorpApp) QRLoginURL(redirect, state string) string {
	query := "login_type=CorpApp&appid=" + url.QueryEscape(c.app.id) + "&agentid=" + strconv.Itoa(c.agent) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&state=" + url.QueryEscape(state)
	return rewrite(c.app.client.o.BrowserBase, "https://login.work.weixin.qq.com/wwlogin/sso/login?"+query)
}

// ErrOutsider is returned for somebody who is not a member of the company, who must not be signed in.
var ErrOutsider = errors.New("wechat: not a member of the company")

// Identity is who opened a page.
type Identity struct {
	UserID string
	Ticket string // for Detail, with ScopePrivate; lives for half an hour
}

// Identity exchanges an authorize page's code, which works once, for five minutes. A code that does not
// work is IsBadCode; somebody without a user id is ErrOutsider.
// https://developer.work.weixin.qq.com/document/path/91023
func (c *CorpApp) Identity(ctx context.Context, code string) (Identity, error) {
	var answer *oauth.GetUserInfoResponse
	err := c.app.do(ctx, func(t *trip) (err error) {
		answer, err = oauth.NewOauth(c.sdk(t)).GetUserInfo(url.QueryEscape(code))
		return err
	}, code)
	if err != nil {
		return Identity{}, err
	}
	if answer.UserID == "" {
		return Identity{}, ErrOutsider
	}
	return Identity{UserID: answer.UserID, Ticket: answer.UserTicket}, nil
}

// Detail is what a member agreed to tell.
type Detail struct {
	UserID string
	Mobile string // "" = not told
	Email  string
}

// Detail exchanges a ticket of Identity. Codes: 40094 an unknown ticket, 84014 an old one.
// https://developer.work.weixin.qq.com/document/path/95833
func (c *CorpApp) Detail(ctx context.Context, ticket string) (Detail, error) {
	const api = "/cgi-bin/auth/getuserdetail"
	if ticket == "" {
		return Detail{}, invalid(api, "there is no ticket")
	}
	var answer *oauth.GetUserDetailResponse
	err := c.app.do(ctx, func(t *trip) (err error) {
		answer, err = oauth.NewOauth(c.sdk(t)).GetUserDetail(&oauth.GetUserDetailRequest{UserTicket: ticket})
		return err
	}, ticket)
	if err != nil {
		return Detail{}, err
	}
	if answer.UserID == "" {
		return Detail{}, &errLocal{api, errors.New("no userid in the answer")}
	}
	return Detail{UserID: answer.UserID, Mobile: answer.Mobile, Email: answer.Email}, nil
}

// ScriptURL returns the address from which pages in WeWork load the JS-SDK.
// https://developer.work.weixin.qq.com/document/path/90547
func (c *CorpApp) ScriptURL() string {
	return rewrite(c.app.client.o.BrowserBase, "https://res.wx.qq.com/open/js/jweixin-1.2.0.js")
}

// CorpPageConfig is what a page in WeWork passes to wx.agentConfig (of the app); Page is the same for wx.config (of the
// company).
type CorpPageConfig struct {
	CorpID    string `json:"corpid"`
	Agent     int    `json:"agentid,omitempty"`
	Timestamp int64  `json:"timestamp"` // seconds
	Nonce     string `json:"nonceStr"`
	Signature string `json:"signature"`
}

// Page returns the configuration as wx.config takes it.
// https://developer.work.weixin.qq.com/document/path/90514
func (c CorpPageConfig) Page() PageConfig {
	return PageConfig{AppID: c.CorpID, Timestamp: c.Timestamp, Nonce: c.Nonce, Signature: c.Signature, Beta: true}
}

// PageConfig signs a page for wx.config; see OfficialAccount.PageConfig.
// https://developer.work.weixin.qq.com/document/path/90506
func (c *CorpApp) PageConfig(ctx context.Context, page string) (CorpPageConfig, error) {
	return c.sign(ctx, page, credential.TicketTypeCorpJs)
}

// AgentConfig signs a page for wx.agentConfig.
// https://developer.work.weixin.qq.com/document/path/94313
func (c *CorpApp) AgentConfig(ctx context.Context, page string) (CorpPageConfig, error) {
	config, err := c.sign(ctx, page, credential.TicketTypeAgentJs)
	config.Agent = c.agent
	return config, err
}

func (c *CorpApp) sign(ctx context.Context, page string, kind credential.TicketType) (CorpPageConfig, error) {
	api := map[credential.TicketType]string{
		credential.TicketTypeCorpJs: "/cgi-bin/get_jsapi_ticket", credential.TicketTypeAgentJs: "/cgi-bin/ticket/get",
	}[kind]
	if err := c.app.client.checkBreaker(c.app.circuit(), api); err != nil {
		return CorpPageConfig{}, err
	}
	key := c.app.sharedKey(fmt.Sprintf("corp-ticket-%d", kind))
	ticket, err := c.app.client.shared(ctx, shared{key, func(ctx context.Context) (string, int, error) {
		return c.fetchTicket(ctx, kind)
	}}, "")
	if err != nil {
		return CorpPageConfig{}, err
	}
	page, _, _ = strings.Cut(page, "#")
	config := CorpPageConfig{CorpID: c.app.id, Timestamp: c.app.client.o.Now().Unix(), Nonce: rand.Text()[:16]}
	config.Signature = util.Signature(fmt.Sprintf("jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s",
		ticket, config.Nonce, config.Timestamp, page))
	return config, nil
}

// ticketLife is how long a ticket lives, in seconds: the SDK does not return what the platform says.
const ticketLife = 7200

// fetchTicket fetches what pages of the company, or of the app, are signed with.
// https://developer.work.weixin.qq.com/document/path/90506
func (c *CorpApp) fetchTicket(ctx context.Context, kind credential.TicketType) (string, int, error) {
	ticket := ""
	err := c.app.do(ctx, func(t *trip) (err error) {
		ticket, err = credential.NewWorkJsTicket(c.app.id, strconv.Itoa(c.agent), "", nothing{}).GetTicket(t.id, kind)
		return err
	})
	ticket, err = needed("a ticket", ticket, err)
	return ticket, ticketLife, err
}
