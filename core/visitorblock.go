package core

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// BlockKind is by what a visitor is on a blacklist.
type BlockKind string

// The kinds.
const (
	BlockPhone BlockKind = "phone"
	BlockID    BlockKind = "id"
	BlockPlate BlockKind = "plate"
)

// Label returns the kind in Chinese.
func (k BlockKind) Label() string {
	switch k {
	case BlockPhone:
		return "手机"
	case BlockID:
		return "证件号"
	case BlockPlate:
		return "车牌"
	}
	return string(k)
}

// VisitorBlock is an entry of a community's blacklist of visitors 访客黑名单. Value is masked where it is shown.
type VisitorBlock struct {
	ID        ID
	Community ID
	Kind      BlockKind
	Value     string
	Reason    string // for office and guards; the visitor is not told
	LastDay   Day    // in effect; 0 = until removed
	By        string // who added it
}

// Bounds of a blacklist.
const (
	MaxBlocksAtOnce = 500
	MaxBlockReason  = 60
)

// barred is the cause of a Barred error.
type barred struct{ reason string }

func (b barred) Error() string { return "is on the blacklist" }

// Barred returns to the office, who may know why, that a visitor is on the blacklist: an error of the code conflict.
func Barred(reason string) error {
	return &Error{Code: CodeConflict, Message: "访客在黑名单上，不能登记。原因：" + reason, Err: barred{reason}}
}

// WhyBarred returns the reason of a Barred error; "" = it is another.
func WhyBarred(err error) string {
	var b barred
	errors.As(err, &b)
	return b.reason
}

// Ended reports whether the entry has no effect any more.
func (b VisitorBlock) Ended(today Day) bool { return b.LastDay != 0 && b.LastDay < today }

// Masked returns the entry as pages show it.
func (b VisitorBlock) Masked() VisitorBlock {
	switch b.Kind {
	case BlockPhone:
		b.Value = MaskPhone(b.Value)
	case BlockID:
		b.Value = MaskIDNumber(b.Value)
	case BlockPlate:
		b.Value = MaskPlate(b.Value)
	}
	return b
}

// ReadBlock tells by its form whether a text is a phone number, an ID number or a plate, and returns it in its stored form. What
// could be a number that was mistyped, or a word, is refused: nobody would be stopped by it.
func ReadBlock(text string) (kind BlockKind, value string, err error) {
	text = Clean(text)
	if value, err := NormalizeMobile(text); err == nil && value != "" {
		return BlockPhone, value, nil
	}
	bare := compact(text)
	// A phone number with a figure too few or too many, or with a letter among the last: O for 0.
	mistyped := allFigures(bare) && len(bare) < 15 || mistypedPhone.MatchString(bare)
	if !strings.ContainsAny(bare, "0123456789") || mistyped {
		return "", text, Invalid("“" + text + "”不是手机号、证件号或车牌号")
	}
	if value, err := NormalizePlate(text); err == nil && blockedPlate.MatchString(value) && !militaryID.MatchString(value) {
		return BlockPlate, value, nil
	}
	if value, err := CheckIDNumber(text); err == nil && len(value) >= minBlockedID {
		return BlockID, value, nil
	}
	return "", text, Invalid("“" + text + "”不是手机号、证件号或车牌号")
}

// minBlockedID is the length of the shortest ID number that a blacklist takes, in characters: what is shorter is a plate.
const minBlockedID = 8

// blockedPlate is a licence plate as it is read in a list: of the mainland, which begins with a Chinese character, of the armed
// police, or of few letters and figures, as of Hong Kong, and as where the province was left out.
var blockedPlate = regexp.MustCompile(`^(\p{Han}[\p{Han}A-Z0-9]{3,9}|WJ\p{Han}?[A-Z0-9]{4,6}|[A-Z0-9]{4,7})$`)

// mistypedPhone begins as a phone number does and goes on with what is no figure, which no ID number of the mainland does.
var mistypedPhone = regexp.MustCompile(`^1[0-9]{8,10}([^0-9]|$)`)

