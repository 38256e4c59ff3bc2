package journeys

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tongxing/testkit"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
	"tongxing/testkit/servers"
)

func TestMain(m *testing.M) { browser.Main(m) }

// seeded is the data of a demo that was started once, for every test to start from a copy.
var seeded testkit.Prepared

// seededCopy returns a new folder with a demo's data.
func seededCopy(t *testing.T) string {
	t.Helper()
	return seeded.Copy(t, func(dir string) error {
		_, stop := runDemo(t, dir)
		return stop()
	})
}

// startDemo runs the program's demo and returns its address.
func startDemo(t *testing.T) string {
	t.Helper()
	return startOn(t, seededCopy(t))
}

// startOn runs the demo on the data of a folder until the test is over.
func startOn(t *testing.T, data string) (address string) {
	t.Helper()
	address, stop := runDemo(t, data)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// showDemo is startDemo for a test with a browser; it skips the test before starting anything if
// there is no browser.
func showDemo(t *testing.T) string {
	t.Helper()
	testkit.Chromium(t)
	return startDemo(t)
}

// App ids of the demo: its mini-program, and an official account that nothing is connected to.
const (
	demoMini      = "wxdemo0000000mini"
	spareOfficial = "wx000000000000a001"
	spareSecret   = "0123456789abcdef0123456789abcdef"
	spareCorp     = "ww0000000000de3002"
	spareAgent    = "1000007"
)

var printedURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// runDemo runs the demo on the data of a folder; stop ends it, and fails if it, or the test, went
// wrong.
func runDemo(t *testing.T, data string) (address string, stop func() error) {
	t.Helper()
	found, stop := runProgram(t, data, printedURL, "--demo")
	return found[0], stop
}

// runProgram runs the program on the data of a folder until it prints a match, which is returned
// with its groups; stop is as in runDemo.
func runProgram(t *testing.T, data string, until *regexp.Regexp, args ...string) (found []string, stop func() error) {
	t.Helper()
	p := program(t, data, args...)
	found, err := p.Await(until)
	if err != nil {
		t.Fatal(err)
	}
	return found, func() error {
		p.Stop()
		if code := p.Code(); code != 0 || t.Failed() {
			return fmt.Errorf("the program ended with %d:\n%s", code, p.Log())
		}
		if leaks := p.Leaks(); len(leaks) > 0 {
			return fmt.Errorf("it logged what it must not: %q", leaks)
		}
		return nil
	}
}

// program starts the program on the data of a folder.
func program(t *testing.T, data string, args ...string) *servers.Program {
	t.Helper()
	p, err := servers.StartProgram(append(args, "--config", settingsFile(t, data)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// settingsFile returns a file of settings for the data of a folder, with the keys of all tests.
func settingsFile(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tongxing.yaml")
	keys := estate.Keys()
	text := fmt.Sprintf(
		"data: {dir: %q}\nhttp: {addr: '127.0.0.1:0', metrics_addr: 'off'}\nlog: {level: warn}\nkeys: {ring: '%s:%s', mac: '%s'}\n",
		data, keys.Keys[0].ID, base64.StdEncoding.EncodeToString(keys.Keys[0].Secret), base64.StdEncoding.EncodeToString(keys.MAC),
	)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// on returns the address of a path on a persona's own host.
func on(t *testing.T, address, persona, path string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + persona + ".localhost:" + u.Port() + path
}
