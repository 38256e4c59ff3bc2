package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// noVisit is the message for a visit that does not exist or is out of scope.
const noVisit = "访客不存在"

type visitorPassRow struct {
	ID         core.ID           `db:"id"`
	Community  core.ID           `db:"community_id"`
	Way        core.VisitorWay   `db:"way"`
	Answer     core.VisitorState `db:"answer"`
	Refusal    string            `db:"refusal"`
	Applicant  core.ID           `db:"applicant_id"`
	Proven     int               `db:"proven"`
	Gate       string            `db:"gate"`
	HostTie    core.ID           `db:"resident_id"`
	House      core.ID           `db:"house_id"`
	HouseLabel string            `db:"label"`
	Pass       core.ID           `db:"pass_id"`
	Name       string            `db:"name"`
	Phone      string            `db:"phone_cipher"`
	IDNumber   string            `db:"id_cipher"`
	Plate      string            `db:"plate_cipher"`
	More       string            `db:"more_cipher"`
	Link       string            `db:"link_cipher"`
	People     int               `db:"people"`
	Reason     string            `db:"reason"`
	From       database.Millis   `db:"from_at"`
	Until      database.Millis   `db:"until_at"`
	Revoked    database.Millis   `db:"revoked_at"`
	Entered    database.Millis   `db:"entered_at"`
	Left       database.Millis   `db:"left_at"`
	Gone       int               `db:"left_n"`
	Created    database.Millis   `db:"created_at"`
	Updated    database.Millis   `db:"updated_at"`
}

const (
	visitorPassFields = `v.id, v.community_id, v.way, v.answer, v.refusal, v.applicant_id, v.proven, v.gate,
	v.resident_id, v.house_id, COALESCE(h.label, '') AS label,
	COALESCE(p.id, 0) AS pass_id, v.name, v.phone_cipher, v.id_cipher, v.plate_cipher, v.more_cipher, v.link_cipher, v.people, v.reason,
	v.from_at, v.until_at, v.revoked_at, v.entered_at, v.left_at, v.left_n, v.created_at, v.updated_at`
	visitorPassTables = `visitor_pass v
	LEFT JOIN pass p ON p.kind = 'visitor' AND p.holder_id = v.id
	LEFT JOIN house h ON h.id = v.house_id`
	visitorPassColumns = "SELECT " + visitorPassFields + " FROM " + visitorPassTables + " WHERE "
)

// visitMore is what a visit may have beside what every form asks for.
type visitMore struct {
	Remark  string            `json:"remark,omitempty"`
	Answers []core.FormAnswer `json:"answers,omitempty"`
}

