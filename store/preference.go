package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Preference is what an account set for itself in the console. The zero value is an account that set
// nothing.
type Preference struct {
	Community core.ID  // in which it works, of several; 0 = all. It may be outside its scope by now
	Starred   []string // stems of the pages on top of its menu. It may no longer be allowed to open one
	GuideAway bool     // its home page is without the steps of the set-up

	Told
}

// Told is how an account wants to be told.
type Told struct {
	Muted  []core.MessageKind  // kinds of messages that it is told of in the console alone
	Digest core.MessageDigest  // when it is told of what may come in a flood
	First  core.MessageChannel // by which it is told first, of kinds that have it; "" = as usual
}

type preferenceRow struct {
	Community core.ID `db:"community_id"`
	Starred   string  `db:"starred"`
	GuideAway int     `db:"guide_away"`
	Muted     string  `db:"muted"`

	Digest core.MessageDigest  `db:"digest"`
	First  core.MessageChannel `db:"channel"`
}

func (r preferenceRow) preference() Preference {
	p := Preference{Community: r.Community, GuideAway: r.GuideAway != 0, Told: Told{Digest: r.Digest, First: r.First}}
	if r.Starred != "" {
		p.Starred = strings.Split(r.Starred, ",")
	}
	for kind := range strings.SplitSeq(r.Muted, ",") {
		if kind != "" {
			p.Muted = append(p.Muted, core.MessageKind(kind))
		}
	}
	return p
}

const preferenceOf = `
	SELECT community_id, starred, guide_away, muted, digest, channel
	FROM preference
	WHERE account_id = ?`

// Preference returns what an account set for itself.
func (s *Store) Preference(ctx context.Context, account core.ID) (Preference, error) {
	var row preferenceRow
	err := s.db.Get(ctx, &row, preferenceOf, int64(account))
	if errors.Is(err, sql.ErrNoRows) {
		return Preference{}, nil
	}
	return row.preference(), database.Wrap("preference", err)
}

// updatePreference changes what an account set for itself. It is the account's own convenience and leaves
// no line in the audit log.
func (s *Store) updatePreference(ctx context.Context, account core.ID, change func(*Preference) error) error {
	return s.db.Write(ctx, "preference", func(tx *database.Tx) error { return changePreference(tx, account, change) })
}

// changePreference is updatePreference in an act's own transaction.
func changePreference(tx *database.Tx, account core.ID, change func(*Preference) error) error {
	var rows []preferenceRow
	if err := tx.All(&rows, preferenceOf+tx.Dialect().ForUpdate(), int64(account)); err != nil {
		return err
	}
	var p Preference
	if len(rows) > 0 {
		p = rows[0].preference()
	}
	if err := change(&p); err != nil {
		return err
	}
	query := `
		INSERT INTO preference (community_id, starred, guide_away, muted, digest, channel, updated_at, account_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	if len(rows) > 0 {
		query = `
			UPDATE preference
			SET community_id = ?, starred = ?, guide_away = ?, muted = ?, digest = ?, channel = ?, updated_at = ?
			WHERE account_id = ?`
	}
	muted := make([]string, len(p.Muted))
	for i, kind := range p.Muted {
		muted[i] = string(kind)
	}
	_, err := tx.Exec(query, int64(p.Community), strings.Join(p.Starred, ","), database.BoolInt(p.GuideAway),
		strings.Join(muted, ","), string(p.Digest), string(p.First), tx.NowMS(), int64(account))
	if database.IsDuplicate(err) {
		return database.ErrRace // set for the first time twice at once
	}
	return err
}

// UpdateWorkingCommunity sets the community in which an account works; 0 = all.
func (s *Store) UpdateWorkingCommunity(ctx context.Context, account, community core.ID) error {
	return s.updatePreference(ctx, account, func(p *Preference) error {
		p.Community = community
		return nil
	})
}

// UpdateStarred puts the page of a stem on top of an account's menu, or takes it from there. See
// core.Starred for what is refused.
func (s *Store) UpdateStarred(ctx context.Context, account core.ID, stem string, on bool) error {
	return s.updatePreference(ctx, account, func(p *Preference) (err error) {
		p.Starred, err = core.Starred(p.Starred, stem, on)
		return err
	})
}

// UpdateGuideAway puts the steps of the set-up away from an account's home page, or back.
func (s *Store) UpdateGuideAway(ctx context.Context, account core.ID, away bool) error {
	return s.updatePreference(ctx, account, func(p *Preference) error {
		p.GuideAway = away
		return nil
	})
}

// UpdateToldOf sets how an account wants to be told. Kinds that do not exist are left out. What waits for its digest waits
// for the new one.
func (s *Store) UpdateToldOf(ctx context.Context, account core.ID, told Told) error {
	fields := map[string]string{}
	if !told.Digest.Valid() {
		fields["digest"] = "请选择什么时候发送"
	}
	if !slices.Contains(core.FirstChannels(core.ToAccount), told.First) {
		fields["first"] = "请选择先用哪个渠道"
	}
	if len(fields) > 0 {
		return core.InvalidFields(fields)
	}
	return s.db.Write(ctx, "preference", func(tx *database.Tx) error {
		err := changePreference(tx, account, func(p *Preference) error {
			p.Told = Told{Digest: told.Digest, First: told.First}
			for _, kind := range core.MessageKinds() {
				if slices.Contains(told.Muted, kind) {
					p.Muted = append(p.Muted, kind)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return outbox.ChangeDigest(tx, account, told.Digest)
	})
}
