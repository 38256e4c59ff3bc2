package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// CallsAtOnce bounds the people whom one act ticks off.
const CallsAtOnce = 200

// checkCallsAtOnce returns ids without repetitions, the newest first, unless they are none or too many.
func checkCallsAtOnce(ids []core.ID) ([]core.ID, error) {
	ids = slices.Compact(slices.SortedFunc(slices.Values(ids), func(a, b core.ID) int { return cmp.Compare(b, a) }))
	if len(ids) == 0 || len(ids) > CallsAtOnce {
		return nil, core.Invalid(fmt.Sprintf("请选择 1 至 %d 人", CallsAtOnce))
	}
	return ids, nil
}

// MessageCalls returns who told the recipients of some messages by phone, by message. The caller must have read the messages
// within a scope.
func (s *Store) MessageCalls(ctx context.Context, ids []core.ID) (map[core.ID]core.MessageCall, error) {
	calls := map[core.ID]core.MessageCall{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			Message core.ID         `db:"message_id"`
			Caller  string          `db:"caller"`
			Note    string          `db:"note"`
			At      database.Millis `db:"called_at"`
			Batch   core.ID         `db:"batch_id"`
		}
		err := s.db.All(ctx, &rows, `
			SELECT c.message_id, c.caller, c.note, c.called_at,
				COALESCE((SELECT MAX(i.batch_id) FROM batch_item i WHERE i.thing_id = c.message_id AND i.state = 'done'), 0) AS batch_id
			FROM message_call c
			WHERE c.message_id IN (`+database.Placeholders(len(part))+`)`, database.IDArgs(part)...)
		for _, r := range rows {
			calls[r.Message] = core.MessageCall{Caller: r.Caller, Note: r.Note, At: r.At.Time, Batch: r.Batch}
		}
		return err
	})
	return calls, database.Wrap("read who was called", err)
}

// UnreachedBy returns people of the scope by the latest message that was shown of each, for a question. Those whom somebody
// has called meanwhile, or whom a channel reached, are left out. A message that is not of the scope makes it NotFound.
func (s *Store) UnreachedBy(ctx context.Context, scope core.Scope, last []core.ID) ([]core.UnreachedPerson, error) {
	last, err := checkCallsAtOnce(last)
	if err != nil {
		return nil, err
	}
	var rows []unreachedRow
	asked := map[core.ID]bool{} // messages of people who are among rows
	for _, id := range last {
		if _, _, err := s.Message(ctx, scope, id); err != nil {
			return nil, err
		}
		found, err := unreachedUpTo(s.db.Reads(ctx), openWhere(scope, s.Now()), id)
		if err != nil {
			return nil, database.Wrap("read who was not reached", err)
		}
		if len(found) > 0 && !asked[id] {
			rows = append(rows, unreachedRow{Messages: len(found), Last: id})
		}
		for _, m := range found {
			asked[m.ID] = true
		}
	}
	return s.unreachedPeople(ctx, scope, rows)
}

// calledMessage is a message that a call told of.
type calledMessage struct {
	ID        core.ID `db:"id"`
	Community core.ID `db:"community_id"`
}

// unreachedUpTo returns what did not reach the recipient of a message, up to it.
func unreachedUpTo(all readAll, open database.Where, last core.ID) (list []calledMessage, err error) {
	err = all(&list, `
		SELECT id, community_id
		FROM message
		WHERE `+open.Text()+`
		AND id <= ?
		AND EXISTS (
			SELECT 1
			FROM message last
			WHERE last.id = ?
			AND last.to_kind = message.to_kind
			AND last.to_id = message.to_id
		)
		ORDER BY id`, open.Args(int64(last), int64(last))...)
	return list, err
}

// messageCallAudit is what the audit log records of somebody who was told by phone.
type messageCallAudit struct {
	Unreached int     `json:"unreached"` // messages
	Note      string  `json:"note,omitempty"`
	Batch     core.ID `json:"batch,omitempty"` // 0 = one of several
}

