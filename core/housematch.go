package core

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HouseMatch is a line of a pasted list with the houses that it may mean: one is a match, none is
// unknown, several are for a person to choose from.
type HouseMatch struct {
	Line   string
	Houses []House
	Why    string // there is none, in words; "" = nothing more is known
}

// HouseMatchShown bounds the candidates of an ambiguous line.
const HouseMatchShown = 20

// MatchHouses reads a pasted list, a house a line, against the houses of a
// community of that name. A line means the house whose label it is; else those with the
// same figures in the same order ("3-2-501" is 3栋2单元501); else those whose label ends
// in its figures ("501"). Chinese numerals are figures too (三栋). A word of the line that
// is no common one of addresses must be in the label too. What a file may hold may be
// pasted: a table with tabs, numbered lines, several houses in one, a name, a phone or a
// remark in brackets beside the house, the community before it. What a spreadsheet made of
// a house number (a date, 1E+10) means no house. Empty lines are left out; beyond
// MaxHouseLines lines no more are read.
func MatchHouses(list, community string, houses []House) []HouseMatch {
	l := newHouseList(community, houses)
	var matches []HouseMatch
	for i, line := range ListLines(list) {
		if len(matches) >= MaxHouseLines {
			break
		}
		matches = append(matches, l.match(line, i+1)...)
	}
	return matches
}

// headings are the usual titles of the columns of a list of houses, in the order in which an
// address is written: 楼栋, 单元, 房号. The last row has titles of columns that hold the whole address.
var headings = [...][]string{
	{"区", "分区", "期", "组团"},
	{"楼栋", "楼栋号", "栋", "栋号", "幢", "幢号", "座", "楼号", "楼", "楼宇"},
	{"单元", "单元号"},
	{"房号", "房间号", "室", "室号", "户号", "门牌", "门牌号", "门牌号码", "业主房号"},
	{"房屋", "房屋地址", "房屋名称", "完整房号", "地址", "住址", "房间"},
}

