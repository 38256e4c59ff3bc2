package registry

import (
	"fmt"
	"net/http"
	"net/url"
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

// houseEditPage returns the form of an existing house.
func (p *Pages) houseEditPage(c *web.Context, at frame.CommunityChoice, house core.House) (houseFormPage, error) {
	names, err := p.Store.HouseNames(c.Ctx(), house)
	if err != nil {
		return houseFormPage{}, err
	}
	page := p.housePage(c, at)
	page.Title, page.Form.Action, page.Form.Cancel, page.Form.Submit = "修改房屋", frame.HouseURL(house.ID), frame.HouseURL(house.ID), "保存"
	page.Form.Seen = templates.Seen(house.Updated)
	page.Crumbs = append(page.Crumbs, templates.Crumb{Label: house.Label, URL: frame.HouseURL(house.ID)})
	for i, name := range names {
		page.Form.Change(levelField(i), func(f *templates.Field) { f.Value = name })
	}
	owes := ""
	if house.ArrearsFen > 0 {
		owes = strings.ReplaceAll(core.Yuan(house.ArrearsFen), ",", "") // as text that can be edited
	}
	page.Form.Add(templates.Field{Name: "arrears", Label: "欠费", Value: owes, Unit: "元", MaxLength: 14, Short: true, Autocomplete: "off",
		Help: "缴清后留空。欠费只作标记和筛选，不影响通行证。"})
	return page, nil
}

func (p *Pages) houseEdit(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	page, err := p.houseEditPage(c, at, house)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/house/form", page)
}

func (p *Pages) houseUpdate(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	was, err := p.houseEditPage(c, at, house)
	if err != nil {
		return err
	}
	var form struct {
		Arrears string `form:"arrears" max:"20"`
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
	if wrong == nil {
		wrong = p.Store.UpdateHouse(c.Ctx(), c.Actor(), c.Scope(), house.ID, store.HouseChange{
			Names: names, ArrearsFen: fen, Updated: frame.ShownAt(form.Seen),
		})
	}
	if wrong != nil {
		page, err := p.houseEditPage(c, at, house)
		if err != nil {
			return err
		}
		return p.FormPage(c, wrong, &page.Form, func(status int) error { return p.Page(c, status, "console/house/form", page) })
	}
	p.Edited(c, "已保存。", was.Form, func() (time.Time, error) {
		now, _, err := p.house(c)
		return now.Updated, err
	})
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

func (p *Pages) houseBulkPage(c *web.Context, at frame.CommunityChoice) houseBulkPage {
	page := houseBulkPage{Shell: p.Shell(c, "house", "批量生成房屋")}
	page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}
	fields := []templates.Field{{Kind: templates.Hidden, Name: "community", Value: at.ID.String()}}
	for i, level := range at.Levels[:len(at.Levels)-1] {
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
	page.Form = templates.Form{
		Action: frame.HousePath + "/bulk", CSRF: page.CSRF, Cancel: at.URL(frame.HousePath), Submit: "预览",
		Sections: []templates.Section{{
			Help: "先预览，再生成。已有的房屋自动跳过，重复生成不会多出来。", Fields: fields}},
	}
	return page
}

func (p *Pages) houseBulk(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNoCommunityYet
	}
	return p.Page(c, http.StatusOK, "console/house/bulk", p.houseBulkPage(c, at))
}

// houseBulkForm is the posted form; it also has a field above0, above1, … for each level above the
// houses.
type houseBulkForm struct {
	Community core.ID `form:"community" required:"请选择小区"`
	Floors    string  `form:"floors" max:"200"`
	Rooms     string  `form:"rooms" max:"200"`
	Pattern   string  `form:"pattern" max:"40"`
}

// grid returns what the form asks for.
func (f houseBulkForm) grid(at frame.CommunityChoice, values url.Values) core.HouseGrid {
	g := core.HouseGrid{Floors: f.Floors, Rooms: f.Rooms, Pattern: f.Pattern}
	for i := range len(at.Levels) - 1 {
		g.Above = append(g.Above, values.Get("above"+strconv.Itoa(i)))
	}
	return g
}

// houseBulkCreate shows what would be created, and creates it once confirmed.
func (p *Pages) houseBulkCreate(c *web.Context) error {
	var form houseBulkForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
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
			p.Done(c, fmt.Sprintf("已生成 %d 套房屋，跳过已有的 %d 套。", batch.Size, len(paths)-batch.Size), batch)
			return c.Redirect(at.URL(frame.HousePath))
		}
	}
	page := p.houseBulkPage(c, at)
	var plan store.HousePlan
	if wrong == nil {
		plan, wrong = p.Store.PlanHouses(c.Ctx(), c.Scope(), at.ID, paths)
	}
	if wrong != nil {
		return p.FormPage(c, wrong, &page.Form, func(status int) error { return p.Page(c, status, "console/house/bulk", page) })
	}
	page.Form.Set(c.Form(), nil)
	page.Plan = bulkPlanOf(plan, c.Form())
	return p.Page(c, http.StatusOK, "console/house/bulk", page)
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
