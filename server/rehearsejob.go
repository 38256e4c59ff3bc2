package main

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/store"
)

// rehearseJob returns the run of core.JobRehearse.
func rehearseJob(s *store.Store) jobRun {
	return func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error) {
		run, err := s.RunRehearsal(ctx, job.Subject, step)
		if err != nil {
			return "", "", err
		}
		words = fmt.Sprintf("已重放 %d 次出入：多拦下 %d 次，多放行 %d 次。", run.Figures.Records, run.Figures.Stopped, run.Figures.Freed)
		return words, "/console/" + job.Page(), nil
	}
}
