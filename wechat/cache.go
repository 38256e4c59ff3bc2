package wechat

import (
	"context"
	"time"

	"github.com/silenceper/wechat/v2/cache"
)

// nothing is the cache that the SDK's tokens and tickets ask for. It keeps nothing, so that the SDK always
// fetches: what is fetched is kept in the TokenStore, which all servers share, which fetches once for all who
// wait, and whose loss costs a fetch.
type nothing struct{}

var _ cache.ContextCache = nothing{}

// Get implements cache.Cache.
func (nothing) Get(string) interface{} { return nil }

// Set implements cache.Cache.
func (nothing) Set(string, interface{}, time.Duration) error { return nil }

// IsExist implements cache.Cache.
func (nothing) IsExist(string) bool { return false }

// Delete implements cache.Cache.
func (nothing) Delete(string) error { return nil }

// GetContext implements cache.ContextCache.
func (nothing) GetContext(context.Context, string) interface{} { return nil }

// SetContext implements cache.ContextCache.
func (nothing) SetContext(context.Context, string, interface{}, time.Duration) error { return nil }

// IsExistContext implements cache.ContextCache.
func (nothing) IsExistContext(context.Context, string) bool { return false }

// DeleteContext implements cache.ContextCache.
func (nothing) DeleteContext(context.Context, string) error { return nil }
