package simulator

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// base is common to all pages.
type base struct {
	Prefix string // in front of every link
	Title  string
	Zone   *time.Location
}

func (s *Simulator) base(title string) base {
	return base{Prefix: s.opt.Prefix, Title: title, Zone: s.opt.Zone}
}

// Clock formats a time of day in the pages' zone.
func (b base) Clock(t time.Time) string { return t.In(b.Zone).Format("15:04") }

// Moment formats a time with seconds.
func (b base) Moment(t time.Time) string { return t.In(b.Zone).Format("01-02 15:04:05") }

var pages = parsePages()

// parsePages parses one template set per page in the folder, each with the layout and the partials.
func parsePages() map[string]*template.Template {
	const layout, partial = "pages/layout.html", "pages/partial.html"
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is fixed
	}
	sets := map[string]*template.Template{}
	for _, file := range files {
		if file == layout || file == partial {
			continue
		}
		sets[strings.TrimSuffix(path.Base(file), ".html")] = template.Must(template.New("layout.html").Funcs(template.FuncMap{
			"initial": initial, "hue": hue, "masked": maskBody, "pair": pairOf,
		}).ParseFS(pageFiles, layout, partial, file))
	}
	return sets
}

// render writes a page, through a buffer so that a broken one is a clean 500.
func (s *Simulator) render(w http.ResponseWriter, status int, name string, view any) {
	s.renderPart(w, status, name, "layout.html", view)
}

func (s *Simulator) renderPart(w http.ResponseWriter, status int, name, part string, view any) {
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, part, view); err != nil {
		http.Error(w, "page", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func assets() http.Handler {
	sub, err := fs.Sub(pageFiles, "pages/assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return http.StripPrefix("/assets/", http.FileServerFS(sub))
}

// initial returns the letter of an avatar.
func initial(name string) string {
	for _, r := range name {
		return string(r)
	}
	return "?"
}

// hue returns an avatar's colour; grey if the person has none.
func hue(color string) string {
	if color == "" {
		return "#8a94a3"
	}
	return color
}

// itemView is what the partial of a menu button needs.
type itemView struct {
	View phoneView
	Item menuItem
}

func pairOf(v phoneView, item menuItem) itemView { return itemView{v, item} }
