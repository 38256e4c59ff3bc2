package registry

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// importView is how pages show a kind of import.
type importView struct {
	stem     string // whose list its form belongs to
	page     string // template of the form
	title    string // of the form
	field    string // label of the file
	template string // what the template's file is called behind the community's name
	form     string // URL of the form
	post     string // where it is sent
	back     string // URL of the list
	one      string // label of the form of one thing, beside it; "" = none
	place    string // heading of what a row's label is

	tabs    []importTab
	effects []importEffect
	badges  map[core.ImportVerdict]string // of verdicts that it names otherwise; see importVerdicts
	records templates.Action              // what leads to the records that were written
	undo    string                        // what undoing does
	known   map[core.ImportKnown]string   // what the choices for known records do
}

// importTab is a tab of an import's rows.
type importTab struct {
	name, label string
	filter      store.ImportRowFilter
}

// importTabs returns the tabs of a list whose rows are new, or change what is there.
func importTabs(added string) []importTab {
	return []importTab{
		importTabOf("", "全部"), importTabOf("new", added, core.ImportNew), importTabOf("changed", "有变化", core.ImportChanged),
		importTabOf("same", "不变", core.ImportSame), importTabOf("skipped", "跳过", core.ImportSkipped),
		importTabOf("wrong", "错误", core.ImportWrong),
	}
}

// importTabNoted has the rows of which the page says how they were understood.
var importTabNoted = importTab{"noted", "有说明", store.ImportRowFilter{Noted: true}}

func importTabOf(name, label string, verdicts ...core.ImportVerdict) importTab {
	return importTab{name, label, store.ImportRowFilter{Verdicts: verdicts}}
}

// labelOf returns the tab's label on an import's page: of one that has not come to be, the preview alone called its rows so.
func (t importTab) labelOf(imp core.Import) string {
	switch {
	case imp.State != core.ImportFailed && imp.State != core.ImportCancelled:
	case slices.Contains([]string{"new", "tie", "back", "changed", "place"}, t.name):
		return "预览为" + t.label
	}
	return t.label
}

