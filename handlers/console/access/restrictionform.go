package access

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// restrictionForm is the posted form of a new restriction. Its buttons search for houses, tick all
// results, read a pasted list, and save: only the last one restricts anything.
type restrictionForm struct {
	Community core.ID   `form:"community"`
	Keyword   string    `form:"q" max:"64"`
	Node      core.ID   `form:"node"`
	Pasted    string    `form:"pasted" text:"lines" max:"60000"`
	Looked    string    `form:"looked" max:"64"` // digest of the list that was last reviewed with its houses
	Told      []core.ID `form:"told" max:"500"`  // houses whose restriction the page has announced to be replaced
	Houses    []core.ID `form:"houses" max:"500"`
	Exits     string    `form:"exits" max:"8"`
	Reason    string    `form:"reason"`
	LastDay   core.Day  `form:"last_day"`
	Act       string    `form:"act"`
}

type restrictionNewPage struct {
	templates.Shell
	Search  templates.Field
	Tree    *templates.Tree // nil if the community has none
	Node    core.ID         // whose houses are shown; 0 = none
	Pasted  templates.Field
	File    templates.Field
	Matches []restrictionMatch
	Tally   string   // of Matches, as text
	Notes   []string // how the list file was read
	Form    templates.Form
	Ticked  int       // number of houses that will be restricted
	Already []core.ID // those of them that are already restricted
	Ask     string    // confirmation before restrictions are replaced
	Looked  string
	More    bool   // there are more results than shown
	Full    string // a message that not everything requested could be ticked
}

// Nothing returns why there is no house to tick.
func (p restrictionNewPage) Nothing() string {
	if p.Tree != nil && p.Node == 0 && p.Search.Value == "" {
		return "点一处楼栋，列出它的房屋；也可以输入房号来找。"
	}
	return "没有找到房屋。"
}

// listDigest identifies a pasted list, so that a change after its review is noticed; "" = no list.
func listDigest(pasted string) string {
	if strings.TrimSpace(pasted) == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(pasted)))
	return hex.EncodeToString(sum[:8])
}

// unlooked refuses to save while a pasted list has not been reviewed.
func (f restrictionForm) unlooked() error {
	if digest := listDigest(f.Pasted); digest != "" && digest != f.Looked {
		return core.InvalidFields(map[string]string{"pasted": "名单还没有核对，请先按“核对名单”"})
	}
	return nil
}

// restrictionMatch is a pasted line and what it means.
type restrictionMatch struct {
	Line  string
	State templates.Badge
	Words string
}

func (p *Pages) restrictionNew(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNoCommunityYet
	}
	form := restrictionForm{Keyword: c.Query("q"), Exits: "-1"}
	if id, err := core.ParseID(c.Query("house")); err == nil {
		form.Houses = []core.ID{id}
	}
	page, err := p.restrictionPage(c, at, form)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/restriction/form", page)
}

// restrictionPage returns the form with the houses to tick: those already ticked, and the search
// results.
func (p *Pages) restrictionPage(c *web.Context, at frame.CommunityChoice, form restrictionForm) (restrictionNewPage, error) {
	page := restrictionNewPage{Shell: p.Shell(c, "passrule", "限制房屋")}
	page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "限制出入", URL: at.URL(frame.RestrictionPath)}}
	choices, err := p.restrictionHouses(c, at, form, &page)
	if err != nil {
		return page, err
	}
	if err := p.markRestricted(c, choices, form.Houses, &page); err != nil {
		return page, err
	}
	page.Node, page.Ticked, page.Looked = form.Node, len(form.Houses), form.Looked
	page.Pasted = templates.Field{
		Kind: templates.Textarea, Name: "pasted", Label: "粘贴名单", Value: form.Pasted, Rows: 4,
		Placeholder: "3-2-501\n3栋2单元502",
		Help:        fmt.Sprintf("每行一套，写全房号，或写 3-2-501，也可以从表格复制过来，最多 %d 行。核对后可以再改，按“限制出入”才生效。", store.MaxRestriction),
	}
	page.File = templates.Field{
		Kind: templates.Upload, Name: restrictionFile, Label: "或上传名单",
		Accept: []string{".txt", ".csv", ".xlsx"}, Most: maxRestrictionList,
		Help: fmt.Sprintf("第一列写房屋，或用“楼栋、单元、房号”三列，最多 %d 行。核对时读进上面的名单。", store.MaxRestriction),
	}
	page.Search = templates.Field{
		Name: "q", Label: "找房屋", Value: form.Keyword, MaxLength: 64, Placeholder: "3栋2单元 或 501",
		Autocomplete: "off", Enter: "search", Wide: true,
	}
	if form.Node != 0 {
		page.Search.Help = "只在选中的楼栋里找；要在整个小区里找，先点“全部楼栋”。"
	}
	page.Form = templates.Form{
		Action: frame.RestrictionPath, CSRF: page.CSRF, Cancel: at.URL(frame.RestrictionPath), Submit: "限制出入",
		Sections: restrictionSections(at, form, choices),
	}
	return page, nil
}

