package core

import (
	"time"
)

// Guard is somebody who works at the posts of one community.
type Guard struct {
	ID        ID
	Community ID
	Name      string
	Phone     string // masked
	User      ID     // bound WeChat user; 0 = not yet
	Posts     []ID
	Disabled  time.Time
	Updated   time.Time // see Stale
}

// maxGuardPosts bounds the posts of one guard.
const maxGuardPosts = 200

// Trimmed returns the guard with the texts cleaned, and a valid phone number as its 11 digits.
func (g Guard) Trimmed() Guard {
	g.Name, g.Phone = Clean(g.Name), trimmedPhone(g.Phone)
	return g
}

// Check returns an Invalid error that names the bad fields of a Trimmed guard. An empty phone
// number passes: the caller decides, since for an existing guard it means "unchanged".
func (g Guard) Check() error {
	fields := map[string]string{}
	checkPerson(fields, g.Name, g.Phone)
	if len(g.Posts) > maxGuardPosts {
		fields["posts"] = "最多选择 200 个门岗"
	}
	return InvalidFields(fields)
}

func trimmedPhone(phone string) string {
	if whole, err := NormalizeMobile(phone); err == nil {
		return whole
	}
	return Clean(phone)
}

// checkPerson checks the name and phone number of somebody who is bound to WeChat by a QR code: a
// guard or an observer.
func checkPerson(fields map[string]string, name, phone string) {
	if wrong := wrongName(name); wrong != "" {
		fields["name"] = wrong
	}
	if phone == "" {
		return
	}
	if _, err := NormalizeMobile(phone); err != nil {
		fields["phone"] = MessageOf(err)
	}
}

// guardFields label what the audit log records of a guard.
var guardFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "phone", Label: "手机号"},
	{Key: "posts", Label: "门岗", List: true},
	{Key: "disabled", Label: "已停用"},
}
