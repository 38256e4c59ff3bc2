package core

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Every word of the outbox is Chinese: a value without one would be shown as it is stored.
func TestMessageWords(t *testing.T) {
	var words []string
	for _, k := range MessageKinds() {
		words = append(words, k.Label())
		typ := k.Type()
		if typ.Life <= 0 || len(typ.Channels) == 0 || typ.Merge >= typ.Life {
			t.Errorf("%s: %+v", k, typ)
		}
		if at := slices.Index(typ.Channels, ChannelInApp); at >= 0 && at != len(typ.Channels)-1 {
			t.Errorf("%s: the list ends the search for a channel, and must be the last", k)
		}
	}
	for _, c := range MessageChannels() {
		words = append(words, c.Label())
	}
	for _, s := range MessageStates() {
		words = append(words, s.Label())
	}
	for _, s := range []AttemptState{
		AttemptPlanned, AttemptAccepted, AttemptDelivered, AttemptRefused, AttemptFailed, AttemptUnknown, AttemptWithdrawn,
	} {
		words = append(words, s.Label())
	}
	for reason := range messageReasons {
		words = append(words, reason.Label())
	}
	for answer := AnswerUnsure; answer <= AnswerHeld; answer++ {
		rule, ok := sendRules[answer]
		if !ok || answer != AnswerAccepted && rule.reason == "" {
			t.Errorf("answer %d has no rule", answer)
		}
		if rule.reason != "" {
			words = append(words, rule.reason.Label())
		}
	}
	for _, word := range words {
		if word == "" || !unicode.Is(unicode.Han, []rune(word)[0]) {
			t.Errorf("%q is no word for people", word)
		}
	}
	if got := MessageKind("later").Type(); got.Life == 0 || len(got.Channels) != 0 {
		t.Errorf("an unknown kind: %+v", got)
	}
}

// A message about one application opens it, on the reviewer's and on the applicant's phone; one about several opens
// the list.
func TestWhereMessagesLead(t *testing.T) {
	for _, c := range []struct {
		m          Message
		path, mini string
	}{
		{Message{Kind: MessageReview, Link: "certification/77", Events: 1}, "h5/review/77", ""},
		{Message{Kind: MessageReview, Link: "certification/77", Events: 3}, "h5/review", ""},
		{Message{Kind: MessageReview, Link: "certification?state=waiting", Events: 1}, "h5/review", ""},
		{
			Message{Kind: MessageCertification, Link: "certification/77", Events: 1}, "h5/certification/77",
			"pages/certification/certification?id=77",
		},
		{Message{Kind: MessageHousehold, Link: "household/7", Events: 1}, "h5/household/7", "pages/household/household?id=7"},
		{Message{Kind: MessageHousehold, Link: "household", Events: 1}, "h5/household", "pages/household/household"},
		{Message{Kind: MessageVisitor, Link: "visitorpass/7", Events: 1}, "h5/visitorpass/7", "pages/visitor/visitor?id=7"},
		{Message{Kind: MessageVisit, Link: "visitorpass/7", Events: 1}, "h5/visit/own/7", "pages/visit/visit?id=7"},
		{Message{Kind: MessageExitSlip, Link: "exitslip/7", Events: 1}, "h5/exitslip/7", "pages/exitslip/exitslip?id=7"},
		{Message{Kind: MessageExitReview, Link: "exitslip/7", Events: 1}, "h5/review/7", ""},
		{Message{Kind: MessageLease, Link: "pass", Events: 1}, "h5/pass", "pages/pass/pass"},
		{Message{Kind: MessageMember, Link: "pass", Events: 1}, "h5/pass", "pages/pass/pass"},
		{Message{Kind: MessageVisitReview, Link: "visitorpass?state=waiting", Events: 1}, "h5/review", ""},
		{Message{Kind: MessageJob, Link: "job/7", Notice: 9, Events: 1}, "h5/notice?from=9", ""},
		{Message{Kind: MessageLeaseOffice, Link: "resident?lease=soon", Notice: 9, Events: 4}, "h5/notice", ""},
		{Message{Kind: "of a later version", Link: "later/7", Events: 1}, "h5/notice", ""},
	} {
		if path, mini := c.m.Path(), c.m.MiniPage(); path != c.path || mini != c.mini {
			t.Errorf("%s, %d: %q and %q, want %q and %q", c.m.Link, c.m.Events, path, mini, c.path, c.mini)
		}
	}
}

