package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// auditVerified is the setting that holds the result of the last check: its time, the number of
// lines checked, the number and hash of the newest good line, and what is wrong.
const auditVerified = "audit_verified"

// VerifyAudit checks the whole audit log: see audit.Verify. The verdict is stored: see
// LastAuditVerdict. The error is a failure to read; a flaw is in the verdict.
func (s *Store) VerifyAudit(ctx context.Context, anchor audit.Anchor) (core.AuditVerdict, error) {
	return s.VerifyAuditSteps(ctx, anchor, func(int64, int64) error { return nil })
}

// VerifyAuditSteps is VerifyAudit that calls step after each part with the number of lines checked
// and the approximate total. An error from step ends the check without a verdict.
func (s *Store) VerifyAuditSteps(ctx context.Context, anchor audit.Anchor, step func(done, total int64) error) (core.AuditVerdict, error) {
	verdict, err := audit.Verify(ctx, s.db, anchor, step)
	if err != nil {
		return core.AuditVerdict{}, err
	}
	return verdict, s.SetSetting(ctx, auditVerified, strings.Join([]string{
		strconv.FormatInt(verdict.At.UnixMilli(), 10), strconv.FormatInt(verdict.Rows, 10),
		strconv.FormatInt(verdict.Seq, 10), verdict.Hash, verdict.Broken,
	}, "|"))
}

// LastAuditVerdict returns the result of the last check of the audit log; NotFound if there was no
// check.
func (s *Store) LastAuditVerdict(ctx context.Context) (core.AuditVerdict, error) {
	text, err := s.Setting(ctx, auditVerified)
	if err != nil {
		return core.AuditVerdict{}, err
	}
	parts := strings.SplitN(text, "|", 5)
	if len(parts) != 5 {
		return core.AuditVerdict{}, fmt.Errorf("store: the last check of the audit log reads %q", text)
	}
	at, err1 := strconv.ParseInt(parts[0], 10, 64)
	rows, err2 := strconv.ParseInt(parts[1], 10, 64)
	seq, err3 := strconv.ParseInt(parts[2], 10, 64)
	return core.AuditVerdict{At: time.UnixMilli(at), Rows: rows, Seq: seq, Hash: parts[3], Broken: parts[4]}, database.Wrap(
		"read the last check", errors.Join(err1, err2, err3),
	)
}
