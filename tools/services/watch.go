package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"tongxing/testkit/hygiene"
)

// watch runs a test binary, passes its output on, and returns its exit status, or 1 if its log had
// something that must not be in a log.
func watch(args []string) int {
	out, log := &hygiene.Filter{To: os.Stdout}, &hygiene.Filter{To: os.Stderr}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, log
	dieWithParent(cmd)
	// go test interrupts a binary that takes too long, and wants to see where it is.
	status := supervise(cmd, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	for _, found := range append(out.Found(), log.Found()...) {
		fmt.Println("--- FAIL: " + found)
		status = 1
	}
	return status
}
