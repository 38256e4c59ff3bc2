package access

import (
	"cmp"
	"context"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
)

// Counters returns what can wait in the area, each for the accounts that can handle it.
func (p *Pages) Counters() []frame.Counter {
	return []frame.Counter{
		{
			Stem: "accessalert", Label: "告警，等待处理", Needs: core.PermAccessAlertHandle, URL: frame.AccessAlertPath,
			Count: func(ctx context.Context, scope core.Scope) (int, error) { return p.Store.OpenAlerts(ctx, scope) },
			Rows:  p.alertTodos,
		},
		{
			Stem: "reader", Label: "未登记设备，等待登记", Needs: core.PermReaderEdit, URL: frame.ReaderPath + "/quarantine",
			Count: func(ctx context.Context, scope core.Scope) (int, error) { return p.Store.CountQuarantined(ctx, scope) },
			Rows:  p.strangerTodos,
		},
		{
			Label: "门岗人员还没有绑定微信", Needs: core.PermGuardPostEdit, URL: frame.GuardPath + "?bound=no&state=on",
			Count: func(ctx context.Context, scope core.Scope) (int, error) {
				return p.Store.CountGuards(ctx, scope, store.GuardFilter{Bound: "no", Disabled: "no"})
			},
			Rows: p.guardTodos,
		},
		{
			Stem: "institution", Label: "专用通行证即将到期", Needs: core.PermInstitutionEdit, URL: frame.MemberPath + "?state=due&renewable=yes",
			Count: func(ctx context.Context, scope core.Scope) (int, error) {
				return p.Store.CountMembers(ctx, scope, store.MemberFilter{State: core.MemberDue, Wholly: true, Today: p.today()})
			},
			Rows: p.memberTodos,
		},
		{
			Label: "观察员还没有绑定微信", Needs: core.PermObserverEdit, URL: frame.ObserverPath + "?bound=no",
			Count: func(ctx context.Context, scope core.Scope) (int, error) {
				return p.Store.CountObservers(ctx, scope, store.ObserverFilter{Bound: "no"})
			},
			Rows: p.observerTodos,
		},
	}
}

func (p *Pages) alertTodos(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
	alerts, _, err := p.Store.AccessAlerts(ctx, scope, core.AccessAlertFilter{}, store.Page{Limit: limit})
	rows := make([]frame.TodoRow, len(alerts))
	for i, a := range alerts {
		rows[i] = frame.TodoRow{Title: a.Kind.Label() + "：" + a.Text(), Note: a.Gate, URL: frame.AccessAlertURL(a.ID), Since: a.First}
	}
	return rows, err
}

func (p *Pages) strangerTodos(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
	strangers, err := p.Store.QuarantinedReaders(ctx, scope)
	strangers = strangers[:min(len(strangers), limit)]
	rows := make([]frame.TodoRow, len(strangers))
	for i, s := range strangers {
		rows[i] = frame.TodoRow{
			Title: cmp.Or(s.Serial, "没有序列号"), Note: s.Name, URL: frame.ReaderPath + "/quarantine", Since: s.First,
		}
	}
	return rows, err
}

func (p *Pages) guardTodos(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
	filter := store.GuardFilter{Bound: "no", Disabled: "no", Page: store.Page{Limit: limit}}
	guards, _, err := p.Store.Guards(ctx, scope, filter)
	rows := make([]frame.TodoRow, len(guards))
	for i, g := range guards {
		rows[i] = frame.TodoRow{Title: g.Name, URL: frame.GuardURL(g.ID)}
	}
	return rows, err
}

// today returns the natural day, for a count that no request asks for.
func (p *Pages) today() core.Day { return core.DayOf(p.Store.Now(), p.Store.Zone()) }

func (p *Pages) memberTodos(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
	members, _, err := p.Store.Members(ctx, scope, store.MemberFilter{
		State: core.MemberDue, Wholly: true, Today: p.today(), Page: store.Page{Limit: limit},
	})
	rows := make([]frame.TodoRow, len(members))
	for i, m := range members {
		rows[i] = frame.TodoRow{Title: m.Name, Note: m.InstitutionName + "，" + m.Until.String() + " 到期", URL: frame.MemberURL(m.ID)}
	}
	return rows, err
}

func (p *Pages) observerTodos(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
	observers, _, err := p.Store.Observers(ctx, scope, store.ObserverFilter{Bound: "no", Page: store.Page{Limit: limit}})
	rows := make([]frame.TodoRow, len(observers))
	for i, o := range observers {
		rows[i] = frame.TodoRow{Title: o.Name, Note: o.Capacity, URL: frame.ObserverURL(o.ID)}
	}
	return rows, err
}
