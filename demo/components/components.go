// Package components holds the sample pages that show every shared part of a page in its
// states, for people who write the next one. The demo serves them.
package components

import (
	"net/url"
	"strconv"
	"time"

	"tongxing/templates"
)

// Page is the page "console/dev/components".
type Page struct {
	templates.Shell
	Tabs     templates.Tabs
	Menu     []templates.NavGroup // as long as it will ever be
	List     templates.List
	Rows     []Row
	Tree     templates.Tree
	Nothing  templates.Empty
	Form     templates.Form
	Pick     templates.Tree    // in a form
	Upload   templates.Form    // works: the demo reads the file and answers
	Uploads  []templates.Field // its other states
	Pickers  []Picker
	Facts    []templates.Fact
	Confirm  templates.Confirm
	Badges   []templates.Badge
	Messages []templates.Flash
	Chart    templates.Chart
	Rank     templates.Chart
	Jobs     []templates.Job
	Reviews  []templates.Review
	Found    templates.SearchAnswer
	Detail   templates.Detail
	Standing templates.Verdict
}

// Row is a row of the sample list.
type Row struct {
	ID    string
	Name  string
	Place string
	Today int
	Seen  time.Time
	State templates.Badge
}

// New fills the page with made-up content. query works the list's
// filters as on a real page; now is the moment the sample times are near.
func New(shell templates.Shell, query url.Values, now time.Time) Page {
	shell.Title, shell.Note = "页面组件", "每一种组件和它的各个状态，写新页面时照此使用。"
	shell.Crumbs = []templates.Crumb{{Label: "系统", URL: "/console/account"}}
	shell.Views = views(query)
	shell.Actions = []templates.Action{{Label: "添加读头", URL: "/console/reader/new", Icon: "plus", Primary: true}}
	return Page{
		Shell: shell,
		Tabs: templates.Tabs{Label: "资料", Items: []templates.NavItem{
			{Label: "概况", URL: "/console/dev/components", Active: true},
			{Label: "通行记录", URL: "/console/accessrecord", Count: 12}, {Label: "设置", URL: "/console/passrule"}}},
		Detail: detail(now), Standing: templates.Verdict{
			Tone: templates.Warn, Title: "现在不能出门", Text: "次数已用完，明天起可出门",
			Facts: []templates.Fact{{Label: "剩余", Value: "0 次"}},
		},
		Menu: LongMenu("我的任务"), List: sampleList(query), Rows: rows(now),
		Tree: templates.Tree{
			ID: "sample-tree", Label: "楼栋",
			All: templates.TreeNode{Label: "全部楼栋", URL: "/console/dev/components", Note: "360 套 · 812 人", Leaf: true},
			Nodes: []templates.TreeNode{
				{Label: "1栋", URL: "/console/dev/components?node=1", Note: "240 套 · 540 人", Children: []templates.TreeNode{
					{Label: "1单元", URL: "/console/dev/components?node=2", Note: "120 套 · 276 人", Current: true, Leaf: true},
					{Label: "2单元", URL: "/console/dev/components?node=3", Note: "120 套 · 264 人", Leaf: true}}},
				{Label: "2栋", URL: "/console/dev/components?node=4", Note: "120 套 · 272 人"}},
		},
		Pick: pickTree(""),
		Nothing: templates.Empty{Icon: "door", Title: "还没有门禁读头", Text: "登记第一台读头后，住户就能扫码通行。",
			Action: templates.Action{Label: "添加读头", URL: "/console/reader/new", Icon: "plus", Primary: true}},
		Form: sampleForm(), Upload: uploadForm(shell.CSRF), Uploads: uploads(), Pickers: pickers(),
		Facts: []templates.Fact{
			{Label: "编号", Value: "1907411200018432", Copy: true, Code: true},
			{Label: "状态", Badge: badge(templates.Good, "在线")},
			{Label: "位置", Value: "云栖花园 北门人行入口"},
			{Label: "上报地址", Value: "https://tong.example.cn/door/vguang/7QK2M9", Copy: true, Code: true},
			{Label: "备注"},
		},
		Confirm: templates.Confirm{Title: "停用 2 台读头", Text: "停用后，这些门的扫码都会被拒绝，直到重新启用。",
			Effects: []string{"北门人行入口（进）", "地库 B1 东（出）"}, Action: "/console/reader/disable",
			Submit: "停用 2 台读头", Cancel: "/console/dev/components", Danger: true},
		Found: templates.SearchAnswer{
			Typed: true, Late: []string{"记录"},
			Groups: []templates.SearchGroup{
				{Label: "住户", More: "/console/dev/components", Hits: []templates.SearchHit{{
					Icon: "user", Title: "陈建国", Note: "3栋2单元501　138****0001", URL: "/console/dev/components",
					Badge: templates.Badge{Tone: templates.Good, Text: "已认证"},
					Acts:  []templates.Action{{Label: "修改", URL: "/console/dev/components"}},
				}}},
				{Label: "页面", Hits: []templates.SearchHit{{Icon: "users", Title: "住户", Note: "住户信息、管理中心", URL: "/console/dev/components"}}},
			},
		},
		Badges: []templates.Badge{
			badge(templates.Good, "在线"), badge(templates.Warn, "即将到期"), badge(templates.Bad, "已停用"),
			badge(templates.Info, "进"), badge(templates.Neutral, "未登记"),
		},
		Messages: []templates.Flash{
			{Tone: templates.Good, Text: "已保存“北门人行入口”。"}, {Tone: templates.Info, Text: "有 3 条记录正在导出。"},
			{Tone: templates.Warn, Text: "读头时钟慢了 4 分钟。"}, {Tone: templates.Bad, Text: "没有保存：名称已被使用。"},
		},
		Chart: barChart(), Rank: rankChart(),
		Jobs:    jobs(),
		Reviews: reviews(shell.CSRF),
	}
}

