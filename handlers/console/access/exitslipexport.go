package access

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// exitSlipExport sends the filtered slips as a spreadsheet.
func (p *Pages) exitSlipExport(c *web.Context) error {
	export, err := p.exitSlipSheet(c)
	if err != nil {
		return err
	}
	return p.Export(c, export)
}

// exitSlipExportLater has the spreadsheet made in the background.
func (p *Pages) exitSlipExportLater(c *web.Context) error {
	export, err := p.exitSlipSheet(c)
	if err != nil {
		return err
	}
	return p.ExportLater(c, export)
}

func (p *Pages) exitSlipSheet(c *web.Context) (frame.Export, error) {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return frame.Export{}, err
	}
	filter, err := p.exitSlipFilter(c, frame.ChosenCommunity(c, at))
	if err != nil {
		return frame.Export{}, err
	}
	export := frame.Export{
		Export: exitSlipExportOf(), NewExport: store.NewExport{Kind: core.ExportExitSlips, Community: filter.Community, Filter: filter},
		What: exitSlipFilterText(filter, at), Back: templates.WithQuery(frame.ExitSlipPath, c.Request().URL.Query()),
	}
	export.Beyond = func(n int) (bool, error) { return p.Store.ExitSlipsBeyond(c.Ctx(), c.Scope(), filter, n) }
	export.Rows = func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportExitSlips(ctx, c.Actor(), c.Scope(), filter, addExitSlip(add, at.All, filter.Now, p.Store.Zone()))
	}
	return export, nil
}

// exitSlipFilterText describes which slips the file would have.
func exitSlipFilterText(filter store.ExitSlipFilter, at frame.CommunityChoice) []string {
	words := []string{"全部小区"}
	if at.Name != "" {
		words[0] = "小区：" + at.Name
	}
	if filter.State != "" {
		words = append(words, "状态："+filter.State.Label())
	}
	if filter.Planned != 0 {
		words = append(words, "出门日期："+filter.Planned.String())
	}
	if filter.Keyword != "" || filter.House != 0 {
		words = append(words, "符合列表上的其他筛选条件")
	}
	return words
}

func exitSlipExportOf() web.Export { return web.Export{Name: "出门条", Columns: core.ExitColumns} }

func addExitSlip(
	add func(values ...any) error, all []core.Community, now time.Time, zone *time.Location,
) func(core.ExitSlip) error {
	names := map[core.ID]string{}
	for _, community := range all {
		names[community.ID] = community.Name
	}
	return func(e core.ExitSlip) error { return add(e.Cells(names[e.Community], now, zone)...) }
}

// exitSlipRows are those of a file that is made in the background.
func exitSlipRows(ctx context.Context, s *store.Store, e store.Export) (frame.ExportRows, error) {
	var filter store.ExitSlipFilter
	err := e.Read(&filter)
	var all []core.Community
	if err == nil {
		all, err = s.Communities(ctx, e.Scope)
	}
	return frame.ExportRows{
		Export: exitSlipExportOf(),
		Rows: func(ctx context.Context, add func(values ...any) error) error {
			return s.EachExitSlip(ctx, e.Scope, filter, addExitSlip(add, all, filter.Now, s.Zone()))
		},
	}, err
}
