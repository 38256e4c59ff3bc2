package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// houseNodePath is the URL below which the acts on nodes of the tree are.
const houseNodePath = frame.HousePath + "/node"

func houseNodeURL(node core.ID) string { return houseNodePath + "/" + node.String() }

// houseMoveForm is the posted form. Act is what is done with a node: rename, move, merge.
type houseMoveForm struct {
	Act    string `form:"act" of:"rename move merge"`
	Name   string `form:"name" max:"80"`
	Parent string `form:"parent" max:"24"`
	Into   string `form:"into" max:"24"`
	House  string `form:"house" max:"250"`
	Seen   string `form:"seen" max:"64"`
}

// houseMoving is what is moved, and the page that asks for it.
type houseMoving struct {
	at          frame.CommunityChoice
	label       string // of the node or house
	title, verb string
	back        string
	form        templates.Form
}

// moveTitles are what is done with a node.
var moveTitles = map[string]string{"rename": "改名", "move": "移动", "merge": "合并"}

// houseNodeMoving returns the node in the path with the form of an act.
func (p *Pages) houseNodeMoving(c *web.Context, act string) (core.BuildingNode, houseMoving, error) {
	var m houseMoving
	id, err := c.ParamID("id")
	if err != nil {
		return core.BuildingNode{}, m, err
	}
	node, err := p.Store.BuildingNode(c.Ctx(), c.Scope(), id)
	if err != nil {
		return node, m, err
	}
	if m.at, err = p.CommunityOf(c, node.Community.String()); err != nil {
		return node, m, err
	}
	same, err := p.Store.MovePlaces(c.Ctx(), c.Scope(), node.Community, node.Level)
	if err != nil {
		return node, m, err
	}
	m.label = node.Name
	for _, other := range same {
		if other.ID == node.ID {
			m.label = other.Name
		}
	}
	m.verb = moveTitles[act]
	m.title, m.back = m.verb+" "+m.label, m.at.URL(frame.HousePath, "node", node.ID.String())
	field, err := p.houseMoveField(c, node, act, same)
	m.form = templates.Form{
		Action: houseNodeURL(node.ID) + "/move", CSRF: c.CSRF(), Cancel: m.back, Submit: "预览",
		Sections: []templates.Section{{
			Help:   "先预览会改动什么，确认后再改。之后都没有再改过时，可以撤销本次。",
			Fields: []templates.Field{{Kind: templates.Hidden, Name: "act", Value: act}, field},
		}},
	}
	return node, m, err
}

// houseMoveField returns the field of an act: the new name, or where to.
func (p *Pages) houseMoveField(
	c *web.Context, node core.BuildingNode, act string, same []core.BuildingNode,
) (templates.Field, error) {
	switch act {
	case "merge":
		return templates.Field{
			Kind: templates.Select, Name: "into", Label: "合并到", Required: true, Focus: true,
			Help:    "同一栋有两种名称时用。单元和房屋归到所选的一处，相同门牌合成一套。",
			Choices: placeChoices("请选择", same, node.ID),
		}, nil
	case "move":
		field := templates.Field{Kind: templates.Select, Name: "parent", Label: "移动到", Required: true, Focus: true}
		above, err := p.Store.MovePlaces(c.Ctx(), c.Scope(), node.Community, node.Level-1)
		field.Choices = placeChoices("请选择", above, node.Parent)
		return field, err
	}
	return templates.Field{
		Name: "name", Label: "新名称", Value: node.Name, Required: true, MaxLength: core.MaxNodeName, Focus: true, Short: true,
		Autocomplete: "off", Help: "它下面的房屋一起改名；以前的出入记录保留当时的名称。",
	}, nil
}

// placeChoices returns places as choices, but for one.
func placeChoices(none string, places []core.BuildingNode, but core.ID) []templates.Choice {
	choices := []templates.Choice{{Label: none}}
	for _, place := range places {
		if place.ID != but {
			choices = append(choices, templates.Choice{Value: place.ID.String(), Label: place.Name})
		}
	}
	return choices
}

