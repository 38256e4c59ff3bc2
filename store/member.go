package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

type memberRow struct {
	ID          core.ID         `db:"id"`
	Institution core.ID         `db:"institution_id"`
	Name        string          `db:"name"`
	Phone       string          `db:"phone_cipher"`
	IDNumber    string          `db:"idno_cipher"`
	From        core.Day        `db:"from_day"`
	Until       core.Day        `db:"until_day"`
	Remark      string          `db:"remark"`
	Face        core.ID         `db:"face_id"`
	IDFront     core.ID         `db:"id_front_id"`
	IDBack      core.ID         `db:"id_back_id"`
	Disabled    database.Millis `db:"disabled_at"`
	Updated     database.Millis `db:"updated_at"`
}

// noMember is the message for a member who does not exist or is out of scope.
const noMember = "成员不存在"

const (
	memberFields = `id, institution_id, name, phone_cipher, idno_cipher, from_day, until_day, remark, face_id, id_front_id,
	id_back_id, disabled_at, updated_at`
	memberColumns = "SELECT " + memberFields + " FROM institution_member WHERE "
)

// memberPhotoColumns are the columns with a member's pictures.
var memberPhotoColumns = map[core.MemberPhoto]string{
	core.MemberFace: "face_id", core.MemberIDFront: "id_front_id", core.MemberIDBack: "id_back_id",
}

// whole returns the row with the numbers whole.
func (r memberRow) whole(reveal func(column, sealed string) string) core.Member {
	m := core.Member{
		ID: r.ID, Institution: r.Institution, Name: r.Name, Phone: reveal("institution_member.phone", r.Phone),
		From: r.From, Until: r.Until, Remark: r.Remark, Photos: map[core.MemberPhoto]core.ID{},
		Disabled: r.Disabled.Time, Updated: r.Updated.Time,
	}
	if r.IDNumber != "" {
		m.IDNumber = reveal("institution_member.idno", r.IDNumber)
	}
	for which, id := range map[core.MemberPhoto]core.ID{
		core.MemberFace: r.Face, core.MemberIDFront: r.IDFront, core.MemberIDBack: r.IDBack,
	} {
		if id != 0 {
			m.Photos[which] = id
		}
	}
	return m
}

// masked returns the row as lists show it.
func (r memberRow) masked(reveal func(column, sealed string) string) core.Member {
	m := r.whole(reveal)
	m.Phone, m.IDNumber = core.MaskPhone(m.Phone), core.MaskIDNumber(m.IDNumber)
	return m
}

// MemberFilter narrows the list of members. Zero fields do not filter.
type MemberFilter struct {
	Community   core.ID
	Institution core.ID
	Keyword     string // part of the name, or a whole phone number
	State       core.MemberState
	Wholly      bool     // only of institutions of which the whole is in scope: whom the reader may change
	Today       core.Day // for State
	Sort        string   // "name", "-name"; "" = oldest first
	Page        Page
}

func (s *Store) memberWhere(scope core.Scope, f MemberFilter) database.Where {
	var where database.Where
	if f.Wholly {
		where = institutionsWholly(scope, "institution_id")
	}
	if f.Community != 0 {
		where.And("institution_id IN (SELECT institution_id FROM institution_community WHERE community_id = ?)",
			int64(f.Community))
	}
	if f.Institution != 0 {
		where.And("institution_id = ?", int64(f.Institution))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		s.likePerson(&where, keyword)
	}
	const off = "(disabled_at IS NOT NULL OR institution_id IN (SELECT id FROM institution WHERE disabled_at IS NOT NULL))"
	switch today, due := int32(f.Today), int32(f.Today+core.MemberDueDays); f.State {
	case "":
	case core.MemberDisabled:
		where.And(off)
	case core.MemberOver:
		where.And("until_day < ? AND NOT "+off, today)
	case core.MemberDue:
		where.And("until_day >= ? AND until_day < ? AND NOT "+off, today, due)
	case core.MemberComing:
		where.And("from_day > ? AND until_day >= ? AND NOT "+off, today, due)
	case core.MemberValid:
		where.And("from_day <= ? AND until_day >= ? AND NOT "+off, today, due)
	default: // no member is in another
		where.And("1 = 0")
	}
	return where
}

