package core

// Role is a preset of permissions. It ticks the boxes of a new account; what an account may do
// depends on its own permissions alone.
type Role string

// The presets.
const (
	RoleAdmin   Role = "admin"
	RoleManager Role = "manager"
	RoleClerk   Role = "clerk"
	RoleViewer  Role = "viewer"
	RoleWatch   Role = "watch"
	RoleAuditor Role = "auditor"
)

// RolePreset is a role with its name and permissions.
type RolePreset struct {
	Role        Role
	Name        string // Chinese
	Permissions []Permission
	Home        []string // cards of the home page that come first, in the order of the role's work; the others follow
}

// RoleTable holds the presets in display order.
var RoleTable = []RolePreset{
	{RoleAdmin, "系统管理员", Permissions(), []string{"system", "queue", "accounts", "signins"}},
	{RoleManager, "物业经理", []Permission{
		PermAccessRecordView, PermAccessRecordExport, PermVisitorPassView, PermVisitorPassReview, PermVisitorPassEdit, PermVisitorBlockEdit,
		PermExitSlipView, PermExitSlipReview, PermExitSlipEdit, PermExitSlipExport, PermPassRuleView, PermPassRuleEdit,
		PermInstitutionView, PermInstitutionEdit, PermRestrictionEdit,
		PermObserverView, PermObserverEdit, PermReaderView, PermReaderEdit, PermReaderOpen, PermGuardPostView,
		PermGuardPostEdit,
		PermAccessAlertView, PermAccessAlertHandle,
		PermResidentView, PermResidentEdit, PermResidentCertify, PermResidentReveal, PermResidentExport,
		PermCertificationView, PermCertificationReview,
		PermHouseView, PermHouseEdit, PermStaffView, PermStaffEdit, PermCommunityView, PermCommunityEdit,
		PermFollowerView, PermFollowerEdit, PermReminderEdit, PermMessageView, PermMessageCall, PermAccountView, PermAuditView,
		PermAuditExport,
	}, []string{"doors", "buildings", "restrictions"}},
	{RoleClerk, "物业客服", []Permission{
		PermAccessRecordView, PermVisitorPassView, PermVisitorPassReview, PermVisitorPassEdit, PermVisitorBlockEdit,
		PermExitSlipView, PermExitSlipReview, PermExitSlipEdit, PermPassRuleView,
		PermInstitutionView, PermInstitutionEdit,
		PermRestrictionEdit, PermObserverView, PermReaderView, PermGuardPostView,
		PermAccessAlertView, PermAccessAlertHandle,
		PermResidentView, PermResidentEdit, PermResidentCertify, PermCertificationView, PermCertificationReview,
		PermHouseView, PermHouseEdit, PermStaffView, PermCommunityView,
		PermFollowerView, PermMessageView, PermMessageCall,
	}, []string{"visitors", "exits", "recent"}},
	{RoleViewer, "只读", []Permission{
		PermAccessRecordView, PermVisitorPassView, PermExitSlipView, PermPassRuleView, PermInstitutionView, PermObserverView,
		PermReaderView,
		PermGuardPostView,
		PermAccessAlertView,
		PermResidentView, PermCertificationView, PermHouseView, PermStaffView, PermCommunityView,
	}, nil},
	{RoleWatch, "门岗班长", []Permission{
		PermAccessRecordView, PermVisitorPassView, PermVisitorPassEdit, PermVisitorBlockEdit, PermExitSlipView, PermPassRuleView,
		PermInstitutionView, PermReaderView, PermReaderOpen, PermGuardPostView, PermAccessAlertView, PermAccessAlertHandle,
		PermResidentView, PermHouseView,
	}, []string{"posts", "visitors", "doors"}},
	{RoleAuditor, "审计", []Permission{PermAccountView, PermAuditView, PermAuditExport}, []string{"audit", "signins", "accounts"}},
}

// Preset returns a role's entry of the table; an unknown role is Invalid.
func (r Role) Preset() (RolePreset, error) {
	for _, preset := range RoleTable {
		if preset.Role == r {
			return preset, nil
		}
	}
	return RolePreset{}, Invalid("角色不存在")
}

// Valid reports whether the role is one of the table.
func (r Role) Valid() bool {
	_, err := r.Preset()
	return err == nil
}

// Name returns the role's name in Chinese, or the role itself if unknown.
func (r Role) Name() string {
	if preset, err := r.Preset(); err == nil {
		return preset.Name
	}
	return string(r)
}
