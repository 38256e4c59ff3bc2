package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
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
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have already ended
		}
	}()
	status := 0
	if err := cmd.Wait(); err != nil {
		status = 1
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 {
			status = exit.ExitCode()
		}
	}
	for _, found := range append(out.Found(), log.Found()...) {
		fmt.Println("--- FAIL: " + found)
		status = 1
	}
	return status
}
