package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
)

// What prevents a deletion is listed with links to the lists of exactly that: of a house, a node and a
// community.
func TestObstaclesAreListedWithLinks(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house, err := d.Store.House(t.Context(), core.Everywhere, d.Mine.Residents[0].House)
	if err != nil {
		t.Fatal(err)
	}
	show := b.Get(t, frame.HouseURL(house.ID), http.StatusOK)
	held := b.Get(t, show.Find(`a:contains("为什么不能删除")`).AttrOr("href", "no link"), http.StatusOK)
	link := held.Find(`main li a:contains("名住户")`)
	list := b.Get(t, link.AttrOr("href", "no link"), http.StatusOK)
	if n := list.Find("#list-body tbody tr").Length(); n == 0 || link.Text() != fmt.Sprintf("%d 名住户", n) {
		t.Errorf("%q leads to %d rows", link.Text(), n)
	}
	transfer := core.HouseTransfer{
		House: house.ID, Day: core.DayOf(d.Store.Now(), d.Store.Zone()) + 1, Family: core.TransferStay, Tenants: core.TransferStay,
		Owner: core.Resident{Name: "孙新主", Phone: "13900139000"},
	}
	plan, err := d.Store.PlanTransfer(t.Context(), core.Everywhere, transfer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.TransferHouse(t.Context(), core.System, core.Everywhere, transfer, plan.Seen); err != nil {
		t.Fatal(err)
	}
	held = b.Get(t, frame.HouseURL(house.ID)+"/held", http.StatusOK)
	if held.Find(`main li a[href="`+frame.HouseURL(house.ID)+`"]:contains("次已安排的过户")`).Length() != 1 {
		t.Errorf("a planned transfer: %s", held.Find("main").Text())
	}
	node, _ := b.Post(t, houseNodeURL(house.Node)+"/delete", url.Values{}, http.StatusOK)
	if !strings.Contains(node.Find("main").Text(), "还有这些内容") ||
		node.Find(`main li a[href*="node=`+house.Node.String()+`"]`).Length() == 0 {
		t.Errorf("a node: %s", node.Find("main").Text())
	}
	_, from, _ := typedTwice(t, d)
	free := houseNodeURL(from.Node) + "/delete"
	page, _ := b.Post(t, free, url.Values{}, http.StatusOK)
	form := answered(page)
	b.Post(t, free, form, http.StatusUnprocessableEntity) // its name is not typed
	form.Set("typed", "1号楼1单元")
	b.Post(t, free, form, http.StatusSeeOther)
	b.Get(t, frame.HouseURL(from.ID), http.StatusNotFound)
	community := b.Get(t, frame.CommunityURL(d.Mine.Community)+"/held", http.StatusOK)
	if community.Find(`main li a[href^="/console/house?"]`).Length() != 1 {
		t.Errorf("a community: %s", community.Find("main").Text())
	}
	b.Get(t, frame.CommunityURL(d.Others.Community)+"/held", http.StatusNotFound)
}

// The applications that keep a house are found among those of others.
func TestAnObstacleLeadsToItsApplications(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), append(slices.Clone(registrar), reviewing...)...)
	review := applied(t, d, 1)
	held := b.Get(t, frame.HouseURL(d.Mine.Houses[0])+"/held", http.StatusOK)
	at := held.Find(`main li a[href*="/certification?"]`).AttrOr("href", "no link")
	if !strings.Contains(at, url.QueryEscape(review.Subject)) {
		t.Errorf("it leads to %s", at)
	}
	if n := b.Get(t, at, http.StatusOK).Find("#list-body tbody tr").Length(); n != 1 {
		t.Errorf("%d rows", n)
	}
}
