package store

import (
	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// urgentRelease is an attempt that a guard released urgently, for the audit log.
type urgentRelease struct {
	attempt ScanAttempt
	outcome ScanOutcome
}

// why returns the guard's reason.
func (u urgentRelease) why() string {
	if u.attempt.Late != nil {
		return u.attempt.Late.Reason
	}
	return u.attempt.UrgentFor
}

// maxNote is the width of access_record.note.
const maxNote = 200

// noteOf returns the words that a record keeps beside its reason. Those of an urgent release name the
// rule that it overruled.
func noteOf(a ScanAttempt, d core.Decision) string {
	switch {
	case a.Late != nil:
		return cutText(a.Late.note(d), maxNote)
	case d.Overruled != "" && a.ItemWords != "":
		return cutText(a.UrgentFor+"（"+d.Overruled.Sentence()+"）："+a.ItemWords, maxNote)
	case d.Overruled != "":
		return a.UrgentFor + "（" + d.Overruled.Sentence() + "）"
	case d.Allowed && a.ItemWords != "":
		return cutText(a.ItemWords, maxNote)
	}
	if a.Vouched != "" && d.Allowed {
		return "由" + a.Vouched + "代办"
	}
	return a.RefusedFor + a.Unread
}

// accessRecordUrgentAudit is what the audit log records of an urgent release; the record itself names the person.
type accessRecordUrgentAudit struct {
	Gate      string `json:"gate"`
	Direction string `json:"direction"`
	Label     string `json:"label"`
	Reason    string `json:"reason"`
	Note      string `json:"note"`
}

// auditUrgent writes the audit rows of the batch's urgent releases, in the transaction of their records:
// there is no urgent release that is not in the audit log.
func (p *scanPlan) auditUrgent(tx *database.Tx) error {
	for _, u := range p.urgent {
		r := u.outcome.Record
		if err := audit.Write(tx, u.attempt.By, audit.Entry{
			Community: r.Community, Action: "accessrecord.urgent", Subject: audit.Target("accessrecord", r.ID),
			After: accessRecordUrgentAudit{
				Gate: r.Gate, Direction: string(r.Direction), Label: r.HouseLabel,
				Reason: string(u.outcome.Decision.Overruled), Note: u.why(),
			},
		}); err != nil {
			return err
		}
	}
	return nil
}