// houseMovePage shows the form.
func (p *Pages) houseMovePage(c *web.Context, m houseMoving, wrong error) error {
	if core.IsConflict(wrong) {
		wrong = core.Invalid(core.MessageOf(wrong))
	}
	return p.FormPage(c, wrong, &m.form, func(status int) error {
		page := houseFormPage{Shell: p.Shell(c, "house", m.title), Form: m.form}
		page.Crumbs, page.Note = []templates.Crumb{{Label: "房屋", URL: m.at.URL(frame.HousePath)}, {Label: m.label, URL: m.back}}, m.at.Name
		frame.ShowsCommunity(&page.Shell, m.at.Community)
		return p.Page(c, status, "console/house/form", page)
	})
}

func (p *Pages) houseNodeMoveForm(c *web.Context) error {
	act := c.Query("act")
	if moveTitles[act] == "" {
		return core.NotFound("没有这种操作，请回到房屋信息重新选择")
	}
	node, m, err := p.houseNodeMoving(c, act)
	if err == nil && act == "move" && node.Level == 0 {
		err = core.NotFound("最上一级不能移动，可以改名或合并")
	}
	if err != nil {
		return err
	}
	return p.houseMovePage(c, m, nil)
}

func (p *Pages) houseNodeMove(c *web.Context) error {
	var form houseMoveForm
	wrong := c.Bind(&form)
	if moveTitles[form.Act] == "" {
		form.Act = "rename"
	}
	node, m, err := p.houseNodeMoving(c, form.Act)
	if err != nil {
		return err
	}
	if wrong == nil && frame.EditsAgain(c) {
		m.form.Set(c.Form(), nil)
		return p.houseMovePage(c, m, nil)
	}
	move := core.HouseMove{Node: node.ID, Parent: core.NoMove}
	if wrong == nil {
		wrong = form.read(&move)
	}
	if wrong != nil {
		return p.houseMovePage(c, m, wrong)
	}
	return p.houseMoveAct(c, m, move, form)
}

// read reads what is to become of a node.
func (f houseMoveForm) read(move *core.HouseMove) error {
	switch f.Act {
	case "merge":
		id, err := core.ParseID(f.Into)
		if err != nil {
			return core.InvalidFields(map[string]string{"into": "请选择合并到哪里"})
		}
		move.Into = id
	case "move":
		id, err := core.ParseID(f.Parent)
		if err != nil {
			return core.InvalidFields(map[string]string{"parent": "请选择移动到哪里"})
		}
		move.Parent = id
	default:
		if move.Name = core.Clean(f.Name); move.Name == "" {
			return core.InvalidFields(map[string]string{"name": "请填写新名称"})
		}
	}
	return nil
}

