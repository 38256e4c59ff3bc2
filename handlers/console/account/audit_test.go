package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestAuditShowsWhatChangedInTheScope(t *testing.T) {
	d := newDesk(t)
	const typed = `<img src=x>新名字`
	by := core.Actor{Kind: core.ActorAccount, ID: 77, Name: "周敏", Addr: "192.0.2.9", RequestID: "req-1"}
	mine, foreign := d.Rename(t, d.Mine.Community, by, typed), d.Rename(t, d.Others.Community, by, "别人的小区")
	b := d.Auditor(t)

	page := b.Get(t, frame.AuditPath, http.StatusOK)
	desk.Literally(t, page, typed)
	first := strings.Join(strings.Fields(page.Find("tbody tr").First().Text()), " ")
	for _, text := range []string{"周敏", "修改小区", "192.0.2.9"} {
		if !strings.Contains(first, text) {
			t.Errorf("the newest line lacks %s: %s", text, first)
		}
	}
	if strings.Contains(page.Find("main").Text(), "别人的小区") || page.Find(`a[href="`+frame.AuditURL(foreign.ID)+`"]`).Length() != 0 {
		t.Error("another community's act is listed")
	}
	b.Get(t, frame.AuditURL(foreign.ID), http.StatusNotFound)
	b.Get(t, frame.AuditPath+"?community="+d.Others.Community.String(), http.StatusNotFound)
	b.Get(t, frame.AuditPath+"/export.xlsx?community="+d.Others.Community.String(), http.StatusNotFound)

	show := b.Get(t, frame.AuditURL(mine.ID), http.StatusOK)
	desk.Literally(t, show, typed)
	row := show.Find("tbody tr").First()
	if row.Find("ins").Text() != typed || row.Find("del").Length() != 1 || !strings.Contains(row.Text(), "已改") {
		t.Errorf("the change reads %s", row.Text())
	}
	if show.Find("tbody tr").Length() < 2 || show.Find("tbody tr").Eq(1).Find("ins, del").Length() != 0 {
		t.Error("what stayed is missing, or marked")
	}
	for _, text := range []string{"req-1", mine.Hash, "周敏（后台账号）"} {
		if !strings.Contains(show.Find("main").Text(), text) {
			t.Errorf("the page lacks %s", text)
		}
	}
}

func TestAuditFilters(t *testing.T) {
	d := newDesk(t)
	line := d.Rename(t, d.Mine.Community, core.Actor{Kind: core.ActorAccount, ID: 77, Name: "周敏"}, "新名字")
	b := d.Auditor(t)
	today := core.DayOf(d.Store.Now(), d.Store.Zone()) // the test may run over midnight: query both days
	whole := b.Get(t, frame.AuditPath, http.StatusOK).Find("tbody tr").Length()
	for query, want := range map[string]int{
		"act=community.update":                      1,
		"act=setting.update":                        0,
		"actor=account:77":                          1,
		"actor=account":                             1,
		"actor=wechat":                              0,
		"subject=" + line.Target + "&actor=account": 1,
		"subject=community:1":                       0,
		"from=" + (today - 1).String():              whole,
		"from=" + (today + 2).String():              0,
		"to=" + (today - 1).String():                0,
		"community=" + d.Mine.Community.String():    whole,
	} {
		if got := b.Get(t, frame.AuditPath+"?"+query, http.StatusOK).Find("tbody tr td[data-label=时间]").Length(); got != want {
			t.Errorf("%s: %d lines, want %d", query, got, want)
		}
	}
	page := b.Get(t, frame.AuditPath+"?subject="+line.Target, http.StatusOK)
	if !strings.Contains(page.Text(), "只看小区 新名字") || page.Find(`input[name="subject"]`).AttrOr("value", "") != line.Target {
		t.Error("a list narrowed by a link does not say so, or forgets it")
	}
	for _, query := range []string{"act=nothing", "actor=nobody:1", "from=2026-02-02&to=2026-02-01", "from=x"} {
		b.Get(t, frame.AuditPath+"?"+query, http.StatusUnprocessableEntity)
		b.Get(t, frame.AuditPath+"/export.xlsx?"+query, http.StatusUnprocessableEntity)
	}
}

