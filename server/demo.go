package main

import (
	"context"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/demo"
	"tongxing/wechat/simulator"
)

// The demo's accounts with WeChat. They exist only in the simulator.
const (
	demoMini      = "wxdemo0000000mini"
	demoOfficial  = "wxdemo000official"
	demoSecret    = "demo-secret-of-the-simulator"
	demoToken     = "demotoken"
	demoAESKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	simulatorPath = "/sim"
	demoCallback  = "/callback/oa"
	miniPagePath  = "/h5/session/mini"
)

// stage is what the demo adds: the WeChat simulator with the cast in it, and the tour. It is nil
// outside the demo.
type stage struct {
	simulator *simulator.Simulator
	cast      demo.Cast
	tour      *demo.Tour
}

// stage fills the database and sets up the simulator, in the demo. A normal start refuses a
// database filled that way.
func (a *app) stage(ctx context.Context) (*stage, error) {
	if !a.demo {
		return nil, demo.Refuse(ctx, a.store)
	}
	s := &stage{simulator: simulator.New(simulator.Options{
		Prefix: simulatorPath, Zone: a.config.Location(), PersonaHosts: true,
		Seed: simulator.Seed{Apps: demoApps(a.publicURL), People: demoPeople()},
	})}
	var err error
	s.cast, err = demo.Seed(ctx, a.store, func(m demo.Member) core.WechatIdentity {
		return core.WechatIdentity{AppID: demoOfficial, OpenID: s.simulator.OpenID(m.Key, demoOfficial), UnionID: demoUnion(m.Key)}
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func demoUnion(key string) string { return "demo-union-" + key }

func demoApps(publicURL string) []simulator.App {
	return []simulator.App{
		{AppID: demoMini, Secret: demoSecret, Type: simulator.MiniProgram, Name: "通行", H5URL: miniPagePath, APIURL: publicURL + "/api/v1"},
		{
			AppID: demoOfficial, Secret: demoSecret, Type: simulator.OfficialAccount, Name: "翠湖花园物业", Token: demoToken, AESKey: demoAESKey,
			CallbackURL: publicURL + demoCallback, RedirectDomains: []string{"127.0.0.1", "localhost"},
			Menu: []simulator.Button{
				{Type: "view", Name: "通行证", URL: "/h5/pass"},
				{Type: "view", Name: "门岗", URL: "/h5/guard"},
				{Type: "view", Name: "观察员", URL: "/h5/observer"},
			},
		},
	}
}

func demoPeople() []simulator.Person {
	colors := []string{"#2f6f8f", "#a4506b", "#5b7f3a", "#6b5aa0", "#b0762c", "#6f6f6f"}
	var people []simulator.Person
	for i, m := range demo.People() {
		people = append(people, simulator.Person{
			Key: m.Key, Name: m.Name, Note: m.Role, Phone: m.Phone, Color: colors[i%len(colors)],
			UnionID: demoUnion(m.Key), Follows: []string{demoOfficial},
		})
	}
	return people
}

// mount puts the simulator and the tour in front of the product.
func (s *stage) mount(a *app) (front string, err error) {
	s.tour, err = demo.NewTour(demo.TourOptions{
		Store: a.store, Pages: a.pages, Cast: s.cast, PublicURL: a.publicURL, PhoneURL: s.simulator.PhoneURL,
	})
	if err != nil {
		return "", err
	}
	a.web.Register(s.tour.Routes()...)
	product := a.handler
	a.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == simulatorPath || strings.HasPrefix(r.URL.Path, simulatorPath+"/") {
			s.simulator.ServeHTTP(w, r)
			return
		}
		product.ServeHTTP(w, r)
	})
	return "/demo", nil
}
