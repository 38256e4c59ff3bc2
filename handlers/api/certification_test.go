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
			store.RequestKey{Key: fmt.Sprint("many ", i)}); err != nil {
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

// What the answer says does not depend on what the register has under a number, unless all is the same.
func TestTheAnswerDoesNotTellWhatTheRegisterHas(t *testing.T) {
	s := newSite(t)
	known, stranger := s.enter("one"), s.enter("stranger")
	strip := func(token string) string {
		body := s.applied(token, 0)
		body.ID, body.Created = 0, ""
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if a, b := strip(known), strip(stranger); a != b || strings.Contains(a, s.Residents[0].Name) {
		t.Errorf("known number: %s\nstranger:     %s", a, b)
	}
	if right := s.appliedAs(known, 0, s.Residents[0].Name); right.State != core.ReviewApproved {
		t.Errorf("with everything right: %+v", right)
	}
}
