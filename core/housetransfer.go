package core

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// TransferFate is what becomes of people of a house when it gets another owner.
type TransferFate string

// The fates.
const (
	TransferLeave TransferFate = "leave"
	TransferStay  TransferFate = "stay"
)

// TransferFates returns the fates in the order in which forms show them.
func TransferFates() []TransferFate { return []TransferFate{TransferLeave, TransferStay} }

// Label returns the fate in Chinese.
func (f TransferFate) Label() string {
	return map[TransferFate]string{TransferLeave: "一起迁出", TransferStay: "继续居住"}[f]
}

// TransferState is how far a transfer has come.
type TransferState string

// The states.
const (
	TransferPlanned   TransferState = "planned"   // for a day to come
	TransferDone      TransferState = "done"      // the house has the new owner
	TransferCancelled TransferState = "cancelled" // by the office, before its day
	TransferFailed    TransferState = "failed"    // on its day something was in the way: Why
)

// MaxTransferDays bounds how far ahead a transfer is planned.
const MaxTransferDays = 366

// HouseTransfer is that a house gets another owner 房屋过户. The former owners move out; their family and tenants do, or stay.
type HouseTransfer struct {
	ID        ID
	Community ID
	House     ID
	Day       Day      // on which it takes effect
	Owner     Resident // the new owner, if not Existing
	Existing  ID       // a resident of the house who becomes the owner; 0 = Owner
	Family    TransferFate
	Tenants   TransferFate
	State     TransferState
	Why       string // it failed
	By        string // who entered it
	Created   time.Time
}

// Planned reports whether it takes effect on a later day.
func (t HouseTransfer) Planned(today Day) bool { return t.Day > today }

// Fate returns what becomes of somebody of the house by their identity. Owners leave.
func (t HouseTransfer) Fate(i Identity) TransferFate {
	switch i {
	case Owner:
		return TransferLeave
	case Family:
		return t.Family
	}
	return t.Tenants
}

// Normalized returns the transfer with its texts in their stored form, and an Invalid error by field.
func (t HouseTransfer) Normalized(today Day) (HouseTransfer, error) {
	fields := map[string]string{}
	switch {
	case t.Day == 0:
		fields["day"] = "请选择过户日期"
	case t.Day < today:
		fields["day"] = "过户日期不能早于今天"
	case t.Day > today+MaxTransferDays:
		fields["day"] = "过户日期最晚为一年以内"
	}
	for name, fate := range map[string]TransferFate{"family": t.Family, "tenants": t.Tenants} {
		if !slices.Contains(TransferFates(), fate) {
			fields[name] = "请选择一起迁出或继续居住"
		}
	}
	if t.Existing != 0 {
		t.Owner = Resident{}
		return t, InvalidFields(fields)
	}
	t.Owner.Identity, t.Owner.House, t.Owner.Community, t.Owner.Namesake = Owner, t.House, t.Community, true
	var err error
	t.Owner, err = t.Owner.Normalized()
	var wrong *Error
	if errors.As(err, &wrong) {
		maps.Copy(fields, wrong.Fields)
	}
	if fields["phone"] == "" && t.Owner.OwnPhone() == "" {
		fields["phone"] = "请填写新业主本人的手机号"
	}
	return t, InvalidFields(fields)
}
