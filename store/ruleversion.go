package store

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
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
	stem   string
	action string // of a change, in the audit log
	audit  func(R) any
	whole  func(*R)               // adds the fields of forms that a version does not know
	normal func(R) (R, error)     // the rule in its stored form, checked
	text   func(R) string         // in words
	harsh  func(next, was R) bool // making it next after was takes something from everybody
	in     func(tx *database.Tx, community core.ID) (rule R, updated time.Time, err error)
	read   func(ctx context.Context, s *Store, community core.ID) (R, error)                 // as in, outside of an act
	set    func(tx *database.Tx, community core.ID, rule R, was time.Time, next int64) error // if it was changed last at was
}

var passRules = ruleKind[core.PassRule]{
	stem: "passrule", action: "passrule.update", audit: func(r core.PassRule) any { return auditOfPassRule(r) },
	whole:  func(*core.PassRule) {},
	normal: func(r core.PassRule) (core.PassRule, error) { return r, r.Check() }, text: core.PassRule.Text,
	in: func(tx *database.Tx, community core.ID) (core.PassRule, time.Time, error) {
		r, err := passRuleIn(tx, community)
		return r.PassRule, r.Updated, err
	},
	read: func(ctx context.Context, s *Store, community core.ID) (core.PassRule, error) {
		r, err := s.PassRule(ctx, core.ScopeOf(community), community)
		return r.PassRule, err
	},
	set: setPassRule, harsh: core.PassRule.DrasticAfter,
}

var visitorRules = ruleKind[core.VisitorRule]{
	stem: "visitorrule", action: "visitorrule.update", audit: func(r core.VisitorRule) any { return auditOfVisitorRule(r) },
	whole:  func(r *core.VisitorRule) { r.Form = r.Form.Over(core.VisitorBases) },
	normal: core.VisitorRule.Normalized,
	text:   func(r core.VisitorRule) string { return r.Text() + "。访客表单：" + r.Form.Text() },
	in: func(tx *database.Tx, community core.ID) (core.VisitorRule, time.Time, error) {
		r, err := visitorRuleIn(tx, community)
		return r.VisitorRule, r.Updated, err
	},
	read: func(ctx context.Context, s *Store, community core.ID) (core.VisitorRule, error) {
		r, err := s.VisitorRule(ctx, core.ScopeOf(community), community)
		return r.VisitorRule, err
	},
	set: setVisitorRule, harsh: core.VisitorRule.DrasticAfter,
}

var exitRules = ruleKind[core.ExitRule]{
	stem: "exitrule", action: "exitrule.update", audit: func(r core.ExitRule) any { return auditOfExitRule(r) },
	whole:  func(r *core.ExitRule) { r.Form = r.Form.Over(core.ExitBases) },
	normal: core.ExitRule.Normalized,
	text:   func(r core.ExitRule) string { return r.Text() + "。出门条表单：" + r.Form.Text() },
	in: func(tx *database.Tx, community core.ID) (core.ExitRule, time.Time, error) {
		r, err := exitRuleIn(tx, community)
		return r.ExitRule, r.Updated, err
	},
	read: func(ctx context.Context, s *Store, community core.ID) (core.ExitRule, error) {
		r, err := s.ExitRule(ctx, core.ScopeOf(community), community)
		return r.ExitRule, err
	},
	set: setExitRule, harsh: core.ExitRule.DrasticAfter,
}

// update makes rule the community's, keeps the one before as a version, and returns when it was changed. seen is that of the rule
// that was edited: if it has changed since, the result is core.Stale and nothing changes; zero compares with nothing.
func (k ruleKind[R]) update(tx *database.Tx, by core.Actor, community core.ID, seen time.Time, rule R) (updated time.Time, err error) {
	old, was, err := k.in(tx, community)
	if err != nil {
		return updated, err
	}
	if err := database.CheckUnchanged(seen, was); err != nil {
		return updated, err
	}
	next := tx.NextUpdated(was)
	if err := k.set(tx, community, rule, was, next); err != nil {
		return updated, err
	}
	if err := k.keep(tx, by, community, old, rule); err != nil {
		return updated, err
	}
	return time.UnixMilli(next), audit.Write(tx, by, audit.Entry{
		Community: community, Action: k.action, Subject: audit.Target("community", community),
		Before: k.audit(old), After: k.audit(rule),
	})
}

// updateIn is update in a transaction of its own, in scope.
func (k ruleKind[R]) updateIn(
	ctx context.Context, s *Store, by core.Actor, scope core.Scope, community core.ID, seen time.Time, rule R,
) (updated time.Time, err error) {
	if !scope.Has(community) {
		return updated, core.NotFound(noCommunity)
	}
	normal, err := k.normal(rule)
	if err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "update a "+k.stem, func(tx *database.Tx) error {
		updated, err = k.update(tx, by, community, seen, normal)
		return err
	})
	return updated, err
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
	rule, err := k.rule(row.R)
	if err != nil {
		return RuleVersion[R]{}, err
	}
	before, err := json.Marshal(k.audit(rule))
	if err != nil {
		return RuleVersion[R]{}, err
	}
	then, err := json.Marshal(k.audit(after))
	v := RuleVersion[R]{Rule: rule, ID: row.ID, At: row.At.Time, By: row.By}
	record := core.AuditRecord{Action: k.action, Before: string(before), After: string(then)}
	for _, change := range record.Changes() {
		if change.Changed {
			v.Changes = append(v.Changes, change)
		}
	}
	return v, err
}

// rule returns a rule that was kept as JSON.
func (k ruleKind[R]) rule(kept string) (rule R, err error) {
	if err = json.Unmarshal([]byte(kept), &rule); err == nil {
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
		rule, err = k.rule(row.R)
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
