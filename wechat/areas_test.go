package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// area is a function of the SDK that the program uses.
type area struct {
	path  string // of the platform's API
	plain bool   // without the account's token
	right string // a right answer; "" = {"errcode":0}
	kind  string // content type of the right answer
	call  func(ctx context.Context, p *platform) error
}

func discard[T any](_ T, err error) error { return err }

// ok is the answer of a call that returns nothing.
const ok = `{"errcode":0,"errmsg":"ok"}`

// one is the least that a message says.
var one = map[string]string{"thing1": "x"}

// pixel is a picture.
var pixel = Picture{Name: "p.png", Data: []byte("\x89PNG\r\n\x1a\n")}

// areas has a row for each function of the SDK in use. It is what makes an upgrade of the SDK safe.
var areas = map[string]area{
	"stable token": {path: tokenPath, plain: true, right: `{"access_token":"t","expires_in":7200}`,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).Check(ctx) }},
	"mini-program login": {path: "/sns/jscode2session", plain: true, right: `{"openid":"o1","session_key":"k"}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.mini(Options{}).Login(ctx, testCode)) }},
	"phone number": {path: "/wxa/business/getuserphonenumber",
		right: `{"errcode":0,"phone_info":{"purePhoneNumber":"13900000000","countryCode":"86","watermark":{"appid":"` + testApp + `"}}}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).PhoneNumber(ctx, testCode))
		}},
	"unlimited code": {path: "/wxa/getwxacodeunlimit", right: "\xff\xd8\xff", kind: "image/jpeg",
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).UnlimitedCode(ctx, CodeImage{Scene: "x"}))
		}},
	"authorize code": {path: "/sns/oauth2/access_token", plain: true, right: `{"openid":"o1","scope":"snsapi_base"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Visitor(ctx, testCode))
		}},
	"user info": {path: "/sns/userinfo", plain: true, right: `{"openid":"o1","unionid":"u1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).complete(ctx, Visitor{OpenID: "o1"}, "user-token"))
		}},
	"follower": {path: "/cgi-bin/user/info", right: `{"subscribe":1,"openid":"o1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Follower(ctx, "o1"))
		}},
	"scene code": {path: "/cgi-bin/qrcode/create", right: `{"ticket":"t","expire_seconds":60,"url":"http://weixin.qq.com/q/x"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).TemporaryCode(ctx, "x", time.Minute))
		}},
	"template message": {path: sendPath, right: `{"errcode":0,"errmsg":"ok","msgid":7}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).SendTemplate(ctx, TemplateMessage{To: "o1", Template: "t1", Fields: one}))
		}},
	"template list": {path: "/cgi-bin/template/get_all_private_template",
		right: `{"template_list":[{"template_id":"t1","title":"x"}]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Templates(ctx))
		}},
	"template add": {path: "/cgi-bin/template/api_add_template", right: `{"errcode":0,"errmsg":"ok","template_id":"t1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).AddTemplate(ctx, "2101", []string{"审核事项"}))
		}},
	"template delete": {path: "/cgi-bin/template/del_private_template", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).DeleteTemplate(ctx, "t1") }},
	"subscribe message": {path: "/cgi-bin/message/subscribe/send", right: `{"errcode":0,"errmsg":"ok","msgid":7}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).SendSubscribe(ctx, SubscribeMessage{To: "o1", Template: "t1", Fields: one}))
		}},
	"subscribe list": {path: "/wxaapi/newtmpl/gettemplate", right: `{"errcode":0,"errmsg":"ok","data":[]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).Templates(ctx))
		}},
	"subscribe add": {path: "/wxaapi/newtmpl/addtemplate", right: `{"errcode":0,"errmsg":"ok","priTmplId":"t1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).AddTemplate(ctx, "2101", []int{1, 2}, "审核提醒"))
		}},
	"subscribe delete": {path: "/wxaapi/newtmpl/deltemplate", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.mini(Options{}).DeleteTemplate(ctx, "t1") }},
	"menu set": {path: "/cgi-bin/menu/create", right: ok,
		call: func(ctx context.Context, p *platform) error {
			return p.official(Options{}).SetMenu(ctx, []Button{{Kind: ButtonClick, Name: "x", Key: "k"}})
		}},
	"menu get": {path: "/cgi-bin/menu/get", right: `{"menu":{"button":[]}}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).Menus(ctx)) }},
	"menu delete": {path: "/cgi-bin/menu/delete", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).DeleteMenu(ctx) }},
	"menu conditional add": {path: "/cgi-bin/menu/addconditional", right: `{"menuid":"208396938"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).AddConditionalMenu(ctx, 100, []Button{{Kind: ButtonClick, Name: "x", Key: "k"}}))
		}},
	"menu conditional delete": {path: "/cgi-bin/menu/delconditional", right: ok,
		call: func(ctx context.Context, p *platform) error {
			return p.official(Options{}).DeleteConditionalMenu(ctx, 7)
		}},
	"menu of a person": {path: "/cgi-bin/menu/trymatch", right: `{"button":[]}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).MenuOf(ctx, "o1")) }},
	"menu in force": {path: "/cgi-bin/get_current_selfmenu_info", right: `{"is_menu_open":1,"selfmenu_info":{"button":[]}}`,
		call: func(ctx context.Context, p *platform) error {
			_, _, err := p.official(Options{}).CurrentMenu(ctx)
			return err
		}},
	"follower list": {path: "/cgi-bin/user/get", right: `{"total":1,"count":1,"data":{"openid":["o1"]},"next_openid":"o1"}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).OpenIDs(ctx, "")) }},
	"follower batch": {path: "/cgi-bin/user/info/batchget", right: `{"user_info_list":[{"openid":"o1"}]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Followers(ctx, []string{"o1"}))
		}},
	"follower remark": {path: "/cgi-bin/user/info/updateremark", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).SetRemark(ctx, "o1", "x") }},
	"tag create": {path: "/cgi-bin/tags/create", right: `{"tag":{"id":100,"name":"x"}}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).CreateTag(ctx, "x"))
		}},
	"tag list": {path: "/cgi-bin/tags/get", right: `{"tags":[]}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).Tags(ctx)) }},
	"tag update": {path: "/cgi-bin/tags/update", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).RenameTag(ctx, 100, "x") }},
	"tag delete": {path: "/cgi-bin/tags/delete", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).DeleteTag(ctx, 100) }},
	"tag people": {path: "/cgi-bin/tags/members/batchtagging", right: ok,
		call: func(ctx context.Context, p *platform) error {
			return p.official(Options{}).TagPeople(ctx, 100, []string{"o1"})
		}},
	"untag people": {path: "/cgi-bin/tags/members/batchuntagging", right: ok,
		call: func(ctx context.Context, p *platform) error {
			return p.official(Options{}).UntagPeople(ctx, 100, []string{"o1"})
		}},
	"tags of a person": {path: "/cgi-bin/tags/getidlist", right: `{"tagid_list":[100]}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).TagsOf(ctx, "o1")) }},
	"tagged": {path: "/cgi-bin/user/tag/get", right: `{"count":0,"next_openid":""}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Tagged(ctx, 100, ""))
		}},
	"text check": {path: "/wxa/msg_sec_check",
		right: `{"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100},"trace_id":"t"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).CheckText(ctx, TextCheck{OpenID: "o1", Scene: SceneForum, Text: "x"}))
		}},
	"media check": {path: "/wxa/media_check_async", right: `{"errcode":0,"errmsg":"ok","trace_id":"t"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).CheckMedia(ctx,
				MediaCheck{OpenID: "o1", Scene: SceneForum, Kind: MediaPicture, URL: "https://pass.example.com/p.png"}))
		}},
	"url link": {path: "/wxa/generate_urllink", right: `{"errcode":0,"errmsg":"ok","url_link":"https://wxaurl.cn/x"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).URLLink(ctx, Link{Life: time.Hour}))
		}},
	"url scheme": {path: "/wxa/generatescheme", right: `{"errcode":0,"errmsg":"ok","openlink":"weixin://dl/x"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.mini(Options{}).Scheme(ctx, Link{Life: time.Hour}))
		}},
	"media upload": {path: "/cgi-bin/media/upload", right: `{"type":"image","media_id":"m1","created_at":1}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).UploadPicture(ctx, pixel))
		}},
	"material add": {path: "/cgi-bin/material/add_material", right: `{"media_id":"m1","url":"http://mmbiz.qpic.cn/x"}`,
		call: func(ctx context.Context, p *platform) error {
			_, _, err := p.official(Options{}).AddPicture(ctx, pixel)
			return err
		}},
	"material list": {path: "/cgi-bin/material/batchget_material", right: `{"total_count":0,"item_count":0,"item":[]}`,
		call: func(ctx context.Context, p *platform) error {
			_, _, err := p.official(Options{}).Materials(ctx, 0)
			return err
		}},
	"material delete": {path: "/cgi-bin/material/del_material", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).DeleteMaterial(ctx, "m1") }},
	"quota get": {path: "/cgi-bin/openapi/quota/get",
		right: `{"errcode":0,"errmsg":"ok","quota":{"daily_limit":9,"used":1,"remain":8}}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).Quota(ctx, sendPath))
		}},
	"quota clear": {path: "/cgi-bin/clear_quota", right: ok,
		call: func(ctx context.Context, p *platform) error { return p.official(Options{}).ClearQuota(ctx) }},
	"callback addresses": {path: "/cgi-bin/getcallbackip", right: `{"ip_list":["127.0.0.1"]}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.official(Options{}).CallbackIPs(ctx)) }},
	"corp token": {path: "/cgi-bin/gettoken", plain: true,
		right: `{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}`,
		call: func(ctx context.Context, p *platform) error {
			return p.corp(Options{}).Check(ctx)
		}},
	"corp agent": {path: "/cgi-bin/agent/get", right: ok,
		call: func(ctx context.Context, p *platform) error { return discard(p.corp(Options{}).Range(ctx)) }},
	"corp tag": {path: "/cgi-bin/tag/get", right: `{"errcode":0,"errmsg":"ok","tagname":"a","userlist":[],"partylist":[]}`,
		call: func(ctx context.Context, p *platform) error { return discard(p.corp(Options{}).TagMembers(ctx, 7)) }},
	"corp departments": {path: "/cgi-bin/department/list", right: `{"errcode":0,"errmsg":"ok","department":[]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).Departments(ctx))
		}},
	"corp department ids": {path: "/cgi-bin/department/simplelist", right: `{"errcode":0,"errmsg":"ok","department_id":[]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).DepartmentIDs(ctx, 0))
		}},
	"corp department ids below": {path: "/cgi-bin/department/simplelist", right: `{"errcode":0,"errmsg":"ok","department_id":[]}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).DepartmentIDs(ctx, 2))
		}},
	"corp member ids": {path: "/cgi-bin/user/list_id", right: `{"errcode":0,"errmsg":"ok","dept_user":[]}`,
		call: func(ctx context.Context, p *platform) error {
			_, _, err := p.corp(Options{}).MemberIDs(ctx, "")
			return err
		}},
	"corp member": {path: "/cgi-bin/user/get", right: `{"errcode":0,"errmsg":"ok","userid":"u1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).Member(ctx, "u1"))
		}},
	"corp identity": {path: "/cgi-bin/auth/getuserinfo", right: `{"errcode":0,"errmsg":"ok","userid":"u1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).Identity(ctx, testCode))
		}},
	"corp detail": {path: "/cgi-bin/auth/getuserdetail", right: `{"errcode":0,"errmsg":"ok","userid":"u1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).Detail(ctx, "user-ticket"))
		}},
	"corp message": {path: "/cgi-bin/message/send", right: `{"errcode":0,"errmsg":"ok","msgid":"m1"}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).Send(ctx, CorpMessage{To: []string{"u1"}, Text: "x"}))
		}},
	"corp ticket": {path: "/cgi-bin/get_jsapi_ticket", right: `{"errcode":0,"errmsg":"ok","ticket":"t","expires_in":7200}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).PageConfig(ctx, "https://pass.example.com/"))
		}},
	"corp agent ticket": {path: "/cgi-bin/ticket/get", right: `{"errcode":0,"errmsg":"ok","ticket":"t","expires_in":7200}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.corp(Options{}).AgentConfig(ctx, "https://pass.example.com/"))
		}},
	"page ticket": {path: ticketAPI, right: `{"errcode":0,"errmsg":"ok","ticket":"t","expires_in":7200}`,
		call: func(ctx context.Context, p *platform) error {
			return discard(p.official(Options{}).PageConfig(ctx, "https://pass.example.com/"))
		}},
}

func (a area) serve(w http.ResponseWriter) {
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	fmt.Fprint(w, a.right)
}

// begin returns a platform that answers the area's call rightly.
func (a area) begin(t *testing.T) *platform {
	p := newPlatform(t)
	p.on(a.path, func(w http.ResponseWriter, _ *http.Request) { a.serve(w) })
	return p
}

func underWay() (n int) {
	trips.Range(func(_, _ any) bool { n++; return true })
	return n
}

func eachArea(t *testing.T, check func(t *testing.T, a area)) {
	for name, a := range areas {
		t.Run(name, func(t *testing.T) {
			check(t, a)
			// A token is fetched for all who wait, and may outlive the caller that began it.
			for end := time.Now().Add(callTime); underWay() > 0; runtime.Gosched() {
				if time.Now().After(end) {
					t.Fatalf("%d trips are left behind", underWay())
				}
			}
		})
	}
}

// TestAreasAreCalledRightly: one request, with the account's token where it needs one and never with
// the name of a trip.
func TestAreasAreCalledRightly(t *testing.T) {
	eachArea(t, func(t *testing.T, a area) {
		p := a.begin(t)
		if err := a.call(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		got := p.requests(a.path)
		want := tokenName(testSecret, 1)
		if a.plain {
			want = map[bool]string{true: "user-token"}[a.path == "/sns/userinfo"]
		}
		if len(got) != 1 || got[0].token != want {
			t.Errorf("asked %+v, want the token %q", got, want)
		}
	})
}

// TestAreasTellErrors: an errcode is a typed error, wherever the SDK leaves it; what is not from the
// platform may be tried again.
func TestAreasTellErrors(t *testing.T) {
	eachArea(t, func(t *testing.T, a area) {
		for _, answer := range []string{`{"errcode":45009,"errmsg":"quota"}`, `{"errcode":45009,"errmsg":""}`} {
			p := newPlatform(t)
			p.says(a.path, answer)
			var e *Error
			if err := a.call(t.Context(), p); !errors.As(err, &e) || e.Code != 45009 || e.API != a.path {
				t.Errorf("%s: %v", answer, err)
			}
			p.wantAsked(a.path, 1)
		}
		for name, answer := range map[string]http.HandlerFunc{
			"502": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
				a.serve(w)
			},
			"half an answer": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"errcode":0,"openid":"o`) },
			"a cut connection": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "4096")
				a.serve(w)
			},
		} {
			p := newPlatform(t)
			p.on(a.path, answer)
			if err := a.call(t.Context(), p); !IsRetryable(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestAreasHeal: a call whose token is rejected is made exactly twice, with two tokens.
func TestAreasHeal(t *testing.T) {
	eachArea(t, func(t *testing.T, a area) {
		if a.plain {
			t.Skip("it has no token")
		}
		p := newPlatform(t)
		p.on(a.path, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("access_token") == tokenName(testSecret, 1) {
				fmt.Fprint(w, `{"errcode":40001,"errmsg":"invalid credential"}`)
				return
			}
			a.serve(w)
		})
		if err := a.call(t.Context(), p); err != nil {
			t.Error(err)
		}
		p.wantAsked(a.path, 2)
		if n := len(p.requests(tokenPath)) + len(p.requests(corpTokenPath)); n != 2 {
			t.Errorf("%d tokens", n)
		}
	})
}

// TestAreasEnd: a platform that does not answer is left when the caller's time is over.
func TestAreasEnd(t *testing.T) {
	eachArea(t, func(t *testing.T, a area) {
		p := newPlatform(t)
		asked, over := make(chan struct{}, 1), make(chan struct{})
		p.on(a.path, func(http.ResponseWriter, *http.Request) {
			asked <- struct{}{}
			<-over
		})
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- a.call(ctx, p) }()
		<-asked
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("left with %v", err)
		}
		close(over)
	})
}

// TestNoCallOutsideOfATrip: what the SDK would send of its own accord is refused.
func TestNoCallOutsideOfATrip(t *testing.T) {
	for _, query := range []string{"", "?access_token=t0ken", "?access_token=trip-GONE"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.weixin.qq.com/cgi-bin/x"+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := (carrier{}).RoundTrip(r); !errors.Is(err, errNoTrip) {
			t.Errorf("%q was sent: %v", query, response)
		}
	}
}
