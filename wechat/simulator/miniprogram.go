package simulator

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// codeToSession is GET /sns/jscode2session.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
func codeToSession(q *request) (any, int) {
	if code := q.credentials(q.query.Get("appid"), q.query.Get("secret")); code != 0 {
		return nil, code
	}
	if q.app.Type != MiniProgram {
		return nil, 48001
	}
	if q.query.Get("grant_type") != "authorization_code" {
		return nil, 40002
	}
	c, fail := q.redeem(loginCode, q.query.Get("js_code"))
	if fail != 0 {
		return nil, fail
	}
	p := q.sim.people[c.person]
	if p.Risky {
		return nil, 40226
	}
	out := map[string]any{
		"openid":      q.sim.openID(p.Key, q.app.AppID),
		"session_key": base64.StdEncoding.EncodeToString([]byte(q.sim.text(16))),
	}
	if union := q.sim.unionOf(p, q.app); union != "" {
		out["unionid"] = union
	}
	return out, 0
}

// phoneNumber is POST /wxa/business/getuserphonenumber.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
func phoneNumber(q *request) (any, int) {
	var in struct {
		Code string `json:"code"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	c, fail := q.redeem(phoneCode, in.Code)
	if fail == 41008 {
		fail = 40029
	}
	if fail != 0 {
		return nil, fail
	}
	phone := q.sim.people[c.person].Phone
	return ok(map[string]any{"phone_info": map[string]any{
		"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86",
		"watermark": map[string]any{"timestamp": q.now.Unix(), "appid": q.app.AppID},
	}}), 0
}

var sceneText = regexp.MustCompile(`^[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}$`)

// wxaCode is POST /wxa/getwxacodeunlimit: a JPEG with the scene in a QR code and in letters below
// it.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html
func wxaCode(q *request) (any, int) {
	in := struct {
		Scene     string `json:"scene"`
		Page      string `json:"page"`
		CheckPath *bool  `json:"check_path"`
		Width     int    `json:"width"`
	}{}
	if !q.bind(&in) {
		return nil, 47001
	}
	if !sceneText.MatchString(in.Scene) {
		return nil, 40129
	}
	checked := in.CheckPath == nil || *in.CheckPath
	unpublished := q.app.Pages != nil && !slices.Contains(q.app.Pages, in.Page)
	if strings.HasPrefix(in.Page, "/") || (checked && in.Page != "" && unpublished) {
		return nil, 41030
	}
	if in.Width == 0 {
		in.Width = 430
	}
	sc := &scene{appID: q.app.AppID, scene: in.Scene, page: in.Page, created: q.now, mini: true}
	sc.url = miniURL(sc)
	q.sim.keepScene(sc)
	image, err := wxaCodeJPEG(sc.url, in.Scene, min(max(in.Width, 280), 1280))
	if err != nil {
		q.detail = "draw"
		return nil, -1
	}
	return raw{contentType: "image/jpeg", body: image}, 0
}
