// Package servers starts private MariaDB and Redis servers for tests and benchmarks: Debian's
// packages, on loopback, each with its own folder, port and password. A server never outlives the
// process that started it, however that process ends.
package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"tongxing/secret"
)

// ErrMissing means that a server's program is not installed.
var ErrMissing = errors.New("not installed")

// readyTime is the timeout for a server's first reply; even ten seconds occur only on a busy
// machine.
const readyTime = 60 * time.Second

// process is a running child process.
type process struct {
	cmd    *exec.Cmd
	output *tail
	ended  chan struct{} // closed once the child is reaped
}

// start runs cmd so that the kernel kills it when this process ends.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, output: &tail{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.SysProcAttr = dieWithParent()
	// The child must not keep our pipes open after it ends.
	cmd.WaitDelay = time.Second
	if err := starter(cmd); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // only that it ended matters, not how
		close(p.ended)
	}()
	return p, nil
}

// end sends sig and waits for the end; after ten seconds it kills the process.
func (p *process) end(sig syscall.Signal) {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig) // an error means that it has already ended
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// awaitReady calls ask until it succeeds, the process ends, or readyTime is over.
func (p *process) awaitReady(ask func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it was ready:\n%s", filepath.Base(p.cmd.Path), p.output)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s (%w):\n%s", filepath.Base(p.cmd.Path), readyTime, err, p.output)
		case <-pause.C:
		}
	}
}

// tail keeps the last few kilobytes of a server's output, to show if it fails.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxTail = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - maxTail; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// freePort returns a port that is free at this moment. Another process may take it before our
// server does; callers then retry.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// password returns a password, which ensures that we never talk to a server that another process
// started on the port we chose.
func password() string { return secret.Hex(12) }

// find looks for a program in PATH and where Debian installs servers.
func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		for _, folder := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/bin"} {
			path := filepath.Join(folder, name)
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s: %w", strings.Join(names, " or "), ErrMissing)
}

const (
	memory = "/dev/shm"
	room   = 2 << 30 // bytes; a whole run of the tests uses less than half of it at a time
)

// MemoryFolder returns a new folder whose files stay in memory, where flushing them costs nothing:
// databases of tests spend most of their time on that. It returns "" if there is no such place with
// enough room.
func MemoryFolder() string {
	var place syscall.Statfs_t
	if err := syscall.Statfs(memory, &place); err != nil || uint64(place.Bavail)*uint64(place.Bsize) < room {
		return ""
	}
	sweep(os.TempDir()) // later processes use this folder
	dir, err := folderIn(memory, "all")
	if err != nil {
		return ""
	}
	return dir
}

const folderPrefix = "tongxing-test-"

// folder returns a new folder of this process, and removes those of processes that ended without
// removing theirs.
func folder(kind string) (string, error) { return folderIn(os.TempDir(), kind) }

func folderIn(base, kind string) (string, error) {
	sweep(base)
	return os.MkdirTemp(base, fmt.Sprintf("%s%d-%s-", folderPrefix, os.Getpid(), kind))
}

func sweep(base string) {
	left, _ := filepath.Glob(filepath.Join(base, folderPrefix+"*"))
	for _, path := range left {
		text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), folderPrefix), "-")
		pid, err := strconv.Atoi(text)
		if err != nil || pid <= 0 {
			continue
		}
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(path) // another process may be removing it too
		}
	}
}
