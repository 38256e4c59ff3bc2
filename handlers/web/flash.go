package web

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// FlashKind selects how a flash looks.
type FlashKind string

// Kinds of flash.
const (
	FlashSuccess FlashKind = "success"
	FlashWarning FlashKind = "warning"
	FlashError   FlashKind = "error"
)

// Flash is a message shown once, on the next page.
type Flash struct {
	Kind    FlashKind
	Message string
}

// maxFlash limits the bytes of a flash, which is sent in a cookie.
const maxFlash = 1000

const flashLife = 60 // seconds

// Flash shows a message on the next page.
func (c *Context) Flash(kind FlashKind, message string) {
	if len(message) > maxFlash {
		message = strings.ToValidUTF8(message[:maxFlash], "")
	}
	c.setCookie(c.app.cookieName("flash"), string(kind)+"."+base64.RawURLEncoding.EncodeToString([]byte(message)), flashLife)
}

// TakeFlash returns the message left by the previous page and removes it. ok is false if there is
// none.
func (c *Context) TakeFlash() (f Flash, ok bool) {
	name := c.app.cookieName("flash")
	cookie, err := c.r.Cookie(name)
	if err != nil || cookie.Value == "" {
		return Flash{}, false
	}
	c.setCookie(name, "", -1)
	kind, encoded, _ := strings.Cut(cookie.Value, ".")
	message, err := base64.RawURLEncoding.DecodeString(encoded)
	f = Flash{Kind: FlashKind(kind), Message: string(message)}
	known := f.Kind == FlashSuccess || f.Kind == FlashWarning || f.Kind == FlashError
	return f, known && err == nil && utf8.Valid(message) && len(message) > 0 && len(message) <= maxFlash
}
