package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// ScanAttempt is one attempt to pass: what a reader or a guard's page saw.
type ScanAttempt struct {
	Via         core.Via
	Reader      core.ID        // when ViaReader
	Head        int            // which of the reader's heads has read; 0 = not told
	ReaderKey   string         // digest of the secret it called with; "" = not checked
	Post, Guard core.ID        // when ViaGuard or ViaManual
	GuardName   string         // for the record
	Direction   core.Direction // a guard's choice; a reader's own setting decides otherwise
	Pass        core.ID        // 0 = the token is unknown
	Token       core.TokenState
	Means       core.Means   // what was shown instead of the holder's own code
	TokenDigest string       // it releases once; for a manual record, the digest of the guard's form
	TempTenths  int          // 0 = not taken
	IDNumber    string       // registered with the passage when it is allowed; "" = none
	RefusedFor  string       // the guard's own reason to refuse; "" = the rules decide
	Vouched     string       // who of the house lets the holder out; for the record
	UrgentFor   string       // the guard's reason to release urgently; "" = an ordinary attempt
	Items       []int        // places of what a guard lets out by an exit slip
	ItemWords   string       // what these are, for the record
	Late        *LatePassage // what a guard wrote down without a connection; nil = an attempt of now
	By          core.Actor   // the guard, for the audit log of an urgent release
	Unread      string       // the start of a reader's message that could not be parsed; "" = it was parsed
	Burst       int          // how often the reader's protocol repeats a reading by itself
}

// ScanOutcome is the decision and the record that was written with it. Record.ID is 0 if nothing
// was recorded: a device or post that does not exist has no community.
type ScanOutcome struct {
	Decision core.Decision
	Record   core.AccessRecord
	Repeat   bool // the device was given this answer before; nothing was written now
}

// Scan decides one attempt, adds it to the tally if it counts, and records it, all in one
// transaction. Attempts that wait at the same time share a transaction. An error means that nothing
// was decided: the caller must refuse. The attempt may nevertheless have been recorded as released,
// if the connection was lost at the commit; the token then never releases again.
func (s *Store) Scan(ctx context.Context, a ScanAttempt) (ScanOutcome, error) {
	if a.Via == core.ViaManual {
		return s.scanForm(ctx, a)
	}
	return s.scans.do(ctx, a)
}

// scanForm looks for an earlier submission of a guard's form, which is in no cache: it may have
// used up the last exit. Of two submissions at once, one may be refused for that; it then gets the
// other's answer.
func (s *Store) scanForm(ctx context.Context, a ScanAttempt) (ScanOutcome, error) {
	first, found, err := s.released(ctx, a.TokenDigest)
	if err != nil {
		return ScanOutcome{}, database.Wrap("scan", err)
	}
	if found {
		return repeatOf(first), nil
	}
	outcome, err := s.scans.do(ctx, a)
	if err != nil || outcome.Decision.Allowed {
		return outcome, err
	}
	if first, found, err = s.released(ctx, a.TokenDigest); err == nil && found {
		return repeatOf(first), nil
	}
	return outcome, nil
}

// repeatOf returns the outcome that repeats a release.
func repeatOf(first core.AccessRecord) ScanOutcome {
	return ScanOutcome{
		Decision: core.Decision{Allowed: true, Reason: first.Reason, Sentence: first.Reason.Sentence()},
		Record:   first, Repeat: true,
	}
}

// batchTries is how often a batch that lost a race for a tally is tried as a whole: the winner has
// committed, so the next try seldom loses.
const batchTries = 3

// scanBatch decides several attempts, those that may be released by one pass one after the other: a release may change what the
// next one is decided on. More than one of a pass is seldom: several forms of a guard for the things of one slip, or two codes of
// one pass that live. Once the database cannot be reached, nothing more is asked.
func (s *Store) scanBatch(ctx context.Context, batch []ScanAttempt) ([]ScanOutcome, []error) {
	outcomes, errs := make([]ScanOutcome, len(batch)), make([]error, len(batch))
	var gone error
	for rest := batchOf(batch); len(rest) > 0; {
		var now []placed
		now, rest = eachPassOnce(rest)
		attempts := make([]ScanAttempt, len(now))
		for i, a := range now {
			attempts[i] = a.attempt
		}
		decided, failed := make([]ScanOutcome, len(now)), slices.Repeat([]error{gone}, len(now))
		if gone == nil {
			decided, failed = s.scanOnce(ctx, attempts)
		}
		for i, a := range now {
			outcomes[a.at], errs[a.at] = decided[i], failed[i]
			if database.IsGone(failed[i]) {
				gone = failed[i]
			}
		}
	}
	return outcomes, errs
}

