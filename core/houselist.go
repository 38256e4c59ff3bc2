package core

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// MaxHouseLines bounds the lines that MatchHouses reads, those included that separators
// make of one.
const MaxHouseLines = 1000

// houseList matches lines against the houses of a community.
type houseList struct {
	community string
	houses    []House
	byLabel   map[string]int
	keys      [][]string
	byLast    map[string][]int // houses by the last part of their key
	words     map[rune]bool    // that labels have beside the common ones
}

func newHouseList(community string, houses []House) *houseList {
	l := &houseList{
		community: Clean(community), houses: houses, byLabel: make(map[string]int, len(houses)),
		keys: make([][]string, len(houses)), byLast: make(map[string][]int, len(houses)), words: map[rune]bool{},
	}
	for i, house := range houses {
		key, words := houseKey(house.Label)
		l.byLabel[house.Label], l.keys[i] = i, key
		if len(key) > 0 {
			last := key[len(key)-1]
			l.byLast[last] = append(l.byLast[last], i)
		}
		for _, r := range words {
			l.words[r] = true
		}
	}
	return l
}

// notHouses are what a spreadsheet makes of a house number that it takes for something
// else, and what a file has in place of what was lost. None of it may match by its figures.
var notHouses = []struct {
	written *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?( \d{1,2}:\d\d(:\d\d)?)?$`), whyDate},
	{regexp.MustCompile(`^(\d{4}年)?\d{1,2}月(\d{1,2}日)?$|^\d{1,2}:\d\d(:\d\d)?$`), whyDate},
	{regexp.MustCompile(`(?i)^(\d{1,2}-)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-\d{1,4})?$`), whyDate},
	{regexp.MustCompile(`^-?\d(\.\d+)?[Ee]\+\d+$`), "电子表格把号码变成了科学计数，请把这一列改成文本"},
	{regexp.MustCompile(`^#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)$`), "这一格的公式出错，请改成房号"},
	{regexp.MustCompile(`^=`), "“=”开头的不是房号；如果是表格里的公式，请用 Excel 或 WPS 打开并保存后再上传"},
	{regexp.MustCompile(`〓`), "有无法识别的字，请改正"},
}

const whyDate = "电子表格把房号变成了日期，请把这一列改成文本"

// notHouse returns why a text cannot be a house number; "" if it can.
func notHouse(text string) string {
	for _, not := range notHouses {
		if not.written.MatchString(text) {
			return not.why
		}
	}
	return ""
}

var (
	ordinal   = regexp.MustCompile(`^[(（]?(\d{1,3})(、|[.．] |[)）])\s*`)
	bracketed = regexp.MustCompile(`（[^（）]*）|\([^()]*\)|【[^【】]*】|\[[^\[\]]*\]`)
	longDigit = regexp.MustCompile(`^\+?[0-9*]{7,}[Xx]?$`) // a phone or identity number, whole or masked
)

const (
	partsApart  = "，,、；;"
	houseMarks  = "栋幢座楼"
	addressMade = houseMarks + "区期苑园庭院号单元层室户" // a remark has none of them
)

// match reads the nth line of a list, from 1: a house in most, several where separators
// part them.
func (l *houseList) match(line string, nth int) []HouseMatch {
	if i, ok := l.byLabel[line]; ok {
		return []HouseMatch{{Line: line, Houses: l.houses[i : i+1]}}
	}
	if why := notHouse(line); why != "" {
		return []HouseMatch{{Line: line, Why: why}}
	}
	text := withoutOrdinal(line, nth)
	if found := l.said(text); len(found) > 0 {
		return []HouseMatch{{Line: line, Houses: found}}
	}
	parts := apart(text)
	if len(parts) < 2 {
		return []HouseMatch{{Line: line}}
	}
	if strings.ContainsAny(lastRune(parts[0]), houseMarks) && !strings.ContainsAny(lastRune(parts[1]), houseMarks) {
		if found := l.said(houseLine(parts, nil)); len(found) > 0 { // 3栋,1单元,501
			return []HouseMatch{{Line: line, Houses: found}}
		}
	}
	return l.several(line, parts)
}

