package store

import (
	"cmp"
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// errBarred is the answer to a visitor who is on the blacklist, and to the host: it does not say why.
var errBarred error = core.Conflict("无法受理，请联系物业")

type visitorBlockRow struct {
	ID        core.ID        `db:"id"`
	Community core.ID        `db:"community_id"`
	Kind      core.BlockKind `db:"kind"`
	Cipher    string         `db:"cipher"`
	Reason    string         `db:"reason"`
	LastDay   core.Day       `db:"last_day"`
	By        string         `db:"created_by"`
}

const visitorBlockFields = "id, community_id, kind, cipher, reason, last_day, created_by"

// block returns the row, masked.
func (r visitorBlockRow) block(reveal func(column, sealed string) string) core.VisitorBlock {
	return core.VisitorBlock{
		ID: r.ID, Community: r.Community, Kind: r.Kind, Value: reveal("visitor_block.value", r.Cipher), Reason: r.Reason,
		LastDay: r.LastDay, By: r.By,
	}.Masked()
}

// visitorBlockAudit is what the audit log records of an entry, masked.
type visitorBlockAudit struct {
	Kind   core.BlockKind `json:"kind"`
	Value  string         `json:"value"`
	Reason string         `json:"reason"`
	Until  string         `json:"until,omitempty"`
	Batch  core.ID        `json:"batch,omitempty"`
}

func auditOfBlock(b core.VisitorBlock) visitorBlockAudit {
	b = b.Masked()
	a := visitorBlockAudit{Kind: b.Kind, Value: b.Value, Reason: b.Reason}
	if b.LastDay != 0 {
		a.Until = b.LastDay.String()
	}
	return a
}

// blockDigests are the names under which the kinds are digested, as those of visits are.
var blockDigests = map[core.BlockKind]string{core.BlockPhone: "phone", core.BlockID: "idno", core.BlockPlate: "plate"}

// barredFor returns why a visit's numbers are on its community's blacklist on a day, and whether one is.
func barredFor(all readAll, keys database.Keyring, v core.VisitorPass, day core.Day) (reason string, barred bool, err error) {
	var macs []any
	for kind, value := range map[core.BlockKind]string{
		core.BlockPhone: v.Phone, core.BlockID: v.IDNumber, core.BlockPlate: v.Plate,
	} {
		if value != "" && value != core.Unreadable {
			macs = append(macs, keys.Digest(blockDigests[kind], value))
		}
	}
	if len(macs) == 0 {
		return "", false, nil
	}
	var reasons []string
	err = all(&reasons, `
		SELECT reason
		FROM visitor_block
		WHERE community_id = ?
		AND mac IN (`+database.Placeholders(len(macs))+`)
		AND (last_day = 0 OR last_day >= ?)
		ORDER BY id
		LIMIT 1`, append(append([]any{int64(v.Community)}, macs...), int32(day))...)
	if err != nil || len(reasons) == 0 {
		return "", false, err
	}
	return reasons[0], true, nil
}

// WhyBarred returns why the numbers of a visit of the scope are on its community's blacklist today; "" = they are not.
func (s *Store) WhyBarred(ctx context.Context, scope core.Scope, visit core.ID) (string, error) {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var row visitorPassRow
	err := s.db.Get(ctx, &row, visitorPassColumns+"v.id = ? AND "+where, append([]any{int64(visit)}, args...)...)
	if err != nil {
		return "", database.Wrap("read a visit", database.NotFoundIfNoRows(err, noVisit))
	}
	reason, _, err := barredFor(s.db.Reads(ctx), s.db.Keys(), row.visit(s.db.Reveal), core.DayOf(s.Now(), s.zone))
	return reason, database.Wrap("read a blacklist", err)
}

// BlocksOfVisits returns the entries in effect today, masked, by which visits of the scope are barred, by visit.
func (s *Store) BlocksOfVisits(
	ctx context.Context, scope core.Scope, visits ...core.ID,
) (map[core.ID][]core.VisitorBlock, error) {
	type number struct {
		community core.ID
		mac       string
	}
	found := map[core.ID][]core.VisitorBlock{}
	within := database.Within(scope, "community_id")
	today := int32(core.DayOf(s.Now(), s.zone))
	err := database.EachPart(visits, func(part []core.ID) error {
		var numbers []struct {
			ID        core.ID `db:"id"`
			Community core.ID `db:"community_id"`
			Phone     string  `db:"phone_mac"`
			IDNumber  string  `db:"id_mac"`
			Plate     string  `db:"plate_mac"`
		}
		err := s.db.All(ctx, &numbers, "SELECT id, community_id, phone_mac, id_mac, plate_mac FROM visitor_pass WHERE "+within.Text()+
			" AND id IN ("+database.Placeholders(len(part))+")", database.AppendIDs(within.Args(), part)...)
		if err != nil {
			return err
		}
		var macs []string
		var communities []core.ID
		of := map[number][]core.ID{}
		for _, n := range numbers {
			communities = append(communities, n.Community)
			for _, mac := range []string{n.Phone, n.IDNumber, n.Plate} {
				if mac != "" {
					macs = append(macs, mac)
					of[number{n.Community, mac}] = append(of[number{n.Community, mac}], n.ID)
				}
			}
		}
		slices.Sort(communities)
		communities = slices.Compact(communities)
		return database.EachPart(macs, func(part []string) error {
			args := database.IDArgs(communities)
			for _, mac := range part {
				args = append(args, mac)
			}
			var rows []struct {
				visitorBlockRow
				Mac string `db:"mac"`
			}
			err := s.db.All(ctx, &rows, `
				SELECT `+visitorBlockFields+`, mac
				FROM visitor_block
				WHERE community_id IN (`+database.Placeholders(len(communities))+`)
				AND mac IN (`+database.Placeholders(len(part))+`)
				AND (last_day = 0 OR last_day >= ?)
				ORDER BY id`, append(args, today)...)
			for _, row := range rows {
				for _, visit := range of[number{row.Community, row.Mac}] {
					found[visit] = append(found[visit], row.block(s.db.Reveal))
				}
			}
			return err
		})
	})
	return found, database.Wrap("read who is on a blacklist", err)
}

// checkBarred refuses a visitor who is on the community's blacklist, without saying why unless the office itself asks.
func (a *inviting) checkBarred(community core.ID) error {
	v := a.visit
	v.Community = community
	reason, barred, err := barredFor(a.tx.All, a.tx.Keys(), v, core.DayOf(a.tx.Now(), a.store.zone))
	switch {
	case err != nil || !barred:
		return err
	case v.Way == core.VisitDesk:
		return core.Barred(reason)
	}
	return errBarred
}

// VisitorBlockFilter narrows a blacklist. Zero fields do not filter.
type VisitorBlockFilter struct {
	Community core.ID
	Entry     core.ID // one entry
	Keyword   string  // a whole number or plate, or part of the reason
	Page      Page
}

// VisitorBlocks lists a page of the blacklists of the communities in scope, newest first, masked.
func (s *Store) VisitorBlocks(
	ctx context.Context, scope core.Scope, f VisitorBlockFilter,
) (list []core.VisitorBlock, more bool, err error) {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.Entry != 0 {
		where.And("id = ?", int64(f.Entry))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		kind, value, err := core.ReadBlock(keyword)
		if err != nil {
			kind = core.BlockPlate // other text is looked for in the reasons alone
		}
		where.And("(mac = ? OR reason LIKE ? ESCAPE '!')", s.db.Keys().Digest(blockDigests[kind], value), database.LikeContains(keyword))
	}
	rows, more, err := readPage[visitorBlockRow](ctx, s, listQuery{
		columns: visitorBlockFields, table: "visitor_block", scope: database.Within(scope, "community_id"), filter: where,
		order: database.PageOrder{ID: "id", Desc: true},
	}, f.Page)
	list = make([]core.VisitorBlock, len(rows))
	for i, row := range rows {
		list[i] = row.block(s.db.Reveal)
	}
	return list, more, database.Wrap("list a blacklist", err)
}

// reasonsRead is of how many entries SearchVisitorBlocks reads the reasons.
const reasonsRead = 5000

// SearchVisitorBlocks finds entries of the blacklists in scope for the search box, newest first, masked: by a whole number or plate
// among all, by part of the reason among the newest. more reports whether VisitorBlocks may find others.
func (s *Store) SearchVisitorBlocks(
	ctx context.Context, scope core.Scope, text string, most int,
) (list []core.VisitorBlock, more bool, err error) {
	text = core.Clean(text)
	if text == "" {
		return nil, false, nil
	}
	rows, err := s.blocksOfNumber(ctx, scope, text, most+1)
	if err == nil {
		var told []visitorBlockRow
		told, more, err = s.blocksByReason(ctx, scope, text, most+1)
		rows = append(rows, told...) // a number may be in the reason of another entry
	}
	if err != nil {
		return nil, false, database.Wrap("search the blacklists", err)
	}
	slices.SortFunc(rows, func(a, b visitorBlockRow) int { return cmp.Compare(b.ID, a.ID) })
	rows = slices.CompactFunc(rows, func(a, b visitorBlockRow) bool { return a.ID == b.ID })
	for _, row := range rows[:min(len(rows), most)] {
		list = append(list, row.block(s.db.Reveal))
	}
	return list, more || len(rows) > most, nil
}

// blocksOfNumber returns the newest entries of a whole number or plate, none for another text.
func (s *Store) blocksOfNumber(ctx context.Context, scope core.Scope, text string, most int) (rows []visitorBlockRow, err error) {
	kind, value, err := core.ReadBlock(text)
	if err != nil {
		return nil, nil
	}
	apart, err := s.listed(ctx, scope) // the digests are in an index of each community
	if err != nil {
		return nil, err
	}
	where := database.Within(apart, "community_id")
	where.And("mac = ?", s.db.Keys().Digest(blockDigests[kind], value))
	err = s.db.All(ctx, &rows, "SELECT "+visitorBlockFields+" FROM visitor_block WHERE "+where.Text()+" ORDER BY id DESC LIMIT ?",
		where.Args(most)...)
	return rows, err
}

// blocksByReason returns the newest entries of each part of a scope with a text in the reason, of the reasonsRead newest. The parts share
// these: what a short blacklist leaves goes to the long ones. more reports whether some were not read.
func (s *Store) blocksByReason(
	ctx context.Context, scope core.Scope, text string, most int,
) (rows []visitorBlockRow, more bool, err error) {
	read := func(part core.Scope, n int) error {
		where := database.Within(part, "community_id")
		var some []visitorBlockRow
		err := s.db.All(ctx, &some, "SELECT "+visitorBlockFields+" FROM (SELECT "+visitorBlockFields+" FROM visitor_block WHERE "+
			where.Text()+" ORDER BY id DESC LIMIT ?) newest WHERE reason LIKE ? ESCAPE '!' ORDER BY id DESC LIMIT ?",
			where.Args(n, database.LikeContains(text), most)...)
		rows = append(rows, some...)
		return err
	}
	for parts, left := apartOf(scope), reasonsRead; len(parts) > 0 && !more; {
		share := left / len(parts)
		var long []core.Scope
		for _, part := range parts {
			where := database.Within(part, "community_id")
			n, err := s.countUpTo(ctx, "FROM visitor_block WHERE "+where.Text(), where.Args(), share+1)
			if err != nil {
				return nil, false, err
			}
			if n > share {
				long = append(long, part)
				continue
			}
			if left -= n; n > 0 {
				if err := read(part, n); err != nil {
					return nil, false, err
				}
			}
		}
		if more = len(long) == len(parts); more {
			for _, part := range long {
				if err := read(part, share); err != nil {
					return nil, false, err
				}
			}
		}
		parts = long
	}
	return rows, more, nil
}

// apartOf returns the communities of a scope one by one, as far as so many are worth a query each; else the scope.
func apartOf(scope core.Scope) []core.Scope {
	communities := scope.Communities()
	if len(communities) == 0 || len(communities) > database.MaxApart {
		return []core.Scope{scope}
	}
	parts := make([]core.Scope, len(communities))
	for i, community := range communities {
		parts[i] = core.ScopeOf(community)
	}
	return parts
}

// VisitorBlock returns an entry of the scope, masked.
func (s *Store) VisitorBlock(ctx context.Context, scope core.Scope, id core.ID) (core.VisitorBlock, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row visitorBlockRow
	err := s.db.Get(ctx, &row, "SELECT "+visitorBlockFields+" FROM visitor_block WHERE id = ? AND "+where,
		append([]any{int64(id)}, args...)...)
	return row.block(s.db.Reveal), database.Wrap("read a blacklist", database.NotFoundIfNoRows(err, noBlock))
}

// noBlock is the message for an entry that does not exist or is out of scope.
const noBlock = "黑名单里没有这一条"

// visitorBlockItem is what an entry was or became, as a batch keeps it: no number.
type visitorBlockItem struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"`
	By     string `json:"by"`
}

