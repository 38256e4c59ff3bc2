package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// ownedHouse is a house of which a WeChat user is a certified owner: now, by the number that they have verified.
type ownedHouse struct {
	Resident  core.ID `db:"id"` // the owner
	Person    core.ID `db:"person_id"`
	Name      string  `db:"name"`
	Community core.ID `db:"community_id"`
	House     core.ID `db:"house_id"`
	Label     string  `db:"label"`
	Place     string  `db:"place"` // the community's name
	Reviews   bool    `db:"reviews"`
}

// ownedHouses finds them. Who was an owner, has another number by now, or has been merged into another user, owns
// nothing.
const ownedHouses = `SELECT t.id, t.person_id, t.name, t.community_id, t.house_id, h.label, c.name AS place,
	` + effectiveOwners + ` AS reviews
	FROM wechat_user u
	JOIN person p ON p.id = u.person_id AND p.phone_mac = u.phone_mac
	JOIN resident t ON t.person_id = p.id AND t.name_fold = u.name_fold
	JOIN house h ON h.id = t.house_id
	JOIN community c ON c.id = t.community_id
	WHERE u.merged_into = 0
	AND t.identity = 'owner'
	AND t.certified_at IS NOT NULL
	AND t.moved_out_at IS NULL
	AND c.archived_at IS NULL
	AND `

// ownsHouse returns a WeChat user's tie to a house as its certified owner, locked; another one's house is NotFound.
func ownsHouse(tx *database.Tx, user, house core.ID) (ownedHouse, error) {
	var own ownedHouse
	query := ownedHouses + "u.id = ? AND t.house_id = ? ORDER BY t.id LIMIT 1"
	err := tx.Get(&own, query, int64(user), int64(house))
	if err = database.NotFoundIfNoRows(err, noHouse); err != nil {
		return own, err
	}
	// Locked alone, and read once more: it may have changed meanwhile.
	if _, _, err := lockResident(tx, core.Everywhere, own.Resident); err != nil {
		return own, err
	}
	err = tx.Get(&own, query, int64(user), int64(house))
	if errors.Is(err, sql.ErrNoRows) {
		return own, core.NotFound(noHouse)
	}
	return own, err
}

