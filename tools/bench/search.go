package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

const (
	maxFinder   = 50 * time.Millisecond // the 95th percentile of one finder
	maxBox      = 50 * time.Millisecond // of a whole answer
	searchTimes = 60
	someOfAll   = 20 // communities of the account with some
)

// typed is a kind of question with texts of that kind.
type typed struct {
	what  string
	texts []string
}

// questions are asked in turn, so that no text is asked for twice in a row.
var questions = []typed{
	{"a given name", []string{"建国", "文博", "雨桐", "子涵", "桂英"}},
	{"a family name", []string{"张", "王", "李", "高", "罗"}},
	{"a family name and a character", []string{"张建", "王文", "李子", "罗桂"}},
	{"a whole name", []string{"张建国", "王雨桐", "李子涵", "罗桂英", "高文博"}},
	{"initials", []string{"zjg", "jg", "lzh", "wyt", "wb"}},
	{"a name that nobody has", []string{"慕容", "诸葛亮", "qxz"}},
	{"the end of a number", []string{"1234", "8888", "0421", "56789"}},
	{"a whole phone number", []string{"13800138000", "15912345678"}},
	{"a door number", []string{"501", "1203", "102"}},
	{"a house", []string{"57-2-101", "3栋1单元502", "三栋601", "三号楼二单元1102", "3-2-1102"}},
	{"a house behind its community", []string{"小区0 57栋2单元101", "小区0 3-1-502", "小区0三号楼二单元1102"}},
	{"a building", []string{"57栋", "3栋", "12栋2单元"}},
	{"a page", []string{"住户", "txzsz", "批量导入"}},
}

// asker is an account that searches.
type asker struct {
	what  string
	scope core.Scope
	token string
}

// searches measures the search box: each finder of the register in this process, then whole answers
// over HTTP, for accounts with one, some and all communities.
func (b *bench) searches() error {
	for _, maria := range []bool{false, true} {
		if err := b.searchesAt(maria); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) searchesAt(maria bool) error {
	ctx := context.Background()
	name := map[bool]string{true: "MariaDB", false: "SQLite"}[maria]
	p, err := b.newPlace("search"+strings.ToLower(name), maria)
	if err != nil {
		return err
	}
	if maria {
		p.redis = redisDB(b.redis.URL(), "4")
	}
	askers, err := b.fillSearch(ctx, p)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe search box on %s, %d residents and %d access records: p95 (a finder under %s, the box under %s)\n",
		name, b.residents, b.records, short(maxFinder), short(maxBox))
	fmt.Printf("%-30s %-18s %9s %9s %9s   %9s %9s\n", "", "communities", "people", "houses", "records", "box p50", "p95")
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	finders := map[string][3]time.Duration{}
	for _, q := range questions {
		for _, a := range askers {
			if finders[q.what+a.what], err = timeFinders(ctx, s, a.scope, q.texts); err != nil {
				s.Close()
				return fmt.Errorf("%s: %w", q.what, err)
			}
		}
	}
	if err := timeRest(ctx, s, askers); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	server, err := b.startServer(p)
	if err != nil {
		return err
	}
	defer server.stop()
	for _, q := range questions {
		for _, a := range askers {
			took, late, err := timeBox("http://"+server.addr, a.token, q.texts)
			if err != nil {
				return fmt.Errorf("%s: %w", q.what, err)
			}
			printSearch(q.what, a.what, finders[q.what+a.what], took, late)
		}
	}
	return nil
}

func printSearch(what, who string, finders [3]time.Duration, took []time.Duration, late int) {
	p95 := took[len(took)*95/100]
	fmt.Printf("%-30s %-18s %9s %9s %9s   %9s %9s", what, who, short(finders[0]), short(finders[1]), short(finders[2]),
		short(took[len(took)/2]), short(p95))
	if slices.Max(finders[:]) > maxFinder || p95 > maxBox {
		fmt.Print("   over")
	}
	if late > 0 {
		fmt.Printf("   %d late", late)
	}
	fmt.Println()
}

// fillSearch fills a place and signs in the accounts.
func (b *bench) fillSearch(ctx context.Context, p *place) ([]asker, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	began := time.Now()
	if _, err := b.history(ctx, s); err != nil {
		return nil, err
	}
	c, err := newCrowd(ctx, s, b.residents)
	if err != nil {
		return nil, err
	}
	fmt.Printf("(filled in %s)\n", time.Since(began).Round(time.Second))
	communities, err := s.Communities(ctx, core.Everywhere)
	if err != nil {
		return nil, err
	}
	if err := fillRest(ctx, s, idsOf(communities)); err != nil {
		return nil, err
	}
	var some []core.ID
	for _, community := range communities[:min(len(communities), someOfAll)] {
		some = append(some, community.ID)
	}
	askers := []asker{
		{what: "one, of 40,000", scope: core.ScopeOf(c.big)}, {what: fmt.Sprint(len(some)), scope: core.ScopeOf(some...)},
		{what: fmt.Sprintf("all %d", len(communities)), scope: core.Everywhere},
	}
	for i := range askers {
		if askers[i].token, err = accountToken(ctx, s, fmt.Sprintf("office%d", i), askers[i].scope); err != nil {
			return nil, err
		}
	}
	return askers, nil
}

// timeFinders returns the 95th percentiles of the finders of people, houses and records.
func timeFinders(ctx context.Context, s *store.Store, scope core.Scope, texts []string) (p95 [3]time.Duration, err error) {
	finders := [3]func(t core.SearchText) error{
		func(t core.SearchText) error { _, _, err := s.SearchResidents(ctx, scope, t); return err },
		func(t core.SearchText) error { _, _, err := s.SearchHouses(ctx, scope, t); return err },
		func(t core.SearchText) error { _, _, err := s.SearchRecords(ctx, scope, t); return err },
	}
	for i, find := range finders {
		var took []time.Duration
		for n := range searchTimes {
			text := core.ReadSearch(texts[n%len(texts)])
			began := time.Now()
			if err := find(text); err != nil {
				return p95, err
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		p95[i] = took[len(took)*95/100]
	}
	return p95, nil
}

var csrfMeta = regexp.MustCompile(`name="csrf-token" content="([^"]+)"`)

// timeBox posts texts as the box does while one types, and returns the times, sorted, and how many
// answers were without a finder that was late.
func timeBox(address, token string, texts []string) (took []time.Duration, late int, err error) {
	fetch := func(method, path, body string) (string, error) {
		request, err := http.NewRequest(method, address+path, strings.NewReader(body))
		if err != nil {
			return "", err
		}
		request.AddCookie(&http.Cookie{Name: "tx_console", Value: token})
		request.Header.Set("HX-Request", "true")
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("answered %d: %.200s", response.StatusCode, answer)
		}
		return string(answer), err
	}
	page, err := fetch(http.MethodGet, "/console/search", "")
	csrf := csrfMeta.FindStringSubmatch(page)
	if err != nil || csrf == nil {
		return nil, 0, fmt.Errorf("no token in the page: %w", err)
	}
	for n := range searchTimes + len(texts) {
		form := url.Values{"csrf": {csrf[1]}, "text": {texts[n%len(texts)]}}.Encode()
		began := time.Now()
		answer, err := fetch(http.MethodPost, "/console/search", form)
		if err != nil {
			return nil, 0, err
		}
		if n < len(texts) {
			continue // to warm up
		}
		took = append(took, time.Since(began))
		if strings.Contains(answer, "tx-find-late") {
			late++
		}
	}
	slices.Sort(took)
	return took, late, nil
}
