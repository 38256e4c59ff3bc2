package simulator

import (
	"fmt"
	"net/http"
)

// errmsgs are the texts of the global return codes,
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
var errmsgs = map[int]string{
	-1:    "system error",
	40001: "invalid credential",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40013: "invalid appid",
	40014: "invalid access_token",
	40016: "invalid button size",
	40017: "invalid button type",
	40018: "invalid button name size",
	40019: "invalid button key size",
	40029: "invalid code",
	40030: "invalid refresh_token",
	40037: "invalid template_id",
	40053: "invalid action info",
	40055: "invalid button url domain",
	40097: "invalid args",
	40125: "invalid appsecret",
	40129: "invalid scene",
	40163: "code been used",
	40164: "invalid ip",
	40226: "code blocked",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	41008: "missing code",
	41030: "invalid page",
	42001: "access_token expired",
	42002: "refresh_token expired",
	43001: "require GET method",
	43002: "require POST method",
	43004: "require subscribe",
	43101: "user refuse to accept the msg",
	43117: "too many messages to this openid",
	44002: "empty post data",
	45009: "reach max api daily quota limit",
	45011: "api minute-quota reach limit, mustslower, retry next minute",
	45109: "this api is unsupported",
	46003: "menu no exist",
	47001: "data format error",
	47003: "argument invalid!",
	48001: "api unauthorized",
}

// failure returns an error response: still HTTP 200, with a request id at the end of its text.
func (s *Simulator) failure(code int, detail string) answer {
	msg := errmsgs[code]
	if msg == "" {
		msg = "error"
	}
	if detail != "" {
		msg += ", " + detail
	}
	rid := fmt.Sprintf("%08x-%08x-%08x", s.opt.Now().Unix()&0xffffffff, s.random.Uint32(), s.random.Uint32())
	return answer{
		status: http.StatusOK, contentType: "application/json; encoding=utf-8", errcode: code,
		body: encode(struct {
			Code int    `json:"errcode"`
			Msg  string `json:"errmsg"`
		}{code, msg + " rid: " + rid}),
	}
}
