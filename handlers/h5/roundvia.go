package h5

import (
	"net/url"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
)

// viaCookie keeps on the phone by which account its user was identified last; "" is that of all communities.
const viaCookie = "wechat-via"

// remember keeps by which account this browser's user was identified.
func (r round) remember(c *web.Context) {
	if c.Cookie(viaCookie) != r.via {
		c.SetCookie(viaCookie, r.via, 365*24*time.Hour)
	}
}

// officialOf returns the official account by which WeChat identifies who opens a page, by WeChat's id: the one that
// led there, that of a binding's code, or that of the community which the page is of. "" is that of all communities. Who
// confirms a sign-in on a computer is asked by the account that identified them last, since it may be the one they are bound by.
func (h *H5) officialOf(c *web.Context, page string) (appID string, err error) {
	at, err := url.Parse(page)
	if err != nil {
		return "", nil
	}
	for _, via := range []string{at.Query().Get(core.ViaParam), c.Query(core.ViaParam)} {
		if wechatID(via) {
			return via, nil
		}
	}
	if via := c.Cookie(viaCookie); strings.HasPrefix(at.Path, "/h5/login/") && wechatID(via) {
		return via, nil
	}
	if scene, bind := strings.CutPrefix(at.Path, "/h5/bind/"); bind {
		return h.store.BindTicketApp(c.Ctx(), scene)
	}
	community, err := h.communityOf(c, at.Path)
	if err != nil || community == 0 {
		return "", err
	}
	return h.wechat.OfficialFor(c.Ctx(), core.ScopeOf(community)), nil
}

// communityOf returns the community that a guard's post or an application is of; 0 for other pages.
func (h *H5) communityOf(c *web.Context, path string) (community core.ID, err error) {
	switch parts := strings.Split(strings.TrimPrefix(path, "/h5/"), "/"); {
	case len(parts) < 2:
		return 0, nil
	case parts[0] == "guard":
		if id, wrong := core.ParseID(parts[1]); wrong == nil {
			var post core.GuardPost
			post, err = h.store.GuardPost(c.Ctx(), core.Everywhere, id)
			community = post.Community
		}
	case parts[0] == "review":
		if id, wrong := core.ParseID(parts[1]); wrong == nil {
			var review core.Review
			review, err = h.store.Review(c.Ctx(), core.Everywhere, id)
			community = review.Community
		}
	}
	if core.IsNotFound(err) { // the page says so after the sign-in
		return 0, nil
	}
	return community, err
}

// wechatID reports whether a text has the form of WeChat's id of an account: it is kept in a cookie.
func wechatID(text string) bool {
	return len(text) == 18 && strings.HasPrefix(text, "wx") && strings.Trim(text[2:], "0123456789abcdef") == ""
}
