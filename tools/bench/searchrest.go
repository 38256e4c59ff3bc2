package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// What a deployment of half a million residents has besides, for its other finders.
const (
	restVisits       = 10_000
	restSlips        = 4_000
	restApplications = 2_000
	restMembers      = 4_000
	restInstitutions = 100
	restStaff        = 2_000
	restGuards       = 400
	restObservers    = 400
	restFollowers    = 50_000
	restRestricted   = 2_000
	restAtOnce       = 500 // followers of one answer of WeChat
	restOfficial     = "wx0000000000000001"
)

// rest fills a place with what the other finders look for.
type rest struct {
	ctx         context.Context
	s           *store.Store
	random      *rand.Rand
	communities []core.ID
	houses      []store.HouseRow
}

func (r *rest) pick(runes string) string {
	all := []rune(runes)
	return string(all[r.random.IntN(len(all))])
}

func (r *rest) name() string { return r.pick(surnames) + r.pick(givens) + r.pick(givens) }
func (r *rest) phone() string {
	return fmt.Sprintf("1%d", 3_000_000_000+r.random.Int64N(6_999_999_999))
}

func (r *rest) house() store.HouseRow { return r.houses[r.random.IntN(len(r.houses))] }

// fillRest adds visits, slips, applications, members, staff, guards, observers and followers.
func fillRest(ctx context.Context, s *store.Store, communities []core.ID) error {
	began := time.Now()
	r := &rest{ctx: ctx, s: s, random: rand.New(rand.NewPCG(9, 22)), communities: communities}
	for _, community := range communities[:min(len(communities), someOfAll)] {
		houses, _, err := s.Houses(ctx, core.Everywhere, store.HouseFilter{Community: community, Page: store.Page{Limit: 400}})
		if err != nil {
			return err
		}
		r.houses = append(r.houses, houses...)
		rule, err := s.VisitorRule(ctx, core.Everywhere, community)
		if err != nil {
			return err
		}
		if rule.Apply = true; rule.PerDay < core.MaxVisitsPerDay {
			rule.PerDay = core.MaxVisitsPerDay
		}
		if _, err := s.UpdateVisitorRule(ctx, core.System, core.Everywhere, rule); err != nil {
			return err
		}
	}
	for _, fill := range []func() error{r.visits, r.slips, r.applications, r.members, r.people, r.followers, r.restrictions, r.blacklist} {
		if err := fill(); err != nil {
			return err
		}
	}
	fmt.Printf("(the rest filled in %s)\n", time.Since(began).Round(time.Second))
	return nil
}

func (r *rest) visits() error {
	for range restVisits {
		v := core.VisitorPass{House: r.house().ID, Name: r.name(), Phone: r.phone(), Until: r.s.Now().AddDate(0, 0, 7)}
		if _, err := r.s.RegisterVisit(r.ctx, core.System, core.Everywhere, v); err != nil && !core.IsConflict(err) {
			return fmt.Errorf("visits: %w", err)
		}
	}
	return nil
}

func (r *rest) slips() error {
	for range restSlips {
		e := core.ExitSlip{
			House: r.house().ID, Name: r.name(), Phone: r.phone(), Planned: r.s.Now().Add(time.Hour),
			Items: []core.ExitItem{{Name: "冰箱", Count: 1}, {Name: "书柜", Count: 2}},
		}
		if _, err := r.s.CreateExitSlip(r.ctx, core.System, core.Everywhere, e); err != nil && !core.IsConflict(err) {
			return fmt.Errorf("exit slips: %w", err)
		}
	}
	return nil
}

// applications are visitors who wait for a review.
func (r *rest) applications() error {
	for range restApplications {
		house := r.house()
		v := core.VisitorPass{
			Way: core.VisitApplied, Community: house.Community, House: house.ID, Name: r.name(), Phone: r.phone(),
			Until: r.s.Now().AddDate(0, 0, 1),
		}
		_, err := r.s.ApplyVisit(r.ctx, core.System, 0, store.VisitApplication{VisitorPass: v}, store.RequestKey{})
		if err != nil && !core.IsConflict(err) {
			return fmt.Errorf("applications: %w", err)
		}
	}
	return nil
}

