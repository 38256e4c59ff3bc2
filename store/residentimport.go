package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// residentImporter judges and writes the rows of residents and houses of one community.
type residentImporter struct {
	store     *Store
	community core.Community
	others    []string // names of the other communities
	houses    *core.HouseIndex
	added     map[string]int             // labels of houses that rows judged so far add, with how many rows may add them
	targets   map[core.ID]int            // the first row about each record
	earlier   map[int][]core.ImportFault // what is wrong with rows by later ones, by their numbers
	lookUp    bool                       // others add houses while rows are written
	// idNumbers is whether somebody had an ID number when the importer began. Rows of a first list are compared with one another as
	// they are read, and looking each number up costs as much as a sixth of the import. One that the office registers by hand, under
	// another name, in the seconds in which a first list is written is not found: by then most who have one are of the list.
	idNumbers bool
}

func beginResidentImport(ctx context.Context, s *Store, at importAt) (importer, error) {
	c := at.community
	i := &residentImporter{
		store: s, community: c, added: map[string]int{}, targets: map[core.ID]int{},
		earlier: map[int][]core.ImportFault{},
	}
	var err error
	if i.houses, err = s.houseIndex(ctx, c); err != nil {
		return nil, err
	}
	if err = s.db.All(ctx, &i.others, "SELECT name FROM community WHERE id <> ? ORDER BY id", int64(c.ID)); err != nil {
		return nil, database.Wrap("read communities", err)
	}
	var found []int
	err = s.db.All(
		ctx, &found, "SELECT 1 FROM resident WHERE community_id = ? AND idno_mac <> '' AND moved_out_at IS NULL LIMIT 1", int64(c.ID),
	)
	i.idNumbers = len(found) > 0
	return i, database.Wrap("look for ID numbers", err)
}

// houseIndex reads the houses of a community, to be found however they are written.
func (s *Store) houseIndex(ctx context.Context, c core.Community) (*core.HouseIndex, error) {
	index := core.NewHouseIndex(c)
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
		index.Put(h.ID, names)
	}
	return index, nil
}

// place returns the house of a row.
func (i *residentImporter) place(row core.ImportRow) (core.HouseRef, error) {
	names, err := i.community.NodeNames(core.ImportedHouse(i.community, row))
	if err != nil {
		return core.HouseRef{}, err
	}
	ref, known, err := i.houses.Find(names)
	if !known {
		i.houses.Put(0, ref.Names) // the next row that spells it otherwise means the same
	}
	return ref, err
}

func (i *residentImporter) index() *core.HouseIndex { return i.houses }

func (i *residentImporter) judge(all readAll, rows []core.ImportRow) error {
	places := make([]core.HouseRef, len(rows))
	var houses []core.ID
	for n := range rows {
		row := &rows[n]
		if len(row.Wrong) > 0 {
			continue
		}
		ref, err := i.place(*row)
		if err != nil {
			row.FailHouse(ref, err)
			continue
		}
		if len([]rune(ref.Label)) > maxLabel {
			row.Fail("", "房屋有误", "房屋名称过长")
			continue
		}
		if other := core.OfAnotherCommunity(ref.Names[0], i.others); ref.ID == 0 && other != "" {
			row.Fail("", "其他小区的房屋", "“"+ref.Names[0]+"”是小区“"+other+"”的，导入的小区是“"+i.community.Name+"”")
			continue
		}
		if row.Label = ref.Label; ref.ID != 0 {
			houses = append(houses, ref.ID)
		}
		places[n] = ref
	}
	known, err := i.ties(all, houses)
	if err != nil {
		return err
	}
	for n := range rows {
		if row := &rows[n]; row.Verdict == "" && len(row.Wrong) == 0 {
			i.judgeRow(row, places[n], known[places[n].ID])
		}
	}
	if err := i.judgeElsewhere(all, rows); err != nil {
		return err
	}
	for n := range rows {
		i.aim(&rows[n])
		i.settle(&rows[n], places[n])
	}
	return nil
}

