package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"tongxing/configs"
)

// prepareData creates the data folder, or makes sure that only the program's own user can read its
// content: names, houses and the keys that protect the rest. The program's files are made private;
// so is the folder, if nothing else is in it. A folder that anybody may write to is refused: an
// attacker who can replace the keys or the database need not read either.
func prepareData(c configs.Config, log *slog.Logger) error {
	dir := c.Data.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("数据目录：%w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("数据目录：%w", err)
	}
	onlyOurs := true
	for _, entry := range entries {
		if !isDataFile(entry.Name()) {
			onlyOurs = onlyOurs && entry.Name() == verifyFolder
			continue
		}
		if err := makePrivate(filepath.Join(dir, entry.Name()), 0o600, log); err != nil {
			return err
		}
	}
	if onlyOurs {
		return makePrivate(dir, 0o700, log)
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode()&anybodyWrites != 0 {
		return fmt.Errorf("数据目录 %s 任何人都能写入：请换一个专用的目录，或执行 chmod 700 %s", dir, dir)
	}
	return err
}

const (
	notOwner      fs.FileMode = 0o077 // permissions of users other than the owner
	anybodyWrites fs.FileMode = 0o002
)

// isDataFile reports whether name is one of the program's own files: the embedded database with
// SQLite's side files, the keys, the lock.
func isDataFile(name string) bool {
	return name == keyFile || name == lockFile || name == databaseFile || strings.HasPrefix(name, databaseFile+"-")
}

// makePrivate removes other users' permissions from a file or folder, and logs it.
func makePrivate(path string, mode fs.FileMode, log *slog.Logger) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // SQLite has removed it meanwhile
	}
	if err != nil {
		return fmt.Errorf("数据目录：%w", err)
	}
	if !ownerModes || info.Mode().Perm()&notOwner == 0 {
		return nil
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("其他用户可以读取 %s，且无法更改：请以它的所有者执行 chmod %o %s（%w）", path, mode, path, err)
	}
	log.Warn("others could read the data; now only its owner can", "path", path, "was", info.Mode().Perm().String())
	return nil
}
