package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

const noMessage = "消息不存在，可能已过保留期"

// messageScope is the condition that an account may see a message. Those of no community are only in the whole
// scope.
func messageScope(scope core.Scope) database.Where { return database.Within(scope, "community_id") }

// Messages lists what people in the scope were told, newest first.
func (s *Store) Messages(
	ctx context.Context, scope core.Scope, f core.MessageFilter, page Page,
) (list []core.Message, more bool, err error) {
	if f.Community != 0 {
		if !scope.Has(f.Community) {
			return nil, false, core.NotFound(noCommunity)
		}
		scope = core.ScopeOf(f.Community)
	}
	rows, more, err := readPage[outbox.Row](ctx, s, listQuery{
		columns: outbox.Columns, table: "message",
		scope:  messageScope(scope),
		filter: messageWhere(f),
		order:  database.NewestFirst,
	}, page)
	for _, row := range rows {
		list = append(list, row.Message())
	}
	return list, more, database.Wrap("list messages", err)
}

func messageWhere(f core.MessageFilter) (where database.Where) {
	if f.Kind != "" {
		where.And("kind = ?", string(f.Kind))
	}
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.Channel != "" {
		where.And("channel = ?", string(f.Channel))
	}
	if !f.From.IsZero() {
		where.And("id >= ?", int64(database.FirstID(f.From)))
	}
	if !f.To.IsZero() {
		where.And("id < ?", int64(database.FirstID(f.To)))
	}
	if f.ToKind != "" {
		where.And("to_kind = ?", f.ToKind)
		where.And("to_id = ?", int64(f.Recipient))
	}
	return where
}

// Message returns a message of the scope, with its attempts.
func (s *Store) Message(ctx context.Context, scope core.Scope, id core.ID) (core.Message, []core.MessageAttempt, error) {
	where := messageScope(scope)
	where.And("id = ?", int64(id))
	var row outbox.Row
	if err := s.db.Get(ctx, &row, "SELECT "+outbox.Columns+" FROM message WHERE "+where.Text(), where.Args()...); err != nil {
		return core.Message{}, nil, database.Wrap("read a message", database.NotFoundIfNoRows(err, noMessage))
	}
	attempts, err := s.outbox.Attempts(ctx, id)
	return row.Message(), attempts, err
}

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

// Unreached lists the people of the scope whom no channel reached in the last days, nor since, by their latest message,
// newest first. Who is not to be told any more is left out. The page's cursors are ids of messages.
func (s *Store) Unreached(ctx context.Context, scope core.Scope, page Page) (list []core.UnreachedPerson, more bool, err error) {
	where := messageScope(scope)
	var states []any
	for _, state := range core.Unreached {
		states = append(states, string(state))
	}
	where.And("state IN ("+database.Placeholders(len(states))+")", states...)
	where.And("reason NOT IN (?, ?, ?)", string(core.WhyDisabled), string(core.WhyNotTheirs), string(core.WhyDecided))
	where.And("id >= ?", int64(database.FirstID(s.Now().Add(-UnreachedWindow))))
	where.And("NOT " + reachedLater)
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
	list := make([]core.UnreachedPerson, len(rows))
	for i, r := range rows {
		m := messages[r.Last]
		list[i] = core.UnreachedPerson{
			Recipient: people[m.ID], Messages: r.Messages, Last: r.Last, Reason: m.Reason, Channel: m.Channel, Kind: m.Kind,
			At: m.Created,
		}
	}
	return list, nil
}
