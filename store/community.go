package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const communityColumns = `id, name, address, phone, levels, COALESCE(refusals, '') AS refusals,
	COALESCE(owner_refusals, '') AS owner_refusals, archived_at, updated_at`

type communityRow struct {
	ID       core.ID         `db:"id"`
	Name     string          `db:"name"`
	Address  string          `db:"address"`
	Phone    string          `db:"phone"`
	Levels   string          `db:"levels"`
	Refusals string          `db:"refusals"`
	Owners   string          `db:"owner_refusals"`
	Archived database.Millis `db:"archived_at"`
	Updated  database.Millis `db:"updated_at"`
}

func (r communityRow) community() core.Community {
	return core.Community{
		ID: r.ID, Name: r.Name, Address: r.Address, Phone: r.Phone,
		Levels: strings.Split(r.Levels, "/"), Archived: r.Archived.Time, Updated: r.Updated.Time,
		Refusals: core.Refusals{Office: presetsOf(r.Refusals), Owners: presetsOf(r.Owners)},
	}
}

// presetsOf returns the presets of a column; nil if it has none.
func presetsOf(lines string) []string {
	if lines == "" {
		return nil
	}
	return strings.Split(lines, "\n")
}

// presetsColumn returns the value of a column of presets.
func presetsColumn(presets []string) any {
	if len(presets) == 0 {
		return nil
	}
	return strings.Join(presets, "\n")
}

const noCommunity = "小区不存在"

// CreateCommunity adds a community with the default rule: unlimited exits, counted per person,
// released by guards only. Only operators may.
func (s *Store) CreateCommunity(ctx context.Context, by core.Actor, c core.Community) (core.ID, error) {
	c = c.Trimmed()
	if err := c.Check(); err != nil {
		return 0, err
	}
	if !by.MayOperate() {
		return 0, core.Forbidden("只有运维人可以添加小区")
	}
	err := s.db.Write(ctx, "create community", func(tx *database.Tx) error {
		c.ID = tx.NewID()
		_, err := tx.Exec(`
			INSERT INTO community (id, name, address, phone, levels, refusals, owner_refusals, created_at, updated_at)
			VALUES (`+database.Placeholders(9)+")",
			int64(c.ID), c.Name, c.Address, c.Phone, strings.Join(c.Levels, "/"),
			presetsColumn(c.Refusals.Office), presetsColumn(c.Refusals.Owners), tx.NowMS(), tx.NowMS())
		if err != nil {
			return nameTaken(err)
		}
		if err := insertPassRule(tx, c.ID, defaultPassRule()); err != nil {
			return err
		}
		if err := insertVisitorRule(tx, c.ID, core.DefaultVisitorRule()); err != nil {
			return err
		}
		if err := insertExitRule(tx, c.ID, core.DefaultExitRule()); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "community.create", Subject: audit.Target("community", c.ID),
			After: auditOfCommunity(c),
		})
	})
	return c.ID, err
}

// communityAudit is what the audit log records of a community.
type communityAudit struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Phone   string   `json:"phone"`
	Levels  []string `json:"levels"`
	Office  []string `json:"refusals,omitempty"`
	Owners  []string `json:"owner_refusals,omitempty"`
}

func auditOfCommunity(c core.Community) communityAudit {
	return communityAudit{
		Name: c.Name, Address: c.Address, Phone: c.Phone, Levels: c.Levels, Office: c.Refusals.Office, Owners: c.Refusals.Owners,
	}
}

func nameTaken(err error) error {
	if database.IsDuplicate(err) {
		return core.InvalidFields(map[string]string{"name": "已有同名小区"})
	}
	return err
}

// UpdateCommunity changes a community's texts and the names of its levels. Their number can change
// only while there are no houses. Houses keep their names. It returns the new Updated.
func (s *Store) UpdateCommunity(
	ctx context.Context, by core.Actor, scope core.Scope, c core.Community,
) (updated time.Time, err error) {
	c = c.Trimmed()
	if err := c.Check(); err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "update community", func(tx *database.Tx) error {
		old, err := lockCommunity(tx, scope, c.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(c.Updated, old.Updated); err != nil {
			return err
		}
		if len(old.Levels) != len(c.Levels) {
			if err := noHouses(tx, c.ID); err != nil {
				return err
			}
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		err = tx.ExecOne(
			core.NotFound(noCommunity),
			`UPDATE community
			SET name = ?, address = ?, phone = ?, levels = ?, refusals = ?, owner_refusals = ?, updated_at = ?
			WHERE id = ?`,
			c.Name, c.Address, c.Phone, strings.Join(c.Levels, "/"), presetsColumn(c.Refusals.Office),
			presetsColumn(c.Refusals.Owners), updated.UnixMilli(), int64(c.ID),
		)
		if err != nil {
			return nameTaken(err)
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "community.update", Subject: audit.Target("community", c.ID),
			Before: auditOfCommunity(old), After: auditOfCommunity(c),
		})
	})
	return updated, err
}

func noHouses(tx *database.Tx, community core.ID) error {
	var houses int
	if err := tx.Get(&houses, "SELECT COUNT(*) FROM house WHERE community_id = ?", int64(community)); err != nil {
		return err
	}
	if houses > 0 {
		return core.InvalidFields(map[string]string{"levels": "小区已有房屋，只能修改级名，不能增减级数"})
	}
	return nil
}

