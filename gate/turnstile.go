package gate

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// TurnstileContentType is the type of every answer to a turnstile's board.
const TurnstileContentType = "application/json;charset=utf-8"

// turnstile is the family of boards in turnstiles that ask with idtype and readno. They show and speak what they are told, and set
// their clock by the answer.
var turnstile = Protocol{
	ReaderProtocol: named(core.ProtocolTurnstile),
	ContentType:    TurnstileContentType,
	MaxRequest:     maxReaderText,
	Names:          []string{turnstileKind, turnstileHead},
	Sent: callFields{
		turnstileShown: false, turnstileKind: true, turnstileSerial: true, turnstileHead: true, turnstileTime: false,
	},
	Answered: callFields{
		"result": true, turnstileHead: true, "str1": false, "str2": false, "str3": false, "str4": false, "sndtxt": false, "currtime": false,
	},
	MustName: true,
	Burst:    1,
	Read:     readTurnstile,
	Answer:   answerTurnstile,
	Settings: func(r core.Reader) []Setting {
		return []Setting{
			{Label: "请求方式", Value: "POST 表单（或 GET）"},
			{Label: "设备号（sn）", Value: r.Serial, Code: true, Copy: true},
			{Label: "心跳间隔", Value: strconv.Itoa(r.HeartbeatSeconds) + " 秒"},
			{Label: "校时", Value: "跟随服务器应答里的 currtime"},
		}
	},
	Steps: []string{
		"把完整地址填进闸机控制板的服务器设置；地址最后一段就是密钥，不要截短。",
		"核对控制板的设备号（sn）与上表一致，一个字符也不能差。",
		"进、出两个读头接在同一块板上的，看清哪个编号（readno）在进门一侧，填到本读头的“进门读头号”。",
		"打开心跳（idtype=99），间隔照上表填。",
		"修改控制板网页后台的默认密码；消防联动与出门按钮必须不经过本系统也能开门。",
	},
	Trial: append(trials[:len(trials):len(trials)], "进、出两个方向各刷一次：出入记录里的方向应各自正确，反了就改“进门读头号”。"),
}

// Names of the request's parameters.
const (
	turnstileShown  = "id"
	turnstileKind   = "idtype"
	turnstileSerial = "sn"
	turnstileHead   = "readno"
	turnstileTime   = "time"
)

// What idtype says was shown. Whatever is no heartbeat is decided on: numbers of cards are no tokens, and refused.
const turnstileBeat = "99"

// turnstileForm is where the shown text is among the device's own parameters.
var turnstileForm = shownForm{shown: turnstileShown, own: []string{turnstileKind, turnstileSerial, turnstileHead, turnstileTime}}

// readTurnstile reads the form that a board sends:
//
//	id=TEXT&idtype=0&sn=ZJ0001&readno=1&time=1773692713
//
// The parameters may be in any order; see shownForm for a text that contains their names. A heartbeat has idtype 99 and no text.
func readTurnstile(w Wire) (Message, error) {
	raw := strings.TrimLeft(strings.TrimPrefix(string(w.Text()), "\ufeff"), " \t\r\n\x00")
	if len(raw) > maxReaderText {
		return Message{}, ErrReaderRequest
	}
	text, fields, ok := turnstileForm.split(strings.TrimRight(raw, "\r\n\x00"))
	m := Message{
		Kind: MessageScan, Text: strings.TrimSpace(unescape(text)), Device: strings.TrimSpace(unescape(fields[turnstileSerial])),
		Clock: turnstileClock(unescape(fields[turnstileTime])),
	}
	if fields[turnstileKind] == turnstileBeat {
		m.Kind, m.Text = MessageHeartbeat, ""
	}
	nothing := m.Kind == MessageScan && m.Text == ""
	if !ok || nothing || !core.IsReaderSerial(m.Device) || !readHead(fields[turnstileHead], &m.Head) {
		return Message{}, ErrReaderRequest
	}
	return m, nil
}

// turnstileClock reads a board's time, seconds or a date with a time of the site; 0 if it is neither.
func turnstileClock(text string) int64 {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return max(seconds, 0)
	}
	at, err := time.ParseInLocation(time.DateTime, strings.ReplaceAll(text, "+", " "), boardZone)
	if err != nil {
		return 0
	}
	return max(at.Unix(), 0)
}

// boardZone is the zone that boards show, whatever the server's.
var boardZone = time.FixedZone("CST", 8*60*60)

// turnstileReply is the answer. A board turns on result 1 alone, shows str1 to str4 and speaks sndtxt.
type turnstileReply struct {
	Result int    `json:"result"`
	Head   int    `json:"readno"`
	Line1  string `json:"str1"`
	Line2  string `json:"str2"`
	Line3  string `json:"str3"`
	Line4  string `json:"str4"`
	Spoken string `json:"sndtxt"`
	Clock  string `json:"currtime"`
}

// answerTurnstile says the decision, in words too, and the time. A heartbeat is answered without words.
func answerTurnstile(_ core.Reader, m Message, reply Reply, now time.Time) []byte {
	answer := turnstileReply{Head: m.Head, Clock: now.In(boardZone).Format(time.DateTime)}
	if reply.Decision.Allowed {
		answer.Result = 1
	}
	if m.Kind == MessageScan {
		answer.Line1, answer.Spoken = reply.Decision.Sentence, reply.Decision.Sentence
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // strings and numbers: cannot fail
	return bytes.TrimRight(b.Bytes(), "\n")
}
