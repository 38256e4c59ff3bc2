package store

import (
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// scanRow is everything that one decision needs, read by one query for a whole batch. What does not
// exist is zero: the pass of an unknown token, the reader of a guard's scan.
type scanRow struct {
	N int `db:"n"` // index in the batch

	ReaderID        core.ID         `db:"reader_id"`
	ReaderCommunity core.ID         `db:"reader_community"`
	ReaderName      string          `db:"reader_name"`
	ReaderDirection core.Direction  `db:"reader_direction"`
	ReaderInNo      int             `db:"reader_in_no"`
	ReaderScope     string          `db:"reader_scope"`
	ReaderKinds     string          `db:"reader_kinds"`
	Thermometer     int             `db:"thermometer"`
	QRAllowed       int             `db:"qr_allowed"`
	ReaderDisabled  database.Millis `db:"reader_disabled"`
	ReaderDigest    string          `db:"reader_digest"`

	PostID        core.ID         `db:"post_id"`
	PostCommunity core.ID         `db:"post_community"`
	PostName      string          `db:"post_name"`
	PostUrgent    int             `db:"post_urgent"`
	PostDisabled  database.Millis `db:"post_disabled"`

	PassID        core.ID         `db:"pass_id"`
	PassCommunity core.ID         `db:"pass_community"`
	Kind          core.PassKind   `db:"kind"`
	PassDisabled  database.Millis `db:"pass_disabled"`

	PersonID core.ID `db:"person_id"`
	Name     string  `db:"name"` // of the holder

	// The house that the pass is for.
	HouseID       core.ID  `db:"house_id"`
	House         string   `db:"house"`
	HousePath     string   `db:"house_path"`
	Restricted    int      `db:"restricted"`
	RestrictExits int      `db:"restrict_exits"`
	RestrictDay   core.Day `db:"restrict_day"`

	Counting    core.Counting `db:"counting"`
	PeriodDays  int           `db:"period_days"`
	Exits       int           `db:"exits"`
	Hours       string        `db:"hours"`
	RecordID    int           `db:"record_id"`
	RecordTemp  int           `db:"record_temp"`
	FeverTenths int           `db:"fever_tenths"`
	ReaderQR    int           `db:"reader_qr"`

	// The facts of each kind.
	aidFacts
	residentFacts
	visitorFacts
	dedicatedFacts
	exitSlipFacts
}

// scanColumns and scanJoins are the query around the attempts of a batch: what every pass has, with that of each kind.
var (
	scanColumns = `SELECT q.n,
	COALESCE(r.id, 0) AS reader_id, COALESCE(r.community_id, 0) AS reader_community, COALESCE(r.name, '') AS reader_name,
	COALESCE(r.direction, '') AS reader_direction, COALESCE(r.in_no, 0) AS reader_in_no,
	COALESCE(r.scope_nodes, '') AS reader_scope, COALESCE(r.kinds, '') AS reader_kinds,
	COALESCE(r.thermometer, 0) AS thermometer, COALESCE(r.qr_allowed, 0) AS qr_allowed, r.disabled_at AS reader_disabled,
	COALESCE(r.secret_digest, '') AS reader_digest,
	COALESCE(g.id, 0) AS post_id, COALESCE(g.community_id, 0) AS post_community, COALESCE(g.name, '') AS post_name,
	COALESCE(g.urgent, 0) AS post_urgent, g.disabled_at AS post_disabled,
	COALESCE(p.id, 0) AS pass_id, COALESCE(p.community_id, 0) AS pass_community, COALESCE(p.kind, '') AS kind,
	p.disabled_at AS pass_disabled,
	COALESCE(p.person_id, 0) AS person_id,
	` + firstOf(eachPassKind(func(k passKind) string { return k.name }), "''") + ` AS name,
	COALESCE(h.id, 0) AS house_id,
	` + firstOf(append([]string{"h.label"}, eachPassKind(func(k passKind) string { return k.place })...), "''") + ` AS house,
	COALESCE(h.path, '') AS house_path,
	COALESCE(c.counting, '') AS counting, COALESCE(c.period_days, 1) AS period_days, COALESCE(c.exits, 0) AS exits,
	COALESCE(c.hours, '') AS hours,
	COALESCE(c.record_id, 0) AS record_id, COALESCE(c.record_temp, 0) AS record_temp, COALESCE(c.fever_tenths, 373) AS fever_tenths,
	COALESCE(c.reader_qr, 0) AS reader_qr,
	CASE WHEN x.house_id IS NULL THEN 0 ELSE 1 END AS restricted, COALESCE(x.exits, 0) AS restrict_exits,
	COALESCE(x.last_day, 0) AS restrict_day,` + aidColumns +
		strings.Join(eachPassKind(func(k passKind) string { return k.columns }), ",") + `
FROM (`
	scanJoins = `) q
LEFT JOIN reader r ON r.id = q.reader_id
LEFT JOIN guard_post g ON g.id = q.post_id
LEFT JOIN pass p ON p.id = q.pass_id` + aidJoin + strings.Join(eachPassKind(func(k passKind) string { return k.join }), "") + `
LEFT JOIN house h ON h.id = ` + firstOf(eachPassKind(func(k passKind) string { return k.house }), "") + `
LEFT JOIN house_restriction x ON x.house_id = h.id
LEFT JOIN pass_rule c
	ON c.community_id = CASE WHEN p.community_id = 0 THEN COALESCE(r.community_id, g.community_id) ELSE p.community_id END
ORDER BY q.n`
)

// scanFacts reads the facts of a batch in one round trip of all.
func (s *Store) scanFacts(all readAll, batch []ScanAttempt) ([]scanRow, error) {
	query, args := scanQuery(batch)
	rows := make([]scanRow, 0, len(batch))
	err := all(&rows, query, args...)
	return rows, err
}

// scanQuery returns the query of a batch's facts.
func scanQuery(batch []ScanAttempt) (query string, args []any) {
	var b strings.Builder
	b.WriteString(scanColumns)
	args = make([]any, 0, 4*len(batch))
	for i, a := range batch {
		if i == 0 {
			b.WriteString("SELECT ? AS n, ? AS reader_id, ? AS post_id, ? AS pass_id")
		} else {
			b.WriteString(" UNION ALL SELECT ?, ?, ?, ?")
		}
		args = append(args, i, int64(a.Reader), int64(a.Post), int64(a.Pass))
	}
	b.WriteString(scanJoins)
	return b.String(), args
}

// facts converts a row to what core decides on; the caller adds the exits.
func (r *scanRow) facts(zone *time.Location, a ScanAttempt) (core.Facts, error) {
	hours, err := core.ParseHours(r.Hours)
	if err != nil {
		return core.Facts{}, err
	}
	f := core.Facts{
		Zone: zone, Via: a.Via, Direction: r.direction(a), Token: a.Token, Unreadable: a.Unread != "",
		PassKind:    r.Kind,
		PassEnabled: r.PassID != 0 && r.PassDisabled.IsZero(),
		Rule: core.PassRule{
			Counting: r.Counting, PeriodDays: r.PeriodDays, Exits: r.Exits, Hours: hours,
			RecordID: r.RecordID != 0, RecordTemp: r.RecordTemp != 0, FeverTenths: r.FeverTenths, ReaderQR: r.ReaderQR != 0,
		},
		TempTenths: a.TempTenths,
		IDGiven:    a.IDNumber != "",
	}
	if r.Restricted != 0 {
		f.Restriction = &core.Restriction{Exits: r.RestrictExits, LastDay: r.RestrictDay}
	}
	if fill := passKindOf(r.Kind).fill; fill != nil {
		fill(r, &f)
	}
	f.Exit.Ticked = core.ExitMask(a.Items)
	r.gate(&f)
	return f, nil
}

// gate adds the facts of the reader or the post.
func (r *scanRow) gate(f *core.Facts) {
	if f.Via == core.ViaReader {
		f.ReaderEnabled = r.ReaderID != 0 && r.ReaderDisabled.IsZero()
		f.ReaderAccepts = hasWord(r.ReaderKinds, string(r.Kind))
		f.ReaderInScope = r.here(r.ReaderCommunity) && (!r.Kind.Type().Scoped || inScope(r.ReaderScope, r.HousePath))
		f.ReaderThermometer, f.ReaderQR = r.Thermometer != 0, r.QRAllowed != 0
		return
	}
	f.ReaderEnabled = r.PostID != 0 && r.PostDisabled.IsZero()
	f.ReaderInScope, f.PostUrgent = r.here(r.PostCommunity), r.PostUrgent != 0
}

// here reports whether the pass is valid in a community.
func (r *scanRow) here(community core.ID) bool {
	if here := passKindOf(r.Kind).here; here != nil {
		return here(r, community)
	}
	return r.PassCommunity == community
}

func (r *scanRow) direction(a ScanAttempt) core.Direction {
	if a.Via == core.ViaReader {
		return core.WayAt(r.ReaderDirection, r.ReaderInNo, a.Head)
	}
	return a.Direction
}

// record returns the record to append. A person who does not belong to this community is recorded
// as a refusal without a name: what other communities know is not for this one.
func (r *scanRow) record(p *scanPlan, a ScanAttempt, d core.Decision) core.AccessRecord {
	community, gate, by := r.PostCommunity, r.PostName, a.GuardName
	if a.Via == core.ViaReader {
		community, gate, by = r.ReaderCommunity, r.ReaderName, r.ReaderName
	}
	if community == 0 {
		return core.AccessRecord{}
	}
	rec := core.AccessRecord{
		ID: p.s.db.NewID(p.now), Community: community, At: p.now, Via: a.Via,
		Reader: r.ReaderID, Post: r.PostID, Guard: a.Guard, Gate: gate, ReleasedBy: by,
		Direction: r.direction(a), Kind: r.Kind, TempTenths: a.TempTenths,
		Allowed: d.Allowed, Counted: d.Counts, Reason: d.Reason, Note: noteOf(a, d), TokenDigest: a.TokenDigest,
		Means: a.Means,
	}
	if a.Late != nil {
		rec.ID, rec.Name, rec.HouseLabel = p.s.db.NewIDAt(p.now), a.Late.Name, a.Late.House
	}
	if r.here(community) {
		rec.Pass, rec.Person, rec.Resident, rec.House = r.PassID, r.PersonID, r.ResidentID, r.HouseID
		rec.Name, rec.HouseLabel = r.Name, r.House
		rec.People = r.party(rec.Direction)
	}
	return rec
}

// party returns how many a record is about: a visitor comes in with the whole party, and each leaves alone.
func (r *scanRow) party(direction core.Direction) int {
	if direction == core.In && r.VisitPeople > 1 {
		return r.VisitPeople
	}
	return 0
}

// forgetReader removes the reader if the secret of the call is no longer its own: a caller with the
// old secret is unknown on every server at once.
func (r *scanRow) forgetReader(a ScanAttempt) {
	if a.ReaderKey == "" || a.ReaderKey == r.ReaderDigest {
		return
	}
	r.ReaderID, r.ReaderCommunity, r.ReaderName, r.ReaderDirection = 0, 0, "", ""
}

// hasWord reports whether a comma-separated list holds word.
func hasWord(list, word string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if item == word && word != "" {
			return true
		}
	}
	return false
}

// inScope reports whether a house's path goes through one of the nodes; without nodes it returns
// true.
func inScope(nodes, path string) bool {
	if nodes == "" {
		return true
	}
	for id := range strings.SplitSeq(nodes, ",") {
		if _, err := strconv.ParseInt(id, 10, 64); err == nil && strings.Contains(path, "/"+id+"/") {
			return true
		}
	}
	return false
}
