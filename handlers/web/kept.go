package web

import "time"

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
