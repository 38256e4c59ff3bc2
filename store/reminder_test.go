package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// reviewingAccount is an account of some communities that may review.
func reviewingAccount(login string, scope core.Scope) core.Account {
	return core.Account{
		Login: login, Name: "王" + login, Role: core.RoleClerk, Scope: scope,
		Permissions: []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview},
	}
}

// reminderWords are the reminders of a scope, for comparison: login, phone, reach, and whether it is on.
func reminderWords(t *testing.T, s *Store, scope core.Scope, f ReminderFilter) string {
	t.Helper()
	f.Page.Limit = 20
	list, more, err := s.Reminders(t.Context(), scope, f)
	if err != nil || more {
		t.Fatal(more, err)
	}
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = fmt.Sprintf("%s %s %s %t", r.Account.Login, r.Phone, r.Reach, r.On)
	}
	return strings.Join(words, "\n")
}

// bindByTicket ties a WeChat user to an account by the code that somebody with all permissions shows.
func bindByTicket(t *testing.T, s *Store, account, user core.ID) error {
	t.Helper()
	ticket, err := s.CreateBindTicket(t.Context(), core.System, core.Everywhere, BindTarget{
		Kind: core.BindAccount, ID: account, Holder: core.SystemGranter.Holds,
	})
	if err != nil {
		return err
	}
	return ticket.use(t, s, user)
}

// Who may review is listed, with how each is told: by which phone, and whether an official account in use reaches
// them.
func TestReminders(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		o.WechatApps = []KeyedWechatApp{{App: core.WechatApp{Kind: core.WechatOfficial, AppID: "wx1", Scope: core.Everywhere}}}
		s := openStore(t, o)
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		follower := mustAccount(t, s, reviewingAccount("follower", core.ScopeOf(here)))
		bound := mustAccount(t, s, reviewingAccount("bound", core.ScopeOf(here)))
		staff := mustAccount(t, s, reviewingAccount("staff", core.ScopeOf(here, there)))
		mustAccount(t, s, testAccount("onlooker"))
		gone := mustAccount(t, s, reviewingAccount("gone", core.ScopeOf(here)))
		if err := s.DisableAccount(t.Context(), core.SystemGranter, gone.ID); err != nil {
			t.Fatal(err)
		}
		user := newWechatUserWithPhone(t, s, "o-follower", "13800138001")
		for account, who := range map[core.ID]core.WechatIdentity{
			follower.ID: {AppID: "wx1", OpenID: "oa-follower", UnionID: "u1"}, bound.ID: {AppID: "wx9", OpenID: "o-bound"},
		} {
			id := signIn(t, s, who).ID
			if account == follower.ID {
				id = user.ID
				s.mustRun(t, "UPDATE wechat_identity SET user_id = ? WHERE app_id = 'wx1'", int64(id))
				s.mustRun(t, "UPDATE wechat_identity SET followed_at = 1 WHERE app_id = 'wx1'")
			} else {
				s.mustRun(t, "UPDATE wechat_identity SET followed_at = 1 WHERE app_id = 'wx9'") // an account that is not in use
			}
			if err := bindByTicket(t, s, account, id); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.LinkStaffAccount(t.Context(), core.SystemGranter, newStaff(t, s, "李娜", "13700000001", here), staff.ID); err != nil {
			t.Fatal(err)
		}
		want := "follower 138****8001 follower true\nbound  bound true\nstaff 137****0001 none true"
		if got := reminderWords(t, s, everywhere, ReminderFilter{}); got != want {
			t.Errorf("everybody:\n%s\nwant\n%s", got, want)
		}
		if got := reminderWords(t, s, everywhere, ReminderFilter{Community: there}); !strings.HasPrefix(got, "staff ") {
			t.Errorf("of one community:\n%s", got)
		}
		if got := reminderWords(t, s, core.ScopeOf(there), ReminderFilter{}); got != "" {
			t.Errorf("an account with a community outside the scope: %s", got)
		}
		if got := reminderWords(t, s, everywhere, ReminderFilter{Keyword: "bou"}); got != "bound  bound true" {
			t.Errorf("searched: %s", got)
		}

		// WeWork reaches the staff of a company in use.
		if r, err := s.Reminder(t.Context(), everywhere, staff.ID); err != nil || r.Work {
			t.Errorf("staff by hand: %+v, %v", r, err)
		}
		app := makeWechatApp(t, s, "f1", core.ScopeOf(here))
		s.mustRun(t, "UPDATE staff SET app_id = ?, user_id = 'lina', user_key = 'lina'", int64(app.ID))
		if r, err := s.Reminder(t.Context(), everywhere, staff.ID); err != nil || !r.Work || r.Reach != core.ReachNone {
			t.Errorf("a member of the company: %+v, %v", r, err)
		}
		if r, err := s.Reminder(t.Context(), everywhere, bound.ID); err != nil || r.Work {
			t.Errorf("no staff: %+v, %v", r, err)
		}
	})
}

