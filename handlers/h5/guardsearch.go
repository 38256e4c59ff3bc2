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
	for _, kind := range core.PassKinds() {
		if find := passKinds[kind].find; find != nil {
			if err := find(h, c, &page); err != nil {
				return err
			}
		}
	}
	return h.show(c, http.StatusOK, "guard/search", page)
}
