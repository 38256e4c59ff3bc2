package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// post is an office whose account can be told by WeChat.
type post struct {
	office
	setup core.MessageSetup
}

func eachPost(t *testing.T, test func(t *testing.T, p post)) {
	eachOffice(t, func(t *testing.T, o office) { test(t, officePost(t, o)) })
}

func officePost(t *testing.T, o office) post {
	t.Helper()
	p := post{office: o, setup: core.MessageSetup{
		Open:      map[core.MessageChannel]bool{core.ChannelTemplate: true, core.ChannelSMS: true},
		Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{},
		Officials: []core.MessageAccount{{
			App:       core.WechatApp{AppID: "wx1", Scope: core.Everywhere},
			Templates: map[core.MessageKind]core.MessageTemplate{},
		}},
		Minis: []core.MessageAccount{{App: core.WechatApp{AppID: "wx2", Scope: core.Everywhere}}},
	}}
	for _, kind := range core.MessageKinds() {
		p.setup.Officials[0].Templates[kind] = core.MessageTemplate{ID: "template-" + string(kind)}
	}
	p.follow(t, true)
	o.bind(t)
	o.s.mustRun(t, "DELETE FROM message") // of the binding itself
	var all []string
	for _, kind := range core.MessageTypes {
		if kind.Kind != core.MessageAlarm { // not told of stops, which tests make
			all = append(all, string(kind.Needs))
		}
	}
	o.s.mustRun(t, "UPDATE account SET permissions = ? WHERE id = ?", strings.Join(all, ","), int64(o.account.ID))
	return p
}

func (s *Store) mustRun(t *testing.T, query string, args ...any) {
	t.Helper()
	if err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error { return discard(tx.Exec(query, args...)) }); err != nil {
		t.Fatal(err)
	}
}

func (p post) follow(t *testing.T, follows bool) {
	t.Helper()
	if err := p.s.UpdateFollowed(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "owner"}, follows); err != nil {
		t.Fatal(err)
	}
}

