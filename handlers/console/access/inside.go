package access

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// rollCallPath is 点名表: who is inside, by building, to be printed.
const rollCallPath = frame.VisitorPassPath + "/rollcall"

func (p *Pages) insideRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: rollCallPath, Access: web.Need(core.PermVisitorPassView), Handler: p.rollCallShow},
	}
}

type rollCallPage struct {
	templates.Shell
	Asked   *templates.Asked
	Empty   *templates.Empty
	Groups  []rollGroup
	Words   string
	Warning string           // what the list does not have, or may have too much; "" = nothing
	Stay    templates.Action // beside it
	Printed string
}

type rollGroup struct {
	Title, People string
	Rows          []rollRow
}

type rollRow struct {
	core.Inside
	URL, Said string
}

func (p *Pages) rollCallShow(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	page := rollCallPage{Shell: p.Shell(c, "visitorpass", "点名表"), Asked: at.Asked(rollCallPath)}
	page.Crumbs = []templates.Crumb{{Label: "访客", URL: at.URL(frame.VisitorPassPath)}}
	if page.Empty = at.NotChosen(c); page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/visitorpass/rollcall", page)
	}
	all, err := p.Store.WhoIsInside(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	for _, g := range core.RollCall(all.List) {
		group := rollGroup{Title: g.Title, People: fmt.Sprintf("%d 人", g.People)}
		for _, one := range g.Rows {
			group.Rows = append(group.Rows, rollRow{
				Inside: one, URL: frame.HolderPage(c, one.Kind, one.ID), Said: fmt.Sprintf("%d 人", max(one.People, 1)),
			})
		}
		page.Groups = append(page.Groups, group)
	}
	page.Note = at.Name
	page.Words, page.Warning = rollText(all), rollWarning(all)
	page.Stay = templates.Action{Label: "在场的访客", URL: templates.WithQuery(
		frame.VisitorPassPath, nil, "community", at.ID.String(), "stay", string(core.StayInside),
	)}
	page.Printed = c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印"
	if len(all.List) == 0 {
		page.Empty = &templates.Empty{Icon: "users", Title: "没有人在场", Text: "进门后还没有离开的访客和机构成员会列在这里。"}
	}
	return p.Page(c, http.StatusOK, "console/visitorpass/rollcall", page)
}

// rollText returns how many are inside.
func rollText(all core.InsideRoll) string {
	if all.Late == 0 {
		return fmt.Sprintf("在场 %d 人。住户不在内。", all.People)
	}
	return fmt.Sprintf("在场 %d 人，其中 %d 组超时。住户不在内。", all.People, all.Late)
}

// rollWarning returns what a roll call of too many does not have, and who may have left without a door that tells.
func rollWarning(all core.InsideRoll) string {
	words := ""
	if more := all.Parties - len(all.List); more > 0 {
		words = fmt.Sprintf("下面是最近进门的 %d 组，另有 %d 组进门更早，没有列出。", len(all.List), more)
	}
	if all.Doubtful > 0 {
		words += fmt.Sprintf("有 %d 组访客进门超过 %d 天，可能已从不登记出门的门离开，核对后请登记已离开。",
			all.Doubtful, int(core.InsideDoubt.Hours()/24))
	}
	return words
}
