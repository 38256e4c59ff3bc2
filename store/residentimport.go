package store

import (
	"context"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// residentImporter judges and writes the rows of residents and houses of one community.
type residentImporter struct {
	store     *Store
	community core.Community
	houses    *core.HouseIndex
	added     map[string]bool // labels of houses that rows judged so far add
	targets   map[core.ID]int // the rows that rows judged so far are about
}

func beginResidentImport(ctx context.Context, s *Store, c core.Community) (importer, error) {
	i := &residentImporter{store: s, community: c, houses: core.NewHouseIndex(), added: map[string]bool{}, targets: map[core.ID]int{}}
	var nodes []nodeRow
	if err := s.db.All(ctx, &nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(c.ID)); err != nil {
		return nil, database.Wrap("read building nodes", err)
	}
	byID := make(map[core.ID]nodeRow, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
	}
	var houses []struct {
		ID   core.ID `db:"id"`
		Node core.ID `db:"node_id"`
		Name string  `db:"name"`
	}
	if err := s.db.All(ctx, &houses, "SELECT id, node_id, name FROM house WHERE community_id = ?", int64(c.ID)); err != nil {
		return nil, database.Wrap("read houses", err)
	}
	for _, h := range houses {
		names := make([]string, len(c.Levels))
		names[len(names)-1] = h.Name
		node := byID[h.Node]
		for level := len(names) - 2; level >= 0; level-- {
			names[level], node = node.Name, byID[node.Parent]
		}
		i.houses.Put(h.ID, names)
	}
	return i, nil
}

// place returns the house of a row.
func (i *residentImporter) place(row core.ImportRow) (core.HouseRef, error) {
	names, err := i.community.NodeNames(core.ImportedHouse(i.community, row))
	if err != nil {
		return core.HouseRef{}, err
	}
	ref, known := i.houses.Find(names)
	if !known {
		i.houses.Put(0, ref.Names) // the next row that spells it otherwise means the same
	}
	return ref, nil
}

func (i *residentImporter) judge(all func(dest any, query string, args ...any) error, rows []core.ImportRow) error {
	places := make([]core.HouseRef, len(rows))
	var houses []core.ID
	for n := range rows {
		row := &rows[n]
		if len(row.Wrong) > 0 {
			continue
		}
		ref, err := i.place(*row)
		if err != nil {
			row.Fail("", "房屋有误", core.MessageOf(err))
			continue
		}
		if len([]rune(ref.Label)) > maxLabel {
			row.Fail("", "房屋有误", "房屋名称过长")
			continue
		}
		if row.Label = ref.Label; ref.ID == 0 && !i.added[ref.Label] {
			i.added[ref.Label], row.Place = true, true
		}
		if ref.ID != 0 {
			houses = append(houses, ref.ID)
		}
		places[n] = ref
	}
	known, err := i.ties(all, houses)
	if err != nil {
		return err
	}
	elsewhere, err := i.elsewhere(all, rows)
	if err != nil {
		return err
	}
	for n := range rows {
		if row := &rows[n]; row.Verdict == "" && len(row.Wrong) == 0 {
			i.judgeRow(row, places[n], known[places[n].ID])
			if row.Verdict == core.ImportNew && elsewhere[n] {
				row.Verdict = core.ImportTie
			}
			i.aim(row)
		}
	}
	return nil
}

// aim refuses a row about a record that an earlier one is about.
func (i *residentImporter) aim(row *core.ImportRow) {
	if row.Target == 0 {
		return
	}
	if first, taken := i.targets[row.Target]; taken {
		row.Fail("", "与另一行是同一住户", fmt.Sprintf("与第 %d 行对应同一位已登记的住户；如是同名的两人，请填写证件号", first))
		return
	}
	i.targets[row.Target] = row.Number
}

// judgeRow judges one row by the records of its house.
func (i *residentImporter) judgeRow(row *core.ImportRow, place core.HouseRef, known []importTie) {
	r, ok := core.ImportedResident(i.community, *row)
	if !ok {
		row.Verdict = core.ImportSame
		if place.ID == 0 {
			row.Verdict = core.ImportPlace
		}
		return
	}
	at, by, err := i.find(r, known)
	switch {
	case err != nil:
		row.Fail("", "与登记冲突", core.MessageOf(err))
		return
	case at < 0:
		row.Verdict = core.ImportNew
		return
	}
	found := known[at].row
	row.Match, row.Target = by, found.ID
	if !found.MovedOut.IsZero() {
		row.Verdict = core.ImportBack
		return
	}
	whole := found.whole(i.store.db.Reveal)
	if merged := core.MergeImported(whole, r, core.ImportUpdate); merged == whole {
		row.Verdict = core.ImportSame
		return
	}
	row.Verdict, row.Was = core.ImportChanged, core.ImportedResidentValues(*row, whole)
}

// importTie is a record of a house, as a row is compared with it.
type importTie struct {
	row   residentRow
	known core.KnownTie
}

func (i *residentImporter) find(r core.Resident, ties []importTie) (int, core.ImportMatch, error) {
	if len(ties) == 0 { // most rows of a first list
		return -1, "", nil
	}
	keys := i.store.db.Keys()
	known := make([]core.KnownTie, len(ties))
	for n, t := range ties {
		known[n] = t.known
	}
	return core.MatchImport(core.KnownTie{
		Name: r.Name, Phone: keys.Digest("phone", core.PhoneBase(r.Phone)), IDNumber: keys.Digest("idno", r.IDNumber),
		Own: r.OwnPhone() != "",
	}, known)
}

// ties returns the records of houses.
func (i *residentImporter) ties(all func(dest any, query string, args ...any) error, houses []core.ID) (
	map[core.ID][]importTie, error,
) {
	ties := map[core.ID][]importTie{}
	houses = slices.Compact(slices.Sorted(slices.Values(houses)))
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []struct {
			residentRow
			PhoneMAC string `db:"phone_mac"`
			IDNoMAC  string `db:"idno_mac"`
			Apart    bool   `db:"apart"`
		}
		err := all(&rows, `
			SELECT t.id, t.community_id, t.house_id, t.person_id, t.name, t.sex, t.identity, t.lease_day,
				t.phone_cipher, t.phone_shared, t.idno_cipher, t.photo, t.certified_at, t.certified_how, t.certified_by,
				t.certified_note, t.moved_out_at, t.updated_at, t.phone_mac, t.idno_mac,
				CASE WHEN p.phone_mac IS NULL THEN 1 ELSE 0 END AS apart
			FROM resident t
			JOIN person p ON p.id = t.person_id
			WHERE t.house_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY CASE WHEN t.moved_out_at IS NULL THEN 0 ELSE 1 END, t.id`, database.IDArgs(part)...)
		for _, row := range rows {
			ties[row.House] = append(ties[row.House], importTie{row.residentRow, core.KnownTie{
				ID: row.ID, Name: row.Name, Phone: row.PhoneMAC, IDNumber: row.IDNoMAC, Own: !row.Apart,
				Certified: !row.Certified.IsZero(), MovedOut: !row.MovedOut.IsZero(),
			}})
		}
		return err
	})
	return ties, err
}

