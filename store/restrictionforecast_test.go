package store

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"tongxing/core"
)

// telling is a community whose residents are told in every way there is: house 0 by the official account, house 1 by the
// mini-program, with one consent for two houses, house 2 not any more, house 3 by a number that nothing is sent to; house 4 has a
// child without one, and house 5 somebody who is not certified.
type telling struct {
	community core.ID
	houses    []core.ID
	setup     core.MessageSetup
}

func newTelling(t *testing.T, s *Store) telling {
	t.Helper()
	w := telling{community: newCommunity(t, s, "翠湖花园")}
	w.houses = newHouses(t, s, w.community, 7)
	user := func(app, name, phone string, houses ...core.ID) core.WechatIdentity {
		t.Helper()
		for _, house := range houses {
			newResident(t, s, w.community, house, name, phone)
		}
		who := core.WechatIdentity{AppID: app, OpenID: "open-" + phone}
		u, err := s.SignInWechat(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.BindPhone(t.Context(), u.ID, phone, name); err != nil {
			t.Fatal(err)
		}
		return who
	}
	if err := s.UpdateFollowed(t.Context(), user("wx1", "王小明", "13800000001", w.houses[0]), true); err != nil {
		t.Fatal(err)
	}
	mini := user("wxmini", "陈芳", "13800000002", w.houses[1], w.houses[6])
	if err := s.outbox.AddGrant(t.Context(), mini, "tm"); err != nil {
		t.Fatal(err)
	}
	user("wx1", "周敏", "13800000003", w.houses[2])
	for _, r := range []core.Resident{
		{House: w.houses[3], Name: "李桂英", Phone: "13800000004", Certified: s.Now()},
		{House: w.houses[4], Name: "李小宝", Certified: s.Now()},
		{House: w.houses[5], Name: "赵未认证", Phone: "13800000005"},
	} {
		r.Community, r.Identity = w.community, core.Family
		if _, err := s.CreateResident(t.Context(), core.System, everywhere, r); err != nil {
			t.Fatal(err)
		}
	}
	account := func(app string, kind core.WechatAppKind, template string) []core.MessageAccount {
		return []core.MessageAccount{{
			App:       core.WechatApp{AppID: app, Kind: kind, Scope: everywhere},
			Templates: map[core.MessageKind]core.MessageTemplate{core.MessageRestriction: {ID: template}},
		}}
	}
	w.setup = core.MessageSetup{
		Officials: account("wx1", core.WechatOfficial, "t1"), Minis: account("wxmini", core.WechatMini, "tm"),
		Open: map[core.MessageChannel]bool{core.ChannelTemplate: true, core.ChannelSubscribe: true},
	}
	return w
}

// What a question says of who will be told is what the outbox does: by day, in the night, and while a channel sends nothing.
func TestForecastIsWhatHappens(t *testing.T) {
	for name, c := range map[string]struct {
		hour, soon, morning, held int
		stop                      bool
	}{
		"by day": {hour: 10, soon: 2}, "at night": {hour: 23, morning: 2}, "a stopped channel": {hour: 10, soon: 1, held: 1, stop: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
				now := clock.Now().In(testZone)
				clock.Add(time.Date(now.Year(), now.Month(), now.Day()+1, c.hour, 0, 0, 0, testZone).Sub(now))
				w := newTelling(t, s)
				if c.stop {
					if err := s.outbox.Stop(t.Context(), core.ChannelStop{
						Channel: core.ChannelTemplate, AppID: "wx1", Until: clock.Now().Add(time.Hour), Reason: core.WhyNoQuota,
					}); err != nil {
						t.Fatal(err)
					}
				}
				f, err := s.ForecastRestriction(t.Context(), core.ScopeOf(w.community), w.setup, w.community, nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				missed := map[core.MessageReason]int{core.WhyNoGrant: 2, core.WhyNoWechat: 1, core.WhyNoPhone: 1}
				if f.Residents != 7 || f.Certified != 6 || f.Soon != c.soon || f.Morning != c.morning || f.Held != c.held ||
					!maps.Equal(f.Unreached, missed) || f.Missed() != 4 || c.morning > 0 && f.Quiet.Hour() != 7 {
					t.Errorf("the whole community: %+v", f)
				}
				some, err := s.ForecastRestriction(t.Context(), everywhere, w.setup, w.community, w.houses, 0)
				if err != nil || fmt.Sprint(some) != fmt.Sprint(f) {
					t.Errorf("its houses: %+v, want %+v; %v", some, f, err)
				}
				var written int
				if err := s.db.Get(t.Context(), &written, "SELECT COUNT(*) FROM message"); err != nil || written != 0 {
					t.Errorf("a forecast wrote %d messages; %v", written, err)
				}
				happens(t, s, clock, w, f)
			})
		})
	}
}

// happens restricts the houses, and compares what the outbox does with what was said.
func happens(t *testing.T, s *Store, clock *testClock, w telling, f RestrictionForecast) {
	t.Helper()
	if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
		Community: w.community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "检修"},
	}); err != nil {
		t.Fatal(err)
	}
	clock.Add(RestrictionNoteDelay)
	if err := s.TellOfRestrictions(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := core.MessageClaim{Setup: w.setup, Quiet: core.DefaultQuiet, Zone: testZone, Limit: 1, Lease: testLease}
	for seen := 1; seen > 0; { // one by one: of two for one consent a claim takes one
		var err error
		if _, seen, err = s.outbox.Claim(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
	}
	var rows []struct {
		State  core.MessageState  `db:"state"`
		Reason core.MessageReason `db:"reason"`
	}
	if err := s.db.All(t.Context(), &rows, "SELECT state, reason FROM message"); err != nil {
		t.Fatal(err)
	}
	got := RestrictionForecast{
		Residents: f.Residents, Certified: f.Certified, Quiet: f.Quiet, Unreached: map[core.MessageReason]int{core.WhyNoPhone: 1},
	}
	for _, r := range rows {
		switch {
		case r.State == core.MessageSending:
			got.Soon++
		case r.State == core.MessageWaiting && r.Reason == core.WhyQuiet:
			got.Morning++
		case r.State == core.MessageWaiting:
			got.Held++
		default:
			got.Unreached[r.Reason]++
		}
	}
	if f.Morning > 0 { // in the morning the second house finds the consent used up
		got.Morning, got.Unreached[core.WhyNoGrant] = got.Morning-1, got.Unreached[core.WhyNoGrant]+1
	}
	if fmt.Sprint(got) != fmt.Sprint(f) {
		t.Errorf("%+v happened, forecast was %+v", got, f)
	}
}

// Whose communities are others may not count, and what starts on another day is told on that.
func TestForecastOfAnotherDay(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newTelling(t, s)
		for _, houses := range [][]core.ID{nil, w.houses} {
			foreign := core.ScopeOf(w.community + 1)
			if _, err := s.ForecastRestriction(t.Context(), foreign, w.setup, w.community, houses, 0); !core.IsNotFound(err) {
				t.Errorf("a foreign community: %v", err)
			}
		}
		day := core.DayOf(clock.Now(), testZone) + 2
		f, err := s.ForecastRestriction(t.Context(), everywhere, w.setup, w.community, w.houses[:1], day)
		if want := day.Start(testZone).Add(7 * time.Hour); err != nil || f.Morning != 1 || !f.Quiet.Equal(want) {
			t.Errorf("%+v, want one at %v; %v", f, want, err)
		}
	})
}
