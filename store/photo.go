package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// Pictures are rows, so that every server has them and a backup is one thing. The contents are in a table
// of their own: a list of pictures reads none.

type photoRow struct {
	ID        core.ID         `db:"id"`
	Class     core.PhotoClass `db:"class"`
	Community core.ID         `db:"community_id"`
	Owner     core.ID         `db:"owner_id"`
	Use       string          `db:"use_stem"`
	Of        core.ID         `db:"use_id"`
	Width     int             `db:"width"`
	Height    int             `db:"height"`
	Size      int             `db:"size"`
	SHA256    string          `db:"sha256"`
	Created   database.Millis `db:"created_at"`
}

const (
	photoFields = "id, class, community_id, owner_id, use_stem, use_id, width, height, size, sha256, created_at"
	noPhoto     = "图片不存在，或已过保存期限"
)

func (r photoRow) photo() core.Photo {
	return core.Photo{
		ID: r.ID, Class: r.Class, Community: r.Community, Owner: r.Owner, Use: r.Use, Of: r.Of,
		Width: r.Width, Height: r.Height, Size: r.Size, SHA256: r.SHA256, Created: r.Created.Time,
	}
}

// photoColumn is what a picture's content is sealed for.
const photoColumn = "photo_content.content"

// CreatePhoto keeps a picture that a WeChat user has sent, until it is used or IdlePhotoLife is over. One
// who has too many of these is refused: the user's row is locked while they are counted.
func (s *Store) CreatePhoto(ctx context.Context, owner core.ID, p core.NewPhoto) (photo core.Photo, err error) {
	err = s.db.Write(ctx, "create photo", func(tx *database.Tx) error {
		var user core.ID
		if err := tx.Get(&user, "SELECT id FROM wechat_user WHERE id = ? AND merged_into = 0"+tx.Dialect().ForUpdate(),
			int64(owner)); err != nil {
			return database.NotFoundIfNoRows(err, "用户不存在")
		}
		var idle int
		if err := tx.Get(&idle, "SELECT COUNT(*) FROM photo WHERE owner_id = ? AND use_id = 0", int64(owner)); err != nil {
			return err
		}
		if idle >= core.MaxIdlePhotos {
			return core.Conflict(fmt.Sprintf("您已上传 %d 张图片还没有提交，请先提交，或明天再试", idle))
		}
		photo = newPhotoOf(tx, owner, p)
		return insertPhoto(tx, photo, p)
	})
	return photo, err
}

// newPhotoOf describes a picture that is to be kept.
func newPhotoOf(tx *database.Tx, owner core.ID, p core.NewPhoto) core.Photo {
	sum := sha256.Sum256(p.Whole)
	return core.Photo{
		ID: tx.NewID(), Class: p.Class, Owner: owner, Width: p.Width, Height: p.Height, Size: len(p.Whole),
		SHA256: hex.EncodeToString(sum[:]), Created: time.UnixMilli(tx.NowMS()),
	}
}

func insertPhoto(tx *database.Tx, photo core.Photo, p core.NewPhoto) error {
	if _, err := tx.Exec("INSERT INTO photo ("+photoFields+") VALUES ("+database.Placeholders(11)+")",
		int64(photo.ID), string(photo.Class), 0, int64(photo.Owner), "", 0,
		photo.Width, photo.Height, photo.Size, photo.SHA256, photo.Created.UnixMilli()); err != nil {
		return err
	}
	for _, part := range []struct {
		name    core.PhotoPart
		content []byte
	}{{core.PhotoWhole, p.Whole}, {core.PhotoThumb, p.Thumb}} {
		if photo.Class == core.PhotoPersonal {
			sealed, err := tx.Keys().Seal(photoColumn, string(part.content))
			if err != nil {
				return err
			}
			part.content = []byte(sealed)
		}
		if _, err := tx.Exec("INSERT INTO photo_content (photo_id, part, content) VALUES (?, ?, ?)",
			int64(photo.ID), string(part.name), part.content); err != nil {
			return err
		}
	}
	return nil
}

