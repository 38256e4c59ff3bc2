package store

import (
	"cmp"
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// subjectRow is the present name of what an act was done to.
type subjectRow struct {
	ID   core.ID `db:"id"`
	Name string  `db:"name"`
}

// subjectQuery returns the beginning of a query for subjectRows of a stem, up to the condition; ""
// if things of the stem have no name.
func subjectQuery(stem string) string {
	f, _ := core.FeatureOf(stem)
	if f.Table == "" {
		return ""
	}
	return "SELECT id, " + cmp.Or(f.NameColumn, "name") + " AS name FROM " + f.Table + " WHERE "
}

// AuditSubjects returns the current names of the targets of some lines, by target; those that no
// longer exist, or have no name, are left out. It costs a query for each kind of target. The caller
// must have read the lines within a scope.
func (s *Store) AuditSubjects(ctx context.Context, records []core.AuditRecord) (map[string]string, error) {
	ids := map[string][]core.ID{}
	for _, r := range records {
		if stem, id := core.TargetOf(r.Target); id != 0 && subjectQuery(stem) != "" {
			ids[stem] = append(ids[stem], id)
		}
	}
	names := map[string]string{}
	for stem, some := range ids {
		err := database.EachPart(some, func(part []core.ID) error {
			var rows []subjectRow
			query := subjectQuery(stem) + "id IN (" + database.Placeholders(len(part)) + ")"
			err := s.db.All(ctx, &rows, query, database.IDArgs(part)...)
			for _, row := range rows {
				if stem == "follower" { // WeChat tells no names: who may see followers names them better
					row.Name = "…" + core.ShortOpenID(row.Name)
				}
				names[audit.Target(stem, row.ID).String()] = row.Name
			}
			return err
		})
		if err != nil {
			return nil, database.Wrap("name the subjects of the audit log", err)
		}
	}
	return names, nil
}