// put tells the account of n things of a kind.
func (p post) put(t *testing.T, kind core.MessageKind, n int) {
	t.Helper()
	err := p.s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
		var all []told
		for i := range n {
			all = append(all, told{
				p.account.ID, core.Notice{Stem: "account", Title: fmt.Sprintf("提醒 %d", i), Link: "me"},
				core.MessageNote{Kind: kind},
			})
		}
		return notify(tx, all...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// testLease is how long a worker of these tests holds a message.
const testLease = 2 * time.Minute

func (p post) ask(limit int) core.MessageClaim {
	return core.MessageClaim{Setup: p.setup, Quiet: core.DefaultQuiet, Zone: testZone, Limit: limit, Lease: testLease}
}

func (p post) claim(t *testing.T) []core.Dispatch {
	t.Helper()
	list, _, err := p.s.Outbox().Claim(t.Context(), p.ask(500))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// claimOne claims the one message that is due by a channel.
func (p post) claimOne(t *testing.T, by core.MessageChannel) core.Dispatch {
	t.Helper()
	list := p.claim(t)
	if len(list) != 1 || list[0].Channel != by {
		t.Fatalf("claimed %+v, want one by %s", list, by)
	}
	return list[0]
}

func (p post) record(t *testing.T, d core.Dispatch, answer core.SendAnswer, id string) {
	t.Helper()
	result := core.SendResult{Dispatch: d, Answer: answer, Code: "1", ID: id, Random: 0.5}
	if err := p.s.Outbox().Record(t.Context(), []core.SendResult{result}); err != nil {
		t.Fatal(err)
	}
}

// ledger returns the account's messages, oldest first.
func (p post) ledger(t *testing.T) []core.Message {
	t.Helper()
	list, _, err := p.s.Messages(t.Context(), everywhere, core.MessageFilter{}, Page{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// wantLast checks the fate of the newest message.
func (p post) wantLast(t *testing.T, state core.MessageState, by core.MessageChannel, why core.MessageReason) core.Message {
	t.Helper()
	list := p.ledger(t)
	m := list[len(list)-1]
	if m.State != state || m.Channel != by || m.Reason != why {
		t.Errorf("the message is %s by %q, %q; want %s by %q, %q", m.State, m.Channel, m.Reason, state, by, why)
	}
	open := slices.Contains([]core.MessageState{core.MessageWaiting, core.MessageSending}, m.State) ||
		m.State == core.MessageSent && m.Channel == core.ChannelInApp
	if open == m.Next.IsZero() {
		t.Errorf("%s, and is looked at again at %s", m.State, m.Next)
	}
	return m
}

func delivered(app, id string) core.MessageReport {
	return core.MessageReport{AppID: app, ID: id, State: core.AttemptDelivered}
}

func blocked(app, id string) core.MessageReport {
	return core.MessageReport{AppID: app, ID: id, State: core.AttemptRefused, Reason: core.WhyBlocked}
}

// A message goes out by the account's WeChat, once, and its delivery is reported, whether before or after the
// answer was recorded.
func TestMessageIsDelivered(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		for i, early := range []bool{false, true} {
			p.put(t, core.MessageSignIn, 1)
			d := p.claimOne(t, core.ChannelTemplate)
			if d.Address != "owner" || d.AppID != "wx1" || d.Template.ID != "template-sign_in" || d.Key == "" || d.Title != "提醒 0" {
				t.Errorf("dispatch %+v", d)
			}
			if again := p.claim(t); len(again) != 0 {
				t.Errorf("claimed twice: %+v", again)
			}
			id := fmt.Sprint(100 + i)
			report := func() {
				if err := p.s.Outbox().Finish(t.Context(), delivered("wx1", id)); err != nil {
					t.Fatal(err)
				}
			}
			if early {
				report()
			}
			p.record(t, d, core.AnswerAccepted, id)
			if !early {
				p.wantLast(t, core.MessageSent, core.ChannelTemplate, "")
				report()
			}
			p.wantLast(t, core.MessageDelivered, core.ChannelTemplate, "")
		}
		days, err := p.s.Outbox().Today(t.Context(), everywhere)
		if err != nil || days[0].Sent != 2 || days[0].Failed != 0 {
			t.Errorf("today: %+v, %v", days, err)
		}
	})
}

// Whom WeChat does not reach is told in the bell; reading it is the delivery, and not reading it is not.
func TestMessageInTheBell(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.follow(t, false)
		p.put(t, core.MessageSignIn, 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent %+v", list)
		}
		p.wantLast(t, core.MessageSent, core.ChannelInApp, core.WhyNotFollowed)
		notices, _, err := p.s.Notices(t.Context(), p.account.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.s.ReadNotices(t.Context(), p.account.ID, notices[0].ID); err != nil {
			t.Fatal(err)
		}
		p.wantLast(t, core.MessageDelivered, "inapp", core.WhyNotFollowed)

		p.put(t, core.MessageSignIn, 2)
		p.claim(t)
		p.clock.Add(25 * time.Hour)
		p.claim(t)
		list := p.ledger(t)
		if m := list[len(list)-1]; m.State != core.MessageUnreached || m.Reason != core.WhyUnread || !m.Next.IsZero() {
			t.Errorf("unread: %+v", m)
		}
		people, more, err := p.s.Unreached(t.Context(), everywhere, Page{})
		if err != nil || more || len(people) != 1 || people[0].Messages != 2 || people[0].Recipient.Link != p.account.ID ||
			people[0].Reason != core.WhyUnread || people[0].Name == "" {
			t.Errorf("not reached: %+v, %v", people, err)
		}
		rest, _, err := p.s.Unreached(t.Context(), everywhere, Page{Limit: 1, Next: people[0].Last})
		if err != nil || len(rest) != 0 {
			t.Errorf("the next page: %+v, %v", rest, err)
		}
		if people, _, err := p.s.Unreached(t.Context(), core.ScopeOf(7), Page{}); err != nil || len(people) != 0 {
			t.Errorf("of another community: %+v, %v", people, err)
		}
	})
}

// Who reads their bell before the message comes into it has been reached, also while WeChat was still being tried.
func TestReadBeforeItIsInTheBell(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		read := func() {
			notices, _, err := p.s.Notices(t.Context(), p.account.ID)
			if err == nil {
				err = p.s.ReadNotices(t.Context(), p.account.ID, notices[0].ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		p.put(t, core.MessageSignIn, 1)
		d := p.claimOne(t, core.ChannelTemplate)
		read()
		p.s.mustRun(t, "UPDATE follower SET look_at = NULL")
		p.record(t, d, core.AnswerGone, "")
		if ids, err := p.s.FollowersToAsk(t.Context(), "wx1", 5); err != nil || !slices.Equal(ids, []string{"owner"}) {
			t.Errorf("WeChat is asked about %q, %v", ids, err)
		}
		p.claim(t)
		p.wantLast(t, core.MessageDelivered, core.ChannelInApp, core.WhyNotFollowed)

		p.put(t, core.MessageAccessAlert, 2)
		read()
		p.clock.Add(time.Minute)
		p.claim(t)
		if m := p.ledger(t)[1]; m.State != core.MessageDelivered || !m.Next.IsZero() || m.Ended.IsZero() {
			t.Errorf("read within the minute: %+v", m)
		}
	})
}

// What each answer means for the next message of the same person, too.
func TestAnswersHaveConsequences(t *testing.T) {
	for answer, want := range map[core.SendAnswer]struct {
		next core.MessageChannel // of the next message
		why  core.MessageReason
	}{
		core.AnswerGone:     {core.ChannelInApp, core.WhyNotFollowed},
		core.AnswerOptedOut: {core.ChannelInApp, core.WhyOptedOut},
		core.AnswerNoQuota:  {core.ChannelInApp, core.WhyNoQuota},
		core.AnswerBadID:    {core.ChannelInApp, core.WhyBadTemplate},
		core.AnswerNoRight:  {core.ChannelInApp, core.WhyNoRight},
		core.AnswerBadTo:    {core.ChannelTemplate, ""},
		core.AnswerBadBody:  {core.ChannelTemplate, ""},
		core.AnswerOther:    {core.ChannelTemplate, ""},
	} {
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			eachPost(t, func(t *testing.T, p post) {
				p.put(t, core.MessageSignIn, 1)
				p.record(t, p.claimOne(t, core.ChannelTemplate), answer, "")
				p.claim(t)
				if m := p.wantLast(t, core.MessageSent, core.ChannelInApp, core.ReasonOf(answer)); m.Code != "1" {
					t.Errorf("the platform's code is %q", m.Code)
				}
				p.put(t, core.MessageSignIn, 1)
				list := p.claim(t)
				if (len(list) == 1) != (want.next == core.ChannelTemplate) {
					t.Errorf("the next one: %+v", list)
				}
				if len(list) == 0 {
					p.wantLast(t, core.MessageSent, core.ChannelInApp, want.why)
				}
				// A day later the quota is new, and a template may have been mended; who refuses still does.
				p.clock.Add(24 * time.Hour)
				p.put(t, core.MessageSignIn, 1)
				refuses := answer == core.AnswerGone || answer == core.AnswerOptedOut
				if list := p.claim(t); (len(list) > 0) == refuses {
					t.Errorf("a day later: %+v", list)
				}
				p.follow(t, true) // who follows again wants messages again
				p.put(t, core.MessageSignIn, 1)
				if list := p.claim(t); len(list) != 1 {
					t.Errorf("followed again: %+v", list)
				}
			})
		})
	}
}

// A stop of one official account leaves the others sending: 45009 and 40164 are about the account that was called.
func TestStopIsOfOneAccount(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		d := p.claimOne(t, core.ChannelTemplate)
		p.record(t, d, core.AnswerNoQuota, "")
		p.claim(t) // it goes on to the bell
		days, err := p.s.Outbox().Today(t.Context(), everywhere)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			for _, stop := range day.Stops {
				if stop.Channel != core.ChannelTemplate || stop.AppID != "wx1" {
					t.Errorf("stopped: %+v", stop)
				}
			}
		}
		if n := countRows(t, p.s, "SELECT COUNT(*) FROM message_stop"); n != 1 {
			t.Errorf("%d stops", n)
		}
		// The same account sends nothing; with another one in its place messages go on.
		p.put(t, core.MessageSignIn, 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent by the stopped account: %+v", list)
		}
		who := core.WechatIdentity{AppID: "wx9", OpenID: "owner9"}
		user, err := p.s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "INSERT INTO wechat_identity (app_id, open_id, user_id, followed_at, created_at) VALUES (?, ?, ?, 1, 1)",
			who.AppID, who.OpenID, int64(user.ID))
		p.setup.Officials[0].App.AppID = who.AppID
		p.put(t, core.MessageSignIn, 1)
		if d := p.claimOne(t, core.ChannelTemplate); d.AppID != who.AppID {
			t.Errorf("sent by %q", d.AppID)
		}
	})
}

