package account

import (
	"context"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// Finders returns what the search box finds of the area.
func (p *Pages) Finders() []frame.Finder {
	return []frame.Finder{{
		Stem: "account", Group: frame.FindStaff, Needs: core.PermAccountView, List: frame.AccountPath,
		Find: p.accountFind, Show: p.accountHitOf,
	}}
}

func (p *Pages) accountFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	accounts, more, err := p.Store.Accounts(ctx, q.Scope, store.AccountFilter{
		Keyword: q.Text.Text, Page: store.Page{Limit: core.SearchHits},
	})
	hits := make([]templates.SearchHit, len(accounts))
	for i, a := range accounts {
		hits[i] = accountHit(q, a)
	}
	return hits, more, err
}

func (p *Pages) accountHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	a, err := p.Store.Account(ctx, q.Scope, id)
	return accountHit(q, a), err
}

func accountHit(q frame.Question, a core.Account) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "user-cog", Title: a.Name, Note: "账号　" + a.Login + "　" + a.Role.Name(),
		Badge: frame.ServiceBadge(a.Disabled.IsZero(), "使用中"), URL: frame.AccountURL(a.ID),
	}
	q.Act(&hit, core.PermAccountEdit, "修改", frame.AccountURL(a.ID)+"/edit")
	return hit
}
