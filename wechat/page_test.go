package wechat

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The example from the platform's documentation of the JS-SDK.
func TestPageSignature(t *testing.T) {
	c := PageConfig{Timestamp: 1414587457, Nonce: "Wm3WZYTPz0wzccnW"}
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	for _, page := range []string{"http://mp.weixin.qq.com?params=value", "http://mp.weixin.qq.com?params=value#wechat_redirect"} {
		if got := c.sign(ticket, page); got != "0f9de62fce790f9a083d5c99e95740ceb90c27ed" {
			t.Errorf("%s is signed %s", page, got)
		}
	}
}

// A ticket is fetched once for all pages, and no error discloses it.
func TestPageConfig(t *testing.T) {
	const page = "https://pass.example.com/h5/guard/1?a=1&b=2"
	p := newPlatform(t)
	a := p.official(Options{})
	p.says(ticketAPI, `{"errcode":0,"errmsg":"ok","ticket":"sM4-a-ticket","expires_in":7200}`)
	together(t, 20, func() error {
		c, err := a.PageConfig(t.Context(), page)
		if err == nil && (c.AppID != a.AppID() || c.Signature != c.sign("sM4-a-ticket", page) || len(c.Nonce) < 16) {
			err = errors.New("not signed with the ticket: " + c.Signature)
		}
		return err
	})
	p.wantAsked(ticketAPI, 1)
	p.wantAsked(tokenPath, 1)
	one, _ := a.PageConfig(t.Context(), page)
	two, err := a.PageConfig(t.Context(), page)
	if err != nil || one.Nonce == two.Nonce {
		t.Errorf("two pages with one nonce, %v", err)
	}
}

func TestPageConfigFails(t *testing.T) {
	for answer, words := range map[string]string{
		`{"errcode":0,"ticket":"","expires_in":7200}`:    "no ticket",
		`{"errcode":0,"ticket":"x","expires_in":0}`:      "no ticket",
		`{"errcode":48001,"errmsg":"api unauthorized"}`:  "48001",
		`{"errcode":0,"ticket":["x"],"expires_in":7200}`: "not what it should be",
	} {
		p := newPlatform(t)
		p.says(ticketAPI, answer)
		_, err := p.official(Options{}).PageConfig(t.Context(), "https://pass.example.com/")
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// sign returns the JS-SDK's signature of a page, made apart from the program's.
func (c PageConfig) sign(ticket, page string) string {
	page, _, _ = strings.Cut(page, "#")
	sum := sha1.Sum(fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket, c.Nonce, c.Timestamp, page))
	return hex.EncodeToString(sum[:])
}
