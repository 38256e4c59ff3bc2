package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// certificationReview is the kind of review in which a resident asks to be certified in a house.
var certificationReview = reviewKind{approve: approveCertification, record: recordCertification}

type certificationRow struct {
	ID         core.ID       `db:"id"`
	Community  core.ID       `db:"community_id"`
	House      core.ID       `db:"house_id"`
	Name       string        `db:"name"`
	Identity   core.Identity `db:"identity"`
	LeaseDay   core.Day      `db:"lease_day"`
	Phone      string        `db:"phone_cipher"`
	PhoneMAC   string        `db:"phone_mac"`
	IDNo       string        `db:"idno_cipher"`
	IDNoMAC    string        `db:"idno_mac"`
	Replaces   core.ID       `db:"replaces_id"`
	Resident   core.ID       `db:"resident_id"`
	Instant    int           `db:"instant"`
	Made       approvalMade  `db:"made"`
	Ended      core.ID       `db:"ended_id"`
	GaveIDNo   bool          `db:"gave_idno"`
	Connected  bool          `db:"connected"`
	WasPerson  core.ID       `db:"was_person"`
	WasName    string        `db:"was_name"`
	PhotosKept int           `db:"photos"`
}

const certificationColumns = `SELECT c.id, r.community_id, c.house_id, r.name, c.identity, c.lease_day, c.phone_cipher, c.phone_mac,
	c.idno_cipher, c.idno_mac, c.replaces_id, c.resident_id, c.instant, c.made, c.ended_id, c.gave_idno,
	c.connected, c.was_person, c.was_name, r.photos
	FROM certification c
	JOIN review r ON r.id = c.id
	WHERE `

// request returns the row with the phone and ID numbers whole.
func (r certificationRow) request(reveal func(column, sealed string) string) core.CertificationRequest {
	return core.CertificationRequest{
		ID: r.ID, Community: r.Community, House: r.House, Name: r.Name, Identity: r.Identity, LeaseDay: r.LeaseDay,
		Phone: reveal("certification.phone", r.Phone), IDNumber: reveal("certification.idno", r.IDNo),
		Replaces: r.Replaces, Resident: r.Resident, Instant: r.Instant != 0,
	}
}

// certificationAudit is what the audit log records of an application, masked.
type certificationAudit struct {
	House    string           `json:"house"`
	Name     string           `json:"name"`
	Identity core.Identity    `json:"identity"`
	Phone    string           `json:"phone"`
	IDNumber string           `json:"id_number,omitempty"`
	Photos   int              `json:"photos"`
	State    core.ReviewState `json:"state"`
	Reason   string           `json:"reason,omitempty"`
	Note     string           `json:"note,omitempty"`
	Internal string           `json:"internal,omitempty"`
	Resident string           `json:"resident,omitempty"`
}

func auditOfCertification(r core.Review, c core.CertificationRequest, photos int) certificationAudit {
	a := certificationAudit{
		House: r.Subject, Name: c.Name, Identity: c.Identity, Phone: core.MaskPhone(c.Phone),
		IDNumber: core.MaskIDNumber(c.IDNumber), Photos: photos, State: r.State, Reason: r.Reason, Note: r.Note, Internal: r.Internal,
	}
	if c.Resident != 0 {
		a.Resident = c.Resident.String()
	}
	return a
}

// OwnCertification is an application as its applicant sees it.
type OwnCertification struct {
	Review    core.Review
	Community string // its name
	House     core.ID
	Identity  core.Identity
	Replaces  core.ID   // the applicant's tie to another house, which ends with the approval; 0 = none
	Photos    []core.ID // until they are deleted
}

// certifyRecorded certifies a resident of the register who is not yet, and creates the pass.
func certifyRecorded(tx *database.Tx, id core.ID) error {
	_, r, err := lockResident(tx, core.Everywhere, id)
	if err != nil || !r.Certified.IsZero() {
		return err
	}
	r.Certified = tx.Now()
	if _, err := saveResident(tx, r); err != nil {
		return err
	}
	return createPasses(tx, []core.Resident{r})
}

