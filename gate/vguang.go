package gate

import (
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// VguangContentType is the type of every answer to a vguang reader.
const VguangContentType = "text/plain;charset=utf-8"

// vguang is the family of 微光. It sends the device number too, except in its raw form, which is the bare text.
var vguang = Protocol{
	ReaderProtocol: named(core.ProtocolVguang),
	ContentType:    VguangContentType,
	Burst:          1,
	MaxRequest:     maxReaderText,
	Names:          []string{vguangMark, vguangMarkAlt, vguangDevice, vguangOther},
	Sent:           callFields{vguangMark: false, vguangMarkAlt: false, vguangDevice: true, vguangOther: false},
	Answered:       callFields{"code": true},
	Read: func(w Wire) (Message, error) {
		s, err := ParseVguang(w.Text())
		if err != nil {
			return Message{}, err
		}
		return Message{Kind: MessageScan, Text: s.Text, Device: s.DeviceNumber}, nil
	},
	Answer: func(r core.Reader, _ Message, reply Reply, _ time.Time) []byte {
		return VguangAnswer(reply.Decision.Allowed, r.DenyCode)
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

// VguangScan is one request of a vguang reader. The device number is in the same unescaped text as
// the QR that a stranger shows: it is a claim, and only the secret in the URL identifies the
// device.
type VguangScan struct {
	Text         string // of the QR
	DeviceNumber string // "" in the raw form, which has none
	Extra        string // what followed the device number, as received
	Heartbeat    bool   // the text is the maker's heartbeat; see IsHeartbeat for a device's own
}

// IsHeartbeat reports whether this is the heartbeat of a device configured with text; "" is the
// maker's default. Anyone can show that text as a QR: answer it with a refusal.
func (s VguangScan) IsHeartbeat(text string) bool {
	if text == "" {
		text = core.DefaultHeartbeatText
	}
	return s.Text == text
}

// Marks of the envelope. The firmware puts raw texts between them, unescaped.
const (
	vguangMark    = "vgdecoderesult"
	vguangMarkAlt = "vgdecoderresult" // some firmware has another r
	vguangDevice  = "devicenumber"
	vguangOther   = "otherparams"
)

// ParseVguang parses the body of a vguang reader's POST, whatever its content type:
//
//	vgdecoderesult=TEXT&&devicenumber=7&&otherparams=   protocol form
//	vgdecoderesult=TEXT&devicenumber=7                  as in forms
//	devicenumber=7&vgdecoderesult=TEXT                  device first
//	vgdecoderesultTEXTdevicenumber7otherparams          without separators
//	TEXT                                                raw form
//
// Names may be in capitals, and the whole may be in hexadecimal digits. Since TEXT may contain any
// of the marks, the device number is the last one, or the one the message begins with. A token that
// arrives escaped or with a scanner's prefix is decoded. The only error is ErrReaderRequest:
// nothing shown, too long, an invalid device number, or an unknown form of the envelope.
func ParseVguang(body []byte) (VguangScan, error) {
	if len(body) > maxReaderText {
		return VguangScan{}, ErrReaderRequest
	}
	raw := strings.TrimLeft(strings.TrimPrefix(string(body), "\ufeff"), " \t\r\n\x00")
	s, ok := splitVguang(strings.TrimRight(raw, "\r\n\x00"))
	s.Text, s.DeviceNumber = shownText(strings.TrimSpace(s.Text)), strings.TrimSpace(s.DeviceNumber)
	if !ok || s.Text == "" || prefixed(s.Text) || !core.IsReaderSerial(s.DeviceNumber) {
		return VguangScan{}, ErrReaderRequest
	}
	s.Heartbeat = s.IsHeartbeat("")
	return s, nil
}

// splitVguang parses an envelope, or takes everything as the text; ok is false for an unknown form
// of envelope.
func splitVguang(body string) (s VguangScan, ok bool) {
	names := lowerASCII(body)
	for _, mark := range []string{vguangMark, vguangMarkAlt} {
		if !strings.HasPrefix(names, mark) {
			continue
		}
		rest := body[len(mark):]
		if rest, ok := strings.CutPrefix(rest, "="); ok {
			return cutVguang(rest, separator(rest), "="), true
		}
		return cutVguang(rest, "", ""), true
	}
	if rest, ok := strings.CutPrefix(names, vguangDevice+"="); ok {
		return deviceFirst(body[len(body)-len(rest):])
	}
	if plain, err := hex.DecodeString(body); err == nil && strings.HasPrefix(lowerASCII(string(plain)), "vgdecode") {
		return splitVguang(string(plain))
	}
	foreign := strings.Contains(names, "vgdecode") || strings.Contains(names, vguangDevice)
	return VguangScan{Text: body}, !foreign
}

// separator returns the separator of the fields: doubled if a doubled one occurs anywhere, so that
// a single one within the text is never mistaken for it.
func separator(rest string) string {
	names := lowerASCII(rest)
	for _, sep := range []string{"&&", "&"} {
		if strings.Contains(names, sep+vguangDevice+"=") || strings.Contains(names, sep+vguangOther+"=") {
			return sep
		}
	}
	return "&&"
}

// cutVguang splits the fields from the right; each starts with lead and its name, and its value
// with equals.
func cutVguang(rest, lead, equals string) VguangScan {
	text, after, ok := cutLast(rest, lead+vguangDevice+equals)
	if !ok {
		text, extra, _ := cutLast(rest, lead+vguangOther+equals)
		return VguangScan{Text: text, Extra: extra}
	}
	s := VguangScan{Text: text}
	if lead == "" {
		s.DeviceNumber, s.Extra, _ = strings.Cut(after, vguangOther)
	} else {
		s.DeviceNumber, s.Extra, _ = strings.Cut(after, lead)
	}
	return s
}

// deviceFirst parses a message that begins with the device number: nothing that was shown precedes
// it.
func deviceFirst(rest string) (VguangScan, bool) {
	device, after, ok := strings.Cut(rest, "&")
	after = strings.TrimPrefix(after, "&")
	if !ok {
		return VguangScan{}, false
	}
	for _, mark := range []string{vguangMark + "=", vguangMarkAlt + "="} {
		if strings.HasPrefix(lowerASCII(after), mark) {
			text, extra, _ := cutLast(after[len(mark):], "&"+vguangOther+"=")
			return VguangScan{Text: strings.TrimSuffix(text, "&"), DeviceNumber: device, Extra: extra}, true
		}
	}
	return VguangScan{}, false
}

// lowerASCII is strings.ToLower for ASCII only, which keeps every byte's position.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// cutLast is strings.Cut at the last occurrence, ignoring case.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(lowerASCII(s), sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// scannerPrefix matches what scan engines put before a text to mark it as read from a QR code.
var scannerPrefix = regexp.MustCompile(`^(?:\][A-Za-z][0-9]|\\0000[0-9]{2})`)

// shownText undoes what a reader made of a token or of the heartbeat: hexadecimal digits, escapes,
// a prefix. Any other text is returned unchanged.
func shownText(text string) string {
	if _, ok := ParseToken(text); ok {
		return text
	}
	var forms []string
	if b, err := hex.DecodeString(text); err == nil {
		forms = append(forms, string(b))
	}
	if plain, err := url.PathUnescape(text); err == nil {
		forms = append(forms, plain)
	}
	forms = append(forms, scannerPrefix.ReplaceAllString(text, ""))
	for _, form := range forms {
		if _, ok := ParseToken(form); ok || form == core.DefaultHeartbeatText {
			return form
		}
	}
	return text
}

// prefixed reports whether text is a token after a few characters that the reader was configured to
// prepend.
func prefixed(text string) bool {
	n := len(text) - tokenLength
	if n < 1 || n > 8 {
		return false
	}
	_, ok := ParseToken(text[n:])
	return ok && strings.IndexByte(tokenAlphabet, upper(text[n-1])) < 0
}

// vguangOpen is the one answer that opens.
const vguangOpen = "code=0000"

// VguangAnswer returns the whole body of the answer. A refusal is the device's own code if that is
// safe, the default one otherwise: it can never open.
func VguangAnswer(allowed bool, deny string) []byte {
	if allowed {
		return []byte(vguangOpen)
	}
	if !ValidVguangDeny(deny) {
		deny = core.DefaultDenyCode
	}
	return []byte("code=" + deny)
}

// ValidVguangDeny reports whether a reader can only take code, four hexadecimal digits, as a
// refusal: the firmware reads it as hexadecimal, opens on 0–8, and takes 00ff, 01ff, 02ff and 03ff
// for commands, 00ff for a firmware update. Settings accept less: see core.SafeDenyCode.
func ValidVguangDeny(code string) bool {
	if len(code) != 4 || strings.Trim(code, "0123456789abcdefABCDEF") != "" {
		return false
	}
	n, err := strconv.ParseUint(code, 16, 16)
	if err != nil {
		return false
	}
	switch n {
	case 0x00ff, 0x01ff, 0x02ff, 0x03ff:
		return false
	}
	return n > 8
}
