package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

const residentColumns = `t.id, t.community_id, t.house_id, t.person_id, t.name, t.sex, t.identity, t.lease_day,
	t.phone_cipher, t.phone_shared, t.idno_cipher,
	t.certified_at, t.certified_how, t.certified_by, t.certified_note, t.moved_out_at, t.updated_at,
	h.label, c.name AS community, COALESCE(p.id, 0) AS pass_id,
	p.disabled_at AS pass_disabled`

const residentFrom = ` FROM resident t JOIN house h ON h.id = t.house_id JOIN community c ON c.id = t.community_id
	LEFT JOIN pass p ON p.kind = 'resident' AND p.holder_id = t.id `

type residentRow struct {
	ID           core.ID         `db:"id"`
	CommunityID  core.ID         `db:"community_id"`
	House        core.ID         `db:"house_id"`
	Person       core.ID         `db:"person_id"`
	Name         string          `db:"name"`
	Sex          string          `db:"sex"`
	Identity     core.Identity   `db:"identity"`
	LeaseDay     core.Day        `db:"lease_day"`
	PhoneCipher  string          `db:"phone_cipher"`
	PhoneShared  bool            `db:"phone_shared"`
	IDNoCipher   string          `db:"idno_cipher"`
	Certified    database.Millis `db:"certified_at"`
	CertHow      string          `db:"certified_how"`
	CertBy       string          `db:"certified_by"`
	CertNote     string          `db:"certified_note"`
	MovedOut     database.Millis `db:"moved_out_at"`
	Updated      database.Millis `db:"updated_at"`
	Label        string          `db:"label"`
	Community    string          `db:"community"`
	Pass         core.ID         `db:"pass_id"`
	PassDisabled database.Millis `db:"pass_disabled"`
}

// ResidentRow is a resident with the names of community and house; phone and ID number are masked.
type ResidentRow struct {
	core.Resident
	HouseLabel    string
	CommunityName string
	Pass          core.ID // 0 = none
	PassDisabled  bool
}

// whole decrypts the row's personal data by the Reveal of a database or transaction.
func (r residentRow) whole(reveal func(column, sealed string) string) core.Resident {
	phone, idno := reveal("resident.phone", r.PhoneCipher), reveal("resident.idno", r.IDNoCipher)
	return core.Resident{
		ID: r.ID, Community: r.CommunityID, House: r.House, Person: r.Person, Name: r.Name, Sex: r.Sex, Identity: r.Identity,
		LeaseDay: r.LeaseDay, Phone: phone, PhoneShared: r.PhoneShared, IDNumber: idno,
		Certified: r.Certified.Time, MovedOut: r.MovedOut.Time, Updated: r.Updated.Time,
		Desk: core.Certification{How: core.CertifiedHow(r.CertHow), By: r.CertBy, Note: r.CertNote},
	}
}

func (s *Store) residentRow(r residentRow, whole bool) ResidentRow {
	resident := r.whole(s.db.Reveal)
	if !whole {
		resident = resident.Masked()
	}
	return ResidentRow{
		Resident: resident, HouseLabel: r.Label, CommunityName: r.Community, Pass: r.Pass, PassDisabled: !r.PassDisabled.IsZero(),
	}
}

const noResident = "住户不存在"

// Resident returns one resident of the scope, masked. Those who moved out are found too.
func (s *Store) Resident(ctx context.Context, scope core.Scope, id core.ID) (ResidentRow, error) {
	where, args := database.ScopeWhere(scope, "t.community_id")
	var row residentRow
	err := s.db.Get(ctx, &row, "SELECT "+residentColumns+residentFrom+"WHERE t.id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return ResidentRow{}, database.Wrap("resident", database.NotFoundIfNoRows(err, noResident))
	}
	return s.residentRow(row, false), nil
}

// ResidentsByID returns those of residents that there are in the scope in the order of ids, each once, masked.
func (s *Store) ResidentsByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]ResidentRow, error) {
	if len(ids) > ResidentsAtOnce {
		return nil, core.Invalid(fmt.Sprintf("请选择 1 至 %d 名住户", ResidentsAtOnce))
	}
	list, err := s.residentRows(ctx, ids, false)
	if err != nil {
		return nil, database.Wrap("residents by id", err)
	}
	return slices.DeleteFunc(list, func(r ResidentRow) bool { return !scope.Has(r.Community) }), nil
}

