package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// thingBatchRow is a batch with one of its things.
type thingBatchRow struct {
	batchRow
	Thing core.ID             `db:"thing_id"`
	State core.BatchItemState `db:"state"`
}

// ActsUpon returns the latest acts upon some things of the scope, newest first, at most limit:
// the lines of the audit log about them, and the batches of which they are part. It costs two queries.
// things are targets: "house:7". Who looked at passages is read by itself: nothing came of it.
func (s *Store) ActsUpon(ctx context.Context, scope core.Scope, things []string, limit int) ([]core.ThingAct, error) {
	if len(things) == 0 {
		return nil, nil
	}
	lines, _, err := s.AuditRecords(ctx, scope, core.AuditFilter{Targets: things, Except: lookAct}, Page{Limit: limit})
	if err != nil {
		return nil, err
	}
	acts := make([]core.ThingAct, len(lines))
	for i, r := range lines {
		acts[i] = core.ThingAct{At: r.At, Label: r.ActionLabel(), By: r.Actor, Target: r.Target, Batch: r.Batch(), Record: r}
	}
	batches, err := s.batchesOf(ctx, scope, things, limit)
	if err != nil {
		return nil, database.Wrap("acts upon things", err)
	}
	for _, act := range batches {
		if at := slices.IndexFunc(acts, act.SameAct); at >= 0 {
			acts[at].Batch, acts[at].Undone = act.Batch, act.Undone
			continue
		}
		acts = append(acts, act)
	}
	slices.SortStableFunc(acts, func(a, b core.ThingAct) int { return b.At.Compare(a.At) })
	return acts[:min(limit, len(acts))], nil
}

// batchesOf returns the latest batches that changed some things.
func (s *Store) batchesOf(ctx context.Context, scope core.Scope, things []string, limit int) ([]core.ThingAct, error) {
	ids, targets := make([]core.ID, 0, len(things)), map[core.ID]string{}
	for _, thing := range things {
		if _, id := core.TargetOf(thing); id != 0 {
			ids, targets[id] = append(ids, id), thing
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	where := database.Within(scope, "b.community_id")
	where.And("i.thing_id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	var rows []thingBatchRow
	err := s.db.All(ctx, &rows, `
		SELECT b.id, b.community_id, b.kind, b.actor_kind, b.actor_id, b.actor_name, b.size, b.undone, b.kept,
			b.created_at, b.begun_at, b.ended_at, b.undone_by, i.thing_id, i.state
		FROM batch_item i
		JOIN batch b ON b.id = i.batch_id
		WHERE `+where.Text()+`
		ORDER BY i.batch_id DESC
		LIMIT ?`, append(where.Args(), limit)...)
	acts := make([]core.ThingAct, 0, len(rows))
	for _, row := range rows {
		b := row.batch()
		kind, known := b.Kind.Type()
		if !known {
			continue
		}
		acts = append(acts, core.ThingAct{
			At: b.Created, Label: kind.Label, By: b.By, Target: targets[row.Thing], Batch: b.ID, Kind: b.Kind,
			Undone: row.State == core.BatchItemUndone,
		})
	}
	return acts, err
}

// TargetsOf returns under what the audit log has a person's data: their homes in the scope, their memberships of
// institutions, and the applications that they sent or that certified them.
func (s *Store) TargetsOf(ctx context.Context, scope core.Scope, person core.ID) ([]string, error) {
	within, args := database.ScopeWhere(scope, "r.community_id")
	var found []struct {
		Stem string  `db:"stem"`
		ID   core.ID `db:"id"`
	}
	query := `
		SELECT 'resident' AS stem, r.id AS id FROM resident r WHERE r.person_id = ? AND ` + within + `
		UNION
		SELECT 'certification', c.id FROM resident r
			JOIN certification c ON c.house_id = r.house_id AND c.resident_id = r.id
			WHERE r.person_id = ? AND ` + within + `
		UNION
		SELECT 'certification', r.id FROM wechat_user u
			JOIN review r ON r.applicant_id = u.id AND r.kind = 'certification'
			WHERE u.person_id = ? AND ` + within + `
		UNION
		SELECT 'member', p.holder_id FROM pass p WHERE p.person_id = ? AND p.kind = 'dedicated'`
	var all []any
	for range 3 {
		all = append(append(all, int64(person)), args...)
	}
	err := s.db.All(ctx, &found, query, append(all, int64(person))...)
	targets := make([]string, len(found))
	for i, f := range found {
		targets[i] = f.Stem + ":" + f.ID.String()
	}
	return targets, database.Wrap("what is kept of a person", err)
}
