package configs

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
)

// MetricsOff as http.metrics_addr disables metrics.
const MetricsOff = "off"

// BrokerOff as broker.addr disables the broker.
const BrokerOff = "off"

// report records a problem with the field at a path.
type report func(path, what string)

// check checks the whole configuration.
func check(c *Config, demo bool, bad report) {
	checkHTTP(c, demo, bad)
	checkBroker(c.Broker, bad)
	checkData(c, bad)
	checkRedis(c.Redis, bad)
	checkKeys(c, demo, bad)
	checkWeChat(c, bad)
	checkSMS(c.SMS, bad)
	checkSimulator(c.Simulator, demo, bad)
	checkNumbers(c, bad)
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		bad("zone", "不认识时区 "+strconv.Quote(c.Zone)+"，应形如 Asia/Shanghai")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		bad("log.level", "应为 debug、info、warn 或 error")
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		bad("log.format", "应为 text 或 json")
	}
}

func checkHTTP(c *Config, demo bool, bad report) {
	if !isHostPort(c.HTTP.Addr, true) {
		bad("http.addr", "应为 主机:端口，例如 127.0.0.1:8080")
	} else if demo && !isLoopback(c.HTTP.Addr) {
		bad("http.addr", "演示不用密码就能成为管理员，只能在本机打开，例如 127.0.0.1:8080")
	} else if !isLoopback(c.HTTP.Addr) && c.HTTP.PublicURL == "" {
		bad("http.public_url", "http.addr 不限于本机时必须填写，应为反向代理的 https 地址，例如 https://pass.example.com；"+
			"只在本机使用请把 http.addr 写成 127.0.0.1:8080")
	}
	if m := c.HTTP.MetricsAddr; m != MetricsOff && (!isHostPort(m, true) || !isLoopback(m)) {
		bad("http.metrics_addr", "应为本机的 主机:端口，或 off")
	}
	for _, network := range c.HTTP.TrustedProxies {
		prefix, err := netip.ParsePrefix(network)
		switch {
		case err != nil:
			bad("http.trusted_proxies", strconv.Quote(network)+" 不是网段，应形如 10.0.0.0/8")
		case prefix.Bits() < widestProxies:
			bad("http.trusted_proxies", strconv.Quote(network)+" 太宽，任何人都能冒充别人的地址；只写反向代理自己的网段，例如 127.0.0.1/32")
		}
	}
	checkPublicURL(c, demo, bad)
}

func checkBroker(b Broker, bad report) {
	if b.Addr != BrokerOff && !isHostPort(b.Addr, true) {
		bad("broker.addr", "应为 主机:端口，例如 0.0.0.0:8883，或 off")
	}
	if b.PublicAddr != "" && !isHostPort(b.PublicAddr, false) {
		bad("broker.public_addr", "应为 主机:端口，例如 door.example.com:8883")
	}
	if (b.TLSCert == "") != (b.TLSKey == "") {
		bad("broker.tls_key", "证书与私钥要么都填，要么都不填")
	}
}

// widestProxies is the shortest prefix of a trusted network: fc00::/7 and 10.0.0.0/8 are the widest
// private ones, and a shorter prefix would trust everybody.
const widestProxies = 7

func checkPublicURL(c *Config, demo bool, bad report) {
	if c.HTTP.PublicURL == "" {
		if c.OfficialAccount.AppID != "" && !demo {
			bad("http.public_url", "配置了公众号时必须填写，微信由此地址回到本系统")
		}
		return
	}
	u, err := url.Parse(c.HTTP.PublicURL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		bad("http.public_url", "应为完整网址，例如 https://pass.example.com")
	case strings.Trim(u.Path, "/") != "" || strings.ContainsAny(c.HTTP.PublicURL, "?#") || u.User != nil:
		bad("http.public_url", "只写协议、域名和端口，不带路径")
	case u.Scheme == "http" && !isLoopback(hostPort(u)) && !demo:
		bad("http.public_url", "对外的地址必须是 https")
	}
}

