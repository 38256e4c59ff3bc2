package main

import (
	"context"

	"tongxing/core"
	"tongxing/handlers/console"
	"tongxing/store"
)

// readImportJob returns the run of core.JobReadImport.
func readImportJob(s *store.Store) jobRun {
	return func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error) {
		words, err = s.ReadImport(ctx, job.Subject, console.OpenImport, step)
		return words, importPage(job), err
	}
}

// writeImportJob returns the run of core.JobWriteImport.
func writeImportJob(s *store.Store) jobRun {
	return func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error) {
		words, err = s.WriteImportRows(ctx, job.Subject, step)
		return words, importPage(job), err
	}
}

// undoImportJob returns the run of core.JobUndoImport.
func undoImportJob(s *store.Store) jobRun {
	return func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error) {
		words, err = s.UndoImportRows(ctx, job.Subject, step)
		return words, importPage(job), err
	}
}

func importPage(job core.Job) string { return "/console/" + job.Page() }
