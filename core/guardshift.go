package core

import "time"

// ShiftState is how a shift stands.
type ShiftState string

// The states. The last two are final.
const (
	ShiftOn     ShiftState = "on"     // the guard is in charge of the post
	ShiftHanded ShiftState = "handed" // handed over
	ShiftTaken  ShiftState = "taken"  // the next guard took over without that
)

// ShiftStates returns every state, in the order of a life.
func ShiftStates() []ShiftState { return []ShiftState{ShiftOn, ShiftHanded, ShiftTaken} }

// Label returns the state in Chinese.
func (s ShiftState) Label() string {
	return map[ShiftState]string{ShiftOn: "值班中", ShiftHanded: "已交班", ShiftTaken: "未交班，由下一班接班"}[s]
}

// GuardShift is the time for which a guard is in charge of a post 值班. Others may work there meanwhile: who released somebody is in
// the access record.
type GuardShift struct {
	ID        ID
	Community ID
	Post      ID
	PostName  string
	Guard     ID
	GuardName string
	Before    ID // the shift whose note the guard has read; 0 = there was none
	State     ShiftState
	Note      string    // for the next guard
	Began     time.Time // the ID's time
	Ended     time.Time // zero = it has not
}

// LongShift is after what time somebody has probably forgotten to hand over.
const LongShift = 24 * time.Hour

// Forgotten reports whether the shift has lasted so long that handing over was probably forgotten.
func (s GuardShift) Forgotten(now time.Time) bool {
	return s.State == ShiftOn && now.Sub(s.Began) > LongShift
}

// Mark identifies what a page has shown of the latest shift of a post: the next guard takes over from that, or not at all. That of no
// shift is "0".
func (s GuardShift) Mark() string { return s.ID.String() + string(s.State) }

// MaxShiftNote bounds a note, in characters.
const MaxShiftNote = 300

// ShiftCounts are the passages at the post of a shift while it lasted. Urgent ones are among those in and out.
type ShiftCounts struct{ In, Out, Refused, Urgent int }

// guardShiftFields label what the audit log records of a shift.
var guardShiftFields = []AuditField{
	{Key: "post", Label: "门岗"},
	{Key: "guard", Label: "值班人员"},
	{Key: "former", Label: "没有交班的上一班"},
	{Key: "note", Label: "交班留言"},
	{Key: "state", Label: "状态", Value: labelOf(ShiftState.Label)},
}
