// Package testkit gives tests real servers: a database of their own on a private
// MariaDB, a private Redis, a browser. Only tests and tools import it.
//
// What is not installed skips the test; with CI=true in the environment it fails
// it instead, so that a gate never passes by not looking.
package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"tongxing/testkit/servers"
)

// EnvMySQL names the environment variable that points at a MySQL or MariaDB
// server to use instead of starting one: a DSN whose account may create
// databases. tools/services sets it so that all packages share one server.
const EnvMySQL = "TONGXING_TEST_MYSQL_DSN"

// Missing skips the test, or fails it where CI=true, since what cannot be had.
func Missing(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" || !errors.Is(err, servers.ErrMissing) {
		t.Fatalf("%s: %v (make services-check says how to install it)", what, err)
	}
	t.Skipf("%s: %v (make services-check says how to install it)", what, err)
}

// MariaDB makes an empty database and returns its DSN. The database goes away
// with the test; the server is shared.
func MariaDB(t testing.TB) string {
	t.Helper()
	config := sharedMariaDB(t)
	config.DBName = "t_" + random()
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

var shared struct {
	once   sync.Once
	server *servers.MariaDB
	err    error
}

func sharedMariaDB(t testing.TB) *mysql.Config {
	t.Helper()
	dsn := os.Getenv(EnvMySQL)
	if dsn == "" {
		shared.once.Do(func() { shared.server, shared.err = servers.StartMariaDB() })
		if shared.err != nil {
			Missing(t, "MariaDB", shared.err)
		}
		dsn = shared.server.DSN("")
	}
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("%s: %v", EnvMySQL, err)
	}
	return config
}

// Main runs a package's tests, then calls after, and ends the shared server in good
// order: func TestMain(m *testing.M) { testkit.Main(m) }. Without it the kernel ends
// the server with the process, and a later run removes its folder.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, call := range after {
		call()
	}
	if shared.server != nil {
		shared.server.Close()
	}
	os.Exit(code)
}

// OwnMariaDB starts a server for this test alone, to be stopped and killed. It
// ends with the test.
func OwnMariaDB(t testing.TB) *servers.MariaDB {
	t.Helper()
	m, err := servers.StartMariaDB()
	if err != nil {
		Missing(t, "MariaDB", err)
	}
	t.Cleanup(m.Close)
	return m
}

// Redis starts an empty Redis for this test alone and returns its URL. A server
// is quick to start and only a server of its own keeps FLUSHALL, publishing and
// scripts apart from other tests.
func Redis(t testing.TB) string {
	t.Helper()
	return OwnRedis(t).URL()
}

// OwnRedis starts a Redis for this test alone, to be stopped and started again.
// It ends with the test.
func OwnRedis(t testing.TB) *servers.Redis {
	t.Helper()
	r, err := servers.StartRedis()
	if err != nil {
		Missing(t, "Redis", err)
	}
	t.Cleanup(r.Close)
	return r
}

// RedisCluster starts a cluster of one node, which refuses what touches two hash
// slots. It ends with the test.
func RedisCluster(t testing.TB) *servers.Redis {
	t.Helper()
	r, err := servers.StartRedisCluster()
	if err != nil {
		Missing(t, "Redis", err)
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
		Missing(t, "Redis Sentinel", err)
	}
	t.Cleanup(s.Close)
	return s.Addr, main
}

// Chromium is the path of the browser's program. testkit/browser drives it.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "Chromium", servers.ErrMissing)
	return ""
}

func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // crypto/rand does not fail
	return hex.EncodeToString(b)
}
