package web

import (
	"net/http"
	"strings"
	"time"
)

// Keep leaves a value with the browser, out of scripts' reach, for one life; an
// empty value takes it back. The value must be a cookie's: letters, digits, - _ . =
func (c *Context) Keep(name, value string, life time.Duration) {
	seconds := int(life / time.Second)
	if value == "" {
		seconds = -1
	}
	c.setCookie(c.app.cookieName(name), value, seconds)
}

// Kept gives what Keep left under a name; "" where there is nothing.
func (c *Context) Kept(name string) string {
	cookie, err := c.r.Cookie(c.app.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// KeptUnder returns what Keep left under all names that begin with a prefix, by name.
func (c *Context) KeptUnder(prefix string) map[string]string {
	kept := map[string]string{}
	for _, cookie := range c.r.Cookies() {
		if name, ok := strings.CutPrefix(cookie.Name, c.app.cookieName("")); ok && strings.HasPrefix(name, prefix) {
			kept[name] = cookie.Value
		}
	}
	return kept
}

// browserCookie holds the secret that tells this browser from all others.
const browserCookie = "browser"

// Browser returns a secret of this browser, which no page and no script ever sees, and
// makes it where there is none. It lasts until the browser is closed or signs out.
func (c *Context) Browser() string {
	if secret := c.Kept(browserCookie); validSecret(secret) {
		return secret
	}
	secret, name := newSecret(), c.app.cookieName(browserCookie)
	c.setCookie(name, secret, 0)
	c.r.AddCookie(&http.Cookie{Name: name, Value: secret}) // for a page that asks twice
	return secret
}

// ForgetBrowser takes the browser's secret back, and so all that was proved with it.
func (c *Context) ForgetBrowser() { c.Keep(browserCookie, "", 0) }
