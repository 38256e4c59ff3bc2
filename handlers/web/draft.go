package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// A form of the console that comes back from somebody whose session ended while
// they filled it in is a draft: it is kept for them, and after signing in they find
// the form as they left it, with nothing done yet. What lies in the cache can be
// read only with a secret that the browser holds, and is shown only to the account
// that wrote it. Passwords and files are never kept.
const (
	// DraftPage shows a signed-in account its draft.
	DraftPage = "/console/session/draft"
	// ResumedField marks a draft on its way back into its form.
	ResumedField = "resumed"

	draftCookie = "draft"
	draftLife   = 30 * time.Minute
	maxDraft    = 64 << 10 // bytes of a form worth keeping
)

// draftSecrets are the fields of passwords, wherever they appear.
var draftSecrets = []string{CSRFField, ResumedField, "password", "old", "again", "code"}

// errResumed stands on a form that is shown again with what was typed.
var errResumed = core.Invalid("登录中断过，刚才填写的内容已恢复，还没有保存。请核对后再提交。")

// IsResumed reports the error of a form that nothing is wrong with: it is only shown
// again, to somebody who signed in anew.
func IsResumed(err error) bool { return errors.Is(err, errResumed) }

// Draft is a form as somebody left it.
type Draft struct {
	Account core.ID
	Path    string // where the form is sent
	Fields  url.Values
}

// keepDraft keeps the form of somebody who is no longer signed in. It reports
// whether it did: only the form of a real session, ended as it may be, is kept.
func (c *Context) keepDraft() bool {
	if !c.route.Draft || c.app.o.Cache == nil || !store.TokenForm(c.token()) {
		return false
	}
	session, err := c.app.o.Store.SessionByToken(c.Ctx(), c.token())
	if err != nil || session.Kind != core.SessionAccount || c.parseForm() != nil {
		return false
	}
	c.who.Session.CSRF = session.CSRF // for this check alone: it gives nobody a surface
	err = c.checkCSRF()
	c.who.Session.CSRF = ""
	if err != nil {
		return false
	}
	draft := Draft{Account: session.Subject, Path: c.r.URL.RequestURI(), Fields: maps.Clone(c.Form())}
	for _, name := range draftSecrets {
		draft.Fields.Del(name)
	}
	text, err := json.Marshal(draft)
	if err != nil || len(text) > maxDraft {
		return false
	}
	secret := newSecret()
	name, box, err := draftBox(secret)
	if err != nil {
		return false
	}
	sealed := base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, text, nil))
	if c.app.o.Cache.Set(c.Ctx(), name, sealed, draftLife) != nil {
		return false
	}
	c.SetCookie(draftCookie, secret, draftLife)
	return true
}

// Draft gives what the signed-in account left unfinished in this browser; not found
// where there is nothing, or it is another account's.
func (c *Context) Draft() (Draft, error) {
	var draft Draft
	secret := c.Cookie(draftCookie)
	if !validSecret(secret) {
		return draft, core.NotFound("没有需要恢复的内容")
	}
	name, box, err := draftBox(secret)
	if err != nil {
		return draft, err
	}
	sealed, _, err := c.app.o.Cache.Get(c.Ctx(), name)
	if err != nil {
		return draft, err
	}
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = box.Open(nil, nil, raw, nil)
	}
	if err == nil {
		err = json.Unmarshal(raw, &draft)
	}
	if err != nil || draft.Account != c.Account().ID {
		return Draft{}, core.NotFound("没有需要恢复的内容")
	}
	return draft, nil
}

// draftBox is the name under which a draft lies, and what opens it; both from the
// browser's secret, neither leading back to it.
func draftBox(secret string) (name string, box cipher.AEAD, err error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "draft key", 32)
	if err != nil {
		return "", nil, err
	}
	label, err := hkdf.Key(sha256.New, []byte(secret), nil, "draft name", 24)
	if err != nil {
		return "", nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", nil, err
	}
	box, err = cipher.NewGCMWithRandomNonce(block)
	return "draft:" + base64.RawURLEncoding.EncodeToString(label), box, err
}

// resumed reports a draft on its way back into its form: it is bound and shown, and
// nothing is done.
func (c *Context) resumed() bool {
	return c.surface == SurfaceConsole && c.r.Method == http.MethodPost && c.parseForm() == nil && c.r.PostForm.Get(ResumedField) == "1"
}

// checkResumed refuses a draft where there is no form to take it.
func (c *Context) checkResumed() error {
	if c.resumed() && !c.route.Draft {
		return core.Invalid("这里没有可以恢复的表单")
	}
	return nil
}
