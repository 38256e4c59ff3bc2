package simulator

import "time"

const (
	scopeBase     = "snsapi_base"
	scopeUserInfo = "snsapi_userinfo"
	scopePrivate  = "snsapi_privateinfo" // of WeWork

	refreshLife = 30 * 24 * time.Hour
)

// oauthToken is GET /sns/oauth2/access_token.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func oauthToken(q *request) (any, int) {
	if code := q.credentials(q.query.Get("appid"), q.query.Get("secret")); code != 0 {
		return nil, code
	}
	if q.app.Type != OfficialAccount {
		return nil, 48001
	}
	if q.query.Get("grant_type") != "authorization_code" {
		return nil, 40002
	}
	c, fail := q.redeem(oauthCode, q.query.Get("code"))
	if fail != 0 {
		return nil, fail
	}
	return q.oauthReply(c.person, c.scope, nil), 0
}

// oauthReply returns a person's tokens; an existing refresh token is kept.
func (q *request) oauthReply(person, scope string, refresh *token) map[string]any {
	s, p := q.sim, q.sim.people[person]
	base := token{appID: q.app.AppID, scope: scope, person: person}
	access := base
	access.expires = q.now.Add(tokenLife)
	if refresh == nil {
		again := base
		again.refresh, again.expires = true, q.now.Add(refreshLife)
		refresh = s.newToken(again)
	}
	out := map[string]any{
		"access_token": s.newToken(access).value, "expires_in": 7200, "refresh_token": refresh.value,
		"openid": s.openID(person, q.app.AppID), "scope": scope,
	}
	if p.Snapshot {
		out["is_snapshotuser"] = 1
	}
	if union := s.unionOf(p, q.app); union != "" && scope == scopeUserInfo {
		out["unionid"] = union
	}
	return out
}

// oauthRefresh is GET /sns/oauth2/refresh_token.
func oauthRefresh(q *request) (any, int) {
	q.app = q.sim.apps[q.query.Get("appid")]
	t := q.sim.tokens[q.query.Get("refresh_token")]
	switch {
	case q.app == nil:
		return nil, 40013
	case q.query.Get("grant_type") != "refresh_token":
		return nil, 40002
	case t == nil || !t.refresh || t.appID != q.app.AppID:
		return nil, 40030
	case !q.now.Before(t.expires):
		return nil, 42002
	}
	return q.oauthReply(t.person, t.scope, t), 0
}

// oauthHolder finds the person whose token and openid are in the query.
func (q *request) oauthHolder() (*token, int) {
	t := q.sim.tokens[q.query.Get("access_token")]
	switch {
	case q.query.Get("access_token") == "":
		return nil, 41001
	case t == nil || t.scope == "" || t.refresh || t.revoked:
		return nil, 40001
	case !q.now.Before(t.expires):
		return nil, 42001
	case q.query.Get("openid") != q.sim.openID(t.person, t.appID):
		return nil, 40003
	}
	q.app = q.sim.apps[t.appID]
	return t, 0
}

// oauthUserInfo is GET /sns/userinfo.
func oauthUserInfo(q *request) (any, int) {
	t, fail := q.oauthHolder()
	if fail != 0 {
		return nil, fail
	}
	if t.scope != scopeUserInfo {
		return nil, 48001
	}
	p := q.sim.people[t.person]
	out := map[string]any{
		"openid": q.query.Get("openid"), "nickname": p.Name, "sex": 0, "language": "",
		"city": "", "province": "", "country": "", "headimgurl": "", "privilege": []string{},
	}
	if p.Snapshot {
		out["nickname"], out["is_snapshotuser"] = "微信用户", 1
	}
	if union := q.sim.unionOf(p, q.app); union != "" {
		out["unionid"] = union
	}
	return out, 0
}

// oauthCheck is GET /sns/auth.
func oauthCheck(q *request) (any, int) {
	if _, fail := q.oauthHolder(); fail != 0 {
		return nil, fail
	}
	return ok(nil), 0
}
