package registry

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
)

// importRoutes returns the routes of 批量导入, and of 导入记录, a tab of 住户信息. Which kinds of imports an account may see and
// start is in core.ImportTypes.
func (p *Pages) importRoutes() []web.Route {
	several := web.NeedAny(
		core.PermResidentEdit, core.PermHouseEdit, core.PermStaffEdit, core.PermInstitutionEdit, core.PermVisitorBlockEdit,
		core.PermReaderEdit,
	)
	return append(p.importFormRoutes(core.ImportResidents, importAccess(core.ImportResidents), importHandlers{
		form: p.importNew, create: p.importCreate, template: p.importTemplate,
	}),
		web.Route{Method: http.MethodGet, Path: frame.ImportPath, Access: several, Handler: p.importList},
		web.Route{Method: http.MethodGet, Path: frame.ImportPath + "/:id", Access: several, Handler: p.importShow},
		web.Route{
			Method: http.MethodGet, Path: frame.ImportPath + "/:id/errors.xlsx", Access: several, Handler: p.importFaults, Time: -1,
			EachPerMinute: 30,
		},
		web.Route{Method: http.MethodPost, Path: frame.ImportPath + "/:id/columns", Access: several, Handler: p.importMap},
		web.Route{Method: http.MethodPost, Path: frame.ImportPath + "/:id/write", Access: several, Handler: p.importWrite},
		web.Route{Method: http.MethodPost, Path: frame.ImportPath + "/:id/continue", Access: several, Handler: p.importContinue},
		web.Route{
			Method: http.MethodPost, Path: frame.ImportPath + "/:id/cancel", Access: several, Level: web.Asks, Handler: p.importCancel,
		},
		web.Route{Method: http.MethodPost, Path: frame.ImportPath + "/:id/undo", Access: several, Level: web.Asks, Handler: p.importUndo},
	)
}

// importHandlers are those of the form by which an import of a kind is started.
type importHandlers struct{ form, create, template web.Handler }

// importFormRoutes returns the routes of the form by which an import of a kind is started.
func (p *Pages) importFormRoutes(kind core.ImportKind, access web.Access, do importHandlers) []web.Route {
	view := importViews[kind]
	return []web.Route{
		{Method: http.MethodGet, Path: view.form, Access: access, Handler: do.form},
		{
			Method: http.MethodPost, Path: view.post, Access: access, Handler: do.create, Draft: true,
			Body: core.MaxImportFile + 4<<20, Time: importUploadTime, EachPerMinute: importsAMinute,
		},
		{
			Method: http.MethodGet, Path: view.post + "/template.xlsx", Access: access, Handler: do.template, Time: -1,
			EachPerMinute: 30,
		},
	}
}

const (
	importsAMinute   = 20
	importUploadTime = 2 * time.Minute // 20 MB by a slow line
	importFileField  = "file"
)

// importAccess admits accounts that have all permissions that a kind of import takes.
func importAccess(kind core.ImportKind) web.Access {
	t, _ := kind.Type()
	return web.NeedAll(t.Needs[0], t.Needs[1:]...)
}

// mayImport reports whether an account may start an import of a kind.
func mayImport(c *web.Context, kind core.ImportKind) bool { return importAccess(kind).Allows(c.Has) }

type importListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []importListRow
}

type importListRow struct {
	URL, File, Community, By string
	Kind                     string // what is imported
	State                    templates.Badge
	Result                   string
	Created                  time.Time
}

func (p *Pages) importList(c *web.Context) error {
	var asked struct {
		State core.ImportState `form:"state" max:"16"`
	}
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Import]{
		Stem: "resident", Title: "导入记录", Unit: "次", Edit: core.PermResidentEdit, Add: "批量导入", Table: importTable(),
		Find: func(community core.ID, page core.Page) ([]core.Import, bool, error) {
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			scope := c.Scope()
			if community != 0 {
				scope = core.ScopeOf(community)
			}
			return p.Store.Imports(c.Ctx(), scope, store.ImportFilter{
				Kinds: core.ImportKindsOf(c.Has), By: c.Account(), State: asked.State, Page: page,
			})
		},
		ID: func(i core.Import) core.ID { return i.ID },
	})
	if err != nil {
		return err
	}
	if !mayImport(c, core.ImportResidents) {
		found.Shell.Actions = nil
	}
	page := importListPage{Shell: found.Shell, Tabs: p.CountTabs(c, residentTabs(c, "import")), List: found.List}
	for _, imp := range found.Records {
		page.Rows = append(page.Rows, importListRow{
			URL: frame.ImportURL(imp.ID), File: imp.File, Community: found.At.NameOf(imp.Community), By: imp.By.Name,
			Kind: importLabel(imp.Kind), State: importBadge(imp.State), Result: importResult(imp), Created: imp.Created,
		})
	}
	return p.Page(c, http.StatusOK, "console/import/list", page)
}

func importLabel(kind core.ImportKind) string {
	t, _ := kind.Type()
	return t.Label
}

func importTable() templates.List {
	return templates.List{
		Path: frame.ImportPath, Cards: true,
		Filters: []templates.Field{{
			Kind: templates.Select, Name: "state", Label: "状态",
			Choices: templates.ChoicesOf("全部状态", core.ImportStates(), core.ImportState.Label),
		}},
		Columns: []templates.Column{
			{Label: "文件"}, {Label: "状态", Narrow: true}, {Label: "结果"}, {Label: "操作者", Narrow: true}, {Label: "时间", Narrow: true},
		},
		Empty: templates.Empty{
			Icon: "upload", Title: "还没有导入", Text: "下载模板填写，或直接上传其他系统导出的住户表格，一次导入全部住户和房屋。",
		},
	}
}

