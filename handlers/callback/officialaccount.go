package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/wechat"
)

// account returns the account that a callback's path names.
func (b *Callback) account(c *web.Context) (Account, error) {
	var id core.ID
	if text := c.Param("app"); text != "" {
		var err error
		if id, err = core.ParseID(text); err != nil || id == 0 {
			return Account{}, errNoAccount
		}
	}
	if a, ok := b.accounts(c.Ctx(), id); ok {
		return a, nil
	}
	return Account{}, errNoAccount
}

var errNoAccount = core.NotFound("公众号没有接入")

// noteEvery is how often a callback is recorded, which the page of the account shows.
const noteEvery = time.Minute

// reached records that WeChat's servers reach an account of the console. A failure only costs that line.
func (b *Callback) reached(c *web.Context, app core.WechatApp) {
	what := note{app: app.ID}
	if app.ID == 0 || c.Now().Sub(app.Called) < noteEvery || !b.noted.due(what, c.Now()) {
		return
	}
	if err := b.store.NoteWechatCall(c.Ctx(), app.ID); err != nil {
		b.noted.forget(what)
		b.log.Warn("note a callback", "err", err)
	}
}

// echo answers WeChat's check when the URL is saved.
func (b *Callback) echo(c *web.Context) error {
	a, err := b.account(c)
	if err != nil {
		return err
	}
	text, err := a.Official.CheckEcho(c.Request())
	if err != nil {
		return b.untrusted(c, a.App, err)
	}
	b.reached(c, a.App)
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}

// receive handles one message or event. After an error WeChat sends it again, and it is handled as
// if new.
func (b *Callback) receive(c *web.Context) error {
	a, err := b.account(c)
	if err != nil {
		return err
	}
	event, done, err := a.Official.ReadCallback(c.Ctx(), c.Request())
	if errors.Is(err, wechat.ErrReplayed) {
		return b.answerAgain(c, a, event)
	}
	if errors.Is(err, wechat.ErrMalformed) || errors.Is(err, wechat.ErrStale) || errors.Is(err, wechat.ErrPlain) {
		return b.unread(c, a, err)
	}
	if err != nil {
		return b.untrusted(c, a.App, err)
	}
	b.reached(c, a.App)
	handled := false
	defer func() { done(handled) }() // also if the handler panics
	text, err := b.handle(c.Ctx(), a, event)
	if err != nil {
		return err
	}
	handled = true
	b.keep(c.Ctx(), a, event, text)
	return b.answer(c, a, event, text)
}

// refused records, for the page of an account of the console, that a callback was not acted on.
func (b *Callback) refused(c *web.Context, app core.WechatApp, why error) {
	what := note{app.ID, refusalOf(why)}
	if app.ID == 0 || app.Refusal == what.why && c.Now().Sub(app.Refused) < noteEvery || !b.noted.due(what, c.Now()) {
		return
	}
	if err := b.store.NoteWechatRefusal(c.Ctx(), app.ID, what.why); err != nil {
		b.noted.forget(what)
		b.log.Warn("note a refused callback", "err", err)
	}
}

// refusalOf returns why a callback is not acted on.
func refusalOf(err error) core.WechatRefusal {
	switch {
	case errors.Is(err, wechat.ErrPlain):
		return core.RefusedPlain
	case errors.Is(err, wechat.ErrMalformed):
		return core.RefusedSealed
	case errors.Is(err, wechat.ErrStale):
		return core.RefusedClock
	}
	return core.RefusedSignature
}

// untrusted logs a callback that is signed with another token or not at all, or a check of the URL
// with an old signature; the sender learns nothing. Failures of our own stay errors.
func (b *Callback) untrusted(c *web.Context, app core.WechatApp, err error) error {
	for _, wrong := range []error{wechat.ErrSignature, wechat.ErrStale} {
		if errors.Is(err, wrong) {
			b.log.Warn("a callback was refused", "why", wrong, web.NetworkKey, c.Subnet())
			b.refused(c, app, wrong)
			return &core.Error{Code: core.CodeForbidden, Message: "回调校验不通过", Err: err}
		}
	}
	return err
}

// unread acknowledges a well-signed message that is not acted on: it cannot be parsed, this server's
// clock is wrong or the message was overheard long ago, or the account's mode was changed on WeChat's
// side alone. If rejected, it would come twice more, and then WeChat would tell the person that the
// account is out of order; the log and the account's page tell the operator instead.
func (b *Callback) unread(c *web.Context, a Account, err error) error {
	b.noteUnread(c, a.App, err)
	return b.answer(c, a, wechat.Event{}, "")
}

