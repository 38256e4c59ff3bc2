package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// typesOther are the acts of level 2 that have something else typed than a number of things, or the number of what they are about,
// each with the test that looks at it.
var typesOther = map[string]string{
	"/console/community/:id/archive": "its name: registry, community_test.go",
	"/console/community/:id/delete":  "its name: registry, community_test.go",
	"/console/exitrule":              "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/exitrule/restore":      "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/passrule":              "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/passrule/restore":      "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/visitorrule":           "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/visitorrule/restore":   "the community's name: access, TestADrasticRuleHasTheNameTyped",
	"/console/ruleplan/:id/end":      "the community's name: access, TestEndingAPlanThatTakesSomethingAway",
	"/console/house/:id/merge":       "the other door: registry, housemove_test.go",
	"/console/house/node/:id/delete": "its name: registry, obstacle_test.go",
	"/console/resident/export":       "whole numbers: registry, residentexport_test.go",
	"/console/setting":               "the days: account, audit_test.go",
	"/console/reader/permission":     "the number of readers: access, TestManyPermissionsAreChangedByTheirNumber",
	"/console/wechatapp/:id/leave":   "the number of messages, also of few: account, wechatapp_test.go",
	"/console/wechatapp/:id/remove":  "its name: account, wechatapp_test.go",
}

// manyThings is an estate with as many of everything as have their number typed.
type manyThings struct {
	*estate.Estate
	members []estate.Holder
	inside  []core.ID
	slips   []core.ExitSlip
	reviews []string // as the inbox ticks them
}

func (w *town) manyThings(t *testing.T) manyThings {
	t.Helper()
	const n = frame.ManyThings
	m := manyThings{Estate: estate.New(t, w.store, estate.Plan{Houses: n, Members: 1, Doors: n})}
	m.members, m.slips = m.Members(n), m.Slips(n)
	for _, v := range m.Visitors(n) {
		if _, err := w.store.Scan(t.Context(), store.ScanAttempt{
			Via: core.ViaManual, Post: m.Post, Direction: core.In, Pass: v.Pass, TokenDigest: "enters " + v.ID.String(),
		}); err != nil {
			t.Fatal(err)
		}
		m.inside = append(m.inside, v.ID)
	}
	for i := range n {
		name, phone := fmt.Sprintf("申请人%d", i+1), fmt.Sprintf("177%04d%04d", int64(m.Community)%1e4, i)
		_, err := w.store.CreateResidents(t.Context(), core.System, core.Everywhere, m.Community, []core.Resident{
			{House: m.Houses[i], Name: name, Phone: phone, Identity: core.Tenant},
		})
		user := m.User(phone, "")
		var photo core.Photo
		if err == nil {
			picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("w"), Thumb: []byte("t")}
			photo, err = w.store.CreatePhoto(t.Context(), user, picture)
		}
		var own store.OwnCertification
		if err == nil {
			own, err = w.store.CreateCertification(t.Context(), core.System, user, core.CertificationRequest{
				House: m.Houses[i], Name: name, Identity: core.Tenant, Photos: []core.ID{photo.ID},
			}, store.RequestKey{Key: "k"})
		}
		if err != nil {
			t.Fatal(err)
		}
		m.reviews = append(m.reviews, own.Review.ID.String()+"-1")
	}
	return m
}

