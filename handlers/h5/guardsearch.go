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
	Empty   templates.Empty
}

type found struct {
	store.ResidentRow
	Pass core.ID // 0 = not certified: no pass
}

// searchable is what a guard can search for.
const searchable = "请输入姓名、房号（如 1栋1单元101）或手机后四位。"

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
		Empty: templates.Empty{Icon: "search", Title: "查找住户", Text: searchable}}
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
	for _, row := range rows {
		page.Found = append(page.Found, found{ResidentRow: row})
	}
	if err := h.findPasses(c, page.Found); err != nil {
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
