package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// demonstration is the running program.
type demonstration struct {
	address string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has ended
}

var printedURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// startDemo builds the program and runs its demonstration on a free port, with its data in folder.
func startDemo(ctx context.Context, folder string) (*demonstration, error) {
	program := filepath.Join(folder, "tongxing")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./server").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	d := &demonstration{cmd: exec.Command(program, "--demo"), ended: make(chan struct{})}
	d.cmd.Env = append(os.Environ(), "TONGXING_DATA_DIR="+filepath.Join(folder, "data"), "TONGXING_HTTP_ADDR=127.0.0.1:0",
		"TONGXING_HTTP_METRICS_ADDR=off", "TONGXING_LOG_LEVEL=warn", "TONGXING_LIMITS_ADDRESS_PER_MINUTE=100000")
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(out); d.address == "" && lines.Scan(); {
		d.address = printedURL.FindString(lines.Text())
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		_ = d.cmd.Wait() // it was told to end: how does not matter
		close(d.ended)
	}()
	if d.address == "" {
		return nil, fmt.Errorf("the demonstration did not start")
	}
	return d, nil
}

// stop ends the program, gracefully if possible.
func (d *demonstration) stop() {
	_ = d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.ended:
	case <-time.After(10 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.ended
	}
}
