package account

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// System is what only the program that serves the console knows about itself.
type System struct {
	Version string
	Started time.Time
	Cache   string      // the kind of cache in use; never its address
	Checks  []web.Check // dependencies besides the database, named in Chinese
}

// aboutRoutes returns the routes of 系统状态: what runs here, and its health.
func (p *Pages) aboutRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AboutPath, Access: web.Need(core.PermAboutView), Handler: p.aboutShow},
	}
}

type aboutPage struct {
	templates.Shell
	Program []templates.Fact
	Health  []templates.Fact
	Figures []templates.Fact
}

func (p *Pages) aboutShow(c *web.Context) error {
	figures, err := p.Store.AboutFigures(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	schema, err := p.Store.SchemaVersion(c.Ctx())
	if err != nil {
		return err
	}
	audit, err := p.auditHealth(c)
	if err != nil {
		return err
	}
	page := aboutPage{Shell: p.Shell(c, "about", "系统状态"), Figures: aboutFigures(figures)}
	page.Program = p.programFacts(p.Store.DatabaseName(c.Ctx()), schema, c.Now())
	page.Health = append(p.healthFacts(c.Ctx()), audit)
	return p.Page(c, http.StatusOK, "console/about/show", page)
}

func (p *Pages) programFacts(database string, schema int, now time.Time) []templates.Fact {
	facts := []templates.Fact{
		{Label: "程序", Value: "通行 " + p.System.Version},
		{Label: "数据库", Value: database},
		{Label: "数据结构版本", Value: strconv.Itoa(schema)},
		{Label: "缓存", Value: p.System.Cache},
		{Label: "节点编号", Value: strconv.FormatInt(p.Store.Node(), 10)},
	}
	if !p.System.Started.IsZero() {
		facts = append(facts,
			templates.Fact{Label: "启动时间", Value: p.System.Started.In(p.Store.Zone()).Format("2006-01-02 15:04:05")},
			templates.Fact{Label: "已运行", Value: uptimeText(now.Sub(p.System.Started))})
	}
	return facts
}

// uptimeText formats a duration in its two largest units.
func uptimeText(d time.Duration) string {
	minutes := int(max(d, 0) / time.Minute)
	switch days, hours := minutes/1440, minutes/60%24; {
	case days > 0:
		return fmt.Sprintf("%d 天 %d 小时", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d 小时 %d 分钟", hours, minutes%60)
	}
	return fmt.Sprintf("%d 分钟", minutes)
}

// checkTime is the timeout of a check.
const checkTime = 2 * time.Second

// healthFacts runs all checks concurrently. The reason for a failure is in the log, never on the
// page.
func (p *Pages) healthFacts(ctx context.Context) []templates.Fact {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	checks := append([]web.Check{{Name: "数据库", Run: p.Store.Ping}}, p.System.Checks...)
	facts := make([]templates.Fact, len(checks))
	var running sync.WaitGroup
	for i, check := range checks {
		running.Go(func() {
			begun := time.Now()
			badge := templates.Badge{Tone: templates.Bad, Text: "不正常"}
			switch err := check.Run(ctx); {
			case core.IsNotFound(err): // there is nothing to check
				badge = templates.Badge{Tone: templates.Neutral, Text: core.MessageOf(err)}
			case core.IsConflict(err): // has a message for users
				badge = templates.Badge{Tone: templates.Warn, Text: core.MessageOf(err)}
			case err == nil:
				badge = templates.Badge{Tone: templates.Good, Text: fmt.Sprintf("正常 · %d 毫秒", time.Since(begun).Milliseconds())}
			}
			facts[i] = templates.Fact{Label: check.Name, Badge: badge}
		})
	}
	running.Wait()
	return facts
}

// auditHealth returns when the audit log was last verified, and the result.
func (p *Pages) auditHealth(c *web.Context) (templates.Fact, error) {
	fact := templates.Fact{Label: "操作日志校验"}
	verdict, err := p.Store.LastAuditVerdict(c.Ctx())
	if core.IsNotFound(err) {
		if c.Actor().MayOperate() && c.Has(core.PermAuditView) { // who has the button there
			fact.Value, fact.URL = "从未校验，去校验", auditVerifyPath
			return fact, nil
		}
		fact.Badge = templates.Badge{Tone: templates.Neutral, Text: "从未校验"}
		return fact, nil
	}
	if err != nil {
		return fact, err
	}
	at := verdict.At.In(p.Store.Zone()).Format("2006-01-02 15:04")
	if verdict.Good() {
		fact.Badge = templates.Badge{Tone: templates.Good, Text: fmt.Sprintf("完好 · %s 校验 %s 条", at, frame.Grouped(int(verdict.Rows)))}
	} else {
		fact.Badge = templates.Badge{Tone: templates.Bad, Text: at + " 校验未通过：" + verdict.Broken}
	}
	return fact, nil
}

func aboutFigures(f store.AboutFigures) []templates.Fact {
	records := frame.Grouped(f.Records)
	if f.Records >= store.MaxAbout {
		records += " 条以上"
	}
	return []templates.Fact{
		{Label: "小区", Value: frame.Grouped(f.Communities)}, {Label: "房屋", Value: frame.Grouped(f.Houses)},
		{Label: "住户", Value: frame.Grouped(f.Residents)}, {Label: "出入记录", Value: records},
	}
}
