package store

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// RuleVersion is what a community's rule of a kind was until a change.
type RuleVersion[R any] struct {
	Rule    R
	ID      core.ID
	At      time.Time // of the change
	By      string    // who changed it
	Changes []core.AuditChange
}

// ruleKind is a kind of a community's rule of which each change keeps the version before.
type ruleKind[R any] struct {
	stem  string
	audit func(R) any // what the audit log records of one
	whole func(*R)    // adds the fields of forms that a version does not know
}

var passRules = ruleKind[core.PassRule]{
	stem: "passrule", audit: func(r core.PassRule) any { return auditOfPassRule(r) }, whole: func(*core.PassRule) {},
}

var visitorRules = ruleKind[core.VisitorRule]{
	stem: "visitorrule", audit: func(r core.VisitorRule) any { return auditOfVisitorRule(r) },
	whole: func(r *core.VisitorRule) { r.Form = r.Form.Over(core.VisitorBases) },
}

var exitRules = ruleKind[core.ExitRule]{
	stem: "exitrule", audit: func(r core.ExitRule) any { return auditOfExitRule(r) },
	whole: func(r *core.ExitRule) { r.Form = r.Form.Over(core.ExitBases) },
}

const (
	ruleVersionColumns = "id, community_id, stem, rule, replaced_at, replaced_by"
	noRuleVersion      = "没有这一版设置"
)

type ruleVersionRow struct {
	ID core.ID         `db:"id"`
	R  string          `db:"rule"`
	At database.Millis `db:"replaced_at"`
	By string          `db:"replaced_by"`
}

// keep keeps the rule before a change, in the change's transaction; a change that changes nothing makes no version.
func (k ruleKind[R]) keep(tx *database.Tx, by core.Actor, community core.ID, old, now R) error {
	before, err := json.Marshal(old)
	if err != nil {
		return err
	}
	after, err := json.Marshal(now)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	_, err = tx.Exec("INSERT INTO rule_version ("+ruleVersionColumns+") VALUES (?, ?, ?, ?, ?, ?)",
		int64(tx.NewID()), int64(community), k.stem, string(before), tx.NowMS(), by.Name)
	return err
}

// list returns what a rule was before its latest changes, newest first, and what each change changed; now is the rule
// of the community, which the caller has read in scope.
func (k ruleKind[R]) list(ctx context.Context, s *Store, community core.ID, now R, most int) ([]RuleVersion[R], error) {
	var rows []ruleVersionRow
	err := s.db.All(ctx, &rows, `
		SELECT id, rule, replaced_at, replaced_by
		FROM rule_version
		WHERE community_id = ?
		AND stem = ?
		ORDER BY id DESC
		LIMIT ?`, int64(community), k.stem, most)
	versions := make([]RuleVersion[R], len(rows))
	after := now
	for i, row := range rows {
		if err == nil {
			versions[i], err = k.version(row, after)
			after = versions[i].Rule
		}
	}
	return versions, database.Wrap("versions of a rule", err)
}

// version returns a row as a version; after is the rule that replaced it.
func (k ruleKind[R]) version(row ruleVersionRow, after R) (RuleVersion[R], error) {
	rule, err := k.rule(row)
	if err != nil {
		return RuleVersion[R]{}, err
	}
	before, err := json.Marshal(k.audit(rule))
	if err != nil {
		return RuleVersion[R]{}, err
	}
	then, err := json.Marshal(k.audit(after))
	v := RuleVersion[R]{Rule: rule, ID: row.ID, At: row.At.Time, By: row.By}
	record := core.AuditRecord{Action: k.stem + ".update", Before: string(before), After: string(then)}
	for _, change := range record.Changes() {
		if change.Changed {
			v.Changes = append(v.Changes, change)
		}
	}
	return v, err
}

func (k ruleKind[R]) rule(row ruleVersionRow) (rule R, err error) {
	if err = json.Unmarshal([]byte(row.R), &rule); err == nil {
		k.whole(&rule)
	}
	return rule, err
}

// one returns what the rule of a community of the scope once was.
func (k ruleKind[R]) one(ctx context.Context, s *Store, scope core.Scope, community, id core.ID) (rule R, err error) {
	if !scope.Has(community) {
		return rule, core.NotFound(noCommunity)
	}
	var row ruleVersionRow
	err = s.db.Get(ctx, &row, `
		SELECT id, rule, replaced_at, replaced_by
		FROM rule_version
		WHERE id = ?
		AND community_id = ?
		AND stem = ?`, int64(id), int64(community), k.stem)
	if err == nil {
		rule, err = k.rule(row)
	}
	return rule, database.Wrap("version of a rule", database.NotFoundIfNoRows(err, noRuleVersion))
}

// deleteRuleVersions deletes those of a community that is deleted.
func deleteRuleVersions(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM rule_version WHERE community_id = ?", int64(community))
	return err
}

// PassRuleVersions returns what the rule of a community of the scope was before its latest changes, newest first.
func (s *Store) PassRuleVersions(
	ctx context.Context, scope core.Scope, community core.ID, most int,
) ([]RuleVersion[core.PassRule], error) {
	now, err := s.PassRule(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	return passRules.list(ctx, s, community, now.PassRule, most)
}

// PassRuleVersion returns what the rule of a community of the scope once was.
func (s *Store) PassRuleVersion(ctx context.Context, scope core.Scope, community, id core.ID) (core.PassRule, error) {
	return passRules.one(ctx, s, scope, community, id)
}

// VisitorRuleVersions is PassRuleVersions of the rule of visitors.
func (s *Store) VisitorRuleVersions(
	ctx context.Context, scope core.Scope, community core.ID, most int,
) ([]RuleVersion[core.VisitorRule], error) {
	now, err := s.VisitorRule(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	return visitorRules.list(ctx, s, community, now.VisitorRule, most)
}

// VisitorRuleVersion is PassRuleVersion of the rule of visitors.
func (s *Store) VisitorRuleVersion(ctx context.Context, scope core.Scope, community, id core.ID) (core.VisitorRule, error) {
	return visitorRules.one(ctx, s, scope, community, id)
}

// ExitRuleVersions is PassRuleVersions of the rule of exit slips.
func (s *Store) ExitRuleVersions(
	ctx context.Context, scope core.Scope, community core.ID, most int,
) ([]RuleVersion[core.ExitRule], error) {
	now, err := s.ExitRule(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	return exitRules.list(ctx, s, community, now.ExitRule, most)
}

// ExitRuleVersion is PassRuleVersion of the rule of exit slips.
func (s *Store) ExitRuleVersion(ctx context.Context, scope core.Scope, community, id core.ID) (core.ExitRule, error) {
	return exitRules.one(ctx, s, scope, community, id)
}
