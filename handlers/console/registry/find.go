package registry

import (
	"context"
	"slices"
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
			Stem: "resident", Group: frame.FindResidents, Needs: core.PermResidentView, List: frame.ResidentPath, Add: "添加住户",
			Find: p.residentFind, Show: p.residentHitOf,
		},
		{Stem: "house", Group: frame.FindHouses, Needs: core.PermHouseView, Find: p.houseFind, Show: p.houseHitOf},
		{
			Stem: "staff", Group: frame.FindStaff, Needs: core.PermStaffView, List: frame.StaffPath, Add: "添加员工",
			Find: p.staffFind, Show: p.staffHitOf,
		},
		{
			Stem: "follower", Group: frame.FindStaff, Needs: core.PermFollowerView, List: frame.FollowerPath,
			Find: p.followerFind, Show: p.followerHitOf,
		},
		{
			Stem: "certification", Group: frame.FindRecords, Needs: core.PermCertificationView, List: frame.CertificationPath,
			Find: p.certificationFind, Show: p.certificationHitOf,
		},
		{Stem: "community", Group: frame.FindHouses, Needs: core.PermCommunityView, List: frame.CommunityPath, Find: p.communityFind},
	}
}

func (p *Pages) residentFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	rows, more, err := p.Store.SearchResidents(ctx, q.Scope, q.Text)
	hits := make([]templates.SearchHit, len(rows))
	for i, r := range rows {
		hits[i] = residentHit(q, r)
	}
	return hits, more, err
}

func (p *Pages) residentHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	r, err := p.Store.Resident(ctx, q.Scope, id)
	return residentHit(q, r), err
}

// residentHit names the house, and the phone number masked.
func residentHit(q frame.Question, r store.ResidentRow) templates.SearchHit {
	place := r.HouseLabel
	if !q.OnePlace() {
		place = r.CommunityName + " " + place
	}
	hit := templates.SearchHit{
		Icon: "user", Title: r.Name, Note: strings.TrimSpace(place + "　" + r.PhoneText()),
		Badge: residentBadge(r), URL: frame.ResidentURL(r.ID),
	}
	q.Act(&hit, core.PermAccessRecordView, "出入记录", frame.AccessRecordPath+"?"+frame.PickID+"="+r.Person.String())
	if r.MovedOut.IsZero() {
		q.Act(&hit, core.PermResidentEdit, "修改", frame.ResidentURL(r.ID)+"/edit")
		q.Act(&hit, core.PermRestrictionEdit, "限制出入", restrictURL(r.Community, r.House))
	}
	return hit
}

// restrictURL returns the URL of the form that restricts a house.
func restrictURL(community, house core.ID) string {
	return frame.RestrictionPath + "/new?community=" + community.String() + "&house=" + house.String()
}

func (p *Pages) houseFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	rows, more, err := p.Store.SearchHouses(ctx, q.Scope, q.Text)
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	hits := make([]templates.SearchHit, len(rows))
	for i, row := range rows {
		hits[i] = houseHit(q, row, names)
	}
	return hits, more, err
}

func (p *Pages) houseHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	house, err := p.Store.House(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	names, err := q.Places()
	hit := houseHit(q, store.HouseRow{House: house}, names)
	hit.Note = names[house.Community]
	return hit, err
}

func houseHit(q frame.Question, h store.HouseRow, names map[core.ID]string) templates.SearchHit {
	note := frame.Grouped(h.Residents) + " 人"
	if !q.OnePlace() {
		note = names[h.Community] + "　" + note
	}
	hit := templates.SearchHit{Icon: "home-2", Title: h.Label, Note: note, URL: frame.HouseURL(h.ID)}
	switch {
	case h.Restriction != nil:
		hit.Badge = frame.RestrictionBadge(*h.Restriction, q.Today)
	case h.ArrearsFen > 0:
		hit.Badge = templates.Badge{Tone: templates.Warn, Text: "欠费"}
	}
	q.Act(&hit, core.PermResidentView, "住户",
		frame.ResidentPath+"?community="+h.Community.String()+"&house="+h.ID.String())
	q.Act(&hit, core.PermResidentEdit, "添加住户",
		frame.ResidentPath+"/new?community="+h.Community.String()+"&house="+h.ID.String())
	q.Act(&hit, core.PermRestrictionEdit, "限制出入", restrictURL(h.Community, h.ID))
	return hit
}

// staffFind finds who works here by name or by a whole phone number.
func (p *Pages) staffFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	if q.Text.Name.Empty() && q.Text.Phone == "" {
		return nil, false, nil
	}
	list, more, err := p.Store.StaffList(ctx, q.Scope, store.StaffFilter{
		Keyword: q.Text.Text, Page: store.Page{Limit: core.SearchHits},
	})
	if err != nil || len(list) == 0 {
		return nil, false, err
	}
	departments, err := p.Store.Departments(ctx)
	tree := core.NewDepartmentTree(departments)
	hits := make([]templates.SearchHit, len(list))
	for i, m := range list {
		hits[i] = staffHit(q, m, tree)
	}
	return hits, more, err
}

func (p *Pages) staffHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	m, err := p.Store.Staff(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	departments, err := p.Store.Departments(ctx)
	return staffHit(q, m, core.NewDepartmentTree(departments)), err
}

