package gate

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"tongxing/core"
)

// MaxReaderRequest bounds what a reader may send, in bytes.
const MaxReaderRequest = 4 << 10

// ErrReaderRequest is a request that no reader of its protocol sends.
var ErrReaderRequest = errors.New("gate: not a reader's request")

// VguangContentType is the type of every answer to a vguang reader.
const VguangContentType = "text/plain;charset=utf-8"

// VguangScan is one request of a vguang reader. The device number stands in the
// same unescaped text as the QR that a stranger shows: it is a claim, and only
// the secret in the URL says which device this is.
type VguangScan struct {
	Text         string // of the QR
	DeviceNumber string // "" in the raw form, which has none
	Extra        string // what followed the device number, as it came
	Heartbeat    bool   // the text is the maker's heartbeat; see IsHeartbeat for a device's own
}

// IsHeartbeat reports whether this is the heartbeat of a device set to text; ""
// is the maker's. Anyone can show that text as a QR: answer it with a refusal.
func (s VguangScan) IsHeartbeat(text string) bool {
	if text == "" {
		text = core.DefaultHeartbeatText
	}
	return s.Text == text
}

// Marks of the envelope. The firmware puts raw texts between them, unescaped.
const (
	vguangMark    = "vgdecoderesult"
	vguangMarkAlt = "vgdecoderresult" // some firmware writes another r
	vguangDevice  = "devicenumber"
	vguangOther   = "otherparams"
)

// ParseVguang reads the body of a vguang reader's POST, whatever its content
// type:
//
//	vgdecoderesult=TEXT&&devicenumber=7&&otherparams=   protocol form
//	vgdecoderesultTEXTdevicenumber7otherparams          without separators
//	TEXT                                                raw form
//
// Since TEXT may hold any of the marks, the device number is the last one. A
// token that came as hexadecimal digits is turned back. The one error is
// ErrReaderRequest: nothing shown, too long, or a device number that is none.
func ParseVguang(body []byte) (VguangScan, error) {
	if len(body) > MaxReaderRequest {
		return VguangScan{}, ErrReaderRequest
	}
	s := splitVguang(strings.TrimRight(string(body), "\r\n\x00"))
	s.Text = unhex(strings.TrimSpace(s.Text))
	if s.Text == "" || !core.IsReaderSerial(s.DeviceNumber) {
		return VguangScan{}, ErrReaderRequest
	}
	s.Heartbeat = s.IsHeartbeat("")
	return s, nil
}

func splitVguang(body string) VguangScan {
	rest, ok := strings.CutPrefix(body, vguangMark)
	if !ok {
		rest, ok = strings.CutPrefix(body, vguangMarkAlt)
	}
	if !ok {
		return VguangScan{Text: body}
	}
	if rest, ok := strings.CutPrefix(rest, "="); ok {
		return cutVguang(rest, "&&", "=")
	}
	return cutVguang(rest, "", "")
}

// cutVguang takes the fields apart from the right; each is led by lead and its
// name, and its value by equals.
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

// cutLast is strings.Cut at the last occurrence.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// unhex turns back what a reader set to hexadecimal made of a token or of the
// heartbeat. Any other text stays as it is.
func unhex(text string) string {
	if _, ok := ParseToken(text); ok {
		return text
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return text
	}
	if _, ok := ParseToken(string(b)); ok || string(b) == core.DefaultHeartbeatText {
		return string(b)
	}
	return text
}

// vguangOpen is the one answer that opens.
const vguangOpen = "code=0000"

// VguangAnswer gives the whole body of the answer. A refusal is the device's own
// code where it is safe, the default one otherwise: it can never open.
func VguangAnswer(allowed bool, deny string) []byte {
	if allowed {
		return []byte(vguangOpen)
	}
	if !ValidVguangDeny(deny) {
		deny = core.DefaultDenyCode
	}
	return []byte("code=" + deny)
}

// ValidVguangDeny reports whether a reader can take code, four hexadecimal
// digits, for nothing but a refusal: the firmware reads it as hexadecimal, opens
// on 0–8, and takes 00ff, 01ff, 02ff and 03ff for commands, 00ff for a new
// firmware. What settings accept is narrower: see core.SafeDenyCode.
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
