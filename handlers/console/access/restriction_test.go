package access

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestRestrictionRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	good := url.Values{
		"community": {d.Mine.Community.String()}, "houses": {d.Mine.Houses[0].String()}, "exits": {"1"},
		"reason": {"居家"}, "confirmed": {"1"},
	}
	for field, value := range map[string]string{"exits": "", "reason": " ", "last_day": "2000-01-01"} {
		form := url.Values{}
		for name, values := range good {
			form[name] = values
		}
		form.Set(field, value)
		page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
		if page.Find(`input[name="houses"][checked]`).Length() != 1 {
			t.Errorf("%s: the form lost the house", field)
		}
	}
	form := url.Values{"community": good["community"], "exits": {"1"}, "reason": {"居家"}, "confirmed": {"1"}, "q": {"没有的"}}
	page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
	if !strings.Contains(page.Find(".tx-wrong").Text(), "请选择房屋") {
		t.Errorf("no message at houses: %q", page.Find("form.tx-form").Text())
	}
	if len(d.Restrictions(t)) != 0 {
		t.Error("a wrong form restricted a house")
	}
}

// A pasted list is checked line by line before anything is restricted.
func TestRestrictionPastedList(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	label := desk.HouseLabel(t, d, d.Mine.Houses[0])
	last := label[len(strings.TrimRight(label, "0123456789")):]
	form := url.Values{"community": {d.Mine.Community.String()}, "exits": {"3"}, "reason": {"居家"}, "confirmed": {"1"}, "act": {"paste"},
		"pasted": {strings.Join([]string{label, "9-9-9999", desk.Hostile, last}, "\r\n")}}
	page, _ := b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	desk.Literally(t, page, desk.Hostile)
	lines := page.Find("#matches tbody tr")
	for i, want := range []string{"没有找到", "没有找到", "已匹配"} {
		if got := lines.Eq(i).Text(); !strings.Contains(got, want) {
			t.Errorf("line %d: %q, want %s", i+1, got, want)
		}
	}
	if page.Find(`input[name="houses"][value="`+d.Mine.Houses[0].String()+`"][checked]`).Length() != 1 ||
		desk.InputValue(page, "exits") != "3" || desk.InputValue(page, "reason") != "居家" {
		t.Errorf("the match is not ticked, or the form lost something: %s", page.Find("form.tx-form").Text())
	}
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("looking restricted a house")
	}
	form.Set("pasted", strings.Repeat("1\n", store.MaxRestriction+1))
	page, _ = b.Post(t, restrictionPreviewPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "pasted")

	form.Set("act", "all")
	form.Set("pasted", "")
	page, _ = b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	if n := page.Find(`input[name="houses"][checked]`).Length(); n != len(d.Mine.Houses) {
		t.Errorf("%d of %d houses are ticked", n, len(d.Mine.Houses))
	}
	form.Set("community", d.Others.Community.String())
	form.Set("act", "paste")
	b.Post(t, restrictionPreviewPath, form, http.StatusNotFound)
}

// A list that was not reviewed is not silently ignored when houses are ticked, and Enter in a field
// saves.
func TestAPastedListIsNotSavedUnseen(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := url.Values{"community": {d.Mine.Community.String()}, "exits": {"3"}, "reason": {"居家"}, "confirmed": {"1"},
		"houses": {d.Mine.Houses[1].String()}, "pasted": {desk.HouseLabel(t, d, d.Mine.Houses[0])}}
	page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "pasted")
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("saved without the list")
	}
	alone := maps.Clone(form) // without ticks the list is invalid, not the houses
	alone.Del("houses")
	page, _ = b.Post(t, frame.RestrictionPath, alone, http.StatusUnprocessableEntity)
	if wrongs := page.Find("main .tx-wrong"); wrongs.Length() != 1 || !strings.Contains(
		page.Find("#f-pasted-error").Text(), "名单还没有核对",
	) || page.Find("#f-pasted").Text() != form.Get("pasted") {
		t.Errorf("of the list alone: %q", wrongs.Text())
	}
	if first := page.Find("main form.tx-form button").First(); first.AttrOr("formaction", "") != "" {
		t.Errorf("Enter presses %q", first.AttrOr("formaction", ""))
	}
	form.Set("act", "paste")
	page, _ = b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	form = desk.WithConfirmed(desk.FilledIn(page))
	typed := form.Get("pasted")
	form.Set("pasted", typed+"\r\n9-9-9999")
	b.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
	form.Set("pasted", typed)
	b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther)
	if len(d.Restrictions(t)) != 2 {
		t.Errorf("%d houses restricted, want the ticked one and the list's", len(d.Restrictions(t)))
	}
}

