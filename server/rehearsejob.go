package main

import (
	"context"

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
		words = "已重放 " + core.Grouped(run.Figures.Records) + " 次出入：" + run.Figures.Found() + "。"
		return words, "/console/" + job.Page(), nil
	}
}
