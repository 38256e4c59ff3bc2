package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/desk"
)

const (
	maxPage     = 50 * time.Millisecond  // the 95th percentile of a list page
	maxFront    = 100 * time.Millisecond // and of the home page, which counts everything
	maxPageCPU  = 4 * time.Millisecond   // of the server's process
	pageTimes   = 60
	cpuRounds   = 3
	warmUps     = 3
	pageClients = 2

	frontPage = "front page"
	treePage  = "the tree with its counts" // of forty thousand, not a list of 50

	bigHouses   = 10_000 // of the largest community of the crowd
	otherHouses = 1_000  // of each other
	members     = 4      // residents per house
)

// crowd is a register as large as a city district's.
type crowd struct {
	big      core.ID // its largest community
	node     core.ID // a building of it
	resident core.ID // a resident in the middle of it
	house    core.ID // likewise
	name     string
}

// newCrowd adds the given number of residents: one community of forty thousand, the rest in
// communities of four thousand.
func newCrowd(ctx context.Context, s *store.Store, residents int) (*crowd, error) {
	random := rand.New(rand.NewPCG(3, 4))
	var c crowd
	for made, houses := 0, bigHouses; made < residents; houses = otherHouses {
		houses = min(houses, (residents-made+members-1)/members)
		community, err := s.CreateCommunity(ctx, core.System, core.Community{
			Name: fmt.Sprintf("小区%d", made/members), Levels: []string{"栋", "单元", "房间"},
		})
		if err != nil {
			return nil, err
		}
		ids, people, err := settle(ctx, s, community, houses, random)
		if err != nil {
			return nil, err
		}
		if c.big == 0 {
			c.big, c.house, c.resident, c.name = community, people[len(people)/2].House, ids[len(ids)/2], people[len(people)/2].Name
			tree, err := s.HouseTree(ctx, core.Everywhere, community)
			if err != nil {
				return nil, err
			}
			c.node = tree[len(tree)/2].ID
		}
		made += len(ids)
	}
	return &c, nil
}

const surnames, givens = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉秀建国文博雨桐子涵"

// settle builds a community's houses and fills them, in parts.
func settle(ctx context.Context, s *store.Store, community core.ID, houses int, random *rand.Rand) ([]core.ID, []core.Resident, error) {
	var ids []core.ID
	var all []core.Resident
	pick := func(runes string) string { r := []rune(runes); return string(r[random.IntN(len(r))]) }
	for from := 0; from < houses; from += otherHouses {
		places := make([][]string, min(otherHouses, houses-from))
		for i := range places {
			n := from + i
			places[i] = []string{
				fmt.Sprintf("%d栋", n/100+1), fmt.Sprintf("%d单元", n/50%2+1),
				fmt.Sprintf("%d%02d", n%50/4+1, n%4+1+n%50/48*4),
			}
		}
		built, err := s.CreateHouses(ctx, core.System, core.Everywhere, community, places)
		if err != nil {
			return nil, nil, err
		}
		people := make([]core.Resident, 0, members*len(built))
		for _, house := range built {
			for range members {
				who := core.Resident{
					House: house, Name: pick(surnames) + pick(givens) + pick(givens),
					Sex:      []string{"male", "female"}[random.IntN(2)],
					Identity: core.Identities()[random.IntN(3)],
					Phone:    fmt.Sprintf("1%d", 3_000_000_000+random.Int64N(6_999_999_999)),
				}
				if random.IntN(10) > 0 {
					who.Certified = time.Unix(1_700_000_000, 0)
				}
				people = append(people, who)
			}
		}
		made, err := s.CreateResidents(ctx, core.System, core.Everywhere, community, people)
		if err != nil {
			return nil, nil, err
		}
		ids, all = append(ids, made...), append(all, people...)
	}
	return ids, all, nil
}

// pages measures whole pages of the console, over HTTP, on both databases.
func (b *bench) pages() error {
	var columns [2][]sample
	for i, maria := range []bool{false, true} {
		var err error
		if columns[i], err = b.pagesAt(maria); err != nil {
			return err
		}
	}
	fmt.Printf(
		"\nConsole pages, %d residents and %d access records, %d clients (p95 should be under %s), CPU with one (under %s)\n",
		b.residents, b.records, pageClients, short(maxPage), short(maxPageCPU),
	)
	fmt.Printf("%-34s %9s %9s %9s   %9s %9s %9s\n", "", "SQLite", "p95", "CPU", "MariaDB", "p95", "CPU")
	for i, s := range columns[0] {
		m := columns[1][i]
		fmt.Printf("%-34s %9s %9s %9s ", s.what, short(s.p50), short(s.p95), short(s.cpu))
		fmt.Printf("  %9s %9s %9s", short(m.p50), short(m.p95), short(m.cpu))
		most := maxPage
		if s.what == frontPage {
			most = maxFront
		}
		if s.p95 > most || m.p95 > most {
			fmt.Print("   over")
		}
		if l := s.what; l != frontPage && l != treePage && max(s.cpu, m.cpu) > maxPageCPU {
			fmt.Print("   CPU over")
		}
		fmt.Println()
	}
	return nil
}

