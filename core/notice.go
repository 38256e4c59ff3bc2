package core

import (
	"strings"
	"time"
)

// Notice tells an account of something that happened: an entry of the bell.
type Notice struct {
	ID        ID
	Community ID     // 0 = it is about none
	Stem      string // what it is about: accessalert, job, account
	Title     string // Chinese, without personal data
	Link      string // its page, below /console/
	Created   time.Time
	Read      time.Time // zero = not yet
}

// NoticePages is the path of an account's 我的提醒 on the phone: what the bell shows, where nobody is signed in to the console.
const NoticePages = "/h5/notice"

// PhonePath returns the page on the phone where somebody with the allowed permissions handles what the notice tells of; "" =
// there is none.
func (n Notice) PhonePath(allowed func(Permission) bool) string {
	end := strings.IndexAny(n.Link+"/", "/?")
	needs := ReviewKind(n.Link[:end]).Type().Needs
	if needs == "" || !allowed(needs) {
		return ""
	}
	return reviewPath(n.Link)
}

// reviewPath returns the phone's page of the review that a link of the console leads to, or the list of all.
func reviewPath(link string) string {
	if _, id, one := strings.Cut(link, "/"); one {
		return "/h5/review/" + id
	}
	return "/h5/review"
}

// MaxNotices is how many notices the bell shows.
const MaxNotices = 20

// NoticeAudience is who is told of something in a community: every account that may see it, has the community
// in its scope, and is not disabled.
type NoticeAudience struct {
	Community ID
	Needs     Permission
	Not       ID // a WeChat user whose own account is not told; 0 = none
}
