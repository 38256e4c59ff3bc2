package main

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/configs"
)

// Tests create passwords with very cheap hashes; the program never does.
func TestPasswordsOfTheProgramAreDear(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TONGXING_DATA_DIR", dir)
	c, err := configs.Load(configs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := addAdmin(
		t.Context(), c, newAdmin{login: "zhang", password: strings.NewReader("correct-horse-7\n")},
		&bytes.Buffer{},
	); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "tongxing.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var digest string
	if err := db.QueryRowContext(t.Context(), "SELECT password FROM account").Scan(&digest); err != nil ||
		!strings.HasPrefix(digest, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("digest %.40q, %v", digest, err)
	}
}
