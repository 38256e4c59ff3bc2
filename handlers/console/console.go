// Package console is the web console of property admins: server-rendered pages under /console. The
// pages are in one package per area, named as the menu groups them; this one has what spans areas:
// all routes, the menu and the home page.
package console

import (
	"context"
	"io"
	"slices"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/access"
	"tongxing/handlers/console/account"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/console/registry"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
)

// Wechat is what the console needs of WeChat.
type Wechat = frame.Wechat

// System is what only the program that serves the console knows about itself.
type System = account.System

// Broker is where devices at doors hold connections, as it is typed into them.
type Broker = frame.Broker

// Options configure the console. Store, Renderer and Cache are required.
type Options struct {
	Store    *store.Store
	Renderer *templates.Renderer
	Cache    web.Cache  // for used captchas
	Gate     *gate.Gate // which orders doors to open; nil = none can be ordered
	Wechat   Wechat     // nil = none: nobody can be bound by a QR code

	PublicURL       string          // for URLs that are typed into devices; without a trailing "/"
	Broker          Broker          // to which devices at doors hold connections; zero = it is off
	SignInRule      core.SignInRule // zero = 5 failures, 15 minutes
	SignInPerMinute int             // sign-in attempts per address; 0 = 20
	Demo            bool
	Channels        []core.MessageChannel // by which messages leave this deployment
	// Sending returns by what they leave it now; nil = by nothing.
	Sending func(context.Context) core.MessageSetup
	System  System // shown on the about page
	// Templates are the configuration file's templates of its official account.
	Templates map[core.MessageKind]core.MessageTemplate
	// Subscribe are those of its mini-program.
	Subscribe map[core.MessageKind]core.MessageTemplate
}

// Console serves the console's pages.
type Console struct {
	frame  *frame.Frame
	routes []web.Route
}

// New returns the console with the pages of all areas.
func New(o Options) *Console {
	f := &frame.Frame{
		Store: o.Store, Renderer: o.Renderer, Wechat: o.Wechat, PublicURL: o.PublicURL, Broker: o.Broker, Demo: o.Demo,
	}
	return &Console{frame: f, routes: routesOf(f, o)}
}

// routesOf returns the routes of all areas, and tells the search box what they find.
func routesOf(f *frame.Frame, o Options) []web.Route {
	accounts := &account.Pages{
		Frame: f, Captchas: web.NewCaptchas(f.Store, o.Cache),
		SignInRule: o.SignInRule, SignInPerMinute: o.SignInPerMinute, System: o.System,
		ConfiguredTemplates: o.Templates, ConfiguredSubscribe: o.Subscribe,
	}
	register, gates := &registry.Pages{Frame: f, Channels: o.Channels}, &access.Pages{Frame: f, Gate: o.Gate, Sending: o.Sending}
	home := &pages{Frame: f}
	f.Onward, f.HomePulse = home.onward, home.homePulse
	routes := slices.Concat(
		home.homeRoutes(), home.guideRoutes(), home.reviewRoutes(), f.NoticeRoutes(), accounts.Routes(), register.Routes(), gates.Routes(),
	)
	f.SetCounters(slices.Concat(register.Counters(), gates.Counters()))
	f.SetCards(slices.Concat(gates.Cards(), register.Cards(), accounts.Cards()))
	return f.SetFind(routes, slices.Concat(register.Finders(), gates.Finders(), accounts.Finders()))
}

// Menu returns the console's whole menu with the entry of stem active marked, for the demo.
func Menu(active string) []templates.NavGroup {
	return frame.Menu(active, func(core.Permission) bool { return true })
}

// Routes returns the console's route table.
func (c *Console) Routes() []web.Route { return c.routes }

// ErrorPage renders the console's error page; web.Options.ErrorPage calls it for URLs under
// /console.
func (c *Console) ErrorPage(ctx *web.Context, p web.ErrorPage) error {
	return c.frame.ErrorPage(ctx, p)
}

// pages are those that belong to no area.
type pages struct {
	*frame.Frame
}

// OpenImport opens a file to be imported, for the server's jobs.
func OpenImport(ctx context.Context, content []byte) (store.ImportSource, error) {
	return registry.OpenImport(ctx, content)
}

// WriteExport returns what writes the files that the server's jobs make.
func WriteExport(s *store.Store) store.ExportWriter {
	return func(ctx context.Context, e store.Export, to io.Writer, step func(rows int) error) (rows int, err error) {
		of := registry.ExportSheets[e.Kind]
		if of == nil {
			of = access.ExportSheets[e.Kind]
		}
		if of == nil {
			return 0, core.Invalid("没有这样的导出")
		}
		export, err := of(ctx, s, e)
		if err != nil {
			return 0, err
		}
		head := sheet.Head{Name: export.Name, Columns: export.Columns, Busy: s.DoorsBusy}
		err = sheet.Write(ctx, to, head, func(add func(values ...any) error) error {
			return export.Rows(ctx, func(values ...any) error {
				if rows++; rows%exportStep == 1 {
					if err := step(rows); err != nil {
						return err
					}
				}
				return add(values...)
			})
		})
		return rows, err
	}
}

// exportStep is after how many rows a job says how far it is.
const exportStep = 200
