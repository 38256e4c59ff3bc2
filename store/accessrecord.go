package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const recordColumns = `id, community_id, at, via, reader_id, post_id, guard_id, gate, released_by, direction, kind, pass_id, person_id,
	resident_id, house_id, name, house, temp_tenths, allowed, counted, reason, note, token_digest, repeats, people, means`

type recordRow struct {
	ID          core.ID         `db:"id"`
	Community   core.ID         `db:"community_id"`
	At          database.Millis `db:"at"`
	Via         core.Via        `db:"via"`
	Reader      core.ID         `db:"reader_id"`
	Post        core.ID         `db:"post_id"`
	Guard       core.ID         `db:"guard_id"`
	Gate        string          `db:"gate"`
	ReleasedBy  string          `db:"released_by"`
	Direction   core.Direction  `db:"direction"`
	Kind        core.PassKind   `db:"kind"`
	Pass        core.ID         `db:"pass_id"`
	Person      core.ID         `db:"person_id"`
	Resident    core.ID         `db:"resident_id"`
	House       core.ID         `db:"house_id"`
	Name        string          `db:"name"`
	HouseLabel  string          `db:"house"`
	TempTenths  int             `db:"temp_tenths"`
	Allowed     int             `db:"allowed"`
	Counted     int             `db:"counted"`
	Reason      core.Reason     `db:"reason"`
	Note        string          `db:"note"`
	TokenDigest string          `db:"token_digest"`
	Repeats     int             `db:"repeats"`
	People      int             `db:"people"`
	Means       core.Means      `db:"means"`
}

func (r recordRow) record() core.AccessRecord {
	return core.AccessRecord{
		ID: r.ID, Community: r.Community, At: r.At.Time, Via: r.Via, Reader: r.Reader, Post: r.Post, Guard: r.Guard,
		Gate: r.Gate, ReleasedBy: r.ReleasedBy, Direction: r.Direction, Kind: r.Kind, Pass: r.Pass, Person: r.Person,
		Resident: r.Resident, House: r.House, Name: r.Name, HouseLabel: r.HouseLabel, TempTenths: r.TempTenths,
		Allowed: r.Allowed != 0, Counted: r.Counted != 0, Reason: r.Reason, Note: r.Note, TokenDigest: r.TokenDigest,
		Repeats: r.Repeats, People: r.People, Means: r.Means,
	}
}

// insertAccessRecords appends records in one statement. The digest of a released token is in a
// unique column: releasing it again is a duplicate error, whatever the cache holds.
func insertAccessRecords(tx *database.Tx, records []core.AccessRecord) error {
	if len(records) == 0 {
		return nil
	}
	const columns = 27
	args := make([]any, 0, columns*len(records))
	for _, r := range records {
		var release any
		if r.Allowed && r.TokenDigest != "" {
			release = r.TokenDigest
		}
		args = append(
			args, int64(r.ID), int64(r.Community), r.At.UnixMilli(), string(r.Via), int64(r.Reader),
			int64(r.Post), int64(r.Guard), r.Gate, r.ReleasedBy, string(r.Direction), string(r.Kind),
			int64(r.Pass), int64(r.Person), int64(r.Resident), int64(r.House), r.Name, r.HouseLabel,
			r.TempTenths, database.BoolInt(r.Allowed), database.BoolInt(r.Counted), string(r.Reason), r.Note,
			r.TokenDigest, r.Repeats, r.People, string(r.Means), release,
		)
	}
	row := "(" + database.Placeholders(columns) + ")"
	_, err := tx.Exec("INSERT INTO access_record ("+recordColumns+", release_key) VALUES "+
		row+strings.Repeat(", "+row, len(records)-1), args...)
	return err
}

// released returns the record of the release of a token, if there was one.
func (s *Store) released(ctx context.Context, digest string) (core.AccessRecord, bool, error) {
	var row recordRow
	err := s.db.Get(ctx, &row, "SELECT "+recordColumns+" FROM access_record WHERE release_key = ?", digest)
	if errors.Is(err, sql.ErrNoRows) {
		return core.AccessRecord{}, false, nil
	}
	return row.record(), err == nil, err
}

