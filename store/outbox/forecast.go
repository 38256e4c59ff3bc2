package outbox

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Forecast returns what would happen to each of some messages to users and to people of the register if it were due at a moment:
// as a claim decides, by what is known now. Nothing is written, nor locked.
func (b *Box) Forecast(ctx context.Context, ask core.MessageClaim, at time.Time, notes []core.MessageNote) ([]core.MessageStep, error) {
	from := reader{b.db.Reads(ctx), b.db.Keys(), b.db.Now()}
	rows := make([]claimed, len(notes))
	for i, n := range notes {
		r := newRow{MessageNote: n, user: n.User}
		rows[i].Row = Row{
			Community: n.Community, Kind: n.Kind, ToKind: r.toKind(), To: r.recipient(), User: r.user, Created: database.Millis{Time: at},
			Expires: database.Millis{Time: at.Add(r.typ().Life)},
		}
	}
	if err := readFirst(from, rows); err != nil {
		return nil, database.Wrap("forecast messages", err)
	}
	f, err := readFacts(from, ask.Setup, rows)
	if err != nil {
		return nil, database.Wrap("forecast messages", err)
	}
	steps := make([]core.MessageStep, len(rows))
	for i, row := range rows {
		m := row.Message()
		m.First = row.first
		steps[i] = f.forecast(ask, m, at.In(ask.Zone))
	}
	return steps, nil
}

// forecast decides about a message, and uses up the consent by which it would go, which is not there for the next one.
func (f *facts) forecast(ask core.MessageClaim, m core.Message, at time.Time) core.MessageStep {
	reach := f.reach(ask.Setup, m)
	step := core.Route(m, reach, ask.Quiet, at)
	if core.Route(m, reach, core.QuietHours{}, at).Send == core.ChannelSubscribe {
		a, by := f.account(ask.Setup, m, core.ChannelSubscribe)
		f.grants[optOut{a.App.AppID, by.Address, a.Templates[m.Kind].ID}]--
	}
	return step
}
