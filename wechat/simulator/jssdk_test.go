package simulator_test

import (
	"bytes"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// The signature is that of a hand-written page, with the account's ticket.
func TestPageConfig(t *testing.T) {
	s := newSite(t, nil)
	config := func(change map[string]string) string {
		t.Helper()
		query := url.Values{
			"appId": {official}, "timestamp": {"1"}, "nonceStr": {"n"},
			"url": {"https://pass.example.com/h5/guard/1?a=b"}, "signature": {"0000"},
		}
		for name, value := range change {
			query.Set(name, value)
		}
		var answer struct {
			ErrMsg string `json:"errMsg"`
		}
		response, err := http.Get(s.url + "/res.wx.qq.com/config?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.ErrMsg
	}
	for want, change := range map[string]map[string]string{
		"config:invalid signature":  nil,
		"config:invalid appid":      {"appId": mini},
		"config:invalid url domain": {"url": "https://elsewhere.example.com/"},
	} {
		if got := config(change); got != want {
			t.Errorf("%v: %s, want %s", change, got, want)
		}
	}
}

func TestCamera(t *testing.T) {
	s := newSite(t, nil)
	look := func(picture []byte) (int, string) {
		t.Helper()
		response, err := http.Post(s.url+"/res.wx.qq.com/camera", "image/png", bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	code, err := qr.Encode("ABC123", qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	code, err = barcode.Scale(code, 300, 300)
	if err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, code); err != nil {
		t.Fatal(err)
	}
	if status, text := look(picture.Bytes()); status != http.StatusOK || text != "ABC123" {
		t.Errorf("%d %q", status, text)
	}
	for _, wrong := range [][]byte{nil, []byte("no picture"), picture.Bytes()[:60]} {
		if status, text := look(wrong); status != http.StatusUnprocessableEntity || !strings.Contains(text, "没有看到") {
			t.Errorf("%d %q", status, text)
		}
	}
	if status, _ := look(make([]byte, 9<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge picture: %d", status)
	}
}
