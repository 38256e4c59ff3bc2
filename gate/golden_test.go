package gate

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the parsers say into testdata")

// goldenNow is the server's time in golden answers.
var goldenNow = time.Unix(1773692713, 0).UTC()

// golden is one file of testdata: a request as sent over the wire, and the expected outcome.
type golden struct {
	path             string
	request          string
	scan, open, deny string // scan "refused": not a reader's request
}

// query returns the request line's query and the body.
func (g golden) parts(t *testing.T) (query, body string) {
	t.Helper()
	head, body, ok := strings.Cut(g.request, "\n\n")
	line, _, _ := strings.Cut(head, "\n")
	target, isHTTP := strings.CutSuffix(strings.TrimSpace(line), " HTTP/1.1")
	if !ok && !strings.HasPrefix(line, "GET ") || !isHTTP {
		t.Fatalf("%s: not an HTTP request", g.path)
	}
	_, query, _ = strings.Cut(target, "?")
	return query, body
}

func goldens(t *testing.T, protocol string) []golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", protocol, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files of %s: %v", protocol, err)
	}
	files := make([]golden, len(paths))
	for i, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = readGolden(path, string(b))
	}
	return files
}

func readGolden(path, text string) golden {
	g := golden{path: path}
	text, g.deny, _ = strings.Cut(text, "\n-- deny --\n")
	text, g.open, _ = strings.Cut(text, "\n-- open --\n")
	g.request, g.scan, _ = strings.Cut(text, "\n-- scan --\n")
	g.deny = strings.TrimSuffix(g.deny, "\n")
	return g
}

// check compares the outcome with the file, or writes the file.
func (g golden) check(t *testing.T, scan any, err error, open, deny []byte) {
	t.Helper()
	got := golden{path: g.path, request: g.request, scan: "refused", open: string(open), deny: string(deny)}
	if err == nil {
		b, err := json.Marshal(scan)
		if err != nil {
			t.Fatal(err)
		}
		got.scan = string(b)
	}
	if *update {
		text := got.request + "\n-- scan --\n" + got.scan + "\n-- open --\n" + got.open + "\n-- deny --\n" + got.deny + "\n"
		if err := os.WriteFile(g.path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != g {
		t.Errorf(
			"%s:\nscan %s\nopen %s\ndeny %s\nwant\nscan %s\nopen %s\ndeny %s", g.path, got.scan, got.open,
			got.deny, g.scan, g.open, g.deny,
		)
	}
}

func TestGoldenVguang(t *testing.T) {
	for _, g := range goldens(t, "vguang") {
		_, body := g.parts(t)
		scan, err := ParseVguang([]byte(body))
		g.check(t, scan, err, VguangAnswer(true, ""), VguangAnswer(false, ""))
	}
}

func TestGoldenMcardsea(t *testing.T) {
	for _, g := range goldens(t, "mcardsea") {
		query, body := g.parts(t)
		if body != "" {
			query = body
		}
		scan, err := ParseMcardsea(query)
		g.check(t, scan, err, McardseaAnswer(scan, true, goldenNow), McardseaAnswer(scan, false, goldenNow))
	}
}
