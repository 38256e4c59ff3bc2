package h5

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const noticePath = core.NoticePages

// noticesShown is how many notices a page of the phone has.
const noticesShown = 30

func (h *H5) noticeRoutes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: noticePath, Access: web.AccountOnPhone, Handler: h.noticeList}}
}

// noticeListPage is 我的提醒 of an account: what its bell in the console shows, and all before that.
type noticeListPage struct {
	templates.Phone
	Rows  []noticeLine
	Pager templates.Pager
	Empty templates.Empty
}

// noticeLine is something that an account was told of in the console.
type noticeLine struct {
	Title, URL string
	Button     string // what is at URL
	Created    time.Time
	New        bool
}

// noticeLines returns notices with the page at which an account handles each: on the phone if there is one, otherwise the
// console, which asks for a sign-in of its own.
func noticeLines(c *web.Context, list []core.Notice) []noticeLine {
	lines := make([]noticeLine, len(list))
	for i, n := range list {
		lines[i] = noticeLine{Title: n.Title, URL: "/console/" + n.Link, Button: "后台", Created: n.Created, New: n.Read.IsZero()}
		if path := n.PhonePath(c.Has); path != "" {
			lines[i].URL, lines[i].Button = path, "审核"
		}
	}
	return lines
}

// noticeList shows what the account was told, from the notice on that a message leads to. What is shown has been read, in the
// console too.
func (h *H5) noticeList(c *web.Context) error {
	var asked struct {
		From core.ID `form:"from"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	page := c.Page(noticesShown)
	list, more, err := h.store.OwnNotices(c.Ctx(), c.Account().ID, asked.From, page)
	if err != nil {
		return err
	}
	if asked.From != 0 && page.First() && (len(list) == 0 || list[0].ID != asked.From) {
		return c.Redirect(noticePath) // it is another account's
	}
	view := noticeListPage{
		Phone: h.phone(c, "我的提醒", c.Account().Name), Rows: noticeLines(c, list),
		Empty: templates.Empty{Icon: "bell", Title: "还没有提醒", Text: "告警、待审核、到期和账号安全等，按提醒设置告诉您，也列在这里。"},
	}
	if c.Staff().ID != 0 {
		view.Back = staffPath
	}
	frame := templates.List{Path: noticePath, Query: c.Request().URL.Query()}
	web.Paged(&frame, page, list, more, func(n core.Notice) core.ID { return n.ID })
	view.Pager = frame.Pager
	if asked.From != 0 && page.First() {
		view.Pager.Prev = noticePath
	}
	if len(list) > 0 {
		if err := h.store.ReadNotices(c.Ctx(), c.Account().ID, list[0].ID); err != nil {
			return err
		}
	}
	return h.show(c, http.StatusOK, "notice/list", view)
}
