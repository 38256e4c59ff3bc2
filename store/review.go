package store

import (
	"context"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// reviewKind is what a kind of review adds to the shared mechanism. Its file has one, in reviewKinds.
type reviewKind struct {
	// approve does what was applied for, in the transaction of the decision.
	approve func(s *Store, tx *database.Tx, by core.Actor, r core.Review) error
	// reject does what not approving it entails, in the same transaction; nil = nothing.
	reject func(tx *database.Tx, r core.Review) error
	// record writes the audit row of a review that was decided or withdrawn.
	record func(s *Store, tx *database.Tx, by core.Actor, r core.Review) error
}

var reviewKinds map[core.ReviewKind]reviewKind

func init() {
	reviewKinds = map[core.ReviewKind]reviewKind{
		core.ReviewCertification: certificationReview, core.ReviewVisit: visitReview,
		core.ReviewExitSlip: exitSlipReview,
	}
}

type reviewRow struct {
	ID        core.ID          `db:"id"`
	Community core.ID          `db:"community_id"`
	Kind      core.ReviewKind  `db:"kind"`
	Applicant core.ID          `db:"applicant_id"`
	Name      string           `db:"name"`
	Subject   string           `db:"subject"`
	State     core.ReviewState `db:"state"`
	Version   int              `db:"version"`
	Due       database.Millis  `db:"due_at"`
	DecidedBy core.ID          `db:"decided_by"`
	Decider   string           `db:"decider"`
	Decided   database.Millis  `db:"decided_at"`
	Asked     bool             `db:"owners_asked"`
	Owner     core.ID          `db:"owner_id"`
	Reason    string           `db:"reason"`
	Note      string           `db:"note"`
	Internal  string           `db:"internal"`
	Created   database.Millis  `db:"created_at"`
}

const (
	reviewFields = `id, community_id, kind, applicant_id, name, subject, state, version, due_at, decided_by, decider, decided_at,
	owners_asked, owner_id, reason, note, internal, created_at`
	// reviewFieldsOf are those of review r, behind "SELECT r.".
	reviewFieldsOf = `id, r.community_id, r.kind, r.applicant_id, r.name, r.subject, r.state, r.version, r.due_at, r.decided_by, r.decider,
	r.decided_at, r.owners_asked, r.owner_id, r.reason, r.note, r.internal, r.created_at`
	noReview = "申请不存在"
)

func (r reviewRow) review() core.Review {
	return core.Review{
		ID: r.ID, Kind: r.Kind, Community: r.Community, Applicant: r.Applicant, Name: r.Name, Subject: r.Subject,
		State: r.State, Version: r.Version, Due: r.Due.Time, DecidedBy: r.DecidedBy, Decider: r.Decider,
		Decided: r.Decided.Time, Asked: r.Asked, Owner: r.Owner,
		Reason: r.Reason, Note: r.Note, Internal: r.Internal, Created: r.Created.Time,
	}
}

func reviewsOf(rows []reviewRow) []core.Review {
	list := make([]core.Review, len(rows))
	for i, r := range rows {
		list[i] = r.review()
	}
	return list
}

// ReviewFilter narrows a list of reviews. Zero fields do not filter.
type ReviewFilter struct {
	Kinds     []core.ReviewKind // nil = all; empty = none
	Community core.ID
	State     core.ReviewState
	Keyword   string // part of the applicant's name, or of what it is about
	Late      time.Time
	Asked     time.Time // only those of which the office is asked at this time: not those that wait for owners
	Not       core.ID   // a WeChat user whose own applications are left out
	Oldest    bool      // oldest first, as a queue
	Page      Page
}

func (f ReviewFilter) where() database.Where {
	var where database.Where
	switch {
	case f.Kinds != nil && len(f.Kinds) == 0:
		where.And("1 = 0")
	case f.Kinds != nil:
		args := make([]any, len(f.Kinds))
		for i, kind := range f.Kinds {
			args[i] = string(kind)
		}
		where.And("kind IN ("+database.Placeholders(len(args))+")", args...)
	}
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if !f.Late.IsZero() {
		where.And("due_at <= ?", f.Late.UnixMilli())
	}
	if !f.Asked.IsZero() {
		where.And("(owners_asked = 0 OR due_at <= ?)", f.Asked.UnixMilli())
	}
	if f.Not != 0 {
		where.And("applicant_id <> ?", int64(f.Not))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		where.Like(keyword, "name", "subject")
	}
	return where
}

// Reviews lists a page of the reviews of the communities in scope. more reports whether there are further
// rows in the direction of paging.
func (s *Store) Reviews(ctx context.Context, scope core.Scope, f ReviewFilter) (list []core.Review, more bool, err error) {
	order := database.NewestFirst
	if f.Oldest {
		order = database.OldestFirst
	}
	rows, more, err := readPage[reviewRow](ctx, s, listQuery{
		columns: reviewFields, table: "review", scope: database.Within(scope, "community_id"), filter: f.where(), order: order,
	}, f.Page)
	return reviewsOf(rows), more, database.Wrap("list reviews", err)
}

// CountReviews counts the reviews in scope that a filter lets through, by kind.
func (s *Store) CountReviews(ctx context.Context, scope core.Scope, f ReviewFilter) (map[core.ReviewKind]int, error) {
	where := database.Within(scope, "community_id").With(f.where())
	var rows []struct {
		Kind core.ReviewKind `db:"kind"`
		N    int             `db:"n"`
	}
	err := s.db.All(ctx, &rows, "SELECT kind, COUNT(*) AS n FROM review WHERE "+where.Text()+" GROUP BY kind", where.Args()...)
	counts := map[core.ReviewKind]int{}
	for _, r := range rows {
		counts[r.Kind] = r.N
	}
	return counts, database.Wrap("count reviews", err)
}

// Review returns one review in scope.
func (s *Store) Review(ctx context.Context, scope core.Scope, id core.ID) (core.Review, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row reviewRow
	err := s.db.Get(ctx, &row, "SELECT "+reviewFields+" FROM review WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	return row.review(), database.Wrap("read review", database.NotFoundIfNoRows(err, noReview))
}

// ReviewStates returns how far those of some reviews have come that are in scope.
func (s *Store) ReviewStates(ctx context.Context, scope core.Scope, ids []core.ID) (map[core.ID]core.ReviewState, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	states := map[core.ID]core.ReviewState{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID          `db:"id"`
			State core.ReviewState `db:"state"`
		}
		query := "SELECT id, state FROM review WHERE " + where + " AND id IN (" + database.Placeholders(len(part)) + ")"
		err := s.db.All(ctx, &rows, query, database.AppendIDs(args, part)...)
		for _, r := range rows {
			states[r.ID] = r.State
		}
		return err
	})
	return states, database.Wrap("read the states of reviews", err)
}

