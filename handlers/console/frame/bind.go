package frame

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// QRMaker makes parametric QR codes of the official account: whoever scans one
// reaches the callback with its scene. text is what the code holds.
type QRMaker interface {
	TemporaryQR(ctx context.Context, scene string, life time.Duration) (text string, err error)
}

// Binding is somebody whom the scan of a QR ties to their WeChat.
type Binding struct {
	Kind   string // core.BindGuard, core.BindObserver
	Target core.ID
	Name   string
	Menu   string // what they open in the official account afterwards
	Stem   string // of the console's menu
	URL    string // of their page; the QR's is below it
	Crumbs []templates.Crumb
}

type bindPage struct {
	templates.Shell
	Image template.URL
	Text  string // what the code holds; in the demo, for phones that cannot look at a screen
	Menu  string
	Back  string
	State bindState
}

// bindState is the part that the page asks for again and again.
type bindState struct {
	URL   string // "" = no more
	Words string
	Tone  templates.Tone
	Again string // where to post for a new code; "" = this one is still good
	CSRF  string
}

// BindQR draws a new QR for ten minutes. Earlier ones of the same person die.
func (f *Frame) BindQR(c *web.Context, b Binding) error {
	if f.QR == nil {
		return core.Conflict("还没有配置公众号，请联系系统管理员")
	}
	scene, expires, err := f.Store.NewBindTicket(c.Ctx(), c.Actor(), c.Scope(), b.Kind, b.Target)
	if err != nil {
		return err
	}
	text, err := f.QR.TemporaryQR(c.Ctx(), scene, store.BindTicketLife)
	if err != nil {
		return err
	}
	picture, err := gate.QRSVG(text)
	if err != nil {
		return err
	}
	page := bindPage{Shell: f.Shell(c, b.Stem, "微信登录："+b.Name), Menu: b.Menu, Back: b.URL}
	page.Crumbs = append(b.Crumbs, templates.Crumb{Label: b.Name, URL: b.URL})
	page.Image = templates.SVG(picture)
	page.State = bindStateOf(c, b, core.BindWaiting, expires)
	if f.Demo {
		page.Text = text
	}
	return f.Page(c, http.StatusOK, "console/bind/show", page)
}

// BindWatch answers the page that shows a QR: how long it is still good, and, once
// it was scanned, where to go.
func (f *Frame) BindWatch(c *web.Context, b Binding) error {
	state, expires, err := f.Store.BindState(c.Ctx(), b.Kind, b.Target)
	if err != nil {
		return err
	}
	if state == core.BindDone && c.IsPartial() {
		c.Flash(web.FlashSuccess, b.Name+"已绑定微信，可以在公众号里打开“"+b.Menu+"”。")
	}
	if state == core.BindDone || !c.IsPartial() {
		return c.Redirect(b.URL)
	}
	part := bindStateOf(c, b, state, expires)
	return c.HTML(http.StatusOK, func(w io.Writer) error { return f.Renderer.RenderBlock(w, "console/bind/show", "bind-state", part) })
}

func bindStateOf(c *web.Context, b Binding, state core.BindState, expires time.Time) bindState {
	if state != core.BindWaiting {
		return bindState{Words: "二维码已失效，请换一个。", Tone: templates.Warn, Again: b.URL + "/qr", CSRF: c.CSRF()}
	}
	left := max(0, int(expires.Sub(c.Now()).Seconds()))
	return bindState{URL: b.URL + "/qr", Words: fmt.Sprintf("等待扫码，剩余 %d 分 %02d 秒", left/60, left%60), Tone: templates.Info}
}