func (r *rest) members() error {
	today := core.DayOf(r.s.Now(), r.s.Zone())
	for i := range restInstitutions {
		institution, err := r.s.CreateInstitution(r.ctx, core.System, core.Everywhere, core.Institution{
			Name: fmt.Sprintf("%s快递%d站", r.pick(surnames), i), Communities: []core.ID{r.communities[i%len(r.communities)]},
		})
		for range restMembers / restInstitutions {
			if err != nil {
				return fmt.Errorf("members: %w", err)
			}
			_, err = r.s.CreateMember(r.ctx, core.System, core.Everywhere, core.Member{
				Institution: institution, Name: r.name(), Phone: r.phone(), From: today, Until: today + 30,
			})
		}
		if err != nil {
			return fmt.Errorf("members: %w", err)
		}
	}
	return nil
}

// people are staff, guards and observers.
func (r *rest) people() error {
	for i := range restStaff {
		at := r.communities[i%len(r.communities)]
		_, err := r.s.CreateStaff(r.ctx, core.System, core.Everywhere, core.Staff{
			Name: r.name(), Sex: "male", Position: "管家", Phone: r.phone(), Communities: []core.ID{at},
		}, []string{"物业"})
		if err == nil && i < restGuards {
			_, err = r.s.CreateGuard(r.ctx, core.System, core.Everywhere, core.Guard{Community: at, Name: r.name(), Phone: r.phone()})
		}
		if err == nil && i < restObservers {
			_, err = r.s.CreateObserver(r.ctx, core.System, core.Everywhere, core.Observer{
				Communities: []core.ID{at}, Name: r.name(), Phone: r.phone(), Capacity: "居委会",
			})
		}
		if err != nil {
			return fmt.Errorf("staff: %w", err)
		}
	}
	return nil
}

// followers are those of an account of all communities; a fifth of them have a remark.
func (r *rest) followers() error {
	_, err := r.s.CreateWechatApp(r.ctx, core.System, core.Everywhere, store.KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatOfficial, Name: "物业", AppID: restOfficial, Scope: core.Everywhere},
		Keys: core.WechatKeys{
			Secret: "0123456789abcdef0123456789abcdef", Token: "token", AESKey: "0123456789abcdef0123456789abcdef0123456789a",
		},
	})
	if err != nil {
		return fmt.Errorf("followers: %w", err)
	}
	turn, err := r.s.ClaimFollowerSync(r.ctx, "bench")
	for at := 0; at < restFollowers && err == nil; at += restAtOnce {
		told := store.ToldFollowers{Asked: r.s.Now(), Total: restFollowers}
		for i := range restAtOnce {
			f := core.ToldFollower{OpenID: fmt.Sprintf("o%06d", at+i), Follows: true, Since: r.s.Now()}
			if r.random.IntN(5) == 0 {
				f.Remark = r.name() + "的店"
			}
			told.List = append(told.List, f)
		}
		told.Cursor = told.List[restAtOnce-1].OpenID
		err = r.s.SyncFollowers(r.ctx, turn, told)
	}
	if err != nil {
		return fmt.Errorf("followers: %w", err)
	}
	return nil
}

// restrictions are of houses of the first communities, as many of each.
func (r *rest) restrictions() error {
	houses := map[core.ID][]core.ID{}
	for _, h := range r.houses {
		if len(houses[h.Community]) < restRestricted/someOfAll {
			houses[h.Community] = append(houses[h.Community], h.ID)
		}
	}
	for community, some := range houses {
		_, err := r.s.CreateRestrictions(r.ctx, core.System, core.Everywhere, store.RestrictionChange{
			Community: community, Houses: some, Restriction: core.Restriction{Exits: 1, Reason: "装修"},
		})
		if err != nil {
			return fmt.Errorf("restrictions: %w", err)
		}
	}
	return nil
}

