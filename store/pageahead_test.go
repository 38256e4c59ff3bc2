package store

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// pagesOf reads n pages of two rows each, and fails after them if wrong is set.
func pagesOf(n int, wrong error) func(context.Context) ([]int, bool, error) {
	read := 0
	return func(context.Context) ([]int, bool, error) {
		if read == n {
			return nil, false, wrong
		}
		read++
		return []int{2*read - 1, 2 * read}, read < n || wrong != nil, nil
	}
}

func TestPagesAheadKeepsTheOrder(t *testing.T) {
	var got []int
	err := pagesAhead(t.Context(), pagesOf(3, nil), func(n int) error { got = append(got, n); return nil })
	if want := []int{1, 2, 3, 4, 5, 6}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestPagesAheadEnds(t *testing.T) {
	wrong := errors.New("wrong")
	leaving, leave := context.WithCancel(t.Context())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		read error
		each func(n int) error
		want error
		rows int
	}{
		"a page cannot be read":    {t.Context(), wrong, func(int) error { return nil }, wrong, 4},
		"a row cannot be written":  {t.Context(), nil, func(n int) error { return map[int]error{3: wrong}[n] }, wrong, 3},
		"nobody waits any longer":  {leaving, wrong, func(int) error { leave(); return leaving.Err() }, context.Canceled, 1},
		"nobody waited from start": {gone, nil, func(int) error { return nil }, context.Canceled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rows := 0
			read := pagesOf(2, c.read)
			err := pagesAhead(c.ctx, func(ctx context.Context) ([]int, bool, error) {
				if err := ctx.Err(); err != nil {
					return nil, false, err
				}
				return read(ctx)
			}, func(n int) error { rows++; return c.each(n) })
			if !errors.Is(err, c.want) || c.rows > 0 && rows != c.rows {
				t.Errorf("%v after %d rows; want %v after %d", err, rows, c.want, c.rows)
			}
		})
	}
}
