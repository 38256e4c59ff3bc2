package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// HouseTransferPlan is what a transfer would change.
type HouseTransferPlan struct {
	Owner  string          // the new owner's name
	Leave  []ResidentRow   // who moves out, masked
	Stay   []ResidentRow   // who goes on living there
	Former []core.Identity // of Leave, in the same order
	Held   []string        // who else has the new owner's numbers, in words, names masked
	Joined bool            // one of them lives in the community with the mobile number
	Seen   string          // of who lives there and Held: TransferHouse refuses once it is another
}

// PlanTransfer returns what a transfer of a house of the scope would change now.
func (s *Store) PlanTransfer(ctx context.Context, scope core.Scope, t core.HouseTransfer) (plan HouseTransferPlan, err error) {
	house, err := s.House(ctx, scope, t.House)
	if err != nil {
		return plan, err
	}
	t.Community = house.Community
	if t, err = t.Normalized(core.DayOf(s.Now(), s.Zone())); err != nil {
		return plan, err
	}
	if err := refusePlanned(s.allOf(ctx), house.ID); err != nil {
		return plan, database.Wrap("plan a transfer", err)
	}
	ids, err := peopleOfHouse(s.allOf(ctx), house.Community, house.ID)
	if err != nil {
		return plan, database.Wrap("plan a transfer", err)
	}
	rows, err := s.residentRows(ctx, ids, true)
	if err != nil {
		return plan, database.Wrap("plan a transfer", err)
	}
	plan.Owner = t.Owner.Name
	people := make([]core.Resident, len(rows))
	for i, row := range rows {
		people[i], row.Resident = row.Resident, row.Resident.Masked()
		switch {
		case row.ID == t.Existing:
			plan.Owner = row.Name
		case t.Fate(row.Identity) == core.TransferLeave:
			plan.Leave = append(plan.Leave, row)
		default:
			plan.Stay = append(plan.Stay, row)
		}
	}
	holders, err := ownerHolders(s.allOf(ctx), s.db.Keys(), s.db.Dialect(), t)
	if err != nil {
		return plan, database.Wrap("plan a transfer", err)
	}
	for _, holder := range holders {
		plan.Held = append(plan.Held, holder.text())
		plan.Joined = plan.Joined || !holder.idNumber && !holder.left
	}
	plan.Seen = seenPeople(people) + heldDigest(holders)
	return plan, checkNewOwner(people, t)
}

// ownerHolders returns who else of the community has the numbers of a new owner who is added to the house.
func ownerHolders(
	all readAll, keys database.Keyring, dialect database.Dialect, t core.HouseTransfer,
) (holders []numberHolder, err error) {
	if t.Existing != 0 {
		return nil, nil
	}
	var person []core.ID
	err = all(&person, "SELECT id FROM person WHERE phone_mac = ?", keys.Digest("phone", t.Owner.OwnPhone()))
	if err != nil {
		return nil, err
	}
	owner := t.Owner
	if len(person) > 0 {
		owner.Person = person[0]
	}
	phone, err := phoneHolder(all, keys, owner)
	if err != nil {
		return nil, err
	}
	id, err := idNumberHolder(all, keys, dialect, owner)
	for _, holder := range []*numberHolder{phone, id} {
		if holder != nil {
			holders = append(holders, *holder)
		}
	}
	return holders, err
}

// heldDigest is of who has the new owner's numbers, one holder after another; "" = nobody has.
func heldDigest(holders []numberHolder) string {
	digest := ""
	for _, h := range holders {
		sum := sha256.Sum256(fmt.Appendln(nil, h.idNumber, h.left, core.FoldName(h.name)))
		digest += hex.EncodeToString(sum[:])[:holderDigest]
	}
	return digest
}

// holderDigest is the length of one holder's part of heldDigest.
const holderDigest = 16

