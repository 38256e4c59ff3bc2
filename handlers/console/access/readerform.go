package access

import (
	"cmp"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// readerForm is the posted form.
type readerForm struct {
	Community        core.ID   `form:"community"`
	Group            core.ID   `form:"group"`
	Name             string    `form:"name" max:"64"`
	Gate             string    `form:"gate" max:"64"`
	Direction        string    `form:"direction"`
	InNo             int       `form:"in_no"`
	Protocol         string    `form:"protocol"`
	Serial           string    `form:"serial" max:"64"`
	HeartbeatSeconds int       `form:"heartbeat_seconds"`
	HeartbeatText    string    `form:"heartbeat_text" max:"64"`
	DenyCode         string    `form:"deny_code" max:"8"`
	Firmware         string    `form:"firmware" max:"64"`
	Thermometer      bool      `form:"thermometer"`
	QRAllowed        bool      `form:"qr_allowed"`
	Kinds            []string  `form:"kinds" max:"20"`
	ScopeNodes       []core.ID `form:"scope_nodes" max:"500"`
	Seen             int64     `form:"seen"`
}

func (f readerForm) reader(id core.ID) core.Reader {
	r := core.Reader{
		ID: id, Community: f.Community, Group: f.Group, Name: f.Name, Gate: f.Gate, Direction: core.Direction(f.Direction),
		Protocol: f.Protocol, Serial: f.Serial, InNo: f.InNo,
		HeartbeatSeconds: f.HeartbeatSeconds, HeartbeatText: f.HeartbeatText, DenyCode: f.DenyCode, Firmware: f.Firmware,
		Thermometer: f.Thermometer, QRAllowed: f.QRAllowed, ScopeNodes: f.ScopeNodes, Updated: frame.ShownAt(f.Seen),
	}
	for _, kind := range f.Kinds {
		r.Kinds = append(r.Kinds, core.PassKind(kind))
	}
	return r
}

type readerFormPage struct {
	templates.Shell
	Form templates.Form
}

// readerNew shows an empty form.
func (p *Pages) readerNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	r := core.NewReader()
	r.Community = at.ID
	return p.readerFormPage(c, r, nil)
}

// readerFormPage shows the form with r's values, or as submitted if it is invalid.
func (p *Pages) readerFormPage(c *web.Context, r core.Reader, wrong error) error {
	form, err := p.readerForm(c, r)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := readerFormPage{Shell: p.Shell(c, "reader", "添加读头"), Form: form}
		page.Crumbs = readerCrumbs()
		if r.ID != 0 {
			page.Title = "修改读头"
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: cmp.Or(r.Name, "读头"), URL: frame.ReaderURL(r.ID)})
		}
		return p.Page(c, status, "console/reader/form", page)
	})
}

func (p *Pages) readerForm(c *web.Context, r core.Reader) (templates.Form, error) {
	at, err := p.formCommunity(c, r.Community, r.ID == 0)
	if err != nil {
		return templates.Form{}, err
	}
	var tree []*store.TreeNode
	var groups []core.ReaderGroup
	if at.ID != 0 {
		if groups, err = p.Store.ReaderGroupsOf(c.Ctx(), c.Scope(), at.ID); err == nil {
			tree, err = p.Store.BuildingTree(c.Ctx(), c.Scope(), at.ID)
		}
	}
	if err != nil {
		return templates.Form{}, err
	}
	form := templates.Form{
		Action: frame.ReaderPath, CSRF: c.CSRF(), Sections: readerFields(r, at, groups, nodeOptions(tree)),
		Submit: "添加", Cancel: frame.ReaderPath, More: r.ID == 0,
	}
	if r.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.ReaderURL(r.ID), frame.ReaderURL(r.ID), "保存"
		form.Seen = templates.Seen(r.Updated)
	}
	if !p.Broker.On {
		form.Change("protocol", func(f *templates.Field) {
			for i := range f.Choices {
				if p, _ := core.ReaderProtocolOf(f.Choices[i].Value); p.Connected {
					f.Choices[i].Help += "；这个系统没有启用 MQTT，现在连不上"
				}
			}
		})
	}
	return form, nil
}

// readerAddedText returns the message on the page of a reader that was added.
func (p *Pages) readerAddedText(protocol string) string {
	if family, _ := core.ReaderProtocolOf(protocol); family.Connected && !p.Broker.On {
		return "读头已添加。" + brokerOffText
	}
	return "读头已添加。请按接入信息把地址填进设备。"
}

