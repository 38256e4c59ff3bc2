package h5

import (
	"net/http"
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
)

// scanner signs the guard's page for WeChat's JS-SDK, or for that of WeWork if the guard came from there. The page does not wait for
// it: there are other ways to scan.
func (h *H5) scanner(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	at := "/h5/guard/" + post.ID.String()
	return h.signPage(c, Signer{c.Staff().Corp, post.Community}, at, at+"/look")
}

// signPage signs one of a few pages for the JS-SDK. The page sends its own URL, which only the phone knows exactly; one of another
// site is not signed.
func (h *H5) signPage(c *web.Context, by Signer, paths ...string) error {
	page, err := url.Parse(c.Query("page"))
	if err != nil || !slices.Contains(paths, page.Path) || !h.ownOrigin(c, page) {
		return core.Invalid("不是本站的页面")
	}
	config, err := h.wechat.PageConfig(c.Ctx(), c.Query("page"), by)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, config)
}

// ownOrigin reports whether a URL is on this site, as configured. The request's Host can be chosen
// by anybody; only the demonstration has many names.
func (h *H5) ownOrigin(c *web.Context, page *url.URL) bool {
	return (page.Scheme == "https" || page.Scheme == "http") && page.User == nil &&
		(page.Scheme+"://"+page.Host == h.publicURL || h.demo && page.Host == c.Request().Host)
}