// seenHolders reports whether all holders are among those of a digest. One who has the numbers no longer does not matter.
func seenHolders(now, seen string) bool {
	known := slices.Collect(slices.Chunk([]byte(seen), holderDigest))
	for one := range slices.Chunk([]byte(now), holderDigest) {
		if !slices.ContainsFunc(known, func(other []byte) bool { return bytes.Equal(one, other) }) {
			return false
		}
	}
	return true
}

// checkNewOwner refuses a new owner who is chosen though they do not live there or own the house, or is not chosen though
// they live there.
func checkNewOwner(people []core.Resident, t core.HouseTransfer) error {
	for _, r := range people {
		switch {
		case t.Existing == 0 && r.OwnPhone() != "" && r.OwnPhone() == t.Owner.OwnPhone():
			return core.InvalidFields(map[string]string{
				"phone": "“" + r.Name + "”已用这个手机号登记在这套房屋，请在“新业主”里选这个人",
			})
		case r.ID == t.Existing && r.Identity != core.Owner:
			return nil
		}
	}
	if t.Existing == 0 {
		return nil
	}
	return core.InvalidFields(map[string]string{"existing": "所选的人已不住在这里，或已是业主，请重新选择"})
}

// errPlanned refuses a second transfer of a house while one is planned: that would move the new owner out again.
var errPlanned = core.Conflict("已安排了一次过户，请先取消")

// refusePlanned refuses a house of which a transfer is planned.
func refusePlanned(all readAll, house core.ID) error {
	var planned []core.ID
	err := all(&planned, "SELECT id FROM house_transfer WHERE open_house = ?", int64(house))
	if err == nil && len(planned) > 0 {
		err = errPlanned
	}
	return err
}

// peopleOfHouse returns who lives in a house, owners first.
func peopleOfHouse(all readAll, community, house core.ID) (ids []core.ID, err error) {
	err = all(&ids, `
		SELECT id
		FROM resident
		WHERE community_id = ?
		AND house_id = ?
		AND moved_out_at IS NULL
		ORDER BY identity_rank, id`, int64(community), int64(house))
	if err == nil && len(ids) > ResidentsAtOnce {
		err = core.Conflict(fmt.Sprintf("这套房屋登记了 %d 人，请先清理登记", len(ids)))
	}
	return ids, err
}

// seenPeople is the same as long as the same people live in a house as the same.
func seenPeople(people []core.Resident) string {
	sum := sha256.New()
	for _, r := range people {
		fmt.Fprintln(sum, r.ID, r.Identity, r.Name)
	}
	return hex.EncodeToString(sum.Sum(nil))[:32]
}

// TransferHouse makes somebody else the owner of a house of the scope: today, as a batch, or on a later day, by TransferDueHouses.
// seen is that of the plan that was shown. Everybody concerned is told.
func (s *Store) TransferHouse(
	ctx context.Context, by core.Actor, scope core.Scope, t core.HouseTransfer, seen string,
) (batch core.Batch, err error) {
	today := core.DayOf(s.Now(), s.Zone())
	err = s.db.Write(ctx, "transfer a house", func(tx *database.Tx) error {
		batch = core.Batch{}
		x := transferring{tx: tx, by: by, HouseTransfer: t}
		if err := x.lockHouse(scope); err != nil {
			return err
		}
		if x.HouseTransfer, err = x.Normalized(today); err != nil {
			return err
		}
		if err := refusePlanned(tx.All, x.House); err != nil {
			return err
		}
		if err := x.readPeople(); err != nil {
			return err
		}
		holders, err := ownerHolders(tx.All, tx.Keys(), tx.Dialect(), x.HouseTransfer)
		if err != nil {
			return err
		}
		if x.held = heldDigest(holders); seenPeople(x.people)+x.held != seen {
			return core.Conflict("这套房屋的住户，或新业主的号码登记刚有变化，请看后再确认")
		}
		x.ID, x.By, x.Created = tx.NewID(), by.Name, tx.Now()
		if err := checkNewOwner(x.people, x.HouseTransfer); err != nil {
			return err
		}
		if x.Planned(today) {
			return x.plan()
		}
		if batch, err = x.run(); err != nil {
			return err
		}
		return x.insert(core.TransferDone, batch.ID)
	})
	return batch, err
}