func TestAuditPages(t *testing.T) {
	d := newDesk(t)
	for i := range auditsAPage + 5 {
		d.Rename(t, d.Mine.Community, core.System, fmt.Sprint("名字", i))
	}
	b := d.Auditor(t)
	page := b.Get(t, frame.AuditPath+"?act=community.update", http.StatusOK)
	next, ok := page.Find(`a[rel="next"]`).Attr("href")
	if page.Find("tbody tr").Length() != auditsAPage || !ok || !strings.Contains(next, "act=community.update") {
		t.Fatalf("%d lines, next %q", page.Find("tbody tr").Length(), next)
	}
	second := b.Get(t, next, http.StatusOK)
	if n := second.Find("tbody tr").Length(); n != 5 {
		t.Errorf("%d lines on the second page", n)
	}
}

func TestAuditExport(t *testing.T) {
	d := newDesk(t)
	b := d.Auditor(t)
	rows := b.Sheet(t, frame.AuditPath+"/export.xlsx?act=community.create")
	if len(rows) != 2 || rows[0][0] != core.AuditColumns[0] || !strings.Contains(strings.Join(rows[1], "|"), "添加小区") {
		t.Errorf("rows %q", rows)
	}
	page := b.Get(t, frame.AuditPath+"?act=audit.export", http.StatusOK)
	if row := page.Find("tbody tr").First().Text(); !strings.Contains(row, "导出操作日志") || !strings.Contains(row, "操作：添加小区") {
		t.Errorf("the export's own line: %s", row)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAuditView)
	viewer.Get(t, frame.AuditPath+"/export.xlsx", http.StatusForbidden)
	if viewer.Get(t, frame.AuditPath, http.StatusOK).Find(`a[href^="`+frame.AuditPath+`/export"]`).Length() != 0 {
		t.Error("who may not export sees the button")
	}
	nobody := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	nobody.Get(t, frame.AuditPath, http.StatusForbidden)
}

func settingFormOf(seen, days, minutes string) url.Values {
	return url.Values{
		templates.SeenField: {seen}, "record_days": {days}, "console_idle_minutes": {minutes}, "review_days": {"2"},
		"review_photo_days": {"30"}, "quiet_from": {"22"}, "quiet_to": {"7"},
	}
}

