package wechat

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/silenceper/wechat/v2/officialaccount/message"
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
	AppID string
	Path  string // with its query; "" = the front page
}

// SendTemplate sends a template message and returns its msgid, to which the event
// TEMPLATESENDJOBFINISH later refers as Event.JobID. See IsRefusedByUser and IsRetryable.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) SendTemplate(ctx context.Context, m TemplateMessage) (string, error) {
	sent := message.TemplateMessage{
		ToUser: m.To, TemplateID: m.Template, URL: m.URL, ClientMsgID: m.ID, Data: map[string]*message.TemplateDataItem{},
	}
	for name, text := range m.Fields {
		sent.Data[name] = &message.TemplateDataItem{Value: field(text)}
	}
	if m.Mini != nil {
		sent.MiniProgram.AppID, sent.MiniProgram.PagePath = m.Mini.AppID, m.Mini.Path
	}
	var answer struct {
		ID json.Number `json:"msgid"` // can exceed the SDK's int64
	}
	err := a.app.do(ctx, func(t *trip) error {
		_, sdkErr := message.NewTemplate(a.sdk(t)).Send(&sent)
		body := t.answer()
		if body == nil {
			return sdkErr
		}
		return json.Unmarshal(body, &answer)
	})
	return answer.ID.String(), err
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
