package wechat

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

func TestSendTemplate(t *testing.T) {
	p := newPlatform(t)
	a := p.official(Options{})
	p.says(sendPath, `{"errcode":0,"errmsg":"ok","msgid":24000000000000001}`)
	id, err := a.SendTemplate(t.Context(), TemplateMessage{
		To: "o1", Template: "t1", URL: "https://pass.example.com/h5/pass?a=1&b=2", ID: "n1",
		Fields: map[string]string{"thing1": "幸福 <家园> & 3栋", "time2": "2026-11-20 12:00"},
	})
	if err != nil || id != "24000000000000001" {
		t.Errorf("%q, %v", id, err)
	}
	nowhere := map[string]any{"appid": "", "pagepath": ""} // the SDK always sends it
	want := map[string]any{
		"touser": "o1", "template_id": "t1", "url": "https://pass.example.com/h5/pass?a=1&b=2", "client_msg_id": "n1",
		"data": map[string]any{
			"thing1": map[string]any{"value": "幸福 <家园> & 3栋"}, "time2": map[string]any{"value": "2026-11-20 12:00"},
		},
		"miniprogram": nowhere,
	}
	if got := p.requests(sendPath)[0].body; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent %v", got)
	}
	page := &MiniPage{AppID: "wx2222222222222222", Path: "pages/pass?id=1&x=2"}
	if _, err := a.SendTemplate(t.Context(), TemplateMessage{To: "o1", Template: "t1", Mini: page, Fields: one}); err != nil {
		t.Error(err)
	}
	mini := map[string]any{"appid": page.AppID, "pagepath": page.Path}
	if got := p.requests(sendPath)[1].body["miniprogram"]; fmt.Sprint(got) != fmt.Sprint(mini) {
		t.Errorf("sent %v", got)
	}
	if _, err := a.SendTemplate(t.Context(), TemplateMessage{To: "o1", Template: "t1", Fields: one}); err != nil {
		t.Error(err)
	}
	if got := p.requests(sendPath)[2].body; len(got) != 4 || fmt.Sprint(got["miniprogram"]) != fmt.Sprint(nowhere) {
		t.Errorf("what is not said is sent: %v", got)
	}
}

func TestField(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"幸福家园 3栋":               "幸福家园 3栋",
		"一\r\n二\n\n三\t四\u2028五": "一 二 三 四 五",
		"  x  ":                 "x",
		"\x00 x \x00":           "x",
		"a\x00b\x07c\x1b[1m":    "abc[1m",
		strings.Repeat("好", 20): strings.Repeat("好", 20),
		strings.Repeat("好", 21): strings.Repeat("好", 19) + "…",
		strings.Repeat("😀", 20): strings.Repeat("😀", 20),
		strings.Repeat("😀", 21): strings.Repeat("😀", 19) + "…",
		strings.Repeat("x", 18) + "👨‍👩‍👧": strings.Repeat("x", 18) + "👨…",
		strings.Repeat("x", 17) + "👨‍👩‍👧": strings.Repeat("x", 17) + "👨…",
		"a\xffb": "a\ufffdb",
	} {
		if got := fit("thing1", text); got != want {
			t.Errorf("fit(%q) = %q, want %q", text, got, want)
		}
	}
	for key, want := range map[string]string{
		"thing12": "12345678901234567890", "phrase3": "12345", "name1": "1234567890", "car_number2": "12345678",
		"phone_number9": "12345678901234567", "character_string1": "12345678901234567890", "keyword1": "12345678901234567890",
	} {
		if got := fit(key, "12345678901234567890"); got != want || FieldLimit(key) != len(want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if got := fit("character_string1", strings.Repeat("A", 25)); got != strings.Repeat("A", 20) {
		t.Errorf("a kind without dots gets %q", got)
	}
	fits := func(text string) bool {
		got := fit("thing1", text)
		short := fit("phrase1", text)
		return utf8.ValidString(got) && utf8.RuneCountInString(got) <= 20 && !strings.ContainsAny(got, "\r\n\t\x00") &&
			fit("thing1", got) == got && utf8.RuneCountInString(short) <= 5
	}
	if err := quick.Check(fits, nil); err != nil {
		t.Error(err)
	}
}
