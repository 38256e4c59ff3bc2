package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// noExitSlip is the message for a slip that does not exist or is out of scope.
const noExitSlip = "出门条不存在"

type exitSlipRow struct {
	ID         core.ID         `db:"id"`
	Community  core.ID         `db:"community_id"`
	House      core.ID         `db:"house_id"`
	HouseLabel string          `db:"label"`
	Answer     core.ExitState  `db:"answer"`
	Refusal    string          `db:"refusal"`
	Applicant  core.ID         `db:"applicant_id"`
	Tie        core.ID         `db:"resident_id"`
	Issuer     string          `db:"issuer"`
	Pass       core.ID         `db:"pass_id"`
	Name       string          `db:"name"`
	Phone      string          `db:"phone_cipher"`
	Plate      string          `db:"plate_cipher"`
	Reason     string          `db:"reason"`
	More       string          `db:"more_cipher"`
	ArrearsFen int64           `db:"arrears_fen"`
	Items      int             `db:"items"`
	LeftMask   int64           `db:"left_mask"`
	LeftAt     database.Millis `db:"left_at"`
	Code       string          `db:"code_cipher"`
	Planned    database.Millis `db:"planned_at"`
	From       database.Millis `db:"from_at"`
	Until      database.Millis `db:"until_at"`
	Revoked    database.Millis `db:"revoked_at"`
	Created    database.Millis `db:"created_at"`
	Updated    database.Millis `db:"updated_at"`
}

const (
	exitSlipColumns = `e.id, e.community_id, e.house_id, COALESCE(h.label, '') AS label, e.answer, e.refusal, e.applicant_id, e.resident_id,
	e.issuer, COALESCE(p.id, 0) AS pass_id, e.name, e.phone_cipher, e.plate_cipher, e.reason, e.more_cipher, e.arrears_fen, e.items,
	e.left_mask, e.left_at, e.code_cipher, e.planned_at, e.from_at, e.until_at, e.revoked_at, e.created_at, e.updated_at`
	exitSlipTables = `exit_slip e
	LEFT JOIN pass p ON p.kind = 'exitslip' AND p.holder_id = e.id
	LEFT JOIN house h ON h.id = e.house_id`
	exitSlipQuery = "SELECT " + exitSlipColumns + " FROM " + exitSlipTables + " WHERE "
)

// exitMore is what a slip may have beside what every form asks for.
type exitMore struct {
	Carrier     string            `json:"carrier,omitempty"`
	Destination string            `json:"destination,omitempty"`
	Remark      string            `json:"remark,omitempty"`
	Answers     []core.FormAnswer `json:"answers,omitempty"`
}

