package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// AuditChange is one thing that an act found and left. Changed reports that the
// two differ; Added and Removed name the difference of two lists.
type AuditChange struct {
	Label          string
	Before, After  string
	Changed        bool
	Added, Removed []string
}

// auditField is a field of what the log keeps: its words, and those of its values.
type auditField struct {
	key, label string
	value      func(string) string // nil = as it is
	list       bool                // comma separated
}

// auditFields are in the order in which people see them.
var auditFields = []auditField{
	{key: "name", label: "名称"},
	{key: "login", label: "登录名"},
	{key: "role", label: "角色", value: func(v string) string { return Role(v).Name() }},
	{key: "permissions", label: "权限", value: func(v string) string { return Permission(v).Name() }, list: true},
	{key: "communities", label: communitiesLabel, list: true},
	{key: "address", label: "地址"},
	{key: "house", label: "房屋"},
	{key: "identity", label: "身份", value: func(v string) string { return Identity(v).Words() }},
	{key: "sex", label: "性别", value: SexWords},
	{key: "lease", label: "租约到期日"},
	{key: "phone", label: "电话"},
	{key: "id_number", label: "证件号"},
	{key: "certified", label: "已认证"},
	{key: "levels", label: "楼栋结构", list: true},
	{key: "gate", label: "所在的门"},
	{key: "protocol", label: "协议", value: ProtocolWords},
	{key: "serial", label: "设备号"},
	{key: "direction", label: "方向", value: func(v string) string { return Direction(v).Words() }},
	{key: "scope_nodes", label: "服务范围", list: true},
	{key: "kinds", label: "接受的通行证", value: func(v string) string { return PassKind(v).Words() }, list: true},
	{key: "thermometer", label: "带测温"},
	{key: "qr_allowed", label: "门禁二维码"},
	{key: "deny_code", label: "拒绝码"},
	{key: "heartbeat", label: "心跳"},
	{key: "firmware", label: "固件版本"},
	{key: "capacity", label: "身份"},
	{key: "may_export", label: "可导出"},
	{key: "posts", label: "岗位", list: true},
	{key: "counting", label: "出门计算方式", value: countingWords},
	{key: "period_days", label: "出门间隔周期（天）"},
	{key: "exits", label: "周期内可出门次数"},
	{key: "hours", label: "可出门时间段", list: true},
	{key: "reader_qr", label: "门禁二维码"},
	{key: "record_id", label: "身份证记录"},
	{key: "record_temp", label: "体温记录"},
	{key: "fever", label: "体温上限（℃）"},
	{key: "disabled", label: "已停用"},
	{key: "record_days", label: "出入记录保留天数"},
	{key: "console_idle_minutes", label: "后台无操作退出（分钟）"},
}

// peopleKinds are the targets whose name is a person's.
var peopleKinds = []string{"account", "guard", "observer", "resident"}

func countingWords(v string) string {
	switch Counting(v) {
	case CountPerson:
		return "一人一次"
	case CountHousehold:
		return "一户一次"
	}
	return v
}

// KnownAuditField reports whether a JSON field of the audit log has words.
func KnownAuditField(key string) bool {
	return slices.ContainsFunc(auditFields, func(f auditField) bool { return f.key == key })
}

// Changes gives what the act found and left, field by field. What is no JSON
// object, and what was too long to be kept whole, is one change without a label.
func (r AuditRecord) Changes() []AuditChange {
	before, first := auditObject(r.Before)
	after, second := auditObject(r.After)
	if !first || !second {
		return []AuditChange{{Before: r.Before, After: r.After, Changed: r.Before != "" && r.After != "" && r.Before != r.After}}
	}
	kind, _ := TargetOf(r.Target)
	var changes []AuditChange
	for _, f := range auditOrder(before, after) {
		if f.key == "name" && slices.Contains(peopleKinds, kind) {
			f.label = "姓名"
		}
		x, y := before[f.key], after[f.key]
		change := AuditChange{Label: f.label, Before: f.words(x), After: f.words(y)}
		// Of an act that made or removed a thing, nothing changed: it is all new or gone.
		change.Changed = r.Before != "" && r.After != "" && change.Before != change.After
		if f.list && change.Changed {
			change.Added, change.Removed = f.without(y, x), f.without(x, y)
		}
		if change.Before != "" || change.After != "" {
			changes = append(changes, change)
		}
	}
	return changes
}

