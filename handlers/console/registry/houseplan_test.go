package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"

	"github.com/PuerkitoBio/goquery"
)

// The plan of a large building has a place for each house, says its state in a letter, filters by it, and
// remembers the building.
func TestPlanOfALargeBuilding(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	var paths [][]string
	for unit := 1; unit <= 6; unit++ {
		for floor := 1; floor <= 12; floor++ {
			for room := 1; room <= 12; room++ {
				paths = append(paths, []string{"8", fmt.Sprint(unit), fmt.Sprintf("%d%02d", floor, room)})
			}
		}
	}
	if _, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, paths); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[1], Name: "未核验", Identity: core.Family,
	}); err != nil {
		t.Fatal(err)
	}
	restrict(t, d, core.Restriction{Exits: -1, Reason: "装修"})
	for i, fen := range []int64{12345, 1} {
		_, _, err := d.Store.UpdateArrears(t.Context(), core.System, core.Everywhere, store.HouseArrears{
			Community: d.Mine.Community, House: fmt.Sprintf("1-1-10%d", i+1), Fen: fen,
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	first := b.Get(t, housePlanPath, http.StatusOK)
	cell := func(page *goquery.Document, house core.ID) *goquery.Selection {
		return page.Find(`.tx-plan a[href="` + frame.HouseURL(house) + `"]`)
	}
	for house, want := range map[core.ID]string{d.Mine.Houses[0]: "限欠", d.Mine.Houses[1]: "欠未"} {
		if got := cell(first, house).Find("b").Text(); got != want {
			t.Errorf("house %s: %q, want %q", house, got, want)
		}
	}
	if title := cell(first, d.Mine.Houses[0]).AttrOr("aria-label", ""); !strings.Contains(title, "限制") || !strings.Contains(title, "2 人") {
		t.Errorf("described as %q", title)
	}
	if title := cell(first, d.Mine.Houses[0]).AttrOr("title", ""); !strings.Contains(title, "欠费 123.45 元") {
		t.Errorf("it owes %q", title)
	}
	if legend := first.Find(".tx-plan-legend a:contains(欠费)"); strings.TrimSpace(legend.Text()) != "欠欠费 2" {
		t.Errorf("the legend says %q", legend.Text())
	}
	filtered := b.Get(t, first.Find(".tx-plan-legend a:contains(限制)").AttrOr("href", ""), http.StatusOK)
	if !cell(filtered, d.Mine.Houses[1]).HasClass("tx-plan-dim") || cell(filtered, d.Mine.Houses[0]).HasClass("tx-plan-dim") {
		t.Error("the filter shows the wrong houses")
	}

	var large string
	first.Find("#plan-node option").Each(func(_ int, o *goquery.Selection) {
		if o.Text() == "8栋" {
			large = o.AttrOr("value", "")
		}
	})
	page := b.Get(t, housePlanPath+"?node="+large, http.StatusOK)
	if n := page.Find(".tx-plan tbody a").Length(); n != len(paths) {
		t.Errorf("%d houses on the plan, want %d", n, len(paths))
	}
	if n := page.Find(".tx-plan tbody tr").Length(); n != 12 {
		t.Errorf("%d floors", n)
	}
	if n := page.Find("[style]").Length(); n != 0 {
		t.Errorf("%d inline styles", n)
	}
	if got := b.Get(t, housePlanPath, http.StatusOK).Find("#plan-node option[selected]").Text(); got != "8栋" {
		t.Errorf("remembers %q", got)
	}
	b.Get(t, housePlanPath+"?state=rich", http.StatusUnprocessableEntity)
	b.Get(t, housePlanPath+"?community="+d.Others.Community.String(), http.StatusNotFound)
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Get(t, housePlanPath, http.StatusForbidden)
}

func TestPlanPages(t *testing.T) {
	templates.CheckAll(t, "console/house/plan", map[string]any{
		"console/house/plan": housePlanPage{
			Shell: desk.SampleShell("房屋"), Tabs: houseTabs(frame.CommunityChoice{}, "plan"),
			Buildings: []templates.Choice{{Value: "1", Label: desk.Hostile}}, Chosen: "1",
			Legend: []planLegend{{Label: "限制", Letter: "限", Class: "tx-plan-restricted", URL: "/x"}},
			Units:  []planUnit{{Name: "1单元", Rooms: []string{"01", "02"}}},
			Floors: []planFloor{{Name: "5 层", Cells: []planCell{{URL: "/h", Name: desk.Hostile, Title: desk.Hostile, First: true}, {}}}},
			Others: []planCell{{URL: "/h", Name: "车库"}},
		},
		"console/house/plan#none": housePlanPage{
			Shell: desk.SampleShell("房屋"), Asked: &templates.Asked{Path: "/p"}, Empty: &templates.Empty{Title: "没有"},
		},
	})
}
