package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	rulePlanColumns = `id, community_id, stem, state, starts_day, ends_day, draft, replaced, batch_id, why, account_id, account_name,
		created_at, over_at`

	noRulePlan = "没有这次定时修改"

	// maxRulePlans is how many changes of one kind may wait or be in force in a community.
	maxRulePlans = 50

	maxRulePlanWhy = 500
)

type rulePlanRow struct {
	ID          core.ID            `db:"id"`
	Community   core.ID            `db:"community_id"`
	Stem        string             `db:"stem"`
	State       core.RulePlanState `db:"state"`
	Starts      core.Day           `db:"starts_day"`
	Ends        core.Day           `db:"ends_day"`
	Draft       string             `db:"draft"`
	Replaced    string             `db:"replaced"`
	Batch       core.ID            `db:"batch_id"`
	Why         string             `db:"why"`
	Account     core.ID            `db:"account_id"`
	AccountName string             `db:"account_name"`
	Created     database.Millis    `db:"created_at"`
	Over        database.Millis    `db:"over_at"`
}

func (r rulePlanRow) term() core.RulePlanTerm {
	return core.RulePlanTerm{From: r.Starts, Until: r.Ends}
}

func (r rulePlanRow) plan() (core.RulePlan, error) {
	kind := rulePlanKinds[r.Stem]
	p := core.RulePlan{
		RulePlanTerm: r.term(), ID: r.ID, Community: r.Community, Stem: r.Stem, State: r.State, Why: r.Why,
		By: core.Actor{Kind: core.ActorAccount, ID: r.Account, Name: r.AccountName}, Batch: r.Batch, Created: r.Created.Time,
		Over: r.Over.Time,
	}
	var err error
	if p.Words, err = kind.words(r.Draft); err != nil {
		return p, err
	}
	if r.Stem == "restriction" {
		var d restrictionDraft
		err = json.Unmarshal([]byte(r.Draft), &d)
		p.Restriction, p.Whole, p.Houses = d.Restriction, d.Whole, d.Houses
	}
	if err == nil && r.Replaced != "" {
		if p.Before, err = kind.words(r.Replaced); err == nil {
			p.Drastic, err = kind.drastic(r.Draft, r.Replaced)
		}
	}
	return p, err
}

// planner is who is named for what a change does when it starts and when it ends.
func (r rulePlanRow) planner() core.Actor {
	const mark = "（定时）"
	return core.Actor{Kind: core.ActorAccount, ID: r.Account, Name: cutText(r.AccountName, 64-len([]rune(mark))) + mark}
}

// rulePlanKind is what can be scheduled. Its acts refuse, by an error that has words for people, before they write anything.
type rulePlanKind interface {
	words(draft string) (string, error)
	// drastic reports whether putting back what a draft replaced takes something from everybody.
	drastic(draft, replaced string) (bool, error)
	start(tx *database.Tx, by core.Actor, p rulePlanRow, today core.Day) (rulePlanStart, error)
	// end puts back what was replaced, unless somebody has changed it since.
	end(tx *database.Tx, by core.Actor, p rulePlanRow) (back bool, err error)
	// now returns in words what holds in a community instead of a draft; "" = the draft.
	now(ctx context.Context, s *Store, community core.ID, draft string) (string, error)
	// stays reports whether nothing is left to do after the start, whatever the last day.
	stays() bool
}

// rulePlanStart is what a start did.
type rulePlanStart struct {
	draft, replaced string // as the columns
	batch           core.ID
	why             string // what it left out; "" = nothing
}

var rulePlanKinds = map[string]rulePlanKind{
	passRules.stem: passRules, visitorRules.stem: visitorRules, exitRules.stem: exitRules, "restriction": rulePlanRestriction{},
}

// rulePlanAudit is what the audit log records of a scheduled change.
type rulePlanAudit struct {
	What   string   `json:"what"`
	Term   string   `json:"term"`
	Words  string   `json:"words"`
	Houses []string `json:"houses,omitempty"` // of a restriction of some: the first of them
	Why    string   `json:"why,omitempty"`
}

