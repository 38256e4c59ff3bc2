package testkit_test

import (
	"os"
	"path/filepath"
	"testing"

	"tongxing/testkit"
)

func TestPreparedIsFilledOnceAndCopied(t *testing.T) {
	var prepared testkit.Prepared
	fills := 0
	fill := func(dir string) error {
		fills++
		if err := os.Mkdir(filepath.Join(dir, "below"), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "below", "a"), []byte("as made"), 0o600)
	}
	for range 2 {
		file := filepath.Join(prepared.Copy(t, fill), "below", "a")
		if text, err := os.ReadFile(file); err != nil || string(text) != "as made" {
			t.Errorf("%q, %v", text, err)
		}
		if err := os.WriteFile(file, []byte("changed"), 0o600); err != nil { // in its own copy only
			t.Error(err)
		}
	}
	if fills != 1 {
		t.Errorf("filled %d times", fills)
	}
}
