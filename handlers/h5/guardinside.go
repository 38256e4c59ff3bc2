package h5

import (
	"fmt"
	"html/template"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// insidePage is who of the visitors is in the community, as a guard sees it.
type insidePage struct {
	templates.Phone
	Post  core.GuardPost
	Rows  []insideRow
	More  bool
	Undo  core.ID // the batch that the guard has just made; 0 = none
	Words string  // what it did
	Empty templates.Empty
}

// insideRow is a party that is inside.
type insideRow struct {
	ID, Pass          core.ID
	Name, House, Said string
	Late              bool
}

// maxInside is how many parties a guard's page has: who is behind them is found by the search.
const maxInside = 60

// insideList shows the visitors who are inside, those who came last first.
func (h *H5) insideList(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var asked struct {
		Batch core.ID `form:"batch"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	scope := core.ScopeOf(post.Community)
	visits, more, err := h.store.VisitorPasses(c.Ctx(), scope, store.VisitorPassFilter{
		Stay: core.StayInside, Now: c.Now(), Page: store.Page{Limit: maxInside},
	})
	if err != nil {
		return err
	}
	rule, err := h.store.VisitorRule(c.Ctx(), scope, post.Community)
	if err != nil {
		return err
	}
	page := insidePage{
		Phone: h.phone(c, "在场访客", post.Name), Post: post, More: more,
		Empty: templates.Empty{Icon: "user-check", Title: "没有访客在场", Text: "进门后还没有离开的访客在这里。"},
	}
	page.Back = "/h5/guard/" + post.ID.String()
	for _, v := range visits {
		page.Rows = append(page.Rows, insideRow{
			ID: v.ID, Pass: v.Pass, Name: v.Name, House: v.HouseLabel, Late: v.Late(rule.Stay, c.Now()),
			Said: fmt.Sprintf("%s 进门 · %s", h.visitTime(v.Entered), insideText(v)),
		})
	}
	if asked.Batch != 0 {
		if batch, err := h.ownLeave(c, post, asked.Batch); err == nil {
			page.Undo, page.Words = batch.ID, fmt.Sprintf("已登记 %d 位访客离开。", batch.Size)
		}
	}
	return h.show(c, http.StatusOK, "guard/inside", page)
}

// insideText returns how many of a party are inside.
func insideText(v core.VisitorPass) string {
	if v.Gone == 0 {
		return v.PeopleText()
	}
	return fmt.Sprintf("%s中还有 %d 人", v.PeopleText(), max(v.People, 1)-v.Gone)
}

// insideLeave notes that a party has left, whom nobody saw.
func (h *H5) insideLeave(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		ID core.ID `form:"id"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	back := "/h5/guard/" + post.ID.String() + "/inside"
	batch, err := h.store.LeaveVisits(c.Ctx(), c.Actor(), core.ScopeOf(post.Community), []core.ID{form.ID}, post.Name)
	switch {
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
		return c.Redirect(back)
	case err != nil:
		return err
	}
	return c.Redirect(templates.WithQuery(back, nil, "batch", batch.ID.String()))
}

// leaveUndone is for how long a guard may take back what they noted.
const leaveUndone = 10 * time.Minute

// ownLeave returns a batch of departures that this guard has just noted; another is NotFound.
func (h *H5) ownLeave(c *web.Context, post core.GuardPost, id core.ID) (core.Batch, error) {
	batch, err := h.store.Batch(c.Ctx(), core.ScopeOf(post.Community), id)
	if err != nil {
		return batch, err
	}
	by := c.Actor()
	if batch.Kind != core.BatchVisitLeave || batch.By.Kind != by.Kind || batch.By.ID != by.ID || !batch.Begun.IsZero() ||
		c.Now().Sub(batch.Created) > leaveUndone {
		return batch, core.NotFound("不能撤销：时间已过，或已撤销过")
	}
	return batch, nil
}

func (h *H5) insideUndo(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		Batch core.ID `form:"batch"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	batch, err := h.ownLeave(c, post, form.Batch)
	if err == nil {
		batch, err = h.store.UndoBatch(c.Ctx(), c.Actor(), core.ScopeOf(post.Community), batch.ID)
	}
	switch {
	case core.IsNotFound(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	case batch.Undone > 0:
		c.Flash(web.FlashSuccess, "已撤销，访客恢复为在场。")
	default:
		c.Flash(web.FlashWarning, "之后又出过门，没有撤销。")
	}
	return c.Redirect("/h5/guard/" + post.ID.String() + "/inside")
}

// guardPosterPage is what a guard holds out to a visitor who has no pass.
type guardPosterPage struct {
	templates.Phone
	Link  string // "" = there is no poster
	Image template.URL
	Empty templates.Empty
}

// guardPoster shows the code of the post's poster, or of that of the community, for a visitor to scan from the phone.
func (h *H5) guardPoster(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	posters, err := h.store.VisitorPosters(c.Ctx(), core.ScopeOf(post.Community), post.Community)
	if err != nil {
		return err
	}
	page := guardPosterPage{
		Phone: h.phone(c, "访客扫码申请", post.Name), Empty: templates.Empty{
			Icon: "qrcode", Title: "还没有访客海报", Text: "请物业在“通行证设置 → 访客海报”里添加本岗或全小区的海报。",
		},
	}
	page.Back = "/h5/guard/" + post.ID.String()
	code := ""
	for _, p := range posters {
		if p.Post == post.ID || p.Post == 0 && code == "" {
			code = p.Code
		}
		if p.Post == post.ID {
			break
		}
	}
	if code != "" {
		page.Link = h.publicURL + visitPosterPath + "/" + code
		picture, err := gate.QRSVG(page.Link)
		if err != nil {
			return err
		}
		page.Image = templates.SVG(picture)
	}
	return h.show(c, http.StatusOK, "guard/poster", page)
}