// Of a page that was drawn before a colleague deleted a house, or lifted a restriction, the others are asked about, and done.
func TestRestrictionOfAStalePage(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	more, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{
		{"7", "1", "101"}, {"7", "1", "102"}, {"7", "1", "103"},
	})
	if err == nil {
		err = d.Store.RemoveHouse(t.Context(), core.System, core.Everywhere, more[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	said := func() string { return b.Get(t, frame.RestrictionPath, http.StatusOK).Find(".tx-flash").Text() }
	form := url.Values{
		"community": {d.Mine.Community.String()}, "houses": frame.IDValues(more), "exits": {"1"}, "reason": {"居家"},
	}
	page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "2 套房屋的出入") || !strings.Contains(ask, "1 套房屋已删除或合并，不在其中") {
		t.Errorf("asks %q", ask)
	}
	page, _ = b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	if text := page.Find(".tx-flash").Text(); !strings.Contains(text, "1 套房屋已删除或合并") ||
		page.Find(`input[name="houses"][checked]`).Length() != 2 {
		t.Errorf("the form says %q", text)
	}
	b.Post(t, frame.RestrictionPath, desk.WithConfirmed(form), http.StatusSeeOther)
	if text := said(); !strings.Contains(text, "已限制 2 套房屋") || !strings.Contains(text, "1 套房屋已删除或合并，不在其中。") ||
		len(d.Restrictions(t)) != 2 {
		t.Errorf("says %q", text)
	}
	form.Set("houses", more[0].String())
	page, _ = b.Post(t, frame.RestrictionPath, desk.WithConfirmed(form), http.StatusUnprocessableEntity)
	if text := page.Find("main").Text(); !strings.Contains(text, "请选择房屋") {
		t.Errorf("with none left it says %q", text)
	}

	if _, err := d.Store.LiftRestriction(t.Context(), core.System, core.Everywhere, more[1]); err != nil {
		t.Fatal(err)
	}
	lift, ids := restrictionLiftPath+"?community="+d.Mine.Community.String(), url.Values{"id": frame.IDValues(more)}
	page, _ = b.Post(t, lift, ids, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "1 套房屋的限制") || !strings.Contains(ask, "2 套已经解除，不在其中") {
		t.Errorf("lifting asks %q", ask)
	}
	b.Post(t, lift, desk.WithConfirmed(ids), http.StatusSeeOther)
	if text := said(); !strings.Contains(text, "已解除 1 套") || !strings.Contains(text, "2 套已经解除，不在其中。") || len(d.Restrictions(t)) != 0 {
		t.Errorf("lifting says %q", text)
	}
	b.Post(t, lift, desk.WithConfirmed(ids), http.StatusSeeOther)
	if text := said(); !strings.Contains(text, "限制已经解除") {
		t.Errorf("with none left, lifting says %q", text)
	}
}

// Restricting an already restricted house shows what will be replaced.
func TestReplacingARestrictionSaysSo(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house := d.Mine.Houses[0]
	_, err := d.Store.CreateRestrictions(
		t.Context(), core.System, core.Everywhere,
		store.RestrictionChange{
			Community: d.Mine.Community, Houses: []core.ID{house},
			Restriction: core.Restriction{Exits: 2, Reason: "社区通知"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"community": {d.Mine.Community.String()}, "exits": {"-1"}, "reason": {"居家"}, "confirmed": {"1"}, "act": {"paste"},
		"pasted": {desk.HouseLabel(t, d, house)},
	}
	page, _ := b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	if row := page.Find("#matches tbody tr").Text(); !strings.Contains(row, "已有限制") || !strings.Contains(row, "限 2 次，社区通知") {
		t.Errorf("the list's line: %q", row)
	}
	if words := page.Find("#pick").Text(); !strings.Contains(words, "有 1 套已限制出入") {
		t.Errorf("says %q", words)
	}
	form = desk.FilledIn(page)
	page, _ = b.Post(t, frame.RestrictionPath, form, http.StatusOK) // asks
	told, err := d.Store.ForecastRestriction(
		t.Context(), core.Everywhere, core.MessageSetup{}, d.Mine.Community, []core.ID{house}, 0,
	)
	if err != nil {
		t.Fatal(err)
	}
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "其中 1 套已有限制") || !strings.Contains(ask, "禁止出入") ||
		!strings.Contains(ask, strings.Join(toldEffects(told, 0), "")) || !strings.Contains(ask, "原因原文发给住户：居家") {
		t.Errorf("asks %q", ask)
	}
	free := url.Values{}
	for name, values := range form {
		free[name] = values
	}
	free.Set("exits", "0")
	page, _ = b.Post(t, frame.RestrictionPath, free, http.StatusOK)
	if ask := page.Find("form.tx-confirm"); !strings.Contains(ask.Text(), "1 套房屋的出门次数改为不限？") ||
		strings.Contains(ask.Find("h2, button").Text(), "限制") || ask.Find(".btn-danger").Length() != 0 {
		t.Errorf("not to count is asked as %q", ask.Text())
	}
	form.Set("confirmed", "1")
	b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther)
	// For a house ticked since the page was rendered, the server asks.
	form.Del("announced")
	form.Set("exits", "5")
	page, _ = b.Post(t, frame.RestrictionPath, form, http.StatusConflict)
	if notice := page.Find("main .tx-flash.tx-info").Text(); !strings.Contains(notice, "有 1 套已限制出入") ||
		desk.InputValue(page, "exits") != "5" {
		t.Errorf("asked %q", notice)
	}
	if list := d.Restrictions(t); len(list) != 1 || list[0].Exits != -1 {
		t.Fatalf("replaced unasked: %+v", list)
	}
	form = desk.WithConfirmed(desk.FilledIn(page))
	b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther)
	if list := d.Restrictions(t); len(list) != 1 || list[0].Exits != 5 {
		t.Errorf("not replaced: %+v", list)
	}
	entries, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{}, store.Page{Limit: 1})
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0].Before, `"exits":-1,"reason":"居家"`) {
		t.Errorf("the audit log keeps %+v, %v", entries, err)
	}
}

