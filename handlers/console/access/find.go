package access

import (
	"cmp"
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// Finders returns what the search box finds of the area.
func (p *Pages) Finders() []frame.Finder {
	return []frame.Finder{
		{
			Stem: "accessrecord", Group: frame.FindRecords, Needs: core.PermAccessRecordView, List: frame.AccessRecordPath,
			Find: p.accessRecordFind,
		},
		{
			Stem: "visitorpass", Group: frame.FindRecords, Needs: core.PermVisitorPassView, List: frame.VisitorPassPath, Add: "登记访客",
			Find: p.visitorPassFind,
		},
		{
			Stem: "exitslip", Group: frame.FindRecords, Needs: core.PermExitSlipView, List: frame.ExitSlipPath, Find: p.exitSlipFind,
		},
		{
			Stem: "visitorblock", Group: frame.FindRecords, Needs: core.PermVisitorPassView, List: frame.VisitorBlockPath,
			Find: p.visitorBlockFind,
		},
		{
			Stem: "reader", Group: frame.FindDevices, Needs: core.PermReaderView, List: frame.ReaderPath,
			Find: p.readerFind, Show: p.readerHitOf,
		},
		{Stem: "guardpost", Group: frame.FindDevices, Needs: core.PermGuardPostView, List: frame.GuardPostPath, Find: p.guardPostFind},
		{
			Stem: "guard", Group: frame.FindStaff, Needs: core.PermGuardPostView, List: frame.GuardPath,
			Find: p.guardFind, Show: p.guardHitOf,
		},
		{
			Stem: "institution", Group: frame.FindStaff, Needs: core.PermInstitutionView, List: frame.InstitutionPath,
			Find: p.institutionFind, Show: p.institutionHitOf,
		},
		{
			Stem: "member", Group: frame.FindStaff, Needs: core.PermInstitutionView, List: frame.MemberPath,
			Find: p.memberFind, Show: p.memberHitOf,
		},
		{
			Stem: "observer", Group: frame.FindStaff, Needs: core.PermObserverView, List: frame.ObserverPath,
			Find: p.observerFind, Show: p.observerHitOf,
		},
	}
}

// hits is the first page of a finder that uses its list's own search.
var hits = store.Page{Limit: core.SearchHits}

func (p *Pages) accessRecordFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	records, more, err := p.Store.SearchRecords(ctx, q.Scope, q.Text)
	if err != nil || len(records) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(records))
	for i, r := range records {
		at := r.At.In(p.Store.Zone()).Format("01-02 15:04")
		found[i] = templates.SearchHit{
			Icon: "history", Title: cmp.Or(r.Name, "未知") + "　" + r.Direction.Label(),
			Note:  at + "　" + q.In(names, r.Community, r.HouseLabel+"　"+r.Gate),
			Badge: accessRecordBadge(r), URL: frame.AccessRecordURL(r.ID),
		}
	}
	return found, more, err
}

func (p *Pages) visitorPassFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	visits, more, err := p.Store.VisitorPasses(ctx, q.Scope, store.VisitorPassFilter{Keyword: q.Text.Text, Page: hits})
	if err != nil || len(visits) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(visits))
	for i, v := range visits {
		said, at := frame.VisitMoment(v, q.Now)
		found[i] = templates.SearchHit{
			Icon: "user-check", Title: v.Name, URL: frame.VisitorPassURL(v.ID), Badge: frame.VisitorBadge(v.State(q.Now)),
			Note: "访客　" + q.In(names, v.Community, v.HouseLabel) + "　" + said + " " +
				at.In(p.Store.Zone()).Format("01-02 15:04"),
		}
	}
	return found, more, err
}

func (p *Pages) exitSlipFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	slips, more, err := p.Store.ExitSlips(ctx, q.Scope, store.ExitSlipFilter{Keyword: q.Text.Text, Now: q.Now, Page: hits})
	if err != nil || len(slips) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(slips))
	for i, e := range slips {
		found[i] = templates.SearchHit{
			Icon: "package-export", Title: e.Name, URL: frame.ExitSlipURL(e.ID), Badge: frame.ExitBadge(e.State(q.Now)),
			Note: "出门条　" + q.In(names, e.Community, e.HouseLabel) + "　" + itemsBriefly(e) + "　" +
				e.Planned.In(p.Store.Zone()).Format("01-02 15:04"),
		}
		if e.Usable(q.Now) {
			q.Act(&found[i], core.PermExitSlipView, "打印", frame.ExitSlipURL(e.ID)+"/print")
		}
	}
	return found, more, err
}

// visitorBlockFind finds entries of a blacklist. A hit leads to the list by the entry's id: an address has neither the number nor the
// reason, which may name people.
func (p *Pages) visitorBlockFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	blocks, more, err := p.Store.SearchVisitorBlocks(ctx, q.Scope, q.Text.Text, hits.Limit)
	if err != nil || len(blocks) == 0 {
		return nil, more, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(blocks))
	for i, b := range blocks {
		found[i] = templates.SearchHit{
			Icon: "ban", Title: b.Value, Note: "访客黑名单　" + q.In(names, b.Community, b.Reason), Badge: blockBadge(b, q.Today),
			URL: templates.WithQuery(frame.VisitorBlockPath, nil, "community", b.Community.String(), "entry", b.ID.String()),
		}
	}
	return found, more, err
}

