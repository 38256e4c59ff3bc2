package core

import (
	"slices"
	"testing"
	"time"
)

func TestAuditChangesReadAsADiff(t *testing.T) {
	r := AuditRecord{
		Action: "account.update",
		Before: `{"name":"李四","role":"clerk","permissions":"house.view,accessrecord.view","disabled":false,"zz":1}`,
		After:  `{"name":"李四","role":"viewer","permissions":"house.view,reader.view","disabled":true,"zz":2}`,
	}
	changes := r.Changes()
	var labels []string
	for _, c := range changes {
		labels = append(labels, c.Label)
	}
	if want := []string{"姓名", "角色", "权限", "已停用", "zz"}; !slices.Equal(labels, want) {
		t.Fatalf("fields %v, want %v", labels, want)
	}
	if c := changes[0]; c.Changed || c.Before != "李四" {
		t.Errorf("what stayed: %+v", c)
	}
	if c := changes[1]; !c.Changed || c.Before != "物业客服" || c.After != "只读" {
		t.Errorf("a role: %+v", c)
	}
	if c := changes[2]; !slices.Equal(c.Added, []string{"查看门禁读头"}) || !slices.Equal(c.Removed, []string{"查看出入记录"}) {
		t.Errorf("a list: %+v", c)
	}
	if c := changes[3]; c.Before != "否" || c.After != "是" {
		t.Errorf("a switch: %+v", c)
	}
}

func TestAuditChangesOfWordsAndOfHalfATextAreWhole(t *testing.T) {
	for _, c := range []struct {
		before, after string
		changed       bool
	}{
		{"南门 进", "北门 进", true}, {"", "3 名住户", false}, {`{"name":"很长`, `{"name":"很长的`, true}, {"{}", "words", true},
	} {
		changes := AuditRecord{Before: c.before, After: c.after}.Changes()
		if len(changes) != 1 || changes[0].Before != c.before || changes[0].After != c.after || changes[0].Changed != c.changed {
			t.Errorf("%q → %q: %+v", c.before, c.after, changes)
		}
	}
	large := AuditRecord{Action: "wechatapp.update", Before: `{"agent_id":1000002}`, After: `{"agent_id":12345678}`}.Changes()
	if len(large) != 1 || large[0].Before != "1000002" || large[0].After != "12345678" {
		t.Errorf("large numbers: %+v", large)
	}
	if changes := (AuditRecord{}).Changes(); len(changes) != 0 {
		t.Errorf("of nothing: %+v", changes)
	}
}

func TestAuditCells(t *testing.T) {
	r := AuditRecord{
		Seq: 7, At: time.Unix(0, 0),
		Actor: Actor{Kind: ActorAccount, Name: "周敏", Addr: "192.0.2.1", RequestID: "r"}, Action: "account.update", Target: "account:12",
		Before: `{"name":"甲","role":"clerk","communities":"3"}`, After: `{"name":"乙","role":"clerk","communities":"3,4"}`, Community: 3,
	}
	got := r.Cells(map[ID]string{3: "翠湖", 4: "海棠"}, time.UTC)
	want := []any{int64(7), time.Unix(0, 0).UTC(), "周敏", "后台账号", "修改账号", "账号", "12", "翠湖", "姓名：甲；小区：翠湖", "姓名：乙；小区：翠湖、海棠", "192.0.2.1", "r"}
	if len(got) != len(AuditColumns) || !slices.Equal(got, want) {
		t.Errorf("cells %v", got)
	}
}

func TestTargets(t *testing.T) {
	for text, want := range map[string]struct {
		kind string
		id   ID
	}{"account:12": {"account", 12}, "setting": {"setting", 0}, "account:x": {"account", 0}, "": {"", 0}} {
		if kind, id := TargetOf(text); kind != want.kind || id != want.id {
			t.Errorf("%q is %q, %d", text, kind, id)
		}
	}
}