func TestSettings(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermReaderView, core.PermSettingEdit, core.PermAuditView)
	first := b.Get(t, frame.SettingPath, http.StatusOK)
	seen := desk.InputValue(first, templates.SeenField)
	if got := first.Find("#f-record_days option[selected]").AttrOr("value", ""); got != "365" {
		t.Errorf("days %q", got)
	}
	if never := first.Find(`#f-record_days option[value="0"]`).Text(); strings.TrimSpace(never) != "永久保留" {
		t.Errorf("for ever is %q", never)
	}
	for field, form := range map[string]url.Values{
		"record_days":          settingFormOf(seen, "7", "60"),
		"console_idle_minutes": settingFormOf(seen, "400", "1"),
	} {
		page, _ := b.Post(t, frame.SettingPath, form, http.StatusUnprocessableEntity)
		if page.Find("#f-"+field+"-error").Text() == "" ||
			desk.InputValue(page, "console_idle_minutes") != form.Get("console_idle_minutes") {
			t.Errorf("%s: no message, or the form lost what was typed", field)
		}
	}
	if page, _ := b.Post(t, frame.SettingPath, settingFormOf(seen, "", "60"),
		http.StatusUnprocessableEntity); page.Find("#f-record_days-error").Text() == "" {
		t.Error("an empty number of days passes for ever")
	}

	b.Post(t, frame.SettingPath, settingFormOf(seen, "365", "33"), http.StatusSeeOther)
	b.Post(t, b.Get(t, frame.SettingPath, http.StatusOK).Find(".tx-flash form").AttrOr("action", ""), nil, http.StatusSeeOther)
	back := b.Get(t, frame.SettingPath, http.StatusOK)
	if minutes := desk.InputValue(back, "console_idle_minutes"); minutes == "33" {
		t.Error("the edit is not taken back")
	}
	seen = desk.InputValue(back, templates.SeenField)
	b.Post(t, frame.SettingPath, settingFormOf(seen, "400", "60"), http.StatusSeeOther) // more days: no question
	b.Post(t, frame.SettingPath, settingFormOf(seen, "400", "61"), http.StatusConflict) // saved by another since
	seen = desk.InputValue(b.Get(t, frame.SettingPath, http.StatusOK), templates.SeenField)
	page, _ := b.Post(t, frame.SettingPath, settingFormOf(seen, "90", "45"), http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "400 天") || !strings.Contains(text, "永久删除") {
		t.Errorf("fewer days do not ask first: %s", text)
	}
	if s, _ := d.Store.Settings(t.Context()); s.RecordDays != 400 {
		t.Errorf("saved before the answer: %+v", s)
	}
	form := settingFormOf(seen, "90", "45")
	form.Set("confirmed", "1")
	b.Post(t, frame.SettingPath, form, http.StatusUnprocessableEntity) // the number is not typed
	form.Set(templates.TypedField, "90")
	b.Post(t, frame.SettingPath, form, http.StatusSeeOther)
	saved, err := d.Store.Settings(t.Context())
	if err != nil || saved.RecordDays != 90 || saved.ConsoleIdleMinutes != 45 {
		t.Errorf("saved %+v: %v", saved, err)
	}
	page, _ = b.Post(t, frame.SettingPath, settingFormOf(seen, "0", "45"), http.StatusConflict)
	if desk.InputValue(page, templates.SeenField) != templates.Seen(saved.Updated) ||
		!strings.Contains(page.Find("main form.tx-form").Text(), "现在保存的是：90") {
		t.Error("after a conflict the form is not made on what is saved now, or does not say it")
	}
	if row := b.Get(t, frame.AuditPath+
		"?act=setting.update", http.StatusOK).Find("tbody tr").First().Text(); !strings.Contains(row, "400 → 90") {
		t.Errorf("the log says %s", row)
	}

	if text := page.Find("main").Text(); strings.Contains(text, "0 条") {
		t.Errorf("zero is said: %s", text)
	}
	old := core.AccessRecord{
		Community: d.Mine.Community, At: d.Store.Now().AddDate(0, 0, -70), Direction: core.Out, Via: core.ViaReader,
		Kind: core.PassResident,
	}
	if err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{old, old}); err != nil {
		t.Fatal(err)
	}
	form = settingFormOf(templates.Seen(saved.Updated), "60", "45")
	form.Set("review_photo_days", "3")
	page, _ = b.Post(t, frame.SettingPath, form, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "60 天以前的出入记录") || !strings.Contains(text, "就结束的访客") ||
		!strings.Contains(text, "永久删除，现在有 2 条") || !strings.Contains(text, "一并永久删除，现在没有") ||
		!strings.Contains(text, "超过 3 天的申请，照片") || !strings.Contains(text, "结果保留，现在没有") {
		t.Errorf("the question names not all that is deleted: %s", text)
	}
	form.Set("record_days", "90")
	page, _ = b.Post(t, frame.SettingPath, form, http.StatusOK) // pictures alone
	if text := page.Find("main").Text(); !strings.Contains(text, "缩短审核照片的保留时间？") || strings.Contains(text, "出入记录将") {
		t.Errorf("fewer days of pictures ask: %s", text)
	}
	if s, _ := d.Store.Settings(t.Context()); s.ReviewPhotoDays != saved.ReviewPhotoDays {
		t.Error("pictures are deleted before the answer")
	}

	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermSettingEdit)
	if few.Get(t, frame.SettingPath, http.StatusOK).Find("form.tx-form").Length() != 0 {
		t.Error("an account of one community gets the form")
	}
	few.Post(t, frame.SettingPath, settingFormOf(templates.Seen(saved.Updated), "400", "60"), http.StatusForbidden)
	if s, _ := d.Store.Settings(t.Context()); s != saved {
		t.Error("an account of one community changed them")
	}
}

