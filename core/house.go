package core

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HousesAtOnce bounds the houses that one act creates.
const HousesAtOnce = 5000

// HouseGrid describes many houses at once: every building × unit × floor × room.
type HouseGrid struct {
	Above   []string // of each level above the houses, top first: 1-3、5、A-C
	Units   []string // what these levels are called: 栋, 单元; left out where a number is followed by it
	Floors  string   // 1-18
	Rooms   string   // per floor: 1-4
	Pattern string   // of the door number: see DoorNumber; "" = 层室室
}

// DefaultHousePattern yields 501 for floor 5, room 1.
const DefaultHousePattern = "层室室"

// Paths returns the names of every house of the grid, one per level, in order. Bad fields are named
// above0, above1, …, floors, rooms or pattern.
func (g HouseGrid) Paths() ([][]string, error) {
	if g.Pattern = Clean(g.Pattern); g.Pattern == "" {
		g.Pattern = DefaultHousePattern
	}
	fields := map[string]string{}
	read := func(field, text string, units ...string) []string {
		items, err := ParseSeries(withoutUnits(text, units))
		if err != nil {
			fields[field] = MessageOf(err)
		} else if at := slices.IndexFunc(items, func(item string) bool { return !nameText(item, MaxNodeName) }); at >= 0 {
			if fields[field] = "“" + items[at] + "”不能作名称：请用汉字、字母或数字"; utf8.RuneCountInString(items[at]) > MaxNodeName {
				fields[field] = fmt.Sprintf("每个名称最多 %d 个字", MaxNodeName)
			}
		}
		return items
	}
	axes := make([][]string, 0, len(g.Above)+2)
	for i, text := range g.Above {
		axes = append(axes, read("above"+strconv.Itoa(i), text, g.Units[min(i, len(g.Units)):min(i+1, len(g.Units))]...))
	}
	axes = append(axes, read("floors", g.Floors, "层", "楼"), read("rooms", g.Rooms, "室", "号", "户"))
	if !strings.Contains(g.Pattern, "室") || len([]rune(g.Pattern)) > 20 {
		fields["pattern"] = "门牌格式须含“室”，最多 20 个字"
	} else if floors := axes[len(axes)-2]; len(floors) > 1 && !strings.Contains(g.Pattern, "层") {
		fields["pattern"] = fmt.Sprintf("有 %d 层时门牌格式须含“层”，否则各层的房号一样", len(floors))
	}
	total := 1
	for _, axis := range axes {
		if total *= len(axis); total > HousesAtOnce {
			fields["rooms"] = fmt.Sprintf("一次最多生成 %d 套，请分几次", HousesAtOnce)
			break
		}
	}
	if len(fields) > 0 {
		return nil, InvalidFields(fields)
	}
	if twice := g.twice(axes[len(axes)-2], axes[len(axes)-1]); twice != "" {
		return nil, InvalidFields(map[string]string{"pattern": twice})
	}
	return g.paths(axes), nil
}

// twice returns what is wrong with a pattern by which two houses of a unit have one door number, as 层室 has of 1 and 11;
// "" = nothing.
func (g HouseGrid) twice(floors, rooms []string) string {
	of := map[string]string{}
	for _, floor := range floors {
		for _, room := range rooms {
			door, house := DoorNumber(g.Pattern, floor, room), floor+" 层 "+room+" 室"
			if other, taken := of[LevelKey(door)]; taken {
				return "按这个格式，" + other + "和 " + house + "的房号都是 " + door
			}
			of[LevelKey(door)] = house
		}
	}
	return ""
}

func (g HouseGrid) paths(axes [][]string) [][]string {
	paths := [][]string{nil}
	for _, axis := range axes {
		next := make([][]string, 0, len(paths)*len(axis))
		for _, path := range paths {
			for _, item := range axis {
				next = append(next, append(slices.Clone(path), item))
			}
		}
		paths = next
	}
	for i, path := range paths {
		n := len(path)
		paths[i] = append(path[:n-2], DoorNumber(g.Pattern, path[n-2], path[n-1]))
	}
	return paths
}

