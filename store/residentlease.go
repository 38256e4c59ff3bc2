package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// leasesAtOnce is how many leases one transaction ends or tells of.
const leasesAtOnce = 100

// leaseRow is a tenant whose lease is over, or soon will be.
type leaseRow struct {
	ID        core.ID  `db:"id"`
	Community core.ID  `db:"community_id"`
	House     core.ID  `db:"house_id"`
	LeaseDay  core.Day `db:"lease_day"`
	Label     string   `db:"label"`
}

// leases returns the next tenants of a condition on t whose last day is in a range.
func leases(all readAll, from, to core.Day, condition string) ([]leaseRow, error) {
	var rows []leaseRow
	err := all(&rows, `
		SELECT t.id, t.community_id, t.house_id, t.lease_day, h.label
		FROM resident t
		JOIN house h ON h.id = t.house_id
		WHERE t.lease_day >= ? AND t.lease_day <= ? AND t.moved_out_at IS NULL AND t.identity = ? AND `+condition+`
		ORDER BY t.lease_day, t.id
		LIMIT ?`, int32(from), int32(to), string(core.Lodger), leasesAtOnce)
	return rows, err
}

const (
	leaseNotEnded  = "(t.lease_ended IS NULL OR t.lease_ended <> t.lease_day)"
	leaseNotWarned = "(t.lease_warned IS NULL OR t.lease_warned <> t.lease_day)"
)

// EndLeases moves fixed-term tenants out whose last day is over, and with that ends their passes, as the program
// itself. It does so once for each last day: who is restored stays, though doors refuse them until the lease is
// prolonged. Two servers at once end each lease once.
func (s *Store) EndLeases(ctx context.Context) error {
	for {
		n := 0
		err := s.db.Write(ctx, "end leases", func(tx *database.Tx) error {
			n = 0
			rows, err := leases(tx.All, 1, core.DayOf(tx.Now(), s.zone)-1, leaseNotEnded)
			if err != nil {
				return err
			}
			n = len(rows)
			return endLeases(tx, rows)
		})
		if err != nil || n < leasesAtOnce {
			return err
		}
	}
}

func endLeases(tx *database.Tx, rows []leaseRow) error {
	things := map[core.ID][]batchThing{}
	var communities []core.ID
	for _, row := range rows {
		n, err := tx.Exec(
			"UPDATE resident SET lease_ended = lease_day WHERE id = ? AND lease_day = ? AND moved_out_at IS NULL AND identity = ?"+
				" AND (lease_ended IS NULL OR lease_ended <> lease_day)",
			int64(row.ID), int32(row.LeaseDay), string(core.Lodger),
		)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // prolonged, moved out, or ended by another server meanwhile
		}
		old, err := moveOut(tx, core.System, core.Everywhere, row.ID)
		if err != nil {
			return err
		}
		if things[row.Community] == nil {
			communities = append(communities, row.Community)
		}
		things[row.Community] = append(things[row.Community], batchThing{
			ID:     row.ID,
			Before: residentItem{Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
			After:  residentItem{MovedOut: tx.NowMS(), Updated: tx.NextUpdated(old.Updated)},
		})
		if err := tellOfLease(tx, row, "租约已到期，已按迁出处理："); err != nil {
			return err
		}
	}
	_, err := writeBatches(tx, core.System, core.BatchMoveOut, communities, things)
	return err
}

// WarnLeases tells tenants whose last day is at most core.LeaseWarning days away, the certified owners of their houses,
// and the office, once for each last day.
func (s *Store) WarnLeases(ctx context.Context) error {
	for {
		n := 0
		err := s.db.Write(ctx, "warn of leases", func(tx *database.Tx) error {
			n = 0
			today := core.DayOf(tx.Now(), s.zone)
			rows, err := leases(tx.All, today, today+core.LeaseWarning, leaseNotWarned)
			if err != nil {
				return err
			}
			n = len(rows)
			return warnLeases(tx, rows)
		})
		if err != nil || n < leasesAtOnce {
			return err
		}
	}
}

func warnLeases(tx *database.Tx, rows []leaseRow) error {
	for _, row := range rows {
		n, err := tx.Exec(
			"UPDATE resident SET lease_warned = lease_day WHERE id = ? AND lease_day = ? AND moved_out_at IS NULL"+
				" AND (lease_warned IS NULL OR lease_warned <> lease_day)",
			int64(row.ID), int32(row.LeaseDay),
		)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // another server tells of it
		}
		if err := audit.Write(tx, core.System, audit.Entry{
			Community: row.Community, Action: "resident.warn_lease", Subject: audit.Target("resident", row.ID),
			After: residentLeaseAudit{Lease: row.LeaseDay.String()},
		}); err != nil {
			return err
		}
		if err := tellOfLease(tx, row, "租约 "+row.LeaseDay.String()+" 到期："); err != nil {
			return err
		}
	}
	return nil
}

// residentLeaseAudit is what the audit log records of telling of a lease.
type residentLeaseAudit struct {
	Lease string `json:"lease"`
}

// tellOfLease tells the tenant, the house's certified owners, and the accounts that edit residents. The words name the
// house, not the tenant.
func tellOfLease(tx *database.Tx, row leaseRow, words string) error {
	title := words + row.Label
	var users []struct {
		ID   core.ID `db:"id"`
		Owns bool    `db:"owns"`
	}
	err := tx.All(&users, `
		SELECT u.id, CASE WHEN u.person_id = (SELECT t.person_id FROM resident t WHERE t.id = ?) THEN 0 ELSE 1 END AS owns
		FROM wechat_user u
		WHERE u.merged_into = 0
			AND u.person_id <> 0
			AND u.person_id IN (
				SELECT o.person_id
				FROM resident o
				WHERE o.name_fold = u.name_fold
				AND (o.id = ?
					OR o.house_id = ? AND o.identity = ? AND o.certified_at IS NOT NULL AND o.moved_out_at IS NULL)
			)
		ORDER BY u.id`, int64(row.ID), int64(row.ID), int64(row.House), string(core.Owner))
	if err != nil {
		return err
	}
	notes := make([]core.MessageNote, len(users))
	for i, user := range users {
		notes[i] = core.MessageNote{Kind: core.MessageLease, Community: row.Community, User: user.ID, Title: title, Link: "pass"}
		if user.Owns { // whose own pass has nothing to do with it
			notes[i].Link = "household"
		}
	}
	if !slices.ContainsFunc(notes, func(n core.MessageNote) bool { return n.Link == "pass" }) { // by the number alone
		notes = append(notes, core.MessageNote{
			Kind: core.MessageLease, Community: row.Community, Resident: row.ID, Title: title, Link: "pass",
		})
	}
	if err := outbox.Put(tx, notes...); err != nil {
		return err
	}
	return notifyAll(tx, core.NoticeAudience{Community: row.Community, Needs: core.PermResidentEdit}, core.Notice{
		Stem: "resident", Title: title, Link: "resident/" + row.ID.String(),
	}, core.MessageLeaseOffice)
}
