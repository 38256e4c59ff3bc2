// Package handlers_test tests all surfaces at once: the route table, and every route called by
// every kind of caller.
package handlers_test

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/api"
	"tongxing/handlers/console"
	"tongxing/handlers/door"
	"tongxing/handlers/h5"
	"tongxing/handlers/open"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
	"tongxing/wechat"
)

var update = flag.Bool("update", false, "write testdata/routes.golden anew")

// town is all surfaces over two estates.
type town struct {
	app          *web.App
	store        *store.Store
	mine, others *estate.Estate
	audits       map[core.ID]core.ID // by community: a line of the audit log
	wechatApps   map[core.ID]core.ID // by community: its official account
	staff        map[core.ID]core.ID // by community
	institutions map[core.ID]core.ID // by community: one that may enter it
	members      map[core.ID]core.ID // by community: of that institution
	faces        map[core.ID]core.ID // by community: a picture of that member
	replies      map[core.ID]core.ID // by community: what its official account answers
	alerts       map[core.ID]core.ID // by community: an alert
	messages     map[core.ID]core.ID // by community: what an account was told
	reviews      map[core.ID]core.ID // by community: an application to be certified
	photos       map[core.ID]core.ID // by community: its picture
	clients      map[core.ID]core.ID // of the open API, by community
	imports      map[core.ID]core.ID // by community: a list to be imported
	rehearsals   map[core.ID]core.ID // by community
	plans        map[core.ID]core.ID // scheduled changes of rules, by community
	visits       map[core.ID]core.ID // by community: a visitor
	inside       map[core.ID]core.ID // likewise, one who has come in
	slips        map[core.ID]core.ID // by community: an exit slip
	blocks       map[core.ID]core.ID // by community: of the blacklist of visitors
	orders       map[core.ID]core.ID // by community: to a door
	groups       map[core.ID]core.ID // by community: of readers
	shifts       map[core.ID]core.ID // by community: of its guard
	posters      map[core.ID]core.ID // by community: a poster, by which visitors apply
	followers    map[core.ID]core.ID // by community: who follows its official account
	tags         map[core.ID]core.ID // by community: a tag of its official account
	file         core.ID             // a verification file
	turn         store.SyncTurn      // at the sync of a company on WeWork
}

// menuTag is WeChat's id of a tag with a menu of its own.
const menuTag = 100

// parsedPages are parsed once and shared by all tests, which never change them.
var parsedPages = sync.OnceValues(func() (*templates.Renderer, error) { return templates.New(false) })

