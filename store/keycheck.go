package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tongxing/store/database"
)

// Settings that connect the keys with the data: for each key a value sealed with it, under the
// key's name, and a digest made with the MAC key.
const (
	canaryPrefix = "key.canary."
	canaryMAC    = "key.mac"
	canaryColumn = "setting.canary"
	canaryText   = "tongxing"
)

// checkKeys refuses a key ring other than the one that the data was made with, before anything is
// sealed with another key of the same name. Keys that the database does not know yet are recorded.
// Of two servers that start at once on an empty database with different keys, one is refused.
func (s *Store) checkKeys(ctx context.Context) error {
	return s.db.Write(ctx, "check the keys", func(tx *database.Tx) error {
		var rows []struct{ Name, Value string }
		if err := tx.All(&rows, "SELECT name, value FROM setting WHERE name LIKE 'key.%'"); err != nil {
			return err
		}
		known := map[string]string{}
		for _, row := range rows {
			known[row.Name] = row.Value
		}
		if err := fitKeys(tx.Keys(), known); err != nil {
			return err
		}
		return learnKeys(tx, known)
	})
}

// fitKeys compares a ring with what the database has recorded of its keys.
func fitKeys(ring database.Keyring, known map[string]string) error {
	for name, sealed := range known {
		id, isKey := strings.CutPrefix(name, canaryPrefix)
		if !isKey {
			continue
		}
		if _, has := ringKey(ring, id); !has {
			return wrongKeys("数据库里有用密钥 " + id + " 加密的数据，而配置的密钥里没有 " + id)
		}
		if text, err := ring.Open(canaryColumn, sealed); err != nil || text != canaryText {
			return wrongKeys("密钥 " + id + " 与数据库里的数据不符，是同名的另一个密钥")
		}
	}
	if digest, has := known[canaryMAC]; has && digest != ring.Digest("canary", canaryText) {
		return wrongKeys("keys.mac（密钥文件的第二行）与数据库里的数据不符")
	}
	return nil
}

// wrongKeys returns an error for the person who starts the program: what is wrong, and what to do.
func wrongKeys(what string) error {
	return errors.New(what + "。为免损坏数据，没有启动。请找回原来的密钥：keys.ring、keys.mac，" +
		"或数据目录里的 keys 文件；多台服务器要用同样的密钥。如果是恢复备份，请连同密钥一起恢复")
}

func ringKey(ring database.Keyring, id string) (database.Key, bool) {
	for _, key := range ring.Keys {
		if key.ID == id {
			return key, true
		}
	}
	return database.Key{}, false
}

// learnKeys records the keys that the database does not know yet. Existing data must fit them, too.
func learnKeys(tx *database.Tx, known map[string]string) error {
	ring := tx.Keys()
	if len(known) == 0 {
		if err := fitSample(tx); err != nil {
			return err
		}
	}
	for _, key := range ring.Keys {
		if _, has := known[canaryPrefix+key.ID]; has {
			continue
		}
		sealed, err := database.Keyring{Keys: []database.Key{key}, MAC: ring.MAC}.Seal(canaryColumn, canaryText)
		if err != nil {
			return err
		}
		if err := learn(tx, canaryPrefix+key.ID, sealed); err != nil {
			return err
		}
	}
	if _, has := known[canaryMAC]; has {
		return nil
	}
	return learn(tx, canaryMAC, ring.Digest("canary", canaryText))
}

// learn adds a row. If another server that is starting was quicker, the check is repeated against
// its row.
func learn(tx *database.Tx, name, value string) error {
	_, err := tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)", name, value, tx.NowMS())
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// fitSample decrypts a few values of a database that has data but has recorded no key.
func fitSample(tx *database.Tx) error {
	for _, c := range []struct{ table, column string }{
		{"reader", "secret_cipher"}, {"resident", "phone_cipher"}, {"guard", "phone_cipher"}, {"observer", "phone_cipher"},
	} {
		var sealed []string
		query := fmt.Sprintf("SELECT %s FROM %s WHERE %s <> '' LIMIT 1", c.column, c.table, c.column)
		if err := tx.All(&sealed, query); err != nil {
			return err
		}
		for _, value := range sealed {
			column := c.table + "." + strings.TrimSuffix(c.column, "_cipher")
			if _, err := tx.Keys().Open(column, value); err != nil {
				return wrongKeys("密钥与数据库里的数据不符")
			}
		}
	}
	return nil
}