func TestQuietHoursInWords(t *testing.T) {
	for q, want := range map[QuietHours]string{
		DefaultQuiet: "22:00 至 7:00", {}: "不设", {From: 5, To: 5}: "不设", {From: 0, To: 6}: "0:00 至 6:00",
	} {
		if got := q.Label(); got != want {
			t.Errorf("%+v is %q, want %q", q, got, want)
		}
	}
}

// Noon and night of the quiet hours, and times of day that are at their edges.
func TestQuietHours(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 20, hour, minute, 0, 0, PlatformZone) }
	for _, c := range []struct {
		q    QuietHours
		now  time.Time
		want time.Time
	}{
		{DefaultQuiet, at(12, 0), time.Time{}},
		{DefaultQuiet, at(21, 59), time.Time{}},
		{DefaultQuiet, at(22, 0), at(31, 0)},
		{DefaultQuiet, at(23, 59), at(31, 0)},
		{DefaultQuiet, at(0, 0), at(7, 0)},
		{DefaultQuiet, at(6, 59), at(7, 0)},
		{DefaultQuiet, at(7, 0), time.Time{}},
		{QuietHours{12, 14}, at(13, 0), at(14, 0)},
		{QuietHours{12, 14}, at(14, 0), time.Time{}},
		{QuietHours{}, at(0, 0), time.Time{}},
	} {
		if got := c.q.Until(c.now); !got.Equal(c.want) {
			t.Errorf("%+v at %s: until %s, want %s", c.q, c.now, got, c.want)
		}
	}
}

var midday = time.Date(2026, 11, 20, 12, 0, 0, 0, PlatformZone)