func restrictionSections(at frame.CommunityChoice, form restrictionForm, houses []templates.Choice) []templates.Section {
	day := ""
	if form.LastDay != 0 {
		day = form.LastDay.String()
	}
	return []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
		{Kind: templates.Checks, Name: "houses", Label: "房屋", Values: frame.IDValues(form.Houses), Required: true, Choices: houses},
		{
			Kind: templates.Number, Name: "exits", Label: "周期内可出门次数", Value: form.Exits, Required: true,
			Min: "-1", Max: "99", Unit: "次", Short: true, Help: "-1 为禁止出入，0 为不限。代替小区的次数，其余规则照旧。",
		},
		{Kind: templates.Date, Name: "last_day", Label: "截止日期", Value: day, Help: "当天仍有效；不填则到解除为止。"},
		{Name: "reason", Label: "原因", Value: form.Reason, Required: true, MaxLength: 100, Wide: true},
	}}}
}

// markRestricted marks the choices that are already restricted, and counts those of them that are
// ticked.
func (p *Pages) markRestricted(c *web.Context, choices []templates.Choice, ticked []core.ID, page *restrictionNewPage) error {
	ids := make([]core.ID, len(choices))
	for i, choice := range choices {
		ids[i], _ = core.ParseID(choice.Value) // made from an id
	}
	found, err := p.Store.RestrictionsOf(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if r, restricted := found[id]; restricted {
			choices[i].Label += "（" + restrictedText(r) + "）"
			if slices.Contains(ticked, id) {
				page.Already = append(page.Already, id)
			}
		}
	}
	if n := len(page.Already); n > 0 {
		page.Ask = fmt.Sprintf("勾选的房屋中有 %d 套已限制出入，原来的次数、原因和截止日期将换成这次填写的。", n)
	}
	return nil
}

// untold reports whether saving would replace a restriction that the submitted page had not
// announced, because its house was ticked since.
func (f restrictionForm) untold(page restrictionNewPage) bool {
	return slices.ContainsFunc(page.Already, func(house core.ID) bool { return !slices.Contains(f.Told, house) })
}

// restrictedText returns the restriction of a house, shown beside its name.
func restrictedText(r core.Restriction) string {
	words := fmt.Sprintf("已限制 %d 次", r.Exits)
	switch r.Exits {
	case -1:
		words = "已禁止出入"
	case 0:
		words = "已设为不限次"
	}
	words += "，" + r.Reason
	if r.LastDay != 0 {
		words += "，至 " + r.LastDay.String()
	}
	return words
}

func (p *Pages) restrictionCreate(c *web.Context) error {
	var form restrictionForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if form.Act != "" && form.Act != "save" || c.HasUpload(restrictionFile) {
		return p.restrictionPreview(c, at, form, wrong)
	}
	page, err := p.restrictionPage(c, at, form)
	if err != nil {
		return err
	}
	if wrong == nil {
		wrong = form.unlooked()
	}
	if wrong == nil && form.untold(page) {
		page.Form.Notice, page.Ask = "还没有保存："+page.Ask+"再按一次“限制出入”即替换。", ""
		page.Form.Set(c.Form(), nil)
		return p.Page(c, http.StatusUnprocessableEntity, "console/restriction/form", page)
	}
	if wrong == nil {
		wrong = p.Store.CreateRestrictions(c.Ctx(), c.Actor(), c.Scope(), at.ID, form.Houses,
			core.Restriction{Exits: exitsOf(form.Exits), Reason: form.Reason, LastDay: form.LastDay})
	}
	if wrong != nil {
		page.Pasted.Error = web.FieldsOf(wrong)["pasted"]
		return p.FormPage(c, wrong, &page.Form, func(status int) error { return p.Page(c, status, "console/restriction/form", page) })
	}
	c.Flash(web.FlashSuccess, "已限制 "+strconv.Itoa(len(form.Houses))+" 套房屋的出入，立即生效。")
	return c.Redirect(at.URL(frame.RestrictionPath))
}

