package access

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const readerPermissionPath = frame.ReaderPath + "/permission"

// permissionBody is the maximum body of the posted matrix: store.MaxReaderQR readers with all boxes ticked.
const permissionBody = 512 << 10

// qrColumn is the column of a reader's 接受二维码 in the matrix; every other column is a kind of pass.
const qrColumn = "qr"

// What becomes of the scope of the readers that are ticked for it.
const (
	scopeKeep  = ""
	scopeAll   = "all"
	scopeNodes = "nodes"
)

// readerPermissionPage is the matrix 权限管理: whom each reader lets through.
type readerPermissionPage struct {
	templates.Shell
	Tabs    templates.Tabs
	Asked   *templates.Asked
	Empty   *templates.Empty
	Only    *permissionOnly // one group alone is shown
	More    string          // readers that the page does not show
	Columns []templates.Choice
	Groups  []permissionGroup
	Form    *templates.Form // its sections follow the matrix; nil: only to be read
}

// permissionOnly is the group that the matrix is of, and what leads to all.
type permissionOnly struct{ Name, All string }

// permissionGroup is a group with its readers; those in none are the last, without a URL.
type permissionGroup struct {
	ID, Name, URL string
	Rows          []permissionRow
}

type permissionRow struct {
	ID, Name, URL, Gate string
	State               templates.Badge // zero: in use
	Shown               string          // see permissionShown
	Picked              bool
	Scope               string
	Cells               []permissionCell
}

type permissionCell struct {
	Value, Label string
	On           bool
}

// permissionColumns returns the columns of the matrix.
func permissionColumns() []templates.Choice {
	return append([]templates.Choice{{Value: qrColumn, Label: "门禁二维码"}},
		templates.ChoicesOf("", core.ReaderKinds(), core.PassKind.Label)...)
}

// permissionBits returns a reader's row of the matrix, a 1 or 0 for each column.
func permissionBits(r core.Reader) string {
	var bits strings.Builder
	for _, column := range permissionColumns() {
		on := r.QRAllowed
		if column.Value != qrColumn {
			on = slices.Contains(r.Kinds, core.PassKind(column.Value))
		}
		bits.WriteByte(bit(on))
	}
	return bits.String()
}

func bit(on bool) byte {
	if on {
		return '1'
	}
	return '0'
}

// permissionForm is the posted matrix.
type permissionForm struct {
	Community core.ID   `form:"community"`
	Group     core.ID   `form:"group"`
	Rows      []string  `form:"row" max:"500"`  // what was shown: see permissionShown
	On        []string  `form:"on" max:"5000"`  // the ticked boxes: reader:column
	Picked    []core.ID `form:"pick" max:"500"` // readers whose scope is changed
	Scope     string    `form:"scope" of:"all nodes"`
	Nodes     []core.ID `form:"scope_nodes" max:"500"`
}

// permissionShown is a reader as the matrix shows it: reader:updated:bits. A row whose boxes are as they were shown is not changed,
// whatever somebody else has done meanwhile.
func permissionShown(r core.Reader) string {
	return fmt.Sprintf("%d:%d:%s", r.ID, r.Updated.UnixMilli(), permissionBits(r))
}

// shownPermission reads permissionShown.
func shownPermission(text string) (p core.ReaderPermission, bits string, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || len(parts[2]) != len(permissionColumns()) {
		return p, "", core.Invalid("这一页已经变了，请刷新后再改")
	}
	if p.Reader, err = core.ParseID(parts[0]); err != nil {
		return p, "", err
	}
	seen, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return p, "", core.Invalid("这一页已经变了，请刷新后再改")
	}
	p.Updated = frame.ShownAt(seen)
	return p, parts[2], nil
}

// readers returns the readers that the form has rows of.
func (f permissionForm) readers() ([]core.ID, error) {
	ids := make([]core.ID, len(f.Rows))
	for i, row := range f.Rows {
		p, _, err := shownPermission(row)
		if err != nil {
			return nil, err
		}
		ids[i] = p.Reader
	}
	return ids, nil
}

