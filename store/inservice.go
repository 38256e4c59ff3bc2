package store

import (
	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// service is an act that disables or enables something: a row of its feature's table, which has
// community_id, name and disabled_at.
type service struct {
	stem   string
	id     core.ID
	action string
	absent string  // the message if it does not exist or is out of scope
	staff  *string // what the audit row says of the staff of a company, set by the act; nil = nothing
}

// disable disables something that is in service.
func disable(tx *database.Tx, by core.Actor, scope core.Scope, s service) error {
	return setDisabled(tx, by, scope, s, true)
}

// enable undoes disable.
func enable(tx *database.Tx, by core.Actor, scope core.Scope, s service) error {
	return setDisabled(tx, by, scope, s, false)
}

func setDisabled(tx *database.Tx, by core.Actor, scope core.Scope, s service, disabled bool) error {
	feature, _ := core.FeatureOf(s.stem)
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Community core.ID         `db:"community_id"`
		Name      string          `db:"name"`
		Disabled  database.Millis `db:"disabled_at"`
	}
	if err := tx.Get(
		&row, "SELECT community_id, name, disabled_at FROM "+feature.Table+" WHERE id = ? AND "+where,
		append([]any{int64(s.id)}, args...)...,
	); err != nil {
		return database.NotFoundIfNoRows(err, s.absent)
	}
	if row.Disabled.IsZero() != disabled {
		return nil // nothing to change
	}
	var at any
	if disabled {
		at = tx.NowMS()
	}
	if err := tx.ExecOne(
		core.NotFound(s.absent),
		"UPDATE "+feature.Table+" SET disabled_at = ?, "+database.RaiseUpdated+" WHERE id = ?",
		at, tx.NowMS(), tx.NowMS(), int64(s.id),
	); err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Action: s.action, Community: row.Community, Subject: audit.Target(s.stem, s.id),
		Before: serviceAudit{row.Name, !row.Disabled.IsZero()}, After: serviceAudit{row.Name, disabled},
	})
}

// serviceAudit is what the audit log records of being in service.
type serviceAudit struct {
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
}
