package registry

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

var residentColumns = []string{"姓名", "性别", "身份", "租约到期时间", "手机", "证件号", "小区", "房屋", "认证", "认证时间", "迁出时间", "手机说明", "现场核验"}

// residentExport sends the filtered residents as a spreadsheet, with masked phone and ID numbers.
func (p *Pages) residentExport(c *web.Context) error {
	export, err := p.residentSheet(c, false)
	if err != nil {
		return err
	}
	return p.Export(c, export)
}

// residentExportLater has the spreadsheet made in the background.
func (p *Pages) residentExportLater(c *web.Context) error {
	export, err := p.residentSheet(c, false)
	if err != nil {
		return err
	}
	return p.ExportLater(c, export)
}

// residentExportAsk asks for confirmation before full numbers leave the program. It requires the
// permission to export besides that to see them.
func (p *Pages) residentExportAsk(c *web.Context) error {
	if !c.Has(core.PermResidentExport) {
		return core.Forbidden("没有导出住户的权限")
	}
	filter, at, note, err := p.residentFilter(c)
	if err != nil {
		return err
	}
	return p.Confirm(c, "resident", residentExportQuestion(c, filterText(filter, at, note)))
}

// residentExportQuestion asks what an export with full numbers is for.
func residentExportQuestion(c *web.Context, effects []string) templates.Confirm {
	query := c.Request().URL.Query()
	return templates.Confirm{
		Title: "导出完整的手机号和证件号？", Text: "文件离开系统后由您负责保管。谁在什么时间、按什么条件导出，都会记入操作日志。", Effects: effects,
		Action: templates.WithQuery(frame.ResidentPath+"/export", query), Submit: "导出完整号码",
		Cancel: templates.WithQuery(frame.ResidentPath, query), Download: true, Danger: true, Purpose: true, Typed: "完整号码",
	}
}

// filterText describes which residents the file would contain.
func filterText(f store.ResidentFilter, at frame.CommunityChoice, house string) []string {
	words := []string{"全部小区"}
	for _, community := range at.All {
		if community.ID == f.Community {
			words[0] = "小区：" + community.Name
		}
	}
	add := func(is bool, text string) {
		if is {
			words = append(words, text)
		}
	}
	add(house != "", house)
	add(f.Node != 0, "所选的楼栋")
	add(core.Clean(f.Keyword) != "", "含“"+core.Clean(f.Keyword)+"”")
	add(f.Certified == "yes", "已认证")
	add(f.Certified == "no", "未认证")
	add(f.Identity != "", "身份："+f.Identity.Label())
	add(f.MovedOut, "已迁出")
	return words
}

func (p *Pages) residentExportWhole(c *web.Context) error {
	if !c.Has(core.PermResidentExport) {
		return core.Forbidden("没有导出住户的权限")
	}
	filter, at, note, err := p.residentFilter(c)
	if err != nil {
		return err
	}
	if asked, err := p.Ask(c, "resident", residentExportQuestion(c, filterText(filter, at, note))); asked {
		return err
	}
	export, err := p.residentSheet(c, true)
	if err != nil {
		return err
	}
	return p.ExportAnswered(c, export)
}

func (p *Pages) residentSheet(c *web.Context, whole bool) (frame.Export, error) {
	filter, at, note, err := p.residentFilter(c)
	if err != nil {
		return frame.Export{}, err
	}
	filter.Page = core.Page{}
	of := store.ResidentExport{Whole: whole, Purpose: c.Form().Get(templates.PurposeField)}
	export := frame.Export{
		Export: residentExportOf(),
		NewExport: store.NewExport{
			Kind: core.ExportResidents, Community: filter.Community, Whole: whole, Purpose: of.Purpose, Filter: filter,
		},
		What: append(filterText(filter, at, note), "手机号和证件号只显示一部分"),
		Back: templates.WithQuery(frame.ResidentPath, c.Request().URL.Query()),
	}
	export.Beyond = func(n int) (bool, error) { return p.Store.ResidentsBeyond(c.Ctx(), c.Scope(), filter, n) }
	export.Rows = func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportResidents(ctx, c.Actor(), c.Scope(), filter, of, addResident(add, p.Store.Zone()))
	}
	return export, nil
}

func residentExportOf() web.Export { return web.Export{Name: "住户", Columns: residentColumns} }

func addResident(add func(values ...any) error, zone *time.Location) func(store.ResidentRow) error {
	return func(r store.ResidentRow) error { return add(residentCells(r, zone)...) }
}

// ExportSheets are the exports of the area.
var ExportSheets = frame.ExportSheets{core.ExportResidents: residentExportRows, core.ExportHouses: houseExportRows}

