package registry

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// reviewCounter counts the applications of a kind that wait for the office, as the inbox has them.
func (p *Pages) reviewCounter(kind core.ReviewType) frame.Counter {
	waiting := func() store.ReviewFilter {
		return store.ReviewFilter{
			Kinds: []core.ReviewKind{kind.Kind}, State: core.ReviewWaiting, Asked: p.Store.Now(), Oldest: true,
		}
	}
	return frame.Counter{
		Stem: string(kind.Kind), Label: strings.TrimSuffix(kind.Label, "申请") + "申请，等待审核", Needs: kind.Needs,
		URL: templates.WithQuery(frame.ReviewPath, nil, "kind", string(kind.Kind)),
		Count: func(ctx context.Context, scope core.Scope) (int, error) {
			counts, err := p.Store.CountReviews(ctx, scope, waiting())
			return counts[kind.Kind], err
		},
		Rows: func(ctx context.Context, scope core.Scope, limit int) ([]frame.TodoRow, error) {
			f := waiting()
			f.Page = store.Page{Limit: limit}
			list, _, err := p.Store.Reviews(ctx, scope, f)
			rows := make([]frame.TodoRow, len(list))
			for i, r := range list {
				rows[i] = frame.TodoRow{Title: r.Name, Note: r.Subject, URL: frame.ReviewURL(r), Since: r.Created}
			}
			return rows, err
		},
	}
}
