package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tongxing/configs"
	"tongxing/sms"
	"tongxing/testkit"
	"tongxing/testkit/hygiene"
)

var printedURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// seeded is the data of a demo that was started once, for every test to start from a copy:
// generating an estate takes half a minute under the race detector.
var seeded testkit.Prepared

// seededCopy returns a new folder with a demo's data.
func seededCopy(t *testing.T) string {
	t.Helper()
	return seeded.Copy(t, func(dir string) error {
		_, stop := runDemo(t, dir)
		return stop()
	})
}

// runDemo runs the demo in this process on the data of a folder; stop ends it, and fails if it, or
// the test, went wrong. The race detector thus sees the whole program; journeys run it as it is built.
func runDemo(t *testing.T, data string) (address string, stop func() error) {
	t.Helper()
	settings := settingsFile(t, data)
	ctx, cancel := context.WithCancel(context.Background())
	printed, write := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"--demo", "--config", settings}, write, &log)
		write.Close()
	}()
	stop = func() error {
		cancel()
		if code := <-ended; code != 0 || t.Failed() {
			return fmt.Errorf("the program ended with %d:\n%s", code, log.String())
		}
		return nil
	}
	line := make([]byte, 4096)
	n, err := printed.Read(line)
	if err != nil {
		t.Fatalf("the program printed nothing: %v\n%s", err, log.String())
	}
	go io.Copy(io.Discard, printed)
	if address = printedURL.FindString(string(line[:n])); address == "" {
		t.Fatalf("no address in %q", line[:n])
	}
	return address, stop
}

// settingsFile returns a file of settings for the data of a folder.
func settingsFile(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tongxing.yaml")
	text := fmt.Sprintf("data: {dir: %q}\nhttp: {addr: '127.0.0.1:0', metrics_addr: 'off'}\nlog: {level: warn}\n", data)
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

// The demo sends nothing by what the configuration names, and says so.
func TestTheDemoNamesTheSettingsThatItDoesNotUse(t *testing.T) {
	log := hygiene.NewLog(t)
	c := forDemo(configs.Config{SMS: configs.SMS{Provider: "tencent", AppID: "1400000000"}}, log.Logger())
	if c.SMS.Provider != string(sms.Log) || c.SMS.AppID != "" || !log.Holds("settings=sms") || log.Holds("mini_program") {
		t.Errorf("%+v; the log: %s", c.SMS, log)
	}
}
