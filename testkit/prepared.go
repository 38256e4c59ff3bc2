package testkit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
)

// Prepared is a folder that takes long to fill: a process fills it once, and each test starts with
// a copy. The zero Prepared is ready for use.
type Prepared struct {
	once  sync.Once
	files fstest.MapFS
	err   error
}

var errNotPrepared = errors.New("a test that failed did not prepare it")

// Copy returns a copy that is removed with the test. fill fills an empty folder and must have
// released it when it returns.
func (p *Prepared) Copy(t testing.TB, fill func(dir string) error) (dir string) {
	t.Helper()
	p.once.Do(func() {
		p.err = errNotPrepared // if fill ends the test
		made := t.TempDir()
		if p.err = fill(made); p.err == nil {
			p.files, p.err = read(made)
		}
	})
	if p.err != nil {
		t.Fatalf("prepare a folder for tests: %v", p.err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, p.files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(dir string) (fstest.MapFS, error) {
	files := fstest.MapFS{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = &fstest.MapFile{Data: data, Mode: 0o600}
		return err
	})
	return files, err
}
