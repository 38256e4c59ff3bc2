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

// residentExport streams the filtered residents as a spreadsheet, with masked phone and ID numbers.
func (p *Pages) residentExport(c *web.Context) error { return p.residentSheet(c, false) }

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
	return p.residentSheet(c, true)
}

func (p *Pages) residentSheet(c *web.Context, whole bool) error {
	filter, _, _, err := p.residentFilter(c)
	if err != nil {
		return err
	}
	zone := p.Store.Zone()
	export := web.Export{Name: "住户", Columns: residentColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportResidents(ctx, c.Actor(), c.Scope(), filter, store.ResidentExport{
			Whole: whole, Purpose: c.Form().Get(templates.PurposeField),
		}, func(r store.ResidentRow) error {
			return add(residentCells(r, zone)...)
		})
	})
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

// houseExport streams the filtered houses as a spreadsheet, one column per level.
func (p *Pages) houseExport(c *web.Context) error {
	at, filter, err := p.houseFilter(c)
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen // each community has columns of its own
	}
	columns := append(append([]string{"小区"}, at.Levels...), "房屋", "住户", "欠费（元）", "出入")
	export := web.Export{Name: "房屋", Of: at.Name, Columns: columns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportHouses(ctx, c.Actor(), c.Scope(), filter, func(names []string, house store.HouseRow) error {
			return add(p.houseCells(c, at, names, house)...)
		})
	})
}

func (p *Pages) houseCells(c *web.Context, at frame.CommunityChoice, names []string, house store.HouseRow) []any {
	cells := []any{at.Name}
	for _, name := range names {
		cells = append(cells, name)
	}
	cells = append(cells, house.Label, house.Residents, float64(house.ArrearsFen)/100)
	if house.Restriction != nil {
		cells = append(cells, frame.RestrictionBadge(*house.Restriction, p.Today(c)).Text)
	}
	return cells
}