func TestRoute(t *testing.T) {
	night := time.Date(2026, 11, 20, 23, 0, 0, 0, PlatformZone)
	here := MessageReach{Address: "x"}
	away := func(why MessageReason) MessageReach { return MessageReach{Why: why} }
	stopped := func(d time.Duration, why MessageReason) MessageReach {
		return MessageReach{Address: "x", Stopped: midday.Add(d), StopWhy: why}
	}
	reach := func(oa, list MessageReach) map[MessageChannel]MessageReach {
		return map[MessageChannel]MessageReach{
			ChannelTemplate: oa, ChannelWeWork: away(WhyChannelOff), ChannelSMS: away(WhyNoPhone), ChannelInApp: list,
		}
	}
	fresh := Message{Kind: MessageSignIn, State: MessageWaiting, Expires: midday.Add(24 * time.Hour)}
	with := func(change func(*Message)) Message {
		m := fresh
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		m     Message
		reach map[MessageChannel]MessageReach
		now   time.Time
		want  MessageStep
	}{
		"the first channel": {fresh, reach(here, here), midday, MessageStep{Send: ChannelTemplate, State: MessageSending}},
		"the next, with the reason": {fresh, reach(away(WhyNotFollowed), here), midday,
			MessageStep{Send: ChannelInApp, State: MessageSent, Next: fresh.Expires, Reason: WhyNotFollowed}},
		"none": {fresh, reach(away(WhyNotFollowed), away("")), midday,
			MessageStep{State: MessageUnreached, Reason: WhyNotFollowed}},
		"refused by all": {with(func(m *Message) { m.Tried, m.Reason = []MessageChannel{ChannelTemplate}, WhyOptedOut }),
			reach(here, away("")), midday, MessageStep{State: MessageRefused, Reason: WhyOptedOut}},
		"refused before": {fresh, reach(away(WhyBlocked), away("")), midday,
			MessageStep{State: MessageRefused, Reason: WhyBlocked}},
		"tried": {with(func(m *Message) { m.Tried = []MessageChannel{ChannelTemplate} }), reach(here, here), midday,
			MessageStep{Send: ChannelInApp, State: MessageSent, Next: fresh.Expires, Reason: WhyChannelOff}},
		"too late": {with(func(m *Message) { m.Expires = midday }), reach(here, here), midday,
			MessageStep{State: MessageExpired, Reason: WhyTooLate}},
		"too late, after errors": {with(func(m *Message) { m.Expires, m.Reason = midday, WhyBusy }), reach(here, here), midday,
			MessageStep{State: MessageExpired, Reason: WhyBusy}},
		"unread": {with(func(m *Message) { m.State, m.Channel = MessageSent, ChannelInApp }), reach(here, here), midday,
			MessageStep{State: MessageUnreached, Reason: WhyUnread}},
		"a short stop": {fresh, reach(stopped(time.Minute, WhyBadIP), here), midday,
			MessageStep{State: MessageWaiting, Next: midday.Add(time.Minute), Reason: WhyBadIP}},
		"a long stop": {fresh, reach(stopped(time.Hour, WhyNoQuota), here), midday,
			MessageStep{Send: ChannelInApp, State: MessageSent, Next: fresh.Expires, Reason: WhyNoQuota}},
		"a long stop, and nothing else": {fresh, reach(stopped(time.Hour, WhyNoQuota), away("")), midday,
			MessageStep{State: MessageWaiting, Next: midday.Add(time.Hour), Reason: WhyNoQuota}},
		"a stop beyond its life": {fresh, reach(stopped(25*time.Hour, WhyNoQuota), away("")), midday,
			MessageStep{State: MessageUnreached, Reason: WhyNoQuota}},
		"urgent at night": {with(func(m *Message) { m.Expires = night.Add(time.Hour) }), reach(here, here), night,
			MessageStep{Send: ChannelTemplate, State: MessageSending}},
		"at night": {with(func(m *Message) { m.Kind, m.Expires = MessageJob, night.Add(24*time.Hour) }), reach(here, here), night,
			MessageStep{State: MessageWaiting, Next: time.Date(2026, 11, 21, 7, 1, 0, 0, PlatformZone), Reason: WhyQuiet}},
		"at night, of no use later": {with(func(m *Message) { m.Kind, m.Expires = MessageJob, night.Add(8*time.Hour+30*time.Second) }),
			reach(here, here), night,
			MessageStep{State: MessageWaiting, Next: time.Date(2026, 11, 21, 7, 0, 0, 0, PlatformZone), Reason: WhyQuiet}},
		"at night, asked about the night": {with(func(m *Message) {
			m.Kind, m.Expires, m.Due = MessageHousehold, night.Add(24*time.Hour), night.Add(8*time.Hour)
		}), map[MessageChannel]MessageReach{ChannelTemplate: here}, night, MessageStep{Send: ChannelTemplate, State: MessageSending}},
		"at night, asked about the morning": {with(func(m *Message) {
			m.Kind, m.Expires, m.Due = MessageHousehold, night.Add(24*time.Hour), night.Add(9*time.Hour)
		}), map[MessageChannel]MessageReach{ChannelTemplate: here}, night,
			MessageStep{State: MessageWaiting, Next: time.Date(2026, 11, 21, 7, 1, 0, 0, PlatformZone), Reason: WhyQuiet}},
		"a list disturbs nobody": {with(func(m *Message) { m.Kind, m.Expires = MessageJob, night.Add(24*time.Hour) }),
			reach(away(WhyNoWechat), here), night,
			MessageStep{Send: ChannelInApp, State: MessageSent, Next: night.Add(24 * time.Hour), Reason: WhyNoWechat}},
		"in a digest": {with(func(m *Message) { m.Created, m.Digest = midday.Add(5*time.Minute), DigestHour }),
			reach(here, here), midday.Add(10 * time.Minute),
			MessageStep{State: MessageWaiting, Next: midday.Add(time.Hour + time.Minute), Reason: WhyDigest}},
		"at its time": {with(func(m *Message) { m.Created, m.Digest = midday.Add(-55*time.Minute), DigestHour }), reach(here, here),
			midday, MessageStep{Send: ChannelTemplate, State: MessageSending}},
		"a digest at night, though urgent": {with(func(m *Message) {
			m.Created, m.Expires, m.Digest = night.Add(-time.Hour), night.Add(24*time.Hour), DigestHour
		}), reach(here, here), night,
			MessageStep{State: MessageWaiting, Next: time.Date(2026, 11, 21, 7, 1, 0, 0, PlatformZone), Reason: WhyQuiet}},
		"in doubt, recognised": {with(func(m *Message) { m.Channel, m.Unsure = ChannelTemplate, midday.Add(-time.Minute) }),
			reach(here, here), midday, MessageStep{Send: ChannelTemplate, State: MessageSending}},
		"in doubt, for too long": {with(func(m *Message) { m.Channel, m.Unsure = ChannelTemplate, midday.Add(-8*time.Minute) }),
			reach(here, here), midday, MessageStep{State: MessageUnknown, Reason: WhyUnsure}},
		"in doubt, no follower now": {with(func(m *Message) { m.Channel, m.Unsure = ChannelTemplate, midday }),
			reach(away(WhyNotFollowed), here), midday, MessageStep{State: MessageUnknown, Reason: WhyUnsure}},
		"in doubt, stopped": {with(func(m *Message) { m.Channel, m.Unsure = ChannelTemplate, midday }),
			reach(stopped(time.Minute, WhyBadIP), here), midday,
			MessageStep{State: MessageWaiting, Next: midday.Add(time.Minute), Reason: WhyBadIP}},
		"in doubt, stopped for too long": {with(func(m *Message) { m.Channel, m.Unsure = ChannelTemplate, midday }),
			reach(stopped(time.Hour, WhyNoQuota), here), midday, MessageStep{State: MessageUnknown, Reason: WhyUnsure}},
		"in doubt, never recognised": {with(func(m *Message) { m.Channel, m.Unsure, m.Reason = ChannelSMS, midday, WhyInterrupted }),
			reach(here, here), midday, MessageStep{State: MessageUnknown, Reason: WhyInterrupted}},
	} {
		if got := Route(c.m, c.reach, DefaultQuiet, c.now); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// The messages of a night go out over ten minutes, none in the first; those for one recipient together.
func TestTheMorningIsSpread(t *testing.T) {
	night, morning := midday.Add(11*time.Hour), midday.Add(19*time.Hour)
	reach := map[MessageChannel]MessageReach{ChannelTemplate: {Address: "x"}}
	const recipients = 1000
	var minutes [12]int
	first := ID(252645230233255936) // ids follow each other
	for i := range recipients {
		m := Message{Kind: MessageJob, To: first + ID(i), State: MessageWaiting, Expires: night.Add(24 * time.Hour)}
		step := Route(m, reach, DefaultQuiet, night)
		m.Kind = MessageReview
		if other := Route(m, reach, DefaultQuiet, night.Add(time.Hour)); !other.Next.Equal(step.Next) {
			t.Fatalf("one recipient is told at %s and at %s", step.Next, other.Next)
		}
		minutes[int(step.Next.Sub(morning)/time.Minute)]++
	}
	for minute, n := range minutes {
		if between := minute >= 1 && minute < 11; between && (n < recipients/20 || n > recipients/5) || !between && n > 0 {
			t.Errorf("minute %d: %d of %d", minute, n, recipients)
		}
	}
}

// What follows from each answer, on a channel that recognises repeats.
func TestDecideAfterSend(t *testing.T) {
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, PlatformZone)
	for _, c := range []struct {
		answer  SendAnswer
		state   MessageState
		attempt AttemptState
		next    time.Time // zero = the end
		onward  bool      // to the next channel
		stop    time.Time
		also    func(AfterSend) bool
	}{
		{answer: AnswerAccepted, state: MessageSent, attempt: AttemptAccepted},
		{AnswerUnsure, MessageWaiting, AttemptUnknown, midday.Add(10 * time.Second), false, time.Time{},
			func(a AfterSend) bool { return a.Unsure.Equal(midday.Add(-time.Second)) }},
		{AnswerUnsent, MessageWaiting, AttemptFailed, midday.Add(5 * time.Second), false, time.Time{}, nil},
		{AnswerBusy, MessageWaiting, AttemptFailed, midday.Add(2 * time.Second), false, time.Time{}, nil},
		{AnswerTooMany, MessageWaiting, AttemptFailed, midday.Add(5 * time.Minute), false, time.Time{}, nil},
		{AnswerFull, MessageWaiting, AttemptFailed, midday, true, time.Time{}, nil},
		{AnswerGone, MessageWaiting, AttemptRefused, midday, true, time.Time{}, func(a AfterSend) bool { return a.Unfollow }},
		{AnswerOptedOut, MessageWaiting, AttemptRefused, midday, true, time.Time{}, func(a AfterSend) bool { return a.OptOut }},
		{AnswerNoGrant, MessageWaiting, AttemptRefused, midday, true, time.Time{}, func(a AfterSend) bool { return a.NoGrants }},
		{AnswerBadTo, MessageWaiting, AttemptFailed, midday, true, time.Time{}, nil},
		{AnswerNoQuota, MessageWaiting, AttemptFailed, midday, false, midnight, func(a AfterSend) bool { return a.Alarm }},
		{AnswerBadID, MessageWaiting, AttemptFailed, midday, true, midday.Add(time.Hour),
			func(a AfterSend) bool { return a.StopOne && a.Alarm }},
		{AnswerBadBody, MessageWaiting, AttemptFailed, midday, true, time.Time{}, nil},
		{AnswerNoRight, MessageWaiting, AttemptFailed, midday, true, midday.Add(time.Hour), func(a AfterSend) bool { return a.Alarm }},
		{AnswerBadSecret, MessageWaiting, AttemptFailed, midday, false, midday.Add(5 * time.Minute),
			func(a AfterSend) bool { return a.Alarm }},
		{AnswerBadIP, MessageWaiting, AttemptFailed, midday, false, midday.Add(5 * time.Minute), func(a AfterSend) bool { return a.Alarm }},
		{AnswerOther, MessageWaiting, AttemptFailed, midday, true, time.Time{}, nil},
		{AnswerHeld, MessageWaiting, AttemptWithdrawn, midday.Add(time.Minute), false, time.Time{},
			func(a AfterSend) bool { return !a.Alarm && a.Reason == WhyTooMany }},
	} {
		m := Message{Kind: MessageSignIn, Channel: ChannelTemplate, Tries: 1}
		got := DecideAfterSend(m, c.answer, midday.Add(-time.Second), midday, 0.5)
		onward := slices.Contains(got.Tried, ChannelTemplate)
		if got.State != c.state || got.Attempt != c.attempt || !got.Next.Equal(c.next) || onward != c.onward ||
			!got.Stop.Equal(c.stop) || c.also != nil && !c.also(got) {
			t.Errorf("answer %d: %+v", c.answer, got)
		}
	}
}

// In doubt, nothing but the same call is tried again, and nothing at all where no platform recognises it.
func TestDoubtIsKept(t *testing.T) {
	m := Message{Kind: MessageSignIn, Channel: ChannelTemplate, Tries: 20, Unsure: midday.Add(-time.Minute)}
	for answer := AnswerUnsure; answer <= AnswerHeld; answer++ {
		got := DecideAfterSend(m, answer, midday, midday, 0)
		if answer == AnswerAccepted {
			if got.State != MessageSent || !got.Unsure.IsZero() {
				t.Errorf("accepted: %+v", got)
			}
			continue
		}
		state := MessageUnknown // what is refused once is refused again: no repeat tells whether the first call arrived
		switch answer {
		case AnswerUnsure, AnswerUnsent, AnswerBusy, AnswerTooMany, AnswerNoQuota, AnswerBadSecret, AnswerBadIP, AnswerHeld:
			state = MessageWaiting
		}
		if !got.Unsure.Equal(m.Unsure) || len(got.Tried) != 0 || got.State != state || got.Next.IsZero() != (state == MessageUnknown) ||
			got.Why != sendRules[answer].reason || state == MessageUnknown && got.Reason != WhyUnsure {
			t.Errorf("answer %d: %+v", answer, got)
		}
	}
	m = Message{Kind: MessageBinding, Channel: ChannelSMS, Tries: 1}
	if got := DecideAfterSend(m, AnswerUnsure, midday, midday, 0); got.State != MessageUnknown || !got.Next.IsZero() {
		t.Errorf("by SMS: %+v", got)
	}
}

// Retries double, are spread, and end.
func TestRetriesEnd(t *testing.T) {
	m := Message{Kind: MessageSignIn, Channel: ChannelTemplate}
	var last time.Duration
	for m.Tries = 1; ; m.Tries++ {
		low := DecideAfterSend(m, AnswerBusy, midday, midday, 0)
		high := DecideAfterSend(m, AnswerBusy, midday, midday, 0.999)
		if len(low.Tried) > 0 {
			break
		}
		wait := low.Next.Sub(midday)
		if wait <= last || !high.Next.After(low.Next) || m.Tries > 100 {
			t.Fatalf("try %d waits %s, %s", m.Tries, wait, high.Next.Sub(midday))
		}
		last = wait
	}
	if m.Tries != maxTries {
		t.Errorf("gave up after %d tries", m.Tries)
	}
	if got := DecideAfterSend(m, AnswerHeld, midday, midday, 0.5); len(got.Tried) > 0 || !got.Next.Equal(midday.Add(time.Minute)) {
		t.Errorf("what nobody was asked for gives the channel up: %+v", got)
	}
	m.Tries = maxRechecks
	if got := DecideAfterSend(m, AnswerBadIP, midday, midday, 0); len(got.Tried) != 1 {
		t.Errorf("a wrong configuration is tried for ever: %+v", got)
	}
}

// Every code of the platform's pages on its channel; any other is never repeated.
func TestWechatAnswers(t *testing.T) {
	for _, c := range []struct {
		channel MessageChannel
		code    int
		want    SendAnswer
	}{
		{ChannelTemplate, 0, AnswerAccepted},
		{ChannelTemplate, -1, AnswerBusy},
		{ChannelTemplate, 43004, AnswerGone},
		{ChannelTemplate, 43101, AnswerOptedOut},
		{ChannelTemplate, 43117, AnswerTooMany},
		{ChannelTemplate, 40037, AnswerBadID},
		{ChannelTemplate, 40003, AnswerBadTo},
		{ChannelTemplate, 47001, AnswerBadBody},
		{ChannelTemplate, 47003, AnswerBadBody},
		{ChannelTemplate, 45009, AnswerNoQuota},
		{ChannelTemplate, 45047, AnswerOther}, // of customer service: not of this call
		{ChannelTemplate, 45015, AnswerOther},
		{ChannelTemplate, 48001, AnswerNoRight},
		{ChannelTemplate, 40164, AnswerBadIP},
		{ChannelTemplate, 40001, AnswerBadSecret},
		{ChannelTemplate, 45109, AnswerOther},
		{ChannelTemplate, 99999, AnswerOther},
		{ChannelSubscribe, 43101, AnswerNoGrant},
		{ChannelSubscribe, 41030, AnswerBadBody},
		{ChannelSubscribe, 47003, AnswerBadBody},
		{ChannelWeWork, 60020, AnswerBadIP},
		{ChannelWeWork, 81013, AnswerGone},
		{ChannelWeWork, 60011, AnswerGone}, // one member out of range stops nobody else's
		{ChannelWeWork, 48002, AnswerNoRight},
		{ChannelWeWork, 301002, AnswerNoRight},
		{ChannelWeWork, 43101, AnswerOther},
	} {
		if got := WechatAnswer(c.channel, c.code); got != c.want {
			t.Errorf("%s %d: %d, want %d", c.channel, c.code, got, c.want)
		}
	}
	if rule := sendRules[AnswerOther]; rule.retry != 0 || rule.stop != 0 {
		t.Errorf("an unknown code: %+v", rule)
	}
}

func TestNextMidnight(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-20T15:59:59Z": "2026-11-20T16:00:00Z", "2026-11-20T16:00:00Z": "2026-11-21T16:00:00Z",
		"2026-12-31T10:00:00Z": "2026-12-31T16:00:00Z",
	} {
		at, _ := time.Parse(time.RFC3339, now)
		if got := NextMidnight(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", now, got, want)
		}
	}
}

