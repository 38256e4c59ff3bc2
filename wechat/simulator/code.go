package simulator

import "time"

type codeKind int

const (
	loginCode codeKind = iota
	phoneCode
	oauthCode
)

// code is a single-use code: 300 seconds, one app, one person.
type code struct {
	kind    codeKind
	appID   string
	person  string
	scope   string
	expires time.Time
	used    bool
}

const codeLife = 300 * time.Second

// MintLoginCode creates a code as wx.login() returns it to the mini-program. It panics if the
// person or the app is unknown.
func (s *Simulator) MintLoginCode(person, appID string) string {
	return s.mint(loginCode, person, appID, "")
}

// MintPhoneCode creates a code as the phone-number button returns it to the mini-program; it is not
// a login code.
func (s *Simulator) MintPhoneCode(person, appID string) string {
	return s.mint(phoneCode, person, appID, "")
}

// MintOAuthCode creates a code as the authorize page returns it, for tests that need no page; scope
// is snsapi_base or snsapi_userinfo.
func (s *Simulator) MintOAuthCode(person, appID, scope string) string {
	return s.mint(oauthCode, person, appID, scope)
}

func (s *Simulator) mint(kind codeKind, person, appID, scope string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people[person] == nil || s.apps[appID] == nil {
		panic("simulator: no such person or app: " + person + ", " + appID)
	}
	value := "0" + s.text(31)
	if kind == phoneCode {
		value = digest("phone", s.text(32))
	}
	s.codes[value] = &code{kind: kind, appID: appID, person: person, scope: scope, expires: s.opt.Now().Add(codeLife)}
	if kind == oauthCode {
		s.lastCode[appID] = value
	}
	return value
}

// redeem spends a code; 0 is success.
func (q *request) redeem(kind codeKind, value string) (*code, int) {
	c := q.sim.codes[value]
	switch {
	case value == "":
		return nil, 41008
	case c == nil || c.kind != kind:
		return nil, 40029
	case kind == phoneCode && c.appID != q.app.AppID:
		return nil, 40013
	case c.appID != q.app.AppID:
		return nil, 40029
	case c.used && kind == phoneCode:
		return nil, 40029
	case c.used:
		return nil, 40163
	case !q.now.Before(c.expires):
		return nil, 40029
	}
	c.used = true
	return c, 0
}
