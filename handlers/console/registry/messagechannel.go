package registry

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
	"tongxing/wechat"
)

type channelPage struct {
	templates.Shell
	Tabs   templates.Tabs
	Rows   []channelRow
	Quotas []quotaRow
}

type channelRow struct {
	Channel, Sent, Failed string
	State                 templates.Badge
	Stops                 []stopRow
}

type stopRow struct {
	Reason   string
	Account  string    // "" = all that the channel sends by
	Template string    // "" = all
	Until    time.Time // zero = it sends on
	Noted    time.Time
	Resume   *templates.Submit // nil = it sends on, or who looks may not
}

// quotaRow is how many messages an account may send today by WeChat's own count.
type quotaRow struct {
	Account, Kind, Limit, Used, Left string
	State                            templates.Badge
	Problem                          string // why it is not known; "" = it is
}

// messageChannels shows what each channel did today, until when it sends nothing, and what WeChat still allows.
func (p *Pages) messageChannels(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	scope, of := c.Scope(), "您管理的小区"
	switch chosen := frame.ChosenCommunity(c, at); {
	case chosen != 0:
		scope, of = core.ScopeOf(chosen), at.Name
	case scope.Whole():
		of = "全部小区"
	}
	days, err := p.Store.Outbox().Today(c.Ctx(), scope)
	if err != nil {
		return err
	}
	apps, err := p.Store.WechatApps(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	page := channelPage{Shell: p.Shell(c, "message", "提醒设置"), Tabs: messageTabs(c, "channel")}
	page.Note = of + "今天的提醒。暂停和异常按账号计，不分小区。"
	for _, d := range days {
		row := channelRowOf(d, p.sends(d.Channel), apps, c.Now())
		for i, stop := range d.Stops {
			if mayResume(c, stop, apps) {
				row.Stops[i].Resume = &templates.Submit{Label: "恢复发送", URL: resumeURL(stop), Icon: "check", Ask: true}
			}
		}
		page.Rows = append(page.Rows, row)
	}
	page.Quotas = p.quotas(c.Ctx(), apps)
	return p.Page(c, http.StatusOK, "console/message/channel", page)
}

// sends reports whether this deployment has a channel. The bell is always there.
func (p *Pages) sends(channel core.MessageChannel) bool {
	switch channel {
	case core.ChannelInApp:
		return true
	case core.ChannelTemplate: // accounts come and go
		return p.Frame.HasOfficials()
	case core.ChannelWeWork:
		return p.Frame.HasCorps()
	}
	return slices.Contains(p.Channels, channel)
}

// channelRowOf returns a channel's row. apps are the accounts of WeChat that the reader may see.
func channelRowOf(d core.ChannelDay, has bool, apps []core.WechatApp, now time.Time) channelRow {
	row := channelRow{
		Channel: d.Channel.Label(), Sent: frame.Grouped(d.Sent), Failed: frame.Grouped(d.Failed),
		State: templates.Badge{Tone: templates.Good, Text: "正常"},
	}
	if !has {
		row.State = templates.Badge{Tone: templates.Neutral, Text: "未接入"}
	}
	for _, stop := range d.Stops {
		at := stopRow{reasonText(stop.Channel, stop.Reason, stop.Code), accountOf(stop, apps), stop.Template, stop.Until, stop.Noted, nil}
		goesOn := !stop.Until.After(now)
		if goesOn {
			at.Until = time.Time{}
		}
		row.Stops = append(row.Stops, at)
		switch {
		case goesOn && row.State.Tone == templates.Good:
			row.State = templates.Badge{Tone: templates.Warn, Text: "有异常"}
		case goesOn:
		case stop.Template == "" && (stop.AppID == "" || d.Channel != core.ChannelTemplate || officials(apps) < 2):
			row.State = templates.Badge{Tone: templates.Bad, Text: "暂停"}
		case row.State.Tone != templates.Bad:
			row.State = templates.Badge{Tone: templates.Warn, Text: "部分暂停"}
		}
	}
	return row
}

// accountOf names the account that a stop is about; one that the reader may not see has no name.
func accountOf(stop core.ChannelStop, apps []core.WechatApp) string {
	if stop.AppID == "" {
		return ""
	}
	for _, a := range apps {
		if a.AppID == stop.AppID {
			return a.Name
		}
	}
	return "另一个账号"
}

// officials counts the official accounts in use.
func officials(apps []core.WechatApp) (n int) {
	for _, a := range apps {
		if a.Kind == core.WechatOfficial && a.Disabled.IsZero() {
			n++
		}
	}
	return n
}

// The calls by which messages leave, whose quotas are shown.
const (
	templateSend  = "/cgi-bin/message/template/send"
	subscribeSend = "/cgi-bin/message/subscribe/send"
)

const (
	quotaTime  = 3 * time.Second // how long the page waits for WeChat
	quotaCalls = 8               // calls at once
	quotaFew   = 10              // percent that is left when it is said to be little
)

// quotas asks WeChat how many messages each account in use may send today. What does not answer in time does not keep
// the page from being shown.
func (p *Pages) quotas(ctx context.Context, apps []core.WechatApp) []quotaRow {
	if p.Wechat == nil {
		return nil
	}
	apps = slices.DeleteFunc(slices.Clone(apps), func(a core.WechatApp) bool {
		return a.Kind == core.WechatWork || !a.Disabled.IsZero()
	})
	ctx, cancel := context.WithTimeout(ctx, quotaTime)
	defer cancel()
	rows := make([]quotaRow, len(apps))
	var wg sync.WaitGroup
	turns := make(chan struct{}, quotaCalls)
	for i, a := range apps {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			path := templateSend
			if a.Kind == core.WechatMini {
				path = subscribeSend
			}
			quota, err := p.Wechat.Quota(ctx, a.AppID, path)
			rows[i] = quotaRowOf(a, quota, err)
		})
	}
	wg.Wait()
	return rows
}

// quotaRowOf returns an account's row.
func quotaRowOf(a core.WechatApp, q wechat.Quota, err error) quotaRow {
	row := quotaRow{Account: a.Name, Kind: "模板消息", State: templates.Badge{Tone: templates.Good, Text: "够用"}}
	if a.Kind == core.WechatMini {
		row.Kind = "订阅消息"
	}
	switch {
	case core.IsConflict(err):
		row.Problem = core.MessageOf(err)
	case err != nil:
		row.Problem = wechaterror.ForSetup(err)
	}
	if row.Problem != "" {
		row.Limit, row.Used, row.Left, row.State = "–", "–", "–", templates.Badge{Tone: templates.Neutral, Text: "读不到"}
		return row
	}
	row.Limit, row.Used, row.Left = frame.Grouped(int(q.Limit)), frame.Grouped(int(q.Used)), frame.Grouped(int(q.Left))
	switch {
	case q.Left <= 0:
		row.State = templates.Badge{Tone: templates.Bad, Text: "已用完"}
	case q.Left*100 < q.Limit*quotaFew:
		row.State = templates.Badge{Tone: templates.Warn, Text: "快用完"}
	}
	return row
}
