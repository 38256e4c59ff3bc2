package h5

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// messagePath is 我的提醒: what the user was told, and by which channel they want to be.
const messagePath = "/h5/message"

func (h *H5) messageRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: messagePath, Access: web.Resident, Handler: h.messageList},
		{Method: http.MethodPost, Path: messagePath, Access: web.Resident, Handler: h.messageUpdate, EachPerMinute: 20},
	}
}

type messageListPage struct {
	templates.Phone
	Rows  []messageLine
	Pager templates.Pager
	Empty templates.Empty
	Form  templates.Form
}

// messageLine is a message in the list of its recipient.
type messageLine struct {
	URL, Kind, Text string
	At              time.Time
}

func (h *H5) messageList(c *web.Context) error {
	page, err := h.messageListPage(c)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "message/list", page)
}

// messageListPage reads the page. What was to be read there has arrived with it.
func (h *H5) messageListPage(c *web.Context) (page messageListPage, err error) {
	var asked struct {
		Before core.ID `form:"before"`
		After  core.ID `form:"after"`
	}
	if c.Request().Method == http.MethodGet {
		if err := c.BindQuery(&asked); err != nil {
			return page, err
		}
	}
	page = messageListPage{
		Phone: h.phone(c, "我的提醒", ""),
		Empty: templates.Empty{Icon: "bell", Title: "还没有提醒", Text: "认证结果、访客到访、租约和通行证到期会提醒您，也会列在这里。"},
	}
	page.Back = fronts[web.SurfaceResident]
	first, err := h.store.ToldUser(c.Ctx(), c.User().ID)
	if err != nil {
		return page, err
	}
	page.Form = firstForm(c.CSRF(), first)
	list, more, err := h.store.OwnMessages(c.Ctx(), c.User().ID, store.Page{Prev: asked.Before, Next: asked.After, Limit: 30})
	if err != nil || len(list) == 0 {
		return page, err
	}
	for _, m := range list {
		page.Rows = append(page.Rows, messageLine{URL: "/" + m.Path(), Kind: m.Kind.Label(), Text: m.Text(), At: m.Created})
	}
	if more {
		page.Pager.Next = templates.WithQuery(messagePath, nil, "after", list[len(list)-1].ID.String())
	}
	return page, h.store.ReadOwnMessages(c.Ctx(), c.User().ID, list[0].ID)
}

// firstForm asks by which channel the user wants to be told first.
func firstForm(csrf string, first core.MessageChannel) templates.Form {
	return templates.Form{
		Action: messagePath, CSRF: csrf, Submit: "保存", Sign: true,
		Sections: []templates.Section{{Fields: []templates.Field{{
			Kind: templates.Select, Name: "first", Label: "首选渠道", Value: string(first),
			Choices: templates.ChoicesOf("", core.FirstChannels(core.ToWechat), core.MessageChannel.FirstLabel),
			Help:    "先用这个渠道，发不到再用小程序和公众号。物业没有开通的渠道会跳过。",
		}}}},
	}
}

// messageUpdate saves by which channel the user wants to be told first.
func (h *H5) messageUpdate(c *web.Context) error {
	var form struct {
		First core.MessageChannel `form:"first" max:"16"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = h.store.UpdateToldUser(c.Ctx(), c.User().ID, form.First)
	}
	if wrong == nil {
		c.Flash(web.FlashSuccess, "首选渠道已保存："+form.First.FirstLabel()+"。")
		return c.Redirect(messagePath)
	}
	if !core.IsInvalid(wrong) {
		return wrong
	}
	page, err := h.messageListPage(c)
	if err != nil {
		return err
	}
	page.Form.Set(c.Form(), web.FieldsOf(wrong))
	return h.show(c, web.StatusOf(wrong), "message/list", page)
}