// The switch is for all that an account may review: who reviews but visitors is told of none of these any more.
func TestReminderIsOfAllReviews(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		here := newCommunity(t, s, "翠湖花园")
		guard := reviewingAccount("guard", core.ScopeOf(here))
		guard.Permissions = []core.Permission{core.PermResidentView, core.PermVisitorPassView, core.PermVisitorPassReview}
		account := mustAccount(t, s, guard)
		both := reviewingAccount("zboth", core.ScopeOf(here))
		both.Permissions = append(both.Permissions, core.PermVisitorPassView, core.PermVisitorPassReview)
		second := mustAccount(t, s, both)
		for _, id := range []core.ID{account.ID, second.ID} {
			if err := s.DisableReminder(t.Context(), core.SystemGranter, id); err != nil {
				t.Fatal(err)
			}
		}
		if got := reminderWords(t, s, everywhere, ReminderFilter{}); got != "guard  none false\nzboth  none false" {
			t.Errorf("off:\n%s", got)
		}
		for id, want := range map[core.ID][]core.MessageKind{
			account.ID: {core.MessageVisitReview}, second.ID: {core.MessageReview, core.MessageVisitReview},
		} {
			if p, err := s.Preference(t.Context(), id); err != nil || !slices.Equal(p.Muted, want) {
				t.Errorf("muted %v, %v; want %v", p.Muted, err, want)
			}
		}
		// Somebody switched one of two on again by themselves.
		if err := s.UpdateToldOf(t.Context(), second.ID, Told{Muted: []core.MessageKind{core.MessageReview}}); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Reminder(t.Context(), everywhere, second.ID); err != nil || !r.On {
			t.Errorf("told of visitors: %+v, %v", r, err)
		}
		if err := s.EnableReminder(t.Context(), core.SystemGranter, second.ID); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Preference(t.Context(), second.ID); err != nil || len(p.Muted) != 0 {
			t.Errorf("muted %v, %v", p.Muted, err)
		}
	})
}

// A switch takes effect on what waits from then on, is in the audit log, and is refused to who holds less.
func TestReminderIsSwitched(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		ctx, chief := t.Context(), core.SystemGranter
		if err := w.DisableReminder(ctx, chief, w.zhang.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.DisableReminder(ctx, chief, w.zhang.ID), core.CodeConflict)
		w.apply(w.request("王小明"))
		told := "SELECT COUNT(*) FROM message WHERE kind = 'review' AND to_id = " + w.zhang.ID.String()
		bell := "SELECT COUNT(*) FROM notice WHERE stem = 'certification' AND account_id = " + w.zhang.ID.String()
		if w.count(told) != 0 || w.count(bell) != 1 {
			t.Errorf("switched off: %d messages, %d in the bell", w.count(told), w.count(bell))
		}
		if err := w.EnableReminder(ctx, chief, w.zhang.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.EnableReminder(ctx, chief, w.zhang.ID), core.CodeConflict)
		w.apply(w.request("王大明"))
		if w.count(told) != 1 {
			t.Errorf("switched on again: %d messages", w.count(told))
		}
		for _, action := range []string{"reminder.enable", "reminder.disable"} {
			if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = '" + action + "'"); n != 1 {
				t.Errorf("%d lines of %s", n, action)
			}
		}
		lesser := mustAccount(t, w.Store, testAccount("lesser"))
		wantCode(t, w.DisableReminder(ctx, granterOf(lesser), w.zhang.ID), core.CodeForbidden)
		elsewhere := mustAccount(t, w.Store, reviewingAccount("elsewhere", core.ScopeOf(newCommunity(t, w.Store, "海棠苑"))))
		wantCode(t, w.DisableReminder(ctx, granterOf(elsewhere), w.zhang.ID), core.CodeNotFound)
	})
}

