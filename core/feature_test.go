package core

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An act is <stem>.<verb>: unique in the log, and with a label for people.
func TestFeaturesAreWellFormed(t *testing.T) {
	stem, word := regexp.MustCompile(`^[a-z][a-z0-9]*$`), regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, f := range Features {
		if !stem.MatchString(f.Stem) || seen[f.Stem] || f.Noun == "" {
			t.Errorf("the row of %q (%s)", f.Stem, f.Noun)
		}
		seen[f.Stem] = true
		wellPlaced(t, f)
		for _, verb := range f.Verbs {
			if !word.MatchString(verb.Name) || verb.Label == "" || seen[f.Stem+"."+verb.Name] {
				t.Errorf("the act %s.%s, %q", f.Stem, verb.Name, verb.Label)
			}
			seen[f.Stem+"."+verb.Name] = true
			if another := map[string]string{
				"add": "create", "new": "create", "save": "create or update", "edit": "update", "set": "update",
				"delete": "remove", "on": "enable", "off": "disable",
			}[verb.Name]; another != "" {
				t.Errorf("the act %s.%s is called %s everywhere else", f.Stem, verb.Name, another)
			}
		}
		for i, field := range f.Fields {
			same := func(other AuditField) bool { return other.Key == field.Key }
			if field.Key == "" || field.Label == "" || slices.IndexFunc(f.Fields, same) != i {
				t.Errorf("%s: the field %q, %q", f.Stem, field.Key, field.Label)
			}
		}
	}
}

// The groups and lines of the menu are those that offices know, at most seven a group and six characters
// a line, and a stem stands once.
func TestMenuIsTheOneOfficesKnow(t *testing.T) {
	got := ""
	for _, g := range Menu() {
		got += g.Label + ":"
		for _, f := range g.Features {
			got += " " + f.Menu.Label
			if len([]rune(f.Menu.Label)) > 6 {
				t.Errorf("the line %s is too long", f.Menu.Label)
			}
		}
		if got += "\n"; len(g.Features) > 7 {
			t.Errorf("%s has %d lines", g.Label, len(g.Features))
		}
	}
	want := "工作台: 待我处理\n出入管理: 出入记录 访客与出门条 通行证设置 智能门禁 门岗 告警\n" +
		"信息管理: 住户信息 房屋信息 员工信息 小区楼栋信息 微信关注用户 提醒设置\n系统管理: 账号权限 操作日志 后台任务 系统状态 系统设置\n"
	if got != want {
		t.Errorf("the menu is\n%s want\n%s", got, want)
	}
	var groups []string
	for _, g := range PermissionTable {
		groups = append(groups, g.Name)
	}
	if strings.Join(groups, " ") != "出入管理 信息管理 系统管理" {
		t.Errorf("permissions are in the groups %q", groups)
	}
	if tabs := Tabs("passrule"); len(tabs) != 6 || tabs[0].Stem != "passrule" || tabs[3].Stem != "exitrule" || tabs[5].Stem != "observer" {
		t.Errorf("tabs %v", tabs)
	}
}

// wellPlaced checks a row's group, menu entry and permissions.
func wellPlaced(t *testing.T, f Feature) {
	t.Helper()
	grouped := slices.ContainsFunc(Groups, func(g Group) bool { return g.Name == f.Group })
	if grouped != (f.Menu.Label != "" || len(f.Permissions) > 0) {
		t.Errorf("%s is in the group %q", f.Stem, f.Group)
	}
	if f.Menu.Label != "" && (f.List == "" != f.Own || f.Menu.Icon == "" || f.Under != "") {
		t.Errorf("%s: the menu entry %+v of %q, under %q", f.Stem, f.Menu, f.List, f.Under)
	}
	for _, item := range f.Permissions {
		if !strings.HasPrefix(string(item.Permission), f.Stem+".") {
			t.Errorf("%s has the permission %s of another stem", f.Stem, item.Permission)
		}
		for _, p := range append(item.Needs, f.List, f.Page) {
			if p != "" && !p.Valid() {
				t.Errorf("%s: %s is in no row", f.Stem, p)
			}
		}
	}
}

// A page is found once: its stem's own list is no further page of it.
func TestAPageIsFoundOnce(t *testing.T) {
	for _, f := range Features {
		for _, page := range f.Pages {
			if page.Path == cmp.Or(f.Path, f.Stem) {
				t.Errorf("the list of %s is one of its further pages, too", f.Stem)
			}
		}
	}
}
