package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// invitation is the body of one to a house.
func (s *site) invitation(house core.ID) string {
	until := s.api.store.Now().Add(time.Hour).Format(time.RFC3339)
	return fmt.Sprintf(
		`{"house_id":%q,"name":"来客","phone":"13700000001","plate":"京A12345","people":2,"until":%q}`, house, until,
	)
}

// invitedVisit is a visitor with the code of the link.
type invitedVisit struct{ id, code string }

func (s *site) invited(token string) invitedVisit {
	s.t.Helper()
	made := read[ownVisitorBody](s.ok(call{
		method: "POST", path: "/visitors", token: token, body: s.invitation(s.Houses[0]), header: s.newKey(),
	}))
	_, code, _ := strings.Cut(made.Share.Path, "code=")
	return invitedVisit{made.ID.String(), code}
}

// revoked is a visitor whose invitation was taken back.
func (s *site) revoked(token string) invitedVisit {
	s.t.Helper()
	visit := s.invited(token)
	s.ok(call{method: "POST", path: "/visitors/" + visit.id + "/revoke", token: token})
	return visit
}

// tooManyVisitors fills the host's other house.
func (s *site) tooManyVisitors(token string) call {
	s.t.Helper()
	user, err := s.api.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: miniApp, OpenID: s.sim.OpenID("one", miniApp)})
	for err == nil {
		_, err = s.api.store.CreateVisitorPass(s.t.Context(), core.System, user.ID, core.VisitorPass{
			House: s.Houses[1], Name: "来客", Until: s.api.store.Now().Add(time.Hour),
		}, store.RequestKey{})
	}
	if !core.IsConflict(err) {
		s.t.Fatal(err)
	}
	return call{method: "POST", path: "/visitors", token: token, body: s.invitation(s.Houses[1]), header: s.newKey()}
}

// A resident invites in the mini-program; the visitor opens the card without an account, and finds the visit by the
// number too; the invitation is taken back once.
func TestAResidentInvites(t *testing.T) {
	s := newSite(t)
	host, guest := s.enter("one"), s.enter("stranger")
	visit := s.invited(host)
	list := read[struct{ Visitors []visitBody }](s.ok(call{method: "GET", path: "/visitors", token: host})).Visitors
	if len(list) != 1 || list[0].Plate != "京A***45" || list[0].Phone == "13700000001" || !list[0].Revocable {
		t.Errorf("my visitors: %+v", list)
	}
	seen := read[guestBody](s.ok(call{method: "GET", path: "/visits/" + visit.code}))
	if seen.ID.String() != visit.id || seen.Host == s.Residents[0].Name || !seen.Usable {
		t.Errorf("the visitor sees %+v", seen)
	}
	if token := read[tokenBody](s.ok(call{method: "POST", path: "/visits/" + visit.code + "/token"})); token.Text == "" {
		t.Error("no code")
	}
	s.fails(404, "not_found", call{method: "GET", path: "/visitors/" + visit.id, token: guest})
	wrong := call{method: "POST", path: "/visitors", token: guest, body: s.invitation(s.Houses[0]), header: s.newKey()}
	if body := s.fails(422, "invalid", wrong); body.Fields["house_id"] == "" {
		t.Errorf("another's house: %+v", body)
	}
	mine := strings.Replace(s.invitation(s.Houses[0]), "13700000001", "19900000000", 1)
	s.ok(call{method: "POST", path: "/visitors", token: host, body: mine, header: s.newKey()})
	if visits := read[struct{ Visits []guestBody }](s.ok(call{method: "GET", path: "/visits", token: guest})).Visits; len(visits) != 1 {
		t.Errorf("my visits: %+v", visits)
	}
	passes := read[struct{ Passes []passBody }](s.ok(call{method: "GET", path: "/passes", token: guest})).Passes
	if len(passes) != 1 || passes[0].Preview.Direction != core.In || !passes[0].Preview.Allowed ||
		!strings.HasPrefix(passes[0].Rule, "有效至 ") {
		t.Fatalf("my passes: %+v", passes)
	}
	preview := call{method: "GET", path: "/passes/" + passes[0].ID.String() + "/preview", token: guest}
	if next := read[previewBody](s.ok(preview)); next.Direction != core.In || !next.Allowed {
		t.Errorf("the next passage: %+v", next)
	}
	s.ok(call{method: "POST", path: "/visitors/" + visit.id + "/revoke", token: host})
	after := read[guestBody](s.ok(call{method: "GET", path: "/visits/" + visit.code}))
	if after.State != core.VisitRevoked || after.Usable {
		t.Errorf("revoked: %+v", after)
	}
	s.fails(409, "conflict", call{method: "POST", path: "/visits/" + visit.code + "/token"})
}
