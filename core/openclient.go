package core

import (
	"slices"
	"time"
	"unicode/utf8"
)

// OpenCall is a call of the open API, which other systems make 开放接口.
type OpenCall string

// The calls.
const (
	CallCommunityList OpenCall = "community.list"
	CallHouseArrears  OpenCall = "house.arrears"
)

// OpenCallType describes a call. A further call is a row of OpenCalls and a handler.
type OpenCallType struct {
	Call   OpenCall
	Method string
	Path   string // below /api/open/v1
	Label  string // Chinese
	Help   string
}

// OpenCalls are all calls, in the order forms show them.
var OpenCalls = []OpenCallType{
	{CallCommunityList, "GET", "/communities", "查询小区", "允许的小区的编号、名称和楼栋结构"},
	{CallHouseArrears, "PUT", "/communities/:id/arrears", "设置房屋欠费", "收费软件写入一套房屋的欠费和备注"},
}

// Type returns the call's description; ok reports whether there is such a call.
func (c OpenCall) Type() (t OpenCallType, ok bool) {
	at := slices.IndexFunc(OpenCalls, func(t OpenCallType) bool { return t.Call == c })
	if at < 0 {
		return OpenCallType{}, false
	}
	return OpenCalls[at], true
}

// Label returns the call in Chinese.
func (c OpenCall) Label() string {
	if t, ok := c.Type(); ok {
		return t.Label
	}
	return string(c)
}

// OpenClient is another system that makes calls of the open API 开放接口客户端.
type OpenClient struct {
	ID       ID
	Key      string // what it calls itself by: tx and 18 hexadecimal figures
	Name     string
	Calls    []OpenCall
	Scope    Scope // the communities that it may read and change
	Rate     int   // calls a second
	Disabled time.Time
	Used     time.Time // when it called last, to a minute; zero = never
	Created  time.Time
	Updated  time.Time    // see Stale
	Secrets  []OpenSecret // that are good, the newest first: one, or two while the other system changes to the newer
}

// OpenSecret is a secret by which calls are signed.
type OpenSecret struct {
	ID      ID
	Text    string
	Created time.Time
	Used    time.Time // when it signed a call last, to a minute; zero = never
}

// Bounds of clients of the open API.
const (
	MaxOpenClients    = 200
	MaxOpenClientName = 40
	MaxOpenRate       = 200
	DefaultOpenRate   = 20
	OpenBurst         = 5 // seconds' calls that may come at once
	MaxOpenSecrets    = 2
)

// OpenClock is how far the time of a call may be off, and how long after that its nonce is remembered.
const (
	OpenClock = 300 * time.Second
	OpenNonce = 10 * time.Minute
)

// Trimmed returns the client with its texts cleaned and its calls in order.
func (c OpenClient) Trimmed() OpenClient {
	c.Name = Clean(c.Name)
	c.Calls = slices.Compact(slices.Sorted(slices.Values(c.Calls)))
	return c
}

// Check returns an Invalid error that names the bad fields of a Trimmed client.
func (c OpenClient) Check() error {
	fields := map[string]string{}
	if c.Name == "" || utf8.RuneCountInString(c.Name) > MaxOpenClientName {
		fields["name"] = "请填写名称，最多 40 个字"
	}
	if len(c.Calls) == 0 {
		fields["calls"] = "请至少选择一个接口"
	}
	for _, call := range c.Calls {
		if _, ok := call.Type(); !ok {
			fields["calls"] = "没有这个接口，请重新选择"
		}
	}
	if c.Scope.Empty() {
		fields["communities"] = "请至少选择一个小区"
	}
	if c.Rate < 1 || c.Rate > MaxOpenRate {
		fields["rate"] = "请填写 1 至 200"
	}
	return InvalidFields(fields)
}

// May reports whether the client may make a call.
func (c OpenClient) May(call OpenCall) bool { return slices.Contains(c.Calls, call) }

// IsOpenNonce reports whether a text can be the nonce of a call: 16 to 64 letters, figures, hyphens or underscores.
func IsOpenNonce(text string) bool {
	if len(text) < 16 || len(text) > 64 {
		return false
	}
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// openClientFields label what the audit log records of clients.
var openClientFields = []AuditField{
	{Key: "name", Label: "名称"},
	{Key: "key", Label: "客户端 ID"},
	{Key: "calls", Label: "接口", List: true},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "rate", Label: "每秒次数"},
	{Key: "disabled", Label: "已停用"},
	{Key: "secrets", Label: "密钥数"},
}