func itemOfBlock(b core.VisitorBlock) visitorBlockItem {
	return visitorBlockItem{Reason: b.Reason, Until: auditOfBlock(b).Until, By: b.By}
}

// PlanVisitorBlocks returns what adding entries to the blacklist of a community of the scope would do, for a question.
func (s *Store) PlanVisitorBlocks(
	ctx context.Context, scope core.Scope, community core.ID, blocks []core.VisitorBlock,
) (core.BlockChange, error) {
	var plan core.BlockChange
	if _, err := s.Community(ctx, scope, community); err != nil {
		return plan, err
	}
	macs := make([]string, len(blocks))
	for i, b := range blocks {
		plan.Blocks = append(plan.Blocks, b.Masked())
		macs[i] = s.db.Keys().Digest(blockDigests[b.Kind], b.Value)
	}
	var rows []visitorBlockRow
	passes := map[core.ID]bool{}
	for part := range slices.Chunk(macs, blockPart) {
		in := " IN (" + database.Placeholders(len(part)) + ")"
		args := []any{int64(community)}
		for _, mac := range part {
			args = append(args, mac)
		}
		var known []visitorBlockRow
		query := "SELECT " + visitorBlockFields + " FROM visitor_block WHERE community_id = ? AND mac" + in + " ORDER BY id"
		if err := s.db.All(ctx, &known, query, args...); err != nil {
			return plan, database.Wrap("read who is on a blacklist", err)
		}
		rows = append(rows, known...)
		for _, column := range []string{"phone_mac", "id_mac", "plate_mac"} {
			var ids []core.ID
			err := s.db.All(ctx, &ids, `
				SELECT id
				FROM visitor_pass
				WHERE community_id = ?
				AND `+column+in+`
				AND until_at > ?
				AND answer = 'granted'
				AND revoked_at IS NULL`, append(args, s.Now().UnixMilli())...)
			if err != nil {
				return plan, database.Wrap("count passes of a blacklist", err)
			}
			for _, id := range ids {
				passes[id] = true
			}
		}
	}
	for _, row := range rows {
		plan.Known = append(plan.Known, row.block(s.db.Reveal))
	}
	plan.Passes = len(passes)
	return plan, nil
}

