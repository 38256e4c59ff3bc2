package registry

import (
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// communityAct is an act on a community that requires confirmation.
type communityAct struct {
	verb, words, done string
	text              string
	danger            bool
	do                func(c *web.Context, id core.ID) error
}

func (p *Pages) communityArchive(c *web.Context) error {
	return p.communityAct(c, communityAct{
		verb: "archive", words: "归档", done: "已归档，可在“已归档”里恢复。", danger: true,
		text: "不再出现在各页的小区选择里；房屋、住户和出入记录都保留，随时可恢复。有启用的门禁读头时不能归档。",
		do: func(c *web.Context, id core.ID) error {
			return p.Store.ArchiveCommunity(c.Ctx(), c.Actor(), c.Scope(), id)
		},
	})
}

func (p *Pages) communityRestore(c *web.Context) error {
	return p.communityAct(c, communityAct{
		verb: "restore", words: "恢复", done: "已恢复。", text: "重新出现在各页的小区选择里。",
		do: func(c *web.Context, id core.ID) error {
			return p.Store.RestoreCommunity(c.Ctx(), c.Actor(), c.Scope(), id)
		},
	})
}

func (p *Pages) communityRemove(c *web.Context) error {
	return p.communityAct(c, communityAct{
		verb: "delete", words: "删除", done: "小区已删除。", text: "小区和它的通行证设置永久删除，不能恢复。", danger: true,
		do: func(c *web.Context, id core.ID) error {
			return p.Store.RemoveCommunity(c.Ctx(), c.Actor(), c.Scope(), id)
		},
	})
}

func (p *Pages) communityAct(c *web.Context, act communityAct) error {
	community, err := p.community(c)
	if err != nil {
		return err
	}
	readers := 0
	if act.verb != "restore" {
		if readers, err = p.Store.EnabledReaders(c.Ctx(), c.Scope(), community.ID); err != nil {
			return err
		}
	}
	found, err := p.Store.CommunityObstacles(c.Ctx(), c.Scope(), community.ID)
	if err != nil {
		return err
	}
	dependents := core.ObstacleTexts(found)
	if readers > 0 {
		why := ""
		if act.verb == "delete" {
			why = "还有 " + strings.Join(dependents, "、") + "，不能删除，可以归档。"
		}
		return p.readersFirst(c, community, readers, why)
	}
	return p.Act(c, frame.Act{
		Ask:  communityQuestion(community, act, dependents),
		Do:   func() error { return act.do(c, community.ID) },
		Done: "“" + community.Name + "”" + act.done, Back: frame.CommunityPath,
	})
}

// communityQuestion returns the question of an act on a community. One that cannot be deleted may be
// archived instead.
func communityQuestion(community core.Community, act communityAct, dependents []string) templates.Confirm {
	q := templates.Confirm{
		Title: act.words + "“" + community.Name + "”？", Text: act.text, Effects: dependents, Danger: act.danger,
		Submit: act.words + "小区",
	}
	if act.danger {
		q.Typed = community.Name
	}
	if act.verb == "delete" && len(dependents) > 0 {
		q.Title, q.Submit = "“"+community.Name+"”不能删除，改为归档？", "归档小区"
		q.Text = "还有下列内容，可以改为归档：不再出现在各页，资料都保留。"
		q.Action = frame.CommunityURL(community.ID) + "/archive"
	}
	return q
}

// readersFirst redirects to the readers in use that prevent an act, before anybody is asked to
// confirm it.
func (p *Pages) readersFirst(c *web.Context, community core.Community, readers int, why string) error {
	c.Flash(web.FlashWarning, fmt.Sprintf("“%s”%s归档前请先停用它的 %d 台门禁读头。", community.Name, why, readers))
	if !c.Has(core.PermReaderView) {
		return c.Redirect(frame.CommunityPath)
	}
	return c.Redirect(frame.CommunityChoice{Community: community}.URL(frame.ReaderPath))
}
