package servers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"tongxing/testkit/hygiene"
)

// builtProgram is the product as people run it, built once a process.
var builtProgram = sync.OnceValues(func() (string, error) {
	dir, err := folder("program")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tongxing")
	if out, err := exec.Command("go", "build", "-o", path, "tongxing/server").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return path, nil
})

// Program is a running server of the product, which can be sent signals.
type Program struct {
	cmd   *exec.Cmd
	log   tail
	watch hygiene.Filter // what it logs, on its way to log
	ended chan struct{}  // closed once it is reaped
	err   error          // how it ended; read after ended

	mu   sync.Mutex
	said strings.Builder
	more chan struct{} // closed when it says more
}

// StartProgram builds the product, if this process has not yet, and runs it with arguments and with
// settings ("NAME=value") in addition to this process's environment.
func StartProgram(args []string, settings ...string) (*Program, error) {
	path, err := builtProgram()
	if err != nil {
		return nil, err
	}
	p := &Program{cmd: exec.Command(path, args...), ended: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), settings...)
	p.watch.To = &p.log
	p.cmd.Stderr = &p.watch
	p.cmd.SysProcAttr = dieWithParent()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := starter(p.cmd); err != nil {
		return nil, err
	}
	go p.listen(out)
	return p, nil
}

// listen keeps what the program prints, and reaps it.
func (p *Program) listen(out io.Reader) {
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		p.said.WriteString(line)
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			break
		}
	}
	p.err = p.cmd.Wait()
	close(p.ended)
}

// Await waits until the program has printed a match, and returns it with its groups. It is an error
// if the program ends first, or has not printed it in a minute.
func (p *Program) Await(pattern *regexp.Regexp) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	for over := false; ; {
		p.mu.Lock()
		said, more := p.said.String(), p.more
		p.mu.Unlock()
		if found := pattern.FindStringSubmatch(said); found != nil {
			return found, nil
		}
		if over {
			return nil, fmt.Errorf("the program ended (%v) and printed no %s:\n%s\n%s", p.err, pattern, said, p.Log())
		}
		select {
		case <-more:
		case <-p.ended:
			over = true // one more look: it may have said it last
		case <-ctx.Done():
			return nil, fmt.Errorf("the program printed no %s in %s:\n%s\n%s", pattern, readyTime, said, p.Log())
		}
	}
}

var printedAddress = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// Address waits until the program says where it listens, and returns host:port.
func (p *Program) Address() (string, error) {
	found, err := p.Await(printedAddress)
	if err != nil {
		return "", err
	}
	return found[1], nil
}

// Log returns the end of what the program logged.
func (p *Program) Log() string { return p.log.String() }

// Leaks returns the lines of its log that have what must not be in one.
func (p *Program) Leaks() []string { return p.watch.Found() }

// Ended is closed when the program has ended; Err then says how.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Err returns how the program ended, nil if with 0.
func (p *Program) Err() error {
	<-p.ended
	return p.err
}

// Code waits for the end and returns the program's exit code, -1 if a signal ended it.
func (p *Program) Code() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// Stop asks the program to end, as systemd does.
func (p *Program) Stop() { _ = p.cmd.Process.Signal(syscall.SIGTERM) } // fails only if it has ended

// Kill ends the program as a power cut would.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.ended
}
