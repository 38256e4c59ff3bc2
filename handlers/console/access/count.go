package access

import (
	"context"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
)

// Counters returns what can wait in the area.
func (p *Pages) Counters() []frame.Counter {
	return []frame.Counter{
		{
			Stem: "accessalert", Label: "告警，等待处理", Needs: core.PermAccessAlertView, URL: frame.AccessAlertPath,
			Count: func(ctx context.Context, scope core.Scope) (int, error) { return p.Store.OpenAlerts(ctx, scope) },
		},
		{
			Stem: "reader", Label: "未登记设备，等待登记", Needs: core.PermReaderView, URL: frame.ReaderPath + "/quarantine",
			Count: func(ctx context.Context, scope core.Scope) (int, error) { return p.Store.CountQuarantined(ctx, scope) },
		},
		{
			Label: "门岗人员还没有绑定微信", Needs: core.PermGuardPostEdit, URL: frame.GuardPath + "?bound=no&state=on",
			Count: func(ctx context.Context, scope core.Scope) (int, error) {
				return p.Store.CountGuards(ctx, scope, store.GuardFilter{Bound: "no", Disabled: "no"})
			},
		},
		{
			Label: "观察员还没有绑定微信", Needs: core.PermObserverEdit, URL: frame.ObserverPath + "?bound=no",
			Count: func(ctx context.Context, scope core.Scope) (int, error) {
				return p.Store.CountObservers(ctx, scope, store.ObserverFilter{Bound: "no"})
			},
		},
	}
}
