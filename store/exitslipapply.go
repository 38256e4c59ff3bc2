package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exitSlipAudit is what the audit log records of a slip, masked.
type exitSlipAudit struct {
	Name    string         `json:"name"`
	Phone   string         `json:"phone,omitempty"`
	Plate   string         `json:"plate,omitempty"`
	House   string         `json:"house"`
	Items   int            `json:"items"`
	Photos  int            `json:"photos,omitempty"`
	Planned string         `json:"planned"`
	Until   string         `json:"until"`
	Arrears string         `json:"arrears,omitempty"`
	Answer  core.ExitState `json:"answer"`
	Reason  string         `json:"reason,omitempty"`
	Answers int            `json:"answers,omitempty"` // how many, since what they say may be personal
	Issuer  string         `json:"issuer,omitempty"`
	Revoked bool           `json:"revoked,omitempty"`
}

func (s *Store) auditOfExitSlip(e core.ExitSlip) exitSlipAudit {
	const form = "2006-01-02 15:04"
	a := exitSlipAudit{
		Name: e.Name, Phone: core.MaskPhone(e.Phone), Plate: core.MaskPlate(e.Plate), House: e.HouseLabel, Items: e.Total,
		Photos: len(e.Photos()), Planned: e.Planned.In(s.zone).Format(form), Until: e.Until.In(s.zone).Format(form),
		Answer: e.Answer, Reason: e.Refusal, Answers: len(e.Answers), Issuer: e.Issuer, Revoked: !e.Revoked.IsZero(),
	}
	if e.ArrearsFen > 0 {
		a.Arrears = core.PlainYuan(e.ArrearsFen)
	}
	return a
}

// exitHome is a house whose resident applies for a slip, and as what they live there.
type exitHome struct {
	Resident   core.ID       `db:"id"`
	Name       string        `db:"name"`
	Identity   core.Identity `db:"identity"`
	Community  core.ID       `db:"community_id"`
	House      core.ID       `db:"house_id"`
	Label      string        `db:"label"`
	ArrearsFen int64         `db:"arrears_fen"`
}

// exitHomes finds where a WeChat user is a certified resident. Who is of a house twice, as owner and as tenant, is the owner.
const exitHomes = `
	SELECT t.id, t.name, t.identity, t.community_id, t.house_id, h.label, h.arrears_fen
	FROM wechat_user u
	JOIN person p ON p.id = u.person_id AND p.phone_mac = u.phone_mac
	JOIN resident t ON t.person_id = p.id AND t.name_fold = u.name_fold
	JOIN house h ON h.id = t.house_id
	JOIN community c ON c.id = t.community_id
	WHERE u.id = ?
	AND u.merged_into = 0
	AND t.certified_at IS NOT NULL
	AND t.moved_out_at IS NULL
	AND (t.lease_day = 0 OR t.lease_day >= ?)
	AND c.archived_at IS NULL
	ORDER BY CASE WHEN t.identity = 'owner' THEN 0 ELSE 1 END, t.id`

// ExitHome is a house for which a WeChat user may apply for a slip, or why not.
type ExitHome struct {
	Community, House core.ID
	CommunityName    string
	Label            string
	Name             string // of the resident
	Rule             core.ExitRule
	Why              error // why they may not; nil = they may
}

// ExitHomes returns the houses of which a WeChat user is a certified resident, with what an application for each needs.
func (s *Store) ExitHomes(ctx context.Context, user core.ID) ([]ExitHome, error) {
	var rows []exitHome
	if err := s.db.All(ctx, &rows, exitHomes, int64(user), int32(core.DayOf(s.Now(), s.zone))); err != nil {
		return nil, database.Wrap("homes of a user", err)
	}
	var homes []ExitHome
	for _, row := range rows {
		if slices.ContainsFunc(homes, func(h ExitHome) bool { return h.House == row.House }) {
			continue
		}
		rule, err := s.ExitRule(ctx, core.Everywhere, row.Community)
		if err != nil {
			return nil, err
		}
		community, err := s.Community(ctx, core.Everywhere, row.Community)
		if err != nil {
			return nil, err
		}
		homes = append(homes, ExitHome{
			Community: row.Community, House: row.House, CommunityName: community.Name, Label: row.Label, Name: row.Name,
			Rule: rule.ExitRule, Why: rule.May(row.Identity, row.ArrearsFen),
		})
	}
	return homes, nil
}