// A list file is added to the pasted list and reviewed like one.
func TestRestrictionListFile(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house := d.Mine.Houses[0].String()
	label := desk.HouseLabel(t, d, d.Mine.Houses[0])
	inGBK, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte("序号,房屋\r\n1," + label + "\r\n2,没有的99\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	var book bytes.Buffer
	if err := sheet.Write(t.Context(), &book, sheet.Head{Name: "名单", Columns: []string{"房屋"}}, func(add func(...any) error) error {
		return errors.Join(add(label), add("没有的99"))
	}); err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"community": {d.Mine.Community.String()}, "exits": {"3"}, "reason": {"居家"}, "confirmed": {"1"}, "act": {"paste"},
		"pasted": {"9-9-9999\r\n" + label},
	}
	for name, file := range map[string][]byte{
		"GBK": inGBK, "UTF-8": []byte(label + "\n没有的99\n"),
		"with its mark": []byte("\ufeff" + label + "\n没有的99"), "sheet": book.Bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			page := b.Upload(t, restrictionPreviewPath, form, restrictionFile, file, http.StatusOK)
			if pasted := page.Find(`textarea[name="pasted"]`).Text(); pasted != "9-9-9999\n"+label+"\n没有的99" {
				t.Errorf("read as %q", pasted)
			}
			if lines := page.Find("#matches tbody tr"); lines.Length() != 3 || !strings.Contains(
				page.Find("#matches").Text(), "名单有 3 行：1 行已匹配，2 行没有找到。",
			) {
				t.Errorf("looked at as %q", page.Find("#matches").Text())
			}
			if page.Find(`input[name="houses"][value="`+house+`"][checked]`).Length() != 1 || desk.InputValue(page, "reason") != "居家" {
				t.Error("the match is not ticked, or the form lost something")
			}
		})
	}
	// If saved without review it is shown, not applied; so is one whose houses were ticked before.
	form.Set("houses", house)
	page := b.Upload(t, frame.RestrictionPath, form, restrictionFile, inGBK, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, restrictionFile)
	if page.Find("#matches tbody tr").Length() != 3 {
		t.Error("what was saved unseen is not shown")
	}
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("a file restricted a house unseen")
	}
	// An empty file input is not a file; a reviewed list need not be reviewed again.
	form.Set("pasted", page.Find(`textarea[name="pasted"]`).Text())
	form.Set("reviewed", desk.InputValue(page, "reviewed"))
	b.Upload(t, frame.RestrictionPath, form, "other", nil, http.StatusSeeOther)
	if len(d.Restrictions(t)) != 1 {
		t.Error("the form was not saved")
	}
}

func TestRestrictionListFileRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for name, wrong := range map[string]string{"名单.exe": "只支持 txt、csv、xlsx 文件", "名单.xlsx": "这不是有效的 Excel 文件，请用 Excel 或 WPS 打开后另存为 xlsx"} {
		form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}, "pasted": {"1-1-101"}}
		page := b.UploadAs(
			t, restrictionPreviewPath, form,
			desk.SentFile{Field: restrictionFile, Name: name, Content: []byte("3-2-501\n")},
			http.StatusUnprocessableEntity,
		)
		got := strings.TrimSpace(page.Find("#f-file-error").Text())
		if got != wrong || page.Find(`textarea[name="pasted"]`).Text() != "1-1-101" {
			t.Errorf("%s: told %q, want %q", name, got, wrong)
		}
	}
	for name, c := range map[string]struct {
		pasted, file, wrong string
	}{
		"too many":      {"", strings.Repeat("3-2-501\n", store.MaxRestriction+1), "文件里有 501 行，一次最多 500 行，请分成几份"},
		"together":      {"1-1-101", strings.Repeat("3-2-501\n", store.MaxRestriction), "连同已粘贴的共有 501 行，一次最多 500 行，请分成几份"},
		"far too many":  {"", strings.Repeat("1\n", 6000), "文件里超过 5000 行，请分成几份上传"},
		"too large":     {"", strings.Repeat("3-2-501,"+strings.Repeat("x", 300)+"\n", 4000), "文件有 1.2 MB，最大 1 MB"},
		"picture":       {"", "\x89PNG\x00\x01", "只支持 txt、csv、xlsx 文件，这个文件的内容不是"},
		"empty":         {"", " \n", "文件是空的"},
		"without house": {"", "楼栋,房号\n", "文件里没有找到房屋，请把房屋写在第一列"},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}, "pasted": {c.pasted}, "reason": {desk.Hostile}}
			page := b.Upload(t, restrictionPreviewPath, form, restrictionFile, []byte(c.file), http.StatusUnprocessableEntity)
			desk.WrongField(t, page, restrictionFile)
			if got := strings.TrimSpace(page.Find("#f-file-error").Text()); got != c.wrong {
				t.Errorf("told %q, want %q", got, c.wrong)
			}
			if page.Find(`textarea[name="pasted"]`).Text() != c.pasted || desk.InputValue(page, "reason") != desk.Hostile ||
				!strings.Contains(page.Find(".tx-wrong").Text(), "名单.csv") {
				t.Error("the form lost something")
			}
		})
	}
	form := url.Values{"community": {d.Others.Community.String()}, "act": {"paste"}}
	b.Upload(t, restrictionPreviewPath, form, restrictionFile, []byte("1"), http.StatusNotFound)
	b.Upload(
		t, restrictionPreviewPath, form, restrictionFile, make([]byte, web.UploadBody(maxRestrictionList)),
		http.StatusRequestEntityTooLarge,
	)
}

