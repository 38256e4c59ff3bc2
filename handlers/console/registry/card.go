package registry

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// Cards returns the area's cards of the home page.
func (p *Pages) Cards() []frame.Card {
	return []frame.Card{
		{Name: "people", Title: "住户认证", Band: frame.BandWrong, Needs: core.PermResidentView, Show: p.peopleCard},
		{Name: "buildings", Title: "未认证楼栋", Band: frame.BandWrong, Needs: core.PermResidentView, Show: p.buildingsCard},
		{Name: "queue", Title: "消息发送", Band: frame.BandWrong, Needs: core.PermMessageView, Show: p.queueCard},
	}
}

// peopleCard counts residents, and those of them who are not certified.
func (p *Pages) peopleCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	residents, certified, err := p.Store.ResidentFigures(c.Ctx(), scope)
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

// queueCard counts the messages that wait to be sent, and those whose fate is unknown; nothing if there are none.
func (p *Pages) queueCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	total := 0
	for _, state := range []core.MessageState{core.MessageWaiting, core.MessageUnreached, core.MessageUnknown} {
		n := 0
		_, _, err := p.Store.Messages(c.Ctx(), scope, core.MessageFilter{State: state}, store.Page{Limit: 1, Total: &n})
		if err != nil {
			return card, err
		}
		tone := templates.Neutral
		if n > 0 && state != core.MessageWaiting {
			tone = templates.Warn
		}
		total += n
		card.Figures = append(card.Figures, templates.Figure{
			Label: state.Label(), N: n, Bounded: true, Tone: tone, URL: p.Within(c, frame.MessagePath, "state", string(state)),
		})
	}
	if total == 0 {
		card.Figures = nil
	}
	return card, nil
}

// buildingsShown is the maximum number of buildings on their card.
const buildingsShown = 6

// buildingsCard counts the residents of a community who are not certified, by building, the most first. Of
// several communities it shows nothing: each has its own.
func (p *Pages) buildingsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	community, one := scope.One()
	if !one {
		return card, nil
	}
	buildings, err := p.Store.UncertifiedBuildings(c.Ctx(), scope, community)
	if len(buildings) > buildingsShown {
		card.Note = fmt.Sprintf("人数最多的 %d 处，共 %d 处", buildingsShown, len(buildings))
		buildings = buildings[:buildingsShown]
	}
	for _, b := range buildings {
		card.Figures = append(card.Figures, templates.Figure{
			Label: b.Name, N: b.Residents, Tone: templates.Warn, URL: templates.WithQuery(
				frame.ResidentPath, nil, "community", community.String(), "node", b.ID.String(), "certified", "no",
			),
		})
	}
	return card, err
}