func TestSubscribeReport(t *testing.T) {
	for code, want := range map[int]MessageReport{
		0:     {AppID: "wx2", ID: "7", State: AttemptDelivered},
		43101: {AppID: "wx2", ID: "7", State: AttemptRefused, Reason: WhyNoGrant, Code: "43101"},
		1002:  {AppID: "wx2", ID: "7", State: AttemptFailed, Reason: WhyPlatform, Code: "1002"},
	} {
		if got := SubscribeReport("wx2", "7", code); got != want {
			t.Errorf("%d: %+v, want %+v", code, got, want)
		}
	}
}

// Why a message is in its state is said of that state: one that goes out again is not said to be given up.
func TestWhyOfAMessage(t *testing.T) {
	night := time.Date(2026, 11, 20, 23, 0, 0, 0, PlatformZone)
	for want, m := range map[string]Message{
		"": {State: MessageSent},
		"平台没有应答，可能已发出，不再重发":            {State: MessageUnknown, Reason: WhyUnsure, Unsure: night},
		"平台没有应答，可能已发出，再发一次，平台不会重复送达":   {State: MessageWaiting, Reason: WhyUnsure, Unsure: night},
		"发送时服务器中断，可能已发出，再发一次，平台不会重复送达": {State: MessageSending, Reason: WhyInterrupted, Unsure: night},
		"没有绑定微信，改放站内提醒":                {State: MessageSent, Channel: ChannelInApp, Reason: WhyNoWechat},
		"没有绑定微信":     {State: MessageUnreached, Channel: ChannelInApp, Reason: WhyNoWechat},
		"站内提醒一直未读":   {State: MessageUnreached, Channel: ChannelInApp, Reason: WhyUnread},
		"夜间不打扰，早上发送": {State: MessageWaiting, Reason: WhyQuiet},
	} {
		if got := m.Why(); got != want {
			t.Errorf("%+v: %q, want %q", m, got, want)
		}
	}
}

