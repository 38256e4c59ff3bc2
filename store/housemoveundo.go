package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// moveUndo takes a move back: all of it, in one transaction, or nothing.
type moveUndo struct {
	*undoing
	before, after map[core.ID]movedThing
	now           map[core.ID]string // what of a thing is compared, as it is
}

// undoHouseMove puts the tree back. If one of its things was changed since, it is a conflict that names it.
func undoHouseMove(u *undoing) error {
	c, err := lockCommunity(u.tx, core.Everywhere, u.batch.Community)
	if err != nil {
		return err
	}
	m := moveUndo{undoing: u, before: map[core.ID]movedThing{}, after: map[core.ID]movedThing{}}
	for _, item := range u.items {
		var before, after movedThing
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		m.before[item.Thing], m.after[item.Thing] = before, after
	}
	for _, step := range []func() error{m.check, m.nodes, m.houses, m.residents, m.others} {
		if err := step(); err != nil {
			return err
		}
	}
	return m.relabel(c)
}

// of returns the things of a stem that are gone, or that are not, in the order of their ids; of nodes those above
// come first.
func (m *moveUndo) of(stem string, gone bool) []core.ID {
	var ids []core.ID
	for id, after := range m.after {
		if after.Stem == stem && after.Gone == gone {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b core.ID) int {
		return cmp.Or(cmp.Compare(m.before[a].Level, m.before[b].Level), cmp.Compare(a, b))
	})
	return ids
}

