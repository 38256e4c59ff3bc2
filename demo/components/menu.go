package components

import (
	"fmt"
	"strings"

	"tongxing/templates"
)

// longMenuLines are the lines of the sample menu by group: 56, with the home page.
var longMenuLines = []struct{ group, lines string }{
	{"工作台", "首页 待我处理 数据大屏"},
	{"出入管理", "出入记录 访客出门条 通行证设置 智能门禁 门岗 告警"},
	{"信息管理", "住户信息 房屋信息 小区楼栋信息 员工信息 微信关注用户 提醒设置"},
	{"案件管理", "案件处理 我的任务 随手拍案件 自行处理案件 预警信息 事件监督 案件规则"},
	{"基础信息", "人口管理 网格管理 部件管理 企业管理 走访台账 数据质量 地图"},
	{"用户管理", "用户列表 数据权限 用户审核"},
	{"宣传管理", "公告栏 新闻 消息通知 智能回答 通讯录"},
	{"居民服务", "意见箱 活动 电梯 烟感 垃圾回收 全民健身 积分"},
	{"政务党建", "政务预约 党支部 线上议事厅 健康防疫"},
	{"人员考核", "网格员监督 考勤管理 人员考核"},
	{"系统管理", "账号权限 操作日志 后台任务 系统状态 系统设置"},
}

// LongMenu returns a menu of 56 lines, as long as the console's will be, with counts and the line of a label as
// the current one.
func LongMenu(current string) []templates.NavGroup {
	var groups []templates.NavGroup
	for _, g := range longMenuLines {
		group := templates.NavGroup{Name: fmt.Sprint("sample", len(groups)), Label: g.group}
		for i, label := range strings.Fields(g.lines) {
			item := templates.NavItem{Label: label, URL: "/console/dev/components", Icon: "list"}
			if g.group == "案件管理" && i < 2 {
				item.Count = 12 - 5*i
			}
			item.Active = label == current
			group.Active = group.Active || item.Active
			group.Items = append(group.Items, item)
		}
		groups = append(groups, group)
	}
	return groups
}
