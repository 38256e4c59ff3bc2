package store

import (
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Accounts that may see every message are told, by the bell, what is wrong with a channel: once a day for each reason, and of
// what stops nothing too. The channels' page has it for a day.
func TestOperatorsAreToldOfAChannel(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		operator := testAccount("operator")
		operator.Permissions = []core.Permission{core.PermMessageView}
		all := mustAccount(t, p.s, operator)
		operator.Login, operator.Scope = "ofone", core.ScopeOf(newCommunity(t, p.s, "海棠苑"))
		one := mustAccount(t, p.s, operator)
		told := func(account core.ID) int {
			return countRows(t, p.s, "SELECT COUNT(*) FROM notice WHERE stem = 'message' AND account_id = "+account.String())
		}
		stops := func() []core.ChannelStop {
			days, err := p.s.Outbox().Today(t.Context(), everywhere)
			if err != nil {
				t.Fatal(err)
			}
			return days[0].Stops
		}
		fail := func(answer core.SendAnswer) {
			t.Helper()
			p.put(t, core.MessageSignIn, 1)
			for _, d := range p.claim(t) {
				p.record(t, d, answer, "")
			}
		}
		for i, answer := range []core.SendAnswer{core.AnswerBadBody, core.AnswerOther, core.AnswerNoLicence, core.AnswerBadIP} {
			for range 3 {
				fail(answer)
			}
			if n := told(all.ID); n != i+1 {
				t.Errorf("answer %d: told %d times, want %d", answer, n, i+1)
			}
		}
		for i := range 6 { // two by turns
			p.clock.Add(2 * time.Hour)
			fail([]core.SendAnswer{core.AnswerNoLicence, core.AnswerBadIP}[i%2])
		}
		if n := told(all.ID); n != 4 {
			t.Errorf("of reasons that come by turns: told %d times", n)
		}
		if list := stops(); len(list) != 2 || list[0].Reason != core.WhyBadIP || !list[0].Until.After(p.s.Now()) ||
			list[1].Reason != core.WhyNoLicence || list[1].Until.After(p.s.Now()) || list[1].Code != "1" {
			t.Errorf("stops %+v", list)
		}
		p.clock.Add(time.Minute)
		p.claim(t)
		if n := countRows(t, p.s, "SELECT COUNT(*) FROM message WHERE kind = 'alarm' AND channel = 'inapp' AND state = 'sent' AND to_id = "+
			all.ID.String()); n != 4 {
			t.Errorf("%d alarms are in the ledger", n)
		}
		if n := told(one.ID); n != 0 {
			t.Errorf("an account of one community is told %d times", n)
		}
		p.clock.Add(25 * time.Hour)
		if list := stops(); len(list) != 0 {
			t.Errorf("a day later %+v", list)
		}
		fail(core.AnswerBadIP)
		if n := told(all.ID); n != 5 {
			t.Errorf("told %d times", n)
		}
	})
}

