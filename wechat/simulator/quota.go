package simulator

import "time"

// quotaKey is one API of one account.
type quotaKey struct{ appID, path string }

// quota counts the calls of a day.
type quota struct {
	day   string
	used  int
	limit int
}

// defaultQuota is the limit of an API that has none of its own.
const defaultQuota = 100_000

// clearsAMonth is how often an account may clear its quotas.
const clearsAMonth = 10

// clearPath counts the clearings, by month.
const clearPath = "clear"

// SetQuota limits how often an account may call an API a day.
func (s *Simulator) SetQuota(appID, path string, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota(appID, path, s.day()).limit = limit
}

func (s *Simulator) day() string { return s.opt.Now().In(s.opt.Zone).Format(time.DateOnly) }

// quota returns the count of an API on a day, which begins at 0; the caller holds mu.
func (s *Simulator) quota(appID, path, day string) *quota {
	key := quotaKey{appID, path}
	if s.quotas[key] == nil {
		s.quotas[key] = &quota{limit: defaultQuota}
	}
	if s.quotas[key].day != day {
		s.quotas[key].day, s.quotas[key].used = day, 0
	}
	return s.quotas[key]
}

// count counts a call with a token; 45009 if the day's quota is used up. Asking for a quota is free.
func (q *request) count(ep endpoint, path string) int {
	if !ep.token || path == "/cgi-bin/openapi/quota/get" || path == "/cgi-bin/clear_quota" {
		return 0
	}
	n := q.sim.quota(q.app.AppID, path, q.sim.day())
	if n.used >= n.limit {
		return 45009
	}
	n.used++
	return 0
}

// quotaGet is POST /cgi-bin/openapi/quota/get.
// https://developers.weixin.qq.com/doc/offiaccount/openApi/get_api_quota.html
func quotaGet(q *request) (any, int) {
	var in struct {
		Path string `json:"cgi_path"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if _, known := paths[in.Path]; !known {
		return nil, 76003
	}
	n := q.sim.quota(q.app.AppID, in.Path, q.sim.day())
	return ok(map[string]any{"quota": map[string]any{"daily_limit": n.limit, "used": n.used, "remain": n.limit - n.used}}), 0
}

// paths are the APIs that have a quota. endpoints cannot be asked by one of its own.
var paths = map[string]bool{}

func init() {
	for path, ep := range endpoints {
		if ep.token {
			paths[path] = true
		}
	}
}

// clearQuota is POST /cgi-bin/clear_quota.
// https://developers.weixin.qq.com/doc/offiaccount/openApi/clear_quota.html
func clearQuota(q *request) (any, int) {
	var in struct {
		AppID string `json:"appid"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.AppID != q.app.AppID {
		return nil, 40013
	}
	n := q.sim.quota(q.app.AppID, clearPath, q.now.In(q.sim.opt.Zone).Format("2006-01"))
	if n.used >= clearsAMonth {
		return nil, 48006
	}
	n.used++
	for key, other := range q.sim.quotas {
		if key.appID == q.app.AppID && key.path != clearPath {
			other.used = 0
		}
	}
	return ok(nil), 0
}