// ApplyExitSlip lets a WeChat user, who must be a certified resident of e.House, apply for a slip, which is good at once if nobody
// reviews it. The same key applies once.
func (s *Store) ApplyExitSlip(
	ctx context.Context, by core.Actor, user core.ID, e core.ExitSlip, key RequestKey,
) (id core.ID, err error) {
	days := s.RecentSettings(ctx).ReviewDays
	err = s.db.Write(ctx, "apply for an exit slip", func(tx *database.Tx) error {
		a := leavingThings{tx: tx, store: s, user: user, slip: e, days: days}
		known, again, err := a.sentBefore(key)
		if err != nil || again {
			id = known
			return err
		}
		if err := a.apply(); err != nil {
			return err
		}
		id = a.slip.ID
		by.Kind, by.ID, by.Name = core.ActorWechat, user, a.home.Name
		return audit.Write(tx, by, audit.Entry{
			Community: a.slip.Community, Action: "exitslip.apply", Subject: audit.Target("exitslip", id),
			After: s.auditOfExitSlip(a.slip),
		})
	})
	return id, err
}

// CreateExitSlip lets the office issue a slip at the desk for a house of the scope: it is good at once. Who carries the things out
// need not live there, and no pictures are asked for.
func (s *Store) CreateExitSlip(
	ctx context.Context, by core.Actor, scope core.Scope, e core.ExitSlip,
) (id core.ID, err error) {
	err = s.db.Write(ctx, "issue an exit slip", func(tx *database.Tx) error {
		a := leavingThings{tx: tx, store: s, slip: e}
		if err := a.findHouse(scope); err != nil {
			return err
		}
		if a.rule, err = exitRuleIn(tx, a.home.Community); err != nil {
			return err
		}
		if err := a.rule.MayOwe(a.home.ArrearsFen); err != nil {
			return core.Conflict(core.MessageOf(err))
		}
		rule := a.rule.ExitRule
		rule.Form = rule.AtDesk()
		if a.slip, err = e.Normalized(rule, tx.Now(), s.zone); err != nil {
			return err
		}
		a.slip.Answer, a.slip.Issuer = core.ExitGranted, by.Name
		if err := a.insert(); err != nil {
			return err
		}
		id = a.slip.ID
		return audit.Write(tx, by, audit.Entry{
			Community: a.slip.Community, Action: "exitslip.create", Subject: audit.Target("exitslip", id),
			After: s.auditOfExitSlip(a.slip),
		})
	})
	return id, err
}

// leavingThings is a slip that is being made.
type leavingThings struct {
	tx        *database.Tx
	store     *Store
	user      core.ID // who applies; 0 = the office issues it
	slip      core.ExitSlip
	home      exitHome
	rule      ExitRule
	days      int    // of work that reviewers have
	key, body any    // digests of the request; nil = it has no key
	code      string // of its QR
}

// sentBefore returns the slip that the same request has made.
func (a *leavingThings) sentBefore(key RequestKey) (id core.ID, again bool, err error) {
	sum := sha256.Sum256([]byte(key.Body))
	body := hex.EncodeToString(sum[:])
	a.body = body
	if key.Key == "" {
		return 0, false, nil
	}
	digest := a.tx.Keys().Digest("exit slip request", a.user.String()+" "+key.Key)
	a.key = digest
	var row struct {
		ID   core.ID `db:"id"`
		Body string  `db:"request_body"`
	}
	err = a.tx.Get(&row, "SELECT id, request_body FROM exit_slip WHERE request_key = ?", digest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err == nil && row.Body != body:
		return 0, false, core.Invalid("这份申请已提交过，请到“我的出门条”查看")
	}
	return row.ID, true, err
}

// findHouse reads the house of the scope, locked, so that its slips are made one after the other.
func (a *leavingThings) findHouse(scope core.Scope) error {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(a.slip.House))
	var row houseRow
	err := a.tx.Get(&row, "SELECT "+houseColumns+" FROM house WHERE "+where.Text()+a.tx.Dialect().ForUpdate(), where.Args()...)
	if err = database.NotFoundIfNoRows(err, ""); core.IsNotFound(err) {
		return core.InvalidFields(map[string]string{"house": "房屋不存在，请重新选择"})
	}
	a.home = exitHome{Community: row.Community, House: row.ID, Label: row.Label, ArrearsFen: row.ArrearsFen}
	return err
}

