package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// scene is a parametric QR code: of an official account, or (mini) of a
// mini-program.
type scene struct {
	appID   string
	scene   string
	page    string
	mini    bool
	ticket  string
	url     string // the content of the picture
	created time.Time
	expires time.Time // zero: never
}

const (
	sceneDefault = 60
	sceneLongest = 2_592_000
	scenesKept   = 500
)

func (s *Simulator) keepScene(sc *scene) {
	s.scenes = append(s.scenes, sc)
	if len(s.scenes) > scenesKept {
		s.scenes = s.scenes[len(s.scenes)-scenesKept:]
	}
}

// createQRCode is POST /cgi-bin/qrcode/create.
// https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
func createQRCode(q *request) (any, int) {
	var in struct {
		Expire int    `json:"expire_seconds"`
		Action string `json:"action_name"`
		Info   struct {
			Scene struct {
				ID  json.Number `json:"scene_id"`
				Str string      `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	text, known := sceneOf(in.Action, in.Info.Scene.ID, in.Info.Scene.Str)
	if !known {
		return nil, 40053
	}
	sc := &scene{appID: q.app.AppID, scene: text, created: q.now, ticket: "gQ" + q.sim.text(94)}
	sc.url = "http://weixin.qq.com/q/" + q.sim.text(22)
	out := map[string]any{"ticket": sc.ticket, "url": sc.url}
	if !strings.Contains(in.Action, "LIMIT") {
		if in.Expire <= 0 {
			in.Expire = sceneDefault
		}
		in.Expire = min(in.Expire, sceneLongest)
		sc.expires = q.now.Add(time.Duration(in.Expire) * time.Second)
		out["expire_seconds"] = in.Expire
	}
	q.sim.keepScene(sc)
	return out, 0
}

// sceneOf checks the scene against its action.
func sceneOf(action string, id json.Number, str string) (string, bool) {
	number, err := strconv.ParseInt(id.String(), 10, 64)
	switch action {
	case "QR_SCENE":
		return id.String(), err == nil && number > 0 && number < 1<<32
	case "QR_LIMIT_SCENE":
		return id.String(), err == nil && number > 0 && number <= 100_000
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
		return str, len(str) >= 1 && len(str) <= 64
	}
	return "", false
}

// showQRCode is mp.weixin.qq.com/cgi-bin/showqrcode: the picture of a ticket.
func (s *Simulator) showQRCode(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	sc := s.findScene(func(sc *scene) bool { return sc.ticket != "" && sc.ticket == r.URL.Query().Get("ticket") })
	s.mu.Unlock()
	if sc == nil {
		http.NotFound(w, r)
		return
	}
	code, err := qrImage(sc.url, 430)
	if err != nil {
		http.Error(w, "draw", http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	_ = png.Encode(&b, code) // a buffer never returns an error
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b.Bytes())
}

func (s *Simulator) findScene(match func(*scene) bool) *scene {
	for i := len(s.scenes) - 1; i >= 0; i-- {
		if match(s.scenes[i]) {
			return s.scenes[i]
		}
	}
	return nil
}

// qrImage draws text as a QR code with its quiet zone, side pixels wide.
func qrImage(text string, side int) (*image.Gray, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	modules := code.Bounds().Dx()
	scale := side / (modules + 8)
	if scale < 1 {
		return nil, errors.New("simulator: the picture is too small")
	}
	code, err = barcode.Scale(code, modules*scale, modules*scale)
	if err != nil {
		return nil, err
	}
	canvas := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	margin := (side - modules*scale) / 2
	at := code.Bounds().Add(image.Pt(margin, margin))
	draw.Draw(canvas, at, code, code.Bounds().Min, draw.Src)
	return canvas, nil
}

// miniURL returns the content of the simulator's mini-program codes; the real ones are not QR
// codes.
func miniURL(sc *scene) string {
	return "https://servicewechat.com/sim/" + sc.appID + "?scene=" + url.QueryEscape(sc.scene) +
		"&page=" + url.QueryEscape(sc.page)
}

// wxaCodeJPEG draws a mini-program code: QR above, scene in letters below.
func wxaCodeJPEG(text, caption string, side int) ([]byte, error) {
	code, err := qrImage(text, side)
	if err != nil {
		return nil, err
	}
	const strip = 32
	canvas := image.NewGray(image.Rect(0, 0, side, side+strip))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(canvas, code.Bounds(), code, image.Point{}, draw.Src)
	scale := max(1, min(3, side/(4*len(caption)+8)))
	x := (side - 4*scale*len(caption)) / 2
	for i := range len(caption) {
		drawGlyph(canvas, caption[i], image.Pt(x+4*scale*i, side+strip/2-3*scale), scale)
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, canvas, &jpeg.Options{Quality: 92})
	return b.Bytes(), err
}

// glyphs are letters three dots wide and five high, one octal digit per row. Lower-case letters are
// drawn as capitals: the QR is exact, the caption is for people.
var glyphs = map[byte]string{
	'0': "75557", '1': "26227", '2': "71747", '3': "71717", '4': "55711",
	'5': "74717", '6': "74757", '7': "71244", '8': "75757", '9': "75717",
	'A': "25755", 'B': "65656", 'C': "34443", 'D': "65556", 'E': "74647", 'F': "74644",
	'G': "34553", 'H': "55755", 'I': "72227", 'J': "11152", 'K': "55655", 'L': "44447",
	'M': "57755", 'N': "65555", 'O': "25552", 'P': "65644", 'Q': "25563", 'R': "65655",
	'S': "34216", 'T': "72222", 'U': "55557", 'V': "55552", 'W': "55775", 'X': "55255",
	'Y': "55222", 'Z': "71247", '-': "00700", '_': "00007", '.': "00002", '=': "07070",
	':': "02020", '/': "11244", ',': "00024", '?': "71202", '&': "25256", '#': "57575",
}

func drawGlyph(canvas *image.Gray, c byte, at image.Point, scale int) {
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	rows, known := glyphs[c]
	if !known {
		rows = "00200"
	}
	for y := range 5 {
		for x := range 3 {
			if (rows[y]-'0')&(4>>x) != 0 {
				dot := image.Rect(0, 0, scale, scale).Add(at).Add(image.Pt(x*scale, y*scale))
				draw.Draw(canvas, dot, image.NewUniform(color.Gray{}), image.Point{}, draw.Src)
			}
		}
	}
}