func (r rulePlanRow) audit() (rulePlanAudit, error) {
	p, err := r.plan()
	return rulePlanAudit{What: p.What(), Term: p.Text(), Words: p.Words, Why: r.Why}, err
}

// auditNamed is audit with the names of the houses that a restriction is for.
func (r rulePlanRow) auditNamed(tx *database.Tx) (rulePlanAudit, error) {
	a, err := r.audit()
	if err == nil && r.Stem == "restriction" {
		err = tx.All(&a.Houses, "SELECT label FROM rule_plan_house WHERE plan_id = ? ORDER BY house_id LIMIT ?", int64(r.ID), maxNamed)
	}
	return a, err
}

func (k ruleKind[R]) words(draft string) (string, error) {
	rule, err := k.rule(draft)
	return k.text(rule), err
}

func (k ruleKind[R]) drastic(draft, replaced string) (bool, error) {
	was, err := k.rule(draft)
	if err != nil {
		return false, err
	}
	next, err := k.rule(replaced)
	return err == nil && k.harsh(next, was), err
}

func (k ruleKind[R]) stays() bool { return false }

func (k ruleKind[R]) now(ctx context.Context, s *Store, community core.ID, draft string) (string, error) {
	planned, err := k.rule(draft)
	if err != nil {
		return "", err
	}
	now, err := k.read(ctx, s, community)
	if err != nil {
		return "", err
	}
	if same, err := k.same(now, planned); same || err != nil {
		return "", err
	}
	return k.text(now), nil
}

func (k ruleKind[R]) start(tx *database.Tx, by core.Actor, p rulePlanRow, _ core.Day) (done rulePlanStart, err error) {
	rule, err := k.rule(p.Draft)
	if err == nil {
		rule, err = k.normal(rule)
	}
	if err != nil {
		return done, err
	}
	old, was, err := k.in(tx, p.Community)
	if err != nil {
		return done, err
	}
	if _, err := k.update(tx, by, p.Community, was, rule); err != nil {
		return done, err
	}
	if rule, _, err = k.in(tx, p.Community); err != nil { // as it is read when it ends, to be compared with
		return done, err
	}
	draft, err := json.Marshal(rule)
	if err != nil {
		return done, err
	}
	replaced, err := json.Marshal(old)
	return rulePlanStart{draft: string(draft), replaced: string(replaced)}, err
}

func (k ruleKind[R]) end(tx *database.Tx, by core.Actor, p rulePlanRow) (back bool, err error) {
	now, was, err := k.in(tx, p.Community)
	if err != nil {
		return false, err
	}
	before, err := k.rule(p.Replaced)
	if err != nil {
		return false, err
	}
	if back, err := k.same(now, before); back || err != nil {
		return back, err
	}
	planned, err := k.rule(p.Draft)
	if err != nil {
		return false, err
	}
	if same, err := k.same(now, planned); !same || err != nil {
		return false, err
	}
	if before, err = k.normal(before); err != nil {
		return false, err
	}
	_, err = k.update(tx, by, p.Community, was, before)
	return err == nil, err
}

func (k ruleKind[R]) same(one, other R) (bool, error) {
	a, err := json.Marshal(one)
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(other)
	return bytes.Equal(a, b), err
}

