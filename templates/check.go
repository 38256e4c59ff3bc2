package templates

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TB is the part of testing.TB that CheckAll needs; this package does not import testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// CheckAll is for the tests of handlers: it fails unless every page whose name starts with prefix
// ("console/", "h5/") has a sample, and every sample renders to a page that satisfies the CSP and
// screen readers. A name may have several samples, distinguished by "#": "h5/pass/show#refused".
// The pages of this package itself (error, confirm) need none, and the demo's ("h5/dev/") only where
// prefix names their folder: their structs are not the handlers'.
func CheckAll(t TB, prefix string, samples map[string]any) {
	t.Helper()
	r, err := New(false)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	now := r.now()
	r.now = func() time.Time { return now } // each page is drawn twice
	sampled := map[string]bool{}
	for name, page := range samples {
		file, _, _ := strings.Cut(name, "#")
		sampled[file] = true
		var out, again bytes.Buffer
		if err := r.Render(&out, file, page); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := r.Render(&again, file, page); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Errorf("%s: compiled, it is another page: %v\n%s", name, err, difference(out.String(), again.String()))
		}
		if !r.pages[file].compiled() {
			t.Errorf("%s: cannot be compiled: %v", name, r.pages[file].problem)
		}
		for _, fault := range append(Faults(out.String()), detailFaults(page)...) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	for _, name := range r.Pages() {
		demo := strings.Contains(name, "/dev/") && !strings.Contains(prefix, "/dev/")
		if strings.HasPrefix(name, prefix) && !sampled[name] && !ownPage(name) && !demo {
			t.Errorf("templates/%s.html has no sample: no test executes it", name)
		}
	}
}

// difference returns where two texts begin to differ.
func difference(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	from := max(0, at-60)
	return fmt.Sprintf("%q\n%q", a[from:min(len(a), at+60)], b[from:min(len(b), at+60)])
}

// detailFaults returns what the head of a page with a field Detail has too much of.
func detailFaults(page any) []string {
	value := reflect.ValueOf(page)
	if value.Kind() != reflect.Struct || !value.FieldByName("Detail").IsValid() {
		return nil
	}
	d, ok := value.FieldByName("Detail").Interface().(Detail)
	if !ok {
		return nil
	}
	var faults []string
	if n := len(d.Facts); n > MaxKeyFacts {
		faults = append(faults, fmt.Sprintf("%d key facts", n))
	}
	if n := len(d.Actions) + len(d.Acts); n > MaxHeadButtons {
		faults = append(faults, fmt.Sprintf("%d buttons in the head", n))
	}
	return faults
}

// ownPage reports whether a page's struct is in this package, and tested here.
func ownPage(name string) bool {
	return slices.Contains([]string{"error", "confirm"}, strings.Split(name, "/")[1])
}

// fault is a pattern that must not occur in a page.
type fault struct {
	pattern *regexp.Regexp
	words   string
}

var faults = []fault{
	{regexp.MustCompile(`ZgotmplZ`), "a value was refused as unsafe in its place"},
	{regexp.MustCompile(`<script(?:\s[^>]*)?>[^<]*\S[^<]*</script>`), "an inline script: the content security policy forbids it"},
	{regexp.MustCompile(`<[^>]*\sstyle="`), "an inline style: the content security policy forbids it"},
	{regexp.MustCompile(`<style`), "an inline style sheet: the content security policy forbids it"},
	{regexp.MustCompile(`<[^>]*\son[a-z]+="`), "an inline event handler: the content security policy forbids it"},
	{regexp.MustCompile(`javascript:`), "a javascript: address"},
	{regexp.MustCompile(`%!\w?\(`), "a formatting mistake"},
}

var (
	image     = regexp.MustCompile(`<img\s[^>]*>`)
	idOf      = regexp.MustCompile(`<[^>]*\sid="([^"]*)"`)
	labelFor  = regexp.MustCompile(`<label[^>]*\sfor="([^"]*)"`)
	ariaRefs  = regexp.MustCompile(`\saria-(?:describedby|labelledby|controls)="([^"]*)"`)
	iconRef   = regexp.MustCompile(`href="[^"]*icons[^"]*\.svg#([^"]*)"`)
	headings  = regexp.MustCompile(`<h1[ >]`)
	iconNames = regexp.MustCompile(`(?m)^[a-z0-9-]+`)
)

// Faults returns what is wrong with the HTML of a whole page: what the CSP forbids, broken
// references between elements, images without alternative text, icons that are not in
// assets/icons.txt.
func Faults(html string) []string {
	var found []string
	for _, f := range faults {
		if m := f.pattern.FindString(html); m != "" {
			found = append(found, fmt.Sprintf("%s: %.120s", f.words, m))
		}
	}
	for _, tag := range image.FindAllString(html, -1) {
		if !strings.Contains(tag, " alt=") {
			found = append(found, "a picture without alt: "+tag)
		}
	}
	if n := len(headings.FindAllString(html, -1)); n != 1 {
		found = append(found, fmt.Sprintf("%d main headings (h1), want one", n))
	}
	return append(append(found, references(html)...), icons(html)...)
}

func references(html string) []string {
	var found []string
	ids := map[string]bool{}
	for _, m := range idOf.FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			found = append(found, "two elements have the id "+m[1])
		}
		ids[m[1]] = true
	}
	for _, pattern := range []*regexp.Regexp{labelFor, ariaRefs} {
		for _, m := range pattern.FindAllStringSubmatch(html, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !ids[id] {
					found = append(found, "nothing has the id "+id)
				}
			}
		}
	}
	return found
}

func icons(html string) []string {
	text, err := embedded.ReadFile("assets/icons.txt")
	if err != nil {
		return []string{err.Error()}
	}
	known := iconNames.FindAllString(string(text), -1)
	var found []string
	for _, m := range iconRef.FindAllStringSubmatch(html, -1) {
		if !slices.Contains(known, m[1]) {
			found = append(found, fmt.Sprintf("icon %q is not in assets/icons.txt", m[1]))
		}
	}
	return found
}
