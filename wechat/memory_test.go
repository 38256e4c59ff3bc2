package wechat

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// memoryTokens is a TokenStore for one process.
type memoryTokens struct {
	mu    sync.Mutex
	now   func() time.Time
	items map[string]memoryItem
	locks int // locks taken so far; identifies the holder
}

type memoryItem struct {
	value string
	until time.Time
}

// NewMemoryTokens returns a TokenStore for one process.
func NewMemoryTokens(now func() time.Time) TokenStore {
	return &memoryTokens{now: now, items: map[string]memoryItem{}}
}

func (m *memoryTokens) Get(_ context.Context, key string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	item, ok := m.items[key]
	return item.value, ok && m.now().Before(item.until), nil
}

func (m *memoryTokens) Set(_ context.Context, key, value string, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[key] = memoryItem{value: value, until: m.now().Add(life)}
	return nil
}

func (m *memoryTokens) Lock(_ context.Context, key string, life time.Duration) (func(), bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if item, ok := m.items[key]; ok && m.now().Before(item.until) {
		return nil, false, nil
	}
	m.locks++
	own := memoryItem{value: strconv.Itoa(m.locks), until: m.now().Add(life)}
	m.items[key] = own
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.items[key] == own {
			delete(m.items, key)
		}
	}, true, nil
}

type memoryReplays struct {
	mu   sync.Mutex
	now  func() time.Time
	seen map[string]time.Time
}

// NewMemoryReplays returns a ReplayStore for one process.
func NewMemoryReplays(now func() time.Time) ReplayStore {
	return &memoryReplays{now: now, seen: map[string]time.Time{}}
}

func (m *memoryReplays) First(_ context.Context, key string, life time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for k, until := range m.seen {
		if !now.Before(until) {
			delete(m.seen, k)
		}
	}
	if _, ok := m.seen[key]; ok {
		return false, nil
	}
	m.seen[key] = now.Add(life)
	return true, nil
}

func (m *memoryReplays) Keep(_ context.Context, key string, life time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[key] = m.now().Add(life)
}

func (m *memoryReplays) Forget(_ context.Context, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, key)
}

// remembering returns options with a store of tokens.
func remembering(o Options) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tokens == nil {
		o.Tokens = NewMemoryTokens(o.Now)
	}
	return o
}
