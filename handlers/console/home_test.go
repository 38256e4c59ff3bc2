package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/access"
	"tongxing/handlers/console/account"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/console/registry"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

func TestHome(t *testing.T) {
	d := newDesk(t)
	day := core.DayOf(d.Store.Now(), d.Store.Zone()).Start(d.Store.Zone())
	at := func(hour int, direction core.Direction, allowed bool) core.AccessRecord {
		return core.AccessRecord{
			Community: d.Mine.Community, At: day.Add(time.Duration(hour)*time.Hour + time.Minute),
			Via: core.ViaReader, Direction: direction, Kind: core.PassResident, Allowed: allowed,
			Reason: core.ReasonAllowed,
		}
	}
	if n := d.Registrar(t).Get(t, "/console", http.StatusOK).Find("#by-hour").Length(); n != 0 {
		t.Error("a day without a passage is drawn")
	}
	yesterday, foreign := at(-2, core.Out, true), at(8, core.Out, true)
	foreign.Community = d.Others.Community
	err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{
		at(0, core.In, true), at(7, core.Out, true), at(7, core.Out, true), at(7, core.In, false), yesterday,
		foreign,
	})
	if err != nil {
		t.Fatal(err)
	}
	page := d.Registrar(t).Get(t, "/console", http.StatusOK)
	for i, want := range []string{"1进门", "2出门", "1拒绝"} {
		if got := strings.Join(
			strings.Fields(page.Find(`section[aria-labelledby="today-title"] .tx-figures li`).Eq(i).Text()), "",
		); got != want {
			t.Errorf("figure %d: %q, want %q", i, got, want)
		}
	}
	if row := page.Find("#by-hour tbody tr").Eq(7); strings.Join(strings.Fields(row.Text()), "") != "7时201" {
		t.Errorf("hour 7: %q", row.Text())
	}
	if words := page.Find("#by-hour p").Text(); words != "7 时最多，3 次。" {
		t.Errorf("the chart says %q", words)
	}
	// The current hour and its figures: out, in, refused.
	b := d.Registrar(t)
	for i, want := range []int{3, 2, 0, 1} {
		to := page.Find(`#by-hour tbody tr`).Eq(7).Find("a").Eq(i).AttrOr("href", "")
		if list := b.Get(t, to, http.StatusOK); to == "" || list.Find("tbody tr").Length() != want {
			t.Errorf("%q lists %d records, want %d of the hour", to, list.Find("tbody tr").Length(), want)
		}
	}
	today := core.DayOf(d.Store.Now(), d.Store.Zone()).String()
	for _, query := range []string{"?hour=7", "?hour=24&from=" + today + "&to=" + today, "?hour=7&from=2026-01-01&to=" + today} {
		desk.WrongField(t, b.Get(t, frame.AccessRecordPath+query, http.StatusUnprocessableEntity), "hour")
	}
	if list := b.Get(t, frame.AccessRecordPath+"?hour=0&from="+today+"&to="+today, http.StatusOK); list.Find("tbody tr").Length() != 1 {
		t.Error("midnight's hour is not its day's first")
	}
	if got := strings.Join(strings.Fields(page.Find(`section[aria-labelledby="doors-title"]`).Text()), ""); !strings.Contains(
		got, fmt.Sprintf("%d从未上线", len(d.Mine.Doors)),
	) {
		t.Errorf("doors %q", got)
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Get(t, "/console", http.StatusOK)
	if few.Find("[data-chart]").Length() != 0 || few.Find(`main a[href^="`+frame.AccessRecordPath+`"]`).Length() != 0 {
		t.Error("passages are shown to who may not see records")
	}
}

