package main

import (
	"context"
	"runtime/debug"
	"time"

	"tongxing/core"
	"tongxing/handlers/console"
	"tongxing/handlers/web"
)

// version returns the version of the source that the program was built from: its module version, or
// the commit and its date.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "未知版本"
	}
	commit, day := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				day = at.Format(" (2006-01-02)")
			}
		}
	}
	switch {
	case commit != "":
		return commit + day
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	return "开发版本"
}

// system returns what the console's about page shows of this program.
func (a *app) system(wx *weChat) console.System {
	s := console.System{Version: version(), Started: a.store.Now(), Cache: a.cache.Name(), Checks: []web.Check{
		{Name: "缓存", Run: a.cache.Check},
		{Name: "数据库写入", Run: a.store.CheckWrite},
		{Name: "缓存写入", Run: a.cache.CheckWrite},
		{Name: "清理过期记录", Run: a.checkPurge},
	}}
	for _, kind := range core.WechatAppKinds {
		s.Checks = append(s.Checks, web.Check{
			Name: kind.Label() + "令牌", Run: func(ctx context.Context) error { return wx.check(ctx, kind) },
		})
	}
	return s
}
