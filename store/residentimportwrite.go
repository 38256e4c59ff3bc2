package store

import (
	"errors"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// residentImportPart is one part on its way into the register.
type residentImportPart struct {
	*residentImporter
	tx     *database.Tx
	of     importWriting
	rows   []core.ImportRow
	places []core.HouseRef    // of rows
	ready  preparedPart       // likewise
	locked map[core.ID]string // labels of the houses that are locked, new ones among them
	fresh  map[core.ID]bool   // those that are to be added, of which some may be left out
	new    []core.HouseRef    // likewise, in the order of the rows
	adds   []int              // rows of people to be added, or brought back
	people residentBuilder    // of adds
	done   importWritten
	owners bool // a certified owner was changed
	things []batchThing
}

func (i *residentImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	ready, _ := w.ready.(preparedPart) // its own
	p := residentImportPart{
		residentImporter: i, tx: tx, of: w, rows: rows, places: make([]core.HouseRef, len(rows)), ready: ready,
		locked: map[core.ID]string{}, fresh: map[core.ID]bool{}, done: importWritten{counts: core.ImportCounts{}},
	}
	err := inTurn(p.lock, p.planHouses, p.writeRows, p.choosePeople, p.addHouses, p.addPeople, p.keep)
	return p.done, err
}

// preparedPart is what can be done of a part before it is written.
type preparedPart struct {
	rows    []preparedRow
	persons madePersons // of the numbers of those who are new, unless some of them are known
}

// preparedRow is the resident of a row that may be written.
type preparedRow struct {
	resident core.Resident
	readyResident
}

// prepare computes what the rows of a part need before they are written.
func (i *residentImporter) prepare(rows []core.ImportRow) (any, error) {
	ready := make([]preparedRow, len(rows))
	for n, row := range rows {
		if row.Verdict == core.ImportWrong || row.Verdict == core.ImportSame || row.Verdict == core.ImportPlace {
			continue
		}
		ready[n].resident, _ = core.ImportedResident(i.community, row)
		var err error
		if ready[n].readyResident, err = readyResidentOf(i.store.db.Keys(), ready[n].resident); err != nil {
			return nil, err
		}
	}
	return preparedPart{rows: ready}, nil
}

// forerun creates the persons of those who are new: one whom nothing refers to is as good as none.
func (i *residentImporter) forerun(tx *database.Tx, rows []core.ImportRow, ready any) (any, error) {
	part, _ := ready.(preparedPart) // its own
	var macs []string
	for n, row := range rows {
		if own := part.rows[n].own; own != "" && row.Verdict == core.ImportNew {
			macs = append(macs, own)
		}
	}
	var err error
	part.persons, err = makeStrangers(tx, macs)
	return part, err
}

// wrote learns the ids of the houses that were added.
func (i *residentImporter) wrote(done importWritten) {
	for _, ref := range done.learnt {
		i.houses.Put(ref.ID, ref.Names)
	}
}

// wanted reports whether a row is to be written at all.
func (p *residentImportPart) wanted(row core.ImportRow) bool {
	switch row.Verdict {
	case core.ImportNew:
		return true
	case core.ImportBack:
		return p.of.imp.Choices.Back
	case core.ImportTie:
		return p.of.imp.Choices.Ties
	case core.ImportChanged:
		return p.of.imp.Choices.Known != core.ImportSkip
	}
	return false
}

// lock locks the community, and so its tree, and finds the houses of the rows.
func (p *residentImportPart) lock() error {
	c, err := lockCommunity(p.tx, core.Everywhere, p.community.ID)
	if err != nil {
		return err
	}
	if !slices.Equal(c.Levels, p.community.Levels) {
		return core.Invalid("小区的楼栋结构已修改，请取消后重新上传")
	}
	var ids []core.ID
	for n, row := range p.rows {
		if row.Verdict == core.ImportWrong || row.Match == core.ByRow {
			continue
		}
		ref, err := p.place(row)
		if err != nil { // another has come about that is called so
			p.changed(n, core.MessageOf(err))
			continue
		}
		p.places[n] = ref
		if id := p.places[n].ID; id != 0 {
			ids = append(ids, id)
		}
	}
	there, err := lockHousesByID(p.tx, p.community.ID, slices.Compact(slices.Sorted(slices.Values(ids))))
	for id, house := range there {
		p.locked[id] = house.Label
	}
	for n := range p.rows {
		if house, ok := there[p.places[n].ID]; p.places[n].ID != 0 && (!ok || house.Label != p.places[n].Label) {
			p.changed(n, "房屋已改名、合并或删除")
		}
	}
	return err
}

// changed marks a row that is not what it was when it was judged, and says what is otherwise.
func (p *residentImportPart) changed(n int, why string) {
	failChanged(&p.rows[n], why)
	p.done.failed = true
	p.done.counts[string(core.ImportWrong)]++
}

// needsHouse reports whether a row's house is added if it is not there.
func (p *residentImportPart) needsHouse(row core.ImportRow) bool {
	return row.Verdict != core.ImportWrong && (row.Place || row.Verdict == core.ImportPlace || p.wanted(row))
}

// planHouses assigns ids to the houses that the rows need. Another act may have added some of them since they were judged.
func (p *residentImportPart) planHouses() error {
	missing := map[string]core.HouseRef{}
	var labels []string
	for n, row := range p.rows {
		ref := p.places[n]
		if ref.Names == nil || ref.ID != 0 || !p.needsHouse(row) {
			continue
		}
		if _, known := missing[ref.Label]; !known {
			labels = append(labels, ref.Label)
			missing[ref.Label] = ref
		}
	}
	if len(labels) == 0 {
		return nil
	}
	there, err := p.housesThere(labels)
	if err != nil {
		return err
	}
	for _, label := range labels {
		ref := missing[label]
		if ref.ID = there[label]; ref.ID != 0 {
			p.done.learnt = append(p.done.learnt, ref)
			continue
		}
		ref.ID = p.tx.NewID()
		there[label], p.locked[ref.ID], p.fresh[ref.ID] = ref.ID, label, true
		p.new = append(p.new, ref)
	}
	for n := range p.places {
		if p.places[n].ID == 0 {
			p.places[n].ID = there[p.places[n].Label]
		}
	}
	return nil
}

// addHouses adds the houses that rows still need, now that some may have turned out to be wrong.
func (p *residentImportPart) addHouses() error {
	p.placeRows()
	adds := map[core.ID]bool{}
	for n, row := range p.rows {
		if id := p.places[n].ID; p.fresh[id] && p.needsHouse(row) {
			adds[id] = true
		}
	}
	if len(adds) == 0 {
		return nil
	}
	p.new = slices.DeleteFunc(p.new, func(ref core.HouseRef) bool { return !adds[ref.ID] })
	houses := make([][]string, len(p.new))
	for i, ref := range p.new {
		houses[i] = ref.Names
	}
	b := houseBuilder{tx: p.tx, community: p.community}
	if err := b.findNodes(houses); err != nil {
		return err
	}
	for _, ref := range p.new {
		b.addHouseAs(ref.ID, ref.Names, ref.Label)
	}
	p.done.learnt = append(p.done.learnt, p.new...)
	batch, err := p.saveHouses(&b)
	if errors.Is(err, database.ErrRace) {
		p.lookUp = true
	}
	if err != nil {
		return err
	}
	p.done.houses, p.done.counts[core.ImportPlaces] = batch.ID, len(b.ids)
	return audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.community.ID, Action: "house.import", Subject: audit.Target("community", p.community.ID),
		After: b.audit(batch),
	})
}

