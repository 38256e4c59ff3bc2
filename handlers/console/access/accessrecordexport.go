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

// accessRecordExport sends the filtered records as a spreadsheet.
func (p *Pages) accessRecordExport(c *web.Context) error {
	export, err := p.accessRecordSheet(c)
	if err != nil {
		return err
	}
	return p.Export(c, export)
}

// accessRecordExportLater has the spreadsheet made in the background.
func (p *Pages) accessRecordExportLater(c *web.Context) error {
	export, err := p.accessRecordSheet(c)
	if err != nil {
		return err
	}
	return p.ExportLater(c, export)
}

func (p *Pages) accessRecordSheet(c *web.Context) (frame.Export, error) {
	form, filter, at, err := p.accessRecordFilter(c)
	if err != nil {
		return frame.Export{}, err
	}
	export := frame.Export{
		Export:    accessRecordExportOf(),
		NewExport: store.NewExport{Kind: core.ExportAccessRecords, Community: filter.Community, Filter: filter},
		What:      accessRecordFilterText(form, filter, at),
		Back:      templates.WithQuery(frame.AccessRecordPath, c.Request().URL.Query()),
	}
	export.Beyond = func(n int) (bool, error) { return p.Store.AccessRecordsBeyond(c.Ctx(), c.Scope(), filter, n) }
	export.Rows = func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportAccessRecords(ctx, frame.Looker(c), c.Scope(), filter, addAccessRecord(add, at.All, p.Store.Zone()))
	}
	return export, nil
}

// accessRecordFilterText describes which records the file would have.
func accessRecordFilterText(form accessRecordForm, filter core.RecordFilter, at frame.CommunityChoice) []string {
	words := []string{"全部小区"}
	if at.Name != "" {
		words[0] = "小区：" + at.Name
	}
	if form.From != 0 {
		words = append(words, "自 "+form.From.String()+" 起")
	}
	if form.To != 0 {
		words = append(words, "到 "+form.To.String()+" 为止")
	}
	rest := filter
	rest.Community, rest.From, rest.To = 0, time.Time{}, time.Time{}
	if rest != (core.RecordFilter{}) {
		words = append(words, "符合列表上的其他筛选条件")
	}
	return words
}

func accessRecordExportOf() web.Export {
	return web.Export{Name: "出入记录", Columns: core.RecordColumns}
}

func addAccessRecord(
	add func(values ...any) error, all []core.Community, zone *time.Location,
) func(core.AccessRecord) error {
	names := map[core.ID]string{}
	for _, community := range all {
		names[community.ID] = community.Name
	}
	return func(r core.AccessRecord) error { return add(r.Cells(names[r.Community], zone)...) }
}

// ExportSheets are the exports of the area.
var ExportSheets = frame.ExportSheets{
	core.ExportAccessRecords: accessRecordRows, core.ExportExitSlips: exitSlipRows,
}

// accessRecordRows are those of a file that is made in the background.
func accessRecordRows(ctx context.Context, s *store.Store, e store.Export) (frame.ExportRows, error) {
	var filter core.RecordFilter
	err := e.Read(&filter)
	var all []core.Community
	if err == nil {
		all, err = s.Communities(ctx, e.Scope)
	}
	return frame.ExportRows{
		Export: accessRecordExportOf(),
		Rows: func(ctx context.Context, add func(values ...any) error) error {
			return s.EachAccessRecord(ctx, e.Scope, filter, addAccessRecord(add, all, s.Zone()))
		},
	}, err
}
