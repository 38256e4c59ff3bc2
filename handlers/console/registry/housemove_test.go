package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// answered returns the hidden fields of a page's question, with the answer yes.
func answered(page *goquery.Document) url.Values {
	kept := url.Values{}
	page.Find(`form.tx-confirm input[type="hidden"]`).Each(func(_ int, input *goquery.Selection) {
		kept.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	kept.Set("confirmed", "1")
	return kept
}

// typedTwice adds a building that is the desk's first one under another name, and returns its node and a house of both.
func typedTwice(t *testing.T, d *desk.Desk) (node core.BuildingNode, from, into core.House) {
	t.Helper()
	var err error
	if into, err = d.Store.House(t.Context(), core.Everywhere, d.Mine.Houses[0]); err != nil {
		t.Fatal(err)
	}
	names, err := d.Store.HouseNames(t.Context(), into)
	if err != nil {
		t.Fatal(err)
	}
	names[0] = strings.TrimSuffix(names[0], "栋") + "号楼"
	ids, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{names})
	if err != nil {
		t.Fatal(err)
	}
	if from, err = d.Store.House(t.Context(), core.Everywhere, ids[0]); err != nil {
		t.Fatal(err)
	}
	top, err := core.ParseID(strings.Split(strings.Trim(from.Path, "/"), "/")[0])
	if err != nil {
		t.Fatal(err)
	}
	if node, err = d.Store.BuildingNode(t.Context(), core.Everywhere, top); err != nil {
		t.Fatal(err)
	}
	return node, from, into
}

// A node is merged in two steps: what would change is shown first, and a preview that is old is refused.
func TestNodesAreMergedAfterAPreview(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	node, from, into := typedTwice(t, d)
	before := d.Houses(t)
	tree := b.Get(t, frame.HousePath+"/tree?community="+d.Mine.Community.String()+"&node="+node.ID.String(), http.StatusOK)
	path, there := tree.Find(`#house-tree a:contains("合并到")`).Attr("href")
	if !there {
		t.Fatal("the chosen node has no acts")
	}
	form := b.Get(t, path, http.StatusOK)
	choice := form.Find(`select[name="into"] option:contains("` + strings.TrimSuffix(node.Name, "号楼") + `栋")`).First()
	to := houseNodeURL(node.ID) + "/move"
	page, _ := b.Post(t, to, url.Values{"act": {"merge"}, "into": {choice.AttrOr("value", "")}}, http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); !strings.Contains(text, "房屋 1 套") ||
		!strings.Contains(text, from.Label+" 并入 "+into.Label) || d.Houses(t) != before {
		t.Fatalf("the preview says %q", strings.Join(strings.Fields(text), " "))
	}
	answer := answered(page)
	if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: from.ID, Name: "赵七", Identity: core.Owner, Phone: "19900007712", Namesake: true,
	}); err != nil {
		t.Fatal(err)
	}
	page, _ = b.Post(t, to, answer, http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); !strings.Contains(text, "预览之后又有改动") || !strings.Contains(text, "1 名住户") {
		t.Errorf("an old preview: %q", strings.Join(strings.Fields(text), " "))
	}
	_, next := b.Post(t, to, answered(page), http.StatusSeeOther)
	done := b.Get(t, next, http.StatusOK)
	if !strings.Contains(done.Find(".tx-flash").Text(), "已合并到") || d.Houses(t) != before-1 {
		t.Errorf("%q, %d houses", done.Find(".tx-flash").Text(), d.Houses(t))
	}
	b.Get(t, frame.HouseURL(from.ID), http.StatusSeeOther) // to the house that is left
	if text := b.Get(t, frame.HouseURL(into.ID), http.StatusOK).Find("main").Text(); !strings.Contains(text, "赵七") {
		t.Error("the house does not have the other's resident")
	}
}

