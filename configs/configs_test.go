package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	key1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	key2 = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
)

func TestNothingAtAllWorks(t *testing.T) {
	c, err := Load(Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("got %+v", c)
	}
	if !c.HTTP.IsLoopback() || c.MySQL.DSN.IsSet() || c.Redis.URL.IsSet() || c.Data.Dir != "data" || c.Keys.AreSet() {
		t.Errorf("not the embedded default on loopback: %+v", c)
	}
	if c.Location().String() != "Asia/Shanghai" {
		t.Errorf("zone %s", c.Location())
	}
}

// TestFixedNames pins the names that other programs rely on.
func TestFixedNames(t *testing.T) {
	c, err := Load(Options{Environ: []string{
		"TONGXING_HTTP_ADDR=127.0.0.1:9001",
		"TONGXING_DATA_DIR=/srv/tongxing",
		"TONGXING_MYSQL_DSN=u:p@tcp(db:3306)/tongxing",
		"TONGXING_REDIS_URL=redis://:p@cache:6379/1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.HTTP.Addr, c.Data.Dir, c.MySQL.DSN.Reveal(), c.Redis.URL.Reveal()}
	want := []string{"127.0.0.1:9001", "/srv/tongxing", "u:p@tcp(db:3306)/tongxing", "redis://:p@cache:6379/1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEnvironmentWinsOverFile(t *testing.T) {
	file := write(t, "c.yaml", `
http:
  addr: 127.0.0.1:1111
  write_timeout: 90s
  trusted_proxies: [10.0.0.0/8, 192.168.1.7/24]
limits:
  lock_after: 7
`)
	c, err := Load(Options{Environ: []string{
		"TONGXING_CONFIG=" + file,
		"TONGXING_HTTP_ADDR=127.0.0.1:2222",
		"TONGXING_LIMITS_LOCK_TIME=1h",
		"TONGXING_LIMITS_LOCK_AFTER=", // empty counts as not set
	}})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Addr != "127.0.0.1:2222" || c.HTTP.WriteTimeout != 90*time.Second || c.Limits.LockAfter != 7 ||
		c.Limits.LockTime != time.Hour {
		t.Errorf("got %+v", c)
	}
	if got := fmt.Sprint(c.HTTP.Proxies()); got != "[10.0.0.0/8 192.168.1.0/24]" {
		t.Errorf("proxies %s", got)
	}
	if c.HTTP.ReadTimeout != Default().HTTP.ReadTimeout {
		t.Error("a field that nobody named lost its default")
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	file := write(t, "c.yaml", `
http:
  adr: 127.0.0.1:1111
  read_timeout: soon
mysql:
  dsn: "u:TOPSECRET@nonsense"
nonsense: 1
`)
	_, err := Load(Options{File: file, Environ: []string{
		"TONGXING_HTTP_ADDR=8080",
		"TONGXING_LIMITS_LOCK_AFTER=many",
		"TONGXING_LOG_LEVEL=loud",
		"TONGXING_REDIS_URL=http://:TOPSECRET@x",
		"TONGXING_KEYS_RING=k1:TOPSECRET",
		"TONGXING_KEYS_MAC_FILE=/nowhere/mac",
	}})
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	for _, want := range []string{
		"第 3 行：没有名为 adr 的配置项",
		"第 4 行：值的类型不对",
		"没有名为 nonsense 的配置项",
		"http.addr（环境变量 TONGXING_HTTP_ADDR）",
		"mysql.dsn（环境变量 TONGXING_MYSQL_DSN）",
		"redis.url（环境变量 TONGXING_REDIS_URL）",
		"limits.lock_after（环境变量 TONGXING_LIMITS_LOCK_AFTER）：无法读成整数",
		"keys.ring（环境变量 TONGXING_KEYS_RING）",
		"keys.mac（环境变量 TONGXING_KEYS_MAC）：读不到文件 /nowhere/mac",
		"log.level（环境变量 TONGXING_LOG_LEVEL）",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the error lacks %q:\n%s", want, text)
		}
	}
	if len(problems) != 10 {
		t.Errorf("%d problems, want 10:\n%s", len(problems), text)
	}
	if strings.Contains(text, "TOPSECRET") {
		t.Errorf("the error shows a secret:\n%s", text)
	}
}

func TestProblems(t *testing.T) {
	const wx, public = "wx0123456789abcdef", " HTTP_PUBLIC_URL=https://pass.example.com"
	for _, c := range []struct {
		name string
		env  string // variables, separated by spaces
		path string // of the one problem; "" = none
		demo bool
	}{
		{name: "every interface without keys", env: "HTTP_ADDR=:8080" + public, path: "keys.ring,keys.mac"},
		{name: "another interface without keys", env: "HTTP_ADDR=10.1.2.3:8080" + public, path: "keys.ring,keys.mac"},
		{name: "public name without keys", env: "HTTP_PUBLIC_URL=https://pass.example.com", path: "keys.ring,keys.mac"},
		{name: "every interface with keys", env: "HTTP_ADDR=:8080 KEYS_RING=k1:" + key1 + " KEYS_MAC=" + key2 + public},
		{
			name: "every interface without a public URL",
			env:  "HTTP_ADDR=0.0.0.0:8080 KEYS_RING=k1:" + key1 + " KEYS_MAC=" + key2, path: "http.public_url",
		},
		{
			name: "another interface without a public URL",
			env:  "HTTP_ADDR=10.1.2.3:8080 KEYS_RING=k1:" + key1 + " KEYS_MAC=" + key2, path: "http.public_url",
		},
		{name: "every interface in the demo", env: "HTTP_ADDR=:8080", demo: true, path: "http.addr"},
		{name: "loopback in the demo", env: "HTTP_ADDR=127.0.0.1:8080", demo: true},
		{name: "IPv6 loopback", env: "HTTP_ADDR=[::1]:8080"},
		{name: "any port", env: "HTTP_ADDR=127.0.0.1:0"},
		{name: "a port too large", env: "HTTP_ADDR=127.0.0.1:70000", path: "http.addr"},
		{name: "metrics for everybody", env: "HTTP_METRICS_ADDR=0.0.0.0:9", path: "http.metrics_addr"},
		{name: "no metrics", env: "HTTP_METRICS_ADDR=off"},
		{name: "proxy without a network", env: "HTTP_TRUSTED_PROXIES=10.0.0.1", path: "http.trusted_proxies"},
		{name: "everybody a proxy", env: "HTTP_TRUSTED_PROXIES=127.0.0.1/32,0.0.0.0/0", path: "http.trusted_proxies"},
		{name: "half of everybody a proxy", env: "HTTP_TRUSTED_PROXIES=128.0.0.0/1", path: "http.trusted_proxies"},
		{name: "everybody a proxy by IPv6", env: "HTTP_TRUSTED_PROXIES=::/0", path: "http.trusted_proxies"},
		{name: "private networks are proxies", env: "HTTP_TRUSTED_PROXIES=10.0.0.0/8,fc00::/7"},
		{name: "public URL with an empty fragment", env: "HTTP_PUBLIC_URL=http://127.0.0.1:1#", path: "http.public_url"},
		{name: "public URL with a path", env: "HTTP_PUBLIC_URL=http://127.0.0.1:1/x", path: "http.public_url"},
		{
			name: "public URL in the clear",
			env:  "HTTP_PUBLIC_URL=http://a.example KEYS_RING=k1:" + key1 + " KEYS_MAC=" + key2,
			path: "http.public_url",
		},
		{name: "public URL without a scheme", env: "HTTP_PUBLIC_URL=localhost", path: "http.public_url,keys.ring,keys.mac"},
		{name: "two ways to Redis", env: "REDIS_URL=redis://h:1/0 REDIS_ADDRS=h:2", path: "redis.url"},
		{name: "# in the password of an address", env: "REDIS_URL=redis://:61#Kd20x@127.0.0.1:6379/0", path: "redis.url"},
		{name: "# behind an address", env: "REDIS_URL=redis://127.0.0.1:6379/0#", path: "redis.url"},
		{name: "% in the password of an address", env: "REDIS_URL=redis://:61%Kd20x@127.0.0.1:6379/0", path: "redis.url"},
		{name: "/ in the password of an address", env: "REDIS_URL=redis://:61/Kd20x@127.0.0.1:6379/0", path: "redis.url"},
		{name: "? in the password of an address", env: "REDIS_URL=redis://:61?Kd20x@127.0.0.1:6379/0", path: "redis.url"},
		{name: "signs in the password, encoded", env: "REDIS_URL=redis://:61%23%25%2F%3F%40Kd@127.0.0.1:6379/0"},
		{name: "signs in the password of its own setting", env: "REDIS_URL=redis://127.0.0.1:6379/0 REDIS_PASSWORD=61#%/?@Kd"},
		{name: "two passwords of Redis", env: "REDIS_URL=redis://:a@127.0.0.1:6379/0 REDIS_PASSWORD=b", path: "redis.password"},
		{name: "Redis at no host", env: "REDIS_URL=redis://:6379/0", path: "redis.url"},
		{name: "Redis with a database that is no number", env: "REDIS_URL=redis://127.0.0.1:6379/one", path: "redis.url"},
		{name: "Redis by a socket", env: "REDIS_URL=unix:///run/redis.sock"},
		{name: "Sentinel without addresses", env: "REDIS_MASTER=main", path: "redis.addrs"},
		{name: "Sentinel", env: "REDIS_MASTER=main REDIS_ADDRS=a:1,b:2"},
		{name: "Cluster address without a port", env: "REDIS_ADDRS=a:1,b", path: "redis.addrs"},
		{name: "DSN without a database", env: "MYSQL_DSN=u:p@tcp(h:1)/", path: "mysql.dsn"},
		{name: "ring without MAC", env: "KEYS_RING=k1:" + key1, path: "keys.mac"},
		{name: "MAC without ring", env: "KEYS_MAC=" + key1, path: "keys.ring"},
		{name: "same key name twice", env: "KEYS_MAC=" + key1 + " KEYS_RING=k1:" + key1 + ",k1:" + key2, path: "keys.ring"},
		{name: "short key", env: "KEYS_MAC=" + key1 + " KEYS_RING=k1:AAAA", path: "keys.ring"},
		{name: "an unknown SMS provider", env: "SMS_PROVIDER=x", path: "sms.provider"},
		{name: "SMS with a template of no kind", env: "SMS_PROVIDER=log SMS_TEMPLATES=x=SMS_1:a=title", path: "sms.templates"},
		{name: "a mini-program's template of no kind", env: "MINI_PROGRAM_TEMPLATES=x=ABCDEF:a=title", path: "mini_program.templates"},
		{name: "a mini-program's template", env: "MINI_PROGRAM_TEMPLATES=certification=ABCDEF123:thing1=title;time2=time"},
		{name: "SMS to the log", env: "SMS_PROVIDER=log SMS_TEMPLATES=binding=SMS_123456789:a=title"},
		{name: "SMS of what waits", env: "SMS_PROVIDER=log SMS_TEMPLATES=review=SMS_123456789:a=title"},
		{name: "SMS codes without a variable", env: "SMS_PROVIDER=log SMS_CODE_TEMPLATE=SMS_1", path: "sms.code_template"},
		{name: "SMS without a key", env: "SMS_PROVIDER=alibaba", path: "sms.key_id,sms.secret,sms.sign"},
		{name: "mini-program without secret", env: "MINI_PROGRAM_APP_ID=" + wx, path: "mini_program.secret"},
		{name: "secret without mini-program", env: "MINI_PROGRAM_SECRET=x", path: "mini_program.app_id"},
		{
			name: "official account without an address",
			env:  "OFFICIAL_ACCOUNT_APP_ID=" + wx + " OFFICIAL_ACCOUNT_SECRET=s OFFICIAL_ACCOUNT_TOKEN=abc",
			path: "http.public_url",
		},
		{
			name: "short AES key",
			env: "HTTP_PUBLIC_URL=http://127.0.0.1 OFFICIAL_ACCOUNT_APP_ID=" + wx +
				" OFFICIAL_ACCOUNT_SECRET=s OFFICIAL_ACCOUNT_TOKEN=abc OFFICIAL_ACCOUNT_AES_KEY=x",
			path: "official_account.aes_key",
		},
		{name: "simulator in production", env: "SIMULATOR_API_BASE=http://127.0.0.1:1/sim", path: "simulator.api_base"},
		{name: "simulator in the demo", env: "SIMULATOR_API_BASE=http://127.0.0.1:1/sim", demo: true},
		{name: "simulator elsewhere", env: "SIMULATOR_BROWSER_BASE=http://10.0.0.1:1/sim", demo: true, path: "simulator.browser_base"},
		{name: "unknown zone", env: "ZONE=Asia/Atlantis", path: "zone"},
		{name: "the machine's zone", env: "ZONE=Local", path: "zone"},
		{name: "no time at all", env: "HTTP_READ_TIMEOUT=0s", path: "http.read_timeout"},
		{name: "a time without a unit", env: "HTTP_READ_TIMEOUT=30", path: "http.read_timeout"},
		{name: "records for ever", env: "RETENTION_ACCESS_RECORD_DAYS=0"},
		{name: "records for less than nothing", env: "RETENTION_ACCESS_RECORD_DAYS=-1", path: "retention.access_record_days"},
		{name: "secret twice", env: "MYSQL_DSN=u:p@tcp(h:1)/d MYSQL_DSN_FILE=/x", path: "mysql.dsn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			environ := []string{}
			for _, one := range strings.Fields(c.env) {
				environ = append(environ, EnvPrefix+one)
			}
			_, err := Load(Options{Environ: environ, Demo: c.demo})
			var paths []string
			var problems Problems
			if errors.As(err, &problems) {
				for _, p := range problems {
					paths = append(paths, p.Path)
				}
			}
			if got := strings.Join(paths, ","); got != c.path {
				t.Errorf("problems of %q, want %q: %v", got, c.path, err)
			}
		})
	}
}

// TestPasswordsInAddressesAreExplained: the problem explains how to write special characters, and
// never contains the password.
func TestPasswordsInAddressesAreExplained(t *testing.T) {
	for _, sign := range []string{"#", "%", "/", "?"} {
		_, err := Load(Options{Environ: []string{"TONGXING_REDIS_URL=redis://:61" + sign + "Kd20x@127.0.0.1:6379/0"}})
		if err == nil || !strings.Contains(err.Error(), "%23") || !strings.Contains(err.Error(), "redis.password") ||
			strings.Contains(err.Error(), "Kd20x") {
			t.Errorf("%s: %v", sign, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	const official = "HTTP_PUBLIC_URL=http://127.0.0.1 OFFICIAL_ACCOUNT_APP_ID=wx0123456789abcdef " +
		"OFFICIAL_ACCOUNT_SECRET=s OFFICIAL_ACCOUNT_TOKEN=abc"
	for _, c := range []struct{ name, env, paths string }{
		{name: "nothing set"},
		{name: "Redis here without a password", env: "REDIS_URL=redis://127.0.0.1:6379/0"},
		{name: "Redis here by name", env: "REDIS_URL=redis://localhost:6379/0"},
		{name: "Redis by a socket", env: "REDIS_URL=unix:///run/redis.sock"},
		{name: "Redis elsewhere without a password", env: "REDIS_URL=redis://10.0.0.6:6379/0", paths: "redis.url"},
		{name: "Redis elsewhere with a name alone", env: "REDIS_URL=redis://app@10.0.0.6:6379/0", paths: "redis.url"},
		{name: "Redis elsewhere with a password", env: "REDIS_URL=redis://:p@10.0.0.6:6379/0"},
		{name: "Redis elsewhere with a password of its own setting", env: "REDIS_URL=redis://10.0.0.6:6379/0 REDIS_PASSWORD=p"},
		{name: "Sentinels elsewhere", env: "REDIS_MASTER=main REDIS_ADDRS=127.0.0.1:1,10.0.0.6:1", paths: "redis.password"},
		{name: "Sentinels elsewhere with a password", env: "REDIS_MASTER=main REDIS_ADDRS=10.0.0.6:1 REDIS_PASSWORD=p"},
		{name: "an account in the clear", env: official, paths: "official_account.aes_key"},
		{name: "an account with a key", env: official + " OFFICIAL_ACCOUNT_AES_KEY=" + strings.Repeat("a", 43)},
	} {
		t.Run(c.name, func(t *testing.T) {
			environ := []string{}
			for _, one := range strings.Fields(c.env) {
				environ = append(environ, EnvPrefix+one)
			}
			config, err := Load(Options{Environ: environ})
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, w := range config.Warnings() {
				paths = append(paths, w.Path)
			}
			if got := strings.Join(paths, ","); got != c.paths {
				t.Errorf("warned of %q, want %q", got, c.paths)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"not YAML", "http: [", "不是正确的 YAML"},
		{"two documents", "zone: UTC\n---\nzone: UTC\n", "只能有一个文档"},
		{"twice", "zone: UTC\nzone: UTC\n", "zone"},
		{"a list", "- a\n", "类型不对"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(Options{File: write(t, "c.yaml", c.text), Environ: []string{}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Load(Options{File: write(t, "c.yaml", "# nothing\n"), Environ: []string{}}); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := Load(Options{File: "/nowhere.yaml", Environ: []string{}}); err == nil {
		t.Error("a missing file is accepted")
	}
}

func TestSecretsFromFiles(t *testing.T) {
	ring := write(t, "ring", "k2:"+key2+"\nk1:"+key1+"\n")
	mac := write(t, "mac", key1+"\n")
	c, err := Load(Options{
		File:    write(t, "c.yaml", "keys:\n  mac: file:"+mac+"\n"),
		Environ: []string{"TONGXING_KEYS_RING_FILE=" + ring},
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, macKey, err := c.Keys.Parse()
	if err != nil || len(keys) != 2 || keys[0].ID != "k2" || keys[0].Secret[0] != 1 || len(macKey) != 32 {
		t.Errorf("got %v, %d bytes, %v", keys, len(macKey), err)
	}
}

func TestSecretNeverShows(t *testing.T) {
	const text = "TOPSECRET"
	c := Default()
	c.MySQL.DSN = NewSecret(text)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, c, &c, c.MySQL.DSN)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "config", c, "secret", c.MySQL.DSN)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "config", c, "secret", c.MySQL.DSN)
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		encoded, err := encode(c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	shown := out.String()
	if strings.Contains(shown, text) || strings.Contains(strings.ToLower(shown), fmt.Sprintf("%x", text)) {
		t.Errorf("the secret shows in %s", shown)
	}
	if !strings.Contains(shown, "(secret)") {
		t.Error("a set secret cannot be told from one that is not")
	}
	if c.MySQL.DSN.Reveal() != text {
		t.Error("Reveal does not")
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
