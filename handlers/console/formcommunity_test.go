package console

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// placedForm is a form of what belongs to a community.
type placedForm struct {
	path, post string // of the page; what it is posted to
	redraw     string // what the choice of the community is posted to; "" = nothing depends on it
	typed      string // a field that is typed
	depends    string // what only a chosen community has
}

func placedForms() []placedForm {
	return []placedForm{
		{frame.GuardPostPath + "/new", frame.GuardPostPath, "", "name", ""},
		{frame.GuardPath + "/new", frame.GuardPath, frame.GuardPath, "name", `input[name="posts"]`},
		{frame.ReaderPath + "/new", frame.ReaderPath, frame.ReaderPath, "name", `input[name="scope_nodes"]`},
		{frame.ResidentPath + "/new", frame.ResidentPath, "", "name", ""},
		{frame.VisitorPassPath + "/new", frame.VisitorPassPath, frame.VisitorPassPath, "house", `input[name="name"]`},
		{frame.HousePath + "/new", frame.HousePath, frame.HousePath, "level0", `input[name="level0"]`},
		{frame.HousePath + "/bulk", frame.HousePath + "/bulk", frame.HousePath + "/bulk", "floors", `input[name="above0"]`},
		{
			frame.RestrictionPath + "/new", frame.RestrictionPath, frame.RestrictionPath + "/preview", "reason",
			`#restriction-tree`,
		},
	}
}

func chosenCommunity(page *goquery.Document) (field *goquery.Selection, value string) {
	field = page.Find(`main form.tx-form select[name="community"]`)
	return field, field.Find("option[selected]").AttrOr("value", "")
}

// Under 全部 a form has the community as its first field, with none chosen; one that is chosen, and all
// that was typed, stays when the form is drawn again or is invalid. Without a choice nothing is saved.
func TestFormsHaveTheCommunityFirst(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	mine, theirs := d.Mine.Community.String(), d.Others.Community.String()
	for _, form := range placedForms() {
		page := b.Get(t, form.path, http.StatusOK)
		field, value := chosenCommunity(page)
		first := page.Find("main form.tx-form .tx-field").First()
		if field.Length() != 1 || value != "" || first.Find(`select[name="community"]`).Length() != 1 {
			t.Errorf("%s: %d choices of a community, %q chosen", form.path, field.Length(), value)
		}
		if to := field.AttrOr("hx-post", ""); to != form.redraw {
			t.Errorf("%s: a choice is sent to %q", form.path, to)
		}
		if form.depends != "" && page.Find("main "+form.depends).Length() != 0 {
			t.Errorf("%s: %s of no community", form.path, form.depends)
		}
		page, _ = b.Post(t, form.post, url.Values{"community": {""}, form.typed: {"东南西北"}}, http.StatusUnprocessableEntity)
		if words := page.Find("#f-community-error").Text(); words != frame.ChooseCommunity {
			t.Errorf("%s: without a community %q", form.path, words)
		}
		page = b.Get(t, form.path+"?community="+theirs, http.StatusOK)
		if _, value := chosenCommunity(page); value != theirs {
			t.Errorf("%s: the link's community is %q", form.path, value)
		}
		if form.redraw != "" {
			redrawn(t, b, form, mine)
		}
	}
}

func redrawn(t *testing.T, b *desk.Clerk, form placedForm, mine string) {
	t.Helper()
	page, _ := b.Post(t, form.redraw, url.Values{
		"community": {mine}, "act": {templates.RedrawAct}, form.typed: {"东南西北"},
	}, http.StatusOK)
	if _, value := chosenCommunity(page); value != mine {
		t.Errorf("%s: drawn again with %q", form.path, value)
	}
	if typed := page.Find(`main [name="`+form.typed+`"]`).AttrOr("value", ""); typed != "东南西北" {
		t.Errorf("%s: typed text is now %q", form.path, typed)
	}
	if page.Find("main "+form.depends).Length() == 0 || page.Find("main .tx-wrong, main .tx-flash").Length() != 0 {
		t.Errorf("%s: %s", form.path, page.Find("main").Text())
	}
}

// In one community no form asks.
func TestFormsOfOneCommunityDoNotAsk(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for _, form := range placedForms() {
		page := b.Get(t, form.path, http.StatusOK)
		if field, _ := chosenCommunity(page); field.Length() != 0 {
			t.Errorf("%s asks for the only community", form.path)
		}
		if page.Find(`main form.tx-form input[name="community"]`).AttrOr("value", "") != d.Mine.Community.String() {
			t.Errorf("%s is of no community", form.path)
		}
	}
}

// A house says which community it is of, whatever the URL says.
func TestAFormOfAHouseIsOfItsCommunity(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	house, theirs := d.Others.Houses[0].String(), d.Others.Community.String()
	for _, path := range []string{frame.ResidentPath + "/new", frame.RestrictionPath + "/new"} {
		if _, value := chosenCommunity(b.Get(t, path+"?house="+house, http.StatusOK)); value != theirs {
			t.Errorf("%s is of %q", path, value)
		}
	}
}