// movePhotos moves one WeChat user's pictures to another, which WeChat reported to be the same person.
func movePhotos(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec("UPDATE photo SET owner_id = ? WHERE owner_id = ?", int64(to), int64(from))
	return err
}

// photoUse is what pictures belong to from now on.
type photoUse struct {
	stem      string
	id        core.ID
	community core.ID
}

// usePhotos assigns pictures of their owner to what they were sent for, in the act's own transaction. If one
// does not exist, is another's or is in use, nothing is used and the result is Invalid.
func usePhotos(tx *database.Tx, owner core.ID, ids []core.ID, use photoUse) error {
	if len(ids) == 0 {
		return nil
	}
	args := []any{use.stem, int64(use.id), int64(use.community), int64(owner)}
	n, err := tx.Exec(`
		UPDATE photo
		SET use_stem = ?, use_id = ?, community_id = ?
		WHERE owner_id = ?
		AND use_id = 0
		AND id IN (`+database.Placeholders(len(ids))+")", database.AppendIDs(args, ids)...)
	if err == nil && int(n) != len(ids) {
		err = core.InvalidFields(map[string]string{"photos": "有图片已失效，请重新上传"})
	}
	return err
}

// Photos returns the pictures of something, in the order in which they were sent. The caller must have
// read it within a scope.
func (s *Store) Photos(ctx context.Context, stem string, of core.ID) ([]core.Photo, error) {
	var rows []photoRow
	err := s.db.All(ctx, &rows, "SELECT "+photoFields+" FROM photo WHERE use_stem = ? AND use_id = ? ORDER BY id",
		stem, int64(of))
	list := make([]core.Photo, len(rows))
	for i, r := range rows {
		list[i] = r.photo()
	}
	return list, database.Wrap("list photos", err)
}

// Photo returns what is known of a picture in scope that is in use.
func (s *Store) Photo(ctx context.Context, scope core.Scope, id core.ID) (core.Photo, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row photoRow
	err := s.db.Get(ctx, &row, "SELECT "+photoFields+" FROM photo WHERE use_id <> 0 AND id = ? AND "+where,
		append([]any{int64(id)}, args...)...)
	return row.photo(), database.Wrap("read photo", database.NotFoundIfNoRows(err, noPhoto))
}

