package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// WriteImportRows writes the rows of an import that is being written, part by part, each in a transaction that also
// notes that it is done: a server that is killed, or another one, goes on with the next. It returns in words what was
// written. Of an import that is all or nothing, a row that cannot be written takes back the others.
func (s *Store) WriteImportRows(ctx context.Context, id core.ID, step func(done, total int64) error) (string, error) {
	imp, err := s.Import(ctx, core.Everywhere, id)
	if err != nil {
		return "", err
	}
	switch imp.State {
	case core.ImportWriting:
	case core.ImportUndoing:
		return s.takeBackWriting(ctx, id, step)
	case core.ImportDone, core.ImportFailed: // a server was stopped between this end and that of its job
		return imp.JobEnd()
	default:
		return "", errJobGone
	}
	by, _, err := s.beginImport(ctx, imp)
	if err != nil {
		return "", err
	}
	w, err := s.newImportWriter(ctx, imp, by)
	if err != nil {
		return "", err
	}
	if w.worker.Beside() {
		defer importRoom.more()()
	}
	err = w.writeAll(ctx, step)
	if incomplete := w.close(); err == nil {
		err = incomplete
	}
	if err != nil {
		return "", ownConflict(err)
	}
	if w.imp.State == core.ImportUndoing {
		return s.takeBackWriting(ctx, id, step)
	}
	return s.endImport(ctx, w.imp)
}

// takeBackWriting takes back what an import has written that gave up while its rows were written: the work that was to
// write them has failed, unless somebody cancelled it.
func (s *Store) takeBackWriting(ctx context.Context, id core.ID, step func(done, total int64) error) (string, error) {
	if _, err := s.UndoImportRows(ctx, id, step); err != nil {
		return "", err
	}
	imp, err := s.Import(ctx, core.Everywhere, id)
	if err != nil {
		return "", err
	}
	return imp.JobEnd()
}

// importWriter writes the parts of one import.
type importWriter struct {
	worker *database.Worker
	by     importer
	ahead  *importAhead
	opened []importOpened // the next parts
	imp    core.Import    // as it was last

	completer *importCompleter
}

func (s *Store) newImportWriter(ctx context.Context, imp core.Import, by importer) (*importWriter, error) {
	completer, err := s.openCompleter(ctx, imp)
	if err != nil {
		return nil, err
	}
	return &importWriter{worker: s.db.NewWorker(), by: by, ahead: s.openAhead(ctx, imp, by), completer: completer, imp: imp}, nil
}

// close ends the writer, when what it has written is complete, and returns why some of it is not.
func (w *importWriter) close() error {
	w.ahead.close()
	w.worker.Close()
	return w.completer.finish()
}

func (w *importWriter) writeAll(ctx context.Context, step func(done, total int64) error) error {
	for w.imp.State == core.ImportWriting && w.imp.NextPart < w.imp.Parts {
		if err := step(int64(w.imp.NextPart*core.ImportPart), int64(w.imp.Counts.Rows())); err != nil {
			return err
		}
		if err := w.writeParts(ctx); err != nil {
			return err
		}
	}
	return nil
}

const (
	// partsAtOnce bounds the parts of one transaction. On SQLite a part of a large list touches most pages of some indexes,
	// which are then written once for all parts of the transaction.
	partsAtOnce = 16
	// partsTime is how long a transaction may have taken for another part to be begun.
	partsTime = time.Second
)

// writeParts writes the next part of an import. As long as nobody waits for the transaction to end, such as a door, it goes
// on with those after it.
func (w *importWriter) writeParts(ctx context.Context) error {
	if len(w.opened) == 0 {
		opened, err := w.ahead.next(ctx)
		if err != nil {
			return err
		}
		w.opened = append(w.opened, opened)
	}
	var after core.Import
	var done []importWritten
	err := w.worker.Act(ctx, "write a part of an import", func(tx *database.Tx) error {
		began := time.Now()
		done = nil
		now, err := lockImport(tx, core.Everywhere, w.imp.ID, core.ImportWriting)
		switch {
		case core.IsConflict(err), core.IsNotFound(err),
			err == nil && (now.NextPart != w.imp.NextPart || now.Reading != w.imp.Reading):
			return errJobGone
		case err != nil:
			return err
		}
		for len(done) == 0 || len(done) < partsAtOnce && time.Since(began) < partsTime && w.more(tx, len(done)) {
			written, err := w.writePart(tx, &now, w.opened[len(done)])
			if err != nil {
				return err
			}
			if done = append(done, written); now.State != core.ImportWriting {
				break
			}
		}
		after = now
		var people []addedResident // of all parts, so that they are named in the order of the index
		for _, written := range done {
			if written.pending == nil {
				people = append(people, written.added...)
			}
		}
		return nameAdded(tx, people)
	})
	if err != nil {
		return err
	}
	w.imp, w.opened = after, slices.Delete(w.opened, 0, len(done))
	for _, written := range done {
		w.by.wrote(written)
		if written.pending != nil {
			if err := w.completer.send(*written.pending); err != nil {
				return err
			}
		}
	}
	return nil
}

// more reports whether a transaction that has written n parts goes on: nobody waits for it, and the next part is open.
func (w *importWriter) more(tx *database.Tx, n int) bool {
	if tx.Awaited() {
		return false
	}
	if n == len(w.opened) {
		if opened, ok := w.ahead.soon(); ok {
			w.opened = append(w.opened, opened)
		}
	}
	return n < len(w.opened)
}

