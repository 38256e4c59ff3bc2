package web

import (
	"net/http"
	"strings"
	"time"
)

// SetCookie stores a value in an HttpOnly cookie of this program for the given life; an
// empty value removes it. The value may hold letters, digits, - _ . = only.
func (c *Context) SetCookie(name, value string, life time.Duration) {
	seconds := int(life / time.Second)
	if value == "" {
		seconds = -1
	}
	c.setCookie(c.app.cookieName(name), value, seconds)
}

// Cookie returns the value that SetCookie stored under a name; "" if there is none.
func (c *Context) Cookie(name string) string {
	cookie, err := c.r.Cookie(c.app.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// CookiesUnder returns the values of all cookies of this program whose names begin with prefix, by name.
func (c *Context) CookiesUnder(prefix string) map[string]string {
	values := map[string]string{}
	for _, cookie := range c.r.Cookies() {
		if name, ok := strings.CutPrefix(cookie.Name, c.app.cookieName("")); ok && strings.HasPrefix(name, prefix) {
			values[name] = cookie.Value
		}
	}
	return values
}

// browserCookie holds the secret that tells this browser from all others.
const browserCookie = "browser"

// Browser returns a secret of this browser, which no page and no script ever sees, and
// makes it where there is none. It lasts until the browser is closed or signs out.
func (c *Context) Browser() string {
	if secret := c.Cookie(browserCookie); validSecret(secret) {
		return secret
	}
	secret, name := newSecret(), c.app.cookieName(browserCookie)
	c.setCookie(name, secret, 0)
	c.r.AddCookie(&http.Cookie{Name: name, Value: secret}) // for a page that asks twice
	return secret
}

// ForgetBrowser takes the browser's secret back, and so all that was proved with it.
func (c *Context) ForgetBrowser() { c.SetCookie(browserCookie, "", 0) }
