package templates

import (
	"net/url"
	"strconv"
	"time"
)

// ComponentsPage is the page "console/dev/components": every shared part in its states, for authors
// of pages. The demo shows it.
type ComponentsPage struct {
	Shell
	Tabs     Tabs
	List     List
	Rows     []ComponentsRow
	Tree     Tree
	Nothing  Empty
	Form     Form
	Pick     Tree    // in a form
	Upload   Form    // working: the demo reads the file and responds
	Uploads  []Field // its other states
	Pickers  []ComponentsPicker
	Facts    []Fact
	Confirm  Confirm
	Badges   []Badge
	Messages []Flash
	Chart    Chart
	Rank     Chart
	Jobs     []Job
	Reviews  []Review
}

// ComponentsRow is a row of the sample list.
type ComponentsRow struct {
	ID    string
	Name  string
	Place string
	Today int
	Seen  time.Time
	State Badge
}

// NewComponentsPage returns the page with sample content. The list's filters in query work as on a
// real page; the sample times are near now.
func NewComponentsPage(shell Shell, query url.Values, now time.Time) ComponentsPage {
	shell.Title, shell.Note = "页面组件", "每一种组件和它的各个状态，写新页面时照此使用。"
	shell.Crumbs = []Crumb{{Label: "系统", URL: "/console/account"}}
	shell.Views = componentsViews(query)
	shell.Actions = []Action{{Label: "添加读头", URL: "/console/reader/new", Icon: "plus", Primary: true}}
	return ComponentsPage{
		Shell: shell,
		Tabs: Tabs{Label: "资料", Items: []NavItem{
			{Label: "概况", URL: "/console/dev/components", Active: true},
			{Label: "通行记录", URL: "/console/accessrecord", Count: 12}, {Label: "设置", URL: "/console/passrule"}}},
		List: componentsList(query), Rows: componentsRows(now),
		Tree: Tree{
			ID: "sample-tree", Label: "楼栋",
			All: TreeNode{Label: "全部楼栋", URL: "/console/dev/components", Note: "360 套 · 812 人", Leaf: true},
			Nodes: []TreeNode{
				{Label: "1栋", URL: "/console/dev/components?node=1", Note: "240 套 · 540 人", Children: []TreeNode{
					{Label: "1单元", URL: "/console/dev/components?node=2", Note: "120 套 · 276 人", Current: true, Leaf: true},
					{Label: "2单元", URL: "/console/dev/components?node=3", Note: "120 套 · 264 人", Leaf: true}}},
				{Label: "2栋", URL: "/console/dev/components?node=4", Note: "120 套 · 272 人"}},
		},
		Pick: componentsPick(""),
		Nothing: Empty{Icon: "door", Title: "还没有门禁读头", Text: "登记第一台读头后，住户就能扫码通行。",
			Action: Action{Label: "添加读头", URL: "/console/reader/new", Icon: "plus", Primary: true}},
		Form: componentsForm(), Upload: componentsUpload(shell.CSRF), Uploads: componentsUploads(), Pickers: componentsPickers(),
		Facts: []Fact{
			{Label: "编号", Value: "1907411200018432", Copy: true, Code: true},
			{Label: "状态", Badge: Badge{Good, "在线"}},
			{Label: "位置", Value: "云栖花园 北门人行入口"},
			{Label: "上报地址", Value: "https://tong.example.cn/door/vguang/7QK2M9", Copy: true, Code: true},
			{Label: "备注"},
		},
		Confirm: Confirm{Title: "停用 2 台读头", Text: "停用后，这些门的扫码都会被拒绝，直到重新启用。",
			Effects: []string{"北门人行入口（进）", "地库 B1 东（出）"}, Action: "/console/reader/disable",
			Submit: "停用 2 台读头", Cancel: "/console/dev/components", Danger: true},
		Badges:   []Badge{{Good, "在线"}, {Warn, "即将到期"}, {Bad, "已停用"}, {Info, "进"}, {Neutral, "未登记"}},
		Messages: []Flash{{Good, "已保存“北门人行入口”。"}, {Info, "有 3 条记录正在导出。"}, {Warn, "读头时钟慢了 4 分钟。"}, {Bad, "没有保存：名称已被使用。"}},
		Chart:    componentsChart(), Rank: componentsRank(),
		Jobs:    componentsJobs(),
		Reviews: componentsReviews(shell.CSRF),
	}
}

