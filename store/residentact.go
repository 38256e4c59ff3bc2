package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// CreateResident adds one person to a house of the scope. See CreateResidents. If somebody of that name
// lives there, who may be the same person, core.IsNamesake reports true for the error, unless Namesake is
// set; if AskNumber is, likewise core.IsNumberHeld for a number or an ID number of another name.
func (s *Store) CreateResident(ctx context.Context, by core.Actor, scope core.Scope, r core.Resident) (core.ID, error) {
	if !scope.Has(r.Community) {
		return 0, core.NotFound(noCommunity)
	}
	r, err := r.Normalized()
	if err = bothFields(err, r.CheckLease(core.DayOf(s.Now(), s.Zone()))); err != nil {
		return 0, err
	}
	ids, err := s.createResidents(ctx, by, residentBuilder{community: r.Community, people: []core.Resident{r}, ask: !r.Namesake})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// CreateResidents adds people to houses of one community, all or none, and returns the ids in their
// order. It uses house, name, sex, identity, lease day, phone, whether it is shared, and ID number of each;
// one with Certified set is certified and has a pass at once. A person is found by
// core's OwnPhone, or, without one, among those of the house without one by core.SamePerson; else
// created. One who moved out of the house moves back in, by core.SamePerson, too: another name with their number
// gets a record of its own; one who lives there is a conflict. A
// person who has confirmed the number and the name in WeChat is certified at once.
func (s *Store) CreateResidents(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, people []core.Resident,
) ([]core.ID, error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	normal := make([]core.Resident, len(people))
	for i, r := range people {
		r.Community = community
		var err error
		if normal[i], err = r.Normalized(); err != nil {
			return nil, fmt.Errorf("resident %d of %d: %w", i+1, len(people), err)
		}
	}
	return s.createResidents(ctx, by, residentBuilder{community: community, people: normal})
}

func (s *Store) createResidents(ctx context.Context, by core.Actor, all residentBuilder) ([]core.ID, error) {
	var ids []core.ID
	err := s.db.Write(ctx, "create residents", func(tx *database.Tx) error {
		b := all
		b.tx, b.people = tx, slices.Clone(all.people)
		if err := b.run(); err != nil {
			return err
		}
		ids = database.IDsOf(b.people, func(r core.Resident) core.ID { return r.ID })
		batch, err := b.writeBatch(by)
		if err != nil {
			return err
		}
		return audit.Write(tx, by, b.auditEntry(batch))
	})
	return ids, err
}

// residentBuilder adds residents to one community.
type residentBuilder struct {
	tx        *database.Tx
	community core.ID
	people    []core.Resident
	ask       bool                  // whether a namesake is another person
	waits     bool                  // who adds them may be guessing: nobody but themselves certifies them
	lists     bool                  // they are those of a list, which may be old: who comes back is not certified at once
	labels    map[core.ID]string    // of the houses; those that are known from the start are locked
	empty     map[core.ID]bool      // houses that the act itself has added: nobody lives there
	ready     []readyResident       // of people, if the caller has it already
	back      map[int]bool          // people who moved out and come back, by index
	were      map[int]core.Resident // what those were
	hadPass   map[int]bool
	added     []addedResident // of a list: to be made findable by name
	strangers bool            // nobody is known by number: their persons are made without looking for them first; false if some were
	made      madePersons     // persons of strangers who were made ahead
}

func (b *residentBuilder) run() error {
	if err := b.begin(); err != nil {
		return err
	}
	return b.add()
}

// begin finds the people's houses and persons. Some may be left out before add.
func (b *residentBuilder) begin() error { return inTurn(b.makeReady, b.findHouses, b.findPersons) }

// add adds the people.
func (b *residentBuilder) add() error {
	return inTurn(b.findTies, b.createPersons, b.certify, b.insert, b.bringBack, b.nameAll, b.createPasses)
}

// inTurn takes steps until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// findHouses reads and locks the houses, so that none is deleted meanwhile.
func (b *residentBuilder) findHouses() error {
	if b.labels == nil {
		b.labels = map[core.ID]string{}
	}
	houses := slices.DeleteFunc(b.houses(), func(house core.ID) bool { return b.labels[house] != "" })
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []houseRow
		err := b.tx.All(
			&rows,
			"SELECT id, label FROM house"+b.tx.Dialect().ByKey()+" WHERE community_id = ? AND id IN ("+
				database.Placeholders(len(part))+")"+b.tx.Dialect().ForUpdate(),
			database.AppendIDs([]any{int64(b.community)}, part)...,
		)
		for _, row := range rows {
			b.labels[row.ID] = row.Label
		}
		return err
	})
	for _, house := range houses {
		if _, ok := b.labels[house]; !ok && err == nil {
			return core.InvalidFields(map[string]string{"house": noHouse})
		}
	}
	return err
}

