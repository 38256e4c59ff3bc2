package gate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/gate/simulator"
)

func opensVguang(answer []byte) bool { return simulator.Opens(core.ProtocolVguang, answer) }

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
		if opensVguang(answer) || simulator.VguangObeys(answer) {
			t.Fatalf("refusing with %q answers %q, which does more than refuse", code, answer)
		}
		if ValidVguangDeny(code) && string(answer) != "code="+code {
			t.Fatalf("%q is valid, but the answer is %q", code, answer)
		}
		if answer := VguangAnswer(true, code); !opensVguang(answer) || string(answer) != "code=0000" {
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