func badge(tone templates.Tone, text string) templates.Badge {
	return templates.Badge{Tone: tone, Text: text}
}

func barChart() templates.Chart {
	chart := templates.Chart{ID: "chart-bars", Title: "按小时", Words: "8 时最多，264 次。", Kind: templates.ChartBars, Of: "时段",
		Series: []templates.ChartSeries{
			{Label: "出门", Tone: templates.Good}, {Label: "进门", Tone: templates.Info}, {Label: "拒绝", Tone: templates.Bad},
		}}
	for hour, n := range []int{0, 0, 0, 0, 0, 12, 80, 190, 240, 96, 60, 72} {
		chart.Rows = append(chart.Rows, templates.ChartRow{
			Label: strconv.Itoa(hour) + "时",
			Cells: []templates.ChartCell{{N: n, URL: "/console/accessrecord?direction=out"}, {N: n / 4}, {N: n / 10}},
		})
	}
	return chart
}

func rankChart() templates.Chart {
	return templates.Chart{
		ID: "chart-rank", Title: "拒绝的原因", Kind: templates.ChartRank, Of: "原因",
		Series: []templates.ChartSeries{{Label: "次数", Tone: templates.Bad}},
		Rows: []templates.ChartRow{
			{Label: "次数已用完", URL: "/console/accessrecord?reason=count", Cells: []templates.ChartCell{{N: 1206}}},
			{Label: "不在可出门时间段", Cells: []templates.ChartCell{{N: 310}}},
		},
	}
}

