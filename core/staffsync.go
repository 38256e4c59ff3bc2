package core

import (
	"fmt"
	"time"
)

// StaffSync is the state of an account of WeWork's sync with 员工信息.
type StaffSync struct {
	App                     ID
	Asked                   time.Time // somebody asked for a whole one, which has not begun; zero = nobody
	Run                     ID        // of the one under way, or that failed and goes on; 0 = none
	Phase                   StaffSyncPhase
	Cursor                  string // of the list of members
	Added, Changed, Removed int    // of the run under way, or of the last
	Leaving                 int    // who would have left by the last, so many that somebody is asked; 0 = nobody is
	Ended                   time.Time
	Problem                 string // why the last did not come to its end, in words; "" = it did
}

// StaffSyncPhase is how far a run has come.
type StaffSyncPhase int

// The phases, in order. Another server goes on where one was killed.
const (
	SyncDepartments StaffSyncPhase = iota
	SyncList
	SyncMembers
	SyncLeavers
)

// TooManyLeave reports whether so many of a company's staff would leave by one run that it is rather a mistake: a range that
// was narrowed, a list that was not whole. Then somebody is asked.
func TooManyLeave(leaving, staff int) bool { return leaving > 10 && leaving*5 > staff }

// Words returns what a run did.
func (s StaffSync) Words() string {
	return fmt.Sprintf("增加 %d 人，变更 %d 人，离职 %d 人", s.Added, s.Changed, s.Removed)
}

// CorpDepartment is a department as WeWork has it.
type CorpDepartment struct {
	Number, Parent, Order int
	Name                  string
}

// CorpMember is a member as WeWork has them. Gone is one who left or is disabled.
type CorpMember struct {
	UserID, Name, Position string
	Departments            []int
	Gone                   bool
	Unseen                 bool      // WeWork does not show them: they leave, if not too many do
	Asked                  time.Time // when WeWork was asked; what it told of later is newer
}

// CorpHint is what WeWork tells of a change: a member to look at again, or that departments changed.
type CorpHint struct {
	UserID    string // "" = the departments
	NewUserID string // of a member whose id changed
	Gone      bool   // the member was deleted
	Whole     bool   // departments came into the app's range, or out of it
}

// StaffSyncDue returns since when a whole sync is due at now: the last three o'clock at night.
func StaffSyncDue(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	due := time.Date(local.Year(), local.Month(), local.Day(), 3, 10, 0, 0, zone)
	if due.After(now) {
		due = time.Date(local.Year(), local.Month(), local.Day()-1, 3, 10, 0, 0, zone)
	}
	return due
}