// changes returns what the form changes of readers. Those of them that somebody else has changed since are stale.
func (f permissionForm) changes(readers map[core.ID]core.Reader) (changes []core.ReaderPermission, stale []core.Reader, err error) {
	columns := permissionColumns()
	for _, row := range f.Rows {
		p, shown, err := shownPermission(row)
		if err != nil {
			return nil, nil, err
		}
		r := readers[p.Reader]
		is := r.Permission()
		is.Updated = p.Updated
		var bits strings.Builder
		for _, column := range columns {
			on := slices.Contains(f.On, p.Reader.String()+":"+column.Value)
			bits.WriteByte(bit(on))
			if column.Value == qrColumn {
				is.QRAllowed = on
				continue
			}
			kind := core.PassKind(column.Value)
			is.Kinds = slices.DeleteFunc(slices.Clone(is.Kinds), func(k core.PassKind) bool { return k == kind })
			if on {
				is.Kinds = append(is.Kinds, kind)
			}
		}
		picked := f.Scope != scopeKeep && slices.Contains(f.Picked, p.Reader)
		if bits.String() == shown && !picked {
			continue
		}
		if picked {
			is.ScopeNodes = f.Nodes
			if f.Scope == scopeAll {
				is.ScopeNodes = nil
			}
		}
		switch {
		case !r.Updated.Equal(p.Updated):
			stale = append(stale, r)
		case !r.Permission().Same(is):
			changes = append(changes, is)
		}
	}
	return changes, stale, nil
}

// check returns what is wrong with the form by itself.
func (f permissionForm) check() error {
	fields := map[string]string{}
	switch {
	case f.Scope != scopeKeep && len(f.Picked) == 0:
		fields["scope"] = "请先在上面勾选要改服务范围的读头"
	case f.Scope == scopeKeep && len(f.Picked) > 0:
		fields["scope"] = "勾选了读头，请选择改成什么服务范围"
	case f.Scope == scopeNodes && len(f.Nodes) == 0:
		fields["scope_nodes"] = "请选择楼栋，或改选“全小区”"
	}
	return core.InvalidFields(fields)
}

