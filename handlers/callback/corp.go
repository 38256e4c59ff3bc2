package callback

import (
	"errors"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/wechat"
)

// WorkPath is the path to configure as the message server of a company's app and of its contact sync, after the
// deployment's URL and before the account's id.
const WorkPath = "/callback/wework"

// Corp is a company on WeWork that calls.
type Corp struct {
	App   core.WechatApp
	Inbox *wechat.CorpInbox
}

// workRoutes returns the routes that WeWork calls.
func (b *Callback) workRoutes() []web.Route {
	if b.corps == nil {
		return nil
	}
	const path = WorkPath + "/:app"
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: web.Callback, Handler: b.echoWork, Time: answerTime, OnError: refuse},
		{Method: http.MethodPost, Path: path, Access: web.Callback, Handler: b.receiveWork, Time: answerTime, OnError: refuse},
	}
}

// corp returns the company that a callback's path names.
func (b *Callback) corp(c *web.Context) (Corp, error) {
	id, err := core.ParseID(c.Param("app"))
	if err != nil || id == 0 {
		return Corp{}, errNoCorp
	}
	if corp, ok := b.corps(c.Ctx(), id); ok {
		return corp, nil
	}
	return Corp{}, errNoCorp
}

var errNoCorp = core.NotFound("企业微信没有接入")

// echoWork answers WeWork's check when the URL is saved: the text, decrypted.
func (b *Callback) echoWork(c *web.Context) error {
	corp, err := b.corp(c)
	if err != nil {
		return err
	}
	text, err := corp.Inbox.CheckEcho(c.Request())
	if errors.Is(err, wechat.ErrMalformed) {
		b.noteUnread(c, corp.App, err)
		return &core.Error{Code: core.CodeForbidden, Message: "回调校验不通过", Err: err}
	}
	if err != nil {
		return b.untrusted(c, corp.App, err)
	}
	b.reached(c, corp.App)
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}

// receiveWork handles one event of a company. See receive; what is in the clear is refused, since WeWork always
// encrypts.
func (b *Callback) receiveWork(c *web.Context) error {
	corp, err := b.corp(c)
	if err != nil {
		return err
	}
	event, done, err := corp.Inbox.Read(c.Ctx(), c.Request())
	switch {
	case errors.Is(err, wechat.ErrReplayed):
		return success(c)
	case errors.Is(err, wechat.ErrMalformed), errors.Is(err, wechat.ErrStale):
		b.noteUnread(c, corp.App, err)
		return success(c)
	case errors.Is(err, wechat.ErrPlain):
		return b.untrusted(c, corp.App, errors.Join(wechat.ErrSignature, err))
	case err != nil:
		return b.untrusted(c, corp.App, err)
	}
	b.reached(c, corp.App)
	handled := false
	defer func() { done(handled) }() // also if the handler panics
	if event.Change != nil {
		if err := b.contactChanged(c, corp, *event.Change); err != nil {
			return err
		}
	}
	handled = true
	return success(c)
}

// contactChanged notes a change of members or departments. Who was deleted leaves in this request; the rest is
// looked at within seconds, since a callback calls no other service.
func (b *Callback) contactChanged(c *web.Context, corp Corp, change wechat.ContactChange) error {
	hint := core.CorpHint{UserID: change.UserID, NewUserID: change.NewUserID}
	switch change.Kind {
	case wechat.MemberCreated, wechat.MemberUpdated:
	case wechat.MemberDeleted:
		hint.Gone = true
	case wechat.TagUpdated: // a tag may be what puts members in the app's range
		users := slices.Concat(change.AddUsers, change.DelUsers)
		if len(change.AddParties)+len(change.DelParties) == 0 {
			return b.store.NoteStaffHints(c.Ctx(), corp.App.ID, users)
		}
		if len(users) > 0 {
			if err := b.store.NoteStaffHints(c.Ctx(), corp.App.ID, users); err != nil {
				return err
			}
		}
		hint = core.CorpHint{Whole: true}
	default:
		hint = core.CorpHint{}
	}
	if hint.UserID == "" && !hint.Whole {
		hint = core.CorpHint{} // of a kind to come, or of departments
	}
	return b.store.NoteStaffHint(c.Ctx(), corp.App.ID, hint)
}
