package console

import (
	"net/http"
	"net/url"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// The routes of the register and the rules, with ids of another community, and with a read-only
// account.
func TestRegisterRoutesStayInScope(t *testing.T) {
	d := newDesk(t)
	admin, viewer := d.Registrar(t), d.OnlyViews(t)
	theirs, house, resident := d.Others.Community.String(), d.Others.Houses[0].String(), d.Others.Residents[0].ID.String()
	form := url.Values{
		"confirmed": {"1"}, "community": {theirs}, "houses": {house}, "name": {"改"}, "identity": {"owner"},
		"phone": {"13800138000"}, "levels": {"栋"}, "level0": {"9"}, "level1": {"9"}, "level2": {"9"},
		"house": {"1栋1单元101"}, "exits": {"-1"}, "reason": {"x"}, "counting": {"person"}, "period_days": {"1"},
		"fever_tenths": {"37.3"},
	}
	for _, path := range []string{
		frame.CommunityPath + "/" + theirs + "/edit", frame.HousePath + "?community=" + theirs,
		frame.HousePath + "/new?community=" + theirs,
		frame.ResidentPath + "?community=" + theirs, frame.ResidentPath + "?house=" + house,
		frame.ResidentPath + "/new?community=" + theirs, frame.ResidentPath + "/new?house=" + house,
		frame.ResidentPath + "/" + resident, frame.ResidentPath + "/" + resident + "/edit", frame.PassRulePath + "?community=" + theirs,
		frame.RestrictionPath + "?community=" + theirs, frame.RestrictionPath + "/new?community=" + theirs,
		frame.RestrictionPath + "/new?house=" + house,
		frame.ResidentPath + "/1", frame.ResidentPath + "/x",
	} {
		admin.Get(t, path, http.StatusNotFound)
	}
	admin.Get(t, frame.PassRulePath+"?community=99999999999999999999", http.StatusUnprocessableEntity)
	for _, path := range []string{
		frame.CommunityPath + "/" + theirs, frame.HousePath, frame.ResidentPath,
		frame.ResidentPath + "/" + resident, frame.ResidentPath + "/" + resident + "/reveal",
		frame.ResidentPath + "/" + resident + "/moveout", frame.PassRulePath, frame.RestrictionPath,
		frame.RestrictionPath + "/" + house + "/lift",
	} {
		admin.Post(t, path, form, http.StatusNotFound)
		viewer.Post(t, path, form, http.StatusForbidden)
	}
	// Houses of the other community among ours are as good as deleted.
	form.Set("community", d.Mine.Community.String())
	admin.Post(t, frame.RestrictionPath, form, http.StatusUnprocessableEntity)
	if list := d.Restrictions(t); len(list) != 0 {
		t.Errorf("restricted %+v", list)
	}
	for _, path := range []string{
		frame.CommunityPath, frame.HousePath, frame.ResidentPath, frame.PassRulePath, frame.RestrictionPath,
		frame.ResidentPath + "/" + d.Mine.Residents[0].ID.String(),
	} {
		page := viewer.Get(t, path, http.StatusOK)
		if page.Find(`main form[method="post"]:not(.tx-views form, .tx-filters), main a[href*="/new"], main `+
			`a[href$="/edit"]`).Not(".tx-views form, .tx-star").Length() != 0 {
			t.Errorf("%s offers an act to who may only look", path)
		}
	}
	r, err := d.Store.Resident(t.Context(), core.Everywhere, d.Others.Residents[0].ID)
	if err != nil || !r.MovedOut.IsZero() || r.Name != d.Others.Residents[0].Name {
		t.Errorf("another community's resident is now %+v, %v", r, err)
	}
}

// The first account of a new program sees what to do, on every page.
func TestRegisterWithoutCommunities(t *testing.T) {
	d := desk.Empty(t, area)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	for _, path := range []string{frame.CommunityPath, frame.HousePath, frame.PassRulePath, frame.RestrictionPath} {
		if page := b.Get(t, path, http.StatusOK); page.Find(`main .tx-empty a[href="`+frame.CommunityPath+`/new"]`).Length() != 1 {
			t.Errorf("%s does not say how to begin", path)
		}
	}
	for _, path := range []string{frame.HousePath, frame.ResidentPath, frame.RestrictionPath} {
		b.Get(t, path+"/new", http.StatusNotFound)
	}
}

// Every list responds to a community outside the account's scope with NotFound.
func TestListsOfAnotherCommunityAreNotThere(t *testing.T) {
	d := newDesk(t)
	b := d.Boss(t)
	for _, path := range []string{
		frame.HousePath, frame.ResidentPath, frame.ReaderPath, frame.GuardPostPath, frame.GuardPath,
		frame.ObserverPath, frame.AccessAlertPath, frame.AccessRecordPath, frame.AuditPath, frame.RestrictionPath,
		frame.PassRulePath,
	} {
		b.Get(t, path+"?community="+d.Others.Community.String(), http.StatusNotFound)
		b.Get(t, path+"?community="+d.Mine.Community.String(), http.StatusOK)
	}
}
