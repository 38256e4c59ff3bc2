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

// MoveHouses renames, moves or merges a node of a community's tree, or merges a house, as PlanMove said: seen is what
// the plan was made from, and if that is another by now, it is a conflict. Ids stay, so that readers, links and
// passes go on; records keep the words of their time. It is a batch, which is taken back as a whole.
func (s *Store) MoveHouses(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, move core.HouseMove, seen string,
) (core.Batch, error) {
	var batch core.Batch
	err := s.db.Write(ctx, "move houses", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, community)
		if err != nil {
			return err
		}
		p := housePlanner{community: c, move: move, all: tx.All}
		if err := p.read(); err != nil {
			return err
		}
		if err := p.lock(tx); err != nil {
			return err
		}
		p = housePlanner{community: c, move: move, all: tx.All}
		if err := p.run(); err != nil {
			return err
		}
		if p.plan.Seen != seen {
			return core.Conflict("预览之后又有改动，请按新的预览核对后再确认")
		}
		m := houseMover{tx: tx, housePlanner: &p}
		if batch, err = m.save(by); err != nil {
			return err
		}
		return leftToOffice(tx, c.ID, "1 = 1") // its houses may have got another switch, or lost an owner
	})
	return batch, err
}

// lock locks the houses that were read, and who lives in them: nobody is added to one that goes.
func (p *housePlanner) lock(tx *database.Tx) error {
	ids := make([]core.ID, 0, len(p.wasHouse))
	for id := range p.wasHouse {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if _, err := lockHousesByID(tx, p.community.ID, ids); err != nil {
		return err
	}
	return database.EachPart(ids, func(part []core.ID) error {
		var found []core.ID
		return tx.All(&found, "SELECT id FROM resident WHERE house_id IN ("+database.Placeholders(len(part))+") ORDER BY id"+
			tx.Dialect().ForUpdate(), database.IDArgs(part)...)
	})
}

// movedThing is a thing of a move as its batch keeps it.
type movedThing struct {
	Stem  string `json:"stem"` // node, house, resident, reader, certification, visitorpass, exitslip
	Label string `json:"label,omitempty"`
	Gone  bool   `json:"gone,omitempty"` // it is part of another

	Parent core.ID `json:"parent,omitempty"` // of a node: above it; of a house: its node; of the others: their house
	Level  int     `json:"level,omitempty"`  // of a node
	Name   string  `json:"name,omitempty"`
	Path   string  `json:"path,omitempty"`
	Owners *int    `json:"owners_review,omitempty"`

	ArrearsFen int64            `json:"arrears_fen,omitempty"` // of a house
	Remark     string           `json:"arrears_note,omitempty"`
	Created    int64            `json:"created,omitempty"`
	Exits      string           `json:"exits,omitempty"` // its tally
	Restricted *restrictionItem `json:"restricted,omitempty"`
	Latest     core.ID          `json:"latest,omitempty"` // the batch of its restriction

	Tie   core.ID `json:"tie,omitempty"`   // of a visit: its host's
	Waits bool    `json:"waits,omitempty"` // of an application: it waited, and is superseded

	MovedOut  int64 `json:"moved_out,omitempty"` // of a resident
	Certified int64 `json:"certified,omitempty"`
	Was       int64 `json:"was_certified,omitempty"`
	Pass      bool  `json:"pass,omitempty"` // it was usable

	Scope   string `json:"scope,omitempty"` // of a reader
	Updated int64  `json:"updated,omitempty"`
}

// houseMover writes what a planner worked out.
type houseMover struct {
	*housePlanner
	tx     *database.Tx
	things []batchThing
}

func (m *houseMover) note(id core.ID, before, after movedThing) {
	after.Stem = before.Stem
	m.things = append(m.things, batchThing{ID: id, Before: before, After: after})
}

func (m *houseMover) save(by core.Actor) (core.Batch, error) {
	for _, step := range []func() error{m.saveJoins, m.saveHouses, m.saveNodes, m.saveReaders, m.subjects} {
		if err := step(); err != nil {
			return core.Batch{}, err
		}
	}
	batch, err := writeBatch(m.tx, by, core.Batch{Community: m.community.ID, Kind: m.move.Kind()}, m.things)
	if err != nil {
		return batch, err
	}
	entry := audit.Entry{
		Community: m.community.ID, Action: "house.rename", Subject: audit.Target("community", m.community.ID),
		Before: houseMoveAudit{Label: m.plan.From},
		After:  houseMoveAudit{Label: m.plan.To, Count: m.plan.Houses, Joined: len(m.plan.Joins), Batch: batch.ID},
	}
	switch batch.Kind {
	case core.BatchHouseMove:
		entry.Action = "house.move"
	case core.BatchHouseMerge:
		entry.Action = "house.merge"
	}
	if m.move.Node == 0 {
		entry.Subject = audit.Target("house", m.move.Into)
	}
	return batch, audit.Write(m.tx, by, entry)
}

// houseMoveAudit is what the audit log records of a move.
type houseMoveAudit struct {
	Label  string  `json:"label"`
	Count  int     `json:"count,omitempty"`
	Joined int     `json:"joined,omitempty"`
	Batch  core.ID `json:"batch,omitempty"`
}

// saveJoins moves the people of houses that become part of others, and deletes the houses.
func (m *houseMover) saveJoins() error {
	for _, j := range m.plan.Joins {
		if err := m.joinResidents(j); err != nil {
			return err
		}
		if err := m.joinApplications(j); err != nil {
			return err
		}
		if err := m.joinVisits(j); err != nil {
			return err
		}
		if err := m.joinExitSlips(j); err != nil {
			return err
		}
		if err := m.joinRestriction(j); err != nil {
			return err
		}
		if err := m.joinHouse(j); err != nil {
			return err
		}
	}
	return nil
}

// joinResidents moves residents. Of a person with two ties the one that ends stays behind, moved out, in the house
// that is gone: what refers to it still finds it.
func (m *houseMover) joinResidents(j HouseJoin) error {
	ended, swapped := map[core.ID]bool{}, map[core.ID]bool{}
	for _, twice := range j.Twice {
		ended[twice.Ended.ID] = true
	}
	for _, t := range j.ties[1] {
		if ended[t.ID] { // makes room for the other, which is moved below
			swapped[t.ID] = true
			if err := m.placeResident(t, 0, t.tie().Lives); err != nil {
				return err
			}
		}
	}
	for _, t := range j.ties[0] {
		to, leaves := j.Into.ID, false
		if ended[t.ID] {
			to, leaves = j.From.ID, t.tie().Lives
		}
		if err := m.placeResident(t, to, leaves); err != nil {
			return err
		}
		if ended[t.ID] {
			if err := m.forgetName(t); err != nil {
				return err
			}
		}
	}
	for _, t := range j.ties[1] {
		if swapped[t.ID] {
			if err := rehouse(m.tx, t.ID, int64(j.From.ID)); err != nil {
				return err
			}
			if err := m.forgetName(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetName takes a tie that stays behind out of the search.
func (m *houseMover) forgetName(t tieOfHouse) error {
	return removeGrams(m.tx, tieNamed(m.community.ID, t))
}

// tieNamed returns how the resident of a tie is found by name.
func tieNamed(community core.ID, t tieOfHouse) named {
	return residentNamed(core.Resident{ID: t.ID, Community: community, Name: t.Name, MovedOut: t.MovedOut.Time})
}

// placeResident puts a resident into a house; 0 is a place between two houses.
func (m *houseMover) placeResident(t tieOfHouse, house core.ID, leaves bool) error {
	usable, err := passUsable(m.tx, t.ID)
	if err != nil {
		return err
	}
	before := movedThing{
		Stem: "resident", Parent: t.House, MovedOut: millisOf(t.MovedOut.Time), Certified: millisOf(t.Certified.Time),
		Was: millisOf(t.Was.Time), Pass: usable, Updated: millisOf(t.Updated.Time),
	}
	after := before
	after.Parent, after.Updated = house, m.tx.NextUpdated(t.Updated.Time)
	if leaves {
		after.MovedOut, after.Was, after.Certified, after.Pass = m.tx.NowMS(), before.Certified, 0, false
		if err := disablePass(m.tx, t.ID); err != nil {
			return err
		}
	}
	m.note(t.ID, before, after)
	return writeTie(m.tx, t.ID, after)
}

// passUsable reports whether a resident has a pass that is not disabled.
func passUsable(tx *database.Tx, resident core.ID) (bool, error) {
	var n int
	err := tx.Get(
		&n, "SELECT COUNT(*) FROM pass WHERE kind = ? AND holder_id = ? AND disabled_at IS NULL", string(core.PassResident),
		int64(resident),
	)
	return n > 0, err
}

// joinApplications lets applications for a house that goes be for the one that stays. Of one applicant one waits at most.
func (m *houseMover) joinApplications(j HouseJoin) error {
	for _, id := range j.waiting {
		older, err := rehouseApplication(m.tx, id, j.Into.ID)
		if err != nil {
			return err
		}
		m.note(id, movedThing{Stem: "certification", Parent: j.From.ID, Waits: older == id}, movedThing{Parent: j.Into.ID})
		if older != 0 && older != id {
			m.note(older, movedThing{Stem: "certification", Parent: j.Into.ID, Waits: true}, movedThing{Parent: j.Into.ID})
		}
	}
	return nil
}

// joinRestriction takes a restriction along, unless the other house has one of its own.
func (m *houseMover) joinRestriction(j HouseJoin) error {
	if err := forgetLatest(m.tx, []core.ID{j.From.ID}); err != nil || !j.Restricted[0] {
		return err
	}
	if j.Restricted[1] {
		return deleteRestrictions(m.tx, []core.ID{j.From.ID})
	}
	return moveRestriction(m.tx, j.From.ID, j.Into.ID)
}

// joinHouse deletes a house that became part of another, and adds its exits to the other's.
func (m *houseMover) joinHouse(j HouseJoin) error {
	was, into := m.wasHouse[j.From.ID], m.wasHouse[j.Into.ID]
	before, err := m.houseBefore(was)
	if err != nil {
		return err
	}
	before.Restricted, before.Latest = j.rows[0].held, j.rows[0].latest
	if before.Exits, err = takeExits(m.tx, was.Community, was.ID); err != nil {
		return err
	}
	if err := addExits(m.tx, was.Community, into.ID, before.Exits, 1); err != nil {
		return err
	}
	m.note(was.ID, before, movedThing{Label: into.Label, Gone: true, Parent: into.ID})
	if err := removeGrams(m.tx, houseNamed(was.house(), was.Label)); err != nil {
		return err
	}
	if err := m.tx.ExecOne(database.ErrRace, "DELETE FROM house WHERE id = ?", int64(was.ID)); err != nil {
		return err
	}
	return keepFormer(m.tx, was, into.ID)
}

func (m *houseMover) houseBefore(h houseRow) (movedThing, error) {
	var more struct {
		Created int64 `db:"created_at"`
		Owners  *int  `db:"owners_review"`
	}
	err := m.tx.Get(&more, "SELECT created_at, owners_review FROM house WHERE id = ?", int64(h.ID))
	return movedThing{
		Stem: "house", Label: h.Label, Parent: h.Node, Name: h.Name, Path: h.Path, ArrearsFen: h.ArrearsFen, Remark: h.Remark,
		Updated: millisOf(h.Updated.Time), Created: more.Created, Owners: more.Owners,
	}, err
}

// saveHouses writes the new names and places of houses.
func (m *houseMover) saveHouses() error {
	var rows []houseRow
	was := map[core.ID]houseRow{}
	for _, change := range m.houseChanges() {
		if change.is == nil {
			continue // joinHouse has deleted it
		}
		is := *change.is
		is.Updated.Time = time.UnixMilli(m.tx.NextUpdated(change.was.Updated.Time))
		before, err := m.houseBefore(change.was)
		if err != nil {
			return err
		}
		before.Created, before.Owners = 0, nil // they stay
		m.note(is.ID, before, movedThing{
			Label: is.Label, Parent: is.Node, Name: is.Name, Path: is.Path, ArrearsFen: is.ArrearsFen, Remark: is.Remark,
			Updated: millisOf(is.Updated.Time),
		})
		rows, was[is.ID] = append(rows, is), change.was
	}
	return writeHouses(m.tx, rows, was)
}

// housesAStatement is how many houses one UPDATE writes.
const housesAStatement = 64

// writeHouses writes names, places and debts of houses, and how they are found.
func writeHouses(tx *database.Tx, rows []houseRow, was map[core.ID]houseRow) error {
	for part := range slices.Chunk(rows, housesAStatement) {
		var set []string
		var args []any
		for _, column := range []struct {
			name  string
			value func(h houseRow) any
		}{
			{"node_id", func(h houseRow) any { return int64(h.Node) }},
			{"name", func(h houseRow) any { return h.Name }},
			{"label", func(h houseRow) any { return h.Label }},
			{"path", func(h houseRow) any { return h.Path }},
			{"sort_key", func(h houseRow) any { return core.SortKey(h.Label, maxSortKey) }},
			{"figures", func(h houseRow) any { return houseFigures(h.Label) }},
			{"arrears_fen", func(h houseRow) any { return h.ArrearsFen }},
			{"arrears_note", func(h houseRow) any { return h.Remark }},
			{"updated_at", func(h houseRow) any { return h.Updated.UnixMilli() }},
		} {
			set = append(set, column.name+" = CASE id"+strings.Repeat(" WHEN ? THEN ?", len(part))+" END")
			for _, h := range part {
				args = append(args, int64(h.ID), column.value(h))
			}
		}
		ids := database.IDsOf(part, func(h houseRow) core.ID { return h.ID })
		n, err := tx.Exec(
			"UPDATE house SET "+strings.Join(set, ", ")+" WHERE id IN ("+database.Placeholders(len(part))+")",
			append(args, database.IDArgs(ids)...)...,
		)
		if database.IsDuplicate(err) {
			return core.Conflict("有房屋与已有的同名，请先改名")
		}
		if err == nil && n != int64(len(part)) {
			err = database.ErrRace
		}
		if err != nil {
			return err
		}
	}
	return regram(tx, rows, was)
}

// regram lets houses be found by the own words of their new names.
func regram(tx *database.Tx, rows []houseRow, was map[core.ID]houseRow) error {
	var found []named
	for _, h := range rows {
		old, now := houseNamed(was[h.ID].house(), was[h.ID].Label), houseNamed(h.house(), h.Label)
		if slices.Equal(old.grams(), now.grams()) {
			continue
		}
		if err := removeGrams(tx, old); err != nil {
			return err
		}
		found = append(found, now)
	}
	return addGrams(tx, found...)
}

func (m *houseMover) saveNodes() error {
	changes := m.nodeChanges()
	for _, change := range changes { // first those that go: another may take the name
		if change.is != nil {
			continue
		}
		before := nodeThing(change.was)
		err := m.tx.Get(&before.Owners, "SELECT owners_review FROM building_node WHERE id = ?", int64(change.was.ID))
		if err != nil {
			return err
		}
		m.note(change.was.ID, before, movedThing{Gone: true, Parent: m.merged[change.was.ID]})
		if err := m.tx.ExecOne(database.ErrRace, "DELETE FROM building_node WHERE id = ?", int64(change.was.ID)); err != nil {
			return err
		}
	}
	for _, change := range changes {
		if change.is == nil {
			continue
		}
		if own := change.was.Parent != change.is.Parent || change.was.Name != change.is.Name; own {
			m.note(change.was.ID, nodeThing(change.was), nodeThing(*change.is))
		}
		if err := writeNode(m.tx, *change.is); err != nil {
			return err
		}
	}
	return nil
}

func nodeThing(n nodeRow) movedThing {
	return movedThing{Stem: "node", Label: n.Name, Parent: n.Parent, Level: n.Level, Name: n.Name, Path: n.Path}
}

func writeNode(tx *database.Tx, n nodeRow) error {
	err := tx.ExecOne(database.ErrRace, "UPDATE building_node SET parent_id = ?, name = ?, path = ? WHERE id = ?",
		int64(n.Parent), n.Name, n.Path, int64(n.ID))
	if database.IsDuplicate(err) {
		return core.Conflict("“" + n.Name + "”已存在")
	}
	return err
}

// saveReaders lets readers that served a node that goes serve the one that it became part of.
func (m *houseMover) saveReaders() error {
	for _, r := range m.readers {
		var scope []core.ID
		for _, id := range database.SplitIDs(r.Scope) {
			for m.merged[id] != 0 {
				id = m.merged[id]
			}
			if !slices.Contains(scope, id) {
				scope = append(scope, id)
			}
		}
		before := movedThing{Stem: "reader", Scope: r.Scope, Updated: millisOf(r.Updated.Time)}
		after := movedThing{Scope: database.JoinIDs(scope), Updated: m.tx.NextUpdated(r.Updated.Time)}
		m.note(r.ID, before, after)
		if err := writeReaderScope(m.tx, r.ID, after); err != nil {
			return err
		}
	}
	return nil
}

func (m *houseMover) subjects() error {
	ids := make([]core.ID, 0, len(m.houses))
	for id := range m.houses {
		ids = append(ids, id)
	}
	return renameApplications(m.tx, ids)
}
