package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// HasTables reports whether this program has used the database before. An embedded one that does
// not exist has not been used, and is not created.
func HasTables(ctx context.Context, o Options) (bool, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{log: o.Log}
	if o.SQLitePath != "" {
		if info, err := os.Stat(o.SQLitePath); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
			return false, nil
		}
	}
	if err := db.openPools(ctx, o); err != nil {
		return false, err
	}
	var count int
	err := db.Get(ctx, &count, db.dialect.tableExistsQuery(), "schema_migration")
	return count > 0, errors.Join(Wrap("look for tables", err), db.closePools())
}

// reachEvery is the interval of retries while a MySQL server does not respond yet.
const reachEvery = time.Second

// reachMySQL asks a MySQL server for what a pool must know: the name of its isolation level, and
// whether the database stores every character unchanged. It waits for a server that does not
// respond, as after a power cut, when it may start later than we do.
func reachMySQL(ctx context.Context, config *mysql.Config, o Options) error {
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("store: open MySQL: %w", err)
	}
	probe := sql.OpenDB(connector)
	defer probe.Close()
	version, err := awaitMySQL(ctx, probe, o)
	if err != nil {
		return fmt.Errorf("store: reach the MySQL server: %w", err)
	}
	// READ COMMITTED locks rows alone. Asking for it at each BEGIN would cost a round
	// trip.
	isolation := "transaction_isolation"
	if strings.Contains(version, "MariaDB") {
		isolation = "tx_isolation"
	}
	config.Params[isolation] = "'READ-COMMITTED'"
	config.Params["group_concat_max_len"] = "1048576" // MariaDB's default; MySQL cuts lists at 1 KB
	return checkCharset(ctx, probe)
}

// awaitMySQL returns the server's version. Errors that a retry cannot fix, such as a wrong
// password, are not retried.
func awaitMySQL(ctx context.Context, probe *sql.DB, o Options) (version string, err error) {
	tick := time.NewTicker(reachEvery)
	defer tick.Stop()
	for began, said := time.Now(), false; ; {
		err = probe.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
		if err == nil || ctx.Err() != nil || !isNotYet(err) || time.Since(began) >= o.Wait {
			if err == nil && said {
				o.Log.Info("the database answers", "waited", time.Since(began).Round(time.Second))
			}
			return version, err
		}
		if !said {
			o.Log.Log(ctx, slog.LevelWarn, "the database does not answer yet; waiting for it", "at_most", o.Wait, "err", err)
			said = true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// isNotYet reports whether a server does not respond, is stopping, or has no free connection.
func isNotYet(err error) bool {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1040 || m.Number == 1053
	}
	return IsGone(err)
}

// charset and collation store every character, and treat no two as equal.
const (
	charset   = "utf8mb4"
	collation = "utf8mb4_bin"
)

// forceCharset sets the connection's character set, whatever the DSN contains: with utf8 a rare
// character cannot be saved, and with a collation other than the tables' no text can be searched
// for.
func forceCharset(config *mysql.Config) error {
	for name := range config.Params {
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "character_set_"), lower == "collation_connection":
			delete(config.Params, name)
		}
	}
	return config.Apply(mysql.Charset(charset, collation))
}

// keepsText reports whether a collation is of utf8mb4 and compares by code points.
func keepsText(collation string) bool {
	return strings.HasPrefix(collation, charset+"_") && strings.HasSuffix(collation, "_bin")
}

// checkCharset refuses a database, or a table in it, that cannot store every character or treats
// different ones as equal.
func checkCharset(ctx context.Context, db *sql.DB) error {
	var name, set, order string
	err := db.QueryRowContext(ctx, "SELECT DATABASE(), @@character_set_database, @@collation_database").Scan(&name, &set, &order)
	if err != nil {
		return fmt.Errorf("store: ask for the database's character set: %w", err)
	}
	tables, err := foldingTables(ctx, db)
	if err != nil {
		return fmt.Errorf("store: ask for the tables' character sets: %w", err)
	}
	if keepsText(order) && len(tables) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "数据库 %s 的字符集是 %s、排序规则是 %s", name, set, order)
	if len(tables) > 0 {
		b.WriteString("，其中有不合要求的表")
	}
	b.WriteString("：生僻字会存不进去，不同的字会当成同一个字。请先备份，再在 MySQL 中执行：\n")
	const to = " CHARACTER SET " + charset + " COLLATE " + collation + ";\n"
	if !keepsText(order) {
		b.WriteString("  ALTER DATABASE `" + name + "`" + to)
	}
	for _, table := range tables {
		b.WriteString("  ALTER TABLE `" + name + "`.`" + table + "` CONVERT TO" + to)
	}
	b.WriteString("然后重新启动通行")
	return errors.New(b.String())
}

// foldingTables returns the tables that have a column with another character set or a collation
// that folds.
func foldingTables(ctx context.Context, db *sql.DB) (tables []string, err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT DISTINCT table_name
		FROM information_schema.columns
		WHERE table_schema = DATABASE()
			AND collation_name IS NOT NULL
			AND NOT (LEFT(collation_name, 8) = 'utf8mb4_' AND RIGHT(collation_name, 4) = '_bin')
		ORDER BY table_name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}
