//go:build unix

package main

import "syscall"

// ownerModes reports whether files have modes that keep other users out.
const ownerModes = true

// privateFiles makes every file this process creates from now on accessible to its owner only.
func privateFiles() { syscall.Umask(0o077) }
