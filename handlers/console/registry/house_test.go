package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"

	"github.com/PuerkitoBio/goquery"
)

func TestHousesAreListedAndAdded(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	list := b.Get(t, frame.HousePath, http.StatusOK)
	if n := list.Find("tbody tr").Length(); n != len(d.Mine.Houses) {
		t.Errorf("%d houses, want %d", n, len(d.Mine.Houses))
	}
	if got := list.Find("tbody tr").First().Find("td.tx-number").First().Text(); got != "2" {
		t.Errorf("residents of the first house: %q", got)
	}

	at := d.Mine.Community.String()
	form := url.Values{"community": {at}, "level0": {"3"}, "level1": {" "}, "level2": {strings.Repeat("长", 41)}}
	page, _ := b.Post(t, frame.HousePath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "level1")
	desk.WrongField(t, page, "level2")
	if desk.InputValue(page, "level0") != "3" {
		t.Error("the form lost what was typed")
	}
	form.Set("level1", "2")
	form.Set("level2", "<b>501'--")
	if _, to := b.Post(t, frame.HousePath, form, http.StatusSeeOther); to != frame.HousePath+"?community="+at {
		t.Errorf("went to %s", to)
	}
	found := b.Get(t, frame.HousePath+"?q="+url.QueryEscape("3栋2单元"), http.StatusOK)
	if got := strings.TrimSpace(found.Find("tbody td").First().Text()); got != "3栋2单元<b>501'--" || found.Find("tbody b").Length() != 0 {
		t.Errorf("found %q", got)
	}
	page, _ = b.Post(t, frame.HousePath, form, http.StatusConflict)
	if !strings.Contains(page.Find(".tx-flash").Text(), "已存在") {
		t.Errorf("a house that exists: %q", page.Find(".tx-flash").Text())
	}
	tree, _ := found.Find("[hx-get]").First().Attr("hx-get")
	node, _ := b.Get(t, tree, http.StatusOK).Find(`#house-tree a:contains("3栋")`).Attr("href")
	if n := b.Get(t, node, http.StatusOK).Find("tbody tr").Length(); node == "" || n != 1 {
		t.Errorf("%d houses under node %q", n, node)
	}
}

func TestHousesPageOnward(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	paths := make([][]string, housesAPage)
	for i := range paths {
		paths[i] = []string{"8", "1", "9" + string(rune('A'+i/10)) + string(rune('0'+i%10))}
	}
	if _, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, paths); err != nil {
		t.Fatal(err)
	}
	first := b.Get(t, frame.HousePath, http.StatusOK)
	next, ok := first.Find(`a[rel="next"]`).Attr("href")
	if !ok || first.Find("tbody tr").Length() != housesAPage || first.Find(`a[rel="prev"]`).Length() != 0 {
		t.Fatalf("first page: %d rows, next %q", first.Find("tbody tr").Length(), next)
	}
	second := b.Get(t, next, http.StatusOK)
	if n := second.Find("tbody tr").Length(); n != len(d.Mine.Houses) || second.Find(`a[rel="next"]`).Length() != 0 {
		t.Errorf("second page: %d rows", n)
	}
	back, _ := second.Find(`a[rel="prev"]`).Attr("href")
	if got, want := b.Get(t, back, http.StatusOK).Find("tbody").Text(), first.Find("tbody").Text(); got != want {
		t.Error("the way back is another page")
	}
}

