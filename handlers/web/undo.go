package web

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An edit is taken back by posting its form as it was before, upon the state that the edit left: the
// same route checks the same permission, refuses if the thing was changed since, and writes its line
// of the audit log. The former form is kept as a draft is, for undoLife, and for its account alone.
const (
	// UndoPath with a key takes an edit back.
	UndoPath = "/console/session/undo"
	// UndoneField marks a form that takes an edit back.
	UndoneField = "undone"

	undoLife = 10 * time.Minute
)

// KeepUndo keeps the form that takes an edit back, and returns where to post to; "" if it cannot be
// kept: the edit stands, and is taken back by hand.
func (c *Context) KeepUndo(path string, fields url.Values) string {
	key, kept := c.sealForm(Draft{Account: c.Account().ID, Path: path, Fields: fields}, undoLife)
	if !kept {
		return ""
	}
	return UndoPath + "/" + key
}

// Undo posts a form that KeepUndo kept to its route, as the caller.
func (c *Context) Undo(key string) error {
	form, err := c.openForm(key, "撤销的时间已过，请自行改回")
	if err != nil {
		return err
	}
	form.Fields.Set(CSRFField, c.CSRF())
	form.Fields.Set(UndoneField, "1")
	body := form.Fields.Encode()
	r := c.r.Clone(c.Ctx())
	if r.URL, err = url.Parse(form.Path); err != nil {
		return err
	}
	r.RequestURI, r.Form, r.PostForm, r.MultipartForm = form.Path, nil, nil, nil
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	c.app.router.ServeHTTP(c.w, r)
	return nil
}

// UndoRoute is the route of UndoPath.
func UndoRoute() Route {
	return Route{
		Method: http.MethodPost, Path: UndoPath + "/:key", Access: SignedIn,
		Handler: func(c *Context) error { return c.Undo(c.Param("key")) },
	}
}