// The tree in the form shows the houses of a node, ticks all of them, and unticks them; no other
// tick or input is lost, and nothing is saved.
func TestRestrictionTree(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	more, err := d.Store.CreateHouses(
		t.Context(), core.System, core.Everywhere, d.Mine.Community,
		[][]string{{"77", "1", "101"}, {"77", "1", "102"}, {"77", "2", "101"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	before := d.Mine.Houses[0].String()
	page := b.Get(t, frame.RestrictionPath+"/new?house="+before, http.StatusOK)
	form := desk.FilledIn(page)
	form.Set("reason", desk.Hostile)
	press := func(button, note string, shown, ticked int) {
		t.Helper()
		act := page.Find(`#restriction-tree button:contains("`+button+`")`).Last().AttrOr("value", "")
		if button == "全选" || button == "全不选" {
			act = page.Find(`#restriction-tree .tx-current button:contains("`+button+`")`).AttrOr("value", "")
		}
		form.Set("act", act)
		page, _ = b.Post(t, restrictionPreviewPath, form, http.StatusOK)
		form = desk.FilledIn(page)
		if boxes := page.Find(`input[name="houses"]`); boxes.Length() != shown || boxes.Filter("[checked]").Length() != ticked {
			t.Errorf(
				"%s (%s) shows %d houses, %d ticked; want %d, %d", button, act, boxes.Length(),
				boxes.Filter("[checked]").Length(), shown, ticked,
			)
		}
		if got := page.Find("#restriction-tree .tx-current small").Text(); got != note {
			t.Errorf("%s: the tree says %q, want %q", button, got, note)
		}
		if page.Find(`input[value="`+before+`"][checked]`).Length() != 1 || desk.InputValue(page, "reason") != desk.Hostile {
			t.Errorf("%s: the form lost something", button)
		}
	}
	press("77栋", "3 套", 4, 1)
	press("全选", "已选 3 / 3 套", 4, 4)
	press("2单元", "已选 1 / 1 套", 4, 4)
	press("全不选", "1 套", 4, 3)
	press("77栋", "已选 2 / 3 套", 4, 3)
	press("全部楼栋", "已选 3 / "+strconv.Itoa(len(d.Mine.Houses)+3)+" 套", 3, 3)
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("a button of the tree restricted a house")
	}
	form.Set("exits", "-1") // nothing is chosen at first
	b.Post(t, frame.RestrictionPath, form, http.StatusOK)
	form.Set("confirmed", "1")
	b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther)
	var got []core.ID
	for _, r := range d.Restrictions(t) {
		got = append(got, r.House)
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values([]core.ID{d.Mine.Houses[0], more[0], more[1]})); !slices.Equal(got, want) {
		t.Errorf("restricted %v, want %v", got, want)
	}

	// A node of another community has no houses here; an invalid node does nothing.
	tree, err := d.Store.BuildingTree(t.Context(), core.Everywhere, d.Others.Community)
	if err != nil || len(tree) == 0 {
		t.Fatalf("%d nodes, %v", len(tree), err)
	}
	for _, verb := range []restrictionVerb{pickOpen, pickAll, pickNone} {
		form := url.Values{"community": {d.Mine.Community.String()}, "act": {restrictionAct{verb, tree[0].ID}.String()}}
		page, _ := b.Post(t, restrictionPreviewPath, form, http.StatusOK)
		if page.Find(`input[name="houses"]`).Length() != 0 {
			t.Errorf("%s shows another community's houses", verb)
		}
		form.Set("act", string(verb)+"-"+desk.Hostile[:20])
		b.Post(t, restrictionPreviewPath, form, http.StatusOK)
	}
}

// sampleNodes is a building with two units.
func sampleNodes() []*store.TreeNode {
	node := func(id core.ID, houses int, children ...*store.TreeNode) *store.TreeNode {
		return &store.TreeNode{BuildingNode: core.BuildingNode{ID: id, Name: desk.Hostile}, Houses: houses, Children: children}
	}
	return []*store.TreeNode{node(1, 600, node(2, 1), node(3, 2))}
}

func TestRestrictionPages(t *testing.T) {
	shell := templates.Shell{Title: "限制出入", CSRF: "x"}
	at := frame.CommunityChoice{Community: core.Community{ID: 1}}
	templates.CheckAll(t, "console/restriction/", map[string]any{
		"console/restriction/list": restrictionListPage{
			Shell: shell, Tabs: passTabs(everything, "restriction", at), List: templates.List{Path: frame.RestrictionPath},
			Plans: samplePlans,
			Rows: []restrictionRow{
				{
					Label: "1栋101", Reason: desk.Hostile,
					State: frame.RestrictionBadge(core.Restriction{Exits: 2}, 1),
					Lift:  &templates.Submit{Label: "解除", URL: "/x"},
				},
			},
		},
		"console/restriction/form": newRestrictionPage(shell, restrictionFacts{At: at}),
		"console/restriction/form#found": newRestrictionPage(shell, restrictionFacts{
			At: at, Form: restrictionForm{Node: 2, Houses: []core.ID{9}}, More: true, Full: true, Notes: []string{desk.Hostile},
			Nodes: sampleNodes(), Ticked: []core.House{{ID: 9, Label: desk.Hostile, Path: "/1/2/"}},
			Found: []store.HouseRow{{House: core.House{ID: 8, Label: "1栋"}}}, Held: map[core.ID]core.Restriction{9: {Reason: desk.Hostile}},
			Matches: []core.HouseMatch{
				{Line: desk.Hostile}, {Line: "1", Houses: make([]core.House, 1)}, {Line: "2", Houses: make([]core.House, 2)},
			},
			Unread: desk.Hostile, Wrong: core.InvalidFields(map[string]string{restrictionFile: "太大", "houses": "请选择房屋"}),
		}),
	})
}

// On a phone a date stands without its heading: the last day says that it is one, and when the restriction was set is left out.
func TestTheDatesOfARestrictionOnAPhone(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	day := (core.DayOf(d.Store.Now(), d.Store.Zone()) + 20).String()
	b.Post(t, frame.RestrictionPath, url.Values{
		"community": {d.Mine.Community.String()}, "houses": {d.Mine.Houses[0].String()}, "exits": {"1"},
		"reason": {"居家"}, "last_day": {day}, "confirmed": {"1"},
	}, http.StatusSeeOther)
	row := b.Get(t, frame.RestrictionPath, http.StatusOK).Find("tbody tr")
	if got := strings.TrimSpace(row.Find(`[data-label="截止"]`).Text()); got != "至 "+day ||
		row.Find(`[data-label="设置于"].tx-desk`).Length() != 1 {
		t.Errorf("until %q, %d dates left out", got, row.Find(".tx-desk").Length())
	}
}

// The number of all houses follows the names without a comma of its own.
func TestManyHousesAreNamedInOneSentence(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	var paths [][]string
	for n := range frame.ThingsNamed + 1 {
		paths = append(paths, []string{"9", "1", strconv.Itoa(101 + n)})
	}
	houses, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, paths)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"community": {d.Mine.Community.String()}, "exits": {"1"}, "reason": {"居家"}, "confirmed": {"1"},
		"typed": {strconv.Itoa(len(houses))},
	}
	for _, house := range houses {
		form.Add("houses", house.String())
		form.Add("id", house.String())
	}
	b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther)
	form.Del("confirmed")
	page, _ := b.Post(t, restrictionLiftPath, form, http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); strings.Contains(text, "、等") || !strings.Contains(text, "等 ") {
		t.Errorf("it asks %q", text)
	}
}

