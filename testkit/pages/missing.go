package pages

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var parameter = regexp.MustCompile(`:[a-z]+`)

// Missing gives the pages among routes, lines as in handlers/testdata/routes.golden,
// to which nothing led: nobody looked at them, and perhaps nobody can come there.
// Downloads, pictures, events and the steps of signing in are among them.
func Missing(all []Page, routes string) []string {
	seen := map[string]bool{}
	for _, p := range all {
		if u, err := url.Parse(p.URL); err == nil {
			seen[shape(&url.URL{Path: u.Path})] = true
		}
	}
	var missing []string
	for line := range strings.Lines(routes) {
		path, found := strings.CutPrefix(line, "GET ")
		path, _, _ = strings.Cut(path, " ")
		if !found || !strings.HasPrefix(path, "/console") && !strings.HasPrefix(path, "/h5") {
			continue
		}
		if !seen[parameter.ReplaceAllString(path, "id")] {
			missing = append(missing, path)
		}
	}
	slices.Sort(missing)
	return missing
}
