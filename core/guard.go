package core

import (
	"time"
	"unicode/utf8"
)

// GuardPost is a place where guards let people pass 门岗.
type GuardPost struct {
	ID        ID
	Community ID
	Name      string
	Direction Direction // preset on the guard's page
	Disabled  time.Time
}

// Guard is somebody who works at posts of one community.
type Guard struct {
	ID        ID
	Community ID
	Name      string
	Phone     string // masked
	User      ID     // bound WeChat user; 0 = not yet
	Posts     []ID
	Disabled  time.Time
}

// Bounds of what is asked for here, in characters.
const (
	GuardPostNameMost = 64
	guardPostsMost    = 200 // posts of one guard
)

// Trimmed gives the post with its text cleaned.
func (p GuardPost) Trimmed() GuardPost {
	p.Name = Clean(p.Name)
	return p
}

// Check reports what is wrong with a Trimmed post, by field.
func (p GuardPost) Check() error {
	fields := map[string]string{}
	if n := utf8.RuneCountInString(p.Name); n == 0 || n > GuardPostNameMost || !noControls(p.Name) {
		fields["name"] = "请填写门岗名称，最多 64 个字"
	}
	if p.Direction != In && p.Direction != Out {
		fields["direction"] = "请选择方向"
	}
	return InvalidFields(fields)
}

// Trimmed gives the guard with the texts cleaned; a phone number that is one, as
// its 11 digits.
func (g Guard) Trimmed() Guard {
	g.Name, g.Phone = Clean(g.Name), trimmedPhone(g.Phone)
	return g
}

// Check reports what is wrong with a Trimmed guard, by field. No phone number is
// for the caller to judge: of a guard on file it means the number kept.
func (g Guard) Check() error {
	fields := map[string]string{}
	checkPerson(fields, g.Name, g.Phone)
	if len(g.Posts) > guardPostsMost {
		fields["posts"] = "最多选择 200 个门岗"
	}
	return InvalidFields(fields)
}

func trimmedPhone(phone string) string {
	if whole, err := NormalizePhone(phone); err == nil {
		return whole
	}
	return Clean(phone)
}

// checkPerson looks at the name and phone number of somebody who is bound to
// WeChat by a QR: a guard, an observer.
func checkPerson(fields map[string]string, name, phone string) {
	if n := utf8.RuneCountInString(name); n == 0 || n > NameMost || !noControls(name) {
		fields["name"] = "请填写姓名，最多 40 个字"
	}
	if phone == "" {
		return
	}
	if _, err := NormalizePhone(phone); err != nil {
		fields["phone"] = MessageOf(err)
	}
}
