package access

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerRoutes returns the routes of 智能门禁: readers, how to install them, and unknown devices.
func (p *Pages) readerRoutes() []web.Route {
	view, edit := web.Need(core.PermReaderView), web.Need(core.PermReaderEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: "/console/reader", Access: view, Handler: p.readerList},
		{Method: http.MethodGet, Path: "/console/reader/quarantine", Access: view, Handler: p.readerQuarantine},
		{Method: http.MethodGet, Path: readerFigurePath, Access: view, Handler: p.readerFigure},
		{Method: http.MethodGet, Path: readerWallPath, Access: view, Handler: p.readerWall},
		{Method: http.MethodGet, Path: readerWallPath + "/events", Access: view, Handler: p.readerWallEvents, Time: -1},
		{
			Method: http.MethodPost, Path: readerSecretsPath, Access: edit, Level: web.Types, Handler: p.readerSecrets,
			Time: -1,
		},
		{Method: http.MethodGet, Path: readerPermissionPath, Access: view, Handler: p.readerPermission},
		{
			Method: http.MethodPost, Path: readerPermissionPath, Access: edit, Level: web.Types, Handler: p.readerPermit,
			Draft: true, Body: permissionBody,
		},
		{Method: http.MethodGet, Path: "/console/reader/new", Access: edit, Handler: p.readerNew},
		{Method: http.MethodPost, Path: "/console/reader", Access: edit, Handler: p.readerCreate, Draft: true},
		{Method: http.MethodPost, Path: readerQRPath, Access: edit, Level: web.Types, Handler: p.readerQR},
		{Method: http.MethodGet, Path: "/console/reader/:id", Access: view, Handler: p.readerShow},
		{Method: http.MethodGet, Path: "/console/reader/:id/events", Access: view, Handler: p.readerEvents, Time: -1},
		{Method: http.MethodGet, Path: "/console/reader/:id/edit", Access: edit, Handler: p.readerEdit},
		{Method: http.MethodPost, Path: "/console/reader/:id", Access: edit, Handler: p.readerUpdate, Draft: true},
		{Method: http.MethodPost, Path: "/console/reader/:id/secret", Access: edit, Handler: p.readerSecret},
		{Method: http.MethodPost, Path: "/console/reader/:id/rotate", Access: edit, Level: web.Asks, Handler: p.readerRotate},
		{Method: http.MethodPost, Path: "/console/reader/:id/disable", Access: edit, Level: web.Asks, Handler: p.readerDisable},
		{Method: http.MethodPost, Path: "/console/reader/:id/enable", Access: edit, Handler: p.readerEnable},
	}
}

func readerCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "智能门禁", URL: frame.ReaderPath}}
}

// reader returns the reader in the path, if the account may see it.
func (p *Pages) reader(c *web.Context) (core.Reader, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Reader{}, err
	}
	return p.Store.Reader(c.Ctx(), c.Scope(), id)
}

// readerScope returns the names of the building nodes that a reader serves.
func (p *Pages) readerScope(c *web.Context, r core.Reader) ([]string, error) {
	if len(r.ScopeNodes) == 0 {
		return nil, nil
	}
	tree, err := p.Store.BuildingTree(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return nil, err
	}
	return nodeLabels(nodeOptions(tree), r.ScopeNodes), nil
}

func (p *Pages) readerRotate(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{Title: "更换密钥：“" + r.Name + "”？", Text: rotateText(r), Submit: "更换密钥", Danger: true},
		Do: func() error {
			_, err := p.Store.RotateReaderSecret(c.Ctx(), c.Actor(), c.Scope(), r.ID)
			return err
		},
		Done: "密钥已更换，旧地址已失效。请点“显示完整地址”，把新地址填进设备。", Back: frame.ReaderURL(r.ID), Next: readerInstallURL(r.ID),
	})
}

func (p *Pages) readerDisable(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "停用“" + r.Name + "”？", Text: disableText(r), Submit: "停用 1 台读头", Danger: true},
		Do:   func() error { return p.Store.DisableReader(c.Ctx(), c.Actor(), c.Scope(), r.ID) },
		Done: "已停用，这台读头的每次扫码都会被拒绝。", Back: frame.ReaderURL(r.ID),
	})
}

func (p *Pages) readerEnable(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableReader(c.Ctx(), c.Actor(), c.Scope(), r.ID) },
		Done: "已启用，按现有设置接受扫码，立即生效。", Back: frame.ReaderURL(r.ID),
	})
}

func readerBadge(r core.Reader, now time.Time) templates.Badge {
	if !r.Disabled.IsZero() {
		return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
	}
	return stateBadge(r.State(now))
}

// stateBadge returns the badge of a reader's state.
func stateBadge(state core.ReaderState) templates.Badge {
	tone := map[core.ReaderState]templates.Tone{
		core.ReaderOnline: templates.Good, core.ReaderStale: templates.Warn, core.ReaderOffline: templates.Bad,
		core.ReaderNever: templates.Neutral,
	}[state]
	return templates.Badge{Tone: tone, Text: state.Label()}
}

func rotateText(r core.Reader) string {
	return "“" + r.Name + "”的旧地址立即失效：在把新地址填进设备之前，它的每次扫码都会被拒绝，" + r.Gate + "只能由门岗放行。"
}

func disableText(r core.Reader) string {
	return "停用“" + r.Name + "”后，它的每次扫码都会立即被拒绝，" + r.Gate + "只能由门岗放行。可以随时启用。"
}