// AccessRecords lists records, newest first, of the communities in scope. It costs one query, or
// two if a keyword must be resolved first. more reports whether there are further records in the
// direction of paging.
func (s *Store) AccessRecords(
	ctx context.Context, scope core.Scope, f core.RecordFilter, page Page,
) (records []core.AccessRecord, more bool, err error) {
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok {
		return nil, false, database.Wrap("list access records", err)
	}
	query, args := list.Page(page)
	var rows []recordRow
	if err := s.db.All(ctx, &rows, query, args...); err != nil {
		return nil, false, database.Wrap("list access records", err)
	}
	rows, more = core.CutPage(page, rows)
	counts := s.recordsCount(f)
	if page.Total != nil && counts && (f.Reason != "" || f.Result == "urgent" || f.Reader != 0 || f.Post != 0) {
		list.Few = true // by its index, which is forced, also of several communities
		if list.Scope, err = s.listed(ctx, list.Scope); err != nil {
			return nil, false, database.Wrap("list access records", err)
		}
	}
	if err := s.countTimeline(ctx, list, page, listEnd{len(rows), more}, counts); err != nil {
		return nil, false, database.Wrap("list access records", err)
	}
	records = make([]core.AccessRecord, len(rows))
	for i, row := range rows {
		records[i] = row.record()
	}
	return records, more, nil
}

// recordsCount reports whether the list's rows are one range of an index, or few, or of one day, which the page reads for its line of
// totals anyway: others would have to be read in search of those that match.
func (s *Store) recordsCount(f core.RecordFilter) bool {
	day := core.DayOf(f.From, s.zone)
	if f.House != 0 || f.Person != 0 || !f.From.IsZero() && !f.To.IsZero() && !f.To.After((day+1).Start(s.zone)) {
		return true
	}
	rest := f
	rest.Community, rest.From, rest.To = 0, time.Time{}, time.Time{}
	for _, alone := range []core.RecordFilter{ // each has an index of its own
		{}, {Result: rest.Result}, {Reason: rest.Reason}, {Reader: rest.Reader}, {Post: rest.Post},
	} {
		if rest == alone {
			return true
		}
	}
	return false
}

// EachAccessRecord calls each for every record, newest first. It reads them in parts, so that a
// million take the memory of a few thousand.
func (s *Store) EachAccessRecord(ctx context.Context, scope core.Scope, f core.RecordFilter, each func(core.AccessRecord) error) error {
	const part = 1000
	page := Page{Limit: part}
	return pagesAhead(ctx, func(ctx context.Context) (records []core.AccessRecord, more bool, err error) {
		if records, more, err = s.AccessRecords(ctx, scope, f, page); err == nil && len(records) > 0 {
			page.Next = records[len(records)-1].ID
		}
		return records, more, err
	}, each)
}

// AccessRecord returns one record in scope.
func (s *Store) AccessRecord(ctx context.Context, scope core.Scope, id core.ID) (core.AccessRecord, error) {
	var row recordRow
	within, args := database.ScopeWhere(scope, "community_id")
	err := s.db.Get(ctx, &row, "SELECT "+recordColumns+" FROM access_record WHERE id = ? AND "+within, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.AccessRecord{}, database.Wrap("read access record", database.NotFoundIfNoRows(err, "出入记录不存在"))
	}
	return row.record(), nil
}

// RecordTotals counts those of the records of a filter that are of a natural day, in the communities in scope. Those of a busy day may
// be a minute old.
func (s *Store) RecordTotals(ctx context.Context, scope core.Scope, f core.RecordFilter, day core.Day) (core.RecordTotals, error) {
	start, end := day.Start(s.zone), (day + 1).Start(s.zone)
	if f.From.Before(start) {
		f.From = start
	}
	if f.To.IsZero() || f.To.After(end) {
		f.To = end
	}
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok {
		return core.RecordTotals{}, database.Wrap("count access records", err)
	}
	var t struct {
		In      int `db:"allowed_in"`
		Out     int `db:"allowed_out"`
		Refused int `db:"refused"`
		Urgent  int `db:"urgent"`
	}
	where := list.Where()
	key := fmt.Sprint(list.From(), where.Text(), where.Args())
	if kept, ok := s.totals.get(key, s.Now()); ok {
		return kept, nil
	}
	// Sums need no sorting, which groups do.
	err = s.db.Get(ctx, &t, `
		SELECT
			COALESCE(SUM(CASE WHEN allowed = 1 AND direction = ? THEN 1 ELSE 0 END), 0) AS allowed_in,
			COALESCE(SUM(CASE WHEN allowed = 1 AND direction <> ? THEN 1 ELSE 0 END), 0) AS allowed_out,
			COALESCE(SUM(CASE WHEN allowed = 0 THEN 1 ELSE 0 END), 0) AS refused,
			COALESCE(SUM(CASE WHEN allowed = 1 AND reason = ? THEN 1 ELSE 0 END), 0) AS urgent
		FROM `+list.From()+`
		WHERE `+where.Text(), append([]any{string(core.In), string(core.In), string(core.ReasonUrgent)}, where.Args()...)...)
	totals := core.RecordTotals{In: t.In, Out: t.Out, Refused: t.Refused, Urgent: t.Urgent}
	if err == nil && totals.All() > manyRows {
		s.totals.keep(key, totals, s.Now())
	}
	return totals, database.Wrap("count access records", err)
}

