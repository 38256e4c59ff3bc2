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
	people, late := 0, 0
	for _, g := range core.RollCall(all) {
		group := rollGroup{Title: g.Title, People: fmt.Sprintf("%d 人", g.People)}
		people += g.People
		for _, one := range g.Rows {
			row := rollRow{Inside: one, URL: frame.VisitorPassURL(one.ID), Said: fmt.Sprintf("%d 人", max(one.People, 1))}
			if one.Kind == core.PassDedicated {
				if row.URL = ""; c.Has(core.PermInstitutionView) {
					row.URL = frame.MemberURL(one.ID)
				}
			}
			if one.Late {
				late++
			}
			group.Rows = append(group.Rows, row)
		}
		page.Groups = append(page.Groups, group)
	}
	page.Note = at.Name
	page.Words = fmt.Sprintf("在场 %d 人。住户不在内。", people)
	if late > 0 {
		page.Words = fmt.Sprintf("在场 %d 人，其中 %d 组超时。住户不在内。", people, late)
	}
	page.Printed = c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印"
	if len(all) == 0 {
		page.Empty = &templates.Empty{Icon: "users", Title: "没有人在场", Text: "进门后还没有离开的访客和机构成员会列在这里。"}
	}
	return p.Page(c, http.StatusOK, "console/visitorpass/rollcall", page)
}
