package gate

import (
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
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
//	vgdecoderesult=TEXT&devicenumber=7                  as forms have it
//	devicenumber=7&vgdecoderesult=TEXT                  the device first
//	vgdecoderesultTEXTdevicenumber7otherparams          without separators
//	TEXT                                                raw form
//
// Names may be in capitals, and all of it in hexadecimal digits. Since TEXT may hold
// any of the marks, the device number is the last one, or what the message begins
// with. A token that came escaped or with a scanner's prefix is turned back. The one
// error is ErrReaderRequest: nothing shown, too long, a device number that is none, or
// another writing of the same things.
func ParseVguang(body []byte) (VguangScan, error) {
	if len(body) > MaxReaderRequest {
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

// splitVguang takes an envelope apart, or takes all for the text; ok is false for an
// envelope of another make.
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

// separator is what stands between the fields: doubled wherever there is a doubled
// one, so that a single one within the text is never taken for it.
func separator(rest string) string {
	names := lowerASCII(rest)
	for _, sep := range []string{"&&", "&"} {
		if strings.Contains(names, sep+vguangDevice+"=") || strings.Contains(names, sep+vguangOther+"=") {
			return sep
		}
	}
	return "&&"
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

// deviceFirst reads a message that begins with the device number: nothing that was
// shown stands before it.
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

// lowerASCII is strings.ToLower for ASCII alone: every byte stays in its place.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// cutLast is strings.Cut at the last occurrence, in whatever case.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(lowerASCII(s), sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// scannerPrefix is what scan engines put before a text to say that it was in a QR.
var scannerPrefix = regexp.MustCompile(`^(?:\][A-Za-z][0-9]|\\0000[0-9]{2})`)

// shownText turns back what a reader made of a token or of the heartbeat: hexadecimal
// digits, escapes, a prefix. Any other text stays as it is.
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

// prefixed reports a token behind a few signs that the reader was set to put there.
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