// placeRows makes the first row that needs a new house the one that adds it: the one that was judged to may be wrong by now, or
// the house may be there.
func (p *residentImportPart) placeRows() {
	placed := map[core.ID]bool{}
	for n := range p.rows {
		row, id := &p.rows[n], p.places[n].ID
		place := p.fresh[id] && !placed[id] && p.needsHouse(*row)
		if placed[id] = placed[id] || place; row.Place == place || row.Verdict == core.ImportWrong {
			continue
		}
		if row.Place = place; row.Verdict == core.ImportPlace && !p.fresh[id] {
			row.Verdict = core.ImportSame
		}
		p.done.altered = true
	}
}

// saveHouses saves the houses. What the batch keeps of them follows, if the residents' part does.
func (p *residentImportPart) saveHouses(b *houseBuilder) (core.Batch, error) {
	batch := core.Batch{ID: p.of.imp.Houses, Community: p.community.ID, Kind: core.BatchImportHouses}
	if !p.of.follows {
		return b.saveAs(p.of.by, batch)
	}
	if err := b.save(); err != nil {
		return batch, err
	}
	for i, id := range b.ids {
		p.done.addedHouses = append(p.done.addedHouses, addedHouse{id, b.labels[i]})
	}
	if batch.ID != 0 {
		return batch, nil
	}
	return writeBatch(p.tx, p.of.by, batch, nil)
}