// Who scans the code of an account is bound to it, once; a code is made for nobody who holds more, nor for oneself.
func TestAccountIsBoundByACode(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		ctx := t.Context()
		one := signIn(t, w.Store, core.WechatIdentity{AppID: "wx1", OpenID: "o-1"})
		two := signIn(t, w.Store, core.WechatIdentity{AppID: "wx1", OpenID: "o-2"})
		if err := bindByTicket(t, w.Store, w.zhang.ID, one.ID); err != nil {
			t.Fatal(err)
		}
		if a, err := w.AccountOfUser(ctx, one.ID); err != nil || a.ID != w.zhang.ID {
			t.Errorf("bound to %+v, %v", a, err)
		}
		if n := w.count("SELECT COUNT(*) FROM account_notice WHERE account_id = " + w.zhang.ID.String()); n != 1 {
			t.Errorf("the owner is told %d times", n)
		}
		wantCode(t, bindByTicket(t, w.Store, w.zhang.ID, two.ID), core.CodeConflict) // bound
		wantCode(t, bindByTicket(t, w.Store, w.li.ID, one.ID), core.CodeConflict)    // a WeChat of another account
		lesser := mustAccount(t, w.Store, testAccount("lesser"))
		for what, holder := range map[string]core.Account{
			"who holds less": lesser, "nobody": {}, "oneself": {ID: w.li.ID, Scope: everywhere, Permissions: core.Permissions()},
		} {
			_, err := w.CreateBindTicket(ctx, core.System, everywhere, BindTarget{Kind: core.BindAccount, ID: w.li.ID, Holder: holder})
			if !core.IsConflict(err) && core.CodeOf(err) != core.CodeForbidden && !core.IsNotFound(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A code is over once the account has changed: who shows it may not hold all that it holds now. The scanner's
// number must be that of the member of the staff.
func TestCodeOfAnAccountIsOver(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		ctx := t.Context()
		user := newWechatUserWithPhone(t, w.Store, "o-li", "13700000009")
		ticket := func() BindTicket {
			t.Helper()
			ticket, err := w.CreateBindTicket(ctx, core.System, everywhere, BindTarget{
				Kind: core.BindAccount, ID: w.li.ID, Holder: core.SystemGranter.Holds,
			})
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		over := ticket()
		a, err := w.Account(ctx, everywhere, w.li.ID)
		if err != nil {
			t.Fatal(err)
		}
		a.Name = "李改名"
		if _, err := w.UpdateAccount(ctx, core.SystemGranter, a); err != nil {
			t.Fatal(err)
		}
		wantCode(t, over.use(t, w.Store, user.ID), core.CodeNotFound)
		member := newStaff(t, w.Store, "李审核", "13700000001", w.community)
		if err := w.LinkStaffAccount(ctx, core.SystemGranter, member, w.li.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, ticket().use(t, w.Store, user.ID), core.CodeForbidden)
		w.mustRun(t, "UPDATE staff SET phone_mac = ? WHERE id = ?", w.db.Keys().Digest("phone", "13700000009"), int64(member))
		if err := ticket().use(t, w.Store, user.ID); err != nil {
			t.Errorf("with the number of the staff: %v", err)
		}
	})
}

// Who has no WeChat is told by text message to the number of the staff, if there is one.
func TestTextMessageToTheStaff(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.follow(t, false)
		if err := p.s.UnbindAccount(t.Context(), core.Actor{Kind: core.ActorAccount, ID: p.account.ID}); err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "DELETE FROM message")
		member := newStaff(t, p.s, "李娜", "13700000001", newCommunity(t, p.s, "翠湖花园"))
		p.s.mustRun(t, "UPDATE staff SET account_id = ? WHERE id = ?", int64(p.account.ID), int64(member))
		p.put(t, core.MessageBinding, 1)
		if d := p.claimOne(t, core.ChannelSMS); d.Address != "13700000001" {
			t.Errorf("sent to %q", d.Address)
		}
	})
}

// byTheMiniProgram opens the channel of the mini-program, whose user has consented to one message.
func (p post) byTheMiniProgram(t *testing.T) core.WechatIdentity {
	t.Helper()
	p.setup.Open[core.ChannelSubscribe] = true
	p.setup.Minis[0].Templates = map[core.MessageKind]core.MessageTemplate{
		core.MessageCertification: {ID: "outcome", Fields: map[string]string{"thing1": "title"}},
	}
	mini := core.WechatIdentity{AppID: "wx2", OpenID: "mini"}
	p.s.mustRun(t, "INSERT INTO wechat_identity (app_id, open_id, user_id, created_at) VALUES ('wx2', 'mini', ?, 1)",
		int64(p.owner.ID))
	if err := p.s.Outbox().AddGrant(t.Context(), mini, "outcome"); err != nil {
		t.Fatal(err)
	}
	return mini
}