// earlierShown is how many earlier applications of the same person a reviewer sees.
const earlierShown = 10

// EarlierReviews returns the other applications of the same person, of some kinds and in scope, newest first. Nobody knows who
// applies outside WeChat: of them it returns the visits of the same number, if both have proven it.
func (s *Store) EarlierReviews(ctx context.Context, scope core.Scope, r core.Review, kinds []core.ReviewKind) ([]core.Review, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	where := database.Within(scope, "community_id").With(ReviewFilter{Kinds: kinds}.where())
	where.And("id <> ?", int64(r.ID))
	if r.Applicant != 0 {
		where.And("applicant_id = ?", int64(r.Applicant))
	} else {
		var number string
		err := s.db.Get(ctx, &number, "SELECT phone_mac FROM visitor_pass WHERE id = ? AND proven = 1", int64(r.ID))
		if err = database.NotFoundIfNoRows(err, ""); core.IsNotFound(err) || err == nil && number == "" {
			return nil, nil
		}
		if err != nil {
			return nil, database.Wrap("read whose application it is", err)
		}
		where.And("kind = ?", string(core.ReviewVisit))
		where.And("id IN (SELECT id FROM visitor_pass WHERE phone_mac = ? AND proven = 1)", number)
	}
	var rows []reviewRow
	err := s.db.All(ctx, &rows, "SELECT "+reviewFields+" FROM review WHERE "+where.Text()+" ORDER BY id DESC LIMIT ?",
		where.Args(earlierShown)...)
	return reviewsOf(rows), database.Wrap("list earlier reviews", err)
}

