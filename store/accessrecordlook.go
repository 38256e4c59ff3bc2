package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	// lookAgain is for how long another look at the same person by the same account or guard is part of the one before.
	lookAgain = time.Hour
	// maxLooked is how many residents one look is noted for: more are a list.
	maxLooked = maxKeyword
)

// lookAct is the act of looking at somebody's passages.
const lookAct = "accessrecord.look"

// personLookActs are the acts of looking at somebody's data: whole numbers, pictures, passages.
var personLookActs = []string{lookAct, "photo.view", "resident.reveal"}

// accessRecordLookAudit is what the audit log records of who looked at somebody's passages.
type accessRecordLookAudit struct {
	Label    string          `json:"label"`
	As       core.LookerKind `json:"as"`
	Capacity string          `json:"capacity,omitempty"`
	Gate     string          `json:"gate,omitempty"` // the post of a guard who looked the person up
}

// LookAtRecords notes that somebody looks at the passages of a filter, for those to know whom it names: the person, all who live in
// the house, or whom a keyword found, of whose records these are shown; nil = all of them. A filter that names nobody is a list of
// everybody. Residents of the scope alone are told of.
func (s *Store) LookAtRecords(
	ctx context.Context, by core.Looker, scope core.Scope, f core.RecordFilter, shown []core.AccessRecord,
) error {
	scope = scope.In(f.Community)
	where := database.Within(scope, "t.community_id")
	switch {
	case f.Person != 0:
		where.And("t.person_id = ?", int64(f.Person))
	case f.House != 0:
		where.And("t.house_id = ?", int64(f.House))
	case f.Keyword != "":
		people := peopleOf(shown)
		if shown == nil {
			scope, err := s.listed(ctx, scope)
			if err == nil {
				people, err = s.peopleOfKeyword(ctx, scope, f)
			}
			if err != nil {
				return database.Wrap("note who looked", err)
			}
		}
		if len(people) == 0 || len(people) > maxLooked {
			return nil
		}
		where.And("t.person_id IN ("+database.Placeholders(len(people))+")", database.IDArgs(people)...)
	default:
		return nil
	}
	return s.look(ctx, by, "", where)
}

// peopleOf returns whose passages records are, each once.
func peopleOf(records []core.AccessRecord) []core.ID {
	people := []core.ID{}
	for _, r := range records {
		if r.Person != 0 {
			people = append(people, r.Person)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// LookAtPass notes that a guard looked the holder of a resident pass up, without a code of theirs.
func (s *Store) LookAtPass(ctx context.Context, by core.Actor, post core.GuardPost, pass core.ID) error {
	var where database.Where
	where.And("t.community_id = ?", int64(post.Community))
	where.And("t.id = (SELECT holder_id FROM pass WHERE id = ? AND kind = 'resident')", int64(pass))
	return s.look(ctx, core.Looker{Actor: by, As: core.LookGuard}, post.Name, where)
}

// lookedAt is a resident somebody looks at.
type lookedAt struct {
	ID        core.ID `db:"id"`
	Community core.ID `db:"community_id"`
	Label     string  `db:"label"`
}

func (l lookedAt) target() string { return audit.Target("resident", l.ID).String() }

// look notes a look at the residents who meet a condition, but not again at those at whom the same has just looked.
func (s *Store) look(ctx context.Context, by core.Looker, gate string, where database.Where) error {
	var found []lookedAt
	err := s.db.All(ctx, &found, `
		SELECT t.id, t.community_id, h.label
		FROM resident t
		JOIN house h ON h.id = t.house_id
		WHERE t.moved_out_at IS NULL
		AND `+where.Text()+`
		ORDER BY t.id
		LIMIT ?`, where.Args(maxLooked)...)
	since := database.FirstID(s.Now().Add(-lookAgain))
	if err == nil {
		found, err = notLooked(s.db.Reads(ctx), by.Actor, since, found)
	}
	if err != nil || len(found) == 0 {
		return database.Wrap("note who looked", err)
	}
	return s.db.Write(ctx, "note who looked", func(tx *database.Tx) error {
		fresh, err := notLooked(tx.All, by.Actor, since, found)
		if err != nil {
			return err
		}
		for _, r := range fresh {
			if err := audit.Write(tx, by.Actor, audit.Entry{
				Community: r.Community, Action: "accessrecord.look", Subject: audit.Target("resident", r.ID),
				After: accessRecordLookAudit{r.Label, by.As, by.Capacity, gate},
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// notLooked returns those of some residents at whom somebody has not looked since an id.
func notLooked(all readAll, by core.Actor, since core.ID, of []lookedAt) ([]lookedAt, error) {
	if len(of) == 0 {
		return nil, nil
	}
	args := []any{string(by.Kind), int64(by.ID), int64(since)}
	for _, r := range of {
		args = append(args, r.target())
	}
	var known []string
	err := all(&known, `
		SELECT DISTINCT target
		FROM audit_log
		WHERE action = 'accessrecord.look'
		AND actor_kind = ?
		AND actor_id = ?
		AND id >= ?
		AND target IN (`+database.Placeholders(len(of))+")", args...)
	return slices.DeleteFunc(slices.Clone(of), func(r lookedAt) bool { return slices.Contains(known, r.target()) }), err
}

// OwnLooks lists a page of who looked at the data of a WeChat user 谁看过我, newest first: in all their homes.
func (s *Store) OwnLooks(ctx context.Context, user core.WechatUser, page Page) (list []core.AuditRecord, more bool, err error) {
	if user.Person == 0 {
		return nil, false, nil
	}
	targets, err := s.TargetsOf(ctx, core.Everywhere, user.Person)
	if err != nil || len(targets) == 0 {
		return nil, false, err
	}
	return s.AuditRecords(ctx, core.Everywhere, core.AuditFilter{Actions: personLookActs, Targets: targets}, page)
}
