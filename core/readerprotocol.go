package core

import (
	"fmt"
	"strings"
	"time"
)

// Reader protocols; their wire formats are in package gate.
const (
	ProtocolVguang    = "vguang"
	ProtocolMcardsea  = "mcardsea"
	ProtocolTurnstile = "turnstile"
	ProtocolVbar      = "vbar"
	ProtocolHTTPv2    = "httpv2"
)

// ReaderProtocol is a family of readers as the people who set it up know it. Every protocol has one
// entry here, and one for its wire format in package gate.
type ReaderProtocol struct {
	Name  string
	Label string // in Chinese
	Hint  string // how an installer recognises it

	// Quiet is how many seconds a reader may be silent that is as it ought to be: between heartbeats, or, of a family that has none,
	// while nobody passes. It holds for readers of which nothing else is said.
	Quiet int

	OwnDenyCode   bool // the refusal code is configurable
	Beats         bool // it sends heartbeats
	OwnHeartbeat  bool // their text is configurable
	TellsItsClock bool // its requests carry the device's time
	Connected     bool // it holds a connection to our broker instead of asking over HTTP
	Commands      bool // it can be ordered to open
	TellsItsHead  bool // its requests carry which of the device's heads has read
	Measures      bool // its requests carry the temperature that was measured
}

// Quiet of families with heartbeats, and without: a side door at night.
const (
	usualHeartbeat = 60
	usualQuiet     = 12 * 60 * 60
)

// readerProtocols are all protocols, most common first.
var readerProtocols = []ReaderProtocol{
	{
		Name: ProtocolVguang, Label: "微光 / VBar（HTTP）", Hint: "请求里有 vgdecoderesult 的读头",
		Quiet: usualHeartbeat, OwnDenyCode: true, Beats: true, OwnHeartbeat: true,
	},
	{
		Name: ProtocolMcardsea, Label: "QR-86 / FondVision（HTTP）", Hint: "请求里有 cardid、mjihao、cjihao 的读头",
		Quiet: usualQuiet, TellsItsClock: true, TellsItsHead: true,
	},
	{
		Name: ProtocolTurnstile, Label: "闸机控制板（HTTP）", Hint: "请求里有 idtype、readno、sn 的闸机",
		Quiet: usualHeartbeat, Beats: true, TellsItsClock: true, TellsItsHead: true,
	},
	{
		Name: ProtocolVbar, Label: "VBar / DW200 门禁（MQTT）", Hint: "可以远程开门；设置里有 MQTT 服务器、uuid 的门禁机",
		Quiet: usualHeartbeat, Connected: true, Beats: true, Commands: true, TellsItsClock: true,
	},
	{
		Name: ProtocolHTTPv2, Label: "人脸门禁机（HTTPv2）", Hint: "可带测温；请求路径是 /Device/Keepalive 的门禁一体机，如 FC-8200、FC-8300",
		Quiet: usualHeartbeat, Beats: true, TellsItsClock: true, TellsItsHead: true, Measures: true,
	},
}

// SkewWarning is how far a device's clock may be off before a warning is shown; mcardsea devices
// set theirs from the answer at the same distance.
const SkewWarning = time.Minute

// SkewWords returns in words by what a clock is off: 快 3 分钟.
func SkewWords(skew time.Duration) string {
	way := "快"
	if skew < 0 {
		way = "慢"
	}
	switch skew = skew.Abs(); {
	case skew >= 48*time.Hour:
		return fmt.Sprintf("%s %d 天以上", way, int(skew.Hours()/24))
	case skew >= 2*time.Hour:
		return fmt.Sprintf("%s %d 小时", way, int(skew.Hours()))
	}
	return fmt.Sprintf("%s %d 分钟", way, int(skew.Minutes()))
}

// ReaderProtocols returns every protocol, in display order.
func ReaderProtocols() []ReaderProtocol { return readerProtocols }

// ReaderProtocolOf returns a protocol by its name; ok reports whether it is known.
func ReaderProtocolOf(name string) (p ReaderProtocol, ok bool) {
	for _, p := range readerProtocols {
		if p.Name == name {
			return p, true
		}
	}
	return ReaderProtocol{}, false
}

// ProtocolLabel returns the name of a family of readers, or the protocol itself if unknown.
func ProtocolLabel(protocol string) string {
	if p, ok := ReaderProtocolOf(protocol); ok {
		return p.Label
	}
	return protocol
}

// trim sets the settings that the protocol does not have to harmless values.
func (p ReaderProtocol) trim(r *Reader) {
	if !p.OwnDenyCode {
		r.DenyCode = DefaultDenyCode
	}
	if !p.OwnHeartbeat {
		r.HeartbeatText = ""
	}
	if !p.TellsItsHead {
		r.InNo = 0
	}
	if r.HeartbeatSeconds == 0 {
		r.HeartbeatSeconds = p.Quiet
	}
}

// check adds messages for bad settings among those the protocol has. How long a reader is silent depends on it.
func (p ReaderProtocol) check(r Reader, fields map[string]string) {
	if r.HeartbeatSeconds < 30 || r.HeartbeatSeconds > maxHeartbeat {
		fields["heartbeat_seconds"] = "心跳间隔应为 30 至 86400 秒"
	}
	if p.OwnDenyCode && !SafeDenyCode(r.DenyCode) {
		fields["deny_code"] = "拒绝码应为 1000 至 9999 的四位数字，其他取值可能使设备开门"
	}
	if p.OwnHeartbeat && (!asciiWord(r.HeartbeatText, 64) || strings.Contains(r.HeartbeatText, "&&")) {
		fields["heartbeat_text"] = "心跳内容应为 64 个以内的英文字符，不含 &&"
	}
}