// houses returns the houses of the people, each once.
func (b *residentBuilder) houses() []core.ID {
	houses := database.IDsOf(b.people, func(r core.Resident) core.ID { return r.House })
	slices.Sort(houses)
	return slices.Compact(houses)
}

// findPersons sets the persons of those with a phone number of their own.
func (b *residentBuilder) findPersons() error {
	macs := make([]string, len(b.people))
	var own []string
	for i := range b.people {
		if macs[i] = b.ready[i].own; macs[i] != "" {
			own = append(own, macs[i])
		}
	}
	persons, err := b.personsOf(own)
	for i, mac := range macs {
		b.people[i].Person = persons[mac]
	}
	return err
}

func (b *residentBuilder) personsOf(macs []string) (map[string]core.ID, error) {
	if b.strangers = b.strangers && !b.made.known; !b.strangers {
		return findOrMakePersons(b.tx, macs)
	}
	if b.made.of != nil {
		return b.made.of, nil
	}
	persons, err := map[string]core.ID{}, error(nil)
	b.strangers, err = makePersons(b.tx, macs, persons)
	return persons, err
}

// createPersons creates a person for each of the others who is not known in the house.
func (b *residentBuilder) createPersons() error {
	var persons []core.ID
	for i := range b.people {
		if r := &b.people[i]; r.Person == 0 {
			r.Person = b.tx.NewID()
			persons = append(persons, r.Person)
		}
	}
	return createPersons(b.tx, persons)
}

// findTies sets the residents' ids: a new one, or the existing one of somebody who moves back in.
func (b *residentBuilder) findTies() error {
	known := ties{}
	houses := slices.DeleteFunc(b.houses(), func(house core.ID) bool { return b.empty[house] })
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []tieRow
		err := b.tx.All(
			&rows,
			`SELECT t.id,
				t.house_id,
				t.person_id,
				t.name,
				t.idno_mac,
				CASE WHEN p.phone_mac IS NULL THEN 1 ELSE 0 END AS apart,
				t.moved_out_at
			FROM resident t
			JOIN person p ON p.id = t.person_id
			WHERE t.community_id = ?
			AND t.house_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY CASE WHEN t.moved_out_at IS NULL THEN 0 ELSE 1 END, t.id`,
			database.AppendIDs([]any{int64(b.community)}, part)...,
		)
		for _, row := range rows {
			known[row.House] = append(known[row.House], row)
		}
		return err
	})
	if err != nil {
		return err
	}
	b.back = map[int]bool{}
	for i := range b.people {
		r := &b.people[i]
		row, ok := b.tieOf(known, *r)
		switch {
		case b.ask && known.namesake(b.tx.Keys(), *r) && !(ok && row.Person == r.Person):
			return core.NamesakeLives(r.Name, b.labels[r.House])
		case ok && row.MovedOut.IsZero():
			return livesThere(*r, b.labels[r.House], b.waits)
		}
		if ok {
			r.ID, r.Person, b.back[i] = row.ID, row.Person, true
		} else {
			r.ID = b.tx.NewID()
		}
		if r.AskNumber {
			if err := askNumbers(b.tx, *r); err != nil {
				return err
			}
		}
		// The same person twice in the list is a conflict.
		known[r.House] = append([]tieRow{{
			ID: r.ID, House: r.House, Person: r.Person, Name: r.Name, IDNumber: b.ready[i].sealed.idnoMAC,
			Apart: r.OwnPhone() == "",
		}}, known[r.House]...)
	}
	return nil
}

