package store

import (
	"slices"

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

	// What a transaction comes to; begin sets it back.
	inviting
	tie     inviteHost // none = there is no such
	gone    bool       // the house is gone, or the tie
	refused error

	phone, idno, plate string      // digests of what is asked
	same               *invitation // of the same batch, by the same request
	known              core.ID     // the visit that the same request has made before; 0 = none
	own                OwnVisitor  // as it was written
}

// inviteHost is a WeChat user's tie to a house where they are certified, with the rule for its visitors.
type inviteHost struct {
	User  core.ID `db:"user_id"`
	House core.ID `db:"house_id"`
	Tie   core.ID `db:"id"`
	Name  string  `db:"name"`
	Label string  `db:"label"`
	Place string  `db:"place"` // the community's name
	visitorRuleRow
}

// inviteFact is something else that invitations are decided by.
type inviteFact struct {
	What   string  `db:"what"`
	Digest string  `db:"digest"`
	ID     core.ID `db:"id"`
	Body   string  `db:"body"`
	visitRoom
}

// inviteFactQueries read inviteFacts: the visits that requests have made, the persons of numbers, the entries of blacklists by their
// communities, and how many visitors houses have. The lists of all are of one size.
var inviteFactQueries = [...]string{
	`SELECT 'request' AS what, request_key AS digest, id, request_body AS body, 0 AS open_n, 0 AS today_n
		FROM visitor_pass
		WHERE request_key IN (`,
	`)
	UNION ALL SELECT 'person', phone_mac, id, '', 0, 0
		FROM person
		WHERE phone_mac IN (`,
	`)
	UNION ALL SELECT 'barred', mac, community_id, '', 0, 0
		FROM visitor_block
		WHERE (last_day = 0 OR last_day >= ?)
			AND mac IN (`,
	`)
			AND community_id IN (`,
	`)
	UNION ALL SELECT 'room', '', house_id, '', SUM(CASE WHEN ` + visitIsOpen + ` THEN 1 ELSE 0 END),
			SUM(CASE WHEN ` + visitIsOfToday + ` THEN 1 ELSE 0 END)
		FROM visitor_pass
		WHERE until_at >= ?
			AND house_id IN (`,
	`)
		GROUP BY house_id`,
}

// invitePlan is what a batch of invitations comes to.
type invitePlan struct {
	s      *Store
	tx     *database.Tx
	batch  []*invitation
	today  core.Day
	rules  map[core.ID]VisitorRule // by their communities
	rooms  map[core.ID]visitRoom   // of houses, with those of the batch
	known  map[string]inviteFact   // visits that were made before, by the digests of their requests
	made   map[string]*invitation  // those of the batch, likewise
	people map[string]core.ID      // persons of visitors, by the digests of their numbers
	barred map[barredBy]bool
	given  []*invitation // that are granted
	alone  bool          // it is a batch of one, which waits for rows that others have locked
}

