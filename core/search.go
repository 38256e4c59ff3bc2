package core

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSearch bounds what is read of a text typed into the search box, in characters.
const MaxSearch = 64

// SearchHits is how many things a kind of answer to a search shows.
const SearchHits = 5

// SearchText is what was typed into the search box, read. A field that is zero is not asked for; one
// text may ask for several: 1234 is the end of a phone number and a house.
type SearchText struct {
	Text     string   // as typed, cleaned
	Name     NameText // of a person
	Phone    string   // whole
	IDNumber string   // whole
	Tail     string   // the last four to six characters of a phone or ID number
	Figures  string   // how LabelFigures begins: 501-2-3-
	Building string   // where LabelFigures ends, if the unit is left out: 3 of 3栋501
	Words    string   // what LabelWords contains
	Label    string   // how a house's label begins: 3栋
	Serial   string   // a part of a device's number, in upper case
	Plate    string   // of a car, in upper case without a dot
}

// ReadSearch reads what was typed into the search box.
func ReadSearch(text string) SearchText {
	text = Clean(text)
	if runes := []rune(text); len(runes) > MaxSearch {
		text = Clean(string(runes[:MaxSearch]))
	}
	t := SearchText{Text: text, Name: ReadName(text)}
	if text == "" {
		return t
	}
	t.readNumbers()
	if plate := strings.ToUpper(FoldName(text)); plateForm.MatchString(plate) {
		t.Plate = plate
	} else if t.Phone == "" {
		t.readHouse()
	}
	return t
}

// Empty reports whether nothing was typed.
func (t SearchText) Empty() bool { return t.Text == "" }

var (
	tailForm   = regexp.MustCompile(`^[0-9]{4,6}$|^[0-9]{3,5}[Xx]$`)
	serialForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9:_.-]{2,63}$`)
	plateForm  = regexp.MustCompile(`^[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{3,6}$`)
)

func (t *SearchText) readNumbers() {
	plain := compact(t.Text)
	if tailForm.MatchString(t.Text) {
		t.Tail = strings.ToUpper(t.Text)
	}
	phone, err := NormalizePhone(plain)
	if err == nil {
		t.Phone = phone
	} else if number, err := CheckIDNumber(plain); err == nil && len(number) >= 7 && figuresIn(number) >= 5 {
		t.IDNumber = number
	}
	if serial := strings.ToUpper(t.Text); serialForm.MatchString(serial) && figuresIn(serial) > 0 {
		t.Serial = serial
	}
}

func figuresIn(s string) int {
	return len(s) - len(strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s))
}

// maxDoor bounds the figures of a door number: what is longer is the number of something else.
const maxDoor = 6

func (t *SearchText) readHouse() {
	said := ReadHouse(withoutCounting(t.Text))
	if utf8.RuneCountInString(said.words) > 1 {
		t.Words = said.words
	}
	last := lastRune(t.Text)
	switch {
	case letterBuilding.MatchString(t.Text):
		t.Label = strings.ToUpper(t.Text)
		return
	case len(said.key) == 0 || !strings.ContainsFunc(strings.Join(said.key, ""), unicode.IsDigit):
		return
	case strings.ContainsFunc(strings.Join(said.key, " "), func(r rune) bool { return r > unicode.MaxASCII }):
		return
	}
	for _, part := range said.key {
		if len(part) > maxDoor {
			return
		}
	}
	if strings.ContainsAny(last, "栋幢座楼元区期") {
		t.Label = inFigures(t.Text)
		return
	}
	t.Figures, t.Words = backwards(said.key), said.words
	if len(said.key) == 2 && buildingForm.MatchString(inFigures(t.Text)) {
		t.Figures, t.Building = backwards(said.key[1:]), said.key[0]
	}
}

// buildingForm matches a text whose first number is called a building's.
var buildingForm = regexp.MustCompile(`^[^0-9]*[0-9]+[A-Za-z]?[号#]?[栋幢座楼]|^[^0-9A-Za-z]*[A-Za-z][号#]?[栋幢座楼]`)

// letterBuilding matches a building that is called by letters alone: A座, B号楼.
var letterBuilding = regexp.MustCompile(`^[A-Za-z]{1,2}[号#]?[栋幢座楼]$`)

// buildingNumber matches the number of a building, or its letters, with the word behind it, by whichever of several a building
// is called.
var buildingNumber = regexp.MustCompile(`(^[A-Za-z]{1,2}|[0-9]+[A-Za-z]?)[号#]?[栋幢座楼]`)

// counters are the words that a building's number has behind it: 3栋 is asked for as 3号楼, too.
var counters = []string{"栋", "幢", "座", "楼", "号楼", "#楼"}

// maxLabelRunes bounds what is compared of a label.
const maxLabelRunes = 250

// LabelKeys returns how the SortKeys of labels may begin that begin with Label, by whichever word its building is counted.
// A1栋 and a1栋 are one, and so are 3栋 and 第3栋.
func (t SearchText) LabelKeys() []string {
	var keys []string
	for _, label := range []string{
		t.Label, strings.ToUpper(t.Label), strings.ToLower(t.Label), withoutCounting(t.Label),
	} {
		for _, spelled := range countedAs(label) {
			if key := SortKey(spelled, maxLabelRunes); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// countedAs returns a label with each word by which its building may be counted.
func countedAs(label string) []string {
	at := buildingNumber.FindStringSubmatchIndex(label)
	if at == nil {
		return []string{label}
	}
	spelled := make([]string, len(counters))
	for i, counter := range counters {
		spelled[i] = label[:at[3]] + counter + label[at[1]:]
	}
	return spelled
}

// withoutCounting returns 三栋 of 第三栋.
func withoutCounting(label string) string {
	rest, ok := strings.CutPrefix(label, "第")
	if first, _ := utf8.DecodeRuneInString(rest); ok && (unicode.IsDigit(first) || strings.ContainsRune(numerals, first)) {
		return rest
	}
	return label
}

// FiguresEnd returns how LabelFigures ends: -3-, or "" if the text leaves it open.
func (t SearchText) FiguresEnd() string {
	if t.Building == "" {
		return ""
	}
	return "-" + t.Building + "-"
}

// HouseIn reports whether the text asks for a house of that label.
func (t SearchText) HouseIn(label string) bool {
	words := LabelWords(label)
	switch {
	case t.Figures != "":
		figures := LabelFigures(label)
		return strings.HasPrefix(figures, t.Figures) && strings.HasSuffix(figures, t.FiguresEnd()) && containsAll(label, t.Words)
	case t.Label != "":
		key := SortKey(label, maxLabelRunes)
		return slices.ContainsFunc(t.LabelKeys(), func(begins string) bool { return strings.HasPrefix(key, begins) })
	}
	return t.Words != "" && strings.Contains(words, t.Words)
}
