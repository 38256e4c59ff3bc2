package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// verifyPart is how many entries a check reads at once.
const verifyPart = 1000

// Anchor is the number and hash of a line, noted outside the database. Only with it can a check
// detect that the end of the log, together with the record of where it ends, was reset to an
// earlier state. The zero Anchor means no anchor.
type Anchor struct {
	Seq  int64
	Hash string
}

// ParseAnchor parses seq:hash, as printed by a check.
func ParseAnchor(text string) (Anchor, error) {
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || len(hash) != 64 {
		return Anchor{}, core.Invalid("锚点应为 序号:校验值 的样式，即上次校验打印的那一行")
	}
	return Anchor{seq, hash}, nil
}

// Verify reads the whole log in the order it was written and checks that every line is unchanged
// and none is missing, added or moved, up to the recorded end. It reads in parts, so that any
// number of lines takes the same memory, and may run while servers write. After each part it calls
// step with the number of lines checked and the approximate total; an error from step ends the
// check. The returned error is a failure to read; a flaw is in the verdict.
func Verify(
	ctx context.Context, db *database.DB, anchor Anchor, step func(done, total int64) error,
) (core.AuditVerdict, error) {
	w := chainWalk{keys: db.Keys(), anchor: anchor, report: step}
	if err := walkChain(ctx, db, &w); err != nil {
		return core.AuditVerdict{}, database.Wrap("verify the audit log", err)
	}
	return core.AuditVerdict{Rows: w.rows, Seq: w.last.seq, Hash: w.last.hash, Broken: w.broken, At: db.Now()}, nil
}

// chainWalk is a check in progress.
type chainWalk struct {
	keys   database.Keyring
	anchor Anchor
	report func(done, total int64) error // after each part
	rows   int64
	last   chainEnd // the newest good line
	broken string
}

// step checks the next line.
func (w *chainWalk) step(row Row) {
	w.rows++
	at := fmt.Sprintf("第 %d 条（编号 %d）", row.Seq, row.ID)
	switch {
	case row.Seq < w.last.seq+1:
		w.broken = at + "的序号不是程序写的：多出了记录"
	case row.Seq > w.last.seq+1:
		w.broken = fmt.Sprintf("第 %d 条不见了：之后是%s", w.last.seq+1, at)
	case row.sum(w.keys) != row.Hash:
		w.broken = at + "的内容与写入时不同"
	case row.PrevHash != w.last.hash:
		w.broken = at + "接不上前一条：有记录被替换、插入或调换"
	case row.Seq == w.anchor.Seq && row.Hash != w.anchor.Hash:
		w.broken = at + "与锚点不同：从这里或更早起被重写"
	default:
		w.last = chainEnd{row.Seq, row.Hash}
	}
}

// walkChain checks all lines, including those written meanwhile: it ends when no line follows and
// the recorded end, read after that, is the last line checked.
func walkChain(ctx context.Context, db *database.DB, w *chainWalk) error {
	from := int64(math.MinInt64)
	for {
		var rows []Row
		err := db.All(ctx, &rows, "SELECT "+Columns+" FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?", from, verifyPart)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if w.step(row); w.broken != "" {
				return nil
			}
			from = row.Seq
		}
		end, err := notedEnd(ctx, db)
		if err != nil {
			return err
		}
		if err := w.report(w.rows, end.seq); err != nil {
			return err
		}
		if len(rows) == verifyPart {
			continue
		}
		if end.seq > w.last.seq && len(rows) > 0 {
			continue // written meanwhile, or missing: the next part shows which
		}
		if done, err := compareEnd(ctx, db, w, end); done || err != nil {
			return err
		}
	}
}

// compareEnd compares the last entry with the recorded end. done is false if the end moved between
// the two reads.
func compareEnd(ctx context.Context, db *database.DB, w *chainWalk, end chainEnd) (done bool, err error) {
	switch {
	case end == w.last:
	case end.seq > w.last.seq:
		var n int64
		if err := db.Get(ctx, &n, "SELECT COUNT(*) FROM audit_log WHERE seq > ? AND seq <= ?", w.last.seq, end.seq); err != nil || n > 0 {
			return false, err
		}
		w.broken = fmt.Sprintf("第 %d 条起不见了：末尾被截断，应到第 %d 条", w.last.seq+1, end.seq)
	case end.seq == 0:
		w.broken = "记录末尾的标记不见了"
	case end.seq < w.last.seq:
		w.broken = fmt.Sprintf("第 %d 条在末尾标记之后：多出了记录，或标记被改动", end.seq+1)
	default:
		w.broken = fmt.Sprintf("第 %d 条与末尾标记不符：末尾或标记被改动", end.seq)
	}
	if w.broken == "" && w.anchor.Seq > w.last.seq {
		w.broken = fmt.Sprintf("锚点第 %d 条不见了：记录被退回到较早的状态", w.anchor.Seq)
	}
	return true, nil
}

// notedEnd reads the recorded end; zero if there is none.
func notedEnd(ctx context.Context, db *database.DB) (chainEnd, error) {
	var text string
	err := db.Get(ctx, &text, "SELECT value FROM setting WHERE name = ?", headSetting)
	if errors.Is(err, sql.ErrNoRows) {
		return chainEnd{}, nil
	}
	if err != nil {
		return chainEnd{}, err
	}
	end, err := parseChainEnd(text)
	if err != nil {
		return chainEnd{hash: text}, nil // a broken record is a flaw, not a read error
	}
	return end, nil
}
