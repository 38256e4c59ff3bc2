package access

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type memberListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []memberRow
}

type memberRow struct {
	Tick                          templates.Tick // zero = cannot be ticked
	URL, Name, Phone, Institution string
	InstitutionURL, Until         string
	State                         templates.Badge
	Menu                          templates.RowMenu // empty = no permission
}

var memberTones = map[core.MemberState]templates.Tone{
	core.MemberValid: templates.Good, core.MemberDue: templates.Warn, core.MemberOver: templates.Bad,
	core.MemberComing: templates.Info, core.MemberDisabled: templates.Neutral,
}

// memberBadge is the state of a member's pass.
func memberBadge(m core.Member, today core.Day) templates.Badge {
	state := m.State(today)
	return templates.Badge{Tone: memberTones[state], Text: state.Label()}
}

func memberRows(members []core.Member, today core.Day) []memberRow {
	rows := make([]memberRow, len(members))
	for i, m := range members {
		rows[i] = memberRow{
			URL: frame.MemberURL(m.ID), Name: m.Name, Phone: m.Phone, Institution: m.InstitutionName,
			InstitutionURL: frame.InstitutionURL(m.Institution), Until: m.Until.String(), State: memberBadge(m, today),
		}
	}
	return rows
}

func (p *Pages) memberList(c *web.Context) error {
	filter, err := p.memberFilter(c, p.Today(c))
	if err != nil {
		return err
	}
	table, err := p.memberTable(c)
	if err != nil {
		return err
	}
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Member]{
		Stem: "institution", Title: core.PassDedicated.Label(), Edit: core.PermInstitutionEdit, Add: "添加成员", Unit: "人", Table: table,
		ID: func(m core.Member) core.ID { return m.ID },
		Find: func(community core.ID, page core.Page) ([]core.Member, bool, error) {
			filter.Community, filter.Page = community, page
			return p.Store.Members(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := memberListPage{
		Shell: found.Shell, Tabs: p.CountTabs(c, passTabs(c.Has, "institution", found.At)), List: found.List,
		Rows: memberRows(found.Records, filter.Today),
	}
	if len(found.At.All) > 0 {
		page.Actions = append(
			[]templates.Action{{Label: "机构管理", URL: found.At.URL(frame.InstitutionPath), Icon: "building-community"}}, page.Actions...,
		)
	}
	if c.Has(core.PermInstitutionEdit) {
		if len(found.At.All) > 0 {
			page.Actions = append([]templates.Action{
				{Label: "批量导入", URL: found.At.URL(frame.MemberPath + "/import"), Icon: "upload"},
			}, page.Actions...)
		}
		for i, m := range found.Records {
			if m.Wholly {
				page.List.Bulk, page.List.CSRF = memberRenewals(c.Request().URL.Query()), page.CSRF
				page.Rows[i].Tick = templates.Tick{Value: m.ID, Label: m.Name}
			}
			page.Rows[i].Menu = memberMenu(m, page.CSRF)
		}
	}
	return p.Page(c, http.StatusOK, "console/member/list", page)
}

func (p *Pages) memberFilter(c *web.Context, today core.Day) (store.MemberFilter, error) {
	var asked struct {
		Keyword     string           `form:"q" max:"40"`
		State       core.MemberState `form:"state" of:"valid due over coming disabled"`
		Institution core.ID          `form:"institution"`
		Wholly      string           `form:"renewable" of:"yes"`
		Sort        string           `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	if err == nil && asked.Institution != 0 {
		if _, err = p.Store.Institution(c.Ctx(), c.Scope(), asked.Institution); core.IsNotFound(err) {
			err = core.InvalidFields(map[string]string{"institution": "请在列出的机构中选择"})
		}
	}
	return store.MemberFilter{
		Keyword: asked.Keyword, State: asked.State, Institution: asked.Institution, Wholly: asked.Wholly != "", Today: today,
		Sort: asked.Sort,
	}, err
}

// memberTable returns the list, which can be narrowed to an institution.
func (p *Pages) memberTable(c *web.Context) (templates.List, error) {
	table := templates.List{
		Path: frame.MemberPath,
		Columns: []templates.Column{
			{Label: "姓名", Sort: "name"}, {Label: "手机"}, {Label: "机构"}, {Label: "有效期至", Narrow: true}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "姓名或完整手机号", MaxLength: 40},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部状态", core.MemberStates(), core.MemberState.Label),
			},
		},
		Empty: templates.Empty{
			Icon: "id-badge-2", Title: "还没有成员", Ask: "请联系管理员添加。",
			Text: "先在“机构管理”里添加快递、保洁等机构，再添加成员。每人一张专用通行证，有效期内不限次数。",
		},
	}
	if !c.Scope().Whole() && c.Has(core.PermInstitutionEdit) {
		table.Filters = append(table.Filters, templates.Field{
			Kind: templates.Select, Name: "renewable", Label: "续期",
			Choices: []templates.Choice{{Label: "全部"}, {Value: "yes", Label: "可由您续期"}},
		})
	}
	institutions, more, err := p.Store.InstitutionNames(c.Ctx(), c.Scope(), institutionChoices)
	if err != nil || len(institutions) == 0 || more {
		return table, err // of more than can be chosen from, the members are on the page of each
	}
	of := templates.Field{
		Kind: templates.Select, Name: "institution", Label: "机构", Choices: []templates.Choice{{Label: "全部机构"}},
	}
	for _, i := range institutions {
		of.Choices = append(of.Choices, templates.Choice{Value: i.ID.String(), Label: i.Name})
	}
	table.Filters = append(table.Filters, of)
	return table, nil
}

// institutionChoices is from how many institutions a list of members can be narrowed to one.
const institutionChoices = 200

// memberRenewals returns the acts that renew ticked members, which lead back to the list with its filters.
func memberRenewals(query url.Values) []templates.Submit {
	acts := make([]templates.Submit, len(core.MemberRenewals))
	for i, months := range core.MemberRenewals {
		acts[i] = templates.Submit{
			Label: core.RenewalText(months), Icon: "calendar", Ask: true,
			URL: templates.WithQuery(frame.MemberPath+"/renew", query, "months", strconv.Itoa(months)),
		}
	}
	return acts
}

// memberMenu returns the menu of a member's row.
func memberMenu(m core.Member, csrf string) templates.RowMenu {
	menu := templates.RowMenu{
		Label: m.Name + " 的操作", CSRF: csrf, Keep: []templates.Choice{{Label: "id", Value: m.ID.String()}},
		Links: []templates.Action{{Label: "修改", URL: frame.MemberURL(m.ID) + "/edit", Icon: "pencil"}},
		Acts:  memberRenewals(nil),
	}
	if m.Disabled.IsZero() {
		menu.Acts = append(menu.Acts, templates.Submit{
			Label: "停用", URL: frame.MemberURL(m.ID) + "/disable", Icon: "ban", Ask: true,
		})
	} else {
		menu.Acts = append(menu.Acts, templates.Submit{Label: "启用", URL: frame.MemberURL(m.ID) + "/enable", Icon: "check"})
	}
	if menu.Acts = offBeyond(m.Wholly, menu.Acts); !m.Wholly {
		menu.Links = nil
	}
	return menu
}

// membersRenew renews the ticked members, or the one of the button, by the months of the URL.
func (p *Pages) membersRenew(c *web.Context) error {
	var form struct {
		IDs  []core.ID `form:"id" max:"200"`
		Seen string    `form:"seen"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	query := c.Request().URL.Query()
	months, _ := strconv.Atoi(query.Get("months")) // one that is no number is 0, which nobody may choose
	query.Del("months")
	back := templates.WithQuery(frame.MemberPath, query)
	switch {
	case !slices.Contains(core.MemberRenewals, months):
		return core.Invalid("请选择延长多久")
	case len(form.IDs) == 0:
		c.Flash(web.FlashWarning, "没有选择成员。")
		return c.Redirect(back)
	}
	members, err := p.Store.MembersByID(c.Ctx(), c.Scope(), form.IDs)
	if err != nil {
		return err
	}
	if len(members) == 0 {
		c.Flash(web.FlashWarning, "所选成员已删除，可能是其他人刚刚操作的。")
		return c.Redirect(back)
	}
	for _, m := range members {
		if err := wholly(m.Wholly); err != nil {
			return err
		}
	}
	ask, gone := membersRenewQuestion(members, months, p.Today(c)), ""
	if n := len(slices.Compact(slices.Sorted(slices.Values(form.IDs)))) - len(members); n > 0 {
		gone = fmt.Sprintf("%d 名已删除，不在其中", n)
		ask.Effects = append(ask.Effects, gone)
		gone += "。"
	}
	if len(members) == 1 {
		back = frame.BackTo(c, frame.MemberPath, frame.MemberURL(members[0].ID))
	}
	return p.Act(c, frame.Act{
		Ask: ask, Back: back,
		Batch: func() (core.Batch, error) {
			return p.Store.RenewMembers(c.Ctx(), c.Actor(), c.Scope(), memberIDs(members), months, cmp.Or(form.Seen, "none"))
		},
		DoneAll: func(b core.Batch) string {
			return fmt.Sprintf("已为 %d 名成员续期，立即生效。", b.Size) + gone
		},
	})
}

func membersRenewQuestion(members []core.Member, months int, today core.Day) templates.Confirm {
	n := frame.Grouped(len(members))
	ids := memberIDs(members)
	return templates.Confirm{
		Title: "为 " + n + " 名成员" + core.RenewalText(months) + "？", Submit: "续期 " + n + " 名成员",
		Text: "从现在的有效期延长；已过期的从今天算起。立即生效，可以撤销本次。",
		Effects: frame.Named(len(members), "名", func(i int) string {
			m := members[i]
			words := fmt.Sprintf("%s（%s）：%s → %s", m.Name, m.InstitutionName, m.Until, m.Renewed(months, today))
			if m.State(today) == core.MemberDisabled {
				words += "，仍为停用"
			}
			return words
		}),
		Keep: url.Values{"id": frame.IDValues(ids), "seen": {core.MembersMark(members)}}, Typed: frame.TypedNumber(len(members)),
	}
}

func memberIDs(members []core.Member) []core.ID {
	ids := make([]core.ID, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	return ids
}
