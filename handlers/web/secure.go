package web

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"tongxing/secret"
)

// secure sets security headers.
func (a *App) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(r.URL.Path, "/door/") { // readers ignore headers
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Content-Security-Policy", contentPolicy(r.URL.Path))
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", featurePolicy(r.URL.Path))
		h.Set("X-Robots-Tag", "noindex, nofollow")
		if a.isHTTPS() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

const (
	policyRest = "; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
	pagePolicy = "default-src 'self'" + policyRest
	// Phone pages load WeChat's JS-SDK, which only WeChat serves.
	phonePolicy = "default-src 'self'; script-src 'self' https://res.wx.qq.com/open/js/" + policyRest
)

func contentPolicy(path string) string {
	if under(path, "/h5") {
		return phonePolicy
	}
	return pagePolicy
}

// Browser features that pages may request. Ours use none but the camera, for guards who scan codes;
// an injected script gets none either.
const (
	otherFeatures = "accelerometer=(), bluetooth=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), " +
		"idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), " +
		"serial=(), usb=(), xr-spatial-tracking=()"
	pageFeatures  = "camera=(), " + otherFeatures
	guardFeatures = "camera=(self), " + otherFeatures
)

func featurePolicy(path string) string {
	if under(path, "/h5/guard") {
		return guardFeatures
	}
	return pageFeatures
}

func (a *App) isHTTPS() bool { return a.o.PublicURL != nil && a.o.PublicURL.Scheme == "https" }

// newCrossOrigin returns the outer defence against requests sent by other sites' pages, which
// browsers mark in Sec-Fetch-Site and Origin.
func newCrossOrigin(public *url.URL) *http.CrossOriginProtection {
	wall := http.NewCrossOriginProtection()
	if public != nil && public.Host != "" {
		// A proxy may have changed Host. The only possible error is a malformed origin, which the
		// scheme and host of a parsed URL cannot be.
		_ = wall.AddTrustedOrigin(public.Scheme + "://" + public.Host)
	}
	return wall
}

func (a *App) refuseCrossSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.outer.Check(r); err != nil {
			route := Route{Method: r.Method, Path: "unknown", Access: Public}
			a.fail(a.newContext(route, w, r, func(string) string { return "" }), errCrossSite)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// CSRFField and CSRFHeader carry the CSRF token.
const (
	CSRFField  = "csrf"
	CSRFHeader = "X-CSRF-Token"
)

const csrfBytes = 24

// CSRF returns the token that a form of this page must send back. It differs each time, so that the
// size of a compressed page reveals nothing about it.
func (c *Context) CSRF() string {
	secret := c.who.Session.CSRF
	if secret == "" {
		secret = c.visitorSecret()
	}
	return maskCSRF(secret)
}

// visitorSecret returns the CSRF secret of a visitor who is not signed in: it is in a cookie that
// another site can neither read nor, thanks to __Host-, set.
func (c *Context) visitorSecret() string {
	name := c.app.cookieName("visit")
	if cookie, err := c.r.Cookie(name); err == nil && validSecret(cookie.Value) {
		return cookie.Value
	}
	value := newSecret()
	c.setCookie(name, value, 0)
	// For a page that calls this twice.
	c.r.AddCookie(&http.Cookie{Name: name, Value: value})
	return value
}

func newSecret() string { return secret.Text(csrfBytes) }

func validSecret(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == csrfBytes
}

// maskCSRF returns a one-time pad followed by the secret masked with it.
func maskCSRF(token string) string {
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return ""
	}
	pad := secret.Bytes(len(plain))
	masked := make([]byte, len(plain))
	subtle.XORBytes(masked, pad, plain)
	return base64.RawURLEncoding.EncodeToString(append(pad, masked...))
}

func unmaskCSRF(token string) string {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 2*csrfBytes {
		return ""
	}
	plain := make([]byte, csrfBytes)
	subtle.XORBytes(plain, b[:csrfBytes], b[csrfBytes:])
	return base64.RawURLEncoding.EncodeToString(plain)
}

// checkCSRF rejects a form without a valid token. Callers whose credentials are not cookies (bearer
// tokens, readers, WeChat) cannot be abused this way and are exempt.
func (c *Context) checkCSRF() error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if c.route.Access.machine() || c.api {
		return nil
	}
	given, err := c.givenCSRF()
	if err != nil {
		return err
	}
	session, visit := c.who.Session.CSRF, ""
	if cookie, err := c.r.Cookie(c.app.cookieName("visit")); err == nil {
		visit = cookie.Value
	}
	switch {
	case session != "" && sameCSRF(given, session):
		return nil
	case session == "" && sameCSRF(given, visit):
		return nil
	case c.route.Access.kind == accessPublic && sameCSRF(given, visit):
		return nil // a public page's form, shown before another tab signed in
	}
	return errCrossSite
}

// sameCSRF reports whether a form's token is a secret's.
func sameCSRF(given, secret string) bool {
	return validSecret(secret) && subtle.ConstantTimeCompare([]byte(unmaskCSRF(given)), []byte(secret)) == 1
}

func (c *Context) givenCSRF() (string, error) {
	if token := c.r.Header.Get(CSRFHeader); token != "" {
		return token, nil
	}
	if err := c.parseForm(); err != nil {
		return "", err
	}
	return c.r.PostFormValue(CSRFField), nil
}

// cookieName adds the prefix that binds a cookie to this host and to https.
func (a *App) cookieName(name string) string {
	if a.isHTTPS() {
		return "__Host-tx_" + name
	}
	return "tx_" + name
}

// setCookie sets a cookie for the whole host; maxAge in seconds, 0 = until the browser closes,
// negative = remove.
func (c *Context) setCookie(name, value string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.app.isHTTPS(), SameSite: http.SameSiteLaxMode,
	})
}