// rowsBehind returns the number of rows of the list that a link leads to, on all of its pages.
func rowsBehind(t *testing.T, b *desk.Clerk, to string) int {
	t.Helper()
	n := 0
	for range 50 {
		page := b.Get(t, to, http.StatusOK)
		n += page.Find("main tbody tr").Length()
		next, more := page.Find(`main a[rel="next"]`).Attr("href")
		if !more {
			return n
		}
		to = next
	}
	t.Errorf("%s has too many pages", to)
	return n
}

// restrictMine restricts two houses, of which one ends soon.
func restrictMine(t *testing.T, d *desk.Desk) {
	t.Helper()
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	houses, _, err := d.Store.Houses(
		t.Context(), core.Everywhere, store.HouseFilter{Community: d.Mine.Community, Page: store.Page{Limit: 2}},
	)
	if err != nil || len(houses) != 2 {
		t.Fatal(len(houses), err)
	}
	for i, last := range []core.Day{today + core.RestrictionDueDays - 1, today + core.RestrictionDueDays} {
		_, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
			Community: d.Mine.Community, Houses: []core.ID{houses[i].ID},
			Restriction: core.Restriction{Exits: 1, Reason: "隔离", LastDay: last},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// auditedActs looks at whole numbers, exports, and changes permissions.
func auditedActs(t *testing.T, d *desk.Desk) {
	t.Helper()
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	for range 2 {
		b.Post(t, frame.ResidentURL(d.Mine.Residents[0].ID)+"/reveal", nil, http.StatusOK)
	}
	b.Sheet(t, frame.AccessRecordPath+"/export.xlsx")
	_, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "未核验", Identity: core.Family,
	})
	if err != nil {
		t.Fatal(err)
	}
	id := d.Account(t, "changed", core.PermHouseView)
	account, err := d.Store.Account(t.Context(), core.Everywhere, id)
	if err == nil {
		account.Permissions = append(account.Permissions, core.PermHouseEdit)
		_, err = d.Store.UpdateAccount(t.Context(), core.SystemGranter, account)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The home page says which settings will be others within a week, and by whom, and leads to them; not to who may not see settings.
func TestHomeSaysWhatIsScheduled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	if b.Get(t, "/console", http.StatusOK).Find(`section[aria-labelledby="plans-title"]`).Length() != 0 {
		t.Error("there is a card of nothing")
	}
	rule, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Exits = 3
	from := core.DayOf(d.Store.Now(), d.Store.Zone()) + 2
	if _, err := d.Store.SchedulePassRule(t.Context(), core.Actor{Kind: core.ActorAccount, ID: 1, Name: "小王"}, core.Everywhere, rule,
		core.RulePlanTerm{From: from}); err != nil {
		t.Fatal(err)
	}
	card := b.Get(t, "/console", http.StatusOK).Find(`section[aria-labelledby="plans-title"]`)
	if text := card.Text(); !strings.Contains(text, from.String()) || !strings.Contains(text, "通行证设置 0 点生效，小王安排") {
		t.Errorf("the card says %q", text)
	}
	to := card.Find("a").AttrOr("href", "")
	if page := b.Get(t, to, http.StatusOK); !strings.Contains(page.Text(), "已安排的修改") {
		t.Errorf("%q leads to %s", to, page.Find("h1").Text())
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Get(t, "/console", http.StatusOK)
	if few.Find(`section[aria-labelledby="plans-title"]`).Length() != 0 {
		t.Error("it is shown to who may not see settings")
	}
}

// What an open home page fetches has the numbers of the page, as they are now, and no more than the frame for other
// pages.
func TestHomeStaysCurrent(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	home := b.Get(t, frame.HomePath, http.StatusOK)
	query, ok := home.Find("[data-pulse-also]").Attr("data-pulse-also")
	if !ok || home.Find("main [data-pulse-card]").Length() < 5 {
		t.Fatalf("%d live cards", home.Find("main [data-pulse-card]").Length())
	}
	if n := home.Find("[data-live]").Length(); n != 0 {
		t.Errorf("%d parts of the page open a stream of events; there is none", n)
	}
	d.Fevers(t, d.Mine, 3)
	part := b.Part(t, frame.NoticePath+query, http.StatusOK)
	after := b.Get(t, frame.HomePath, http.StatusOK)
	text := func(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }
	after.Find("main [data-pulse-card]").Each(func(_ int, card *goquery.Selection) {
		name := card.AttrOr("data-pulse-card", "")
		if fresh := part.Find(`[data-pulse-card="` + name + `"]`); name != "audit" && (fresh.Length() != 1 || text(fresh) != text(card)) {
			t.Errorf("%s: fetched %q, the page has %q", name, text(fresh), text(card))
		}
	})
	if part.Find(`[data-pulse-card="waiting"] .tx-figure`).First().Text() != "3" || part.Find("[data-pulse-waiting]").Length() != 1 {
		t.Errorf("fetched %s", text(part.Find("body")))
	}
	if n := b.Part(t, frame.NoticePath, http.StatusOK).Find("[data-pulse-card]").Length(); n != 0 {
		t.Errorf("another page fetches %d cards", n)
	}
}

// The numbers on the menu and on the cards of the home page are those of the rows behind them, for every
// role and in every scope.
func TestCountsEqualTheRows(t *testing.T) {
	d := newDesk(t)
	d.Fevers(t, d.Mine, 3)
	d.Fevers(t, d.Others, 2)
	presence := store.NewReaderPresence(d.Store)
	for i, secret := range []string{d.Mine.Doors[0].Secret, d.Mine.Doors[0].Secret, d.Others.Doors[0].Secret, strings.Repeat("7", 26)} {
		presence.Quarantine(core.ProtocolVguang, fmt.Sprint("STRANGER", i), secret, "192.0.2.7")
	}
	presence.Close()
	restrictMine(t, d)
	auditedActs(t, d)
	applications(t, d)
	counted := map[string]int{}
	var told []bellOwner
	for _, role := range core.RoleTable {
		for name, scope := range map[string]core.Scope{"one": core.ScopeOf(d.Mine.Community), "all": core.Everywhere} {
			b := d.SignIn(t, scope, role.Permissions...)
			views := slices.Contains(role.Permissions, core.PermAccessAlertView)
			told = append(told, bellOwner{b, string(role.Role) + ", " + name, views, 0})
			home := b.Get(t, "/console", http.StatusOK)
			home.Find("main .tx-figures a").Each(func(_ int, link *goquery.Selection) {
				counted[link.Closest("section").AttrOr("aria-labelledby", "")]++
				if n := rowsBehind(t, b, link.AttrOr("href", "")); link.Find(".tx-figure").Text() != frame.Grouped(n) {
					t.Errorf("%s, %s: %s, and %d rows", role.Role, name, link.Text(), n)
				}
			})
			home.Find("aside details").Each(func(_ int, group *goquery.Selection) {
				sum := 0
				group.Find("li .tx-count").Each(func(_ int, count *goquery.Selection) {
					n, err := strconv.Atoi(count.Text())
					if err != nil {
						t.Error(err)
					}
					sum += n
				})
				if shown := group.Find("summary .tx-count").Text(); shown != "" && shown != fmt.Sprint(sum) {
					t.Errorf("%s, %s: the group %s", role.Role, name, group.Find("summary").Text())
				}
			})
			menuEqualsTheRows(t, b, home, role.Permissions, string(role.Role)+", "+name)
		}
	}
	bellsEqualTheRows(t, d, told)
	for card, least := range map[string]int{
		"waiting-title": 20, "visitors-title": 16, "exits-title": 16, "doors-title": 16, "people-title": 16, "today-title": 16,
		"restrictions-title": 8, "accounts-title": 6,
		"refusals-title": 8, "buildings-title": 4, "audit-title": 4, "system-title": 2,
	} {
		if counted[card] < least {
			t.Errorf("only %d numbers of %s compared", counted[card], card)
		}
	}
}

// applications makes somebody wait for the office of each kind, at both estates, and a visitor who is inside.
func applications(t *testing.T, d *desk.Desk) {
	t.Helper()
	ctx, now := t.Context(), d.Store.Now()
	today := core.DayOf(now, d.Store.Zone())
	for i, e := range []*estate.Estate{d.Mine, d.Others} {
		user, err := d.Store.SignInWechat(ctx, core.WechatIdentity{AppID: "wx1", OpenID: fmt.Sprint("applicant", i)})
		if err == nil {
			_, err = d.Store.BindPhone(ctx, user.ID, fmt.Sprintf("1770000000%d", i), "")
		}
		if err == nil {
			_, err = d.Store.CreateCertification(ctx, core.System, user.ID, core.CertificationRequest{
				House: e.Houses[0], Name: "申请人", Identity: core.Owner,
			}, store.RequestKey{Key: "c"})
		}
		for n := range 2 {
			if err == nil {
				_, err = d.Store.ApplyVisit(ctx, core.System, 0, store.VisitApplication{VisitorPass: core.VisitorPass{
					Way: core.VisitApplied, Community: e.Community, House: e.Houses[0], Name: "来客", Phone: fmt.Sprintf("1370013701%d", n),
					Until: now.Add(2 * time.Hour),
				}}, store.RequestKey{})
			}
		}
		host := e.Residents[0]
		if err == nil {
			user, err = d.Store.SignInWechat(ctx, core.WechatIdentity{AppID: "wx1", OpenID: fmt.Sprint("host", i)})
		}
		if err == nil {
			_, err = d.Store.BindPhone(ctx, user.ID, host.Phone, host.Name)
		}
		for range 3 {
			if err == nil {
				_, err = d.Store.ApplyExitSlip(ctx, core.System, user.ID, core.ExitSlip{
					House: host.House, Name: "搬运工", Phone: "13700137012", Planned: now.Add(time.Minute),
					Items: []core.ExitItem{{Name: "床", Count: 1}},
				}, store.RequestKey{})
			}
		}
		if err == nil {
			err = comesIn(d, e, user.ID)
		}
		var institution core.ID
		if err == nil {
			institution, err = d.Store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
				Name: fmt.Sprint("机构", i), Communities: []core.ID{e.Community},
			})
		}
		for n := range 4 {
			if err == nil {
				_, err = d.Store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
					Institution: institution, Name: "骑手", Phone: fmt.Sprintf("1370013702%d", n), From: today, Until: today + 1,
				})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// comesIn invites a visitor to an estate, who comes in at its guards' post.
func comesIn(d *desk.Desk, e *estate.Estate, host core.ID) error {
	v, err := d.Store.CreateVisitorPass(context.Background(), core.System, host, core.VisitorPass{
		House: e.Residents[0].House, Name: "在场的来客", Until: d.Store.Now().Add(time.Hour),
	}, store.RequestKey{})
	if err == nil {
		_, err = d.Store.Scan(context.Background(), store.ScanAttempt{
			Via: core.ViaManual, Post: e.Post, Direction: core.In, Pass: v.Pass, TokenDigest: "enters " + v.ID.String(),
		})
	}
	return err
}

// menuLines are the menu's lines with numbers: of one estate and of both, and the permission to handle what waits there.
var menuLines = map[string][]struct {
	one, all int
	needs    core.Permission
}{
	"accessalert": {{3, 5, core.PermAccessAlertHandle}},
	"reader":      {{2, 4, core.PermReaderEdit}},
	"resident":    {{1, 2, core.PermCertificationReview}},
	"visitorpass": {{2, 4, core.PermVisitorPassReview}, {3, 6, core.PermExitSlipReview}},
	"passrule":    {{4, 8, core.PermInstitutionEdit}},
}

// menuEqualsTheRows compares the lines of the menu with what was made to wait, and every number of a tab with its line.
func menuEqualsTheRows(t *testing.T, b *desk.Clerk, home *goquery.Document, has []core.Permission, who string) {
	t.Helper()
	for stem, kinds := range menuLines {
		want := 0
		for _, kind := range kinds {
			switch {
			case !slices.Contains(has, kind.needs): // it waits for others
			case strings.HasSuffix(who, "all"):
				want += kind.all
			default:
				want += kind.one
			}
		}
		line := home.Find(`aside a[href="/console/` + stem + `"]`)
		if got := line.Find(".tx-count").Text(); got != fmt.Sprint(want) && (want != 0 || got != "") {
			t.Errorf("%s: the line of %s says %q, want %d", who, stem, got, want)
		}
		if line.Length() == 0 || stem == "accessalert" || stem == "reader" { // these have no tabs with numbers
			continue
		}
		tabs := 0
		b.Get(t, "/console/"+stem, http.StatusOK).Find(".tx-tabs .tx-count").Each(func(_ int, tab *goquery.Selection) {
			n, err := strconv.Atoi(tab.Text())
			if err != nil {
				t.Error(err)
			}
			tabs += n
		})
		if tabs != want {
			t.Errorf("%s: the tabs of %s say %d, want %d", who, stem, tabs, want)
		}
	}
}

// bellOwner is an account whose bell is compared with its list of alerts.
type bellOwner struct {
	b     *desk.Clerk
	name  string
	views bool // alerts
	had   int  // rows of the list before
}

// bellsEqualTheRows raises alerts: the number on each account's bell is that of its new lines, and of the rows
// that its list of alerts has got.
func bellsEqualTheRows(t *testing.T, d *desk.Desk, told []bellOwner) {
	t.Helper()
	const open = frame.AccessAlertPath + "?state=open"
	for i := range told {
		if told[i].views {
			told[i].had = rowsBehind(t, told[i].b, open)
		}
	}
	var records []core.AccessRecord
	for i, e := range []*estate.Estate{d.Mine, d.Mine, d.Others} {
		records = append(records, core.AccessRecord{
			Community: e.Community, At: d.Store.Now().Add(-time.Duration(i+20) * time.Second), Via: core.ViaGuard, Post: e.Post,
			Gate: "西门岗", Direction: core.In, Kind: core.PassResident, Reason: core.ReasonFever, TempTenths: 381,
		})
	}
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.RaiseAccessAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, owner := range told {
		want := ""
		if owner.views {
			want = fmt.Sprint(rowsBehind(t, owner.b, open) - owner.had)
		}
		bell := owner.b.Get(t, "/console/job", http.StatusOK).Find("header .tx-bell")
		if got := bell.Find("summary .tx-count").Text(); got != want || want == "0" {
			t.Errorf("%s: the bell says %q, the list has %q more", owner.name, got, want)
		}
		if n := bell.Find(".tx-bell-new").Length(); want != "" && fmt.Sprint(n) != want {
			t.Errorf("%s: %d new lines, %s counted", owner.name, n, want)
		}
		bell.Find(".tx-bell-new").Each(func(_ int, line *goquery.Selection) {
			owner.b.Get(t, line.AttrOr("href", ""), http.StatusOK)
		})
	}
}

// What changes while numbers are kept changes on the whole page at once: the menu, the title and the cards.
func TestAPageShowsOneNumber(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView, core.PermAccessAlertHandle)
	for i, path := range []string{frame.HomePath, frame.TodoPath, frame.HomePath} {
		fever := core.AccessRecord{
			Community: d.Mine.Community, At: d.Store.Now().Add(-time.Duration(i+1) * time.Second), Via: core.ViaGuard,
			Post: d.Mine.Post, Direction: core.In, Kind: core.PassResident, Reason: core.ReasonFever,
		}
		if err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{fever}); err != nil {
			t.Fatal(err)
		}
		if err := d.Store.RaiseAccessAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := b.Get(t, path, http.StatusOK)
		want := page.Find("main .tx-figure, main .tx-todo .tx-count").First().Text()
		line := page.Find(`aside a[href="` + frame.TodoPath + `"] .tx-count`).Text()
		if want != fmt.Sprint(i+1) || line != want || !strings.HasPrefix(page.Find("title").Text(), "("+want+") ") {
			t.Errorf("%s: of %d, the page says %s, the menu %s, the title %s", path, i+1, want, line, page.Find("title").Text())
		}
	}
	// Who can only look has nothing to handle.
	looks := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView, core.PermReaderView)
	if home := looks.Get(t, frame.HomePath, http.StatusOK); home.Find("#waiting-title, .tx-count").Length() != 0 {
		t.Error("something waits for an account that can handle nothing")
	}
}

