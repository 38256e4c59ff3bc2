package account

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// Finders returns what the search box finds of the area.
func (p *Pages) Finders() []frame.Finder {
	return []frame.Finder{
		{
			Stem: "account", Group: frame.FindStaff, Needs: core.PermAccountView, List: frame.AccountPath,
			Find: p.accountFind, Show: p.accountHitOf,
		},
		{
			Stem: "openclient", Group: frame.FindDevices, Needs: core.PermSettingEdit, List: frame.OpenClientPath,
			Find: p.openClientFind, Show: p.openClientHitOf,
		},
	}
}

// openClientFind looks through the clients of the open API, which are few.
func (p *Pages) openClientFind(ctx context.Context, q frame.Question) (hits []templates.SearchHit, more bool, err error) {
	name := core.FoldName(q.Text.Text)
	if name == "" {
		return nil, false, nil
	}
	clients, err := p.Store.OpenClients(ctx, q.Reach)
	for _, client := range clients {
		initials := q.Text.Name.Initials()
		if !strings.Contains(core.FoldName(client.Name), name) &&
			(initials == "" || !strings.Contains(store.Initials(client.Name), initials)) {
			continue
		}
		if len(hits) == core.SearchHits {
			return hits, true, nil
		}
		hits = append(hits, openClientHit(q, client))
	}
	return hits, false, err
}

func (p *Pages) openClientHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	client, err := p.Store.OpenClient(ctx, q.Scope, id)
	return openClientHit(q, client), err
}

func openClientHit(q frame.Question, client core.OpenClient) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "key", Title: client.Name, Note: "开放接口　" + client.Key, Badge: openClientBadge(client),
		URL: frame.OpenClientURL(client.ID),
	}
	if q.Account.Operator {
		q.Act(&hit, core.PermSettingEdit, "修改", frame.OpenClientURL(client.ID)+"/edit")
	}
	return hit
}

func (p *Pages) accountFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	accounts, more, err := p.Store.Accounts(ctx, q.Reach, store.AccountFilter{
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
