package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// importAhead opens the parts of an import, one after another, while those before them are written: decrypting, reading
// and sealing a part takes about as long as the database needs to write it.
type importAhead struct {
	parts chan importOpened
	stop  context.CancelFunc
}

// partsAhead bounds the parts that wait to be written: with too few of them a transaction ends early.
const partsAhead = 3

// importOpened is a part that has been opened.
type importOpened struct {
	rows  []core.ImportRow
	ready any // what the importer has prepared of them
	err   error
}

// importPreparer is an importer that can prepare what writing rows needs and the database has no part in.
type importPreparer interface {
	// prepare runs beside write, for rows that are written later.
	prepare(rows []core.ImportRow) (ready any, err error)
}

// importForerunner is an importPreparer that can write some of a part ahead: what nobody notices if the rest is never written.
type importForerunner interface {
	// forerun runs in an act of its own, beside write. It returns ready with what it has done.
	forerun(tx *database.Tx, rows []core.ImportRow, ready any) (any, error)
}

// openAhead begins to open the parts of an import that are to be written. close ends it.
func (s *Store) openAhead(ctx context.Context, imp core.Import, by importer) *importAhead {
	ctx, stop := context.WithCancel(ctx)
	a := &importAhead{parts: make(chan importOpened, partsAhead), stop: stop}
	go func() {
		defer close(a.parts)
		worker := s.db.NewWorker()
		defer worker.Close()
		for part := imp.NextPart; part < imp.Parts; part++ {
			var opened importOpened
			opened.err = calm(func() (err error) {
				if opened, err = s.openImportPart(ctx, imp, by, part); err == nil {
					err = opened.forerun(ctx, worker, by)
				}
				return err
			})
			select {
			case a.parts <- opened:
			case <-ctx.Done():
				return
			}
			if opened.err != nil {
				return
			}
		}
	}()
	return a
}

func (s *Store) openImportPart(ctx context.Context, imp core.Import, by importer, part int) (opened importOpened, err error) {
	if opened.rows, err = importPart(s.allOf(ctx), s.db.Keys(), imp.Reading, part); err != nil {
		return opened, err
	}
	if p, can := by.(importPreparer); can {
		opened.ready, err = p.prepare(opened.rows)
	}
	return opened, err
}

// forerun writes ahead what can be, on databases on which that goes on beside the writing of other parts.
func (o *importOpened) forerun(ctx context.Context, worker *database.Worker, by importer) error {
	f, can := by.(importForerunner)
	if !can || !worker.Beside() {
		return nil
	}
	ready := o.ready
	return worker.Act(ctx, "write ahead of a part of an import", func(tx *database.Tx) (err error) {
		o.ready, err = f.forerun(tx, o.rows, ready)
		return err
	})
}

// calm returns a panic of do as an error, for work beside that of a caller who would recover from one.
func calm(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: panic: %v", p)
		}
	}()
	return do()
}

// close ends the opening and waits for it.
func (a *importAhead) close() {
	a.stop()
	for range a.parts {
	}
}

// next waits for the next part.
func (a *importAhead) next(ctx context.Context) (importOpened, error) {
	opened, ok := <-a.parts
	if !ok {
		return opened, cmp.Or(ctx.Err(), error(errJobGone))
	}
	return opened, opened.err
}

// soon returns the next part if it is open already.
func (a *importAhead) soon() (opened importOpened, ok bool) {
	select {
	case opened, ok = <-a.parts:
	default:
	}
	return opened, ok && opened.err == nil
}

// fresh returns the rows as they were opened, for an act that may run again: writing marks some of them.
func (o importOpened) fresh() []core.ImportRow { return slices.Clone(o.rows) }
