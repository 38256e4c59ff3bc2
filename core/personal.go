package core

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// CheckIDNumber returns the number of an identity document in its stored form: capitals, no spaces.
// A resident identity number (18 characters) must satisfy GB 11643: region, date of birth, check
// character. Passports and permits are 5 to 20 letters and digits; the cards of officers and
// soldiers read 军字第12345678号.
func CheckIDNumber(s string) (string, error) {
	n := strings.ToUpper(compact(s))
	if militaryID.MatchString(n) {
		return n, nil
	}
	for _, r := range n {
		if !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z') {
			return "", Invalid("证件号只能由字母和数字组成")
		}
	}
	switch {
	case n == "":
		return "", Invalid("请填写证件号")
	case len(n) == 18 && allDigits(n[:17]):
		return n, checkResidentID(n)
	case len(n) < 5 || len(n) > 20:
		return "", Invalid("证件号应为 5 至 20 位字母或数字")
	case len(n) > 10 && len(n) != 15 && allDigits(n):
		// With eleven digits or more, only identity numbers (18 digits, formerly 15) are all
		// digits: a digit is missing or extra, or it is a phone number.
		return "", Invalid("身份证号应为 18 位")
	}
	return n, nil
}

// militaryID is the number of an officer's, soldier's or civil cadre's card.
var militaryID = regexp.MustCompile(`^\p{Han}{1,2}字第[0-9]{4,10}号$`)

// idWeights are the weights of the first 17 digits, GB 11643-1999 section 4.3.
var idWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

func checkResidentID(n string) error {
	sum := 0
	for i, w := range idWeights {
		sum += int(n[i]-'0') * w
	}
	born, err := time.Parse("20060102", n[6:14])
	if n[17] != "10X98765432"[sum%11] || n[0] == '0' || err != nil || born.Year() < 1900 {
		return Invalid("身份证号有误，请核对")
	}
	return nil
}

// MaskIDNumber returns 4403**********0001; shorter numbers keep their first and last two
// characters.
func MaskIDNumber(s string) string {
	if s == Unreadable {
		return s
	}
	if head, number, ok := strings.Cut(strings.TrimSuffix(s, "号"), "字第"); ok {
		return head + "字第" + maskMiddle(number, 1, 2) + "号"
	}
	if len(s) >= 15 {
		return maskMiddle(s, 4, 4)
	}
	return maskMiddle(s, 1, 2)
}

// MaskName keeps the first character: 张*, 欧***.
func MaskName(s string) string {
	runes := []rune(s)
	if len(runes) < 2 {
		return strings.Repeat("*", len(runes))
	}
	return string(runes[0]) + strings.Repeat("*", min(len(runes)-1, 3))
}

// FamilyName returns the family name with which a name begins: its first character, or two if they
// are a compound family name 复姓.
func FamilyName(name string) string {
	runes := []rune(name)
	if len(runes) > 1 && slices.Contains(compoundNames, string(runes[:2])) {
		return string(runes[:2])
	}
	return string(runes[:min(len(runes), 1)])
}

// compoundNames are the family names of two characters that are in use.
var compoundNames = strings.Fields(`
	欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 南宫 南宮 万俟 闻人 夏侯 诸葛 諸葛 尉迟 公羊 赫连 澹台 皇甫
	宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 亓官 司寇 巫马 公西 颛孙 壤驷 公良
	漆雕 乐正 宰父 谷梁 穀梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 南荣 东里
	即墨 达奚 完颜 纳兰 淳于 单于 贺兰 鍾離`)

// MaskDigits returns a text of which nobody knows what it is with the middle of longer numbers hidden.
func MaskDigits(text string) string {
	return manyDigits.ReplaceAllStringFunc(text, func(digits string) string { return maskMiddle(digits, 3, 2) })
}

var manyDigits = regexp.MustCompile(`[0-9]{7,}[0-9Xx]?`)

// maskMiddle keeps up to head bytes at the start and tail at the end, but hides at least half of s.
func maskMiddle(s string, head, tail int) string {
	tail = min(tail, len(s)/2)
	head = min(head, max(0, (len(s)+1)/2-tail))
	return s[:head] + strings.Repeat("*", len(s)-head-tail) + s[len(s)-tail:]
}

// sortWidth is the width that a number in a label is padded to.
const sortWidth = 8

// SortKey pads the numbers within a label, so that 2栋 sorts before 10栋, 三栋 before 十栋 and 甲 before
// 乙. At most most runes are kept.
func SortKey(label string, maxLen int) string {
	var b strings.Builder
	rest := stems.Replace(inFigures(Clean(label)))
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			digits := strings.TrimLeft(rest[:end], "0")
			b.WriteString(strings.Repeat("0", max(0, sortWidth-len(digits))))
			b.WriteString(digits)
		}
		rest = rest[end:]
		next := strings.IndexFunc(rest, func(r rune) bool { return '0' <= r && r <= '9' })
		if next < 0 {
			next = len(rest)
		}
		b.WriteString(rest[:next])
		rest = rest[next:]
	}
	runes := []rune(b.String())
	return string(runes[:min(len(runes), maxLen)])
}

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