// newReview is an application that is being sent.
type newReview struct {
	core.Review
	key    string // at most one of a key waits
	photos []core.ID
	owners []core.ID        // WeChat users of people of the house who are asked; none = the office is
	asked  core.MessageNote // what they are told
}

// createReview adds an application in the act's own transaction; an earlier one of its key that waits is
// superseded. One that waits is told to the owners who are asked, or to every account that may decide it.
func (s *Store) createReview(tx *database.Tx, n newReview) error {
	if err := supersede(tx, n.key); err != nil {
		return err
	}
	var key, remind, decided any
	if n.State == core.ReviewWaiting {
		key, remind = n.key, n.Due.UnixMilli()
	} else {
		decided = tx.NowMS()
	}
	_, err := tx.Exec(`
		INSERT INTO review (id, community_id, kind, applicant_id, name, subject, open_key, state, version, due_at, remind_at,
			decided_by, decider, decided_at, owners_asked, owner_id, reason, note, internal, photos, created_at, updated_at)
		VALUES (`+database.Placeholders(22)+")",
		int64(n.ID), int64(n.Community), string(n.Kind), int64(n.Applicant), n.Name, n.Subject, key, string(n.State), 1,
		n.Due.UnixMilli(), remind, 0, "", decided, database.BoolInt(len(n.owners) > 0), 0,
		"", "", "", len(n.photos), tx.NowMS(), tx.NowMS())
	if database.IsDuplicate(err) {
		return database.ErrRace // another of the same key at the same moment
	}
	if err != nil {
		return err
	}
	if err := usePhotos(tx, n.Applicant, n.photos, photoUse{string(n.Kind), n.ID, n.Community}); err != nil {
		return err
	}
	if n.State != core.ReviewWaiting {
		return nil
	}
	if len(n.owners) > 0 {
		return askOwners(tx, n)
	}
	return askOffice(tx, n.Review)
}

// askOffice tells every account that may decide a review of it. The applicant's own may not.
func askOffice(tx *database.Tx, r core.Review) error {
	return notifyAll(tx, core.NoticeAudience{Community: r.Community, Needs: r.Kind.Type().Needs, Not: r.Applicant}, core.Notice{
		Stem: string(r.Kind), Title: r.Kind.Label() + "：" + r.Subject + " 待审核", Link: reviewLink(r.Kind, r.ID),
	}, r.Kind.Type().Asks)
}

// askOfficeInstead lets a review that waits for owners be the office's, and tells it.
func askOfficeInstead(tx *database.Tx, r core.Review) error {
	n, err := tx.Exec("UPDATE review SET owners_asked = 0, updated_at = ? WHERE id = ? AND state = 'waiting' AND owners_asked = 1",
		tx.NowMS(), int64(r.ID))
	if err != nil || n == 0 {
		return err
	}
	return askOffice(tx, r)
}

// reviewLink is the page of a review, below /console/.
func reviewLink(kind core.ReviewKind, id core.ID) string { return string(kind) + "/" + id.String() }

func supersede(tx *database.Tx, key string) error {
	_, err := tx.Exec(`
		UPDATE review
		SET state = 'superseded', open_key = NULL, remind_at = NULL, version = version + 1, decided_at = ?, updated_at = ?
		WHERE open_key = ?`, tx.NowMS(), tx.NowMS(), key)
	return err
}

