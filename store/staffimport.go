package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// staffImporter judges and writes rows of staff, within the communities of who imports them.
type staffImporter struct {
	store       *Store
	chosen      core.Community // that new staff serve whose row names none
	scope       core.Scope
	communities map[string]core.Community // by their names, folded
	names       map[core.ID]string
}

func beginStaffImport(ctx context.Context, s *Store, at importAt) (importer, error) {
	i := &staffImporter{store: s, chosen: at.community, scope: at.scope}
	return i, i.learn(s.allOf(ctx))
}

// learn reads the communities as they are now.
func (i *staffImporter) learn(all readAll) error {
	i.communities, i.names = map[string]core.Community{}, map[core.ID]string{}
	communities, err := readCommunities(all, i.scope)
	for _, c := range communities {
		i.communities[core.FoldName(c.Name)], i.names[c.ID] = c, c.Name
	}
	return err
}

// knownStaff is somebody who works here, with the values that a row is compared with.
type knownStaff struct {
	core.Staff
	values []string
}

func (i *staffImporter) judge(all readAll, rows []core.ImportRow) error {
	for n := range rows {
		if row := &rows[n]; len(row.Wrong) == 0 && row.Verdict == "" {
			i.serve(row)
		}
	}
	known, err := i.known(all, rows)
	if err != nil {
		return err
	}
	for n := range rows {
		if row := &rows[n]; len(row.Wrong) == 0 && row.Verdict == "" {
			i.judgeRow(row, known)
		}
	}
	return nil
}

// serve finds the communities of a row. One that names none says nothing of them.
func (i *staffImporter) serve(row *core.ImportRow) {
	var names []string
	for _, name := range core.ReadImportedStaff(row.Values).Communities {
		c, ok := i.communities[core.FoldName(name)]
		if !ok {
			row.Fail("communities", "没有这个小区", "没有小区“"+name+"”，或不在您管理的范围")
			return
		}
		names = append(names, c.Name)
	}
	core.ServeCommunities(row, names)
}

// known returns those who work here with the numbers of rows, by digest.
func (i *staffImporter) known(all readAll, rows []core.ImportRow) (map[string]knownStaff, error) {
	var macs []any
	for _, row := range rows {
		if len(row.Wrong) == 0 {
			macs = append(macs, i.mac(row))
		}
	}
	departments, err := readDepartments(all)
	if err != nil {
		return nil, err
	}
	tree, found := core.NewDepartmentTree(departments), map[string]knownStaff{}
	err = database.EachPart(macs, func(part []any) error {
		var rows []staffRow
		err := all(&rows, staffColumns+"left_at IS NULL AND phone_mac IN ("+database.Placeholders(len(part))+") ORDER BY id", part...)
		if err != nil {
			return err
		}
		list := make([]core.Staff, len(rows))
		for n, row := range rows {
			list[n] = row.whole(i.store.db.Reveal)
		}
		if err := joinStaff(list, all); err != nil {
			return err
		}
		for _, m := range list {
			found[i.store.db.Keys().Digest("phone", m.Phone)] = knownStaff{m, i.values(m, tree)}
		}
		return nil
	})
	return found, err
}

func (i *staffImporter) mac(row core.ImportRow) string {
	return i.store.db.Keys().Digest("phone", core.ReadImportedStaff(row.Values).Staff.Phone)
}

// values returns what a list would say of somebody: of their communities those in the scope.
func (i *staffImporter) values(m core.Staff, tree core.DepartmentTree) []string {
	var departments, communities []string
	for _, id := range m.Departments {
		if node, ok := tree.Of(id); ok {
			departments = append(departments, node.Path)
		}
	}
	for _, id := range m.Communities {
		if name, ok := i.names[id]; ok {
			communities = append(communities, name)
		}
	}
	return core.StaffImportValues(m, departments, communities)
}

// judgeRow judges one row by who works here.
func (i *staffImporter) judgeRow(row *core.ImportRow, known map[string]knownStaff) {
	held, there := known[i.mac(*row)]
	if !there {
		row.Verdict = core.ImportNew
		if row.Label == "" {
			core.ServeCommunities(row, []string{i.chosen.Name})
		}
		return
	}
	name := core.ReadImportedStaff(row.Values).Staff.Name
	visible := i.scope.Whole() || slices.ContainsFunc(held.Communities, i.scope.Has)
	switch {
	case !visible:
		row.Fail("phone", "手机号已被使用", "手机号已是其他小区的员工，请由上级管理员办理")
		return
	case core.FoldName(name) != core.FoldName(held.Name):
		row.Fail("phone", "手机号已被使用", "手机号已是员工“"+held.Name+"”")
		return
	}
	row.Match, row.Target = core.ByPhone, held.ID
	if row.Label == "" {
		row.Label = core.CommunitiesServed(held.values)
	}
	merged := core.MergeStaff(held.values, row.Values, core.ImportUpdate, held.Corp != 0)
	if slices.Equal(merged, held.values) {
		row.Verdict = core.ImportSame
		return
	}
	if staffWholly(i.scope, held.Staff) != nil {
		row.Fail("", "还服务其他小区", "该员工还服务您管理范围以外的小区，请由上级管理员修改")
		return
	}
	row.Change(held.values, core.MergeStaff(held.values, row.Values, core.ImportFill, held.Corp != 0))
}

