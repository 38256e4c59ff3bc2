package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// doorCommandRoutes returns the routes of 开门指令, a tab of 智能门禁, and of 远程开门.
func (p *Pages) doorCommandRoutes() []web.Route {
	view, open := web.Need(core.PermReaderView), web.Need(core.PermReaderOpen)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.DoorCommandPath, Access: view, Handler: p.doorCommandList},
		{Method: http.MethodGet, Path: frame.DoorCommandPath + "/:id", Access: view, Handler: p.doorCommandShow},
		{Method: http.MethodPost, Path: "/console/reader/:id/open", Access: open, Level: web.Asks, Handler: p.doorCommandCreate},
	}
}

// orderReasons are what a door is usually opened for from afar.
func orderReasons() []string {
	return []string{"业主没带手机", "访客已核实", "送货或搬家", "维修人员进出", "二维码打不开"}
}

// mayOrder returns why a reader cannot be ordered to open now; "" if it can.
func (p *Pages) mayOrder(c *web.Context, r core.Reader) string {
	held := false
	if protocol, _ := core.ReaderProtocolOf(r.Protocol); protocol.Commands && p.Gate != nil {
		var err error
		if held, _, err = p.Gate.DoorHeld(c.Ctx(), r.ID); err != nil {
			return "系统繁忙，暂时不能远程开门"
		}
	}
	if err := core.MayCommand(r, held); err != nil {
		return core.MessageOf(err)
	}
	return ""
}

// openAct is the button 远程开门 of a reader's page.
func (p *Pages) openAct(c *web.Context, r core.Reader) templates.Submit {
	return templates.Submit{
		Label: "远程开门", URL: frame.ReaderURL(r.ID) + "/open", Icon: "door", Ask: true, Off: p.mayOrder(c, r),
	}
}

func (p *Pages) doorCommandCreate(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	if why := p.mayOrder(c, r); why != "" {
		return p.Refused(c, core.Conflict(why), frame.ReaderURL(r.ID))
	}
	q := templates.Confirm{
		Title: "现在打开“" + r.Gate + "”？", Submit: "打开 1 扇门", Reasons: orderReasons(),
		Text: "指令现在发给“" + r.Name + "”，门会立即打开。谁发的、为什么，都记入操作日志和出入记录。",
	}
	q.Action, q.Cancel = c.Request().URL.RequestURI(), frame.ReaderURL(r.ID)
	if asked, err := p.Ask(c, "reader", q); asked {
		return err
	}
	made, err := p.Gate.OrderDoor(c.Ctx(), c.Actor(), c.Scope(), store.NewDoorCommand{
		Reader: r.ID, Reason: q.Reason(c.Form()), Key: orderKey(c, r),
	})
	if err != nil {
		return p.Refused(c, err, frame.ReaderURL(r.ID))
	}
	return c.Redirect(frame.DoorCommandURL(made.ID))
}

// orderKey identifies a sent form: the page's token differs each time it is drawn.
func orderKey(c *web.Context, r core.Reader) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "open %d %d %s", c.Account().ID, r.ID, c.Form().Get("csrf")))
	return hex.EncodeToString(sum[:])
}

func commandBadge(c core.DoorCommand) templates.Badge {
	tone := map[core.CommandState]templates.Tone{
		core.CommandOpened: templates.Good, core.CommandFailed: templates.Bad, core.CommandSilent: templates.Warn,
		core.CommandExpired: templates.Bad, core.CommandWaiting: templates.Neutral, core.CommandSent: templates.Neutral,
	}[c.State]
	return templates.Badge{Tone: tone, Text: c.State.Label()}
}

type doorCommandShowPage struct {
	templates.Shell
	URL, ReaderURL string
	Final          bool // the page needs not look again
	State          templates.Badge
	Words, Late    string
	Facts          []templates.Fact
}

func (p *Pages) doorCommandShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	command, err := p.Store.DoorCommand(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	page := doorCommandOf(command, p.Store.Zone())
	page.Shell = p.Shell(c, "reader", "开门指令")
	page.Crumbs = append(readerCrumbs(), templates.Crumb{Label: "开门指令", URL: frame.DoorCommandPath})
	return p.Page(c, http.StatusOK, "console/doorcommand/show", page)
}

