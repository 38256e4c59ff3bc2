// Package templates contains the pages: html/template files, the structs of their shared parts, and
// the built style sheets, scripts and icons.
//
// A page is one file, named by its path without the extension ("console/reader/list"). Its set is
// layout/*.html, partial/*.html, the files of its own folder that start with "_", and the file
// itself; two pages never see each other's blocks. It is executed with one struct, which embeds
// Shell (console) or Phone (phone pages). README.md shows how to write one.
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
	"sync"
	"time"
)

// The prefix all: includes the local parts, whose names begin with "_".
//
//go:embed layout partial all:console all:h5 assets
var embedded embed.FS

// Renderer executes pages. It is safe for concurrent use.
type Renderer struct {
	files  fs.FS
	dev    bool
	zone   *time.Location
	now    func() time.Time // pages say how long ago something was
	assets manifest
	pages  map[string]*page
	icons  sync.Map // markup by name

	demoFront Action
}

// Option configures New.
type Option func(*Renderer)

// WithZone sets the deployment's time zone, in which pages show times. The default is UTC+8,
// China's only time zone.
func WithZone(zone *time.Location) Option { return func(r *Renderer) { r.zone = zone } }

// demoTour is where the banner of the demonstration leads.
var demoTour = Action{Label: "回到导览", URL: "/demo"}

// WithDemoFront sets where the banner of the demonstration leads, instead of to its tour.
func WithDemoFront(front Action) Option { return func(r *Renderer) { r.demoFront = front } }

// New returns a renderer of the embedded pages; each is parsed when it is first executed. In dev, pages
// are read from templates/ below the working directory and parsed at each use, so that an edit shows at
// once. Missing assets are not an error here: see CheckAssets.
func New(dev bool, options ...Option) (*Renderer, error) {
	if dev {
		return newRenderer(os.DirFS("templates"), true, options)
	}
	return newRenderer(embedded, false, options)
}

func newRenderer(files fs.FS, dev bool, options []Option) (*Renderer, error) {
	r := &Renderer{files: files, dev: dev, zone: time.FixedZone("UTC+8", 8*60*60), demoFront: demoTour, now: time.Now}
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
	r.pages = make(map[string]*page, len(names))
	funcs := r.funcs()
	for _, name := range names {
		r.pages[name] = &page{parse: func() (*template.Template, error) { return r.parse(shared, name) }, funcs: funcs}
	}
	return r, nil
}

// Render executes the named page with page as its data and writes it to w. It writes nothing if it
// fails.
func (r *Renderer) Render(w io.Writer, name string, page any) error {
	return r.RenderBlock(w, name, "", page)
}

// RenderBlock executes one named block of a page, for a response that replaces a part of the page
// (htmx, server-sent events). data is the block's own, not necessarily the page's struct. An empty
// block is the whole page.
func (r *Renderer) RenderBlock(w io.Writer, name, block string, data any) error {
	p, err := r.page(name)
	if err != nil {
		return err
	}
	if block == "" {
		block = path.Base(name) + ".html"
	}
	buffer, direct := w.(*bytes.Buffer)
	if !direct {
		buffer = new(bytes.Buffer)
	}
	before := buffer.Len()
	if err := p.execute(buffer, block, data); err != nil {
		buffer.Truncate(before)
		return fmt.Errorf("templates: render %s: %w", name, err)
	}
	if direct {
		return nil
	}
	_, err = buffer.WriteTo(w)
	return err
}

// Pages returns the names of all pages, sorted.
func (r *Renderer) Pages() []string {
	names := make([]string, 0, len(r.pages))
	for name := range r.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *Renderer) page(name string) (*page, error) {
	if r.dev {
		shared, err := r.shared()
		if err != nil {
			return nil, err
		}
		return &page{parse: func() (*template.Template, error) { return r.parse(shared, name) }, funcs: r.funcs()}, nil
	}
	p, ok := r.pages[name]
	if !ok {
		return nil, fmt.Errorf("templates: no page is called %q", name)
	}
	return p, nil
}

// shared parses the common part of every page's set.
func (r *Renderer) shared() (*template.Template, error) {
	set := template.New("").Funcs(r.funcs())
	for _, pattern := range []string{"layout/*.html", "partial/*.html"} {
		if _, err := set.ParseFS(r.files, pattern); err != nil {
			return nil, fmt.Errorf("templates: parse %s: %w", pattern, err)
		}
	}
	return set, nil
}

// parse returns the page's set, starting from shared. The page comes last, so its blocks replace
// defaults of the same name in partials.
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
	return set, r.fold(set)
}

// pageNames returns the pages: every file of console/ and h5/ except the local parts.
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
