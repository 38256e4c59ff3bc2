package core

import (
	"slices"
	"time"
)

// SendAnswer is what a channel's platform said to one message.
type SendAnswer int

// The answers. The zero value is the one with which nothing is repeated.
const (
	AnswerUnsure    SendAnswer = iota // none, or half of one: the message may have been sent
	AnswerAccepted                    // it will be delivered
	AnswerUnsent                      // the call did not reach the platform
	AnswerBusy                        // the platform is busy: a retry may succeed
	AnswerTooMany                     // too many to this recipient: minutes
	AnswerFull                        // too many to this recipient today
	AnswerGone                        // the recipient does not follow, or is no member
	AnswerOptedOut                    // the recipient switched this kind off
	AnswerNoGrant                     // the recipient's consents are used up
	AnswerBadTo                       // the address is not of this account: wrong data
	AnswerNoQuota                     // the day's quota is used up
	AnswerBadID                       // the template does not exist: configuration
	AnswerBadBody                     // the platform does not accept the text: our fault
	AnswerNoRight                     // the account may not send: configuration
	AnswerBadSecret                   // the credentials are wrong: configuration
	AnswerBadIP                       // our address is not allowed: configuration
	AnswerOther                       // an error that this program does not know
	AnswerNoLicence                   // the recipient has no licence of WeWork's interfaces
	AnswerHeld                        // none was asked: the recipient has had enough for this minute
)

// sendRule is what follows from an answer. Without retry the next channel is tried.
type sendRule struct {
	state   AttemptState
	reason  MessageReason
	retry   time.Duration // the first delay of a retry on the same channel; it doubles
	stop    time.Duration // the channel sends nothing for so long; less than zero = until midnight
	ofOne   bool          // the stop is of the template alone
	alarm   bool          // somebody must look at the configuration
	recheck bool          // after the stop the same channel is tried again
}

// sendRules has a row for every answer.
var sendRules = map[SendAnswer]sendRule{
	AnswerUnsure:    {state: AttemptUnknown, reason: WhyUnsure, retry: 10 * time.Second},
	AnswerAccepted:  {state: AttemptAccepted},
	AnswerUnsent:    {state: AttemptFailed, reason: WhyNoAnswer, retry: 5 * time.Second},
	AnswerBusy:      {state: AttemptFailed, reason: WhyBusy, retry: 2 * time.Second},
	AnswerTooMany:   {state: AttemptFailed, reason: WhyTooMany, retry: 5 * time.Minute},
	AnswerFull:      {state: AttemptFailed, reason: WhyFull},
	AnswerGone:      {state: AttemptRefused, reason: WhyNotFollowed},
	AnswerOptedOut:  {state: AttemptRefused, reason: WhyOptedOut},
	AnswerNoGrant:   {state: AttemptRefused, reason: WhyNoGrant},
	AnswerBadTo:     {state: AttemptFailed, reason: WhyBadAddress},
	AnswerNoQuota:   {state: AttemptFailed, reason: WhyNoQuota, stop: -1, alarm: true, recheck: true},
	AnswerBadID:     {state: AttemptFailed, reason: WhyBadTemplate, stop: time.Hour, ofOne: true, alarm: true},
	AnswerBadBody:   {state: AttemptFailed, reason: WhyBadContent, alarm: true},
	AnswerNoRight:   {state: AttemptFailed, reason: WhyNoRight, stop: time.Hour, alarm: true},
	AnswerBadSecret: {state: AttemptFailed, reason: WhyBadSecret, stop: 5 * time.Minute, alarm: true, recheck: true},
	AnswerBadIP:     {state: AttemptFailed, reason: WhyBadIP, stop: 5 * time.Minute, alarm: true, recheck: true},
	AnswerOther:     {state: AttemptFailed, reason: WhyOther, alarm: true},
	AnswerNoLicence: {state: AttemptFailed, reason: WhyNoLicence, alarm: true},
	AnswerHeld:      {state: AttemptWithdrawn, reason: WhyTooMany, retry: heldWait},
}

// wechatAnswers are the answers of WeChat and WeWork by errcode, those of all channels under "". The
// platform's return codes:
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
// https://developer.work.weixin.qq.com/document/path/90313
var wechatAnswers = map[MessageChannel]map[int]SendAnswer{
	"": {
		-1: AnswerBusy, 45009: AnswerNoQuota, 45011: AnswerTooMany, 48001: AnswerNoRight,
		40001: AnswerBadSecret, 40013: AnswerBadSecret, 40014: AnswerBadSecret, 40125: AnswerBadSecret, 42001: AnswerBadSecret,
		40164: AnswerBadIP, 40003: AnswerBadTo, 40037: AnswerBadID, 47001: AnswerBadBody, 47003: AnswerBadBody,
	},
	ChannelTemplate: {43004: AnswerGone, 43101: AnswerOptedOut, 43117: AnswerTooMany},
	// Of a subscribe message 43101 means that no consent is left, which a person can renew.
	ChannelSubscribe: {43101: AnswerNoGrant, 43117: AnswerTooMany, 41030: AnswerBadBody},
	ChannelWeWork: {
		81013: AnswerGone, 60111: AnswerGone, 60011: AnswerGone, // of a send, 60011 is about its one member
		60020: AnswerBadIP, 48002: AnswerNoRight,
		301002: AnswerNoRight, 40056: AnswerNoRight, 40058: AnswerBadBody, 45033: AnswerBusy,
	},
}