// lockCommunity reads and locks a community of the scope.
func lockCommunity(tx *database.Tx, scope core.Scope, id core.ID) (core.Community, error) {
	if !scope.Has(id) {
		return core.Community{}, core.NotFound(noCommunity)
	}
	var row communityRow
	err := tx.Get(&row, "SELECT "+communityColumns+" FROM community WHERE id = ?"+tx.Dialect().ForUpdate(), int64(id))
	return row.community(), database.NotFoundIfNoRows(err, noCommunity)
}

// Community returns one community of the scope.
func (s *Store) Community(ctx context.Context, scope core.Scope, id core.ID) (core.Community, error) {
	where, args := database.ScopeWhere(scope, "id")
	var row communityRow
	err := s.db.Get(ctx, &row, "SELECT "+communityColumns+" FROM community WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.Community{}, database.Wrap("community", database.NotFoundIfNoRows(err, noCommunity))
	}
	return row.community(), nil
}

// Communities returns all communities of the scope that are not archived, oldest first: for choices
// in forms.
func (s *Store) Communities(ctx context.Context, scope core.Scope) ([]core.Community, error) {
	communities, err := readCommunities(s.allOf(ctx), scope)
	return communities, database.Wrap("communities", err)
}

func readCommunities(all readAll, scope core.Scope) ([]core.Community, error) {
	where, args := database.ScopeWhere(scope, "id")
	var rows []communityRow
	err := all(&rows, "SELECT "+communityColumns+" FROM community WHERE archived_at IS NULL AND "+where+" ORDER BY id", args...)
	communities := make([]core.Community, len(rows))
	for i, row := range rows {
		communities[i] = row.community()
	}
	return communities, err
}

// withArchived returns the communities that somebody chose for something, with those of its former ones in the scope that are
// archived: no form offers these, and they are to be as they were once they are restored.
func withArchived(tx *database.Tx, scope core.Scope, chosen, former []core.ID) ([]core.ID, error) {
	all := slices.Clone(chosen)
	return all, database.EachPart(former, func(part []core.ID) error {
		var archived []core.ID
		err := tx.All(&archived, "SELECT id FROM community WHERE archived_at IS NOT NULL AND id IN ("+
			database.Placeholders(len(part))+") ORDER BY id", database.IDArgs(part)...)
		for _, id := range archived {
			if scope.Has(id) && !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
		return err
	})
}

// CommunityFilter narrows the list of communities.
type CommunityFilter struct {
	Keyword  string // part of the name; "" = all
	Archived bool   // archived communities instead of the others
	Page     Page   // by id, oldest first
}

// CommunityRow is a row of the list of communities.
type CommunityRow struct {
	core.Community
	Houses    int
	Residents int // who live there
}

// CommunityRows lists communities of the scope, oldest first, with their numbers of houses and
// residents. more reports whether there are further rows in the direction of paging.
func (s *Store) CommunityRows(ctx context.Context, scope core.Scope, f CommunityFilter) (list []CommunityRow, more bool, err error) {
	var filter database.Where
	filter.Either(yesNo(f.Archived), "archived_at IS NOT NULL", "archived_at IS NULL")
	if f.Keyword != "" {
		filter.Like(f.Keyword, "name")
	}
	rows, more, err := readPage[communityRow](ctx, s, listQuery{
		columns: communityColumns, table: "community",
		scope:  database.Within(scope, "id"),
		filter: filter,
		order:  database.OldestFirst,
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list communities", err)
	}
	sizes, err := s.communitySizes(ctx, database.IDsOf(rows, func(r communityRow) core.ID { return r.ID }))
	for _, row := range rows {
		size := sizes[row.ID]
		list = append(list, CommunityRow{Community: row.community(), Houses: size.some, Residents: size.n})
	}
	return list, more, err
}

// communitySizes counts the residents of communities, and the houses (counted.some). Those of large ones may be a minute old.
func (s *Store) communitySizes(ctx context.Context, communities []core.ID) (map[core.ID]counted, error) {
	sizes := make(map[core.ID]counted, len(communities))
	var unknown []core.ID
	now := s.Now()
	for _, id := range communities {
		if size, ok := s.counted.get("community "+id.String(), now); ok {
			sizes[id] = size
		} else {
			unknown = append(unknown, id)
		}
	}
	houses, err := s.db.CountsBy(
		ctx, "SELECT community_id AS id, COUNT(*) AS n FROM house WHERE community_id IN (", unknown,
		") GROUP BY community_id",
	)
	if err != nil {
		return nil, database.Wrap("count houses", err)
	}
	people, err := s.db.CountsBy(
		ctx,
		"SELECT community_id AS id, COUNT(*) AS n FROM resident WHERE moved_out_at IS NULL AND community_id IN (",
		unknown, ") GROUP BY community_id",
	)
	if err != nil {
		return nil, database.Wrap("count residents", err)
	}
	for _, id := range unknown {
		size := counted{n: people[id], some: houses[id]}
		if sizes[id] = size; size.n+size.some > manyRows {
			s.counted.keep("community "+id.String(), size, now)
		}
	}
	return sizes, nil
}
