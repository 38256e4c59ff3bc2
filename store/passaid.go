package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// accessRecordAidAudit is what the audit log records of what a household said of an exit.
type accessRecordAidAudit struct {
	Label string `json:"label"`
	Note  string `json:"note,omitempty"`
}

// aidFacts are what a household has said of the next exit of a pass.
type aidFacts struct {
	UrgentFor    string `db:"urgent_for"`
	UrgentUntil  int64  `db:"urgent_until"`
	VouchedBy    string `db:"vouched_by"`
	VouchedUntil int64  `db:"vouched_until"`
}

const (
	aidColumns = `
	COALESCE(ai.urgent_for, '') AS urgent_for, COALESCE(ai.urgent_until, 0) AS urgent_until,
	COALESCE(ai.vouched_by, '') AS vouched_by, COALESCE(ai.vouched_until, 0) AS vouched_until,`
	aidJoin = `
LEFT JOIN pass_aid ai ON ai.pass_id = p.id`
)

// urgentAt returns the reason for which the exit is an emergency at an instant; "" = it is not one.
func (a *aidFacts) urgentAt(nowMS int64) string {
	if a.UrgentUntil <= nowMS {
		return ""
	}
	return a.UrgentFor
}

// vouchedAt returns who of the house lets the holder out at an instant; "" = nobody.
func (a *aidFacts) vouchedAt(nowMS int64) string {
	if a.VouchedUntil <= nowMS {
		return ""
	}
	return a.VouchedBy
}

// DeclareUrgent lets a WeChat user say that the next exit of a pass of their own is an emergency: for some minutes every exit that
// takes the pass opens once, whatever the rules say. It is recorded and reviewed.
func (s *Store) DeclareUrgent(ctx context.Context, by core.Actor, user core.WechatUser, pass core.ID, reason string) error {
	own, err := s.PassOfUser(ctx, pass, user)
	if err == nil {
		reason, err = core.CheckUrgentReason(reason)
	}
	if err != nil {
		return err
	}
	if own.Kind != core.PassResident {
		return core.Conflict("只有住户通行证可以紧急出门，请联系门岗")
	}
	return s.db.Write(ctx, "declare an emergency", func(tx *database.Tx) error {
		until := tx.Now().Add(core.PassAidLife).UnixMilli()
		if err := putAid(tx, pass, "urgent_for = ?, urgent_until = ?", reason, until); err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user.ID, own.Name
		return audit.Write(tx, by, audit.Entry{
			Community: own.Community, Action: "accessrecord.declare", Subject: audit.Target("resident", own.Holder),
			After: accessRecordAidAudit{own.HouseLabel, reason},
		})
	})
}

// putAid sets some of what is said of a pass.
func putAid(tx *database.Tx, pass core.ID, set string, args ...any) error {
	_, err := tx.Exec(tx.Dialect().InsertIgnore()+
		"pass_aid (pass_id, urgent_for, urgent_until, vouched_by, vouched_until) VALUES (?, '', 0, '', 0)", int64(pass))
	if err == nil {
		_, err = tx.Exec("UPDATE pass_aid SET "+set+" WHERE pass_id = ?", append(args, int64(pass))...)
	}
	return err
}

// FamilyPasses returns the passes of the others who are certified in the house of a pass of the user's own, whom the user may let out.
func (s *Store) FamilyPasses(ctx context.Context, user core.WechatUser, pass core.ID) (own Pass, family []Pass, err error) {
	if own, err = s.PassOfUser(ctx, pass, user); err != nil || own.Kind != core.PassResident {
		return own, nil, err
	}
	var rows []passRow
	err = s.db.All(ctx, &rows, residentPassQuery+"t.house_id = ? AND t.community_id = ? AND p.id <> ? ORDER BY t.id LIMIT 30",
		int64(own.House), int64(own.Community), int64(own.ID))
	for _, row := range rows {
		family = append(family, row.pass())
	}
	return own, family, database.Wrap("passes of a family", err)
}

