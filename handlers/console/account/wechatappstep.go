package account

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// wechatStep is a step of an account's set-up, whose state is computed.
type wechatStep struct {
	Title, Text string
	Badge       templates.Badge
	Facts       []templates.Fact  // to copy
	Link        templates.Action  // without a URL: none
	Confirm     *templates.Submit // for what nothing can check; nil = none, or who looks may not
	CSRF        string
}

// wechatStepSet draws the steps of one account that no call can check.
type wechatStepSet struct {
	app   core.WechatApp
	known map[core.WechatAppStep]core.WechatStepState
	csrf  string // "" = who looks may not confirm
	when  func(core.WechatStepState) string
}

// wechatStepSet reads what is known of an account's steps.
func (p *Pages) wechatStepSet(c *web.Context, app core.WechatApp) (wechatStepSet, error) {
	known, err := p.Store.WechatAppSteps(c.Ctx(), app.ID)
	set := wechatStepSet{app: app, known: known, when: func(s core.WechatStepState) string {
		if !s.Proven.IsZero() {
			return p.wechatWhen(s.Proven)
		}
		return p.wechatWhen(s.Confirmed)
	}}
	if c.Actor().MayOperate() {
		set.csrf = c.CSRF()
	}
	return set, err
}

// step returns a step; through says what proves it, "" = nothing can, and then somebody confirms it.
func (s wechatStepSet) step(step core.WechatAppStep, text, through string) wechatStep {
	is := s.known[step]
	out := wechatStep{
		Title: step.Label(s.app.Kind), Text: text, CSRF: s.csrf, Badge: templates.Badge{Tone: templates.Neutral, Text: "未完成"},
	}
	confirm := &templates.Submit{
		Label: "确认已完成", URL: frame.WechatAppURL(s.app.ID) + "/confirm?step=" + string(step), Icon: "check",
	}
	switch {
	case !is.Proven.IsZero():
		out.Badge = templates.Badge{Tone: templates.Good, Text: "已完成"}
		out.Text = s.when(is) + " " + through + "，设置正确。"
		return out
	case !is.Confirmed.IsZero():
		out.Badge = templates.Badge{Tone: templates.Info, Text: "已人工确认"}
		out.Text += s.when(is) + " 人工确认，没有经过检查。"
		confirm.Label, confirm.Icon, confirm.URL = "取消确认", "x", confirm.URL+"&off=1"
	case through != "":
		out.Text += "没有接口可以检查，第一次" + through + "时自动变为已完成，也可以先人工确认。"
	default:
		out.Text += "没有接口可以检查，设好后请人工确认。"
	}
	if s.csrf != "" {
		out.Confirm = confirm
	}
	return out
}

// wechatAppConfirm records that an operator says that a step is done, or takes it back.
func (p *Pages) wechatAppConfirm(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	var asked struct {
		Step core.WechatAppStep `form:"step" of:"pages linked script server home"`
		Off  bool               `form:"off"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	if !app.Kind.HasStep(asked.Step) {
		return core.InvalidFields(map[string]string{"step": "没有这一步"})
	}
	done, change := "已确认", p.Store.ConfirmWechatStep
	if asked.Off {
		done, change = "已取消确认", p.Store.UnconfirmWechatStep
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return change(c.Ctx(), c.Actor(), c.Scope(), app.ID, asked.Step) },
		Done: done + "“" + asked.Step.Label(app.Kind) + "”。", Back: frame.WechatAppURL(app.ID),
	})
}

// fileStep is the step of the files by which WeChat or WeWork checks the domain. A file is of no account here, and only the
// platform says that it has read it: the step tells what was added, and is never done by itself.
func (p *Pages) fileStep(c *web.Context, kind core.WechatAppKind) (wechatStep, error) {
	step := wechatStep{
		Title: "校验文件", Badge: templates.Badge{Tone: templates.Neutral, Text: "未完成"},
		Text: "填写域名时要先下载校验文件。把它的文件名和内容添加到这里，平台就能从这个域名读到。",
		Link: templates.Action{Label: "查看校验文件", URL: frame.WechatFilePath},
	}
	if kind == core.WechatMini {
		step.Title = "业务域名"
		step.Text = "小程序要打开网页时，在公众平台的“开发管理—开发设置—业务域名”添加下面的域名，先下载它的校验文件，添加到这里。"
		step.Facts = []templates.Fact{{Label: "域名", Value: "https://" + hostOf(p.PublicURL), Copy: true, Code: true}}
	}
	files, err := p.Store.WechatFiles(c.Ctx())
	var names []string
	var unread *core.WechatFile // the last that the platform cannot read
	read := false
	for _, f := range files {
		if core.WechatFileKind(f.Name) == kind {
			names = append(names, f.Name)
			read = read || !f.Checked.At.IsZero() && f.Checked.Problem == ""
			if f.Checked.Problem != "" {
				unread = &f
			}
		}
	}
	if len(names) > 0 {
		step.Badge = templates.Badge{Tone: templates.Info, Text: "已添加"}
		switch {
		case unread != nil:
			step.Badge = templates.Badge{Tone: templates.Bad, Text: "有问题"}
			step.Text += "平台还读不到“" + unread.Name + "”：" + unread.Checked.Problem
		case read:
			step.Badge = templates.Badge{Tone: templates.Good, Text: "可读到"}
		}
		step.Text += fmt.Sprintf("已添加%s的文件 %d 个。平台保存域名时会来读取，请确认是这个账号下载的那一个。", kind.Label(), len(names))
		for _, name := range names[max(0, len(names)-3):] {
			step.Facts = append(step.Facts, templates.Fact{Label: "地址", Value: p.PublicURL + "/" + name, Copy: true, Code: true})
		}
	}
	return step, err
}
