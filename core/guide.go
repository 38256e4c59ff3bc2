package core

import "fmt"

// GuideFacts are what the steps of a community's set-up are computed from.
type GuideFacts struct {
	Community ID // 0 = there is none yet

	Houses    int
	Inhabited int // houses with residents
	Residents int
	RuleSet   bool // the pass rule was saved since the community was added
	RuleOpens bool // it lets readers open 允许读头放行
	Readers   int  // in use
	Heard     int  // of them those that have called
	Accepting int  // of them those that accept QR codes
	Posts     int  // in use
	Guards    int  // in use
	Bound     int  // of them those with a WeChat
	Observers int
	Accounts  int // other than the one that looks
	Own       int // residents certified by their own WeChat

	Official, Mini bool // the deployment has an official account, a mini-program
}

// GuideState is how far a step is.
type GuideState string

// The states. They are computed, never ticked by hand.
const (
	GuideTodo  GuideState = "todo"
	GuideDoing GuideState = "doing"
	GuideDone  GuideState = "done"
)

// Label returns the state in Chinese.
func (s GuideState) Label() string {
	return map[GuideState]string{GuideTodo: "未开始", GuideDoing: "进行中", GuideDone: "已完成"}[s]
}

// GuideStep is a step of the set-up of a community 开始使用.
type GuideStep struct {
	Name  string // community, house, resident, passrule, wechat, reader, guardpost, people, notice
	Title string
	State GuideState
	Text  string // what it is for, or how far it is
	Takes string // how long it takes
	Wait  string // the step that has to come first; "" = it can be done now
	Act   string // label of its button
	Path  string // where the button leads, below /console/
	Needs Permission
	And   Permission // needed as well; "" = none
	Also  []GuideAct

	Beside bool // it has begun and takes days: the others do not wait for it
}

// GuideAct is another act of a step.
type GuideAct struct {
	Label, Path string
	Needs       Permission
	Open        bool // nothing came of it yet
}

// GuideSteps returns the steps of a community's set-up, in their order.
func GuideSteps(f GuideFacts) []GuideStep {
	steps := []GuideStep{
		f.communityStep(), f.houseStep(), f.residentStep(), f.ruleStep(), f.wechatStep(), f.readerStep(), f.postStep(),
		f.peopleStep(), f.noticeStep(),
	}
	for i := range steps {
		switch name := steps[i].Name; {
		case name == "community" || name == "wechat":
		case f.Community == 0:
			steps[i].Wait = steps[0].Title
		case (name == "resident" || name == "notice") && f.Houses == 0:
			steps[i].Wait = steps[1].Title
		}
	}
	return steps
}

// GuideLeft returns the number of steps that are not done.
func GuideLeft(steps []GuideStep) int {
	n := 0
	for _, s := range steps {
		if s.State != GuideDone {
			n++
		}
	}
	return n
}

// guideState is done if all is there, doing if something is.
func guideState(some, all bool) GuideState {
	switch {
	case all:
		return GuideDone
	case some:
		return GuideDoing
	}
	return GuideTodo
}

func (f GuideFacts) communityStep() GuideStep {
	return GuideStep{
		Name: "community", Title: "小区", State: guideState(false, f.Community != 0), Takes: "约 2 分钟",
		Text: "填写名称、地址和物业电话，住户的页面会显示。", Act: "添加小区", Path: "community/new", Needs: PermCommunityEdit,
	}
}

func (f GuideFacts) houseStep() GuideStep {
	s := GuideStep{
		Name: "house", Title: "房屋", State: guideState(false, f.Houses > 0), Takes: "约 5 分钟",
		Text: "说明几栋、几单元、几层、每层几户，一次生成全部房屋。", Act: "生成房屋", Path: "house/bulk", Needs: PermHouseEdit,
	}
	if f.Houses > 0 {
		s.Text = fmt.Sprintf("已有 %s 套房屋。", Grouped(f.Houses))
	}
	return s
}

func (f GuideFacts) residentStep() GuideStep {
	s := GuideStep{
		Name: "resident", Title: "住户导入", State: guideState(f.Residents > 0, f.Residents > 0 && f.Inhabited*2 >= f.Houses),
		Takes: "约 10 分钟", Text: "登记每户的姓名和手机号，住户才能认证。", Act: "导入住户", Path: "import/new", Needs: PermResidentEdit,
		And: PermHouseEdit, Also: []GuideAct{{"添加住户", "resident/new", PermResidentEdit, false}},
	}
	if f.Residents > 0 {
		s.Beside = s.State != GuideDone
		s.Text = fmt.Sprintf("%s 套房屋中有 %s 套已登记住户，共 %s 人。",
			Grouped(f.Houses), Grouped(f.Inhabited), Grouped(f.Residents))
	}
	return s
}