// What may have been sent by one account is repeated by that account alone, though another would come first by now; and
// a stopped account does not hide another that the recipient follows.
func TestWhichAccountSends(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		user, err := p.s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "INSERT INTO wechat_identity (app_id, open_id, user_id, followed_at, created_at) VALUES ('wx9', 'owner9', ?, 1, 1)",
			int64(user.ID))
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerUnsure, "")
		other := p.setup.Officials[0]
		other.App.AppID = "wx9"
		p.setup.Officials = []core.MessageAccount{other, p.setup.Officials[0]}
		p.clock.Add(time.Minute)
		d := p.claimOne(t, core.ChannelTemplate)
		if d.AppID != "wx1" {
			t.Errorf("repeated by %q", d.AppID)
		}
		p.record(t, d, core.AnswerAccepted, "")

		p.put(t, core.MessageSignIn, 1)
		if d = p.claimOne(t, core.ChannelTemplate); d.AppID != "wx9" {
			t.Errorf("sent by %q", d.AppID)
		}
		p.record(t, d, core.AnswerNoQuota, "")
		if d = p.claimOne(t, core.ChannelTemplate); d.AppID != "wx1" {
			t.Errorf("while the first is stopped it is sent by %q", d.AppID)
		}
	})
}

// A kind of a later version waits for a server that knows it.
func TestKindOfALaterVersionWaits(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, "later", 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent %+v", list)
		}
		p.wantLast(t, core.MessageWaiting, "", "")
	})
}

