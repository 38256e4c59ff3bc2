package access

import (
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// readerFigurePath is 运行: whether doors, scans and orders are as they should be.
const readerFigurePath = frame.ReaderPath + "/figure"

type readerFigurePage struct {
	templates.Shell
	Tabs  templates.Tabs
	Cards []frame.HomeCard
}

// figureCards are the cards of the page, those of the home page among them: a number is that of the rows it leads to.
func (p *Pages) figureCards() []frame.Card {
	return []frame.Card{
		{Name: "doors", Title: "门禁读头", Needs: core.PermReaderView, Show: p.doorsCard},
		{Name: "orders", Title: "开门指令", Needs: core.PermReaderView, Show: p.ordersCard},
		{Name: "today", Title: "今天的出入", Needs: core.PermAccessRecordView, Show: p.todayCard},
		{Name: "refusals", Title: "今天的拒绝原因", Needs: core.PermAccessRecordView, Show: p.refusalsCard},
		{Name: "server", Title: "这台服务器", Needs: core.PermReaderView, Show: p.serverCard},
	}
}

func (p *Pages) readerFigure(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	scope := c.Scope().In(frame.ChosenCommunity(c, at))
	quarantined, err := p.Store.QuarantinedReaders(c.Ctx(), scope)
	if err != nil {
		return err
	}
	page := readerFigurePage{
		Shell: p.Shell(c, "reader", "运行"), Tabs: readerTabs(keeping(c), "figure", len(quarantined)),
	}
	page.Crumbs = readerCrumbs()
	for _, card := range p.figureCards() {
		if !c.Has(card.Needs) {
			continue
		}
		shown := frame.HomeCard{Name: card.Name, Title: card.Title}
		body, err := card.Show(c, scope)
		if err != nil {
			return err
		}
		if shown.CardBody = body; !body.Empty() {
			page.Cards = append(page.Cards, shown)
		}
	}
	return p.Page(c, http.StatusOK, "console/reader/figure", page)
}

// ordersCard counts the orders to doors by what became of them.
func (p *Pages) ordersCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	counts, err := p.Store.CountDoorCommands(c.Ctx(), scope, time.Time{})
	if err != nil || len(counts) == 0 {
		return card, err
	}
	for _, state := range core.CommandStates() {
		badge := commandBadge(core.DoorCommand{State: state})
		figure := templates.Figure{
			Label: state.Label(), N: counts[state], Tone: badge.Tone, URL: p.Within(c, frame.DoorCommandPath, "state", string(state)),
		}
		if figure.N == 0 {
			figure.Tone = templates.Neutral
		}
		card.Figures = append(card.Figures, figure)
	}
	return card, nil
}

// serverCard shows how fast this server answers doors, and which of the connected ones are there.
func (p *Pages) serverCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	if p.Gate == nil {
		return card, nil
	}
	card.Note = "扫码快慢只算为您打开本页的这台"
	speed := templates.Fact{Label: "扫码快慢", Value: "启动以来还没有扫码"}
	if s := p.Gate.Speed(); s.Scans > 0 {
		speed.Value = fmt.Sprintf("最近 %s 次：一半在 %s内应答，百分之九十九在 %s内", frame.Grouped(s.Scans), tookText(s.Half), tookText(s.Most))
	}
	card.Facts = []templates.Fact{speed}
	line, err := p.linesFact(c, scope)
	if err != nil || line.Value == "" {
		return card, err
	}
	card.Facts = append(card.Facts, line)
	return card, nil
}

// tookText returns the time of a scan in words, rounded up.
func tookText(d time.Duration) string {
	return fmt.Sprintf("%d 毫秒", (d + time.Millisecond - 1).Milliseconds())
}

// linesFact counts how many of the doors that hold a connection are connected, to any server; empty if there are no such doors.
func (p *Pages) linesFact(c *web.Context, scope core.Scope) (templates.Fact, error) {
	ids, err := p.connectedReaders(c, scope)
	if err != nil || len(ids) == 0 {
		return templates.Fact{}, err
	}
	fact := templates.Fact{Label: "连接的门", Value: "暂时查不到：缓存服务没有响应"}
	if held, err := p.Gate.DoorsHeld(c.Ctx(), ids); err == nil {
		fact.Value = fmt.Sprintf("应有 %d 台，连着 %d 台", len(ids), len(held))
	}
	return fact, nil
}

// connectedReaders returns the readers in use of the families that hold a connection.
func (p *Pages) connectedReaders(c *web.Context, scope core.Scope) (ids []core.ID, err error) {
	readers, _, err := p.Store.Readers(c.Ctx(), scope, store.ReaderFilter{Disabled: "no", Page: store.Page{Limit: core.MaxDoorWall}})
	for _, r := range readers {
		if protocol, _ := core.ReaderProtocolOf(r.Protocol); protocol.Connected {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}
