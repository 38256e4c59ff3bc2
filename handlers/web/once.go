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

// A console form that comes twice within a short while — a double click, an answer
// that got lost and was asked for again — acts once, and both are answered alike.
// Forms are the same by everything in them, their files and their form token among it,
// which is another one each time a page is drawn: the same values from a page drawn anew
// are a new act. Only acts that ended in a redirect are kept; what was refused may
// be sent again at once. Without the cache every form acts.
const (
	onceLife = 15 * time.Second
	onceWait = 5 * time.Second
	oncePoll = 40 * time.Millisecond
)

// onceDone begins what is kept of an act that is over: its redirect, and the flash
// that went with it.
const onceDone = "done "

// act runs the handler, or answers as the same form was answered before.
func (rc *routeCall) act(c *Context) error {
	key, ok := rc.onceKey(c)
	if !ok {
		return rc.route.Handler(c)
	}
	cache := rc.app.o.Cache
	for deadline := time.Now().Add(onceWait); ; {
		first, err := cache.Add(c.Ctx(), key, "begun", onceLife)
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
		case ok && strings.HasPrefix(answer, onceDone):
			return c.answerAgain(strings.TrimPrefix(answer, onceDone))
		case time.Now().After(deadline):
			return core.Conflict("正在处理，请稍候再看结果")
		}
		select {
		case <-time.After(oncePoll):
		case <-c.Ctx().Done():
			return c.Ctx().Err()
		}
	}
}

// actFirst runs the handler and keeps its redirect for those that come after.
func (rc *routeCall) actFirst(c *Context, key string) (err error) {
	over := false
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Ctx()), time.Second)
		defer cancel()
		to := c.Header().Get("Location") + c.Header().Get("HX-Redirect")
		if !over || err != nil || to == "" {
			_, _, _ = rc.app.o.Cache.Take(ctx, key) // also where the handler panics; else it runs out
			return
		}
		_ = rc.app.o.Cache.Set(ctx, key, onceDone+c.flashSet()+" "+to, onceLife) // else the next waits in vain, and is told so
	}()
	err = rc.route.Handler(c)
	over = true
	return err
}

// answerAgain repeats a redirect with its flash.
func (c *Context) answerAgain(kept string) error {
	flash, to, _ := strings.Cut(kept, " ")
	if flash != "" {
		c.setCookie(c.app.cookieName("flash"), flash, flashLife)
	}
	return c.RedirectAway(to)
}

// flashSet is the flash that this answer leaves with the browser, as its cookie
// holds it; "" for none.
func (c *Context) flashSet() string {
	for _, cookie := range (&http.Response{Header: c.Header()}).Cookies() {
		if cookie.Name == c.app.cookieName("flash") && cookie.MaxAge > 0 {
			return cookie.Value
		}
	}
	return ""
}

// onceKey names a form of the console; ok is false for what is none.
func (rc *routeCall) onceKey(c *Context) (key string, ok bool) {
	if rc.app.o.Cache == nil || c.r.Method != http.MethodPost || c.surface != SurfaceConsole || !c.SignedIn() || rc.route.Time < 0 {
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
		return "", false // the handler says what is wrong with them
	}
	return "once:" + hex.EncodeToString(sum.Sum(nil)), true
}

// sumFiles adds the files of a form: their fields, names and contents.
func sumFiles(sum io.Writer, files map[string][]*multipart.FileHeader) error {
	for _, field := range slices.Sorted(maps.Keys(files)) {
		for _, header := range files[field] {
			// Quoted and with the size, so that no two lists of files are one text.
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
