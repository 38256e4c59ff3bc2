package journeys

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// office is a running demo in which people with several roles have signed in.
type office struct {
	t           *testing.T
	address     string
	communities []core.Community
	sessions    map[string][]signedIn // unused sessions by person
}

// signedIn is a session to be installed in a browser.
type signedIn struct {
	id    core.ID
	token string
}

// sessionsEach is how many sessions each person of an office has.
const sessionsEach = 30

// openOffice starts one. "chief" may do everything everywhere; "manager" and "viewer" belong to the
// first community, "neighbour" manages the second.
func openOffice(t *testing.T) *office {
	t.Helper()
	testkit.Chromium(t)
	data := seededCopy(t)
	o := &office{t: t, sessions: map[string][]signedIn{}}
	o.staff(data)
	o.address = startOn(t, data)
	return o
}

// staff creates the accounts, and sessions for them, in the data of a folder.
func (o *office) staff(data string) {
	o.t.Helper()
	must := func(err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}
	s, err := store.Open(o.t.Context(), store.Options{
		SQLitePath: filepath.Join(data, "tongxing.db"), Keys: estate.Keys(), Passwords: estate.Passwords,
	})
	must(err)
	o.communities, err = s.Communities(o.t.Context(), core.Everywhere)
	must(err)
	for who, a := range map[string]core.Account{
		"chief":     {Role: core.RoleAdmin, Scope: core.Everywhere, Operator: true},
		"manager":   {Role: core.RoleManager, Scope: core.ScopeOf(o.communities[0].ID)},
		"viewer":    {Role: core.RoleViewer, Scope: core.ScopeOf(o.communities[0].ID)},
		"neighbour": {Role: core.RoleManager, Scope: core.ScopeOf(o.communities[1].ID)},
	} {
		preset, err := a.Role.Preset()
		must(err)
		a.Login, a.Name, a.Permissions = who, "员工"+who, preset.Permissions
		id, err := s.CreateAccount(o.t.Context(), core.SystemGranter, a, "first-Password-1")
		must(err)
		must(s.ChangePassword(o.t.Context(), core.System, store.PasswordChange{
			Session: core.Session{Subject: id}, Old: "first-Password-1", New: "second-Password-2",
		}))
		for range sessionsEach {
			token, session, err := s.StartSession(o.t.Context(), store.NewSession{
				Kind: core.SessionAccount, Subject: id, Addr: "127.0.0.1",
				Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
			})
			must(err)
			o.sessions[who] = append(o.sessions[who], signedIn{session.ID, token})
		}
	}
	must(s.Close())
}

// desk opens a browser in which somebody has signed in.
func (o *office) desk(who string, size browser.Size) *tab {
	o.t.Helper()
	b := newTab(o.t, size)
	b.open(o.address + "/console/session")
	o.signIn(b, who)
	return b
}

// signIn installs another session of the person in the browser.
func (o *office) signIn(b *tab, who string) core.ID {
	b.t.Helper()
	next := o.sessions[who][0]
	o.sessions[who] = o.sessions[who][1:]
	set := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{Name: "tx_console", Value: next.token, URL: o.address})
		return err
	})
	if err := chromedp.Do(b.ctx, set); err != nil {
		b.t.Fatal(err)
	}
	return next.id
}

func (o *office) open(b *tab, path string, about ...core.Community) {
	b.t.Helper()
	for _, c := range about {
		path += "?community=" + c.ID.String()
	}
	b.open(o.address + path)
}

// run runs a script on the page.
func (b *tab) run(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script+", true")); err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
}

// sets replaces the text of an input, as a person would.
func (b *tab) sets(selector, text string) {
	b.t.Helper()
	b.await(selector, "document.querySelector(`"+selector+"`)")
	b.run("document.querySelector(`" + selector + "`).select()")
	b.types(selector, text)
}

