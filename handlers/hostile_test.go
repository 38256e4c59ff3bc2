package handlers_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
)

// hostileTexts are short enough for most fields, so that some are stored and shown.
var hostileTexts = []string{
	`<img src=x onerror=a()>`,
	`'"><script>a()</script>`,
	`'); DROP TABLE house; --`,
}

// raw are the beginnings of elements that none of our pages contains.
var raw = []string{"<img src=x", "<script>a()"}

// TestHostileTextInEveryField fills every text field of every form on every page with SQL and HTML:
// nothing fails, nothing is rendered as markup, and all tables are still there afterwards.
func TestHostileTextInEveryField(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	fields, shown := 0, 0
	for _, by := range []caller{
		w.account(t, "admin", w.mine, core.RoleAdmin), w.person(t, "guard", w.mine, web.Guard),
		w.person(t, "observer", w.mine, web.Observer),
	} {
		for _, text := range hostileTexts {
			for _, page := range w.pages(t, by, target.subject) {
				for _, form := range page.forms(text) {
					fields += form.fields
					answer := w.send(t, by, form)
					if answer.Code >= 500 {
						t.Errorf("%s %s with %q: %d", form.method, form.action, text, answer.Code)
					}
					clean(t, form.method+" "+form.action, answer.Body.String())
				}
			}
		}
		for _, page := range w.pages(t, by, target.subject) {
			shown += strings.Count(page.doc.Text(), hostileTexts[len(hostileTexts)-1]) // the last one that was stored
		}
	}
	if fields < 300 || shown < 10 {
		t.Errorf("only %d fields filled, texts shown %d times: not looking in the right place", fields, shown)
	}
}

// clean fails if a page rendered a text as markup.
func clean(t *testing.T, what, page string) {
	t.Helper()
	for _, r := range raw {
		if strings.Contains(page, r) {
			t.Errorf("%s shows %q raw", what, r)
		}
	}
}

// shownPage is a page and the caller who was shown it.
type shownPage struct {
	path string
	code int
	doc  *goquery.Document
}

// pages requests every page that by may see.
func (w *town) pages(t *testing.T, by caller, account core.ID) []shownPage {
	t.Helper()
	var pages []shownPage
	for _, r := range w.app.Routes() {
		if unsigned(r) || r.Method != http.MethodGet || r.Time < 0 || !by.may(r.Access) || strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		path, _ := w.address(t, r, w.mine, account)
		answer := w.send(t, by, filled{method: http.MethodGet, action: path})
		if answer.Code >= 500 {
			t.Errorf("GET %s: %d", path, answer.Code)
		}
		if !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			continue
		}
		clean(t, "GET "+path, answer.Body.String())
		doc, err := goquery.NewDocumentFromReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, shownPage{path, answer.Code, doc})
	}
	return pages
}

// filled is a form ready to be sent.
type filled struct {
	method, action string
	values         url.Values
	fields         int // fields with the hostile text
}

// forms fills the page's forms with text: all typed fields at once, and each of them alone, so that
// a form whose other fields are valid stores it.
func (p shownPage) forms(text string) []filled {
	var forms []filled
	p.doc.Find("form").Each(func(_ int, f *goquery.Selection) {
		form, typed := read(f)
		if form.action == "" {
			form.action = p.path
		}
		if len(typed) == 0 || strings.Contains(form.action, "/session") {
			return
		}
		all := form
		all.values, all.fields = maps.Clone(form.values), len(typed)
		for _, name := range typed {
			one := form
			one.values, one.fields = maps.Clone(form.values), 1
			one.values.Set(name, text)
			all.values.Set(name, text)
			forms = append(forms, one)
		}
		forms = append(forms, all)
	})
	return forms
}

// read returns a form with its values on the page, and the names of the fields that accept typing.
func read(f *goquery.Selection) (form filled, typed []string) {
	form = filled{method: strings.ToUpper(f.AttrOr("method", "get")), action: f.AttrOr("action", ""), values: url.Values{}}
	f.Find("input[name], textarea[name], select[name]").Each(func(_ int, field *goquery.Selection) {
		name, value := field.AttrOr("name", ""), field.AttrOr("value", "")
		kind := field.AttrOr("type", "text")
		switch goquery.NodeName(field) {
		case "textarea":
			value = field.Text()
		case "select":
			kind, value = "select", field.Find("option[selected]").AttrOr("value", field.Find("option").First().AttrOr("value", ""))
		}
		switch _, on := field.Attr("checked"); kind {
		case "checkbox", "radio":
			if !on {
				return
			}
		case "text", "search", "tel":
			typed = append(typed, name)
		}
		form.values.Add(name, value)
	})
	return form, typed
}

// send sends one request by a caller, in a new session.
func (w *town) send(t *testing.T, by caller, form filled) *httptest.ResponseRecorder {
	t.Helper()
	path, body := form.action, ""
	if form.method == http.MethodGet && form.values != nil {
		path, _, _ = strings.Cut(path, "?")
		path += "?" + form.values.Encode()
	} else {
		body = form.values.Encode()
	}
	request := httptest.NewRequest(form.method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.signIn(t, request, by)
	answer := httptest.NewRecorder()
	w.app.ServeHTTP(answer, request)
	return answer
}
