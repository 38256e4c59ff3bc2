package store

import (
	"context"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// HouseArrears is what a house owes, as another system tells it.
type HouseArrears struct {
	Community core.ID
	House     string // in any spelling: 3-2-1502, 3号楼二单元1502
	Fen       int64
	Remark    *string // what for; nil = as it was
}

// UpdateArrears sets what a house of the scope owes. The same again changes nothing: changed is false. It returns the
// house as it is then.
func (s *Store) UpdateArrears(
	ctx context.Context, by core.Actor, scope core.Scope, a HouseArrears,
) (house core.House, changed bool, err error) {
	err = s.db.Write(ctx, "update arrears", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, a.Community)
		if err != nil {
			return err
		}
		old, err := houseByText(tx, c, a.House)
		if err != nil {
			return err
		}
		remark := old.Remark
		if a.Remark != nil {
			remark = *a.Remark
		}
		if remark, err = core.CheckArrears(a.Fen, remark); err != nil {
			return err
		}
		house, changed = old, old.ArrearsFen != a.Fen || old.Remark != remark
		if !changed {
			return nil
		}
		house.ArrearsFen, house.Remark, house.Updated = a.Fen, remark, time.UnixMilli(tx.NextUpdated(old.Updated))
		if err := writeArrears(tx, []arrearsChange{{old, house}}); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "house.arrears", Subject: audit.Target("house", house.ID),
			Before: auditOfHouse(old.Label, old), After: auditOfHouse(house.Label, house),
		})
	})
	return house, changed, err
}

// houseByText finds and locks the house of a community that a text names in any spelling.
func houseByText(tx *database.Tx, c core.Community, text string) (core.House, error) {
	missing := core.InvalidFields(map[string]string{"house": "登记里没有“" + cutText(text, 40) + "”"})
	label, names := core.Clean(text), core.HouseParts(c, text)
	if names != nil {
		if spelled, err := c.NodeNames(names); err == nil {
			label, names = core.HouseLabel(spelled), spelled
		}
	}
	const columns = "SELECT " + houseColumns + " FROM house WHERE community_id = ? AND "
	var rows []houseRow
	err := tx.All(&rows, columns+"label = ?"+tx.Dialect().ForUpdate(), int64(c.ID), label)
	if err != nil || len(rows) == 1 {
		return oneHouse(rows, missing, err)
	}
	if names == nil {
		return core.House{}, missing
	}
	var candidates []houseRow
	err = tx.All(&candidates, columns+"figures = ?"+tx.Dialect().ForUpdate(), int64(c.ID), houseFigures(label))
	if err != nil {
		return core.House{}, err
	}
	for _, row := range candidates {
		known, err := levelsOf(tx, row)
		if err != nil {
			return core.House{}, err
		}
		if core.SameLevels(known, names) {
			rows = append(rows, row)
		}
	}
	return oneHouse(rows, missing, nil)
}

func oneHouse(rows []houseRow, missing, err error) (core.House, error) {
	switch {
	case err != nil:
		return core.House{}, err
	case len(rows) != 1:
		return core.House{}, missing
	}
	return rows[0].house(), nil
}

// levelsOf returns the names along a house's path, one per level.
func levelsOf(tx *database.Tx, h houseRow) ([]string, error) {
	var names []string
	for _, text := range strings.FieldsFunc(h.Path, func(r rune) bool { return r == '/' }) {
		id, err := core.ParseID(text)
		if err != nil {
			return nil, err
		}
		var name string
		if err := tx.Get(&name, "SELECT name FROM building_node WHERE id = ?", int64(id)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return append(names, h.Name), nil
}