// chooses selects an option of a select.
func (b *tab) chooses(selector, value string) {
	b.t.Helper()
	b.await(selector, "document.querySelector(`"+selector+"`)")
	if err := chromedp.Do(b.ctx, chromedp.SetValue(selector, value)); err != nil {
		b.t.Fatalf("choose %q: %v", value, err)
	}
	b.run("document.querySelector(`" + selector + "`).dispatchEvent(new Event('change', {bubbles: true}))")
}

// says waits until the page's main part contains words.
func (b *tab) says(words string) {
	b.t.Helper()
	b.await("“"+words+"”", fmt.Sprintf(
		"document.readyState === 'complete' && document.querySelector('main').innerText.includes(%q)", words,
	))
}

// isRefused checks that the person at the desk cannot see a page.
func (o *office) isRefused(b *tab, path, words string) {
	o.t.Helper()
	o.open(b, path)
	b.says(words)
	if n := b.count("form.tx-form, #list-body tbody tr"); n != 0 {
		o.t.Errorf("%s: %d forms or rows beside “%s”", path, n, words)
	}
}

func (b *tab) count(selector string) int {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("document.querySelectorAll(`"+selector+"`).length"))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// download fetches a file by the address of its link and returns its status, type and size, as "200
// application/… large".
func (b *tab) download(path string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(
		`fetch(%q).then(async r => r.status + " " + r.headers.get("content-type") + ((await r.arrayBuffer()).byteLength >`+
			` 5000 ? " large" : ""))`, path), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

const (
	wasSaved   = `document.querySelector(".tx-flash.tx-good")`
	sheetLarge = "200 application/vnd.openxmlformats-officedocument.spreadsheetml.sheet large"
	firstWrong = `document.querySelector(".tx-wrong .tx-error") && document.activeElement.closest(".tx-wrong")`
)

// The rule is described in plain words while it is edited; an invalid one is not saved and nothing
// of it is lost; accounts that may only view have no form, and another estate's rule is not found.
func TestOfficeSetsThePassRule(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	o.open(b, "/console/passrule", o.communities[0])
	b.chooses("#f-exits", "3")
	b.await("the rule in words, before it is saved", `document.querySelector("#rule-preview").innerText.includes("3 次")`)
	b.sets("#f-period_days", "99")
	b.await("what is wrong, before it is sent", `document.querySelector("#rule-preview .tx-error")`)
	b.picture("passrule-preview-wrong")
	b.click(".tx-form-foot .btn-primary")
	b.await("the message at its field", firstWrong+` && document.querySelector("#f-exits").value === "3"`)
	b.picture("passrule-wrong")
	b.sets("#f-period_days", "2")
	b.types("#f-hours", "06:00-22:00")
	b.click(".tx-form-foot .btn-primary")
	b.await("whom it affects", `document.querySelector("dialog[open]")?.innerText.includes("名住户")`)
	b.picture("passrule-asked")
	b.click("dialog .btn-primary")
	b.await("the rule saved", wasSaved+` && document.querySelector("#rule-preview").innerText.includes("2 天")`)
	b.picture("passrule-saved")

	viewer := o.desk("viewer", browser.Phone)
	o.open(viewer, "/console/passrule", o.communities[0])
	viewer.await(
		"the rule and no form",
		`document.querySelector("#rule-preview").innerText.includes("3 次") && !document.querySelector("form.tx-form")`,
	)
	viewer.picture("passrule-viewer")
	o.isRefused(viewer, "/console/restriction/new?community="+o.communities[0].ID.String(), "没有权限")
	o.isRefused(o.desk("neighbour", browser.Desktop), "/console/passrule?community="+o.communities[0].ID.String(), "页面不存在")
}

// Records are filtered by the address, shown as charts, and exported as filtered; wrong days are
// reported at the field; a neighbour sees none.
func TestOfficeReadsTheRecords(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	o.open(b, "/console/accessrecord")
	b.await("the records", `document.querySelectorAll("tbody tr").length > 20`)
	b.chooses("#f-result", "refused")
	b.await(
		"the refused alone, and the filter in the address",
		`location.search.includes("result=refused") && [...document.querySelectorAll('td[data-label="结果"]')].every(cell `+
			`=> cell.innerText.includes("拒绝"))`,
	)
	b.await("the next page", `(next => next && (next.click(), true))(document.querySelector('a[rel="next"]'))`)
	b.await("it", `location.search.includes("after=") && location.search.includes("result=refused")`)
	b.run("history.back()")
	b.await(
		"the first page again",
		`!location.search.includes("after=") && document.querySelector("#f-result").value === "refused" && `+
			`document.querySelectorAll("tbody tr").length > 5`,
	)
	b.picture("records-refused")
	b.await(
		"the export of what is shown",
		`document.readyState === "complete" && document.querySelector('a.tx-export[href*="result=refused"]')`,
	)
	if got := b.download("/console/accessrecord/export.xlsx?result=refused"); got != sheetLarge {
		t.Errorf("the export is %s", got)
	}
	b.await(
		"the charts",
		`(link => link && (link.click(), true))([...document.querySelectorAll(".nav-link, .tx-tabs a")].find(a => `+
			`a.innerText.includes("图表")))`,
	)
	b.await("their bars", `location.pathname.endsWith("/chart") && document.querySelector("[data-chart] canvas")`)
	b.picture("records-chart")
	o.open(b, "/console/accessrecord?from=2026-13-45")
	b.await("the wrong day told", `document.querySelector(".tx-wrong .tx-error")`)
	b.picture("records-wrong")
	o.open(b, "/console/audit?from=2026-02-02&to=2026-02-03")
	b.run(`document.querySelector("#f-to").value = "2026-01-01"`)
	b.click(".tx-filter-buttons button")
	b.await(
		"days the wrong way round, told beside them",
		`document.querySelector(".tx-wrong .tx-error") && document.querySelector("#f-to").value === "2026-01-01"`,
	)
	o.open(b, "/console/accessrecord")
	b.await("one record", `document.querySelector("tbody a").click() || true`)
	b.await("its page", `/accessrecord\/\d+$/.test(location.pathname) && document.querySelector(".tx-facts, dl")`)
	path, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		t.Fatal(err)
	}
	neighbour := o.desk("neighbour", browser.Phone)
	o.isRefused(neighbour, path, "页面不存在")
	o.open(neighbour, "/console/accessrecord?community="+o.communities[0].ID.String())
	neighbour.says("页面不存在")
	viewer := o.desk("viewer", browser.Phone)
	o.open(viewer, "/console/accessrecord")
	viewer.await("records without an export", `document.querySelectorAll("tbody tr").length > 20 && !document.querySelector("a.tx-export")`)
	viewer.picture("records-phone")
	if got := viewer.download("/console/accessrecord/export.xlsx"); !strings.HasPrefix(got, "403") {
		t.Errorf("who may not export gets %s", got)
	}
}

