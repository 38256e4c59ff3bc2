package servers

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"
)

// MariaDB is a server as durable as in production (a flush at each commit) but small. Address,
// password and data stay the same over Stop, Kill and Start.
type MariaDB struct {
	Addr     string // host:port
	User     string
	Password string

	port    int
	program string
	dir     string
	p       *process
}

// StartMariaDB starts a new server. End it with Close. The first start on a machine prepares a data
// folder that later ones copy.
func StartMariaDB() (*MariaDB, error) {
	program, err := find("mariadbd", "mysqld")
	if err != nil {
		return nil, err
	}
	dir, err := folder("mariadb")
	if err != nil {
		return nil, err
	}
	m := &MariaDB{User: "tongxing", Password: password(), program: program, dir: dir}
	if err := m.prepare(); err != nil {
		removeAll(dir)
		return nil, err
	}
	for range 5 {
		if m.port, err = freePort(); err != nil {
			break
		}
		m.Addr = "127.0.0.1:" + strconv.Itoa(m.port)
		if err = m.Start(); err == nil {
			return m, nil
		}
	}
	removeAll(dir)
	return nil, err
}

func (m *MariaDB) prepare() error {
	template, err := mariaTemplate(m.program)
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(m.dir, "data"), os.DirFS(template)); err != nil {
		return fmt.Errorf("copy the prepared data folder: %w", err)
	}
	statements := fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%s'@'%%' WITH GRANT OPTION;\n",
		m.User, m.Password, m.User)
	return os.WriteFile(filepath.Join(m.dir, "init.sql"), []byte(statements), 0o600)
}

// Start restarts a stopped or killed server with its data.
func (m *MariaDB) Start() error {
	data := filepath.Join(m.dir, "data")
	args := []string{
		"--no-defaults",
		"--datadir=" + data,
		"--tmpdir=" + m.dir,
		"--socket=" + filepath.Join(m.dir, "s"),
		"--pid-file=" + filepath.Join(m.dir, "pid"),
		"--init-file=" + filepath.Join(m.dir, "init.sql"),
		"--bind-address=127.0.0.1",
		"--port=" + strconv.Itoa(m.port),
		"--skip-name-resolve",
		"--max-connections=400",
		"--character-set-server=utf8mb4",
		"--collation-server=utf8mb4_bin",
		"--innodb-buffer-pool-size=256M",
		"--innodb-log-file-size=64M",
		"--innodb-flush-log-at-trx-commit=1",
		"--performance-schema=OFF",
		"--skip-log-bin",
	}
	args = append(args, asRoot()...)
	p, err := start(exec.Command(m.program, args...))
	if err != nil {
		return fmt.Errorf("start mariadbd: %w", err)
	}
	m.p = p
	db, err := sql.Open("mysql", m.DSN(""))
	if err != nil {
		p.end(syscall.SIGKILL)
		return err
	}
	defer db.Close()
	if err := p.awaitReady(db.PingContext); err != nil {
		p.end(syscall.SIGKILL)
		return err
	}
	return nil
}

// PID returns the id of the server's process.
func (m *MariaDB) PID() int { return m.p.cmd.Process.Pid }

// DSN returns the DSN of a database, which may be "".
func (m *MariaDB) DSN(database string) string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s", m.User, m.Password, m.Addr, database)
}

// Create makes an empty database and returns its DSN.
func (m *MariaDB) Create(ctx context.Context, database string) (string, error) {
	db, err := sql.Open("mysql", m.DSN(""))
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE `"+database+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	if err != nil {
		return "", fmt.Errorf("create database: %w", err)
	}
	return m.DSN(database), nil
}

// Kill ends the server like a power cut, except for data still in the kernel.
func (m *MariaDB) Kill() {
	m.p.end(syscall.SIGKILL)
	m.p = nil
}

// Close kills the server and removes its data.
func (m *MariaDB) Close() {
	m.Kill()
	removeAll(m.dir)
}

// asRoot lets the server run as root if this process does: containers of test machines often have
// no other user.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// mariaTemplate prepares an empty data folder once per machine and version, since preparing takes
// seconds and copying a fraction of one. Processes take turns by a file lock; the folder appears by
// a single rename.
func mariaTemplate(program string) (string, error) {
	version, err := exec.Command(program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask mariadbd for its version: %w", err)
	}
	base, err := os.UserCacheDir()
	if err != nil { // no server is listening
		base = filepath.Join(os.TempDir(), strconv.Itoa(os.Getuid()))
	}
	base = filepath.Join(base, "tongxing-mariadb")
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	ready := filepath.Join(base, fileName(string(version)))
	if _, err := os.Stat(ready); err == nil {
		return ready, nil
	}
	unlock, err := lockFile(filepath.Join(base, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(ready); err == nil {
		return ready, nil
	}
	return ready, installTemplate(base, ready)
}

func installTemplate(base, ready string) error {
	install, err := find("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return err
	}
	making, err := os.MkdirTemp(base, "making-")
	if err != nil {
		return err
	}
	defer removeAll(making)
	args := append([]string{
		"--no-defaults", "--datadir=" + making, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=64M",
	}, asRoot()...)
	if out, err := exec.Command(install, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(install), err, out)
	}
	return os.Rename(making, ready)
}

func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// fileName keeps the characters that are safe in a file name, and the last 60 of them.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, s)
	return s[max(0, len(s)-60):]
}

// removeAll removes a folder of ours; what cannot be removed now is removed by a later run.
func removeAll(dir string) { _ = os.RemoveAll(dir) }
