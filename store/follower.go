package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// noFollower is the message for a follower who does not exist or is out of scope.
const noFollower = "关注用户不存在"

// readBack is after which time WeChat is asked about a follower whom somebody changed: what WeChat has stays, also if
// the change was recorded here only in part.
const readBack = 30 * time.Second

type followerRow struct {
	ID      core.ID         `db:"id"`
	AppID   string          `db:"app_id"`
	OpenID  string          `db:"open_id"`
	UnionID string          `db:"union_id"`
	Follows int             `db:"follows"`
	Since   database.Millis `db:"followed_at"`
	Left    database.Millis `db:"left_at"`
	Source  string          `db:"source"`
	Remark  string          `db:"remark"`
	Told    int64           `db:"told_at"`
	Run     core.ID         `db:"seen_run"`
	Updated database.Millis `db:"updated_at"`
}

const (
	followerFields  = "id, app_id, open_id, union_id, follows, followed_at, left_at, source, remark, told_at, seen_run, updated_at"
	followerColumns = "SELECT " + followerFields + " FROM follower WHERE "
)

func (r followerRow) follower() core.Follower {
	return core.Follower{
		ID: r.ID, AppID: r.AppID, OpenID: r.OpenID, UnionID: r.UnionID, Since: r.Since.Time, Left: r.Left.Time,
		Source: core.FollowerSource(r.Source), Remark: r.Remark, Updated: r.Updated.Time,
	}
}

// followerTies are the residents who are certified, live in a scope, and have their WeChat among an account's
// followers.
const followerTies = `
	FROM wechat_identity i
	JOIN wechat_user u ON u.id = i.user_id
	JOIN resident r ON r.person_id = u.person_id
	WHERE u.person_id <> 0
	AND r.moved_out_at IS NULL
	AND r.certified_at IS NOT NULL
	AND i.app_id = ?
	AND `

// followersWithin returns the condition of the followers of an account that the scope may see: all, if it covers the
// account's communities, otherwise those who live in it.
func followersWithin(scope core.Scope, a core.WechatApp) database.Where {
	var where database.Where
	if where.And("app_id = ?", a.AppID); scope.Covers(a.Scope) {
		return where
	}
	within, args := database.ScopeWhere(scope, "r.community_id")
	where.And("open_id IN (SELECT i.open_id"+followerTies+within+")", append([]any{a.AppID}, args...)...)
	return where
}

// FollowerFilter narrows the list of an official account's followers. Zero fields do not filter.
type FollowerFilter struct {
	AppID  string // needed
	Left   bool   // those who followed once, instead of those who do
	Tag    int    // WeChat's id
	Source core.FollowerSource
	Page   Page
}

func (f FollowerFilter) where() database.Where {
	var where database.Where
	where.And("follows = ?", database.BoolInt(!f.Left))
	if f.Tag != 0 {
		where.And("id IN (SELECT follower_id FROM follower_tagged WHERE app_id = ? AND tag_id = ?)", f.AppID, f.Tag)
	}
	if f.Source != "" {
		where.And("source = ?", string(f.Source))
	}
	return where
}

