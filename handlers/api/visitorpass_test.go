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
	nobody := strings.Replace(s.invitation(s.Houses[0]), `"people":2`, `"people":0`, 1)
	wrong = call{method: "POST", path: "/visitors", token: host, body: nobody, header: s.newKey()}
	if body := s.fails(422, "invalid", wrong); body.Fields["people"] == "" {
		t.Errorf("nobody comes: %+v", body)
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

// Who lives in a restricted house reads why and until when, and with each visitor and slip that the guard lets neither pass; the visitor
// reads that the house is restricted, and not why.
func TestARestrictedHousePromisesNothing(t *testing.T) {
	s := newSite(t)
	host := s.enter("one")
	visit, slip := s.invited(host), s.appliedSlip(host).ID.String()
	last := core.DayOf(s.clock.now(), s.api.store.Zone()) + 30
	house := "?house_id=" + s.Houses[0].String()
	barred := func() (texts map[string]string, restriction *restrictionBody) {
		get := func(path string) call { return call{method: "GET", path: path, token: host} }
		texts = map[string]string{
			"the form of visitors": read[struct {
				Barred string `json:"barred_text"`
			}](s.ok(get("/visitor-form" + house))).Barred,
			"the visitors":      read[struct{ Visitors []visitBody }](s.ok(get("/visitors"))).Visitors[0].Barred,
			"a visitor":         read[ownVisitorBody](s.ok(get("/visitors/" + visit.id))).Barred,
			"the form of slips": read[struct{ Houses []exitHomeBody }](s.ok(get("/exitslip-form"))).Houses[0].Barred,
			"the slips": read[struct {
				Slips []exitSlipBody `json:"exitslips"`
			}](s.ok(get("/exitslips"))).Slips[0].Barred,
			"a slip":            read[ownExitSlipBody](s.ok(get("/exitslips/" + slip))).Barred,
			"the visitor's own": read[guestBody](s.ok(call{method: "GET", path: "/visits/" + visit.code})).Barred,
		}
		return texts, read[passBody](s.ok(get("/passes/" + s.Residents[0].Pass.String()))).Restriction
	}
	texts, restriction := barred()
	for what, text := range texts {
		if text != "" || restriction != nil {
			t.Errorf("nothing is restricted, but %s says %q; %+v", what, text, restriction)
		}
	}
	if _, err := s.api.store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: s.Community, Houses: s.Houses[:1], Restriction: core.Restriction{Exits: -1, Reason: "欠缴物业费", LastDay: last},
	}); err != nil {
		t.Fatal(err)
	}
	texts, restriction = barred()
	if restriction == nil || restriction.Why != "欠缴物业费" || restriction.Last == nil || *restriction.Last != last.String() {
		t.Errorf("the pass: %+v", restriction)
	}
	for what, text := range texts {
		switch want := "到 " + last.String() + " 为止，期间门岗不放行"; {
		case what == "the visitor's own" && text != "来访房屋已被限制出入", what != "the visitor's own" && !strings.Contains(text, want):
			t.Errorf("%s says %q", what, text)
		}
	}
}

// visitBy is the body of a visitor's application to the first house.
func (s *site) visitBy(phone string) string {
	return fmt.Sprintf(
		`{"way":"apply","community_id":%q,"house_id":%q,"name":"来客","phone":%q,"until":%q}`,
		s.Community, s.Houses[0], phone, s.api.store.Now().Add(time.Hour).Format(time.RFC3339),
	)
}

// booked is an appointment that waits for the first resident.
func (s *site) booked() string {
	s.t.Helper()
	visit, err := s.api.store.VisitByCode(s.t.Context(), s.bookedCode())
	if err != nil {
		s.t.Fatal(err)
	}
	return visit.ID.String()
}

