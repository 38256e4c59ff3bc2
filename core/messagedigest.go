package core

import (
	"slices"
	"time"
)

// MessageDigest is when an account is told, outside the console, of what may come in a flood: at once, or of all at a time
// 合并发送.
type MessageDigest string

// The choices.
const (
	DigestNone  MessageDigest = ""     // at once
	DigestHour  MessageDigest = "hour" // at the next full hour
	DigestDaily MessageDigest = "day"  // at digestTime of the next day
)

// digestTime is the hour of the day of DigestDaily.
const digestTime = 9

// MessageDigests returns all choices, in display order.
func MessageDigests() []MessageDigest { return []MessageDigest{DigestNone, DigestHour, DigestDaily} }

// Valid reports whether the choice is one of MessageDigests.
func (d MessageDigest) Valid() bool { return slices.Contains(MessageDigests(), d) }

// Label returns the choice in Chinese.
func (d MessageDigest) Label() string {
	switch d {
	case DigestNone:
		return "立即"
	case DigestHour:
		return "每小时"
	case DigestDaily:
		return "每天早上 9 点"
	}
	return string(d)
}

// Next returns when what came at a time is told: that time itself, if it is told at once. The time is of the zone in which
// the digest is meant.
func (d MessageDigest) Next(came time.Time) time.Time {
	y, m, day := came.Date()
	switch d {
	case DigestHour:
		return came.Truncate(time.Hour).Add(time.Hour)
	case DigestDaily:
		if came.Hour() >= digestTime {
			day++
		}
		return time.Date(y, m, day, digestTime, 0, 0, 0, came.Location())
	}
	return came
}

// Longest returns how long something waits at most.
func (d MessageDigest) Longest() time.Duration {
	switch d {
	case DigestHour:
		return time.Hour
	case DigestDaily:
		return 24 * time.Hour
	}
	return 0
}
