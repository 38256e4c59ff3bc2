package core

import "slices"

// Feature describes one stem: what the rest of the program needs to know about it. Nothing that can
// be read from here is registered anywhere else.
type Feature struct {
	Stem string // the one word used in its files, addresses, permissions and acts
	Noun string // Chinese, for the things its acts are done to

	// Table and NameColumn are where the present name of an act's target is looked up; without a
	// table it has no name. The column defaults to name.
	Table, NameColumn string

	Page  Permission // who may open /console/<stem>/<id>, the page of one thing; "" = there is none
	Under string     // the stem whose entry of the menu its pages are under; "" = its own, if it has pages

	Verbs  []Verb       // its acts, in display order
	Fields []AuditField // what its acts record in the audit log, in display order
}

// Verb is what an act does; the act's name is stem.verb.
type Verb struct {
	Name  string // create, update, disable, enable, remove, or a verb of the feature's own
	Label string // Chinese, including the thing it is done to
}

// Features are all stems that register something, in menu order.
var Features = []Feature{
	{
		Stem: "community", Noun: "小区", Table: "community", Fields: communityFields,
		Verbs: []Verb{
			{"create", "添加小区"}, {"update", "修改小区"},
			{"archive", "归档小区"}, {"restore", "恢复小区"}, {"remove", "删除小区"},
		},
	},
	{
		Stem: "house", Noun: "房屋", Table: "house", NameColumn: "label", Page: PermHouseView, Fields: houseFields,
		Verbs: []Verb{
			{"create", "添加房屋"}, {"update", "修改房屋"}, {"remove", "删除房屋"}, {"export", "导出房屋"},
		},
	},
	{
		Stem: "resident", Noun: "住户", Table: "resident", Page: PermResidentView, Fields: residentFields,
		Verbs: []Verb{
			{"create", "添加住户"}, {"create_many", "批量添加住户"}, {"update", "修改住户"},
			{"move_out", "住户迁出"}, {"remove", "删除住户"}, {"reveal", "查看住户完整信息"}, {"export", "导出住户"},
			{"sign_out", "退出住户的微信登录"},
		},
	},
	{
		Stem: "passrule", Noun: "通行证设置", Fields: passRuleFields,
		Verbs: []Verb{{"update", "修改通行证设置"}},
	},
	{
		Stem: "restriction", Noun: "限制出入", Under: "passrule", Fields: restrictionFields,
		Verbs: []Verb{{"create", "设置限制出入"}, {"lift", "解除限制出入"}},
	},
	{
		Stem: "reader", Noun: "门禁读头", Table: "reader", Page: PermReaderView, Fields: readerFields,
		Verbs: []Verb{
			{"create", "添加读头"}, {"update", "修改读头"}, {"disable", "停用读头"}, {"enable", "启用读头"},
			{"switch_qr", "切换读头扫码放行"}, {"reveal_secret", "查看读头密钥"}, {"rotate_secret", "更换读头密钥"},
		},
	},
	{
		Stem: "guardpost", Noun: "门岗", Table: "guard_post", Fields: guardPostFields,
		Verbs: []Verb{{"create", "添加门岗"}, {"update", "修改门岗"}, {"disable", "停用门岗"}, {"enable", "启用门岗"}},
	},
	{
		Stem: "guard", Noun: "门岗人员", Table: "guard", Under: "guardpost", Fields: guardFields,
		Verbs: []Verb{
			{"create", "添加门岗人员"}, {"update", "修改门岗人员"},
			{"disable", "停用门岗人员"}, {"enable", "启用门岗人员"},
		},
	},
	{
		Stem: "observer", Noun: "观察员", Table: "observer", Page: PermObserverView, Fields: observerFields,
		Verbs: []Verb{{"create", "添加观察员"}, {"update", "修改观察员"}, {"remove", "移除观察员"}},
	},
	{
		Stem: "bindticket", Noun: "微信绑定码",
		Verbs: []Verb{{"create", "生成微信绑定码"}, {"approve", "绑定微信"}},
	},
	{
		Stem: "wechatuser", Noun: "微信用户", Fields: wechatUserFields,
		Verbs: []Verb{{"merge", "合并微信用户"}},
	},
	{
		Stem: "accessrecord", Noun: "出入记录", Page: PermAccessRecordView, Fields: accessRecordFields,
		Verbs: []Verb{{"export", "导出出入记录"}, {"search", "查询出入记录"}},
	},
	{
		Stem: "accessalert", Noun: "告警", Page: PermAccessAlertView, Fields: accessAlertFields,
		Verbs: []Verb{{"handle", "处理告警"}},
	},
	{
		Stem: "account", Noun: "账号", Table: "account", Page: PermAccountView, Fields: accountFields,
		Verbs: []Verb{
			{"create", "添加账号"}, {"update", "修改账号"}, {"disable", "停用账号"}, {"enable", "启用账号"},
			{"reset_password", "重置密码"}, {"change_password", "修改自己的密码"},
			{"enable_totp", "开启两步验证"}, {"disable_totp", "关闭两步验证"}, {"reset_totp", "重置他人的两步验证"},
			{"bind_wechat", "账号绑定微信"}, {"unbind_wechat", "账号解绑微信"}, {"reset_wechat", "解绑他人的微信"},
		},
	},
	{
		Stem: "session", Noun: "登录", Fields: sessionFields,
		Verbs: []Verb{{"sign_in", "登录"}, {"end", "结束全部登录"}},
	},
	{Stem: "role", Noun: "角色"},
	{
		Stem: "audit", Noun: "操作日志", Page: PermAuditView, Fields: auditFields,
		Verbs: []Verb{{"export", "导出操作日志"}},
	},
	{
		Stem: "setting", Noun: "系统设置", Fields: settingFields,
		Verbs: []Verb{{"update", "修改系统设置"}},
	},
	{
		Stem: "job", Noun: "后台任务", Fields: jobFields,
		Verbs: []Verb{{"start", "开始后台任务"}, {"cancel", "取消后台任务"}},
	},
	{Stem: "about", Noun: "关于"},
	{Stem: "savedview", Noun: "视图"}, // an account's own: no line in the audit log
}

// FeatureOf returns the feature of a stem; ok reports whether it exists.
func FeatureOf(stem string) (f Feature, ok bool) {
	at := slices.IndexFunc(Features, func(f Feature) bool { return f.Stem == stem })
	if at < 0 {
		return Feature{}, false
	}
	return Features[at], true
}
