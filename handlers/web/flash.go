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
	FlashDone    FlashKind = "done" // as a success, of an act after which nothing of the set-up follows
)

// Flash is a message shown once, on the next page.
type Flash struct {
	Kind    FlashKind
	Message string
	Link    string // the page about it, on this site; "" = none
	Undo    string // where to post to take the act back; "" = nowhere
	Missed  string // lists those whom no message about the act reaches; "" = nothing does
}

// maxFlash limits the bytes of a flash, which is sent in a cookie.
const maxFlash = 1000

const flashLife = 60 // seconds

// Flash shows a message on the next page.
func (c *Context) Flash(kind FlashKind, message string) {
	c.ShowFlash(Flash{Kind: kind, Message: message})
}

// ShowFlash is Flash with links.
func (c *Context) ShowFlash(f Flash) {
	if len(f.Message) > maxFlash {
		f.Message = strings.ToValidUTF8(f.Message[:maxFlash], "")
	}
	value := string(f.Kind)
	for _, text := range []string{f.Message, f.Link, f.Undo, f.Missed} {
		value += "." + base64.RawURLEncoding.EncodeToString([]byte(text))
	}
	c.setCookie(c.app.cookieName("flash"), strings.TrimRight(value, "."), flashLife)
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
	f = Flash{Kind: FlashKind(kind)}
	for i, text := range strings.SplitN(encoded, ".", 4) {
		decoded, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || !utf8.Valid(decoded) || len(decoded) > maxFlash {
			return Flash{}, false
		}
		*[]*string{&f.Message, &f.Link, &f.Undo, &f.Missed}[i] = string(decoded)
	}
	f.Link, f.Undo, f.Missed = LocalPath(f.Link, ""), LocalPath(f.Undo, ""), LocalPath(f.Missed, "")
	known := f.Kind == FlashSuccess || f.Kind == FlashDone || f.Kind == FlashWarning || f.Kind == FlashError
	return f, known && f.Message != ""
}
