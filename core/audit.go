package core

import (
	"cmp"
	"strings"
	"sync"
	"time"
)

// ActorKind is a kind of caller.
type ActorKind string

const (
	ActorAccount ActorKind = "account" // a console account
	ActorWechat  ActorKind = "wechat"  // a resident, guard or observer, by their WeChat user
	ActorStaff   ActorKind = "staff"   // a staff member, in WeWork
	ActorDevice  ActorKind = "device"  // a door reader
	ActorClient  ActorKind = "client"  // another system, by the open API
	ActorSystem  ActorKind = "system"  // the program itself: jobs, the command line
)

// ActorKinds returns every kind of caller.
func ActorKinds() []ActorKind {
	return []ActorKind{ActorAccount, ActorWechat, ActorStaff, ActorDevice, ActorClient, ActorSystem}
}

// Label returns the kind of caller in Chinese.
func (k ActorKind) Label() string {
	switch k {
	case ActorAccount:
		return "后台账号"
	case ActorWechat:
		return "微信用户"
	case ActorStaff:
		return "企业微信员工"
	case ActorDevice:
		return "门禁读头"
	case ActorClient:
		return "开放接口"
	case ActorSystem:
		return "系统"
	}
	return string(k)
}

// Actor is the one who acts, as recorded in the audit log.
type Actor struct {
	Kind      ActorKind
	ID        ID
	Name      string
	Addr      string // the client's address
	RequestID string
	Operator  bool // see MayOperate; not recorded
}

// MayOperate reports whether the actor may change the deployment itself: settings, checking the
// audit log, creating and deleting communities. Seeing every community of one's own tenant does not
// make an account an operator.
func (a Actor) MayOperate() bool { return a.Kind == ActorSystem || a.Operator }

// System is the program itself.
var System = Actor{Kind: ActorSystem, Name: "系统"}

// AuditRecord is one entry of the audit log 操作日志. Before and After are JSON objects with personal
// data masked. Seq is its position in the chain, from 1; Hash covers the entry and the hash of the
// previous entry.
type AuditRecord struct {
	ID        ID
	Seq       int64
	At        time.Time
	Community ID // 0 = none in particular
	Actor     Actor
	Action    string // one of Acts
	Target    string // stem:id, or stem alone
	Before    string
	After     string
	Hash      string
}

// Act is one kind of act in the audit log.
type Act struct {
	Name  string // stem.verb, as recorded
	Label string // Chinese
}

// Acts returns every act that the audit log can record, in the order of Features.
func Acts() []Act {
	var all []Act
	for _, f := range Features {
		for _, verb := range f.Verbs {
			all = append(all, Act{f.Stem + "." + verb.Name, verb.Label})
		}
	}
	return all
}

// KnownAct reports whether any feature has the act.
func KnownAct(name string) bool {
	_, known := actLabels()[name]
	return known
}

// ActionLabel returns the act in Chinese, or its name if no feature has it.
func (r AuditRecord) ActionLabel() string { return cmp.Or(actLabels()[r.Action], r.Action) }

// actLabels are the acts in Chinese by their names.
var actLabels = sync.OnceValue(func() map[string]string {
	labels := map[string]string{}
	for _, act := range Acts() {
		labels[act.Name] = act.Label
	}
	return labels
})

// TargetLabel returns the kind of an act's target in Chinese.
func TargetLabel(kind string) string {
	if f, ok := FeatureOf(kind); ok {
		return f.Noun
	}
	return kind
}

// StemOf returns the stem of an act: the part before its verb.
func StemOf(action string) string {
	stem, _, _ := strings.Cut(action, ".")
	return stem
}

// TargetOf splits a target into its kind and its id, which is 0 if the target is a kind alone.
func TargetOf(target string) (kind string, id ID) {
	kind, rest, _ := strings.Cut(target, ":")
	id, err := ParseID(rest)
	if err != nil {
		return kind, 0
	}
	return kind, id
}

// AuditFilter narrows the audit log. Zero fields do not filter.
type AuditFilter struct {
	Community ID
	From, To  time.Time // From inclusive, To exclusive
	Kind      ActorKind // of the actor
	Actor     ID        // used together with Kind
	Action    string
	Actions   []string // one of these
	Except    string   // not this one
	Target    string   // kind:id
	Targets   []string // one of these
}

// ThingAct is an act upon one thing, as its page shows it: a line of the audit log, or a batch of
// which the thing is one.
type ThingAct struct {
	At     time.Time
	Label  string
	By     Actor
	Target string      // kind:id
	Batch  ID          // 0 = none
	Kind   BatchKind   // of the batch
	Record AuditRecord // zero if the batch's line names other things
	Undone bool        // the batch was taken back for this thing
}

// SameAct reports whether a line of the audit log is about the same act as the batch b. A line for each
// thing does not name its batch: it has the batch's kind as its action, and its time.
func (b ThingAct) SameAct(line ThingAct) bool {
	if line.Target != b.Target {
		return false
	}
	return line.Batch == b.Batch || line.Batch == 0 && line.Record.Action == string(b.Kind) && line.At.Equal(b.At)
}

// AuditColumns are the columns of an export of the audit log.
var AuditColumns = []string{"序号", "时间", "操作者", "操作者类别", "操作", "对象", "对象编号", "小区", "之前", "之后", "来源地址", "请求编号"}

// Cells returns the entry's values in the order of AuditColumns, with its time in zone and
// communities by name.
func (r AuditRecord) Cells(communities map[ID]string, zone *time.Location) []any {
	kind, id := TargetOf(r.Target)
	number := ""
	if id != 0 {
		number = id.String() // a text: spreadsheets round integers that long
	}
	before, after := auditLines(r.NamedChanges(communities))
	return []any{
		r.Seq, r.At.In(zone), r.Actor.Name, r.Actor.Kind.Label(), r.ActionLabel(), TargetLabel(kind), number, communities[r.Community],
		before, after, r.Actor.Addr, r.Actor.RequestID,
	}
}

// AuditVerdict is the result of checking the audit log's chain.
type AuditVerdict struct {
	Rows   int64     // entries checked
	Seq    int64     // of the newest good entry
	Hash   string    // of the newest good entry
	Broken string    // what is wrong with the first altered entry, in Chinese; "" = nothing
	At     time.Time // when it was checked
}

// Good reports whether the chain is intact.
func (v AuditVerdict) Good() bool { return v.Broken == "" }

// auditFields label what the audit log records of its own export: the filter.
var auditFields = []AuditField{
	{Key: "from", Label: "开始"},
	{Key: "to", Label: "结束"},
	{Key: "action", Label: "操作"},
	{Key: "actor", Label: "操作者"},
	{Key: "target", Label: "对象"},
	allField,
}
