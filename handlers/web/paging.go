package web

import (
	"net/url"

	"tongxing/core"
	"tongxing/templates"
)

// URL parameters for keyset paging: the rows after an id, or before it, in the order of the list.
const (
	afterParam  = templates.AfterParam
	beforeParam = templates.BeforeParam
)

// Page returns which part of a list is requested. Malformed cursors were rejected before the
// handler (checkQuery).
func (c *Context) Page(limit int) core.Page {
	q := c.r.URL.Query()
	page := core.Page{Limit: limit}
	page.Next, _ = core.ParseID(q.Get(afterParam))
	page.Prev, _ = core.ParseID(q.Get(beforeParam))
	return page
}

// CountedPage is Page, and asks for the number of rows of the whole list, for Paged.
func (c *Context) CountedPage(limit int) core.Page {
	page := c.Page(limit)
	page.Total = new(int)
	return page
}

// communityParam filters a page by one community.
const communityParam = "community"

// checkIDs rejects a URL whose cursors or community are not ids, or are repeated: it would show the
// start of the list instead of the requested part, or all communities instead of one.
func checkIDs(q url.Values) error {
	for _, name := range []string{afterParam, beforeParam, communityParam} {
		if len(q[name]) > 1 {
			return errAddress
		}
		if text := q.Get(name); text != "" {
			if _, err := core.ParseID(text); err != nil && (name != communityParam || text != "0") { // 0 = all
				return errAddress
			}
		}
	}
	return nil
}

// Paged sets the pager of a list: rows are those of the page, and id returns a row's cursor.
func Paged[T any](list *templates.List, page core.Page, rows []T, more bool, id func(T) core.ID) {
	list.Count, list.Total = len(rows), len(rows)
	if page.Total != nil {
		list.Total = *page.Total
	}
	if len(rows) == 0 {
		if !page.First() { // past the end: back to the first page
			beginning := templates.WithQuery(list.Path, list.Query, afterParam, "", beforeParam, "")
			list.Pager = templates.Pager{Prev: beginning}
		}
		return
	}
	prev, next := page.Neighbours(id(rows[0]), id(rows[len(rows)-1]), more)
	list.Pager = list.Page(cursor(prev), cursor(next))
}

// cursor formats a row's id for a URL; "" if zero.
func cursor(id core.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}
