package store

import (
	"context"
	"errors"
	"fmt"

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
		return s.UndoImportRows(ctx, id, step)
	case core.ImportDone: // a server was stopped between this end and that of its job
		return imp.Words() + "。", nil
	default:
		return "", errJobGone
	}
	by, _, err := s.beginImport(ctx, imp)
	if err != nil {
		return "", err
	}
	for imp.State == core.ImportWriting && imp.NextPart < imp.Parts {
		if err := step(int64(imp.NextPart*core.ImportPart), int64(imp.Counts.Rows())); err != nil {
			return "", err
		}
		if imp, err = s.writeImportPart(ctx, imp, by); err != nil {
			return "", ownConflict(err)
		}
	}
	if imp.State == core.ImportUndoing {
		return s.UndoImportRows(ctx, id, step)
	}
	return s.endImport(ctx, imp)
}

// writeImportPart writes the next part of an import, and returns the import as it is then.
func (s *Store) writeImportPart(ctx context.Context, imp core.Import, by importer) (core.Import, error) {
	var after core.Import
	var done importWritten
	err := s.db.Write(ctx, "write a part of an import", func(tx *database.Tx) error {
		now, err := lockImport(tx, core.Everywhere, imp.ID, core.ImportWriting)
		if err != nil || now.NextPart != imp.NextPart {
			return errJobGone
		}
		rows, err := importPart(tx.All, tx.Keys(), now.Reading, now.NextPart)
		if err != nil {
			return err
		}
		if done, err = by.write(tx, importWriting{now.By, now}, rows); err != nil {
			return err
		}
		if done.failed {
			if err := replaceImportPart(tx, now.Reading, now.NextPart, rows); err != nil {
				return err
			}
		}
		after = now
		after.NextPart, after.Written = now.NextPart+1, core.ImportCounts{}
		after.Written.AddAll(now.Written)
		after.Written.AddAll(done.counts)
		after.Batch, after.Houses = max(now.Batch, done.batch), max(now.Houses, done.houses)
		_, err = tx.Exec(
			"UPDATE import SET next_part = ?, written = ?, batch_id = ?, house_batch_id = ? WHERE id = ?",
			after.NextPart, after.Written.Text(), int64(after.Batch), int64(after.Houses), int64(now.ID),
		)
		if err == nil && done.failed && now.Choices.All {
			after.State = core.ImportUndoing
			err = stopImport(tx, after)
		}
		return err
	})
	if err == nil {
		by.wrote(done)
	}
	return after, err
}

// stopImport turns the writing of an import that is all or nothing into taking it back, by the same job.
func stopImport(tx *database.Tx, imp core.Import) error {
	const problem = "预览之后登记有变化，有的行不能导入；已写入的已全部撤回"
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
			errJobGone, "UPDATE import SET state = ?, ended_at = ?, updated_at = ? WHERE id = ? AND state = ?",
			string(core.ImportDone), tx.NowMS(), tx.NextUpdated(imp.Updated), int64(imp.ID), string(core.ImportWriting),
		)
	})
	return imp.Words() + "。", err
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
	scope := core.Everywhere
	if !imp.GivesUp {
		if scope, err = s.importScope(ctx, imp); err != nil {
			return "", err
		}
	}
	kept := 0
	for _, batch := range []core.ID{imp.Batch, imp.Houses} {
		for ended := batch == 0; !ended; {
			var b core.Batch
			err := s.db.Write(ctx, "undo a batch", func(tx *database.Tx) error {
				b, err = undoPart(tx, imp.By, scope, batch)
				return err
			})
			if err != nil {
				return "", ownConflict(err)
			}
			if ended = !b.Ended.IsZero(); ended {
				kept += b.Kept
			}
			if err := step(int64(b.Undone+b.Kept), int64(b.Size)); err != nil {
				return "", err
			}
		}
	}
	state := core.ImportUndone
	switch {
	case imp.GivesUp && imp.Problem != "":
		state = core.ImportFailed
	case imp.GivesUp:
		state = core.ImportCancelled
	}
	err = s.db.Write(ctx, "end the undoing of an import", func(tx *database.Tx) error {
		return tx.ExecOne(
			errJobGone, "UPDATE import SET state = ?, ended_at = ?, updated_at = ? WHERE id = ? AND state = ?",
			string(state), tx.NowMS(), tx.NextUpdated(imp.Updated), int64(id), string(core.ImportUndoing),
		)
	})
	if kept > 0 {
		return fmt.Sprintf("已撤销，保留 %s 项，打开列表可看原因。", core.Grouped(kept)), err
	}
	return "已全部撤销。", err
}
