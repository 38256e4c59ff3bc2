//go:build unix

package main

import "syscall"

// ownerModes says that files have modes that keep other users out.
const ownerModes = true

// privateFiles makes every file of this process from now on its owner's alone.
func privateFiles() { syscall.Umask(0o077) }
