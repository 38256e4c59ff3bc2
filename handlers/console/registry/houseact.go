package registry

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func houseDeleteText(house core.House) string {
	return house.Label + " 永久删除。有住户、出入记录或限制时不能删除。"
}

func (p *Pages) houseRemove(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "删除 " + house.Label + "？", Text: houseDeleteText(house), Submit: "删除 1 套房屋", Danger: true},
		Do:   func() error { return p.Store.RemoveHouse(c.Ctx(), c.Actor(), c.Scope(), house.ID) },
		Done: house.Label + " 已删除。", Back: frame.HouseURL(house.ID), Next: at.URL(frame.HousePath),
	})
}

// houseEditForm returns the form of an existing house.
func (p *Pages) houseEditForm(c *web.Context, at frame.CommunityChoice, house core.House) (templates.Form, error) {
	names, err := p.Store.HouseNames(c.Ctx(), house)
	if err != nil {
		return templates.Form{}, err
	}
	form := houseNewForm(c, frame.CommunityChoice{Community: at.Community})
	form.Action, form.Cancel, form.Submit = frame.HouseURL(house.ID), frame.HouseURL(house.ID), "保存"
	form.Seen = templates.Seen(house.Updated)
	for i, name := range names {
		form.Change(levelField(i), func(f *templates.Field) { f.Value = name })
	}
	owes := ""
	if house.ArrearsFen > 0 {
		owes = strings.ReplaceAll(core.Yuan(house.ArrearsFen), ",", "") // as text that can be edited
	}
	form.Add(templates.Field{Name: "arrears", Label: "欠费", Value: owes, Unit: "元", MaxLength: 14, Short: true, Autocomplete: "off",
		Help: "缴清后留空。欠费只作标记和筛选，不影响通行证。"},
		templates.Field{Name: "remark", Label: "欠费备注", Value: house.Remark, MaxLength: core.MaxArrearsRemark, Autocomplete: "off"})
	return form, nil
}

func (p *Pages) houseEdit(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	form, err := p.houseEditForm(c, at, house)
	if err != nil {
		return err
	}
	return p.houseFormPage(c, at, house, form, nil)
}

func (p *Pages) houseUpdate(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	was, err := p.houseEditForm(c, at, house)
	if err != nil {
		return err
	}
	var form struct {
		Arrears string `form:"arrears" max:"20"`
		Remark  string `form:"remark" max:"200"`
		Seen    int64  `form:"seen"`
	}
	wrong := c.Bind(&form)
	names := make([]string, len(at.Levels))
	for i := range names {
		names[i] = c.Form().Get(levelField(i))
	}
	if wrong == nil {
		wrong = houseNamesWrong(at.Community, names)
	}
	fen, owes := core.ParseYuan(form.Arrears)
	if wrong == nil && owes != nil {
		wrong = core.InvalidFields(map[string]string{"arrears": core.MessageOf(owes)})
	}
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateHouse(c.Ctx(), c.Actor(), c.Scope(), house.ID, store.HouseChange{
			Names: names, ArrearsFen: fen, Remark: form.Remark, Updated: frame.ShownAt(form.Seen),
		})
	}
	if wrong != nil {
		return p.houseFormPage(c, at, house, was, wrong)
	}
	p.Edited(c, "已保存。", was, updated)
	return c.Redirect(frame.HouseURL(house.ID))
}

type houseBulkPage struct {
	templates.Shell
	Form templates.Form
	Plan *houseBulkPlan // nil: not requested yet
}

// houseBulkPlan is what would be created.
type houseBulkPlan struct {
	Facts []templates.Fact
	Known string // existing houses
	New   int
	Kept  []templates.Choice // the form's values, to be posted again
}

// houseBulkPage shows the form, and what it would create if it has a plan.
func (p *Pages) houseBulkPage(
	c *web.Context, at frame.CommunityChoice, form templates.Form, plan *houseBulkPlan, wrong error,
) error {
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := houseBulkPage{Shell: p.Shell(c, "house", "批量生成房屋"), Form: form, Plan: plan}
		page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}
		return p.Page(c, status, "console/house/bulk", page)
	})
}

