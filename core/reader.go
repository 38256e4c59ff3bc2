package core

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Defaults of a new vguang reader: its maker's own heartbeat text, and a refusal code that no known
// firmware takes for success.
const (
	DefaultDenyCode      = "1000"
	DefaultHeartbeatText = "www.vguang.cn"
)

// Reader is a door reader 门禁读头.
type Reader struct {
	ID               ID
	Community        ID
	Group            ID // its ReaderGroup; 0 = none
	Name             string
	Gate             string // the door it opens, in words
	Protocol         string
	Serial           string // what the device calls itself
	Direction        Direction
	InNo             int  // which of the device's heads is at the entrance, the others being exits; 0 = all are of Direction
	ScopeNodes       []ID // building nodes whose houses it serves; empty = the whole community
	Kinds            []PassKind
	Thermometer      bool
	QRAllowed        bool   // 权限管理: 门禁二维码
	DenyCode         string // the code that refuses on this firmware; see ReaderProtocol.OwnDenyCode
	HeartbeatText    string // see ReaderProtocol.OwnHeartbeat
	HeartbeatSeconds int    // between heartbeats; of a family that has none, the longest time in which nobody passes
	Firmware         string
	Skew             time.Duration // the device's clock minus ours, as last seen
	LastSeen         time.Time
	Disabled         time.Time
	Updated          time.Time // see Stale
}

// NewReader returns the initial values of the form for a new reader. Its family says how often it gives a sign of life.
func NewReader() Reader {
	return Reader{
		Protocol: ProtocolVguang, Direction: Out, Kinds: ReaderKinds(), QRAllowed: true,
		DenyCode: DefaultDenyCode, HeartbeatText: DefaultHeartbeatText,
	}
}

// Trimmed returns the reader with its texts cleaned, settings that its protocol does not have
// set to harmless values, and without an interval of heartbeats that of its protocol.
func (r Reader) Trimmed() Reader {
	for _, s := range []*string{&r.Name, &r.Gate, &r.Serial, &r.DenyCode, &r.HeartbeatText, &r.Firmware} {
		*s = Clean(*s)
	}
	if p, ok := ReaderProtocolOf(r.Protocol); ok {
		p.trim(&r)
	}
	return r
}

// Check returns an Invalid error that names the bad settings of a Trimmed reader.
func (r Reader) Check() error { return InvalidFields(r.wrong()) }

// wrong returns what is wrong with a Trimmed reader, by field.
func (r Reader) wrong() map[string]string {
	fields := map[string]string{}
	r.checkTexts(fields)
	if r.Direction != In && r.Direction != Out {
		fields["direction"] = "请选择方向"
	}
	if r.InNo < 0 || r.InNo > maxReaderHead {
		fields["in_no"] = "进门读头号应为 0 至 65535"
	}
	if len(r.Kinds) == 0 {
		fields["kinds"] = "请至少选择一种通行证"
	}
	for _, kind := range r.Kinds {
		if !kind.Valid() {
			fields["kinds"] = "没有这种通行证"
		}
	}
	if len(r.ScopeNodes) > maxReaderScope {
		fields["scope_nodes"] = "最多选择 80 个楼栋节点"
	}
	if p, ok := ReaderProtocolOf(r.Protocol); ok {
		p.check(r, fields)
	} else {
		fields["protocol"] = "请选择协议"
	}
	return fields
}

// maxHeartbeat is the longest interval between signs of life, in seconds.
const maxHeartbeat = 86400

// maxReaderHead is the greatest number that a device gives one of its heads.
const maxReaderHead = 1<<16 - 1

// WayAt returns the direction of what was read at the head of a number: dir, unless the device has a head at the entrance, inNo,
// and says which one has read. A device that does not say it has one head.
func WayAt(dir Direction, inNo, head int) Direction {
	switch {
	case inNo == 0 || head == 0:
		return dir
	case head == inNo:
		return In
	}
	return Out
}

// maxReaderScope keeps the list of nodes within its column.
const maxReaderScope = 80