// Accounts are created, changed and disabled, each in the audit log, which is filtered and
// exported; nobody grants what they do not hold.
func TestOfficeKeepsAccounts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("chief", browser.Desktop)
	o.open(b, "/console/account/new")
	b.types("#f-login", "li.na")
	b.click(".tx-form-foot .btn-primary")
	b.await(
		"all that is missing, at once",
		firstWrong+` && document.querySelector("#f-login").value === "li.na" && document.querySelectorAll(".tx-wrong").length === 4`,
	)
	b.types("#f-name", "李娜")
	b.types("#f-password", "Green-Lantern-47")
	b.chooses("#f-role", "clerk")
	b.await(
		"the role's permissions ticked",
		`document.querySelector('input[value="resident.edit"]').checked && !document.querySelector('input[value="account.edit"]').checked`,
	)
	b.run(`document.querySelector('input[name="communities"]').click()`)
	b.picture("account-new")
	b.click(".tx-form-foot .btn-primary")
	b.await(
		"the account",
		wasSaved+` && /account\/\d+$/.test(location.pathname) && document.querySelector("main").innerText.includes("物业客服")`,
	)
	path, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		t.Fatal(err)
	}
	b.run("history.back()")
	b.await(
		"the form, where the browser would ask whether to send it again",
		`location.pathname === "/console/account/new" && document.readyState === "complete" && document.querySelector("#f-login")`,
	)
	b.run(`document.querySelector("form.tx-form").dataset.sent = "1"`) // so that it is not offered as a draft
	o.open(b, path+"/edit")
	b.sets("#f-name", "李娜娜")
	b.run(`document.querySelector('input[value="accessrecord.export"]').click()`)
	b.click(".tx-form-foot .btn-primary")
	b.await("the change", wasSaved+` && document.querySelector("h1").innerText.includes("李娜娜")`)
	b.click(".tx-detail-head .tx-row-menu summary")
	b.click(`button[formaction$="/disable"]`)
	b.await("the question names whom", `document.querySelector("dialog[open]")?.innerText.includes("李娜娜")`)
	b.picture("account-disable-asked")
	b.click("dialog .btn-danger")
	b.await("disabled", wasSaved+` && document.querySelector("main").innerText.includes("已停用")`)

	o.open(b, "/console/audit")
	b.chooses("#f-act", "account.update")
	b.await("the change alone", `location.search.includes("act=account.update") && document.querySelectorAll("tbody tr").length === 1`)
	b.await("its page", `document.querySelector("tbody a").click() || true`)
	b.says("李娜娜")
	b.picture("audit-change")
	if got := b.download("/console/audit/export.xlsx?act=account.update"); !strings.HasPrefix(got, "200 application/vnd") {
		t.Errorf("the audit log exports as %s", got)
	}

	manager := o.desk("manager", browser.Phone)
	o.isRefused(manager, "/console/account/new", "没有权限")
	o.isRefused(manager, "/console/setting", "没有权限")
	o.isRefused(o.desk("neighbour", browser.Desktop), path, "页面不存在")
}