// importViews has every kind of core.ImportTypes.
var importViews = map[core.ImportKind]importView{
	core.ImportResidents: {
		stem: "resident", page: "console/import/new", title: "批量导入住户", field: "住户表格", template: "住户信息",
		form: frame.ImportPath + "/new", post: frame.ImportPath, back: frame.ResidentPath, one: "逐个添加住户", place: "房屋",
		tabs: []importTab{
			importTabOf("", "全部"), importTabOf("new", "新住户", core.ImportNew),
			importTabOf("tie", "加一套房", core.ImportTie), importTabOf("back", "已迁出", core.ImportBack),
			importTabOf("changed", "有变化", core.ImportChanged),
			{"place", "新房屋", store.ImportRowFilter{Places: true}}, importTabOf("same", "不变", core.ImportSame),
			importTabOf("skipped", "跳过", core.ImportSkipped),
			importTabNoted, importTabOf("wrong", "错误", core.ImportWrong),
		},
		effects: []importEffect{
			{"添加住户", "名", []core.ImportVerdict{core.ImportNew}},
			{"加一套房", "名", []core.ImportVerdict{core.ImportTie}}, {"重新入住", "名", []core.ImportVerdict{core.ImportBack}},
			{"添加房屋", "套", nil},
			{"修改", "名", []core.ImportVerdict{core.ImportChanged}},
		},
		records: templates.Action{Label: "导入的住户", Icon: "users"},
		undo:    "删除这次添加的住户和房屋，这次修改的恢复为导入前的内容。之后改过、认证过，或有出入记录、访客、出门条、卡码的保留。",
		known: map[core.ImportKnown]string{
			core.ImportUpdate: "文件里填写的内容替换登记的内容", core.ImportFill: "登记里已有的不变，只补没有填写的",
			core.ImportSkip: "不修改已有的住户",
		},
	},
	core.ImportArrears: {
		stem: "house", page: "console/house/arrears", title: "导入欠费", field: "欠费表格", template: "欠费",
		form: houseArrearsPath, post: houseArrearsPath, back: frame.HousePath, place: "房屋",
		tabs: []importTab{
			importTabOf("", "全部"), importTabOf("changed", "有变化", core.ImportChanged),
			importTabOf("same", "不变", core.ImportSame), importTabOf("skipped", "跳过", core.ImportSkipped),
			importTabNoted, importTabOf("wrong", "错误", core.ImportWrong),
		},
		effects: []importEffect{{"修改", "套", []core.ImportVerdict{core.ImportChanged}}},
		records: templates.Action{Label: "修改的房屋", Icon: "home-2"},
		undo:    "欠费和备注恢复为导入前的内容。之后改过的房屋不变。",
	},
	core.ImportStaff: {
		stem: "staff", page: "console/staff/import", title: "批量导入员工", field: "员工表格", template: "员工",
		form: staffImportPath, post: staffImportPath, back: frame.StaffPath, one: "逐个添加员工", place: "服务小区",
		tabs: importTabs("新员工"),
		effects: []importEffect{
			{"添加员工", "名", []core.ImportVerdict{core.ImportNew}}, {"修改", "名", []core.ImportVerdict{core.ImportChanged}},
		},
		badges:  map[core.ImportVerdict]string{core.ImportNew: "新员工"},
		records: templates.Action{Label: "导入的员工", Icon: "id-badge-2"},
		undo:    "删除这次添加的员工，这次修改的恢复为导入前的内容。之后改过的、已关联账号的保留。",
		known: map[core.ImportKnown]string{
			core.ImportUpdate: "文件里填写的内容替换登记的内容", core.ImportFill: "登记里已有的不变，只补没有填写的",
			core.ImportSkip: "不修改已有的员工",
		},
	},
	core.ImportMembers: {
		stem: "institution", page: "console/import/member", title: "批量导入成员", field: "成员表格", template: "机构成员",
		form: memberImportPath, post: memberImportPath, back: frame.MemberPath, one: "逐个添加成员", place: "机构",
		tabs: importTabs("新成员"),
		effects: []importEffect{
			{"添加成员", "名", []core.ImportVerdict{core.ImportNew}}, {"修改", "名", []core.ImportVerdict{core.ImportChanged}},
		},
		badges:  map[core.ImportVerdict]string{core.ImportNew: "新成员"},
		records: templates.Action{Label: "导入的成员", Icon: "id"},
		undo:    "删除这次添加的成员和他们的通行证，这次修改的恢复为导入前的内容。之后改过的、有出入记录的保留。",
		known: map[core.ImportKnown]string{
			core.ImportUpdate: "文件里填写的内容替换登记的内容，有效期也是", core.ImportFill: "登记里已有的不变，只补没有填写的；有效期不变",
			core.ImportSkip: "不修改已有的成员",
		},
	},
	core.ImportBlocks: {
		stem: "visitorpass", page: "console/import/block", title: "导入访客黑名单", field: "黑名单表格", template: "访客黑名单",
		form: visitorBlockImportPath, post: visitorBlockImportPath, back: frame.VisitorBlockPath, one: "逐个加入黑名单", place: "类型",
		tabs: importTabs("新加入"),
		effects: []importEffect{
			{"加入黑名单", "条", []core.ImportVerdict{core.ImportNew}}, {"修改", "条", []core.ImportVerdict{core.ImportChanged}},
		},
		badges:  map[core.ImportVerdict]string{core.ImportNew: "新加入"},
		records: templates.Action{Label: "导入的黑名单", Icon: "ban"},
		undo:    "这次加入的移出黑名单，这次修改的恢复原来的原因和期限。之后又改过的不变。",
	},
	core.ImportReaders: {
		stem: "reader", page: "console/import/reader", title: "批量导入读头", field: "读头表格", template: "门禁读头",
		form: readerImportPath, post: readerImportPath, back: frame.ReaderPath, one: "逐个添加读头", place: "所在的门",
		tabs: []importTab{
			importTabOf("", "全部"), importTabOf("new", "新读头", core.ImportNew),
			importTabOf("same", "不变", core.ImportSame), importTabOf("wrong", "错误", core.ImportWrong),
		},
		effects: []importEffect{{"添加读头", "台", []core.ImportVerdict{core.ImportNew}}},
		badges:  map[core.ImportVerdict]string{core.ImportNew: "新读头"},
		records: templates.Action{Label: "导入的读头", Icon: "door"},
		undo:    "删除这次添加的读头和它们的密钥。之后改过的，以及已经接入的保留。",
	},
}

// badge returns how the view shows a verdict.
func (v importView) badge(verdict core.ImportVerdict) templates.Badge {
	badge := importVerdicts[verdict]
	if own := v.badges[verdict]; own != "" {
		badge.Text = own
	}
	return badge
}

// importEffect counts something that rows do.
type importEffect struct {
	label, unit string
	verdicts    []core.ImportVerdict // none = the houses that they add
}

func (e importEffect) of(n core.ImportCounts) int {
	if len(e.verdicts) == 0 {
		return n[core.ImportPlaces]
	}
	return n.Of(e.verdicts...)
}

// facts are the numbers of what rows would do.
func (v importView) facts(n core.ImportCounts) []templates.Fact {
	var facts []templates.Fact
	for _, effect := range v.effects {
		if count := effect.of(n); count > 0 {
			facts = append(facts, templates.Fact{Label: effect.label, Value: frame.Grouped(count) + " " + effect.unit})
		}
	}
	return facts
}

// undone returns what undoing takes back, a line for each effect.
func (v importView) undone(n core.ImportCounts) []string {
	var lines []string
	for _, effect := range v.effects {
		if count := effect.of(n); count > 0 {
			lines = append(lines, effect.label+" "+frame.Grouped(count)+" "+effect.unit)
		}
	}
	if lines == nil {
		lines = []string{"这次写入了 0 条"}
	}
	return lines
}