// elsewhere reports which rows are about somebody who lives in another house of the community, by the number.
func (i *residentImporter) elsewhere(all func(dest any, query string, args ...any) error, rows []core.ImportRow) (
	map[int]bool, error,
) {
	byMAC := map[string][]int{}
	for n, row := range rows {
		if len(row.Wrong) > 0 || row.Verdict != "" {
			continue
		}
		if r, ok := core.ImportedResident(i.community, row); ok && r.OwnPhone() != "" {
			mac := i.store.db.Keys().Digest("phone", r.Phone)
			byMAC[mac] = append(byMAC[mac], n)
		}
	}
	macs := make([]string, 0, len(byMAC))
	for mac := range byMAC {
		macs = append(macs, mac)
	}
	slices.Sort(macs)
	found := map[int]bool{}
	err := database.EachPart(macs, func(part []string) error {
		args := make([]any, len(part), len(part)+1)
		for n, mac := range part {
			args[n] = mac
		}
		var macs []string
		// Without the hint SQLite walks all residents of the community.
		err := all(&macs, "SELECT phone_mac FROM resident"+i.store.db.Dialect().UseIndex("resident_phone")+
			" WHERE phone_mac IN ("+database.Placeholders(len(part))+
			") AND community_id = ? AND moved_out_at IS NULL AND phone_shared = 0", append(args, int64(i.community.ID))...)
		for _, mac := range macs {
			for _, n := range byMAC[mac] {
				found[n] = true
			}
		}
		return err
	})
	return found, err
}