// blockPart is how many numbers are looked up at a time.
const blockPart = 200

// BlocksMade is what adding to a blacklist has done.
type BlocksMade struct {
	Added int // that were not on it
	Batch core.Batch
}

// CreateVisitorBlocks adds entries to the blacklist of a community of the scope. Those that are on it get the new reason and end.
// A pass that a visitor has already lets them in no more.
func (s *Store) CreateVisitorBlocks(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, blocks []core.VisitorBlock,
) (made BlocksMade, err error) {
	err = s.db.Write(ctx, "add to a blacklist", func(tx *database.Tx) error {
		made, err = writeBlocks(tx, by, scope, core.Batch{Community: community, Kind: core.BatchBlocks}, blocks)
		return err
	})
	return made, err
}

// writeBlocks adds entries to the blacklist of a batch's community, within the scope, and keeps in the batch what each was. A batch
// with an id is continued, as writeBatch does.
func writeBlocks(
	tx *database.Tx, by core.Actor, scope core.Scope, batch core.Batch, blocks []core.VisitorBlock,
) (made BlocksMade, err error) {
	made, entries, err := putBlocks(tx, by, scope, batch, blocks)
	for _, entry := range entries {
		if err == nil {
			err = audit.Write(tx, by, entry)
		}
	}
	return made, err
}