// apart returns the parts of a line that separators part.
func apart(line string) []string {
	var parts []string
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(partsApart, r) }) {
		if part = Clean(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// several reads the parts of a line, each of them a house but for remarks. A mere number
// goes on with what the one before began: 3-1-501、502.
func (l *houseList) several(line string, parts []string) []HouseMatch {
	var matches []HouseMatch
	before := ""
	for _, part := range parts[:min(len(parts), MaxHouseLines)] {
		if l.remark(part) {
			continue
		}
		text := part
		if strings.Trim(part, "0123456789") == "" {
			text = strings.TrimRight(strings.TrimRight(before, "室号房户"), "0123456789") + part
		}
		before = text
		match := HouseMatch{Line: part, Houses: l.said(text)}
		if why := notHouse(part); why != "" && !l.labelled(part) {
			match.Houses, match.Why = nil, why
		}
		matches = append(matches, match)
	}
	if len(matches) == 0 {
		return []HouseMatch{{Line: line}}
	}
	return matches
}

func (l *houseList) labelled(text string) bool {
	_, is := l.byLabel[text]
	return is
}

// said returns the houses of a text that may have remarks about the house: the community
// before it, brackets, a name or a phone beside it.
func (l *houseList) said(text string) []House {
	if found := l.find(text); len(found) > 0 {
		return found
	}
	if rest, is := strings.CutPrefix(text, l.community); is && l.community != "" {
		text = strings.TrimLeft(strings.TrimPrefix(rest, "小区"), " -—·:：")
	}
	text = Clean(bracketed.ReplaceAllStringFunc(text, func(in string) string {
		if l.remark(in) {
			return " "
		}
		return in
	}))
	words := slices.DeleteFunc(strings.Fields(text), l.remark)
	return l.find(strings.Join(words, " "))
}

// remark reports a word that says nothing of a house: it has no figures but those of a
// phone, and no word that an address or a label of the community has.
func (l *houseList) remark(word string) bool {
	if longDigit.MatchString(word) {
		return len(l.find(word)) == 0
	}
	inside := bracketed.MatchString(word) // "（2人）" counts people
	return !strings.ContainsFunc(inFigures(word), func(r rune) bool {
		return !inside && unicode.IsDigit(r) || strings.ContainsRune(addressMade, r) || l.words[r]
	})
}

// find returns the houses that a text says: the one whose label it is, else those with its
// figures, else those whose label ends in them; at most HouseMatchShown.
func (l *houseList) find(text string) []House {
	if i, ok := l.byLabel[text]; ok {
		return l.houses[i : i+1]
	}
	t := ReadHouse(text)
	if len(t.key) == 0 {
		return nil
	}
	var whole, ends []House
	for _, i := range l.byLast[t.key[len(t.key)-1]] {
		switch t.fit(l.houses[i].Label, l.keys[i]) {
		case HouseWhole:
			whole = append(whole, l.houses[i])
		case HouseEnd:
			ends = append(ends, l.houses[i])
		}
	}
	if len(whole) == 0 {
		whole = ends
	}
	return whole[:min(len(whole), HouseMatchShown)]
}

// withoutOrdinal takes the number off that the nth line of a list begins with: 1、3-1-501.
// A mere number behind it may be a second house (501、502): then it has to be that of the
// line.
func withoutOrdinal(line string, nth int) string {
	m := ordinal.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	rest := line[len(m[0]):]
	if parts := apart(rest); m[1] != strconv.Itoa(nth) && (len(parts) == 0 || strings.Trim(parts[0], "0123456789") == "") {
		return line
	}
	return rest
}

// ListLines returns the lines of a pasted list that are not empty. What was copied out of a spreadsheet is a
// table, its cells parted by tabs.
func ListLines(list string) []string {
	var lines []string
	if strings.Contains(list, "\t") {
		var rows [][]string
		for line := range strings.Lines(list) {
			rows = append(rows, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
		}
		return HouseLines(rows)
	}
	for line := range strings.Lines(list) {
		if line = Clean(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// titleRow finds the row of column titles: of the first ten, that with most of them. The
// rows above are the name of the list; -1 = there is none.
func titleRow(rows [][]string) int {
	at, columns := -1, 0
	for i, row := range rows[:min(len(rows), 10)] {
		if n := len(houseColumns(row)); n > columns {
			at, columns = i, n
		}
	}
	return at
}

// title is a column's title without what people put around it: spaces, line breaks,
// stars, and brackets with what is in them.
func title(cell string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" *＊:：", r) {
			return -1
		}
		return r
	}, bracketed.ReplaceAllString(Clean(cell), ""))
}

// numbered reports rows whose first cells count them, 1, 2, 3, with something behind.
func numbered(rows [][]string) bool {
	n := 0
	for _, row := range rows {
		if len(row) == 0 || strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		if n++; Clean(row[0]) != strconv.Itoa(n) || len(row) < 2 || !strings.ContainsFunc(inFigures(Clean(row[1])), unicode.IsDigit) {
			return false
		}
	}
	return n > 0
}