// transferring is a transfer that takes effect.
type transferring struct {
	core.HouseTransfer
	tx     *database.Tx
	by     core.Actor
	label  string          // of the house
	people []core.Resident // who lives there, whole, owners first
	held   string          // heldDigest as the office has seen it
}

// lockHouse locks the house, or that which it became part of: who lives there changes behind it.
func (x *transferring) lockHouse(scope core.Scope) error {
	var into core.ID
	err := x.tx.Get(&into, "SELECT into_id FROM house_former WHERE house_id = ?", int64(x.House))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if into != 0 {
		x.House = into
	}
	var row houseRow
	err = x.tx.Get(&row, "SELECT "+houseColumns+" FROM house WHERE id = ?"+x.tx.Dialect().ForUpdate(), int64(x.House))
	if err == nil && !scope.Has(row.Community) {
		err = core.NotFound(noHouse)
	}
	x.Community, x.label = row.Community, row.Label
	return database.NotFoundIfNoRows(err, noHouse)
}

func (x *transferring) readPeople() error {
	ids, err := peopleOfHouse(x.tx.All, x.Community, x.House)
	if err != nil {
		return err
	}
	found, err := readResidents(x.tx, ids)
	for _, id := range ids {
		x.people = append(x.people, found[id])
	}
	return err
}

// houseTransferAudit is what the audit log records of a transfer.
type houseTransferAudit struct {
	Label  string   `json:"label"`
	Owner  string   `json:"owner"`
	Former []string `json:"former,omitempty"`
	Day    string   `json:"day"`
	Left   int      `json:"left,omitempty"`
	Why    string   `json:"why,omitempty"`
	Batch  core.ID  `json:"batch,omitempty"`
}

// audited is the transfer as the audit log records it.
func (x *transferring) audited() houseTransferAudit {
	a := houseTransferAudit{Label: x.label, Owner: x.Owner.Name, Day: x.Day.String(), Why: x.Why}
	for _, r := range x.people {
		if r.ID == x.Existing {
			a.Owner = r.Name
		} else if r.Identity == core.Owner {
			a.Former = append(a.Former, r.Name)
		}
	}
	return a
}

// plan keeps the transfer for its day.
func (x *transferring) plan() error {
	if err := x.insert(core.TransferPlanned, 0); err != nil {
		return err
	}
	return audit.Write(x.tx, x.by, audit.Entry{
		Community: x.Community, Action: "house.plan_transfer", Subject: audit.Target("house", x.House), After: x.audited(),
	})
}

