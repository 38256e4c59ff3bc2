package access

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitorBlockRoutes returns the routes of 访客黑名单, a tab of 访客与出门条.
func (p *Pages) visitorBlockRoutes() []web.Route {
	view, edit := web.Need(core.PermVisitorPassView), web.Need(core.PermVisitorBlockEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.VisitorBlockPath, Access: view, Handler: p.visitorBlockList},
		{Method: http.MethodGet, Path: frame.VisitorBlockPath + "/new", Access: edit, Handler: p.visitorBlockNew},
		{
			Method: http.MethodPost, Path: frame.VisitorBlockPath, Access: edit, Level: web.Types, Handler: p.visitorBlockCreate,
			Draft: true,
		},
		{
			Method: http.MethodPost, Path: frame.VisitorPassPath + "/:id/block", Access: edit, Level: web.Asks,
			Handler: p.visitorPassBlock,
		},
		{
			Method: http.MethodPost, Path: frame.VisitorBlockPath + "/:id/remove", Access: edit, Level: web.Asks,
			Handler: p.visitorBlockRemove,
		},
	}
}

// visitTabs returns the tabs of 访客与出门条.
func visitTabs(c *web.Context, active string) templates.Tabs {
	tabs := templates.Tabs{Label: "访客与出门条"}
	for _, f := range core.Tabs("visitorpass") {
		if f.Open(c.Has) {
			tabs.Items = append(tabs.Items, templates.NavItem{
				Stem: f.Stem, Label: f.Noun, URL: frame.Keep(c, frame.StemURL(f.Stem, "")), Active: f.Stem == active,
			})
		}
	}
	return tabs
}

type visitorBlockListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []visitorBlockRow
}

type visitorBlockRow struct {
	Value, Kind, Community, Reason, By string
	Until                              templates.Badge
	Menu                               templates.RowMenu
}