// check refuses what is not as the move left it.
func (m *moveUndo) check() error {
	if err := m.readNow(); err != nil {
		return err
	}
	var changed []string
	for _, stem := range []string{"node", "house", "resident", "reader", "certification"} {
		for _, gone := range []bool{true, false} {
			for _, id := range m.of(stem, gone) {
				if is := m.now[id]; is != m.after[id].mark() {
					changed = append(changed, cmp.Or(m.after[id].Label, m.before[id].Label, nounOf(stem)))
				}
			}
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		changed = slices.Compact(changed)
		more := ""
		if len(changed) > 3 {
			changed, more = changed[:3], "等"
		}
		return core.Conflict(strings.Join(changed, "、") + more + "之后又改过，这次不能撤销")
	}
	return nil
}

// nounOf returns what a thing without a name of its own is called.
func nounOf(stem string) string {
	f, _ := core.FeatureOf(stem)
	return f.Noun
}

// mark is what of a thing is compared; "" = it is not there.
func (t movedThing) mark() string {
	switch {
	case t.Gone:
		return ""
	case t.Stem == "node":
		return t.Parent.String() + "/" + t.Name
	case t.Stem == "certification":
		return t.Parent.String()
	}
	return core.ID(t.Updated).String()
}

func (m *moveUndo) readNow() error {
	m.now = map[core.ID]string{}
	for _, of := range []struct{ stem, query string }{
		{"node", "SELECT id, name, parent_id AS parent, 0 AS updated FROM building_node WHERE id"},
		{"house", "SELECT id, name, node_id AS parent, updated_at AS updated FROM house WHERE id"},
		{"resident", "SELECT id, name, house_id AS parent, updated_at AS updated FROM resident WHERE id"},
		{"reader", "SELECT id, name, 0 AS parent, updated_at AS updated FROM reader WHERE id"},
		{"certification", "SELECT id, '' AS name, house_id AS parent, 0 AS updated FROM certification WHERE id"},
	} {
		ids := append(m.of(of.stem, true), m.of(of.stem, false)...)
		err := database.EachPart(ids, func(part []core.ID) error {
			var rows []struct {
				ID      core.ID `db:"id"`
				Name    string  `db:"name"`
				Parent  core.ID `db:"parent"`
				Updated int64   `db:"updated"`
			}
			err := m.tx.All(&rows, of.query+" IN ("+database.Placeholders(len(part))+") ORDER BY id"+m.tx.Dialect().ForUpdate(),
				database.IDArgs(part)...)
			for _, r := range rows {
				m.now[r.ID] = movedThing{Stem: of.stem, Name: r.Name, Parent: r.Parent, Updated: r.Updated}.mark()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nodes puts nodes back, those above first.
func (m *moveUndo) nodes() error {
	for _, id := range m.of("node", true) {
		was := m.before[id]
		_, err := m.tx.Exec(
			"INSERT INTO building_node (id, community_id, parent_id, level, name, path, owners_review) VALUES (?, ?, ?, ?, ?, ?, ?)",
			int64(id), int64(m.batch.Community), int64(was.Parent), was.Level, was.Name, was.Path, was.Owners,
		)
		if database.IsDuplicate(err) {
			return core.Conflict("“" + was.Name + "”已有另一个，这次不能撤销")
		}
		if err != nil {
			return err
		}
	}
	for _, id := range m.of("node", false) {
		was := m.before[id]
		if err := writeNode(m.tx, nodeRow{ID: id, Parent: was.Parent, Name: was.Name, Path: was.Path}); err != nil {
			return err
		}
	}
	return nil
}

// houses puts houses back; those that were part of others are there again.
func (m *moveUndo) houses() error {
	var rows []houseRow
	were := map[core.ID]houseRow{}
	for _, id := range m.of("house", false) {
		was, is := m.before[id], m.after[id]
		row := houseRow{
			ID: id, Community: m.batch.Community, Node: was.Parent, Name: was.Name, Label: was.Label, Path: was.Path,
			ArrearsFen: was.ArrearsFen, Remark: was.Remark,
		}
		were[id] = houseRow{ID: id, Community: m.batch.Community, Label: is.Label}
		row.Updated.Time = time.UnixMilli(was.Updated) // it is what it was, so that what was done before can be taken back too
		rows = append(rows, row)
	}
	if err := writeHouses(m.tx, rows, were); err != nil {
		return err
	}
	for _, id := range m.of("house", true) {
		if err := m.house(id); err != nil {
			return err
		}
	}
	return nil
}

func (m *moveUndo) house(id core.ID) error {
	was, into := m.before[id], m.after[id].Parent
	_, err := m.tx.Exec(
		`INSERT INTO house (id, community_id, node_id, name, label, path, sort_key, figures, arrears_fen, arrears_note, owners_review,
			created_at, updated_at)
		VALUES (`+database.Placeholders(13)+")",
		int64(id), int64(m.batch.Community), int64(was.Parent), was.Name, was.Label, was.Path, core.SortKey(was.Label, maxSortKey),
		houseFigures(was.Label), was.ArrearsFen, was.Remark, was.Owners, was.Created, was.Updated,
	)
	if database.IsDuplicate(err) {
		return core.Conflict("已有另一套“" + was.Label + "”，这次不能撤销")
	}
	if err != nil {
		return err
	}
	if err := addGrams(m.tx, named{gramHouse, m.batch.Community, id, was.Label}); err != nil {
		return err
	}
	if err := addExits(m.tx, m.batch.Community, into, was.Exits, -1); err != nil {
		return err
	}
	if err := addExits(m.tx, m.batch.Community, id, was.Exits, 1); err != nil {
		return err
	}
	if err := forgetFormer(m.tx, id); err != nil {
		return err
	}
	return m.restriction(id, into, was)
}

// restriction puts a house's restriction back. The other's is lifted if it is the one that came along.
func (m *moveUndo) restriction(id, into core.ID, was movedThing) error {
	if r := was.Restricted; r != nil {
		row, err := r.row(id, m.batch.Community)
		if err != nil {
			return err
		}
		if err := dropRestriction(m.tx, into, *r); err != nil {
			return err
		}
		if err := insertRestrictions(m.tx, []restrictionRow{row}); err != nil {
			return err
		}
	}
	return setLatest(m.tx, []core.ID{id}, map[core.ID]core.ID{id: was.Latest})
}

// residents puts people back. Two ties of one person change places: both leave first.
func (m *moveUndo) residents() error {
	ids := m.of("resident", false)
	for _, id := range ids {
		if err := rehouse(m.tx, id, -int64(id)); err != nil {
			return err
		}
	}
	for _, id := range ids {
		was, is := m.before[id], m.after[id]
		if err := writeTie(m.tx, id, was); err != nil {
			return err
		}
		if was.Pass && !is.Pass {
			if err := enablePass(m.tx, id); err != nil {
				return err
			}
		}
		var name string
		if err := m.tx.Get(&name, "SELECT name FROM resident WHERE id = ?", int64(id)); err != nil {
			return err
		}
		r := core.Resident{ID: id, Community: m.batch.Community, Name: name}
		if was.MovedOut != 0 {
			r.MovedOut = time.UnixMilli(was.MovedOut)
		}
		if err := addGrams(m.tx, residentNamed(r)); err != nil {
			return err
		}
	}
	return nil
}

// others puts readers, applications and visits back.
func (m *moveUndo) others() error {
	for _, id := range m.of("reader", false) {
		if err := writeReaderScope(m.tx, id, m.before[id]); err != nil {
			return err
		}
	}
	for _, id := range m.of("certification", false) {
		if _, err := rehouseApplication(m.tx, id, m.before[id].Parent); err != nil {
			return err
		}
	}
	for _, id := range m.of("certification", false) { // once the others are back
		if was := m.before[id]; was.Waits {
			if err := reopenApplication(m.tx, id, was.Parent); err != nil {
				return err
			}
		}
	}
	for _, id := range m.of("visitorpass", false) { // those that are still there
		if err := rehouseVisit(m.tx, id, m.before[id]); err != nil {
			return err
		}
	}
	for _, id := range m.of("exitslip", false) {
		if err := rehouseExitSlip(m.tx, id, m.before[id]); err != nil {
			return err
		}
	}
	return nil
}

// relabel names what was added below the nodes since, and the paths of nodes that moved with others.
func (m *moveUndo) relabel(c core.Community) error {
	p := housePlanner{
		community: c, all: m.tx.All, nodes: map[core.ID]*nodeRow{}, houses: map[core.ID]*houseRow{}, wasHouse: map[core.ID]houseRow{},
	}
	var nodes []nodeRow
	err := m.tx.All(&nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(c.ID))
	if err != nil {
		return err
	}
	was := map[core.ID]nodeRow{}
	for _, n := range nodes {
		p.nodes[n.ID], was[n.ID] = &n, n
	}
	for _, top := range p.below(0) {
		p.path(top, "/")
	}
	for _, change := range changesOf(was, p.nodes, func(a, b nodeRow) bool { return a == b }) {
		if err := writeNode(m.tx, *change.is); err != nil {
			return err
		}
	}
	var named []core.ID
	for _, id := range m.of("node", false) {
		under, args := underNodes("node_id", c.ID, id)
		if err := p.readHouses(under, args...); err != nil {
			return err
		}
	}
	if err := p.relabel(); err != nil {
		return err
	}
	var rows []houseRow
	for _, change := range p.houseChanges() {
		change.is.Updated.Time = time.UnixMilli(m.tx.NextUpdated(change.was.Updated.Time))
		rows, named = append(rows, *change.is), append(named, change.was.ID)
	}
	if err := writeHouses(m.tx, rows, p.wasHouse); err != nil {
		return err
	}
	return renameApplications(m.tx, append(named, append(m.of("house", false), m.of("house", true)...)...))
}
