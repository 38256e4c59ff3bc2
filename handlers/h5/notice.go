package h5

import (
	"maps"
	"net/http"
	"slices"
	"strings"
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
	Title, URL string // URL "" = it leads nowhere any more
	Community  string // "" = of none, or the account has one alone
	Button     string // what is at URL
	State      string // what became of it; "" = it waits, or is nothing to decide
	Created    time.Time
	New        bool
}

// noticeLines returns notices with the page at which an account handles each: on the phone if there is one, otherwise the
// console, which asks for a sign-in of its own. A notice keeps its words: what has been decided since is marked.
func (h *H5) noticeLines(c *web.Context, list []core.Notice) ([]noticeLine, error) {
	names, err := h.severalNames(c)
	if err != nil {
		return nil, err
	}
	lines := make([]noticeLine, len(list))
	reviews := map[int]core.ID{} // by line
	for i, n := range list {
		lines[i] = noticeLine{
			Title: n.Title, Community: names[n.Community], URL: "/console/" + n.Link, Button: "后台", Created: n.Created,
			New: n.Read.IsZero(),
		}
		path := n.PhonePath(c.Has)
		if path == "" {
			continue
		}
		lines[i].URL, lines[i].Button = path, "审核"
		if one, ok := strings.CutPrefix(path, reviewPath+"/"); ok {
			if id, err := core.ParseID(one); err == nil {
				reviews[i] = id
			}
		}
	}
	if len(reviews) == 0 {
		return lines, nil
	}
	states, err := h.store.ReviewStates(c.Ctx(), c.Scope(), slices.Collect(maps.Values(reviews)))
	for i, id := range reviews {
		switch state, known := states[id]; {
		case !known: // removed, or of a community that is not theirs any more
			lines[i].URL, lines[i].State = "", "已失效"
		case state == core.ReviewApproved, state == core.ReviewRejected:
			lines[i].Button, lines[i].State = "查看", "已审核"
		case state != core.ReviewWaiting:
			lines[i].Button, lines[i].State = "查看", state.Label()
		}
	}
	return lines, err
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
	rows, err := h.noticeLines(c, list)
	if err != nil {
		return err
	}
	view := noticeListPage{
		Phone: h.phone(c, "我的提醒", c.Account().Name), Rows: rows,
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
