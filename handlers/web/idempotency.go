package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
)

// A console form that arrives twice within a short time — a double click, or a retry after a lost
// response — takes effect once, and both requests get the same response. Two forms are equal if all
// their values are, including files and the CSRF token, which differs each time a page is rendered:
// the same values from a page rendered again are a new act. Only acts that end in a redirect are
// kept; a rejected form may be resubmitted at once. Without the cache every form takes effect.
const (
	idempotencyLife = 15 * time.Second
	idempotencyWait = 5 * time.Second
	idempotencyPoll = 40 * time.Millisecond
)

// idempotencyDone is the prefix of a finished act's record: its redirect and flash follow.
const idempotencyDone = "done "

// act runs the handler, or repeats the response that the same form got before.
func (rc *routeCall) act(c *Context) error {
	key, ok := rc.idempotencyKey(c)
	if !ok {
		return rc.route.Handler(c)
	}
	cache := rc.app.o.Cache
	for deadline := time.Now().Add(idempotencyWait); ; {
		first, err := cache.Add(c.Ctx(), key, "begun", idempotencyLife)
		if err != nil {
			return rc.route.Handler(c)
		}
		if first {
			return rc.actFirst(c, key)
		}
		answer, ok, err := cache.Get(c.Ctx(), key)
		switch {
		case err != nil:
			return rc.route.Handler(c)
		case ok && strings.HasPrefix(answer, idempotencyDone):
			return c.answerAgain(strings.TrimPrefix(answer, idempotencyDone))
		case time.Now().After(deadline):
			return core.Conflict("正在处理，请稍候再看结果")
		}
		select {
		case <-time.After(idempotencyPoll):
		case <-c.Ctx().Done():
			return c.Ctx().Err()
		}
	}
}

// actFirst runs the handler and records its redirect for later duplicates.
func (rc *routeCall) actFirst(c *Context, key string) (err error) {
	over := false
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Ctx()), time.Second)
		defer cancel()
		to := c.Header().Get("Location") + c.Header().Get("HX-Redirect")
		if !over || err != nil || to == "" {
			_, _, _ = rc.app.o.Cache.Take(ctx, key) // also if the handler panics; otherwise it expires
			return
		}
		_ = rc.app.o.Cache.Set(ctx, key, idempotencyDone+c.flashSet()+" "+to, idempotencyLife) // on failure the next waits in vain
	}()
	err = rc.route.Handler(c)
	over = true
	return err
}

// answerAgain repeats a redirect and its flash.
func (c *Context) answerAgain(kept string) error {
	flash, to, _ := strings.Cut(kept, " ")
	if flash != "" {
		c.setCookie(c.app.cookieName("flash"), flash, flashLife)
	}
	return c.RedirectAway(to)
}

// flashSet returns the flash that this response sets, encoded as in its cookie; "" if none.
func (c *Context) flashSet() string {
	for _, cookie := range (&http.Response{Header: c.Header()}).Cookies() {
		if cookie.Name == c.app.cookieName("flash") && cookie.MaxAge > 0 {
			return cookie.Value
		}
	}
	return ""
}

// idempotencyKey returns the key of a console form; ok is false if the request is not one.
func (rc *routeCall) idempotencyKey(c *Context) (key string, ok bool) {
	if rc.app.o.Cache == nil || c.r.Method != http.MethodPost || rc.route.Reads || rc.route.Time < 0 ||
		c.surface != SurfaceConsole || !c.SignedIn() {
		return "", false
	}
	if err := c.parseForm(); err != nil {
		return "", false
	}
	sum := sha256.New()
	for _, part := range []string{c.who.Session.ID.String(), c.r.URL.RequestURI(), c.r.Header.Get(CSRFHeader), c.r.PostForm.Encode()} {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	if c.r.MultipartForm != nil && sumFiles(sum, c.r.MultipartForm.File) != nil {
		return "", false // the handler reports what is wrong with the files
	}
	return "once:" + hex.EncodeToString(sum.Sum(nil)), true
}

// sumFiles adds the files of a form to the hash: their fields, names and contents.
func sumFiles(sum io.Writer, files map[string][]*multipart.FileHeader) error {
	for _, field := range slices.Sorted(maps.Keys(files)) {
		for _, header := range files[field] {
			// Quoted and with the size, so that different lists of files never hash the same text.
			if _, err := fmt.Fprintf(sum, "%q %q %d ", field, header.Filename, header.Size); err != nil {
				return err
			}
			if err := sumFile(sum, header); err != nil {
				return err
			}
		}
	}
	return nil
}

func sumFile(sum io.Writer, header *multipart.FileHeader) error {
	file, err := header.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(sum, file)
	return err
}
