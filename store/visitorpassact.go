package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

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
		a := inviting{tx: tx, store: s}
		if a.visit, err = v.Normalized(rule.FormOf(v.Way), tx.Now()); err != nil {
			return err
		}
		if err := a.checkBarred(house.Community); err != nil {
			return err
		}
		if err := a.checkRoom(); err != nil {
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

// visitedHouse is where a visitor comes to.
type visitedHouse struct {
	Community core.ID `db:"community_id"`
	Label     string  `db:"label"`
}

// lockVisited locks a house of the scope, so that two visitors to it are counted one after the other.
func lockVisited(tx *database.Tx, scope core.Scope, id core.ID) (house visitedHouse, err error) {
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
	key, body string // digests of the request; no key = it is no repetition
}

// sign notes the digests of the request that sent it.
func (a *inviting) sign(keys database.Keyring, key RequestKey) {
	sum := sha256.Sum256([]byte(key.Body))
	a.body = hex.EncodeToString(sum[:])
	if key.Key != "" {
		a.key = keys.Digest("visitor request", a.user.String()+" "+key.Key)
	}
}

// requestKey returns the key's digest as a column value.
func (a *inviting) requestKey() any {
	if a.key == "" {
		return nil
	}
	return a.key
}

// repeats returns nil if a request with the same key and that body is the same one.
func (a *inviting) repeats(body string) error {
	if body != a.body {
		return core.Invalid("这个 Idempotency-Key 已用于另一份邀请")
	}
	return nil
}

// sentBefore returns the visit that the same request has made.
func (a *inviting) sentBefore(key RequestKey) (id core.ID, again bool, err error) {
	a.sign(a.tx.Keys(), key)
	if a.key == "" {
		return 0, false, nil
	}
	var row struct {
		ID   core.ID `db:"id"`
		Body string  `db:"request_body"`
	}
	err = a.tx.Get(&row, "SELECT id, request_body FROM visitor_pass WHERE request_key = ?", a.key)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err == nil {
		err = a.repeats(row.Body)
	}
	return row.ID, err == nil, err
}

// visitRoom is how many visitors a house has.
type visitRoom struct {
	Open  int `db:"open_n"`  // who have not come, invited or registered
	Today int `db:"today_n"` // invited today, whether or not they were revoked since
}

// Which visits count for a visitRoom; the argument of the one is now, of the other the beginning of the day.
const (
	visitIsOpen    = "until_at >= ? AND way IN ('invite', 'desk') AND entered_at IS NULL AND left_n = 0 AND revoked_at IS NULL"
	visitIsOfToday = "created_at >= ? AND way = 'invite'"
)

// check refuses more visitors to one house at a time than anybody expects, and more invitations of it a day than perDay; 0 = any
// number.
func (r visitRoom) check(perDay int) error {
	switch {
	case r.Open >= core.MaxOpenVisits:
		return core.Conflict(fmt.Sprintf("本房屋已有 %d 位访客还没有来，请先撤销不来的访客", r.Open))
	case perDay > 0 && r.Today >= perDay:
		return core.Conflict(fmt.Sprintf("本房屋今天已邀请 %d 位访客，达到本小区的上限，请明天再邀请或联系物业", r.Today))
	}
	return nil
}

// checkRoom refuses a visitor to a house that has as many as anybody expects.
func (a *inviting) checkRoom() error {
	began := core.DayOf(a.tx.Now(), a.store.zone).Start(a.store.zone).UnixMilli()
	var there visitRoom
	if err := a.tx.Get(&there, `
		SELECT COALESCE(SUM(CASE WHEN `+visitIsOpen+` THEN 1 ELSE 0 END), 0) AS open_n,
			COALESCE(SUM(CASE WHEN `+visitIsOfToday+` THEN 1 ELSE 0 END), 0) AS today_n
		FROM visitor_pass
		WHERE house_id = ?
			AND until_at >= ?`, a.tx.NowMS(), began, int64(a.visit.House), began); err != nil {
		return err
	}
	return there.check(0)
}

const visitFields = `id, community_id, way, answer, refusal, applicant_id, proven, gate, resident_id, house_id,
	name, phone_cipher, phone_mac, id_cipher, id_mac, plate_cipher, plate_mac, people, reason, more_cipher, link_cipher, link_digest,
	request_key, request_body, from_at, until_at, left_n, created_at, updated_at`

// row makes the code of the visit's link, and returns its visitFields.
func (a *inviting) row() ([]any, error) {
	v, keys, now := a.visit, a.tx.Keys(), a.tx.NowMS()
	a.code = secret.Text(visitCodeBytes)
	more, err := visitMore{v.Remark, v.Answers}.sealed(keys)
	if err != nil {
		return nil, err
	}
	var sealed [4]string
	for i, column := range []struct{ name, text string }{
		{"visitor_pass.phone", v.Phone}, {"visitor_pass.plate", v.Plate}, {"visitor_pass.link", a.code}, {"visitor_pass.id", v.IDNumber},
	} {
		if sealed[i], err = keys.Seal(column.name, column.text); err != nil {
			return nil, err
		}
	}
	return []any{
		int64(v.ID), int64(v.Community), string(v.Way), string(v.Answer), "", int64(v.Applicant), database.BoolInt(v.Proven), v.Gate,
		int64(v.HostTie), int64(v.House), v.Name,
		sealed[0], keys.Digest("phone", v.Phone), sealed[3], keys.Digest("idno", v.IDNumber), sealed[1], keys.Digest("plate", v.Plate),
		v.People, v.Reason, more, sealed[2], visitCodeDigest(a.code), a.requestKey(), a.body,
		v.From.UnixMilli(), v.Until.UnixMilli(), 0, now, now,
	}, nil
}

// writtenVisit returns a visit as it is read after row was written at an instant in milliseconds.
func writtenVisit(v core.VisitorPass, now int64) core.VisitorPass {
	v.Photo, v.Picture, v.Given = 0, nil, nil
	v.From, v.Until = time.UnixMilli(v.From.UnixMilli()).UTC(), time.UnixMilli(v.Until.UnixMilli()).UTC()
	v.Created, v.Updated = time.UnixMilli(now).UTC(), time.UnixMilli(now).UTC()
	return v
}

func (a *inviting) insert() error { return insertVisits(a.tx, []*inviting{a}, nil) }

// insertVisits adds visits, and the passes of those that are granted. persons are those of the visitors' numbers, as far as they
// are known; nil = they are to be looked up.
func insertVisits(tx *database.Tx, visits []*inviting, persons map[string]core.ID) error {
	rows, names := make([][]any, len(visits)), make([]named, len(visits))
	var granted []core.VisitorPass
	for i, a := range visits {
		var err error
		if rows[i], err = a.row(); err != nil {
			return err
		}
		v := a.visit
		names[i] = named{gramVisit, v.Community, v.ID, v.Name}
		if v.Answer == core.VisitGranted {
			granted = append(granted, v)
		}
	}
	err := database.InsertRows(tx, database.InsertInto, "visitor_pass", visitFields, rows)
	if database.IsDuplicate(err) {
		return database.ErrRace // the same request at the same moment
	}
	if err != nil {
		return err
	}
	if err := addGrams(tx, names...); err != nil {
		return err
	}
	return insertVisitPasses(tx, granted, persons)
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

// insertVisitPasses creates the passes of visits, which the visitors find, once they have verified their numbers in WeChat. persons
// are as in insertVisits.
func insertVisitPasses(tx *database.Tx, visits []core.VisitorPass, persons map[string]core.ID) error {
	var macs []string
	passes := make([]newPass, len(visits))
	for _, v := range visits {
		if v.Phone != "" {
			macs = append(macs, tx.Keys().Digest("phone", v.Phone))
		}
	}
	var err error
	if persons == nil {
		persons, err = findOrMakePersons(tx, macs)
	} else {
		_, err = makePersons(tx, macs, persons)
	}
	if err != nil {
		return err
	}
	for i, v := range visits {
		passes[i] = newPass{
			id: v.Pass, kind: core.PassVisitor, community: v.Community, holder: v.ID, person: persons[tx.Keys().Digest("phone", v.Phone)],
		}
	}
	return createPass(tx, passes...)
}

// RevokeOwnVisitor takes back the pass of one of OwnVisitors who has not come yet: it lets nobody in from now on. Who applied for it is
// told. One who has come is a conflict.
func (s *Store) RevokeOwnVisitor(ctx context.Context, by core.Actor, user, id core.ID) error {
	return s.db.Write(ctx, "revoke a visitor", func(tx *database.Tx) error {
		host, err := hostOfVisit(tx, core.DayOf(tx.Now(), s.zone), user, id)
		if err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, host.Name
		return s.revokeVisit(tx, by, core.Everywhere, id, "住户")
	})
}

// RevokeVisitorPass is RevokeOwnVisitor by the office, and tells the host.
func (s *Store) RevokeVisitorPass(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "revoke a visitor", func(tx *database.Tx) error {
		if err := s.revokeVisit(tx, by, scope, id, "物业"); err != nil {
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

// revokeVisit revokes a pass; who is said to the visitor to have done it.
func (s *Store) revokeVisit(tx *database.Tx, by core.Actor, scope core.Scope, id core.ID, who string) error {
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
	if err := audit.Write(tx, by, audit.Entry{
		Community: before.Community, Action: "visitorpass.revoke", Subject: audit.Target("visitorpass", id),
		Before: s.auditOfVisit(before), After: s.auditOfVisit(after),
	}); err != nil {
		return err
	}
	return tellVisitor(tx, before, who+"已撤销您到 "+before.HouseLabel+" 的访客通行证")
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
	n, err := tx.Exec(
		// inside_since first: MariaDB sets one after the other.
		"UPDATE visitor_pass SET inside_since = CASE WHEN left_n + 1 >= people THEN NULL ELSE inside_since END, "+
			"left_at = ?, left_n = left_n + 1, updated_at = ? WHERE "+
			orEach("(id = ? AND left_n = ? AND (entered_at IS NOT NULL) = ?)", len(out)),
		args...,
	)
	if err == nil && n != int64(len(out)) {
		err = database.ErrRace
	}
	return err
}