// DecideReview approves or rejects a waiting review of the scope, does what was applied for, and tells the
// applicant. The account must be able to review the kind there at this moment, not only when the page was
// shown, and must not be the applicant's own. If somebody else has decided, the result is a conflict that
// says who.
func (s *Store) DecideReview(
	ctx context.Context, by core.Actor, scope core.Scope, d core.ReviewDecision,
) (decided core.Review, err error) {
	if d, err = d.Checked(); err != nil {
		return decided, err
	}
	err = s.db.Write(ctx, "decide review", func(tx *database.Tx) error {
		if decided, err = lockReview(tx, scope, d.ID); err != nil {
			return err
		}
		if err := mayReview(tx, by, decided); err != nil {
			return err
		}
		switch {
		case decided.State != core.ReviewWaiting:
			return core.Conflict(decided.DecidedText(s.minute))
		case decided.Version != d.Version:
			return core.Conflict("申请刚有变化，请看后再决定")
		}
		if d.Listed {
			if err := needMatch(tx, decided); err != nil {
				return err
			}
		}
		decided.State, decided.Reason, decided.Note, decided.Internal = core.ReviewRejected, d.Reason, d.Note, d.Internal
		if d.Approve {
			decided.State = core.ReviewApproved
		}
		return s.closeReview(tx, by, &decided)
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, decided.Applicant) // who may be somebody of the register now
	}
	return decided, err
}

// minute formats a time for a sentence.
func (s *Store) minute(t time.Time) string { return t.In(s.Zone()).Format("1 月 2 日 15:04") }

// lockReview reads and locks a review of the scope.
func lockReview(tx *database.Tx, scope core.Scope, id core.ID) (core.Review, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row reviewRow
	err := tx.Get(&row, "SELECT "+reviewFields+" FROM review WHERE id = ? AND "+where+tx.Dialect().ForUpdate(),
		append([]any{int64(id)}, args...)...)
	return row.review(), database.NotFoundIfNoRows(err, noReview)
}

// mayReview returns why an account may not decide a review, as its row says now.
func mayReview(tx *database.Tx, by core.Actor, r core.Review) error {
	kind := r.Kind.Type()
	refused := core.Forbidden("您没有“" + kind.Needs.Name() + "”的权限，或不再管理该小区")
	if by.Kind != core.ActorAccount {
		return refused
	}
	var account struct {
		Permissions string  `db:"permissions"`
		User        core.ID `db:"user_id"`
	}
	err := tx.Get(&account, `
		SELECT a.permissions, a.user_id
		FROM account a
		WHERE a.id = ?
		AND a.disabled_at IS NULL
		AND `+accountIn+tx.Dialect().ForUpdate(), int64(by.ID), int64(r.Community))
	if err = database.NotFoundIfNoRows(err, ""); core.IsNotFound(err) {
		return refused
	}
	switch {
	case err != nil:
		return err
	case !joinedHold(account.Permissions, kind.Needs):
		return refused
	case account.User != 0 && account.User == r.Applicant:
		return core.Forbidden("这是您自己的申请，请由其他人审核")
	}
	return nil
}

// closeReview writes a decision on a review that waits, does what was applied for if it is approved, and
// tells the applicant.
func (s *Store) closeReview(tx *database.Tx, by core.Actor, r *core.Review) error {
	r.Version++
	r.Decided, r.Decider = tx.Now(), by.Name
	if r.Owner == 0 {
		r.DecidedBy = by.ID
	}
	if err := tx.ExecOne(database.ErrRace, `
		UPDATE review
		SET state = ?, open_key = NULL, remind_at = NULL, version = ?, decided_by = ?, decider = ?, decided_at = ?,
			owner_id = ?, reason = ?, note = ?, internal = ?, updated_at = ?
		WHERE id = ?
		AND state = 'waiting'`,
		string(r.State), r.Version, int64(r.DecidedBy), r.Decider, tx.NowMS(), int64(r.Owner), r.Reason, r.Note, r.Internal, tx.NowMS(),
		int64(r.ID),
	); err != nil {
		return err
	}
	kind := reviewKinds[r.Kind]
	if r.State == core.ReviewApproved {
		if err := kind.approve(s, tx, by, *r); err != nil {
			return err
		}
	} else if kind.reject != nil {
		if err := kind.reject(tx, *r); err != nil {
			return err
		}
	}
	if err := kind.record(s, tx, by, *r); err != nil {
		return err
	}
	if r.Applicant == 0 { // outside WeChat: the page of the application says it
		return nil
	}
	return outbox.Put(tx, core.MessageNote{
		Kind: r.Kind.Type().Told, Community: r.Community, User: r.Applicant, Title: r.OutcomeText(),
		Link: reviewLink(r.Kind, r.ID),
	})
}

