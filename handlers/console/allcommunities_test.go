package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// restrictOne restricts the first house of an estate.
func restrictOne(t *testing.T, d *desk.Desk, e *estate.Estate) {
	t.Helper()
	_, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: e.Community, Houses: e.Houses[:1], Restriction: core.Restriction{Exits: 1, Reason: "装修"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Under 全部 the lists have the houses of all communities and say whose each is; of one, they have that
// one's, and what is of one community alone: the tree, the export, acts on many.
func TestListsOfHousesAreOfAllCommunities(t *testing.T) {
	d := newDesk(t)
	restrictOne(t, d, d.Mine)
	restrictOne(t, d, d.Others)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	mine, theirs := nameOf(t, d, d.Mine), nameOf(t, d, d.Others)
	for path, want := range map[string]int{
		frame.HousePath: len(d.Mine.Houses) + len(d.Others.Houses), frame.RestrictionPath: 2,
	} {
		all := b.Get(t, path, http.StatusOK)
		rows := all.Find("#main tbody tr")
		if rows.Length() != want || !strings.Contains(rows.Text(), mine) || !strings.Contains(rows.Text(), theirs) {
			t.Errorf("%s under 全部 has %d rows: %s", path, rows.Length(), rows.Text())
		}
		if n := all.Find("#main [data-tree], #main .tx-beside, #main #bulk, #main .tx-export").Length(); n != 0 {
			t.Errorf("%s under 全部 has %d parts of one community", path, n)
		}
		one := b.Get(t, path+"?community="+d.Others.Community.String(), http.StatusOK)
		rows = one.Find("#main tbody tr")
		if rows.Length() >= want || strings.Contains(rows.Text(), mine) || one.Find("#main #bulk, #main .tx-export").Length() == 0 {
			t.Errorf("%s of one has %d rows: %s", path, rows.Length(), rows.Text())
		}
		if found := b.Get(t, path+"?q=101", http.StatusOK).Find("#main tbody tr").Length(); found != 2 {
			t.Errorf("%s: 101 is found %d times", path, found)
		}
	}
	b.Get(t, frame.HousePath+"/tree", http.StatusUnprocessableEntity)
	b.Get(t, frame.HousePath+"/export.xlsx", http.StatusUnprocessableEntity)
	b.Post(t, frame.RestrictionPath+"/lift?all=1", desk.ConfirmedForm(), http.StatusUnprocessableEntity)
	if n := len(d.Restrictions(t)); n != 1 {
		t.Errorf("%d restrictions of ours are left", n)
	}
}

// A page that is about one community asks which under 全部, and shows nothing of any.
func TestPagesOfOneCommunityAsk(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	mine, theirs := nameOf(t, d, d.Mine), nameOf(t, d, d.Others)
	for path, shown := range map[string]string{
		frame.HousePath + "/plan": ".tx-plan", frame.PassRulePath: "#rule", noticePath: ".tx-notice",
	} {
		asked := func(page *goquery.Document) *goquery.Selection {
			return page.Find(`#main form[action="` + path + `"] select[name="community"]`)
		}
		all := b.Get(t, path, http.StatusOK)
		if asked(all).Length() != 1 || asked(all).Find("option[selected]").AttrOr("value", "") != "" ||
			all.Find("#main "+shown).Length() != 0 || !strings.Contains(all.Find("#main .tx-empty").Text(), frame.ChooseCommunity) {
			t.Errorf("%s under 全部: %s", path, all.Find("#main").Text())
		}
		one := b.Get(t, path+"?community="+d.Others.Community.String(), http.StatusOK)
		if one.Find("#main "+shown).Length() != 1 || !strings.Contains(one.Text(), theirs) {
			t.Errorf("%s of %s: %s", path, theirs, one.Find("#main").Text())
		}
		only := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...).Get(t, path, http.StatusOK)
		if asked(only).Length() != 0 || only.Find("#main "+shown).Length() != 1 || !strings.Contains(only.Text(), mine) {
			t.Errorf("%s of an account of one community: %s", path, only.Find("#main").Text())
		}
	}
	form := desk.ConfirmedForm()
	form.Set("counting", "person")
	b.Post(t, frame.PassRulePath, form, http.StatusUnprocessableEntity)
}