// leftByPersons is leftToOffice for the houses of persons whom a WeChat user was, and is not now.
func leftByPersons(tx *database.Tx, persons []core.ID) error {
	for _, person := range persons {
		var communities []core.ID
		if err := tx.All(&communities, "SELECT DISTINCT community_id FROM resident WHERE person_id = ? AND identity = 'owner'",
			int64(person)); err != nil {
			return err
		}
		for _, community := range communities {
			const theirs = "h.id IN (SELECT o.house_id FROM resident o WHERE o.person_id = ?)"
			if err := leftToOffice(tx, community, theirs, int64(person)); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownersToAsk returns the WeChat users of owners who may decide the application; none = the office must. Nobody
// decides about themselves; who would be an owner is the office's, and so is a number that is certified for another name.
func (a *applying) ownersToAsk() ([]core.ID, error) {
	if a.request.Instant || a.request.Identity == core.Owner {
		return nil, nil
	}
	registered, err := registeredAs(a.tx, a.request)
	if err != nil {
		return nil, err
	}
	free, err := connection{person: a.person, name: registered.certifies(a.request.Name)}.free(a.tx)
	if err != nil {
		return nil, err
	}
	var users []core.ID
	err = a.tx.All(&users, `
		SELECT u.id
		FROM house h
		JOIN community c ON c.id = h.community_id
		JOIN resident t ON t.house_id = h.id
		JOIN person p ON p.id = t.person_id
		JOIN wechat_user u ON u.person_id = p.id AND u.phone_mac = p.phone_mac AND u.name_fold = t.name_fold
		WHERE h.id = ?
		AND u.merged_into = 0
		AND t.identity = 'owner'
		AND t.certified_at IS NOT NULL
		AND t.moved_out_at IS NULL
		AND t.person_id <> ?
		AND `+effectiveOwners+` = 1
		ORDER BY u.id`, int64(a.request.House), int64(a.person))
	if registered.Identity == core.Owner || !free { // known only now: as many statements whatever the register has
		return nil, err
	}
	return users, err
}

// householdLink is the page of an application as an owner of its house sees it.
func householdLink(review core.ID) string { return "household/" + review.String() }

// askOwners tells people of a house of an application that they may decide.
func askOwners(tx *database.Tx, n newReview) error {
	notes := make([]core.MessageNote, len(n.owners))
	for i, user := range n.owners {
		notes[i] = n.asked
		notes[i].User = user
	}
	return outbox.Put(tx, notes...)
}

// DecideAsOwner approves or rejects a waiting application for a house as its certified owner, where owners may
// (OwnersReview). Applications of owners, and the owner's own, are the office's. An application for a house that is
// not theirs is NotFound; one that somebody has decided is a conflict; one that they cannot approve becomes the office's:
// ErrLeftToOffice.
func (s *Store) DecideAsOwner(
	ctx context.Context, by core.Actor, user core.ID, d core.ReviewDecision,
) (decided core.Review, err error) {
	d.Internal = ""
	d, wrong := d.Checked()
	err = s.db.Write(ctx, "decide as owner", func(tx *database.Tx) error {
		if decided, err = lockReview(tx, core.Everywhere, d.ID); err != nil {
			return err
		}
		owner, err := mayDecideAsOwner(tx, user, decided)
		switch {
		case core.IsNotFound(err):
			return err // a stranger is told no more
		case wrong != nil:
			return wrong
		case err != nil:
			return err
		case decided.State != core.ReviewWaiting:
			return core.Conflict(s.decidedForOwner(decided))
		case decided.Version != d.Version:
			return core.Conflict("申请刚有变化，请看后再决定")
		}
		decided.State, decided.Reason, decided.Note, decided.Owner = core.ReviewRejected, d.Reason, d.Note, owner.Resident
		if d.Approve {
			decided.State = core.ReviewApproved
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, owner.Name
		return s.closeReview(tx, by, &decided)
	})
	if errors.Is(err, errNumberOfAnother) { // whom else the register has under the number is not the owner's business
		err = s.db.Write(ctx, "leave a review to the office", func(tx *database.Tx) error { return askOfficeInstead(tx, decided) })
		if err == nil {
			err = ErrLeftToOffice
		}
	}
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, decided.Applicant)
	}
	return decided, err
}

// ErrLeftToOffice tells an owner that the office decides an application which they have tried to approve.
var ErrLeftToOffice = core.Forbidden("这份申请需要物业核对，已转物业审核")

// leftToOffice hands applications that wait for owners of a community's houses to the office where no owner may decide
// them any more. houses is a condition on house h; those that meet it have lost an owner, or the switch.
func leftToOffice(tx *database.Tx, community core.ID, houses string, args ...any) error {
	var rows []reviewRow
	err := tx.All(&rows, "SELECT r."+reviewFieldsOf+` FROM review r
		JOIN certification x ON x.id = r.id
		JOIN house h ON h.id = x.house_id
		JOIN community c ON c.id = h.community_id
		WHERE r.community_id = ?
		AND r.state = 'waiting'
		AND r.owners_asked = 1
		AND `+houses+`
		AND (`+effectiveOwners+` = 0 OR NOT EXISTS (
			SELECT 1
			FROM resident t
			JOIN person p ON p.id = t.person_id
			JOIN wechat_user u ON u.person_id = p.id AND u.phone_mac = p.phone_mac AND u.name_fold = t.name_fold
			WHERE t.house_id = h.id
			AND t.identity = 'owner'
			AND t.certified_at IS NOT NULL
			AND t.moved_out_at IS NULL
			AND u.merged_into = 0
			AND u.id <> r.applicant_id
			AND p.phone_mac <> x.phone_mac
		))
		ORDER BY r.id`, append([]any{int64(community)}, args...)...)
	if err != nil {
		return err
	}
	for _, r := range reviewsOf(rows) {
		if err := askOfficeInstead(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// decidedForOwner says who decided; who works in the office is not an owner's business.
func (s *Store) decidedForOwner(r core.Review) string {
	if r.Owner == 0 && r.DecidedBy != 0 {
		r.Decider = "物业"
	}
	return r.DecidedText(s.minute)
}

// mayDecideAsOwner returns the owner, or why they may not decide.
func mayDecideAsOwner(tx *database.Tx, user core.ID, r core.Review) (ownedHouse, error) {
	var row certificationRow
	err := tx.Get(&row, certificationColumns+"c.id = ?", int64(r.ID))
	if err != nil {
		return ownedHouse{}, database.NotFoundIfNoRows(err, noReview)
	}
	owner, err := ownsHouse(tx, user, row.House)
	if core.IsNotFound(err) {
		err = core.NotFound(noReview)
	}
	if err != nil {
		return owner, err
	}
	own, err := ownApplication(tx, owner, row.PhoneMAC)
	if err != nil {
		return owner, err
	}
	switch {
	case own || r.Applicant == user:
		return owner, core.Forbidden("这是您自己的申请，请等物业审核")
	case !owner.Reviews:
		return owner, core.Forbidden("本房屋的申请由物业审核")
	case row.Identity == core.Owner:
		return owner, core.Forbidden("业主的申请由物业审核")
	case r.State == core.ReviewWaiting && !r.Asked: // never the owner's, or taken back by the office
		return owner, core.Forbidden("这份申请由物业审核")
	}
	if r.State != core.ReviewWaiting {
		return owner, nil // the one whom it certified may be anything by now
	}
	registered, err := registeredAs(tx, row.request(tx.Reveal))
	if err == nil && registered.Identity == core.Owner {
		err = core.Forbidden("该申请人登记为业主，由物业审核")
	}
	return owner, err
}

// ownApplication reports whether an application was sent under the owner's own number, by whichever WeChat.
func ownApplication(tx *database.Tx, owner ownedHouse, phoneMAC string) (bool, error) {
	var n int
	err := tx.Get(&n, "SELECT COUNT(*) FROM person WHERE id = ? AND phone_mac = ?", int64(owner.Person), phoneMAC)
	return n > 0, err
}

// TakeBackReview takes back what an owner decided, in the scope: the application waits for the office, and what an
// approval made is undone. The applicant is told. The account must be able to review it; version is the review's, as
// it was shown.
func (s *Store) TakeBackReview(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, version int,
) (r core.Review, err error) {
	days := s.RecentSettings(ctx).ReviewDays
	err = s.db.Write(ctx, "take back review", func(tx *database.Tx) error {
		if r, err = lockReview(tx, scope, id); err != nil {
			return err
		}
		if err := mayReview(tx, by, r); err != nil {
			return err
		}
		switch {
		case r.Owner == 0 || r.State != core.ReviewApproved && r.State != core.ReviewRejected:
			return core.Conflict("只有业主审核的结果可以收回")
		case r.Version != version:
			return core.Conflict("申请刚有变化，请看后再决定")
		}
		if err := undoApproval(tx, by, r); err != nil {
			return err
		}
		r.Due = core.AddWorkdays(tx.Now(), days, s.Zone())
		return s.reopenReview(tx, by, &r)
	})
	return r, err
}

// reopenReview makes a review wait for the office once more.
func (s *Store) reopenReview(tx *database.Tx, by core.Actor, r *core.Review) error {
	var house core.ID
	if err := tx.Get(&house, "SELECT house_id FROM certification WHERE id = ?", int64(r.ID)); err != nil {
		return err
	}
	if err := waitAgain(tx, r, certificationKey(r.Applicant, house)); err != nil {
		return err
	}
	if err := reviewKinds[r.Kind].record(s, tx, by, *r); err != nil {
		return err
	}
	return outbox.Put(tx, core.MessageNote{
		Kind: r.Kind.Type().Told, Community: r.Community, User: r.Applicant, Title: r.Kind.Label() + "改由物业审核，请等待结果",
		Link: reviewLink(r.Kind, r.ID),
	})
}

// undoApproval undoes what approving an application made in the register, unless the resident has left meanwhile.
func undoApproval(tx *database.Tx, by core.Actor, r core.Review) error {
	var row certificationRow
	if err := tx.Get(&row, certificationColumns+"c.id = ?", int64(r.ID)); err != nil {
		return database.NotFoundIfNoRows(err, noReview)
	}
	if r.State != core.ReviewApproved {
		return nil
	}
	if row.Connected {
		if err := undoConnection(tx, by, r, row); err != nil {
			return err
		}
	}
	switch {
	case row.Made == madeResident:
		if _, err := moveOut(tx, by, core.Everywhere, row.Resident); err != nil && !core.IsNotFound(err) {
			return err
		}
	case row.Made != madeNothing || row.GaveIDNo:
		if err := uncertify(tx, by, row); err != nil && !core.IsNotFound(err) {
			return err
		}
	}
	if row.Ended != 0 {
		if err := bringTieBack(tx, by, row.Ended); err != nil {
			return err
		}
	}
	return forgetApproval(tx, r.ID)
}

// undoConnection makes the applicant again who they were before an approval connected them with a person of the register: the
// name is no longer theirs. The homes that they have certified by it since are certified no more, but for those that the office,
// or an owner, approved. Who has another number by now stays who they are.
func undoConnection(tx *database.Tx, by core.Actor, r core.Review, row certificationRow) error {
	var is statingUser
	err := tx.Get(&is, "SELECT person_id, name_fold, phone_mac FROM wechat_user WHERE id = ?"+tx.Dialect().ForUpdate(),
		int64(r.Applicant))
	if err != nil || is.Phone != row.PhoneMAC || is.Person == 0 {
		return err
	}
	if err := disconnectApplicant(tx, connection{r.Applicant, row.WasPerson, row.WasName}); err != nil {
		return err
	}
	names, err := confirmedNames(tx, []core.ID{is.Person})
	if err != nil || slices.Contains(names[is.Person], is.Name) { // by another WeChat of theirs
		return err
	}
	var homes []core.ID
	if err := tx.All(&homes, `
		SELECT t.id
		FROM resident t
		WHERE t.person_id = ?
		AND t.name_fold = ?
		AND t.id <> ?
		AND t.moved_out_at IS NULL
		AND t.certified_how = ''
		AND t.certified_at >= ?
		AND NOT EXISTS (
			SELECT 1
			FROM certification c
			JOIN review r ON r.id = c.id
			WHERE c.house_id = t.house_id
			AND c.resident_id = t.id
			AND c.instant = 0
			AND r.state = 'approved'
		)
		ORDER BY t.id`, int64(is.Person), is.Name, int64(row.Resident), r.Decided.UnixMilli()); err != nil {
		return err
	}
	for _, home := range homes {
		if err := uncertify(tx, by, certificationRow{Resident: home, Made: madeCertified}); err != nil {
			return err
		}
	}
	return nil
}

// bringTieBack lets somebody live again where an approval ended their tie, unless they do by now or it is gone.
func bringTieBack(tx *database.Tx, by core.Actor, id core.ID) error {
	r, err := readResident(tx, id)
	if core.IsNotFound(err) || err == nil && r.MovedOut.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	return restoreTie(tx, by, r)
}

// uncertify takes what an approval gave from a resident of the register: the certification, the number, the ID number.
func uncertify(tx *database.Tx, by core.Actor, row certificationRow) error {
	shown, old, err := lockResident(tx, core.Everywhere, row.Resident)
	if err != nil {
		return err
	}
	r := old
	if row.Made == madeNumber && tx.Keys().Digest("phone", old.OwnPhone()) == row.PhoneMAC {
		r.Phone = ""
		if r, err = changePerson(tx, r); err != nil {
			return err
		}
	}
	if row.GaveIDNo && tx.Keys().Digest("idno", old.IDNumber) == row.IDNoMAC {
		r.IDNumber = ""
	}
	if row.Made != madeNothing {
		r.Certified, r.Desk = database.Millis{}.Time, core.Certification{}
	}
	if _, err := saveResident(tx, r); err != nil {
		return err
	}
	if err := movePass(tx, r); err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Community: r.Community, Action: "resident.update", Subject: audit.Target("resident", r.ID),
		Before: auditOfResident(old, shown.Label), After: auditOfResident(r, shown.Label),
	})
}