func (f GuideFacts) ruleStep() GuideStep {
	s := GuideStep{
		Name: "passrule", Title: "通行证设置", State: guideState(f.RuleSet, f.RuleSet && (f.RuleOpens || f.Readers == 0)),
		Takes: "约 3 分钟", Text: "现在不限次数、不限时间，只由门岗放行。有读头的请开启“允许读头放行”，核对后保存。",
		Act: "设置规则", Path: "passrule", Needs: PermPassRuleEdit,
	}
	switch {
	case !f.RuleOpens && f.Readers > 0:
		s.Text = fmt.Sprintf("“允许读头放行”没有开启：%d 台读头不会为任何人开门。开启后保存。", f.Readers)
	case f.RuleSet && f.RuleOpens:
		s.Text = "规则已保存。"
	case f.RuleSet:
		s.Text = "规则已保存，只由门岗放行。"
	}
	return s
}

func (f GuideFacts) wechatStep() GuideStep {
	s := GuideStep{
		Name: "wechat", Title: "微信接入", State: guideState(f.Official || f.Mini, f.Official && f.Mini), Takes: "约 1 小时",
		Text: "住户用微信认证和出示通行码，门岗用微信放行。需要公众号和小程序。", Act: "查看步骤", Path: "guide/wechat",
	}
	switch {
	case f.Official && f.Mini:
		s.Text = "公众号和小程序都已接入。"
	case f.Official:
		s.Text = "公众号已接入，还没有小程序：住户不能验证手机号。"
	case f.Mini:
		s.Text = "小程序已接入，还没有公众号：门岗和观察员不能绑定微信。"
	}
	return s
}

func (f GuideFacts) readerStep() GuideStep {
	s := GuideStep{
		Name: "reader", Title: "门禁读头", State: guideState(f.Readers > 0, f.Heard > 0 && f.Accepting > 0), Takes: "每台约 10 分钟",
		Text: "登记每台读头，把页面上的地址填进设备。", Act: "添加读头", Path: "reader/new", Needs: PermReaderEdit,
	}
	switch {
	case f.Readers > 0 && f.Accepting == 0:
		s.Text = fmt.Sprintf("已登记 %d 台，没有一台接受二维码：不会为任何人开门。", f.Readers)
		s.Act, s.Path = "查看读头", "reader"
	case f.Heard > 0:
		s.Text = fmt.Sprintf("%d 台读头中有 %d 台已经上线。", f.Readers, f.Heard)
	case f.Readers > 0:
		s.Text = fmt.Sprintf("已登记 %d 台，还没有一台上线：按读头页面填写设备。", f.Readers)
		s.Act, s.Path = "查看读头", "reader"
	}
	return s
}

func (f GuideFacts) postStep() GuideStep {
	s := GuideStep{
		Name: "guardpost", Title: "门岗", State: guideState(f.Posts > 0, f.Posts > 0 && f.Bound > 0), Takes: "约 5 分钟",
		Text: "登记门岗和值班人员，读头坏了也能放行。", Act: "添加门岗", Path: "guardpost/new", Needs: PermGuardPostEdit,
	}
	switch {
	case f.Posts > 0 && f.Bound > 0:
		s.Text = fmt.Sprintf("%d 个门岗，%d 名人员已绑定微信。", f.Posts, f.Bound)
	case f.Posts > 0 && f.Guards > 0:
		s.Text = fmt.Sprintf("%d 名门岗人员，还没有人绑定微信。", f.Guards)
		s.Act, s.Path = "绑定微信", "guardpost/guard"
	case f.Posts > 0:
		s.Text = "门岗已有，还没有人员。"
		s.Act, s.Path = "添加人员", "guardpost/guard/new"
	}
	return s
}

func (f GuideFacts) peopleStep() GuideStep {
	s := GuideStep{
		Name: "people", Title: "观察员与账号", State: guideState(false, f.Observers+f.Accounts > 0), Takes: "约 5 分钟",
		Text: "同事各用各的账号；只看出入记录的人登记为观察员。", Act: "添加账号", Path: "account/new", Needs: PermAccountEdit,
		Also: []GuideAct{{"添加观察员", "observer/new", PermObserverEdit, f.Observers == 0}},
	}
	if f.Observers+f.Accounts > 0 {
		s.Text = fmt.Sprintf("另有 %d 个账号，%d 名观察员。", f.Accounts, f.Observers)
	}
	return s
}

func (f GuideFacts) noticeStep() GuideStep {
	s := GuideStep{
		Name: "notice", Title: "打印住户通知", State: guideState(false, f.Own > 0), Takes: "约 5 分钟",
		Text: "带二维码的通知贴在单元门口，住户扫码认证。有住户自己认证后即完成。", Act: "打印通知", Path: "guide/notice",
		Needs: PermResidentView,
	}
	if f.Own > 0 {
		s.Text = fmt.Sprintf("已有 %s 名住户自己认证。", Grouped(f.Own))
	}
	return s
}