// inviteAll decides invitations in their order, as if each came in a transaction of its own, and writes those that are granted.
// An error decides none of them. One that would wait for rows that another transaction has locked is left to be decided alone, so
// that the others do not wait with it.
func (s *Store) inviteAll(tx *database.Tx, batch []*invitation, alone bool) error {
	p := &invitePlan{
		s: s, tx: tx, today: core.DayOf(tx.Now(), s.zone), rules: map[core.ID]VisitorRule{}, rooms: map[core.ID]visitRoom{},
		known: map[string]inviteFact{}, barred: map[barredBy]bool{}, people: map[string]core.ID{}, made: map[string]*invitation{},
		alone: alone,
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

// begin sets back what an earlier transaction came to.
func (i *invitation) begin(s *Store, tx *database.Tx) {
	i.inviting = inviting{tx: tx, store: s, user: i.host, visit: i.asked}
	i.tie, i.gone, i.refused, i.same, i.known, i.own, i.alone = inviteHost{}, false, nil, nil, 0, OwnVisitor{}, false
	i.visit.Way = core.VisitInvited
	i.sign(tx.Keys(), i.request)
}

// read reads what the batch is decided by, once it holds the houses, so that invitations of one are counted one after the other, and
// the ties, so that nobody deletes a resident to whom a visit comes to refer.
func (p *invitePlan) read(batch []*invitation) error {
	if err := p.readHosts(batch); err != nil {
		return err
	}
	if err := p.lock(batch); err != nil {
		return err
	}
	return p.readFacts()
}

// tieInvites is the condition of a tie by which somebody may invite on the day of its argument.
const tieInvites = "t.gone = 0 AND t.moved_out_at IS NULL AND t.certified_at IS NOT NULL AND (t.lease_day = 0 OR t.lease_day >= ?)"

// readHosts reads the ties by which the batch invites. Who lives in a house does so by one.
func (p *invitePlan) readHosts(batch []*invitation) error {
	users, houses := newInviteList(batch), newInviteList(batch)
	for _, i := range batch {
		users.add(int64(i.host))
		houses.add(int64(i.asked.House))
	}
	then := p.tx.Dialect().ThenJoin()
	var hosts []inviteHost
	if err := p.tx.All(&hosts, `
		SELECT u.id AS user_id, t.house_id, t.id, t.name, h.label, c.name AS place, r.community_id, r.invite, r.per_day, r.form
		FROM wechat_user u`+then+`person p ON p.id = u.person_id AND p.phone_mac = u.phone_mac`+then+`resident t
				ON t.person_id = p.id AND t.name_fold = u.name_fold AND t.house_id IN (`+houses.places()+`)`+then+`house h
				ON h.id = t.house_id`+then+`community c ON c.id = t.community_id`+then+`visitor_rule r
				ON r.community_id = t.community_id
		WHERE u.id IN (`+users.places()+`)
			AND u.merged_into = 0
			AND `+tieInvites+`
			AND c.archived_at IS NULL`, append(append(houses.args(), users.args()...), int32(p.today))...); err != nil {
		return err
	}
	type place struct{ user, house core.ID }
	ties := map[place]inviteHost{}
	for _, host := range hosts {
		ties[place{host.User, host.House}] = host
	}
	for _, i := range batch {
		i.tie = ties[place{i.host, i.asked.House}]
	}
	return nil
}

// lock locks the houses and the ties, in one order for all, and keeps the invitations that can be decided now: not those of which
// another transaction holds rows. Of one that is alone, a tie that does not invite any more is gone.
func (p *invitePlan) lock(batch []*invitation) error {
	held, err := p.held(batch)
	if err != nil {
		return err
	}
	for _, i := range batch {
		if label, ok := held[i.tie.Tie]; ok {
			i.tie.Label = label
		} else if i.tie.Tie != 0 {
			i.gone, i.alone = p.alone, !p.alone
		}
		if !i.alone {
			p.batch = append(p.batch, i)
		}
	}
	return nil
}

// held locks the houses and the ties of a batch, and returns the labels of the houses by the ties. Without locks nobody else writes.
func (p *invitePlan) held(batch []*invitation) (map[core.ID]string, error) {
	held := map[core.ID]string{}
	houses, ties := newInviteList(batch), newInviteList(batch)
	for _, i := range batch {
		if i.tie.Tie != 0 {
			held[i.tie.Tie] = i.tie.Label
			houses.add(int64(i.asked.House))
			ties.add(int64(i.tie.Tie))
		}
	}
	dialect := p.tx.Dialect()
	if !dialect.Locks() || len(held) == 0 {
		return held, nil
	}
	end := dialect.ForUpdateFree()
	if p.alone {
		end = dialect.ForUpdate()
	}
	var rows []struct {
		Tie   core.ID `db:"id"`
		Label string  `db:"label"`
	}
	err := p.tx.All(&rows, `
		SELECT t.id, h.label
		FROM house h`+dialect.ThenJoin()+`resident t ON t.house_id = h.id AND t.id IN (`+ties.places()+`)
		WHERE h.id IN (`+houses.places()+`)
			AND `+tieInvites+`
		ORDER BY h.id`+end, append(append(ties.args(), houses.args()...), int32(p.today))...)
	clear(held)
	for _, row := range rows {
		held[row.Tie] = row.Label
	}
	return held, err
}

// readFacts reads what else the batch is decided by in one round trip.
func (p *invitePlan) readFacts() error {
	if len(p.batch) == 0 {
		return nil
	}
	keys, now, began := p.tx.Keys(), p.tx.NowMS(), p.today.Start(p.s.zone).UnixMilli()
	requests, phones, ids, plates := newInviteList(p.batch), newInviteList(p.batch), newInviteList(p.batch), newInviteList(p.batch)
	communities, houses := newInviteList(p.batch), newInviteList(p.batch)
	for _, i := range p.batch {
		v := i.visit.Stored()
		i.phone, i.idno, i.plate = keys.Digest("phone", v.Phone), keys.Digest("idno", v.IDNumber), keys.Digest("plate", v.Plate)
		requests.add(i.key)
		phones.add(i.phone)
		ids.add(i.idno)
		plates.add(i.plate)
		communities.add(int64(i.tie.Community))
		houses.add(int64(i.asked.House))
	}
	q := inviteFactQueries
	numbers := phones.places() + "," + ids.places() + "," + plates.places()
	query := q[0] + requests.places() + q[1] + phones.places() + q[2] + numbers + q[3] + communities.places() + q[4] +
		houses.places() + q[5]
	args := slices.Concat(requests.args(), phones.args(), []any{int32(p.today)}, phones.args(), ids.args(), plates.args(),
		communities.args(), []any{now, began, began}, houses.args())
	var facts []inviteFact
	if err := p.tx.All(&facts, query, args...); err != nil {
		return err
	}
	for _, f := range facts {
		switch f.What {
		case "request":
			p.known[f.Digest] = f
		case "person":
			p.people[f.Digest] = f.ID
		case "barred":
			p.barred[barredBy{f.ID, f.Digest}] = true
		case "room":
			p.rooms[f.ID] = f.visitRoom
		}
	}
	return nil
}

// barredBy is a number on a community's blacklist.
type barredBy struct {
	community core.ID
	digest    string
}

// inviteList are values of an IN list. Its size is one of few for all lists of a batch, so that few statements are prepared.
type inviteList struct {
	size   int
	values []any
}

func newInviteList(batch []*invitation) *inviteList {
	size := 1
	for size < len(batch) {
		size *= 2
	}
	return &inviteList{size: size, values: make([]any, 0, size)}
}

// add adds a value; an empty digest finds nothing.
func (l *inviteList) add(value any) {
	if value == "" {
		value = noDigest
	}
	l.values = append(l.values, value)
}

func (l *inviteList) places() string { return database.Placeholders(l.size) }

// args repeats the last value until the list is full.
func (l *inviteList) args() []any {
	for len(l.values) < l.size {
		l.values = append(l.values, l.values[len(l.values)-1])
	}
	return l.values
}

// decide grants an invitation, or returns why it is refused. The rooms have those of the batch that came before it.
func (p *invitePlan) decide(i *invitation) error {
	if again, err := p.repeats(i); again || err != nil {
		return err
	}
	if i.tie.Tie == 0 || i.gone {
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
	for _, digest := range []string{i.phone, i.idno, i.plate} {
		if p.barred[barredBy{rule.Community, digest}] {
			return errBarred
		}
	}
	room := p.rooms[i.visit.House]
	if err := room.check(rule.PerDay); err != nil {
		return err
	}
	i.visit.ID, i.visit.Pass, i.visit.Community, i.visit.HouseLabel = p.tx.NewID(), p.tx.NewID(), rule.Community, i.tie.Label
	i.visit.HostTie, i.visit.Answer = i.tie.Tie, core.VisitGranted
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
	known, again := p.known[i.key]
	if !again {
		return false, nil
	}
	i.known = known.ID
	return true, i.inviting.repeats(known.Body)
}

// rule returns the rule of the community that an invitation is to.
func (p *invitePlan) rule(i *invitation) (VisitorRule, error) {
	if rule, ok := p.rules[i.tie.Community]; ok {
		return rule, nil
	}
	rule, err := i.tie.rule()
	if err == nil {
		p.rules[i.tie.Community] = rule
	}
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
		by.Kind, by.ID, by.Name = core.ActorWechat, i.host, i.tie.Name
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
		i.own = OwnVisitor{VisitorPass: maskedVisit(writtenVisit(i.visit, p.tx.NowMS())), Community: i.tie.Place, Code: i.code}
	}
	for _, i := range p.batch {
		if i.same != nil {
			i.own = i.same.own
		}
	}
	return nil
}
