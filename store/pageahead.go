package store

import "context"

// pagesAhead calls each for every row of the pages that read returns, and reads a page while the rows of the one before are in use, so
// that the database and who writes a file work at the same time. It has ended reading when it returns.
func pagesAhead[T any](
	ctx context.Context, read func(ctx context.Context) (list []T, more bool, err error), each func(T) error,
) error {
	type page struct {
		list []T
		err  error
	}
	reading, stop := context.WithCancel(ctx)
	pages := make(chan page)
	go func() {
		defer close(pages)
		for more := true; more; {
			var p page
			p.err = calm(func() (err error) {
				p.list, more, err = read(reading)
				return err
			})
			more = more && p.err == nil
			select {
			case pages <- p:
			case <-reading.Done():
				return
			}
		}
	}()
	defer func() {
		stop()
		for range pages { // to its end
		}
	}()
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		for _, row := range p.list {
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
