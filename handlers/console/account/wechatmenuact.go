package account

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
	"tongxing/wechat"
)

// wechatMenuChange changes the draft as a whole: moves or drops a button, or begins again. Nobody sees it before it is
// published, and what is published can be read back.
func (p *Pages) wechatMenuChange(c *web.Context) error {
	at, err := p.menuChoice(c)
	if err != nil {
		return err
	}
	back := at.URL(frame.WechatMenuPath)
	m, problem, err := p.wechatMenuDraft(c, at)
	if err != nil {
		return err
	}
	done := ""
	switch act := c.Query("act"); act {
	case "default":
		m.Draft, done = core.DefaultMenu(p.PublicURL, at.WechatApp), "已填入默认菜单，请检查后发布。"
	case "copy":
		var all core.WechatMenu
		if all, problem, err = p.wechatMenuDraft(c, menuChoice{OfficialChoice: at.OfficialChoice}); problem != "" {
			return p.Refused(c, core.Conflict(problem), back)
		}
		m.Draft, done = all.Draft, "已复制所有人的菜单，请修改后发布。"
	case "current":
		m.Draft, err = p.currentMenu(c.Ctx(), at, m.Live)
		done = "已换成公众号现在的菜单。"
	case "via":
		if problem != "" {
			return p.Refused(c, core.Conflict(problem), back)
		}
		m.Draft, _ = core.MenuVia(p.PublicURL, at.WechatApp, m.Draft)
		done = "草稿已换成新地址，请检查后发布。"
	case "restore":
		m.Draft, err = p.earlierMenu(c, at)
		done = "已恢复到草稿，请检查后发布。"
	case "earlier", "drop":
		if problem != "" {
			return p.Refused(c, core.Conflict(problem), back)
		}
		m.Draft, done, err = changedMenu(m.Draft, act, c.Query("at"))
	default:
		return core.InvalidFields(map[string]string{"act": "没有这个操作"})
	}
	if core.IsInvalid(err) {
		return err
	}
	if err == nil {
		_, err = p.Store.UpdateWechatMenu(c.Ctx(), c.Actor(), c.Scope(), m)
	}
	if err != nil {
		return p.Refused(c, err, back)
	}
	c.Flash(web.FlashSuccess, done)
	return c.Redirect(back)
}

// changedMenu moves or drops the button at a place.
func changedMenu(buttons []core.MenuButton, act, at string) (changed []core.MenuButton, done string, err error) {
	place, err := core.ParseMenuPlace(at)
	if err != nil {
		return nil, "", err
	}
	if act == "drop" {
		changed, err = core.DropMenuButton(buttons, place)
		return changed, "已从草稿删除。", err
	}
	changed, err = core.MoveMenuButton(buttons, place)
	return changed, "已前移。", err
}

// earlierMenu returns the menu of the version that the URL names.
func (p *Pages) earlierMenu(c *web.Context, at menuChoice) ([]core.MenuButton, error) {
	id, err := core.ParseID(c.Query("version"))
	if err != nil {
		return nil, err
	}
	v, err := p.Store.WechatMenuVersion(c.Ctx(), c.Scope(), at.of(), id)
	return v.Buttons, err
}

// currentMenu reads the menu that followers see; live is what was published from here. What went wrong is a conflict
// in words.
func (p *Pages) currentMenu(ctx context.Context, at menuChoice, live []core.MenuButton) ([]core.MenuButton, error) {
	official, err := p.Official(at.AppID)
	if err != nil {
		return nil, err
	}
	if at.tag == 0 {
		buttons, _, err := official.CurrentMenu(ctx)
		return core.MenuWithAnswers(frame.MenuButtons(buttons), live), menuUnread(err)
	}
	menus, err := official.Menus(ctx)
	if err != nil {
		return nil, menuUnread(err)
	}
	var newest wechat.ConditionalMenu
	for _, m := range menus.Conditional {
		if m.Tag == at.tag && m.ID > newest.ID {
			newest = m
		}
	}
	return core.MenuWithAnswers(frame.MenuButtons(newest.Buttons), live), nil
}

