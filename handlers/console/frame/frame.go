// Package frame is the frame of the console's pages: shell and menu, forms, lists, acts, saved
// views and the choice of a community. The areas (access, registry, account) embed it. It knows
// features only by their URLs, in paths.go.
package frame

import (
	"io"
	"net/http"
	"strings"
	"time"

	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// Broker is where devices at doors hold connections, as it is typed into them; zero = it is off.
type Broker struct {
	On         bool
	Host, Port string // "" = not configured
	TLS        bool
}

// Frame renders the console's pages.
type Frame struct {
	Store     *store.Store
	Renderer  *templates.Renderer
	Wechat    Wechat // nil = none
	PublicURL string // for URLs that are typed into devices; without a trailing "/"
	Broker    Broker
	Demo      bool

	ExportAtOnce int // rows that are exported while somebody waits; 0 = core.ExportAtOnce

	FindTime  time.Duration                                // of each finder while one types; 0 = 130 ms
	Suggested []func(c *web.Context) templates.SearchGroup // shown in the empty search box after what was opened last

	// Onward returns what follows an act upon a feature in the set-up 开始使用; zero = nothing.
	Onward func(c *web.Context, stem string) templates.Action

	// HomePulse answers Pulse for an open home page, whose cards stay current too; nil = it has none.
	HomePulse func(c *web.Context) error

	finders  []Finder
	entries  []entry
	routes   []web.Route
	counters []Counter
	cards    []Card
	counts   counts
}

// Shell returns the shell of a page. stem is its menu entry, "" for none. It takes the flash, so
// call it once per page.
func (f *Frame) Shell(c *web.Context, stem, title string) templates.Shell {
	shell := templates.Shell{Title: title, CSRF: c.CSRF(), Demo: f.Demo, Posted: c.Request().Method == http.MethodPost}
	flash, ok := c.TakeFlash()
	if ok {
		shell.Flash = []templates.Flash{{
			Tone: tone(flash.Kind), Text: flash.Message, Link: flash.Link, CSRF: shell.CSRF,
			Undo: flash.Undo, Ask: strings.HasPrefix(flash.Undo, BatchPath+"/"),
		}}
	}
	if account := c.Account(); account.ID != 0 && !account.MustChange {
		shell.Nav, shell.Star, shell.Quick = f.menu(c, stem), f.star(c), f.Quick(c)
		f.countShell(c, &shell)
		if flash.Missed != "" {
			shell.Flash[0].Next = templates.Action{Label: "查看未触达", URL: flash.Missed}
		}
		if len(shell.Flash) > 0 && flash.Kind == web.FlashSuccess && f.Onward != nil {
			shell.Flash[0].Next = f.Onward(c, stem)
		}
		shell.Account = templates.Account{
			Name: account.Name, Role: account.Role.Name(), URL: MePath, Views: SavedViewPath, SignOut: web.SignOutPath,
		}
		shell.Scope, shell.Filter, shell.Find = f.scopeSwitch(c, stem), FilterPath, SearchPath
		shell.Views, shell.Bell = f.savedViews(c), f.bell(c)
	}
	return shell
}

// menu returns the menu of an account, its starred pages on top; stem is the current entry.
func (f *Frame) menu(c *web.Context, stem string) []templates.NavGroup {
	groups := Menu(stem, c.Has)
	if items := f.starred(c); len(items) > 0 {
		starred := templates.NavGroup{Name: "starred", Label: "常用", Items: items, Fixed: true}
		groups = append([]templates.NavGroup{starred}, groups...)
	}
	return groups
}

// countShell sets the numbers of the menu. Without them, as when the database does not answer in time,
// the page is as good.
func (f *Frame) countShell(c *web.Context, shell *templates.Shell) {
	waiting, err := f.Waiting(c, shell.Posted || len(shell.Flash) > 0)
	if err != nil {
		c.Shortfall("counts of the menu", err)
		return
	}
	countMenu(shell.Nav, waiting)
	for _, w := range waiting {
		shell.Waiting += w.N
	}
}

// scopeName returns the community of an account that has exactly one; otherwise "".
func (f *Frame) scopeName(c *web.Context) string {
	scope := c.Scope()
	id, one := scope.One()
	if !one {
		return ""
	}
	community, err := f.Store.Community(c.Ctx(), scope, id)
	if err != nil {
		return "" // decorative: the page itself reports the error
	}
	return community.Name
}

func tone(kind web.FlashKind) templates.Tone {
	switch kind {
	case web.FlashSuccess, web.FlashDone:
		return templates.Good
	case web.FlashWarning:
		return templates.Warn
	}
	return templates.Bad
}

// Page renders a page: "console/reader/list" and its struct.
func (f *Frame) Page(c *web.Context, status int, name string, page any) error {
	return c.HTML(status, func(w io.Writer) error { return f.Renderer.Render(w, name, page) })
}
