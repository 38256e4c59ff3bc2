package core

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadSearch(t *testing.T) {
	type want struct{ phone, id, tail, figures, building, words, label, serial, plate, initials string }
	for text, w := range map[string]want{
		"":                      {},
		"张":                     {},
		"建国":                    {words: "建国"},
		"zjg":                   {initials: "zjg"},
		"ZJG":                   {initials: "zjg"},
		"zhangjianguo":          {},
		"1234":                  {tail: "1234", figures: "1234-", serial: "1234"},
		"１２３４":                  {tail: "1234", figures: "1234-", serial: "1234"},
		"12345":                 {tail: "12345", figures: "12345-", serial: "12345"},
		"031239":                {tail: "031239", figures: "31239-", serial: "031239"},
		"3123x":                 {tail: "3123X", figures: "3123X-", serial: "3123X"},
		"123X":                  {tail: "123X", figures: "123X-", serial: "123X"},
		"501":                   {figures: "501-", serial: "501"},
		"138 1234 5678":         {phone: "13812345678"},
		"+86 138-1234-5678":     {phone: "13812345678"},
		"0755-2688 8888":        {phone: "0755-26888888"},
		"+852 9123 4567":        {phone: "+85291234567"},
		"13812345678":           {phone: "13812345678", serial: "13812345678"},
		"440301199001011239":    {serial: "440301199001011239"},
		"11010519491231002X":    {id: "11010519491231002X", serial: "11010519491231002X"},
		"H12345678":             {id: "H12345678", serial: "H12345678"},
		"3-2-501":               {figures: "501-2-3-", serial: "3-2-501"},
		"3栋501":                 {figures: "501-", building: "3"},
		"三栋501":                 {figures: "501-", building: "3"},
		"三栋":                    {label: "3栋"},
		"3栋":                    {label: "3栋"},
		"三号楼":                   {label: "3号楼"},
		"3号楼1502":               {figures: "1502-", building: "3"},
		"3栋2单元":                 {label: "3栋2单元"},
		"3栋2单元501室":             {figures: "501-2-3-"},
		"东区3-501":               {figures: "501-3-", words: "东区"},
		"东区":                    {words: "东区"},
		"A座":                    {label: "A座"},
		"b号楼":                   {label: "B号楼"},
		"A座1203":                {figures: "1203-", building: "A"},
		"粤B12345":               {plate: "粤B12345"},
		"粤B·D12345":             {plate: "粤BD12345"},
		"VG-20240001":           {id: "VG20240001", serial: "VG-20240001"},
		"   ":                   {},
		"·":                     {},
		strings.Repeat("1", 70): {serial: strings.Repeat("1", 64)},
		strings.Repeat("张", 70): {words: strings.Repeat("张", 64)},
		"张建国 13812345678":       {words: "张建国"},
	} {
		got := ReadSearch(text)
		g := want{
			got.Phone, got.IDNumber, got.Tail, got.Figures, got.Building, got.Words, got.Label, got.Serial, got.Plate,
			got.Name.Initials(),
		}
		if g != w {
			t.Errorf("%q: %+v, want %+v", text, g, w)
		}
	}
}

func TestReadName(t *testing.T) {
	for _, c := range []struct {
		text, name, initials string
		want                 bool
	}{
		{"建国", "张建国", "zjg", true},
		{"张建", "张建国", "zjg", true},
		{"张建国", "张建国", "zjg", true},
		{"张国", "张建国", "zjg", false},
		{"张", "张建国", "zjg", true},
		{"国", "张建国", "zjg", false},
		{"zjg", "张建国", "zjg", true},
		{"ZJG", "张建国", "zjg", true},
		{"jg", "张建国", "zjg", true},
		{"zj", "张建国", "zjg", false},
		{"z", "张建国", "zjg", false},
		{"建国张建", "张建国", "zjg", false},
		{"卜杜拉·买", "阿卜杜拉买买提", "abdlmmt", true},
		{"阿卜杜拉•买买提", "阿卜杜拉·买买提", "abdlmmt", true},
		{"smith", "Tom Smith", "ts", true},
		{"12", "12", "", false},
		{"", "张", "z", false},
		{"·", "张·", "z", false},
	} {
		if got := ReadName(c.text).In(c.name, c.initials); got != c.want {
			t.Errorf("%q in %q: %t", c.text, c.name, got)
		}
	}
}

