package frame

import (
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// TodoStem is the stem of 待我处理, whose line of the menu counts all that waits.
const TodoStem = "todo"

// todoRows is how many things of a kind 待我处理 shows.
const todoRows = 5

// TodoPage is the page of all that waits for the account, by kind.
type TodoPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Kinds []TodoKind
	Empty templates.Empty
}

// TodoKind is a kind of things that wait, with the first of them.
type TodoKind struct {
	Label, URL string
	N          int
	Rows       []TodoRow
	Failed     bool // the rows cannot be read now
}

// TodoList shows what waits for the account where it works now. Its numbers are those of the menu.
func (f *Frame) TodoList(c *web.Context) error {
	waiting, err := f.Waiting(c, true)
	if err != nil {
		return err
	}
	page := TodoPage{Shell: f.Shell(c, TodoStem, "待我处理"), Tabs: TodoTabs("all", waiting)}
	for _, w := range waiting {
		kind := TodoKind{Label: w.Label, URL: f.Within(c, w.URL), N: w.N}
		if kind.Rows, err = w.Rows(c.Ctx(), f.Scope(c), todoRows); err != nil {
			c.Shortfall("what waits of "+w.Label, err)
			kind.Failed = true
		}
		page.Kinds = append(page.Kinds, kind)
	}
	page.Empty = templates.Empty{Icon: "circle-check", Title: "没有等待您处理的事", Text: "申请、告警、未登记设备和没有绑定微信的人员会出现在这里。"}
	return f.Page(c, http.StatusOK, "console/todo/list", page)
}

// TodoTabs returns the tabs of 待我处理, with the numbers of what waits.
func TodoTabs(active string, waiting []Waiting) templates.Tabs {
	all, reviews := 0, 0
	for _, w := range waiting {
		if all += w.N; slices.ContainsFunc(core.ReviewTypes, func(t core.ReviewType) bool { return string(t.Kind) == w.Stem }) {
			reviews += w.N
		}
	}
	return templates.Tabs{Label: "待我处理", Items: []templates.NavItem{
		{Label: "全部", URL: TodoPath, Active: active == "all", Count: all},
		{Label: "审核", URL: ReviewPath, Active: active == "review", Count: reviews},
	}}
}

// todoHits are the kinds that wait, for the empty search box.
func (f *Frame) todoHits(c *web.Context) templates.SearchGroup {
	group := templates.SearchGroup{Label: "待我处理"}
	waiting, err := f.Waiting(c, false)
	if err != nil {
		c.Shortfall("what waits", err)
	}
	for _, w := range waiting {
		group.Hits = append(group.Hits, templates.SearchHit{
			Icon: "checklist", Title: w.Label, Note: fmt.Sprint(w.N), URL: f.Within(c, w.URL),
		})
	}
	return group
}

// ReviewHouseURLs returns the pages of the houses that reviews are about, by the reviews' ids; none if the account may not
// see houses.
func (f *Frame) ReviewHouseURLs(c *web.Context, reviews []core.Review) (map[core.ID]string, error) {
	if !c.Has(core.PermHouseView) {
		return nil, nil
	}
	houses, err := f.Store.ReviewHouses(c.Ctx(), c.Scope(), reviews)
	urls := make(map[core.ID]string, len(houses))
	for review, house := range houses {
		urls[review] = HouseURL(house)
	}
	return urls, err
}
