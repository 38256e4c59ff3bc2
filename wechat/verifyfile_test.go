package wechat

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A verification file is read as the platform reads it: exactly its content, at its own address.
func TestVerifyFile(t *testing.T) {
	const content = "AbCd1234EfGh5678"
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/right.txt":
			_, _ = w.Write([]byte(content + "\n"))
		case "/page.txt":
			_, _ = w.Write([]byte("<html>" + content))
		case "/moved.txt":
			http.Redirect(w, r, "/right.txt", http.StatusMovedPermanently)
		case "/broken.txt":
			http.Error(w, "x", http.StatusBadGateway)
		case "/half.txt":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("AbCd"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	c := New(Options{})
	if err := c.VerifyFile(t.Context(), site.URL+"/right.txt", content); err != nil {
		t.Errorf("the file itself: %v", err)
	}
	for path, want := range map[string]FileFault{
		"/page.txt": {Status: 200}, "/moved.txt": {Status: 301, To: "/right.txt"}, "/broken.txt": {Status: 502},
		"/half.txt": {Status: 200}, "/none.txt": {Status: 404},
	} {
		err := c.VerifyFile(t.Context(), site.URL+path, content)
		var fault *FileFault
		if !errors.As(err, &fault) || fault.Status != want.Status || fault.To != want.To {
			t.Errorf("%s: %v", path, err)
		}
		if errors.Is(err, ErrOtherFile) != (path == "/page.txt") {
			t.Errorf("%s: another content: %v", path, err)
		}
	}
	address := site.URL
	site.Close()
	if err := c.VerifyFile(t.Context(), address+"/right.txt", content); err == nil || errors.Is(err, ErrOtherFile) {
		t.Errorf("nobody answers: %v", err)
	}
}