func (*staffImporter) wrote(importWritten) {}

// staffImportPart is one part on its way into the register.
type staffImportPart struct {
	*staffImporter
	tx          *database.Tx
	of          importWriting
	writes      []staffWrite
	departments map[string]core.ID // by path
	done        importWritten
	things      []batchThing
}

// staffWrite is somebody who is to be added or changed.
type staffWrite struct {
	values []string   // what they will be
	known  knownStaff // who is changed; zero = nobody: they are added
}

func (i *staffImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	p := staffImportPart{
		staffImporter: i, tx: tx, of: w, departments: map[string]core.ID{}, done: importWritten{counts: core.ImportCounts{}},
	}
	if err := i.learn(tx.All); err != nil {
		return p.done, err
	}
	known, err := i.known(tx.All, rows)
	if err != nil {
		return p.done, err
	}
	for n := range rows {
		p.judgeAgain(&rows[n], known)
	}
	for _, step := range []func() error{p.lock, p.lockDepartments, p.writeAll, p.keep} {
		if err := step(); err != nil {
			return p.done, err
		}
	}
	return p.done, nil
}

// judgeAgain judges a row by the register as it is now: it is to be written if it does what it did when it was judged.
func (p *staffImportPart) judgeAgain(row *core.ImportRow, known map[string]knownStaff) {
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
	if p.serve(&now); now.Verdict == "" {
		p.judgeRow(&now, known)
	}
	switch {
	case now.Verdict == core.ImportNew && row.Verdict == core.ImportNew:
		p.writes = append(p.writes, staffWrite{values: now.Values})
		return
	case now.Verdict == core.ImportChanged && row.Verdict == core.ImportChanged && now.Target == row.Target &&
		slices.Equal(now.Was, row.Was):
		held := known[p.mac(now)]
		values := core.MergeStaff(held.values, now.Values, p.of.imp.Choices.Known, held.Corp != 0)
		if !slices.Equal(values, held.values) {
			p.writes = append(p.writes, staffWrite{values, held})
			return
		}
	case now.Verdict != core.ImportSame:
		failChanged(row, recordChanged(*row, now, "这名员工"))
		p.done.failed = true
		p.done.counts[string(core.ImportWrong)]++
		return
	}
	p.done.counts[string(core.ImportSame)]++
}

// lock locks those who are changed, some in a statement and all in the order of their ids, so that two acts upon several
// never wait for each other. Who was changed after they were read makes the part start again.
func (p *staffImportPart) lock() error {
	read := map[core.ID]time.Time{}
	for _, w := range p.writes {
		if w.known.ID != 0 {
			read[w.known.ID] = w.known.Updated
		}
	}
	return database.EachPart(slices.Sorted(maps.Keys(read)), func(part []core.ID) error {
		where := staffWithin(p.scope)
		where.And("left_at IS NULL")
		where.And("id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		var rows []staffRow
		err := p.tx.All(&rows, staffColumns+where.Text()+" ORDER BY id"+p.tx.Dialect().ForUpdate(), where.Args()...)
		if err == nil && len(rows) < len(part) {
			err = database.ErrRace
		}
		for _, row := range rows {
			if err == nil && !row.Updated.Equal(read[row.ID]) {
				err = database.ErrRace
			}
		}
		return err
	})
}

// lockDepartments finds the departments of those who are written, and adds what is missing of them, in the order of their
// paths. Those that WeWork keeps are WeWork's.
func (p *staffImportPart) lockDepartments() error {
	var paths []string
	for _, w := range p.writes {
		if w.known.Corp != 0 {
			continue
		}
		for _, path := range core.ReadImportedStaff(w.values).Departments {
			paths = append(paths, strings.Join(path, "—"))
		}
	}
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		id, err := departmentOf(p.tx, strings.Split(path, "—"))
		if err != nil {
			return err
		}
		p.departments[path] = id
	}
	return nil
}

