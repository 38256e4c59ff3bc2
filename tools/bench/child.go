package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tongxing/testkit/estate"
)

// child is a measured process: the product or the floor.
type child struct {
	cmd  *exec.Cmd
	addr string // host:port
}

var printedAddr = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// startChild starts a process and waits for the line with its address.
func startChild(cmd *exec.Cmd) (*child, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if c.addr = printedAddr.FindString(lines.Text()); c.addr != "" {
			go io.Copy(io.Discard, out)
			return c, nil
		}
	}
	return nil, fmt.Errorf("%s ended before it was ready: %w", cmd.Path, cmd.Wait())
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}

// tick is the unit of processor time in /proc: Linux has USER_HZ = 100 on every architecture of Go.
const tick = 10 * time.Millisecond

// cpu returns the processor time that the process has used. See proc_pid_stat(5).
func (c *child) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses, which may contain blanks; the times
	// in user and kernel mode are the 14th and 15th.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", c.cmd.Process.Pid, stat)
	}
	var used time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		used += time.Duration(ticks) * tick
	}
	return used, nil
}

// startFloor starts this program as the floor.
func (b *bench) startFloor(p *place) (*child, error) {
	return startChild(exec.Command(b.self, "-role", "floor", "-sqlite", p.sqlite, "-dsn", p.dsn, "-redis", p.redis))
}

// build builds the product, if it is not yet: only some parts measure it.
func (b *bench) build() error {
	if b.server != "" {
		return nil
	}
	program := filepath.Join(b.dir, "tongxing")
	build := exec.Command("go", "build", "-o", program, "./server")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the server: %w", err)
	}
	b.server = program
	return nil
}

// startServer starts the product, with limits high enough for one client that stands for a city.
func (b *bench) startServer(p *place) (*child, error) {
	if err := b.build(); err != nil {
		return nil, err
	}
	keys := estate.Keys()
	cmd := exec.Command(b.server)
	cmd.Env = append(os.Environ(),
		"TONGXING_HTTP_ADDR=127.0.0.1:0", "TONGXING_HTTP_METRICS_ADDR=off", "TONGXING_LOG_LEVEL=warn",
		"TONGXING_DATA_DIR="+p.dir, "TONGXING_MYSQL_DSN="+p.dsn, "TONGXING_REDIS_URL="+p.redis,
		"TONGXING_KEYS_RING="+keys.Keys[0].ID+":"+base64.StdEncoding.EncodeToString(keys.Keys[0].Secret),
		"TONGXING_KEYS_MAC="+base64.StdEncoding.EncodeToString(keys.MAC),
		"TONGXING_LIMITS_ADDRESS_PER_MINUTE=100000000", "TONGXING_LIMITS_ACCOUNT_PER_MINUTE=100000000",
		"TONGXING_LIMITS_READER_PER_SECOND=1000000",
	)
	return startChild(cmd)
}

// redisDB returns the redis-server's URL with another database number.
func redisDB(address, number string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // of our own making
	}
	u.Path = "/" + number
	return u.String()
}
