package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// pastRecords appends n records of some communities, one a minute up to testNow,
// of every kind that lists tell apart, and gives them newest first.
func pastRecords(t *testing.T, s *Store, n int, communities ...core.ID) []core.AccessRecord {
	t.Helper()
	records := make([]core.AccessRecord, n)
	for i := range records {
		r := core.AccessRecord{
			Community: communities[rand.IntN(len(communities))], At: testNow.Add(-time.Duration(n-i) * time.Minute),
			Via: core.ViaReader, Reader: core.ID(1 + i%3), Gate: "东门", ReleasedBy: "东门读头", Direction: core.Out, Kind: core.PassResident,
			Person: core.ID(100 + i%7), House: core.ID(200 + i%5), Name: "张三", HouseLabel: "1栋101",
			TempTenths: 360 + i%20, Allowed: true, Counted: i%2 == 0,
			Reason: core.ReasonAllowed, TokenDigest: fmt.Sprintf("%064d", i), Note: "x",
		}
		if i%2 == 1 {
			r.Direction, r.Via, r.Reader, r.Post, r.Guard = core.In, core.ViaGuard, 0, core.ID(1+i%2), 9
		}
		if i%4 == 3 {
			r.Allowed, r.Reason, r.Kind, r.Counted = false, core.ReasonCount, "", false
		}
		records[i] = r
	}
	if err := s.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(records)
	return records
}

func recordIDs(records []core.AccessRecord) []core.ID {
	return database.IDsOf(records, func(r core.AccessRecord) core.ID { return r.ID })
}

// pages reads a whole list forwards, then back to its beginning, in pages.
func pages(t *testing.T, s *Store, scope core.Scope, f core.RecordFilter, limit int) (forwards, backwards []core.ID) {
	t.Helper()
	get := func(p Page) ([]core.ID, bool) {
		p.Limit = limit
		records, more, err := s.AccessRecords(t.Context(), scope, f, p)
		if err != nil {
			t.Fatal(err)
		}
		return recordIDs(records), more
	}
	for page, more := get(Page{}); ; page, more = get(Page{Next: page[len(page)-1]}) {
		if forwards = append(forwards, page...); !more {
			break
		}
		if len(page) != limit {
			t.Fatalf("a page of %d with more behind it, want %d", len(page), limit)
		}
	}
	if len(forwards) == 0 {
		return nil, nil
	}
	oldest := forwards[len(forwards)-1]
	backwards = []core.ID{oldest}
	for page, more := get(Page{Prev: oldest}); ; page, more = get(Page{Prev: page[0]}) {
		if backwards = append(slices.Clone(page), backwards...); !more {
			return forwards, backwards
		}
	}
}

