// Package pages finds every page of the running demonstration: it follows the links from the home
// page of each of the demonstration's people. Screenshots and the accessibility test visit all of
// them, so that a new page is covered as soon as it is linked.
package pages

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// Page is one page in one state.
type Page struct {
	Name  string // unique; usable as a file name
	Group Group
	URL   string
	// Then are scripts that lead from page to page: an invalid form, a search and its result. Empty
	// is the page itself.
	Then []string
	// Opens is a script that opens something on the last page, such as a dialog.
	Opens string
}

// Group is the pages of one person in one browser.
type Group struct {
	Name    string
	Phone   bool     // made for phones: nobody sees these pages on a desktop
	host    string   // "" = the demonstration's own address
	enter   string   // what is submitted before the first page, to sign in
	starts  []string // the person's home pages
	through string   // links below this path are followed; "" = none
	links   bool     // whether links are followed at all
}

// Enter returns the URL whose form signs the group's person in, or "".
func (g Group) Enter(address string) string {
	if g.enter == "" {
		return ""
	}
	return address + g.enter
}

// thing is an id that does not exist.
const thing = "1999999999999999999"

var groups = []Group{
	{Name: "public", starts: []string{"/console/session", "/console/setup"}},
	{
		Name: "demo", links: true, through: "/demo",
		starts: []string{"/demo", "/demo/stand/chen-jianguo", "/console/dev/components", "/h5/dev/components"},
	},
	{Name: "simulator", links: true, through: "/sim", starts: []string{"/sim/", "/sim/phone/chen-jianguo"}},
	{Name: "console", links: true, through: "/console", enter: "/demo/admin", starts: []string{
		"/console", "/console/nowhere", "/console/reader/" + thing, "/console/reader/quarantine", "/console/password"}},
	{Name: "father", Phone: true, links: true, through: "/h5", host: "chen-jianguo", starts: []string{
		"/h5/pass", "/h5/nowhere", "/h5/pass/" + thing, "/h5/guard", "/h5/observer", "/h5/phone"}},
	{Name: "mother", Phone: true, links: true, through: "/h5", host: "wang-xiulan", starts: []string{"/h5/pass"}},
	{Name: "guard", Phone: true, links: true, through: "/h5", host: "li-weidong", starts: []string{"/h5/guard"}},
	{Name: "observer", Phone: true, links: true, through: "/h5", host: "zhou-min", starts: []string{"/h5/observer"}},
	{Name: "reviewer", Phone: true, links: true, through: "/h5", host: "he-yawen", starts: []string{
		"/h5/review", "/h5/review/" + thing, "/h5/staff", "/h5/staff/record"}},
	{Name: "applicant", Phone: true, links: true, through: "/h5", host: "sun-lijuan", starts: []string{"/h5/pass"}},
	{Name: "stranger", Phone: true, links: true, through: "/h5", host: "zhao-qiang", starts: []string{"/h5/pass", "/h5/guard"}},
}

// Of returns the pages of the demonstration at address, group by group, sorted by name within each.
func Of(ctx context.Context, address string) ([]Page, error) {
	var all []Page
	for _, g := range groups {
		w, err := newWalk(ctx, address, g)
		if err != nil {
			return nil, err
		}
		if err := w.all(); err != nil {
			return nil, fmt.Errorf("pages of %s: %w", g.Name, err)
		}
		slices.SortFunc(w.found, func(a, b Page) int { return cmp.Compare(a.Name, b.Name) })
		all = append(all, w.found...)
	}
	return all, nil
}

// walk follows one group's links.
type walk struct {
	ctx    context.Context
	group  Group
	base   *url.URL
	client *http.Client
	seen   map[string]bool // by shape
	queue  []string
	found  []Page
}

func newWalk(ctx context.Context, address string, g Group) (*walk, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	server := base.Host
	if g.host != "" {
		base.Host = g.host + ".localhost:" + base.Port()
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	w := &walk{ctx: ctx, group: g, base: base, seen: map[string]bool{}, client: &http.Client{Jar: jar, Timeout: 20 *
		time.Second, Transport: &http.Transport{
		// Browsers resolve every name under localhost to this machine; resolvers may not.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server)
		},
	}}}
	if enter := g.Enter(address); enter != "" {
		if _, _, err := w.fetch(http.MethodPost, enter); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *walk) all() error {
	for _, start := range w.group.starts {
		w.add(start)
	}
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		if err := w.visit(next); err != nil {
			return err
		}
	}
	w.client.CloseIdleConnections()
	return nil
}

var (
	idPart = regexp.MustCompile(`\d{5,}`)
	unfit  = regexp.MustCompile(`[^a-z0-9:]+`)
)

// shape returns what pages of one kind have in common: the path without ids, and the parameters
// that distinguish tabs of one path.
func shape(u *url.URL) string {
	s := idPart.ReplaceAllString(strings.Replace(u.Path, thing, "none", 1), "id")
	for _, key := range []string{"tab", "view"} {
		if v, _, _ := strings.Cut(u.Query().Get(key), "?"); v != "" && !idPart.MatchString(v) {
			s += "/" + v
		}
	}
	return s
}

// add queues a URL to visit, unless one of the same shape was.
func (w *walk) add(link string) {
	u, err := w.base.Parse(link)
	if err != nil || u.Host != w.base.Host || strings.HasSuffix(u.Path, ".xlsx") {
		return
	}
	u.Fragment = ""
	if s := shape(u); !w.seen[s] {
		w.seen[s] = true
		w.queue = append(w.queue, u.String())
	}
}

