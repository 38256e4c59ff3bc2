package servers

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// dieWithParent has the kernel kill the child when its parent thread ends, which covers a panic, a
// test timeout and a killed test process.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

type startRequest struct {
	cmd *exec.Cmd
	err chan error
}

// startRequests feeds the one thread that starts children. The kernel ties a child to the thread
// that started it, so that thread must live as long as the process.
var startRequests = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go func() {
		runtime.LockOSThread()
		for r := range requests {
			r.err <- r.cmd.Start()
		}
	}()
	return requests
})

func starter(cmd *exec.Cmd) error {
	r := startRequest{cmd: cmd, err: make(chan error, 1)}
	startRequests() <- r
	return <-r.err
}