// approveCertification makes the applicant a certified resident of the house: the one whom the register has
// under that number there, or under that name without a number of their own, otherwise a new one.
func approveCertification(_ *Store, tx *database.Tx, by core.Actor, r core.Review) error {
	var row certificationRow
	if err := tx.Get(&row, certificationColumns+"c.id = ?", int64(r.ID)); err != nil {
		return database.NotFoundIfNoRows(err, noReview)
	}
	c := row.request(tx.Reveal)
	if c.Phone == core.Unreadable || c.IDNumber == core.Unreadable {
		return core.Conflict("申请的手机号无法解密，请联系运维人核对密钥")
	}
	registered, err := registeredAs(tx, c)
	if err != nil {
		return err
	}
	if err := numberIsFree(tx, registered, row); err != nil {
		return err
	}
	ended, err := endReplaced(tx, by, r.Applicant, c)
	if err != nil {
		return err
	}
	id, made, gave := registered.ID, madeResident, false
	if id == 0 {
		id, err = registerApplicant(tx, by, c)
	} else {
		made, gave, err = linkApplicant(tx, by, id, c)
	}
	if err != nil {
		return err
	}
	was, connected, err := connectApplicant(tx, r.Applicant, id)
	if err == nil && !connected {
		err = errNumberOfAnother
	}
	if err != nil {
		return err
	}
	return tx.ExecOne(core.NotFound(noReview), `
		UPDATE certification
		SET resident_id = ?, made = ?, ended_id = ?, gave_idno = ?, connected = ?, was_person = ?, was_name = ?
		WHERE id = ?`,
		int64(id), string(made), int64(ended), database.BoolInt(gave), database.BoolInt(was.user != 0), int64(was.person), was.name,
		int64(c.ID))
}

// errNumberOfAnother refuses to make somebody whom the register has by another name the applicant's.
var errNumberOfAnother = core.Conflict("该手机号还登记在另一姓名的已认证住户下，请先在住户信息里核对：改号、改名或办理迁出后再通过")

// numberIsFree refuses an application whose number somebody certified of another name has, before what the application
// replaces ends: a number does not become free by that.
func numberIsFree(tx *database.Tx, registered registeredRow, row certificationRow) error {
	of := connection{name: registered.certifies(row.Name)}
	err := tx.Get(&of.person, "SELECT id FROM person WHERE phone_mac = ?", row.PhoneMAC)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	free, err := of.free(tx)
	if err == nil && !free {
		err = errNumberOfAnother
	}
	return err
}

// approvalMade is what approving an application changed in the register, so that it can be taken back.
type approvalMade string

const (
	madeResident  approvalMade = "resident"  // one was added, or moved back in
	madeNumber    approvalMade = "number"    // one who was there got the number, and was certified
	madeCertified approvalMade = "certified" // one who was there was certified
	madeNothing   approvalMade = ""          // who was there was certified before
)

// undone describes what undoing the approval takes away.
func (r certificationRow) undone() core.ApprovalUndone {
	return core.ApprovalUndone{Certification: r.Made != madeNothing, Restored: r.Ended != 0}
}

