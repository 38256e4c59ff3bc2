package store

import (
	"cmp"
	"context"
	"encoding/json"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const batchColumns = `id, community_id, kind, actor_kind, actor_id, actor_name, size, undone, kept,
	created_at, begun_at, ended_at, undone_by`

type batchRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Kind      core.BatchKind  `db:"kind"`
	ActorKind core.ActorKind  `db:"actor_kind"`
	ActorID   core.ID         `db:"actor_id"`
	ActorName string          `db:"actor_name"`
	Size      int             `db:"size"`
	Undone    int             `db:"undone"`
	Kept      int             `db:"kept"`
	Created   database.Millis `db:"created_at"`
	Begun     database.Millis `db:"begun_at"`
	Ended     database.Millis `db:"ended_at"`
	UndoneBy  string          `db:"undone_by"`
}

func (r batchRow) batch() core.Batch {
	return core.Batch{
		ID: r.ID, Community: r.Community, Kind: r.Kind,
		By: core.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName}, Created: r.Created.Time,
		Size: r.Size, Undone: r.Undone, Kept: r.Kept, Begun: r.Begun.Time, Ended: r.Ended.Time, UndoneBy: r.UndoneBy,
	}
}

// batchThing is one thing of a batch with what it was and what it became: structs that encode as
// JSON. nil means that it was not there.
type batchThing struct {
	ID            core.ID
	Before, After any
}

// writeBatch keeps what an act has changed, within the act's own transaction. A batch with an id is
// continued: an act of several transactions adds its things to the batch of the first. Nobody can
// continue one that is being taken back.
func writeBatch(tx *database.Tx, by core.Actor, b core.Batch, things []batchThing) (core.Batch, error) {
	b, err := growBatch(tx, by, b, len(things))
	if err != nil {
		return b, err
	}
	rows := make([][]any, len(things))
	befores, afters := batchTexts{kind: b.Kind}, batchTexts{kind: b.Kind}
	for i, thing := range things {
		before, err := befores.of(tx, thing.Before)
		if err != nil {
			return b, err
		}
		after, err := afters.of(tx, thing.After)
		if err != nil {
			return b, err
		}
		rows[i] = []any{int64(b.ID), int64(thing.ID), before, after, string(core.BatchItemDone), "", ""}
	}
	return b, database.InsertRows(tx, tx.Dialect().InsertOrEnd(), "batch_item", newItemColumns, rows)
}

// newItemColumns are those of a thing that a batch gets.
const newItemColumns = "batch_id, thing_id, before_text, after_text, state, why, who"

// growBatch makes a batch of n things, or adds n to one that is continued. The caller adds the things.
func growBatch(tx *database.Tx, by core.Actor, b core.Batch, n int) (core.Batch, error) {
	var err error
	if b.ID == 0 {
		b.ID = tx.NewID()
		_, err = tx.Exec(
			`INSERT INTO batch (id, community_id, kind, actor_kind, actor_id, actor_name, size, undone, kept, created_at, undone_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, '')`,
			int64(b.ID), int64(b.Community), string(b.Kind), string(by.Kind), int64(by.ID), by.Name, n, tx.NowMS(),
		)
	} else {
		err = tx.ExecOne(
			core.Conflict("本次操作正在撤销"), "UPDATE batch SET size = size + ? WHERE id = ? AND begun_at IS NULL", n, int64(b.ID),
		)
	}
	b.Size += n
	return b, err
}

// writeBatches keeps what an act has changed in communities, a batch for each. It returns the batch
// if it is one; of several, their size alone: none of them takes the whole act back.
func writeBatches(
	tx *database.Tx, by core.Actor, kind core.BatchKind, communities []core.ID, things map[core.ID][]batchThing,
) (all core.Batch, err error) {
	for _, community := range communities {
		b, err := writeBatch(tx, by, core.Batch{Community: community, Kind: kind}, things[community])
		if err != nil {
			return core.Batch{}, err
		}
		b.Size += all.Size
		all = b
	}
	if len(communities) > 1 {
		return core.Batch{Size: all.Size}, nil
	}
	return all, nil
}

// batchTexts encodes what things were; of people it is encrypted, once for things one after another of which the same is kept,
// such as that they are new.
type batchTexts struct {
	kind          core.BatchKind
	plain, sealed string // of the last
}

func (t *batchTexts) of(tx *database.Tx, v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil || !batchUndos[t.kind].personal {
		return string(text), err
	}
	if t.plain == string(text) {
		return t.sealed, nil
	}
	t.plain = string(text)
	t.sealed, err = tx.Keys().Seal("batch_item.text", t.plain)
	return t.sealed, err
}

// BatchFilter narrows the list of batches.
type BatchFilter struct {
	Communities core.Scope       // those of the caller that are asked for
	Kinds       []core.BatchKind // of these kinds; empty = none
	Page        Page             // by id, newest first
}

// Batches lists batches of the scope, newest first.
func (s *Store) Batches(ctx context.Context, scope core.Scope, f BatchFilter) (list []core.Batch, more bool, err error) {
	if len(f.Kinds) == 0 {
		return nil, false, nil
	}
	var filter database.Where
	kinds := make([]any, len(f.Kinds))
	for i, kind := range f.Kinds {
		kinds[i] = string(kind)
	}
	filter.And("kind IN ("+database.Placeholders(len(kinds))+")", kinds...)
	rows, more, err := readPage[batchRow](ctx, s, listQuery{
		columns: batchColumns, table: "batch",
		scope:  database.Within(scope, "community_id").With(database.Within(f.Communities, "community_id")),
		filter: filter,
		order:  database.NewestFirst,
	}, f.Page)
	for _, row := range rows {
		list = append(list, row.batch())
	}
	return list, more, database.Wrap("list batches", err)
}

