package registry

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// communityForm is the posted form. If Act is set, it adds or removes a level on the page and saves
// nothing: "add", "remove-0".
type communityForm struct {
	Name    string   `form:"name"`
	Address string   `form:"address"`
	Phone   string   `form:"phone"`
	Levels  []string `form:"levels" max:"12"`
	Office  string   `form:"refusals" text:"lines" max:"400"`
	Owners  string   `form:"owner_refusals" text:"lines" max:"400"`
	Act     string   `form:"act" max:"20"`
	Seen    int64    `form:"seen"`
}

func (f communityForm) community(id core.ID) core.Community {
	return core.Community{
		ID: id, Name: f.Name, Address: f.Address, Phone: f.Phone, Levels: f.Levels, Updated: frame.ShownAt(f.Seen),
		Refusals: core.Refusals{Office: strings.Split(f.Office, "\n"), Owners: strings.Split(f.Owners, "\n")},
	}
}

type communityFormPage struct {
	templates.Shell
	Form  templates.Form // the field "levels" has one value per level
	Fixed bool           // there are houses: levels can only be renamed
	Focus int            // the level to fill in next; -1 = none
}

// Levels returns the levels in the form.
func (p communityFormPage) Levels() ([]string, error) {
	field, err := p.Form.Field("levels")
	return field.Values, err
}

// Most returns the maximum number of levels.
func (p communityFormPage) MaxLevels() int { return core.MaxLevels }

// MaxName returns the maximum length of a level's name.
func (p communityFormPage) MaxName() int { return core.MaxLevelName }

// Nth returns the number of a level, counted from 1.
func (p communityFormPage) Nth(i int) int { return i + 1 }

// communityForm returns the form of a community, in a page without its frame; ID 0 means a new one.
func (p *Pages) communityForm(c *web.Context, community core.Community) (communityFormPage, error) {
	page := communityFormPage{Focus: -1}
	help := "从上到下，最后一级是门牌，例如：栋、单元、房间。名称可随时修改；有了房屋后不能增减级数。高层与别墅请分成两个小区。"
	if community.ID != 0 {
		houses, _, err := p.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{Community: community.ID, Page: store.Page{Limit: 1}})
		if err != nil {
			return page, err
		}
		if page.Fixed = len(houses) > 0; page.Fixed {
			help = "名称可随时修改。已有房屋，不能增减级数。"
		}
	}
	page.Form = templates.Form{
		Action: frame.CommunityPath, CSRF: c.CSRF(), Cancel: frame.CommunityPath, Submit: "添加",
		Sections: []templates.Section{{Fields: []templates.Field{
			{
				Name: "name", Label: "小区名称", Value: community.Name, Required: true,
				MaxLength: core.MaxCommunityName, Focus: community.ID == 0,
			},
			{Name: "phone", Label: "物业电话", Value: community.Phone, MaxLength: 32, Placeholder: "0755-88888888"},
			{Name: "address", Label: "地址", Value: community.Address, MaxLength: core.MaxAddress, Wide: true},
			{Name: "levels", Label: "楼栋结构", Values: community.Levels, Required: true, Help: help},
			refusalsField("refusals", "物业不通过的常用原因", community.Reasons(core.ReviewCertification)),
			refusalsField("owner_refusals", "业主不通过的常用原因", community.OwnersReasons(core.ReviewCertification)),
		}}},
	}
	if community.ID != 0 {
		page.Form.Action, page.Form.Submit = frame.CommunityURL(community.ID), "保存"
		page.Form.Seen = templates.Seen(community.Updated)
	}
	return page, nil
}

// refusalsField is a field of presets, one a line.
func refusalsField(name, label string, presets []string) templates.Field {
	return templates.Field{
		Kind: templates.Textarea, Name: name, Label: label, Value: strings.Join(presets, "\n"), Rows: 5,
		MaxLength: core.MaxRefusals * (core.MaxRefusal + 2), Help: "住户认证审核时一点就选，每行一个，最多 8 个；清空就恢复原来的。",
	}
}

