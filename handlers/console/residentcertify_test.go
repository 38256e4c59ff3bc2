package console

import (
	"net/http"
	"net/url"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// The message after 现场核验 takes it back; once somebody changed the resident it does not.
func TestCertificationIsTakenBackByItsMessage(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	id, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "张桂兰", Identity: core.Family,
	})
	if err != nil {
		t.Fatal(err)
	}
	at := frame.ResidentURL(id)
	certify := func() (undo string) {
		seen := desk.InputValue(b.Get(t, at+"/certify", http.StatusOK), "seen")
		b.Post(t, at+"/certify", url.Values{"seen": {seen}, "how": {"household"}}, http.StatusSeeOther)
		page := b.Get(t, at, http.StatusOK)
		if desk.Fact(page, "认证") != "已认证" {
			t.Fatal("not certified")
		}
		return page.Find(`form[action^="/console/session/undo/"]`).AttrOr("action", "")
	}
	b.Post(t, certify(), nil, http.StatusSeeOther)
	if got := desk.Fact(b.Get(t, at, http.StatusOK), "认证"); got != "未认证" {
		t.Errorf("taken back, shown as %q", got)
	}
	undo := certify()
	edit := b.Get(t, at+"/edit", http.StatusOK)
	b.Post(t, at, url.Values{"name": {"张桂蓝"}, "identity": {"family"}, "seen": {desk.InputValue(edit, "seen")}}, http.StatusSeeOther)
	b.Post(t, undo, nil, http.StatusConflict)
	if got := desk.Fact(b.Get(t, at, http.StatusOK), "认证"); got != "已认证" {
		t.Errorf("a change in between, shown as %q", got)
	}
}
