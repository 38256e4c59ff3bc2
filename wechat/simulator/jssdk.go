package simulator

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the platform's signature
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	_ "image/gif"  // for pictures that people choose
	_ "image/jpeg" // the same
	_ "image/png"  // the same
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// jsTicketOf returns the ticket that an account's pages are signed with.
func jsTicketOf(appID string) string { return "sM4" + digest("ticket", appID)[:60] }

// jsSDK is res.wx.qq.com/open/js/jweixin-1.6.0.js, and 1.2.0 for WeWork: the simulator's own script with the calls that
// the product uses.
func jsSDK(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, pageFiles, "pages/assets/jssdk.js")
}

// jsConfig does what WeChat's app does when a page calls wx.config: it checks the signature against
// the account's ticket and the page against the account's domains.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html#66
func (s *Simulator) jsConfig(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	app, ticket, known := s.signedApp(query.Get("appId"))
	page, err := url.Parse(query.Get("url"))
	message := "config:ok"
	switch {
	case !known:
		message = "config:invalid appid"
	case err != nil || !(app.mayRedirect(page) || s.ownHost(r, page)):
		message = "config:invalid url domain"
	case query.Get("signature") != signPage(ticket, query):
		message = "config:invalid signature"
	}
	s.logPageCall(r, app.AppID, message, message != "config:ok")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"errMsg": message})
}

// signedApp returns the account that an appId of wx.config names, with its ticket: an official account, or a company on
// WeWork, whose app it then is.
func (s *Simulator) signedApp(id string) (app App, ticket string, known bool) {
	if app, known = s.App(id); known && app.Type == OfficialAccount {
		return app, jsTicketOf(id), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, appID := range s.appOrder {
		if a := s.apps[appID]; a.Type == Work && a.corpID == id && a.agent != 0 {
			return *a, CorpTicket(appID, false), true
		}
	}
	return App{}, "", false
}

// SignPage returns the signature of a page under a ticket, for tests.
func SignPage(ticket, nonce string, timestamp int64, page string) string {
	return signPage(ticket, url.Values{"nonceStr": {nonce}, "timestamp": {strconv.FormatInt(timestamp, 10)}, "url": {page}})
}

// signPage joins the pairs, sorted by name, and returns their digest.
func signPage(ticket string, query url.Values) string {
	pairs := []string{
		"noncestr=" + query.Get("nonceStr"), "jsapi_ticket=" + ticket,
		"timestamp=" + query.Get("timestamp"), "url=" + query.Get("url"),
	}
	sort.Strings(pairs)
	sum := sha1.Sum([]byte(strings.Join(pairs, "&"))) //nolint:gosec // the platform's signature
	return hex.EncodeToString(sum[:])
}

const (
	maxPicture  = 8 << 20 // bytes
	pictureSide = 6000    // pixels
)

// jsCamera reads the code in a picture, as the phone's camera would.
func jsCamera(w http.ResponseWriter, r *http.Request) {
	picture, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPicture))
	if err != nil {
		http.Error(w, "图片太大", http.StatusRequestEntityTooLarge)
		return
	}
	text, err := ReadQR(picture)
	if err != nil {
		http.Error(w, "图片里没有看到二维码", http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

// ReadQR returns the text of the QR code in a PNG, JPEG or GIF picture of at most 6,000 pixels a
// side.
func ReadQR(picture []byte) (string, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	if config.Width > pictureSide || config.Height > pictureSide {
		return "", errors.New("simulator: the picture is too large")
	}
	seen, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	for range 3 {
		if text, err := readUpright(seen); err == nil {
			return text, nil
		}
		seen = quarterTurn(seen)
	}
	return readUpright(seen)
}

// readUpright reads a picture without turning it. In one code of two hundred this library mistakes
// some modules for a corner mark, at any size; turned it does not.
func readUpright(seen image.Image) (string, error) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(seen)
	if err != nil {
		return "", err
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		return "", err
	}
	return found.GetText(), nil
}

func quarterTurn(seen image.Image) image.Image {
	bounds := seen.Bounds()
	turned := image.NewGray(image.Rect(0, 0, bounds.Dy(), bounds.Dx()))
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			turned.Set(bounds.Dy()-1-y, x, seen.At(bounds.Min.X+x, bounds.Min.Y+y))
		}
	}
	return turned
}
