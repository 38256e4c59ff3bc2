package frame

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Act is an action on what a page shows.
type Act struct {
	Stem string            // the menu's entry; "" = that of the URL
	Ask  templates.Confirm // if it has no title, the act is done without asking
	Do   func() error
	// Batch is Do for an act that can be taken back: the message has the batch's page and 撤销.
	Batch func() (core.Batch, error)
	Done  string // message on success
	// DoneAll is Done for an act on several things: what it says of those that the batch has.
	DoneAll func(core.Batch) string
	Missed  string // lists those whom no message about the act reaches; "" = nothing does
	Back    string // the page of the button, to which a refusal redirects
	Next    string // redirect on success; "" = Back
}

// Act asks, acts, and redirects. A refusal is shown on the page of the button, as by Refused. The
// question's Action, Cancel and menu entry default to those of the request.
func (f *Frame) Act(c *web.Context, act Act) error {
	if act.Ask.Title != "" {
		act.Ask.Action = cmp.Or(act.Ask.Action, c.Request().URL.RequestURI())
		act.Ask.Cancel = cmp.Or(act.Ask.Cancel, act.Back)
		if asked, err := f.Ask(c, cmp.Or(act.Stem, stemOf(c)), act.Ask); asked {
			return err
		}
	}
	batch, err := act.do()
	if err != nil {
		return f.Refused(c, err, act.Back)
	}
	if act.DoneAll != nil {
		act.Done = act.DoneAll(batch)
	}
	if act.Done != "" {
		f.ActedMissing(c, act.Done, batch, act.Missed)
	}
	return c.Redirect(cmp.Or(act.Next, act.Back))
}

func (a Act) do() (core.Batch, error) {
	if a.Batch != nil {
		return a.Batch()
	}
	return core.Batch{}, a.Do()
}

// Done shows that an act is done; if it was a batch, with its page and 撤销. If it was several, one for
// each community, it leads to their list.
func (f *Frame) Done(c *web.Context, message string, batch core.Batch) {
	f.done(c, web.Flash{Kind: web.FlashSuccess, Message: message}, batch)
}

// Acted is Done of an act on what there is already: nothing of the set-up follows.
func (f *Frame) Acted(c *web.Context, message string, batch core.Batch) {
	f.ActedMissing(c, message, batch, "")
}

// ActedMissing is Acted of an act of which some are told, with a link to those whom no message reaches.
func (f *Frame) ActedMissing(c *web.Context, message string, batch core.Batch, missed string) {
	f.done(c, web.Flash{Kind: web.FlashDone, Message: message, Missed: missed}, batch)
}

func (f *Frame) done(c *web.Context, done web.Flash, batch core.Batch) {
	if batch.ID != 0 {
		done.Link = BatchURL(batch.ID)
		done.Undo = done.Link + "/undo"
	} else if batch.Size > 0 {
		done.Link = BatchPath
	}
	c.ShowFlash(done)
}

// Refused redirects to a page with the message of an error: a conflict, or an invalid value that no
// form shows. Any other error is returned.
func (f *Frame) Refused(c *web.Context, err error, back string) error {
	if !core.IsConflict(err) && !core.IsInvalid(err) {
		return err
	}
	c.Flash(web.FlashError, sentence(core.MessageOf(err)))
	return c.Redirect(back)
}

// stemOf returns the feature that a request's URL belongs to.
func stemOf(c *web.Context) string {
	stem, _, _ := strings.Cut(strings.TrimPrefix(c.Route().Path, "/console/"), "/")
	return stem
}

// sentence ends a message with a full stop.
func sentence(message string) string {
	if strings.HasSuffix(message, "。") {
		return message
	}
	return message + "。"
}

// Confirmed reports whether the act was confirmed: in the dialog, or on the page of Confirm, which
// is used without scripts.
func Confirmed(c *web.Context) bool { return c.Form().Get("confirmed") == "1" }

// EditsAgain reports whether a question was answered by going back to the form that it follows.
func EditsAgain(c *web.Context) bool { return c.Form().Get(templates.EditField) != "" }

// Ask shows the question as a page, unless the request answers it, and reports whether it was shown.
// stem is the menu's entry.
func (f *Frame) Ask(c *web.Context, stem string, q templates.Confirm) (asked bool, err error) {
	if c.Resumed() {
		q.Answers, q.Notice = c.Form(), web.ResumedText()
		return true, f.questionPage(c, http.StatusUnprocessableEntity, stem, q)
	}
	if !Confirmed(c) {
		return true, f.Confirm(c, stem, q)
	}
	if q.Check(c.Form()) {
		return false, nil
	}
	return true, f.questionPage(c, http.StatusUnprocessableEntity, stem, q)
}

// Confirm shows the question as a page. stem is the menu's entry.
func (f *Frame) Confirm(c *web.Context, stem string, q templates.Confirm) error {
	return f.questionPage(c, http.StatusOK, stem, q)
}

func (f *Frame) questionPage(c *web.Context, status int, stem string, q templates.Confirm) error {
	page := templates.ConfirmPage{Shell: f.Shell(c, stem, cmp.Or(q.Submit, q.Title)), Confirm: q}
	page.Confirm.CSRF = page.CSRF
	return f.Page(c, status, "console/confirm/show", page)
}

// PlannedInPart is what the question of 撤销 says of more than its plan has looked at.
const PlannedInPart = "内容很多，只核对了前面的；其余之后改过的，撤销时也会保留并列出"

// ThingsNamed is the number of things that a question names.
const ThingsNamed = 20

// Named returns the names of n things for a question, as far as it names them: unit counts one, 套房屋.
func Named(n int, unit string, name func(i int) string) []string {
	words := make([]string, 0, ThingsNamed+1)
	for i := range min(ThingsNamed, n) {
		words = append(words, name(i))
	}
	if n > ThingsNamed {
		words = append(words, "等 "+Grouped(n)+" "+unit)
	}
	return words
}

// ManyThings is the number of things from which a question has the number typed.
const ManyThings = 20

// TypedNumber returns what must be typed before an act on n things: the number, if they are many.
func TypedNumber(n int) string {
	if n < ManyThings {
		return ""
	}
	return fmt.Sprint(n)
}
