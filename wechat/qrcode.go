package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/basic"
)

// sceneLife is the longest life of a temporary parametric QR code.
const sceneLife = 30 * 24 * time.Hour

// SceneCode is a parametric QR code of the account.
type SceneCode struct {
	Ticket  string
	Expires int    // seconds
	URL     string // the content of the code, for drawing it oneself
}

// TemporaryCode creates a parametric QR code whose scan is reported to the callback with scene: 1
// to 64 characters, no personal data. It expires after life, at most 30 days.
// https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
func (a *OfficialAccount) TemporaryCode(ctx context.Context, scene string, life time.Duration) (SceneCode, error) {
	const api = "/cgi-bin/qrcode/create"
	if len(scene) == 0 || len(scene) > 64 || life < time.Second || life > sceneLife {
		return SceneCode{}, fmt.Errorf("wechat: %s: a scene has 1 to 64 characters and lives for 1 second to 30 days", api)
	}
	var ticket *basic.Ticket
	err := a.app.do(ctx, func(t *trip) (err error) {
		ticket, err = basic.NewBasic(a.sdk(t)).GetQRTicket(basic.NewTmpQrRequest(life, scene))
		if err != nil && ticket != nil && ticket.ErrCode == 0 && ticket.ErrMsg != "" {
			return nil // it takes the words "ok" for an error
		}
		return err
	})
	if err != nil {
		return SceneCode{}, err
	}
	if ticket.URL == "" {
		return SceneCode{}, &errLocal{api, errors.New("no url in the answer")}
	}
	return SceneCode{Ticket: ticket.Ticket, Expires: int(ticket.ExpireSeconds), URL: ticket.URL}, nil
}

// PictureURL returns the address of WeChat's picture of a parametric QR code.
func (a *OfficialAccount) PictureURL(c SceneCode) string {
	return rewrite(a.app.client.o.BrowserBase, basic.ShowQRCode(&basic.Ticket{Ticket: url.QueryEscape(c.Ticket)}))
}