// WithdrawReview takes back a waiting application of a WeChat user's own.
func (s *Store) WithdrawReview(ctx context.Context, by core.Actor, applicant, id core.ID) (r core.Review, err error) {
	err = s.db.Write(ctx, "withdraw review", func(tx *database.Tx) error {
		if r, err = lockReview(tx, core.Everywhere, id); err != nil {
			return err
		}
		if r.Applicant != applicant {
			return core.NotFound(noReview)
		}
		return s.withdrawReview(tx, by, &r)
	})
	return r, err
}

// withdrawReview takes a review back that is locked.
func (s *Store) withdrawReview(tx *database.Tx, by core.Actor, r *core.Review) error {
	if r.State != core.ReviewWaiting {
		return core.Conflict("申请已是“" + r.State.Label() + "”，不能撤回")
	}
	r.State, r.Decided = core.ReviewWithdrawn, tx.Now()
	r.Version++
	if err := tx.ExecOne(database.ErrRace, `
		UPDATE review
		SET state = 'withdrawn', open_key = NULL, remind_at = NULL, version = ?, decided_at = ?, updated_at = ?
		WHERE id = ?
		AND state = 'waiting'`, r.Version, tx.NowMS(), tx.NowMS(), int64(r.ID)); err != nil {
		return err
	}
	return reviewKinds[r.Kind].record(s, tx, by, *r)
}

// reviewPart is how many reviews one transaction takes the pictures from.
const reviewPart = 50

