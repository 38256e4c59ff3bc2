package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// exportSite has an export whose rows depend on the path: /export/wait blocks until released,
// /export/endless never ends, /export/panic panics.
func exportSite(t *testing.T, change func(*Options)) (s *site, base string, begun chan struct{}, end chan struct{}) {
	t.Helper()
	s = newSite(t, change)
	begun, end = make(chan struct{}, 9), make(chan struct{})
	s.Register(Route{Method: "GET", Path: "/export/:how", Access: SignedIn, Time: -1, Handler: func(c *Context) error {
		return c.Export(Export{Name: "记录", Of: "a/b", Columns: []string{"x"}}, func(ctx context.Context, add func(...any) error) error {
			begun <- struct{}{}
			switch c.Param("how") {
			case "panic":
				panic("broken")
			case "endless":
				line := strings.Repeat("记录", 5_000)
				for {
					if err := errors.Join(ctx.Err(), add(line, time.Now().UnixNano())); err != nil {
						return err
					}
				}
			}
			<-end
			return nil
		})
	}})
	base, _ = s.start()
	return s, base, begun, end
}

func (s *site) export(base, how string, who *http.Cookie) (status int, answer string) {
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", base+"/export/"+how, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(who)
	r.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body) // a download cut off is expected too
	return response.StatusCode, response.Header.Get("Retry-After") + " " + string(body)
}

// free waits until no export is running.
func (s *site) free() {
	s.t.Helper()
	for {
		s.App.exports.mu.Lock()
		running, each := s.App.exports.running, len(s.App.exports.each)
		s.App.exports.mu.Unlock()
		if running == 0 && each == 0 {
			return
		}
		if s.t.Context().Err() != nil {
			s.t.Fatal("an export keeps its place")
		}
		runtime.Gosched()
	}
}

// An account may run one export at a time and a server two; each releases its slot.
func TestExportsTakePlaces(t *testing.T) {
	s, base, begun, end := exportSite(t, nil)
	one, two, three := s.signedIn(s.account("one")), s.signedIn(s.account("two")), s.signedIn(s.account("three"))
	statuses := make(chan int, 2)
	for _, who := range []*http.Cookie{one, two} {
		go func() {
			status, _ := s.export(base, "wait", who)
			statuses <- status
		}()
		<-begun
	}
	status, answer := s.export(base, "wait", one)
	if status != http.StatusTooManyRequests || !strings.Contains(answer, "您的上一份导出还没有完成") || !strings.HasPrefix(answer, "10 ") {
		t.Errorf("a second of an account: %d %s", status, answer)
	}
	if status, answer := s.export(base, "wait", three); status != http.StatusTooManyRequests || !strings.Contains(answer, "其他人正在导出") {
		t.Errorf("a third of the server: %d %s", status, answer)
	}
	close(end)
	for range 2 {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	s.free()
	if status, _ := s.export(base, "wait", one); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// The slot is released if the caller hangs up or the export panics.
func TestExportsThatBreakGiveTheirPlaceBack(t *testing.T) {
	s, base, begun, _ := exportSite(t, nil)
	who := s.signedIn(s.account("one"))
	s.export(base, "panic", who)
	<-begun
	s.free()
	gone := s.slowExport(base, who)
	<-begun
	gone.Close()
	s.free()
}

// slowExport starts an export whose response is not read.
func (s *site) slowExport(base string, who *http.Cookie) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "GET /export/endless HTTP/1.1\r\nHost: x\r\nCookie: "+who.Name+"="+who.Value+"\r\n\r\n"); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// A client that reads a few bytes at a time does not keep an export open for ever.
func TestExportsEnd(t *testing.T) {
	s, base, begun, _ := exportSite(t, func(o *Options) { o.ExportTime = 200 * time.Millisecond })
	conn := s.slowExport(base, s.signedIn(s.account("one")))
	<-begun
	s.free()
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection: %v", err)
	}
}