// VouchExit lets a family member out for whom a WeChat user of the same house vouches: the member's own rules and counts apply, and
// the record of the exit says who did it.
func (s *Store) VouchExit(ctx context.Context, by core.Actor, user core.WechatUser, pass, member core.ID) (Pass, error) {
	own, family, err := s.FamilyPasses(ctx, user, pass)
	if err == nil && own.Kind != core.PassResident {
		err = core.Conflict("只有住户通行证可以帮家人出门")
	} else if err == nil && member == 0 {
		err = core.InvalidFields(map[string]string{"pass_id": "请选择家人"})
	}
	if err != nil {
		return Pass{}, err
	}
	var of Pass
	for _, p := range family {
		if p.ID == member {
			of = p
		}
	}
	if of.ID == 0 {
		return of, core.NotFound("家人不存在，或还没有认证")
	}
	err = s.db.Write(ctx, "vouch for an exit", func(tx *database.Tx) error {
		until := tx.Now().Add(core.PassAidLife).UnixMilli()
		if err := putAid(tx, of.ID, "vouched_by = ?, vouched_until = ?", own.Name, until); err != nil {
			return err
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user.ID, own.Name
		return audit.Write(tx, by, audit.Entry{
			Community: of.Community, Action: "accessrecord.vouch", Subject: audit.Target("resident", of.Holder),
			After: accessRecordAidAudit{Label: of.HouseLabel},
		})
	})
	return of, err
}

// aided returns an attempt as what a household said of the pass makes it: an exit alone is meant.
func (p *scanPlan) aided(a ScanAttempt, row *scanRow) ScanAttempt {
	now := p.now.UnixMilli()
	if row.direction(a) != core.Out || row.PassID == 0 || slices.Contains(p.aids, row.PassID) {
		return a
	}
	if by := row.vouchedAt(now); by != "" && a.Means == core.MeansOwn {
		a.Means, a.Vouched = core.MeansVouch, by
	}
	if reason := row.urgentAt(now); reason != "" && a.UrgentFor == "" && a.RefusedFor == "" {
		a.UrgentFor = reason
		a.By = core.Actor{Kind: core.ActorSystem, Name: row.Name}
	}
	return a
}

// useAid notes that a release has used what a household said of the pass. It was said of an exit: a guard who lets its holder in
// urgently uses nothing.
func (p *scanPlan) useAid(a ScanAttempt, row *scanRow, d core.Decision) {
	urgent := d.Reason == core.ReasonUrgent && a.Late == nil && row.UrgentUntil > 0 && row.direction(a) == core.Out
	if d.Allowed && (a.Means == core.MeansVouch || urgent) {
		p.aids = append(p.aids, row.PassID)
	}
}

// endAids ends what was used.
func (p *scanPlan) endAids(tx *database.Tx) error {
	if len(p.aids) == 0 {
		return nil
	}
	_, err := tx.Exec("DELETE FROM pass_aid WHERE pass_id IN ("+database.Placeholders(len(p.aids))+")", database.IDArgs(p.aids)...)
	return err
}

// PurgePassAids deletes what was said of exits that nobody made.
func (s *Store) PurgePassAids(ctx context.Context) error {
	return s.db.Write(ctx, "purge what was said of exits", func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM pass_aid WHERE urgent_until < ? AND vouched_until < ?", tx.NowMS(), tx.NowMS())
		return err
	})
}

// deleteAids deletes what was said of the passes of holders who are deleted.
func deleteAids(tx *database.Tx, kind core.PassKind, holders []core.ID) error {
	_, err := tx.Exec("DELETE FROM pass_aid WHERE pass_id IN (SELECT id FROM pass WHERE kind = ? AND holder_id IN ("+
		database.Placeholders(len(holders))+"))", database.AppendIDs([]any{string(kind)}, holders)...)
	return err
}
