package store

import (
	"context"
	"encoding/json"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// ExitRule is a community's rule of exit slips with what is needed to edit it.
type ExitRule struct {
	core.ExitRule
	Community core.ID
	Updated   time.Time
}

type exitRuleRow struct {
	Community core.ID           `db:"community_id"`
	Who       core.ExitWho      `db:"who"`
	Arrears   core.ExitArrears  `db:"arrears"`
	Reviewer  core.ExitReviewer `db:"reviewer"`
	Hours     int               `db:"hours"`
	Form      string            `db:"form"`
	Updated   database.Millis   `db:"updated_at"`
}

const exitRuleQuery = "SELECT community_id, who, arrears, reviewer, hours, form, updated_at FROM exit_rule WHERE community_id = ?"

// rule returns the row with the fields that this version of the program has.
func (r exitRuleRow) rule() (ExitRule, error) {
	var form core.FormDesign
	err := json.Unmarshal([]byte(r.Form), &form)
	return ExitRule{
		ExitRule: core.ExitRule{
			Who: r.Who, Arrears: r.Arrears, Reviewer: r.Reviewer, Hours: r.Hours, Form: form.Over(core.ExitBases),
		},
		Community: r.Community, Updated: r.Updated.Time,
	}, err
}

func insertExitRule(tx *database.Tx, community core.ID, r core.ExitRule) error {
	form, err := json.Marshal(r.Form)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO exit_rule (community_id, who, arrears, reviewer, hours, form, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		int64(community), string(r.Who), string(r.Arrears), string(r.Reviewer), r.Hours, string(form), tx.NowMS())
	return err
}

// deleteExitRule deletes the rule of a community that is deleted.
func deleteExitRule(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM exit_rule WHERE community_id = ?", int64(community))
	return err
}

// ExitRule returns the rule of a community of the scope.
func (s *Store) ExitRule(ctx context.Context, scope core.Scope, community core.ID) (ExitRule, error) {
	if !scope.Has(community) {
		return ExitRule{}, core.NotFound(noCommunity)
	}
	var row exitRuleRow
	if err := s.db.Get(ctx, &row, exitRuleQuery, int64(community)); err != nil {
		return ExitRule{}, database.Wrap("read an exit rule", database.NotFoundIfNoRows(err, noCommunity))
	}
	r, err := row.rule()
	return r, database.Wrap("read an exit rule", err)
}

func exitRuleIn(tx *database.Tx, community core.ID) (ExitRule, error) {
	var row exitRuleRow
	if err := tx.Get(&row, exitRuleQuery, int64(community)); err != nil {
		return ExitRule{}, database.NotFoundIfNoRows(err, noCommunity)
	}
	return row.rule()
}

func setExitRule(tx *database.Tx, community core.ID, r core.ExitRule, was time.Time, next int64) error {
	form, err := json.Marshal(r.Form)
	if err != nil {
		return err
	}
	return tx.ExecOne(
		database.ErrRace, // another changed it after it was read: the next run compares with that
		`UPDATE exit_rule
		SET who = ?, arrears = ?, reviewer = ?, hours = ?, form = ?, updated_at = ?
		WHERE community_id = ? AND updated_at = ?`,
		string(r.Who), string(r.Arrears), string(r.Reviewer), r.Hours, string(form), next, int64(community), was.UnixMilli(),
	)
}

// UpdateExitRule changes the rule of r.Community, which must be in scope. r.Updated is that of the rule that was edited: if it
// has changed since, the result is core.Stale and nothing changes.
func (s *Store) UpdateExitRule(ctx context.Context, by core.Actor, scope core.Scope, r ExitRule) error {
	_, err := exitRules.updateIn(ctx, s, by, scope, r.Community, r.Updated, r.ExitRule)
	return err
}

// exitRuleAudit is what the audit log records of a rule.
type exitRuleAudit struct {
	Who      core.ExitWho      `json:"who"`
	Arrears  core.ExitArrears  `json:"arrears"`
	Reviewer core.ExitReviewer `json:"reviewer"`
	Hours    int               `json:"hours"`
	Form     string            `json:"form"`
}

func auditOfExitRule(r core.ExitRule) exitRuleAudit {
	return exitRuleAudit{Who: r.Who, Arrears: r.Arrears, Reviewer: r.Reviewer, Hours: r.Hours, Form: r.Form.Text()}
}