// ResidentFilter narrows the list of residents. Zero fields do not filter.
type ResidentFilter struct {
	Community core.ID
	House     core.ID // only together with Community
	Node      core.ID // houses under this building node; only together with Community
	Keyword   string  // of a name (core.ReadName), a house, the last four of a phone or ID number, or a whole one
	Certified string  // "yes", "no", "" = both
	Identity  core.Identity
	MovedOut  bool // residents who moved out, instead of the others
	// "name", "sex", "identity", "-" in front for descending; only of one community and without a keyword; "" = newest first
	Sort string
	Page Page

	everybody bool // those who moved out as well as those who live there
}

// Residents lists residents of the scope, newest first or as sorted, masked. more reports whether
// there are further rows in the direction of paging. It costs two queries: the ids of the page,
// each way of matching the keyword by its own index, and the rows.
func (s *Store) Residents(ctx context.Context, scope core.Scope, f ResidentFilter) (list []ResidentRow, more bool, err error) {
	if scope, err = f.within(scope); err != nil {
		return nil, false, err
	}
	found, more, err := s.residentPage(ctx, scope, f)
	if err != nil {
		return nil, false, database.Wrap("list residents", err)
	}
	list, err = s.residentRows(ctx, database.IDsOf(found, residentKey.id), false)
	return list, more, database.Wrap("list residents", err)
}

// within narrows a scope to the filter's community.
func (f ResidentFilter) within(scope core.Scope) (core.Scope, error) {
	if f.Community == 0 {
		return scope, nil
	}
	if !scope.Has(f.Community) {
		return scope, core.NotFound(noCommunity)
	}
	return core.ScopeOf(f.Community), nil
}

// residentKey is the place of a resident in a list.
type residentKey struct {
	ID    core.ID `db:"id"`
	Value string  `db:"sort_value"` // of the column that the list is sorted by; "" = it is not
}

func (k residentKey) id() core.ID { return k.ID }

// residentPage returns the places of a page of residents.
func (s *Store) residentPage(
	ctx context.Context, scope core.Scope, f ResidentFilter,
) (found []residentKey, more bool, err error) {
	var query string
	var args []any
	if f.sorted(scope) {
		community, _ := scope.One()
		if query, args, err = s.sortedResidentIDs(ctx, community, f); err != nil {
			return nil, false, err
		}
	} else {
		if f.Keyword != "" || f.MovedOut {
			if scope, err = s.listed(ctx, scope); err != nil {
				return nil, false, err
			}
		}
		if query, args, err = s.residentIDs(ctx, scope, f); err != nil {
			return nil, false, err
		}
	}
	if err := s.db.All(ctx, &found, query, args...); err != nil {
		return nil, false, err
	}
	found, more = core.CutPage(f.Page, found)
	return found, more, s.countResidents(ctx, scope, f, listEnd{len(found), more})
}

// countResidents sets the total of a list of residents. One with a keyword, which is found in several
// ways, is not counted.
func (s *Store) countResidents(ctx context.Context, scope core.Scope, f ResidentFilter, end listEnd) error {
	if core.Clean(f.Keyword) != "" {
		uncounted(f.Page, end)
		return nil
	}
	if f.Node != 0 {
		from, under := s.residentsUnder(f)
		f.Node = 0
		where, args := f.where()
		return s.countList(ctx, f.Page, end, "FROM "+from+where, append(under, args...))
	}
	where, args := f.where()
	inScope, scopeArgs := database.ScopeWhere(scope, "t.community_id")
	from := "resident t"
	if _, one := scope.One(); one && f.House == 0 {
		from += s.db.Dialect().ForceIndex("resident_certified")
	}
	return s.countList(ctx, f.Page, end, "FROM "+from+" WHERE "+inScope+where, append(scopeArgs, args...))
}

