package account

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// batchRoutes returns the routes of 批量操作: acts upon several things, and how they are taken back.
// Those of a kind are seen by accounts that may do its act, or see the audit log.
func (p *Pages) batchRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.BatchPath, Access: web.SignedIn, Handler: p.batchList},
		{Method: http.MethodGet, Path: frame.BatchPath + "/:id", Access: web.SignedIn, Handler: p.batchShow},
		{Method: http.MethodPost, Path: frame.BatchPath + "/:id/undo", Access: web.SignedIn, Level: web.Asks, Handler: p.batchUndo},
	}
}

// batchKinds returns the kinds of batches that the account may see.
func batchKinds(c *web.Context) []core.BatchKind {
	var kinds []core.BatchKind
	for _, t := range core.BatchTypes {
		if c.Has(t.Permission) || c.Has(core.PermAuditView) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// logTabs returns the tabs of 操作日志 and of the pages next to it.
func logTabs(c *web.Context, active string) templates.Tabs {
	tabs := templates.Tabs{Label: "操作日志"}
	if c.Has(core.PermAuditView) {
		tabs.Items = append(tabs.Items,
			templates.NavItem{Label: "操作", URL: frame.Keep(c, frame.AuditPath), Active: active == "audit"},
			templates.NavItem{Label: "个人信息查看", URL: frame.Keep(c, frame.AuditViewPath), Active: active == "view"},
			templates.NavItem{Label: "校验", URL: auditVerifyPath, Active: active == "verify"},
		)
	}
	tabs.Items = append(tabs.Items,
		templates.NavItem{Label: "批量操作", URL: frame.Keep(c, frame.BatchPath), Active: active == "batch"},
		templates.NavItem{Label: "后台任务", URL: frame.JobPath, Active: active == "job"},
	)
	return tabs
}

type batchListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []batchListRow
}

type batchListRow struct {
	URL, Kind, Community, By string
	Size                     string
	State                    templates.Badge
	Created                  time.Time
}

const batchesAPage = 50

func (p *Pages) batchList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	var asked struct {
		Kind core.BatchKind `form:"kind" max:"32"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	filter := store.BatchFilter{Communities: c.Scope(), Kinds: batchKinds(c), Page: c.CountedPage(batchesAPage)}
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		filter.Communities = core.ScopeOf(chosen, 0) // and what concerns all
	}
	table := batchTable(c, at, filter.Kinds)
	if asked.Kind != "" {
		filter.Kinds = slices.DeleteFunc(filter.Kinds, func(k core.BatchKind) bool { return k != asked.Kind })
	}
	batches, more, err := p.Store.Batches(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page := batchListPage{Shell: p.Shell(c, "audit", "批量操作"), Tabs: logTabs(c, "batch"), List: table}
	for _, b := range batches {
		page.Rows = append(page.Rows, batchRowOf(b, at))
	}
	web.Paged(&page.List, filter.Page, batches, more, func(b core.Batch) core.ID { return b.ID })
	page.Total = page.List.TotalText("次")
	return p.Page(c, http.StatusOK, "console/batch/list", page)
}

func batchTable(c *web.Context, at frame.CommunityChoice, kinds []core.BatchKind) templates.List {
	list := templates.List{
		Path: frame.BatchPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "操作"}, {Label: "数量", Number: true}, {Label: "小区"}, {Label: "操作者"},
			{Label: "状态", Narrow: true}, {Label: "时间", Narrow: true},
		},
		Filters: []templates.Field{{
			Kind: templates.Select, Name: "kind", Label: "操作",
			Choices: templates.ChoicesOf("全部操作", kinds, core.BatchKind.Label),
		}},
		Empty: templates.Empty{
			Icon: "history", Title: "还没有批量操作", Text: "批量限制、解除、生成、添加和迁出都记在这里，可以撤销。",
		},
	}
	if len(at.All) > 1 {
		list.Filters = append([]templates.Field{at.Field("全部小区")}, list.Filters...)
	}
	return list
}

func batchRowOf(b core.Batch, at frame.CommunityChoice) batchListRow {
	return batchListRow{
		URL: frame.BatchURL(b.ID), Kind: b.Kind.Label(), Community: at.NameOf(b.Community),
		By: cmp.Or(b.By.Name, b.By.Kind.Label()), Size: batchSize(b, b.Size), State: batchBadge(b), Created: b.Created,
	}
}

// batchSize counts things of a batch: 120 套房屋.
func batchSize(b core.Batch, n int) string {
	t, _ := b.Kind.Type()
	return frame.Grouped(n) + " " + t.Unit
}

func batchBadge(b core.Batch) templates.Badge {
	tone := map[core.BatchState]templates.Tone{
		core.BatchDone: templates.Good, core.BatchUndoing: templates.Warn, core.BatchPartly: templates.Warn,
	}[b.State()]
	return templates.Badge{Tone: cmp.Or(tone, templates.Neutral), Text: b.State().Label()}
}

// batch returns the batch in the path, if the account may see it.
func (p *Pages) batch(c *web.Context) (core.Batch, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Batch{}, err
	}
	b, err := p.Store.Batch(c.Ctx(), c.Scope(), id)
	if err == nil && !slices.Contains(batchKinds(c), b.Kind) {
		err = core.NotFound("没有这次批量操作")
	}
	return b, err
}

type batchShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Undo  *templates.Submit // nil = there is nothing to take back, or no permission
	Why   string            // there is no button
	List  templates.List
	Rows  []batchItem
}

type batchItem struct {
	Name, URL     string
	Before, After string
	State         templates.Badge
	Kept, By      string
	At            time.Time
}

const batchItemsAPage = 100

func (p *Pages) batchShow(c *web.Context) error {
	b, err := p.batch(c)
	if err != nil {
		return err
	}
	var asked struct {
		State string `form:"state" of:"done undone kept"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	filter := store.BatchItemFilter{State: core.BatchItemState(asked.State), Page: c.CountedPage(batchItemsAPage)}
	items, more, err := p.Store.BatchItems(c.Ctx(), b, filter)
	if err != nil {
		return err
	}
	if err := p.NameFollowers(c, items); err != nil {
		return err
	}
	page := batchShowPage{Shell: p.Shell(c, "audit", b.Kind.Label()+" · "+batchSize(b, b.Size))}
	page.Crumbs = []templates.Crumb{{Label: "批量操作", URL: frame.BatchPath}}
	if b.Community != 0 {
		at, err := p.CommunityOf(c, b.Community.String())
		if err != nil {
			return err
		}
		page.Note = at.Name
	}
	page.Facts = p.batchFacts(b)
	page.Undo, page.Why = batchUndoButton(c, b)
	page.List = batchItemTable(c, b)
	for _, item := range items {
		page.Rows = append(page.Rows, batchItemOf(c, b, item))
	}
	web.Paged(&page.List, filter.Page, items, more, func(i core.BatchItem) core.ID { return i.Thing })
	page.Total = page.List.TotalText("项")
	return p.Page(c, http.StatusOK, "console/batch/show", page)
}

func (p *Pages) batchFacts(b core.Batch) []templates.Fact {
	moment := func(t time.Time) string { return t.In(p.Store.Zone()).Format("2006-01-02 15:04:05") }
	facts := []templates.Fact{
		{Label: "操作", Value: b.Kind.Label()}, {Label: "数量", Value: batchSize(b, b.Size)},
		{Label: "操作者", Value: actorText(b.By)}, {Label: "时间", Value: moment(b.Created)},
		{Label: "状态", Badge: batchBadge(b)},
	}
	if b.Begun.IsZero() {
		return facts
	}
	facts = append(facts,
		templates.Fact{Label: "已撤销", Value: batchSize(b, b.Undone)}, templates.Fact{Label: "保留", Value: batchSize(b, b.Kept)},
	)
	if b.Left() > 0 {
		facts = append(facts, templates.Fact{Label: "还没有撤销", Value: batchSize(b, b.Left())})
	}
	return append(facts, templates.Fact{Label: "撤销", Value: b.UndoneBy + "，" + moment(b.Begun)})
}

// batchUndoButton returns the button 撤销本次, or why there is none.
func batchUndoButton(c *web.Context, b core.Batch) (*templates.Submit, string) {
	t, _ := b.Kind.Type()
	switch {
	case !b.Ended.IsZero():
		return nil, ""
	case !c.Has(t.Permission):
		return nil, "撤销需要“" + t.Permission.Name() + "”的权限。"
	}
	button := &templates.Submit{Label: "撤销本次", URL: frame.BatchURL(b.ID) + "/undo", Icon: "arrow-back-up"}
	if !b.Begun.IsZero() {
		button.Label = "继续撤销"
	}
	return button, ""
}

func batchItemTable(c *web.Context, b core.Batch) templates.List {
	list := templates.List{
		Path: frame.BatchURL(b.ID), Query: c.Request().URL.Query(), Cards: true, Whole: true,
		Columns: []templates.Column{
			{Label: "对象"}, {Label: "之前"}, {Label: "之后"}, {Label: "状态", Narrow: true}, {Label: "保留原因"},
		},
		Filters: []templates.Field{{
			Kind: templates.Select, Name: "state", Label: "状态",
			Choices: []templates.Choice{
				{Label: "全部"}, {Value: "done", Label: "没有撤销"}, {Value: "undone", Label: "已撤销"}, {Value: "kept", Label: "保留"},
			},
		}},
		Empty: templates.Empty{Icon: "history", Title: "没有内容"},
	}
	return list
}

func batchItemOf(c *web.Context, b core.Batch, item core.BatchItem) batchItem {
	row := batchItem{Name: item.Name, Before: "无", After: "无", Kept: item.Why.Label(), By: item.Who, At: item.At}
	var before, after []string
	for _, change := range item.Changes(b.Kind) {
		if change.Before != "" {
			before = append(before, change.Before)
		}
		if change.After != "" {
			after = append(after, change.After)
		}
	}
	row.Before = cmp.Or(strings.Join(before, "，"), item.Was, "–")
	row.After = cmp.Or(strings.Join(after, "，"), item.Became, "–")
	if item.Name != "" {
		row.URL = frame.SubjectURL(c, item.Stem+":"+item.Thing.String())
	}
	if item.Name == "" {
		row.Name = "已删除"
		if item.Became == "" && row.After != "–" { // of a thing what it was called; of a person that is their state alone
			row.Name = row.After
		}
	}
	if item.Before+item.Was == "" {
		row.Before = "无"
	}
	row.State = map[core.BatchItemState]templates.Badge{
		core.BatchItemDone:   {Tone: templates.Good, Text: "已生效"},
		core.BatchItemUndone: {Tone: templates.Neutral, Text: "已撤销"},
		core.BatchItemKept:   {Tone: templates.Warn, Text: "保留"},
	}[item.State]
	return row
}

// batchUndo takes a batch back. Who may not do its act finds none to take back.
func (p *Pages) batchUndo(c *web.Context) error {
	b, err := p.batch(c)
	if err != nil {
		return err
	}
	t, _ := b.Kind.Type()
	if !c.Has(t.Permission) {
		return core.NotFound("没有可以撤销的批量操作")
	}
	back := cmp.Or(c.CameFrom(), frame.BatchURL(b.ID))
	if b.Ended.IsZero() && b.Size > 1 {
		kept, whole, err := p.Store.PlanUndo(c.Ctx(), c.Scope(), b.ID)
		if err != nil {
			return p.Refused(c, err, frame.BatchURL(b.ID))
		}
		if err := p.NameFollowers(c, kept); err != nil {
			return err
		}
		ask := batchUndoAsk(b, kept, whole)
		if ask.Cancel = back; ask.Submit == "" || !frame.Confirmed(c) {
			return p.Confirm(c, "audit", ask)
		}
	}
	if b, err = p.undo(c, b); err != nil {
		return p.Refused(c, err, frame.BatchURL(b.ID))
	}
	message, kind := "已撤销 "+batchSize(b, b.Undone)+"。", web.FlashSuccess
	if b.Kept > 0 {
		message, kind = fmt.Sprintf("已撤销 %s，保留 %s，原因见各行。", batchSize(b, b.Undone), batchSize(b, b.Kept)), web.FlashWarning
	}
	c.ShowFlash(web.Flash{Kind: kind, Message: message, Link: frame.BatchURL(b.ID)})
	if b.Size == 1 {
		return c.Redirect(back)
	}
	return c.Redirect(frame.BatchURL(b.ID))
}

// undo takes a batch back; what WeChat holds, there first.
func (p *Pages) undo(c *web.Context, b core.Batch) (core.Batch, error) {
	ctx := c.Ctx()
	if t, _ := b.Kind.Type(); t.Stem == "follower" && b.Ended.IsZero() {
		tagging, followers, err := p.Store.BeginTaggingUndo(ctx, c.Scope(), b)
		if err != nil {
			return b, err
		}
		if err := p.TagAtWechat(c, followers, tagging); err != nil {
			return b, err
		}
		lasting, cancel := c.Lasting()
		defer cancel()
		ctx = lasting
	}
	return p.Store.UndoBatch(ctx, c.Actor(), c.Scope(), b.ID)
}

// batchUndoAsk returns the question; kept is what would stay as it is, as far as it was looked at: whole is whether that is all of it.
// If everything stays, there is nothing to answer.
func batchUndoAsk(b core.Batch, kept []core.BatchItem, whole bool) templates.Confirm {
	t, _ := b.Kind.Type()
	ask := templates.Confirm{
		Title: fmt.Sprintf("撤销这次“%s”？", b.Kind.Label()), Text: t.Undo + t.Kept,
		Effects: []string{
			"本次共 " + batchSize(b, b.Size), "其中 " + batchSize(b, b.Left()) + "还没有撤销，没有再改过的立即恢复",
		},
		Action: frame.BatchURL(b.ID) + "/undo", Submit: "撤销 " + batchSize(b, b.Left()-len(kept)),
	}
	if len(kept) > 0 {
		ask.Effects[1] = "还没有撤销的有 " + batchSize(b, b.Left()) + "，其中保留 " + batchSize(b, len(kept)) + "："
		if !whole {
			ask.Effects[1] = "还没有撤销的有 " + batchSize(b, b.Left()) + "，其中至少保留 " + batchSize(b, len(kept)) + "："
		}
		ask.Effects = append(ask.Effects, frame.Named(len(kept), t.Unit, func(i int) string {
			return cmp.Or(kept[i].Name, "已删除") + "（" + kept[i].Why.Label() + "）"
		})...)
	}
	if !whole {
		ask.Effects, ask.Submit = append(ask.Effects, frame.PlannedInPart), "撤销没有改过的"
	}
	if len(kept) == b.Left() {
		ask.Title, ask.Submit = "现在没有可以撤销的", "" // and it stays possible, should a later change be taken back
		ask.Text = "这次的每一项之后都又变化过，都会保留。先撤销之后的操作，再来撤销这一次。"
	}
	return ask
}
