package demo_test

import (
	"errors"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/demo"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// keys are those of a message server.
var keys = core.WechatKeys{Token: "token123", AESKey: strings.Repeat("k", 43)}

func TestSeedFillsAnEstateAndKnowsItAgain(t *testing.T) {
	s := estate.Store(t, store.Options{})
	identify := func(m demo.Member) core.WechatIdentity { return core.WechatIdentity{AppID: "wx", OpenID: "o-" + m.Key} }
	cast, err := demo.Seed(t.Context(), s, identify, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Refuse(t.Context(), s); !errors.Is(err, demo.ErrDemoData) {
		t.Errorf("a real start on it: %v, want ErrDemoData", err)
	}
	if err := demo.Begin(t.Context(), s); !errors.Is(err, demo.ErrSeeded) {
		t.Errorf("an empty demo of it: %v, want ErrSeeded", err)
	}
	again, err := demo.Seed(t.Context(), s, identify, keys)
	if err != nil || again.Community != cast.Community || len(again.Doors) != 2 || len(again.Family) != 3 {
		t.Fatalf("second start: %+v, %v", again, err)
	}
	checkCompany(t, s)
	houses, residents, records := 0, 0, 0
	communities, err := s.Communities(t.Context(), core.Everywhere)
	if err != nil || len(communities) != 3 {
		t.Fatal(len(communities), err)
	}
	rows, _, err := s.CommunityRows(t.Context(), core.Everywhere, store.CommunityFilter{Page: store.Page{Limit: 10}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rows {
		houses += c.Houses
		n, err := countResidents(s, t, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		residents += n
	}
	if err := s.EachAccessRecord(t.Context(), core.Everywhere, core.RecordFilter{}, func(r core.AccessRecord) error {
		records++
		if r.Person == 0 && r.Kind != core.PassExitSlip || r.HouseLabel == "" {
			t.Fatalf("a record of nobody: %+v", r)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if houses < 1400 || residents < 2800 || records < 30_000 {
		t.Errorf("%d houses, %d residents, %d records", houses, residents, records)
	}
	t.Logf("%d houses, %d residents, %d records", houses, residents, records)
	g, err := s.SignInWechat(t.Context(), identify(demo.People()[3]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.GuardOfUser(t.Context(), g.ID); err != nil {
		t.Errorf("the guard is not bound: %v", err)
	}
	for _, state := range []core.ExitState{core.ExitWaiting, core.ExitPartial} {
		n, err := s.CountExitSlips(t.Context(), core.Everywhere, store.ExitSlipFilter{State: state, Now: s.Now()})
		if err != nil || n != 1 {
			t.Errorf("%d exit slips are %s, %v", n, state, err)
		}
	}
	checkReviewer(t, s, identify)
	checkHousehold(t, s, identify, cast)
	waiting, _, err := s.Reviews(t.Context(), core.ScopeOf(cast.Community), store.ReviewFilter{
		Kinds: []core.ReviewKind{core.ReviewCertification}, State: core.ReviewWaiting,
	})
	if err != nil || len(waiting) != 6 {
		t.Fatalf("%d applications wait, %v", len(waiting), err)
	}
	for _, r := range waiting {
		if photos, err := s.Photos(t.Context(), string(r.Kind), r.ID); err != nil || len(photos) == 0 {
			t.Errorf("%s has sent %d pictures, %v", r.Name, len(photos), err)
		}
	}
}

func countResidents(s *store.Store, t *testing.T, community core.ID) (n int, err error) {
	for before := core.ID(0); ; {
		rows, more, err := s.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
			Community: community, Page: core.Page{Next: before, Limit: 500},
		})
		if err != nil || !more {
			return n + len(rows), err
		}
		n, before = n+len(rows), rows[len(rows)-1].ID
	}
}

// An empty demo is the demonstration's, too: a production start refuses it, and so does a demo with a
// tour, which has nobody to show in it; a filled one cannot be started as an empty one.
func TestAnEmptyDemoStaysOne(t *testing.T) {
	s := estate.Store(t, store.Options{})
	for range 2 { // the first start and the next
		if err := demo.Begin(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if _, needed, err := s.CreateFirstAdminToken(t.Context()); err != nil || !needed {
		t.Errorf("it has an account: %v", err)
	}
	if err := demo.Refuse(t.Context(), s); !errors.Is(err, demo.ErrDemoData) {
		t.Errorf("a real start on it: %v, want ErrDemoData", err)
	}
	if _, err := demo.Seed(t.Context(), s, nil, keys); !errors.Is(err, demo.ErrBegun) {
		t.Errorf("a tour in it: %v, want ErrBegun", err)
	}
	estate.New(t, s, estate.Plan{})
	if err := demo.Begin(t.Context(), s); err != nil {
		t.Errorf("the next start, with what was set up: %v", err)
	}
	other := estate.Store(t, store.Options{})
	estate.New(t, other, estate.Plan{})
	if err := demo.Begin(t.Context(), other); !errors.Is(err, demo.ErrInUse) {
		t.Errorf("somebody's database: %v, want ErrInUse", err)
	}
	if err := demo.Refuse(t.Context(), other); err != nil {
		t.Errorf("somebody's database after that: %v", err)
	}
}

// The demonstration's administrator has a publicly known password: the demonstration must not run
// on real data, nor a production start on its data.
func TestDemonstrationAndRealDataNeverMeet(t *testing.T) {
	s := estate.Store(t, store.Options{})
	if err := demo.Refuse(t.Context(), s); err != nil {
		t.Errorf("an empty database: %v", err)
	}
	estate.New(t, s, estate.Plan{})
	if _, err := demo.Seed(t.Context(), s, nil, keys); !errors.Is(err, demo.ErrInUse) {
		t.Errorf("seeding somebody's database: %v, want ErrInUse", err)
	}
	if err := demo.Refuse(t.Context(), s); err != nil {
		t.Errorf("somebody's database after that: %v", err)
	}
}

// checkReviewer checks that one of the cast reviews on the phone, that no two of the cast have one number, and that
// most of the followers are residents whose names are known.
func checkReviewer(t *testing.T, s *store.Store, identify demo.Identify) {
	t.Helper()
	numbers, reviewers := map[string]string{}, 0
	for _, m := range demo.People() {
		if other := numbers[m.Phone]; other != "" {
			t.Errorf("%s has the number of %s", m.Name, other)
		}
		numbers[m.Phone] = m.Name
		user, err := s.SignInWechat(t.Context(), identify(m))
		if err != nil {
			t.Fatal(err)
		}
		account, err := s.AccountOfUser(t.Context(), user.ID)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil || !account.Has(core.PermCertificationReview) {
			t.Errorf("%s has an account without reviews: %v", m.Name, err)
		}
		reviewers++
	}
	if reviewers != 1 {
		t.Errorf("%d of the cast review", reviewers)
	}
	known := 0
	for _, f := range demo.Fans() {
		user, err := s.SignInWechat(t.Context(), identify(f.Member))
		if err != nil {
			t.Fatal(err)
		}
		if user.Person != 0 {
			known++
		}
	}
	if known < 15 || known == len(demo.Fans()) {
		t.Errorf("%d of %d followers are known", known, len(demo.Fans()))
	}
}

// checkCompany checks that the company's members are the staff, and that nothing waits to be synced.
func checkCompany(t *testing.T, s *store.Store) {
	t.Helper()
	list, _, err := s.StaffList(t.Context(), core.Everywhere, store.StaffFilter{Page: store.Page{Limit: 100}})
	const byHand = 3
	if err != nil || len(list) != len(demo.CorpMembers())+byHand {
		t.Fatalf("%d staff, %v", len(list), err)
	}
	linked := 0
	for _, m := range list {
		if len(m.Departments) == 0 || len(m.Communities) != 1 {
			t.Errorf("%s has %v, %v", m.Name, m.Departments, m.Communities)
		}
		if m.Account != 0 {
			linked++
		}
	}
	if _, err := s.ClaimStaffSync(t.Context(), "x"); linked != 1 || !core.IsNotFound(err) {
		t.Errorf("%d are linked; to sync: %v", linked, err)
	}
}

// checkHousehold checks that an owner keeps a house on a phone, with one application for the owner and one for the office.
func checkHousehold(t *testing.T, s *store.Store, identify demo.Identify, cast demo.Cast) {
	t.Helper()
	user, err := s.SignInWechat(t.Context(), identify(cast.Householder))
	if err != nil {
		t.Fatal(err)
	}
	houses, err := s.Households(t.Context(), user.ID)
	if err != nil || len(houses) != 1 {
		t.Fatalf("%d houses, %v", len(houses), err)
	}
	if h := houses[0]; !h.Reviews || len(h.People) != 3 || len(h.Waiting) != 1 || h.Office != 1 {
		t.Errorf("decides %t, %d people, %d for the owner, %d for the office", h.Reviews, len(h.People), len(h.Waiting), h.Office)
	}
}
