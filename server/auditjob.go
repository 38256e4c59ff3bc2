package main

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/store"
)

// verifyAuditJob returns the run of core.JobVerifyAudit.
func verifyAuditJob(s *store.Store) jobRun {
	return func(ctx context.Context, _ core.Job, step func(done, total int64) error) (words, result string, err error) {
		verdict, err := s.VerifyAuditSteps(ctx, store.AuditAnchor{}, step)
		if err != nil {
			return "", "", err
		}
		if !verdict.Good() {
			return "", "", core.Invalid(fmt.Sprintf("已校验 %d 条，发现问题：%s。请保护现场并核对备份。", verdict.Rows, verdict.Broken))
		}
		return fmt.Sprintf("已校验 %d 条操作日志，完好。", verdict.Rows), "/console/audit", nil
	}
}
