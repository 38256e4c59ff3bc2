//go:build !linux

package servers

import (
	"os/exec"
	"syscall"
)

// dieWithParent has no counterpart outside Linux: there a killed test process
// leaves its servers behind.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func starter(cmd *exec.Cmd) error { return cmd.Start() }
