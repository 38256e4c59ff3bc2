package core

import (
	"time"
)

// GuardPost is a place where guards let people pass 门岗.
type GuardPost struct {
	ID        ID
	Community ID
	Name      string
	Direction Direction // preselected on the guard's page
	Urgent    bool      // guards may release whom only the pass's own rules refuse, see Reason.MayBeUrgent
	Disabled  time.Time
	Updated   time.Time // see Stale
}

// MaxGuardPostName bounds a post's name, in characters.
const MaxGuardPostName = 64

// Trimmed returns the post with its text cleaned.
func (p GuardPost) Trimmed() GuardPost {
	p.Name = Clean(p.Name)
	return p
}

// Check returns an Invalid error that names the bad fields of a Trimmed post.
func (p GuardPost) Check() error {
	fields := map[string]string{}
	if !nameText(p.Name, MaxGuardPostName) {
		fields["name"] = "请填写门岗名称，最多 64 个字"
	}
	if p.Direction != In && p.Direction != Out {
		fields["direction"] = "请选择方向"
	}
	return InvalidFields(fields)
}

// guardPostFields label what the audit log records of a post.
var guardPostFields = []AuditField{
	{Key: "name", Label: "名称"},
	{Key: "direction", Label: "方向", Value: labelOf(Direction.Label)},
	{Key: "urgent", Label: "允许紧急放行"},
	{Key: "disabled", Label: "已停用"},
}
