package store

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// Pass is a pass with what its page shows. The fields of a resident's home are empty for kinds
// without one.
type Pass struct {
	ID            core.ID
	Kind          core.PassKind
	Community     core.ID
	CommunityName string
	OfficePhone   string // of the community; "" = unknown
	Person        core.ID
	Holder        core.ID // the resident of a resident pass
	Name          string
	Identity      core.Identity
	House         core.ID
	HouseLabel    string
	LeaseDay      core.Day // fixed-term tenant: last day of the lease; 0 = none
	Photo         string
}

// As returns in Chinese as what the holder has the pass: 业主, or 访客.
func (p Pass) As() string {
	if p.Identity != "" {
		return p.Identity.Label()
	}
	return p.Kind.Type().Short
}

type passRow struct {
	ID            core.ID       `db:"id"`
	Kind          core.PassKind `db:"kind"`
	Community     core.ID       `db:"community_id"`
	CommunityName string        `db:"community"`
	OfficePhone   string        `db:"office_phone"`
	Person        core.ID       `db:"person_id"`
	Holder        core.ID       `db:"holder_id"`
	Name          string        `db:"name"`
	Identity      core.Identity `db:"identity"`
	House         core.ID       `db:"house_id"`
	HouseLabel    string        `db:"label"`
	LeaseDay      core.Day      `db:"lease_day"`
	Photo         string        `db:"photo"`
}

// PassesOfUser returns the passes of a user of WeChat, oldest first: one for each house where they are a
// certified resident, and those of other kinds that can still be used; after them those of family
// members who share their number and live in the same house. Passes whose lease has ended are
// included: the rules refuse them with the reason.
func (s *Store) PassesOfUser(ctx context.Context, user core.WechatUser) ([]Pass, error) {
	if user.Person == 0 && user.Number == 0 {
		return nil, nil
	}
	person := user.Person
	query, args := s.passesOf(user, "")
	var rows []passRow
	if err := s.db.All(ctx, &rows, query+" ORDER BY id", args...); err != nil {
		return nil, database.Wrap("passes of a person", err)
	}
	var family []passRow
	query = residentPassQuery + `t.house_id IN (SELECT house_id FROM resident WHERE person_id = ?)
		AND` + passOfFamily + " ORDER BY p.id"
	if err := s.db.All(ctx, &family, query, int64(person), int64(person)); err != nil {
		return nil, database.Wrap("passes of a family", err)
	}
	passes := make([]Pass, 0, len(rows)+len(family))
	for _, row := range append(rows, family...) {
		passes = append(passes, Pass(row))
	}
	return passes, nil
}

// passesOf returns the query of a user's passes of every kind for which a further condition holds.
func (s *Store) passesOf(user core.WechatUser, where string, values ...any) (query string, args []any) {
	parts := eachPassKind(func(k passKind) string {
		list, own := k.list(s.Now().UnixMilli())
		person := user.Person
		if k.byNumber {
			person = user.Number
		}
		args = append(append(append(args, own...), int64(person)), values...)
		return list + "p.person_id = ? AND p.person_id <> 0" + where
	})
	return strings.Join(parts, " UNION ALL "), args
}

// PassOfUser returns one of the passes of PassesOfUser; another's is NotFound.
func (s *Store) PassOfUser(ctx context.Context, pass core.ID, user core.WechatUser) (Pass, error) {
	person := user.Person
	query, args := s.passesOf(user, " AND p.id = ?", int64(pass))
	query += " UNION ALL " + residentPassQuery + "p.id = ? AND p.person_id <> ? AND" + passOfFamily
	var row passRow
	err := s.db.Get(ctx, &row, query, append(args, int64(pass), int64(person), int64(person))...)
	if err != nil || person == 0 && user.Number == 0 {
		return Pass{}, database.Wrap("pass of a person", database.NotFoundIfNoRows(err, "通行证不存在"))
	}
	return Pass(row), nil
}

// newPass is a pass of a kind that is created one by one.
type newPass struct {
	kind              core.PassKind
	community, holder core.ID
	person            core.ID // who finds it by their own phone number; 0 = nobody
}

func createPass(tx *database.Tx, p newPass) error {
	_, err := tx.Exec("INSERT INTO pass (id, community_id, kind, holder_id, person_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		int64(tx.NewID()), int64(p.community), string(p.kind), int64(p.holder), int64(p.person), tx.NowMS())
	return err
}
