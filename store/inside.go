package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// maxInside bounds a roll call: more are not called by name.
const maxInside = 2000

// WhoIsInside returns the visitors and the members of institutions who came into a community of the scope and have not left, those
// who came first in front. Members are those whose last passage of the last days was an entry, by the records: a scan writes nothing
// for it. It costs three queries.
func (s *Store) WhoIsInside(ctx context.Context, scope core.Scope, community core.ID) ([]core.Inside, error) {
	rule, err := s.VisitorRule(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	visitors, err := s.visitorsInside(ctx, community, rule)
	if err != nil {
		return nil, database.Wrap("read who is inside", err)
	}
	members, err := s.membersInside(ctx, community, rule)
	if err != nil {
		return nil, database.Wrap("read who is inside", err)
	}
	all := append(visitors, members...)
	slices.SortStableFunc(all, func(a, b core.Inside) int { return cmp.Compare(a.Since.UnixMilli(), b.Since.UnixMilli()) })
	return all, nil
}

func (s *Store) visitorsInside(ctx context.Context, community core.ID, rule VisitorRule) ([]core.Inside, error) {
	var rows []struct {
		ID       core.ID         `db:"id"`
		Name     string          `db:"name"`
		Label    string          `db:"label"`
		Path     string          `db:"path"`
		People   int             `db:"people"`
		Gone     int             `db:"left_n"`
		Entered  database.Millis `db:"entered_at"`
		Building string
	}
	if err := s.db.All(ctx, &rows, `
		SELECT v.id, v.name, COALESCE(h.label, '') AS label, COALESCE(h.path, '') AS path, v.people, v.left_n, v.entered_at
		FROM visitor_pass v
		LEFT JOIN house h ON h.id = v.house_id
		WHERE v.community_id = ?
		AND v.inside_since IS NOT NULL
		ORDER BY v.inside_since
		LIMIT ?`, int64(community), maxInside); err != nil {
		return nil, err
	}
	var nodes []struct {
		ID   core.ID `db:"id"`
		Name string  `db:"name"`
	}
	if err := s.db.All(ctx, &nodes, "SELECT id, name FROM building_node WHERE community_id = ? AND parent_id = 0",
		int64(community)); err != nil {
		return nil, err
	}
	buildings := map[string]string{}
	for _, n := range nodes {
		buildings[n.ID.String()] = n.Name
	}
	all := make([]core.Inside, len(rows))
	for i, r := range rows {
		top, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/")
		all[i] = core.Inside{
			Kind: core.PassVisitor, ID: r.ID, Name: r.Name, Place: r.Label, Building: buildings[top], People: max(r.People, 1) - r.Gone,
			Since: r.Entered.Time,
			Late:  core.VisitorPass{Entered: r.Entered.Time, People: r.People, Gone: r.Gone}.Late(rule.Stay, s.Now()),
		}
	}
	return all, nil
}

func (s *Store) membersInside(ctx context.Context, community core.ID, rule VisitorRule) ([]core.Inside, error) {
	var rows []struct {
		Member core.ID         `db:"holder_id"`
		Name   string          `db:"name"`
		Place  string          `db:"house"`
		At     database.Millis `db:"at"`
	}
	err := s.db.All(ctx, &rows, `
		SELECT p.holder_id, a.name, a.house, a.at
		FROM (
			SELECT MAX(id) AS id
			FROM access_record
			WHERE community_id = ?
			AND id >= ?
			AND kind = 'dedicated'
			AND allowed = 1
			GROUP BY pass_id
		) l
		JOIN access_record a ON a.id = l.id
		JOIN pass p ON p.id = a.pass_id
		WHERE a.direction = 'in'
		ORDER BY a.id
		LIMIT ?`, int64(community), int64(database.FirstID(s.Now().Add(-core.InsideLookback))), maxInside)
	all := make([]core.Inside, len(rows))
	for i, r := range rows {
		all[i] = core.Inside{
			Kind: core.PassDedicated, ID: r.Member, Name: r.Name, Place: r.Place, People: 1, Since: r.At.Time,
			Late: core.VisitorPass{Entered: r.At.Time}.Late(rule.Member, s.Now()),
		}
	}
	return all, err
}
