package wechat

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
)

// maxField is the maximum length of a template message's field; the platform rejects or truncates
// longer ones.
const maxField = 20

const zeroWidthJoiner = "\u200d" // between the parts of one emoji

// TemplateMessage is a template message to one follower.
type TemplateMessage struct {
	To       string            // open id
	Template string            // template id
	URL      string            // opened by a tap; "" = nothing
	Mini     *MiniPage         // opened by a tap, instead of URL; nil = none
	Fields   map[string]string // thing1 → text; cut to 20 characters, line ends removed
	ID       string            // client_msg_id: a message sent twice within minutes is delivered once
}

// MiniPage is a page of a mini-program that is linked to the official account.
type MiniPage struct {
	AppID string `json:"appid"`
	Path  string `json:"pagepath"` // with its query; "" = the front page
}

// SendTemplate sends a template message and returns its msgid, to which the event
// TEMPLATESENDJOBFINISH later refers as Event.JobID. See IsRefusedByUser and IsRetryable.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) SendTemplate(ctx context.Context, m TemplateMessage) (string, error) {
	const api = "/cgi-bin/message/template/send"
	data := map[string]any{}
	for name, text := range m.Fields {
		data[name] = map[string]string{"value": field(text)}
	}
	body := map[string]any{"touser": m.To, "template_id": m.Template, "data": data}
	if m.URL != "" {
		body["url"] = m.URL
	}
	if m.Mini != nil {
		body["miniprogram"] = m.Mini
	}
	if m.ID != "" {
		body["client_msg_id"] = m.ID
	}
	answer, _, err := a.app.call(ctx, request{method: http.MethodPost, host: apiHost, path: api, body: body})
	if err != nil {
		return "", err
	}
	var sent struct {
		ID json.Number `json:"msgid"` // can exceed an int64
	}
	err = decode(api, answer, &sent)
	return sent.ID.String(), err
}

// field fits a text to the platform's limits: one line, no control characters, at most 20
// characters.
func field(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	line := strings.Join(strings.Fields(visible), " ")
	runes := []rune(line)
	if len(runes) > maxField {
		// A joiner whose second part was cut off would join the dots instead.
		return strings.TrimRight(string(runes[:maxField-1]), zeroWidthJoiner) + "…"
	}
	return line
}