// housesThere returns those of some labels that are houses by now, although they were not when the writing began. Part by part, no
// label is looked up until one turns out to be taken; then the act is run again. Of several parts in one transaction, the one
// before may have added some.
func (p *residentImportPart) housesThere(labels []string) (map[string]core.ID, error) {
	if p.of.follows && !p.lookUp {
		return map[string]core.ID{}, nil
	}
	return houseIDsByLabel(p.tx, p.community.ID, labels)
}

// houseIDsByLabel returns the houses of a community with any of some labels.
func houseIDsByLabel(tx *database.Tx, community core.ID, labels []string) (map[string]core.ID, error) {
	found := map[string]core.ID{}
	err := database.EachPart(labels, func(part []string) error {
		args := []any{int64(community)}
		for _, label := range part {
			args = append(args, label)
		}
		var rows []houseRow
		err := tx.All(&rows, "SELECT id, label FROM house WHERE community_id = ? AND label IN ("+
			database.Placeholders(len(part))+")", args...)
		for _, row := range rows {
			found[row.Label] = row.ID
		}
		return err
	})
	return found, err
}

// writeRows judges the rows again, by the register as it is now, and writes those that do what they did then.
func (p *residentImportPart) writeRows() error {
	var houses []core.ID
	for n, row := range p.rows {
		if id := p.places[n].ID; id != 0 && p.wanted(row) && !p.fresh[id] {
			houses = append(houses, id)
		}
	}
	known, err := p.ties(p.tx.All, houses)
	if err != nil {
		return err
	}
	for n := range p.rows {
		row := &p.rows[n]
		if !p.wanted(*row) {
			if row.Verdict != core.ImportWrong {
				p.done.counts[string(core.ImportSame)]++
			}
			continue
		}
		now := *row
		now.Was = nil
		p.judgeRow(&now, p.places[n], known[p.places[n].ID])
		switch {
		case now.Verdict == core.ImportNew && (row.Verdict == core.ImportNew || row.Verdict == core.ImportTie),
			now.Verdict == core.ImportBack && row.Verdict == core.ImportBack && now.Target == row.Target:
			p.adds = append(p.adds, n)
		case now.Verdict == core.ImportChanged && now.Target == row.Target:
			if err := p.change(n, now); err != nil {
				return err
			}
		case now.Verdict == core.ImportSame:
			p.done.counts[string(core.ImportSame)]++
		default:
			p.changed(n, changedSince(now))
		}
	}
	return nil
}

// choosePeople finds the people of rows who can be added. A row that cannot is an error and leaves the others alone.
func (p *residentImportPart) choosePeople() error {
	p.leaveTwice()
	p.people = residentBuilder{
		tx: p.tx, community: p.community.ID, labels: p.locked, empty: p.fresh, lists: true,
		strangers: true, made: p.ready.persons,
	}
	b := &p.people
	for _, n := range p.adds {
		r := p.ready.rows[n].resident
		r.House = p.places[n].ID
		b.people, b.ready = append(b.people, r), append(b.ready, p.ready.rows[n].readyResident)
		b.strangers = b.strangers && p.rows[n].Verdict == core.ImportNew
	}
	if err := b.begin(); err != nil {
		return err
	}
	if b.strangers {
		tied, err := p.ready.persons.tied(p.tx)
		if err != nil {
			return err
		}
		b.strangers = !tied
	}
	if b.strangers && !p.idNumbers {
		return nil
	}
	return p.leaveHeld(b) // somebody is known by number, or may be
}

// addPeople adds the people of rows.
func (p *residentImportPart) addPeople() error {
	if len(p.adds) == 0 {
		return nil
	}
	b := &p.people
	if err := b.add(); err != nil {
		return err
	}
	for _, n := range p.adds {
		p.done.counts[string(p.rows[n].Verdict)]++
	}
	p.done.added = b.added
	for i, thing := range b.things() {
		if !p.of.follows || !b.plain(i) {
			p.things = append(p.things, thing)
		}
	}
	return nil
}

// leaveTwice leaves out who is added by an earlier row. The rows were compared when they were read: it is for what that missed,
// which would otherwise keep everybody out.
func (p *residentImportPart) leaveTwice() {
	houses := map[core.ID][]preparedRow{}
	p.adds = slices.DeleteFunc(p.adds, func(n int) bool {
		is, house := p.ready.rows[n], p.places[n].ID
		twice := slices.ContainsFunc(houses[house], func(other preparedRow) bool {
			return is.own == other.own && (is.own != "" ||
				core.SamePerson(is.resident.Name, is.sealed.idnoMAC, other.resident.Name, other.sealed.idnoMAC))
		})
		if houses[house] = append(houses[house], is); twice {
			p.changed(n, "前面的行已添加这位住户")
		}
		return twice
	})
}