// Who runs the deployment lifts a stop once, as it was shown, and what waits goes out within seconds; it is in the log. What
// comes again is told again.
func TestResumeChannel(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		ctx, by := t.Context(), core.Actor{Kind: core.ActorAccount, ID: p.account.ID, Name: "运维", Operator: true}
		stop := core.ChannelStop{
			Channel: core.ChannelTemplate, AppID: "wx1", Until: p.s.Now().Add(5 * time.Minute), Reason: core.WhyBadIP, Code: "40164",
			Alarm: true,
		}
		if err := p.s.Outbox().Stop(ctx, stop); err != nil {
			t.Fatal(err)
		}
		p.put(t, core.MessageSignIn, 3)
		if list := p.claim(t); len(list) != 0 {
			t.Fatalf("sent %+v", list)
		}
		p.clock.Add(time.Second)
		renewed := stop
		renewed.Until = p.s.Now().Add(5 * time.Minute)
		if err := p.s.Outbox().Stop(ctx, renewed); err != nil {
			t.Fatal(err)
		}
		p.put(t, core.MessageSignIn, 1)
		p.claim(t)
		if n, err := p.s.Outbox().Waiting(ctx, renewed); err != nil || n != 4 {
			t.Errorf("%d wait, %v", n, err)
		}
		for name, try := range map[string]struct {
			by    core.Actor
			scope core.Scope
			stop  core.ChannelStop
			code  core.Code
		}{
			"as it was before": {by, everywhere, stop, core.CodeConflict},
			"of one community": {by, core.ScopeOf(7), renewed, core.CodeForbidden},
			"no operator":      {core.Actor{Kind: core.ActorAccount, ID: p.account.ID}, everywhere, renewed, core.CodeForbidden},
		} {
			_, err := p.s.ResumeChannel(ctx, try.by, try.scope, try.stop)
			wantRefused(t, name, err, try.code)
		}
		if n, err := p.s.ResumeChannel(ctx, by, everywhere, renewed); err != nil || n != 4 {
			t.Errorf("resumed %d, %v", n, err)
		}
		if _, err := p.s.ResumeChannel(ctx, by, everywhere, renewed); !core.IsConflict(err) {
			t.Errorf("a second time: %v", err)
		}
		p.clock.Add(7 * time.Second)
		if list := p.claim(t); len(list) != 4 {
			t.Errorf("%d of 4 went out", len(list))
		}
		days, err := p.s.Outbox().Today(ctx, everywhere)
		if err != nil || len(days[0].Stops) != 0 {
			t.Errorf("stops %+v, %v", days[0].Stops, err)
		}
		lines, _, err := p.s.AuditRecords(ctx, everywhere, core.AuditFilter{Action: "message.resume"}, Page{Limit: 10})
		if err != nil || len(lines) != 1 {
			t.Errorf("the log has %d lines, %v", len(lines), err)
		}
		told := func() int { return countRows(t, p.s, "SELECT COUNT(*) FROM message_stop WHERE told <> ''") }
		if told() != 0 {
			t.Error("the fault was not forgotten")
		}
		renewed.Until = p.s.Now().Add(5 * time.Minute)
		if err := p.s.Outbox().Stop(ctx, renewed); err != nil || told() != 1 {
			t.Errorf("it came again: %v, told %d", err, told())
		}
	})
}

// A check that passes lifts what it shows to be mended, of its account alone; the day's quota stays what the platform says.
func TestCheckLiftsStops(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		ctx := t.Context()
		app := makeWechatApp(t, p.s, "d1", core.Everywhere)
		p.setup.Officials[0].App = app
		follower := core.WechatIdentity{AppID: app.AppID, OpenID: "owner-d1"}
		if err := p.s.UpdateFollowed(ctx, follower, true); err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "UPDATE wechat_identity SET user_id = (SELECT user_id FROM account WHERE id = ?) WHERE open_id = 'owner-d1'",
			int64(p.account.ID))
		stopped := func(appID string, why core.MessageReason, until time.Time) {
			t.Helper()
			stop := core.ChannelStop{Channel: core.ChannelTemplate, AppID: appID, Until: until, Reason: why, Alarm: true}
			if why == core.WhyBadTemplate {
				stop.Template = "template-job"
			}
			if err := p.s.Outbox().Stop(ctx, stop); err != nil {
				t.Fatal(err)
			}
		}
		soon := p.s.Now().Add(5 * time.Minute)
		stopped(app.AppID, core.WhyBadSecret, soon)
		stopped(app.AppID, core.WhyBadTemplate, soon.Add(time.Hour))
		stopped("wx1", core.WhyBadSecret, soon)
		p.put(t, core.MessageSignIn, 2)
		if list := p.claim(t); len(list) != 0 {
			t.Fatalf("sent %+v", list)
		}
		if lift, err := p.s.NoteWechatCheck(ctx, app.ID, "不正确"); err != nil || lift != (core.ChannelLift{}) {
			t.Errorf("a check that fails: %+v, %v", lift, err)
		}
		if lift, err := p.s.NoteWechatCheck(ctx, app.ID, ""); err != nil || lift != (core.ChannelLift{Waiting: 2}) {
			t.Errorf("a check that passes: %+v, %v", lift, err)
		}
		p.clock.Add(7 * time.Second)
		if list := p.claim(t); len(list) != 2 {
			t.Errorf("%d of 2 went out", len(list))
		}
		days, err := p.s.Outbox().Today(ctx, everywhere)
		if err != nil || len(days[0].Stops) != 1 || days[0].Stops[0].AppID != "wx1" {
			t.Errorf("stops %+v, %v", days[0].Stops, err)
		}
		midnight := core.NextMidnight(p.s.Now())
		stopped(app.AppID, core.WhyNoQuota, midnight)
		if lift, err := p.s.NoteWechatCheck(ctx, app.ID, ""); err != nil || lift != (core.ChannelLift{Held: true}) {
			t.Errorf("with a quota used up: %+v, %v", lift, err)
		}
		if stop, err := p.s.Outbox().Stopped(ctx, core.ChannelTemplate, app.AppID, ""); err != nil || !stop.Until.Equal(midnight) {
			t.Errorf("the quota's stop: %+v, %v", stop, err)
		}
	})
}

