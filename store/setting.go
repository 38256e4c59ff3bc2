package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Setting returns the value stored under a name; NotFound if there is none.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.db.Get(ctx, &value, "SELECT value FROM setting WHERE name = ?", name)
	return value, database.Wrap("read setting", database.NotFoundIfNoRows(err, "没有这项设置"))
}

// SetSetting stores a value of at most 4,000 characters under a name.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return s.db.Write(ctx, "keep setting", func(tx *database.Tx) error { return setSetting(tx, name, value) })
}

func setSetting(tx *database.Tx, name, value string) error {
	n, err := tx.Exec("UPDATE setting SET value = ?, updated_at = ? WHERE name = ?", value, tx.NowMS(), name)
	if err != nil || n > 0 {
		return err
	}
	return insertSetting(tx, name, value)
}

// insertSetting is the write of somebody who has found no value. If there is one by now, the transaction
// starts over and finds it.
func insertSetting(tx *database.Tx, name, value string) error {
	_, err := tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)", name, value, tx.NowMS())
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// systemSettings is the name under which core.Settings are stored.
const systemSettings = "system"

// neverSaved is the Updated of the configuration's settings. It is not zero, so that of two first
// changes at once one is refused as stale.
var neverSaved = time.UnixMilli(1)

// savedSettings is their stored form.
type savedSettings struct {
	core.Settings
	Updated int64 `json:"updated"` // in milliseconds
}

// Settings returns the settings in force: those saved, or the configuration's.
func (s *Store) Settings(ctx context.Context) (core.Settings, error) {
	text, err := s.Setting(ctx, systemSettings)
	if core.IsNotFound(err) {
		return s.settings.configured, nil
	}
	if err != nil {
		return core.Settings{}, err
	}
	return s.parseSettings(text)
}

// parseSettings reads saved settings. A setting that a later version adds has its configured value
// until it is saved.
func (s *Store) parseSettings(text string) (core.Settings, error) {
	saved := savedSettings{Settings: s.settings.configured}
	if err := json.Unmarshal([]byte(text), &saved); err != nil {
		return core.Settings{}, fmt.Errorf("store: read the settings: %w", err)
	}
	saved.Settings.Updated = time.UnixMilli(saved.Updated)
	return saved.Settings, nil
}

// UpdateSettings saves settings. Updated is that of the settings that were edited: if others have
// been saved since, the result is core.Stale. Settings apply to the whole deployment, so only
// operators may. It returns the new Updated.
func (s *Store) UpdateSettings(
	ctx context.Context, by core.Actor, settings core.Settings,
) (updated time.Time, err error) {
	if err := settings.Check(); err != nil {
		return updated, err
	}
	if !by.MayOperate() {
		return updated, core.Forbidden("只有运维人可以修改系统设置")
	}
	err = s.db.Write(ctx, "save settings", func(tx *database.Tx) error {
		before, saved, err := s.lockSettings(tx)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(settings.Updated, before.Updated); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		text, err := json.Marshal(savedSettings{settings, updated.UnixMilli()})
		if err != nil {
			return err
		}
		save := insertSetting
		if saved {
			save = setSetting
		}
		if err := save(tx, systemSettings, string(text)); err != nil {
			return err
		}
		if before.Quiet != settings.Quiet {
			if err := outbox.ChangeQuiet(tx, tx.Now().Add(settingsLife+time.Second)); err != nil {
				return err
			}
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "setting.update", Subject: audit.Target("setting", 0),
			Before: auditOfSettings(before), After: auditOfSettings(settings),
		})
	})
	if err == nil {
		s.settings.forget()
	}
	return updated, err
}

// settingAudit is what the audit log records of the settings.
type settingAudit struct {
	RecordDays         int    `json:"record_days"`
	ConsoleIdleMinutes int    `json:"console_idle_minutes"`
	ReviewDays         int    `json:"review_days"`
	ReviewPhotoDays    int    `json:"review_photo_days"`
	Quiet              string `json:"quiet"`
}

func auditOfSettings(s core.Settings) settingAudit {
	return settingAudit{
		RecordDays: s.RecordDays, ConsoleIdleMinutes: s.ConsoleIdleMinutes, ReviewDays: s.ReviewDays,
		ReviewPhotoDays: s.ReviewPhotoDays, Quiet: s.Quiet.Label(),
	}
}

// lockSettings returns the settings in force, and whether they are saved ones. Where there are none there is
// no row to lock: others may save some before this transaction does.
func (s *Store) lockSettings(tx *database.Tx) (settings core.Settings, saved bool, err error) {
	var text string
	err = tx.Get(&text, "SELECT value FROM setting WHERE name = ?"+tx.Dialect().ForUpdate(), systemSettings)
	if core.IsNotFound(database.NotFoundIfNoRows(err, "")) {
		return s.settings.configured, false, nil
	}
	if err != nil {
		return core.Settings{}, false, err
	}
	settings, err = s.parseSettings(text)
	return settings, true, err
}

// settingsLife is how long a server may use settings that another server has changed.
const settingsLife = 5 * time.Second

// keptSettings caches the settings, so that requests need no query.
type keptSettings struct {
	configured core.Settings

	mu   sync.Mutex
	last core.Settings
	read time.Time // zero = not yet, or changed here
}

func (k *keptSettings) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = time.Time{}
}

// RecentSettings returns settings that are at most a few seconds old; while the database does not
// respond, those last read.
func (s *Store) RecentSettings(ctx context.Context) core.Settings {
	k := &s.settings
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.read.IsZero() && time.Since(k.read) < settingsLife {
		return k.last
	}
	settings, err := s.Settings(ctx)
	if err == nil {
		k.last = settings
	} else if k.last == (core.Settings{}) {
		k.last = k.configured
	}
	if ctx.Err() != nil {
		return k.last // the caller hung up: the next one reads again
	}
	if err != nil {
		s.db.Log().Warn("read the settings", "err", err)
	}
	k.read = time.Now()
	return k.last
}