// writePart writes a part and notes in the import that it is done.
func (w *importWriter) writePart(tx *database.Tx, imp *core.Import, opened importOpened) (importWritten, error) {
	rows := opened.fresh()
	done, err := w.by.write(tx, importWriting{imp.By, *imp, opened.ready, w.worker.Beside()}, rows)
	if err != nil {
		return done, err
	}
	if done.failed || done.altered {
		if err := replaceImportPart(tx, imp.Reading, imp.NextPart, rows); err != nil {
			return done, err
		}
		imp.Counts.Swap(importCounts(opened.rows), importCounts(rows)) // those that failed are errors now, like those of the preview
	}
	if len(done.added)+len(done.addedHouses) > 0 && w.worker.Beside() {
		done.pending = &pendingPart{imp.NextPart, done.batch, done.houses, tx.NowMS(), done.added, done.addedHouses}
		if err := done.pending.note(tx, imp.ID); err != nil {
			return done, err
		}
	}
	written := core.ImportCounts{}
	written.AddAll(imp.Written)
	written.AddAll(done.counts)
	imp.NextPart, imp.Written = imp.NextPart+1, written
	imp.Batch, imp.Houses = max(imp.Batch, done.batch), max(imp.Houses, done.houses)
	_, err = tx.Exec(
		"UPDATE import SET next_part = ?, counts = ?, written = ?, batch_id = ?, house_batch_id = ? WHERE id = ?",
		imp.NextPart, imp.Counts.Text(), imp.Written.Text(), int64(imp.Batch), int64(imp.Houses), int64(imp.ID),
	)
	if err == nil && done.failed && imp.Choices.All {
		imp.State = core.ImportUndoing
		err = stopImport(tx, *imp)
	}
	return done, err
}

// stopImport turns the writing of an import that is all or nothing into taking it back, by the same job.
func stopImport(tx *database.Tx, imp core.Import) error {
	const problem = "预览之后登记有变化，有的行不能导入" // what came of the others is known once they are taken back
	_, err := tx.Exec(
		"UPDATE import SET state = ?, gives_up = 1, problem = ?, updated_at = ? WHERE id = ?",
		string(core.ImportUndoing), problem, tx.NextUpdated(imp.Updated), int64(imp.ID),
	)
	return err
}

// endImport notes that an import is done.
func (s *Store) endImport(ctx context.Context, imp core.Import) (string, error) {
	err := s.db.Write(ctx, "end import", func(tx *database.Tx) error {
		return tx.ExecOne(
			errJobGone, `UPDATE import SET state = ?, ended_at = ?, updated_at = ? WHERE id = ? AND state = ?
			AND NOT EXISTS (SELECT 1 FROM import_pending p WHERE p.import_id = import.id)`,
			string(core.ImportDone), tx.NowMS(), tx.NextUpdated(imp.Updated), int64(imp.ID), string(core.ImportWriting),
		)
	})
	if err != nil {
		return "", err
	}
	imp.State = core.ImportDone
	return imp.JobEnd()
}

// ownConflict returns an error of the work itself as one that ends its job: a conflict tells the runner that the job is
// another's.
func ownConflict(err error) error {
	if core.IsConflict(err) && !errors.Is(err, errJobGone) {
		return core.Invalid(core.MessageOf(err))
	}
	return err
}

// UndoImportRows takes back what an import has written, part by part, first the records, then their houses. What was
// changed since is kept, and so is what concerns communities that who takes it back does not have. An import that gives
// up leaves nothing, also if somebody with fewer communities cancelled it. It goes on where another server was stopped.
func (s *Store) UndoImportRows(ctx context.Context, id core.ID, step func(done, total int64) error) (string, error) {
	imp, err := s.Import(ctx, core.Everywhere, id)
	if err != nil {
		return "", err
	}
	switch imp.State {
	case core.ImportUndoing:
	case core.ImportUndone, core.ImportCancelled, core.ImportFailed:
		return "已撤销。", nil
	default:
		return "", errJobGone
	}
	if err := s.completePending(ctx, imp); err != nil {
		return "", err
	}
	scope := core.Everywhere
	if !imp.GivesUp {
		if scope, err = s.importScope(ctx, imp); err != nil {
			return "", err
		}
	}
	worker := s.db.NewWorker() // or each statement would be parsed again
	defer worker.Close()
	kept := 0
	for _, batch := range []core.ID{imp.Batch, imp.Houses} {
		last := core.ID(0)
		for ended := batch == 0; !ended; {
			var b core.Batch
			next := last
			err := worker.Act(ctx, "undo a batch", func(tx *database.Tx) error {
				b, next, err = undoPart(tx, imp.By, scope, batch, last)
				return err
			})
			if err != nil {
				return "", ownConflict(err)
			}
			last = next
			if ended = !b.Ended.IsZero(); ended {
				kept += b.Kept
			}
			if err := step(int64(b.Undone+b.Kept), int64(b.Size)); err != nil {
				return "", err
			}
		}
	}
	imp.Written[core.ImportKept] = kept
	state := core.ImportUndone
	switch {
	case imp.GivesUp && imp.Problem != "":
		state, imp.Problem = core.ImportFailed, imp.Problem+"；"+imp.TakenBack()
	case imp.GivesUp:
		state = core.ImportCancelled
	}
	err = s.db.Write(ctx, "end the undoing of an import", func(tx *database.Tx) error {
		return tx.ExecOne(
			errJobGone, "UPDATE import SET state = ?, written = ?, problem = ?, ended_at = ?, updated_at = ? WHERE id = ? AND state = ?",
			string(state), imp.Written.Text(), cutText(imp.Problem, 200), tx.NowMS(), tx.NextUpdated(imp.Updated),
			int64(id), string(core.ImportUndoing),
		)
	})
	if kept > 0 {
		return fmt.Sprintf("已撤销，保留 %s 项，打开列表可看原因。", core.Grouped(kept)), err
	}
	return "已全部撤销。", err
}
