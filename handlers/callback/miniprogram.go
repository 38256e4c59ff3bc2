package callback

import (
	"errors"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/wechat"
)

// MiniPath is the path to configure as the message server of the configuration file's mini-program, after the
// deployment's URL; its messages may be XML or JSON.
const MiniPath = "/callback/mini"

// Mini is a mini-program that pushes events.
type Mini struct {
	AppID string
	Inbox *wechat.Inbox
}

// miniRoutes returns the routes that a mini-program calls.
func (b *Callback) miniRoutes() []web.Route {
	if b.mini.Inbox == nil {
		return nil
	}
	return []web.Route{
		{Method: http.MethodGet, Path: MiniPath, Access: web.Callback, Handler: b.echoMini, Time: answerTime, OnError: refuse},
		{Method: http.MethodPost, Path: MiniPath, Access: web.Callback, Handler: b.receiveMini, Time: answerTime, OnError: refuse},
	}
}

// echoMini answers WeChat's check when the URL is saved.
func (b *Callback) echoMini(c *web.Context) error {
	text, err := b.mini.Inbox.CheckEcho(c.Request())
	if err != nil {
		return b.untrusted(c, err)
	}
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}

// receiveMini handles one event of the mini-program. See receive.
func (b *Callback) receiveMini(c *web.Context) error {
	event, done, err := b.mini.Inbox.ReadCallback(c.Ctx(), c.Request())
	switch {
	case errors.Is(err, wechat.ErrReplayed):
		return success(c)
	case errors.Is(err, wechat.ErrMalformed), errors.Is(err, wechat.ErrStale), errors.Is(err, wechat.ErrPlain):
		b.log.Warn("a callback could not be read", "why", err, web.NetworkKey, c.Subnet())
		return success(c)
	case err != nil:
		return b.untrusted(c, err)
	}
	handled := false
	defer func() { done(handled) }() // also if the handler panics
	if event.Name == "subscribe_msg_popup_event" {
		if err := b.addGrants(c, event); err != nil {
			return err
		}
	}
	handled = true
	return success(c)
}

// addGrants records the messages that a person agreed to get. An event that is handled again after a failure
// may count one twice: then the platform refuses the message, and the count is set right.
func (b *Callback) addGrants(c *web.Context, event wechat.Event) error {
	who := core.WechatIdentity{AppID: b.mini.AppID, OpenID: event.FromUser}
	for _, s := range event.Subscriptions {
		if !s.Accepted || s.Template == "" {
			continue
		}
		if err := b.store.Outbox().AddGrant(c.Ctx(), who, s.Template); err != nil {
			return err
		}
	}
	return nil
}

// success is the answer that WeChat takes for handled.
func success(c *web.Context) error { return c.Bytes(http.StatusOK, plainText, []byte("success")) }
