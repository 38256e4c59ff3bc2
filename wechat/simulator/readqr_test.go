package simulator_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"tongxing/wechat/simulator"
)

// Codes whose corners the library cannot find upright are read too.
func TestReadQRTurned(t *testing.T) {
	for _, text := range []string{"676AP5AA1CN6AY5B29ZSB4GDFT7X", "5S4ADP552NTEKJJMVXFAMXWPY4MW", "4JZJ4JWV86SCPXX22MVK4ENXV75G"} {
		code, err := qr.Encode(text, qr.Q, qr.AlphaNumeric)
		if err != nil {
			t.Fatal(err)
		}
		if code, err = barcode.Scale(code, 200, 200); err != nil {
			t.Fatal(err)
		}
		screen := image.NewGray(image.Rect(0, 0, 390, 600))
		draw.Draw(screen, screen.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(screen, image.Rect(60, 120, 260, 320), code, image.Point{}, draw.Src)
		var picture bytes.Buffer
		if err := png.Encode(&picture, screen); err != nil {
			t.Fatal(err)
		}
		if got, err := simulator.ReadQR(picture.Bytes()); err != nil || got != text {
			t.Errorf("%s reads as %q, %v", text, got, err)
		}
	}
	if text, err := simulator.ReadQR(nil); err == nil {
		t.Errorf("nothing reads as %q", text)
	}
}
