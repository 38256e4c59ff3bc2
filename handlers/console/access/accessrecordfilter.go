package access

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// accessRecordForm is the filters.
type accessRecordForm struct {
	Community string         `form:"community" max:"24"` // read by CommunityOf
	From      core.Day       `form:"from"`
	To        core.Day       `form:"to"`           // the last day
	Hour      string         `form:"hour" max:"2"` // of the one day in From and To; "" = the whole day
	Direction core.Direction `form:"direction" max:"8"`
	Kind      core.PassKind  `form:"kind" max:"16"`
	Via       core.Via       `form:"via" max:"8"`
	Result    string         `form:"result" of:"allowed refused urgent"`
	Reason    core.Reason    `form:"reason" max:"32"`
	Gate      string         `form:"gate" max:"24"` // r and a reader's id, or p and a post's
	House     core.ID        `form:"house"`
	Person    core.ID        `form:"person"`
	Who       string         `form:"who" max:"400"`
	Keyword   string         `form:"q" max:"40"`

	pick      frame.PersonPick // from Person and Who
	community core.ID          // from Community; 0 = all
}

// check rejects values that no field of the page sends.
func (f accessRecordForm) check() error {
	fields := map[string]string{}
	if f.From != 0 && f.To != 0 && f.To < f.From {
		fields["to"] = "不能早于开始日期"
	}
	if _, _, err := f.gate(); err != nil {
		fields["gate"] = core.MessageOf(err)
	}
	if _, known := f.hour(); f.Hour != "" && !known {
		fields["hour"] = "请在列出的选项中选择"
	} else if f.Hour != "" && (f.From == 0 || f.From != f.To) {
		fields["hour"] = "按时段筛选时，开始日期和结束日期须是同一天"
	}
	return core.InvalidFields(fields)
}

// hour returns the chosen hour of the day.
func (f accessRecordForm) hour() (hour int, known bool) {
	hour, err := strconv.Atoi(f.Hour)
	return hour, err == nil && hour >= 0 && hour < 24 && strconv.Itoa(hour) == f.Hour
}

// filter returns the form as a filter of the store; reader and post are those of Gate.
func (f accessRecordForm) filter(zone *time.Location, reader, post core.ID) core.RecordFilter {
	filter := core.RecordFilter{
		Community: f.community, Direction: f.Direction, Kind: f.Kind, Via: f.Via, Result: f.Result,
		Reason: f.Reason, Reader: reader, Post: post, House: f.House, Person: f.Person, Keyword: f.Keyword,
	}
	if f.From != 0 {
		filter.From = f.From.Start(zone)
	}
	if f.To != 0 {
		filter.To = (f.To + 1).Start(zone)
	}
	if hour, known := f.hour(); known && f.From != 0 {
		filter.From, filter.To = hourOf(f.From, hour, zone), hourOf(f.From, hour+1, zone)
	}
	return filter
}

// hourOf returns the start of an hour of a day; 24 is the next day's first.
func hourOf(day core.Day, hour int, zone *time.Location) time.Time {
	year, month, date := day.Start(zone).Date()
	return time.Date(year, month, date, hour, 0, 0, 0, zone)
}

// hourText returns the label of an hour of the day.
func hourText(hour int) string { return strconv.Itoa(hour) + " 时" }

func hourChoices() []templates.Choice {
	choices := []templates.Choice{{Label: "全天"}}
	for hour := range 24 {
		choices = append(choices, templates.Choice{Value: strconv.Itoa(hour), Label: hourText(hour)})
	}
	return choices
}

// accessRecordFilter reads the filters in the URL. Values outside the account's communities are NotFound.
// at is the community they are about, or all.
func (p *Pages) accessRecordFilter(c *web.Context) (form accessRecordForm, filter core.RecordFilter, at frame.CommunityChoice, err error) {
	wrong := c.BindQuery(&form)
	if wrong == nil {
		wrong = form.check()
	}
	if at, err = p.CommunityOf(c, form.Community); err != nil {
		return form, filter, at, err
	}
	if form.Community != "" && form.Community != frame.AllCommunities {
		form.community = at.ID
	} else if len(at.All) > 1 {
		at.Community = core.Community{}
	}
	if form.House != 0 {
		_, err = p.Store.House(c.Ctx(), c.Scope(), form.House)
	}
	if err != nil {
		return form, filter, at, err
	}
	var reader, post core.ID
	if wrong == nil {
		if reader, post, err = p.accessRecordGate(c, form); err != nil {
			return form, filter, at, err
		}
		form.pick, wrong = p.PickPerson(c, at.ID, form.Person, form.Who)
		form.Person = form.pick.Person
	}
	return form, form.filter(p.Store.Zone(), reader, post), at, wrong
}

// accessRecordElsewhere returns where a page of records redirects before it shows any: to the URL with
// the picked person's id instead of a text. "" = nowhere.
func accessRecordElsewhere(c *web.Context, form accessRecordForm, wrong error) string {
	address := c.Request().URL
	switch {
	case wrong != nil || !address.Query().Has(frame.PickText):
		return ""
	case form.Person == 0:
		return accessRecordPersonURL(address, "")
	}
	return accessRecordPersonURL(address, form.Person.String())
}

// accessRecordPersonURL returns the URL of the first page of records of a person id.
func accessRecordPersonURL(address *url.URL, person string) string {
	return templates.WithQuery(
		address.Path, address.Query(), frame.PickText, "", frame.PickID, person, templates.AfterParam, "",
		templates.BeforeParam, "",
	)
}

