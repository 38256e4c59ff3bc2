package registry

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// houseTransferPart is the transfer that is planned for a house, on its page.
type houseTransferPart struct {
	Title, Text string
	Cancel      templates.Submit
}

// houseTransferPart returns it; nil if none is planned. Who may not see residents is told that there is one, and who may not
// change them has no button.
func (p *Pages) houseTransferPart(c *web.Context, house core.House) (*houseTransferPart, error) {
	t, err := p.Store.PlannedTransfer(c.Ctx(), c.Scope(), house.ID)
	if core.IsNotFound(err) {
		return nil, nil
	}
	part := houseTransferPart{Title: t.Day.String() + " 过户"}
	if c.Has(core.PermResidentView) {
		part.Title += "给" + t.Owner.Name
		part.Text = fmt.Sprintf("家属%s，租客%s；%s 安排", t.Family.Label(), t.Tenants.Label(), t.By)
	}
	if c.Has(core.PermResidentEdit) {
		part.Cancel = templates.Submit{Label: "取消过户", URL: frame.HouseURL(house.ID) + "/transfer/cancel", Ask: true}
	}
	return &part, err
}

// houseTransferFields is the posted form. Existing is a resident of the house who becomes its owner; 0 = somebody else.
type houseTransferFields struct {
	Existing core.ID  `form:"existing"`
	Name     string   `form:"name" max:"64"`
	Phone    string   `form:"phone" max:"40"`
	IDNumber string   `form:"id_number" max:"40"`
	Day      core.Day `form:"day"`
	Family   string   `form:"family" max:"8"`
	Tenants  string   `form:"tenants" max:"8"`
	Seen     string   `form:"people_seen" max:"64"`
}

// check refuses two new owners: one who is chosen, and another who is typed.
func (f houseTransferFields) check() error {
	if f.Existing == 0 || core.Clean(f.Name+f.Phone+f.IDNumber) == "" {
		return nil
	}
	return core.InvalidFields(map[string]string{"existing": "选了登记的人，下面三项又填了：请清空下面三项，或改选“另一人”"})
}

// transfer returns what the form asks for.
func (f houseTransferFields) transfer(house core.House) core.HouseTransfer {
	return core.HouseTransfer{
		Community: house.Community, House: house.ID, Day: f.Day, Existing: f.Existing,
		Family: core.TransferFate(f.Family), Tenants: core.TransferFate(f.Tenants),
		Owner: core.Resident{Name: f.Name, Phone: f.Phone, IDNumber: f.IDNumber},
	}
}

// houseTransferring returns the house in the path with the form of its transfer.
func (p *Pages) houseTransferring(c *web.Context) (core.House, houseMoving, error) {
	house, at, err := p.house(c)
	m := houseMoving{at: at, label: house.Label, verb: "过户", title: "房屋过户 " + house.Label, back: frame.HouseURL(house.ID)}
	if err != nil {
		return house, m, err
	}
	people, _, err := p.Store.Residents(c.Ctx(), c.Scope(), store.ResidentFilter{
		Community: house.Community, House: house.ID, Page: store.Page{Limit: store.ResidentsAtOnce},
	})
	counts := map[core.Identity]int{}
	others := []templates.Choice{{Label: "另一人（填写姓名和手机号）"}}
	for _, r := range people {
		counts[r.Identity]++
		if r.Identity != core.Owner {
			others = append(others, templates.Choice{
				Value: r.ID.String(), Label: r.Name + "（" + r.Identity.Label() + " " + r.PhoneText() + "）",
			})
		}
	}
	m.form = templates.Form{
		Action: m.back + "/transfer", CSRF: c.CSRF(), Cancel: m.back, Submit: "预览",
		Sections: []templates.Section{{
			Help:   fmt.Sprintf("原业主 %d 人按迁出处理，通行证立即失效，登记和出入记录保留。先预览，确认后再办。", counts[core.Owner]),
			Fields: houseTransferFieldsOf(p.Today(c), others, counts),
		}},
	}
	return house, m, err
}

func houseTransferFieldsOf(today core.Day, others []templates.Choice, counts map[core.Identity]int) []templates.Field {
	owner := templates.Field{
		Kind: templates.Select, Name: "existing", Label: "新业主", Choices: others,
		Help: "已登记在这套房屋的人（如家属）可以直接选；选了不用再填下面三项。",
	}
	fields := []templates.Field{
		{Name: "name", Label: "姓名", MaxLength: core.MaxName, Autocomplete: "off", Focus: true},
		{Name: "phone", Label: "手机号", MaxLength: 40, Autocomplete: "off", Help: "新业主本人的手机号。"},
		{Name: "id_number", Label: "证件号", MaxLength: 40, Autocomplete: "off", Help: "可以不填。"},
		{
			Kind: templates.Date, Name: "day", Label: "过户日期", Value: today.String(), Required: true,
			Min: today.String(), Max: (today + core.MaxTransferDays).String(), Help: "选以后的日期，到那天自动办理。",
		},
		fateField("family", fmt.Sprintf("家属（%d 人）", counts[core.Family]), core.TransferLeave),
		fateField("tenants", fmt.Sprintf("租客（%d 人）", counts[core.Tenant]+counts[core.Lodger]), core.TransferStay),
	}
	if len(others) == 1 {
		return fields
	}
	return append([]templates.Field{owner}, fields...)
}

