package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tongxing/configs"
)

// lockFile is held by the one server that uses a data folder.
const lockFile = "lock"

// errLocked is returned for a file that another process holds.
var errLocked = errors.New("held by another process")

// lockData keeps a second server away from the embedded database of a data folder: each would have
// its own cache, in which an account that the other has just shut out would still be signed in.
// Commands next to the server (admin, audit verify) do not take the lock. It ends with the process,
// however that ends.
func lockData(c configs.Config) (unlock func(), err error) {
	if c.MySQL.DSN.IsSet() {
		return func() {}, nil
	}
	if err := os.MkdirAll(c.Data.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("数据目录：%w", err)
	}
	file, err := os.OpenFile(filepath.Join(c.Data.Dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("数据目录：%w", err)
	}
	switch err := holdFile(file); {
	case errors.Is(err, errLocked):
		_ = file.Close()
		return nil, fmt.Errorf("数据目录 %s 正被另一个通行程序使用：请先停止它，或换一个数据目录（TONGXING_DATA_DIR）", c.Data.Dir)
	case err != nil:
		_ = file.Close()
		return nil, fmt.Errorf("数据目录：%w", err)
	}
	return func() { _ = file.Close() }, nil
}
