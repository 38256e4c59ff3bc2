//go:build !linux

package servers

import (
	"os/exec"
	"syscall"
)

// dieWithParent has no equivalent outside Linux: there a killed test process leaves its servers
// running.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func starter(cmd *exec.Cmd) error { return cmd.Start() }