// A node is renamed; a house is merged with one that is written out; wrong forms come back with their words.
func TestNodesAreRenamedAndHousesMerged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	node, from, into := typedTwice(t, d)
	to := houseNodeURL(node.ID) + "/move"
	for _, c := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"act": {"rename"}, "name": {""}}, "请填写新名称"},
		{url.Values{"act": {"rename"}, "name": {strings.TrimSuffix(node.Name, "号楼")}}, "已存在"},
		{url.Values{"act": {"merge"}, "into": {""}}, "请选择合并到哪里"},
		{url.Values{"act": {"merge"}, "into": {d.Others.Community.String()}}, "楼栋不存在"},
	} {
		if page, _ := b.Post(t, to, c.form, http.StatusUnprocessableEntity); !strings.Contains(page.Find("main").Text(), c.want) {
			t.Errorf("%v: %q", c.form, strings.Join(strings.Fields(page.Find("main").Text()), " "))
		}
	}
	const hostile = `<b onx="1">西`
	page, _ := b.Post(t, to, url.Values{"act": {"rename"}, "name": {hostile}}, http.StatusOK)
	b.Post(t, to, answered(page), http.StatusSeeOther)
	if h, err := d.Store.House(t.Context(), core.Everywhere, from.ID); err != nil || !strings.HasPrefix(h.Label, hostile) {
		t.Errorf("renamed: %+v, %v", h, err)
	}
	merge := frame.HouseURL(from.ID) + "/merge"
	b.Get(t, merge, http.StatusOK)
	b.Post(t, merge, url.Values{"house": {"没有的"}}, http.StatusUnprocessableEntity)
	for text, says := range map[string]string{
		desk.HouseLabel(t, d, from.ID): "不能合并到自己", "": "请填写房屋", strings.TrimLeft(into.Name, "0"): "可能是",
	} {
		page, _ = b.Post(t, merge, url.Values{"house": {text}}, http.StatusUnprocessableEntity)
		if got := page.Find("#f-house-error").Text(); !strings.Contains(got, says) {
			t.Errorf("%q: the field says %q, want %q", text, got, says)
		}
	}
	page, _ = b.Post(t, merge, url.Values{"house": {into.Label}}, http.StatusOK)
	if page.Find("form.tx-confirm [name=typed]").Length() != 0 {
		t.Error("the same door number is asked to be typed")
	}
	again := answered(page)
	again.Set("edit_again", "1")
	if back, _ := b.Post(t, merge, again, http.StatusOK); back.Find("[name=house]").AttrOr("value", "") != into.Label {
		t.Error("the way back to the form forgets the house")
	}
	if _, next := b.Post(t, merge, answered(page), http.StatusSeeOther); next != frame.HouseURL(into.ID) {
		t.Errorf("leads to %s", next)
	}
	other := frame.HouseURL(d.Mine.Houses[1]) + "/merge"
	page, _ = b.Post(t, other, url.Values{"house": {into.Label}}, http.StatusOK)
	b.Post(t, other, answered(page), http.StatusUnprocessableEntity)
	typed := answered(page)
	typed.Set("typed", into.Label)
	b.Post(t, other, typed, http.StatusSeeOther)
	b.Get(t, to+"?act=zzz", http.StatusNotFound)
	b.Get(t, to+"?act=move", http.StatusNotFound)
	b.Get(t, frame.HouseURL(from.ID), http.StatusSeeOther) // to the house that is left
	theirs, err := d.Store.House(t.Context(), core.Everywhere, d.Others.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	b.Post(t, houseNodeURL(theirs.Node)+"/move", url.Values{"act": {"rename"}, "name": {"x"}}, http.StatusNotFound)
}

// The switch of a building holds for its houses, which say where it comes from.
func TestOwnersReviewIsSetInTheTree(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house, err := d.Store.House(t.Context(), core.Everywhere, d.Mine.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	said := func() string {
		t.Helper()
		return desk.Fact(b.Get(t, frame.HouseURL(house.ID), http.StatusOK), "业主审核")
	}
	if !strings.HasPrefix(said(), "不允许（继承自 ") {
		t.Errorf("at first: %q", said())
	}
	at := url.Values{"community": {d.Mine.Community.String()}, "node": {house.Node.String()}, "allowed": {"yes"}}
	ask, _ := b.Post(t, houseOwnersPath, at, http.StatusOK)
	houses, owners, err := d.Store.OwnersReviewReach(t.Context(), core.Everywhere, d.Mine.Community, house.Node)
	if text := ask.Find(".tx-confirm").Text(); err != nil || houses < 2 || owners == 0 ||
		!strings.Contains(text, fmt.Sprint(houses, " 套房屋")) || !strings.Contains(text, fmt.Sprint(owners, " 名已认证的业主")) {
		t.Errorf("%d houses, %d owners, %v; the question: %q", houses, owners, err, text)
	}
	at.Set("confirmed", "1")
	b.Post(t, houseOwnersPath, at, http.StatusSeeOther)
	if got := said(); !strings.HasPrefix(got, "允许（继承自 1栋") {
		t.Errorf("its unit allows it: %q", got)
	}
	form := b.Get(t, houseOwnersPath+"?community="+d.Mine.Community.String()+"&house="+house.ID.String(), http.StatusOK)
	if !strings.Contains(form.Find("form").Text(), "随上级，现在是允许") {
		t.Error("the form does not say what the house has from above")
	}
	at = url.Values{"community": {d.Mine.Community.String()}, "house": {house.ID.String()}, "allowed": {"no"}}
	b.Post(t, houseOwnersPath, at, http.StatusSeeOther)
	if b.Get(t, frame.HouseURL(house.ID), http.StatusOK).Find(".tx-flash form").Length() != 1 {
		t.Error("the change cannot be taken back")
	}
	if allowed, err := d.Store.OwnersReview(t.Context(), house.ID); err != nil || allowed || said() != "不允许" {
		t.Errorf("the house refuses it: %v, %v, %q", allowed, err, said())
	}
	left, _, err := d.Store.OwnersReviewReach(t.Context(), core.Everywhere, d.Mine.Community, house.Node)
	if err != nil || left != houses-1 {
		t.Errorf("%d of %d have what the unit says once one says otherwise, %v", left, houses, err)
	}
	all, _, err := d.Store.OwnersReviewReach(t.Context(), core.Everywhere, d.Mine.Community, 0)
	if err != nil || all >= len(d.Mine.Houses) {
		t.Errorf("%d of %d houses have what the community says, %v", all, len(d.Mine.Houses), err)
	}
	at.Set("community", d.Others.Community.String())
	b.Post(t, houseOwnersPath, at, http.StatusNotFound)
}