// Whatever the filter, the scope and the size of a page, its pages one after
// another are the whole list in order, forwards and backwards.
func TestAccessRecordPagesAreTheList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		var c []core.ID // lists by house and person go through the table of communities
		for i := range 4 {
			c = append(c, newCommunity(t, s, fmt.Sprintf("小区%d", i)))
		}
		all := pastRecords(t, s, 157, c...)
		filters := map[string]struct {
			core.RecordFilter
			keep func(core.AccessRecord) bool
		}{
			"all":       {core.RecordFilter{}, func(core.AccessRecord) bool { return true }},
			"community": {core.RecordFilter{Community: c[1]}, func(r core.AccessRecord) bool { return r.Community == c[1] }},
			"time": {core.RecordFilter{From: all[100].At, To: all[20].At}, func(r core.AccessRecord) bool {
				return !r.At.Before(all[100].At) && r.At.Before(all[20].At)
			}},
			"direction": {core.RecordFilter{Direction: core.In}, func(r core.AccessRecord) bool { return r.Direction == core.In }},
			"kind": {core.RecordFilter{Kind: core.PassResident}, func(r core.AccessRecord) bool {
				return r.Kind == core.PassResident
			}},
			"via":     {core.RecordFilter{Via: core.ViaGuard}, func(r core.AccessRecord) bool { return r.Via == core.ViaGuard }},
			"allowed": {core.RecordFilter{Result: "allowed"}, func(r core.AccessRecord) bool { return r.Allowed }},
			"refused": {core.RecordFilter{Result: "refused", Direction: core.In}, func(r core.AccessRecord) bool { return !r.Allowed }},
			"reason": {core.RecordFilter{Reason: core.ReasonCount}, func(r core.AccessRecord) bool {
				return r.Reason == core.ReasonCount
			}},
			"reader":  {core.RecordFilter{Reader: 2}, func(r core.AccessRecord) bool { return r.Reader == 2 }},
			"post":    {core.RecordFilter{Post: 2}, func(r core.AccessRecord) bool { return r.Post == 2 }},
			"house":   {core.RecordFilter{House: 203}, func(r core.AccessRecord) bool { return r.House == 203 }},
			"person":  {core.RecordFilter{Person: 104}, func(r core.AccessRecord) bool { return r.Person == 104 }},
			"nothing": {core.RecordFilter{Person: 999}, func(core.AccessRecord) bool { return false }},
		}
		for _, scope := range []core.Scope{
			everywhere, core.ScopeOf(c[1]), core.ScopeOf(c[0], c[1]), core.ScopeOf(c[3], c[0], c[2], c[1]), {},
		} {
			for name, f := range filters {
				var want []core.ID
				for _, r := range all {
					if scope.Has(r.Community) && f.keep(r) {
						want = append(want, r.ID)
					}
				}
				for _, limit := range []int{1 + rand.IntN(12), 200} {
					forwards, backwards := pages(t, s, scope, f.RecordFilter, limit)
					if !slices.Equal(forwards, want) {
						t.Errorf("%s, %v, %d a page: %d records forwards, want %d", name, scope, limit, len(forwards), len(want))
					}
					if !slices.Equal(backwards, want) {
						t.Errorf("%s, %v, %d a page: %d records backwards, want %d", name, scope, limit, len(backwards), len(want))
					}
				}
			}
		}
		// Over more communities than are listed side by side.
		wide := slices.Clone(c)
		for len(wide) < database.MaxApart+5 {
			wide = append(wide, core.ID(len(wide)))
		}
		for _, name := range []string{"all", "house", "person"} {
			var want []core.ID
			for _, r := range all {
				if filters[name].keep(r) {
					want = append(want, r.ID)
				}
			}
			if forwards, backwards := pages(t, s, core.ScopeOf(wide...), filters[name].RecordFilter, 20); !slices.Equal(forwards, want) ||
				!slices.Equal(backwards, want) {
				t.Errorf("%s over %d communities: %d and %d records, want %d", name, len(wide), len(forwards), len(backwards), len(want))
			}
		}
	})
}

// The records of a person and of a house are few among a million: each query finds them
// by their own index, over one community as over all.
func TestRecordsOfAPersonByTheirIndex(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		var wide []core.ID
		for i := range database.MaxApart + 2 {
			wide = append(wide, newCommunity(t, s, fmt.Sprintf("小区%d", i)))
		}
		pastRecords(t, s, 300, wide...)
		day := core.DayOf(testNow, s.zone)
		for index, f := range map[string]core.RecordFilter{
			"access_record_person": {Person: 103, House: 203, From: day.Start(s.zone)}, "access_record_house": {House: 203},
		} {
			for _, scope := range []core.Scope{core.ScopeOf(wide[0]), core.ScopeOf(wide[:3]...), everywhere} {
				list, ok, err := s.recordTimeline(t.Context(), scope, f)
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				query, args := list.Page(Page{Limit: 50, Next: database.FirstID(testNow)})
				if plan := planOf(t, s, query, args...); !strings.Contains(plan, index) || strings.Contains(plan, "SCAN access_record") {
					t.Errorf("%v: a page is read by %s", scope, plan)
				}
			}
		}
	})
}

// planOf is how the database would answer a query, in its own words.
func planOf(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	if !s.db.Serial() {
		var plan string
		if err := s.db.Get(t.Context(), &plan, "EXPLAIN FORMAT=JSON "+query, args...); err != nil {
			t.Fatal(err)
		}
		return plan
	}
	var steps []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	if err := s.db.All(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, args...); err != nil {
		t.Fatal(err)
	}
	plan := ""
	for _, step := range steps {
		plan += step.Detail + "\n"
	}
	return plan
}

