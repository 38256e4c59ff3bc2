package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// slipOf is the body of an application for a house.
func (s *site) slipOf(house core.ID) string {
	planned := s.api.store.Now().Add(time.Hour).Format(time.RFC3339)
	return fmt.Sprintf(
		`{"house_id":%q,"plate":"京A12345","reason":"搬家","planned":%q,"items":[{"name":"冰箱","count":1},{"name":"纸箱","count":12}]}`,
		house, planned,
	)
}

// madeSlips are slips of the first resident's house: of their own, and of a tenant who asks them.
type madeSlips struct{ own, withdrawn, asked, decided string }

// exitSlips makes them, in a community where owners decide first.
func (s *site) exitSlips(token string) madeSlips {
	s.t.Helper()
	rule, err := s.api.store.ExitRule(s.t.Context(), core.Everywhere, s.Community)
	if err != nil {
		s.t.Fatal(err)
	}
	rule.Reviewer = core.ExitByOwner
	if err := s.api.store.UpdateExitRule(s.t.Context(), core.System, core.Everywhere, rule); err != nil {
		s.t.Fatal(err)
	}
	made := madeSlips{own: s.appliedSlip(token).ID.String(), withdrawn: s.appliedSlip(token).ID.String()}
	s.ok(call{method: "POST", path: "/exitslips/" + made.withdrawn + "/withdraw", token: token})
	made.asked, made.decided = s.tenantsSlip(), s.tenantsSlip()
	refuse := `{"approve":false,"reason":"不知道这件事"}`
	s.ok(call{method: "POST", path: "/exitslips/" + made.decided + "/answer", token: token, body: refuse})
	return made
}

func (s *site) appliedSlip(token string) ownExitSlipBody {
	s.t.Helper()
	return read[ownExitSlipBody](s.ok(call{
		method: "POST", path: "/exitslips", token: token, body: s.slipOf(s.Houses[0]), header: s.newKey(),
	}))
}

// tenantsSlip is an application of a tenant of the first house.
func (s *site) tenantsSlip() string {
	s.t.Helper()
	const phone = "13711110000"
	user, err := s.api.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "tenant"})
	if err == nil && user.Person == 0 {
		_, err = s.api.store.CreateResident(s.t.Context(), core.System, core.Everywhere, core.Resident{
			Community: s.Community, House: s.Houses[0], Name: "租客甲", Identity: core.Tenant, Phone: phone,
		})
		if err == nil {
			_, err = s.api.store.BindPhone(s.t.Context(), user.ID, phone, "租客甲")
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := s.api.store.ApplyExitSlip(s.t.Context(), core.System, user.ID, core.ExitSlip{
		House: s.Houses[0], Planned: s.api.store.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
	}, store.RequestKey{})
	if err != nil {
		s.t.Fatal(err)
	}
	return id.String()
}

// tooManySlips fills the resident's other house.
func (s *site) tooManySlips(token string) call {
	s.t.Helper()
	user, err := s.api.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: miniApp, OpenID: s.sim.OpenID("one", miniApp)})
	for err == nil {
		_, err = s.api.store.ApplyExitSlip(s.t.Context(), core.System, user.ID, core.ExitSlip{
			House: s.Houses[1], Planned: s.api.store.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
		}, store.RequestKey{})
	}
	if !core.IsConflict(err) {
		s.t.Fatal(err)
	}
	return call{method: "POST", path: "/exitslips", token: token, body: s.slipOf(s.Houses[1]), header: s.newKey()}
}

// A resident applies in the mini-program with a picture, sees what became of it with the code, and nobody else does.
func TestAResidentAppliesForASlip(t *testing.T) {
	s := newSite(t)
	mover, guest := s.enter("one"), s.enter("stranger")
	form := read[struct{ Houses []exitHomeBody }](s.ok(call{method: "GET", path: "/exitslip-form", token: mover}))
	if len(form.Houses) == 0 || !form.Houses[0].May || form.Houses[0].Photos != "optional" || len(form.Houses[0].Fields) < 6 {
		t.Errorf("the form: %+v", form)
	}
	photo := read[photoBody](s.ok(call{
		method: "POST", path: "/photos", token: mover, body: pictureForm(t, 40, 30), contentType: pictureFormKind,
	})).ID.String()
	body := strings.Replace(s.slipOf(s.Houses[0]), `"count":1}`, `"count":1,"photo_id":"`+photo+`"}`, 1)
	key := s.newKey()
	slip := read[ownExitSlipBody](s.ok(call{method: "POST", path: "/exitslips", token: mover, body: body, header: key}))
	again := read[ownExitSlipBody](s.ok(call{method: "POST", path: "/exitslips", token: mover, body: body, header: key}))
	if slip.ID != again.ID || slip.State != core.ExitWaiting || slip.Code != "" || !slip.Withdrawable || slip.Plate != "京A***45" ||
		slip.Items[0].Photo == nil || slip.Items[0].Photo.String() != photo || slip.Items[1].Photo != nil {
		t.Errorf("applied: %+v", slip)
	}
	wrong := func(change, to string) map[string]string {
		changed := strings.Replace(s.slipOf(s.Houses[0]), change, to, 1)
		return s.fails(422, "invalid", call{method: "POST", path: "/exitslips", token: mover, body: changed, header: s.newKey()}).Fields
	}
	for field, c := range map[string][2]string{
		"item_2": {`"count":12`, `"count":0`}, "plate": {"京A12345", "???"}, "answers": {`"reason"`, `"answers":{"name":"x"},"reason"`},
		"x9": {`"reason"`, `"answers":{"x9":"多余"},"reason"`}, "carrier": {`"reason"`, `"carrier":"搬家公司","reason"`},
	} {
		if fields := wrong(c[0], c[1]); fields[field] == "" {
			t.Errorf("%s: %v", field, fields)
		}
	}
	s.fails(404, "not_found", call{method: "GET", path: "/exitslips/" + slip.ID.String(), token: guest})
	s.fails(404, "not_found", call{method: "POST", path: "/exitslips/" + slip.ID.String() + "/withdraw", token: guest})
	others := call{method: "POST", path: "/exitslips", token: guest, body: s.slipOf(s.Houses[0]), header: s.newKey()}
	if fields := s.fails(422, "invalid", others).Fields; fields["house_id"] == "" {
		t.Errorf("another's house: %v", fields)
	}
	list := read[struct {
		Slips []exitSlipBody `json:"exitslips"`
	}](s.ok(call{method: "GET", path: "/exitslips", token: mover})).Slips
	if len(list) != 1 || len(list[0].Items) != 2 {
		t.Errorf("my slips: %+v", list)
	}
	s.ok(call{method: "POST", path: "/exitslips/" + slip.ID.String() + "/withdraw", token: mover})
	now := read[ownExitSlipBody](s.ok(call{method: "GET", path: "/exitslips/" + slip.ID.String(), token: mover}))
	if now.State != core.ExitWithdrawn {
		t.Errorf("withdrawn: %+v", now)
	}
}
