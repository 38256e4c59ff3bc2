package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

type householdAnswer struct {
	Households []householdBody `json:"households"`
}

func (s *site) households(token string) []householdBody {
	s.t.Helper()
	return read[householdAnswer](s.ok(call{method: "GET", path: "/households", token: token})).Households
}

// The way of a household: an owner adds a lodger, who sees the address and leaves it; and removes who does not.
func TestAnOwnerKeepsTheHousehold(t *testing.T) {
	s := newSite(t)
	owner, stranger := s.enter("one"), s.enter("stranger")
	if len(s.households(stranger)) != 0 {
		t.Error("a stranger owns a house")
	}
	mine := s.households(owner)
	if len(mine) != 1 || mine[0].House.ID != s.Houses[0] || len(mine[0].Members) != 2 {
		t.Fatalf("my house: %+v", mine)
	}
	if text, _ := json.Marshal(mine); strings.Contains(string(text), s.Residents[1].Phone) {
		t.Error("a whole number is told")
	}
	add := call{
		method: "POST", path: "/households/" + s.Houses[0].String() + "/members", token: owner,
		body: `{"name":"周租客","identity":"lodger","lease_last_day":"2099-06-30","phone":"19900000000"}`,
	}
	made := read[struct{ ID core.ID }](s.ok(add))
	s.fails(422, "invalid", add) // is there
	past := add
	past.body = `{"name":"周二","identity":"lodger","lease_last_day":"2001-06-30","phone":"19900000001"}`
	if body := s.fails(422, "invalid", past); body.Fields["lease_last_day"] == "" {
		t.Errorf("a lease that is over: %+v", body)
	}
	foreign := add
	foreign.token = stranger
	s.fails(404, "not_found", foreign)

	s.ok(call{method: "POST", path: "/name", token: stranger, body: `{"name":"周租客"}`}) // by the number alone nobody is found
	type residences struct{ Residences []residenceBody }
	homes := read[residences](s.ok(call{method: "GET", path: "/residences", token: stranger})).Residences
	if len(homes) != 1 || homes[0].ID != made.ID || !homes[0].Leavable || homes[0].Next == "" || *homes[0].LeaseLast != "2099-06-30" {
		t.Fatalf("my addresses: %+v", homes)
	}
	leave := call{method: "POST", path: "/residences/" + made.ID.String() + "/leave", token: owner}
	s.fails(404, "not_found", leave)
	leave.token = stranger
	s.ok(leave)
	s.fails(404, "not_found", leave)
	own := call{method: "POST", path: "/residences/" + s.Residents[0].ID.String() + "/leave", token: owner}
	s.fails(409, "conflict", own)

	s.ok(add)
	remove := call{method: "POST", path: "/households/members/" + made.ID.String() + "/remove", token: stranger}
	s.fails(404, "not_found", remove)
	remove.token = owner
	s.ok(remove)
	s.fails(404, "not_found", remove)
	if got := s.households(owner)[0].Members; len(got) != 2 {
		t.Errorf("afterwards: %+v", got)
	}
}

// An owner decides in the mini-program; somebody who is not of the house learns nothing of the application.
func TestAnOwnerDecidesAnApplication(t *testing.T) {
	s := newSite(t)
	s.LetOwnersReview()
	owner, stranger := s.enter("one"), s.enter("stranger")
	text, err := json.Marshal(certificationForm{House: s.Houses[0], Name: "周租客", Identity: core.Tenant})
	if err != nil {
		t.Fatal(err)
	}
	made := read[certificationBody](s.ok(call{
		method: "POST", path: "/certifications", token: stranger, body: string(text), header: s.newKey(),
	}))
	waiting := s.households(owner)[0]
	if len(waiting.Applications) != 1 || waiting.Applications[0].ID != made.ID || !waiting.Decides {
		t.Fatalf("waiting: %+v", waiting)
	}
	decide := call{
		method: "POST", path: "/households/applications/" + made.ID.String(), token: stranger, body: `{"approve":true,"version":1}`,
	}
	s.fails(404, "not_found", decide)
	decide.token, decide.body = owner, `{"approve":false,"version":1}`
	s.fails(422, "invalid", decide)
	decide.body = `{"approve":true,"version":1}`
	s.ok(decide)
	s.fails(409, "conflict", decide)
	mine := read[struct{ Certifications []certificationBody }](s.ok(call{method: "GET", path: "/certifications", token: stranger}))
	if got := mine.Certifications[0]; got.State != core.ReviewApproved || got.Next == "" {
		t.Errorf("the applicant sees %+v", got)
	}
}

