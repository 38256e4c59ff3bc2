package core

import "time"

// Counting says whose exits are added up 出门计算方式.
type Counting string

const (
	CountPerson    Counting = "person"    // 一人一次
	CountHousehold Counting = "household" // 一户一次
)

// PassRule is a community's rule for resident passes 住户通行证设置.
type PassRule struct {
	Counting    Counting
	PeriodDays  int         // window: today and the PeriodDays−1 natural days before it; 1–30
	Exits       int         // exits in the window: 0 unlimited, −1 movement blocked both ways, n at most n
	Hours       []HourRange // exit hours; none = always; entry is never bound by them
	RecordID    bool        // a resident with no ID number on file must have it registered by the guard
	RecordTemp  bool        // every passage needs a temperature
	FeverTenths int         // temperature that refuses, in tenths of a degree Celsius: 373 is 37.3 °C
	ReaderQR    bool        // readers may release; off: only guards
}

// HourRange is a span of the day in minutes since midnight, From inclusive, To
// exclusive. To ≤ From crosses midnight; From == To is the whole day.
type HourRange struct{ From, To int }

// Restriction is a house's own number of exits 限制出入, in place of the community's.
type Restriction struct {
	Exits   int // as PassRule.Exits
	Reason  string
	LastDay Day // last natural day it holds; 0 = until lifted
}

// Direction of a passage.
type Direction string

const (
	In  Direction = "in"
	Out Direction = "out"
)

// PassKind is the kind of a pass.
type PassKind string

const PassResident PassKind = "resident" // 住户通行证

// Via says who asks for the decision: the needs of a passage differ by it.
type Via string

const (
	ViaReader  Via = "reader"  // a door reader 门禁读头
	ViaGuard   Via = "guard"   // a guard's phone page, scanned
	ViaManual  Via = "manual"  // a guard's manual record 手工登记: no token
	ViaPreview Via = "preview" // the resident's own question: can I go out now?
)

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
	Zone      *time.Location
	Via       Via
	Direction Direction

	Token TokenState

	// Of the reader; only looked at when Via is ViaReader.
	ReaderEnabled     bool // known and enabled
	ReaderAccepts     bool // takes this kind of pass
	ReaderInScope     bool // its community is the pass's, and its building scope covers the house
	ReaderThermometer bool
	ReaderQR          bool // 权限管理: 门禁二维码 ticked for this device

	// Of the pass.
	PassKind    PassKind
	PassEnabled bool // certified, the tie to the house live, not disabled
	LeaseLast   Day  // fixed-term tenant: last natural day of the lease; 0 = none
	HasIDNumber bool

	Rule        PassRule
	Restriction *Restriction // nil: none
	Exits       Tally        // exits of whoever Rule.Counting adds up

	// Taken at the passage.
	TempTenths int  // 0 = not taken
	IDGiven    bool // the guard registers the ID number with this passage
}

// Reason is the rule that decided.
type Reason string

const (
	ReasonAllowed       Reason = "allowed"
	ReasonReaderUnknown Reason = "reader_unknown" // no such device, or disabled
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
