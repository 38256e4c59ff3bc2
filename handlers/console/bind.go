package console

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

// binding is somebody whom the scan of a QR ties to their WeChat.
type binding struct {
	kind   string // core.BindGuard, core.BindObserver
	target core.ID
	name   string
	menu   string // what they open in the official account afterwards
	stem   string // of the console's menu
	url    string // of their page; the QR's is below it
	crumbs []templates.Crumb
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

// bindQR draws a new QR for ten minutes. Earlier ones of the same person die.
func (h *Console) bindQR(c *web.Context, b binding) error {
	if h.QR == nil {
		return core.Conflict("还没有配置公众号，请联系系统管理员")
	}
	scene, expires, err := h.Store.NewBindTicket(c.Ctx(), c.Actor(), c.Scope(), b.kind, b.target)
	if err != nil {
		return err
	}
	text, err := h.QR.TemporaryQR(c.Ctx(), scene, store.BindTicketLife)
	if err != nil {
		return err
	}
	picture, err := gate.QRSVG(text)
	if err != nil {
		return err
	}
	page := bindPage{Shell: h.shell(c, b.stem, "微信登录："+b.name), Menu: b.menu, Back: b.url}
	page.Crumbs = append(b.crumbs, templates.Crumb{Label: b.name, URL: b.url})
	page.Image = templates.SVG(picture)
	page.State = bindStateOf(c, b, core.BindWaiting, expires)
	if h.Demo {
		page.Text = text
	}
	return h.page(c, http.StatusOK, "console/bind/show", page)
}

// bindWatch answers the page that shows a QR: how long it is still good, and, once
// it was scanned, where to go.
func (h *Console) bindWatch(c *web.Context, b binding) error {
	state, expires, err := h.Store.BindState(c.Ctx(), b.kind, b.target)
	if err != nil {
		return err
	}
	if state == core.BindDone && c.IsPartial() {
		c.Flash(web.FlashSuccess, b.name+"已绑定微信，可以在公众号里打开“"+b.menu+"”。")
	}
	if state == core.BindDone || !c.IsPartial() {
		return c.Redirect(b.url)
	}
	part := bindStateOf(c, b, state, expires)
	return c.HTML(http.StatusOK, func(w io.Writer) error { return h.Renderer.RenderBlock(w, "console/bind/show", "bind-state", part) })
}

func bindStateOf(c *web.Context, b binding, state core.BindState, expires time.Time) bindState {
	if state != core.BindWaiting {
		return bindState{Words: "二维码已失效，请换一个。", Tone: templates.Warn, Again: b.url + "/qr", CSRF: c.CSRF()}
	}
	left := max(0, int(expires.Sub(c.Now()).Seconds()))
	return bindState{URL: b.url + "/qr", Words: fmt.Sprintf("等待扫码，剩余 %d 分 %02d 秒", left/60, left%60), Tone: templates.Info}
}

// boundField is the filter of who has bound their WeChat.
func boundField() templates.Field {
	return templates.Field{Kind: templates.Select, Name: "bound", Label: "微信", Choices: []templates.Choice{{Label: "全部"}, {Value: "no", Label: "未绑定"}, {Value: "yes", Label: "已绑定"}}}
}

// boundIs reports that a person whose WeChat user this is passes the filter.
func boundIs(filter string, user core.ID) bool {
	return filter == "" || (filter == "yes") == (user != 0)
}

// boundBadge says whether somebody's WeChat is known.
func boundBadge(user core.ID) templates.Badge {
	if user == 0 {
		return templates.Badge{Tone: templates.Warn, Text: "未绑定"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已绑定"}
}
