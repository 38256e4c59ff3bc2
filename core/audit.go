package core

import "time"

// ActorKind says what kind of caller acts.
type ActorKind string

const (
	ActorAccount ActorKind = "account" // a console account
	ActorWechat  ActorKind = "wechat"  // a resident, guard or observer, by their WeChat user
	ActorDevice  ActorKind = "device"  // a door reader
	ActorSystem  ActorKind = "system"  // the program itself: jobs, the command line
)

// Actor is who does an act, for the audit log.
type Actor struct {
	Kind      ActorKind
	ID        ID
	Name      string
	Addr      string // the client's address
	RequestID string
}

// System is the program itself.
var System = Actor{Kind: ActorSystem, Name: "系统"}

// AuditRecord is one line of the audit log 操作日志. Before and After are JSON,
// personal data masked.
type AuditRecord struct {
	ID        ID
	At        time.Time
	Community ID
	Actor     Actor
	Action    string
	Target    string
	Before    string
	After     string
}
