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
	edit := web.Need(core.PermResidentEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ImportPath, Access: edit, Handler: p.importList},
		{Method: http.MethodGet, Path: frame.ImportPath + "/new", Access: edit, Handler: p.importNew},
		{
			Method: http.MethodPost, Path: frame.ImportPath, Access: edit, Handler: p.importCreate, Draft: true,
			Body: core.MaxImportFile + 4<<20, Time: importUploadTime, EachPerMinute: importsAMinute,
		},
		{
			Method: http.MethodGet, Path: frame.ImportPath + "/template.xlsx", Access: edit, Handler: p.importTemplate, Time: -1,
			EachPerMinute: 30,
		},
		{Method: http.MethodGet, Path: frame.ImportPath + "/:id", Access: edit, Handler: p.importShow},
		{
			Method: http.MethodGet, Path: frame.ImportPath + "/:id/errors.xlsx", Access: edit, Handler: p.importFaults, Time: -1,
			EachPerMinute: 30,
		},
		{Method: http.MethodPost, Path: frame.ImportPath + "/:id/columns", Access: edit, Handler: p.importMap},
		{Method: http.MethodPost, Path: frame.ImportPath + "/:id/write", Access: edit, Handler: p.importWrite},
		{Method: http.MethodPost, Path: frame.ImportPath + "/:id/continue", Access: edit, Handler: p.importContinue},
		{Method: http.MethodPost, Path: frame.ImportPath + "/:id/cancel", Access: edit, Level: web.Asks, Handler: p.importCancel},
		{Method: http.MethodPost, Path: frame.ImportPath + "/:id/undo", Access: edit, Level: web.Asks, Handler: p.importUndo},
	}
}

const (
	importsAMinute   = 20
	importUploadTime = 2 * time.Minute // 20 MB by a slow line
	importFileField  = "file"
)

// errNoImports is for an account that may edit residents but lacks what an import also does.
var errNoImports = core.Forbidden("批量导入需要“修改住户”和“修改房屋”的权限")

type importListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []importListRow
}

type importListRow struct {
	URL, File, Community, By string
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
				Kinds: core.ImportKindsOf(c.Has), State: asked.State, Page: page,
			})
		},
		ID: func(i core.Import) core.ID { return i.ID },
	})
	if err != nil {
		return err
	}
	page := importListPage{Shell: found.Shell, Tabs: residentTabs(c, "import"), List: found.List}
	for _, imp := range found.Records {
		page.Rows = append(page.Rows, importListRow{
			URL: frame.ImportURL(imp.ID), File: imp.File, Community: found.At.NameOf(imp.Community), By: imp.By.Name,
			State: importBadge(imp.State), Result: importResult(imp), Created: imp.Created,
		})
	}
	return p.Page(c, http.StatusOK, "console/import/list", page)
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
	case core.ImportDone, core.ImportUndone:
		return imp.Written.Words()
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
}

func (p *Pages) importNew(c *web.Context) error {
	if len(core.ImportKindsOf(c.Has)) == 0 {
		return errNoImports
	}
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.importNewPage(c, at, "", nil)
}

// importForm is the posted form, beside the file.
type importForm struct {
	Community core.ID `form:"community"`
}

// importCreate keeps the file and shows the page of its import, where its reading is followed.
func (p *Pages) importCreate(c *web.Context) error {
	if len(core.ImportKindsOf(c.Has)) == 0 {
		return errNoImports
	}
	var form importForm
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
			Community: at.ID, Kind: core.ImportResidents, File: file.Name, Content: file.Content,
		})
	}
	if wrong != nil {
		return p.importNewPage(c, at, file.Name, wrong)
	}
	return c.Redirect(frame.ImportURL(imp.ID))
}

func (p *Pages) importNewPage(c *web.Context, at frame.CommunityChoice, file string, wrong error) error {
	fields := at.FormFields(frame.ImportPath)
	fields = append(fields, templates.Field{
		Kind: templates.Upload, Name: importFileField, Label: "住户表格", Value: file, Required: true,
		Accept: []string{".xlsx", ".xls", ".csv", ".txt"}, MaxBytes: core.MaxImportFile,
		Help: "先预览，确认后才导入。",
	})
	form := templates.Form{
		Action: frame.ImportPath, CSRF: c.CSRF(), Cancel: at.URL(frame.ResidentPath), Submit: "上传并预览",
		Sections: []templates.Section{{Fields: fields}},
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		kind, _ := core.ImportResidents.Type()
		page := importNewPage{Shell: p.Shell(c, "resident", "批量导入住户"), Form: form, Rules: kind.Rules}
		page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "导入记录", URL: at.URL(frame.ImportPath)}}
		if at.ID != 0 {
			page.Template = frame.ImportPath + "/template.xlsx?community=" + at.ID.String()
		}
		return p.Page(c, status, "console/import/new", page)
	})
}

// importTemplate sends the template of a community.
func (p *Pages) importTemplate(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return core.Invalid("请先选择小区")
	}
	return c.Download(at.Name+"住户信息.xlsx", sheet.ContentType, func(w io.Writer) error {
		return sheet.WriteTemplate(w, residentTemplate(at.Community))
	})
}

func residentTemplate(community core.Community) sheet.Template {
	t := sheet.Template{Name: "住户信息"}
	for _, column := range core.ResidentTemplate(community) {
		t.Columns = append(t.Columns, sheet.TemplateColumn{
			Title: column.Label, Group: column.Group, Required: column.Needed, Text: column.Text, Choices: column.Offers,
		})
	}
	return t
}
