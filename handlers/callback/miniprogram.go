package callback

import (
	"context"
	"errors"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/wechat"
)

// MiniPath is the path to configure as the message server of the configuration file's mini-program, after the
// deployment's URL; its messages may be XML or JSON. A mini-program of the console has its id after it.
const MiniPath = "/callback/mini"

// Mini is a mini-program that pushes events.
type Mini struct {
	App   core.WechatApp // of the console; zero = the configuration file's
	AppID string
	Inbox *wechat.Inbox
}

// miniRoutes returns the routes that mini-programs call.
func (b *Callback) miniRoutes() []web.Route {
	var paths []string
	if b.mini.Inbox != nil {
		paths = append(paths, MiniPath)
	}
	if b.minis != nil {
		paths = append(paths, MiniPath+"/:app")
	}
	var routes []web.Route
	for _, path := range paths {
		routes = append(routes,
			web.Route{
				Method: http.MethodGet, Path: path, Access: web.Callback, Handler: b.echoMini, Time: answerTime, OnError: refuse,
			},
			web.Route{
				Method: http.MethodPost, Path: path, Access: web.Callback, Handler: b.receiveMini, Time: answerTime, OnError: refuse,
			},
		)
	}
	return routes
}

// miniProgram returns the mini-program that a callback's path names.
func (b *Callback) miniProgram(c *web.Context) (Mini, error) {
	text := c.Param("app")
	if text == "" {
		return b.mini, nil
	}
	if id, err := core.ParseID(text); err == nil && id != 0 {
		if mini, ok := b.minis(c.Ctx(), id); ok {
			return mini, nil
		}
	}
	return Mini{}, errNoMini
}

var errNoMini = core.NotFound("小程序没有接入")

// echoMini answers WeChat's check when the URL is saved.
func (b *Callback) echoMini(c *web.Context) error {
	mini, err := b.miniProgram(c)
	if err != nil {
		return err
	}
	text, err := mini.Inbox.CheckEcho(c.Request())
	if err != nil {
		return b.untrusted(c, mini.App, err)
	}
	b.reached(c, mini.App)
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}

// receiveMini handles one event of a mini-program. See receive.
func (b *Callback) receiveMini(c *web.Context) error {
	mini, err := b.miniProgram(c)
	if err != nil {
		return err
	}
	event, done, err := mini.Inbox.ReadCallback(c.Ctx(), c.Request())
	switch {
	case errors.Is(err, wechat.ErrReplayed):
		return success(c)
	case errors.Is(err, wechat.ErrMalformed), errors.Is(err, wechat.ErrStale), errors.Is(err, wechat.ErrPlain):
		b.noteUnread(c, mini.App, err)
		return success(c)
	case err != nil:
		return b.untrusted(c, mini.App, err)
	}
	b.reached(c, mini.App)
	handled := false
	defer func() { done(handled) }() // also if the handler panics
	if err := b.consents(c.Ctx(), mini, event); err != nil {
		return err
	}
	for _, s := range event.Subscriptions {
		if err := b.subscription(c.Ctx(), mini, event, s); err != nil {
			return err
		}
	}
	handled = true
	return success(c)
}

// consents records what a person agreed to in an answer to a prompt, all at once: an event that failed is handled again as
// if new.
func (b *Callback) consents(ctx context.Context, mini Mini, e wechat.Event) error {
	var templates []string
	for _, s := range e.Subscriptions {
		if e.Name == "subscribe_msg_popup_event" && s.Accepted && s.Template != "" {
			templates = append(templates, s.Template)
		}
	}
	if len(templates) == 0 {
		return nil
	}
	return b.store.Outbox().AddGrant(ctx, core.WechatIdentity{AppID: mini.AppID, OpenID: e.FromUser}, templates...)
}

// subscription records what a person switched in the mini-program's settings, and what became of a message.
func (b *Callback) subscription(ctx context.Context, mini Mini, e wechat.Event, s wechat.Subscription) error {
	who := core.WechatIdentity{AppID: mini.AppID, OpenID: e.FromUser}
	switch {
	case e.Name == "subscribe_msg_sent_event":
		return b.store.Outbox().Finish(ctx, core.SubscribeReport(mini.AppID, s.MsgID, s.Code))
	case s.Template == "":
		return nil
	case e.Name == "subscribe_msg_change_event":
		return b.store.Outbox().SwitchTemplate(ctx, who, s.Template, s.Accepted)
	}
	return nil
}

// success is the answer that WeChat takes for handled.
func success(c *web.Context) error { return c.Bytes(http.StatusOK, plainText, []byte("success")) }