// A short stop is waited for, and what must be mended is given up after a while.
func TestShortStopIsWaitedFor(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		for try := range 3 {
			p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerBadIP, "")
			if list := p.claim(t); len(list) != 0 {
				t.Fatalf("try %d: %+v", try, list)
			}
			p.clock.Add(5*time.Minute + time.Second)
		}
		p.claim(t)
		p.wantLast(t, core.MessageSent, core.ChannelInApp, core.WhyBadIP)
	})
}

// A follower whose settings block the account is told otherwise, from the report on.
func TestBlockedFollower(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerAccepted, "7")
		for range 2 { // WeChat repeats itself
			if err := p.s.Outbox().Finish(t.Context(), blocked("wx1", "7")); err != nil {
				t.Fatal(err)
			}
		}
		p.claim(t)
		p.wantLast(t, core.MessageSent, core.ChannelInApp, core.WhyBlocked)
		p.put(t, core.MessageBinding, 1)
		p.claim(t)
		p.wantLast(t, core.MessageSent, core.ChannelInApp, core.WhyBlocked)
		for _, id := range []string{"", "8"} { // not ours, or not known yet
			if err := p.s.Outbox().Finish(t.Context(), delivered("wx1", id)); err != nil {
				t.Error(err)
			}
		}
	})
}

// What two accounts report before the answers are recorded, in one transaction, is each account's.
func TestEarlyReportsOfTwoAccounts(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		user, err := p.s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "INSERT INTO wechat_identity (app_id, open_id, user_id, followed_at, created_at) VALUES ('wx9', 'owner9', ?, 1, 1)",
			int64(user.ID))
		p.put(t, core.MessageSignIn, 1)
		first := p.claimOne(t, core.ChannelTemplate)
		p.setup.Officials[0].App.AppID = "wx9"
		p.put(t, core.MessageSignIn, 1)
		second := p.claimOne(t, core.ChannelTemplate)
		// Both accounts count their messages from one.
		for _, r := range []core.MessageReport{blocked("wx1", "1"), delivered("wx9", "1")} {
			if err := p.s.Outbox().Finish(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.s.Outbox().Record(t.Context(), []core.SendResult{
			{Dispatch: first, Answer: core.AnswerAccepted, ID: "1"}, {Dispatch: second, Answer: core.AnswerAccepted, ID: "1"},
		}); err != nil {
			t.Fatal(err)
		}
		list := p.ledger(t)
		if list[0].State != core.MessageWaiting || list[0].Reason != core.WhyBlocked || list[1].State != core.MessageDelivered {
			t.Errorf("%s, %q, and %s", list[0].State, list[0].Reason, list[1].State)
		}
		if n := countRows(t, p.s, "SELECT COUNT(*) FROM message_report"); n != 0 {
			t.Errorf("%d reports are left", n)
		}
	})
}

