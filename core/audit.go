package core

import (
	"slices"
	"strings"
	"time"
)

// ActorKind says what kind of caller acts.
type ActorKind string

const (
	ActorAccount ActorKind = "account" // a console account
	ActorWechat  ActorKind = "wechat"  // a resident, guard or observer, by their WeChat user
	ActorDevice  ActorKind = "device"  // a door reader
	ActorSystem  ActorKind = "system"  // the program itself: jobs, the command line
)

// ActorKinds gives every kind of caller.
func ActorKinds() []ActorKind {
	return []ActorKind{ActorAccount, ActorWechat, ActorDevice, ActorSystem}
}

// Words gives the kind of caller in Chinese.
func (k ActorKind) Words() string {
	switch k {
	case ActorAccount:
		return "后台账号"
	case ActorWechat:
		return "微信用户"
	case ActorDevice:
		return "门禁读头"
	case ActorSystem:
		return "系统"
	}
	return string(k)
}

// Actor is who does an act, for the audit log.
type Actor struct {
	Kind      ActorKind
	ID        ID
	Name      string
	Addr      string // the client's address
	RequestID string
	Operator  bool // see MayOperate; not in the log
}

// MayOperate reports whether the actor may change the deployment itself: settings, the
// check of the audit log, communities made and deleted. That an account sees every
// community of its own does not make it an operator.
func (a Actor) MayOperate() bool { return a.Kind == ActorSystem || a.Operator }

// System is the program itself.
var System = Actor{Kind: ActorSystem, Name: "系统"}

// AuditRecord is one line of the audit log 操作日志. Before and After are JSON or
// plain words, personal data masked. Seq is its place in the chain, from 1; Hash
// covers the line and the hash of the line before it.
type AuditRecord struct {
	ID        ID
	Seq       int64
	At        time.Time
	Community ID // 0 = none in particular
	Actor     Actor
	Action    string // of ActTable
	Target    string // kind:id, or kind alone
	Before    string
	After     string
	Hash      string
}

// Act is one kind of act in the audit log.
type Act struct {
	Name  string // stem.verb, as the log keeps it
	Words string // Chinese
}

// ActGroup is the acts upon one kind of thing.
type ActGroup struct {
	Name  string // Chinese
	Items []Act
}

// ActTable is every act that is ever written into the audit log, in words, in the
// order people see it. Acts are only ever added: old lines keep theirs.
var ActTable = []ActGroup{
	{"小区与房屋", []Act{
		{"community.create", "添加小区"},
		{"community.update", "修改小区"},
		{"community.archive", "归档小区"},
		{"community.restore", "恢复小区"},
		{"community.remove", "删除小区"},
		{"house.create", "添加房屋"},
		{"house.update", "修改房屋"},
		{"house.remove", "删除房屋"},
	}},
	{"住户", []Act{
		{"resident.create", "添加住户"},
		{"resident.create_many", "批量添加住户"},
		{"resident.update", "修改住户"},
		{"resident.move_out", "住户迁出"},
		{"resident.remove", "删除住户"},
		{"resident.reveal", "查看住户完整信息"},
	}},
	{"通行证设置", []Act{
		{"passrule.update", "修改通行证设置"},
		{"restriction.create", "设置限制出入"},
		{"restriction.lift", "解除限制出入"},
	}},
	{"门禁读头", []Act{
		{"reader.create", "添加读头"},
		{"reader.update", "修改读头"},
		{"reader.enable", "启用读头"},
		{"reader.disable", "停用读头"},
		{"reader.switch_qr", "切换读头扫码放行"},
		{"reader.reveal_secret", "查看读头密钥"},
		{"reader.rotate_secret", "更换读头密钥"},
	}},
	{"门岗与观察员", []Act{
		{"guardpost.create", "添加门岗"},
		{"guardpost.update", "修改门岗"},
		{"guardpost.enable", "启用门岗"},
		{"guardpost.disable", "停用门岗"},
		{"guard.create", "添加门岗人员"},
		{"guard.update", "修改门岗人员"},
		{"guard.enable", "启用门岗人员"},
		{"guard.disable", "停用门岗人员"},
		{"observer.create", "添加观察员"},
		{"observer.update", "修改观察员"},
		{"observer.remove", "移除观察员"},
		{"bindticket.create", "生成微信绑定码"},
		{"bindticket.approve", "绑定微信"},
		{"wechatuser.merge", "合并微信用户"},
	}},
	{"告警", []Act{
		{"alert.handle", "处理告警"},
	}},
	{"账号与登录", []Act{
		{"account.create", "添加账号"},
		{"account.update", "修改账号"},
		{"account.enable", "启用账号"},
		{"account.disable", "停用账号"},
		{"account.reset_password", "重置密码"},
		{"account.change_password", "修改自己的密码"},
		{"account.enable_totp", "开启两步验证"},
		{"account.disable_totp", "关闭两步验证"},
		{"account.reset_totp", "重置他人的两步验证"},
		{"account.bind_wechat", "账号绑定微信"},
		{"account.unbind_wechat", "账号解绑微信"},
		{"account.reset_wechat", "解绑他人的微信"},
		{"session.sign_in", "登录"},
		{"session.end", "结束全部登录"},
	}},
	{"导出与系统", []Act{
		{"accessrecord.export", "导出出入记录"},
		{"resident.export", "导出住户"},
		{"house.export", "导出房屋"},
		{"audit.export", "导出操作日志"},
		{"setting.update", "修改系统设置"},
		{"job.start", "开始后台任务"},
		{"job.cancel", "取消后台任务"},
	}},
}