// DoorNumber formats a door number by a pattern: a run of 层 is the floor and a run of 室 the room,
// zero-padded to the length of the run; everything else is copied. 层室室 is 501, 层层室室 is 0501, 层-室 is
// 5-1.
func DoorNumber(pattern, floor, room string) string {
	var b strings.Builder
	for runes := []rune(pattern); len(runes) > 0; {
		n := 1
		for n < len(runes) && runes[n] == runes[0] {
			n++
		}
		switch runes[0] {
		case '层':
			b.WriteString(zeroes(floor, n))
		case '室':
			b.WriteString(zeroes(room, n))
		default:
			b.WriteString(string(runes[:n]))
		}
		runes = runes[n:]
	}
	return b.String()
}

func zeroes(text string, width int) string {
	if _, err := strconv.Atoi(text); err != nil {
		return text
	}
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// withoutUnits drops the words behind numbers and single letters: 1-6栋, and 1栋-6栋, are 1-6.
func withoutUnits(text string, units []string) string {
	text = Clean(text)
	for _, unit := range units {
		before, after, found := strings.Cut(text, unit)
		var b strings.Builder
		for ; found; before, after, found = strings.Cut(after, unit) {
			b.WriteString(before)
			if last := before[max(0, len(before)-1):]; !isLetter(last) && strings.Trim(last, "0123456789") != "" || last == "" {
				b.WriteString(unit)
			}
		}
		text = b.String() + before
	}
	return text
}

// ParseSeries parses a list of names and of ranges of numbers or single letters: 1-3、5、A-C.
// Duplicate names count once.
func ParseSeries(text string) ([]string, error) {
	var items []string
	split := func(r rune) bool { return strings.ContainsRune(",，、;； \t\r\n", r) }
	for _, part := range strings.FieldsFunc(Clean(text), split) {
		part = rangeMarks.Replace(part)
		if between, ok := hanSeries(part); ok {
			items = append(items, between...)
			continue
		}
		from, to, isRange := cutRange(part)
		if !isRange && basements.MatchString(part) {
			return nil, Invalid("“" + part + "”看不明白：地下楼层请逐个写，例如 -2、-1、1-3")
		}
		if !isRange {
			items = append(items, part)
			continue
		}
		if from > to || to-from >= 1000 {
			return nil, Invalid("范围“" + part + "”应从小到大，最多 1000 个")
		}
		letters := part[0] >= 'A'
		for i := from; i <= to; i++ {
			if letters {
				items = append(items, string(rune(i)))
			} else {
				items = append(items, strconv.Itoa(i))
			}
		}
		if len(items) > HousesAtOnce {
			break
		}
	}
	if len(items) == 0 {
		return nil, Invalid("请填写，例如 1-3、5")
	}
	if len(items) > HousesAtOnce {
		return nil, Invalid("太多了")
	}
	seen := make(map[string]bool, len(items))
	return slices.DeleteFunc(items, func(item string) bool {
		again := seen[item]
		seen[item] = true
		return again
	}), nil
}

// hanRows are the characters that number buildings and units, each row in its order.
var hanRows = []string{"甲乙丙丁戊己庚辛壬癸", "一二三四五六七八九十"}

// hanSeries parses a range of such characters: 甲-丁 is 甲, 乙, 丙 and 丁.
func hanSeries(part string) (items []string, ok bool) {
	from, to, ok := strings.Cut(part, "-")
	if !ok || utf8.RuneCountInString(from) != 1 || utf8.RuneCountInString(to) != 1 {
		return nil, false
	}
	for _, row := range hanRows {
		if a, b := strings.Index(row, from), strings.Index(row, to); a >= 0 && b > a {
			return strings.Split(row[a:b+len(to)], ""), true
		}
	}
	return nil, false
}

// rangeMarks normalises what people write for the dash of a range, and for a minus.
var rangeMarks = strings.NewReplacer("－", "-", "−", "-", "–", "-", "—", "-", "~", "-", "～", "-", "至", "-")

// basements matches a range with an end below ground, such as -2-3 or B2-B1. It is not a name, and
// which floors it means is ambiguous (is there a floor 0?).
var basements = regexp.MustCompile(`^(-|[Bb]|负|地下)\d+-+([Bb]|负|地下)?\d+$`)

// cutRange parses 1-18, or A-C as the letters' codes.
func cutRange(part string) (from, to int, ok bool) {
	left, right, ok := strings.Cut(part, "-")
	if !ok {
		return 0, 0, false
	}
	if isLetter(left) && isLetter(right) {
		if left[0] < 'a' != (right[0] < 'a') { // A-c
			return 1, 0, true
		}
		return int(left[0]), int(right[0]), true
	}
	from, err := strconv.Atoi(left)
	if err == nil {
		to, err = strconv.Atoi(right)
	}
	return from, to, err == nil && from >= 0
}

func isLetter(s string) bool {
	return len(s) == 1 && (s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z')
}

// ArrearsMostFen bounds what a house can owe: ten million yuan.
const ArrearsMostFen = 10_000_000_00

// ParseYuan parses an amount such as 1280.50, or ￥1,280.50 as in spreadsheets, and returns fen; an
// empty text is 0, but a unit alone is an error.
func ParseYuan(text string) (int64, error) {
	text = Clean(FoldFigures(text))
	if text == "" {
		return 0, nil
	}
	text = strings.NewReplacer(",", "", "元", "", "￥", "", "¥", "", " ", "").Replace(text)
	wrong := Invalid("请填写金额，如 1280.50，不超过 1000 万元")
	whole, cents, _ := strings.Cut(text, ".")
	if len(cents) > 2 || len(whole) > 8 || strings.Trim(whole+cents, "0123456789") != "" || whole == "" {
		return 0, wrong
	}
	fen, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil || fen > ArrearsMostFen {
		return 0, wrong
	}
	return fen, nil
}

// Yuan formats fen, which must not be negative, as an amount: 1,280.50.
func Yuan(fen int64) string {
	whole := strconv.FormatInt(fen/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, fen%100)
}

// PlainYuan formats fen as an amount for programs and for fields: 1280.50.
func PlainYuan(fen int64) string { return strings.ReplaceAll(Yuan(fen), ",", "") }

// MaxArrearsRemark bounds what is said of a debt, in characters.
const MaxArrearsRemark = 100

// CheckArrears returns the remark of a debt as it is kept, or an Invalid error. Who owes nothing has none.
func CheckArrears(fen int64, remark string) (string, error) {
	remark = Clean(remark)
	switch {
	case fen < 0 || fen > ArrearsMostFen:
		return "", InvalidFields(map[string]string{"arrears": "请填写金额，如 1280.50，不超过 1000 万元"})
	case utf8.RuneCountInString(remark) > MaxArrearsRemark:
		return "", InvalidFields(map[string]string{"remark": "备注最多 100 个字"})
	case fen == 0:
		return "", nil
	}
	return remark, nil
}

// houseFields label what the audit log records of houses and of their export.
var houseFields = []AuditField{
	{Key: "label", Label: "房屋"},
	{Key: "arrears", Label: "欠费（元）"},
	{Key: "remark", Label: "欠费备注"},
	{Key: "houses", Label: "房屋", List: true},
	{Key: "count", Label: "套数"},
	{Key: "node", Label: "楼栋"},
	{Key: "joined", Label: "合并的房屋"},
	{Key: "owners_review", Label: "业主审核", Value: labelOf(OwnersReviewText)},
	{Key: "in_arrears", Label: "只看欠费"},
	{Key: "owner", Label: "新业主"},
	{Key: "former", Label: "原业主", List: true},
	{Key: "day", Label: "过户日期"},
	{Key: "left", Label: "迁出人数"},
	{Key: "why", Label: "原因"},
	batchField,
	keywordField, allField,
}

// OwnersReviewText returns in Chinese what is said at a place of the tree: allowed, refused, inherited.
func OwnersReviewText(value string) string {
	return map[string]string{"allowed": "允许", "refused": "不允许", "inherited": "随上级"}[value]
}