func sampleList(query url.Values) templates.List {
	l := templates.List{
		Path: "/console/dev/components", Query: query,
		Filters: []templates.Field{
			{Name: "q", Label: "名称或编号", Placeholder: "名称、编号后几位"},
			{
				Name: "state", Label: "状态", Kind: templates.Select,
				Choices: []templates.Choice{{Label: "全部"}, {Value: "on", Label: "在线"}, {Value: "off", Label: "离线"}},
			},
			{Name: "day", Label: "登记日期", Kind: templates.Date},
		},
		More: []templates.Field{{
			Name: "community", Label: "小区", Kind: templates.Select,
			Choices: []templates.Choice{{Label: "全部"}, {Value: "1", Label: "云栖花园"}},
		}},
		Columns: []templates.Column{
			{Label: "名称", Sort: "name"}, {Label: "位置"}, {Label: "今日通行", Sort: "today", Desc: true, Number: true},
			{Label: "最近心跳", Sort: "seen", Desc: true}, {Label: "状态", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Export: "/console/dev/components/export", Count: 4, Cards: true,
		Bulk: []templates.Submit{
			{Label: "启用", URL: "/console/reader/enable", Icon: "check"},
			{Label: "停用", URL: "/console/reader/disable", Icon: "ban", Ask: true},
		},
	}
	l.Pager = l.Page("", "1907411200018432")
	return l
}

func rows(now time.Time) []Row {
	return []Row{
		{"1907411200018432", "北门人行入口", "云栖花园 北门", 1284, now.Add(-20 * time.Second), badge(templates.Good, "在线")},
		{"1907411200018433", "北门人行出口", "云栖花园 北门", 1190, now.Add(-41 * time.Second), badge(templates.Good, "在线")},
		{"1907411200018434", "3 号楼 2 单元门", "云栖花园 3 号楼", 86, now.Add(-4 * time.Minute), badge(templates.Warn, "时钟慢 4 分钟")},
		{"1907411200018435", "地库 B1 东", "云栖花园 地库", 0, now.Add(-26 * time.Hour), badge(templates.Bad, "离线")},
	}
}

func sampleForm() templates.Form {
	f := templates.Form{
		Action: "/console/dev/components", Submit: "保存读头", Cancel: "/console/dev/components",
		Sections: []templates.Section{
			{Title: "基本资料", Help: "名称会显示在住户与门岗的手机上。", Fields: []templates.Field{
				{Name: "name", Label: "名称", Required: true, MaxLength: 30, Help: "如“北门人行入口”，不超过 30 字。"},
				{
					Name: "post", Label: "所属门岗", Kind: templates.Select, Required: true,
					Choices: []templates.Choice{{Label: "请选择"}, {Value: "1", Label: "北门岗"}, {Value: "2", Label: "南门岗"}},
				},
				{
					Name: "direction", Label: "方向", Kind: templates.Radio, Value: "in",
					Choices: []templates.Choice{
						{Value: "in", Label: "进门"}, {Value: "out", Label: "出门"},
						{Value: "both", Label: "双向", Help: "按上一次通行推断"},
					},
				},
				{Name: "since", Label: "启用日期", Kind: templates.Date, Value: "2026-11-22"},
				{Name: "times", Label: "每日次数上限", Kind: templates.Number, Value: "2", Unit: "次", Short: true, Help: "−1 为不限。"},
				{Name: "tel", Label: "联系电话", Kind: templates.Telephone},
				{Name: "secret", Label: "通信口令", Kind: templates.Password, Autocomplete: "new-password", Help: "留空则不改。"},
				{Name: "enabled", Label: "启用", Kind: templates.Switch, Value: "1", Help: "停用的门一律拒绝。"},
			}},
			{Title: "放行对象", Fields: []templates.Field{
				{
					Name: "who", Label: "谁可以通过", Kind: templates.Checks, Values: []string{"resident"},
					Choices: []templates.Choice{
						{Value: "resident", Label: "住户"}, {Value: "visitor", Label: "访客"},
						{Value: "staff", Label: "物业员工"}, {Value: "courier", Label: "快递", Disabled: true},
					},
				},
				{Name: "where", Label: "服务哪些楼栋", Kind: templates.Checks, Values: []string{"1-1"},
					Help: "有上下级的选项画成树，下级折叠，选中的展开。", Choices: []templates.Choice{
						{Value: "1", Label: "1栋"}, {Value: "1-1", Label: "1栋1单元", Name: "1单元", Depth: 1},
						{Value: "1-2", Label: "1栋2单元", Name: "2单元", Depth: 1},
						{Value: "2", Label: "2栋"}, {Value: "2-1", Label: "2栋1单元", Name: "1单元", Depth: 1}, {Value: "3", Label: "3栋"}}},
				{Name: "remark", Label: "备注", Kind: templates.Textarea, Rows: 3},
				{Name: "made", Label: "登记人", Kind: templates.Static, Value: "周敏"},
			}},
		},
	}
	f.Set(nil, map[string]string{"name": "这个名称已被另一台读头使用", "post": "请选择门岗"})
	f.Sections[0].Fields[0].Value = "北门人行入口"
	return f
}

// PhonePage is the page "h5/dev/components": the parts of phone pages.
type PhonePage struct {
	templates.Phone
	QR       templates.QR
	Verdicts []templates.Verdict
	Live     templates.Live
	Rows     []Row
	Facts    []templates.Fact
	Badges   []templates.Badge
	Form     templates.Form
	Nothing  templates.Empty
}

// NewPhone fills the page with made-up content.
func NewPhone(frame templates.Phone, now time.Time) PhonePage {
	console := New(templates.Shell{}, nil, now)
	frame.Title, frame.Note = "手机组件", "云栖花园 3-2-501"
	return PhonePage{
		Phone: frame,
		QR: templates.QR{
			Image: "/assets/none.svg", Alt: "通行码", Refresh: "/h5/dev/components", Left: 598, Life: 600,
			Text: "请将二维码对准读头",
		},
		Verdicts: []templates.Verdict{
			{
				Tone: templates.Good, Title: "现在可以出门", Text: "本周期每户可出 2 次，还剩 1 次。",
				Facts: []templates.Fact{{Label: "周期", Value: "11月22日 至 11月23日"}, {Label: "本户已出", Value: "1 次"}},
			},
			{Tone: templates.Bad, Title: "现在不能出门", Text: "本户今天的 2 次已经用完，11月24日 00:00 后可再出门。"},
			{Tone: templates.Warn, Title: "即将到期", Text: "租期还有 3 天。"},
		},
		Live: templates.Live{URL: "/h5/dev/live", Event: "passage", Swap: "refresh"},
		Rows: console.Rows, Facts: console.Facts, Badges: console.Badges, Form: console.Form,
		Nothing: templates.Empty{Icon: "history", Title: "还没有通行记录", Text: "第一次刷码后会显示在这里。"},
	}
}

func detail(now time.Time) templates.Detail {
	return templates.Detail{
		Path: "/console/dev/components", Badges: []templates.Badge{{Tone: templates.Bad, Text: "禁止出入"}},
		Facts: []templates.Fact{
			{Label: "小区", Value: "云栖花园", URL: "/console/community"}, {Label: "住户", Value: "3 人，1 人未认证"},
		},
		Actions: []templates.Action{{Label: "添加住户", URL: "/console/resident/new", Icon: "plus"}},
		Menu: templates.RowMenu{
			Label: "3栋501 的操作", Links: []templates.Action{{Label: "修改", URL: "/console/house", Icon: "pencil"}},
		},
		Timeline: &templates.Timeline{
			Moments: []templates.Moment{
				{At: now.Add(-time.Hour), Title: "限制出入", URL: "/console/audit", By: "周敏", Text: "出门次数：禁止出入；原因：装修扰民"},
				{At: now.Add(-48 * time.Hour), Title: "修改住户", Of: "王芳", By: "周敏", Text: "姓名：王方 → 王芳"},
			},
			More: templates.Action{Label: "全部操作", URL: "/console/audit"},
		},
	}
}
