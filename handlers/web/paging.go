package web

import (
	"net/url"

	"tongxing/core"
	"tongxing/store"
)

// Names of the URL's parameters that page through a list by key: the rows before
// (older than) or after (newer than) one.
const (
	beforeParam = "before"
	afterParam  = "after"
)

// Page reads which part of a list by id is asked for. A malformed id is the
// list's beginning: a stale link must not be an error.
func (c *Context) Page(limit int) store.Page {
	page := store.Page{Limit: limit}
	q := c.r.URL.Query()
	if id, err := core.ParseID(q.Get(beforeParam)); err == nil {
		page.Before = id
	} else if id, err := core.ParseID(q.Get(afterParam)); err == nil {
		page.After = id
	}
	return page
}

// PageLinks are a list's pager: "" where there is nothing further.
type PageLinks struct {
	Newer string
	Older string
}

// Links makes the pager of a newest-first list by id. first and last are the ids
// of the page's rows, 0 for an empty one; more says that further rows lie in the
// direction the page was read in. Filters in the URL stay.
func Links(u *url.URL, page store.Page, first, last core.ID, more bool) PageLinks {
	var links PageLinks
	if first == 0 {
		if page != (store.Page{Limit: page.Limit}) {
			links.Newer = pageLink(u, "", "") // beyond the end: back to the beginning
		}
		return links
	}
	backwards := page.After != 0
	if backwards && more || page.Before != 0 {
		links.Newer = pageLink(u, afterParam, first.String())
	}
	if !backwards && more || backwards {
		links.Older = pageLink(u, beforeParam, last.String())
	}
	return links
}

func pageLink(u *url.URL, param, value string) string {
	q := u.Query()
	q.Del(beforeParam)
	q.Del(afterParam)
	if param != "" {
		q.Set(param, value)
	}
	if encoded := q.Encode(); encoded != "" {
		return u.Path + "?" + encoded
	}
	return u.Path
}