// blacklist is one community's; each entry has a reason of some usual words, and few have one of their own.
func (r *rest) blacklist() error {
	for from := 0; from < blocked; from += core.MaxBlocksAtOnce {
		part := make([]core.VisitorBlock, min(core.MaxBlocksAtOnce, blocked-from))
		for i := range part {
			reason := []string{"多次滋扰住户", "冒用他人名义", "推销、张贴广告", "打架、损坏财物"}[r.random.IntN(4)]
			if r.random.IntN(10) == 0 {
				reason = r.name() + "反映" + reason
			}
			part[i] = core.VisitorBlock{Kind: core.BlockPhone, Value: fmt.Sprintf("199%08d", from+i), Reason: reason}
		}
		if _, err := r.s.CreateVisitorBlocks(r.ctx, core.System, core.Everywhere, r.communities[0], part); err != nil {
			return fmt.Errorf("blacklist: %w", err)
		}
	}
	return nil
}

// restFinder is a finder that uses its list's own search.
type restFinder struct {
	what string
	find func(ctx context.Context, s *store.Store, scope core.Scope, text string) error
}

var restHits = store.Page{Limit: core.SearchHits}

var restFinders = []restFinder{
	{"visitors", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.VisitorPasses(ctx, scope, store.VisitorPassFilter{Keyword: text, Now: s.Now(), Page: restHits})
		return err
	}},
	{"exit slips", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.ExitSlips(ctx, scope, store.ExitSlipFilter{Keyword: text, Now: s.Now(), Page: restHits})
		return err
	}},
	{"applications", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.Reviews(ctx, scope, store.ReviewFilter{Keyword: text, Page: restHits})
		return err
	}},
	{"institutions", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.Institutions(ctx, scope, store.InstitutionFilter{Keyword: text, Page: restHits})
		return err
	}},
	{"members", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.Members(ctx, scope, store.MemberFilter{Keyword: text, Today: core.DayOf(s.Now(), s.Zone()), Page: restHits})
		return err
	}},
	{"staff", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.StaffList(ctx, scope, store.StaffFilter{Keyword: text, Page: restHits})
		return err
	}},
	{"guards", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.Guards(ctx, scope, store.GuardFilter{Keyword: text, Page: restHits})
		return err
	}},
	{"observers", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.Observers(ctx, scope, store.ObserverFilter{Keyword: text, Page: restHits})
		return err
	}},
	{"blacklist", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.SearchVisitorBlocks(ctx, scope, text, core.SearchHits)
		return err
	}},
	{"followers", func(ctx context.Context, s *store.Store, scope core.Scope, text string) error {
		_, _, err := s.SearchFollowers(ctx, scope, core.ReadSearch(text))
		return err
	}},
}

// timeRest prints the 95th percentiles of the other finders, of the kind of question that takes each the longest.
func timeRest(ctx context.Context, s *store.Store, askers []asker) error {
	fmt.Printf("\n%-18s %-18s %9s   %s\n", "finder", "communities", "p95", "of")
	for _, f := range restFinders {
		for _, a := range askers {
			worst, of := time.Duration(0), ""
			for _, q := range questions {
				p95, err := f.p95(ctx, s, a.scope, q.texts)
				if err != nil {
					return fmt.Errorf("%s: %w", f.what, err)
				}
				if p95 > worst {
					worst, of = p95, q.what
				}
			}
			over := ""
			if worst > maxFinder {
				over = "   over"
			}
			fmt.Printf("%-18s %-18s %9s   %s%s\n", f.what, a.what, short(worst), of, over)
		}
	}
	return nil
}

func (f restFinder) p95(ctx context.Context, s *store.Store, scope core.Scope, texts []string) (time.Duration, error) {
	took := make([]time.Duration, 0, searchTimes)
	for n := range searchTimes {
		began := time.Now()
		if err := f.find(ctx, s, scope, texts[n%len(texts)]); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)*95/100], nil
}

// idsOf returns the ids of communities.
func idsOf(communities []core.Community) []core.ID {
	ids := make([]core.ID, len(communities))
	for i, c := range communities {
		ids[i] = c.ID
	}
	return ids
}
