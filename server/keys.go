package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tongxing/configs"
	"tongxing/secret"
	"tongxing/store"
)

// keyFile is the file in the data folder with the generated keys of an embedded start.
const keyFile = "keys"

// ensureKeys creates the key file at a first start. If the database has been used before, its keys
// are elsewhere, and new ones would lock its data away: the start then fails with that message.
func ensureKeys(ctx context.Context, c configs.Config, o store.Options) error {
	if c.Keys.AreSet() {
		return nil
	}
	path := filepath.Join(c.Data.Dir, keyFile)
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil // reading it reports what is wrong
	}
	used, err := store.HasTables(ctx, o)
	if err != nil {
		return err
	}
	if used {
		return fmt.Errorf("数据库里已有数据，而没有密钥：既没有配置 keys.ring、keys.mac，也没有密钥文件 %s。"+
			"请找回原来的密钥（恢复备份时连同密钥文件一起恢复；容器要挂载同一个数据目录），没有它们个人信息无法读取", path)
	}
	return makeKeyFile(path)
}

// keyring returns the keys that protect personal data: those configured, or those of the data
// folder's file.
func keyring(c configs.Config) (store.Keyring, error) {
	if c.Keys.AreSet() {
		return parseKeys(c.Keys)
	}
	path := filepath.Join(c.Data.Dir, keyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return store.Keyring{}, fmt.Errorf("读取密钥文件：%w", err)
	}
	ring, mac, found := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if !found {
		return store.Keyring{}, fmt.Errorf("密钥文件 %s 不完整：请从备份恢复", path)
	}
	keys, err := parseKeys(configs.Keys{Ring: configs.NewSecret(ring), MAC: configs.NewSecret(strings.TrimSpace(mac))})
	if err != nil {
		return store.Keyring{}, fmt.Errorf("密钥文件 %s：%w", path, err)
	}
	return keys, nil
}

func parseKeys(k configs.Keys) (store.Keyring, error) {
	ring, mac, err := k.Parse()
	if err != nil {
		return store.Keyring{}, err
	}
	keys := store.Keyring{MAC: mac}
	for _, key := range ring {
		keys.Keys = append(keys.Keys, store.Key{ID: key.ID, Secret: key.Secret})
	}
	return keys, nil
}

// makeKeyFile writes new keys, readable by the owner only. A concurrent start that loses the race
// to create the file reads the winner's.
func makeKeyFile(path string) error {
	text := []byte("k1:" + randomKey() + "\n" + randomKey() + "\n")
	temporary, err := os.CreateTemp(filepath.Dir(path), keyFile+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(text); err != nil {
		return err
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	// A link fails if the file exists: existing keys are never overwritten.
	if err := os.Link(temporary.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func randomKey() string {
	return base64.StdEncoding.EncodeToString(secret.Bytes(32))
}
