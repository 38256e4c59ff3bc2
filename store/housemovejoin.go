package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// HouseJoin is two houses of the same door number that become one.
type HouseJoin struct {
	From, Into core.House
	Residents  int              // of From, those moved out included
	Twice      []TieTwice       // persons with a tie to both
	Namesakes  []string         // of both, who may be one person
	Restricted [2]bool          // From, Into
	ties       [2][]tieOfHouse  // From, Into
	rows       [2]houseRestrict // From, Into
	waiting    []core.ID
}

// TieTwice is a person with a tie to both houses: Kept is that which stays.
type TieTwice struct{ Kept, Ended core.HouseTie }

type tieOfHouse struct {
	ID        core.ID         `db:"id"`
	House     core.ID         `db:"house_id"`
	Person    core.ID         `db:"person_id"`
	Name      string          `db:"name"`
	Identity  core.Identity   `db:"identity"`
	Certified database.Millis `db:"certified_at"`
	Was       database.Millis `db:"was_certified_at"`
	MovedOut  database.Millis `db:"moved_out_at"`
	Updated   database.Millis `db:"updated_at"`
}

func (t tieOfHouse) tie() core.HouseTie {
	return core.HouseTie{
		ID: t.ID, Person: t.Person, Name: t.Name, Identity: t.Identity, Lives: t.MovedOut.IsZero(),
		Certified: !t.Certified.IsZero() || !t.Was.IsZero(),
	}
}

// houseRestrict is a house's restriction with the batch that set or lifted it last.
type houseRestrict struct {
	held   *restrictionItem // nil = none
	latest core.ID
}

// door returns the house of a node with a door number, however it is written.
func (p *housePlanner) door(node core.ID, name string) *houseRow {
	for _, h := range p.housesOf(node) {
		if core.LevelKey(h.Name) == core.LevelKey(name) {
			return h
		}
	}
	return nil
}

// join makes a house part of another. Arrears typed for both are one debt: the greater stays.
func (p *housePlanner) join(from, into *houseRow) {
	p.plan.Joins = append(p.plan.Joins, HouseJoin{From: p.wasHouse[from.ID].house(), Into: p.wasHouse[into.ID].house()})
	if from.ArrearsFen > into.ArrearsFen {
		into.ArrearsFen, into.Remark = from.ArrearsFen, from.Remark
	}
	delete(p.houses, from.ID)
}

func (p *housePlanner) joinAsked() error {
	from, there := p.houses[p.move.House]
	if !there {
		return core.NotFound(noHouse)
	}
	into, there := p.houses[p.move.Into]
	switch {
	case !there:
		return core.InvalidFields(map[string]string{"house": "没有这套房屋，请照房号写"})
	case into.ID == from.ID:
		return core.InvalidFields(map[string]string{"house": "不能合并到自己"})
	}
	p.plan.From, p.plan.To = from.Label, into.Label
	p.join(from, into)
	return p.dropEmpty(from.Node, from.ID)
}

// dropEmpty lets a node go in which there is nothing without a house, and those above it that are then empty. One that a
// reader serves stays.
func (p *housePlanner) dropEmpty(node, without core.ID) error {
	for n := p.nodes[node]; n != nil && len(p.below(n.ID)) == 0; n = p.nodes[n.Parent] {
		var there []core.ID
		err := p.all(&there, "SELECT id FROM house WHERE community_id = ? AND node_id = ? AND id <> ? LIMIT 1",
			int64(p.community.ID), int64(n.ID), int64(without))
		if err != nil || len(there) > 0 {
			return err
		}
		if served, err := readersServing(p.all, p.community.ID, n.ID); err != nil || len(served) > 0 {
			return err
		}
		delete(p.nodes, n.ID)
	}
	return nil
}

// readJoins reads the people of the houses that become one.
func (p *housePlanner) readJoins() error {
	at := map[core.ID][2]int{}
	var ids []core.ID
	for i, j := range p.plan.Joins {
		at[j.From.ID], at[j.Into.ID] = [2]int{i, 0}, [2]int{i, 1}
		ids = append(ids, j.From.ID, j.Into.ID)
	}
	err := database.EachPart(ids, func(part []core.ID) error {
		in := " IN (" + database.Placeholders(len(part)) + ")"
		var ties []tieOfHouse
		if err := p.all(&ties, `
			SELECT id, house_id, person_id, name, identity, certified_at, was_certified_at, moved_out_at, updated_at
			FROM resident
			WHERE house_id`+in+" ORDER BY id", database.IDArgs(part)...); err != nil {
			return err
		}
		for _, t := range ties {
			join := &p.plan.Joins[at[t.House][0]]
			join.ties[at[t.House][1]] = append(join.ties[at[t.House][1]], t)
		}
		h := restrictedHouses{ids: part}
		if err := h.readBy(p.all); err != nil {
			return err
		}
		for _, id := range part {
			side := &p.plan.Joins[at[id][0]].rows[at[id][1]]
			side.latest = h.latest[id]
			if _, held := h.held[id]; held {
				item := h.item(id)
				side.held, p.plan.Joins[at[id][0]].Restricted[at[id][1]] = &item, true
			}
		}
		return p.noTransfer(part)
	})
	for i := range p.plan.Joins {
		p.plan.Joins[i].compare()
	}
	return err
}

// noTransfer refuses to join houses of which a transfer is planned: who moves out was chosen for the people of one alone.
func (p *housePlanner) noTransfer(houses []core.ID) error {
	var planned []core.ID
	err := p.all(&planned, "SELECT open_house FROM house_transfer WHERE open_house IN ("+
		database.Placeholders(len(houses))+") ORDER BY open_house LIMIT 1", database.IDArgs(houses)...)
	if err == nil && len(planned) > 0 {
		err = core.Conflict(p.wasHouse[planned[0]].Label + " 已安排过户，请先取消")
	}
	return err
}

// compare finds the persons of both houses, and namesakes.
func (j *HouseJoin) compare() {
	j.Residents = len(j.ties[0])
	ended := map[core.ID]bool{}
	for _, from := range j.ties[0] {
		for _, into := range j.ties[1] {
			a, b := from.tie(), into.tie()
			// Who moved out may have had the number of somebody else who has it now.
			one := a.Person == b.Person && (a.Lives && b.Lives || core.FoldName(a.Name) == core.FoldName(b.Name))
			switch {
			case ended[a.ID] || ended[b.ID]:
			case one && a.Outranks(b):
				j.Twice, ended[b.ID] = append(j.Twice, TieTwice{Kept: a, Ended: b}), true
			case one:
				j.Twice, ended[a.ID] = append(j.Twice, TieTwice{Kept: b, Ended: a}), true
			case a.Lives && b.Lives && core.FoldName(a.Name) == core.FoldName(b.Name):
				j.Namesakes = append(j.Namesakes, a.Name)
			}
		}
	}
}
