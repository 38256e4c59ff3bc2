package access

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// restrictionFacts is all that the page of a new restriction is drawn from.
type restrictionFacts struct {
	At    frame.CommunityChoice
	Form  restrictionForm
	Typed url.Values // the form as it was sent; nil = shown for the first time
	Wrong error      // why it is shown again

	Ticked  []core.House      // Form.Houses
	Nodes   []*store.TreeNode // of the buildings
	Found   []store.HouseRow  // by Form.Keyword, below Form.Node
	More    bool              // more than Found
	Matches []core.HouseMatch // the houses of the lines of Form.Pasted
	Full    bool              // not all that was to be ticked is
	Gone    int               // houses that were ticked and are no longer there
	Notes   []string          // on how a list file was read
	Unread  string            // the name of a list file that could not be read

	Held map[core.ID]core.Restriction // those of Ticked and Found
	Told store.RestrictionForecast    // who is told of the act; only for its question and its message
}

type restrictionNewPage struct {
	templates.Shell
	Preview  string // address
	Placed   bool   // the community is chosen
	Search   templates.Field
	Tree     *templates.Tree // nil if the community has none
	Node     core.ID         // whose houses are shown; 0 = none
	Pasted   templates.Field
	File     templates.Field
	Matches  []restrictionMatch
	Tally    string // of Matches, in words
	Notes    []string
	Form     templates.Form
	Ticked   int       // number of houses that will be restricted
	Already  []core.ID // those of them that are already restricted
	Ask      string    // confirmation before restrictions are replaced
	Reviewed string
	More     bool   // there are more results than shown
	Full     string // a message that not everything requested could be ticked
}

// Nothing returns why there is no house to tick.
func (p restrictionNewPage) Nothing() string {
	if !p.Placed {
		return frame.ChooseCommunity + "，再选房屋。"
	}
	if p.Tree != nil && p.Node == 0 && p.Search.Value == "" {
		return "点一处楼栋，列出它的房屋；也可以输入房号来找。"
	}
	return "没有找到房屋。"
}

// restrictionMatch is a pasted line and what it means.
type restrictionMatch struct {
	Line  string
	State templates.Badge
	Words string
}

// newRestrictionPage draws the page; the shell has its title.
func newRestrictionPage(shell templates.Shell, f restrictionFacts) restrictionNewPage {
	page := restrictionNewPage{
		Shell: shell, Preview: restrictionPreviewPath, Placed: f.At.ID != 0, Node: f.Form.Node,
		Ticked: len(f.Form.Houses), Reviewed: f.Form.Reviewed, More: f.More,
		Search: restrictionSearchField(f.Form), Pasted: restrictionPastedField(f.Form.Pasted),
		File:    restrictionFileField(f.Unread),
		Matches: restrictionMatches(f.Matches, f.Held), Tally: matchTally(f.Matches), Notes: f.Notes,
	}
	page.Note, page.Crumbs = f.At.Name, []templates.Crumb{{Label: "限制出入", URL: f.At.URL(frame.RestrictionPath)}}
	if len(f.Nodes) > 0 {
		tree := restrictionTree(f.Nodes, f.Form.Node, f.Ticked)
		page.Tree = &tree
	}
	if f.Full {
		page.Full = fmt.Sprintf("一次最多 %d 套，其余没有勾选。", store.MaxRestriction)
	}
	for _, house := range f.Ticked {
		if _, restricted := f.Held[house.ID]; restricted {
			page.Already = append(page.Already, house.ID)
		}
	}
	if n := len(page.Already); n > 0 {
		page.Ask = fmt.Sprintf("勾选的房屋中有 %d 套已限制出入，原来的次数、原因和截止日期将换成这次填写的。", n)
	}
	page.Form = templates.Form{
		Action: frame.RestrictionPath, CSRF: page.CSRF, Cancel: f.At.URL(frame.RestrictionPath), Submit: "限制出入",
		Acts:     []templates.Choice{{Value: rehearsalAct, Label: rehearsalButton}},
		Sections: restrictionSections(f.At, f.Form, f.choices()),
	}
	if gone := goneText(f.Gone); gone != "" {
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Warn, Text: gone + "。"})
	}
	page.say(f)
	return page
}

// say puts what is wrong on the form, with all that was typed.
func (p *restrictionNewPage) say(f restrictionFacts) {
	fields := web.FieldsOf(f.Wrong)
	p.Form.Set(f.Typed, fields)
	p.Form.Change("houses", func(field *templates.Field) { field.Values = frame.IDValues(f.Form.Houses) })
	p.Pasted.Error, p.File.Error = fields["pasted"], fields[restrictionFile]
	switch {
	case f.Wrong == nil || fields != nil:
	case core.IsReplaces(f.Wrong):
		p.Form.Notice, p.Ask = core.MessageOf(f.Wrong)+"再按一次“限制出入”即替换。", ""
	case web.IsResumed(f.Wrong):
		p.Form.Notice = core.MessageOf(f.Wrong)
	default:
		p.Form.Error = core.MessageOf(f.Wrong)
	}
}

// choices returns the houses to tick: ticked ones that the search does not show, those it shows,
// and those that lines of the list may mean.
func (f restrictionFacts) choices() []templates.Choice {
	var choices []templates.Choice
	listed := map[core.ID]bool{}
	add := func(house core.House) {
		if listed[house.ID] {
			return
		}
		listed[house.ID] = true
		choice := templates.Choice{Value: house.ID.String(), Label: house.Label}
		if r, restricted := f.Held[house.ID]; restricted {
			choice.Label += "（" + restrictedText(r) + "）"
		}
		choices = append(choices, choice)
	}
	for _, house := range f.Ticked {
		if !slices.ContainsFunc(f.Found, func(found store.HouseRow) bool { return found.ID == house.ID }) {
			add(house)
		}
	}
	for _, house := range f.Found {
		add(house.House)
	}
	for _, match := range f.Matches {
		for _, house := range match.Houses {
			add(house)
		}
	}
	return choices
}