func newTown(t *testing.T) *town {
	t.Helper()
	s := estate.Store(t, store.Options{})
	redis, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := parsedPages()
	if err != nil {
		t.Fatal(err)
	}
	g := gate.New(gate.Options{Store: s, Redis: redis})
	d := door.New(door.Options{Store: s, Gate: g})
	shadow := web.RedisCache(redis, s, nil)
	desk := console.New(console.Options{Store: s, Renderer: pages, Cache: shadow, PublicURL: "http://127.0.0.1"})
	phones := h5.New(h5.Options{Store: s, Gate: g, Pages: pages, WeChat: noWeChat{}, PublicURL: "http://127.0.0.1"})
	app := web.New(web.Options{
		Store: s, Cache: shadow,
		Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Limits: web.Limits{AddressPerMinute: 1e6, AccountPerMinute: 1e6},
		ErrorPage: func(c *web.Context, p web.ErrorPage) error {
			if strings.HasPrefix(c.Request().URL.Path, "/h5") {
				return phones.ErrorPage(c, p)
			}
			return desk.ErrorPage(c, p)
		},
	})
	// A new surface of the program is added here.
	app.Register(slices.Concat(d.Routes(), desk.Routes(), phones.Routes(), api.New(api.Options{Store: s, Gate: g}).Routes(),
		open.New(s).Routes())...)
	t.Cleanup(func() {
		app.Close()
		d.Close()
		g.Close()
		redis.Close()
	})
	w := &town{
		app: app, store: s, mine: estate.New(t, s, estate.Plan{}), others: estate.New(t, s, estate.Plan{}),
		audits: map[core.ID]core.ID{}, alerts: map[core.ID]core.ID{}, messages: map[core.ID]core.ID{},
		wechatApps: map[core.ID]core.ID{}, staff: map[core.ID]core.ID{}, replies: map[core.ID]core.ID{},
		reviews: map[core.ID]core.ID{}, photos: map[core.ID]core.ID{}, followers: map[core.ID]core.ID{}, clients: map[core.ID]core.ID{},
		tags: map[core.ID]core.ID{}, imports: map[core.ID]core.ID{}, rehearsals: map[core.ID]core.ID{}, visits: map[core.ID]core.ID{},
		inside:  map[core.ID]core.ID{},
		plans:   map[core.ID]core.ID{},
		slips:   map[core.ID]core.ID{},
		posters: map[core.ID]core.ID{}, blocks: map[core.ID]core.ID{}, orders: map[core.ID]core.ID{}, shifts: map[core.ID]core.ID{},
		groups:       map[core.ID]core.ID{},
		institutions: map[core.ID]core.ID{}, members: map[core.ID]core.ID{}, faces: map[core.ID]core.ID{},
	}
	for i, e := range []*estate.Estate{w.mine, w.others} {
		w.apply(t, e)
		w.employ(t, e)
		imp, err := s.CreateImport(t.Context(), core.System, core.Everywhere, store.NewImport{
			Community: e.Community, Kind: core.ImportResidents, File: "住户.csv", Content: []byte("姓名,栋,单元,房间\n"),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.imports[e.Community] = imp.ID
		w.rehearsals[e.Community], err = s.CreateRehearsal(t.Context(), core.System, core.Everywhere, e.Community, 5, core.RehearsalDraft{
			Rule: core.DefaultPassRule(),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.schedule(t, e)
		w.invite(t, e)
		app, err := s.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
			App: core.WechatApp{
				Kind: core.WechatOfficial, Name: "公众号", AppID: fmt.Sprintf("wx%016x", i), Scope: core.ScopeOf(e.Community),
			},
			Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.wechatApps[e.Community] = app
		if w.staff[e.Community], err = s.CreateStaff(t.Context(), core.System, core.Everywhere, core.Staff{
			Name: "李娜", Sex: "female", Position: "客服", Phone: fmt.Sprintf("1370000000%d", i), Communities: []core.ID{e.Community},
		}, []string{"工程部"}); err != nil {
			t.Fatal(err)
		}
		official := w.officialOf(t, e)
		reply := core.WechatReply{AppID: official, Kind: core.ReplyContains, Word: "物业", Text: "您好"}
		if w.replies[e.Community], err = s.CreateWechatReply(t.Context(), core.System, core.Everywhere, reply); err != nil {
			t.Fatal(err)
		}
		w.follow(t, e, official)
		for _, tag := range []int{0, menuTag} {
			menu := core.WechatMenu{
				MenuFor: core.MenuFor{AppID: official, Tag: tag}, Draft: core.DefaultMenu("https://pass.example.com", core.WechatApp{}),
			}
			if _, err := s.UpdateWechatMenu(t.Context(), core.System, core.Everywhere, menu); err != nil {
				t.Fatal(err)
			}
		}
		// Under the community's own id, so that params can use it.
		record := core.AccessRecord{
			ID: e.Community, Community: e.Community, At: s.Now(), Via: core.ViaReader, Direction: core.Out,
			Kind: core.PassResident, Allowed: true,
		}
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{record}); err != nil {
			t.Fatal(err)
		}
		fever := core.AccessRecord{
			Community: e.Community, At: s.Now(), Via: core.ViaGuard, Post: e.Post, Direction: core.Out,
			Kind: core.PassResident, Reason: core.ReasonFever,
		}
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{fever}); err != nil {
			t.Fatal(err)
		}
		told := core.Account{
			Login: "told" + e.Community.String(), Name: "值班", Role: core.RoleClerk, Scope: core.ScopeOf(e.Community),
			Permissions: []core.Permission{core.PermAccessAlertView},
		}
		if _, err := s.CreateAccount(t.Context(), core.SystemGranter, told, "horse-battery-7"); err != nil {
			t.Fatal(err)
		}
		if err := s.RaiseAccessAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		alerts, _, err := s.AccessAlerts(t.Context(), core.ScopeOf(e.Community), core.AccessAlertFilter{}, store.Page{Limit: 1})
		if err != nil || len(alerts) != 1 {
			t.Fatalf("%d alerts: %v", len(alerts), err)
		}
		w.alerts[e.Community] = alerts[0].ID
		messages, _, err := s.Messages(t.Context(), core.ScopeOf(e.Community), core.MessageFilter{}, store.Page{Limit: 1})
		if err != nil || len(messages) != 1 {
			t.Fatalf("%d messages: %v", len(messages), err)
		}
		w.messages[e.Community] = messages[0].ID
		lines, _, err := s.AuditRecords(t.Context(), core.ScopeOf(e.Community), core.AuditFilter{}, store.Page{Limit: 1})
		if err != nil || len(lines) != 1 {
			t.Fatalf("%d lines of the audit log: %v", len(lines), err)
		}
		w.audits[e.Community] = lines[0].ID
	}
	w.bindCorp(t)
	return w
}

// officialOf returns WeChat's id of an estate's official account.
func (w *town) officialOf(t *testing.T, e *estate.Estate) string {
	t.Helper()
	app, err := w.store.WechatApp(t.Context(), core.Everywhere, w.wechatApps[e.Community])
	if err != nil {
		t.Fatal(err)
	}
	return app.AppID
}

// stopped stops the official account of w.mine, and returns the query of the page that lets it go on.
func (w *town) stopped(t *testing.T) string {
	t.Helper()
	stop := core.ChannelStop{
		Channel: core.ChannelTemplate, AppID: w.officialOf(t, w.mine), Until: w.store.Now().Add(time.Hour), Reason: core.WhyNoRight,
	}
	if err := w.store.Outbox().Stop(t.Context(), stop); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("?channel=template&app=%s&until=%d", stop.AppID, stop.Until.UnixMilli())
}

// apply makes somebody apply to be certified in an estate.
func (w *town) apply(t *testing.T, e *estate.Estate) {
	t.Helper()
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "applicant" + e.Community.String()})
	if err == nil {
		_, err = w.store.BindPhone(t.Context(), user.ID, fmt.Sprintf("177%08d", int64(e.Community)%1e8), "")
	}
	var photo core.Photo
	if err == nil {
		picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("w"), Thumb: []byte("t")}
		photo, err = w.store.CreatePhoto(t.Context(), user.ID, picture)
	}
	if err != nil {
		t.Fatal(err)
	}
	own, err := w.store.CreateCertification(t.Context(), core.System, user.ID, core.CertificationRequest{
		House: e.Houses[0], Name: "申请人", Identity: core.Owner, Photos: []core.ID{photo.ID},
	}, store.RequestKey{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	w.reviews[e.Community], w.photos[e.Community] = own.Review.ID, photo.ID
}

// employ makes an institution that may enter an estate, with a member who has a picture.
func (w *town) employ(t *testing.T, e *estate.Estate) {
	t.Helper()
	institution, err := w.store.CreateInstitution(t.Context(), core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{e.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	day := core.DayOf(w.store.Now(), w.store.Zone())
	member, err := w.store.CreateMember(t.Context(), core.System, core.Everywhere, core.Member{
		Institution: institution, Name: "骑手甲", Phone: "13700137088", From: day, Until: day,
	})
	if err != nil {
		t.Fatal(err)
	}
	picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("w"), Thumb: []byte("t")}
	if err := w.store.UpdateMemberPhoto(t.Context(), core.System, core.Everywhere, member, core.MemberFace, &picture); err != nil {
		t.Fatal(err)
	}
	m, err := w.store.Member(t.Context(), core.Everywhere, member)
	if err != nil {
		t.Fatal(err)
	}
	w.institutions[e.Community], w.members[e.Community], w.faces[e.Community] = institution, member, m.Photos[core.MemberFace]
}

// noWeChat is a WeChat with nothing configured.
type noWeChat struct{}

var errNoWeChat = core.Conflict("还没有配置公众号，请联系管理员")

func (noWeChat) OfficialFor(context.Context, core.Scope) string { return "" }

func (noWeChat) AuthorizeURL(context.Context, string, string, string) (string, error) {
	return "", errNoWeChat
}

func (noWeChat) Identify(context.Context, string, string) (core.WechatIdentity, error) {
	return core.WechatIdentity{}, errNoWeChat
}

func (noWeChat) IdentifyMini(context.Context, string) (core.WechatIdentity, error) {
	return core.WechatIdentity{}, errNoWeChat
}

func (noWeChat) VerifiesPhones() bool { return false }

func (noWeChat) Script(string, h5.Signer) string { return "" }

func (noWeChat) PageConfig(context.Context, string, h5.Signer) (wechat.PageConfig, error) {
	return wechat.PageConfig{}, errNoWeChat
}

func (noWeChat) Corps(context.Context) []core.WechatApp { return nil }

func (noWeChat) MemberURL(context.Context, core.ID, string, string, bool) (string, error) {
	return "", errNoWeChat
}

func (noWeChat) Member(context.Context, core.ID, string) (wechat.Identity, error) {
	return wechat.Identity{}, errNoWeChat
}

func (noWeChat) MemberPhone(context.Context, core.ID, string) (string, error) { return "", errNoWeChat }

// TestRoutesGolden makes new URLs, and who may call them, visible in review. To update: go test
// ./handlers -run Golden -update.
func TestRoutesGolden(t *testing.T) {
	var table strings.Builder
	for _, r := range newTown(t).app.Routes() {
		fmt.Fprintln(&table, r.Name())
	}
	const file = "testdata/routes.golden"
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if table.String() != string(want) {
		t.Errorf("the routes are not those of %s; if they should be: go test ./handlers -run Golden -update\n%s", file, table.String())
	}
}

// caller is a kind of caller.
type caller struct {
	name    string
	kind    core.SessionKind // "" = anonymous
	subject core.ID
	may     func(access web.Access) bool
}

var nobody = caller{name: "nobody", may: func(web.Access) bool { return false }}

func (w *town) account(t *testing.T, name string, e *estate.Estate, role core.Role) caller {
	t.Helper()
	const first, second = "correct-horse-7", "battery-staple-8"
	preset, err := role.Preset()
	if err != nil {
		t.Fatal(err)
	}
	a := core.Account{Login: name, Name: name, Role: role, Permissions: preset.Permissions, Scope: core.ScopeOf(e.Community)}
	id, err := w.store.CreateAccount(t.Context(), core.SystemGranter, a, first)
	if err == nil {
		err = w.store.ChangePassword(t.Context(), core.System, store.PasswordChange{
			Session: core.Session{Subject: id}, Old: first, New: second,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return caller{name, core.SessionAccount, id, func(access web.Access) bool {
		return access == web.SignedIn || !access.Operator() && access.Allows(func(p core.Permission) bool {
			return slices.Contains(preset.Permissions, p)
		})
	}}
}

// person makes a WeChat user in the given role; without a role, a stranger.
func (w *town) person(t *testing.T, name string, e *estate.Estate, role web.Access) caller {
	t.Helper()
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: name})
	if err != nil {
		t.Fatal(err)
	}
	bind := func(kind string, target core.ID) {
		ticket, err := w.store.CreateBindTicket(t.Context(), core.System, core.Everywhere, store.BindTarget{Kind: kind, ID: target})
		if err == nil {
			err = w.store.ApproveBindTicket(t.Context(), core.System, store.BindScan{Scene: ticket.Scene, User: user.ID}, ticket.Code)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	switch role {
	case web.Resident:
		if _, err := w.store.BindPhone(t.Context(), user.ID, e.Residents[0].Phone, e.Residents[0].Name); err != nil {
			t.Fatal(err)
		}
	case web.Guard:
		bind(core.BindGuard, e.Guard)
	case web.Observer:
		bind(core.BindObserver, e.Observer)
	case web.Reviewer:
		w.bindAccount(t, user.ID, w.account(t, name+"-account", e, core.RoleClerk).subject)
	}
	return caller{name, core.SessionWechat, user.ID, func(access web.Access) bool {
		return access == web.WechatUser || access == role || role == web.Reviewer && access == web.AccountOnPhone
	}}
}

// bindAccount binds a WeChat user to an account, as by scanning the console's QR code.
func (w *town) bindAccount(t *testing.T, user, account core.ID) {
	t.Helper()
	token, code, err := w.store.BeginWechatLogin(t.Context(), store.NewWechatLogin{Account: account, Browser: "b"})
	if err == nil {
		err = w.store.ApproveWechatLogin(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user}, token, code)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// callers returns one caller of each kind; those tied to an estate belong to e.
func (w *town) callers(t *testing.T, e *estate.Estate, prefix string) []caller {
	t.Helper()
	all := []caller{w.person(t, prefix+"-stranger", e, web.WechatUser)}
	for _, role := range []core.Role{core.RoleAdmin, core.RoleManager, core.RoleClerk, core.RoleViewer} {
		all = append(all, w.account(t, prefix+"-"+string(role), e, role))
	}
	for _, role := range []web.Access{web.Resident, web.Guard, web.Observer, web.Reviewer} {
		all = append(all, w.person(t, prefix+"-"+role.String(), e, role))
	}
	return append(all, w.operator(t, prefix+"-operator", e), w.member(t, prefix+"-staff", e))
}

// member makes a member of WeWork to whom an account of an estate belongs that may review, and who is a guard there by the
// number that WeWork told.
func (w *town) member(t *testing.T, name string, e *estate.Estate) caller {
	t.Helper()
	account := w.account(t, name+"-account", e, core.RoleClerk).subject
	if err := w.store.SyncMembers(t.Context(), w.turn, []core.CorpMember{{UserID: name, Name: "王五"}}); err != nil {
		t.Fatal(err)
	}
	m, err := w.store.StaffOfMember(t.Context(), w.turn.App, name)
	if err == nil {
		err = w.store.LinkStaffAccount(t.Context(), core.SystemGranter, m.ID, account)
	}
	phone := fmt.Sprintf("137%08d", int64(m.ID)%1e8)
	if err == nil {
		_, err = w.store.CreateGuard(t.Context(), core.System, core.Everywhere, core.Guard{
			Community: e.Community, Name: "王五", Phone: phone, Posts: []core.ID{e.Post},
		})
	}
	if err == nil {
		err = w.store.BindStaffPhone(t.Context(), core.System, m.ID, phone)
	}
	if err != nil {
		t.Fatal(err)
	}
	return caller{name, core.SessionStaff, m.ID, func(access web.Access) bool {
		return access == web.StaffMember || access == web.Reviewer || access == web.AccountOnPhone || access == web.Guard
	}}
}

// bindCorp binds a company on WeWork, at whose sync a server is for ever.
func (w *town) bindCorp(t *testing.T) {
	t.Helper()
	_, err := w.store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: "ww00000000000000c1", Agent: 2, Scope: core.Everywhere},
		Keys: core.WechatKeys{
			Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sync, err := w.store.ClaimStaffSync(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	w.turn = store.SyncTurn{Runner: "a", App: sync.App}
}

// operator makes an account of one estate that runs the deployment.
func (w *town) operator(t *testing.T, name string, e *estate.Estate) caller {
	t.Helper()
	by := w.account(t, name, e, core.RoleAdmin)
	a, err := w.store.Account(t.Context(), core.Everywhere, by.subject)
	if err != nil {
		t.Fatal(err)
	}
	a.Operator = true
	if _, err := w.store.UpdateAccount(t.Context(), core.SystemGranter, a); err != nil {
		t.Fatal(err)
	}
	return caller{by.name, by.kind, by.subject, func(access web.Access) bool {
		return access == web.SignedIn || access.Allows(func(p core.Permission) bool {
			return slices.Contains(a.Permissions, p)
		})
	}}
}

// invite has a resident of an estate invite a visitor. The resident's WeChat is the caller's, who may open it.
func (w *town) invite(t *testing.T, e *estate.Estate) {
	t.Helper()
	host := e.Residents[0]
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "host-of-" + e.Community.String()})
	if err == nil {
		_, err = w.store.BindPhone(t.Context(), user.ID, host.Phone, host.Name)
	}
	if err != nil {
		t.Fatal(err)
	}
	visit, err := w.store.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
		House: host.House, Name: "来客", Phone: "13700000009", Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	if err != nil {
		t.Fatal(err)
	}
	w.visits[e.Community] = visit.ID
	w.inside[e.Community] = w.enter(t, e, user.ID)
	if w.slips[e.Community], err = w.store.ApplyExitSlip(t.Context(), core.System, user.ID, core.ExitSlip{
		House: host.House, Planned: w.store.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "冰箱", Count: 1}},
	}, store.RequestKey{}); err != nil {
		t.Fatal(err)
	}
	block := core.VisitorBlock{Kind: core.BlockPlate, Value: "京A99999", Reason: "滋扰"}
	_, err = w.store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, e.Community, []core.VisitorBlock{block})
	if err != nil {
		t.Fatal(err)
	}
	blocks, _, err := w.store.VisitorBlocks(t.Context(), core.ScopeOf(e.Community), store.VisitorBlockFilter{Page: store.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	w.blocks[e.Community] = blocks[0].ID
	w.order(t, e)
	shift, err := w.store.CreateGuardShift(t.Context(), core.System, core.Everywhere, store.NewGuardShift{
		Post: e.Post, Guard: e.Guard, Seen: core.GuardShift{}.Mark(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.shifts[e.Community] = shift.ID
	poster := core.VisitorPoster{Community: e.Community}
	if w.posters[e.Community], err = w.store.CreateVisitorPoster(t.Context(), core.System, core.Everywhere, poster); err != nil {
		t.Fatal(err)
	}
}

// enter lets a visitor in.
func (w *town) enter(t *testing.T, e *estate.Estate, host core.ID) core.ID {
	t.Helper()
	v, err := w.store.CreateVisitorPass(t.Context(), core.System, host, core.VisitorPass{
		House: e.Residents[0].House, Name: "在场的来客", Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	if err == nil {
		_, err = w.store.Scan(t.Context(), store.ScanAttempt{
			Via: core.ViaManual, Post: e.Post, Direction: core.In, Pass: v.Pass, TokenDigest: "enters " + v.ID.String(),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return v.ID
}

// order orders a door of an estate to open.
func (w *town) order(t *testing.T, e *estate.Estate) {
	t.Helper()
	r := core.NewReader()
	r.Community, r.Name, r.Gate, r.Serial, r.Protocol = e.Community, "北门", "北门", "VB1", core.ProtocolVbar
	id, _, err := w.store.CreateReader(t.Context(), core.System, core.Everywhere, r)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.store.CreateDoorCommand(t.Context(), core.System, core.Everywhere, store.NewDoorCommand{
		Reader: id, Reason: "送货", Key: e.Community.String(), Online: true, Now: w.store.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.orders[e.Community] = c.ID
	if w.groups[e.Community], err = w.store.CreateReaderGroup(t.Context(), core.System, core.Everywhere, core.ReaderGroup{
		Community: e.Community, Name: "各门", Readers: []core.ID{e.Doors[0].ID},
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.DisableReader(t.Context(), core.System, core.Everywhere, id); err != nil {
		t.Fatal(err)
	}
}

// follow makes a follower and a tag of an estate's official account, and a verification file.
func (w *town) follow(t *testing.T, e *estate.Estate, official string) {
	t.Helper()
	ctx, who := t.Context(), core.WechatIdentity{AppID: official, OpenID: "follower-of-" + official}
	tag := core.FollowerTag{AppID: official, Number: 100, Name: "业主"}
	file := core.WechatFile{Name: "MP_verify_" + official[2:] + ".txt", Text: official[2:]}
	err := w.store.UpdateFollowed(ctx, who, true)
	if err == nil {
		w.tags[e.Community], err = w.store.CreateFollowerTag(ctx, core.System, core.Everywhere, tag)
	}
	if err == nil {
		w.file, err = w.store.CreateWechatFile(ctx, core.System, file)
	}
	if err == nil {
		w.clients[e.Community], _, err = w.store.CreateOpenClient(ctx, core.System, core.OpenClient{
			Name: "收费软件", Calls: []core.OpenCall{core.CallHouseArrears}, Scope: core.ScopeOf(e.Community), Rate: core.DefaultOpenRate,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := w.store.Followers(ctx, core.Everywhere, store.FollowerFilter{AppID: official})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d followers, %v", len(list), err)
	}
	w.followers[e.Community] = list[0].ID
}

// params returns the ids of an estate for a route's path, longest prefix first.
func (w *town) params(t *testing.T, e *estate.Estate, account core.ID) []struct {
	prefix string
	id     core.ID
} {
	t.Helper()
	_, session, err := w.store.StartSession(t.Context(), store.NewSession{
		Kind: core.SessionAccount, Subject: account, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	owner := core.Actor{Kind: core.ActorAccount, ID: account}
	job, err := w.store.StartJob(t.Context(), owner, core.JobVerifyAudit)
	if err != nil {
		t.Fatal(err)
	}
	view, err := w.store.CreateSavedView(t.Context(), core.SavedView{Account: account, Stem: "reader", Name: "离线"})
	if err != nil {
		t.Fatal(err)
	}
	batches, _, err := w.store.Batches(t.Context(), core.ScopeOf(e.Community), store.BatchFilter{
		Communities: core.Everywhere, Kinds: []core.BatchKind{core.BatchHouses},
	})
	if err != nil || len(batches) == 0 {
		t.Fatalf("no batch of the estate: %v", err)
	}
	house, err := w.store.House(t.Context(), core.ScopeOf(e.Community), e.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	return []struct {
		prefix string
		id     core.ID
	}{
		{"/console/import/", w.imports[e.Community]}, {"/console/passrule/rehearsal/", w.rehearsals[e.Community]},
		{"/console/ruleplan/", w.plans[e.Community]},
		{"/console/wechatapp/", w.wechatApps[e.Community]}, {"/console/staff/", w.staff[e.Community]},
		{"/console/wechatreply/", w.replies[e.Community]}, {"/console/wechatfile/", w.file},
		{"/console/openclient/", w.clients[e.Community]},
		{"/console/followertag/", w.tags[e.Community]}, {"/console/follower/", w.followers[e.Community]},
		{"/console/institution/member/photo/", w.faces[e.Community]},
		{"/console/institution/member/", w.members[e.Community]}, {"/console/institution/", w.institutions[e.Community]},
		{"/console/certification/photo/", w.photos[e.Community]}, {"/console/certification/", w.reviews[e.Community]},
		{"/api/v1/certifications/", w.reviews[e.Community]}, {"/api/v1/communities/", 77},
		{"/console/batch/", batches[0].ID}, {"/console/job/", job}, {"/console/savedview/", view}, {"/console/me/session/", session.ID},
		{"/console/account/", account}, {"/console/session/undo/", account}, {"/console/accessalert/", w.alerts[e.Community]},
		{"/console/message/", w.messages[e.Community]},
		{"/console/audit/", w.audits[e.Community]}, {"/console/community/", e.Community}, {"/console/reader/", e.Doors[0].ID},
		{"/console/readergroup/", w.groups[e.Community]},
		{"/console/doorcommand/", w.orders[e.Community]}, {"/console/guardshift/", w.shifts[e.Community]},
		{"/console/resident/", e.Residents[0].ID}, {"/console/restriction/", e.Houses[0]},
		{"/console/house/node/", house.Node}, {"/console/house/", e.Houses[0]},
		{"/console/accessrecord/", e.Community}, {"/console/guardpost/guard/", e.Guard},
		{"/console/guardpost/", e.Post}, {"/console/guard/", e.Guard},
		{"/console/observer/", e.Observer}, {"/h5/login/", account}, {"/h5/bind/", account}, {"/h5/guard/", e.Post},
		{"/h5/review/photo/", w.photos[e.Community]}, {"/h5/review/", w.reviews[e.Community]},
		{"/h5/certification/photo/", w.photos[e.Community]}, {"/h5/certification/address/", e.Residents[0].ID},
		{"/h5/certification/", w.reviews[e.Community]},
		{"/console/exitslip/photo/", w.photos[e.Community]}, {"/console/exitslip/", w.slips[e.Community]},
		{"/h5/exitslip/photo/", w.photos[e.Community]}, {"/h5/exitslip/", w.slips[e.Community]},
		{"/console/visitorblock/", w.blocks[e.Community]},
		{"/console/visitorrule/poster/", w.posters[e.Community]}, {"/h5/visit/own/", w.visits[e.Community]}, {"/h5/visit/at/", e.Community},
		{"/console/visitorpass/photo/", w.photos[e.Community]},
		{"/console/visitorpass/:id/leave", w.inside[e.Community]}, {"/console/visitorpass/", w.visits[e.Community]},
		{"/h5/visitorpass/photo/", w.photos[e.Community]},
		{"/h5/visitorpass/", w.visits[e.Community]}, {"/h5/visit/", e.Community},
		{"/api/v1/visitors/", w.visits[e.Community]},
		{"/api/v1/exitslips/", w.slips[e.Community]},
		{"/h5/household/member/", e.Residents[1].ID}, {"/h5/household/", w.reviews[e.Community]},
		{"/api/v1/households/members/", e.Residents[1].ID}, {"/api/v1/households/applications/", w.reviews[e.Community]},
		{"/api/v1/households/", e.Houses[0]}, {"/api/v1/residences/", e.Residents[0].ID},
		{"/api/v1/photos/", w.photos[e.Community]}, {"/console/reminder/", account},
		{"/h5/pass/", e.Residents[0].Pass}, {"/api/v1/passes/", e.Residents[0].Pass},
	}
}

// address returns the route's path with the ids of e in it; hasID reports whether it has any.
func (w *town) address(t *testing.T, r web.Route, e *estate.Estate, account core.ID) (path string, hasID bool) {
	t.Helper()
	parts := strings.Split(r.Path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		hasID = true
		for _, p := range w.params(t, e, account) {
			if strings.HasPrefix(r.Path, p.prefix) {
				parts[i] = p.id.String()
				break
			}
		}
		if parts[i] == part {
			t.Fatalf("%s: params does not say what %s is", r.Path, part)
		}
	}
	return strings.Join(parts, "/"), hasID
}

// call sends one request by a caller, in a new session.
func (w *town) call(t *testing.T, r web.Route, by caller, path string) *httptest.ResponseRecorder {
	t.Helper()
	return w.callWith(t, r, by, path, "{}")
}

// callWith is call with a body.
func (w *town) callWith(t *testing.T, r web.Route, by caller, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request := httptest.NewRequest(r.Method, path, strings.NewReader(body)).WithContext(ctx)
	request.RemoteAddr = "192.0.2.1:4000"
	if strings.HasPrefix(r.Path, "/api/") {
		request.Header.Set("Content-Type", "application/json")
	} else {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w.signIn(t, request, by)
	recorder := httptest.NewRecorder()
	w.app.ServeHTTP(&untilFlushed{recorder, cancel}, request)
	return recorder
}

// signIn adds a new session of by to a request, in every form a route may expect.
func (w *town) signIn(t *testing.T, request *http.Request, by caller) {
	t.Helper()
	if by.kind == "" {
		return
	}
	life := core.SessionLife{Idle: time.Hour, MaxLife: time.Hour}
	token, session, err := w.store.StartSession(t.Context(), store.NewSession{Kind: by.kind, Subject: by.subject, Life: life})
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	for _, surface := range []web.Surface{web.SurfaceConsole, web.SurfaceResident, web.SurfaceGuard, web.SurfaceObserver,
		web.SurfaceReview, web.SurfaceStaff} {
		request.AddCookie(&http.Cookie{Name: "tx_" + string(surface), Value: token})
	}
	request.Header.Set(web.CSRFHeader, formToken(t, session))
}

// formToken returns the session's CSRF token, masked with zeros.
func formToken(t *testing.T, session core.Session) string {
	t.Helper()
	secret, err := base64.RawURLEncoding.DecodeString(session.CSRF)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(make([]byte, len(secret)), secret...))
}

// untilFlushed hangs up on a live stream once it has begun.
type untilFlushed struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc
}

func (u *untilFlushed) Flush() { u.cancel() }

// refused reports whether a response denies access.
func refused(r web.Route, w *httptest.ResponseRecorder) bool {
	switch w.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusSeeOther:
		to := w.Header().Get("Location")
		return strings.Contains(to, "/session") && strings.Contains(to, "?next=") ||
			r.Access == web.Resident && strings.HasPrefix(to, "/h5/phone")
	}
	return false
}

// unsigned reports whether a route requires no sign-in: its own tests cover what it rejects.
func unsigned(r web.Route) bool {
	switch r.Access {
	case web.Public, web.Device, web.Callback, web.Client, web.DemoOnly:
		return true
	}
	return false
}

// ofRule reports whether a path is of what was tried or scheduled, which may be a rule or a restriction.
func ofRule(path string) bool {
	return strings.HasPrefix(path, "/console/passrule/rehearsal/:id/") || strings.HasPrefix(path, "/console/ruleplan/:id/")
}

// schedule schedules a change of an estate's rule.
func (w *town) schedule(t *testing.T, e *estate.Estate) {
	t.Helper()
	rule, err := w.store.PassRule(t.Context(), core.Everywhere, e.Community)
	if err == nil {
		today := core.DayOf(w.store.Now(), w.store.Zone())
		w.plans[e.Community], err = w.store.SchedulePassRule(
			t.Context(), core.System, core.Everywhere, rule, core.RulePlanTerm{From: today + 100, Until: today + 101},
		)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryRouteAsEverybody calls every route anonymously and in each role: callers without access
// are refused, those with access are not, and nothing fails.
func TestEveryRouteAsEverybody(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	callers := append(w.callers(t, w.mine, "mine"), nobody)
	for _, r := range w.app.Routes() {
		if unsigned(r) {
			continue
		}
		path, _ := w.address(t, r, w.mine, target.subject)
		for _, by := range callers {
			answer := w.call(t, r, by, path)
			switch {
			case answer.Code >= 500:
				t.Errorf("%s as %s: %d, see the log", r.Name(), by.name, answer.Code)
			case ofRule(r.Path) && by.name == "mine-clerk":
				// who may restrict, but not change rules: the town's are of a rule (access tests both)
			case refused(r, answer) == by.may(r.Access):
				t.Errorf("%s as %s: %d %s", r.Name(), by.name, answer.Code, answer.Header().Get("Location"))
			}
		}
	}
}

// TestNoRouteShowsAnotherEstate calls every route with an id in its path in the right role at the
// wrong estate: the result is NotFound.
func TestNoRouteShowsAnotherEstate(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	callers := w.callers(t, w.others, "others")
	tried := 0
	for _, r := range w.app.Routes() {
		if unsigned(r) || strings.HasPrefix(r.Path, "/console/wechatfile") { // of the deployment, not of an estate
			continue
		}
		path, hasID := w.address(t, r, w.mine, target.subject)
		if !hasID {
			continue
		}
		for _, by := range callers {
			if !by.may(r.Access) {
				continue
			}
			tried++
			if answer := w.call(t, r, by, path); answer.Code != http.StatusNotFound {
				t.Errorf("%s as %s: %d, want 404: %.300s", r.Name(), by.name, answer.Code, answer.Body)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d calls: not looking in the right place", tried)
	}
}

// TestADraftIsNeverActedOn posts every form of the console as a restored draft: it is shown, or
// rejected if there is no form, and nothing is done.
func TestADraftIsNeverActedOn(t *testing.T) {
	w := newTown(t)
	boss := w.operator(t, "boss", w.mine)
	drafts := 0
	for _, r := range w.app.Routes() {
		if unsigned(r) || r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/console/") {
			continue
		}
		path, _ := w.address(t, r, w.mine, boss.subject)
		if strings.HasPrefix(r.Path, "/console/wechattemplate") || strings.HasPrefix(r.Path, "/console/wechatmenu") {
			path += "?kind=sign_in&at=0&act=default&app=" + w.officialOf(t, w.mine)
		}
		if strings.HasPrefix(r.Path, "/console/message/channel/") {
			path += w.stopped(t)
		}
		answer := w.callWith(t, r, boss, path, "resumed=1&confirmed=1&act=save&community="+w.mine.Community.String())
		if answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", r.Name(), answer.Code, answer.Header().Get("Location"))
		}
		if r.Draft && answer.Code == http.StatusUnprocessableEntity && !strings.Contains(answer.Body.String(), "tx-form-foot") {
			t.Errorf("%s shows no form: %.300s", r.Name(), answer.Body)
		}
		if r.Draft {
			drafts++
		}
	}
	if drafts < 15 {
		t.Errorf("only %d forms are kept for those whose session ended", drafts)
	}
}

// TestWrongMethods calls every path by an unsupported method: 405 with Allow, a message for people
// and no text for machines.
func TestWrongMethods(t *testing.T) {
	w := newTown(t)
	for _, r := range w.app.Routes() {
		path := strings.NewReplacer(":", "", "*", "x").Replace(r.Path)
		request := httptest.NewRequest(http.MethodPatch, path, http.NoBody)
		answer := httptest.NewRecorder()
		w.app.ServeHTTP(answer, request)
		if answer.Code != http.StatusMethodNotAllowed || !strings.Contains(answer.Header().Get("Allow"), r.Method) {
			t.Errorf("PATCH for %s: %d, Allow %q", r.Name(), answer.Code, answer.Header().Get("Allow"))
		}
		machine := r.Access == web.Device || strings.HasPrefix(r.Path, "/callback/")
		if body := answer.Body.String(); machine != (body == "") || !machine && !strings.Contains(body, "不支持此操作") {
			t.Errorf("PATCH for %s says %.200q", r.Name(), body)
		}
	}
}
