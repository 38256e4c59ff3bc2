package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signature
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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
}

// PageConfig signs a page, so that it may use the JS-SDK: page is its whole address as the phone
// has it, and must be of a domain registered with the account. The fragment does not count.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
func (a *OfficialAccount) PageConfig(ctx context.Context, page string) (PageConfig, error) {
	if err := a.app.client.checkBreaker(a.app.id, ticketAPI); err != nil {
		return PageConfig{}, err
	}
	ticket, err := a.app.client.shared(ctx, a.app.pageTicket(), "")
	if err != nil {
		return PageConfig{}, err
	}
	c := PageConfig{AppID: a.app.id, Timestamp: a.app.client.o.Now().Unix(), Nonce: rand.Text()}
	c.Signature = c.sign(ticket, page)
	return c, nil
}

// sign returns the JS-SDK's signature of the names and values, which are not escaped.
func (c PageConfig) sign(ticket, page string) string {
	page, _, _ = strings.Cut(page, "#")
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + c.Nonce + //nolint:gosec // the platform's signature
		"&timestamp=" + strconv.FormatInt(c.Timestamp, 10) + "&url=" + page))
	return hex.EncodeToString(sum[:])
}

const ticketAPI = "/cgi-bin/ticket/getticket"

func (a app) pageTicket() shared { return shared{a.sharedKey("page-ticket"), a.fetchPageTicket} }

// fetchPageTicket fetches the ticket that pages are signed with: GET /cgi-bin/ticket/getticket. It
// outlives the access token it was requested with.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html#62
func (a app) fetchPageTicket(ctx context.Context) (string, int, error) {
	body, _, err := a.call(ctx, request{method: http.MethodGet, host: apiHost, path: ticketAPI, query: url.Values{"type": {"jsapi"}}})
	if err != nil {
		return "", 0, err
	}
	var answer struct {
		Ticket  string `json:"ticket"`
		Expires int    `json:"expires_in"` // seconds
	}
	if err := decode(ticketAPI, body, &answer); err != nil {
		return "", 0, err
	}
	if answer.Ticket == "" || answer.Expires <= 0 {
		return "", 0, &errLocal{ticketAPI, errors.New("no ticket in the answer")}
	}
	return answer.Ticket, answer.Expires, nil
}