func menuUnread(err error) error {
	if err == nil {
		return nil
	}
	return &core.Error{Code: core.CodeConflict, Message: "公众号现在的菜单读不到：" + wechaterror.ForSetup(err), Err: err}
}

// wechatMenuPublish sends the draft to WeChat. It is recorded after WeChat has taken it: a server that is killed in
// between leaves a draft that is shown as not published, and can be published again.
func (p *Pages) wechatMenuPublish(c *web.Context) error {
	at, err := p.menuChoice(c)
	if err != nil {
		return err
	}
	back := at.URL(frame.WechatMenuPath)
	m, err := p.Store.WechatMenu(c.Ctx(), c.Scope(), at.of())
	if err != nil {
		return err
	}
	if err := core.CheckMenu(m.Draft); err != nil {
		return p.Refused(c, err, back)
	}
	effects := []string{fmt.Sprintf("共 %d 个菜单项", len(core.MenuWords(m.Draft)))}
	ask := templates.Confirm{
		Title: "发布“" + at.Name + "”的菜单？", Text: "关注的人在 5 分钟内看到新的菜单。" + menuIsKept,
		Submit: "发布菜单",
	}
	if at.tag != 0 {
		sizes, err := p.Store.FollowerTagSizes(c.Ctx(), c.Scope(), at.AppID)
		if err != nil {
			return err
		}
		ask.Title = "发布“" + at.tagName() + "”的菜单？"
		ask.Text = "有这个标签的人在 5 分钟内看到它，不再看到所有人的菜单。有几个标签的人看到最后发布的那份。"
		if !m.Published.IsZero() {
			ask.Text += menuIsKept
		}
		effects = append(effects, fmt.Sprintf("%s 人有这个标签", frame.Grouped(sizes[at.tag])))
	}
	ask.Effects, ask.Keep = effects, url.Values{"seen": {templates.Seen(m.Updated)}}
	var form struct {
		Seen int64 `form:"seen"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: ask, Do: func() error { return p.publishMenu(c, at, frame.ShownAt(form.Seen)) },
		Done: "已发布。手机上最迟 5 分钟后更新，重新打开公众号会快些。", Back: back,
	})
}

// menuIsKept tells who publishes a menu what becomes of the one before.
const menuIsKept = "原来的留在“以前的菜单”里，可以恢复后再发布。"

// publishMenu publishes a menu's draft, as it was seen. What it replaces is read first: 公众平台 may have changed it.
func (p *Pages) publishMenu(c *web.Context, at menuChoice, seen time.Time) error {
	var replaced []core.MenuButton
	return p.atWechatMenu(c, at, seen, func(official *wechat.OfficialAccount, m core.WechatMenu) error {
		if err := core.CheckMenu(m.Draft); err != nil {
			return err
		}
		shown, _ := p.currentMenu(c.Ctx(), at, nil) // unread, it is what was published from here
		replaced = m.Replaced(shown)
		if at.tag == 0 {
			return official.SetMenu(c.Ctx(), wechatButtons(m))
		}
		id, err := official.AddConditionalMenu(c.Ctx(), at.tag, wechatButtons(m))
		if err != nil {
			return err
		}
		// Followers see the newest of a tag. What is left of the older ones is removed with the next publication.
		if err := removeMenus(c.Ctx(), official, at.tag, id); err != nil {
			c.Shortfall("remove older menus of a tag", err)
		}
		return nil
	}, func(ctx context.Context, m core.WechatMenu) error {
		if core.MenuHasMini(m.Draft) {
			if err := p.Store.NoteWechatStep(ctx, at.ID, core.WechatStepLinked); err != nil {
				c.Shortfall("note a linked mini-program", err)
			}
		}
		m.Live = replaced
		return p.Store.PublishWechatMenu(ctx, c.Actor(), c.Scope(), m)
	})
}

// wechatMenuRemove removes the menu of a tag, here and at WeChat.
func (p *Pages) wechatMenuRemove(c *web.Context) error {
	at, err := p.menuChoice(c)
	if err != nil {
		return err
	}
	if at.tag == 0 {
		return p.Refused(c, core.Conflict("所有人的菜单不能删除"), at.URL(frame.WechatMenuPath))
	}
	sizes, err := p.Store.FollowerTagSizes(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除“" + at.tagName() + "”的菜单？", Text: "有这个标签的人在 5 分钟内改看所有人的菜单。草稿和以前的菜单也一起删除，不能恢复。",
			Submit: "删除菜单", Effects: []string{fmt.Sprintf("%s 人有这个标签", frame.Grouped(sizes[at.tag]))},
		},
		Do: func() error {
			return p.atWechatMenu(c, at, time.Time{}, func(official *wechat.OfficialAccount, _ core.WechatMenu) error {
				return removeMenus(c.Ctx(), official, at.tag, 0)
			}, func(ctx context.Context, m core.WechatMenu) error {
				return p.Store.RemoveWechatMenu(ctx, c.Actor(), c.Scope(), m.MenuFor)
			})
		},
		Done: "已删除“" + at.tagName() + "”的菜单。", Back: at.all().URL(frame.WechatMenuPath),
	})
}

// atWechatMenu does something about a menu at WeChat, reserved for it, and records it once WeChat has taken it.
func (p *Pages) atWechatMenu(
	c *web.Context, at menuChoice, seen time.Time, do func(*wechat.OfficialAccount, core.WechatMenu) error,
	record func(context.Context, core.WechatMenu) error,
) error {
	official, err := p.Official(at.AppID)
	if err != nil {
		return err
	}
	m, err := p.Store.BeginWechatMenu(c.Ctx(), c.Scope(), at.of(), seen)
	if err != nil {
		return err
	}
	err = do(official, m)
	last, cancel := c.Lasting()
	defer cancel()
	if err == nil {
		return record(last, m)
	}
	if err := p.Store.ReleaseWechatMenu(last, at.of()); err != nil {
		c.Shortfall("release a menu", err)
	}
	if core.IsConflict(err) {
		return err
	}
	if wechat.CodeOf(err) == codeNoMenuTag {
		if err := p.Store.NoteFollowerTagGone(c.Ctx(), at.AppID, at.tag); err != nil {
			c.Shortfall("note that a tag is gone", err)
		}
	}
	return &core.Error{Code: core.CodeConflict, Message: wechaterror.Refused(err, menuRefusal(err)), Err: err}
}

// codeNoConditionalMenu is WeChat's answer if a conditional menu is not there.
const codeNoConditionalMenu = 65301

// removeMenus removes the menus of a tag at WeChat but one, 0 = all. WeChat keeps each that was ever published.
func removeMenus(ctx context.Context, official *wechat.OfficialAccount, tag int, but int64) error {
	menus, err := official.Menus(ctx)
	if err != nil {
		return err
	}
	for _, m := range menus.Conditional {
		if m.Tag != tag || m.ID == but {
			continue
		}
		if err := official.DeleteConditionalMenu(ctx, m.ID); err != nil && wechat.CodeOf(err) != codeNoConditionalMenu {
			return err
		}
	}
	return nil
}

// codeNoMenuTag is WeChat's answer if it does not have the tag of a conditional menu.
const codeNoMenuTag = 65304

// menuRefusal returns why WeChat refused a menu, in words.
func menuRefusal(err error) string {
	switch wechat.CodeOf(err) {
	case 40018:
		return "有名称太长。"
	case 40016, 40054:
		return "菜单项太多，或有的没有填完。"
	case 40055:
		return "有网址不正确。"
	case 65303:
		return "请先发布所有人的菜单。"
	case codeNoMenuTag:
		return "标签已在微信删除，这里也去掉了。请删除这份菜单。"
	case 65318:
		return "小程序没有关联到这个公众号，请在公众平台的“小程序管理”关联。"
	}
	return wechaterror.ForSetup(err)
}
