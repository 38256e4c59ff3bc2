package main

import (
	"context"

	"tongxing/core"
	"tongxing/handlers/console"
	"tongxing/store"
)

// exportJob returns the run of the jobs that make files of lists.
func exportJob(s *store.Store) jobRun {
	write := console.WriteExport(s)
	return func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error) {
		words, err = s.MakeExport(ctx, job, write, step)
		return words, "", err
	}
}