// A record comes back as it was appended, and only to those whose it is.
func TestAccessRecordIsKeptAsItWas(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		for _, want := range pastRecords(t, s, 4, 11) {
			got, err := s.AccessRecord(t.Context(), core.ScopeOf(11, 12), want.ID)
			if !got.At.Equal(want.At) {
				t.Errorf("at %v, want %v", got.At, want.At)
			}
			if got.At = want.At; err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			_, err = s.AccessRecord(t.Context(), core.ScopeOf(12), want.ID)
			wantCode(t, err, core.CodeNotFound)
		}
		_, err := s.AccessRecord(t.Context(), everywhere, 1)
		wantCode(t, err, core.CodeNotFound)
		list, _, err := s.AccessRecords(t.Context(), core.ScopeOf(12), core.RecordFilter{Community: 11}, Page{Limit: 9})
		if err != nil || len(list) != 0 {
			t.Errorf("another community's list has %d records, %v", len(list), err)
		}
	})
}

// Imported records get ids of their moment, so that they stand in order among
// those that are made later.
func TestImportedRecordsHaveIDsOfTheirMoment(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		same := make([]core.AccessRecord, 300)
		for i := range same {
			same[i] = core.AccessRecord{Community: 11, At: testNow, Via: core.ViaReader, Direction: core.Out}
		}
		if err := s.ImportAccessRecords(t.Context(), same); err != nil {
			t.Fatalf("300 records of one moment: %v", err)
		}
		records := pastRecords(t, s, 50, 11)
		for i, r := range records {
			if r.ID < database.FirstID(r.At) || r.ID >= database.FirstID(r.At.Add(time.Minute)) || i > 0 && r.ID >= records[i-1].ID {
				t.Errorf("record of %v has the id %v", r.At, r.ID)
			}
		}
	})
}

func TestAccessRecordKeyword(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses, far := newHouses(t, s, ours, 2), newHouses(t, s, theirs, 1)
		at := testNow
		record := func(community, house core.ID, name, phone string) core.ID {
			t.Helper()
			at = at.Add(time.Second)
			r, err := s.Resident(t.Context(), everywhere, newResident(t, s, community, house, name, phone))
			if err != nil {
				t.Fatal(err)
			}
			records := []core.AccessRecord{{
				Community: community, At: at, Via: core.ViaReader, Direction: core.Out, Person: r.Person,
				House: house, Name: name,
			}}
			if err := s.ImportAccessRecords(t.Context(), records); err != nil {
				t.Fatal(err)
			}
			return records[0].ID
		}
		zhang := record(ours, houses[0], "张三", "13800138001")
		percent := record(ours, houses[1], "100%_!", "13800138002")
		other := record(theirs, far[0], "张四", "13800138003")
		for _, c := range []struct {
			scope   core.Scope
			keyword string
			want    []core.ID
		}{
			{core.ScopeOf(ours), "张", []core.ID{zhang}}, {everywhere, "张", []core.ID{zhang, other}},
			{core.ScopeOf(ours), "张三", []core.ID{zhang}},
			{everywhere, "8001", []core.ID{zhang}}, {core.ScopeOf(ours), "8003", nil}, {everywhere, "800", nil},
			{core.ScopeOf(ours), "1栋1单元102", []core.ID{percent}}, {core.ScopeOf(ours), "1栋1单元", []core.ID{zhang, percent}},
			{everywhere, "100%_!", []core.ID{percent}}, {everywhere, "%", nil}, {everywhere, "_", nil},
			{everywhere, "' OR 1=1 --", nil}, {everywhere, "三", nil},
		} {
			records, _, err := s.AccessRecords(t.Context(), c.scope, core.RecordFilter{Keyword: c.keyword}, Page{Limit: 9})
			got := recordIDs(records)
			slices.Sort(got)
			slices.Sort(c.want)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q in %v: %v, %v, want %v", c.keyword, c.scope, got, err, c.want)
			}
		}
	})
}