func TestAbout(t *testing.T) {
	var pages *Pages
	d := desk.New(t, func(f *frame.Frame, cache web.Cache) []web.Route {
		pages = &Pages{Frame: f, Captchas: web.NewCaptchas(f.Store, cache)}
		return pages.Routes()
	})
	pages.System = System{
		Version: "v1", Started: d.Store.Now().Add(-26 * time.Hour), Cache: "内置缓存",
		Checks: []web.Check{
			{Name: "缓存", Run: func(context.Context) error { return nil }},
			{Name: "公众号令牌", Run: func(context.Context) error { return errors.New("secret=hunter2") }},
			{Name: "小程序令牌", Run: func(context.Context) error { return core.NotFound("未接入") }},
			{Name: "不答", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		},
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAboutView)
	facts := func() map[string]string {
		found := map[string]string{}
		page := b.Get(t, frame.AboutPath, http.StatusOK)
		page.Find("main dt").Each(func(i int, s *goquery.Selection) {
			found[strings.TrimSpace(s.Text())] = strings.TrimSpace(s.Next().Text())
		})
		return found
	}
	got := facts()
	for label, want := range map[string]string{
		"程序": "通行 v1", "缓存": "内置缓存", "公众号令牌": "不正常", "小程序令牌": "未接入", "不答": "不正常", "已运行": "1 天 2 小时", "小区": "1",
		"房屋": fmt.Sprint(len(d.Mine.Houses)),
		"住户": fmt.Sprint(len(d.Mine.Residents)), "操作日志校验": "从未校验",
	} {
		if !strings.Contains(got[label], want) {
			t.Errorf("%s: %q, want %q", label, got[label], want)
		}
	}
	if !strings.Contains(got["数据库"], "正常") && !strings.Contains(got["数据库"], "SQLite") {
		t.Errorf("database %q", got["数据库"])
	}
	for label, text := range got {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s tells why: %s", label, text)
		}
	}
	// Who may start a check is led to its button.
	chief := d.SignIn(t, core.Everywhere, core.PermAboutView, core.PermAuditView)
	check := chief.Get(t, frame.AboutPath, http.StatusOK).Find(`main dd a:contains("去校验")`).AttrOr("href", "")
	if check == "" || chief.Get(t, check, http.StatusOK).Find(`button:contains("校验日志")`).Length() != 1 {
		t.Errorf("a log that was never verified leads to %q", check)
	}
	if _, err := d.Store.VerifyAudit(t.Context(), store.AuditAnchor{}); err != nil {
		t.Fatal(err)
	}
	if got := facts()["操作日志校验"]; !strings.Contains(got, "完好") {
		t.Errorf("after a check: %q", got)
	}
	b.Get(t, frame.AuditPath, http.StatusForbidden)
	d.Manager(t).Get(t, frame.AboutPath, http.StatusForbidden)
}

func TestSystemPages(t *testing.T) {
	shell := templates.Shell{Title: "操作日志", CSRF: "x"}
	made := core.AuditRecord{
		ID: 1, At: time.Unix(1, 0), Action: "account.create", Target: "account:5", Actor: core.System,
		After: `{"name":"甲","permissions":"house.view"}`,
	}
	changed := made
	changed.Before, changed.After = `{"name":"乙","permissions":"house.view","communities":"7"}`, `{"name":"甲",`+
		`"permissions":"accessrecord.view","communities":"全部"}`
	gone := core.AuditRecord{Action: "observer.remove", Before: "王五 社区"}
	names := map[core.ID]string{7: "翠湖"}
	page := func(r core.AuditRecord) auditShowPage {
		p := auditShowOf(r, "甲", names)
		p.Shell = shell
		return p
	}
	list := templates.List{Path: frame.AuditPath, Query: url.Values{}}
	templates.CheckAll(t, "console/audit/", map[string]any{
		"console/audit/list": auditListPage{
			Shell: shell, List: list,
			Rows: frame.AuditRowsOf(
				[]core.AuditRecord{made, changed}, frame.CommunityChoice{}, map[string]string{"account:5": desk.Hostile},
			),
		},
		"console/audit/list#empty": auditListPage{Shell: shell, List: list},
		"console/audit/view": auditViewPage{
			Shell: shell, List: templates.List{Path: frame.AuditViewPath},
			Rows: []auditViewRow{{URL: "/a", By: desk.Hostile, Whom: desk.Hostile, WhomURL: "/r"}},
		},
		"console/audit/verify":       auditVerifyPage{Shell: shell, Verify: true, Jobs: []jobListRow{{URL: "/j", Words: desk.Hostile}}},
		"console/audit/verify#none":  auditVerifyPage{Shell: shell},
		"console/audit/show":         page(changed),
		"console/audit/show#made":    page(made),
		"console/audit/show#gone":    page(gone),
		"console/audit/show#nothing": page(core.AuditRecord{}),
	})
	setting := settingPageOf(core.Settings{RecordDays: 0, ConsoleIdleMinutes: 60})
	setting.Shell = shell
	editable := setting
	editable.Edit = true
	templates.CheckAll(t, "console/setting/", map[string]any{"console/setting/show": editable, "console/setting/show#view": setting})
	templates.CheckAll(t, "console/about/", map[string]any{
		"console/about/show": aboutPage{
			Shell: shell, Figures: aboutFigures(store.AboutFigures{Records: store.MaxAbout}),
			Program: []templates.Fact{{Label: "程序", Value: "通行"}},
		},
	})
	if text := page(changed).Changes; text[len(text)-1].Before != "翠湖" {
		t.Errorf("a community's id is no name: %+v", text)
	}
	at := frame.CommunityChoice{All: []core.Community{{ID: 7, Name: "翠湖"}}}
	if rows := frame.AuditRowsOf([]core.AuditRecord{changed}, at, nil); !strings.Contains(rows[0].Summary, "小区：翠湖 → 全部") {
		t.Errorf("the list says %q", rows[0].Summary)
	}
}