// Doors, posts and observers are added, rejected if invalid, changed and removed.
func TestOfficeKeepsTheDoors(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	o.open(b, "/console/reader/new", o.communities[0])
	b.types("#f-name", "西门出口")
	b.click(".tx-form-foot .btn-primary")
	b.await("what is missing", firstWrong+` && document.querySelector("#f-name").value === "西门出口"`)
	b.types("#f-gate", "西门")
	b.types("#f-serial", "VGW009")
	b.picture("reader-new")
	b.click(".tx-form-foot .btn-primary")
	b.await("the reader, and what to type into the device", wasSaved+` && document.querySelector("main").innerText.includes("西门出口")`)
	b.picture("reader-made")
	reader, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		t.Fatal(err)
	}
	o.open(b, reader+"/edit")
	b.sets("#f-name", "西门人行出口")
	b.click(".tx-form-foot .btn-primary")
	b.await("its new name", wasSaved+` && document.querySelector("h1").innerText.includes("西门人行出口")`)
	o.isRefused(o.desk("neighbour", browser.Desktop), reader, "页面不存在")
	o.isRefused(o.desk("viewer", browser.Phone), reader+"/edit", "没有权限")

	o.open(b, "/console/observer/new")
	b.types("#f-name", "赵警官")
	b.types("#f-phone", "110")
	b.click(".tx-form-foot .btn-primary")
	b.await("what is wrong", firstWrong+` && document.querySelector("#f-name").value === "赵警官"`)
	b.types("#f-capacity", "社区民警")
	b.sets("#f-phone", "13900139000")
	b.run(`document.querySelector('input[name="communities"]:not(:checked)')?.click()`)
	b.click(".tx-form-foot .btn-primary")
	b.await("the observer", wasSaved+` && document.querySelector("main").innerText.includes("139****9000")`)
	b.click(`form button[formaction$="/qr"], form[action$="/qr"] button`)
	b.await(
		"the QR to sign in with",
		`document.querySelector("main").innerText.includes("等待扫码") && document.querySelector("main img, main svg")`,
	)
	b.picture("observer-qr")

	o.open(b, "/console/guardpost/new", o.communities[0])
	b.types("#f-name", "西门岗亭")
	b.click(".tx-form-foot .btn-primary")
	b.await("the post", `document.querySelector("main").innerText.includes("西门岗亭") && !document.querySelector(".tx-wrong")`)
}

