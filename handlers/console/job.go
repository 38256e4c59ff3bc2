package console

import (
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const jobPath = "/console/job"

func jobURL(id core.ID) string { return jobPath + "/" + id.String() }

// jobRoutes are 后台任务: an account's own work in the background. Whoever may begin
// a kind of work finds its button on that work's page.
func (h *Console) jobRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: jobPath, Access: web.SignedIn, Handler: h.jobList},
		{Method: http.MethodGet, Path: jobPath + "/:id", Access: web.SignedIn, Handler: h.jobShow},
		{Method: http.MethodPost, Path: jobPath + "/:id/cancel", Access: web.SignedIn, Handler: h.jobCancel},
		{Method: http.MethodPost, Path: jobPath + "/:id/again", Access: web.SignedIn, Handler: h.jobAgain},
		{Method: http.MethodPost, Path: auditPath + "/verify", Access: web.Need(core.PermAuditView), Handler: h.auditVerify, EachPerMinute: 10},
	}
}

type jobListPage struct {
	templates.Shell
	List templates.List
	Rows []jobListRow
}

type jobListRow struct {
	URL, Title, Words string
	State             templates.Badge
	Percent           int
	Created, Ended    time.Time
}

func (h *Console) jobList(c *web.Context) error {
	jobs, err := h.Store.Jobs(c.Ctx(), c.Account().ID)
	if err != nil {
		return err
	}
	page := jobListPage{Shell: h.shell(c, "job", "后台任务"), List: templates.List{
		Path: jobPath, Query: c.Request().URL.Query(), Cards: true, Count: len(jobs),
		Columns: []templates.Column{{Label: "任务"}, {Label: "状态", Narrow: true}, {Label: "进度", Number: true}, {Label: "结果"}, {Label: "开始", Narrow: true}, {Label: "结束", Narrow: true}},
		Empty:   templates.Empty{Icon: "hourglass", Title: "还没有后台任务", Text: "校验操作日志等费时的工作会在后台进行，进度与结果显示在这里。"},
	}}
	page.Note = "我开始的任务，结束后保留 30 天。"
	page.List.Pager.Summary = fmt.Sprintf("最近 %d 个", len(jobs))
	for _, j := range jobs {
		page.Rows = append(page.Rows, jobListRow{
			URL: jobURL(j.ID), Title: j.Kind.Title(), Words: j.Words, State: jobBadge(j.State), Percent: j.Percent(), Created: j.Created, Ended: j.Ended,
		})
	}
	return h.page(c, http.StatusOK, "console/job/list", page)
}

func jobBadge(s core.JobState) templates.Badge {
	tone := map[core.JobState]templates.Tone{
		core.JobRunning: templates.Info, core.JobDone: templates.Good, core.JobFailed: templates.Bad, core.JobBroken: templates.Warn,
	}[s]
	if tone == "" {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Words()}
}

type jobShowPage struct {
	templates.Shell
	Job templates.Job
}

// job gives the job that the path names, of the account itself.
func (h *Console) job(c *web.Context) (core.Job, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Job{}, err
	}
	return h.Store.Job(c.Ctx(), c.Account().ID, id)
}

func (h *Console) jobShow(c *web.Context) error {
	job, err := h.job(c)
	if err != nil {
		return err
	}
	page := jobShowPage{Shell: h.shell(c, "job", job.Kind.Title()), Job: jobPart(c, job)}
	page.Crumbs = []templates.Crumb{{Label: "后台任务", URL: jobPath}}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(h.Store.Zone()).Format("2006-01-02 15:04:05")
	}
	page.Job.Times = []templates.Fact{{Label: "提交", Value: moment(job.Created)}, {Label: "开始", Value: moment(job.Begun)}, {Label: "结束", Value: moment(job.Ended)}}
	return h.page(c, http.StatusOK, "console/job/show", page)
}

// jobPart is a job as its page shows it to the account.
func jobPart(c *web.Context, job core.Job) templates.Job {
	part := templates.Job{
		Title: job.Kind.Title(), State: jobBadge(job.State), Over: job.State.Over(), Percent: job.Percent(), Known: job.Total > 0,
		Words: job.Words, Bad: job.State == core.JobFailed || job.State == core.JobBroken, URL: jobURL(job.ID), CSRF: c.CSRF(),
	}
	if part.Known {
		part.Count = fmt.Sprintf("%d / %d", job.Done, job.Total)
	}
	if !part.Over {
		part.Cancel = part.URL + "/cancel"
	} else if c.Has(job.Kind.Permission()) {
		part.Again = part.URL + "/again"
	}
	if job.State == core.JobDone && job.Result != "" {
		part.Result = templates.Action{Label: "查看", URL: job.Result, Icon: "external-link", Primary: true}
	}
	return part
}

func (h *Console) jobCancel(c *web.Context) error {
	job, err := h.job(c)
	if err != nil {
		return err
	}
	err = h.Store.CancelJob(c.Ctx(), c.Actor(), job.ID)
	switch {
	case core.CodeOf(err) == core.CodeConflict: // it ended meanwhile: its page says how
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	default:
		c.Flash(web.FlashSuccess, "已取消“"+job.Kind.Title()+"”。")
	}
	return c.Redirect(jobURL(job.ID))
}

func (h *Console) jobAgain(c *web.Context) error {
	job, err := h.job(c)
	if err != nil {
		return err
	}
	return h.startJob(c, job.Kind)
}

// auditVerify begins to check the whole audit log.
func (h *Console) auditVerify(c *web.Context) error { return h.startJob(c, core.JobVerifyAudit) }

// startJob begins work of a kind, which must be allowed now, whenever it was before.
// The log is one for all communities, so that only who sees all may have it checked.
func (h *Console) startJob(c *web.Context, kind core.JobKind) error {
	if !c.Has(kind.Permission()) {
		return core.Forbidden("您没有“" + kind.Permission().Name() + "”的权限")
	}
	if kind == core.JobVerifyAudit && !c.Scope().All {
		return core.Conflict("操作日志只能整体校验，请联系可以查看全部小区的管理员")
	}
	id, err := h.Store.StartJob(c.Ctx(), c.Actor(), kind)
	if err != nil {
		return err
	}
	return c.Redirect(jobURL(id))
}
