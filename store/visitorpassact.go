package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// visitCodeBytes is how long the code of a visitor's link is: 144 bits.
const visitCodeBytes = 18

// visitorPassAudit is what the audit log records of a visit, masked.
type visitorPassAudit struct {
	Way     core.VisitorWay   `json:"way"`
	Name    string            `json:"name"`
	Phone   string            `json:"phone,omitempty"`
	ID      string            `json:"id_number,omitempty"`
	Plate   string            `json:"plate,omitempty"`
	People  int               `json:"people"`
	House   string            `json:"house"`
	Until   string            `json:"until"`
	Gate    string            `json:"gate,omitempty"`
	Answer  core.VisitorState `json:"answer,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Answers int               `json:"answers,omitempty"` // how many, since what they say may be personal
	Photos  int               `json:"photos,omitempty"`
	Revoked bool              `json:"revoked,omitempty"`
}

func (s *Store) auditOfVisit(v core.VisitorPass) visitorPassAudit {
	return visitorPassAudit{
		Way: v.Way, Name: v.Name, Phone: core.MaskPhone(v.Phone), ID: core.MaskIDNumber(v.IDNumber),
		Plate: core.MaskPlate(v.Plate), People: v.People, Answers: len(v.Answers), House: v.HouseLabel,
		Until: v.Until.In(s.zone).Format("2006-01-02 15:04"), Revoked: !v.Revoked.IsZero(),
		Gate: v.Gate, Answer: v.Answer, Reason: v.Refusal, Photos: database.BoolInt(v.Photo != 0),
	}
}

// visitHost is a WeChat user's tie to the house that is visited.
type visitHost struct {
	Resident  core.ID `db:"id"`
	Name      string  `db:"name"`
	Community core.ID `db:"community_id"`
	Label     string  `db:"label"`
}

// hostOf returns a WeChat user's certified tie to a house. The house is locked, so that two invitations are counted one
// after the other. Another's house is NotFound.
func (s *Store) hostOf(tx *database.Tx, user, house core.ID) (visitHost, error) {
	var locked core.ID
	if err := tx.Get(&locked, "SELECT id FROM house WHERE id = ?"+tx.Dialect().ForUpdate(), int64(house)); err != nil {
		return visitHost{}, database.NotFoundIfNoRows(err, noHouse)
	}
	var host visitHost
	err := tx.Get(&host, `
		SELECT t.id, t.name, t.community_id, h.label
		FROM wechat_user u
		JOIN person p ON p.id = u.person_id AND p.phone_mac = u.phone_mac
		JOIN resident t ON t.person_id = p.id AND t.name_fold = u.name_fold
		JOIN house h ON h.id = t.house_id
		JOIN community c ON c.id = t.community_id
		WHERE u.id = ?
			AND u.merged_into = 0
			AND t.house_id = ?
			AND t.certified_at IS NOT NULL
			AND t.moved_out_at IS NULL
			AND (t.lease_day = 0 OR t.lease_day >= ?)
			AND c.archived_at IS NULL
		ORDER BY t.id
		LIMIT 1`, int64(user), int64(house), int32(core.DayOf(tx.Now(), s.zone)))
	if err != nil {
		return host, database.NotFoundIfNoRows(err, noHouse)
	}
	return host, holdTie(tx, host.Resident, noHouse)
}

// CreateVisitorPass invites a visitor for a WeChat user who is a certified resident of v.House: nobody reviews it, and
// the pass is there at once. The same key invites once.
func (s *Store) CreateVisitorPass(
	ctx context.Context, by core.Actor, user core.ID, v core.VisitorPass, key RequestKey,
) (id core.ID, err error) {
	err = s.db.Write(ctx, "invite a visitor", func(tx *database.Tx) error {
		v.Way = core.VisitInvited
		a := inviting{tx: tx, store: s, user: user, visit: v}
		known, again, err := a.sentBefore(key)
		if err != nil || again {
			id = known
			return err
		}
		host, err := s.hostOf(tx, user, v.House)
		if err != nil {
			return err
		}
		rule, err := visitorRuleIn(tx, host.Community)
		if err != nil {
			return err
		}
		if !rule.Invite {
			return core.Forbidden("本小区的住户不能邀请访客，请联系物业")
		}
		if a.visit, err = v.Normalized(rule.Form, tx.Now()); err != nil {
			return err
		}
		if err := a.checkBarred(host.Community); err != nil {
			return err
		}
		if err := a.checkRoom(rule.PerDay); err != nil {
			return err
		}
		a.visit.ID, a.visit.Community, a.visit.HouseLabel = tx.NewID(), host.Community, host.Label
		a.visit.HostTie, a.visit.Answer = host.Resident, core.VisitGranted
		if err := a.insert(); err != nil {
			return err
		}
		if err := a.usePicture(); err != nil {
			return err
		}
		id = a.visit.ID
		by.Kind, by.ID, by.Name = core.ActorWechat, user, host.Name
		return audit.Write(tx, by, audit.Entry{
			Community: host.Community, Action: "visitorpass.create", Subject: audit.Target("visitorpass", id),
			After: s.auditOfVisit(a.visit),
		})
	})
	return id, err
}

// RegisterVisit registers a visitor of a house of the scope at the office's desk: nobody reviews it, the pass is there at once, and
// the certified residents of the house are told. Form, blacklist and the limit of visitors who have not come are those of
// invitations; the residents' own number a day is not used up.
func (s *Store) RegisterVisit(ctx context.Context, by core.Actor, scope core.Scope, v core.VisitorPass) (id core.ID, err error) {
	err = s.db.Write(ctx, "register a visitor", func(tx *database.Tx) error {
		house, err := lockVisited(tx, scope, v.House)
		if err != nil {
			return err
		}
		rule, err := visitorRuleIn(tx, house.Community)
		if err != nil {
			return err
		}
		v.Way = core.VisitDesk
		a := inviting{tx: tx, store: s, body: ""}
		if a.visit, err = v.Normalized(rule.FormOf(v.Way), tx.Now()); err != nil {
			return err
		}
		if err := a.checkBarred(house.Community); err != nil {
			return err
		}
		if err := a.checkRoom(0); err != nil {
			return err
		}
		a.visit.ID, a.visit.Community, a.visit.HouseLabel = tx.NewID(), house.Community, house.Label
		a.visit.Answer = core.VisitGranted
		if err := a.insert(); err != nil {
			return err
		}
		if err := a.usePicture(); err != nil {
			return err
		}
		id = a.visit.ID
		if err := audit.Write(tx, by, audit.Entry{
			Community: house.Community, Action: "visitorpass.create", Subject: audit.Target("visitorpass", id),
			After: s.auditOfVisit(a.visit),
		}); err != nil {
			return err
		}
		return tellHosts(tx, core.DayOf(tx.Now(), s.zone), []hostNote{{
			house.Community, 0, v.House, id, "物业已登记到 " + house.Label + " 的一位访客", tx.Now(),
		}})
	})
	return id, err
}

// lockVisited locks a house of the scope, so that two visitors to it are counted one after the other.
func lockVisited(tx *database.Tx, scope core.Scope, id core.ID) (house visitHost, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var locked core.ID
	err = tx.Get(&locked, "SELECT id FROM house WHERE id = ? AND "+where+tx.Dialect().ForUpdate(), append([]any{int64(id)}, args...)...)
	if err == nil {
		err = tx.Get(&house, `
			SELECT h.community_id, h.label
			FROM house h
			JOIN community c ON c.id = h.community_id
			WHERE h.id = ?
				AND c.archived_at IS NULL`, int64(id))
	}
	return house, database.NotFoundIfNoRows(err, noHouse)
}

// inviting is an invitation, or an application of a visitor, that is being sent.
type inviting struct {
	tx        *database.Tx
	store     *Store
	user      core.ID // the host, or who applies; 0 = somebody outside WeChat
	visit     core.VisitorPass
	code      string // of its link
	key, body any    // digests of the request; nil = it has no key
}

// sentBefore returns the visit that the same request has made.
func (a *inviting) sentBefore(key RequestKey) (id core.ID, again bool, err error) {
	sum := sha256.Sum256([]byte(key.Body))
	body := hex.EncodeToString(sum[:])
	a.body = body
	if key.Key == "" {
		return 0, false, nil
	}
	digest := a.tx.Keys().Digest("visitor request", a.user.String()+" "+key.Key)
	a.key = digest
	var row struct {
		ID   core.ID `db:"id"`
		Body string  `db:"request_body"`
	}
	err = a.tx.Get(&row, "SELECT id, request_body FROM visitor_pass WHERE request_key = ?", digest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err == nil && row.Body != body:
		return 0, false, core.Invalid("这个 Idempotency-Key 已用于另一份邀请")
	}
	return row.ID, true, err
}

// checkRoom refuses more visitors to one house at a time than anybody expects, and more invitations of it a day than perDay, whether
// or not they were revoked since; 0 = any number.
func (a *inviting) checkRoom(perDay int) error {
	now, began := a.tx.NowMS(), core.DayOf(a.tx.Now(), a.store.zone).Start(a.store.zone).UnixMilli()
	var there struct {
		Open  int `db:"open_n"`
		Today int `db:"today_n"`
	}
	if err := a.tx.Get(&there, `
		SELECT COALESCE(SUM(CASE WHEN until_at >= ? AND way IN ('invite', 'desk') AND entered_at IS NULL AND left_n = 0
				AND revoked_at IS NULL THEN 1 ELSE 0 END), 0) AS open_n,
			COALESCE(SUM(CASE WHEN created_at >= ? AND way = 'invite' THEN 1 ELSE 0 END), 0) AS today_n
		FROM visitor_pass
		WHERE house_id = ?
			AND until_at >= ?`, now, began, int64(a.visit.House), began); err != nil {
		return err
	}
	switch {
	case there.Open >= core.MaxOpenVisits:
		return core.Conflict(fmt.Sprintf("本房屋已有 %d 位访客还没有来，请先撤销不来的访客", there.Open))
	case perDay > 0 && there.Today >= perDay:
		return core.Conflict(fmt.Sprintf("本房屋今天已邀请 %d 位访客，达到本小区的上限，请明天再邀请或联系物业", there.Today))
	}
	return nil
}

func (a *inviting) insert() error {
	v, keys, now := a.visit, a.tx.Keys(), a.tx.NowMS()
	a.code = secret.Text(visitCodeBytes)
	more, err := visitMore{v.Remark, v.Answers}.sealed(keys)
	if err != nil {
		return err
	}
	var sealed [4]string
	for i, column := range []struct{ name, text string }{
		{"visitor_pass.phone", v.Phone}, {"visitor_pass.plate", v.Plate}, {"visitor_pass.link", a.code}, {"visitor_pass.id", v.IDNumber},
	} {
		var err error
		if sealed[i], err = keys.Seal(column.name, column.text); err != nil {
			return err
		}
	}
	_, err = a.tx.Exec(`
		INSERT INTO visitor_pass (id, community_id, way, answer, refusal, applicant_id, proven, gate, resident_id, house_id,
			name, phone_cipher, phone_mac, id_cipher, id_mac,
			plate_cipher, plate_mac, people, reason, more_cipher, link_cipher, link_digest, request_key, request_body, from_at,
			until_at, left_n, created_at, updated_at)
		VALUES (`+database.Placeholders(29)+")",
		int64(v.ID), int64(v.Community), string(v.Way), string(v.Answer), "", int64(v.Applicant), database.BoolInt(v.Proven), v.Gate,
		int64(v.HostTie), int64(v.House), v.Name,
		sealed[0], keys.Digest("phone", v.Phone), sealed[3],
		keys.Digest("idno", v.IDNumber), sealed[1], keys.Digest("plate", v.Plate), v.People, v.Reason,
		more, sealed[2], visitCodeDigest(a.code), a.key, a.body, v.From.UnixMilli(), v.Until.UnixMilli(), 0, now, now)
	if database.IsDuplicate(err) {
		return database.ErrRace // the same request at the same moment
	}
	if err == nil {
		err = addGrams(a.tx, named{gramVisit, v.Community, v.ID, v.Name})
	}
	if err != nil || v.Answer != core.VisitGranted {
		return err
	}
	return insertVisitPass(a.tx, v)
}

// keepPicture keeps the picture that came with the form, until usePicture.
func (a *inviting) keepPicture() error {
	if a.visit.Picture == nil {
		return nil
	}
	photo := newPhotoOf(a.tx, a.user, *a.visit.Picture)
	a.visit.Photo = photo.ID
	return insertPhoto(a.tx, photo, *a.visit.Picture)
}

// usePicture assigns the visitor's picture to the visit.
func (a *inviting) usePicture() error {
	if err := a.keepPicture(); err != nil || a.visit.Photo == 0 {
		return err
	}
	return visitPicture(usePhotos(a.tx, a.user, []core.ID{a.visit.Photo}, photoUse{"visitorpass", a.visit.ID, a.visit.Community}))
}

// visitPicture names a picture that cannot be used by its field of the form.
func visitPicture(err error) error {
	if core.IsInvalid(err) {
		return core.InvalidFields(map[string]string{"photo": "照片已失效，请重新上传"})
	}
	return err
}

// insertVisitPass creates the pass of a visit, which the visitor finds, once they have verified the number in WeChat.
func insertVisitPass(tx *database.Tx, v core.VisitorPass) error {
	var person core.ID
	if v.Phone != "" {
		mac := tx.Keys().Digest("phone", v.Phone)
		persons, err := findOrMakePersons(tx, []string{mac})
		if err != nil {
			return err
		}
		person = persons[mac]
	}
	return createPass(tx, newPass{kind: core.PassVisitor, community: v.Community, holder: v.ID, person: person})
}

// RevokeOwnVisitor takes back the invitation of one of OwnVisitors who has not come yet: the pass lets nobody in
// from now on. One who has come is a conflict.
func (s *Store) RevokeOwnVisitor(ctx context.Context, by core.Actor, user, id core.ID) error {
	return s.db.Write(ctx, "revoke a visitor", func(tx *database.Tx) error {
		host, err := hostOfVisit(tx, core.DayOf(tx.Now(), s.zone), user, id)
		if err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, host.Name
		return s.revokeVisit(tx, by, core.Everywhere, id)
	})
}

// RevokeVisitorPass is RevokeOwnVisitor by the office, and tells the host.
func (s *Store) RevokeVisitorPass(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "revoke a visitor", func(tx *database.Tx) error {
		if err := s.revokeVisit(tx, by, scope, id); err != nil {
			return err
		}
		var row visitorPassRow
		if err := tx.Get(&row, visitorPassColumns+"v.id = ?", int64(id)); err != nil {
			return err
		}
		return tellHosts(tx, core.DayOf(tx.Now(), s.zone), []hostNote{{
			row.Community, row.HostTie, row.House, id, "物业已撤销到 " + row.HouseLabel + " 的一位访客的通行证", tx.Now(),
		}})
	})
}

func (s *Store) revokeVisit(tx *database.Tx, by core.Actor, scope core.Scope, id core.ID) error {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var row visitorPassRow
	if err := tx.Get(&row, visitorPassColumns+"v.id = ? AND "+where, append([]any{int64(id)}, args...)...); err != nil {
		return database.NotFoundIfNoRows(err, noVisit)
	}
	before := row.visit(tx.Reveal)
	switch before.State(tx.Now()) {
	case core.VisitMade:
		return core.Conflict("访客已经到访，不能撤销")
	case core.VisitRevoked:
		return core.Conflict("已经撤销过了")
	case core.VisitWaiting, core.VisitRejected, core.VisitWithdrawn:
		return core.Conflict("还没有通行证，不用撤销")
	}
	if err := tx.ExecOne(
		database.ErrRace, // the visitor has just come, or somebody else revoked it: the next run says which
		`UPDATE visitor_pass
		SET revoked_at = ?, updated_at = ?
		WHERE id = ?
			AND answer = 'granted'
			AND revoked_at IS NULL
			AND entered_at IS NULL
			AND left_n = 0`,
		tx.NowMS(), tx.NextUpdated(before.Updated), int64(id),
	); err != nil {
		return err
	}
	after := before
	after.Revoked = tx.Now()
	return audit.Write(tx, by, audit.Entry{
		Community: before.Community, Action: "visitorpass.revoke", Subject: audit.Target("visitorpass", id),
		Before: s.auditOfVisit(before), After: s.auditOfVisit(after),
	})
}

// useVisitorPasses notes who came in and who left, each on the condition that nobody has used the pass since it was
// decided on.
func useVisitorPasses(tx *database.Tx, uses []passUse) error {
	var in, out []passUse
	for _, u := range uses {
		if u.outcome.Record.Direction == core.In {
			in = append(in, u)
		} else {
			out = append(out, u)
		}
	}
	if err := enterVisits(tx, in); err != nil {
		return err
	}
	return leaveVisits(tx, out)
}

// enterVisits also has the hosts told, by TellOfArrivals.
func enterVisits(tx *database.Tx, in []passUse) error {
	if len(in) == 0 {
		return nil
	}
	args := []any{tx.NowMS(), tx.NowMS(), tx.NowMS()}
	for _, u := range in {
		args = append(args, int64(u.row.Visit), int64(u.outcome.Record.ID))
	}
	for _, u := range in {
		args = append(args, int64(u.row.Visit))
	}
	n, err := tx.Exec(`
		UPDATE visitor_pass
		SET entered_at = ?, inside_since = ?, updated_at = ?, arrival_id = CASE id`+strings.Repeat(" WHEN ? THEN ?", len(in))+` END
		WHERE id IN (`+database.Placeholders(len(in))+`)
			AND entered_at IS NULL
			AND revoked_at IS NULL
			AND left_n = 0`, args...)
	if err == nil && n != int64(len(in)) {
		err = database.ErrRace
	}
	return err
}

func leaveVisits(tx *database.Tx, out []passUse) error {
	if len(out) == 0 {
		return nil
	}
	args := []any{tx.NowMS(), tx.NowMS()}
	for _, u := range out {
		args = append(args, int64(u.row.Visit), u.row.VisitLeft, database.BoolInt(!u.row.VisitEntered.IsZero()))
	}
	const each = "(id = ? AND left_n = ? AND (entered_at IS NOT NULL) = ?)"
	n, err := tx.Exec(
		// inside_since first: MariaDB sets one after the other.
		"UPDATE visitor_pass SET inside_since = CASE WHEN left_n + 1 >= people THEN NULL ELSE inside_since END, "+
			"left_at = ?, left_n = left_n + 1, updated_at = ? WHERE "+each+strings.Repeat(" OR "+each, len(out)-1),
		args...,
	)
	if err == nil && n != int64(len(out)) {
		err = database.ErrRace
	}
	return err
}
