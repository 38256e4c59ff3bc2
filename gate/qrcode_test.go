package gate

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// readQR decodes a picture with a different library from the one that drew it.
func readQR(t *testing.T, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return result.GetText()
}

func decodePNG(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestQRPNGReadsBack(t *testing.T) {
	for _, text := range []string{NewToken(0).String(), NewToken(1023).String(), "https://w.url.cn/s/AbC123?x=1", "通行"} {
		for _, pixels := range []int{64, 100, 256, 333, 1024} {
			b, err := QRPNG(text, pixels)
			if err != nil {
				t.Fatal(err)
			}
			if got := readQR(t, decodePNG(t, b)); got != text {
				t.Errorf("%d pixels: %q reads as %q", pixels, text, got)
			}
		}
	}
}

// TestTokenQRIsSmall: tokens are version 2, 25 modules a side, so that readers can scan them at
// night; up to version 3 would do.
func TestTokenQRIsSmall(t *testing.T) {
	for i := range 200 {
		code, err := encodeQR(NewToken(uint16(i)).String())
		if err != nil {
			t.Fatal(err)
		}
		if version := (code.Bounds().Dx() - 17) / 4; version > 2 {
			t.Fatalf("version %d", version)
		}
	}
}

func TestQRPNGModules(t *testing.T) {
	text := NewToken(7).String()
	b, err := QRPNG(text, 256)
	if err != nil {
		t.Fatal(err)
	}
	img, ok := decodePNG(t, b).(*image.Paletted)
	if !ok || len(img.Palette) != 2 {
		t.Fatalf("not a picture of two colours: %T", img)
	}
	code, _ := encodeQR(text)
	modules := code.Bounds().Dx() + 2*quietZone
	scale := 256 / modules
	if side := img.Bounds().Dx(); side != scale*modules || side != img.Bounds().Dy() {
		t.Fatalf("%d pixels a side for %d modules", side, modules)
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			mx, my := x/scale-quietZone, y/scale-quietZone
			inside := mx >= 0 && my >= 0 && mx < code.Bounds().Dx() && my < code.Bounds().Dy()
			want := color.GrayModel.Convert(color.White)
			if inside && dark(code, mx, my) {
				want = color.GrayModel.Convert(color.Black)
			}
			if got := color.GrayModel.Convert(img.At(x, y)); got != want {
				t.Fatalf("pixel %d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestQRRefuses(t *testing.T) {
	for _, c := range []struct {
		text   string
		pixels int
	}{{"", 256}, {strings.Repeat("A", maxQRText+1), 256}, {"A", 63}, {"A", 2049}, {"A", -1}, {strings.Repeat("通行", 60), 64}} {
		if _, err := QRPNG(c.text, c.pixels); !errors.Is(err, ErrQR) {
			t.Errorf("%d characters in %d pixels: %v", len(c.text), c.pixels, err)
		}
	}
	if _, err := QRSVG(""); !errors.Is(err, ErrQR) {
		t.Errorf("an empty SVG: %v", err)
	}
}

var svgRun = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

func TestQRSVGReadsBack(t *testing.T) {
	text := NewToken(9).String()
	b, err := QRSVG(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b, new(struct{})); err != nil {
		t.Fatalf("not XML: %v", err)
	}
	const scale = 4
	side := 25 + 2*quietZone
	if !bytes.Contains(b, []byte(`viewBox="0 0 `+strconv.Itoa(side)+" "+strconv.Itoa(side)+`"`)) {
		t.Fatalf("%.120s", b)
	}
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, m := range svgRun.FindAllSubmatch(b, -1) {
		x, y, n := number(t, m[1]), number(t, m[2]), number(t, m[3])
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+n)*scale; px++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	if got := readQR(t, img); got != text {
		t.Errorf("%q reads as %q", text, got)
	}
}

func number(t *testing.T, b []byte) int {
	t.Helper()
	n, err := strconv.Atoi(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func BenchmarkQRPNG(b *testing.B) {
	token := NewToken(1).String()
	for b.Loop() {
		if _, err := QRPNG(token, 330); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQRSVG(b *testing.B) {
	token := NewToken(1).String()
	for b.Loop() {
		if _, err := QRSVG(token); err != nil {
			b.Fatal(err)
		}
	}
}
