package registry

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Cards returns the area's cards of the home page.
func (p *Pages) Cards() []frame.Card {
	return []frame.Card{
		{Name: "people", Title: "住户认证", Band: frame.BandWrong, Needs: core.PermResidentView, Show: p.peopleCard},
	}
}

// peopleCard counts residents, and those of them who are not certified.
func (p *Pages) peopleCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	residents, certified, err := p.Store.ResidentCounts(c.Ctx(), scope)
	if err != nil || residents == 0 {
		return card, err
	}
	card.Note = fmt.Sprintf("%d%% 已认证", certified*100/residents)
	card.Figures = []templates.Figure{
		{Label: "未认证", N: residents - certified, URL: p.Within(c, frame.ResidentPath, "certified", "no"), Tone: templates.Neutral},
		{Label: "已认证", N: certified, URL: p.Within(c, frame.ResidentPath, "certified", "yes"), Tone: templates.Good},
		{Label: "住户", N: residents, URL: p.Within(c, frame.ResidentPath), Tone: templates.Neutral},
	}
	return card, nil
}