// schedule has a rule become that of a community of the scope later, or at once until a day. seen is that of the rule that the form
// showed.
func (k ruleKind[R]) schedule(
	ctx context.Context, s *Store, by core.Actor, scope core.Scope, community core.ID, seen time.Time, rule R, term core.RulePlanTerm,
) (id core.ID, err error) {
	if !scope.Has(community) {
		return 0, core.NotFound(noCommunity)
	}
	normal, err := k.normal(rule)
	if err != nil {
		return 0, err
	}
	today := core.DayOf(s.Now(), s.zone)
	if err := term.Check(today); err != nil {
		return 0, err
	}
	atOnce := term.From == 0
	term = term.Starting(today)
	draft, err := json.Marshal(normal)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "schedule a "+k.stem, func(tx *database.Tx) error {
		if err := lockForRulePlan(tx, scope, community); err != nil {
			return err
		}
		_, was, err := k.in(tx, community)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(seen, was); err != nil {
			return err
		}
		if err := checkRulePlan(tx.All, community, k.stem, term); err != nil {
			return err
		}
		p, err := insertRulePlan(tx, by, rulePlanRow{
			Community: community, Stem: k.stem, Starts: term.From, Ends: term.Until, Draft: string(draft),
		}, nil, nil)
		if err == nil && atOnce {
			err = beginRulePlan(tx, by, p, today)
		}
		id = p.ID
		return err
	})
	return id, err
}

// lockForRulePlan locks a community in use, so that what is scheduled there at once is compared.
func lockForRulePlan(tx *database.Tx, scope core.Scope, community core.ID) error {
	c, err := lockCommunity(tx, scope, community)
	if err == nil && !c.Archived.IsZero() {
		err = core.Conflict("小区已归档，不能安排")
	}
	return err
}

const openRulePlans = "SELECT " + rulePlanColumns + ` FROM rule_plan
	WHERE community_id = ?
	AND stem = ?
	AND state IN ('waiting', 'in_force')
	ORDER BY starts_day, id`

// checkRulePlan refuses a term in which another change of the same settings would get in the way.
func checkRulePlan(all readAll, community core.ID, stem string, term core.RulePlanTerm) error {
	var open []rulePlanRow
	if err := all(&open, openRulePlans, int64(community), stem); err != nil {
		return err
	}
	for _, other := range open {
		if term.Overlaps(other.term()) {
			return overlapsRulePlan("from_day", other)
		}
	}
	return checkRulePlanCount(len(open))
}

func checkRulePlanCount(open int) error {
	if open >= maxRulePlans {
		return core.Conflict(fmt.Sprintf("已经安排了 %d 次，请先取消不需要的", open))
	}
	return nil
}

func overlapsRulePlan(field string, other rulePlanRow) error {
	return core.InvalidFields(map[string]string{
		field: "和已安排的 " + other.term().Text() + " 的修改重叠（" + other.AccountName + "安排），请改日期，或先取消那一次",
	})
}

// insertRulePlan keeps a change; houses are those of a restriction of some, with their names.
func insertRulePlan(
	tx *database.Tx, by core.Actor, p rulePlanRow, houses []core.ID, labels map[core.ID]string,
) (rulePlanRow, error) {
	p.ID, p.State, p.Account, p.AccountName = tx.NewID(), core.RulePlanWaiting, by.ID, by.Name
	_, err := tx.Exec(`
		INSERT INTO rule_plan (id, community_id, stem, state, starts_day, ends_day, due_day, draft, replaced, batch_id, why, account_id,
			account_name, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', ?, ?, ?)`,
		int64(p.ID), int64(p.Community), p.Stem, string(p.State), int32(p.Starts), int32(p.Ends), int32(p.Starts), p.Draft,
		int64(p.Account), p.AccountName, tx.NowMS())
	if err == nil && len(houses) > 0 {
		rows := make([][]any, len(houses))
		for i, house := range houses {
			rows[i] = []any{int64(p.ID), int64(house), labels[house]}
		}
		err = database.InsertRows(tx, database.InsertInto, "rule_plan_house", "plan_id, house_id, label", rows)
	}
	if err != nil {
		return p, err
	}
	after, err := p.auditNamed(tx)
	if err != nil {
		return p, err
	}
	return p, audit.Write(tx, by, audit.Entry{
		Community: p.Community, Action: "ruleplan.create", Subject: audit.Target("community", p.Community), After: after,
	})
}

