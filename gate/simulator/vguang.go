package simulator

import (
	"strconv"
	"strings"
	"time"
)

// makersHeartbeat is the text of a heartbeat that nobody changed.
const makersHeartbeat = "www.vguang.cn"

// vguang is a scanner of 微光 in its HTTP protocol mode. It puts what was shown between its own marks, unescaped.
var vguang = firmware{
	request:   func(d Device, text string, _ time.Time) message { return vguangMessage(d, text) },
	heartbeat: func(d Device, _ time.Time) message { return vguangMessage(d, orMakers(d.Heartbeat)) },
	opens:     vguangOpens,
}

func orMakers(text string) string {
	if text == "" {
		return makersHeartbeat
	}
	return text
}

func vguangMessage(d Device, text string) message {
	body := "vgdecoderesult=" + text + "&&devicenumber=" + d.Serial + "&&otherparams="
	return message{body: body, contentType: "text/html; charset=UTF-8"}
}

// vguangOpens reports whether the relay fires, by the rules of the maker's published firmware: split at &&, the first part must start
// with code=, the value is read as hexadecimal; 0 opens, unless a JSON part has another result code; 1 to 8 open too and only change
// the voice.
func vguangOpens(answer []byte) bool {
	parts := strings.Split(string(answer), "&&")
	value, ok := strings.CutPrefix(parts[0], "code=")
	if !ok {
		return false
	}
	code, ok := leadingHex(value)
	if !ok || code > 8 || vguangCommands[code] {
		return false
	}
	if code == 0 && len(parts) > 2 && parts[1] == "desc=json" {
		return strings.Contains(parts[2], `"resultCode":"0000"`) || strings.Contains(parts[2], `"resultCode":""`)
	}
	return true
}

// VguangObeys reports whether an answer is a command to a scanner of 微光: new firmware or resources, configuration, text on the
// screen.
func VguangObeys(answer []byte) bool {
	value, _ := strings.CutPrefix(strings.Split(string(answer), "&&")[0], "code=")
	code, ok := leadingHex(value)
	return ok && vguangCommands[code]
}

var vguangCommands = map[uint64]bool{0x00ff: true, 0x01ff: true, 0x02ff: true, 0x03ff: true}

// leadingHex parses like parseInt(s, 16): leading blanks, 0x, trailing garbage.
func leadingHex(s string) (uint64, bool) {
	s = strings.ToLower(strings.TrimLeft(s, " \t\r\n"))
	s = strings.TrimPrefix(s, "0x")
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
	if end >= 0 {
		s = s[:end]
	}
	n, err := strconv.ParseUint(s, 16, 64)
	return n, err == nil
}
