package desk

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/templates"
)

// HostileCell is a name that spreadsheets must not evaluate.
const HostileCell = `=HYPERLINK("http://x","点我")`

// Rows returns the number of rows of a list.
func Rows(page *goquery.Document) int { return page.Find("tbody tr").Length() }

// PagerLink returns the URL of a pager link; "" if there is none.
func PagerLink(page *goquery.Document, rel string) string {
	return page.Find(`.tx-pager a[rel="`+rel+`"]`).AttrOr("href", "")
}

// Hostile is typed into every text field and must be shown unchanged.
const Hostile = `<img src=x onerror=alert(1)>'); DROP TABLE house; --`

// Literally fails unless the page shows the text as text, and not as elements.
func Literally(t *testing.T, page *goquery.Document, text string) {
	t.Helper()
	if !strings.Contains(page.Find("main").Text(), text) {
		t.Errorf("the page does not show %q", text)
	}
	if page.Find("main img[src=x]").Length() != 0 {
		t.Error("the page believed what was typed")
	}
}

// WrongField fails unless the form marks the field as invalid and focuses its input.
func WrongField(t *testing.T, page *goquery.Document, field string) {
	t.Helper()
	if page.Find("#f-"+field+"-error").Text() == "" {
		t.Errorf("no message at %s", field)
	}
	// Browsers focus the first element with autofocus; without scripts nothing corrects that.
	if first := page.Find("main [autofocus]").First(); first.Length() == 1 && first.Closest(".tx-wrong").Length() == 0 {
		t.Errorf("%s is wrong, but the page begins at %s", field, first.AttrOr("name", ""))
	}
}

// InputValue returns the value of a field of the page.
func InputValue(page *goquery.Document, name string) string {
	field := page.Find(`main form [name="` + name + `"]`).Last()
	if field.Is("select") {
		field = field.Find("option[selected]")
	}
	return field.AttrOr("value", "")
}

// ConfirmedForm returns the form of a confirmed act.
func ConfirmedForm() url.Values { return url.Values{"confirmed": {"1"}} }

// Fact returns the value beside a label, without its copy button.
func Fact(page *goquery.Document, label string) string {
	value := ""
	page.Find(".tx-facts > div").Each(func(_ int, s *goquery.Selection) {
		if s.Find("dt").Text() == label {
			dd := s.Find("dd").Clone()
			dd.Find("button").Remove()
			value = strings.TrimSpace(dd.Text())
		}
	})
	return value
}

// Now is the time of the samples.
var Now = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

// SampleShell returns the shell of a sample.
func SampleShell(title string) templates.Shell {
	return templates.Shell{Title: title, CSRF: "token", Crumbs: []templates.Crumb{{Label: "列表", URL: "/x"}}}
}

// WithConfirmed returns the form with the confirmation added.
func WithConfirmed(form url.Values) url.Values {
	form.Set("confirmed", "1")
	return form
}

// FilledIn returns the values that a page's form would submit.
func FilledIn(page *goquery.Document) url.Values {
	values := url.Values{}
	page.Find("main form.tx-form").First().Find("input[name], select[name], textarea[name]").Each(func(_ int, field *goquery.Selection) {
		name, value := field.AttrOr("name", ""), field.AttrOr("value", "")
		_, checked := field.Attr("checked")
		switch kind := field.AttrOr("type", ""); {
		case goquery.NodeName(field) == "select":
			value = field.Find("option[selected]").AttrOr("value", "")
		case goquery.NodeName(field) == "textarea":
			value = field.Text()
		case (kind == "checkbox" || kind == "radio") && !checked:
			return
		}
		values.Add(name, value)
	})
	return values
}
