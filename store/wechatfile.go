package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const noWechatFile = "校验文件不存在"

type wechatFileRow struct {
	ID      core.ID         `db:"id"`
	Name    string          `db:"name"`
	Text    string          `db:"text"`
	Created database.Millis `db:"created_at"`
	Checked database.Millis `db:"checked_at"`
	Problem string          `db:"problem"`
}

const wechatFileColumns = "SELECT id, name, text, created_at, checked_at, problem FROM wechat_file WHERE "

func (r wechatFileRow) file() core.WechatFile {
	return core.WechatFile{
		ID: r.ID, Name: r.Name, Text: r.Text, Created: r.Created.Time,
		Checked: core.WechatCheck{At: r.Checked.Time, Problem: r.Problem},
	}
}

// WechatFiles lists the verification files of the console, by name: at most core.MaxWechatFiles.
func (s *Store) WechatFiles(ctx context.Context) ([]core.WechatFile, error) {
	var rows []wechatFileRow
	if err := s.db.All(ctx, &rows, wechatFileColumns+"1 = 1 ORDER BY name"); err != nil {
		return nil, database.Wrap("read the verification files", err)
	}
	list := make([]core.WechatFile, len(rows))
	for i, row := range rows {
		list[i] = row.file()
	}
	return list, nil
}

// WechatFile returns one verification file.
func (s *Store) WechatFile(ctx context.Context, id core.ID) (core.WechatFile, error) {
	var row wechatFileRow
	err := s.db.Get(ctx, &row, wechatFileColumns+"id = ?", int64(id))
	return row.file(), database.Wrap("read a verification file", database.NotFoundIfNoRows(err, noWechatFile))
}

// WechatFileNamed returns the verification file of a name.
func (s *Store) WechatFileNamed(ctx context.Context, name string) (core.WechatFile, error) {
	if !core.IsWechatFileName(name) {
		return core.WechatFile{}, core.NotFound(noWechatFile)
	}
	var row wechatFileRow
	err := s.db.Get(ctx, &row, wechatFileColumns+"name = ?", name)
	return row.file(), database.Wrap("read a verification file", database.NotFoundIfNoRows(err, noWechatFile))
}

// wechatFileAudit is what the audit log records of a file.
type wechatFileAudit struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// errOnlyOperators refuses acts upon the deployment's own files.
var errOnlyOperators = core.Forbidden("只有运维人可以修改校验文件")

// CreateWechatFile adds a verification file, which is served at once. One of the name is replaced by removing it first.
func (s *Store) CreateWechatFile(ctx context.Context, by core.Actor, f core.WechatFile) (id core.ID, err error) {
	if !by.MayOperate() {
		return 0, errOnlyOperators
	}
	f = f.Trimmed()
	if err := f.Check(); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "add a verification file", func(tx *database.Tx) error {
		var n int
		if err := tx.Get(&n, "SELECT COUNT(*) FROM wechat_file"); err != nil {
			return err
		}
		if n >= core.MaxWechatFiles {
			return core.Conflict("校验文件已达上限，请先删除不用的")
		}
		id = tx.NewID()
		_, err := tx.Exec("INSERT INTO wechat_file (id, name, text, problem, created_at) VALUES (?, ?, ?, '', ?)",
			int64(id), f.Name, f.Text, tx.NowMS())
		if database.IsDuplicate(err) {
			return core.InvalidFields(map[string]string{"name": "已有同名的文件，请先删除它"})
		}
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatfile.create", Subject: audit.Target("wechatfile", id), After: wechatFileAudit{f.Name, f.Text},
		})
	})
	return id, err
}

// NoteWechatFile records what came of reading a file at its public address.
func (s *Store) NoteWechatFile(ctx context.Context, id core.ID, problem string) error {
	return s.db.Write(ctx, "note a verification file", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE wechat_file SET checked_at = ?, problem = ? WHERE id = ?",
			tx.NowMS(), cutText(problem, maxWechatProblem), int64(id))
		return err
	})
}

// RemoveWechatFile deletes a verification file; it is not served any more.
func (s *Store) RemoveWechatFile(ctx context.Context, by core.Actor, id core.ID) error {
	if !by.MayOperate() {
		return errOnlyOperators
	}
	return s.db.Write(ctx, "remove a verification file", func(tx *database.Tx) error {
		var row wechatFileRow
		if err := tx.Get(&row, wechatFileColumns+"id = ?"+tx.Dialect().ForUpdate(), int64(id)); err != nil {
			return database.NotFoundIfNoRows(err, noWechatFile)
		}
		if err := tx.ExecOne(core.NotFound(noWechatFile), "DELETE FROM wechat_file WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "wechatfile.remove", Subject: audit.Target("wechatfile", id), Before: wechatFileAudit{row.Name, row.Text},
		})
	})
}