// putBlocks is writeBlocks without the audit log, for which it returns an entry for each.
func putBlocks(
	tx *database.Tx, by core.Actor, scope core.Scope, batch core.Batch, blocks []core.VisitorBlock,
) (made BlocksMade, entries []audit.Entry, err error) {
	if !scope.Has(batch.Community) {
		return made, nil, core.NotFound(noCommunity)
	}
	var locked core.ID
	if err := tx.Get(&locked, "SELECT id FROM community WHERE id = ? AND archived_at IS NULL"+tx.Dialect().ForUpdate(),
		int64(batch.Community)); err != nil {
		return made, nil, database.NotFoundIfNoRows(err, noCommunity)
	}
	var things []batchThing
	seen := map[string]bool{}
	for _, b := range blocks {
		b.Community, b.By = batch.Community, by.Name
		mac := tx.Keys().Digest(blockDigests[b.Kind], b.Value)
		if seen[mac] {
			continue // the batch has each once
		}
		seen[mac] = true
		was, err := addBlock(tx, &b, mac)
		if err != nil {
			return made, nil, err
		}
		thing := batchThing{ID: b.ID, After: itemOfBlock(b)}
		entry := audit.Entry{Community: b.Community, Action: "visitorblock.create", Subject: audit.Target("visitorblock", b.ID)}
		if was == nil {
			made.Added++
		} else {
			thing.Before, entry.Action, entry.Before = itemOfBlock(*was), "visitorblock.update", auditOfBlock(*was)
		}
		entry.After = auditOfBlock(b)
		things, entries = append(things, thing), append(entries, entry)
	}
	if made.Batch, err = writeBatch(tx, by, batch, things); err != nil {
		return made, nil, err
	}
	for i := range entries {
		after, _ := entries[i].After.(visitorBlockAudit)
		after.Batch = made.Batch.ID
		entries[i].After = after
	}
	return made, entries, nil
}

