package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/silenceper/wechat/v2/miniprogram/auth"
	"github.com/silenceper/wechat/v2/miniprogram/business"
	"github.com/silenceper/wechat/v2/miniprogram/config"
	minicontext "github.com/silenceper/wechat/v2/miniprogram/context"
	"github.com/silenceper/wechat/v2/miniprogram/qrcode"
)

// MiniProgram is one mini-program's account.
type MiniProgram struct{ app app }

// MiniProgram returns the API of one mini-program.
func (c *Client) MiniProgram(appID, secret string) *MiniProgram {
	return &MiniProgram{app{client: c, id: appID, secret: secret}}
}

// sdk returns the SDK's view of the account. It puts the ids into addresses as they are.
func (m *MiniProgram) sdk(t *trip) *minicontext.Context {
	return &minicontext.Context{
		Config:                   &config.Config{AppID: url.QueryEscape(m.app.id), AppSecret: url.QueryEscape(m.app.secret)},
		AccessTokenContextHandle: t,
	}
}

// AppID returns the account's public id.
func (m *MiniProgram) AppID() string { return m.app.id }

// Login is the identity behind a code of wx.login. The session key that comes with it is dropped:
// it is not needed, and must not reach a phone.
type Login struct {
	OpenID  string
	UnionID string // "" if the account is not on an open platform
}

// Login exchanges a code of wx.login, which works once, for five minutes. For an invalid code the
// error is IsBadCode.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
func (m *MiniProgram) Login(ctx context.Context, code string) (Login, error) {
	var answer auth.ResCode2Session
	err := m.app.do(ctx, func(t *trip) (err error) {
		answer, err = auth.NewAuth(m.sdk(t)).Code2SessionContext(t.ctx, url.QueryEscape(code))
		return err
	}, code)
	if err != nil {
		return Login{}, err
	}
	if answer.OpenID == "" {
		return Login{}, &errLocal{"/sns/jscode2session", errors.New("no openid in the answer")}
	}
	return Login{OpenID: answer.OpenID, UnionID: answer.UnionID}, nil
}

// ErrForeignPhone is returned for a verified number of a country whose numbers no register has.
var ErrForeignPhone = errors.New("wechat: not a number of the mainland, Hong Kong, Macau or Taiwan")

// PhoneNumber exchanges a code of the getPhoneNumber button for the verified number: of the
// mainland without the country code, of Hong Kong, Macau or Taiwan with it (+852…). One of another
// country is ErrForeignPhone.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
func (m *MiniProgram) PhoneNumber(ctx context.Context, code string) (string, error) {
	const api = "/wxa/business/getuserphonenumber"
	var phone business.PhoneInfo
	err := m.app.do(ctx, func(t *trip) (err error) {
		phone, err = business.NewBusiness(m.sdk(t)).GetPhoneNumberWithContext(t.ctx, &business.GetPhoneNumberRequest{Code: code})
		return err
	}, code)
	if err != nil {
		return "", err
	}
	if phone.Watermark.AppID != m.app.id {
		return "", fmt.Errorf("wechat: %s: the number was given to another account", api)
	}
	switch phone.CountryCode {
	case "86":
		return phone.PurePhoneNumber, nil
	case "852", "853", "886":
		return "+" + phone.CountryCode + phone.PurePhoneNumber, nil
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
	var picture []byte
	err := m.app.do(ctx, func(t *trip) (err error) {
		picture, err = qrcode.NewQRCode(m.sdk(t)).GetWXACodeUnlimit(qrcode.QRCoder{Scene: i.Scene, Page: i.Page, Width: i.Width})
		return err
	})
	return picture, err
}
