package gate

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// McardseaContentType is the type of every answer to a mcardsea reader.
const McardseaContentType = "application/json;charset=utf-8"

// mcardsea is the family of QR-86. Its answers carry our time: the device sets its clock to it. Devices in the field send a
// reading three or four times.
var mcardsea = Protocol{
	ReaderProtocol: named(core.ProtocolMcardsea),
	ContentType:    McardseaContentType,
	Suffix:         "/qa/mcardsea.php",
	MustName:       true,
	Burst:          3,
	MaxRequest:     maxReaderText,
	Names:          []string{mcardseaCard, mcardseaGate, mcardseaSerial},
	Sent: callFields{
		mcardseaCard: false, mcardseaGate: true, mcardseaSerial: true, mcardseaStatus: true, mcardseaTime: false,
	},
	Answered: callFields{
		"data": false, mcardseaCard: false, mcardseaGate: true, mcardseaSerial: true, mcardseaStatus: true, mcardseaTime: false,
		"output": true, "code": true, "message": true,
	},
	Read: func(w Wire) (Message, error) {
		s, err := ParseMcardsea(string(w.Text()))
		if err != nil {
			return Message{}, err
		}
		return Message{Kind: MessageScan, Text: s.CardID, Device: s.Serial, Clock: s.Time, Head: s.Gate, Own: s}, nil
	},
	Answer: func(_ core.Reader, m Message, reply Reply, now time.Time) []byte {
		s, _ := m.Own.(McardseaScan) // of a message that was not read: the zero scan
		return McardseaAnswer(s, reply.Decision.Allowed, now)
	},
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
}

// McardseaScan is one request of a mcardsea reader. Gate, serial and the other fields share one
// text with the QR that a stranger shows: they are claims, and only the secret in the URL
// identifies the device.
type McardseaScan struct {
	CardID string // text of the QR, or a card's number
	Gate   int    // mjihao: which of the device's doors; 0 = not given
	Serial string // cjihao: the device
	Status string // two digits: first 1 = normal, second 1 = in, 0 = out; "" = not given
	Time   int64  // the device's clock in Unix seconds; 0 = not given
}

// Names of the request's parameters.
const (
	mcardseaCard   = "cardid"
	mcardseaGate   = "mjihao"
	mcardseaSerial = "cjihao"
	mcardseaStatus = "status"
	mcardseaTime   = "time"
)

// mcardseaForm is where the shown text is among the device's own parameters.
var mcardseaForm = shownForm{shown: mcardseaCard, own: []string{mcardseaGate, mcardseaSerial, mcardseaStatus, mcardseaTime}}

// ParseMcardsea parses what a mcardsea reader sends, the raw query of a GET or the body of a POST:
//
//	cardid=TEXT&mjihao=1&cjihao=HZ45BDAD&status=11&time=1773692713
//
// The parameters may be in any order. TEXT may be escaped or not, and may itself contain any of the
// names: what is left of cardid is from the device, and so is the last occurrence of each other
// name right of it. The only error is ErrReaderRequest: nothing shown, too long, or an invalid
// serial or gate.
func ParseMcardsea(raw string) (McardseaScan, error) {
	if len(raw) > maxReaderText {
		return McardseaScan{}, ErrReaderRequest
	}
	raw = strings.TrimLeft(strings.TrimPrefix(raw, "\ufeff"), " \t\r\n\x00")
	card, fields, ok := mcardseaForm.split(strings.TrimRight(raw, "\r\n\x00"))
	if !ok {
		return McardseaScan{}, ErrReaderRequest
	}
	s := McardseaScan{
		CardID: strings.TrimSpace(unescape(card)),
		Serial: strings.TrimSpace(unescape(fields[mcardseaSerial])),
		Status: fields[mcardseaStatus],
	}
	if s.CardID == "" || !core.IsReaderSerial(s.Serial) || !readHead(fields[mcardseaGate], &s.Gate) {
		return McardseaScan{}, ErrReaderRequest
	}
	if len(s.Status) > 2 || strings.Trim(s.Status, "0123456789") != "" {
		s.Status = ""
	}
	if t, err := strconv.ParseInt(fields[mcardseaTime], 10, 64); err == nil && t > 0 {
		s.Time = t
	}
	return s, nil
}

// The answer, with the types and the field order of the maker's sample.
type mcardseaReply struct {
	Data    [1]mcardseaData `json:"data"`
	Code    int             `json:"code"`
	Message string          `json:"message"`
}

type mcardseaData struct {
	CardID string `json:"cardid"`
	Serial string `json:"cjihao"`
	Gate   int    `json:"mjihao"`
	Status int    `json:"status"` // 1 opens
	Time   string `json:"time"`   // the device sets its clock to it if it is a minute off
	Output int    `json:"output"` // 0 = no output over Wiegand
}

// McardseaAnswer returns the whole body of the answer: the scan's own fields, the decision, and the
// server's time. A refusal also has code 0, which means that the request was understood; use the
// zero scan for one that was not.
func McardseaAnswer(s McardseaScan, allowed bool, now time.Time) []byte {
	reply := mcardseaReply{Message: "success"}
	reply.Data[0] = mcardseaData{CardID: s.CardID, Serial: s.Serial, Gate: s.Gate, Time: strconv.FormatInt(now.Unix(), 10)}
	if allowed {
		reply.Data[0].Status = 1
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // devices read it with no JSON library worth the name
	_ = e.Encode(reply)    // strings and numbers: cannot fail
	return bytes.TrimRight(b.Bytes(), "\n")
}

// maxSkew bounds the skew noted for a clock that was never set.
const maxSkew = 365 * 24 * time.Hour

// Skew returns how far a device's clock is ahead of ours, from its claim in Unix seconds; at most a
// year either way, and 0 without a claim. It is for information only: a scan is never refused for
// it.
func Skew(claim int64, now time.Time) time.Duration {
	if claim <= 0 {
		return 0
	}
	limit := int64(maxSkew / time.Second)
	seconds := min(max(min(claim, 1<<40)-now.Unix(), -limit), limit)
	return time.Duration(seconds) * time.Second
}
