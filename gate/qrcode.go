package gate

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"
	"sync"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quietZone is the white border of a QR code in modules, as required by ISO/IEC 18004.
const quietZone = 4

// Bounds of the drawing.
const (
	maxQRText   = 512
	minQRPixels = 64
	maxQRPixels = 2048
)

// ErrQR is returned for a text or a size that cannot be drawn as a QR code.
var ErrQR = errors.New("gate: no QR of that text or size")

// qrAlphabet is the alphabet of a QR code's alphanumeric mode (ISO/IEC 18004, table 5).
const qrAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// encodeQR picks the smallest code. Upper-case texts, such as tokens, get a quarter of redundancy
// for dim screens: a token still fits version 2.
func encodeQR(text string) (barcode.Barcode, error) {
	if text == "" || len(text) > maxQRText {
		return nil, ErrQR
	}
	level, mode := qr.M, qr.Auto
	if strings.Trim(text, qrAlphabet) == "" {
		level, mode = qr.Q, qr.AlphaNumeric
	}
	code, err := qr.Encode(text, level, mode)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrQR, err)
	}
	return code, nil
}

// QRPNG draws text as a black-on-white PNG with a quiet zone. Its side is the largest multiple of a
// module that fits into that many pixels (64–2048), so that all modules are equally wide. An error
// is ErrQR.
func QRPNG(text string, pixels int) ([]byte, error) {
	if pixels < minQRPixels || pixels > maxQRPixels {
		return nil, ErrQR
	}
	code, err := encodeQR(text)
	if err != nil {
		return nil, err
	}
	modules := code.Bounds().Dx() + 2*quietZone
	scale := pixels / modules
	if scale == 0 {
		return nil, ErrQR
	}
	var out bytes.Buffer
	if err := qrEncoder.Encode(&out, drawQR(code, scale)); err != nil {
		return nil, fmt.Errorf("gate: write a QR: %w", err)
	}
	return out.Bytes(), nil
}

// drawQR draws a row of modules once and copies it down.
func drawQR(code barcode.Barcode, scale int) *image.Paletted {
	n := code.Bounds().Dx()
	side := (n + 2*quietZone) * scale
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range n {
		top := (y + quietZone) * scale
		row := img.Pix[top*img.Stride : (top+1)*img.Stride]
		for x := range n {
			if dark(code, x, y) {
				left := (x + quietZone) * scale
				for i := left; i < left+scale; i++ {
					row[i] = 1
				}
			}
		}
		for i := 1; i < scale; i++ {
			copy(img.Pix[(top+i)*img.Stride:], row)
		}
	}
	return img
}

func dark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}

// qrEncoder reuses its buffers, which are most of the cost of writing a small PNG.
var qrEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

type pngBuffers struct{ pool sync.Pool }

func (p *pngBuffers) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *pngBuffers) Put(b *png.EncoderBuffer) { p.pool.Put(b) }

// QRSVG draws text as an SVG of one path, with a quiet zone and a white background that covers a
// dark page. An error is ErrQR.
func QRSVG(text string) ([]byte, error) {
	code, err := encodeQR(text)
	if err != nil {
		return nil, err
	}
	n := code.Bounds().Dx()
	side := strconv.Itoa(n + 2*quietZone)
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + ` ` + side + `" shape-rendering="crispEdges">` +
		`<rect width="` + side + `" height="` + side + `" fill="#fff"/><path fill="#000" d="`)
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && dark(code, x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}