// A report and the record of what it is about come at the same moment, on two servers: the report is not lost, whichever is first.
func TestAReportAtTheMomentOfItsRecord(t *testing.T) {
	o := mariaOptions(t) // on SQLite one of them waits for the other
	over, clock := &overtaker{}, newTestClock()
	o.Now = clock.Now
	two := openStore(t, o)
	o.onQuery = over.query
	p := officePost(t, newOffice(t, openStore(t, o), clock))
	for i, words := range []string{"INTO message_report", "UPDATE message_attempt SET state"} {
		t.Run(words, func(t *testing.T) {
			p.put(t, core.MessageSignIn, 1)
			sent, id := p.claimOne(t, core.ChannelTemplate), fmt.Sprint(i)
			report := func(s *Store) error { return s.Outbox().Finish(t.Context(), delivered("wx1", id)) }
			record := func(s *Store) error {
				return s.Outbox().Record(t.Context(), []core.SendResult{{Dispatch: sent, Answer: core.AnswerAccepted, ID: id}})
			}
			first, second := report, record
			if i > 0 {
				first, second = record, report
			}
			var err error
			over.at(func() { err = second(two) }, words)
			if held := first(p.s); held != nil || err != nil || !over.came() {
				t.Fatalf("%v, %v, overtaken: %v", held, err, over.came())
			}
			if list := p.ledger(t); list[0].State != core.MessageDelivered {
				t.Errorf("the message is %s", list[0].State)
			}
			if n := countRows(t, two, "SELECT COUNT(*) FROM message_report"); n != 0 {
				t.Errorf("%d reports are left", n)
			}
		})
	}
}

// A server is killed between a claim and its record: where the platform recognises a repeat, the same call is
// made again; too late, the message ends as unknown, by no other channel.
func TestKilledBetweenSendAndRecord(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		first := p.claimOne(t, core.ChannelTemplate)
		p.clock.Add(testLease + time.Second)
		second := p.claimOne(t, core.ChannelTemplate)
		if second.Key != first.Key || second.Attempt == first.Attempt || second.Unsure.IsZero() {
			t.Errorf("first %+v, then %+v", first, second)
		}
		// The first server was only slow: its answer no longer counts for the message.
		p.record(t, first, core.AnswerGone, "")
		p.wantLast(t, core.MessageSending, core.ChannelTemplate, core.WhyInterrupted)
		p.clock.Add(9 * time.Minute)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent again: %+v", list)
		}
		m := p.wantLast(t, core.MessageUnknown, core.ChannelTemplate, core.WhyInterrupted)
		attempts, err := p.s.Outbox().Attempts(t.Context(), m.ID)
		if err != nil || len(attempts) != 2 || attempts[1].State != core.AttemptUnknown {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		// The second server did send it: its delivery is still reported.
		p.record(t, second, core.AnswerAccepted, "9")
		p.wantLast(t, core.MessageUnknown, core.ChannelTemplate, core.WhyInterrupted)
	})
}

// A repeat in doubt that the platform refuses for good ends the message: the call before it may have arrived, and
// another would be refused too.
func TestRefusedInDoubt(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		for _, answer := range []core.SendAnswer{
			core.AnswerBadBody, core.AnswerBadTo, core.AnswerOther, core.AnswerNoLicence, core.AnswerBadID, core.AnswerGone,
		} {
			p.follow(t, true)
			p.put(t, core.MessageSignIn, 1)
			p.record(t, p.claimOne(t, core.ChannelTemplate), core.AnswerUnsure, "")
			p.clock.Add(time.Minute)
			p.record(t, p.claimOne(t, core.ChannelTemplate), answer, "")
			if list := p.claim(t); len(list) != 0 {
				t.Errorf("answer %d: sent again: %+v", answer, list)
			}
			m := p.wantLast(t, core.MessageUnknown, core.ChannelTemplate, core.WhyUnsure)
			attempts, err := p.s.Outbox().Attempts(t.Context(), m.ID)
			if err != nil || len(attempts) != 2 || attempts[1].Reason != core.ReasonOf(answer) || attempts[1].Code != "1" || m.Code != "" {
				t.Errorf("answer %d: code %q, attempts %+v, %v", answer, m.Code, attempts, err)
			}
			p.clock.Add(2 * time.Hour) // whatever rested goes on
		}
	})
}