// SchedulePassRule has r become the rule of r.Community, which must be in scope, in a term. As by UpdatePassRule, it is core.Stale
// if r.Updated is not that of the present rule.
func (s *Store) SchedulePassRule(
	ctx context.Context, by core.Actor, scope core.Scope, r PassRule, term core.RulePlanTerm,
) (core.ID, error) {
	return passRules.schedule(ctx, s, by, scope, r.Community, r.Updated, r.PassRule, term)
}

// ScheduleVisitorRule is SchedulePassRule of the rule of visitors.
func (s *Store) ScheduleVisitorRule(
	ctx context.Context, by core.Actor, scope core.Scope, r VisitorRule, term core.RulePlanTerm,
) (core.ID, error) {
	return visitorRules.schedule(ctx, s, by, scope, r.Community, r.Updated, r.VisitorRule, term)
}

// ScheduleExitRule is SchedulePassRule of the rule of exit slips.
func (s *Store) ScheduleExitRule(
	ctx context.Context, by core.Actor, scope core.Scope, r ExitRule, term core.RulePlanTerm,
) (core.ID, error) {
	return exitRules.schedule(ctx, s, by, scope, r.Community, r.Updated, r.ExitRule, term)
}

// CheckRulePlan returns why a rule of a community of the scope cannot be scheduled for a term, as its scheduling would.
func (s *Store) CheckRulePlan(
	ctx context.Context, scope core.Scope, community core.ID, stem string, term core.RulePlanTerm,
) error {
	if !scope.Has(community) {
		return core.NotFound(noCommunity)
	}
	today := core.DayOf(s.Now(), s.zone)
	if err := term.Check(today); err != nil {
		return err
	}
	return checkRulePlan(s.allOf(ctx), community, stem, term.Starting(today))
}

// RulePlans returns the scheduled changes of a stem in the communities in scope, or in one: all that wait or are in force, the
// earliest first, and the latest of those that are over, newest first.
func (s *Store) RulePlans(
	ctx context.Context, scope core.Scope, community core.ID, stem string, most int,
) (open, over []core.RulePlan, err error) {
	if community != 0 && !scope.Has(community) {
		return nil, nil, core.NotFound(noCommunity)
	}
	where := database.Within(scope.In(community), "community_id")
	where.And("stem = ?", stem)
	open, err = s.readRulePlans(ctx, where, " AND state IN ('waiting', 'in_force') ORDER BY starts_day, id LIMIT ?", 2*maxRulePlans)
	if err == nil {
		over, err = s.readRulePlans(ctx, where, " AND state IN ('done', 'cancelled', 'failed') ORDER BY id DESC LIMIT ?", most)
	}
	return open, over, database.Wrap("scheduled changes", err)
}

func (s *Store) readRulePlans(
	ctx context.Context, where database.Where, rest string, args ...any,
) (plans []core.RulePlan, err error) {
	var rows []rulePlanRow
	err = s.db.All(ctx, &rows, "SELECT "+rulePlanColumns+" FROM rule_plan WHERE "+where.Text()+rest, where.Args(args...)...)
	for _, row := range rows {
		if err == nil {
			var p core.RulePlan
			p, err = s.rulePlanOf(ctx, row)
			plans = append(plans, p)
		}
	}
	return plans, err
}

// rulePlanOf returns a scheduled change with what holds now.
func (s *Store) rulePlanOf(ctx context.Context, row rulePlanRow) (core.RulePlan, error) {
	p, err := row.plan()
	switch {
	case err != nil:
	case p.State == core.RulePlanInForce:
		p.Now, err = rulePlanKinds[p.Stem].now(ctx, s, p.Community, row.Draft)
	case p.State == core.RulePlanWaiting && p.Stem == "restriction":
		err = s.restrictionNow(ctx, &p)
	}
	return p, err
}

