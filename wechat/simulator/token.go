package simulator

import (
	"slices"
	"time"
)

// token is an access token of an app, or, with a scope, of a person who passed the
// OAuth page.
type token struct {
	value   string
	appID   string
	stable  bool
	expires time.Time
	revoked bool

	// OAuth only.
	scope   string
	person  string
	refresh bool
}

// forcedRefresh limits force_refresh: 20 times a day, 30 seconds apart.
type forcedRefresh struct {
	day   string
	count int
	last  time.Time
}

const tokenLife = 7200 * time.Second

// ExpireTokens expires every token of an app now, so that calls answer 42001; an empty id means
// every app.
func (s *Simulator) ExpireTokens(appID string) {
	now := s.opt.Now()
	s.eachToken(appID, func(t *token) { t.expires = now })
}

// RevokeTokens makes every token of an app unknown, so that calls answer 40001; an
// empty id means every app.
func (s *Simulator) RevokeTokens(appID string) {
	s.eachToken(appID, func(t *token) { t.revoked = true })
}

func (s *Simulator) eachToken(appID string, change func(*token)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.scope == "" && (appID == "" || t.appID == appID) {
			change(t)
		}
	}
}

func (s *Simulator) newToken(t token) *token {
	t.value = "71_" + s.text(133)
	s.tokens[t.value] = &t
	return &t
}

// plainToken is GET /cgi-bin/token: a new token invalidates the previous one.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html
func plainToken(q *request) (any, int) {
	if q.query.Get("grant_type") != "client_credential" {
		return nil, 40002
	}
	if code := q.credentials(q.query.Get("appid"), q.query.Get("secret")); code != 0 {
		return nil, code
	}
	if code := q.checkIP(); code != 0 {
		return nil, code
	}
	for _, t := range q.sim.tokens {
		if t.appID == q.app.AppID && t.scope == "" && !t.stable {
			t.revoked = true
		}
	}
	t := q.sim.newToken(token{appID: q.app.AppID, expires: q.now.Add(tokenLife)})
	return map[string]any{"access_token": t.value, "expires_in": 7200}, 0
}

// stableToken is POST /cgi-bin/stable_token: the same token until its last five
// minutes, whatever /cgi-bin/token does.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
func stableToken(q *request) (any, int) {
	var in struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.GrantType != "client_credential" {
		return nil, 40002
	}
	if code := q.credentials(in.AppID, in.Secret); code != 0 {
		return nil, code
	}
	if code := q.checkIP(); code != 0 {
		return nil, code
	}
	t := q.currentStable()
	if t != nil && in.Force {
		switch q.forceRefresh() {
		case refreshSpent:
			return nil, 45009
		case refreshNow:
			t.revoked = true
			t = nil
		}
	}
	if t == nil || t.expires.Sub(q.now) <= 5*time.Minute {
		t = q.sim.newToken(token{appID: q.app.AppID, stable: true, expires: q.now.Add(tokenLife)})
	}
	return map[string]any{"access_token": t.value, "expires_in": int(t.expires.Sub(q.now) / time.Second)}, 0
}

// currentStable returns the youngest live stable token of the app, or nil.
func (q *request) currentStable() *token {
	var found []*token
	for _, t := range q.sim.tokens {
		if t.appID == q.app.AppID && t.stable && t.scope == "" && !t.revoked && q.now.Before(t.expires) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return slices.MaxFunc(found, func(a, b *token) int { return a.expires.Compare(b.expires) })
}

type refreshVerdict int

const (
	refreshNow refreshVerdict = iota
	refreshTooSoon
	refreshSpent
)

func (q *request) forceRefresh() refreshVerdict {
	day := q.now.In(q.sim.opt.Zone).Format(time.DateOnly)
	f := q.sim.forced[q.app.AppID]
	if f == nil || f.day != day {
		f = &forcedRefresh{day: day}
		q.sim.forced[q.app.AppID] = f
	}
	switch {
	case q.now.Sub(f.last) < 30*time.Second:
		return refreshTooSoon
	case f.count >= 20:
		return refreshSpent
	}
	f.count++
	f.last = q.now
	return refreshNow
}

// jsTicket is GET /cgi-bin/ticket/getticket.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
func jsTicket(q *request) (any, int) {
	if q.query.Get("type") != "jsapi" {
		return nil, 40097
	}
	return ok(map[string]any{"ticket": jsTicketOf(q.app.AppID), "expires_in": 7200}), 0
}
