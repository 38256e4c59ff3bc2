package core

import (
	"strconv"
	"strings"
)

const (
	numerals = "〇零一二三四五六七八九两十百" // 12 is 十二 or 一二
	counted  = "栋幢座号楼单门层室房户期区"  // what numerals count in a house's label
)

// inFigures replaces the Chinese numerals of a house's label by figures where they precede a
// counter or follow one: 十二栋一单元 is 12栋1单元, 1栋二 is 1栋2. Numerals within names (三元里, 张三) stay.
func inFigures(label string) string {
	if !strings.ContainsAny(label, numerals) {
		return label
	}
	var b strings.Builder
	runes := []rune(label)
	for i := 0; i < len(runes); i++ {
		end := i
		for end < len(runes) && strings.ContainsRune(numerals, runes[end]) {
			end++
		}
		switch {
		case end == i:
			b.WriteRune(runes[i])
			continue
		case end-i <= 5 && (end < len(runes) && strings.ContainsRune(counted, runes[end]) ||
			end == len(runes) && i > 0 && strings.ContainsRune(counted+"元", runes[i-1])):
			b.WriteString(strconv.Itoa(numeralOf(runes[i:end])))
		default:
			b.WriteString(string(runes[i:end]))
		}
		i = end - 1
	}
	return b.String()
}

// numeralOf parses a numeral below 1,000, or one that lists its digits: 三〇二.
func numeralOf(runes []rune) int {
	digits := map[rune]int{'一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	if !strings.ContainsAny(string(runes), "十百") {
		n := 0
		for _, r := range runes {
			n = 10*n + digits[r]
		}
		return n
	}
	sum, digit := 0, 0
	for i, r := range runes {
		switch r {
		case '百':
			sum, digit = sum+100*max(digit, 1), 0
		case '十':
			if digit == 0 && (i == 0 || runes[i-1] == '百' || runes[i-1] == '零') {
				digit = 1
			}
			sum, digit = sum+10*digit, 0
		default:
			digit = digits[r]
		}
	}
	return sum + digit
}

// stems are 甲 to 癸 in their order, which is not their order in Unicode.
var stems = strings.NewReplacer("甲", "①", "乙", "②", "丙", "③", "丁", "④", "戊", "⑤", "己", "⑥", "庚", "⑦", "辛", "⑧", "壬", "⑨", "癸", "⑩")
