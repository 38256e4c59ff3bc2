package wechat

import (
	"context"
	"errors"
	"strings"

	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/officialaccount/js"
)

// ScriptURL returns the address from which pages load WeChat's JS-SDK: the platform's, or the
// simulator's.
func (a *OfficialAccount) ScriptURL() string {
	return rewrite(a.app.client.o.BrowserBase, "https://res.wx.qq.com/open/js/jweixin-1.6.0.js")
}

// PageConfig is what a page passes to wx.config before it may use the phone.
type PageConfig struct {
	AppID     string `json:"appId"`
	Timestamp int64  `json:"timestamp"` // seconds
	Nonce     string `json:"nonceStr"`
	Signature string `json:"signature"`
	Beta      bool   `json:"beta,omitempty"` // WeWork's calls ask for it
}

// PageConfig signs a page, so that it may use the JS-SDK: page is its whole address as the phone
// has it, and must be of a domain registered with the account. The fragment does not count.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
func (a *OfficialAccount) PageConfig(ctx context.Context, page string) (PageConfig, error) {
	if err := a.app.client.checkBreaker(a.app.circuit(), ticketAPI); err != nil {
		return PageConfig{}, err
	}
	ticket, err := a.app.client.shared(ctx, a.app.pageTicket(), "")
	if err != nil {
		return PageConfig{}, err
	}
	page, _, _ = strings.Cut(page, "#")
	var config *js.Config
	err = a.app.do(ctx, func(t *trip) (err error) {
		signer := js.NewJs(a.sdk(t))
		signer.SetJsTicketHandle(givenTicket(ticket))
		config, err = signer.GetConfigContext(t.ctx, page)
		return err
	}, ticket)
	if err != nil {
		return PageConfig{}, err
	}
	return PageConfig{AppID: a.app.id, Timestamp: config.Timestamp, Nonce: config.NonceStr, Signature: config.Signature}, nil
}

// givenTicket is a ticket as the SDK asks for it.
type givenTicket string

// GetTicket implements credential.JsTicketHandle.
func (t givenTicket) GetTicket(string) (string, error) { return string(t), nil }

const ticketAPI = "/cgi-bin/ticket/getticket"

func (a app) pageTicket() shared { return shared{a.sharedKey("page-ticket"), a.fetchPageTicket} }

// fetchPageTicket fetches the ticket that pages are signed with: GET /cgi-bin/ticket/getticket. It
// outlives the access token it was requested with.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html#62
func (a app) fetchPageTicket(ctx context.Context) (string, int, error) {
	var answer credential.ResTicket
	err := a.do(ctx, func(t *trip) (err error) {
		answer, err = credential.GetTicketFromServerContext(t.ctx, t.id)
		return err
	})
	if err != nil {
		return "", 0, err
	}
	if answer.Ticket == "" || answer.ExpiresIn <= 0 {
		return "", 0, &errLocal{ticketAPI, errors.New("no ticket in the answer")}
	}
	return answer.Ticket, int(answer.ExpiresIn), nil
}
