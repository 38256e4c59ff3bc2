package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Direction is the direction of a passage.
type Direction string

const (
	In  Direction = "in"
	Out Direction = "out"
)

// Label returns the direction in Chinese.
func (d Direction) Label() string {
	switch d {
	case In:
		return "进门"
	case Out:
		return "出门"
	}
	return ""
}

// Directions returns both directions.
func Directions() []Direction { return []Direction{In, Out} }

// Valid reports whether the direction exists.
func (d Direction) Valid() bool { return slices.Contains(Directions(), d) }

// Via is who asks for the decision: what a passage requires depends on it.
type Via string

const (
	ViaReader  Via = "reader"  // a door reader 门禁读头
	ViaGuard   Via = "guard"   // a guard's phone page, scanned
	ViaManual  Via = "manual"  // a guard's manual record 手工登记: no token
	ViaRemote  Via = "remote"  // an order from afar 远程开门: nobody was looked at
	ViaPreview Via = "preview" // the resident's own question: can I go out now?
)

// Label returns the way of passing in Chinese.
func (v Via) Label() string {
	switch v {
	case ViaReader:
		return "门禁读头"
	case ViaGuard:
		return "门岗扫码"
	case ViaManual:
		return "手工登记"
	case ViaRemote:
		return "远程开门"
	}
	return ""
}

// Vias returns every way of passing.
func Vias() []Via { return []Via{ViaReader, ViaGuard, ViaManual, ViaRemote} }

// Valid reports whether passages are made in this way.
func (v Via) Valid() bool { return slices.Contains(Vias(), v) }

// TokenState is the state of the QR token that was shown.
type TokenState string

const (
	TokenLive    TokenState = "live"
	TokenAbsent  TokenState = "absent"  // unknown or older than ten minutes
	TokenUsed    TokenState = "used"    // it has opened a door
	TokenBusy    TokenState = "busy"    // another door is deciding on it right now
	TokenForeign TokenState = "foreign" // what was shown is no token at all
	TokenMissing TokenState = ""        // preview and manual record carry none
)

// Facts is everything a decision depends on, read in one place at one instant.
type Facts struct {
	Zone      *time.Location // of natural days and exit hours; nil is UTC, never the host's zone
	Via       Via
	Direction Direction

	Token      TokenState
	Unreadable bool // the reader's message cannot be parsed: nobody knows what was shown

	// Of the reader, or of the guard's post; not set for a preview.
	ReaderEnabled bool // known and enabled
	ReaderInScope bool // its community is the pass's, and its building scope includes the house

	PostUrgent bool // of the guard's post only: it may release urgently
	Emergency  bool // somebody of the house has said that the exit is an emergency: it is never refused by the rules

	// Of the reader only.
	ReaderAccepts     bool // takes this kind of pass
	ReaderThermometer bool
	ReaderQR          bool // 权限管理: 门禁二维码 is ticked for this device

	// Of the pass, of any kind.
	PassKind    PassKind
	PassEnabled bool // not disabled, and its holder may have one

	// Of the community.
	Rule PassRule

	// Of a resident pass only.
	LeaseLast   Day          // fixed-term tenant: last natural day of the lease; 0 = none
	HasIDNumber bool         // on file
	Restriction *Restriction // of the house; nil if there is none
	Exits       Tally        // exits of the person or household, depending on Rule.Counting

	// Of a visitor pass only.
	Visitor VisitorFacts

	// Of a dedicated pass only.
	Dedicated DedicatedFacts

	// Of an exit slip only.
	Exit ExitFacts

	// Recorded at the passage.
	TempTenths int  // 0 = not measured
	IDGiven    bool // the guard registers the ID number with this passage
}

// Reason is the rule that decided.
type Reason string