// leaveHeld leaves out whose number somebody of another name has by now, and whom nobody wants to have a further house.
func (p *residentImportPart) leaveHeld(b *residentBuilder) error {
	now := make([]core.ImportRow, len(p.adds))
	for i, n := range p.adds {
		now[i] = p.rows[n]
		if now[i].Verdict == core.ImportTie {
			now[i].Verdict = core.ImportNew
		}
	}
	if err := p.judgeElsewhere(p.tx.All, now); err != nil {
		return err
	}
	adds, people, ready := p.adds, b.people, b.ready
	p.adds, b.people, b.ready = nil, nil, nil
	for i, n := range adds {
		switch {
		case len(now[i].Wrong) > 0:
			p.changed(n, changedSince(now[i]))
		case !p.wanted(now[i]):
			p.done.counts[string(core.ImportSame)]++
		default:
			p.adds, b.people, b.ready = append(p.adds, n), append(b.people, people[i]), append(b.ready, ready[i])
		}
	}
	return nil
}

// changedSince describes what is otherwise with a row that is judged again.
func changedSince(now core.ImportRow) string {
	switch {
	case len(now.Wrong) > 0:
		return now.Wrong[0].Words
	case now.Verdict == core.ImportNew:
		return "登记里已没有这位住户"
	case now.Verdict == core.ImportBack:
		return "这位住户已迁出"
	}
	return "这套房屋里现在登记了这位住户" // new when it was judged, or about another record
}

// change writes what a row, as it is now, changes of a resident who is registered.
func (p *residentImportPart) change(n int, now core.ImportRow) error {
	again := []core.ImportRow{now}
	if err := p.judgeElsewhere(p.tx.All, again); err != nil {
		return err
	}
	if len(again[0].Wrong) > 0 {
		p.changed(n, changedSince(again[0]))
		return nil
	}
	r := p.ready.rows[n].resident
	old, err := readResident(p.tx, p.rows[n].Target)
	if err != nil {
		return err
	}
	pass, err := hasPass(p.tx, old.ID)
	if err != nil {
		return err
	}
	is := core.MergeImported(old, r, p.of.imp.Choices.Known)
	if is == old {
		p.done.counts[string(core.ImportSame)]++
		return nil
	}
	if is, err = is.Normalized(); err != nil {
		p.changed(n, "与现在登记的内容合不到一起")
		return nil
	}
	if is.OwnPhone() != old.OwnPhone() {
		if is, err = changePerson(p.tx, is); err != nil {
			return err
		}
	}
	updated, err := saveResident(p.tx, is)
	if database.IsDuplicate(err) {
		p.changed(n, "手机号是这套房屋里另一位住户的")
		return nil
	}
	if err != nil {
		return err
	}
	if err := renameUsers(p.tx, old, is); err != nil {
		return err
	}
	if err := renameGrams(p.tx, residentNamed(old), residentNamed(is)); err != nil {
		return err
	}
	if err := movePass(p.tx, is); err != nil {
		return err
	}
	p.done.counts[string(core.ImportChanged)]++
	p.owners = p.owners || old.Identity == core.Owner && !old.Certified.IsZero()
	p.things = append(p.things, batchThing{
		ID:     is.ID,
		Before: residentItem{Whole: &old, Pass: pass, Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
		After: residentItem{
			Certified: millisOf(is.Certified), Updated: updated.UnixMilli(), Changed: core.ResidentChanges(old, is),
		},
	})
	return nil
}

// keep notes what the part has changed of residents, so that it can be taken back.
func (p *residentImportPart) keep() error {
	count := len(p.things)
	if p.of.follows {
		count += len(p.done.added)
	}
	if count == 0 {
		return nil
	}
	if p.owners { // who may decide no more applications
		if err := leftToOffice(p.tx, p.community.ID, "1 = 1"); err != nil {
			return err
		}
	}
	batch := core.Batch{ID: p.of.imp.Batch, Community: p.community.ID, Kind: core.BatchImportResidents}
	if batch.ID == 0 || len(p.things) > 0 {
		var err error
		if batch, err = writeBatch(p.tx, p.of.by, batch, p.things); err != nil {
			return err
		}
	}
	p.done.batch = batch.ID
	return audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.community.ID, Action: "resident.import", Subject: audit.Target("community", p.community.ID),
		After: residentsAudit{count, batch.ID},
	})
}
