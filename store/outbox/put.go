package outbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// Put adds messages in the act's own transaction. An account that has switched a kind off is told of it in
// the console alone, and one that is out of use of nothing. Of a kind that is merged, one that finds another
// waiting for its recipient becomes part of it, with a row of its own.
func Put(tx *database.Tx, notes ...core.MessageNote) error {
	rows, err := addressed(tx, notes)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := merge(tx, rows); err != nil {
		return err
	}
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = r.values(tx)
	}
	tx.Wake(worker)
	err = database.InsertRows(tx, database.InsertInto, "message", putColumns, values)
	if database.IsDuplicate(err) {
		return database.ErrRace // another act of the same moment opened one of the same key
	}
	return err
}

const putColumns = `id, community_id, kind, to_kind, to_id, user_id, notice_id, title, link, events, merge_key, merged_into,
	digest, state, channel, tried, tries, reason, code, lease, created_at, due_at, next_at, expires_at, ended_at`

// newRow is a message that is being put.
type newRow struct {
	core.MessageNote
	id     core.ID
	user   core.ID
	into   core.ID // the message that it becomes part of; 0 = none
	more   int     // others of the same call that become part of it
	digest core.MessageDigest
}

func (r newRow) typ() core.MessageType { return r.Kind.Type() }

// expires returns until when it is sent: as long after its digest as it would be after the event.
func (r newRow) expires() int64 { return r.At.Add(r.typ().Life + r.digest.Longest()).UnixMilli() }

// mergeKey is the same for messages that become one; "" if those of the kind do not.
func (r newRow) mergeKey() string { return mergeKey(r.Kind, r.recipient(), r.Community) }

func (r newRow) recipient() core.ID {
	return cmp.Or(r.Account, r.user, r.Resident, r.Member)
}

func (r newRow) toKind() string {
	switch {
	case r.Account != 0:
		return core.ToAccount
	case r.user != 0:
		return core.ToWechat
	case r.Resident != 0:
		return core.ToResident
	}
	return core.ToMember
}

func (r newRow) values(tx *database.Tx) []any {
	state := core.MessageWaiting
	typ := r.typ()
	key, next, ended := any(r.mergeKey()), any(tx.Now().Add(typ.Merge).UnixMilli()), any(nil)
	if key == "" {
		key = nil
	}
	due := any(nil)
	if !r.Due.IsZero() {
		due = r.Due.UnixMilli()
	}
	if r.into != 0 {
		state, key, next, ended = core.MessageMerged, nil, nil, tx.NowMS()
	}
	return []any{
		int64(r.id), int64(r.Community), string(r.Kind), r.toKind(), int64(r.recipient()), int64(r.user), int64(r.Notice),
		cutText(r.Title), r.Link, 1 + r.more, key, int64(r.into), string(r.digest), string(state), "", "", 0, "", "", "",
		tx.NowMS(), due, next, r.expires(), ended,
	}
}

func cutText(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), core.MaxMessageText)])
}

// addressed returns the rows to add, with the WeChat user of each account.
func addressed(tx *database.Tx, notes []core.MessageNote) ([]newRow, error) {
	accounts, err := accountsOf(tx, notes)
	if err != nil {
		return nil, err
	}
	var rows []newRow
	for _, n := range notes {
		r := newRow{MessageNote: n, user: n.User}
		if r.At.IsZero() {
			r.At = tx.Now()
		}
		if n.Account != 0 {
			a, ok := accounts[n.Account]
			if !ok || slices.Contains(strings.Split(a.Muted, ","), string(n.Kind)) {
				continue
			}
			if r.user == 0 {
				r.user = a.User
			}
			if r.typ().Merge > 0 {
				r.digest = a.Digest
			}
		}
		r.id = tx.NewID()
		rows = append(rows, r)
	}
	return rows, nil
}

type accountRow struct {
	ID     core.ID            `db:"id"`
	User   core.ID            `db:"user_id"`
	Muted  string             `db:"muted"`
	Digest core.MessageDigest `db:"digest"`
}

func accountsOf(tx *database.Tx, notes []core.MessageNote) (map[core.ID]accountRow, error) {
	var ids []core.ID
	for _, n := range notes {
		if n.Account != 0 {
			ids = append(ids, n.Account)
		}
	}
	found := map[core.ID]accountRow{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []accountRow
		err := tx.All(&rows, `
			SELECT a.id, a.user_id, COALESCE(p.muted, '') AS muted, COALESCE(p.digest, '') AS digest
			FROM account a
			LEFT JOIN preference p ON p.account_id = a.id
			WHERE a.disabled_at IS NULL
			AND a.id IN (`+database.Placeholders(len(part))+`)`, database.IDArgs(part)...)
		for _, row := range rows {
			found[row.ID] = row
		}
		return err
	})
	return found, err
}

// merge finds for each row the message that it becomes part of, and counts it there. Of several of one call
// the first is the message.
func merge(tx *database.Tx, rows []newRow) error {
	var keys []string
	for _, r := range rows {
		if key := r.mergeKey(); key != "" {
			keys = append(keys, key)
		}
	}
	open := map[string]core.ID{}
	if err := database.EachPart(keys, func(part []string) error { return openMessages(tx, part, open) }); err != nil {
		return err
	}
	more := map[core.ID]int{}
	for i := range rows {
		key := rows[i].mergeKey()
		switch into, ok := open[key]; {
		case key == "":
		case ok:
			rows[i].into = into
			more[into]++
		default:
			open[key] = rows[i].id
		}
	}
	return countMerged(tx, rows, more)
}

func openMessages(tx *database.Tx, keys []string, open map[string]core.ID) error {
	var rows []struct {
		ID  core.ID `db:"id"`
		Key string  `db:"merge_key"`
	}
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = key
	}
	err := tx.All(&rows, `
		SELECT id, merge_key
		FROM message
		WHERE merge_key IN (`+database.Placeholders(len(keys))+`)`, args...)
	for _, row := range rows {
		open[row.Key] = row.ID
	}
	return err
}

// countMerged raises the events of messages that were there before, which live as long as the latest of them; one that
// a worker has claimed since is a lost race. One that waits for the morning is looked at again as soon as a new one would
// be: the quiet hours may have been changed.
func countMerged(tx *database.Tx, rows []newRow, more map[core.ID]int) error {
	for i := range rows {
		rows[i].more = more[rows[i].id]
		delete(more, rows[i].id)
	}
	into := map[core.ID]newRow{} // one that becomes part of it
	for _, r := range rows {
		into[r.into] = r
	}
	for _, id := range slices.Sorted(maps.Keys(more)) {
		soon := tx.Now().Add(into[id].typ().Merge).UnixMilli()
		if err := tx.ExecOne(database.ErrRace, `
			UPDATE message
			SET events = events + ?, expires_at = ?, next_at = CASE WHEN reason = ? AND next_at > ? THEN ? ELSE next_at END
			WHERE id = ?
			AND merge_key IS NOT NULL`,
			more[id], into[id].expires(), string(core.WhyQuiet), soon, soon, int64(id)); err != nil {
			return err
		}
	}
	return nil
}