// Nothing but one sentence tells an owner that the number of an applicant is certified for another name, and nothing that somebody
// had it who moved out; approving leaves the application to the office.
func TestAnOwnerIsToldNothingOfANumber(t *testing.T) {
	s := newSite(t)
	s.LetOwnersReview()
	owner, stranger := s.enter("one"), s.enter("stranger")
	text, err := json.Marshal(certificationForm{House: s.Houses[0], Name: "周租客", Identity: core.Tenant})
	if err != nil {
		t.Fatal(err)
	}
	made := read[certificationBody](s.ok(call{
		method: "POST", path: "/certifications", token: stranger, body: string(text), header: s.newKey(),
	}))
	shown := func() string {
		t.Helper()
		text, err := json.Marshal(s.households(owner)[0].Applications)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	add := func(house core.ID, name string, certified time.Time) core.ID {
		t.Helper()
		id, err := s.api.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
			Community: s.Community, House: house, Name: name, Identity: core.Owner, Phone: "19900000000", Certified: certified,
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	plain := shown()
	if err := s.api.store.MoveOut(t.Context(), core.System, core.Everywhere, add(s.Houses[0], "前住户", time.Time{})); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != plain {
		t.Errorf("of who moved out: %s, want %s", got, plain)
	}
	effect := s.households(owner)[0].Applications[0].Effect
	add(s.Houses[1], "钱强", time.Now())
	if got, want := shown(), strings.Replace(plain, effect, core.TakenToOwners, 1); got != want {
		t.Errorf("of who is certified: %s, want %s", got, want)
	}
	decide := call{
		method: "POST", path: "/households/applications/" + made.ID.String(), token: owner, body: `{"approve":true,"version":1}`,
	}
	if body := s.fails(403, "forbidden", decide); !strings.Contains(body.Message, "已转物业审核") {
		t.Errorf("it is told %q", body.Message)
	}
	if left := s.households(owner)[0].Applications; len(left) != 0 {
		t.Errorf("it waits for the owner: %+v", left)
	}
	s.fails(403, "forbidden", decide)
}

// ownPaths are what an owner can do once each.
type ownPaths struct{ add, remove, decide, leave, accept string }

// household prepares that the owner "one" has a member to remove, an application to decide, an address to leave, and one to
// accept.
func (s *site) household(owner string) (p ownPaths) {
	s.t.Helper()
	s.LetOwnersReview()
	p.add = "/households/" + s.Houses[0].String() + "/members"
	member := read[struct{ ID core.ID }](s.ok(call{
		method: "POST", path: p.add, token: owner, body: `{"name":"周一","identity":"family"}`,
	}))
	p.remove = "/households/members/" + member.ID.String() + "/remove"
	text, err := json.Marshal(certificationForm{House: s.Houses[0], Name: "周二", Identity: core.Tenant})
	if err != nil {
		s.t.Fatal(err)
	}
	made := read[certificationBody](s.ok(call{
		method: "POST", path: "/certifications", token: s.enter("newcomer"), body: string(text), header: s.newKey(),
	}))
	p.decide = "/households/applications/" + made.ID.String()
	other, err := s.api.store.CreateResident(s.t.Context(), core.System, core.Everywhere, core.Resident{
		Community: s.Community, House: s.Houses[1], Name: s.Residents[0].Name, Phone: s.Residents[0].Phone, Identity: core.Family,
		Namesake: true,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p.leave = "/residences/" + other.String() + "/leave"
	p.accept = "/residences/" + s.addedByANeighbour().String() + "/accept"
	return p
}

// addedByANeighbour lets the owner of another house add the first resident to it.
func (s *site) addedByANeighbour() core.ID {
	s.t.Helper()
	ctx, st := s.t.Context(), s.api.store
	houses, err := st.CreateHouses(ctx, core.System, core.Everywhere, s.Community, [][]string{{"9栋", "1单元", "101"}})
	if err != nil {
		s.t.Fatal(err)
	}
	owner := core.Resident{Community: s.Community, House: houses[0], Name: "郑业主", Phone: "13600000077", Identity: core.Owner}
	if _, err := st.CreateResident(ctx, core.System, core.Everywhere, owner); err != nil {
		s.t.Fatal(err)
	}
	user, err := st.SignInWechat(ctx, core.WechatIdentity{AppID: "wx-neighbour", OpenID: "neighbour"})
	if err == nil {
		_, err = st.BindPhone(ctx, user.ID, owner.Phone, owner.Name)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := st.CreateHouseholdMember(ctx, core.Actor{Kind: core.ActorWechat, ID: user.ID}, user.ID, houses[0], core.Resident{
		Name: s.Residents[0].Name, Phone: s.Residents[0].Phone, Identity: core.Family,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// An answer that was lost on the way is asked for again: the address is accepted once.
func TestAnAddressIsAcceptedAgain(t *testing.T) {
	s := newSite(t)
	token := s.enter("one")
	accept := call{method: "POST", path: "/residences/" + s.addedByANeighbour().String() + "/accept", token: token}
	s.ok(accept)
	s.ok(accept)
}
