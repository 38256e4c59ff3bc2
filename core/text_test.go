package core

import (
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

func TestStripMarks(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"direction embedding", "\u202d13910001113\u202c", "13910001113"},
		{"isolates", "\u2068王秀兰\u2069", "王秀兰"},
		{"byte-order mark first", "\ufeff3-1-501", "3-1-501"},
		{"zero-width space within", "139\u200b1000", "1391000"},
		{"variation selector behind a digit", "139\ufe0d1000", "1391000"},
		{"variation selector behind a letter", "a\ufe0fb", "ab"},
		{"Hangul filler", "\u3164", ""},
		{"half-width Hangul filler", "\uffa0王", "王"},
		{"tag characters", "王\U000e0041\U000e007f", "王"},
		{"braille blank", "\u2800", ""},
		{"grapheme joiner", "王\u034f伟", "王伟"},
		{"soft hyphen", "王\u00ad伟", "王伟"},
		{"joiner between letters", "王\u200d伟", "王伟"},
		{"ideographic variation", "葛\U000e0101飾", "葛\U000e0101飾"},
		{"standardized Han variation", "侮\ufe00", "侮\ufe00"},
		{"family emoji", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"},
		{"red heart", "\u2764\ufe0f", "\u2764\ufe0f"},
		{"heart on fire", "\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"},
		{"keycap", "1\ufe0f\u20e3", "1\ufe0f\u20e3"},
		{"plain", "翠湖花园 3栋", "翠湖花园 3栋"},
		{"line ends", "a\nb\tc", "a\nb\tc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := StripMarks(c.in); got != c.want {
				t.Errorf("StripMarks(%+q) = %+q, want %+q", c.in, got, c.want)
			}
		})
	}
}

// Stripping is idempotent, and never makes a text longer or invalid.
func TestStripMarksIsIdempotent(t *testing.T) {
	marks := []rune{0x200b, 0x200d, 0x202d, 0xfeff, 0xfe0f, 0xe0101, 0x3164, '1', '王', 0x1f468, 0x2764, 0x20e3, ' '}
	law := func(picks []uint8) bool {
		var b strings.Builder
		for _, p := range picks {
			b.WriteRune(marks[int(p)%len(marks)])
		}
		once := StripMarks(b.String())
		return StripMarks(once) == once && len(once) <= b.Len() && utf8.ValidString(once)
	}
	if err := quick.Check(law, nil); err != nil {
		t.Error(err)
	}
}

func TestFoldName(t *testing.T) {
	want := FoldName("阿卜杜拉·买买提")
	for _, same := range []string{"阿卜杜拉•买买提", "阿卜杜拉．买买提", "阿卜杜拉・买买提", "阿卜杜拉 · 买买提", "阿卜杜拉‧买买提", "阿卜杜拉買買提"} {
		if got := FoldName(same); (got == want) != !strings.Contains(same, "買") {
			t.Errorf("FoldName(%q) = %q, want %q", same, got, want)
		}
	}
	if FoldName("王 伟") != FoldName("王　伟") || FoldName("王 伟") != FoldName("王伟") {
		t.Error("spaces within a name make a difference")
	}
	if FoldName("Li Wei") != FoldName("ＬＩ　ｗｅｉ") {
		t.Error("case or width of letters makes a difference")
	}
}

// A name must show something; rare, historic and private-use characters do.
func TestNamesThatShowNothing(t *testing.T) {
	for name, right := range map[string]bool{
		"王伟": true, "\U00020bb7田": true, "\ue000": true, "㛃": true, "101": true, "A座": true, "①": true,
		"\u3164": false, "\u2800": false, "\U000e0041": false, "···": false, "—": false, "  ": false, "\u0301": false, "！": false,
	} {
		_, err := Resident{Name: name, Identity: Owner, Phone: "13800138000"}.Normalized()
		if (err == nil) != right {
			t.Errorf("a resident called %+q: %v", name, err)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"\u202d139\u202c", "１３９", "\xff", "a\u200d\u2764\ufe0fb", "\u3164"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Clean(s)
		if !utf8.ValidString(once) {
			t.Errorf("Clean(%+q) = %+q is not valid UTF-8", s, once)
		}
		if again := Clean(once); again != once {
			t.Errorf("Clean(%+q) = %+q, cleaned again %+q", s, once, again)
		}
	})
}

// A name of signs alone is told from none.
func TestWrongName(t *testing.T) {
	for name, want := range map[string]string{
		"": "请填写姓名，最多 40 个字", "😀": "姓名只有符号，没有文字或数字", strings.Repeat("长", 41): "请填写姓名，最多 40 个字", "陈芳": "", "\ue001": "",
	} {
		if got := wrongName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
