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
)

// A console form posted after its session expired is kept as a draft: after signing in again, the
// sender finds the form as they left it, with nothing done yet. The copy in the cache can be
// decrypted only with a secret that the browser holds, and is shown only to the account that wrote
// it. Passwords and files are never kept.
const (
	// DraftPage shows a signed-in account its draft.
	DraftPage = "/console/session/draft"
	// ResumedField marks a draft that is posted back to its form.
	ResumedField = "resumed"

	draftCookie = "draft"
	draftLife   = 30 * time.Minute
	maxDraft    = 64 << 10 // bytes of the largest form kept
)

// draftSecrets are the fields that are never kept: passwords, codes and tokens.
var draftSecrets = []string{
	CSRFField, ResumedField, "password", "old", "again", "code", "app_secret", "contact_secret", "token", "aes_key",
}

// errResumed is the message above a form that is shown again with a restored draft.
var errResumed = core.Invalid("登录中断过，刚才填写的内容已恢复，还没有保存。请核对后再提交。")

// ResumedText is what a form or a question with a restored draft says.
func ResumedText() string { return errResumed.Message }

// IsResumed reports whether err only means that a draft was restored: nothing in the form is wrong.
func IsResumed(err error) bool { return errors.Is(err, errResumed) }

// Draft is a form as its sender left it.
type Draft struct {
	Account core.ID
	Path    string // where the form is posted to
	Fields  url.Values
}

// keepDraft keeps the form of a sender whose session has expired and reports whether it did: only
// the form of a real session, though an expired one, is kept.
func (c *Context) keepDraft() bool {
	if !c.route.Draft || c.app.o.Cache == nil || !c.app.o.Store.IsSessionToken(c.token()) {
		return false
	}
	session, err := c.app.o.Store.SessionByToken(c.Ctx(), c.token())
	if err != nil || session.Kind != core.SessionAccount || c.parseForm() != nil {
		return false
	}
	c.who.Session.CSRF = session.CSRF // for this check only: it signs nobody in
	err = c.checkCSRF()
	c.who.Session.CSRF = ""
	if err != nil {
		return false
	}
	draft := Draft{Account: session.Subject, Path: c.r.URL.RequestURI(), Fields: c.Typed()}
	secret, kept := c.sealForm(draft, draftLife)
	if kept {
		c.SetCookie(draftCookie, secret, draftLife)
	}
	return kept
}

// Typed returns what a form that can be resumed (Route.Draft) sent, without its secrets; nil for any other
// request. The page of an error that no form shows repeats it.
func (c *Context) Typed() url.Values {
	if !c.route.Draft || c.parseForm() != nil {
		return nil
	}
	typed := maps.Clone(c.r.PostForm)
	for _, name := range draftSecrets {
		typed.Del(name)
	}
	return typed
}

// Resumed reports whether a draft is posted back: its form or its question is to be shown again.
func (c *Context) Resumed() bool { return c.resumed() }

// sealForm keeps a form in the cache, under a secret that alone opens it, and reports whether it did.
func (c *Context) sealForm(form Draft, life time.Duration) (secret string, kept bool) {
	text, err := json.Marshal(form)
	if err != nil || len(text) > maxDraft || c.app.o.Cache == nil {
		return "", false
	}
	secret = newSecret()
	name, box, err := draftBox(secret)
	if err != nil {
		return "", false
	}
	sealed := base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, text, nil))
	return secret, c.app.o.Cache.Set(c.Ctx(), name, sealed, life) == nil
}

// Draft returns the draft that the signed-in account left in this browser; NotFound if there is
// none or it belongs to another account.
func (c *Context) Draft() (Draft, error) {
	return c.openForm(c.Cookie(draftCookie), "没有需要恢复的内容")
}

// openForm returns a form of the signed-in account that sealForm kept; NotFound with the message if
// there is none.
func (c *Context) openForm(secret, missing string) (Draft, error) {
	var draft Draft
	if !validSecret(secret) || c.app.o.Cache == nil {
		return draft, core.NotFound(missing)
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
		return Draft{}, core.NotFound(missing)
	}
	return draft, nil
}

// draftBox derives the cache key of a draft and the cipher that opens it from the browser's secret;
// neither reveals the secret.
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

// resumed reports whether a draft is posted back to its form: it is bound and shown, and nothing is
// done.
func (c *Context) resumed() bool {
	return c.surface == SurfaceConsole && c.r.Method == http.MethodPost && c.parseForm() == nil && c.r.PostForm.Get(ResumedField) == "1"
}

// checkResumed rejects a draft on a route that has no form for it.
func (c *Context) checkResumed() error {
	if c.resumed() && !c.route.Draft {
		return core.Invalid("这里没有可以恢复的表单")
	}
	return nil
}