func (r Reader) checkTexts(fields map[string]string) {
	for _, f := range []struct{ name, value, message string }{
		{"name", r.Name, "请填写名称，最多 64 个字"},
		{"gate", r.Gate, "请填写所在的门，最多 64 个字"},
	} {
		if !nameText(f.value, 64) {
			fields[f.name] = f.message
		}
	}
	if r.Serial == "" || !IsReaderSerial(r.Serial) {
		fields["serial"] = "设备号应为 1 至 64 个字母、数字或 - _ . : 符号"
	}
	if utf8.RuneCountInString(r.Firmware) > 64 || !noControls(r.Firmware) {
		fields["firmware"] = "固件版本最多 64 个字"
	}
}

// IsReaderSerial reports whether s can be a device's serial: at most 64 letters, digits and marks
// that no protocol uses as a separator. "" is not one.
func IsReaderSerial(s string) bool {
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-_.:", rune(c)) {
			return false
		}
	}
	return len(s) <= 64
}

// SafeDenyCode reports whether a vguang reader can only take code as a refusal: four decimal
// digits, the first not 0. Firmware opens on 0000 and on 0001–0008, reads the code as hexadecimal,
// and takes …ff for commands; a code of decimal digits is far from all of them in whatever base it
// is read.
func SafeDenyCode(code string) bool {
	if len(code) != 4 || code[0] == '0' {
		return false
	}
	for _, c := range []byte(code) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// asciiWord reports whether s is ASCII without control characters or blanks, at most n bytes.
func asciiWord(s string, n int) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) <= n
}

// noControls reports whether s has no control characters.
func noControls(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// ReaderState is whether a reader is online.
type ReaderState string

const (
	ReaderNever   ReaderState = "never"   // 从未上线
	ReaderOnline  ReaderState = "online"  // 在线
	ReaderStale   ReaderState = "stale"   // 可能离线: silent for more than 2.5 heartbeats
	ReaderOffline ReaderState = "offline" // 离线: silent for more than ten
)

// Label returns the state in Chinese.
func (s ReaderState) Label() string {
	switch s {
	case ReaderOnline:
		return "在线"
	case ReaderStale:
		return "可能离线"
	case ReaderOffline:
		return "离线"
	}
	return "从未上线"
}

// State derives the state at now from the last call and the heartbeat interval.
func (r Reader) State(now time.Time) ReaderState {
	beat := time.Duration(max(r.HeartbeatSeconds, 30)) * time.Second
	silent := now.Sub(r.LastSeen)
	switch {
	case r.LastSeen.IsZero():
		return ReaderNever
	case silent <= beat*5/2:
		return ReaderOnline
	case silent <= beat*10:
		return ReaderStale
	}
	return ReaderOffline
}

// QuarantinedReader is a device that called without being known 未登记设备: at an unassigned address, or
// with another reader's serial.
type QuarantinedReader struct {
	ID       ID
	Protocol string
	Serial   string // its serial; "" if it did not send one
	Reader   ID     // whose address it called; 0 = an unknown one
	Name     string // of that reader
	Addr     string
	Calls    int64
	First    time.Time
	Last     time.Time
}

// readerFields label what the audit log records of a reader.
var readerFields = []AuditField{
	{Key: "group", Label: "分组"},
	{Key: "name", Label: "名称"},
	{Key: "gate", Label: "所在的门"},
	{Key: "protocol", Label: "协议", Value: ProtocolLabel},
	{Key: "serial", Label: "设备号"},
	{Key: "direction", Label: "方向", Value: labelOf(Direction.Label)},
	{Key: "in_no", Label: "进门读头号"},
	{Key: "scope_nodes", Label: "服务范围", List: true},
	{Key: "kinds", Label: "接受的通行证", Value: labelOf(PassKind.Label), List: true},
	{Key: "thermometer", Label: "带测温"},
	{Key: "qr_allowed", Label: "接受二维码"},
	{Key: "deny_code", Label: "拒绝码"},
	{Key: "heartbeat", Label: "心跳"},
	{Key: "firmware", Label: "固件版本"},
	{Key: "disabled", Label: "已停用"},
	{Key: "count", Label: "台数"},
	batchField,
}