// CallUnreached records that people of the scope were told by phone: all that did not reach them, up to the latest message that
// was shown of each. It returns how many people that are: those whom somebody else called first, or whom a channel reached
// meanwhile, are left out. The batch has their messages; those of several communities are a batch each, of which the size
// of all is returned. If a message is not of the scope, nothing changes and the result is NotFound.
func (s *Store) CallUnreached(
	ctx context.Context, by core.Actor, scope core.Scope, last []core.ID, note string,
) (people int, batch core.Batch, err error) {
	note = core.Clean(note)
	if last, err = checkCallsAtOnce(last); err != nil {
		return 0, batch, err
	}
	if utf8.RuneCountInString(note) > core.MaxCallNote {
		return 0, batch, core.InvalidFields(map[string]string{"note": fmt.Sprintf("备注最多 %d 个字", core.MaxCallNote)})
	}
	err = s.db.Write(ctx, "record calls", func(tx *database.Tx) error {
		c := calling{tx: tx, by: by, scope: scope, note: note, things: map[core.ID][]batchThing{}}
		for _, id := range last {
			if err := c.person(id); err != nil {
				return err
			}
		}
		people = len(c.people)
		batch, err = c.save()
		return err
	})
	return people, batch, err
}

// calling is one transaction that records calls.
type calling struct {
	tx    *database.Tx
	by    core.Actor
	scope core.Scope
	note  string

	communities []core.ID
	things      map[core.ID][]batchThing // by community
	people      []calledPerson
}

type calledPerson struct {
	last     outbox.Row
	messages int
}

// calledItem is the state of a message as a batch keeps it.
type calledItem struct {
	Note string `json:"note,omitempty"`
}

// person records what a person was told, if nobody has told them yet.
func (c *calling) person(last core.ID) error {
	where := messageScope(c.scope)
	where.And("id = ?", int64(last))
	p := calledPerson{}
	if err := c.tx.Get(&p.last, "SELECT "+outbox.Columns+" FROM message WHERE "+where.Text(), where.Args()...); err != nil {
		return database.NotFoundIfNoRows(err, noMessage)
	}
	told, err := unreachedUpTo(c.tx.All, openWhere(c.scope, c.tx.Now()), last)
	if err != nil || len(told) == 0 {
		return err
	}
	rows := make([][]any, len(told))
	for i, m := range told {
		if c.things[m.Community] == nil {
			c.communities = append(c.communities, m.Community)
		}
		c.things[m.Community] = append(c.things[m.Community], batchThing{ID: m.ID, After: calledItem{c.note}})
		rows[i] = []any{int64(m.ID), c.by.Name, c.note, c.tx.NowMS()}
	}
	p.messages = len(told)
	c.people = append(c.people, p)
	err = database.InsertRows(c.tx, database.InsertInto, "message_call", "message_id, caller, note, called_at", rows)
	if database.IsDuplicate(err) {
		return database.ErrRace // somebody else calls at the same moment
	}
	return err
}

func (c *calling) save() (core.Batch, error) {
	if len(c.people) == 0 {
		return core.Batch{}, nil
	}
	batch, err := writeBatches(c.tx, c.by, core.BatchCalls, c.communities, c.things)
	if err != nil {
		return batch, err
	}
	for _, p := range c.people {
		if err := audit.Write(c.tx, c.by, audit.Entry{
			Community: p.last.Community, Action: "message.call", Subject: audit.Target("message", p.last.ID),
			After: messageCallAudit{p.messages, c.note, batch.ID},
		}); err != nil {
			return batch, err
		}
	}
	return batch, nil
}

// undoCalls makes messages such that nobody has told of. What was called is changed by nothing else.
func undoCalls(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		n, err := u.tx.Exec("DELETE FROM message_call WHERE message_id = ?", int64(item.Thing))
		if err == nil && n == 0 {
			u.keep(item.Thing, core.BatchGone)
		}
		return err
	})
}