// residentImportPart is one part on its way into the register.
type residentImportPart struct {
	*residentImporter
	tx     *database.Tx
	of     importWriting
	rows   []core.ImportRow
	places []core.HouseRef    // of rows
	locked map[core.ID]string // labels of the houses that are locked, new ones among them
	fresh  map[core.ID]bool   // those that were added
	done   importWritten
	things []batchThing
}

func (i *residentImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	p := residentImportPart{
		residentImporter: i, tx: tx, of: w, rows: rows, places: make([]core.HouseRef, len(rows)),
		locked: map[core.ID]string{}, fresh: map[core.ID]bool{}, done: importWritten{counts: core.ImportCounts{}},
	}
	for _, step := range []func() error{p.lock, p.addHouses, p.writeRows, p.keep} {
		if err := step(); err != nil {
			return p.done, err
		}
	}
	return p.done, nil
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
	case core.ImportNew, core.ImportBack:
		return true
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
		if p.places[n], err = p.place(row); err != nil {
			return err
		}
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
			p.changed(n)
		}
	}
	return err
}

// changed marks a row that is not what it was when it was judged.
func (p *residentImportPart) changed(n int) {
	p.rows[n].Fail("", "预览后有变化", "预览之后登记有变化，这一行没有导入；请重新上传")
	p.done.failed = true
	p.done.counts[string(core.ImportWrong)]++
}

// addHouses adds the houses that the rows need. Another act may have added some of them since they were judged.
func (p *residentImportPart) addHouses() error {
	missing := map[string]core.HouseRef{}
	var labels []string
	for n, row := range p.rows {
		ref := p.places[n]
		adds := row.Place || row.Verdict == core.ImportPlace || p.wanted(row)
		if ref.Names == nil || ref.ID != 0 || row.Verdict == core.ImportWrong || !adds {
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
	there, err := houseIDsByLabel(p.tx, p.community.ID, labels)
	if err != nil {
		return err
	}
	b := houseBuilder{tx: p.tx, community: p.community}
	if err := b.readNodes(); err != nil {
		return err
	}
	for _, label := range labels {
		if there[label] == 0 {
			b.addHouse(missing[label].Names, label)
			id := b.ids[len(b.ids)-1]
			there[label], p.locked[id], p.fresh[id] = id, label, true
		}
	}
	for _, label := range labels {
		ref := missing[label]
		ref.ID = there[label]
		p.done.learnt = append(p.done.learnt, ref)
	}
	for n := range p.places {
		if p.places[n].ID == 0 {
			p.places[n].ID = there[p.places[n].Label]
		}
	}
	if len(b.ids) == 0 {
		return nil
	}
	batch, err := b.saveAs(p.of.by, core.Batch{
		ID: p.of.imp.Houses, Community: p.community.ID, Kind: core.BatchImportHouses,
	})
	if err != nil {
		return err
	}
	p.done.houses, p.done.counts[core.ImportPlaces] = batch.ID, len(b.ids)
	return audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.community.ID, Action: "house.import", Subject: audit.Target("community", p.community.ID),
		After: b.audit(batch),
	})
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
		if id := p.places[n].ID; p.wanted(row) && !p.fresh[id] {
			houses = append(houses, id)
		}
	}
	known, err := p.ties(p.tx.All, houses)
	if err != nil {
		return err
	}
	added := residentBuilder{tx: p.tx, community: p.community.ID, labels: p.locked, empty: p.fresh}
	for n := range p.rows {
		row := &p.rows[n]
		if !p.wanted(*row) {
			if row.Verdict != core.ImportWrong {
				p.done.counts[string(core.ImportSame)]++
			}
			continue
		}
		r, _ := core.ImportedResident(p.community, *row)
		r.House = p.places[n].ID
		now := *row
		now.Was = nil
		p.judgeRow(&now, p.places[n], known[r.House])
		switch {
		case now.Verdict == core.ImportNew && (row.Verdict == core.ImportNew || row.Verdict == core.ImportTie),
			now.Verdict == core.ImportBack && row.Verdict == core.ImportBack && now.Target == row.Target:
			added.people = append(added.people, r)
			p.done.counts[string(row.Verdict)]++
		case now.Verdict == core.ImportChanged && now.Target == row.Target:
			if err := p.change(n, r); err != nil {
				return err
			}
		case now.Verdict == core.ImportSame:
			p.done.counts[string(core.ImportSame)]++
		default:
			p.changed(n)
		}
	}
	if len(added.people) == 0 {
		return nil
	}
	if err := added.run(); err != nil {
		return err
	}
	p.things = append(p.things, added.things()...)
	return nil
}

