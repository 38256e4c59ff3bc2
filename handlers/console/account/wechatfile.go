package account

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
)

// wechatFileRoutes returns the routes of 校验文件. They concern the deployment's domain, so that only operators change
// them.
func (p *Pages) wechatFileRoutes() []web.Route {
	view, edit := web.Need(core.PermSettingEdit), web.NeedOperator(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.WechatFilePath, Access: view, Handler: p.wechatFileList},
		{Method: http.MethodGet, Path: frame.WechatFilePath + "/new", Access: edit, Handler: p.wechatFileNew},
		{Method: http.MethodPost, Path: frame.WechatFilePath, Access: edit, Handler: p.wechatFileCreate, Draft: true},
		{Method: http.MethodPost, Path: frame.WechatFilePath + "/:id/check", Access: edit, Handler: p.wechatFileCheck},
		{
			Method: http.MethodPost, Path: frame.WechatFilePath + "/:id/remove", Access: edit, Level: web.Asks,
			Handler: p.wechatFileRemove,
		},
	}
}

type wechatFileListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []wechatFileRow
}

type wechatFileRow struct {
	Name, URL, Text string
	Created         time.Time
	State           templates.Badge
	Problem         string // why it is not answered at its address; "" = it is, or nobody has looked
	Menu            templates.RowMenu
}

// wechatFileList shows all files: there are few.
func (p *Pages) wechatFileList(c *web.Context) error {
	files, err := p.Store.WechatFiles(c.Ctx())
	if err != nil {
		return err
	}
	page := wechatFileListPage{Shell: p.Shell(c, "wechatfile", "校验文件"), Tabs: settingTabs("wechatfile")}
	page.List = templates.List{
		Path: frame.WechatFilePath, Query: c.Request().URL.Query(), Count: len(files), Total: len(files), Cards: true,
		Columns: []templates.Column{
			{Label: "文件"}, {Label: "内容"}, {Label: "状态"}, {Label: "添加时间", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{
			Icon: "brand-wechat", Title: "还没有校验文件", Text: "在公众平台填写域名时，微信要求把一个文件放到网站根目录，在这里添加即可。", Ask: "请联系运维人添加。",
		},
	}
	page.Total = page.List.TotalText("个")
	for _, f := range files {
		row := wechatFileRow{
			Name: f.Name, URL: p.PublicURL + "/" + f.Name, Text: f.Text, Created: f.Created,
			State: fileBadge(f), Problem: f.Checked.Problem,
		}
		if c.Actor().MayOperate() {
			row.Menu = templates.RowMenu{
				Label: f.Name + " 的操作", CSRF: page.CSRF,
				Acts: []templates.Submit{
					{Label: "核对", URL: frame.WechatFileURL(f.ID) + "/check", Icon: "refresh"},
					{Label: "删除", URL: frame.WechatFileURL(f.ID) + "/remove", Icon: "trash", Ask: true},
				},
			}
		}
		page.Rows = append(page.Rows, row)
	}
	if c.Actor().MayOperate() {
		page.Actions = []templates.Action{{Label: "添加校验文件", URL: frame.WechatFilePath + "/new", Icon: "plus", Primary: true}}
	}
	return p.Page(c, http.StatusOK, "console/wechatfile/list", page)
}

// wechatFileForm is the posted form.
type wechatFileForm struct {
	Name string `form:"name" max:"128"`
	Text string `form:"text" max:"128"`
}

type wechatFileFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) wechatFileNew(c *web.Context) error { return p.wechatFileFormPage(c, nil) }

func (p *Pages) wechatFileCreate(c *web.Context) error {
	var form wechatFileForm
	wrong, f := c.Bind(&form), core.WechatFile{}
	if wrong == nil {
		f = core.WechatFile{Name: form.Name, Text: form.Text}.Trimmed()
		f.ID, wrong = p.Store.CreateWechatFile(c.Ctx(), c.Actor(), f)
	}
	if wrong != nil {
		return p.wechatFileFormPage(c, wrong)
	}
	return p.verifyFile(c, f, "已添加，")
}

// wechatFileCheck reads a file at its public address once more.
func (p *Pages) wechatFileCheck(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	f, err := p.Store.WechatFile(c.Ctx(), id)
	if err != nil {
		return err
	}
	return p.verifyFile(c, f, "")
}

// verifyFile reads a file at its public address as the platform will, keeps what came of it, and says so: then the platform finds it,
// too. begin is what the message begins with.
func (p *Pages) verifyFile(c *web.Context, f core.WechatFile, begin string) error {
	if p.Wechat == nil {
		c.Flash(web.FlashSuccess, begin+"请打开文件核对，再到公众平台点“确定”校验。")
		return c.Redirect(frame.WechatFilePath)
	}
	problem := wechaterror.FileProblem(p.Wechat.VerifyFile(c.Ctx(), p.PublicURL+"/"+f.Name, f.Text))
	if err := p.Store.NoteWechatFile(c.Ctx(), f.ID, problem); err != nil {
		return err
	}
	if problem != "" {
		c.Flash(web.FlashWarning, begin+"平台还读不到“"+f.Name+"”："+problem)
	} else {
		c.Flash(web.FlashSuccess, begin+"从公网地址读到的内容一致，可以在公众平台点“确定”校验。")
	}
	return c.Redirect(frame.WechatFilePath)
}

// fileBadge returns whether a file was answered at its public address.
func fileBadge(f core.WechatFile) templates.Badge {
	switch {
	case f.Checked.At.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "未核对"}
	case f.Checked.Problem != "":
		return templates.Badge{Tone: templates.Bad, Text: "读不到"}
	}
	return templates.Badge{Tone: templates.Good, Text: "可读到"}
}

func (p *Pages) wechatFileFormPage(c *web.Context, wrong error) error {
	form := templates.Form{
		Action: frame.WechatFilePath, Cancel: frame.WechatFilePath, CSRF: c.CSRF(),
		Sections: []templates.Section{{Fields: []templates.Field{
			{
				Name: "name", Label: "文件名", Required: true, MaxLength: core.MaxWechatFileName, Focus: true, Autocomplete: "off",
				Placeholder: "MP_verify_", Help: "与下载的文件完全一样，包括大小写和 .txt。",
			},
			{
				Name: "text", Label: "内容", Required: true, MaxLength: core.MaxWechatFileText, Autocomplete: "off",
				Help: "用记事本打开文件，复制里面的一行。",
			},
		}}},
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := wechatFileFormPage{Shell: p.Shell(c, "wechatfile", "添加校验文件"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "校验文件", URL: frame.WechatFilePath}}
		return p.Page(c, status, "console/wechatfile/form", page)
	})
}

func (p *Pages) wechatFileRemove(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	f, err := p.Store.WechatFile(c.Ctx(), id)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除校验文件“" + f.Name + "”？", Text: "微信再次校验这个域名时会失败。可以重新添加。", Submit: "删除校验文件", Danger: true,
			Effects: []string{"1 个文件不再能打开：/" + f.Name},
		},
		Do:   func() error { return p.Store.RemoveWechatFile(c.Ctx(), c.Actor(), f.ID) },
		Done: "已删除“" + f.Name + "”。", Back: frame.WechatFilePath,
	})
}
