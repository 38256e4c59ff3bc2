// Package configs is the program's configuration: one struct, filled from defaults, then a YAML
// file, then the environment, each overriding the one before.
//
// The defaults alone make a working program on one machine: an embedded database and cache under
// data/, on loopback only. All problems are reported at once, each with the field's path, its
// environment variable and what is wrong. sample.yaml is generated from this file: see the test.
package configs

import "time"

// Config is everything an operator can set. The environment variable of a field is TONGXING_ and
// its path in capitals: http.addr is TONGXING_HTTP_ADDR. Lists are separated by commas there. A
// secret may be given in the variable itself, in a file named by the variable's name with _FILE
// appended, or here as file:/path.
type Config struct {
	HTTP            HTTP            `yaml:"http" envPrefix:"HTTP_"`
	Broker          Broker          `yaml:"broker" envPrefix:"BROKER_"`
	Data            Data            `yaml:"data" envPrefix:"DATA_"`
	MySQL           MySQL           `yaml:"mysql" envPrefix:"MYSQL_"`
	Redis           Redis           `yaml:"redis" envPrefix:"REDIS_"`
	Keys            Keys            `yaml:"keys" envPrefix:"KEYS_"`
	MiniProgram     MiniProgram     `yaml:"mini_program" envPrefix:"MINI_PROGRAM_"`
	OfficialAccount OfficialAccount `yaml:"official_account" envPrefix:"OFFICIAL_ACCOUNT_"`
	SMS             SMS             `yaml:"sms" envPrefix:"SMS_"`
	Simulator       Simulator       `yaml:"simulator" envPrefix:"SIMULATOR_"`
	Limits          Limits          `yaml:"limits" envPrefix:"LIMITS_"`
	Session         Session         `yaml:"session" envPrefix:"SESSION_"`
	Retention       Retention       `yaml:"retention" envPrefix:"RETENTION_"`
	Log             Log             `yaml:"log" envPrefix:"LOG_"`
	// The zone in which natural days and exit hours are counted.
	Zone string `yaml:"zone" env:"ZONE"`
}

// HTTP is where the program listens and how long it waits. TLS is left to the reverse proxy.
type HTTP struct {
	// Where pages, API, readers and callbacks are served: host:port. Port 0 takes any free one.
	// Anything but loopback requires keys and public_url to be set.
	Addr string `yaml:"addr" env:"ADDR"`
	// Where Prometheus metrics are served: a loopback host:port, or "off".
	MetricsAddr string `yaml:"metrics_addr" env:"METRICS_ADDR"`
	// The address at which people and WeChat reach the program, such as https://pass.example.com,
	// without a path. Empty, on loopback alone: http:// and addr.
	PublicURL string `yaml:"public_url" env:"PUBLIC_URL"`
	// Networks of the reverse proxies whose X-Forwarded-For is trusted, such as 127.0.0.1/32.
	// Empty: none. Networks as wide as 0.0.0.0/0 are refused.
	TrustedProxies []string `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	// The longest wait for a request's headers.
	ReadHeaderTimeout time.Duration `yaml:"read_header_timeout" env:"READ_HEADER_TIMEOUT"`
	// The longest wait for a whole request.
	ReadTimeout time.Duration `yaml:"read_timeout" env:"READ_TIMEOUT"`
	// The longest time for a response; exports and live views are exempt.
	WriteTimeout time.Duration `yaml:"write_timeout" env:"WRITE_TIMEOUT"`
	// How long an idle connection is kept. Readers that scan often benefit from it.
	IdleTimeout time.Duration `yaml:"idle_timeout" env:"IDLE_TIMEOUT"`
	// How long a shutdown waits for requests in flight.
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout" env:"SHUTDOWN_TIMEOUT"`
}

// Broker is where door terminals of the MQTT families connect and are ordered to open.
type Broker struct {
	// Where terminals connect: host:port, or "off". Port 0 takes any free one.
	Addr string `yaml:"addr" env:"ADDR"`
	// What is typed into terminals, where it is not the host of http.public_url with the port of addr: host:port, of a balancer say.
	PublicAddr string `yaml:"public_addr" env:"PUBLIC_ADDR"`
	// Files of the certificate, with its chain, and of its key, in PEM. Empty: without TLS, for a network of the doors' own.
	TLSCert string `yaml:"tls_cert" env:"TLS_CERT"`
	TLSKey  string `yaml:"tls_key" env:"TLS_KEY"`
}

// Data is where files are kept: the embedded database, generated keys, files for WeChat's domain
// verification.
type Data struct {
	// A folder, created if missing.
	Dir string `yaml:"dir" env:"DIR"`
}

// MySQL is a MySQL or MariaDB server used instead of the embedded database.
type MySQL struct {
	// user:password@tcp(host:port)/database, for a database created with CHARACTER SET utf8mb4
	// COLLATE utf8mb4_bin. Parameters after it (charset, parseTime, loc) are not needed: the
	// program sets its own. Empty: the embedded database.
	DSN Secret `yaml:"dsn" env:"DSN"`
}

