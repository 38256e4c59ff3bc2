package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// memberPhotoAudit is what the audit log records of a member's picture that is kept or removed.
type memberPhotoAudit struct {
	Photo core.MemberPhoto `json:"photo"`
	Kept  bool             `json:"kept"`
}

// UpdateMemberPhoto keeps a picture of a member in the place of the one before, which is deleted; nil = none from now on.
func (s *Store) UpdateMemberPhoto(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, which core.MemberPhoto, picture *core.NewPhoto,
) error {
	column, known := memberPhotoColumns[which]
	if !known {
		return core.InvalidFields(map[string]string{"which": "请选择是哪一张照片"})
	}
	return s.db.Write(ctx, "set a member's photo", func(tx *database.Tx) error {
		m, i, err := lockMember(tx, scope, id)
		if err != nil || picture == nil && m.Photos[which] == 0 {
			return err // nothing to change
		}
		if old := m.Photos[which]; old != 0 {
			if _, err := removePhotosIn(tx, "id = ?", int64(old)); err != nil {
				return err
			}
		}
		kept := core.ID(0)
		if picture != nil {
			if kept, err = usePicture(tx, *picture, photoUse{"member", id, i.Communities[0]}); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE institution_member SET "+column+" = ?, updated_at = ? WHERE id = ?",
			int64(kept), tx.NextUpdated(m.Updated), int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: i.Communities[0], Action: "member.photo", Subject: audit.Target("member", id),
			Before: memberPhotoAudit{which, m.Photos[which] != 0}, After: memberPhotoAudit{which, kept != 0},
		})
	})
}

// usePicture keeps a picture that the office has sent, with what it is of.
func usePicture(tx *database.Tx, picture core.NewPhoto, use photoUse) (core.ID, error) {
	photo := newPhotoOf(tx, 0, picture)
	if err := insertPhoto(tx, photo, picture); err != nil {
		return 0, err
	}
	return photo.ID, usePhotos(tx, 0, []core.ID{photo.ID}, use)
}

// MemberPhoto returns a picture of a member in scope, as a JPEG file. That somebody looks at the whole of it is recorded
// in the audit log. The caller must have checked the permission.
func (s *Store) MemberPhoto(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, part core.PhotoPart,
) ([]byte, error) {
	photo, err := s.Photo(ctx, core.Everywhere, id)
	if err != nil {
		return nil, err
	}
	if photo.Use != "member" {
		return nil, core.NotFound(noPhoto)
	}
	if _, err := s.Member(ctx, scope, photo.Of); err != nil {
		return nil, err
	}
	return s.ViewPhoto(ctx, by, core.Everywhere, id, part)
}
