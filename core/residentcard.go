package core

import "time"

// ResidentCard is a printed code of a resident without a phone 卡码: good until it is revoked.
type ResidentCard struct {
	ID      ID
	Code    string // for its QR alone
	By      string // who issued it
	Created time.Time
}

// CardPrefix begins the text of every card's code: no code on a phone is as long.
const CardPrefix = "CARD"
