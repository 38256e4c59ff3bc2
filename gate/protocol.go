package gate

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// Message is one request of a reader as parsed by its protocol. The zero Message is a request that
// could not be parsed.
type Message struct {
	Text   string // what was shown
	Device string // the device's serial; "" if it did not send one
	Clock  int64  // the device's, in Unix seconds; 0 if it did not send one
	Head   int    // which of the device's heads has read; 0 if it did not say
	mcard  McardseaScan
}

// Setting is one setting that an installer makes on a device.
type Setting struct {
	Label, Value string
	Code         bool // to be typed exactly
	Copy         bool
}

// Protocol is the wire format of a family of readers: what the door, the pages for installers and
// the demo need to know of it. To add a family, add one entry to Protocols and one to
// core.ReaderProtocols.
type Protocol struct {
	core.ReaderProtocol
	ContentType string
	Suffix      string // of the path, after the secret
	MustName    bool   // every request names its device
	Burst       int    // how often a device repeats one reading by itself

	Parse func(raw []byte) (Message, error)
	// Answer returns a whole answer; with zero values for reader and message, a refusal.
	Answer      func(r core.Reader, m Message, allowed bool, now time.Time) []byte
	IsHeartbeat func(r core.Reader, m Message) bool

	Settings     func(r core.Reader) []Setting
	Steps, Trial []string // of the installation

	// Request returns a device's request, for the demo: a query is sent by GET.
	Request func(r core.Reader, text string, now time.Time) (method, query, body string)
	Opens   func(answer []byte) bool // reports whether the device opens on an answer
}

// protocols are all families. Calls from unknown devices are answered in the first.
var protocols = []Protocol{vguangProtocol, mcardseaProtocol}

// Protocols returns every family of readers.
func Protocols() []Protocol { return protocols }

// ProtocolOf returns a family by its name; ok reports whether it is known.
func ProtocolOf(name string) (p Protocol, ok bool) {
	for _, p := range protocols {
		if p.Name == name {
			return p, true
		}
	}
	return Protocol{}, false
}

func named(name string) core.ReaderProtocol {
	p, ok := core.ReaderProtocolOf(name)
	if !ok {
		panic("gate: core knows no protocol " + name)
	}
	return p
}

// trials are the steps that every installer tries.
var trials = []string{
	"用一张随便的二维码（比如商品码）试刷：读头应提示失败，门不开。若门开了，立即断开继电器并更换拒绝码。",
	"用住户手机上的通行码试刷：门应打开，“出入记录”里出现一条放行。",
	"同一个码过几秒再刷一次：应被拒绝。",
	"拔掉读头的网线再刷：门不开。",
}

// vguang sends the device number too, except in its raw form, which is the bare text.
var vguangProtocol = Protocol{
	ReaderProtocol: named(core.ProtocolVguang),
	ContentType:    VguangContentType,
	Burst:          1,
	Parse: func(raw []byte) (Message, error) {
		s, err := ParseVguang(raw)
		return Message{Text: s.Text, Device: s.DeviceNumber}, err
	},
	Answer: func(r core.Reader, _ Message, allowed bool, _ time.Time) []byte {
		return VguangAnswer(allowed, r.DenyCode)
	},
	IsHeartbeat: isVguangHeartbeat,
	Settings: func(r core.Reader) []Setting {
		return []Setting{
			{Label: "工作模式", Value: "HTTP 协议模式（HTTP POST）"},
			{Label: "设备号", Value: r.Serial, Code: true, Copy: true},
			{Label: "心跳内容", Value: r.HeartbeatText, Code: true, Copy: true},
			{Label: "心跳间隔", Value: strconv.Itoa(r.HeartbeatSeconds) + " 秒"},
			{Label: "超时", Value: "2 秒"},
			{Label: "放行应答", Value: vguangOpen, Code: true},
			{Label: "拒绝应答", Value: "code=" + r.DenyCode, Code: true},
		}
	},
	Steps: []string{
		"用厂家配置工具把工作模式设为“HTTP 协议模式”，填入完整地址与设备号。",
		"打开心跳，内容与间隔照上表填；间隔不得小于 30 秒。",
		"修改配置二维码的密码（com_passwd），出厂默认密码是公开的：不改，任何人给读头看一张图就能改走它的服务器地址。",
		"能关闭“二维码配置”的，安装完就关闭；同时修改设备的管理密码。",
		"确认“成功”应答才驱动继电器，失败只鸣叫；消防联动与出门按钮必须不经过本系统也能开门。",
	},
	Trial: append(trials[:len(trials):len(trials)], "把心跳内容做成二维码试刷：门不能开。"),
	Request: func(r core.Reader, text string, _ time.Time) (method, query, body string) {
		return http.MethodPost, "", "vgdecoderesult=" + text + "&&devicenumber=" + r.Serial + "&&otherparams="
	},
	Opens: func(answer []byte) bool {
		return string(answer) == vguangOpen || strings.HasPrefix(string(answer), vguangOpen+"&&")
	},
}

