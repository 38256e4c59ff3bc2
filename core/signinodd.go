package core

import "time"

// OddSignIns are the sign-ins of the last OddSignInDays that are unusual 异常登录.
type OddSignIns struct {
	Accounts  []FailedSignIns // at one account, the most first
	Addresses []FailedSignIns // from one address from which nobody has signed in, the most first
	Devices   []NewDevice     // newest first
}

// FailedSignIns are the failures at an account, or from an address.
type FailedSignIns struct {
	Account ID     // 0 = those of an address
	Name    string // of the account, or the address
	N       int
	Logins  int // names that were tried
	Last    time.Time
}

// NewDevice is a sign-in from a browser and an address of which the account had not signed in before.
type NewDevice struct {
	Account ID
	Name    string
	At      time.Time
	Addr    string
	Agent   string
}

// What is unusual. Somebody who mistypes is let wait and gives up before; addresses of people who work there are not counted.
const (
	OddSignInDays     = 7
	OddSignInFailures = 10
	OddSignInsShown   = 5 // of each kind
)
