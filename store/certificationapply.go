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

// RequestKey is what a caller names a request by, so that the same one takes effect once however often it is
// sent, and what the request says.
type RequestKey struct{ Key, Body string }

// digests returns the digest of the key among the applicant's own, and that of the body.
func (k RequestKey) digests(keys database.Keyring, applicant core.ID) (key, body string) {
	sum := sha256.Sum256([]byte(k.Body))
	return keys.Digest("certification request", applicant.String()+" "+k.Key), hex.EncodeToString(sum[:])
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
	if err != nil {
		return own, err
	}
	if own.Review.State == core.ReviewApproved {
		s.subjectChanged(ctx, core.SessionWechat, applicant)
	}
	return own, refused
}

// applying is an application that is being sent.
type applying struct {
	tx        *database.Tx
	store     *Store
	by        core.Actor
	applicant core.ID
	request   core.CertificationRequest
	proven    core.ID // who the applicant is known to be; 0 = nobody yet
	name      string  // folded, by which they are
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
		Name   string  `db:"name_fold"`
		Phone  string  `db:"phone_cipher"`
		MAC    string  `db:"phone_mac"`
	}
	if err := a.tx.Get(&user, "SELECT person_id, name_fold, phone_cipher, phone_mac FROM wechat_user WHERE id = ? AND merged_into = 0"+
		a.tx.Dialect().ForUpdate(), int64(a.applicant)); err != nil {
		return database.NotFoundIfNoRows(err, "用户不存在")
	}
	if user.Phone == "" {
		return core.Forbidden("请先验证手机号")
	}
	persons, err := findOrMakePersons(a.tx, []string{user.MAC})
	if err != nil {
		return err
	}
	a.proven, a.name, a.person = user.Person, user.Name, persons[user.MAC]
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
		return 0, false, core.Invalid("这份申请已提交过，请到“我的申请”查看")
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
	if err := a.connect(); err != nil {
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
		asked: core.MessageNote{
			Kind: core.MessageHousehold, Community: r.Community, Link: householdLink(r.ID), Title: a.label + " 有新的住户认证申请，请您审核",
			Due: r.Due,
		},
	}); err != nil {
		return 0, err
	}
	if err := a.insert(); err != nil {
		return 0, err
	}
	if a.request.Instant {
		if _, err := endReplaced(a.tx, a.by, a.applicant, a.request); err != nil {
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
	err := a.tx.Get(&was, `
		SELECT house_id, identity
		FROM resident
		WHERE id = ?
		AND person_id = ?
		AND person_id <> 0
		AND name_fold = ?
		AND moved_out_at IS NULL`, int64(a.request.Replaces), int64(a.proven), a.name)
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

// endReplaced ends the tie that a certified one replaces, unless it has ended meanwhile, or is of the same house since that of
// one became part of the other's. It returns the tie that it ended; 0 if none.
func endReplaced(tx *database.Tx, by core.Actor, applicant core.ID, c core.CertificationRequest) (core.ID, error) {
	if c.Replaces == 0 {
		return 0, nil
	}
	l := leaving{user: applicant, resident: c.Replaces, stays: c.House}
	err := leaveHouse(tx, by, l)
	if core.IsNotFound(err) {
		if l.resident, err = tieThatStayed(tx, c.Replaces); err != nil || l.resident == 0 {
			return 0, err
		}
		err = leaveHouse(tx, by, l)
	}
	if core.IsNotFound(err) || core.IsConflict(err) { // it has ended, made an owner of the applicant, or is that of the house
		return 0, nil
	}
	return l.resident, err
}

// checkWaiting refuses more applications of one person than anybody needs.
func (a *applying) checkWaiting() error {
	var waiting int
	if err := a.tx.Get(&waiting, `
		SELECT COUNT(*)
		FROM review
		WHERE applicant_id = ?
		AND state = 'waiting'
		AND kind = ?
		AND open_key <> ?`, int64(a.applicant), string(core.ReviewCertification),
		certificationKey(a.applicant, a.request.House)); err != nil { // that for the same house is superseded
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

// connect makes the applicant the person whom the register has. If the number is certified for somebody of another name
// too, it may have been handed on: then the office decides.
func (a *applying) connect() error {
	if a.request.Resident == 0 {
		return nil
	}
	if a.proven == a.person && a.name != core.FoldName(a.request.Name) { // another name than the one they have proven
		a.request.Resident = 0
		return nil
	}
	_, connected, err := connectApplicant(a.tx, a.applicant, a.request.Resident)
	if !connected {
		a.request.Resident = 0
	}
	return err
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
