package templates

import (
	"errors"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func built() fstest.MapFS {
	files := pageFiles("{{asset \"a.css\"}}")
	files["assets/dist/manifest.json"] = &fstest.MapFile{Data: []byte(`{"files":{"a.css":"a-1.css","icons.svg":"icons-2.svg"}}`)}
	files["assets/dist/a-1.css"] = &fstest.MapFile{Data: []byte("plain")}
	files["assets/dist/a-1.css.gz"] = &fstest.MapFile{Data: []byte("packed")}
	return files
}

func TestAssetsAreServed(t *testing.T) {
	r, err := newRenderer(built(), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address, accept string
		status          int
		body, encoding  string
	}{
		{"/assets/a-1.css", "", 200, "plain", ""},
		{"/assets/a-1.css", "gzip, br", 200, "packed", "gzip"},
		{"/assets/icons-2.svg", "gzip", 404, "404 page not found\n", ""}, // in the manifest, but missing
		{"/assets/manifest.json", "", 404, "404 page not found\n", ""},
		{"/assets/other.html", "", 404, "404 page not found\n", ""},
		{"/assets/../dist/../icons.txt", "", 404, "404 page not found\n", ""},
	} {
		req := httptest.NewRequest("GET", "/", nil)
		req.URL.Path = c.address
		req.Header.Set("Accept-Encoding", c.accept)
		rec := httptest.NewRecorder()
		r.AssetHandler().ServeHTTP(rec, req)
		if rec.Code != c.status || rec.Body.String() != c.body || rec.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%s (%s): %d %q %q", c.address, c.accept, rec.Code, rec.Body, rec.Header().Get("Content-Encoding"))
		}
		if c.status == 200 && (!strings.Contains(rec.Header().Get("Cache-Control"), "immutable") ||
			rec.Header().Get("Content-Type") != "text/css; charset=utf-8") {
			t.Errorf("%s: headers %v", c.address, rec.Header())
		}
	}
	if _, err := r.asset("b.css"); err == nil {
		t.Error("an asset that was not built has an address")
	}
}

func TestMissingAssetsAreTold(t *testing.T) {
	r, err := newRenderer(pageFiles(""), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.CheckAssets(); !errors.Is(err, ErrNoAssets) || !strings.Contains(err.Error(), "make assets") {
		t.Errorf("got %v", err)
	}
	if r, err = newRenderer(built(), false, nil); err != nil || r.CheckAssets() != nil {
		t.Errorf("built, but %v, %v", err, r.CheckAssets())
	}
}

// TestIconsAreListedOnce also checks that the list is sorted.
func TestIconsAreListedOnce(t *testing.T) {
	text, err := os.ReadFile("assets/icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := iconNames.FindAllString(string(text), -1)
	for i := 1; i < len(names); i++ {
		if names[i-1] >= names[i] {
			t.Errorf("%s stands before %s", names[i-1], names[i])
		}
	}
	for _, tone := range []Tone{Neutral, Info, Good, Warn, Bad} {
		if !contains(names, tone.Icon()) {
			t.Errorf("tone %s has no icon", tone)
		}
	}
	for status, p := range problems {
		if !contains(names, p.icon) {
			t.Errorf("problem %d: no icon %s", status, p.icon)
		}
	}
}

func TestDevSeesTheLastBuild(t *testing.T) {
	files := built()
	r, err := newRenderer(files, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	files["assets/dist/manifest.json"] = &fstest.MapFile{Data: []byte(`{"files":{"a.css":"a-2.css"}}`)}
	files["assets/dist/a-2.css"] = &fstest.MapFile{Data: []byte("new")}
	if got, err := r.asset("a.css"); got != "/assets/a-2.css" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	rec := httptest.NewRecorder()
	r.AssetHandler().ServeHTTP(rec, httptest.NewRequest("GET", "/assets/a-2.css", nil))
	if rec.Body.String() != "new" {
		t.Errorf("served %q", rec.Body)
	}
}