// sample is how long one page took.
type sample struct {
	what     string
	p50, p95 time.Duration
	cpu      time.Duration // of the server's process, a page
}

func (b *bench) pagesAt(maria bool) ([]sample, error) {
	ctx := context.Background()
	p, err := b.newPlace("pages"+map[bool]string{true: "maria", false: "sqlite"}[maria], maria)
	if err != nil {
		return nil, err
	}
	if maria {
		p.redis = redisDB(b.redis.URL(), "3")
	}
	looks, token, err := b.fillPages(ctx, p)
	if err != nil {
		return nil, err
	}
	server, err := b.startServer(p)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	office := &office{base: "http://" + server.addr, token: token, client: http.Client{Timeout: besideSlow}}
	if err := office.draw(ctx, "/console/community/new"); err != nil {
		return nil, err
	}
	var samples []sample
	for _, l := range looks {
		took, err := office.time(ctx, l, pageClients)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.what, err)
		}
		cpu, err := server.cpuOf(ctx, office, l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.what, err)
		}
		samples = append(samples, sample{l.what, took[len(took)/2], took[len(took)*95/100], cpu})
	}
	return samples, nil
}

// cpuOf returns the processor time of a page: the median of some rounds, since the clock of a process counts in hundredths of a
// second. There is one client: two that share a core's units each seem to need more of it.
func (c *child) cpuOf(ctx context.Context, office *office, l page) (time.Duration, error) {
	rounds := make([]time.Duration, cpuRounds)
	for i := range rounds {
		before, err := c.cpu()
		if err != nil {
			return 0, err
		}
		alone, err := office.time(ctx, l, 1)
		if err != nil {
			return 0, err
		}
		after, err := c.cpu()
		if err != nil {
			return 0, err
		}
		rounds[i] = (after - before) / time.Duration(warmUps+len(alone))
	}
	slices.Sort(rounds)
	return rounds[len(rounds)/2], nil
}

// page is a console page whose time matters.
type page struct {
	what, path string
	form       url.Values // with one, it is posted
}

// fillPages fills a place, signs in an account that may see everything, and returns the pages to
// measure and its token.
func (b *bench) fillPages(ctx context.Context, p *place) ([]page, string, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer s.Close()
	estates, err := b.history(ctx, s)
	if err != nil {
		return nil, "", err
	}
	c, err := newCrowd(ctx, s, b.residents)
	if err != nil {
		return nil, "", err
	}
	communities, err := s.Communities(ctx, core.Everywhere)
	if err != nil {
		return nil, "", err
	}
	if err := fillRest(ctx, s, idsOf(communities)); err != nil {
		return nil, "", err
	}
	token, err := officeToken(ctx, s)
	if err != nil {
		return nil, "", err
	}
	middle, _, err := s.AccessRecords(
		ctx, core.ScopeOf(estates[0].Community), core.RecordFilter{To: time.Now().AddDate(0, 0, -45)},
		store.Page{Limit: 1},
	)
	if err != nil || len(middle) == 0 {
		return nil, "", fmt.Errorf("a record of 45 days ago: %w", err)
	}
	big := "community=" + c.big.String()
	day := time.Now().AddDate(0, 0, -45).Format(time.DateOnly)
	who := url.QueryEscape(c.name)
	return []page{
		{frontPage, "/console", nil},
		{"communities", "/console/community", nil},
		{"houses of a community", "/console/house?" + big, nil},
		{"houses, a later page", "/console/house?" + big + "&after=" + c.house.String(), nil},
		{"houses by a part of the label", "/console/house?" + big + "&q=" + url.QueryEscape("57栋"), nil},
		{"houses of a building", "/console/house?" + big + "&node=" + c.node.String(), nil},
		{treePage, "/console/house/tree?" + big, nil},
		{"residents", "/console/resident", nil},
		{"residents, a later page", "/console/resident?before=" + c.resident.String(), nil},
		{"residents by name", "/console/resident?q=" + who, nil},
		{"residents by the phone's end", "/console/resident?q=1234", nil},
		{"residents by house", "/console/resident?q=" + url.QueryEscape("57栋2单元101"), nil},
		{"residents not certified", "/console/resident?certified=no", nil},
		{"residents who moved out", "/console/resident?ties=out", nil},
		{"residents of a community", "/console/resident?" + big, nil},
		{"the same, by name", "/console/resident?" + big + "&sort=name", nil},
		{"the same, by sex, backwards", "/console/resident?" + big + "&sort=-sex", nil},
		{"the same, of a building", "/console/resident?" + big + "&node=" + c.node.String(), nil},
		{"the same, one name", "/console/resident?" + big + "&q=" + who, nil},
		{"a resident", "/console/resident/" + c.resident.String(), nil},
		{"access records", "/console/accessrecord", nil},
		{"access records, a later page", "/console/accessrecord?before=" + middle[0].ID.String(), nil},
		{"access records refused", "/console/accessrecord?result=refused", nil},
		{"access records of a reason", "/console/accessrecord?reason=" + string(core.ReasonCount), nil},
		{"access records of a door", "/console/accessrecord?gate=r" + estates[0].Doors[0].ID.String(), nil},
		{"access records of a post", "/console/accessrecord?gate=p" + estates[0].Post.String(), nil},
		{"access records of urgent openings", "/console/accessrecord?result=urgent", nil},
		{"access records of a day", "/console/accessrecord?from=" + day + "&to=" + day, nil},
		{"access records of a name", "/console/accessrecord?q=" + url.QueryEscape(estates[0].Residents[7].Name), nil},
		{"access records of a resident", "/console/accessrecord?person=" + estates[0].Residents[7].Person.String(), nil},
		{"whom a name may mean, while typed", "/console/resident/suggest", url.Values{"who": {estates[0].Residents[7].Name}}},
		{"whom a phone's end may mean", "/console/resident/suggest", url.Values{"who": {"4567"}}},
		{"readers", "/console/reader", nil},
		{"observers", "/console/observer", nil},
		{"accounts", "/console/account", nil},
		{"audit log", "/console/audit", nil},
		{"visitors", "/console/visitorpass", nil},
		{"exit slips", "/console/exitslip", nil},
		{"the blacklist of visitors", "/console/visitorblock", nil},
		{"institutions", "/console/institution", nil},
		{"members of institutions", "/console/institution/member", nil},
		{"applications", "/console/certification", nil},
		{"what waits for a review", "/console/review", nil},
		{"restricted houses", "/console/restriction", nil},
		{"followers", "/console/follower", nil},
		{"staff", "/console/staff", nil},
		{"guards", "/console/guardpost/guard", nil},
		{"shifts of guards", "/console/guardshift", nil},
		{"messages", "/console/message", nil},
		{"imports", "/console/import", nil},
		{"batches", "/console/batch", nil},
	}, token, nil
}

