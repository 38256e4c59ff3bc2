package account

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// settingRoutes returns the routes of 设置: what concerns the whole deployment.
func (p *Pages) settingRoutes() []web.Route {
	edit := web.Need(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.SettingPath, Access: edit, Handler: p.settingShow},
		{
			Method: http.MethodPost, Path: frame.SettingPath, Access: web.NeedOperator(core.PermSettingEdit),
			Level: web.Types, Handler: p.settingUpdate, Draft: true,
		},
	}
}

type settingPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Edit  bool
	Facts []templates.Fact // for accounts that may only view
	Form  templates.Form
}

func (p *Pages) settingShow(c *web.Context) error {
	settings, err := p.Store.Settings(c.Ctx())
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/setting/show", p.settingPage(c, settings))
}

// settingPage returns the form, or its values for an account of some communities.
func (p *Pages) settingPage(c *web.Context, s core.Settings) settingPage {
	page := settingPageOf(s)
	page.Shell, page.Edit = p.Shell(c, "setting", "系统设置"), c.Actor().MayOperate()
	page.Tabs = settingTabs("setting")
	page.Form.CSRF = page.CSRF
	return page
}

func settingPageOf(s core.Settings) settingPage {
	return settingPage{
		Facts: []templates.Fact{
			{Label: "出入记录保留", Value: daysText(s.RecordDays)},
			{Label: "后台无操作退出", Value: fmt.Sprintf("%d 分钟", s.ConsoleIdleMinutes)},
			{Label: "审核期限", Value: fmt.Sprintf("%d 个工作日", s.ReviewDays)},
			{Label: "审核照片保留", Value: daysText(s.ReviewPhotoDays)}, {Label: "夜间免打扰", Value: s.Quiet.Label()},
		},
		Form: templates.Form{Action: frame.SettingPath, Seen: templates.Seen(s.Updated), Sections: []templates.Section{
			{Title: "记录", Fields: []templates.Field{
				{
					Kind: templates.Select, Name: "record_days", Label: "出入记录保留",
					Value: strconv.Itoa(s.RecordDays), Required: true, Choices: recordDaysChoices(s.RecordDays),
					Help: "更早的记录、早已结束的访客永久删除，不能恢复。操作日志不删除。",
				},
			}},
			{Title: "登录", Fields: []templates.Field{
				{
					Kind: templates.Number, Name: "console_idle_minutes", Label: "后台无操作退出",
					Value: strconv.Itoa(s.ConsoleIdleMinutes), Required: true, Unit: "分钟", Short: true,
					Min: strconv.Itoa(core.MinIdleMinutes), Max: strconv.Itoa(core.MaxIdleMinutes),
					Help: "这么久没有操作，就要重新登录。从下一次操作起按新时间计算。",
				},
			}},
			{Title: "审核", Fields: []templates.Field{
				{
					Kind: templates.Number, Name: "review_days", Label: "审核期限", Value: strconv.Itoa(s.ReviewDays), Required: true,
					Unit: "个工作日", Short: true, Min: "1", Max: strconv.Itoa(core.MaxReviewDays),
					Help: "超过的标为“已超期”，每个工作日提醒审核人。对以后的申请生效。",
				},
				{
					Kind: templates.Number, Name: "review_photo_days", Label: "审核照片保留", Value: strconv.Itoa(s.ReviewPhotoDays),
					Required: true, Unit: "天", Short: true, Min: "1", Max: strconv.Itoa(core.MaxReviewPhotoDays),
					Help: "审核结束后保留这么久，然后永久删除。改短后，超过的一小时内删除。",
				},
			}},
			{Title: "提醒", Fields: []templates.Field{
				{
					Kind: templates.Select, Name: "quiet_from", Label: "夜间免打扰从", Value: strconv.Itoa(s.Quiet.From), Required: true,
					Choices: hourChoices(),
				},
				{
					Kind: templates.Select, Name: "quiet_to", Label: "到", Value: strconv.Itoa(s.Quiet.To), Required: true,
					Choices: hourChoices(), Help: "只发紧急的提醒，其他的到结束时再发。两个时间相同为不设。",
				},
			}},
		}},
	}
}

// recordDaysChoices are the times to keep records for in words, with the present one; for ever is the first.
func recordDaysChoices(now int) []templates.Choice {
	days := []int{30, 60, 90, 180, 365, 730, 1095, 1825, core.MaxRecordDays}
	if now != 0 {
		days = append(days, now)
	}
	choices := []templates.Choice{{Value: "0", Label: "永久保留"}}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(days))) {
		if n >= core.MinRecordDays && n <= core.MaxRecordDays {
			choices = append(choices, templates.Choice{Value: strconv.Itoa(n), Label: daysText(n)})
		}
	}
	return choices
}

// hourChoices are the hours of a day.
func hourChoices() []templates.Choice {
	choices := make([]templates.Choice, 24)
	for hour := range choices {
		choices[hour] = templates.Choice{Value: strconv.Itoa(hour), Label: strconv.Itoa(hour) + ":00"}
	}
	return choices
}

func daysText(days int) string {
	if days == 0 {
		return "永久"
	}
	return frame.Grouped(days) + " 天"
}

// settingForm is the posted form. The days are a text, so that an empty field does not mean "for
// ever".
type settingForm struct {
	Seen        int64  `form:"seen"`
	RecordDays  string `form:"record_days" max:"8" required:"请选择保留多久"`
	IdleMinutes int    `form:"console_idle_minutes" required:"请填写分钟数"`
	ReviewDays  int    `form:"review_days" required:"请填写天数"`
	PhotoDays   int    `form:"review_photo_days" required:"请填写天数"`
	QuietFrom   string `form:"quiet_from" max:"2" required:"请选择几点开始"`
	QuietTo     string `form:"quiet_to" max:"2" required:"请选择几点结束"`
}

