// Command assets builds what browsers load: style sheets, scripts and an icon sprite, from
// templates/assets and npm packages to templates/assets/dist.
//
// File names contain a hash of the content, manifest.json maps plain names to them, and each file
// has a gzipped copy beside it. Nothing is done if no input has changed. Run it from the project's
// root, after `npm ci --ignore-scripts`; -force always builds.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	source = "templates/assets"
	output = "templates/assets/dist"
)

// manifest is dist/manifest.json. Inputs is a digest of everything read; Files maps plain names
// ("console.css") to names with a hash.
type manifest struct {
	Inputs string            `json:"inputs"`
	Files  map[string]string `json:"files"`
}

func main() {
	force := flag.Bool("force", false, "build even if nothing has changed")
	flag.Parse()
	if err := run(*force); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func run(force bool) error {
	started := time.Now()
	if _, err := os.Stat("node_modules/@tabler/core"); err != nil {
		return errors.New("npm packages are missing: run `npm ci --ignore-scripts` in the project's root first")
	}
	digest, err := inputs()
	if err != nil {
		return err
	}
	if !force && fresh(digest) {
		return nil
	}
	files, err := build()
	if err != nil {
		return err
	}
	if err := write(files, digest); err != nil {
		return err
	}
	report(files, time.Since(started))
	return nil
}

// fresh reports whether dist was built from these inputs and is complete.
func fresh(digest string) bool {
	text, err := os.ReadFile(filepath.Join(output, "manifest.json"))
	if err != nil {
		return false
	}
	var m manifest
	if json.Unmarshal(text, &m) != nil || m.Inputs != digest {
		return false
	}
	for _, name := range m.Files {
		if _, err := os.Stat(filepath.Join(output, name)); err != nil {
			return false
		}
	}
	return true
}

// write installs the built files, the manifest last, and then removes those of an earlier build: a
// program compiled at the same time finds either build complete.
func write(files []file, digest string) error {
	if err := os.MkdirAll(output, 0o755); err != nil {
		return err
	}
	m := manifest{Inputs: digest, Files: map[string]string{}}
	keep := []string{"manifest.json"}
	for _, f := range files {
		packed, err := compress(f.content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(output, f.hashed), f.content, 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(output, f.hashed+".gz"), packed, 0o644); err != nil {
			return err
		}
		m.Files[f.name] = f.hashed
		keep = append(keep, f.hashed, f.hashed+".gz")
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(output, "manifest.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return removeOthers(keep)
}

func removeOthers(keep []string) error {
	entries, err := os.ReadDir(output)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.Remove(filepath.Join(output, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// compress returns content gzipped, with the same result for the same content.
func compress(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func report(files []file, took time.Duration) {
	for _, f := range files {
		if packed, err := compress(f.content); err == nil && !strings.HasSuffix(f.hashed, ".svg") || f.name == "icons.svg" {
			fmt.Printf("assets: %-14s %4d KB, %3d KB gzip\n", f.name, len(f.content)/1024, len(packed)/1024)
		}
	}
	fmt.Printf("assets: built in %v\n", took.Round(time.Millisecond))
}
