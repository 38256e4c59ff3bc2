package gate

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/gate/simulator"
)

// packed returns a request of a terminal that compresses its record.
func packed(t *testing.T, detail string) Wire {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(detail)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	body := "--b\r\nContent-Disposition: form-data; name=\"SN\"\r\n\r\nN7\r\n--b\r\n" +
		"Content-Disposition: form-data; name=\"RecordDetail\"\r\n" +
		"Content-Encoding: gzip\r\nContent-Type: application/octet-stream\r\n\r\n" + b.String() + "\r\n--b--\r\n"
	return Wire{Path: "/Device/RequestAuthorization", Type: "multipart/form-data; boundary=b", Body: []byte(body)}
}

// TestHTTPv2Compressed: a record that is compressed is read, and one that grows without end is not.
func TestHTTPv2Compressed(t *testing.T) {
	token := NewToken(3).String()
	m, err := httpv2.Read(packed(t, `{"RecordID":7,"RecordDate":1773692713,"QRCode":"`+token+`","BodyTemp":371}`))
	if err != nil || m.Kind != MessageScan || m.Text != token || m.Device != "N7" || m.Temp != 371 {
		t.Errorf("%+v, %v", m, err)
	}
	for name, detail := range map[string]string{
		"a bomb": `{"QRCode":"` + token + `","A":"` + strings.Repeat("x", 1<<20) + `"}`, "no JSON": "RecordID=7",
	} {
		if m, err := httpv2.Read(packed(t, detail)); err == nil || m.Kind != MessageUnread {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	cut := packed(t, `{"QRCode":"`+token+`"}`)
	cut.Body = bytes.Replace(cut.Body, []byte{0x1f, 0x8b, 8}, []byte{0x1f, 0x8b, 9}, 1)
	if m, err := httpv2.Read(cut); err == nil {
		t.Errorf("damaged: %+v", m)
	}
}

// TestHTTPv2Acknowledges: a question is opened by a decision alone; anything else is acknowledged when it was taken, and only then.
func TestHTTPv2Acknowledges(t *testing.T) {
	r := core.NewReader()
	r.Serial = "N7"
	for _, kind := range []MessageKind{MessageUnread, MessageScan, MessageHeartbeat, MessageOther, MessageRecord} {
		m := Message{Kind: kind, Device: "N7"}
		taken := string(httpv2.Answer(r, m, Reply{Taken: true}, goldenNow)) == `{"Success":1}`
		if question := kind == MessageScan || kind == MessageUnread; taken == question {
			t.Errorf("%d is acknowledged: %v", kind, taken)
		}
		if got := string(httpv2.Answer(r, m, Reply{}, goldenNow)); got != `{"Success":0}` {
			t.Errorf("%d, not taken: %s", kind, got)
		}
		allowed := Reply{Decision: core.Decision{Allowed: true}}
		if opens := simulator.Opens(httpv2.Name, httpv2.Answer(r, m, allowed, goldenNow)); opens != (kind == MessageScan) {
			t.Errorf("%d, decided: %v", kind, opens)
		}
	}
}

// TestHTTPv2Types: of the types that the maker lists, passages and refusals are told apart; a type of later firmware is a passage.
func TestHTTPv2Types(t *testing.T) {
	for kind, want := range map[int]bool{
		0: true, 1: true, 3: true, 14: true, 15: false, 16: false, 21: false, 24: false, 25: true, 26: false, 28: false,
		29: true, 30: false,
		31: true, 32: true, 33: false, 35: false, 36: true, 43: true, 44: false, 45: false, 46: true, 47: true, 48: false,
		49: false, 50: true,
	} {
		if words, opened := httpv2Means(kind); opened != want || opened && words == "" {
			t.Errorf("%d: %q, %v", kind, words, opened)
		}
	}
}