// houseMerging returns the house in the path with the form of what it becomes part of.
func (p *Pages) houseMerging(c *web.Context) (core.House, houseMoving, error) {
	house, at, err := p.house(c)
	m := houseMoving{at: at, label: house.Label, verb: "合并", title: "合并 " + house.Label, back: frame.HouseURL(house.ID)}
	m.form = templates.Form{
		Action: frame.HouseURL(house.ID) + "/merge", CSRF: c.CSRF(), Cancel: m.back, Submit: "预览",
		Sections: []templates.Section{{
			Help: "同一套登记了两次时用：住户归到留下的一套。先预览，可以撤销本次。",
			Fields: []templates.Field{
				{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
				{
					Name: "house", Label: "合并到", Required: true, MaxLength: 250, Focus: true, Autocomplete: "off",
					Suggest: frame.HousePath + "/suggest", Help: "留下的那一套的房号。",
				},
			},
		}},
	}
	return house, m, err
}

func (p *Pages) houseMergeForm(c *web.Context) error {
	_, m, err := p.houseMerging(c)
	if err != nil {
		return err
	}
	return p.houseMovePage(c, m, nil)
}

func (p *Pages) houseMerge(c *web.Context) error {
	var form houseMoveForm
	wrong := c.Bind(&form)
	house, m, err := p.houseMerging(c)
	if err != nil {
		return err
	}
	if wrong == nil && frame.EditsAgain(c) {
		m.form.Set(c.Form(), nil)
		return p.houseMovePage(c, m, nil)
	}
	move := core.HouseMove{House: house.ID, Parent: core.NoMove}
	if wrong == nil {
		move.Into, wrong = p.houseNamed(c, m.at, form.House)
	}
	if wrong != nil {
		return p.houseMovePage(c, m, wrong)
	}
	return p.houseMoveAct(c, m, move, form)
}

// houseNamed returns the one house of a community that a text says.
func (p *Pages) houseNamed(c *web.Context, at frame.CommunityChoice, text string) (core.ID, error) {
	house, err := p.Store.HouseByText(c.Ctx(), c.Scope(), at.ID, text)
	switch {
	case core.IsNotFound(err) && core.Clean(text) == "":
		err = core.InvalidFields(map[string]string{"house": "请填写房屋"})
	case core.IsNotFound(err):
		err = core.InvalidFields(map[string]string{"house": "“" + at.Name + "”没有这套房屋，请核对或先添加房屋"})
	case core.IsInvalid(err):
		err = core.InvalidFields(map[string]string{"house": core.MessageOf(err)})
	}
	return house.ID, err
}

// houseMoveAct shows what would change, and changes it once that is confirmed.
func (p *Pages) houseMoveAct(c *web.Context, m houseMoving, move core.HouseMove, form houseMoveForm) error {
	plan, err := p.Store.PlanMove(c.Ctx(), c.Scope(), m.at.ID, move)
	if err != nil {
		return p.houseMovePage(c, m, err)
	}
	ask := houseMoveAsk(c, m, plan)
	if asked, err := p.Ask(c, "house", ask); asked {
		return err
	}
	batch, err := p.Store.MoveHouses(c.Ctx(), c.Actor(), c.Scope(), m.at.ID, move, form.Seen)
	var refused *core.Error
	if errors.As(err, &refused) && core.IsConflict(err) {
		ask.Notice = core.MessageOf(err) + "。"
		return p.Confirm(c, "house", ask)
	}
	if err != nil {
		return p.houseMovePage(c, m, err)
	}
	p.Done(c, houseMoveDone(plan), batch)
	return c.Redirect(m.after(move))
}

// after returns where a move leads: to what was moved, or what it is part of.
func (m houseMoving) after(move core.HouseMove) string {
	switch {
	case move.Node == 0:
		return frame.HouseURL(move.Into)
	case move.Into != 0:
		return m.at.URL(frame.HousePath, "node", move.Into.String())
	}
	return m.at.URL(frame.HousePath, "node", move.Node.String())
}

func houseMoveDone(plan store.HouseMovePlan) string {
	if plan.Move.Into != 0 {
		return "“" + plan.From + "”已合并到“" + plan.To + "”。"
	}
	return "“" + plan.From + "”已改为“" + plan.To + "”。"
}

// houseMoveAsk returns the question with all that would change.
func houseMoveAsk(c *web.Context, m houseMoving, plan store.HouseMovePlan) templates.Confirm {
	ask := templates.Confirm{
		Title: "把“" + plan.From + "”改为“" + plan.To + "”？", Text: "出入记录保留当时的名称；通行证、链接和读头照常可用。",
		Submit: fmt.Sprintf("%s %d 套房屋", m.verb, plan.Houses), Cancel: m.back, Action: m.form.Action,
		Typed: frame.TypedNumber(plan.Houses), Edit: true,
	}
	if j := plan.Joins; plan.Move.House != 0 && len(j) == 1 && core.LevelKey(j[0].From.Name) != core.LevelKey(j[0].Into.Name) {
		ask.Typed = plan.To // two door numbers that have nothing in common
	}
	if plan.Move.Into != 0 {
		ask.Title = "把“" + plan.From + "”合并到“" + plan.To + "”？"
		ask.Text = "合并后只剩“" + plan.To + "”。" + ask.Text
	}
	keep := map[string][]string{"seen": {plan.Seen}}
	for _, name := range []string{"act", "name", "parent", "into", "house", "community"} {
		if values, ok := c.Form()[name]; ok {
			keep[name] = values
		}
	}
	ask.Keep = keep
	ask.Effects = houseMoveEffects(plan)
	return ask
}

// houseMoveEffects describes what would change, and each pair of houses that becomes one.
func houseMoveEffects(plan store.HouseMovePlan) []string {
	effects := []string{fmt.Sprintf("房屋 %s 套，住着 %s 人", frame.Grouped(plan.Houses), frame.Grouped(plan.Residents))}
	if plan.Restricted > 0 {
		effects = append(effects, fmt.Sprintf("其中 %d 套正被限制出入，限制跟着走", plan.Restricted))
	}
	if plan.Waiting > 0 {
		effects = append(effects, fmt.Sprintf("%d 份待审核的申请，改到新的房号", plan.Waiting))
	}
	if plan.Allowed > 0 {
		effects = append(effects, frame.Grouped(plan.Allowed)+" 套改为允许业主审核")
	}
	if plan.Refused > 0 {
		effects = append(effects, frame.Grouped(plan.Refused)+" 套改为不允许业主审核")
	}
	if len(plan.Readers) > 0 {
		effects = append(effects, "只服务这里的读头改为服务“"+plan.To+"”："+strings.Join(plan.Readers, "、"))
	}
	switch n := len(plan.Joins); {
	case n > 0 && plan.Move.House != 0: // chosen by hand
		effects = append(effects, "两套合成一套，请核对房号：")
	case n > 0:
		effects = append(effects, fmt.Sprintf("%d 套门牌相同，合成一套：", n))
	}
	// those with something to resolve come first, all of them
	joins := slices.Clone(plan.Joins)
	slices.SortStableFunc(joins, func(a, b store.HouseJoin) int { return len(houseJoinConflicts(b)) - len(houseJoinConflicts(a)) })
	for len(joins) > 0 && len(houseJoinConflicts(joins[0])) > 0 {
		effects, joins = append(effects, houseJoinText(joins[0])), joins[1:]
	}
	return append(effects, frame.Named(len(joins), "套", func(i int) string { return houseJoinText(joins[i]) })...)
}

// houseJoinText describes what happens to two houses, and how each conflict is resolved.
func houseJoinText(j store.HouseJoin) string {
	words := []string{fmt.Sprintf("%s 并入 %s：%d 名住户（含已迁出）", j.From.Label, j.Into.Label, j.Residents)}
	return strings.Join(append(words, houseJoinConflicts(j)...), "；")
}

// houseJoinConflicts describes how each conflict of two houses is resolved.
func houseJoinConflicts(j store.HouseJoin) []string {
	var words []string
	for _, twice := range j.Twice {
		kept := core.StayText(!twice.Kept.Lives, twice.Kept.Certified)
		words = append(words, fmt.Sprintf("%s 两边都有登记，留下%s、%s的一份，另一份按迁出处理",
			twice.Kept.Name, twice.Kept.Identity.Label(), kept))
	}
	if len(j.Namesakes) > 0 {
		words = append(words, "同名但手机号不同，合并后请核对："+strings.Join(j.Namesakes, "、"))
	}
	switch {
	case j.Restricted[0] && j.Restricted[1]:
		words = append(words, "两边都有限制，留下 "+j.Into.Label+" 的")
	case j.Restricted[0]:
		words = append(words, "限制改为 "+j.Into.Label+" 的")
	}
	switch {
	case j.From.ArrearsFen == 0 || j.From.ArrearsFen == j.Into.ArrearsFen:
	case j.Into.ArrearsFen > 0:
		words = append(words, "两边都有欠费，取较大的 "+core.Yuan(max(j.From.ArrearsFen, j.Into.ArrearsFen))+" 元")
	default:
		words = append(words, "欠费 "+core.Yuan(j.From.ArrearsFen)+" 元改为 "+j.Into.Label+" 的")
	}
	return words
}
