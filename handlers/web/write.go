package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// minGzip is the size in bytes from which compression is worthwhile.
const minGzip = 1 << 10

// HTML renders a page to memory before sending it, so that a failing template yields a proper error
// page.
func (c *Context) HTML(status int, render func(w io.Writer) error) error {
	page := newBuffer()
	defer keepBuffer(page)
	if err := render(page); err != nil {
		return fmt.Errorf("web: render %s: %w", c.route.Path, err)
	}
	return c.Bytes(status, "text/html; charset=utf-8", page.Bytes())
}

// JSON sends v as JSON.
func (c *Context) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("web: encode %s: %w", c.route.Path, err)
	}
	return c.Bytes(status, "application/json; charset=utf-8", append(body, '\n'))
}

// Bytes sends a complete body. Pages and JSON are compressed if the caller accepts it; a response
// to a reader never is. Unless the header says otherwise, nothing may be cached: pages are for one
// person.
func (c *Context) Bytes(status int, contentType string, body []byte) error {
	h := c.Header()
	h.Set("Content-Type", contentType)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if c.compresses(contentType, len(body)) {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		packed := newBuffer()
		defer keepBuffer(packed)
		compress(packed, body)
		body = packed.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, _ = c.w.Write(body) // a caller who hung up is not an error
	return nil
}

// NoContent sends 204.
func (c *Context) NoContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Context) compresses(contentType string, size int) bool {
	if size < minGzip || c.route.Access.kind == accessDevice || c.Header().Get("Content-Encoding") != "" {
		return false
	}
	if !strings.HasPrefix(contentType, "text/") && !strings.HasPrefix(contentType, "application/json") &&
		!strings.HasPrefix(contentType, "image/svg") {
		return false
	}
	return strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip")
}

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // a known level never fails
	return w
}}

func compress(packed *bytes.Buffer, body []byte) {
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(packed)
	_, _ = w.Write(body) // a bytes.Buffer never fails
	_ = w.Close()
}

// maxKept is the largest buffer that is used again: a long page must not hold its memory for ever.
const maxKept = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func newBuffer() *bytes.Buffer { return buffers.Get().(*bytes.Buffer) }

// keepBuffer lets a buffer be used again: nobody may hold its bytes any more.
func keepBuffer(b *bytes.Buffer) {
	if b.Cap() > maxKept {
		return
	}
	b.Reset()
	buffers.Put(b)
}

// streamWait is the timeout of one write to a stream.
const streamWait = 30 * time.Second

// Download streams a file of any length. The route's Time must be negative. An error after the
// first byte cuts the connection, so that a partial file is not mistaken for a complete one.
func (c *Context) Download(name, contentType string, write func(w io.Writer) error) error {
	return c.download(c.Ctx(), name, contentType, write)
}

// download is Download that ends with ctx, even if the caller is still reading.
func (c *Context) download(ctx context.Context, name, contentType string, write func(w io.Writer) error) error {
	h := c.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition(name))
	h.Set("Cache-Control", "no-store")
	out := &streamWriter{w: c.w, control: http.NewResponseController(c.w)}
	out.last, _ = ctx.Deadline()
	err := write(out)
	if err != nil && out.began {
		if !c.HungUp() {
			c.app.o.Log.Error("download cut short", "path", c.route.Path, "request_id", c.RequestID(), "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		for _, name := range []string{"Content-Type", "Content-Disposition"} {
			h.Del(name)
		}
	}
	return err
}

// disposition returns a Content-Disposition with the file name in ASCII and, per RFC 6266, in
// UTF-8.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\/`, r) {
			return '_'
		}
		return r
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": plain}) + "; filename*=UTF-8''" + url.PathEscape(name)
}

// streamWriter extends the connection's write deadline before each write.
type streamWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    time.Time // when the whole write must be done; zero = no limit
	began   bool
}

func (s *streamWriter) Write(p []byte) (int, error) {
	s.began = true
	deadline := time.Now().Add(streamWait)
	if !s.last.IsZero() && s.last.Before(deadline) {
		deadline = s.last
	}
	_ = s.control.SetWriteDeadline(deadline) // a test recorder has no deadline
	return s.w.Write(p)
}