// Redis is a Redis used instead of the embedded cache: by url alone, or by addrs for a Cluster, or
// by master and addrs for Sentinel. Several servers need one.
type Redis struct {
	// redis://[:password@]host:port/db, or rediss:// for TLS. Special characters in the password
	// are percent-encoded (# is %23), or the password is set below. Empty and no addrs: the
	// embedded cache.
	URL Secret `yaml:"url" env:"URL"`
	// Sentinel: the name of the monitored server; addrs are then the Sentinels.
	Master string `yaml:"master" env:"MASTER"`
	// Sentinel or Cluster addresses, host:port.
	Addrs []string `yaml:"addrs" env:"ADDRS"`
	// The Redis servers' password, not encoded; not together with one in the url.
	Password Secret `yaml:"password" env:"PASSWORD"`
	// The Sentinels' own password, if they have one.
	SentinelPassword Secret `yaml:"sentinel_password" env:"SENTINEL_PASSWORD"`
}

// Keys protect personal data at rest. Set both or neither. Neither is for one machine on loopback:
// a file of keys is then generated in the data folder at the first start. All servers of one
// database need the same keys. Losing them loses the data: keep a copy elsewhere.
type Keys struct {
	// name:key pairs, separated by commas, spaces or lines. A name is 1 to 16
	// letters and digits, a key 32 bytes in base64 (openssl rand -base64 32). The
	// first encrypts, all decrypt: put a new one in front to rotate.
	Ring Secret `yaml:"ring" env:"RING"`
	// 32 bytes in base64 for the digests used by searches. Never change it.
	MAC Secret `yaml:"mac" env:"MAC"`
}

// MiniProgram is the WeChat mini-program's account. Set the first two or none.
type MiniProgram struct {
	AppID  string `yaml:"app_id" env:"APP_ID"`
	Secret Secret `yaml:"secret" env:"SECRET"`
	// The token from the account's message push settings, whose URL is public_url and /callback/mini. Without
	// it, what people accept in the mini-program is not heard of.
	Token Secret `yaml:"token" env:"TOKEN"`
	// EncodingAESKey from the same page, 43 characters. With it, unencrypted callbacks are refused.
	AESKey Secret `yaml:"aes_key" env:"AES_KEY"`
	// Templates of subscription messages to residents, for the kinds that are sent so (certification, household,
	// restriction, visitor, visit, exitslip, lease, member): kind=TEMPLATE_ID:field=part;field=part, as in
	// official_account.templates. Without one, residents are told by the official account.
	Templates []string `yaml:"templates" env:"TEMPLATES"`
}

// OfficialAccount is the WeChat official account. Set the first three or none.
type OfficialAccount struct {
	AppID  string `yaml:"app_id" env:"APP_ID"`
	Secret Secret `yaml:"secret" env:"SECRET"`
	// The token from the account's message server settings.
	Token Secret `yaml:"token" env:"TOKEN"`
	// EncodingAESKey from the same page, 43 characters. With it, unencrypted callbacks are refused.
	AESKey Secret `yaml:"aes_key" env:"AES_KEY"`
	// Templates of the account for messages, one for each kind. To the office: accessalert, review, visit_review,
	// exit_review, lease_office, member_office, rule_plan, sign_in, binding, job. To residents and visitors: certification,
	// household, restriction, visitor, visit, exitslip, lease, member. Written kind=TEMPLATE_ID:field=part;field=part. The parts
	// are title, kind, time, count, hint and community; for example sign_in=AbC123defg:thing1=title;time2=time. Kinds without
	// one go by the other channels that there are: WeWork, the mini-program, text messages, the console.
	Templates []string `yaml:"templates" env:"TEMPLATES"`
}

// SMS is who sends text messages to people whom WeChat does not reach. Set all of a provider's or none.
type SMS struct {
	// tencent (Tencent Cloud), alibaba (Alibaba Cloud), or log, which sends nothing and writes to the log
	// that it would. Empty: no text messages.
	Provider string `yaml:"provider" env:"PROVIDER"`
	// SecretId, or AccessKey ID: of a sub-account that may send text messages and nothing else.
	KeyID  string `yaml:"key_id" env:"KEY_ID"`
	Secret Secret `yaml:"secret" env:"SECRET"`
	// The approved signature 短信签名, without brackets.
	Sign string `yaml:"sign" env:"SIGN"`
	// Tencent Cloud's SmsSdkAppId.
	AppID string `yaml:"app_id" env:"APP_ID"`
	// Tencent Cloud's region. Empty: ap-guangzhou.
	Region string `yaml:"region" env:"REGION"`
	// Approved templates of messages to admins, for the kinds that are sent by SMS (binding, review, visit_review,
	// exit_review), and of those to residents who may ask for them (certification, household, restriction, visitor, exitslip,
	// lease, member): kind=TEMPLATE_ID:variable=part;variable=part, as in official_account.templates; for example
	// review=SMS_123456789:what=title;where=community. Tencent Cloud's variables have no names: theirs are in
	// the order of the names here, v1, v2 and so on.
	Templates []string `yaml:"templates" env:"TEMPLATES"`
	// The approved template of codes by which visitors outside WeChat prove their number:
	// TEMPLATE_ID:variable, for example SMS_123456791:code. Empty: none are sent, and their numbers are
	// shown as unproven.
	CodeTemplate string `yaml:"code_template" env:"CODE_TEMPLATE"`
}

