package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/api"
	"tongxing/handlers/callback"
	"tongxing/handlers/console"
	"tongxing/handlers/h5"
	"tongxing/handlers/open"
	"tongxing/handlers/web"
	"tongxing/templates"
	"tongxing/wechat"
)

// surfaces registers every route and returns the path to open first.
func (a *app) surfaces(ctx context.Context) (front string, err error) {
	stage, err := a.stage(ctx)
	if err != nil {
		return "", err
	}
	a.stageOn = stage
	wx := a.newWeChat(stage)
	setup, senders, err := a.outboxChannels(wx)
	if err != nil {
		return "", err
	}
	a.syncer = newStaffSyncer(a.store, a.log, wx)
	a.fans = newFollowerSyncer(a.store, a.log, wx)
	a.outbox = newOutboxWorker(a.store, a.log, setup, senders)
	admin, err := a.console(wx, setup, slices.Collect(maps.Keys(senders)))
	if err != nil {
		return "", err
	}
	codes, err := a.codeSender()
	if err != nil {
		return "", err
	}
	phones := h5.New(h5.Options{
		Store: a.store, Gate: a.gate, Pages: a.pages, Codes: codes,
		WeChat: wx, PublicURL: a.publicURL, Demo: a.mode.demo, Log: a.log,
	})
	a.web = a.newWeb(func(c *web.Context, p web.ErrorPage) error {
		if path := c.Request().URL.Path; path == "/h5" || strings.HasPrefix(path, "/h5/") {
			return phones.ErrorPage(c, p)
		}
		return admin.ErrorPage(c, p)
	})
	calls, err := a.callbacks(wx)
	if err != nil {
		return "", err
	}
	mini := api.New(api.Options{
		Store: a.store, Gate: a.gate, Mini: wx.Mini, PublicURL: a.publicURL,
		Subscribe: func(ctx context.Context, appID string) map[core.MessageKind]string {
			return subscribeIDs(setup(ctx), appID)
		},
	})
	a.web.Register(slices.Concat(a.door.Routes(), admin.Routes(), phones.Routes(), mini.Routes(), open.New(a.store).Routes(),
		calls.Routes(), a.ownRoutes())...)
	a.handler = a.web
	if stage != nil {
		stage.mount(a)
	}
	if stage != nil && !a.mode.empty {
		return "/demo", stage.openTour(a)
	}
	return a.firstAdmin(ctx)
}

// console returns the property admins' surface.
func (a *app) console(
	wx *weChat, sending func(context.Context) core.MessageSetup, channels []core.MessageChannel,
) (*console.Console, error) {
	templates, err := configuredTemplates("official_account.templates", a.config.OfficialAccount.Templates)
	if err != nil {
		return nil, err
	}
	subscribe, err := configuredTemplates("mini_program.templates", a.config.MiniProgram.Templates)
	if err != nil {
		return nil, err
	}
	return console.New(console.Options{
		Store: a.store, Renderer: a.pages, Gate: a.gate, Cache: web.RedisCache(a.cache, a.store, a.log),
		PublicURL: a.publicURL, Demo: a.mode.demo, System: a.system(wx), Wechat: wx, Channels: channels, Templates: templates,
		Sending:         sending,
		Broker:          brokerAt(a.config.Broker, a.publicURL),
		Subscribe:       subscribe,
		SignInRule:      core.SignInRule{After: a.config.Limits.LockAfter, MaxWait: a.config.Limits.LockTime},
		SignInPerMinute: a.config.Limits.SignInPerMinute,
	}), nil
}

// verifyFolder, in the data folder, holds WeChat's domain verification files.
const verifyFolder = "verify"

// callbacks returns the handlers for what WeChat sends by itself.
func (a *app) callbacks(wx *weChat) (*callback.Callback, error) {
	files, err := callback.ReadFiles(filepath.Join(a.config.Data.Dir, verifyFolder))
	if err != nil {
		return nil, err
	}
	mini, err := a.miniCallback(wx)
	if err != nil {
		return nil, err
	}
	return callback.New(callback.Options{
		Mini: mini, Minis: wx.MiniCaller,
		Store: a.store, Cache: web.RedisCache(a.cache, a.store, a.log), Accounts: wx.Account, Corps: wx.Corp, PublicURL: a.publicURL,
		Files: files, Log: a.log,
	})
}

// miniCallback returns where the configuration file's mini-program pushes to; without an inbox if it does not.
func (a *app) miniCallback(wx *weChat) (callback.Mini, error) {
	c := a.config.MiniProgram
	program := wx.Mini(c.AppID)
	if program == nil || !c.Token.IsSet() || program.AppID() != c.AppID {
		return callback.Mini{}, nil
	}
	inbox, err := program.Inbox(wechat.InboxOptions{
		Token: c.Token.Reveal(), AESKey: c.AESKey.Reveal(), Replays: wechat.NewRedisReplays(a.cache),
	})
	return callback.Mini{AppID: c.AppID, Inbox: inbox}, err
}

// ownRoutes returns the routes that belong to no surface.
func (a *app) ownRoutes() []web.Route {
	assets := a.pages.AssetHandler()
	front := "/console"
	if a.mode.demo && !a.mode.empty {
		front = "/demo"
	}
	return []web.Route{
		{Method: http.MethodGet, Path: templates.AssetPrefix + "*", Access: web.Public, Handler: func(c *web.Context) error {
			assets.ServeHTTP(c.Writer(), c.Request())
			return nil
		}},
		{Method: http.MethodGet, Path: "/", Access: web.Public, Handler: func(c *web.Context) error { return c.Redirect(front) }},
	}
}

// firstAdmin returns the one-time link of a first start, or the console's path.
func (a *app) firstAdmin(ctx context.Context) (string, error) {
	token, needed, err := a.store.CreateFirstAdminToken(ctx)
	if err != nil || !needed {
		return "/console", err
	}
	a.log.Info("there is no admin yet: open the link printed at the start within 24 hours")
	return "/console/setup?token=" + token, nil
}

// sayFields joins an invalid form's messages, for people at a terminal.
func sayFields(err error) error {
	var e *core.Error
	if !errors.As(err, &e) {
		return err
	}
	var lines []string
	for _, message := range e.Fields {
		lines = append(lines, message)
	}
	slices.Sort(lines)
	return fmt.Errorf("%s", strings.Join(append([]string{e.Message}, lines...), "\n  "))
}