// tellOutcome tells the owner of the outcome of their application.
func (p post) tellOutcome(t *testing.T) {
	t.Helper()
	if err := p.s.db.Write(t.Context(), "tell", func(tx *database.Tx) error {
		return outbox.Put(tx, core.MessageNote{
			Kind: core.MessageCertification, User: p.owner.ID, Title: "住户认证已通过", Link: "certification/77",
		})
	}); err != nil {
		t.Fatal(err)
	}
}

// A community's own mini-program sends by its own template, to who agreed to it there; the one of all sends to the others.
func TestSubscribeMessageOfOwnMiniProgram(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.byTheMiniProgram(t)
		p.setup.Minis = append(p.setup.Minis, core.MessageAccount{
			App:       core.WechatApp{AppID: "wx3", Scope: core.ScopeOf(7)},
			Templates: map[core.MessageKind]core.MessageTemplate{core.MessageCertification: {ID: "own"}},
		})
		p.s.mustRun(t, "INSERT INTO wechat_identity (app_id, open_id, user_id, created_at) VALUES ('wx3', 'mini3', ?, 1)",
			int64(p.owner.ID))
		if err := p.s.Outbox().AddGrant(t.Context(), core.WechatIdentity{AppID: "wx3", OpenID: "mini3"}, "own"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			community     core.ID
			app, template string
		}{{7, "wx3", "own"}, {7, "wx2", "outcome"}, {8, "", ""}} {
			p.tellOutcome(t)
			p.s.mustRun(t, "UPDATE message SET community_id = ? WHERE state = 'waiting'", int64(c.community))
			if c.app == "" { // both consents are used up
				p.claimOne(t, core.ChannelTemplate)
				continue
			}
			if d := p.claimOne(t, core.ChannelSubscribe); d.AppID != c.app || d.Template.ID != c.template {
				t.Errorf("sent by %s, %s; want %+v", d.AppID, d.Template.ID, c)
			}
		}
	})
}

// A server that is killed before its call leaves the consent unused, once, even if it was only slow.
func TestConsentOfAKilledServer(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.byTheMiniProgram(t)
		p.tellOutcome(t)
		first := p.claimOne(t, core.ChannelSubscribe)
		p.clock.Add(testLease + time.Second)
		second := p.claimOne(t, core.ChannelSubscribe)
		p.record(t, first, core.AnswerBusy, "")
		if n := countRows(t, p.s, "SELECT n FROM message_grant"); n != 0 {
			t.Errorf("%d consents while the second server sends", n)
		}
		p.record(t, second, core.AnswerBusy, "")
		if n := countRows(t, p.s, "SELECT n FROM message_grant"); n != 1 {
			t.Errorf("%d consents after a call that had no effect", n)
		}
	})
}

// What the mini-program's platform reports later: a message that arrived, early or late, and one that did not, which
// goes on to the next channel with the code shown.
func TestSubscribeMessageIsReported(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		mini := p.byTheMiniProgram(t)
		report := func(id string, code int) {
			t.Helper()
			if err := p.s.Outbox().Finish(t.Context(), core.SubscribeReport("wx2", id, code)); err != nil {
				t.Fatal(err)
			}
		}
		send := func(id string) {
			t.Helper()
			if err := p.s.Outbox().AddGrant(t.Context(), mini, "outcome"); err != nil {
				t.Fatal(err)
			}
			p.tellOutcome(t)
			p.record(t, p.claimOne(t, core.ChannelSubscribe), core.AnswerAccepted, id)
		}
		send("1")
		p.wantLast(t, core.MessageSent, core.ChannelSubscribe, "")
		report("1", 0)
		p.wantLast(t, core.MessageDelivered, core.ChannelSubscribe, "")
		report("2", 0)
		send("2")
		p.wantLast(t, core.MessageDelivered, core.ChannelSubscribe, "")
		for _, c := range []struct {
			id    string
			code  int
			why   core.MessageReason
			grant int
		}{{"3", 1002, core.WhyPlatform, 1}, {"4", 43101, core.WhyNoGrant, 0}} {
			send(c.id)
			report(c.id, c.code)
			if m := p.wantLast(t, core.MessageWaiting, core.ChannelSubscribe, c.why); m.Code != strconv.Itoa(c.code) {
				t.Errorf("the code is %q", m.Code)
			}
			p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "t"+c.id)
			if n := countRows(t, p.s, "SELECT n FROM message_grant"); n != c.grant {
				t.Errorf("%d: %d consents are left", c.code, n)
			}
		}
	})
}

