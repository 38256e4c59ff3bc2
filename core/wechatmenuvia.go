package core

import (
	"net/url"
	"strings"
)

// MenuVia returns a menu of an official account whose buttons lead to the phone pages below publicURL as that account does now
// (PageVia), and the names of those that did not: an account that got communities of its own, or lost them, after its menu
// was made. Buttons that lead elsewhere stay as they are.
func MenuVia(publicURL string, of WechatApp, menu []MenuButton) (mended []MenuButton, stale []string) {
	for _, b := range menu {
		below, names := MenuVia(publicURL, of, b.Sub)
		b.Sub = below
		if now := linkVia(publicURL, of, b.URL); now != b.URL {
			b.URL = now
			names = append([]string{b.Name}, names...)
		}
		mended, stale = append(mended, b), append(stale, names...)
	}
	return mended, stale
}

// linkVia returns the address of a phone page as an official account leads to it; another address stays as it is.
func linkVia(publicURL string, of WechatApp, link string) string {
	path, own := strings.CutPrefix(link, publicURL)
	u, err := url.Parse(path)
	if !own || err != nil || !strings.HasPrefix(path, "/h5/") {
		return link
	}
	query, known := u.Query(), u.Query().Get(ViaParam)
	if known == of.AppID || known == "" && of.Scope.Whole() {
		return link // who is identified by this account is, whatever it serves
	}
	query.Del(ViaParam)
	u.RawQuery = query.Encode()
	return publicURL + of.PageVia(u.String())
}