// recordTimeline converts a filter to SQL. ok is false if nothing can match.
func (s *Store) recordTimeline(ctx context.Context, scope core.Scope, f core.RecordFilter) (l database.Timeline, ok bool, err error) {
	l = database.Timeline{
		Table: "access_record", Columns: recordColumns, Scope: scope.In(f.Community), Filter: recordWhere(f),
		Index: s.recordIndex(f), Apart: true, Few: f.House != 0 || f.Person != 0,
	}
	if err := s.withFormerHouses(ctx, &l, f); err != nil {
		return l, false, err
	}
	if l.Few { // few match, and their indexes begin with the community: the primary key would be read in search of them
		if l.Scope, err = s.listed(ctx, l.Scope); err != nil {
			return l, false, err
		}
	}
	if l.Scope.Empty() {
		return l, false, nil
	}
	if f.Keyword == "" {
		return l, true, nil
	}
	return s.recordKeyword(ctx, l, f)
}

// withFormerHouses lets the records of a house have those of the houses that became part of it.
func (s *Store) withFormerHouses(ctx context.Context, l *database.Timeline, f core.RecordFilter) error {
	if f.House == 0 {
		return nil
	}
	var houses []core.ID
	err := s.db.All(ctx, &houses, "SELECT house_id FROM house_former WHERE into_id = ? ORDER BY house_id", int64(f.House))
	if err != nil || len(houses) == 0 {
		return err
	}
	houses = append(houses, f.House)
	f.House = 0
	l.Filter = recordWhere(f)
	l.Filter.And("house_id IN ("+database.Placeholders(len(houses))+")", database.IDArgs(houses)...)
	return nil
}

// recordWhere returns the condition of a filter, without community and keyword.
func recordWhere(f core.RecordFilter) database.Where {
	var where database.Where
	if !f.From.IsZero() {
		where.And("id >= ?", int64(database.FirstID(f.From)))
	}
	if !f.To.IsZero() {
		where.And("id < ?", int64(database.FirstID(f.To)))
	}
	for _, c := range []struct{ column, value string }{
		{"direction", string(f.Direction)}, {"kind", string(f.Kind)}, {"via", string(f.Via)}, {"reason", string(f.Reason)},
	} {
		if c.value != "" {
			where.And(c.column+" = ?", c.value)
		}
	}
	switch f.Result {
	case "":
	case "allowed", "refused":
		where.And("allowed = ?", database.BoolInt(f.Result == "allowed"))
	case "urgent":
		where.And("allowed = 1 AND reason = ?", string(core.ReasonUrgent))
	default: // no record has another
		where.And("1 = 0")
	}
	for _, c := range []struct {
		column string
		value  core.ID
	}{{"reader_id", f.Reader}, {"post_id", f.Post}, {"house_id", f.House}, {"person_id", f.Person}} {
		if c.value != 0 {
			where.And(c.column+" = ?", int64(c.value))
		}
	}
	return where
}

// recordIndex returns the index by which a filtered list is paged. Those of a house and of a person
// are short, so both databases are forced to use them; those by keyword are too, and left to the
// database.
func (s *Store) recordIndex(f core.RecordFilter) string {
	switch {
	case f.Person != 0:
		return s.db.Dialect().UseIndex("access_record_person")
	case f.House != 0:
		return s.db.Dialect().UseIndex("access_record_house")
	case f.Keyword != "":
		return ""
	case f.Reader != 0:
		return s.db.Dialect().ForceIndex("access_record_reader")
	case f.Post != 0:
		return s.db.Dialect().ForceIndex("access_record_post")
	case f.Reason != "", f.Result == "urgent":
		return s.db.Dialect().ForceIndex("access_record_reason")
	case f.Result != "":
		return s.db.Dialect().ForceIndex("access_record_result")
	}
	return s.db.Dialect().ForceIndex("access_record_community")
}