// doorCommandOf returns the page of an order.
func doorCommandOf(command core.DoorCommand, zone *time.Location) doorCommandShowPage {
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(zone).Format("2006-01-02 15:04:05")
	}
	page := doorCommandShowPage{
		URL: frame.DoorCommandURL(command.ID), ReaderURL: frame.ReaderURL(command.Reader), Final: command.State.Final(),
		State: commandBadge(command), Words: commandWords(command.State),
		Facts: []templates.Fact{
			{Label: "读头", Value: command.Gate}, {Label: "原因", Value: command.Reason}, {Label: "谁发的", Value: command.By},
			{Label: "发令", Value: moment(command.Created)}, {Label: "发给设备", Value: moment(command.Sent)},
			{Label: "结束", Value: moment(command.Ended)},
		},
	}
	if !command.Late.IsZero() {
		page.Late = "设备在 " + moment(command.Late) + " 才回话，已经太晚：请看现场，并检查这台设备的网络。"
	}
	return page
}

// commandWords returns what a state means at the door.
func commandWords(s core.CommandState) string {
	switch s {
	case core.CommandWaiting:
		return "正在找连着这扇门的服务器。"
	case core.CommandSent:
		return "已经发给设备，正在等它回话。"
	case core.CommandOpened:
		return "设备说门开了，已记入出入记录。"
	case core.CommandFailed:
		return "设备收到了，但没有开门。"
	case core.CommandSilent:
		return "已经发给设备，它没有回话：门可能开了，也可能没开，请看现场。不会再发第二次。"
	case core.CommandExpired:
		return "十秒内没有发给设备，门没有开，以后也不会因它而开。需要的话请重新发。"
	}
	return ""
}

type doorCommandListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []doorCommandListRow
}

type doorCommandListRow struct {
	URL, Gate, Community, Reason, By string
	State                            templates.Badge
	Created                          time.Time
}

func (p *Pages) doorCommandList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.DoorCommand]{
		Stem: "reader", Title: "开门指令", Unit: "条", Table: doorCommandTable(),
		ID: func(d core.DoorCommand) core.ID { return d.ID },
		Find: func(community core.ID, page core.Page) ([]core.DoorCommand, bool, error) {
			var asked struct {
				Keyword string `form:"q" max:"64"`
				State   string `form:"state" of:"waiting sent opened failed silent expired"`
			}
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			return p.Store.DoorCommands(c.Ctx(), c.Scope(), store.DoorCommandFilter{
				Community: community, Keyword: asked.Keyword, State: core.CommandState(asked.State), Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	quarantined, err := p.Store.QuarantinedReaders(c.Ctx(), c.Scope().In(frame.ChosenCommunity(c, found.At)))
	if err != nil {
		return err
	}
	page := doorCommandListPage{
		Shell: found.Shell, Tabs: readerTabs(keeping(c), "orders", len(quarantined)), List: found.List,
	}
	for _, d := range found.Records {
		page.Rows = append(page.Rows, doorCommandListRow{
			URL: frame.DoorCommandURL(d.ID), Gate: d.Gate, Community: found.At.NameOf(d.Community), Reason: d.Reason, By: d.By,
			State: commandBadge(d), Created: d.Created,
		})
	}
	return p.Page(c, http.StatusOK, "console/doorcommand/list", page)
}

func doorCommandTable() templates.List {
	return templates.List{
		Path: frame.DoorCommandPath, Cards: true,
		Columns: []templates.Column{{Label: "读头"}, {Label: "结果", Narrow: true}, {Label: "原因"}, {Label: "谁发的"}, {Label: "时间"}},
		Filters: []templates.Field{
			{Name: "q", Label: "读头、原因或发令人", MaxLength: 64},
			{
				Kind: templates.Select, Name: "state", Label: "结果",
				Choices: templates.ChoicesOf("全部结果", core.CommandStates(), core.CommandState.Label),
			},
		},
		Empty: templates.Empty{Icon: "door", Title: "还没有开门指令", Text: "在能远程开门的读头页面点“远程开门”，每一条和它的结果都列在这里。"},
	}
}