// Acts gives every act in the table's order.
func Acts() []Act {
	var all []Act
	for _, group := range ActTable {
		all = append(all, group.Items...)
	}
	return all
}

// KnownAct reports whether the table has the act.
func KnownAct(name string) bool {
	return slices.ContainsFunc(Acts(), func(a Act) bool { return a.Name == name })
}

// Words gives the act in Chinese; its name where the table lacks it.
func (r AuditRecord) Words() string {
	for _, act := range Acts() {
		if act.Name == r.Action {
			return act.Words
		}
	}
	return r.Action
}

// targetKinds are what acts are done to.
var targetKinds = map[string]string{
	"account": "账号", "alert": "告警", "access_record": "出入记录", "audit_log": "操作日志", "community": "小区", "guard": "门岗人员", "guardpost": "门岗",
	"house": "房屋", "job": "后台任务", "observer": "观察员", "reader": "门禁读头", "resident": "住户", "setting": "系统设置", "wechat_user": "微信用户",
}

// TargetWords says in Chinese what kind of thing an act was done to.
func TargetWords(kind string) string {
	if words := targetKinds[kind]; words != "" {
		return words
	}
	return kind
}

// TargetOf splits a target into its kind and its id, which is 0 where the target
// is a kind alone.
func TargetOf(target string) (kind string, id ID) {
	kind, rest, _ := strings.Cut(target, ":")
	id, err := ParseID(rest)
	if err != nil {
		return kind, 0
	}
	return kind, id
}

// AuditFilter narrows the audit log. Zero fields do not narrow.
type AuditFilter struct {
	Community ID
	From, To  time.Time // From inclusive, To exclusive
	Kind      ActorKind // of the actor
	Actor     ID        // with Kind
	Action    string
	Target    string // kind:id
}

// AuditColumns are the columns of an export of the audit log.
var AuditColumns = []string{"序号", "时间", "操作者", "操作者类别", "操作", "对象", "对象编号", "小区", "之前", "之后", "来源地址", "请求编号"}

// Cells are a line's values in the order of AuditColumns, its time in zone, with the
// names of communities.
func (r AuditRecord) Cells(communities map[ID]string, zone *time.Location) []any {
	kind, id := TargetOf(r.Target)
	number := ""
	if id != 0 {
		number = id.String() // a text: spreadsheets round figures that long
	}
	before, after := auditLines(r.NamedChanges(communities))
	return []any{
		r.Seq, r.At.In(zone), r.Actor.Name, r.Actor.Kind.Words(), r.Words(), TargetWords(kind), number, communities[r.Community],
		before, after, r.Actor.Addr, r.Actor.RequestID,
	}
}

// AuditVerdict is what a check of the audit log's chain found.
type AuditVerdict struct {
	Rows   int64     // lines that were checked
	Seq    int64     // of the newest good line
	Hash   string    // of the newest good line
	Broken string    // what is wrong with the first line that is not as it was written, in Chinese; "" = nothing
	At     time.Time // when it was checked
}

// Good reports a chain without a flaw.
func (v AuditVerdict) Good() bool { return v.Broken == "" }
