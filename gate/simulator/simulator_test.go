package simulator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// reading returns the start of an answer about one reading.
func reading(status int) string {
	return fmt.Sprintf(`{"data":[{"cardid":"A","cjihao":"B","mjihao":1,"status":%d,"time":"1","output":0}],`, status)
}

// TestWhatOpens compares what each family's device makes of an answer with what its maker or those who run it say of it.
func TestWhatOpens(t *testing.T) {
	for _, c := range []struct {
		family, answer string
		want           bool
	}{
		{"vguang", "code=0000", true},
		{"vguang", "code=0", true},
		{"vguang", "code=0001", true},
		{"vguang", "code=0008", true},
		{"vguang", "code=0x05", true},
		{"vguang", "code=0000&&desc=ok", true},
		{"vguang", `code=0000&&desc=json&&{"resultCode":"0000"}`, true},
		{"vguang", `code=0000&&desc=json&&{"resultCode":"1000"}`, false},
		{"vguang", "code=0009", false},
		{"vguang", "code=1000", false},
		{"vguang", "code=00ff&&url=x", false},
		{"vguang", "", false},
		{"vguang", "<html>code=0000", false},
		{"vguang", "code=", false},
		{"vguang", "code=no", false},
		{"mcardsea", reading(1) + `"code":0,"message":"success"}`, true},
		{"mcardsea", reading(0) + `"code":0,"message":"success"}`, false},
		{"mcardsea", reading(1) + `"code":1,"message":"no"}`, false},
		{"mcardsea", reading(1) + `"code":0}`, false},
		{"mcardsea", `{"data":[{"status":1}],"code":0,"message":"success"}`, false},
		{"mcardsea", `{"data":[],"code":0,"message":"success"}`, false},
		{"mcardsea", "OK", false},
		{"turnstile", `{"result":1}`, true},
		{"turnstile", `{"result":1,"str1":"请通行"}`, true},
		{"turnstile", `{"result":0,"str1":"1"}`, false},
		{"turnstile", `{"result":11}`, false},
		{"turnstile", `{}`, false},
		{"turnstile", "1", false},
		{"httpv2", `{"Success":1}`, true},
		{"httpv2", `{"Success":2}`, true},
		{"httpv2", `{"Success":0,"Message":"1"}`, false},
		{"httpv2", `{"Success":401}`, false},
		{"httpv2", `{"Message":"1"}`, false},
		{"httpv2", "<html>", false},
		{"ximo", "code=0000", false},
	} {
		if got := Opens(c.family, []byte(c.answer)); got != c.want {
			t.Errorf("%s, %s: %v", c.family, c.answer, got)
		}
	}
}

// door is a server that answers all devices alike.
type door struct {
	mu      sync.Mutex
	seen    []string // method, query and body
	answer  string
	status  int
	address string
}

func newDoor(t *testing.T, status int, answer string) *door {
	t.Helper()
	d := &door{answer: answer, status: status}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		d.mu.Lock()
		d.seen = append(d.seen, r.Method+" "+r.URL.RawQuery+" "+string(body))
		d.mu.Unlock()
		w.WriteHeader(d.status)
		_, _ = io.WriteString(w, d.answer) // a device that is gone hears nothing
	}))
	t.Cleanup(server.Close)
	d.address = server.URL
	return d
}

func TestDevicesAsk(t *testing.T) {
	at := time.Unix(1773692713, 0)
	for _, c := range []struct{ family, shown, beat string }{
		{
			"vguang", "POST  vgdecoderesult=A&B&&devicenumber=N7&&otherparams=",
			"POST  vgdecoderesult=www.vguang.cn&&devicenumber=N7&&otherparams=",
		},
		{"mcardsea", "GET cardid=A%26B&mjihao=1&cjihao=N7&status=11&time=1773692773 ", ""},
		{"turnstile", "POST  id=A%26B&idtype=0&sn=N7&readno=1&time=1773692773", "POST  id=&idtype=99&sn=N7&readno=1&time=1773692773"},
	} {
		d := newDoor(t, http.StatusOK, "x")
		device := Device{
			Family: c.family, Address: d.address, Serial: "N7", Skew: time.Minute, Now: func() time.Time { return at },
		}
		answer, err := device.Show(t.Context(), "A&B")
		if err != nil || answer.Opened || answer.Text != "x" || d.seen[0] != c.shown {
			t.Errorf("%s shows %q: %+v, %v", c.family, d.seen, answer, err)
		}
		if _, ok, err := device.Beat(t.Context()); err != nil || ok != (c.beat != "") || ok && d.seen[1] != c.beat {
			t.Errorf("%s beats %v, %q, %v", c.family, ok, d.seen, err)
		}
		if answers, err := device.ShowRepeated(t.Context(), "A"); err != nil || len(answers) != 1+firmwares[c.family].repeats {
			t.Errorf("%s sends a reading %d times, %v", c.family, len(answers), err)
		}
	}
}

// TestDevicesStayShut: an error page, a server that is gone, and one that is late open nothing.
func TestDevicesStayShut(t *testing.T) {
	d := newDoor(t, http.StatusBadGateway, "code=0000")
	device := Device{Family: "vguang", Address: d.address, Serial: "N7"}
	if answer, err := device.Show(t.Context(), "A"); err != nil || answer.Opened {
		t.Errorf("opens on an error page: %+v, %v", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err := device.Show(ctx, "A"); err != nil || answer.Opened || !strings.Contains(answer.Request, "devicenumber=N7") {
		t.Errorf("without an answer: %+v, %v", answer, err)
	}
	device.Family = "ximo"
	if _, err := device.Show(t.Context(), "A"); err == nil {
		t.Error("a device of no family asks")
	}
}
