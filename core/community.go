package core

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Community is one gated estate 小区.
type Community struct {
	ID       ID
	Name     string
	Address  string
	Phone    string   // of the property office
	Levels   []string // names of the building tree's levels, top first: 栋 单元 房间
	Refusals Refusals
	Archived time.Time
	Updated  time.Time // see Stale
}

// Refusals are a community's own presets of reasons for not approving an application for certification 不通过的常用原因.
// nil stands for the usual ones, those of the kind of review.
type Refusals struct {
	Office []string // of the office, in the console and on the phone
	Owners []string // of owners of the house
}

// Bounds of a community's presets.
const (
	MaxRefusals = 8
	MaxRefusal  = 20 // characters: a button on a phone
)

// Reasons returns the office's presets for not approving a review of a kind in the community.
func (c Community) Reasons(kind ReviewKind) []string {
	if kind == ReviewCertification && c.Refusals.Office != nil {
		return c.Refusals.Office
	}
	return kind.Type().Reasons
}

// OwnersReasons is Reasons of the owners of a house.
func (c Community) OwnersReasons(kind ReviewKind) []string {
	if kind == ReviewCertification && c.Refusals.Owners != nil {
		return c.Refusals.Owners
	}
	return kind.Type().Owners
}

// trimmed returns the presets cleaned, without empty ones and ones that stand there before; nil if they are the usual ones.
func (r Refusals) trimmed() Refusals {
	usual := ReviewCertification.Type()
	return Refusals{Office: ownReasons(r.Office, usual.Reasons), Owners: ownReasons(r.Owners, usual.Owners)}
}

func ownReasons(given, usual []string) []string {
	var own []string
	for _, reason := range given {
		if reason = Clean(reason); reason != "" && !slices.Contains(own, reason) {
			own = append(own, reason)
		}
	}
	if slices.Equal(own, usual) {
		return nil
	}
	return own
}

// checkReasons returns what is wrong with presets; "" = nothing.
func checkReasons(reasons []string) string {
	if len(reasons) > MaxRefusals {
		return "最多 8 个原因"
	}
	for _, reason := range reasons {
		if !hasLetter(reason) || utf8.RuneCountInString(reason) > MaxRefusal {
			return "“" + reason + "”不能用作原因：要有文字，最多 20 个字"
		}
	}
	return ""
}

// BuildingNode is a node of a community's tree above its houses 楼栋节点.
type BuildingNode struct {
	ID        ID
	Community ID
	Parent    ID // 0 = top
	Level     int
	Name      string
	Path      string // ids from the top down to this one: /1/2/
}

// House is a leaf of the tree 房屋: one door number.
type House struct {
	ID         ID
	Community  ID
	Node       ID        // the node it belongs to; 0 = top
	Name       string    // door number
	Label      string    // full name: 3栋2单元501
	Path       string    // the path of its node
	ArrearsFen int64     // what it owes
	Remark     string    // what for: 2026年物业费; "" = not said
	Updated    time.Time // see Stale
}

// Bounds of a community's texts, in characters.
const (
	MaxCommunityName = 40
	MaxAddress       = 100
	MaxLevels        = 6
	MaxLevelName     = 40
	MaxNodeName      = 40
)

// DefaultLevels returns the levels a new community starts with.
func DefaultLevels() []string { return []string{"栋", "单元", "房间"} }

// Trimmed returns the community with its texts cleaned and empty levels dropped.
func (c Community) Trimmed() Community {
	c.Name, c.Address, c.Phone = Clean(c.Name), Clean(c.Address), Clean(c.Phone)
	levels := make([]string, 0, len(c.Levels))
	for _, level := range c.Levels {
		if level = Clean(level); level != "" {
			levels = append(levels, level)
		}
	}
	c.Levels, c.Refusals = levels, c.Refusals.trimmed()
	return c
}

// Check returns an Invalid error that names the bad fields of a Trimmed community.
func (c Community) Check() error {
	fields := map[string]string{}
	if !nameText(c.Name, MaxCommunityName) {
		fields["name"] = "请填写小区名称，最多 40 个字"
	}
	if utf8.RuneCountInString(c.Address) > MaxAddress {
		fields["address"] = "地址最多 100 个字"
	}
	if !isOfficePhone(c.Phone) {
		fields["phone"] = "物业电话只能含数字、空格和 - + ( ) , 转，最多 32 个字符"
	}
	for name, message := range map[string]string{
		"levels": checkLevels(c.Levels), "refusals": checkReasons(c.Refusals.Office), "owner_refusals": checkReasons(c.Refusals.Owners),
	} {
		if message != "" {
			fields[name] = message
		}
	}
	return InvalidFields(fields)
}

func checkLevels(levels []string) string {
	if len(levels) == 0 || len(levels) > MaxLevels {
		return "楼栋结构应有 1 至 6 级"
	}
	for i, level := range levels {
		switch {
		case utf8.RuneCountInString(level) > MaxLevelName:
			return "每级名称最多 40 个字"
		case strings.Contains(level, "/"):
			return "级名不能含 /"
		case slices.Contains(levels[:i], level):
			return "级名“" + level + "”重复"
		}
	}
	return ""
}

func isOfficePhone(s string) bool {
	return utf8.RuneCountInString(s) <= 32 && strings.Trim(s, "0123456789 -+(),转（）") == ""
}

// DialNumber returns the number that a phone dials for an office telephone as it is written: of
// several the first, and an extension after a pause. It is empty if there is nothing to dial.
func DialNumber(office string) string {
	first, _, _ := strings.Cut(office, ",")
	number, extension, _ := strings.Cut(first, "转")
	if number = digitsOf(number); number == "" {
		return ""
	}
	if extension = digitsOf(extension); extension != "" {
		number += "," + extension
	}
	if strings.HasPrefix(strings.TrimSpace(office), "+") {
		number = "+" + number
	}
	return number
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// NodeNames returns the names of a house and the nodes above it in their stored form, one per
// level: cleaned, and with the level's name appended to a bare number or letter above the door
// number, so that 3 and 3栋 are one building.
func (c Community) NodeNames(names []string) ([]string, error) {
	if len(names) != len(c.Levels) {
		return nil, Invalid("应逐级填写：" + strings.Join(c.Levels, " / "))
	}
	kept := make([]string, len(names))
	for i, name := range names {
		name = Clean(name)
		if name != "" && i < len(names)-1 && isBare(name) {
			name += c.Levels[i]
		}
		switch {
		case nameText(name, MaxNodeName):
		case name != "" && !hasLetter(name):
			return nil, Invalid("“" + name + "”不能作名称：请用汉字、字母或数字")
		default:
			return nil, Invalid("请填写“" + c.Levels[i] + "”，最多 40 个字")
		}
		kept[i] = name
	}
	return kept, nil
}

func isBare(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '-')
	}) < 0
}

// HouseLabel joins names returned by NodeNames: 3栋2单元501. A hyphen separates two numbers that would
// otherwise run together.
func HouseLabel(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 && endsBare(names[i-1]) && isBare(name[:1]) {
			b.WriteByte('-')
		}
		b.WriteString(name)
	}
	return b.String()
}

func endsBare(name string) bool { return isBare(name[len(name)-1:]) }

// communityFields label what the audit log records of a community.
var communityFields = []AuditField{
	{Key: "name", Label: "名称"},
	{Key: "address", Label: "地址"},
	{Key: "phone", Label: "电话"},
	{Key: "levels", Label: "楼栋结构", List: true},
	{Key: "refusals", Label: "物业审核不通过的常用原因", List: true},
	{Key: "owner_refusals", Label: "业主审核不通过的常用原因", List: true},
}
