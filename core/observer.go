package core

import (
	"time"
)

// Observer is an outsider who may look at communities' access records 观察员.
type Observer struct {
	ID          ID
	Name        string
	Capacity    string // 身份: as what they observe
	Phone       string // masked
	MayExport   bool
	User        ID // bound WeChat user; 0 = not yet
	Communities []ID
	Removed     time.Time
	Updated     time.Time // see Stale
}

// Kinds of a bind ticket: whom the scan of a parametric QR binds.
const (
	BindObserver = "observer"
	BindGuard    = "guard"
)

// BindState is how far a bind ticket has come.
type BindState string

// The states of a bind ticket. One that was replaced or never made is over too.
const (
	BindWaiting BindState = "waiting"
	BindDone    BindState = "done"
	BindRefused BindState = "refused" // the phone said no, or picked other digits
	BindOver    BindState = "over"
)

// BindQuestion is what somebody who scanned a sign-in QR of a guard or an observer is
// asked on the phone.
type BindQuestion struct {
	Kind      string
	Name      string // of the guard or observer; shown to the one whose number agrees
	Code      string // two digits that stand beside the QR
	State     BindState
	NeedPhone bool   // the scanner has to verify a phone number first
	Phone     string // the scanner's, masked; "" where none was verified
	Begun     time.Time
}

// Bounds of an observer.
const (
	MaxCapacity            = 40 // characters
	maxObserverCommunities = 500
)

// Trimmed gives the observer with the texts cleaned; a phone number that is one,
// as its 11 digits.
func (o Observer) Trimmed() Observer {
	o.Name, o.Capacity, o.Phone = Clean(o.Name), Clean(o.Capacity), trimmedPhone(o.Phone)
	return o
}

// Check reports what is wrong with a Trimmed observer, by field. No phone number
// is for the caller to judge: of an observer on file it means the number kept.
func (o Observer) Check() error {
	fields := map[string]string{}
	checkPerson(fields, o.Name, o.Phone)
	if !nameText(o.Capacity, MaxCapacity) {
		fields["capacity"] = "请填写身份，最多 40 个字，如 社区民警"
	}
	if len(o.Communities) == 0 {
		fields["communities"] = "请至少选择一个小区"
	} else if len(o.Communities) > maxObserverCommunities {
		fields["communities"] = "最多选择 500 个小区"
	}
	return InvalidFields(fields)
}

// observerFields are the words of what the audit log keeps of an observer.
var observerFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "capacity", Label: "身份"},
	{Key: "phone", Label: "手机号"},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "may_export", Label: "可导出"},
}