// addBlock adds one entry, or changes the one that has its number, which it returns as it was; nil = there was none. The community
// is locked.
func addBlock(tx *database.Tx, b *core.VisitorBlock, mac string) (was *core.VisitorBlock, err error) {
	var rows []visitorBlockRow
	if err := tx.All(&rows, "SELECT "+visitorBlockFields+" FROM visitor_block WHERE community_id = ? AND mac = ?",
		int64(b.Community), mac); err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		known := rows[0].block(tx.Reveal)
		b.ID = known.ID
		_, err = tx.Exec("UPDATE visitor_block SET reason = ?, last_day = ?, created_by = ? WHERE id = ?",
			b.Reason, int32(b.LastDay), b.By, int64(b.ID))
		return &known, err
	}
	sealed, err := tx.Keys().Seal("visitor_block.value", b.Value)
	if err != nil {
		return nil, err
	}
	b.ID = tx.NewID()
	_, err = tx.Exec(`
		INSERT INTO visitor_block (id, community_id, kind, cipher, mac, reason, last_day, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(b.ID), int64(b.Community), string(b.Kind), sealed, mac, b.Reason, int32(b.LastDay), b.By, tx.NowMS())
	return nil, err
}

// undoBlocks takes entries off a blacklist that were added to it, and puts back the reason and the end of those that were on it,
// unless they were changed since.
func undoBlocks(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var was, became visitorBlockItem
		if err := readBatchText(item.Before, &was); err != nil {
			return err
		}
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		var rows []visitorBlockRow
		query := "SELECT " + visitorBlockFields + " FROM visitor_block WHERE id = ?" + u.tx.Dialect().ForUpdate()
		err := u.tx.All(&rows, query, int64(item.Thing))
		switch {
		case err != nil:
			return err
		case len(rows) == 0:
			u.keep(item.Thing, core.BatchGone)
			return nil
		case itemOfBlock(rows[0].block(u.tx.Reveal)) != became:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		case item.Before == "":
			_, err := u.tx.Exec("DELETE FROM visitor_block WHERE id = ?", int64(item.Thing))
			return err
		}
		day, err := lastDayOf(was.Until)
		if err != nil {
			return err
		}
		_, err = u.tx.Exec("UPDATE visitor_block SET reason = ?, last_day = ?, created_by = ? WHERE id = ?",
			was.Reason, int32(day), was.By, int64(item.Thing))
		return err
	})
}

// BlocksOfVisit returns the numbers of a visit of the scope as entries of its community's blacklist, unmasked; a conflict if it
// has none.
func (s *Store) BlocksOfVisit(ctx context.Context, scope core.Scope, id core.ID) ([]core.VisitorBlock, error) {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var row visitorPassRow
	err := s.db.Get(ctx, &row, visitorPassColumns+"v.id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return nil, database.Wrap("read a visit", database.NotFoundIfNoRows(err, noVisit))
	}
	v := row.visit(s.db.Reveal)
	var blocks []core.VisitorBlock
	for _, b := range []core.VisitorBlock{
		{Kind: core.BlockPhone, Value: v.Phone}, {Kind: core.BlockID, Value: v.IDNumber}, {Kind: core.BlockPlate, Value: v.Plate},
	} {
		if b.Value != "" && b.Value != core.Unreadable {
			b.Community = v.Community
			blocks = append(blocks, b)
		}
	}
	if len(blocks) == 0 {
		return nil, core.Conflict("这位访客没有手机号、证件号或车牌，不能加入黑名单")
	}
	return blocks, nil
}

// RemoveVisitorBlock takes an entry of the scope off the blacklist.
func (s *Store) RemoveVisitorBlock(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove from a blacklist", func(tx *database.Tx) error {
		where, args := database.ScopeWhere(scope, "community_id")
		var row visitorBlockRow
		if err := tx.Get(&row, "SELECT "+visitorBlockFields+" FROM visitor_block WHERE id = ? AND "+where,
			append([]any{int64(id)}, args...)...); err != nil {
			return database.NotFoundIfNoRows(err, noBlock)
		}
		if err := tx.ExecOne(core.NotFound(noBlock), "DELETE FROM visitor_block WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: row.Community, Action: "visitorblock.remove", Subject: audit.Target("visitorblock", id),
			Before: auditOfBlock(row.block(tx.Reveal)),
		})
	})
}

// deleteVisitorBlocks deletes the blacklist of a community that is deleted.
func deleteVisitorBlocks(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM visitor_block WHERE community_id = ?", int64(community))
	return err
}