// By SMS, whose providers recognise nothing, only a call that has not gone out is made again.
func TestKilledBeforeAnSMS(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		if _, err := p.s.BindPhone(t.Context(), p.owner.ID, "13800138009", ""); err != nil {
			t.Fatal(err)
		}
		p.follow(t, false)
		p.put(t, core.MessageBinding, 1)
		d := p.claimOne(t, core.ChannelSMS)
		if d.Address != "13800138009" || !d.Begun.IsZero() {
			t.Errorf("dispatch %+v", d)
		}
		p.clock.Add(testLease + time.Second)
		again := p.claimOne(t, core.ChannelSMS)
		if _, err := p.s.Outbox().Begin(t.Context(), d); !core.IsConflict(err) {
			t.Errorf("the first server begins after all: %v", err)
		}
		if _, err := p.s.Outbox().Begin(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		p.clock.Add(testLease + time.Second)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent again: %+v", list)
		}
		m := p.wantLast(t, core.MessageUnknown, core.ChannelSMS, core.WhyInterrupted)
		var stored string
		query := "SELECT COALESCE(MAX(open_id), '') FROM message_attempt WHERE message_id = ?"
		if err := p.s.db.Get(t.Context(), &stored, query, int64(m.ID)); err != nil || stored != "" {
			t.Errorf("an attempt holds %q, %v", stored, err)
		}
	})
}

// A server that shuts down returns what it has not sent.
func TestReleasedMessageIsDueAtOnce(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		d := p.claimOne(t, core.ChannelTemplate)
		for range 2 {
			if err := p.s.Outbox().Release(t.Context(), []core.Dispatch{d}); err != nil {
				t.Fatal(err)
			}
		}
		if again := p.claimOne(t, core.ChannelTemplate); again.Tries != 1 || !again.Unsure.IsZero() {
			t.Errorf("claimed again as %+v", again)
		}
	})
}

// Many workers that ask at once get each message once.
func TestWorkersShareTheOutbox(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		const messages = 200
		p.put(t, core.MessageSignIn, messages)
		var mu sync.Mutex
		seen := map[core.ID]int{}
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for {
					list, looked, err := p.s.Outbox().Claim(t.Context(), p.ask(16))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, d := range list {
						seen[d.Message.ID]++
					}
					done := len(seen) == messages
					mu.Unlock()
					if done || looked == 0 && p.open(t) == 0 {
						return
					}
				}
			})
		}
		workers.Wait()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("message %d was claimed %d times", id, n)
			}
		}
		if len(seen) != messages {
			t.Errorf("%d messages were claimed", len(seen))
		}
	})
}

// open counts the messages that are due.
func (p post) open(t *testing.T) (n int) {
	if err := p.s.db.Get(t.Context(), &n, "SELECT COUNT(*) FROM message WHERE next_at <= ?", p.s.Now().UnixMilli()); err != nil {
		t.Error(err)
	}
	return n
}

// Alerts of a minute are one message, of whichever acts they are, and each has its row.
func TestMessagesAreMerged(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageAccessAlert, 3)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { p.put(t, core.MessageAccessAlert, 1) })
		}
		all.Wait()
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent at once: %+v", list)
		}
		p.clock.Add(time.Minute)
		d := p.claimOne(t, core.ChannelTemplate)
		if d.Events != 8 {
			t.Errorf("it tells of %d", d.Events)
		}
		p.put(t, core.MessageAccessAlert, 1) // it comes too late for that one
		list := p.ledger(t)
		merged := 0
		for _, m := range list {
			if m.State == core.MessageMerged && m.Merged == d.Message.ID && m.Next.IsZero() {
				merged++
			}
		}
		if merged != 7 || len(list) != 9 || list[8].State != core.MessageWaiting {
			t.Errorf("%d of %d are merged", merged, len(list))
		}
	})
}

