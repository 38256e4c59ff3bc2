// Package captcha draws pictures of five digits and letters, and checks what somebody read in them.
// It keeps no state: letters and strokes follow from seeds, and anybody who knows a picture's seed
// can read it. The caller must keep seeds secret and accept each answer only once.
//
// A machine can be trained to read the letters. A captcha makes guessing more expensive; what stops
// it are limits on the thing that is guessed.
package captcha

import (
	"bytes"
	"crypto/subtle"
	"image"
	"image/color"
	"image/png"
	"math"
	mathrand "math/rand/v2"
	"strings"
)

// Length is how many letters a picture has; Width and Height are its size in points.
const (
	Length = 5
	Width  = 210
	Height = 56
)

// Letters returns the letters that follow from seed, which must be random, secret, and different
// from the seed of the picture: what a picture shows of its own seed must reveal nothing about its
// letters.
func Letters(seed [32]byte) string {
	random := mathrand.New(mathrand.NewChaCha8(seed))
	letters := make([]byte, Length)
	for i := range letters {
		letters[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(letters)
}

// Same reports whether given matches letters, ignoring case and spaces.
func Same(letters, given string) bool {
	given = strings.ToUpper(strings.ReplaceAll(given, " ", ""))
	return letters != "" && subtle.ConstantTimeCompare([]byte(given), []byte(letters)) == 1
}

// Draw returns letters as a PNG: each turned, scaled and on a wave, with lines across. The same
// letters and seed make the same picture, so that requesting it again tells a machine nothing new.
func Draw(letters string, seed [32]byte) ([]byte, error) {
	random := mathrand.New(mathrand.NewChaCha8(seed))
	picture := image.NewPaletted(image.Rect(0, 0, Width, Height), color.Palette{
		color.RGBA{0xf4, 0xf6, 0xfa, 0xff}, color.RGBA{0x1f, 0x2d, 0x4a, 0xff}, color.RGBA{0x6b, 0x7f, 0xa6, 0xff},
	})
	curve := wave{random.Float64() * 6, 2 + random.Float64()*2, 18 + random.Float64()*8}
	for i := range len(letters) {
		drawLetter(picture, letters[i], 14+float64(i)*38+random.Float64()*6, curve, random)
	}
	for range 3 {
		drawLine(picture, random)
	}
	for range 160 {
		picture.SetColorIndex(random.IntN(Width), random.IntN(Height), 2)
	}
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return b.Bytes(), err
}

type wave struct{ phase, height, length float64 }

func (w wave) at(x float64) float64 { return w.height * math.Sin(w.phase+x/w.length) }

// drawLetter maps each point of the picture back to the point of the glyph that lands on it, so
// that turning leaves no holes.
func drawLetter(picture *image.Paletted, letter byte, left float64, curve wave, random *mathrand.Rand) {
	glyph := glyphs[letter]
	angle := (random.Float64() - .5) * .7
	wide, high := 4.6+random.Float64()*.6, 5+random.Float64()*.8
	sin, cos := math.Sincos(angle)
	middle := left + 2.5*wide
	for y := range Height {
		for x := int(left) - 10; x < int(left)+36 && x < Width; x++ {
			dx, dy := float64(x)-middle, float64(y)-Height/2-curve.at(float64(x))
			column, row := (dx*cos+dy*sin)/wide+2.5, (dy*cos-dx*sin)/high+3.5
			if x >= 0 && inked(glyph, column, row) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
}

// inked reports whether a position is on a glyph's strokes, which are a little wider than its
// points, so that slanting strokes stay connected.
func inked(glyph [7]string, column, row float64) bool {
	const wider = .22
	for _, c := range [2]float64{column - wider, column + wider} {
		for _, r := range [2]float64{row - wider, row + wider} {
			if c >= 0 && c < 5 && r >= 0 && r < 7 && glyph[int(r)][int(c)] == '#' {
				return true
			}
		}
	}
	return false
}

func drawLine(picture *image.Paletted, random *mathrand.Rand) {
	from, to := random.Float64()*Height, random.Float64()*Height
	curve := wave{random.Float64() * 6, 3, 15}
	for x := range Width {
		y := int(from + (to-from)*float64(x)/Width + curve.at(float64(x)))
		for thick := range 2 {
			if image.Pt(x, y+thick).In(picture.Rect) {
				picture.SetColorIndex(x, y+thick, 2)
			}
		}
	}
}

// alphabet has only characters that cannot be confused with each other.
const alphabet = "2346789ACEFHKLPRTY"

// glyphs are the letters in five by seven points.
var glyphs = map[byte][7]string{
	'2': {" ### ", "#   #", "    #", "  ## ", " #   ", "#    ", "#####"},
	'3': {"#### ", "    #", "    #", " ### ", "    #", "    #", "#### "},
	'4': {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "},
	'6': {" ### ", "#    ", "#    ", "#### ", "#   #", "#   #", " ### "},
	'7': {"#####", "    #", "   # ", "  #  ", "  #  ", " #   ", " #   "},
	'8': {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "},
	'9': {" ### ", "#   #", "#   #", " ####", "    #", "    #", " ### "},
	'A': {"  #  ", " # # ", "#   #", "#   #", "#####", "#   #", "#   #"},
	'C': {" ####", "#    ", "#    ", "#    ", "#    ", "#    ", " ####"},
	'E': {"#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#####"},
	'F': {"#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#    "},
	'H': {"#   #", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"},
	'K': {"#   #", "#  # ", "# #  ", "##   ", "# #  ", "#  # ", "#   #"},
	'L': {"#    ", "#    ", "#    ", "#    ", "#    ", "#    ", "#####"},
	'P': {"#### ", "#   #", "#   #", "#### ", "#    ", "#    ", "#    "},
	'R': {"#### ", "#   #", "#   #", "#### ", "# #  ", "#  # ", "#   #"},
	'T': {"#####", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  "},
	'Y': {"#   #", "#   #", " # # ", "  #  ", "  #  ", "  #  ", "  #  "},
}