// run makes the new owner that of the house: who leaves moves out, and everybody is told.
func (x *transferring) run() (batch core.Batch, err error) {
	var things []batchThing
	after := x.audited()
	for _, r := range x.people {
		if r.ID == x.Existing || x.Fate(r.Identity) != core.TransferLeave {
			continue
		}
		old, err := moveOut(x.tx, x.by, core.Everywhere, r.ID)
		if err != nil {
			return batch, err
		}
		if err := tellPerson(x.tx, old, x.label+" 已办理过户，您在这里的登记已结束，如有疑问请联系物业"); err != nil {
			return batch, err
		}
		things = append(things, batchThing{
			ID:     r.ID,
			Before: residentItem{Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
			After:  residentItem{MovedOut: x.tx.NowMS(), Updated: x.tx.NextUpdated(old.Updated)},
		})
	}
	after.Left = len(things)
	owner, is, err := x.settle()
	if err != nil {
		return batch, err
	}
	if err := tellPerson(x.tx, is, "您已登记为 "+x.label+" 的业主"); err != nil {
		return batch, err
	}
	batch, err = writeBatch(x.tx, x.by, core.Batch{Community: x.Community, Kind: core.BatchTransfer}, append(things, owner))
	if err != nil {
		return batch, err
	}
	after.Batch = batch.ID
	return batch, audit.Write(x.tx, x.by, audit.Entry{
		Community: x.Community, Action: "house.transfer", Subject: audit.Target("house", x.House), After: after,
	})
}

// settle makes somebody the owner: a resident of the house, or a person who is added to it.
func (x *transferring) settle() (thing batchThing, is core.Resident, err error) {
	if x.Existing == 0 {
		b := residentBuilder{tx: x.tx, community: x.Community, people: []core.Resident{x.Owner}}
		if err := b.run(); err != nil {
			return thing, is, err
		}
		return b.things()[0], b.people[0], audit.Write(x.tx, x.by, b.auditEntry(core.Batch{}))
	}
	_, old, err := lockResident(x.tx, core.Everywhere, x.Existing)
	if err != nil {
		return thing, is, err
	}
	pass, err := hasPass(x.tx, old.ID)
	if err != nil {
		return thing, is, err
	}
	is = old
	is.Identity, is.LeaseDay = core.Owner, 0
	updated, err := saveResident(x.tx, is)
	if err != nil {
		return thing, is, err
	}
	thing = batchThing{
		ID:     is.ID,
		Before: residentItem{Whole: &old, Pass: pass, Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
		After:  residentItem{Certified: millisOf(is.Certified), Updated: updated.UnixMilli()},
	}
	return thing, is, audit.Write(x.tx, x.by, audit.Entry{
		Community: x.Community, Action: "resident.update", Subject: audit.Target("resident", is.ID),
		Before: auditOfResident(old, x.label), After: auditOfResident(is, x.label),
	})
}

// insert keeps the transfer. Who the new owner is is kept only while it is planned: then it is in the register.
func (x *transferring) insert(state core.TransferState, batch core.ID) error {
	var open any
	kept := x.Owner
	if state == core.TransferPlanned {
		open = int64(x.House)
	} else {
		kept, x.held = core.Resident{}, ""
	}
	phone, err := x.tx.Keys().Seal("house_transfer.phone", kept.Phone)
	if err != nil {
		return err
	}
	idno, err := x.tx.Keys().Seal("house_transfer.idno", kept.IDNumber)
	if err != nil {
		return err
	}
	_, err = x.tx.Exec(`
		INSERT INTO house_transfer (id, community_id, house_id, open_house, day, resident_id, name, sex, phone_cipher, idno_cipher,
			family, tenants, state, why, batch_id, actor_name, created_at, updated_at, held)
		VALUES (`+database.Placeholders(19)+")",
		int64(x.ID), int64(x.Community), int64(x.House), open, int32(x.Day), int64(x.Existing), kept.Name, kept.Sex, phone, idno,
		string(x.Family), string(x.Tenants), string(state), "", int64(batch), x.By, x.tx.NowMS(), x.tx.NowMS(), x.held)
	if database.IsDuplicate(err) {
		return errPlanned
	}
	return err
}

// transferTaken notes that a transfer was taken back.
func transferTaken(tx *database.Tx, batch core.ID) error {
	_, err := tx.Exec("UPDATE house_transfer SET state = ?, updated_at = ? WHERE batch_id = ?",
		string(core.TransferCancelled), tx.NowMS(), int64(batch))
	return err
}

// tellFailed tells the office that a planned transfer came to nothing.
func (x *transferring) tellFailed() error {
	if err := audit.Write(x.tx, x.by, audit.Entry{
		Community: x.Community, Action: "house.fail_transfer", Subject: audit.Target("house", x.House), After: x.audited(),
	}); err != nil {
		return err
	}
	return notifyAll(x.tx, core.NoticeAudience{Community: x.Community, Needs: core.PermResidentEdit}, core.Notice{
		Stem: "house", Title: x.label + " 的过户没有办成：" + x.Why, Link: "house/" + x.House.String(),
	}, core.MessageAlarm)
}
