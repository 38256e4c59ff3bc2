package store

import (
	"context"
	"encoding/json"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// lockImport reads and locks an import of the scope that is in one of some states.
func lockImport(tx *database.Tx, scope core.Scope, id core.ID, states ...core.ImportState) (core.Import, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row importRow
	query := "SELECT " + importColumns + " FROM import WHERE id = ? AND " + where + tx.Dialect().ForUpdate()
	if err := tx.Get(&row, query, append([]any{int64(id)}, args...)...); err != nil {
		return core.Import{}, database.NotFoundIfNoRows(err, noImport)
	}
	for _, state := range states {
		if row.State == state {
			return row.data(), nil
		}
	}
	return row.data(), row.State.Refusal()
}

// ImportMapping is what somebody says of a file's sheet and columns.
type ImportMapping struct {
	Sheet   string
	Columns map[int]string // keys by position; "" = not imported. nil = by their headings
	NoHead  bool           // the first row is a record, too: see ImportLayout.First
	Updated int64          // the import's, in milliseconds, as shown
}

// MapImport reads the file of an import of the scope again, its columns as somebody says. What each heading means is
// remembered for the lists of the community; of a list without a heading nothing is.
func (s *Store) MapImport(ctx context.Context, by core.Actor, scope core.Scope, id core.ID, m ImportMapping) error {
	layout, err := s.ImportLayout(ctx, scope, id)
	if err != nil {
		return err
	}
	headings := layout.Headings
	if m.NoHead = m.NoHead && m.Columns != nil && layout.First != nil; layout.First != nil && !m.NoHead {
		headings = layout.First
	}
	return s.db.Write(ctx, "map import", func(tx *database.Tx) error {
		imp, err := lockImport(tx, scope, id, core.ImportMapping, core.ImportPreview)
		if err == nil && imp.Updated.UnixMilli() != m.Updated {
			err = core.Conflict("这次导入刚刚有变化，请看看现在的样子再办理")
		}
		if err != nil {
			return err
		}
		if !imp.Cleared.IsZero() {
			return core.Conflict(importCleared)
		}
		if m.Columns != nil && !m.NoHead {
			if err := sayImportColumns(tx, imp, headings, m.Columns); err != nil {
				return err
			}
		}
		job, _, err := queueJob(tx, by, importJob(id, imp.Community, core.JobReadImport))
		if err != nil {
			return err
		}
		text, err := json.Marshal(m.Columns)
		if err != nil {
			return err
		}
		if m.Columns == nil {
			text = nil
		}
		_, err = tx.Exec(
			"UPDATE import SET state = ?, sheet = ?, columns_text = ?, no_head = ?, job_id = ?, updated_at = ? WHERE id = ?",
			string(core.ImportReading), m.Sheet, string(text), database.BoolInt(m.NoHead), int64(job),
			tx.NextUpdated(imp.Updated), int64(id),
		)
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "import.map", Subject: audit.Target("import", id),
			After: importAudit{What: imp.Kind, File: imp.File, Sheet: m.Sheet, Columns: saidColumns(headings, m.Columns)},
		})
	})
}

// saidColumns lists what each heading means: 业主电话 → phone.
func saidColumns(headings []string, columns map[int]string) []string {
	var said []string
	for at, heading := range headings {
		if key := columns[at]; key != "" && len(said) < maxNamed {
			said = append(said, cutText(heading, 40)+" → "+key)
		}
	}
	return said
}

// sayImportColumns remembers what headings mean in the lists of a community.
func sayImportColumns(tx *database.Tx, imp core.Import, headings []string, columns map[int]string) error {
	for at, heading := range headings {
		form := core.ImportHeading(heading)
		key, said := columns[at]
		if form == "" || !said {
			continue
		}
		if _, err := tx.Exec("DELETE FROM import_column WHERE community_id = ? AND kind = ? AND heading = ?",
			int64(imp.Community), string(imp.Kind), form); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO import_column (community_id, kind, heading, column_key) VALUES (?, ?, ?, ?)",
			int64(imp.Community), string(imp.Kind), form, key); err != nil {
			return err
		}
	}
	return nil
}

// importSaid returns what headings mean in the lists of a community.
func (s *Store) importSaid(ctx context.Context, imp core.Import) (core.ImportSaid, error) {
	var rows []struct {
		Heading string `db:"heading"`
		Key     string `db:"column_key"`
	}
	err := s.db.All(ctx, &rows, "SELECT heading, column_key FROM import_column WHERE community_id = ? AND kind = ?",
		int64(imp.Community), string(imp.Kind))
	said := core.ImportSaid{}
	for _, row := range rows {
		said[row.Heading] = row.Key
	}
	return said, err
}

