package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Household is a house as its certified owner sees it.
type Household struct {
	House     core.ID
	Label     string
	Community core.ID
	Place     string // the community's name
	Reviews   bool   // owners may decide applications
	Self      core.ID
	People    []ResidentRow // who is registered there, masked
	Waiting   []core.Review // applications that the owner may decide, oldest first
	Office    int           // applications that wait for the office alone
}

// Households returns the houses of which a WeChat user is a certified owner now.
func (s *Store) Households(ctx context.Context, user core.ID) ([]Household, error) {
	var owned []ownedHouse
	err := s.db.All(ctx, &owned, ownedHouses+"u.id = ? ORDER BY t.id", int64(user))
	list := make([]Household, len(owned))
	for i, own := range owned {
		if err == nil {
			list[i], err = s.household(ctx, own, user)
		}
	}
	return list, database.Wrap("read households", err)
}

func (s *Store) household(ctx context.Context, own ownedHouse, user core.ID) (Household, error) {
	h := Household{
		House: own.House, Label: own.Label, Community: own.Community, Place: own.Place, Reviews: own.Reviews, Self: own.Resident,
	}
	var ids []core.ID
	if err := s.db.All(ctx, &ids, `
		SELECT id
		FROM resident
		WHERE community_id = ?
		AND house_id = ?
		AND moved_out_at IS NULL
		ORDER BY identity_rank, id
		LIMIT 200`, int64(own.Community), int64(own.House)); err != nil {
		return h, err
	}
	var err error
	if h.People, err = s.residentRows(ctx, ids, false); err != nil {
		return h, err
	}
	// Sent before the owners' switch was on, brought by a merge, or an owner's.
	err = s.db.Get(ctx, &h.Office, `
		SELECT COUNT(*)
		FROM certification c
		JOIN review r ON r.id = c.id
		WHERE c.house_id = ?
		AND r.state = 'waiting'
		AND r.owners_asked = 0`, int64(own.House))
	if err != nil || !own.Reviews {
		return h, err
	}
	var rows []reviewRow
	err = s.db.All(ctx, &rows, "SELECT r."+reviewFieldsOf+` FROM certification c JOIN review r ON r.id = c.id
		WHERE c.house_id = ?
		AND r.state = 'waiting'
		AND r.owners_asked = 1
		AND r.applicant_id <> ?
		AND c.phone_mac NOT IN (SELECT p.phone_mac FROM person p WHERE p.id = ?)
		ORDER BY r.id LIMIT 50`, int64(own.House), int64(user), int64(own.Person))
	h.Waiting = reviewsOf(rows)
	return h, err
}

// HouseholdReview returns an application for a house of which the user is a certified owner, with what is applied for,
// masked.
func (s *Store) HouseholdReview(ctx context.Context, user, id core.ID) (core.Review, core.CertificationRequest, error) {
	r, err := s.Review(ctx, core.Everywhere, id)
	if err != nil {
		return r, core.CertificationRequest{}, err
	}
	c, err := s.Certification(ctx, core.Everywhere, id)
	if err != nil {
		return r, c, err
	}
	var own ownedHouse
	err = s.db.Get(ctx, &own, ownedHouses+"u.id = ? AND t.house_id = ? ORDER BY t.id LIMIT 1", int64(user), int64(c.House))
	if err = database.NotFoundIfNoRows(err, noReview); err != nil {
		return core.Review{}, core.CertificationRequest{}, database.Wrap("read a household's review", err)
	}
	return r, c, nil
}

// CreateHouseholdMember adds family or a tenant to a house of which the user is a certified owner, and tells them. Until they
// say themselves that it is they (AcceptHome, ConfirmName), they are not certified: the owner would learn whether the name is
// that of the number's holder. If somebody of that name lives there, core.IsNamesake reports true for the error, unless Namesake is set.
func (s *Store) CreateHouseholdMember(
	ctx context.Context, by core.Actor, user, house core.ID, r core.Resident,
) (id core.ID, err error) {
	normal, wrong := r.Normalized()
	wrong = bothFields(bothFields(wrong, normal.HouseholdMember(core.DayOf(s.Now(), s.Zone()))), r.CheckNoLease())
	err = s.db.Write(ctx, "add household member", func(tx *database.Tx) error {
		own, err := ownsHouse(tx, user, house)
		if err = cmp.Or(err, wrong); err != nil {
			return err
		}
		r := normal
		r.House, r.Community, r.Certified, r.Desk = house, own.Community, database.Millis{}.Time, core.Certification{}
		if err := checkHousehold(tx, house); err != nil {
			return err
		}
		if err := countAddition(tx, house, core.DayOf(tx.Now(), s.Zone())); err != nil {
			return err
		}
		b := residentBuilder{tx: tx, community: own.Community, people: []core.Resident{r}, ask: !r.Namesake, waits: true}
		if err := b.run(); err != nil {
			return err
		}
		id = b.people[0].ID
		by.Kind, by.ID, by.Name = core.ActorWechat, user, own.Name
		if err := audit.Write(tx, by, b.auditEntry(core.Batch{})); err != nil {
			return err
		}
		return tellPersonAt(tx, b.people[0], "业主已把您登记为 "+own.Label+" 的"+r.Identity.Label()+"，请确认", "certification")
	})
	return id, err
}