// A keyword that stands for more people than are looked for one by one still
// finds all their records.
func TestAccessRecordKeywordOfMany(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		people := make([]core.Resident, maxKeyword+20)
		for i := range people {
			people[i] = core.Resident{House: house, Name: fmt.Sprintf("王%d", i), Identity: core.Owner, Phone: fmt.Sprintf("138%08d", i)}
		}
		ids, err := s.CreateResidents(t.Context(), core.System, everywhere, community, people)
		if err != nil {
			t.Fatal(err)
		}
		records := make([]core.AccessRecord, len(people), len(people)+1)
		for i, id := range ids {
			r, err := s.Resident(t.Context(), everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			records[i] = core.AccessRecord{
				Community: community, At: testNow.Add(time.Duration(i) * time.Second), Via: core.ViaReader,
				Direction: core.Out, Person: r.Person, Name: r.Name, HouseLabel: "1栋1单元101",
			}
		}
		stranger := core.AccessRecord{
			Community: community, At: testNow.Add(time.Hour), Via: core.ViaReader, Direction: core.Out,
			Name: "李王", HouseLabel: "2栋",
		}
		if err := s.ImportAccessRecords(t.Context(), append(records, stranger)); err != nil {
			t.Fatal(err)
		}
		for _, scope := range []core.Scope{everywhere, core.ScopeOf(community), core.ScopeOf(community, 5)} {
			for _, keyword := range []string{"王", " 王 ", "单元101"} {
				forwards, backwards := pages(t, s, scope, core.RecordFilter{Keyword: keyword}, 100)
				want := len(people)
				if strings.Contains(keyword, "王") && len(scope.Communities()) != 2 {
					want++ // of one community, 李王 too
				}
				if len(forwards) != want || !slices.Equal(forwards, backwards) {
					t.Errorf("%q in %v: %d and %d records, want %d", keyword, scope, len(forwards), len(backwards), want)
				}
			}
		}
	})
}

// A list has a total if counting it reads no more than the page or an index does.
func TestAccessRecordsAreCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		pastRecords(t, s, 40, 11)
		today := core.DayOf(testNow, testZone)
		day := core.RecordFilter{From: today.Start(testZone), To: (today + 1).Start(testZone), Direction: core.Out}
		week := day
		week.From = (today - 7).Start(testZone)
		for _, c := range []struct {
			f    core.RecordFilter
			want int
		}{
			{day, 20}, {week, -1}, {core.RecordFilter{Result: "refused"}, 10}, {core.RecordFilter{Result: "allowed", Community: 11}, 30},
			{core.RecordFilter{Direction: core.Out}, -1}, {core.RecordFilter{Kind: core.PassResident}, -1},
			{core.RecordFilter{Reason: core.ReasonCount}, 10}, {core.RecordFilter{Community: 11, Reader: 1}, 7},
			{core.RecordFilter{Post: 2}, 20}, {core.RecordFilter{Result: "urgent"}, 0},
			{core.RecordFilter{Reason: core.ReasonCount, Direction: core.In}, -1}, {core.RecordFilter{Reader: 1, Via: core.ViaReader}, -1},
		} {
			total := 0
			_, _, err := s.AccessRecords(t.Context(), core.ScopeOf(11, 12), c.f, Page{Limit: 5, Total: &total})
			if err != nil || total != c.want {
				t.Errorf("%+v: a total of %d, %v, want %d", c.f, total, err, c.want)
			}
		}
	})
}