// photoAudit is what the audit log records of a picture that was looked at.
type photoAudit struct {
	Kind   string `json:"kind"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// ViewPhoto returns a picture in scope that is in use, as a JPEG file. That somebody looks at the whole of
// a personal one is recorded in the audit log, before it is returned. The caller must have checked the
// permission.
func (s *Store) ViewPhoto(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, part core.PhotoPart,
) ([]byte, error) {
	photo, err := s.Photo(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	content, err := s.photoContent(ctx, photo, part)
	if err != nil || photo.Class != core.PhotoPersonal || part != core.PhotoWhole {
		return content, err
	}
	err = s.db.Write(ctx, "view photo", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: photo.Community, Action: "photo.view", Subject: audit.Target(photo.Use, photo.Of),
			After: photoAudit{photo.Use, photo.Size, photo.SHA256},
		})
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// OwnPhoto returns a picture that a WeChat user has sent, as a JPEG file. That somebody looks at their own is not
// recorded.
func (s *Store) OwnPhoto(ctx context.Context, owner, id core.ID, part core.PhotoPart) ([]byte, error) {
	var row photoRow
	err := s.db.Get(ctx, &row, "SELECT "+photoFields+" FROM photo WHERE id = ? AND owner_id = ?", int64(id), int64(owner))
	if err != nil {
		return nil, database.Wrap("read photo", database.NotFoundIfNoRows(err, noPhoto))
	}
	return s.photoContent(ctx, row.photo(), part)
}

// IdlePhotos returns those of some pictures that a WeChat user has sent and not used yet, in the order in which they were
// sent.
func (s *Store) IdlePhotos(ctx context.Context, owner core.ID, ids []core.ID) ([]core.Photo, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []photoRow
	err := s.db.All(ctx, &rows, "SELECT "+photoFields+" FROM photo WHERE owner_id = ? AND use_id = 0 AND id IN ("+
		database.Placeholders(len(ids))+") ORDER BY id", database.AppendIDs([]any{int64(owner)}, ids)...)
	list := make([]core.Photo, len(rows))
	for i, r := range rows {
		list[i] = r.photo()
	}
	return list, database.Wrap("list idle photos", err)
}

// RemovePhoto deletes a picture that a WeChat user has sent and not used yet. One that is gone or used stays as it is.
func (s *Store) RemovePhoto(ctx context.Context, owner, id core.ID) error {
	_, err := s.removePhotos(ctx, "id = ? AND owner_id = ? AND use_id = 0", int64(id), int64(owner))
	return err
}

// photosOf returns the ids of the pictures of some things of a stem, in the order in which they were sent.
func photosOf(
	all readAll, stem string, of []core.ID,
) (map[core.ID][]core.ID, error) {
	photos := map[core.ID][]core.ID{}
	err := database.EachPart(of, func(part []core.ID) error {
		var rows []struct {
			ID core.ID `db:"id"`
			Of core.ID `db:"use_id"`
		}
		err := all(&rows, `
			SELECT id, use_id
			FROM photo
			WHERE use_stem = ?
			AND use_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY id`, append([]any{stem}, database.IDArgs(part)...)...)
		for _, row := range rows {
			photos[row.Of] = append(photos[row.Of], row.ID)
		}
		return err
	})
	return photos, err
}

func (s *Store) photoContent(ctx context.Context, photo core.Photo, part core.PhotoPart) ([]byte, error) {
	var content []byte
	if err := s.db.Get(ctx, &content, "SELECT content FROM photo_content WHERE photo_id = ? AND part = ?",
		int64(photo.ID), string(part)); err != nil {
		return nil, database.Wrap("read photo", database.NotFoundIfNoRows(err, noPhoto))
	}
	if photo.Class != core.PhotoPersonal {
		return content, nil
	}
	plain := s.db.Reveal(photoColumn, string(content))
	if plain == core.Unreadable {
		return nil, core.NotFound("图片无法解密，请联系运维人核对密钥")
	}
	return []byte(plain), nil
}

// PurgePhotos deletes pictures that nothing uses and that were sent before a moment.
func (s *Store) PurgePhotos(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		n, err := s.removePhotos(ctx, "use_id = 0 AND created_at < ?", before.UnixMilli())
		if removed += n; err != nil || n == 0 {
			return removed, err
		}
	}
}

// photoPart is how many pictures one transaction deletes.
const photoPart = 50

// removePhotos deletes some pictures that meet a condition, with their contents. One that is used between
// is not deleted, since the row is locked.
func (s *Store) removePhotos(ctx context.Context, where string, args ...any) (n int64, err error) {
	err = s.db.Write(ctx, "purge photos", func(tx *database.Tx) error {
		n, err = removePhotosIn(tx, where, args...)
		return err
	})
	return n, err
}

func removePhotosIn(tx *database.Tx, where string, args ...any) (int64, error) {
	var ids []core.ID
	if err := tx.All(&ids, "SELECT id FROM photo WHERE "+where+" ORDER BY id LIMIT ?"+tx.Dialect().ForUpdate(),
		append(args, photoPart)...); err != nil || len(ids) == 0 {
		return 0, err
	}
	in := " IN (" + database.Placeholders(len(ids)) + ")"
	if _, err := tx.Exec("DELETE FROM photo_content WHERE photo_id"+in, database.IDArgs(ids)...); err != nil {
		return 0, err
	}
	return tx.Exec("DELETE FROM photo WHERE id"+in, database.IDArgs(ids)...)
}

// removePhotosOf deletes the pictures of some things of a stem.
func removePhotosOf(tx *database.Tx, stem string, of []core.ID) error {
	for {
		n, err := removePhotosIn(tx, "use_stem = ? AND use_id IN ("+database.Placeholders(len(of))+")",
			append([]any{stem}, database.IDArgs(of)...)...)
		if err != nil || n < photoPart {
			return err
		}
	}
}