func componentsChart() Chart {
	chart := Chart{ID: "chart-bars", Title: "按小时", Words: "8 时最多，264 次。", Kind: ChartBars, Of: "时段",
		Series: []ChartSeries{{"出", Good}, {"进", Info}, {"拒绝", Bad}}}
	for hour, n := range []int{0, 0, 0, 0, 0, 12, 80, 190, 240, 96, 60, 72} {
		chart.Rows = append(chart.Rows, ChartRow{
			Label: strconv.Itoa(hour) + "时",
			Cells: []ChartCell{{N: n, URL: "/console/accessrecord?direction=out"}, {N: n / 4}, {N: n / 10}},
		})
	}
	return chart
}

func componentsRank() Chart {
	return Chart{ID: "chart-rank", Title: "拒绝的原因", Kind: ChartRank, Of: "原因", Series: []ChartSeries{{"次数", Bad}},
		Rows: []ChartRow{{"次数已用完", "/console/accessrecord?reason=count", []ChartCell{{N: 1206}}}, {"不在可出门时间段", "", []ChartCell{{N: 310}}}}}
}

func componentsList(query url.Values) List {
	l := List{
		Path: "/console/dev/components", Query: query,
		Filters: []Field{
			{Name: "q", Label: "名称或编号", Placeholder: "名称、编号后几位"},
			{
				Name: "state", Label: "状态", Kind: Select,
				Choices: []Choice{{Label: "全部"}, {Value: "on", Label: "在线"}, {Value: "off", Label: "离线"}},
			},
			{Name: "day", Label: "登记日期", Kind: Date},
		},
		More: []Field{{Name: "community", Label: "小区", Kind: Select, Choices: []Choice{{Label: "全部"}, {Value: "1", Label: "云栖花园"}}}},
		Columns: []Column{
			{Label: "名称", Sort: "name"}, {Label: "位置"}, {Label: "今日通行", Sort: "today", Desc: true, Number: true},
			{Label: "最近心跳", Sort: "seen", Desc: true}, {Label: "状态", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Export: "/console/dev/components/export", Count: 4, Cards: true,
		Bulk: []Submit{
			{Label: "启用", URL: "/console/reader/enable", Icon: "check"},
			{Label: "停用", URL: "/console/reader/disable", Icon: "ban", Danger: true, Confirm: "将停用所选的 {n} 台读头，这些门的扫码都会被拒绝。"},
		},
	}
	l.Pager = l.Page("", "1907411200018432")
	l.Pager.Summary = "本页 4 条"
	return l
}

func componentsRows(now time.Time) []ComponentsRow {
	return []ComponentsRow{
		{"1907411200018432", "北门人行入口", "云栖花园 北门", 1284, now.Add(-20 * time.Second), Badge{Good, "在线"}},
		{"1907411200018433", "北门人行出口", "云栖花园 北门", 1190, now.Add(-41 * time.Second), Badge{Good, "在线"}},
		{"1907411200018434", "3 号楼 2 单元门", "云栖花园 3 号楼", 86, now.Add(-4 * time.Minute), Badge{Warn, "时钟慢 4 分钟"}},
		{"1907411200018435", "地库 B1 东", "云栖花园 地库", 0, now.Add(-26 * time.Hour), Badge{Bad, "离线"}},
	}
}

func componentsForm() Form {
	f := Form{
		Action: "/console/dev/components", Submit: "保存读头", Cancel: "/console/dev/components",
		Sections: []Section{
			{Title: "基本资料", Help: "名称会显示在住户与门岗的手机上。", Fields: []Field{
				{Name: "name", Label: "名称", Required: true, MaxLength: 30, Help: "如“北门人行入口”，不超过 30 字。"},
				{
					Name: "post", Label: "所属门岗", Kind: Select, Required: true,
					Choices: []Choice{{Label: "请选择"}, {Value: "1", Label: "北门岗"}, {Value: "2", Label: "南门岗"}},
				},
				{
					Name: "direction", Label: "方向", Kind: Radio, Value: "in",
					Choices: []Choice{
						{Value: "in", Label: "进"}, {Value: "out", Label: "出"},
						{Value: "both", Label: "双向", Help: "按上一次通行推断"},
					},
				},
				{Name: "since", Label: "启用日期", Kind: Date, Value: "2026-11-22"},
				{Name: "times", Label: "每日次数上限", Kind: Number, Value: "2", Unit: "次", Short: true, Help: "−1 为不限。"},
				{Name: "tel", Label: "联系电话", Kind: Telephone},
				{Name: "secret", Label: "通信口令", Kind: Password, Autocomplete: "new-password", Help: "留空则不改。"},
				{Name: "enabled", Label: "启用", Kind: Switch, Value: "1", Help: "停用的门一律拒绝。"},
			}},
			{Title: "放行对象", Fields: []Field{
				{
					Name: "who", Label: "谁可以通过", Kind: Checks, Values: []string{"resident"},
					Choices: []Choice{
						{Value: "resident", Label: "住户"}, {Value: "visitor", Label: "访客"},
						{Value: "staff", Label: "物业员工"}, {Value: "courier", Label: "快递", Disabled: true},
					},
				},
				{Name: "where", Label: "服务哪些楼栋", Kind: Checks, Values: []string{"1-1"}, Help: "有上下级的选项画成树，下级折叠，选中的展开。", Choices: []Choice{
					{Value: "1", Label: "1栋"}, {Value: "1-1", Label: "1栋1单元", Name: "1单元", Depth: 1},
					{Value: "1-2", Label: "1栋2单元", Name: "2单元", Depth: 1},
					{Value: "2", Label: "2栋"}, {Value: "2-1", Label: "2栋1单元", Name: "1单元", Depth: 1}, {Value: "3", Label: "3栋"}}},
				{Name: "remark", Label: "备注", Kind: Textarea, Rows: 3},
				{Name: "made", Label: "登记人", Kind: Static, Value: "周敏"},
			}},
		},
	}
	f.Set(nil, map[string]string{"name": "这个名称已被另一台读头使用", "post": "请选择门岗"})
	f.Sections[0].Fields[0].Value = "北门人行入口"
	return f
}

// PhoneComponentsPage is the page "h5/dev/components": the parts of phone pages.
type PhoneComponentsPage struct {
	Phone
	QR       QR
	Verdicts []Verdict
	Live     Live
	Rows     []ComponentsRow
	Facts    []Fact
	Badges   []Badge
	Form     Form
	Nothing  Empty
}

// NewPhoneComponentsPage returns the page with sample content.
func NewPhoneComponentsPage(frame Phone, now time.Time) PhoneComponentsPage {
	console := NewComponentsPage(Shell{}, nil, now)
	frame.Title, frame.Note = "手机组件", "云栖花园 3-2-501"
	return PhoneComponentsPage{
		Phone: frame,
		QR:    QR{Image: "/assets/none.svg", Alt: "通行码", Refresh: "/h5/dev/components", Left: 598, Life: 600, Text: "请将二维码对准读头"},
		Verdicts: []Verdict{
			{
				Tone: Good, Title: "现在可以出门", Text: "本周期每户可出 2 次，还剩 1 次。",
				Facts: []Fact{{Label: "周期", Value: "11月22日 至 11月23日"}, {Label: "本户已出", Value: "1 次"}},
			},
			{Tone: Bad, Title: "现在不能出门", Text: "本户今天的 2 次已经用完，11月24日 00:00 后可再出门。"},
			{Tone: Warn, Title: "即将到期", Text: "租期还有 3 天。"},
		},
		Live: Live{URL: "/h5/dev/live", Event: "passage", Swap: "refresh"},
		Rows: console.Rows, Facts: console.Facts, Badges: console.Badges, Form: console.Form,
		Nothing: Empty{Icon: "history", Title: "还没有通行记录", Text: "第一次刷码后会显示在这里。"},
	}
}
