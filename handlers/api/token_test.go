package api

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/wechat/simulator"
)

// TestTokenImages: the picture encodes the text, and can be shown as it is.
func TestTokenImages(t *testing.T) {
	s := newSite(t)
	token := s.enter("one")
	path := "/passes/" + s.Residents[0].Pass.String() + "/token"
	if plain := read[tokenBody](s.ok(call{method: "POST", path: path, token: token})); plain.Image != nil || plain.Seconds < 595 ||
		plain.Seconds > 600 {
		t.Errorf("%+v", plain)
	}
	drawn := read[tokenBody](s.ok(call{method: "POST", path: path + "?image=png&pixels=300", token: token}))
	picture := dataURL(t, drawn, "image/png")
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil || img.Bounds().Dx() > 300 || img.Bounds().Dx() < 200 {
		t.Fatalf("%v %v", img.Bounds(), err)
	}
	if said, err := simulator.ReadQR(picture); err != nil || said != drawn.Text {
		t.Errorf("the picture does not say the text: %v", err)
	}
	vector := read[tokenBody](s.ok(call{method: "POST", path: path + "?image=svg", token: token}))
	if text := string(dataURL(t, vector, "image/svg+xml")); !strings.HasPrefix(text, "<svg ") {
		t.Errorf("%.60s", text)
	}
	if vector.Text == drawn.Text {
		t.Error("a new token is the old one")
	}
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, drawn.Text); result.Decision.Reason != core.ReasonTokenAbsent {
		t.Errorf("the token before still lives: %+v", result.Decision)
	}
	for _, query := range []string{"?image=gif", "?image=png&pixels=9999", "?image=png&pixels=-5", "?image=png&pixels=12.5", "?pixels=1"} {
		s.fails(422, "invalid", call{method: "POST", path: path + query, token: token})
	}
	if log := s.log.String(); strings.Contains(log, drawn.Text) || strings.Contains(log, token) {
		t.Error("a token is in the log")
	}
}

func dataURL(t *testing.T, body tokenBody, kind string) []byte {
	t.Helper()
	if body.Image == nil || body.Image.Type != kind {
		t.Fatalf("%+v", body.Image)
	}
	encoded, ok := strings.CutPrefix(body.Image.Data, "data:"+kind+";base64,")
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		t.Fatalf("%.60s: %v", body.Image.Data, err)
	}
	return picture
}

// TestTokenLimit: the limit is per person, not per network.
func TestTokenLimit(t *testing.T) {
	s := newSite(t)
	mine, theirs := s.enter("one"), s.enter("two")
	path := func(i int) string { return "/passes/" + s.Residents[i].Pass.String() + "/token" }
	var last answer
	issued := 0
	for range tokensPerMinute + 5 {
		if last = s.do(call{method: "POST", path: path(0), token: mine}); last.Status == 201 {
			issued++
		}
	}
	if issued < tokensPerMinute || issued > tokensPerMinute+2 || last.Status != 429 || last.Header.Get("Retry-After") == "" {
		t.Errorf("%d tokens, then %d", issued, last.Status)
	}
	s.ok(call{method: "POST", path: path(1), token: theirs})
	s.clock.add(time.Minute)
	s.ok(call{method: "POST", path: path(0), token: mine})
}
