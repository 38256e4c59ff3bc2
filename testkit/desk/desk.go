// Package desk runs areas of the console over two estates, with browsers of several accounts, for
// the tests of its pages.
package desk

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
)

// Desk is two estates and the console over them.
type Desk struct {
	Store        *store.Store
	Frame        *frame.Frame
	Cache        web.Cache
	Redis        *miniredis.Miniredis // behind Cache
	Routes       []web.Route
	Address      string
	Mine, Others *estate.Estate
}

// Area returns the routes of the pages under test.
type Area func(f *frame.Frame, cache web.Cache) []web.Route

// parsed are the templates, parsed once and shared by all tests, which never change them.
var parsed = sync.OnceValues(func() (*templates.Renderer, error) { return templates.New(false) })

// New returns a desk with two estates.
func New(t *testing.T, area Area) *Desk {
	t.Helper()
	d := Empty(t, area)
	d.Mine, d.Others = estate.New(t, d.Store, estate.Plan{}), estate.New(t, d.Store, estate.Plan{})
	return d
}

// tokenPath is a page of the desk itself, which contains only a CSRF token.
const tokenPath = "/console/desk"

// Empty returns a desk as after installation: no community, no account.
func Empty(t *testing.T, area Area) *Desk {
	t.Helper()
	s := estate.Store(t, store.Options{})
	renderer, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	behind := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: behind.Addr(), MaxRetries: -1})
	d := &Desk{
		Store: s, Redis: behind, Cache: web.RedisCache(client, s, nil),
		Frame: &frame.Frame{Store: s, Renderer: renderer, PublicURL: "http://10.0.0.5:8080"},
	}
	d.Routes = area(d.Frame, d.Cache)
	app := web.New(web.Options{
		Store: s, Cache: d.Cache, Log: slog.Default(), ErrorPage: d.Frame.ErrorPage,
		Limits: web.Limits{AddressPerMinute: 100000, AccountPerMinute: 100000},
	})
	app.Register(d.Routes...)
	app.Register(web.Route{Method: http.MethodGet, Path: tokenPath, Access: web.SignedIn, Handler: tokenPage})
	server := httptest.NewServer(app)
	d.Address = server.URL
	t.Cleanup(func() {
		server.Close()
		client.Close()
	})
	return d
}

func tokenPage(c *web.Context) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		_, err := io.WriteString(w, `<meta name="csrf-token" content="`+c.CSRF()+`">`)
		return err
	})
}