// countAddition counts one whom an owner adds to a house, which is locked, and refuses more of a day than families need: each
// is told of it.
func countAddition(tx *database.Tx, house core.ID, today core.Day) error {
	var row struct {
		N  int      `db:"additions"`
		On core.Day `db:"additions_on"`
	}
	if err := tx.Get(&row, "SELECT additions, additions_on FROM house WHERE id = ?", int64(house)); err != nil {
		return err
	}
	if row.On != today {
		row.N = 0
	}
	if row.N >= core.MaxDailyHousehold {
		return core.Conflict(fmt.Sprintf("这套房屋今天已添加 %d 人，请明天再试，或到物业办理", row.N))
	}
	return tx.ExecOne(database.ErrRace, "UPDATE house SET additions = ?, additions_on = ? WHERE id = ?",
		row.N+1, int32(today), int64(house))
}

// bothFields joins the messages of two checks of one form.
func bothFields(a, b error) error {
	fields := map[string]string{}
	for _, err := range []error{b, a} {
		var wrong *core.Error
		switch {
		case err == nil:
		case errors.As(err, &wrong) && wrong.Fields != nil:
			maps.Copy(fields, wrong.Fields)
		default:
			return err
		}
	}
	return core.InvalidFields(fields)
}

// checkHousehold refuses more people of one house than an owner needs to add. The house's row is locked, so that two
// cannot both be the last one.
func checkHousehold(tx *database.Tx, house core.ID) error {
	var locked core.ID
	if err := tx.Get(&locked, "SELECT id FROM house WHERE id = ?"+tx.Dialect().ForUpdate(), int64(house)); err != nil {
		return database.NotFoundIfNoRows(err, noHouse)
	}
	var people int
	if err := tx.Get(&people, "SELECT COUNT(*) FROM resident WHERE house_id = ? AND moved_out_at IS NULL", int64(house)); err != nil {
		return err
	}
	if people >= core.MaxHousehold {
		return core.Conflict(fmt.Sprintf("本房屋已登记 %d 人，请到物业办理", people))
	}
	return nil
}

// RemoveHouseholdMember ends the tie of family or a tenant to a house of which the user is a certified owner, and tells
// them. Another owner, and somebody of another house, is NotFound.
func (s *Store) RemoveHouseholdMember(ctx context.Context, by core.Actor, user, resident core.ID) (gone core.Resident, err error) {
	err = s.db.Write(ctx, "remove household member", func(tx *database.Tx) error {
		var house core.ID
		if err := tx.Get(&house, "SELECT house_id FROM resident WHERE id = ? AND moved_out_at IS NULL AND identity <> 'owner'",
			int64(resident)); err != nil {
			return database.NotFoundIfNoRows(err, noResident)
		}
		own, err := ownsHouse(tx, user, house)
		if core.IsNotFound(err) {
			err = core.NotFound(noResident)
		}
		if err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, own.Name
		if gone, err = moveOut(tx, by, core.Everywhere, resident); err != nil {
			return err
		}
		if gone.Identity == core.Owner { // since it was looked at
			return database.ErrRace
		}
		return tellPerson(tx, gone, "业主已移除您在 "+own.Label+" 的登记，如有疑问请联系业主或物业")
	})
	return gone.Masked(), err
}

// LeaveHouse ends a WeChat user's own tie to a house, and tells its owners. An owner's is the office's to end: somebody
// else gets the house.
func (s *Store) LeaveHouse(ctx context.Context, by core.Actor, user, resident core.ID) error {
	return s.db.Write(ctx, "leave a house", func(tx *database.Tx) error {
		return leaveHouse(tx, by, leaving{user: user, resident: resident})
	})
}

// AcceptHome certifies a tie to a house that somebody else has registered for a WeChat user: it has the number that they have
// verified, and the name by which they are its person. One that is certified already is left as it is: who asks once more has
// not read the answer.
func (s *Store) AcceptHome(ctx context.Context, by core.Actor, user, resident core.ID) error {
	err := s.db.Write(ctx, "accept a home", func(tx *database.Tx) error {
		var own statingUser
		if err := tx.Get(&own, "SELECT person_id, name_fold, phone_mac FROM wechat_user WHERE id = ? AND merged_into = 0"+
			tx.Dialect().ForUpdate(), int64(user)); err != nil {
			return database.NotFoundIfNoRows(err, noResident)
		}
		_, r, err := lockResident(tx, core.Everywhere, resident)
		switch {
		case err != nil:
			return err
		case own.Person == 0 || r.Person != own.Person || core.FoldName(r.Name) != own.Name:
			return core.NotFound(noResident)
		case !r.Certified.IsZero():
			return nil
		}
		free, err := connection{user: user, person: own.Person, name: own.Name}.free(tx)
		if err == nil && !free {
			err = core.Conflict("这个手机号登记了别的姓名，请带身份证件到物业办理")
		}
		if err != nil {
			return err
		}
		if err := certifyHome(tx, resident); err != nil {
			return err
		}
		if err := createPasses(tx, []core.Resident{r}); err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, r.Name
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "wechatuser.confirm", Subject: audit.Target("wechatuser", user), After: wechatUserTiesAudit{1},
		})
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, user)
	}
	return err
}

