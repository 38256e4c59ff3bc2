package store

import (
	"context"
	"database/sql"
	"errors"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// BindPhone notes the phone number that WeChat has verified for a user. A number alone is no proof of a name: it may
// have been another's. With a name that the register has for it (see ConfirmName) the user becomes that person; name "" is
// not stated. It returns the number of houses that this makes theirs.
func (s *Store) BindPhone(ctx context.Context, user core.ID, phone, name string) (ties int, err error) {
	err = s.db.Write(ctx, "bind phone", func(tx *database.Tx) error {
		mac := s.db.Keys().Digest("phone", phone)
		sealed, err := s.db.Keys().Seal("wechat_user.phone", phone)
		if err != nil {
			return err
		}
		var left []core.ID
		if err := tx.All(&left, "SELECT person_id FROM wechat_user WHERE id = ? AND phone_mac <> ? AND person_id <> 0",
			int64(user), mac); err != nil {
			return err
		}
		// Another number is another person; that of before proves what it did.
		if err := tx.ExecOne(core.NotFound("用户不存在"), `
			UPDATE wechat_user
			SET person_id = CASE WHEN phone_mac = ? THEN person_id ELSE 0 END,
				name_fold = CASE WHEN phone_mac = ? THEN name_fold ELSE '' END,
				phone_cipher = ?,
				phone_mac = ?,
				updated_at = ?
			WHERE id = ?
			AND merged_into = 0`, mac, mac, sealed, mac, tx.NowMS(), int64(user)); err != nil {
			return err
		}
		if ties, err = s.confirmName(tx, user, name); err != nil {
			return err
		}
		return leftByPersons(tx, left)
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, user)
	}
	return ties, err
}

// ConfirmName makes a user the person of their verified phone number, if the register has the name with it, and
// certifies their homes of that name; their number is returned. It is 0 for a wrong name, for a number that nobody has,
// for one that somebody certified of another name has, and for another name than the user has proven, which the office
// decides: the answers do not differ. Wrong names are limited.
func (s *Store) ConfirmName(ctx context.Context, user core.ID, name string) (ties int, err error) {
	if core.Clean(name) == "" {
		return 0, core.InvalidFields(map[string]string{"name": "请填写姓名"})
	}
	err = s.db.Write(ctx, "confirm a name", func(tx *database.Tx) error {
		ties, err = s.confirmName(tx, user, name)
		return err
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, user)
	}
	return ties, err
}

// statingUser is a WeChat user who states a name.
type statingUser struct {
	Person core.ID `db:"person_id"`
	Name   string  `db:"name_fold"`
	Phone  string  `db:"phone_mac"`
}

func (s *Store) confirmName(tx *database.Tx, user core.ID, name string) (ties int, err error) {
	var u statingUser
	if err := tx.Get(&u, "SELECT person_id, name_fold, phone_mac FROM wechat_user WHERE id = ? AND merged_into = 0"+
		tx.Dialect().ForUpdate(), int64(user)); err != nil {
		return 0, database.NotFoundIfNoRows(err, "用户不存在")
	}
	if u.Phone == "" {
		return 0, core.Forbidden("请先验证手机号")
	}
	persons, err := findOrMakePersons(tx, []string{u.Phone})
	if err != nil {
		return 0, err
	}
	person, fold := persons[u.Phone], core.FoldName(core.Clean(name))
	if fold == "" {
		fold = u.Name
	}
	if fold == "" {
		return 0, nil
	}
	today := core.DayOf(tx.Now(), s.zone)
	misses, err := missesOfName(tx, person, today)
	if err != nil {
		return 0, err
	}
	if misses >= core.MaxNameMisses {
		return 0, core.Conflict("今天姓名核对的次数已用完，请明天再试，或申请认证、到物业办理")
	}
	if u.Person != person || fold == u.Name { // who left the homes of the name they have proven is not another by that
		if ties, err = certifyNamed(tx, user, person, fold); err != nil || ties > 0 || fold == u.Name {
			return ties, err
		}
	}
	return 0, missName(tx, person, today, misses)
}

// certifyNamed connects a user with a person of a name and certifies those homes of the person that have the name. A
// member of an institution of the name is the person too.
func certifyNamed(tx *database.Tx, user, person core.ID, fold string) (ties int, err error) {
	residents, err := homesOfName(tx, person, fold)
	if err != nil {
		return 0, err
	}
	communities, err := communitiesOfMember(tx, person, fold)
	if err != nil {
		return 0, err
	}
	ties = len(residents) + len(communities)
	of := connection{user: user, person: person, name: fold}
	free, err := of.free(tx)
	if err != nil || ties == 0 || !free {
		return 0, err
	}
	if err := of.make(tx); err != nil {
		return 0, err
	}
	if err := certifyHomes(tx, person, fold); err != nil {
		return 0, err
	}
	if err := createPasses(tx, residents); err != nil {
		return 0, err
	}
	for _, r := range residents {
		communities = append([]core.ID{r.Community}, communities...)
	}
	return ties, audit.Write(tx, core.Actor{Kind: core.ActorWechat, ID: user, Name: "微信用户"}, audit.Entry{
		Community: communities[0], Action: "wechatuser.confirm", Subject: audit.Target("wechatuser", user),
		After: wechatUserTiesAudit{ties},
	})
}

// wechatUserTiesAudit is what the audit log records of a confirmed name: how many homes and dedicated passes it made somebody's.
type wechatUserTiesAudit struct {
	Ties int `json:"ties"`
}

// connection is that of a WeChat user with the person of their verified number, under a name.
type connection struct {
	user, person core.ID
	name         string // folded
}

// free reports whether nobody is certified under the number by another name: who got a number that was somebody else's
// must not get that person's homes.
func (c connection) free(tx *database.Tx) (bool, error) {
	others := 0
	err := tx.Get(&others, `
		SELECT COUNT(*)
		FROM resident
		WHERE person_id = ?
		AND moved_out_at IS NULL
		AND certified_at IS NOT NULL
		AND name_fold <> ?`, int64(c.person), c.name)
	return others == 0, err
}

// make connects them. Who has the number by another name has it no longer.
func (c connection) make(tx *database.Tx) error {
	if err := tx.ExecOne(core.NotFound("用户不存在"),
		"UPDATE wechat_user SET person_id = ?, name_fold = ?, updated_at = ? WHERE id = ? AND merged_into = 0",
		int64(c.person), c.name, tx.NowMS(), int64(c.user)); err != nil {
		return err
	}
	return disconnect(tx, "person_id = ? AND name_fold <> ? AND id <> ?", int64(c.person), c.name, int64(c.user))
}

// connectApplicant makes an applicant the person of a resident of the register who has their number, under the
// resident's name. It reports false if the number is certified for somebody of another name. A resident who shares the
// number of a family member is not the applicant. was is who they were before, without a user if they stay who they are.
func connectApplicant(tx *database.Tx, applicant, resident core.ID) (was connection, connected bool, err error) {
	var row struct {
		Person    core.ID `db:"person_id"`
		Name      string  `db:"name_fold"`
		WasPerson core.ID `db:"was_person"`
		WasName   string  `db:"was_name"`
	}
	err = tx.Get(&row, `
		SELECT t.person_id, t.name_fold, u.person_id AS was_person, u.name_fold AS was_name
		FROM resident t
		JOIN person p ON p.id = t.person_id
		JOIN wechat_user u ON u.phone_mac = p.phone_mac
		WHERE t.id = ?
		AND u.id = ?`, int64(resident), int64(applicant))
	if errors.Is(err, sql.ErrNoRows) {
		return was, true, nil
	}
	if err != nil {
		return was, false, err
	}
	of := connection{user: applicant, person: row.Person, name: row.Name}
	if connected, err = of.free(tx); err != nil || !connected {
		return was, false, err
	}
	if row.WasPerson != row.Person || row.WasName != row.Name {
		was = connection{user: applicant, person: row.WasPerson, name: row.WasName}
	}
	return was, true, of.make(tx)
}

// disconnectApplicant makes an applicant again who they were before an application was approved.
func disconnectApplicant(tx *database.Tx, was connection) error {
	if was.person != 0 {
		free, err := was.free(tx)
		if err != nil {
			return err
		}
		if !free { // somebody of another name got the number meanwhile
			was.person, was.name = 0, ""
		}
	}
	tx.Changed(changedUsers, was.user)
	_, err := tx.Exec("UPDATE wechat_user SET person_id = ?, name_fold = ?, updated_at = ? WHERE id = ?",
		int64(was.person), was.name, tx.NowMS(), int64(was.user))
	return err
}

// confirmedNames returns the names by which WeChat users are persons.
func confirmedNames(tx *database.Tx, persons []core.ID) (map[core.ID][]string, error) {
	names := map[core.ID][]string{}
	err := database.EachPart(persons, func(part []core.ID) error {
		var rows []struct {
			Person core.ID `db:"person_id"`
			Name   string  `db:"name_fold"`
		}
		err := tx.All(&rows, "SELECT person_id, name_fold FROM wechat_user WHERE merged_into = 0 AND person_id IN ("+
			database.Placeholders(len(part))+")", database.IDArgs(part)...)
		for _, row := range rows {
			names[row.Person] = append(names[row.Person], row.Name)
		}
		return err
	})
	return names, err
}

// leaveOtherNames lets no WeChat user be a person by another name than that of somebody who has just been certified
// under the person's number.
func leaveOtherNames(tx *database.Tx, persons []core.ID) error {
	return database.EachPart(persons, func(part []core.ID) error {
		return disconnect(tx, `
			person_id IN (`+database.Placeholders(len(part))+`)
			AND person_id IN (
				SELECT t.person_id
				FROM resident t
				WHERE t.person_id = wechat_user.person_id
				AND t.name_fold <> wechat_user.name_fold
				AND t.certified_at IS NOT NULL
				AND t.moved_out_at IS NULL
			)`, database.IDArgs(part)...)
	})
}

// disconnect makes nobody of the WeChat users for whom a condition holds, at once for those who are signed in too.
func disconnect(tx *database.Tx, where string, args ...any) error {
	var users []struct {
		ID     core.ID `db:"id"`
		Person core.ID `db:"person_id"`
	}
	if err := tx.All(&users, "SELECT id, person_id FROM wechat_user WHERE "+where, args...); err != nil {
		return err
	}
	var ids, persons []core.ID
	for _, user := range users {
		ids, persons = append(ids, user.ID), append(persons, user.Person)
	}
	tx.Changed(changedUsers, ids...)
	if _, err := tx.Exec("UPDATE wechat_user SET person_id = 0, name_fold = '' WHERE "+where, args...); err != nil {
		return err
	}
	return leftByPersons(tx, persons)
}

// renameUsers lets WeChat users be a person by the name that staff have corrected.
func renameUsers(tx *database.Tx, was, is core.Resident) error {
	from, to := core.FoldName(was.Name), core.FoldName(is.Name)
	if from == to || was.Person != is.Person {
		return nil
	}
	_, err := tx.Exec("UPDATE wechat_user SET name_fold = ? WHERE person_id = ? AND name_fold = ?", to, int64(is.Person), from)
	return err
}

// takeOverNumber makes the verified number of another user, and who that proved to be, a user's own.
func takeOverNumber(tx *database.Tx, kept, gone core.ID) error {
	var row struct {
		Person core.ID `db:"person_id"`
		Name   string  `db:"name_fold"`
		Phone  string  `db:"phone_cipher"`
		MAC    string  `db:"phone_mac"`
	}
	if err := tx.Get(&row, "SELECT person_id, name_fold, phone_cipher, phone_mac FROM wechat_user WHERE id = ?",
		int64(gone)); err != nil {
		return err
	}
	_, err := tx.Exec(
		"UPDATE wechat_user SET person_id = ?, name_fold = ?, phone_cipher = ?, phone_mac = ?, updated_at = ? WHERE id = ?",
		int64(row.Person), row.Name, row.Phone, row.MAC, tx.NowMS(), int64(kept),
	)
	return err
}
