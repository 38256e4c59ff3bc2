package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"tongxing/configs"
	"tongxing/core"
	"tongxing/demo"
	"tongxing/handlers/callback"
	"tongxing/sms"
	"tongxing/templates"
	"tongxing/wechat/simulator"
)

// forDemo replaces the settings of what the demo simulates: it calls nobody and sends nothing. Those that were set are named in the
// log, so that nobody waits for a text message.
func forDemo(c configs.Config, log *slog.Logger) configs.Config {
	for name, set := range map[string]bool{
		"mini_program": c.MiniProgram.AppID != "", "official_account": c.OfficialAccount.AppID != "", "sms": c.SMS.Provider != "",
	} {
		if set {
			log.Warn("the demo does not use these settings: it simulates what they are for", "settings", name)
		}
	}
	c.MiniProgram, c.OfficialAccount = demoAccounts()
	c.SMS = configs.SMS{Provider: string(sms.Log), Templates: []string{
		"binding=SMS_123456789:what=title;when=time", "review=SMS_123456790:what=title;how_many=count;where=community",
		"visit_review=SMS_123456791:what=title;how_many=count;where=community",
		"exit_review=SMS_123456793:what=title;how_many=count;where=community",
	}, CodeTemplate: "SMS_123456792:code"}
	return c
}

// demoAccounts returns what the configuration file has elsewhere.
func demoAccounts() (configs.MiniProgram, configs.OfficialAccount) {
	mini := configs.MiniProgram{
		AppID: demoMini, Secret: configs.NewSecret(demoSecret), Token: configs.NewSecret(demoToken),
		AESKey: configs.NewSecret(demoAESKey), Templates: []string{
			string(core.MessageCertification) + "=" + demoSubscribe + ":phrase1=kind;thing2=title;time3=time",
		},
	}
	official := configs.OfficialAccount{
		AppID: demoOfficial, Secret: configs.NewSecret(demoSecret), Token: configs.NewSecret(demoToken),
		AESKey: configs.NewSecret(demoAESKey), Templates: demoTemplates,
	}
	return mini, official
}

// The demo's accounts with WeChat. They exist only in the simulator.
const (
	demoMini      = "wxdemo0000000mini"
	demoOfficial  = "wxdemo000official"
	spareOfficial = "wx000000000000a001"
	spareSecret   = "0123456789abcdef0123456789abcdef"
	spareCorp     = "ww0000000000de3002"
	spareAgent    = 1000007
	demoSecret    = "demo-secret-of-the-simulator"
	demoToken     = "demotoken"
	demoAESKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	simulatorPath = "/sim"
	demoCallback  = "/callback/oa"
	miniPagePath  = "/h5/session/mini"
)

// demoTemplate is the template of every message of the demo.
const demoTemplate = "demo-template-of-a-notice"

// demoSubscribe is the mini-program's, of what came of an application.
const demoSubscribe = "demo-template-of-an-outcome"

// demoTemplates name it for each kind.
var demoTemplates = func() (all []string) {
	for _, kind := range core.MessageKinds() {
		all = append(all, string(kind)+"="+demoTemplate+":thing1=title;thing2=kind;time3=time;thing4=community")
	}
	return all
}()

// simulatorFront is the way from the banner to the simulator's phones, where there is no tour.
var simulatorFront = templates.Action{Label: "打开模拟手机", URL: simulatorPath + "/"}

// stage is what the demo adds: the WeChat simulator with the cast in it, and the tour. It is nil
// outside the demo.
type stage struct {
	simulator *simulator.Simulator
	cast      demo.Cast
	tour      *demo.Tour // nil in an empty demo
}

// stage sets up the simulator and fills the database, in the demo; an empty demo only marks it. A
// normal start refuses such a database.
func (a *app) stage(ctx context.Context) (*stage, error) {
	if !a.mode.demo {
		return nil, demo.Refuse(ctx, a.store)
	}
	s := &stage{simulator: simulator.New(simulator.Options{
		Prefix: simulatorPath, Zone: a.config.Location(), PersonaHosts: true,
		Seed: simulator.Seed{Apps: demoApps(a.publicURL), People: demoPeople()},
	})}
	if a.mode.empty {
		s.simulator.AddCorp(demoCorp(a.publicURL, 0)) // to be bound by hand
		s.simulator.AddCorp(anotherCorp())
		return s, demo.Begin(ctx, a.store)
	}
	var err error
	s.cast, err = demo.Seed(ctx, a.store, func(m demo.Member) core.WechatIdentity {
		return core.WechatIdentity{AppID: demoOfficial, OpenID: s.simulator.OpenID(m.Key, demoOfficial), UnionID: demoUnion(m.Key)}
	}, core.WechatKeys{Token: demoToken, AESKey: demoAESKey})
	if err != nil {
		return nil, err
	}
	apps, err := a.store.WechatApps(ctx, core.Everywhere)
	if err != nil {
		return nil, err
	}
	bound := core.ID(0)
	for _, app := range apps {
		if app.AppID == demo.CorpID {
			bound = app.ID
		}
	}
	s.simulator.AddCorp(demoCorp(a.publicURL, bound))
	s.simulator.AddCorp(anotherCorp())
	return s, nil
}