// What a channel did is counted by the communities that the messages are about: each account sees what is of its own.
func TestFiguresOfAChannelAreOfTheScope(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		here, there := newCommunity(t, p.s, "海棠苑"), newCommunity(t, p.s, "紫薇苑")
		for community, n := range map[core.ID]int{here: 1, there: 2, 0: 4} {
			err := p.s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
				for range n {
					note := core.MessageNote{Kind: core.MessageSignIn, Account: p.account.ID, Community: community, Title: "x", Link: "me"}
					if err := outbox.Put(tx, note); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, d := range p.claim(t) {
			answer := core.AnswerAccepted
			if i == 0 {
				answer = core.AnswerBusy
			}
			p.record(t, d, answer, "")
		}
		for name, want := range map[string]struct {
			scope core.Scope
			done  int
		}{
			"here": {core.ScopeOf(here), 1}, "there": {core.ScopeOf(there), 2}, "both": {core.ScopeOf(here, there), 3},
			"all": {everywhere, 7}, "elsewhere": {core.ScopeOf(7), 0},
		} {
			days, err := p.s.Outbox().Today(t.Context(), want.scope)
			if err != nil || days[0].Sent+days[0].Failed != want.done {
				t.Errorf("%s: %+v, %v; want %d", name, days[0], err, want.done)
			}
		}
	})
}

// A pause because the platform does not answer keeps what somebody must look at, for as long as it is shown.
func TestPauseKeepsTheAlarm(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerBadIP, "")
		for _, c := range []struct {
			after time.Duration
			want  core.MessageReason
		}{{6 * time.Minute, core.WhyBadIP}, {23 * time.Hour, core.WhyBadIP}, {2 * time.Hour, core.WhyNoAnswer}} {
			p.clock.Add(c.after)
			until := p.s.Now().Add(time.Minute)
			stop := core.ChannelStop{Channel: core.ChannelTemplate, AppID: "wx1", Until: until, Reason: core.WhyNoAnswer}
			if err := p.s.Outbox().Stop(t.Context(), stop); err != nil {
				t.Fatal(err)
			}
			now, err := p.s.Outbox().Stopped(t.Context(), core.ChannelTemplate, "wx1", "")
			if err != nil || now.Reason != c.want || now.Alarm != (c.want == core.WhyBadIP) || !now.Until.Equal(until) {
				t.Errorf("%s later: %+v, %v", c.after, now, err)
			}
		}
	})
}
