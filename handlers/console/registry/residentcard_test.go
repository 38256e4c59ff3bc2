package registry

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// The office issues a card after a question, prints it, replaces and revokes it; another community's resident is not there, and who
// may only look gets none.
func TestCardIsIssuedPrintedAndRevoked(t *testing.T) {
	d := newDesk(t)
	at := frame.ResidentURL(d.Mine.Residents[0].ID) + "/card"
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermResidentEdit, core.PermHouseView)
	if page := b.Get(t, at, http.StatusOK); !strings.Contains(page.Find("main").Text(), "还没有卡码") {
		t.Errorf("before: %s", page.Find("main").Text())
	}
	if asked, _ := b.Post(t, at, nil, http.StatusOK); !strings.Contains(asked.Find("main").Text(), "发放卡码？") ||
		strings.Contains(asked.Find("main").Text(), "作废") {
		t.Errorf("issued unasked: %s", asked.Find("main").Text())
	}
	b.Post(t, at, desk.ConfirmedForm(), http.StatusSeeOther)
	card, err := d.Store.ResidentCard(t.Context(), core.Everywhere, d.Mine.Residents[0].ID)
	if err != nil || !strings.HasPrefix(card.Code, core.CardPrefix) {
		t.Fatalf("%+v, %v", card, err)
	}
	if page := b.Get(t, at, http.StatusOK); page.Find(".tx-notice-code img").Length() != 1 || strings.Contains(page.Text(), card.Code) {
		t.Errorf("printed: %s", page.Find("main").Text())
	}
	if asked, _ := b.Post(t, at, nil, http.StatusOK); !strings.Contains(asked.Find("main").Text(), "以前发放的卡码立即作废") {
		t.Errorf("issued again: %s", asked.Find("main").Text())
	}
	b.Post(t, at+"/revoke", desk.ConfirmedForm(), http.StatusSeeOther)
	if _, err := d.Store.ResidentCard(t.Context(), core.Everywhere, d.Mine.Residents[0].ID); !core.IsNotFound(err) {
		t.Errorf("after it was revoked: %v", err)
	}
	others := frame.ResidentURL(d.Others.Residents[0].ID) + "/card"
	b.Get(t, others, http.StatusNotFound)
	b.Post(t, others, desk.ConfirmedForm(), http.StatusNotFound)
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView)
	viewer.Get(t, at, http.StatusForbidden)
	viewer.Post(t, at, desk.ConfirmedForm(), http.StatusForbidden)
}