// A session ends in the middle of every kind of form: the sign-in page tells that the input is
// kept, and after it the form is as it was.
func TestSessionEndsInMidForm(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	here := o.communities[0].ID.String()
	for path, field := range map[string]string{
		"/console/community/new":                         "#f-name",
		"/console/house/new?community=" + here:           "#f-level0",
		"/console/resident/new?community=" + here:        "#f-name",
		"/console/passrule?community=" + here:            "#f-period_days",
		"/console/restriction/new?community=" + here:     "#f-reason",
		"/console/reader/new?community=" + here:          "#f-gate",
		"/console/guardpost/guard/new?community=" + here: "#f-name",
		"/console/observer/new":                          "#f-capacity",
		"/console/account/new":                           "#f-name",
	} {
		t.Run(strings.Split(path, "/")[2], func(t *testing.T) { o.expires(t, path, field) })
	}
}

// A part of a form is loaded again while the session has ended: the page stays and tells so, and nothing is lost.
func TestSessionEndsWhileAFormAsks(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := newTab(t, browser.Desktop)
	session := o.signIn(b, "chief")
	o.open(b, "/console/passrule", o.communities[0])
	b.await("the page", `document.readyState === "complete"`)
	o.endsSession(t, session)
	b.sets("#f-period_days", "7")
	b.await("that the session has ended", `document.querySelector(".tx-toast").innerText.includes("填写的内容还在")`)
	b.picture("session-ended")
	b.sets("#f-period_days", "8")
	o.submits(b, "#f-period_days", "8")
}

// expires types into a form, ends the session from a phone, submits the form, and returns to it.
func (o *office) expires(t *testing.T, path, field string) {
	b := newTab(t, browser.Desktop)
	session := o.signIn(b, "chief")
	o.open(b, path)
	b.sets(field, "7")
	o.endsSession(t, session)
	o.submits(b, field, "7")
}

// endsSession ends a session of "chief" from a phone.
func (o *office) endsSession(t *testing.T, session core.ID) {
	t.Helper()
	phone := newTab(t, browser.Phone)
	o.signIn(phone, "chief")
	o.open(phone, "/console/me")
	phone.run(fmt.Sprintf(`document.querySelector('form[action="/console/me/session/%s/end"]').submit()`, session))
	phone.await("the desk's session ended", fmt.Sprintf(
		`document.readyState === "complete" && !document.querySelector('form[action="/console/me/session/%s/end"]')`,
		session,
	))
}

// submits sends a form whose session has ended, signs in again, and finds the field as it was.
func (o *office) submits(b *tab, field, value string) {
	b.t.Helper()
	b.click("main form[method=post] .tx-form-foot .btn-primary")
	b.await(
		"the sign-in, and that nothing is lost",
		`location.pathname === "/console/session" && document.querySelector("main").innerText.includes("刚才填写的内容已经保留")`,
	)
	b.picture("draft-sign-in")
	o.signIn(b, "chief")
	o.open(b, "/console/session/draft") // where the sign-in leads
	b.await(
		"the form as it was left",
		`document.querySelector("`+field+`")?.value === "`+value+`" && document.querySelector("main").innerText.includes("还没有保存")`,
	)
	b.picture("draft-back")
}

