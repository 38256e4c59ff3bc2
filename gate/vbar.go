package gate

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// Topics of the family. A device publishes events to the first two levels alone, and names itself in the text; what is for it has its
// own uuid in the topic.
const (
	vbarRoot    = "access_device/v"
	vbarOnline  = "event/access_online" // something was shown that the device does not know
	vbarControl = "cmd/control"
	vbarReply   = "_reply"
	vbarOK      = "000000"
	vbarRefused = "100000" // whatever is not 000000 refuses
)

// vbar is the family of door terminals that hold a connection to our broker: they ask about codes that they do not know, and can be
// ordered to open.
var vbar = Protocol{
	ReaderProtocol: named(core.ProtocolVbar),
	ContentType:    "application/json",
	MaxRequest:     8 << 10,
	Names:          []string{"serialNo", "uuid"},
	Sent: callFields{
		"serialno": true, "uuid": true, "time": false, "sign": false, "data": false, "type": true, "code": false, "command": false,
	},
	Answered:    callFields{"serialno": true, "uuid": true, "time": false, "sign": false, "code": true},
	MustName:    true,
	Burst:       1,
	Read:        readVbar,
	Answer:      answerVbar,
	AnswerTopic: vbarAnswerTopic,
	May:         mayVbar,
	Push:        pushVbar,
	Settings: func(r core.Reader) []Setting {
		return []Setting{
			{Label: "username（MQTT）", Value: r.Serial, Code: true, Copy: true},
			{Label: "uuid（设备号）", Value: r.Serial, Code: true, Copy: true},
			{Label: "协议版本", Value: "v1 或 v2，按设备出厂设置"},
			{Label: "联网核验", Value: "onlinecheck = 1，超时 2000 毫秒"},
			{Label: "QoS / 保留会话", Value: "按出厂即可：服务器不保留会话，也不保留消息"},
			{Label: "心跳间隔", Value: strconv.Itoa(r.HeartbeatSeconds) + " 秒"},
		}
	},
	Steps: []string{
		"在设备的 MQTT 设置里填入上面的服务器、username 和密码；密码就是本读头的密钥。",
		"服务器启用了 TLS 的，打开设备的 TLS，并装入服务器证书的签发者。",
		"打开联网核验（onlinecheck），设备不认识的二维码才会来问本系统。",
		"清空设备里自带的人员与二维码权限：设备自己认识的码不会来问本系统，也不计次。",
		"修改设备的管理密码与配置二维码的密码；消防联动与出门按钮必须不经过本系统也能开门。",
	},
	Trial: append(trials[:len(trials):len(trials)],
		"在读头页面点“远程开门”：门应打开，开门指令显示“门已应答”。",
		"断开设备的网线，再点“远程开门”：应被拒绝；接上网线，门不能自己打开。"),
}

// vbarEnvelope is what every message is in.
type vbarEnvelope struct {
	SerialNo string          `json:"serialNo"`
	UUID     string          `json:"uuid"`
	Time     int64           `json:"time"`
	Sign     string          `json:"sign"` // reserved by the maker; unused
	Code     string          `json:"code,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// vbarMessage is what an answer needs of its request.
type vbarMessage struct{ version, event, serialNo string }

// vbarParts splits a topic of the family: access_device/v1/event/heartbeat.
func vbarParts(topic string) (version, rest string, ok bool) {
	after, ok := strings.CutPrefix(topic, vbarRoot)
	if !ok {
		return "", "", false
	}
	version, rest, ok = strings.Cut(after, "/")
	return version, rest, ok && (version == "1" || version == "2")
}

// readVbar reads what a device published:
//
//	access_device/v1/event/access_online  {"serialNo":"7","uuid":"D1","time":1773692713,"data":{"type":"103","code":"TEXT"}}
//	access_device/v1/event/heartbeat      {"serialNo":"8","uuid":"D1","time":1773692773}
//	access_device/v1/cmd/control_reply    {"serialNo":"12","uuid":"D1","time":1773692773,"code":"000000"}
//
// A text that was shown is a value of JSON, so that nothing in it can be taken for the device's.
func readVbar(w Wire) (Message, error) {
	version, event, ok := vbarParts(w.Topic)
	var e vbarEnvelope
	if !ok || len(w.Body) > 8<<10 || json.Unmarshal(w.Body, &e) != nil || e.UUID == "" || !core.IsReaderSerial(e.UUID) ||
		len(e.SerialNo) > 64 {
		return Message{}, ErrReaderRequest
	}
	m := Message{Device: e.UUID, Clock: max(e.Time, 0), Own: vbarMessage{version, event, e.SerialNo}}
	switch event {
	case vbarOnline:
		var shown struct {
			Code string `json:"code"`
		}
		if json.Unmarshal(e.Data, &shown) != nil || strings.TrimSpace(shown.Code) == "" {
			return Message{}, ErrReaderRequest
		}
		m.Kind, m.Text = MessageScan, shownText(strings.TrimSpace(shown.Code))
	case vbarControl + vbarReply:
		number, err := strconv.Atoi(e.SerialNo)
		if err != nil || number < 1 || number > core.MaxCommandNumber {
			return Message{}, ErrReaderRequest
		}
		m.Kind, m.Number, m.Opened = MessageAnswer, number, e.Code == vbarOK
	case "event/heartbeat", "event/connect":
		m.Kind = MessageHeartbeat
	default:
		m.Kind = MessageOther
	}
	return m, nil
}

// answerVbar answers what was shown; nothing else is answered.
func answerVbar(_ core.Reader, m Message, reply Reply, now time.Time) []byte {
	e := vbarEnvelope{UUID: m.Device, Time: now.Unix(), Code: vbarRefused}
	if own, ok := m.Own.(vbarMessage); ok {
		e.SerialNo = own.serialNo
	}
	if reply.Decision.Allowed && m.Kind == MessageScan {
		e.Code = vbarOK
	}
	b, _ := json.Marshal(e) // strings and numbers: cannot fail
	return b
}

func vbarAnswerTopic(_ core.Reader, m Message) string {
	own, ok := m.Own.(vbarMessage)
	if !ok || m.Kind != MessageScan {
		return ""
	}
	return vbarRoot + own.version + "/event/" + m.Device + "/access_online" + vbarReply
}

// mayVbar lets a device publish events and answers, and hear what is for it: never a topic of another, or a pattern wider than its own.
func mayVbar(r core.Reader, topic string, publish bool) bool {
	_, rest, ok := vbarParts(topic)
	kind, name, found := strings.Cut(rest, "/")
	if !ok || !found || kind != "cmd" && kind != "event" {
		return false
	}
	if publish {
		return name != "" && !strings.ContainsAny(name, "/+#") && (kind == "event" || strings.HasSuffix(name, vbarReply))
	}
	device, below, found := strings.Cut(name, "/")
	return found && device == r.Serial && (below == "#" || below == "+" || below != "" && !strings.ContainsAny(below, "/+#"))
}

// pushVbar returns the order to open, in the version that the device speaks.
func pushVbar(r core.Reader, c core.DoorCommand, last Message, now time.Time) Push {
	own, ok := last.Own.(vbarMessage)
	if !ok {
		own.version = "1"
	}
	b, _ := json.Marshal(vbarEnvelope{
		SerialNo: strconv.Itoa(c.Number), UUID: r.Serial, Time: now.Unix(), Data: json.RawMessage(`{"command":1}`),
	}) // strings and numbers: cannot fail
	return Push{Topic: vbarRoot + own.version + "/cmd/" + r.Serial + "/control", Body: b}
}