// WechatAnswer returns what an errcode means on a channel; 0 = accepted. A code that is in no list is
// AnswerOther: the message is not repeated there, the next channel is tried, and the code is shown.
func WechatAnswer(c MessageChannel, code int) SendAnswer {
	if code == 0 {
		return AnswerAccepted
	}
	if answer, ok := wechatAnswers[c][code]; ok {
		return answer
	}
	if answer, ok := wechatAnswers[""][code]; ok {
		return answer
	}
	return AnswerOther
}

// AfterSend is what follows from an attempt.
type AfterSend struct {
	MessageStep
	Attempt  AttemptState
	Why      MessageReason    // of the attempt
	Tried    []MessageChannel // of the message
	Unsure   time.Time        // of the message
	OptOut   bool             // the recipient gets no more by this template
	Unfollow bool             // the recipient does not follow the account
	NoGrants bool             // the recipient's consents are used up
	Regrant  bool             // the consent was not used
	Stop     time.Time        // the channel sends nothing before; zero = it goes on
	StopOne  bool             // the stop is of the template alone
	Alarm    bool
}

const (
	heldWait     = time.Minute // about as long as a minute's count of messages
	maxRetryWait = 10 * time.Minute
	maxDoubled   = 10
	maxTries     = 8 // on one channel: some ten minutes; then the next one is tried
	maxRechecks  = 3 // of a configuration that somebody must mend
)

// OptOutLife is how long nothing is sent to who switched a kind off, or blocked the account: then one message tries whether
// that is still so. Nothing tells that they switched it on again.
const OptOutLife = 30 * 24 * time.Hour

// PlatformZone is the zone in which WeChat counts its quotas: China's, whatever the deployment’s.
var PlatformZone = time.FixedZone("CST", 8*60*60)

// NextMidnight returns the end of the platform's day.
func NextMidnight(now time.Time) time.Time {
	d := now.In(PlatformZone)
	return time.Date(d.Year(), d.Month(), d.Day()+1, 0, 0, 0, 0, PlatformZone)
}

// DecideAfterSend decides what follows from the answer to an attempt that began at begun. Random, from 0 to
// below 1, spreads the retries.
func DecideAfterSend(m Message, answer SendAnswer, begun, now time.Time, random float64) AfterSend {
	rule := sendRules[answer]
	a := AfterSend{Attempt: rule.state, Tried: m.Tried, Unsure: m.Unsure, Alarm: rule.alarm, StopOne: rule.ofOne}
	a.Reason, a.Why = rule.reason, rule.reason
	a.OptOut, a.NoGrants = answer == AnswerOptedOut, answer == AnswerNoGrant
	a.Unfollow = answer == AnswerGone && m.Channel == ChannelTemplate
	if answer == AnswerGone && m.Channel == ChannelWeWork {
		a.Reason, a.Why = WhyNoStaff, WhyNoStaff
	}
	a.Regrant = rule.state == AttemptFailed
	switch {
	case rule.stop > 0:
		a.Stop = now.Add(rule.stop)
	case rule.stop < 0:
		a.Stop = NextMidnight(now)
	}
	if answer == AnswerUnsure && a.Unsure.IsZero() {
		a.Unsure = begun
	}
	switch {
	case answer == AnswerAccepted:
		a.State, a.Unsure = MessageSent, time.Time{}
		return a
	case !a.Unsure.IsZero() && (m.Channel.Dedup() == 0 || rule.retry == 0 && !rule.recheck):
		// Nothing will change what the platform says to a repeat, and the call before it may have arrived.
		a.State, a.Reason = MessageUnknown, whyUnsure(m)
		return a
	}
	a.State, a.Next = MessageWaiting, now
	unsure := !a.Unsure.IsZero() // only its own channel may be tried again
	switch {
	case answer == AnswerHeld: // our own wait: it is no try, and gives no channel up
		a.Next = now.Add(retryWait(heldWait, 1, random))
	case rule.retry > 0 && (unsure || m.Tries < maxTries):
		a.Next = now.Add(retryWait(rule.retry, m.Tries, random))
	case unsure, rule.recheck && m.Tries < maxRechecks:
		// The stop decides when.
	default:
		a.Tried = append(slices.Clone(m.Tried), m.Channel)
	}
	return a
}

// whyUnsure returns why nobody knows whether a message arrived, whatever was said to a repeat.
func whyUnsure(m Message) MessageReason {
	if m.Reason == WhyInterrupted {
		return WhyInterrupted
	}
	return WhyUnsure
}

// retryWait returns the delay of a retry: it doubles with each, and is spread by half of it both ways.
func retryWait(first time.Duration, tries int, random float64) time.Duration {
	wait := min(first<<min(max(tries-1, 0), maxDoubled), max(first, maxRetryWait))
	return time.Duration(float64(wait) * (0.5 + random))
}

// NeedsAlarm reports whether somebody must look at the configuration after an answer.
func NeedsAlarm(answer SendAnswer) bool { return sendRules[answer].alarm }

// ReasonOf returns why an attempt with an answer did not succeed; "" = it did.
func ReasonOf(answer SendAnswer) MessageReason { return sendRules[answer].reason }
