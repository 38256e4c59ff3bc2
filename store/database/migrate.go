package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"tongxing/migrations"
)

// ErrNewerSchema is returned if the database was written by a newer program.
var ErrNewerSchema = errors.New("数据库由更新版本的通行建立：请使用新版本程序，或恢复升级前的备份")

// ErrOtherSchema is returned if the database was written by a program between two releases, which
// had different migrations.
var ErrOtherSchema = errors.New("数据库由另一个未发布的版本建立，结构不同：请用建立它的程序打开，或换一个空的数据目录（或空的数据库）重新开始")

// migrateTime bounds the wait for another server that migrates at this moment.
const migrateTime = 2 * time.Minute

// migrate brings the schema up to date. Servers that start at once take turns:
// the row of a version is inserted before its statements and marked done after,
// so exactly one runs them and the others wait for it.
func (db *DB) migrate(ctx context.Context) error {
	all, err := migrations.All()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, migrateTime)
	defer cancel()
	if err := db.makeMigrationTable(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	version, err := db.SchemaVersion(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	if version > len(all) {
		return fmt.Errorf("store: schema %d, this program knows %d: %w", version, len(all), ErrNewerSchema)
	}
	if err := db.checkMigrations(ctx, all); err != nil {
		return fmt.Errorf("store: schema %d: %w", version, err)
	}
	for _, m := range all {
		if err := db.apply(ctx, m); err != nil {
			return fmt.Errorf("store: migrate to %d (%s): %w", m.Version, m.Name, err)
		}
	}
	return nil
}

// checkMigrations refuses a database that was made by different migrations with the same numbers.
func (db *DB) checkMigrations(ctx context.Context, all []migrations.Migration) error {
	var names []string
	if err := db.reads.SelectContext(ctx, &names, "SELECT name FROM schema_migration ORDER BY version"); err != nil {
		return err
	}
	for i, name := range names {
		if name != all[i].Name {
			return ErrOtherSchema
		}
	}
	return nil
}

// SchemaVersion returns the number of the newest migration started; 0 = none.
func (db *DB) SchemaVersion(ctx context.Context) (int, error) {
	var version int
	err := db.reads.GetContext(ctx, &version, "SELECT COALESCE(MAX(version), 0) FROM schema_migration")
	return version, err
}

func (db *DB) makeMigrationTable(ctx context.Context) error {
	var count int
	if err := db.reads.GetContext(ctx, &count, db.dialect.tableExistsQuery(), "schema_migration"); err != nil || count > 0 {
		return err
	}
	_, err := db.writes.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
		version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL, begun_at BIGINT NOT NULL, done_at BIGINT)`)
	return err
}

// apply runs one migration unless it is done, or waits for the server that runs it.
func (db *DB) apply(ctx context.Context, m migrations.Migration) error {
	if db.dialect.transactionalDDL() {
		return db.applyWhole(ctx, m)
	}
	_, err := db.writes.ExecContext(ctx, "INSERT INTO schema_migration (version, name, begun_at) VALUES (?, ?, ?)",
		m.Version, m.Name, db.now().UnixMilli())
	if IsDuplicate(err) {
		return db.awaitMigration(ctx, m)
	}
	if err != nil {
		return err
	}
	if err := db.run(ctx, m); err != nil {
		return err
	}
	_, err = db.writes.ExecContext(ctx, "UPDATE schema_migration SET done_at = ? WHERE version = ?", db.now().UnixMilli(), m.Version)
	return err
}

// applyWhole runs one migration in one transaction, all of it or nothing.
func (db *DB) applyWhole(ctx context.Context, m migrations.Migration) error {
	return db.Write(ctx, "migrate", func(tx *Tx) error {
		var done int
		if err := tx.Get(&done, "SELECT COUNT(*) FROM schema_migration WHERE version = ?", m.Version); err != nil || done > 0 {
			return err
		}
		for i, statement := range m.Statements {
			if _, err := tx.Exec(clustered(statement)); err != nil {
				return fmt.Errorf("statement %d: %w", i+1, err)
			}
		}
		_, err := tx.Exec("INSERT INTO schema_migration (version, name, begun_at, done_at) VALUES (?, ?, ?, ?)",
			m.Version, m.Name, tx.NowMS(), tx.NowMS())
		return err
	})
}

var bigKey = regexp.MustCompile(`BIGINT( +NOT NULL PRIMARY KEY)`)

// clustered returns a statement as SQLite needs it to keep a table in the order of its primary key, as InnoDB does by
// itself: else a hidden number is the key, and the declared one an index more to write and to look up. Tables with
// large values keep the hidden number: their rows would fill the pages that a search by the key walks.
func clustered(statement string) string {
	switch {
	case !strings.HasPrefix(statement, "CREATE TABLE"):
		return statement
	case strings.Contains(statement, "PRIMARY KEY (") && !strings.Contains(statement, "BLOB"):
		return statement + " WITHOUT ROWID"
	}
	return bigKey.ReplaceAllString(statement, "INTEGER$1")
}

func (db *DB) run(ctx context.Context, m migrations.Migration) error {
	for i, statement := range m.Statements {
		if _, err := db.writes.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return nil
}

// awaitMigration polls until the server that runs m is done. One that died half way leaves its row
// unfinished; that takes a person, since MySQL cannot roll back DDL.
func (db *DB) awaitMigration(ctx context.Context, m migrations.Migration) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var done Millis
		err := db.reads.GetContext(ctx, &done, "SELECT done_at FROM schema_migration WHERE version = ?", m.Version)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !done.IsZero() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("begun earlier and never finished: restore the backup taken before the upgrade, " +
				"or finish its statements by hand and set done_at of its row in schema_migration")
		}
	}
}