// Who switches the messages off in the mini-program's settings is told by the next channel; switched on again, or
// consented to again, they go out by the mini-program as before.
func TestSubscribeMessagesAreSwitchedOff(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		mini := p.byTheMiniProgram(t)
		toggle := func(on bool) {
			if err := p.s.Outbox().SwitchTemplate(t.Context(), mini, "outcome", on); err != nil {
				t.Fatal(err)
			}
		}
		next := func(by core.MessageChannel) {
			t.Helper()
			p.tellOutcome(t)
			p.record(t, p.claimOne(t, by), core.AnswerAccepted, "")
		}
		toggle(false)
		next(core.ChannelTemplate)
		toggle(true)
		next(core.ChannelSubscribe)
		toggle(false)
		if err := p.s.Outbox().AddGrant(t.Context(), mini, "outcome"); err != nil {
			t.Fatal(err)
		}
		next(core.ChannelSubscribe)
		toggle(false)
		p.follow(t, false)
		p.tellOutcome(t)
		p.claim(t)
		p.wantLast(t, core.MessageRefused, "", core.WhyOptedOut)
	})
}

// A resident who has consented is told by the mini-program, and one who has not, or has no more, by the official
// account.
func TestOutcomeByTheMiniProgram(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		mini, tell := p.byTheMiniProgram(t), func() { t.Helper(); p.tellOutcome(t) }
		tell()
		d := p.claimOne(t, core.ChannelSubscribe)
		if d.AppID != "wx2" || d.Address != "mini" || d.MiniPage() != "pages/certification/certification?id=77" {
			t.Errorf("dispatch %+v opens %s", d, d.MiniPage())
		}
		p.record(t, d, core.AnswerAccepted, "1")
		tell()
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "2")
		// A consent that WeChat does not know of any more: the next channel.
		if err := p.s.Outbox().AddGrant(t.Context(), mini, "outcome"); err != nil {
			t.Fatal(err)
		}
		tell()
		p.record(t, p.claimOne(t, core.ChannelSubscribe), core.WechatAnswer(core.ChannelSubscribe, 43101), "")
		if d := p.claimOne(t, core.ChannelTemplate); d.Path() != "h5/certification/77" {
			t.Errorf("opens %s", d.Path())
		}
	})
}

// Whether an official account reaches a reviewer is told by the rules by which it sends.
func TestReachOfAReminder(t *testing.T) {
	with := func(id core.ID, app, template string) core.MessageAccount {
		return core.MessageAccount{
			App:       core.WechatApp{ID: id, AppID: app},
			Templates: map[core.MessageKind]core.MessageTemplate{core.MessageReview: {ID: template}},
		}
	}
	follows := map[string]string{"wx1": "a", "wx2": "b"}
	for name, c := range map[string]struct {
		officials []core.MessageAccount
		out       []refused
		want      core.ReminderReach
	}{
		"no account":                {nil, nil, core.ReachBound},
		"without a template":        {[]core.MessageAccount{with(1, "wx1", "")}, nil, core.ReachUnset},
		"of the configuration file": {[]core.MessageAccount{with(0, "wx1", "")}, nil, core.ReachFollower},
		"another is followed":       {[]core.MessageAccount{with(3, "wx3", "t")}, nil, core.ReachBound},
		"switched off":              {[]core.MessageAccount{with(1, "wx1", "t")}, []refused{{"wx1", "a", "t"}}, core.ReachOptedOut},
		"blocked":                   {[]core.MessageAccount{with(1, "wx1", "t")}, []refused{{"wx1", "a", ""}}, core.ReachOptedOut},
		"another kind is off":       {[]core.MessageAccount{with(1, "wx1", "t")}, []refused{{"wx1", "a", "u"}}, core.ReachFollower},
		"by the second": {
			[]core.MessageAccount{with(1, "wx1", "t"), with(2, "wx2", "t")}, []refused{{"wx1", "a", ""}}, core.ReachFollower,
		},
	} {
		out := map[refused]bool{}
		for _, r := range c.out {
			out[r] = true
		}
		if got := reachOf(c.officials, []core.MessageKind{core.MessageVisitReview, core.MessageReview}, follows, out); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