// A digest comes at the next full hour, or at nine; what comes at nine itself is for the next day.
func TestDigestTimes(t *testing.T) {
	at := func(day, hour, minute int) time.Time {
		return time.Date(2026, 11, day, hour, minute, 0, 0, PlatformZone)
	}
	for _, c := range []struct {
		digest     MessageDigest
		came, want time.Time
	}{
		{DigestNone, at(20, 8, 59), at(20, 8, 59)},
		{DigestHour, at(20, 8, 59), at(20, 9, 0)},
		{DigestHour, at(20, 23, 0), at(21, 0, 0)},
		{DigestDaily, at(20, 8, 59), at(20, 9, 0)},
		{DigestDaily, at(20, 9, 0), at(21, 9, 0)},
		{DigestDaily, at(30, 23, 0), at(31, 9, 0)},
	} {
		got := c.digest.Next(c.came)
		if !got.Equal(c.want) || got.Sub(c.came) > c.digest.Longest() {
			t.Errorf("%q at %s: %s, want %s", c.digest, c.came, got, c.want)
		}
	}
	if MessageDigest("week").Valid() {
		t.Error("any word is a choice")
	}
}

// A message that tells of several things opens their list.
func TestPathOfSeveral(t *testing.T) {
	for m, want := range map[MessageKind][2]string{
		MessageAccessAlert: {"h5/notice?from=9", "h5/notice"}, MessageReview: {"h5/review/7", "h5/review"},
	} {
		one := Message{Kind: m, Link: "accessalert/7", Notice: 9, Events: 1}
		many := one
		many.Events = 2
		if one.Path() != want[0] || many.Path() != want[1] {
			t.Errorf("%s opens %q and %q", m, one.Path(), many.Path())
		}
	}
}

