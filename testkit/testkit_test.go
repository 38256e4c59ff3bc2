package testkit_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/testkit"
)

// A plain go test skips servers and tells how to enable them; a gate does not pass without them.
func TestWithoutServersTestsSkipAndGatesFail(t *testing.T) {
	for _, test := range []string{"TestMariaDBGivesEachItsOwn", "TestOwnMariaDBSurvivesAKill", "TestOwnRedisForgetsOnStop"} {
		for gate, want := range map[string]string{"": "--- SKIP: " + test, "true": "--- FAIL: " + test} {
			child := exec.Command(os.Args[0], "-test.v", "-test.run=^"+test+"$")
			child.Env = append(os.Environ(), testkit.EnvServers+"=", "CI="+gate)
			out, err := child.CombinedOutput()
			if (err != nil) != (gate != "") || !strings.Contains(string(out), want) || !strings.Contains(string(out), "`make test`") {
				t.Errorf("CI=%q: %v\n%s", gate, err, out)
			}
		}
	}
}

func TestMariaDBGivesEachItsOwn(t *testing.T) {
	first, second := open(t, testkit.MariaDB(t)), open(t, testkit.MariaDB(t))
	if _, err := first.Exec("CREATE TABLE a (v VARCHAR(20) NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Exec("INSERT INTO a (v) VALUES ('粤B通行😀')"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := first.QueryRow("SELECT COUNT(*) FROM a WHERE v = '粤b通行😀'").Scan(&n); err != nil || n != 0 {
		t.Errorf("utf8mb4_bin distinguishes case: found %d, %v", n, err)
	}
	if err := second.QueryRow("SELECT COUNT(*) FROM a").Scan(&n); err == nil {
		t.Error("the second database sees the first one's table")
	}
}

func TestOwnMariaDBSurvivesAKill(t *testing.T) {
	server := testkit.OwnMariaDB(t)
	dsn, err := server.Create(context.Background(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, dsn)
	for _, statement := range []string{"CREATE TABLE a (n INT NOT NULL)", "INSERT INTO a (n) VALUES (7)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	if err := db.Ping(); err == nil {
		t.Error("a killed server answers")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := open(t, dsn).QueryRow("SELECT n FROM a").Scan(&n); err != nil || n != 7 {
		t.Errorf("after the kill: %d, %v", n, err)
	}
}

func TestOwnRedisForgetsOnStop(t *testing.T) {
	ctx := context.Background()
	server := testkit.OwnRedis(t)
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := client.Get(ctx, "a").Err(); err == nil || err == redis.Nil {
		t.Errorf("a stopped server answers: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := client.Get(ctx, "a").Err(); err != redis.Nil {
		t.Errorf("after the restart: %v, want no such key", err)
	}
}

func TestRedisClusterRefusesTwoSlots(t *testing.T) {
	ctx := context.Background()
	server := testkit.RedisCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr}, Password: server.Password})
	defer client.Close()
	if err := client.Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	err := client.Eval(ctx, "return redis.call('GET', KEYS[1])", []string{"a", "b"}).Err()
	if err == nil || !strings.Contains(err.Error(), "slot") {
		t.Errorf("a script over two slots: %v, want a refusal", err)
	}
}

func TestRedisSentinelKnowsTheMain(t *testing.T) {
	addr, main := testkit.RedisSentinel(t)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "main", SentinelAddrs: []string{addr}, Password: main.Password,
	})
	defer client.Close()
	if err := client.Ping(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
}

// TestServersEndWithTheProcess kills a test process that has servers running and checks that they
// end.
func TestServersEndWithTheProcess(t *testing.T) {
	if os.Getenv("TONGXING_TESTKIT_CHILD") != "" {
		file := os.Getenv("TONGXING_TESTKIT_CHILD")
		server := testkit.OwnRedis(t)
		if err := os.WriteFile(file+".new", []byte(server.URL()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux ends servers with the process that started them")
	}
	testkit.Redis(t) // skips if Redis is missing
	file := filepath.Join(t.TempDir(), "url")
	child := exec.Command(os.Args[0], "-test.run=^TestServersEndWithTheProcess$")
	child.Env = append(os.Environ(), "TONGXING_TESTKIT_CHILD="+file)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	var url []byte
	await(t, "the child's server", func() bool {
		var err error
		url, err = os.ReadFile(file)
		return err == nil
	})
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed on purpose
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "tongxing-test-"+strconv.Itoa(child.Process.Pid)+"-*"))
	if err != nil || len(left) != 1 {
		t.Errorf("the child's folders: %q, %v", left, err)
	}
	for _, dir := range left {
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	options, err := redis.ParseURL(string(url))
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	defer client.Close()
	await(t, "the end of the server of pid "+strconv.Itoa(child.Process.Pid), func() bool {
		return client.Ping(context.Background()).Err() != nil
	})
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("%s did not come", what)
		case <-tick.C:
		}
	}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
