package wechat

import (
	"context"
	"errors"
	"strings"

	"github.com/silenceper/wechat/v2/domain/openapi"
	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/silenceper/wechat/v2/util"
)

// Quota is how often an API may be called on one day, in China's zone.
type Quota struct {
	Limit int64
	Used  int64
	Left  int64
}

// Quota returns the quota of an API by its path, such as /cgi-bin/message/template/send. Code 76003:
// the account does not have that API.
// https://developers.weixin.qq.com/doc/offiaccount/openApi/get_api_quota.html
func (a *OfficialAccount) Quota(ctx context.Context, path string) (Quota, error) {
	return a.app.quota(ctx, path)
}

// Quota is OfficialAccount.Quota for a mini-program.
func (m *MiniProgram) Quota(ctx context.Context, path string) (Quota, error) {
	return m.app.quota(ctx, path)
}

// quota is made by hand: the SDK's own function needs a package that is not used.
func (a app) quota(ctx context.Context, path string) (Quota, error) {
	const api = "/cgi-bin/openapi/quota/get"
	if !strings.HasPrefix(path, "/") {
		return Quota{}, invalid(api, "a path begins with a slash")
	}
	var answer openapi.APIQuota
	err := a.do(ctx, func(t *trip) error {
		body, err := util.PostJSONContext(t.ctx, apiHost+api+"?access_token="+t.id, openapi.GetAPIQuotaParams{CgiPath: path})
		if err != nil {
			return err
		}
		return util.DecodeWithError(body, &answer, api)
	})
	return Quota{Limit: answer.Quota.DailyLimit, Used: answer.Quota.Used, Left: answer.Quota.Remain}, err
}

// apiHost is where both kinds of accounts are served.
const apiHost = "https://api.weixin.qq.com"

// ClearQuota sets the counts of all the account's APIs to zero, at most ten times a month. Code
// 48006: not this month again.
// https://developers.weixin.qq.com/doc/offiaccount/openApi/clear_quota.html
func (a *OfficialAccount) ClearQuota(ctx context.Context) error {
	return a.app.do(ctx, func(t *trip) error {
		sdk := a.sdk(t)
		sdk.AppID = a.app.id // in a body: not escaped
		return basic.NewBasic(sdk).ClearQuota()
	})
}

// CallbackIPs returns the addresses and networks from which the platform pushes, for a firewall.
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_the_WeChat_server_IP_address.html
func (a *OfficialAccount) CallbackIPs(ctx context.Context) ([]string, error) {
	var list []string
	err := a.app.do(ctx, func(t *trip) (err error) {
		list, err = basic.NewBasic(a.sdk(t)).GetCallbackIP()
		return err
	})
	if err == nil && len(list) == 0 {
		err = &errLocal{"/cgi-bin/getcallbackip", errors.New("no addresses in the answer")}
	}
	return list, err
}
