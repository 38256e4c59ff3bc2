package web

import (
	"net/http"
	"strings"
	"time"
)

// SetCookie stores a value in an HttpOnly cookie of this program for the given time; an empty value
// removes the cookie. The value may contain only letters, digits and - _ . =.
func (c *Context) SetCookie(name, value string, life time.Duration) {
	seconds := int(life / time.Second)
	if value == "" {
		seconds = -1
	}
	c.setCookie(c.app.cookieName(name), value, seconds)
}

// Cookie returns the value that SetCookie stored under name; "" if there is none.
func (c *Context) Cookie(name string) string {
	cookie, err := c.r.Cookie(c.app.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// CookiesUnder returns the values of all cookies of this program whose names start with prefix, by
// name.
func (c *Context) CookiesUnder(prefix string) map[string]string {
	values := map[string]string{}
	for _, cookie := range c.r.Cookies() {
		if name, ok := strings.CutPrefix(cookie.Name, c.app.cookieName("")); ok && strings.HasPrefix(name, prefix) {
			values[name] = cookie.Value
		}
	}
	return values
}

// browserCookie holds a secret that identifies this browser.
const browserCookie = "browser"

// Browser returns the secret of this browser, which is never shown to pages or scripts, and creates
// it if there is none. It lasts until the browser is closed or signs out.
func (c *Context) Browser() string {
	if secret := c.Cookie(browserCookie); validSecret(secret) {
		return secret
	}
	secret, name := newSecret(), c.app.cookieName(browserCookie)
	c.setCookie(name, secret, 0)
	c.r.AddCookie(&http.Cookie{Name: name, Value: secret}) // for a page that calls this twice
	return secret
}

// ForgetBrowser removes the browser's secret, and with it everything that was proved under it.
func (c *Context) ForgetBrowser() { c.SetCookie(browserCookie, "", 0) }
