package wechat

import (
	"context"
	"encoding/json"

	"github.com/silenceper/wechat/v2/miniprogram/subscribe"
)

// SubscribeMessage is a message of a mini-program to somebody who agreed to get one.
type SubscribeMessage struct {
	To       string            // open id in the mini-program
	Template string            // template id
	Page     string            // of this mini-program, with its query, without a leading slash; "" = opens nothing
	Fields   map[string]string // thing1 → text; fitted to the kind of the field
}

// SendSubscribe sends a message for which the person has given a grant, and returns its msgid. The
// platform takes one grant for it. Codes: 43101 no grant, or withdrawn; 40037 the template is not
// the account's; 40003 the open id is not of this mini-program; 47003 a field is not of its kind;
// 41030 no such page.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
func (m *MiniProgram) SendSubscribe(ctx context.Context, s SubscribeMessage) (string, error) {
	const api = "/cgi-bin/message/subscribe/send"
	if err := checkMessage(api, s.To, s.Template, s.Fields); err != nil {
		return "", err
	}
	sent := subscribe.Message{
		ToUser: s.To, TemplateID: s.Template, Page: s.Page, MiniprogramState: "formal", Lang: "zh_CN",
		Data: map[string]*subscribe.DataItem{},
	}
	for name, text := range s.Fields {
		sent.Data[name] = &subscribe.DataItem{Value: fit(name, text)}
	}
	var answer msgID
	err := m.app.do(ctx, func(t *trip) error {
		_, sdkErr := subscribe.NewSubscribe(m.sdk(t)).SendGetMsgID(&sent)
		return answer.read(t, sdkErr)
	})
	return answer.ID.String(), err
}

// msgID is the id of a message that was sent. It can exceed the SDK's int64.
type msgID struct {
	ID json.Number `json:"msgid"`
}

// read takes the id from the answer; sdkErr is the SDK's error if there is none.
func (m *msgID) read(t *trip, sdkErr error) error {
	body := t.answer()
	if body == nil {
		return sdkErr
	}
	return json.Unmarshal(body, m)
}

// Templates returns the templates that the mini-program may send.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/getMessageTemplateList.html
func (m *MiniProgram) Templates(ctx context.Context) ([]Template, error) {
	var list *subscribe.TemplateList
	err := m.app.do(ctx, func(t *trip) (err error) {
		list, err = subscribe.NewSubscribe(m.sdk(t)).ListTemplates()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Template, 0, len(list.Data))
	for _, item := range list.Data {
		out = append(out, Template{
			ID: item.PriTmplID, Title: item.Title, Example: item.Example, Fields: templateFields(item.Content),
			LongTerm: item.Type == longTerm,
		})
	}
	return out, nil
}

// longTerm is the type of a template that needs one grant for ever.
const longTerm = 3

// AddTemplate adds a template of the platform's library and returns its template id: tid is its
// number there, keywords are 2 to 5 of its keywords' numbers, in order, and purpose says to the
// platform what it is for (at most 15 characters). Codes: 200012 there are 25 already, 200014 no such
// number, 200020 wrong keywords, 200021 wrong purpose.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/addMessageTemplate.html
func (m *MiniProgram) AddTemplate(ctx context.Context, tid string, keywords []int, purpose string) (string, error) {
	const api = "/wxaapi/newtmpl/addtemplate"
	switch {
	case tid == "":
		return "", invalid(api, "a template of the library has a number")
	case len(keywords) < 2 || len(keywords) > 5:
		return "", invalid(api, "a template has 2 to 5 keywords")
	case purpose == "" || length(purpose) > 15:
		return "", invalid(api, "a purpose has 1 to 15 characters")
	}
	var id string
	err := m.app.do(ctx, func(t *trip) (err error) {
		id, err = subscribe.NewSubscribe(m.sdk(t)).Add(tid, keywords, purpose)
		return err
	})
	return needed(api, id, err)
}

// DeleteTemplate removes a template from the mini-program. Code 20001: it is not there.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/deleteMessageTemplate.html
func (m *MiniProgram) DeleteTemplate(ctx context.Context, id string) error {
	if id == "" {
		return invalid("/wxaapi/newtmpl/deltemplate", "which template is not said")
	}
	return m.app.do(ctx, func(t *trip) error { return subscribe.NewSubscribe(m.sdk(t)).Delete(id) })
}

// Inbox returns what reads the mini-program's callbacks.
// https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
func (m *MiniProgram) Inbox(o InboxOptions) (*Inbox, error) { return m.app.client.inbox(m.app.id, o) }