func TestHousePages(t *testing.T) {
	shell := templates.Shell{Title: "房屋", CSRF: "x"}
	templates.CheckAll(t, "console/house/", map[string]any{
		"console/house/list": houseListPage{Shell: shell, List: templates.List{Path: frame.HousePath}, Rows: []houseRow{
			{
				Label: "1栋101", Residents: 2, State: templates.Badge{Tone: templates.Bad, Text: "禁止出入"},
				ResidentsURL: "/a", Menu: templates.RowMenu{Label: "x", Links: []templates.Action{{Label: "添加住户", URL: "/b"}}},
			}, {Label: desk.Hostile},
		}},
		"console/house/held": obstaclePage{
			Shell: shell, Text: desk.Hostile, Back: "/a", Obstacles: []templates.Action{{Label: "2 套房屋", URL: "/b"}, {Label: "1 个账号"}},
			Instead: &templates.Submit{Label: "归档小区", URL: "/c", Ask: true},
		},
		"console/house/tree": houseTreePage{
			Shell: shell,
			Tree: templates.Tree{
				ID: "house-tree", Label: "楼栋",
				Nodes: []templates.TreeNode{{
					Label: "1栋", URL: "/b", Current: true,
					Children: []templates.TreeNode{{Label: desk.Hostile, Leaf: true}},
				}},
			},
		},
		"console/house/bulk": houseBulkPage{
			Shell: shell,
			Plan: &houseBulkPlan{
				Facts: []templates.Fact{{Label: "共", Value: "9 套"}}, Known: "1栋101", New: 8,
				Kept: []templates.Choice{{Label: "rooms", Value: "1-4"}},
			},
		},
		"console/house/show": houseShowPage{
			Shell: shell, MayResidents: true,
			Detail: templates.Detail{
				Path: frame.HouseURL(1), Facts: []templates.Fact{{Label: "住户", Value: desk.Hostile}},
				Timeline: &templates.Timeline{Moments: []templates.Moment{{Title: "迁出", Of: desk.Hostile, Text: desk.Hostile}}},
			},
			Restriction: &houseRestriction{
				Verdict: templates.Verdict{Title: "限制出入：禁止出入", Text: desk.Hostile},
				Lift:    &templates.Submit{Label: "解除", URL: "/l", Ask: true}, Change: "/c",
			},
			People: []houseMember{{
				residentRow: residentRow{Name: desk.Hostile}, standing: standing{Left: "今天还能出门 2 次（共 2 次）"},
				CallURL: "/r", CertifyURL: "/c",
			}},
			Passages: &frame.PassagePart{Rows: []frame.PassageRow{{Name: desk.Hostile, Why: "次数用完"}}},
			Visits:   &frame.VisitPart{Rows: []frame.VisitRow{{Name: desk.Hostile, URL: "/v", People: "2 人", Said: "进门"}}, More: "/all"},
		},
		"console/house/show#passages": houseShowPage{
			Shell: shell, Detail: templates.Detail{Shown: frame.PassagesTab},
			Passages: &frame.PassagePart{Rows: []frame.PassageRow{{Name: desk.Hostile}}, More: "/more"},
		},
		"console/house/show#acts": houseShowPage{
			Shell: shell, Detail: templates.Detail{Shown: templates.ActsTab, Timeline: &templates.Timeline{}},
		},
		"console/house/arrears": importNewPage{Shell: shell, Form: templates.Form{Action: "/a", CSRF: "x"}, Rules: "规则。"},
		"console/house/plan":    housePlanPage{Shell: shell},
		"console/house/form": houseFormPage{
			Shell: shell,
			Form:  templates.Form{Sections: []templates.Section{{Fields: []templates.Field{{Name: "level0", Label: "栋"}}}}},
		},
	})
}

// A house field suggests houses of its community while typing.
func TestHousesAreSuggested(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := b.Get(t, frame.ResidentPath+"/new", http.StatusOK)
	field := form.Find(`input[name="house"]`)
	ask := field.AttrOr("hx-post", "")
	if ask == "" || form.Find("datalist#"+field.AttrOr("list", "")).Length() != 1 {
		t.Fatal("the form offers no houses")
	}
	suggest := func(community core.ID, text string, status int) *goquery.Selection {
		page, _ := b.Post(t, ask, url.Values{"community": {community.String()}, "house": {text}}, status)
		return page.Find("option")
	}
	all, some := suggest(d.Mine.Community, "", http.StatusOK), suggest(d.Mine.Community, "102", http.StatusOK)
	if all.Length() != len(d.Mine.Houses) || some.Length() != 1 || some.AttrOr("value", "") != "1栋1单元102" {
		t.Errorf("%d of all, %q", all.Length(), some.AttrOr("value", ""))
	}
	suggest(d.Others.Community, "", http.StatusNotFound)
	if n := suggest(d.Mine.Community, desk.Hostile, http.StatusOK).Length(); n != 0 {
		t.Errorf("%d houses of that name", n)
	}
}
