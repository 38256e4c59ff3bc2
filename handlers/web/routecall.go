package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"tongxing/core"
)

// routeCall is a registered route with its limiters.
type routeCall struct {
	app   *App
	route Route
	limit *addressLimiter // the route's own limit, by caller or address; nil = none
	each  *limiter        // the route's own limit, by signed-in caller; nil = none
}

func newRouteCall(a *App, route Route) *routeCall {
	if route.Body == 0 {
		route.Body = a.o.BodyBytes
	}
	if route.Time == 0 {
		route.Time = a.o.RequestTime
	}
	rc := &routeCall{app: a, route: route}
	if route.PerMinute > 0 {
		rc.limit = newAddressLimiter(route.PerMinute)
	}
	if route.EachPerMinute > 0 {
		rc.each = newLimiter(route.EachPerMinute)
	}
	return rc
}

// serve handles one request of the route: deadline and body limit, then the checks, then the
// handler.
func (rc *routeCall) serve(w http.ResponseWriter, r *http.Request, param func(string) string) {
	stateOf(r.Context()).route = &rc.route
	if rc.route.Time > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), rc.route.Time)
		defer cancel()
		r = r.WithContext(ctx)
	}
	r.Body = http.MaxBytesReader(w, r.Body, rc.route.Body)
	c := rc.app.newContext(rc.route, w, r, param)
	defer c.dropUploads()
	if err := rc.check(c); err != nil {
		rc.app.fail(c, err)
		return
	}
	if err := rc.act(c); err != nil {
		rc.app.fail(c, err)
	}
}

// check runs the checks that precede the handler, cheapest first.
func (rc *routeCall) check(c *Context) error {
	if c.r.ContentLength > rc.route.Body {
		return errTooLarge
	}
	if err := c.identify(); err != nil {
		return err
	}
	if err := rc.checkRoute(c); err != nil {
		return err
	}
	if err := rc.checkCaller(c); err != nil {
		return err
	}
	// Check the session before the CSRF token: an expired session should ask for sign-in, not
	// report a bad token.
	if err := rc.app.admit(c); err != nil {
		return err
	}
	if err := c.checkCSRF(); err != nil {
		return err
	}
	if err := rc.checkQuery(c); err != nil {
		return err
	}
	return c.checkResumed()
}

// errAddress is returned for a URL with malformed parameters.
var errAddress = core.Invalid("网址参数有误，请从菜单重新打开页面")

// checkQuery rejects a URL whose query cannot be parsed, or has a value that no page sends. The
// standard library drops malformed parameters, and cleaning a text may leave nothing of it: either
// way a filter would silently disappear. Door readers and platforms are exempt: their handlers check
// what they send.
func (rc *routeCall) checkQuery(c *Context) error {
	if rc.route.Access.machine() {
		return nil
	}
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return errAddress
	}
	if c.SignedIn() { // whatever the method: a posted export has its filters in the URL
		if err := c.openSeals(q); err != nil {
			return err
		}
	}
	for _, values := range q {
		// Of a parameter that is sent twice the first value counts: an empty one would hide the filter.
		if slices.ContainsFunc(values, isUnusable) || len(values) > 1 && slices.Contains(values, "") {
			return errAddress
		}
	}
	return checkIDs(q)
}

// isUnusable reports whether a handler would take a parameter's value for absent, and so, for
// example, show all rows instead of none: cleanText rejects it whatever its maximum, it was damaged in
// copying, or it is more than spaces and yet leaves nothing to search for.
func isUnusable(value string) bool {
	text, err := cleanText(value, textRule{max: len(value), lines: true})
	return err != nil || strings.ContainsRune(text, utf8.RuneError) ||
		core.Clean(text) == "" && strings.TrimSpace(value) != ""
}

func (rc *routeCall) checkRoute(c *Context) error {
	if rc.limit == nil {
		return nil
	}
	return rc.limit.checkCall(c)
}

// checkCaller limits signed-in callers by identity and others by address. Thousands of phones share
// an address of their mobile network, and one of them must not be able to block the others. Door
// readers are limited by their own handler; WeChat and health checks are not limited.
func (rc *routeCall) checkCaller(c *Context) error {
	switch {
	case rc.route.Access.machine() || rc.route.Path == healthPath || rc.route.Path == readyPath:
		return nil
	case c.SignedIn():
		who := c.caller()
		if err := rc.app.account.check(who, c.Now()); err != nil || rc.each == nil {
			return err
		}
		return rc.each.check(who, c.Now())
	}
	return rc.app.address.checkCall(c)
}
