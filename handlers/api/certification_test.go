package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
)

// newKey is the header of a new request.
func (s *site) newKey() map[string]string {
	s.keys++
	return map[string]string{"Idempotency-Key": fmt.Sprintf("request-%d", s.keys)}
}

// application is the body of an application for a house of the estate.
func (s *site) application(house int, name string, photos ...core.ID) string {
	s.t.Helper()
	text, err := json.Marshal(certificationForm{House: s.Houses[house], Name: name, Identity: core.Owner, Photos: photos})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// applied sends an application for a house under a name that no register has.
func (s *site) applied(token string, house int) certificationBody {
	s.t.Helper()
	return s.appliedAs(token, house, "不是这个名字")
}

func (s *site) appliedAs(token string, house int, name string) certificationBody {
	s.t.Helper()
	return read[certificationBody](s.ok(call{
		method: "POST", path: "/certifications", token: token, body: s.application(house, name), header: s.newKey(),
	}))
}

// tooManyCertifications is a call by somebody who has sent as many applications as one may on a day.
func (s *site) tooManyCertifications() call {
	s.t.Helper()
	token := s.enter("stranger")
	user, err := s.api.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: miniApp, OpenID: s.sim.OpenID("stranger", miniApp)})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range core.MaxDailyCertifications {
		if _, err := s.api.store.CreateCertification(s.t.Context(), core.System, user.ID,
			core.CertificationRequest{House: s.Houses[0], Name: "王小明", Identity: core.Owner},
			store.RequestKey{Key: fmt.Sprint("many ", i)}); err != nil && !core.IsConflict(err) { // it has sent some before
			s.t.Fatal(err)
		}
	}
	return call{method: "POST", path: "/certifications", token: token, body: s.application(0, "王小明"), header: s.newKey()}
}

func TestApplyingForCertification(t *testing.T) {
	s := newSite(t)
	token := s.enter("stranger")
	communities := read[struct{ Communities []communityBody }](s.ok(call{method: "GET", path: "/communities", token: token}))
	if len(communities.Communities) == 0 || len(communities.Communities[0].Levels) == 0 {
		t.Fatalf("communities: %+v", communities)
	}
	// The way down to a house, as one chooses it.
	path, node := "/communities/"+s.Community.String()+"/houses", ""
	var level houseLevelBody
	for range 6 {
		level = read[houseLevelBody](s.ok(call{method: "GET", path: path + node, token: token}))
		if len(level.Houses) > 0 {
			break
		}
		node = "?node=" + level.Nodes[0].ID.String()
	}
	if len(level.Houses) == 0 {
		t.Fatal("no house is found level by level")
	}
	photo := read[photoBody](s.ok(call{
		method: "POST", path: "/photos", token: token, body: pictureForm(t, 60, 40), contentType: pictureFormKind,
	}))
	header := s.newKey()
	c := call{method: "POST", path: "/certifications", token: token, body: s.application(0, "陌生人", photo.ID), header: header}
	first, again := read[certificationBody](s.ok(c)), read[certificationBody](s.ok(c))
	if first.State != core.ReviewWaiting || first.ID != again.ID {
		t.Errorf("sent twice: %+v, %+v", first, again)
	}
	c.body = s.application(0, "另一人")
	s.fails(422, "invalid", c)
	c.header = map[string]string{"Idempotency-Key": "short"}
	s.fails(422, "invalid", c)
	mine := read[struct{ Certifications []certificationBody }](s.ok(call{method: "GET", path: "/certifications", token: token}))
	if len(mine.Certifications) != 1 || mine.Certifications[0].ID != first.ID || len(mine.Certifications[0].Photos) != 1 {
		t.Errorf("mine: %+v", mine)
	}
	seen := call{method: "GET", path: "/photos/" + photo.ID.String() + "?part=thumb", token: token}
	if got := s.ok(seen); !strings.HasPrefix(got.Body, "\xff\xd8") {
		t.Errorf("my own picture begins with %q", got.Body[:min(len(got.Body), 8)])
	}
	seen.token = s.enter("two")
	s.fails(404, "not_found", seen)
	withdraw := call{method: "POST", path: "/certifications/" + first.ID.String() + "/withdraw", token: s.enter("two")}
	s.fails(404, "not_found", withdraw)
	withdraw.token = token
	s.ok(withdraw)
}