// isVguangHeartbeat reports whether the message is a heartbeat. Anyone can show its text as a QR,
// so it is refused like every other text that is no token.
func isVguangHeartbeat(r core.Reader, m Message) bool {
	scan := VguangScan{Text: m.Text}
	if text, err := hex.DecodeString(m.Text); err == nil && r.HeartbeatText != "" && string(text) == r.HeartbeatText {
		return true // from a device set to hexadecimal
	}
	return scan.IsHeartbeat(r.HeartbeatText) || scan.IsHeartbeat("")
}

// mcardsea's answers carry our time: the device sets its clock to it. Devices in the field send a
// reading three or four times.
var mcardseaProtocol = Protocol{
	ReaderProtocol: named(core.ProtocolMcardsea),
	ContentType:    McardseaContentType,
	Suffix:         "/qa/mcardsea.php",
	MustName:       true,
	Burst:          3,
	Parse: func(raw []byte) (Message, error) {
		s, err := ParseMcardsea(string(raw))
		return Message{Text: s.CardID, Device: s.Serial, Clock: s.Time, Head: s.Gate, mcard: s}, err
	},
	Answer: func(_ core.Reader, m Message, allowed bool, now time.Time) []byte {
		return McardseaAnswer(m.mcard, allowed, now)
	},
	IsHeartbeat: func(core.Reader, Message) bool { return false },
	Settings: func(r core.Reader) []Setting {
		return []Setting{
			{Label: "请求方式", Value: "GET（或 POST）"},
			{Label: "设备序列号", Value: r.Serial, Code: true, Copy: true},
			{Label: "重复上报", Value: "同一次读码的重复上报只算一次，无需关闭"},
			{Label: "校时", Value: "跟随服务器应答，设备时差超过 1 分钟会自动校正"},
		}
	},
	Steps: []string{
		"给设备设固定 IP，或在路由器上绑定，并确认它能访问上面的主机与端口。",
		"把主机、端口、路径填进设备；设备自带路径后缀（.php、.asp 等）保持默认即可。",
		"核对设备标签上的序列号与上表一致，一个字符也不能差。",
		"修改设备网页后台的默认密码，关闭不用的接口。",
		"继电器接常闭还是常开按锁的类型定；消防联动与出门按钮必须不经过本系统也能开门。",
	},
	Trial: trials,
	Request: func(r core.Reader, text string, now time.Time) (method, query, body string) {
		way := "11"
		if r.Direction == core.Out {
			way = "10"
		}
		return http.MethodGet, "cardid=" + url.QueryEscape(text) + "&mjihao=1&cjihao=" + r.Serial + "&status=" + way +
			"&time=" + strconv.FormatInt(now.Unix(), 10), ""
	},
	Opens: func(answer []byte) bool {
		var reply mcardseaReply
		err := json.Unmarshal(answer, &reply)
		return err == nil && reply.Code == 0 && reply.Data[0].Status == 1
	},
}
