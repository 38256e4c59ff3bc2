package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// batchPart is the number of things that one transaction takes back.
const batchPart = 500

// batchUndo is how a kind of batch is taken back.
type batchUndo struct {
	personal bool // what its things were is about people, and encrypted
	imported bool // it is an import's: nobody takes it back until it is complete
	// undo takes back the things of u.items. One that is not as the batch left it stays as it is:
	// undo tells why by u.keep. It locks the things before it looks at them.
	undo func(u *undoing) error
}

// batchUndos has every kind of core.BatchTypes.
var batchUndos map[core.BatchKind]batchUndo

func init() { // the functions refer to the table
	batchUndos = map[core.BatchKind]batchUndo{
		core.BatchHouses:    {undo: undoHouses},
		core.BatchResidents: {personal: true, undo: undoResidents},
		core.BatchMoveOut:   {personal: true, undo: undoMoveOut},
		core.BatchTransfer:  {personal: true, undo: undoTransfer},
		core.BatchRestrict:  {undo: undoRestrictions},
		core.BatchLift:      {undo: undoRestrictions},
		core.BatchReaderQR:  {undo: undoReadersQR},
		core.BatchAlerts:    {undo: undoAccessAlerts},
		core.BatchRenew:     {undo: undoRenewals},
		core.BatchExits:     {undo: undoExitSlips},
		core.BatchCalls:     {undo: undoCalls},
		core.BatchBlocks:    {undo: undoBlocks},

		core.BatchReaderPermit: {undo: undoReadersPermitted},

		core.BatchVisitLeave: {undo: undoLeaves},

		core.BatchTag:   {undo: undoTagging},
		core.BatchUntag: {undo: undoTagging},

		core.BatchHouseRename: {undo: undoHouseMove},
		core.BatchHouseMove:   {undo: undoHouseMove},
		core.BatchHouseMerge:  {undo: undoHouseMove},

		core.BatchArrears: {imported: true, undo: undoArrears},

		core.BatchImportStaff:     {imported: true, personal: true, undo: undoImportedStaff},
		core.BatchImportBlocks:    {imported: true, undo: undoBlocks},
		core.BatchImportReaders:   {imported: true, undo: undoImportedReaders},
		core.BatchImportMembers:   {imported: true, personal: true, undo: undoImportedMembers},
		core.BatchImportHouses:    {imported: true, undo: undoHouses},
		core.BatchImportResidents: {imported: true, personal: true, undo: undoImportedResidents},
	}
}

// undoing is one transaction of taking a batch back.
type undoing struct {
	tx    *database.Tx
	by    core.Actor
	scope core.Scope // of who takes it back
	batch core.Batch
	after core.ID // the last thing of the part before; 0 = this is the first
	items []batchItemRow
	kept  map[core.ID]keptThing
}

// keptThing is why a thing is not taken back, and who changed it when, if that is known.
type keptThing struct {
	why core.BatchWhy
	who string
	at  time.Time
}

// keep leaves a thing as it is.
func (u *undoing) keep(thing core.ID, why core.BatchWhy) { u.kept[thing] = keptThing{why: why} }

// keepChangedBy leaves a thing as another batch has made it.
func (u *undoing) keepChangedBy(thing, batch core.ID) error {
	kept := keptThing{why: core.BatchChanged}
	var row batchRow
	err := u.tx.Get(&row, "SELECT "+batchColumns+" FROM batch WHERE id = ?", int64(batch))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	kept.who, kept.at = row.ActorName, row.Created.Time
	u.kept[thing] = kept
	return nil
}

// things returns the ids of the items that are not kept so far.
func (u *undoing) things() []core.ID {
	var ids []core.ID
	for _, item := range u.items {
		if _, kept := u.kept[item.Thing]; !kept {
			ids = append(ids, item.Thing)
		}
	}
	return ids
}

