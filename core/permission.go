package core

import "slices"

// Permission names one thing a console account may do: stem.verb.
type Permission string

// Every permission of the console. Their names and groups are in PermissionTable; a test keeps the
// two in step.
const (
	PermCommunityView      Permission = "community.view"
	PermCommunityEdit      Permission = "community.edit"
	PermHouseView          Permission = "house.view"
	PermHouseEdit          Permission = "house.edit"
	PermResidentView       Permission = "resident.view"
	PermResidentEdit       Permission = "resident.edit"
	PermResidentReveal     Permission = "resident.reveal"
	PermResidentExport     Permission = "resident.export"
	PermPassRuleView       Permission = "passrule.view"
	PermPassRuleEdit       Permission = "passrule.edit"
	PermRestrictionEdit    Permission = "restriction.edit"
	PermReaderView         Permission = "reader.view"
	PermReaderEdit         Permission = "reader.edit"
	PermGuardPostView      Permission = "guardpost.view"
	PermGuardPostEdit      Permission = "guardpost.edit"
	PermObserverView       Permission = "observer.view"
	PermObserverEdit       Permission = "observer.edit"
	PermAccessRecordView   Permission = "accessrecord.view"
	PermAccessRecordExport Permission = "accessrecord.export"
	PermAccessAlertView    Permission = "accessalert.view"
	PermAccessAlertHandle  Permission = "accessalert.handle"
	PermAccountView        Permission = "account.view"
	PermAccountEdit        Permission = "account.edit"
	PermAuditView          Permission = "audit.view"
	PermAuditExport        Permission = "audit.export"
	PermSettingEdit        Permission = "setting.edit"
	PermAboutView          Permission = "about.view"
)

// PermissionGroup is a group of checkboxes on an account's form.
type PermissionGroup struct {
	Name  string // Chinese
	Items []PermissionItem
}

// PermissionItem is one checkbox.
type PermissionItem struct {
	Permission Permission
	Name       string // Chinese
}

// PermissionTable names and groups the permissions, in display order.
var PermissionTable = []PermissionGroup{
	{"信息管理", []PermissionItem{
		{PermCommunityView, "查看小区"},
		{PermCommunityEdit, "修改小区"},
		{PermHouseView, "查看房屋"},
		{PermHouseEdit, "修改房屋"},
		{PermResidentView, "查看住户"},
		{PermResidentEdit, "修改住户"},
		{PermResidentReveal, "查看住户完整证件号与手机号"},
		{PermResidentExport, "导出住户与房屋"},
	}},
	{"出入管理", []PermissionItem{
		{PermPassRuleView, "查看通行证设置"},
		{PermPassRuleEdit, "修改通行证设置"},
		{PermRestrictionEdit, "设置限制出入"},
		{PermReaderView, "查看门禁读头"},
		{PermReaderEdit, "修改门禁读头"},
		{PermGuardPostView, "查看门岗"},
		{PermGuardPostEdit, "修改门岗"},
		{PermObserverView, "查看观察员"},
		{PermObserverEdit, "修改观察员"},
		{PermAccessRecordView, "查看出入记录"},
		{PermAccessRecordExport, "导出出入记录"},
		{PermAccessAlertView, "查看告警"},
		{PermAccessAlertHandle, "处理告警"},
	}},
	{"系统", []PermissionItem{
		{PermAccountView, "查看账号"},
		{PermAccountEdit, "修改账号"},
		{PermAuditView, "查看操作日志"},
		{PermAuditExport, "导出操作日志"},
		{PermSettingEdit, "修改系统设置"},
		{PermAboutView, "查看系统状态"},
	}},
}

// permissionNeeds maps a permission to those it is useless without: nobody finds a button on a page
// that they may not open, or picks a house that they may not see.
var permissionNeeds = map[Permission][]Permission{
	PermCommunityEdit:      {PermCommunityView},
	PermHouseEdit:          {PermHouseView},
	PermResidentEdit:       {PermResidentView, PermHouseView},
	PermResidentReveal:     {PermResidentView},
	PermResidentExport:     {PermResidentView, PermHouseView},
	PermPassRuleEdit:       {PermPassRuleView},
	PermRestrictionEdit:    {PermPassRuleView, PermHouseView},
	PermReaderEdit:         {PermReaderView},
	PermGuardPostEdit:      {PermGuardPostView},
	PermObserverEdit:       {PermObserverView},
	PermAccessRecordExport: {PermAccessRecordView},
	PermAccessAlertHandle:  {PermAccessAlertView},
	PermAccountEdit:        {PermAccountView},
	PermAuditExport:        {PermAuditView},
}

// WithNeeded returns permissions together with those they need, in the table's order; permissions
// missing from the table come last.
func WithNeeded(permissions []Permission) []Permission {
	needed := slices.Clone(permissions)
	for _, p := range permissions {
		needed = append(needed, permissionNeeds[p]...)
	}
	table := Permissions()
	place := func(p Permission) int {
		if at := slices.Index(table, p); at >= 0 {
			return at
		}
		return len(table)
	}
	slices.SortStableFunc(needed, func(a, b Permission) int { return place(a) - place(b) })
	return slices.Compact(needed)
}

// Permissions returns every permission in the table's order.
func Permissions() []Permission {
	var all []Permission
	for _, group := range PermissionTable {
		for _, item := range group.Items {
			all = append(all, item.Permission)
		}
	}
	return all
}

// Valid reports whether the table has the permission.
func (p Permission) Valid() bool { return slices.Contains(Permissions(), p) }

// Name returns the permission's name in Chinese, or the permission itself if unknown.
func (p Permission) Name() string {
	for _, group := range PermissionTable {
		for _, item := range group.Items {
			if item.Permission == p {
				return item.Name
			}
		}
	}
	return string(p)
}