// maxKeyword is the maximum number of people whose records are searched by person.
const maxKeyword = 200

// recordKeyword adds a keyword to the filter. It looks the keyword up among the residents, and then
// their records by person: both have indexes. If it matches many people, such as a frequent family
// name, it searches the records themselves: a page is soon full.
func (s *Store) recordKeyword(ctx context.Context, l database.Timeline, f core.RecordFilter) (database.Timeline, bool, error) {
	scope, err := s.listed(ctx, l.Scope)
	if err != nil {
		return l, false, err
	}
	people, err := s.peopleOfKeyword(ctx, scope, f)
	if err != nil || len(people) == 0 {
		return l, false, err
	}
	among := "person_id IN (" + database.Placeholders(len(people)) + ")"
	if len(people) <= maxKeyword {
		l.Filter.And(among, database.IDArgs(people)...)
		return l, true, nil
	}
	keyword := core.Clean(f.Keyword)
	name := database.LikePrefix(keyword)
	switch {
	case f.Outsider:
		family := core.FamilyName(keyword)
		if name = database.LikePrefix(family); compound(family) {
			name = family + "_%" // as in outsiderMatches
		}
	case oneCommunity(scope):
		name = database.LikeContains(keyword)
	}
	f.Keyword = ""
	l.Index = s.recordIndex(f)
	l.Filter.And("(name LIKE ? ESCAPE '!' OR house LIKE ? ESCAPE '!' OR "+among+")", append(
		[]any{name, database.LikeContains(keyword)}, database.IDArgs(people)...,
	)...)
	return l, true, nil
}

// peopleOfKeyword returns the people the keyword matches, at most maxKeyword plus one.
func (s *Store) peopleOfKeyword(ctx context.Context, scope core.Scope, f core.RecordFilter) ([]core.ID, error) {
	var ways []residentMatch
	var err error
	if f.Outsider {
		ways, err = s.outsiderMatches(ctx, scope, f.Keyword)
	} else {
		ways, err = s.residentMatches(ctx, scope, f.Keyword, gramResident, gramMovedOut)
	}
	if err != nil {
		return nil, err
	}
	var people []core.ID
	for i := 0; i < len(ways) && len(people) <= maxKeyword; i++ { // the rest does not matter
		var found []core.ID
		if err := s.db.All(
			ctx, &found, "SELECT DISTINCT t.person_id FROM "+ways[i].from+" LIMIT ?",
			append(ways[i].args, maxKeyword+1)...,
		); err != nil {
			return nil, err
		}
		people = append(people, found...)
	}
	slices.Sort(people)
	people = slices.Compact(people)
	return people[:min(len(people), maxKeyword+1)], nil
}

// ImportAccessRecords appends past records unchanged; those without an id get one for their time.
// It is for demonstration data and measurements.
func (s *Store) ImportAccessRecords(ctx context.Context, records []core.AccessRecord) error {
	const part = 200
	for start := 0; start < len(records); start += part {
		some := records[start:min(start+part, len(records))]
		for i := range some {
			if some[i].ID == 0 {
				some[i].ID = s.db.NewIDAt(some[i].At)
			}
		}
		err := s.db.Write(ctx, "import access records", func(tx *database.Tx) error { return insertAccessRecords(tx, some) })
		if err != nil {
			return err
		}
	}
	return nil
}

// PurgeAccessRecords deletes the records before a moment, a few thousand at a time so that no scan
// waits long, and returns how many it deleted.
func (s *Store) PurgeAccessRecords(ctx context.Context, before time.Time) (int64, error) {
	const part = 2000
	var total int64
	for {
		var n int64
		err := s.db.Write(ctx, "purge access records", func(tx *database.Tx) error {
			var err error
			n, err = tx.Exec(
				`DELETE FROM access_record WHERE id IN (SELECT id FROM (SELECT id FROM access_record WHERE id < ?
					ORDER BY id LIMIT ?) old)`,
				int64(database.FirstID(before)), part,
			)
			return err
		})
		total += n
		if err != nil || n < part {
			return total, err
		}
	}
}