// forgetApproval notes that what approving an application made has been undone.
func forgetApproval(tx *database.Tx, id core.ID) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE certification
		SET resident_id = 0, made = '', ended_id = 0, gave_idno = 0, connected = 0, was_person = 0, was_name = ''
		WHERE id = ?`, int64(id))
}

// registeredRow is a resident of the house that is applied for.
type registeredRow struct {
	ID       core.ID       `db:"id"`
	Identity core.Identity `db:"identity"`
	Name     string        `db:"name_fold"`
	IDNo     string        `db:"idno_mac"`
	Phone    string        `db:"phone_mac"` // of the person
}

// certifies returns the folded name under which an approval certifies an applicant: that of the register, if they are there.
func (r registeredRow) certifies(applicant string) string {
	if r.ID != 0 {
		return r.Name
	}
	return core.FoldName(applicant)
}

// applicantKeys are by what an applicant is looked for: the folded name and the digests of the numbers.
type applicantKeys struct{ name, phone, idno string }

// chooseRegistered returns which resident of a house an applicant is, and by what; -1 if none, or of several it is not known
// which. Reviewers are told the same before an approval as it does.
func chooseRegistered(rows []registeredRow, is applicantKeys) (at int, by core.RegisterMatch) {
	at = slices.IndexFunc(rows, func(r registeredRow) bool { return r.Phone == is.phone && r.Name == is.name })
	if at < 0 {
		at = slices.IndexFunc(rows, func(r registeredRow) bool { return r.Phone == is.phone })
	}
	if at >= 0 {
		return at, core.MatchedPhone
	}
	named, sameID := 0, 0
	for n, row := range rows {
		if row.Phone != "" || row.Name != is.name || is.idno != "" && row.IDNo != "" && is.idno != row.IDNo {
			continue
		}
		if named++; is.idno != "" && is.idno == row.IDNo {
			sameID, at, by = sameID+1, n, core.MatchedIDNumber
		} else if sameID == 0 {
			at, by = n, core.MatchedName
		}
	}
	if sameID > 1 || sameID == 0 && named != 1 {
		return -1, core.MatchedNothing
	}
	return at, by
}

// registeredAs returns the resident of the house who is the applicant: by the number, or by the name if the register has one of
// that name without a number of their own; its ID is 0 if there is none. It is one statement whatever the register
// has, since how long an answer takes tells as much as the answer.
func registeredAs(tx *database.Tx, c core.CertificationRequest) (registeredRow, error) {
	var rows []registeredRow
	err := tx.All(&rows, `
		SELECT t.id, t.identity, t.name_fold, t.idno_mac, COALESCE(p.phone_mac, '') AS phone_mac
		FROM resident t
		JOIN person p ON p.id = t.person_id
		WHERE t.community_id = ?
		AND t.house_id = ?
		AND t.moved_out_at IS NULL
		ORDER BY t.id`, int64(c.Community), int64(c.House))
	if err != nil {
		return registeredRow{}, err
	}
	at, _ := chooseRegistered(rows, applicantKeys{
		name: core.FoldName(c.Name), phone: tx.Keys().Digest("phone", c.Phone), idno: tx.Keys().Digest("idno", c.IDNumber),
	})
	if at < 0 {
		return registeredRow{}, nil
	}
	return rows[at], nil
}

// registerApplicant adds the applicant to the house.
func registerApplicant(tx *database.Tx, by core.Actor, c core.CertificationRequest) (core.ID, error) {
	b := residentBuilder{tx: tx, community: c.Community, people: []core.Resident{{
		Community: c.Community, House: c.House, Name: c.Name, Identity: c.Identity, LeaseDay: c.LeaseDay,
		Phone: c.Phone, IDNumber: c.IDNumber, Certified: tx.Now(), Namesake: true,
	}}}
	if err := b.run(); err != nil {
		if core.IsInvalid(err) {
			return 0, core.Conflict("房屋已被删除，请选择“不通过”")
		}
		return 0, err
	}
	return b.people[0].ID, audit.Write(tx, by, b.auditEntry(core.Batch{}))
}

// linkApplicant certifies the applicant as a resident of the register, who gets the number if they had none
// of their own, and the ID number, which gave reports, if none was known. Name and identity stay as registered.
func linkApplicant(
	tx *database.Tx, by core.Actor, id core.ID, c core.CertificationRequest,
) (made approvalMade, gave bool, err error) {
	row, old, err := lockResident(tx, core.Everywhere, id)
	if err != nil {
		return made, false, err
	}
	r := old
	if old.Certified.IsZero() {
		made = madeCertified
	}
	if old.OwnPhone() != c.Phone {
		made = madeNumber
		r.Phone, r.PhoneShared = c.Phone, false
		if r, err = changePerson(tx, r); err != nil {
			return made, false, err
		}
	}
	if gave = r.IDNumber == "" && c.IDNumber != ""; gave {
		r.IDNumber = c.IDNumber
	}
	if r.Certified.IsZero() {
		r.Certified = tx.Now()
	}
	if _, err := saveResident(tx, r); database.IsDuplicate(err) {
		return made, false, database.ErrRace // somebody who lives there has the number by now
	} else if err != nil {
		return made, false, err
	}
	if err := movePass(tx, r); err != nil {
		return made, false, err
	}
	return made, gave, audit.Write(tx, by, audit.Entry{
		Community: r.Community, Action: "resident.update", Subject: audit.Target("resident", id),
		Before: auditOfResident(old, row.Label), After: auditOfResident(r, row.Label),
	})
}

// recordCertification writes the audit row of an application that was decided or withdrawn.
func recordCertification(_ *Store, tx *database.Tx, by core.Actor, r core.Review) error {
	var row certificationRow
	if err := tx.Get(&row, certificationColumns+"c.id = ?", int64(r.ID)); err != nil {
		return database.NotFoundIfNoRows(err, noReview)
	}
	entry := audit.Entry{
		Community: r.Community, Action: "certification.reject", Subject: audit.Target("certification", r.ID),
		After: auditOfCertification(r, row.request(tx.Reveal), row.PhotosKept),
	}
	switch r.State {
	case core.ReviewApproved:
		entry.Action = "certification.approve"
	case core.ReviewWithdrawn:
		entry.Action = "certification.withdraw"
	case core.ReviewWaiting:
		entry.Action = "certification.take_back"
	}
	return audit.Write(tx, by, entry)
}

// Certification returns what a review of the scope applies for, masked.
func (s *Store) Certification(ctx context.Context, scope core.Scope, id core.ID) (core.CertificationRequest, error) {
	where, args := database.ScopeWhere(scope, "r.community_id")
	var row certificationRow
	err := s.db.Get(ctx, &row, certificationColumns+"c.id = ? AND "+where, append([]any{int64(id)}, args...)...)
	c := row.request(s.db.Reveal)
	c.Phone, c.IDNumber, c.Undone = core.MaskPhone(c.Phone), core.MaskIDNumber(c.IDNumber), row.undone()
	return c, database.Wrap("read certification", database.NotFoundIfNoRows(err, noReview))
}

// OwnCertifications returns the newest applications of a WeChat user's own, newest first.
func (s *Store) OwnCertifications(ctx context.Context, applicant core.ID) ([]OwnCertification, error) {
	list, err := ownCertifications(s.allOf(ctx),
		"r.applicant_id = ?", applicant)
	return list, database.Wrap("list own certifications", err)
}

// OwnCertification returns an application of a WeChat user's own.
func (s *Store) OwnCertification(ctx context.Context, applicant, id core.ID) (OwnCertification, error) {
	own, err := ownCertification(s.allOf(ctx), applicant, id)
	return own, database.Wrap("read own certification", err)
}

// ownShown is how many of their applications a person sees.
const ownShown = 50

func ownCertification(all readAll, applicant, id core.ID) (OwnCertification, error) {
	list, err := ownCertifications(all, "r.applicant_id = ? AND r.id = ?", applicant, id)
	if err == nil && len(list) == 0 {
		err = core.NotFound(noReview)
	}
	if err != nil {
		return OwnCertification{}, err
	}
	return list[0], nil
}

func ownCertifications(
	all readAll, where string, ids ...core.ID,
) ([]OwnCertification, error) {
	var rows []struct {
		reviewRow
		CommunityName string        `db:"community_name"`
		House         core.ID       `db:"house_id"`
		Identity      core.Identity `db:"identity"`
		Replaces      core.ID       `db:"replaces_id"`
	}
	err := all(&rows, `
		SELECT r.id, r.community_id, r.kind, r.applicant_id, r.name, r.subject, r.state, r.version, r.due_at, r.decided_by,
			r.decider, r.decided_at, r.owners_asked, r.owner_id, r.reason, r.note, r.internal, r.created_at,
			m.name AS community_name, c.house_id, c.identity, c.replaces_id
		FROM review r
		JOIN certification c ON c.id = r.id
		JOIN community m ON m.id = r.community_id
		WHERE `+where+`
		ORDER BY r.id DESC
		LIMIT ?`, append(database.IDArgs(ids), ownShown)...)
	list := make([]OwnCertification, len(rows))
	for i, r := range rows {
		list[i] = OwnCertification{
			Review: r.review(), Community: r.CommunityName, House: r.House, Identity: r.Identity, Replaces: r.Replaces,
		}
	}
	if err != nil {
		return nil, err
	}
	photos, err := photosOf(all, string(core.ReviewCertification),
		database.IDsOf(list, func(own OwnCertification) core.ID { return own.Review.ID }))
	for i, own := range list {
		list[i].Photos = photos[own.Review.ID]
	}
	return list, err
}
