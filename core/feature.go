package core

import (
	"slices"
	"sync"
)

// Feature describes one stem: what the rest of the program needs to know about it. Nothing that can
// be read from here is registered anywhere else.
type Feature struct {
	Stem string // the one word used in its files, addresses, permissions and acts
	Noun string // Chinese, for the things its acts are done to

	// Table and NameColumn are where the present name of an act's target is looked up; without a
	// table it has no name. The column defaults to name.
	Table, NameColumn string

	List Permission // who may open /console/<stem>; "" = it does not exist, or needs no permission
	Page Permission // who may open /console/<stem>/<id>, the page of one thing; "" = there is none
	Own  bool       // /console/<stem> has each account's own things: it needs no permission

	Group string    // the Group of its menu entry and its permissions; "" = it has neither
	Menu  MenuEntry // of /console/<stem>; zero = it has none
	Under string    // the stem whose menu entry its pages are under, as a tab; "" = its own, if it has pages

	// What the search box finds beside the menu's entry or the noun, and the acts by their labels.
	Path    string            // of its pages, below /console/; "" = the stem
	Aliases []string          // other names of its list
	Pages   []FeaturePage     // further pages, such as tabs
	ActsAt  map[string]string // where an act is done, if not on the list or its form: a path by verb
	// ActNames are other names of acts by verb, such as those of their buttons.
	ActNames map[string][]string

	Quick QuickAct // its act under 快速办理; zero = none

	Permissions []PermissionItem // in display order
	Verbs       []Verb           // its acts, in display order
	Fields      []AuditField     // what its acts record in the audit log, in display order
}

// Group is a group of the console's menu, and of the permissions on an account's form.
type Group struct {
	Name  string // of the package with the group's pages; home for those of the console itself
	Label string // Chinese
}

// Groups are all groups, in display order.
var Groups = []Group{
	{"home", "工作台"},
	{"access", "出入管理"},
	{"registry", "信息管理"},
	{"account", "系统管理"},
}

// MenuEntry is a line of the console's menu.
type MenuEntry struct {
	Label string // Chinese
	Icon  string // of templates/assets/icons.txt
}

// QuickAct is an act that people at the desk do many times a day: it is in the top bar of every page.
type QuickAct struct {
	Label string // Chinese
	Path  string // of its form, below /console/
	Icon  string // of templates/assets/icons.txt
	Needs Permission
}

// FeaturePage is a page of a feature beside its list.
type FeaturePage struct {
	Label   string // Chinese
	Path    string // below /console/
	Aliases []string
}

// MenuGroup is a group of the console's menu with the features that have an entry.
type MenuGroup struct {
	Group
	Features []Feature
}

// Menu returns the console's whole menu, in display order.
func Menu() []MenuGroup {
	groups := make([]MenuGroup, len(Groups))
	for i, g := range Groups {
		groups[i].Group = g
		for _, f := range Features {
			if f.Group == g.Name && f.Menu.Label != "" {
				groups[i].Features = append(groups[i].Features, f)
			}
		}
	}
	return groups
}

// Tabs returns the features whose lists are behind the menu's entry of a stem, the stem's own first.
func Tabs(stem string) []Feature {
	var tabs []Feature
	for _, f := range Features {
		switch {
		case f.Stem == stem:
			tabs = slices.Insert(tabs, 0, f)
		case f.Under == stem && f.List != "":
			tabs = append(tabs, f)
		}
	}
	return tabs
}

// Open reports whether an account with the allowed permissions may open the feature's list.
func (f Feature) Open(allowed func(Permission) bool) bool {
	return f.Own || f.List != "" && allowed(f.List)
}

// Verb is what an act does; the act's name is stem.verb.
type Verb struct {
	Name  string // create, update, disable, enable, remove, or a verb of the feature's own
	Label string // Chinese, including the thing it is done to
}

// ActLabel returns what the console calls an act where it is done: as 快速办理 does, where the log has a wider word, since residents do
// it too.
func (f Feature) ActLabel(v Verb) string {
	if v.Name == "create" && f.Quick.Path == f.Stem+"/new" {
		return f.Quick.Label
	}
	return v.Label
}

