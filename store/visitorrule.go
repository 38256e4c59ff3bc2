package store

import (
	"context"
	"encoding/json"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// VisitorRule is a community's rule of visitors with what is needed to edit it.
type VisitorRule struct {
	core.VisitorRule
	Community core.ID
	Updated   time.Time
}

type visitorRuleRow struct {
	Community core.ID         `db:"community_id"`
	Invite    int             `db:"invite"`
	PerDay    int             `db:"per_day"`
	Apply     int             `db:"apply"`
	Hosts     int             `db:"hosts"`
	Book      int             `db:"book"`
	Stay      int             `db:"stay_hours"`
	Member    int             `db:"member_hours"`
	Form      string          `db:"form"`
	Updated   database.Millis `db:"updated_at"`
}

const visitorRuleQuery = `SELECT community_id, invite, per_day, apply, hosts, book, stay_hours, member_hours, form, updated_at
	FROM visitor_rule
	WHERE community_id = ?`

// rule returns the row with the fields that this version of the program has.
func (r visitorRuleRow) rule() (VisitorRule, error) {
	var form core.FormDesign
	err := json.Unmarshal([]byte(r.Form), &form)
	return VisitorRule{
		VisitorRule: core.VisitorRule{
			Invite: r.Invite != 0, PerDay: r.PerDay, Apply: r.Apply != 0, Hosts: r.Hosts != 0, Book: r.Book != 0,
			Stay: r.Stay, Member: r.Member,
			Form: form.Over(core.VisitorBases),
		},
		Community: r.Community, Updated: r.Updated.Time,
	}, err
}

func insertVisitorRule(tx *database.Tx, community core.ID, r core.VisitorRule) error {
	form, err := json.Marshal(r.Form)
	if err != nil {
		return err
	}
	_, err = tx.Exec(
		`INSERT INTO visitor_rule (community_id, invite, per_day, apply, hosts, book, stay_hours, member_hours, form, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(community), database.BoolInt(r.Invite), r.PerDay, database.BoolInt(r.Apply), database.BoolInt(r.Hosts),
		database.BoolInt(r.Book), r.Stay, r.Member, string(form), tx.NowMS(),
	)
	return err
}

// deleteVisitorRule deletes the rule of a community that is deleted.
func deleteVisitorRule(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM visitor_rule WHERE community_id = ?", int64(community))
	return err
}

// VisitorRule returns the rule of a community of the scope.
func (s *Store) VisitorRule(ctx context.Context, scope core.Scope, community core.ID) (VisitorRule, error) {
	if !scope.Has(community) {
		return VisitorRule{}, core.NotFound(noCommunity)
	}
	var row visitorRuleRow
	if err := s.db.Get(ctx, &row, visitorRuleQuery, int64(community)); err != nil {
		return VisitorRule{}, database.Wrap("read a visitor rule", database.NotFoundIfNoRows(err, noCommunity))
	}
	r, err := row.rule()
	return r, database.Wrap("read a visitor rule", err)
}

// VisitorRuleOfHouse returns the rule for visitors of one of a WeChat user's houses; another's house is NotFound.
func (s *Store) VisitorRuleOfHouse(ctx context.Context, user core.WechatUser, house core.ID) (VisitorRule, error) {
	passes, err := s.PassesOfUser(ctx, user)
	if err != nil {
		return VisitorRule{}, err
	}
	for _, pass := range passes {
		if pass.Kind == core.PassResident && pass.House == house && pass.Person == user.Person {
			return s.VisitorRule(ctx, core.Everywhere, pass.Community)
		}
	}
	return VisitorRule{}, core.NotFound(noHouse)
}

// UpdateVisitorRule changes the rule of r.Community, which must be in scope. r.Updated is that of the rule that was
// edited: if it has changed since, the result is core.Stale and nothing changes. It returns the Updated that it leaves.
func (s *Store) UpdateVisitorRule(
	ctx context.Context, by core.Actor, scope core.Scope, r VisitorRule,
) (updated time.Time, err error) {
	return visitorRules.updateIn(ctx, s, by, scope, r.Community, r.Updated, r.VisitorRule)
}

func visitorRuleIn(tx *database.Tx, community core.ID) (VisitorRule, error) {
	var row visitorRuleRow
	if err := tx.Get(&row, visitorRuleQuery, int64(community)); err != nil {
		return VisitorRule{}, database.NotFoundIfNoRows(err, noCommunity)
	}
	return row.rule()
}

func setVisitorRule(tx *database.Tx, community core.ID, r core.VisitorRule, was time.Time, next int64) error {
	form, err := json.Marshal(r.Form)
	if err != nil {
		return err
	}
	return tx.ExecOne(
		database.ErrRace, // another changed it after it was read: the next run compares with that
		`UPDATE visitor_rule
		SET invite = ?, per_day = ?, apply = ?, hosts = ?, book = ?, stay_hours = ?, member_hours = ?, form = ?, updated_at = ?
		WHERE community_id = ? AND updated_at = ?`,
		database.BoolInt(r.Invite), r.PerDay, database.BoolInt(r.Apply), database.BoolInt(r.Hosts),
		database.BoolInt(r.Book), r.Stay, r.Member, string(form), next, int64(community), was.UnixMilli(),
	)
}

// visitorRuleAudit is what the audit log records of a rule.
type visitorRuleAudit struct {
	Invite bool   `json:"invite"`
	PerDay int    `json:"per_day"`
	Apply  bool   `json:"apply"`
	Hosts  bool   `json:"hosts"`
	Book   bool   `json:"book"`
	Stay   int    `json:"stay"`
	Member int    `json:"member"`
	Form   string `json:"form"`
}

func auditOfVisitorRule(r core.VisitorRule) visitorRuleAudit {
	return visitorRuleAudit{Invite: r.Invite, PerDay: r.PerDay, Apply: r.Apply, Hosts: r.Hosts,
		Book: r.Book, Stay: r.Stay, Member: r.Member, Form: r.Form.Text()}
}
