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
	40005: "invalid file type",
	40007: "invalid media_id",
	40009: "invalid media size",
	40030: "invalid refresh_token",
	40037: "invalid template_id",
	40053: "invalid action info",
	40055: "invalid button url domain",
	40032: "invalid openid list size",
	40097: "invalid args",
	40125: "invalid appsecret",
	40129: "invalid scene",
	40163: "code been used",
	40164: "invalid ip",
	40226: "code blocked",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	40004: "invalid media type",
	41005: "media data missing",
	44001: "empty media data",
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
	45026: "template num exceeds limit",
	45109: "this api is unsupported",
	45056: "tag num exceeds limit",
	45057: "can't delete a tag that has too many fans",
	45058: "can't modify sys tag",
	45059: "too many tags of one user",
	45157: "tag name already exists",
	45158: "tag name too long",
	45159: "invalid tag id",
	46003: "menu no exist",
	46004: "user no exist",
	40165: "invalid weapp pagepath",
	48006: "forbid to clear quota because of reaching the limit",
	61010: "code is expired",
	65301: "conditional menu no exist",
	65303: "default menu no exist",
	65304: "match rule is empty or invalid",
	65309: "invalid user_id",
	65318: "weapp is not linked",
	76003: "invalid cgi_path",
	85079: "miniprogram has no online release",
	47001: "data format error",
	47003: "argument invalid!",
	48001: "api unauthorized",

	40056:  "invalid agentid",
	40058:  "invalid request parameter",
	40094:  "invalid user ticket",
	48002:  "api forbidden",
	50001:  "redirect_url not match",
	60011:  "no privilege to access/modify contact/party/agent",
	60020:  "not allow to access from your ip",
	60111:  "userid not found",
	60123:  "invalid party id",
	81013:  "user & party & tag all invalid",
	84014:  "user ticket expired",
	301002: "not allow operate another agent with this accesstoken",
	20001:  "system error",
	20002:  "invalid args",
	200012: "private template num exceeds limit",
	200014: "invalid tid",
	200020: "invalid kidList",
	200021: "invalid sceneDesc",
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
