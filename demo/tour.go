package demo

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

//go:embed pages
var files embed.FS

// TourOptions configure a Tour.
type TourOptions struct {
	Store     *store.Store
	Pages     *templates.Renderer
	Cast      Cast
	PublicURL string                            // of the product, which the doors call
	PhoneURL  func(host, persona string) string // the URL of a persona's phone for a browser that came to host
}

// Tour is the page that a newcomer opens first, and the doors of the demonstration: readers that
// use the real protocols at the real endpoints.
type Tour struct {
	o     TourOptions
	pages *template.Template
	doors *http.Client

	mu      sync.Mutex
	secrets map[core.ID]string // of the doors, read once, since reading one is audited
}

// NewTour returns the tour.
func NewTour(o TourOptions) (*Tour, error) {
	t := &Tour{o: o, doors: &http.Client{}, secrets: map[core.ID]string{}}
	var err error
	t.pages, err = template.New("").Funcs(template.FuncMap{"address": t.address}).ParseFS(files, "pages/*.html")
	return t, err
}

// Routes returns the tour's pages.
func (t *Tour) Routes() []web.Route {
	return append(t.componentRoutes(), []web.Route{
		{Method: http.MethodGet, Path: "/demo", Access: web.DemoOnly, Handler: t.front},
		{Method: http.MethodGet, Path: "/demo/import.xlsx", Access: web.DemoOnly, Handler: t.importBook},
		{Method: http.MethodGet, Path: "/demo/members.xlsx", Access: web.DemoOnly, Handler: t.memberBook},
		{Method: http.MethodGet, Path: "/demo/assets/:name", Access: web.DemoOnly, Handler: t.asset},
		{Method: http.MethodPost, Path: "/demo/admin", Access: web.DemoOnly, Handler: t.admin},
		{Method: http.MethodGet, Path: "/demo/stand/:persona", Access: web.DemoOnly, Handler: t.stand},
		{Method: http.MethodGet, Path: "/demo/guest", Access: web.DemoOnly, Handler: t.guest},
		{Method: http.MethodPost, Path: "/demo/door/:id", Access: web.DemoOnly, Handler: t.hold, Body: maxPicture},
	}...)
}

// address returns the URL of a path on a persona's own host, beside the persona's phone.
func (t *Tour) address(host, persona, path string) template.URL {
	phone := t.o.PhoneURL(host, persona)
	if i := strings.Index(phone, "/sim/"); i > 0 {
		return template.URL(phone[:i] + path) //nolint:gosec // built from our own host and path
	}
	return template.URL(path) //nolint:gosec // our own path
}

type frontPage struct {
	Cast
	Host          string
	AdminLogin    string
	AdminPassword string
	CorpApp       string // of the company on WeWork, as the simulator calls it
	Done          Done
}

func (t *Tour) front(c *web.Context) error {
	done, err := WhatIsDone(c.Ctx(), t.o.Store, t.o.Cast)
	if err != nil {
		return err
	}
	return t.show(c, "tour.html", frontPage{
		Cast: t.o.Cast, Host: c.Request().Host, AdminLogin: AdminLogin, AdminPassword: AdminPassword, Done: done,
		CorpApp: fmt.Sprintf("%s%%2F%d", CorpID, CorpAgent),
	})
}

func (t *Tour) show(c *web.Context, name string, page any) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.pages.ExecuteTemplate(w, name, page) })
}

// types are the files that the tour's pages load, with their content types.
var types = map[string]string{
	"tour.css": "text/css; charset=utf-8", "stand.js": "text/javascript; charset=utf-8",
	"tour.js": "text/javascript; charset=utf-8", "guest.js": "text/javascript; charset=utf-8",
}

func (t *Tour) asset(c *web.Context) error {
	name := c.Param("name")
	kind, known := types[name]
	content, err := files.ReadFile("pages/" + name)
	if !known || err != nil {
		return core.NotFound("页面不存在")
	}
	return c.Bytes(http.StatusOK, kind, content)
}

// admin signs the visitor in as the administrator, without a captcha, which would serve no purpose
// here.
func (t *Tour) admin(c *web.Context) error {
	account, err := t.o.Store.Account(c.Ctx(), core.Everywhere, t.o.Cast.Admin)
	if err != nil {
		return err
	}
	// With the password, as at the sign-in page, so that it is in the history; directly if the
	// visitor has turned on a second step.
	done, err := t.o.Store.SignIn(c.Ctx(), store.SignIn{Login: account.Login, Password: AdminPassword, Visit: store.Visit{
		Addr: c.Addr(), Network: c.Network(), Agent: c.Request().UserAgent(), Request: c.RequestID(), Life: c.ConsoleLife(),
	}})
	if err != nil || done.Pending != "" {
		done.Token, done.Session, err = t.o.Store.StartSession(c.Ctx(), store.NewSession{
			Kind: core.SessionAccount, Subject: account.ID, Addr: c.Addr(), Agent: c.Request().UserAgent(), Life: c.ConsoleLife(),
		})
	}
	if err != nil {
		return err
	}
	c.SetSessionCookie(web.SurfaceConsole, done.Token, done.Session)
	next := c.Request().URL.Query().Get("next")
	return c.Redirect(web.LocalPath(next, "/console"))
}

type standPage struct {
	Cast
	Member Member
	Phone  string
	Home   template.URL
	Doors  []Door
}

// stand shows a person at the doors with a phone in hand.
func (t *Tour) stand(c *web.Context) error {
	for _, m := range People() {
		if m.Key == c.Param("persona") {
			return t.show(c, "stand.html", t.at(m, "/sim/phone/"+m.Key+"?tab=mini", t.o.Cast.Doors))
		}
	}
	return core.NotFound("没有这个人")
}

// guest shows a resident who invites a friend, the friend's phone, and the doors.
func (t *Tour) guest(c *web.Context) error {
	host := t.o.Cast.Householder
	if host.Key == "" { // the database is of an earlier version
		return core.NotFound("没有这个人")
	}
	doors := slices.Clone(t.o.Cast.Doors)
	slices.Reverse(doors) // the friend comes in first
	return t.show(c, "guest.html", t.at(host, "/h5/visitorpass/new", doors))
}

func (t *Tour) at(m Member, phone string, doors []Door) standPage {
	return standPage{
		Cast: t.o.Cast, Member: m, Phone: phone, Doors: doors,
		Home: template.URL(t.o.PublicURL + "/demo"), //nolint:gosec // our own URL
	}
}