// staffHit names the departments, and the phone number masked.
func staffHit(q frame.Question, m core.Staff, tree core.DepartmentTree) templates.SearchHit {
	hit := templates.SearchHit{
		Icon: "id-badge-2", Title: m.Name, Note: strings.TrimSpace(departmentText(tree, m.Departments) + "　" + m.Phone),
		URL: frame.StaffURL(m.ID),
	}
	if !m.Left.IsZero() {
		hit.Badge = templates.Badge{Tone: templates.Neutral, Text: "已离职"}
		return hit
	}
	q.Act(&hit, core.PermStaffEdit, "修改", frame.StaffURL(m.ID)+"/edit")
	return hit
}

func (p *Pages) followerFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	if q.Text.Name.Empty() && q.Text.Phone == "" && q.Text.Tail == "" {
		return nil, false, nil
	}
	list, more, err := p.Store.SearchFollowers(ctx, q.Scope, q.Text)
	if err != nil {
		return nil, false, err
	}
	var hits []templates.SearchHit
	for len(list) > 0 { // an account's at a time
		n := slices.IndexFunc(list, func(f core.Follower) bool { return f.AppID != list[0].AppID })
		if n < 0 {
			n = len(list)
		}
		ties, err := p.Store.FollowerTies(ctx, q.Scope, list[:n])
		if err != nil {
			return nil, false, err
		}
		for _, f := range list[:n] {
			hits = append(hits, followerHit(q, f, ties[f.ID]))
		}
		list = list[n:]
	}
	return hits, more, nil
}

func (p *Pages) followerHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	f, err := p.Store.Follower(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	ties, err := p.Store.FollowerTies(ctx, q.Scope, []core.Follower{f})
	return followerHit(q, f, ties[f.ID]), err
}

// followerHit names the residents of the scope whose WeChat follows, and the remark.
func followerHit(q frame.Question, f core.Follower, ties []store.FollowerTie) templates.SearchHit {
	name := frame.FollowerName(f, ties)
	hit := templates.SearchHit{Icon: "brand-wechat", Title: name, Note: "微信关注用户", URL: frame.FollowerURL(f.ID)}
	if f.Remark != "" && f.Remark != name {
		hit.Note += "　" + f.Remark
	}
	if !f.Left.IsZero() {
		hit.Badge = followerBadge(f)
		return hit
	}
	q.Act(&hit, core.PermFollowerEdit, "修改备注", frame.FollowerURL(f.ID)+"/edit")
	return hit
}

// certificationFind finds applications by name, or by the house.
func (p *Pages) certificationFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	if q.Text.Text == "" {
		return nil, false, nil
	}
	list, more, err := p.Store.Reviews(ctx, q.Scope, store.ReviewFilter{
		Kinds: []core.ReviewKind{core.ReviewCertification}, Keyword: q.Text.Text, Page: store.Page{Limit: core.SearchHits},
	})
	if err != nil || len(list) == 0 {
		return nil, false, err
	}
	names, err := q.Places()
	hits := make([]templates.SearchHit, len(list))
	for i, r := range list {
		hits[i] = certificationHit(q, r, names)
	}
	return hits, more, err
}

func (p *Pages) certificationHitOf(ctx context.Context, q frame.Question, id core.ID) (templates.SearchHit, error) {
	r, err := p.Store.Review(ctx, q.Scope, id)
	if err != nil {
		return templates.SearchHit{}, err
	}
	names, err := q.Places()
	return certificationHit(q, r, names), err
}

func certificationHit(q frame.Question, r core.Review, names map[core.ID]string) templates.SearchHit {
	return templates.SearchHit{
		Icon: "shield-check", Title: r.Name, Note: "认证申请　" + q.In(names, r.Community, r.Subject), Badge: frame.ReviewBadge(r, q.Now),
		URL: frame.CertificationURL(r.ID),
	}
}

// communityFind looks through the communities of the account, which are hundreds at most.
func (p *Pages) communityFind(ctx context.Context, q frame.Question) ([]templates.SearchHit, bool, error) {
	if q.Text.Name.Empty() {
		return nil, false, nil
	}
	communities, err := p.Store.Communities(ctx, q.Reach)
	var hits []templates.SearchHit
	for _, c := range communities {
		folded := core.FoldName(c.Name)
		initials := q.Text.Name.Initials()
		named := strings.Contains(folded, core.FoldName(q.Text.Text)) ||
			initials != "" && strings.Contains(store.Initials(c.Name), initials)
		if !named {
			continue
		}
		if len(hits) == core.SearchHits {
			return hits, true, nil
		}
		in := "?community=" + c.ID.String()
		hit := templates.SearchHit{Icon: "building-community", Title: c.Name, Note: c.Address, URL: communityHitURL(q, c.ID)}
		q.Act(&hit, core.PermResidentView, "住户", frame.ResidentPath+in)
		q.Act(&hit, core.PermCommunityEdit, "修改", frame.CommunityURL(c.ID)+"/edit")
		hits = append(hits, hit)
	}
	return hits, false, err
}

// communityHitURL returns where a community leads an account: to its houses, or to what it may see.
func communityHitURL(q frame.Question, id core.ID) string {
	if q.Account.Has(core.PermHouseView) {
		return frame.HousePath + "?community=" + id.String()
	}
	return frame.CommunityPath
}