// The home has when somebody last passed at each guard post, and what the account itself did last.
func TestHomeOfTheCounterAndTheGate(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	posts := b.Get(t, frame.HomePath, http.StatusOK).Find(`section[aria-labelledby="posts-title"]`)
	if !strings.Contains(posts.Text(), "还没有通行") {
		t.Errorf("the posts: %q", posts.Text())
	}
	host, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "host"})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), host.ID, d.Mine.Residents[0].Phone, d.Mine.Residents[0].Name)
	}
	if err == nil {
		err = comesIn(d, d.Mine, host.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.Post(t, frame.ResidentURL(d.Mine.Residents[0].ID)+"/reveal", nil, http.StatusOK)
	home := b.Get(t, frame.HomePath, http.StatusOK)
	day := d.Store.Now().In(d.Store.Zone()).Format("2006-01-02 ")
	if posts = home.Find(`section[aria-labelledby="posts-title"]`); !strings.Contains(posts.Text(), day) {
		t.Errorf("the posts after a passage: %q", posts.Text())
	}
	if strings.Contains(posts.Text(), "值班，") {
		t.Errorf("somebody is on duty where nobody has taken over: %q", posts.Text())
	}
	_, err = d.Store.CreateGuardShift(t.Context(), core.System, core.Everywhere, store.NewGuardShift{
		Post: d.Mine.Post, Guard: d.Mine.Guard, Seen: core.GuardShift{}.Mark(),
	})
	if err != nil {
		t.Fatal(err)
	}
	posts = b.Get(t, frame.HomePath, http.StatusOK).Find(`section[aria-labelledby="posts-title"]`)
	if guard := d.Guard(t, d.Mine.Guard).Name; !strings.Contains(posts.Text(), guard+" 值班，") || !strings.Contains(posts.Text(), day) {
		t.Errorf("who is on duty: %q", posts.Text())
	}
	recent := home.Find(`section[aria-labelledby="recent-title"]`)
	to := recent.Find("a").First().AttrOr("href", "")
	if !strings.Contains(recent.Text(), d.Mine.Residents[0].Name) || to != frame.ResidentURL(d.Mine.Residents[0].ID) {
		t.Errorf("最近办理 leads to %s: %q", to, recent.Text())
	}
}

// Each role has its own work first, and sees no card less for it.
func TestHomeByRole(t *testing.T) {
	d := newDesk(t)
	restrictMine(t, d)
	auditedActs(t, d)
	applications(t, d)
	for i := range core.OddSignInFailures {
		_, err := d.Store.SignIn(t.Context(), store.SignIn{Login: fmt.Sprint("guess", i), Password: "x", Visit: store.Visit{
			Addr: "203.0.113.9", Network: "203.0.113.9", Rule: core.SignInRule{After: 9, MaxWait: time.Minute},
		}})
		if !core.IsInvalid(err) {
			t.Fatal(err)
		}
	}
	for role, want := range map[core.Role]string{
		core.RoleAdmin:   "waiting system queue accounts signins doors",
		core.RoleManager: "waiting doors buildings restrictions people",
		core.RoleClerk:   "waiting visitors exits doors",
		core.RoleViewer:  "doors restrictions people",
		core.RoleWatch:   "waiting posts visitors doors restrictions",
		core.RoleAuditor: "audit signins accounts",
	} {
		var order []string
		scope := core.Everywhere
		if role == core.RoleManager { // the buildings of a card are of one community
			scope = core.ScopeOf(d.Mine.Community)
		}
		home := d.SignInAs(t, scope, role).Get(t, frame.HomePath, http.StatusOK)
		home.Find("main section").Each(func(_ int, card *goquery.Selection) {
			if name := strings.TrimSuffix(card.AttrOr("aria-labelledby", ""), "-title"); name != "guide" {
				order = append(order, name)
			}
		})
		odd := home.Find(`section[aria-labelledby="signins-title"]`).Text()
		if odd != "" && (!strings.Contains(odd, "地址 203.0.113.9") || !strings.Contains(odd, "失败 10 次，试过 10 个账号")) {
			t.Errorf("%s reads of unusual sign-ins: %s", role, odd)
		}
		if system := home.Find(`section[aria-labelledby="system-title"]`).Text(); system != "" && !strings.Contains(system, "我的失败任务") {
			t.Errorf("%s reads of the system: %s", role, system)
		}
		if got := strings.Join(order, " "); !strings.HasPrefix(got+" ", want+" ") {
			t.Errorf("%s sees %s; want first %s", role, got, want)
		}
	}
}

// Every card that a role has first is one, which the role may see.
func TestTheFirstCardsOfARole(t *testing.T) {
	needs := map[string]core.Permission{}
	cards := slices.Concat((&access.Pages{}).Cards(), (&registry.Pages{}).Cards(), (&account.Pages{}).Cards())
	for _, card := range cards {
		needs[card.Name] = card.Needs
	}
	for _, preset := range core.RoleTable {
		for _, name := range preset.Home {
			if needed, ok := needs[name]; !ok || !slices.Contains(preset.Permissions, needed) {
				t.Errorf("%s has the card %s first, which it cannot see", preset.Name, name)
			}
		}
	}
}

func TestHomePages(t *testing.T) {
	shell := templates.Shell{Title: "首页", CSRF: "x"}
	var hours core.HourTotals
	hours[7] = core.RecordTotals{In: 1, Out: 2, Refused: 3}
	step := guideStepOf(nil, core.GuideSteps(core.GuideFacts{Community: 1})[4], 1)
	step.Now = true
	card := frame.HomeCard{Name: "today", Title: "今天的出入", CardBody: frame.CardBody{
		Note: "2026-11-22", Figures: []templates.Figure{{Label: desk.Hostile, N: 1234, URL: "/r", Tone: templates.Good}},
		Chart: access.HoursChart(hours, url.Values{"from": {"2026-11-22"}, "to": {"2026-11-22"}}),
	}}
	templates.CheckAll(t, "console/home/", map[string]any{
		"console/home/show": homePage{
			Shell: shell, Large: true, Waits: true, Waiting: card.Figures, Passed: []frame.HomeCard{card},
			First: []frame.HomeCard{{Name: "visitors", Title: desk.Hostile, Failed: true}},
			Wrong: []frame.HomeCard{{Name: "doors", Title: "门禁读头", Failed: true}},
			Guide: guideCard{
				Community: desk.Hostile, Steps: []guideStep{step, {GuideStep: step.GuideStep}}, Left: 2, Next: &step,
				URL: frame.GuidePath, Away: frame.GuidePath, CSRF: "x",
			},
		},
		"console/home/show#nothing": homePage{Shell: shell, Waits: true},
		"console/home/show#none":    homePage{Shell: shell, Empty: templates.Empty{Icon: "lock", Title: "您的账号还没有任何权限"}},
	})
}
