package store

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// invitation is one of a resident, which is to be decided.
type invitation struct {
	by      core.Actor
	host    core.ID // a WeChat user
	asked   core.VisitorPass
	request RequestKey
	queued

	// What a transaction comes to; each run begins anew.
	inviting
	facts   inviteFacts
	refused error
	same    *invitation // of the same batch, by the same request
	known   core.ID     // the visit that the same request has made before; 0 = none
	own     OwnVisitor  // as it was written
}

// inviteFacts is what an invitation is decided by.
type inviteFacts struct {
	N int `db:"n"` // index in the batch

	Known     core.ID `db:"known_id"` // the visit that a request with the same key has made; 0 = none
	KnownBody string  `db:"known_body"`
	Visitor   core.ID `db:"visitor_id"` // the person of the visitor's number; 0 = nobody
	Barred    int     `db:"barred_n"`   // entries of the blacklist with a number of theirs

	// The host's tie to the house; without one, nothing more is known.
	Tie   core.ID `db:"tie_id"`
	Host  string  `db:"host_name"`
	Label string  `db:"label"`
	Place string  `db:"place"`
	visitorRuleRow
	visitRoom
}

// The query of inviteFacts around the invitations of a batch, with the arguments of each and in the end those of the houses.
const (
	inviteColumns = `SELECT q.n, q.known_id, COALESCE(k.request_body, '') AS known_body, q.visitor_id, q.barred_n, q.tie_id,
	COALESCE(t.name, '') AS host_name, COALESCE(h.label, '') AS label, COALESCE(c.name, '') AS place,
	COALESCE(r.community_id, 0) AS community_id, COALESCE(r.invite, 0) AS invite, COALESCE(r.per_day, 0) AS per_day,
	COALESCE(r.form, '') AS form, COALESCE(o.open_n, 0) AS open_n, COALESCE(o.today_n, 0) AS today_n
FROM (`
	inviteOne = `SELECT ? AS n, ? AS house_id,
	COALESCE((SELECT v.id FROM visitor_pass v WHERE v.request_key = ?), 0) AS known_id,
	COALESCE((SELECT n.id FROM person n WHERE n.phone_mac = ?), 0) AS visitor_id,
	(
		SELECT COUNT(*)
		FROM house b
		JOIN visitor_block x ON x.community_id = b.community_id
		WHERE b.id = ?
			AND x.mac IN (?, ?, ?)
			AND (x.last_day = 0 OR x.last_day >= ?)
	) AS barred_n,
	COALESCE((
		SELECT MIN(i.id)
		FROM wechat_user u
		JOIN person p ON p.id = u.person_id AND p.phone_mac = u.phone_mac
		JOIN resident i ON i.person_id = p.id AND i.name_fold = u.name_fold
		JOIN community a ON a.id = i.community_id
		WHERE u.id = ?
			AND u.merged_into = 0
			AND i.house_id = ?
			AND i.certified_at IS NOT NULL
			AND i.moved_out_at IS NULL
			AND (i.lease_day = 0 OR i.lease_day >= ?)
			AND a.archived_at IS NULL
	), 0) AS tie_id`
	inviteJoins = `) q
LEFT JOIN visitor_pass k ON k.id = q.known_id
LEFT JOIN resident t ON t.id = q.tie_id
LEFT JOIN house h ON h.id = t.house_id
LEFT JOIN community c ON c.id = t.community_id
LEFT JOIN visitor_rule r ON r.community_id = t.community_id
LEFT JOIN (
	SELECT house_id,` + visitRoomColumns + `
	FROM visitor_pass
	WHERE house_id IN (`
	inviteOrder = `)
		AND until_at >= ?
	GROUP BY house_id
) o ON o.house_id = q.house_id
ORDER BY q.n`
)

// invitePlan is what a batch of invitations comes to.
type invitePlan struct {
	s      *Store
	tx     *database.Tx
	batch  []*invitation // whose rows are locked
	today  core.Day
	rules  map[core.ID]VisitorRule // by their communities
	rooms  map[core.ID]visitRoom   // of houses, with those of the batch
	people map[string]core.ID      // persons of visitors, by the digests of their numbers
	made   map[string]*invitation  // in this batch, by the digests of their requests
	given  []*invitation           // that are granted
	alone  bool                    // it is a batch of one, which waits for rows that others have locked
}