// A browser without scripts works by forms and links alone: the rule is previewed by a button,
// filters are applied by theirs, and the server asks before it removes anything.
func TestOfficeWithoutScripts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("chief", browser.Desktop)
	off := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	if err := chromedp.Do(b.ctx, off); err != nil {
		t.Fatal(err)
	}
	o.open(b, "/console/passrule", o.communities[0])
	b.plainly("a page without scripts", `!document.documentElement.classList.contains("js")`)
	b.run(`document.querySelector("#f-exits").value = "5"`)
	b.press(`button[value="preview"]`)
	b.plainly(
		"the rule in words, not saved",
		`document.querySelector("#rule-preview").innerText.includes("5 次") && document.querySelector("main").innerText.includes("还没有保存")`,
	)
	b.picture("plain-preview")
	b.press(".tx-form-foot .btn-primary")
	b.plainly("whom it affects", `document.querySelector("form.tx-confirm")?.innerText.includes("名住户")`)
	b.press("form.tx-confirm .btn-primary")
	b.plainly("the rule saved", wasSaved+` && document.querySelector("#rule-preview").innerText.includes("5 次")`)

	o.open(b, "/console/resident")
	b.run(`document.querySelector("#f-q").value = "1栋1单元101"`)
	b.press(".tx-filter-buttons button")
	b.plainly(
		"the household",
		`location.search.includes("q_=") && [...document.querySelectorAll("tbody tr")].every(row => row.innerText.includes("1栋1单元101"))`,
	)
	b.plainly("one of it", `document.querySelector("tbody a")`)
	b.press("tbody a")
	b.plainly("the page of one", `/resident\/\d+$/.test(location.pathname)`)
	b.press(".tx-detail-head .tx-row-menu summary")
	b.press(`button[formaction$="/moveout"]`)
	b.plainly("the question on a page of its own", `document.querySelector("form.tx-confirm")?.innerText.includes("迁出")`)
	b.picture("plain-moveout")
	b.press("form.tx-confirm .btn-danger")
	b.plainly("moved out", wasSaved)

	o.open(b, "/console/observer/new")
	b.press(".tx-form-foot .btn-primary")
	b.plainly("what is missing", `document.querySelectorAll(".tx-wrong .tx-error").length >= 3`)
	o.open(b, "/console/accessrecord/chart")
	b.press(`noscript a, a[href*="chart"][href*="now"]`)
	b.plainly("the figures as tables", `document.querySelectorAll("[data-chart] table tbody tr").length > 3`)
	b.picture("plain-chart")
}

// press clicks with the mouse, in a page whose timers do not run either.
func (b *tab) press(selector string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Click(selector)); err != nil {
		b.picture("failed")
		b.t.Fatalf("press %s: %v", selector, err)
	}
}

// plainly waits like await, for pages in which no timer runs.
func (b *tab) plainly(what, expression string) {
	b.t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var ok bool
		if ok, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](
			"document.readyState === 'complete' && !!("+expression+")",
		)); ok && err == nil {
			return
		}
		select {
		case <-b.ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.picture("failed")
	b.t.Fatalf("waited in vain for %s (%v)", what, err)
}

// Nothing needs a mouse: the first stop of every page skips the menu, filters are sent by Enter, a
// row is opened from the keyboard, and a question is answered and dismissed with the focus where it
// was.
func TestOfficeByKeyboard(t *testing.T) {
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	o.open(b, "/console/resident")
	b.keys("\t")
	b.await(
		"the way past the menu",
		`document.activeElement.matches(".tx-skip") && document.activeElement.getBoundingClientRect().top >= 0`,
	)
	b.keys("\r\t")
	b.await("the first thing in the page", `document.querySelector("main").contains(document.activeElement)`)
	b.types("#f-q", "1栋1单元102\r")
	b.await(
		"the household",
		`location.search.includes("q_=") && document.querySelectorAll("tbody tr").length > 0 && `+
			`[...document.querySelectorAll("tbody tr")].every(row => row.innerText.includes("1栋1单元102"))`,
	)
	b.tabTo(`tbody a[href^="/console/resident/"]`)
	b.await(
		"a focus that is seen",
		`getComputedStyle(document.activeElement).outlineStyle !== "none" || getComputedStyle(document.activeElement).boxShadow !== "none"`,
	)
	b.keys("\r")
	b.await("the resident", `/resident\/\d+$/.test(location.pathname) && document.readyState === "complete"`)
	b.tabTo(`main .tx-detail-head .tx-row-menu summary`)
	b.keys("\r")
	b.tabTo(`.tx-row-menu button[data-ask]`)
	b.keys("\r")
	b.await(
		"the question, on the answer that does nothing",
		`document.querySelector("dialog[open]")?.contains(document.activeElement) && document.activeElement.matches("[data-cancel]")`,
	)
	b.keys("\t\t\t")
	b.await(
		"no way out of it behind its back",
		`document.querySelector("dialog[open]").contains(document.activeElement) || document.activeElement === document.body`,
	)
	b.keys("\x1b")
	b.await(
		"the focus where it was",
		`!document.querySelector("dialog") && document.activeElement.matches(".tx-row-menu summary, .tx-row-menu button")`,
	)
}

