package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A guard's QR code binds the person it is for: the page has WeChat identify the user,
// regardless of who is signed in on the phone, and asks for the digits beside the code.
func TestGuardIsBoundOnThePhone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	ticket, err := w.store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		store.BindTarget{Kind: core.BindGuard, ID: w.Guard})
	if err != nil {
		t.Fatal(err)
	}
	path := "/h5/bind/" + ticket.Scene
	passerBy := w.resident(t, w.Residents[0])
	passerBy.scan(path, "o-"+w.Residents[0].Phone+"/2")
	words := passerBy.get(path, http.StatusForbidden).Find("main").Text()
	if strings.Contains(words, "李师傅") || !strings.Contains(words, "不是给您的") {
		t.Errorf("a passer-by reads %q", words)
	}
	passerBy.post(passerBy.get("/h5/session/over", http.StatusOK), path, url.Values{"code": {ticket.Code}}, http.StatusForbidden)

	p := w.phone(t)
	p.enterMini("o-" + w.Residents[0].Phone + "/link") // somebody else's link does not matter
	p.scan(path, "o-li")
	page := p.get(path, http.StatusOK)
	if !strings.Contains(page.Find("main").Text(), "李师傅") || page.Find(`button[value="`+ticket.Code+`"]`).Length() != 1 {
		t.Errorf("asked %q", page.Find("main").Text())
	}
	for range 2 {
		p.post(page, path, url.Values{"code": {ticket.Code}}, http.StatusSeeOther)
	}
	if words := p.get(path, http.StatusOK).Find("main").Text(); !strings.Contains(words, "已绑定") {
		t.Errorf("afterwards %q", words)
	}
	guard, err := w.store.GuardOfUser(t.Context(), w.userOf(t, "o-li").ID)
	if err != nil || guard.ID != w.Guard {
		t.Errorf("%+v, %v", guard, err)
	}
	for _, scene := range []string{"x", "bind_" + strings.Repeat("0", 32)} {
		if scene == "x" {
			p.get("/h5/bind/"+scene, http.StatusNotFound)
			continue
		}
		p.scan("/h5/bind/"+scene, "o-li/0")
		p.get("/h5/bind/"+scene, http.StatusNotFound)
	}
}