// settle notes whether a row is the one that adds its house: the first that is not wrong.
func (i *residentImporter) settle(row *core.ImportRow, place core.HouseRef) {
	if place.ID != 0 || !placesHouse(*row) {
		return
	}
	row.Place = i.added[row.Label] == 0
	i.added[row.Label]++
}

// placesHouse reports whether a row may add its house.
func placesHouse(row core.ImportRow) bool {
	return row.Verdict != core.ImportWrong && row.Match != core.ByRow
}

func (i *residentImporter) placing() map[string]int { return i.added }

// aim refuses two rows about one record.
func (i *residentImporter) aim(row *core.ImportRow) {
	if row.Target == 0 {
		return
	}
	if first, taken := i.targets[row.Target]; taken {
		fault := func(other int) core.ImportFault {
			return core.ImportFault{
				Kind: "与另一行是同一住户", Words: fmt.Sprintf("与第 %d 行对应同一位已登记的住户；如是同名的两人，请填写证件号", other),
			}
		}
		row.Fail("", fault(first).Kind, fault(first).Words)
		i.earlier[first] = append(i.earlier[first], fault(row.Number))
		return
	}
	i.targets[row.Target] = row.Number
}

func (i *residentImporter) wrongBefore() map[int][]core.ImportFault { return i.earlier }

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
		i.needLease(row, r)
		row.NoPhone()
		return
	}
	found := known[at].row
	row.Match, row.Target = by, found.ID
	whole := found.whole(i.store.db.Reveal)
	if !found.MovedOut.IsZero() {
		row.Verdict, row.Was = core.ImportBack, core.ImportedResidentValues(*row, whole)
		i.needLease(row, r)
		return
	}
	merged := core.MergeImported(whole, r, core.ImportUpdate)
	if merged == whole {
		row.Verdict = core.ImportSame
		return
	}
	if merged.LeaseDay != whole.LeaseDay {
		i.needLease(row, r)
	}
	if len(row.Wrong) > 0 {
		return
	}
	row.Change(core.ImportedResidentValues(*row, whole),
		core.ImportedResidentValues(*row, core.MergeImported(whole, r, core.ImportFill)))
}

// needLease refuses a lease that is over: the tenant would be moved out again within the hour.
func (i *residentImporter) needLease(row *core.ImportRow, r core.Resident) {
	if r.LeaseDay != 0 && r.LeaseDay < core.DayOf(i.store.Now(), i.store.Zone()) {
		row.Fail("lease_day", "租约已到期", "租约 "+r.LeaseDay.String()+" 已到期；续租的请改日期，已搬走的请删除这一行")
	}
}

// judgeElsewhere judges rows that bring a number to their house by who lives in others with it: one of the row's name gets a
// further house; another name is somebody else, with whom the row's would become one person.
func (i *residentImporter) judgeElsewhere(all readAll, rows []core.ImportRow) error {
	brought := map[string][]int{}
	for n, row := range rows {
		switch row.Verdict {
		case core.ImportNew, core.ImportBack, core.ImportChanged:
		default:
			continue
		}
		if row.Verdict == core.ImportChanged && row.Match == core.ByPhone {
			continue
		}
		if r, ok := core.ImportedResident(i.community, row); ok && r.OwnPhone() != "" {
			mac := i.store.db.Keys().Digest("phone", r.Phone)
			brought[mac] = append(brought[mac], n)
		}
	}
	if err := i.judgeHeld(all, rows, brought, core.ByPhone); err != nil {
		return err
	}
	return i.judgeIDNumbers(all, rows)
}

// judgeIDNumbers is judgeElsewhere by ID numbers: two rows of one list, and of two, are compared alike.
func (i *residentImporter) judgeIDNumbers(all readAll, rows []core.ImportRow) error {
	if !i.idNumbers {
		return nil
	}
	brought := map[string][]int{}
	for n, row := range rows {
		switch row.Verdict {
		case core.ImportNew, core.ImportBack, core.ImportChanged, core.ImportTie:
		default:
			continue
		}
		if r, ok := core.ImportedResident(i.community, row); ok && r.IDNumber != "" && row.Match != core.ByIDNumber {
			mac := i.store.db.Keys().Digest("idno", r.IDNumber)
			brought[mac] = append(brought[mac], n)
		}
	}
	return i.judgeHeld(all, rows, brought, core.ByIDNumber)
}

