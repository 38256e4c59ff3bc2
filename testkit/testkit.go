// Package testkit provides real servers for tests: a database of their own on a private MariaDB, a
// private Redis, a browser. Only tests and tools import it.
//
// A plain go test uses the embedded parts only and is quick: tests that need such a server are
// skipped. tools/services, with which `make test` and `make test-quick` run the tests, enables the
// rest; then only what is not installed is skipped. With CI=true in the environment, which `make
// test` sets, nothing is skipped: what is missing fails the test, so that a gate never passes by
// skipping.
package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/go-sql-driver/mysql"

	"tongxing/secret"
	"tongxing/testkit/servers"
)

// Set by tools/services for the tests of all packages.
const (
	// EnvServers is true if tests are to use MariaDB, Redis and a browser.
	EnvServers = "TONGXING_TEST_SERVERS"
	// EnvMySQL is the DSN of the MySQL or MariaDB server shared by tests; its account may create
	// databases.
	EnvMySQL = "TONGXING_TEST_MYSQL_DSN"
)

var (
	errNotAsked = errors.New("not asked for: `make test` runs this too, and `make test-quick PKG=…` that of one package")
	errMissing  = fmt.Errorf("%w: `make needs` installs it or says how to", servers.ErrMissing)
)

// missing skips the test, or fails it if CI=true, because something is not available.
func missing(t testing.TB, what string, err error) {
	t.Helper()
	if errors.Is(err, servers.ErrMissing) {
		err = errMissing
	}
	if os.Getenv("CI") != "true" && (errors.Is(err, errMissing) || errors.Is(err, errNotAsked)) {
		t.Skipf("%s: %v", what, err)
	}
	t.Fatalf("%s: %v", what, err)
}

// asked skips the test unless servers are enabled.
func asked(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(EnvServers) != "true" {
		missing(t, what, errNotAsked)
	}
}

// MariaDB creates an empty database and returns its DSN. The database is dropped with the test; the
// server is shared.
func MariaDB(t testing.TB) string {
	t.Helper()
	asked(t, "MariaDB")
	dsn := os.Getenv(EnvMySQL)
	if dsn == "" {
		missing(t, "MariaDB", servers.ErrMissing)
	}
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("%s: %v", EnvMySQL, err)
	}
	config.DBName = "t_" + secret.Hex(8)
	execute(t, config, "CREATE DATABASE `"+config.DBName+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	t.Cleanup(func() { execute(t, config, "DROP DATABASE IF EXISTS `"+config.DBName+"`") })
	return config.FormatDSN()
}

func execute(t testing.TB, config *mysql.Config, statement string) {
	t.Helper()
	server := config.Clone()
	server.DBName = ""
	db, err := sql.Open("mysql", server.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// OwnMariaDB starts a server for this test only, to be stopped and killed. It ends with the test.
func OwnMariaDB(t testing.TB) *servers.MariaDB {
	t.Helper()
	asked(t, "MariaDB")
	m, err := servers.StartMariaDB()
	if err != nil {
		missing(t, "MariaDB", err)
	}
	t.Cleanup(m.Close)
	return m
}

// Redis starts an empty Redis for this test only and returns its URL. A server starts quickly, and
// only a separate one isolates FLUSHALL, publishing and scripts from other tests.
func Redis(t testing.TB) string {
	t.Helper()
	return OwnRedis(t).URL()
}

// OwnRedis starts a Redis for this test only, to be stopped and restarted. It ends with the test.
func OwnRedis(t testing.TB) *servers.Redis {
	t.Helper()
	asked(t, "Redis")
	r, err := servers.StartRedis()
	if err != nil {
		missing(t, "Redis", err)
	}
	t.Cleanup(r.Close)
	return r
}

// RedisCluster starts a cluster of one node, which rejects commands over two hash slots. It ends
// with the test.
func RedisCluster(t testing.TB) *servers.Redis {
	t.Helper()
	asked(t, "Redis")
	r, err := servers.StartRedisCluster()
	if err != nil {
		missing(t, "Redis", err)
	}
	t.Cleanup(r.Close)
	return r
}

// RedisSentinel starts a Redis and a Sentinel that watches it under the name
// "main". Both end with the test.
func RedisSentinel(t testing.TB) (sentinelAddr string, main *servers.Redis) {
	t.Helper()
	main = OwnRedis(t)
	s, err := servers.StartSentinel(main)
	if err != nil {
		missing(t, "Redis Sentinel", err)
	}
	t.Cleanup(s.Close)
	return s.Addr, main
}

// Chromium returns the path of the browser. testkit/browser drives it.
func Chromium(t testing.TB) string {
	t.Helper()
	asked(t, "Chromium")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "Chromium", servers.ErrMissing)
	return ""
}
