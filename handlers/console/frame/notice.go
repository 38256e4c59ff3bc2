package frame

import (
	"cmp"
	"io"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// NoticePath is where notices are marked as read, and the bell is fetched again.
const NoticePath = HomePath + "/notice"

// bell returns the account's newest notices. Without them, as when the database does not answer in time, the
// page is as good.
func (f *Frame) bell(c *web.Context) templates.Bell {
	bell := templates.Bell{URL: NoticePath, CSRF: c.CSRF()}
	list, unread, err := f.Store.Notices(c.Ctx(), c.Account().ID)
	if err != nil {
		c.Shortfall("notices", err)
	}
	bell.Unread = unread
	var of CommunityChoice
	if _, one := c.Scope().One(); !one {
		if of.All, err = f.Communities(c); err != nil {
			c.Shortfall("communities of the notices", err)
		}
	}
	for i, n := range list {
		if i == 0 {
			bell.Last = n.ID.String()
		}
		feature, _ := core.FeatureOf(n.Stem)
		bell.Items = append(bell.Items, templates.BellItem{
			Title: n.Title, Community: of.NameOf(n.Community), URL: HomePath + "/" + n.Link, Icon: cmp.Or(feature.Menu.Icon, "bell"),
			At: n.Created, New: n.Read.IsZero(),
		})
	}
	return bell
}

// NoticesRead marks the notices that the bell showed as read, and returns to the page.
func (f *Frame) NoticesRead(c *web.Context) error {
	var form struct {
		Last core.ID `form:"last" required:"请重新打开页面"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := f.Store.ReadNotices(c.Ctx(), c.Account().ID, form.Last); err != nil {
		return err
	}
	return c.Redirect(cmp.Or(c.CameFrom(), HomePath))
}

// Pulse returns the bell and the numbers of the menu for a page that is open. A browser that opens the
// address by itself is led to the home page.
func (f *Frame) Pulse(c *web.Context) error {
	if !c.IsPartial() || c.Account().MustChange {
		return c.Redirect(HomePath)
	}
	if c.Query("home") != "" && f.HomePulse != nil {
		return f.HomePulse(c)
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return f.Renderer.RenderBlock(w, "console/search/show", "pulse", f.PulseShell(c))
	})
}

// PulseShell returns the parts of the frame that stay current while a page is open.
func (f *Frame) PulseShell(c *web.Context) templates.Shell {
	shell := templates.Shell{Nav: f.menu(c, ""), Bell: f.bell(c)}
	f.countShell(c, &shell)
	return shell
}

// NoticeRoutes returns the routes of the bell.
func (f *Frame) NoticeRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: NoticePath, Access: web.SignedIn, Handler: f.Pulse, ByItself: true},
		{Method: http.MethodPost, Path: NoticePath, Access: web.SignedIn, Handler: f.NoticesRead},
	}
}
