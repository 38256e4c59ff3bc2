//go:build !linux

package main

import "os/exec"

// dieWithParent has no equivalent outside Linux.
func dieWithParent(*exec.Cmd) {}