func (p *Pages) readerCreate(c *web.Context) error {
	var form readerForm
	wrong := p.BindForm(c, &form)
	var id core.ID
	if wrong == nil {
		id, _, wrong = p.Store.CreateReader(c.Ctx(), c.Actor(), c.Scope(), form.reader(0))
	}
	if wrong != nil {
		return p.readerFormPage(c, form.reader(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: p.readerAddedText(form.Protocol), Page: readerInstallURL(id),
		Another: templates.WithQuery(frame.ReaderPath+"/new", nil, "community", form.Community.String()),
	})
}

func (p *Pages) readerEdit(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	return p.readerFormPage(c, r, nil)
}

func (p *Pages) readerUpdate(c *web.Context) error {
	old, err := p.reader(c)
	if err != nil {
		return err
	}
	was, err := p.readerForm(c, old)
	if err != nil {
		return err
	}
	var form readerForm
	wrong := c.Bind(&form)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateReader(c.Ctx(), c.Actor(), c.Scope(), form.reader(old.ID))
	}
	if wrong != nil {
		return p.readerFormPage(c, old, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated)
	return c.Redirect(frame.ReaderURL(old.ID))
}

// groupField returns the field for a reader's group; without groups it is hidden.
func groupField(r core.Reader, groups []core.ReaderGroup) templates.Field {
	if len(groups) == 0 {
		return templates.Field{Kind: templates.Hidden, Name: "group", Value: "0"}
	}
	field := templates.Field{
		Kind: templates.Select, Name: "group", Label: "分组", Value: r.Group.String(), Help: "在权限管理里和同组的一起勾选。",
		Choices: []templates.Choice{{Value: "0", Label: "不分组"}},
	}
	for _, g := range groups {
		field.Choices = append(field.Choices, templates.Choice{Value: g.ID.String(), Label: g.Name})
	}
	return field
}

// readerFields returns the form's sections. groups and nodes are the groups and building nodes to choose from.
func readerFields(
	r core.Reader, at frame.CommunityChoice, groups []core.ReaderGroup, nodes []templates.Choice,
) []templates.Section {
	return []templates.Section{
		{Title: "位置", Fields: append(at.FormFields(frame.ReaderPath), []templates.Field{
			{Name: "name", Label: "名称", Value: r.Name, Required: true, MaxLength: 64, Focus: r.ID == 0, Placeholder: "东门出口读头"},
			{Name: "gate", Label: "所在的门", Value: r.Gate, Required: true, MaxLength: 64, Placeholder: "东门", Help: "记在出入记录里，住户与门岗都看得到。"},
			{Kind: templates.Radio, Name: "direction", Label: "方向", Value: string(r.Direction), Required: true, Choices: []templates.Choice{
				{Value: string(core.Out), Label: "出门"}, {Value: string(core.In), Label: "进门"},
			}},
			groupField(r, groups),
		}...)},
		{Title: "设备", Fields: []templates.Field{
			{Kind: templates.Radio, Name: "protocol", Label: "协议", Value: r.Protocol, Required: true, Choices: protocolChoices()},
			{
				Name: "serial", Label: "设备号", Value: r.Serial, Required: true, MaxLength: 64,
				Autocomplete: "off", Help: "设备自己报出的编号：微光为 devicenumber，QR-86 为标签上的 8 位序列号，闸机为 sn。",
			},
			{
				Kind: templates.Number, Name: "heartbeat_seconds", Label: "心跳间隔",
				Value: heartbeatValue(r), Min: "30", Max: "86400", Unit: "秒",
				Short: true, Help: "不填是 60 秒，没有心跳的协议 12 小时。",
			},
			{
				Kind: templates.Number, Name: "in_no", Label: "进门读头号", Value: strconv.Itoa(r.InNo), Min: "0", Max: "65535", Short: true,
				Help: "一台设备带两个读头时，填进门那个的编号。0 表示只按上面的方向。",
			},
			{
				Name: "heartbeat_text", Label: "心跳内容", Value: r.HeartbeatText, MaxLength: 64,
				Autocomplete: "off", Help: "仅微光。出厂为 " + core.DefaultHeartbeatText + "。",
			},
			{
				Name: "deny_code", Label: "拒绝码", Value: r.DenyCode, MaxLength: 4, Short: true,
				Autocomplete: "off", Help: "仅微光。0000 至 0008 会使设备开门，只能填 1000 至 9999。",
			},
			{Name: "firmware", Label: "固件版本", Value: r.Firmware, MaxLength: 64, Autocomplete: "off"},
			{
				Kind: templates.Switch, Name: "thermometer", Label: "带测温",
				Value: frame.SwitchValue(r.Thermometer), Help: "只有 HTTPv2 门禁机会报体温；体温记录开启时，其他读头请住户到门岗测温。",
			},
		}},
		{Title: "权限", Fields: []templates.Field{
			{
				Kind: templates.Switch, Name: "qr_allowed", Label: "接受二维码",
				Value: frame.SwitchValue(r.QRAllowed), Help: "关闭后，这台读头的二维码一律请到门岗。",
			},
			{
				Kind: templates.Checks, Name: "kinds", Label: "接受的通行证", Values: kindValues(r.Kinds),
				Required: true, Choices: templates.ChoicesOf("", core.ReaderKinds(), core.PassKind.Label),
			},
			{
				Kind: templates.Checks, Name: "scope_nodes", Label: "只服务这些楼栋",
				Values: frame.IDValues(r.ScopeNodes), Choices: nodes, Help: "都不选就是全小区。选了上一级就包含它下面的全部房屋。",
			},
		}},
	}
}

// heartbeatValue returns the interval of a reader's heartbeats for the form; "" = that of its family.
func heartbeatValue(r core.Reader) string {
	if r.HeartbeatSeconds == 0 {
		return ""
	}
	return strconv.Itoa(r.HeartbeatSeconds)
}

func protocolChoices() []templates.Choice {
	var choices []templates.Choice
	for _, p := range core.ReaderProtocols() {
		choices = append(choices, templates.Choice{Value: p.Name, Label: p.Label, Help: p.Hint})
	}
	return choices
}

// nodeOptions returns a community's tree as choices, each labelled with its full path.
func nodeOptions(nodes []*store.TreeNode) []templates.Choice { return nodesBelow("", 0, nodes) }

func nodesBelow(above string, depth int, nodes []*store.TreeNode) []templates.Choice {
	var options []templates.Choice
	for _, n := range nodes {
		label := above + n.Name
		options = append(options, templates.Choice{Value: n.ID.String(), Label: label, Depth: depth, Name: n.Name})
		options = append(options, nodesBelow(label, depth+1, n.Children)...)
	}
	return options
}

// nodeLabels returns the labels of the chosen nodes.
func nodeLabels(options []templates.Choice, chosen []core.ID) []string {
	var labels []string
	for _, id := range chosen {
		label := "已拆除的楼栋"
		for _, o := range options {
			if o.Value == id.String() {
				label = o.Label
			}
		}
		labels = append(labels, label)
	}
	return labels
}