// demoCorp returns the company on WeWork; bound is its account here, 0 = none.
func demoCorp(publicURL string, bound core.ID) simulator.Corp {
	c := simulator.Corp{
		CorpID: demo.CorpID, Name: demo.CorpName, Sync: simulator.Agent{Secret: demo.CorpContact},
		Agents: []simulator.Agent{{
			ID: demo.CorpAgent, Name: demo.CorpName, Secret: demo.CorpSecret, RedirectDomains: []string{"127.0.0.1", "localhost"},
			Menu: []simulator.Button{{Type: "view", Name: "工作台", URL: publicURL + core.StaffPages}},
		}},
	}
	if bound != 0 {
		for _, agent := range []*simulator.Agent{&c.Sync, &c.Agents[0]} {
			agent.Token, agent.AESKey = demoToken, demoAESKey
			agent.CallbackURL = publicURL + "/callback/wework/" + bound.String()
		}
	}
	for _, d := range demo.CorpDepartments() {
		c.Departments = append(c.Departments, simulator.CorpDepartment{ID: d.Number, Parent: d.Parent, Name: d.Name})
	}
	for _, m := range demo.CorpMembers() {
		c.Members = append(c.Members, simulator.CorpMember{
			UserID: m.UserID, Name: m.Name, Position: m.Position, Departments: m.Departments, Mobile: m.Phone, Person: m.Persona,
		})
	}
	return c
}

// anotherCorp returns a company that is not connected yet, to try 微信接入 with. It sees a department, and one member
// beside it.
func anotherCorp() simulator.Corp {
	return simulator.Corp{
		CorpID: spareCorp, Name: "滨河苑物业", Sync: simulator.Agent{Secret: spareSecret + "-contact"},
		Agents: []simulator.Agent{{
			ID: spareAgent, Name: "滨河苑物业", Secret: spareSecret, Visible: []int{2}, VisibleMembers: []string{"GaoYuan"},
			RedirectDomains: []string{"127.0.0.1", "localhost"},
		}},
		Departments: []simulator.CorpDepartment{
			{ID: 1, Name: "滨河苑物业"}, {ID: 2, Parent: 1, Name: "客户服务部"}, {ID: 3, Parent: 1, Name: "财务部"},
		},
		Members: []simulator.CorpMember{
			{UserID: "DingXiaoHong", Name: "丁小红", Position: "客服", Departments: []int{2}},
			{UserID: "GaoYuan", Name: "高远", Position: "项目经理", Departments: []int{1}},
			{UserID: "LuMin", Name: "陆敏", Position: "会计", Departments: []int{3}},
		},
	}
}

func demoUnion(key string) string { return "demo-union-" + key }

func demoApps(publicURL string) []simulator.App {
	return []simulator.App{
		{AppID: demoMini, Secret: demoSecret, Type: simulator.MiniProgram, Name: "通行", H5URL: miniPagePath,
			APIURL: publicURL + "/api/v1",
			Token:  demoToken, AESKey: demoAESKey, CallbackURL: publicURL + callback.MiniPath, JSON: true,
			Templates: []simulator.Template{{
				ID: demoSubscribe, Title: "审核结果通知", Content: "申请类型：{{phrase1.DATA}}\n审核结果：{{thing2.DATA}}\n时间：{{time3.DATA}}",
			}}},
		{
			AppID: demoOfficial, Secret: demoSecret, Type: simulator.OfficialAccount, Name: "翠湖花园物业", Token: demoToken, AESKey: demoAESKey,
			CallbackURL: publicURL + demoCallback, RedirectDomains: []string{"127.0.0.1", "localhost"},
			Menu: []simulator.Button{
				{Type: "view", Name: "通行证", URL: publicURL + "/h5/pass"},
				{Type: "view", Name: "门岗", URL: publicURL + "/h5/guard"},
				{Type: "view", Name: "观察员", URL: publicURL + "/h5/observer"},
			},
			Templates: []simulator.Template{{
				ID: demoTemplate, Title: "物业提醒", Content: "事项：{{thing1.DATA}}\n类型：{{thing2.DATA}}\n时间：{{time3.DATA}}\n小区：{{thing4.DATA}}",
			}},
		},
		// Not connected yet, to try 微信接入 with.
		{
			AppID: spareOfficial, Secret: spareSecret, Type: simulator.OfficialAccount, Name: "滨河苑物业",
			RedirectDomains: []string{"127.0.0.1", "localhost"},
		},
	}
}

func demoPeople() []simulator.Person {
	colors := []string{"#2f6f8f", "#a4506b", "#5b7f3a", "#6b5aa0", "#b0762c", "#6f6f6f"}
	var people []simulator.Person
	for i, m := range demo.People() {
		people = append(people, simulator.Person{
			Key: m.Key, Name: m.Name, Note: m.Role, Phone: m.Phone, Color: colors[i%len(colors)],
			UnionID: demoUnion(m.Key), Follows: []string{demoOfficial}, Standing: simulator.Standing{Hours: 480 + 263*i},
		})
	}
	for _, f := range demo.Fans() {
		people = append(people, simulator.Person{
			Key: f.Key, Name: f.Name, Note: f.Role, UnionID: demoUnion(f.Key), Follows: []string{demoOfficial}, Distant: true,
			Standing: simulator.Standing{Hours: f.Hours, Scene: f.Scene, Remark: f.Remark, Tags: f.Tags},
		})
	}
	return people
}

// openTour adds the tour's pages.
func (s *stage) openTour(a *app) (err error) {
	s.tour, err = demo.NewTour(demo.TourOptions{
		Store: a.store, Pages: a.pages, Cast: s.cast, PublicURL: a.publicURL, PhoneURL: s.simulator.PhoneURL,
	})
	if err == nil {
		a.web.Register(s.tour.Routes()...)
	}
	return err
}

// mount puts the simulator in front of the product.
func (s *stage) mount(a *app) {
	product := a.handler
	a.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == simulatorPath || strings.HasPrefix(r.URL.Path, simulatorPath+"/") {
			s.simulator.ServeHTTP(w, r)
			return
		}
		product.ServeHTTP(w, r)
	})
}