// RemindReviews tells those who may decide that reviews are overdue: once when they become so, and again
// every day of work. All of a kind in a community are one notice, however many they are.
func (s *Store) RemindReviews(ctx context.Context) error {
	for {
		n := 0
		err := s.db.Write(ctx, "remind of reviews", func(tx *database.Tx) error {
			var places []reviewPlace
			if err := tx.All(&places, "SELECT community_id, kind FROM review WHERE remind_at <= ? ORDER BY remind_at, id LIMIT 1",
				tx.NowMS()); err != nil {
				return err
			}
			if n = len(places); n == 0 {
				return nil
			}
			return s.remind(tx, places[0])
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// reviewPlace is whose reviews of what kind are decided by the same accounts.
type reviewPlace struct {
	Community core.ID         `db:"community_id"`
	Kind      core.ReviewKind `db:"kind"`
}

// remind tells of the overdue reviews of a place; those that another server tells of are none.
func (s *Store) remind(tx *database.Tx, at reviewPlace) error {
	n, err := tx.Exec(`
		UPDATE review
		SET remind_at = ?
		WHERE community_id = ?
		AND kind = ?
		AND remind_at <= ?`,
		core.AddWorkdays(tx.Now(), 1, s.Zone()).UnixMilli(), int64(at.Community), string(at.Kind), tx.NowMS())
	if err != nil || n == 0 {
		return err
	}
	return notifyAll(tx, core.NoticeAudience{Community: at.Community, Needs: at.Kind.Type().Needs}, core.Notice{
		Stem: string(at.Kind), Title: fmt.Sprintf("%d 件%s申请已超期，请尽快审核", n, at.Kind.Label()),
		Link: string(at.Kind) + "?state=waiting",
	}, at.Kind.Type().Asks)
}

// passStillShows is the condition that a pass was granted on a review, and is not over at a moment: guards compare the pictures of
// a slip with what is carried out, and that of a visitor with who comes.
const passStillShows = `(
	kind = '` + string(core.ReviewExitSlip) + `' AND EXISTS (
		SELECT 1 FROM exit_slip e WHERE e.id = review.id AND e.answer = 'granted' AND e.revoked_at IS NULL AND e.until_at >= ?)
	OR kind = '` + string(core.ReviewVisit) + `' AND EXISTS (
		SELECT 1 FROM visitor_pass v WHERE v.id = review.id AND v.answer = 'granted' AND v.revoked_at IS NULL AND v.until_at >= ?))`

// PurgeReviewPhotos deletes the pictures of reviews that were decided before a moment; the reviews stay. Those that go with a pass
// are kept until it has been over for as long.
func (s *Store) PurgeReviewPhotos(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		var part int64
		n := 0
		err := s.db.Write(ctx, "purge photos of reviews", func(tx *database.Tx) error {
			part = 0
			var rows []reviewRow
			ms := before.UnixMilli()
			if err := tx.All(&rows, "SELECT "+reviewFields+" FROM review WHERE "+oldReview+
				" ORDER BY id LIMIT ?"+tx.Dialect().ForUpdate(), ms, ms, ms, reviewPart); err != nil {
				return err
			}
			n = len(rows)
			for _, r := range rows {
				gone, err := removePhotosIn(tx, "use_stem = ? AND use_id = ?", string(r.Kind), int64(r.ID))
				if err != nil {
					return err
				}
				part += gone
				if _, err := tx.Exec("UPDATE review SET photos = 0 WHERE id = ?", int64(r.ID)); err != nil {
					return err
				}
			}
			return nil
		})
		if removed += part; err != nil || n < reviewPart {
			return removed, err
		}
	}
}

// supersedeReview ends a waiting review in favour of a later one.
func supersedeReview(tx *database.Tx, id core.ID) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE review
		SET state = 'superseded', open_key = NULL, remind_at = NULL, version = version + 1, decided_at = ?, updated_at = ?
		WHERE id = ?
		AND state = 'waiting'`, tx.NowMS(), tx.NowMS(), int64(id))
}

// unsupersedeReview lets a superseded review wait again, unless another of its key waits.
func unsupersedeReview(tx *database.Tx, id core.ID, key string) error {
	var others []core.ID
	if err := tx.All(&others, "SELECT id FROM review WHERE open_key = ?", key); err != nil || len(others) > 0 {
		return err
	}
	_, err := tx.Exec(`
		UPDATE review
		SET state = 'waiting', open_key = ?, remind_at = due_at, version = version + 1, decided_at = NULL, updated_at = ?
		WHERE id = ?
		AND state = 'superseded'`, key, tx.NowMS(), int64(id))
	return err
}

// setReviewKey sets the key of a review that waits.
func setReviewKey(tx *database.Tx, id core.ID, key string) error {
	_, err := tx.Exec("UPDATE review SET open_key = ? WHERE id = ? AND state = 'waiting'", key, int64(id))
	return err
}

// moveReviews moves one WeChat user's applications to another, which WeChat reported to be the same person.
func moveReviews(tx *database.Tx, from, to core.ID) error {
	if _, err := tx.Exec("UPDATE review SET applicant_id = ? WHERE applicant_id = ?", int64(to), int64(from)); err != nil {
		return err
	}
	return rekeyApplications(tx, to)
}

// renameReview lets a review that waits name its subject as that is called now.
func renameReview(tx *database.Tx, id core.ID, subject string) error {
	_, err := tx.Exec("UPDATE review SET subject = ? WHERE id = ? AND state = 'waiting'", subject, int64(id))
	return err
}

// waitAgain makes a review that an owner decided wait for the office, until its Due; key is that of its applications.
func waitAgain(tx *database.Tx, r *core.Review, key string) error {
	r.State, r.Asked, r.Owner, r.Decider, r.Reason, r.Note = core.ReviewWaiting, false, 0, "", "", ""
	r.Version++
	err := tx.ExecOne(database.ErrRace, `
		UPDATE review
		SET state = 'waiting', open_key = ?, version = ?, due_at = ?, remind_at = ?, decider = '', decided_at = NULL,
			owners_asked = 0, owner_id = 0, reason = '', note = '', updated_at = ?
		WHERE id = ?
		AND owner_id <> 0`,
		key, r.Version, r.Due.UnixMilli(), r.Due.UnixMilli(), tx.NowMS(), int64(r.ID))
	if database.IsDuplicate(err) {
		return core.Conflict("申请人已重新提交申请，请审核新的申请")
	}
	return err
}

// deleteReviewsOf deletes the reviews of what is deleted.
func deleteReviewsOf(tx *database.Tx, kind core.ReviewKind, ids []core.ID) error {
	_, err := tx.Exec("DELETE FROM review WHERE kind = ? AND id IN ("+database.Placeholders(len(ids))+")",
		database.AppendIDs([]any{string(kind)}, ids)...)
	return err
}