// placed is an attempt with its place in the batch.
type placed struct {
	at      int
	attempt ScanAttempt
}

func batchOf(batch []ScanAttempt) []placed {
	all := make([]placed, len(batch))
	for i, a := range batch {
		all[i] = placed{i, a}
	}
	return all
}

// eachPassOnce returns the first attempt of every pass that may be released, with those that cannot, and the others, both in
// their order.
func eachPassOnce(batch []placed) (once, others []placed) {
	seen := make(map[core.ID]bool, len(batch))
	for _, a := range batch {
		may := a.attempt.Pass != 0 && (a.attempt.Token == core.TokenLive || a.attempt.Token == core.TokenMissing)
		if may && seen[a.attempt.Pass] {
			others = append(others, a)
			continue
		}
		seen[a.attempt.Pass] = seen[a.attempt.Pass] || may
		once = append(once, a)
	}
	return once, others
}

// scanOnce decides attempts of different passes in one transaction. If the batch keeps losing races, or
// contains a token that was released before or an attempt that cannot be decided or written, it
// decides each attempt by itself: nobody is refused because of another. An unreachable database is
// asked once.
func (s *Store) scanOnce(ctx context.Context, batch []ScanAttempt) ([]ScanOutcome, []error) {
	errs := make([]error, len(batch))
	outcomes, err := s.scanCaught(ctx, batch)
	for tries := 1; tries < batchTries && !database.IsLocked(err) && (database.IsRetryable(err) || err == database.ErrRace); tries++ {
		outcomes, err = s.scanCaught(ctx, batch)
	}
	if err == nil {
		return outcomes, errs
	}
	outcomes = make([]ScanOutcome, len(batch))
	if again := database.IsDuplicate(err) || database.IsRetryable(err) || err == database.ErrRace; !again &&
		(len(batch) == 1 || database.IsGone(err)) {
		for i := range errs {
			errs[i] = database.Wrap("scan", err)
		}
		return outcomes, errs
	}
	for i, a := range batch {
		outcomes[i], errs[i] = s.scanAlone(ctx, a)
	}
	return outcomes, errs
}

// scanCaught is scanTogether with panics as errors; the transaction is rolled back either way.
func (s *Store) scanCaught(ctx context.Context, batch []ScanAttempt) (outcomes []ScanOutcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.db.Log().Error("panic in a scan", "stack", string(debug.Stack()))
			outcomes, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	return s.scanTogether(ctx, batch)
}

// scanAlone decides one attempt, repeatedly while others change its tally. In each round somebody's
// exit was counted, so the exits of a window limit the rounds.
func (s *Store) scanAlone(ctx context.Context, a ScanAttempt) (ScanOutcome, error) {
	for {
		outcomes, err := s.scanCaught(ctx, []ScanAttempt{a})
		switch {
		case err == nil:
			return outcomes[0], nil
		case database.IsDuplicate(err):
			first, found, err := s.released(ctx, a.TokenDigest)
			if err != nil {
				return ScanOutcome{}, database.Wrap("scan", err)
			}
			if !found {
				break
			}
			if again, err := s.isRepeat(ctx, first, a); err != nil || again {
				return repeatOf(first), database.Wrap("scan", err)
			}
			a.Token = core.TokenUsed
		case database.IsLocked(err): // it has waited; the others of the batch do not wait again
			return ScanOutcome{}, database.Wrap("scan", err)
		case database.IsRetryable(err) || err == database.ErrRace:
		default:
			return ScanOutcome{}, database.Wrap("scan", err)
		}
		if err := ctx.Err(); err != nil {
			return ScanOutcome{}, database.Wrap("scan", err)
		}
	}
}