func (w *walk) visit(address string) error {
	doc, final, err := w.fetch(http.MethodGet, address)
	if err != nil || doc == nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	s := shape(u)
	if led := shape(final); led != s && strings.HasPrefix(final.Path, w.group.through) {
		if w.seen[led] {
			return nil // it only redirects to a page that is visited anyway
		}
		w.seen[led] = true
		final.Fragment = ""
		address = final.String()
	}
	name := w.group.Name + "-" + strings.Trim(unfit.ReplaceAllString(strings.ToLower(s), "-"), "-")
	page := Page{Name: name, Group: w.group, URL: address}
	w.found = append(w.found, page)
	w.states(doc, page)
	if !w.group.links || !strings.HasPrefix(final.Path, w.group.through) {
		return nil
	}
	// From the last: of two accounts the first is the person's own, which has fewer actions.
	links := doc.Find("a[href]")
	for i := range links.Length() {
		link, err := final.Parse(links.Eq(links.Length()-1-i).AttrOr("href", ""))
		if err == nil && strings.HasPrefix(link.Path, w.group.through) {
			w.add(link.String())
		}
	}
	return nil
}

// Scripts that bring a page into its other states.
const (
	sendEmpty = `(form => { for (const field of form.querySelectorAll("input:not([type=hidden]), textarea")) { if ` +
		`(field.type === "checkbox" || field.type === "radio") field.checked = false; else field.value = "" } ` +
		`form.submit() })(document.querySelector("form.tx-form[method=post]"))`
	ask       = `document.querySelector("[data-ask]:not([hidden])").click()`
	findHouse = `document.querySelector("#f-q").value = "1栋1单元101", document.querySelector(".p-search").submit()`
	lookAt    = `document.querySelector(".p-found form").submit()`
	// chooseOther chooses something else in the first list of choices.
	chooseOther = `(list => list.selectedIndex = list.selectedIndex ? 0 : 1)(document.querySelector("form.tx-form select"))`
	askPlain    = `(button => { button.removeAttribute("data-ask"); for (const box of button.form.elements) if ` +
		`(box.type === "checkbox") box.checked = true; button.disabled = false; button.click() })(document.querySelector("[data-ask]"))`
)

// answersOtherwise are pages whose first question is not asked: an empty form has messages instead, and a community with
// readers in use is not archived. The answer is a page, which "confirm" shows.
var answersOtherwise = []string{
	"console-console-restriction-new", "console-console-community", "console-console-community-id-held",
}

// settings are pages whose question is asked only if something was changed.
var settings = []string{"console-console-passrule", "console-console-visitorrule", "console-console-exitrule"}

// states adds the page's other states.
func (w *walk) states(doc *goquery.Document, page Page) {
	state := func(name, opens string, then ...string) {
		w.found = append(w.found, Page{Name: page.Name + "-" + name, Group: page.Group, URL: page.URL, Then: then, Opens: opens})
	}
	if strings.HasPrefix(page.Name, "demo-") {
		return // sample forms and lists, which lead nowhere
	}
	if doc.Find("form.tx-form[method=post] [required]").Length() > 0 {
		state("wrong", "", sendEmpty)
	}
	if doc.Find("[data-ask]").Length() > 0 {
		change := ""
		if slices.Contains(settings, page.Name) {
			change = chooseOther + ", "
		}
		if !slices.Contains(answersOtherwise, page.Name) {
			state("asks", change+ask)
		}
		state("confirm", "", change+askPlain)
	}
	if doc.Find("#list-filters input[name=q]").Length() > 0 {
		state("empty", "", `(search => { search.value = "没有这样的"; search.form.submit() })(document.querySelector("#list-filters [name=q]"))`)
	}
	if doc.Find("form[data-scan]").Length() > 0 {
		state(
			"unknown", "",
			`document.querySelector("#f-text").value = "0-AAAAAAAAAAAAAAAAAAAAAAAAAA", document.querySelector("form[data-scan]").submit()`,
		)
	}
	// What a button creates: a QR code to scan, a secret to write down.
	for name, form := range map[string]string{"qr": "form[action$='/qr']", "totp": "form[action='/console/me/totp']"} {
		if doc.Find(form).Length() == 1 {
			state(name, "", `document.querySelector("`+form+`").submit()`)
		}
	}
	if doc.Find("form.p-search").Length() > 0 {
		state("found", "", findHouse)
		state("look", "", findHouse, lookAt)
		state("done", "", findHouse, lookAt, `document.querySelector("[name=act][value=release]").click()`)
		state("refused", "", findHouse, lookAt, `document.querySelector("[name=act][value=refuse]").click()`)
	}
}

// fetch returns the page at a URL and its final URL after redirects; nil if it is not a page.
func (w *walk) fetch(method, address string) (*goquery.Document, *url.URL, error) {
	request, err := http.NewRequestWithContext(w.ctx, method, address, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Accept", "text/html")
	response, err := w.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError {
		return nil, nil, fmt.Errorf("%s %s: status %d", method, address, response.StatusCode)
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		return nil, response.Request.URL, nil
	}
	doc, err := goquery.NewDocumentFromReader(response.Body)
	return doc, response.Request.URL, err
}
