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

// memberImporter judges and writes rows of members, within the institutions of who imports them.
type memberImporter struct {
	importAt
	store        *Store
	institutions map[string][]core.Institution // of any community of the scope, by their names, folded
	targets      map[core.ID]int               // the rows that rows judged so far are about
}

func beginMemberImport(ctx context.Context, s *Store, at importAt) (importer, error) {
	i := &memberImporter{importAt: at, store: s, targets: map[core.ID]int{}}
	return i, i.learn(s.allOf(ctx))
}

// learn reads the institutions as they are now.
func (i *memberImporter) learn(all readAll) error {
	where := institutionsWithin(i.scope, "id")
	var rows []institutionRow
	if err := all(&rows, institutionColumns+where.Text()+" ORDER BY id", where.Args()...); err != nil {
		return err
	}
	list, err := joinInstitutions(all, rows)
	i.institutions = map[string][]core.Institution{}
	for _, in := range list {
		name := core.FoldName(in.Name)
		i.institutions[name] = append(i.institutions[name], in)
	}
	return err
}

// place returns the institution of a row. Of several with its name it is that of the community that was chosen, where a
// name is one institution's.
func (i *memberImporter) place(row *core.ImportRow) (in core.Institution, ok bool) {
	name := core.ImportedInstitution(row.Values)
	named := i.institutions[core.FoldName(name)]
	at := slices.IndexFunc(named, func(in core.Institution) bool { return slices.Contains(in.Communities, i.community.ID) })
	switch {
	case len(named) == 0:
		row.Fail("institution", "没有这个机构", "没有机构“"+name+"”，或不在您管理的范围；请核对名称，或先在“机构管理”添加")
		return in, false
	case len(named) > 1 && at < 0:
		row.Fail("institution", "机构同名", "有几个机构叫“"+name+"”；请选择它进入的小区，再上传")
		return in, false
	}
	in = named[max(at, 0)]
	switch {
	case institutionWholly(i.scope, in) != nil:
		row.Fail("institution", "还进入其他小区", "该机构还进入您管理范围以外的小区，请由上级管理员导入")
		return in, false
	case !in.Disabled.IsZero():
		row.Fail("institution", "机构已停用", "机构“"+in.Name+"”已停用；请先启用，再导入它的成员")
		return in, false
	}
	return in, true
}

// memberKey is the digest of a number, of the phone or of an identity, with the institution in which it is one member's.
type memberKey struct {
	institution core.ID
	mac         string
}

// knownMembers are members of the register by their numbers.
type knownMembers struct{ live, off map[memberKey]core.Member }

func (i *memberImporter) judge(all readAll, rows []core.ImportRow) error {
	known, err := i.known(all, rows)
	if err != nil {
		return err
	}
	for n := range rows {
		row := &rows[n]
		if len(row.Wrong) > 0 || row.Verdict != "" {
			continue
		}
		i.judgeRow(row, known)
		if row.Target == 0 || len(row.Wrong) > 0 {
			continue
		}
		if first, taken := i.targets[row.Target]; taken {
			row.Fail("", "与另一行是同一成员", fmt.Sprintf("与第 %d 行对应同一位已登记的成员；请只留一行", first))
			continue
		}
		i.targets[row.Target] = row.Number
	}
	return nil
}