// judgeHeld judges the rows that bring numbers, by their digests, by who has these.
func (i *residentImporter) judgeHeld(all readAll, rows []core.ImportRow, brought map[string][]int, by core.ImportMatch) error {
	column, match := "phone_mac", core.MatchElsewhere
	if by == core.ByIDNumber {
		column, match = "idno_mac", core.MatchIDElsewhere
	}
	holders, err := i.holders(all, column, slices.Sorted(maps.Keys(brought)))
	for mac, those := range holders {
		for _, n := range brought[mac] {
			row := &rows[n]
			r, _ := core.ImportedResident(i.community, *row)
			at, wrong := match(i.asTie(r), those)
			switch {
			case wrong != nil:
				row.Fail("", "与登记冲突", core.MessageOf(wrong))
			case row.Verdict == core.ImportNew:
				row.Verdict, row.Match, row.Lives = core.ImportTie, by, those[at].House
			}
		}
	}
	return err
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
	known := make([]core.KnownTie, len(ties))
	for n, t := range ties {
		known[n] = t.known
	}
	return core.MatchImport(i.asTie(r), known)
}

// asTie returns a row's resident as they are compared with records.
func (i *residentImporter) asTie(r core.Resident) core.KnownTie {
	keys := i.store.db.Keys()
	return core.KnownTie{
		Name: r.Name, Phone: keys.Digest("phone", core.PhoneBase(r.Phone)), IDNumber: keys.Digest("idno", r.IDNumber),
		Own: r.OwnPhone() != "",
	}
}

// ties returns the records of houses.
func (i *residentImporter) ties(all readAll, houses []core.ID) (
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
				t.phone_cipher, t.phone_shared, t.idno_cipher, t.certified_at, t.certified_how, t.certified_by,
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

// holders returns who lives in the community with a number of their own, or an ID number, of these digests.
func (i *residentImporter) holders(all readAll, column string, macs []string) (map[string][]core.NumberHolder, error) {
	found := map[string][]core.NumberHolder{}
	err := database.EachPart(macs, func(part []string) error {
		args := make([]any, len(part), len(part)+1)
		for n, mac := range part {
			args[n] = mac
		}
		var rows []struct {
			Phone    string `db:"phone_mac"`
			Shared   bool   `db:"phone_shared"`
			Name     string `db:"name"`
			IDNumber string `db:"idno_mac"`
			House    string `db:"label"`
		}
		err := all(&rows, numberHolders(i.store.db.Dialect(), column, len(part)), append(args, int64(i.community.ID))...)
		for _, row := range rows {
			mac, holder := row.Phone, core.NumberHolder{Name: row.Name, Phone: row.Phone, IDNumber: row.IDNumber, House: row.House}
			if column == "idno_mac" {
				mac = row.IDNumber
			}
			if row.Shared {
				holder.Phone = ""
			}
			found[mac] = append(found[mac], holder)
		}
		return err
	})
	return found, err
}

// numberHolders is the query of holders for some numbers. Without the hint SQLite walks all residents of the community.
func numberHolders(dialect database.Dialect, column string, numbers int) string {
	index, own := "resident_phone", " AND t.phone_shared = 0"
	if column == "idno_mac" {
		index, own = "resident_idno", ""
	}
	return `
		SELECT t.phone_mac, t.phone_shared, t.name, t.idno_mac, h.label
		FROM resident t` + dialect.UseIndex(index) + `
		JOIN house h ON h.id = t.house_id
		WHERE t.` + column + ` IN (` + database.Placeholders(numbers) + `)
		AND t.community_id = ?
		AND t.moved_out_at IS NULL` + own + `
		ORDER BY t.id`
}
