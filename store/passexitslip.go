package store

import (
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// exitSlipPass is the pass of an exit slip. Nobody finds it among their own passes: its slip shows the code.
var exitSlipPass = passKind{
	kind: core.PassExitSlip,
	join: `
LEFT JOIN exit_slip e ON p.kind = 'exitslip' AND e.id = p.holder_id`,
	columns: `
	COALESCE(e.id, 0) AS slip_id, COALESCE(e.applicant_id, 0) AS slip_applicant, COALESCE(e.items, 0) AS slip_items,
	COALESCE(e.left_mask, 0) AS slip_left, COALESCE(e.from_at, 0) AS slip_from, COALESCE(e.until_at, 0) AS slip_until,
	e.revoked_at AS slip_revoked`,
	name: "e.name", house: "e.house_id",
	fill: func(r *scanRow, f *core.Facts) { r.exitSlipFacts.fill(f) },
	use:  useExitSlips,
}

// exitSlipFacts are facts of exit slips only.
type exitSlipFacts struct {
	Slip          core.ID         `db:"slip_id"`
	SlipApplicant core.ID         `db:"slip_applicant"`
	SlipItems     int             `db:"slip_items"`
	SlipLeft      int64           `db:"slip_left"`
	SlipFrom      int64           `db:"slip_from"`
	SlipUntil     int64           `db:"slip_until"`
	SlipRevoked   database.Millis `db:"slip_revoked"`
}

// fill adds the facts of this slip. Who applied for it may have moved out since: that is what the slip is for.
func (r *exitSlipFacts) fill(f *core.Facts) {
	f.PassEnabled = f.PassEnabled && r.Slip != 0
	f.Exit = core.ExitFacts{
		From: time.UnixMilli(r.SlipFrom), Until: time.UnixMilli(r.SlipUntil), All: 1<<r.SlipItems - 1, Left: uint64(r.SlipLeft),
		Ended: !r.SlipRevoked.IsZero(),
	}
}
