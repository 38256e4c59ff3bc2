package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// templatesKept is the maximum number of templates of an account.
const templatesKept = 25

// LibraryTemplate is a template of the platform's library, from which accounts take theirs.
type LibraryTemplate struct {
	Number   string    `json:"number"`
	Title    string    `json:"title"`
	Keywords []Keyword `json:"keywords"`
}

// Keyword is a line of a library template.
type Keyword struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"` // thing, time, phrase, …
	Example string `json:"example"`
}

// library is the library of an account that has none of its own: what a property office would look
// for.
var library = []LibraryTemplate{
	{"2101", "待审核提醒", []Keyword{{1, "审核事项", "thing", "住户资料变更"}, {2, "申请人", "thing", "张伟"}, {3, "申请时间", "time", "2026-11-20 12:00"},
		{4, "小区", "thing", "翠湖花园"}, {5, "备注", "thing", "请尽快处理"}}},
	{"2102", "审核结果通知", []Keyword{{1, "审核事项", "thing", "住户资料变更"}, {2, "审核结果", "phrase", "通过"}, {3, "审核时间", "time", "2026-11-20 12:00"},
		{4, "备注", "thing", "无"}}},
	{"2103", "访客到访通知", []Keyword{{1, "访客姓名", "thing", "李娜"}, {2, "到访时间", "time", "2026-11-20 12:00"}, {3, "到访地址", "thing", "翠湖花园 3 栋"},
		{4, "备注", "thing", "已登记"}}},
	{"2104", "异常告警通知", []Keyword{{1, "告警内容", "thing", "读头长时间未上报"}, {2, "告警时间", "time", "2026-11-20 12:00"}, {3, "告警位置", "thing", "东门"},
		{4, "告警等级", "phrase", "紧急"}}},
	{"2105", "账号登录提醒", []Keyword{{1, "登录账号", "thing", "wang"}, {2, "登录时间", "time", "2026-11-20 12:00"}, {3, "登录地点", "thing", "新的设备"}}},
	{"2106", "任务完成通知", []Keyword{{1, "任务名称", "thing", "导出出入记录"}, {2, "完成时间", "time", "2026-11-20 12:00"}, {3, "任务结果", "phrase", "成功"}}},
}

func (a *App) publicTemplate(number string) (LibraryTemplate, bool) {
	from := a.Library
	if from == nil {
		from = library
	}
	for _, t := range from {
		if t.Number == number {
			return t, true
		}
	}
	return LibraryTemplate{}, false
}

// with returns a template with some of the keywords, in that order.
func (l LibraryTemplate) with(id string, keywords []Keyword) Template {
	var lines []string
	for _, k := range keywords {
		lines = append(lines, fmt.Sprintf("%s：{{%s%d.DATA}}", k.Name, k.Kind, k.ID))
	}
	return Template{ID: id, Title: l.Title, Content: strings.Join(lines, "\n")}
}

// example returns a template's content filled in.
func (t Template) example() string {
	return templateLine.ReplaceAllString(t.Content, "$1：示例")
}

// take adds a template to the account; full is the errcode if there are too many.
func (q *request) take(l LibraryTemplate, keywords []Keyword, full int) (string, int) {
	if len(q.app.Templates) >= templatesKept {
		return "", full
	}
	id := q.sim.text(43)
	q.app.Templates = append(slices.Clone(q.app.Templates), l.with(id, keywords))
	return id, 0
}

// drop removes a template; false = there was none.
func (q *request) drop(id string) bool {
	kept := slices.DeleteFunc(slices.Clone(q.app.Templates), func(t Template) bool { return t.ID == id })
	found := len(kept) < len(q.app.Templates)
	q.app.Templates = kept
	return found
}

// privateTemplates is GET /cgi-bin/template/get_all_private_template. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func privateTemplates(q *request) (any, int) {
	list := []map[string]any{}
	for _, t := range q.app.Templates {
		list = append(list, map[string]any{"template_id": t.ID, "title": t.Title, "primary_industry": "房地产", "deputy_industry": "物业",
			"content": t.Content, "example": t.example()})
	}
	return map[string]any{"template_list": list}, 0
}

// addPrivateTemplate is POST /cgi-bin/template/api_add_template.
func addPrivateTemplate(q *request) (any, int) {
	var in struct {
		Number   string   `json:"template_id_short"`
		Keywords []string `json:"keyword_name_list"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	l, known := q.app.publicTemplate(in.Number)
	if !known {
		return nil, 40037
	}
	keywords := l.Keywords
	if len(in.Keywords) > 0 {
		keywords = nil
		for _, name := range in.Keywords {
			i := slices.IndexFunc(l.Keywords, func(k Keyword) bool { return k.Name == name })
			if i < 0 {
				q.detail = "keyword_name_list"
				return nil, 40097
			}
			keywords = append(keywords, l.Keywords[i])
		}
	}
	id, code := q.take(l, keywords, 45026)
	return ok(map[string]any{"template_id": id}), code
}

// deletePrivateTemplate is POST /cgi-bin/template/del_private_template.
func deletePrivateTemplate(q *request) (any, int) {
	var in struct {
		ID string `json:"template_id"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if !q.drop(in.ID) {
		return nil, 40037
	}
	return ok(nil), 0
}

// subscribeTemplates is GET /wxaapi/newtmpl/gettemplate.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/getMessageTemplateList.html
func subscribeTemplates(q *request) (any, int) {
	list := []map[string]any{}
	for _, t := range q.app.Templates {
		list = append(list, map[string]any{"priTmplId": t.ID, "title": t.Title, "content": t.Content, "example": t.example(), "type": 2})
	}
	return ok(map[string]any{"data": list}), 0
}

// addSubscribeTemplate is POST /wxaapi/newtmpl/addtemplate.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/addMessageTemplate.html
func addSubscribeTemplate(q *request) (any, int) {
	var in struct {
		TID     string `json:"tid"`
		Kids    []int  `json:"kidList"`
		Purpose string `json:"sceneDesc"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	l, known := q.app.publicTemplate(in.TID)
	switch {
	case !known:
		return nil, 200014
	case len(in.Kids) < 2 || len(in.Kids) > 5:
		return nil, 200020
	case in.Purpose == "" || len([]rune(in.Purpose)) > 15:
		return nil, 200021
	}
	var keywords []Keyword
	for _, kid := range in.Kids {
		i := slices.IndexFunc(l.Keywords, func(k Keyword) bool { return k.ID == kid })
		if i < 0 {
			return nil, 200020
		}
		keywords = append(keywords, l.Keywords[i])
	}
	id, code := q.take(l, keywords, 200012)
	return ok(map[string]any{"priTmplId": id}), code
}

// deleteSubscribeTemplate is POST /wxaapi/newtmpl/deltemplate.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/deleteMessageTemplate.html
func deleteSubscribeTemplate(q *request) (any, int) {
	var in struct {
		ID string `json:"priTmplId"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.ID == "" {
		return nil, 20002
	}
	if !q.drop(in.ID) {
		return nil, 20001
	}
	return ok(nil), 0
}
