package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	svgBody  = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)
	emptyBox = regexp.MustCompile(`\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>`)
)

// sprite builds one file of the icons listed in icons.txt, each a symbol with its name as id.
func sprite() ([]byte, error) {
	names, err := iconNames()
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("node_modules/@tabler/icons/icons/outline", name+".svg"))
		if err != nil {
			return nil, fmt.Errorf("icons.txt: no icon is named %q", name)
		}
		m := svgBody.FindSubmatch(text)
		if m == nil {
			return nil, fmt.Errorf("icon %s: not the form expected", name)
		}
		body := emptyBox.ReplaceAllString(string(m[1]), "")
		fmt.Fprintf(&out, `<symbol id="%s" viewBox="0 0 24 24">%s</symbol>`, name, strings.Join(strings.Fields(body), " "))
	}
	out.WriteString("</svg>\n")
	return []byte(out.String()), nil
}

// iconNames reads icons.txt: a name per line, # for comments.
func iconNames() ([]string, error) {
	f, err := os.Open(filepath.Join(source, "icons.txt"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "#")
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names, lines.Err()
}
