package core

import "time"

// Notice tells an account of something that happened: an entry of the bell.
type Notice struct {
	ID      ID
	Stem    string // what it is about: accessalert, job, account
	Title   string // Chinese, without personal data
	Link    string // its page, below /console/
	Created time.Time
	Read    time.Time // zero = not yet
}

// MaxNotices is how many notices the bell shows.
const MaxNotices = 20

// NoticeAudience is who is told of something in a community: every account that may see it, has the community
// in its scope, and is not disabled.
type NoticeAudience struct {
	Community ID
	Needs     Permission
}
