package account

import (
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/templates"
)

// jobRoutes returns the routes of 后台任务: an account's own background jobs. A job is started with a
// button on the page that it concerns.
func (p *Pages) jobRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.JobPath, Access: web.SignedIn, Handler: p.jobList},
		{Method: http.MethodGet, Path: frame.JobPath + "/:id", Access: web.SignedIn, Handler: p.jobShow},
		{
			Method: http.MethodGet, Path: frame.JobPath + "/:id/file.xlsx", Access: web.SignedIn, Handler: p.jobDownload, Time: -1,
			EachPerMinute: 30,
		},
		{Method: http.MethodPost, Path: frame.JobPath + "/:id/cancel", Access: web.SignedIn, Handler: p.jobCancel},
		{Method: http.MethodPost, Path: frame.JobPath + "/:id/again", Access: web.SignedIn, Handler: p.jobAgain},
		{
			Method: http.MethodPost, Path: auditVerifyPath, Access: web.NeedOperator(core.PermAuditView),
			Handler: p.auditVerify, EachPerMinute: 10,
		},
	}
}

type jobListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []jobListRow
}

type jobListRow struct {
	URL, Title, Words string
	State             templates.Badge
	Percent           int
	Created, Ended    time.Time
}

func (p *Pages) jobList(c *web.Context) error {
	var asked struct {
		State string `form:"state" of:"failed"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	jobs, err := p.Store.Jobs(c.Ctx(), c.Account().ID)
	if err != nil {
		return err
	}
	if asked.State != "" {
		jobs = failedJobs(jobs)
	}
	page := jobListPage{Shell: p.Shell(c, "audit", "后台任务"), Tabs: logTabs(c, "job"), List: templates.List{
		Path: frame.JobPath, Query: c.Request().URL.Query(), Cards: true, Count: len(jobs),
		Filters: []templates.Field{{
			Kind: templates.Select, Name: "state", Label: "状态",
			Choices: []templates.Choice{{Label: "全部状态"}, {Value: "failed", Label: "失败"}},
		}},
		Columns: []templates.Column{
			{Label: "任务"}, {Label: "状态", Narrow: true}, {Label: "进度", Number: true}, {Label: "结果"},
			{Label: "开始", Narrow: true}, {Label: "结束", Narrow: true},
		},
		Empty: templates.Empty{Icon: "hourglass", Title: "还没有后台任务", Text: "校验操作日志、导出很长的列表等费时的工作会在后台进行，进度与结果显示在这里。"},
	}}
	page.Note = "我开始的任务，结束后保留 30 天。"
	page.Total = fmt.Sprintf("最近 %d 个", len(jobs))
	for _, j := range jobs {
		page.Rows = append(page.Rows, jobListRow{
			URL: frame.JobURL(j.ID), Title: j.Kind.Title(), Words: j.Words, State: jobBadge(j.State),
			Percent: j.Percent(), Created: j.Created, Ended: j.Ended,
		})
	}
	return p.Page(c, http.StatusOK, "console/job/list", page)
}

func jobBadge(s core.JobState) templates.Badge {
	tone := map[core.JobState]templates.Tone{
		core.JobRunning: templates.Info, core.JobDone: templates.Good, core.JobFailed: templates.Bad, core.JobBroken: templates.Warn,
	}[s]
	if tone == "" {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}

type jobShowPage struct {
	templates.Shell
	Job templates.Job
}

// job returns the job in the path, which must be the account's own.
func (p *Pages) job(c *web.Context) (core.Job, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Job{}, err
	}
	return p.Store.Job(c.Ctx(), c.Account().ID, id)
}

func (p *Pages) jobShow(c *web.Context) error {
	job, err := p.job(c)
	if err != nil {
		return err
	}
	page := jobShowPage{Shell: p.Shell(c, "job", job.Kind.Title()), Job: jobPart(c, job)}
	if job.Kind.Export() != "" {
		if err := p.jobFile(c, &page.Job, job); err != nil {
			return err
		}
	}
	page.Crumbs = []templates.Crumb{{Label: "后台任务", URL: frame.JobPath}}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(p.Store.Zone()).Format("2006-01-02 15:04:05")
	}
	page.Job.Times = []templates.Fact{
		{Label: "提交", Value: moment(job.Created)}, {Label: "开始", Value: moment(job.Begun)},
		{Label: "结束", Value: moment(job.Ended)},
	}
	return p.Page(c, http.StatusOK, "console/job/show", page)
}

// jobFile adds what the page of a job says that makes a file.
func (p *Pages) jobFile(c *web.Context, part *templates.Job, job core.Job) error {
	if !job.State.Over() && job.Done > 0 {
		part.Count = "已写 " + frame.Grouped(int(job.Done)) + " 行"
	}
	export, err := p.Store.Export(c.Ctx(), c.Account().ID, job.ID)
	switch {
	case core.IsNotFound(err) || err == nil && job.State == core.JobDone && !export.Has(c.Now()):
		part.Again = ""
		if job.State == core.JobDone {
			part.Words, part.Bad = "文件已过保存期限，请回到列表重新导出。", true
		}
		return nil
	case err != nil:
		return err
	}
	if job.State == core.JobDone {
		part.Again = ""
		part.Result = templates.Action{
			Label: "下载文件", URL: frame.JobURL(job.ID) + "/file.xlsx", Icon: "download", Primary: true, Plain: true,
		}
	}
	return nil
}

// jobDownload sends the file that a job has made, to who started it and still may have it.
func (p *Pages) jobDownload(c *web.Context) error {
	job, err := p.job(c)
	if err != nil {
		return err
	}
	export, write, err := p.Store.DownloadExport(c.Ctx(), c.Account(), job.ID)
	if err != nil {
		return err
	}
	return c.Download(export.File, sheet.ContentType, write)
}

// jobPart returns a job as its page shows it.
func jobPart(c *web.Context, job core.Job) templates.Job {
	part := templates.Job{
		Title: job.Kind.Title(), State: jobBadge(job.State), Over: job.State.Over(), Percent: job.Percent(), Known: job.Total > 0,
		Words: job.Words, Bad: job.State == core.JobFailed || job.State == core.JobBroken, URL: frame.JobURL(job.ID), CSRF: c.CSRF(),
	}
	if part.Known {
		part.Count = frame.Grouped(int(job.Done)) + " / " + frame.Grouped(int(job.Total))
	}
	switch page := job.Page(); {
	case page != "": // where it is also cancelled and started again
		part.Result = templates.Action{Label: "查看", URL: "/console/" + page, Icon: "external-link", Primary: true}
		return part
	case !part.Over:
		part.Cancel = part.URL + "/cancel"
	case c.Has(job.Kind.Permission()):
		part.Again = part.URL + "/again"
	}
	if job.State == core.JobDone && job.Result != "" {
		part.Result = templates.Action{Label: "查看", URL: job.Result, Icon: "external-link", Primary: true}
	}
	return part
}

func (p *Pages) jobCancel(c *web.Context) error {
	job, err := p.job(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{ // if the job has ended, that is a conflict: its page shows how
		Do:   func() error { return p.Store.CancelJob(c.Ctx(), c.Actor(), job.ID) },
		Done: "已取消“" + job.Kind.Title() + "”。", Back: frame.JobURL(job.ID),
	})
}

func (p *Pages) jobAgain(c *web.Context) error {
	job, err := p.job(c)
	if err != nil {
		return err
	}
	if job.Kind.Export() == "" {
		return p.jobStart(c, job.Kind)
	}
	id, err := p.Store.RepeatExport(c.Ctx(), c.Account(), job.ID)
	if err != nil {
		return p.Refused(c, err, frame.JobURL(job.ID))
	}
	return c.Redirect(frame.JobURL(id))
}

// auditVerify starts a job that verifies the whole audit log.
func (p *Pages) auditVerify(c *web.Context) error { return p.jobStart(c, core.JobVerifyAudit) }

// jobStart starts a job, for which the caller must have permission now. There is one log for the
// whole deployment, so only an operator may have it verified.
func (p *Pages) jobStart(c *web.Context, kind core.JobKind) error {
	if kind.Permission() == "" {
		return core.Conflict("请在这项工作的页面再次执行")
	}
	if !c.Has(kind.Permission()) {
		return core.Forbidden("您没有“" + kind.Permission().Name() + "”的权限")
	}
	if kind == core.JobVerifyAudit && !c.Actor().MayOperate() {
		return core.Forbidden("操作日志只能整体校验，请联系运维人")
	}
	id, err := p.Store.StartJob(c.Ctx(), c.Actor(), kind)
	if err != nil {
		return err
	}
	return c.Redirect(frame.JobURL(id))
}