// Members lists a page of the members of institutions of any community in scope, masked. more reports whether there are
// further rows in the direction of paging.
func (s *Store) Members(ctx context.Context, scope core.Scope, f MemberFilter) (list []core.Member, more bool, err error) {
	rows, more, err := readPage[memberRow](ctx, s, listQuery{
		columns: memberFields, table: "institution_member",
		scope:  institutionsWithin(scope, "institution_id"),
		filter: s.memberWhere(scope, f),
		order:  orderBy(f.Sort, "name_key"),
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list members", err)
	}
	list, err = s.members(ctx, scope, rows)
	return list, more, database.Wrap("list members", err)
}

// CountMembers counts the members of a filter in scope.
func (s *Store) CountMembers(ctx context.Context, scope core.Scope, f MemberFilter) (n int, err error) {
	where, table := institutionsWithin(scope, "institution_id").With(s.memberWhere(scope, f)), "institution_member"
	if f.State == core.MemberDue { // the few of some days; SQLite would go through the members of every institution
		table += s.db.Dialect().UseIndex("institution_member_until")
	}
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM "+table+" WHERE "+where.Text(), where.Args()...)
	return n, database.Wrap("count members", err)
}

// Member returns one member of an institution of any community in scope, masked.
func (s *Store) Member(ctx context.Context, scope core.Scope, id core.ID) (core.Member, error) {
	list, err := s.MembersByID(ctx, scope, []core.ID{id})
	if err == nil && len(list) == 0 {
		err = core.NotFound(noMember)
	}
	if err != nil {
		return core.Member{}, err
	}
	return list[0], nil
}

// MemberOfPerson returns the member of an institution of any community in scope who is a person, masked: of several the latest.
func (s *Store) MemberOfPerson(ctx context.Context, scope core.Scope, person core.ID) (core.Member, error) {
	where := institutionsWithin(scope, "institution_id")
	where.And("id IN (SELECT holder_id FROM pass WHERE person_id = ? AND kind = ?)", int64(person), core.PassDedicated)
	var id core.ID
	err := s.db.Get(ctx, &id, "SELECT id FROM institution_member WHERE "+where.Text()+" ORDER BY id DESC LIMIT 1", where.Args()...)
	if err != nil {
		return core.Member{}, database.Wrap("member of a person", database.NotFoundIfNoRows(err, noMember))
	}
	return s.Member(ctx, scope, id)
}

// MembersByID returns those of members that there are in scope, by id.
func (s *Store) MembersByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.Member, error) {
	var rows []memberRow
	err := database.EachPart(ids, func(part []core.ID) error {
		where := institutionsWithin(scope, "institution_id")
		where.And("id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		var some []memberRow
		err := s.db.All(ctx, &some, memberColumns+where.Text()+" ORDER BY id", where.Args()...)
		rows = append(rows, some...)
		return err
	})
	if err != nil {
		return nil, database.Wrap("read members", err)
	}
	list, err := s.members(ctx, scope, rows)
	return list, database.Wrap("read members", err)
}

// members joins rows with their institutions and passes, in one query each for all.
func (s *Store) members(ctx context.Context, scope core.Scope, rows []memberRow) ([]core.Member, error) {
	list := make([]core.Member, len(rows))
	at := map[core.ID]int{}
	for i, row := range rows {
		list[i], at[row.ID] = row.masked(s.db.Reveal), i
	}
	err := database.EachPart(database.IDsOf(list, func(m core.Member) core.ID { return m.ID }), func(part []core.ID) error {
		var joined []struct {
			ID   core.ID         `db:"id"`
			Name string          `db:"name"`
			Off  database.Millis `db:"disabled_at"`
			Pass core.ID         `db:"pass_id"`
			Of   core.ID         `db:"person_id"`
		}
		err := s.db.All(ctx, &joined, `
			SELECT m.id, i.name, i.disabled_at, COALESCE(p.id, 0) AS pass_id, COALESCE(p.person_id, 0) AS person_id
			FROM institution_member m
			JOIN institution i ON i.id = m.institution_id
			LEFT JOIN pass p ON p.kind = ? AND p.holder_id = m.id
			WHERE m.id IN (`+database.Placeholders(len(part))+")",
			database.AppendIDs([]any{string(core.PassDedicated)}, part)...)
		for _, j := range joined {
			m := &list[at[j.ID]]
			m.InstitutionName, m.InstitutionOff, m.Pass, m.Person = j.Name, !j.Off.IsZero(), j.Pass, j.Of
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, s.markMembers(ctx, scope, list)
}

// markMembers sets Wholly of members.
func (s *Store) markMembers(ctx context.Context, scope core.Scope, list []core.Member) error {
	beyond := map[core.ID]bool{}
	if !scope.Whole() {
		within, args := database.ScopeWhere(scope, "community_id")
		of := slices.Compact(slices.Sorted(slices.Values(database.IDsOf(list, func(m core.Member) core.ID { return m.Institution }))))
		err := database.EachPart(of, func(part []core.ID) error {
			var some []core.ID
			err := s.db.All(ctx, &some, "SELECT DISTINCT institution_id FROM institution_community WHERE NOT ("+within+
				") AND institution_id IN ("+database.Placeholders(len(part))+")", database.AppendIDs(slices.Clone(args), part)...)
			for _, id := range some {
				beyond[id] = true
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range list {
		list[i].Wholly = !beyond[list[i].Institution]
	}
	return nil
}

// communitiesOfMember returns the first community of each institution of which a person is a member by a name.
func communitiesOfMember(tx *database.Tx, person core.ID, fold string) (communities []core.ID, err error) {
	err = tx.All(&communities, `
		SELECT MIN(c.community_id)
		FROM pass p
		JOIN institution_member m ON m.id = p.holder_id
		JOIN institution_community c ON c.institution_id = m.institution_id
		WHERE p.person_id = ? AND p.kind = ? AND m.name_fold = ? AND m.disabled_at IS NULL
		GROUP BY m.id
		ORDER BY m.id`, int64(person), string(core.PassDedicated), fold)
	return communities, err
}