// Nobody learns from the answer what the register has: it is the same for all who ask, at any house, with any guess
// as for a house of which nothing is known, and the same is done. Only if all is right is it another.
func TestTheAnswerDoesNotTellWhatTheRegisterHas(t *testing.T) {
	s := newSite(t)
	register := func(r core.Resident) core.ID {
		t.Helper()
		r.Community, r.House, r.Identity, r.Namesake = s.Community, s.Houses[1], core.Family, true
		id, err := s.api.store.CreateResident(t.Context(), core.System, core.Everywhere, r)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	const number = "19900000000" // of the stranger
	register(core.Resident{Name: "证件不同", Phone: number, PhoneShared: true, IDNumber: "11010519491231002X"})
	register(core.Resident{Name: "同名两人", Phone: number, PhoneShared: true, IDNumber: "E12345678"})
	register(core.Resident{Name: "同名两人", Phone: number, PhoneShared: true, IDNumber: "E12345679"})
	gone := register(core.Resident{Name: "已经迁出", Phone: number, PhoneShared: true})
	if err := s.api.store.MoveOut(t.Context(), core.System, core.Everywhere, gone); err != nil {
		t.Fatal(err)
	}
	empty, err := s.api.store.CreateHouses(t.Context(), core.System, core.Everywhere, s.Community, [][]string{{"9栋", "1单元", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	known, stranger := s.enter("one"), s.enter("stranger")
	asks := func(token string, form certificationForm) string {
		t.Helper()
		form.Identity = core.Family
		text, err := json.Marshal(form)
		if err != nil {
			t.Fatal(err)
		}
		a := s.do(call{method: "POST", path: "/certifications", token: token, body: string(text), header: s.newKey()})
		body := read[certificationBody](a)
		if body.House.ID != form.House || body.Name != strings.TrimSpace(form.Name) {
			t.Errorf("the answer is about %+v", body)
		}
		body.ID, body.Created, body.House, body.Name = 0, "", namedBody{}, ""
		text, err = json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		a.Header.Del("X-Request-Id")
		return fmt.Sprint(a.Status, " ", len(a.Header), " ", string(text))
	}
	want := asks(stranger, certificationForm{House: empty[0], Name: "无人登记"})
	for name, c := range map[string]struct {
		token string
		form  certificationForm
	}{
		"a right phone, a wrong name":      {known, certificationForm{House: s.Houses[0], Name: "不是这人"}},
		"a right name, another phone":      {stranger, certificationForm{House: s.Houses[0], Name: s.Residents[0].Name}},
		"a right phone, another house":     {known, certificationForm{House: s.Houses[1], Name: s.Residents[0].Name}},
		"another ID number":                {stranger, certificationForm{House: s.Houses[1], Name: "证件不同", IDNumber: "E99999999"}},
		"two of the name and number":       {stranger, certificationForm{House: s.Houses[1], Name: "同名两人"}},
		"one who has moved out":            {stranger, certificationForm{House: s.Houses[1], Name: "已经迁出"}},
		"nobody at all, at a full house":   {stranger, certificationForm{House: s.Houses[1], Name: "无人登记"}},
		"nobody at all, at an empty house": {known, certificationForm{House: empty[0], Name: "无人登记"}},
	} {
		if got := asks(c.token, c.form); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if right := s.appliedAs(known, 0, s.Residents[0].Name); right.State != core.ReviewApproved {
		t.Errorf("with everything right: %+v", right)
	}
}