func (p *Pages) visitorBlockList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.VisitorBlock]{
		Stem: "visitorpass", Title: "访客黑名单", Edit: core.PermVisitorBlockEdit, Add: "加入黑名单", Unit: "条", Table: visitorBlockTable(),
		ID: func(b core.VisitorBlock) core.ID { return b.ID },
		Find: func(community core.ID, page core.Page) ([]core.VisitorBlock, bool, error) {
			var asked struct {
				Keyword string  `form:"q" max:"60"` // a whole reason
				Entry   core.ID `form:"entry"`      // that a hit, or a barred visitor, leads to
			}
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			return p.Store.VisitorBlocks(c.Ctx(), c.Scope(), store.VisitorBlockFilter{
				Community: community, Entry: asked.Entry, Keyword: asked.Keyword, Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	if c.Has(core.PermVisitorBlockEdit) && len(found.At.All) > 0 {
		found.Shell.Actions = append(found.Shell.Actions, templates.Action{
			Label: "导入黑名单", URL: found.At.URL(frame.VisitorBlockPath + "/import"), Icon: "upload",
		})
	}
	page := visitorBlockListPage{Shell: found.Shell, Tabs: p.CountTabs(c, visitTabs(c, "visitorblock")), List: found.List}
	for _, b := range found.Records {
		row := visitorBlockRow{
			Value: b.Value, Kind: b.Kind.Label(), Community: found.At.NameOf(b.Community), Reason: b.Reason, By: b.By,
			Until: blockBadge(b, p.Today(c)),
		}
		if c.Has(core.PermVisitorBlockEdit) {
			row.Menu = templates.RowMenu{Label: b.Value + " 的操作", CSRF: page.CSRF, Acts: []templates.Submit{{
				Label: "移出黑名单", URL: frame.VisitorBlockPath + "/" + b.ID.String() + "/remove", Icon: "arrow-back-up", Ask: true,
			}}}
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/visitorblock/list", page)
}

func blockBadge(b core.VisitorBlock, today core.Day) templates.Badge {
	switch {
	case b.Ended(today):
		return templates.Badge{Tone: templates.Neutral, Text: "已到期"}
	case b.LastDay != 0:
		return templates.Badge{Tone: templates.Warn, Text: "到 " + b.LastDay.String()}
	}
	return templates.Badge{Tone: templates.Bad, Text: "长期"}
}

func visitorBlockTable() templates.List {
	return templates.List{
		Path: frame.VisitorBlockPath,
		Columns: []templates.Column{
			{Label: "号码"}, {Label: "类型", Narrow: true}, {Label: "原因"}, {Label: "期限", Narrow: true},
			{Label: "添加人"}, {Label: "操作", Narrow: true},
		},
		Filters: []templates.Field{{Name: "q", Label: "完整号码、车牌或原因", MaxLength: 60}},
		Empty: templates.Empty{
			Icon: "ban", Title: "黑名单是空的", Text: "加入后，这个手机号、证件号或车牌的访客不能申请、不能受邀，也不能进门。", Ask: "请联系管理员添加。",
		},
	}
}

type visitorBlockFormPage struct {
	templates.Shell
	Form templates.Form
}

// visitorBlockForm is the posted form.
type visitorBlockForm struct {
	Community core.ID  `form:"community"`
	Values    string   `form:"values" text:"lines" max:"20000"`
	Reason    string   `form:"reason" max:"120"`
	LastDay   core.Day `form:"last_day"`
}

func (p *Pages) visitorBlockNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.visitorBlockFormPage(c, visitorBlockForm{Community: at.ID}, nil)
}

func (p *Pages) visitorBlockFormPage(c *web.Context, f visitorBlockForm, wrong error) error {
	at, err := p.formCommunity(c, f.Community, true)
	if err != nil {
		return err
	}
	form := templates.Form{
		Action: frame.VisitorBlockPath, CSRF: c.CSRF(), Cancel: frame.VisitorBlockPath, Submit: "加入黑名单",
		Sections: []templates.Section{{Fields: append(at.FormFields(""), []templates.Field{
			{
				Kind: templates.Textarea, Name: "values", Label: "手机号、证件号或车牌", Required: true, Rows: 5,
				Help: fmt.Sprintf("每行一个，自动识别类型，一次最多 %d 个。", core.MaxBlocksAtOnce),
			},
			{Name: "reason", Label: "原因", Required: true, MaxLength: core.MaxBlockReason, Help: "物业和门岗会看到；访客只会看到“无法受理，请联系物业”。"},
			{Kind: templates.Date, Name: "last_day", Label: "截止日期", Help: "不填就是长期。"},
		}...)}},
	}
	if wrong == nil && frame.EditsAgain(c) {
		form.Set(c.Form(), nil)
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := visitorBlockFormPage{Shell: p.Shell(c, "visitorpass", "加入黑名单"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "访客黑名单", URL: frame.VisitorBlockPath}}
		return p.Page(c, status, "console/visitorblock/form", page)
	})
}

func (p *Pages) visitorBlockCreate(c *web.Context) error {
	var form visitorBlockForm
	wrong := c.Bind(&form)
	blocks, err := core.ReadBlocks(form.Values, form.Reason, form.LastDay, p.Today(c))
	if wrong = frame.MergeFields(wrong, err); wrong == nil && !frame.EditsAgain(c) {
		var plan core.BlockChange
		if plan, wrong = p.Store.PlanVisitorBlocks(c.Ctx(), c.Scope(), form.Community, blocks); wrong == nil {
			q := p.blockQuestion(c, plan, form.Reason, form.LastDay)
			q.Keep, q.Edit = c.Form(), true
			return p.blockAct(c, form.Community, blocks, q, frame.VisitorBlockPath)
		}
	}
	return p.visitorBlockFormPage(c, form, wrong)
}

// blockAct asks, and adds entries to a blacklist.
func (p *Pages) blockAct(c *web.Context, community core.ID, blocks []core.VisitorBlock, ask templates.Confirm, back string) error {
	added := 0
	return p.Act(c, frame.Act{
		Ask: ask, Stem: "visitorpass", Back: back,
		Batch: func() (core.Batch, error) {
			made, err := p.Store.CreateVisitorBlocks(c.Ctx(), c.Actor(), c.Scope(), community, blocks)
			added = made.Added
			return made.Batch, err
		},
		DoneAll: func(b core.Batch) string { return blocksAdded(added, b.Size) },
	})
}

// blockQuestion asks before entries are added to a blacklist, with what was read, what is on it already, and the passes that stop.
func (p *Pages) blockQuestion(c *web.Context, plan core.BlockChange, reason string, last core.Day) templates.Confirm {
	n, after := len(plan.Blocks), core.VisitorBlock{Reason: core.Clean(reason), LastDay: last}
	q := templates.Confirm{
		Title: "把 " + frame.Grouped(n) + " 个号码加入黑名单？", Submit: "加入 " + frame.Grouped(n) + " 条黑名单", Danger: true,
		Text:   "立即生效：不能申请、不能受邀，也不能进门。期限：" + after.UntilText() + "。可以撤销，也可以随时移出。",
		Cancel: frame.VisitorBlockPath, Typed: frame.TypedNumber(n),
		Effects: []string{core.CountByKind(plan.Blocks) + "："},
	}
	q.Effects = append(q.Effects, frame.Named(n, "条", func(i int) string {
		return plan.Blocks[i].Value + "（" + plan.Blocks[i].Kind.Label() + "）"
	})...)
	if plan.Passes > 0 {
		q.Effects = append(q.Effects, frame.Grouped(plan.Passes)+" 张有效的访客通行证不能再进门")
	}
	if known := len(plan.Known); known > 0 {
		words := "其中 " + frame.Grouped(known) + " 条已经在黑名单上，期限和原因会换成这次填写的："
		if shorter := endsEarlier(plan.Known, last, p.Today(c)); shorter > 0 {
			words = "其中 " + frame.Grouped(known) + " 条已经在黑名单上，期限和原因会换成这次填写的，" +
				frame.Grouped(shorter) + " 条会比现在更早到期："
		}
		q.Effects = append(append(q.Effects, words), frame.Named(known, "条", func(i int) string {
			return plan.Known[i].Value + "（现在" + plan.Known[i].UntilText() + "，" + plan.Known[i].Reason + "）"
		})...)
	}
	return q
}

// endsEarlier returns how many entries would end earlier than they do.
func endsEarlier(known []core.VisitorBlock, last, today core.Day) int {
	n := 0
	for _, b := range known {
		if last != 0 && !b.Ended(today) && (b.LastDay == 0 || last < b.LastDay) {
			n++
		}
	}
	return n
}

// blockReasons are the usual reasons why a visitor is put on a blacklist from their visit.
var blockReasons = []string{"多次滋扰住户", "冒用他人名义", "推销、张贴广告", "打架、损坏财物", "法院或公安要求"}

// visitorPassBlock puts the numbers of a visit on the blacklist; the office need not know them whole.
func (p *Pages) visitorPassBlock(c *web.Context) error {
	v, err := p.visitorPass(c)
	if err != nil {
		return err
	}
	back := frame.BackTo(c, frame.VisitorPassPath, frame.VisitorPassURL(v.ID))
	blocks, err := p.Store.BlocksOfVisit(c.Ctx(), c.Scope(), v.ID)
	if err != nil {
		return p.Refused(c, err, back)
	}
	plan, err := p.Store.PlanVisitorBlocks(c.Ctx(), c.Scope(), v.Community, blocks)
	if err != nil {
		return err
	}
	q := p.blockQuestion(c, plan, "", 0)
	q.Title, q.Cancel, q.Reasons = "把“"+v.Name+"”加入黑名单？", back, blockReasons
	q.Told, q.Most = "物业和门岗会看到，访客看不到", core.MaxBlockReason
	for i := range blocks {
		blocks[i].Reason = core.Clean(q.Reason(c.Form()))
	}
	return p.blockAct(c, v.Community, blocks, q, back)
}

// blocksAdded returns in words how many of some entries are new.
func blocksAdded(added, all int) string {
	if added == all {
		return "已加入 " + frame.Grouped(added) + " 条，立即生效。"
	}
	return "已加入 " + frame.Grouped(added) + " 条，另外 " + frame.Grouped(all-added) + " 条原来就在，原因和期限已更新。"
}

func (p *Pages) visitorBlockRemove(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	b, err := p.Store.VisitorBlock(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "把“" + b.Value + "”移出黑名单？", Text: "立即可以申请、受邀和进门。需要时可以重新加入。", Submit: "移出黑名单",
			Effects: []string{"1 条：" + b.Kind.Label() + "，原因：" + b.Reason},
		},
		Stem: "visitorpass",
		Do:   func() error { return p.Store.RemoveVisitorBlock(c.Ctx(), c.Actor(), c.Scope(), id) },
		Done: "已把“" + b.Value + "”移出黑名单。", Back: frame.VisitorBlockPath,
	})
}
