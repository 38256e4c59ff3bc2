package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const pageSize = 20

func mkdir(dir string) error { return os.MkdirAll(dir, 0o700) }

// history fills a place with records evenly over 90 days, in three communities of which one has
// four fifths.
func (b *bench) history(ctx context.Context, s *store.Store) (estates []*estate.Estate, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	for range 3 {
		estates = append(estates, estate.New(builder{}, s, estate.Plan{Houses: 400, Members: 3, Doors: 8}))
	}
	begin := time.Now().AddDate(0, 0, -90)
	step := time.Since(begin) / time.Duration(b.records)
	random := rand.New(rand.NewPCG(1, 2))
	batch := make([]core.AccessRecord, 0, 10_000)
	for i := range b.records {
		e := estates[max(0, random.IntN(10)-7)]
		batch = append(batch, pastRecord(e, random, begin.Add(time.Duration(i)*step)))
		if len(batch) == cap(batch) || i == b.records-1 {
			if err := s.ImportAccessRecords(ctx, batch); err != nil {
				return nil, err
			}
			batch = batch[:0]
		}
	}
	return estates, nil
}

// pastRecord returns one passage: one in ten refused, one in a thousand for a fever; of the others some are let through at the
// post, or by an urgent opening.
func pastRecord(e *estate.Estate, random *rand.Rand, at time.Time) core.AccessRecord {
	who, door := e.Residents[random.IntN(len(e.Residents))], e.Doors[random.IntN(len(e.Doors))]
	r := core.AccessRecord{
		Community: e.Community, At: at, Via: core.ViaReader, Reader: door.ID, Gate: door.Gate,
		ReleasedBy: door.Name, Direction: door.Direction,
		Kind: core.PassResident, Pass: who.Pass, Person: who.Person, Resident: who.ID, House: who.House,
		Name: who.Name, HouseLabel: "1栋1单元101",
		Allowed: true, Counted: door.Direction == core.Out, Reason: core.ReasonAllowed, TempTenths: 360 + random.IntN(10),
	}
	switch n := random.IntN(1000); {
	case n == 0:
		r.Allowed, r.Counted, r.Reason, r.TempTenths = false, false, core.ReasonFever, 381
	case n < 100:
		r.Allowed, r.Counted, r.Reason = false, false, core.ReasonCount
	case n < 120:
		r.Via, r.Reader, r.Post, r.Guard, r.ReleasedBy = core.ViaManual, 0, e.Post, e.Guard, "李师傅"
	case n < 122:
		r.Counted, r.Reason = false, core.ReasonUrgent
	}
	return r
}

// ask is one page that is requested.
type ask struct {
	what   string
	filter core.RecordFilter
	page   store.Page
	days   core.Day // the charts of that many days, instead of a page
}

// asks returns the pages of the first estate's list; the first is the reference.
func (b *bench) asks(s *store.Store, e *estate.Estate) ([]ask, error) {
	who := e.Residents[len(e.Residents)/2]
	day := time.Now().AddDate(0, 0, -45)
	list := []ask{
		{what: "first page"},
		{what: "refused", filter: core.RecordFilter{Result: "refused"}},
		{what: "allowed, out", filter: core.RecordFilter{Result: "allowed", Direction: core.Out}},
		{what: "one door", filter: core.RecordFilter{Reader: e.Doors[3].ID}},
		{what: "one house", filter: core.RecordFilter{House: who.House}},
		{what: "one person", filter: core.RecordFilter{Person: who.Person}},
		{what: "a day 45 days ago", filter: core.RecordFilter{From: day, To: day.AddDate(0, 0, 1)}},
		{what: "its refused", filter: core.RecordFilter{From: day, To: day.AddDate(0, 0, 1), Result: "refused"}},
		{what: "fever (1 in 1,000)", filter: core.RecordFilter{Reason: core.ReasonFever}},
		{what: "a name", filter: core.RecordFilter{Keyword: who.Name}},
		{what: "a phone's end", filter: core.RecordFilter{Keyword: who.Phone[7:]}},
	}
	// Deep pages start where a user who kept paging would be.
	var deep []ask
	for i, part := range []float64{0.5, 0.999} {
		at := time.Now().Add(-time.Duration(part * float64(90*24*time.Hour)))
		for _, a := range list[:4] {
			found, _, err := s.AccessRecords(
				context.Background(), core.Everywhere, core.RecordFilter{Community: e.Community, To: at},
				store.Page{Limit: 1},
			)
			if err != nil || len(found) == 0 {
				return nil, fmt.Errorf("no record before %s: %w", at, err)
			}
			a.what += [...]string{", half way", ", near the end"}[i]
			a.page.Next = found[0].ID
			deep = append(deep, a)
		}
	}
	return append(list, deep...), nil
}

