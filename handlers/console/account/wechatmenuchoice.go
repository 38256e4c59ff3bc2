package account

import (
	"slices"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// menuTagParam names the tag whose followers a menu is for: WeChat's id of it.
const menuTagParam = "tag"

// menuChoice is the menu that a page is about, with its account.
type menuChoice struct {
	frame.OfficialChoice
	tag  int // 0 = the menu of all
	tags []core.FollowerTag
}

// menuChoice reads which menu a page is about. A menu whose tag is gone from WeChat can still be chosen.
func (p *Pages) menuChoice(c *web.Context) (at menuChoice, err error) {
	if at.OfficialChoice, err = p.OfficialOf(c); err != nil || at.AppID == "" {
		return at, err
	}
	noTag := core.InvalidFields(map[string]string{menuTagParam: "没有这个标签"})
	if asked := c.Query(menuTagParam); asked != "" {
		if at.tag, err = strconv.Atoi(asked); err != nil || at.tag < 0 {
			return at, noTag
		}
	}
	at.tags, err = p.Store.FollowerTags(c.Ctx(), c.Scope(), at.AppID)
	if err != nil || at.tag == 0 || at.has(at.tag) {
		return at, err
	}
	if m, err := p.Store.WechatMenu(c.Ctx(), c.Scope(), at.of()); err != nil || m.ID != 0 {
		return at, err
	}
	return at, noTag
}

func (m menuChoice) of() core.MenuFor { return core.MenuFor{AppID: m.AppID, Tag: m.tag} }

// all is the menu of all, of the same account.
func (m menuChoice) all() menuChoice {
	m.tag = 0
	return m
}

func (m menuChoice) with(tag int) menuChoice {
	m.tag = tag
	return m
}

func (m menuChoice) has(tag int) bool {
	return slices.ContainsFunc(m.tags, func(t core.FollowerTag) bool { return t.Number == tag })
}

// URL is as OfficialChoice's, and names the tag, too.
func (m menuChoice) URL(path string, params ...string) string {
	if m.tag != 0 {
		params = append(params, menuTagParam, strconv.Itoa(m.tag))
	}
	return m.OfficialChoice.URL(path, params...)
}

// tagName returns the tag's name.
func (m menuChoice) tagName() string {
	for _, t := range m.tags {
		if t.Number == m.tag {
			return t.Name
		}
	}
	return "已删除的标签"
}

// label says whose menu it is.
func (m menuChoice) label() string {
	if m.tag == 0 {
		return "所有人的菜单"
	}
	return "有“" + m.tagName() + "”标签的人"
}

// note is shown after the page's heading: the account, and whose menu it is.
func (m menuChoice) note() string {
	if m.tag == 0 {
		return m.Name
	}
	return m.Name + " · " + m.label()
}

// wechatMenusOf returns the account's menus in the order in which WeChat looks for somebody's, and the form to begin
// one for a tag that has none.
func (p *Pages) wechatMenusOf(c *web.Context, at menuChoice) (menus []wechatMenuOf, another *wechatMenuAnother, err error) {
	all, err := p.Store.WechatMenus(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return nil, nil, err
	}
	sizes, err := p.Store.FollowerTagSizes(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return nil, nil, err
	}
	taken := map[int]bool{0: true}
	if !slices.ContainsFunc(all, func(m core.WechatMenu) bool { return m.Tag == 0 }) {
		all = append(all, core.WechatMenu{MenuFor: at.all().of()}) // the one that WeChat shows
	}
	for _, m := range all {
		taken[m.Tag] = true
		one := at.with(m.Tag)
		row := wechatMenuOf{Label: one.label(), URL: one.URL(frame.WechatMenuPath), Shown: m.Tag == at.tag}
		if m.ID != 0 {
			row.State = wechatMenuBadge(m)
		}
		if m.Tag != 0 {
			row.People = frame.Grouped(sizes[m.Tag]) + " 人"
		}
		menus = append(menus, row)
	}
	return menus, at.another(taken), nil
}

// wechatMenuAnother is the form that begins the menu of a tag that has none.
type wechatMenuAnother struct {
	Path, App string
	Field     templates.Field
}

// another returns the form; nil if all tags have a menu, or it is not theirs.
func (m menuChoice) another(taken map[int]bool) *wechatMenuAnother {
	if !m.Change {
		return nil
	}
	field := templates.Field{
		Kind: templates.Select, Name: menuTagParam, Label: "选择标签", Choices: []templates.Choice{{Label: "请选择标签"}},
	}
	for _, t := range m.tags {
		if !taken[t.Number] {
			field.Choices = append(field.Choices, templates.Choice{Value: strconv.Itoa(t.Number), Label: t.Name})
		}
	}
	if len(field.Choices) == 1 {
		return nil
	}
	return &wechatMenuAnother{Path: frame.WechatMenuPath, App: m.AppID, Field: field}
}
