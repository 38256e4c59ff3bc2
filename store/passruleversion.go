package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// PassRuleVersion is what a community's rule was until a change.
type PassRuleVersion struct {
	core.PassRule
	ID      core.ID
	At      time.Time // of the change
	By      string    // who changed it
	Changes []core.AuditChange
}

type passRuleVersionRow struct {
	ID core.ID `db:"id"`
	passRuleRow
	At database.Millis `db:"replaced_at"`
	By string          `db:"replaced_by"`
}

const passRuleVersionColumns = `id, community_id, counting, period_days, exits, hours, record_id, record_temp,
	fever_tenths, reader_qr, replaced_at, replaced_by`

// keepPassRule keeps the rule before a change; one that changes nothing is no version.
func keepPassRule(tx *database.Tx, by core.Actor, old PassRule, now core.PassRule) error {
	if auditOfPassRule(old.PassRule) == auditOfPassRule(now) {
		return nil
	}
	_, err := tx.Exec(
		"INSERT INTO pass_rule_version ("+passRuleVersionColumns+") VALUES ("+database.Placeholders(12)+")",
		slices.Concat([]any{int64(tx.NewID()), int64(old.Community)}, passRuleArgs(old.PassRule), []any{tx.NowMS(), by.Name})...,
	)
	return err
}

// PassRuleVersions returns what the rule of a community of the scope was before its latest changes,
// newest first, and what each change changed.
func (s *Store) PassRuleVersions(ctx context.Context, scope core.Scope, community core.ID, most int) ([]PassRuleVersion, error) {
	now, err := s.PassRule(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	var rows []passRuleVersionRow
	err = s.db.All(
		ctx, &rows,
		"SELECT "+passRuleVersionColumns+" FROM pass_rule_version WHERE community_id = ? ORDER BY id DESC LIMIT ?",
		int64(community), most,
	)
	if err != nil {
		return nil, database.Wrap("versions of a pass rule", err)
	}
	after := now.PassRule
	versions := make([]PassRuleVersion, len(rows))
	for i, row := range rows {
		if versions[i], err = row.version(after); err != nil {
			return nil, database.Wrap("versions of a pass rule", err)
		}
		after = versions[i].PassRule
	}
	return versions, nil
}

// version returns the row as a version; after is the rule that replaced it.
func (r passRuleVersionRow) version(after core.PassRule) (PassRuleVersion, error) {
	rule, err := r.passRule()
	if err != nil {
		return PassRuleVersion{}, err
	}
	before, err := json.Marshal(auditOfPassRule(rule.PassRule))
	if err != nil {
		return PassRuleVersion{}, err
	}
	then, err := json.Marshal(auditOfPassRule(after))
	if err != nil {
		return PassRuleVersion{}, err
	}
	v := PassRuleVersion{PassRule: rule.PassRule, ID: r.ID, At: r.At.Time, By: r.By}
	record := core.AuditRecord{Action: "passrule.update", Before: string(before), After: string(then)}
	for _, change := range record.Changes() {
		if change.Changed {
			v.Changes = append(v.Changes, change)
		}
	}
	return v, nil
}

// PassRuleVersion returns what the rule of a community of the scope once was.
func (s *Store) PassRuleVersion(ctx context.Context, scope core.Scope, community, id core.ID) (core.PassRule, error) {
	if !scope.Has(community) {
		return core.PassRule{}, core.NotFound(noCommunity)
	}
	var row passRuleVersionRow
	err := s.db.Get(
		ctx, &row, "SELECT "+passRuleVersionColumns+" FROM pass_rule_version WHERE id = ? AND community_id = ?",
		int64(id), int64(community),
	)
	if err != nil {
		return core.PassRule{}, database.Wrap("version of a pass rule", database.NotFoundIfNoRows(err, "没有这一版设置"))
	}
	rule, err := row.passRule()
	return rule.PassRule, database.Wrap("version of a pass rule", err)
}