// sealed returns it encrypted; "" for nothing.
func (m visitMore) sealed(keys database.Keyring) (string, error) {
	if m.Remark == "" && len(m.Answers) == 0 {
		return keys.Seal("visitor_pass.more", "")
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return keys.Seal("visitor_pass.more", string(text))
}

// visit returns the row with its numbers whole.
func (r visitorPassRow) visit(reveal func(column, sealed string) string) core.VisitorPass {
	var more visitMore
	if text := reveal("visitor_pass.more", r.More); text != "" && json.Unmarshal([]byte(text), &more) != nil {
		more = visitMore{Remark: core.Unreadable}
	}
	return core.VisitorPass{
		ID: r.ID, Community: r.Community, Way: r.Way, Answer: r.Answer, Refusal: r.Refusal, Applicant: r.Applicant,
		Proven: r.Proven != 0, Gate: r.Gate, HostTie: r.HostTie, House: r.House,
		HouseLabel: r.HouseLabel, Pass: r.Pass, Name: r.Name, Phone: reveal("visitor_pass.phone", r.Phone),
		IDNumber: reveal("visitor_pass.id", r.IDNumber), Remark: more.Remark, Answers: more.Answers,
		Plate: reveal("visitor_pass.plate", r.Plate), People: r.People, Reason: r.Reason, From: r.From.Time,
		Until: r.Until.Time, Revoked: r.Revoked.Time, Entered: r.Entered.Time, Left: r.Left.Time, Gone: r.Gone,
		Created: r.Created.Time, Updated: r.Updated.Time,
	}
}

// masked returns the row as lists show it.
func (r visitorPassRow) masked(reveal func(column, sealed string) string) core.VisitorPass {
	return maskedVisit(r.visit(reveal))
}

func maskedVisit(v core.VisitorPass) core.VisitorPass {
	v.Phone, v.IDNumber, v.Plate = core.MaskPhone(v.Phone), core.MaskIDNumber(v.IDNumber), core.MaskPlate(v.Plate)
	return v
}

func (s *Store) visitsOf(rows []visitorPassRow) []core.VisitorPass {
	visits := make([]core.VisitorPass, len(rows))
	for i, row := range rows {
		visits[i] = row.masked(s.db.Reveal)
	}
	return visits
}

// VisitorPassFilter narrows a list of visits. Zero fields do not filter.
type VisitorPassFilter struct {
	Community core.ID
	House     core.ID
	Host      core.ID // a resident
	State     core.VisitorState
	Stay      core.VisitorStay
	Usable    bool      // only those with a pass that lets somebody in or out still
	Today     core.Day  // for Stay
	Now       time.Time // for State
	Keyword   string    // part of the visitor's name or of the house, a phone number or its last four figures, or a plate
	Page      Page
}

func (s *Store) visitorPassWhere(ctx context.Context, scope core.Scope, f VisitorPassFilter) (database.Where, error) {
	var where database.Where
	for _, c := range []struct {
		column string
		value  core.ID
	}{{"v.community_id", f.Community}, {"v.house_id", f.House}, {"v.resident_id", f.Host}} {
		if c.value != 0 {
			where.And(c.column+" = ?", int64(c.value))
		}
	}
	now := f.Now.UnixMilli()
	switch f.State {
	case "":
	case core.VisitMade:
		where.And("(v.entered_at IS NOT NULL OR v.left_n > 0)")
	case core.VisitRevoked:
		where.And("v.revoked_at IS NOT NULL")
	case core.VisitRejected, core.VisitWithdrawn:
		where.And("v.answer = ? AND v.revoked_at IS NULL", string(f.State))
	case core.VisitExpired:
		where.And("v.entered_at IS NULL AND v.left_n = 0 AND v.revoked_at IS NULL AND v.until_at < ?", now)
		where.And("v.answer IN ('waiting', 'granted')")
	case core.VisitGranted, core.VisitWaiting:
		where.And("v.entered_at IS NULL AND v.left_n = 0 AND v.revoked_at IS NULL AND v.answer = ? AND v.until_at >= ?",
			string(f.State), now)
	default: // no visit is in another
		where.And("1 = 0")
	}
	switch f.Stay {
	case "":
	case core.StayToday:
		where.And("v.entered_at >= ?", f.Today.Start(s.zone).UnixMilli())
	case core.StayInside:
		where.And("v.inside_since IS NOT NULL")
	case core.StayLate:
		where.And(`v.inside_since IS NOT NULL AND EXISTS (
			SELECT 1 FROM visitor_rule q
			WHERE q.community_id = v.community_id AND q.stay_hours > 0 AND v.inside_since < ? - q.stay_hours * 3600000)`, now)
	default:
		where.And("1 = 0")
	}
	if f.Usable {
		where.And(`p.id IS NOT NULL AND (v.inside_since IS NOT NULL
			OR v.revoked_at IS NULL AND v.entered_at IS NULL AND v.left_n = 0 AND v.until_at >= ?)`, now)
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		if err := s.visitsSaid(ctx, scope.In(f.Community), keyword, &where); err != nil {
			return where, err
		}
	}
	return where, nil
}

// visitsSaid narrows visits to those that a keyword finds.
func (s *Store) visitsSaid(ctx context.Context, scope core.Scope, keyword string, where *database.Where) error {
	said, plate := core.ReadSearch(keyword), s.visitDigest("plate", keyword)
	if phone := s.visitDigest("phone", keyword); phone != noDigest { // a whole number is nothing else
		where.And("v.phone_mac = ?", phone)
		return nil
	}
	if said.Plate != "" {
		where.And("v.plate_mac = ?", plate)
		return nil
	}
	// The houses first, in any way of writing them: of an OR over both tables every visit of the scope would be read.
	houses, err := s.housesSaid(ctx, scope, keyword)
	if err != nil {
		return err
	}
	ways, args := []string{"v.plate_mac = ?"}, []any{plate} // also of an unusual form
	if len(houses) > 0 {
		ways, args = append(ways, "v.house_id IN ("+database.Placeholders(len(houses))+")"), database.AppendIDs(args, houseIDs(houses))
	}
	if said.Figures == "" && said.Label == "" { // nobody is called 3-2-501
		ids, few, err := s.visitsNamed(ctx, scope, keyword)
		switch {
		case err != nil:
			return err
		case !few:
			ways, args = append(ways, "v.name LIKE ? ESCAPE '!'"), append(args, database.LikeContains(keyword))
		case len(ids) > 0:
			ways = append(ways, "v.name LIKE ? ESCAPE '!' AND v.id IN ("+database.Placeholders(len(ids))+")")
			args = database.AppendIDs(append(args, database.LikeContains(keyword)), ids)
		}
	}
	if len(said.Tail) == 4 {
		begins := s.db.Keys().DigestTail("phone", said.Tail)
		ways, args = append(ways, "v.phone_mac >= ? AND v.phone_mac < ?"), append(args, begins, begins+"~")
	}
	where.And("("+strings.Join(ways, " OR ")+")", args...)
	return nil
}

// fewVisits are read by their ids; of more, the newest of a list are soon found by reading one after the other.
const fewVisits = 300

// visitsNamed returns the visits of which the visitor may have a name with a text in it; few = these are all. Without it, a name
// that nobody has would be looked for in every visit of the scope.
func (s *Store) visitsNamed(ctx context.Context, scope core.Scope, text string) (ids []core.ID, few bool, err error) {
	said := core.ReadName(text)
	gram, _ := said.Grams()
	if said.Part() == "" || gram == 0 { // one character, which may be anywhere in a name
		return nil, false, nil
	}
	where := byGram{gram: gram}.where(scope, gramVisit)
	err = s.db.All(ctx, &ids, "SELECT g.subject_id FROM name_gram g WHERE "+where.Text()+" LIMIT ?",
		append(where.Args(), fewVisits+1)...)
	return ids, len(ids) <= fewVisits, err
}

// noDigest is the digest of what no number is.
const noDigest = "-"

// visitDigest returns the digest of what somebody searches for; noDigest if it cannot be such a thing.
func (s *Store) visitDigest(kind, text string) string {
	read := core.NormalizeMobile
	if kind == "plate" {
		read = core.NormalizePlate
	}
	if text, err := read(text); err == nil && text != "" {
		return s.db.Keys().Digest(kind, text)
	}
	return noDigest
}

// VisitorPasses lists a page of the visits of the communities in scope, newest first, masked. more reports whether
// there are further rows in the direction of paging.
func (s *Store) VisitorPasses(
	ctx context.Context, scope core.Scope, f VisitorPassFilter,
) (list []core.VisitorPass, more bool, err error) {
	where, err := s.visitorPassWhere(ctx, scope, f)
	if err != nil {
		return nil, false, database.Wrap("list visits", err)
	}
	rows, more, err := readPage[visitorPassRow](ctx, s, listQuery{
		columns: visitorPassFields, table: visitorPassTables, scope: database.Within(scope, "v.community_id"),
		filter: where, order: database.PageOrder{ID: "v.id", Desc: true},
	}, f.Page)
	return s.visitsOf(rows), more, database.Wrap("list visits", err)
}

// CountVisitorPasses counts the visits in scope that a filter lets through.
func (s *Store) CountVisitorPasses(ctx context.Context, scope core.Scope, f VisitorPassFilter) (n int, err error) {
	where, err := s.visitorPassWhere(ctx, scope, f)
	if err == nil {
		where = database.Within(scope, "v.community_id").With(where)
		err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM "+visitorPassTables+" WHERE "+where.Text(), where.Args()...)
	}
	return n, database.Wrap("count visits", err)
}

// VisitorPass returns one visit in scope, masked.
func (s *Store) VisitorPass(ctx context.Context, scope core.Scope, id core.ID) (core.VisitorPass, error) {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var row visitorPassRow
	err := s.db.Get(ctx, &row, visitorPassColumns+"v.id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.VisitorPass{}, database.Wrap("read a visit", database.NotFoundIfNoRows(err, noVisit))
	}
	return row.masked(s.db.Reveal), nil
}

// visitOfHost is the condition that a WeChat user is the host of a visit: the tie is theirs, by number and name, and has
// not ended, nor the lease. The number alone may be somebody else's by now. Whom nobody of the house invited visits all who
// are certified there.
const visitOfHost = `(v.resident_id IN (
	SELECT t.id
	FROM wechat_user u
	JOIN resident t ON t.person_id = u.person_id AND t.name_fold = u.name_fold
	WHERE u.id = ?
	AND u.merged_into = 0
	AND u.person_id <> 0
	AND t.moved_out_at IS NULL
	AND (t.lease_day = 0 OR t.lease_day >= ?)
) OR v.resident_id = 0 AND v.house_id IN (
	SELECT t.house_id
	FROM wechat_user u
	JOIN resident t ON t.person_id = u.person_id AND t.name_fold = u.name_fold
	WHERE u.id = ?
	AND u.merged_into = 0
	AND u.person_id <> 0
	AND t.moved_out_at IS NULL
	AND (t.lease_day = 0 OR t.lease_day >= ?)
	AND t.certified_at IS NOT NULL
))`

// OwnVisitors lists a page of the visitors of a WeChat user 我的访客 to where they live, newest first.
func (s *Store) OwnVisitors(ctx context.Context, user core.ID, page Page) (list []core.VisitorPass, more bool, err error) {
	var own database.Where
	today := int32(core.DayOf(s.Now(), s.zone))
	own.And(visitOfHost, int64(user), today, int64(user), today)
	rows, more, err := readPage[visitorPassRow](ctx, s, listQuery{
		columns: visitorPassFields, table: visitorPassTables, scope: own, order: database.PageOrder{ID: "v.id", Desc: true},
	}, page)
	return s.visitsOf(rows), more, database.Wrap("list own visitors", err)
}

// OwnVisitor is a visitor as the host sees it: with the code of the link, which the visitor opens.
type OwnVisitor struct {
	core.VisitorPass
	Community string // its name
	Code      string
	Mine      bool // it waits for the host's answer; Photo is then the visitor's picture, which WaitingPhoto sends
}

// OwnVisitor returns one of OwnVisitors; another's is NotFound.
func (s *Store) OwnVisitor(ctx context.Context, user, id core.ID) (OwnVisitor, error) {
	var row struct {
		visitorPassRow
		Place string `db:"place"`
		Asked int    `db:"asked"`
	}
	today := int32(core.DayOf(s.Now(), s.zone))
	err := s.db.Get(ctx, &row, "SELECT "+visitorPassFields+", c.name AS place, COALESCE(r.owners_asked, 0) AS asked FROM "+
		visitorPassTables+`
		JOIN community c ON c.id = v.community_id
		LEFT JOIN review r ON r.id = v.id AND r.kind = 'visitorpass'
		WHERE v.id = ? AND `+visitOfHost, int64(id), int64(user), today, int64(user), today)
	if err != nil {
		return OwnVisitor{}, database.Wrap("read own visitor", database.NotFoundIfNoRows(err, noVisit))
	}
	code, err := s.db.Keys().Open("visitor_pass.link", row.Link)
	own := OwnVisitor{VisitorPass: row.masked(s.db.Reveal), Community: row.Place, Code: code}
	own.Mine = own.State(s.Now()) == core.VisitWaiting && (own.Way == core.VisitBooked || row.Asked != 0)
	if err == nil && own.Mine {
		var sent []core.Photo
		if sent, err = s.Photos(ctx, string(core.ReviewVisit), id); len(sent) > 0 {
			own.Photo = sent[0].ID
		}
	}
	return own, database.Wrap("read own visitor", err)
}

// WaitingPhoto returns the picture of a visitor who waits for a WeChat user's answer, as a JPEG file. Before and after that it is for
// the office and the guard alone. Looking at the whole of it is recorded, as by ViewPhoto.
func (s *Store) WaitingPhoto(ctx context.Context, by core.Actor, user, id core.ID, part core.PhotoPart) ([]byte, error) {
	photo, err := s.Photo(ctx, core.Everywhere, id)
	if err != nil {
		return nil, err
	}
	if photo.Use != string(core.ReviewVisit) {
		return nil, core.NotFound(noPhoto)
	}
	own, err := s.OwnVisitor(ctx, user, photo.Of)
	switch {
	case core.IsNotFound(err) || err == nil && own.Photo != id:
		return nil, core.NotFound(noPhoto)
	case err != nil:
		return nil, err
	}
	return s.ViewPhoto(ctx, by, core.Everywhere, id, part)
}

// OwnVisit is a visit as the visitor sees it.
type OwnVisit struct {
	core.VisitorPass
	Community, OfficePhone string
	Host                   string // masked; "" = nobody of the house invited them, or accepted yet
	Code                   string // of its link
}

// hideHost removes who lives where from an appointment that nobody has accepted: the visitor knows a number alone.
func (v *OwnVisit) hideHost() {
	if v.Way == core.VisitBooked && v.Answer != core.VisitGranted {
		v.Host, v.House, v.HouseLabel, v.HostTie = "", 0, "", 0
	}
}

// VisitByCode returns the visit whose link has a code. One that was never made, or ended days ago, is NotFound; what has
// become of it otherwise is its state.
func (s *Store) VisitByCode(ctx context.Context, code string) (OwnVisit, error) {
	return s.ownVisit(ctx, "v.link_digest = ? AND v.until_at >= ?", visitCodeDigest(code), s.visitsShown())
}

// visitsShown is since when, in milliseconds, a visit must have ended for its visitor to see it.
func (s *Store) visitsShown() int64 { return s.Now().Add(-visitShown).UnixMilli() }

// VisitOfApplicant returns a visit that a WeChat user has applied for; another's is NotFound.
func (s *Store) VisitOfApplicant(ctx context.Context, user, id core.ID) (OwnVisit, error) {
	return s.ownVisit(ctx, "v.id = ? AND v.applicant_id = ? AND v.applicant_id <> 0", int64(id), int64(user))
}

// VisitOfPass returns the visit that a pass is for. The caller must have found the pass by its holder.
func (s *Store) VisitOfPass(ctx context.Context, pass core.ID) (OwnVisit, error) {
	return s.ownVisit(ctx, "p.id = ?", int64(pass))
}

func (s *Store) ownVisit(ctx context.Context, where string, values ...any) (OwnVisit, error) {
	var row struct {
		visitorPassRow
		Place  string `db:"place"`
		Office string `db:"office_phone"`
		Host   string `db:"host"`
	}
	err := s.db.Get(ctx, &row, "SELECT "+visitorPassFields+`, c.name AS place, c.phone AS office_phone, COALESCE(t.name, '') AS host
		FROM `+visitorPassTables+`
		JOIN community c ON c.id = v.community_id
		LEFT JOIN resident t ON t.id = v.resident_id
		WHERE `+where, values...)
	if err != nil {
		return OwnVisit{}, database.Wrap("read own visit", database.NotFoundIfNoRows(err, "链接无效，请向邀请您的住户核对"))
	}
	visit := OwnVisit{
		VisitorPass: row.masked(s.db.Reveal), Community: row.Place, OfficePhone: row.Office, Host: core.MaskName(row.Host),
		Code: s.db.Reveal("visitor_pass.link", row.Link),
	}
	visit.hideHost()
	return visit, nil
}

// visitCodeDigest is by what a visit is found by the code of its link.
func visitCodeDigest(code string) string {
	sum := sha256.Sum256([]byte("visit " + code))
	return hex.EncodeToString(sum[:])
}

// visitsBy returns the ids of the newest visits that a WeChat user has applied for, or has a pass for by their verified number.
func (s *Store) visitsBy(ctx context.Context, user core.WechatUser) ([]core.ID, error) {
	var ids, byNumber []core.ID
	err := s.db.All(ctx, &ids, "SELECT id FROM visitor_pass WHERE applicant_id = ? AND until_at >= ? ORDER BY id DESC LIMIT 50",
		int64(user.ID), s.visitsShown())
	if err == nil && user.Number != 0 {
		err = s.db.All(ctx, &byNumber, `
			SELECT v.id
			FROM pass p
			JOIN visitor_pass v ON v.id = p.holder_id
			WHERE p.person_id = ?
			AND p.kind = 'visitor'
			AND v.until_at >= ?
			ORDER BY v.id DESC
			LIMIT 50`, int64(user.Number), s.visitsShown())
	}
	return append(ids, byNumber...), err
}

// OwnVisits returns the visits of a WeChat user 我的访问, by who applied and by their verified number, newest first. A number may
// be handed on: what ended longer ago is not shown.
func (s *Store) OwnVisits(ctx context.Context, user core.WechatUser) ([]OwnVisit, error) {
	var rows []struct {
		visitorPassRow
		Place  string `db:"place"`
		Office string `db:"office_phone"`
	}
	ids, err := s.visitsBy(ctx, user)
	if err != nil || len(ids) == 0 {
		return nil, database.Wrap("list own visits", err)
	}
	err = s.db.All(ctx, &rows, "SELECT "+visitorPassFields+", c.name AS place, c.phone AS office_phone FROM "+visitorPassTables+`
		JOIN community c ON c.id = v.community_id
		WHERE v.id IN (`+database.Placeholders(len(ids))+`)
		ORDER BY v.id DESC
		LIMIT 50`, database.IDArgs(ids)...)
	visits := make([]OwnVisit, len(rows))
	for i, row := range rows {
		visits[i] = OwnVisit{
			VisitorPass: row.masked(s.db.Reveal), Community: row.Place, OfficePhone: row.Office,
			Code: s.db.Reveal("visitor_pass.link", row.Link),
		}
		visits[i].hideHost()
	}
	return visits, database.Wrap("list own visits", err)
}
