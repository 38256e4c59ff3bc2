package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// AssetPrefix is the path AssetHandler must be mounted at.
const AssetPrefix = "/assets/"

// ErrNoAssets means that the style sheets and scripts had not been built when the program was:
// pages would be unstyled.
var ErrNoAssets = errors.New("templates: style sheets, scripts and icons are not built into this program: " +
	"run `make assets` (npm ci --ignore-scripts, then go run ./tools/assets) and build it again")

// manifest maps plain asset names to the built files' names.
type manifest struct {
	Files map[string]string `json:"files"`
}

func (m *manifest) read(files fs.FS) error {
	text, err := fs.ReadFile(files, "assets/dist/manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("templates: read asset manifest: %w", err)
	}
	if err := json.Unmarshal(text, m); err != nil {
		return fmt.Errorf("templates: read asset manifest: %w", err)
	}
	return nil
}

// CheckAssets returns ErrNoAssets if the program was built without its assets. A server calls it
// before it starts; tests of handlers need not.
func (r *Renderer) CheckAssets() error {
	if len(r.assets.Files) == 0 {
		return ErrNoAssets
	}
	return nil
}

// built returns the manifest; in dev that of the last build, which may be newer than the program.
func (r *Renderer) built() (manifest, error) {
	if !r.dev {
		return r.assets, nil
	}
	var m manifest
	return m, m.read(r.files)
}

// asset returns the URL of a built file by its plain name ("console.css").
func (r *Renderer) asset(name string) (string, error) {
	assets, err := r.built()
	if err != nil || len(assets.Files) == 0 {
		return AssetPrefix + name, err
	}
	hashed, ok := assets.Files[name]
	if !ok {
		return "", fmt.Errorf("no asset is called %q", name)
	}
	return AssetPrefix + hashed, nil
}

// AssetHandler serves the built files below AssetPrefix, gzipped if the browser accepts it. Their
// names contain a hash of their content, so browsers cache them for a year.
func (r *Renderer) AssetHandler() http.Handler { return http.HandlerFunc(r.serveAsset) }

func (r *Renderer) serveAsset(w http.ResponseWriter, req *http.Request) {
	name := path.Base(req.URL.Path)
	if !r.known(name) {
		http.NotFound(w, req)
		return
	}
	header := w.Header()
	file := "assets/dist/" + name
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
		file += ".gz"
		header.Set("Content-Encoding", "gzip")
	}
	content, err := fs.ReadFile(r.files, file)
	if err != nil {
		header.Del("Content-Encoding")
		http.NotFound(w, req)
		return
	}
	header.Set("Content-Type", contentType(name))
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("X-Content-Type-Options", "nosniff")
	if req.Method != http.MethodHead {
		_, _ = w.Write(content) // the browser has disconnected: there is nobody to tell
	}
}

// known reports whether the manifest lists a file. Other files in the folder are not served.
func (r *Renderer) known(name string) bool {
	assets, err := r.built()
	if err != nil {
		return false
	}
	for _, hashed := range assets.Files {
		if hashed == name {
			return true
		}
	}
	return false
}

// contentType does not use the system's MIME table, which may lack types.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}
