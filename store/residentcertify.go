package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// residentCertificationAudit is what the audit log records of a certification at the desk and of its
// withdrawal.
type residentCertificationAudit struct {
	House    string            `json:"house"`
	Name     string            `json:"name"`
	How      core.CertifiedHow `json:"how"`
	Note     string            `json:"note,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Verified bool              `json:"certified"`
}

// CertifyResident certifies a resident of the scope who lives there, whose documents the account has
// seen, and creates the pass; it returns the resident's new Updated. One who is certified is a conflict;
// shown is the resident's Updated as the account saw it, see core.Stale.
func (s *Store) CertifyResident(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, shown time.Time, how core.Certification,
) (updated time.Time, err error) {
	if how, err = how.Checked(); err != nil {
		return updated, err
	}
	how.By = by.Name
	err = s.db.Write(ctx, "certify resident", func(tx *database.Tx) error {
		row, r, err := lockResident(tx, scope, id)
		if err != nil {
			return err
		}
		if !r.Certified.IsZero() {
			return core.Conflict("“" + r.Name + "”已经认证，无需再核验")
		}
		if err := database.CheckUnchanged(shown, r.Updated); err != nil {
			return err
		}
		r.Certified, r.Desk = tx.Now(), how
		if updated, err = saveResident(tx, r); err != nil {
			return err
		}
		if err := createPasses(tx, []core.Resident{r}); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "resident.certify", Subject: audit.Target("resident", id),
			After: residentCertificationAudit{House: row.Label, Name: r.Name, How: how.How, Note: how.Note, Verified: true},
		})
	})
	return updated, err
}

// Withdrawal takes back the certification of a resident at the desk.
type Withdrawal struct {
	Resident core.ID
	Shown    time.Time // the resident's Updated as the account saw it; see core.Stale
	Reason   string
}

// WithdrawCertification takes back a certification at the desk: the pass cannot be used from that
// moment. A resident who has confirmed number and name in WeChat stays certified by that, which
// certified reports. Somebody whom WeChat alone certified is a conflict.
func (s *Store) WithdrawCertification(
	ctx context.Context, by core.Actor, scope core.Scope, w Withdrawal,
) (certified bool, err error) {
	reason, err := core.CheckedWithdrawal(w.Reason)
	if err != nil {
		return false, err
	}
	err = s.db.Write(ctx, "withdraw certification", func(tx *database.Tx) error {
		row, r, err := lockResident(tx, scope, w.Resident)
		if err != nil {
			return err
		}
		if r.Certified.IsZero() || r.Desk.How == "" {
			return core.Conflict("“" + r.Name + "”没有现场核验，不能撤销")
		}
		if err := database.CheckUnchanged(w.Shown, r.Updated); err != nil {
			return err
		}
		names, err := confirmedNames(tx, []core.ID{r.Person})
		if err != nil {
			return err
		}
		before := r.Desk
		if certified = slices.Contains(names[r.Person], core.FoldName(r.Name)); !certified {
			r.Certified = time.Time{}
		}
		r.Desk = core.Certification{}
		if _, err := saveResident(tx, r); err != nil {
			return err
		}
		was := residentCertificationAudit{House: row.Label, Name: r.Name, How: before.How, Note: before.Note, Verified: true}
		now := was
		now.Reason, now.Verified = reason, certified
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "resident.withdraw", Subject: audit.Target("resident", w.Resident),
			Before: was, After: now,
		})
	})
	return certified, err
}

// homesOfName returns where a person lives under a name.
func homesOfName(tx *database.Tx, person core.ID, fold string) ([]core.Resident, error) {
	var rows []struct {
		ID        core.ID `db:"id"`
		Community core.ID `db:"community_id"`
	}
	err := tx.All(&rows, "SELECT id, community_id FROM resident WHERE person_id = ? AND name_fold = ? AND moved_out_at IS NULL ORDER BY id",
		int64(person), fold)
	residents := make([]core.Resident, len(rows))
	for i, row := range rows {
		residents[i] = core.Resident{ID: row.ID, Community: row.Community, Person: person}
	}
	return residents, err
}

// certifyHomes certifies them, by WeChat.
func certifyHomes(tx *database.Tx, person core.ID, fold string) error {
	_, err := tx.Exec(`
		UPDATE resident
		SET certified_at = ?,
			certified_how = '',
			certified_by = '',
			certified_note = ''
		WHERE person_id = ?
		AND name_fold = ?
		AND certified_at IS NULL
		AND moved_out_at IS NULL`,
		tx.NowMS(), int64(person), fold)
	return err
}

// certifyHome certifies one of them.
func certifyHome(tx *database.Tx, resident core.ID) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE resident
		SET certified_at = ?,
			certified_how = '',
			certified_by = '',
			certified_note = ''
		WHERE id = ?
		AND certified_at IS NULL
		AND moved_out_at IS NULL`, tx.NowMS(), int64(resident))
}
