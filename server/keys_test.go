package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/configs"
	"tongxing/testkit"
)

// startOn opens the store of a data folder as a start does.
func startOn(t *testing.T, dir, dsn string) error {
	t.Helper()
	c := configs.Default()
	c.Data.Dir, c.MySQL.DSN = dir, configs.NewSecret(dsn)
	s, err := openStore(t.Context(), c, slog.New(slog.DiscardHandler), 0)
	if err != nil {
		return err
	}
	return s.Close()
}

// A data folder whose keys are missing is not given new ones: its data would become unreadable.
func TestNoNewKeysForOldData(t *testing.T) {
	dir := t.TempDir()
	if err := startOn(t, dir, ""); err != nil {
		t.Fatal(err)
	}
	keys, aside := filepath.Join(dir, keyFile), filepath.Join(t.TempDir(), keyFile)
	if err := os.Rename(keys, aside); err != nil {
		t.Fatal(err)
	}
	if err := startOn(t, dir, ""); err == nil || !strings.Contains(err.Error(), keys) {
		t.Errorf("without its keys: %v", err)
	}
	if _, err := os.Stat(keys); err == nil {
		t.Fatal("new keys were made")
	}
	if err := makeKeyFile(keys); err != nil {
		t.Fatal(err)
	}
	if err := startOn(t, dir, ""); err == nil || !strings.Contains(err.Error(), "没有启动") {
		t.Errorf("with other keys: %v", err)
	}
	if err := os.Rename(aside, keys); err != nil {
		t.Fatal(err)
	}
	if err := startOn(t, dir, ""); err != nil {
		t.Errorf("with its own again: %v", err)
	}
}

// A second server on the same MySQL database needs the first one's keys, whether it has none or
// generated its own.
func TestAnotherDataFolderOnTheSameDatabase(t *testing.T) {
	dsn := testkit.MariaDB(t)
	first, second := t.TempDir(), t.TempDir()
	if err := startOn(t, first, dsn); err != nil {
		t.Fatal(err)
	}
	if err := startOn(t, second, dsn); err == nil || !strings.Contains(err.Error(), "没有密钥") {
		t.Errorf("without keys: %v", err)
	}
	if made, err := os.ReadDir(second); err != nil || len(made) != 0 {
		t.Errorf("it made %v, %v", made, err)
	}
	text, err := os.ReadFile(filepath.Join(first, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(second, keyFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := startOn(t, second, dsn); err != nil {
		t.Errorf("with the first one's: %v", err)
	}
}
