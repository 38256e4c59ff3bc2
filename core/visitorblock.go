package core

import (
	"fmt"
	"regexp"
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

// ReadBlock tells by its form whether a text is a phone number, an ID number or a plate, and returns it in its stored form.
func ReadBlock(text string) (kind BlockKind, value string, err error) {
	text = Clean(text)
	if value, err := NormalizeMobile(text); err == nil && value != "" {
		return BlockPhone, value, nil
	}
	if mistyped := allFigures(text) && len(text) < 15; !mistyped { // else a phone number with a figure too few or too many
		if value, err := NormalizePlate(text); err == nil && hanPlate.MatchString(value) {
			return BlockPlate, value, nil
		}
		if value, err := CheckIDNumber(text); err == nil && value != "" {
			return BlockID, value, nil
		}
	}
	return "", text, Invalid("“" + text + "”不是手机号、证件号或车牌号")
}

// hanPlate is a licence plate of the mainland as it is read in a list: it begins with a Chinese character.
var hanPlate = regexp.MustCompile(`^\p{Han}[\p{Han}A-Z0-9]{3,9}$`)

// allFigures reports whether a text has nothing but figures.
func allFigures(text string) bool { return strings.Trim(text, "0123456789") == "" }

// ReadBlocks reads the values of a form, one a line, and what is to be with all of them: an Invalid error by field, values, reason
// and last_day.
func ReadBlocks(lines, reason string, lastDay, today Day) ([]VisitorBlock, error) {
	fields := map[string]string{}
	var blocks []VisitorBlock
	for _, line := range strings.FieldsFunc(lines, func(r rune) bool { return strings.ContainsRune("\n\r,，、;；", r) }) {
		if Clean(line) == "" {
			continue
		}
		kind, value, err := ReadBlock(line)
		if err != nil {
			fields["values"] = MessageOf(err)
		}
		blocks = append(blocks, VisitorBlock{Kind: kind, Value: value, Reason: Clean(reason), LastDay: lastDay})
	}
	switch {
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

// visitorBlockFields label what the audit log records of an entry.
var visitorBlockFields = []AuditField{
	{Key: "kind", Label: "类型", Value: labelOf(BlockKind.Label)},
	{Key: "value", Label: "号码"},
	{Key: "reason", Label: "原因"},
	{Key: "until", Label: "截止日期"},
}
