package store

import (
	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// serviceChange takes a row of a table with a community, a name and disabled_at out of
// service, or back.
type serviceChange struct {
	table, stem, absent string
	id                  core.ID
	inService           bool
}

// setInService makes a serviceChange and writes it to the audit log.
func setInService(tx *database.Tx, by core.Actor, scope core.Scope, c serviceChange) error {
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Community core.ID         `db:"community_id"`
		Name      string          `db:"name"`
		Disabled  database.Millis `db:"disabled_at"`
	}
	if err := tx.Get(
		&row, "SELECT community_id, name, disabled_at FROM "+c.table+" WHERE id = ? AND "+where,
		append([]any{int64(c.id)}, args...)...,
	); err != nil {
		return database.NotFoundIfNoRows(err, c.absent)
	}
	entry := audit.Entry{Action: c.stem + ".enable", Community: row.Community, Target: audit.Target(c.stem, c.id),
		Before: serviceAudit{row.Name, !row.Disabled.IsZero()}, After: serviceAudit{row.Name, !c.inService}}
	var disabled any
	if !c.inService {
		entry.Action, disabled = c.stem+".disable", tx.NowMS()
	}
	if err := tx.ExecOne(
		core.NotFound(c.absent),
		"UPDATE "+c.table+" SET disabled_at = ?, "+database.RaiseUpdated+" WHERE id = ?", disabled, tx.NowMS(),
		tx.NowMS(), int64(c.id),
	); err != nil {
		return err
	}
	return audit.Write(tx, by, entry)
}

// serviceAudit is what the audit log keeps of being in service.
type serviceAudit struct {
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
}