// inviteAll decides invitations in their order, as if each came in a transaction of its own, and writes those that are granted.
// An error decides none of them. One that would wait for rows that another transaction has locked is left to be decided alone, so
// that the others do not wait with it.
func (s *Store) inviteAll(tx *database.Tx, batch []*invitation, alone bool) error {
	p := &invitePlan{
		s: s, tx: tx, today: core.DayOf(tx.Now(), s.zone), rules: map[core.ID]VisitorRule{}, rooms: map[core.ID]visitRoom{},
		people: map[string]core.ID{}, made: map[string]*invitation{}, alone: alone,
	}
	for _, i := range batch {
		i.begin(s, tx)
	}
	if err := p.read(batch); err != nil {
		return database.Unwritten(err)
	}
	for _, i := range p.batch {
		err := p.decide(i)
		if err != nil && core.CodeOf(err) == core.CodeInternal {
			return err
		}
		i.refused = err
	}
	return p.save()
}

// begin forgets what an earlier transaction has come to.
func (i *invitation) begin(s *Store, tx *database.Tx) {
	i.inviting = inviting{tx: tx, store: s, user: i.host, visit: i.asked}
	i.facts, i.refused, i.same, i.known, i.own, i.alone = inviteFacts{}, nil, nil, 0, OwnVisitor{}, false
	i.visit.Way = core.VisitInvited
	i.sign(tx.Keys(), i.request)
}

// read locks the houses, so that invitations of one are counted one after the other, reads the facts, and locks the ties, so that
// nobody deletes a resident to whom a visit comes to refer.
func (p *invitePlan) read(batch []*invitation) error {
	there, err := p.locked(batch, "SELECT id FROM house WHERE id IN (", ") ORDER BY id",
		func(i *invitation) core.ID { return i.asked.House })
	if err != nil {
		return err
	}
	p.batch = p.left(batch, func(i *invitation) bool { return there == nil || there[i.asked.House] })
	if err := p.readFacts(); err != nil {
		return err
	}
	there, err = p.locked(p.batch, "SELECT id FROM resident WHERE moved_out_at IS NULL AND id IN (", ") ORDER BY id",
		func(i *invitation) core.ID { return i.facts.Tie })
	if err != nil {
		return err
	}
	p.batch = p.left(p.batch, func(i *invitation) bool { return there == nil || i.facts.Tie == 0 || there[i.facts.Tie] })
	return nil
}

