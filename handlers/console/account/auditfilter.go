package account

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// auditForm is the filters of the audit log.
type auditForm struct {
	Community string   `form:"community" max:"24"` // read by CommunityOf
	From      core.Day `form:"from"`
	To        core.Day `form:"to"` // the last day
	Actor     string   `form:"actor" max:"40"`
	Act       string   `form:"act" max:"64"`
	Subject   string   `form:"subject" max:"64"`
}

// auditAsk is a query of the audit log.
type auditAsk struct {
	form   auditForm
	filter core.AuditFilter
	at     frame.CommunityChoice
}

// auditAsk reads the filters in the URL. A community outside the account's scope is NotFound.
func (p *Pages) auditAsk(c *web.Context) (ask auditAsk, err error) {
	wrong := c.BindQuery(&ask.form)
	if wrong == nil {
		wrong = ask.form.check()
	}
	if ask.at, err = p.CommunityOf(c, c.Query("community")); err != nil {
		return ask, err
	}
	zone := p.Store.Zone()
	f := core.AuditFilter{Community: frame.ChosenCommunity(c, ask.at), Action: ask.form.Act, Target: ask.form.Subject}
	kind, id := core.TargetOf(ask.form.Actor)
	f.Kind, f.Actor = core.ActorKind(kind), id
	if ask.form.From != 0 {
		f.From = ask.form.From.Start(zone)
	}
	if ask.form.To != 0 {
		f.To = (ask.form.To + 1).Start(zone)
	}
	ask.filter = f
	return ask, wrong
}

// check rejects values that no field or link of the pages sends.
func (f auditForm) check() error {
	fields := map[string]string{}
	if f.From != 0 && f.To != 0 && f.To < f.From {
		fields["to"] = "不能早于开始日期"
	}
	if f.Act != "" && !core.KnownAct(f.Act) {
		fields["act"] = "请在列出的选项中选择"
	}
	if f.Actor != "" && !knownActor(f.Actor) {
		fields["actor"] = "请在列出的选项中选择"
	}
	return core.InvalidFields(fields)
}

// knownActor reports whether an actor is a kind alone, or a kind and an id.
func knownActor(actor string) bool {
	kind, id, one := strings.Cut(actor, ":")
	if one {
		if _, err := core.ParseID(id); err != nil {
			return false
		}
	}
	return slices.Contains(core.ActorKinds(), core.ActorKind(kind))
}

// actorChoice encodes an actor as the filter's value.
func actorChoice(a core.Actor) string { return string(a.Kind) + ":" + a.ID.String() }

// maxAccounts limits the accounts among the actor filter's choices.
const maxAccounts = 200

func (p *Pages) auditTable(c *web.Context, ask auditAsk) (templates.List, error) {
	actors, err := p.auditActors(c, ask.form.Actor)
	if err != nil {
		return templates.List{}, err
	}
	acts := []templates.Choice{{Label: "全部操作"}}
	for _, act := range core.Acts() {
		acts = append(acts, templates.Choice{Value: act.Name, Label: act.Label})
	}
	list := templates.List{
		Path: frame.AuditPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			{Kind: templates.Date, Name: "from", Label: "开始日期"},
			{Kind: templates.Date, Name: "to", Label: "结束日期"},
			{Kind: templates.Select, Name: "actor", Label: "操作者", Choices: actors},
			{Kind: templates.Select, Name: "act", Label: "操作", Choices: acts},
		},
		Columns: []templates.Column{
			{Label: "时间"}, {Label: "操作者", Narrow: true}, {Label: "操作", Narrow: true},
			{Label: "对象", Narrow: true}, {Label: "变化"}, {Label: "来源地址", Narrow: true},
		},
		Empty: templates.Empty{Icon: "report", Title: "还没有操作记录", Text: "在后台或手机上每做一件事，这里就多一条。"},
	}
	if len(ask.at.All) > 1 {
		list.Filters = slices.Insert(list.Filters, 2, ask.at.Field("全部小区"))
	}
	if ask.form.Subject != "" {
		list.Filters = append(list.Filters, templates.Field{Kind: templates.Hidden, Name: "subject"})
	}
	if c.Has(core.PermAuditExport) {
		list.Export = frame.AuditPath + "/export.xlsx"
	}
	return list, nil
}

// auditActors returns the choices of the actor filter: kinds, the accounts of the scope, and the
// one chosen by a link.
func (p *Pages) auditActors(c *web.Context, chosen string) ([]templates.Choice, error) {
	choices := []templates.Choice{{Label: "全部"}}
	for _, kind := range core.ActorKinds() {
		label := "全部" + kind.Label()
		if kind == core.ActorSystem { // there is one
			label = kind.Label()
		}
		choices = append(choices, templates.Choice{Value: string(kind), Label: label})
	}
	accounts, _, err := p.Store.Accounts(c.Ctx(), c.Scope(), store.AccountFilter{Page: store.Page{Limit: maxAccounts}})
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		choices = append(choices, templates.Choice{Value: actorChoice(core.Actor{Kind: core.ActorAccount, ID: a.ID}), Label: a.Name})
	}
	if !slices.ContainsFunc(choices, func(choice templates.Choice) bool { return choice.Value == chosen }) {
		choices = append(choices, templates.Choice{Value: chosen, Label: "所选的人"})
	}
	return choices, nil
}