// Followers lists a page of an official account's followers, the latest first. more reports whether there are further
// rows in the direction of paging.
func (s *Store) Followers(ctx context.Context, scope core.Scope, f FollowerFilter) (list []core.Follower, more bool, err error) {
	app, err := s.WechatOfficial(ctx, scope, f.AppID)
	if err != nil {
		return nil, false, err
	}
	rows, more, err := readPage[followerRow](ctx, s, listQuery{
		columns: followerFields, table: "follower", scope: followersWithin(scope, app), filter: f.where(),
		order: database.PageOrder{Key: "followed_at", ID: "id", Desc: true},
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list followers", err)
	}
	list, err = followersOf(rows, s.allOf(ctx))
	return list, more, err
}

// followersOf returns rows with their tags, in one query for all.
func followersOf(rows []followerRow, all readAll) ([]core.Follower, error) {
	list, at := make([]core.Follower, len(rows)), map[core.ID]int{}
	for i, row := range rows {
		list[i], at[row.ID] = row.follower(), i
	}
	ids := database.IDsOf(list, func(f core.Follower) core.ID { return f.ID })
	err := database.EachPart(ids, func(part []core.ID) error {
		var tags []struct {
			ID  core.ID `db:"follower_id"`
			Tag int     `db:"tag_id"`
		}
		err := all(&tags, "SELECT follower_id, tag_id FROM follower_tagged WHERE follower_id IN ("+
			database.Placeholders(len(part))+") ORDER BY tag_id", database.IDArgs(part)...)
		for _, t := range tags {
			list[at[t.ID]].Tags = append(list[at[t.ID]].Tags, t.Tag)
		}
		return err
	})
	return list, database.Wrap("read the followers' tags", err)
}

// Follower returns one follower whom the scope may see.
func (s *Store) Follower(ctx context.Context, scope core.Scope, id core.ID) (core.Follower, error) {
	list, err := s.FollowersByID(ctx, scope, []core.ID{id})
	if err != nil {
		return core.Follower{}, err
	}
	return list[0], nil
}

// FollowersByID returns followers of one official account in the order of their ids; one whom the scope may not see,
// or of another account than the first, is NotFound.
func (s *Store) FollowersByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.Follower, error) {
	ids = sortedIDs(ids)
	var apps []string
	if len(ids) > 0 {
		if err := s.db.All(ctx, &apps, "SELECT app_id FROM follower WHERE id = ?", int64(ids[0])); err != nil {
			return nil, database.Wrap("read followers", err)
		}
	}
	if len(apps) == 0 {
		return nil, core.NotFound(noFollower)
	}
	app, err := s.WechatOfficial(ctx, scope, apps[0])
	if core.IsNotFound(err) {
		err = core.NotFound(noFollower)
	}
	if err != nil {
		return nil, err
	}
	where := followersWithin(scope, app)
	where.And("id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	var rows []followerRow
	if err := s.db.All(ctx, &rows, followerColumns+where.Text()+" ORDER BY id", where.Args()...); err != nil {
		return nil, database.Wrap("read followers", err)
	}
	if len(rows) != len(ids) {
		return nil, core.NotFound(noFollower)
	}
	return followersOf(rows, s.allOf(ctx))
}

// FollowersSeen returns those of some followers whom the scope may see, of whatever accounts, by id, with the residents of
// FollowerTies.
func (s *Store) FollowersSeen(
	ctx context.Context, scope core.Scope, ids []core.ID,
) (known map[core.ID]core.Follower, ties map[core.ID][]FollowerTie, err error) {
	known, ties = map[core.ID]core.Follower{}, map[core.ID][]FollowerTie{}
	ids = sortedIDs(ids)
	in := "id IN (" + database.Placeholders(len(ids)) + ")"
	var apps []string
	if len(ids) == 0 {
		return known, ties, nil
	}
	if err := s.db.All(ctx, &apps, "SELECT DISTINCT app_id FROM follower WHERE "+in, database.IDArgs(ids)...); err != nil {
		return nil, nil, database.Wrap("read followers", err)
	}
	for _, appID := range apps {
		app, err := s.WechatOfficial(ctx, scope, appID)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		where := followersWithin(scope, app)
		where.And(in, database.IDArgs(ids)...)
		var rows []followerRow
		if err := s.db.All(ctx, &rows, followerColumns+where.Text(), where.Args()...); err != nil {
			return nil, nil, database.Wrap("read followers", err)
		}
		list := make([]core.Follower, len(rows))
		for i, r := range rows {
			list[i] = r.follower()
			known[r.ID] = list[i]
		}
		of, err := s.FollowerTies(ctx, scope, list)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(ties, of)
	}
	return known, ties, nil
}

// FollowerTie is a certified resident whose WeChat is a follower's.
type FollowerTie struct {
	Resident  core.ID
	Community core.ID
	Name      string
	House     string
}

// FollowerTies returns the residents of the scope who are certified and whose WeChat follows, by follower, in one
// query for all. All are of one account.
func (s *Store) FollowerTies(ctx context.Context, scope core.Scope, list []core.Follower) (map[core.ID][]FollowerTie, error) {
	ties := map[core.ID][]FollowerTie{}
	if len(list) == 0 {
		return ties, nil
	}
	byOpen, opens := map[string]core.ID{}, []any{}
	for _, f := range list {
		byOpen[f.OpenID], opens = f.ID, append(opens, f.OpenID)
	}
	within, args := database.ScopeWhere(scope, "r.community_id")
	var rows []struct {
		Open      string  `db:"open_id"`
		Resident  core.ID `db:"id"`
		Community core.ID `db:"community_id"`
		Name      string  `db:"name"`
		House     string  `db:"label"`
	}
	query := "SELECT i.open_id, r.id, r.community_id, r.name, (SELECT h.label FROM house h WHERE h.id = r.house_id) AS label" +
		followerTies + within + " AND i.open_id IN (" + database.Placeholders(len(opens)) + ") ORDER BY r.id"
	err := s.db.All(ctx, &rows, query, slices.Concat([]any{list[0].AppID}, args, opens)...)
	for _, r := range rows {
		id := byOpen[r.Open]
		ties[id] = append(ties[id], FollowerTie{r.Resident, r.Community, r.Name, r.House})
	}
	return ties, database.Wrap("read the residents who follow", err)
}

// tellFollower records, in the act's own transaction, that WeChat reports a follow or its end. What was asked for
// before is old from now on; the rest of a new follower is asked for within seconds, and whether somebody has really
// left after a while: WeChat may tell of the end of a follow once more after a new one.
func tellFollower(tx *database.Tx, who core.WechatIdentity, follows bool) error {
	var row followerRow
	err := tx.Get(&row, followerColumns+"app_id = ? AND open_id = ?"+tx.Dialect().ForUpdate(), who.AppID, who.OpenID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	look, left, began := any(tx.NowMS()), any(nil), tx.NowMS()
	if !follows {
		look, left, began = tx.Now().Add(readBack).UnixMilli(), tx.NowMS(), 0
	}
	if err != nil {
		_, err := tx.Exec(`
			INSERT INTO follower (id, app_id, open_id, union_id, follows, followed_at, left_at, source, remark, told_at, look_at,
				seen_run, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, 0, ?)`,
			int64(tx.NewID()), who.AppID, who.OpenID, who.UnionID, database.BoolInt(follows), began, left, tx.NowMS(), look,
			tx.NowMS())
		if database.IsDuplicate(err) {
			return database.ErrRace
		}
		return err
	}
	since := row.Since.UnixMilli()
	if follows && row.Follows == 0 {
		since = began
	}
	_, err = tx.Exec(`
		UPDATE follower
		SET follows = ?, followed_at = ?, left_at = ?, told_at = ?, look_at = ?, updated_at = ?
		WHERE id = ?`,
		database.BoolInt(follows), since, left, tx.NowMS(), look, tx.NextUpdated(row.Updated.Time), int64(row.ID))
	return err
}

// lockFollowers returns followers of one official account whose contents may be changed, locked.
func (s *Store) lockFollowers(tx *database.Tx, scope core.Scope, ids []core.ID) ([]core.Follower, error) {
	ids = sortedIDs(ids)
	if len(ids) == 0 || len(ids) > core.MaxFollowersAtOne {
		return nil, core.Invalid("请选择 1 到 50 名关注用户")
	}
	var rows []followerRow
	if err := tx.All(&rows, followerColumns+"id IN ("+database.Placeholders(len(ids))+") ORDER BY id"+tx.Dialect().ForUpdate(),
		database.IDArgs(ids)...); err != nil {
		return nil, err
	}
	if len(rows) != len(ids) {
		return nil, core.NotFound(noFollower)
	}
	for _, row := range rows {
		if row.AppID != rows[0].AppID {
			return nil, core.NotFound(noFollower)
		}
	}
	_, err := s.changeableOfficial(tx, scope, rows[0].AppID)
	if core.IsNotFound(err) {
		err = core.NotFound(noFollower)
	}
	if err != nil {
		return nil, err
	}
	return followersOf(rows, tx.All)
}

// BeginFollowerChange prepares a change at WeChat of followers of one account, who must follow: half a minute later
// they are read back, whatever becomes of the change. seen is the state of a single one that a form showed; zero = any.
func (s *Store) BeginFollowerChange(
	ctx context.Context, scope core.Scope, ids []core.ID, seen time.Time,
) (list []core.Follower, err error) {
	err = s.db.Write(ctx, "begin to change followers", func(tx *database.Tx) (err error) {
		if list, err = s.lockFollowers(tx, scope, ids); err != nil {
			return err
		}
		for _, f := range list {
			if err := database.CheckUnchanged(seen, f.Updated); err != nil {
				return err
			}
			if !f.Left.IsZero() {
				return core.Conflict("已取消关注的用户不能修改")
			}
		}
		ids := sortedIDs(ids) // as they were locked, each once
		_, err = tx.Exec("UPDATE follower SET look_at = ? WHERE id IN ("+database.Placeholders(len(ids))+")",
			database.AppendIDs([]any{tx.Now().Add(readBack).UnixMilli()}, ids)...)
		return err
	})
	return list, err
}

// followerAudit is what the audit log records of a follower.
type followerAudit struct {
	AppID  string   `json:"app_id"`
	Remark string   `json:"remark"`
	Tags   []string `json:"tags"`
	Batch  core.ID  `json:"batch,omitempty"`
}

func auditOfFollower(f core.Follower, tags []core.FollowerTag) followerAudit {
	a := followerAudit{AppID: f.AppID, Remark: f.Remark}
	for _, t := range tags {
		if slices.Contains(f.Tags, t.Number) {
			a.Tags = append(a.Tags, t.Name)
		}
	}
	return a
}

// UpdateFollowerRemark records the remark that WeChat has just taken, if nobody changed the follower meanwhile. It
// returns the new Updated.
func (s *Store) UpdateFollowerRemark(
	ctx context.Context, by core.Actor, scope core.Scope, f core.Follower,
) (updated time.Time, err error) {
	remark, err := core.CleanFollowerRemark(f.Remark)
	if err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "record a follower's remark", func(tx *database.Tx) error {
		list, err := s.lockFollowers(tx, scope, []core.ID{f.ID})
		if err != nil {
			return err
		}
		before := list[0]
		if err := database.CheckUnchanged(f.Updated, before.Updated); err != nil {
			return err
		}
		tags, err := readFollowerTags(before.AppID, tx.All)
		if err != nil {
			return err
		}
		after := before
		after.Remark = remark
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		if err := tx.ExecOne(core.NotFound(noFollower), "UPDATE follower SET remark = ?, updated_at = ? WHERE id = ?",
			remark, updated.UnixMilli(), int64(f.ID)); err != nil {
			return err
		}
		if err := renameGrams(tx, remarkNamed(f.ID, before.Remark), remarkNamed(f.ID, remark)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "follower.remark", Subject: audit.Target("follower", f.ID),
			Before: auditOfFollower(before, tags), After: auditOfFollower(after, tags),
		})
	})
	return updated, err
}

// setFollowerTags writes a follower's tags.
func setFollowerTags(tx *database.Tx, f core.Follower) error {
	if _, err := tx.Exec("DELETE FROM follower_tagged WHERE follower_id = ?", int64(f.ID)); err != nil {
		return err
	}
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "follower_tagged", followerTaggedColumns, taggedRows(f))
}

const followerTaggedColumns = "app_id, tag_id, follower_id"

// taggedRows returns a follower's tags as rows.
func taggedRows(f core.Follower) [][]any {
	rows := make([][]any, len(f.Tags))
	for i, tag := range f.Tags {
		rows[i] = []any{f.AppID, tag, int64(f.ID)}
	}
	return rows
}

// untagAll takes a tag from everybody who has it.
func untagAll(tx *database.Tx, t core.FollowerTag) error {
	_, err := tx.Exec("DELETE FROM follower_tagged WHERE app_id = ? AND tag_id = ?", t.AppID, t.Number)
	return err
}