const noBatch = "没有这次批量操作"

// Batch returns one batch of the scope.
func (s *Store) Batch(ctx context.Context, scope core.Scope, id core.ID) (core.Batch, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row batchRow
	query := "SELECT " + batchColumns + " FROM batch WHERE id = ? AND " + where
	if err := s.db.Get(ctx, &row, query, append([]any{int64(id)}, args...)...); err != nil {
		return core.Batch{}, database.Wrap("batch", database.NotFoundIfNoRows(err, noBatch))
	}
	return row.batch(), nil
}

type batchItemRow struct {
	Thing   core.ID             `db:"thing_id"`
	Before  string              `db:"before_text"`
	After   string              `db:"after_text"`
	State   core.BatchItemState `db:"state"`
	Why     core.BatchWhy       `db:"why"`
	Who     string              `db:"who"`
	Changed database.Millis     `db:"changed_at"`
}

const batchItemColumns = "thing_id, before_text, after_text, state, why, who, changed_at"

// open decrypts what was encrypted.
func (r *batchItemRow) open(kind core.BatchKind, reveal func(column, sealed string) string) {
	if !batchUndos[kind].personal {
		return
	}
	for _, text := range []*string{&r.Before, &r.After} {
		if *text != "" {
			*text = reveal("batch_item.text", *text)
		}
	}
}

// BatchItemFilter narrows the list of a batch's things.
type BatchItemFilter struct {
	State core.BatchItemState // "" = all
	Page  Page                // its cursors are things
}

// BatchItems lists the things of a batch that the caller has read, with their present names. It costs
// two queries. Of a person only the name is among them, and whether they live there.
func (s *Store) BatchItems(ctx context.Context, b core.Batch, f BatchItemFilter) (list []core.BatchItem, more bool, err error) {
	var scope, filter database.Where
	scope.And("batch_id = ?", int64(b.ID))
	if f.State != "" {
		filter.And("state = ?", string(f.State))
	}
	rows, more, err := readPage[batchItemRow](ctx, s, listQuery{
		columns: batchItemColumns, table: "batch_item", scope: scope, filter: filter,
		order: database.PageOrder{ID: "thing_id"},
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list a batch's things", err)
	}
	kind, _ := b.Kind.Type()
	var targets []core.AuditRecord
	for _, row := range rows {
		targets = append(targets, core.AuditRecord{Target: audit.Target(stemOfItem(kind, row), row.Thing).String()})
	}
	for _, row := range rows {
		for _, text := range []string{row.Before, row.After} {
			if thing := movedWithHouse(kind, text); thing.Parent != 0 {
				targets = append(targets, core.AuditRecord{Target: audit.Target("house", thing.Parent).String()})
			}
		}
	}
	names, err := s.AuditSubjects(ctx, targets)
	for i, row := range rows {
		item := core.BatchItem{
			Thing: row.Thing, Name: names[targets[i].Target], State: row.State,
			Why: row.Why, Who: row.Who, At: row.Changed.Time, Stem: stemOfItem(kind, row),
		}
		item.Before, item.After = row.Before, row.After
		item.Was, item.Became = movedText(movedWithHouse(kind, row.Before), names), movedText(movedWithHouse(kind, row.After), names)
		if batchUndos[b.Kind].personal {
			row.open(b.Kind, s.db.Reveal)
			item.Before, item.After, item.Was, item.Became = "", "", personText(kind, row.Before), personText(kind, row.After)
		}
		list = append(list, item)
	}
	return list, more, err
}

// personText returns in words what a person of a batch was or became.
func personText(kind core.BatchType, text string) string {
	switch {
	case kind.Stem == "resident":
		return stayText(text)
	case text == "":
		return ""
	case kind.Stem == "member":
		return "已登记"
	}
	return "在职"
}

// movedWithHouse returns what moved with its house: a resident, an application, a visit; zero = it is something else.
func movedWithHouse(kind core.BatchType, text string) movedThing {
	var thing movedThing
	if !kind.Kind.Whole() || readBatchText(text, &thing) != nil {
		return movedThing{}
	}
	switch thing.Stem {
	case "resident", "certification", "visitorpass", "exitslip":
		return thing
	}
	return movedThing{}
}

// movedText returns in words where such a thing was, or came; names are those of houses.
func movedText(thing movedThing, names map[string]string) string {
	if thing.Parent == 0 {
		return ""
	}
	words := cmp.Or(names[audit.Target("house", thing.Parent).String()], "已合并的房屋")
	if thing.Stem == "resident" {
		words += "，" + core.StayText(thing.MovedOut != 0, thing.Certified != 0)
	}
	return words
}

// stemOfItem returns what a thing of a batch is: most kinds are of one stem.
func stemOfItem(kind core.BatchType, row batchItemRow) string {
	var thing movedThing
	if kind.Kind.Whole() && readBatchText(row.Before, &thing) == nil {
		return thing.Stem
	}
	return kind.Stem
}