func houseBulkForm(c *web.Context, at frame.CommunityChoice) templates.Form {
	fields := at.FormFields(frame.HousePath + "/bulk")
	for i, level := range at.Levels[:max(len(at.Levels)-1, 0)] {
		fields = append(fields, templates.Field{
			Name: "above" + strconv.Itoa(i), Label: level, Required: true, MaxLength: 200, Placeholder: "1-3、5",
			Focus: i == 0, Autocomplete: "off", Help: "逐个或成段：1-3、5、A-C。",
		})
	}
	fields = append(fields,
		templates.Field{
			Name: "floors", Label: "楼层", Required: true, MaxLength: 200, Placeholder: "1-18",
			Autocomplete: "off", Help: "地下楼层逐个写：-2、-1、1-18。",
		},
		templates.Field{Name: "rooms", Label: "每层室号", Required: true, MaxLength: 200, Placeholder: "1-4", Autocomplete: "off"},
		templates.Field{Name: "pattern", Label: "门牌格式", Value: core.DefaultHousePattern, MaxLength: 20, Short: true, Autocomplete: "off",
			Help: "“层室室”是 501，“层层室室”是 0501，“层-室”是 5-1。"})
	return templates.Form{
		Action: frame.HousePath + "/bulk", CSRF: c.CSRF(), Cancel: at.URL(frame.HousePath), Submit: "预览",
		Sections: []templates.Section{{
			Help: "先预览，再生成。已有的房屋自动跳过，重复生成不会多出来。", Fields: fields}},
	}
}

func (p *Pages) houseBulk(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.houseBulkPage(c, at, houseBulkForm(c, at), nil, nil)
}

// houseGridForm is the posted form; it also has a field above0, above1, … for each level above the
// houses.
type houseGridForm struct {
	Community core.ID `form:"community"`
	Floors    string  `form:"floors" max:"200"`
	Rooms     string  `form:"rooms" max:"200"`
	Pattern   string  `form:"pattern" max:"40"`
}

// grid returns what the form asks for.
func (f houseGridForm) grid(at frame.CommunityChoice, values url.Values) core.HouseGrid {
	g := core.HouseGrid{Floors: f.Floors, Rooms: f.Rooms, Pattern: f.Pattern, Units: at.Levels[:max(len(at.Levels)-1, 0)]}
	for i := range len(at.Levels) - 1 {
		g.Above = append(g.Above, values.Get("above"+strconv.Itoa(i)))
	}
	return g
}

// houseBulkCreate shows what would be created, and creates it once confirmed.
func (p *Pages) houseBulkCreate(c *web.Context) error {
	var form houseGridForm
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	var paths [][]string
	if wrong == nil {
		paths, wrong = form.grid(at, c.Form()).Paths()
	}
	if wrong == nil && frame.Confirmed(c) {
		var batch core.Batch
		if batch, wrong = p.Store.CreateMissingHouses(c.Ctx(), c.Actor(), c.Scope(), at.ID, paths); wrong == nil {
			done := "已" + core.CountedWords("", core.Counted{Verb: "生成", N: batch.Size, Unit: "套房屋"},
				core.Counted{Verb: "跳过已有的", N: len(paths) - batch.Size, Unit: "套"}) + "。"
			if batch.Size == 0 {
				done = fmt.Sprintf("%s 套房屋都已存在，没有生成新的。", frame.Grouped(len(paths)))
			}
			p.Done(c, done, batch)
			return c.Redirect(at.URL(frame.HousePath))
		}
	}
	shown := houseBulkForm(c, at)
	var plan store.HousePlan
	if wrong == nil {
		plan, wrong = p.Store.PlanHouses(c.Ctx(), c.Scope(), at.ID, paths)
	}
	if wrong != nil {
		return p.houseBulkPage(c, at, shown, nil, wrong)
	}
	shown.Set(c.Form(), nil)
	shownPlan := bulkPlanOf(plan, c.Form())
	shownPlan.Facts = append(axesOf(at.Levels, paths), shownPlan.Facts...)
	return p.houseBulkPage(c, at, shown, shownPlan, nil)
}

// axesOf describes how houses are arranged, so that a field that was read in another way than it was
// meant is seen: 栋 1、2、3 · 单元 1、2（2 个）.
func axesOf(levels []string, paths [][]string) []templates.Fact {
	const maxNamed = 12
	var facts []templates.Fact
	for i, level := range levels {
		var names []string
		for _, path := range paths {
			if !slices.Contains(names, path[i]) {
				names = append(names, path[i])
			}
		}
		value := strings.Join(names[:min(maxNamed, len(names))], "、")
		if len(names) > maxNamed {
			value += fmt.Sprintf(" 等 %d 个", len(names))
		}
		facts = append(facts, templates.Fact{Label: level, Value: value})
	}
	return facts
}

func bulkPlanOf(plan store.HousePlan, values url.Values) *houseBulkPlan {
	const maxNamed = 10
	known := strings.Join(plan.Known[:min(maxNamed, len(plan.Known))], "、")
	if len(plan.Known) > maxNamed {
		known += fmt.Sprintf(" 等 %d 套", len(plan.Known))
	}
	return &houseBulkPlan{
		New: plan.Total - len(plan.Known), Known: known, Kept: templates.Confirm{Keep: values}.Kept(),
		Facts: []templates.Fact{
			{Label: "共", Value: fmt.Sprintf("%d 套", plan.Total)}, {Label: "第一套", Value: plan.First}, {Label: "最后一套", Value: plan.Last},
			{Label: "将生成", Value: fmt.Sprintf("%d 套", plan.Total-len(plan.Known))},
		},
	}
}