// sealed returns it encrypted; "" for nothing.
func (m exitMore) sealed(keys database.Keyring) (string, error) {
	if m.Carrier == "" && m.Destination == "" && m.Remark == "" && len(m.Answers) == 0 {
		return keys.Seal("exit_slip.more", "")
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return keys.Seal("exit_slip.more", string(text))
}

// slip returns the row with its numbers whole, without its items.
func (r exitSlipRow) slip(reveal func(column, sealed string) string) core.ExitSlip {
	var more exitMore
	if text := reveal("exit_slip.more", r.More); text != "" && json.Unmarshal([]byte(text), &more) != nil {
		more = exitMore{Remark: core.Unreadable}
	}
	return core.ExitSlip{
		ID: r.ID, Community: r.Community, House: r.House, HouseLabel: r.HouseLabel, Answer: r.Answer, Refusal: r.Refusal,
		Applicant: r.Applicant, Tie: r.Tie, Issuer: r.Issuer, Pass: r.Pass, Name: r.Name,
		Phone: reveal("exit_slip.phone", r.Phone), Plate: reveal("exit_slip.plate", r.Plate), Reason: r.Reason,
		Carrier: more.Carrier, Destination: more.Destination, Remark: more.Remark, Answers: more.Answers,
		ArrearsFen: r.ArrearsFen, Total: r.Items, LeftMask: uint64(r.LeftMask), LeftAt: r.LeftAt.Time, Planned: r.Planned.Time,
		From: r.From.Time, Until: r.Until.Time, Revoked: r.Revoked.Time, Created: r.Created.Time, Updated: r.Updated.Time,
	}
}

// exitItems reads the lines of some slips, by slip.
func exitItems(all readAll, slips []core.ID) (map[core.ID][]core.ExitItem, error) {
	items := map[core.ID][]core.ExitItem{}
	err := database.EachPart(slips, func(part []core.ID) error {
		var rows []struct {
			Slip   core.ID         `db:"slip_id"`
			N      int             `db:"n"`
			Name   string          `db:"name"`
			Amount int             `db:"amount"`
			Photo  core.ID         `db:"photo_id"`
			Left   database.Millis `db:"left_at"`
			Record core.ID         `db:"record_id"`
			Gate   string          `db:"gate"`
			Guard  string          `db:"guard"`
		}
		err := all(&rows, `
			SELECT i.slip_id, i.n, i.name, i.amount, COALESCE(f.id, 0) AS photo_id, i.left_at, i.record_id, i.gate, i.guard
			FROM exit_slip_item i
			LEFT JOIN photo f ON f.id = i.photo_id
			WHERE i.slip_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY i.slip_id, i.n`, database.IDArgs(part)...)
		for _, r := range rows {
			items[r.Slip] = append(items[r.Slip], core.ExitItem{
				N: r.N, Name: r.Name, Count: r.Amount, Photo: r.Photo, Left: r.Left.Time, Record: r.Record, Gate: r.Gate, Guard: r.Guard,
			})
		}
		return err
	})
	return items, err
}

// exitSlips returns rows as lists show them, with their items.
func (s *Store) exitSlips(ctx context.Context, rows []exitSlipRow) ([]core.ExitSlip, error) {
	slips := make([]core.ExitSlip, len(rows))
	for i, row := range rows {
		slips[i] = maskedSlip(row.slip(s.db.Reveal))
	}
	items, err := exitItems(s.db.Reads(ctx), database.IDsOf(slips, func(e core.ExitSlip) core.ID { return e.ID }))
	for i := range slips {
		slips[i].Items = items[slips[i].ID]
	}
	return slips, err
}

func maskedSlip(e core.ExitSlip) core.ExitSlip {
	e.Phone, e.Plate = core.MaskPhone(e.Phone), core.MaskPlate(e.Plate)
	return e
}

// ExitSlipFilter narrows a list of exit slips. Zero fields do not filter.
type ExitSlipFilter struct {
	Community core.ID
	House     core.ID
	Tie       core.ID
	State     core.ExitState
	Open      bool      // something leaves by it still
	Now       time.Time // for State and Open
	Planned   core.Day  // on which things are to leave
	Keyword   string    // part of the applicant's name or of the house, an item, or a whole phone number or plate
	Page      Page
}

func (s *Store) exitSlipWhere(ctx context.Context, scope core.Scope, f ExitSlipFilter) (database.Where, error) {
	var where database.Where
	for _, c := range []struct {
		column string
		value  core.ID
	}{{"e.community_id", f.Community}, {"e.house_id", f.House}, {"e.resident_id", f.Tie}} {
		if c.value != 0 {
			where.And(c.column+" = ?", int64(c.value))
		}
	}
	exitStateWhere(&where, f.State, f.Now.UnixMilli())
	if f.Open {
		where.And("e.answer = 'granted' AND e.revoked_at IS NULL AND e.until_at >= ? AND "+exitPending, f.Now.UnixMilli())
	}
	if f.Planned != 0 {
		where.And("e.planned_at >= ? AND e.planned_at < ?",
			f.Planned.Start(s.zone).UnixMilli(), (f.Planned + 1).Start(s.zone).UnixMilli())
	}
	keyword := core.Clean(f.Keyword)
	if keyword == "" {
		return where, nil
	}
	return where, s.exitKeywordWhere(ctx, scope.In(f.Community), keyword, &where)
}

// exitPending is the condition that not all items have left: their bits are all the lower ones.
const exitPending = "e.left_mask + 1 < (1 << e.items)"

// exitStateWhere adds the condition of a state, as core.ExitSlip.State decides it.
func exitStateWhere(where *database.Where, state core.ExitState, now int64) {
	if state == "" {
		return
	}
	if state == core.ExitLeft {
		where.And("NOT (" + exitPending + ")")
		return
	}
	where.And(exitPending)
	switch state {
	case core.ExitRevoked:
		where.And("e.revoked_at IS NOT NULL")
	case core.ExitRejected, core.ExitWithdrawn:
		where.And("e.revoked_at IS NULL AND e.answer = ?", string(state))
	case core.ExitExpired:
		where.And("e.revoked_at IS NULL AND e.answer IN ('waiting', 'granted') AND e.until_at < ?", now)
	case core.ExitWaiting:
		where.And("e.revoked_at IS NULL AND e.answer = 'waiting' AND e.until_at >= ?", now)
	case core.ExitGranted:
		where.And("e.revoked_at IS NULL AND e.answer = 'granted' AND e.until_at >= ? AND e.left_mask = 0", now)
	case core.ExitPartial:
		where.And("e.revoked_at IS NULL AND e.answer = 'granted' AND e.until_at >= ? AND e.left_mask <> 0", now)
	default: // no slip is in another
		where.And("1 = 0")
	}
}

// exitKeywordWhere adds what somebody searches for.
func (s *Store) exitKeywordWhere(ctx context.Context, scope core.Scope, keyword string, where *database.Where) error {
	said := core.ReadSearch(keyword)
	if phone := s.visitDigest("phone", keyword); phone != noDigest { // a whole number is nothing else
		where.And("e.phone_mac = ?", phone)
		return nil
	}
	if said.Plate != "" {
		where.And("e.plate_mac = ?", s.visitDigest("plate", keyword))
		return nil
	}
	houses, err := s.housesSaid(ctx, scope, keyword)
	if err != nil {
		return err
	}
	in, ids := "e.house_id IN ("+database.Placeholders(len(houses))+")", database.IDArgs(houseIDs(houses))
	const named = `(e.name LIKE ? ESCAPE '!' OR EXISTS (
		SELECT 1 FROM exit_slip_item i WHERE i.slip_id = e.id AND i.name LIKE ? ESCAPE '!'))`
	like := database.LikeContains(keyword)
	switch words := said.Figures == "" && said.Label == ""; { // nobody is called 3-2-501
	case len(houses) > 0 && words:
		where.And("("+in+" OR "+named+")", append(ids, like, like)...)
	case len(houses) > 0:
		where.And(in, ids...)
	default:
		where.And(named, like, like)
	}
	return nil
}

// ExitSlips lists a page of the slips of the communities in scope, newest first, masked. more reports whether there are further
// rows in the direction of paging.
func (s *Store) ExitSlips(ctx context.Context, scope core.Scope, f ExitSlipFilter) (list []core.ExitSlip, more bool, err error) {
	where, err := s.exitSlipWhere(ctx, scope, f)
	if err != nil {
		return nil, false, database.Wrap("list exit slips", err)
	}
	rows, more, err := readPage[exitSlipRow](ctx, s, listQuery{
		columns: exitSlipColumns, table: exitSlipTables, scope: database.Within(scope, "e.community_id"),
		filter: where, order: database.PageOrder{ID: "e.id", Desc: true},
	}, f.Page)
	if err == nil {
		list, err = s.exitSlips(ctx, rows)
	}
	return list, more, database.Wrap("list exit slips", err)
}

// CountExitSlips counts the slips in scope that a filter lets through.
func (s *Store) CountExitSlips(ctx context.Context, scope core.Scope, f ExitSlipFilter) (n int, err error) {
	where, err := s.exitSlipWhere(ctx, scope, f)
	if err == nil {
		where = database.Within(scope, "e.community_id").With(where)
		err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM "+exitSlipTables+" WHERE "+where.Text(), where.Args()...)
	}
	return n, database.Wrap("count exit slips", err)
}

// ExitSlip returns one slip in scope, masked.
func (s *Store) ExitSlip(ctx context.Context, scope core.Scope, id core.ID) (core.ExitSlip, error) {
	return s.oneExitSlip(ctx, database.Within(scope, "e.community_id"), "e.id = ?", int64(id))
}

// ExitSlipsByID returns those of some slips that are in scope, newest first, masked.
func (s *Store) ExitSlipsByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.ExitSlip, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	where := database.Within(scope, "e.community_id")
	where.And("e.id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	var rows []exitSlipRow
	err := s.db.All(ctx, &rows, exitSlipQuery+where.Text()+" ORDER BY e.id DESC", where.Args()...)
	var list []core.ExitSlip
	if err == nil {
		list, err = s.exitSlips(ctx, rows)
	}
	return list, database.Wrap("read exit slips", err)
}

// ExitSlipOfPass returns the slip of a pass in scope, with the plate whole: a guard compares it.
func (s *Store) ExitSlipOfPass(ctx context.Context, scope core.Scope, pass core.ID) (core.ExitSlip, error) {
	slip, err := s.oneExitSlip(ctx, database.Within(scope, "e.community_id"), "p.id = ?", int64(pass))
	if err != nil {
		return slip, err
	}
	var sealed string
	if err := s.db.Get(ctx, &sealed, "SELECT plate_cipher FROM exit_slip WHERE id = ?", int64(slip.ID)); err != nil {
		return slip, database.Wrap("read an exit slip", database.NotFoundIfNoRows(err, noExitSlip))
	}
	slip.Plate = s.db.Reveal("exit_slip.plate", sealed)
	return slip, nil
}

func (s *Store) oneExitSlip(ctx context.Context, where database.Where, more string, args ...any) (core.ExitSlip, error) {
	where.And(more, args...)
	var row exitSlipRow
	if err := s.db.Get(ctx, &row, exitSlipQuery+where.Text(), where.Args()...); err != nil {
		return core.ExitSlip{}, database.Wrap("read an exit slip", database.NotFoundIfNoRows(err, noExitSlip))
	}
	list, err := s.exitSlips(ctx, []exitSlipRow{row})
	if err != nil {
		return core.ExitSlip{}, database.Wrap("read an exit slip", err)
	}
	return list[0], nil
}

// ExitSlipCode returns the code in the QR of a slip in scope; "" if nothing can leave by it.
func (s *Store) ExitSlipCode(ctx context.Context, scope core.Scope, id core.ID) (string, error) {
	return s.exitCode(ctx, database.Within(scope, "e.community_id"), id)
}

func (s *Store) exitCode(ctx context.Context, where database.Where, id core.ID) (string, error) {
	where.And("e.id = ?", int64(id))
	var row exitSlipRow
	if err := s.db.Get(ctx, &row, exitSlipQuery+where.Text(), where.Args()...); err != nil {
		return "", database.Wrap("read the code of an exit slip", database.NotFoundIfNoRows(err, noExitSlip))
	}
	if row.Pass == 0 || !row.slip(s.db.Reveal).Usable(s.Now()) {
		return "", nil
	}
	code, err := s.db.Keys().Open("exit_slip.code", row.Code)
	return code, database.Wrap("read the code of an exit slip", err)
}

// PassOfExitCode returns the pass of the slip in scope whose QR was scanned; one of another community is NotFound.
func (s *Store) PassOfExitCode(ctx context.Context, scope core.Scope, code string) (core.ID, error) {
	where := database.Within(scope, "e.community_id")
	where.And("e.code_digest = ?", exitCodeDigest(code))
	var pass core.ID
	err := s.db.Get(ctx, &pass, `
		SELECT p.id
		FROM exit_slip e
		JOIN pass p ON p.kind = 'exitslip' AND p.holder_id = e.id
		WHERE `+where.Text(), where.Args()...)
	return pass, database.Wrap("find an exit slip by its code", database.NotFoundIfNoRows(err, noExitSlip))
}

// exitCodeDigest is by what a slip is found by its code.
func exitCodeDigest(code string) string {
	sum := sha256.Sum256([]byte("exit slip " + code))
	return hex.EncodeToString(sum[:])
}

// ExitItemsOfRecord returns what left by an access record; none if it is of another kind of pass. The caller must have read it
// within a scope.
func (s *Store) ExitItemsOfRecord(ctx context.Context, record core.ID) (slip core.ID, items []core.ExitItem, err error) {
	var slips []core.ID
	err = s.db.All(ctx, &slips, "SELECT slip_id FROM exit_slip_item WHERE record_id = ? LIMIT 1", int64(record))
	if err != nil || len(slips) == 0 {
		return 0, nil, database.Wrap("items of a record", err)
	}
	all, err := exitItems(s.db.Reads(ctx), slips)
	for _, item := range all[slips[0]] {
		if item.Record == record {
			items = append(items, item)
		}
	}
	return slips[0], items, database.Wrap("items of a record", err)
}

// OwnExitSlip is a slip as who applied for it sees it, or an owner of the house who is asked about it.
type OwnExitSlip struct {
	core.ExitSlip
	CommunityName, OfficePhone string
	Code                       string // of its QR; "" = nothing leaves by it
	Mine                       bool   // the user applied for it
	Asks                       bool   // it waits for the user's decision, as an owner of the house
}

// ownExitSlips is the condition that a slip concerns a WeChat user: they applied, or are a certified owner of the house, of which
// owners were asked.
const ownExitSlips = `(e.applicant_id = ? OR EXISTS (
	SELECT 1
	FROM review r
	JOIN wechat_user u ON u.id = ?
	JOIN resident t ON t.person_id = u.person_id AND t.name_fold = u.name_fold AND t.house_id = e.house_id
	WHERE r.id = e.id
	AND r.kind = 'exitslip'
	AND r.owners_asked = 1
	AND u.merged_into = 0
	AND u.person_id <> 0
	AND t.identity = 'owner'
	AND t.certified_at IS NOT NULL
	AND t.moved_out_at IS NULL
))`

// OwnExitSlips lists a page of the slips of a WeChat user 我的出门条, newest first: those they applied for, and those that they are
// asked about as an owner.
func (s *Store) OwnExitSlips(ctx context.Context, user core.ID, page Page) (list []core.ExitSlip, more bool, err error) {
	var own database.Where
	own.And(ownExitSlips, int64(user), int64(user))
	rows, more, err := readPage[exitSlipRow](ctx, s, listQuery{
		columns: exitSlipColumns, table: exitSlipTables, scope: own, order: database.PageOrder{ID: "e.id", Desc: true},
	}, page)
	if err == nil {
		list, err = s.exitSlips(ctx, rows)
	}
	return list, more, database.Wrap("list own exit slips", err)
}

// OwnExitSlip returns one of OwnExitSlips; another's is NotFound.
func (s *Store) OwnExitSlip(ctx context.Context, user, id core.ID) (own OwnExitSlip, err error) {
	var where database.Where
	where.And(ownExitSlips, int64(user), int64(user))
	if own.ExitSlip, err = s.oneExitSlip(ctx, where, "e.id = ?", int64(id)); err != nil {
		return own, err
	}
	var at struct {
		Name  string          `db:"name"`
		Phone string          `db:"phone"`
		Asked int             `db:"asked"`
		Due   database.Millis `db:"due"`
	}
	err = s.db.Get(ctx, &at, `
		SELECT c.name, c.phone, COALESCE(r.owners_asked, 0) AS asked, r.due_at AS due
		FROM exit_slip e
		JOIN community c ON c.id = e.community_id
		LEFT JOIN review r ON r.id = e.id AND r.kind = 'exitslip' AND r.state = 'waiting'
		WHERE e.id = ?`, int64(id))
	if err != nil {
		return own, database.Wrap("read own exit slip", database.NotFoundIfNoRows(err, noExitSlip))
	}
	own.CommunityName, own.OfficePhone, own.Mine = at.Name, at.Phone, own.Applicant == user
	own.Asks = !own.Mine && at.Asked != 0 && own.State(s.Now()) == core.ExitWaiting
	if own.Mine {
		own.Code, err = s.exitCode(ctx, where, id)
	}
	return own, err
}
