package callback

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tongxing/wechat/simulator"
)

// newCorpSite is a site with a company whose app and contact sync push to it.
func newCorpSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t, sealedApp)
	agent := simulator.Agent{Token: "tok", AESKey: aesKey, CallbackURL: s.addr + WorkPath + "/7"}
	sync, app := agent, agent
	sync.Secret, app.ID, app.Secret = "contact", 2, "s"
	s.sim.AddCorp(simulator.Corp{
		CorpID: corpID, Sync: sync, Agents: []simulator.Agent{app}, Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}},
		Members: []simulator.CorpMember{{UserID: "li", Name: "李娜", Departments: []int{1}, Person: "zhou"}},
	})
	return s
}

// The address is checked by both settings of the company that have it, and answered with the text decrypted.
func TestWorkAddressCheck(t *testing.T) {
	s := newCorpSite(t)
	for _, agent := range []int{0, 2} {
		if err := s.sim.CheckCallback(t.Context(), simulator.WorkID(corpID, agent)); err != nil {
			t.Errorf("agent %d: %v", agent, err)
		}
	}
	for _, path := range []string{
		"/7", "/7?echostr=1", "/7?msg_signature=&timestamp=&nonce=&echostr=<script>", "/7?msg_signature=x&timestamp=1&nonce=2&echostr=3",
	} {
		if status, body := s.get(WorkPath + path); status != http.StatusForbidden || body != "" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	for _, path := range []string{"/8", "/0", "/x", "/7x"} {
		if status, body := s.get(WorkPath + path + "?echostr=1"); status != http.StatusNotFound || body != "" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
}

// A request not from WeWork, or not for this company, has no effect, and its sender learns nothing.
func TestHostileToACompany(t *testing.T) {
	for _, kind := range simulator.HostileKinds {
		t.Run(string(kind), func(t *testing.T) {
			s := newCorpSite(t)
			got, err := s.sim.PushHostileChange(t.Context(), corpID, "li", kind)
			if err != nil {
				t.Fatal(err)
			}
			want, word := http.StatusForbidden, ""
			switch kind {
			case simulator.HugeBody:
				want = http.StatusRequestEntityTooLarge
			case simulator.TruncatedBase64, simulator.WrongReceiver, simulator.OldTimestamp, simulator.Replay, simulator.Duplicate:
				want, word = http.StatusOK, "success"
			}
			if got.Status != want || got.Body != word {
				t.Errorf("%d %q, want %d %q", got.Status, got.Body, want, word)
			}
			hints, err := s.Store.StaffHints(t.Context(), 7, 10)
			if real := kind == simulator.Replay || kind == simulator.Duplicate; err != nil || (len(hints) == 1) != real {
				t.Errorf("%d changes are noted, %v", len(hints), err)
			}
			if strings.Contains(s.log.String(), "change_contact") {
				t.Error("the log has what was pushed")
			}
			// The genuine change still comes.
			if got, err = s.sim.PushHostileChange(t.Context(), corpID, "li", simulator.Genuine); err != nil || !got.Accepted {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

// Who is deleted in WeWork leaves in that call, and the account is known to be called.
func TestContactChanges(t *testing.T) {
	s := newCorpSite(t)
	for _, push := range []func() error{
		func() error { return s.sim.RemoveMember(corpID, "li") },
		func() error {
			return s.sim.PutDepartment(corpID, simulator.CorpDepartment{ID: 2, Parent: 1, Name: "工程部"})
		},
		func() error { return s.sim.PushChange(corpID, "something_new", nil) },
	} {
		if err := push(); err != nil {
			t.Fatal(err)
		}
	}
	s.idle()
	s.pushes(false)
	hints, err := s.Store.StaffHints(t.Context(), 7, 10)
	if err != nil || len(hints) != 1 || hints[0].UserID != "" {
		t.Errorf("noted %+v, %v", hints, err)
	}

	// Who comes to a tag or is taken off it may come into the app's range, or out of it; with departments, anybody may.
	tagged := func(people, departments string) {
		t.Helper()
		if err := s.sim.PushChange(corpID, "update_tag", [][2]string{
			{"TagId", "7"}, {"AddUserItems", "zhao"}, {"DelUserItems", people}, {"DelPartyItems", departments},
		}); err != nil {
			t.Fatal(err)
		}
		s.idle()
		s.pushes(false)
	}
	tagged("Li,wang", "")
	hints, err = s.Store.StaffHints(t.Context(), 7, 10)
	if err != nil || len(hints) != 4 {
		t.Errorf("of a tag: %+v, %v", hints, err)
	}
	if state, err := s.Store.StaffSync(t.Context(), 7); err != nil || !state.Asked.IsZero() {
		t.Errorf("a whole sync is asked for: %+v, %v", state, err)
	}
	tagged("", "2,3")
	if state, err := s.Store.StaffSync(t.Context(), 7); err != nil || state.Asked.IsZero() {
		t.Errorf("no whole sync is asked for: %+v, %v", state, err)
	}
}

// A tag that is taken off thousands is one write: WeWork does not wait for one each. Told again it notes no more.
func TestTagOfThousands(t *testing.T) {
	s := newCorpSite(t)
	const many = 6000           // near what one call may hold
	users := []string{"M00000"} // spelled otherwise further on
	for i := range many {
		users = append(users, fmt.Sprintf("m%05d", i))
	}
	for range 2 {
		items := [][2]string{{"TagId", "7"}, {"DelUserItems", strings.Join(users, ",")}}
		if err := s.sim.PushChange(corpID, "update_tag", items); err != nil {
			t.Fatal(err)
		}
		s.idle()
		s.pushes(false)
		if hints, err := s.Store.StaffHints(t.Context(), 7, 2*many); err != nil || len(hints) != many+1 { // and the departments
			t.Errorf("%d are noted, %v", len(hints), err)
		}
	}
}
