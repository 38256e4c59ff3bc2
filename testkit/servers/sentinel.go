package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// Sentinel is a Redis Sentinel that knows its main server as "main". Its own clients need no
// password.
type Sentinel struct {
	Addr string

	dir string
	p   *process
}

// StartSentinel starts a Sentinel that watches main. End it with Close.
func StartSentinel(main *Redis) (*Sentinel, error) {
	dir, err := folder("sentinel")
	if err != nil {
		return nil, err
	}
	var s *Sentinel
	for range 5 {
		if s, err = startSentinel(dir, main); err == nil {
			return s, nil
		}
	}
	removeAll(dir)
	return nil, err
}

func startSentinel(dir string, main *Redis) (*Sentinel, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// Sentinel rewrites its configuration, so it must be a file.
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor main 127.0.0.1 %d 1\nsentinel auth-pass main %s\n",
		port, dir, main.port, main.Password)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p, err := start(exec.Command(main.program, file, "--sentinel"))
	if err != nil {
		return nil, fmt.Errorf("start sentinel: %w", err)
	}
	s := &Sentinel{Addr: "127.0.0.1:" + strconv.Itoa(port), dir: dir, p: p}
	client := redis.NewSentinelClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer client.Close()
	err = p.awaitReady(func(ctx context.Context) error {
		return client.GetMasterAddrByName(ctx, "main").Err()
	})
	if err != nil {
		p.end(syscall.SIGKILL)
		return nil, err
	}
	return s, nil
}

// Close stops the Sentinel and removes its folder.
func (s *Sentinel) Close() {
	s.p.end(syscall.SIGKILL)
	removeAll(s.dir)
}
