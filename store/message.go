package store

import (
	"context"

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
