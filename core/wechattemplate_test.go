package core

import (
	"strings"
	"testing"
	"time"
)

func aTemplate() WechatTemplate {
	return WechatTemplate{
		AppID: "wx1", Kind: MessageSignIn, Template: "template-1", Title: "账号登录提醒",
		Fields: []WechatTemplateField{{"thing1", "登录账号", "title"}, {"time2", "登录时间", "time"}},
	}
}

func TestWechatTemplateCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*WechatTemplate)
		field  string // "" = right; "-" = no field is named
	}{
		"right":             {func(*WechatTemplate) {}, ""},
		"no such kind":      {func(m *WechatTemplate) { m.Kind = "nothing" }, "-"},
		"no template":       {func(m *WechatTemplate) { m.Template = "" }, "template"},
		"a strange id":      {func(m *WechatTemplate) { m.Template = "x' OR '1" }, "template"},
		"no fields":         {func(m *WechatTemplate) { m.Fields = nil }, "template"},
		"a strange field":   {func(m *WechatTemplate) { m.Fields[0].Key = "<b>" }, "template"},
		"nothing chosen":    {func(m *WechatTemplate) { m.Fields[1].Part = "" }, "part_time2"},
		"no such part":      {func(m *WechatTemplate) { m.Fields[1].Part = "phone" }, "part_time2"},
		"a time says what":  {func(m *WechatTemplate) { m.Fields[1].Part = "title" }, "part_time2"},
		"a phrase says all": {func(m *WechatTemplate) { m.Fields[1] = WechatTemplateField{"phrase2", "结果", "title"} }, "part_phrase2"},
		"nothing can tell":  {func(m *WechatTemplate) { m.Fields = m.Fields[1:] }, "template"},
		"it says not what":  {func(m *WechatTemplate) { m.Fields[0].Part = "hint" }, "part_thing1"},
		"too many fields":   {func(m *WechatTemplate) { m.Fields = make([]WechatTemplateField, MaxTemplateFields+1) }, "template"},
		"a very long title": {func(m *WechatTemplate) { m.Title = strings.Repeat("长", 65) }, "template"},
	} {
		m := aTemplate()
		c.change(&m)
		switch err := m.Check(WechatOfficial); {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.field == "-" && !IsInvalid(err):
			t.Errorf("%s: %v", name, err)
		case c.field != "" && c.field != "-" && !strings.Contains(fieldsOf(err), c.field):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A mini-program sends other kinds than an official account, and a company on WeWork none by templates.
func TestWechatTemplateIsOfAnAccount(t *testing.T) {
	m := aTemplate()
	m.Kind = MessageCertification
	for _, of := range []WechatAppKind{WechatOfficial, WechatMini} {
		if err := m.Check(of); err != nil {
			t.Errorf("%s: %v", of, err)
		}
	}
	if err := m.Check(WechatWork); !IsInvalid(err) {
		t.Errorf("a company: %v", err)
	}
	m.Kind = MessageSignIn
	if err := m.Check(WechatMini); !IsInvalid(err) {
		t.Errorf("a kind that the mini-program does not send: %v", err)
	}
}

func TestWechatTemplateMissing(t *testing.T) {
	m := aTemplate()
	for keys, want := range map[string]string{
		"thing1 time2": "", "time2 thing1": "", "thing1": "没有“登录时间”", "thing1 time2 thing3": "thing3",
	} {
		if got := m.Missing(strings.Fields(keys)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", keys, got, want)
		}
	}
}

// Each field of the usual templates gets a part that its type can hold, and one has the title.
func TestProposeParts(t *testing.T) {
	for want, fields := range map[string][]WechatTemplateField{
		"title kind time": {{Key: "thing1", Label: "事项"}, {Key: "thing2", Label: "类型"}, {Key: "time3", Label: "时间"}},
		"title time hint kind": {
			{Key: "thing1", Label: "告警内容"}, {Key: "time2", Label: "告警时间"}, {Key: "thing3", Label: "告警位置"},
			{Key: "phrase4", Label: "告警等级"},
		},
		"time title count": {{Key: "date1", Label: "日期"}, {Key: "thing2", Label: "说明"}, {Key: "number3", Label: "次数"}},
		"title":            {{Key: "thing1", Label: "审核类型"}},
	} {
		got := ProposeParts(fields)
		var parts []string
		for _, f := range got {
			parts = append(parts, f.Part)
		}
		if strings.Join(parts, " ") != want {
			t.Errorf("%v: %v, want %s", fields, parts, want)
		}
		if fields[0].Part != "" {
			t.Error("the argument is changed")
		}
	}
}

// What fills a template is within the platform's limits for every kind of message.
func TestSamplesFitTheirFields(t *testing.T) {
	for _, kind := range MessageKinds() {
		m := MessageTemplate{Fields: map[string]string{"thing1": "title", "phrase2": "kind", "time3": "time", "number4": "count"}}
		for field, text := range m.Fill(SampleMessage(kind, time.Unix(1e9, 0)), PlatformZone) {
			if field == "thing1" && text == kind.Label() {
				t.Errorf("%s: the sample says no more than the kind", kind)
			}
			if n := len([]rune(text)); n == 0 || n > FieldMax(field) {
				t.Errorf("%s, %s: %q", kind, field, text)
			}
		}
	}
}
