package web

import (
	"net/url"

	"tongxing/core"
	"tongxing/templates"
)

// The parameters of an address that page through a list by key: the rows behind one, or
// in front of it, in the order of the list.
const (
	afterParam  = templates.AfterParam
	beforeParam = templates.BeforeParam
)

// Page reads which part of a list is asked for. A cursor that is no id was refused
// before the handler (checkQuery).
func (c *Context) Page(limit int) core.Page {
	q := c.r.URL.Query()
	page := core.Page{Limit: limit}
	page.Next, _ = core.ParseID(q.Get(afterParam))
	page.Prev, _ = core.ParseID(q.Get(beforeParam))
	return page
}

// checkCursors refuses an address whose cursors are no ids: it would show the list's
// beginning in place of the part that was asked for.
func checkCursors(q url.Values) error {
	for _, name := range []string{afterParam, beforeParam} {
		if text := q.Get(name); text != "" {
			if _, err := core.ParseID(text); err != nil {
				return errAddress
			}
		}
	}
	return nil
}

// Paged gives a list its pager: rows are those of the page, and id is a row's cursor.
func Paged[T any](list *templates.List, page core.Page, rows []T, more bool, id func(T) core.ID) {
	list.Count = len(rows)
	if len(rows) == 0 {
		if !page.First() { // beyond the end: back to the beginning
			beginning := templates.WithQuery(list.Path, list.Query, afterParam, "", beforeParam, "")
			list.Pager = templates.Pager{Prev: beginning}
		}
		return
	}
	prev, next := page.Neighbours(id(rows[0]), id(rows[len(rows)-1]), more)
	list.Pager = list.Page(cursor(prev), cursor(next))
}

// cursor writes a row's id for an address; "" where there is none.
func cursor(id core.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}
