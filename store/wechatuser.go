package store

import (
	"context"
	"database/sql"
	"errors"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

type wechatUserRow struct {
	ID      core.ID        `db:"id"`
	UnionID sql.NullString `db:"union_id"`
	Person  core.ID        `db:"person_id"`
	Phone   string         `db:"phone_mac"`
	Number  core.ID        `db:"number_id"`
}

const wechatUserColumns = `u.id, u.union_id, u.person_id, u.phone_mac,
	COALESCE((SELECT n.id FROM person n WHERE n.phone_mac = u.phone_mac), 0) AS number_id`

func (r wechatUserRow) user() core.WechatUser {
	return core.WechatUser{ID: r.ID, UnionID: r.UnionID.String, Person: r.Person, Verified: r.Phone != "", Number: r.Number}
}

// SignInWechat finds or creates the user of an identity that WeChat has just confirmed. A union id
// joins the identities of two apps: if each had a user of its own, the one with the union id stays
// and takes over the other's bindings, and the other's sessions end.
func (s *Store) SignInWechat(ctx context.Context, who core.WechatIdentity) (core.WechatUser, error) {
	var user core.WechatUser
	var told joinedUsers
	err := s.db.Write(ctx, "sign in by WeChat", func(tx *database.Tx) (err error) {
		told = joinedUsers{}
		user, err = told.join(tx, who)
		return err
	})
	if err == nil {
		s.usersJoined(ctx, told)
	}
	return user, err
}

// joinedUsers are those whose sessions a transaction concerns.
type joinedUsers struct {
	changed  []core.ID // WeChat users that were changed or merged
	accounts []core.ID // bound to users that were merged
}

func (s *Store) usersJoined(ctx context.Context, told joinedUsers) {
	s.subjectsChanged(ctx, core.SessionWechat, told.changed)
	s.subjectsChanged(ctx, core.SessionAccount, told.accounts)
}

// join is SignInWechat in a transaction.
func (j *joinedUsers) join(tx *database.Tx, who core.WechatIdentity) (user core.WechatUser, err error) {
	byOpen, err := userOfOpenID(tx, who)
	if err != nil {
		return user, err
	}
	byUnion, err := userOfUnionID(tx, who.UnionID)
	if err != nil {
		return user, err
	}
	switch {
	case byOpen.ID == 0 && byUnion.ID == 0:
		user, err = newWechatUser(tx, who)
	case byOpen.ID == 0:
		user, err = byUnion, addIdentity(tx, who, byUnion.ID)
	case byUnion.ID == 0 && who.UnionID != "":
		j.changed = append(j.changed, byOpen.ID)
		user, err = nameUnion(tx, byOpen, who.UnionID)
	case byUnion.ID == 0 || byUnion.ID == byOpen.ID:
		user, err = byOpen, followsAlready(tx, who)
	default:
		j.changed = append(j.changed, byOpen.ID, byUnion.ID)
		var accounts []core.ID
		if err := tx.All(&accounts, "SELECT id FROM account WHERE user_id = ?", int64(byOpen.ID)); err != nil {
			return user, err
		}
		j.accounts = append(j.accounts, accounts...)
		user, err = mergeWechatUsers(tx, byUnion, byOpen)
	}
	if err == nil && who.UnionID != "" {
		err = adoptFollowers(tx, user.ID, who.UnionID)
	}
	return user, err
}

// followsAlready notes of somebody who signs in again that they follow, as a sync was told: if that was at the moment of their first
// sign-in, the one may not have seen the other.
func followsAlready(tx *database.Tx, who core.WechatIdentity) error {
	_, err := tx.Exec(`
		UPDATE wechat_identity
		SET followed_at = (`+followerSince+`)
		WHERE app_id = ?
		AND open_id = ?
		AND followed_at IS NULL
		AND EXISTS (SELECT 1 FROM follower f WHERE f.app_id = ? AND f.open_id = ? AND f.follows = 1)`,
		who.AppID, who.OpenID, who.AppID, who.OpenID, who.AppID, who.OpenID)
	return err
}

// adoptFollowers makes those who follow an official account identities of a user whose union id has just become
// known: messages reach the user there.
func adoptFollowers(tx *database.Tx, user core.ID, unionID string) error {
	var rows []struct {
		App  string `db:"app_id"`
		Open string `db:"open_id"`
	}
	if err := tx.All(&rows, `
		SELECT f.app_id, f.open_id
		FROM follower f
		WHERE f.union_id = ?
		AND f.follows = 1
		AND NOT EXISTS (SELECT 1 FROM wechat_identity i WHERE i.app_id = f.app_id AND i.open_id = f.open_id)`, unionID); err != nil {
		return err
	}
	for _, r := range rows {
		if err := addIdentity(tx, core.WechatIdentity{AppID: r.App, OpenID: r.Open}, user); err != nil {
			return err
		}
	}
	return nil
}

// setFollowed records since when, in milliseconds, an identity follows; nil = it does not.
func setFollowed(tx *database.Tx, who core.WechatIdentity, at any) error {
	_, err := tx.Exec("UPDATE wechat_identity SET followed_at = ? WHERE app_id = ? AND open_id = ?", at, who.AppID, who.OpenID)
	return err
}

// setGone notes of several people that they do not follow an account.
func setGone(tx *database.Tx, appID string, openIDs []string) error {
	args := []any{appID}
	for _, id := range openIDs {
		args = append(args, id)
	}
	_, err := tx.Exec("UPDATE wechat_identity SET followed_at = NULL WHERE app_id = ? AND open_id IN ("+
		database.Placeholders(len(openIDs))+")", args...)
	return err
}

// toldIdentities records what WeChat tells of followers of an account whose user is known: by the open id, or by the
// union id, by which they become one.
func (j *joinedUsers) toldIdentities(tx *database.Tx, appID string, told []core.ToldFollower) error {
	if len(told) == 0 {
		return nil
	}
	opens, unions := []any{appID}, []any{}
	for _, f := range told {
		if opens = append(opens, f.OpenID); f.UnionID != "" {
			unions = append(unions, f.UnionID)
		}
	}
	var rows []struct {
		Open     string          `db:"open_id"`
		Union    sql.NullString  `db:"union_id"`
		Followed database.Millis `db:"followed_at"`
	}
	if err := tx.All(&rows, `
		SELECT i.open_id, i.followed_at, u.union_id
		FROM wechat_identity i
		JOIN wechat_user u ON u.id = i.user_id
		WHERE i.app_id = ?
		AND i.open_id IN (`+database.Placeholders(len(told))+`)`, opens...); err != nil {
		return err
	}
	known := map[string]int{}
	for i, r := range rows {
		known[r.Open] = i
	}
	users := map[string]bool{}
	if len(unions) > 0 {
		var found []string
		if err := tx.All(&found, "SELECT union_id FROM wechat_user WHERE union_id IN ("+database.Placeholders(len(unions))+")",
			unions...); err != nil {
			return err
		}
		for _, union := range found {
			users[union] = true
		}
	}
	for _, f := range told {
		i, isKnown := known[f.OpenID]
		who := core.WechatIdentity{AppID: appID, OpenID: f.OpenID, UnionID: f.UnionID}
		switch {
		case !isKnown && (!f.Follows || !users[f.UnionID]):
			continue // a stranger
		case !f.Follows && rows[i].Followed.IsZero(), f.Follows && isKnown && !rows[i].Followed.IsZero() &&
			(f.UnionID == "" || f.UnionID == rows[i].Union.String):
			continue // as it is
		case !f.Follows:
			if err := setFollowed(tx, who, nil); err != nil {
				return err
			}
			continue
		}
		if _, err := j.join(tx, who); err != nil {
			return err
		}
		if isKnown && !rows[i].Followed.IsZero() {
			continue
		}
		if err := outbox.Follow(tx, who); err != nil {
			return err
		}
		if err := setFollowed(tx, who, max(f.Since.UnixMilli(), 1)); err != nil {
			return err
		}
	}
	return nil
}

// nameUnion stores a union id that WeChat has only now reported, or that is new because the app
// moved to another open platform.
func nameUnion(tx *database.Tx, user core.WechatUser, unionID string) (core.WechatUser, error) {
	err := tx.ExecOne(database.ErrRace, "UPDATE wechat_user SET union_id = ?, updated_at = ? WHERE id = ? AND COALESCE(union_id, '') = ?",
		unionID, tx.NowMS(), int64(user.ID), user.UnionID)
	if database.IsDuplicate(err) {
		err = database.ErrRace // the same person is signing in to another app
	}
	user.UnionID = unionID
	return user, err
}

func userOfOpenID(tx *database.Tx, who core.WechatIdentity) (core.WechatUser, error) {
	var row wechatUserRow
	err := tx.Get(&row, "SELECT "+wechatUserColumns+` FROM wechat_identity i JOIN wechat_user u ON u.id = i.user_id
		WHERE i.app_id = ? AND i.open_id = ?`, who.AppID, who.OpenID)
	if errors.Is(err, sql.ErrNoRows) {
		return core.WechatUser{}, nil
	}
	return row.user(), err
}

func userOfUnionID(tx *database.Tx, unionID string) (core.WechatUser, error) {
	if unionID == "" {
		return core.WechatUser{}, nil
	}
	var row wechatUserRow
	err := tx.Get(&row, "SELECT "+wechatUserColumns+" FROM wechat_user u WHERE u.union_id = ?", unionID)
	if errors.Is(err, sql.ErrNoRows) {
		return core.WechatUser{}, nil
	}
	return row.user(), err
}

func newWechatUser(tx *database.Tx, who core.WechatIdentity) (core.WechatUser, error) {
	user := core.WechatUser{ID: tx.NewID(), UnionID: who.UnionID}
	var union any
	if who.UnionID != "" {
		union = who.UnionID
	}
	_, err := tx.Exec(`INSERT INTO wechat_user (id, union_id, person_id, name_fold, phone_cipher, phone_mac, merged_into,
		channel, created_at, updated_at)
		VALUES (?, ?, 0, '', '', '', 0, '', ?, ?)`, int64(user.ID), union, tx.NowMS(), tx.NowMS())
	if database.IsDuplicate(err) {
		return user, database.ErrRace // the same person is signing in in another window
	}
	if err != nil {
		return user, err
	}
	return user, addIdentity(tx, who, user.ID)
}

// followerSince is since when an open id of an account follows it, as a sync was told; NULL = it does not.
const followerSince = `
	SELECT MAX(CASE WHEN f.followed_at < 1 THEN 1 ELSE f.followed_at END)
	FROM follower f
	WHERE f.app_id = ?
	AND f.open_id = ?
	AND f.follows = 1`

// addIdentity adds an identity to a user. Who follows the official account already, as a sync was told before they first
// came, is reached there at once.
func addIdentity(tx *database.Tx, who core.WechatIdentity, user core.ID) error {
	_, err := tx.Exec(`
		INSERT INTO wechat_identity (app_id, open_id, user_id, created_at, followed_at)
		VALUES (?, ?, ?, ?, (`+followerSince+"))",
		who.AppID, who.OpenID, int64(user), tx.NowMS(), who.AppID, who.OpenID)
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// wechatUserAudit is what the audit log records of a merge: the user that no longer exists.
type wechatUserAudit struct {
	Merged string `json:"merged"`
}

// mergeWechatUsers merges gone into kept, which WeChat reported to be the same person. Sessions of
// gone end, since that user no longer exists.
func mergeWechatUsers(tx *database.Tx, kept, gone core.WechatUser) (core.WechatUser, error) {
	if err := moveGuards(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveObservers(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveAccounts(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := movePhotos(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveReviews(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveExitSlips(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveVisits(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := outbox.MoveUser(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := moveChannel(tx, gone.ID, kept.ID); err != nil {
		return kept, err
	}
	if err := endSessions(tx, core.SessionWechat, gone.ID); err != nil {
		return kept, err
	}
	if err := audit.Write(tx, core.System, audit.Entry{
		Action: "wechatuser.merge", Subject: audit.Target("wechatuser", kept.ID),
		Before: wechatUserAudit{gone.ID.String()},
	}); err != nil {
		return kept, err
	}
	// A union id of gone would lead the next sign-in to a user that no longer exists.
	for _, move := range []string{
		"UPDATE wechat_identity SET user_id = ? WHERE user_id = ?",
		"UPDATE wechat_user SET merged_into = ?, union_id = NULL WHERE id = ?",
	} {
		if _, err := tx.Exec(move, int64(kept.ID), int64(gone.ID)); err != nil {
			return kept, err
		}
	}
	if kept.Person != 0 || !gone.Verified || kept.Verified && gone.Person == 0 {
		return kept, nil
	}
	kept.Person, kept.Verified, kept.Number = gone.Person, true, gone.Number
	return kept, takeOverNumber(tx, kept.ID, gone.ID)
}

// WechatUser returns a user by id.
func (s *Store) WechatUser(ctx context.Context, id core.ID) (core.WechatUser, error) {
	var row wechatUserRow
	err := s.db.Get(ctx, &row, "SELECT "+wechatUserColumns+" FROM wechat_user u WHERE u.id = ? AND u.merged_into = 0", int64(id))
	return row.user(), database.Wrap("read WeChat user", database.NotFoundIfNoRows(err, "用户不存在"))
}

// OpenIDs returns a user's open ids by app, for messages.
func (s *Store) OpenIDs(ctx context.Context, user core.ID) (map[string]string, error) {
	var rows []struct {
		App  string `db:"app_id"`
		Open string `db:"open_id"`
	}
	if err := s.db.All(ctx, &rows, "SELECT app_id, open_id FROM wechat_identity WHERE user_id = ?", int64(user)); err != nil {
		return nil, database.Wrap("read open ids", err)
	}
	ids := map[string]string{}
	for _, row := range rows {
		ids[row.App] = row.Open
	}
	return ids, nil
}

// UpdateFollowed records whether a user follows the official account.
func (s *Store) UpdateFollowed(ctx context.Context, who core.WechatIdentity, follows bool) error {
	if _, err := s.SignInWechat(ctx, who); err != nil {
		return err
	}
	return s.db.Write(ctx, "note a follower", func(tx *database.Tx) error {
		var at any
		if follows {
			at = tx.NowMS()
			if err := outbox.Follow(tx, who); err != nil {
				return err
			}
		}
		if err := tellFollower(tx, who, follows); err != nil {
			return err
		}
		return tx.ExecOne(
			core.NotFound("用户不存在"),
			"UPDATE wechat_identity SET followed_at = ? WHERE app_id = ? AND open_id = ?", at, who.AppID,
			who.OpenID,
		)
	})
}

// WechatUsersOfPerson returns how many WeChat users verified the phone number of a person.
func (s *Store) WechatUsersOfPerson(ctx context.Context, person core.ID) (n int, err error) {
	err = s.db.Get(ctx, &n, `
		SELECT COUNT(*)
		FROM wechat_user
		WHERE person_id = ?
			AND merged_into = 0`, int64(person))
	return n, database.Wrap("WeChat users of a person", err)
}