// TestManyThingsAreTyped posts every act of level 2 with twenty things, whose number its question has typed, and, where things are
// ticked, with one fewer, of which it has not.
func TestManyThingsAreTyped(t *testing.T) {
	w := newTown(t)
	m := w.manyThings(t)
	boss := w.account(t, "boss", m.Estate, core.RoleAdmin)
	ticked := func(field string, values []string) url.Values { return url.Values{field: values} }
	var houses, residents, doors, slips, members, plates []string
	for i := range frame.ManyThings {
		houses, residents = append(houses, m.Houses[i].String()), append(residents, m.Residents[i].ID.String())
		doors, slips = append(doors, m.Doors[i].ID.String()), append(slips, m.slips[i].ID.String())
		members, plates = append(members, m.members[i].ID.String()), append(plates, fmt.Sprintf("京A%05d", i))
	}
	var inside []string
	for _, id := range m.inside {
		inside = append(inside, id.String())
	}
	house, err := w.store.House(t.Context(), core.Everywhere, m.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	member, err := w.store.Member(t.Context(), core.Everywhere, m.members[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	community, institution := m.Community.String(), "/console/institution/"+member.Institution.String()
	acts := map[string]struct {
		path  string // "" = the route's
		form  url.Values
		ticks string // the field of what is ticked
	}{
		"/console/restriction": {
			"", url.Values{"community": {community}, "houses": houses, "exits": {"-1"}, "reason": {"居家"}}, "houses",
		},
		"/console/restriction/lift":         {"/console/restriction/lift?community=" + community, ticked("id", houses), "id"},
		"/console/resident/moveout":         {"", ticked("id", residents), "id"},
		"/console/resident/delete":          {"", ticked("id", residents), "id"},
		"/console/reader/qr":                {"", url.Values{"id": doors, "allowed": {"0"}}, "id"},
		"/console/reader/secrets.xlsx":      {"", ticked("id", doors), "id"},
		"/console/exitslip/revoke":          {"", ticked("id", slips), "id"},
		"/console/visitorpass/leave":        {"", ticked("id", inside), "id"},
		"/console/institution/member/renew": {"/console/institution/member/renew?months=3", ticked("id", members), "id"},
		"/console/institution/:id/disable":  {institution + "/disable", url.Values{}, ""},
		"/console/institution/:id":          {institution, url.Values{"name": {"改名"}, "communities": {"77"}}, ""},
		"/console/visitorblock": {
			"", url.Values{"community": {community}, "values": {strings.Join(plates, "\n")}, "reason": {"滋扰"}}, "",
		},
		"/console/review/approve": {"", ticked("id", m.reviews), "id"},
		"/console/review/reject":  {"", ticked("id", m.reviews), "id"},
		"/console/house/owners":   {"", url.Values{"community": {community}, "allowed": {"yes"}}, ""},
		"/console/house/node/:id/move": {
			"/console/house/node/" + house.Node.String() + "/move", url.Values{"act": {"rename"}, "name": {"西"}}, "",
		},
	}
	for _, r := range w.app.Routes() {
		act, here := acts[r.Path]
		if r.Level != web.Types || r.Method != http.MethodPost {
			continue
		}
		if _, elsewhere := typesOther[r.Path]; elsewhere == here {
			t.Errorf("%s is of level 2: what is typed? (%v, elsewhere %v)", r.Path, here, elsewhere)
			continue
		}
		if !here {
			continue
		}
		if act.path == "" {
			act.path = r.Path
		}
		lift := func() {}
		if r.Path == "/console/restriction/lift" {
			lift = restrictAll(t, m.Estate)
		}
		if typed := typedIn(t, w, r, boss, act.path, act.form); !strings.Contains(typed, fmt.Sprintf("“%d”", frame.ManyThings)) {
			t.Errorf("%s of %d has %q typed", r.Path, frame.ManyThings, typed)
		}
		if act.ticks != "" {
			act.form[act.ticks] = slices.Clone(act.form[act.ticks])[1:]
			if typed := typedIn(t, w, r, boss, act.path, act.form); typed != "" {
				t.Errorf("%s of one fewer has %q typed", r.Path, typed)
			}
		}
		lift()
	}
	if len(acts) < 15 {
		t.Errorf("only %d acts", len(acts))
	}
}

// typedIn returns the label of what a question has typed; "" = nothing.
func typedIn(t *testing.T, w *town, r web.Route, by caller, path string, form url.Values) string {
	t.Helper()
	answer := w.callWith(t, r, by, path, form.Encode())
	doc, err := goquery.NewDocumentFromReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	ask := doc.Find("main form.tx-confirm")
	if ask.Length() != 1 {
		t.Errorf("%s does not ask: %d %s", r.Path, answer.Code, answer.Header().Get("Location"))
	}
	field := ask.Find("input[name=typed]")
	return ask.Find(`label[for="` + field.AttrOr("id", "-") + `"]`).Text()
}

// restrictAll restricts every house of an estate until it is lifted.
func restrictAll(t *testing.T, e *estate.Estate) (lift func()) {
	t.Helper()
	if _, err := e.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: e.Community, Houses: e.Houses, Restriction: core.Restriction{Exits: 1, Reason: "居家"},
	}); err != nil {
		t.Fatal(err)
	}
	return func() {
		for _, house := range e.Houses {
			if _, err := e.Store.LiftRestriction(t.Context(), core.System, core.Everywhere, house); err != nil {
				t.Fatal(err)
			}
		}
	}
}