// HouseLines reads the rows of a table of houses as lines for MatchHouses. With column
// titles in one of the first ten rows, the column of houses counts, or those of 楼栋, 单元
// and 房号 joined; without, the first column that does not number the rows, and after a
// mere building ("3栋") the two beside it. Rows without a house are left out.
func HouseLines(rows [][]string) []string {
	var columns []int
	if at := titleRow(rows); at >= 0 {
		columns, rows = houseColumns(rows[at]), rows[at+1:]
	}
	skip := 0
	if columns == nil && numbered(rows) {
		skip = 1
	}
	var lines []string
	for _, row := range rows {
		if line := houseLine(row[min(skip, len(row)):], columns); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// houseColumns finds the columns of a house by their titles; nil = there are none.
func houseColumns(titles []string) []int {
	var columns []int
	for part, names := range headings {
		i := slices.IndexFunc(titles, func(cell string) bool { return slices.Contains(names, title(cell)) })
		switch {
		case i < 0:
		case part == len(headings)-1:
			return []int{i}
		default:
			columns = append(columns, i)
		}
	}
	return columns
}

// houseLine joins the cells of a house; a cell that cannot be part of one is returned alone.
func houseLine(row []string, columns []int) string {
	cell := func(i int) string {
		if i >= len(row) {
			return ""
		}
		return Clean(row[i])
	}
	if columns == nil {
		columns = []int{0}
		if first := cell(0); first != "" && strings.ContainsAny(lastRune(first), "栋幢座楼") {
			columns = []int{0, 1, 2}
		}
	}
	line := ""
	for _, i := range columns {
		part := cell(i)
		if notHouse(part) != "" {
			return part // alone, so that it is judged: joined, it would only not be found
		}
		if line != "" && part != "" && lastRune(line) <= "~" {
			line += "-" // 3 and 501, but 3栋 and 501
		}
		line += part
	}
	return line
}

// lastRune returns the last character of a non-empty text.
func lastRune(text string) string {
	_, size := utf8.DecodeLastRuneInString(text)
	return text[len(text)-size:]
}

// HouseText is a house as somebody wrote it: 3栋2单元501, 3-2-501, 501室.
type HouseText struct {
	text  string
	key   []string
	words string
}

// ReadHouse parses a text.
func ReadHouse(text string) HouseText {
	text = Clean(text)
	key, words := houseKey(text)
	return HouseText{text: text, key: key, words: words}
}

// minPlace is the fewest characters of a community's name that name it in an address.
const minPlace = 2

// AfterCommunity returns what follows a community's name in an address: 1-1-101 of 翠湖花园1-1-101, and of 翠湖 1-1-101,
// which has the beginning, or another part, of the name. ok is false if the address does not begin so, or ends with it.
func AfterCommunity(address, community string) (rest string, ok bool) {
	address, community = Clean(address), Clean(community)
	if rest, ok = strings.CutPrefix(address, community); !ok || community == "" {
		runes := []rune(address)
		if len(runes) == 0 || !unicode.Is(unicode.Han, runes[0]) {
			return "", false // 100-1 is a house, whatever the community is called
		}
		n := 0
		for n < len(runes) && strings.Contains(community, string(runes[:n+1])) {
			n++
		}
		if n < minPlace {
			return "", false
		}
		rest = strings.TrimPrefix(string(runes[n:]), "小区")
	}
	rest = strings.TrimLeft(rest, " -—－·,，、/")
	return rest, rest != ""
}

// HouseFit is how well a text matches a label: higher is better.
type HouseFit int

// The fits of a text.
const (
	HouseOther HouseFit = iota // another house
	HouseEnd                   // the label ends with the text
	HouseWhole                 // the text matches the whole label
	HouseExact                 // it is the label
)

// Fit returns how well the text matches a label, by the rules of MatchHouses.
func (t HouseText) Fit(label string) HouseFit {
	if t.text == label || inFigures(t.text) == inFigures(label) {
		return HouseExact
	}
	of, _ := houseKey(label)
	return t.fit(label, of)
}

// fit is Fit for a label whose key is known, and which does not equal the text.
func (t HouseText) fit(label string, of []string) HouseFit {
	switch {
	case len(t.key) == 0 || len(of) < len(t.key) || !slices.Equal(of[len(of)-len(t.key):], t.key) || !containsAll(label, t.words):
		return HouseOther
	case len(of) == len(t.key):
		return HouseWhole
	}
	return HouseEnd
}

// Figures returns the numbers of the text in order, without leading zeroes, if the text may name a
// house in other words than its label: the label contains them in that order and ends with the
// last. It is nil for a single number, and for text that names only a building or a unit: a search
// for parts of labels covers those.
func (t HouseText) Figures() []string {
	if t.text == "" || strings.Trim(t.text, "0123456789") == "" || strings.ContainsAny(lastRune(t.text), "栋幢座楼元区期") {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.key), func(part string) bool { return strings.Trim(part, "0123456789") != "" })
}

// Written returns the numbers of the text as written if Chinese numerals are among them, because a
// label may be written that way; nil otherwise.
func (t HouseText) Written() []string {
	if inFigures(t.text) == t.text {
		return nil
	}
	return strings.FieldsFunc(t.text, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune(numerals, r) })
}

// MeantHouses returns the houses that a text means, at most HouseMatchShown. If it matches whole
// labels, those that only end with it are dropped.
func MeantHouses(text string, houses []House) []House {
	t, best := ReadHouse(text), HouseEnd
	var meant []House
	for _, house := range houses {
		fit := t.Fit(house.Label)
		if fit > best {
			best, meant = fit, nil
		}
		if fit == best {
			meant = append(meant, house)
		}
	}
	return meant[:min(len(meant), HouseMatchShown)]
}

// houseKey takes a label apart: its figures and Latin letters, and the runes that
// are not among the common ones of addresses.
func houseKey(label string) (key []string, words string) {
	label = inFigures(label)
	key = strings.FieldsFunc(strings.ToUpper(label), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for i, part := range key {
		if trimmed := strings.TrimLeft(part, "0"); trimmed != "" {
			key[i] = trimmed // 03栋 is 3栋
		}
	}
	words = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Han, r) && !strings.ContainsRune("栋幢座号楼单元门层室房户", r) {
			return r
		}
		return -1
	}, label)
	return key, words
}

func containsAll(text, runes string) bool {
	for _, r := range runes {
		if !strings.ContainsRune(text, r) {
			return false
		}
	}
	return true
}