func (b *Callback) noteUnread(c *web.Context, app core.WechatApp, err error) {
	b.log.Warn("a callback could not be read", "why", err, web.NetworkKey, c.Subnet())
	b.refused(c, app, err)
}

func (b *Callback) answer(c *web.Context, a Account, event wechat.Event, text string) error {
	reply, err := a.Official.Reply(event, text)
	if err != nil {
		return err
	}
	kind := plainText
	if strings.HasPrefix(reply, "<") {
		kind = "application/xml; charset=utf-8"
	}
	return c.Bytes(http.StatusOK, kind, []byte(reply))
}

// answerLife is longer than WeChat's three attempts take.
const answerLife = time.Minute

// keep stores a response, so that a retry gets the same. A failure only costs the sender that text.
func (b *Callback) keep(ctx context.Context, a Account, event wechat.Event, text string) {
	if text == "" {
		return
	}
	if err := b.cache.Set(ctx, answerKey(a, event), text, answerLife); err != nil {
		b.log.Warn("keep a callback's answer", "err", err)
	}
}

func (b *Callback) answerAgain(c *web.Context, a Account, event wechat.Event) error {
	text, _, err := b.cache.Get(c.Ctx(), answerKey(a, event))
	if err != nil {
		return fmt.Errorf("callback: find the answer of a repeat: %w", err)
	}
	return b.answer(c, a, event, text)
}

// answerKey returns the cache key of the response to an event.
func answerKey(a Account, e wechat.Event) string {
	return "wechat:answer:" + a.App.AppID + ":" + e.Digest()
}

// staleText answers a scan of an old code.
const staleText = "二维码已失效，请重新获取"

// bindText asks a person who scanned a sign-in QR code to open the page that compares the digits. A
// scan alone binds nobody: a photograph of the code can be scanned too.
func (b *Callback) bindText(scene string) string {
	return `请点 <a href="` + b.publicURL + bindPage + scene + `">确认绑定</a>，再选电脑上显示的数字。如果不是您本人要绑定，请不要点。`
}

// bindPage is the phone page of a scene.
const bindPage = "/h5/bind/"

// handle processes an event and returns the text to send back; "" for none.
func (b *Callback) handle(ctx context.Context, a Account, e wechat.Event) (string, error) {
	who := core.WechatIdentity{AppID: a.Official.AppID(), OpenID: e.FromUser}
	if who.OpenID == "" {
		return "", nil
	}
	switch {
	case e.Type == "text":
		replies, err := b.store.WechatReplies(ctx, who.AppID)
		return cmp.Or(core.ReplyTo(replies, e.Content), core.StandardReply(core.ReplyOther)), err
	case e.Type != "event":
		return "", nil
	}
	switch e.Name {
	case "subscribe":
		if err := b.store.UpdateFollowed(ctx, who, true); err != nil {
			return "", err
		}
		text, err := b.scan(ctx, who, e.Scene())
		if text != "" || err != nil {
			return text, err
		}
		replies, err := b.store.WechatReplies(ctx, who.AppID)
		return cmp.Or(core.ReplyToFollow(replies), core.StandardReply(core.ReplyFollow)), err
	case "unsubscribe":
		return "", b.store.UpdateFollowed(ctx, who, false)
	case "SCAN":
		return b.scan(ctx, who, e.Scene())
	case "CLICK":
		return b.store.WechatMenuReply(ctx, who.AppID, e.Key)
	case "TEMPLATESENDJOBFINISH":
		return "", b.store.Outbox().Finish(ctx, jobReport(who.AppID, e))
	}
	return "", nil
}

// jobReport returns what became of a template message.
func jobReport(appID string, e wechat.Event) core.MessageReport {
	r := core.MessageReport{AppID: appID, ID: e.JobID, State: core.AttemptFailed, Reason: core.WhyPlatform}
	switch e.Job() {
	case wechat.JobDone:
		r.State, r.Reason = core.AttemptDelivered, ""
	case wechat.JobBlocked:
		r.State, r.Reason = core.AttemptRefused, core.WhyBlocked
	}
	return r
}

// bindScene is the prefix of sign-in QR codes' scenes.
const bindScene = "bind_"

// scan answers a scan of a sign-in QR code. Other scenes get no reply.
func (b *Callback) scan(ctx context.Context, who core.WechatIdentity, scene string) (string, error) {
	if !strings.HasPrefix(scene, bindScene) {
		return "", nil
	}
	if _, err := b.store.SignInWechat(ctx, who); err != nil {
		return "", err
	}
	_, err := b.store.BindTicketKind(ctx, scene)
	switch {
	case core.IsNotFound(err):
		return staleText, nil
	case err != nil:
		return "", err
	}
	return b.bindText(scene), nil
}