func (p *Pages) readerFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	readers, more, err := p.Store.Readers(ctx, q.Scope, store.ReaderFilter{Keyword: q.Text.Text, Page: hits})
	if err != nil || len(readers) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(readers))
	for i, r := range readers {
		found[i] = readerHit(q, r, names)
	}
	return found, more, err
}

func (p *Pages) readerHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	r, err := p.Store.Reader(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	names, err := q.Places()
	return readerHit(q, r, names), err
}

func readerHit(q frame.Question, r core.Reader, names map[core.ID]string) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "door", Title: r.Name, Note: q.In(names, r.Community, r.Gate+"　"+r.Serial), Badge: readerBadge(r, q.Now),
		URL: frame.ReaderURL(r.ID),
	}
	q.Act(&hit, core.PermAccessRecordView, "出入记录", frame.AccessRecordPath+"?gate=r"+r.ID.String())
	q.Act(&hit, core.PermReaderEdit, "修改", frame.ReaderURL(r.ID)+"/edit")
	return hit
}

func (p *Pages) guardPostFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	posts, more, err := p.Store.GuardPosts(ctx, q.Scope, store.GuardPostFilter{Keyword: q.Text.Text, Page: hits})
	if err != nil || len(posts) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(posts))
	for i, post := range posts {
		found[i] = templates.SearchHit{
			Icon: "shield", Title: post.Name, Note: q.In(names, post.Community, "门岗"),
			Badge: frame.ServiceBadge(post.Disabled.IsZero(), "使用中"), URL: frame.GuardPostURL(post.ID),
		}
		q.Act(&found[i], core.PermAccessRecordView, "出入记录", frame.AccessRecordPath+"?gate=p"+post.ID.String())
		q.Act(&found[i], core.PermGuardPostEdit, "修改", frame.GuardPostURL(post.ID)+"/edit")
	}
	return found, more, err
}

func (p *Pages) guardFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	guards, more, err := p.Store.Guards(ctx, q.Scope, store.GuardFilter{Keyword: q.Text.Text, Page: hits})
	if err != nil || len(guards) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	found := make([]templates.SearchHit, len(guards))
	for i, g := range guards {
		found[i] = guardHit(q, g, names)
	}
	return found, more, err
}

func (p *Pages) guardHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	g, err := p.Store.Guard(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	names, err := q.Places()
	return guardHit(q, g, names), err
}

func guardHit(q frame.Question, g core.Guard, names map[core.ID]string) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "shield", Title: g.Name, Note: q.In(names, g.Community, "门岗人员　"+g.Phone),
		Badge: frame.ServiceBadge(g.Disabled.IsZero(), "在岗"), URL: frame.GuardURL(g.ID),
	}
	q.Act(&hit, core.PermGuardPostEdit, "修改", frame.GuardURL(g.ID)+"/edit")
	return hit
}

func (p *Pages) observerFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	observers, more, err := p.Store.Observers(ctx, q.Scope, store.ObserverFilter{Keyword: q.Text.Text, Page: hits})
	found := make([]templates.SearchHit, len(observers))
	for i, o := range observers {
		found[i] = observerHit(q, o)
	}
	return found, more, err
}

func (p *Pages) observerHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	o, err := p.Store.Observer(ctx, q.Scope, id)
	return observerHit(q, o), err
}

func observerHit(q frame.Question, o core.Observer) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "eye", Title: o.Name, Note: "观察员　" + o.Capacity + "　" + o.Phone, Badge: frame.BoundBadge(o.User),
		URL: frame.ObserverURL(o.ID),
	}
	q.Act(&hit, core.PermObserverEdit, "修改", frame.ObserverURL(o.ID)+"/edit")
	return hit
}

func (p *Pages) institutionFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	institutions, more, err := p.Store.Institutions(ctx, q.Scope, store.InstitutionFilter{Keyword: q.Text.Text, Page: hits})
	found := make([]templates.SearchHit, len(institutions))
	for i, institution := range institutions {
		found[i] = institutionHit(q, institution)
	}
	return found, more, err
}

func (p *Pages) institutionHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	i, err := p.Store.Institution(ctx, q.Scope, id)
	return institutionHit(q, i), err
}

func institutionHit(q frame.Question, i core.Institution) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "building-community", Title: i.Name, Note: fmt.Sprintf("机构　%d 名成员", i.Members),
		Badge: frame.ServiceBadge(i.Disabled.IsZero(), "使用中"), URL: frame.InstitutionURL(i.ID),
	}
	q.Act(&hit, core.PermInstitutionEdit, "修改", frame.InstitutionURL(i.ID)+"/edit")
	return hit
}

func (p *Pages) memberFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	members, more, err := p.Store.Members(ctx, q.Scope, store.MemberFilter{Keyword: q.Text.Text, Page: hits})
	found := make([]templates.SearchHit, len(members))
	for i, m := range members {
		found[i] = memberHit(q, m, p.today())
	}
	return found, more, err
}

func (p *Pages) memberHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	m, err := p.Store.Member(ctx, q.Scope, id)
	return memberHit(q, m, p.today()), err
}

func memberHit(q frame.Question, m core.Member, today core.Day) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "id-badge-2", Title: m.Name, Note: m.InstitutionName + "　" + m.Phone + "　至 " + m.Until.String(),
		Badge: memberBadge(m, today), URL: frame.MemberURL(m.ID),
	}
	q.Act(&hit, core.PermInstitutionEdit, "修改", frame.MemberURL(m.ID)+"/edit")
	return hit
}