func (p *Pages) readerPermission(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	var asked struct {
		Group core.ID `form:"group"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	return p.readerPermissionPage(c, at, asked.Group, nil)
}

// readerPermissionPage shows the matrix of a community, or of one group, or as submitted if something is wrong.
func (p *Pages) readerPermissionPage(c *web.Context, at frame.CommunityChoice, group core.ID, wrong error) error {
	page := readerPermissionPage{Shell: p.Shell(c, "reader", "权限管理"), Asked: at.Asked(readerPermissionPath)}
	page.Crumbs = readerCrumbs()
	var err error
	if page.Tabs, err = p.readerTabsOf(c, "permission"); err != nil {
		return err
	}
	if page.Empty = at.NotChosen(c); page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/reader/permission", page)
	}
	groups, err := p.Store.ReaderGroupsOf(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	if group != 0 {
		i := slices.IndexFunc(groups, func(g core.ReaderGroup) bool { return g.ID == group })
		if i < 0 {
			return core.NotFound("分组不存在")
		}
		groups = groups[i : i+1]
		page.Only = &permissionOnly{groups[0].Name, at.URL(readerPermissionPath)}
	}
	readers, more, err := p.Store.Readers(c.Ctx(), c.Scope(), store.ReaderFilter{
		Community: at.ID, Group: group, Page: store.Page{Limit: store.MaxReaderQR},
	})
	if err != nil {
		return err
	}
	if len(readers) == 0 {
		page.Empty = noReaderYet(c, at.ID, "添加读头后，在这里设置它们放行谁。")
		return p.Page(c, http.StatusOK, "console/reader/permission", page)
	}
	if more {
		page.More = fmt.Sprintf("读头太多，这里只列出最早添加的 %d 台；请从分组的页面进来，一次改一组。", store.MaxReaderQR)
	}
	tree, err := p.Store.BuildingTree(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	nodes := nodeOptions(tree)
	page.Columns = permissionColumns()
	page.Groups = permissionGroups(groups, readers, nodes)
	if !c.Has(core.PermReaderEdit) {
		return p.Page(c, http.StatusOK, "console/reader/permission", page)
	}
	page.Form = permissionFormOf(at.ID, group, nodes, page.CSRF)
	if wrong != nil {
		retick(page.Groups, c.Form())
	}
	return p.FormPage(c, wrong, page.Form, func(status int) error {
		return p.Page(c, status, "console/reader/permission", page)
	})
}

// noReaderYet is what a page about readers shows to a community without any; text is what there will be then.
func noReaderYet(c *web.Context, community core.ID, text string) *templates.Empty {
	empty := noReadersYet()
	empty.Text = text
	if c.Has(core.PermReaderEdit) {
		empty.Action = templates.Action{Label: "添加读头", URL: frame.NewURL(frame.ReaderPath, community), Icon: "plus"}
	}
	empty = empty.Told()
	return &empty
}

// permissionFormOf returns what follows the matrix in its form: the scope of the readers that are picked.
func permissionFormOf(community, group core.ID, nodes []templates.Choice, csrf string) *templates.Form {
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: community.String()},
		{
			Kind: templates.Select, Name: "scope", Label: "改为", Choices: []templates.Choice{
				{Value: scopeKeep, Label: "不改"}, {Value: scopeAll, Label: "全小区"}, {Value: scopeNodes, Label: "只服务下面勾选的楼栋"},
			},
		},
		{Kind: templates.Checks, Name: "scope_nodes", Label: "楼栋", Choices: nodes, Help: "选了上一级就包含它下面的全部房屋。"},
	}
	if group != 0 {
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "group", Value: group.String()})
	}
	return &templates.Form{
		Action: readerPermissionPath, CSRF: csrf, Submit: "保存权限", Sections: []templates.Section{
			{Title: "服务范围", Help: "在上表第一列勾选读头，再选它们服务哪些楼栋。", Fields: fields},
		},
	}
}

// permissionGroups returns the rows of the matrix. nodes are the building nodes that a reader may serve.
func permissionGroups(groups []core.ReaderGroup, readers []core.Reader, nodes []templates.Choice) []permissionGroup {
	list := make([]permissionGroup, 0, len(groups)+1)
	for _, g := range groups {
		list = append(list, permissionGroup{ID: g.ID.String(), Name: g.Name, URL: frame.ReaderGroupURL(g.ID)})
	}
	list = append(list, permissionGroup{ID: "0", Name: "未分组"})
	for _, r := range readers {
		at := slices.IndexFunc(list, func(g permissionGroup) bool { return g.ID == r.Group.String() })
		if at < 0 {
			at = len(list) - 1
		}
		list[at].Rows = append(list[at].Rows, permissionRowOf(r, nodes))
	}
	return slices.DeleteFunc(list, func(g permissionGroup) bool { return len(g.Rows) == 0 })
}

func permissionRowOf(r core.Reader, nodes []templates.Choice) permissionRow {
	row := permissionRow{
		ID: r.ID.String(), Name: r.Name, URL: frame.ReaderURL(r.ID), Gate: doorText(r),
		Shown: permissionShown(r), Scope: scopeText(r.ScopeNodes, nodes),
	}
	if !r.Disabled.IsZero() {
		row.State = templates.Badge{Tone: templates.Neutral, Text: "已停用"}
	}
	bits := permissionBits(r)
	for i, column := range permissionColumns() {
		row.Cells = append(row.Cells, permissionCell{
			Value: row.ID + ":" + column.Value, Label: r.Name + " " + column.Label, On: bits[i] == '1',
		})
	}
	return row
}

// scopeText returns in words which houses a reader serves.
func scopeText(scope []core.ID, nodes []templates.Choice) string {
	if len(scope) == 0 {
		return "全小区"
	}
	return strings.Join(nodeLabels(nodes, scope), "、")
}

// retick ticks the boxes of the matrix as they were sent.
func retick(groups []permissionGroup, sent url.Values) {
	for _, g := range groups {
		for i := range g.Rows {
			row := &g.Rows[i]
			row.Picked = slices.Contains(sent["pick"], row.ID)
			for j := range row.Cells {
				row.Cells[j].On = slices.Contains(sent["on"], row.Cells[j].Value)
			}
		}
	}
}

// readerPermit changes whom readers let through, after a question if they are several.
func (p *Pages) readerPermit(c *web.Context) error {
	var form permissionForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	if wrong = frame.MergeFields(wrong, form.check()); wrong != nil || frame.EditsAgain(c) {
		return p.readerPermissionPage(c, at, form.Group, wrong)
	}
	back := at.URL(readerPermissionPath)
	if form.Group != 0 {
		back = at.URL(readerPermissionPath, "group", form.Group.String())
	}
	changes, stale, readers, err := p.permissionChanges(c, form)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		c.Flash(web.FlashWarning, cmp.Or(leftText(stale), "没有改动。"))
		return c.Redirect(back)
	}
	tree, err := p.Store.BuildingTree(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	act := frame.Act{Stem: "reader", Back: back}
	act.Batch = func() (core.Batch, error) {
		done, err := p.Store.PermitReaders(c.Ctx(), c.Actor(), c.Scope(), changes)
		stale = append(stale, done.Left...)
		return done.Batch, err
	}
	act.DoneAll = func(b core.Batch) string {
		words := "没有改动。"
		if b.Size > 0 {
			words = fmt.Sprintf("已修改 %d 台读头的权限，立即生效。", b.Size)
		}
		return words + leftText(stale)
	}
	if len(changes)+len(stale) > 1 {
		act.Ask = permissionQuestion(changes, readers, nodeOptions(tree))
		act.Ask.Text += leftText(stale)
		act.Ask.Action, act.Ask.Keep = readerPermissionPath, c.Form()
	}
	return p.Act(c, act)
}

// permissionChanges returns what a form changes, of readers as they are now.
func (p *Pages) permissionChanges(c *web.Context, form permissionForm) (
	changes []core.ReaderPermission, stale []core.Reader, readers map[core.ID]core.Reader, err error,
) {
	ids, err := form.readers()
	if err != nil {
		return nil, nil, nil, err
	}
	list, err := p.Store.ReadersByID(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return nil, nil, nil, err
	}
	readers = map[core.ID]core.Reader{}
	for _, r := range list {
		readers[r.ID] = r
	}
	changes, stale, err = form.changes(readers)
	return changes, stale, readers, err
}

// leftText returns the words about readers that were left as they are, since somebody else has changed them.
func leftText(stale []core.Reader) string {
	if len(stale) == 0 {
		return ""
	}
	names := frame.Named(len(stale), "台", func(i int) string { return stale[i].Name })
	return "刚被他人修改、这次没有改：" + strings.Join(names, "、") + "。"
}

// permissionQuestion asks before several readers are changed, with the numbers and what becomes of each.
func permissionQuestion(changes []core.ReaderPermission, readers map[core.ID]core.Reader, nodes []templates.Choice) templates.Confirm {
	n := frame.Grouped(len(changes))
	narrowed := 0
	for _, p := range changes {
		if p.Narrows(readers[p.Reader].Permission()) {
			narrowed++
		}
	}
	q := templates.Confirm{
		Title: "修改 " + n + " 台读头的权限？", Submit: "修改 " + n + " 台读头", Typed: frame.TypedNumber(len(changes)), Edit: true,
		Text: "立即生效，可以撤销本次。", Danger: narrowed > 0,
		Effects: frame.Named(len(changes), "台", func(i int) string {
			r := readers[changes[i].Reader]
			return r.Name + "：" + permissionWords(r.Permission(), changes[i], nodes)
		}),
	}
	if narrowed > 0 {
		q.Text = fmt.Sprintf("其中 %d 台会拒绝现在放行的人，请他们到门岗。立即生效，可以撤销本次。", narrowed)
	}
	return q
}

// permissionWords returns what a change does.
func permissionWords(was, is core.ReaderPermission, nodes []templates.Choice) string {
	var words []string
	if was.QRAllowed != is.QRAllowed {
		words = append(words, map[bool]string{true: "接受二维码", false: "不再接受二维码"}[is.QRAllowed])
	}
	for _, way := range []struct {
		word     string
		from, to []core.PassKind
	}{{"增加", was.Kinds, is.Kinds}, {"不再接受", is.Kinds, was.Kinds}} {
		var kinds []string
		for _, k := range way.to {
			if !slices.Contains(way.from, k) {
				kinds = append(kinds, k.Label())
			}
		}
		if len(kinds) > 0 {
			words = append(words, way.word+strings.Join(kinds, "、"))
		}
	}
	if !slices.Equal(was.ScopeNodes, is.ScopeNodes) {
		words = append(words, "服务范围改为"+scopeText(is.ScopeNodes, nodes))
	}
	return strings.Join(words, "，")
}