// An account is not sent what it has switched off; its bell has it all the same.
func TestMutedKinds(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		if err := p.s.UpdateToldOf(t.Context(), p.account.ID, Told{Muted: []core.MessageKind{core.MessageJob, "nothing"}}); err != nil {
			t.Fatal(err)
		}
		before, _, _ := p.s.Notices(t.Context(), p.account.ID)
		p.put(t, core.MessageJob, 1)
		p.put(t, core.MessageSignIn, 1)
		after, _, err := p.s.Notices(t.Context(), p.account.ID)
		if list := p.ledger(t); err != nil || len(list) != 1 || list[0].Kind != core.MessageSignIn || len(after) != len(before)+2 {
			t.Errorf("%d notices, messages %+v, %v", len(after)-len(before), list, err)
		}
		pref, err := p.s.Preference(t.Context(), p.account.ID)
		if err != nil || !slices.Equal(pref.Muted, []core.MessageKind{core.MessageJob}) {
			t.Errorf("%+v, %v", pref, err)
		}
	})
}

// What is on its way to somebody has the name of the community that it is about.
func TestMessagesNameTheirCommunity(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		if d := p.claimOne(t, core.ChannelTemplate); d.Place != "" {
			t.Errorf("about none: %q", d.Place)
		}
		p.put(t, core.MessageSignIn, 1)
		p.s.mustRun(t, "UPDATE message SET community_id = ? WHERE state = 'waiting'", int64(newCommunity(t, p.s, "翠湖<花园>")))
		if d := p.claimOne(t, core.ChannelTemplate); d.Place != "翠湖<花园>" {
			t.Errorf("about one: %q", d.Place)
		}
	})
}

// At night no phone rings for what can wait.
func TestQuietHoursAreKept(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.clock.Add(11 * time.Hour) // 23:00
		p.put(t, core.MessageJob, 1)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("sent at night: %+v", list)
		}
		p.wantLast(t, core.MessageWaiting, "", core.WhyQuiet)
		p.clock.Add(8 * time.Hour)
		if list := p.claim(t); len(list) != 0 {
			t.Errorf("everybody at once: %+v", list)
		}
		p.clock.Add(spreadTime)
		p.claimOne(t, core.ChannelTemplate)
	})
}

// spreadTime is enough for what waited for a moment to go out.
const spreadTime = 11 * time.Minute

// Messages that came to their end long ago are deleted with their attempts; others stay.
func TestPurgeMessages(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 2)
		for _, d := range p.claim(t) {
			if d.Message.ID != p.ledger(t)[0].ID {
				continue
			}
			p.record(t, d, core.AnswerAccepted, "1")
		}
		p.clock.Add(time.Hour)
		if err := p.s.Outbox().Purge(t.Context(), p.s.Now().Add(-2*time.Hour)); err != nil || len(p.ledger(t)) != 2 {
			t.Errorf("too early: %v", err)
		}
		if err := p.s.Outbox().Purge(t.Context(), p.s.Now()); err != nil {
			t.Fatal(err)
		}
		var attempts int
		if err := p.s.db.Get(t.Context(), &attempts, "SELECT COUNT(*) FROM message_attempt"); err != nil || attempts != 1 {
			t.Errorf("%d attempts, %v", attempts, err)
		}
		if list := p.ledger(t); len(list) != 1 || list[0].State != core.MessageSending {
			t.Errorf("left %+v", list)
		}
	})
}

// A message stays with the person when two WeChat users turn out to be one.
func TestMessageFollowsItsUser(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageSignIn, 1)
		for _, who := range []core.WechatIdentity{
			{AppID: "wx2", OpenID: "mini", UnionID: "u"}, {AppID: "wx1", OpenID: "owner", UnionID: "u"},
		} {
			if _, err := p.s.SignInWechat(t.Context(), who); err != nil {
				t.Fatal(err)
			}
		}
		if d := p.claimOne(t, core.ChannelTemplate); d.Address != "owner" {
			t.Errorf("dispatch %+v", d)
		}
	})
}

// Somebody told of something before they bound their WeChat is reached by it: what waits for the night, or for more
// of its kind, has no WeChat yet.
func TestMessageFindsWhoBindsMeanwhile(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		var user core.ID
		if err := p.s.db.Get(t.Context(), &user, "SELECT user_id FROM account WHERE id = ?", int64(p.account.ID)); err != nil {
			t.Fatal(err)
		}
		p.s.mustRun(t, "UPDATE account SET user_id = 0 WHERE id = ?", int64(p.account.ID))
		p.clock.Add(11 * time.Hour) // 23:00
		p.put(t, core.MessageJob, 1)
		p.s.mustRun(t, "UPDATE account SET user_id = ? WHERE id = ?", int64(user), int64(p.account.ID))
		p.clock.Add(9 * time.Hour)
		if d := p.claimOne(t, core.ChannelTemplate); d.Address != "owner" {
			t.Errorf("dispatch %+v", d)
		}
	})
}

