package web

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"

	"tongxing/core"
	"tongxing/templates"
)

// Search text is personal: a name, a phone number, a house. In a URL it would remain in the history
// of an office's browser, in logs of proxies, and in the Referer of the next page. So a search is
// posted, and the URL contains its text sealed (encrypted) for the caller: the handler reads the
// text, and links contain only the seal (templates.WithQuery). A seal that is damaged or made for
// another caller makes the URL unusable.

// SearchURL returns the URL of the list at path with the values of a posted form as its filters,
// personal text sealed.
func (c *Context) SearchURL(path string, values url.Values) string {
	filters := maps.Clone(values)
	filters.Del(CSRFField)
	return templates.WithQuery(path, c.withSeals(filters))
}

// maxSearch bounds the filters of a list, in bytes of the posted form: its URL must fit into what
// browsers and proxies accept.
const maxSearch = 2 << 10

// CheckSearch returns an Invalid error for filters too long for a URL.
func CheckSearch(values url.Values) error {
	if len(values.Encode()) > maxSearch {
		return core.Invalid("查询条件太长，请缩短后再试")
	}
	return nil
}

// FollowSearch redirects from a posted form of filters to the list at path.
func (c *Context) FollowSearch(path string, values url.Values) error {
	if err := CheckSearch(values); err != nil {
		return err
	}
	return c.Follow(c.SearchURL(path, values))
}

// Follow redirects to a path on this server, also for scripts that request part of a page: Redirect
// makes those load the whole page.
func (c *Context) Follow(path string) error {
	if !localPath(path) {
		path = "/"
	}
	c.Header().Set("Location", path)
	c.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// withSeals returns values with a seal beside each personal text that has none.
func (c *Context) withSeals(values url.Values) url.Values {
	for _, name := range templates.PersonalParams {
		text, seal := values.Get(name), templates.SealParam(name)
		if text != "" && values.Get(seal) == "" {
			sealed := c.app.searches.Seal(nil, nil, []byte(text), []byte(name+c.caller()))
			values.Set(seal, base64.RawURLEncoding.EncodeToString(sealed))
		}
	}
	return values
}

// openSeals sets the personal texts of the request's URL from their seals, and seals those sent
// unsealed, such as from a bookmark, for the links of the page.
func (c *Context) openSeals(values url.Values) error {
	found := false
	for _, name := range templates.PersonalParams {
		seal := values.Get(templates.SealParam(name))
		found = found || seal != "" || values.Get(name) != ""
		if seal == "" {
			continue
		}
		sealed, err := base64.RawURLEncoding.DecodeString(seal)
		if err != nil {
			return errAddress
		}
		text, err := c.app.searches.Open(nil, nil, sealed, []byte(name+c.caller()))
		if err != nil {
			return errAddress
		}
		values.Set(name, string(text))
	}
	if !found {
		return nil
	}
	address := *c.r.URL
	address.RawQuery = c.withSeals(values).Encode()
	c.r = c.r.WithContext(c.r.Context())
	c.r.URL = &address
	return nil
}