// A name that contains a text has the text's gram, and one that has the gram of two characters
// contains them: a search by grams needs no other look at short texts, and misses none.
func FuzzNameGrams(f *testing.F) {
	for _, pair := range [][2]string{
		{"张建国", "建国"}, {"欧阳娜娜", "娜娜"}, {"a", "A"}, {"𠮷野", "𠮷"}, {"Tom·Smith", "m s"}, {"\xff\x00", "\x00"}, {"ab", "ab"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		initials := strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				return r
			}
			return -1
		}, strings.ToLower(name))
		grams := NameGrams(name, initials)
		if !slices.IsSorted(grams) || len(slices.Compact(slices.Clone(grams))) != len(grams) {
			t.Fatalf("%q: %v", name, grams)
		}
		said := ReadName(text)
		byName, byInitials := said.Grams()
		found := byName != 0 && slices.Contains(grams, byName) && strings.Contains(FoldName(name), said.Part()) ||
			byInitials != 0 && slices.Contains(grams, byInitials)
		if found != said.In(name, initials) {
			t.Errorf("%q in %q: by grams %t", text, name, found)
		}
	})
}

func FuzzReadSearch(f *testing.F) {
	for _, text := range []string{
		"", "3-2-501", "三栋501", "粤B12345", "13812345678", "zjg", "建国", "1234", "\xff", "东区3栋", "百百栋",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := ReadSearch(text)
		if utf8.RuneCountInString(s.Text) > MaxSearch || s.Empty() != (s.Text == "") || ReadSearch(s.Text) != s {
			t.Fatalf("%q: %+v", text, s)
		}
		if s.Figures != "" && !strings.HasSuffix(s.Figures, "-") || s.Tail != "" && (len(s.Tail) < 4 || len(s.Tail) > 6) {
			t.Errorf("%q: %+v", text, s)
		}
		if s.Figures != "" && s.Label != "" {
			t.Errorf("%q is a house and a building", text)
		}
	})
}

// A house is found by its label and by every end of it that has a number, and not by another's.
func TestSearchFindsHouses(t *testing.T) {
	for _, c := range []struct {
		text, label string
		want        bool
	}{
		{"3-2-501", "3栋2单元501", true}, {"2-501", "3栋2单元501", true}, {"501", "3栋2单元501", true},
		{"3-501", "3栋2单元501", false}, {"3栋501", "3栋2单元501", true}, {"三栋501", "3栋2单元501", true},
		{"3栋501", "13栋2单元501", false}, {"3栋501", "3栋2单元1501", false}, {"东区3栋501", "东区3栋1单元501", true},
		{"A座501", "A座2单元501", true}, {"01", "3栋2单元501", false}, {"三栋二单元501", "3栋2单元501", true},
		{"三号楼1502", "3栋2单元1502", true}, {"3号楼1502", "13栋2单元1502", false}, {"3#楼1502", "3栋1502", true},
		{"三号楼", "3栋2单元501", true}, {"3栋", "3号楼501", true}, {"三号楼", "13栋501", false}, {"3号楼2单元", "3幢2单元501", true},
		{"东区3号楼", "东区3栋501", true}, {"3栋", "东区3栋501", false},
		{"A座", "A栋1单元501", true}, {"a号楼", "A座501", true}, {"A栋", "B栋501", false}, {"A栋", "AB栋501", false},
		{"501", "3栋2单元1501", false}, {"3栋", "3栋2单元501", true}, {"3栋", "13栋2单元501", false},
		{"东区501", "东区3栋501", true}, {"西区501", "东区3栋501", false}, {"东区", "东区3栋501", true},
		{"a1栋", "A1栋501", true}, {"A1栋", "a1栋501", true}, {"a1栋", "A11栋501", false}, {"第三栋2单元501", "3栋2单元501", true},
		{"第三栋", "3号楼501", true}, {"第3栋", "第3栋501", true}, {"第三栋", "13栋501", false}, {"第一医院", "1栋医院", false},
		{"商铺", "东区3栋商铺12", true}, {"3栋2单元", "3栋2单元501", true}, {"三栋", "三栋501", true},
		{"3栋", "三栋501", true}, {"A座1203", "A座1203", true}, {"a座1203", "A座1203", true}, {"建国", "3栋501", false},
	} {
		if got := ReadSearch(c.text).HouseIn(c.label); got != c.want {
			t.Errorf("%q: %s %t", c.text, c.label, got)
		}
	}
}
