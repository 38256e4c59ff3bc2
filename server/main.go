// Command tongxing is the whole program: pages, API, readers' protocols and
// WeChat's callbacks on one port.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a machine without zone data must still know Asia/Shanghai

	"tongxing/configs"
	"tongxing/handlers/web"
)

func main() {
	privateFiles()
	relaxCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `通行 tongxing：小区通行服务

  tongxing [--config 文件]                   启动服务
  tongxing --demo [--empty] [--config 文件]  启动演示；--empty 练习：从空白开始，自己添加小区
  tongxing admin [--config 文件] --login 账号 --name 姓名
                                            添加系统管理员，从标准输入读取初始密码
  tongxing audit verify [--config 文件] [--anchor 锚点]
                                            校验操作日志是否被改动；锚点是上次校验打印的
  tongxing sample                           打印带说明的配置样例
`

// run is the program with its environment as arguments, so that tests start the real thing. It
// returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := "serve"
	switch {
	case len(args) > 0 && (args[0] == "admin" || args[0] == "sample"):
		command, args = args[0], args[1:]
	case len(args) > 1 && args[0] == "audit" && args[1] == "verify":
		command, args = "audit verify", args[2:]
	}
	flags := flag.NewFlagSet("tongxing", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	var m mode
	flags.BoolVar(&m.demo, "demo", false, "演示")
	flags.BoolVar(&m.empty, "empty", false, "练习")
	file := flags.String("config", "", "配置文件")
	login := flags.String("login", "", "账号")
	name := flags.String("name", "", "姓名")
	anchor := flags.String("anchor", "", "锚点")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || m.empty && !m.demo {
		if !errors.Is(err, flag.ErrHelp) {
			flags.Usage()
			return 2
		}
		return 0
	}
	var err error
	switch command {
	case "sample":
		_, err = stdout.Write(configs.Sample())
	case "admin":
		err = withConfig(*file, false, stderr, func(c configs.Config, log *slog.Logger) error {
			return addAdmin(ctx, c, newAdmin{login: *login, name: *name, password: os.Stdin}, stdout)
		})
	case "audit verify":
		err = withConfig(*file, false, stderr, func(c configs.Config, _ *slog.Logger) error {
			return verifyAudit(ctx, c, *anchor, stdout)
		})
	default:
		err = withConfig(*file, m.demo, stderr, func(c configs.Config, log *slog.Logger) error {
			return serve(ctx, c, m, log, stdout)
		})
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func withConfig(file string, demo bool, stderr io.Writer, do func(configs.Config, *slog.Logger) error) error {
	c, err := configs.Load(configs.Options{File: file, Demo: demo})
	if err != nil {
		return err
	}
	log, closeLog := newLog(c.Log, stderr)
	defer closeLog()
	for _, w := range c.Warnings() {
		log.Warn("configuration", "setting", w.Path, "env", w.Env, "what", w.What)
	}
	return do(c, log)
}

// newLog returns the log, which limits repeats to one line in ten seconds, as in an attack or an
// outage. Closing it writes the counts.
func newLog(c configs.Log, w io.Writer) (log *slog.Logger, closeLog func()) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // checked when it was loaded
	o := &slog.HandlerOptions{Level: level}
	var lines slog.Handler = slog.NewTextHandler(w, o)
	if c.Format == "json" {
		lines = slog.NewJSONHandler(w, o)
	}
	counted := web.NewRepeats(lines)
	return slog.New(counted), counted.Close
}