// findHome finds as what the user lives in the house. Another's house is NotFound.
func (a *leavingThings) findHome() error {
	if err := a.findHouse(core.Everywhere); err != nil {
		return err
	}
	var homes []exitHome
	if err := a.tx.All(&homes, exitHomes, int64(a.user), int32(core.DayOf(a.tx.Now(), a.store.zone))); err != nil {
		return err
	}
	at := slices.IndexFunc(homes, func(h exitHome) bool { return h.House == a.slip.House })
	if at < 0 {
		return core.NotFound(noHouse)
	}
	a.home = homes[at]
	return holdTie(a.tx, a.home.Resident, noHouse)
}

// apply adds the application, and asks who may decide it.
func (a *leavingThings) apply() (err error) {
	if err := a.findHome(); err != nil {
		return err
	}
	if a.rule, err = exitRuleIn(a.tx, a.home.Community); err != nil {
		return err
	}
	if err := a.rule.May(a.home.Identity, a.home.ArrearsFen); err != nil {
		return err
	}
	if err := a.ownNumber(); err != nil {
		return err
	}
	a.slip.Name = a.home.Name
	if a.slip, err = a.slip.Normalized(a.rule.ExitRule, a.tx.Now(), a.store.zone); err != nil {
		return err
	}
	if err := a.checkLimits(); err != nil {
		return err
	}
	a.slip.Applicant, a.slip.Tie, a.slip.Answer = a.user, a.home.Resident, core.ExitGranted
	if a.rule.Reviewed(a.home.ArrearsFen) {
		a.slip.Answer = core.ExitWaiting
	}
	if err := a.insert(); err != nil {
		return err
	}
	return a.review()
}

// ownNumber takes the number that the user has verified, if the form asks for one and they wrote none.
func (a *leavingThings) ownNumber() error {
	if core.Clean(a.slip.Phone) != "" || a.rule.Form.Use("phone") == core.FormHidden {
		return nil
	}
	var sealed string
	if err := a.tx.Get(&sealed, "SELECT phone_cipher FROM wechat_user WHERE id = ?", int64(a.user)); err != nil {
		return database.NotFoundIfNoRows(err, "用户不存在")
	}
	var err error
	a.slip.Phone, err = a.tx.Keys().Open("wechat_user.phone", sealed)
	return err
}

// checkLimits refuses more slips of one house than anybody needs: at a time, and within a day.
func (a *leavingThings) checkLimits() error {
	var open, today int
	err := a.tx.Get(&open, "SELECT COUNT(*) FROM exit_slip e WHERE e.house_id = ? AND e.until_at >= ? AND e.revoked_at IS NULL AND "+
		"e.answer IN ('waiting', 'granted') AND "+exitPending, int64(a.home.House), a.tx.NowMS())
	if err == nil {
		err = a.tx.Get(&today, "SELECT COUNT(*) FROM exit_slip WHERE house_id = ? AND applicant_id <> 0 AND id >= ?",
			int64(a.home.House), int64(database.FirstID(a.tx.Now().Add(-aDay))))
	}
	switch {
	case err != nil:
		return err
	case open >= core.MaxOpenExits:
		return core.Conflict(fmt.Sprintf("本房屋还有 %d 张出门条没有用完，请先用完或撤回，或联系物业", open))
	case today >= core.MaxDailyExits:
		return core.Conflict("本房屋今天的申请太多，请明天再试，或联系物业")
	}
	return nil
}

