package web

import (
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// A browser in which somebody has signed in to the console keeps a cookie that says so,
// under a signature: which account, its generation, until when. It proves nothing about
// who sits there and signs nobody in. It is only counted by itself, so that whoever
// guesses passwords, or calls too often, from the same address does not shut its owner
// out. A new password makes a stranger of it.
const knownCookie = "known"

func (c *Context) rememberBrowser(session core.Session) {
	if session.Kind != core.SessionAccount {
		return
	}
	parts := []string{session.Subject.String(), strconv.FormatInt(session.Generation, 10),
		strconv.FormatInt(c.Now().Add(store.KnownWindow).Unix(), 10)}
	c.SetCookie(knownCookie, strings.Join(append(parts, c.app.browsers.Sum(parts...)), "."), store.KnownWindow)
}

// KnownBrowser returns the account that has signed in in this browser lately; the zero
// KnownBrowser for a stranger's.
func (c *Context) KnownBrowser() store.KnownBrowser {
	parts := strings.Split(c.Cookie(knownCookie), ".")
	if len(parts) != 4 || !c.app.browsers.Valid(parts[3], parts[:3]...) {
		return store.KnownBrowser{}
	}
	account, err := core.ParseID(parts[0])
	generation, errGeneration := strconv.ParseInt(parts[1], 10, 64)
	end, errEnd := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || errGeneration != nil || errEnd != nil || !c.Now().Before(time.Unix(end, 0)) {
		return store.KnownBrowser{}
	}
	return store.KnownBrowser{Account: account, Generation: generation}
}

// Visitor returns a secret of this browser, until it closes: what was begun in it is
// finished in it.
func (c *Context) Visitor() string { return c.visitorSecret() }