func checkData(c *Config, bad report) {
	if c.Data.Dir == "" {
		bad("data.dir", "不能为空")
	} else if info, err := os.Stat(c.Data.Dir); err == nil && !info.IsDir() {
		bad("data.dir", "不是文件夹")
	}
	if !c.MySQL.DSN.IsSet() {
		return
	}
	dsn, err := mysql.ParseDSN(c.MySQL.DSN.Reveal())
	switch {
	case err != nil:
		bad("mysql.dsn", "格式不对，应为 用户:密码@tcp(主机:端口)/数据库")
	case dsn.DBName == "":
		bad("mysql.dsn", "没有写数据库名")
	}
}

// encoded explains how to write special characters in the password of an address.
const encoded = "密码里的符号要写成百分号编码：# 写作 %23，% 写作 %25，/ 写作 %2F，? 写作 %3F，@ 写作 %40，: 写作 %3A"

func checkRedis(r Redis, bad report) {
	if r.URL.IsSet() {
		checkRedisURL(r, bad)
		return
	}
	if r.Master != "" && len(r.Addrs) == 0 {
		bad("redis.addrs", "用 Sentinel 时要填写各 Sentinel 的 主机:端口")
	}
	for _, addr := range r.Addrs {
		if !isHostPort(addr, false) {
			bad("redis.addrs", strconv.Quote(addr)+" 不是 主机:端口")
		}
	}
}

// checkRedisURL parses the address the way the client does, which silently drops everything after a
// #, so that a password containing one leads to another server.
func checkRedisURL(r Redis, bad report) {
	if len(r.Addrs) > 0 || r.Master != "" {
		bad("redis.url", "与 redis.addrs、redis.master 只能用一种")
		return
	}
	text := r.URL.Reveal()
	if strings.Contains(text, "#") {
		bad("redis.url", "不能含有 #；"+encoded+"，或把密码写在 redis.password")
		return
	}
	o, err := redis.ParseURL(text)
	u, urlErr := url.Parse(text)
	switch {
	case err != nil || urlErr != nil || u.Hostname() == "" && u.Scheme != "unix":
		bad("redis.url", "格式不对，应为 redis://[:密码@]主机:端口/库号；"+encoded+"，或把密码写在 redis.password")
	case o.Password != "" && r.Password.IsSet():
		bad("redis.password", "与 redis.url 中的密码只能写一处")
	}
}

func checkKeys(c *Config, demo bool, bad report) {
	if c.Keys.AreSet() {
		if _, err := c.Keys.parseRing(); err != nil {
			bad("keys.ring", err.Error())
		}
		if _, err := parseKey(c.Keys.MAC.Reveal()); err != nil {
			bad("keys.mac", err.Error())
		}
		return
	}
	public := !isLoopback(c.HTTP.Addr)
	if u, err := url.Parse(c.HTTP.PublicURL); err == nil && c.HTTP.PublicURL != "" && !isLoopback(hostPort(u)) {
		public = true
	}
	if public && !demo {
		const what = "对外服务必须配置个人信息的加密密钥（openssl rand -base64 32）"
		bad("keys.ring", what)
		bad("keys.mac", what)
	}
}

