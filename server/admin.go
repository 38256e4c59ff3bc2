package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"tongxing/configs"
	"tongxing/core"
)

// newAdmin holds the arguments of the admin command.
type newAdmin struct {
	login, name string
	password    io.Reader // its first line; never an argument, which other users of the machine can see
}

// addAdmin creates a system administrator, who must change the password at the first sign-in.
func addAdmin(ctx context.Context, c configs.Config, n newAdmin, stdout io.Writer) error {
	password, err := bufio.NewReader(io.LimitReader(n.password, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("读取密码：%w", err)
	}
	s, err := openStore(ctx, c, slog.New(slog.DiscardHandler), 0)
	if err != nil {
		return err
	}
	defer s.Close()
	if n.name == "" {
		n.name = n.login
	}
	account := core.Account{
		Login: n.login, Name: n.name, Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: core.Everywhere,
		Operator: true, MustChange: true,
	}
	if _, err := s.CreateAccount(ctx, core.SystemGranter, account, strings.TrimRight(password, "\r\n")); err != nil {
		return sayFields(err)
	}
	fmt.Fprintf(stdout, "已添加系统管理员 %s，首次登录时需要修改密码。\n", core.NormalLogin(n.login))
	if !c.MySQL.DSN.IsSet() {
		fmt.Fprintln(stdout, "数据库："+embeddedFile(c)) // so that a wrong folder is noticed at once
	}
	return nil
}