// restrictionPreview shows the form again with more houses ticked, for review before saving.
func (p *Pages) restrictionPreview(c *web.Context, at frame.CommunityChoice, form restrictionForm, wrong error) error {
	var matches []core.HouseMatch
	var full bool
	file, err := readRestrictionFile(c, &form)
	switch {
	case err != nil:
	case form.Act == "all":
		form.Houses, full, err = p.tickAll(c, at, form)
	case form.byTree():
		full, err = p.restrictionByTree(c, at, &form)
	case form.Act == "paste" || file.read:
		if matches, err = p.Store.MatchHouses(c.Ctx(), c.Scope(), at.ID, form.Pasted); err == nil {
			form.Houses, form.Looked = tickMatches(form.Houses, matches), listDigest(form.Pasted)
			wrong = file.unlooked(form, wrong)
		}
	}
	if web.FieldsOf(err) != nil {
		wrong, err = err, nil
	}
	if err != nil {
		return err
	}
	messages := web.FieldsOf(wrong) // other errors are shown on saving
	page, err := p.restrictionPage(c, at, form)
	if err != nil {
		return err
	}
	page.Form.Set(c.Form(), nil)
	page.Matches, page.Tally, page.Notes = restrictionMatches(matches), matchTally(matches), file.notes
	page.Form.Change("houses", func(f *templates.Field) { *f = withMaybes(*f, form.Houses, matches) })
	if err := p.markMatches(c, page.Matches, matches); err != nil {
		return err
	}
	status := http.StatusOK
	page.Pasted.Error, page.File.Error = messages["pasted"], messages[restrictionFile]
	if page.Pasted.Error+page.File.Error != "" {
		status, page.File.Value = web.StatusOf(wrong), file.unread
	}
	if full {
		page.Full = fmt.Sprintf("一次最多 %d 套，其余没有勾选。", store.MaxRestriction)
	}
	return p.Page(c, status, "console/restriction/form", page)
}

// tickMatches adds the houses of unambiguous lines.
func tickMatches(houses []core.ID, matches []core.HouseMatch) []core.ID {
	for _, match := range matches {
		if len(match.Houses) == 1 && !slices.Contains(houses, match.Houses[0].ID) {
			houses = append(houses, match.Houses[0].ID)
		}
	}
	return houses
}

// withMaybes ticks houses in the field, and adds the candidates of ambiguous lines as choices.
func withMaybes(field templates.Field, houses []core.ID, matches []core.HouseMatch) templates.Field {
	field.Values = frame.IDValues(houses)
	var maybes []store.HouseRow
	for _, match := range matches {
		for _, house := range match.Houses {
			maybes = append(maybes, store.HouseRow{House: house})
		}
	}
	field.Choices = addHouses(field.Choices, maybes)
	return field
}

// markMatches marks the unambiguous lines whose house is already restricted.
func (p *Pages) markMatches(c *web.Context, rows []restrictionMatch, matches []core.HouseMatch) error {
	var ids []core.ID
	for _, match := range matches {
		if len(match.Houses) == 1 {
			ids = append(ids, match.Houses[0].ID)
		}
	}
	found, err := p.Store.RestrictionsOf(c.Ctx(), c.Scope(), ids)
	for i, match := range matches {
		if len(match.Houses) != 1 {
			continue
		}
		if r, restricted := found[match.Houses[0].ID]; restricted {
			rows[i].State = templates.Badge{Tone: templates.Warn, Text: "已有限制"}
			rows[i].Words += "（" + restrictedText(r) + "）"
		}
	}
	return err
}

// restrictionMatches describes what each line means.
func restrictionMatches(matches []core.HouseMatch) []restrictionMatch {
	rows := make([]restrictionMatch, len(matches))
	for i, match := range matches {
		row := restrictionMatch{Line: match.Line, State: templates.Badge{Tone: templates.Good, Text: "已匹配"}}
		switch len(match.Houses) {
		case 0:
			row.State, row.Words = templates.Badge{Tone: templates.Bad, Text: "没有找到"}, cmp.Or(match.Why, "请核对房号")
		case 1:
			row.Words = match.Houses[0].Label
		default:
			var labels []string
			for _, house := range match.Houses {
				labels = append(labels, house.Label)
			}
			row.State, row.Words = templates.Badge{Tone: templates.Warn, Text: "不止一套"}, "请在下面勾选："+strings.Join(labels, "、")
		}
		rows[i] = row
	}
	return rows
}
