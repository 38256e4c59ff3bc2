package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tongxing/configs"
	"tongxing/store"
)

// keyFile is where the keys of an embedded start are kept, in the data folder.
const keyFile = "keys"

// keyring gives the keys that protect personal data: those configured, or those
// of the data folder's file, which the first start makes.
func keyring(c configs.Config) (store.Keyring, error) {
	if c.Keys.AreSet() {
		return parseKeys(c.Keys)
	}
	path := filepath.Join(c.Data.Dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKeyFile(path)
	}
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

// makeKeyFile writes new keys for the owner's eyes only. A start that comes at
// the same moment loses the race to make the file and reads the winner's.
func makeKeyFile(path string) ([]byte, error) {
	text := []byte("k1:" + randomKey() + "\n" + randomKey() + "\n")
	temporary, err := os.CreateTemp(filepath.Dir(path), keyFile+".*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(text); err != nil {
		return nil, err
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return nil, err
	}
	// A link fails where the file exists: nobody's keys are ever overwritten.
	if err := os.Link(temporary.Name(), path); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	} else if err != nil {
		return nil, err
	}
	return text, nil
}

func randomKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand does not fail
	return base64.StdEncoding.EncodeToString(key)
}
