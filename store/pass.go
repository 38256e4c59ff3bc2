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
	Community     core.ID // 0 = valid in several, see PassScope
	CommunityName string
	OfficePhone   string // of the community; "" = unknown
	Person        core.ID
	Holder        core.ID // the resident of a resident pass
	Name          string
	Identity      core.Identity
	House         core.ID
	HouseLabel    string   // or the institution of a dedicated pass
	LeaseDay      core.Day // last day of a fixed-term tenant's lease, or of a dedicated pass; 0 = none
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
		passes = append(passes, row.pass())
	}
	return passes, nil
}

// passesOf returns the query of a user's passes of every kind for which a further condition holds.
func (s *Store) passesOf(user core.WechatUser, where string, values ...any) (query string, args []any) {
	var parts []string
	for _, k := range passKinds {
		if k.list == nil {
			continue
		}
		list, own := k.list(s.Now().UnixMilli())
		person := user.Person
		if k.byNumber {
			person = user.Number
		}
		args = append(append(append(args, own...), int64(person)), values...)
		parts = append(parts, list+"p.person_id = ? AND p.person_id <> 0"+where)
	}
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
	return row.pass(), nil
}

// pass returns the row as a pass. The names of several communities come in one column.
func (r passRow) pass() Pass {
	if r.Community == 0 {
		r.CommunityName = strings.ReplaceAll(r.CommunityName, ",", "、")
	}
	return Pass(r)
}

// PassScope returns the communities in which a pass is valid.
func (s *Store) PassScope(ctx context.Context, pass Pass) (core.Scope, error) {
	communities := passKindOf(pass.Kind).communities
	if communities == nil {
		return core.ScopeOf(pass.Community), nil
	}
	ids, err := communities(s.db.Reads(ctx), pass.Holder)
	return core.ScopeOf(ids...), database.Wrap("communities of a pass", err)
}

// newPass is a pass of a kind that is created one by one.
type newPass struct {
	id                core.ID // 0 = any
	kind              core.PassKind
	community, holder core.ID
	person            core.ID // who finds it by their own phone number; 0 = nobody
}

func createPass(tx *database.Tx, passes ...newPass) error {
	rows := make([][]any, len(passes))
	for n, p := range passes {
		if p.id == 0 {
			p.id = tx.NewID()
		}
		rows[n] = []any{int64(p.id), int64(p.community), string(p.kind), int64(p.holder), int64(p.person), tx.NowMS()}
	}
	return database.InsertRows(tx, database.InsertInto, "pass", "id, community_id, kind, holder_id, person_id, created_at", rows)
}

// setPassPerson changes who finds a holder's pass.
func setPassPerson(tx *database.Tx, kind core.PassKind, holder, person core.ID) error {
	_, err := tx.Exec("UPDATE pass SET person_id = ? WHERE kind = ? AND holder_id = ?", int64(person), string(kind), int64(holder))
	return err
}

// deletePassesOf removes the passes of holders who are deleted.
func deletePassesOf(tx *database.Tx, kind core.PassKind, holders []core.ID) error {
	if kind == core.PassResident {
		if err := deleteCards(tx, holders); err != nil {
			return err
		}
	}
	if err := deleteAids(tx, kind, holders); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM pass WHERE kind = ? AND holder_id IN ("+database.Placeholders(len(holders))+")",
		database.AppendIDs([]any{string(kind)}, holders)...)
	return err
}

// PassHolders returns whose some passes are, by pass; those that are gone are left out. The caller must have read them within a scope.
func (s *Store) PassHolders(ctx context.Context, passes []core.ID) (map[core.ID]core.ID, error) {
	holders := map[core.ID]core.ID{}
	err := database.EachPart(passes, func(part []core.ID) error {
		var rows []struct {
			ID     core.ID `db:"id"`
			Holder core.ID `db:"holder_id"`
		}
		err := s.db.All(ctx, &rows, "SELECT id, holder_id FROM pass WHERE id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...)
		for _, r := range rows {
			holders[r.ID] = r.Holder
		}
		return err
	})
	return holders, database.Wrap("whose passes", err)
}