// writeAll adds and changes those who are to be written.
func (p *staffImportPart) writeAll() error {
	for _, w := range p.writes {
		act := p.change
		if w.known.ID == 0 {
			act = p.add
		}
		if err := act(w); err != nil {
			return err
		}
	}
	return nil
}

// named returns the communities that values name.
func (p *staffImportPart) named(values []string) []core.ID {
	var ids []core.ID
	for _, name := range core.ReadImportedStaff(values).Communities {
		if c, ok := p.communities[core.FoldName(name)]; ok {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// said returns what values say of a staff member but their communities.
func (p *staffImportPart) said(values []string) core.Staff {
	read := core.ReadImportedStaff(values)
	m := read.Staff
	for _, path := range read.Departments {
		if id := p.departments[strings.Join(path, "—")]; id != 0 {
			m.Departments = append(m.Departments, id)
		}
	}
	return m
}

func (p *staffImportPart) add(w staffWrite) error {
	m := p.said(w.values)
	m.ID, m.Communities = p.tx.NewID(), p.named(w.values)
	if err := insertStaff(p.tx, m); err != nil {
		return err
	}
	p.done.counts[string(core.ImportNew)]++
	p.things = append(p.things, batchThing{ID: m.ID, After: staffItem{Updated: p.tx.NowMS()}})
	return nil
}

// change writes what a row changes of somebody who works here.
func (p *staffImportPart) change(w staffWrite) error {
	old := w.known.Staff
	said := p.said(w.values)
	said.Communities = p.served(old, w.values, w.known.values)
	after := said.Over(old)
	updated := time.UnixMilli(p.tx.NextUpdated(old.Updated))
	if err := updateStaff(p.tx, p.scope, staffChange{old: old, after: after, updated: updated}); err != nil {
		return err
	}
	p.done.counts[string(core.ImportChanged)]++
	p.things = append(p.things, batchThing{
		ID: old.ID, Before: staffItem{Whole: &old, Updated: old.Updated.UnixMilli()}, After: staffItem{Updated: updated.UnixMilli()},
	})
	return nil
}

// served returns which communities of the scope somebody serves whose values are changed: those that are archived stay.
func (p *staffImportPart) served(old core.Staff, values, was []string) []core.ID {
	same := core.CommunitiesServed(values) == core.CommunitiesServed(was)
	var ids []core.ID
	for _, id := range old.Communities {
		if _, named := p.names[id]; p.scope.Has(id) && (same || !named) {
			ids = append(ids, id)
		}
	}
	if same {
		return ids
	}
	return append(ids, p.named(values)...)
}

// staffItem is a staff member as a batch keeps it.
type staffItem struct {
	Whole   *core.Staff `json:"whole,omitempty"` // of who was changed
	Updated int64       `json:"updated"`         // updated_at
}

// staffImportAudit is what the audit log records of an import.
type staffImportAudit struct {
	Count int     `json:"count"`
	Batch core.ID `json:"batch"`
}

// keep notes what the part has changed, so that it can be taken back.
func (p *staffImportPart) keep() error {
	if len(p.things) == 0 {
		return nil
	}
	batch, err := writeBatch(p.tx, p.of.by, core.Batch{
		ID: p.of.imp.Batch, Community: p.of.imp.Community, Kind: core.BatchImportStaff,
	}, p.things)
	if err != nil {
		return err
	}
	p.done.batch = batch.ID
	// The audit row's lock makes additions run one after another, so that they see each other's numbers.
	err = audit.Write(p.tx, p.of.by, audit.Entry{
		Community: p.of.imp.Community, Action: "staff.import", Subject: audit.Target("community", p.of.imp.Community),
		After: staffImportAudit{len(p.things), batch.ID},
	})
	if err != nil {
		return err
	}
	return oneStaffEachPhone(p.tx, p.things)
}

// oneStaffEachPhone starts a part again if another act has added somebody with a number of those whom the part adds
// meanwhile. The numbers of those whom it changes stay as they are, also one that two have.
func oneStaffEachPhone(tx *database.Tx, things []batchThing) error {
	var ids []core.ID
	for _, thing := range things {
		if thing.Before == nil {
			ids = append(ids, thing.ID)
		}
	}
	return database.EachPart(ids, func(part []core.ID) error {
		var twice []core.ID
		err := tx.All(&twice, `
			SELECT a.id FROM staff a
			JOIN staff b ON b.phone_mac = a.phone_mac AND b.id <> a.id AND b.left_at IS NULL
			WHERE a.left_at IS NULL AND a.phone_mac <> '' AND a.id IN (`+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		if err == nil && len(twice) > 0 {
			err = database.ErrRace
		}
		return err
	})
}