// locked locks the rows that a batch refers to, in one order for all, and returns those that could be; nil = there is no need to.
func (p *invitePlan) locked(batch []*invitation, before, after string, of func(i *invitation) core.ID) (map[core.ID]bool, error) {
	if !p.tx.Dialect().Locks() {
		return nil, nil
	}
	var ids, found []core.ID
	for _, i := range batch {
		if id := of(i); id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	there := map[core.ID]bool{}
	if len(ids) == 0 {
		return there, nil
	}
	lock := p.tx.Dialect().ForUpdateFree()
	if p.alone {
		lock = p.tx.Dialect().ForUpdate()
	}
	err := p.tx.All(&found, before+database.Placeholders(len(ids))+after+lock, database.IDArgs(ids)...)
	for _, id := range found {
		there[id] = true
	}
	return there, err
}

// left returns the invitations whose rows could be locked. Of the others, one alone is refused, since the row is gone.
func (p *invitePlan) left(batch []*invitation, locked func(i *invitation) bool) []*invitation {
	var rest []*invitation
	for _, i := range batch {
		switch {
		case locked(i):
			rest = append(rest, i)
		case p.alone:
			i.refused = core.NotFound(noHouse)
		default:
			i.alone = true
		}
	}
	return rest
}

// readFacts reads the facts of the batch in one round trip.
func (p *invitePlan) readFacts() error {
	if len(p.batch) == 0 {
		return nil
	}
	var args []any
	var houses []core.ID
	keys, today := p.tx.Keys(), int32(p.today)
	for n, i := range p.batch {
		v := i.visit.Stored()
		phone := keys.Digest("phone", v.Phone)
		args = append(args, n, int64(v.House), i.requestKey(), phone, int64(v.House), phone, keys.Digest("idno", v.IDNumber),
			keys.Digest("plate", v.Plate), today, int64(i.host), int64(v.House), today)
		houses = append(houses, v.House)
	}
	slices.Sort(houses)
	houses = slices.Compact(houses)
	began := p.today.Start(p.s.zone).UnixMilli()
	args = append(database.AppendIDs(append(args, p.tx.NowMS(), began), houses), began)
	var rows []inviteFacts
	if err := p.tx.All(&rows, inviteColumns+inviteOne+strings.Repeat(" UNION ALL "+inviteOne, len(p.batch)-1)+inviteJoins+
		database.Placeholders(len(houses))+inviteOrder, args...); err != nil {
		return err
	}
	for _, row := range rows {
		i := p.batch[row.N]
		i.facts = row
		p.rooms[i.asked.House] = row.visitRoom
		if row.Visitor != 0 {
			p.people[keys.Digest("phone", i.visit.Stored().Phone)] = row.Visitor
		}
	}
	return nil
}

// decide grants an invitation, or returns why it is refused. The rooms have those of the batch that came before it.
func (p *invitePlan) decide(i *invitation) error {
	if again, err := p.repeats(i); again || err != nil {
		return err
	}
	if i.facts.Tie == 0 {
		return core.NotFound(noHouse)
	}
	rule, err := p.rule(i)
	if err != nil {
		return err
	}
	if !rule.Invite {
		return core.Forbidden("本小区的住户不能邀请访客，请联系物业")
	}
	if i.visit, err = i.visit.Normalized(rule.Form, p.tx.Now()); err != nil {
		return err
	}
	if i.facts.Barred > 0 {
		return errBarred
	}
	room := p.rooms[i.visit.House]
	if err := room.check(rule.PerDay); err != nil {
		return err
	}
	i.visit.ID, i.visit.Pass, i.visit.Community, i.visit.HouseLabel = p.tx.NewID(), p.tx.NewID(), rule.Community, i.facts.Label
	i.visit.HostTie, i.visit.Answer = i.facts.Tie, core.VisitGranted
	if err := i.usePicture(); err != nil {
		return err
	}
	p.rooms[i.visit.House] = visitRoom{room.Open + 1, room.Today + 1}
	p.given = append(p.given, i)
	if i.key != "" {
		p.made[i.key] = i
	}
	return nil
}

// repeats reports whether a request has made its visit before.
func (p *invitePlan) repeats(i *invitation) (again bool, err error) {
	if first := p.made[i.key]; first != nil {
		i.same = first
		return true, i.inviting.repeats(first.body)
	}
	if i.facts.Known == 0 {
		return false, nil
	}
	i.known = i.facts.Known
	return true, i.inviting.repeats(i.facts.KnownBody)
}

// rule returns the rule of the community that an invitation is to.
func (p *invitePlan) rule(i *invitation) (VisitorRule, error) {
	community := i.facts.Community
	if rule, ok := p.rules[community]; ok {
		return rule, nil
	}
	if community == 0 {
		return VisitorRule{}, core.NotFound(noCommunity)
	}
	rule, err := i.facts.rule()
	p.rules[community] = rule
	return rule, err
}

// save writes what was granted.
func (p *invitePlan) save() error {
	if len(p.given) == 0 {
		return nil
	}
	visits, acts := make([]*inviting, len(p.given)), make([]audit.Act, len(p.given))
	for n, i := range p.given {
		by := i.by
		by.Kind, by.ID, by.Name = core.ActorWechat, i.host, i.facts.Host
		visits[n] = &i.inviting
		acts[n] = audit.Act{By: by, Entry: audit.Entry{
			Community: i.visit.Community, Action: "visitorpass.create", Subject: audit.Target("visitorpass", i.visit.ID),
			After: p.s.auditOfVisit(i.visit),
		}}
	}
	if err := insertVisits(p.tx, visits, p.people); err != nil {
		return err
	}
	if err := audit.WriteAll(p.tx, acts); err != nil {
		return err
	}
	for _, i := range p.given {
		i.own = OwnVisitor{VisitorPass: maskedVisit(writtenVisit(i.visit, p.tx.NowMS())), Community: i.facts.Place, Code: i.code}
	}
	for _, i := range p.batch {
		if i.same != nil {
			i.own = i.same.own
		}
	}
	return nil
}
