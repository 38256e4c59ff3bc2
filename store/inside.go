package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// maxInside bounds each kind of a roll call: those who came before are counted only.
const maxInside = 2000

// WhoIsInside returns the visitors and the members of institutions who came into a community of the scope and have not left, those
// who came last in front. Members are those whose last passage of the last days was an entry, by the records: a scan writes nothing
// for it. It costs three queries, and one more for each kind of whom there are too many.
func (s *Store) WhoIsInside(ctx context.Context, scope core.Scope, community core.ID) (core.InsideRoll, error) {
	return s.whoIsInside(ctx, scope, community, maxInside)
}

func (s *Store) whoIsInside(ctx context.Context, scope core.Scope, community core.ID, most int) (core.InsideRoll, error) {
	rule, err := s.VisitorRule(ctx, scope, community)
	if err != nil {
		return core.InsideRoll{}, err
	}
	var all core.InsideRoll
	for _, kind := range passKinds {
		if kind.inside == nil {
			continue
		}
		roll, err := kind.inside(ctx, s, community, rule, most)
		if err != nil {
			return core.InsideRoll{}, database.Wrap("read who is inside", err)
		}
		all = core.InsideRoll{
			List: append(all.List, roll.List...), Parties: all.Parties + roll.Parties, People: all.People + roll.People,
			Late: all.Late + roll.Late, Doubtful: all.Doubtful + roll.Doubtful,
		}
	}
	slices.SortStableFunc(all.List, func(a, b core.Inside) int { return cmp.Compare(b.Since.UnixMilli(), a.Since.UnixMilli()) })
	return all, nil
}

// insideCount counts who is inside of a kind.
type insideCount struct {
	Parties  int `db:"parties"`
	People   int `db:"people"`
	Late     int `db:"late"`
	Doubtful int `db:"doubtful"`
}

// cut returns a roll whose list is too long for most, with the counts of all.
func (n insideCount) cut(roll core.InsideRoll, most int) core.InsideRoll {
	return core.InsideRoll{List: roll.List[:most], Parties: n.Parties, People: n.People, Late: n.Late, Doubtful: n.Doubtful}
}

// before returns the moment, in milliseconds, before which somebody who came in is overdue; 0 hours are never.
func (s *Store) before(hours int) int64 {
	if hours == 0 {
		return 0
	}
	return s.Now().Add(-time.Duration(hours) * time.Hour).UnixMilli()
}

func visitorsInside(ctx context.Context, s *Store, community core.ID, rule VisitorRule, most int) (core.InsideRoll, error) {
	var rows []struct {
		ID      core.ID         `db:"id"`
		Name    string          `db:"name"`
		Label   string          `db:"label"`
		Path    string          `db:"path"`
		People  int             `db:"people"`
		Gone    int             `db:"left_n"`
		Entered database.Millis `db:"entered_at"`
	}
	if err := s.db.All(ctx, &rows, `
		SELECT v.id, v.name, COALESCE(h.label, '') AS label, COALESCE(h.path, '') AS path, v.people, v.left_n, v.entered_at
		FROM visitor_pass v
		LEFT JOIN house h ON h.id = v.house_id
		WHERE v.community_id = ?
		AND v.inside_since IS NOT NULL
		ORDER BY v.inside_since DESC
		LIMIT ?`, int64(community), most+1); err != nil {
		return core.InsideRoll{}, err
	}
	var nodes []struct {
		ID   core.ID `db:"id"`
		Name string  `db:"name"`
	}
	if err := s.db.All(ctx, &nodes, "SELECT id, name FROM building_node WHERE community_id = ? AND parent_id = 0",
		int64(community)); err != nil {
		return core.InsideRoll{}, err
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
	roll := core.RollOf(all, s.Now())
	if len(all) <= most {
		return roll, nil
	}
	var n insideCount
	err := s.db.Get(ctx, &n, `
		SELECT COUNT(*) AS parties, SUM(people - left_n) AS people,
			SUM(CASE WHEN inside_since < ? THEN 1 ELSE 0 END) AS late,
			SUM(CASE WHEN inside_since < ? THEN 1 ELSE 0 END) AS doubtful
		FROM visitor_pass
		WHERE community_id = ?
		AND inside_since IS NOT NULL`, s.before(rule.Stay), s.Now().Add(-core.InsideDoubt).UnixMilli(), int64(community))
	return n.cut(roll, most), err
}

// membersLast are the last passages of each member, of those of the last days.
const membersLast = `(
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
WHERE a.direction = 'in'`

func membersInside(ctx context.Context, s *Store, community core.ID, rule VisitorRule, most int) (core.InsideRoll, error) {
	var rows []struct {
		Member core.ID         `db:"holder_id"`
		Name   string          `db:"name"`
		Place  string          `db:"house"`
		At     database.Millis `db:"at"`
	}
	since := int64(database.FirstID(s.Now().Add(-core.InsideLookback)))
	if err := s.db.All(ctx, &rows, "SELECT p.holder_id, a.name, a.house, a.at FROM "+membersLast+" ORDER BY a.id DESC LIMIT ?",
		int64(community), since, most+1); err != nil {
		return core.InsideRoll{}, err
	}
	all := make([]core.Inside, len(rows))
	for i, r := range rows {
		all[i] = core.Inside{
			Kind: core.PassDedicated, ID: r.Member, Name: r.Name, Place: r.Place, People: 1, Since: r.At.Time,
			Late: core.VisitorPass{Entered: r.At.Time}.Late(rule.Member, s.Now()),
		}
	}
	roll := core.RollOf(all, s.Now())
	if len(all) <= most {
		return roll, nil
	}
	var n insideCount
	err := s.db.Get(ctx, &n, `
		SELECT COUNT(*) AS parties, COUNT(*) AS people, SUM(CASE WHEN a.at < ? THEN 1 ELSE 0 END) AS late, 0 AS doubtful
		FROM `+membersLast, s.before(rule.Member), int64(community), since)
	return n.cut(roll, most), err
}