// RulePlansSoon returns the scheduled changes in the communities in scope that start or end within core.RulePlanSoonDays, today being
// the first, the earliest in front: at most so many, and whether there are more.
func (s *Store) RulePlansSoon(ctx context.Context, scope core.Scope, most int) (plans []core.RulePlan, more bool, err error) {
	scope, err = s.listed(ctx, scope)
	if err != nil || scope.Empty() {
		return nil, false, database.Wrap("scheduled changes", err)
	}
	where := database.Within(scope, "community_id")
	where.And("due_day < ?", int32(core.DayOf(s.Now(), s.zone)+core.RulePlanSoonDays))
	plans, err = s.readRulePlans(ctx, where, " ORDER BY due_day, id LIMIT ?", most+1)
	if more = len(plans) > most; more {
		plans = plans[:most]
	}
	return plans, more, database.Wrap("scheduled changes", err)
}

// RulePlan returns a scheduled change of the scope.
func (s *Store) RulePlan(ctx context.Context, scope core.Scope, id core.ID) (core.RulePlan, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	var row rulePlanRow
	err := s.db.Get(ctx, &row, "SELECT "+rulePlanColumns+" FROM rule_plan WHERE "+where.Text(), where.Args()...)
	if err != nil {
		return core.RulePlan{}, database.Wrap("scheduled change", database.NotFoundIfNoRows(err, noRulePlan))
	}
	p, err := s.rulePlanOf(ctx, row)
	return p, database.Wrap("scheduled change", err)
}

// RulePlanReach counts whom a scheduled change of the scope concerns as it is now: of a restriction, those of the houses that it would
// restrict.
func (s *Store) RulePlanReach(ctx context.Context, scope core.Scope, p core.RulePlan) (houses, residents int, err error) {
	if !scope.Has(p.Community) {
		return 0, 0, core.NotFound(noRulePlan)
	}
	if p.Stem == "restriction" {
		return s.restrictionReach(ctx, scope, p)
	}
	residents, _, err = s.ResidentCounts(ctx, scope.In(p.Community))
	return 0, residents, err
}

// lockRulePlan reads and locks a scheduled change of the scope.
func lockRulePlan(tx *database.Tx, scope core.Scope, id core.ID) (row rulePlanRow, err error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	err = tx.Get(&row, "SELECT "+rulePlanColumns+" FROM rule_plan WHERE "+where.Text()+tx.Dialect().ForUpdate(), where.Args()...)
	return row, database.NotFoundIfNoRows(err, noRulePlan)
}

// CancelRulePlan takes back a scheduled change of the scope that has not started; of another it is a conflict.
func (s *Store) CancelRulePlan(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "cancel a scheduled change", func(tx *database.Tx) error {
		p, err := lockRulePlan(tx, scope, id)
		if err != nil {
			return err
		}
		switch p.State {
		case core.RulePlanWaiting:
			return cancelRulePlan(tx, by, p, "")
		case core.RulePlanInForce:
			return core.Conflict("这次修改刚刚已经生效，没有取消；可以提前结束")
		}
		return core.Conflict("这次修改" + p.State.Label() + "，不能再取消")
	})
}

func cancelRulePlan(tx *database.Tx, by core.Actor, p rulePlanRow, why string) error {
	p.Why = why
	if err := p.finish(tx, core.RulePlanCancelled); err != nil {
		return err
	}
	before, err := p.auditNamed(tx)
	if err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Community: p.Community, Action: "ruleplan.cancel", Subject: audit.Target("community", p.Community), Before: before,
	})
}

