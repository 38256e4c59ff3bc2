package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// need is one thing that a full test run uses and where Debian has it.
type need struct {
	what     string
	programs []string // any of them will do
	font     string   // or: a family that fontconfig must know
	debian   string
}

var needs = []need{
	{what: "MariaDB server", programs: []string{"mariadbd", "/usr/sbin/mariadbd", "mysqld"}, debian: "mariadb-server"},
	{what: "Redis server", programs: []string{"redis-server", "valkey-server"}, debian: "redis-server"},
	{what: "Chromium browser", programs: []string{"chromium", "chromium-browser", "google-chrome"}, debian: "chromium"},
	{what: "Chinese font", font: ":lang=zh-cn", debian: "fonts-noto-cjk"},
	{what: "npm (Node 20 or newer)", programs: []string{"npm"}, debian: "npm"},
}

func (n need) present() bool {
	if n.font != "" {
		out, err := exec.Command("fc-list", n.font).Output()
		return err == nil && len(out) > 0
	}
	for _, program := range n.programs {
		if _, err := exec.LookPath(program); err == nil {
			return true
		}
	}
	return false
}

// checkPrograms lists what is there and what is missing, and installs the latter
// when we are root on Debian. Its result is the exit status.
func checkPrograms() int {
	var missing []string
	for _, n := range needs {
		state := "present"
		if !n.present() {
			state = "missing (Debian package " + n.debian + ")"
			missing = append(missing, n.debian)
		}
		fmt.Printf("%-24s %s\n", n.what, state)
	}
	if len(missing) == 0 {
		return 0
	}
	install := "apt-get update && apt-get install -y --no-install-recommends " + strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		fmt.Printf("\nOn Debian or Ubuntu, as root:\n    %s\n", install)
		return 1
	}
	fmt.Println("\n" + install)
	cmd := exec.Command("sh", "-c", install)
	// Freshly installed servers must not start by themselves: tests start their own.
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		return 1
	}
	return 0
}
