package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// MiniProgram is one mini-program's account.
type MiniProgram struct{ app app }

// MiniProgram returns the API of one mini-program.
func (c *Client) MiniProgram(appID, secret string) *MiniProgram {
	return &MiniProgram{app{client: c, id: appID, secret: secret}}
}

// AppID returns the account's public id.
func (m *MiniProgram) AppID() string { return m.app.id }

// Login is the identity behind a code of wx.login. The session key that comes with it is dropped:
// it is not needed, and must not reach a phone.
type Login struct {
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid"` // "" if the account is not on an open platform
}

// Login exchanges a code of wx.login, which works once, for five minutes. For an invalid code the
// error is IsBadCode.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
func (m *MiniProgram) Login(ctx context.Context, code string) (Login, error) {
	const api = "/sns/jscode2session"
	query := url.Values{"appid": {m.app.id}, "secret": {m.app.secret}, "js_code": {code}, "grant_type": {"authorization_code"}}
	body, _, err := m.app.client.send(ctx, request{method: http.MethodGet, host: apiHost, path: api, query: query,
		hide: []string{m.app.secret, code}})
	if err != nil {
		return Login{}, err
	}
	var login Login
	if err := decode(api, body, &login); err != nil {
		return Login{}, err
	}
	if login.OpenID == "" {
		return Login{}, &errLocal{api, errors.New("no openid in the answer")}
	}
	return login, nil
}

// ErrForeignPhone is returned for a verified number of a country whose numbers no register has.
var ErrForeignPhone = errors.New("wechat: not a number of the mainland, Hong Kong, Macau or Taiwan")

// PhoneNumber exchanges a code of the getPhoneNumber button for the verified number: of the
// mainland without the country code, of Hong Kong, Macau or Taiwan with it (+852…). One of another
// country is ErrForeignPhone.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
func (m *MiniProgram) PhoneNumber(ctx context.Context, code string) (string, error) {
	const api = "/wxa/business/getuserphonenumber"
	body, _, err := m.app.call(ctx, request{method: http.MethodPost, host: apiHost, path: api, body: map[string]string{"code": code},
		hide: []string{code}})
	if err != nil {
		return "", err
	}
	var answer struct {
		Phone struct {
			Pure    string `json:"purePhoneNumber"`
			Country string `json:"countryCode"`
			Mark    struct {
				AppID string `json:"appid"`
			} `json:"watermark"`
		} `json:"phone_info"`
	}
	if err := decode(api, body, &answer); err != nil {
		return "", err
	}
	if answer.Phone.Mark.AppID != m.app.id {
		return "", fmt.Errorf("wechat: %s: the number was given to another account", api)
	}
	switch answer.Phone.Country {
	case "86":
		return answer.Phone.Pure, nil
	case "852", "853", "886":
		return "+" + answer.Phone.Country + answer.Phone.Pure, nil
	}
	return "", ErrForeignPhone
}

// CodeImage describes an unlimited mini-program code.
type CodeImage struct {
	Scene string // at most 32 visible ASCII characters; no personal data
	Page  string // "" = the front page
	Width int    // pixels, 280–1280; 0 = 430
}

// sceneSigns are the characters that a scene may contain besides letters and digits.
const sceneSigns = "!#$&'()*+,/:;=?@-._~"

// UnlimitedCode draws a mini-program code, as JPEG.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html
func (m *MiniProgram) UnlimitedCode(ctx context.Context, i CodeImage) ([]byte, error) {
	const api = "/wxa/getwxacodeunlimit"
	if len(i.Scene) == 0 || len(i.Scene) > 32 || strings.Trim(
		i.Scene, sceneSigns+"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
	) != "" {
		return nil, fmt.Errorf("wechat: %s: a scene is 1 to 32 visible ASCII characters", api)
	}
	body := map[string]any{"scene": i.Scene}
	if i.Page != "" {
		body["page"] = i.Page
	}
	if i.Width != 0 {
		body["width"] = i.Width
	}
	picture, kind, err := m.app.call(ctx, request{method: http.MethodPost, host: apiHost, path: api, body: body})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(kind, "image/") {
		return nil, &errLocal{api, errors.New("the answer is no picture")}
	}
	return picture, nil
}