func (f settingForm) settings() (core.Settings, error) {
	s := core.Settings{
		ConsoleIdleMinutes: f.IdleMinutes, ReviewDays: f.ReviewDays, ReviewPhotoDays: f.PhotoDays, Updated: frame.ShownAt(f.Seen),
		Quiet: core.QuietHours{From: hourOf(f.QuietFrom), To: hourOf(f.QuietTo)},
	}
	var err error
	if s.RecordDays, err = strconv.Atoi(f.RecordDays); err != nil {
		return s, core.InvalidFields(map[string]string{"record_days": "请填写整数"})
	}
	return s, s.Check()
}

// hourOf returns a posted hour, or -1.
func hourOf(text string) int {
	if hour, err := strconv.Atoi(text); err == nil {
		return hour
	}
	return -1
}

func (p *Pages) settingUpdate(c *web.Context) error {
	var form settingForm
	wrong := c.Bind(&form)
	settings, settingsWrong := form.settings()
	wrong = frame.MergeFields(wrong, settingsWrong)
	now, err := p.Store.Settings(c.Ctx())
	if err != nil {
		return err
	}
	if wrong == nil && settings.DeletesMore(now) {
		var records, photos time.Time
		if settings.DeletesRecords(now) {
			records = c.Now().AddDate(0, 0, -settings.RecordDays)
		}
		if settings.DeletesPhotos(now) {
			photos = c.Now().AddDate(0, 0, -settings.ReviewPhotoDays)
		}
		old, err := p.Store.CountOld(c.Ctx(), records, photos)
		if err != nil {
			return err
		}
		if asked, err := p.Ask(c, "setting", settingQuestion(now, settings, old, c.Form())); asked {
			return err
		}
	}
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateSettings(c.Ctx(), c.Actor(), settings)
	}
	if wrong != nil {
		return p.settingWrong(c, wrong)
	}
	p.Edited(c, "已保存。各服务器在几秒内生效。", settingPageOf(now).Form, updated)
	return c.Redirect(frame.SettingPath)
}

// settingQuestion is the confirmation before a shorter retention deletes what cannot come back: old is what it deletes. The days are
// typed, as that number changes while the question is read.
func settingQuestion(now, settings core.Settings, old store.Purged, form url.Values) templates.Confirm {
	q := templates.Confirm{
		Action: frame.SettingPath, Keep: form, Submit: "保存并删除", Cancel: frame.SettingPath, Danger: true,
	}
	var of, changes []string
	if settings.DeletesRecords(now) {
		of, q.Typed = append(of, "出入记录"), strconv.Itoa(settings.RecordDays)
		changes = append(changes, fmt.Sprintf("出入记录从 %s改为 %s", daysText(now.RecordDays), daysText(settings.RecordDays)))
		q.Effects = append(q.Effects,
			"所有小区 "+daysText(settings.RecordDays)+"以前的出入记录将在一小时内永久删除，现在"+oldText(oldThing{old.Records, "条", ""}),
			"同样早以前就结束的访客（姓名、号码和通行证）、出门条、房屋过户安排、告警和值班记录一并永久删除，现在"+oldText(
				oldThing{old.Visits, "位", "访客"}, oldThing{old.Slips, "张", "出门条"}, oldThing{old.Transfers, "项", "过户安排"},
				oldThing{old.Alerts, "条", "告警"}, oldThing{old.Shifts, "条", "值班记录"},
			))
	}
	if settings.DeletesPhotos(now) {
		of, q.Typed = append(of, "审核照片"), cmp.Or(q.Typed, strconv.Itoa(settings.ReviewPhotoDays))
		changes = append(changes, fmt.Sprintf("审核照片从 %s改为 %s", daysText(now.ReviewPhotoDays), daysText(settings.ReviewPhotoDays)))
		q.Effects = append(q.Effects,
			"所有小区审核结束已超过 "+daysText(settings.ReviewPhotoDays)+"的申请，照片将在一小时内永久删除，申请和结果保留，现在"+
				oldText(oldThing{old.Reviews, "份", "申请的照片"}))
	}
	q.Title, q.Text = "缩短"+strings.Join(of, "和")+"的保留时间？", strings.Join(changes, "，")+"。"
	q.Effects = append(q.Effects, "删除后不能恢复，再改长也不会回来；需要留存的请先导出或另存")
	return q
}

// oldThing is a number of things that a purge deletes.
type oldThing struct {
	n          int
	unit, what string
}

// oldText counts what a purge deletes in words: 有 3 位访客、2 张出门条, or 没有.
func oldText(things ...oldThing) string {
	var words []string
	for _, o := range things {
		if o.n > 0 {
			words = append(words, frame.Grouped(o.n)+" "+o.unit+o.what)
		}
	}
	if len(words) == 0 {
		return "没有"
	}
	return "有 " + strings.Join(words, "、")
}

// settingWrong shows the form again with its values. After a conflict it is based on the current
// settings, so that saving again is a decision.
func (p *Pages) settingWrong(c *web.Context, wrong error) error {
	now, err := p.Store.Settings(c.Ctx())
	if err != nil {
		return err
	}
	page := p.settingPage(c, now)
	return p.FormPage(c, wrong, &page.Form, func(status int) error {
		return p.Page(c, status, "console/setting/show", page)
	})
}