func restrictionSearchField(form restrictionForm) templates.Field {
	field := templates.Field{
		Name: "q", Label: "找房屋", Value: form.Keyword, MaxLength: 64, Placeholder: "3栋2单元 或 501",
		Autocomplete: "off", Enter: string(pickSearch), Wide: true,
	}
	if form.Node != 0 {
		field.Help = "只在选中的楼栋里找；要在整个小区里找，先点“全部楼栋”。"
	}
	return field
}

func restrictionPastedField(pasted string) templates.Field {
	return templates.Field{
		Kind: templates.Textarea, Name: "pasted", Label: "粘贴名单", Value: pasted, Rows: 4,
		Placeholder: "3-2-501\n3栋2单元502",
		Help: fmt.Sprintf(
			"每行一套，写全房号，或写 3-2-501，也可以从表格复制过来，最多 %d 行。核对后可以再改，按“限制出入”才生效。",
			store.MaxRestriction,
		),
	}
}

func restrictionFileField(unread string) templates.Field {
	return templates.Field{
		Kind: templates.Upload, Name: restrictionFile, Label: "或上传名单", Value: unread,
		Accept: []string{".txt", ".csv", ".xlsx"}, MaxBytes: maxRestrictionList,
		Help: fmt.Sprintf("第一列写房屋，或用“楼栋、单元、房号”三列，最多 %d 行。核对时读进上面的名单。", store.MaxRestriction),
	}
}

func restrictionSections(
	at frame.CommunityChoice, form restrictionForm, houses []templates.Choice,
) []templates.Section {
	text := func(day core.Day) string {
		if day == 0 {
			return ""
		}
		return day.String()
	}
	return []templates.Section{{Fields: []templates.Field{
		at.FormFields(restrictionPreviewPath)[0],
		{
			Kind: templates.Switch, Name: "whole", Label: "整个小区", Value: frame.SwitchValue(form.Whole), Wide: true,
			Help: "限制全部房屋，不用勾选；按“限制出入”后先看清数量再确认。",
		},
		{
			Kind: templates.Checks, Name: "houses", Label: "房屋", Values: frame.IDValues(form.Houses),
			Required: true, Choices: houses,
		},
		{
			Kind: templates.Select, Name: "exits", Label: "周期内可出门次数", Value: form.Exits, Required: true,
			Choices: exitsChoices(exitsOf(form.Exits), true), Help: "代替小区的次数，其余规则照旧。",
		},
		{Kind: templates.Date, Name: "from_day", Label: "生效日期", Value: text(form.From), Help: "那天 0 点生效，不填为立即生效。"},
		{Kind: templates.Date, Name: "last_day", Label: "截止日期", Value: text(form.LastDay), Help: "当天仍有效，不填为长期。"},
		{
			Name: "reason", Label: "原因", Value: form.Reason, Required: true, MaxLength: 100, Wide: true,
			Help: "原文发给房屋里已认证的住户，请写住户能看的话。",
		},
	}}}
}

// restrictedText returns the restriction of a house, shown beside its name.
func restrictedText(r core.Restriction) string {
	words := "已有限制：" + core.ExitsText(r.Exits) + "，" + r.Reason
	if r.LastDay != 0 {
		words += "，至 " + r.LastDay.String()
	}
	return words
}

// restrictionMatches describes the match of each line and, if it is one house, its present
// restriction. The lines that need a look come first: those without a house, then those with several.
func restrictionMatches(matches []core.HouseMatch, held map[core.ID]core.Restriction) []restrictionMatch {
	place := func(m core.HouseMatch) int { return slices.Index([]int{0, 2, 1}, min(len(m.Houses), 2)) }
	matches = slices.SortedStableFunc(slices.Values(matches), func(a, b core.HouseMatch) int {
		return cmp.Compare(place(a), place(b))
	})
	rows := make([]restrictionMatch, len(matches))
	for i, match := range matches {
		row := restrictionMatch{Line: match.Line, State: templates.Badge{Tone: templates.Good, Text: "已匹配"}}
		switch len(match.Houses) {
		case 0:
			row.State, row.Words = templates.Badge{Tone: templates.Bad, Text: "没有找到"}, cmp.Or(match.Why, "请核对房号")
		case 1:
			row.Words = match.Houses[0].Label
			if r, restricted := held[match.Houses[0].ID]; restricted {
				row.State = templates.Badge{Tone: templates.Warn, Text: "已有限制"}
				row.Words += "（" + restrictedText(r) + "）"
			}
		default:
			var labels []string
			for _, house := range match.Houses {
				labels = append(labels, house.Label)
			}
			row.State = templates.Badge{Tone: templates.Warn, Text: "不止一套"}
			row.Words = "请在下面勾选：" + strings.Join(labels, "、")
		}
		rows[i] = row
	}
	return rows
}

// matchTally returns, as text, how many lines had which result.
func matchTally(matches []core.HouseMatch) string {
	if len(matches) == 0 {
		return ""
	}
	var one, several, none int
	for _, match := range matches {
		switch len(match.Houses) {
		case 0:
			none++
		case 1:
			one++
		default:
			several++
		}
	}
	words := fmt.Sprintf("名单有 %d 行：%d 行已匹配", len(matches), one)
	if several > 0 {
		words += fmt.Sprintf("，%d 行不止一套", several)
	}
	if none > 0 {
		words += fmt.Sprintf("，%d 行没有找到", none)
	}
	return words + "。"
}