// residentRows returns the rows of ids in their order, masked unless whole.
func (s *Store) residentRows(ctx context.Context, ids []core.ID, whole bool) ([]ResidentRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []residentRow
	if err := s.db.All(
		ctx, &rows,
		"SELECT "+residentColumns+residentFrom+"WHERE t.id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	); err != nil {
		return nil, err
	}
	place := make(map[core.ID]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(rows, func(a, b residentRow) int { return place[a.ID] - place[b.ID] })
	list := make([]ResidentRow, len(rows))
	for i, row := range rows {
		list[i] = s.residentRow(row, whole)
	}
	return list, nil
}

// ResidentTies lists where a person lives and has lived within the scope, newest first, masked.
func (s *Store) ResidentTies(ctx context.Context, scope core.Scope, person core.ID) ([]ResidentRow, error) {
	where, args := database.ScopeWhere(scope, "community_id + 0")
	var ids []core.ID
	err := s.db.All(
		ctx, &ids, "SELECT id FROM resident WHERE person_id = ? AND "+where+" ORDER BY id DESC LIMIT 50",
		append([]any{int64(person)}, args...)...,
	)
	if err != nil {
		return nil, database.Wrap("ties of a person", err)
	}
	list, err := s.residentRows(ctx, ids, false)
	return list, database.Wrap("ties of a person", err)
}

// residentIDs returns the query for the ids of one page and one more. A keyword is matched in
// several ways, each with a query and an index of its own. They are ordered by an expression, since
// SQLite would otherwise read the whole community in the order of ids.
func (s *Store) residentIDs(ctx context.Context, scope core.Scope, f ResidentFilter) (string, []any, error) {
	byTie := database.PageOrder{ID: "t.id", Desc: true}
	where, args := f.where()
	bounds, cursor := byTie.Bounds(f.Page)
	where, args = where+bounds, append(args, cursor...)
	limit := f.Page.Limit + 1
	ways, err := s.residentMatches(ctx, scope, f.Keyword, f.gramKind())
	switch {
	case err != nil:
		return "", nil, err
	case len(ways) > 0:
	case f.MovedOut && f.House == 0:
		// few of all: reading the whole register in search of them takes too long
		inScope, scopeArgs := database.ScopeWhere(scope, "t.community_id")
		ways = []residentMatch{{
			from: "resident t" + s.db.Dialect().ForceIndex("resident_certified") + " WHERE " + inScope, args: scopeArgs,
		}}
	case f.Node != 0:
		from, args := s.residentsUnder(f)
		ways = []residentMatch{{from: from, args: args}}
	}
	if len(ways) == 0 {
		inScope, scopeArgs := database.ScopeWhere(scope, "t.community_id")
		table := "resident t"
		if _, one := scope.One(); one && f.House == 0 {
			table += s.db.Dialect().ForceIndex("resident_community")
		}
		return "SELECT t.id FROM " + table + " WHERE " + inScope + where + byTie.Clause(f.Page),
			append(append(scopeArgs, args...), limit), nil
	}
	query, args := residentUnion(ways, f)
	return query, args, nil
}

// residentUnion is the query for the ids that any of some ways finds, of one page and one more.
func residentUnion(ways []residentMatch, f ResidentFilter) (string, []any) {
	var parts []string
	var all []any
	for i, way := range ways {
		query, args := way.query(f)
		parts = append(parts, "SELECT id FROM ("+query+") w"+string(rune('a'+i)))
		all = append(all, args...)
	}
	return "SELECT id FROM (" + strings.Join(parts, " UNION ") + ") u" + database.NewestFirst.Clause(f.Page),
		append(all, f.Page.Limit+1)
}

// gramKind returns whose names the filter looks at.
func (f ResidentFilter) gramKind() gramKind {
	if f.MovedOut {
		return gramMovedOut
	}
	return gramResident
}

// plain reports whether the filter narrows by nothing that only a resident's row has.
func (f ResidentFilter) plain() bool {
	return f.House == 0 && f.Node == 0 && f.Identity == "" && f.Certified == ""
}

// where returns the condition of the filter, without community and keyword.
func (f ResidentFilter) where() (string, []any) {
	where, args := " AND t.moved_out_at IS NULL", []any(nil)
	switch {
	case f.everybody:
		where = ""
	case f.MovedOut:
		where = " AND t.moved_out_at IS NOT NULL"
	}
	add := func(clause string, values ...any) { where, args = where+" AND "+clause, append(args, values...) }
	if f.House != 0 {
		add("t.house_id = ?", int64(f.House))
	}
	if f.Node != 0 {
		under, values := underNodes("n.node_id", f.Community, f.Node)
		add("EXISTS (SELECT 1 FROM house n WHERE n.id = t.house_id AND "+under+")", values...)
	}
	if f.Identity != "" {
		add("t.identity = ?", string(f.Identity))
	}
	switch f.Certified {
	case "yes":
		add("t.certified_at IS NOT NULL")
	case "no":
		add("t.certified_at IS NULL")
	}
	return where, args
}

// residentMatch is one way in which a keyword finds residents: tables and conditions.
type residentMatch struct {
	from string
	args []any
	bare string // a query that finds the same ids, with the same args, without reading residents; "" = there is none
}

// query returns the query for the ids of one page, and one more, that the way finds.
func (m residentMatch) query(f ResidentFilter) (string, []any) {
	if m.bare != "" && f.plain() {
		order := database.PageOrder{ID: "g.subject_id", Desc: true}
		return order.Query(f.Page, m.bare, m.args)
	}
	where, args := f.where()
	order := database.PageOrder{ID: "t.id + 0", Desc: true}
	bounds, cursor := database.PageOrder{ID: "t.id", Desc: true}.Bounds(f.Page)
	args = slices.Concat(m.args, args, cursor, []any{f.Page.Limit + 1})
	return "SELECT t.id FROM " + m.from + where + bounds + order.Clause(f.Page), args
}

// residentsByHouse joins houses with their residents by the index of ties. With the community as a
// condition, SQLite would use an index of all the community's residents.
func (s *Store) residentsByHouse() string {
	return "house h" + s.db.Dialect().ForceIndex("house_label") + s.db.Dialect().ThenJoin() + "resident t" +
		s.db.Dialect().ForceIndex("resident_tie") + " ON t.house_id = h.id"
}

// residentsUnder returns the tables and the condition of the residents of houses under the filter's node.
func (s *Store) residentsUnder(f ResidentFilter) (from string, args []any) {
	under, args := underNodes("h.node_id", f.Community, f.Node)
	return "house h" + s.db.Dialect().ForceIndex("house_node") + s.db.Dialect().ThenJoin() + "resident t" +
			s.db.Dialect().ForceIndex("resident_tie") + " ON t.house_id = h.id WHERE h.community_id = ? AND " + under,
		append([]any{int64(f.Community)}, args...)
}

// residentMatches are the ways in which a keyword finds residents; kinds are whose names count.
func (s *Store) residentMatches(
	ctx context.Context, scope core.Scope, keyword string, kinds ...gramKind,
) ([]residentMatch, error) {
	keyword = core.Clean(keyword)
	if keyword == "" {
		return nil, nil
	}
	if phone, err := core.NormalizePhone(keyword); err == nil {
		return []residentMatch{s.residentsByDigest(scope, "phone", core.PhoneBase(phone))}, nil
	}
	ways := s.residentsNamedLike(scope, keyword, kinds...)
	houses, err := s.residentsOfHouses(ctx, scope, keyword)
	if err != nil {
		return nil, err
	}
	ways = append(ways, houses...)
	said := core.ReadSearch(keyword)
	for _, phone := range core.RegionalPhones(keyword) {
		ways = append(ways, s.residentsByDigest(scope, "phone", phone))
	}
	if said.IDNumber != "" {
		ways = append(ways, s.residentsByDigest(scope, "idno", said.IDNumber))
	}
	switch len(said.Tail) {
	case 4:
		ways = append(ways, s.residentsByTail(scope, said.Tail)...)
	case 5, 6:
		tail, err := s.residentsByLonger(ctx, scope, said)
		if err != nil {
			return nil, err
		}
		ways = append(ways, tail...)
	}
	if len(ways) == 0 {
		ways = append(ways, nobody(scope))
	}
	return ways, nil
}

// residentsByDigest finds by a whole phone or ID number: column is phone or idno.
func (s *Store) residentsByDigest(scope core.Scope, column, number string) residentMatch {
	return matchIn(scope, "resident t"+s.db.Dialect().UseIndex("resident_"+column), "t.community_id",
		"t."+column+"_mac = ?", s.db.Keys().Digest(column, number))
}

// residentsByTail finds by the last four characters of a phone or ID number.
func (s *Store) residentsByTail(scope core.Scope, tail string) []residentMatch {
	var ways []residentMatch
	for _, column := range []string{"phone", "idno"} {
		begins := s.db.Keys().DigestTail(column, tail)
		ways = append(ways, matchIn(scope, "resident t"+s.db.Dialect().UseIndex("resident_"+column), "t.community_id",
			"t."+column+"_mac >= ? AND t."+column+"_mac < ?", begins, begins+"~")) // it is behind all characters of a digest
	}
	return ways
}

// residentsByLonger finds by the last five or six characters of a phone or ID number, as the search box does.
func (s *Store) residentsByLonger(ctx context.Context, scope core.Scope, said core.SearchText) ([]residentMatch, error) {
	var ids []core.ID
	for _, movedOut := range []bool{false, true} {
		found, err := s.residentsByLongTail(ctx, s.residentsByTail(scope, said.Tail), said, ResidentFilter{
			MovedOut: movedOut, Page: Page{Limit: maxTail},
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return []residentMatch{{
		from: "resident t WHERE t.id IN (" + database.Placeholders(len(ids)) + ")", args: database.IDArgs(ids),
	}}, nil
}

// nobody is the way that finds no one: no way at all would find everybody.
func nobody(scope core.Scope) residentMatch {
	return matchIn(scope, "resident t", "t.community_id", "1 = 0")
}

// outsiderMatches are those in which an outsider's keyword finds residents: by house, and
// by the family name. The digits of a number and a given name find nobody: a search must
// not tell what the page hides.
func (s *Store) outsiderMatches(ctx context.Context, scope core.Scope, keyword string) ([]residentMatch, error) {
	named := nobody(scope)
	if family := core.FamilyName(core.FoldName(keyword)); compound(family) {
		// Of the family 欧阳, but not 欧 with the given name 阳, which the page hides.
		named = matchIn(scope, "resident t"+s.db.Dialect().UseIndex("resident_name"), "t.community_id",
			"t.name_fold > ? AND t.name_fold < ?", family, family+"\U0010FFFF")
	} else if family != "" {
		named = s.namesBeginning(scope, family)
	}
	houses, err := s.residentsOfHouses(ctx, scope, keyword)
	return append([]residentMatch{named}, houses...), err
}

// compound reports whether a family name is one of several characters.
func compound(family string) bool { return utf8.RuneCountInString(family) > 1 }

// matchIn returns a way to find residents of a scope; column holds the community.
func matchIn(scope core.Scope, from, column, clause string, values ...any) residentMatch {
	inScope, args := database.ScopeWhere(scope, column)
	return residentMatch{from: from + " WHERE " + inScope + " AND " + clause, args: append(args, values...)}
}

// namesBeginning matches the beginning of a folded name. It uses a range, because SQLite's LIKE
// ignores case and therefore the index.
func (s *Store) namesBeginning(scope core.Scope, name string) residentMatch {
	return matchIn(scope, "resident t"+s.db.Dialect().UseIndex("resident_name"), "t.community_id",
		"t.name_fold >= ? AND t.name_fold < ?", name, name+"\U0010FFFF")
}

// residentsOfHouses matches the houses that a keyword denotes, found as the search box finds them, by indexes. In
// one community, whose labels are read quickly, a part of a label will do where there are none.
func (s *Store) residentsOfHouses(ctx context.Context, scope core.Scope, keyword string) ([]residentMatch, error) {
	keyword = core.Clean(keyword)
	houses, err := s.housesSaid(ctx, scope, keyword)
	if err != nil {
		return nil, err
	}
	if len(houses) > 0 {
		return []residentMatch{{
			from: "resident t" + s.db.Dialect().ForceIndex("resident_tie") +
				" WHERE t.house_id IN (" + database.Placeholders(len(houses)) + ")",
			args: database.IDArgs(houseIDs(houses)),
		}}, nil
	}
	if _, one := scope.One(); !one {
		return nil, nil
	}
	return []residentMatch{matchIn(scope, s.residentsByHouse(), "h.community_id",
		"h.label LIKE ? ESCAPE '!'", database.LikeContains(keyword))}, nil
}
