package api

import (
	"cmp"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) messageRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/messages", Access: web.Resident, Handler: a.messageList},
		{Method: http.MethodPost, Path: "/api/v1/messages/channel", Access: web.Resident, Handler: a.messageUpdate, EachPerMinute: 20},
	}
}

// messageBody is a message in the list of its recipient.
type messageBody struct {
	ID       core.ID          `json:"id"`
	Kind     core.MessageKind `json:"kind"`
	KindText string           `json:"kind_text"`
	Text     string           `json:"text"`
	Page     string           `json:"page"` // of the mini-program; "" = it has none
	At       string           `json:"at"`
}

// channelBody is a channel that may be chosen.
type channelBody struct {
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

// messageList lists what the user was told. What was to be read there has arrived with it.
func (a *API) messageList(c *web.Context) error {
	list, _, err := a.store.OwnMessages(c.Ctx(), c.User().ID, store.Page{Limit: 100})
	if err != nil {
		return err
	}
	first, err := a.store.ToldUser(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	body := struct {
		Messages []messageBody `json:"messages"`
		First    string        `json:"first"`
		Channels []channelBody `json:"channels"`
	}{Messages: []messageBody{}, First: channelCode(first)}
	for _, m := range list {
		body.Messages = append(body.Messages, messageBody{
			ID: m.ID, Kind: m.Kind, KindText: m.Kind.Label(), Text: m.Text(), Page: m.MiniPage(), At: a.moment(m.Created),
		})
	}
	for _, channel := range core.FirstChannels(core.ToWechat) {
		body.Channels = append(body.Channels, channelBody{channelCode(channel), channel.FirstLabel()})
	}
	if len(list) > 0 {
		if err := a.store.ReadOwnMessages(c.Ctx(), c.User().ID, list[0].ID); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, body)
}

// messageUpdate sets by which channel the user wants to be told first.
func (a *API) messageUpdate(c *web.Context) error {
	var asked struct {
		First string `form:"first" max:"16"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	first := core.MessageChannel(asked.First)
	switch asked.First {
	case usualChannel:
		first = ""
	case "":
		first = "none"
	}
	if err := a.store.UpdateToldUser(c.Ctx(), c.User().ID, first); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		First string `json:"first"`
	}{asked.First})
}

// usualChannel is what the API calls it if no channel was chosen.
const usualChannel = "usual"

func channelCode(c core.MessageChannel) string { return cmp.Or(string(c), usualChannel) }