// known returns the members with the numbers of rows, of any institution of the scope.
func (i *memberImporter) known(all readAll, rows []core.ImportRow) (knownMembers, error) {
	found := knownMembers{live: map[memberKey]core.Member{}, off: map[memberKey]core.Member{}}
	macs := map[string][]any{}
	for _, row := range rows {
		if len(row.Wrong) == 0 {
			phone, idno := i.macs(core.ImportedMember(row.Values))
			macs["phone_mac"] = append(macs["phone_mac"], phone)
			if idno != "" {
				macs["idno_mac"] = append(macs["idno_mac"], idno)
			}
		}
	}
	for column, some := range macs {
		err := database.EachPart(some, func(part []any) error {
			where := institutionsWithin(i.scope, "institution_id")
			where.And(column+" IN ("+database.Placeholders(len(part))+")", part...)
			var rows []memberRow
			err := all(&rows, memberColumns+where.Text()+" ORDER BY id", where.Args()...)
			for _, row := range rows {
				found.put(i, row.whole(i.store.db.Reveal))
			}
			return err
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// macs returns the digests of a member's numbers; "" = there is no ID number.
func (i *memberImporter) macs(m core.Member) (phone, idno string) {
	if m.IDNumber != "" {
		idno = i.store.db.Keys().Digest("idno", m.IDNumber)
	}
	return i.store.db.Keys().Digest("phone", m.Phone), idno
}

// put adds a member; of several with a number the first stays.
func (k knownMembers) put(i *memberImporter, m core.Member) {
	into := k.live
	if !m.Disabled.IsZero() {
		into = k.off
	}
	phone, idno := i.macs(m)
	for _, mac := range []string{phone, idno} {
		key := memberKey{m.Institution, mac}
		if _, there := into[key]; mac != "" && !there {
			into[key] = m
		}
	}
}

// find returns the member whom a row is about: by the phone number, then by the ID number. The zero member = nobody. Two who
// are known, one with another name, and one who was disabled are errors: somebody must look at them.
func (k knownMembers) find(i *memberImporter, m core.Member) (core.Member, core.ImportMatch, error) {
	phone, idno := i.macs(m)
	byPhone, hasPhone := k.live[memberKey{m.Institution, phone}]
	byID, hasID := k.live[memberKey{m.Institution, idno}]
	same := func(held core.Member) bool { return core.FoldName(held.Name) == core.FoldName(m.Name) }
	switch {
	case hasPhone && hasID && byPhone.ID != byID.ID:
		return core.Member{}, "", core.Conflict("手机号是成员“" + byPhone.Name + "”的，身份证号是成员“" + byID.Name + "”的；请核对")
	case hasPhone && !same(byPhone):
		return core.Member{}, "", core.Conflict("手机号已是该机构的成员“" + byPhone.Name + "”")
	case hasPhone:
		return byPhone, core.ByPhone, nil
	case hasID && !same(byID):
		return core.Member{}, "", core.Conflict("身份证号已是该机构的成员“" + byID.Name + "”")
	case hasID:
		return byID, core.ByIDNumber, nil
	}
	for _, mac := range []string{phone, idno} {
		if held, there := k.off[memberKey{m.Institution, mac}]; there && mac != "" && same(held) {
			return core.Member{}, "", core.Conflict("该成员在该机构已停用；要恢复，请到成员页启用")
		}
	}
	return core.Member{}, "", nil
}

// judgeRow judges one row by the register. It returns the member whom it is about, and the institution.
func (i *memberImporter) judgeRow(row *core.ImportRow, known knownMembers) (held core.Member, in core.Institution) {
	in, ok := i.place(row)
	if !ok {
		return held, in
	}
	core.PlaceMember(row, in.Name, 0)
	m := core.ImportedMember(row.Values)
	m.Institution = in.ID
	held, by, err := known.find(i, m)
	if err != nil {
		row.Fail("", "与登记冲突", core.MessageOf(err))
		return held, in
	}
	today := core.DayOf(i.store.Now(), i.store.zone)
	if held.ID == 0 {
		i.judgeNew(row, in, today)
		return held, in
	}
	held.InstitutionName = in.Name
	row.Match, row.Target = by, held.ID
	was := core.MemberImportValues(held)
	merged := core.MergeMember(was, row.Values, core.ImportUpdate)
	if slices.Equal(merged, was) {
		row.Verdict = core.ImportSame
		return held, in
	}
	after := core.ImportedMember(merged)
	after.Institution = in.ID
	if err := after.Check(today); err != nil {
		core.FailMember(row, fieldsOf(err))
		return held, in
	}
	row.Change(was, core.MergeMember(was, row.Values, core.ImportFill))
	return held, in
}

// judgeNew judges a row of somebody who is not known.
func (i *memberImporter) judgeNew(row *core.ImportRow, in core.Institution, today core.Day) {
	core.PlaceMember(row, in.Name, today)
	m := core.ImportedMember(row.Values)
	m.Institution = in.ID
	switch err := m.Check(today); {
	case m.Until == 0:
		row.Fail("until", "缺少有效期止", "新成员请填写有效期止")
	case err != nil:
		core.FailMember(row, fieldsOf(err))
	case m.Until < today:
		row.Fail("until", "有效期有误", "有效期止不能早于今天")
	default:
		row.Verdict = core.ImportNew
	}
}

func (*memberImporter) wrote(importWritten) {}

// memberImportPart is one part on its way into the register.
type memberImportPart struct {
	*memberImporter
	tx      *database.Tx
	of      importWriting
	locked  []core.ID // institutions
	added   []core.Member
	changed []memberChange
	done    importWritten
	things  []batchThing
}

// memberChange is a change of a member.
type memberChange struct{ was, is core.Member }

func (i *memberImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	p := memberImportPart{memberImporter: i, tx: tx, of: w, done: importWritten{counts: core.ImportCounts{}}}
	if err := p.lock(rows); err != nil {
		return p.done, err
	}
	known, err := i.known(tx.All, rows)
	if err != nil {
		return p.done, err
	}
	for n := range rows {
		p.judgeAgain(&rows[n], known)
	}
	for _, step := range []func() error{p.add, p.change, p.keep} {
		if err := step(); err != nil {
			return p.done, err
		}
	}
	return p.done, nil
}

// lock locks the institutions of the rows, in the order of their ids, as every act upon their members does first; then it
// reads them as they are.
func (p *memberImportPart) lock(rows []core.ImportRow) error {
	var ids []core.ID
	for _, row := range rows {
		if row.Verdict == core.ImportNew || row.Verdict == core.ImportChanged {
			for _, in := range p.institutions[core.FoldName(core.ImportedInstitution(row.Values))] {
				ids = append(ids, in.ID)
			}
		}
	}
	p.locked = sortedIDs(ids)
	if err := lockInstitutions(p.tx, p.locked); err != nil {
		return err
	}
	return p.learn(p.tx.All)
}

// lockInstitutions locks institutions whose ids are in order.
func lockInstitutions(tx *database.Tx, ids []core.ID) error {
	return database.EachPart(ids, func(part []core.ID) error {
		var locked []core.ID
		return tx.All(&locked, "SELECT id FROM institution WHERE id IN ("+database.Placeholders(len(part))+") ORDER BY id"+
			tx.Dialect().ForUpdate(), database.IDArgs(part)...)
	})
}

// judgeAgain judges a row by the register as it is now: it is written if it does what it did when it was judged.
func (p *memberImportPart) judgeAgain(row *core.ImportRow, known knownMembers) {
	skipped := row.Verdict == core.ImportChanged && p.of.imp.Choices.Known == core.ImportSkip
	switch {
	case row.Verdict == core.ImportWrong:
		return
	case skipped, row.Verdict == core.ImportSame:
		p.done.counts[string(core.ImportSame)]++
		return
	}
	now := *row
	now.Values, now.Verdict, now.Was, now.Target, now.Match = slices.Clone(row.Values), "", nil, 0, ""
	held, in := p.judgeRow(&now, known)
	_, locked := slices.BinarySearch(p.locked, in.ID)
	switch {
	case locked && now.Verdict == core.ImportNew && row.Verdict == core.ImportNew:
		m := core.ImportedMember(now.Values)
		m.ID, m.Institution, m.InstitutionName = p.tx.NewID(), in.ID, in.Name
		p.added = append(p.added, m)
		return
	case locked && now.Verdict == core.ImportChanged && row.Verdict == core.ImportChanged && now.Target == row.Target &&
		slices.Equal(now.Was, row.Was):
		values := core.MergeMember(now.Was, now.Values, p.of.imp.Choices.Known)
		if !slices.Equal(values, now.Was) {
			is := core.ImportedMember(values)
			p.changed = append(p.changed, memberChange{held, memberOver(is, held)})
			return
		}
	case now.Verdict != core.ImportSame:
		why := recordChanged(*row, now, "这名成员")
		if !locked && len(now.Wrong) == 0 {
			why = "机构的登记已修改"
		}
		failChanged(row, why)
		p.done.failed = true
		p.done.counts[string(core.ImportWrong)]++
		return
	}
	p.done.counts[string(core.ImportSame)]++
}

func (p *memberImportPart) add() error {
	if len(p.added) == 0 {
		return nil
	}
	if err := insertMembers(p.tx, p.added); err != nil {
		return err
	}
	for _, m := range p.added {
		p.things = append(p.things, batchThing{ID: m.ID, After: importedMember{Updated: p.tx.NowMS()}})
	}
	p.done.counts[string(core.ImportNew)] += len(p.added)
	return nil
}

func (p *memberImportPart) change() error {
	for _, c := range p.changed {
		updated := time.UnixMilli(p.tx.NextUpdated(c.was.Updated))
		if err := saveMember(p.tx, c.was, c.is, updated); err != nil {
			return err
		}
		p.things = append(p.things, batchThing{
			ID:     c.was.ID,
			Before: importedMember{Whole: &c.was, Updated: c.was.Updated.UnixMilli()}, After: importedMember{Updated: updated.UnixMilli()},
		})
	}
	if n := len(p.changed); n > 0 {
		p.done.counts[string(core.ImportChanged)] += n
	}
	return nil
}

// importedMember is a member as the batch of an import keeps them.
type importedMember struct {
	Whole   *core.Member `json:"whole,omitempty"` // of who was changed
	Updated int64        `json:"updated"`         // updated_at
}

// memberImportAudit is what the audit log records of an import.
type memberImportAudit struct {
	Count int     `json:"count"`
	Batch core.ID `json:"batch"`
}

// keep notes what the part has changed, so that it can be taken back.
func (p *memberImportPart) keep() error {
	if len(p.things) == 0 {
		return nil
	}
	batch, err := writeBatch(p.tx, p.of.by, core.Batch{
		ID: p.of.imp.Batch, Community: p.community.ID, Kind: core.BatchImportMembers,
	}, p.things)
	if err != nil {
		return err
	}
	p.done.batch = batch.ID
	return audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.community.ID, Action: "member.import", Subject: audit.Target("community", p.community.ID),
		After: memberImportAudit{len(p.things), batch.ID},
	})
}
