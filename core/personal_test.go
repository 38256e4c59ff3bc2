package core

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

func TestNormalizeMobile(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000":                   "13800138000",
		" 138 0013 8000 ":               "13800138000",
		"138-0013-8000":                 "13800138000",
		"１３８００１３８０００":                   "13800138000",
		"\u200b138\u200d0013\ufeff8000": "13800138000",
		"+86 13800138000":               "13800138000",
		"＋86　138 0013 8000":             "13800138000",
		"8613800138000":                 "13800138000",
		"008613800138000":               "13800138000",
		"0086 138-0013-8000":            "13800138000",
		"013800138000":                  "13800138000",
		"tel:+86-138-0013-8000":         "13800138000",
		"TEL:13800138000":               "13800138000",
		"\u202d138 0013 8000\u202c":     "13800138000",
		"138\ufe0d0013\u20608000":       "13800138000",
		"0013800138000":                 "",
		"075526888888":                  "",
		"":                              "",
		"1380013800":                    "",
		"138001380001":                  "",
		"12800138000":                   "",
		"23800138000":                   "",
		"1380013800a":                   "",
		"+1 3800138000":                 "",
		"٠١٢٣٤٥٦٧٨٩٠":                   "", // digits of another script
		"13800138000'; DROP TABLE x--":  "",
	} {
		got, err := NormalizeMobile(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("NormalizeMobile(%q) = %q, %v; want %q", in, got, err, want)
		}
		if err != nil && CodeOf(err) != CodeInvalid {
			t.Errorf("NormalizeMobile(%q): code %s", in, CodeOf(err))
		}
	}
}

