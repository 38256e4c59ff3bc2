// Command services runs a command whose tests are to use MariaDB, Redis and a browser, with a
// private MariaDB shared by all test packages, and ends that server with it:
//
//	go run ./tools/services -- go test ./...
//
// Temporary files of the tests are kept in memory if there is room.
//
// With go test, every test binary runs under `services -watch`, which fails if a log line has what must
// not be in one (testkit/hygiene); go test shows that output only of what fails.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"tongxing/testkit"
	"tongxing/testkit/servers"
)

func main() {
	watched := flag.Bool("watch", false, "run a test binary, and fail if its log has secrets")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: services -- command arguments…")
		os.Exit(2)
	}
	if *watched {
		os.Exit(watch(flag.Args()))
	}
	os.Exit(run(flag.Args()))
}

// watching adds to a go test command that each test binary runs under this program.
func watching(args []string) []string {
	self, err := os.Executable()
	if err != nil || len(args) < 2 || args[0] != "go" || args[1] != "test" {
		return args
	}
	return slices.Insert(slices.Clone(args), 2, "-exec="+self+" -watch")
}

// run returns the command's exit status.
func run(args []string) int {
	env := append(os.Environ(), testkit.EnvServers+"=true")
	if dir := servers.MemoryFolder(); dir != "" {
		defer os.RemoveAll(dir)
		// Programs cannot be executed from there on every machine: go keeps its own folder.
		env = append(env, "TMPDIR="+dir, "GOTMPDIR="+cmp.Or(os.Getenv("GOTMPDIR"), os.TempDir()))
		if err := os.Setenv("TMPDIR", dir); err != nil {
			fmt.Fprintln(os.Stderr, "services:", err)
			return 1
		}
	}
	if os.Getenv(testkit.EnvMySQL) == "" {
		server, err := servers.StartMariaDB()
		switch {
		case err == nil:
			defer server.Close()
			env = append(env, testkit.EnvMySQL+"="+server.DSN(""))
		case errors.Is(err, servers.ErrMissing) && os.Getenv("CI") != "true":
			fmt.Fprintln(os.Stderr, "services: MariaDB is not installed: its tests are skipped (make needs)")
		default:
			fmt.Fprintln(os.Stderr, "services:", err)
			return 1
		}
	}
	args = watching(args)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return supervise(cmd, os.Interrupt, syscall.SIGTERM)
}

// supervise runs a command, passes signals on to it, and returns its exit status. A terminal's interrupt
// reaches the command too; we only wait for its end.
func supervise(cmd *exec.Cmd, passed ...os.Signal) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, passed...)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have already ended
		}
	}()
	if err := cmd.Wait(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 {
			return exit.ExitCode()
		}
		fmt.Fprintln(os.Stderr, "services:", err)
		return 1
	}
	return 0
}
