package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

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
	PhotosKept int           `db:"photos"`
}

const certificationColumns = `SELECT c.id, r.community_id, c.house_id, r.name, c.identity, c.lease_day, c.phone_cipher, c.phone_mac,
	c.idno_cipher, c.idno_mac, c.replaces_id, c.resident_id, c.instant, c.made, r.photos
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

// RequestKey is what a caller names a request by, so that the same one takes effect once however often it is
// sent, and what the request says.
type RequestKey struct{ Key, Body string }

// digests returns the digest of the key among the applicant's own, and that of the body.
func (k RequestKey) digests(keys database.Keyring, applicant core.ID) (key, body string) {
	sum := sha256.Sum256([]byte(k.Body))
	return keys.Digest("certification request", applicant.String()+" "+k.Key), hex.EncodeToString(sum[:])
}

// OwnCertification is an application as its applicant sees it.
type OwnCertification struct {
	Review    core.Review
	Community string // its name
	House     core.ID
	Identity  core.Identity
	Photos    []core.ID // until they are deleted
}

// CreateCertification applies for a WeChat user, whose phone number must be verified, to be certified in a
// house. A resident of that house with the same phone number and name, and ID number if both have one,
// certifies at once; otherwise it waits for a review, and the answer is the same whatever the register has.
// An earlier application for the house that waits is superseded. The same key applies once.
func (s *Store) CreateCertification(
	ctx context.Context, by core.Actor, applicant core.ID, c core.CertificationRequest, key RequestKey,
) (own OwnCertification, err error) {
	days := s.RecentSettings(ctx).ReviewDays
	var refused error // by a limit: what the office is told of it is kept
	err = s.db.Write(ctx, "create certification", func(tx *database.Tx) error {
		refused = nil
		a := applying{tx: tx, store: s, by: by, applicant: applicant, request: c, days: days}
		if err := a.lockApplicant(); err != nil {
			return err
		}
		known, again, err := a.sentBefore(key)
		if err != nil {
			return err
		}
		if !again {
			if known, err = a.apply(); err != nil {
				return err
			}
		}
		if a.reached.Reached() {
			refused = a.reached.Refusal(a.office)
			return a.tellOffice()
		}
		own, err = ownCertification(tx.All, applicant, known)
		return err
	})
	if err == nil {
		err = refused
	}
	return own, err
}

// applying is an application that is being sent.
type applying struct {
	tx        *database.Tx
	store     *Store
	by        core.Actor
	applicant core.ID
	request   core.CertificationRequest
	person    core.ID // of the applicant's number
	label     string  // of the house
	office    string  // the number of the property office
	reached   core.CertificationLimit
	days      int    // of work that reviewers have
	key, body string // digests of the request
}

// lockApplicant reads the verified number. The row is locked, so that one person's applications are sent
// one after another.
func (a *applying) lockApplicant() error {
	var user struct {
		Person core.ID `db:"person_id"`
		Phone  string  `db:"phone_cipher"`
	}
	if err := a.tx.Get(&user, "SELECT person_id, phone_cipher FROM wechat_user WHERE id = ? AND merged_into = 0"+
		a.tx.Dialect().ForUpdate(), int64(a.applicant)); err != nil {
		return database.NotFoundIfNoRows(err, "用户不存在")
	}
	if user.Phone == "" {
		return core.Forbidden("请先验证手机号")
	}
	a.person = user.Person
	var err error
	a.request.Phone, err = a.tx.Keys().Open("wechat_user.phone", user.Phone)
	return err
}

// sentBefore returns the application that the same request has made.
func (a *applying) sentBefore(key RequestKey) (id core.ID, again bool, err error) {
	a.key, a.body = key.digests(a.tx.Keys(), a.applicant)
	var row struct {
		ID   core.ID `db:"id"`
		Body string  `db:"request_body"`
	}
	err = a.tx.Get(&row, "SELECT id, request_body FROM certification WHERE request_key = ?", a.key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err == nil && row.Body != a.body:
		return 0, false, core.Invalid("这个 Idempotency-Key 已用于另一份申请")
	}
	return row.ID, true, err
}

func (a *applying) apply() (core.ID, error) {
	if err := a.findHouse(); err != nil {
		return 0, err
	}
	var err error
	if a.request, err = a.request.Normalized(core.DayOf(a.tx.Now(), a.store.Zone())); err != nil {
		return 0, err
	}
	if err := a.checkReplaced(); err != nil {
		return 0, err
	}
	if err := a.checkWaiting(); err != nil {
		return 0, err
	}
	if err := a.checkLimits(); err != nil || a.reached.Reached() {
		return 0, err
	}
	a.request.ID = a.tx.NewID()
	r := core.Review{
		ID: a.request.ID, Kind: core.ReviewCertification, Community: a.request.Community, Applicant: a.applicant,
		Name: a.request.Name, Subject: a.label, State: core.ReviewWaiting,
		Due: core.AddWorkdays(a.tx.Now(), a.days, a.store.Zone()),
	}
	if a.request.Resident, err = a.recorded(); err != nil {
		return 0, err
	}
	if a.request.Resident != 0 {
		a.request.Instant, r.State = true, core.ReviewApproved
		if err := certifyRecorded(a.tx, a.request.Resident); err != nil {
			return 0, err
		}
	}
	owners, err := a.ownersToAsk()
	if err != nil {
		return 0, err
	}
	r.Asked = len(owners) > 0
	if err := a.store.createReview(a.tx, newReview{
		Review: r, key: certificationKey(a.applicant, a.request.House), photos: a.request.Photos, owners: owners,
	}); err != nil {
		return 0, err
	}
	if err := a.insert(); err != nil {
		return 0, err
	}
	if a.request.Instant {
		if err := endReplaced(a.tx, a.by, a.applicant, a.request); err != nil {
			return 0, err
		}
	}
	return r.ID, audit.Write(a.tx, a.by, audit.Entry{
		Community: r.Community, Action: "certification.create", Subject: audit.Target("certification", r.ID),
		After: auditOfCertification(r, a.request, len(a.request.Photos)),
	})
}

// findHouse reads the house. Its row and the person's are locked, so that applications for one house, and those of one
// number, are sent one after another, on whichever server, and the house does not become part of another meanwhile.
func (a *applying) findHouse() error {
	var house struct {
		Community core.ID `db:"community_id"`
		Label     string  `db:"label"`
	}
	wrong := core.InvalidFields(map[string]string{"house_id": "房屋不存在，请重新选择"})
	err := a.tx.Get(&house, "SELECT community_id, label FROM house WHERE id = ?"+a.tx.Dialect().ForUpdate(), int64(a.request.House))
	if errors.Is(err, sql.ErrNoRows) {
		return wrong
	}
	if err != nil {
		return err
	}
	err = a.tx.Get(&a.office, "SELECT phone FROM community WHERE id = ? AND archived_at IS NULL", int64(house.Community))
	if errors.Is(err, sql.ErrNoRows) {
		return wrong
	}
	if err != nil {
		return err
	}
	a.request.Community, a.label = house.Community, house.Label
	var locked core.ID
	return a.tx.Get(&locked, "SELECT id FROM person WHERE id = ?"+a.tx.Dialect().ForUpdate(), int64(a.person))
}

// checkReplaced refuses to leave a house that is not the applicant's to leave.
func (a *applying) checkReplaced() error {
	if a.request.Replaces == 0 {
		return nil
	}
	var was struct {
		House    core.ID       `db:"house_id"`
		Identity core.Identity `db:"identity"`
	}
	err := a.tx.Get(&was, "SELECT house_id, identity FROM resident WHERE id = ? AND person_id = ? AND moved_out_at IS NULL",
		int64(a.request.Replaces), int64(a.person))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return core.InvalidFields(map[string]string{"replaces_id": "原地址已不是您的登记地址，请重新选择"})
	case err == nil && was.House == a.request.House:
		return core.InvalidFields(map[string]string{"house_id": "新地址和原地址是同一套房屋"})
	case err == nil && was.Identity == core.Owner:
		return core.InvalidFields(map[string]string{"replaces_id": "您是原地址的业主，请到物业办理过户；这里请改为添加地址"})
	}
	return err
}

// endReplaced ends the tie that a certified one replaces, unless it has ended meanwhile.
func endReplaced(tx *database.Tx, by core.Actor, applicant core.ID, c core.CertificationRequest) error {
	if c.Replaces == 0 {
		return nil
	}
	var person core.ID
	if err := tx.Get(&person, "SELECT person_id FROM wechat_user WHERE id = ?", int64(applicant)); err != nil {
		return err
	}
	err := leaveHouse(tx, by, leaving{user: applicant, person: person, resident: c.Replaces})
	if core.IsNotFound(err) || core.IsConflict(err) { // it has ended, or made an owner of the applicant
		return nil
	}
	return err
}

// checkWaiting refuses more applications of one person than anybody needs.
func (a *applying) checkWaiting() error {
	var waiting int
	if err := a.tx.Get(&waiting, "SELECT COUNT(*) FROM review WHERE applicant_id = ? AND state = 'waiting'",
		int64(a.applicant)); err != nil {
		return err
	}
	if waiting >= core.MaxWaitingCertifications {
		return core.Conflict(fmt.Sprintf("您已有 %d 份申请等待审核，请等审核后再申请，或撤回其中一份", waiting))
	}
	return nil
}

// recorded returns the resident of the register whom the application names exactly; 0 if there is none, or
// more than one.
func (a *applying) recorded() (core.ID, error) {
	var rows []struct {
		ID   core.ID `db:"id"`
		IDNo string  `db:"idno_mac"`
	}
	err := a.tx.All(&rows, `
		SELECT id, idno_mac
		FROM resident
		WHERE community_id = ?
		AND house_id = ?
		AND moved_out_at IS NULL
		AND phone_mac = ?
		AND name_fold = ?
		ORDER BY id`, int64(a.request.Community), int64(a.request.House),
		a.tx.Keys().Digest("phone", a.request.Phone), core.FoldName(a.request.Name))
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	given := a.tx.Keys().Digest("idno", a.request.IDNumber)
	if given != "" && rows[0].IDNo != "" && given != rows[0].IDNo {
		return 0, nil
	}
	return rows[0].ID, nil
}

// certificationKey is the same for applications of which one waits at most.
func certificationKey(applicant, house core.ID) string {
	return fmt.Sprintf("certification:%d:%d", applicant, house)
}

func (a *applying) insert() error {
	c, keys := a.request, a.tx.Keys()
	phone, err := keys.Seal("certification.phone", c.Phone)
	if err != nil {
		return err
	}
	idno, err := keys.Seal("certification.idno", c.IDNumber)
	if err != nil {
		return err
	}
	_, err = a.tx.Exec(`
		INSERT INTO certification (id, house_id, identity, lease_day, phone_cipher, phone_mac, idno_cipher, idno_mac, replaces_id,
			resident_id, instant, made, request_key, request_body)
		VALUES (`+database.Placeholders(14)+")",
		int64(c.ID), int64(c.House), string(c.Identity), int32(c.LeaseDay), phone, keys.Digest("phone", c.Phone),
		idno, keys.Digest("idno", c.IDNumber), int64(c.Replaces), int64(c.Resident), database.BoolInt(c.Instant), "", a.key, a.body)
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
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
func approveCertification(tx *database.Tx, by core.Actor, r core.Review) error {
	var row certificationRow
	if err := tx.Get(&row, certificationColumns+"c.id = ?", int64(r.ID)); err != nil {
		return database.NotFoundIfNoRows(err, noReview)
	}
	c := row.request(tx.Reveal)
	if c.Phone == core.Unreadable || c.IDNumber == core.Unreadable {
		return core.Conflict("申请的手机号无法解密，请联系运维人核对密钥")
	}
	id, err := registeredAs(tx, c)
	if err != nil {
		return err
	}
	if err := endReplaced(tx, by, r.Applicant, c); err != nil {
		return err
	}
	made := madeResident
	if id == 0 {
		id, err = registerApplicant(tx, by, c)
	} else {
		made, err = linkApplicant(tx, by, id, c)
	}
	if err != nil {
		return err
	}
	return tx.ExecOne(core.NotFound(noReview), "UPDATE certification SET resident_id = ?, made = ? WHERE id = ?",
		int64(id), string(made), int64(c.ID))
}

// approvalMade is what approving an application changed in the register, so that it can be taken back.
type approvalMade string

const (
	madeResident  approvalMade = "resident"  // one was added, or moved back in
	madeNumber    approvalMade = "number"    // one who was there got the number, and was certified
	madeCertified approvalMade = "certified" // one who was there was certified
	madeNothing   approvalMade = ""          // who was there was certified before
)

// forgetApproval notes that what approving an application made has been undone.
func forgetApproval(tx *database.Tx, id core.ID) error {
	return tx.ExecOne(database.ErrRace, "UPDATE certification SET resident_id = 0, made = '' WHERE id = ?", int64(id))
}

// registeredAs returns the resident of the house who is the applicant: by the number, or by the name if the
// register has one of that name without a number of their own; 0 if there is none.
func registeredAs(tx *database.Tx, c core.CertificationRequest) (core.ID, error) {
	var rows []struct {
		ID    core.ID `db:"id"`
		Name  string  `db:"name_fold"`
		IDNo  string  `db:"idno_mac"`
		Phone string  `db:"phone_mac"` // of the person
	}
	err := tx.All(&rows, `
		SELECT t.id, t.name_fold, t.idno_mac, COALESCE(p.phone_mac, '') AS phone_mac
		FROM resident t
		JOIN person p ON p.id = t.person_id
		WHERE t.community_id = ?
		AND t.house_id = ?
		AND t.moved_out_at IS NULL
		ORDER BY t.id`, int64(c.Community), int64(c.House))
	if err != nil {
		return 0, err
	}
	phone, idno, name := tx.Keys().Digest("phone", c.Phone), tx.Keys().Digest("idno", c.IDNumber), core.FoldName(c.Name)
	var named []core.ID
	for _, row := range rows {
		if row.Phone == phone {
			return row.ID, nil
		}
		if row.Phone == "" && row.Name == name && (idno == "" || row.IDNo == "" || idno == row.IDNo) {
			named = append(named, row.ID)
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	return 0, nil
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
// of their own. Name and identity stay as registered.
func linkApplicant(tx *database.Tx, by core.Actor, id core.ID, c core.CertificationRequest) (made approvalMade, err error) {
	row, old, err := lockResident(tx, core.Everywhere, id)
	if err != nil {
		return made, err
	}
	r := old
	if old.Certified.IsZero() {
		made = madeCertified
	}
	if old.OwnPhone() != c.Phone {
		made = madeNumber
		r.Phone, r.PhoneShared = c.Phone, false
		if r, err = changePerson(tx, r); err != nil {
			return made, err
		}
	}
	if r.IDNumber == "" {
		r.IDNumber = c.IDNumber
	}
	if r.Certified.IsZero() {
		r.Certified = tx.Now()
	}
	if _, err := saveResident(tx, r); database.IsDuplicate(err) {
		return made, core.Conflict("该手机号在此房屋登记过（已迁出），请先在住户信息里恢复居住")
	} else if err != nil {
		return made, err
	}
	if err := movePass(tx, r); err != nil {
		return made, err
	}
	return made, audit.Write(tx, by, audit.Entry{
		Community: r.Community, Action: "resident.update", Subject: audit.Target("resident", id),
		Before: auditOfResident(old, row.Label), After: auditOfResident(r, row.Label),
	})
}

// recordCertification writes the audit row of an application that was decided or withdrawn.
func recordCertification(tx *database.Tx, by core.Actor, r core.Review) error {
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
	c.Phone, c.IDNumber = core.MaskPhone(c.Phone), core.MaskIDNumber(c.IDNumber)
	return c, database.Wrap("read certification", database.NotFoundIfNoRows(err, noReview))
}

// OwnCertifications returns the newest applications of a WeChat user's own, newest first.
func (s *Store) OwnCertifications(ctx context.Context, applicant core.ID) ([]OwnCertification, error) {
	list, err := ownCertifications(func(dest any, query string, args ...any) error { return s.db.All(ctx, dest, query, args...) },
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

func ownCertification(all func(dest any, query string, args ...any) error, applicant, id core.ID) (OwnCertification, error) {
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
	all func(dest any, query string, args ...any) error, where string, ids ...core.ID,
) ([]OwnCertification, error) {
	var rows []struct {
		reviewRow
		CommunityName string        `db:"community_name"`
		House         core.ID       `db:"house_id"`
		Identity      core.Identity `db:"identity"`
	}
	err := all(&rows, `
		SELECT r.id, r.community_id, r.kind, r.applicant_id, r.name, r.subject, r.state, r.version, r.due_at, r.decided_by,
			r.decider, r.decided_at, r.owners_asked, r.owner_id, r.reason, r.note, r.internal, r.created_at,
			m.name AS community_name, c.house_id, c.identity
		FROM review r
		JOIN certification c ON c.id = r.id
		JOIN community m ON m.id = r.community_id
		WHERE `+where+`
		ORDER BY r.id DESC
		LIMIT ?`, append(database.IDArgs(ids), ownShown)...)
	list := make([]OwnCertification, len(rows))
	for i, r := range rows {
		list[i] = OwnCertification{Review: r.review(), Community: r.CommunityName, House: r.House, Identity: r.Identity}
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