// tieOf returns the tie that a resident has to the house already.
func (b *residentBuilder) tieOf(known ties, r core.Resident) (tieRow, bool) {
	if r.Namesake {
		known = known.withoutNamesakes(b.tx.Keys(), r)
	}
	return known.find(b.tx.Keys(), r)
}

func (b *residentBuilder) certify() error {
	if b.waits {
		return nil
	}
	if b.strangers { // no WeChat user is a person who is new
		if met, err := b.made.met(b.tx); err != nil || !met {
			return err
		}
	}
	names, err := confirmedNames(b.tx, database.IDsOf(b.people, func(r core.Resident) core.ID { return r.Person }))
	for i := range b.people {
		if b.back[i] && b.lists {
			continue
		}
		if r := &b.people[i]; r.Certified.IsZero() && slices.Contains(names[r.Person], core.FoldName(r.Name)) {
			r.Certified = b.tx.Now()
		}
	}
	return err
}

func (b *residentBuilder) insert() error {
	var rows [][]any
	for i, r := range b.people {
		if b.back[i] {
			continue
		}
		rows = append(rows, append(
			[]any{
				int64(r.ID), int64(r.Community), int64(r.House), int64(r.Person), r.Name, core.FoldName(r.Name),
				b.ready[i].key, r.Sex, string(r.Identity), identityRank(r.Identity), int32(r.LeaseDay),
				database.NullMillis(r.Certified), string(r.Desk.How), r.Desk.By, r.Desk.Note,
				b.tx.NowMS(), b.tx.NowMS(),
			},
			b.ready[i].sealed.values()...,
		))
	}
	err := database.InsertRows(
		b.tx, b.tx.Dialect().InsertOrEnd(), "resident",
		"id, community_id, house_id, person_id, name, name_fold, name_key, sex, identity, identity_rank, lease_day, "+
			"certified_at, certified_how, certified_by, certified_note, created_at, updated_at, "+privateColumns,
		rows,
	)
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

func (b *residentBuilder) bringBack() error {
	b.were, b.hadPass = map[int]core.Resident{}, map[int]bool{}
	for i, r := range b.people {
		if !b.back[i] {
			continue
		}
		old, err := readResident(b.tx, r.ID) // it is locked before it gets another name
		if err != nil {
			return err
		}
		if err := removeGrams(b.tx, residentNamed(old)); err != nil {
			return err
		}
		if b.hadPass[i], err = hasPass(b.tx, r.ID); err != nil {
			return err
		}
		if b.lists && core.FoldName(old.Name) == core.FoldName(r.Name) { // what a list leaves empty is kept
			kept := core.MergeImported(old, r, core.ImportUpdate)
			kept.Certified, kept.Desk, kept.MovedOut = r.Certified, r.Desk, time.Time{}
			b.people[i], r = kept, kept
		}
		if r.IDNumber == "" {
			b.people[i].IDNumber, r.IDNumber = old.IDNumber, old.IDNumber
		}
		b.were[i], b.people[i].Updated, r.Updated = old, old.Updated, old.Updated
		if _, err := saveResident(b.tx, r); err != nil {
			return err
		}
		if _, err := b.tx.Exec("UPDATE resident SET moved_out_at = NULL, lease_ended = NULL, lease_warned = NULL WHERE id = ?",
			int64(r.ID)); err != nil {
			return err
		}
		if err := enablePass(b.tx, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// plain reports whether a list adds somebody as most are: new, and not certified.
func (b *residentBuilder) plain(i int) bool {
	return b.lists && !b.back[i] && b.people[i].Certified.IsZero()
}

// nameAll makes everybody findable by name, but for those whom a list adds as most are: an import does so for many at once.
func (b *residentBuilder) nameAll() error {
	var now []addedResident
	for i, r := range b.people {
		who := addedResident{residentNamed(r), b.ready[i].grams}
		if b.plain(i) {
			b.added = append(b.added, who)
		} else {
			now = append(now, who)
		}
	}
	return nameAdded(b.tx, now)
}

func (b *residentBuilder) createPasses() error {
	var certified []core.Resident
	for _, r := range b.people {
		if !r.Certified.IsZero() {
			certified = append(certified, r)
		}
	}
	return createPasses(b.tx, certified)
}

func (b *residentBuilder) auditEntry(batch core.Batch) audit.Entry {
	if len(b.people) == 1 {
		r := b.people[0]
		return audit.Entry{
			Community: b.community, Action: "resident.create", Subject: audit.Target("resident", r.ID),
			After: auditOfResident(r, b.labels[r.House]),
		}
	}
	return audit.Entry{
		Community: b.community, Action: "resident.create_many", Subject: audit.Target("community", b.community),
		After: residentsAudit{len(b.people), batch.ID},
	}
}

// residentsAudit is what the audit log records of residents added at once.
type residentsAudit struct {
	Count int     `json:"count"`
	Batch core.ID `json:"batch"`
}

// residentAudit is what the audit log records of a resident.
type residentAudit struct {
	House    string        `json:"house"`
	Name     string        `json:"name"`
	Sex      string        `json:"sex,omitempty"`
	Identity core.Identity `json:"identity"`
	Lease    string        `json:"lease,omitempty"`
	Phone    string        `json:"phone"`
	Shared   bool          `json:"phone_shared,omitempty"`
	IDNumber string        `json:"id_number,omitempty"`
	Verified bool          `json:"certified"`
}

func auditOfResident(r core.Resident, house string) residentAudit {
	r = r.Masked()
	a := residentAudit{
		House: house, Name: r.Name, Sex: r.Sex, Identity: r.Identity, Phone: r.Phone, Shared: r.PhoneShared,
		IDNumber: r.IDNumber, Verified: !r.Certified.IsZero(),
	}
	if r.LeaseDay != 0 {
		a.Lease = r.LeaseDay.String()
	}
	return a
}

// saveResident writes everything of a resident that can change, except moving out.
func saveResident(tx *database.Tx, r core.Resident) (updated time.Time, err error) {
	sealed, err := sealResident(tx.Keys(), r)
	if err != nil {
		return updated, err
	}
	updated = time.UnixMilli(tx.NextUpdated(r.Updated))
	args := append(
		[]any{
			int64(r.Person), r.Name, core.FoldName(r.Name), nameKey(r.Name), r.Sex, string(r.Identity),
			identityRank(r.Identity), int32(r.LeaseDay), database.NullMillis(r.Certified),
			string(r.Desk.How), r.Desk.By, r.Desk.Note, updated.UnixMilli(),
		},
		sealed.values()...,
	)
	return updated, tx.ExecOne(
		core.NotFound(noResident),
		`UPDATE resident SET person_id = ?, name = ?, name_fold = ?, name_key = ?, sex = ?, identity = ?,
		identity_rank = ?, lease_day = ?, certified_at = ?, certified_how = ?, certified_by = ?, certified_note = ?,
		updated_at = ?, phone_cipher = ?, phone_mac = ?, phone_shared = ?,
		idno_cipher = ?, idno_mac = ? WHERE id = ?`,
		append(args, int64(r.ID))...,
	)
}