// scanTogether is the transaction. On SQLite the facts are read under the one write lock. On MySQL
// they are read without a lock, and tallies have versions: if another transaction changed one
// meanwhile, the result is database.ErrRace.
func (s *Store) scanTogether(ctx context.Context, batch []ScanAttempt) (outcomes []ScanOutcome, err error) {
	now := s.Now().Truncate(time.Millisecond)
	err = s.scans.worker.Write(ctx, "scan", func(tx *database.Tx) error {
		plan, err := s.planScans(tx, batch, now)
		if err != nil {
			return database.Unwritten(err)
		}
		outcomes = plan.outcomes
		return plan.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// scanPlan is what a batch will write.
type scanPlan struct {
	s        *Store
	now      time.Time
	outcomes []ScanOutcome
	tallies  map[tallyKey]*tallyState
	idnos    map[core.ID]string // resident → ID number to register
	uses     []passUse          // of passes whose kind notes its releases
	urgent   []urgentRelease
	aids     []core.ID // passes of which what their household said is used
}

type tallyKey struct{ community, subject core.ID }

type tallyState struct {
	days    core.Tally
	version int64 // 0 = no row yet
	changed bool
}

func (s *Store) planScans(tx *database.Tx, batch []ScanAttempt, now time.Time) (*scanPlan, error) {
	rows, err := s.scanFacts(tx.All, batch)
	if err != nil {
		return nil, err
	}
	p := &scanPlan{
		s: s, now: now, outcomes: make([]ScanOutcome, len(batch)), tallies: map[tallyKey]*tallyState{},
		idnos: map[core.ID]string{},
	}
	for i := range rows {
		rows[i].forgetReader(batch[rows[i].N])
		if err := p.decide(batch[rows[i].N], &rows[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// decide decides one attempt and adds it to the plan. The tallies in p include earlier attempts of
// the batch, so that two members of one household in one batch both count.
func (p *scanPlan) decide(a ScanAttempt, row *scanRow) error {
	if a.Late == nil {
		a = p.aided(a, row)
	}
	facts, err := p.factsOf(a, row)
	if err != nil {
		return err
	}
	d := core.Decide(facts, p.now)
	if a.UrgentFor != "" {
		d = core.DecideUrgent(facts, p.now)
	}
	if a.Late != nil {
		d = core.DecideLate(facts, p.now)
	}
	if d.Allowed && a.RefusedFor != "" {
		d = core.Decision{
			Reason: core.ReasonGuard, Sentence: core.ReasonGuard.Sentence(), Left: d.Left, Limit: d.Limit,
			Unlimited: d.Unlimited,
		}
	}
	if d.Counts {
		// both are recorded, so that the rule can change its way of counting
		day := core.DayOf(p.now, p.s.zone)
		p.tallies[tallyKey{row.PassCommunity, row.PersonID}].count(day)
		p.tallies[tallyKey{row.PassCommunity, row.HouseID}].count(day)
	}
	if d.Allowed && a.IDNumber != "" && row.ResidentID != 0 && row.HasID == 0 {
		p.idnos[row.ResidentID] = a.IDNumber
	}
	p.outcomes[row.N] = ScanOutcome{Decision: d, Record: row.record(p, a, d)}
	p.useAid(a, row, d)
	if err := p.use(a, row); err != nil {
		return err
	}
	if d.Reason == core.ReasonUrgent {
		p.urgent = append(p.urgent, urgentRelease{a, p.outcomes[row.N]})
	}
	return nil
}

// errUsedTwice is returned if a batch would release a pass twice of which each release changes what the next one is
// decided on, as by a code and a card: the attempts are then decided one by one.
var errUsedTwice = errors.New("store: a pass is used twice in a batch")

// use notes the release of a pass whose kind writes it down.
func (p *scanPlan) use(a ScanAttempt, row *scanRow) error {
	if !p.outcomes[row.N].Decision.Allowed || passKindOf(row.Kind).use == nil {
		return nil
	}
	if slices.ContainsFunc(p.uses, func(u passUse) bool { return u.row.PassID == row.PassID }) {
		return errUsedTwice
	}
	p.uses = append(p.uses, passUse{row, a, p.outcomes[row.N], core.DayOf(p.now, p.s.zone)})
	return nil
}

// factsOf returns the row's facts with the tally that the rule counts by.
func (p *scanPlan) factsOf(a ScanAttempt, row *scanRow) (core.Facts, error) {
	facts, err := row.facts(p.s.zone, a)
	if err != nil {
		return core.Facts{}, err
	}
	facts.Emergency = row.urgentAt(p.now.UnixMilli()) != "" && !slices.Contains(p.aids, row.PassID)
	if !row.Kind.Type().Counted {
		return facts, nil
	}
	person, house, err := p.talliesOf(row)
	if err != nil {
		return core.Facts{}, err
	}
	facts.Exits = person.days
	if facts.Rule.Counting == core.CountHousehold {
		facts.Exits = house.days
	}
	return facts, nil
}

func (p *scanPlan) talliesOf(row *scanRow) (person, house *tallyState, err error) {
	if row.PassID == 0 {
		return &tallyState{}, &tallyState{}, nil
	}
	person, err = p.tally(tallyKey{row.PassCommunity, row.PersonID}, row.PersonDays, row.PersonVersion)
	if err != nil {
		return nil, nil, err
	}
	house, err = p.tally(tallyKey{row.PassCommunity, row.HouseID}, row.HouseDays, row.HouseVersion)
	return person, house, err
}

func (p *scanPlan) tally(key tallyKey, text string, version int64) (*tallyState, error) {
	if t, ok := p.tallies[key]; ok {
		return t, nil
	}
	days, err := core.ParseTally(text)
	if err != nil {
		return nil, fmt.Errorf("tally of %d: %w", key.subject, err)
	}
	if days == nil {
		days = core.Tally{}
	}
	t := &tallyState{days: days, version: version}
	p.tallies[key] = t
	return t, nil
}

func (t *tallyState) count(day core.Day) {
	t.days.Add(day)
	t.changed = true
}

func (p *scanPlan) changed(isNew bool) []tallyKey {
	var keys []tallyKey
	for key, t := range p.tallies {
		if t.changed && (t.version == 0) == isNew {
			keys = append(keys, key)
		}
	}
	// every batch locks in the same order, so that two cannot deadlock
	slices.SortFunc(keys, func(a, b tallyKey) int {
		if a.community != b.community {
			return int(min(max(a.community-b.community, -1), 1))
		}
		return int(min(max(a.subject-b.subject, -1), 1))
	})
	return keys
}

func (p *scanPlan) save(tx *database.Tx) error {
	if err := p.updateTallies(tx); err != nil {
		return err
	}
	if err := p.insertTallies(tx); err != nil {
		return err
	}
	if err := p.saveUses(tx); err != nil {
		return err
	}
	for resident, number := range p.idnos {
		if err := registerIDNumber(tx, resident, number); err != nil {
			return err
		}
	}
	if err := p.saveRecords(tx); err != nil {
		return err
	}
	if err := p.endAids(tx); err != nil {
		return err
	}
	return p.auditUrgent(tx)
}

// saveUses lets each kind write down its releases, in the order of the passes, so that two batches never wait for each
// other.
func (p *scanPlan) saveUses(tx *database.Tx) error {
	if len(p.uses) == 0 {
		return nil
	}
	slices.SortFunc(p.uses, func(a, b passUse) int { return cmp.Compare(a.row.PassID, b.row.PassID) })
	for _, kind := range passKinds {
		var own []passUse
		for _, u := range p.uses {
			if u.row.Kind == kind.kind {
				own = append(own, u)
			}
		}
		if len(own) == 0 {
			continue
		}
		if err := kind.use(tx, own); err != nil {
			return err
		}
	}
	return nil
}

// orEach repeats a condition on a row n times, which is at least once, for rows that are changed together.
func orEach(condition string, n int) string { return condition + strings.Repeat(" OR "+condition, n-1) }

func (p *scanPlan) updateTallies(tx *database.Tx) error {
	keys := p.changed(false)
	if len(keys) == 0 {
		return nil
	}
	var setArgs, whereArgs []any
	for _, key := range keys {
		t := p.tallies[key]
		setArgs = append(setArgs, key.community, key.subject, t.days.Encode())
		whereArgs = append(whereArgs, key.community, key.subject, t.version)
	}
	n, err := tx.Exec("UPDATE exit_tally SET days = CASE"+
		strings.Repeat(" WHEN community_id = ? AND subject_id = ? THEN ?", len(keys))+" END, version = version + 1 WHERE "+
		orEach("(community_id = ? AND subject_id = ? AND version = ?)", len(keys)), append(setArgs, whereArgs...)...)
	if err == nil && n != int64(len(keys)) {
		return database.ErrRace
	}
	return err
}

func (p *scanPlan) insertTallies(tx *database.Tx) error {
	keys := p.changed(true)
	if len(keys) == 0 {
		return nil
	}
	args := make([]any, 0, 3*len(keys))
	for _, key := range keys {
		args = append(args, key.community, key.subject, p.tallies[key].days.Encode())
	}
	_, err := tx.Exec("INSERT INTO exit_tally (community_id, subject_id, days, version) VALUES "+
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, 1), ", len(keys)), ", "), args...)
	if database.IsDuplicate(err) {
		return database.ErrRace // another transaction counted this subject's first exit
	}
	return err
}

// saveRecords appends the batch's records in one statement.
func (p *scanPlan) saveRecords(tx *database.Tx) error {
	records := make([]core.AccessRecord, 0, len(p.outcomes))
	for _, o := range p.outcomes {
		if o.Record.ID != 0 {
			records = append(records, o.Record)
		}
	}
	return insertAccessRecords(tx, records)
}
