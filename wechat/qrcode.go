package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// sceneLife is the longest life of a temporary parametric QR code.
const sceneLife = 30 * 24 * time.Hour

// SceneCode is a parametric QR code of the account.
type SceneCode struct {
	Ticket  string `json:"ticket"`
	Expires int    `json:"expire_seconds"`
	URL     string `json:"url"` // the content of the code, for drawing it oneself
}

// TemporaryCode creates a parametric QR code whose scan is reported to the callback with scene: 1
// to 64 characters, no personal data. It expires after life, at most 30 days.
// https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
func (a *OfficialAccount) TemporaryCode(ctx context.Context, scene string, life time.Duration) (SceneCode, error) {
	const api = "/cgi-bin/qrcode/create"
	if len(scene) == 0 || len(scene) > 64 || life < time.Second || life > sceneLife {
		return SceneCode{}, fmt.Errorf("wechat: %s: a scene has 1 to 64 characters and lives for 1 second to 30 days", api)
	}
	body, _, err := a.app.call(ctx, request{method: http.MethodPost, host: apiHost, path: api, body: map[string]any{
		"expire_seconds": int(life / time.Second), "action_name": "QR_STR_SCENE",
		"action_info": map[string]any{"scene": map[string]string{"scene_str": scene}},
	}})
	if err != nil {
		return SceneCode{}, err
	}
	var code SceneCode
	if err := decode(api, body, &code); err != nil {
		return SceneCode{}, err
	}
	if code.URL == "" {
		return SceneCode{}, &errLocal{api, errors.New("no url in the answer")}
	}
	return code, nil
}

// PictureURL returns the address of WeChat's picture of a parametric QR code.
func (a *OfficialAccount) PictureURL(c SceneCode) string {
	return rewrite(a.app.client.o.BrowserBase, mpHost+"/cgi-bin/showqrcode") + "?" + url.Values{"ticket": {c.Ticket}}.Encode()
}