const (
	ReasonAllowed       Reason = "allowed"
	ReasonReaderUnknown Reason = "reader_unknown" // no such device, or disabled
	ReasonUnreadable    Reason = "unreadable"     // the reader's message is at fault, not the code
	ReasonTokenAbsent   Reason = "token_absent"   // unknown or expired
	ReasonTokenForeign  Reason = "token_foreign"  // no code of a pass: the holder need not refresh
	ReasonTokenUsed     Reason = "token_used"
	ReasonTokenBusy     Reason = "token_busy"
	ReasonPassKind      Reason = "pass_kind" // this door does not accept this kind
	ReasonScope         Reason = "scope"     // another community or building
	ReasonReaderQR      Reason = "reader_qr" // QR at readers is off: go to the guard
	ReasonPassDisabled  Reason = "pass_disabled"
	ReasonEarly         Reason = "early"       // before the time for which the pass is
	ReasonExpired       Reason = "expired"     // after it
	ReasonPassUsed      Reason = "pass_used"   // a pass for once has let its holder through
	ReasonBarred        Reason = "barred"      // a visitor whom the community does not let in: on its blacklist
	ReasonOutOnly       Reason = "out_only"    // the way in, of a pass by which things leave
	ReasonNotEntered    Reason = "not_entered" // the way out, of a pass by which nobody came in
	ReasonLeaseEnded    Reason = "lease_ended"
	ReasonRestricted    Reason = "restricted" // house restriction −1
	ReasonBlocked       Reason = "blocked"    // community rule −1
	ReasonHours         Reason = "hours"
	ReasonCount         Reason = "count"      // no exits left in the window
	ReasonNeedID        Reason = "need_id"    // 请到门岗登记身份证
	ReasonNeedTemp      Reason = "need_temp"  // 请到门岗测温 / 请录入体温
	ReasonNeedItems     Reason = "need_items" // the guard has not ticked what leaves
	ReasonFever         Reason = "fever"
	ReasonGuard         Reason = "guard"       // a guard refused what the rules allow
	ReasonUrgent        Reason = "urgent"      // a guard released whom the rules refuse: urgently, or without a connection
	ReasonLate          Reason = "late"        // a guard released without a connection whom the rules allow, and recorded it later
	ReasonDevice        Reason = "device"      // a terminal opened without asking us, and told us afterwards
	ReasonUnavailable   Reason = "unavailable" // the system could not decide: database or cache unavailable
)

// Decision is the answer to one attempt. The zero Decision is a refusal.
type Decision struct {
	Allowed   bool
	Reason    Reason
	Sentence  string    // in Chinese, for the person at the door; short enough for a reader's screen
	Counts    bool      // allowed, and to be added to the tally as an exit
	Unlimited bool      // no limit on exits
	Left      int       // exits left in this window before this one; 0 if Unlimited
	Limit     int       // exits per window in force; 0 if Unlimited
	Next      time.Time // earliest moment an exit is possible as things are; now if it is possible now; zero if not foreseeable
	NeedTemp  bool      // a temperature must be entered for this passage
	NeedID    bool      // an ID number must be registered for this passage
	Overruled Reason    // the rule that refuses a passage released urgently or without a connection; "" = none
}

// LeftText returns in Chinese how many exits are left in the period of the community's rule:
// 今天还能出门 2 次. It is "" if they are not limited, or none are possible at all.
func (d Decision) LeftText(rule PassRule) string {
	if d.Unlimited || d.Limit <= 0 {
		return ""
	}
	who := ""
	if rule.Counting == CountHousehold {
		who = "全户"
	}
	if rule.window() > 1 {
		return strings.TrimSpace(fmt.Sprintf("%s %d 天内还能出门 %d 次", who, rule.window(), d.Left))
	}
	return fmt.Sprintf("%s今天还能出门 %d 次", who, d.Left)
}

// MayBeUrgent reports whether a guard whose post allows it may release urgently 紧急放行 a person whom this
// rule refuses: the pass is theirs and in force, and only when, how often, or in what state they may go
// out speaks against it. Nobody is let through without a valid pass of this community, and records that
// are missing are made instead.
func (r Reason) MayBeUrgent() bool {
	switch r {
	case ReasonRestricted, ReasonBlocked, ReasonHours, ReasonCount, ReasonFever:
		return true
	}
	return false
}

// missesRecord reports whether the rule wants something on record, or that a guard is asked, which nobody has time for in an emergency.
func (r Reason) missesRecord() bool {
	return r == ReasonNeedID || r == ReasonNeedTemp || r == ReasonReaderQR
}

// BothWays reports whether the rule refuses both directions: nobody whom it refuses comes in either.
func (r Reason) BothWays() bool {
	switch r {
	case ReasonPassDisabled, ReasonEarly, ReasonExpired, ReasonLeaseEnded, ReasonRestricted, ReasonBlocked, ReasonPassKind,
		ReasonBarred:
		return true
	}
	return false
}
