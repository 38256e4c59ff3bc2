package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// searchPage finds a person who has no phone at hand.
type searchPage struct {
	templates.Phone
	Post    core.GuardPost
	Keyword string
	Found   []found
	Guests  []guest    // visitors and members, who live nowhere here
	Slips   []slipLine // exit slips
	Empty   templates.Empty
}

type found struct {
	store.ResidentRow
	Pass core.ID // 0 = not certified: no pass
}

// guest is a visitor or a member of an institution whose pass is good still.
type guest struct {
	Pass              core.ID
	Name, Kind, Where string
	Note              string
}

// searchable is what a guard can search for.
const searchable = "请输入姓名、房号（如 1栋1单元101）、手机后四位，或访客的车牌。"

// maxSearch is the maximum number of results: more would not help at a gate.
const maxSearch = 30

// residentSearch redirects from the search form to its results, with the text encrypted in the URL.
func (h *H5) residentSearch(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return c.FollowSearch("/h5/guard/"+post.ID.String()+"/search", c.Form())
}

func (h *H5) residentSearchShow(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		Keyword string `form:"q" max:"40"`
	}
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	page := searchPage{Phone: h.phone(c, "手工登记", post.Name), Post: post, Keyword: form.Keyword,
		Empty: templates.Empty{Icon: "search", Title: "查找住户和访客", Text: searchable}}
	page.Phone.Back = "/h5/guard/" + post.ID.String()
	if page.Keyword == "" {
		return h.show(c, http.StatusOK, "guard/search", page)
	}
	page.Empty.Title, page.Empty.Text = "没有找到“"+page.Keyword+"”", "请核对后再找。"+searchable
	rows, _, err := h.store.Residents(c.Ctx(), core.ScopeOf(post.Community), store.ResidentFilter{
		Community: post.Community, Keyword: page.Keyword, Page: store.Page{Limit: maxSearch}})
	if err != nil {
		return err
	}
	if page.Slips, err = h.findSlips(c, post, page.Keyword); err != nil {
		return err
	}
	for _, row := range rows {
		page.Found = append(page.Found, found{ResidentRow: row})
	}
	if err := h.findPasses(c, page.Found); err != nil {
		return err
	}
	if page.Guests, err = h.findGuests(c, post, page.Keyword); err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "guard/search", page)
}

// findPasses adds the passes of those who have one.
func (h *H5) findPasses(c *web.Context, people []found) error {
	residents := make([]core.ID, len(people))
	for i, one := range people {
		residents[i] = one.ID
	}
	passes, err := h.store.PassOfResidents(c.Ctx(), residents)
	for i := range people {
		people[i].Pass = passes[people[i].ID]
	}
	return err
}

// findGuests returns the visitors and members whom a keyword finds and whose pass a guard may look at.
func (h *H5) findGuests(c *web.Context, post core.GuardPost, keyword string) ([]guest, error) {
	scope, page := core.ScopeOf(post.Community), store.Page{Limit: maxSearch}
	visits, _, err := h.store.VisitorPasses(c.Ctx(), scope, store.VisitorPassFilter{
		Usable: true, Keyword: keyword, Now: c.Now(), Page: page,
	})
	if err != nil {
		return nil, err
	}
	guests := make([]guest, 0, len(visits))
	for _, v := range visits {
		note := "有效至 " + h.visitTime(v.Until)
		if v.Inside() {
			note = h.visitTime(v.Entered) + " 进门，" + insideText(v)
		}
		guests = append(guests, guest{v.Pass, v.Name, core.PassVisitor.Type().Short, v.HouseLabel, note})
	}
	members, _, err := h.store.Members(c.Ctx(), scope, store.MemberFilter{
		Community: post.Community, Keyword: keyword, State: core.MemberValid, Today: core.DayOf(c.Now(), h.store.Zone()), Page: page,
	})
	for _, m := range members {
		guests = append(guests, guest{m.Pass, m.Name, core.PassDedicated.Type().Short, m.InstitutionName, m.Phone})
	}
	return guests, err
}