// each calls do with the items that are not kept so far.
func (u *undoing) each(do func(item batchItemRow) error) error {
	for _, item := range u.items {
		if _, kept := u.kept[item.Thing]; kept {
			continue
		}
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

// keepFound keeps the things that a query finds; it ends in an IN list of things.
func (u *undoing) keepFound(why core.BatchWhy, query string, args ...any) error {
	return database.EachPart(u.things(), func(part []core.ID) error {
		var found []core.ID
		err := u.tx.All(&found, query+" IN ("+database.Placeholders(len(part))+")", database.AppendIDs(args, part)...)
		for _, id := range found {
			u.keep(id, why)
		}
		return err
	})
}

// readBatchText decodes what batchText encoded; "" leaves into as it is.
func readBatchText(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// UndoBatch takes a batch of the scope back: what is still as the batch left it becomes what it was;
// the rest is kept and listed. The caller has checked the permission of the batch's act. It works in
// parts of batchPart things, each a transaction with its line in the audit log (a kind that is Whole in one); stopped half way, it
// is continued by calling it again, by anybody. One that has ended is returned as it is. Two at once
// share the work.
func (s *Store) UndoBatch(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) (core.Batch, error) {
	for last := core.ID(0); ; {
		var b core.Batch
		next := last
		err := s.db.Write(ctx, "undo a batch", func(tx *database.Tx) (err error) {
			b, next, err = undoPart(tx, by, scope, id, last)
			return err
		})
		if err != nil || !b.Ended.IsZero() {
			return b, err
		}
		last = next
	}
}

// errUndoPlanned ends a transaction that only finds out what it would do.
var errUndoPlanned = errors.New("store: planned")

// undoPartsPlanned is how many parts PlanUndo looks at: somebody waits for the answer, and gates for the database.
const undoPartsPlanned = 6

// PlanUndo returns the things of a batch of the scope that UndoBatch would keep now, with their reasons. It changes nothing. If the
// batch has more than can be looked at, whole is false: more may be kept.
func (s *Store) PlanUndo(ctx context.Context, scope core.Scope, id core.ID) (kept []core.BatchItem, whole bool, err error) {
	return s.planUndo(ctx, scope, id, undoPartsPlanned)
}

// planUndo is PlanUndo of a number of parts. Each is a transaction, as it is when it is taken back.
func (s *Store) planUndo(ctx context.Context, scope core.Scope, id core.ID, parts int) (kept []core.BatchItem, whole bool, err error) {
	var after core.ID
	for looked := 0; parts > 0 && !whole; parts-- {
		var u undoing
		err := s.plan(ctx, func(tx *database.Tx) (err error) {
			u, err = planPart(tx, scope, id, after)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		kept, looked = append(kept, u.keptItems()...), looked+len(u.items)
		if whole = len(u.items) == 0 || looked >= u.batch.Left(); !whole {
			after = u.items[len(u.items)-1].Thing
		}
	}
	return kept, whole, s.nameItems(ctx, kept)
}

// plan has do change what it likes, and takes all of it back.
func (s *Store) plan(ctx context.Context, do func(tx *database.Tx) error) error {
	err := s.db.Write(ctx, "plan an undo", func(tx *database.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return errUndoPlanned
	})
	if errors.Is(err, errUndoPlanned) {
		return nil
	}
	return err
}

// planPart takes back the things of a batch that are next behind one, but notes nothing of it.
func planPart(tx *database.Tx, scope core.Scope, id, after core.ID) (undoing, error) {
	u, err := readPart(tx, scope, id, after)
	if err != nil {
		return u, err
	}
	if undo := batchUndos[u.batch.Kind].undo; undo != nil && u.batch.Ended.IsZero() && len(u.items) > 0 {
		err = undo(&u)
	}
	return u, err
}

// readPart reads the things of a batch that are next behind one.
func readPart(tx *database.Tx, scope core.Scope, id, after core.ID) (undoing, error) {
	u := undoing{tx: tx, by: core.System, scope: scope, after: after, kept: map[core.ID]keptThing{}}
	err := u.read(scope, id)
	return u, err
}

// nameItems sets the names of things of batches.
func (s *Store) nameItems(ctx context.Context, items []core.BatchItem) error {
	targets := make([]core.AuditRecord, len(items))
	for i, item := range items {
		targets[i].Target = audit.Target(item.Stem, item.Thing).String()
	}
	names, err := s.AuditSubjects(ctx, targets)
	for i := range items {
		items[i].Name = names[targets[i].Target]
	}
	return err
}

// keptItems returns the things that are kept, with their reasons.
func (u *undoing) keptItems() []core.BatchItem {
	kind, _ := u.batch.Kind.Type()
	var kept []core.BatchItem
	for _, item := range u.items {
		if why, there := u.kept[item.Thing]; there {
			kept = append(kept, core.BatchItem{Thing: item.Thing, Stem: stemOfItem(kind, item), Why: why.why})
		}
	}
	return kept
}

// PlanUndoImport returns what UndoImport would keep now of what an import that the caller has read has written, with the
// reasons. If it has written more than can be looked at, unread is how many more there are: some of them may be kept, too.
func (s *Store) PlanUndoImport(ctx context.Context, scope core.Scope, imp core.Import) (kept []core.BatchItem, unread int, err error) {
	err = s.plan(ctx, func(tx *database.Tx) error { // at once: houses can go when their residents have
		kept, unread = nil, 0
		for _, id := range []core.ID{imp.Batch, imp.Houses} {
			if id == 0 {
				continue
			}
			look := planPart
			if unread > 0 {
				look = readPart
			}
			u, err := look(tx, scope, id, 0)
			if err != nil {
				return err
			}
			if !u.batch.Ended.IsZero() {
				continue
			}
			if unread == 0 {
				kept, unread = append(kept, u.keptItems()...), -len(u.items)
			}
			unread += u.batch.Left()
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return kept, unread, s.nameItems(ctx, kept)
}

// read locks the batch and reads the things that are to be taken back next.
func (u *undoing) read(scope core.Scope, id core.ID) error {
	var row batchRow
	where, args := database.ScopeWhere(scope, "community_id")
	query := "SELECT " + batchColumns + " FROM batch WHERE id = ? AND " + where + u.tx.Dialect().ForUpdate()
	if err := u.tx.Get(&row, query, append([]any{int64(id)}, args...)...); err != nil {
		return database.NotFoundIfNoRows(err, noBatch)
	}
	u.batch = row.batch()
	if !u.batch.Ended.IsZero() {
		return nil
	}
	if batchUndos[u.batch.Kind].imported {
		if err := refuseWhileWriting(u); err != nil {
			return err
		}
	}
	return u.readItems()
}

// undoPart takes back the next things of a batch and returns the last of them. It looks first behind the one that was the last
// before, 0 = none, so that it does not pass those again that were taken back: the database keeps their entries for a while.
func undoPart(tx *database.Tx, by core.Actor, scope core.Scope, id, after core.ID) (core.Batch, core.ID, error) {
	u := undoing{tx: tx, by: by, scope: scope, after: after, kept: map[core.ID]keptThing{}}
	if err := u.read(scope, id); err != nil || !u.batch.Ended.IsZero() {
		return u.batch, after, err
	}
	err := u.take()
	if len(u.items) > 0 {
		after = u.items[len(u.items)-1].Thing
	}
	return u.batch, after, err
}

// take takes back the things that were read.
func (u *undoing) take() error {
	kind, known := batchUndos[u.batch.Kind]
	if !known {
		return core.Conflict("这次操作不能撤销")
	}
	if len(u.items) > 0 {
		if err := kind.undo(u); err != nil {
			return err
		}
		if err := leftToOffice(u.tx, u.batch.Community, "1 = 1"); err != nil { // its owners may be none any more
			return err
		}
	}
	if err := u.save(); err != nil {
		return err
	}
	return audit.Write(u.tx, u.by, audit.Entry{
		Community: u.batch.Community, Action: "batch.undo", Subject: audit.Target("batch", u.batch.ID),
		After: batchUndoAudit{
			Kind: u.batch.Kind, Undone: len(u.items) - len(u.kept), Kept: len(u.kept), Left: u.batch.Left(),
		},
	})
}

// batchUndoAudit is what the audit log records of taking a part of a batch back.
type batchUndoAudit struct {
	Kind   core.BatchKind `json:"kind"`
	Undone int            `json:"undone"`
	Kept   int            `json:"kept"`
	Left   int            `json:"left"`
}

func (u *undoing) readItems() error {
	limit := batchPart
	if u.batch.Kind.Whole() {
		limit = u.batch.Size
	}
	err := u.tx.All(
		&u.items,
		"SELECT "+batchItemColumns+" FROM batch_item WHERE batch_id = ? AND state = ? AND thing_id > ? ORDER BY thing_id LIMIT ?",
		int64(u.batch.ID), string(core.BatchItemDone), int64(u.after), limit,
	)
	if err == nil && len(u.items) == 0 && u.after != 0 {
		u.after = 0
		return u.readItems()
	}
	for i := range u.items {
		u.items[i].open(u.batch.Kind, u.tx.Reveal)
	}
	return err
}

// save notes what became of the items, and of the batch.
func (u *undoing) save() error {
	err := database.EachPart(u.things(), func(part []core.ID) error {
		_, err := u.tx.Exec(
			"UPDATE batch_item SET state = ? WHERE batch_id = ? AND thing_id IN ("+database.Placeholders(len(part))+")",
			database.AppendIDs([]any{string(core.BatchItemUndone), int64(u.batch.ID)}, part)...,
		)
		return err
	})
	if err != nil {
		return err
	}
	for id, kept := range u.kept {
		if err := u.saveKept(id, kept); err != nil {
			return err
		}
	}
	b := &u.batch
	b.Kept += len(u.kept)
	b.Undone += len(u.items) - len(u.kept)
	if b.Begun.IsZero() {
		b.Begun, b.UndoneBy = u.tx.Now(), u.by.Name
	}
	if b.Left() == 0 {
		b.Ended = u.tx.Now()
	} else if len(u.items) == 0 {
		return fmt.Errorf("store: batch %s: %d of its things are missing", b.ID, b.Left())
	}
	_, err = u.tx.Exec(
		"UPDATE batch SET undone = ?, kept = ?, begun_at = ?, ended_at = ?, undone_by = ? WHERE id = ?",
		b.Undone, b.Kept, database.NullMillis(b.Begun), database.NullMillis(b.Ended), b.UndoneBy, int64(b.ID),
	)
	return err
}

// saveKept notes a thing that is kept, with the newest line of the audit log about it, unless the
// kind knows better who changed it.
func (u *undoing) saveKept(id core.ID, kept keptThing) error {
	if kept.at.IsZero() {
		var line struct {
			Name string          `db:"actor_name"`
			At   database.Millis `db:"at"`
		}
		kind, _ := u.batch.Kind.Type()
		err := u.tx.Get(
			&line, "SELECT actor_name, at FROM audit_log WHERE target = ? AND at > ? ORDER BY id DESC LIMIT 1",
			audit.Target(kind.Stem, id).String(), u.batch.Created.UnixMilli(),
		)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		kept.who, kept.at = line.Name, line.At.Time
	}
	_, err := u.tx.Exec(
		"UPDATE batch_item SET state = ?, why = ?, who = ?, changed_at = ? WHERE batch_id = ? AND thing_id = ?",
		string(core.BatchItemKept), string(kept.why), kept.who, database.NullMillis(kept.at),
		int64(u.batch.ID), int64(id),
	)
	return err
}
