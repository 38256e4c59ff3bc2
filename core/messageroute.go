package core

import (
	"fmt"
	"slices"
	"time"
)

// QuietHours are the hours of the day in which only urgent messages make a phone ring: from the hour
// From to the hour To, over midnight if From is the later. Equal hours mean there are none.
type QuietHours struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Label returns the hours in Chinese: 22:00 至 7:00.
func (q QuietHours) Label() string {
	if q.From == q.To {
		return "不设"
	}
	return fmt.Sprintf("%d:00 至 %d:00", q.From, q.To)
}

// DefaultQuiet is the night.
var DefaultQuiet = QuietHours{From: 22, To: 7}

// Until returns when the quiet hours end that now is in; zero if it is in none. now is of the zone in
// which the hours are meant.
func (q QuietHours) Until(now time.Time) time.Time {
	hour := now.Hour()
	within := hour >= q.From && hour < q.To
	if q.From > q.To {
		within = hour >= q.From || hour < q.To
	}
	if !within {
		return time.Time{}
	}
	end := time.Date(now.Year(), now.Month(), now.Day(), q.To, 0, 0, 0, now.Location())
	if !end.After(now) {
		end = time.Date(now.Year(), now.Month(), now.Day()+1, q.To, 0, 0, 0, now.Location())
	}
	return end
}

// What everybody waits for is the end of the night, or the hour of a digest. Nobody is told in its first minute, when everybody
// calls (WeWork asks to avoid it), and all are told over some minutes.
const (
	spreadAfter = time.Minute
	spreadOver  = 10 * time.Minute
)

// spread returns when the recipient of a message is told of what waits until a moment; whatever waits for one recipient has
// the same time.
func (m Message) spread(until time.Time) time.Time {
	const mix = 0x9e3779b97f4a7c15 // of ids that follow each other it makes numbers that do not
	share := uint64(m.To) * mix >> 32
	at := until.Add(spreadAfter + time.Duration(share*uint64(spreadOver/time.Millisecond)>>32)*time.Millisecond)
	if !at.Before(m.Expires) {
		return until
	}
	return at
}

// MessageReach is how a channel reaches a recipient.
type MessageReach struct {
	Address  string        // "" = it does not
	Why      MessageReason // without an address
	Template string        // id of the template for the message's kind
	Stopped  time.Time     // the channel sends nothing before; zero = it is not stopped
	StopWhy  MessageReason
}

// shortStop is how long a stop of a channel a message waits for, rather than go by the next one.
const shortStop = 10 * time.Minute

// MessageStep is what happens to a message next.
type MessageStep struct {
	Send   MessageChannel // the channel to send it by now; "" = none
	State  MessageState
	Next   time.Time // when it is looked at again; zero = it has come to its end
	Reason MessageReason
}

// Route decides what happens to a message that is due: it is sent by the first channel that reaches the
// recipient and was not tried, or waits, or has come to its end. reach has the channels of its kind.
func Route(m Message, reach map[MessageChannel]MessageReach, quiet QuietHours, now time.Time) MessageStep {
	switch {
	case m.State == MessageSent:
		return MessageStep{State: MessageUnreached, Reason: WhyUnread} // it was in a list, until its end
	case !m.Unsure.IsZero():
		return routeUnsure(m, reach[m.Channel], now)
	case !now.Before(m.Expires):
		return MessageStep{State: MessageExpired, Reason: firstReason(m.Reason, WhyTooLate)}
	}
	if at := m.Digest.Next(m.Created.In(now.Location())); len(m.Tried) == 0 && at.After(now) {
		return MessageStep{State: MessageWaiting, Next: m.spread(at), Reason: WhyDigest}
	}
	var stopped time.Time // the first channel that is stopped for long works again
	why := m.Reason
	for _, c := range m.Channels() {
		r := reach[c]
		switch {
		case slices.Contains(m.Tried, c):
			continue
		case r.Address == "":
			why = tellingReason(why, r.Why)
			continue
		case r.Stopped.Sub(now) > shortStop:
			stopped, why = earlier(stopped, r.Stopped), firstReason(why, r.StopWhy)
			continue
		case c.Disturbs() && !m.urgent() && quiet.Until(now).After(now) && !m.dueBefore(m.spread(quiet.Until(now))):
			return MessageStep{State: MessageWaiting, Next: m.spread(quiet.Until(now)), Reason: WhyQuiet}
		case r.Stopped.After(now):
			return MessageStep{State: MessageWaiting, Next: r.Stopped, Reason: r.StopWhy}
		case c == ChannelInApp:
			return MessageStep{Send: c, State: MessageSent, Next: m.Expires, Reason: why}
		}
		return MessageStep{Send: c, State: MessageSending}
	}
	switch {
	case !stopped.IsZero() && stopped.Before(m.Expires):
		return MessageStep{State: MessageWaiting, Next: stopped, Reason: why}
	case why == WhyOptedOut || why == WhyBlocked:
		return MessageStep{State: MessageRefused, Reason: why}
	}
	return MessageStep{State: MessageUnreached, Reason: firstReason(why, WhyNoChannel)}
}

// urgent reports whether a message is sent in quiet hours too. What its recipient has in a digest can wait.
func (m Message) urgent() bool { return m.Kind.Type().Urgent && m.Digest == DigestNone }

// dueBefore reports whether a message asks something that must be decided before an instant.
func (m Message) dueBefore(at time.Time) bool { return !m.Due.IsZero() && m.Due.Before(at) }

// routeUnsure decides about a message that may have been sent. It may go out again only while the platform
// recognises it, and by no other channel.
func routeUnsure(m Message, r MessageReach, now time.Time) MessageStep {
	end := m.Unsure.Add(m.Channel.Dedup())
	switch {
	case !now.Before(end) || r.Address == "" || !r.Stopped.Before(end):
		return MessageStep{State: MessageUnknown, Reason: whyUnsure(m)}
	case r.Stopped.After(now):
		return MessageStep{State: MessageWaiting, Next: r.Stopped, Reason: r.StopWhy}
	}
	return MessageStep{Send: m.Channel, State: MessageSending}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// tellingReason returns the first reason, unless that is only that there is no such channel here.
func tellingReason(first, then MessageReason) MessageReason {
	if first == WhyChannelOff {
		return firstReason(then, first)
	}
	return firstReason(first, then)
}

func firstReason(reasons ...MessageReason) MessageReason {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}