// Totals and hours count a natural day of the store's zone, and agree.
func TestRecordTotalsAndHours(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		today := core.DayOf(testNow, testZone)
		start := today.Start(testZone)
		at := func(community core.ID, after time.Duration, direction core.Direction, allowed bool) core.AccessRecord {
			return core.AccessRecord{
				Community: community, At: start.Add(after), Via: core.ViaReader, Direction: direction,
				Allowed: allowed,
			}
		}
		const hour, day = time.Hour, 24 * time.Hour
		urgent := at(13, 9*hour, core.Out, true)
		urgent.Reason = core.ReasonUrgent
		err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{
			at(11, -time.Millisecond, core.Out, true), at(11, 0, core.In, true),
			at(11, 8*hour, core.Out, true), at(11, 8*hour+59*time.Minute, core.Out, true),
			at(11, 8*hour, core.In, false), at(11, day-time.Millisecond, core.Out, false),
			at(11, day, core.Out, true), at(12, 8*hour, core.Out, true), urgent,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			scope core.Scope
			f     core.RecordFilter
			want  core.RecordTotals
		}{
			{core.ScopeOf(11), core.RecordFilter{}, core.RecordTotals{In: 1, Out: 2, Refused: 2}},
			{everywhere, core.RecordFilter{}, core.RecordTotals{In: 1, Out: 4, Refused: 2, Urgent: 1}},
			{core.ScopeOf(11, 13), core.RecordFilter{Result: "urgent"}, core.RecordTotals{Out: 1, Urgent: 1}},
			{everywhere, core.RecordFilter{Community: 12}, core.RecordTotals{Out: 1}},
			{core.ScopeOf(11), core.RecordFilter{Community: 12}, core.RecordTotals{}},
			{core.Scope{}, core.RecordFilter{}, core.RecordTotals{}},
			{core.ScopeOf(11, 12), core.RecordFilter{Direction: core.In}, core.RecordTotals{In: 1, Refused: 1}},
		} {
			totals, err := s.RecordTotals(t.Context(), c.scope, c.f, today)
			if err != nil || totals != c.want {
				t.Errorf("totals of %+v in %v: %+v, %v, want %+v", c.f, c.scope, totals, err, c.want)
			}
			hours, err := s.RecordHours(t.Context(), c.scope, c.f, today)
			if err != nil || hours.Sum() != c.want {
				t.Errorf("hours of %+v in %v: %+v, %v, want %+v", c.f, c.scope, hours.Sum(), err, c.want)
			}
		}
		first := core.RecordFilter{From: today.Start(testZone), To: today.Start(testZone).Add(time.Hour)}
		if totals, err := s.RecordTotals(t.Context(), core.ScopeOf(11), first, today); err != nil || totals != (core.RecordTotals{In: 1}) {
			t.Errorf("totals of the first hour: %+v, %v", totals, err)
		}
		hours, err := s.RecordHours(t.Context(), core.ScopeOf(11), core.RecordFilter{}, today)
		want := core.HourTotals{0: {In: 1}, 8: {Out: 2, Refused: 1}, 23: {Refused: 1}}
		if err != nil || hours != want {
			t.Errorf("hours %+v, %v", hours, err)
		}
	})
}

// An export is every record of the filter, in parts, and one line of the audit log
// that names nobody.
func TestExportAccessRecords(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		all := pastRecords(t, s, 40, 11, 12)
		export := func(scope core.Scope, f core.RecordFilter) (ids []core.ID, err error) {
			err = s.ExportAccessRecords(t.Context(), core.Looker{Actor: core.System}, scope, f, func(r core.AccessRecord) error {
				ids = append(ids, r.ID)
				return nil
			})
			return ids, err
		}
		if ids, err := export(everywhere, core.RecordFilter{}); err != nil || !slices.Equal(ids, recordIDs(all)) {
			t.Errorf("%d records, %v", len(ids), err)
		}
		if ids, err := export(core.ScopeOf(12), core.RecordFilter{Community: 11, Keyword: "张三"}); err != nil || len(ids) != 0 {
			t.Errorf("%d records of another community, %v", len(ids), err)
		}
		const nameless = "SELECT COUNT(*) FROM audit_log WHERE action = 'accessrecord.export' AND after_text NOT LIKE '%张%'"
		if n := countRows(t, s, nameless); n != 2 {
			t.Errorf("%d audit rows, want 2 without names", n)
		}
		stop := errors.New("the browser left")
		n, by := 0, core.Looker{Actor: core.System}
		err := s.ExportAccessRecords(t.Context(), by, everywhere, core.RecordFilter{}, func(core.AccessRecord) error {
			n++
			return stop
		})
		if !errors.Is(err, stop) || n != 1 {
			t.Errorf("went on to %d records, %v", n, err)
		}
	})
}

// Records before a moment go, and no other.
func TestPurgeAccessRecords(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		all := pastRecords(t, s, 30, 11, 12)
		old, err := s.CountOld(t.Context(), all[9].At, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		purged, err := s.PurgeAccessRecords(t.Context(), all[9].At)
		none, wrong := s.CountOld(t.Context(), time.Time{}, time.Time{})
		if int64(old.Records) != purged || none != (Purged{}) || wrong != nil {
			t.Errorf("%d are counted and %d purged; of nothing %+v, %v", old.Records, purged, none, wrong)
		}
		if err != nil || purged != 20 {
			t.Errorf("purged %d, %v, want 20", purged, err)
		}
		records, _, err := s.AccessRecords(t.Context(), everywhere, core.RecordFilter{}, Page{Limit: 99})
		if err != nil || !slices.Equal(recordIDs(records), recordIDs(all[:10])) {
			t.Errorf("left %d records, %v", len(records), err)
		}
		if purged, err = s.PurgeAccessRecords(t.Context(), all[9].At); err != nil || purged != 0 {
			t.Errorf("purged %d again, %v", purged, err)
		}
	})
}
