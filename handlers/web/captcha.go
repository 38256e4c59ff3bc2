package web

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"tongxing/core"
)

// A captcha is a picture of five figures and letters. Its answer is in the cache
// under a random id, for five minutes, and is taken out by the first who answers.

const (
	captchaLength = 5
	captchaLife   = 5 * time.Minute
	captchaWidth  = 210
	captchaHeight = 56
)

// NewCaptcha makes a captcha and gives its id.
func NewCaptcha(ctx context.Context, cache Cache) (id string, err error) {
	answer := make([]byte, captchaLength)
	for i := range answer {
		answer[i] = captchaLetters[mathrand.IntN(len(captchaLetters))]
	}
	id = newSecret()
	return id, cache.Set(ctx, captchaKey(id), string(answer), captchaLife)
}

func captchaKey(id string) string { return "captcha:" + id }

var errCaptcha = core.InvalidFields(map[string]string{"captcha": "验证码不正确或已过期，请输入新的验证码"})

// CheckCaptcha takes the captcha out and compares the answer, whatever its case.
// Right or wrong, the captcha is used up. A wrong answer is a message of the
// field "captcha".
func CheckCaptcha(ctx context.Context, cache Cache, id, answer string) error {
	if !validSecret(id) {
		return errCaptcha
	}
	want, ok, err := cache.Take(ctx, captchaKey(id))
	if err != nil {
		return errors.Join(errors.New("web: check a captcha"), err)
	}
	given := strings.ToUpper(strings.ReplaceAll(answer, " ", ""))
	if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return errCaptcha
	}
	return nil
}

// CaptchaImage draws a captcha as PNG, anew each time it is asked for but from
// the same strokes, so that asking again tells a machine nothing new.
func CaptchaImage(ctx context.Context, cache Cache, id string) ([]byte, error) {
	gone := core.NotFound("验证码已过期，请刷新页面")
	if !validSecret(id) {
		return nil, gone
	}
	answer, ok, err := cache.Get(ctx, captchaKey(id))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, gone
	}
	var seed [32]byte
	copy(seed[:], id)
	return drawCaptcha(answer, mathrand.New(mathrand.NewChaCha8(seed)))
}

// drawCaptcha draws each letter turned, scaled and on a wave, with lines across.
func drawCaptcha(answer string, random *mathrand.Rand) ([]byte, error) {
	picture := image.NewPaletted(image.Rect(0, 0, captchaWidth, captchaHeight), color.Palette{
		color.RGBA{0xf4, 0xf6, 0xfa, 0xff}, color.RGBA{0x1f, 0x2d, 0x4a, 0xff}, color.RGBA{0x6b, 0x7f, 0xa6, 0xff},
	})
	wave := captchaWave{random.Float64() * 6, 2 + random.Float64()*2, 18 + random.Float64()*8}
	for i := range len(answer) {
		drawLetter(picture, answer[i], 14+float64(i)*38+random.Float64()*6, wave, random)
	}
	for range 3 {
		drawLine(picture, random)
	}
	for range 160 {
		picture.SetColorIndex(random.IntN(captchaWidth), random.IntN(captchaHeight), 2)
	}
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return b.Bytes(), err
}

type captchaWave struct{ phase, height, length float64 }

func (w captchaWave) at(x float64) float64 { return w.height * math.Sin(w.phase+x/w.length) }

// drawLetter looks back from each point of the picture to the point of the glyph
// that lands on it, so that turning leaves no holes.
func drawLetter(picture *image.Paletted, letter byte, left float64, wave captchaWave, random *mathrand.Rand) {
	glyph := captchaGlyphs[letter]
	angle := (random.Float64() - .5) * .7
	wide, high := 4.6+random.Float64()*.6, 5+random.Float64()*.8
	sin, cos := math.Sincos(angle)
	middle := left + 2.5*wide
	for y := range captchaHeight {
		for x := int(left) - 10; x < int(left)+36 && x < captchaWidth; x++ {
			dx, dy := float64(x)-middle, float64(y)-captchaHeight/2-wave.at(float64(x))
			column, row := (dx*cos+dy*sin)/wide+2.5, (dy*cos-dx*sin)/high+3.5
			if x >= 0 && inked(glyph, column, row) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
}

// inked reports a place on a glyph's strokes, which are a little wider than its
// points, so that slanting strokes hold together.
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
	from, to := random.Float64()*captchaHeight, random.Float64()*captchaHeight
	wave := captchaWave{random.Float64() * 6, 3, 15}
	for x := range captchaWidth {
		y := int(from + (to-from)*float64(x)/captchaWidth + wave.at(float64(x)))
		for thick := range 2 {
			if image.Pt(x, y+thick).In(picture.Rect) {
				picture.SetColorIndex(x, y+thick, 2)
			}
		}
	}
}

// captchaLetters are those that nobody takes for another.
const captchaLetters = "2346789ACEFHKLPRTY"

// captchaGlyphs are the letters in five by seven points.
var captchaGlyphs = map[byte][7]string{
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
