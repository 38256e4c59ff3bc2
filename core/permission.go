package core

import (
	"cmp"
	"slices"
)

// Permission names one thing a console account may do: stem.verb.
type Permission string

// Every permission of the console. Each is in the row of its feature, with its name.
const (
	PermCommunityView       Permission = "community.view"
	PermCommunityEdit       Permission = "community.edit"
	PermHouseView           Permission = "house.view"
	PermHouseEdit           Permission = "house.edit"
	PermResidentView        Permission = "resident.view"
	PermResidentEdit        Permission = "resident.edit"
	PermResidentCertify     Permission = "resident.certify"
	PermResidentReveal      Permission = "resident.reveal"
	PermResidentExport      Permission = "resident.export"
	PermCertificationView   Permission = "certification.view"
	PermCertificationReview Permission = "certification.review"
	PermPassRuleView        Permission = "passrule.view"
	PermPassRuleEdit        Permission = "passrule.edit"
	PermRestrictionEdit     Permission = "restriction.edit"
	PermVisitorPassView     Permission = "visitorpass.view"
	PermVisitorPassEdit     Permission = "visitorpass.edit"
	PermVisitorBlockEdit    Permission = "visitorblock.edit"
	PermVisitorPassReview   Permission = "visitorpass.review"
	PermExitSlipView        Permission = "exitslip.view"
	PermExitSlipEdit        Permission = "exitslip.edit"
	PermExitSlipReview      Permission = "exitslip.review"
	PermExitSlipExport      Permission = "exitslip.export"
	PermReaderView          Permission = "reader.view"
	PermReaderEdit          Permission = "reader.edit"
	PermReaderOpen          Permission = "reader.open"
	PermGuardPostView       Permission = "guardpost.view"
	PermGuardPostEdit       Permission = "guardpost.edit"
	PermObserverView        Permission = "observer.view"
	PermObserverEdit        Permission = "observer.edit"
	PermInstitutionView     Permission = "institution.view"
	PermInstitutionEdit     Permission = "institution.edit"
	PermAccessRecordView    Permission = "accessrecord.view"
	PermAccessRecordExport  Permission = "accessrecord.export"
	PermAccessAlertView     Permission = "accessalert.view"
	PermAccessAlertHandle   Permission = "accessalert.handle"
	PermStaffView           Permission = "staff.view"
	PermStaffEdit           Permission = "staff.edit"
	PermFollowerView        Permission = "follower.view"
	PermFollowerEdit        Permission = "follower.edit"
	PermMessageView         Permission = "message.view"
	PermMessageCall         Permission = "message.call"
	PermMessageResume       Permission = "message.resume"
	PermReminderEdit        Permission = "reminder.edit"
	PermAccountView         Permission = "account.view"
	PermAccountEdit         Permission = "account.edit"
	PermAuditView           Permission = "audit.view"
	PermAuditExport         Permission = "audit.export"
	PermSettingEdit         Permission = "setting.edit"
	PermAboutView           Permission = "about.view"
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

	// Needs are the permissions without which it is useless: nobody finds a button on a page that
	// they may not open, or picks a house that they may not see.
	Needs []Permission
}

// PermissionTable holds the permissions of Features by Groups, in display order.
var PermissionTable = permissionTable()

func permissionTable() []PermissionGroup {
	var table []PermissionGroup
	for _, g := range Groups {
		group := PermissionGroup{Name: g.Label}
		for _, f := range Features {
			if f.Group == g.Name {
				group.Items = append(group.Items, f.Permissions...)
			}
		}
		if len(group.Items) > 0 {
			table = append(table, group)
		}
	}
	return table
}

// item returns the permission's item in the table; zero if unknown.
func (p Permission) item() PermissionItem {
	for _, group := range PermissionTable {
		for _, item := range group.Items {
			if item.Permission == p {
				return item
			}
		}
	}
	return PermissionItem{}
}

// WithNeeded returns permissions together with those they need, in the table's order; permissions
// missing from the table come last.
func WithNeeded(permissions []Permission) []Permission {
	needed := slices.Clone(permissions)
	for _, p := range permissions {
		needed = append(needed, p.item().Needs...)
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
func (p Permission) Valid() bool { return p != "" && p.item().Permission == p }

// Name returns the permission's name in Chinese, or the permission itself if unknown.
func (p Permission) Name() string { return cmp.Or(p.item().Name, string(p)) }
