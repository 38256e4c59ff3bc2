package wechat

import (
	"context"

	"github.com/silenceper/wechat/v2/officialaccount/message"
)

// TemplateMessage is a template message to one follower.
type TemplateMessage struct {
	To       string            // open id
	Template string            // template id
	URL      string            // opened by a tap; "" = nothing
	Mini     *MiniPage         // opened by a tap, instead of URL; nil = none
	Fields   map[string]string // thing1 → text; fitted to the kind of the field
	ID       string            // client_msg_id, at most 32 characters: a message sent twice within minutes is delivered once
}

// MiniPage is a page of a mini-program that is linked to the official account.
type MiniPage struct {
	AppID string
	Path  string // with its query; "" = the front page
}

// SendTemplate sends a template message and returns its msgid, to which the event
// TEMPLATESENDJOBFINISH later refers as Event.JobID. Codes: 43004 the person does not follow; 43101
// they have switched this template off; 43117 too many to them; 40037 the template is not the
// account's; 40003 the open id is not; 47003 a field is wrong; 45009 the quota is used up.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) SendTemplate(ctx context.Context, m TemplateMessage) (string, error) {
	const api = "/cgi-bin/message/template/send"
	if err := checkMessage(api, m.To, m.Template, m.Fields); err != nil {
		return "", err
	}
	if len(m.ID) > 32 {
		return "", invalid(api, "a client_msg_id has at most 32 characters")
	}
	sent := message.TemplateMessage{
		ToUser: m.To, TemplateID: m.Template, URL: m.URL, ClientMsgID: m.ID, Data: map[string]*message.TemplateDataItem{},
	}
	for name, text := range m.Fields {
		sent.Data[name] = &message.TemplateDataItem{Value: fit(name, text)}
	}
	if m.Mini != nil {
		sent.MiniProgram.AppID, sent.MiniProgram.PagePath = m.Mini.AppID, m.Mini.Path
	}
	var answer msgID
	err := a.app.do(ctx, func(t *trip) error {
		_, sdkErr := message.NewTemplate(a.sdk(t)).Send(&sent)
		return answer.read(t, sdkErr)
	})
	return answer.ID.String(), err
}

// Templates returns the templates that the account may send.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) Templates(ctx context.Context) ([]Template, error) {
	var list []*message.TemplateItem
	err := a.app.do(ctx, func(t *trip) (err error) {
		list, err = message.NewTemplate(a.sdk(t)).List()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Template, 0, len(list))
	for _, item := range list {
		if item != nil {
			out = append(out, Template{ID: item.TemplateID, Title: item.Title, Example: item.Example,
				Fields: templateFields(item.Content)})
		}
	}
	return out, nil
}

// AddTemplate adds a template of the platform's library and returns its template id: number is its
// number there, keywords are the names of those of its keywords that are wanted, in order. Codes:
// 45026 there are 25 already, 40037 no such number.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) AddTemplate(ctx context.Context, number string, keywords []string) (string, error) {
	const api = "/cgi-bin/template/api_add_template"
	if number == "" {
		return "", invalid(api, "a template of the library has a number")
	}
	var id string
	err := a.app.do(ctx, func(t *trip) (err error) {
		id, err = message.NewTemplate(a.sdk(t)).Add(number, keywords)
		return err
	})
	return needed(api, id, err)
}

// DeleteTemplate removes a template from the account. Code 40037: it is not there.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *OfficialAccount) DeleteTemplate(ctx context.Context, id string) error {
	if id == "" {
		return invalid("/cgi-bin/template/del_private_template", "which template is not said")
	}
	return a.app.do(ctx, func(t *trip) error { return message.NewTemplate(a.sdk(t)).Delete(id) })
}
