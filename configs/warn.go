package configs

import (
	"net"
	"net/url"
	"slices"
)

// Warnings returns settings that work but are unsafe: the program starts with them, and logs them
// at each start.
func (c Config) Warnings() []Problem {
	l := &loader{fields: fieldsOf(&c)}
	if !c.Redis.hasPassword() && slices.ContainsFunc(c.Redis.hosts(), func(addr string) bool { return !isLoopback(addr) }) {
		path := "redis.password"
		if c.Redis.URL.IsSet() {
			path = "redis.url"
		}
		l.add(path, "其他机器上的 Redis 没有密码：能连上它的人就能冒充任何账号，请给它设置密码")
	}
	if c.Broker.Addr != BrokerOff && c.Broker.TLSCert == "" && !isLoopback(c.Broker.Addr) {
		l.add("broker.tls_cert", "没有填写：门禁终端的密码与开门指令以明文传送，请填写证书，或只让它在门禁专用的网络里监听")
	}
	if c.OfficialAccount.AppID != "" && !c.OfficialAccount.AESKey.IsSet() {
		l.add("official_account.aes_key", "没有填写：公众号的消息以明文传送，请在公众号后台改用安全模式")
	}
	return l.problems
}

// hosts returns the servers that the settings name, as host:port; nil for the embedded cache and
// for a Unix socket.
func (r Redis) hosts() []string {
	if !r.URL.IsSet() {
		return r.Addrs
	}
	u, err := url.Parse(r.URL.Reveal())
	if err != nil || u.Scheme == "unix" {
		return nil
	}
	return []string{net.JoinHostPort(u.Hostname(), u.Port())}
}

func (r Redis) hasPassword() bool {
	if r.Password.IsSet() {
		return true
	}
	u, err := url.Parse(r.URL.Reveal())
	if err != nil || u.User == nil {
		return false
	}
	password, _ := u.User.Password()
	return password != ""
}