// communityFormPage shows the form of a community; of a new one, ID is 0.
func (p *Pages) communityFormPage(c *web.Context, community core.Community, page communityFormPage, wrong error) error {
	return p.FormPage(c, wrong, &page.Form, func(status int) error {
		title := "添加小区"
		if community.ID != 0 {
			title = "修改小区"
		}
		page.Shell = p.Shell(c, "community", title)
		page.Crumbs = []templates.Crumb{{Label: "小区", URL: frame.CommunityPath}}
		return p.Page(c, status, "console/community/form", page)
	})
}

func (p *Pages) communityNew(c *web.Context) error {
	page, err := p.communityForm(c, core.Community{Levels: core.DefaultLevels()})
	if err != nil {
		return err
	}
	return p.communityFormPage(c, core.Community{}, page, nil)
}

func (p *Pages) communityCreate(c *web.Context) error {
	var form communityForm
	err := c.Bind(&form)
	if err == nil && form.Act != "" {
		return p.communityLevels(c, core.Community{}, form)
	}
	if err == nil {
		_, err = p.Store.CreateCommunity(c.Ctx(), c.Actor(), form.community(0))
	}
	if err != nil {
		return p.communityWrong(c, core.Community{}, err)
	}
	c.Flash(web.FlashSuccess, "小区已添加。接着添加房屋，再设置通行证。")
	return c.Redirect(frame.CommunityPath)
}

// communityLevels shows the form with its input and one level more or fewer.
func (p *Pages) communityLevels(c *web.Context, community core.Community, form communityForm) error {
	page, err := p.communityForm(c, community)
	if err != nil {
		return err
	}
	values := url.Values{}
	for name, given := range c.Form() {
		values[name] = given
	}
	if !page.Fixed {
		values["levels"], page.Focus = changeLevels(form.Levels, form.Act)
	}
	page.Form.Change("name", func(f *templates.Field) { f.Focus = page.Focus < 0 }) // only one field of a page is focused
	page.Form.Set(values, nil)
	return p.communityFormPage(c, community, page, nil)
}

// changeLevels adds or removes a level, within the limits, and returns the level to fill in next.
func changeLevels(levels []string, act string) (changed []string, focus int) {
	if act == "add" && len(levels) < core.MaxLevels {
		return append(slices.Clone(levels), ""), len(levels)
	}
	index, isRemove := strings.CutPrefix(act, "remove-")
	if i, err := strconv.Atoi(index); isRemove && err == nil && 0 <= i && i < len(levels) && len(levels) > 1 {
		return slices.Delete(slices.Clone(levels), i, i+1), max(i-1, 0)
	}
	return levels, -1
}

// communityWrong shows the form again with its messages.
func (p *Pages) communityWrong(c *web.Context, community core.Community, wrong error) error {
	page, err := p.communityForm(c, community)
	if err != nil {
		return err
	}
	return p.communityFormPage(c, community, page, wrong)
}

func (p *Pages) community(c *web.Context) (core.Community, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Community{}, err
	}
	return p.Store.Community(c.Ctx(), c.Scope(), id)
}

func (p *Pages) communityEdit(c *web.Context) error {
	community, err := p.community(c)
	if err != nil {
		return err
	}
	page, err := p.communityForm(c, community)
	if err != nil {
		return err
	}
	return p.communityFormPage(c, community, page, nil)
}

func (p *Pages) communityUpdate(c *web.Context) error {
	community, err := p.community(c)
	if err != nil {
		return err
	}
	was, err := p.communityForm(c, community)
	if err != nil {
		return err
	}
	var form communityForm
	err = c.Bind(&form)
	if err == nil && form.Act != "" {
		return p.communityLevels(c, community, form)
	}
	var updated time.Time
	if err == nil {
		updated, err = p.Store.UpdateCommunity(c.Ctx(), c.Actor(), c.Scope(), form.community(community.ID))
	}
	if err != nil {
		return p.communityWrong(c, community, err)
	}
	p.Edited(c, "已保存。", was.Form, updated)
	return c.Redirect(frame.CommunityPath)
}
