package h5

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// shiftPage is where a guard takes the post over, or hands it over: who is in charge, what the one before has left to say, and
// what is open.
type shiftPage struct {
	templates.Phone
	Post  core.GuardPost
	Own   bool // the guard is in charge
	On    bool // somebody is
	Seen  string
	ID    core.ID // of the guard's own shift
	Form  templates.Form
	Last  []templates.Fact // of the shift before, or of the one that lasts
	Note  string           // of the shift before
	Whose string           // who has left it
	Warn  string           // the one before has not handed over
	Open  []openThing
	Slips []slipLine
	Label string // of the button
}

// openThing is a number of things that the next guard has to know of.
type openThing struct {
	Label, URL string
	Count      int
	Bad        bool
}

// openSlips bounds the exit slips of the page; more are found by the search.
const openSlips = 10

func (h *H5) shiftShow(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return h.shift(c, post, http.StatusOK, "", nil)
}

// shift renders the page; note is what the guard typed, if the form is shown again.
func (h *H5) shift(c *web.Context, post core.GuardPost, status int, note string, messages map[string]string) error {
	scope := core.ScopeOf(post.Community)
	last, err := h.store.LastGuardShift(c.Ctx(), scope, post.ID)
	if err != nil {
		return err
	}
	page := shiftPage{
		Phone: h.phone(c, "交接班", post.Name), Post: post, Seen: last.Mark(), Label: "开始值班",
		On: last.State == core.ShiftOn, Own: last.State == core.ShiftOn && last.Guard == c.Guard().ID,
	}
	page.Back, page.SignOut = "/h5/guard/"+post.ID.String(), "" // not beside a decision
	before := last
	if page.Own {
		page.ID, page.Label = last.ID, "交班"
		page.Form.Sections = []templates.Section{{Fields: []templates.Field{{
			Kind: templates.Textarea, Name: "note", Label: "给下一班的留言", Value: note, MaxLength: core.MaxShiftNote, Rows: 3,
			Placeholder: "没有办完的事、坏了的门、要留意的人",
		}}}}
		page.Form.Set(nil, messages)
		if before, err = h.shiftBefore(c, scope, last); err != nil {
			return err
		}
	} else if last.ID != 0 {
		page.Label = "接班"
	}
	if page.Last, err = h.shiftFacts(c, last); err != nil {
		return err
	}
	if before.ID != 0 && before.Note != "" {
		page.Note, page.Whose = before.Note, before.GuardName
	}
	page.Warn = h.shiftWarning(page, last, before)
	if page.Open, page.Slips, err = h.openThings(c, post); err != nil {
		return err
	}
	return h.show(c, status, "guard/shift", page)
}

// shiftBefore returns the shift from which another was taken over; one that is purged is the zero shift.
func (h *H5) shiftBefore(c *web.Context, scope core.Scope, shift core.GuardShift) (core.GuardShift, error) {
	if shift.Before == 0 {
		return core.GuardShift{}, nil
	}
	before, err := h.store.GuardShift(c.Ctx(), scope, shift.Before)
	if core.IsNotFound(err) {
		return core.GuardShift{}, nil
	}
	return before, err
}

// shiftWarning returns what the guard is told if the one before has not handed over; "" if they have.
func (h *H5) shiftWarning(page shiftPage, last, before core.GuardShift) string {
	switch {
	case page.On && !page.Own:
		return fmt.Sprintf("%s 从 %s 值班，还没有交班。接班后由您值班，并记下对方没有交班。", last.GuardName, h.visitTime(last.Began))
	case page.Own && before.State == core.ShiftTaken:
		return before.GuardName + " 没有交班，由您接班。"
	}
	return ""
}

// shiftFacts returns what is known of the latest shift.
func (h *H5) shiftFacts(c *web.Context, last core.GuardShift) ([]templates.Fact, error) {
	if last.ID == 0 {
		return nil, nil
	}
	counts, err := h.store.CountGuardShift(c.Ctx(), last)
	if err != nil {
		return nil, err
	}
	facts := []templates.Fact{{Label: "值班", Value: last.GuardName}, {Label: "开始", Value: h.visitTime(last.Began)}}
	if !last.Ended.IsZero() {
		facts = append(facts, templates.Fact{Label: "结束", Value: h.visitTime(last.Ended)})
	}
	return append(facts, templates.Fact{Label: "本岗出入", Value: shiftCountsText(counts)}), nil
}

