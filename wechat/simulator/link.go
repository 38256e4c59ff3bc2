package simulator

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// linkCall is the body of both calls for links.
type linkCall struct {
	Path       string `json:"path"`
	Query      string `json:"query"`
	IsExpire   bool   `json:"is_expire"`
	ExpireType int    `json:"expire_type"`
	ExpireTime int64  `json:"expire_time"`
	Days       int    `json:"expire_interval"`
	Jump       *struct {
		Path  string `json:"path"`
		Query string `json:"query"`
	} `json:"jump_wxa"`
}

// link checks a call for a link to a page, and keeps the link so that a phone can open it.
func (q *request) link(in linkCall, prefix string) (string, int) {
	published := q.app.Pages == nil || in.Path == "" || slices.Contains(q.app.Pages, in.Path)
	expires := time.Unix(in.ExpireTime, 0)
	if in.ExpireType == 1 {
		expires = q.now.Add(time.Duration(in.Days) * 24 * time.Hour)
	}
	switch {
	case q.app.Unpublished:
		return "", 85079
	case strings.HasPrefix(in.Path, "/") || strings.Contains(in.Path, "?") || !published:
		return "", 40165
	case !expires.After(q.now) || expires.After(q.now.Add(30*24*time.Hour+time.Minute)):
		q.detail = "expire_time"
		return "", 40097
	}
	address := prefix + q.sim.text(11)
	page := in.Path
	if in.Query != "" {
		page += "?" + in.Query
	}
	q.sim.keepScene(&scene{appID: q.app.AppID, page: page, created: q.now, expires: expires, mini: true, url: address,
		scene: linkScene(in.Query)})
	return address, 0
}

// linkScene returns the scene in a page's query, for the list of links.
func linkScene(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("scene")
}

// urlLink is POST /wxa/generate_urllink.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/url-link/generateUrlLink.html
func urlLink(q *request) (any, int) {
	var in linkCall
	if !q.bind(&in) {
		return nil, 47001
	}
	address, code := q.link(in, "https://wxaurl.cn/")
	return ok(map[string]any{"url_link": address}), code
}

// scheme is POST /wxa/generatescheme.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/url-scheme/generateScheme.html
func scheme(q *request) (any, int) {
	var in linkCall
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.Jump != nil {
		in.Path, in.Query = in.Jump.Path, in.Jump.Query
	}
	address, code := q.link(in, "weixin://dl/business/?t=")
	return ok(map[string]any{"openlink": address}), code
}
