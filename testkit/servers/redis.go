package servers

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// Redis is a redis-server without persistence: stopping it loses its data. Its address and password
// stay the same over Stop and Start.
type Redis struct {
	Addr     string // host:port
	Password string

	port    int
	program string
	dir     string
	extra   []string // additional lines of its configuration
	p       *process
}

// StartRedis starts a new server. End it with Close.
func StartRedis() (*Redis, error) { return startRedis() }

// StartRedisCluster starts a cluster of one node that owns every hash slot: like a larger one, it
// rejects a script or transaction over two slots.
func StartRedisCluster() (*Redis, error) {
	r, err := startRedis("cluster-enabled yes", "cluster-announce-ip 127.0.0.1")
	if err != nil {
		return nil, err
	}
	client := r.client()
	defer client.Close()
	ctx := context.Background()
	if err := client.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		r.Close()
		return nil, err
	}
	err = r.p.awaitReady(func(ctx context.Context) error {
		info, err := client.ClusterInfo(ctx).Result()
		if err == nil && !strings.Contains(info, "cluster_state:ok") {
			err = fmt.Errorf("cluster state: %s", info)
		}
		return err
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func startRedis(extra ...string) (*Redis, error) {
	program, err := find("redis-server", "valkey-server")
	if err != nil {
		return nil, err
	}
	dir, err := folder("redis")
	if err != nil {
		return nil, err
	}
	r := &Redis{Password: password(), program: program, dir: dir, extra: extra}
	for range 5 {
		if r.port, err = freePort(); err != nil {
			break
		}
		r.Addr = "127.0.0.1:" + strconv.Itoa(r.port)
		if err = r.Start(); err == nil {
			return r, nil
		}
	}
	removeAll(dir)
	return nil, err
}

// Start restarts a stopped server, empty.
func (r *Redis) Start() error {
	cmd := exec.Command(r.program, "-")
	cmd.Dir = r.dir
	cmd.Stdin = strings.NewReader(r.config())
	p, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	r.p = p
	client := r.client()
	defer client.Close()
	if err := p.awaitReady(func(ctx context.Context) error { return client.Ping(ctx).Err() }); err != nil {
		p.end(syscall.SIGKILL)
		return err
	}
	return nil
}

// config is passed on standard input, so that the password is not visible in process lists.
func (r *Redis) config() string {
	lines := append([]string{
		"bind 127.0.0.1",
		"port " + strconv.Itoa(r.port),
		"requirepass " + r.Password,
		"masterauth " + r.Password,
		`save ""`,
		"appendonly no",
		"daemonize no",
		"dir " + r.dir,
	}, r.extra...)
	return strings.Join(lines, "\n") + "\n"
}

func (r *Redis) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: r.Addr, Password: r.Password, MaxRetries: -1})
}

// URL returns the server's URL as used in the configuration.
func (r *Redis) URL() string { return "redis://:" + r.Password + "@" + r.Addr + "/0" }

// Stop ends the server at once; its data is lost.
func (r *Redis) Stop() {
	r.p.end(syscall.SIGKILL)
	r.p = nil
}

// Close stops the server and removes its folder.
func (r *Redis) Close() {
	r.Stop()
	removeAll(r.dir)
}