// Simulator points the WeChat clients at the built-in simulator. For the demo and for tests:
// otherwise a start with either set is refused.
type Simulator struct {
	// Instead of https://api.weixin.qq.com: an http:// loopback address.
	APIBase string `yaml:"api_base" env:"API_BASE"`
	// Instead of https://open.weixin.qq.com, where a phone's browser is sent.
	BrowserBase string `yaml:"browser_base" env:"BROWSER_BASE"`
}

// Limits bound what one address or account may request. Readers have their own limits.
type Limits struct {
	// Requests per minute from one address.
	AddressPerMinute int `yaml:"address_per_minute" env:"ADDRESS_PER_MINUTE"`
	// Requests per minute of one signed-in account.
	AccountPerMinute int `yaml:"account_per_minute" env:"ACCOUNT_PER_MINUTE"`
	// Sign-in attempts per minute from one address.
	SignInPerMinute int `yaml:"sign_in_per_minute" env:"SIGN_IN_PER_MINUTE"`
	// Requests per second of one reader; five seconds' worth may come at once.
	ReaderPerSecond int `yaml:"reader_per_second" env:"READER_PER_SECOND"`
	// Consecutive wrong passwords that lock an account.
	LockAfter int `yaml:"lock_after" env:"LOCK_AFTER"`
	// How long the lock lasts.
	LockTime time.Duration `yaml:"lock_time" env:"LOCK_TIME"`
	// The largest request body in bytes; uploads have their own limit.
	BodyBytes int64 `yaml:"body_bytes" env:"BODY_BYTES"`
}

// Session is how long people stay signed in.
type Session struct {
	// A console session ends after this long without a request (overridden by what is saved on the
	// console's settings page),
	ConsoleIdle time.Duration `yaml:"console_idle" env:"CONSOLE_IDLE"`
	// and after this long in any case.
	ConsoleLife time.Duration `yaml:"console_life" env:"CONSOLE_LIFE"`
	// The same for phones: residents, guards and observers.
	PhoneIdle time.Duration `yaml:"phone_idle" env:"PHONE_IDLE"`
	PhoneLife time.Duration `yaml:"phone_life" env:"PHONE_LIFE"`
}

// Retention is how long records are kept before they are purged.
type Retention struct {
	// Days that access records are kept; 0 keeps them for ever. Overridden by what is saved on the
	// console's settings page.
	AccessRecordDays int `yaml:"access_record_days" env:"ACCESS_RECORD_DAYS"`
}

// Log is what the program writes to standard error. It never contains personal data.
type Log struct {
	// debug, info, warn or error.
	Level string `yaml:"level" env:"LEVEL"`
	// text or json.
	Format string `yaml:"format" env:"FORMAT"`
}

// Default returns the configuration used if nothing is set.
func Default() Config {
	return Config{
		HTTP: HTTP{
			Addr:              "127.0.0.1:8080",
			MetricsAddr:       "127.0.0.1:9180",
			TrustedProxies:    []string{},
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ShutdownTimeout:   20 * time.Second,
		},
		Broker: Broker{Addr: BrokerOff},
		Data:   Data{Dir: "data"},
		Redis:  Redis{Addrs: []string{}},

		MiniProgram:     MiniProgram{Templates: []string{}},
		OfficialAccount: OfficialAccount{Templates: []string{}},
		SMS:             SMS{Templates: []string{}},
		Zone:            "Asia/Shanghai",
		Limits: Limits{
			AddressPerMinute: 600,
			AccountPerMinute: 300,
			SignInPerMinute:  20,
			ReaderPerSecond:  200,
			LockAfter:        5,
			LockTime:         15 * time.Minute,
			BodyBytes:        1 << 20,
		},
		Session: Session{
			ConsoleIdle: 2 * time.Hour,
			ConsoleLife: 24 * time.Hour,
			PhoneIdle:   30 * 24 * time.Hour,
			PhoneLife:   180 * 24 * time.Hour,
		},
		Retention: Retention{AccessRecordDays: 365},
		Log:       Log{Level: "info", Format: "text"},
	}
}
