package registry

import (
	"net/url"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
)

const resumePath = channelPath + "/resume"

// resumeURL returns where a stop is lifted: the address has which one, as it is now.
func resumeURL(stop core.ChannelStop) string {
	return resumePath + "?" + url.Values{
		"channel": {string(stop.Channel)}, "app": {stop.AppID}, "template": {stop.Template},
		"until": {strconv.FormatInt(stop.Until.UnixMilli(), 10)},
	}.Encode()
}

// mayResume reports whether somebody may lift a stop that is in force. apps are the accounts that they may see.
func mayResume(c *web.Context, stop core.ChannelStop, apps []core.WechatApp) bool {
	served, _ := stop.Served(apps)
	return stop.Until.After(c.Now()) && c.Has(core.PermMessageResume) && c.Actor().MayOperate() && c.Scope().Covers(served)
}

// messageResume lifts a stop before its time. One for wrong keys, or for this server's address, is lifted once a call with
// the keys succeeds: the clients of all servers refuse the account's calls until then.
func (p *Pages) messageResume(c *web.Context) error {
	var asked struct {
		Channel  core.MessageChannel `form:"channel" max:"16"`
		App      string              `form:"app" max:"64"`
		Template string              `form:"template" max:"64"`
		Until    int64               `form:"until"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	stop, err := p.Store.Outbox().Stopped(c.Ctx(), asked.Channel, asked.App, asked.Template)
	if err != nil {
		return p.Refused(c, err, channelPath)
	}
	stop.Until = time.UnixMilli(asked.Until) // as it was shown
	waiting, err := p.Store.Outbox().Waiting(c.Ctx(), stop)
	if err != nil {
		return err
	}
	apps, err := p.Store.WechatApps(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	_, name := stop.Served(apps)
	if name == "" {
		name = stop.Channel.Label()
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "恢复“" + name + "”的发送？", Text: resumeText(stop.Reason), Submit: "恢复发送",
			Effects: []string{frame.Grouped(waiting) + " 条消息在等待，几秒内发出", "暂停的原因：" + reasonText(stop.Channel, stop.Reason, stop.Code)},
		},
		Do:   func() error { return p.resume(c, stop, apps) },
		Done: "已恢复“" + name + "”的发送，等待的消息在几秒内发出。", Back: channelPath,
	})
}

// resume tries the account where that tells whether it works, and lifts the stop.
func (p *Pages) resume(c *web.Context, stop core.ChannelStop, apps []core.WechatApp) error {
	if stop.AppID != "" && stop.Reason.ByKeys() {
		if problem := wechaterror.ForSetup(p.TryWechat(c.Ctx(), stop.AppID)); problem != "" {
			return core.Conflict("没有恢复，检查没有通过：" + problem)
		}
	}
	if _, err := p.Store.ResumeChannel(c.Ctx(), c.Actor(), c.Scope(), stop); err != nil {
		return err
	}
	for _, a := range apps { // the other servers call the account again, too
		if a.AppID == stop.AppID && a.ID != 0 && stop.Reason.ByKeys() {
			return discarded(p.Store.NoteWechatCheck(c.Ctx(), a.ID, ""))
		}
	}
	return nil
}

// resumeText returns what lifting a stop can do, by its reason.
func resumeText(why core.MessageReason) string {
	switch why {
	case core.WhyNoQuota:
		return "平台自己计算次数，到零点才重新开始。零点前恢复，多半再次被拒绝，又暂停到零点。请先在平台清零或提高次数。"
	case core.WhyBadSecret, core.WhyBadIP:
		return "先用账号的密钥检查一次，检查通过才恢复。"
	case core.WhyNoRight:
		return "请先在平台开通这项权限。没有开通时，会再次暂停一小时。"
	case core.WhyBadTemplate:
		return "请先在“消息模板”重新设置。模板仍不可用时，会再次暂停一小时。"
	}
	return "平台仍不正常时，会再次暂停。"
}