func fateField(name, label string, usual core.TransferFate) templates.Field {
	return templates.Field{
		Kind: templates.Radio, Name: name, Label: label, Value: string(usual), Required: true,
		Choices: templates.ChoicesOf("", core.TransferFates(), core.TransferFate.Label),
	}
}

func (p *Pages) houseTransferForm(c *web.Context) error {
	_, m, err := p.houseTransferring(c)
	if err != nil {
		return err
	}
	return p.houseMovePage(c, m, nil)
}

// houseTransfer shows what would change, and changes it once that is confirmed.
func (p *Pages) houseTransfer(c *web.Context) error {
	var form houseTransferFields
	wrong := c.Bind(&form)
	house, m, err := p.houseTransferring(c)
	if err != nil {
		return err
	}
	if wrong == nil && frame.EditsAgain(c) {
		m.form.Set(c.Form(), nil)
		return p.houseMovePage(c, m, nil)
	}
	var plan store.HouseTransferPlan
	t := form.transfer(house)
	if wrong == nil {
		wrong = form.check()
	}
	if wrong == nil {
		plan, wrong = p.Store.PlanTransfer(c.Ctx(), c.Scope(), t)
	}
	if wrong != nil {
		return p.houseMovePage(c, m, wrong)
	}
	ask := p.houseTransferAsk(c, m, t, plan)
	if asked, err := p.Ask(c, "house", ask); asked {
		return err
	}
	batch, err := p.Store.TransferHouse(c.Ctx(), c.Actor(), c.Scope(), t, form.Seen)
	var refused *core.Error
	if errors.As(err, &refused) && core.IsConflict(err) {
		ask.Notice = core.MessageOf(err) + "。" + ask.Notice
		return p.Confirm(c, "house", ask)
	}
	switch {
	case err != nil:
		return p.houseMovePage(c, m, err)
	case t.Planned(p.Today(c)):
		c.Flash(web.FlashSuccess, "已安排：到 "+t.Day.String()+" 自动过户给"+plan.Owner+"，之前可以取消。")
	default:
		p.Done(c, house.Label+" 已过户给"+plan.Owner+"。", batch)
	}
	return c.Redirect(frame.HouseURL(house.ID))
}

// houseTransferAsk returns the question with all that would change.
func (p *Pages) houseTransferAsk(
	c *web.Context, m houseMoving, t core.HouseTransfer, plan store.HouseTransferPlan,
) templates.Confirm {
	ask := templates.Confirm{
		Title: "把 " + m.label + " 过户给“" + plan.Owner + "”？", Text: "立即生效。之后都没有再改过时，可以撤销本次。",
		Submit: "过户 1 套房屋", Cancel: m.back, Action: m.form.Action, Edit: true,
		Keep: url.Values{"people_seen": {plan.Seen}},
	}
	if t.Planned(p.Today(c)) {
		ask.Text, ask.Submit = t.Day.String()+" 自动办理，以那天登记的住户为准；之前可以取消。", "安排 1 套房屋过户"
	}
	if len(plan.Held) > 0 {
		ask.Notice = strings.Join(plan.Held, "；") + "。号码写错的请返回修改；确实是新业主本人的，再确认。"
	}
	if plan.Joined {
		ask.Effects = append(ask.Effects, "两人登记同一手机号，算同一人：出入次数合计；那一位已认证的，新业主不能认证")
	}
	for _, name := range []string{"existing", "name", "phone", "id_number", "day", "family", "tenants"} {
		if values, ok := c.Form()[name]; ok {
			ask.Keep[name] = values
		}
	}
	leave := func(i int) string { return plan.Leave[i].Name + "（" + plan.Leave[i].Identity.Label() + "）" }
	ask.Effects = append(ask.Effects, fmt.Sprintf("迁出 %d 人，通行证失效，会收到微信通知：", len(plan.Leave)))
	ask.Effects = append(ask.Effects, frame.Named(len(plan.Leave), "人", leave)...)
	if len(plan.Stay) > 0 {
		stay := func(i int) string { return plan.Stay[i].Name + "（" + plan.Stay[i].Identity.Label() + "）" }
		ask.Effects = append(ask.Effects, fmt.Sprintf("继续居住 %d 人：", len(plan.Stay)))
		ask.Effects = append(ask.Effects, frame.Named(len(plan.Stay), "人", stay)...)
	}
	next := "新业主“" + plan.Owner + "”登记为业主，认证后才有通行证"
	if t.Existing != 0 {
		next = "“" + plan.Owner + "”改为业主，认证和通行证不变"
	}
	ask.Effects = append(ask.Effects, next)
	return ask
}

// houseTransferCancel cancels the transfer that is planned.
func (p *Pages) houseTransferCancel(c *web.Context) error {
	house, _, err := p.house(c)
	if err != nil {
		return err
	}
	t, err := p.Store.PlannedTransfer(c.Ctx(), c.Scope(), house.ID)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "取消 " + house.Label + " 的过户？", Text: "原定 " + t.Day.String() + " 过户给" + t.Owner.Name + "。",
			Effects: []string{"1 套房屋的业主不变", "需要时重新办理"}, Submit: "取消 1 次过户",
		},
		Do:   func() error { return p.Store.CancelTransfer(c.Ctx(), c.Actor(), c.Scope(), house.ID) },
		Done: "已取消过户。", Back: frame.HouseURL(house.ID), Next: frame.HouseURL(house.ID),
	})
}