// finish ends a change that was locked; what it did is in its fields.
func (r rulePlanRow) finish(tx *database.Tx, state core.RulePlanState) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE rule_plan
		SET state = ?, due_day = NULL, draft = ?, replaced = ?, batch_id = ?, why = ?, over_at = ?
		WHERE id = ?
		AND state = ?`, string(state), r.Draft, r.Replaced, int64(r.Batch), cutText(r.Why, maxRulePlanWhy), tx.NowMS(),
		int64(r.ID), string(r.State))
}

// EndRulePlan puts back at once what a change of the scope that is in force has replaced. back is false if somebody has changed it
// since: then it is left as it is.
func (s *Store) EndRulePlan(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) (back bool, err error) {
	err = s.db.Write(ctx, "end a scheduled change", func(tx *database.Tx) error {
		p, err := lockRulePlan(tx, scope, id)
		if err != nil {
			return err
		}
		if p.State != core.RulePlanInForce {
			return core.Conflict("这次修改" + p.State.Label() + "，不能提前结束")
		}
		back, err = endRulePlan(tx, by, by, p)
		return err
	})
	return back, err
}

// CarryOutRulePlans starts and ends what is due: at 00:00 of its day, or as soon as a server runs again. Each is carried out in a
// transaction of its own, by whichever server comes first.
func (s *Store) CarryOutRulePlans(ctx context.Context) error {
	today := core.DayOf(s.Now(), s.zone)
	var due []rulePlanRow
	// Of one day, in_force comes before waiting: what ends makes room for what starts.
	err := s.db.All(ctx, &due, `
		SELECT id, community_id, stem
		FROM rule_plan
		WHERE due_day <= ?
		ORDER BY due_day, state, id`, int32(today))
	if err != nil {
		return database.Wrap("scheduled changes that are due", err)
	}
	type settings struct {
		community core.ID
		stem      string
	}
	var all error
	stuck := map[settings]bool{}
	for _, p := range due {
		of := settings{p.Community, p.Stem}
		if stuck[of] || ctx.Err() != nil { // the next would replace what should have been put back
			continue
		}
		err := s.db.Write(ctx, "carry out a scheduled change", func(tx *database.Tx) error { return carryOutRulePlan(tx, p.ID, today) })
		if err != nil {
			stuck[of], all = true, errors.Join(all, err)
		}
	}
	return errors.Join(all, ctx.Err())
}

func carryOutRulePlan(tx *database.Tx, id core.ID, today core.Day) error {
	var p rulePlanRow
	err := tx.Get(&p, "SELECT "+rulePlanColumns+" FROM rule_plan WHERE id = ? AND due_day <= ?"+tx.Dialect().ForUpdate(),
		int64(id), int32(today))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // another server was faster, or somebody has cancelled it
	}
	if err != nil {
		return err
	}
	if p.State == core.RulePlanInForce {
		_, err := endRulePlan(tx, p.planner(), core.System, p)
		return err
	}
	return startRulePlan(tx, p, today)
}

// refusedRulePlan returns why an act of a change was refused; ok is false of an error that people can do nothing about.
func refusedRulePlan(err error) (why string, ok bool) {
	switch core.CodeOf(err) {
	case core.CodeInvalid, core.CodeConflict, core.CodeNotFound:
		return core.MessageOf(err), true
	}
	return "", false
}

func startRulePlan(tx *database.Tx, p rulePlanRow, today core.Day) error {
	if p.Ends != 0 && p.Ends < today {
		return failRulePlan(tx, p, "安排的日子已经过去，那几天系统没有运行")
	}
	err := beginRulePlan(tx, p.planner(), p, today)
	if why, refused := refusedRulePlan(err); refused {
		return failRulePlan(tx, p, why)
	}
	return err
}

// beginRulePlan does what a change is for, in the name of by. What it refuses it refuses before anything is written.
func beginRulePlan(tx *database.Tx, by core.Actor, p rulePlanRow, today core.Day) error {
	kind := rulePlanKinds[p.Stem]
	done, err := kind.start(tx, by, p, today)
	if err != nil {
		return err
	}
	p.Draft, p.Replaced, p.Batch, p.Why = done.draft, done.replaced, done.batch, done.why
	if p.Ends == 0 || kind.stays() {
		err = p.finish(tx, core.RulePlanDone)
	} else {
		err = tx.ExecOne(database.ErrRace, `
			UPDATE rule_plan
			SET state = 'in_force', due_day = ?, draft = ?, replaced = ?
			WHERE id = ?
			AND state = 'waiting'`, int32(p.Ends)+1, p.Draft, p.Replaced, int64(p.ID))
	}
	if err != nil {
		return err
	}
	return saidOfRulePlan(tx, p, "已生效，但 "+p.Why)
}

// saidOfRulePlan records that a change has started, or failed to, and tells those who may schedule one if not all is as it was meant.
func saidOfRulePlan(tx *database.Tx, p rulePlanRow, title string) error {
	after, err := p.audit()
	if err != nil {
		return err
	}
	err = audit.Write(tx, core.System, audit.Entry{
		Community: p.Community, Action: "ruleplan.start", Subject: audit.Target("community", p.Community), After: after,
	})
	if err != nil {
		return err
	}
	return tellOfRulePlan(tx, p, title)
}

func failRulePlan(tx *database.Tx, p rulePlanRow, why string) error {
	p.Why = why
	if err := p.finish(tx, core.RulePlanFailed); err != nil {
		return err
	}
	return saidOfRulePlan(tx, p, "没有生效："+why)
}

// endRulePlan ends a change that is in force: by puts back what it replaced, and ender ends it.
func endRulePlan(tx *database.Tx, by, ender core.Actor, p rulePlanRow) (back bool, err error) {
	back, err = rulePlanKinds[p.Stem].end(tx, by, p)
	if why, refused := refusedRulePlan(err); refused {
		p.Why = "没有恢复原来的设置：" + why
	} else if err != nil {
		return false, err
	} else if !back {
		p.Why = "期间有人改过设置，没有恢复原来的"
	}
	if err := p.finish(tx, core.RulePlanDone); err != nil {
		return false, err
	}
	before, err := p.audit()
	if err != nil {
		return false, err
	}
	if err := audit.Write(tx, ender, audit.Entry{
		Community: p.Community, Action: "ruleplan.end", Subject: audit.Target("community", p.Community), Before: before,
	}); err != nil {
		return false, err
	}
	if ender.Kind != core.ActorSystem { // who ends it sees what came of it
		return back, nil
	}
	return back, tellOfRulePlan(tx, p, "已到期，"+p.Why)
}

// tellOfRulePlan tells those who may schedule changes of one that has a Why.
func tellOfRulePlan(tx *database.Tx, p rulePlanRow, title string) error {
	if p.Why == "" {
		return nil
	}
	plan, err := p.plan()
	if err != nil {
		return err
	}
	return notifyAll(tx, core.NoticeAudience{Community: p.Community, Needs: plan.Needs()}, core.Notice{
		Stem: p.Stem, Title: "定时的" + plan.What() + "（" + plan.Text() + "）" + title,
		Link: p.Stem + "?community=" + p.Community.String(),
	}, core.MessageRulePlan)
}

// endRulePlans ends all changes of a community that is archived: nothing starts any more, and nothing is put back.
func endRulePlans(tx *database.Tx, by core.Actor, community core.ID) error {
	var open []rulePlanRow
	err := tx.All(&open, "SELECT "+rulePlanColumns+` FROM rule_plan
		WHERE community_id = ?
		AND state IN ('waiting', 'in_force')
		ORDER BY id`+tx.Dialect().ForUpdate(), int64(community))
	for _, p := range open {
		if err == nil {
			err = cancelRulePlan(tx, by, p, "小区已归档")
		}
	}
	return err
}

// deleteRulePlans deletes those of a community that is deleted.
func deleteRulePlans(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM rule_plan_house WHERE plan_id IN (SELECT id FROM rule_plan WHERE community_id = ?)", int64(community))
	if err == nil {
		_, err = tx.Exec("DELETE FROM rule_plan WHERE community_id = ?", int64(community))
	}
	return err
}
