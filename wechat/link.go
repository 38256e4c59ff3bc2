package wechat

import (
	"context"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/miniprogram/urllink"
	"github.com/silenceper/wechat/v2/miniprogram/urlscheme"
)

// linkLife is the longest life of a link.
const linkLife = 30 * 24 * time.Hour

// Link is a page of the mini-program that a browser or an SMS is to open.
type Link struct {
	Page  string        // without a leading slash, and without a query; "" = the front page
	Query string        // at most 1,024 bytes; no personal data
	Life  time.Duration // up to 30 days
}

func (m *MiniProgram) checkLink(api string, l Link) error {
	switch {
	case l.Life < time.Minute || l.Life > linkLife:
		return invalid(api, "a link lives for a minute to 30 days")
	case strings.HasPrefix(l.Page, "/") || strings.Contains(l.Page, "?"):
		return invalid(api, "a page has no leading slash and no query")
	case len(l.Query) > 1024:
		return invalid(api, "a query has at most 1024 bytes")
	}
	return nil
}

// expires returns the Unix second at which a link ends.
func (m *MiniProgram) expires(l Link) int64 { return m.app.client.o.Now().Add(l.Life).Unix() }

// URLLink returns an address of https that opens the mini-program, for SMS and browsers; any number
// of people can use it. The account generates at most 500,000 a day. Codes: 40165 no such page, 85079
// the mini-program is not published, 45009 the quota is used up.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/url-link/generateUrlLink.html
func (m *MiniProgram) URLLink(ctx context.Context, l Link) (string, error) {
	const api = "/wxa/generate_urllink"
	if err := m.checkLink(api, l); err != nil {
		return "", err
	}
	var link string
	err := m.app.do(ctx, func(t *trip) (err error) {
		link, err = urllink.NewURLLink(m.sdk(t)).Generate(&urllink.ULParams{
			Path: l.Page, Query: l.Query, IsExpire: true, ExpireType: urllink.ExpireTypeTime, ExpireTime: m.expires(l),
		})
		return err
	})
	return needed(api, link, err)
}

// Scheme returns an address of weixin:// that opens the mini-program from a page outside of WeChat.
// Limits and codes as for URLLink.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/url-scheme/generateScheme.html
func (m *MiniProgram) Scheme(ctx context.Context, l Link) (string, error) {
	const api = "/wxa/generatescheme"
	if err := m.checkLink(api, l); err != nil {
		return "", err
	}
	var link string
	err := m.app.do(ctx, func(t *trip) (err error) {
		link, err = urlscheme.NewURLScheme(m.sdk(t)).Generate(&urlscheme.USParams{
			JumpWxa:  &urlscheme.JumpWxa{Path: l.Page, Query: l.Query, EnvVersion: urlscheme.EnvVersionRelease},
			IsExpire: true, ExpireType: urlscheme.ExpireTypeTime, ExpireTime: m.expires(l),
		})
		return err
	})
	return needed(api, link, err)
}
