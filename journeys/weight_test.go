package journeys

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/testkit/pages"
)

const (
	maxFirst = 500 << 10 // bytes, compressed: the first page with everything it loads
	maxLater = 60 << 10  // any later page
)

// scale weighs pages as one person's browser loads them: compressed, and immutable files only once.
type scale struct {
	t      *testing.T
	client *http.Client
	kept   map[string]bool
}

func newScale(t *testing.T, address string, enter string) *scale {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := strings.TrimPrefix(address, "http://")
	s := &scale{t: t, kept: map[string]bool{}, client: &http.Client{Jar: jar, Transport: &http.Transport{
		DisableCompression: true, // the scale requests compression itself, and weighs the compressed bytes
		// Browsers know that every name under localhost is this machine; resolvers may not.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server)
		},
	}}}
	if enter != "" {
		s.fetch(http.MethodPost, enter)
	}
	return s
}

func (s *scale) fetch(method, address string) (*http.Response, []byte) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, address, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, body
}

// page returns the bytes of a page and of what it loads that is not cached yet.
func (s *scale) page(address string) (bytes int) {
	s.t.Helper()
	response, body := s.fetch(http.MethodGet, address)
	bytes = len(body)
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		return bytes
	}
	// Request it again uncompressed, to parse it.
	s.client.Transport.(*http.Transport).DisableCompression = false
	page, err := s.client.Get(response.Request.URL.String())
	s.client.Transport.(*http.Transport).DisableCompression = true
	if err != nil {
		s.t.Fatal(err)
	}
	defer page.Body.Close()
	html, err := goquery.NewDocumentFromReader(page.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, part := range loads(html) {
		bytes += s.part(response.Request.URL, part)
	}
	return bytes
}

// loads returns the addresses of what a page loads besides itself, at once or by a script.
func loads(page *goquery.Document) []string {
	var found []string
	for selector, attribute := range map[string]string{
		`link[rel="stylesheet"], link[rel="icon"], link[rel="modulepreload"]`: "href", "script[src]": "src",
		"img[src]": "src", "[data-chart-src]": "data-chart-src",
	} {
		page.Find(selector).Each(func(_ int, e *goquery.Selection) {
			if to := e.AttrOr(attribute, ""); to != "" && !strings.HasPrefix(to, "data:") {
				found = append(found, to)
			}
		})
	}
	return found
}

// part returns the bytes of a part, 0 if the browser has cached it.
func (s *scale) part(page *url.URL, part string) int {
	s.t.Helper()
	at, err := page.Parse(part)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.kept[at.String()] {
		return 0
	}
	response, body := s.fetch(http.MethodGet, at.String())
	if response.StatusCode != http.StatusOK {
		s.t.Errorf("%s loads %s: %d", page, part, response.StatusCode)
	}
	s.kept[at.String()] = strings.Contains(response.Header.Get("Cache-Control"), "immutable")
	return len(body)
}

// No page makes a phone with a weak signal, or an old office computer, wait for its size.
func TestPageWeight(t *testing.T) {
	t.Parallel()
	address := startDemo(t)
	all, err := pages.Of(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	type weight struct {
		name  string
		bytes int
	}
	var later []weight
	for from := 0; from < len(all); {
		group := all[from].Group
		to := from
		for to < len(all) && all[to].Group.Name == group.Name {
			to++
		}
		if s := newScale(t, address, group.Enter(address)); group.Phone || group.Name == "console" || group.Name == "public" {
			first := s.page(all[from].URL)
			t.Logf("first page of %s: %d KB", group.Name, first>>10)
			if first > maxFirst {
				t.Errorf("%s is %d KB at first, want at most %d", all[from].Name, first>>10, maxFirst>>10)
			}
			for _, page := range all[from:to] {
				if len(page.Then) == 0 {
					later = append(later, weight{page.Name, s.page(page.URL)})
				}
			}
		}
		from = to
	}
	slices.SortFunc(later, func(a, b weight) int { return cmp.Compare(b.bytes, a.bytes) })
	for i, w := range later {
		if i < 5 {
			t.Logf("%s: %.1f KB", w.name, float64(w.bytes)/1024)
		}
		if w.bytes > maxLater {
			t.Errorf("%s is %d KB, want at most %d", w.name, w.bytes>>10, maxLater>>10)
		}
	}
	if len(later) < 40 {
		t.Errorf("only %d pages weighed", len(later))
	}
}