// change writes what a row changes of a resident who is registered.
func (p *residentImportPart) change(n int, r core.Resident) error {
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
		p.changed(n)
		return nil
	}
	if is.OwnPhone() != old.OwnPhone() {
		if is, err = changePerson(p.tx, is); err != nil {
			return err
		}
	}
	updated, err := saveResident(p.tx, is)
	if database.IsDuplicate(err) { // the number's person has moved out of the house: the row is to bring them back
		p.changed(n)
		return nil
	}
	if err != nil {
		return err
	}
	if err := renameGrams(p.tx, residentNamed(old), residentNamed(is)); err != nil {
		return err
	}
	if err := movePass(p.tx, is); err != nil {
		return err
	}
	p.done.counts[string(core.ImportChanged)]++
	p.things = append(p.things, batchThing{
		ID:     is.ID,
		Before: residentItem{Whole: &old, Pass: pass, Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
		After:  residentItem{Certified: millisOf(is.Certified), Updated: updated.UnixMilli()},
	})
	return nil
}

// keep notes what the part has changed of residents, so that it can be taken back.
func (p *residentImportPart) keep() error {
	if len(p.things) == 0 {
		return nil
	}
	batch, err := writeBatch(p.tx, p.of.by, core.Batch{
		ID: p.of.imp.Batch, Community: p.community.ID, Kind: core.BatchImportResidents,
	}, p.things)
	if err != nil {
		return err
	}
	p.done.batch = batch.ID
	return audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.community.ID, Action: "resident.import", Subject: audit.Target("community", p.community.ID),
		After: residentsAudit{len(p.things), batch.ID},
	})
}

// undoImportedResidents deletes residents who were added, moves those out again who came back, and restores those who were
// changed, unless they were changed, were certified or passed a door since.
func undoImportedResidents(u *undoing) error {
	if err := refuseWhileWriting(u); err != nil {
		return err
	}
	var changed, others []batchItemRow
	for _, item := range u.items {
		var before residentItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if before.Whole != nil && before.MovedOut == 0 {
			changed = append(changed, item)
		} else {
			others = append(others, item)
		}
	}
	all := u.items
	defer func() { u.items = all }()
	if u.items = others; len(others) > 0 {
		if err := undoResidents(u); err != nil {
			return err
		}
	}
	u.items = changed
	return u.eachResident(func(r core.Resident, item batchItemRow) error {
		var before, after residentItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		if !after.is(r) {
			u.keep(r.ID, core.BatchChanged)
			return nil
		}
		return restoreImported(u, r, before)
	})
}

// restoreImported returns a resident to what they were before an import.
func restoreImported(u *undoing, r core.Resident, before residentItem) error {
	was := *before.Whole
	was.Updated = r.Updated
	if _, err := saveResident(u.tx, was); database.IsDuplicate(err) {
		u.keep(r.ID, core.BatchTaken)
		return nil
	} else if err != nil {
		return err
	}
	if err := renameGrams(u.tx, residentNamed(r), residentNamed(was)); err != nil {
		return err
	}
	if !before.Pass {
		if err := deletePass(u.tx, r.ID); err != nil {
			return err
		}
	}
	return movePass(u.tx, was)
}

// undoImportedHouses is undoHouses for those that an import has added.
func undoImportedHouses(u *undoing) error {
	if err := refuseWhileWriting(u); err != nil {
		return err
	}
	return undoHouses(u)
}

// refuseWhileWriting refuses to take a batch back that an import is still writing.
func refuseWhileWriting(u *undoing) error {
	var writing []core.ID
	err := u.tx.All(&writing, `
		SELECT id FROM import WHERE community_id = ? AND state = 'writing' AND (batch_id = ? OR house_batch_id = ?)`,
		int64(u.batch.Community), int64(u.batch.ID), int64(u.batch.ID))
	if err == nil && len(writing) > 0 {
		err = core.Conflict("导入还在进行，请到导入的页面取消")
	}
	return err
}
