package store

import (
	"context"
	"sync"
	"time"

	"tongxing/core"
)

// wechatAppsLife is how long a server may use apps that another server has changed.
const wechatAppsLife = 5 * time.Second

// keptWechatApps caches the apps in use with their keys, so that a request needs no query.
type keptWechatApps struct {
	configured []KeyedWechatApp

	mu        sync.Mutex
	last      []KeyedWechatApp
	templates map[string]map[core.MessageKind]core.MessageTemplate // by app id
	read      time.Time                                            // zero = not yet, or changed here
}

func (k *keptWechatApps) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = time.Time{}
}

// apps returns the configuration file's.
func (k *keptWechatApps) apps() []core.WechatApp {
	apps := make([]core.WechatApp, len(k.configured))
	for i, c := range k.configured {
		apps[i] = c.App
	}
	return apps
}

// RecentWechatApps returns the apps in use with their keys, at most a few seconds old; while the database does
// not respond, those last read. The slice must not be changed.
func (s *Store) RecentWechatApps(ctx context.Context) []KeyedWechatApp {
	k := &s.wechat
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.read.IsZero() && time.Since(k.read) < wechatAppsLife {
		return k.last
	}
	rows, apps, err := readWechatApps("disabled_at IS NULL ORDER BY id", nil, s.allOf(ctx))
	var mended map[string]time.Time
	if err == nil {
		mended, err = s.mendedWechat(ctx)
	}
	var templates []core.WechatTemplate
	if err == nil {
		templates, err = readWechatTemplates("1 = 1", nil, s.allOf(ctx))
	}
	if err == nil {
		k.templates = templatesByApp(templates)
		k.last = append([]KeyedWechatApp(nil), k.configured...)
		for i := range k.last {
			k.last[i].App.Checked.At = mended[k.last[i].App.AppID]
		}
		for i, a := range apps {
			k.last = append(k.last, KeyedWechatApp{a, rows[i].keys(s.db)})
		}
	} else if k.last == nil {
		k.last = k.configured
	}
	if ctx.Err() != nil {
		return k.last // the caller hung up: the next one reads again
	}
	if err != nil {
		s.db.Log().Warn("read the WeChat apps", "err", err)
	}
	k.read = time.Now()
	return k.last
}

func templatesByApp(list []core.WechatTemplate) map[string]map[core.MessageKind]core.MessageTemplate {
	by := map[string]map[core.MessageKind]core.MessageTemplate{}
	for _, t := range list {
		if by[t.AppID] == nil {
			by[t.AppID] = map[core.MessageKind]core.MessageTemplate{}
		}
		by[t.AppID][t.Kind] = t.MessageTemplate()
	}
	return by
}
