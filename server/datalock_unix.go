//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// holdFile locks the file for as long as it is open, or returns errLocked.
func holdFile(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