// shiftCountsText words what passed in a shift.
func shiftCountsText(n core.ShiftCounts) string {
	words := fmt.Sprintf("进门 %d，出门 %d，拒绝 %d", n.In, n.Out, n.Refused)
	if n.Urgent > 0 {
		words += fmt.Sprintf("，紧急放行 %d", n.Urgent)
	}
	return words
}

// openThings returns what somebody who takes the post over has to know of, and the exit slips by which something leaves still.
func (h *H5) openThings(c *web.Context, post core.GuardPost) (open []openThing, slips []slipLine, err error) {
	scope, at := core.ScopeOf(post.Community), "/h5/guard/"+post.ID.String()
	inside, err := h.store.WhoIsInside(c.Ctx(), scope, post.Community)
	if err != nil {
		return nil, nil, err
	}
	alerts, _, err := h.store.GateAlerts(c.Ctx(), scope)
	if err != nil {
		return nil, nil, err
	}
	filter := store.ExitSlipFilter{Community: post.Community, Open: true, Now: c.Now()}
	pending, err := h.store.CountExitSlips(c.Ctx(), scope, filter)
	if err != nil {
		return nil, nil, err
	}
	if slips, err = h.findSlips(c, post, ""); err != nil {
		return nil, nil, err
	}
	return []openThing{
		{Label: "在场的访客和机构人员", URL: at + "/inside", Count: inside.People},
		{Label: "在场超时", URL: at + "/inside", Count: inside.Late, Bad: inside.Late > 0},
		{Label: "未处理的告警", URL: at + "/alerts", Count: alerts, Bad: alerts > 0}, {Label: "还没出完的出门条", Count: pending},
	}, slips[:min(len(slips), openSlips)], nil
}

func (h *H5) shiftTake(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		Seen string `form:"seen" max:"40"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	at := "/h5/guard/" + post.ID.String()
	shift, err := h.store.CreateGuardShift(c.Ctx(), c.Actor(), core.ScopeOf(post.Community), store.NewGuardShift{
		Post: post.ID, Guard: c.Guard().ID, Seen: form.Seen,
	})
	switch {
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
		return c.Redirect(at + "/shift")
	case err != nil:
		return err
	}
	c.Flash(web.FlashSuccess, "已开始值班："+h.visitTime(shift.Began)+"。")
	return c.Redirect(at)
}

func (h *H5) shiftHandOver(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		ID   core.ID `form:"id"`
		Note string  `form:"note" max:"2000"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	shift, err := h.store.HandOverGuardShift(
		c.Ctx(), c.Actor(), core.ScopeOf(post.Community), c.Guard().ID, form.ID, form.Note)
	at := "/h5/guard/" + post.ID.String()
	switch {
	case web.FieldsOf(err) != nil:
		return h.shift(c, post, http.StatusUnprocessableEntity, form.Note, web.FieldsOf(err))
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
		return c.Redirect(at + "/shift")
	case err != nil:
		return err
	case shift.State == core.ShiftTaken:
		words := "下一班已经接班。"
		if shift.Note != "" {
			words += "您的留言已记下，接班的人看得到。"
		}
		c.Flash(web.FlashWarning, words)
	default:
		c.Flash(web.FlashSuccess, "已交班。")
	}
	return c.Redirect(at)
}

// shiftLink is the quiet line of the guard's page: who is in charge.
type shiftLink struct {
	Text string
	Own  bool
}

// shiftOf words the latest shift of a post for the guard. A community without shifts only has the offer to begin one.
func (h *H5) shiftOf(c *web.Context, post core.GuardPost) (shiftLink, error) {
	last, err := h.store.LastGuardShift(c.Ctx(), core.ScopeOf(post.Community), post.ID)
	if err != nil {
		return shiftLink{}, err
	}
	switch {
	case last.ID == 0:
		return shiftLink{Text: "开始值班"}, nil
	case last.State != core.ShiftOn:
		return shiftLink{Text: "接班"}, nil
	case last.Guard == c.Guard().ID:
		return shiftLink{Text: h.shiftSince(c, last.Began) + " 起值班 · 交班", Own: true}, nil
	}
	return shiftLink{Text: last.GuardName + " 值班中 · 接班"}, nil
}

// shiftSince returns a time of today as its clock time, and another one with its day.
func (h *H5) shiftSince(c *web.Context, t time.Time) string {
	if zone := h.store.Zone(); core.DayOf(t, zone) == core.DayOf(c.Now(), zone) {
		return t.In(zone).Format("15:04")
	}
	return strings.ReplaceAll(h.visitTime(t), " 月 ", "月")
}