// What an account was told leads to a page of the phone if it is a review that the account may decide.
func TestNoticesLeadToPhonePages(t *testing.T) {
	mayVisit := func(p Permission) bool { return p == PermVisitorPassReview }
	for link, want := range map[string]string{
		"visitorpass/7": "/h5/review/7", "visitorpass?state=waiting": "/h5/review", "visitorpass": "/h5/review",
		"certification/7": "", "accessalert/7": "", "me": "", "": "", "resident?lease=soon": "",
	} {
		if got := (Notice{Link: link}).PhonePath(mayVisit); got != want {
			t.Errorf("%s leads to %q, want %q", link, got, want)
		}
	}
}

// Who may no longer review is not told of reviews that wait.
func TestReviewsAreOnlyForReviewers(t *testing.T) {
	for _, r := range ReviewTypes {
		if needs := r.Asks.Type().Needs; needs != r.Needs {
			t.Errorf("a message of %s needs %q, its review %q", r.Label, needs, r.Needs)
		}
	}
}

// Accounts are offered no kind that goes to residents, and none that has but the bell.
func TestChoosableKinds(t *testing.T) {
	kinds := ChoosableKinds()
	for _, k := range []MessageKind{
		MessageCertification, MessageHousehold, MessageVisitor, MessageVisit, MessageExitSlip, MessageLease, MessageMember, MessageAlarm,
	} {
		if slices.Contains(kinds, k) {
			t.Errorf("%s is offered", k.Label())
		}
	}
	if len(kinds) != 10 {
		t.Errorf("offered are %v", kinds)
	}
}