// communitiesLabel is of the one field whose values are kept as ids.
const communitiesLabel = "小区"

// NamedChanges is Changes with the names of communities in the place of the ids that
// accounts and observers are kept with.
func (r AuditRecord) NamedChanges(communities map[ID]string) []AuditChange {
	changes := r.Changes()
	at := slices.IndexFunc(changes, func(c AuditChange) bool { return c.Label == communitiesLabel })
	if at < 0 {
		return changes
	}
	var pairs []string
	for id, name := range communities {
		pairs = append(pairs, id.String(), name)
	}
	names := strings.NewReplacer(pairs...)
	c := &changes[at]
	c.Before, c.After = names.Replace(c.Before), names.Replace(c.After)
	for _, list := range [][]string{c.Added, c.Removed} {
		for i := range list {
			list[i] = names.Replace(list[i])
		}
	}
	return changes
}

// auditObject reads a text of the log; nothing is an object without fields.
func auditObject(text string) (map[string]any, bool) {
	if text == "" {
		return nil, true
	}
	var object map[string]any
	err := json.Unmarshal([]byte(text), &object)
	return object, err == nil
}

// auditOrder gives the fields of two objects: those with words, then others.
func auditOrder(before, after map[string]any) []auditField {
	var fields []auditField
	var unknown []string
	has := func(key string) bool {
		_, first := before[key]
		_, second := after[key]
		return first || second
	}
	for _, f := range auditFields {
		if has(f.key) {
			fields = append(fields, f)
		}
	}
	for _, object := range []map[string]any{before, after} {
		for key := range object {
			if !KnownAuditField(key) && !slices.Contains(unknown, key) {
				unknown = append(unknown, key)
			}
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		fields = append(fields, auditField{key: key, label: key})
	}
	return fields
}

// words gives a value for people.
func (f auditField) words(value any) string {
	if f.list {
		return strings.Join(f.items(value), "、")
	}
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "是"
		}
		return "否"
	case string:
		return f.word(v)
	}
	return fmt.Sprint(value)
}

func (f auditField) word(text string) string {
	if f.value == nil || text == "" {
		return text
	}
	if words := f.value(text); words != "" {
		return words
	}
	return text
}

// items reads a list: a JSON list, or one text with commas.
func (f auditField) items(value any) []string {
	var items []string
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			items = append(items, f.word(fmt.Sprint(item)))
		}
	case string:
		for item := range strings.SplitSeq(v, ",") {
			if item != "" {
				items = append(items, f.word(item))
			}
		}
	}
	return items
}

// without gives the items of one list that another lacks.
func (f auditField) without(list, other any) []string {
	lacking := f.items(other)
	return slices.DeleteFunc(f.items(list), func(item string) bool { return slices.Contains(lacking, item) })
}

// auditLines writes changes as two texts, for a cell each: of a change of some
// fields only those.
func auditLines(changes []AuditChange) (before, after string) {
	anyChanged := slices.ContainsFunc(changes, func(c AuditChange) bool { return c.Changed })
	var old, now []string
	for _, c := range changes {
		if anyChanged && !c.Changed {
			continue
		}
		label := c.Label
		if label != "" {
			label += "："
		}
		if c.Before != "" {
			old = append(old, label+c.Before)
		}
		if c.After != "" {
			now = append(now, label+c.After)
		}
	}
	return strings.Join(old, "；"), strings.Join(now, "；")
}
