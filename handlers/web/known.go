package web

import (
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// A browser in which an account has signed in to the console keeps a signed cookie with the
// account, its generation and an expiry. It proves nothing about the person using it and signs
// nobody in. It only gives the browser a limit of its own, so that an attacker at the same address
// who guesses passwords or calls too often does not lock the owner out. A new password invalidates
// it.
const knownCookie = "known"

func (c *Context) rememberBrowser(session core.Session) {
	if session.Kind != core.SessionAccount {
		return
	}
	parts := []string{session.Subject.String(), strconv.FormatInt(session.Generation, 10),
		strconv.FormatInt(c.Now().Add(store.KnownWindow).Unix(), 10)}
	c.SetCookie(knownCookie, strings.Join(append(parts, c.app.browsers.Sum(parts...)), "."), store.KnownWindow)
}

// KnownBrowser returns the account that recently signed in in this browser; the zero KnownBrowser
// if none did.
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

// Visitor returns a secret of this browser that lasts until it closes: it ties the end of a
// multi-step act to the browser that began it.
func (c *Context) Visitor() string { return c.visitorSecret() }
