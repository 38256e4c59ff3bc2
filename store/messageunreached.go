package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// UnreachedWindow is how far back Unreached looks.
const UnreachedWindow = 30 * 24 * time.Hour

// unreachedRow is a recipient with what did not reach them.
type unreachedRow struct {
	ToKind   string  `db:"to_kind"`
	To       core.ID `db:"to_id"`
	Messages int     `db:"n"`
	Last     core.ID `db:"last_id"`
}

// reachedLater is the condition that a channel reached a message's recipient after it: what only lies in the bell has not.
const reachedLater = `EXISTS (
		SELECT 1
		FROM message later
		WHERE later.to_kind = message.to_kind
		AND later.to_id = message.to_id
		AND later.id > message.id
		AND later.state IN ('sent', 'delivered')
		AND later.channel <> 'inapp'
	)`

// called is the condition that somebody told a message's recipient by phone.
const called = "EXISTS (SELECT 1 FROM message_call c WHERE c.message_id = message.id)"

// unreachedWhere is the condition that a message of the scope reached nobody in the last days. Who is not to be told any
// more is left out.
func unreachedWhere(scope core.Scope, now time.Time) database.Where {
	where := messageScope(scope)
	var states []any
	for _, state := range core.Unreached {
		states = append(states, string(state))
	}
	where.And("state IN ("+database.Placeholders(len(states))+")", states...)
	where.And("reason NOT IN (?, ?, ?, ?)",
		string(core.WhyDisabled), string(core.WhyNotTheirs), string(core.WhyDecided), string(core.WhyMuted))
	where.And("id >= ?", int64(database.FirstID(now.Add(-UnreachedWindow))))
	return where
}

// openWhere is unreachedWhere for those who have not been told since, by a channel or by phone.
func openWhere(scope core.Scope, now time.Time) database.Where {
	where := unreachedWhere(scope, now)
	where.And("NOT " + reachedLater)
	where.And("NOT " + called)
	return where
}

// Unreached lists the people of the scope whom no channel reached in the last days, nor since, and whom nobody has called, by
// their latest message, newest first. The page's cursors are ids of messages.
func (s *Store) Unreached(ctx context.Context, scope core.Scope, page Page) ([]core.UnreachedPerson, bool, error) {
	return s.unreached(ctx, scope, openWhere(scope, s.Now()), page)
}

// Called is Unreached for those who were told by phone, whatever reached them since.
func (s *Store) Called(ctx context.Context, scope core.Scope, page Page) ([]core.UnreachedPerson, bool, error) {
	where := unreachedWhere(scope, s.Now())
	where.And(called)
	return s.unreached(ctx, scope, where, page)
}

func (s *Store) unreached(
	ctx context.Context, scope core.Scope, where database.Where, page Page,
) (list []core.UnreachedPerson, more bool, err error) {
	if page.Limit == 0 {
		page.Limit = pageLimit
	}
	order := database.PageOrder{ID: "MAX(id)", Desc: true}
	bounds, values := order.Bounds(page)
	var rows []unreachedRow
	if err := s.db.All(ctx, &rows, `
		SELECT to_kind, to_id, COUNT(*) AS n, MAX(id) AS last_id
		FROM message
		WHERE `+where.Text()+`
		GROUP BY to_kind, to_id
		HAVING 1 = 1`+bounds+order.Clause(page), append(where.Args(values...), page.Limit+1)...); err != nil {
		return nil, false, database.Wrap("list who was not reached", err)
	}
	rows, more = core.CutPage(page, rows)
	uncounted(page, listEnd{len(rows), more})
	list, err = s.unreachedPeople(ctx, scope, rows)
	return list, more, err
}

func (s *Store) unreachedPeople(ctx context.Context, scope core.Scope, rows []unreachedRow) ([]core.UnreachedPerson, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	var ids []core.ID
	for _, r := range rows {
		ids = append(ids, r.Last)
	}
	var latest []outbox.Row
	if err := s.db.All(ctx, &latest, "SELECT "+outbox.Columns+" FROM message WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...); err != nil {
		return nil, database.Wrap("list who was not reached", err)
	}
	messages := map[core.ID]core.Message{}
	var all []core.Message
	for _, row := range latest {
		messages[row.ID] = row.Message()
		all = append(all, row.Message())
	}
	people, err := s.Recipients(ctx, scope, all)
	if err != nil {
		return nil, err
	}
	calls, err := s.MessageCalls(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]core.UnreachedPerson, len(rows))
	for i, r := range rows {
		m := messages[r.Last]
		list[i] = core.UnreachedPerson{
			Recipient: people[m.ID], Messages: r.Messages, Last: r.Last, Reason: m.Reason, Channel: m.Channel, Kind: m.Kind,
			At: m.Created, Call: calls[m.ID],
		}
	}
	return list, nil
}
