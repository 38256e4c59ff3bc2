// Command needs lists the programs that `make test` uses and this machine lacks. As root on Debian
// or Ubuntu it installs them; elsewhere it tells what to install and fails. It imports only the
// standard library, since it may run before anything is downloaded.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// need is a dependency of a full test run and the Debian packages that provide it.
type need struct {
	what    string
	present func() bool
	debian  []string
}

var needs = []need{
	{what: "CA certificates", present: certificates, debian: []string{"ca-certificates"}},
	{what: "MariaDB server", present: program("mariadbd", "mysqld"), debian: []string{"mariadb-server"}},
	{what: "Redis server", present: program("redis-server", "valkey-server"), debian: []string{"redis-server"}},
	{what: "Chromium browser", present: program("chromium", "chromium-browser", "google-chrome"), debian: []string{"chromium"}},
	{what: "Chinese font", present: chineseFont, debian: []string{"fontconfig", "fonts-noto-cjk"}},
	{what: "npm", present: program("npm"), debian: []string{"npm"}},
	{what: "C compiler", present: compiles, debian: []string{"gcc", "libc6-dev"}},
}

func main() {
	missing := report()
	if len(missing) == 0 {
		return
	}
	if err := install(missing); err != nil {
		fmt.Fprintln(os.Stderr, "needs:", err)
		os.Exit(1)
	}
	fmt.Println()
	if missing := report(); len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "needs: installed, and still not found: see the list above")
		os.Exit(1)
	}
}

// report prints what is present and what is missing, and returns the packages that provide the
// latter.
func report() (missing []string) {
	for _, n := range needs {
		state := "present"
		if !n.present() {
			state = "missing"
			missing = append(missing, n.debian...)
		}
		fmt.Printf("%-18s %s\n", n.what, state)
	}
	return missing
}

// install installs Debian packages, or returns an error that tells how to.
func install(packages []string) error {
	command := "apt-get update -q && apt-get install -q -y --no-install-recommends " + strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("install what is missing above and run this again (on Debian: %s)", strings.Join(packages, " "))
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root can install what is missing. As root:\n    %s", command)
	}
	fmt.Println("\n" + command)
	cmd := exec.Command("sh", "-c", command)
	// Servers must not start when they are installed: tests start their own.
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// program reports whether any of the names is a program, in PATH or where Debian installs servers,
// which may not be in PATH.
func program(names ...string) func() bool {
	return func() bool {
		return slices.ContainsFunc(names, func(name string) bool {
			_, err := exec.LookPath(name)
			return err == nil || exists(filepath.Join("/usr/sbin", name))
		})
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// certificates reports whether the system has trusted root certificates, without which Go and npm
// cannot download anything. It looks where Debian, Fedora, macOS and Alpine keep them.
func certificates() bool {
	return slices.ContainsFunc([]string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/cert.pem",
	}, exists)
}

func chineseFont() bool {
	out, err := exec.Command("fc-list", ":lang=zh-cn").Output()
	return err == nil && len(out) > 0
}

// compiles reports whether Go's C compiler can build a program that uses the C library, as the race
// detector does. A compiler without the library's headers is not enough.
func compiles() bool {
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return false
	}
	cmd := exec.Command(strings.TrimSpace(string(cc)), "-x", "c", "-", "-o", os.DevNull)
	cmd.Stdin = strings.NewReader("#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n")
	return cmd.Run() == nil
}