// A phrase of a template takes five characters: no kind is cut there.
func TestKindsFitAPhrase(t *testing.T) {
	for _, k := range MessageKinds() {
		if got := FitField("phrase1", k.Short()); got != k.Short() {
			t.Errorf("%s is %q in a phrase", k.Label(), got)
		}
	}
}

// What a provider of text messages refuses is not said in WeChat's words.
func TestReasonsOfTextMessages(t *testing.T) {
	for reason := range messageReasons {
		words := reason.LabelOf(ChannelSMS)
		m := Message{Channel: ChannelSMS, State: MessageWaiting, Reason: reason}
		if m.Why() != words && reason != WhyUnsure && reason != WhyInterrupted {
			t.Errorf("%s: %q, want %q", reason, m.Why(), words)
		}
	}
	if words := WhyBadAddress.LabelOf(ChannelSMS); strings.Contains(words, "公众号") || words == WhyBadAddress.Label() {
		t.Errorf("a bad number: %q", words)
	}
}

// The channel that somebody prefers is tried first, of kinds that have it; the others follow in their order.
func TestChannelsInOrderOfPreference(t *testing.T) {
	for _, c := range []struct {
		kind  MessageKind
		first MessageChannel
		want  []MessageChannel
	}{
		{MessageReview, "", []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp}},
		{MessageReview, ChannelSMS, []MessageChannel{ChannelSMS, ChannelTemplate, ChannelWeWork, ChannelInApp}},
		{MessageVisitReview, "", []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp}},
		{MessageExitReview, ChannelSMS, []MessageChannel{ChannelSMS, ChannelTemplate, ChannelWeWork, ChannelInApp}},
		{MessageJob, ChannelSMS, []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp}},
		{MessageJob, ChannelTemplate, []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp}},
		{MessageVisitor, "", []MessageChannel{ChannelSubscribe, ChannelTemplate}},
		{MessageVisitor, ChannelTemplate, []MessageChannel{ChannelTemplate, ChannelSubscribe}},
		{MessageVisitor, ChannelSMS, []MessageChannel{ChannelSMS, ChannelSubscribe, ChannelTemplate}},
		{MessageVisitor, ChannelInApp, []MessageChannel{ChannelInApp, ChannelSubscribe, ChannelTemplate}},
		{MessageVisitor, ChannelWeWork, []MessageChannel{ChannelSubscribe, ChannelTemplate}},
	} {
		if got := (Message{Kind: c.kind, First: c.first}).Channels(); !slices.Equal(got, c.want) {
			t.Errorf("%s, %q first: %v", c.kind, c.first, got)
		}
	}
}