// Features are all stems that register something, in the order of menu and permissions.
var Features = []Feature{
	{
		Stem: "todo", Noun: "待我处理",
		Own: true, Group: "home", Menu: MenuEntry{"待我处理", "checklist"},
		Aliases: []string{"待办"},
		Pages: []FeaturePage{
			{"开始使用", "guide", []string{"初始设置"}}, {"微信接入步骤", "guide/wechat", nil},
			{"打印住户通知", "guide/notice", nil},
		},
	},
	{
		Stem: "review", Noun: "待我审核",
		Own: true, Under: "todo",
		Aliases: []string{"审核"},
	},
	{
		Stem: "accessrecord", Noun: "出入记录", Fields: accessRecordFields,
		List: PermAccessRecordView, Page: PermAccessRecordView,
		Group: "access", Menu: MenuEntry{"出入记录", "history"},
		Aliases: []string{"出入列表", "通行记录"},
		Pages:   []FeaturePage{{"出入图表", "accessrecord/chart", []string{"图表"}}},
		Permissions: []PermissionItem{
			{PermAccessRecordView, "查看出入记录", nil},
			{PermAccessRecordExport, "导出出入记录", []Permission{PermAccessRecordView}},
		},
		Verbs: []Verb{
			{"export", "导出出入记录"}, {"search", "查询出入记录"}, {"urgent", "紧急放行"}, {"look", "查看个人出入记录"},
			{"declare", "住户紧急出门"}, {"vouch", "家人代办出门"},
		},
	},
	{
		Stem: "visitorpass", Noun: "访客", Table: "visitor_pass", Fields: visitorPassFields,
		List: PermVisitorPassView, Page: PermVisitorPassView,
		Group: "access", Menu: MenuEntry{"访客与出门条", "user-check"},
		Aliases: []string{"访客预约", "来访"},
		Pages:   []FeaturePage{{"点名表", "visitorpass/rollcall", []string{"在场人员", "在场访客"}}},
		Permissions: []PermissionItem{
			{PermVisitorPassView, "查看访客", nil},
			{PermVisitorPassReview, "审核访客申请", []Permission{PermVisitorPassView}},
			{PermVisitorPassEdit, "登记和撤销访客、登记已离开", []Permission{PermVisitorPassView, PermHouseView}},
		},
		Quick: QuickAct{"登记访客", "visitorpass/new", "user-plus", PermVisitorPassEdit},
		Verbs: []Verb{
			{"create", "邀请或登记访客"}, {"apply", "访客申请或预约"}, {"approve", "通过访客"}, {"reject", "不通过访客"},
			{"revoke", "撤销访客通行证"}, {"leave", "登记访客已离开"},
			{"withdraw", "访客撤回申请"},
		},
	},
	{
		Stem: "visitorblock", Noun: "访客黑名单", Table: "visitor_block", NameColumn: "reason", Fields: visitorBlockFields,
		List:  PermVisitorPassView,
		Group: "access", Under: "visitorpass", Aliases: []string{"黑名单", "禁止来访"},
		Permissions: []PermissionItem{{PermVisitorBlockEdit, "修改访客黑名单", []Permission{PermVisitorPassView}}},
		Verbs: []Verb{
			{"create", "加入访客黑名单"}, {"update", "修改访客黑名单"}, {"remove", "移出访客黑名单"}, {"import", "导入访客黑名单"},
		},
		Pages:  []FeaturePage{{"导入访客黑名单", "visitorblock/import", []string{"导入黑名单", "批量拉黑"}}},
		ActsAt: map[string]string{"import": "visitorblock/import"},
	},
	{
		Stem: "exitslip", Noun: "出门条", Table: "exit_slip", Fields: exitSlipFields,
		List: PermExitSlipView, Page: PermExitSlipView,
		Group: "access", Under: "visitorpass", Aliases: []string{"搬家", "物品出门", "放行条"},
		Permissions: []PermissionItem{
			{PermExitSlipView, "查看出门条", nil},
			{PermExitSlipReview, "审核出门条申请", []Permission{PermExitSlipView}},
			{PermExitSlipEdit, "开具和撤销出门条", []Permission{PermExitSlipView, PermHouseView}},
			{PermExitSlipExport, "导出出门条", []Permission{PermExitSlipView}},
		},
		Quick: QuickAct{"开出门条", "exitslip/new", "package-export", PermExitSlipEdit},
		Verbs: []Verb{
			{"create", "开具出门条"}, {"apply", "申请出门条"}, {"approve", "通过出门条"}, {"reject", "不通过出门条"},
			{"withdraw", "撤回出门条申请"}, {"revoke", "撤销出门条"}, {"export", "导出出门条"},
		},
	},
	{
		Stem: "passrule", Noun: "通行证设置", Fields: passRuleFields,
		List:  PermPassRuleView,
		Group: "access", Menu: MenuEntry{"通行证设置", "adjustments"},
		Aliases: []string{"出门次数", "住户通行证", "修改记录"},
		Permissions: []PermissionItem{
			{PermPassRuleView, "查看通行证设置", nil},
			{PermPassRuleEdit, "修改通行证设置", []Permission{PermPassRuleView}},
		},
		Verbs:    []Verb{{"update", "修改通行证设置"}},
		ActNames: map[string][]string{"update": {"恢复上一版"}},
	},
	{
		Stem: "institution", Noun: "机构", Table: "institution", Fields: institutionFields,
		List: PermInstitutionView, Page: PermInstitutionView,
		Group: "access", Under: "passrule",
		Aliases: []string{"专用通行证", "机构管理"},
		Permissions: []PermissionItem{
			{PermInstitutionView, "查看机构与成员", nil},
			{PermInstitutionEdit, "修改机构与成员", []Permission{PermInstitutionView}},
		},
		Verbs: []Verb{
			{"create", "添加机构"}, {"update", "修改机构"}, {"disable", "停用机构"}, {"enable", "启用机构"},
			{"remove", "删除机构"},
			{"warn", "提醒成员即将到期"},
		},
	},
	{
		Stem: "member", Noun: "机构成员", Table: "institution_member", Fields: memberFields,
		Page:  PermInstitutionView,
		Under: "passrule", Path: "institution/member", Aliases: []string{"专用通行证", "添加成员"},
		Pages:  []FeaturePage{{"批量导入成员", "institution/member/import", []string{"导入成员", "导入机构成员"}}},
		ActsAt: map[string]string{"import": "institution/member/import"},
		Verbs: []Verb{
			{"create", "添加成员"}, {"update", "修改成员"}, {"disable", "停用成员"}, {"enable", "启用成员"},
			{"remove", "删除成员"}, {"renew", "成员续期"}, {"photo", "更换成员照片"}, {"import", "批量导入成员"},
		},
	},
	{
		Stem: "visitorrule", Noun: "访客通行证", Fields: visitorRuleFields,
		List:  PermPassRuleView,
		Under: "passrule", Aliases: []string{"访客设置", "住户邀请访客", "访客表单", "修改记录"},
		Verbs:    []Verb{{"update", "修改访客通行证设置"}},
		ActNames: map[string][]string{"update": {"恢复上一版"}},
	},
	{
		Stem: "visitorposter", Noun: "访客海报", Fields: visitorPosterFields,
		Page:  PermPassRuleView,
		Under: "passrule", Path: "visitorrule/poster", Aliases: []string{"访客二维码", "访客申请海报"},
		Verbs: []Verb{{"create", "添加访客海报"}, {"revoke", "停用访客海报"}},
	},
	{
		Stem: "exitrule", Noun: "出门条设置", Fields: exitRuleFields,
		List:  PermPassRuleView,
		Under: "passrule", Aliases: []string{"欠费出门", "出门条表单", "修改记录"},
		Verbs:    []Verb{{"update", "修改出门条设置"}},
		ActNames: map[string][]string{"update": {"恢复上一版"}},
	},
	{
		Stem: "restriction", Noun: "限制出入", Fields: restrictionFields,
		List:  PermPassRuleView,
		Group: "access", Under: "passrule",
		Permissions: []PermissionItem{
			{PermRestrictionEdit, "设置限制出入", []Permission{PermPassRuleView, PermHouseView}},
		},
		Quick:    QuickAct{"限制出入", "restriction/new", "lock", PermRestrictionEdit},
		Verbs:    []Verb{{"create", "设置限制出入"}, {"lift", "解除限制出入"}},
		ActNames: map[string][]string{"lift": {"批量解除", "全部解除"}},
	},
	{
		Stem: "observer", Noun: "观察员", Table: "observer", Fields: observerFields,
		List: PermObserverView, Page: PermObserverView,
		Group: "access", Under: "passrule",
		Permissions: []PermissionItem{
			{PermObserverView, "查看观察员", nil},
			{PermObserverEdit, "修改观察员", []Permission{PermObserverView}},
		},
		Verbs: []Verb{{"create", "添加观察员"}, {"update", "修改观察员"}, {"remove", "移除观察员"}},
	},
	{
		Stem: "rehearsal", Noun: "预演", Fields: rehearsalFields,
		Page:  PermPassRuleView,
		Under: "passrule", Path: "passrule/rehearsal",
		Aliases: []string{"试行", "模拟设置", "重放出入记录"},
		ActsAt:  map[string]string{"create": "passrule"},
		Verbs:   []Verb{{"create", "预演通行证设置"}, {"cancel", "取消预演"}},
	},
	{
		Stem: "ruleplan", Noun: "定时修改", Fields: rulePlanFields,
		Under: "passrule", Pages: []FeaturePage{{"定时修改", "passrule", []string{"定时生效", "提前安排设置"}}},
		ActsAt: map[string]string{"create": "passrule", "cancel": "passrule", "end": "passrule"},
		Verbs: []Verb{
			{"create", "安排定时修改"}, {"cancel", "取消定时修改"}, {"start", "定时修改生效"}, {"end", "结束定时修改"},
		},
	},
	{
		Stem: "reader", Noun: "门禁读头", Table: "reader", Fields: readerFields,
		List: PermReaderView, Page: PermReaderView,
		Group: "access", Menu: MenuEntry{"智能门禁", "door"},
		Aliases: []string{"读头"},
		Pages: []FeaturePage{
			{Label: "门墙", Path: "reader/wall", Aliases: []string{"实时门禁"}},
			{Label: "门禁运行", Path: "reader/figure", Aliases: []string{"运行"}},
			{Label: "权限管理", Path: "reader/permission", Aliases: []string{"门禁权限", "门禁二维码", "服务范围"}},
			{Label: "导入门禁读头", Path: "reader/import", Aliases: []string{"批量添加读头", "导入读头"}},
			{Label: "未登记设备", Path: "reader/quarantine", Aliases: []string{"未识别设备"}},
		},
		Permissions: []PermissionItem{
			{PermReaderView, "查看门禁读头", nil},
			{PermReaderEdit, "修改门禁读头", []Permission{PermReaderView}},
			{PermReaderOpen, "远程开门", []Permission{PermReaderView}},
		},
		Verbs: []Verb{
			{"create", "添加读头"}, {"import", "导入门禁读头"}, {"update", "修改读头"}, {"disable", "停用读头"}, {"enable", "启用读头"},
			{"switch_qr", "接受二维码"}, {"permit", "修改门禁权限"}, {"reveal_secret", "查看读头密钥"}, {"rotate_secret", "更换读头密钥"},
		},
		ActsAt: map[string]string{"permit": "reader/permission", "import": "reader/import"},
	},
	{
		Stem: "readergroup", Noun: "读头分组", Table: "reader_group", Fields: readerGroupFields,
		List: PermReaderView, Page: PermReaderView,
		Under:   "reader",
		Aliases: []string{"分组", "门禁分组"},
		Verbs:   []Verb{{"create", "添加读头分组"}, {"update", "修改读头分组"}, {"remove", "删除读头分组"}},
	},
	{
		Stem: "doorcommand", Noun: "开门指令", Table: "door_command", NameColumn: "gate", Fields: doorCommandFields,
		List: PermReaderView, Page: PermReaderView,
		Under: "reader", Aliases: []string{"远程开门", "一键开门"},
		ActsAt: map[string]string{"create": "reader"},
		Verbs:  []Verb{{"create", "远程开门"}},
	},
	{
		Stem: "guardpost", Noun: "门岗", Table: "guard_post", Fields: guardPostFields,
		List: PermGuardPostView, Page: PermGuardPostView,
		Group: "access", Menu: MenuEntry{"门岗", "shield"},
		Aliases: []string{"保安", "岗位"},
		Permissions: []PermissionItem{
			{PermGuardPostView, "查看门岗", nil},
			{PermGuardPostEdit, "修改门岗", []Permission{PermGuardPostView}},
		},
		Verbs: []Verb{{"create", "添加门岗"}, {"update", "修改门岗"}, {"disable", "停用门岗"}, {"enable", "启用门岗"}},
	},
	{
		Stem: "guard", Noun: "门岗人员", Table: "guard", Fields: guardFields,
		Page:  PermGuardPostView,
		Under: "guardpost", Path: "guardpost/guard", Aliases: []string{"保安"},
		Verbs: []Verb{
			{"create", "添加门岗人员"}, {"update", "修改门岗人员"},
			{"disable", "停用门岗人员"}, {"enable", "启用门岗人员"},
		},
	},
	{
		Stem: "guardshift", Noun: "值班记录", Table: "guard_shift", NameColumn: "guard_name", Fields: guardShiftFields,
		List: PermGuardPostView, Page: PermGuardPostView,
		Under: "guardpost", Aliases: []string{"交接班", "交班", "接班"},
		Verbs: []Verb{{"create", "接班"}, {"hand_over", "交班"}},
	},
	{
		Stem: "accessalert", Noun: "告警", Table: "access_alert", NameColumn: "gate", Fields: accessAlertFields,
		List: PermAccessAlertView, Page: PermAccessAlertView,
		Group: "access", Menu: MenuEntry{"告警", "bell"},
		Permissions: []PermissionItem{
			{PermAccessAlertView, "查看告警", nil},
			{PermAccessAlertHandle, "处理告警", []Permission{PermAccessAlertView}},
		},
		Verbs: []Verb{{"handle", "处理告警"}},
	},
	{
		Stem: "resident", Noun: "住户", Table: "resident", Fields: residentFields,
		List: PermResidentView, Page: PermResidentView,
		Group: "registry", Menu: MenuEntry{"住户信息", "users"},
		Aliases: []string{"管理中心", "批量导入", "业主"},
		ActsAt:  map[string]string{"import": "import/new"},
		Pages:   []FeaturePage{{"导出住户完整信息", "resident/export", nil}},
		Quick:   QuickAct{"添加住户", "resident/new", "user-plus", PermResidentEdit},
		Permissions: []PermissionItem{
			{PermResidentView, "查看住户", nil},
			{PermResidentEdit, "修改住户", []Permission{PermResidentView, PermHouseView}},
			{PermResidentCertify, "现场核验住户", []Permission{PermResidentView}},
			{PermResidentReveal, "查看住户完整证件号与手机号", []Permission{PermResidentView}},
			{PermResidentExport, "导出住户与房屋", []Permission{PermResidentView, PermHouseView}},
		},
		Verbs: []Verb{
			{"create", "添加住户"}, {"create_many", "批量添加住户"}, {"update", "修改住户"},
			{"move_out", "住户迁出"},
			{"warn_lease", "提醒租约到期"}, {"restore", "恢复居住"}, {"remove", "删除登记"}, {"reveal", "查看住户完整信息"}, {"export", "导出住户"},
			{"sign_out", "退出住户的微信登录"}, {"certify", "现场核验住户"}, {"withdraw", "撤销现场核验"}, {"import", "导入住户"},
			{"card", "发放卡码"}, {"revoke_card", "作废卡码"},
		},
		ActNames: map[string][]string{"move_out": {"批量迁出"}},
	},
	{
		Stem: "import", Noun: "导入", Table: "import", NameColumn: "file", Fields: importFields,
		List: PermResidentEdit, Page: PermResidentEdit,
		Under:   "resident",
		Aliases: []string{"批量导入", "导入记录"},
		Pages:   []FeaturePage{{"批量导入住户", "import/new", []string{"导入住户", "上传住户表格"}}},
		ActsAt:  map[string]string{"create": "import/new"},
		Verbs: []Verb{
			{"create", "上传导入文件"}, {"map", "对应导入文件的列"}, {"write", "开始导入"}, {"cancel", "取消导入"}, {"undo", "撤销导入"},
			{"faults", "下载导入的错误表"},
		},
	},
	{
		Stem: "certification", Noun: "认证审核", Table: "review", Fields: reviewFields,
		List: PermCertificationView, Page: PermCertificationView,
		Group: "registry", Under: "resident",
		Aliases: []string{"住户认证", "认证申请"},
		Permissions: []PermissionItem{
			{PermCertificationView, "查看认证申请", []Permission{PermResidentView}},
			{PermCertificationReview, "审核认证申请", []Permission{PermCertificationView}},
		},
		Verbs: []Verb{
			{"create", "申请住户认证"}, {"withdraw", "撤回认证申请"}, {"approve", "通过认证申请"}, {"reject", "不通过认证申请"},
			{"take_back", "收回业主的审核"},
		},
	},
	{
		Stem: "house", Noun: "房屋", Table: "house", NameColumn: "label", Fields: houseFields,
		List: PermHouseView, Page: PermHouseView,
		Group: "registry", Menu: MenuEntry{"房屋信息", "home-2"},
		Aliases: []string{"房屋管理", "楼栋", "导出楼层"},
		Pages: []FeaturePage{
			{"楼栋图", "house/plan", []string{"楼栋"}}, {"批量添加房屋", "house/bulk", []string{"批量生成房屋"}},
			{"导入欠费", "house/arrears", []string{"批量设置欠费", "催缴名单"}},
		},
		ActsAt: map[string]string{"import": "import/new", "arrears": "house/arrears"},
		Permissions: []PermissionItem{
			{PermHouseView, "查看房屋", nil},
			{PermHouseEdit, "修改房屋", []Permission{PermHouseView}},
		},
		Verbs: []Verb{
			{"create", "添加房屋"}, {"update", "修改房屋"}, {"remove", "删除房屋"}, {"export", "导出房屋"},
			{"import", "导入房屋"}, {"arrears", "设置欠费"}, {"rename", "楼栋改名"}, {"move", "移动楼栋"}, {"merge", "合并房屋"},
			{"owners_review", "设置业主审核"}, {"transfer", "房屋过户"}, {"plan_transfer", "安排房屋过户"},
			{"cancel_transfer", "取消房屋过户"}, {"fail_transfer", "房屋过户没有办成"},
		},
	},
	{
		Stem: "staff", Noun: "员工", Table: "staff", Fields: staffFields,
		List: PermStaffView, Page: PermStaffView,
		Group: "registry", Menu: MenuEntry{"员工信息", "id-badge-2"},
		Aliases: []string{"员工", "企业微信同步"},
		Pages:   []FeaturePage{{"批量导入员工", "staff/import", []string{"导入员工"}}},
		ActsAt:  map[string]string{"import": "staff/import", "sync": "wechatapp", "allow_leave": "wechatapp"},
		Permissions: []PermissionItem{
			{PermStaffView, "查看员工", nil},
			{PermStaffEdit, "修改员工", []Permission{PermStaffView}},
		},
		Verbs: []Verb{
			{"create", "添加员工"}, {"update", "修改员工"}, {"remove", "删除员工"}, {"import", "批量导入员工"},
			{"link", "关联员工的账号"}, {"sync", "同步员工"}, {"allow_leave", "确认员工离职"}, {"phone", "员工授权手机号"},
		},
	},
	{
		Stem: "community", Noun: "小区", Table: "community", Fields: communityFields,
		List:  PermCommunityView,
		Group: "registry", Menu: MenuEntry{"小区楼栋信息", "building-community"},
		Aliases: []string{"楼栋结构"},
		Permissions: []PermissionItem{
			{PermCommunityView, "查看小区", nil},
			{PermCommunityEdit, "修改小区", []Permission{PermCommunityView}},
		},
		Verbs: []Verb{
			{"create", "添加小区"}, {"update", "修改小区"},
			{"archive", "归档小区"}, {"restore", "恢复小区"}, {"remove", "删除小区"},
		},
	},
	{
		Stem: "follower", Noun: "关注用户", Table: "follower", NameColumn: "open_id", Fields: followerFields,
		List: PermFollowerView, Page: PermFollowerView,
		Group: "registry", Menu: MenuEntry{"微信关注用户", "brand-wechat"},
		Aliases: []string{"粉丝", "关注用户", "公众号用户"},
		Permissions: []PermissionItem{
			{PermFollowerView, "查看微信关注用户", nil},
			{PermFollowerEdit, "修改微信关注用户", []Permission{PermFollowerView}},
		},
		Verbs: []Verb{
			{"remark", "修改关注用户的备注"}, {"tag", "给关注用户打标签"}, {"untag", "移除关注用户的标签"},
			{"sync", "同步关注用户"}, {"stop_sync", "停止同步关注用户"},
		},
	},
	{
		Stem: "followertag", Noun: "用户标签", Table: "follower_tag", Fields: followerTagFields,
		List:    PermFollowerView,
		Under:   "follower",
		Aliases: []string{"粉丝标签"},
		Verbs:   []Verb{{"create", "添加用户标签"}, {"update", "修改用户标签"}, {"remove", "删除用户标签"}},
	},
	{
		Stem: "reminder", Noun: "审核提醒",
		List:  PermMessageView,
		Group: "registry", Menu: MenuEntry{"提醒设置", "inbox"},
		Aliases: []string{"手机端审核", "邀请关联"},
		Permissions: []PermissionItem{
			{PermReminderEdit, "修改提醒设置", []Permission{PermMessageView}},
		},
		Verbs: []Verb{{"enable", "开启审核提醒"}, {"disable", "关闭审核提醒"}},
	},
	{
		Stem: "message", Noun: "发送记录", Table: "message", NameColumn: "title", Fields: messageFields,
		List: PermMessageView, Page: PermMessageView,
		Group: "registry", Under: "reminder",
		Aliases: []string{"消息", "通知", "推送"},
		Pages: []FeaturePage{
			{"未触达", "message/unreached", []string{"电话联系"}}, {"发送渠道", "message/channel", []string{"发送次数", "配额", "短信"}},
		},
		Permissions: []PermissionItem{
			{PermMessageView, "查看发送记录", nil},
			{PermMessageCall, "记录电话联系", []Permission{PermMessageView}},
			{PermMessageResume, "恢复发送", []Permission{PermMessageView}},
		},
		Verbs:  []Verb{{"call", "记录电话联系"}, {"resume", "恢复发送"}},
		ActsAt: map[string]string{"call": "message/unreached", "resume": "message/channel"},
	},
	{
		Stem: "account", Noun: "账号", Table: "account", Fields: accountFields,
		List: PermAccountView, Page: PermAccountView,
		Group: "account", Menu: MenuEntry{"账号权限", "user-cog"},
		Aliases: []string{"权限设置", "登录名"},
		Pages: []FeaturePage{
			{"我的账号", "me", []string{"个人中心"}}, {"修改密码", "password", nil}, {"两步验证", "me/totp", nil},
			{"我的微信", "me/wechat", nil},
		},
		ActsAt: map[string]string{
			"change_password": "password", "enable_totp": "me/totp", "disable_totp": "me/totp",
			"bind_wechat": "me/wechat", "unbind_wechat": "me/wechat",
		},
		Permissions: []PermissionItem{
			{PermAccountView, "查看账号", nil},
			{PermAccountEdit, "修改账号", []Permission{PermAccountView}},
		},
		Verbs: []Verb{
			{"create", "添加账号"}, {"update", "修改账号"}, {"disable", "停用账号"}, {"enable", "启用账号"},
			{"reset_password", "重置密码"}, {"change_password", "修改自己的密码"},
			{"enable_totp", "开启两步验证"}, {"disable_totp", "关闭两步验证"}, {"reset_totp", "重置他人的两步验证"},
			{"bind_wechat", "账号绑定微信"}, {"unbind_wechat", "账号解绑微信"}, {"reset_wechat", "解绑他人的微信"},
		},
	},
	{
		Stem: "role", Noun: "角色",
		List:    PermAccountView,
		Under:   "account",
		Aliases: []string{"权限"},
	},
	{
		Stem: "audit", Noun: "操作日志", Fields: auditFields,
		List: PermAuditView, Page: PermAuditView,
		Group: "account", Menu: MenuEntry{"操作日志", "report"},
		Aliases: []string{"日志"},
		Pages:   []FeaturePage{{"个人信息查看", "audit/view", []string{"谁看过"}}, {"校验操作日志", "audit/verify", nil}},
		Permissions: []PermissionItem{
			{PermAuditView, "查看操作日志", nil},
			{PermAuditExport, "导出操作日志", []Permission{PermAuditView}},
		},
		Verbs: []Verb{{"export", "导出操作日志"}},
	},
	{
		Stem: "job", Noun: "后台任务", Fields: jobFields,
		Own: true, Group: "account", Menu: MenuEntry{"后台任务", "hourglass"},
		Verbs: []Verb{{"start", "开始后台任务"}, {"cancel", "取消后台任务"}, {"download", "下载导出文件"}},
	},
	{
		Stem: "about", Noun: "系统状态",
		List:  PermAboutView,
		Group: "account", Menu: MenuEntry{"系统状态", "info-circle"},
		Aliases: []string{"关于", "运行状态"},
		Permissions: []PermissionItem{
			{PermAboutView, "查看系统状态", nil},
		},
	},
	{
		Stem: "setting", Noun: "系统设置", Fields: settingFields,
		List:  PermSettingEdit,
		Group: "account", Menu: MenuEntry{"系统设置", "settings"},
		Aliases: []string{"设置"},
		Permissions: []PermissionItem{
			{PermSettingEdit, "修改系统设置", nil},
		},
		Verbs: []Verb{{"update", "修改系统设置"}},
	},
	{
		Stem: "wechatapp", Noun: "微信接入", Table: "wechat_app", Fields: wechatAppFields,
		List: PermSettingEdit, Page: PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"公众号", "小程序", "企业微信", "添加公众号", "添加小程序", "添加企业微信"},
		Verbs: []Verb{
			{"create", "添加微信接入"}, {"update", "修改微信接入"}, {"disable", "停用微信接入"}, {"enable", "启用微信接入"},
			{"replace", "更换关联企业"}, {"remove", "删除微信接入"}, {"confirm", "确认接入步骤"}, {"unconfirm", "取消确认接入步骤"},
		},
	},
	{
		Stem: "wechattemplate", Noun: "消息模板", Table: "wechat_template", NameColumn: "title", Fields: wechatTemplateFields,
		List:    PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"模板消息", "公众号模板"},
		Verbs:   []Verb{{"update", "设置消息模板"}, {"remove", "取消消息模板"}},
	},
	{
		Stem: "wechatmenu", Noun: "自定义菜单", Fields: wechatMenuFields,
		List:    PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"公众号菜单", "个性化菜单"},
		Verbs:   []Verb{{"update", "修改自定义菜单"}, {"publish", "发布自定义菜单"}, {"remove", "删除标签的菜单"}},
	},
	{
		Stem: "wechatreply", Noun: "自动回复", Table: "wechat_reply", NameColumn: "word", Fields: wechatReplyFields,
		List:    PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"关键词回复", "关注回复"},
		Verbs:   []Verb{{"create", "添加自动回复"}, {"update", "修改自动回复"}, {"remove", "删除自动回复"}},
	},
	{
		Stem: "wechatfile", Noun: "校验文件", Table: "wechat_file", Fields: wechatFileFields,
		List:    PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"域名校验", "业务域名"},
		Verbs:   []Verb{{"create", "添加校验文件"}, {"remove", "删除校验文件"}},
	},
	{
		Stem: "openclient", Noun: "开放接口", Table: "open_client", Fields: openClientFields,
		List: PermSettingEdit, Page: PermSettingEdit,
		Under:   "setting",
		Aliases: []string{"API", "接口密钥", "收费软件对接"},
		Verbs: []Verb{
			{"create", "添加开放接口客户端"}, {"update", "修改开放接口客户端"}, {"disable", "停用开放接口客户端"},
			{"enable", "启用开放接口客户端"}, {"rotate", "更换开放接口密钥"}, {"retire", "停用开放接口旧密钥"},
		},
	},
	{
		Stem: "bindticket", Noun: "微信绑定码",
		ActsAt: map[string]string{"create": "guardpost/guard"},
		Verbs:  []Verb{{"create", "生成微信绑定码"}, {"approve", "绑定微信"}},
	},
	{
		Stem: "wechatuser", Noun: "微信用户", Fields: wechatUserFields,
		Verbs: []Verb{{"merge", "合并微信用户"}, {"confirm", "核对姓名"}},
	},
	{
		Stem: "photo", Noun: "图片", Fields: photoFields,
		Verbs: []Verb{{"view", "查看图片"}},
	},
	{
		Stem: "session", Noun: "登录", Fields: sessionFields,
		ActsAt: map[string]string{"end": "me"},
		Verbs:  []Verb{{"sign_in", "登录"}, {"end", "结束全部登录"}},
	},
	{
		Stem: "batch", Noun: "批量操作", Under: "audit", Fields: batchFields,
		Verbs:    []Verb{{"undo", "撤销批量操作"}},
		ActNames: map[string][]string{"undo": {"撤销本次"}},
	},
	{Stem: "savedview", Noun: "视图"},    // an account's own: no line in the audit log
	{Stem: "preference", Noun: "个人设置"}, // likewise
	{Stem: "notice", Noun: "提醒"},       // likewise
}

// FeatureOf returns the feature of a stem; ok reports whether it exists.
func FeatureOf(stem string) (f Feature, ok bool) {
	at, ok := featureAt()[stem]
	if !ok {
		return Feature{}, false
	}
	return Features[at], true
}

// featureAt are the places in Features by stem.
var featureAt = sync.OnceValue(func() map[string]int {
	at := map[string]int{}
	for i, f := range Features {
		at[f.Stem] = i
	}
	return at
})

// ListName returns the Chinese name of a list by its path below /console/: a stem's, or that of a tab.
func ListName(path string) (name string, ok bool) {
	for _, f := range Features {
		if f.List != "" && f.Stem == path || f.Path == path {
			return f.Noun, true
		}
		for _, page := range f.Pages {
			if page.Path == path {
				return page.Label, true
			}
		}
	}
	return "", false
}
