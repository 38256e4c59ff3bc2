package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// auditSubjects are where the names of what acts were done to stand.
var auditSubjects = map[string]string{
	"account": "SELECT id, name FROM account", "community": "SELECT id, name FROM community", "guard": "SELECT id, name FROM guard",
	"guardpost": "SELECT id, name FROM guard_post", "house": "SELECT id, label AS name FROM house",
	"observer": "SELECT id, name FROM observer",
	"reader":   "SELECT id, name FROM reader", "resident": "SELECT id, name FROM resident",
}

// AuditSubjects gives the present names of what the acts of some lines were done
// to, by target; what is gone, or has no name, is left out. It costs a query for
// each kind of thing among them. The caller has read the lines within a scope.
func (s *Store) AuditSubjects(ctx context.Context, records []core.AuditRecord) (map[string]string, error) {
	ids := map[string][]core.ID{}
	for _, r := range records {
		if kind, id := core.TargetOf(r.Target); id != 0 && auditSubjects[kind] != "" {
			ids[kind] = append(ids[kind], id)
		}
	}
	names := map[string]string{}
	for kind, some := range ids {
		err := database.EachPart(some, func(part []core.ID) error {
			var rows []struct {
				ID   core.ID `db:"id"`
				Name string  `db:"name"`
			}
			err := s.db.All(ctx, &rows, auditSubjects[kind]+" WHERE id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
			for _, row := range rows {
				names[audit.Target(kind, row.ID)] = row.Name
			}
			return err
		})
		if err != nil {
			return nil, database.Wrap("name the subjects of the audit log", err)
		}
	}
	return names, nil
}
