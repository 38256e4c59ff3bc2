package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// secure sets the headers that keep browsers from helping an attacker.
func (a *App) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(r.URL.Path, "/door/") { // a reader reads its own words and no headers
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
	// Phone pages load WeChat's JS-SDK, which is served by WeChat alone.
	phonePolicy = "default-src 'self'; script-src 'self' https://res.wx.qq.com/open/js/" + policyRest
)

func contentPolicy(path string) string {
	if under(path, "/h5") {
		return phonePolicy
	}
	return pagePolicy
}

// What a page might ask a browser for. None of ours asks for any of it, but for the
// camera of a guard who scans; a script that got in somehow cannot either.
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

// newCrossOrigin is the outer wall against requests that other sites' pages send:
// browsers say so in Sec-Fetch-Site and Origin.
func newCrossOrigin(public *url.URL) *http.CrossOriginProtection {
	wall := http.NewCrossOriginProtection()
	if public != nil && public.Host != "" {
		// A proxy may have changed Host on the way here. The error is a malformed
		// origin, which scheme and host of a parsed URL are not.
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

// CSRFField and CSRFHeader carry the form token.
const (
	CSRFField  = "csrf"
	CSRFHeader = "X-CSRF-Token"
)

const csrfBytes = 24

// CSRF is the token that a form of this page must carry back. It looks different
// each time, so that a compressed page gives nothing of it away.
func (c *Context) CSRF() string {
	secret := c.who.Session.CSRF
	if secret == "" {
		secret = c.visitorSecret()
	}
	return maskCSRF(secret)
}

// visitorSecret stands in for a session's secret before anybody signed in: it is
// in a cookie that no other site can read or, as __Host-, set.
func (c *Context) visitorSecret() string {
	name := c.app.cookieName("visit")
	if cookie, err := c.r.Cookie(name); err == nil && validSecret(cookie.Value) {
		return cookie.Value
	}
	secret := newSecret()
	c.setCookie(name, secret, 0)
	// For a page that asks twice.
	c.r.AddCookie(&http.Cookie{Name: name, Value: secret})
	return secret
}

func newSecret() string {
	b := make([]byte, csrfBytes)
	_, _ = rand.Read(b) // crypto/rand does not fail
	return base64.RawURLEncoding.EncodeToString(b)
}

func validSecret(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == csrfBytes
}

// maskCSRF is a one-time pad and the secret under it.
func maskCSRF(secret string) string {
	plain, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return ""
	}
	masked := make([]byte, 2*len(plain))
	pad := masked[:len(plain)]
	_, _ = rand.Read(pad)
	subtle.XORBytes(masked[len(plain):], pad, plain)
	return base64.RawURLEncoding.EncodeToString(masked)
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

// checkCSRF refuses a form without its token. Where a browser sends no cookie of
// its own accord (bearer tokens, readers, WeChat) there is nothing to abuse.
func (c *Context) checkCSRF() error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if c.route.Access.machine() || c.api {
		return nil
	}
	want := c.who.Session.CSRF
	if want == "" {
		if cookie, err := c.r.Cookie(c.app.cookieName("visit")); err == nil {
			want = cookie.Value
		}
	}
	given, err := c.givenCSRF()
	if err != nil {
		return err
	}
	if !validSecret(want) || subtle.ConstantTimeCompare([]byte(unmaskCSRF(given)), []byte(want)) != 1 {
		return errCrossSite
	}
	return nil
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

// setCookie sets a cookie for the whole host; maxAge in seconds, 0 = until the
// browser closes, negative = gone.
func (c *Context) setCookie(name, value string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.app.isHTTPS(), SameSite: http.SameSiteLaxMode,
	})
}