// What waits does not go to a phone that was unbound meanwhile, perhaps because it is lost; but that it was unbound is
// told to it.
func TestMessageLeavesWhoIsUnboundMeanwhile(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		p.put(t, core.MessageReview, 1)
		if err := p.s.UnbindAccountOf(t.Context(), core.SystemGranter, p.account.ID); err != nil {
			t.Fatal(err)
		}
		p.clock.Add(2 * time.Minute)
		if d := p.claimOne(t, core.ChannelTemplate); d.Kind != core.MessageBinding || d.Address != "owner" {
			t.Errorf("dispatch %+v", d)
		}
	})
}

// A consent is used up by one subscribe message; a refusal ends those that were left.
func TestGrantsAreSpent(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		who := core.WechatIdentity{AppID: "wx2", OpenID: "mini"}
		for range 2 {
			if err := p.s.Outbox().AddGrant(t.Context(), who, "template"); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		left := func() int {
			if err := p.s.db.Get(t.Context(), &n, "SELECT n FROM message_grant"); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if left() != 2 {
			t.Errorf("%d consents", n)
		}
		m := core.Message{ID: 1, Kind: core.MessageSignIn, Channel: core.ChannelSubscribe}
		d := core.Dispatch{Message: m, Attempt: 2, AppID: "wx2", Address: "mini"}
		d.Template.ID = "template"
		p.s.mustRun(t, `INSERT INTO message_attempt (id, message_id, channel, app_id, open_id, template_id, state, reason, code,
			platform_id, planned_at) VALUES (2, 1, 'subscribe', 'wx2', 'mini', 'template', 'planned', '', '', '', 1)`)
		p.record(t, d, core.AnswerBusy, "")
		if left() != 3 {
			t.Errorf("%d consents after a call that had no effect", n)
		}
		p.record(t, d, core.AnswerNoGrant, "")
		if left() != 0 {
			t.Errorf("%d consents after a refusal", n)
		}
	})
}

// The ledger is of the scope, and pages by key.
func TestMessagesOfTheScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		account := mustAccount(t, s, testAccount("office"))
		err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
			for i := range 30 {
				note := core.MessageNote{Kind: core.MessageSignIn, Community: here, Account: account.ID, Title: fmt.Sprint(i)}
				if i%3 == 0 {
					note.Community = there
				}
				if err := outbox.Put(tx, note); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		list, more, err := s.Messages(t.Context(), core.ScopeOf(here), core.MessageFilter{}, Page{Limit: 15, Total: &total})
		if err != nil || len(list) != 15 || !more || total != 20 {
			t.Fatalf("%d of %d, %v", len(list), total, err)
		}
		rest, more, err := s.Messages(t.Context(), core.ScopeOf(here), core.MessageFilter{}, Page{Limit: 15, Next: list[14].ID})
		if err != nil || len(rest) != 5 || more {
			t.Errorf("%d more, %v", len(rest), err)
		}
		if _, _, err := s.Message(t.Context(), core.ScopeOf(there), list[0].ID); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
		wantCode(t, func() error {
			_, _, err := s.Messages(t.Context(), core.ScopeOf(here), core.MessageFilter{Community: there}, Page{})
			return err
		}(), core.CodeNotFound)
		for name, f := range map[string]core.MessageFilter{
			"kind": {Kind: core.MessageJob}, "state": {State: core.MessageSent}, "channel": {Channel: core.ChannelSMS},
			"from": {From: s.Now().Add(time.Hour)}, "to": {To: s.Now().Add(-time.Hour)},
			"recipient": {ToKind: core.ToAccount, Recipient: 1},
		} {
			if list, _, err := s.Messages(t.Context(), everywhere, f, Page{}); err != nil || len(list) != 0 {
				t.Errorf("%s: %d, %v", name, len(list), err)
			}
		}
	})
}