// bookedCode is the code by which the visitor of such an appointment finds it.
func (s *site) bookedCode() string {
	s.t.Helper()
	v := store.VisitApplication{Host: s.Residents[0].Phone, VisitorPass: core.VisitorPass{
		Way: core.VisitBooked, Community: s.Community, Name: "来客", Phone: "13700000088", Until: s.api.store.Now().Add(time.Hour),
	}}
	code, err := s.api.store.ApplyVisit(s.t.Context(), core.System, 0, v, store.RequestKey{})
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// bar puts a number on the community's blacklist.
func (s *site) bar(phone string) {
	s.t.Helper()
	block := core.VisitorBlock{Kind: core.BlockPhone, Value: phone, Reason: "滋扰"}
	if _, err := s.api.store.CreateVisitorBlocks(
		s.t.Context(), core.System, core.Everywhere, s.Community, []core.VisitorBlock{block},
	); err != nil {
		s.t.Fatal(err)
	}
}

// A visitor reads the form, applies, and asks for an appointment, which the host accepts in the mini-program; no answer tells where
// the host lives before.
func TestAVisitorAppliesInTheMiniProgram(t *testing.T) {
	s := newSite(t)
	host, guest := s.enter("one"), s.enter("stranger")
	form := read[struct {
		Apply, Appointment bool
		Fields             []visitorFieldBody
	}](s.ok(call{method: "GET", path: "/visit-form?community_id=" + s.Community.String(), token: guest}))
	if !form.Apply || !form.Appointment || len(form.Fields) == 0 {
		t.Errorf("the form: %+v", form)
	}
	applied := read[appliedBody](s.ok(call{
		method: "POST", path: "/visits", token: guest, body: s.visitBy(""), header: s.newKey(),
	}))
	if applied.State != core.VisitWaiting || applied.Usable || applied.Code == "" {
		t.Errorf("applied: %+v", applied)
	}
	body := strings.Replace(s.visitBy(""), `"way":"apply"`, `"way":"appointment","host_phone":"`+s.Residents[0].Phone+`"`, 1)
	booked := read[appliedBody](s.ok(call{method: "POST", path: "/visits", token: guest, body: body, header: s.newKey()}))
	if booked.House != nil || booked.Host != "" {
		t.Errorf("where the host lives is told: %+v", booked)
	}
	own := read[ownVisitorBody](s.ok(call{method: "GET", path: "/visitors/" + booked.ID.String(), token: host}))
	if !own.Answerable || own.Way != core.VisitBooked {
		t.Errorf("the host sees %+v", own)
	}
	answer := call{method: "POST", path: "/visitors/" + booked.ID.String() + "/answer", token: host, body: `{"approve":false}`}
	s.fails(422, "invalid", answer)
	answer.body = `{"approve":true}`
	s.ok(answer)
	s.fails(409, "conflict", answer)
	seen := read[guestBody](s.ok(call{method: "GET", path: "/visits/" + booked.Code}))
	if seen.State != core.VisitGranted || seen.House == nil {
		t.Errorf("accepted: %+v", seen)
	}
	back := call{method: "POST", path: "/visits/" + applied.Code + "/withdraw"}
	s.ok(back)
	s.fails(409, "conflict", back)
	s.fails(404, "not_found", call{method: "POST", path: "/visits/none/withdraw"})
	if seen := read[guestBody](s.ok(call{method: "GET", path: "/visits/" + applied.Code})); seen.State != core.VisitWithdrawn {
		t.Errorf("taken back: %+v", seen)
	}
}

// A host and a visitor send a picture where the form asks for one; without it, and of another's, the answer is by field. A host who is
// asked for an appointment sees the visitor's until the answer.
func TestAVisitorSendsAPictureInTheMiniProgram(t *testing.T) {
	s := newSite(t)
	rule, err := s.api.store.VisitorRule(t.Context(), core.Everywhere, s.Community)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rule.Form {
		if rule.Form[i].Key == "photo" {
			rule.Form[i].Use = core.FormRequired
		}
	}
	if _, err := s.api.store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	host, guest := s.enter("one"), s.enter("stranger")
	picture := func(token string) string {
		return read[photoBody](s.ok(call{
			method: "POST", path: "/photos", token: token, body: pictureForm(t, 40, 30), contentType: pictureFormKind,
		})).ID.String()
	}
	for path, sent := range map[string]struct{ token, other, body string }{
		"/visitors": {host, guest, s.invitation(s.Houses[0])}, "/visits": {guest, host, s.visitBy("")},
	} {
		with := func(photo string) call {
			body := strings.Replace(sent.body, `"name"`, `"photo":"`+photo+`","name"`, 1)
			return call{method: "POST", path: path, token: sent.token, body: body, header: s.newKey()}
		}
		for _, photo := range []string{"0", picture(sent.other)} {
			if fields := s.fails(422, "invalid", with(photo)).Fields; fields["photo"] == "" {
				t.Errorf("%s: picture %s: %v", path, photo, fields)
			}
		}
		s.ok(with(picture(sent.token)))
	}

	photo := picture(guest)
	booking := `"way":"appointment","host_phone":"` + s.Residents[0].Phone + `","photo":"` + photo + `"`
	body := strings.Replace(s.visitBy(""), `"way":"apply"`, booking, 1)
	booked := read[appliedBody](s.ok(call{method: "POST", path: "/visits", token: guest, body: body, header: s.newKey()})).ID.String()
	ask := call{method: "GET", path: "/visitors/" + booked, token: host}
	if own := read[ownVisitorBody](s.ok(ask)); own.Photo == nil || own.Photo.String() != photo {
		t.Errorf("the host who is asked sees %+v", own)
	}
	look := call{method: "GET", path: "/photos/" + photo, token: host}
	s.ok(look)
	s.ok(call{method: "POST", path: "/visitors/" + booked + "/answer", token: host, body: `{"approve":true}`})
	s.fails(404, "not_found", look)
	if own := read[ownVisitorBody](s.ok(ask)); own.Photo != nil {
		t.Errorf("after the answer: %+v", own)
	}
	s.ok(call{method: "GET", path: "/photos/" + photo, token: guest}) // it is their own
}