// officeToken signs in an account that may see everything.
func officeToken(ctx context.Context, s *store.Store) (string, error) {
	return accountToken(ctx, s, "office", core.Everywhere)
}

// accountToken signs in a new account with every permission.
func accountToken(ctx context.Context, s *store.Store, login string, scope core.Scope) (string, error) {
	const first, second = "correct-horse-7", "battery-staple-8"
	a := core.Account{Login: login, Name: "物业", Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: scope}
	a.Operator = scope.Whole()
	id, err := s.CreateAccount(ctx, core.SystemGranter, a, first)
	if err != nil {
		return "", err
	}
	if err := s.ChangePassword(ctx, core.System, store.PasswordChange{
		Session: core.Session{Subject: id}, Old: first, New: second,
	}); err != nil {
		return "", err
	}
	token, _, err := s.StartSession(ctx, store.NewSession{
		Kind: core.SessionAccount, Subject: id, Life: core.SessionLife{Idle: time.Hour, MaxLife: 2 * time.Hour},
	})
	return token, err
}

// request returns a request for a page.
func (o *office) request(ctx context.Context, l page) (*http.Request, error) {
	if l.form == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, o.base+l.path, http.NoBody)
	}
	sent := url.Values{"csrf": {desk.Redrawn(o.form)}}
	maps.Copy(sent, l.form)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.base+l.path, strings.NewReader(sent.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, err
}

// time fetches a page repeatedly and returns the times, sorted.
func (o *office) time(ctx context.Context, l page, clients int) ([]time.Duration, error) {
	took := make([]time.Duration, pageTimes)
	fetch := func() (time.Duration, error) {
		request, err := o.request(ctx, l)
		if err != nil {
			return 0, err
		}
		request.AddCookie(&http.Cookie{Name: "tx_console", Value: o.token})
		began := time.Now()
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		// suggestions are a list of options only
		whole := strings.Contains(string(body), "<main") || strings.HasPrefix(string(body), "<option")
		if err == nil && (response.StatusCode != http.StatusOK || !whole) {
			err = fmt.Errorf("answered %d: %.200s", response.StatusCode, body)
		}
		return time.Since(began), err
	}
	for range warmUps {
		if _, err := fetch(); err != nil {
			return nil, err
		}
	}
	errs := make([]error, clients)
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := client; i < pageTimes && errs[client] == nil; i += clients {
				took[i], errs[client] = fetch()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}
