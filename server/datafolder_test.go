//go:build unix

package main

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/configs"
)

// folderOf creates a data folder with files, given by name and mode.
func folderOf(t *testing.T, mode fs.FileMode, files map[string]fs.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, mode := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestTheDataFolderIsMadePrivate(t *testing.T) {
	open := map[string]fs.FileMode{"tongxing.db": 0o644, "tongxing.db-wal": 0o644, "tongxing.db-shm": 0o664, "keys": 0o640, "lock": 0o600}
	dir := folderOf(t, 0o755, open)
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, nil))
	c := configs.Config{Data: configs.Data{Dir: dir}}
	if err := prepareData(c, log); err != nil {
		t.Fatal(err)
	}
	if mode := modeOf(t, dir); mode != 0o700 {
		t.Errorf("the folder has mode %o", mode)
	}
	for name := range open {
		if mode := modeOf(t, filepath.Join(dir, name)); mode != 0o600 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
	if n := strings.Count(said.String(), "others could read"); n != 5 {
		t.Errorf("%d words for four files and the folder:\n%s", n, said.String())
	}
	said.Reset()
	if err := prepareData(c, log); err != nil || said.Len() > 0 {
		t.Errorf("again: %v %s", err, said.String())
	}
}

// A folder with something else in it is not ours to close: /srv, or a home folder.
func TestAFolderOfOthersIsLeft(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	dir := folderOf(t, 0o755, map[string]fs.FileMode{"tongxing.db": 0o644, "notes.txt": 0o644})
	if err := prepareData(configs.Config{Data: configs.Data{Dir: dir}}, log); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		dir: 0o755, filepath.Join(dir, "notes.txt"): 0o644, filepath.Join(dir, "tongxing.db"): 0o600,
	} {
		if mode := modeOf(t, path); mode != want {
			t.Errorf("%s has mode %o, want %o", path, mode, want)
		}
	}
	dir = folderOf(t, 0o777, map[string]fs.FileMode{"notes.txt": 0o644})
	if err := prepareData(configs.Config{Data: configs.Data{Dir: dir}}, log); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a folder that anybody may write to: %v", err)
	}
}