// gate parses the choice of a reader or a post.
func (f accessRecordForm) gate() (reader, post core.ID, err error) {
	kind, text := f.Gate[:min(len(f.Gate), 1)], f.Gate[min(len(f.Gate), 1):]
	if kind == "" {
		return 0, 0, nil
	}
	id, err := core.ParseID(text)
	if kind != "r" && kind != "p" || err != nil {
		return 0, 0, core.Invalid("请在列出的选项中选择")
	}
	if kind == "r" {
		return id, 0, nil
	}
	return 0, id, nil
}

// accessRecordGate returns the chosen reader or post; one outside the account's communities is
// NotFound.
func (p *Pages) accessRecordGate(c *web.Context, form accessRecordForm) (reader, post core.ID, err error) {
	if reader, post, err = form.gate(); err != nil {
		return 0, 0, err
	}
	if reader != 0 {
		_, err = p.Store.Reader(c.Ctx(), c.Scope(), reader)
	}
	if post != 0 {
		_, err = p.Store.GuardPost(c.Ctx(), c.Scope(), post)
	}
	return reader, post, err
}

// maxGates is the maximum number of readers among the choices of a gate.
const maxGates = 200

func (p *Pages) accessRecordTable(c *web.Context, form accessRecordForm, at frame.CommunityChoice) (templates.List, error) {
	if len(at.All) == 0 {
		return templates.List{Path: frame.AccessRecordPath, Empty: frame.NoCommunityYet(c)}, nil
	}
	list := templates.List{
		Path: frame.AccessRecordPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: accessRecordFields(),
		More: []templates.Field{
			{Kind: templates.Select, Name: "hour", Label: "时段", Choices: hourChoices()},
			{Kind: templates.Select, Name: "via", Label: "方式", Choices: templates.ChoicesOf("全部方式", core.Vias(), core.Via.Label)},
			{
				Kind: templates.Select, Name: "kind", Label: "通行证",
				Choices: templates.ChoicesOf("全部通行证", core.PassKinds(), core.PassKind.Label),
			},
			{
				Kind: templates.Select, Name: "reason", Label: "原因",
				Choices: templates.ChoicesOf("全部原因", core.Reasons()[1:], core.Reason.Label),
			},
		},
		Columns: []templates.Column{
			{Label: "时间"}, {Label: "门或门岗"}, {Label: "方向", Narrow: true}, {Label: "姓名"}, {Label: "房屋"},
			{Label: "体温", Narrow: true}, {Label: "结果"},
		},
		Empty: templates.Empty{Icon: "history", Title: "还没有出入记录", Text: "读头或门岗每放行或拒绝一次，这里就多一条。"},
	}
	if len(at.All) > 1 {
		list.Filters = slices.Insert(list.Filters, 1, at.Field("全部小区"))
	}
	if form.House != 0 {
		list.Filters = append(list.Filters, templates.Field{Kind: templates.Hidden, Name: "house"})
	}
	if c.Has(core.PermResidentView) {
		list.Filters = append(list.Filters, form.pick.Fields("住户", func(person core.ID) string {
			return accessRecordPersonURL(c.Request().URL, person.String())
		})...)
	} else if form.Person != 0 {
		list.Filters = append(list.Filters, templates.Field{Kind: templates.Hidden, Name: frame.PickID})
	}
	if c.Has(core.PermAccessRecordExport) {
		list.Export = frame.AccessRecordPath + "/export.xlsx"
	}
	gates, err := p.accessRecordGates(c, at)
	if len(gates) > 1 {
		list.More = append([]templates.Field{{Kind: templates.Select, Name: "gate", Label: "门或门岗", Choices: gates}}, list.More...)
	}
	return list, err
}

func accessRecordFields() []templates.Field {
	return []templates.Field{
		{Name: "q", Label: "姓名、房号或手机后四位", MaxLength: 40},
		{Kind: templates.Date, Name: "from", Label: "开始日期"},
		{Kind: templates.Date, Name: "to", Label: "结束日期"},
		{
			Kind: templates.Select, Name: "direction", Label: "方向",
			Choices: templates.ChoicesOf("全部方向", core.Directions(), core.Direction.Label),
		},
		{
			Kind: templates.Select, Name: "result", Label: "结果",
			Choices: templates.ChoicesOf("全部结果", core.RecordResults(), core.ResultText),
		},
	}
}

// accessRecordGates returns the readers and posts of one community as choices.
func (p *Pages) accessRecordGates(c *web.Context, at frame.CommunityChoice) ([]templates.Choice, error) {
	if at.ID == 0 {
		return nil, nil
	}
	readers, _, err := p.Store.Readers(c.Ctx(), c.Scope(), store.ReaderFilter{Community: at.ID, Page: store.Page{Limit: maxGates}})
	if err != nil {
		return nil, err
	}
	posts, err := p.Store.AllGuardPosts(c.Ctx(), c.Scope(), at.ID)
	choices := []templates.Choice{{Label: "全部门和门岗"}}
	for _, r := range readers {
		choices = append(choices, templates.Choice{Value: "r" + r.ID.String(), Label: r.Gate + " · " + r.Name})
	}
	for _, post := range posts {
		choices = append(choices, templates.Choice{Value: "p" + post.ID.String(), Label: post.Name + "（门岗）"})
	}
	return choices, err
}
