package store

import (
	"context"

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

// checkBarred refuses a visitor who is on the community's blacklist, without saying why.
func (a *inviting) checkBarred(community core.ID) error {
	v := a.visit
	v.Community = community
	_, barred, err := barredFor(a.tx.All, a.tx.Keys(), v, core.DayOf(a.tx.Now(), a.store.zone))
	if err == nil && barred {
		err = errBarred
	}
	return err
}

// VisitorBlockFilter narrows a blacklist. Zero fields do not filter.
type VisitorBlockFilter struct {
	Community core.ID
	Keyword   string // a whole number or plate, or part of the reason
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
	if keyword := core.Clean(f.Keyword); keyword != "" {
		if kind, value, err := core.ReadBlock(keyword); err == nil && kind != core.BlockPlate {
			where.And("mac = ?", s.db.Keys().Digest(blockDigests[kind], value))
		} else {
			where.And("(mac = ? OR reason LIKE ? ESCAPE '!')", s.db.Keys().Digest("plate", value), database.LikeContains(keyword))
		}
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

// CreateVisitorBlocks adds entries to the blacklist of a community of the scope, and returns how many were not on it. Those that
// are get the new reason and end. A pass that a visitor has already lets them in no more.
func (s *Store) CreateVisitorBlocks(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, blocks []core.VisitorBlock,
) (added int, err error) {
	if !scope.Has(community) {
		return 0, core.NotFound(noCommunity)
	}
	err = s.db.Write(ctx, "add to a blacklist", func(tx *database.Tx) error {
		added = 0
		var locked core.ID
		if err := tx.Get(&locked, "SELECT id FROM community WHERE id = ? AND archived_at IS NULL"+tx.Dialect().ForUpdate(),
			int64(community)); err != nil {
			return database.NotFoundIfNoRows(err, noCommunity)
		}
		for _, b := range blocks {
			b.Community, b.By = community, by.Name
			isNew, err := addBlock(tx, by, b)
			if err != nil {
				return err
			}
			if isNew {
				added++
			}
		}
		return nil
	})
	return added, err
}

// addBlock adds one entry, or changes the one that has its number. The community is locked.
func addBlock(tx *database.Tx, by core.Actor, b core.VisitorBlock) (isNew bool, err error) {
	sealed, err := tx.Keys().Seal("visitor_block.value", b.Value)
	if err != nil {
		return false, err
	}
	mac := tx.Keys().Digest(blockDigests[b.Kind], b.Value)
	var ids []core.ID
	if err := tx.All(&ids, "SELECT id FROM visitor_block WHERE community_id = ? AND mac = ?", int64(b.Community), mac); err != nil {
		return false, err
	}
	if isNew = len(ids) == 0; isNew {
		b.ID = tx.NewID()
		_, err = tx.Exec(`
			INSERT INTO visitor_block (id, community_id, kind, cipher, mac, reason, last_day, created_by, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			int64(b.ID), int64(b.Community), string(b.Kind), sealed, mac, b.Reason, int32(b.LastDay), b.By, tx.NowMS())
	} else {
		b.ID = ids[0]
		_, err = tx.Exec("UPDATE visitor_block SET reason = ?, last_day = ?, created_by = ? WHERE id = ?",
			b.Reason, int32(b.LastDay), b.By, int64(b.ID))
	}
	if err != nil {
		return isNew, err
	}
	return isNew, audit.Write(tx, by, audit.Entry{
		Community: b.Community, Action: "visitorblock.create", Subject: audit.Target("visitorblock", b.ID), After: auditOfBlock(b),
	})
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
