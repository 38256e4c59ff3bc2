package core

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFitField(t *testing.T) {
	long := strings.Repeat("门", 30)
	for _, c := range []struct{ field, text, want string }{
		{"thing1", "东门岗", "东门岗"},
		{"thing1", "  东门岗\r\n 体温异常\t", "东门岗 体温异常"},
		{"thing1", "a\x00b\u0085c", "ab c"},
		{"thing1", "\xff东", "东"},
		{"thing1", "", "无"},
		{"thing1", " \n ", "无"},
		{"thing1", strings.Repeat("门", 20), strings.Repeat("门", 20)},
		{"thing1", long, strings.Repeat("门", 19) + "…"},
		{"thing12", strings.Repeat("门", 18) + "👩\u200d💻" + "门", strings.Repeat("门", 18) + "👩…"},
		{"keyword1", long, strings.Repeat("门", 19) + "…"},
		{"first", long, strings.Repeat("门", 19) + "…"},
		{"name1", "张三 (业主) 先生女士小姐们好吗", "张三业主先生女士小姐"},
		{"name1", "123", "无"},
		{"phrase1", "告警：体温异常了", "告警体温异"},
		{"phrase1", "abc", "无"},
		{"number1", "共 12 条", "12"},
		{"number1", "无", "0"},
		{"letter1", "门A1b", "Ab"},
		{"letter1", "门", "A"},
		{"character_string1", "编号 A-1 号", "A-1"},
		{"character_string1", "号", "-"},
		{"phone_number1", "+86 139-0000-0000", "+86139-0000-0000"},
		{"car_number1", "京A·12345 港", "京A12345港"},
		{"time2", "2026-11-20 12:00", "2026-11-20 12:00"},
		{"date2", "", "-"},
		{"const1", long, strings.Repeat("门", 20)},
	} {
		got := FitField(c.field, c.text)
		if got != c.want {
			t.Errorf("%s %q: %q, want %q", c.field, c.text, got, c.want)
		}
		if n := utf8.RuneCountInString(got); n == 0 || n > 20 || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%s %q: the platform refuses %q", c.field, c.text, got)
		}
	}
}

func TestParseMessageTemplate(t *testing.T) {
	kind, template, err := ParseMessageTemplate("sign_in=Abc_123-defghij:thing1=title;time2=time;number3=count")
	if err != nil || kind != MessageSignIn || template.ID != "Abc_123-defghij" || len(template.Fields) != 3 {
		t.Fatalf("%s %+v %v", kind, template, err)
	}
	m := Message{Kind: MessageSignIn, Title: strings.Repeat("登", 40), Events: 3, Created: midday}
	got := template.Fill(m, PlatformZone)
	if got["thing1"] != "3 条新地点登录，最早一条：登登登登登…" || got["time2"] != "2026-11-20 12:00" || got["number3"] != "3" {
		t.Errorf("%v", got)
	}
	if got := (Message{Place: "翠湖花园"}).Part("community", time.UTC); got != "翠湖花园" {
		t.Errorf("of a community: %q", got)
	}
	for _, kind := range MessageKinds() { // whatever else is filled in, many events are not read as one
		many := Message{Kind: kind, Title: "翠湖花园一期12栋1单元1201待审核", Events: 240, Created: midday}
		if got := template.Fill(many, PlatformZone)["thing1"]; !strings.HasPrefix(got, "240 条"+kind.Label()) {
			t.Errorf("%s: %q", kind, got)
		}
	}
	for _, part := range MessageParts {
		if m.Part(part, time.UTC) == "" {
			t.Errorf("%s is empty", part)
		}
	}
	for _, bad := range []string{
		"", "sign_in", "sign_in=Abc_123-defghij", "sign_in=short:thing1=title", "nothing=Abc_123-defghij:thing1=title",
		"sign_in=Abc_123-defghij:thing1=secret", "sign_in=Abc_123-defghij:thing1", "sign_in=Abc_123-defghij:thing1=title;",
		"sign_in=Abc 123-defghij:thing1=title",
	} {
		if _, _, err := ParseMessageTemplate(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
