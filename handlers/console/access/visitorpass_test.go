package access

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// invited invites a visitor of a hostile name to an estate's first house.
func invited(t *testing.T, d *desk.Desk, e *estate.Estate) core.VisitorPass {
	t.Helper()
	host := e.Residents[0]
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "host-" + host.Phone})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, host.Phone, host.Name)
	}
	var own store.OwnVisitor
	if err == nil {
		own, err = d.Store.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
			House: host.House, Name: desk.Hostile[:30], Phone: "13700000001", Plate: "京A12345", People: 3,
			Until: d.Store.Now().Add(time.Hour),
		}, store.RequestKey{})
	}
	var v core.VisitorPass
	if err == nil {
		v, err = d.Store.VisitorPass(t.Context(), core.Everywhere, own.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The office sees who is invited, masked, finds them by number and plate, and takes a pass back after it was asked; another
// community's is not there.
func TestVisitorsAreListedAndRevoked(t *testing.T) {
	d := newDesk(t)
	mine, others := invited(t, d, d.Mine), invited(t, d, d.Others)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView, core.PermVisitorPassEdit)
	list := b.Get(t, frame.VisitorPassPath, http.StatusOK)
	desk.Literally(t, list, desk.Hostile[:30])
	if rows := list.Find("tbody tr"); rows.Length() != 1 || !strings.Contains(rows.Text(), "已通过") || !strings.Contains(rows.Text(), "3 人") {
		t.Errorf("rows %q", rows.Text())
	}
	for state, n := range map[core.VisitorState]int{core.VisitGranted: 1, core.VisitMade: 0, core.VisitExpired: 0, core.VisitRevoked: 0} {
		if got := b.Get(t, frame.VisitorPassPath+"?state="+string(state), http.StatusOK).Find("tbody tr").Length(); got != n {
			t.Errorf("%s: %d rows, want %d", state, got, n)
		}
	}
	b.Get(t, frame.VisitorPassPath+"?state=other", http.StatusUnprocessableEntity)
	show := b.Get(t, frame.VisitorPassURL(mine.ID), http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	text := show.Text()
	if strings.Contains(text, "13700000001") || strings.Contains(text, "京A12345") || !strings.Contains(text, "京A***45") {
		t.Errorf("not masked: %s", text)
	}
	b.Get(t, frame.VisitorPassURL(others.ID), http.StatusNotFound)
	b.Post(t, frame.VisitorPassURL(others.ID)+"/revoke", desk.ConfirmedForm(), http.StatusNotFound)

	path := frame.VisitorPassURL(mine.ID)
	b.Post(t, path+"/revoke", nil, http.StatusOK)
	if v, err := d.Store.VisitorPass(t.Context(), core.Everywhere, mine.ID); err != nil || !v.Revoked.IsZero() {
		t.Errorf("revoked unasked: %v", err)
	}
	b.Post(t, path+"/revoke", desk.ConfirmedForm(), http.StatusSeeOther)
	if v, err := d.Store.VisitorPass(t.Context(), core.Everywhere, mine.ID); err != nil || v.Revoked.IsZero() {
		t.Errorf("not revoked: %v", err)
	}
	if after := b.Get(t, path, http.StatusOK); strings.Contains(after.Find("form").Text(), "撤销通行证") {
		t.Error("a revoked pass can be revoked")
	} else if strings.Contains(after.Find("main").Text(), "0 次") || strings.Contains(after.Find("main").Text(), "–") {
		t.Error("its page has parts without a value")
	}
	row := b.Get(t, frame.VisitorPassPath, http.StatusOK).Find("tbody tr")
	if !strings.Contains(row.Text(), "已撤销 刚刚") || strings.Contains(row.Text(), "有效至") || row.Find("time[title]").Length() != 1 {
		t.Errorf("the row of a revoked pass: %q", row.Text())
	}
	reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	reader.Post(t, path+"/revoke", desk.ConfirmedForm(), http.StatusForbidden)
}

func TestVisitorPages(t *testing.T) {
	shell := templates.Shell{Title: "访客", CSRF: "token"}
	rows := []visitorPassRow{
		{Name: "来<客>", URL: "/console/visitorpass/1", Community: "翠湖<花园>", House: "1栋101", HouseURL: "/console/house/1", People: "2 人"},
		{Name: "来客", URL: "/console/visitorpass/2", House: "1栋102", State: frame.VisitorBadge(core.VisitMade)},
	}
	table := visitorPassTable()
	templates.CheckAll(t, "console/visitorpass/", map[string]any{
		"console/visitorpass/form": visitorPassFormPage{
			Shell: shell,
			Form:  templates.Form{Sections: []templates.Section{{Title: "房屋", Fields: []templates.Field{{Name: "house", Label: "房屋"}}}}},
		},
		"console/visitorpass/list": visitorPassListPage{Shell: shell, List: table, Rows: rows},
		"console/visitorpass/rollcall": rollCallPage{
			Shell: shell, Words: "在场 3 人", Warning: "<另有> 2 组", Stay: templates.Action{Label: "在场的访客", URL: "/v"},
			Printed: desk.Hostile, Groups: []rollGroup{{Title: desk.Hostile, People: "3 人", Rows: []rollRow{
				{Inside: core.Inside{Name: desk.Hostile, Place: desk.Hostile, Late: true}, URL: "/v", Said: "2 人"},
				{Inside: core.Inside{Name: desk.Hostile}, Said: "1 人"},
			}}},
		},
		"console/visitorpass/list#empty": visitorPassListPage{Shell: shell, List: table},
		"console/visitorpass/show": visitorPassShowPage{
			Shell: shell, Detail: templates.Detail{Path: "/console/visitorpass/1", Facts: []templates.Fact{{Label: "手机", Value: "137"}}},
			Facts: []templates.Fact{{Label: "进门", Value: "<–>"}},
		},
		"console/visitorpass/show#review": visitorPassShowPage{
			Shell: shell, Detail: templates.Detail{Path: "/console/visitorpass/1"}, Next: "请核对<登记>",
			Review: &templates.Review{
				Title: "访客申请", Approve: "/a", Reject: "/r", Presets: []string{"住户<不知情>"}, Reason: templates.ReviewReason("会告诉申请人"),
			},
			People: []templates.ReviewPerson{{URL: "/console/resident/1", Name: "林<明>", Identity: "业主", Phone: "138****8000"}},
		},
	})
}

// The office registers a visitor at the desk, by the community's own form; what was typed stays if something is wrong.
func TestAVisitorIsRegistered(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	if add := b.Get(t, frame.VisitorPassPath, http.StatusOK).Find("main a.btn-primary"); !strings.Contains(add.Text(), "登记访客") {
		t.Errorf("the list offers %q", add.Text())
	}
	form := desk.FilledIn(b.Get(t, frame.VisitorPassPath+"/new?house="+d.Mine.Houses[0].String(), http.StatusOK))
	if form.Get("house") == "" || form.Get("clock") != "23:59" || form.Get("until") == "" || form.Has("id_number") {
		t.Fatalf("the form: %v", form)
	}
	form.Set("plate", "京A12345")
	form.Set("people", "两个")
	again, _ := b.Post(t, frame.VisitorPassPath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-name-error").Length() != 1 || again.Find("#f-people-error").Length() != 1 ||
		desk.InputValue(again, "plate") != "京A12345" {
		t.Errorf("without a name: %s", again.Find(".tx-error").Text())
	}
	form.Set("name", "来<客>")
	for _, people := range []string{"0", "999999"} {
		form.Set("people", people)
		again, _ = b.Post(t, frame.VisitorPassPath, form, http.StatusUnprocessableEntity)
		if text := again.Find("#f-people-error").Text(); !strings.Contains(text, "来访人数应为 1 至") {
			t.Errorf("%s people: %q", people, text)
		}
	}
	form.Set("people", "2")
	form.Set("house", "没有的房屋")
	again, _ = b.Post(t, frame.VisitorPassPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, again, "house")
	house, err := d.Store.House(t.Context(), core.Everywhere, d.Mine.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("house", house.Label)
	why := strings.Repeat("闹", core.MaxBlockReason-3) + "<b>"
	if _, err := d.Store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, d.Mine.Community, []core.VisitorBlock{
		{Kind: core.BlockPlate, Value: "京A12345", Reason: why}, {Kind: core.BlockPlate, Value: "京A12346", Reason: "另一个"},
	}); err != nil {
		t.Fatal(err)
	}
	again, _ = b.Post(t, frame.VisitorPassPath, form, http.StatusConflict)
	if text := again.Find(".tx-flash").Text(); !strings.Contains(text, "访客在黑名单上，不能登记。原因："+why) {
		t.Errorf("of who is on the blacklist it says %q", text)
	}
	if list := b.Get(t, again.Find(".tx-flash a").AttrOr("href", ""), http.StatusOK); list.Find("main tbody tr").Length() != 1 {
		t.Errorf("the link does not lead to the entry: %s", list.Find("main").Text())
	}
	form.Set("plate", "京A54321")
	_, certified, err := d.Store.ResidentsOfHouses(t.Context(), core.Everywhere, d.Mine.Community, []core.ID{house.ID})
	if err != nil {
		t.Fatal(err)
	}
	_, to := b.Post(t, frame.VisitorPassPath, form, http.StatusSeeOther)
	text := b.Get(t, to, http.StatusOK).Text()
	for _, want := range []string{"来<客>", "物业登记", "已通过", "2 人", "京A***21", registeredText(certified), house.Label} {
		if !strings.Contains(text, want) {
			t.Errorf("its page does not say %s: %s", want, text)
		}
	}
	if said := registeredText(0); strings.Contains(said, "会收到") {
		t.Errorf("with nobody to tell it says %q", said)
	}
	d.OnlyViews(t).Get(t, frame.VisitorPassPath+"/new", http.StatusForbidden)
}

// Where the community asks for a picture, the office sends it from the desk, and sees it on the page of the visit.
func TestTheDeskTakesAPicture(t *testing.T) {
	d := newDesk(t)
	rule, err := d.Store.VisitorRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rule.Form {
		if rule.Form[i].Key == "photo" {
			rule.Form[i].Use = core.FormRequired
		}
	}
	if _, err := d.Store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	b := d.Registrar(t)
	form := desk.FilledIn(b.Get(t, frame.VisitorPassPath+"/new?house="+d.Mine.Houses[0].String(), http.StatusOK))
	form.Set("name", "来<客>")
	again, _ := b.Post(t, frame.VisitorPassPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, again, "photo")
	desk.WrongField(t, b.Upload(t, frame.VisitorPassPath, form, "photo", []byte("no picture"), http.StatusUnprocessableEntity), "photo")
	b.Upload(t, frame.VisitorPassPath, form, "photo", pngFile(t), http.StatusSeeOther)
	visits, _, err := d.Store.VisitorPasses(t.Context(), core.Everywhere, store.VisitorPassFilter{Page: store.Page{Limit: 2}})
	if err != nil || len(visits) != 1 {
		t.Fatalf("%d visits, %v", len(visits), err)
	}
	page := b.Get(t, frame.VisitorPassURL(visits[0].ID), http.StatusOK)
	picture, whole := page.Find(".tx-evidence img").AttrOr("src", ""), page.Find(".tx-evidence a").AttrOr("href", "")
	b.Get(t, picture, http.StatusOK)
	b.Get(t, whole, http.StatusOK)
	b.Get(t, frame.VisitorPassPath+"/photo/1", http.StatusNotFound)
	lines, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{Action: "photo.view"}, core.Page{Limit: 9})
	if err != nil || len(lines) != 1 {
		t.Errorf("%d looks are noted, %v", len(lines), err)
	}
}

// applied lets a visitor apply to the estate's first house by a poster of the community.
func applied(t *testing.T, d *desk.Desk) core.ID {
	t.Helper()
	code, err := d.Store.ApplyVisit(t.Context(), core.System, 0, store.VisitApplication{VisitorPass: core.VisitorPass{
		Way: core.VisitApplied, Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "来<客>", Phone: "13700137011",
		Until: d.Store.Now().Add(2 * time.Hour),
	}}, store.RequestKey{})
	if err != nil {
		t.Fatal(err)
	}
	visit, err := d.Store.VisitByCode(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	return visit.ID
}

// The office reads who applies, rejects with a reason, and approves another; who was slower reads who decided, and who may only look
// sees no buttons.
func TestApplicationsAreDecidedInTheConsole(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	first, second := applied(t, d), applied(t, d)
	path := frame.VisitorPassURL(first)
	page := b.Get(t, path, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "来<客>") || !strings.Contains(text, "（未验证）") ||
		!strings.Contains(text, "本房屋登记的住户") || !strings.Contains(text, "待处理") {
		t.Errorf("the reviewer reads %s", text)
	}
	if cards := page.Find("#visit-title, .tx-review"); cards.Length() != 2 || cards.First().Is(".tx-review") {
		t.Error("what is decided on comes after the decision")
	}
	if badges := page.Find(".tx-badge").Text(); !strings.Contains(badges, "待审核") {
		t.Errorf("its page does not say who must act: %s", badges)
	}
	row := b.Get(t, frame.VisitorPassPath, http.StatusOK).Find("tbody tr").First()
	if strings.TrimSpace(row.Find(".tx-waits").Text()) != "待审核" {
		t.Errorf("its row does not say who must act: %s", row.Text())
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	if viewer.Get(t, path, http.StatusOK).Find(".tx-review form").Length() != 0 {
		t.Error("who may only look sees buttons")
	}
	viewer.Post(t, path+"/approve", url.Values{"version": {"1"}}, http.StatusForbidden)
	wrong, _ := b.Post(t, path+"/reject", url.Values{"version": {"1"}, "note": {"先打电话"}}, http.StatusUnprocessableEntity)
	if wrong.Find("#f-reason-error").Length() != 1 || wrong.Find(`[name="note"]`).Text() != "先打电话" {
		t.Errorf("without a reason: %s", wrong.Find(".tx-review").Text())
	}
	_, next := b.Post(t, path+"/reject", url.Values{"version": {"1"}, "preset": {"住户不知情"}}, http.StatusSeeOther)
	if text := b.Get(t, next, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "打开申请时的页面就能看到") {
		t.Errorf("of a visitor outside WeChat it says %q", text)
	}
	late, _ := b.Post(t, path+"/approve", url.Values{"version": {"1"}}, http.StatusConflict)
	if text := late.Find("[role=alert]").Text(); !strings.Contains(text, "没有生效") {
		t.Errorf("too late: %s", text)
	}
	b.Post(t, frame.VisitorPassURL(second)+"/approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	for id, want := range map[core.ID]string{first: "已拒绝", second: "已通过"} {
		if text := b.Get(t, frame.VisitorPassURL(id), http.StatusOK).Find("main").Parent().Text(); !strings.Contains(text, want) {
			t.Errorf("not %s: %s", want, text)
		}
	}
}

// Who makes trouble is put on the blacklist from their visit, whose numbers the office sees masked.
func TestAVisitorIsBlacklistedFromTheVisit(t *testing.T) {
	d := newDesk(t)
	mine, others := invited(t, d, d.Mine), invited(t, d, d.Others)
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	path := frame.VisitorPassURL(mine.ID) + "/block"
	viewer.Post(t, path, desk.ConfirmedForm(), http.StatusForbidden)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView, core.PermVisitorBlockEdit)
	b.Post(t, frame.VisitorPassURL(others.ID)+"/block", desk.ConfirmedForm(), http.StatusNotFound)
	if page, err := b.Get(t, frame.VisitorPassURL(mine.ID), http.StatusOK).Html(); err != nil || strings.Count(page, `"`+path+`"`) != 1 {
		t.Errorf("the page has no button: %v", err)
	}
	asks, _ := b.Post(t, path, nil, http.StatusOK)
	if text := asks.Find("main").Text(); !strings.Contains(text, "1 张有效的访客通行证不能再进门") || !strings.Contains(text, mine.Plate) {
		t.Errorf("the question: %s", text)
	}
	b.Post(t, path, desk.ConfirmedForm(), http.StatusUnprocessableEntity) // no reason
	form := desk.ConfirmedForm()
	form.Set("preset", "多次滋扰住户")
	b.Post(t, path, form, http.StatusSeeOther)
	blocks, err := d.Store.BlocksOfVisit(t.Context(), core.Everywhere, mine.ID)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := d.Store.PlanVisitorBlocks(t.Context(), core.Everywhere, d.Mine.Community, blocks)
	if err != nil || len(blocks) == 0 || len(plan.Known) != len(blocks) || plan.Known[0].Reason != "多次滋扰住户" {
		t.Errorf("on the blacklist: %+v of %d, %v", plan.Known, len(blocks), err)
	}
}

// What the blacklist refuses is not offered: the reviewer reads why, and who approves nevertheless, too.
func TestABarredApplicationIsNotOffered(t *testing.T) {
	d := newDesk(t)
	b, id := d.Registrar(t), applied(t, d)
	path := frame.VisitorPassURL(id)
	if b.Get(t, path, http.StatusOK).Find(`[data-decide="approve"]`).Length() != 1 {
		t.Fatal("not offered before")
	}
	block := core.VisitorBlock{Kind: core.BlockPhone, Value: "13700137011", Reason: "冒<名>"}
	if _, err := d.Store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, d.Mine.Community,
		[]core.VisitorBlock{block}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, path, http.StatusOK)
	if text := page.Find(".tx-review").Text(); page.Find(`[data-decide="approve"]`).Length() != 0 || !strings.Contains(text, "冒<名>") {
		t.Errorf("the reviewer reads %s", text)
	}
	page, _ = b.Post(t, path+"/approve", url.Values{"version": {"1"}}, http.StatusConflict)
	if text := page.Find("main").Text(); !strings.Contains(text, "访客在黑名单上，不能通过") || strings.Contains(text, "请联系物业") {
		t.Errorf("the office is told %s", text)
	}
	if core.ReasonBarred.Label() == core.ReasonBarred.Sentence() {
		t.Error("the office reads what the visitor does")
	}
}

// The office notes visitors as left who went by no door, several at once, after a question; it is taken back as a batch. Those who
// are not inside cannot be ticked.
func TestVisitorsAreNotedAsLeft(t *testing.T) {
	d := newDesk(t)
	mine, others := invited(t, d, d.Mine), invited(t, d, d.Others)
	for i, v := range []core.VisitorPass{mine, others} {
		post := []core.ID{d.Mine.Post, d.Others.Post}[i]
		if _, err := d.Store.Scan(t.Context(), store.ScanAttempt{
			Via: core.ViaManual, Post: post, Direction: core.In, Pass: v.Pass, TokenDigest: "in " + v.ID.String(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView, core.PermVisitorPassEdit)
	list := b.Get(t, frame.VisitorPassPath+"?stay=inside", http.StatusOK)
	if list.Find(`input[name="id"][value="`+mine.ID.String()+`"]`).Length() != 1 {
		t.Fatalf("cannot be ticked: %s", list.Find("tbody").Text())
	}
	ticked := url.Values{"id": {mine.ID.String(), others.ID.String()}}
	asked, _ := b.Post(t, frame.VisitorPassPath+"/leave?stay=inside", ticked, http.StatusOK)
	if text := asked.Find("main").Text(); !strings.Contains(text, "已离开？") || !strings.Contains(text, "3 人") {
		t.Errorf("asked %q", text)
	}
	b.Post(t, frame.VisitorPassPath+"/leave", url.Values{}, http.StatusSeeOther)
	b.Post(t, frame.VisitorPassURL(others.ID)+"/leave", desk.ConfirmedForm(), http.StatusNotFound)
	b.Post(t, frame.VisitorPassPath+"/leave?stay=inside", url.Values{"id": ticked["id"], "confirmed": {"1"}}, http.StatusSeeOther)
	if v, err := d.Store.VisitorPass(t.Context(), core.Everywhere, mine.ID); err != nil || v.Inside() {
		t.Errorf("still inside: %v", err)
	}
	again := b.Get(t, frame.VisitorPassPath, http.StatusOK)
	if !strings.Contains(again.Text(), "已登记 1 位访客离开") || again.Find(`input[name="id"]`).Length() != 0 {
		t.Errorf("afterwards: %s", again.Find("main").Text())
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	if none := viewer.Get(t, rollCallPath, http.StatusOK); !strings.Contains(none.Find("main").Text(), "没有人在场") {
		t.Errorf("nobody to call: %s", none.Find("main").Text())
	}
	called := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermVisitorPassView).Get(t, rollCallPath, http.StatusOK)
	if rows := called.Find("main li"); rows.Length() != 1 || !strings.Contains(called.Text(), "在场 3 人") {
		t.Errorf("called: %s", called.Find("main").Text())
	}
	viewer.Post(t, frame.VisitorPassPath+"/leave", ticked, http.StatusForbidden)
}

// A roll call says whom it does not have, and who may have left.
func TestARollCallSaysWhatItLacks(t *testing.T) {
	list := []core.Inside{{Name: "甲"}, {Name: "乙"}}
	for _, c := range []struct {
		roll        core.InsideRoll
		text, warns string
	}{
		{core.InsideRoll{List: list, Parties: 2, People: 5}, "在场 5 人。住户不在内。", ""},
		{
			core.InsideRoll{List: list, Parties: 9, People: 30, Late: 3}, "在场 30 人，其中 3 组超时。住户不在内。",
			"下面是最近进门的 2 组，另有 7 组进门更早，没有列出。",
		},
		{
			core.InsideRoll{List: list, Parties: 2, People: 2, Doubtful: 1}, "在场 2 人。住户不在内。",
			"有 1 组访客进门超过 7 天，可能已从不登记出门的门离开，核对后请登记已离开。",
		},
	} {
		if text, warns := rollText(c.roll), rollWarning(c.roll); text != c.text || warns != c.warns {
			t.Errorf("%+v: %q %q", c.roll, text, warns)
		}
	}
}

// At the desk the house is asked for where the office has moved it in the community's form.
func TestTheDeskAsksForTheHouseInItsPlace(t *testing.T) {
	d := newDesk(t)
	rule, err := d.Store.VisitorRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	names := func() (names []string) {
		page := d.Registrar(t).Get(t, frame.VisitorPassPath+"/new?community="+d.Mine.Community.String(), http.StatusOK)
		page.Find("main form input:not([type=hidden])").Each(func(_ int, input *goquery.Selection) {
			names = append(names, input.AttrOr("name", ""))
		})
		return names
	}
	if got := names(); slices.Index(got, "house") > slices.Index(got, "name") {
		t.Errorf("by default: %v", got)
	}
	rule.Form = append(rule.Form[1:], rule.Form[0])
	if _, err := d.Store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	if got := names(); slices.Index(got, "house") != len(got)-1 {
		t.Errorf("moved: %v", got)
	}
}
