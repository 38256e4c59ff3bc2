package core

import (
	"time"
)

// Observer is an outsider who may view communities' access records 观察员.
type Observer struct {
	ID          ID
	Name        string
	Capacity    string // 身份: in what role they observe
	Phone       string // masked
	MayExport   bool
	User        ID // bound WeChat user; 0 = not yet
	Communities []ID
	Removed     time.Time
	Updated     time.Time // see Stale
}

// Kinds of a bind ticket: who is bound by scanning a parametric QR code.
const (
	BindObserver = "observer"
	BindGuard    = "guard"
	BindAccount  = "account" // of the console: told of what waits, and signs in by scanning
)

// BindState is the progress of a bind ticket.
type BindState string

// The states of a bind ticket. Replaced and unknown tickets count as over.
const (
	BindWaiting BindState = "waiting"
	BindDone    BindState = "done"
	BindRefused BindState = "refused" // the phone said no, or picked other digits
	BindOver    BindState = "over"
)

// BindQuestion is what the phone asks somebody who scanned the QR code of a guard, an observer or an account.
type BindQuestion struct {
	Kind      string
	Name      string // of whom it binds; shown only if the phone number matches
	Code      string // two digits shown next to the QR code
	State     BindState
	NeedPhone bool   // the scanner has to verify a phone number first
	Phone     string // the scanner's, masked; "" if none was verified
	Begun     time.Time
}

// Bounds of an observer.
const (
	MaxCapacity            = 40 // characters
	maxObserverCommunities = 500
)

// Trimmed returns the observer with the texts cleaned, and a valid phone number as its 11 digits.
func (o Observer) Trimmed() Observer {
	o.Name, o.Capacity, o.Phone = Clean(o.Name), Clean(o.Capacity), trimmedPhone(o.Phone)
	return o
}

// Check returns an Invalid error that names the bad fields of a Trimmed observer. An empty phone
// number passes: the caller decides, since for an existing observer it means "unchanged".
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

// observerFields label what the audit log records of an observer.
var observerFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "capacity", Label: "身份"},
	{Key: "phone", Label: "手机号"},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "may_export", Label: "可导出"},
}
