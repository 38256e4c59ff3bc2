package store

import (
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// limitSpan is a limit with the time within which applications count.
type limitSpan struct {
	within time.Duration
	max    int
}

const aDay = 24 * time.Hour

// checkLimits sets the limit that is reached, if one is. It looks at nothing that the register has, so that what it
// says tells nobody anything of it; and it is asked before the register is.
func (a *applying) checkLimits() error {
	person := []limitSpan{{aDay, core.MaxDailyCertifications}, {30 * aDay, core.MaxMonthlyCertifications}}
	house := []limitSpan{{aDay, core.MaxDailyOfHouse}, {30 * aDay, core.MaxMonthlyOfHouse}}
	for _, l := range []struct {
		per     core.CertificationPer
		subject core.ID
		spans   []limitSpan
		sent    string
		arg     any
	}{
		{core.PerApplicant, a.applicant, person, `
			FROM review r
			JOIN certification c ON c.id = r.id
			WHERE r.applicant_id = ?`, int64(a.applicant)},
		{core.PerPhone, a.person, person, "FROM certification c WHERE c.phone_mac = ?", a.tx.Keys().Digest("phone", a.request.Phone)},
		{core.PerHouse, a.request.House, house, "FROM certification c WHERE c.house_id = ?", int64(a.request.House)},
	} {
		for _, span := range l.spans {
			limit := core.CertificationLimit{Per: l.per, Subject: l.subject, Max: span.max, Within: span.within}
			if err := a.countSent(&limit, l.sent, l.arg); err != nil || limit.Reached() {
				a.reached = limit
				return err
			}
		}
	}
	return a.checkCommunity()
}

// countSent counts the applications within the limit's time that the register did not confirm.
func (a *applying) countSent(limit *core.CertificationLimit, from string, args ...any) error {
	return a.tx.Get(&limit.Sent, "SELECT COUNT(*) "+from+" AND c.instant = 0 AND c.id >= ?",
		append(args, int64(database.FirstID(a.tx.Now().Add(-limit.Within))))...)
}

// checkCommunity is checkLimits of the whole community. Its applications are not sent one after another: two at the
// same moment may both be the last one.
func (a *applying) checkCommunity() error {
	var houses int
	if err := a.tx.Get(&houses, "SELECT COUNT(*) FROM house WHERE community_id = ?", int64(a.request.Community)); err != nil {
		return err
	}
	limit := core.CertificationLimit{
		Per: core.PerCommunity, Subject: a.request.Community, Max: max(core.MinHourlyOfCommunity, houses/10), Within: time.Hour,
	}
	err := a.countSent(&limit, `
		FROM review r
		JOIN certification c ON c.id = r.id
		WHERE r.community_id = ?
		AND r.kind = 'certification'
		AND r.id >= ?`, int64(a.request.Community), int64(database.FirstID(a.tx.Now().Add(-limit.Within))))
	if err == nil && limit.Reached() {
		a.reached = limit
	}
	return err
}

// tellOffice raises the alert of a limit that is reached: one a day for each subject.
func (a *applying) tellOffice() error {
	alert := a.reached.Alert(a.request.Community, a.label)
	alert.First, alert.Last = a.tx.Now(), a.tx.Now()
	alert.Mark = int64(core.DayOf(a.tx.Now(), a.store.Zone()))
	return raiseAccessAlert(a.tx, alert)
}