// lists measures pages of a long list of access records on both databases.
func (b *bench) lists() error {
	var columns [2][]time.Duration
	var names []string
	for i, maria := range []bool{false, true} {
		p, err := b.newPlace("records", maria)
		if err != nil {
			return err
		}
		var asks []ask
		if asks, columns[i], err = b.listsAt(p); err != nil {
			return err
		}
		names = names[:0]
		for _, a := range asks {
			names = append(names, a.what)
		}
	}
	fmt.Printf("\nAccess records, %d of them, pages of %d (medians; × of the first page)\n", b.records, pageSize)
	fmt.Printf("%-28s %9s %7s   %9s %7s\n", "", "SQLite", "", "MariaDB", "")
	for i, name := range names {
		fmt.Printf("%-28s", name)
		for _, column := range columns {
			fmt.Printf(" %9s %6.1f×  ", short(column[i]), float64(column[i])/float64(column[0]))
		}
		fmt.Println()
	}
	return nil
}

func (b *bench) listsAt(p *place) ([]ask, []time.Duration, error) {
	ctx := context.Background()
	s, err := p.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	estates, err := b.history(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	asks, err := b.asks(s, estates[0])
	if err != nil {
		return nil, nil, err
	}
	scope := core.ScopeOf(estates[0].Community)
	asks = append(asks, ask{what: "all communities"}, ask{what: "three communities"},
		ask{what: "charts of a day", days: 1}, ask{what: "charts of 7 days", days: 7},
		ask{what: "charts of 31 days", days: core.MaxChartDays})
	took := make([]time.Duration, len(asks))
	for i, a := range asks {
		in := scope
		switch a.what {
		case "all communities":
			in = core.Everywhere
		case "three communities":
			in = core.ScopeOf(estates[0].Community, estates[1].Community, estates[2].Community)
		}
		if took[i], err = timePage(ctx, s, in, a); err != nil {
			return nil, nil, err
		}
	}
	return asks, took, nil
}

// timePage returns the median time of a page.
func timePage(ctx context.Context, s *store.Store, scope core.Scope, a ask) (time.Duration, error) {
	times := 41
	if a.days > 0 {
		times = 5
	}
	took := make([]time.Duration, times)
	a.page.Limit = pageSize
	for i := range took {
		began := time.Now()
		n, err := look(ctx, s, scope, a)
		took[i] = time.Since(began)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, fmt.Errorf("%s: an empty page", a.what)
		}
	}
	slices.Sort(took)
	return took[times/2], nil
}

// look queries what the page shows, and returns the number of records.
func look(ctx context.Context, s *store.Store, scope core.Scope, a ask) (int, error) {
	if a.days == 0 {
		found, _, err := s.AccessRecords(ctx, scope, a.filter, a.page)
		return len(found), err
	}
	today := core.DayOf(time.Now(), s.Zone())
	charts, err := s.RecordCharts(ctx, scope, a.filter, today-a.days+1, today)
	return charts.Sum().All(), err
}
