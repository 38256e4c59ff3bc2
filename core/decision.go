package core

import "time"

// Direction of a passage.
type Direction string

const (
	In  Direction = "in"
	Out Direction = "out"
)

// Label gives the direction in Chinese.
func (d Direction) Label() string {
	switch d {
	case In:
		return "进"
	case Out:
		return "出"
	}
	return ""
}

// Via says who asks for the decision: the needs of a passage differ by it.
type Via string

const (
	ViaReader  Via = "reader"  // a door reader 门禁读头
	ViaGuard   Via = "guard"   // a guard's phone page, scanned
	ViaManual  Via = "manual"  // a guard's manual record 手工登记: no token
	ViaPreview Via = "preview" // the resident's own question: can I go out now?
)

// Label gives the way of passing in Chinese.
func (v Via) Label() string {
	switch v {
	case ViaReader:
		return "门禁读头"
	case ViaGuard:
		return "门岗扫码"
	case ViaManual:
		return "手工登记"
	}
	return ""
}

// Vias gives every way of passing.
func Vias() []Via { return []Via{ViaReader, ViaGuard, ViaManual} }

// TokenState is what became of the QR token shown.
type TokenState string

const (
	TokenLive    TokenState = "live"
	TokenAbsent  TokenState = "absent" // unknown or past its ten minutes
	TokenUsed    TokenState = "used"   // a door was released on it
	TokenBusy    TokenState = "busy"   // another door is deciding on it right now
	TokenMissing TokenState = ""       // preview and manual record carry none
)

// Facts is everything a decision needs, read in one place at one instant.
type Facts struct {
	Zone      *time.Location // of natural days and exit hours; nil is UTC, never the host's
	Via       Via
	Direction Direction

	Token      TokenState
	Unreadable bool // what the reader sent cannot be taken apart: nobody knows what was shown

	// Of the reader, or of the guard's post; a preview has neither.
	ReaderEnabled bool // known and enabled
	ReaderInScope bool // its community is the pass's, and its building scope covers the house

	// Of the reader alone.
	ReaderAccepts     bool // takes this kind of pass
	ReaderThermometer bool
	ReaderQR          bool // 权限管理: 门禁二维码 ticked for this device

	// Of the pass, whatever its kind.
	PassKind    PassKind
	PassEnabled bool // not disabled, and its holder may have one

	// Of the community.
	Rule PassRule

	// Of a resident pass alone.
	LeaseLast   Day          // fixed-term tenant: last natural day of the lease; 0 = none
	HasIDNumber bool         // on file
	Restriction *Restriction // of the house; nil: none
	Exits       Tally        // exits of the person or household that Rule.Counting adds up

	// Taken at the passage.
	TempTenths int  // 0 = not taken
	IDGiven    bool // the guard registers the ID number with this passage
}

// Reason is the rule that decided.
type Reason string

const (
	ReasonAllowed       Reason = "allowed"
	ReasonReaderUnknown Reason = "reader_unknown" // no such device, or disabled
	ReasonUnreadable    Reason = "unreadable"     // the reader's message, not the code, is at fault
	ReasonTokenAbsent   Reason = "token_absent"   // unknown or expired
	ReasonTokenUsed     Reason = "token_used"
	ReasonTokenBusy     Reason = "token_busy"
	ReasonPassKind      Reason = "pass_kind" // this door does not take this kind
	ReasonScope         Reason = "scope"     // not this community or building
	ReasonReaderQR      Reason = "reader_qr" // QR at readers is off: go to the guard
	ReasonPassDisabled  Reason = "pass_disabled"
	ReasonLeaseEnded    Reason = "lease_ended"
	ReasonRestricted    Reason = "restricted" // house restriction −1
	ReasonBlocked       Reason = "blocked"    // community rule −1
	ReasonHours         Reason = "hours"
	ReasonCount         Reason = "count"     // no exits left in the window
	ReasonNeedID        Reason = "need_id"   // 请到门岗登记身份证
	ReasonNeedTemp      Reason = "need_temp" // 请到门岗测温 / 请录入体温
	ReasonFever         Reason = "fever"
	ReasonGuard         Reason = "guard"       // a guard refused what the rules allow
	ReasonUnavailable   Reason = "unavailable" // the system could not decide: database or cache gone
)

// Decision is the answer to one attempt. The zero Decision is a refusal.
type Decision struct {
	Allowed   bool
	Reason    Reason
	Sentence  string    // in Chinese, for the person at the door; short enough for a reader's screen
	Counts    bool      // allowed, and an exit to be added to the tally
	Unlimited bool      // no limit on exits
	Left      int       // exits left in this window before this one; 0 when Unlimited
	Limit     int       // exits per window in force; 0 when Unlimited
	Next      time.Time // earliest moment an exit is possible as things stand; now when it is possible now; zero = not foreseeable
	NeedTemp  bool      // a temperature must be entered at this passage
	NeedID    bool      // an ID number must be registered at this passage
}
