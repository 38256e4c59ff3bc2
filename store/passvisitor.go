package store

import (
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// visitorPass is the pass of a visitor.
var visitorPass = passKind{
	kind: core.PassVisitor,
	join: `
LEFT JOIN visitor_pass v ON p.kind = 'visitor' AND v.id = p.holder_id
LEFT JOIN resident vt ON vt.id = v.resident_id
LEFT JOIN visitor_block b1 ON b1.community_id = v.community_id AND b1.mac = v.phone_mac
LEFT JOIN visitor_block b2 ON b2.community_id = v.community_id AND b2.mac = v.id_mac
LEFT JOIN visitor_block b3 ON b3.community_id = v.community_id AND b3.mac = v.plate_mac`,
	columns: `
	COALESCE(v.id, 0) AS visit_id, COALESCE(v.resident_id, 0) AS visit_tie, COALESCE(v.from_at, 0) AS visit_from,
	COALESCE(v.until_at, 0) AS visit_until, COALESCE(v.people, 0) AS visit_people, COALESCE(v.left_n, 0) AS visit_left,
	COALESCE(b1.last_day, -1) AS visit_barred_phone, COALESCE(b2.last_day, -1) AS visit_barred_id,
	COALESCE(b3.last_day, -1) AS visit_barred_plate, v.entered_at AS visit_entered, v.revoked_at AS visit_revoked,
	COALESCE(vt.lease_day, 0) AS visit_host_last,
	CASE
		WHEN v.resident_id <> 0 THEN CASE WHEN vt.certified_at IS NULL OR vt.moved_out_at IS NOT NULL THEN 1 ELSE 0 END
		WHEN v.house_id <> 0
			AND EXISTS (SELECT 1 FROM resident g WHERE g.house_id = v.house_id AND g.moved_out_at >= v.created_at)
			AND NOT EXISTS (SELECT 1 FROM resident g WHERE g.house_id = v.house_id AND g.moved_out_at IS NULL)
		THEN 1
		ELSE 0
	END AS visit_hostless`,
	name: "v.name", house: "v.house_id",
	fill:     func(r *scanRow, f *core.Facts) { r.visitorFacts.fill(f) },
	use:      useVisitorPasses,
	compare:  lookAtVisit,
	inside:   visitorsInside,
	byNumber: true,
	list: func(nowMS int64) (string, []any) {
		return visitorPassQuery, []any{nowMS, nowMS - visitShown.Milliseconds()}
	},
}

// visitorFacts are facts of visitor passes only.
type visitorFacts struct {
	Visit        core.ID         `db:"visit_id"`
	VisitTie     core.ID         `db:"visit_tie"` // the host's
	VisitFrom    int64           `db:"visit_from"`
	VisitUntil   int64           `db:"visit_until"`
	VisitPeople  int             `db:"visit_people"`
	VisitLeft    int             `db:"visit_left"`
	VisitEntered database.Millis `db:"visit_entered"`
	VisitRevoked database.Millis `db:"visit_revoked"`
	HostLast     core.Day        `db:"visit_host_last"`
	Hostless     int             `db:"visit_hostless"` // the host has moved out, or all of the house have since the visit was asked for

	// The last days of those of the community's blacklist; 0 = without end, -1 = not on it.
	BarredPhone core.Day `db:"visit_barred_phone"`
	BarredID    core.Day `db:"visit_barred_id"`
	BarredPlate core.Day `db:"visit_barred_plate"`
}

// fill adds the facts of this visitor's pass. One that was revoked, or whose host does not live there any more, ends
// for the way in alone.
func (r *visitorFacts) fill(f *core.Facts) {
	f.PassEnabled = f.PassEnabled && r.Visit != 0
	f.Visitor = core.VisitorFacts{
		From: time.UnixMilli(r.VisitFrom), Until: time.UnixMilli(r.VisitUntil), People: r.VisitPeople,
		Entered: !r.VisitEntered.IsZero(), Left: r.VisitLeft, Ended: !r.VisitRevoked.IsZero() || r.Hostless != 0,
		HostLast:    r.HostLast,
		BarredUntil: []core.Day{r.BarredPhone, r.BarredID, r.BarredPlate},
	}
}

// visitShown is for how long after its end a visitor sees the visit, and finds the pass, to leave by it.
const visitShown = 3 * 24 * time.Hour

// visitorPassQuery finds the passes that visitors can use still, to come or to leave.
var visitorPassQuery = fmt.Sprintf(`
	SELECT p.id AS id,
		p.kind,
		p.community_id,
		c.name AS community,
		c.phone AS office_phone,
		p.person_id,
		p.holder_id,
		v.name,
		'' AS identity,
		v.house_id,
		COALESCE(h.label, '') AS label,
		0 AS lease_day
	FROM pass p
	JOIN visitor_pass v ON v.id = p.holder_id
	LEFT JOIN house h ON h.id = v.house_id
	JOIN community c ON c.id = p.community_id
	WHERE p.kind = '%s'
		AND v.revoked_at IS NULL
		AND (v.until_at >= ? AND v.entered_at IS NULL AND v.left_n = 0
			OR v.until_at >= ? AND v.entered_at IS NOT NULL AND v.left_n < v.people)
		AND `, core.PassVisitor)