// A form is filled in and saved, and a row's act done and its question answered, by keys alone.
func TestOfficeSavesAndActsByKeyboard(t *testing.T) {
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	o.open(b, "/console/resident/new")
	b.await("the form", `document.readyState === "complete" && document.querySelector("#f-house")`)
	b.run(`document.querySelector("main").focus()`)
	b.tabTo("#f-house")
	b.keys("1栋1单元101")
	b.tabTo("#f-name")
	b.keys("司徒键盘")
	b.tabTo(`input[name="sex"]`)
	b.keys(" ")
	b.tabTo(`.tx-form-foot .btn-primary`)
	b.keys("\r")
	b.await("the new resident", `/resident\/\d+$/.test(location.pathname) && `+wasSaved)
	b.says("司徒键盘")

	o.open(b, "/console/resident")
	b.await("the list", `document.readyState === "complete" && document.querySelector("tbody tr")?.innerText.includes("司徒键盘")`)
	b.run(`document.querySelector("main").focus()`)
	b.tabTo(`tbody tr:first-child .tx-row-menu summary`)
	b.keys("\r")
	b.await("the menu, on its first line", `document.activeElement.matches(".tx-row-menu[open] .tx-menu-item")`)
	for range 10 {
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.activeElement.innerText.includes("迁出")`))
		if err != nil {
			t.Fatal(err)
		}
		if there {
			break
		}
		b.keys(kb.ArrowDown)
	}
	b.keys("\r")
	b.await("the question, on the answer that does nothing", `document.activeElement.matches("dialog[open] [data-cancel]")`)
	b.tabTo(`dialog[open] .btn-danger`)
	b.picture("keyboard-question")
	b.keys("\r")
	b.await("moved out, and told", wasSaved+` && document.querySelector(".tx-flash").innerText.includes("已迁出")`)
}

// keys presses keys, in whichever element has the focus.
func (b *tab) keys(keys string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
		b.t.Fatal(err)
	}
}

// tabTo presses Tab until an element has the focus.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 120 {
		b.keys("\t")
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.activeElement.matches(`"+selector+"`)"))
		if err != nil {
			b.t.Fatal(err)
		}
		if there {
			return
		}
	}
	b.t.Fatalf("Tab does not come to %s", selector)
}

// Two people at one form: the second to save sees what the first has saved, and decides.
func TestOfficeTwoAtOneForm(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	first, second := o.desk("chief", browser.Desktop), o.desk("chief", browser.Phone)
	for _, b := range []*tab{first, second} {
		o.open(b, "/console/observer")
		b.await("an observer", `document.querySelector("tbody td a")`)
		b.run(`location.href = document.querySelector("tbody td a").href + "/edit"`)
	}
	first.sets("#f-capacity", "社区民警")
	first.press(".tx-form-foot .btn-primary")
	first.await("saved", wasSaved)
	second.sets("#f-name", "赵警官")
	second.press(".tx-form-foot .btn-primary")
	second.says("现在保存的是：社区民警")
	second.picture("stale-edit")
	second.sets("#f-capacity", "社区民警")
	second.press(".tx-form-foot .btn-primary")
	second.await("saved", wasSaved)
	second.says("赵警官")
	second.says("社区民警")
}