// insert adds the slip with its lines, and its pass if it is good at once.
func (a *leavingThings) insert() error {
	e, keys, now := &a.slip, a.tx.Keys(), a.tx.NowMS()
	e.ID, e.Community, e.House, e.HouseLabel, e.ArrearsFen =
		a.tx.NewID(), a.home.Community, a.home.House, a.home.Label, a.home.ArrearsFen
	a.code = core.NewExitCode(secret.Bytes(core.ExitCodeBytes))
	more, err := exitMore{e.Carrier, e.Destination, e.Remark, e.Answers}.sealed(keys)
	if err != nil {
		return err
	}
	var sealed [3]string
	for i, column := range []struct{ name, text string }{
		{"exit_slip.phone", e.Phone}, {"exit_slip.plate", e.Plate}, {"exit_slip.code", a.code},
	} {
		if sealed[i], err = keys.Seal(column.name, column.text); err != nil {
			return err
		}
	}
	if a.body == nil {
		a.body = ""
	}
	_, err = a.tx.Exec(`
		INSERT INTO exit_slip (id, community_id, house_id, answer, refusal, applicant_id, resident_id, issuer, name,
			phone_cipher, phone_mac, plate_cipher, plate_mac, reason, more_cipher, arrears_fen, items, photos, left_mask,
			code_cipher, code_digest, request_key, request_body, planned_at, from_at, until_at, created_at, updated_at)
		VALUES (`+database.Placeholders(28)+")",
		int64(e.ID), int64(e.Community), int64(e.House), string(e.Answer), "", int64(e.Applicant), int64(e.Tie), e.Issuer, e.Name,
		sealed[0], keys.Digest("phone", e.Phone), sealed[1], keys.Digest("plate", e.Plate), e.Reason, more, e.ArrearsFen, e.Total,
		len(e.Photos()), 0, sealed[2], exitCodeDigest(a.code), a.key, a.body, e.Planned.UnixMilli(), e.From.UnixMilli(),
		e.Until.UnixMilli(), now, now)
	if database.IsDuplicate(err) {
		return database.ErrRace // the same request at the same moment
	}
	if err != nil {
		return err
	}
	if err := a.insertItems(); err != nil || e.Answer != core.ExitGranted {
		return err
	}
	return createPass(a.tx, exitPass(*e))
}

// exitPass is the pass of a slip. Its person is nobody: it is of things.
func exitPass(e core.ExitSlip) newPass {
	return newPass{kind: core.PassExitSlip, community: e.Community, holder: e.ID}
}

func (a *leavingThings) insertItems() error {
	rows := make([][]any, len(a.slip.Items))
	for i, item := range a.slip.Items {
		rows[i] = []any{int64(a.slip.ID), item.N, item.Name, item.Count, int64(item.Photo), 0, "", ""}
	}
	return database.InsertRows(a.tx, database.InsertInto, "exit_slip_item",
		"slip_id, n, name, amount, photo_id, record_id, gate, guard", rows)
}

// review adds the review of the application, decided already if nobody must. Owners of the house are asked first where the
// community wants it; if none can be told, the office is.
func (a *leavingThings) review() error {
	e := a.slip
	r := core.Review{
		ID: e.ID, Kind: core.ReviewExitSlip, Community: e.Community, Applicant: a.user, Name: e.Name, Subject: e.HouseLabel,
		State: core.ReviewWaiting, Due: core.AddWorkdays(a.tx.Now(), a.days, a.store.zone),
	}
	leaves := e.Until
	if e.Planned.After(a.tx.Now()) {
		leaves = e.Planned
	}
	if half := a.tx.Now().Add(leaves.Sub(a.tx.Now()) / 2); half.Before(r.Due) { // there is time left after a reminder
		r.Due = half
	}
	var owners []core.ID
	switch {
	case e.Answer == core.ExitGranted:
		r.State = core.ReviewApproved
	case a.rule.AsksOwners(a.home.Identity, a.home.ArrearsFen):
		const owner = "t.identity = 'owner' AND t.certified_at IS NOT NULL AND t.house_id"
		users, err := hostUsers(a.tx, core.DayOf(a.tx.Now(), a.store.zone), owner, []core.ID{e.House})
		if err != nil {
			return err
		}
		for _, user := range users {
			if user.ID != a.user {
				owners = append(owners, user.ID)
			}
		}
	}
	r.Asked = len(owners) > 0
	return a.store.createReview(a.tx, newReview{
		Review: r, key: "exitslip:" + e.ID.String(), photos: e.Photos(), owners: owners,
		asked: core.MessageNote{
			Kind: core.MessageExitSlip, Community: e.Community, Link: exitSlipLink(e.ID), Title: e.HouseLabel + " 有出门条申请，请您审核",
			Due: e.Planned,
		},
	})
}