// allFigures reports whether a text has nothing but figures.
func allFigures(text string) bool { return strings.Trim(text, "0123456789") == "" }

// ReadBlocks reads the values of a form, one a line, and what is to be with all of them: an Invalid error by field, values, reason
// and last_day.
func ReadBlocks(lines, reason string, lastDay, today Day) ([]VisitorBlock, error) {
	fields := map[string]string{}
	blocks, wrong := readBlockLines(lines)
	for i := range blocks {
		blocks[i].Reason, blocks[i].LastDay = Clean(reason), lastDay
	}
	switch {
	case len(wrong) > 0:
		fields["values"] = wrongBlocks(wrong)
	case len(blocks) == 0:
		fields["values"] = "请填写手机号、证件号或车牌号，每行一个"
	case len(blocks) > MaxBlocksAtOnce:
		fields["values"] = fmt.Sprintf("一次最多 %d 个", MaxBlocksAtOnce)
	}
	switch n := utf8.RuneCountInString(Clean(reason)); {
	case n == 0:
		fields["reason"] = "请填写原因，门岗会看到，访客看不到"
	case n > MaxBlockReason:
		fields["reason"] = fmt.Sprintf("最多 %d 个字", MaxBlockReason)
	}
	if lastDay != 0 && lastDay < today {
		fields["last_day"] = "截止日期已过"
	}
	return blocks, InvalidFields(fields)
}

// readBlockLines reads values, one a line, or several with commas: each once, and those that are none with their lines.
func readBlockLines(text string) (blocks []VisitorBlock, wrong []string) {
	for n, line := range strings.Split(text, "\n") {
		for _, part := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("\r,，、;；", r) }) {
			if Clean(part) == "" {
				continue
			}
			kind, value, err := ReadBlock(part)
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("第 %d 行“%s”", n+1, value))
				continue
			}
			if !slices.ContainsFunc(blocks, func(b VisitorBlock) bool { return b.Kind == kind && b.Value == value }) {
				blocks = append(blocks, VisitorBlock{Kind: kind, Value: value})
			}
		}
	}
	return blocks, wrong
}

// wrongBlocksNamed bounds how many values of no kind are named at once.
const wrongBlocksNamed = 20

// wrongBlocks is what is said of values that are of no kind.
func wrongBlocks(wrong []string) string {
	named, rest := wrong[:min(len(wrong), wrongBlocksNamed)], ""
	if len(wrong) > len(named) {
		rest = "等 " + Grouped(len(wrong)) + " 个"
	}
	return strings.Join(named, "、") + rest + "不是手机号、证件号或车牌号"
}

// visitorBlockFields label what the audit log records of an entry.
var visitorBlockFields = []AuditField{
	{Key: "kind", Label: "类型", Value: labelOf(BlockKind.Label)},
	{Key: "value", Label: "号码"},
	{Key: "reason", Label: "原因"},
	{Key: "until", Label: "截止日期"},
	{Key: "added", Label: "加入"},
	{Key: "changed", Label: "修改"},
	batchField,
}

// BlockChange is what adding to a blacklist does.
type BlockChange struct {
	Blocks []VisitorBlock // what is added, masked
	Known  []VisitorBlock // of them, what is on the list already: as it is, masked
	Passes int            // passes in force that let nobody in any more
}

// CountByKind returns how many entries there are of each kind in words: 3 个手机、1 个车牌.
func CountByKind(blocks []VisitorBlock) string {
	var words []string
	for _, kind := range []BlockKind{BlockPhone, BlockID, BlockPlate} {
		n := 0
		for _, b := range blocks {
			if b.Kind == kind {
				n++
			}
		}
		if n > 0 {
			words = append(words, Grouped(n)+" 个"+kind.Label())
		}
	}
	return strings.Join(words, "、")
}

// UntilText returns in words until when the entry is in effect.
func (b VisitorBlock) UntilText() string {
	if b.LastDay == 0 {
		return "长期"
	}
	return "到 " + b.LastDay.String()
}