// leaving is a WeChat user's own tie that ends, unless it is to the house in which they stay.
type leaving struct{ user, resident, stays core.ID }

// leaveHouse is LeaveHouse in a transaction. The tie is a user's own if it has the name by which they are its person.
func leaveHouse(tx *database.Tx, by core.Actor, l leaving) error {
	var own statingUser
	if err := tx.Get(&own, "SELECT person_id, name_fold, phone_mac FROM wechat_user WHERE id = ? AND merged_into = 0",
		int64(l.user)); err != nil {
		return database.NotFoundIfNoRows(err, noResident)
	}
	row, r, err := lockResident(tx, core.Everywhere, l.resident)
	if err == nil && (own.Person == 0 || r.Person != own.Person || core.FoldName(r.Name) != own.Name) {
		err = core.NotFound(noResident)
	}
	switch {
	case err != nil:
		return err
	case r.House == l.stays:
		return core.Conflict("新地址和原地址是同一套房屋")
	case r.Identity == core.Owner:
		return core.Conflict("您是这套房屋的业主，请到物业办理房屋过户")
	}
	by.Kind, by.ID, by.Name = core.ActorWechat, l.user, r.Name
	if _, err := moveOut(tx, by, core.Everywhere, l.resident); err != nil {
		return err
	}
	var owners []core.ID
	if err := tx.All(&owners, `
		SELECT u.id
		FROM resident t
		JOIN wechat_user u ON u.person_id = t.person_id AND u.name_fold = t.name_fold
		WHERE t.house_id = ?
		AND t.identity = 'owner'
		AND t.certified_at IS NOT NULL
		AND t.moved_out_at IS NULL
		AND u.merged_into = 0
		ORDER BY u.id`, int64(r.House)); err != nil {
		return err
	}
	notes := make([]core.MessageNote, len(owners))
	for i, owner := range owners {
		notes[i] = core.MessageNote{
			Kind: core.MessageHousehold, Community: r.Community, User: owner, Link: "household",
			Title: row.Label + " 有一名" + r.Identity.Label() + "已登记搬离",
		}
	}
	return outbox.Put(tx, notes...)
}

// toldByNumber is all that those are told who have but verified the number of somebody: it may have been handed on.
const toldByNumber = "物业有一条登记通知，请核对姓名后查看"

// tellPerson tells somebody, in whichever WeChat is theirs, what was done to their tie: if none is yet, those that
// have verified the number, and are nobody by it, are told to state the name. If nobody has, it is told by the number alone.
func tellPerson(tx *database.Tx, r core.Resident, title string) error {
	return tellPersonAt(tx, r, title, "pass")
}

// tellPersonAt is tellPerson with the page that it leads to.
func tellPersonAt(tx *database.Tx, r core.Resident, title, link string) error {
	var users []core.ID
	for _, theirs := range []struct{ of, name, title string }{
		{"u.person_id = p.id", core.FoldName(r.Name), title}, {"u.phone_mac = p.phone_mac AND u.person_id = 0", "", toldByNumber},
	} {
		if err := tx.All(&users, "SELECT u.id FROM person p JOIN wechat_user u ON "+theirs.of+
			" WHERE p.id = ? AND u.name_fold = ? AND u.merged_into = 0 ORDER BY u.id", int64(r.Person), theirs.name); err != nil {
			return err
		}
		if len(users) > 0 {
			title = theirs.title
			break
		}
	}
	notes := make([]core.MessageNote, len(users))
	for i, user := range users {
		notes[i] = core.MessageNote{Kind: core.MessageHousehold, Community: r.Community, User: user, Link: link, Title: title}
	}
	var numbered int // a child in the register may have no number at all
	if err := tx.Get(&numbered, "SELECT COUNT(*) FROM resident WHERE id = ? AND phone_mac <> ''", int64(r.ID)); err != nil {
		return err
	}
	if len(users) == 0 && numbered > 0 {
		notes = []core.MessageNote{{Kind: core.MessageHousehold, Community: r.Community, Resident: r.ID, Link: link, Title: title}}
	}
	return outbox.Put(tx, notes...)
}

// Residences returns where a WeChat user lives now, masked, the newest tie first. What their number has under another
// name is somebody else's.
func (s *Store) Residences(ctx context.Context, user core.ID) ([]ResidentRow, error) {
	var ids []core.ID
	if err := s.db.All(ctx, &ids, `
		SELECT t.id
		FROM wechat_user u
		JOIN resident t ON t.person_id = u.person_id AND t.name_fold = u.name_fold
		WHERE u.id = ?
		AND u.merged_into = 0
		AND t.moved_out_at IS NULL
		ORDER BY t.id DESC
		LIMIT 50`, int64(user)); err != nil {
		return nil, database.Wrap("read residences", err)
	}
	list, err := s.residentRows(ctx, ids, false)
	return list, database.Wrap("read residences", err)
}
