package gate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tongxing/core"
)

// fires reports whether a real reader's relay opens on an answer, by the rules of the maker's
// published firmware: split at &&, the first part must start with code=, the value is read as
// hexadecimal; 0 opens, unless a JSON part has another result code; 1 to 8 open too and only change
// the voice.
func fires(answer []byte) bool {
	parts := strings.Split(string(answer), "&&")
	value, ok := strings.CutPrefix(parts[0], "code=")
	if !ok {
		return false
	}
	code, ok := leadingHex(value)
	if !ok || code > 8 || commands[code] {
		return false
	}
	if code == 0 && len(parts) > 2 && parts[1] == "desc=json" {
		return strings.Contains(parts[2], `"resultCode":"0000"`) || strings.Contains(parts[2], `"resultCode":""`)
	}
	return true
}

// reflashes reports whether an answer is a command: new firmware or resources, configuration, text
// on the screen.
func reflashes(answer []byte) bool {
	value, _ := strings.CutPrefix(strings.Split(string(answer), "&&")[0], "code=")
	code, ok := leadingHex(value)
	return ok && commands[code]
}

var commands = map[uint64]bool{0x00ff: true, 0x01ff: true, 0x02ff: true, 0x03ff: true}

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

// TestFirmwareOracle checks the oracle itself against what the firmware is known to do.
func TestFirmwareOracle(t *testing.T) {
	for answer, want := range map[string]bool{
		"code=0000": true, "code=0": true, "code=0001": true, "code=0008": true, "code=0x05": true, "code=0000&&desc=ok": true,
		"code=0009": false, "code=1000": false, "code=00ff&&url=x": false, "": false, "<html>code=0000": false,
		"code=": false, "code=no": false,
		`code=0000&&desc=json&&{"resultCode":"1000"}`: false, `code=0000&&desc=json&&{"resultCode":"0000"}`: true,
	} {
		if fires([]byte(answer)) != want {
			t.Errorf("%q: the oracle says %v", answer, !want)
		}
	}
}

func TestVguangAnswerNeverOpensByMistake(t *testing.T) {
	codes := []string{
		"", "0000", "0001", "0008", "00ff", "00FF", "03ff", "8", "1000&&desc=ok", "0000&&1000", " 1000",
		"1000\n", "0x10", "+009", "-001", "１０００", "zzzz",
	}
	for n := range 1 << 16 {
		codes = append(codes, fmt.Sprintf("%04x", n))
		if n < 10000 {
			codes = append(codes, fmt.Sprintf("%04d", n), strconv.Itoa(n))
		}
	}
	for _, code := range codes {
		answer := VguangAnswer(false, code)
		if fires(answer) || reflashes(answer) {
			t.Fatalf("refusing with %q answers %q, which does more than refuse", code, answer)
		}
		if ValidVguangDeny(code) && string(answer) != "code="+code {
			t.Fatalf("%q is valid, but the answer is %q", code, answer)
		}
		if answer := VguangAnswer(true, code); !fires(answer) || string(answer) != "code=0000" {
			t.Fatalf("opening answers %q", answer)
		}
		if core.SafeDenyCode(code) && !ValidVguangDeny(code) {
			t.Fatalf("settings accept %q, which the reader's answer does not", code)
		}
	}
	if !ValidVguangDeny(core.DefaultDenyCode) || !ValidVguangDeny("0009") || ValidVguangDeny("0008") {
		t.Error("codes above 8 refuse")
	}
}

// TestVguangInjection shows QR texts that contain the envelope's own marks: none may change the
// device number or pass for a token.
func TestVguangInjection(t *testing.T) {
	token := NewToken(3).String()
	for _, text := range []string{
		token + "&&devicenumber=8", token + "&&devicenumber=8&&otherparams=", "&&devicenumber=8", token + "devicenumber8otherparams",
		token + "&&otherparams=x", "vgdecoderesult=" + token, token + "\r\nvgdecoderesult=" + token + "&&devicenumber=8",
		token + "&&code=0000", token + "\x00", token + "&&devicenumber=8\x00",
	} {
		s, err := ParseVguang([]byte("vgdecoderesult=" + text + "&&devicenumber=7&&otherparams="))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if s.DeviceNumber != "7" {
			t.Errorf("%q makes the device %q", text, s.DeviceNumber)
		}
		if _, ok := ParseToken(s.Text); ok {
			t.Errorf("%q passes for a token", text)
		}
	}
}

func TestVguangHeartbeat(t *testing.T) {
	s, err := ParseVguang([]byte("vgdecoderesult=site-7&&devicenumber=7&&otherparams="))
	if err != nil || s.Heartbeat || s.IsHeartbeat("") || !s.IsHeartbeat("site-7") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestVguangBounds(t *testing.T) {
	for _, body := range []string{"", "\r\n", "   ", "\x00", "vgdecoderesult", "vgdecoderesult=", strings.Repeat("A", maxReaderText+1),
		"vgdecoderesult=A&&devicenumber=" + strings.Repeat("1", 65)} {
		if s, err := ParseVguang([]byte(body)); !errors.Is(err, ErrReaderRequest) || s != (VguangScan{}) {
			t.Errorf("%.40q: %+v, %v", body, s, err)
		}
	}
	if _, err := ParseVguang([]byte(strings.Repeat("A", maxReaderText))); err != nil {
		t.Errorf("4 KiB: %v", err)
	}
}

func FuzzParseVguang(f *testing.F) {
	for _, seed := range []string{"", "A", "vgdecoderesult=A&&devicenumber=7&&otherparams=", "vgdecoderresultAdevicenumber7otherparams",
		"vgdecoderesult=A&&devicenumber=8&&devicenumber=7&&otherparams=", "3031323334"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		s, err := ParseVguang(body)
		if !slices.Equal(before, body) {
			t.Fatal("the body changed")
		}
		if err != nil {
			if s != (VguangScan{}) {
				t.Fatalf("refused, yet %+v", s)
			}
			return
		}
		if s.Text == "" || len(s.Text) > maxReaderText || !core.IsReaderSerial(s.DeviceNumber) {
			t.Fatalf("%+v", s)
		}
		// The same text shown at device 7 is attributed to device 7, whatever it contains.
		again, err := ParseVguang([]byte("vgdecoderesult=" + string(body) + "&&devicenumber=7&&otherparams="))
		if err == nil && again.DeviceNumber != "7" {
			t.Fatalf("%q makes the device %q", body, again.DeviceNumber)
		}
	})
}
