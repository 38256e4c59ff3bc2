package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// PassRule is a community's rule with what is needed to edit it.
type PassRule struct {
	core.PassRule
	Community     core.ID
	CommunityName string
	Updated       time.Time
}

type passRuleRow struct {
	Community     core.ID         `db:"community_id"`
	CommunityName string          `db:"community"`
	Counting      core.Counting   `db:"counting"`
	PeriodDays    int             `db:"period_days"`
	Exits         int             `db:"exits"`
	Hours         string          `db:"hours"`
	RecordID      int             `db:"record_id"`
	RecordTemp    int             `db:"record_temp"`
	FeverTenths   int             `db:"fever_tenths"`
	ReaderQR      int             `db:"reader_qr"`
	Updated       database.Millis `db:"updated_at"`
}

func (r passRuleRow) passRule() (PassRule, error) {
	hours, err := core.ParseHours(r.Hours)
	return PassRule{
		PassRule: core.PassRule{
			Counting: r.Counting, PeriodDays: r.PeriodDays, Exits: r.Exits, Hours: hours, RecordID: r.RecordID != 0,
			RecordTemp: r.RecordTemp != 0, FeverTenths: r.FeverTenths, ReaderQR: r.ReaderQR != 0,
		},
		Community: r.Community, CommunityName: r.CommunityName, Updated: r.Updated.Time,
	}, err
}

const passRuleQuery = `SELECT q.community_id, c.name AS community, q.counting, q.period_days, q.exits, q.hours, q.record_id, q.record_temp,
	q.fever_tenths, q.reader_qr, q.updated_at FROM pass_rule q JOIN community c ON c.id = q.community_id
	WHERE q.community_id = ?`

// defaultPassRule returns the rule of a new community: exits are unlimited, and readers do not open
// until an admin allows it.
func defaultPassRule() core.PassRule {
	r := core.DefaultPassRule()
	r.ReaderQR = false
	return r
}

// passRuleArgs returns the values of a rule in the order of its columns, counting to reader_qr.
func passRuleArgs(r core.PassRule) []any {
	return []any{
		string(r.Counting), r.PeriodDays, r.Exits, core.FormatHours(r.Hours), database.BoolInt(r.RecordID),
		database.BoolInt(r.RecordTemp), r.FeverTenths, database.BoolInt(r.ReaderQR),
	}
}

func insertPassRule(tx *database.Tx, community core.ID, r core.PassRule) error {
	_, err := tx.Exec(
		`INSERT INTO pass_rule (community_id, counting, period_days, exits, hours, record_id, record_temp,
			fever_tenths, reader_qr, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		slices.Concat([]any{int64(community)}, passRuleArgs(r), []any{tx.NowMS()})...,
	)
	return err
}

// deletePassRule deletes the rule of a community that is deleted.
func deletePassRule(tx *database.Tx, community core.ID) error {
	if err := deleteRuleVersions(tx, community); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM pass_rule WHERE community_id = ?", int64(community))
	return err
}

// PassRule returns the rule of a community of the scope.
func (s *Store) PassRule(ctx context.Context, scope core.Scope, community core.ID) (PassRule, error) {
	if !scope.Has(community) {
		return PassRule{}, core.NotFound(noCommunity)
	}
	var row passRuleRow
	if err := s.db.Get(ctx, &row, passRuleQuery, int64(community)); err != nil {
		return PassRule{}, database.Wrap("pass rule", database.NotFoundIfNoRows(err, noCommunity))
	}
	r, err := row.passRule()
	return r, database.Wrap("pass rule", err)
}

// UpdatePassRule changes the rule of r.Community, which must be in scope. r.Updated is that of the
// rule that was edited: if it has changed since, the result is core.Stale and nothing changes.
func (s *Store) UpdatePassRule(ctx context.Context, by core.Actor, scope core.Scope, r PassRule) error {
	_, err := passRules.updateIn(ctx, s, by, scope, r.Community, r.Updated, r.PassRule)
	return err
}

func passRuleIn(tx *database.Tx, community core.ID) (PassRule, error) {
	var row passRuleRow
	if err := tx.Get(&row, passRuleQuery, int64(community)); err != nil {
		return PassRule{}, database.NotFoundIfNoRows(err, noCommunity)
	}
	return row.passRule()
}

func setPassRule(tx *database.Tx, community core.ID, r core.PassRule, was time.Time, next int64) error {
	return tx.ExecOne(
		database.ErrRace, // another changed it after it was read: the next run compares with that
		`UPDATE pass_rule SET counting = ?, period_days = ?, exits = ?, hours = ?, record_id = ?, record_temp = ?,
			fever_tenths = ?, reader_qr = ?, updated_at = ?
		WHERE community_id = ? AND updated_at = ?`,
		append(passRuleArgs(r), next, int64(community), was.UnixMilli())...,
	)
}

// passRuleAudit is what the audit log records of a rule: every setting, also those that another
// setting makes ineffective, which the rule's text leaves out.
type passRuleAudit struct {
	Counting   core.Counting `json:"counting"`
	PeriodDays int           `json:"period_days"`
	Exits      int           `json:"exits"`
	Hours      string        `json:"hours"`
	ReaderQR   bool          `json:"reader_qr"`
	RecordID   bool          `json:"record_id"`
	RecordTemp bool          `json:"record_temp"`
	Fever      string        `json:"fever"`
}

func auditOfPassRule(r core.PassRule) passRuleAudit {
	return passRuleAudit{
		Counting: r.Counting, PeriodDays: r.PeriodDays, Exits: r.Exits, Hours: core.FormatHours(r.Hours),
		ReaderQR: r.ReaderQR, RecordID: r.RecordID, RecordTemp: r.RecordTemp,
		Fever: fmt.Sprintf("%.1f", float64(r.FeverTenths)/10),
	}
}