// residentExportRows are those of a file that is made in the background.
func residentExportRows(_ context.Context, s *store.Store, e store.Export) (frame.ExportRows, error) {
	var filter store.ResidentFilter
	err := e.Read(&filter)
	return frame.ExportRows{
		Export: residentExportOf(),
		Rows: func(ctx context.Context, add func(values ...any) error) error {
			return s.EachResident(ctx, e.Scope, filter, e.Whole, addResident(add, s.Zone()))
		},
	}, err
}

func residentCells(r store.ResidentRow, zone *time.Location) []any {
	lease, certified := "", "未认证"
	if r.LeaseDay != 0 {
		lease = r.LeaseDay.String()
	}
	if !r.Certified.IsZero() {
		certified = "已认证"
	}
	phone := ""
	switch {
	case r.Phone == "":
		phone = "无手机"
	case r.PhoneShared:
		phone = "家人共用"
	}
	desk := ""
	if !r.Certified.IsZero() && r.Desk.How != "" {
		desk = r.Desk.How.Label() + "，" + r.Desk.By
	}
	return []any{
		r.Name, core.SexLabel(r.Sex), r.Identity.Label(), lease, r.Phone, r.IDNumber, r.CommunityName, r.HouseLabel,
		certified, r.Certified.In(zone), r.MovedOut.In(zone), phone, desk,
	}
}

// houseExport sends the filtered houses as a spreadsheet, one column per level.
func (p *Pages) houseExport(c *web.Context) error {
	export, err := p.houseSheet(c)
	if err != nil {
		return err
	}
	return p.Export(c, export)
}

// houseExportLater has the spreadsheet made in the background.
func (p *Pages) houseExportLater(c *web.Context) error {
	export, err := p.houseSheet(c)
	if err != nil {
		return err
	}
	return p.ExportLater(c, export)
}

func (p *Pages) houseSheet(c *web.Context) (frame.Export, error) {
	at, filter, err := p.houseFilter(c)
	if err == nil && at.ID == 0 {
		err = frame.ErrNotChosen // each community has columns of its own
	}
	if err != nil {
		return frame.Export{}, err
	}
	filter.Page = core.Page{}
	export := frame.Export{
		Export:    houseExportOf(at.Community),
		NewExport: store.NewExport{Kind: core.ExportHouses, Community: at.ID, Filter: filter},
		What:      houseFilterText(filter, at),
		Back:      templates.WithQuery(frame.HousePath, c.Request().URL.Query()),
	}
	export.Beyond = func(n int) (bool, error) { return p.Store.HousesBeyond(c.Ctx(), c.Scope(), filter, n) }
	export.Rows = func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportHouses(ctx, c.Actor(), c.Scope(), filter, addHouse(add, at.Community, p.Today(c)))
	}
	return export, nil
}

func houseFilterText(f store.HouseFilter, at frame.CommunityChoice) []string {
	words := []string{"小区：" + at.Name}
	if f.Node != 0 {
		words = append(words, "所选的楼栋")
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		words = append(words, "含“"+keyword+"”")
	}
	if f.Arrears {
		words = append(words, "欠费")
	}
	if f.Transfer {
		words = append(words, "已安排过户")
	}
	return words
}

func houseExportOf(c core.Community) web.Export {
	columns := append(append([]string{"小区"}, c.Levels...), "房屋", "住户数", "欠费（元）", "出入")
	return web.Export{Name: "房屋", Of: c.Name, Columns: columns}
}

func addHouse(add func(values ...any) error, c core.Community, today core.Day) func([]string, store.HouseRow) error {
	return func(names []string, house store.HouseRow) error { return add(houseCells(c, today, names, house)...) }
}

// houseExportRows are those of a file that is made in the background.
func houseExportRows(ctx context.Context, s *store.Store, e store.Export) (frame.ExportRows, error) {
	var filter store.HouseFilter
	err := e.Read(&filter)
	var c core.Community
	if err == nil {
		c, err = s.Community(ctx, e.Scope, e.Community)
	}
	return frame.ExportRows{
		Export: houseExportOf(c),
		Rows: func(ctx context.Context, add func(values ...any) error) error {
			return s.EachHouse(ctx, e.Scope, filter, addHouse(add, c, core.DayOf(s.Now(), s.Zone())))
		},
	}, err
}

func houseCells(c core.Community, today core.Day, names []string, house store.HouseRow) []any {
	cells := []any{c.Name}
	for _, name := range names {
		cells = append(cells, name)
	}
	cells = append(cells, house.Label, house.Residents, float64(house.ArrearsFen)/100)
	if house.Restriction != nil {
		cells = append(cells, frame.RestrictionBadge(*house.Restriction, today).Text)
	}
	return cells
}