func TestCheckIDNumber(t *testing.T) {
	for in, want := range map[string]string{
		"11010519491231002X": "11010519491231002X", // the example of GB 11643
		"11010519491231002x": "11010519491231002X",
		"１１０１０５１９４９１２３１００２Ｘ": "11010519491231002X",
		"440524 18800101 001":     "", // 17 digits
		"440524188001010014":      "", // born 1880
		"110105194912310021":      "", // wrong check character
		"110105194913310023":      "", // no 13th month
		"13800138000":             "", // a phone number
		"E12345678":               "E12345678",
		"h12345678":               "H12345678",
		"12345678":                "12345678", // Taiwan permit
		"H1234":                   "H1234",
		"E123":                    "",
		"E1234567890123456789012": "",
		"E1234<b>":                "",
		"护照12345":                 "",
		"军字第12345678号":            "军字第12345678号",
		"军字第 0123 4567 号":         "军字第01234567号",
		"军字第１２３４５６７８号":            "军字第12345678号",
		"军字第号":                    "",
		"军字第12号":                  "",
		"":                        "",
	} {
		got, err := CheckIDNumber(in)
		if err == nil && got != want || (err == nil) != (want != "") {
			t.Errorf("CheckIDNumber(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

// Any single mistyped digit of a resident identity number is detected.
func TestCheckIDNumberFindsEachWrongDigit(t *testing.T) {
	const right = "11010519491231002X"
	for i := range 17 {
		for d := byte('0'); d <= '9'; d++ {
			wrong := []byte(right)
			if wrong[i] == d {
				continue
			}
			wrong[i] = d
			if got, err := CheckIDNumber(string(wrong)); err == nil {
				t.Errorf("CheckIDNumber(%s) = %s; one digit is wrong", wrong, got)
			}
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{MaskPhone("13812345678"), "138****5678"},
		{MaskPhone(""), ""},
		{MaskPhone("12345678"), "****5678"},
		{MaskIDNumber("440301199001010001"), "4403**********0001"},
		{MaskIDNumber("E12345678"), "E******78"},
		{MaskIDNumber(""), ""},
		{MaskIDNumber("军字第12345678号"), "军字第1*****78号"},
		{MaskName("张三"), "张*"},
		{MaskName("欧阳娜娜"), "欧***"},
		{MaskName("张"), "*"},
		{MaskName(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// A mask never shows more than half of what it hides.
func TestMasksHideHalf(t *testing.T) {
	hides := func(b []byte) bool {
		s := strings.Repeat("7", len(b)%24)
		for _, masked := range []string{MaskIDNumber(s)} {
			if len(masked) != len(s) || strings.Count(masked, "*") < len(s)/2 {
				return false
			}
		}
		return strings.Count(MaskPhone(s), "*")*3 >= len(s)
	}
	if err := quick.Check(hides, nil); err != nil {
		t.Error(err)
	}
}

func TestSortKey(t *testing.T) {
	labels := []string{"10栋1单元101", "2栋1单元1001", "2栋1单元201", "02栋1单元101", "A座1", "２栋2单元101"}
	slices.SortFunc(labels, func(a, b string) int { return strings.Compare(SortKey(a, 250), SortKey(b, 250)) })
	want := []string{"02栋1单元101", "2栋1单元201", "2栋1单元1001", "２栋2单元101", "10栋1单元101", "A座1"}
	if !slices.Equal(labels, want) {
		t.Errorf("sorted %v, want %v", labels, want)
	}
	if key := SortKey(strings.Repeat("栋", 300), 250); len([]rune(key)) != 250 {
		t.Errorf("key has %d runes", len([]rune(key)))
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"  张\u200b三  ":   "张三",
		"张 \t\n 三":       "张 三",
		"Ａ栋　１单元":         "A栋 1单元",
		"\x00a\x7fb":     "ab",
		"<b>'\"; --":     "<b>'\"; --",
		"（业主），。":         "（业主），。",
		"a\xffb":         "ab",
		"\u202eabc":      "abc",
		"👨\u200d👩 emoji": "👨\u200d👩 emoji",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHouseNames(t *testing.T) {
	c := Community{Levels: []string{"栋", "单元", "房间"}}
	for _, names := range [][]string{{"3", "2", "501"}, {"3栋", "2单元", "501"}, {" ３ ", "2", "501"}} {
		kept, err := c.NodeNames(names)
		if err != nil || HouseLabel(kept) != "3栋2单元501" {
			t.Errorf("%v: %v, %v", names, kept, err)
		}
	}
	for _, bad := range [][]string{{"3", "2"}, {"3", "", "501"}, {"3", "2", strings.Repeat("长", 41)}, {"3", "2", "\u200b"}} {
		if _, err := c.NodeNames(bad); CodeOf(err) != CodeInvalid {
			t.Errorf("%v: %v, want invalid", bad, err)
		}
	}
	if _, err := c.NodeNames([]string{"😀", "2", "501"}); !strings.HasPrefix(MessageOf(err), "“😀”不能作名称") {
		t.Errorf("a name of signs alone: %v", err)
	}
	if label := HouseLabel([]string{"A座12", "3"}); label != "A座12-3" {
		t.Errorf("label %q: numbers run into each other", label)
	}
}

func TestCommunityCheck(t *testing.T) {
	good := Community{Name: "翠湖花园", Levels: DefaultLevels()}
	if err := good.Trimmed().Check(); err != nil {
		t.Errorf("good: %v", err)
	}
	for field, change := range map[string]func(*Community){
		"name":    func(c *Community) { c.Name = " \u200b" },
		"address": func(c *Community) { c.Address = strings.Repeat("路", 101) },
		"phone":   func(c *Community) { c.Phone = "<script>" },
		"levels":  func(c *Community) { c.Levels = []string{"栋", "栋"} },
	} {
		bad := good
		change(&bad)
		var e *Error
		err := bad.Trimmed().Check()
		if e, _ = err.(*Error); e == nil || e.Fields[field] == "" {
			t.Errorf("%s: %v names no such field", field, err)
		}
	}
}

func TestFamilyName(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "王": "王", "王伟": "王", "欧阳娜娜": "欧阳", "欧阳": "欧阳", "欧文": "欧", "司马光": "司马", "司南": "司", "諸葛亮": "諸葛",
		"𠮷田": "𠮷", "阿卜杜拉": "阿",
	} {
		if got := FamilyName(name); got != want {
			t.Errorf("the family name of %q is %q, want %q", name, got, want)
		}
	}
}
