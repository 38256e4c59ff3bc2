package pages

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var parameter = regexp.MustCompile(`:[a-z]+`)

// Missing returns the pages among routes, lines as in handlers/testdata/routes.golden, to which no
// link led: nobody looked at them, and perhaps they cannot be reached. Downloads, pictures, events
// and the steps of signing in are included.
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