// WriteImport queues the writing of an import of the scope as it is shown on its preview.
func (s *Store) WriteImport(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, choices core.ImportChoices, updated int64,
) error {
	return s.db.Write(ctx, "start an import", func(tx *database.Tx) error {
		imp, err := lockImport(tx, scope, id, core.ImportPreview)
		if err == nil && imp.Updated.UnixMilli() != updated {
			err = core.Conflict("这次导入刚刚有变化，请看看现在的样子再办理")
		}
		if err == nil {
			kind, _ := imp.Kind.Type()
			choices = kind.Decided(choices)
			err = choices.Check(imp.Counts)
		}
		if err != nil {
			return err
		}
		if !imp.Cleared.IsZero() {
			return core.Conflict(importCleared)
		}
		if _, err := lockForImport(tx, core.Everywhere, imp.Community); err != nil {
			return err
		}
		text, err := json.Marshal(choices)
		if err != nil {
			return err
		}
		job, _, err := queueJob(tx, by, importJob(id, imp.Community, core.JobWriteImport))
		if err != nil {
			return err
		}
		_, err = tx.Exec(
			`UPDATE import SET state = ?, choices = ?, next_part = 0, job_id = ?, account_id = ?, account_name = ?, updated_at = ?
			WHERE id = ?`,
			string(core.ImportWriting), string(text), int64(job), int64(by.ID), by.Name, tx.NextUpdated(imp.Updated), int64(id),
		)
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "import.write", Subject: audit.Target("import", id),
			After: importAudit{
				What: imp.Kind, File: imp.File, Rows: imp.Counts.Rows(), Known: choices.Known, Ties: choices.Ties, Back: choices.Back,
				All: choices.All,
			},
		})
	})
}

// ContinueImport queues the work on an import of the scope again whose job has failed or was broken.
func (s *Store) ContinueImport(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "continue an import", func(tx *database.Tx) error {
		imp, err := lockImport(tx, scope, id, core.ImportReading, core.ImportWriting, core.ImportUndoing)
		if err != nil {
			return err
		}
		kind := jobOfImport[imp.State]
		job, begun, err := queueJob(tx, by, importJob(id, imp.Community, kind))
		if err != nil || !begun {
			return err
		}
		if _, err := tx.Exec("UPDATE import SET job_id = ? WHERE id = ?", int64(job), int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "job.start", Subject: audit.Target("job", job), After: jobAudit{Name: kind.Title()},
		})
	})
}

// CancelImport ends an import of the scope. What it has written so far is taken back.
func (s *Store) CancelImport(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "cancel import", func(tx *database.Tx) error {
		imp, err := lockImport(tx, scope, id, core.ImportReading, core.ImportMapping, core.ImportPreview, core.ImportWriting)
		if err != nil {
			return err
		}
		if err := cancelJobOf(tx, id); err != nil {
			return err
		}
		if err := giveUpImport(tx, by, imp, ""); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "import.cancel", Subject: audit.Target("import", id),
			After: importAudit{What: imp.Kind, File: imp.File},
		})
	})
}

// giveUpImport ends an import that is locked before it is done, because somebody cancelled it or because of a problem:
// at once if it has written nothing, else by taking that back.
func giveUpImport(tx *database.Tx, by core.Actor, imp core.Import, problem string) error {
	if !imp.Wrote() {
		state := core.ImportCancelled
		if problem != "" {
			state = core.ImportFailed
		}
		_, err := tx.Exec(
			"UPDATE import SET state = ?, gives_up = 1, problem = ?, ended_at = ?, updated_at = ? WHERE id = ?",
			string(state), cutText(problem, 200), tx.NowMS(), tx.NextUpdated(imp.Updated), int64(imp.ID),
		)
		return err
	}
	return undoImport(tx, by, imp, true, problem)
}

// undoImport queues the taking back of what an import has written.
func undoImport(tx *database.Tx, by core.Actor, imp core.Import, givesUp bool, problem string) error {
	job, _, err := queueJob(tx, by, importJob(imp.ID, imp.Community, core.JobUndoImport))
	if err != nil {
		return err
	}
	_, err = tx.Exec(
		`UPDATE import SET state = ?, gives_up = ?, problem = ?, job_id = ?, account_id = ?, account_name = ?, ended_at = NULL,
			updated_at = ? WHERE id = ?`,
		string(core.ImportUndoing), database.BoolInt(givesUp), cutText(problem, 200), int64(job), int64(by.ID), by.Name,
		tx.NextUpdated(imp.Updated), int64(imp.ID),
	)
	return err
}

// UndoImport takes back what an import of the scope has written: what was changed since is kept and listed.
func (s *Store) UndoImport(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "undo import", func(tx *database.Tx) error {
		imp, err := lockImport(tx, scope, id, core.ImportDone)
		if err != nil {
			return err
		}
		if !imp.Wrote() {
			return core.Conflict("这次导入没有写入内容，不用撤销")
		}
		if err := undoImport(tx, by, imp, false, ""); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "import.undo", Subject: audit.Target("import", id),
			After: importAudit{What: imp.Kind, File: imp.File},
		})
	})
}
