package simulator

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MediaResult is the finding that wxa_media_check reports.
type MediaResult struct {
	TraceID string
	Suggest string
	Label   int
}

func (m MediaResult) fields(appID string) []field {
	label := strconv.Itoa(m.Label)
	detail := []field{{name: "strategy", value: "content_model"}, {name: "errcode", value: "0", number: true},
		{name: "suggest", value: m.Suggest}, {name: "label", value: label, number: true}, {name: "prob", value: "90", number: true}}
	return []field{{name: "appid", value: appID}, {name: "trace_id", value: m.TraceID}, {name: "version", value: "2", number: true},
		{name: "result", parts: []field{{name: "suggest", value: m.Suggest}, {name: "label", value: label, number: true}}},
		{name: "detail", parts: detail}, {name: "errcode", value: "0", number: true}, {name: "errmsg", value: "ok"}}
}

// The findings of the simulator, by words in a text or in the address of a picture.
const (
	riskyWord  = "违规"
	reviewWord = "可疑"
)

func finding(text string) (suggest string, label int) {
	switch {
	case strings.Contains(text, riskyWord) || strings.Contains(text, "risky"):
		return "risky", 20006
	case strings.Contains(text, reviewWord) || strings.Contains(text, "review"):
		return "review", 20012
	}
	return "pass", 100
}

// author checks whose content is checked: somebody who was in the mini-program within two hours,
// which here is everybody but the risky.
func (q *request) author(openID string, scene int) (*Person, int) {
	p := q.sim.byOpenID(q.app.AppID, openID)
	switch {
	case p == nil:
		return nil, 40003
	case scene < 1 || scene > 4:
		return nil, 40097
	case p.Risky:
		return nil, 61010
	}
	return p, 0
}

// checkText is POST /wxa/msg_sec_check, version 2.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/msgSecCheck.html
func checkText(q *request) (any, int) {
	var in struct {
		Version int    `json:"version"`
		OpenID  string `json:"openid"`
		Scene   int    `json:"scene"`
		Content string `json:"content"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.Version != 2 || in.Content == "" || utf8.RuneCountInString(in.Content) > 2500 {
		return nil, 40097
	}
	if _, code := q.author(in.OpenID, in.Scene); code != 0 {
		return nil, code
	}
	suggest, label := finding(in.Content)
	result := map[string]any{"suggest": suggest, "label": label}
	return ok(map[string]any{"result": result, "detail": []any{map[string]any{"strategy": "content_model", "errcode": 0,
		"suggest": suggest, "label": label, "prob": 90}}, "trace_id": q.trace()}), 0
}

func (q *request) trace() string { return q.sim.text(8) + "-" + q.sim.text(16) }

// checkMedia is POST /wxa/media_check_async, version 2; the event follows.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/mediaCheckAsync.html
func checkMedia(q *request) (any, int) {
	var in struct {
		Version int    `json:"version"`
		OpenID  string `json:"openid"`
		Scene   int    `json:"scene"`
		URL     string `json:"media_url"`
		Kind    int    `json:"media_type"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.Version != 2 || in.Kind < 1 || in.Kind > 2 || !strings.HasPrefix(in.URL, "http") {
		return nil, 40097
	}
	p, code := q.author(in.OpenID, in.Scene)
	if code != 0 {
		return nil, code
	}
	trace := q.trace()
	suggest, label := finding(in.URL)
	q.sim.push(q.sim.parcel(q.app, p, Event{Name: "wxa_media_check", Check: &MediaResult{TraceID: trace, Suggest: suggest, Label: label}}))
	return ok(map[string]any{"trace_id": trace}), 0
}
