// Package templates holds the pages: html/template files, the typed structs that
// the shared parts of a page are made of, and the built style sheets, scripts and
// icons they load.
//
// A page is one file, named by its path without the ending ("console/reader/list").
// Its set is layout/*.html, partial/*.html, the files of its own folder that start
// with "_", and the file itself; two pages never see each other's blocks. It is
// executed with one struct, which embeds Shell (console) or Phone (phone pages).
// README.md shows how to write one.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// all: takes the local parts too, whose names begin with "_".
//
//go:embed layout partial all:console all:h5 assets
var embedded embed.FS

// Renderer executes pages. It is safe for use by many goroutines.
type Renderer struct {
	files  fs.FS
	dev    bool
	zone   *time.Location
	assets manifest
	pages  map[string]*template.Template
}

// Option changes what New builds.
type Option func(*Renderer)

// WithZone sets the deployment's zone, in which pages show times. Without it,
// times are shown in UTC+8, China's one zone.
func WithZone(zone *time.Location) Option { return func(r *Renderer) { r.zone = zone } }

// New parses every page. In dev, pages are read from templates/ below the working
// directory and parsed anew at each use, so that an edit shows at once; otherwise
// they are the ones built into the program. Missing built assets are no error
// here: see CheckAssets.
func New(dev bool, options ...Option) (*Renderer, error) {
	if dev {
		return newRenderer(os.DirFS("templates"), true, options)
	}
	return newRenderer(embedded, false, options)
}

func newRenderer(files fs.FS, dev bool, options []Option) (*Renderer, error) {
	r := &Renderer{files: files, dev: dev, zone: time.FixedZone("UTC+8", 8*60*60)}
	for _, o := range options {
		o(r)
	}
	if err := r.assets.read(r.files); err != nil {
		return nil, err
	}
	names, err := pageNames(r.files)
	if err != nil {
		return nil, fmt.Errorf("templates: list pages: %w", err)
	}
	shared, err := r.shared()
	if err != nil {
		return nil, err
	}
	r.pages = make(map[string]*template.Template, len(names))
	for _, name := range names {
		if r.pages[name], err = r.parse(shared, name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Render executes the page called name with page and writes it to w. Nothing is
// written if it fails.
func (r *Renderer) Render(w io.Writer, name string, page any) error {
	return r.RenderBlock(w, name, "", page)
}

// RenderBlock executes one named block of a page, for a reply that replaces a
// part of what the browser shows (htmx, server-sent events). data is what the
// block takes, which need not be the page's struct. An empty block is the page.
func (r *Renderer) RenderBlock(w io.Writer, name, block string, data any) error {
	set, err := r.set(name)
	if err != nil {
		return err
	}
	if block == "" {
		block = path.Base(name) + ".html"
	}
	var buffer bytes.Buffer
	if err := set.ExecuteTemplate(&buffer, block, data); err != nil {
		return fmt.Errorf("templates: render %s: %w", name, err)
	}
	_, err = buffer.WriteTo(w)
	return err
}

// Pages gives the names of all pages, in order.
func (r *Renderer) Pages() []string {
	names := make([]string, 0, len(r.pages))
	for name := range r.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *Renderer) set(name string) (*template.Template, error) {
	if r.dev {
		shared, err := r.shared()
		if err != nil {
			return nil, err
		}
		return r.parse(shared, name)
	}
	set, ok := r.pages[name]
	if !ok {
		return nil, fmt.Errorf("templates: no page is called %q", name)
	}
	return set, nil
}

// shared reads what every page's set begins with.
func (r *Renderer) shared() (*template.Template, error) {
	set := template.New("").Funcs(r.funcs())
	for _, pattern := range []string{"layout/*.html", "partial/*.html"} {
		if _, err := set.ParseFS(r.files, pattern); err != nil {
			return nil, fmt.Errorf("templates: parse %s: %w", pattern, err)
		}
	}
	return set, nil
}

// parse reads the page's set, of which shared is the beginning. The page comes last,
// so its blocks win over defaults of the same name in partials.
func (r *Renderer) parse(shared *template.Template, name string) (*template.Template, error) {
	set, err := shared.Clone()
	if err != nil {
		return nil, fmt.Errorf("templates: %s: %w", name, err)
	}
	own := []string{name + ".html"}
	if local, err := fs.Glob(r.files, path.Dir(name)+"/_*.html"); err == nil {
		own = append(local, own...)
	}
	if _, err := set.ParseFS(r.files, own...); err != nil {
		return nil, fmt.Errorf("templates: parse %s: %w", name, err)
	}
	return set, nil
}

// pageNames finds the pages: every file of console/ and h5/ but the local parts.
func pageNames(files fs.FS) ([]string, error) {
	var names []string
	for _, root := range []string{"console", "h5"} {
		err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && path.Ext(name) == ".html" && !strings.HasPrefix(d.Name(), "_") {
				names = append(names, strings.TrimSuffix(name, ".html"))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
