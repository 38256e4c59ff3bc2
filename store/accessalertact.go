package store

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// AccessAlertsAtOnce bounds the alerts handled by one act.
const AccessAlertsAtOnce = 200

// checkAlertsAtOnce returns ids without repetitions, unless they are none or too many.
func checkAlertsAtOnce(ids []core.ID) ([]core.ID, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > AccessAlertsAtOnce {
		return nil, core.Invalid(fmt.Sprintf("请选择 1 至 %d 条告警", AccessAlertsAtOnce))
	}
	return ids, nil
}

// AccessAlertsByID returns alerts of the scope, oldest first. One that does not exist or is out of scope
// makes it NotFound.
func (s *Store) AccessAlertsByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.AccessAlert, error) {
	ids, err := checkAlertsAtOnce(ids)
	if err != nil {
		return nil, err
	}
	within, args := database.ScopeWhere(scope, "community_id")
	var rows []accessAlertRow
	err = s.db.All(
		ctx, &rows, accessAlertColumns+within+" AND id IN ("+database.Placeholders(len(ids))+") ORDER BY id",
		database.AppendIDs(args, ids)...,
	)
	if err == nil && len(rows) != len(ids) {
		err = core.NotFound(noAlert)
	}
	list := make([]core.AccessAlert, len(rows))
	for i, row := range rows {
		list[i] = row.alert()
	}
	return list, database.Wrap("alerts by id", err)
}

// HandleAccessAlerts marks alerts of the scope as handled. The batch has those that were still open; it is
// zero if there are none. Alerts of several communities are a batch each, of which the size of all is
// returned. If one does not exist or is out of scope, nothing changes and the result is NotFound.
func (s *Store) HandleAccessAlerts(
	ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID, remark string,
) (all core.Batch, err error) {
	remark = core.Clean(remark)
	if ids, err = checkAlertsAtOnce(ids); err != nil {
		return all, err
	}
	if utf8.RuneCountInString(remark) > core.MaxAlertRemark {
		return all, core.InvalidFields(map[string]string{"remark": fmt.Sprintf("备注最多 %d 个字", core.MaxAlertRemark)})
	}
	err = s.db.Write(ctx, "handle alerts", func(tx *database.Tx) error {
		var handled []core.AccessAlert // as they were
		for _, id := range ids {
			a, err := accessAlertIn(tx.Get, scope, id)
			if err != nil {
				return err
			}
			switch err := handleAlert(tx, id, by.Name, remark); {
			case core.IsNotFound(err):
				continue // somebody else was first
			case err != nil:
				return err
			}
			handled = append(handled, a)
		}
		all, err = writeAlertBatches(tx, by, handled, remark)
		return err
	})
	return all, err
}

// accessAlertItem is an alert's state as a batch keeps it.
type accessAlertItem struct {
	State core.AccessAlertState `json:"state"`
}

// writeAlertBatches keeps alerts that were handled, a batch for each community, with their lines in the
// audit log.
func writeAlertBatches(tx *database.Tx, by core.Actor, handled []core.AccessAlert, remark string) (core.Batch, error) {
	things := map[core.ID][]batchThing{}
	var communities []core.ID
	for _, a := range handled {
		if things[a.Community] == nil {
			communities = append(communities, a.Community)
		}
		things[a.Community] = append(things[a.Community], batchThing{
			ID: a.ID, Before: accessAlertItem{core.AccessAlertOpen}, After: accessAlertItem{core.AccessAlertHandled},
		})
	}
	all, err := writeBatches(tx, by, core.BatchAlerts, communities, things)
	if err != nil {
		return all, err
	}
	for _, a := range handled {
		if err := audit.Write(tx, by, audit.Entry{
			Community: a.Community, Action: "accessalert.handle", Subject: audit.Target("accessalert", a.ID),
			After: accessAlertAudit{Kind: a.Kind, Gate: a.Gate, Remark: remark, Batch: all.ID},
		}); err != nil {
			return all, err
		}
	}
	return all, nil
}

// accessAlertAudit is what the audit log records of a handled alert.
type accessAlertAudit struct {
	Kind   core.AccessAlertKind `json:"kind"`
	Gate   string               `json:"gate"`
	Remark string               `json:"remark"`
	Batch  core.ID              `json:"batch,omitempty"` // 0 = one of several
}

// undoAccessAlerts opens alerts again. One of a kind and subject that were raised again since stays
// handled: the later alert has its events, and at most one is open. A handled alert is changed by nothing
// else, so that being handled is enough to know that it is as the batch left it.
func undoAccessAlerts(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var rows []accessAlertRow
		query := accessAlertColumns + "id = ?" + u.tx.Dialect().ForUpdate()
		if err := u.tx.All(&rows, query, int64(item.Thing)); err != nil {
			return err
		}
		switch {
		case len(rows) == 0:
			u.keep(item.Thing, core.BatchGone)
			return nil
		case rows[0].Handled.IsZero():
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		a := rows[0].alert()
		var later []core.ID
		if err := u.tx.All(
			&later, "SELECT id FROM access_alert WHERE kind = ? AND subject_id = ? AND mark > ? LIMIT 1",
			string(a.Kind), int64(a.Subject), a.Mark,
		); err != nil {
			return err
		}
		if len(later) > 0 {
			u.keep(item.Thing, core.BatchRaised)
			return nil
		}
		return reopenAlert(u.tx, a)
	})
}

func reopenAlert(tx *database.Tx, a core.AccessAlert) error {
	err := tx.ExecOne(
		core.NotFound(noAlert),
		`UPDATE access_alert
		SET handled_at = NULL, handled_by = '', remark = '', open_key = ?
		WHERE id = ?
			AND handled_at IS NOT NULL`,
		accessAlertKey(a), int64(a.ID),
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another server raised it at the same moment: try again
	}
	return err
}
