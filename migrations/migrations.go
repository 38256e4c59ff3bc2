// Package migrations contains the schema as numbered SQL files, the same for every dialect.
// Released files are never changed; new ones are appended. A database made between two releases
// from other files with the same numbers is detected by their names.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Migration is one numbered file, split into its statements.
type Migration struct {
	Version    int
	Name       string // the file's, and the start of its statements' SHA-256: "foundation 3f2a9c01d4e5"
	Statements []string
}

// All returns the migrations in order. Numbers start at 1 without gaps.
func All() ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	all := make([]Migration, 0, len(names))
	for i, file := range names {
		number, name, ok := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != i+1 {
			return nil, fmt.Errorf("migrations: %s: want number %04d", file, i+1)
		}
		text, err := files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		statements := Split(string(text))
		sum := sha256.Sum256([]byte(strings.Join(statements, ";\n")))
		all = append(all, Migration{Version: version, Name: name + " " + hex.EncodeToString(sum[:6]), Statements: statements})
	}
	return all, nil
}

// Split splits SQL text into statements at semicolons that end a line. Comments, from -- to the end
// of the line, are removed; no quoted text in our files contains --.
func Split(text string) []string {
	var statements []string
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "--")
		line = strings.TrimRight(line, " \t\r")
		if line == "" {
			continue
		}
		body, ended := strings.CutSuffix(line, ";")
		b.WriteString(body)
		b.WriteByte('\n')
		if ended {
			statements = append(statements, strings.TrimSpace(b.String()))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		statements = append(statements, rest)
	}
	return statements
}