// The list says how many a restriction concerns, and leads to them who may see residents; all of a page are counted together.
func TestTheListSaysWhomARestrictionConcerns(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"林一", "林二"} {
		_, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
			Community: d.Mine.Community, House: d.Mine.Houses[0], Name: name, Identity: core.Family,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	empty := d.Mine.Houses[len(d.Mine.Houses)-1]
	if _, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: d.Mine.Community, Houses: []core.ID{d.Mine.Houses[0], empty}, Restriction: core.Restriction{Exits: 1, Reason: "居家"},
	}); err != nil {
		t.Fatal(err)
	}
	counts, err := d.Store.ResidentsByHouse(t.Context(), core.ScopeOf(d.Mine.Community), []core.ID{d.Mine.Houses[0], empty})
	if err != nil || counts[d.Mine.Houses[0]].Residents != counts[d.Mine.Houses[0]].Certified+2 {
		t.Fatalf("%+v, %v", counts, err)
	}
	others, err := d.Store.ResidentsByHouse(t.Context(), core.ScopeOf(d.Others.Community), d.Mine.Houses)
	if len(others) != 0 || err != nil {
		t.Errorf("another community's: %+v, %v", others, err)
	}
	list := d.Registrar(t).Get(t, frame.RestrictionPath, http.StatusOK)
	cells := list.Find(`tbody td[data-label="住户"]`)
	want := peopleOfHouse(counts[d.Mine.Houses[0]])
	if cells.Length() != 2 || !strings.Contains(cells.Text(), want) || !strings.HasSuffix(want, " 人") {
		t.Errorf("it says %q, want %q", cells.Text(), want)
	}
	if to := cells.Find("a").AttrOr("href", ""); !strings.HasPrefix(to, frame.ResidentPath+"?") ||
		!strings.Contains(to, "house="+d.Mine.Houses[0].String()) {
		t.Errorf("it leads to %q", to)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermPassRuleView)
	if links := viewer.Get(t, frame.RestrictionPath, http.StatusOK).Find(`td[data-label="住户"] a`).Length(); links != 0 {
		t.Errorf("%d links for who may not see residents", links)
	}
}
