package access

import (
	"fmt"
	"net/url"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// visitLeaves returns the act that notes ticked visitors as left, which leads back to the list with its filters.
func visitLeaves(query url.Values) []templates.Submit {
	return []templates.Submit{{
		Label: "登记已离开", Icon: "door-exit", Ask: true, URL: templates.WithQuery(frame.VisitorPassPath+"/leave", query),
	}}
}

// visitorsLeave notes that the ticked visitors have left.
func (p *Pages) visitorsLeave(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	back := templates.WithQuery(frame.VisitorPassPath, c.Request().URL.Query())
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择访客。")
		return c.Redirect(back)
	}
	return p.leaveVisits(c, form.IDs, back)
}

// visitorPassLeave notes that one has.
func (p *Pages) visitorPassLeave(c *web.Context) error {
	v, err := p.visitorPass(c)
	if err != nil {
		return err
	}
	return p.leaveVisits(c, []core.ID{v.ID}, frame.BackTo(c, frame.VisitorPassPath, frame.VisitorPassURL(v.ID)))
}

func (p *Pages) leaveVisits(c *web.Context, ids []core.ID, back string) error {
	visits, err := p.Store.VisitsInside(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return err
	}
	if len(visits) == 0 {
		return p.Refused(c, core.Conflict("选择的访客都已离开，或不在您的管理范围内"), back)
	}
	return p.Act(c, frame.Act{
		Ask: p.leaveQuestion(visits), Back: back,
		Batch: func() (core.Batch, error) {
			return p.Store.LeaveVisits(c.Ctx(), c.Actor(), c.Scope(), visitIDs(visits), "")
		},
		DoneAll: func(b core.Batch) string { return fmt.Sprintf("已登记 %d 位访客离开。", b.Size) },
	})
}

func (p *Pages) leaveQuestion(visits []core.VisitorPass) templates.Confirm {
	n := frame.Grouped(len(visits))
	title := "登记 " + n + " 位访客已离开？"
	if len(visits) == 1 {
		title = "登记“" + visits[0].Name + "”已离开？"
	}
	return templates.Confirm{
		Title: title, Submit: "登记 " + n + " 位已离开",
		Text: "没有经过读头或门岗出门的访客，登记后不再算在场，也不再提醒超时。可以撤销本次。",
		Effects: frame.Named(len(visits), "位", func(i int) string {
			v := visits[i]
			at := v.Entered.In(p.Store.Zone()).Format("1 月 2 日 15:04")
			return fmt.Sprintf("%s（%s）：%s 进门，%s", v.Name, v.HouseLabel, at, v.PeopleText())
		}),
		Keep: url.Values{"id": frame.IDValues(visitIDs(visits))}, Typed: frame.TypedNumber(len(visits)),
	}
}

func visitIDs(visits []core.VisitorPass) []core.ID {
	ids := make([]core.ID, len(visits))
	for i, v := range visits {
		ids[i] = v.ID
	}
	return ids
}