var (
	appID       = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	wechatToken = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	// codeTemplate is the form of sms.code_template.
	codeTemplate = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}:[a-z_]+[0-9]*$`)
	// messageTemplate is the form of mini_program.templates, official_account.templates and sms.templates.
	messageTemplate = regexp.MustCompile(
		`^(accessalert|review|certification|household|restriction|visitor|visit|visit_review|exitslip|exit_review|lease|lease_office|` +
			`member|member_office|rule_plan|alarm|sign_in|binding|job)=` +
			`[A-Za-z0-9_-]{6,64}:` +
			`[a-z_]+[0-9]*=(title|kind|time|count|hint|community)(;[a-z_]+[0-9]*=(title|kind|time|count|hint|community))*$`)
	aesKey = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

func checkWeChat(c *Config, bad report) {
	m, o := c.MiniProgram, c.OfficialAccount
	if m.AppID != "" || m.Secret.IsSet() {
		checkAppID(m.AppID, "mini_program.app_id", bad)
		required(m.Secret, "mini_program.secret", bad)
		if m.Token.IsSet() && !wechatToken.MatchString(m.Token.Reveal()) {
			bad("mini_program.token", "应为 3 到 32 位字母和数字，与小程序后台一致")
		}
		if m.AESKey.IsSet() && !aesKey.MatchString(m.AESKey.Reveal()) {
			bad("mini_program.aes_key", "应为 43 位字母和数字，与小程序后台一致")
		}
	}
	for _, text := range m.Templates {
		if !messageTemplate.MatchString(text) {
			bad("mini_program.templates", strconv.Quote(text)+" 应写作 类型=模板编号:字段=内容;字段=内容，例如 "+
				"certification=AbC123defg:thing1=title;time2=time")
		}
	}
	if o.AppID == "" && !o.Secret.IsSet() && !o.Token.IsSet() && !o.AESKey.IsSet() {
		return
	}
	checkAppID(o.AppID, "official_account.app_id", bad)
	required(o.Secret, "official_account.secret", bad)
	if !wechatToken.MatchString(o.Token.Reveal()) {
		bad("official_account.token", "应为 3 到 32 位字母和数字，与公众号后台一致")
	}
	for _, text := range o.Templates {
		if !messageTemplate.MatchString(text) {
			bad("official_account.templates", strconv.Quote(text)+" 应写作 类型=模板编号:字段=内容;字段=内容，例如 "+
				"sign_in=AbC123defg:thing1=title;time2=time")
		}
	}
	if o.AESKey.IsSet() && !aesKey.MatchString(o.AESKey.Reveal()) {
		bad("official_account.aes_key", "应为 43 位字母和数字，与公众号后台一致")
	}
}

func checkAppID(id, path string, bad report) {
	if !appID.MatchString(id) {
		bad(path, "应为 wx 加 16 位小写十六进制字符")
	}
}

func required(s Secret, path string, bad report) {
	if !s.IsSet() {
		bad(path, "不能为空")
	}
}

func checkSMS(s SMS, bad report) {
	for _, text := range s.Templates {
		if !messageTemplate.MatchString(text) {
			bad("sms.templates", strconv.Quote(text)+" 应写作 类型=模板编号:变量=内容;变量=内容，例如 "+
				"binding=SMS_123456789:what=title;when=time")
		}
	}
	if s.CodeTemplate != "" && !codeTemplate.MatchString(s.CodeTemplate) {
		bad("sms.code_template", "应写作 模板编号:变量，例如 SMS_123456791:code")
	}
	if s.Provider == "" || s.Provider == "log" {
		return
	}
	if s.Provider != "tencent" && s.Provider != "alibaba" {
		bad("sms.provider", "应为 tencent、alibaba 或 log；不发短信请留空")
		return
	}
	if s.KeyID == "" {
		bad("sms.key_id", "不能为空")
	}
	required(s.Secret, "sms.secret", bad)
	if s.Sign == "" || strings.ContainsAny(s.Sign, "【】[]") {
		bad("sms.sign", "应为已审核通过的短信签名，不带括号")
	}
	if s.Provider == "tencent" && s.AppID == "" {
		bad("sms.app_id", "腾讯云短信要填写 SmsSdkAppId")
	}
}

func checkSimulator(s Simulator, demo bool, bad report) {
	for path, base := range map[string]string{"simulator.api_base": s.APIBase, "simulator.browser_base": s.BrowserBase} {
		if base == "" {
			continue
		}
		u, err := url.Parse(base)
		switch {
		case !demo:
			bad(path, "模拟器只能用于演示（--demo）")
		case err != nil || u.Scheme != "http" || !isLoopback(hostPort(u)):
			bad(path, "模拟器只能在本机，应形如 http://127.0.0.1:8080/sim")
		}
	}
}

func checkNumbers(c *Config, bad report) {
	for path, n := range map[string]int64{
		"http.read_header_timeout":  int64(c.HTTP.ReadHeaderTimeout),
		"http.read_timeout":         int64(c.HTTP.ReadTimeout),
		"http.write_timeout":        int64(c.HTTP.WriteTimeout),
		"http.idle_timeout":         int64(c.HTTP.IdleTimeout),
		"http.shutdown_timeout":     int64(c.HTTP.ShutdownTimeout),
		"limits.address_per_minute": int64(c.Limits.AddressPerMinute),
		"limits.account_per_minute": int64(c.Limits.AccountPerMinute),
		"limits.sign_in_per_minute": int64(c.Limits.SignInPerMinute),
		"limits.reader_per_second":  int64(c.Limits.ReaderPerSecond),
		"limits.lock_after":         int64(c.Limits.LockAfter),
		"limits.lock_time":          int64(c.Limits.LockTime),
		"limits.body_bytes":         c.Limits.BodyBytes,
		"session.console_idle":      int64(c.Session.ConsoleIdle),
		"session.console_life":      int64(c.Session.ConsoleLife),
		"session.phone_idle":        int64(c.Session.PhoneIdle),
		"session.phone_life":        int64(c.Session.PhoneLife),
	} {
		if n <= 0 {
			bad(path, "必须大于零")
		}
	}
	if c.Retention.AccessRecordDays < 0 {
		bad("retention.access_record_days", "不能为负；0 表示永久保存")
	}
}

// AreSet reports whether the operator configured keys, valid or not.
func (k Keys) AreSet() bool { return k.Ring.IsSet() || k.MAC.IsSet() }

// Key is one key of the ring: its name and 32 bytes.
type Key struct {
	ID     string
	Secret []byte
}

// Parse returns the ring, the encrypting key first, and the 32 bytes of the MAC key. Load has
// checked both if they are set; it is an error if they are not.
func (k Keys) Parse() (ring []Key, mac []byte, err error) {
	if ring, err = k.parseRing(); err != nil {
		return nil, nil, fmt.Errorf("keys.ring: %w", err)
	}
	if mac, err = parseKey(k.MAC.Reveal()); err != nil {
		return nil, nil, fmt.Errorf("keys.mac: %w", err)
	}
	return ring, mac, nil
}

var keyName = regexp.MustCompile(`^[0-9A-Za-z]{1,16}$`)

func (k Keys) parseRing() ([]Key, error) {
	var ring []Key
	for _, pair := range strings.FieldsFunc(k.Ring.Reveal(), func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		name, text, found := strings.Cut(pair, ":")
		if !found || !keyName.MatchString(name) {
			return nil, fmt.Errorf("第 %d 个密钥应形如 名称:密钥，名称为 1 到 16 位字母和数字", len(ring)+1)
		}
		if slices.ContainsFunc(ring, func(other Key) bool { return other.ID == name }) {
			return nil, fmt.Errorf("密钥名称 %s 重复", name)
		}
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("密钥 %s %w", name, err)
		}
		ring = append(ring, Key{ID: name, Secret: key})
	}
	if len(ring) == 0 {
		return nil, fmt.Errorf("至少要有一个密钥")
	}
	return ring, nil
}

// parseKey decodes 32 bytes of base64. Its error never contains the text.
func parseKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("应为 32 字节的 base64（openssl rand -base64 32）")
	}
	return key, nil
}

// Location returns the location of Zone. Load has checked that it exists.
func (c Config) Location() *time.Location {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Proxies returns the trusted networks. Load has checked them.
func (h HTTP) Proxies() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range h.TrustedProxies {
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	return networks
}

// IsLoopback reports whether pages are served to this machine alone.
func (h HTTP) IsLoopback() bool { return isLoopback(h.Addr) }

// isHostPort reports whether text is host:port. An empty host (every interface) and port 0 are
// accepted only if anyAllowed.
func isHostPort(text string, anyAllowed bool) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && (anyAllowed || host != "" && n > 0)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// hostPort returns a URL's host with a port appended if it has none, so that it can be split.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