func importBadge(s core.ImportState) templates.Badge {
	tone, ok := map[core.ImportState]templates.Tone{
		core.ImportReading: templates.Info, core.ImportWriting: templates.Info, core.ImportUndoing: templates.Info,
		core.ImportMapping: templates.Warn, core.ImportPreview: templates.Warn, core.ImportDone: templates.Good,
		core.ImportFailed: templates.Bad,
	}[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}

// importResult returns a line about what came of an import.
func importResult(imp core.Import) string {
	switch imp.State {
	case core.ImportDone:
		return imp.Outcome()
	case core.ImportUndone:
		return imp.TakenBack()
	case core.ImportCancelled:
		if imp.Wrote() {
			return imp.TakenBack()
		}
	case core.ImportFailed:
		return imp.Problem
	case core.ImportPreview, core.ImportWriting:
		return fmt.Sprintf("共 %s 行，%s 行有错误", frame.Grouped(imp.Counts.Rows()), frame.Grouped(imp.Counts.Of(core.ImportWrong)))
	}
	return "–"
}

type importNewPage struct {
	templates.Shell
	Form     templates.Form
	Template string // URL of the template of the chosen community; "" = none is chosen
	Rules    string
	One      templates.Action // leads to the form of one; zero = there is none
}

func (p *Pages) importNew(c *web.Context) error { return p.importForm(c, core.ImportResidents) }

// importForm shows the form by which an import of a kind is started.
func (p *Pages) importForm(c *web.Context, kind core.ImportKind) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.importNewPage(c, kind, at, importSent{})
}

// importPosted is the posted form, beside the file.
type importPosted struct {
	Community core.ID `form:"community"`
}

// importSent is a form that could not be accepted.
type importSent struct {
	file  string // its name
	wrong error
}

func (p *Pages) importCreate(c *web.Context) error { return p.importUpload(c, core.ImportResidents) }

// importUpload keeps the file and shows the page of its import, where its reading is followed.
func (p *Pages) importUpload(c *web.Context, kind core.ImportKind) error {
	var form importPosted
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	file := web.Upload{}
	if wrong == nil {
		file, wrong = c.Upload(web.UploadRule{
			Field: importFileField, Kinds: []sheet.Kind{sheet.Workbook, sheet.Old, sheet.Text}, MaxBytes: core.MaxImportFile,
		})
	}
	var imp core.Import
	if wrong == nil {
		imp, wrong = p.Store.CreateImport(c.Ctx(), c.Actor(), c.Scope(), store.NewImport{
			Community: at.ID, Kind: kind, File: file.Name, Content: file.Content,
		})
	}
	if wrong != nil {
		return p.importNewPage(c, kind, at, importSent{file.Name, wrong})
	}
	return c.Redirect(frame.ImportURL(imp.ID))
}

func (p *Pages) importNewPage(c *web.Context, kind core.ImportKind, at frame.CommunityChoice, sent importSent) error {
	view := importViews[kind]
	fields := at.FormFields(view.post)
	fields = append(fields, templates.Field{
		Kind: templates.Upload, Name: importFileField, Label: view.field, Value: sent.file, Required: true,
		Accept: []string{".xlsx", ".xls", ".csv", ".txt"}, MaxBytes: core.MaxImportFile,
		Help: "先预览，确认后才导入。",
	})
	form := templates.Form{
		Action: view.post, CSRF: c.CSRF(), Cancel: at.URL(view.back), Submit: "上传并预览",
		Sections: []templates.Section{{Fields: fields}},
	}
	return p.FormPage(c, sent.wrong, &form, func(status int) error {
		t, _ := kind.Type()
		page := importNewPage{Shell: p.Shell(c, view.stem, view.title), Form: form, Rules: t.Rules}
		page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "导入记录", URL: at.URL(frame.ImportPath)}}
		if at.ID != 0 {
			page.Template = view.post + "/template.xlsx?community=" + at.ID.String()
		}
		if view.one != "" {
			page.One = templates.Action{Label: view.one, URL: at.URL(view.back + "/new"), Icon: "plus"}
		}
		return p.Page(c, status, view.page, page)
	})
}

func (p *Pages) importTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportResidents)
}

// importTemplateOf sends the template of a kind for a community.
func (p *Pages) importTemplateOf(c *web.Context, kind core.ImportKind) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return core.Invalid("请先选择小区")
	}
	name := importViews[kind].template
	return c.Download(at.Name+name+".xlsx", sheet.ContentType, func(w io.Writer) error {
		return sheet.WriteTemplate(w, importTemplateBook(name, kind, at.Community))
	})
}

func importTemplateBook(name string, kind core.ImportKind, community core.Community) sheet.Template {
	t := sheet.Template{Name: name}
	of, _ := kind.Type()
	for _, column := range of.Template(community) {
		t.Columns = append(t.Columns, sheet.TemplateColumn{
			Title: column.Label, Group: column.Group, Required: column.Needed, Text: column.Text, Choices: column.Offers,
		})
	}
	return t
}
